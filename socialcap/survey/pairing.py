"""Value labels of 问卷星 answers: the same export once by text and once by number."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from socialcap.codebook import Role
from socialcap.errors import Problem, UnreadableError
from socialcap.survey.platforms.wjx import NUMBER_MARKERS, ROLES, TEXT_MARKERS
from socialcap.survey.raw import RawColumn, RawSurvey

CODE = re.compile(r"\d+")
NUMBERED = re.compile(r"第?(\d+)[、题]")


def with_value_labels(text: RawSurvey, numbers: RawSurvey) -> RawSurvey:
    """The export by text, its choice questions labelled by what stands in the same cells by number.

    Respondents are matched by their id (序号). A question of which a number stands for two texts gets no
    labels, and a note says so. Raises UnreadableError if the two files differ in columns or respondents.
    """
    problems = [*_lacking(text, numbers, "number"), *_lacking(numbers, text, "text")]
    order, unmatched = _order(text, numbers)
    problems += unmatched
    if problems:
        raise UnreadableError("the exports by text and by number are not of the same answers", problems)
    notes = []
    columns = []
    for column in text.columns:
        if column.key not in numbers.cells:
            columns.append(column)
            continue
        labels, note = _labels(column, text, numbers.cells[column.key].iloc[order])
        columns.append(replace(column, value_labels=MappingProxyType(labels)) if labels else column)
        notes += [note] if note else []
    return replace(
        text,
        columns=tuple(columns),
        files=(*text.files, *numbers.files),
        notes=(*text.notes, *notes),
    )


def _lacking(one: RawSurvey, other: RawSurvey, by: str) -> list[Problem]:
    """Questions of one export that the other does not have, not even in columns of their own answers."""
    keys = {column.key for column in other.columns}
    known = {_number(key) for key in keys} - {""}
    return [
        Problem(f"the question is not in the export by {by}", one.files[0].path, 1, column.key)
        for column in one.columns
        if column.key not in keys and column.key not in ROLES and _number(column.key) not in known
    ]


def _number(key: str) -> str:
    found = NUMBERED.match(key)
    return found[1] if found else ""


def _order(text: RawSurvey, numbers: RawSurvey) -> tuple[np.ndarray, list[Problem]]:
    """For every respondent by text the position of the same respondent by number."""
    where = numbers.files[0].path
    key = next((c.key for c in text.columns if c.role is Role.ID and c.key in numbers.cells), "")
    if not key:
        if len(text.cells) == len(numbers.cells):
            return np.arange(len(text.cells)), []
        counts = f"{len(numbers.cells)} respondents against {len(text.cells)} by text"
        return np.arange(0), [Problem(f"{counts}, and no id to match them by", where)]
    known = pd.Index(numbers.cells[key])
    if not known.is_unique:
        return np.arange(0), [Problem("ids are repeated", where, None, key)]
    order = known.get_indexer(pd.Index(text.cells[key]))
    absent = text.cells[key][order < 0].tolist()
    extra = len(known) - int((order >= 0).sum())
    if absent or extra:
        message = f"{len(absent)} respondents are not in the export by number, {extra} only there"
        return order, [Problem(message, where, None, key, ", ".join(absent[:20]))]
    return order, []


def _labels(column: RawColumn, text: RawSurvey, numbers: pd.Series) -> tuple[dict[str, str], str]:
    """Text by code, in the order of the codes; a question whose texts and numbers are equal has none."""
    if column.role is not Role.NONE or column.personal:
        return {}, ""
    words = text.cells[column.key].reset_index(drop=True)
    pairs = pd.DataFrame({"text": words, "code": numbers.reset_index(drop=True)}).drop_duplicates()
    found: dict[str, str] = {}
    for answer, code in zip(pairs["text"], pairs["code"], strict=True):
        for label, number in _single(answer, code, text):
            if found.setdefault(number, label) != label:
                both = f"{found[number]!r} and {label!r}"
                return {}, f"{column.key!r}: {number} stands for {both}, so that it gets no value labels"
    if all(label == number for number, label in found.items()):
        return {}, ""
    return dict(sorted(found.items(), key=lambda pair: int(pair[0]))), ""


def _single(answer: str, code: str, raw: RawSurvey) -> list[tuple[str, str]]:
    """The (label, number) pairs of one cell, lists taken apart, typed extras left out."""
    if answer in TEXT_MARKERS or code in NUMBER_MARKERS or not answer or not code:
        return []
    labels = split_answers(answer, raw.list_separator, raw.extras)
    numbers = split_answers(code, raw.list_separator, raw.extras)
    if len(labels) != len(numbers) or not all(CODE.fullmatch(number) for number in numbers):
        return []
    return list(zip(labels, numbers, strict=True))


def split_answers(cell: str, separator: str, extras: tuple[str, str]) -> list[str]:
    """The answers of a cell without their typed extras; a separator inside an extra does not split."""
    opening, closing = extras
    if opening:
        cell = re.sub(f"{re.escape(opening)}[^{re.escape(closing)}]*{re.escape(closing)}?", "", cell)
    return [part.strip() for part in (cell.split(separator) if separator else [cell])]
