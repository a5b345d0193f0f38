"""One cleaned variable: its cells read, with the changes that each cell went through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Item, ItemType, MissingKind
from socialcap.survey.ledger import LedgerBuilder
from socialcap.survey.plain import plain_values
from socialcap.survey.rules import Rule
from socialcap.survey.values import Reading

BoolArray = NDArray[np.bool_]

KINDS: tuple[str, ...] = ("", *(kind.value for kind in MissingKind))
KIND_CODES: dict[MissingKind | None, int] = {
    None: 0,
    **{kind: code for code, kind in enumerate(MissingKind, start=1)},
}
KIND_DTYPE = pd.CategoricalDtype(list(KINDS))

_LAST_STEP = 100


@dataclass(frozen=True, slots=True)
class CellChange:
    """A change that depends on the respondent's other answers, at some rows (n,)."""

    where: BoolArray
    new: str
    kind: MissingKind | None
    rule: Rule
    reason: str


@dataclass
class CleanColumn:
    """A variable's cells by their unique texts, each text with its reading.

    `codes` (n,) point into `texts` and `readings`; `raw` is the text column itself. `late` are changes of
    single rows, applied after the readings; `skipped` marks rows in which the question was not asked.
    """

    name: str
    item: Item
    kind: ItemType
    raw: pd.Series
    codes: NDArray[np.int64]
    texts: Sequence[str]
    readings: Sequence[Reading]
    late: list[CellChange] = field(default_factory=list)
    skipped: BoolArray | None = None

    def values(self) -> Any:
        """Cleaned values (n,)."""
        return self._with_late([reading.text for reading in self.readings])

    def given(self) -> Any:
        """Cleaned values (n,) before reverse-coding: the answer as the respondent gave it."""
        pairs = zip(self.texts, self.readings, strict=True)
        return self._with_late([_before_reversal(text, reading)[0] for text, reading in pairs])

    def _with_late(self, texts: list[str]) -> Any:
        values = plain_values(self.codes, texts, self.kind)
        for change in self.late:
            values[change.where] = plain_values(np.zeros(1, dtype=np.int64), [change.new], self.kind)[0]
        return values

    def present(self) -> BoolArray:
        """Rows (n,) that hold a value."""
        return np.asarray(self.kind_codes() == 0)

    def kind_codes(self) -> NDArray[np.int8]:
        """Why each cell (n,) is empty, as a position in `KINDS`; 0 where there is a value."""
        by_text = np.array([KIND_CODES[reading.kind] for reading in self.readings], dtype=np.int8)
        kinds = by_text[self.codes] if by_text.size else np.empty(0, dtype=np.int8)
        for change in self.late:
            kinds[change.where] = KIND_CODES[change.kind]
        if self.skipped is not None:
            kinds[self.skipped] = KIND_CODES[MissingKind.SKIPPED]
        return kinds

    def skip(self, where: BoolArray, condition: str) -> None:
        """Makes the cells of rows in which the question was not asked missing."""
        answered = where & self.present()
        self.skipped = where
        if answered.any():
            reason = f"not asked where {condition}"
            self.late.append(CellChange(answered, "", MissingKind.SKIPPED, Rule.NOT_ASKED, reason))

    def record(self, ledger: LedgerBuilder) -> None:
        """Writes every change of every cell into the ledger, in order."""
        not_turned = np.zeros(len(self.codes), dtype=bool)
        for change in self.late:
            not_turned |= change.where
        depth = max((len(reading.changes) for reading in self.readings), default=0)
        for step in range(depth):
            self._record_step(ledger, step, not_turned)
        self._record_late(ledger)

    def _record_step(self, ledger: LedgerBuilder, step: int, not_turned: BoolArray) -> None:
        codes = np.zeros((4, len(self.readings)), dtype=np.int32)
        has = np.zeros(len(self.readings), dtype=bool)
        turned = np.zeros(len(self.readings), dtype=bool)
        for at, (text, reading) in enumerate(zip(self.texts, self.readings, strict=True)):
            if len(reading.changes) <= step:
                continue
            change = reading.changes[step]
            has[at], turned[at] = True, change.rule is Rule.REVERSED
            old = reading.changes[step - 1].new if step else text
            codes[:, at] = _change_codes(ledger, old, change.new, change.rule, change.reason)
        chosen = has[self.codes]
        if turned.any():
            chosen &= ~(turned[self.codes] & not_turned)
        positions = np.flatnonzero(chosen)
        ledger.add(self.name, positions, step, *codes[:, self.codes[positions]])

    def _record_late(self, ledger: LedgerBuilder) -> None:
        if not self.late:
            return
        pairs = zip(self.texts, self.readings, strict=True)
        before = [_before_reversal(text, reading)[1] for text, reading in pairs]
        overridden: dict[int, str] = {}
        for number, change in enumerate(self.late):
            positions = np.flatnonzero(change.where)
            used = np.unique(self.codes[positions])
            olds = np.zeros(len(before), dtype=np.int32)
            for at in used:
                olds[at] = ledger.code("text", before[at])
            old = olds[self.codes[positions]]
            for earlier, text in overridden.items():
                old[self.late[earlier].where[positions]] = ledger.code("text", text)
            new, rule, reason = _change_codes(ledger, "", change.new, change.rule, change.reason)[1:]
            fixed = [np.full(positions.size, code, dtype=np.int32) for code in (new, rule, reason)]
            ledger.add(self.name, positions, _LAST_STEP + number, old, *fixed)
            overridden[number] = change.new


def _change_codes(ledger: LedgerBuilder, old: str, new: str, rule: Rule, reason: str) -> tuple[int, ...]:
    return (
        ledger.code("text", old),
        ledger.code("text", new),
        ledger.code("rule", rule.value),
        ledger.code("reason", reason),
    )


def _before_reversal(text: str, reading: Reading) -> tuple[str, str]:
    """The cleaned value before reverse-coding, and the text that the cell holds at that point."""
    changes = reading.changes
    if changes and changes[-1].rule is Rule.REVERSED:
        held = changes[-2].new if len(changes) > 1 else text
        return held, held
    return reading.text, changes[-1].new if changes else text
