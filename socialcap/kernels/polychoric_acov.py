"""Sampling covariance of thresholds and polychoric correlations, as WLSMV and DWLS need it.

Two-step estimating equations (Muthen 1984; Joreskog 1994): the thresholds solve their marginal scores, each
rho solves the score of its own pair given the thresholds.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.moments import crosstabs
from socialcap.kernels.polychoric import EmptyCells, Polychoric, polychoric_from_crosstabs
from socialcap.kernels.polychoric_solver import FAR, SMALLEST, cells


@dataclass(frozen=True, slots=True)
class PolychoricScores:
    """Scores of every row and the bread of the estimating equations, for one data set.

    Order of the q parameters, everywhere: all thresholds of column 0, then of column 1, ..., (c_j - 1 each);
    then the correlations of the pairs (0,1), (0,2), ..., (0,p-1), (1,2), ... (`numpy.triu_indices(p, 1)`;
    lavaan's order). `scores` (n, q): derivative of the row's log-likelihood contribution; `bread` (q, q):
    derivative of the summed scores, sign reversed, thresholds by column block and rho given thresholds.
    """

    scores: FloatArray
    bread: FloatArray


@dataclass(frozen=True, slots=True)
class PolychoricAcov:
    """Estimates and their sampling covariance, order as in `PolychoricScores`.

    `thresholds` (sum of c_j - 1,) finite, `rho` (p(p-1)/2,), `nacov` (q, q): n times the asymptotic
    covariance (lavaan's NACOV or Gamma), n the number of rows; `estimates` the full polychoric result.
    """

    thresholds: FloatArray
    rho: FloatArray
    nacov: FloatArray
    n_obs: int
    estimates: Polychoric


def polychoric_scores(
    codes: IntArray, n_categories: tuple[int, ...], estimates: Polychoric
) -> PolychoricScores:
    """Scores and bread at `estimates` of `codes` (n, p), coded 0..c_j - 1, negative = missing (that term is
    0).

    The second derivatives are replaced by sums of products of scores (Joreskog 1994; lavaan), which for the
    thresholds equals the expected information exactly.
    """
    n, p = codes.shape
    first = np.concatenate(([0], np.cumsum(np.asarray(n_categories) - 1)))
    n_cuts = int(first[-1])
    rows, columns = np.triu_indices(p, 1)
    c = max(n_categories)
    table = crosstabs(codes, n_categories).table
    cuts = np.clip(estimates.thresholds, -FAR, FAR)
    scores = np.zeros((n, n_cuts + rows.size))
    bread = np.zeros((n_cuts + rows.size,) * 2)
    for j in range(p):
        own = _threshold_scores(cuts[j], n_categories[j])
        block = slice(first[j], first[j + 1])
        seen = codes[:, j] >= 0
        scores[seen, block] = own[codes[seen, j]]
        margin = table[j, : n_categories[j], j, : n_categories[j]].diagonal()
        bread[block, block] = own.T @ (margin[:, None] * own)
    h, k, rho = cuts[rows], cuts[columns], estimates.corr[rows, columns]
    by_rho, by_left, by_right = _pair_scores(h, k, rho)
    pair = table[rows, :, columns, :]
    weighted = pair * by_rho
    at = n_cuts + np.arange(rows.size)
    bread[at, at] = (weighted * by_rho).sum(axis=(1, 2))
    left = np.einsum("mab,mtab->mt", weighted, by_left)
    right = np.einsum("mab,mtab->mt", weighted, by_right)
    for m, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        bread[n_cuts + m, first[i] : first[i + 1]] = left[m, : n_categories[i] - 1]
        bread[n_cuts + m, first[j] : first[j + 1]] = right[m, : n_categories[j] - 1]
    both = (codes[:, rows] >= 0) & (codes[:, columns] >= 0)
    cell = (np.arange(rows.size) * c + codes[:, rows]) * c + codes[:, columns]
    scores[:, n_cuts:] = np.where(both, by_rho.reshape(-1)[np.where(both, cell, 0)], 0.0)
    return PolychoricScores(scores, bread)


def polychoric_acov(
    codes: IntArray, n_categories: tuple[int, ...], empty: EmptyCells = "none"
) -> PolychoricAcov:
    """Thresholds, polychoric correlations and n times their asymptotic covariance, of `codes` (n, p).

    NACOV = n B^-1 (sum of s s') B^-T with scores s and bread B of `polychoric_scores`; the order of the
    parameters is described there. Every category of every column must be used. Source: Muthen (1984, eqs.
    22-27). Raises `numpy.linalg.LinAlgError` where the bread is singular (an unused category, a correlation
    at +-1).
    """
    estimates = polychoric_from_crosstabs(crosstabs(codes, n_categories), empty)
    parts = polychoric_scores(codes, n_categories, estimates)
    n, p = codes.shape
    influence = np.linalg.solve(parts.bread, parts.scores.T)
    finite = [estimates.thresholds[j, : n_categories[j] - 1] for j in range(p)]
    rows, columns = np.triu_indices(p, 1)
    return PolychoricAcov(
        np.concatenate(finite), estimates.corr[rows, columns], n * (influence @ influence.T), n, estimates
    )


def _threshold_scores(cuts: FloatArray, n_categories: int) -> FloatArray:
    """Derivative of log P(category) in each of the item's thresholds, (categories, thresholds)."""
    cuts = cuts[: n_categories - 1]
    share = np.diff(np.concatenate(([0.0], ndtr(cuts), [1.0])))
    density = np.exp(-0.5 * cuts * cuts) / np.sqrt(2.0 * np.pi)
    index = np.arange(n_categories - 1)
    out = np.zeros((n_categories, n_categories - 1))
    out[index, index] = density
    out[index + 1, index] = -density
    return out / np.maximum(share, SMALLEST)[:, None]


def _pair_scores(h: FloatArray, k: FloatArray, rho: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives of log P_ab: rho (m, c, c), either item's thresholds (m, c - 1, c, c), of m pairs."""
    cell, in_rho, _ = cells(h, k, rho)
    np.maximum(cell, SMALLEST, out=cell)
    left = _move_cut(h, k, rho) / cell[:, None]
    right = np.swapaxes(_move_cut(k, h, rho), -1, -2) / cell[:, None]
    return in_rho / cell, left, right


def _move_cut(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """Derivative of the cell probabilities in the thresholds `h` of the first item, (m, c - 1, c, c).

    phi(h_t) [Phi((k_b - rho h_t)/s) - Phi((k_{b-1} - rho h_t)/s)], s = sqrt(1 - rho^2), gained by category t,
    lost by t + 1.
    """
    m, n_cuts = h.shape
    spread = np.sqrt(1.0 - rho * rho)[:, None, None]
    below = ndtr((k[:, None, :] - rho[:, None, None] * h[:, :, None]) / spread)
    edge = np.zeros((m, n_cuts, 1))
    slice_mass = np.diff(np.concatenate((edge, below, edge + 1.0), axis=2), axis=2)
    slice_mass *= (np.exp(-0.5 * h * h) / np.sqrt(2.0 * np.pi))[:, :, None]
    out = np.zeros((m, n_cuts, n_cuts + 1, k.shape[1] + 1))
    index = np.arange(n_cuts)
    out[:, index, index] = slice_mass
    out[:, index, index + 1] = -slice_mass
    return out
