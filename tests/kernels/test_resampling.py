"""Resampling counts: the published generator, independence of chunking, and the laws of the counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from socialcap.kernels import resampling


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, (0xFFFFFFFF,) * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            (0xA4093822, 0x299F31D0),
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_generator_gives_the_known_answers(
    counter: list[int], key: tuple[int, int], expected: list[int]
) -> None:
    """Known-answer vectors of philox4x32-10 in Random123 (Salmon et al. 2011)."""
    words = resampling.philox_words(np.array(counter, dtype=np.uint64), key)
    assert words.tolist() == expected


@given(seed=st.integers(0, 2**63), n=st.integers(1, 40), cut=st.integers(1, 11))
@settings(max_examples=30, deadline=None)
def test_a_replicate_does_not_depend_on_the_chunk(seed: int, n: int, cut: int) -> None:
    whole = resampling.resample_counts(seed, n, range(12))
    parts = [resampling.resample_counts(seed, n, part) for part in (range(cut), range(cut, 12))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert (whole.sum(axis=1) == n).all()


def test_replicates_and_seeds_differ() -> None:
    first = resampling.resample_counts(1, 50, range(200))
    assert len(np.unique(first, axis=0)) == 200
    assert not np.array_equal(first, resampling.resample_counts(2, 50, range(200)))
    far = resampling.resample_counts(1, 50, range(2**32, 2**32 + 200))
    assert not np.array_equal(first, far)


def test_draws_are_uniform_and_uncorrelated() -> None:
    counts = resampling.resample_counts(3, 20, range(20_000))
    totals = counts.sum(axis=0)
    statistic = np.sum((totals - 20_000) ** 2) / 20_000
    assert chi2.cdf(statistic, 19) < 0.999
    covariance = np.cov(counts.T)
    np.testing.assert_allclose(covariance, np.eye(20) - 1 / 20, rtol=0, atol=0.04)


def test_clusters_are_drawn_whole() -> None:
    clusters = np.array([5, 5, 2, 2, 2, 9, 7, 7])
    counts = resampling.resample_counts(4, 8, range(500), clusters=clusters)
    for name in np.unique(clusters):
        members = counts[:, clusters == name]
        assert (members == members[:, :1]).all()
    first = [np.flatnonzero(clusters == name)[0] for name in np.unique(clusters)]
    assert (counts[:, first].sum(axis=1) == 4).all()


def test_strata_keep_their_size() -> None:
    strata = np.array([1, 0, 1, 2, 0, 1, 2, 2, 2])
    counts = resampling.resample_counts(5, 9, range(3000), strata=strata)
    for name in np.unique(strata):
        assert (counts[:, strata == name].sum(axis=1) == np.sum(strata == name)).all()
        np.testing.assert_allclose(counts[:, strata == name].mean(axis=0), 1.0, atol=0.08)


def test_clusters_within_strata() -> None:
    clusters = np.array([0, 0, 1, 1, 2, 3, 3, 4])
    strata = np.array([0, 0, 0, 0, 0, 1, 1, 1])
    counts = resampling.resample_counts(6, 8, range(300), clusters=clusters, strata=strata)
    heads = np.array([0, 2, 4, 5, 7])
    assert (counts[:, heads[:3]].sum(axis=1) == 3).all()
    assert (counts[:, heads[3:]].sum(axis=1) == 2).all()
    np.testing.assert_array_equal(counts[:, 0], counts[:, 1])
    np.testing.assert_array_equal(counts[:, 5], counts[:, 6])
