"""Multiple-choice questions: a 0/1 column per option, from a list in one cell or a column for each option."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option
from socialcap.codebook.folding import fold, tidy
from socialcap.survey.columns import CellChange, CleanColumn
from socialcap.survey.raw import RawColumn, RawSurvey
from socialcap.survey.rules import Rule
from socialcap.survey.values import Change, Reading, ValueReader

_TICKED = frozenset(
    map(fold, ("1", "y", "yes", "true", "x", "✓", "✔", "√", "☑", "是", "checked", "selected"))
)
_EMPTY_BOX = frozenset(
    map(fold, ("0", "n", "no", "false", "否", "☐", "unchecked", "not selected", "unselected"))
)


def answers_of(item: Item, book: Codebook) -> tuple[Option, ...]:
    """The options that get a column: those that are answers."""
    return tuple(option for option in book.options(item) if option.missing is None)


def read_list(
    item: Item, book: Codebook, raw: RawSurvey, column: RawColumn, reader: ValueReader
) -> list[CleanColumn]:
    """The 0/1 columns of a question whose answers stand in one cell, with a text column if extras occur.

    An option that the cell names is 1, the others 0. A cell without an answer is missing in every column. If
    a part of the cell names no option, the options that it does name are 1 and the others unreadable: the
    part may have meant any of them.
    """
    cells = raw.cells[column.key]
    codes, texts = pd.factorize(cells)
    split = [_split(text, raw.list_separator, raw.extras, reader) for text in texts]
    found = []
    for option in answers_of(item, book):
        pairs = zip(texts, split, strict=True)
        readings = [_option_reading(text, parts, option, reader) for text, parts in pairs]
        name = f"{item.name}_{option.code}"
        found.append(CleanColumn(name, item, ItemType.MULTIPLE, cells, codes, list(texts), readings))
    extras = ["; ".join(extra for _, _, extra in parts if extra) for parts in split]
    if any(extras):
        found.append(extra_column(item, cells, codes, list(texts), extras, reader))
    return found


def extra_column(
    item: Item,
    cells: pd.Series,
    codes: NDArray[np.int64],
    texts: list[str],
    extras: Sequence[str],
    reader: ValueReader,
) -> CleanColumn:
    """The text column of what respondents typed behind an answer; where nothing stands, nothing was asked."""
    readings = []
    for text, extra in zip(texts, extras, strict=True):
        reading = reader.no_answer(text)
        if reading is None:
            kind = None if extra else MissingKind.SKIPPED
            changes = (Change(extra, Rule.SPLIT, "text behind the answer"),) if extra != text else ()
            reading = Reading(extra, kind, changes)
        readings.append(reading)
    return CleanColumn(f"{item.name}_text", item, ItemType.TEXT, cells, codes, texts, readings)


def _split(
    text: str, separator: str, extras: tuple[str, str], reader: ValueReader
) -> list[tuple[str, Option | None, str]]:
    """Each answer in a cell: its words, the option that it names, and the text behind it."""
    if not text or reader.no_answer(text) is not None:
        return []
    whole = reader.options.find(text)
    if whole is not None:
        return [(text, whole, "")]
    parts = [part for part in _pieces(text, separator, extras) if fold(part)]
    found = []
    # The words of an option may hold the separator: "Other, please say".
    most = 1 + max((words.count(fold(separator) or " ") for words in reader.options.by_words), default=0)
    while parts:
        part, used = _longest_option(parts[:most], separator, reader)
        answer, extra = reader.without_extra(part)
        found.append((answer, reader.options.find(answer), extra))
        parts = parts[used:]
    return found


def _longest_option(parts: Sequence[str], separator: str, reader: ValueReader) -> tuple[str, int]:
    """As many of the leading parts as name one option together, else the first; and how many they are."""
    for used in range(len(parts), 1, -1):
        together = separator.join(parts[:used])
        if reader.options.find(together) is not None:
            return together, used
    return parts[0], 1


def unknown_parts(text: str, kind: ItemType, raw: RawSurvey, reader: ValueReader) -> list[str]:
    """What in an unreadable cell names no option: the parts of a list, or the whole cell."""
    if kind is not ItemType.MULTIPLE:
        return [text]
    return [words for words, part, _ in _split(text, raw.list_separator, raw.extras, reader) if part is None]


def _pieces(text: str, separator: str, extras: tuple[str, str]) -> list[str]:
    """The cell's parts: split at the separator, but not inside the brackets of an extra."""
    if not separator:
        return [text]
    opening, closing = map(re.escape, extras)
    inside = f"{opening}.*?{closing}|" if opening else ""
    pattern = re.compile(f"(?:{inside}(?!{re.escape(separator)}).)+", re.DOTALL)
    return pattern.findall(text)


