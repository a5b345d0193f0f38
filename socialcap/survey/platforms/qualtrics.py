"""Qualtrics: rows of names, question texts and JSON import ids above the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from socialcap.codebook import Role
from socialcap.survey.formats.grid import Grid, row_list
from socialcap.survey.platforms.grammar import (
    MOST_HEADER_ROWS,
    Parsed,
    body,
    header,
    unique_keys,
    unnamed_columns,
)
from socialcap.survey.raw import RawColumn

ROLES = {
    "StartDate": Role.START_TIME,
    "EndDate": Role.END_TIME,
    "Duration (in seconds)": Role.DURATION,
    "ResponseId": Role.ID,
}
OWN = {
    *ROLES,
    "Status",
    "IPAddress",
    "Progress",
    "Finished",
    "RecordedDate",
    "RecipientLastName",
    "RecipientFirstName",
    "RecipientEmail",
    "ExternalReference",
    "LocationLatitude",
    "LocationLongitude",
    "DistributionChannel",
    "UserLanguage",
}
PERSONAL = {
    "IPAddress",
    "RecipientLastName",
    "RecipientFirstName",
    "RecipientEmail",
    "LocationLatitude",
    "LocationLongitude",
}
# Status by choice text and by number of responses that nobody sent in as a respondent.
PREVIEWS = ("Survey Preview", "Survey Test", "1", "2")
FEWEST_OWN = 4


def detect(grid: Grid) -> bool:
    """A row of import ids below the names, or enough of the platform's own columns."""
    return _import_row(grid) > 0 or len(OWN & set(header(grid))) >= FEWEST_OWN


def parse(grid: Grid) -> Parsed:
    """Columns under their names in row 1; the question text is the label.

    Equal names are told apart by their import ids, which the key then carries in brackets.
    """
    names = header(grid)
    ids_row = _import_row(grid)
    ids = [_import_id(cell) for cell in grid.row(ids_row)] if ids_row else [{}] * len(names)
    labelled = ids_row == 2 or (not ids_row and _second_is_text(grid, names))
    labels = header(grid, 1) if labelled else [""] * len(names)
    header_rows = ids_row + 1 if ids_row else 1 + labelled
    cells = body(grid, header_rows)
    keys, notes = _keys(grid, names, ids)
    return Parsed(
        columns=tuple(
            RawColumn(
                key=key,
                header=written,
                label=label,
                own_words=name.endswith("_TEXT"),
                option=label.rpartition(" - ")[2] if "choiceId" in identity and label else "",
                role=ROLES.get(name, Role.NONE),
                personal=name in PERSONAL,
            )
            for key, written, name, label, identity in zip(keys, grid.row(0), names, labels, ids, strict=True)
        ),
        cells=cells,
        header_rows=header_rows,
        list_separator=",",
        notes=(*notes, *_previews(grid, names, cells, header_rows)),
        problems=unnamed_columns(grid, names),
    )


def _import_row(grid: Grid) -> int:
    """The row that holds import ids, counted from 0; 0 if none does."""
    for row in range(1, MOST_HEADER_ROWS):
        if any("ImportId" in _import_id(cell) for cell in grid.row(row)):
            return row
    return 0


def _import_id(cell: str) -> dict[str, str]:
    if not cell.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(cell)
    except json.JSONDecodeError:
        return {}
    return {str(key): str(value) for key, value in found.items()}


def _second_is_text(grid: Grid, names: Sequence[str]) -> bool:
    """Whether row 2 holds question texts: where a date or a number must stand, there is none."""
    below = dict(zip(names, grid.row(1), strict=False))
    checked = [below[name] for name in ("StartDate", "EndDate", "Progress") if below.get(name)]
    return bool(checked) and not any(character.isdigit() for cell in checked for character in cell)


def _keys(
    grid: Grid, names: Sequence[str], ids: Sequence[dict[str, str]]
) -> tuple[list[str], tuple[str, ...]]:
    first: dict[str, int] = {}
    keys = []
    for column, (name, identity) in enumerate(zip(names, ids, strict=True)):
        again = first.setdefault(name, column) != column and name
        keys.append(f"{name} [{'-'.join(identity.values()) or grid.place(column)}]" if again else name)
    notes = tuple(
        f"columns {grid.place(first[name])} and {grid.place(column)} are both called {name!r}: the later one "
        f"is {key!r} here"
        for column, (name, key) in enumerate(zip(names, keys, strict=True))
        if key != name
    )
    unique, more, _ = unique_keys(grid, keys, explained=lambda key: True)
    return unique, (*notes, *more)


def _previews(grid: Grid, names: Sequence[str], cells: pa.Table, header_rows: int) -> tuple[str, ...]:
    if "Status" not in names:
        return ()
    status = cells.column(names.index("Status"))
    found = pc.is_in(status, value_set=pa.array(PREVIEWS, pa.string())).to_numpy()
    rows = grid.row_numbers[header_rows:][found]
    if not len(rows):
        return ()
    listed = row_list(rows.tolist())
    return (f"{len(rows)} responses are previews or tests by Status, not respondents (rows {listed})",)
