"""Reliability of sums of items, from their covariance or, for scale-free forms, correlation matrix."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from socialcap.kernels import FloatArray
from socialcap.kernels.extraction import maximum_likelihood, minres, smc


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """Each item against the rest of its scale, all (..., p).

    r_total: with the sum of all items; r_rest: with the sum of the others (corrected); r_rest_squared:
    squared multiple correlation with the others; alpha_if_dropped: alpha of the others.
    """

    r_total: FloatArray
    r_rest: FloatArray
    r_rest_squared: FloatArray
    alpha_if_dropped: FloatArray


@dataclass(frozen=True, slots=True)
class Guttman:
    """Lower bounds to reliability (Guttman 1945), each (...); lambda4 is the largest split half examined."""

    lambda1: FloatArray
    lambda2: FloatArray
    lambda3: FloatArray
    lambda4: FloatArray
    lambda5: FloatArray
    lambda6: FloatArray


@dataclass(frozen=True, slots=True)
class SplitHalf:
    """Split-half coefficients 4 cov(a, b) / var(a + b) over splits into halves that differ by one item at
    most.

    largest, smallest, mean, median (...); splits: how many were examined; exhaustive: whether that is all.
    """

    largest: FloatArray
    smallest: FloatArray
    mean: FloatArray
    median: FloatArray
    splits: int
    exhaustive: bool


@dataclass(frozen=True, slots=True)
class Omega:
    """Omega total of a one-factor model (McDonald 1999), each (...).

    implied: (sum l)^2 / ((sum l)^2 + sum psi), the model's variance of the sum below; observed: (sum l)^2
    over the observed variance of the sum. loadings and uniquenesses (..., p) in the units of the items;
    converged (...), heywood (..., p) of the factor model.
    """

    implied: FloatArray
    observed: FloatArray
    loadings: FloatArray
    uniquenesses: FloatArray
    converged: NDArray[np.bool_]
    heywood: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SchmidLeiman:
    """A general factor and residual group factors, orthogonal, from an oblique solution (Schmid, Leiman
    1957).

    general (..., p), group (..., p, k), second_order (..., k): loadings of the factors on the general one.
    omega_hierarchical and omega_total (...) over the observed variance of the sum (psych), *_implied over the
    model's; explained_common_variance: general over all common variance. heywood (...): a second-order
    loading of at least one.
    """

    general: FloatArray
    group: FloatArray
    second_order: FloatArray
    omega_hierarchical: FloatArray
    omega_total: FloatArray
    omega_hierarchical_implied: FloatArray
    omega_total_implied: FloatArray
    explained_common_variance: FloatArray
    heywood: NDArray[np.bool_]


def covariance(items: FloatArray) -> FloatArray:
    """Covariance (..., p, p) of `items (..., n, p)` with divisor n - 1."""
    centred = items - np.mean(items, axis=-2, keepdims=True)
    return np.asarray(np.swapaxes(centred, -1, -2) @ centred / (items.shape[-2] - 1))


def correlation_of(cov: FloatArray) -> FloatArray:
    """Correlation matrix (..., p, p) of `cov (..., p, p)`."""
    spread = np.sqrt(_diagonal(cov))
    return np.asarray(cov / (spread[..., :, None] * spread[..., None, :]))


def alpha(cov: FloatArray) -> FloatArray:
    """Coefficient alpha (...) = p/(p-1) (1 - trace / sum) of `cov (..., p, p)` (Cronbach 1951)."""
    p = cov.shape[-1]
    return np.asarray(p / (p - 1) * (1.0 - np.sum(_diagonal(cov), axis=-1) / _total(cov)))


def standardised_alpha(cov: FloatArray) -> FloatArray:
    """Alpha (...) of the standardised items, p r / (1 + (p-1) r) with r the mean correlation."""
    return alpha(correlation_of(cov))


def ordinal_alpha(polychoric: FloatArray) -> FloatArray:
    """Alpha (...) of polychoric correlations (..., p, p): of the underlying variables, not of the sum
    observed.

    Zumbo, Gadermann and Zeisser (2007).
    """
    return alpha(polychoric)


def feldt_interval(estimate: FloatArray, n: int, p: int, level: float = 0.95) -> FloatArray:
    """Interval (2, ...) of alpha for `n` respondents and `p` items (Feldt 1965).

    1 - (1 - alpha) F, with F the (1 +- level)/2 quantiles of F(n-1, (n-1)(p-1)); exact for normal items that
    are essentially tau-equivalent.
    """
    tail = (1.0 - level) / 2.0
    quantiles = np.array([fdtri(n - 1, (n - 1) * (p - 1), 1.0 - tail), fdtri(n - 1, (n - 1) * (p - 1), tail)])
    shape = (2, *([1] * np.ndim(estimate)))
    return np.asarray(1.0 - (1.0 - np.asarray(estimate)) * quantiles.reshape(shape))


def item_statistics(cov: FloatArray) -> ItemStatistics:
    """Item-total and item-rest statistics of `cov (..., p, p)`; alpha_if_dropped needs three items."""
    p = cov.shape[-1]
    own, rows, total = _diagonal(cov), np.sum(cov, axis=-1), _total(cov)[..., None]
    rest = total - 2.0 * rows + own
    others = np.sum(own, axis=-1, keepdims=True) - own
    dropped = (p - 1) / (p - 2) * (1.0 - others / rest) if p > 2 else np.full(own.shape, np.nan)
    return ItemStatistics(
        r_total=rows / np.sqrt(own * total),
        r_rest=(rows - own) / np.sqrt(own * rest),
        r_rest_squared=smc(correlation_of(cov)),
        alpha_if_dropped=dropped,
    )


def guttman(cov: FloatArray, *, max_splits: int = 20_000, rng: np.random.Generator | None = None) -> Guttman:
    """Guttman's six lambdas of `cov (..., p, p)`; lambda4 by `split_half`."""
    p = cov.shape[-1]
    own, total = _diagonal(cov), _total(cov)
    off = cov - own[..., None] * np.eye(p)
    columns = np.sum(off**2, axis=-2)
    first = 1.0 - np.sum(own, axis=-1) / total
    return Guttman(
        lambda1=first,
        lambda2=first + np.sqrt(p / (p - 1) * np.sum(columns, axis=-1)) / total,
        lambda3=alpha(cov),
        lambda4=split_half(cov, max_splits=max_splits, rng=rng).largest,
        lambda5=first + 2.0 * np.sqrt(np.max(columns, axis=-1)) / total,
        lambda6=1.0 - np.sum(own * (1.0 - smc(correlation_of(cov))), axis=-1) / total,
    )


