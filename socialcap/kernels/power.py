"""Power of a test that an estimate lies in a region, from the standard error that the design has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import bdtr, bdtrc, chdtr, chdtri, gammaln, ndtr, stdtrit, xlogy

_DOUBLINGS = 60


def interval_power(
    low: float, high: float, truth: float, std_error: float, df: float, alpha: float = 0.05
) -> float:
    """Probability that both one-sided tests at `alpha` put the parameter above `low` and below `high`.

    E over s of max(0, Phi((high - t s - truth) / se) - Phi((low + t s - truth) / se)), t the 1 - alpha
    quantile of t(df) and s = se sqrt(chi2(df) / df) the standard error as it will be estimated: the two
    one-sided tests of Schuirmann (1987), exact for a normal estimate with an independent chi-square variance
    (Owen 1965). With one infinite bound it is the one-sided t test (noncentral t); with infinite `df` the
    standard error is known.
    """
    reach = float(stdtrit(df, 1.0 - alpha))

    def given(ratio: float) -> float:
        """The probability where the estimated standard error is `ratio` times the true one."""
        upper = ndtr((high - truth) / std_error - reach * ratio)
        lower = ndtr((low - truth) / std_error + reach * ratio)
        return max(0.0, float(upper - lower))

    if np.isinf(df):
        return given(1.0)
    # beyond this ratio the two tests cannot both reject
    widest = (high - low) / (2.0 * std_error * reach)
    ends = np.sqrt(chdtri(df, np.array([1.0 - 1e-14, 1e-14])) / df)
    last = min(float(ends[1]), widest)
    if last <= ends[0]:
        return 0.0
    constant = np.log(2.0) + 0.5 * df * np.log(0.5 * df) - gammaln(0.5 * df)

    def weighted(ratio: float) -> float:
        density = np.exp(constant + xlogy(df - 1.0, ratio) - 0.5 * df * ratio * ratio)
        return given(ratio) * float(density)

    value, _ = quad(weighted, float(ends[0]), last, epsabs=1e-12, epsrel=1e-10, limit=200)
    return float(min(value, chdtr(df, df * last * last)))


def binomial_power(low: float, high: float, truth: float, n: int, alpha: float = 0.05) -> float:
    """Probability that exact one-sided tests at `alpha` of X ~ B(n, truth) put the share above `low` and
    below `high`: the sum of the binomial probabilities of the counts with which both reject (Clopper and
    Pearson 1934). Bounds outside 0 to 1 are not tested.
    """
    counts = np.arange(n + 1, dtype=float)
    above = bdtrc(counts - 1.0, n, low) if low >= 0.0 else np.zeros(n + 1)
    below = bdtr(counts, n, high) if high <= 1.0 else np.zeros(n + 1)
    above[0] = 1.0 if low >= 0.0 else 0.0
    both = counts[(above <= alpha) & (below <= alpha)].astype(int)
    if both.size == 0:
        return 0.0
    # the counts with which both reject are consecutive
    first, last = int(both[0]), int(both[-1])
    reached = float(bdtr(last, n, truth))
    return reached - float(bdtr(first - 1, n, truth)) if first else reached


def smallest_detectable(power: Callable[[float], float], start: float, wanted: float = 0.8) -> float:
    """The least distance d > 0 with power(d) >= `wanted`, for a power that rises with the distance.

    `start`: a first guess, doubled until it is enough. NaN where no distance is enough.
    """
    far = start
    for _ in range(_DOUBLINGS):
        if power(far) >= wanted:
            return float(brentq(lambda distance: power(distance) - wanted, 0.0, far, xtol=1e-10 * far))
        far *= 2.0
    return float("nan")
