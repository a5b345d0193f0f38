"""Order, sign and Procrustes: what was moved can be found again, and everything moves together.

Tolerances. EXACT 1e-10: algebra; SEARCH 1e-6: minima found by iteration, against independent optimisers.
"""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes

from socialcap.kernels import FloatArray, alignment, rotation

EXACT, SEARCH = 1e-10, 1e-6
seeds = st.integers(0, 10_000)


def solution(seed: int, k: int = 3, *batch: int) -> tuple[FloatArray, FloatArray]:
    """Loadings (..., 12, k) and a positive definite phi (..., k, k)."""
    rng = np.random.default_rng(seed)
    loadings = rng.uniform(-0.3, 0.9, (*batch, 12, k))
    root = np.eye(k) + 0.3 * rng.standard_normal((*batch, k, k))
    phi = root @ np.swapaxes(root, -1, -2)
    spread = np.sqrt(np.diagonal(phi, axis1=-2, axis2=-1))
    return loadings, phi / (spread[..., :, None] * spread[..., None, :])


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_order_and_sign_keep_the_solution_and_fix_its_form(seed: int) -> None:
    loadings, phi = solution(seed, 4)
    weights = np.random.default_rng(seed).standard_normal((12, 4))
    transform = np.linalg.cholesky(phi).T
    found = alignment.order_and_sign(loadings, phi, transform=transform, weights=weights)
    variance = alignment.factor_variance(found.loadings, found.phi)
    assert (np.diff(variance) <= EXACT).all()
    assert (found.loadings.sum(axis=0) >= 0).all()
    np.testing.assert_allclose(found.structure, found.loadings @ found.phi, rtol=0, atol=EXACT)
    np.testing.assert_allclose(found.transform.T @ found.transform, found.phi, rtol=0, atol=EXACT)
    reproduced = loadings @ phi @ loadings.T
    np.testing.assert_allclose(found.loadings @ found.structure.T, reproduced, rtol=0, atol=EXACT)
    np.testing.assert_allclose(np.sum(variance), np.trace(reproduced), rtol=0, atol=EXACT)
    np.testing.assert_array_equal(found.weights, weights[:, found.order] * found.signs)
    again = alignment.order_and_sign(found.loadings, found.phi)
    np.testing.assert_array_equal(again.order, np.arange(4))
    np.testing.assert_array_equal(again.signs, 1.0)


def test_a_column_that_sums_to_zero_keeps_its_sign() -> None:
    found = alignment.order_and_sign(np.array([[0.9, 0.5], [0.9, -0.5]]))
    np.testing.assert_array_equal(found.signs, [1.0, 1.0])
    np.testing.assert_array_equal(found.phi, np.eye(2))


@given(seed=seeds, k=st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_match_undoes_permutation_and_reflection(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    loadings, phi = solution(seed, k)
    order, signs = rng.permutation(k), rng.choice([-1.0, 1.0], k)
    moved = alignment.move(loadings, phi, order, signs)
    found = alignment.align(moved.loadings, loadings, moved.phi)
    np.testing.assert_allclose(found.loadings, loadings, rtol=0, atol=EXACT)
    np.testing.assert_allclose(found.phi, phi, rtol=0, atol=EXACT)


@given(seed=seeds, k=st.sampled_from([2, 4, 7]))
@settings(max_examples=20, deadline=None)
def test_assignment_is_the_best_of_all(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    loadings, reference = rng.standard_normal((9, k)), rng.standard_normal((9, k))
    order, _ = alignment.match(loadings, reference)
    agreement = np.abs(alignment.congruence(loadings, reference))
    columns = np.arange(k)
    best = max(agreement[list(p), columns].sum() for p in itertools.permutations(range(k)))
    assert abs(agreement[order, columns].sum() - best) < EXACT


def test_greedy_assignment_would_fail_where_ours_does_not() -> None:
    # the largest single congruence (.91) belongs to a pairing that is worse in sum
    reference = np.eye(3)[:, :2]
    loadings = np.array([[0.9, 0.8], [0.4, 0.05], [0.1, 0.59]])
    order, _ = alignment.match(loadings, reference)
    agreement = np.abs(alignment.congruence(loadings, reference))
    assert np.argmax(agreement) == 0
    totals = [agreement[0, 0] + agreement[1, 1], agreement[1, 0] + agreement[0, 1]]
    assert totals[1] > totals[0]
    np.testing.assert_array_equal(order, [1, 0])


def test_congruence_is_tuckers() -> None:
    x, y = np.array([[0.8], [0.6], [0.1]]), np.array([[0.7], [0.7], [-0.2]])
    expected = (0.56 + 0.42 - 0.02) / np.sqrt(1.01 * 1.02)
    assert abs(alignment.congruence(x, y)[0, 0] - expected) < EXACT
    assert alignment.congruence(np.zeros((3, 1)), y)[0, 0] == 0.0


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_orthogonal_procrustes_is_that_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    batch, reference = rng.standard_normal((5, 8, 3)), rng.standard_normal((8, 3))
    found = alignment.procrustes_rotation(batch, reference)
    for ours, loadings in zip(found, batch, strict=True):
        np.testing.assert_allclose(ours, orthogonal_procrustes(loadings, reference)[0], rtol=0, atol=1e-9)


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_oblique_procrustes_recovers_a_turned_solution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    loadings, phi = solution(seed)
    axes = np.eye(3) + 0.2 * rng.standard_normal((3, 3))
    axes = np.linalg.cholesky(phi).T @ axes
    axes = axes / np.sqrt(np.sum(axes**2, axis=0))
    plain = loadings @ np.linalg.cholesky(phi)
    turned, turned_phi, _ = rotation.rotated(plain, axes, oblique=True)
    found, found_phi = alignment.procrustes_oblique(turned, turned_phi, loadings)
    np.testing.assert_allclose(found, loadings, rtol=0, atol=SEARCH)
    np.testing.assert_allclose(found_phi, phi, rtol=0, atol=SEARCH)


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_oblique_procrustes_keeps_the_reproduced_correlations(seed: int) -> None:
    loadings, phi = solution(seed, 3, 4)
    reference, _ = solution(seed + 1)
    found, found_phi = alignment.procrustes_oblique(loadings, phi, reference)
    before = loadings @ phi @ np.swapaxes(loadings, -1, -2)
    np.testing.assert_allclose(found @ found_phi @ np.swapaxes(found, -1, -2), before, rtol=0, atol=1e-7)
    np.testing.assert_allclose(np.diagonal(found_phi, axis1=-2, axis2=-1), 1.0, rtol=0, atol=EXACT)
    closest = np.sum((found - reference) ** 2, axis=(-2, -1))
    assert (closest <= np.sum((loadings - reference) ** 2, axis=(-2, -1)) + EXACT).all()


def test_batch_of_one_equals_batch_of_many() -> None:
    loadings, phi = solution(1, 4, 2, 3)
    together = alignment.order_and_sign(loadings, phi)
    matched_together = alignment.align(loadings, loadings[0, 0], phi)
    for i in np.ndindex(2, 3):
        alone = alignment.order_and_sign(loadings[i], phi[i])
        np.testing.assert_array_equal(together.loadings[i], alone.loadings)
        np.testing.assert_array_equal(together.phi[i], alone.phi)
        single = alignment.align(loadings[i], loadings[0, 0], phi[i])
        np.testing.assert_array_equal(matched_together.loadings[i], single.loadings)