def split_half(
    cov: FloatArray, *, max_splits: int = 20_000, rng: np.random.Generator | None = None
) -> SplitHalf:
    """Split-half coefficients (Flanagan, Rulon 1939) of `cov (..., p, p)` over all splits into two halves.

    Where there are more than `max_splits`, so many are drawn by `rng` (required then), and lambda4 is a lower
    bound to the largest. Raises ValueError without rng where it is needed.
    """
    p = cov.shape[-1]
    total_splits = comb(p, p // 2) // (2 if p % 2 == 0 else 1)
    exhaustive = total_splits <= max_splits
    if exhaustive:
        signs = _all_splits(p)
    elif rng is None:
        raise ValueError(
            f"{total_splits} splits exceed max_splits={max_splits}: random splits need a generator"
        )
    else:
        half = np.repeat([1.0, -1.0], [p // 2, p - p // 2])
        signs = rng.permuted(np.tile(half, (max_splits, 1)), axis=1)
    difference = np.einsum("...sj,sj->...s", signs @ cov, signs)
    coefficients = 1.0 - difference / _total(cov)[..., None]
    return SplitHalf(
        largest=np.max(coefficients, axis=-1),
        smallest=np.min(coefficients, axis=-1),
        mean=np.mean(coefficients, axis=-1),
        median=np.median(coefficients, axis=-1),
        splits=len(signs),
        exhaustive=exhaustive,
    )


def omega(cov: FloatArray) -> Omega:
    """Omega total of `cov (..., p, p)`, at least three items, from one factor by maximum likelihood."""
    spread = np.sqrt(_diagonal(cov))
    found = maximum_likelihood(correlation_of(cov), 1)
    loadings = found.loadings[..., 0] * np.where(np.sum(found.loadings, axis=-2) < 0.0, -1.0, 1.0) * spread
    uniquenesses = found.uniquenesses * spread**2
    common = np.sum(loadings, axis=-1) ** 2
    return Omega(
        implied=common / (common + np.sum(uniquenesses, axis=-1)),
        observed=common / _total(cov),
        loadings=loadings,
        uniquenesses=uniquenesses,
        converged=found.converged,
        heywood=found.heywood,
    )


def schmid_leiman(corr: FloatArray, loadings: FloatArray, phi: FloatArray) -> SchmidLeiman:
    """Hierarchical omegas of `corr (..., p, p)` from an oblique solution with at least three group factors.

    loadings (..., p, k) pattern, phi (..., k, k). One minres factor of phi gives second-order loadings g;
    general = L g, group = L sqrt(1 - g^2). The general factor is signed to a positive sum of loadings. Omega
    hierarchical = (sum general)^2 / variance of the sum; omega total adds the group factors (McDonald 1999;
    Zinbarg, Revelle, Yovel and Li 2005). Another quantity than omega of a bifactor model fitted directly.
    """
    second = minres(phi, 1)
    g = second.loadings[..., 0]
    general = np.sum(loadings * g[..., None, :], axis=-1)
    turn = np.where(np.sum(general, axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
    general, g = general * turn, g * turn
    group = loadings * np.sqrt(np.maximum(1.0 - g**2, 0.0))[..., None, :]
    common = general**2 + np.sum(group**2, axis=-1)
    hierarchical = np.sum(general, axis=-1) ** 2
    grouped = np.sum(np.sum(group, axis=-2) ** 2, axis=-1)
    unique = np.sum(_diagonal(corr) - common, axis=-1)
    implied, observed = hierarchical + grouped + unique, _total(corr)
    return SchmidLeiman(
        general=general,
        group=group,
        second_order=g,
        omega_hierarchical=hierarchical / observed,
        omega_total=1.0 - unique / observed,
        omega_hierarchical_implied=hierarchical / implied,
        omega_total_implied=1.0 - unique / implied,
        explained_common_variance=np.sum(general**2, axis=-1) / np.sum(common, axis=-1),
        heywood=np.any(second.heywood, axis=-1),
    )


def _all_splits(p: int) -> FloatArray:
    """Every split of p items into halves once, as rows of +1 and -1."""
    # with even p a split and its mirror image are the same: the first item stays in the first half
    fixed = 1 if p % 2 == 0 else 0
    chosen = np.array(list(combinations(range(fixed, p), p // 2 - fixed)), dtype=np.int64)
    signs = -np.ones((len(chosen), p))
    signs[:, :fixed] = 1.0
    np.put_along_axis(signs, chosen, 1.0, axis=1)
    return signs


def _diagonal(matrix: FloatArray) -> FloatArray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _total(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.sum(matrix, axis=(-2, -1)))
