"""Results of inference through the whole pipeline, and of its alternatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.results.measurement import CompositeResult, FactorResult
from socialcap.results.regression import Event, Term
from socialcap.results.rows import row_count
from socialcap.results.table import STARS_NOTE, Column, Result, Starred, Table, Text, table_rows

_ERRORS = {
    "naive": Text("Naive error", "未校正标准误"),
    "robust": Text("Robust error", "稳健标准误"),
    "pipeline": Text("Pipeline error", "全流程标准误"),
    "corrected": Text("Its error", "其标准误"),
}
_KIND_NAMES = {
    "naive": Text("naive", "未校正"),
    "robust": Text("robust", "稳健"),
    "pipeline": Text("pipeline", "全流程"),
    "corrected": Text("corrected", "校正"),
}
_MODELS = {
    "ols": Text("Ordinary least squares", "普通最小二乘"),
    "logit": Text("Logit", "Logit 模型"),
    "probit": Text("Probit", "Probit 模型"),
    "ordered_logit": Text("Ordered logit", "有序 Logit 模型"),
    "ordered_probit": Text("Ordered probit", "有序 Probit 模型"),
}
_INTERVALS = {
    "percentile": Text("percentile intervals", "百分位区间"),
    "bca": Text("BCa intervals", "BCa 区间"),
    "t": Text("t intervals from the bootstrap standard error", "以自助标准误构造的 t 区间"),
}
_COVARIANCES = {
    "HC3": Text("HC3", "HC3"),
    "CR1": Text("CR1, by cluster", "CR1（按聚类）"),
    "sandwich": Text("sandwich without small-sample factor", "三明治估计（无小样本校正）"),
    "clustered sandwich": Text("sandwich by cluster, G/(G−1)", "按聚类的三明治估计，G/(G−1)"),
}


@dataclass(frozen=True)
class PipelineResult(Result):
    """A regression on factor scores, with the uncertainty that each way of looking at it leaves.

    `coefficients` has a row per coefficient and the columns estimate; naive_se, naive_low, naive_high
    (classical, scores taken as data); robust_se, ... (`robust` names the covariance); corrected,
    corrected_se, ... (coefficients on the factors themselves by Croon's correction, another estimand, errors
    by the bootstrap); pipeline_se, ... (every step repeated in each resample); p_value (of the estimate over
    its pipeline error, t with `df` degrees of freedom) and bias (mean of the replicates less the estimate).
    A column that does not exist is NaN and `unavailable` says why.

    The estimand of estimate and pipeline interval is the coefficient that the same steps would give in the
    whole population: on factor scores, not on the factors.

    `factors` and `composite` are those of the full sample, of the first copy where there are imputed ones.
    `draws` (replicates, terms): replicates that have a solution. `shares`: weights of the factors in the
    composite with error and interval. `failures`: why replicates have none -> how many. `imputations`: number
    of imputed copies (0: complete rows), then `fmi` is the fraction of missing information. dropped: row
    label -> why left out. `event`: what a binary model of a categorical outcome takes as 1.
    """

    formula: str
    outcome: str
    model: str
    robust: str
    coefficients: pd.DataFrame
    factors: FactorResult
    composite: CompositeResult | None
    shares: pd.DataFrame | None
    draws: pd.DataFrame
    terms: Mapping[str, Term]
    n_obs: int
    n_clusters: int
    df: pd.Series
    dropped: pd.Series
    replicates: int
    converged: int
    failures: Mapping[str, int]
    heywood: int
    interval: str
    level: float
    imputations: int = 0
    fmi: pd.Series | None = None
    unavailable: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    outcome_label: Text = field(default_factory=Text)
    event: Event | None = None

    def tables(self) -> list[Table]:
        tables = [self._error_table(), self._interval_table()]
        return tables if self.shares is None else [*tables, self._share_table(self.shares)]

    def _error_table(self) -> Table:
        columns = (
            Column("term", Text("Term", "变量"), align="left"),
            Column("estimate", Text("b", "b")),
            *(Column(f"{kind}_se", heading) for kind, heading in _ERRORS.items() if kind != "corrected"),
            Column("p_value", Text("p", "p"), "p"),
            Column("corrected", Text("b, corrected", "b（校正）")),
            Column("corrected_se", _ERRORS["corrected"]),
        )
        keys = [column.key for column in columns[1:]]
        rows = [
            [term.label, Text("reference", "参照组"), *[None] * (len(keys) - 1)]
            if term.reference
            else [term.label, *self._starred(name, keys)]
            for name, term in self.terms.items()
        ]
        title = Text(
            "Regression of {outcome} on factor scores: standard errors four ways",
            "{outcome} 对因子得分的回归：四种标准误",
        ).format(outcome=self.outcome_label or self.outcome)
        return Table("pipeline", title, columns, table_rows(rows), (*self.notes(), STARS_NOTE))

    def _interval_table(self) -> Table:
        columns = [Column("term", Text("Term", "变量"), align="left")]
        for kind, heading in _KIND_NAMES.items():
            columns += [
                Column(f"{kind}_low", Text("{kind}, low", "{kind}下限").format(kind=heading)),
                Column(f"{kind}_high", Text("{kind}, high", "{kind}上限").format(kind=heading)),
            ]
        keys = [column.key for column in columns[1:]]
        rows = [
            [term.label, *self._numbers(name, keys)]
            for name, term in self.terms.items()
            if not term.reference
        ]
        title = Text("{level:.0%} confidence limits four ways", "四种 {level:.0%} 置信限")
        title = title.format(level=self.level)
        return Table("pipeline_intervals", title, tuple(columns), table_rows(rows))

    def _starred(self, name: str, keys: list[str]) -> list[Any]:
        estimate, *rest = self._numbers(name, keys)
        return [Starred(estimate, self._row(name)["p_value"]), *rest]

    def _numbers(self, name: str, keys: list[str]) -> list[Any]:
        """Columns of a coefficient, None where one does not exist."""
        row = self._row(name)
        return [None if math.isnan(row[key]) else row[key] for key in keys]

    def _row(self, name: str) -> dict[str, float]:
        frame = self.coefficients
        values = frame.to_numpy(dtype=float)[frame.index.get_loc(name)]
        return dict(zip(map(str, frame.columns), values.tolist(), strict=True))

    def notes(self) -> tuple[Text, ...]:
        """What the reader must know: estimand, errors, replicates, rows left out."""
        notes = [
            Text(
                "{model}, N = {n}. Naive: classical, the scores taken as data; robust: {robust}; pipeline: "
                "{good} of {all} bootstrap resamples of {unit}, in each of which correlations, factors, "
                "rotation, scores and regression were computed anew, {interval}. "
                "p: t with the pipeline error.",
                "{model}，N = {n}。未校正：把得分当作数据的经典标准误；"
                "稳健：{robust}；全流程：对{unit}重抽样 {all} 次（有效 {good} 次），"
                "每次重新计算相关、因子、旋转、得分与回归，{interval}。"
                "p 值依据全流程标准误的 t 检验。",
            ).format(
                model=_MODELS[self.model],
                n=self.n_obs,
                robust=_COVARIANCES[self.robust],
                good=self.converged,
                all=self.replicates,
                unit=Text("clusters", "聚类") if self.n_clusters else Text("rows", "样本行"),
                interval=_INTERVALS[self.interval],
            ),
            Text(
                "b is the coefficient on factor scores; corrected: on the factors themselves, by Croon's "
                "correction of the scores' moments, bootstrap limits.",
                "b 为因子得分的系数；校正：按 Croon 方法校正得分矩后因子本身的系数，置信限来自自助法。",
            ),
        ]
        if self.event is not None:
            notes.append(self.event.note)
        notes += [
            Text("No {kind} figures: {why}.", "无{kind}结果：{why}。").format(kind=_KIND_NAMES[kind], why=why)
            for kind, why in self.unavailable.items()
        ]
        if self.imputations:
            notes.append(
                Text(
                    "{m} imputed copies, pooled by Rubin's rules with Barnard-Rubin degrees of freedom; the "
                    "bootstrap is run within each copy.",
                    "对 {m} 份插补数据分别作自助法，按 Rubin 规则合并，自由度按 Barnard-Rubin。",
                ).format(m=self.imputations)
            )
        if len(self.dropped):
            notes.append(
                Text(
                    "{count} left out because an item or a variable is missing.",
                    "因题项或变量缺失而剔除 {count}。",
                ).format(count=row_count(len(self.dropped)))
            )
        return tuple(notes)

    def _share_table(self, shares: pd.DataFrame) -> Table:
        columns = (
            Column("factor", Text("Factor", "因子"), align="left"),
            Column("estimate", Text("Weight", "权重"), ".3f"),
            Column("std_error", Text("Std. error", "标准误"), ".3f"),
            Column("ci_low", Text("Low", "下限"), ".3f"),
            Column("ci_high", Text("High", "上限"), ".3f"),
        )
        names = ("estimate", "std_error", "ci_low", "ci_high")
        rows = [
            [self.factors.factor_label(str(name)), *(shares.at[name, column] for column in names)]
            for name in shares.index
        ]
        title = Text("Weights of the factors in the composite", "综合指数中各因子的权重")
        note = Text("Bootstrap standard errors and percentile limits.", "自助标准误与百分位置信限。")
        return Table("composite_weights", title, columns, table_rows(rows), (note,))


@dataclass(frozen=True)
class LatentRegressionResult(Result):
    """A regression on factors themselves rather than on scores of them, factors in standard deviations.

    `coefficients`: estimate, std_error, statistic, p_value, ci_low, ci_high. `loadings`: of each item on its
    factor, standardised. `method`: "croon" (corrected moments of scores, bootstrap errors) or "sem" (all in
    one step by maximum likelihood). `fit`: named statistics of the structural model, empty for "croon".
    dropped: row label -> why left out. replicates and converged count bootstrap resamples (0 for "sem").
    """

    method: str
    estimator: str
    formula: str
    outcome: str
    coefficients: pd.DataFrame
    loadings: pd.DataFrame
    fit: Mapping[str, float]
    terms: Mapping[str, Term]
    n_obs: int
    dropped: pd.Series
    level: float
    replicates: int = 0
    converged: int = 0
    interval: str = ""
    outcome_label: Text = field(default_factory=Text)

    def tables(self) -> list[Table]:
        columns = (
            Column("term", Text("Term", "变量"), align="left"),
            Column("estimate", Text("b", "b")),
            Column("std_error", Text("Std. error", "标准误")),
            Column("statistic", Text("z", "z"), ".2f"),
            Column("p_value", Text("p", "p"), "p"),
            Column("ci_low", Text("Low", "下限")),
            Column("ci_high", Text("High", "上限")),
        )
        rows: list[list[Any]] = []
        for name, term in self.terms.items():
            if term.reference:
                rows.append([term.label, Text("reference", "参照组"), *[None] * 5])
            elif name in self.coefficients.index:
                values = self.coefficients.loc[[name]].to_numpy(dtype=float)[0]
                rows.append([term.label, Starred(float(values[0]), float(values[3])), *values[1:]])
        title = Text("Regression of {outcome} on factors", "{outcome} 对潜因子的回归").format(
            outcome=self.outcome_label or self.outcome
        )
        key = f"latent_regression_{self.method}"
        return [Table(key, title, columns, table_rows(rows), (*self.notes(), STARS_NOTE))]

    def notes(self) -> tuple[Text, ...]:
        """How the coefficients were found, and rows left out."""
        if self.method == "croon":
            made = Text(
                "Factor-score regression with Croon's correction, one-factor models by maximum likelihood, "
                "N = {n}; {good} of {all} bootstrap resamples, {level:.0%} {interval}. Factors in standard "
                "deviations.",
                "Croon 校正的因子得分回归，单因子模型按极大似然估计，N = {n}；"
                "自助重抽样 {all} 次（有效 {good} 次），{level:.0%} {interval}。因子以标准差计。",
            ).format(
                n=self.n_obs,
                good=self.converged,
                all=self.replicates,
                level=self.level,
                interval=_INTERVALS[self.interval],
            )
        else:
            made = Text(
                "Measurement and regression in one structural model, {estimator}, N = {n}, χ² = {chi2:.2f} "
                "({df:.0f}), CFI {cfi:.3f}, RMSEA {rmsea:.3f}, SRMR {srmr:.3f}. Covariates are free to "
                "correlate with the factors. Factors in standard deviations; {level:.0%} limits.",
                "测量与回归合为一个结构模型，{estimator}，N = {n}，χ² = {chi2:.2f}（{df:.0f}），"
                "CFI {cfi:.3f}，RMSEA {rmsea:.3f}，SRMR {srmr:.3f}。协变量与因子自由相关。"
                "因子以标准差计；置信水平 {level:.0%}。",
            ).format(estimator=self.estimator.upper(), n=self.n_obs, level=self.level, **self.fit)
        if not len(self.dropped):
            return (made,)
        left_out = Text(
            "{count} left out because an item or a variable is missing.",
            "因题项或变量缺失而剔除 {count}。",
        ).format(count=row_count(len(self.dropped)))
        return made, left_out
