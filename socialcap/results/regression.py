"""Results of regressions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.table import STARS_NOTE, Column, Formatted, Result, Starred, Table, Text, table_rows

FIT_FORMATS = MappingProxyType(
    {
        "n_obs": (Text("N", "样本量"), "d"),
        "r2": (Text("R²", "R²"), ".3f"),
        "adj_r2": (Text("Adjusted R²", "调整 R²"), ".3f"),
        "f": (Text("F", "F"), ".2f"),
        "f_df1": (Text("df 1", "自由度 1"), ".0f"),
        "f_df2": (Text("df 2", "自由度 2"), ".0f"),
        "f_p": (Text("p (F)", "p（F）"), "p"),
        "rmse": (Text("Residual standard error", "残差标准误"), ".3f"),
    }
)


@dataclass(frozen=True, slots=True)
class Term:
    """What a coefficient belongs to: a variable or expression, and the level of it if it is categorical."""

    expression: str
    label: Text
    reference: bool = False


@dataclass(frozen=True)
class RegressionResult(Result):
    """One estimated model.

    `coefficients` has a row per coefficient with columns estimate, std_error, statistic, p_value, ci_low,
    ci_high (95 %), beta (standardised) and vif (NaN for the constant). `terms` describes them in display
    order, reference levels included. `fit` holds named statistics; `dropped`: row label -> why left out.
    """

    name: str
    formula: str
    outcome: str
    model: str
    cov: str
    coefficients: pd.DataFrame
    vcov: pd.DataFrame
    fit: Mapping[str, float]
    n_obs: int
    df_resid: float
    dropped: pd.Series
    terms: Mapping[str, Term]
    fitted: pd.Series
    residuals: pd.Series
    label: Text = field(default_factory=Text)
    outcome_label: Text = field(default_factory=Text)
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    def tables(self) -> list[Table]:
        columns = (
            Column("term", Text("Term", "变量"), align="left"),
            Column("estimate", Text("b", "b")),
            Column("std_error", Text("Std. error", "标准误")),
            Column("statistic", Text("t", "t"), ".2f"),
            Column("p_value", Text("p", "p"), "p"),
            Column("ci_low", Text("95 % CI, low", "95 % 置信下限")),
            Column("ci_high", Text("95 % CI, high", "95 % 置信上限")),
            Column("beta", Text("β", "β")),
            Column("vif", Text("VIF", "VIF"), ".2f"),
        )
        return [
            Table(
                f"regression_{self.name}",
                Text("Regression of {outcome}: {label}", "{outcome} 的回归：{label}").format(
                    outcome=self.outcome_label or self.outcome, label=self.label or self.name
                ),
                columns,
                table_rows([self._row(name, term) for name, term in self.terms.items()]),
                (*self.notes(), STARS_NOTE),
            )
        ]

    def _row(self, name: str, term: Term) -> list[Any]:
        if term.reference:
            return [term.label, Text("reference", "参照组"), *[None] * 7]
        row = _numbers(self, name)
        rest = (row[c] for c in ("std_error", "statistic", "p_value", "ci_low", "ci_high"))
        optional = (None if math.isnan(row[c]) else row[c] for c in ("beta", "vif"))
        return [term.label, Starred(row["estimate"], row["p_value"]), *rest, *optional]

    def notes(self) -> tuple[Text, ...]:
        """What the reader must know of the model: estimator, standard errors, N, fit, rows left out."""
        estimator = Text(
            "Ordinary least squares, {cov} standard errors, t distribution with {df:.0f} degrees of freedom. "
            "N = {n}, R² = {r2:.3f}, adjusted R² = {adj:.3f}, F({df1:.0f}, {df:.0f}) = {f:.2f} ({cov}), "
            "p {p}. β: coefficients of variables in standard deviations.",
            "普通最小二乘，{cov} 标准误，t 分布自由度 {df:.0f}。N = {n}，R² = {r2:.3f}，调整 R² = {adj:.3f}，"
            "F({df1:.0f}, {df:.0f}) = {f:.2f}（{cov}），p {p}。β：标准化系数。",
        ).format(
            cov=_COVARIANCES[self.cov],
            df=self.df_resid,
            n=self.n_obs,
            r2=self.fit["r2"],
            adj=self.fit["adj_r2"],
            df1=self.fit["f_df1"],
            f=self.fit["f"],
            p=_p_text(self.fit["f_p"]),
        )
        if not len(self.dropped):
            return (estimator,)
        left_out = Text(
            "{count} rows left out because a variable is missing.", "因有变量缺失而剔除 {count} 行。"
        ).format(count=len(self.dropped))
        return estimator, left_out


_COVARIANCES = {
    "nonrobust": Text("classical", "经典"),
    **{name: Text(name, name) for name in ("HC0", "HC1", "HC2", "HC3")},
}


def _p_text(p: float) -> str:
    return "< .001" if p < 0.001 else f"= {p:.3f}".replace("0.", ".", 1)


def regression_table(models: Sequence[RegressionResult], labels: Mapping[str, Text]) -> Table:
    """Several models side by side: estimates with stars over standard errors in brackets, then the fit."""
    columns = (
        Column("term", Text("Term", "变量"), align="left"),
        *(
            Column(m.name, Text("({i}) {label}", "（{i}）{label}").format(i=i, label=m.label or m.name))
            for i, m in enumerate(models, 1)
        ),
    )
    terms: dict[str, Term] = {}
    for model in models:
        terms |= {name: term for name, term in model.terms.items() if name not in terms}
    order = sorted(terms, key=lambda name: name == "Intercept")
    outcomes = [label_of(labels, model.outcome) for model in models]
    shared = len(set(outcomes)) == 1
    rows: list[list[Any]] = [] if shared else [[Text("Outcome", "因变量"), *outcomes]]
    for name in order:
        rows.append([terms[name].label, *(_estimate(model, name) for model in models)])
        if not terms[name].reference:
            rows.append(["", *(_bracketed(model, name) for model in models)])
    for key in ("n_obs", "r2", "adj_r2", "f", "f_p"):
        heading, spec = FIT_FORMATS[key]
        rows.append([heading, *(Formatted(model.fit[key], spec) for model in models)])
    kinds = {model.cov for model in models}
    named = " / ".join(sorted(_COVARIANCES[kind].en for kind in kinds))
    named_zh = " / ".join(sorted(_COVARIANCES[kind].zh for kind in kinds))
    errors = Text(f"{named} standard errors in brackets.", f"括号内为 {named_zh} 标准误。")
    title = Text("Regressions", "回归结果")
    if shared:
        title = Text("Regressions of {outcome}", "{outcome} 的回归结果").format(outcome=outcomes[0])
    return Table("regressions", title, columns, table_rows(rows), (errors, STARS_NOTE))


def _estimate(model: RegressionResult, name: str) -> Any:
    if name not in model.terms:
        return None
    if model.terms[name].reference:
        return Text("ref.", "参照")
    row = _numbers(model, name)
    return Starred(row["estimate"], row["p_value"])


def _bracketed(model: RegressionResult, name: str) -> Any:
    if name not in model.coefficients.index:
        return None
    return Formatted(_numbers(model, name)["std_error"], "(.3f)")


def _numbers(model: RegressionResult, name: str) -> dict[str, float]:
    """One coefficient's estimate, error and so on."""
    row = model.coefficients.loc[[name]]
    return {str(column): float(value) for column, value in zip(row.columns, row.to_numpy()[0], strict=True)}
