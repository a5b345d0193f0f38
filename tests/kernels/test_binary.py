"""Binary kernels against statsmodels, R, Wooldridge's tables, and definitions worked by brute force.

Tolerances: 1e-10 against statsmodels run to convergence (both quadratic at the optimum); 1e-8 against R at
its glm stop of 1e-14 in deviance; printed tables to half of their last digit; 1e-5 for optima found by a
general optimiser on numerical gradients; 1e-6 for central differences, whose own error it is.
"""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from socialcap.kernels import binary
from socialcap.kernels.sandwich import likelihood_robust

from .regression_data import (
    birthwt,
    counts,
    frame,
    gradient,
    logistic_sample,
    mroz_design,
    participation,
    quiet,
    r_values,
)

MODELS = [(binary.logit, sm.Logit), (binary.probit, sm.Probit)]


@pytest.mark.parametrize(("kernel", "reference"), MODELS)
def test_equals_statsmodels(kernel, reference):
    latent, x = logistic_sample()
    y = (latent > 0).astype(float)
    ours = kernel(y, x)
    theirs = reference(y, x).fit(disp=0, tol=1e-12, maxiter=100)
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-10)
    np.testing.assert_allclose(ours.vcov, theirs.cov_params(), atol=1e-10)
    np.testing.assert_allclose(ours.scores, reference(y, x).score_obs(ours.coefficients), atol=1e-10)
    np.testing.assert_allclose(ours.hessian, reference(y, x).hessian(ours.coefficients), atol=1e-9)
    assert ours.loglik == pytest.approx(theirs.llf, abs=1e-10)
    assert ours.loglik_null == pytest.approx(theirs.llnull, abs=1e-6)
    assert ours.aic == pytest.approx(theirs.aic, abs=1e-9)
    assert ours.bic == pytest.approx(theirs.bic, abs=1e-9)
    assert ours.mcfadden == pytest.approx(theirs.prsquared, abs=1e-8)
    assert ours.converged and not ours.separated and not ours.singular


@pytest.mark.parametrize(("kernel", "reference"), MODELS)
def test_robust_covariance_equals_statsmodels(kernel, reference):
    latent, x = logistic_sample()
    y = (latent > 0).astype(float)
    fit = kernel(y, x)
    theirs = reference(y, x).fit(disp=0, tol=1e-12, cov_type="HC0")
    np.testing.assert_allclose(
        likelihood_robust(fit.scores, fit.hessian).vcov, theirs.cov_params(), atol=1e-10
    )


def test_wooldridge_probit():
    fit = binary.probit(participation(), mroz_design())
    assert fit.coefficients[[2, 6]] == pytest.approx([0.1309, -0.8683], abs=5e-5)
    assert fit.std_errors[[2, 6]] == pytest.approx([0.0253, 0.1185], abs=5e-5)
    assert fit.loglik == pytest.approx(-401.3022, abs=5e-5)
    assert fit.mcfadden == pytest.approx(0.2206, abs=5e-5)


def test_logit_equals_r():
    y, x = birthwt()
    fit, golden = binary.logit(y, x), r_values()["birthwt_logit"]
    np.testing.assert_allclose(fit.coefficients, golden["coef"], rtol=1e-8)
    np.testing.assert_allclose(fit.std_errors, golden["se"], rtol=1e-7)
    assert fit.loglik == pytest.approx(golden["loglik"], abs=1e-8)


def test_probit_covariance_is_the_observed_one():
    y, x = birthwt()
    fit, golden = binary.probit(y, x), r_values()["birthwt_probit_expected"]
    np.testing.assert_allclose(fit.coefficients, golden["coef"], rtol=1e-7)
    assert fit.loglik == pytest.approx(golden["loglik"], abs=1e-8)
    density = np.exp(-0.5 * fit.index**2) / np.sqrt(2 * np.pi)
    expected = x.T @ (x * (density**2 / (fit.fitted * (1 - fit.fitted)))[:, None])
    np.testing.assert_allclose(np.sqrt(np.diag(np.linalg.inv(expected))), golden["se"], rtol=1e-6)
    # and differs from the expected one by more than rounding
    assert np.abs(fit.std_errors / golden["se"] - 1).max() > 1e-3


