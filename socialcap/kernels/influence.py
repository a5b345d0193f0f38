"""Which rows and which columns a linear fit hangs on: leverage, Cook's distance, dfbetas, conditioning."""

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class Influence:
    """Of each of n rows in least squares on k columns: leverage (n,); `standardised` residuals e / (s
    sqrt(1 - h)) and `studentised` ones, with s from the other rows (n,); cooks_distance (n,); dffits (n,);
    dfbetas (n, k). NaN or infinite for a row of leverage one, without which the fit does not exist.
    """

    leverage: FloatArray
    standardised: FloatArray
    studentised: FloatArray
    cooks_distance: FloatArray
    dffits: FloatArray
    dfbetas: FloatArray


@dataclass(frozen=True, slots=True)
class Conditioning:
    """Belsley, Kuh and Welsch's diagnostics of k columns: condition `number`; `indexes` (k,), increasing; and
    `proportions` (k, k) of each coefficient's variance (column) that go with each index (row), columns
    adding to one.
    """

    number: float
    indexes: FloatArray
    proportions: FloatArray


def influence(y: FloatArray, x: FloatArray) -> Influence:
    """Influence of each row in least squares of y (n,) on x (n, k) of full rank.

    Cook (1977): D = e^2 h / (k s^2 (1 - h)^2); Belsley, Kuh and Welsch (1980, eqs. 2.7, 2.11): dfbetas =
    (b_j - b_j(i)) / (s(i) sqrt((X'X)^{-1}_jj)). For weighted least squares pass y and x times the root of
    the weights.
    """
    n, k = x.shape
    q, r = np.linalg.qr(x)
    leverage = np.minimum((q * q).sum(axis=1), 1.0)
    residual = y - q @ (q.T @ y)
    total, free = residual @ residual, 1.0 - leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = residual / np.sqrt(free)
        deleted = np.sqrt(np.maximum(total - inner * inner, 0.0) / (n - k - 1))
        standardised = inner / np.sqrt(total / (n - k))
        studentised = inner / deleted
        pull = np.linalg.solve(r, q.T)
        change = pull.T * (residual / free)[:, None]
        size = np.sqrt((pull * pull).sum(axis=1))
        return Influence(
            leverage=leverage,
            standardised=standardised,
            studentised=studentised,
            cooks_distance=standardised**2 * leverage / (k * free),
            dffits=studentised * np.sqrt(leverage / free),
            dfbetas=change / (deleted[:, None] * size),
        )


def conditioning(x: FloatArray) -> Conditioning:
    """Condition indexes and variance proportions of x (n, k), the constant included.

    Columns are scaled to length one and not centred (Belsley, Kuh and Welsch 1980, section 3.2). Indexes
    above 30 with two or more proportions above one half mark a harmful near-dependency.
    """
    scaled = x / np.linalg.norm(x, axis=0)
    _, values, right = np.linalg.svd(scaled, full_matrices=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        indexes = values[0] / values
        parts = (right / values[:, None]) ** 2
        return Conditioning(float(indexes[-1]), indexes, parts / parts.sum(axis=0))
