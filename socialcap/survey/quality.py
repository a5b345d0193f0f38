"""Which respondents may have answered carelessly: an index and a flag per rule, computed on the cleaned data.

Computing an index excludes nobody: exclusion needs a rule of the study file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook
from socialcap.kernels import FloatArray, IntArray, careless
from socialcap.kernels.moments import moments
from socialcap.plan import FlagName, QualityPart
from socialcap.results import Column, Result, Table, Text
from socialcap.survey.answers import Answers, group_sizes

FLAG_NAMES: tuple[str, ...] = get_args(FlagName)

_LABELS = {
    "duplicate_id": Text("Rows with the same id", "相同编号的行数"),
    "duplicate_answers": Text("Rows with the same answers", "答案完全相同的行数"),
    "speeder": Text("Duration (seconds)", "答题时长（秒）"),
    "attention": Text("Attention checks failed", "注意力检测未通过数"),
    "longstring": Text("Longest run of identical answers", "最长连续相同答案数"),
    "irv": Text("Intra-individual standard deviation", "个体内标准差"),
    "even_odd": Text("Even-odd consistency", "奇偶一致性"),
    "mahalanobis": Text("Mahalanobis D²", "马氏距离 D²"),
    "person_total": Text("Person-total correlation", "个人与总体相关"),
    "missing_share": Text("Share of items without an answer", "未作答题目比例"),
}

_RULES = {
    "duplicate_id": Text("second and later rows of an id", "同一编号第二行及以后"),
    "duplicate_answers": Text(
        "second and later rows of a pattern of {value:g} answers or more",
        "{value:g} 个及以上答案完全相同的第二行及以后",
    ),
    "speeder": Text("below {value:g} s", "少于 {value:g} 秒"),
    "attention": Text("any check failed", "任一检测未通过"),
    "longstring": Text("{value:g} or more", "{value:g} 及以上"),
    "irv": Text("below {value:g}", "低于 {value:g}"),
    "even_odd": Text("below {value:g}", "低于 {value:g}"),
    "mahalanobis": Text("chi-square p below {value:g}", "卡方检验 p 低于 {value:g}"),
    "person_total": Text("below {value:g}", "低于 {value:g}"),
    "missing_share": Text("above {value:g}", "高于 {value:g}"),
}

_NO_RULE = Text("no threshold set", "未设阈值")


@dataclass(frozen=True)
class QualityResult(Result):
    """Careless-responding indices and flags per received row.

    `values` has one column per flag with the index that the flag rests on (NaN where undefined), and further
    `longstring_average`, `mahalanobis_df` and `mahalanobis_p`. `flags` has one boolean column per flag, in
    the order of the study file's names. `thresholds` are the values in force, None where a rule has none and
    flags nobody. `unavailable` says why an index could not be computed for anybody. `items` are the columns
    of the run and spread indices, `common_range` their range.
    """

    values: pd.DataFrame
    flags: pd.DataFrame
    thresholds: Mapping[str, float | None]
    unavailable: Mapping[str, Text]
    items: tuple[str, ...]
    common_range: tuple[float, float] | None
    notes: tuple[Text, ...]

    @cached_property
    def flagged(self) -> pd.Series:
        """How many rules flag each row."""
        return self.flags.sum(axis=1)

    def tables(self) -> list[Table]:
        """Each index: for how many it is defined, its quartiles, the threshold, and how many are flagged."""
        rows = []
        for name in FLAG_NAMES:
            known = self.values[name].dropna()
            spread = [float(known.quantile(q)) for q in (0.0, 0.5, 1.0)] if len(known) else [None, None, None]
            flagged = int(self.flags[name].sum())
            share = flagged / len(self.flags) if len(self.flags) else None
            rows.append((_LABELS[name], len(known), *spread, self._rule(name), flagged, share))
        columns = (
            Column("index", Text("Index", "指标"), align="left"),
            Column("n", Text("n"), "d"),
            Column("minimum", Text("Min", "最小"), ".2f"),
            Column("median", Text("Median", "中位数"), ".2f"),
            Column("maximum", Text("Max", "最大"), ".2f"),
            Column("rule", Text("Flagged if", "标记规则"), align="left"),
            Column("flagged", Text("Flagged", "标记数"), "d"),
            Column("share", Text("Share", "比例"), ".1%"),
        )
        title = Text("Quality of the responses", "答卷质量")
        return [Table("quality", title, columns, tuple(rows), self.notes)]

    def _rule(self, name: str) -> Text:
        if name in self.unavailable:
            return self.unavailable[name]
        value = self.thresholds[name]
        return _NO_RULE if value is None else _RULES[name].format(value=value)


def quality_flags(
    cleaned: pd.DataFrame, book: Codebook, quality: QualityPart, *, missing: pd.DataFrame | None = None
) -> QualityResult:
    """Every careless-responding index of every row, and the flags by the thresholds of `quality`.

    `cleaned` has one typed column per codebook variable, reverse-coded; `missing`, of the same shape, holds
    the kind of missing value as text ("" where a value is present): by it, questions skipped by routing are
    not counted as missing, and an unreadable answer to an attention check as failed. Variables of the
    codebook that `cleaned` lacks are left out.

    Runs and spread use answers as given: the largest set of ordinal items with one range, in questionnaire
    order, reversal undone by the codebook's range. Even-odd consistency and person-total correlation use the
    same items reverse-coded; Mahalanobis distances all ordinal items. Of rows with one id, or with one
    pattern of answers, the first is not flagged. Formulas: `socialcap.kernels.careless`.

    Raises UsageError for an attention check that cannot be evaluated.
    """
    sample = Answers(cleaned, book, missing)
    values = pd.DataFrame(index=cleaned.index)
    unavailable: dict[str, Text] = {}

    same_id = sample.duplicate_ids()
    duration = sample.duration()
    failed = sample.failed_checks()
    for name, found, reason in (
        ("duplicate_id", same_id, Text("no id in the codebook", "编码簿中没有编号变量")),
        ("speeder", duration, Text("no duration or start and end times", "没有时长或起止时间")),
        ("attention", failed, Text("no attention check in the codebook", "编码簿中没有注意力检测题")),
    ):
        values[name] = np.nan if found is None else found
        if found is None:
            unavailable[name] = reason
    pattern, answered = sample.patterns()
    values["duplicate_answers"] = np.where(answered > 0, group_sizes(pattern), np.nan)

    _answer_indices(sample, values, unavailable)
    _distances(sample, values, unavailable)
    values["missing_share"] = sample.missing_share()
    extra = ["longstring_average", "mahalanobis_df", "mahalanobis_p"]
    values = values[[*FLAG_NAMES, *extra]]

    thresholds = _thresholds(quality, values["speeder"], len(sample.common))
    flags = _flag(values, thresholds)
    flags["duplicate_id"] = _repeats(sample.id_groups())
    flags["duplicate_answers"] &= _repeats(pattern) & (
        answered >= (thresholds["duplicate_answers"] or np.inf)
    )
    return QualityResult(
        values,
        flags,
        thresholds,
        unavailable,
        tuple(item.name for item in sample.common),
        sample.common_range,
        sample.notes(),
    )


def _answer_indices(sample: Answers, values: pd.DataFrame, unavailable: dict[str, Text]) -> None:
    """Longstring, IRV, even-odd consistency and person-total correlation on the items of the common range."""
    names = ["longstring", "longstring_average", "irv", "even_odd", "person_total"]
    values[names] = np.nan
    if len(sample.common) < 2:
        reason = Text("fewer than two ordinal items share a range", "取值范围相同的等级题不足两道")
        unavailable.update({name: reason for name in names if name in FLAG_NAMES})
        return
    given = sample.as_given()
    runs = careless.longstring(given)
    values["longstring"], values["longstring_average"] = runs.longest, runs.average
    values["irv"] = careless.irv(given)
    values["person_total"] = careless.person_total(sample.coded)
    scales = sample.scales()
    if len(scales) < 3:
        unavailable["even_odd"] = Text(
            "fewer than three scales have two items on the common range",
            "取值范围相同且至少两题的量表不足三个",
        )
    else:
        values["even_odd"] = careless.even_odd(sample.coded, scales)


def _distances(sample: Answers, values: pd.DataFrame, unavailable: dict[str, Text]) -> None:
    """Squared Mahalanobis distances on the ordinal items that vary."""
    values[["mahalanobis", "mahalanobis_df", "mahalanobis_p"]] = np.nan
    x = sample.numbers(sample.ordinal)
    x = x[:, np.fmax.reduce(x, axis=0, initial=np.nan) > np.fmin.reduce(x, axis=0, initial=np.nan)]
    if x.shape[1] < 2:
        unavailable["mahalanobis"] = Text("fewer than two ordinal items vary", "有变化的等级题不足两道")
        return
    # No more rows than items: singular covariances, which wide files need not be charged for.
    statistics = moments(x) if len(x) > x.shape[1] else None
    if statistics is None or not _positive_definite(covariance := statistics.covariance()):
        unavailable["mahalanobis"] = Text(
            "the items' covariances are not positive definite (too few rows, or an item repeats others)",
            "题目协方差矩阵非正定（样本过少或题目重复）",
        )
        return
    found = careless.mahalanobis(x, np.diagonal(statistics.means), covariance)
    values["mahalanobis"], values["mahalanobis_p"] = found.squared, found.p_value
    values["mahalanobis_df"] = found.df


def _positive_definite(covariance: FloatArray) -> bool:
    """Whether all eigenvalues of the correlations are clear of rounding (a NaN fails)."""
    if np.isnan(covariance).any():
        return False
    scale = np.sqrt(np.diagonal(covariance))
    # A Cholesky factor exists if all are above the margin, and takes a tenth of the eigenvalues' time.
    lowered = covariance / np.outer(scale, scale) - 1e-10 * np.eye(len(scale))
    try:
        np.linalg.cholesky(lowered)
    except np.linalg.LinAlgError:
        return False
    return True


def _thresholds(quality: QualityPart, duration: pd.Series, common: int) -> dict[str, float | None]:
    """The thresholds in force: of two for one index, the one that flags more."""
    fast = [quality.speeder_seconds, _times(quality.speeder_share, duration.median())]
    # The tolerance keeps 0.3 × 10 items at three.
    share = quality.longstring_share
    long = [quality.longstring, None if share is None else max(2, math.ceil(share * common - 1e-9))]
    return {
        "duplicate_id": 2.0,
        "duplicate_answers": quality.duplicate_answers,
        "speeder": max((v for v in fast if v is not None), default=None),
        "attention": 1.0,
        "longstring": min((v for v in long if v is not None), default=None),
        "irv": quality.irv_below,
        "even_odd": quality.even_odd_below,
        "mahalanobis": quality.mahalanobis_p,
        "person_total": quality.person_total_below,
        "missing_share": quality.missing_share_above,
    }


def _times(share: float | None, median: float) -> float | None:
    return None if share is None or math.isnan(median) else share * median


def _flag(values: pd.DataFrame, thresholds: Mapping[str, float | None]) -> pd.DataFrame:
    """Flags where an index passes its threshold; an undefined index flags nobody."""
    below, above, reaching = pd.Series.lt, pd.Series.gt, pd.Series.ge
    rules: dict[str, tuple[str, Callable[[pd.Series, float], pd.Series]]] = {
        "speeder": ("speeder", below),
        "attention": ("attention", reaching),
        "longstring": ("longstring", reaching),
        "irv": ("irv", below),
        "even_odd": ("even_odd", below),
        "mahalanobis": ("mahalanobis_p", below),
        "person_total": ("person_total", below),
        "missing_share": ("missing_share", above),
    }
    flags = pd.DataFrame(False, index=values.index, columns=list(FLAG_NAMES))
    flags["duplicate_answers"] = values["duplicate_answers"] >= 2
    for name, (index, passes) in rules.items():
        threshold = thresholds[name]
        if threshold is not None:
            flags[name] = passes(values[index], threshold)
    return flags


def _repeats(groups: IntArray | None) -> NDArray[np.bool_] | bool:
    """Rows whose label (≥ 0) an earlier row has."""
    if groups is None:
        return False
    return np.asarray(pd.Series(groups).duplicated().to_numpy() & (groups >= 0), dtype=bool)
