"""Sampling laws: p-values and intervals are two sides of one thing, and agree with second sources."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp

from socialcap.claims.findings import verdict_of
from socialcap.claims.laws import BinomialLaw, FeldtLaw, Law, LogLaw, SmallestLaw, TLaw, p_values, power_of
from socialcap.claims.regions import Region
from socialcap.results.claims import Verdict

EXACT = 1e-9  # both sides are closed forms

LAWS: list[Law] = [
    TLaw(0.2, 0.08, 40.0),
    TLaw(-0.2, 0.08, math.inf),
    BinomialLaw(188, 200),
    BinomialLaw(3, 40),
    FeldtLaw(0.78, 180, 6),
    LogLaw(0.91, -0.01, 0.02),
    SmallestLaw((TLaw(0.1, 0.05, 30.0), TLaw(0.2, 0.3, 30.0))),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_a_limit_of_the_interval_is_where_the_p_value_is_five_percent(law: Law) -> None:
    low, high = law.interval()
    if isinstance(law, SmallestLaw):
        low, high = law.laws[0].interval()
        assert law.laws[0].above(low) == pytest.approx(0.05, abs=EXACT)
        return
    assert law.above(low) == pytest.approx(0.05, abs=EXACT)
    assert law.below(high) == pytest.approx(0.05, abs=EXACT)


def test_laws_against_other_programs() -> None:
    values = np.random.default_rng(1).normal(0.4, 1.0, 37)
    law = TLaw(float(values.mean()), float(values.std(ddof=1) / math.sqrt(37)), 36.0)
    assert law.above(0.1) == pytest.approx(ttest_1samp(values, 0.1, alternative="greater").pvalue, abs=EXACT)
    counts = BinomialLaw(188, 200)
    assert counts.above(0.9) == pytest.approx(
        binomtest(188, 200, 0.9, alternative="greater").pvalue, abs=EXACT
    )
    assert counts.below(0.97) == pytest.approx(
        binomtest(188, 200, 0.97, alternative="less").pvalue, abs=EXACT
    )
    limits = binomtest(188, 200).proportion_ci(0.90, method="exact")
    assert counts.interval() == pytest.approx((limits.low, limits.high), abs=EXACT)


def test_the_extremes_of_a_count_have_limits() -> None:
    everyone, nobody = BinomialLaw(50, 50), BinomialLaw(0, 50)
    assert everyone.interval() == pytest.approx((0.05 ** (1 / 50), 1.0))
    assert nobody.interval() == pytest.approx((0.0, 1.0 - 0.05 ** (1 / 50)))
    assert nobody.above(0.1) == 1.0
    assert everyone.above(0.9) == pytest.approx(0.9**50)


def test_a_better_test_of_zero_takes_the_place_of_t() -> None:
    law = TLaw(0.2, 0.1, 30.0, p_at_zero=0.3)
    assert law.above(0.0) == pytest.approx(0.15)
    assert law.below(0.0) == pytest.approx(0.85)
    assert law.above(0.01) < 0.05
    assert TLaw(-0.2, 0.1, 30.0, p_at_zero=0.3).above(0.0) == pytest.approx(0.85)


@given(estimate=st.floats(-1, 1), error=st.floats(0.001, 1), df=st.floats(3, 400), bound=st.floats(0.01, 1))
def test_equivalence_is_the_interval_within_the_bounds(
    estimate: float, error: float, df: float, bound: float
) -> None:
    law, region = TLaw(estimate, error, df), Region(-bound, bound)
    p_for, p_against = p_values(law, region)
    low, high = law.interval()
    # a hair's breadth from the bound both answers are right
    clear = min(abs(low + bound), abs(high - bound)) > 1e-9
    if clear:
        assert (p_for <= 0.05) == (-bound < low and high < bound)
    # against: the whole 95 % interval, which is wider, lies outside
    if p_against <= 0.05 - 1e-9:
        assert high < -bound or low > bound
    assert not (p_for <= 0.05 and p_against <= 0.05)


@given(estimate=st.floats(-1, 1), error=st.floats(0.001, 1), bound=st.floats(-1, 1))
def test_a_direction_and_its_opposite_have_opposite_verdicts(
    estimate: float, error: float, bound: float
) -> None:
    law = TLaw(estimate, error, 50.0)
    up, down = verdict_of(*p_values(law, Region(low=bound))), verdict_of(*p_values(law, Region(high=bound)))
    opposite = {
        Verdict.SUPPORTED: Verdict.CONTRADICTED,
        Verdict.CONTRADICTED: Verdict.SUPPORTED,
        Verdict.NOT_SETTLED: Verdict.NOT_SETTLED,
    }
    assert down is opposite[up]


def test_power_does_not_depend_on_the_estimate() -> None:
    region = Region(low=0.0)
    assert power_of(TLaw(0.5, 0.1, 60.0), region, 0.2) == power_of(TLaw(-0.3, 0.1, 60.0), region, 0.2)
    power = power_of(TLaw(0.5, 0.1, 60.0), region, 0.2)
    assert power is not None and power.detectable is not None
    again = power_of(TLaw(0.5, 0.1, 60.0), region, power.detectable)
    assert again is not None
    assert again.probability == pytest.approx(0.8, abs=1e-6)


def test_the_power_of_a_range_is_that_in_its_middle() -> None:
    power = power_of(TLaw(0.5, 0.02, 60.0), Region(-0.1, 0.1), 0.2)
    assert power is not None
    assert power.truth == 0.0 and power.detectable is None and power.probability > 0.99


def test_the_smallest_is_above_where_all_are() -> None:
    sure, unsure = TLaw(0.5, 0.1, math.inf), TLaw(0.6, 0.5, math.inf)
    law = SmallestLaw((sure, unsure))
    assert law.estimate == 0.5
    assert law.above(0.0) == unsure.above(0.0)
    assert law.below(1.0) == pytest.approx(2.0 * sure.below(1.0))
