"""Results of regressions: one model, and several side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, Protocol

import pandas as pd

from socialcap.errors import NotAvailableError
from socialcap.kernels import FloatArray
from socialcap.results.effects import MarginsResult, PredictionResult
from socialcap.results.measurement import label_of
from socialcap.results.rows import row_count
from socialcap.results.table import STARS_NOTE, Column, Formatted, Result, Starred, Table, Text, table_rows

Model = Literal[
    "ols",
    "logit",
    "probit",
    "firth",
    "fractional",
    "poisson",
    "ordered_logit",
    "ordered_probit",
    "multinomial",
    "tobit",
    "heckman",
    "bivariate_probit",
    "iv",
    "mixed",
]
Covariance = Literal[
    "nonrobust",
    "HC0",
    "HC1",
    "HC2",
    "HC3",
    "HC4",
    "CR0",
    "CR1",
    "CR2",
    "CR3",
    "two_way",
    "wild",
    "linearised",
]

FIT_FORMATS = MappingProxyType(
    {
        "n_obs": (Text("N", "样本量"), "d"),
        "n_selected": (Text("N, outcome seen", "可观测结果数"), "d"),
        "n_groups": (Text("Groups", "组数"), "d"),
        "r2": (Text("R²", "R²"), ".3f"),
        "r2_within": (Text("R², within", "组内 R²"), ".3f"),
        "adj_r2": (Text("Adjusted R²", "调整 R²"), ".3f"),
        "f": (Text("F", "F"), ".2f"),
        "f_df1": (Text("df 1", "自由度 1"), ".0f"),
        "f_df2": (Text("df 2", "自由度 2"), ".1f"),
        "f_p": (Text("p (F)", "p（F）"), "p"),
        "rmse": (Text("Residual standard error", "残差标准误"), ".3f"),
        "loglik": (Text("Log-likelihood", "对数似然"), ".3f"),
        "loglik_null": (Text("Log-likelihood, constant only", "仅常数项的对数似然"), ".3f"),
        "mcfadden": (Text("Pseudo-R² (McFadden)", "伪 R²（McFadden）"), ".3f"),
        "cox_snell": (Text("Pseudo-R² (Cox-Snell)", "伪 R²（Cox-Snell）"), ".3f"),
        "nagelkerke": (Text("Pseudo-R² (Nagelkerke)", "伪 R²（Nagelkerke）"), ".3f"),
        "lr": (Text("LR χ², all slopes", "LR χ²（全部斜率）"), ".2f"),
        "lr_df": (Text("df (LR)", "自由度（LR）"), ".0f"),
        "lr_p": (Text("p (LR)", "p（LR）"), "p"),
        "wald": (Text("Wald χ², all slopes", "Wald χ²（全部斜率）"), ".2f"),
        "wald_df": (Text("df (Wald)", "自由度（Wald）"), ".0f"),
        "wald_p": (Text("p (Wald)", "p（Wald）"), "p"),
        "aic": (Text("AIC (all parameters counted, σ too)", "AIC（计入全部参数，含 σ）"), ".2f"),
        "bic": (Text("BIC (all parameters counted, σ too)", "BIC（计入全部参数，含 σ）"), ".2f"),
        "dispersion": (Text("Pearson χ² / df", "Pearson χ² / 自由度"), ".3f"),
        "sigma": (Text("σ", "σ"), ".4f"),
        "sigma_se": (Text("Std. error of σ", "σ 的标准误"), ".4f"),
        "rho": (Text("ρ", "ρ"), ".4f"),
        "rho_se": (Text("Std. error of ρ", "ρ 的标准误"), ".4f"),
        "lambda": (Text("λ = ρσ", "λ = ρσ"), ".4f"),
        "lambda_se": (Text("Std. error of λ", "λ 的标准误"), ".4f"),
        "independence_lr": (Text("LR χ² of ρ = 0", "ρ = 0 的 LR χ²"), ".3f"),
        "independence_p": (Text("p (ρ = 0)", "p（ρ = 0）"), "p"),
        "n_below": (Text("Censored below", "下限截取数"), ".0f"),
        "n_above": (Text("Censored above", "上限截取数"), ".0f"),
        "icc": (Text("Intraclass correlation", "组内相关系数"), ".3f"),
        "kappa": (Text("κ of LIML", "LIML 的 κ"), ".4f"),
    }
)
_SUMMARY = ("n_obs", "r2", "r2_within", "adj_r2", "f", "f_p", "loglik", "mcfadden", "wald", "wald_p", "aic")


@dataclass(frozen=True, slots=True)
class Term:
    """What a coefficient belongs to: a variable or expression, the level of it if it is categorical, and the
    equation if the model has several.
    """

    expression: str
    label: Text
    reference: bool = False
    level: str = ""
    equation: str = ""


@dataclass(frozen=True, slots=True)
class CovarianceNote:
    """Which covariance a result has: its name, the small-sample factor, the reference distribution and the
    number of clusters of each way (empty where rows are independent).
    """

    name: str
    label: Text
    factor: str
    reference: Text
    n_clusters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Equation:
    """The design of one index of a model: `matrix` (n, k), and the formula's parts that make it from data.

    `specs` are formulaic's specifications, whose matrices side by side hold the `columns`.
    """

    matrix: pd.DataFrame
    specs: tuple[Any, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """The level of a categorical outcome that a binary model takes as 1, and the other one, in words."""

    variable: Text
    level: Text
    other: Text

    @property
    def label(self) -> Text:
        """The outcome by its event: "Bank loan (yes)"."""
        return Text("{variable} ({level})", "{variable}（{level}）").format(
            variable=self.variable, level=self.level
        )

    @property
    def note(self) -> Text:
        """Which event is modelled."""
        return Text(
            "The outcome is the event “{level}” of “{variable}”, against “{other}”.",
            "因变量“{variable}”所建模的事件为“{level}”，以“{other}”为对照。",
        ).format(variable=self.variable, level=self.level, other=self.other)


@dataclass(frozen=True, slots=True)
class Estimation:
    """What later steps need of a fitted model: margins, predictions, diagnostics, nested tests.

    `outcome` (n,): as the model sees it (codes 0..C-1 where `categories` are named, of a binary one the event
    last); `data` (n, ...): the
    variables of the formula, complete; `equations`: one for each index of the response; `parameters` (P,):
    slopes of each index in turn, then `further` ones (cutpoints, sigma ...), with `vcov` (P, P);
    `response`: expected outcomes as a function of the indices (`socialcap.kernels.responses`), None where
    the model has none; `outcomes`: their names; `df`: degrees of freedom (m,) of contrasts (m, P), infinite
    for the normal; `weights` (n,) or None; `loglik_comparable`: whether likelihood-ratio tests are valid.
    """

    outcome: pd.Series
    data: pd.DataFrame
    equations: tuple[Equation, ...]
    parameters: FloatArray
    vcov: FloatArray
    response: Callable[[FloatArray, FloatArray], Any] | None
    outcomes: tuple[str, ...]
    df: Callable[[FloatArray], FloatArray]
    categories: tuple[str, ...] = ()
    weights: pd.Series | None = None
    loglik_comparable: bool = False
    no_response: str = ""


class Tools(Protocol):
    """What a result can be asked to have computed by the rooms above."""

    def margins(
        self,
        result: RegressionResult,
        at: Any = "average",
        variables: Sequence[str] | None = None,
        changes: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> MarginsResult: ...

    def predict(self, result: RegressionResult, at: Any = "average") -> PredictionResult: ...

    def diagnostics(self, result: RegressionResult, **options: Any) -> Result: ...


@dataclass(frozen=True)
class RegressionResult(Result):
    """One estimated model.

    `coefficients` has a row per coefficient with columns estimate, std_error, statistic, p_value, ci_low,
    ci_high (95%), df, beta (standardised), vif, and for linear models tolerance, part_r, partial_r and f2
    (Cohen's f²), NaN where they do not apply. Coefficients of a second equation, cutpoints and scale
    parameters are named with their equation ("selection: educ", "cut: low | high"). `terms` describes them in
    display order, reference levels included. `fit` holds named statistics; `dropped`: row label -> why left
    out; `covariance` names the covariance, its small-sample factor and degrees of freedom. `event`: what a
    binary model of a categorical outcome takes as 1; `outcome_label` then says it.
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
    estimator: Text
    covariance: CovarianceNote
    estimation: Estimation
    tools: Tools
    label: Text = field(default_factory=Text)
    outcome_label: Text = field(default_factory=Text)
    event: Event | None = None
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    remarks: tuple[Text, ...] = ()
    further_tables: tuple[Table, ...] = ()

    def margins(
        self,
        at: Any = "average",
        variables: Sequence[str] | None = None,
        changes: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> MarginsResult:
        """Marginal effects: see `socialcap.margins`."""
        return self.tools.margins(self, at, variables, changes)

    def predict(self, at: Any = "average") -> PredictionResult:
        """Expected outcomes, averaged or along a curve: see `socialcap.predict`."""
        return self.tools.predict(self, at)

    def diagnostics(self, **options: Any) -> Result:
        """Tests of the model's assumptions: see `socialcap.diagnostics`."""
        return self.tools.diagnostics(self, **options)

    @property
    def linear(self) -> bool:
        """Whether the model is a least-squares one with an R²."""
        return "r2" in self.fit

    def tables(self) -> list[Table]:
        tables = [self._coefficient_table()]
        if "part_r" in self.coefficients:
            tables.append(self._effect_size_table())
        return [*tables, self._fit_table(), *self.further_tables]

    def _coefficient_table(self) -> Table:
        statistic = Text("z", "z") if self.covariance.reference == NORMAL else Text("t", "t")
        optional = [c for c in ("beta", "vif") if self.coefficients[c].notna().any()]
        headings = {"beta": Column("beta", Text("β", "β")), "vif": Column("vif", Text("VIF", "VIF"), ".2f")}
        columns = (
            Column("term", Text("Term", "变量"), align="left"),
            Column("estimate", Text("b", "b")),
            Column("std_error", Text("Std. error", "标准误")),
            Column("statistic", statistic, ".2f"),
            Column("p_value", Text("p", "p"), "p"),
            Column("ci_low", Text("95% CI, low", "95% 置信下限")),
            Column("ci_high", Text("95% CI, high", "95% 置信上限")),
            *(headings[name] for name in optional),
        )
        title = Text("Regression of {outcome}: {label}", "{outcome}的回归：{label}")
        return Table(
            f"regression_{self.name}",
            title.format(outcome=self.outcome_label or self.outcome, label=self.label or self.name),
            columns,
            table_rows([self._row(name, term, optional) for name, term in self.terms.items()]),
            (*self.notes(), STARS_NOTE),
        )

    def _row(self, name: str, term: Term, optional: Sequence[str]) -> list[Any]:
        if term.reference:
            return [term.label, Text("reference", "参照组"), *[None] * (5 + len(optional))]
        row = _numbers(self, name)
        rest = (row[c] for c in ("std_error", "statistic", "p_value", "ci_low", "ci_high"))
        others = (None if math.isnan(row[c]) else row[c] for c in optional)
        return [term.label, Starred(row["estimate"], row["p_value"]), *rest, *others]

    def _effect_size_table(self) -> Table:
        columns = (
            Column("term", Text("Term", "变量"), align="left"),
            Column("beta", Text("β", "β")),
            Column("part_r", Text("Part r", "部分相关 r")),
            Column("partial_r", Text("Partial r", "偏相关 r")),
            Column("f2", Text("Cohen's f²", "Cohen's f²")),
            Column("tolerance", Text("Tolerance", "容忍度")),
            Column("vif", Text("VIF", "VIF"), ".2f"),
        )
        shown = [
            name
            for name, term in self.terms.items()
            if not term.reference and not math.isnan(self._vif(name))
        ]
        rows = [[self.terms[n].label, *(_numbers(self, n)[c.key] for c in columns[1:])] for n in shown]
        note = Text(
            "Part and partial correlations and f² follow from the classical t statistic: partial r = "
            "t/√(t² + df), part r = t√((1 − R²)/df), f² = t²/df.",
            "部分相关、偏相关与 f² 由经典 t 统计量得出：偏相关 r = t/√(t² + df)，"
            "部分相关 r = t√((1 − R²)/df)，f² = t²/df。",
        )
        title = Text("Effect sizes and collinearity: {label}", "效应量与共线性：{label}")
        return Table(
            f"effect_sizes_{self.name}",
            title.format(label=self.label or self.name),
            columns,
            table_rows(rows),
            (note,),
        )

    def _vif(self, name: str) -> float:
        return _numbers(self, name)["vif"]

    def _fit_table(self) -> Table:
        rows = [
            [FIT_FORMATS[key][0], Formatted(value, FIT_FORMATS[key][1])]
            for key, value in self.fit.items()
            if key in FIT_FORMATS
        ]
        columns = (
            Column("statistic", Text("Statistic", "统计量"), align="left"),
            Column("value", Text("Value", "数值")),
        )
        title = Text("Fit: {label}", "模型拟合：{label}").format(label=self.label or self.name)
        return Table(f"fit_{self.name}", title, columns, table_rows(rows))

    def notes(self) -> tuple[Text, ...]:
        """What the reader must know of the model: estimator, standard errors, N, fit, rows left out."""
        notes = [self._estimator_note(), self._covariance_note(), *self.remarks]
        if self.coefficients["beta"].notna().any():
            notes.append(Text("β: coefficients of variables in standard deviations.", "β：标准化系数。"))
        if len(self.dropped):
            left_out = Text("{count} left out because a variable is missing.", "因有变量缺失而剔除 {count}。")
            notes.append(left_out.format(count=row_count(len(self.dropped))))
        return tuple(notes)

    def _estimator_note(self) -> Text:
        parts = [Text("{estimator}. N = {n}", "{estimator}。N = {n}")]
        if "r2" in self.fit and math.isnan(self.fit["f"]):
            parts.append(
                Text(", R² = {r2:.3f}, adjusted R² = {adj:.3f}", "，R² = {r2:.3f}，调整 R² = {adj:.3f}")
            )
        elif "r2" in self.fit:
            added = Text(
                ", R² = {r2:.3f}, adjusted R² = {adj:.3f}, F({df1:.0f}, {df2:.4g}) = {f:.2f} ({cov}), p {p}",
                "，R² = {r2:.3f}，调整 R² = {adj:.3f}，F({df1:.0f}, {df2:.4g}) = {f:.2f}（{cov}），p {p}",
            )
            parts.append(added)
        elif "mcfadden" in self.fit:
            added = Text(
                ", log-likelihood {ll:.3f}, McFadden's pseudo-R² = {mcfadden:.3f}",
                "，对数似然 {ll:.3f}，McFadden 伪 R² = {mcfadden:.3f}",
            )
            parts.append(added)
        elif "loglik" in self.fit:
            parts.append(Text(", log-likelihood {ll:.3f}", "，对数似然 {ll:.3f}"))
        note = _joined(*parts, Text(".", "。"))
        fit = {key: self.fit.get(key, math.nan) for key in ("r2", "adj_r2", "f", "f_df1", "f_df2", "f_p")}
        return note.format(
            estimator=self.estimator,
            n=self.n_obs,
            cov=self.covariance.label,
            r2=fit["r2"],
            adj=fit["adj_r2"],
            f=fit["f"],
            df1=fit["f_df1"],
            df2=fit["f_df2"],
            p=_p_text(fit["f_p"]),
            ll=self.fit.get("loglik", math.nan),
            mcfadden=self.fit.get("mcfadden", math.nan),
        )

    def _covariance_note(self) -> Text:
        note = Text(
            "{cov} standard errors, small-sample factor {factor}, {reference}",
            "{cov}标准误，小样本因子 {factor}，{reference}",
        )
        if self.covariance.n_clusters:
            note = _joined(note, Text("; {clusters} clusters", "；{clusters} 个聚类"))
        return _joined(note, Text(".", "。")).format(
            cov=self.covariance.label,
            factor=self.covariance.factor.replace("-", "−"),
            reference=self.covariance.reference,
            clusters=" × ".join(map(str, self.covariance.n_clusters)),
        )


NORMAL = Text("normal distribution", "正态分布")


def no_response(result: RegressionResult) -> NotAvailableError:
    """The error for a model without expected outcomes, with its reason."""
    return NotAvailableError(f"{result.model} has no such effects: {result.estimation.no_response}")


def _joined(*parts: Text) -> Text:
    return Text("".join(part.en for part in parts), "".join(part.zh for part in parts))


def _p_text(p: float) -> Text:
    template = "{p:p}" if p < 0.001 else "= {p:p}"
    return Text(template, template).format(p=p)


def _errors_note(models: Sequence[RegressionResult]) -> Text:
    """Which standard errors stand in brackets, and in which models where they differ."""
    numbers: dict[Text, list[str]] = {}
    for number, model in enumerate(models, 1):
        numbers.setdefault(model.covariance.label, []).append(str(number))
    if len(numbers) == 1:
        template = Text("{cov} standard errors in brackets.", "括号内为{cov}标准误。")
        return template.format(cov=next(iter(numbers)))
    each = Text("{cov} in ({which})", "第（{which}）列为{cov}标准误")
    parts = [
        each.format(cov=cov, which=Text(", ".join(where), "、".join(where))) for cov, where in numbers.items()
    ]
    return Text("Standard errors in brackets: {parts}.", "括号内为标准误：{parts}。").format(
        parts=Text("; ".join(part.en for part in parts), "；".join(part.zh for part in parts))
    )


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
    order = sorted(terms, key=lambda name: (bool(terms[name].equation), name == "Intercept"))
    outcomes = [_outcome_label(model, labels) for model in models]
    shared = len(set(outcomes)) == 1
    rows: list[list[Any]] = [] if shared else [[Text("Outcome", "因变量"), *outcomes]]
    kinds = {model.model for model in models}
    if len(kinds) > 1:
        rows.append([Text("Estimator", "估计方法"), *(model.estimator for model in models)])
    for name in order:
        rows.append([terms[name].label, *(_estimate(model, name) for model in models)])
        if not terms[name].reference:
            rows.append(["", *(_bracketed(model, name) for model in models)])
    for key in (key for key in _SUMMARY if any(key in model.fit for model in models)):
        heading, spec = FIT_FORMATS[key]
        values = (Formatted(m.fit[key], spec) if key in m.fit else None for m in models)
        rows.append([heading, *values])
    errors = _errors_note(models)
    title = Text("Regressions", "回归结果")
    if shared:
        title = Text("Regressions of {outcome}", "{outcome}的回归结果").format(outcome=outcomes[0])
    return Table("regressions", title, columns, table_rows(rows), (errors, STARS_NOTE))


def _outcome_label(model: RegressionResult, labels: Mapping[str, Text]) -> Text:
    label = label_of(labels, model.outcome)
    return label if model.event is None else replace(model.event, variable=label).label


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
    frame = model.coefficients
    values = frame.to_numpy(dtype=float)[frame.index.get_loc(name)]
    return dict(zip(map(str, frame.columns), values.tolist(), strict=True))
