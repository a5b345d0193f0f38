"""Copies of a study's data files without what may identify a person."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from socialcap.codebook import Codebook, Role, fold
from socialcap.errors import DataCheckError, Problem
from socialcap.plan import StudyPlan
from socialcap.survey import Survey, read_raw
from socialcap.survey.files import WORKBOOKS, read_grid
from socialcap.survey.formats.encodings import BYTE_ORDER_MARKS, to_utf8
from socialcap.survey.formats.grid import Grid, number_text
from socialcap.survey.formats.text import STATED_SEPARATOR
from socialcap.survey.match import match
from socialcap.survey.raw import RawSurvey
from socialcap.survey.reading import read_file


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file of a study on its way into a package.

    `place` is its path there, `sha256` the original's hash. `content` is None where the file stays out, and
    `reason` says why. `emptied` are the headers of the columns whose cells were emptied; `rewritten` tells
    that the copy does not have the original's bytes.
    """

    source: Path
    place: str
    sha256: str
    content: bytes | None
    emptied: tuple[str, ...] = ()
    rewritten: bool = False
    reason: str = ""

    def left_out(self, reason: str) -> DataFile:
        """The file kept out of the package, under its own name."""
        place = Path(self.place).with_name(self.source.name).as_posix()
        return replace(self, place=place, content=None, reason=reason)


def data_files(plan: StudyPlan, book: Codebook) -> tuple[DataFile, ...]:
    """The plan's data files as they may be given away: its exports, then the one with answers by number.

    Only cells of columns that the codebook knows and does not call personal stay. What is personal by the
    codebook or by the platform's grammar is emptied, and so is what the codebook does not know, since nobody
    has looked at it; headers stay. Where two exports are paired (`data.numbers`), the platform's own number of
    each row stays, by which they are. Workbooks are written anew as .xlsx with the cells of the sheet that is
    read and nothing else (no other sheets, comments or properties). SPSS and Stata files with such columns
    stay out: their labels and dictionaries cannot be emptied with certainty.
    Raises DataCheckError for columns that look personal under variables that the codebook does not call so.
    """
    data = plan.data
    paths = [plan.path(name) for name in data.files]
    numbers = [plan.path(data.numbers)] if data.numbers else []
    ids = book.with_role(Role.ID)
    id_column = ids[0].header if ids else ""
    shown = _shown(_together(plan, id_column), book, pairing=bool(numbers))
    names = Counter(path.name for path in [*paths, *numbers])
    made: list[DataFile] = []
    earlier: set[str] = set()
    for number, path in enumerate([*paths, *numbers], 1):
        read = read_file(
            path, platform=data.platform, encoding=data.encoding, separator=data.separator, sheet=data.sheet
        ).raw
        # joining gives a column of a later file that repeats a name a name of its own
        repeated = earlier if data.combine == "join" and path in paths else set()
        keys = {
            key: f"{key} ({path.name})" if key in repeated and fold(key) != fold(id_column) else key
            for key in read.cells.columns
        }
        kept = [not c.personal and keys[c.key] in shown for c in read.columns]
        earlier |= set(read.cells.columns)
        folder = f"data/{number}" if names[path.name] > 1 else "data"
        made.append(_shipped(path, f"{folder}/{path.name}", read, kept, plan))
    return tuple(made)


def _together(plan: StudyPlan, id_column: str) -> RawSurvey:
    """All files of a plan as its survey is read from them."""
    data = plan.data
    return read_raw(
        [plan.path(name) for name in data.files],
        platform=data.platform,
        encoding=data.encoding,
        separator=data.separator,
        sheet=data.sheet,
        combine=data.combine,
        id_column=id_column,
        numbers=plan.path(data.numbers) if data.numbers else "",
    )


def same_survey(one: Survey, two: Survey) -> bool:
    """Whether two surveys hold the same answers, changes, exclusions and account of themselves."""
    frames = ("responses", "cleaned", "raw", "ledger", "exclusions", "missing")
    return one.to_dict() == two.to_dict() and all(
        getattr(one, name).equals(getattr(two, name)) for name in frames
    )


def _shown(raw: RawSurvey, book: Codebook, pairing: bool) -> set[str]:
    """The keys of the columns whose cells may be seen; for pairing, the platform's own number of a row too."""
    matches = match(raw, book)
    owners = {
        key: item
        for item in book
        for key in (*matches.columns[item.name], *matches.redundant.get(item.name, ()))
    }
    personal = {column.key for column in raw.columns if column.personal}
    undeclared = [
        Problem(
            f"the column {key!r} looks personal, and the codebook does not call {item.name!r} so",
            "variables",
            column="pii",
            value=item.name,
            expected="pii = yes, or the variable taken out of the codebook",
        )
        for key, item in owners.items()
        if key in personal and not item.personal
    ]
    if undeclared:
        raise DataCheckError("personal data might leave with the package", undeclared)
    known = {key for key, item in owners.items() if not item.personal}
    own = {c.key for c in raw.columns if c.role is Role.ID and not c.personal and c.key in matches.unknown}
    return known | own if pairing else known


