"""Bootstrap confidence intervals from replicates of a statistic."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from socialcap.kernels import FloatArray


def percentile(replicates: FloatArray, level: float = 0.95) -> FloatArray:
    """Lower and upper limit (2, ...) from `replicates (B, ...)`: the (1 -+ level)/2 quantiles (Efron 1979).

    Quantiles interpolate linearly (type 7 of Hyndman and Fan 1996); NaN replicates are left out.
    """
    tail = (1.0 - level) / 2.0
    sides = np.array([tail, 1.0 - tail]).reshape(2, *([1] * (replicates.ndim - 1)))
    return _quantiles(replicates, np.broadcast_to(sides, (2, *replicates.shape[1:])))


def bca(
    replicates: FloatArray, estimate: FloatArray, jackknife: FloatArray, level: float = 0.95
) -> FloatArray:
    """Lower and upper limit (2, ...) of the bias-corrected and accelerated interval (Efron 1987).

    Parameters: replicates (B, ...); estimate (...) of the full sample; jackknife (m, ...): the statistic with
    one unit (row, or cluster) left out, for the acceleration sum d^3 / (6 (sum d^2)^1.5), d = mean - value
    (Efron and Tibshirani 1993, eq. 14.15). Replicates equal to the estimate count half in the bias
    correction. NaN replicates are left out; limits are NaN where all replicates lie on one side.
    """
    valid = np.isfinite(replicates)
    below = np.sum((replicates < estimate) & valid, axis=0) + 0.5 * np.sum(replicates == estimate, axis=0)
    share = below / np.maximum(np.sum(valid, axis=0), 1)
    inside = (share > 0.0) & (share < 1.0)
    bias = ndtri(np.where(inside, share, 0.5))
    acceleration = jackknife_acceleration(jackknife)
    z = ndtri((1.0 + level) / 2.0)
    ends = bias + np.stack([np.full_like(bias, -z), np.full_like(bias, z)])
    adjusted = ndtr(bias + ends / (1.0 - acceleration * ends))
    limits = _quantiles(replicates, adjusted)
    return np.where(inside, limits, np.nan)


def jackknife_acceleration(jackknife: FloatArray) -> FloatArray:
    """Acceleration (...) from `jackknife (m, ...)`; 0 where the statistic never changes. NaN rows are left
    out.
    """
    valid = np.isfinite(jackknife)
    filled = np.where(valid, jackknife, 0.0)
    mean = np.sum(filled, axis=0) / np.maximum(np.sum(valid, axis=0), 1)
    distance = np.where(valid, mean - jackknife, 0.0)
    spread = np.sum(distance**2, axis=0) ** 1.5
    return np.asarray(np.sum(distance**3, axis=0) / (6.0 * np.where(spread > 0.0, spread, 1.0)))


def _quantiles(replicates: FloatArray, probability: FloatArray) -> FloatArray:
    """Quantiles (2, ...) at elementwise probabilities (2, ...) of the finite `replicates (B, ...)`."""
    ordered = np.sort(replicates, axis=0)
    count = np.sum(np.isfinite(ordered), axis=0)
    position = probability * np.maximum(count - 1, 0)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    below = np.take_along_axis(ordered, low, axis=0)
    above = np.take_along_axis(ordered, high, axis=0)
    return np.where(count > 0, below + (position - low) * (above - below), np.nan)
