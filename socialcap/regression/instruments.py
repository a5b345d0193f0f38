"""Instrumental variables: estimates, the strength of the instruments, overidentification, endogeneity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError
from socialcap.kernels import IntArray
from socialcap.kernels.iv import (
    IvCovariance,
    IvFit,
    IvSample,
    IvTest,
    fit_iv,
    hansen_j,
    sargan,
    wu_hausman,
)
from socialcap.kernels.responses import linear_response
from socialcap.kernels.weak_instruments import (
    ReducedForm,
    anderson_rubin,
    anderson_rubin_set,
    cragg_donald_f,
    effective_f,
    first_stage_f,
    kleibergen_paap,
    kleibergen_paap_f,
    partial_r2,
    reduced_form,
)
from socialcap.regression.checks import check_design, dependent_columns
from socialcap.regression.design import Outcome, design, numeric_outcome
from socialcap.regression.estimate import Estimate
from socialcap.regression.linear import column_inflation
from socialcap.regression.request import Request
from socialcap.regression.terms import terms_of
from socialcap.results import Column, Table, Text, table_rows
from socialcap.results.regression import Equation

_TESTS: dict[str, IvCovariance] = {
    "nonrobust": "nonrobust",
    "HC0": "HC0",
    "HC1": "HC1",
    "CR0": "CR0",
    "CR1": "CR1",
}
_ESTIMATORS = {
    "2sls": Text("Two-stage least squares", "两阶段最小二乘"),
    "liml": Text("Limited-information maximum likelihood", "有限信息极大似然"),
}
# share of a column's length left outside the span of others below which it adds nothing
_NOTHING = 1e-9


def fit_instrumented(request: Request) -> Estimate:
    """Two-stage least squares or LIML of `y ~ x + [endogenous ~ instruments]`."""
    equations = request.equations
    if equations.instruments is None:
        raise UsageError(
            f"model='iv' needs the instruments in the formula: 'y ~ x + [endogenous ~ z1 + z2]', not "
            f"{request.formula!r}"
        )
    data = request.data
    outcome = numeric_outcome(equations, data)
    exogenous = design([equations.regressors], data, request.formula)
    endogenous = design([equations.endogenous], data, request.formula, constant=False)
    instruments = design([equations.instruments], data, request.formula, constant=False)
    _check_instruments(outcome, exogenous, endogenous, instruments, request.formula)
    columns = (*exogenous.columns, *endogenous.columns)
    both = pd.concat([exogenous.matrix, endogenous.matrix], axis=1)
    check_design(outcome, both, request.formula, both.shape[1] + instruments.matrix.shape[1])
    check_design(outcome, both, request.formula)
    weights = request.weights()
    sample = IvSample(
        outcome.values.to_numpy(),
        endogenous.matrix.to_numpy(),
        exogenous.matrix.to_numpy(),
        instruments.matrix.to_numpy(),
        None if weights is None else weights.to_numpy(),
    )
    fit = fit_iv(sample, "liml" if request.method == "liml" else "2sls")
    kind, clusters = _tested_with(request)
    statistics = _Statistics(sample, fit, kind, clusters, tuple(endogenous.columns))
    terms = terms_of(exogenous.specs[0], request.labels, request.level_labels) | terms_of(
        endogenous.specs[0], request.labels, request.level_labels
    )
    measures = statistics.measures()
    if request.method == "liml":
        measures["kappa"] = float(fit.kappa)
    equation = Equation(both, (*exogenous.specs, *endogenous.specs), columns)
    names = (", ".join(part.columns) for part in (endogenous, instruments))
    remark = Text("Endogenous: {x}; excluded instruments: {z}.", "内生变量：{x}；排除性工具变量：{z}。")
    return Estimate(
        parameters=fit.coefficients,
        names=list(columns),
        terms=terms,
        outcome=outcome,
        equations=(equation,),
        n_obs=len(both),
        df_resid=float(fit.df_resid),
        fit=measures,
        fitted=(outcome.values - fit.residuals).rename("fitted"),
        residuals=pd.Series(fit.residuals, index=data.index, name="residuals"),
        estimator=_ESTIMATORS[request.method],
        slopes=[j for j, name in enumerate(columns) if name != "Intercept"],
        linear=fit,
        response=linear_response,
        outcomes=(outcome.name,),
        effect_sizes=column_inflation(equation),
        remarks=(remark.format(**dict(zip("xz", names, strict=True))), *statistics.remarks()),
        tables=(statistics.table(request),),
        data=data,
        weights=weights,
    )


def _tested_with(request: Request) -> tuple[IvCovariance, IntArray | None]:
    """The covariance of the tests: the estimate's own; that of the first way where it is two-way."""
    if request.cov in ("CR0", "CR1"):
        codes = request.sample.codes("clusters")
        return _TESTS[request.cov], codes[0] if codes else None
    if request.cov in _TESTS:
        return _TESTS[request.cov], None
    raise UsageError(
        f"cov={request.cov!r} is not available for model='iv'; available are {', '.join(_TESTS)}"
    )


