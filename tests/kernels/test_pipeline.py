"""Replicates of the whole analysis equal a loop that writes the drawn rows out and computes everything anew.

Tolerances. LOOP 1e-8: rotation stops at angles of 1e-9. FOLLOWED 1e-7: axis factoring is followed until the
residual diagonal is below 1e-8, the loop's until 1e-14. EXACT 1e-10: the same steps from cross-products and
from rows. STATSMODELS 1e-6: its likelihood searches stop earlier than ours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.miscmodels.ordinal_model import OrderedModel

from socialcap.kernels import FloatArray, alignment, correlation, extraction, rotation
from socialcap.kernels import pipeline as kernel
from socialcap.kernels.factor_bootstrap import Reference, following, jackknife_counts
from socialcap.kernels.ordered import ordered_logit
from socialcap.kernels.pipeline import (
    Measure,
    ScoreDesign,
    component_weights,
    exploratory,
    given_replicates,
    pipeline_of,
    run_replicates,
    separate_factors,
)
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.scores import regression_weights

from .factor_golden import factor_data, matched

LOOP, FOLLOWED, EXACT, STATSMODELS = 1e-8, 1e-7, 1e-10, 1e-6
N, P, K = 150, 12, 3
# items far from zero and on different scales: means and centring must be exact
ITEMS = factor_data(N, 4, per_factor=4, k=K) * np.linspace(1.0, 9.0, P) + np.linspace(-40.0, 900.0, P)
RNG = np.random.default_rng(8)
COVARIATES = np.column_stack(
    [np.ones(N), RNG.normal(2005.0, 6.0, N), RNG.normal(size=N), RNG.integers(0, 2, N)]
)
SIGNAL = factor_data(N, 4, per_factor=4, k=K)[:, [0, 4]].sum(axis=1)
OUTCOME = 1e4 + 0.3 * COVARIATES[:, 1] + SIGNAL + RNG.normal(size=N)
BINARY = (OUTCOME - 0.3 * COVARIATES[:, 1] > 1e4).astype(float)
CATEGORIES = np.searchsorted([9999.0, 1e4, 10001.0], OUTCOME - 0.3 * COVARIATES[:, 1]).astype(float)


def full_sample(method: str) -> tuple[extraction.Extraction, alignment.Oriented, FloatArray]:
    corr = np.corrcoef(ITEMS.T)
    found = {"principal": extraction.principal_components, "paf": extraction.principal_axis}[method](corr, K)
    turned = rotation.varimax(found.loadings, kaiser=True)
    return found, alignment.order_and_sign(turned.loadings, turned.phi, transform=turned.transform), corr


def measurement(method: str) -> Measure:
    found, final, corr = full_sample(method)

    def rotate(loadings: FloatArray, start: FloatArray | None) -> rotation.Rotation:
        return rotation.varimax(loadings, kaiser=True, start=start)

    def weigh(part: FloatArray, aligned: alignment.Oriented, _: FloatArray) -> FloatArray:
        if method == "principal":
            return component_weights(aligned.structure, aligned.phi)
        return regression_weights(part, aligned.structure)

    reference = Reference(found.loadings, final.loadings, final.phi, final.transform)
    return exploratory(following(method, corr, found), rotate, reference, weigh)


def design(composite: bool = False, products: bool = False, **changes: object) -> ScoreDesign:
    """Covariates and the scores, or the composite; with products a score by a covariate and a square."""
    s = K + composite
    fixed, powers = [COVARIATES], [np.zeros((4, s), dtype=np.int64)]
    scores = [K] if composite else range(K)
    fixed.append(np.ones((N, len(scores))))
    powers.append(np.eye(s, dtype=np.int64)[list(scores)])
    if products:
        fixed.append(np.column_stack([COVARIATES[:, 2], np.ones(N)]))
        powers.append(np.array([[1] + [0] * (s - 1), [0, 2] + [0] * (s - 2)]))
    return replace(ScoreDesign(np.hstack(fixed), np.vstack(powers), OUTCOME), **changes)


def plain_varimax(loadings: FloatArray) -> FloatArray:
    """Varimax with Kaiser's normalisation by repeated singular value decompositions, not the kernel's way."""
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    a, turn = loadings / length, np.eye(K)
    for _ in range(20_000):
        b = a @ turn
        u, _, v = np.linalg.svd(a.T @ (b**3 - b * (b**2).mean(axis=0)))
        new = u @ v
        if np.abs(new - turn).max() < 1e-15:
            break
        turn = new
    return loadings @ turn


def plain_factors(corr: FloatArray, method: str) -> FloatArray:
    reduced = corr.copy()
    for _ in range(1 if method == "principal" else 100_000):
        values, vectors = np.linalg.eigh(reduced)
        loadings = vectors[:, -K:] * np.sqrt(values[-K:])
        communalities = (loadings**2).sum(axis=1)
        if method == "principal" or np.abs(communalities - np.diag(reduced)).max() < 1e-14:
            break
        np.fill_diagonal(reduced, communalities)
    return loadings


def loop_scores(rows: np.ndarray, method: str) -> tuple[FloatArray, FloatArray]:
    """Scores of the drawn rows and the composite's weights, every step written out."""
    drawn = ITEMS[rows]
    corr = np.corrcoef(drawn.T)
    loadings = matched(plain_varimax(plain_factors(corr, method)), full_sample(method)[1].loadings)
    z = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0, ddof=1)
    variance = (loadings**2).sum(axis=0)
    return z @ np.linalg.solve(corr, loadings), variance / variance.sum()


