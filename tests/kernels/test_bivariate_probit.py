"""Bivariate probit against a likelihood from scipy's bivariate normal, and against its limiting cases.

1e-6 against scipy's distribution function (its own accuracy); derivatives by differences to 1e-6.
"""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from socialcap.kernels import bivariate_probit as kernel
from socialcap.kernels.binary import probit

from .regression_data import gradient


def simulated(n=300, rho=0.5, seed=0):
    rng = np.random.default_rng(seed)
    x1 = np.column_stack([np.ones(n), rng.normal(size=n)])
    x2 = np.column_stack([np.ones(n), x1[:, 1], rng.normal(size=n)])
    e = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=n)
    y1 = (x1 @ [0.2, 0.5] + e[:, 0] > 0).astype(float)
    y2 = (x2 @ [-0.2, 0.5, 0.5] + e[:, 1] > 0).astype(float)
    return y1, x1, y2, x2


def loglik(theta, y1, x1, y2, x2):
    rho = np.tanh(theta[-1])
    q1, q2 = 2 * y1 - 1, 2 * y2 - 1
    ends = np.column_stack([q1 * (x1 @ theta[:2]), q2 * (x2 @ theta[2:-1])])
    same = q1 == q2
    out = 0.0
    for rows, r in ((same, rho), (~same, -rho)):
        out += np.log(multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf(ends[rows])).sum()
    return float(out)


def test_maximises_a_likelihood_from_scipy():
    data = simulated(120)
    fit = kernel.bivariate_probit(*data)
    assert fit.loglik == pytest.approx(loglik(fit.coefficients, *data), abs=1e-6)
    found = minimize(
        lambda t: -loglik(t, *data),
        fit.coefficients + 0.05,
        method="Nelder-Mead",
        options={"maxiter": 300, "fatol": 1e-4},
    )
    assert -found.fun <= fit.loglik + 1e-6
    assert fit.converged


def test_derivatives():
    data = simulated()
    problem = kernel._Problem(*data, np.ones(300))
    at = np.array([0.1, 0.3, 0.1, 0.4, 0.2, -0.7])

    def evaluate(theta):
        return problem.evaluate(theta[None], slice(0, 1))

    _, slope, curvature = evaluate(at)
    np.testing.assert_allclose(slope[0], gradient(lambda t: evaluate(t)[0][0], at), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(curvature[0], gradient(lambda t: evaluate(t)[1][0], at), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(problem.scores(at).sum(axis=0), slope[0], atol=1e-9)


def test_at_rho_zero_it_is_two_probits():
    y1, x1, y2, x2 = simulated()
    a, b = probit(y1, x1), probit(y2, x2)
    problem = kernel._Problem(y1, x1, y2, x2, np.ones(300))
    theta = np.r_[a.coefficients, b.coefficients, 0.0]
    value, slope, _ = problem.evaluate(theta[None], slice(0, 1))
    fit = kernel.bivariate_probit(y1, x1, y2, x2)
    assert value[0] == pytest.approx(float(a.loglik + b.loglik), abs=1e-9)
    np.testing.assert_allclose(slope[0, :-1], 0.0, atol=1e-8)
    assert fit.loglik_independent == pytest.approx(value[0], abs=1e-9)
    assert fit.loglik > fit.loglik_independent


def test_recovers_the_population_and_rho_s_error():
    fit = kernel.bivariate_probit(*simulated(5000))
    truth = np.r_[0.2, 0.5, -0.2, 0.5, 0.5, np.arctanh(0.5)]
    assert (np.abs(fit.coefficients - truth) < 4 * fit.std_errors).all()
    assert fit.rho_error == pytest.approx((1 - fit.rho**2) * fit.std_errors[-1])


def test_exchanging_the_equations_exchanges_the_estimates():
    y1, x1, y2, x2 = simulated()
    a, b = kernel.bivariate_probit(y1, x1, y2, x2), kernel.bivariate_probit(y2, x2, y1, x1)
    np.testing.assert_allclose(a.first, b.second, atol=1e-8)
    np.testing.assert_allclose(a.second, b.first, atol=1e-8)
    assert a.rho == pytest.approx(b.rho, abs=1e-8)


def test_weights_are_repeated_rows():
    data = simulated()
    w = np.random.default_rng(0).integers(0, 3, 300)
    rows = np.repeat(np.arange(300), w)
    a = kernel.bivariate_probit(*data, w.astype(float))
    b = kernel.bivariate_probit(*[part[rows] for part in data])
    np.testing.assert_allclose(a.coefficients, b.coefficients, atol=1e-8)
    np.testing.assert_allclose(a.vcov, b.vcov, atol=1e-8)


def test_a_separated_equation_is_flagged():
    _, x1, y2, x2 = simulated()
    fit = kernel.bivariate_probit((x1[:, 1] > 0).astype(float), x1, y2, x2)
    assert fit.separated and not fit.converged
