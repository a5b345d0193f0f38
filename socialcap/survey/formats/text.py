"""Text files with separators (CSV, TSV): which separator, and every cell as it stands."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from socialcap.errors import Problem, UnreadableError, UsageError
from socialcap.survey.formats.encodings import to_utf8
from socialcap.survey.formats.grid import Grid, row_list
from socialcap.survey.raw import SourceFile

SEPARATORS = (",", "\t", ";", "|")
SEPARATOR_NAMES = {"comma": ",", "tab": "\t", "\\t": "\t", "semicolon": ";", "pipe": "|"}
SNIFFED = 1 << 18
SNIFFED_RECORDS = 200
BLOCK = 1 << 25
LARGEST_BLOCK = (1 << 31) - 1
LISTED_ROWS = 50
STATED_SEPARATOR = re.compile(rb'"?sep=(.)"?\r?\n', re.IGNORECASE)


def read_text(data: bytes, source: SourceFile, encoding: str = "auto", separator: str = "auto") -> Grid:
    """Every record of a text file as a row of a grid; nothing is typed, `NA` and `null` stay text.

    Raises UnreadableError with every fault of the file: bytes of another encoding, a quote that is never
    closed, rows with more or fewer cells than the first.
    """
    body, codec = to_utf8(data, encoding, source.path)
    if b"\0" in body:
        line = body[: body.index(b"\0")].count(b"\n") + 1
        raise UnreadableError(
            f"{source.path} is not a text file", [Problem(f"zero byte in line {line}", source.path)]
        )
    stated = STATED_SEPARATOR.match(body)
    first_row = 1
    if stated:
        body, first_row = body[stated.end() :], 2
    chosen = _separator(body, separator, stated, source.path)
    while body.startswith((b"\n", b"\r\n")):
        body, first_row = body[body.index(b"\n") + 1 :], first_row + 1
    table = _parse(body, chosen, first_row, source.path)
    return Grid(
        source=replace(source, encoding=codec, separator=chosen),
        cells=table.rename_columns([str(position) for position in range(table.num_columns)]),
        row_numbers=np.arange(first_row, first_row + table.num_rows, dtype=np.int64),
    )


def _separator(body: bytes, asked: str, stated: re.Match[bytes] | None, name: str) -> str:
    if asked == "auto":
        return stated.group(1).decode() if stated else sniff_separator(body)
    chosen = SEPARATOR_NAMES.get(asked.strip().casefold(), asked)
    if len(chosen) != 1 or not chosen.isascii() or chosen in '"\r\n':
        raise UsageError(
            f"a separator is one character or one of {', '.join(SEPARATOR_NAMES)}, not {asked!r}"
        )
    likely = sniff_separator(body)
    header = body.split(b"\n", 1)[0]
    if chosen.encode() not in header and likely.encode() in header:
        raise UnreadableError(
            f"{name} has another separator",
            [
                Problem(
                    "the separator asked for does not stand in the first line",
                    name,
                    row=1,
                    value=chosen,
                    expected=separator_name(likely),
                )
            ],
        )
    return chosen


def separator_name(separator: str) -> str:
    """A separator as a user writes it: a tab by its name."""
    return "tab" if separator == "\t" else separator


def sniff_separator(body: bytes) -> str:
    """The separator under which the first records agree with the header on the largest number of cells."""
    sample = body[:SNIFFED].decode("utf-8", "ignore")
    cut = len(body) > SNIFFED
    return max(SEPARATORS, key=lambda separator: _agreement(sample, separator, cut))


def _agreement(sample: str, separator: str, cut: bool) -> float:
    """Share of records as long as the header, scaled up slightly by that length; 0 for a single column."""
    lengths: list[int] = []
    try:
        for record in csv.reader(io.StringIO(sample, newline=""), delimiter=separator):
            if record:
                lengths.append(len(record))
            if len(lengths) >= SNIFFED_RECORDS:
                break
    except csv.Error:
        pass
    if cut and 1 < len(lengths) < SNIFFED_RECORDS:
        lengths.pop()
    if not lengths or lengths[0] == 1:
        return 0.0
    return lengths.count(lengths[0]) / len(lengths) * (1 - 1 / lengths[0])


def _parse(body: bytes, separator: str, first_row: int, name: str) -> pa.Table:
    if not body.strip(b" \t\r\n"):
        raise UnreadableError(f"{name} is empty", [Problem("the file has no text in it", name)])
    problems = []
    if body.count(b'"') % 2:
        problems += _quote_problems(body.decode("utf-8"), separator, first_row, name)
    ragged: list[tuple[int, int]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        ragged.append((row.number + first_row - 1, row.actual_columns))
        return "skip"

    try:
        table = _arrow_table(body, separator, _width(body, separator), note)
    except pa.ArrowInvalid:
        other = Problem("the records of the file cannot be told apart", name)
        raise UnreadableError(f"{name} is damaged", problems or [other]) from None
    if ragged:
        problems += _ragged_problems(ragged, table.num_columns, table.num_rows, name)
    if problems:
        raise UnreadableError(f"{name} is damaged", problems)
    return table


def _arrow_table(body: bytes, separator: str, width: int, note: object) -> pa.Table:
    def read(block: int) -> pa.Table:
        return arrow_csv.read_csv(
            pa.BufferReader(body),
            # Row numbers of faulty rows are known to a single thread only.
            read_options=arrow_csv.ReadOptions(
                autogenerate_column_names=True, use_threads=False, block_size=block
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=arrow_csv.ConvertOptions(
                strings_can_be_null=False,
                check_utf8=False,
                column_types={f"f{position}": pa.string() for position in range(width)},
            ),
        )

    if not body.endswith(b"\n"):
        # The parser loses a lone record that ends in a separator and no line end.
        body += b"\n"
    try:
        return read(BLOCK)
    except pa.ArrowInvalid:
        # A single record longer than a block.
        return read(min(len(body) + 1, LARGEST_BLOCK))


def _width(body: bytes, separator: str) -> int:
    """More columns than the first record has, however its quotation marks are understood."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(body), "utf-8", newline=""), delimiter=separator)
    try:
        cells = len(next(reader))
    except csv.Error:
        cells = body.split(b"\n", 1)[0].count(separator.encode())
    return 2 * cells + 64