def _option_reading(
    text: str, parts: list[tuple[str, Option | None, str]], option: Option, reader: ValueReader
) -> Reading:
    no_answer = reader.no_answer(text)
    if no_answer is not None:
        return no_answer
    named = [part for _, part, _ in parts if part is not None]
    if any(part.code == option.code for part in named):
        return Reading("1", None, () if text == "1" else (Change("1", Rule.SPLIT, "named in the list"),))
    unknown = [words for words, part, _ in parts if part is None]
    if unknown or not named:
        near = reader.options.nearest(unknown[0]) if unknown else None
        reason = "a part names no option" + (f"; nearest: {near.code}" if near is not None else "")
        return Reading("", MissingKind.UNREADABLE, (Change("", Rule.UNREADABLE, reason),))
    missing = next((part for part in named if part.missing is not None), None)
    if missing is not None:
        reason = f"option {missing.code} means: {missing.missing}"
        return Reading("", missing.missing, (Change("", Rule.MISSING_OPTION, reason),))
    return Reading("0", None, () if text == "0" else (Change("0", Rule.SPLIT, "not named in the list"),))


def read_block(
    item: Item, raw: RawSurvey, columns: Sequence[tuple[Option, RawColumn, ValueReader]]
) -> list[CleanColumn]:
    """The 0/1 columns of a question with a column per option.

    Where the block writes empty boxes as 0 (KoboToolbox), an empty cell is missing. Where it writes ticks
    only (LimeSurvey's Y, a code or label per column), an empty cell counts as not ticked for a respondent
    with at least one tick in the block, and as blank for one with none: an unanswered question and one with
    nothing to tick cannot be told apart. A column of respondents' own words counts as ticked where there are
    any, and gives a text column besides.
    """
    found: list[CleanColumn] = []
    refusals: list[tuple[str, MissingKind, CleanColumn]] = []
    words: list[CleanColumn] = []
    for option, column, reader in columns:
        cells = raw.cells[column.key]
        codes, texts = pd.factorize(cells)
        readings = [_box(text, option, column, reader) for text in texts]
        name = f"{item.name}_{option.code}"
        block = CleanColumn(name, item, ItemType.MULTIPLE, cells, codes, list(texts), readings)
        if any(reading.extra for reading in readings) and not words:
            words.append(_words_column(block, reader))
        if option.missing is None:
            found.append(block)
        else:
            refusals.append((option.code, option.missing, block))
    _tick_empty(found)
    for code, kind, block in refusals:
        _refuse(found, code, kind, block)
    return found + words


def _words_column(block: CleanColumn, reader: ValueReader) -> CleanColumn:
    """The text column of a column of own words; where there are none, nothing was asked."""
    extras = [reading.extra for reading in block.readings]
    text = extra_column(block.item, block.raw, block.codes, list(block.texts), extras, reader)
    not_asked = Reading("", MissingKind.SKIPPED)
    readings = [r if t else not_asked for t, r in zip(text.texts, text.readings, strict=True)]
    return replace(text, readings=readings)


def _refuse(found: Sequence[CleanColumn], code: str, kind: MissingKind, refusal: CleanColumn) -> None:
    """Makes the answers of those who ticked an option that means no answer, and no other, missing."""
    refused = np.asarray(refusal.values()) == 1
    for column in found:
        refused &= ~(np.asarray(column.values()) == 1)
    if refused.any():
        for column in found:
            reason = f"option {code} means: {kind.value}"
            column.late.append(CellChange(refused, "", kind, Rule.MISSING_OPTION, reason))


def _tick_empty(found: Sequence[CleanColumn]) -> None:
    """Where a block writes ticks only: 0 in the empty cells of respondents with a tick in it."""
    if not found or any(reading.text == "0" for column in found for reading in column.readings):
        return
    ticked = np.zeros(len(found[0].codes), dtype=bool)
    for column in found:
        ticked |= column.present()
    for column in found:
        blank = np.array([not text for text in column.texts], dtype=bool)
        empty = ticked & blank[column.codes] if blank.size else ticked
        if empty.any():
            reason = "another option of the question is ticked"
            column.late.append(CellChange(empty, "0", None, Rule.NOT_TICKED, reason))


def _box(text: str, option: Option, column: RawColumn, reader: ValueReader) -> Reading:
    no_answer = reader.no_answer(text)
    if no_answer is not None:
        return no_answer
    if column.own_words:
        extra = "" if fold(text) in _TICKED else tidy(text)
        changes = (Change("1", Rule.SPLIT, "own words stand for the answer"),) if text != "1" else ()
        return Reading("1", None, changes, extra)
    label = fold(column.value_labels.get(text, ""))
    if text in ("0", "1") and label not in (_EMPTY_BOX if text == "1" else _TICKED):
        return Reading(text)
    if label in _TICKED | _EMPTY_BOX:
        box = "1" if label in _TICKED else "0"
        return Reading(
            box, None, (Change(box, Rule.LABEL, f"the file's label: {column.value_labels[text]}"),)
        )
    words = {fold(text), label} - {""}
    named = {fold(option.code), fold(option.label.en), fold(option.label.zh), fold(column.option)} - {""}
    if words & (_TICKED | named) or fold(text) in ("1.0",):
        return Reading("1", None, (Change("1", Rule.CODE_FORM, "ticked"),))
    if words & _EMPTY_BOX or fold(text) in ("0.0",):
        return Reading("0", None, (Change("0", Rule.CODE_FORM, "not ticked"),))
    return Reading("", MissingKind.UNREADABLE, (Change("", Rule.UNREADABLE, "neither ticked nor empty"),))
