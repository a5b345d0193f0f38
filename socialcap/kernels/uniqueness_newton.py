"""Newton's method on the uniquenesses: the ULS and ML criteria with the loadings profiled out.

For given uniquenesses the best loadings have a closed form (Joreskog 1967; Harman and Jones 1966), so that p
unknowns remain. Both criteria are functions of the eigenvalues of a matrix that is linear in the unknowns,
whose first and second derivatives are known exactly (Magnus 1985; for ML Clarke 1970).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Profile:
    """Criterion at a point: value (B,), gradient (B, p), hessian (B, p, p) and its convex part."""

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray
    convex_part: FloatArray


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the search ended: x (B, p), value (B,), largest projected derivative, flags and counts (B,)."""

    x: FloatArray
    value: FloatArray
    gradient: FloatArray
    converged: NDArray[np.bool_]
    iterations: IntArray


Criterion = Callable[[FloatArray, FloatArray, int], Profile]


def uls_profile(corr: FloatArray, psi: FloatArray, k: int) -> Profile:
    """ULS criterion 1/2 ||R - diag(psi) - LL'||^2 at its best L, for corr (B, p, p) and psi (B, p).

    With eigenvalues v and eigenvectors u of R - diag(psi), the kept ones being the k largest where positive:
    f = 1/2 sum of v^2 over the others; df = -diag of the residual matrix.
    """
    values, vectors = np.linalg.eigh(corr - _diagonal(psi))
    kept = _kept(values, k, 0.0)
    rest = np.where(kept, 0.0, values)
    residual_space = _gram(vectors, np.where(kept, 0.0, 1.0))
    convex = residual_space * residual_space
    hessian = convex.copy()
    for n in range(values.shape[-1] - k, values.shape[-1]):
        slope = 2.0 * rest / _away_from_zero(values - values[:, n : n + 1])
        hessian += _mixed_term(vectors, n, np.where(kept[:, n : n + 1] & ~kept, slope, 0.0))
    return Profile(
        value=0.5 * np.sum(rest**2, axis=-1),
        gradient=-np.einsum("bim,bm,bim->bi", vectors, rest, vectors),
        hessian=hessian,
        convex_part=convex,
    )


def ml_profile(corr: FloatArray, log_psi: FloatArray, k: int) -> Profile:
    """ML criterion log|S| + tr(R S^-1) - log|R| - p at its best L, for corr (B, p, p) and log psi (B, p).

    With eigenvalues v of psi^-1/2 R psi^-1/2, the kept ones being the k largest where above one:
    f = sum of v - log v - 1 over the others (Joreskog 1967).
    """
    scale = np.exp(-0.5 * log_psi)
    values, vectors = np.linalg.eigh(scale[:, :, None] * corr * scale[:, None, :])
    # a singular matrix has no ML solution: the floor keeps the numbers finite, the search does not converge
    values = np.maximum(values, 1e-300)
    kept = _kept(values, k, 1.0)
    excess = np.where(kept, 0.0, values - 1.0)
    space = _gram(vectors, np.where(kept, 0.0, 1.0))
    convex = space * _gram(vectors, np.where(kept, 0.0, values))
    hessian = convex.copy()
    for n in range(values.shape[-1] - k, values.shape[-1]):
        top = values[:, n : n + 1]
        slope = excess * (values + top) / _away_from_zero(values - top)
        hessian += _mixed_term(vectors, n, np.where(kept[:, n : n + 1] & ~kept, slope, 0.0))
    return Profile(
        value=np.sum(np.where(kept, 0.0, values - np.log(values) - 1.0), axis=-1),
        gradient=-np.einsum("bim,bm,bim->bi", vectors, excess, vectors),
        hessian=hessian,
        convex_part=convex,
    )


