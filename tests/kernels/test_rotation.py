"""Rotations against GPArotation run to a tight stop, plane geometry, finite differences and properties.

Tolerances. TIGHT 1e-6: `rotations.json` was made by `make_rotations.R` with GPArotation at eps 1e-8 from
recorded unrotated loadings, best of five starts. PSYCH 1e-4 (`*_efa.json`): psych's minres and R's stopping
rule, which costs varimax more (see R_VARIMAX). EXACT 1e-10: identities. FINITE 1e-6: central differences with
step 1e-6.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels import FloatArray, extraction, rotation, rotation_criteria

from .factor_golden import golden, matched, reference_sets

TIGHT, PSYCH, EXACT, FINITE = 1e-6, 1e-4, 1e-10, 1e-6
R_VARIMAX = {"holzinger": 1e-3, "harman74": 1e-4, "ability": 3.1e-3, "likert": 6e-4}
TARGETS = golden("rotations.json")
SETS = reference_sets()

CRITERIA = {
    "quartimax": rotation_criteria.orthomax(0.0),
    "varimax": rotation_criteria.orthomax(1.0),
    "equamax": rotation_criteria.orthomax(1.5),
    "crawford_ferguson": rotation_criteria.crawford_ferguson(0.3),
    "quartimin": rotation_criteria.oblimin(0.0),
    "oblimin": rotation_criteria.oblimin(-0.7),
    "geomin": rotation_criteria.geomin(0.01),
    "bentler": rotation_criteria.bentler(),
    "target": rotation_criteria.target(np.where(np.arange(24).reshape(8, 3) % 5 == 0, np.nan, 0.2)),
}


def rng_loadings(seed: int, *shape: int) -> FloatArray:
    return np.random.default_rng(seed).uniform(-0.7, 0.9, shape)


def turn(name: str, a: FloatArray) -> rotation.Rotation:
    rng = np.random.default_rng(5)
    k = a.shape[-1]
    more = {"random_starts": 20, "rng": rng}
    zeros = np.where(
        np.array(TARGETS["harman74" if len(a) == 24 else "ability"]["target_zeros"]), 0.0, np.nan
    )
    rotations = {
        "varimax": lambda: rotation.varimax(a, kaiser=False),
        "varimax_kaiser": lambda: rotation.varimax(a),
        "quartimax": lambda: rotation.quartimax(a, kaiser=False),
        "equamax": lambda: rotation.equamax(a, kaiser=False),
        "quartimin": lambda: rotation.oblimin(a, **more),
        "oblimin_kaiser": lambda: rotation.oblimin(a, kaiser=True, **more),
        "oblimin_minus_half": lambda: rotation.oblimin(a, -0.5, **more),
        "geomin": lambda: rotation.geomin(a, **more),
        "geomin_orthogonal": lambda: rotation.geomin(a, oblique=False, **more),
        "bentler": lambda: rotation.gradient_projection(a, CRITERIA["bentler"], oblique=True, **more),
        "target": lambda: rotation.target(a, zeros, **more),
        "promax_plain": lambda: rotation.promax(a, target_rows="plain"),
    }
    found = rotations[name]()
    assert found.transform.shape == (k, k)
    return found


@pytest.mark.parametrize("data", ["harman74", "ability"])
@pytest.mark.parametrize(
    "name", [key for key in TARGETS["harman74"] if key not in ("unrotated", "target_zeros")]
)
def test_rotation_equals_the_tight_reference(data: str, name: str) -> None:
    reference = TARGETS[data]
    theirs = np.array(reference[name]["loadings"])
    ours = turn(name, np.array(reference["unrotated"]))
    assert ours.converged
    assert np.abs(matched(ours.loadings, theirs) - theirs).max() < TIGHT
    if reference[name]["phi"]:
        lower = np.abs(ours.phi[np.tril_indices(len(ours.phi), -1)])
        expected = np.abs(np.array(reference[name]["phi"])[np.tril_indices(len(ours.phi), -1)])
        np.testing.assert_allclose(np.sort(lower), np.sort(expected), rtol=0, atol=TIGHT)


@pytest.mark.parametrize("data", SETS)
def test_minres_rotations_equal_psych(data: str) -> None:
    corr, reference = SETS[data]
    unrotated = extraction.minres(corr, reference["n_factors"]).loadings
    oblique = np.array(reference["minres_oblimin"]["loadings"]["values"])
    ours = rotation.oblimin(unrotated)
    assert np.abs(matched(ours.loadings, oblique) - oblique).max() < PSYCH
    orthogonal = np.array(reference["minres_varimax"]["loadings"]["values"])
    turned = rotation.varimax(unrotated)
    assert np.abs(matched(turned.loadings, orthogonal) - orthogonal).max() < R_VARIMAX[data]
    scaled = orthogonal / rotation.kaiser_weights(orthogonal)
    assert turned.criterion <= CRITERIA["varimax"](scaled)[0] + 1e-8


@pytest.mark.parametrize("name", CRITERIA)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_gradient_equals_finite_differences(name: str, seed: int) -> None:
    loadings = rng_loadings(seed, 8, 3)
    _, gradient = CRITERIA[name](loadings)
    step = 1e-6
    shifts = step * np.eye(24).reshape(24, 8, 3)
    up, down = CRITERIA[name](loadings + shifts)[0], CRITERIA[name](loadings - shifts)[0]
    assert np.abs((up - down) / (2 * step) - gradient.ravel()).max() < FINITE * (1 + np.abs(gradient).max())


@pytest.mark.parametrize("gamma", [0.0, 1.0, 1.5])
@pytest.mark.parametrize("kaiser", [False, True])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=6, deadline=None)
def test_plane_rotations_end_where_no_gradient_is_left(gamma: float, kaiser: bool, seed: int) -> None:
    a = rng_loadings(seed, 9, 3)
    planes = rotation.orthomax(a, gamma, kaiser=kaiser)
    further = rotation.gradient_projection(
        a, rotation_criteria.orthomax(gamma), oblique=False, kaiser=kaiser, start=planes.transform
    )
    assert planes.converged and further.converged
    assert abs(planes.criterion - further.criterion) < EXACT
    np.testing.assert_allclose(planes.loadings, further.loadings, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["varimax_kaiser", "quartimin", "oblimin_kaiser", "geomin", "promax_plain", "target"]
)
def test_parts_belong_together(name: str) -> None:
    a = np.array(TARGETS["harman74"]["unrotated"])
    found = turn(name, a)
    np.testing.assert_allclose(found.structure, found.loadings @ found.phi, rtol=0, atol=EXACT)
    np.testing.assert_allclose(found.structure, a @ found.transform, rtol=0, atol=EXACT)
    np.testing.assert_allclose(found.phi, found.transform.T @ found.transform, rtol=0, atol=EXACT)
    np.testing.assert_allclose(np.diag(found.phi), 1.0, rtol=0, atol=EXACT)
    np.testing.assert_allclose(found.loadings @ found.phi @ found.loadings.T, a @ a.T, rtol=0, atol=EXACT)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_reproduced_correlations_do_not_depend_on_rotation(seed: int) -> None:
    a = rng_loadings(seed, 10, 3) * 0.6
    for found in (rotation.varimax(a), rotation.promax(a), rotation.oblimin(a, -0.5), rotation.equamax(a)):
        np.testing.assert_allclose(found.loadings @ found.structure.T, a @ a.T, rtol=0, atol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_order_and_sign_of_items_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.kron(np.eye(3), np.ones((3, 1))) * rng.uniform(0.5, 0.8, (9, 1)) + rng.normal(0, 0.05, (9, 3))
    a = a @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    order, signs = rng.permutation(9), rng.choice([-1.0, 1.0], 9)
    for rotate in (rotation.varimax, rotation.oblimin, rotation.promax):
        here, there = rotate(a), rotate((a * signs[:, None])[order])
        expected = (here.loadings * signs[:, None])[order]
        assert np.abs(matched(there.loadings, expected) - expected).max() < 1e-6


def test_batch_of_one_equals_batch_of_many() -> None:
    batch = rng_loadings(3, 2, 3, 9, 3)
    for rotate in (rotation.varimax, rotation.oblimin, rotation.promax, rotation.equamax):
        together = rotate(batch)
        assert together.phi.shape == (2, 3, 3, 3)
        assert together.criterion.shape == (2, 3)
        for i in np.ndindex(2, 3):
            alone = rotate(batch[i])
            np.testing.assert_allclose(together.loadings[i], alone.loadings, rtol=0, atol=1e-9)
            assert together.iterations[i] == alone.iterations


def test_gamma_of_oblimin_moves_the_factor_correlations() -> None:
    a = np.array(TARGETS["harman74"]["unrotated"])
    size = [np.abs(rotation.oblimin(a, gamma).phi - np.eye(4)).max() for gamma in (-4.0, -0.5, 0.0)]
    assert size[0] < size[1] < size[2]


def test_random_starts_find_and_count_local_minima() -> None:
    # two items cross-load so that geomin has more than one place to stop
    a = rng_loadings(11, 10, 4)
    alone = rotation.geomin(a)
    many = rotation.geomin(a, random_starts=40, rng=np.random.default_rng(1))
    assert alone.minima == 1
    assert many.minima > 1
    assert many.criterion <= alone.criterion + EXACT
    again = rotation.geomin(a, random_starts=40, rng=np.random.default_rng(1))
    assert np.array_equal(many.loadings, again.loadings)
    with pytest.raises(ValueError, match="generator"):
        rotation.geomin(a, random_starts=1)


def test_starts_side_by_side_find_what_each_finds_alone() -> None:
    a = rng_loadings(11, 2, 10, 4)
    starts, rng = [np.broadcast_to(np.eye(4), (2, 4, 4))], np.random.default_rng(3)
    for _ in range(6):
        q, r = np.linalg.qr(rng.standard_normal((2, 4, 4)))
        starts.append(q * np.where(np.einsum("bii->bi", r) < 0.0, -1.0, 1.0)[:, None, :])
    criterion = rotation_criteria.geomin(0.01)
    alone = [
        [rotation.gradient_projection(a[b], criterion, oblique=True, start=start[b]) for start in starts]
        for b in range(2)
    ]
    together = rotation.gradient_projection(
        a, criterion, oblique=True, random_starts=6, rng=np.random.default_rng(3)
    )
    for b, runs in enumerate(alone):
        best = min((run for run in runs if run.converged), key=lambda run: float(run.criterion))
        assert together.criterion[b] == pytest.approx(float(best.criterion), abs=EXACT)
        assert together.iterations[b] == best.iterations
        np.testing.assert_allclose(together.loadings[b], best.loadings, atol=TIGHT)
    assert (together.minima > 1).any()


def test_target_leaves_unspecified_loadings_free() -> None:
    simple = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6]]))
    goal = np.where(simple > 0, np.nan, 0.0)
    mixed = simple @ np.linalg.inv(np.array([[0.9, 0.3], [np.sqrt(1 - 0.81), np.sqrt(1 - 0.09)]]).T)
    found = rotation.target(mixed, goal)
    assert found.criterion < 1e-14
    assert np.abs(found.loadings[np.isnan(goal)]).min() > 0.3


def test_unbounded_criterion_is_not_called_converged() -> None:
    a = np.array(TARGETS["harman74"]["unrotated"])
    with np.errstate(all="ignore"):
        found = rotation.oblimin(a, 1.0)
    assert not found.converged


def test_one_factor_is_left_alone() -> None:
    a = rng_loadings(1, 6, 1)
    for found in (rotation.varimax(a), rotation.oblimin(a)):
        assert found.converged
        np.testing.assert_array_equal(found.loadings, a)
