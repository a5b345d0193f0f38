"""Sampling laws of estimates: one-sided p-values, intervals and the power of the design."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import bdtr, bdtrc, betaincinv, fdtr, fdtrc, ndtr, stdtr, stdtrit

from socialcap.claims.regions import Region
from socialcap.kernels.power import binomial_power, interval_power, smallest_detectable
from socialcap.kernels.reliability import feldt_interval
from socialcap.results.claims import Power

ALPHA = 0.05
LEVEL = 1.0 - 2.0 * ALPHA
_WANTED_POWER = 0.8


class Law(Protocol):
    """How an estimate varies from sample to sample."""

    @property
    def estimate(self) -> float: ...

    @property
    def std_error(self) -> float | None: ...

    @property
    def df(self) -> float | None: ...

    def above(self, bound: float) -> float:
        """The p-value of the hypothesis that the parameter is at most `bound`."""

    def below(self, bound: float) -> float:
        """The p-value of the hypothesis that the parameter is at least `bound`."""

    def interval(self, tail: float = ALPHA) -> tuple[float, float]:
        """Limits, each passed by the parameter in at most a share `tail` of samples: 90 % unless said
        otherwise. A bound lies outside of them where its one-sided p-value is below `tail`.
        """

    def power(self, region: Region, truth: float) -> float | None:
        """The probability that both one-sided tests put the parameter in `region`; None if not known."""


@dataclass(frozen=True, slots=True)
class TLaw:
    """(estimate - parameter) / std_error ~ t(df). `p_at_zero` (two-sided) takes the place of t's where a
    model has a better test of zero: a wild bootstrap, a penalised likelihood ratio.
    """

    estimate: float
    std_error: float
    df: float
    p_at_zero: float | None = None

    def above(self, bound: float) -> float:
        if bound == 0.0 and self.p_at_zero is not None:
            return self.p_at_zero / 2.0 if self.estimate > 0.0 else 1.0 - self.p_at_zero / 2.0
        return float(stdtr(self.df, -(self.estimate - bound) / self.std_error))

    def below(self, bound: float) -> float:
        return 1.0 - self.above(bound)

    def interval(self, tail: float = ALPHA) -> tuple[float, float]:
        reach = float(stdtrit(self.df, 1.0 - tail)) * self.std_error
        return self.estimate - reach, self.estimate + reach

    def power(self, region: Region, truth: float) -> float | None:
        return interval_power(region.low, region.high, truth, self.std_error, self.df, ALPHA)


@dataclass(frozen=True, slots=True)
class BinomialLaw:
    """The share of `count` among n firms, count ~ B(n, share): exact tests and limits (Clopper, Pearson
    1934).
    """

    count: int
    n: int

    @property
    def estimate(self) -> float:
        return self.count / self.n

    @property
    def std_error(self) -> float:
        return math.sqrt(self.estimate * (1.0 - self.estimate) / self.n)

    @property
    def df(self) -> None:
        return None

    def above(self, bound: float) -> float:
        return float(bdtrc(self.count - 1, self.n, bound)) if self.count else 1.0

    def below(self, bound: float) -> float:
        return float(bdtr(self.count, self.n, bound))

    def interval(self, tail: float = ALPHA) -> tuple[float, float]:
        x, n = self.count, self.n
        low = float(betaincinv(x, n - x + 1, tail)) if x else 0.0
        high = float(betaincinv(x + 1, n - x, 1.0 - tail)) if x < n else 1.0
        return low, high

    def power(self, region: Region, truth: float) -> float | None:
        return binomial_power(region.low, region.high, min(max(truth, 0.0), 1.0), self.n, ALPHA)


@dataclass(frozen=True, slots=True)
class FeldtLaw:
    """Cronbach's alpha of n respondents and p items: (1 - parameter) / (1 - alpha) ~ F(n-1, (n-1)(p-1)) for
    normal, essentially tau-equivalent items (Feldt 1965).
    """

    estimate: float
    n: int
    p: int

    @property
    def std_error(self) -> None:
        return None

    @property
    def df(self) -> None:
        return None

    def above(self, bound: float) -> float:
        return float(fdtrc(self.n - 1, (self.n - 1) * (self.p - 1), self._ratio(bound)))

    def below(self, bound: float) -> float:
        return float(fdtr(self.n - 1, (self.n - 1) * (self.p - 1), self._ratio(bound)))

    def _ratio(self, bound: float) -> float:
        return (1.0 - bound) / (1.0 - self.estimate) if self.estimate < 1.0 else math.inf

    def interval(self, tail: float = ALPHA) -> tuple[float, float]:
        low, high = feldt_interval(np.array(self.estimate), self.n, self.p, 1.0 - 2.0 * tail)
        return float(low), float(high)

    def power(self, region: Region, truth: float) -> float | None:
        return None


@dataclass(frozen=True, slots=True)
class LogLaw:
    """A coefficient from 0 to 1 whose logarithm is normal with `spread`, and on average `bias` from that of
    the parameter: noise in the loadings shortens a congruence by a factor.
    """

    estimate: float
    bias: float
    spread: float

    @property
    def std_error(self) -> None:
        return None

    @property
    def df(self) -> None:
        return None

    def above(self, bound: float) -> float:
        if bound <= 0.0:
            return 0.0
        return float(ndtr(-(self._centre - math.log(bound)) / self.spread))

    def below(self, bound: float) -> float:
        return 1.0 - self.above(bound)

    @property
    def _centre(self) -> float:
        return math.log(self.estimate) - self.bias

    def interval(self, tail: float = ALPHA) -> tuple[float, float]:
        reach = float(stdtrit(math.inf, 1.0 - tail)) * self.spread
        return math.exp(min(self._centre - reach, 0.0)), math.exp(min(self._centre + reach, 0.0))

    def power(self, region: Region, truth: float) -> float | None:
        return None


@dataclass(frozen=True, slots=True)
class SmallestLaw:
    """The smallest of several parameters, each with a law of its own, whatever their dependence.

    It is above a bound where all are: the largest of their p-values (intersection-union, Berger 1982); below
    where any is: their number times the smallest one (Bonferroni). The limits follow: the smallest of the
    lower ones, and the smallest of the upper ones with the tail divided by their number. The estimate is the
    smallest one.
    """

    laws: tuple[Law, ...]

    @property
    def _smallest(self) -> Law:
        return min(self.laws, key=lambda law: law.estimate)

    @property
    def estimate(self) -> float:
        return self._smallest.estimate

    @property
    def std_error(self) -> float | None:
        return self._smallest.std_error

    @property
    def df(self) -> float | None:
        return self._smallest.df

    def above(self, bound: float) -> float:
        return max(law.above(bound) for law in self.laws)

    def below(self, bound: float) -> float:
        return min(1.0, len(self.laws) * min(law.below(bound) for law in self.laws))

    def interval(self, tail: float = ALPHA) -> tuple[float, float]:
        low = min(law.interval(tail)[0] for law in self.laws)
        return low, min(law.interval(tail / len(self.laws))[1] for law in self.laws)

    def power(self, region: Region, truth: float) -> float | None:
        return None


def p_values(law: Law, region: Region) -> tuple[float, float]:
    """P-values for and against: of the hypotheses that the parameter lies outside, and inside, `region`.

    Outside: the larger of the one-sided p-values at the finite bounds (intersection-union: Berger 1982; for
    two bounds the TOST of Schuirmann 1987). Inside: the one-sided p-value at a single bound; for two bounds
    twice the smaller one (Bonferroni), as a sample may stray over either. Each is at most alpha in at most a
    share alpha of samples in which its hypothesis holds.
    """
    outside, inside = [], []
    if math.isfinite(region.low):
        outside.append(law.above(region.low))
        inside.append(law.below(region.low))
    if math.isfinite(region.high):
        outside.append(law.below(region.high))
        inside.append(law.above(region.high))
    return max(outside), min(1.0, len(inside) * min(inside))


def power_of(law: Law, region: Region, effect: float) -> Power | None:
    """The power to support: of a direction where the truth is `effect` inside its bound, of a range in its
    middle; the least detectable distance of a direction. None where the law has none.
    """
    truth = region.beyond(effect)
    probability = law.power(region, truth)
    if probability is None:
        return None
    if region.bounded:
        return Power(probability, truth)
    distance = smallest_detectable(_reaching(law, region), effect, _WANTED_POWER)
    return Power(probability, truth, None if math.isnan(distance) else distance)


def _reaching(law: Law, region: Region) -> Callable[[float], float]:
    def power(distance: float) -> float:
        return law.power(region, region.beyond(distance)) or 0.0

    return power
