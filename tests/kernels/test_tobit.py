"""Tobit against Wooldridge's table, R's survreg (1e-6) and a likelihood written out by cases (1e-7)."""

import numpy as np
import pytest
from scipy.stats import norm

from socialcap.kernels.sandwich import likelihood_robust
from socialcap.kernels.tobit import tobit

from .regression_data import counts, frame, gradient, logistic_sample, mroz, mroz_design, r_values


def test_wooldridge_hours():
    fit = tobit(mroz()["hours"].to_numpy(float), mroz_design(), lower=0.0)
    assert fit.slopes[6] == pytest.approx(-894.022, abs=5e-4)
    assert fit.std_errors[6] == pytest.approx(111.878, abs=5e-4)
    assert fit.sigma == pytest.approx(1122.02, abs=5e-3)
    assert fit.loglik == pytest.approx(-3819.095, abs=5e-4)
    assert (float(fit.n_below), float(fit.n_above)) == (325.0, 0.0)
    assert fit.converged


@pytest.mark.parametrize(("upper", "name"), [(np.inf, "affairs_tobit_0"), (4.0, "affairs_tobit_0_4")])
def test_equals_survreg(upper, name):
    d = frame("AER", "Affairs")
    columns = ["age", "yearsmarried", "religiousness", "occupation", "rating"]
    x = np.column_stack([np.ones(len(d)), d[columns].to_numpy(float)])
    fit, golden = tobit(d["affairs"].to_numpy(float), x, 0.0, upper), r_values()[name]
    np.testing.assert_allclose(fit.slopes, golden["coef"], rtol=1e-6)
    assert fit.sigma == pytest.approx(golden["sigma"], rel=1e-7)
    # R reports log sigma
    errors = np.r_[fit.std_errors[:-1], fit.std_errors[-1] / fit.sigma]
    np.testing.assert_allclose(errors, golden["se"], rtol=1e-6)
    assert fit.loglik == pytest.approx(golden["loglik"], abs=1e-7)


def by_cases(y, x, low, high):
    def rows(theta):
        mean, sigma = x @ theta[:-1], theta[-1]
        inside = norm.logpdf(y, mean, sigma)
        below, above = norm.logcdf(low, mean, sigma), norm.logsf(high, mean, sigma)
        return np.where(y <= low, below, np.where(y >= high, above, inside))

    return rows


def test_scores_and_hessian_by_differences():
    latent, x = logistic_sample(150, 4)
    y = np.clip(latent, -1.0, 2.0)
    fit = tobit(y, x, -1.0, 2.0)
    rows = by_cases(y, x, -1.0, 2.0)
    np.testing.assert_allclose(fit.scores, gradient(rows, fit.coefficients), atol=1e-7)
    np.testing.assert_allclose(fit.scores.sum(axis=0), 0.0, atol=1e-8)
    hessian = gradient(lambda t: gradient(lambda s: rows(s).sum(), t, 1e-4), fit.coefficients, 1e-4)
    np.testing.assert_allclose(fit.hessian, hessian, atol=1e-3)
    assert fit.loglik == pytest.approx(rows(fit.coefficients).sum(), abs=1e-9)
    assert likelihood_robust(fit.scores, fit.hessian).vcov.shape == (5, 5)


def test_without_limits_it_is_least_squares():
    latent, x = logistic_sample(150, 4)
    fit = tobit(latent, x)
    slopes, rest, *_ = np.linalg.lstsq(x, latent, rcond=None)
    np.testing.assert_allclose(fit.slopes, slopes, atol=1e-10)
    assert fit.sigma == pytest.approx(np.sqrt(rest[0] / 150), abs=1e-10)


def test_batch_equals_single_fits():
    latent, x = logistic_sample(150, 4)
    w = counts(150, 4)
    batch = tobit(latent, x, 0.0, weights=w)
    for b in range(4):
        rows = np.repeat(np.arange(150), w[b].astype(int))
        single = tobit(latent[rows], x[rows], 0.0)
        np.testing.assert_allclose(batch.coefficients[b], single.coefficients, atol=1e-9)
        np.testing.assert_allclose(batch.vcov[b], single.vcov, atol=1e-9)
        assert batch.loglik_null[b] == pytest.approx(float(single.loglik_null), abs=1e-8)


def test_a_group_always_censored_is_flagged():
    latent, x = logistic_sample(150, 4)
    group = (np.arange(150) % 8 == 0).astype(float)
    fit = tobit(np.where(group == 1, -1.0, latent), np.column_stack([x, group]), 0.0)
    assert fit.separated and not fit.converged
