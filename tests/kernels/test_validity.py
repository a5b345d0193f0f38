"""AVE, composite reliability, Fornell-Larcker and HTMT against semTools, by hand, and in batches.

Figures that rest on lavaan's estimates compare to 1e-6; those of correlations alone to 1e-10.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels.cfa_ml import fit_ml
from socialcap.kernels.cfa_model import fill_matrices
from socialcap.kernels.cfa_standardized import standardized_solution
from socialcap.kernels.cfa_table import confirmatory_table
from socialcap.kernels.validity import (
    average_variance_extracted,
    composite_reliability,
    composite_reliability_observed,
    fornell_larcker,
    htmt,
    htmt2,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture(scope="module")
def semtools() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / "validity.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def cov(confirmatory) -> np.ndarray:
    return np.array(confirmatory["moments"]["all"]["cov"])


@pytest.fixture(scope="module")
def corr(cov) -> np.ndarray:
    deviation = np.sqrt(np.diag(cov))
    return cov / np.outer(deviation, deviation)


@pytest.fixture(scope="module")
def fit(cov, three_factors):
    return fit_ml(confirmatory_table(three_factors), np.array([301.0]), np.zeros((1, 9)), cov[None])


def test_htmt_is_semtools(semtools, corr, three_factors) -> None:
    np.testing.assert_allclose(htmt(corr, three_factors.T), semtools["htmt_classic"]["values"], atol=1e-10)
    np.testing.assert_allclose(htmt2(corr, three_factors.T), semtools["htmt2"]["values"], atol=1e-10)


def test_ave_and_reliability_are_semtools(semtools, fit, cov) -> None:
    at = fill_matrices(fit.table, fit.estimate)
    loadings, psi = at.loadings[0], np.diag(at.factor_cov[0])
    ave = average_variance_extracted(loadings, np.diag(at.residual_cov[0]), psi)
    np.testing.assert_allclose(ave, list(semtools["ave"].values()), atol=1e-6)
    observed = composite_reliability_observed(loadings, cov, psi)
    np.testing.assert_allclose(observed, list(semtools["omega_cr"].values()), atol=1e-6)


def test_standardised_ave_is_the_mean_squared_loading(fit, three_factors) -> None:
    standard = standardized_solution(fit)
    loadings = fill_matrices(fit.table, standard.estimate).loadings[0]
    ave = average_variance_extracted(loadings, standard.residual_variances[0])
    np.testing.assert_allclose(ave, (loadings**2).sum(0) / 3.0, atol=1e-10)
    # By hand for the first factor: squares .5958, .1794, .3377 of .7719, .4236, .5811.
    assert ave[0] == pytest.approx((0.77188042**2 + 0.42360099**2 + 0.58113232**2) / 3.0, abs=1e-6)


def test_reliability_by_hand() -> None:
    # Three items of loading .8: (2.4)^2 / (2.4^2 + 3 * .36) = 5.76 / 6.84.
    loadings, residual = np.full((3, 1), 0.8), np.full(3, 0.36)
    assert composite_reliability(loadings, residual)[0] == pytest.approx(5.76 / 6.84, abs=1e-12)
    implied = loadings @ loadings.T + np.diag(residual)
    assert composite_reliability_observed(loadings, implied)[0] == pytest.approx(5.76 / 6.84, abs=1e-12)


def test_fornell_larcker_compares_roots_with_correlations() -> None:
    ave = np.array([0.6, 0.3])
    phi = np.array([[1.0, -0.6], [-0.6, 1.0]])
    found = fornell_larcker(ave, phi)
    np.testing.assert_allclose(found.table, [[np.sqrt(0.6), -0.6], [-0.6, np.sqrt(0.3)]])
    assert found.met.tolist() == [True, False]
    np.testing.assert_allclose(found.margin, np.sqrt(ave) - 0.6)


def test_htmt_recovers_the_factor_correlation_of_congeneric_items() -> None:
    # Equal loadings: both ratios are exactly phi. Unequal ones: only HTMT2 still is.
    phi = np.array([[1.0, 0.5], [0.5, 1.0]])
    blocks = np.kron(np.eye(2, dtype=bool), np.ones((1, 3), dtype=bool))
    for loadings, exact in (([0.7] * 6, True), ([0.9, 0.6, 0.3, 0.8, 0.7, 0.4], False)):
        full = np.array(loadings)[:, None] * blocks.T
        corr = full @ phi @ full.T
        np.fill_diagonal(corr, 1.0)
        assert htmt2(corr, blocks)[0, 1] == pytest.approx(0.5, abs=1e-12)
        assert bool(abs(htmt(corr, blocks)[0, 1] - 0.5) < 1e-12) is exact


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_batch_order_and_sign(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = np.kron(np.eye(3, dtype=bool), np.ones((1, 4), dtype=bool))
    rows = rng.normal(size=(3, 50, 3)) @ blocks + rng.normal(size=(3, 50, 12))
    batch = np.stack([np.corrcoef(part, rowvar=False) for part in rows])
    order, sign = rng.permutation(12), rng.choice([-1.0, 1.0], 12)
    for ratio in (htmt, htmt2):
        together = ratio(batch, blocks)
        for one, alone in zip(together, batch, strict=True):
            np.testing.assert_allclose(one, ratio(alone, blocks), atol=1e-13)
        flipped = batch * sign[:, None] * sign
        np.testing.assert_allclose(ratio(flipped, blocks), together, atol=1e-12)
        moved = batch[:, order][:, :, order]
        np.testing.assert_allclose(ratio(moved, blocks[:, order]), together, atol=1e-12)


def test_single_item_and_zero_correlation() -> None:
    corr = np.eye(5) + 0.4 * (1.0 - np.eye(5))
    blocks = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]], dtype=bool)
    for ratio in (htmt, htmt2):
        found = ratio(corr, blocks)
        assert np.isnan(found[0, 2]) and found[2, 2] == 1.0
        assert found[0, 1] == pytest.approx(1.0)
    corr[0, 2] = corr[2, 0] = 0.0
    assert htmt2(corr, blocks)[0, 1] == 0.0


def test_ave_in_batches(fit) -> None:
    at = fill_matrices(fit.table, fit.estimate)
    residual = np.diagonal(at.residual_cov, axis1=1, axis2=2)
    psi = np.diagonal(at.factor_cov, axis1=1, axis2=2)
    many = average_variance_extracted(
        np.repeat(at.loadings, 4, 0), np.repeat(residual, 4, 0), np.repeat(psi, 4, 0)
    )
    assert many.shape == (4, 3)
    np.testing.assert_allclose(many, np.repeat(average_variance_extracted(at.loadings, residual, psi), 4, 0))
