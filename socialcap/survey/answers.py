"""The answers as the quality indices need them: which items, in which coding, asked or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Role
from socialcap.codebook.folding import fold, tidy
from socialcap.codebook.ranges import scale_range
from socialcap.errors import UsageError
from socialcap.kernels import FloatArray, IntArray, careless
from socialcap.results import Text

# What respondents are asked about, as against what the platform or the field team notes down.
_SUBSTANTIVE = frozenset({Role.NONE, Role.ITEM, Role.OUTCOME, Role.CONTROL, Role.CLUSTER})
_SCALE = frozenset({Role.NONE, Role.ITEM, Role.OUTCOME})

_NOTES = (
    Text(
        "Longest run and standard deviation (divisor m − 1): answers as given, before reverse-coding, of the "
        "{items} ordinal items on the range {low:g} to {high:g}; a cell without an answer is passed over.",
        "最长连续数与个体内标准差（除数 m − 1）：反向计分前的原始答案，"
        "取值 {low:g}–{high:g} 的 {items} 道等级题；缺答跳过。",
    ),
    Text(
        "Even-odd consistency: correlation of scale halves over {scales} scales, stepped up by "
        "Spearman-Brown; high is consistent.",
        "奇偶一致性：{scales} 个量表奇偶两半的相关，经 Spearman-Brown 校正；越高越一致。",
    ),
    Text(
        "Mahalanobis D²: over the answers given to {ordinal} ordinal items, means and covariances pair by "
        "pair; degrees of freedom = answers given.",
        "马氏距离 D²：{ordinal} 道等级题中已作答者，均值与协方差按成对可用样本；自由度为已答题数。",
    ),
    Text(
        "Share without an answer: over the questions asked; skipped by routing and open texts do not count.",
        "未作答比例：以被问到的题目为分母；跳题与开放题不计。",
    ),
)


@dataclass(frozen=True)
class Answers:
    """The cleaned data and their codebook, and of each cell without a value the kind (None = not known)."""

    cleaned: pd.DataFrame
    book: Codebook
    kinds: pd.DataFrame | None

    @cached_property
    def ordinal(self) -> list[Item]:
        """Ordinal items about the respondent's views and situation (controls and checks left out)."""
        return [
            item
            for item in self.book
            if item.type is ItemType.ORDINAL and item.role in _SCALE and item.name in self.cleaned
        ]

    @cached_property
    def _ranges(self) -> dict[tuple[float, float], list[Item]]:
        found: dict[tuple[float, float], list[Item]] = {}
        for item in self.ordinal:
            bounds = scale_range(item, self.book)
            if bounds is not None:
                found.setdefault(bounds, []).append(item)
        return found

    @cached_property
    def common_range(self) -> tuple[float, float] | None:
        """The range that most ordinal items share; the first in the questionnaire of several."""
        return max(self._ranges, key=lambda bounds: len(self._ranges[bounds]), default=None)

    @cached_property
    def common(self) -> list[Item]:
        """The ordinal items on the common range, in questionnaire order."""
        return self._ranges[self.common_range] if self.common_range is not None else []

    @cached_property
    def coded(self) -> FloatArray:
        """Answers (n, p) to the common items, reverse-coded."""
        return self.numbers(self.common)

    def as_given(self) -> FloatArray:
        """Answers (n, p) to the common items as the respondents gave them."""
        reverse = np.array([item.reverse for item in self.common], dtype=bool)
        if self.common_range is None or not reverse.any():
            return self.coded
        return np.where(reverse, sum(self.common_range) - self.coded, self.coded)

    def numbers(self, items: list[Item]) -> FloatArray:
        """Columns of numeric items as floats (n, p)."""
        return self.cleaned[[item.name for item in items]].to_numpy(dtype=float, na_value=np.nan)

    def scales(self) -> list[list[int]]:
        """Positions among the common items of every scale that has two of them."""
        found: dict[str, list[int]] = {}
        for position, item in enumerate(self.common):
            if item.scale:
                found.setdefault(item.scale, []).append(position)
        return [positions for positions in found.values() if len(positions) > 1]

    def columns(self, item: Item) -> list[str]:
        """The item's columns in the cleaned data: one, or one per option of a multiple-choice question."""
        names = [item.name]
        if item.type is ItemType.MULTIPLE:
            names = [f"{item.name}_{option.code}" for option in self.book.options(item)]
        return [name for name in names if name in self.cleaned]

    def questions(self) -> list[tuple[Item, list[str]]]:
        """Everything that respondents were asked, with its columns."""
        found = [
            (item, self.columns(item)) for item in self.book if item.role in _SUBSTANTIVE and not item.pii
        ]
        return [(item, columns) for item, columns in found if columns]

    def id_groups(self) -> IntArray | None:
        """A label per row that rows with the same id share, outer white space aside; −1 where there is none."""
        ids = [item.name for item in self.book.with_role(Role.ID) if item.name in self.cleaned]
        if not ids:
            return None
        values = self.cleaned[ids[0]]
        if not pd.api.types.is_numeric_dtype(values.dtype):
            values = values.map(lambda value: tidy(str(value)) or None, na_action="ignore")
        return pd.factorize(values)[0].astype(np.int64)

    def duplicate_ids(self) -> FloatArray | None:
        """How many rows carry the row's id."""
        groups = self.id_groups()
        return None if groups is None else np.where(groups >= 0, group_sizes(groups), np.nan)

    def duration(self) -> FloatArray | None:
        """Seconds spent on the questionnaire: as measured by the platform, else from start to end."""
        timed = [item.name for item in self.book.with_role(Role.DURATION) if item.name in self.cleaned]
        if timed:
            return self.cleaned[timed[0]].to_numpy(dtype=float, na_value=np.nan)
        ends = [
            [item.name for item in self.book.with_role(role) if item.name in self.cleaned]
            for role in (Role.START_TIME, Role.END_TIME)
        ]
        if not all(ends):
            return None
        elapsed = self.cleaned[ends[1][0]] - self.cleaned[ends[0][0]]
        return np.asarray(elapsed.dt.total_seconds(), dtype=float)

    def failed_checks(self) -> FloatArray | None:
        """How many attention checks each row failed; NaN where it answered none."""
        checks = [item for item in self.book.with_role(Role.ATTENTION) if item.check and self.columns(item)]
        if not checks:
            return None
        failed, answered = np.zeros(len(self.cleaned)), np.zeros(len(self.cleaned))
        for item in checks:
            if item.type is ItemType.MULTIPLE:
                raise UsageError(
                    f"attention check {item.name!r}: it must have one answer, not the type multiple"
                )
            column = self.cleaned[item.name]
            wrong = self._kind_is(item.name, MissingKind.UNREADABLE, MissingKind.OUT_OF_RANGE)
            given = column.notna().to_numpy() | wrong
            passed = _passed(column, item, self.book)
            answered += given
            failed += given & ~passed
        return np.where(answered > 0, failed, np.nan)

    def patterns(self) -> tuple[IntArray, IntArray]:
        """A label per row that rows with identical answers share, and how many questions the row answers."""
        codes, answered = [], np.zeros(len(self.cleaned), dtype=np.int64)
        for _, names in self.questions():
            present = np.zeros(len(self.cleaned), dtype=bool)
            for name in names:
                code = pd.factorize(self.cleaned[name])[0].astype(np.int32)
                codes.append(code)
                present |= code >= 0
            answered += present
        stacked = np.stack(codes, axis=1) if codes else np.empty((len(self.cleaned), 0), dtype=np.int32)
        return careless.same_rows(stacked), answered

    def missing_share(self) -> FloatArray:
        """Unanswered questions over questions asked; open texts do not count; NaN where nothing was asked."""
        asked, empty = np.zeros(len(self.cleaned)), np.zeros(len(self.cleaned))
        for item, names in self.questions():
            if item.type is ItemType.TEXT:
                continue
            absent = np.ones(len(self.cleaned), dtype=bool)
            skipped = np.ones(len(self.cleaned), dtype=bool)
            for name in names:
                absent &= self.cleaned[name].isna().to_numpy()
                skipped &= self._kind_is(name, MissingKind.SKIPPED)
            asked += ~skipped
            empty += absent & ~skipped
        share: FloatArray = np.divide(empty, asked, out=np.full(len(self.cleaned), np.nan), where=asked > 0)
        return share

    def _kind_is(self, name: str, *kinds: MissingKind) -> NDArray[np.bool_]:
        found = np.zeros(len(self.cleaned), dtype=bool)
        if self.kinds is not None and name in self.kinds:
            told = self.kinds[name].array
            for kind in kinds:
                found |= np.asarray(told == kind.value, dtype=bool)
        return found

    def notes(self) -> tuple[Text, ...]:
        """What the indices were computed on."""
        runs, halves, distance, share = _NOTES
        found = [share]
        if len(self.ordinal) > 1:
            found.insert(0, distance.format(ordinal=len(self.ordinal)))
        if self.common_range is not None:
            low, high = self.common_range
            found.insert(0, halves.format(scales=len(self.scales())))
            found.insert(0, runs.format(items=len(self.common), low=low, high=high))
        return tuple(found)


def group_sizes(groups: IntArray) -> FloatArray:
    """How many rows share each row's label."""
    _, label, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(sizes[label], dtype=float)


def _passed(column: pd.Series, item: Item, book: Codebook) -> NDArray[np.bool_]:
    """Where an attention check's answer is the one that the codebook expects, by code or by label."""
    wanted = fold(item.check)
    expected = item.check.strip()
    for option in book.options(item):
        if wanted in {fold(option.code), *map(fold, option.words)}:
            expected = option.code
    if not item.type.numeric:
        return np.array(
            [isinstance(value, str) and fold(value) == fold(expected) for value in column], dtype=bool
        )
    try:
        target = float(expected)
    except ValueError:
        raise UsageError(
            f"attention check {item.name!r} expects {item.check!r}, which is no answer of it"
        ) from None
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan) == target, dtype=bool)
