"""Polychoric, polyserial and mixed correlations and their covariance against lavaan, psych and direct
maximisation.

Tolerances: 1e-14 for the bivariate normal (its stated error); 1e-7 against lavaan, whose optimiser stops
there; 5e-5 against psych (R's `optimize`); 1e-7 against scipy's bounded search; 1e-9 between our own routes
to the same number.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from socialcap.kernels import (
    bivariate_normal,
    moments,
    polychoric,
    polychoric_acov,
    polychoric_solver,
    polyserial,
)

GOLDEN_DIR = Path(__file__).resolve().parents[1] / "golden"
GOLDEN = json.loads((GOLDEN_DIR / "correlation.json").read_text())
MATRICES = json.loads((GOLDEN_DIR / "correlation_matrices.json").read_text())["likert_polychoric"]


def _read(name):
    with (GOLDEN_DIR / name).open() as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(v) if v not in ("", "NA") else np.nan for v in row] for row in rows])


@pytest.fixture(scope="module")
def likert():
    return _read("likert.csv").astype(int) - 1


@pytest.fixture(scope="module")
def holed():
    raw = _read("likert_missing.csv")
    return np.where(np.isnan(raw), 0, raw).astype(int) - 1


def _owen(h, k, r):
    """Bivariate normal distribution function by Owen's T (Owen 1956), an independent route."""
    h, k = np.where(h == 0, 1e-15, h), np.where(k == 0, 1e-15, k)
    root = np.sqrt(1 - r * r)
    apart = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    mass = 0.5 * (special.ndtr(h) + special.ndtr(k) - apart)
    return mass - special.owens_t(h, (k - r * h) / (h * root)) - special.owens_t(k, (h - r * k) / (k * root))


@pytest.mark.parametrize(
    "low, high", [(0, 0.3), (0.3, 0.75), (0.75, 0.925), (0.925, 0.999), (0.999, 0.9999999)]
)
def test_bivariate_normal_equals_owen(low, high):
    rng = np.random.default_rng(1)
    h, k = rng.normal(scale=2, size=(2, 20_000))
    k[:5000] = h[:5000] + rng.normal(scale=0.02, size=5000)
    r = rng.uniform(low, high, h.size) * rng.choice([-1, 1], h.size)
    found = bivariate_normal.bivariate_normal_cdf(h, k, r)
    np.testing.assert_allclose(found, _owen(h, k, r), atol=1e-14)


def test_bivariate_normal_closed_forms():
    r = np.linspace(-1, 1, 41)
    found = bivariate_normal.bivariate_normal_cdf(np.zeros(41), np.zeros(41), r)
    np.testing.assert_allclose(found, 0.25 + np.arcsin(r) / (2 * np.pi), atol=1e-15)
    law = stats.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]])
    single = bivariate_normal.bivariate_normal_cdf(np.array(0.3), np.array(-1.1), np.array(0.5))
    assert float(single) == pytest.approx(law.cdf([0.3, -1.1]), abs=1e-7)


def test_derivatives_of_cells_are_those_of_finite_differences():
    rng = np.random.default_rng(2)
    h, k = np.sort(rng.normal(size=(2, 30, 3)), axis=-1)
    r = rng.uniform(-0.95, 0.95, 30)
    step = 1e-5
    up, down = polychoric_solver.cells(h, k, r + step), polychoric_solver.cells(h, k, r - step)
    at = polychoric_solver.cells(h, k, r)
    np.testing.assert_allclose(at[1], (up[0] - down[0]) / (2 * step), atol=1e-6)
    np.testing.assert_allclose(at[2], (up[1] - down[1]) / (2 * step), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(at[0].sum(axis=(1, 2)), 1.0, atol=1e-14)


def test_matrix_equals_lavaan_and_psych(likert):
    found = polychoric.polychoric(likert, (5,) * 12)
    assert found.converged.all() and not found.boundary.any()
    np.testing.assert_allclose(found.corr, MATRICES["corr"], atol=1e-7)
    np.testing.assert_allclose(found.corr, MATRICES["corr_psych"], atol=5e-5)
    margins = np.cumsum(np.bincount(likert[:, 0], minlength=5))[:-1] / 400
    np.testing.assert_allclose(found.thresholds[0], stats.norm.ppf(margins), atol=1e-12)


def _by_search(table):
    """Two-step estimate by bounded scalar search, cell probabilities by Owen's T."""
    n = table.sum()
    cut = [stats.norm.ppf(np.cumsum(table.sum(axis=a))[:-1] / n) for a in (1, 0)]

    def loss(r):
        grid = np.zeros((table.shape[0] + 1, table.shape[1] + 1))
        grid[1:-1, 1:-1] = _owen(cut[0][:, None], cut[1][None, :], r)
        grid[1:-1, -1], grid[-1, 1:-1], grid[-1, -1] = special.ndtr(cut[0]), special.ndtr(cut[1]), 1
        cell = np.diff(np.diff(grid, axis=0), axis=1)
        return -np.sum(table * np.log(np.maximum(cell, 1e-300)))

    return optimize.minimize_scalar(
        loss, bounds=(-0.999, 0.999), method="bounded", options={"xatol": 1e-10}
    ).x


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rho=st.floats(-0.95, 0.95),
    sizes=st.tuples(st.integers(2, 6), st.integers(2, 6)),
)
def test_any_table_has_the_searched_maximum(seed, rho, sizes):
    rng = np.random.default_rng(seed)
    z = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 300)
    cuts = [
        np.quantile(z[:, j], np.linspace(0, 1, sizes[j] + 1)[1:-1] ** rng.uniform(0.6, 1.6)) for j in (0, 1)
    ]
    codes = np.column_stack([np.searchsorted(cuts[j], z[:, j]) for j in (0, 1)])
    found = polychoric.polychoric(codes, sizes)
    assert found.converged.all()
    if not found.boundary[0, 1]:
        table = moments.crosstabs(codes, sizes).table[0, : sizes[0], 1, : sizes[1]]
        # the search by function values alone resolves the root of the rounding error
        assert found.corr[0, 1] == pytest.approx(_by_search(table), abs=2e-6)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(12, 60), c=st.integers(2, 7), rho=st.floats(-0.98, 0.98))
