"""Correlations of the normal variables behind ordered categories: polychoric (tetrachoric for two
categories).

Two-step maximum likelihood (Olsson 1979): thresholds from each item's own margin, then one correlation per
pair, all pairs and all leading axes in the same Newton iterations.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.moments import Crosstabs, crosstabs
from socialcap.kernels.polychoric_solver import FAR, solve

EmptyCells = Literal["none", "add_half", "fill_half"]


@dataclass(frozen=True, slots=True)
class Polychoric:
    """Polychoric correlations `corr` (..., p, p) with the `thresholds` (..., p, c - 1) they rest on.

    An item with fewer than c categories has infinite last thresholds. `boundary` (..., p, p): the likelihood
    rises to +-1 (it is flat to rounding where the estimate stops, or the estimate is +-.9999). `empty` (...,
    p, p): number of empty cells in the pair's table among categories that are used. `converged` (..., p, p).
    NaN in `corr` where an item has one category only.
    """

    corr: FloatArray
    thresholds: FloatArray
    boundary: np.ndarray
    empty: IntArray
    converged: np.ndarray


def thresholds_from_margins(margins: FloatArray) -> FloatArray:
    """Thresholds (..., c - 1) that cut a standard normal into the shares of `margins` (..., c):
    ndtri(cumulated share).
    """
    total = margins.sum(axis=-1, keepdims=True)
    below = np.cumsum(margins[..., :-1], axis=-1)
    share = np.divide(below, total, out=np.full_like(below, np.nan), where=total > 0)
    return np.asarray(ndtri(np.minimum(share, 1.0)))


def polychoric(
    codes: IntArray,
    n_categories: tuple[int, ...],
    weights: FloatArray | None = None,
    empty: EmptyCells = "none",
) -> Polychoric:
    """Polychoric correlations of `codes` (..., n, p), coded 0..c_j - 1, negative = missing (pairwise),
    weights (..., n).

    `empty` is what is done to a table with an empty cell, see `polychoric_from_crosstabs`.
    """
    return polychoric_from_crosstabs(crosstabs(codes, n_categories, weights), empty)


def polychoric_from_crosstabs(tabs: Crosstabs, empty: EmptyCells = "none") -> Polychoric:
    """Polychoric correlations of all pairs in `tabs`, by two-step ML (Olsson 1979).

    max over rho of sum_ab n_ab log P_ab(rho), P_ab the bivariate normal mass between the thresholds; Newton
    on the score sum n_ab P'_ab / P_ab with P' from the bivariate density, kept inside a bracket.

    empty="none": nothing is done; a 2x2 table with an empty cell then has its maximum at +-1.
    empty="add_half": 2x2 tables only, one half is moved into the empty cell with the margins kept (lavaan's
    rule). empty="fill_half": any empty cell among used categories becomes one half, and that pair's
    thresholds follow the altered table (psych's `correct=.5` with `global=FALSE`).
    """
    table = tabs.table
    p, c = table.shape[-2], table.shape[-1]
    batch = table.shape[:-4]
    margins = tabs.margins()
    cuts = thresholds_from_margins(margins)
    rows, columns = np.triu_indices(p, 1)
    pair = np.moveaxis(table, -2, -3)[..., rows, columns, :, :].reshape(-1, c, c)
    used = (pair.sum(axis=-1) > 0)[:, :, None] & (pair.sum(axis=-2) > 0)[:, None, :]
    hole = (pair == 0) & used
    n_empty = hole.sum(axis=(-1, -2))
    near = np.clip(cuts, -FAR, FAR)
    h, k = near[..., rows, :].reshape(-1, c - 1), near[..., columns, :].reshape(-1, c - 1)
    if empty == "add_half":
        pair = _move_half(pair, used, hole)
    elif empty == "fill_half":
        pair = np.where(hole, 0.5, pair)
        altered = n_empty > 0
        h = np.where(altered[:, None], _pair_cuts(pair, -1), h)
        k = np.where(altered[:, None], _pair_cuts(pair, -2), k)
    rho, edge, done = solve(pair, h, k)
    shape = (*batch, rows.size)
    return Polychoric(
        _square(rho.reshape(shape), rows, columns, p, _own(margins)),
        cuts,
        _square(edge.reshape(shape), rows, columns, p, False),
        _square(n_empty.reshape(shape), rows, columns, p, 0),
        _square(done.reshape(shape), rows, columns, p, True),
    )


def _own(margins: FloatArray) -> FloatArray:
    """Diagonal of the correlation matrix: 1, NaN for an item without variation."""
    return np.where((margins > 0).sum(axis=-1) > 1, 1.0, np.nan)


def _square(
    values: np.ndarray, rows: IntArray, columns: IntArray, p: int, diagonal: FloatArray | bool | int
) -> np.ndarray:
    out = np.empty((*values.shape[:-1], p, p), dtype=values.dtype)
    out[..., rows, columns] = values
    out[..., columns, rows] = values
    index = np.arange(p)
    out[..., index, index] = diagonal
    return out


def _pair_cuts(pair: FloatArray, axis: int) -> FloatArray:
    return np.clip(thresholds_from_margins(pair.sum(axis=axis)), -FAR, FAR)


def _move_half(pair: FloatArray, used: np.ndarray, hole: np.ndarray) -> FloatArray:
    """Tables with exactly 2x2 used categories and empty cells, one half moved into each without touching a
    margin.
    """
    fourfold = (used.any(axis=2).sum(axis=1) == 2) & (used.any(axis=1).sum(axis=1) == 2)
    out = pair.copy()
    for t in np.flatnonzero(fourfold & (hole.sum(axis=(1, 2)) == 1)):
        cells = np.ix_(np.flatnonzero(used[t].any(axis=1)), np.flatnonzero(used[t].any(axis=0)))
        on_diagonal = hole[t][cells][0, 0] or hole[t][cells][1, 1]
        sign = 0.5 if on_diagonal else -0.5
        out[t][cells] += np.array([[sign, -sign], [-sign, sign]])
    return out
