"""Bootstrap intervals against numpy, scipy and their definitions. EXACT 1e-12: the same arithmetic."""

from __future__ import annotations

import numpy as np
from scipy.stats import bootstrap, norm

from socialcap.kernels import intervals

EXACT = 1e-12


def test_percentile_limits_are_quantiles() -> None:
    values = np.random.default_rng(1).standard_normal((401, 3, 2))
    expected = np.quantile(values, [0.05, 0.95], axis=0)
    np.testing.assert_allclose(intervals.percentile(values, 0.9), expected, rtol=0, atol=EXACT)


def test_missing_replicates_are_left_out() -> None:
    values = np.random.default_rng(1).standard_normal((200, 2))
    holed = values.copy()
    holed[::7, 0] = np.nan
    expected = np.quantile(np.delete(values[:, 0], np.s_[::7]), [0.025, 0.975])
    np.testing.assert_allclose(intervals.percentile(holed)[:, 0], expected, rtol=0, atol=EXACT)
    assert np.isnan(intervals.percentile(np.full((5, 1), np.nan))).all()


def test_bca_without_bias_and_acceleration_is_the_percentile_interval() -> None:
    values = np.sort(np.random.default_rng(2).standard_normal(999))
    jackknife = np.array([-1.0, 1.0, -2.0, 2.0])
    found = intervals.bca(values, values[499], jackknife)
    np.testing.assert_allclose(found, intervals.percentile(values), rtol=0, atol=EXACT)


def test_bca_follows_efrons_formula() -> None:
    rng = np.random.default_rng(3)
    values, jackknife, estimate = rng.gamma(2.0, size=999), rng.gamma(2.0, size=50), 1.6
    z0 = norm.ppf(np.mean(values < estimate))
    d = jackknife.mean() - jackknife
    a = np.sum(d**3) / (6 * np.sum(d**2) ** 1.5)
    z = norm.ppf([0.025, 0.975])
    levels = norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))
    found = intervals.bca(values, np.array(estimate), jackknife)
    np.testing.assert_allclose(found, np.quantile(values, levels), rtol=0, atol=1e-10)


def test_bca_is_near_that_of_scipy_on_a_skewed_mean() -> None:
    data = np.random.default_rng(4).exponential(size=40)
    theirs = bootstrap(
        (data,), np.mean, n_resamples=100_000, batch=10_000, method="BCa", rng=5
    ).confidence_interval
    draws = np.random.default_rng(6).integers(0, 40, (100_000, 40))
    jackknife = np.array([np.delete(data, i).mean() for i in range(40)])
    ours = intervals.bca(data[draws].mean(axis=1), data.mean(), jackknife)
    # two Monte Carlo runs: a standard error of the upper limit is about .008
    np.testing.assert_allclose(ours, [theirs.low, theirs.high], rtol=0, atol=0.03)


def test_bca_has_no_limits_where_all_replicates_lie_on_one_side() -> None:
    assert np.isnan(intervals.bca(np.arange(10.0), np.array(-1.0), np.arange(3.0))).all()


def test_acceleration_of_a_constant_is_zero() -> None:
    assert intervals.jackknife_acceleration(np.ones((5, 2))).tolist() == [0.0, 0.0]
