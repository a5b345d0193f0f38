"""Indirect effects along the paths of linear equations, for every bootstrap replicate at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.ols import replicate_cross_products, solve_cross_products
from socialcap.kernels.resampling import resample_counts

_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Equation:
    """One regression among columns Z (n, c): the place of its outcome and the places of its regressors."""

    outcome: int
    regressors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """Coefficients of the equations, over leading axes (...).

    slopes: of each equation in the order of its regressors (..., r); spread (..., c): standard deviations of
    the columns, divisor n.
    """

    slopes: tuple[FloatArray, ...]
    spread: FloatArray


def replicate_paths(columns: FloatArray, counts: FloatArray, equations: Sequence[Equation]) -> Paths:
    """Least-squares coefficients of every equation in every replicate, (B, ...).

    `columns` (n, c) without a constant, of which every equation has one; `counts` (B, n): times each row is
    drawn. All equations come from one matrix of cross-products per replicate, of columns standardised over
    the full sample, so that no digits are lost to their scale. A replicate in which an equation has lost its
    rank is NaN there.
    """
    centre, scale = columns.mean(axis=0), columns.std(axis=0)
    standard = (columns - centre) / scale
    gram = replicate_cross_products(np.column_stack([standard, np.ones(len(standard))]), counts)
    total = gram[:, -1, -1]
    means = gram[:, :-1, -1] / total[:, None]
    comoments = gram[:, :-1, :-1] / total[:, None, None] - means[:, :, None] * means[:, None, :]
    slopes = []
    for equation in equations:
        x = np.array(equation.regressors, dtype=np.int64)
        found = solve_cross_products(comoments[:, x[:, None], x], comoments[:, x, equation.outcome])
        slopes.append(found * scale[equation.outcome] / scale[x])
    variance = np.einsum("bjj->bj", comoments)
    return Paths(tuple(slopes), np.sqrt(np.maximum(variance, 0.0)) * scale)


def bootstrap_paths(
    columns: FloatArray,
    equations: Sequence[Equation],
    *,
    seed: int,
    replicates: int,
    clusters: IntArray | None = None,
) -> Paths:
    """`replicate_paths` of resampled rows, or of resampled whole `clusters` (n,)."""
    step = max(1, _CHUNK_CELLS // len(columns))
    parts = [
        replicate_paths(
            columns,
            resample_counts(
                seed, len(columns), range(first, min(first + step, replicates)), clusters=clusters
            ),
            equations,
        )
        for first in range(0, replicates, step)
    ]
    return _stacked(parts)


def jackknife_paths(
    columns: FloatArray, equations: Sequence[Equation], clusters: IntArray | None = None
) -> Paths:
    """`replicate_paths` with one row, or one of the `clusters` (n,), left out at a time."""
    n = len(columns)
    unit = np.arange(n) if clusters is None else np.unique(clusters, return_inverse=True)[1].reshape(-1)
    step = max(1, _CHUNK_CELLS // n)
    count = int(unit.max()) + 1
    parts = [
        replicate_paths(
            columns,
            (np.arange(first, min(first + step, count))[:, None] != unit).astype(float),
            equations,
        )
        for first in range(0, count, step)
    ]
    return _stacked(parts)


def _stacked(parts: Sequence[Paths]) -> Paths:
    slopes = tuple(np.concatenate(group) for group in zip(*(part.slopes for part in parts), strict=True))
    return Paths(slopes, np.concatenate([part.spread for part in parts]))


def chains(n_mediators: int) -> tuple[tuple[int, ...], ...]:
    """The 2^k - 1 ways from the cause through mediators that act one on the next, shorter ways first."""
    every = range(n_mediators)
    return tuple(chain for length in range(1, n_mediators + 1) for chain in combinations(every, length))


def chain_effects(a: FloatArray, d: FloatArray, b: FloatArray, ways: Sequence[tuple[int, ...]]) -> FloatArray:
    """Indirect effects (..., len(ways)): the product of the coefficients along each way.

    a (..., k) of the cause on each mediator; d (..., k, k), d[i, j] of mediator j on mediator i; b (..., k)
    of the mediators on the outcome (Taylor, MacKinnon and Tein 2008).
    """
    products = []
    for way in ways:
        value = a[..., way[0]] * b[..., way[-1]]
        for earlier, later in pairwise(way):
            value = value * d[..., later, earlier]
        products.append(value)
    return np.stack(products, axis=-1)


def conditional_effects(
    a: FloatArray, a_moderated: FloatArray, b: FloatArray, b_moderated: FloatArray, levels: FloatArray
) -> FloatArray:
    """Indirect effects (..., L, k) through k mediators at levels (L,) of a moderator.

    (a_j + a_wj w)(b_j + b_wj w), all coefficients (..., k) and zero where a path is not moderated (Preacher,
    Rucker and Hayes 2007; Hayes 2015).
    """
    w = levels[:, None]
    first = a[..., None, :] + a_moderated[..., None, :] * w
    second = b[..., None, :] + b_moderated[..., None, :] * w
    return np.asarray(first * second)
