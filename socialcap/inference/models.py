"""One model on given rows with its classical and its robust covariance: what the scores taken as data say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialcap.errors import EstimationError
from socialcap.inference.designs import LabelledDesign
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.binary import logit, probit
from socialcap.kernels.likelihood import LikelihoodFit
from socialcap.kernels.ols import fit_ols
from socialcap.kernels.ordered import ordered_logit, ordered_probit
from socialcap.kernels.sandwich import (
    Covariance,
    cluster_robust,
    heteroskedastic,
    likelihood_clustered,
    likelihood_robust,
    nonrobust,
)


@dataclass(frozen=True, slots=True)
class TwoErrors:
    """Coefficients (m,) with classical and robust standard errors (m,) and their t degrees of freedom."""

    estimate: FloatArray
    naive: FloatArray
    naive_df: float
    robust: FloatArray
    robust_df: FloatArray


def estimate(found: LabelledDesign, scores: FloatArray, clusters: IntArray | None) -> TwoErrors:
    """The model fitted to the scores (n, s). Raises EstimationError where the likelihood has no maximum."""
    x, y = found.x(scores), found.y(scores)
    if found.kernel.model == "ols":
        fit = fit_ols(x, y)
        plain = nonrobust(fit)
        robust = heteroskedastic(fit, "HC3") if clusters is None else cluster_robust(fit, clusters, "CR1")
        return TwoErrors(fit.coefficients, _errors(plain), float(fit.df_resid), _errors(robust), robust.df)
    made = _likelihood(found, x, y)
    if bool(made.separated):
        raise EstimationError(
            f"the regressors predict {found.outcome} perfectly (separation): there is no maximum likelihood"
        )
    if not bool(made.converged):
        raise EstimationError(f"the {found.kernel.model} of {found.outcome} did not converge")
    robust = (
        likelihood_robust(made.scores, made.hessian)
        if clusters is None
        else likelihood_clustered(made.scores, made.hessian, [clusters])
    )
    return TwoErrors(made.coefficients, made.std_errors, np.inf, _errors(robust), robust.df)


def robust_name(model: str, clusters: IntArray | None) -> str:
    """Which covariance `estimate` calls robust."""
    if model == "ols":
        return "HC3" if clusters is None else "CR1"
    return "sandwich" if clusters is None else "clustered sandwich"


def _likelihood(found: LabelledDesign, x: FloatArray, y: FloatArray) -> LikelihoodFit:
    kernel = found.kernel
    if kernel.model in ("logit", "probit"):
        return (logit if kernel.model == "logit" else probit)(y, x)
    ordered = ordered_logit if kernel.model == "ordered_logit" else ordered_probit
    return ordered(y.astype(np.int64), x, kernel.n_categories)


def _errors(covariance: Covariance) -> FloatArray:
    return np.sqrt(np.diagonal(covariance.vcov))
