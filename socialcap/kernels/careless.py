"""Indices of careless responding, one number per respondent, for all respondents at once.

Answers are `x` (..., n, p) in questionnaire order, NaN = no answer. An index that is undefined for a
respondent is NaN. Overviews: Meade and Craig (2012), Curran (2016).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from . import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Runs:
    """The longest run of identical answers, and the average length of the runs, each (..., n)."""

    longest: FloatArray
    average: FloatArray


def longstring(x: FloatArray) -> Runs:
    """Runs of identical consecutive answers (Johnson 2005); NaN for a respondent without an answer.

    A cell without an answer is passed over: the answers before and after it are consecutive. (R's careless
    counts every missing cell as a run of its own; with complete answers both agree.)
    """
    shape = x.shape[:-1]
    last, run, longest, runs, answers = (np.full(shape, fill) for fill in (np.nan, 0.0, 0.0, 0.0, 0.0))
    for column in np.ascontiguousarray(np.moveaxis(x, -1, 0)):
        present = ~np.isnan(column)
        same = column == last
        run = np.where(same, run + 1, np.where(present, 1.0, run))
        last = np.where(present, column, last)
        longest = np.maximum(longest, run)
        runs += present & ~same
        answers += present
    answered = answers > 0
    return Runs(
        np.where(answered, longest, np.nan),
        np.divide(answers, runs, out=np.full(shape, np.nan), where=answered),
    )


def irv(x: FloatArray) -> FloatArray:
    """Intra-individual response variability (..., n): the standard deviation of a respondent's own answers.

    irv_i = sqrt(sum_j (x_ij − mean_i)² / (m_i − 1)) over the m_i answers given (Dunn et al. 2018), with the
    divisor m − 1 of R's careless; careless-py divides by m. NaN with fewer than two answers.
    """
    present = ~np.isnan(x)
    answers = present.sum(axis=-1)
    enough = answers > 1
    mean = np.where(present, x, 0.0).sum(axis=-1) / np.maximum(answers, 1)
    squares = np.where(present, np.square(x - mean[..., None]), 0.0).sum(axis=-1)
    return np.where(enough, np.sqrt(squares / np.maximum(answers - 1, 1)), np.nan)


def even_odd(x: FloatArray, scales: Sequence[Sequence[int]]) -> FloatArray:
    """Even-odd consistency (..., n): near 1 for a consistent respondent, about 0 or less for a careless one.

    `scales` lists each scale's columns in questionnaire order, all items keyed in the same direction. A
    scale's odd and even items are averaged over the answers given; r is the respondent's correlation between
    the two halves across scales, stepped up by Spearman-Brown to 2r / (1 + r), not below −1 (Jackson 1976;
    Johnson 2005). R's careless computes the same and, from version 1.2, turns its sign; careless-py has
    another index of the same name, which correlates items within scales without stepping up. NaN with fewer
    than three scales that have both halves (two points always correlate ±1), or with a half that does not
    vary.
    """
    halves = [[_row_mean(x[..., list(scale[start::2])]) for scale in scales] for start in (0, 1)]
    odd, even = (np.stack(half, axis=-1) if half else np.empty((*x.shape[:-1], 0)) for half in halves)
    # Below −1/3 the step-up leaves the range of correlations, down to −∞ at −1.
    r = np.maximum(_row_correlation(odd, even, fewest=3), -1.0 / 3.0)
    return 2.0 * r / (1.0 + r)


def person_total(x: FloatArray) -> FloatArray:
    """Person-total correlation (..., n): a respondent's answers with the means of all respondents.

    Over the items that the respondent answered; the means are over all who answered the item, the respondent
    included (Donlon and Fischer 1968, as product-moment correlation). NaN with fewer than two answers or
    answers that do not vary.
    """
    present = ~np.isnan(x)
    counts = present.sum(axis=-2)
    means = np.where(present, x, 0.0).sum(axis=-2) / np.maximum(counts, 1)
    return _row_correlation(x, np.broadcast_to(means[..., None, :], x.shape), fewest=2)


@dataclass(frozen=True, slots=True)
class Distances:
    """Squared Mahalanobis distances, their degrees of freedom and upper chi-square tails, each (n,)."""

    squared: FloatArray
    df: IntArray
    p_value: FloatArray


def mahalanobis(x: FloatArray, mean: FloatArray, covariance: FloatArray) -> Distances:
    """Squared Mahalanobis distances of the rows of `x` (n, p) from `mean` (p,), by `covariance` (p, p).

    Over the answers o that a respondent gave: d² = (x_o − m_o)' S_oo⁻¹ (x_o − m_o), referred to chi-square
    with as many degrees of freedom as answers (Little 1988). With complete answers this is the usual
    distance; careless-py and R's careless give its square root or drop incomplete rows. With K = S⁻¹ and z =
    0 where the answer is missing, d² = z'Kz − (Kz)_m' K_mm⁻¹ (Kz)_m, so only the missing block is inverted.
    NaN for a respondent without an answer. `covariance` must be positive definite.
    """
    missing = np.isnan(x)
    z = np.where(missing, 0.0, x - mean)
    precision = np.linalg.inv(covariance)
    kz = z @ precision
    squared = np.einsum("ij,ij->i", z, kz)
    gaps = missing.sum(axis=1)
    for size in np.unique(gaps[(gaps > 0) & (gaps < x.shape[1])]):
        rows = np.flatnonzero(gaps == size)
        # Blocks of 32 MB, whatever the number of rows.
        for part in np.array_split(rows, 1 + rows.size * int(size) ** 2 // 4_000_000):
            columns = np.nonzero(missing[part])[1].reshape(part.size, size)
            block = precision[columns[:, :, None], columns[:, None, :]]
            right = kz[part[:, None], columns]
            squared[part] -= np.einsum("ij,ij->i", right, np.linalg.solve(block, right[..., None])[..., 0])
    df = x.shape[1] - gaps
    squared = np.where(df > 0, np.maximum(squared, 0.0), np.nan)
    return Distances(squared, df, chdtrc(np.maximum(df, 1).astype(float), squared))


def same_rows(codes: NDArray[np.integer]) -> IntArray:
    """A label (n,) for every row of `codes` (n, p) that equal rows share, exactly (no hashing)."""
    rows = np.ascontiguousarray(codes)
    if rows.shape[1] == 0:
        return np.zeros(rows.shape[0], dtype=np.int64)
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    return np.unique(whole, return_inverse=True)[1].astype(np.int64)


def _row_mean(x: FloatArray) -> FloatArray:
    """Means (..., n) over the last axis of the values that are there; NaN where none is."""
    present = ~np.isnan(x)
    counts = present.sum(axis=-1)
    total = np.where(present, x, 0.0).sum(axis=-1)
    mean: FloatArray = np.divide(total, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    return mean


def _row_correlation(a: FloatArray, b: FloatArray, fewest: int) -> FloatArray:
    """Correlations (..., n) of `a` with `b` along the last axis over the pairs that are complete.

    NaN with fewer than `fewest` pairs, or where either side is constant over them.
    """
    both = ~(np.isnan(a) | np.isnan(b))
    pairs = both.sum(axis=-1)
    varies = np.ones(pairs.shape, dtype=bool)
    centred = []
    for side in (a, b):
        # By extremes, not by the sum of squares: rounding leaves a constant row a tiny spread.
        low = np.where(both, side, np.inf).min(axis=-1, initial=np.inf)
        varies &= np.where(both, side, -np.inf).max(axis=-1, initial=-np.inf) > low
        mean = np.where(both, side, 0.0).sum(axis=-1) / np.maximum(pairs, 1)
        centred.append(np.where(both, side - mean[..., None], 0.0))
    left, right = centred
    cross = np.einsum("...j,...j->...", left, right)
    spread = np.sqrt(np.einsum("...j,...j->...", left, left) * np.einsum("...j,...j->...", right, right))
    known = varies & (pairs >= fewest)
    r = np.divide(cross, spread, out=np.full(pairs.shape, np.nan), where=known)
    clipped: FloatArray = np.clip(r, -1.0, 1.0)
    return clipped
