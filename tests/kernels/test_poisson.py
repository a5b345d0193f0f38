"""Poisson regression against statsmodels (1e-10, both at the optimum) and R's glm (1e-8)."""

import numpy as np
import pytest
import statsmodels.api as sm

from socialcap.kernels.poisson import poisson

from .regression_data import counts, frame, logistic_sample, r_values


def sample():
    rng = np.random.default_rng(5)
    _, x = logistic_sample(150, 4)
    exposure = rng.uniform(0.5, 2.0, 150)
    return rng.poisson(exposure * np.exp(x @ [0.4, 0.3, -0.5, 0.1])).astype(float), x, exposure


def test_equals_statsmodels():
    y, x, exposure = sample()
    fit = poisson(y, x, exposure=exposure)
    theirs = sm.Poisson(y, x, exposure=exposure).fit(disp=0, tol=1e-12, maxiter=100)
    np.testing.assert_allclose(fit.coefficients, theirs.params, atol=1e-10)
    np.testing.assert_allclose(fit.vcov, theirs.cov_params(), atol=1e-10)
    np.testing.assert_allclose(
        fit.scores, sm.Poisson(y, x, exposure=exposure).score_obs(theirs.params), atol=1e-9
    )
    assert fit.loglik == pytest.approx(theirs.llf, abs=1e-9)
    assert fit.loglik_null == pytest.approx(theirs.llnull, abs=1e-6)
    assert fit.converged


def test_equals_r():
    d = frame("MASS", "quine")
    dummies = (
        [d["Eth"] == "N", d["Sex"] == "M"] + [d["Age"] == f"F{i}" for i in (1, 2, 3)] + [d["Lrn"] == "SL"]
    )
    x = np.column_stack([np.ones(len(d)), *[np.asarray(column, dtype=float) for column in dummies]])
    fit, golden = poisson(d["Days"].to_numpy(float), x), r_values()["quine_poisson"]
    np.testing.assert_allclose(fit.coefficients, golden["coef"], rtol=1e-8)
    np.testing.assert_allclose(fit.std_errors, golden["se"], rtol=1e-7)
    assert fit.loglik == pytest.approx(golden["loglik"], abs=1e-7)
    assert fit.pearson == pytest.approx(golden["pearson"], rel=1e-7)


def test_batch_equals_single_fits():
    y, x, exposure = sample()
    w = counts(150, 5)
    batch = poisson(y, np.tile(x, (5, 1, 1)), w, exposure=exposure)
    for b in range(5):
        rows = np.repeat(np.arange(150), w[b].astype(int))
        single = poisson(y[rows], x[rows], exposure=exposure[rows])
        np.testing.assert_allclose(batch.coefficients[b], single.coefficients, atol=1e-9)
        np.testing.assert_allclose(batch.vcov[b], single.vcov, atol=1e-9)
        for name in ("loglik", "loglik_null", "pearson"):
            assert getattr(batch, name)[b] == pytest.approx(float(getattr(single, name)), abs=1e-8)


def test_separation_is_flagged():
    y, x, _ = sample()
    group = (np.arange(150) % 9 == 0).astype(float)
    fit = poisson(np.where(group == 1, 0.0, y), np.column_stack([x, group]))
    assert fit.separated and not fit.converged