def test_pseudo_r2_definitions():
    latent, x = logistic_sample()
    fit = binary.logit((latent > 0).astype(float), x)
    n, ratio = 200, float(np.exp(fit.loglik_null - fit.loglik))
    cox_snell = 1 - ratio ** (2 / n)
    assert fit.cox_snell == pytest.approx(cox_snell, rel=1e-10)
    assert fit.nagelkerke == pytest.approx(cox_snell / (1 - np.exp(fit.loglik_null) ** (2 / n)), rel=1e-10)


@pytest.mark.parametrize("kernel", [binary.logit, binary.probit, binary.fractional_logit, binary.firth_logit])
def test_batch_equals_single_fits(kernel):
    """Counts are the same as repeated rows; own designs the same as shared ones; a start changes nothing."""
    latent, x = logistic_sample()
    y = (latent > 0).astype(float)
    w = counts(200, 6)
    whole = kernel(y, x)
    batch = kernel(y, x, w, whole.coefficients)
    own = kernel(np.tile(y, (2, 3, 1)), np.tile(x, (2, 3, 1, 1)), w.reshape(2, 3, -1))
    assert own.coefficients.shape == (2, 3, 8) and own.scores.shape == (2, 3, 200, 8)
    np.testing.assert_allclose(own.coefficients.reshape(6, 8), batch.coefficients, atol=1e-9)
    for b in range(6):
        rows = np.repeat(np.arange(200), w[b].astype(int))
        single = kernel(y[rows], x[rows])
        np.testing.assert_allclose(batch.coefficients[b], single.coefficients, atol=1e-8)
        np.testing.assert_allclose(batch.vcov[b], single.vcov, atol=1e-8)
        assert batch.loglik[b] == pytest.approx(single.loglik, abs=1e-8)
        assert batch.loglik_null[b] == pytest.approx(single.loglik_null, abs=1e-8)
    assert batch.converged.all()


@pytest.mark.parametrize("terms", [binary.logit_terms, binary.probit_terms])
def test_derivatives_of_terms(terms):
    eta = np.array([-30.0, -6.0, -1.3, 0.0, 0.4, 5.0, 30.0])
    for y in (np.zeros(7), np.ones(7)):
        value, first, second = terms(y, eta)
        step = 1e-5
        np.testing.assert_allclose(
            (terms(y, eta + step)[0] - terms(y, eta - step)[0]) / (2 * step), first, rtol=1e-7, atol=1e-8
        )
        np.testing.assert_allclose(
            (terms(y, eta + step)[1] - terms(y, eta - step)[1]) / (2 * step), second, rtol=1e-6, atol=1e-8
        )
        assert np.isfinite(value).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 5.0))
def test_scaling_a_column_scales_its_coefficient(seed, factor):
    latent, x = logistic_sample(120, 3, seed)
    y = (latent > np.median(latent)).astype(float)
    scaled = x * np.array([1.0, factor, 1.0])
    for kernel in (binary.logit, binary.probit):
        a, b = kernel(y, x), kernel(y, scaled)
        assert a.loglik == pytest.approx(b.loglik, abs=1e-8)
        np.testing.assert_allclose(b.coefficients[1] * factor, a.coefficients[1], atol=1e-7)
        np.testing.assert_allclose(a.scores.sum(axis=0), 0.0, atol=1e-6)


def test_fractional_logit_equals_statsmodels():
    latent, x = logistic_sample()
    y = np.clip(1 / (1 + np.exp(-latent)) + 0.2 * (latent > 2) - 0.2 * (latent < -2), 0.0, 1.0)
    fit = binary.fractional_logit(y, x)
    theirs = quiet(lambda: sm.GLM(y, x, family=sm.families.Binomial()).fit(cov_type="HC0", tol=1e-13))
    np.testing.assert_allclose(fit.coefficients, theirs.params, atol=1e-10)
    np.testing.assert_allclose(fit.vcov, theirs.cov_params(), atol=1e-10)
    assert fit.converged


def test_separation_and_collinearity_are_flagged():
    latent, x = logistic_sample()
    perfect = (x[:, 1] > 0.1).astype(float)
    group = (np.arange(200) % 10 == 0).astype(float)
    quasi, wide = np.where(group == 1, 1.0, latent > 0), np.column_stack([x, group])
    twice = np.column_stack([x, x[:, 1] - x[:, 2]])
    for kernel in (binary.logit, binary.probit, binary.fractional_logit):
        for y, design in ((perfect, x), (quasi.astype(float), wide), (np.ones(200), x)):
            fit = kernel(y, design)
            assert fit.separated and not fit.converged
        collinear = kernel((latent > 0).astype(float), twice)
        assert collinear.singular and not collinear.converged and np.isnan(collinear.vcov).all()


