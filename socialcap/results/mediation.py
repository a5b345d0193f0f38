"""The result of a mediation analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.naming import named_tables
from socialcap.results.regression import RegressionResult
from socialcap.results.rows import records, row_count
from socialcap.results.table import STARS_NOTE, Column, Result, Starred, Table, Text, table_rows

_KINDS = {
    "indirect": Text("indirect", "间接效应"),
    "total indirect": Text("total indirect", "总间接效应"),
    "direct": Text("direct", "直接效应"),
    "total": Text("total", "总效应"),
}
_INTERVALS = {
    "percentile": Text("percentile", "百分位法"),
    "bca": Text("bias-corrected and accelerated", "偏差校正加速法"),
}
_MODERATED = {
    "a": Text("cause → mediators", "自变量 → 中介"),
    "b": Text("mediators → outcome", "中介 → 因变量"),
    "direct": Text("the direct path", "直接路径"),
}


@dataclass(frozen=True)
class MediationResult(Result):
    """Effects of a cause through mediators, with bootstrap errors and intervals.

    paths: by (outcome, regressor) estimate, std_error (bootstrap), ci_low, ci_high, and of the regression
        itself model_error, statistic, p_value under `cov`.
    effects: by name its kind `effect` (indirect, total indirect, direct, total), its `way`, the moderator's
        `level` (NaN where it does not matter), estimate, std_error, ci_low, ci_high, and standardised beta,
        beta_low, beta_high. A total is shown for models without a moderator only.
    index: index of moderated mediation by mediator, no row where the model has none.
    draws (replicates, E): bootstrap values of the effects, NaN in replicates that could not be estimated;
    `solved` of `replicates` could. models: the regression of each mediator and of the outcome; total_model:
        of the outcome without mediators, None with a moderator. dropped: row label -> why left out. centre:
        mean of the moderator, at which its products are centred. name, label: tell it from others of a study.
    """

    x: str
    mediators: tuple[str, ...]
    y: str
    covariates: tuple[str, ...]
    kind: str
    moderator: str | None
    moderated: tuple[str, ...]
    process_model: int
    paths: pd.DataFrame
    effects: pd.DataFrame
    index: pd.DataFrame
    draws: pd.DataFrame
    models: Mapping[str, RegressionResult]
    total_model: RegressionResult | None
    n_obs: int
    n_clusters: int | None
    dropped: pd.Series
    replicates: int
    solved: int
    seed: int
    interval: str
    level: float
    cov: str
    centre: float | None
    partially_standardised: bool
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""
    label: Text = field(default_factory=Text)

    def tables(self) -> list[Table]:
        tables = [self._path_table(), self._effect_table()]
        tables += [self._index_table()] if len(self.index) else []
        return named_tables(tables, self.name, self.label)

    def _label(self, name: str) -> Text:
        """A variable's label, or those of a product's two."""
        parts = [label_of(self.labels, part) for part in name.split(":")]
        return Text(" × ".join(p("en") for p in parts), " × ".join(p("zh") for p in parts))

    def _interval_columns(self) -> tuple[Column, Column]:
        percent = f"{100 * self.level:g}"
        return (
            Column("ci_low", Text(f"{percent}% CI, low", f"{percent}% 置信下限")),
            Column("ci_high", Text(f"{percent}% CI, high", f"{percent}% 置信上限")),
        )

    def _path_table(self) -> Table:
        columns = (
            Column("outcome", Text("Outcome", "因变量"), align="left"),
            Column("regressor", Text("Regressor", "自变量"), align="left"),
            Column("estimate", Text("b", "b")),
            Column("model_error", Text("Std. error", "标准误")),
            Column("p_value", Text("p", "p"), "p"),
            Column("std_error", Text("Std. error, bootstrap", "自助标准误")),
            *self._interval_columns(),
        )
        rows = [
            [self._label(outcome), self._label(name), Starred(row.estimate, row.p_value), row.model_error,
             row.p_value, row.std_error, row.ci_low, row.ci_high]
            for (outcome, name), row in zip(self.paths.index, records(self.paths), strict=True)
        ]  # fmt: skip
        errors = Text(
            "Std. error and p: {cov} of each regression; intervals: bootstrap.",
            "标准误与 p：各回归的 {cov}；区间：自助法。",
        ).format(cov=self.cov)
        notes = (errors, *self._centring(), *self._sample(), STARS_NOTE)
        return Table(
            "mediation_paths", self._title(Text("Paths", "路径系数")), columns, table_rows(rows), notes
        )

    def _effect_table(self) -> Table:
        levels = self.effects["level"].notna().any()
        moderator = [Column("level", self._label(self.moderator or ""), ".3f")] if levels else []
        columns = (
            Column("effect", Text("Effect", "效应"), align="left"),
            Column("way", Text("Path", "路径"), align="left"),
            *moderator,
            Column("estimate", Text("Estimate", "估计值")),
            Column("std_error", Text("Std. error, bootstrap", "自助标准误")),
            *self._interval_columns(),
            Column("beta", Text("Standardised", "标准化")),
            Column("beta_low", Text("Low", "下限")),
            Column("beta_high", Text("High", "上限")),
        )
        rows = [
            [
                _KINDS[row.effect],
                self._way(row.way),
                *([None if pd.isna(row.level) else row.level] if levels else []),
                *(row.estimate, row.std_error, row.ci_low, row.ci_high),
                *(row.beta, row.beta_low, row.beta_high),
            ]
            for row in records(self.effects)
        ]
        beta = (
            Text(
                "Standardised: in standard deviations of the outcome, per unit of the two-valued cause "
                "(partially standardised).",
                "标准化：以因变量标准差计，自变量为二值，按其单位（部分标准化）。",
            )
            if self.partially_standardised
            else Text(
                "Standardised: in standard deviations of the outcome per standard deviation of the cause "
                "(completely standardised), both taken anew in each resample.",
                "标准化：自变量每一标准差所对应的因变量标准差（完全标准化），每次重抽样重新计算。",
            )
        )
        title = self._title(Text("Direct and indirect effects", "直接与间接效应"))
        notes = (self._bootstrap(), beta, *self._sample())
        return Table("mediation_effects", title, columns, table_rows(rows), notes)

    def _index_table(self) -> Table:
        columns = (
            Column("mediator", Text("Mediator", "中介变量"), align="left"),
            Column("estimate", Text("Index", "指数")),
            Column("std_error", Text("Std. error, bootstrap", "自助标准误")),
            *self._interval_columns(),
        )
        rows = [
            [self._label(name), row.estimate, row.std_error, row.ci_low, row.ci_high]
            for name, row in zip(self.index.index, records(self.index), strict=True)
        ]
        note = Text(
            "Change of the indirect effect per unit of {w} (Hayes 2015).",
            "{w} 每增加一个单位，间接效应的变化（Hayes 2015）。",
        ).format(w=self._label(self.moderator or ""))
        title = self._title(Text("Index of moderated mediation", "有调节的中介指数"))
        return Table("moderated_mediation", title, columns, table_rows(rows), (note, self._bootstrap()))

    def _title(self, what: Text) -> Text:
        return Text("{what}: {x} on {y}", "{what}：{x}对{y}").format(
            what=what, x=self._label(self.x), y=self._label(self.y)
        )

    def _way(self, way: str) -> Text:
        if way in ("total", "total indirect"):
            return Text()
        parts = [self._label(part) for part in way.split(" → ")]
        return Text(" → ".join(p("en") for p in parts), " → ".join(p("zh") for p in parts))

    def _bootstrap(self) -> Text:
        units = (
            Text("rows", "行")
            if self.n_clusters is None
            else Text(f"whole clusters ({self.n_clusters})", f"整群（{self.n_clusters} 个）")
        )
        return Text(
            "Products of least-squares coefficients; {interval} bootstrap of {units}, {solved} of {all} "
            "resamples, seed {seed}. PROCESS model {number}.",
            "最小二乘系数之积；{units}自助法（{interval}），{all} 次重抽样中 {solved} 次可估计，种子 {seed}。"
            "对应 PROCESS 模型 {number}。",
        ).format(
            interval=_INTERVALS[self.interval],
            units=units,
            solved=self.solved,
            all=self.replicates,
            seed=self.seed,
            number=self.process_model,
        )

    def _centring(self) -> tuple[Text, ...]:
        if self.centre is None:
            return ()
        changed = [_MODERATED[path] for path in self.moderated]
        return (
            Text(
                "{w} moderates {paths}; it, cause and mediators are centred at their means ({w}: "
                "{centre:.3f}) before products are taken.",
                "{w} 调节{paths}；相乘前各变量均以均值中心化（{w} 均值 {centre:.3f}）。",
            ).format(
                w=self._label(self.moderator or ""),
                paths=Text(", ".join(c.en for c in changed), "、".join(c.zh for c in changed)),
                centre=self.centre,
            ),
        )

    def _sample(self) -> tuple[Text, ...]:
        rows = Text("N = {n}.", "N = {n}。").format(n=self.n_obs)
        if not len(self.dropped):
            return (rows,)
        left_out = Text(
            "{count} left out because a variable is missing.", "因有变量缺失而剔除 {count}。"
        ).format(count=row_count(len(self.dropped)))
        return rows, left_out
