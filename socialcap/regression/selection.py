"""Models of two equations: an outcome seen in a selected sample, and two binary outcomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special

from socialcap.errors import EstimationError
from socialcap.kernels import FloatArray
from socialcap.kernels.bivariate_probit import bivariate_probit
from socialcap.kernels.heckman import HeckmanTwoStep, heckman_ml, heckman_two_step
from socialcap.kernels.responses import Response, heckman_selected_response, probit_response
from socialcap.kernels.separation import binary_separation
from socialcap.regression.checks import check_collinear, check_design, check_separation
from socialcap.regression.design import Outcome, binary_outcome, design, numeric_outcome
from socialcap.regression.estimate import Estimate
from socialcap.regression.likelihood import (
    event_name,
    likelihood_estimate,
    likelihood_measures,
    require_converged,
)
from socialcap.regression.linear import column_inflation
from socialcap.regression.request import Request
from socialcap.regression.terms import in_equation, terms_of
from socialcap.results import Column, Starred, Table, Term, Text, table_rows
from socialcap.results.regression import Equation

_SELECTION = Text("Selection", "选择方程")


def first_index_response(eta: FloatArray, further: FloatArray) -> Response:
    """E(y*) = the first of M indices (..., n, M); further parameters (..., A) do not move it."""
    m, a = eta.shape[-1], further.shape[-1]
    shape = eta.shape[:-1]
    first = np.zeros((*shape, 1, m))
    first[..., 0, 0] = 1.0
    return Response(
        eta[..., :1],
        first,
        np.zeros((*shape, 1, m, m)),
        np.zeros((*shape, 1, a)),
        np.zeros((*shape, 1, m, a)),
    )


def heckman_response(eta: FloatArray, further: FloatArray) -> Response:
    """E(y) and E(y | seen), (..., n, 2), of the indices (..., n, 2), outcome then selection; `further`
    (..., 2) holds log sigma and atanh rho.
    """
    parts = first_index_response(eta, further), heckman_selected_response(eta, further)
    return Response(
        *(
            np.concatenate([getattr(part, name) for part in parts], axis=eta.ndim - 1)
            for name in ("value", "first", "second", "further", "cross")
        )
    )


def both_probits_response(eta: FloatArray, further: FloatArray) -> Response:
    """P(y1 = 1) and P(y2 = 1), (..., n, 2), of the indices (..., n, 2), whatever the correlation."""
    shape = eta.shape[:-1]
    first, second = np.zeros((*shape, 2, 2)), np.zeros((*shape, 2, 2, 2))
    value = np.empty((*shape, 2))
    for m in range(2):
        one = probit_response(eta[..., m : m + 1], further[..., :0])
        value[..., m] = one.value[..., 0]
        first[..., m, m], second[..., m, m, m] = one.first[..., 0, 0], one.second[..., 0, 0, 0]
    a = further.shape[-1]
    return Response(value, first, second, np.zeros((*shape, 2, a)), np.zeros((*shape, 2, 2, a)))


def fit_heckman(request: Request) -> Estimate:
    """Heckman's model by maximum likelihood or in two steps."""
    assert request.second is not None  # the door asks for it
    chosen = binary_outcome(request.second, request.data)
    selected = chosen.values.to_numpy() == 1.0
    inside = request.data[selected]
    if inside.empty or selected.all():
        raise EstimationError(
            f"{request.second.text!r}: {chosen.name} has one value only; there is no selection to model"
        )
    seen = numeric_outcome(request.equations, inside)
    outcome_part = design([request.equations.regressors], inside, request.formula)
    selection_part = design([request.second.regressors], request.data, request.second.text)
    check_design(seen, outcome_part.matrix, request.formula, outcome_part.matrix.shape[1] + 1)
    check_design(chosen, selection_part.matrix, request.second.text)
    separation = binary_separation(chosen.values.to_numpy(), selection_part.matrix.to_numpy())
    check_separation(
        separation,
        list(selection_part.columns),
        selection_part.matrix,
        chosen,
        request.second.text,
        firth=False,
    )
    y = np.zeros(len(request.data))
    x = np.zeros((len(request.data), outcome_part.matrix.shape[1]))
    y[selected], x[selected] = seen.values.to_numpy(), outcome_part.matrix.to_numpy()
    arrays = y, x, selection_part.matrix.to_numpy(), selected
    if request.method == "twostep":
        return _two_step(request, seen, chosen, outcome_part, heckman_two_step(*arrays))
    return _maximum(request, seen, chosen, outcome_part, selection_part, arrays)


