"""Ordered and multinomial models: outcomes of several categories, effects on each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.discrete.discrete_model import MNLogit

from socialcap.errors import UsageError, nearest
from socialcap.kernels import FloatArray
from socialcap.kernels.multinomial import multinomial_logit
from socialcap.kernels.ordered import OrderedFit, ordered_logit, ordered_probit
from socialcap.kernels.responses import (
    multinomial_response,
    ordered_logit_response,
    ordered_probit_response,
)
from socialcap.kernels.separation import multinomial_separation, ordered_separation
from socialcap.regression.checks import check_design, check_separation
from socialcap.regression.design import Outcome, categorical_outcome, design
from socialcap.regression.estimate import Estimate
from socialcap.regression.likelihood import likelihood_estimate, likelihood_measures, require_converged
from socialcap.regression.linear import column_inflation
from socialcap.regression.request import Request
from socialcap.regression.terms import in_equation, terms_of
from socialcap.results import Term, Text


def fit_ordered_logit(request: Request) -> Estimate:
    """Ordered logit, cutpoints as they are."""
    estimator = Text("Ordered logit, maximum likelihood", "有序 Logit，极大似然")
    return _ordered(request, ordered_logit, ordered_logit_response, estimator)


def fit_ordered_probit(request: Request) -> Estimate:
    """Ordered probit, cutpoints as they are."""
    estimator = Text("Ordered probit, maximum likelihood", "有序 Probit，极大似然")
    return _ordered(request, ordered_probit, ordered_probit_response, estimator)


def _ordered(
    request: Request,
    kernel: Callable[..., OrderedFit],
    response: Callable[[FloatArray, FloatArray], Any],
    estimator: Text,
) -> Estimate:
    outcome = categorical_outcome(request.equations, request.data, ordered=True)
    equation = design([request.equations.regressors], request.data, request.formula, constant=False)
    categories = outcome.categories
    k = equation.matrix.shape[1]
    check_design(outcome, equation.matrix, request.formula, k + len(categories) - 1)
    # the cutpoints are the constants: a column that is constant, or dummies of all levels, cannot be told
    constant = pd.Series(1.0, equation.matrix.index, name="cutpoints")
    with_constant = pd.concat([constant, equation.matrix], axis=1)
    check_design(outcome, with_constant, request.formula)
    codes, x = outcome.values.to_numpy().astype(int), equation.matrix.to_numpy()
    cuts = [f"cut: {low} | {high}" for low, high in pairwise(categories)]
    names = [*equation.columns, *cuts]
    found = ordered_separation(codes, x, len(categories))
    check_separation(found, names, equation.matrix, outcome, request.formula, firth=False)
    weights = request.weights()
    fit = kernel(codes, x, len(categories), None if weights is None else weights.to_numpy())
    require_converged(fit, request.formula)
    terms = terms_of(equation.specs[0], request.labels, request.level_labels)
    terms.pop("Intercept", None)
    for name in cuts:
        pair = name.removeprefix("cut: ")
        terms[name] = Term(name, Text(f"Cutpoint {pair}", f"切点 {pair}"), equation="cut")
    probabilities = response(fit.index[:, None], fit.cutpoints).value
    fitted = pd.Series(probabilities @ np.arange(len(categories)), index=outcome.values.index, name="fitted")
    order = Text(
        "Outcome in the order {order}; a positive coefficient raises it.",
        "因变量顺序为 {order}；系数为正表示提高因变量。",
    )
    return likelihood_estimate(
        request,
        outcome,
        (equation,),
        fit,
        parameters=fit.coefficients,
        names=names,
        terms=terms,
        estimator=estimator,
        measures=likelihood_measures(fit),
        fitted=fitted,
        response=response,
        outcomes=categories,
        n_slopes=k,
        remarks=(order.format(order=" < ".join(categories)),),
    )


def fit_multinomial(request: Request) -> Estimate:
    """Multinomial logit against the base category (the first, or `base`)."""
    outcome = _based(categorical_outcome(request.equations, request.data, ordered=False), request)
    equation = design([request.equations.regressors], request.data, request.formula)
    categories = outcome.categories
    n_parameters = equation.matrix.shape[1] * (len(categories) - 1)
    check_design(outcome, equation.matrix, request.formula, n_parameters)
    codes, x = outcome.values.to_numpy().astype(int), equation.matrix.to_numpy()
    names = [f"{category}: {column}" for category in categories[1:] for column in equation.columns]
    found = multinomial_separation(codes, x, len(categories))
    check_separation(found, names, equation.matrix, outcome, request.formula, firth=False)
    weights = request.weights()
    fit = multinomial_logit(codes, x, len(categories), None if weights is None else weights.to_numpy())
    require_converged(fit, request.formula)
    parameters = fit.coefficients
    if weights is None:
        start = parameters.reshape(len(categories) - 1, -1).T
        polished = MNLogit(codes, x).fit(start_params=start.ravel(order="F"), disp=False)
        parameters = np.asarray(polished.params).ravel(order="F")
    own = terms_of(equation.specs[0], request.labels, request.level_labels)
    terms: dict[str, Term] = {}
    for category in categories[1:]:
        terms |= in_equation(category, Text(category, category), own)
    index = outcome.values.index
    chosen = fit.fitted[np.arange(len(codes)), codes]
    base = Text("Base category: {base}.", "基准类别：{base}。").format(base=categories[0])
    made = likelihood_estimate(
        request,
        outcome,
        (equation,) * (len(categories) - 1),
        fit,
        parameters=parameters,
        names=names,
        terms=terms,
        estimator=Text("Multinomial logit, maximum likelihood", "多项 Logit，极大似然"),
        measures=likelihood_measures(fit),
        fitted=pd.Series(chosen, index=index, name="probability of the category chosen"),
        response=multinomial_response,
        outcomes=categories,
        n_slopes=len(names),
        remarks=(base,),
    )
    inflation = column_inflation(equation)
    repeated = pd.concat([inflation.set_axis(f"{c}: " + inflation.index) for c in categories[1:]])
    return replace(made, residuals=1.0 - made.fitted.rename("residuals"), effect_sizes=repeated)


def _based(outcome: Outcome, request: Request) -> Outcome:
    """The outcome with the category asked for as base coming first."""
    if request.base is None:
        return outcome
    categories = list(outcome.categories)
    if request.base not in categories:
        hint = nearest(request.base, categories)
        raise UsageError(
            f"base={request.base!r} is not a category of {outcome.name}: {', '.join(categories)}"
            + (f"; {hint!r}?" if hint else "")
        )
    at = categories.index(request.base)
    order = [at, *(i for i in range(len(categories)) if i != at)]
    values = outcome.values.map({float(old): float(new) for new, old in enumerate(order)})
    return Outcome(outcome.name, values, tuple(categories[i] for i in order))
