"""Small-sample covariances of models of one index against R's sandwich and clubSandwich, and by definition.

Tolerances: 1e-8 relative to the largest entry of a covariance against the packages, whose fits stop at a
change in deviance of 1e-15; degrees of freedom of clubSandwich 1e-6, as it sums over explicit matrices; what
is computed twice from explicit matrices 1e-9. The share of rejections of a simulated test has a Monte Carlo
error named beside it.
"""

import json
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from socialcap.kernels.binary import fractional_logit, logit, logit_terms, probit
from socialcap.kernels.cluster_adjustment import cr2, cr3, satterthwaite_df
from socialcap.kernels.likelihood import gram
from socialcap.kernels.ols import fit_ols
from socialcap.kernels.poisson import poisson
from socialcap.kernels.sandwich import heteroskedastic, likelihood_robust, meat, row_scores, sandwich
from socialcap.kernels.wild_bootstrap import score_bootstrap
from socialcap.kernels.working import logit_moments, poisson_moments, probit_moments, working_fit

from .linear_data import GOLDEN, uneven

GOLDENS = json.loads((GOLDEN.parent / "glm_covariances.json").read_text())
CASES = ("logit", "probit", "fractional", "poisson", "logit_weighted", "probit_weighted", "poisson_weighted")
PARTS = {
    "logit": (logit, logit_moments),
    "probit": (probit, probit_moments),
    "fractional": (fractional_logit, logit_moments),
    "poisson": (poisson, poisson_moments),
}


@cache
def case(name):
    """Model, its working regression and its clusters, on the data of make_glm_covariances.R."""
    data = uneven()
    kind = name.removesuffix("_weighted")
    if name == "alone":
        kind, x = "poisson", np.column_stack((data.x[:, :2], data.firm == 1)).astype(float)
    else:
        x = data.x
    weights = data.weights if name.endswith("_weighted") else None
    y = {
        "logit": (data.y > 0).astype(float),
        "probit": (data.y > 0).astype(float),
        "fractional": special.expit(data.y),
        "poisson": np.floor(np.abs(data.y) * 2),
    }[kind]
    kernel, moments = PARTS[kind]
    exposure = {"exposure": 1.0 + data.firm % 12} if name in ("poisson", "poisson_weighted") else {}
    fit = kernel(y, x, weights, **exposure)
    found = working_fit(y, x, fit.index, moments, weights)
    return SimpleNamespace(fit=fit, working=found, firm=data.firm, year=data.year, y=y, x=x, moments=moments)


