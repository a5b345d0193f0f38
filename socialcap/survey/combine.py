"""Several files of one survey: more respondents (stacked), or more questions of the same (joined)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from socialcap.codebook import MissingKind, fold
from socialcap.errors import Problem, UnreadableError, UsageError, nearest
from socialcap.survey.formats.grid import row_list
from socialcap.survey.raw import RawColumn, RawSurvey
from socialcap.survey.reading import TEXT

SOURCE = "source"
WITHOUT_GRAMMAR = ("plain", "spss", "stata")


def stack(parts: Sequence[RawSurvey]) -> RawSurvey:
    """All respondents under each other, with a `source` column that names the file of each.

    A column that a file lacks is "" for its respondents, and a note says so. Raises UnreadableError for
    files of different platforms.
    """
    if len({part.platform for part in parts}) > 1:
        raise UnreadableError("files of different platforms cannot be stacked", _origins(parts))
    markers = _common_markers(parts)
    columns: dict[str, RawColumn] = {}
    for part in parts:
        for column in part.columns:
            columns[column.key] = _merged(columns.get(column.key, column), column)
    key = SOURCE if SOURCE not in columns else f"{SOURCE} (file)"
    names = _file_names(parts)
    notes = []
    frames = []
    for name, part in zip(names, parts, strict=True):
        lacking = [column for column in columns if column not in part.cells.columns]
        if lacking:
            notes.append(f"{name} has no column {', '.join(map(repr, lacking))}: blank for its respondents")
        cells = part.cells.reindex(columns=list(columns), fill_value="").astype(TEXT)
        frames.append(pd.concat([cells, pd.DataFrame({key: name}, index=cells.index, dtype=TEXT)], axis=1))
    source = RawColumn(key=key, header="", label="File")
    return replace(
        parts[0],
        cells=pd.concat(frames, ignore_index=True),
        columns=(*columns.values(), source),
        row_numbers=np.concatenate([part.row_numbers for part in parts]),
        files=tuple(file for part in parts for file in part.files),
        markers=markers,
        notes=(*_notes(parts, names), *notes),
    )


def join(parts: Sequence[RawSurvey], id_column: str) -> RawSurvey:
    """The respondents of all files side by side, matched by an id; a file without a respondent is "" for it.

    A column of equal name in a later file is kept under `name (file)`. Row numbers are those of the first
    file in which a respondent stands. A table without a platform's grammar can be joined to an export. Raises
    UnreadableError for ids that are blank or repeated and for files of different platforms.
    """
    if not id_column:
        raise UsageError("to join files, say which column identifies a respondent")
    known = [part for part in parts if part.platform not in WITHOUT_GRAMMAR]
    if len({part.platform for part in known}) > 1:
        raise UnreadableError("files of different platforms cannot be joined", _origins(parts))
    markers = _common_markers(parts)
    names = _file_names(parts)
    keys = [_id_key(part, id_column, name) for part, name in zip(parts, names, strict=True)]
    ids = [part.cells[key].str.strip() for part, key in zip(parts, keys, strict=True)]
    problems = [
        problem
        for name, part, key, values in zip(names, parts, keys, ids, strict=True)
        for problem in _id_problems(name, part, key, values)
    ]
    if problems:
        raise UnreadableError(f"the files cannot be joined by {id_column!r}", problems)
    everyone = pd.Index(pd.unique(pd.concat(ids, ignore_index=True)))
    frames: list[pd.DataFrame] = []
    columns: list[RawColumn] = []
    notes: list[str] = []
    taken: set[str] = set()
    for name, part, key, values in zip(names, parts, keys, ids, strict=True):
        new, renamed = _renamed(part, key if taken else "", name, taken)
        taken |= {column.key for column in new}
        notes += renamed
        absent = len(everyone) - len(values)
        if absent:
            notes.append(f"{name} lacks {absent} of {len(everyone)} respondents: blank there")
        cells = part.cells[[old for old in part.cells if not columns or old != key]]
        cells.columns = [column.key for column in new]
        cells.index = pd.Index(values)
        frames.append(cells.reindex(everyone, fill_value=""))
        columns += new
    cells = pd.concat(frames, axis=1).reset_index(drop=True).astype(TEXT)
    cells[keys[0]] = everyone.to_series(index=cells.index).astype(TEXT)
    return replace(
        known[0] if known else parts[0],
        cells=cells,
        columns=tuple(columns),
        row_numbers=_first_rows(parts, ids, everyone),
        files=tuple(file for part in parts for file in part.files),
        markers=markers,
        notes=(*_notes(parts, names), *notes),
    )


def _origins(parts: Sequence[RawSurvey]) -> list[Problem]:
    return [Problem(f"the file was read as {part.platform}", part.files[0].path) for part in parts]


def _common_markers(parts: Sequence[RawSurvey]) -> Mapping[str, MissingKind]:
    """The marks for missing answers of all files; one that is an answer in another file is refused.

    An export by number has -3 for skipped, which an export by text may hold as an answer.
    """
    markers = {marker: kind for part in parts for marker, kind in part.markers.items()}
    problems = [
        Problem(f"{marker!r} is an answer here and a mark for {markers[marker].value} in another file", name)
        for part, name in zip(parts, _file_names(parts), strict=True)
        for marker in markers.keys() - part.markers.keys()
        if (part.cells == marker).to_numpy().any()
    ]
    if problems:
        raise UnreadableError("the files do not mark missing answers in the same way", problems)
    return MappingProxyType(markers)


def _merged(kept: RawColumn, other: RawColumn) -> RawColumn:
    """A column of several files: what one file says of it holds for the other."""
    return replace(
        kept,
        label=kept.label or other.label,
        personal=kept.personal or other.personal,
        marked=kept.marked and other.marked,
        value_labels={**other.value_labels, **kept.value_labels},
        missing={**other.missing, **kept.missing},
    )


def _file_names(parts: Sequence[RawSurvey]) -> list[str]:
    """The files' names, numbered where two are equal."""
    names = [part.files[0].path for part in parts]
    return [
        f"{name} ({names[: at + 1].count(name)})" if names[: at + 1].count(name) > 1 else name
        for at, name in enumerate(names)
    ]


