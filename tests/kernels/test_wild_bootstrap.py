"""Wild cluster bootstrap against its definition row by row, pyfixest's enumeration, and exact p-values.

Tolerances: p-values of enumerations are shares of 2^G and must be equal; statistics 1e-9 relative, as the
sums of squares are differences of larger terms; interval ends 1e-8 of a standard error, the halving's own
precision.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels import ols, sandwich, wild_bootstrap
from socialcap.kernels.wild_bootstrap import score_bootstrap, wild_cluster_bootstrap

from .linear_data import petersen, uneven


def small(seed=0, n=60, n_groups=7, k=3):
    random = np.random.default_rng(seed)
    clusters = np.sort(random.integers(0, n_groups, size=n))
    clusters[:n_groups] = np.arange(n_groups)
    x = np.column_stack(
        (np.ones(n), random.normal(size=(n, k - 1)) + 0.7 * random.normal(size=n_groups)[clusters, None])
    )
    y = x @ random.normal(size=k) * 0.4 + random.normal(size=n) + random.normal(size=n_groups)[clusters]
    return x, y, clusters


def by_definition(x, y, clusters, contrast, value, signs, weights=None):
    """t of the sample and of each row of `signs`: restricted fit, new outcomes, refitted, CR1, one by one."""
    fit = ols.fit_ols(x, y, weights)

    def t(outcome):
        one = ols.fit_ols(x, outcome, weights)
        vcov = sandwich.cluster_robust(one, clusters, "CR1").vcov
        return float((contrast @ one.coefficients - value) / np.sqrt(contrast @ vcov @ contrast))

    gap = contrast @ fit.coefficients - value
    ray = fit.xtx_inv @ contrast
    restricted = x @ (fit.coefficients - ray * gap / (contrast @ ray))
    codes = np.unique(clusters, return_inverse=True)[1]
    return t(y), np.array([t(restricted + (y - restricted) * v[codes]) for v in signs])


def test_petersen_by_year_has_the_exact_p_value():
    data = petersen()
    found = wild_cluster_bootstrap(ols.fit_ols(data.x, data.y), data.year, np.array([1.0, 0.0]), seed=1)
    assert found.enumerated and found.n_clusters == 10 and len(found.t_draws) == 1024
    assert found.p_strict == 222 / 1024 == 0.216796875
    # the sample's own signs and their opposite are draws too
    assert found.p_ties == 224 / 1024
    assert found.std_error == pytest.approx(0.023387, abs=5e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_draws_are_those_of_the_definition(weighted):
    x, y, clusters = small()
    weights = np.random.default_rng(1).uniform(0.5, 2.0, size=60) if weighted else None
    contrast = np.array([0.0, 1.0, -0.5])
    found = wild_cluster_bootstrap(ols.fit_ols(x, y, weights), clusters, contrast, seed=1, value=0.3)
    signs = np.array(list(product([-1.0, 1.0], repeat=7)))
    t, draws = by_definition(x, y, clusters, contrast, 0.3, signs, weights)
    assert found.t == pytest.approx(t, rel=1e-10)
    np.testing.assert_allclose(np.sort(found.t_draws), np.sort(draws), rtol=1e-9, atol=1e-9)
    assert found.p_strict == np.mean(np.abs(draws) > abs(t) * (1 + 1e-8))
    assert found.p_ties == np.mean(np.abs(draws) >= abs(t) * (1 - 1e-8))


def test_counts_stand_for_rows_written_out():
    x, y, clusters = small(3)
    counts = np.random.default_rng(2).integers(1, 4, size=60)
    rows = np.repeat(np.arange(60), counts)
    contrast = np.array([0.0, 1.0, 0.0])
    short = wild_cluster_bootstrap(ols.fit_ols(x, y, counts=counts.astype(float)), clusters, contrast, seed=1)
    long = wild_cluster_bootstrap(ols.fit_ols(x[rows], y[rows]), clusters[rows], contrast, seed=1)
    assert (short.t, short.p_strict) == pytest.approx((long.t, long.p_strict), rel=1e-9)
    np.testing.assert_allclose(short.t_draws, long.t_draws, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
def test_enumerated_p_value_equals_pyfixest(seed):
    import pandas as pd
    import pyfixest

    x, y, clusters = small(seed)
    frame = pd.DataFrame({"y": y, "a": x[:, 1], "b": x[:, 2], "g": clusters})
    other = pyfixest.feols("y ~ a + b", frame, vcov={"CRV1": "g"}).wildboottest(
        param="a", cluster="g", reps=9999
    )
    found = wild_cluster_bootstrap(ols.fit_ols(x, y), clusters, np.array([0.0, 1.0, 0.0]), seed=1)
    assert found.t == pytest.approx(float(np.squeeze(other["t value"])), rel=1e-8)
    # pyfixest compares without a tolerance, so that the two ties may fall either way
    p = float(np.squeeze(other["Pr(>|t|)"]))
    assert found.p_strict - 1e-12 <= p <= found.p_ties + 1e-12


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["strict", "counted"]))
def test_interval_holds_what_the_test_does_not_reject(seed, ties):
    x, y, clusters = small(seed % 1000, n_groups=8)
    fit, contrast = ols.fit_ols(x, y), np.array([0.0, 1.0, 0.0])

    def p(value):
        found = wild_cluster_bootstrap(fit, clusters, contrast, seed=1, value=value)
        return found.p_strict if ties == "strict" else found.p_ties

    found = wild_cluster_bootstrap(fit, clusters, contrast, seed=1, ties=ties)
    step = 1e-6 * found.std_error
    for end, outward in ((found.ci_low, -step), (found.ci_high, step)):
        assert np.isfinite(end)
        assert p(end - outward) > 0.05 >= p(end + outward)
    assert found.ci_low < found.estimate < found.ci_high


def test_with_few_clusters_and_ties_counted_nothing_can_be_rejected():
    x, y, clusters = small(5, n_groups=5)
    found = wild_cluster_bootstrap(
        ols.fit_ols(x, y), clusters, np.array([0.0, 1.0, 0.0]), seed=1, ties="counted"
    )
    # the least p-value of 32 sign vectors is 2 / 32
    assert (found.ci_low, found.ci_high) == (-np.inf, np.inf)
    assert found.p_ties >= 2 / 32


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_multipliers_have_mean_zero_variance_one_and_their_values(weights):
    data = petersen()
    plan = wild_bootstrap._plan(data.firm, 3, 4000, weights)
    drawn = np.concatenate(list(plan.multipliers()), axis=1)
    assert drawn.shape == (500, 4000) and not plan.enumerated
    values, counts = np.unique(drawn, return_counts=True)
    expected = {"rademacher": [1.0], "webb": [0.5, 1.0, 1.5]}[weights]
    np.testing.assert_allclose(values**2, expected[::-1] + expected, rtol=1e-15)
    # two million draws: shares within five standard errors
    np.testing.assert_allclose(counts / drawn.size, 1 / len(values), atol=5 * np.sqrt(0.25 / drawn.size))
    assert abs(drawn.mean()) < 5 / np.sqrt(drawn.size)
    neighbours = np.corrcoef(drawn[:12])[np.triu_indices(12, 1)]
    assert np.abs(neighbours).max() < 5 / np.sqrt(4000)


def test_random_draws_depend_on_the_seed_and_their_number_alone(monkeypatch):
    data = uneven()
    fit, contrast = ols.fit_ols(data.x, data.y), np.array([0.0, 1.0, 0.0])

    def draws(seed, n_draws=600, weights="rademacher"):
        return wild_cluster_bootstrap(
            fit, data.firm, contrast, seed=seed, n_draws=n_draws, weights=weights
        ).t_draws

    first = {weights: draws(4, weights=weights) for weights in ("rademacher", "webb")}
    assert not np.array_equal(first["webb"], draws(5, weights="webb"))
    np.testing.assert_allclose(draws(4, n_draws=250), first["rademacher"][:250], rtol=1e-12)
    monkeypatch.setattr(wild_bootstrap, "_CHUNK_CELLS", 40 * 70)
    for weights, before in first.items():
        np.testing.assert_allclose(draws(4, weights=weights), before, rtol=1e-10)


def test_random_and_enumerated_signs_agree():
    x, y, clusters = small(2, n_groups=11)
    fit, contrast = ols.fit_ols(x, y), np.array([0.0, 1.0, 0.0])
    exact = wild_cluster_bootstrap(fit, clusters, contrast, seed=1)
    drawn = wild_cluster_bootstrap(fit, clusters, contrast, seed=1, n_draws=2000)
    webb = wild_cluster_bootstrap(fit, clusters, contrast, seed=1, n_draws=40_000, weights="webb")
    assert exact.enumerated and not drawn.enumerated and not webb.enumerated
    assert drawn.p_strict == pytest.approx(exact.p_strict, abs=4 * np.sqrt(0.25 / 2000))
    # Webb's weights are another distribution of the same first two moments
    assert webb.p_strict == pytest.approx(exact.p_strict, abs=0.05)


def test_absorbed_levels_nested_in_the_clusters_give_the_draws_of_their_indicators():
    x, y, clusters = small(6, n_groups=8)
    level = 2 * clusters + np.arange(60) % 2
    within = ols.fit_fixed_effects(x[:, 1:], y, (level,))
    full = ols.fit_ols(np.column_stack((x[:, 1:], np.equal.outer(level, np.unique(level)).astype(float))), y)
    a = wild_cluster_bootstrap(within, clusters, np.array([1.0, 0.0]), seed=1)
    b = wild_cluster_bootstrap(full, clusters, np.eye(full.x.shape[1])[0], seed=1)
    assert (a.t, a.p_strict) == pytest.approx((b.t, b.p_strict), rel=1e-9)
    assert (a.ci_low, a.ci_high) == pytest.approx((b.ci_low, b.ci_high), abs=1e-8 * a.std_error)


def test_score_bootstrap_of_a_linear_model_multiplies_the_restricted_scores():
    x, y, clusters = small(4)
    restricted = ols.fit_ols(x[:, [0, 2]], y)
    scores = x * restricted.residuals[:, None]
    found = score_bootstrap(scores, -x.T @ x, clusters, np.array([0.0, 1.0, 0.0]), seed=1)
    ray = np.linalg.inv(x.T @ x)[1]
    parts = np.array([(scores[clusters == g] @ ray).sum() for g in np.unique(clusters)])
    signs = np.array(list(product([-1.0, 1.0], repeat=7)))
    drawn = signs * parts
    t = drawn.sum(axis=1) / np.sqrt(((drawn - drawn.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    np.testing.assert_allclose(np.sort(found.t_draws), np.sort(t), rtol=1e-9, atol=1e-12)
    assert found.t == pytest.approx(t[-1], rel=1e-10)
    assert np.sign(found.t) == np.sign(ols.fit_ols(x, y).coefficients[1])
    assert found.p_strict == np.mean(np.abs(t) > abs(t[-1]) * (1 + 1e-8))
    assert found.p_ties == np.mean(np.abs(t) >= abs(t[-1]) * (1 - 1e-8))


@pytest.mark.slow
def test_level_is_held_with_eight_clusters_where_cr0_fails():
    runs, n, n_groups = 2000, 80, 8
    rejected = {"wild": 0, "webb": 0, "CR0": 0}
    clusters = np.repeat(np.arange(n_groups), n // n_groups)
    for seed in range(runs):
        random = np.random.default_rng(seed)
        x = np.column_stack(
            (np.ones(n), random.normal(size=n_groups)[clusters] + 0.5 * random.normal(size=n))
        )
        y = random.normal(size=n_groups)[clusters] + random.normal(size=n)
        fit, contrast = ols.fit_ols(x, y), np.array([0.0, 1.0])
        rejected["wild"] += wild_cluster_bootstrap(fit, clusters, contrast, seed=seed).p_ties <= 0.05
        webb = wild_cluster_bootstrap(fit, clusters, contrast, seed=seed, n_draws=999, weights="webb")
        rejected["webb"] += webb.p_strict <= 0.05
        variance = sandwich.cluster_robust(fit, clusters, "CR0").vcov[1, 1]
        rejected["CR0"] += abs(fit.coefficients[1]) > 1.96 * np.sqrt(variance)
    # Monte Carlo error of a share of 5 % in 2,000 runs is .005
    assert 0.03 < rejected["wild"] / runs < 0.07
    assert 0.03 < rejected["webb"] / runs < 0.075
    assert rejected["CR0"] / runs > 0.12
