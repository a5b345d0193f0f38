"""ULS factors of many similar correlation matrices, followed from one known solution without eigenvectors.

Resampled matrices differ little from the full-sample one, so that its leading subspace and uniquenesses are
good first guesses. Each iteration is a few steps of orthogonal iteration on R - diag(psi) (Rutishauser 1970)
and one Newton step on psi, in matrix products alone. What does not converge is left to the general search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray

_POWERS_CERTIFIED = 16

_ASTRAY = 10.0
"""Size of a uniqueness beyond which a search is given up."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """Solutions followed from a start: loadings (B, p, k) in an arbitrary orthogonal orientation,
    uniquenesses (B, p), converged (B,), iterations (B,). Where converged is False the rest means nothing."""

    loadings: FloatArray
    uniquenesses: FloatArray
    converged: NDArray[np.bool_]
    iterations: IntArray


# a search that goes astray may overflow before it is dropped
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def track_uls(
    corr: FloatArray,
    centre: FloatArray,
    loadings: FloatArray,
    uniquenesses: FloatArray,
    influence: FloatArray,
    *,
    tol: float = 1e-8,
    max_iter: int = 12,
) -> Tracked:
    """Stationary points of the ULS criterion of `corr (B, p, p)`, followed from one solution.

    centre (p, p) is the matrix whose solution is loadings (p, k) and uniquenesses (p,), with influence (p, p
    * p) its `uniqueness_influence`. Converged means: no residual of the diagonal above `tol`, the subspace
    invariant to `tol` elementwise, and its eigenvalues above every other one in absolute value. Uniquenesses
    are not bounded.
    """
    size, p, _ = corr.shape
    k = loadings.shape[-1]
    out = Tracked(
        loadings=np.zeros((size, p, k)),
        uniquenesses=np.zeros((size, p)),
        converged=np.zeros(size, dtype=bool),
        iterations=np.zeros(size, dtype=np.int64),
    )
    items = np.arange(p)
    active = np.arange(size)
    shift = (corr - centre).reshape(size, p * p)
    psi = uniquenesses + shift @ influence.T
    reduced = corr.copy()
    basis = np.broadcast_to(np.linalg.qr(loadings)[0], (size, p, k))
    inner = np.broadcast_to(_inner(loadings), (size, k, k))
    total = corr[:, items, items]
    hessian = np.empty_like(corr)
    for iteration in range(max_iter):
        reduced[:, items, items] = total - psi
        basis = _orthogonal_iteration(reduced, basis, inner)
        image = reduced @ basis
        inner = np.swapaxes(basis, -1, -2) @ image
        modelled = basis @ inner
        gap = reduced[:, items, items] - np.sum(modelled * basis, axis=-1)
        drift = np.max(np.abs(image - modelled), axis=(-2, -1))
        out.iterations[active] += 1
        done = (np.max(np.abs(gap), axis=-1) <= tol) & (drift <= tol)
        if done.any():
            _store(out, active[done], reduced[done], basis[done], inner[done], psi[done])
        going = ~done & np.isfinite(drift) & (np.max(np.abs(psi), axis=-1) < _ASTRAY)
        if not going.all():
            active, psi, reduced, total = active[going], psi[going], reduced[going], total[going]
            hessian, basis, inner, gap = hessian[going], basis[going], inner[going], gap[going]
            if len(active) == 0:
                break
        # a rough Hessian costs no iteration far from the end, and the second one serves the third step
        if iteration != 2:
            hessian = _hessian(reduced, basis, inner, terms=2 if iteration == 0 else 5)
        psi = psi + np.linalg.solve(hessian, gap[..., None])[..., 0]
    return out


def uniqueness_influence(corr: FloatArray, uniquenesses: FloatArray, k: int) -> FloatArray:
    """Derivative (p, p * p) of the ULS uniquenesses with respect to the elements of `corr (p, p)`.

    Implicit differentiation of diag(residual) = 0: the residual is a spectral function of R - diag(psi),
    whose derivative in the basis of eigenvectors multiplies elements by divided differences (Daleckii and
    Krein 1965).
    """
    p = len(corr)
    values, vectors = np.linalg.eigh(corr - np.diag(uniquenesses))
    kept = np.arange(p) >= p - k
    rest = np.where(kept, 0.0, values)
    gap = values[:, None] - values
    mixed = kept[:, None] != kept
    quotient = np.where(mixed, (rest[:, None] - rest) / np.where(mixed, gap, 1.0), ~kept[:, None] & ~kept)
    slopes = np.einsum("im,in,mn,jm,ln->ijl", vectors, vectors, quotient, vectors, vectors, optimize=True)
    return np.linalg.solve(np.einsum("ijj->ij", slopes), slopes.reshape(p, p * p))


def _inner(loadings: FloatArray) -> FloatArray:
    """R L-coordinates: Q' L L' Q for the orthonormal basis Q of the columns of `loadings (p, k)`."""
    triangle = np.linalg.qr(loadings)[1]
    return np.asarray(triangle @ triangle.T)


def _orthogonal_iteration(reduced: FloatArray, basis: FloatArray, inner: FloatArray) -> FloatArray:
    """Orthonormal basis (B, p, k) after twelve multiplications by `reduced (B, p, p)`.

    Dividing by the twelfth power of `inner`, the matrix seen from the basis, keeps the columns near
    orthonormal.
    """
    inverse = np.linalg.inv(inner)
    inverse = inverse @ inverse
    inverse = inverse @ inverse
    fourth = reduced @ reduced
    fourth = fourth @ fourth
    moved = fourth @ (fourth @ (fourth @ (basis @ (inverse @ inverse @ inverse))))
    return np.linalg.qr(moved)[0]


def _hessian(reduced: FloatArray, basis: FloatArray, inner: FloatArray, *, terms: int) -> FloatArray:
    """Second derivative (B, p, p) of the criterion in the uniquenesses (`uls_profile`), the divided
    differences v_m / (v_m - v_n) as a power series in v_m / v_n of so many terms.
    """
    turned = np.swapaxes(basis, -1, -2)
    hessian = -(basis @ turned)
    hessian += np.eye(hessian.shape[-1])
    hessian *= hessian
    inverse = np.linalg.inv(inner)
    residual = reduced - basis @ inner @ turned
    power, weighted = residual, 2.0 * basis @ inverse
    for term in range(terms):
        coupling = weighted @ turned
        coupling *= power
        hessian -= coupling
        if term + 1 < terms:
            power, weighted = power @ residual, weighted @ inverse
    return hessian


def _store(
    out: Tracked, where: IntArray, reduced: FloatArray, basis: FloatArray, inner: FloatArray, psi: FloatArray
) -> None:
    """Writes finished replicates, converged where the subspace is certified to be the leading one."""
    values, vectors = np.linalg.eigh(inner)
    out.loadings[where] = basis @ (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])
    out.uniquenesses[where] = psi
    residual = reduced - basis @ inner @ np.swapaxes(basis, -1, -2)
    out.converged[where] = _leading(residual, values[:, 0])


def _leading(residual: FloatArray, smallest: FloatArray) -> NDArray[np.bool_]:
    """Whether `smallest (B,)` exceeds every eigenvalue of `residual (B, p, p)`: by a trace bound where that
    settles it, by the eigenvalues where it does not."""
    power = residual
    for _ in range(3):
        power = power @ power
    largest_other = np.sum(power**2, axis=(-2, -1)) ** (1.0 / _POWERS_CERTIFIED)
    certain = smallest > largest_other
    doubt = np.flatnonzero(~certain)
    if len(doubt):
        certain[doubt] = smallest[doubt] > np.linalg.eigvalsh(residual[doubt])[:, -1]
    return np.asarray(certain)
