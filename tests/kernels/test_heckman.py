"""Heckman's model against Wooldridge's example 17.5 and a likelihood written out by cases.

Printed figures to half of their last digit; derivatives by differences to 1e-6 of their size.
"""

import numpy as np
import pytest
from scipy.stats import norm

from socialcap.kernels import heckman

from .regression_data import gradient, mroz, mroz_design, participation


def wages():
    z = mroz_design()
    x = z[:, [0, 2, 3, 4]]
    return mroz()["lwage"].to_numpy(float), x, z, participation() == 1.0


def test_two_step_table():
    fit = heckman.heckman_two_step(*wages())
    assert fit.coefficients[[1, -1]] == pytest.approx([0.109066, 0.032262], abs=5e-7)
    assert fit.std_errors[[1, -1]] == pytest.approx([0.015523, 0.133625], abs=5e-7)
    assert fit.rho == pytest.approx(fit.coefficients[-1] / fit.sigma)
    assert fit.mills.shape == (428,)


def test_ml_table():
    fit = heckman.heckman_ml(*wages())
    assert fit.outcome[1] == pytest.approx(0.108350, abs=5e-7)
    assert fit.std_errors[1] == pytest.approx(0.014861, abs=5e-7)
    assert fit.loglik == pytest.approx(-832.8851, abs=5e-5)
    assert fit.converged
    assert 0 < 2 * (fit.loglik - fit.loglik_independent) < 3.84


def by_cases(y, x, z, selected):
    k, q = x.shape[1], z.shape[1]

    def rows(theta):
        sigma, rho = np.exp(theta[k + q]), np.tanh(theta[k + q + 1])
        index, r = z @ theta[k : k + q], (y - x @ theta[:k]) / sigma
        seen = norm.logpdf(r) - np.log(sigma) + norm.logcdf((index + rho * r) / np.sqrt(1 - rho**2))
        return np.where(selected, seen, norm.logcdf(-index))

    return rows


def simulated(n=400, rho=0.7, seed=1):
    rng = np.random.default_rng(seed)
    z = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    e = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=n)
    selected = z @ [0.3, 0.8, 0.6] + e[:, 0] > 0
    y = z[:, :2] @ [1.0, 0.5] + 1.5 * e[:, 1]
    return np.where(selected, y, 0.0), z[:, :2], z, selected


def test_scores_and_hessian_by_differences():
    data = simulated()
    fit, rows = heckman.heckman_ml(*data), by_cases(*data)
    assert fit.loglik == pytest.approx(rows(fit.coefficients).sum(), abs=1e-8)
    np.testing.assert_allclose(fit.scores, gradient(rows, fit.coefficients), atol=1e-6)
    np.testing.assert_allclose(fit.scores.sum(axis=0), 0.0, atol=1e-6)
    hessian = gradient(lambda t: gradient(lambda s: rows(s).sum(), t, 1e-4), fit.coefficients, 1e-4)
    np.testing.assert_allclose(fit.hessian, hessian, atol=1e-3)


def test_kernel_derivatives_away_from_the_optimum():
    y, x, z, selected = simulated()
    problem = heckman._Problem(y, np.where(selected[:, None], x, 0.0), z, selected, np.ones(400))
    at = np.array([0.5, 0.2, 0.1, 0.5, 0.4, 0.8, -0.6])

    def evaluate(theta):
        return problem.evaluate(theta[None], slice(0, 1))

    value, slope, curvature = evaluate(at)
    np.testing.assert_allclose(slope[0], gradient(lambda t: evaluate(t)[0][0], at), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(curvature[0], gradient(lambda t: evaluate(t)[1][0], at), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(problem.scores(at).sum(axis=0), slope[0], atol=1e-9)
    assert np.isfinite(value).all()


def test_recovers_the_population():
    fit = heckman.heckman_ml(*simulated(6000))
    truth = np.r_[1.0, 0.5, 0.3, 0.8, 0.6, np.log(1.5), np.arctanh(0.7)]
    assert (np.abs(fit.coefficients - truth) < 4 * fit.std_errors).all()
    assert abs(fit.mills_slope - 1.05) < 4 * fit.scale_errors[2]


def test_weights_are_repeated_rows():
    y, x, z, selected = simulated()
    w = np.random.default_rng(0).integers(0, 3, 400)
    rows = np.repeat(np.arange(400), w)
    a = heckman.heckman_ml(y, x, z, selected, w.astype(float))
    b = heckman.heckman_ml(y[rows], x[rows], z[rows], selected[rows])
    np.testing.assert_allclose(a.coefficients, b.coefficients, atol=1e-7)
    np.testing.assert_allclose(a.vcov, b.vcov, atol=1e-7)
    assert a.loglik_null == pytest.approx(float(b.loglik_null), abs=1e-8)
    assert a.loglik_independent == pytest.approx(b.loglik_independent, abs=1e-8)


def test_values_outside_the_selection_are_not_read():
    y, x, z, selected = simulated()
    hidden = np.where(selected, y, np.nan)
    a, b = heckman.heckman_ml(y, x, z, selected), heckman.heckman_ml(hidden, x, z, selected)
    assert (a.coefficients == b.coefficients).all()


def test_a_separated_selection_is_flagged():
    y, x, z, _ = simulated()
    fit = heckman.heckman_ml(y, x, z, z[:, 1] > 0)
    assert fit.separated and not fit.converged
