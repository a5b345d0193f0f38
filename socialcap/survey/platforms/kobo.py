"""KoboToolbox and ODK: one header row with group prefixes; a column per answer of a multiple choice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from socialcap.codebook import Role
from socialcap.survey.formats.grid import Grid, row_list
from socialcap.survey.platforms.grammar import Parsed, body, header, unique_keys, unnamed_columns
from socialcap.survey.raw import RawColumn

KOBO_TAIL = {
    "_id",
    "_uuid",
    "_submission_time",
    "_validation_status",
    "_notes",
    "_status",
    "_submitted_by",
    "__version__",
    "_tags",
    "_index",
}
ODK_OWN = {"SubmissionDate", "KEY", "SubmitterID", "SubmitterName", "DeviceID", "FormVersion", "ReviewState"}
ROLES = {"start": Role.START_TIME, "end": Role.END_TIME, "_id": Role.ID, "KEY": Role.ID}
SENT = ("_submission_time", "SubmissionDate")
PERSONAL = {
    "_submitted_by",
    "_geolocation",
    "username",
    "deviceid",
    "subscriberid",
    "simserial",
    "phonenumber",
    "imei",
    "email",
    "SubmitterID",
    "SubmitterName",
    "DeviceID",
}
POSITION = ("latitude", "longitude", "altitude", "precision", "accuracy")
TRUNCATED = "<WARNING: Truncated"
FEWEST_OWN = 3
XML_NAME = re.compile(r"[A-Za-z_][\w.-]*")
# Columns of a repeat group's own sheet, by which its rows point to the form's.
REPEAT = "_parent_index"


def detect(grid: Grid) -> bool:
    """Enough of the columns that the server adds."""
    names = set(header(grid))
    return len(names & KOBO_TAIL) >= FEWEST_OWN or {"SubmissionDate", "KEY"} <= names


def parse(grid: Grid) -> Parsed:
    """Columns under their question names, without group prefixes where these are not needed.

    `q/a` beside `q` is the column of answer `a` to the multiple choice `q`; blank ones stay blank.
    """
    names = header(grid)
    paths = _paths(names, "-" if "KEY" in names and "SubmissionDate" in names else "/")
    options = _options(names)
    keys, notes, problems = unique_keys(grid, _short(names, paths, options), _is_label)
    cells = body(grid, 1)
    positions = _positions(names)
    return Parsed(
        columns=tuple(
            RawColumn(
                key=key,
                header=written,
                option=options.get(name, ""),
                role=_role(name, names),
                personal=name in PERSONAL or name in positions,
            )
            for key, written, name in zip(keys, grid.row(0), names, strict=True)
        ),
        cells=cells,
        list_separator=" ",
        notes=(*notes, *_sheet_notes(grid, names), *_truncated(grid, names, cells)),
        problems=(*unnamed_columns(grid, names), *problems),
    )


def _is_label(key: str) -> bool:
    """Whether a header is a question's words, which may stand twice, and not its name, which may not."""
    return not all(XML_NAME.fullmatch(part) for part in key.split("/"))


def _options(names: Sequence[str]) -> dict[str, str]:
    """Headers `q/a` whose question `q` has a column of its own, with their answer `a`."""
    known = set(names)
    found = {}
    for name in names:
        question, slash, answer = name.rpartition("/")
        if slash and question in known:
            found[name] = answer
    return found


def _paths(names: Sequence[str], mark: str) -> dict[str, str]:
    """The last part of every header that is a path of XML names."""
    found = {}
    for name in names:
        parts = name.split(mark)
        if len(parts) > 1 and all(XML_NAME.fullmatch(part) for part in parts):
            found[name] = parts[-1]
    return found


def _short(names: Sequence[str], paths: dict[str, str], options: dict[str, str]) -> list[str]:
    """Question names without their groups, where no other question has the same name."""
    questions = {name: paths.get(name, name) for name in names if name not in options}
    used = Counter(questions.values())
    short = {name: last if used[last] == 1 else name for name, last in questions.items()}
    return [
        f"{short[name.rpartition('/')[0]]}/{options[name]}"
        if name in options and name.rpartition("/")[0] in short
        else short.get(name, name)
        for name in names
    ]


def _role(name: str, names: Sequence[str]) -> Role:
    if name in SENT and "end" not in names:
        return Role.END_TIME
    return ROLES.get(name, Role.NONE)


def _positions(names: Sequence[str]) -> set[str]:
    """GPS questions: `q` with `_q_latitude`, `_q_longitude` beside it, or `q-Latitude` in ODK."""
    known = {name.casefold(): name for name in names}
    found = set()
    for name in names:
        group, slash, last = name.rpartition("/")
        prefix = group + slash
        parts = [
            known.get(part.casefold())
            for axis in POSITION
            for part in (f"{prefix}_{last}_{axis}", f"_{name}_{axis}", f"{name}-{axis}")
        ]
        if any(parts):
            found |= {name, *(part for part in parts if part)}
        for mark in ("-", "_"):
            stem, there, axis = name.rpartition(mark)
            if there and axis.casefold() in POSITION:
                partner = {f"{stem}{mark}{other}".casefold() for other in ("latitude", "longitude")}
                if partner <= set(known):
                    found.add(name)
    return found


def _sheet_notes(grid: Grid, names: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if grid.other_sheets:
        listed = ", ".join(grid.other_sheets)
        notes.append(
            f"repeat groups have sheets of their own, several rows a respondent, that are not read: {listed}"
        )
    if REPEAT in names:
        notes.append("this sheet is a repeat group: it has several rows a respondent")
    return tuple(notes)


def _truncated(grid: Grid, names: Sequence[str], cells: pa.Table) -> tuple[str, ...]:
    notes = []
    for name, column in zip(names, cells.itercolumns(), strict=True):
        cut = pc.starts_with(column, TRUNCATED).to_numpy()
        if cut.any():
            rows = grid.row_numbers[1:][cut].tolist()
            notes.append(f"cells of {name!r} were truncated by the platform's export (rows {row_list(rows)})")
    return tuple(notes)
