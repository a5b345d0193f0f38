"""Means and covariances of incomplete multivariate normal data by maximum likelihood (EM), and Little's MCAR
test.

Rows with the same values missing share one pattern; only each pattern's sums enter the iterations, so that
their cost does not depend on the number of rows.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from socialcap.kernels import FloatArray

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class Patterns:
    """Sums of incomplete data by pattern of missing values.

    `observed` (g, p) bool; with batch axes in front: `weights` (..., g), `sums` (..., g, p) and `products`
    (..., g, p, p) of the values as deviations from `origin` (p,) in units of `scale` (p,), zero where
    missing.
    """

    observed: np.ndarray
    weights: FloatArray
    sums: FloatArray
    products: FloatArray
    origin: FloatArray
    scale: FloatArray


@dataclass(frozen=True, slots=True)
class EmMoments:
    """ML estimates under a normal model: `mean` (..., p), `covariance` (..., p, p), observed-data `loglik`
    (...,).

    The covariance divides by the number of rows n. `converged` (...,), `iterations` of the slowest in the
    batch.
    """

    mean: FloatArray
    covariance: FloatArray
    loglik: FloatArray
    converged: np.ndarray
    iterations: int


@dataclass(frozen=True, slots=True)
class Mcar:
    """Little's test that values are missing completely at random; `p` is NaN with a single pattern."""

    chi2: float
    df: int
    p: float
    n_patterns: int


def missing_patterns(x: FloatArray, weights: FloatArray | None = None) -> Patterns:
    """Patterns of `x` (n, p), NaN = missing, with row weights or bootstrap counts (..., n).

    Weights are taken as they are, with counts that sum to n in mind; rows without any value are left out.
    """
    present = np.isfinite(x)
    kept = present.any(axis=1)
    present, x = present[kept], x[kept]
    w = np.ones(kept.sum()) if weights is None else np.asarray(weights, dtype=float)[..., kept]
    observed, member = np.unique(present, axis=0, return_inverse=True)
    member = member.reshape(-1)
    n_seen = np.maximum(present.sum(axis=0), 1)
    origin = np.where(present, x, 0.0).sum(axis=0) / n_seen
    centred = np.where(present, x - origin, 0.0)
    spread = np.sqrt((centred * centred).sum(axis=0) / n_seen)
    scale = np.where(spread > 0, spread, 1.0)
    z = centred / scale
    order = np.argsort(member, kind="stable")
    starts = np.flatnonzero(np.diff(member[order], prepend=-1))
    z, w = z[order], w[..., order]
    squares = z[:, :, None] * z[:, None, :]
    return Patterns(
        observed,
        np.add.reduceat(w, starts, axis=-1),
        np.add.reduceat(w[..., None] * z, starts, axis=-2),
        np.add.reduceat(w[..., None, None] * squares, starts, axis=-3),
        origin,
        scale,
    )


def em_moments(
    x: FloatArray, weights: FloatArray | None = None, tolerance: float = 1e-10, max_iterations: int = 5000
) -> EmMoments:
    """ML mean and covariance of `x` (n, p), NaN = missing at random, with row weights or bootstrap counts
    (..., n).

    EM (Dempster, Laird and Rubin 1977; Little and Rubin 2002, sec. 11.2) from the means and variances of the
    observed values, until no standardised parameter moves by `tolerance`. All patterns are handled in one
    batch: with M the diagonal 0/1 matrix of observed variables, M (M S M + I - M)^-1 M is the inverse of the
    observed block.
    Raises `numpy.linalg.LinAlgError` where an observed block becomes singular (a repeated column, n < p).
    """
    data = missing_patterns(x, weights)
    total = data.weights.sum(axis=-1)
    mean = data.sums.sum(axis=-2) * 0.0
    p = x.shape[1]
    covariance = np.broadcast_to(np.eye(p), (*total.shape, p, p)).copy()
    change = np.full(total.shape, np.inf)
    iteration = 0
    while np.any(change > tolerance) and iteration < max_iterations:
        iteration += 1
        new_mean, new_covariance = _em_step(data, total, mean, covariance)
        change = np.maximum(
            np.abs(new_mean - mean).max(axis=-1), np.abs(new_covariance - covariance).max(axis=(-1, -2))
        )
        mean, covariance = new_mean, new_covariance
    loglik = _loglik(data, mean, covariance)
    return EmMoments(
        data.origin + mean * data.scale,
        covariance * data.scale[:, None] * data.scale,
        loglik,
        np.asarray(change <= tolerance),
        iteration,
    )


