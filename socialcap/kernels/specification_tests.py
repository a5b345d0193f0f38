"""What many estimates of one effect say together, judged against resamples in which there is no effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr

from socialcap.kernels import FloatArray

_SMALLEST = 1e-300


@dataclass(frozen=True, slots=True)
class CurveStatistics:
    """Three statistics of curves of S specifications, each (...).

    median: of the estimates; share: of the specifications that are significant in the direction in which
    more of them are; stouffer: sum of the normal scores over the root of their number (Stouffer 1949).
    Specifications without an estimate are left out; NaN where there is none.
    """

    median: FloatArray
    share: FloatArray
    stouffer: FloatArray


def normal_scores(statistic: FloatArray, df: FloatArray) -> FloatArray:
    """Standard normal values with the two-sided p-values and signs of t `statistic` (...) with `df` (...)."""
    tail = np.maximum(stdtr(df, -np.abs(statistic)), _SMALLEST)
    return np.asarray(-np.sign(statistic) * ndtri(tail))


def curve_statistics(estimates: FloatArray, scores: FloatArray, critical: float) -> CurveStatistics:
    """Statistics of curves from `estimates` (..., S) and their normal `scores` (..., S), NaN where absent.

    Significant are scores beyond `critical`.
    """
    present = np.isfinite(estimates) & np.isfinite(scores)
    number = present.sum(axis=-1)
    safe = np.maximum(number, 1)
    z = np.where(present, scores, 0.0)
    share = np.maximum((z >= critical).sum(axis=-1), (z <= -critical).sum(axis=-1)) / safe
    stouffer = z.sum(axis=-1) / np.sqrt(safe)
    # the middle of what is present: absent values sort to the end
    ordered = np.sort(np.where(present, estimates, np.inf), axis=-1)
    middle = np.stack([(safe - 1) // 2, safe // 2], axis=-1)
    median = np.take_along_axis(ordered, middle, axis=-1).mean(axis=-1)
    nothing = number == 0
    return CurveStatistics(
        np.where(nothing, np.nan, median),
        np.where(nothing, np.nan, share),
        np.where(nothing, np.nan, stouffer),
    )


def null_p_value(observed: float, null: FloatArray) -> float:
    """(1 + how many of `null` (B,) are as large as `observed` in absolute value) / (1 + B).

    Davison and Hinkley (1997, eq. 4.11); NaN in `null` is left out. NaN where `observed` is.
    """
    kept = np.abs(null[np.isfinite(null)])
    if not np.isfinite(observed):
        return float("nan")
    # statistics that are equal but for rounding count as equal
    as_large = kept >= abs(observed) * (1.0 - 1e-12)
    return float((1 + as_large.sum()) / (1 + len(kept)))
