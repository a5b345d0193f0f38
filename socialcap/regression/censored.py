"""Tobit: an outcome seen only between two limits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels.responses import TobitLimits
from socialcap.kernels.tobit import tobit
from socialcap.regression.checks import check_design
from socialcap.regression.design import design, numeric_outcome
from socialcap.regression.estimate import Estimate
from socialcap.regression.likelihood import likelihood_estimate, likelihood_measures, require_converged
from socialcap.regression.request import Request
from socialcap.regression.terms import terms_of
from socialcap.results import Term, Text


def fit_tobit(request: Request) -> Estimate:
    """Tobit of an outcome seen only between `lower` and `upper`."""
    outcome = numeric_outcome(request.equations, request.data)
    lower = -np.inf if request.lower is None else request.lower
    upper = np.inf if request.upper is None else request.upper
    if not lower < upper or (np.isinf(lower) and np.isinf(upper)):
        raise UsageError("model='tobit' needs lower=, upper= or both, the lower below the upper")
    y = outcome.values.to_numpy()
    seen = int(((y > lower) & (y < upper)).sum())
    if seen == len(y):
        raise EstimationError(f"{request.formula!r}: none of the rows is censored at {lower:g} or {upper:g}")
    if seen < 2:
        raise EstimationError(
            f"{request.formula!r}: {seen} of {len(y)} rows lie between {lower:g} and {upper:g}; the scale "
            "needs two at least"
        )
    equation = design([request.equations.regressors], request.data, request.formula)
    check_design(outcome, equation.matrix, request.formula)
    weights = request.weights()
    fit = tobit(y, equation.matrix.to_numpy(), lower, upper, None if weights is None else weights.to_numpy())
    require_converged(fit, request.formula)
    limits = TobitLimits(lower, upper)
    expected = limits.observed(fit.index[:, None], fit.coefficients[-1:]).value[:, 0]
    terms = terms_of(equation.specs[0], request.labels, request.level_labels)
    terms["sigma"] = Term("sigma", Text("σ", "σ"), equation="scale")
    measures = likelihood_measures(fit) | {
        "sigma": float(fit.sigma),
        "n_below": float((y <= lower).sum()),
        "n_above": float((y >= upper).sum()),
    }
    limit = Text(
        "Censored at {lower} and {upper}; coefficients are those of the latent outcome, fitted values and "
        "effects those of the outcome as seen.",
        "截取点为 {lower} 与 {upper}；系数为潜变量的系数，拟合值与效应为观测结果的。",
    )
    return likelihood_estimate(
        request,
        outcome,
        (equation,),
        fit,
        parameters=fit.coefficients,
        names=[*equation.columns, "sigma"],
        terms=terms,
        estimator=Text("Tobit, maximum likelihood", "Tobit，极大似然"),
        measures=measures,
        fitted=pd.Series(expected, index=outcome.values.index, name="fitted"),
        response=limits.observed,
        outcomes=(outcome.name,),
        n_slopes=equation.matrix.shape[1],
        untested=frozenset({"sigma"}),
        remarks=(limit.format(lower=f"{lower:g}", upper=f"{upper:g}"),),
    )
