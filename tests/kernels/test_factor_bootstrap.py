"""Bootstrap of factor solutions: every replicate is the solution that one would get for it alone.

Tolerances. COLD 1e-6: a solution followed from the full sample against a cold start (the search stops at 1e-8
in the residual diagonal, which is worth up to 1e-7 in loadings). EXACT 1e-10: algebra. CHUNK 1e-9: matrix
products of other shapes round differently.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels import (
    FloatArray,
    alignment,
    correlation,
    extraction,
    factor_bootstrap,
    intervals,
    rotation,
)
from socialcap.kernels.factor_bootstrap import Reference
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.uls_tracking import track_uls, uniqueness_influence

from .factor_golden import factor_data

COLD, EXACT, CHUNK = 1e-6, 1e-10, 1e-9
EXTRACT = {
    "principal": extraction.principal_components,
    "paf": extraction.principal_axis,
    "minres": extraction.minres,
    "ml": extraction.maximum_likelihood,
}


def varimax(loadings: FloatArray, start: FloatArray | None) -> rotation.Rotation:
    return rotation.varimax(loadings, start=start)


def oblimin(loadings: FloatArray, start: FloatArray | None) -> rotation.Rotation:
    return rotation.oblimin(loadings, start=start)


class Study:
    """A data set with its full-sample solution and all that the bootstrap needs."""

    def __init__(self, data: FloatArray, k: int, method: str = "paf", rotate=varimax) -> None:
        self.n, self.k, self.rotate = len(data), k, rotate
        self.correlate = correlation.correlations_of(data)
        self.corr = self.correlate(np.ones((1, self.n)))[0]
        full = EXTRACT[method](self.corr, k)
        turned = rotate(full.loadings, None)
        final = alignment.order_and_sign(turned.loadings, turned.phi, transform=turned.transform)
        self.full = full
        self.extract = factor_bootstrap.following(method, self.corr, full)
        self.reference = Reference(full.loadings, final.loadings, final.phi, final.transform)

    def run(self, replicates: range, **options) -> factor_bootstrap.FactorReplicates:
        return factor_bootstrap.bootstrap_factors(
            self.correlate, self.n, self.extract, self.rotate, self.reference,
            seed=7, replicates=replicates, **options,
        )  # fmt: skip


DATA = factor_data(200, 1)


@pytest.mark.parametrize("method", EXTRACT)
@pytest.mark.parametrize("rotate", [varimax, oblimin])
def test_replicates_equal_cold_solutions(method: str, rotate) -> None:
    study = Study(DATA, 4, method, rotate)
    found = study.run(range(60))
    counts = resample_counts(7, 200, range(60))
    assert found.converged.all()
    for b in range(0, 60, 3):
        rows = np.repeat(np.arange(200), counts[b].astype(int))
        corr = np.corrcoef(DATA[rows].T)
        cold = EXTRACT[method](corr, 4)
        turned = rotate(cold.loadings, None)
        alone = alignment.align(turned.loadings, study.reference.loadings, turned.phi)
        np.testing.assert_allclose(found.loadings[b], alone.loadings, rtol=0, atol=COLD)
        np.testing.assert_allclose(found.phi[b], alone.phi, rtol=0, atol=COLD)
        np.testing.assert_allclose(found.communalities[b], cold.communalities, rtol=0, atol=COLD)
        np.testing.assert_allclose(found.eigenvalues[b], np.linalg.eigvalsh(corr)[::-1], rtol=0, atol=EXACT)
        np.testing.assert_allclose(
            found.variance[b].sum() * 20, cold.communalities.sum(), rtol=0, atol=20 * COLD
        )


@given(seed=st.integers(0, 10_000), n=st.integers(80, 400), k=st.sampled_from([1, 2, 3]))
@settings(max_examples=15, deadline=None)
def test_followed_solutions_are_minima_reached_cold(seed: int, n: int, k: int) -> None:
    """Small samples too: what is not followed is searched for, no followed minimum is a worse one."""
    data = factor_data(n, seed, per_factor=5, k=k)
    study = Study(data, k, "minres")
    corr = study.correlate(resample_counts(seed, n, range(40)))
    warm, cold = study.extract(corr), extraction.minres(corr, k)
    assert warm.converged.all()
    regular = ~warm.heywood.any(axis=1) & ~cold.heywood.any(axis=1)
    gap = np.abs(
        warm.loadings @ np.swapaxes(warm.loadings, -1, -2)
        - cold.loadings @ np.swapaxes(cold.loadings, -1, -2)
    ).max(axis=(1, 2))
    same = warm.objective <= cold.objective + 1e-12
    assert same.mean() >= 0.95
    assert (gap[regular & (np.abs(warm.objective - cold.objective) < 1e-12)] < COLD).all()


def test_weak_factors_fall_back_to_the_general_search() -> None:
    """Noise alone: the leading subspace is not separated, few replicates can be followed, none is lost."""
    data = np.random.default_rng(0).standard_normal((60, 8))
    study = Study(data, 2, "minres")
    corr = study.correlate(resample_counts(3, 60, range(100)))
    influence = uniqueness_influence(study.corr, study.full.uniquenesses, 2)
    followed = track_uls(corr, study.corr, study.full.loadings, study.full.uniquenesses, influence)
    assert not followed.converged.all()
    assert study.extract(corr).converged.mean() > 0.97


def test_a_batch_stopped_by_a_singular_matrix_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study(DATA, 4, "minres")
    corr = study.correlate(resample_counts(3, 200, range(5)))
    followed = study.extract(corr)

    def singular(*_: object) -> None:
        raise np.linalg.LinAlgError

    monkeypatch.setattr(factor_bootstrap, "track_uls", singular)
    searched = study.extract(corr)
    assert searched.converged.all()
    np.testing.assert_allclose(searched.communalities, followed.communalities, rtol=0, atol=COLD)


@pytest.mark.parametrize("method", ["paf", "minres"])
def test_tiny_samples_end_without_a_warning(method: str) -> None:
    data = np.random.default_rng(1).standard_normal((40, 12))
    study = Study(data, 4, method)
    found = study.run(range(100))
    assert np.isfinite(found.loadings[found.converged]).all()
    assert found.converged.mean() > 0.9


def test_influence_equals_finite_differences() -> None:
    study = Study(DATA, 4)
    influence = uniqueness_influence(study.corr, study.full.uniquenesses, 4).reshape(20, 20, 20)
    rng = np.random.default_rng(2)
    change = rng.standard_normal((20, 20))
    change = (change + change.T) * (1 - np.eye(20))
    step = 1e-5
    up, down = (extraction.principal_axis(study.corr + s * step * change, 4) for s in (1, -1))
    numeric = (up.uniquenesses - down.uniquenesses) / (2 * step)
    np.testing.assert_allclose(np.einsum("ijl,jl->i", influence, change), numeric, rtol=0, atol=1e-5)


@pytest.mark.parametrize("alignment_method", ["match", "procrustes"])
@pytest.mark.parametrize("rotate", [varimax, oblimin])
def test_parts_of_a_replicate_belong_together(alignment_method: str, rotate) -> None:
    study = Study(DATA, 4, "minres", rotate)
    found = study.run(range(50), alignment_method=alignment_method)
    model = found.loadings @ found.phi @ np.swapaxes(found.loadings, -1, -2)
    np.testing.assert_allclose(np.einsum("bii->bi", model), found.communalities, rtol=0, atol=EXACT)
    unrotated = study.extract(study.correlate(resample_counts(7, 200, range(50)))).loadings
    np.testing.assert_allclose(model, unrotated @ np.swapaxes(unrotated, -1, -2), rtol=0, atol=1e-7)
    agreement = alignment.congruence(found.loadings, study.reference.loadings)
    assert (np.einsum("bii->bi", agreement) > 0.5).all()


def test_procrustes_is_nearer_and_less_variable_than_matching() -> None:
    study = Study(DATA, 4)
    near, free = study.run(range(200), alignment_method="procrustes"), study.run(range(200))
    distance = [
        np.sum((found.loadings - study.reference.loadings) ** 2, axis=(1, 2)) for found in (near, free)
    ]
    assert (distance[0] <= distance[1] + EXACT).all()
    assert near.loadings.std(axis=0).mean() < free.loadings.std(axis=0).mean()


def test_unaligned_columns_would_have_been_mixed_up() -> None:
    study = Study(DATA, 4)
    counts = resample_counts(7, 200, range(200))
    turned = rotation.varimax(study.extract(study.correlate(counts)).loadings)
    ordered = alignment.order_and_sign(turned.loadings, turned.phi)
    raw, aligned = ordered.loadings.std(axis=0).mean(), study.run(range(200)).loadings.std(axis=0).mean()
    assert aligned < 0.6 * raw


def test_chunks_and_order_of_work_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study(DATA, 4)
    whole = study.run(range(130))
    monkeypatch.setattr(factor_bootstrap, "_CHUNK", 37)
    parts = study.run(range(130))
    np.testing.assert_allclose(whole.loadings, parts.loadings, rtol=0, atol=CHUNK)
    later = study.run(range(100, 130))
    np.testing.assert_allclose(whole.loadings[100:], later.loadings, rtol=0, atol=CHUNK)
    again = study.run(range(130))
    np.testing.assert_array_equal(parts.loadings, again.loadings)


def test_a_constant_item_gives_no_solution_and_no_warning() -> None:
    data = factor_data(30, 3, per_factor=4, k=2)
    data[1:, 0] = 0.0
    study = Study(data, 2, "minres")
    found = study.run(range(60))
    counts = resample_counts(7, 30, range(60))
    constant = counts[:, 0] == 0
    assert constant.any() and not constant.all()
    assert not found.converged[constant].any()
    assert np.isnan(found.loadings[constant]).all()
    assert np.isfinite(found.loadings[found.converged]).all()


def test_correlations_from_counts_are_those_of_the_drawn_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    data = DATA[:, :6] * 100 + 1e4
    counts = resample_counts(5, 200, range(20))
    quick = correlation.correlations_of(data)(counts)
    monkeypatch.setattr(correlation, "_TABLE_BYTES", 0)
    frugal = correlation.correlations_of(data)(counts)
    for b in range(20):
        direct = np.corrcoef(data[np.repeat(np.arange(200), counts[b].astype(int))].T)
        np.testing.assert_allclose(quick[b], direct, rtol=0, atol=EXACT)
        np.testing.assert_allclose(frugal[b], direct, rtol=0, atol=EXACT)


def test_jackknife_leaves_out_one_unit_at_a_time() -> None:
    np.testing.assert_array_equal(factor_bootstrap.jackknife_counts(3), 1 - np.eye(3))
    clusters = np.array([4, 4, 1, 4])
    np.testing.assert_array_equal(
        factor_bootstrap.jackknife_counts(4, clusters), [[1, 1, 0, 1], [0, 0, 1, 0]]
    )
    study = Study(DATA, 4)
    counts = factor_bootstrap.jackknife_counts(200)[:5]
    found = factor_bootstrap.factor_replicates(
        counts, study.correlate, study.extract, study.rotate, study.reference
    )
    corr = np.corrcoef(np.delete(DATA, 2, axis=0).T)
    np.testing.assert_allclose(
        found.communalities[2], extraction.principal_axis(corr, 4).communalities, rtol=0, atol=COLD
    )


def test_clusters_widen_the_spread_when_rows_repeat() -> None:
    """Each row four times: resampling the 50 originals gives twice the standard errors of the 200 copies."""
    data = np.repeat(DATA[:50], 4, axis=0)
    study = Study(data, 4)
    rows = study.run(range(300)).eigenvalues[:, 0].std()
    whole = study.run(range(300), clusters=np.repeat(np.arange(50), 4)).eigenvalues[:, 0].std()
    assert 1.6 < whole / rows < 2.5


def test_stability_counts_where_the_largest_loading_sits() -> None:
    replicates = np.array([[[0.9, 0.1], [0.2, -0.5]], [[0.3, 0.4], [0.1, 0.8]], [[np.nan] * 2] * 2])
    np.testing.assert_array_equal(factor_bootstrap.stability(replicates), [[0.5, 0.5], [0.0, 1.0]])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_intervals_for_loadings_cover_the_population(kind: str) -> None:
    """Mean coverage over 36 loadings, cross-loadings included, of nominal 95 % at n = 300."""
    rng = np.random.default_rng(1)
    population = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))
    population[0, 1], population[5, 2], population[9, 0] = 0.35, 0.3, 0.3
    corr = population @ population.T
    np.fill_diagonal(corr, 1.0)
    turned = rotation.varimax(extraction.principal_axis(corr, 3).loadings)
    true = alignment.order_and_sign(turned.loadings).loadings
    root = np.linalg.cholesky(corr)
    covered = []
    for _ in range(150):
        study = Study(rng.standard_normal((300, 12)) @ root.T, 3)
        target = alignment.align(true, study.reference.loadings).loadings
        found = study.run(range(500)).loadings
        if kind == "percentile":
            low, high = intervals.percentile(found)
        else:
            left_out = factor_bootstrap.factor_replicates(
                factor_bootstrap.jackknife_counts(300),
                study.correlate,
                study.extract,
                study.rotate,
                study.reference,
            )
            low, high = intervals.bca(found, study.reference.loadings, left_out.loadings)
        covered.append((low <= target) & (target <= high))
    assert 0.93 < np.mean(covered) < 0.97
