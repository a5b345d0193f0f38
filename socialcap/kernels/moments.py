"""Sufficient statistics that add up: co-moments for Pearson correlations, crosstabs for polychoric ones.

Computed for chunks of rows and merged, so that neither memory nor the number of machines sets a limit.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray

# Cells (rows x columns) that are multiplied at a time: the copies made of them stay in the cache.
_CELLS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class Moments:
    """Counts, weights, means and co-moments of every pair of columns over the rows where both are observed.

    Each is (..., p, p). `means[i, j]` is the mean of column i where j is observed too, `squares[i, j]` the
    weighted sum of squares of column i about that mean, `comoments` the weighted sum of cross-products. With
    complete data every column of `means` is the same and `squares[i, j] = comoments[i, i]`.
    """

    counts: FloatArray
    weights: FloatArray
    means: FloatArray
    squares: FloatArray
    comoments: FloatArray

    def merge(self, other: "Moments") -> "Moments":
        """The statistics of both sets of rows together (Chan, Golub and LeVeque 1983, eq. 2.1, for pairs)."""
        weights = self.weights + other.weights
        share = _ratio(other.weights, weights)
        delta = other.means - self.means
        shift = self.weights * share
        return Moments(
            self.counts + other.counts,
            weights,
            self.means + delta * share,
            self.squares + other.squares + shift * delta * delta,
            self.comoments + other.comoments + shift * delta * np.swapaxes(delta, -1, -2),
        )

    def covariance(self, ddof: int = 1) -> FloatArray:
        """Covariances (..., p, p), pair by pair; weights count as if scaled to sum to the number of rows.

        s_ij = comoment_ij / w_ij * n_ij / (n_ij - ddof). NaN where fewer than ddof + 1 rows share a pair.
        """
        free = self.counts - ddof
        scale = _ratio(self.counts, np.maximum(free, 0.0) * self.weights, np.nan)
        return self.comoments * scale

    def correlation(self) -> FloatArray:
        """Pearson correlations (..., p, p), pair by pair, each over its own rows with its own means and
        spreads.

        NaN where a column is constant over the rows of the pair.
        """
        spread = np.sqrt(self.squares * np.swapaxes(self.squares, -1, -2))
        corr = np.clip(_ratio(self.comoments, spread, np.nan), -1.0, 1.0)
        index = np.arange(corr.shape[-1])
        corr[..., index, index] = np.where(self.squares[..., index, index] > 0, 1.0, np.nan)
        return corr


_ROUNDING = 1e-12
"""Share of the squares about a column's origin below which squares about a pair's mean are rounding."""


def moments(x: FloatArray, weights: FloatArray | None = None) -> Moments:
    """Moments of `x` (..., n, p), NaN = missing, with row weights (..., n).

    Columns are first centred by their own mean, so that the sums of products lose no digits to a large
    origin.
    """
    present = np.isfinite(x)
    w = None if weights is None else np.broadcast_to(weights, x.shape[:-1])
    origin = _ratio(np.where(present, x, 0.0).sum(axis=-2), present.sum(axis=-2).astype(float))
    rows = max(1, _CELLS_AT_ONCE // max(1, x.shape[-1]))
    parts = []
    for start in range(0, max(1, x.shape[-2]), rows):
        here = slice(start, start + rows)
        part_w = None if w is None else w[..., here]
        parts.append(_products(x[..., here, :], present[..., here, :], origin, part_w))
    counts, total, sums, squares, cross = (
        functools.reduce(np.add, product) for product in zip(*parts, strict=True)
    )
    means = _ratio(sums, total)
    own = squares - means * sums
    return Moments(
        counts,
        total,
        means + np.where(total > 0, origin[..., :, None], 0.0),
        # a column constant over a pair's rows: what is left of its squares is rounding
        np.where(own > _ROUNDING * squares, own, 0.0),
        cross - means * np.swapaxes(sums, -1, -2),
    )


def _products(
    x: FloatArray, present: NDArray[np.bool_], origin: FloatArray, weights: FloatArray | None
) -> tuple[FloatArray, ...]:
    """Counts, weights, sums, sums of squares and cross-products (..., p, p) of rows about `origin`."""
    mask = present.astype(float)
    centred = np.where(present, x - origin[..., None, :], 0.0)
    left, squared = centred, centred * centred
    counts = np.swapaxes(mask, -1, -2) @ mask
    total = counts
    if weights is not None:
        w = weights[..., None]
        left, squared = centred * w, squared * w
        total = np.swapaxes(mask * w, -1, -2) @ mask
    flipped = np.swapaxes(left, -1, -2)
    return counts, total, flipped @ mask, np.swapaxes(squared, -1, -2) @ mask, flipped @ centred


@dataclass(frozen=True, slots=True)
class Crosstabs:
    """Joint category counts of every pair of columns: `table` (..., p, c, p, c), weights summed where given.

    c is the largest number of categories, columns with fewer leave their last cells empty; a pair counts the
    rows where both are observed; `table[..., j, a, j, a]` is the margin of column j.
    """

    table: FloatArray
    n_categories: tuple[int, ...]

    def merge(self, other: "Crosstabs") -> "Crosstabs":
        """The counts of both sets of rows together."""
        return Crosstabs(self.table + other.table, self.n_categories)

    def margins(self) -> FloatArray:
        """Category counts of each column, (..., p, c), over all rows where the column is observed."""
        return np.asarray(np.einsum("...jaja->...ja", self.table))


def one_hot(codes: IntArray, n_categories: int, dtype: type[np.floating] = np.float64) -> FloatArray:
    """Indicators (..., n, p * c) of `codes` (..., n, p) in 0..c-1; a negative code is missing: a row of
    zeros.
    """
    hit = codes[..., None] == np.arange(n_categories, dtype=codes.dtype)
    return np.asarray(hit.reshape(*codes.shape[:-1], codes.shape[-1] * n_categories), dtype=dtype)


def crosstabs(codes: IntArray, n_categories: tuple[int, ...], weights: FloatArray | None = None) -> Crosstabs:
    """Crosstabs of `codes` (..., n, p), coded 0..c_j-1 and negative = missing, with row weights (..., n).

    All tables come from one product of the indicators with themselves.
    """
    p, c = codes.shape[-1], max(n_categories)
    # single precision counts exactly up to 2^24 rows and halves the time of the product
    exact = weights is None and codes.shape[-2] < 2**24
    hot = one_hot(codes, c, np.float32 if exact else np.float64)
    left = hot if weights is None else hot * weights[..., None]
    table = (np.swapaxes(left, -1, -2) @ hot).astype(float)
    return Crosstabs(table.reshape(*codes.shape[:-2], p, c, p, c), tuple(n_categories))


def crosstabs_replicates(codes: IntArray, n_categories: tuple[int, ...], counts: FloatArray) -> Crosstabs:
    """Crosstabs of every bootstrap replicate: `codes` (n, p) with row frequencies `counts` (B, n), table (B,
    ...).

    One product per column of the frequencies with that column's indicators times all others: the sample is
    coded once and no replicate's rows are ever written out.
    """
    p, c = codes.shape[-1], max(n_categories)
    hot = one_hot(codes, c)
    n_replicates = counts.shape[0]
    table = np.empty((n_replicates, p * c, p * c))
    for j in range(p * c):
        # the lower part is filled by symmetry
        products = hot[:, j, None] * hot[:, j:]
        table[:, j, j:] = counts @ products
        table[:, j:, j] = table[:, j, j:]
    return Crosstabs(table.reshape(n_replicates, p, c, p, c), tuple(n_categories))


def _ratio(top: FloatArray, bottom: FloatArray, empty: float = 0.0) -> FloatArray:
    """`top / bottom`, and `empty` where the bottom is zero."""
    out = np.full(np.broadcast(top, bottom).shape, empty)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out
