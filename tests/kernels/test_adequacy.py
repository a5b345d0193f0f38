"""Adequacy of correlation matrices against psych, factor_analyzer, regressions, and closed forms.

Tolerances: 1e-8 against psych's printed digits (12 significant); 1e-12 against closed forms.
"""

import json
from pathlib import Path

import factor_analyzer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from socialcap.kernels import adequacy

GOLDEN = json.loads((Path(__file__).resolve().parents[1] / "golden/correlation_matrices.json").read_text())
SETS = sorted(GOLDEN)


@pytest.mark.parametrize("name", SETS)
def test_kmo_equals_psych(name):
    golden = GOLDEN[name]
    found = adequacy.kmo(np.array(golden["corr"]))
    assert float(found.overall) == pytest.approx(golden["kmo"], abs=1e-8)
    np.testing.assert_allclose(found.items, golden["kmo_items"], atol=1e-8)


@pytest.mark.parametrize("name", SETS)
def test_bartlett_equals_psych(name):
    golden = GOLDEN[name]
    found = adequacy.bartlett_sphericity(np.array(golden["corr"]), golden["n_obs"])
    assert found.df == golden["bartlett"]["df"]
    assert float(found.chi2) == pytest.approx(golden["bartlett"]["chi2"], rel=1e-8)
    assert float(found.p) == pytest.approx(stats.chi2.sf(golden["bartlett"]["chi2"], found.df), rel=1e-6)


def test_kmo_and_bartlett_equal_factor_analyzer():
    x = np.random.default_rng(5).normal(size=(120, 6)) @ np.random.default_rng(6).normal(size=(6, 6))
    corr = np.corrcoef(x, rowvar=False)
    items, overall = factor_analyzer.calculate_kmo(x)
    found = adequacy.kmo(corr)
    np.testing.assert_allclose(found.items, items, atol=1e-10)
    assert float(found.overall) == pytest.approx(overall, abs=1e-10)
    chi2, p_value = factor_analyzer.calculate_bartlett_sphericity(x)
    test = adequacy.bartlett_sphericity(corr, 120)
    assert float(test.chi2) == pytest.approx(chi2, rel=1e-10)
    assert float(test.p) == pytest.approx(p_value, rel=1e-6, abs=1e-300)


def test_partial_correlations_are_those_of_regression_residuals():
    x = np.random.default_rng(3).normal(size=(80, 5)) @ np.random.default_rng(4).normal(size=(5, 5))
    partial = adequacy.partial_correlations(np.corrcoef(x, rowvar=False))
    others = np.column_stack((np.ones(80), x[:, 2:]))
    left = x[:, 0] - others @ np.linalg.lstsq(others, x[:, 0], rcond=None)[0]
    right = x[:, 1] - others @ np.linalg.lstsq(others, x[:, 1], rcond=None)[0]
    assert partial[0, 1] == pytest.approx(np.corrcoef(left, right)[0, 1], abs=1e-12)


def test_equicorrelated_items_have_the_closed_form():
    p, r = 6, 0.4
    corr = np.full((p, p), r) + (1 - r) * np.eye(p)
    partial = r / (1 + (p - 2) * r)
    expected = r**2 / (r**2 + partial**2)
    found = adequacy.kmo(corr)
    np.testing.assert_allclose(found.items, expected, atol=1e-12)
    assert float(found.overall) == pytest.approx(expected, abs=1e-12)
    determinant = (1 - r) ** (p - 1) * (1 + (p - 1) * r)
    assert float(adequacy.determinant(corr)) == pytest.approx(determinant, abs=1e-12)
    summary = adequacy.inter_item(corr)
    assert (float(summary.mean), float(summary.minimum), float(summary.maximum)) == pytest.approx((r, r, r))
    assert float(summary.std) == pytest.approx(0.0, abs=1e-12)


def test_anti_image_is_the_covariance_of_what_regressions_leave():
    corr = np.array(GOLDEN["ability"]["corr"])
    found = adequacy.anti_image(corr)
    unexplained = [1 - _r_squared(corr, j) for j in range(6)]
    np.testing.assert_allclose(np.diagonal(found.covariance), unexplained, atol=1e-12)
    scale = np.sqrt(unexplained)
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(
        found.correlation[off], (found.covariance / scale / scale[:, None])[off], atol=1e-12
    )
    np.testing.assert_allclose(np.diagonal(found.correlation), adequacy.kmo(corr).items, atol=1e-14)


def _r_squared(corr, j):
    rest = np.delete(np.arange(corr.shape[0]), j)
    return corr[j, rest] @ np.linalg.solve(corr[np.ix_(rest, rest)], corr[rest, j])


def test_unrelated_items_have_no_kmo_and_no_sphericity_to_reject():
    found = adequacy.kmo(np.eye(4))
    assert np.isnan(found.overall) and np.isnan(found.items).all()
    test = adequacy.bartlett_sphericity(np.eye(4), 50)
    assert float(test.chi2) == 0.0 and float(test.p) == 1.0


def test_singular_matrix_is_rejected_with_infinite_chi_square():
    test = adequacy.bartlett_sphericity(np.ones((3, 3)), 50)
    assert float(test.chi2) == np.inf and float(test.p) == 0.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(3, 8))
def test_order_signs_and_batches_do_not_matter(seed, p):
    rng = np.random.default_rng(seed)
    corr = np.corrcoef(rng.normal(size=(40, p)) @ rng.normal(size=(p, p)), rowvar=False)
    order, signs = rng.permutation(p), rng.choice([-1.0, 1.0], p)
    other = (signs[:, None] * corr * signs)[np.ix_(order, order)]
    batch = adequacy.kmo(np.stack((corr, other)))
    np.testing.assert_allclose(batch.items[1], batch.items[0][order], rtol=1e-6)
    assert float(batch.overall[0]) == pytest.approx(float(adequacy.kmo(corr).overall), rel=1e-12)
    chi2 = adequacy.bartlett_sphericity(np.stack((corr, other)), 40).chi2
    assert chi2[0] == pytest.approx(chi2[1], rel=1e-8)
    assert np.all(batch.items > 0) and np.all(batch.items < 1)
