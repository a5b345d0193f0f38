"""How strong what was left out would have to be: Oster's selection, robustness values, bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.ols import OlsFit, fit_ols

_IMAGINARY = 1e-7
_VANISHING = 1e-8
_NO_LEVERAGE = 1e-12
_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Selection:
    """What Oster's (2019) estimator is made of.

    beta_short, r2_short: of the outcome on the treatment alone; beta_long, r2_long: with the controls; var_y,
    var_x: of outcome and treatment; var_x_left: of the treatment's residual on the controls (Oster's tau).
    """

    beta_short: float
    r2_short: float
    beta_long: float
    r2_long: float
    var_y: float
    var_x: float
    var_x_left: float


@dataclass(frozen=True, slots=True)
class AdjustedEstimate:
    """Estimate, error, t and interval had the confounder been in the model, (...) each."""

    estimate: FloatArray
    std_error: FloatArray
    statistic: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray


@dataclass(frozen=True, slots=True)
class Bounds:
    """Largest partial R2 of a confounder k times as strong as a benchmark: with the treatment `r2_treatment`
    and with the outcome `r2_outcome`, (...) each; NaN where no confounder can be so strong.
    """

    r2_treatment: FloatArray
    r2_outcome: FloatArray


@dataclass(frozen=True, slots=True)
class DeletedEstimates:
    """A coefficient and its standard error with each of n rows left out, (n,) each."""

    estimate: FloatArray
    std_error: FloatArray


def selection(y: FloatArray, x: FloatArray, treatment: int) -> Selection:
    """The parts of Oster's estimator from y (n,) and x (n, k), the constant included; variances by n."""
    centred = y - y.mean()
    cause = x[:, treatment] - x[:, treatment].mean()
    var_y, var_x = float(np.mean(centred**2)), float(np.mean(cause**2))
    beta_short = float(np.mean(centred * cause) / var_x)
    full = fit_ols(x, y)
    aside = fit_ols(np.delete(x, treatment, axis=1), x[:, treatment])
    return Selection(
        beta_short=beta_short,
        r2_short=beta_short**2 * var_x / var_y,
        beta_long=float(full.coefficients[treatment]),
        r2_long=1.0 - float(np.mean(full.residuals**2)) / var_y,
        var_y=var_y,
        var_x=var_x,
        var_x_left=float(np.mean(aside.residuals**2)),
    )


def oster_delta(parts: Selection, r_max: float, beta: float = 0.0) -> float:
    """Selection on unobservables relative to observables under which the true effect is `beta`.

    Oster (2019), proposition 3, with R2 `r_max` of the model that holds the unobservables too: the exact
    estimator, not the approximation beta_long - delta (beta_short - beta_long)(r_max - R2) / (R2 - R2_short).
    Infinite where no degree of selection leads there.
    """
    bias = parts.beta_long - beta
    moved = parts.beta_short - parts.beta_long
    room = (r_max - parts.r2_long) * parts.var_y
    gained = (parts.r2_long - parts.r2_short) * parts.var_y
    var, left = parts.var_x, parts.var_x_left
    cubic = bias**3 * left * (var - left)
    square = bias**2 * left * moved * var
    numerator = bias * gained * left + bias * var * left * moved**2 + 2.0 * square + cubic
    denominator = room * moved * var + bias * room * (var - left) + square + cubic
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(numerator) / np.float64(denominator))


def oster_betas(parts: Selection, r_max: float, delta: float = 1.0) -> FloatArray:
    """Effects compatible with selection `delta` (m,), m from 0 to 3, the nearest to beta_long first.

    Real roots of Oster's (2019) cubic in the bias (quadratic for delta = 1, proposition 2) under which the
    index of the observed controls is correlated with the treatment in the direction that it is estimated to
    be (her assumption 3).
    """
    moved = parts.beta_short - parts.beta_long
    room = (r_max - parts.r2_long) * parts.var_y
    gained = (parts.r2_long - parts.r2_short) * parts.var_y
    var, left = parts.var_x, parts.var_x_left
    polynomial = [
        (delta - 1.0) * left * (var - left),
        (delta - 2.0) * left * moved * var,
        delta * room * (var - left) - gained * left - var * left * moved**2,
        delta * room * moved * var,
    ]
    roots = np.roots(np.trim_zeros(np.array(polynomial), "f"))
    bias = np.real(roots[np.abs(np.imag(roots)) <= _IMAGINARY * np.abs(roots)])
    # at zero the observed index vanishes: there, with one control, any delta solves the equation
    same = (moved * var + bias * (var - left)) * moved > _VANISHING * moved * moved * var
    bias = bias[same]
    return np.asarray(parts.beta_long - bias[np.argsort(np.abs(bias), kind="stable")])


def partial_r2(statistic: FloatArray, df: float) -> FloatArray:
    """Share of the remaining variance that a regressor explains, t^2 / (t^2 + df), t the classical one."""
    squared = np.asarray(statistic, dtype=float) ** 2
    return np.asarray(squared / (squared + df))