def _shipped(path: Path, place: str, read: RawSurvey, kept: Sequence[bool], plan: StudyPlan) -> DataFile:
    """One file's copy, or why there is none."""
    data, source = plan.data, read.files[0]
    columns = list(zip(read.columns, kept, strict=True))
    emptied = tuple(
        column.header or column.key for column, stays in columns if not stays and _filled(read, column.key)
    )
    original = DataFile(path, place, source.sha256, path.read_bytes(), emptied)
    if source.format in ("sav", "dta"):
        if all(kept):
            return original
        return original.left_out(
            "it holds columns that are personal or that the codebook does not know, and the dictionary of an "
            "SPSS or Stata file cannot be emptied with certainty"
        )
    if not emptied and source.format not in WORKBOOKS:
        return original
    grid = read_grid(path, encoding=data.encoding, separator=data.separator, sheet=data.sheet)
    filled = [at for at, column in enumerate(grid.cells.itercolumns()) if _written(column)]
    if len(filled) != len(kept):
        return original.left_out("its columns cannot be told apart with certainty")
    gone = {at for at, stays in zip(filled, kept, strict=True) if not stays}
    top = next(row for row in range(grid.n_rows) if any(cell.strip() for cell in grid.row(row)))
    rows = _rows(grid, gone, top + source.header_rows)
    if source.format == "text":
        return replace(original, content=_text(path.read_bytes(), grid, rows), rewritten=True)
    if source.format == "parquet":
        return replace(original, content=_parquet(path, gone), rewritten=True)
    return replace(
        original,
        place=Path(place).with_suffix(".xlsx").as_posix(),
        content=_workbook(data.sheet or source.sheet or None, rows),
        rewritten=True,
    )


def _filled(read: RawSurvey, key: str) -> bool:
    return bool((read.cells[key] != "").any())


def _written(column: pa.ChunkedArray) -> bool:
    """Whether a column of a grid holds anything: those that do not are no columns of the survey."""
    return any(text.strip() for text in column.unique().to_pylist())


def _rows(grid: Grid, gone: Collection[int], body: int) -> list[tuple[str, ...]]:
    """The grid's rows, the columns `gone` empty from row `body` on."""
    columns = []
    for at, column in enumerate(grid.cells.itercolumns()):
        cells = column.to_pylist()
        columns.append([*cells[:body], *[""] * (len(cells) - body)] if at in gone else cells)
    return list(zip(*columns, strict=True))


def _text(original: bytes, grid: Grid, rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as text in the original's encoding, with its separator, line ends and lines above the header."""
    codec = grid.source.encoding
    mark = next((mark for mark, marked in BYTE_ORDER_MARKS if original.startswith(mark)), b"")
    body, _ = to_utf8(original, codec, grid.name)
    end = "\r\n" if b"\r\n" in body else "\n"
    stated = STATED_SEPARATOR.match(body)
    above = [stated.group().decode().rstrip("\r\n")] if stated else []
    above += [""] * (grid.first_row - 1 - len(above))
    broken = any("\r" in cell or "\n" in cell for row in rows for cell in row)
    out = io.StringIO(newline="")
    out.write("".join(line + end for line in above))
    quoting: int = csv.QUOTE_ALL if body.lstrip(b"\r\n").startswith(b'"') or broken else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=grid.source.separator, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows(rows)
    return mark + out.getvalue().encode(codec)


def _workbook(sheet: str | None, rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as the only sheet of an .xlsx file; texts that read back as the same number become numbers."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": datetime(2000, 1, 1)})
    page = book.add_worksheet(sheet)
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if not cell:
                continue
            number = _number(cell)
            if number is None:
                page.write_string(r, c, cell)
            else:
                page.write_number(r, c, number)
    book.close()
    return target.getvalue()


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    # an .xlsx file keeps 16 digits, which not every number needs for its shortest form to come back
    exact = value - value == 0 and number_text(value) == cell and float(f"{value:.16G}") == value
    return value if exact else None


def _parquet(path: Path, gone: Collection[int]) -> bytes:
    """The Parquet file with nulls in the columns `gone`, without the metadata of the program that wrote it."""
    table = pq.read_table(path).replace_schema_metadata(None)
    for at in gone:
        field = table.schema.field(at).remove_metadata()
        table = table.set_column(at, field.with_nullable(True), pa.nulls(table.num_rows, field.type))
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def places(plan: StudyPlan, files: Sequence[DataFile]) -> Mapping[tuple[str | int, ...], str]:
    """What the study file of a package says where its data are."""
    found: dict[tuple[str | int, ...], str] = {
        ("data", "files", at): files[at].place for at in range(len(plan.data.files))
    }
    return found | ({("data", "numbers"): files[-1].place} if plan.data.numbers else {})
