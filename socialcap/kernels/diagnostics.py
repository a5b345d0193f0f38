"""Specification tests of a fitted model: heteroskedasticity, form, normality, serial correlation, link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import chdtrc, erfc, fdtrc

from socialcap.kernels import FloatArray

# share of a column's length that must be left after regression on those before it
_COLLINEAR = 1e-8


@dataclass(frozen=True, slots=True)
class ChiSquareTest:
    """A statistic with its chi-squared degrees of freedom and p-value."""

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True)
class FTest:
    """An F statistic with degrees of freedom and p-value."""

    statistic: float
    df_numerator: int
    df_denominator: int
    p_value: float


@dataclass(frozen=True, slots=True)
class NormalityTest:
    """Jarque and Bera's test with the moments it is made of: skewness, and kurtosis (3 for a normal)."""

    statistic: float
    df: int
    p_value: float
    skewness: float
    kurtosis: float


@dataclass(frozen=True, slots=True)
class LinkTest:
    """The square of the index in the model refitted on index and square: coefficient, error, z, p-value."""

    coefficient: float
    std_error: float
    statistic: float
    p_value: float


class Estimated(Protocol):
    """Anything with coefficients (p,) and their vcov (p, p)."""

    @property
    def coefficients(self) -> FloatArray: ...

    @property
    def vcov(self) -> FloatArray: ...


def chi_square_test(statistic: float, df: int) -> ChiSquareTest:
    """A chi-squared statistic with its upper-tail p-value."""
    return ChiSquareTest(float(statistic), int(df), float(chdtrc(df, max(float(statistic), 0.0))))


def f_test(statistic: float, df_numerator: int, df_denominator: int) -> FTest:
    """An F statistic with its upper-tail p-value."""
    p = float(fdtrc(df_numerator, df_denominator, max(float(statistic), 0.0)))
    return FTest(float(statistic), int(df_numerator), int(df_denominator), p)


def independent_columns(x: FloatArray) -> FloatArray:
    """The columns of x (n, k) that are not linear combinations of those before them (n, r)."""
    length = np.linalg.norm(x, axis=0)
    kept = np.empty((x.shape[0], 0))
    chosen: list[int] = []
    for j in np.flatnonzero(length > 0):
        column = x[:, j] / length[j]
        # twice, as one pass loses orthogonality among nearly dependent columns
        for _ in range(2):
            column = column - kept @ (kept.T @ column)
        left = np.linalg.norm(column)
        if left > _COLLINEAR:
            kept = np.column_stack([kept, column / left])
            chosen.append(int(j))
    return x[:, chosen]


def breusch_pagan(residuals: FloatArray, z: FloatArray) -> ChiSquareTest:
    """Breusch and Pagan's (1979) test in Koenker's (1981) studentised form: n R^2 of e^2 on z, chi2(r - 1).

    residuals (n,); z (n, q) with a constant, usually the regressors; r is the rank of z. R^2 is centred.
    """
    z = independent_columns(z)
    squares = residuals * residuals
    rest = squares - z @ np.linalg.lstsq(z, squares, rcond=None)[0]
    total = ((squares - squares.mean()) ** 2).sum()
    return chi_square_test(squares.size * (1.0 - (rest @ rest) / total), z.shape[1] - 1)


def white_test(residuals: FloatArray, x: FloatArray) -> ChiSquareTest:
    """White's (1980) test: n R^2 of e^2 on the columns of x, their squares and products, chi2(r - 1).

    residuals (n,); x (n, k) with a constant. Terms that repeat others (the square of a dummy, products with
    the constant) are left out, and the degrees of freedom count what remains.
    """
    first, second = np.triu_indices(x.shape[1])
    scaled = x / np.abs(x).max(axis=0)
    return breusch_pagan(residuals, scaled[:, first] * scaled[:, second])


def reset(y: FloatArray, x: FloatArray, powers: Sequence[int]) -> FTest:
    """Ramsey's (1969) RESET: F test of the given powers of the fitted values added to least squares.

    y (n,), x (n, k) with a constant. R's default powers are (2, 3), Stata's (2, 3, 4).
    """
    fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    # powers of values of the order of one; a common scale changes no F
    scaled = fitted / np.abs(fitted).max()
    wide = np.column_stack([x, *(scaled**power for power in powers)])
    before, after = _residual_sum(y, x), _residual_sum(y, wide)
    rest = y.size - wide.shape[1]
    return f_test((before - after) / len(powers) / (after / rest), len(powers), rest)


def _residual_sum(y: FloatArray, x: FloatArray) -> float:
    q, _ = np.linalg.qr(x)
    rest = y - q @ (q.T @ y)
    return float(rest @ rest)


def jarque_bera(residuals: FloatArray) -> NormalityTest:
    """Jarque and Bera's (1987) test n/6 [S^2 + (K - 3)^2 / 4], chi2(2); moments about the mean, divisor n."""
    centred = residuals - residuals.mean()
    variance = (centred**2).mean()
    skewness = float((centred**3).mean() / variance**1.5)
    kurtosis = float((centred**4).mean() / variance**2)
    test = chi_square_test(residuals.size / 6.0 * (skewness**2 + (kurtosis - 3.0) ** 2 / 4.0), 2)
    return NormalityTest(test.statistic, test.df, test.p_value, skewness, kurtosis)


def durbin_watson(residuals: FloatArray) -> float:
    """Durbin and Watson's (1950) sum (e_t - e_{t-1})^2 / sum e_t^2 of residuals (n,) in their order."""
    steps = np.diff(residuals)
    return float((steps @ steps) / (residuals @ residuals))


def link_test(refit: Callable[[FloatArray], Estimated], index: FloatArray, constant: bool = True) -> LinkTest:
    """Pregibon's (1980) link test: the square of the fitted index (n,) adds nothing if the model is right.

    `refit` fits the same model to the same outcome on a design (n, q), which is a constant (unless the model
    has none, as ordered models), the index and its square; z test of the square.
    """
    unit = np.abs(index).max()
    scaled = index / unit
    columns = [np.ones_like(index)] * constant + [scaled, scaled * scaled]
    fit = refit(np.column_stack(columns))
    position = len(columns) - 1
    coefficient = float(fit.coefficients[position]) / unit**2
    std_error = float(np.sqrt(fit.vcov[position, position])) / unit**2
    statistic = coefficient / std_error
    return LinkTest(coefficient, std_error, statistic, float(erfc(abs(statistic) / np.sqrt(2.0))))
