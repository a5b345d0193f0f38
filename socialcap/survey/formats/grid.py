"""The grid: rows of text as a file holds them, with the rows' own numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialcap.survey.raw import RawColumn, SourceFile

EXACT_INTEGERS = 2.0**53


@dataclass(frozen=True)
class Grid:
    """Every cell of a file as text.

    `cells` has one string column per column of the file and, unless the file describes its own columns
    (`described`), starts with the header rows. `row_numbers` are the rows as the program that shows such a
    file counts them. `positions` are the columns' places in the file, counted from 0. `other_sheets` are
    sheets that hold cells and were not read. `merged` are merged ranges that touch the first row.
    """

    source: SourceFile
    cells: pa.Table
    row_numbers: NDArray[np.int64]
    positions: tuple[int, ...] = ()
    described: tuple[RawColumn, ...] = ()
    other_sheets: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows of the grid, header rows included."""
        return int(self.cells.num_rows)

    @property
    def first_row(self) -> int:
        """The number of the first row in the file."""
        return int(self.row_numbers[0])

    @property
    def name(self) -> str:
        """The file's name, and the sheet's where there are several."""
        return self.source.path + (f" [{self.source.sheet}]" if self.source.sheet else "")

    def row(self, index: int) -> list[str]:
        """The cells of one row, counted from 0; none if the grid is shorter."""
        if index >= self.n_rows:
            return []
        return [column[index].as_py() for column in self.cells.itercolumns()]

    def place(self, column: int) -> str:
        """A column's letter in a spreadsheet."""
        return letter(self.positions[column] if self.positions else column)


def letter(position: int) -> str:
    """The letter by which a spreadsheet names a column, counted from 0."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def text_table(columns: Iterable[Any]) -> pa.Table:
    """Columns of text (lists or arrow arrays) as the table of a grid."""
    arrays = [
        column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column, pa.string())
        for column in columns
    ]
    return pa.table(arrays, names=[str(position) for position in range(len(arrays))])


def cell_text(value: Any) -> str:
    """A typed cell as the text that stands for it.

    Whole numbers lose their decimal point, other numbers keep every digit, dates are ISO (without a time of
    day at midnight), lengths of time are h:mm:ss, truth values TRUE and FALSE, nothing is "".
    """
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        return number_text(float(value))
    if isinstance(value, dt.datetime):
        if value.time() == dt.time():
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    if isinstance(value, dt.timedelta):
        return _length_text(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def number_text(value: float) -> str:
    """A number in its shortest exact form, whole ones without a decimal point."""
    if value.is_integer() and abs(value) < EXACT_INTEGERS:
        return str(int(value))
    return repr(value)


def _length_text(value: dt.timedelta) -> str:
    seconds = value.total_seconds()
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    shown = f"{int(rest):02d}" if rest == int(rest) else f"{rest:09.6f}"
    return f"{'-' if seconds < 0 else ''}{hours}:{minutes:02d}:{shown}"


def row_list(rows: Sequence[int], most: int = 20) -> str:
    """Row numbers for a message, the first ones written out."""
    shown = ", ".join(str(row) for row in rows[:most])
    return shown + (f" and {len(rows) - most} more" if len(rows) > most else "")