def _maximum(
    request: Request,
    seen: Outcome,
    chosen: Outcome,
    outcome_part: Equation,
    selection_part: Equation,
    arrays: tuple[FloatArray, FloatArray, FloatArray, np.ndarray],
) -> Estimate:
    fit = heckman_ml(*arrays)
    require_converged(fit, request.formula)
    assert request.second is not None
    terms = terms_of(outcome_part.specs[0], request.labels, request.level_labels)
    beside = terms_of(selection_part.specs[0], request.labels, request.level_labels)
    terms |= in_equation("selection", _SELECTION, beside)
    terms["log_sigma"] = Term("log_sigma", Text("log σ", "log σ"), equation="scale")
    terms["atanh_rho"] = Term("atanh_rho", Text("atanh ρ", "atanh ρ"), equation="scale")
    names = [
        *outcome_part.columns,
        *(f"selection: {column}" for column in selection_part.columns),
        "log_sigma",
        "atanh_rho",
    ]
    fitted = pd.Series(arrays[1] @ fit.outcome, index=request.data.index, name="fitted")
    lr = max(2.0 * float(fit.loglik - fit.loglik_independent), 0.0)
    measures = likelihood_measures(fit)
    for compared in ("loglik_null", "mcfadden", "cox_snell", "nagelkerke"):
        del measures[compared]
    measures |= {
        "n_selected": int(arrays[3].sum()),
        "sigma": fit.sigma,
        "sigma_se": float(fit.scale_errors[0]),
        "rho": fit.rho,
        "rho_se": float(fit.scale_errors[1]),
        "lambda": fit.mills_slope,
        "lambda_se": float(fit.scale_errors[2]),
        "independence_lr": lr,
        "independence_p": float(special.chdtrc(1.0, lr)),
    }
    kept = arrays[3]
    made = likelihood_estimate(
        request,
        Outcome(seen.name, seen.values),
        (outcome_part, _rows(selection_part, kept)),
        fit,
        parameters=fit.coefficients,
        names=names,
        terms=terms,
        estimator=Text("Heckman selection model, maximum likelihood", "Heckman 选择模型，极大似然"),
        measures=measures,
        fitted=fitted[kept],
        response=heckman_response,
        outcomes=(seen.name, f"{seen.name} | {chosen.name} = 1"),
        n_slopes=outcome_part.matrix.shape[1],
        untested=frozenset({"log_sigma"}),
        remarks=(_population_note(seen, chosen),),
    )
    return replace(made, n_obs=len(request.data), data=request.data[kept])


def _population_note(seen: Outcome, chosen: Outcome) -> Text:
    return Text(
        "{outcome} is seen where {chosen} = 1; fitted values are those of the outcome whether seen or not, "
        "effects are averaged over the rows where it is seen.",
        "{outcome} 仅在 {chosen} = 1 时可观测；拟合值为结果本身（无论是否可观测）的期望，"
        "效应按可观测的行平均。",
    ).format(outcome=seen.name, chosen=chosen.name)


def _rows(equation: Equation, kept: np.ndarray) -> Equation:
    return Equation(equation.matrix[kept], equation.specs, equation.columns)


def _two_step(
    request: Request, seen: Outcome, chosen: Outcome, outcome_part: Equation, fit: HeckmanTwoStep
) -> Estimate:
    require_converged(fit.selection, request.formula)
    assert request.second is not None
    design_with_mills = outcome_part.matrix.assign(**{"lambda": fit.mills})
    check_collinear(design_with_mills, request.formula)
    terms = terms_of(outcome_part.specs[0], request.labels, request.level_labels)
    terms["lambda"] = Term(
        "lambda", Text("λ (inverse Mills ratio)", "λ（逆 Mills 比）"), equation="selection"
    )
    x = outcome_part.matrix
    fitted = pd.Series(x.to_numpy() @ fit.coefficients[:-1], index=x.index, name="fitted")
    kept = request.data.index.isin(x.index)
    return Estimate(
        parameters=fit.coefficients,
        names=[*outcome_part.columns, "lambda"],
        terms=terms,
        outcome=seen,
        equations=(outcome_part,),
        n_obs=len(request.data),
        df_resid=float(len(x) - len(fit.coefficients)),
        fit={"n_selected": len(x), "sigma": fit.sigma, "rho": fit.rho, "lambda": float(fit.coefficients[-1])},
        fitted=fitted,
        residuals=(seen.values - fitted).rename("residuals"),
        estimator=Text("Heckman selection model, two steps", "Heckman 选择模型，两步法"),
        slopes=[j for j, name in enumerate(outcome_part.columns) if name != "Intercept"],
        vcov=fit.vcov,
        own_label=Text("Two-step (Heckman 1979)", "两步法（Heckman 1979）"),
        response=first_index_response,
        outcomes=(seen.name,),
        effect_sizes=column_inflation(outcome_part),
        remarks=(_population_note(seen, chosen),),
        tables=(_selection_table(request, fit),),
        data=request.data[kept],
    )


