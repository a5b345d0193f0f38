"""Ordered kernels against statsmodels, R's polr, UCLA's published table, and finite differences.

Tolerances: 1e-8 against statsmodels' likelihood functions at our estimate and against its own estimate where
its optimiser is run to a gradient of 1e-9; R's polr to 1e-6 (BFGS) and its errors to 1e-4 (numerical
Hessian); printed tables to half of their last digit.
"""

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.miscmodels.ordinal_model import OrderedModel

from socialcap.kernels import ordered

from .regression_data import applications, counts, gradient, housing, logistic_sample, quiet, r_values

MODELS = [(ordered.ordered_logit, "logit"), (ordered.ordered_probit, "probit")]


def sample(categories=5, seed=0):
    latent, x = logistic_sample(seed=seed)
    cuts = np.quantile(latent, np.linspace(0.1, 0.9, categories - 1))
    return np.digitize(latent, cuts), x[:, 1:]


def theirs_at(model, fit):
    """Our estimate in statsmodels' parameters: first cut, then logs of the differences."""
    return np.r_[fit.slopes, fit.cutpoints[0], np.log(np.diff(fit.cutpoints))]


@pytest.mark.parametrize(("kernel", "distribution"), MODELS)
def test_equals_statsmodels(kernel, distribution):
    y, x = sample()
    fit = kernel(y, x, 5)
    model = OrderedModel(y, x, distr=distribution)
    at = theirs_at(model, fit)
    assert fit.loglik == pytest.approx(model.loglike(at), abs=1e-9)
    np.testing.assert_allclose(model.score(at), 0.0, atol=1e-5)
    result = quiet(lambda: model.fit(start_params=at, method="bfgs", disp=0, gtol=1e-9, maxiter=500))
    np.testing.assert_allclose(fit.slopes, result.params[:7], atol=1e-8)
    np.testing.assert_allclose(
        fit.cutpoints, model.transform_threshold_params(result.params)[1:-1], atol=1e-8
    )
    np.testing.assert_allclose(fit.std_errors[:7], result.bse[:7], rtol=1e-5)
    assert fit.loglik_null == pytest.approx(result.llnull, abs=1e-6)
    assert fit.converged and not fit.separated


