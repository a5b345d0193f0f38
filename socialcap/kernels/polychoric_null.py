"""Polychoric correlations of many tables that share their margins: shuffled columns, as parallel analysis
needs.
"""

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.moments import Crosstabs
from socialcap.kernels.polychoric import thresholds_from_margins
from socialcap.kernels.polychoric_solver import FAR, SMALLEST, cells, solve

_MAX_ITERATIONS = 12
_ORDERS = (16, 32, 64)
_RESOLUTION = 1e-9


class FixedMargins:
    """Score functions of all pairs of items with given margins (p, c), as Chebyshev series in rho.

    With the thresholds fixed, a table's score sum_ab n_ab P'_ab(rho)/P_ab(rho) is linear in its counts: the
    ratios are expanded once on |rho| <= `reach`, a product with the counts gives every table's series, and
    Newton's method on the series its root. The order grows until the last coefficients are below 1e-9, which
    bounds the error of rho near that. Pairs never resolved (cells too improbable for a smooth ratio in double
    precision) and roots beyond `reach` are left to the general solver.
    """

    def __init__(self, margins: FloatArray, reach: float = 0.6) -> None:
        self.reach = reach
        self.p, self.c = margins.shape
        self.rows, self.columns = np.triu_indices(self.p, 1)
        self.cuts = np.clip(thresholds_from_margins(margins), -FAR, FAR)
        used = margins > 0
        self.varied = used.sum(axis=1) > 1
        both = used[self.rows][:, :, None] & used[self.columns][:, None, :]
        for order in _ORDERS:
            self.series = self._expand(order, both)
            self.resolved = np.abs(self.series[-2:]).max(axis=(0, 2)) < _RESOLUTION
            if self.resolved.all():
                break

    def _expand(self, order: int, both: np.ndarray) -> FloatArray:
        """Chebyshev coefficients (order, pairs, c * c) of P'_ab / P_ab on [-reach, reach]."""
        nodes = np.cos(np.pi * (np.arange(order) + 0.5) / order)
        h, k = self.cuts[self.rows], self.cuts[self.columns]
        values = np.empty((order, self.rows.size, self.c * self.c))
        for i, node in enumerate(nodes):
            cell, slope, _ = cells(h, k, np.full(self.rows.size, node * self.reach))
            ratio = np.where(both, slope / np.maximum(cell, SMALLEST), 0.0)
            values[i] = ratio.reshape(self.rows.size, -1)
        basis = np.cos(np.arange(order)[:, None] * np.arccos(nodes)) * (2.0 / order)
        basis[0] *= 0.5
        return np.tensordot(basis, values, axes=1)

    def polychoric(self, tabs: Crosstabs) -> FloatArray:
        """Polychoric correlations (b, p, p), two-step ML, of `tabs` (b, p, c, p, c) with these margins."""
        table = np.moveaxis(tabs.table, -2, -3)[:, self.rows, self.columns]
        counts = table.reshape(table.shape[0], self.rows.size, -1)
        total = counts.sum(axis=-1)
        # (pairs, order, tables): the recurrence below then runs along contiguous rows
        series = np.swapaxes(np.swapaxes(self.series, 0, 1) @ np.transpose(counts, (1, 2, 0)), 0, 1)
        series = series / np.maximum(total.T, 1.0)
        rho, settled = self._root(np.ascontiguousarray(series))
        varied = self.varied[self.rows] & self.varied[self.columns]
        hard = np.argwhere(~(settled & self.resolved[:, None]) & varied[:, None])
        if hard.size:
            pair, which = hard[:, 0], hard[:, 1]
            h, k = self.cuts[self.rows[pair]], self.cuts[self.columns[pair]]
            rho[pair, which] = solve(table[which, pair], h, k)[0]
        rho[~varied] = np.nan
        out = np.empty((table.shape[0], self.p, self.p))
        out[:, self.rows, self.columns] = rho.T
        out[:, self.columns, self.rows] = rho.T
        index = np.arange(self.p)
        out[:, index, index] = np.where(self.varied, 1.0, np.nan)
        return out

    def _root(self, series: FloatArray) -> tuple[FloatArray, np.ndarray]:
        """Root in rho of each Chebyshev series (order, ...), and whether Newton's method found it within
        reach.
        """
        slope = np.polynomial.chebyshev.chebder(series, axis=0)
        at = np.zeros(series.shape[1:])
        step = np.full(at.shape, np.inf)
        for _ in range(_MAX_ITERATIONS):
            value = np.polynomial.chebyshev.chebval(at, series, tensor=False)
            rise = np.polynomial.chebyshev.chebval(at, slope, tensor=False)
            step = np.divide(-value, rise, out=np.full_like(at, np.inf), where=rise < 0)
            at = np.clip(at + step, -1.0, 1.0)
            # Newton doubles the digits: the next step would be near 1e-10
            if np.abs(step).max() < 1e-5:
                break
        return self.reach * at, (np.abs(step) < 1e-5) & (np.abs(at) < 1.0)