def close(found, expected, tolerance=1e-8):
    expected = np.asarray(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", ["HC2", "HC3", "HC4"])
def test_heteroskedastic_covariances_equal_rs_sandwich(name, kind):
    made = case(name)
    close(made.fit.coefficients, GOLDENS[name]["coef"])
    close(heteroskedastic(made.working, kind).vcov, GOLDENS[name]["hc"][kind])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("cluster", ["firm", "year"])
def test_cluster_robust_covariances_equal_clubsandwich(name, cluster):
    made = case(name)
    codes, golden = getattr(made, cluster), GOLDENS[name][cluster]
    second = cr2(made.working, codes, made.working.variances)
    close(second.vcov, golden["CR2"]["vcov"])
    np.testing.assert_allclose(second.df, golden["CR2"]["df"], rtol=1e-6)
    close(cr3(made.working, codes, "1").vcov, golden["CR3"]["vcov"])


def test_cr2_where_a_cluster_alone_determines_a_coefficient_equals_clubsandwich():
    made = case("alone")
    for cluster in ("firm", "year"):
        found = cr2(made.working, getattr(made, cluster), made.working.variances)
        golden = GOLDENS["alone"][cluster]["CR2"]
        close(found.vcov[:2, :2], np.array(golden["vcov"])[:2, :2])
        np.testing.assert_allclose(found.df[:2], golden["df"][:2], rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_working_scores_are_the_likelihoods(name):
    made = case(name)
    np.testing.assert_allclose(row_scores(made.working), made.fit.scores, rtol=1e-9, atol=1e-10)
    if not name.startswith("probit"):
        close(made.working.xtx_inv, np.linalg.inv(-made.fit.hessian), 1e-9)
        ours = heteroskedastic(made.working, "HC0").vcov
        close(ours, likelihood_robust(made.fit.scores, made.fit.hessian).vcov, 1e-9)
    assert made.working.leverage.sum() == pytest.approx(3.0, rel=1e-10)


def test_a_certain_row_adds_nothing():
    made = case("poisson")
    y, x = np.append(made.y, 0.0), np.vstack((made.x, [1.0, 0.5, 0.5]))
    found = working_fit(y, x, np.append(made.fit.index, -800.0), poisson_moments)
    close(found.xtx_inv, made.working.xtx_inv, 1e-12)
    codes = np.append(made.firm, made.firm[0])
    close(
        cr2(found, codes, found.variances).vcov,
        cr2(made.working, made.firm, made.working.variances).vcov,
        1e-12,
    )


def dense_cr2(working, codes, contrast):
    """CR2 and its degrees of freedom of one contrast by Pustejovsky and Tipton's formulas, on rows not scaled.

    Matrices of n rows throughout; the symmetric root by eigenvalues.
    """
    v, n = working.variances, len(codes)
    x, e = working.x * np.sqrt(v)[:, None], working.residuals * np.sqrt(v)
    w = np.diag((np.ones(n) if working.weights is None else working.weights) / v)
    bread = np.linalg.inv(x.T @ w @ x)
    annihilator = np.eye(n) - x @ bread @ x.T @ w
    target, root = np.diag(v), np.diag(np.sqrt(v))
    filling, columns = np.zeros_like(bread), []
    for g in np.unique(codes):
        own = codes == g
        block = (root @ annihilator @ target @ annihilator.T @ root)[np.ix_(own, own)]
        values, vectors = np.linalg.eigh(block)
        adjust = root[np.ix_(own, own)] @ (vectors / np.sqrt(values)) @ vectors.T @ root[np.ix_(own, own)]
        score = x[own].T @ w[np.ix_(own, own)] @ adjust @ e[own]
        filling += np.outer(score, score)
        columns.append(annihilator[own].T @ adjust @ w[np.ix_(own, own)] @ x[own] @ bread @ contrast)
    p = np.column_stack(columns)
    gram_ = p.T @ target @ p
    return bread @ filling @ bread, np.trace(gram_) ** 2 / (gram_**2).sum(), np.diag(gram_).sum()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["logit", "probit", "poisson"]), st.booleans())
def test_cr2_is_the_papers_formula_and_unbiased_under_the_working_model(seed, kind, weighted):
    random = np.random.default_rng(seed)
    n, codes = 48, np.repeat(np.arange(8), 6)
    x = np.column_stack((np.ones(n), random.normal(size=(n, 2))))
    index = x @ np.array([0.2, 0.5, -0.3])
    weights = random.uniform(0.5, 2.0, n) if weighted else None
    moments = PARTS[kind][1]
    y = random.poisson(moments(index)[0]).astype(float) if kind == "poisson" else random.integers(0, 2, n)
    found = working_fit(np.asarray(y, dtype=float), x, index, moments, weights)
    contrast = random.normal(size=3)
    vcov, df, expected = dense_cr2(found, codes, contrast)
    close(cr2(found, codes, found.variances).vcov, vcov, 1e-9)
    assert satterthwaite_df(found, codes, contrast[None], found.variances)[0] == pytest.approx(df, rel=1e-9)
    # the variance of c'b when the outcomes have the working variances, whatever the weights
    rows = found.x if weights is None else found.x * weights[:, None]
    truth = contrast @ found.xtx_inv @ rows.T @ rows @ found.xtx_inv @ contrast
    assert expected == pytest.approx(truth, rel=1e-9)


def test_equal_variances_give_the_cr2_of_least_squares():
    data = uneven()
    fit = fit_ols(data.x, data.y, data.weights)
    plain = cr2(fit, data.firm)
    found = cr2(fit, data.firm, np.full(len(data.y), 3.0))
    np.testing.assert_allclose(found.vcov, plain.vcov, rtol=1e-9)
    np.testing.assert_allclose(found.df, plain.df, rtol=1e-9)