def robustness_value(statistic: float, df: float, share: float = 1.0, alpha: float | None = None) -> float:
    """Partial R2 with both treatment and outcome that a confounder needs to remove `share` of the estimate.

    (sqrt(f^4 + 4 f^2) - f^2) / 2 with f = share |t| / sqrt(df) (Cinelli and Hazlett 2020, section 4.1). With
    `alpha`, that needed to bring the t of the rest below its critical value with df - 1: f less t_crit /
    sqrt(df - 1) (the same place), and (f^2 - f_crit^2) / (1 + f^2) where f f_crit > 1, when the outcome's
    share is not the binding one.
    """
    f = share * abs(statistic) / np.sqrt(df)
    critical = 0.0 if alpha is None else float(stdtrit(df - 1.0, 1.0 - alpha / 2.0)) / np.sqrt(df - 1.0)
    rest = f - critical
    if rest <= 0.0:
        return 0.0
    if f * critical > 1.0:
        return float((f * f - critical * critical) / (1.0 + f * f))
    return float(0.5 * (np.sqrt(rest**4 + 4.0 * rest * rest) - rest * rest))


def adjusted_estimate(
    estimate: float,
    std_error: float,
    df: float,
    r2_treatment: FloatArray,
    r2_outcome: FloatArray,
    level: float = 0.95,
) -> AdjustedEstimate:
    """The estimate had a confounder of partial R2 `r2_treatment`, `r2_outcome` (...) been in the model.

    Bias se sqrt(df) sqrt(R2_y R2_d / (1 - R2_d)) towards zero or beyond, error se sqrt((1 - R2_y) /
    (1 - R2_d)) sqrt(df / (df - 1)), t with df - 1 (Cinelli and Hazlett 2020, section 3.3). Classical
    `std_error`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = std_error * np.sqrt(df * r2_outcome * r2_treatment / (1.0 - r2_treatment))
        error = std_error * np.sqrt((1.0 - r2_outcome) / (1.0 - r2_treatment) * df / (df - 1.0))
        moved = np.asarray(estimate - np.sign(estimate) * bias)
        reach = float(stdtrit(df - 1.0, 0.5 + 0.5 * level)) * error
        return AdjustedEstimate(moved, error, moved / error, moved - reach, moved + reach)


def benchmark_bounds(r2_treatment: float, r2_outcome: float, strength: FloatArray) -> Bounds:
    """Bounds of a confounder `strength` (...) times as strong as a benchmark, in treatment and outcome alike.

    `r2_treatment`: partial R2 of the benchmark with the treatment given the other controls; `r2_outcome`:
    with the outcome given treatment and controls (Cinelli and Hazlett 2020, section 4.4), which
    is at most one.
    """
    k = np.asarray(strength, dtype=float)
    of_treatment = k * r2_treatment / (1.0 - r2_treatment)
    possible = of_treatment < 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = k * r2_treatment**2 / ((1.0 - k * r2_treatment) * (1.0 - r2_treatment))
        factor = (np.sqrt(k) + np.sqrt(crossed)) / np.sqrt(1.0 - crossed)
        of_outcome = np.minimum(factor**2 * r2_outcome / (1.0 - r2_outcome), 1.0)
    return Bounds(np.where(possible, of_treatment, np.nan), np.where(possible, of_outcome, np.nan))


def group_partial_r2(y: FloatArray, x: FloatArray, group: IntArray) -> float:
    """Partial R2 of the columns `group` of x (n, k) in least squares of y (n,), given the other columns."""
    full = float(np.sum(fit_ols(x, y).residuals ** 2))
    without = float(np.sum(fit_ols(np.delete(x, group, axis=1), y).residuals ** 2))
    return 1.0 - full / without


def leave_one_out(fit: OlsFit, column: int, power: float | None) -> DeletedEstimates:
    """Coefficient `column` and its error with each row left out, exactly, without refitting.

    `fit` is one unweighted fit. With leverage h_i and hat matrix H, b(-i) = b - A x_i e_i / (1 - h_i),
    e(-i) = e + H_i e_i / (1 - h_i), h(-i) = h + H_i^2 / (1 - h_i) (Cook and Weisberg 1982, section 2.2).
    `power` d of 1 - h in the heteroskedasticity-consistent variance: 0 HC0 and HC1, 1 HC2, 2 HC3, -1 marks
    HC4, None the classical variance; without the factor of HC1. NaN for a row without which the design has
    not full rank.
    """
    x, e, h = fit.x, fit.residuals, fit.leverage
    n, k = x.shape
    left = 1.0 - h
    left = np.where(left > _NO_LEVERAGE, left, np.nan)
    pull = x @ fit.xtx_inv
    own = pull[:, column]
    estimate = fit.coefficients[column] - own * e / left
    bread = fit.xtx_inv[column, column] + own * own / left
    if power is None:
        rest = float(e @ e) - e * e / left
        return DeletedEstimates(estimate, np.sqrt(rest / (n - k - 1) * bread))
    variance = np.empty(n)
    step = max(1, _CHUNK_CELLS // n)
    for first in range(0, n, step):
        rows = slice(first, first + step)
        hat = pull[rows] @ x.T
        part = left[rows, None]
        residual = e + hat * (e[rows, None] / part)
        weight = own + hat * (own[rows, None] / part)
        rest = 1.0 - h - hat * hat / part
        free = rest > _NO_LEVERAGE
        exponent = np.minimum(4.0, (n - 1) * (1.0 - rest) / k) if power == -1 else power
        terms = (weight * residual) ** 2 * np.where(free, rest, 1.0) ** -exponent * free
        terms[np.arange(terms.shape[0]), np.arange(n)[rows]] = 0.0
        variance[rows] = np.where(np.isnan(left[rows]), np.nan, terms.sum(axis=1))
    return DeletedEstimates(estimate, np.sqrt(variance))