def _selection_table(request: Request, fit: HeckmanTwoStep) -> Table:
    """The probit of the first step."""
    assert request.second is not None
    part = design([request.second.regressors], request.data, request.second.text)
    labels = terms_of(part.specs[0], request.labels, request.level_labels)
    errors = fit.selection.std_errors
    z = fit.selection.coefficients / errors
    p = 2.0 * special.ndtr(-np.abs(z))
    rows = [
        [labels[name].label, Starred(fit.selection.coefficients[j], p[j]), errors[j], z[j], p[j]]
        for j, name in enumerate(part.columns)
    ]
    columns = (
        Column("term", Text("Term", "变量"), align="left"),
        Column("estimate", Text("b", "b")),
        Column("std_error", Text("Std. error", "标准误")),
        Column("statistic", Text("z", "z"), ".2f"),
        Column("p_value", Text("p", "p"), "p"),
    )
    title = Text("First step: probit of selection", "第一步：选择方程的 Probit")
    return Table("selection_step", title, columns, table_rows(rows))


def fit_bivariate_probit(request: Request) -> Estimate:
    """Two probits with correlated errors."""
    assert request.second is not None  # the door asks for it
    sides = []
    for equations in (request.equations, request.second):
        outcome = binary_outcome(equations, request.data)
        equation = design([equations.regressors], request.data, equations.text)
        check_design(outcome, equation.matrix, equations.text)
        found = binary_separation(outcome.values.to_numpy(), equation.matrix.to_numpy())
        check_separation(found, list(equation.columns), equation.matrix, outcome, equations.text, firth=False)
        sides.append((outcome, equation))
    (first, first_part), (second, second_part) = sides
    fit = bivariate_probit(
        first.values.to_numpy(),
        first_part.matrix.to_numpy(),
        second.values.to_numpy(),
        second_part.matrix.to_numpy(),
    )
    require_converged(fit, request.formula)
    terms = terms_of(first_part.specs[0], request.labels, request.level_labels)
    beside = terms_of(second_part.specs[0], request.labels, request.level_labels)
    event = second.event(request.labels, request.level_labels)
    heading = Text(second.name, second.name) if event is None else event.label
    terms |= in_equation(second.name, heading, beside)
    terms["atanh_rho"] = Term("atanh_rho", Text("atanh ρ", "atanh ρ"), equation="scale")
    names = [
        *first_part.columns,
        *(f"{second.name}: {column}" for column in second_part.columns),
        "atanh_rho",
    ]
    lr = max(2.0 * float(fit.loglik - fit.loglik_independent), 0.0)
    measures = likelihood_measures(fit)
    for compared in ("loglik_null", "mcfadden", "cox_snell", "nagelkerke"):
        del measures[compared]
    measures |= {
        "rho": fit.rho,
        "rho_se": fit.rho_error,
        "independence_lr": lr,
        "independence_p": float(special.chdtrc(1.0, lr)),
    }
    index = first_part.matrix.to_numpy() @ fit.first
    return likelihood_estimate(
        request,
        first,
        (first_part, second_part),
        fit,
        parameters=fit.coefficients,
        names=names,
        terms=terms,
        estimator=Text("Bivariate probit, maximum likelihood", "双变量 Probit，极大似然"),
        measures=measures,
        fitted=pd.Series(special.ndtr(index), index=request.data.index, name="fitted"),
        response=both_probits_response,
        outcomes=(event_name(first), event_name(second)),
        n_slopes=len(names) - 1,
        remarks=() if event is None else (event.note,),
    )