@pytest.mark.parametrize("method", ["principal", "paf"])
def test_least_squares_equal_the_loop(method: str) -> None:
    replicate = pipeline_of(ITEMS, measurement(method), design())
    indexed = pipeline_of(ITEMS, measurement(method), design(composite=True), composite="rotated")
    found = run_replicates(replicate, N, seed=3, replicates=range(40))
    index = run_replicates(indexed, N, seed=3, replicates=range(40))
    counts = resample_counts(3, N, range(40)).astype(int)
    tolerance = FOLLOWED if method == "paf" else LOOP
    assert found.fitted.all()
    for b in range(0, 40, 2):
        rows = np.repeat(np.arange(N), counts[b])
        scores, shares = loop_scores(rows, method)
        x = np.column_stack([COVARIATES[rows], scores])
        scale = np.abs(x).mean(axis=0)
        wanted = np.linalg.lstsq(x / scale, OUTCOME[rows], rcond=None)[0] / scale
        np.testing.assert_allclose(found.coefficients[b, 1:], wanted[1:], rtol=0, atol=tolerance)
        # the constant stands 2,005 years from the data
        np.testing.assert_allclose(found.coefficients[b, 0], wanted[0], rtol=1e-9)
        np.testing.assert_allclose(index.shares[b], shares, rtol=0, atol=tolerance)
        x = np.column_stack([COVARIATES[rows], scores @ shares])
        wanted = np.linalg.lstsq(x / scale[:5], OUTCOME[rows], rcond=None)[0] / scale[:5]
        np.testing.assert_allclose(index.coefficients[b, 1:], wanted[1:], rtol=0, atol=tolerance)


def test_products_of_scores_equal_the_loop() -> None:
    replicate = pipeline_of(ITEMS, measurement("paf"), design(products=True))
    found = run_replicates(replicate, N, seed=3, replicates=range(12))
    counts = resample_counts(3, N, range(12)).astype(int)
    for b in range(12):
        rows = np.repeat(np.arange(N), counts[b])
        scores, _ = loop_scores(rows, "paf")
        products = [scores[:, 0] * COVARIATES[rows, 2], scores[:, 1] ** 2]
        x = np.column_stack([COVARIATES[rows], scores, *products])
        scale = np.abs(x).mean(axis=0)
        wanted = np.linalg.lstsq(x / scale, OUTCOME[rows], rcond=None)[0] / scale
        np.testing.assert_allclose(found.coefficients[b, 1:], wanted[1:], rtol=0, atol=FOLLOWED)


@pytest.mark.parametrize("constant", [True, False])
def test_moments_equal_rows(constant: bool) -> None:
    """The same regression from cross-products and from rows, without a constant and of a score too."""
    made = design()
    if not constant:
        made = replace(made, fixed=made.fixed[:, 1:], powers=made.powers[1:])
    measure = measurement("paf")
    counts = resample_counts(5, N, range(30))
    by_moments = given_replicates(pipeline_of(ITEMS, measure, made), counts)
    spread = ITEMS.std(axis=0)
    z = (ITEMS - ITEMS.mean(axis=0)) / spread
    by_rows = kernel.regression_by_rows(z, made)
    deviation = np.sqrt(np.einsum("bii->bi", correlation.covariances_of(z)(counts)) * (N / (N - 1.0)))
    measured = measure(counts, correlation.correlations_of(z)(counts))
    drawn = kernel.Drawn(
        counts, counts.sum(axis=1), counts @ z / N, deviation, counts, measured, np.zeros((30, K))
    )
    plain, _ = by_rows(drawn)
    np.testing.assert_allclose(by_moments.coefficients[:, -4:], plain[:, -4:], rtol=0, atol=EXACT)
    outcome = replace(made, fixed=made.fixed[:, :-1], powers=made.powers[:-1], y=None, outcome=K - 1)
    moments = given_replicates(pipeline_of(ITEMS, measure, outcome), counts)
    rows, _ = kernel.regression_by_rows(z, outcome)(drawn)
    np.testing.assert_allclose(moments.coefficients[:, -3:], rows[:, -3:], rtol=0, atol=EXACT)