@pytest.mark.parametrize(("kernel", "distribution"), MODELS)
def test_derivatives(kernel, distribution):
    """At a point away from the optimum, reached by weights: scores sum to the gradient, by differences."""
    y, x = sample(4)
    fit = kernel(y, x, 4)

    def loglik(theta):
        cuts = np.r_[-np.inf, theta[7:], np.inf]
        eta = x @ theta[:7]
        upper, lower = cuts[y + 1] - eta, cuts[y] - eta
        cdf = norm.cdf if distribution == "probit" else lambda t: 1 / (1 + np.exp(-t))
        return np.log(cdf(upper) - cdf(lower))

    rows = gradient(loglik, fit.coefficients)
    np.testing.assert_allclose(fit.scores, rows, atol=1e-8)
    interval = ordered.normal_interval if distribution == "probit" else ordered.logistic_interval
    problem = ordered._Problem(y, x, np.ones(200), 4, interval)

    def at(theta):
        return problem.evaluate(theta[None], slice(0, 1))

    away = fit.coefficients + 0.1 * np.arange(10)
    np.testing.assert_allclose(at(away)[1][0], gradient(lambda t: at(t)[0][0], away), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(at(away)[2][0], gradient(lambda t: at(t)[1][0], away), rtol=1e-6, atol=1e-6)


def test_ucla_table():
    y, x = applications()
    fit = ordered.ordered_logit(y, x, 3)
    assert fit.slopes[0] == pytest.approx(1.04766, abs=5e-6)
    assert fit.cutpoints == pytest.approx([2.20332, 4.29877], abs=5e-6)
    assert fit.std_errors[[0, 3, 4]] == pytest.approx([0.26579, 0.77954, 0.80431], abs=1e-5)
    assert fit.loglik == pytest.approx(-358.5124, abs=5e-5)


@pytest.mark.parametrize(
    ("kernel", "name"), [(ordered.ordered_logit, "logistic"), (ordered.ordered_probit, "probit")]
)
def test_polr_with_frequencies(kernel, name):
    y, x, w = housing()
    fit, golden = kernel(y, x, 3, w), r_values()[f"housing_polr_{name}"]
    np.testing.assert_allclose(fit.coefficients, golden["coef"], atol=1e-6)
    np.testing.assert_allclose(fit.std_errors, golden["se"], rtol=1e-4)
    assert fit.loglik == pytest.approx(golden["loglik"], abs=1e-7)


@pytest.mark.parametrize(("kernel", "distribution"), MODELS)
def test_batch_equals_single_fits(kernel, distribution):
    y, x = sample(3)
    w = counts(200, 6)
    batch = kernel(y, x, 3, w, kernel(y, x, 3).coefficients)
    own = kernel(np.tile(y, (6, 1)), np.tile(x, (6, 1, 1)), 3, w)
    np.testing.assert_allclose(own.coefficients, batch.coefficients, atol=1e-9)
    np.testing.assert_allclose(own.vcov, batch.vcov, atol=1e-9)
    for b in range(6):
        rows = np.repeat(np.arange(200), w[b].astype(int))
        single = kernel(y[rows], x[rows], 3)
        np.testing.assert_allclose(batch.coefficients[b], single.coefficients, atol=1e-8)
        np.testing.assert_allclose(batch.vcov[b], single.vcov, atol=1e-8)
        assert batch.loglik_null[b] == pytest.approx(single.loglik_null, abs=1e-8)
    assert batch.converged.all() and not batch.empty.any()


def test_blocks_change_nothing():
    """More replicates than one block holds give what they give one at a time."""
    y, x = sample(3)
    w = counts(200, 150)
    batch = ordered.ordered_logit(y, x, 3, w)
    for b in (0, 80, 149):
        one = ordered.ordered_logit(y, x, 3, w[b])
        np.testing.assert_allclose(batch.coefficients[b], one.coefficients, atol=1e-10)


@pytest.mark.parametrize(("kernel", "distribution"), MODELS)
def test_categories_that_a_replicate_misses(kernel, distribution):
    y, x = sample(5)
    w = np.ones((4, 200))
    w[1, y == 2] = 0.0
    w[2, y == 0] = 0.0
    w[3, y >= 3] = 0.0
    fit = kernel(y, x, 5, w)
    assert fit.empty.sum(axis=1).tolist() == [0, 1, 1, 2]
    assert fit.cutpoints[1, 1] == fit.cutpoints[1, 2]
    assert fit.cutpoints[2, 0] == -np.inf
    assert (fit.cutpoints[3, 2:] == np.inf).all()
    for b in range(1, 4):
        keep = w[b] > 0
        _, codes = np.unique(y[keep], return_inverse=True)
        fewer = kernel(codes, x[keep], int(codes.max()) + 1)
        np.testing.assert_allclose(fit.slopes[b], fewer.slopes, atol=1e-9)
        np.testing.assert_allclose(fit.std_errors[b, :7], fewer.std_errors[:7], atol=1e-9)
        assert fit.loglik[b] == pytest.approx(fewer.loglik, abs=1e-9)
    assert np.isnan(fit.vcov[1, 8:10]).all() and np.isfinite(fit.vcov[1, 7, 7])
    assert fit.converged.all()


def test_separation_is_flagged():
    _, x = sample()
    y = np.digitize(x[:, 0], [-0.8, 0.0, 0.9])
    group = (np.arange(200) % 11 == 0).astype(float)
    top = np.where(group == 1, 3, sample(4)[0])
    for kernel, _ in MODELS:
        for codes, design in ((y, x), (top, np.column_stack([x, group]))):
            fit = kernel(codes, design, 4)
            assert fit.separated and not fit.converged


def test_two_categories_are_a_binary_model():
    from socialcap.kernels.binary import logit, probit

    y, x = sample(2)
    for ordinal, binary in ((ordered.ordered_logit, logit), (ordered.ordered_probit, probit)):
        a, b = ordinal(y, x, 2), binary(y.astype(float), np.column_stack([x, np.ones(200)]))
        np.testing.assert_allclose(a.slopes, b.coefficients[:-1], atol=1e-10)
        np.testing.assert_allclose(a.cutpoints, -b.coefficients[-1:], atol=1e-10)
        assert a.loglik == pytest.approx(b.loglik, abs=1e-10)


def test_reversing_the_scale_reverses_the_signs():
    y, x = sample(4)
    for kernel, _ in MODELS:
        a, b = kernel(y, x, 4), kernel(3 - y, x, 4)
        np.testing.assert_allclose(a.slopes, -b.slopes, atol=1e-9)
        np.testing.assert_allclose(a.cutpoints, -b.cutpoints[::-1], atol=1e-9)


def test_a_replicate_with_one_category_has_no_slopes():
    y, x = sample(3)
    fit = ordered.ordered_logit(y, x, 3, np.stack([np.ones(200), (y == 1).astype(float)]))
    assert fit.converged.tolist() == [True, False] and fit.singular.tolist() == [False, True]
    assert fit.cutpoints[1].tolist() == [-np.inf, np.inf]
    np.testing.assert_allclose(fit.slopes[0], ordered.ordered_logit(y, x, 3).slopes, atol=1e-10)
