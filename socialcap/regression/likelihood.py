"""Models of one index by maximum likelihood: binary, shares, counts; what all likelihood models share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special
from statsmodels.discrete.discrete_model import Logit, Poisson, Probit

from socialcap.errors import EstimationError
from socialcap.kernels import FloatArray
from socialcap.kernels.binary import (
    BinaryFit,
    firth_intervals,
    firth_logit,
    firth_tests,
    fractional_logit,
    logit,
    logit_terms,
    probit,
    probit_terms,
)
from socialcap.kernels.likelihood import LikelihoodFit, gram
from socialcap.kernels.poisson import poisson
from socialcap.kernels.responses import logit_response, poisson_response, probit_response
from socialcap.kernels.separation import Separation, binary_separation, poisson_separation
from socialcap.kernels.working import (
    Moments,
    WorkingFit,
    logit_moments,
    poisson_moments,
    probit_moments,
    working_fit,
)
from socialcap.regression.checks import check_design, check_separation
from socialcap.regression.design import Outcome, binary_outcome, design, numeric_outcome
from socialcap.regression.estimate import Estimate, NullScores
from socialcap.regression.linear import column_inflation
from socialcap.regression.request import Request
from socialcap.regression.terms import terms_of
from socialcap.results import Term, Text
from socialcap.results.regression import Equation

Link = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]

_INFORMATION = Text("Classical (inverse information)", "经典（信息矩阵之逆）")


@dataclass(frozen=True, slots=True)
class _OneIndex:
    """A model of one index: how it is fitted (statsmodels' class where it has one), and its pieces."""

    estimator: Text
    kernel: Callable[..., Any]
    statsmodels: Any
    terms: Link
    moments: Moments
    response: Callable[[FloatArray, FloatArray], Any]


def _poisson_terms(y: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """y eta - e^eta - log y!, and its first and second derivative in eta."""
    mean = np.exp(eta)
    return y * eta - mean - special.gammaln(y + 1.0), y - mean, -mean


_LOGIT = _OneIndex(
    Text("Logit, maximum likelihood", "Logit，极大似然"),
    logit,
    Logit,
    logit_terms,
    logit_moments,
    logit_response,
)
_PROBIT = _OneIndex(
    Text("Probit, maximum likelihood", "Probit，极大似然"),
    probit,
    Probit,
    probit_terms,
    probit_moments,
    probit_response,
)
_FRACTIONAL = _OneIndex(
    Text("Fractional logit, Bernoulli quasi-likelihood", "分数 Logit，伯努利拟似然"),
    fractional_logit,
    None,
    logit_terms,
    logit_moments,
    logit_response,
)
_POISSON = _OneIndex(
    Text("Poisson regression, maximum likelihood", "泊松回归，极大似然"),
    poisson,
    Poisson,
    _poisson_terms,
    poisson_moments,
    poisson_response,
)


def fit_logit(request: Request) -> Estimate:
    """Logit of a 0/1 outcome."""
    return _binary(request, _LOGIT)


def fit_probit(request: Request) -> Estimate:
    """Probit of a 0/1 outcome."""
    return _binary(request, _PROBIT)


def _binary(request: Request, model: _OneIndex) -> Estimate:
    outcome = binary_outcome(request.equations, request.data)
    equation = _checked(request, outcome)
    _separated(binary_separation, request, outcome, equation, firth=True)
    return _single_index(request, outcome, equation, model)


def fit_fractional(request: Request) -> Estimate:
    """Fractional logit of a share between 0 and 1."""
    outcome = numeric_outcome(request.equations, request.data)
    outside = (outcome.values < 0) | (outcome.values > 1)
    if outside.any():
        raise EstimationError(
            f"{request.formula!r}: the outcome {outcome.name} must be a share between 0 and 1; "
            f"{outside.sum()} rows are outside, such as row {outcome.values.index[outside][0]} "
            f"({outcome.values[outside].iloc[0]:g})"
        )
    equation = _checked(request, outcome)
    _separated(binary_separation, request, outcome, equation, firth=False)
    made = _single_index(request, outcome, equation, _FRACTIONAL)
    quasi = "the Bernoulli variance is not that of shares"
    return replace(made, vcov=None, quasi=quasi, loglik_comparable=False, lr_null=False)


def fit_poisson(request: Request) -> Estimate:
    """Poisson regression of a count, with exposure where given."""
    outcome = numeric_outcome(request.equations, request.data)
    if (outcome.values < 0).any():
        row = outcome.values.index[outcome.values < 0][0]
        raise EstimationError(f"{request.formula!r}: the outcome {outcome.name} is negative in row {row}")
    exposure = request.sample.numbers("exposure")
    if exposure is not None and (exposure <= 0).any():
        raise EstimationError(f"{request.formula!r}: the exposure must be positive in every row")
    equation = _checked(request, outcome)
    _separated(poisson_separation, request, outcome, equation, firth=False)
    made = _single_index(request, outcome, equation, _POISSON, exposure)
    remarks = made.remarks
    if (outcome.values % 1 != 0).any():
        remarks += (
            Text(
                "The outcome is not a count: the estimate is a quasi-likelihood one, for which robust "
                "standard errors are needed.",
                "因变量不是计数：此为拟似然估计，须用稳健标准误。",
            ),
        )
    return replace(made, remarks=remarks)


def _checked(request: Request, outcome: Outcome) -> Equation:
    equation = design([request.equations.regressors], request.data, request.formula)
    check_design(outcome, equation.matrix, request.formula)
    return equation


def _separated(
    find: Callable[[FloatArray, FloatArray], Separation],
    request: Request,
    outcome: Outcome,
    equation: Equation,
    *,
    firth: bool,
) -> None:
    x = equation.matrix
    found = find(outcome.values.to_numpy(), x.to_numpy())
    check_separation(found, list(x.columns), x, outcome, request.formula, firth=firth)


def _single_index(
    request: Request,
    outcome: Outcome,
    equation: Equation,
    model: _OneIndex,
    exposure: FloatArray | None = None,
) -> Estimate:
    y, x = outcome.values.to_numpy(), equation.matrix.to_numpy()
    weights = request.weights()
    w = None if weights is None else weights.to_numpy()
    extra = {} if exposure is None else {"exposure": exposure}
    fit = model.kernel(y, x, w, **extra)
    require_converged(fit, request.formula)
    parameters = fit.coefficients
    if model.statsmodels is not None and weights is None:
        polished = model.statsmodels(y, x, **extra).fit(start_params=parameters, disp=False)
        parameters = np.asarray(polished.params)
    shift = 0.0 if exposure is None else np.log(exposure)

    def null_scores(j: int) -> tuple[FloatArray, FloatArray]:
        others = np.delete(np.arange(x.shape[1]), j)
        theta = np.zeros(x.shape[1])
        theta[others] = model.kernel(y, x[:, others], w, **extra).coefficients
        _, first, second = model.terms(y, x @ theta + shift)
        ones = np.ones_like(y) if w is None else w
        return x * (ones * first)[:, None], gram(x, ones * second)

    fitted = pd.Series(fit.fitted, index=outcome.values.index, name="fitted")
    measures = likelihood_measures(fit)
    if model is _POISSON:
        measures["dispersion"] = float(fit.pearson) / (len(y) - x.shape[1])
    return likelihood_estimate(
        request,
        outcome,
        (equation,),
        fit,
        parameters=parameters,
        names=list(equation.columns),
        terms=terms_of(equation.specs[0], request.labels, request.level_labels),
        estimator=model.estimator,
        measures=measures,
        fitted=fitted,
        response=model.response,
        outcomes=(event_name(outcome),),
        working=working_fit(y, x, fit.index, model.moments, w),
        null_scores=null_scores if x.shape[1] > 1 else None,
        n_slopes=x.shape[1],
    )


def event_name(outcome: Outcome) -> str:
    """What an expected outcome is the probability of, or the outcome's name: "loan = yes"."""
    return f"{outcome.name} = {outcome.categories[1]}" if outcome.categories else outcome.name


def likelihood_measures(fit: LikelihoodFit) -> dict[str, float]:
    """The log-likelihood and what is made of it."""
    return {
        "loglik": float(fit.loglik),
        "loglik_null": float(fit.loglik_null),
        "mcfadden": float(fit.mcfadden),
        "cox_snell": float(fit.cox_snell),
        "nagelkerke": float(fit.nagelkerke),
        "aic": float(fit.aic),
        "bic": float(fit.bic),
    }


def likelihood_estimate(
    request: Request,
    outcome: Outcome,
    equations: tuple[Equation, ...],
    fit: LikelihoodFit,
    *,
    parameters: FloatArray,
    names: list[str],
    terms: dict[str, Term],
    estimator: Text,
    measures: dict[str, float],
    fitted: pd.Series,
    response: Callable[[FloatArray, FloatArray], Any],
    outcomes: tuple[str, ...],
    n_slopes: int,
    working: WorkingFit | None = None,
    null_scores: NullScores | None = None,
    untested: frozenset[str] = frozenset(),
    remarks: tuple[Text, ...] = (),
) -> Estimate:
    """The common record of a likelihood model; of the first `n_slopes` parameters all but constants are
    slopes.
    """
    weights = request.weights()
    if weights is not None:
        remarks += (
            Text(
                "Weighted pseudo-likelihood, weights scaled to a mean of one.",
                "加权伪似然，权重已调整为均值 1。",
            ),
        )
    return Estimate(
        parameters=parameters,
        names=names,
        terms=terms,
        outcome=outcome,
        equations=equations,
        n_obs=len(outcome.values),
        df_resid=float(len(outcome.values) - len(parameters)),
        fit=measures,
        fitted=fitted,
        residuals=(outcome.values - fitted).rename("residuals"),
        estimator=estimator,
        slopes=[j for j in range(n_slopes) if names[j].split(": ")[-1] != "Intercept"],
        scores=fit.scores,
        hessian=fit.hessian,
        working=working,
        vcov=fit.vcov if weights is None else None,
        own_label=_INFORMATION,
        quasi="" if weights is None else "weights are not counts of observations",
        null_scores=null_scores,
        response=response,
        outcomes=outcomes,
        untested=untested,
        effect_sizes=column_inflation(equations[0]),
        loglik_comparable=weights is None,
        lr_null=weights is None and "loglik_null" in measures and _has_constant(names),
        remarks=remarks,
        data=request.data,
        weights=weights,
    )


def _has_constant(names: list[str]) -> bool:
    """Whether the model of a constant alone is a special case: cutpoints are constants too."""
    return any(name.split(": ")[-1] == "Intercept" or name.startswith("cut: ") for name in names)


def require_converged(fit: LikelihoodFit, formula: str) -> None:
    """Raises EstimationError where the likelihood has no unique maximum or it was not reached."""
    if fit.converged:
        return
    if fit.separated:
        raise EstimationError(f"{formula!r}: the outcome is predicted perfectly, estimates would be infinite")
    why = "several estimates fit equally well" if fit.singular else "its maximum was not reached"
    raise EstimationError(f"{formula!r}: the likelihood could not be maximised: {why}")


def fit_firth(request: Request) -> Estimate:
    """Firth's penalised logit: tests by penalised likelihood ratio, profile intervals."""
    outcome = binary_outcome(request.equations, request.data)
    equation = _checked(request, outcome)
    y, x = outcome.values.to_numpy(), equation.matrix.to_numpy()
    fit: BinaryFit = firth_logit(y, x)
    require_converged(fit, request.formula)
    tests, intervals = firth_tests(y, x), firth_intervals(y, x)
    exact = pd.DataFrame(
        {
            "statistic": np.sign(fit.coefficients) * np.sqrt(tests.statistic),
            "p_value": tests.p_value,
            "ci_low": intervals[:, 0],
            "ci_high": intervals[:, 1],
        },
        index=list(equation.columns),
    )
    measures = {"loglik": float(fit.loglik), "loglik_null": float(fit.loglik_null)}
    made = likelihood_estimate(
        request,
        outcome,
        (equation,),
        fit,
        parameters=fit.coefficients,
        names=list(equation.columns),
        terms=terms_of(equation.specs[0], request.labels, request.level_labels),
        estimator=Text("Firth's penalised logit", "Firth 惩罚 Logit"),
        measures=measures,
        fitted=pd.Series(fit.fitted, index=outcome.values.index, name="fitted"),
        response=logit_response,
        outcomes=(event_name(outcome),),
        n_slopes=x.shape[1],
        remarks=(Text("Log-likelihoods are penalised ones.", "对数似然为惩罚后的值。"),),
    )
    reference = Text(
        "tests by penalised likelihood ratio (signed root shown), profile intervals",
        "惩罚似然比检验（列出带符号的平方根），轮廓似然区间",
    )
    return replace(made, exact=exact, exact_reference=reference, loglik_comparable=False, lr_null=False)
