"""Whether a correlation matrix is worth factoring: KMO, sphericity, determinant, anti-image, size of r."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from socialcap.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class Kmo:
    """Kaiser-Meyer-Olkin measure: `overall` (...,) and `items` (..., p)."""

    overall: FloatArray
    items: FloatArray


@dataclass(frozen=True, slots=True)
class Sphericity:
    """Bartlett's test that the correlation matrix is an identity: `chi2` (...,), `df`, `p` (...,)."""

    chi2: FloatArray
    df: int
    p: FloatArray


@dataclass(frozen=True, slots=True)
class AntiImage:
    """Anti-image `covariance` and `correlation` (..., p, p), the latter with the MSA on its diagonal."""

    covariance: FloatArray
    correlation: FloatArray


@dataclass(frozen=True, slots=True)
class InterItem:
    """Summary of the p(p-1)/2 correlations between different items, each (...,)."""

    mean: FloatArray
    mean_absolute: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    std: FloatArray


def partial_correlations(corr: FloatArray) -> FloatArray:
    """Correlation of each pair with all other items held constant, (..., p, p), unit diagonal.

    `corr` (..., p, p) must be positive definite. q_ij = -s_ij / sqrt(s_ii s_jj), S the inverse of `corr`.
    """
    inverse = np.linalg.inv(corr)
    scale = 1.0 / np.sqrt(np.diagonal(inverse, axis1=-2, axis2=-1))
    partial = -inverse * scale[..., :, None] * scale[..., None, :]
    index = np.arange(corr.shape[-1])
    partial[..., index, index] = 1.0
    return partial


def kmo(corr: FloatArray) -> Kmo:
    """Measure of sampling adequacy, overall and by item, of correlation matrices (..., p, p).

    MSA_i = sum_j r_ij^2 / (sum_j r_ij^2 + sum_j q_ij^2), j != i, q the partial correlations; the overall
    measure takes both sums over all pairs (Kaiser 1970; Kaiser and Rice 1974, the form of today's programs).
    An item unrelated to all others in both senses has no MSA: NaN.
    """
    p = corr.shape[-1]
    off = ~np.eye(p, dtype=bool)
    simple = np.where(off, corr * corr, 0.0).sum(axis=-1)
    partial = np.where(off, partial_correlations(corr) ** 2, 0.0).sum(axis=-1)
    total = simple + partial
    items = np.divide(simple, total, out=np.full_like(total, np.nan), where=total > 0)
    everything = total.sum(axis=-1)
    overall = np.divide(
        simple.sum(axis=-1), everything, out=np.full_like(everything, np.nan), where=everything > 0
    )
    return Kmo(np.asarray(overall), items)


def bartlett_sphericity(corr: FloatArray, n_obs: int | FloatArray) -> Sphericity:
    """Bartlett's (1951) chi-square that `corr` (..., p, p), from `n_obs` rows, is an identity matrix.

    chi2 = -(n - 1 - (2p + 5)/6) log|R| on p(p-1)/2 degrees of freedom. A singular matrix gives infinity.
    """
    p = corr.shape[-1]
    sign, log_determinant = np.linalg.slogdet(corr)
    log_determinant = np.where(sign > 0, log_determinant, -np.inf)
    chi2 = -(np.asarray(n_obs, dtype=float) - 1.0 - (2.0 * p + 5.0) / 6.0) * log_determinant
    df = p * (p - 1) // 2
    return Sphericity(np.asarray(chi2), df, np.asarray(chdtrc(df, chi2)))


def determinant(corr: FloatArray) -> FloatArray:
    """Determinant (...,) of correlation matrices (..., p, p): 1 without any correlation, 0 if one item
    repeats others.
    """
    return np.asarray(np.linalg.det(corr))


def anti_image(corr: FloatArray) -> AntiImage:
    """What regression on the other items leaves unexplained, of correlation matrices (..., p, p).

    The covariance is s_ij / (s_ii s_jj) with S the inverse of `corr` (Guttman 1953); the correlation
    form is minus the partial correlation off the diagonal and the item's MSA on it (SPSS's layout).
    """
    inverse = np.linalg.inv(corr)
    diagonal = np.diagonal(inverse, axis1=-2, axis2=-1)
    covariance = inverse / diagonal[..., :, None] / diagonal[..., None, :]
    correlation = -partial_correlations(corr)
    index = np.arange(corr.shape[-1])
    correlation[..., index, index] = kmo(corr).items
    return AntiImage(covariance, correlation)


def inter_item(corr: FloatArray) -> InterItem:
    """Mean, mean size, range and spread (ddof 1) of the correlations above the diagonal of (..., p, p), p >=
    3.
    """
    rows, columns = np.triu_indices(corr.shape[-1], 1)
    r = corr[..., rows, columns]
    return InterItem(
        r.mean(axis=-1), np.abs(r).mean(axis=-1), r.min(axis=-1), r.max(axis=-1), r.std(axis=-1, ddof=1)
    )
