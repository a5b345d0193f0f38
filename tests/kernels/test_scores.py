"""Factor scores: weights of psych, and the covariances that each method promises.

Tolerances. WEIGHTS 1e-6 against psych's `factor.scores` on the same loadings (twelve digits in the golden
file). EXACT 1e-10: algebra.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels import FloatArray, alignment, extraction, rotation, scores

from .factor_golden import factor_data, golden, labelled_matrix, matched

WEIGHTS, EXACT = 1e-6, 1e-10
PSYCH = golden("reliability.json")["oblique_scores"]


def all_weights(
    corr: FloatArray, loadings: FloatArray, phi: FloatArray, psi: FloatArray
) -> dict[str, FloatArray]:
    return {
        "regression": scores.regression_weights(corr, loadings @ phi),
        "bartlett": scores.bartlett_weights(loadings, psi),
        "anderson": scores.anderson_rubin_weights(corr, loadings, psi),
        "tenberge": scores.ten_berge_weights(corr, loadings, phi),
    }


def solution(seed: int, oblique: bool) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    corr = np.corrcoef(factor_data(400, seed, per_factor=4, k=3).T)
    found = extraction.minres(corr, 3)
    turned = rotation.oblimin(found.loadings) if oblique else rotation.varimax(found.loadings)
    return corr, turned.loadings, turned.phi, found.uniquenesses


@pytest.mark.parametrize("method", ["regression", "bartlett", "anderson", "tenberge"])
def test_oblique_weights_equal_psych(method: str) -> None:
    corr = labelled_matrix("harman74_correlation.csv")
    loadings, phi = np.array(PSYCH["loadings"]), np.array(PSYCH["phi"])
    psi = 1.0 - np.sum(loadings * (loadings @ phi), axis=1)
    ours = all_weights(corr, loadings, phi, psi)[method]
    np.testing.assert_allclose(ours, PSYCH["weights"][method], rtol=0, atol=WEIGHTS)


def test_determinacy_equals_psych() -> None:
    corr = labelled_matrix("harman74_correlation.csv")
    loadings, phi = np.array(PSYCH["loadings"]), np.array(PSYCH["phi"])
    weights = scores.regression_weights(corr, loadings @ phi)
    found = scores.determinacy(corr, loadings @ phi, weights)
    np.testing.assert_allclose(found.r_squared, PSYCH["r2"], rtol=0, atol=WEIGHTS)
    np.testing.assert_allclose(found.minimum, 2 * found.r**2 - 1, rtol=0, atol=EXACT)
    np.testing.assert_allclose(found.validity, found.r, rtol=0, atol=EXACT)


@given(seed=st.integers(0, 10_000), oblique=st.booleans())
@settings(max_examples=20, deadline=None)
def test_covariances_are_what_each_method_promises(seed: int, oblique: bool) -> None:
    corr, loadings, phi, psi = solution(seed, oblique)
    weights = all_weights(corr, loadings, phi, psi)
    covariance = {name: w.T @ corr @ w for name, w in weights.items()}
    structure = loadings @ phi
    eye = np.eye(3)
    expected = structure.T @ np.linalg.solve(corr, structure)
    np.testing.assert_allclose(covariance["regression"], expected, rtol=0, atol=EXACT)
    np.testing.assert_allclose(covariance["anderson"], eye, rtol=0, atol=1e-9)
    np.testing.assert_allclose(covariance["tenberge"], phi, rtol=0, atol=1e-9)
    np.testing.assert_allclose(weights["bartlett"].T @ loadings, eye, rtol=0, atol=1e-9)
    # under the model itself Bartlett scores are the factors plus error of variance (L'U^-1 L)^-1
    model = loadings @ phi @ loadings.T + np.diag(psi)
    error = np.linalg.inv(loadings.T @ (loadings / psi[:, None]))
    np.testing.assert_allclose(weights["bartlett"].T @ model @ weights["bartlett"], phi + error, atol=1e-8)


@given(seed=st.integers(0, 10_000), oblique=st.booleans())
@settings(max_examples=15, deadline=None)
def test_no_scores_are_more_valid_than_regression_scores(seed: int, oblique: bool) -> None:
    corr, loadings, phi, psi = solution(seed, oblique)
    structure = loadings @ phi
    for weights in all_weights(corr, loadings, phi, psi).values():
        found = scores.determinacy(corr, structure, weights)
        assert (found.validity <= found.r + EXACT).all()


def test_batch_of_one_equals_batch_of_many() -> None:
    parts = [solution(seed, True) for seed in range(4)]
    corr, loadings, phi, psi = (np.stack([part[i] for part in parts]) for i in range(4))
    together = all_weights(corr, loadings, phi, psi)
    for i, part in enumerate(parts):
        for name, alone in all_weights(*part).items():
            np.testing.assert_allclose(together[name][i], alone, rtol=0, atol=1e-9)
    correlations = scores.score_correlations(corr, together["tenberge"])
    np.testing.assert_allclose(correlations, phi, rtol=0, atol=1e-9)


def test_weights_move_with_their_factors() -> None:
    corr, loadings, phi, _ = solution(2, True)
    weights = scores.regression_weights(corr, loadings @ phi)
    moved = alignment.order_and_sign(loadings, phi, weights=weights)
    np.testing.assert_allclose(
        moved.weights, scores.regression_weights(corr, moved.structure), rtol=0, atol=EXACT
    )


@pytest.mark.parametrize("method", ["regression", "bartlett", "anderson", "tenberge"])
def test_orthogonal_weights_equal_psych_on_its_own_solution(method: str) -> None:
    reference = golden("holzinger_swineford_efa.json")
    loadings = np.array(reference["minres_varimax"]["loadings"]["values"])
    corr = np.array(golden("correlation_matrices.json")["holzinger_swineford"]["corr"])
    psi = 1.0 - np.sum(loadings**2, axis=1)
    theirs = np.array(reference[f"weights_{method}"]["values"])
    ours = all_weights(corr, loadings, np.eye(3), psi)[method]
    np.testing.assert_allclose(matched(ours, theirs), theirs, rtol=0, atol=WEIGHTS)
