"""The record of every changed cell: building it, replaying it, writing it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, ItemType
from socialcap.errors import UsageError
from socialcap.survey.plain import plain_values
from socialcap.writing import safe_cell

COLUMNS = ("row", "respondent", "variable", "old", "new", "rule", "reason")

IntArray = NDArray[np.int64]


class LedgerBuilder:
    """Collects changes column by column; texts are kept once, as the categories of the finished ledger."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[str, int]] = {name: {} for name in ("text", "variable", "rule", "reason")}
        self._parts: dict[int, list[tuple[NDArray[Any], ...]]] = {}

    def code(self, kind: str, text: str) -> int:
        """The number under which a text is kept."""
        known = self._texts[kind]
        return known.setdefault(text, len(known))

    def add(
        self,
        variable: str,
        positions: IntArray,
        step: int,
        old: NDArray[np.int32],
        new: NDArray[np.int32],
        rule: NDArray[np.int32],
        reason: NDArray[np.int32],
    ) -> None:
        """Adds one step of change at the given row positions (n,); the other arrays (n,) hold codes."""
        if positions.size:
            order = np.full(positions.size, step, dtype=np.int8)
            part = (positions.astype(np.int32), order, old, new, _small(rule), _small(reason))
            self._parts.setdefault(self.code("variable", variable), []).append(part)

    def build(self, rows: IntArray, respondents: NDArray[np.object_]) -> pd.DataFrame:
        """The ledger, by variable, row and step; `rows` and `respondents` name the row positions."""
        variables = {code: _in_order(parts) for code, parts in sorted(self._parts.items())}
        self._parts.clear()
        sizes = [len(part[0]) for part in variables.values()]
        variable = np.repeat(np.array(list(variables), dtype=np.int16), sizes)
        if variables:
            columns = zip(*variables.values(), strict=True)
            positions, old, new, rule, reason = (np.concatenate(column) for column in columns)
        else:
            positions = old = new = rule = reason = np.empty(0, dtype=np.int32)
        variables.clear()
        codes, people = pd.factorize(respondents)
        return pd.DataFrame(
            {
                "row": rows[positions],
                "respondent": _categories(codes[positions] if len(codes) else positions, list(people)),
                "variable": _categories(variable, list(self._texts["variable"])),
                "old": _categories(old, list(self._texts["text"])),
                "new": _categories(new, list(self._texts["text"])),
                "rule": _categories(rule, list(self._texts["rule"])),
                "reason": _categories(reason, list(self._texts["reason"])),
            },
            copy=False,
        )


def _small(codes: NDArray[np.int32]) -> NDArray[Any]:
    return codes.astype(np.int16) if codes.max() < 2**15 else codes


def _in_order(parts: list[tuple[NDArray[Any], ...]]) -> tuple[NDArray[Any], ...]:
    """One variable's changes by row, then step: positions, old, new, rule, reason."""
    if len(parts) == 1:
        return (parts[0][0], *parts[0][2:])
    positions, step, *others = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((step, positions))
    return (positions[order], *(array[order] for array in others))


def _categories(codes: NDArray[Any], texts: list[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype="str"), validate=False)


def variable_types(book: Codebook, names: Iterable[str]) -> dict[str, ItemType]:
    """How the cleaned text of each column is read: options of a multiple-choice item are numbers.

    Raises UsageError for a column that belongs to no variable of the codebook.
    """
    known: dict[str, ItemType] = {}
    for item in book:
        known[item.name] = item.type
        known.setdefault(f"{item.name}_text", ItemType.TEXT)
        if item.type is ItemType.MULTIPLE:
            for option in book.options(item):
                known[f"{item.name}_{option.code}"] = ItemType.MULTIPLE
    try:
        return {name: known[name] for name in names}
    except KeyError as error:
        raise UsageError(f"the codebook has no variable {error.args[0]!r}") from None


def replay(raw: pd.DataFrame, ledger: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """The cleaned data: the raw text with the ledger's changes applied in order, then plainly read.

    `raw` has one text column per variable and unique row labels. Raises UsageError where a change does not
    start from the text that the cell holds at that point, or stands in a row or variable that `raw` lacks.
    """
    types = variable_types(codebook, [str(name) for name in raw.columns])
    strangers = set(ledger["variable"].astype(str).unique()) - set(types)
    if strangers:
        raise UsageError(f"the ledger changes variables without raw data: {', '.join(sorted(strangers))}")
    columns = ledger["variable"].to_numpy(dtype=object)
    places = raw.index.get_indexer(pd.Index(ledger["row"]))
    if (places < 0).any():
        row = ledger["row"].to_numpy()[places < 0][0]
        raise UsageError(f"the ledger changes row {row}, which the raw data lack")
    olds, news = ledger["old"].to_numpy(dtype=object), ledger["new"].to_numpy(dtype=object)
    found: dict[str, Any] = {}
    for name, kind in types.items():
        text = raw[name].to_numpy(dtype=object).copy()
        here = np.flatnonzero(columns == name)
        _apply(name, text, places[here], olds[here], news[here], raw.index)
        codes, uniques = pd.factorize(text)
        found[name] = plain_values(codes, list(uniques), kind)
    return pd.DataFrame(found, index=raw.index, columns=raw.columns)


def _apply(
    name: str,
    text: NDArray[np.object_],
    places: NDArray[np.intp],
    old: NDArray[np.object_],
    new: NDArray[np.object_],
    index: pd.Index,
) -> None:
    """Writes a variable's changes into its cells, each checked to start where the one before it ended."""
    if not places.size:
        return
    order = np.argsort(places, kind="stable")
    places, old, new = places[order], old[order], new[order]
    first = np.r_[True, places[1:] != places[:-1]]
    before = np.where(first, text[places], np.r_[np.array([""], dtype=object), new[:-1]])
    broken = np.flatnonzero(before != old)
    if broken.size:
        at = broken[0]
        raise UsageError(
            f"row {index[places[at]]}, {name}: the ledger changes {old[at]!r}, the cell holds {before[at]!r}"
        )
    last = np.r_[places[1:] != places[:-1], True]
    text[places[last]] = new[last]


def write_csv(frame: pd.DataFrame, target: str | Path | IO[bytes], *, index: bool = True) -> None:
    """Writes a frame as UTF-8 CSV (with a byte-order mark, for spreadsheets), every text cell made safe."""
    safe = frame.reset_index() if index else frame
    columns: Mapping[str, Any] = {str(name): _safe_column(safe[name]) for name in safe.columns}
    headings = [safe_cell(name) for name in columns]
    ready = pd.DataFrame(columns, copy=False)
    ready.columns = pd.Index(headings)
    ready.to_csv(target, index=False, encoding="utf-8-sig", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)


def _safe_column(column: pd.Series) -> pd.Series:
    """The column with its texts made safe; numbers, truth values and dates cannot be formulas."""
    plain_kinds = (
        pd.api.types.is_numeric_dtype,
        pd.api.types.is_bool_dtype,
        pd.api.types.is_datetime64_any_dtype,
    )
    if any(is_kind(column.dtype) for is_kind in plain_kinds):
        return column
    codes, texts = pd.factorize(column)
    safe = pd.array([safe_cell(str(text)) for text in texts], dtype="str")
    return pd.Series(safe.take(codes, allow_fill=True), index=column.index)
