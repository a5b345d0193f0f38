"""The result of a confirmatory factor analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.errors import NotAvailableError, Problem
from socialcap.results.measurement import Caution, Labels, label_of
from socialcap.results.rows import row_count
from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows

_NO_LABELS: Labels = MappingProxyType({})
_SHOWN_INDICES = 10
_GROUP = Column("group", Text("Group", "组"), align="left")
FACTOR_COLUMN = Column("factor", Text("Factor", "因子"), align="left")

ESTIMATORS = {
    "ml": Text(
        "Maximum likelihood; standard errors from expected information; χ² = N·F.",
        "最大似然估计；标准误取自期望信息矩阵；χ² = N·F。",
    ),
    "mlr": Text(
        "Maximum likelihood with Huber-White standard errors and Yuan-Bentler scaling of χ² (MLR).",
        "稳健最大似然（MLR）：Huber-White 标准误，Yuan-Bentler 校正 χ²。",
    ),
    "fiml": Text(
        "Full-information maximum likelihood; standard errors from observed information.",
        "全信息最大似然（FIML）；标准误取自观测信息矩阵。",
    ),
    "uls": Text(
        "Unweighted least squares; distribution-free standard errors; χ² mean- and variance-adjusted "
        "(ULSMV).",
        "未加权最小二乘；不依赖分布的标准误；χ² 经均值与方差校正（ULSMV）。",
    ),
    "wlsmv": Text(
        "Diagonally weighted least squares on polychoric correlations (delta parameterisation); robust "
        "standard errors; χ² mean- and variance-adjusted (WLSMV).",
        "基于多分格相关的对角加权最小二乘（delta 参数化）；稳健标准误；χ² 经均值与方差校正（WLSMV）。",
    ),
}
_IDENTIFICATION = {
    "marker": Text(
        "Each factor takes the scale of its first item, whose loading is fixed at 1 and has no test.",
        "各因子以其首个题项为尺度，该载荷固定为 1，不作检验。",
    ),
    "unit_variance": Text("The factors' variances are fixed at 1.", "因子方差固定为 1。"),
}
_INDICES = Text(
    "CFI (Bentler 1990), TLI (Tucker and Lewis 1973), RMSEA (Steiger 1990) with its 90% interval and the "
    "p of "
    "RMSEA ≤ .05, SRMR (Bentler 1995; diagonal counted).",
    "CFI（Bentler 1990）、TLI（Tucker-Lewis 1973）、RMSEA（Steiger 1990，90% 区间及 RMSEA ≤ 0.05 的 p）、"
    "SRMR（Bentler 1995，含对角线）。",
)
_SCALED = Text(
    "Scaled: the corrected χ² in the ordinary formulas; robust: estimates of the population value "
    "(Brosseau-Liard and Savalei 2014; with ordinal items Savalei 2021).",
    "“校正”：以校正 χ² 代入通常公式；“稳健”：对总体值的估计（Brosseau-Liard 与 Savalei 2014；等级题项为 "
    "Savalei 2021）。",
)
_JUST_IDENTIFIED = Text(
    "The model has no degrees of freedom: it fits perfectly by construction, and nothing tests it.",
    "模型自由度为零：必然完全拟合，无法检验。",
)


class FitStatistics(dict[str, float]):
    """Fit statistics by name; one that does not exist raises NotAvailableError with its reason."""

    def __init__(self, values: Mapping[str, float], reasons: Mapping[str, str]) -> None:
        super().__init__(values)
        self.reasons = dict(reasons)

    def __missing__(self, name: str) -> float:
        if name in self.reasons:
            raise NotAvailableError(f"{name}: {self.reasons[name]}")
        raise KeyError(name)


@dataclass(frozen=True)
class ConfirmatoryResult(Result):
    """A confirmatory factor model: estimates, fit, validity. With several groups indices begin with `group`.

    parameters: one row for each entry of the model: lhs, op, rhs (`trust =~ t1` a loading, `~~` a variance or
        covariance, `~1` an intercept or latent mean, `|` a threshold, `~*~` the scale of an ordinal item),
        status (free, fixed, equal over groups), estimate, std_error, statistic (z), p_value, ci_low, ci_high
        (95%), and the completely standardised estimate with std_error, p_value and interval
        (`standardized_...`, by the delta method). What is fixed has no test: NaN.
    loadings: the same columns by (factor, item). factor_corr (k, k); r_squared (p,) by item.
    fit: chi2, df, p, cfi, tli, rmsea, rmsea_low, rmsea_high, rmsea_p, srmr, log_likelihood, aic, bic, n_free;
        with a robust test also chi2_scaled, p_scaled, scaling, shift, ... and cfi_robust, ...
    ave, cr (k,): from standardised loadings (Fornell and Larcker 1981, eqs. 11 and 10). fornell_larcker
        (k, k): roots of AVE on the diagonal, factor correlations elsewhere.
    dropped: row label -> why the row was left out.
    """

    factors: Mapping[str, tuple[str, ...]]
    estimator: str
    missing: str
    identification: str
    group_n: pd.Series
    parameters: pd.DataFrame
    loadings: pd.DataFrame
    factor_corr: pd.DataFrame
    r_squared: pd.Series
    fit: Mapping[str, float]
    ave: pd.Series
    cr: pd.Series
    fornell_larcker: pd.DataFrame
    n_obs: int
    dropped: pd.Series
    converged: bool
    n_iterations: int
    htmt_matrix: pd.DataFrame | None = None
    score_tests: pd.DataFrame | None = None
    invariance: str | None = None
    released: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    labels: Labels = field(default_factory=lambda: _NO_LABELS)

    @property
    def grouped(self) -> bool:
        """Whether the model has several groups."""
        return len(self.group_n) > 1

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What makes the solution doubtful, each with the items or factors concerned."""
        return tuple(
            Problem(caution.message("en"), column=", ".join(caution.items), severity="warning")
            for caution in self.cautions
        )

    @property
    def htmt(self) -> pd.DataFrame:
        """HTMT ratios (Henseler, Ringle and Sarstedt 2015) of the correlations that the model was fitted to.

        Raises NotAvailableError for one factor, and where an item belongs to several factors.
        """
        if self.htmt_matrix is None:
            raise NotAvailableError("HTMT compares two factors or more, none of which share an item")
        return self.htmt_matrix

    @property
    def modification_indices(self) -> pd.DataFrame:
        """Score tests of what is fixed or tied, largest first: lhs, op, rhs, index, change, standardized.

        index: fall of χ² to be expected from freeing this alone, one degree of freedom (not scaled by robust
        estimators); change: the expected value less the present one; standardized: the change in the metric
        of unit variances. Raises NotAvailableError for least squares on covariances (uls).
        """
        if self.score_tests is None:
            raise NotAvailableError(
                "modification indices are not computed for uls; ml, mlr and wlsmv have them"
            )
        return self.score_tests

    def preferred(self, statistic: str) -> float:
        """What to report: cfi, tli, rmsea robust, else scaled, else plain; chi2 and p scaled, else plain."""
        for name in (f"{statistic}_robust", f"{statistic}_scaled"):
            if name in self.fit:
                return self.fit[name]
        return self.fit[statistic]

    def tables(self) -> list[Table]:
        tables = [self._loading_table(), self._fit_table()]
        if len(self.factors) > 1:
            tables.append(self._correlation_table())
        tables.append(self._validity_table())
        if self.htmt_matrix is not None:
            tables.append(self._htmt_table())
        if self.score_tests is not None and len(self.score_tests):
            tables.append(self._modification_table())
        return tables

    def _lead(self) -> tuple[Column, ...]:
        return (_GROUP,) if self.grouped else ()

    def _cells(self, key: Any, *names: int) -> list[Any]:
        """An index entry as cells: the group where there are several, then labels of factors and items."""
        parts = key if isinstance(key, tuple) else (key,)
        lead = [str(parts[0])] if self.grouped else []
        rest = parts[1:] if self.grouped else parts
        return lead + [
            label_of(self.labels, str(part)) if i in names else str(part) for i, part in enumerate(rest)
        ]

    def _loading_table(self) -> Table:
        columns = (
            *self._lead(),
            FACTOR_COLUMN,
            Column("item", Text("Item", "题项"), align="left"),
            Column("label", Text("Label", "内容"), align="left"),
            Column("estimate", Text("Loading", "载荷")),
            Column("std_error", Text("SE", "标准误")),
            Column("statistic", Text("z", "z"), ".2f"),
            Column("p_value", Text("p", "p"), "p"),
            Column("ci_low", Text("95% CI, low", "95% 置信下限")),
            Column("ci_high", Text("high", "上限")),
            Column("standardized", Text("Standardised", "标准化载荷")),
            Column("standardized_low", Text("95% CI, low", "95% 置信下限")),
            Column("standardized_high", Text("high", "上限")),
        )
        shown = [column.key for column in columns if column.key in self.loadings]
        rows = [
            [
                *self._cells(key, 0),
                label_of(self.labels, str(key[-1])),
                *(_known(record[name]) for name in shown),
            ]
            for key, record in zip(self.loadings.index, self.loadings.to_dict("records"), strict=True)
        ]
        return Table(
            "cfa_loadings",
            Text("Confirmatory factor analysis: loadings", "验证性因子分析：因子载荷"),
            columns,
            table_rows(rows),
            (*self._notes(), *caution_notes(self.cautions)),
        )

    def _notes(self) -> Iterator[Text]:
        yield ESTIMATORS[self.estimator]
        yield _IDENTIFICATION[self.identification]
        yield Text(
            "n = {n}{groups}; {dropped} left out; {kept}.",
            "n = {n}{groups}；剔除 {dropped}；{kept}。",
        ).format(
            n=self.n_obs,
            groups=self._group_sizes(),
            dropped=row_count(len(self.dropped)),
            kept=_MISSING[self.missing],
        )
        if self.grouped:
            level = INVARIANCE[self.invariance or "configural"]
            yield Text("Over groups: {level}.", "组间约束：{level}。").format(level=level)
        if self.released:
            yield Text("Released: {names}.", "放开的参数：{names}。").format(names=", ".join(self.released))

    def _group_sizes(self) -> str:
        if not self.grouped:
            return ""
        return " (" + ", ".join(f"{name}: {n}" for name, n in self.group_n.items()) + ")"

    def _fit_table(self) -> Table:
        versions = [v for v in ("", "_scaled", "_robust") if f"cfi{v}" in self.fit]
        columns = (
            Column("statistic", Text("Statistic", "统计量"), align="left"),
            *(Column(f"value{v}", _VERSIONS[v], align="right") for v in versions),
        )
        rows: list[list[Any]] = []
        for name, label, spec in _FIT_ROWS:
            found = [self.fit.get(name if name in _UNSCALED and not v else f"{name}{v}") for v in versions]
            if any(value is not None for value in found):
                rows.append([label, *(None if value is None else Formatted(value, spec) for value in found)])
        notes = [ESTIMATORS[self.estimator], _INDICES]
        if len(versions) > 1:
            notes.append(_SCALED)
        if self.fit["df"] == 0:
            notes.append(_JUST_IDENTIFIED)
        return Table("cfa_fit", Text("Model fit", "模型拟合"), columns, table_rows(rows), tuple(notes))

    def _matrix_rows(self, matrix: pd.DataFrame) -> list[list[Any]]:
        """Rows of a (group, factor) by factor matrix, its upper triangle left empty."""
        k = len(self.factors)
        return [
            [*self._cells(key, 0), *(_known(v) if j <= i % k else None for j, v in enumerate(values))]
            for i, (key, values) in enumerate(zip(matrix.index, matrix.to_numpy(), strict=True))
        ]

    def _factor_columns(self) -> tuple[Column, ...]:
        return (*self._lead(), FACTOR_COLUMN, *(Column(f, label_of(self.labels, f)) for f in self.factors))

    def _correlation_table(self) -> Table:
        note = Text(
            "Diagonal: root of the average variance extracted, which should exceed the factor's correlations "
            "with all others (Fornell and Larcker 1981).",
            "对角线为平均方差抽取量（AVE）的平方根，应大于该因子与其他因子的相关（Fornell 与 Larcker 1981）"
            "。",
        )
        return Table(
            "fornell_larcker",
            Text("Factor correlations and discriminant validity", "因子相关与区分效度"),
            self._factor_columns(),
            table_rows(self._matrix_rows(self.fornell_larcker)),
            (note, *caution_notes(self.cautions)),
        )

    def _htmt_table(self) -> Table:
        note = Text(
            "Heterotrait-monotrait ratio of {kind} correlations, arithmetic means of their sizes "
            "(Henseler, Ringle "
            "and Sarstedt 2015); below .85 (strict) or .90 is taken for discriminant validity.",
            "{kind}相关的异质-单质比（HTMT），取相关绝对值的算术平均（Henseler、Ringle 与 Sarstedt 2015）；"
            "低于 0.85（严格）或 0.90 视为具有区分效度。",
        ).format(
            kind=Text("polychoric", "多分格") if self.estimator == "wlsmv" else Text("Pearson", "皮尔逊")
        )
        title = Text("Heterotrait-monotrait ratios", "异质-单质比（HTMT）")
        rows = table_rows(self._matrix_rows(self.htmt))
        return Table("htmt", title, self._factor_columns(), rows, (note,))

    def _validity_table(self) -> Table:
        columns = (
            *self._lead(),
            FACTOR_COLUMN,
            Column("items", Text("Items", "题项数"), "d"),
            Column("ave", Text("AVE", "AVE")),
            Column("cr", Text("CR", "组合信度 CR")),
        )
        rows = [
            [*self._cells(key, 0), len(self.factors[_last(key)]), _known(ave), _known(cr)]
            for key, ave, cr in zip(self.ave.index, self.ave, self.cr, strict=True)
        ]
        note = Text(
            "From standardised loadings: AVE, average variance extracted, Σλ² / (Σλ² + Σθ); CR, composite "
            "reliability (model-implied), (Σλ)² / ((Σλ)² + Σθ) (Fornell and Larcker 1981). Usual bounds: "
            "AVE .50, "
            "CR .70.",
            "由标准化载荷计算：AVE（平均方差抽取量）= Σλ² / (Σλ² + Σθ)；CR（组合信度，模型隐含方差）"
            "= (Σλ)² / ((Σλ)² + Σθ)（Fornell 与 Larcker 1981）。常用界限：AVE 0.50，CR 0.70。",
        )
        title = Text("Convergent validity", "聚合效度")
        notes = (note, *caution_notes(self.cautions))
        return Table("convergent_validity", title, columns, table_rows(rows), notes)

    def _modification_table(self) -> Table:
        columns = (
            *self._lead(),
            Column("parameter", Text("Parameter", "参数"), align="left"),
            Column("index", Text("Modification index", "修正指数"), ".2f"),
            Column("change", Text("Expected change", "期望变化")),
            Column("standardized", Text("Standardised change", "标准化变化")),
        )
        lead = [column.key for column in self._lead()]
        rows = [
            [
                *(str(r[name]) for name in lead),
                f"{r['lhs']} {r['op']} {r['rhs']}".rstrip(),
                r["index"],
                r["change"],
                _known(r["standardized"]),
            ]
            for r in self.modification_indices.head(_SHOWN_INDICES).to_dict("records")
        ]
        note = Text(
            "The {shown} largest of {all} score tests: the fall of χ² (one degree of freedom) if this "
            "parameter "
            "alone were free; =~ loading, ~~ covariance, ~1 intercept, | threshold. Free none without a "
            "reason "
            "from the field.",
            "{all} 个得分检验中最大的 {shown} 个：仅放开该参数时 χ²（自由度 1）的期望下降；=~ 载荷，~~ "
            "协方差，"
            "~1 截距，| 阈值。无理论依据不应放开。",
        ).format(shown=len(rows), all=len(self.modification_indices))
        title = Text("Modification indices", "修正指数")
        return Table("modification_indices", title, columns, table_rows(rows), (note,))


