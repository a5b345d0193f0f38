"""Number of factors: each rule against psych, its published formula written out plainly, and known
populations.

Tolerances: 1e-8 for eigenvalues and MAP; 1e-3 for chi-square of minres and 1e-4 for VSS, since psych's
optimiser stops about 1e-5 short in the loadings; 1e-6 for ML chi-square. Simulated eigenvalues are compared
within Monte Carlo error.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from socialcap.kernels import (
    comparison_data,
    moments,
    parallel_analysis,
    polychoric,
    polychoric_null,
    retention,
)
from socialcap.kernels.correlation import average_ranks, pearson

GOLDEN_DIR = Path(__file__).resolve().parents[1] / "golden"
GOLDEN = json.loads((GOLDEN_DIR / "correlation.json").read_text())
MATRICES = json.loads((GOLDEN_DIR / "correlation_matrices.json").read_text())
HARMAN = np.array(MATRICES["harman74"]["corr"])
SETS = sorted(MATRICES)


def simple_structure(k, per_factor, loading, n, seed, cuts=None):
    """Rows of `k` uncorrelated factors with `per_factor` items each; coded 0, 1, ... where cuts are given."""
    rng = np.random.default_rng(seed)
    loadings = np.kron(np.eye(k), np.full((per_factor, 1), loading))
    noise = rng.normal(size=(n, k * per_factor)) * np.sqrt(1 - loading**2)
    x = rng.normal(size=(n, k)) @ loadings.T + noise
    return x if cuts is None else np.searchsorted(cuts, x)


@pytest.mark.parametrize("name", SETS)
def test_eigenvalues_and_map_equal_psych(name):
    golden = MATRICES[name]
    corr = np.array(golden["corr"])
    np.testing.assert_allclose(retention.eigenvalues(corr), golden["eigenvalues"], atol=1e-8)
    found = retention.minimum_average_partial(corr)
    golden_map = golden["map"][: corr.shape[0] - 1]
    np.testing.assert_allclose(found.squared[1 : len(golden_map) + 1], golden_map, atol=1e-8)


def test_map_is_the_mean_of_partial_correlations():
    found = retention.minimum_average_partial(HARMAN)
    values, vectors = np.linalg.eigh(HARMAN)
    for m in (0, 1, 5):
        loadings = vectors[:, ::-1][:, :m] * np.sqrt(values[::-1][:m])
        residual = HARMAN - loadings @ loadings.T
        scale = np.sqrt(np.diagonal(residual))
        partial = (residual / scale / scale[:, None])[np.triu_indices(24, 1)]
        assert found.squared[m] == pytest.approx(np.mean(partial**2), rel=1e-10)
        assert found.fourth[m] == pytest.approx(np.mean(partial**4), rel=1e-10)
    assert int(found.n_squared) == 4 == int(np.argmin(found.squared))
    assert int(found.n_fourth) == int(np.argmin(found.fourth))


@pytest.mark.parametrize("extraction, tolerance", [("ml", 1e-6), ("minres", 1e-3)])
@pytest.mark.parametrize("name", SETS)
def test_chi_square_and_bic_equal_psych(name, extraction, tolerance):
    golden = MATRICES[name]
    k = golden["n_factors"]
    fits = retention.factor_fits(np.array(golden["corr"]), golden["n_obs"], k, extraction)
    assert fits.converged.all()
    assert int(fits.df[k]) == golden[extraction]["df"]
    assert fits.chi2[k] == pytest.approx(golden[extraction]["chi2"], abs=tolerance)
    assert fits.bic[k] == pytest.approx(golden[extraction]["bic"], abs=tolerance)
    assert fits.chi2[0] == pytest.approx(golden["bartlett"]["chi2"], rel=1e-8)


def test_fit_series_equals_psych_and_its_formulas():
    fits = retention.factor_fits(HARMAN, 145, 6)
    np.testing.assert_allclose(fits.chi2[1:], GOLDEN["vss"]["chi2"][:6], atol=1e-3)
    np.testing.assert_allclose(fits.sabic[1:], GOLDEN["vss"]["sabic"][:6], atol=1e-3)
    np.testing.assert_allclose(fits.bic[1:], GOLDEN["vss"]["bic"][:6], atol=1e-3)
    plain = fits.chi2 / (144 - 53 / 6 - 2 * np.arange(7) / 3) * 144
    excess = np.maximum(plain - fits.df, 0)
    np.testing.assert_allclose(fits.noncentrality, plain - fits.df, rtol=1e-10)
    np.testing.assert_allclose(fits.rmsea, np.sqrt(excess / (fits.df * 144)), rtol=1e-12)
    np.testing.assert_allclose(fits.cfi, 1 - excess / excess[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(fits.p, stats.chi2.sf(fits.chi2, fits.df), rtol=1e-6)


def test_vss_equals_psych():
    found = retention.very_simple_structure(HARMAN, 6, diagonal=True)
    np.testing.assert_allclose(found.one, GOLDEN["vss"]["one"][:6], atol=1e-4)
    np.testing.assert_allclose(found.two[1:], GOLDEN["vss"]["two"][1:6], atol=1e-4)
    assert found.two[0] == found.one[0]
    x = simple_structure(3, 5, 0.8, 2000, seed=1)
    assert int(retention.very_simple_structure(pearson(x), 6).n_one) == 3


def test_largest_factor_number_is_ledermann():
    assert [retention.largest_factor_number(p) for p in (3, 4, 5, 6, 9, 24)] == [0, 1, 2, 2, 5, 17]
    for p in range(4, 40):
        bound = (2 * p + 1 - np.sqrt(8 * p + 1)) / 2
        assert retention.largest_factor_number(p) == int(np.ceil(bound)) - 1


def test_kaiser_and_empirical_kaiser():
    values = retention.eigenvalues(HARMAN)
    assert int(retention.kaiser(values)) == int((np.array(MATRICES["harman74"]["eigenvalues"]) > 1).sum())
    found = retention.empirical_kaiser(values, 145)
    for j in range(24):
        expected = (24 - values[:j].sum()) / (24 - j) * (1 + np.sqrt(24 / 145)) ** 2
        assert found.reference[j] == pytest.approx(max(expected, 1.0), rel=1e-12)
    kept = 0
    while values[kept] > found.reference[kept]:
        kept += 1
    assert int(found.n_factors) == kept
    batch = retention.empirical_kaiser(np.stack((values, np.ones(24))), 145)
    assert batch.n_factors.tolist() == [kept, 0]


def test_leading_count_stops_at_the_first_gap():
    above = np.array([[1, 1, 0, 1], [0, 1, 1, 1], [1, 1, 1, 1]], dtype=bool)
    assert retention.leading_count(above).tolist() == [2, 0, 4]


def _fits(fit, df):
    zeros = np.zeros(len(fit))
    values = np.array(fit) - fit[0]
    return retention.FactorFits(
        np.array(df), zeros, zeros, zeros, zeros, 1 - values, values, 1 - values, values, zeros == 0
    )


@pytest.mark.parametrize("index", ["cfi", "caf", "rmsea"])
def test_hull_on_a_drawn_curve(index):
    # df 10 8 6 4 2: rises .5, .3, (.02), .05, .01 per step; 3 lies under the line from 2 to 4 and drops out
    found = retention.hull(_fits([0.0, 0.5, 0.8, 0.82, 0.87, 0.86], [10, 8, 6, 4, 2, 0]), index)
    assert found.n_factors == 2
    assert found.st[1] == pytest.approx(0.5 / 0.3)
    assert found.st[2] == pytest.approx(0.3 / 2 / (0.07 / 4))
    assert np.isnan(found.st[[0, 3, 4, 5]]).all()


def test_hull_without_a_bend_says_so():
    assert retention.hull(_fits([0.2, 0.5], [3, 1])).n_factors == -1


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(3, 12))
def test_hull_keeps_the_vertices_of_the_upper_convex_hull(seed, size):
    rng = np.random.default_rng(seed)
    fit, df = np.sort(rng.uniform(size=size)), np.sort(rng.choice(200, size, replace=False))[::-1]
    found = retention.hull(_fits(fit, df))
    points = np.column_stack((-df.astype(float), fit))
    expected = {
        k
        for k in range(1, size - 1)
        if all(
            np.linalg.det(np.array([points[j] - points[i], points[k] - points[i]])) > 0
            for i in range(k)
            for j in range(k + 1, size)
        )
    }
    assert set(np.flatnonzero(np.isfinite(found.st))) == expected
    assert np.all(found.st[sorted(expected)] > 1)


def test_wishart_null_has_the_moments_of_sample_correlations():
    corr = parallel_analysis.wishart_correlations(np.random.default_rng(21), 4000, 50, 5)
    off = corr[:, *np.triu_indices(5, 1)]
    # var(r) = 1/(n - 1) under independence (exact); 40,000 correlated values: 2 %
    assert off.var() == pytest.approx(1 / 49, rel=0.03)
    assert abs(off.mean()) < 4 / np.sqrt(49 * 40_000)
    drawn = np.random.default_rng(2).normal(size=(4000, 50, 5))
    by_data = retention.eigenvalues(pearson(drawn)).mean(axis=0)
    np.testing.assert_allclose(retention.eigenvalues(corr).mean(axis=0), by_data, atol=0.012)
    assert stats.kstest(off[:, 0] * np.sqrt(48 / (1 - off[:, 0] ** 2)), stats.t(48).cdf).pvalue > 1e-3


def test_parallel_analysis_equals_psych_within_simulation_error():
    null = list(parallel_analysis.normal_null(np.random.default_rng(3), 2000, 145, 24))
    found = parallel_analysis.parallel_analysis(HARMAN, iter(null), ("components", "one_factor"))
    golden = GOLDEN["parallel"]
    # standard error of a mean of 2,000 largest eigenvalues (SD .09): .002 on each side
    np.testing.assert_allclose(found["components"].mean, golden["components_mean"], atol=0.012)
    np.testing.assert_allclose(found["one_factor"].mean, golden["factors_mean"], atol=0.02)
    np.testing.assert_allclose(found["one_factor"].observed, golden["factors_observed"], atol=1e-4)
    assert found["components"].n_factors == golden["n_components"]
    assert found["one_factor"].n_factors == golden["n_factors"]
    assert found["components"].n_sets == 2000
    simulated = np.concatenate([retention.eigenvalues(block) for block in null])
    np.testing.assert_allclose(
        found["components"].reference, np.quantile(simulated, 0.95, axis=0), rtol=1e-12
    )


def test_reduced_diagonals_are_the_named_communalities():
    smc = 1 - 1 / np.diagonal(np.linalg.inv(HARMAN))
    reduced = HARMAN - np.eye(24) + np.diag(smc)
    expected = np.linalg.eigvalsh(reduced)[::-1]
    np.testing.assert_allclose(parallel_analysis.reduced_eigenvalues(HARMAN, "smc"), expected, atol=1e-10)
    assert parallel_analysis.reduced_eigenvalues(HARMAN, "components").sum() == pytest.approx(24)


def test_mean_and_percentile_are_both_offered():
    observed = np.array([2.0, 1.1, 0.5])
    simulated = np.array([[1.0, 1.0, 0.4], [1.5, 1.15, 0.3], [1.9, 1.0, 0.1], [1.2, 1.05, 0.2]])
    by_mean = parallel_analysis.compare(observed, simulated, None)
    assert by_mean.n_factors == 3
    by_percentile = parallel_analysis.compare(observed, simulated, 100.0)
    assert by_percentile.n_factors == 1
    np.testing.assert_array_equal(by_percentile.reference, simulated.max(axis=0))


def test_sets_do_not_depend_on_how_many_follow():
    few = next(parallel_analysis.normal_null(np.random.default_rng(5), 250, 100, 6))
    many = next(parallel_analysis.normal_null(np.random.default_rng(5), 1000, 100, 6))
    np.testing.assert_array_equal(few, many)
    sizes = [len(block) for block in parallel_analysis.normal_null(np.random.default_rng(5), 600, 100, 6)]
    assert sizes == [250, 250, 100]


def test_fewer_rows_than_items_are_drawn_as_data():
    block = next(parallel_analysis.normal_null(np.random.default_rng(6), 20, 8, 10))
    values = retention.eigenvalues(block)
    assert np.all(values[:, 7:] < 1e-10) and np.allclose(values.sum(axis=1), 10)


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_permuted_sets_are_correlations_of_shuffled_columns(kind):
    x = np.exp(simple_structure(2, 3, 0.7, 60, seed=8))
    block = next(parallel_analysis.permutation_null(np.random.default_rng(9), 40, x, kind))
    shuffled = np.random.default_rng(9).spawn(1)[0].permuted(np.broadcast_to(x, (40, *x.shape)), axis=1)
    values = average_ranks(shuffled) if kind == "spearman" else shuffled
    np.testing.assert_allclose(block, pearson(values), atol=1e-12)


def test_permuted_polychorics_equal_the_general_solver():
    codes = simple_structure(2, 3, 0.7, 80, seed=10, cuts=[-1.0, 0.0, 0.4, 1.2])
    codes[:, 2] = np.minimum(codes[:, 2], 1)
    codes[::9, 0] = -1
    n_categories = (5, 5, 2, 5, 5, 5)
    block = next(parallel_analysis.polychoric_null(np.random.default_rng(11), 50, codes, n_categories))
    shuffled = (
        np.random.default_rng(11)
        .spawn(1)[0]
        .permuted(np.broadcast_to(codes.astype(np.int8), (50, *codes.shape)), axis=1)
    )
    expected = polychoric.polychoric(shuffled, n_categories).corr
    np.testing.assert_allclose(block, expected, atol=1e-8)


def test_fixed_margins_hand_strong_correlations_to_the_general_solver():
    codes = simple_structure(1, 4, 0.9, 300, seed=12, cuts=[-0.5, 0.7])
    tabs = moments.crosstabs(codes[None], (3,) * 4)
    margins = polychoric_null.FixedMargins(tabs.margins()[0])
    expected = polychoric.polychoric_from_crosstabs(tabs).corr
    assert expected[0][np.triu_indices(4, 1)].min() > margins.reach
    np.testing.assert_allclose(margins.polychoric(tabs), expected, atol=1e-9)


def test_rare_categories_are_left_to_the_general_solver_where_the_series_fails():
    codes = simple_structure(2, 2, 0.6, 3000, seed=22, cuts=[-3.3, -3.0, 0.5])
    block = next(parallel_analysis.polychoric_null(np.random.default_rng(23), 20, codes, (4,) * 4))
    margins = polychoric_null.FixedMargins(moments.crosstabs(codes, (4,) * 4).margins(), reach=0.95)
    assert not margins.resolved.all()
    shuffled = np.random.default_rng(23).spawn(1)[0]
    shuffled = shuffled.permuted(np.broadcast_to(codes.astype(np.int8), (20, *codes.shape)), axis=1)
    tabs = moments.crosstabs(shuffled, (4,) * 4)
    expected = polychoric.polychoric_from_crosstabs(tabs).corr
    np.testing.assert_allclose(margins.polychoric(tabs), expected, atol=1e-8)
    np.testing.assert_allclose(block, expected, atol=1e-8)


def test_constant_item_stays_undefined_in_permuted_polychorics():
    codes = simple_structure(1, 3, 0.6, 50, seed=13, cuts=[0.0])
    codes[:, 1] = 0
    block = next(parallel_analysis.polychoric_null(np.random.default_rng(14), 3, codes, (2, 2, 2)))
    assert np.isnan(block[:, 1]).all() and np.isfinite(block[:, 0, 2]).all()


def test_mann_whitney_equals_scipy():
    rng = np.random.default_rng(15)
    a, b = rng.normal(size=60).round(1), rng.normal(0.3, 1, 45).round(1)
    expected = stats.mannwhitneyu(a, b, alternative="less", method="asymptotic").pvalue
    assert comparison_data.mann_whitney_less(a, b) == pytest.approx(expected, rel=1e-10)
    assert comparison_data.mann_whitney_less(np.ones(5), np.ones(6)) == 1.0


def test_population_keeps_margins_and_correlations():
    x = simple_structure(2, 4, 0.7, 300, seed=16, cuts=[-1.0, 0.0, 1.5]).astype(float)
    target = pearson(x)
    population, fit = comparison_data.generate_population(np.random.default_rng(17), x, target, 2, 10_000)
    reached = pearson(population)
    lower = np.tril_indices(8, -1)
    assert fit == pytest.approx(np.sqrt(np.mean((reached - target)[lower] ** 2)), rel=1e-10)
    # two factors leave the sampling error of n = 300 beyond what they can carry
    assert fit < 0.05
    shares = [(population == v).mean(axis=0) for v in range(4)]
    np.testing.assert_allclose(shares, [(x == v).mean(axis=0) for v in range(4)], atol=0.025)


def test_comparison_data_are_eigenvalues_of_samples_of_the_population():
    x = simple_structure(2, 4, 0.7, 120, seed=21, cuts=[-1.0, 0.0, 1.5]).astype(float)
    found = comparison_data.comparison_data(np.random.default_rng(22), x, most=1, n_samples=150)
    child = np.random.default_rng(22).spawn(1)[0]
    population, _ = comparison_data.generate_population(child, x, pearson(x), 1, 10_000)
    observed = np.linalg.eigvalsh(pearson(x))
    # drawn in hundreds
    rows = np.concatenate([child.integers(0, 10_000, (size, 120)) for size in (100, 50)])
    gaps = [np.linalg.eigvalsh(np.corrcoef(population[drawn], rowvar=False)) - observed for drawn in rows]
    np.testing.assert_allclose(found.rmsr[0], np.sqrt(np.mean(np.square(gaps), axis=1)), rtol=1e-10)


def test_comparison_data_finds_three_factors_and_repeats_itself():
    x = simple_structure(3, 5, 0.7, 300, seed=18, cuts=[-1.0, 0.0, 0.8]).astype(float)
    first = comparison_data.comparison_data(np.random.default_rng(19), x, n_samples=200)
    again = comparison_data.comparison_data(np.random.default_rng(19), x, n_samples=200)
    assert first.n_factors == 3
    assert first.rmsr.shape == (4, 200) and first.p_values.shape == (3,)
    np.testing.assert_array_equal(first.rmsr, again.rmsr)


def test_many_matrices_give_what_each_gives_alone():
    other = pearson(simple_structure(4, 6, 0.6, 145, seed=20))
    both = np.stack((HARMAN, other))
    fits, structure = retention.factor_fits(both, 145, 3), retention.very_simple_structure(both, 3)
    partial = retention.minimum_average_partial(both)
    for b, corr in enumerate(both):
        alone = retention.factor_fits(corr, 145, 3)
        for field in ("chi2", "p", "bic", "sabic", "rmsea", "cfi", "caf", "noncentrality"):
            np.testing.assert_allclose(getattr(fits, field)[b], getattr(alone, field), rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(structure.two[b], retention.very_simple_structure(corr, 3).two, atol=1e-6)
        np.testing.assert_allclose(
            partial.squared[b], retention.minimum_average_partial(corr).squared, rtol=1e-10
        )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_and_signs_of_items_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    order, signs = rng.permutation(24), rng.choice([-1.0, 1.0], 24)
    other = (signs[:, None] * HARMAN * signs)[np.ix_(order, order)]
    partial = retention.minimum_average_partial(np.stack((HARMAN, other)))
    np.testing.assert_allclose(partial.squared[0, :20], partial.squared[1, :20], rtol=1e-8)
    for reduction in ("components", "smc"):
        values = parallel_analysis.reduced_eigenvalues(np.stack((HARMAN, other)), reduction)
        np.testing.assert_allclose(values[0], values[1], atol=1e-10)


@pytest.mark.slow
def test_rules_find_the_right_number_in_samples():
    hits = {"components": 0, "smc": 0, "map": 0, "ekc": 0, "hull": 0}
    samples = 60
    for seed in range(samples):
        x = simple_structure(4, 5, 0.7, 200, seed=100 + seed)
        corr = pearson(x)
        null = parallel_analysis.normal_null(np.random.default_rng(seed), 250, 200, 20)
        found = parallel_analysis.parallel_analysis(corr, null, ("components", "smc"))
        hits["components"] += found["components"].n_factors == 4
        hits["smc"] += found["smc"].n_factors == 4
        hits["map"] += int(retention.minimum_average_partial(corr).n_squared) == 4
        hits["ekc"] += int(retention.empirical_kaiser(retention.eigenvalues(corr), 200).n_factors) == 4
        hits["hull"] += retention.hull(retention.factor_fits(corr, 200, 7), "cfi").n_factors == 4
    # strong simple structure at n = 200: published hit rates of all five are near 1
    assert min(hits.values()) >= 0.9 * samples, hits


@pytest.mark.slow
def test_polychoric_parallel_analysis_finds_the_right_number():
    hits = 0
    for seed in range(20):
        codes = simple_structure(3, 5, 0.7, 250, seed=200 + seed, cuts=[-0.5, 0.6, 1.2, 2.0])
        corr = polychoric.polychoric(codes, (5,) * 15).corr
        null = parallel_analysis.polychoric_null(np.random.default_rng(seed), 250, codes, (5,) * 15)
        hits += parallel_analysis.parallel_analysis(corr, null)["components"].n_factors == 3
    assert hits >= 18


@pytest.mark.slow
def test_no_factor_is_found_in_independent_items():
    found = 0
    for seed in range(200):
        corr = pearson(np.random.default_rng(300 + seed).normal(size=(150, 10)))
        null = parallel_analysis.normal_null(np.random.default_rng(seed), 250, 150, 10)
        found += parallel_analysis.parallel_analysis(corr, null)["components"].n_factors > 0
    # the first eigenvalue passes its 95th percentile in one sample of twenty: four standard errors are .062
    assert found / 200 < 0.05 + 0.062
