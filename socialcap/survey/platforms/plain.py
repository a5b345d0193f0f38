"""A table without a platform's grammar: one header row, then one row per respondent."""

from __future__ import annotations

from socialcap.survey.formats.grid import Grid
from socialcap.survey.platforms.grammar import Parsed, body, header, unique_keys, unnamed_columns
from socialcap.survey.raw import RawColumn


def detect(grid: Grid) -> bool:
    """Any grid can be read as a plain table."""
    return True


def parse(grid: Grid) -> Parsed:
    """The columns under their headers."""
    names = header(grid)
    keys, notes, problems = unique_keys(grid, names)
    return Parsed(
        columns=tuple(
            RawColumn(key=key, header=written) for key, written in zip(keys, grid.row(0), strict=True)
        ),
        cells=body(grid, 1),
        notes=notes,
        problems=(*unnamed_columns(grid, names), *problems),
    )
