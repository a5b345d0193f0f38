"""Summaries against pandas, intervals and tests of correlations against scipy.stats."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from socialcap.kernels.descriptives import correlation_p_values, mean_interval, summary

CLOSED = 1e-12  # closed forms: rounding only


@pytest.fixture
def holes() -> np.ndarray:
    rng = np.random.default_rng(5)
    x = rng.gamma(2.0, 3.0, (60, 3))
    x[rng.random(x.shape) < 0.2] = np.nan
    return x


def test_the_summary_is_that_of_pandas(holes: np.ndarray) -> None:
    found, theirs = summary(holes), pd.DataFrame(holes).describe()
    for name, row in (
        ("n", "count"),
        ("mean", "mean"),
        ("sd", "std"),
        ("min", "min"),
        ("q1", "25%"),
        ("median", "50%"),
        ("q3", "75%"),
        ("max", "max"),
    ):
        np.testing.assert_allclose(getattr(found, name), theirs.loc[row], rtol=CLOSED)


def test_columns_without_or_with_one_value_have_no_spread() -> None:
    found = summary(np.array([[np.nan, 2.0], [np.nan, np.nan]]))
    assert found.n.tolist() == [0.0, 1.0]
    assert np.isnan(found.mean[0]) and found.mean[1] == 2.0
    assert np.isnan(found.sd).all()


def test_the_interval_of_a_mean_is_scipys() -> None:
    x = np.random.default_rng(6).normal(3.0, 2.0, (15, 2))
    found = mean_interval(x, 0.9)
    theirs = stats.ttest_1samp(x, 0.0).confidence_interval(0.9)
    np.testing.assert_allclose(found.low, theirs.low, rtol=CLOSED)
    np.testing.assert_allclose(found.high, theirs.high, rtol=CLOSED)
    np.testing.assert_allclose(found.std_error, stats.sem(x), rtol=CLOSED)


@pytest.mark.parametrize("n", [3, 10, 200])
def test_p_values_of_correlations_are_scipys(n: int) -> None:
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(2, n))
    theirs = stats.pearsonr(x, y)
    ours = correlation_p_values(np.array(theirs.statistic), np.array(float(n)))
    np.testing.assert_allclose(ours, theirs.pvalue, rtol=1e-9)  # beta and t tails computed differently


def test_a_perfect_correlation_is_certain_and_two_points_say_nothing() -> None:
    found = correlation_p_values(np.array([1.0, -1.0, 0.5, np.nan]), np.array([9.0, 9.0, 2.0, 9.0]))
    assert found[0] == found[1] == 0.0
    assert np.isnan(found[2:]).all()