def _quote_problems(text: str, separator: str, first_row: int, name: str) -> list[Problem]:
    header: list[str] = []
    problems = []
    for record, field, never_closed in _quote_faults(text, separator):
        if not header:
            header = next(csv.reader(io.StringIO(text[:SNIFFED], newline=""), delimiter=separator), [])
        message = (
            "a quotation mark opens here and is never closed: the file has been cut off or a mark is missing"
            if never_closed
            else "text follows a closing quotation mark: a mark is missing or one too many"
        )
        column = header[field] if field < len(header) and record > 1 else ""
        problems.append(Problem(message, name, record + first_row - 1, column))
    return problems


def _quote_faults(text: str, separator: str) -> Iterator[tuple[int, int, bool]]:
    """(record, field, never closed) of every quoted cell that is not well formed; records count from 1."""
    end_of_cell = re.compile(f"[{re.escape(separator)}\r\n]")
    record, field, at = 1, 0, 0
    while at < len(text):
        if text[at] == '"':
            at = _after_quoted(text, at + 1)
            if at < 0:
                yield record, field, True
                return
            if at < len(text) and not end_of_cell.match(text, at):
                yield record, field, False
        found = end_of_cell.search(text, at)
        if not found:
            return
        at = found.end()
        if found.group() == separator:
            field += 1
        else:
            if found.group() == "\r" and text[at : at + 1] == "\n":
                at += 1
            record, field = record + 1, 0


def _after_quoted(text: str, at: int) -> int:
    """The position after the quotation mark that closes a cell; -1 if none does."""
    while True:
        at = text.find('"', at)
        if at < 0 or text[at + 1 : at + 2] != '"':
            return at + 1 if at >= 0 else -1
        at += 2


def _ragged_problems(ragged: Sequence[tuple[int, int]], width: int, good: int, name: str) -> list[Problem]:
    usual, times = Counter(cells for _, cells in ragged).most_common(1)[0]
    if good <= 2 and times > good:
        return [
            Problem(
                f"the first line has {_cells(width)}, {times} of the rows below it {usual}: a line above the "
                "header, or another separator",
                name,
                1,
                expected="the header in the first line",
            )
        ]
    problems = [
        Problem(f"the row has {_cells(cells)}", name, row, expected=str(width))
        for row, cells in ragged[:LISTED_ROWS]
    ]
    rest = [row for row, _ in ragged[LISTED_ROWS:]]
    if rest:
        problems.append(
            Problem(f"{len(rest)} more rows are not as long as the header: {row_list(rest, 200)}", name)
        )
    return problems


def _cells(count: int) -> str:
    return f"{count} cell" + ("" if count == 1 else "s")