def observed_loglik(
    x: FloatArray, mean: FloatArray, covariance: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """Normal log-likelihood (...,) of the observed values of `x` (n, p) at `mean` (..., p), `covariance`
    (..., p, p).
    """
    data = missing_patterns(x, weights)
    return _loglik(data, (mean - data.origin) / data.scale, covariance / (data.scale[:, None] * data.scale))


def little_mcar(x: FloatArray, tolerance: float = 1e-10) -> Mcar:
    """Little's (1988) chi-square test that the values of `x` (n, p) are missing completely at random.

    d2 = sum over patterns g of n_g (ybar_g - mu_g)' S_g^-1 (ybar_g - mu_g), on sum_g p_g - p degrees of
    freedom, with the ML mean mu and S = n / (n - 1) times the ML covariance, each cut to the variables
    observed in g.
    """
    data = missing_patterns(x)
    estimate = em_moments(x, tolerance=tolerance)
    n = float(data.weights.sum())
    mean = (estimate.mean - data.origin) / data.scale
    covariance = estimate.covariance / (data.scale[:, None] * data.scale) * (n / (n - 1.0))
    inverse, _ = _observed_inverse(data.observed, covariance)
    gap = data.sums / data.weights[:, None] - np.where(data.observed, mean, 0.0)
    chi2 = float(np.einsum("g,gi,gij,gj->", data.weights, gap, inverse, gap))
    df = int(data.observed.sum()) - int(data.observed.any(axis=0).sum())
    return Mcar(chi2, df, float(chdtrc(df, chi2)) if df > 0 else float("nan"), data.observed.shape[0])


def _observed_inverse(observed: np.ndarray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverse of each pattern's observed block, zeros around it (..., g, p, p), and log determinant."""
    mask = observed[:, :, None] & observed[:, None, :]
    padded = np.where(mask, covariance[..., None, :, :], np.eye(observed.shape[1]))
    sign, log_determinant = np.linalg.slogdet(padded)
    return np.where(mask, np.linalg.inv(padded), 0.0), np.where(sign > 0, log_determinant, np.nan)


def _em_step(
    data: Patterns, total: FloatArray, mean: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    inverse, _ = _observed_inverse(data.observed, covariance)
    sums, products = _about(data, mean)
    regression = covariance[..., None, :, :] @ inverse
    flipped = np.swapaxes(regression, -1, -2)
    shift = np.einsum("...gij,...gj->...i", regression, sums) / total[..., None]
    residual = covariance[..., None, :, :] - regression @ covariance[..., None, :, :]
    expected = regression @ products @ flipped + data.weights[..., None, None] * residual
    second = expected.sum(axis=-3) / total[..., None, None]
    second -= shift[..., :, None] * shift[..., None, :]
    return mean + shift, 0.5 * (second + np.swapaxes(second, -1, -2))


def _about(data: Patterns, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sums and products of each pattern as deviations from `mean`, zero where missing."""
    centre = np.where(data.observed, mean[..., None, :], 0.0)
    weighted = data.weights[..., None] * centre
    cross = data.sums[..., :, None] * centre[..., None, :]
    products = (
        data.products - cross - np.swapaxes(cross, -1, -2) + weighted[..., :, None] * centre[..., None, :]
    )
    return data.sums - weighted, products


def _loglik(data: Patterns, mean: FloatArray, covariance: FloatArray) -> FloatArray:
    inverse, log_determinant = _observed_inverse(data.observed, covariance)
    _, products = _about(data, mean)
    n_values = data.observed.sum(axis=1)
    units = (data.observed * np.log(data.scale)).sum(axis=1)
    constant = n_values * _LOG_TWO_PI + 2.0 * units + log_determinant
    return np.asarray(
        -0.5 * ((data.weights * constant).sum(axis=-1) + np.einsum("...gij,...gij->...", inverse, products))
    )
