"""EM moments and Little's test against lavaan, closed forms of monotone patterns, and plain loops.

Tolerances: 1e-7 against lavaan run to 1e-14 and against closed forms, EM being stopped when no standardised
parameter moves by 1e-10 (at a rate of convergence near .9 it is then within 1e-9); 1e-9 relative for
log-likelihoods.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from socialcap.kernels import em
from socialcap.kernels.correlation import correlation_from_covariance

TESTS = Path(__file__).resolve().parents[1]
GOLDEN = json.loads((TESTS / "golden/correlation.json").read_text())
SHARED = TESTS.parent / "../shared/data/golden"


def _read(path):
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(v) if v not in ("", "NA") else np.nan for v in row] for row in rows])


@pytest.fixture(scope="module")
def holed():
    return _read(TESTS / "golden/likert_missing.csv")


def test_estimates_equal_lavaan(holed):
    found = em.em_moments(holed)
    assert bool(found.converged)
    np.testing.assert_allclose(found.mean, GOLDEN["em"]["mean"], atol=1e-7)
    np.testing.assert_allclose(found.covariance, GOLDEN["em"]["cov"], atol=1e-7)
    assert float(found.loglik) == pytest.approx(GOLDEN["em"]["loglik"], rel=1e-9)


@pytest.mark.skipif(not SHARED.exists(), reason="the reference folder beside the repository is absent")
def test_holzinger_correlations_equal_lavaan():
    golden = json.loads((SHARED / "holzinger_swineford_cfa.json").read_text())["em_correlation"]["values"]
    found = em.em_moments(_read(SHARED / "holzinger_missing.csv"))
    # lavaan's default EM tolerance leaves its printed values a few 1e-6 from the maximum
    np.testing.assert_allclose(correlation_from_covariance(found.covariance), golden, atol=1e-5)


def test_complete_data_give_means_and_ml_covariance():
    x = np.random.default_rng(1).normal(3, 2, (40, 3))
    found = em.em_moments(x)
    np.testing.assert_allclose(found.mean, x.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(x, rowvar=False, ddof=0), atol=1e-12)
    expected = stats.multivariate_normal(found.mean, found.covariance).logpdf(x).sum()
    assert float(found.loglik) == pytest.approx(expected, rel=1e-10)


def test_monotone_pattern_has_anderson_closed_form():
    rng = np.random.default_rng(2)
    x = rng.multivariate_normal([1, 5], [[2, 1.2], [1.2, 1.5]], 120)
    x[x[:, 0] > 1.8, 1] = np.nan
    seen = np.isfinite(x[:, 1])
    slope, intercept = np.polyfit(x[seen, 0], x[seen, 1], 1)
    residual = np.mean((x[seen, 1] - intercept - slope * x[seen, 0]) ** 2)
    mean, variance = x[:, 0].mean(), x[:, 0].var()
    found = em.em_moments(x)
    np.testing.assert_allclose(found.mean, [mean, intercept + slope * mean], atol=1e-7)
    expected = [[variance, slope * variance], [slope * variance, residual + slope**2 * variance]]
    np.testing.assert_allclose(found.covariance, expected, atol=1e-7)


def test_loglikelihood_is_a_sum_over_rows_and_at_its_maximum(holed):
    found = em.em_moments(holed)
    by_row = 0.0
    for row in holed:
        seen = np.isfinite(row)
        if seen.any():
            law = stats.multivariate_normal(found.mean[seen], found.covariance[np.ix_(seen, seen)])
            by_row += law.logpdf(row[seen])
    assert float(found.loglik) == pytest.approx(by_row, rel=1e-10)
    rng = np.random.default_rng(3)
    for _ in range(10):
        near_mean = found.mean + rng.normal(scale=0.01, size=4)
        nudge = rng.normal(scale=0.01, size=(4, 4))
        near = em.observed_loglik(holed, near_mean, found.covariance + nudge + nudge.T)
        assert float(near) < float(found.loglik)


def test_bootstrap_counts_are_repeated_rows(holed):
    counts = np.random.default_rng(4).multinomial(400, np.full(400, 1 / 400), size=2).astype(float)
    batch = em.em_moments(holed, counts)
    for b in range(2):
        single = em.em_moments(np.repeat(holed, counts[b].astype(int), axis=0))
        np.testing.assert_allclose(batch.covariance[b], single.covariance, atol=1e-7)
        np.testing.assert_allclose(batch.mean[b], single.mean, atol=1e-7)
        assert float(batch.loglik[b]) == pytest.approx(float(single.loglik), rel=1e-10)


def test_rows_without_values_change_nothing(holed):
    padded = np.vstack((holed, np.full((5, 4), np.nan)))
    np.testing.assert_array_equal(em.em_moments(padded).covariance, em.em_moments(holed).covariance)


def test_little_equals_the_sum_over_patterns(holed):
    found = em.little_mcar(holed)
    estimate = em.em_moments(holed)
    n = np.isfinite(holed).any(axis=1).sum()
    chi2, df = 0.0, -4
    patterns = {tuple(row) for row in np.isfinite(holed) if row.any()}
    for pattern in patterns:
        seen = np.array(pattern)
        rows = holed[(np.isfinite(holed) == seen).all(axis=1)][:, seen]
        gap = rows.mean(axis=0) - estimate.mean[seen]
        inner = np.linalg.inv(estimate.covariance[np.ix_(seen, seen)] * n / (n - 1))
        chi2 += rows.shape[0] * gap @ inner @ gap
        df += int(seen.sum())
    assert found.n_patterns == len(patterns)
    assert found.df == df
    assert found.chi2 == pytest.approx(chi2, rel=1e-9)
    assert found.p == pytest.approx(stats.chi2.sf(chi2, df), rel=1e-9)


def test_little_has_nothing_to_test_in_complete_data():
    found = em.little_mcar(np.random.default_rng(5).normal(size=(20, 3)))
    assert found.df == 0 and np.isnan(found.p) and found.n_patterns == 1


def test_little_sees_values_missing_by_another_variable_and_not_those_missing_by_chance():
    rng = np.random.default_rng(6)
    x = rng.multivariate_normal([0, 0, 0], np.full((3, 3), 0.5) + 0.5 * np.eye(3), 500)
    by_value = x.copy()
    by_value[(x[:, 0] > 0.5) & (rng.random(500) < 0.8), 1] = np.nan
    assert em.little_mcar(by_value).p < 1e-10


@pytest.mark.slow
def test_little_holds_its_level():
    rng = np.random.default_rng(7)
    rejected = 0
    for _ in range(400):
        x = rng.normal(size=(200, 3))
        x[rng.random(x.shape) < 0.1] = np.nan
        rejected += em.little_mcar(x, tolerance=1e-7).p < 0.05
    # 400 trials at .05: four standard errors are .044
    assert 0.006 < rejected / 400 < 0.094
