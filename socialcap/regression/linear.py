"""Least squares, ordinary and weighted, with factors absorbed; effect sizes of its regressors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS, WLS

from socialcap.errors import EstimationError, Problem
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.ols import OlsFit, absorb, fit_fixed_effects, fit_ols
from socialcap.kernels.responses import linear_response
from socialcap.regression.checks import check_collinear, check_design
from socialcap.regression.design import Outcome, design, numeric_outcome
from socialcap.regression.estimate import Estimate
from socialcap.regression.request import Request
from socialcap.regression.terms import terms_of
from socialcap.results import Text
from socialcap.results.regression import Equation

_LEAST_SQUARES = Text("Ordinary least squares", "普通最小二乘")
_WEIGHTED = Text("Weighted least squares", "加权最小二乘")
_ABSORBED = Text("Least squares with absorbed factors ({names})", "吸收固定效应的最小二乘（{names}）")
# share of a column's length below which nothing is left of it within the levels of the absorbed factors
_NOTHING = 1e-9


def fit_least_squares(request: Request) -> Estimate:
    """Least squares by statsmodels; by the within transformation where factors are absorbed."""
    outcome = numeric_outcome(request.equations, request.data)
    weights = request.weights()
    absorbed = request.sample.codes("fixed_effects")
    equation = design([request.equations.regressors], request.data, request.formula, constant=not absorbed)
    check_design(outcome, equation.matrix, request.formula)
    terms = terms_of(equation.specs[0], request.labels, request.level_labels)
    y, x = outcome.values, equation.matrix
    if absorbed:
        terms.pop("Intercept", None)
        estimator = _ABSORBED.format(names=", ".join(request.sample.names("fixed_effects")))
        fit, measures = _within(request, outcome, x, absorbed, weights)
    else:
        estimator = _LEAST_SQUARES if weights is None else _WEIGHTED
        fit, measures = _plain(y, x, weights)
    fitted = y - fit.residuals
    return Estimate(
        parameters=fit.coefficients,
        names=list(x.columns),
        terms=terms,
        outcome=outcome,
        equations=(equation,),
        n_obs=len(x),
        df_resid=float(fit.df_resid),
        fit=measures,
        fitted=fitted.rename("fitted"),
        residuals=pd.Series(fit.residuals, index=y.index, name="residuals"),
        estimator=estimator,
        slopes=[j for j, name in enumerate(x.columns) if name != "Intercept"],
        linear=fit,
        n_absorbed=len(absorbed),
        absorbed=absorbed,
        response=None if absorbed else linear_response,
        no_response="its levels are absorbed; the coefficients are the effects" if absorbed else "",
        outcomes=(outcome.name,),
        effect_sizes=effect_sizes(fit, y, x, measures["r2"] if not absorbed else measures["r2_within"]),
        loglik_comparable=weights is None and not absorbed,
        data=request.data,
        weights=weights,
    )


def _plain(y: pd.Series, x: pd.DataFrame, weights: pd.Series | None) -> tuple[OlsFit, dict[str, float]]:
    """The fit of statsmodels, with the arrays that every covariance is made from."""
    model = OLS(y, x) if weights is None else WLS(y, x, weights=weights)
    fitted = model.fit()
    kernel = fit_ols(x.to_numpy(), y.to_numpy(), None if weights is None else weights.to_numpy())
    fit = replace(
        kernel,
        coefficients=fitted.params.to_numpy(),
        residuals=fitted.resid.to_numpy(),
        sigma2=np.asarray(fitted.mse_resid),
    )
    n, k = x.shape
    measures = {
        "r2": float(fitted.rsquared),
        "adj_r2": float(fitted.rsquared_adj),
        "rmse": float(np.sqrt(fitted.mse_resid)),
        "loglik": float(fitted.llf),
        "aic": -2.0 * float(fitted.llf) + 2.0 * (k + 1),
        "bic": -2.0 * float(fitted.llf) + np.log(n) * (k + 1),
    }
    return fit, measures


def _within(
    request: Request,
    outcome: Outcome,
    x: pd.DataFrame,
    absorbed: tuple[IntArray, ...],
    weights: pd.Series | None,
) -> tuple[OlsFit, dict[str, float]]:
    """The fit with the levels of the factors absorbed, and R² within and overall."""
    w = None if weights is None else weights.to_numpy()
    inside = absorb(x.to_numpy(), absorbed, w).columns
    constant = np.linalg.norm(inside, axis=0) <= _NOTHING * np.linalg.norm(x.to_numpy(), axis=0)
    names = ", ".join(request.sample.names("fixed_effects"))
    if constant.any():
        raise EstimationError(
            f"{request.formula!r}: some regressors do not vary within the levels of {names}",
            [
                Problem(f"is the same in all rows of a level of {names}", column=str(name))
                for name in x.columns[constant]
            ],
        )
    check_collinear(pd.DataFrame(inside, columns=x.columns), request.formula)
    fit = fit_fixed_effects(x.to_numpy(), outcome.values.to_numpy(), absorbed, w)
    if fit.df_resid <= 0:
        raise EstimationError(
            f"{request.formula!r}: {len(x)} complete rows for {x.shape[1]} coefficients and the levels of "
            f"{names}; more rows are needed"
        )
    y = outcome.values.to_numpy()
    ones = np.ones_like(y) if w is None else w
    within = absorb(y[:, None], absorbed, w).columns[:, 0]
    rest = float((ones * fit.residuals**2).sum())
    total = float((ones * (y - np.average(y, weights=ones)) ** 2).sum())
    r2 = 1.0 - rest / total
    return fit, {
        "r2": r2,
        "r2_within": 1.0 - rest / float((ones * within**2).sum()),
        "adj_r2": 1.0 - (1.0 - r2) * (len(y) - 1) / float(fit.df_resid),
        "rmse": float(np.sqrt(fit.sigma2)),
    }


def effect_sizes(fit: OlsFit, y: pd.Series, x: pd.DataFrame, r2: float) -> pd.DataFrame:
    """beta, vif, tolerance, part_r, partial_r and f2 of each coefficient (k rows); NaN for the constant.

    beta = b sd(x)/sd(y). With t the classical statistic and df = n - k: partial r = t/√(t² + df), part r =
    t√((1 - R²)/df), Cohen's (1988) f² = t²/df, which is ΔR²/(1 - R²) of the one regressor. Weighted where the
    fit is.
    """
    weights = None if fit.weights is None else np.asarray(fit.weights)
    spread = _deviations(x.to_numpy(), weights)
    varies = spread > 1e-12 * np.abs(x.to_numpy()).max(axis=0)
    t = fit.coefficients / np.sqrt(fit.sigma2 * np.diag(fit.xtx_inv))
    df = float(fit.df_resid)
    columns = {
        "beta": fit.coefficients * spread / _deviations(y.to_numpy()[:, None], weights)[0],
        "vif": variance_inflation(x, weights),
        "part_r": t * np.sqrt(max(1.0 - r2, 0.0) / df),
        "partial_r": t / np.sqrt(t * t + df),
        "f2": t * t / df,
    }
    found = pd.DataFrame(columns, index=x.columns).where(pd.Series(varies, index=x.columns), np.nan)
    return found.assign(tolerance=1.0 / found["vif"])


def variance_inflation(x: pd.DataFrame, weights: FloatArray | None = None) -> FloatArray:
    """1 / (1 - R²_j) of each column (k,), R²_j from regressing x_j on the others and a constant; NaN for the
    constant.
    """
    values = x.to_numpy(dtype=float)
    varies = _deviations(values, weights) > 1e-12 * np.abs(values).max(axis=0)
    found = np.full(values.shape[1], np.nan)
    if varies.any():
        covariance = np.atleast_2d(np.cov(values[:, varies], rowvar=False, aweights=weights))
        scale = np.sqrt(np.diag(covariance))
        found[varies] = np.diag(np.linalg.inv(covariance / np.outer(scale, scale)))
    return found


def _deviations(columns: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Standard deviations (k,) of columns (n, k), divisor n - 1 where unweighted."""
    covariance = np.atleast_2d(np.cov(columns, rowvar=False, aweights=weights))
    return np.asarray(np.sqrt(np.diag(covariance)))


def column_inflation(equation: Equation) -> pd.DataFrame:
    """beta (undefined) and vif for models that are not linear, by column of the design."""
    x = equation.matrix
    return pd.DataFrame({"beta": np.nan, "vif": variance_inflation(x)}, index=x.columns)