@pytest.mark.parametrize("model", ["logit", "probit", "ordered_logit"])
def test_likelihoods_equal_statsmodels_on_the_rows(model: str) -> None:
    covariates = COVARIATES - np.array([0.0, 2005.0, 0.0, 0.0])
    ordered = model == "ordered_logit"
    keep = slice(1, None) if ordered else slice(None)
    made = design(y=CATEGORIES if ordered else BINARY, model=model, n_categories=4 * ordered)
    fixed = made.fixed.copy()
    fixed[:, 1] -= 2005.0
    made = replace(made, fixed=fixed[:, keep], powers=made.powers[keep])
    n_replicates = 3 if ordered else 12
    found = run_replicates(
        pipeline_of(ITEMS, measurement("principal"), made), N, seed=3, replicates=range(n_replicates), width=8
    )
    counts = resample_counts(3, N, range(n_replicates)).astype(int)
    for b in range(n_replicates):
        rows = np.repeat(np.arange(N), counts[b])
        scores, _ = loop_scores(rows, "principal")
        x = np.column_stack([covariates[rows][:, keep], scores])
        if ordered:
            # its searches stop early; a Newton step of its likelihood from our maximum must go nowhere
            theirs = OrderedModel(CATEGORIES[rows].astype(int), x, distr="logit")
            cuts = found.coefficients[b, -3:]
            ours = np.r_[found.coefficients[b, :-3], cuts[0], np.log(np.diff(cuts))]
            gap = np.linalg.solve(theirs.hessian(ours), theirs.score(ours))
        else:
            family = {"logit": sm.Logit, "probit": sm.Probit}[model]
            gap = found.coefficients[b] - family(BINARY[rows], x).fit(disp=0, tol=1e-12).params
        np.testing.assert_allclose(gap, 0.0, rtol=0, atol=10 * STATSMODELS)


def test_a_start_changes_nothing() -> None:
    made = design(y=CATEGORIES, model="ordered_logit", n_categories=4)
    made = replace(made, fixed=made.fixed[:, 1:], powers=made.powers[1:])
    _, final, corr = full_sample("paf")
    z = (ITEMS - ITEMS.mean(axis=0)) / ITEMS.std(axis=0, ddof=1)
    x = np.column_stack([COVARIATES[:, 1:], z @ regression_weights(corr, final.structure)])
    start = ordered_logit(CATEGORIES.astype(np.int64), x, 4).coefficients
    counts = resample_counts(1, N, range(20))
    cold = given_replicates(pipeline_of(ITEMS, measurement("paf"), made), counts)
    warm = given_replicates(pipeline_of(ITEMS, measurement("paf"), replace(made, start=start)), counts)
    scale = np.r_[0.01, np.ones(5), np.full(3, 20.0)]
    np.testing.assert_allclose(cold.coefficients / scale, warm.coefficients / scale, rtol=0, atol=1e-6)
    whole = given_replicates(pipeline_of(ITEMS, measurement("paf"), made), np.ones((1, N)))
    np.testing.assert_allclose(whole.coefficients[0] / scale, start / scale, rtol=0, atol=1e-6)


def test_workers_and_the_rest_of_the_work_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    replicate = pipeline_of(ITEMS, measurement("paf"), design())
    monkeypatch.setattr(kernel, "_CHUNK", 32)
    seen: list[tuple[int, int]] = []
    alone = run_replicates(
        replicate, N, seed=1, replicates=range(100), progress=lambda done, total: seen.append((done, total))
    )
    shared = run_replicates(replicate, N, seed=1, replicates=range(100), workers=3)
    np.testing.assert_array_equal(alone.coefficients, shared.coefficients)
    assert seen == [(32, 100), (64, 100), (96, 100), (100, 100)]
    later = run_replicates(replicate, N, seed=1, replicates=range(64, 100))
    np.testing.assert_array_equal(alone.coefficients[64:], later.coefficients)
    monkeypatch.setattr(kernel, "_CHUNK", 17)
    other = run_replicates(replicate, N, seed=1, replicates=range(100))
    np.testing.assert_allclose(alone.coefficients[:, 1:], other.coefficients[:, 1:], rtol=0, atol=EXACT)