def caution_notes(cautions: Sequence[Caution]) -> tuple[Text, ...]:
    """Cautions as notes under a table, each with the items or factors concerned."""
    return tuple(
        Text("Caution: {what} ({items}).", "注意：{what}（{items}）。").format(
            what=caution.message, items=", ".join(caution.items)
        )
        if caution.items
        else Text("Caution: {what}.", "注意：{what}。").format(what=caution.message)
        for caution in cautions
    )


def _known(value: Any) -> Any:
    """None, an empty cell, for what does not exist."""
    return None if isinstance(value, float) and value != value else value


def _last(key: Any) -> str:
    return str(key[-1] if isinstance(key, tuple) else key)


INVARIANCE = {
    "configural": Text("the same pattern, nothing equal (configural)", "仅结构相同（形态等值）"),
    "metric": Text("equal loadings (metric)", "载荷相等（弱等值）"),
    "scalar": Text(
        "equal loadings and intercepts or thresholds (scalar)", "载荷与截距（阈值）相等（强等值）"
    ),
    "strict": Text(
        "equal loadings, intercepts and residual variances (strict)", "载荷、截距与残差方差相等（严格等值）"
    ),
}
_MISSING = {
    "listwise": Text("rows with a missing item are left out", "剔除含缺失题项的行"),
    "fiml": Text("rows with some missing items are kept", "保留部分缺失的行"),
}
_VERSIONS = {
    "": Text("Value", "值"),
    "_scaled": Text("Scaled", "校正"),
    "_robust": Text("Robust", "稳健"),
}
# Statistics without a version: shown in the first column alone.
_UNSCALED = ("df", "srmr", "log_likelihood", "aic", "bic", "n_free")
_FIT_ROWS = (
    ("chi2", Text("χ²", "χ²"), ".3f"),
    ("df", Text("Degrees of freedom", "自由度"), ".0f"),
    ("p", Text("p", "p"), "p"),
    ("cfi", Text("CFI", "CFI"), ".3f"),
    ("tli", Text("TLI", "TLI"), ".3f"),
    ("rmsea", Text("RMSEA", "RMSEA"), ".3f"),
    ("rmsea_low", Text("RMSEA, 90% CI, low", "RMSEA 90% 下限"), ".3f"),
    ("rmsea_high", Text("RMSEA, 90% CI, high", "RMSEA 90% 上限"), ".3f"),
    ("rmsea_p", Text("p of RMSEA ≤ .05", "RMSEA ≤ 0.05 的 p"), "p"),
    ("srmr", Text("SRMR", "SRMR"), ".3f"),
    ("log_likelihood", Text("Log-likelihood", "对数似然"), ".2f"),
    ("aic", Text("AIC", "AIC"), ".2f"),
    ("bic", Text("BIC", "BIC"), ".2f"),
    ("n_free", Text("Free parameters", "自由参数个数"), ".0f"),
)
