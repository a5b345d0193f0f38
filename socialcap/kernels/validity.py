"""Convergent and discriminant validity: AVE, composite reliability, Fornell-Larcker, HTMT and HTMT2."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray


def average_variance_extracted(
    loadings: FloatArray, residual_variances: FloatArray, factor_variances: FloatArray | None = None
) -> FloatArray:
    """Average variance extracted of every factor, (..., k).

    loadings (..., p, k), residual_variances (..., p), factor_variances (..., k), one where None.
    AVE_f = sum lambda^2 psi / (sum lambda^2 psi + sum theta) over the items that load on f (Fornell and
    Larcker 1981, eq. 11). Standardised loadings of a simple structure give the mean squared loading;
    unstandardised ones weight items by their variances, as semTools does.
    """
    psi = np.ones(loadings.shape[-1]) if factor_variances is None else factor_variances
    common = (loadings**2).sum(-2) * psi
    return np.asarray(common / (common + _own_residuals(loadings, residual_variances)))


def composite_reliability(
    loadings: FloatArray, residual_variances: FloatArray, factor_variances: FloatArray | None = None
) -> FloatArray:
    """Composite reliability (omega, model-implied variance) of every factor, (..., k).

    Shapes as in `average_variance_extracted`. CR_f = (sum lambda)^2 psi / ((sum lambda)^2 psi + sum theta)
    (Joreskog 1971; Fornell and Larcker 1981, eq. 10).
    """
    psi = np.ones(loadings.shape[-1]) if factor_variances is None else factor_variances
    common = loadings.sum(-2) ** 2 * psi
    return np.asarray(common / (common + _own_residuals(loadings, residual_variances)))


def composite_reliability_observed(
    loadings: FloatArray, cov: FloatArray, factor_variances: FloatArray | None = None
) -> FloatArray:
    """Composite reliability over the observed variance of each factor's sum of items, (..., k).

    loadings (..., p, k); cov (..., p, p) the sample's. CR_f = (sum lambda)^2 psi / (1' S_f 1), the version
    that a misfitting model does not flatter (McDonald 1999; semTools' default).
    """
    psi = np.ones(loadings.shape[-1]) if factor_variances is None else factor_variances
    member = (loadings != 0.0).astype(np.float64)
    total = np.einsum("...pk,...pq,...qk->...k", member, cov, member)
    return np.asarray(loadings.sum(-2) ** 2 * psi / total)


def _own_residuals(loadings: FloatArray, residual_variances: FloatArray) -> FloatArray:
    """Sum of the residual variances of each factor's items, (..., k)."""
    return np.asarray(((loadings != 0.0) * residual_variances[..., :, None]).sum(-2))


@dataclass(frozen=True, slots=True, eq=False)
class FornellLarcker:
    """Criterion of Fornell and Larcker (1981).

    table (..., k, k): root of AVE on the diagonal, factor correlations elsewhere. met (..., k): the AVE
    exceeds every squared correlation of the factor. margin (..., k): root of AVE less the largest absolute
    correlation.
    """

    table: FloatArray
    met: NDArray[np.bool_]
    margin: FloatArray


def fornell_larcker(ave: FloatArray, phi: FloatArray) -> FornellLarcker:
    """Fornell-Larcker table from ave (..., k) and factor correlations phi (..., k, k)."""
    own = np.eye(ave.shape[-1], dtype=bool)
    root = np.sqrt(ave)
    table = np.where(own, root[..., :, None], phi)
    largest = np.where(own, 0.0, np.abs(phi)).max(-1)
    return FornellLarcker(table, root > largest, root - largest)


def htmt(corr: FloatArray, blocks: NDArray[np.bool_]) -> FloatArray:
    """Heterotrait-monotrait ratios of correlations, (..., k, k) with ones on the diagonal.

    corr (..., p, p); blocks (k, p) true for a construct's items, each item in one block. Mean absolute
    correlation between two constructs' items over the root of the product of the mean absolute correlations
    within them (Henseler, Ringle and Sarstedt 2015). Not-a-number for a construct of one item.
    """
    member = blocks.astype(np.float64)
    count = member.sum(1)
    total = member @ np.abs(corr) @ member.T
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (np.diagonal(total, axis1=-2, axis2=-1) - count) / (count * (count - 1.0))
        ratio = total / np.outer(count, count) / np.sqrt(within[..., :, None] * within[..., None, :])
    return _unit_diagonal(ratio)


def htmt2(corr: FloatArray, blocks: NDArray[np.bool_]) -> FloatArray:
    """HTMT2, with geometric in place of arithmetic means (Roemer, Schuberth and Henseler 2021); as `htmt`.

    A correlation of exactly zero makes the means that it enters zero.
    """
    member = blocks.astype(np.float64)
    count = member.sum(1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # A finite stand-in for log 0: items outside the two blocks must not turn 0 times infinity into NaN.
        logs = np.where(corr == 0.0, -1e300, np.log(np.abs(corr)))
        total = member @ logs @ member.T
        within = np.diagonal(total, axis1=-2, axis2=-1) / (count * (count - 1.0))
        ratio = np.exp(total / np.outer(count, count) - 0.5 * (within[..., :, None] + within[..., None, :]))
    return _unit_diagonal(ratio)


def _unit_diagonal(matrix: FloatArray) -> FloatArray:
    own = np.eye(matrix.shape[-1], dtype=bool)
    return np.where(own, 1.0, matrix)