def _notes(parts: Sequence[RawSurvey], names: Sequence[str]) -> list[str]:
    return [f"{name}: {note}" for part, name in zip(parts, names, strict=True) for note in part.notes]


def _id_key(part: RawSurvey, id_column: str, name: str) -> str:
    for column in part.columns:
        if fold(id_column) in (fold(column.key), fold(column.header)):
            return column.key
    hint = nearest(id_column, [column.key for column in part.columns])
    raise UnreadableError(
        f"the files cannot be joined by {id_column!r}",
        [Problem(f"there is no column {id_column!r}", name, 1, expected=hint and f"perhaps {hint!r}")],
    )


def _id_problems(name: str, part: RawSurvey, key: str, values: pd.Series) -> list[Problem]:
    problems = []
    personal = any(column.personal for column in part.columns if column.key == key)
    blank = (values == "").to_numpy()
    if blank.any():
        rows = row_list(part.row_numbers[blank].tolist())
        problems.append(Problem(f"no id in rows {rows}", name, None, key, expected="an id for everybody"))
    repeated = values[~blank & values.duplicated(keep=False).to_numpy()]
    for value in repeated.unique():
        rows = row_list(part.row_numbers[(values == value).to_numpy()].tolist())
        shown = "" if personal else str(value)
        problems.append(Problem(f"the id stands in rows {rows}", name, None, key, shown, "one row each"))
    return problems


def _renamed(part: RawSurvey, dropped: str, name: str, taken: set[str]) -> tuple[list[RawColumn], list[str]]:
    columns, notes = [], []
    for column in part.columns:
        if column.key == dropped:
            continue
        if column.key in taken:
            key = f"{column.key} ({name})"
            notes.append(f"{name}: {column.key!r} stands in an earlier file too, and is {key!r} here")
            column = replace(column, key=key)
        columns.append(column)
    return columns, notes


def _first_rows(parts: Sequence[RawSurvey], ids: Sequence[pd.Series], everyone: pd.Index) -> np.ndarray:
    rows = np.zeros(len(everyone), dtype=np.int64)
    for part, values in zip(reversed(parts), reversed(ids), strict=True):
        rows[everyone.get_indexer(pd.Index(values))] = part.row_numbers
    return rows
