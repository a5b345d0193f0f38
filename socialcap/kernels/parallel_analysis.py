"""Parallel analysis: eigenvalues against those of data without common factors, normal, permuted or
polychoric.

Random sets are drawn in blocks of fixed size, each from its own child of the generator, so that the result
depends on the seed and the number of sets alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.correlation import average_ranks, pearson
from socialcap.kernels.extraction import minres, smc
from socialcap.kernels.moments import crosstabs
from socialcap.kernels.polychoric_null import FixedMargins
from socialcap.kernels.retention import eigenvalues, leading_count

Reduction = Literal["components", "smc", "one_factor"]

_SETS_PER_BLOCK = 250


@dataclass(frozen=True, slots=True)
class ParallelAnalysis:
    """Observed eigenvalues against simulated ones, each (p,), of `n_sets` random sets.

    `reference` is what the observed ones are held against: the simulated `mean` or a percentile; `n_factors`
    counts observed eigenvalues above their reference before the first that is not.
    """

    observed: FloatArray
    mean: FloatArray
    reference: FloatArray
    n_factors: int
    n_sets: int


def reduced_eigenvalues(corr: FloatArray, reduction: Reduction) -> FloatArray:
    """Eigenvalues (..., p), largest first, of correlations (..., p, p) with the diagonal that `reduction`
    names.

    "components": ones (Horn 1965). "smc": squared multiple correlations (Humphreys and Ilgen 1969; EFAtools).
    "one_factor": communalities of one minres factor (psych's fa.parallel, fa = "fa").
    """
    if reduction == "components":
        return eigenvalues(corr)
    index = np.arange(corr.shape[-1])
    reduced = corr.copy()
    reduced[..., index, index] = smc(corr) if reduction == "smc" else minres(corr, 1).communalities
    return eigenvalues(reduced)


def parallel_analysis(
    observed: FloatArray,
    null: Iterator[FloatArray],
    reductions: tuple[Reduction, ...] = ("components",),
    percentile: float | None = 95.0,
) -> dict[Reduction, ParallelAnalysis]:
    """Parallel analysis of a correlation matrix `observed` (p, p) against blocks (b, p, p) of random ones.

    `null` is one of `normal_null`, `permutation_null`, `polychoric_null`; the same random matrices serve
    every reduction. `percentile` of the simulated eigenvalues is the reference (95: Glorfeld 1995), None
    their mean (Horn).
    """
    parts: dict[Reduction, list[FloatArray]] = {reduction: [] for reduction in reductions}
    for block in null:
        for reduction in reductions:
            parts[reduction].append(reduced_eigenvalues(block, reduction))
    return {
        reduction: compare(
            reduced_eigenvalues(observed, reduction), np.concatenate(parts[reduction]), percentile
        )
        for reduction in reductions
    }


def compare(observed: FloatArray, simulated: FloatArray, percentile: float | None) -> ParallelAnalysis:
    """Parallel analysis of eigenvalues `observed` (p,) against `simulated` (n_sets, p); see
    `parallel_analysis`.
    """
    mean = simulated.mean(axis=0)
    reference = mean if percentile is None else np.percentile(simulated, percentile, axis=0)
    return ParallelAnalysis(
        observed, mean, reference, int(leading_count(observed > reference)), simulated.shape[0]
    )


def _blocks(
    rng: np.random.Generator, n_sets: int, draw: Callable[[np.random.Generator, int], FloatArray]
) -> Iterator[FloatArray]:
    sizes = [min(_SETS_PER_BLOCK, n_sets - first) for first in range(0, n_sets, _SETS_PER_BLOCK)]
    for child, size in zip(rng.spawn(len(sizes)), sizes, strict=True):
        yield draw(child, size)


def wishart_correlations(rng: np.random.Generator, n_sets: int, n_obs: int, p: int) -> FloatArray:
    """Correlation matrices (n_sets, p, p) of `n_obs` > p rows of independent normal data, without the data.

    The Cholesky factor of a Wishart matrix has independent entries, normal below and chi with n - 1 - i
    degrees of freedom at row i of the diagonal (Bartlett 1933): the cost does not depend on `n_obs`.
    """
    factor = np.zeros((n_sets, p, p))
    rows, columns = np.tril_indices(p, -1)
    factor[:, rows, columns] = rng.standard_normal((n_sets, rows.size))
    index = np.arange(p)
    factor[:, index, index] = np.sqrt(rng.chisquare(n_obs - 1.0 - index, (n_sets, p)))
    factor /= np.sqrt(np.einsum("sij,sij->si", factor, factor))[:, :, None]
    corr = factor @ np.swapaxes(factor, -1, -2)
    corr[:, index, index] = 1.0
    return corr


def normal_null(rng: np.random.Generator, n_sets: int, n_obs: int, p: int) -> Iterator[FloatArray]:
    """Blocks of correlation matrices of `n_obs` rows of `p` independent normal items, `n_sets` in all.

    Drawn from a Wishart distribution; from normal data where `n_obs` <= p, when that has no Cholesky factor.
    """

    def draw(child: np.random.Generator, size: int) -> FloatArray:
        if n_obs > p:
            return wishart_correlations(child, size, n_obs, p)
        return pearson(child.standard_normal((size, n_obs, p)))

    return _blocks(rng, n_sets, draw)


def permutation_null(
    rng: np.random.Generator, n_sets: int, x: FloatArray, kind: Literal["pearson", "spearman"] = "pearson"
) -> Iterator[FloatArray]:
    """Blocks of correlation matrices of complete `x` (n, p) with each column shuffled by itself, `n_sets` in
    all.
    """
    values = average_ranks(x) if kind == "spearman" else x
    values = values - values.mean(axis=0)
    values = values / np.sqrt((values * values).sum(axis=0))
    index = np.arange(x.shape[1])

    def draw(child: np.random.Generator, size: int) -> FloatArray:
        shuffled = child.permuted(np.broadcast_to(values, (size, *values.shape)), axis=1)
        corr: FloatArray = np.swapaxes(shuffled, -1, -2) @ shuffled
        corr[:, index, index] = 1.0
        return corr

    return _blocks(rng, n_sets, draw)


def polychoric_null(
    rng: np.random.Generator, n_sets: int, codes: IntArray, n_categories: tuple[int, ...]
) -> Iterator[FloatArray]:
    """Blocks of polychoric matrices of `codes` (n, p), negative = missing, each column shuffled by itself.

    Shuffling leaves the margins and so the thresholds as they are; see `polychoric_null.FixedMargins`.
    """
    margins = FixedMargins(crosstabs(codes, n_categories).margins())
    small = codes.astype(np.int8)

    def draw(child: np.random.Generator, size: int) -> FloatArray:
        shuffled = child.permuted(np.broadcast_to(small, (size, *small.shape)), axis=1)
        return margins.polychoric(crosstabs(shuffled, n_categories))

    return _blocks(rng, n_sets, draw)
