"""Brant's test that the slopes of an ordered logit are the same at every cutpoint."""

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.binary import logit
from socialcap.kernels.diagnostics import ChiSquareTest, chi_square_test
from socialcap.kernels.likelihood import gram


@dataclass(frozen=True, slots=True)
class BrantTest:
    """Brant's test: `omnibus`, chi2((C - 2) k), and one chi2(C - 2) for each regressor, `by_column` (k).

    `slopes` (C - 1, k) of the binary logits of y > c; `settled` (C - 1,): whether each of them has finite
    estimates; where one has not, the statistics are NaN.
    """

    omnibus: ChiSquareTest
    by_column: tuple[ChiSquareTest, ...]
    slopes: FloatArray
    settled: np.ndarray


def brant_test(y: IntArray, x: FloatArray, n_categories: int, weights: FloatArray | None = None) -> BrantTest:
    """Wald test of parallel lines for codes y (n,) in 0..C-1, C >= 3, on x (n, k) without a constant.

    The binary logits of y > c, c = 0..C-2, jointly: covariance of those at c < d is (X'W_cc X)^{-1} X'W_cd X
    (X'W_dd X)^{-1}, W_cd = p_d (1 - p_c), p the binary fits (Brant 1990). `weights` (n,) are counts.
    """
    cuts, k = n_categories - 1, x.shape[1]
    design = np.column_stack([np.ones(x.shape[0]), x])
    w = np.ones(x.shape[0]) if weights is None else weights
    above = (y[None, :] > np.arange(cuts)[:, None]).astype(float)
    fit = logit(above, design, w)
    slopes = fit.coefficients[:, 1:]
    if not fit.converged.all():
        none = ChiSquareTest(np.nan, (cuts - 1) * k, np.nan)
        return BrantTest(none, (ChiSquareTest(np.nan, cuts - 1, np.nan),) * k, slopes, fit.converged)
    covariance = np.empty((cuts, k, cuts, k))
    for c in range(cuts):
        for d in range(c, cuts):
            shared = gram(design, w * fit.fitted[d] * (1.0 - fit.fitted[c]))
            block = (fit.vcov[c] @ shared @ fit.vcov[d])[1:, 1:]
            covariance[c, :, d, :], covariance[d, :, c, :] = block, block.T
    by_column = tuple(_wald(slopes[:, j, None], covariance[:, j, None][:, :, :, j, None]) for j in range(k))
    return BrantTest(_wald(slopes, covariance), by_column, slopes, fit.converged)


def _wald(slopes: FloatArray, covariance: FloatArray) -> ChiSquareTest:
    """That the rows of slopes (c, k) are equal, given their covariance (c, k, c, k)."""
    apart = (slopes[1:] - slopes[0]).ravel()
    size = apart.size
    spread = (
        covariance[1:, :, 1:, :]
        - covariance[1:, :, :1, :]
        - covariance[:1, :, 1:, :]
        + covariance[:1, :, :1, :]
    ).reshape(size, size)
    return chi_square_test(float(apart @ np.linalg.solve(spread, apart)), size)
