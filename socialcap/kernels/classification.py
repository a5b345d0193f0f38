"""How well fitted probabilities of a binary outcome agree with it: discrimination, calibration, fit."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, erfc, log1p, ndtri, xlogy

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.binary import logit
from socialcap.kernels.diagnostics import ChiSquareTest, chi_square_test


@dataclass(frozen=True, slots=True)
class GroupedFit:
    """Rows grouped by fitted probability, G groups: rows, `observed` and `expected` ones (G,), `lowest` and
    `highest` probability (G,).
    """

    rows: IntArray
    observed: FloatArray
    expected: FloatArray
    lowest: FloatArray
    highest: FloatArray


@dataclass(frozen=True, slots=True)
class HosmerLemeshow:
    """Hosmer and Lemeshow's test and the groups it rests on."""

    test: ChiSquareTest
    groups: GroupedFit


@dataclass(frozen=True, slots=True)
class AreaUnderCurve:
    """Area under the ROC curve, DeLong's standard error, and the interval on the logit scale."""

    area: float
    std_error: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Cox's recalibration of fitted probabilities: `intercept` and `slope` of the outcome's logit on theirs,
    with standard errors; `unreliability`, the likelihood-ratio test of (0, 1), chi2(2); `brier`, the mean
    squared error; `spiegelhalter` z and its two-sided p-value.
    """

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float
    unreliability: ChiSquareTest
    brier: float
    spiegelhalter: float
    spiegelhalter_p: float


def grouped_fit(y: FloatArray, fitted: FloatArray, groups: int = 10) -> GroupedFit:
    """Observed and expected ones by quantile group of the fitted probability; y, fitted (n,).

    Boundaries are quantiles by linear interpolation, groups closed above and the first also below; equal
    probabilities stay together, so that ties may leave fewer groups.
    """
    edges = np.unique(np.quantile(fitted, np.linspace(0.0, 1.0, groups + 1)))
    code = np.maximum(np.searchsorted(edges, fitted, side="left") - 1, 0)
    present, code = np.unique(code, return_inverse=True)
    count = present.size
    lowest, highest = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(lowest, code, fitted)
    np.maximum.at(highest, code, fitted)
    return GroupedFit(
        rows=np.bincount(code, minlength=count),
        observed=np.bincount(code, weights=y, minlength=count).astype(float),
        expected=np.bincount(code, weights=fitted, minlength=count).astype(float),
        lowest=lowest,
        highest=highest,
    )


def hosmer_lemeshow(y: FloatArray, fitted: FloatArray, groups: int = 10) -> HosmerLemeshow:
    """Hosmer and Lemeshow's (1980) test, sum (O - E)^2 / [E (1 - E/n)] over G groups, chi2(G - 2).

    For probabilities fitted to the same rows y (n,); grouping as in `grouped_fit`. With fewer than three
    groups there is no test and the p-value is NaN.
    """
    parts = grouped_fit(y, fitted, groups)
    variance = parts.expected * (1.0 - parts.expected / parts.rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = float(((parts.observed - parts.expected) ** 2 / variance).sum())
    df = parts.rows.size - 2
    test = chi_square_test(statistic, df) if df > 0 else ChiSquareTest(statistic, df, np.nan)
    return HosmerLemeshow(test, parts)


def area_under_curve(y: FloatArray, score: FloatArray, level: float = 0.95) -> AreaUnderCurve:
    """Area under the ROC curve of score (n,) for y (n,) in {0, 1}, ties counting one half.

    Standard error of DeLong, DeLong and Clarke-Pearson (1988), from the placement values by midranks (Sun
    and Xu 2014). The interval is made on the logit of the area; it is NaN at an area of 0 or 1.
    """
    ones, zeros = score[y == 1.0], score[y == 0.0]
    every = _midranks(np.concatenate([ones, zeros]))
    of_ones = (every[: ones.size] - _midranks(ones)) / zeros.size
    of_zeros = 1.0 - (every[ones.size :] - _midranks(zeros)) / ones.size
    area = float(of_ones.mean())
    error = float(np.sqrt(of_ones.var(ddof=1) / ones.size + of_zeros.var(ddof=1) / zeros.size))
    if not 0.0 < area < 1.0:
        return AreaUnderCurve(area, error, np.nan, np.nan)
    centre = np.log(area / (1.0 - area))
    reach = float(ndtri(0.5 + 0.5 * level)) * error / (area * (1.0 - area))
    low, high = (1.0 / (1.0 + np.exp(-(centre + side * reach))) for side in (-1.0, 1.0))
    return AreaUnderCurve(area, error, float(low), float(high))


def _midranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, equal values sharing their mean."""
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - 0.5 * (count - 1))[code], dtype=float)


def calibration(y: FloatArray, probability: FloatArray) -> Calibration:
    """Agreement of probabilities (n,) strictly between 0 and 1 with y (n,) in {0, 1}.

    Logit of y on log(p / (1 - p)) (Cox 1958; Miller, Hui and Tierney 1991). For a logit and the rows it was
    fitted to, intercept and slope are 0 and 1 by construction: use probabilities of other rows, of a
    cross-validation or of another model. z: Spiegelhalter (1986).
    """
    odds = np.log(probability) - log1p(-probability)
    fit = logit(y, np.column_stack([np.ones_like(odds), odds]))
    stated = float((xlogy(y, probability) + xlogy(1.0 - y, 1.0 - probability)).sum())
    slack, spread = 1.0 - 2.0 * probability, probability * (1.0 - probability)
    z = float(((y - probability) * slack).sum() / np.sqrt((slack * slack * spread).sum()))
    errors = fit.std_errors
    ratio = max(2.0 * (float(fit.loglik) - stated), 0.0)
    return Calibration(
        intercept=float(fit.coefficients[0]),
        slope=float(fit.coefficients[1]),
        intercept_error=float(errors[0]),
        slope_error=float(errors[1]),
        unreliability=ChiSquareTest(ratio, 2, float(chdtrc(2.0, ratio))),
        brier=float(((y - probability) ** 2).mean()),
        spiegelhalter=z,
        spiegelhalter_p=float(erfc(abs(z) / np.sqrt(2.0))),
    )
