"""Columns of numbers summed up: moments and quartiles, means with intervals, tests of correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from socialcap.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class Summary:
    """Of each column (p,) over its own values: n, mean, sd (ddof 1), min, lower quartile, median, upper
    quartile, max. NaN where there are too few values.
    """

    n: FloatArray
    mean: FloatArray
    sd: FloatArray
    min: FloatArray
    q1: FloatArray
    median: FloatArray
    q3: FloatArray
    max: FloatArray


def summary(x: FloatArray) -> Summary:
    """Moments and quartiles of the columns of `x` (n, p), NaN = missing.

    Quartiles interpolate linearly (type 7 of Hyndman and Fan 1996).
    """
    rows = [_column(column[~np.isnan(column)]) for column in x.T]
    return Summary(*np.array(rows, dtype=float).reshape(-1, 8).T)


def _column(values: FloatArray) -> list[float]:
    n = len(values)
    if n == 0:
        return [0.0, *[np.nan] * 7]
    sd = values.std(ddof=1) if n > 1 else np.nan
    return [n, values.mean(), sd, *np.quantile(values, [0.0, 0.25, 0.5, 0.75, 1.0])]


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """Means (p,) with standard errors and the limits of a confidence interval."""

    mean: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray


def mean_interval(x: FloatArray, level: float = 0.95) -> MeanInterval:
    """Means of the columns of complete `x` (n, p): s/√n (ddof 1), and t limits with n - 1 degrees of freedom."""
    n = len(x)
    mean = x.mean(axis=0)
    error = x.std(axis=0, ddof=1) / np.sqrt(n)
    reach = stdtrit(n - 1, (1.0 + level) / 2.0) * error
    return MeanInterval(mean, error, mean - reach, mean + reach)


def correlation_p_values(r: FloatArray, n: FloatArray) -> FloatArray:
    """Two-sided p-values of Pearson correlations `r` of `n` pairs, elementwise: t = r √((n - 2)/(1 - r²)) with
    n - 2 degrees of freedom (Student 1908). NaN for fewer than three pairs, and where r is.
    """
    df = np.where(n > 2, n - 2.0, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        # rounding can carry a perfect correlation past one
        t = np.abs(r) * np.sqrt(df / np.maximum(1.0 - r**2, 0.0))
    return np.asarray(np.where(np.isnan(r) | np.isnan(df), np.nan, 2.0 * stdtr(df, -t)))
