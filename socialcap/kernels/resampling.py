"""How often each row is drawn in each bootstrap replicate, whatever the chunks or the number of workers.

Random numbers come from a counter-based generator: the words of replicate b are a function of the seed and b
alone, so that any slice of the replicates can be made anywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray

_ROUNDS = 10
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox_words(counters: NDArray[np.uint64], key: tuple[int, int]) -> NDArray[np.uint64]:
    """Four random 32-bit words (..., 4), held as uint64, for each counter (..., 4) of 32-bit words.

    Philox4x32 with ten rounds (Salmon, Moraes, Dror and Shaw 2011); key: two 32-bit words.
    """
    c0, c1, c2, c3 = (counters[..., i] for i in range(4))
    k0, k1 = key
    for _ in range(_ROUNDS):
        first, second = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0 = (second >> _HALF) ^ c1 ^ np.uint64(k0)
        c2 = (first >> _HALF) ^ c3 ^ np.uint64(k1)
        c1, c3 = second & _LOW, first & _LOW
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=-1)


def replicate_words(seed: int, replicates: range, draws: int) -> NDArray[np.uint64]:
    """Random 32-bit words (len(replicates), draws): row b is the stream of replicate `replicates[b]`."""
    key = np.random.SeedSequence(seed).generate_state(2, np.uint32)
    blocks = -(-draws // 4)
    counters = np.zeros((len(replicates), blocks, 4), dtype=np.uint64)
    numbers = np.asarray(replicates, dtype=np.uint64)
    counters[..., 0] = np.arange(blocks, dtype=np.uint64)
    counters[..., 2] = (numbers & _LOW)[:, None]
    counters[..., 3] = (numbers >> _HALF)[:, None]
    words = philox_words(counters, (int(key[0]), int(key[1])))
    return words.reshape(len(replicates), -1)[:, :draws]


def resample_counts(
    seed: int,
    n: int,
    replicates: range,
    *,
    clusters: IntArray | None = None,
    strata: IntArray | None = None,
) -> FloatArray:
    """Times each of `n` rows is drawn, (len(replicates), n), sampling with replacement.

    Without clusters rows are drawn, as many as there are; with `clusters (n,)` whole clusters, as many as
    there are, so that the number of rows varies (Davison and Hinkley 1997, 3.8). With `strata (n,)` the draws
    are made within each stratum, which keeps its size (3.2); a cluster must lie within one stratum. The draw
    from m units is the integer part of m u with u of 32 bits; its bias, below m / 2^32, is ignored.
    """
    if clusters is None:
        return _unit_counts(seed, n, replicates, strata)
    _, first, cluster_of = np.unique(clusters, return_index=True, return_inverse=True)
    stratum = None if strata is None else np.asarray(strata)[first]
    return _unit_counts(seed, len(first), replicates, stratum)[:, cluster_of]


def _unit_counts(seed: int, n: int, replicates: range, strata: IntArray | None) -> FloatArray:
    """Times each of `n` units is drawn in each replicate, (len(replicates), n)."""
    words = replicate_words(seed, replicates, n)
    if strata is None:
        drawn = ((words * np.uint64(n)) >> _HALF).astype(np.int64)
    else:
        by_stratum = np.argsort(strata, kind="stable")
        _, start, size = np.unique(np.asarray(strata)[by_stratum], return_index=True, return_counts=True)
        width, offset = np.repeat(size, size), np.repeat(start, size)
        place = ((words * width.astype(np.uint64)) >> _HALF).astype(np.int64) + offset
        drawn = by_stratum[place]
    rows = np.arange(len(replicates))[:, None] * n
    counts = np.bincount((drawn + rows).ravel(), minlength=len(replicates) * n)
    return counts.reshape(len(replicates), n).astype(np.float64)
