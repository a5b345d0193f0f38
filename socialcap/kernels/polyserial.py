"""Correlations of numeric columns with the normal variables behind ordered categories, and mixed matrices."""

import numpy as np
from scipy.special import ndtr

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.moments import moments
from socialcap.kernels.polychoric import EmptyCells, polychoric, thresholds_from_margins

_FAR = 12.0
_LIMIT = 0.9999
_SMALLEST = 1e-300
_MAX_ITERATIONS = 60
# values handled together: bounds the work arrays at some tens of megabytes
_BLOCK = 1 << 18


def polyserial(
    x: FloatArray, codes: IntArray, n_categories: tuple[int, ...], weights: FloatArray | None = None
) -> FloatArray:
    """Polyserial correlations (..., q, p) of `x` (..., n, q) with `codes` (..., n, p), by two-step ML.

    NaN in `x` and a negative code are missing (each pair over its own rows, means, variances and thresholds
    over all rows of the column); `weights` (..., n). x is standardised with the ML variance, the thresholds
    come from the margins, and rho maximises sum_i w_i log[Phi((t_c - rho z_i)/s) - Phi((t_{c-1} - rho
    z_i)/s)], s = sqrt(1 - rho^2) (Olsson, Drasgow and Dorans 1982, two-step). Estimates stay within +-.9999;
    NaN for a constant column.
    """
    n, q, p = x.shape[-2], x.shape[-1], codes.shape[-1]
    batch = np.broadcast_shapes(x.shape[:-2], codes.shape[:-2], () if weights is None else weights.shape[:-1])
    x = np.broadcast_to(x, (*batch, n, q)).reshape(-1, n, q)
    codes = np.broadcast_to(codes, (*batch, n, p)).reshape(-1, n, p)
    w = np.ones((*batch, n)) if weights is None else np.broadcast_to(weights, (*batch, n))
    w = w.reshape(-1, n)
    z = _standardised(x, w)
    cuts = thresholds_from_margins(_margins(codes, max(n_categories), w))
    out = np.empty((x.shape[0], q, p))
    step = max(1, _BLOCK // n)
    for j in range(p):
        lower, upper = _bounds(codes[:, :, j], cuts[:, j])
        for i in range(q):
            seen = np.isfinite(z[:, :, i]) & (codes[:, :, j] >= 0)
            weight = np.where(seen, w, 0.0)
            value = np.where(seen, z[:, :, i], 0.0)
            for first in range(0, x.shape[0], step):
                part = slice(first, first + step)
                out[part, i, j] = _solve(value[part], lower[part], upper[part], weight[part])
            varied = (np.isfinite(z[:, :, i]) & (z[:, :, i] != 0)).any(axis=1)
            out[~(varied & np.isfinite(cuts[:, j]).any(axis=1)), i, j] = np.nan
    return out.reshape(*batch, q, p)


def mixed(
    x: FloatArray,
    codes: IntArray,
    n_categories: tuple[int, ...],
    weights: FloatArray | None = None,
    empty: EmptyCells = "none",
) -> FloatArray:
    """Correlations (..., q + p, q + p) of numeric `x` (..., n, q) and ordinal `codes` (..., n, p), numeric
    first.

    Pearson between numeric, polyserial between numeric and ordinal, polychoric between ordinal columns;
    pairwise under missing values. The matrix need not be positive definite (see `correlation.smooth`).
    """
    q = x.shape[-1]
    across = polyserial(x, codes, n_categories, weights)
    ordinal = polychoric(codes, n_categories, weights, empty).corr
    size = q + codes.shape[-1]
    out = np.empty((*across.shape[:-2], size, size))
    out[..., :q, :q] = moments(x, weights).correlation()
    out[..., :q, q:] = across
    out[..., q:, :q] = np.swapaxes(across, -1, -2)
    out[..., q:, q:] = ordinal
    return out


def _standardised(x: FloatArray, w: FloatArray) -> FloatArray:
    """Columns of `x` (b, n, q) less their weighted mean, in units of their weighted ML deviation; NaN stays
    NaN.
    """
    seen = np.isfinite(x) * w[:, :, None]
    total = np.maximum(seen.sum(axis=1, keepdims=True), _SMALLEST)
    filled = np.where(np.isfinite(x), x, 0.0)
    centred = x - (seen * filled).sum(axis=1, keepdims=True) / total
    variance = (seen * np.where(np.isfinite(x), centred, 0.0) ** 2).sum(axis=1, keepdims=True) / total
    scale = np.sqrt(np.where(variance > 0, variance, 1.0))
    return np.where(variance > 1e-28, centred / scale, np.where(np.isfinite(x), 0.0, np.nan))


def _margins(codes: IntArray, c: int, w: FloatArray) -> FloatArray:
    """Weighted counts (b, p, c) of the categories of `codes` (b, n, p)."""
    return np.stack([np.einsum("bn,bnp->bp", w, codes == a) for a in range(c)], axis=-1)


def _bounds(codes: IntArray, cuts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Thresholds below and above each row's category, (b, n); missing codes get the whole line."""
    near = np.clip(np.where(np.isfinite(cuts) | np.isinf(cuts), cuts, 0.0), -_FAR, _FAR)
    edge = np.full((cuts.shape[0], 1), _FAR)
    ends = np.concatenate((-edge, near, edge), axis=1)
    seen = codes >= 0
    at = np.where(seen, codes, 0)
    lower = np.where(seen, np.take_along_axis(ends, at, axis=1), -_FAR)
    upper = np.where(seen, np.take_along_axis(ends, at + 1, axis=1), _FAR)
    return lower, upper


def _solve(z: FloatArray, lower: FloatArray, upper: FloatArray, w: FloatArray) -> FloatArray:
    """The maximising rho (b,) of rows (b, n), by bracketed Newton steps."""
    total = np.maximum(w.sum(axis=1), _SMALLEST)
    rho = np.zeros(z.shape[0])
    low, high = rho - _LIMIT, rho + _LIMIT
    for _ in range(_MAX_ITERATIONS):
        score, curvature, squares = _derivatives(z, lower, upper, rho)
        slope = (w * score).sum(axis=1) / total
        observed = -(w * curvature).sum(axis=1) / total
        # sum of squared scores: positive wherever the observed information is not
        outer = (w * squares).sum(axis=1) / total
        information = np.where(observed > 0.1 * outer, observed, outer)
        low = np.where(slope > 0, rho, low)
        high = np.where(slope < 0, rho, high)
        new = rho + slope / np.maximum(information, 1e-18)
        new = np.where(new > high, 0.5 * (rho + high), np.where(new < low, 0.5 * (rho + low), new))
        moved = np.abs(new - rho)
        rho = new
        if np.all(moved < 1e-9 * (1.0 - rho * rho)):
            break
    return rho


def _derivatives(
    z: FloatArray, lower: FloatArray, upper: FloatArray, rho: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """First and second derivative in rho of each row's log-probability, and the first squared."""
    r = rho[:, None]
    free = 1.0 - r * r
    root = np.sqrt(free)
    top, bottom = (upper - r * z) / root, (lower - r * z) / root
    # the side with the smaller tail keeps its digits
    flip = bottom > 0
    mass = np.where(flip, ndtr(-bottom) - ndtr(-top), ndtr(top) - ndtr(bottom))
    mass = np.maximum(mass, _SMALLEST)
    first, second = np.zeros_like(z), np.zeros_like(z)
    for end, cut, sign in ((top, upper, 1.0), (bottom, lower, -1.0)):
        density = np.exp(-0.5 * end * end) / np.sqrt(2.0 * np.pi)
        slope = (r * cut - z) / (free * root)
        bend = cut / (free * root) + 3.0 * r * slope / free
        first += sign * density * slope
        second += sign * density * (bend - end * slope * slope)
    score = first / mass
    squares = score * score
    return score, second / mass - squares, squares
