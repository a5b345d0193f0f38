"""The result of a sensitivity analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.rows import records
from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows

_SHOWN_ROWS = 5


@dataclass(frozen=True)
class SensitivityResult(Result):
    """How strong an omitted variable, and how unusual a firm, would have to be to overturn a coefficient.

    estimate, std_error: of the model; classical_error, df: behind partial_r2 and the robustness values.
    oster: by R²max r_max, delta (δ for a true effect of zero), beta (the effect under δ = 1; NaN where there
        is none), low and high (the set between it and the estimate), excludes_zero, solutions.
    benchmarks: by benchmark and strength r2_treatment, r2_outcome (of the confounder at its bound), estimate,
        std_error, statistic, ci_low, ci_high had it been in the model; no row without a benchmark.
    contours: estimate and statistic over a grid of the confounder's partial R², for a plot.
    rows, clusters: with each row (cluster) left out estimate, std_error, p_value under `cov` (NaN where that
        covariance cannot be made again), change; clusters is None where none were given.
    """

    treatment: str
    outcome: str
    estimate: float
    std_error: float
    classical_error: float
    df: float
    partial_r2: float
    robustness_value: float
    robustness_value_alpha: float
    r2: float
    r2_short: float
    beta_short: float
    oster: pd.DataFrame
    benchmarks: pd.DataFrame
    contours: pd.DataFrame
    rows: pd.DataFrame
    clusters: pd.DataFrame | None
    cov: str
    n_obs: int
    dropped: pd.Series
    level: float
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def influential_rows(self) -> pd.DataFrame:
        """The rows whose absence changes the estimate most, the largest change first."""
        return _by_change(self.rows).head(_SHOWN_ROWS)

    def changes_sign(self, units: pd.DataFrame) -> pd.DataFrame:
        """Those of `rows` or `clusters` without which the estimate has the other sign."""
        return units[units["estimate"] * self.estimate < 0]

    def loses_significance(self, units: pd.DataFrame) -> pd.DataFrame:
        """Those of `rows` or `clusters` without which p is not below one less the level."""
        return units[units["p_value"] >= 1.0 - self.level]

    def tables(self) -> list[Table]:
        tables = [self._summary_table(), self._oster_table()]
        if len(self.benchmarks):
            tables.append(self._benchmark_table())
        tables.append(self._left_out_table("rows", self.influential_rows, self.rows))
        if self.clusters is not None:
            tables.append(self._left_out_table("clusters", _by_change(self.clusters), self.clusters))
        return tables

    def _title(self, what: Text) -> Text:
        return Text("{what}: {treatment} on {outcome}", "{what}：{treatment} 对 {outcome}").format(
            what=what,
            treatment=label_of(self.labels, self.treatment),
            outcome=label_of(self.labels, self.outcome),
        )

    def _summary_table(self) -> Table:
        columns = (
            Column("quantity", Text("Quantity", "指标"), align="left"),
            Column("value", Text("Value", "数值")),
        )
        alpha = f"{1 - self.level:g}"
        rows = [
            [Text("Estimate", "估计值"), self.estimate],
            [Text("Std. error, {cov}", "标准误，{cov}").format(cov=self.cov), self.std_error],
            [Text("Std. error, classical", "标准误，经典"), self.classical_error],
            [Text("Degrees of freedom", "自由度"), Formatted(self.df, ".0f")],
            [Text("Partial R² with the outcome", "与因变量的偏 R²"), Formatted(self.partial_r2, ".1%")],
            [Text("Robustness value RV", "稳健值 RV"), Formatted(self.robustness_value, ".1%")],
            [
                Text(f"Robustness value RV, α = {alpha}", f"稳健值 RV（α = {alpha}）"),
                Formatted(self.robustness_value_alpha, ".1%"),
            ],
        ]
        notes = (
            Text(
                "RV: share of the remaining variance of both treatment and outcome that an omitted variable "
                "must explain to bring the estimate to zero; with α, to bring it within its margin of error. "
                "Partial R² alone: what an omitted variable must explain of the treatment if it explains all "
                "that is left of the outcome (Cinelli and Hazlett 2020, from the classical t).",
                "RV：遗漏变量须同时解释处理变量与因变量剩余方差的这一比例，估计值才会降至零；带 α "
                "者为降至不显著。"
                "偏 R²：若遗漏变量解释了因变量全部剩余方差，它须解释处理变量的比例（Cinelli 与 Hazlett 2020，"
                "基于经典 t 值）。",
            ),
        )
        return Table(
            "sensitivity", self._title(Text("Sensitivity", "敏感性")), columns, table_rows(rows), notes
        )

    def _oster_table(self) -> Table:
        columns = (
            Column("rule", Text("R² max", "R² 上限"), align="left"),
            Column("r_max", Text("Value", "数值")),
            Column("delta", Text("δ for β = 0", "使 β = 0 的 δ"), ".2f"),
            Column("beta", Text("β under δ = 1", "δ = 1 时的 β")),
            Column("low", Text("Set, low", "区间下限")),
            Column("high", Text("Set, high", "区间上限")),
            Column("excludes_zero", Text("Excludes 0", "不含零"), align="left"),
        )
        rows = [
            [name, r.r_max, r.delta, r.beta, r.low, r.high,
             Text("yes", "是") if r.excludes_zero else Text("no", "否")]
            for name, r in zip(self.oster.index, records(self.oster), strict=True)
        ]  # fmt: skip
        note = Text(
            "Oster (2019), exact estimator: δ is selection on unobservables relative to that on the "
            "controls. "
            "Alone the treatment has b = {short:.3f} (R² = {r2_short:.3f}), with controls {long:.3f} "
            "(R² = {r2:.3f}). The set lies between the estimate and β under δ = 1.",
            "Oster（2019）精确估计量：δ 为不可观测因素相对控制变量的选择程度。仅含处理变量时 b = {short:.3f}"
            "（R² = {r2_short:.3f}），加入控制变量后 {long:.3f}（R² = {r2:.3f}）。区间为估计值与 δ = 1 时 "
            "β 之间。",
        ).format(short=self.beta_short, r2_short=self.r2_short, long=self.estimate, r2=self.r2)
        title = self._title(Text("Proportional selection", "比例选择"))
        return Table("oster", title, columns, table_rows(rows), (note,))

    def _benchmark_table(self) -> Table:
        percent = f"{100 * self.level:g}"
        columns = (
            Column("benchmark", Text("As strong as", "基准变量"), align="left"),
            Column("strength", Text("Times", "倍数"), "g"),
            Column("r2_treatment", Text("R² with treatment", "与处理变量的偏 R²"), ".1%"),
            Column("r2_outcome", Text("R² with outcome", "与因变量的偏 R²"), ".1%"),
            Column("estimate", Text("Adjusted b", "调整后 b")),
            Column("statistic", Text("Adjusted t", "调整后 t"), ".2f"),
            Column("ci_low", Text(f"{percent}% CI, low", f"{percent}% 置信下限")),
            Column("ci_high", Text(f"{percent}% CI, high", f"{percent}% 置信上限")),
        )
        rows = [
            [label_of(self.labels, str(name)), times, r.r2_treatment, r.r2_outcome, r.estimate, r.statistic,
             r.ci_low, r.ci_high]
            for (name, times), r in zip(self.benchmarks.index, records(self.benchmarks), strict=True)
        ]  # fmt: skip
        note = Text(
            "The estimate had an omitted variable been included that is so many times as strong as the "
            "benchmark, in treatment and outcome alike; partial R² at their bounds, classical errors "
            "(Cinelli and Hazlett 2020). Empty: nothing can be so strong.",
            "假设存在强度为基准变量若干倍（对处理变量与因变量均如此）的遗漏变量并将其纳入后的估计；偏 R² "
            "取上界，"
            "经典标准误（Cinelli 与 Hazlett 2020）。空格：不可能存在如此强的变量。",
        )
        title = self._title(Text("Bounds by benchmarks", "基准变量界限"))
        return Table("benchmark_bounds", title, columns, table_rows(rows), (note,))

    def _left_out_table(self, kind: str, shown: pd.DataFrame, units: pd.DataFrame) -> Table:
        what = {"rows": Text("row", "样本"), "clusters": Text("cluster", "集群")}[kind]
        columns = (
            Column("unit", Text("Left out", "剔除"), align="left"),
            Column("estimate", Text("b without it", "剔除后 b")),
            Column("change", Text("Change", "变化")),
            Column("std_error", Text("Std. error", "标准误")),
            Column("p_value", Text("p", "p"), "p"),
        )
        rows = [
            [str(name), r.estimate, r.change, r.std_error, r.p_value]
            for name, r in zip(shown.index, records(shown), strict=True)
        ]
        note = Text(
            "Of {count} left out in turn (largest changes first), b lies between {low:.3f} and {high:.3f}; "
            "its "
            "sign changes in {sign} cases, p reaches {alpha:g} in {lost}. {cov} standard errors.",
            "逐一剔除 {count} 个单位（按变化大小排列），b 介于 {low:.3f} 与 {high:.3f} 之间；{sign} 次变号，"
            "{lost} 次 p 不低于 {alpha:g}。{cov} 标准误。",
        ).format(
            count=len(units),
            low=units["estimate"].min(),
            high=units["estimate"].max(),
            sign=len(self.changes_sign(units)),
            lost=len(self.loses_significance(units)),
            alpha=round(1.0 - self.level, 12),
            cov=self.cov,
        )
        title = self._title(Text("Leaving out one {what} at a time", "逐一剔除{what}").format(what=what))
        return Table(f"without_{kind}", title, columns, table_rows(rows), (note,))


def _by_change(units: pd.DataFrame) -> pd.DataFrame:
    """The units, the largest change first."""
    return units.loc[units["change"].abs().sort_values(ascending=False, kind="stable").index]
