"""Pearson and Spearman correlations, batched; and what to do with a matrix that is not positive definite."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.moments import Moments, moments

# psych's cor.smooth: eigenvalues below this count as not positive
_EIGEN_TOLERANCE = 1e-12
# products of columns are kept in memory up to this size
_TABLE_BYTES = 64e6


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A positive definite `corr` (..., p, p); `smoothed` (...,) says where it was changed; smallest
    eigenvalue before.
    """

    corr: FloatArray
    smoothed: np.ndarray
    min_eigenvalue: FloatArray


def correlation_from_covariance(covariance: FloatArray) -> FloatArray:
    """Correlations (..., p, p) of covariances (..., p, p); NaN in the rows and columns of a constant item."""
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    scale = np.full(variance.shape, np.nan)
    np.divide(1.0, np.sqrt(np.maximum(variance, 0.0)), out=scale, where=variance > 0)
    corr: FloatArray = np.clip(covariance * scale[..., :, None] * scale[..., None, :], -1.0, 1.0)
    index = np.arange(covariance.shape[-1])
    corr[..., index, index] = np.where(variance > 0, 1.0, np.nan)
    return corr


def pearson(x: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Pearson correlations (..., p, p) of complete data `x` (..., n, p), with sampling weights (..., n).

    NaN in the rows and columns of a constant item. Weighted: means and co-moments are weighted sums.
    """
    if weights is None:
        centred = x - x.mean(axis=-2, keepdims=True)
        weighted = centred
    else:
        w = (weights / weights.sum(axis=-1, keepdims=True))[..., None]
        centred = x - (w * x).sum(axis=-2, keepdims=True)
        weighted = w * centred
    corr = correlation_from_covariance(np.swapaxes(weighted, -1, -2) @ centred)
    # rounding of the mean leaves a constant column with a spread of some 1e-16 of its size
    constant = np.ptp(x, axis=-2) == 0
    if constant.any():
        corr = np.where(constant[..., :, None] | constant[..., None, :], np.nan, corr)
    return corr


def pearson_pairwise(x: FloatArray, weights: FloatArray | None = None) -> Moments:
    """Moments of `x` (..., n, p) with NaN = missing; `.correlation()` is Pearson over each pair's own
    complete rows.
    """
    return moments(x, weights)


def listwise(x: FloatArray) -> np.ndarray:
    """Which rows of `x` (..., n, p) have no missing value, (..., n) bool."""
    return np.asarray(np.isfinite(x).all(axis=-1))


def covariances_of(x: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Function from row counts (B, n) to the covariances (B, p, p) of complete `x` (n, p) so weighted.

    Counts are how often each row was drawn, or any weights; covariances divide by their sum. All co-moments
    come from one product of the counts with the products of columns, and no replicate's rows are written out.
    """
    n, p = x.shape
    # centring and scaling once keeps the subtraction of means below harmless
    spread = x.std(axis=0)
    scale = np.where(spread > 0.0, spread, 1.0)
    z = (x - x.mean(axis=0)) / scale
    rows, columns = np.triu_indices(p)
    place = np.zeros((p, p), dtype=np.int64)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    table = z[:, rows] * z[:, columns] if n * len(rows) * 8 <= _TABLE_BYTES else None
    unit = scale[:, None] * scale

    def covariances(counts: FloatArray) -> FloatArray:
        total = counts.sum(axis=-1)[:, None]
        mean = counts @ z / total
        if table is not None:
            moments: FloatArray = (counts @ table / total)[:, place.ravel()].reshape(-1, p, p)
        else:
            moments = np.stack([(z * w[:, None]).T @ z for w in counts]) / total[:, :, None]
        moments -= mean[:, :, None] * mean[:, None, :]
        variance = np.einsum("bii->bi", moments)
        # a replicate that drew one value of an item only: what is left of its variance is rounding
        variance[variance < 1e-12] = 0.0
        moments *= unit
        return moments

    return covariances


def correlations_of(x: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Function from row counts (B, n) to the Pearson correlations (B, p, p) of complete `x` (n, p) so weighted.

    An item of which a replicate drew one value only gives NaN in its row and column.
    """
    covariances = covariances_of(x)

    def correlations(counts: FloatArray) -> FloatArray:
        moments = covariances(counts)
        variance = np.einsum("bii->bi", moments)
        root = np.sqrt(np.where(variance > 0.0, variance, np.nan))
        moments /= root[:, :, None] * root[:, None, :]
        np.einsum("bii->bi", moments)[...] = np.where(np.isnan(root), np.nan, 1.0)
        return moments

    return correlations


def average_ranks(x: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Ranks 1..n along the rows of `x` (..., n, p), ties sharing their mean rank; NaN stays NaN and is not
    counted.

    With `weights` (..., n): the weight below, plus half of the weight tied with the value, plus one half;
    whole weights give the ranks of the sample with its rows repeated.
    """
    w = np.ones(x.shape[:-1]) if weights is None else np.broadcast_to(weights, x.shape[:-1])
    order = np.argsort(x, axis=-2, kind="stable")
    ordered = np.take_along_axis(x, order, axis=-2)
    present = np.isfinite(ordered)
    heavy = np.take_along_axis(np.broadcast_to(w[..., None], x.shape), order, axis=-2) * present
    upto = np.cumsum(heavy, axis=-2)
    fresh = np.ones(x.shape, dtype=bool)
    fresh[..., 1:, :] = ordered[..., 1:, :] != ordered[..., :-1, :]
    below = np.maximum.accumulate(np.where(fresh, upto - heavy, -np.inf), axis=-2)
    last = np.ones(x.shape, dtype=bool)
    last[..., :-1, :] = fresh[..., 1:, :]
    through = np.minimum.accumulate(np.where(last, upto, np.inf)[..., ::-1, :], axis=-2)[..., ::-1, :]
    ranks = np.empty(x.shape)
    np.put_along_axis(ranks, order, np.where(present, 0.5 * (below + through) + 0.5, np.nan), axis=-2)
    return ranks


def spearman(x: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Spearman correlations (..., p, p) of complete data `x` (..., n, p): Pearson on average ranks.

    With `weights` (..., n) both the ranks and the correlation are weighted.
    """
    return pearson(average_ranks(x, weights), weights)


def spearman_pairwise(x: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Spearman correlations (..., p, p) of `x` (..., n, p) with NaN = missing, each pair ranked over its own
    rows.

    The rows of a pair are ranked among themselves, as R's `cor(use="pairwise")` does.
    """
    p = x.shape[-1]
    corr = np.empty((*x.shape[:-2], p, p))
    for j in range(p):
        shared = np.where(np.isfinite(x[..., :, j, None]), x, np.nan)
        own = np.where(np.isfinite(shared), x[..., :, j, None], np.nan)
        left, right = average_ranks(shared, weights), average_ranks(own, weights)
        both = moments(np.concatenate((left, right), axis=-1), weights).correlation()
        corr[..., j, :] = np.diagonal(both[..., :p, p:], axis1=-2, axis2=-1)
    return corr


def spearman_replicates(x: FloatArray, counts: FloatArray) -> FloatArray:
    """Spearman correlations (B, p, p) of bootstrap replicates of complete `x` (n, p), given row frequencies
    (B, n).
    """
    n, p = x.shape
    ranks = np.empty((counts.shape[0], n, p))
    for j in range(p):
        _, level = np.unique(x[:, j], return_inverse=True)
        tally = np.zeros((level.max() + 1, n))
        tally[level, np.arange(n)] = 1.0
        size = counts @ tally.T
        ranks[:, :, j] = (np.cumsum(size, axis=1) - 0.5 * size + 0.5)[:, level]
    return pearson(ranks, counts)


def smooth(corr: FloatArray) -> Smoothed:
    """Correlations (..., p, p) made positive definite by raising eigenvalues below 1e-12 to 1e-10; others
    unchanged.

    The raised eigenvalues are rescaled to sum to p and the matrix to unit diagonal (psych's cor.smooth).
    """
    values, vectors = np.linalg.eigh(corr)
    bad = values < _EIGEN_TOLERANCE
    smoothed = np.asarray(bad.any(axis=-1))
    if not smoothed.any():
        return Smoothed(corr, smoothed, values[..., 0])
    raised = np.where(bad, 100.0 * _EIGEN_TOLERANCE, values)
    raised *= corr.shape[-1] / raised.sum(axis=-1, keepdims=True)
    repaired = (vectors * raised[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    repaired = correlation_from_covariance(repaired)
    return Smoothed(np.where(smoothed[..., None, None], repaired, corr), smoothed, values[..., 0])


def nearest_correlation(
    corr: FloatArray, min_eigenvalue: float = 1e-8, tolerance: float = 1e-10, max_iterations: int = 500
) -> Smoothed:
    """The correlation matrix nearest to `corr` (..., p, p) in Frobenius norm with no eigenvalue below
    `min_eigenvalue`.

    Alternating projections with Dykstra's correction (Higham 2002, algorithm 3.3). The last projection is the
    one on unit diagonal, so that the smallest eigenvalue may miss its bound by about `tolerance`.
    """
    lowest = np.asarray(np.linalg.eigvalsh(corr)[..., 0], dtype=float)
    smoothed = np.asarray(lowest < min_eigenvalue)
    index = np.arange(corr.shape[-1])
    current, correction = corr.copy(), np.zeros_like(corr)
    for _ in range(max_iterations):
        shifted = current - correction
        values, vectors = np.linalg.eigh(shifted)
        cone = (vectors * np.maximum(values, min_eigenvalue)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
        correction = cone - shifted
        previous, current = current, cone.copy()
        current[..., index, index] = 1.0
        if np.abs(current - previous).max() < tolerance:
            break
    return Smoothed(np.where(smoothed[..., None, None], current, corr), smoothed, lowest)
