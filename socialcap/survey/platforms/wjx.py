"""问卷星 (WJX): one header row of numbered questions, answers by text or by number."""

from __future__ import annotations

import re
from types import MappingProxyType

import pyarrow as pa

from socialcap.codebook import MissingKind, Role
from socialcap.survey.formats.grid import Grid
from socialcap.survey.platforms.grammar import (
    Parsed,
    body,
    contains,
    header,
    holds_only,
    unique_keys,
    unnamed_columns,
)
from socialcap.survey.raw import RawColumn

ROLES = {
    "序号": Role.ID,
    "提交答卷时间": Role.END_TIME,
    "所用时间": Role.DURATION,
    "来源": Role.NONE,
    "来源详情": Role.NONE,
    "来自IP": Role.NONE,
    "总分": Role.NONE,
    "用户ID": Role.NONE,
}
PERSONAL = ("来自IP", "用户ID", "来源详情")
TEXT_MARKERS = {
    "(跳过)": MissingKind.SKIPPED,
    "（跳过）": MissingKind.SKIPPED,
    "(空)": MissingKind.BLANK,
    "（空）": MissingKind.BLANK,
}
# Of an export by number; replace them here should the platform change them.
NUMBER_MARKERS = {"-3": MissingKind.SKIPPED, "-2": MissingKind.BLANK}
LIST_SEPARATOR = "┋"
EXTRAS = ("〖", "〗")
FEWEST_QUESTIONS = 3

QUESTION = re.compile(r"(\d+)、(.*)", re.DOTALL)
# A column of one answer to a multiple choice, or of one row of a matrix in older exports.
PART = re.compile(r"(?:第(\d+)题|(\d+)、[^—─]*)[(（](.+)[)）]", re.DOTALL)
FIRST_ROW = re.compile(r"(\d+)、(.*?)[—─]+\s*1[.．](.*)", re.DOTALL)
LATER_ROW = re.compile(r"(\d+)[.．](.*)", re.DOTALL)
NEGATIVE = re.compile(r"-\d+(\.\d+)?")


def detect(grid: Grid) -> bool:
    """The platform's own columns, or numbered questions in most of the header."""
    names = header(grid)
    own = sum(name in ROLES for name in names)
    questions = sum(bool(QUESTION.match(name) or PART.fullmatch(name)) for name in names)
    return ("序号" in names and own >= 2) or (questions >= FEWEST_QUESTIONS and 2 * questions >= len(names))


def parse(grid: Grid) -> Parsed:
    """Questions under their full headers: the stem of a matrix is written before each of its rows."""
    names = header(grid)
    full = _with_stems(names)
    keys, notes, problems = unique_keys(grid, full)
    cells = body(grid, 1)
    markers, unmarked, marker_notes = _markers(names, keys, cells)
    options = _options(full, cells)
    return Parsed(
        columns=tuple(
            _column(key, written, name, options.get(name, ""), "序号" in names, key not in unmarked)
            for key, written, name in zip(keys, grid.row(0), full, strict=True)
        ),
        cells=cells,
        markers=MappingProxyType(markers),
        list_separator=LIST_SEPARATOR,
        extras=EXTRAS,
        notes=(*notes, *marker_notes),
        problems=(*unnamed_columns(grid, names), *problems),
    )


def _with_stems(names: list[str]) -> list[str]:
    """`5、您是否同意—1.甲`, `2.乙` become `5、您是否同意—1.甲`, `5、您是否同意—2.乙`."""
    full = []
    stem, row = "", 0
    for name in names:
        first = FIRST_ROW.fullmatch(name)
        later = LATER_ROW.fullmatch(name)
        if first:
            stem, row = f"{first[1]}、{first[2]}—", 1
            name = f"{stem}1.{first[3]}"
        elif later and stem and int(later[1]) > row:
            row = int(later[1])
            name = f"{stem}{row}.{later[2]}"
        else:
            stem, row = "", 0
        full.append(name)
    return full


def _options(names: list[str], cells: pa.Table) -> dict[str, str]:
    """The answers of a multiple choice that has a column for each: all of them hold 0, 1 or a marker."""
    parts: dict[str, list[tuple[int, str]]] = {}
    for position, name in enumerate(names):
        match = PART.fullmatch(name)
        if match:
            parts.setdefault(match[1] or match[2], []).append((position, match[3]))
    allowed = ("0", "1", "", *TEXT_MARKERS, *NUMBER_MARKERS)
    return {
        names[position]: answer
        for columns in parts.values()
        if len(columns) > 1 and all(holds_only(cells.column(position), allowed) for position, _ in columns)
        for position, answer in columns
    }


def _column(key: str, written: str, name: str, option: str, numbered: bool, marked: bool) -> RawColumn:
    role = ROLES.get(name, Role.NONE)
    if name == "用户ID" and not numbered:
        role = Role.ID
    question = QUESTION.fullmatch(name)
    return RawColumn(
        key=key,
        header=written,
        label=question[2].strip() if question else name,
        option=option,
        role=role,
        personal=name in PERSONAL,
        marked=marked,
    )


def _markers(
    names: list[str], keys: list[str], cells: pa.Table
) -> tuple[dict[str, MissingKind], set[str], tuple[str, ...]]:
    """The texts for skipped and blank, the columns in which they do not hold, and what to say about it.

    An export by text says `(跳过)`: one that does not, but has -3 or -2 in columns without any other negative
    number, is by number. In its columns with other negative numbers -3 and -2 may be answers.
    """
    pairs = zip(names, keys, strict=True)
    questions = {key: cells.column(at) for at, (name, key) in enumerate(pairs) if name not in ROLES}
    if any(contains(column, marker) for column in questions.values() for marker in TEXT_MARKERS):
        return dict(TEXT_MARKERS), set(), ()
    marked = {k for k, c in questions.items() if any(contains(c, marker) for marker in NUMBER_MARKERS)}
    unclear = {key for key in marked if _other_negatives(questions[key])}
    notes = []
    if unclear:
        listed = ", ".join(repr(key) for key in questions if key in unclear)
        notes.append(
            f"-3 and -2 are read as answers in {listed}, for other negative numbers stand beside them there"
        )
    if marked == unclear:
        return dict(TEXT_MARKERS), set(), tuple(notes)
    notes.append("taken as an export by number: -3 is skipped by routing, -2 is left blank")
    return {**TEXT_MARKERS, **NUMBER_MARKERS}, unclear, tuple(notes)


def _other_negatives(column: pa.ChunkedArray) -> bool:
    return any(
        NEGATIVE.fullmatch(text) and text not in NUMBER_MARKERS for text in column.unique().to_pylist()
    )