def _check_instruments(
    outcome: Outcome, exogenous: Equation, endogenous: Equation, instruments: Equation, formula: str
) -> None:
    """Raises EstimationError for instruments that are none, and for too few of them."""
    problems: list[Problem] = []
    for name in instruments.columns:
        if name in exogenous.columns:
            said = "stands among the regressors too: it is excluded from nothing"
            problems.append(Problem(said, column=name))
        elif name in endogenous.columns:
            problems.append(Problem("is itself the endogenous variable", column=name))
        elif name == outcome.name:
            problems.append(Problem("is the outcome", column=name))
        elif np.ptp(instruments.matrix[name].to_numpy()) == 0:
            problems.append(Problem("has one value only", column=name))
    if not problems:
        joined = pd.concat([exogenous.matrix, instruments.matrix], axis=1)
        problems = [
            Problem("is a combination of the regressors and the other instruments", column=name)
            for name in dependent_columns(joined)
            if name in instruments.columns
        ]
    if not problems and len(instruments.columns) < len(endogenous.columns):
        raise EstimationError(
            f"{formula!r}: {len(instruments.columns)} instrument(s) for {len(endogenous.columns)} endogenous "
            "variables; each needs one of its own at least"
        )
    if not problems:
        problems = _irrelevant(exogenous, endogenous, instruments)
    if problems:
        raise EstimationError(f"{formula!r}: some instruments are none", problems)


def _irrelevant(exogenous: Equation, endogenous: Equation, instruments: Equation) -> list[Problem]:
    """Endogenous variables that the instruments say nothing about, given the regressors."""
    q = np.linalg.qr(exogenous.matrix.to_numpy())[0]
    z = instruments.matrix.to_numpy()
    z = np.linalg.qr(z - q @ (q.T @ z))[0]
    x = endogenous.matrix.to_numpy()
    explained = np.linalg.norm(z.T @ x, axis=0)
    return [
        Problem("no instrument goes with it once the regressors are held constant", column=name)
        for name, size, whole in zip(endogenous.columns, explained, np.linalg.norm(x, axis=0), strict=True)
        if size <= _NOTHING * whole
    ]