def test_large_tables_are_not_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = resample_counts(1, N, range(10))
    table = given_replicates(pipeline_of(ITEMS, measurement("paf"), design()), counts)
    monkeypatch.setattr(kernel, "_TABLE_BYTES", 1.0)
    loop = given_replicates(pipeline_of(ITEMS, measurement("paf"), design()), counts)
    np.testing.assert_allclose(table.coefficients[:, 1:], loop.coefficients[:, 1:], rtol=0, atol=EXACT)


def test_what_cannot_be_measured_or_fitted_is_marked() -> None:
    items = ITEMS.copy()
    items[1:, 0] = 0.0
    rare = np.zeros(N)
    rare[0] = 1.0
    corr = np.corrcoef(ITEMS.T)
    blocks = [np.arange(4), np.arange(4, 8), np.arange(8, 12)]
    counts = resample_counts(2, N, range(60))
    absent = counts[:, 0] == 0
    assert absent.any() and not absent.all()
    unmeasured = given_replicates(pipeline_of(items, separate_factors(blocks, P), design()), counts)
    assert not unmeasured.measured[absent].any()
    assert np.isnan(unmeasured.coefficients[~unmeasured.fitted]).all()
    made = design()
    fixed = made.fixed.copy()
    fixed[:, 3] = rare
    unfitted = given_replicates(pipeline_of(ITEMS, measurement("paf"), replace(made, fixed=fixed)), counts)
    assert unfitted.measured.all()
    np.testing.assert_array_equal(unfitted.fitted, ~absent)
    assert np.isfinite(corr).all()


def test_separate_factors_corrected_equal_the_formula_on_rows() -> None:
    """Croon's correction written out for each drawn sample: one-factor ML, regression scores, own moments."""
    blocks = [np.arange(4), np.arange(4, 8), np.arange(8, 12)]
    replicate = pipeline_of(ITEMS, separate_factors(blocks, P), design(), corrected=True)
    counts = resample_counts(7, N, range(8))
    found = given_replicates(replicate, counts)
    for b in range(8):
        rows = np.repeat(np.arange(N), counts[b].astype(int))
        drawn = ITEMS[rows]
        corr = np.corrcoef(drawn.T)
        weights, loadings = np.zeros((P, K)), np.zeros((P, K))
        for j, block in enumerate(blocks):
            one = extraction.maximum_likelihood(corr[np.ix_(block, block)], 1).loadings[:, 0]
            loadings[block, j] = one * np.sign(one.sum())
            weights[block, j] = np.linalg.solve(corr[np.ix_(block, block)], loadings[block, j])
        scores = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0, ddof=1) @ weights
        attenuation = np.diag(weights.T @ loadings)
        error = np.diag(weights.T @ np.diag(1 - (loadings**2).sum(axis=1)) @ weights)
        joint = np.cov(np.column_stack([scores, COVARIATES[rows, 1:], OUTCOME[rows]]).T)
        joint[np.arange(K), np.arange(K)] -= error
        scale = np.r_[attenuation, np.ones(4)]
        joint /= np.outer(scale, scale)
        wanted = np.linalg.solve(joint[:-1, :-1], joint[:-1, -1])
        np.testing.assert_allclose(found.corrected[b, 4:], wanted[:K], rtol=0, atol=LOOP)
        np.testing.assert_allclose(found.corrected[b, 1:4], wanted[K:], rtol=0, atol=LOOP)


def test_jackknife_equals_leaving_rows_out() -> None:
    replicate = pipeline_of(ITEMS, measurement("principal"), design())
    found = given_replicates(replicate, jackknife_counts(N))
    for left_out in (0, 77):
        rows = np.delete(np.arange(N), left_out)
        scores, _ = loop_scores(rows, "principal")
        x = np.column_stack([COVARIATES[rows], scores])
        scale = np.abs(x).mean(axis=0)
        wanted = np.linalg.lstsq(x / scale, OUTCOME[rows], rcond=None)[0] / scale
        np.testing.assert_allclose(found.coefficients[left_out, 1:], wanted[1:], rtol=0, atol=LOOP)


def test_component_weights_are_regression_weights() -> None:
    _, final, corr = full_sample("principal")
    oblique = rotation.oblimin(extraction.principal_components(corr, K).loadings)
    for part in (final, oblique):
        np.testing.assert_allclose(
            component_weights(part.structure, part.phi), regression_weights(corr, part.structure), atol=EXACT
        )
