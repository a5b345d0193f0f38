"""The result of looking for common method bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.errors import NotAvailableError, Problem
from socialcap.results.confirmatory import caution_notes
from socialcap.results.measurement import Caution, Labels, label_of
from socialcap.results.rows import row_count
from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows

_NO_LABELS: Labels = MappingProxyType({})
_MOST_PAIRS = 28
_SIGNIFICANT = 0.05
ONE_HALF = 0.5


@dataclass(frozen=True)
class MethodFactor:
    """Traits alone beside traits with an uncorrelated method factor on every item, by ML.

    models: rows traits, method; chi2, df, p, cfi, rmsea, srmr. delta_chi2, delta_df, delta_p: likelihood
    ratio. loadings: standardised, by (factor, item): traits (alone), with_method, method. method_share,
    trait_share: shares of the items' variance in the model with both. equal: the method's unstandardised
    loadings are held equal.
    """

    models: pd.DataFrame
    delta_chi2: float
    delta_df: int
    delta_p: float
    loadings: pd.DataFrame
    method_share: float
    trait_share: float
    equal: bool


@dataclass(frozen=True)
class MarkerCorrection:
    """Correlations with a marker's share taken out (Lindell and Whitney 2001).

    name of the marker; shared: r_M, its smallest positive correlation with the variables; shared_upper: the
    upper one-sided 95% bound of r_M by Fisher's z; n_obs rows. correlations: by pair of variables r, p;
    adjusted, adjusted_p (with r_M, n - 3 degrees of freedom); upper, upper_p (with its bound).
    """

    name: str
    shared: float
    shared_upper: float
    n_obs: int
    correlations: pd.DataFrame

    @property
    def lost(self) -> pd.DataFrame:
        """Pairs that are significant at .05 before the correction and not after it."""
        table = self.correlations
        return table[(table["p"] < _SIGNIFICANT) & ~(table["adjusted_p"] < _SIGNIFICANT)]


@dataclass(frozen=True)
class MethodBiasResult(Result):
    """Common method bias: Harman's single factor; a latent method factor; a marker variable.

    component_share, factor_share: of the items' variance, taken by the first unrotated principal component
    and by one common factor (minres). n_obs rows complete on the items; dropped: row label -> why the row was
    left out.
    """

    component_share: float
    factor_share: float
    n_items: int
    n_obs: int
    dropped: pd.Series
    method_factor: MethodFactor | None = None
    marker_correction: MarkerCorrection | None = None
    reasons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    by_scales: bool = False
    cautions: tuple[Caution, ...] = ()
    labels: Labels = field(default_factory=lambda: _NO_LABELS)

    @property
    def method(self) -> MethodFactor:
        """The latent method factor. Raises NotAvailableError without a model, or one not identified."""
        if self.method_factor is None:
            raise NotAvailableError(f"method factor: {self.reasons['method']}")
        return self.method_factor

    @property
    def marker(self) -> MarkerCorrection:
        """The marker's correction. Raises NotAvailableError where no marker was named."""
        if self.marker_correction is None:
            raise NotAvailableError(f"marker: {self.reasons['marker']}")
        return self.marker_correction

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What makes the tests doubtful, each with the items, factors or parameters concerned."""
        return tuple(
            Problem(caution.message("en"), column=", ".join(caution.items), severity="warning")
            for caution in self.cautions
        )

    def tables(self) -> list[Table]:
        tables = [self._harman_table()]
        if self.method_factor is not None:
            tables += [self._model_table(self.method_factor), self._loading_table(self.method_factor)]
        if self.marker_correction is not None:
            tables.append(self._marker_table(self.marker_correction))
        return tables

    def _harman_table(self) -> Table:
        columns = (
            Column("statistic", Text("Statistic", "统计量"), align="left"),
            Column("value", Text("Value", "值"), ".1%"),
        )
        rows = [
            [
                Text("Variance of the first principal component", "首个未旋转主成分方差占比"),
                self.component_share,
            ],
            [
                Text("Variance of one common factor (minres)", "单一公因子方差占比（minres）"),
                self.factor_share,
            ],
            [Text("Items", "题项数"), Formatted(self.n_items, "d")],
            [Text("Rows", "样本量"), Formatted(self.n_obs, "d")],
        ]
        notes = [
            Text(
                "Harman's test: more than 50% in one unrotated dimension is the usual sign of trouble; a "
                "smaller "
                "share clears nothing (Podsakoff et al. 2003). {dropped} left out.",
                "Harman 单因子检验：单一未旋转维度超过 50% 通常视为有问题；"
                "占比较小并不能排除偏差（Podsakoff 等 2003）。"
                "剔除 {dropped}。",
            ).format(dropped=row_count(len(self.dropped)))
        ]
        title = Text("Common method bias: Harman's single factor", "共同方法偏差：Harman 单因子检验")
        return Table("harman", title, columns, table_rows(rows), (*notes, *caution_notes(self.cautions)))

    def _model_table(self, found: MethodFactor) -> Table:
        columns = (
            Column("model", Text("Model", "模型"), align="left"),
            Column("chi2", Text("χ²", "χ²"), ".2f"),
            Column("df", Text("df", "自由度"), ".0f"),
            Column("p", Text("p", "p"), "p"),
            Column("cfi", Text("CFI", "CFI")),
            Column("rmsea", Text("RMSEA", "RMSEA")),
            Column("srmr", Text("SRMR", "SRMR")),
            Column("delta_chi2", Text("Δχ²", "Δχ²"), ".2f"),
            Column("delta_df", Text("Δdf", "Δ自由度"), "d"),
            Column("delta_p", Text("p of Δχ²", "Δχ² 的 p"), "p"),
        )
        names = {
            "traits": Text("Traits alone", "仅特质因子"),
            "method": Text("Traits and method", "特质与方法因子"),
        }
        tests: dict[str, list[Any]] = {
            "traits": [None] * 3,
            "method": [found.delta_chi2, found.delta_df, _known(found.delta_p)],
        }
        rows = [
            [names[str(key)], *map(_known, row), *tests[str(key)]] for key, row in found.models.iterrows()
        ]
        equal = (
            Text("unstandardised loadings held equal", "未标准化载荷相等")
            if found.equal
            else Text("loadings free", "载荷自由估计")
        )
        notes = (
            Text(
                "Method factor: on every item, uncorrelated with the traits, {equal}; maximum likelihood "
                "(Podsakoff et "
                "al. 2003). It takes {method:.1%} of the items' variance, the traits {trait:.1%}.",
                "方法因子作用于全部题项，与特质因子不相关，{equal}；最大似然（Podsakoff 等 2003）。"
                "方法因子解释题项方差的 "
                "{method:.1%}，特质因子解释 {trait:.1%}。",
            ).format(equal=equal, method=found.method_share, trait=found.trait_share),
        )
        title = Text("Common method bias: latent method factor", "共同方法偏差：潜在方法因子")
        return Table("method_factor", title, columns, table_rows(rows), notes)

    def _loading_table(self, found: MethodFactor) -> Table:
        columns = (
            Column("factor", Text("Factor", "因子"), align="left"),
            Column("item", Text("Item", "题项"), align="left"),
            Column("traits", Text("Traits alone", "仅特质因子")),
            Column("with_method", Text("With the method factor", "加入方法因子后")),
            Column("method", Text("On the method factor", "方法因子载荷")),
        )
        rows = [
            [label_of(self.labels, str(factor)), str(item), *map(_known, values)]
            for (factor, item), values in zip(found.loadings.index, found.loadings.to_numpy(), strict=True)
        ]
        note = Text("Standardised loadings.", "标准化载荷。")
        title = Text("Loadings without and with the method factor", "加入方法因子前后的载荷")
        return Table("method_loadings", title, columns, table_rows(rows), (note,))

    def _marker_table(self, found: MarkerCorrection) -> Table:
        columns = (
            Column("first", Text("Variable", "变量"), align="left"),
            Column("second", Text("Variable", "变量"), align="left"),
            Column("r", Text("r", "r")),
            Column("p", Text("p", "p"), "p"),
            Column("adjusted", Text("Adjusted r", "校正 r")),
            Column("adjusted_p", Text("p", "p"), "p"),
            Column("upper", Text("Adjusted at the upper bound", "按上界校正 r")),
            Column("upper_p", Text("p", "p"), "p"),
        )
        many = len(found.correlations) > _MOST_PAIRS
        shown = found.lost if many else found.correlations
        rows = [
            [*(label_of(self.labels, str(name)) for name in pair), *map(_known, values)]
            for pair, values in zip(shown.index, shown.to_numpy(), strict=True)
        ]
        variables = (
            Text("scales (means of standardised items)", "量表得分（标准化题项均值）")
            if self.by_scales
            else Text("items", "题项")
        )
        notes = [
            Text(
                "Marker {name}: r_M = {r:.3f}, its smallest positive correlation with the {variables}; "
                "upper 95% bound "
                "{upper:.3f} (Fisher's z). Adjusted r = (r − r_M) / (1 − r_M), t with n − 3 degrees of "
                "freedom (Lindell "
                "and Whitney 2001); n = {n}.",
                "标记变量 {name}：r_M = {r:.3f}，为其与{variables}的最小正相关；95% 上界 "
                "{upper:.3f}（Fisher z）。校正 "
                "r = (r − r_M) / (1 − r_M)，t 检验自由度 n − 3（Lindell 与 Whitney 2001）；n = {n}。",
            ).format(
                name=label_of(self.labels, found.name),
                r=found.shared,
                variables=variables,
                upper=found.shared_upper,
                n=found.n_obs,
            ),
            Text(
                "{lost} of {all} correlations are significant at .05 before and not after the correction.",
                "{all} 个相关中有 {lost} 个校正前在 0.05 水平显著而校正后不显著。",
            ).format(lost=len(found.lost), all=len(found.correlations)),
        ]
        if many:
            notes.append(Text("Only those are listed.", "仅列出这些相关。"))
        title = Text("Common method bias: marker variable", "共同方法偏差：标记变量法")
        return Table("marker", title, columns, table_rows(rows), tuple(notes))


def _known(value: Any) -> Any:
    """None, an empty cell, for what does not exist."""
    return None if isinstance(value, float) and value != value else value