def test_sparse_tables_end_at_the_highest_likelihood(seed, n, c, rho):
    rng = np.random.default_rng(seed)
    z = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)
    codes = np.column_stack([np.searchsorted(np.sort(rng.normal(size=c - 1)), z[:, j]) for j in (0, 1)])
    found = polychoric.polychoric(codes, (c, c))
    assert found.converged.all()
    if np.isnan(found.corr[0, 1]):
        assert min(np.unique(codes[:, j]).size for j in (0, 1)) == 1
        return
    table = moments.crosstabs(codes, (c, c)).table[0, :, 1, :]
    h, k = np.clip(found.thresholds, -12, 12)

    def loglik(r):
        cell = polychoric_solver.cells(h[None], k[None], np.array([r]))[0][0]
        return (table * np.log(np.maximum(cell, 1e-18)))[table > 0].sum()

    best = max(loglik(r) for r in np.linspace(-0.9999, 0.9999, 201))
    assert loglik(found.corr[0, 1]) > best - 1e-8


def test_fourfold_table_with_even_margins_has_the_sine_formula():
    codes = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [35, 15, 15, 35], axis=0)
    found = polychoric.polychoric(codes, (2, 2))
    assert found.corr[0, 1] == pytest.approx(np.sin(2 * np.pi * (0.35 - 0.25)), abs=1e-12)


def test_empty_cell_by_each_named_rule():
    codes = np.repeat([[0, 0], [1, 0], [1, 1]], [40, 20, 40], axis=0)
    none = polychoric.polychoric(codes, (2, 2))
    assert none.corr[0, 1] == pytest.approx(0.998, abs=5e-4) and none.boundary[0, 1]
    assert none.empty[0, 1] == 1
    moved = polychoric.polychoric(codes, (2, 2), empty="add_half")
    assert moved.corr[0, 1] == pytest.approx(GOLDEN["empty_cell"]["lavaan"], abs=1e-7)
    assert not moved.boundary[0, 1]
    filled = polychoric.polychoric(codes, (2, 2), empty="fill_half")
    table = np.array([[40, 0.5], [20, 40]])
    assert filled.corr[0, 1] == pytest.approx(_by_search(table), abs=1e-7)
    assert filled.corr[0, 1] == pytest.approx(0.940, abs=5e-4)


@pytest.mark.parametrize("empty", ["none", "add_half", "fill_half"])
def test_rules_leave_full_tables_alone_and_mirror_with_the_sign(likert, empty):
    pair = np.searchsorted([2, 3], likert[:, :2], side="right")
    plain = polychoric.polychoric(pair, (3, 3))
    assert plain.empty[0, 1] == 0
    assert polychoric.polychoric(pair, (3, 3), empty=empty).corr[0, 1] == plain.corr[0, 1]
    codes = np.repeat([[0, 1], [1, 1], [1, 0]], [40, 20, 40], axis=0)
    mirrored = np.column_stack((codes[:, 0], 1 - codes[:, 1]))
    left = polychoric.polychoric(codes, (2, 2), empty=empty).corr[0, 1]
    assert left == pytest.approx(-polychoric.polychoric(mirrored, (2, 2), empty=empty).corr[0, 1], abs=1e-10)


