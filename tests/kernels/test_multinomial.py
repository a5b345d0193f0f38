"""Multinomial logit against statsmodels (1e-10, both at the optimum) and R's nnet (1e-5, a BFGS stop)."""

import numpy as np
import pytest
import statsmodels.api as sm

from socialcap.kernels.binary import logit
from socialcap.kernels.multinomial import multinomial_logit

from .regression_data import counts, housing, logistic_sample, r_values


def sample(seed=0):
    rng = np.random.default_rng(seed)
    _, x = logistic_sample(300, 5, seed)
    utility = np.column_stack([np.zeros(300), x @ rng.normal(size=(5, 3))]) + rng.gumbel(size=(300, 4))
    return utility.argmax(axis=1), x


def test_equals_statsmodels():
    y, x = sample()
    fit = multinomial_logit(y, x, 4)
    theirs = sm.MNLogit(y, x).fit(disp=0, tol=1e-12, maxiter=100)
    np.testing.assert_allclose(fit.by_category, np.asarray(theirs.params).T, atol=1e-10)
    np.testing.assert_allclose(fit.vcov, theirs.cov_params(), atol=1e-10)
    np.testing.assert_allclose(fit.fitted, theirs.predict(), atol=1e-10)
    np.testing.assert_allclose(
        fit.scores, sm.MNLogit(y, x).score_obs(np.asarray(theirs.params).ravel("F")), atol=1e-10
    )
    assert fit.loglik == pytest.approx(theirs.llf, abs=1e-9)
    assert fit.loglik_null == pytest.approx(theirs.llnull, abs=1e-6)
    assert fit.converged


def test_equals_r_with_frequencies():
    y, x, w = housing()
    design = np.column_stack([np.ones(len(y)), x[:, [0, 1, 5]]])
    fit, golden = multinomial_logit(y, design, 3, w), r_values()["housing_multinom"]
    np.testing.assert_allclose(fit.by_category, golden["coef"], atol=1e-5)
    np.testing.assert_allclose(fit.std_errors.reshape(2, 4), golden["se"], rtol=1e-4)
    assert fit.loglik == pytest.approx(golden["loglik"], abs=1e-6)


def test_batch_equals_single_fits():
    y, x = sample()
    w = counts(300, 5)
    batch = multinomial_logit(y, x, 4, w)
    own = multinomial_logit(np.tile(y, (5, 1)), np.tile(x, (5, 1, 1)), 4, w)
    np.testing.assert_allclose(own.coefficients, batch.coefficients, atol=1e-9)
    for b in range(5):
        rows = np.repeat(np.arange(300), w[b].astype(int))
        single = multinomial_logit(y[rows], x[rows], 4)
        np.testing.assert_allclose(batch.coefficients[b], single.coefficients, atol=1e-9)
        np.testing.assert_allclose(batch.vcov[b], single.vcov, atol=1e-9)


def test_two_categories_are_a_logit():
    y, x = sample()
    a, b = multinomial_logit((y > 1).astype(int), x, 2), logit((y > 1).astype(float), x)
    np.testing.assert_allclose(a.coefficients, b.coefficients, atol=1e-10)
    np.testing.assert_allclose(a.scores, b.scores, atol=1e-9)
    assert a.loglik_null == pytest.approx(b.loglik_null, abs=1e-10)


def test_separation_and_collinearity_are_flagged():
    y, x = sample()
    separated = multinomial_logit(y, np.column_stack([x, y == 2]), 4)
    assert separated.separated and not separated.converged
    collinear = multinomial_logit(y, np.column_stack([x, x[:, 1] + x[:, 2]]), 4)
    assert collinear.singular and not collinear.converged
