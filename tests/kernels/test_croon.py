"""Croon's correction gives back the factors' moments exactly where the model holds.

EXACT 1e-12: algebra.
"""

from __future__ import annotations

import numpy as np
import pytest

from socialcap.kernels.croon import croon_correction
from socialcap.kernels.scores import bartlett_weights, regression_weights

EXACT = 1e-12


def population(seed: int) -> tuple[np.ndarray, ...]:
    """Loadings (9, 3) with cross-loadings, phi, uniquenesses and the correlations they imply."""
    rng = np.random.default_rng(seed)
    simple = np.kron(np.eye(3), np.ones((3, 1))) * rng.uniform(0.5, 0.8, (9, 1))
    loadings = simple + rng.normal(0, 0.05, (9, 3))
    root = rng.normal(size=(3, 3)) * 0.3 + np.eye(3)
    phi = root @ root.T
    phi /= np.sqrt(np.outer(np.diag(phi), np.diag(phi)))
    common = loadings @ phi @ loadings.T
    uniquenesses = 1.0 - np.diag(common)
    return loadings, phi, uniquenesses, common + np.diag(uniquenesses)


@pytest.mark.parametrize("rule", ["regression", "bartlett", "arbitrary"])
def test_factor_moments_come_back_whatever_the_scores(rule: str) -> None:
    parts = [population(seed) for seed in range(4)]
    loadings, phi, uniquenesses, corr = (np.stack(part) for part in zip(*parts, strict=True))
    weights = {
        "regression": regression_weights(corr, loadings @ phi),
        "bartlett": bartlett_weights(loadings, uniquenesses),
        "arbitrary": loadings + 0.1 * np.random.default_rng(9).normal(size=loadings.shape),
    }[rule]
    covariance = np.swapaxes(weights, -1, -2) @ corr @ weights
    found = croon_correction(covariance, weights, loadings, uniquenesses)
    np.testing.assert_allclose(found.latent_cov, phi, atol=EXACT)
    # a variable x with covariances c with the factors has covariances A'L c with the scores
    with_factors = np.array([0.4, -0.2, 0.1])
    with_scores = np.swapaxes(weights, -1, -2) @ loadings @ with_factors
    recovered = (found.disattenuation @ with_scores[..., None])[..., 0]
    np.testing.assert_allclose(recovered, np.broadcast_to(with_factors, (4, 3)), atol=EXACT)


def test_one_factor_is_croons_formula() -> None:
    """var(eta) = (var(F) - a'Ua) / (a'l)^2 and cov(eta, x) = cov(F, x) / a'l."""
    loading, unique, a = np.array([0.7, 0.6, 0.5]), np.array([0.6, 0.6, 0.7]), np.array([0.5, 0.3, 0.4])
    variance = 0.9
    found = croon_correction(np.array([[variance]]), a[:, None], loading[:, None], unique)
    attenuation = a @ loading
    assert found.latent_cov[0, 0] == pytest.approx((variance - a**2 @ unique) / attenuation**2, abs=EXACT)
    assert found.disattenuation[0, 0] == pytest.approx(1 / attenuation, abs=EXACT)


def test_scores_that_do_not_touch_a_factor_have_no_correction() -> None:
    loadings, _, uniquenesses, corr = population(0)
    weights = loadings.copy()
    weights[:, 1] = weights[:, 0]
    found = croon_correction(weights.T @ corr @ weights, weights, loadings, uniquenesses)
    assert np.isnan(found.latent_cov).all()
    assert np.isnan(found.disattenuation).all()