def test_repeated_item_goes_to_the_boundary_and_constant_item_has_no_correlation(likert):
    codes = np.column_stack((likert[:, 0], likert[:, 0], 4 - likert[:, 0], np.zeros(400, dtype=int)))
    found = polychoric.polychoric(codes, (5, 5, 5, 5))
    assert found.corr[0, 1] == pytest.approx(0.9999, abs=1e-6)
    assert found.corr[0, 2] == pytest.approx(-0.9999, abs=1e-6)
    assert found.boundary[0, 1] and found.boundary[0, 2]
    assert np.isnan(found.corr[3]).all()


def test_batches_weights_and_missing_values_share_one_path(likert, holed):
    counts = np.random.default_rng(3).multinomial(400, np.full(400, 1 / 400), size=3).astype(float)
    codes = likert[:, :4]
    tabs = moments.crosstabs_replicates(codes, (5,) * 4, counts)
    batch = polychoric.polychoric_from_crosstabs(tabs)
    for b in range(3):
        rows = np.repeat(codes, counts[b].astype(int), axis=0)
        np.testing.assert_allclose(batch.corr[b], polychoric.polychoric(rows, (5,) * 4).corr, atol=1e-10)
        np.testing.assert_allclose(
            polychoric.polychoric(codes, (5,) * 4, counts[b]).corr, batch.corr[b], atol=1e-10
        )
    pairwise = polychoric.polychoric(holed, (5,) * 4)
    np.testing.assert_allclose(pairwise.corr, GOLDEN["gamma_missing"]["corr"], atol=1e-7)


def test_fewer_categories_are_padded(likert):
    codes = np.column_stack((likert[:, 0], likert[:, 1] // 2, likert[:, 2] // 3))
    together = polychoric.polychoric(codes, (5, 3, 2)).corr
    alone = polychoric.polychoric(codes[:, 1:], (3, 2)).corr[0, 1]
    assert together[1, 2] == pytest.approx(alone, abs=1e-12)


def test_many_categories_come_near_pearson():
    rng = np.random.default_rng(4)
    z = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 20_000)
    codes = np.searchsorted(np.linspace(-2.6, 2.6, 19), z)
    # two estimators of one correlation: they part by a fraction of its standard error of .0045
    found = polychoric.polychoric(codes, (20, 20)).corr[0, 1]
    assert found == pytest.approx(np.corrcoef(z, rowvar=False)[0, 1], abs=0.003)


@pytest.mark.parametrize("name", ["gamma", "gamma_missing"])
def test_sampling_covariance_equals_lavaan(name, likert, holed):
    codes = likert[:, :4] if name == "gamma" else holed
    found = polychoric_acov.polychoric_acov(codes, (5,) * 4)
    assert GOLDEN[name]["names"][:5] == ["q1|t1", "q1|t2", "q1|t3", "q1|t4", "q2|t1"]
    assert GOLDEN[name]["names"][16:] == ["q1~~q2", "q1~~q3", "q1~~q4", "q2~~q3", "q2~~q4", "q3~~q4"]
    np.testing.assert_allclose(found.nacov, GOLDEN[name]["nacov"], atol=1e-7)


def test_scores_are_derivatives_and_vanish_in_sum(likert):
    codes = likert[:, :3]
    estimates = polychoric.polychoric(codes, (5,) * 3)
    parts = polychoric_acov.polychoric_scores(codes, (5,) * 3, estimates)
    np.testing.assert_allclose(parts.scores.sum(axis=0), 0.0, atol=1e-7)

    def pair_loglik(tau, r):
        corner = bivariate_normal.cdf_grid(np.array([tau]), estimates.thresholds[1][None], np.array([r]))[0]
        grid = np.zeros((6, 6))
        grid[1:-1, 1:-1], grid[1:-1, -1] = corner, special.ndtr(tau)
        grid[-1, 1:-1], grid[-1, -1] = special.ndtr(estimates.thresholds[1]), 1
        return np.log(np.diff(np.diff(grid, axis=0), axis=1))[codes[:, 0], codes[:, 1]]

    tau, r = estimates.thresholds[0], estimates.corr[0, 1]
    step = 1e-5
    slope = (pair_loglik(tau, r + step) - pair_loglik(tau, r - step)) / (2 * step)
    np.testing.assert_allclose(parts.scores[:, 12], slope, atol=1e-6)
    for t in range(4):
        nudge = np.eye(4)[t] * step
        in_cut = (pair_loglik(tau + nudge, r) - pair_loglik(tau - nudge, r)) / (2 * step)
        assert parts.bread[12, t] == pytest.approx(slope @ in_cut, rel=1e-5, abs=1e-4)


def test_sampling_covariance_is_that_of_the_jackknife():
    n, corr = 2000, np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1]])
    z = np.random.default_rng(11).multivariate_normal(np.zeros(3), corr, n)
    codes = np.searchsorted([-0.6, 0.5], z)
    found = polychoric_acov.polychoric_acov(codes, (3,) * 3)
    left = polychoric.polychoric_from_crosstabs(
        moments.crosstabs_replicates(codes, (3,) * 3, 1.0 - np.eye(n))
    )
    estimates = np.column_stack((left.thresholds.reshape(n, -1), left.corr[:, *np.triu_indices(3, 1)]))
    gap = estimates - estimates.mean(axis=0)
    jackknife = (n - 1.0) * gap.T @ gap
    # entries are of order 1; products of scores estimate second derivatives to within n^-1/2 of that
    np.testing.assert_allclose(jackknife, found.nacov, atol=0.1)


