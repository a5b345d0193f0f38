"""Comparison data: number of factors by eigenvalues of populations with known factors and the data's own
margins.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from socialcap.kernels import FloatArray
from socialcap.kernels.correlation import average_ranks, correlation_from_covariance, pearson
from socialcap.kernels.extraction import principal_axis
from socialcap.kernels.retention import eigenvalues, largest_factor_number

# a search for the intermediate correlations ends after so many halvings of its step without gain
_MAX_TRIALS = 5
_SAMPLES_PER_BLOCK = 100


@dataclass(frozen=True, slots=True)
class ComparisonData:
    """Number of factors by comparison data, and what led to it.

    `rmsr` (k, n_samples): distance of each sample's eigenvalues from the observed ones for 1, ..., k factors,
    the last being the first that brought no gain (or the most allowed); `p_values` (k - 1,) one-sided
    Mann-Whitney tests that k + 1 factors come closer than k; `fit` (k,) root mean square difference of the
    population's and the observed correlations.
    """

    n_factors: int
    rmsr: FloatArray
    p_values: FloatArray
    fit: FloatArray


def comparison_data(
    rng: np.random.Generator,
    x: FloatArray,
    *,
    most: int | None = None,
    n_population: int = 10_000,
    n_samples: int = 500,
    alpha: float = 0.30,
) -> ComparisonData:
    """Number of factors of complete `x` (n, p) by comparison data (Ruscio and Roche 2012).

    For k = 1, 2, ... a finite population with the margins of `x` and k factors reproduces its Pearson
    correlations as well as it can; `n_samples` samples of n rows give the root mean square distance of their
    p eigenvalues from the observed. A factor is added while a one-sided Mann-Whitney test has p < `alpha`.
    """
    n, p = x.shape
    target = pearson(x)
    observed = eigenvalues(target)
    most = largest_factor_number(p) if most is None else most
    distances: list[FloatArray] = []
    p_values: list[float] = []
    fits: list[float] = []
    for k, child in enumerate(rng.spawn(most), start=1):
        population, fit = generate_population(child, x, target, k, n_population)
        distances.append(_sampled_distances(child, population, observed, n, n_samples))
        fits.append(fit)
        if k > 1:
            p_values.append(mann_whitney_less(distances[-1], distances[-2]))
            if p_values[-1] >= alpha:
                break
    gained = not p_values or p_values[-1] < alpha
    n_factors = len(distances) if gained else len(distances) - 1
    return ComparisonData(n_factors, np.array(distances), np.array(p_values), np.array(fits))


def generate_population(
    rng: np.random.Generator, x: FloatArray, target: FloatArray, k: int, n_population: int
) -> tuple[FloatArray, float]:
    """Population (n_population, p) with `k` factors, margins drawn from `x` (n, p) and correlations near
    `target`.

    Also its root mean square residual. The intermediate correlations, factored by PAF and carried by normal
    scores that are then replaced by the sorted margins, move by the residuals; a step without gain is halved
    from the best matrix so far (Ruscio and Kaczetow 2008).
    """
    n, p = x.shape
    margins = np.stack([np.sort(x[rng.integers(0, n, n_population), j]) for j in range(p)])
    shared = np.ascontiguousarray(rng.standard_normal((n_population, k)).T)
    unique = np.ascontiguousarray(rng.standard_normal((n_population, p)).T)
    lower = np.tril_indices(p, -1)
    wanted = best = target
    best_residual = np.zeros_like(target)
    loadings = best_loadings = np.zeros((p, k))
    best_rmsr, trial = np.inf, 0
    while trial < _MAX_TRIALS:
        loadings = _bounded(principal_axis(wanted, k, stop="max", max_iter=50).loadings)
        residual = target - pearson(_with_margins(shared, unique, loadings, margins))
        rmsr = float(np.sqrt(np.mean(residual[lower] ** 2)))
        if rmsr < best_rmsr:
            best_rmsr, best, best_residual, best_loadings, trial = rmsr, wanted, residual, loadings, 0
            wanted = _valid(wanted + residual)
        else:
            trial += 1
            wanted = _valid(best + 0.5**trial * best_residual)
    return _with_margins(shared, unique, best_loadings, margins), best_rmsr


def mann_whitney_less(a: FloatArray, b: FloatArray) -> float:
    """One-sided p-value that `a` (m,) tends to be smaller than `b` (n,): normal approximation, ties and
    continuity.
    """
    m, n = a.size, b.size
    together = np.concatenate((a, b))
    statistic = average_ranks(together[:, None])[:m, 0].sum() - m * (m + 1) / 2
    _, ties = np.unique(together, return_counts=True)
    total = m + n
    variance = m * n / 12.0 * (total + 1.0 - float((ties**3 - ties).sum()) / (total * (total - 1.0)))
    if variance == 0.0:
        return 1.0
    return float(ndtr((statistic - m * n / 2.0 + 0.5) / np.sqrt(variance)))


def _bounded(loadings: FloatArray) -> FloatArray:
    """Loadings with communalities above 1 pulled back to 1, so that the unique part has a variance."""
    length = np.sqrt((loadings * loadings).sum(axis=1, keepdims=True))
    return np.asarray(loadings / np.maximum(length, 1.0))


def _valid(matrix: FloatArray) -> FloatArray:
    """The symmetric matrix with entries inside +-1 and unit diagonal."""
    return np.clip(matrix, -1.0, 1.0) * (1.0 - np.eye(matrix.shape[0])) + np.eye(matrix.shape[0])


def _with_margins(
    shared: FloatArray, unique: FloatArray, loadings: FloatArray, margins: FloatArray
) -> FloatArray:
    """Factor-model scores (n, p) with each item's values replaced, rank by rank, by the sorted `margins`
    (p, n).
    """
    free = np.sqrt(np.maximum(1.0 - (loadings * loadings).sum(axis=1), 0.0))
    scores = loadings @ shared
    data: FloatArray = np.empty_like(scores)
    for j, score in enumerate(scores):
        score += unique[j] * free[j]
        data[j, np.argsort(score)] = margins[j]
    return np.ascontiguousarray(data.T)


def _sampled_distances(
    rng: np.random.Generator, population: FloatArray, observed: FloatArray, n: int, n_samples: int
) -> FloatArray:
    """Root mean square distance (n_samples,) of samples' eigenvalues from the observed ones."""
    p = population.shape[1]
    index = np.arange(p)
    values = []
    sample = np.empty((n, p))
    for first in range(0, n_samples, _SAMPLES_PER_BLOCK):
        size = min(_SAMPLES_PER_BLOCK, n_samples - first)
        products = np.empty((size, p, p))
        # one sample at a time stays in the processor's cache
        for rows, product in zip(rng.integers(0, len(population), (size, n)), products, strict=True):
            # the default mode would fill a buffer before `out`; no row is out of range
            np.take(population, rows, axis=0, out=sample, mode="clip")
            sample -= sample.mean(axis=0)
            np.matmul(sample.T, sample, out=product)
        # an item that a sample holds constant is unrelated to the others, not undefined
        corr = np.nan_to_num(correlation_from_covariance(products))
        corr[:, index, index] = 1.0
        values.append(eigenvalues(corr))
    gap = np.concatenate(values) - observed
    return np.asarray(np.sqrt((gap * gap).mean(axis=1)))
