"""The result of a reliability analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.table import Column, Result, Table, Text, table_rows

_HIERARCHICAL = {
    "omega_hierarchical": Text("ω hierarchical, observed variance", "ω 层次（观测方差）"),
    "omega_hierarchical_implied": Text("ω hierarchical, model-implied variance", "ω 层次（模型方差）"),
    "omega_total": Text("ω total of the group factors, observed variance", "组因子 ω 总（观测方差）"),
    "omega_total_implied": Text(
        "ω total of the group factors, model-implied variance", "组因子 ω 总（模型方差）"
    ),
    "explained_common_variance": Text(
        "General factor's share of the common variance", "一般因子占共同方差之比"
    ),
}


@dataclass(frozen=True)
class ReliabilityResult(Result):
    """Reliability of one scale. Intervals are of 95%; what cannot be computed is None.

    alpha (Cronbach) with Feldt's and a bootstrap interval; standardised_alpha; ordinal_alpha; omega (total,
    one factor by maximum likelihood, model-implied variance) with a bootstrap interval; omega_observed (the
    same over the observed variance of the sum); hierarchical (where group factors were asked for): omega of
    the general factor and of all factors, each over observed and over model-implied variance, and the general
    factor's share of the common variance; guttman: lambda1 ... lambda6; split_half: largest, mean,
    smallest; `items`: mean, sd, r_drop (correlation with the rest), r_squared (with all others),
    alpha_if_dropped; `dropped`: row label -> why the row was left out.
    """

    name: str
    alpha: float
    alpha_ci: tuple[float, float]
    alpha_bootstrap_ci: tuple[float, float]
    standardised_alpha: float
    ordinal_alpha: float | None
    omega: float | None
    omega_ci: tuple[float, float] | None
    omega_observed: float | None
    guttman: Mapping[str, float]
    split_half: Mapping[str, float]
    items: pd.DataFrame
    n_obs: int
    replicates: int
    dropped: pd.Series
    hierarchical: Mapping[str, float] | None = None
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    def tables(self) -> list[Table]:
        return [self._coefficients(), self.item_table()]

    def _coefficients(self) -> Table:
        columns = (
            Column("coefficient", Text("Coefficient", "系数"), align="left"),
            Column("estimate", Text("Estimate", "估计值")),
            Column("ci_low", Text("95% CI, low", "95% 置信下限")),
            Column("ci_high", Text("95% CI, high", "95% 置信上限")),
        )
        rows: list[list[Any]] = [
            [Text("Cronbach's α (Feldt's interval)", "Cronbach α（Feldt 区间）"), self.alpha, *self.alpha_ci],
            [
                Text("Cronbach's α (bootstrap interval)", "Cronbach α（自助区间）"),
                self.alpha,
                *self.alpha_bootstrap_ci,
            ],
            [Text("Standardised α", "标准化 α"), self.standardised_alpha, None, None],
            [Text("Ordinal α (polychoric)", "有序 α（多分格相关）"), self.ordinal_alpha, None, None],
            [
                Text("ω total, model-implied variance", "ω 总（模型方差）"),
                self.omega,
                *(self.omega_ci or (None, None)),
            ],
            [Text("ω total, observed variance", "ω 总（观测方差）"), self.omega_observed, None, None],
            *([_HIERARCHICAL[key], value, None, None] for key, value in (self.hierarchical or {}).items()),
            *([f"Guttman λ{key[-1]}", value, None, None] for key, value in self.guttman.items()),
            [Text("Split half, mean of all", "分半信度均值"), self.split_half["mean"], None, None],
        ]
        shown = [row for row in rows if row[1] is not None]
        note = Text(
            "n = {n}, {p} items; bootstrap intervals: percentiles of {b} resamples of rows.",
            "n = {n}，{p} 个题项；自助区间为 {b} 次重抽样的百分位数。",
        ).format(n=self.n_obs, p=len(self.items), b=self.replicates)
        title = Text("Reliability of {scale}", "{scale}的信度").format(scale=label_of(self.labels, self.name))
        return Table(f"reliability_{self.name}", title, columns, table_rows(shown), (note,))

    def item_table(self) -> Table:
        """Each item against the rest of the scale."""
        columns: tuple[Column, ...] = (
            Column("item", Text("Item", "题项"), align="left"),
            Column("label", Text("Label", "内容"), align="left"),
            Column("mean", Text("Mean", "均值"), "number"),
            Column("sd", Text("SD", "标准差"), "number"),
            Column("r_drop", Text("Corrected item-total r", "校正题总相关")),
            Column("r_squared", Text("R² with the others", "与其他题项 R²")),
            Column("alpha_if_dropped", Text("α if dropped", "删除后 α")),
        )
        # of two items one is left, which has no alpha
        columns = columns if len(self.items) > 2 else columns[:-1]
        kept = self.items[[column.key for column in columns[2:]]]
        rows = [[item, label_of(self.labels, str(item)), *values] for item, values in kept.iterrows()]
        title = Text("Items of {scale}", "{scale}的题项").format(scale=label_of(self.labels, self.name))
        return Table(f"reliability_items_{self.name}", title, columns, table_rows(rows))


def reliability_tables(scales: Sequence[ReliabilityResult]) -> list[Table]:
    """The scales side by side, and the items of each."""
    if not scales:
        return []
    columns = (
        Column("scale", Text("Scale", "量表"), align="left"),
        Column("items", Text("Items", "题项数"), "d"),
        Column("n", Text("N", "样本量"), "d"),
        Column("alpha", Text("α", "α")),
        Column("alpha_low", Text("95% CI, low", "95% 置信下限")),
        Column("alpha_high", Text("high", "上限")),
        Column("standardised_alpha", Text("Standardised α", "标准化 α")),
        Column("ordinal_alpha", Text("Ordinal α", "有序 α")),
        Column("omega", Text("ω total", "ω 总")),
        Column("omega_low", Text("95% CI, low", "95% 置信下限")),
        Column("omega_high", Text("high", "上限")),
    )
    rows = [
        [
            label_of(scale.labels, scale.name),
            len(scale.items),
            scale.n_obs,
            scale.alpha,
            *scale.alpha_ci,
            scale.standardised_alpha,
            scale.ordinal_alpha,
            scale.omega,
            *(scale.omega_ci or (None, None)),
        ]
        for scale in scales
    ]
    notes = (
        Text("α: Cronbach's, with Feldt's interval.", "α：Cronbach，Feldt 区间。"),
        Text(
            "ω: one factor by maximum likelihood, model-implied variance, bootstrap interval.",
            "ω：单因子最大似然，模型方差，自助区间。",
        ),
        Text(
            "Standardised α in bold where the items have different units (standard deviations more than three "
            "times apart): there α and ω say little.",
            "标准化 α 加粗表示该量表题项单位不同（标准差相差三倍以上），此时 α 与 ω 意义不大。",
        ),
    )
    spreads = [scale.items["sd"] for scale in scales]
    mixed = frozenset((i, 6) for i, sd in enumerate(spreads) if sd.max() > 3 * sd.min())
    title = Text("Reliability of the scales", "量表信度")
    return [
        Table("reliability", title, columns, table_rows(rows), notes, mixed),
        *(scale.item_table() for scale in scales),
    ]
