"""Power from a standard error, against published values, R and the noncentral t."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import nctdtr, stdtrit
from scipy.stats import binom, binomtest

from socialcap.kernels.power import binomial_power, interval_power, smallest_detectable

PUBLISHED = 1e-6  # digits printed by the sources
QUADRATURE = 1e-9  # numerical integration against a series

# PowerTOST's manual, sampleN.TOST(CV = 0.3): 2x2 crossover, 80-125 %, true ratio 0.95, n = 40 -> 0.815845
BIOEQUIVALENCE = 0.815845


def test_two_one_sided_tests_have_the_published_power() -> None:
    deviation = math.sqrt(math.log(0.3**2 + 1.0))
    error = deviation * math.sqrt(2.0 / 40)
    power = interval_power(math.log(0.8), math.log(1.25), math.log(0.95), error, 38)
    assert power == pytest.approx(BIOEQUIVALENCE, abs=PUBLISHED)


def test_one_sided_tests_have_the_power_of_r() -> None:
    # R's manual: power.t.test(power = .90, delta = 1, alternative = "one.sided") -> n = 17.84713
    n = 17.84713
    two_samples = interval_power(0.0, math.inf, 1.0, math.sqrt(2.0 / n), 2.0 * (n - 1.0))
    assert two_samples == pytest.approx(0.90, abs=1e-6)
    # power.t.test(n = 50, delta = .4, sd = 1, type = "one.sample", alternative = "one.sided")
    one_sample = interval_power(0.0, math.inf, 0.4, 1.0 / math.sqrt(50.0), 49)
    assert one_sample == pytest.approx(0.873724224, abs=1e-8)


@given(
    ncp=st.floats(-1.0, 5.0), df=st.floats(2.0, 500.0), bound=st.floats(-2.0, 2.0), error=st.floats(0.01, 3.0)
)
def test_with_one_bound_it_is_the_noncentral_t(ncp: float, df: float, bound: float, error: float) -> None:
    exact = 1.0 - nctdtr(df, ncp, stdtrit(df, 0.95))
    above = interval_power(bound, math.inf, bound + ncp * error, error, df)
    below = interval_power(-math.inf, bound, bound - ncp * error, error, df)
    assert above == pytest.approx(exact, abs=1e-7)
    assert below == pytest.approx(above, abs=QUADRATURE)


def test_two_bounds_against_simulation() -> None:
    rng = np.random.default_rng(3)
    error, df, truth = 0.05, 12, 0.02
    estimate = truth + error * rng.normal(size=400_000)
    spread = error * np.sqrt(rng.chisquare(df, size=400_000) / df)
    reach = stdtrit(df, 0.95) * spread
    shown = float(np.mean((estimate - reach > -0.1) & (estimate + reach < 0.1)))
    # four Monte-Carlo standard errors of a share over 400,000 draws
    assert interval_power(-0.1, 0.1, truth, error, df) == pytest.approx(shown, abs=4 * 0.5 / 632)


def test_a_bound_within_reach_of_the_error_is_never_shown_with_a_known_error() -> None:
    assert interval_power(-0.1, 0.1, 0.0, 0.07, math.inf) == 0.0


def test_the_smallest_detectable_distance_has_the_wanted_power() -> None:
    def power(distance: float) -> float:
        return interval_power(0.0, math.inf, distance, 0.08, 170)

    distance = smallest_detectable(power, 0.2)
    assert power(distance) == pytest.approx(0.8, abs=1e-6)
    assert math.isnan(smallest_detectable(lambda distance: 0.3, 0.2))


@pytest.mark.parametrize(
    ("low", "high", "truth", "n"),
    [(0.95, math.inf, 0.99, 200), (-math.inf, 0.4, 0.3, 60), (0.2, 0.4, 0.3, 150)],
)
def test_binomial_power_is_the_sum_over_counts_that_reject(
    low: float, high: float, truth: float, n: int
) -> None:
    total = 0.0
    for count in range(n + 1):
        above = low < 0 or binomtest(count, n, low, alternative="greater").pvalue <= 0.05
        below = high > 1 or binomtest(count, n, high, alternative="less").pvalue <= 0.05
        total += binom.pmf(count, n, truth) if above and below else 0.0
    assert binomial_power(low, high, truth, n) == pytest.approx(total, abs=1e-12)


def test_too_few_firms_show_no_share_at_all() -> None:
    assert binomial_power(0.95, math.inf, 0.99, 20) == 0.0
