"""The same regressions by other people's code: pingouin, and statsmodels where the numbers of record are ours."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from socialcap.kernels import FloatArray
from socialcap.results import Opinion, RegressionResult, SecondOpinionResult, Text

# closed forms agree to rounding, which grows with the size of the number; Newton's steps end at 1e-8 of the gradient
_CLOSED, _NEWTON = 1e-8, 1e-6
# OrderedModel climbs by BFGS and takes second derivatives by differences
_DIFFERENCES = 1e-3
_HETEROSKEDASTIC = ("HC0", "HC1", "HC2", "HC3")
_ESTIMATE = Text("{model}: b that differs most ({term})", "{model}：差异最大的系数（{term}）")
_ERROR = Text(
    "{model}: {cov} standard error that differs most ({term})", "{model}：差异最大的 {cov} 标准误（{term}）"
)


def regression_opinion(models: Iterable[RegressionResult]) -> SecondOpinionResult:
    """Estimates, standard errors and fit of regressions, computed again elsewhere.

    Least squares, of which statsmodels gives the estimates of record and we the covariance: b, R² and
    classical errors by pingouin, HC0 to HC3 by statsmodels. Logit, probit and Poisson, which we start and
    statsmodels' Newton steps finish: b and log-likelihood by its reweighted least squares (GLM), classical,
    HC0 and HC1 errors (HC0 times √(n/(n-k)), for its own HC1 is HC0) by its Newton steps from zero. Ordered
    logit and probit, which are ours: OrderedModel. Weighted, absorbed and clustered models, models with an
    exposure, and those that these libraries do not have, are left out, as is one that does not converge
    there. Of each model the number that differs most is shown, its tolerance relative to numbers above one.
    """
    found: list[Opinion] = []
    for model in models:
        if model.estimation.weights is None and "r2_within" not in model.fit:
            checks = _CHECKS.get(model.model)
            found += list(checks(model)) if checks else []
    return SecondOpinionResult(tuple(found))


def _least_squares(model: RegressionResult) -> Iterator[Opinion]:
    import pingouin
    from statsmodels.regression.linear_model import OLS

    y, x = _design(model)
    with _quiet():
        theirs = pingouin.linear_regression(x, y, add_intercept=False, as_dataframe=False, relimp=False)
    # pingouin drops columns of zeros and takes a constant column for the intercept
    if len(theirs["coef"]) != x.shape[1]:
        return
    yield _worst(_ESTIMATE, "pingouin", model, model.coefficients["estimate"], theirs["coef"], _CLOSED)
    if "Intercept" in x.columns:
        label = Text("{model}: R²", "{model}：R²").format(model=_name(model))
        yield Opinion(label, "pingouin", model.fit["r2"], float(theirs["r2"]), _CLOSED)
    ours = model.coefficients["std_error"]
    if model.cov == "nonrobust":
        yield _worst(_ERROR, "pingouin", model, ours, theirs["se"], _CLOSED)
    elif model.cov in _HETEROSKEDASTIC:
        errors = OLS(y, x).fit(cov_type=model.cov).bse.to_numpy()
        yield _worst(_ERROR, "statsmodels", model, ours, errors, _CLOSED)


def _one_index(model: RegressionResult) -> Iterator[Opinion]:
    from statsmodels.discrete.discrete_model import Logit, Poisson, Probit
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    y, x = _design(model)
    if model.cov not in ("nonrobust", "HC0", "HC1"):
        return
    if model.model == "poisson" and not np.allclose(model.fitted, np.exp(x @ model.estimation.parameters)):
        return  # an exposure, which the result does not hold
    newton, family = {
        "logit": (Logit, families.Binomial()),
        "probit": (Probit, families.Binomial(families.links.Probit())),
        "poisson": (Poisson, families.Poisson()),
    }[model.model]
    with _quiet():
        reweighted = GLM(y, x, family=family).fit(maxiter=200, tol=1e-12)
        climbed = newton(y, x).fit(disp=False, maxiter=200, cov_type=_their_cov(model))
    if reweighted.converged and climbed.mle_retvals["converged"]:
        yield from _likelihood(model, reweighted.params, climbed.bse, reweighted.llf, _NEWTON)


def _ordered(model: RegressionResult) -> Iterator[Opinion]:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    y, x = _design(model)
    if model.cov not in ("nonrobust", "HC0", "HC1") or not x.shape[1]:
        return
    family = {"ordered_logit": "logit", "ordered_probit": "probit"}[model.model]
    with _quiet():
        fitted = OrderedModel(y.to_numpy(), x.to_numpy(), distr=family).fit(
            method="bfgs", disp=False, maxiter=500, cov_type=_their_cov(model)
        )
    if not fitted.mle_retvals["converged"]:
        return
    slopes = x.shape[1]
    # thresholds are the first cut and logarithms of the steps; their errors are not those of the cuts
    cuts = fitted.model.transform_threshold_params(fitted.params)[1:-1]
    estimates = np.concatenate([fitted.params[:slopes], cuts])
    yield from _likelihood(model, estimates, fitted.bse[:slopes], fitted.llf, _DIFFERENCES)


def _likelihood(
    model: RegressionResult, estimates: Any, errors: Any, loglik: float, tolerance: float
) -> Iterator[Opinion]:
    """The opinions on a model of maximum likelihood; `errors` may be of the first coefficients alone."""
    n, k = model.n_obs, len(model.coefficients)
    scale = np.sqrt(n / (n - k)) if model.cov == "HC1" else 1.0
    errors = np.asarray(errors, dtype=float) * scale
    ours = model.coefficients
    yield _worst(_ESTIMATE, "statsmodels", model, ours["estimate"], estimates, tolerance)
    yield _worst(_ERROR, "statsmodels", model, ours["std_error"].iloc[: len(errors)], errors, tolerance)
    label = Text("{model}: log-likelihood", "{model}：对数似然").format(model=_name(model))
    allowed = _CLOSED * max(1.0, abs(loglik)) if tolerance < _DIFFERENCES else _NEWTON * max(1.0, abs(loglik))
    yield Opinion(label, "statsmodels", model.fit["loglik"], float(loglik), allowed)


_CHECKS: dict[str, Callable[[RegressionResult], Iterator[Opinion]]] = {
    "ols": _least_squares,
    "logit": _one_index,
    "probit": _one_index,
    "poisson": _one_index,
    "ordered_logit": _ordered,
    "ordered_probit": _ordered,
}


def _worst(
    label: Text, library: str, model: RegressionResult, ours: pd.Series, theirs: Any, tolerance: float
) -> Opinion:
    """The coefficient (or error) that differs most, by size where it exceeds one."""
    mine: FloatArray = ours.to_numpy(dtype=float)
    other = np.asarray(theirs, dtype=float)
    size = np.maximum(1.0, np.abs(mine))
    at = int(np.argmax(np.abs(mine - other) / size))
    named = label.format(model=_name(model), term=ours.index[at], cov=model.cov)
    return Opinion(named, library, float(mine[at]), float(other[at]), tolerance * float(size[at]))


def _their_cov(model: RegressionResult) -> str:
    """HC1 is made of HC0, because statsmodels' HC1 of these models is HC0 under another name."""
    return "nonrobust" if model.cov == "nonrobust" else "HC0"


def _design(model: RegressionResult) -> tuple[pd.Series, pd.DataFrame]:
    """Outcome (n,) and design (n, k) as the model saw them."""
    return model.estimation.outcome, model.estimation.equations[0].matrix


def _name(model: RegressionResult) -> Text:
    return model.label or Text(model.name, model.name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings inside other libraries are not the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
