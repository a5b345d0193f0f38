"""LimeSurvey: question codes with sub-questions in brackets, multiple choice as Y or empty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

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
    "id": Role.ID,
    "Response ID": Role.ID,
    "startdate": Role.START_TIME,
    "Date started": Role.START_TIME,
    "submitdate": Role.END_TIME,
    "Date submitted": Role.END_TIME,
    "interviewtime": Role.DURATION,
    "Total time": Role.DURATION,
}
OWN = {
    *ROLES,
    "lastpage",
    "Last page",
    "startlanguage",
    "Start language",
    "seed",
    "Seed",
    "token",
    "datestamp",
    "Date last action",
    "ipaddr",
    "IP address",
    "refurl",
    "Referrer URL",
}
LEADING = (
    {"id", "submitdate", "lastpage", "startlanguage"},
    {"Response ID", "Date submitted", "Last page", "Start language"},
)
FEWEST_LEADING = 3
PERSONAL = {"ipaddr", "IP address", "token", "firstname", "lastname", "email"}
BRACKETED = re.compile(r"([A-Za-z][A-Za-z0-9]*)\[([A-Za-z0-9]+)\](.*)", re.DOTALL)
UNDERSCORED = re.compile(r"([A-Za-z][A-Za-z0-9]*)_([A-Za-z0-9]+)")
TEXTED = re.compile(r"([A-Za-z][A-Za-z0-9]*(?:\[[^\]]+\])*)\. (.+)", re.DOTALL)
OTHER = ("other", "comment")
TICKED = ("Y", "", "null")
ANSWERED = ("Yes", "No", "N/A", "")
NOT_SHOWN = {"N/A": MissingKind.SKIPPED}
# A question that did not apply to the respondent, where the export tells it from an empty answer.
MARKERS = MappingProxyType({"null": MissingKind.SKIPPED})


def detect(grid: Grid) -> bool:
    """The columns that every response table begins with, by code or in words."""
    names = set(header(grid))
    return any(len(names & leading) >= FEWEST_LEADING for leading in LEADING)


def parse(grid: Grid) -> Parsed:
    """Columns under their codes; an apostrophe that the export set before `=` is taken away again."""
    names = header(grid)
    coded = [TEXTED.fullmatch(name) for name in names]
    codes = [match[1] if match else name for match, name in zip(coded, names, strict=True)]
    keys, notes, problems = unique_keys(grid, codes)
    cells = _without_guards(body(grid, 1))
    options = _options(codes, cells)
    return Parsed(
        columns=tuple(
            RawColumn(
                key=key,
                header=written,
                label=match[2] if match else "",
                option=options.get(code, ""),
                own_words=options.get(code, "") == "other",
                role=ROLES.get(code, Role.NONE),
                personal=code in PERSONAL,
                missing=MappingProxyType(NOT_SHOWN if _in_words(column) else {}),
            )
            for key, written, code, match, column in zip(
                keys, grid.row(0), codes, coded, cells.itercolumns(), strict=True
            )
        ),
        cells=cells,
        markers=MARKERS,
        notes=notes,
        problems=(*unnamed_columns(grid, names), *problems),
    )


def _options(codes: Sequence[str], cells: pa.Table) -> dict[str, str]:
    """Sub-questions that are answers of a multiple choice: all of a question's hold `Y` or nothing."""
    parts: dict[str, dict[str, str]] = {}
    for code in codes:
        match = BRACKETED.fullmatch(code) or UNDERSCORED.fullmatch(code)
        if match and code not in OWN and not (match.re is BRACKETED and match[3]):
            parts.setdefault(match[1], {})[code] = match[2]
    found = {}
    position = {code: at for at, code in enumerate(codes)}
    for answers in parts.values():
        closed = [code for code, answer in answers.items() if not answer.endswith(OTHER)]
        columns = [cells.column(position[code]) for code in closed]
        if columns and all(holds_only(c, TICKED) for c in columns) and any(contains(c, "Y") for c in columns):
            found.update({code: answer for code, answer in answers.items() if not answer.endswith("comment")})
    return found


def _in_words(column: pa.ChunkedArray) -> bool:
    """Whether a yes-no question stands in words: then N/A says that it was not shown."""
    return holds_only(column, ANSWERED) and contains(column, "N/A")


def _without_guards(cells: pa.Table) -> pa.Table:
    for position, column in enumerate(cells.itercolumns()):
        guarded = pc.starts_with(column, "'=")
        if pc.any(guarded).as_py():
            bare = pc.utf8_slice_codeunits(column, 1)
            cells = cells.set_column(position, str(position), pc.if_else(guarded, bare, column))
    return cells