def test_a_bad_replicate_leaves_the_others_alone():
    latent, x = logistic_sample()
    y = (latent > 0).astype(float)
    group = (np.arange(200) < 12).astype(float)
    design = np.column_stack([x, group])
    w = np.ones((3, 200))
    w[0, (group == 1) & (y == 0)] = 0.0
    w[1, group == 1] = 0.0
    fit = binary.logit(y, design, w)
    assert fit.separated.tolist() == [True, False, False]
    assert fit.singular.tolist() == [False, True, False]
    assert fit.converged.tolist() == [False, False, True]
    np.testing.assert_allclose(fit.coefficients[2], binary.logit(y, design).coefficients, atol=1e-10)


def test_firth_closed_forms():
    """A constant alone adds half a success and half a failure; a saturated two-by-two table, half a count a
    cell."""
    y = np.repeat([1.0, 0.0], [3, 17])
    one = np.ones((20, 1))
    assert binary.firth_logit(y, one).coefficients[0] == pytest.approx(np.log(3.5 / 17.5), abs=1e-9)
    x = np.column_stack([np.ones(20), np.r_[np.ones(3), np.zeros(3), np.ones(0), np.zeros(14)]])
    fit = binary.firth_logit(y, x)
    # group 1: 3 successes, no failure; group 0: no success, 17 failures
    assert fit.coefficients[0] == pytest.approx(np.log(0.5 / 17.5), abs=1e-8)
    assert fit.coefficients.sum() == pytest.approx(np.log(3.5 / 0.5), abs=1e-8)
    assert fit.converged


def penalised(beta, y, x):
    eta = x @ beta
    p = 1 / (1 + np.exp(-eta))
    information = x.T @ (x * (p * (1 - p))[:, None])
    return float(y @ eta - np.logaddexp(0, eta).sum() + 0.5 * np.linalg.slogdet(information)[1])


def firth_data():
    latent, x = logistic_sample(60, 3, 4)
    group = (np.arange(60) % 7 == 0).astype(float)
    return np.where(group == 1, 1.0, latent > 0).astype(float), np.column_stack([x, group])


def test_firth_maximises_the_penalised_likelihood():
    y, x = firth_data()
    assert binary.logit(y, x).separated
    fit = binary.firth_logit(y, x)
    found = minimize(lambda b: -penalised(b, y, x), np.zeros(4), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(fit.coefficients, found.x, atol=1e-5)
    assert fit.loglik == pytest.approx(-found.fun, abs=1e-10)
    np.testing.assert_allclose(gradient(lambda b: penalised(b, y, x), fit.coefficients), 0.0, atol=1e-7)
    np.testing.assert_allclose(fit.scores.sum(axis=0), 0.0, atol=1e-9)


def test_firth_profile():
    y, x = firth_data()
    full = binary.firth_logit(y, x)
    tests, intervals = binary.firth_tests(y, x), binary.firth_intervals(y, x)

    def profile(j, value):
        others = [i for i in range(4) if i != j]
        start = full.coefficients[others]

        def loss(free):
            return -penalised(np.insert(free, j, value), y, x)

        return -minimize(loss, start, method="BFGS", options={"gtol": 1e-8}).fun

    for j in (1, 3):
        assert tests.statistic[j] == pytest.approx(2 * (float(full.loglik) - profile(j, 0.0)), abs=1e-7)
        assert intervals[j, 0] < full.coefficients[j] < intervals[j, 1]
        for end in intervals[j]:
            assert 2 * (float(full.loglik) - profile(j, end)) == pytest.approx(3.8414588, abs=1e-6)
    assert ((tests.p_value < 0.05) == ((intervals[:, 0] > 0) | (intervals[:, 1] < 0))).all()


def test_weights_of_zero_are_absent_rows():
    y, x = birthwt()
    keep = frame("MASS", "birthwt")["race"].to_numpy() != 3
    for kernel in (binary.logit, binary.probit, binary.firth_logit):
        a, b = kernel(y, x, keep.astype(float)), kernel(y[keep], x[keep])
        np.testing.assert_allclose(a.coefficients, b.coefficients, atol=1e-9)
        assert a.n_obs == keep.sum()
