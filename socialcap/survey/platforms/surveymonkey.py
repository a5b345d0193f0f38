"""SurveyMonkey: a row of questions, and below it a row of answers or parts of each question."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from socialcap.codebook import Role
from socialcap.survey.formats.grid import Grid
from socialcap.survey.platforms.grammar import Parsed, body, header, unique_keys, unnamed_columns
from socialcap.survey.raw import RawColumn

ROLES = {
    "Respondent ID": Role.ID,
    "RespondentID": Role.ID,
    "Date Created": Role.START_TIME,
    "Date Modified": Role.END_TIME,
    "Start Date": Role.START_TIME,
    "End Date": Role.END_TIME,
    "StartDate": Role.START_TIME,
    "EndDate": Role.END_TIME,
}
OWN = {
    *ROLES,
    "Collector ID",
    "CollectorID",
    "IP Address",
    "Email Address",
    "First Name",
    "Last Name",
    "LastName",
    "FirstName",
    "Custom Data",
    "Custom Data 1",
    "Custom Value",
    "Collector Title",
}
PERSONAL = {
    "IP Address",
    "Email Address",
    "First Name",
    "FirstName",
    "Last Name",
    "LastName",
    "Custom Data",
    "Custom Data 1",
    "Custom Value",
}
RESPONDENT = ("Respondent ID", "RespondentID")
COLLECTOR = ("Collector ID", "CollectorID")
# The second row's words for a question with a single column.
SINGLE = {"", "response", "open-ended response"}
FREE = {"other (please specify)"}


def detect(grid: Grid) -> bool:
    """The respondent's column with the collector's, or with another of its own above two header rows."""
    names = header(grid)
    if not any(name in RESPONDENT for name in names):
        return False
    return any(name in COLLECTOR for name in names) or (
        sum(name in OWN for name in names) >= 2 and _second_row(grid, _continued(names))
    )


def parse(grid: Grid) -> Parsed:
    """Columns under `question — answer`, or the question alone where it has a single column.

    A blank cell in the row of questions continues the question to its left.
    """
    questions = _continued(header(grid))
    doubled = _second_row(grid, questions)
    parts = header(grid, 1) if doubled else [""] * len(questions)
    cells = body(grid, 1 + doubled)
    full = [
        question if part.casefold() in SINGLE or question in OWN else f"{question} — {part}"
        for question, part in zip(questions, parts, strict=True)
    ]
    keys, notes, problems = unique_keys(grid, full, explained=lambda key: True)
    options = _options(questions, parts, cells)
    return Parsed(
        columns=tuple(
            RawColumn(
                key=key,
                header=written or question,
                label=question if question not in OWN else "",
                option=options.get(position, ""),
                own_words=part.casefold() in FREE,
                role=ROLES.get(question, Role.NONE),
                personal=question in PERSONAL,
            )
            for position, (key, written, question, part) in enumerate(
                zip(keys, grid.row(0), questions, parts, strict=True)
            )
        ),
        cells=cells,
        header_rows=1 + doubled,
        notes=notes,
        problems=(*unnamed_columns(grid, full), *problems),
    )


def _continued(names: Sequence[str]) -> list[str]:
    full = []
    question = ""
    for name in names:
        question = name or question
        full.append(question)
    return full


def _second_row(grid: Grid, questions: Sequence[str]) -> bool:
    """Whether row 2 belongs to the header: no respondent has a row without an id."""
    below = grid.row(1)
    return bool(below) and not any(
        below[position] for position, name in enumerate(questions) if name in RESPONDENT
    )


def _options(questions: Sequence[str], parts: Sequence[str], cells: pa.Table) -> dict[int, str]:
    """Columns that are answers of a multiple choice: every one of the question's holds itself or nothing.

    The column of another answer than those offered holds the respondent's own words.
    """
    columns: dict[str, list[int]] = {}
    free: dict[str, int] = {}
    for position, (question, part) in enumerate(zip(questions, parts, strict=True)):
        if part.casefold() in FREE:
            free[question] = position
        elif part and part.casefold() not in SINGLE:
            columns.setdefault(question, []).append(position)
    found = {}
    for question, positions in columns.items():
        texts = {position: set(cells.column(position).unique().to_pylist()) - {""} for position in positions}
        if any(texts.values()) and all(texts[position] <= {parts[position]} for position in positions):
            own = [free[question]] if question in free else []
            found.update({position: parts[position] for position in (*positions, *own)})
    return found
