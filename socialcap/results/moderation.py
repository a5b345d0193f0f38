"""The result of a moderation analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.naming import named_tables
from socialcap.results.regression import RegressionResult
from socialcap.results.rows import records
from socialcap.results.table import STARS_NOTE, Column, Result, Starred, Table, Text, table_rows


@dataclass(frozen=True)
class ModerationResult(Result):
    """How the slope of `x` on `y` changes with the moderator `w`; all levels in the moderator's own units.

    model: the regression with the product, whose coefficient is named `interaction`; center and means: what
        was subtracted before the product ("mean" or nothing), and the means.
    slopes: by level of `w` slope, std_error, statistic, p_value, ci_low, ci_high.
    regions: where the slope differs from zero: low, high (infinite where there is no end), the part within
        the data seen_low, seen_high (NaN if none) and the share of rows there; no row: nowhere, or
        `two_valued`.
    roots: their finite ends, within_data, share_below.
    slope_curve: `slopes` over the range of `w`, for a plot; lines: expected outcome with interval by `x` and
        level, covariates at their means.
    delta_r2, f2: R² that the interaction adds, and Cohen's f² of it. dropped: row label -> why left out.
    """

    y: str
    x: str
    w: str
    model: RegressionResult
    interaction: str
    slopes: pd.DataFrame
    regions: pd.DataFrame
    roots: pd.DataFrame
    slope_curve: pd.DataFrame
    lines: pd.DataFrame
    delta_r2: float
    f2: float
    center: str
    means: Mapping[str, float]
    w_range: tuple[float, float]
    two_valued: bool
    n_obs: int
    dropped: pd.Series
    level: float
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""
    label: Text = field(default_factory=Text)

    def tables(self) -> list[Table]:
        model = replace(self.model, label=Text("moderation model", "调节模型"))
        tables = [*model.tables(), self._slope_table()]
        tables += [] if self.two_valued else [self._region_table()]
        return named_tables(tables, self.name, self.label)

    def _slope_table(self) -> Table:
        percent = f"{100 * self.level:g}"
        w, x = label_of(self.labels, self.w), label_of(self.labels, self.x)
        columns = (
            Column("level", w),
            Column("slope", Text("Slope", "斜率")),
            Column("std_error", Text("Std. error", "标准误")),
            Column("statistic", Text("t", "t"), ".2f"),
            Column("p_value", Text("p", "p"), "p"),
            Column("ci_low", Text(f"{percent}% CI, low", f"{percent}% 置信下限")),
            Column("ci_high", Text(f"{percent}% CI, high", f"{percent}% 置信上限")),
        )
        rows = [
            [r.level, Starred(r.slope, r.p_value), r.std_error, r.statistic, r.p_value, r.ci_low, r.ci_high]
            for r in records(self.slopes)
        ]
        title = Text("Simple slopes of {x} by {w}", "{w}不同水平下{x}的简单斜率").format(x=x, w=w)
        notes = (self._covariance(), self._added(), STARS_NOTE)
        return Table("simple_slopes", title, columns, table_rows(rows), notes)

    def _region_table(self) -> Table:
        columns = (
            Column("low", Text("From", "起")),
            Column("high", Text("To", "止")),
            Column("seen_low", Text("Within the data, from", "数据范围内，起")),
            Column("seen_high", Text("to", "止")),
            Column("share", Text("Share of rows", "样本占比"), ".1%"),
        )
        rows = [
            [r.low, r.high, *(None if math.isnan(v) else v for v in (r.seen_low, r.seen_high)), r.share]
            for r in records(self.regions)
        ]
        nowhere = [Text("nowhere", "无"), *[None] * 4]
        title = Text(
            "Where the slope of {x} differs from zero, by {w}", "{x}的斜率显著不为零的{w}区间"
        ).format(x=label_of(self.labels, self.x), w=label_of(self.labels, self.w))
        return Table(
            "johnson_neyman",
            title,
            columns,
            table_rows(rows or [nowhere]),
            (self._region_note(), self._extent()),
        )

    def _region_note(self) -> Text:
        if self.regions.empty:
            return Text(
                "It differs from zero at no value of the moderator.", "在调节变量的任何取值上均不显著。"
            )
        if self.roots.empty:
            return Text(
                "It differs from zero at every value of the moderator.", "在调节变量的所有取值上均显著。"
            )
        words = [
            Text("{root:.3f} (within the data)", "{root:.3f}（数据范围内）")
            if within
            else Text("{root:.3f} (outside the data)", "{root:.3f}（数据范围外）")
            for within in self.roots["within_data"]
        ]
        named = [word.format(root=root) for word, root in zip(words, self.roots["root"], strict=True)]
        ends = Text("; ".join(n.en for n in named), "；".join(n.zh for n in named))
        return Text("Ends of the regions: {ends}.", "区间端点：{ends}。").format(ends=ends)

    def _extent(self) -> Text:
        return Text(
            "Johnson-Neyman technique, exact roots, pointwise at the {level:.0%} level; the moderator is "
            "seen from {low:.3f} to {high:.3f}.",
            "Johnson-Neyman 法，精确求根，逐点 {level:.0%} 置信水平；调节变量取值范围 {low:.3f} 至 "
            "{high:.3f}。",
        ).format(level=self.level, low=self.w_range[0], high=self.w_range[1])

    def _covariance(self) -> Text:
        return Text("{cov} standard errors.", "{cov}标准误。").format(cov=self.model.cov)

    def _added(self) -> Text:
        centred = (
            Text(
                "{x} and {w} were taken less their means ({x_mean:.3f}, {w_mean:.3f}) before the product.",
                "{x} 与 {w} 相乘前以均值（{x_mean:.3f}、{w_mean:.3f}）中心化。",
            )
            if self.center == "mean"
            else Text("{x} and {w} were not centred.", "{x} 与 {w} 未中心化。")
        )
        return Text(
            "N = {n}; the interaction adds ΔR² = {delta:.4f} (Cohen's f² = {f2:.4f}). {centred}",
            "N = {n}；交互项使 R² 增加 {delta:.4f}（Cohen f² = {f2:.4f}）。{centred}",
        ).format(
            n=self.n_obs,
            delta=self.delta_r2,
            f2=self.f2,
            centred=centred.format(
                x=label_of(self.labels, self.x),
                w=label_of(self.labels, self.w),
                x_mean=self.means[self.x],
                w_mean=self.means[self.w],
            ),
        )
