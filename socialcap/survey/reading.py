"""One file read whole: the grid, its platform, and every fault found on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from socialcap.codebook import Role
from socialcap.errors import Problem, UnreadableError, UsageError, nearest
from socialcap.survey.files import read_grid
from socialcap.survey.formats.grid import Grid, row_list
from socialcap.survey.platforms import PLATFORMS, Parsed, detect_platform
from socialcap.survey.platforms.grammar import MOST_HEADER_ROWS
from socialcap.survey.platforms.personal import is_personal
from socialcap.survey.raw import RawColumn, RawSurvey

DESCRIBED = {"sav": "spss", "dta": "stata"}
TEXT = pd.StringDtype(na_value=np.nan)


@dataclass(frozen=True)
class Reading:
    """A file as a raw survey, with the faults that make it unfit for analysis."""

    raw: RawSurvey
    problems: tuple[Problem, ...]
    other_sheets: tuple[str, ...] = ()


def read_file(
    path: str | Path,
    *,
    platform: str = "auto",
    encoding: str = "auto",
    separator: str = "auto",
    sheet: str = "",
) -> Reading:
    """The file's cells under their columns, its platform's grammar undone.

    Faults of the table (columns without a name, equal headers, no respondent) are listed in the reading.
    Raises UnreadableError where the file gives no table at all, UsageError for an unknown option.
    """
    _check_platform(platform)
    grid = _trimmed(read_grid(path, encoding=encoding, separator=separator, sheet=sheet))
    name, parsed = _parsed(grid, platform)
    cells, rows, notes = _answered(parsed.cells, grid.row_numbers[parsed.header_rows :])
    problems = parsed.problems
    if not cells.num_rows:
        problems += (
            Problem("the file has a header and no responses", grid.name, expected="one row per respondent"),
        )
    if name == "plain" and grid.other_sheets:
        notes += (f"sheets that are not read: {', '.join(grid.other_sheets)}",)
    columns = tuple(
        _flagged(column, values) for column, values in zip(parsed.columns, cells.itercolumns(), strict=True)
    )
    raw = RawSurvey(
        cells=frame(columns, cells),
        columns=columns,
        row_numbers=rows,
        platform=name,
        files=(replace(grid.source, header_rows=parsed.header_rows, rows=cells.num_rows),),
        markers=parsed.markers,
        list_separator=parsed.list_separator,
        extras=parsed.extras,
        notes=(*grid.notes, *parsed.notes, *notes),
    )
    return Reading(raw, problems, grid.other_sheets)


def frame(columns: Iterable[RawColumn], cells: pa.Table) -> pd.DataFrame:
    """The table as a frame of pyarrow-backed text columns under the columns' keys."""
    named = cells.rename_columns([column.key for column in columns])
    found: pd.DataFrame = named.to_pandas(types_mapper={pa.string(): TEXT, pa.large_string(): TEXT}.get)
    return found


def _check_platform(platform: str) -> None:
    known = ("auto", *PLATFORMS, *DESCRIBED.values())
    if platform not in known:
        hint = nearest(platform, known)
        raise UsageError(
            f"unknown platform {platform!r}; "
            + (f"did you mean {hint!r}?" if hint else f"expected one of {', '.join(known)}")
        )


def _parsed(grid: Grid, platform: str) -> tuple[str, Parsed]:
    own = DESCRIBED.get(grid.source.format)
    if own:
        if platform not in ("auto", own):
            raise UsageError(
                f"{grid.name} describes its own columns: its platform is {own!r}, not {platform!r}"
            )
        return own, Parsed(columns=grid.described, cells=grid.cells, header_rows=0)
    if platform in DESCRIBED.values():
        raise UsageError(f"{grid.name} is no {platform} file; leave the platform to be detected")
    name = detect_platform(grid) if platform == "auto" else platform
    return name, PLATFORMS[name].parse(grid)


def _trimmed(grid: Grid) -> Grid:
    """The grid without columns that hold nothing and without empty rows above the header."""
    if grid.described:
        return grid
    top = next((i for i in range(grid.n_rows) if any(cell.strip() for cell in grid.row(i))), None)
    if top is None:
        raise UnreadableError(
            f"{grid.name} is empty", [Problem("there is no cell with text in it", grid.name)]
        )
    cells = grid.cells.slice(top)
    heads = cells.slice(0, MOST_HEADER_ROWS)
    kept = [
        position
        for position in range(cells.num_columns)
        if any(text.strip() for text in heads.column(position).to_pylist())
        or not _blank(cells.column(position))
    ]
    return replace(grid, cells=cells.select(kept), row_numbers=grid.row_numbers[top:], positions=tuple(kept))


def _blank(column: pa.ChunkedArray) -> bool:
    return not any(text.strip() for text in column.unique().to_pylist())


def _answered(
    cells: pa.Table, rows: NDArray[np.int64]
) -> tuple[pa.Table, NDArray[np.int64], tuple[str, ...]]:
    """The rows that hold a cell; rows wholly blank are no respondents, and a note says where they stood."""
    blank = np.ones(cells.num_rows, dtype=bool)
    for column in cells.itercolumns():
        if not blank.any():
            return cells, rows, ()
        at = np.flatnonzero(blank)
        texts = pc.utf8_trim_whitespace(column.take(pa.array(at)))
        blank[at] = pc.equal(texts, "").to_numpy()
    if not blank.any():
        return cells, rows, ()
    note = f"rows without any cell were left out: {row_list(rows[blank].tolist())}"
    return cells.filter(pa.array(~blank)), rows[~blank], (note,)


def _flagged(column: RawColumn, cells: pa.ChunkedArray) -> RawColumn:
    """The column, marked personal if its heading and its cells say so."""
    if column.personal or column.role is not Role.NONE or column.option:
        return column
    if is_personal(f"{column.key} {column.label}", cells):
        return replace(column, personal=True)
    return column
