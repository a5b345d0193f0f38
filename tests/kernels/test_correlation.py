"""Pearson and Spearman correlations, moments, crosstabs and smoothing against numpy, scipy, pandas, psych,
Matrix.

Tolerances: 1e-12 where both sides compute the same sums; 1e-9 against R's printed matrices (13 digits).
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from socialcap.kernels import correlation, moments

GOLDEN = json.loads((Path(__file__).resolve().parents[1] / "golden/correlation.json").read_text())
TIGHT = {"atol": 1e-12}


@pytest.fixture
def data():
    """Sixty rows: three five-point items with ties, one continuous column, and the same with holes."""
    rng = np.random.default_rng(7)
    x = np.column_stack((rng.integers(0, 5, (60, 3)), rng.normal(1e3, 1, 60))).astype(float)
    return x, np.where(rng.random(x.shape) < 0.15, np.nan, x)


@pytest.fixture
def counts():
    return np.random.default_rng(8).multinomial(60, np.full(60, 1 / 60), size=4).astype(float)


def _repeated(x, count):
    return np.repeat(x, count.astype(int), axis=0)


def test_pearson_equals_numpy_and_is_batched(data):
    x, _ = data
    other = x[::-1] ** 2
    batch = correlation.pearson(np.stack((x, other)))
    np.testing.assert_allclose(batch[0], np.corrcoef(x, rowvar=False), **TIGHT)
    np.testing.assert_allclose(batch[1], np.corrcoef(other, rowvar=False), **TIGHT)


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_of_many_rows_are_those_of_their_parts(monkeypatch, weighted):
    rng = np.random.default_rng(3)
    x = rng.normal(50, 2, (1000, 5))
    x[rng.random(x.shape) < 0.2] = np.nan
    weights = rng.random(1000) if weighted else None
    whole = moments.moments(x, weights)
    monkeypatch.setattr(moments, "_CELLS_AT_ONCE", 5 * 64)
    for name in ("counts", "weights", "means", "squares", "comoments"):
        found = getattr(moments.moments(x, weights), name)
        np.testing.assert_allclose(found, getattr(whole, name), rtol=1e-12, atol=1e-10)


def test_weights_are_repeated_rows(data, counts):
    x, _ = data
    batch = correlation.pearson(x, counts)
    by_product = correlation.correlations_of(x)(counts)
    ranked = correlation.spearman(np.broadcast_to(x, (4, *x.shape)), counts)
    ranked_by_product = correlation.spearman_replicates(x, counts)
    for b, count in enumerate(counts):
        rows = _repeated(x, count)
        np.testing.assert_allclose(batch[b], np.corrcoef(rows, rowvar=False), **TIGHT)
        np.testing.assert_allclose(by_product[b], batch[b], **TIGHT)
        np.testing.assert_allclose(ranked[b], stats.spearmanr(rows).statistic, **TIGHT)
        np.testing.assert_allclose(ranked_by_product[b], ranked[b], **TIGHT)


def test_sampling_weights_equal_numpy_weighted_covariance(data):
    x, _ = data
    weights = np.random.default_rng(9).uniform(0.2, 3.0, 60)
    covariance = np.cov(x, rowvar=False, aweights=weights, ddof=0)
    scale = np.sqrt(np.diagonal(covariance))
    np.testing.assert_allclose(correlation.pearson(x, weights), covariance / scale / scale[:, None], **TIGHT)
    found = moments.moments(x, weights)
    np.testing.assert_allclose(found.covariance(ddof=0), covariance, rtol=1e-10)


def test_ranks_equal_scipy(data):
    x, holes = data
    np.testing.assert_array_equal(correlation.average_ranks(x), stats.rankdata(x, axis=0))
    expected = stats.rankdata(holes, axis=0, nan_policy="omit")
    np.testing.assert_array_equal(correlation.average_ranks(holes), expected)


def test_pairwise_equals_pandas(data):
    _, holes = data
    frame = pd.DataFrame(holes)
    found = correlation.pearson_pairwise(holes)
    np.testing.assert_allclose(found.correlation(), frame.corr(), **TIGHT)
    np.testing.assert_allclose(found.covariance(), frame.cov(), atol=1e-11)
    np.testing.assert_array_equal(found.counts, frame.notna().T.astype(int) @ frame.notna().astype(int))
    by_pair = correlation.spearman_pairwise(holes)
    np.testing.assert_allclose(by_pair, frame.corr("spearman"), **TIGHT)
    complete = correlation.listwise(holes)
    np.testing.assert_array_equal(complete, frame.notna().all(axis=1))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 29), holes=st.floats(0, 0.6))
def test_merged_moments_are_those_of_all_rows(seed, cut, holes):
    rng = np.random.default_rng(seed)
    x = rng.normal(50, 2, (30, 3))
    x = np.where(rng.random(x.shape) < holes, np.nan, x)
    weights = rng.uniform(0.5, 2.0, 30)
    whole = moments.moments(x, weights)
    parts = moments.moments(x[:cut], weights[:cut]).merge(moments.moments(x[cut:], weights[cut:]))
    for field in ("counts", "weights", "means", "squares", "comoments"):
        np.testing.assert_allclose(getattr(parts, field), getattr(whole, field), atol=1e-9)


def test_moments_survive_a_large_origin():
    x = np.random.default_rng(1).normal(size=(50, 2))
    far = moments.moments(x + 1e8).correlation()
    np.testing.assert_allclose(far, np.corrcoef(x, rowvar=False), atol=1e-7)


def test_crosstabs_count_pairs_and_merge():
    rng = np.random.default_rng(2)
    codes = rng.integers(-1, 4, (50, 3))
    codes[:, 2] = np.minimum(codes[:, 2], 1)
    whole = moments.crosstabs(codes, (4, 4, 2))
    frame = pd.DataFrame(codes).where(codes >= 0)
    for i in range(3):
        for j in range(3):
            both = frame[[i, j]].dropna() if i != j else pd.DataFrame({"a": frame[i], "b": frame[i]}).dropna()
            expected = np.zeros((4, 4))
            np.add.at(expected, (both.iloc[:, 0].astype(int), both.iloc[:, 1].astype(int)), 1)
            np.testing.assert_array_equal(whole.table[i, :, j, :], expected)
    parts = moments.crosstabs(codes[:20], (4, 4, 2)).merge(moments.crosstabs(codes[20:], (4, 4, 2)))
    np.testing.assert_array_equal(parts.table, whole.table)
    np.testing.assert_array_equal(whole.margins()[0], np.bincount(codes[codes[:, 0] >= 0, 0], minlength=4))


def test_replicated_crosstabs_are_those_of_repeated_rows(counts):
    codes = np.random.default_rng(3).integers(-1, 3, (60, 4))
    batch = moments.crosstabs_replicates(codes, (3,) * 4, counts)
    weighted = moments.crosstabs(np.broadcast_to(codes, (4, 60, 4)), (3,) * 4, counts)
    for b, count in enumerate(counts):
        expected = moments.crosstabs(_repeated(codes, count), (3,) * 4).table
        np.testing.assert_array_equal(batch.table[b], expected)
        np.testing.assert_array_equal(weighted.table[b], expected)


def test_constant_item_has_no_correlation():
    x = np.column_stack((np.full(20, 0.1), np.arange(20.0), np.arange(20.0) ** 2))
    for corr in (
        correlation.pearson(x),
        correlation.spearman(x),
        correlation.correlations_of(x)(np.ones((1, 20)))[0],
        moments.moments(x).correlation(),
    ):
        assert np.isnan(corr[0]).all() and np.isnan(corr[:, 0]).all()
        assert np.isfinite(corr[1:, 1:]).all()


def test_smoothing_equals_psych_and_leaves_good_matrices_alone():
    golden = GOLDEN["smoothing"]
    bad, good = np.array(golden["matrix"]), np.array([[1, 0.2, 0], [0.2, 1, 0.3], [0, 0.3, 1.0]])
    found = correlation.smooth(np.stack((bad, good)))
    assert found.smoothed.tolist() == [True, False]
    np.testing.assert_allclose(found.corr[0], golden["psych"], atol=1e-9)
    np.testing.assert_array_equal(found.corr[1], good)
    assert found.min_eigenvalue[0] == pytest.approx(np.linalg.eigvalsh(bad)[0])


def test_nearest_correlation_equals_matrix_package_and_beats_smoothing():
    golden = GOLDEN["smoothing"]
    bad = np.array(golden["matrix"])
    found = correlation.nearest_correlation(bad, min_eigenvalue=0.0)
    assert bool(found.smoothed)
    np.testing.assert_allclose(found.corr, golden["nearest"], atol=1e-7)
    assert np.linalg.norm(found.corr - bad) < np.linalg.norm(correlation.smooth(bad).corr - bad)
    assert np.linalg.eigvalsh(correlation.nearest_correlation(bad, 1e-3).corr)[0] > 1e-3 - 1e-8