def minimise(
    criterion: Criterion,
    corr: FloatArray,
    k: int,
    start: FloatArray,
    *,
    lower: float,
    upper: float,
    tol: float,
    max_iter: int,
) -> Minimum:
    """Projected Newton search from `start (B, p)` within [lower, upper], each replicate on its own.

    A step is the exact Newton step on the variables that are free (Bertsekas 1982), the step of the convex
    part where the former does not descend, halved until the criterion falls enough (Armijo). A replicate has
    converged when its largest projected derivative is at most `tol`.
    """
    size, p = start.shape
    x = np.clip(start, lower, upper)
    out = Minimum(
        x=x.copy(),
        value=np.full(size, np.inf),
        gradient=np.full(size, np.inf),
        converged=np.zeros(size, dtype=bool),
        iterations=np.zeros(size, dtype=np.int64),
    )
    active = np.arange(size)
    trial = x.copy()
    length = np.ones(size)
    value = np.full(size, np.inf)
    step, slope = np.zeros((size, p)), np.zeros((size, p))
    for _ in range(max_iter):
        now = criterion(corr[active], trial, k)
        moved = trial - x
        bound = value + 1e-4 * np.sum(slope * moved, axis=-1) + 1e-14 * (1.0 + np.abs(value))
        better = np.where(np.isinf(value), True, now.value <= bound)
        x = np.where(better[:, None], trial, x)
        value = np.where(better, now.value, value)
        slope = np.where(better[:, None], now.gradient, slope)
        free = ~(((x <= lower) & (slope > 0.0)) | ((x >= upper) & (slope < 0.0)))
        steepest = np.max(np.abs(np.where(free, slope, 0.0)), axis=-1)
        step = np.where(better[:, None], _descent(now, free), step)
        length = np.where(better, 1.0, 0.5 * length)
        out.iterations[active] += 1
        out.x[active], out.value[active], out.gradient[active] = x, value, steepest
        out.converged[active] = steepest <= tol
        going = (steepest > tol) & (length > 1e-10)
        if not going.any():
            break
        active, x, value, slope = active[going], x[going], value[going], slope[going]
        step, length = step[going], length[going]
        trial = np.clip(x + length[:, None] * step, lower, upper)
    return out


def _descent(now: Profile, free: NDArray[np.bool_]) -> FloatArray:
    """Newton step (B, p) on the free variables; that of the convex part where the criterion is not convex, as
    Newton's step then leads towards a saddle or into another valley, or where it does not descend.
    """
    gradient = np.where(free, now.gradient, 0.0)
    newton = _solve_free(now.hessian, gradient, free)
    descending = np.sum(newton * gradient, axis=-1) < -1e-10 * np.sum(gradient**2, axis=-1)
    descending &= np.isfinite(newton).all(axis=-1)
    both = free[:, :, None] & free[:, None, :]
    on_free = np.where(both, now.hessian, 0.0) + _diagonal(np.where(free, 0.0, 1.0))
    descending &= np.linalg.eigvalsh(on_free)[:, 0] > 0.0
    if descending.all():
        return newton
    return np.where(descending[:, None], newton, _solve_free(now.convex_part, gradient, free))


def _solve_free(matrix: FloatArray, gradient: FloatArray, free: NDArray[np.bool_]) -> FloatArray:
    """-M^-1 g (B, p) within the free variables; a tiny ridge keeps a singular M solvable."""
    masked = np.where(free[:, :, None] & free[:, None, :], matrix, 0.0)
    ridge = np.where(free, 1e-10 * (1.0 + np.abs(np.einsum("bii->bi", matrix))), 1.0)
    return np.asarray(-np.linalg.solve(masked + _diagonal(ridge), gradient[..., None])[..., 0])


def _kept(values: FloatArray, k: int, threshold: float) -> NDArray[np.bool_]:
    """Which of the ascending eigenvalues (B, p) belong to factors: the k largest where above threshold."""
    largest = np.arange(values.shape[-1]) >= values.shape[-1] - k
    return np.asarray(largest & (values > threshold))


def _diagonal(values: FloatArray) -> FloatArray:
    """Diagonal matrices (B, p, p) of `values (B, p)`."""
    return values[:, :, None] * np.eye(values.shape[-1])


def _gram(vectors: FloatArray, weights: FloatArray) -> FloatArray:
    """sum_m w_m u_m u_m' (B, p, p)."""
    return np.asarray((vectors * weights[:, None, :]) @ np.swapaxes(vectors, -1, -2))


def _mixed_term(vectors: FloatArray, n: int, weights: FloatArray) -> FloatArray:
    """(u_n u_n') * sum_m w_m u_m u_m' elementwise: second-order coupling of a kept axis with the residual
    ones.
    """
    axis = vectors[:, :, n]
    return axis[:, :, None] * axis[:, None, :] * _gram(vectors, weights)


def _away_from_zero(gap: FloatArray) -> FloatArray:
    """`gap` with values below 1e-8 in size replaced: equal eigenvalues have no unique derivative."""
    return np.where(np.abs(gap) < 1e-8, -1e-8, gap)
