"""What the page's script knows of a table beyond its printed cells: unrounded numbers, and what may be sorted."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from socialcap.results import Formatted, Starred, Table, Text

_FEWEST_ROWS = 3

Cell = float | int | str | None


def table_values(table: Table) -> dict[str, Any]:
    """A table's `numbers`, by column: unrounded, "" where missing, None where the cell is words; the columns
    that carry `stars`; and the columns to `sort_by`.
    """
    columns = range(len(table.columns))
    numbers = {c: [_number(row[c]) for row in table.rows] for c in columns}
    return {
        "numbers": {c: cells for c, cells in numbers.items() if any(_counts(cell) for cell in cells)},
        "stars": [c for c in columns if any(isinstance(row[c], Starred) for row in table.rows)],
        "sort_by": sortable(table),
    }


def sortable(table: Table) -> list[int]:
    """The columns by which the rows may be put in order; none where the order of the rows is part of the table.

    Rows without a label go with the row above them (standard errors under their coefficients). The order
    belongs to the table where a column lists statistics of different kinds, where rows are numbered like the
    columns of a matrix, where a label stands for several rows, and where there is next to nothing to sort.
    """
    leading = [row for row in table.rows if not _blank(row[0])]
    if len(leading) < _FEWEST_ROWS or _blank(table.rows[0][0]) or _is_staircase(table):
        return []
    follow = [row for row in table.rows if _blank(row[0])]
    if any(isinstance(value, str | Text) for row in follow for value in row[1:] if not _blank(value)):
        return []
    columns = range(len(table.columns))
    kinds = {
        c: {_kind(row[c], table.columns[c].format) for row in leading if _counts(row[c])} for c in columns
    }
    if any(len(formats) > 1 for formats in kinds.values()):
        return []
    return [c for c in columns if any(not _blank(row[c]) for row in leading)]


def _kind(value: Any, column_format: str) -> str:
    """How a number is written: numbers written differently are not of one kind."""
    return value.format if isinstance(value, Formatted) else column_format


def _is_staircase(table: Table) -> bool:
    """Whether the last columns are a triangle, each row filled one cell further than the row above."""
    filled = [max((c for c, value in enumerate(row) if not _blank(value)), default=0) for row in table.rows]
    steps = [after - before for before, after in pairwise(filled)]
    return sum(step == 1 for step in steps) >= max(_FEWEST_ROWS - 1, 0.6 * len(steps))


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str | Text) and not value)


def _counts(value: Any) -> bool:
    """Whether a cell holds a number."""
    return not _blank(value) and not isinstance(value, str | Text)


def _number(value: Any) -> Cell:
    """The cell's number for JSON, "" where it is missing, None where the cell is words or empty."""
    if isinstance(value, Starred | Formatted):
        value = value.value
    if not _counts(value):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return "" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    number: float | int = value
    return int(number) if isinstance(number, bool) else number