class _Statistics:
    """Tests of the instruments, with the covariance of the estimate."""

    def __init__(
        self,
        sample: IvSample,
        fit: IvFit,
        kind: IvCovariance,
        clusters: IntArray | None,
        endogenous: tuple[str, ...],
    ):
        self.sample, self.fit, self.endogenous = sample, fit, endogenous
        self.form: ReducedForm = reduced_form(sample, kind, clusters)
        self.classical: ReducedForm = reduced_form(sample, "nonrobust")
        self.robust = kind != "nonrobust"
        self.first = first_stage_f(self.form)
        self.exogeneity = wu_hausman(sample, kind, clusters)
        self.over = sargan(sample, fit)
        self.hansen = hansen_j(sample, clusters) if self.robust else None
        self.effective = effective_f(self.form) if len(endogenous) == 1 else None
        self.ar = anderson_rubin(self.form, np.zeros(len(endogenous)))
        self.overidentified = sample.instruments.shape[-1] > sample.endogenous.shape[-1]

    def measures(self) -> dict[str, float]:
        """The statistics by name."""
        rank = kleibergen_paap(self.form)
        found: dict[str, float] = {
            "rmse": float(np.sqrt(self.fit.sigma2)),
            "cragg_donald_f": cragg_donald_f(self.classical),
            "kleibergen_paap_f": kleibergen_paap_f(self.form),
            "kleibergen_paap_wald": float(rank.statistic),
            "kleibergen_paap_p": float(rank.p_value),
        }
        for j, (test, share) in enumerate(zip(self.first, partial_r2(self.form), strict=True)):
            suffix = "" if len(self.first) == 1 else f"_{self.endogenous[j]}"
            found |= {
                f"first_stage_f{suffix}": float(test.statistic),
                f"first_stage_p{suffix}": float(test.p_value),
                f"first_stage_partial_r2{suffix}": float(share),
            }
        found["anderson_rubin_f"], found["anderson_rubin_p"] = _pair(self.ar)
        if self.effective is not None:
            found["effective_f"] = self.effective.statistic
            found |= {
                f"effective_f_critical_{share:.0%}".replace("%", ""): value
                for share, value in zip(
                    self.effective.bias_shares, self.effective.critical_values, strict=True
                )
            }
        if self.overidentified:
            found["sargan"], found["sargan_p"] = _pair(self.over)
            found["overidentification_df"] = self.over.df_num
            if self.hansen is not None:
                found["hansen_j"], found["hansen_j_p"] = _pair(self.hansen)
        found["wu_hausman_f"], found["wu_hausman_p"] = _pair(self.exogeneity)
        return found

    def remarks(self) -> tuple[Text, ...]:
        """Whether the instruments are weak."""
        if self.effective is None:
            return ()
        critical = self.effective.critical_values[1]
        if self.effective.statistic >= critical:
            return ()
        return (
            Text(
                "The instruments are weak: effective F {f:.2f} is below {c:.2f}, the 5% critical value for "
                "a bias of a tenth of the worst case; rely on the Anderson-Rubin set.",
                "工具变量较弱：有效 F 为 {f:.2f}，低于 {c:.2f}（偏差不超过最坏情形十分之一的 5% 临界值）；"
                "应以 Anderson-Rubin 置信集为准。",
            ).format(f=self.effective.statistic, c=critical),
        )

    def table(self, request: Request) -> Table:
        """The tests, one a row."""
        rows: list[list[Any]] = []
        for name, test, share in zip(self.endogenous, self.first, partial_r2(self.form), strict=True):
            heading = Text("First-stage F: {name}", "第一阶段 F：{name}").format(name=name)
            rows.append([heading, *_row(test)])
            rows.append([Text(f"Partial R²: {name}", f"偏 R²：{name}"), float(share), None, None, None])
        if self.effective is not None:
            effective = self.effective
            rows.append([Text("Effective F", "有效 F"), effective.statistic, None, None, None])
            for level, critical in zip(effective.bias_shares, effective.critical_values, strict=True):
                heading = Text(f"  5% critical value, bias ≤ {level:.0%}", f"  5% 临界值，偏差 ≤ {level:.0%}")
                rows.append([heading, critical, None, None, None])
        rank = kleibergen_paap(self.form)
        rows.append(
            [Text("Cragg-Donald F", "Cragg-Donald F"), cragg_donald_f(self.classical), None, None, None]
        )
        rows.append(
            [Text("Kleibergen-Paap F", "Kleibergen-Paap F"), kleibergen_paap_f(self.form), None, None, None]
        )
        rows.append([Text("Kleibergen-Paap rank test, χ²", "Kleibergen-Paap 秩检验 χ²"), *_row(rank)])
        if self.overidentified:
            rows.append([Text("Sargan, χ²", "Sargan χ²"), *_row(self.over)])
            if self.hansen is not None:
                rows.append([Text("Hansen J, χ²", "Hansen J χ²"), *_row(self.hansen)])
        rows.append([Text("Anderson-Rubin F, all zero", "Anderson-Rubin F（全为零）"), *_row(self.ar)])
        rows.append([Text("Wu-Hausman F", "Wu-Hausman F"), *_row(self.exogeneity)])
        columns = (
            Column("test", Text("Test", "检验"), align="left"),
            Column("statistic", Text("Statistic", "统计量")),
            Column("df1", Text("df 1", "自由度 1"), ".0f"),
            Column("df2", Text("df 2", "自由度 2"), ".0f"),
            Column("p_value", Text("p", "p"), "p"),
        )
        title = Text("Instruments", "工具变量检验")
        return Table("instruments", title, columns, table_rows(rows), self._notes(request))

    def _notes(self, request: Request) -> tuple[Text, ...]:
        notes = [
            Text(
                "Effective F: Montiel Olea and Pflueger (2013), simplified conservative critical values. "
                "Covariance of the tests: {cov}; Cragg-Donald and Sargan assume equal variances.",
                "有效 F：Montiel Olea 与 Pflueger（2013），采用简化保守临界值。检验所用协方差：{cov}；"
                "Cragg-Donald 与 Sargan 假定同方差。",
            ).format(cov=request.cov)
        ]
        if len(self.endogenous) == 1:
            intervals = anderson_rubin_set(self.form)
            shown = " ∪ ".join(f"({low:.4g}, {high:.4g})" for low, high in intervals) or "∅"
            notes.append(
                Text(
                    "95% Anderson-Rubin confidence set of {name}: {set}.",
                    "{name} 的 95% Anderson-Rubin 置信集：{set}。",
                ).format(name=self.endogenous[0], set=shown.replace("-", "−"))
            )
        return tuple(notes)


def _pair(test: IvTest) -> tuple[float, float]:
    return float(test.statistic), float(test.p_value)


def _row(test: IvTest) -> list[float | None]:
    denominator = float(np.max(test.df_denom))
    df2 = None if np.isinf(denominator) else denominator
    return [float(test.statistic), test.df_num, df2, float(test.p_value)]
