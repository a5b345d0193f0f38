"""Unrotated factor solutions of correlation matrices: principal components, axis factoring, ULS, ML, DWLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.uniqueness_newton import Minimum, minimise, ml_profile, uls_profile

HEYWOOD_UNIQUENESS = 0.005
"""Lower bound of a uniqueness in `minres` and `maximum_likelihood` (psych and R's factanal use the same)."""

_SINGULAR = 1e-10
"""Eigenvalue of a correlation matrix below which it counts as singular."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """An unrotated solution; every field has the batch axes of the correlation matrices in front.

    loadings (..., p, k): columns by falling variance, `loadings.T @ loadings` diagonal (for ML:
    `loadings.T @ diag(1/uniquenesses) @ loadings`); communalities (..., p): row sums of squared loadings;
    uniquenesses (..., p): what the method estimated, which adds to the communalities up to the diagonal of
    the matrix at convergence inside the bounds; objective (...): the minimised function, named by the method;
    gradient (...): its largest absolute (projected) derivative at the end, for iterated communalities their
    last change; converged (...), iterations (...); heywood (..., p): communality of at least one, or
    uniqueness at its lower bound.
    """

    loadings: FloatArray
    communalities: FloatArray
    uniquenesses: FloatArray
    objective: FloatArray
    gradient: FloatArray
    converged: NDArray[np.bool_]
    iterations: IntArray
    heywood: NDArray[np.bool_]


def smc(corr: FloatArray) -> FloatArray:
    """Squared multiple correlation (..., p) of each item with the others: 1 - 1 / diag(R^-1) (Guttman 1940).

    In a singular matrix each item is regressed on the others by the pseudo-inverse instead, so that an item
    that is a combination of others has 1.
    """
    p = corr.shape[-1]
    flat = corr.reshape(-1, p, p)
    values, vectors = np.linalg.eigh(flat)
    singular = values[:, 0] < _SINGULAR
    inverse = np.sum(vectors**2 / np.where(singular[:, None], 1.0, values)[:, None, :], axis=-1)
    multiple = 1.0 - 1.0 / inverse
    for replicate in np.flatnonzero(singular):
        multiple[replicate] = _multiple_correlations(flat[replicate])
    return np.asarray(np.clip(multiple, 0.0, 1.0).reshape(corr.shape[:-1]))


def _multiple_correlations(corr: FloatArray) -> FloatArray:
    """Squared multiple correlation (p,) of each item with the other rows of `corr (p, p)`, singular or not."""
    p = len(corr)
    items = np.arange(p)
    others = np.array([np.delete(items, item) for item in items])
    among = corr[others[:, :, None], others[:, None, :]]
    with_item = corr[others, items[:, None]]
    slopes = np.linalg.pinv(among, rcond=_SINGULAR, hermitian=True) @ with_item[:, :, None]
    return np.asarray(np.sum(slopes[:, :, 0] * with_item, axis=1))


def principal_components(corr: FloatArray, k: int) -> Extraction:
    """First `k` principal components of `corr (..., p, p)`: loadings = eigenvectors times root eigenvalues.

    The objective is half the sum of squares of the residual matrix, diagonal included (Eckart and Young
    1936).
    """
    values, vectors = np.linalg.eigh(corr)
    loadings = _principal(values, vectors, k)
    communalities = np.sum(loadings**2, axis=-1)
    batch = corr.shape[:-2]
    return Extraction(
        loadings=loadings,
        communalities=communalities,
        uniquenesses=np.diagonal(corr, axis1=-2, axis2=-1) - communalities,
        objective=0.5 * np.sum(values[..., : corr.shape[-1] - k] ** 2, axis=-1),
        gradient=np.zeros(batch),
        converged=np.ones(batch, dtype=bool),
        iterations=np.ones(batch, dtype=np.int64),
        heywood=np.zeros(corr.shape[:-1], dtype=bool),
    )


def principal_axis(
    corr: FloatArray,
    k: int,
    *,
    start: FloatArray | None = None,
    stop: Literal["tight", "max", "sum"] = "tight",
    tol: float | None = None,
    max_iter: int | None = None,
) -> Extraction:
    """Principal axis factoring of `corr (..., p, p)`: iterated communalities (Thomson 1934).

    stop "max": until no communality changes by `tol` (SPSS: .001, at most 25 iterations); "sum": until their
    sum changes by less than `tol` (psych: .001, 50 iterations); "tight": the limit of the iteration, which is
    the stationary point of the ULS criterion, found by Newton's method after three iterations (gradient at
    most `tol`, 1e-9). Communalities are not bounded: a value of one or more is flagged as a Heywood case. The
    objective is the ULS criterion, half the sum of squared residuals with the uniquenesses on the diagonal.

    Parameters: start (..., p), first communalities; the default is `smc`, as in SPSS and psych.
    """
    p = corr.shape[-1]
    flat = corr.reshape(-1, p, p)
    first = smc(flat) if start is None else np.broadcast_to(start, corr.shape[:-1]).reshape(-1, p)
    if stop == "tight":
        near = _iterate_communalities(flat, k, first, stop="max", tol=0.0, max_iter=3)
        found = minimise(
            uls_profile,
            flat,
            k,
            1.0 - near.communalities,
            lower=-np.inf,
            upper=np.inf,
            tol=1e-9 if tol is None else tol,
            max_iter=200 if max_iter is None else max_iter,
        )
        return _reshaped(_from_uniquenesses(flat, k, found, 0.0), corr)
    limit = (25 if stop == "max" else 50) if max_iter is None else max_iter
    done = _iterate_communalities(flat, k, first, stop=stop, tol=1e-3 if tol is None else tol, max_iter=limit)
    return _reshaped(done, corr)


def minres(
    corr: FloatArray,
    k: int,
    *,
    start: FloatArray | None = None,
    lower: float = HEYWOOD_UNIQUENESS,
    tol: float = 1e-9,
    max_iter: int = 200,
) -> Extraction:
    """Minimum residuals of `corr (..., p, p)` (Harman and Jones 1966), which is unweighted least squares.

    The objective is 1/2 ||R - LL' - diag(psi)||^2, half of psych's; the uniquenesses psi lie in [lower, 1].

    Parameters: start (..., p), first uniquenesses; the default is (1 - k/2p) / diag(R^-1) (Joreskog 1967).
    """
    return _minimised("uls", corr, k, start, lower, tol, max_iter)


def maximum_likelihood(
    corr: FloatArray,
    k: int,
    *,
    start: FloatArray | None = None,
    lower: float = HEYWOOD_UNIQUENESS,
    tol: float = 1e-9,
    max_iter: int = 200,
) -> Extraction:
    """Maximum-likelihood factors of `corr (..., p, p)` (Lawley 1940; Newton's method: Joreskog 1967).

    The objective is F = log|S| + tr(R S^-1) - log|R| - p with S = LL' + diag(psi), psi in [lower, 1]; the
    gradient is taken with respect to log psi. A singular matrix has no solution: converged is False.

    Parameters: start (..., p), first uniquenesses; the default is (1 - k/2p) / diag(R^-1) (Joreskog 1967).
    """
    return _minimised("ml", corr, k, start, lower, tol, max_iter)


def _minimised(
    method: Literal["uls", "ml"],
    corr: FloatArray,
    k: int,
    start: FloatArray | None,
    lower: float,
    tol: float,
    max_iter: int,
) -> Extraction:
    p = corr.shape[-1]
    flat = corr.reshape(-1, p, p)
    first = (1.0 - 0.5 * k / p) * (1.0 - smc(corr)) if start is None else start
    psi = np.clip(np.broadcast_to(first, corr.shape[:-1]).reshape(-1, p), lower, 1.0)
    if method == "uls":
        found = minimise(uls_profile, flat, k, psi, lower=lower, upper=1.0, tol=tol, max_iter=max_iter)
        return _reshaped(_from_uniquenesses(flat, k, found, lower), corr)
    low = float(np.log(lower))
    found = minimise(ml_profile, flat, k, np.log(psi), lower=low, upper=0.0, tol=tol, max_iter=max_iter)
    return _reshaped(_from_log_uniquenesses(flat, k, found, low), corr)


def _from_uniquenesses(flat: FloatArray, k: int, found: Minimum, lower: float) -> Extraction:
    """The ULS solution at the uniquenesses found."""
    values, vectors = np.linalg.eigh(flat - found.x[:, :, None] * np.eye(flat.shape[-1]))
    loadings = _principal(values, vectors, k)
    return _collected(loadings, found.x, found, found.x <= lower)


def _from_log_uniquenesses(flat: FloatArray, k: int, found: Minimum, lower: float) -> Extraction:
    """The ML solution at the logs of the uniquenesses found."""
    root = np.exp(0.5 * found.x)
    values, vectors = np.linalg.eigh(flat / (root[:, :, None] * root[:, None, :]))
    loadings = root[:, :, None] * _principal(values - 1.0, vectors, k)
    return _collected(loadings, np.exp(found.x), found, found.x <= lower)


def _collected(
    loadings: FloatArray, psi: FloatArray, found: Minimum, heywood: NDArray[np.bool_]
) -> Extraction:
    return Extraction(
        loadings=loadings,
        communalities=np.sum(loadings**2, axis=-1),
        uniquenesses=psi,
        objective=found.value,
        gradient=found.gradient,
        converged=found.converged,
        iterations=found.iterations,
        heywood=heywood,
    )


def _iterate_communalities(
    flat: FloatArray, k: int, first: FloatArray, *, stop: Literal["max", "sum"], tol: float, max_iter: int
) -> Extraction:
    """Communalities replaced by those of the last solution until the stop rule holds for each replicate."""
    size, p = first.shape
    items = np.arange(p)
    communalities, loadings = first.copy(), np.zeros((size, p, k))
    change, objective = np.full(size, np.inf), np.zeros(size)
    iterations = np.zeros(size, dtype=np.int64)
    active = np.arange(size)
    for _ in range(max_iter):
        reduced = flat[active]
        diagonal = reduced[:, items, items] - 1.0
        reduced[:, items, items] = communalities[active] + diagonal
        values, vectors = np.linalg.eigh(reduced)
        latest = _principal(values, vectors, k)
        new = np.sum(latest**2, axis=-1)
        shift = new - communalities[active]
        moved = np.abs(shift.sum(axis=-1)) if stop == "sum" else np.max(np.abs(shift), axis=-1)
        communalities[active], loadings[active], change[active] = new, latest, moved
        iterations[active] += 1
        active = active[moved >= tol]
        if len(active) == 0:
            break
    residual = flat - loadings @ np.swapaxes(loadings, -1, -2)
    residual[:, items, items] = 0.0
    objective = 0.5 * np.sum(residual**2, axis=(-2, -1))
    return Extraction(
        loadings=loadings,
        communalities=communalities,
        uniquenesses=flat[:, items, items] - communalities,
        objective=objective,
        gradient=change,
        converged=change < tol,
        iterations=iterations,
        heywood=communalities >= 1.0,
    )


def _principal(values: FloatArray, vectors: FloatArray, k: int) -> FloatArray:
    """Loadings (..., p, k) on the k largest of the ascending eigenvalues, zero where those are negative."""
    top = np.sqrt(np.maximum(values[..., ::-1][..., None, :k], 0.0))
    return np.asarray(vectors[..., ::-1][..., :k] * top)


def _reshaped(flat: Extraction, corr: FloatArray) -> Extraction:
    """`flat` with the batch axes of `corr` restored."""
    batch, p = corr.shape[:-2], corr.shape[-1]
    return Extraction(
        loadings=flat.loadings.reshape(*batch, p, flat.loadings.shape[-1]),
        communalities=flat.communalities.reshape(*batch, p),
        uniquenesses=flat.uniquenesses.reshape(*batch, p),
        objective=flat.objective.reshape(batch),
        gradient=flat.gradient.reshape(batch),
        converged=flat.converged.reshape(batch),
        iterations=flat.iterations.reshape(batch),
        heywood=flat.heywood.reshape(*batch, p),
    )