def test_polyserial_and_mixed_equal_lavaan():
    data = _read("mixed.csv")
    found = polyserial.mixed(data[:, :2], data[:, 2:].astype(int) - 1, (5, 5, 5))
    golden = np.array(GOLDEN["mixed"]["lavaan"])
    # lavaan ends at .494 for v and q5, a point of lower likelihood (501.187 against 500.830): left to the
    # search below
    golden[1, 4] = golden[4, 1] = found[1, 4]
    np.testing.assert_allclose(found, golden, atol=1e-7)


def test_polyserial_has_the_searched_maximum():
    data = _read("mixed.csv")
    codes = data[:, 4].astype(int) - 1
    z = (data[:, 1] - data[:, 1].mean()) / data[:, 1].std()
    cut = np.concatenate(([-np.inf], stats.norm.ppf(np.cumsum(np.bincount(codes))[:-1] / 400), [np.inf]))

    def loss(r):
        root = np.sqrt(1 - r * r)
        mass = stats.norm.cdf((cut[codes + 1] - r * z) / root) - stats.norm.cdf((cut[codes] - r * z) / root)
        return -np.log(np.maximum(mass, 1e-300)).sum()

    best = optimize.minimize_scalar(loss, bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-10}).x
    found = polyserial.polyserial(data[:, 1:2], codes[:, None], (5,))
    assert found[0, 0] == pytest.approx(best, abs=1e-6)


def test_polyserial_batches_weights_missing_and_constants():
    data = _read("mixed.csv")
    x, codes = data[:, :2].copy(), data[:, 2:].astype(int) - 1
    counts = np.random.default_rng(5).multinomial(400, np.full(400, 1 / 400), size=2).astype(float)
    batch = polyserial.polyserial(np.stack((x, x)), np.stack((codes, codes)), (5,) * 3, counts)
    for b in range(2):
        rows = np.repeat(np.arange(400), counts[b].astype(int))
        single = polyserial.polyserial(x[rows], codes[rows], (5,) * 3)
        np.testing.assert_allclose(batch[b], single, atol=1e-9)
    x[:50, 0] = np.nan
    holed = polyserial.polyserial(x[:, :1], np.where(np.arange(400)[:, None] < 50, -1, codes), (5,) * 3)
    alone = polyserial.polyserial(x[50:, :1], codes[50:], (5,) * 3)
    np.testing.assert_allclose(holed, alone, atol=1e-9)
    constant = polyserial.polyserial(np.full((400, 1), 0.1), codes, (5,) * 3)
    assert np.isnan(constant).all()
    one_category = polyserial.polyserial(x[50:], np.zeros((350, 1), dtype=int), (2,))
    assert np.isnan(one_category).all()


@pytest.mark.slow
def test_standard_errors_are_those_of_repeated_samples():
    rng = np.random.default_rng(6)
    corr = np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1]])
    z = rng.multivariate_normal(np.zeros(3), corr, (1500, 300))
    codes = np.searchsorted([-1.0, 0.2, 1.1], z)
    found = polychoric.polychoric(codes, (4,) * 3)
    spread = found.corr[:, *np.triu_indices(3, 1)].std(axis=0)
    stated = [
        np.sqrt(np.diagonal(polychoric_acov.polychoric_acov(sample, (4,) * 3).nacov)[-3:] / 300)
        for sample in codes[:200]
    ]
    # the spread of 1,500 estimates is known to 2 %
    np.testing.assert_allclose(np.mean(stated, axis=0), spread, rtol=0.07)
    # estimates are centred on the population within four standard errors of their mean
    gap = found.corr[:, *np.triu_indices(3, 1)].mean(axis=0) - corr[np.triu_indices(3, 1)]
    assert np.all(np.abs(gap) < 4 * spread / np.sqrt(1500) + 0.002)
