"""What every platform's grammar works with: the parsed form of a grid, and keys that are unique."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from socialcap.codebook import MissingKind
from socialcap.errors import Problem
from socialcap.survey.formats.grid import Grid
from socialcap.survey.raw import RawColumn

NUMERIC = re.compile(r"[-+\d.,:/ %]+")
MOST_HEADER_ROWS = 3


@dataclass(frozen=True)
class Parsed:
    """A grid with its platform's grammar undone: what each column is, and the rows below the header."""

    columns: tuple[RawColumn, ...]
    cells: pa.Table
    header_rows: int = 1
    markers: Mapping[str, MissingKind] = field(default_factory=dict)
    list_separator: str = ""
    extras: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def tidy_header(text: str) -> str:
    """A header in one line, without the marks and spaces that no one sees."""
    return re.sub(r"[\s\u00a0\u200b\ufeff]+", " ", text).strip()


def header(grid: Grid, row: int = 0) -> list[str]:
    """The tidied cells of a header row."""
    return [tidy_header(cell) for cell in grid.row(row)]


def unique_keys(
    grid: Grid, keys: Sequence[str], explained: Callable[[str], bool] = lambda key: False
) -> tuple[list[str], tuple[str, ...], tuple[Problem, ...]]:
    """The keys with " (2)", " (3)" at repetitions, and a note or a problem for each repeated one.

    Repeated headers are a fault of the file unless the platform's grammar explains them: `explained(key)`.
    """
    columns: dict[str, list[int]] = {}
    for column, key in enumerate(keys):
        columns.setdefault(key, []).append(column)
    unique = list(keys)
    taken = set(keys)
    notes: list[str] = []
    problems: list[Problem] = []
    for key, repeated in columns.items():
        for column in repeated[1:]:
            unique[column] = _numbered(key, taken)
        if len(repeated) == 1 or not key:
            continue
        places = "columns " + ", ".join(grid.place(column) for column in repeated)
        if explained(key):
            others = ", ".join(repr(unique[column]) for column in repeated[1:])
            notes.append(f"{places} have the same header {key!r}: the later ones are called {others} here")
        else:
            message = f"{places} have the same header"
            expected = "a header of its own for each"
            problems.append(Problem(message, grid.name, grid.first_row, key, expected=expected))
    return unique, tuple(notes), tuple(problems)


def _numbered(key: str, taken: set[str]) -> str:
    number = 2
    while f"{key} ({number})" in taken:
        number += 1
    taken.add(f"{key} ({number})")
    return f"{key} ({number})"


def unnamed_columns(grid: Grid, names: Sequence[str]) -> tuple[Problem, ...]:
    """A problem for every column that holds cells under an empty header.

    Where the row below would make a header, two header rows were merged: the message says so.
    """
    bare = [column for column, name in enumerate(names) if not name]
    if not bare:
        return ()
    row = grid.first_row
    below = header(grid, 1)
    if not _makes_header(names, below, bare):
        message = "the column holds cells but has no header"
        return tuple(Problem(message, grid.name, row, grid.place(c), expected="a header") for c in bare)
    merged = f" (merged cells {', '.join(grid.merged)})" if grid.merged else ""
    message = f"the header takes two rows: row {row} has groups of columns{merged}, row {row + 1} their names"
    expected = "one header row with a name in every column"
    return (
        Problem(message, grid.name, row, expected=expected),
        *(Problem("no header here but one below", grid.name, row, grid.place(c), below[c]) for c in bare),
    )


def _makes_header(names: Sequence[str], below: Sequence[str], bare: Sequence[int]) -> bool:
    """Whether row 2 has names, all different, under every column without one, and no numbers."""
    if not below or any(not below[column] for column in bare):
        return False
    written = [cell for cell in below if cell]
    both = [lower or upper for upper, lower in zip(names, below, strict=True)]
    return not any(NUMERIC.fullmatch(cell) for cell in written) and len(set(both)) == len(both)


def body(grid: Grid, header_rows: int) -> pa.Table:
    """The rows below the header."""
    return grid.cells.slice(header_rows)


def holds_only(column: pa.ChunkedArray, allowed: Sequence[str]) -> bool:
    """Whether every cell of a column is one of a few texts."""
    return bool(pc.all(pc.is_in(column, value_set=pa.array(allowed, pa.string()))).as_py() in (True, None))


def contains(column: pa.ChunkedArray, text: str) -> bool:
    """Whether some cell of a column is exactly this text."""
    return bool(pc.any(pc.equal(column, text)).as_py())
