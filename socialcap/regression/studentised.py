"""Estimates and their standard errors in every bootstrap replicate of a model, for studentised statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from socialcap.errors import UsageError
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.binary import logit, probit
from socialcap.kernels.likelihood import LikelihoodFit
from socialcap.kernels.ols import fit_ols
from socialcap.kernels.ordered import ordered_logit, ordered_probit
from socialcap.kernels.sandwich import (
    HcKind,
    cluster_sums,
    heteroskedastic,
    meat,
    nonrobust,
    row_scores,
    sandwich,
)
from socialcap.regression.inputs import one_index, values
from socialcap.results import RegressionResult

Studentised = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

_BINARY = {"logit": logit, "probit": probit}
_ORDERED = {"ordered_logit": ordered_logit, "ordered_probit": ordered_probit}
_HC = ("HC0", "HC1", "HC2", "HC3", "HC4")


def require_refittable(result: RegressionResult) -> None:
    """That a model can be refitted to resampled rows; UsageError that says what can be."""
    models = ("ols", *_BINARY, *_ORDERED)
    if result.model not in models:
        raise UsageError(
            f"{result.name!r} is {result.model!r}; models that can be resampled are {', '.join(models)}, "
            "others need draws= made elsewhere"
        )
    if result.estimation.weights is not None or "r2_within" in result.fit:
        raise UsageError(f"{result.name!r} has weights or absorbed effects: give draws= made elsewhere")
    if not result.estimation.outcome.index.is_unique:
        raise UsageError(f"{result.name!r}: its rows' labels are not unique, so that rows cannot be matched")


def studentised(result: RegressionResult, names: Sequence[str], codes: IntArray | None) -> Studentised:
    """From counts of rows (B, n) to estimates and standard errors (B, m) of the coefficients `names`.

    Errors are classical for a model with cov="nonrobust", heteroskedasticity-consistent of the model's kind
    (HC0 for likelihoods and for covariances of other names), and clustered without factor where `codes` (n,)
    are given; a cluster drawn twice counts as two.
    """
    matrix, outcome = one_index(result)
    x = values(matrix)
    place = np.array([list(result.coefficients.index).index(name) for name in names])
    if result.model == "ols":
        return _least_squares(x, outcome.to_numpy(dtype=float), result.cov, place, codes)
    if result.model in _BINARY:
        fit = _BINARY[result.model]
        y = outcome.to_numpy(dtype=float)
        return _likelihood(lambda counts: fit(y, x, counts), result.cov, place, codes)
    ordered = _ORDERED[result.model]
    codes_of = outcome.to_numpy().astype(np.int64)
    return _likelihood(
        lambda counts: ordered(codes_of, x, int(codes_of.max()) + 1, counts), result.cov, place, codes
    )


def _least_squares(
    x: FloatArray, y: FloatArray, cov: str, place: IntArray, codes: IntArray | None
) -> Studentised:
    def again(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        fit = fit_ols(x, y, counts=counts)
        if codes is not None:
            vcov = _clustered(fit.xtx_inv, row_scores(fit), counts, codes)
        elif cov == "nonrobust":
            vcov = nonrobust(fit).vcov
        else:
            vcov = heteroskedastic(fit, cast(HcKind, cov if cov in _HC else "HC0")).vcov
        return fit.coefficients[:, place], _errors(vcov, place)

    return again


def _likelihood(
    fitted: Callable[[FloatArray], LikelihoodFit], cov: str, place: IntArray, codes: IntArray | None
) -> Studentised:
    def again(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        fit = fitted(counts)
        solved = fit.converged[:, None]
        if codes is None and cov == "nonrobust":
            vcov = fit.vcov
        else:
            # scores carry the row's count, so that one observation's are theirs over it
            drawn = counts[..., None]
            single = np.where(drawn > 0, fit.scores / np.where(drawn > 0, drawn, 1.0), 0.0)
            bread = np.where(solved[..., None], fit.vcov, np.nan)
            vcov = (
                sandwich(bread, meat(single, counts))
                if codes is None
                else _clustered(bread, single, counts, codes)
            )
        return np.where(solved, fit.coefficients[:, place], np.nan), _errors(vcov, place)

    return again


def _clustered(bread: FloatArray, scores: FloatArray, counts: FloatArray, codes: IntArray) -> FloatArray:
    """Covariances (B, k, k) from scores of single rows (B, n, k), each cluster as often as it is drawn."""
    first = np.unique(codes, return_index=True)[1]
    return sandwich(bread, meat(cluster_sums(scores, codes), counts[:, first]))


def _errors(vcov: FloatArray, place: IntArray) -> FloatArray:
    return np.asarray(np.sqrt(np.einsum("...jj->...j", vcov)[:, place]))