def without(made, codes):
    """Changes of the coefficients when each cluster is left out and one scoring step is made."""
    working, scores = made.working, row_scores(made.working)
    ones = np.ones(len(codes)) if working.weights is None else working.weights
    changes = []
    for g in np.unique(codes):
        rest = codes != g
        changes.append(np.linalg.solve(gram(working.x[rest], ones[rest]), scores[rest].sum(axis=0)))
    return np.array(changes)


@pytest.mark.parametrize("name", CASES)
def test_cr3_leaves_each_cluster_out_by_one_scoring_step(name):
    made = case(name)
    close(cr3(made.working, made.firm, "1").vcov, meat(without(made, made.firm)), 1e-8)
    rows = np.arange(len(made.firm))
    close(heteroskedastic(made.working, "HC3").vcov, meat(without(made, rows)), 1e-8)


@pytest.mark.parametrize("name", ["logit", "probit", "fractional"])
def test_cr3_is_near_the_jackknife_of_full_refits(name):
    made = case(name)
    kernel = PARTS[name][0]
    refits = np.array(
        [kernel(made.y[made.firm != g], made.x[made.firm != g]).coefficients for g in np.unique(made.firm)]
    )
    jackknife = meat(refits - made.fit.coefficients)
    ratio = np.diag(cr3(made.working, made.firm, "1").vcov) / np.diag(jackknife)
    # forty clusters of some 2.5 % of the rows each: one step misses a term of the order of that share
    np.testing.assert_allclose(ratio, 1.0, atol=0.05)


def clustered_draw(seed, n_groups, each=20, slope=0.0):
    """A 0/1 outcome whose index has a part of each cluster, and a regressor that has one too."""
    random = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_groups), each)
    x = random.normal(size=n_groups)[codes] + 0.5 * random.normal(size=n_groups * each)
    index = slope * x + 0.6 * random.normal(size=n_groups)[codes]
    y = (random.uniform(size=len(x)) < special.expit(index)).astype(float)
    return y, np.column_stack((np.ones(len(x)), x)), codes


@pytest.mark.slow
@pytest.mark.parametrize("n_groups", [8, 12])
def test_levels_with_few_clusters(n_groups):
    runs = 1500
    names = ("CR0", "CR2", "CR3", "signs", "webb")
    rejected = dict.fromkeys(names, 0)
    for seed in range(runs):
        y, x, codes = clustered_draw(seed, n_groups)
        fit = logit(y, x)
        assert fit.converged
        b = fit.coefficients[1]
        working = working_fit(y, x, fit.index, logit_moments)
        sums = np.add.reduceat(fit.scores, np.arange(0, len(y), 20), axis=0)
        plain = sandwich(working.xtx_inv, meat(sums))[1, 1]
        rejected["CR0"] += abs(b) > 1.96 * np.sqrt(plain)
        second, third = cr2(working, codes, working.variances), cr3(working, codes, "1")
        for name, made in (("CR2", second), ("CR3", third)):
            bound = special.stdtrit(made.df[1], 0.975)
            rejected[name] += abs(b) > bound * np.sqrt(made.vcov[1, 1])
        null = logit(y, x[:, :1])
        _, first, curvature = logit_terms(y, x[:, 0] * null.coefficients[0])
        scores, hessian = x * first[:, None], gram(x, curvature)
        contrast = np.array([0.0, 1.0])
        signs = score_bootstrap(scores, hessian, codes, contrast, seed=seed)
        webb = score_bootstrap(scores, hessian, codes, contrast, seed=seed, n_draws=999, weights="webb")
        rejected["signs"] += signs.p_ties <= 0.05
        rejected["webb"] += webb.p_strict <= 0.05
    share = {name: count / runs for name, count in rejected.items()}
    # Monte Carlo error of a share of 5 % in 1,500 runs is .0056
    assert share["CR0"] > 0.10
    assert 0.02 < share["CR2"] < 0.075
    assert share["CR3"] < 0.075
    assert share["CR3"] <= share["CR2"] + 0.02
    # the score bootstrap rejects somewhat too often with eight clusters, with Webb's weights more than with signs
    assert 0.02 < share["signs"] < 0.08
    assert 0.02 < share["webb"] < 0.09
