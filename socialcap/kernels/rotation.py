"""Rotation of factor loadings: pattern, factor correlations and structure that always belong together.

With unrotated loadings A and the transformation T (columns of unit length): structure = A T,
phi = T'T, loadings = A (T')^-1, so that structure = loadings @ phi; orthogonal rotations have phi = I.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray, rotation_criteria
from socialcap.kernels.rotation_criteria import Criterion


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotated solution; every field has the batch axes of the loadings in front.

    loadings (..., p, k) pattern, phi (..., k, k), structure (..., p, k) = loadings @ phi,
    transform (..., k, k) with structure = unrotated @ transform and phi = transform' transform;
    criterion (...): value of the minimised function at the end (on normalised loadings where normalised);
    converged (...), iterations (...); minima (...): distinct local minima met over all starts.
    """

    loadings: FloatArray
    phi: FloatArray
    structure: FloatArray
    transform: FloatArray
    criterion: FloatArray
    converged: NDArray[np.bool_]
    iterations: IntArray
    minima: IntArray


def kaiser_weights(loadings: FloatArray) -> FloatArray:
    """Length of each row of `loadings (..., p, k)`, as (..., p, 1); 1 for a row of zeros (Kaiser 1958)."""
    length = np.sqrt(np.sum(loadings**2, axis=-1, keepdims=True))
    return np.where(length > 0.0, length, 1.0)


def rotated(unrotated: FloatArray, transform: FloatArray, *, oblique: bool) -> tuple[FloatArray, ...]:
    """(loadings, phi, structure) of `unrotated (..., p, k)` under `transform (..., k, k)`."""
    structure = unrotated @ transform
    if not oblique:
        eye = np.broadcast_to(np.eye(transform.shape[-1]), transform.shape).copy()
        return structure, eye, structure
    loadings = unrotated @ np.linalg.inv(np.swapaxes(transform, -1, -2))
    return loadings, np.swapaxes(transform, -1, -2) @ transform, structure


def orthomax(
    loadings: FloatArray,
    gamma: float,
    *,
    kaiser: bool = False,
    start: FloatArray | None = None,
    tol: float = 1e-9,
    max_iter: int = 500,
) -> Rotation:
    """Orthogonal rotation of `loadings (..., p, k)` that maximises the orthomax criterion.

    Q = sum_j [sum_i l_ij^4 - gamma/p (sum_i l_ij^2)^2]; gamma 0 quartimax, 1 varimax, k/2 equamax.
    Pairs of columns are turned by the closed-form angle of their plane (Kaiser 1958; the orthomax family of
    Crawford and Ferguson 1970), sweep after sweep, until no angle exceeds `tol` radians. The criterion
    reported is -Q/4, which `gradient_projection` minimises too.

    Parameters: start (..., k, k) orthogonal, a first transformation (default the identity).
    """
    p, k = loadings.shape[-2:]
    batch = loadings.shape[:-2]
    flat = loadings.reshape(-1, p, k)
    scaled = flat / kaiser_weights(flat) if kaiser else flat
    turn = np.broadcast_to(np.eye(k) if start is None else start, (*batch, k, k)).reshape(-1, k, k)
    # columns of the loadings stacked on those of the transformation, replicates last: one turn moves both
    columns = np.ascontiguousarray(np.concatenate([scaled @ turn, turn], axis=-2).transpose(2, 1, 0))
    size = len(flat)
    iterations = np.zeros(size, dtype=np.int64)
    converged = np.zeros(size, dtype=bool)
    active = np.arange(size)
    part = columns
    for _ in range(max_iter if k > 1 else 0):
        widest = _sweep(part, p, gamma)
        iterations[active] += 1
        going = widest > tol
        if not going.all():
            columns[:, :, active] = part
            converged[active[~going]] = True
            active, part = active[going], part[:, :, going]
        if len(active) == 0:
            break
    columns[:, :, active] = part
    transform = columns[:, p:].transpose(2, 1, 0)
    squares = columns[:, :p] ** 2
    quality = np.sum(squares**2, axis=(0, 1)) - gamma / p * np.sum(np.sum(squares, axis=1) ** 2, axis=0)
    pattern, phi, structure = rotated(flat, transform, oblique=False)
    return Rotation(
        loadings=pattern.reshape(loadings.shape),
        phi=phi.reshape(*batch, k, k),
        structure=structure.reshape(loadings.shape),
        transform=transform.reshape(*batch, k, k),
        criterion=(-quality / 4.0).reshape(batch),
        converged=(converged | (k == 1)).reshape(batch),
        iterations=iterations.reshape(batch),
        minima=np.ones(batch, dtype=np.int64),
    )


def _sweep(columns: FloatArray, p: int, gamma: float) -> FloatArray:
    """Turn every pair of `columns (k, p + k, B)` in place to its best angle; the widest angle (B,)."""
    k, _, size = columns.shape
    widest = np.zeros(size)
    for i in range(k - 1):
        for j in range(i + 1, k):
            x, y = columns[i, :p], columns[j, :p]
            u, w = (x + y) * (x - y), x * y
            a, b = u.sum(axis=0), 2.0 * w.sum(axis=0)
            c = np.einsum("ib,ib->b", u, u) - 4.0 * np.einsum("ib,ib->b", w, w)
            d = 4.0 * np.einsum("ib,ib->b", u, w)
            angle = 0.25 * np.arctan2(d - 2.0 * gamma * a * b / p, c - gamma * (a * a - b * b) / p)
            cos, sin = np.cos(angle), np.sin(angle)
            turned = cos * columns[i] + sin * columns[j]
            columns[j] = cos * columns[j] - sin * columns[i]
            columns[i] = turned
            np.maximum(widest, np.abs(angle), out=widest)
    return widest


def varimax(
    loadings: FloatArray,
    *,
    kaiser: bool = True,
    start: FloatArray | None = None,
    tol: float = 1e-9,
    max_iter: int = 500,
) -> Rotation:
    """Varimax rotation of `loadings (..., p, k)` (Kaiser 1958), rows normalised when `kaiser`."""
    return orthomax(loadings, 1.0, kaiser=kaiser, start=start, tol=tol, max_iter=max_iter)


def quartimax(loadings: FloatArray, *, kaiser: bool = True, start: FloatArray | None = None) -> Rotation:
    """Quartimax rotation of `loadings (..., p, k)` (Neuhaus, Wrigley 1954), rows normalised when `kaiser`."""
    return orthomax(loadings, 0.0, kaiser=kaiser, start=start)


def equamax(loadings: FloatArray, *, kaiser: bool = True, start: FloatArray | None = None) -> Rotation:
    """Equamax rotation of `loadings (..., p, k)` (Saunders 1962): orthomax with gamma = k/2."""
    return orthomax(loadings, loadings.shape[-1] / 2.0, kaiser=kaiser, start=start)


def promax(
    loadings: FloatArray,
    *,
    power: float = 4.0,
    kaiser: bool = True,
    target_rows: Literal["normalised", "plain"] = "normalised",
    start: FloatArray | None = None,
) -> Rotation:
    """Promax rotation of `loadings (..., p, k)` (Hendrickson and White 1964), from a varimax start.

    The varimax loadings V are regressed on a target sign(V)|V|^power and the factors rescaled to unit
    variance. target_rows "normalised" takes the powers of the rows divided by their length, as SPSS does;
    "plain" of V itself, as psych and R's stats do. kaiser is that of the varimax step. The criterion is the
    sum of squared distances between V U and the target, U the regression coefficients.
    """
    orthogonal = varimax(loadings, kaiser=kaiser, start=start)
    v = orthogonal.loadings
    base = v / kaiser_weights(v) if target_rows == "normalised" else v
    goal = np.sign(base) * np.abs(base) ** power
    turned = np.swapaxes(v, -1, -2)
    coefficients = np.linalg.solve(turned @ v, turned @ goal)
    cross = np.linalg.inv(np.swapaxes(coefficients, -1, -2) @ coefficients)
    scale = np.sqrt(np.diagonal(cross, axis1=-2, axis2=-1))
    pattern_transform = orthogonal.transform @ (coefficients * scale[..., None, :])
    transform = np.swapaxes(np.linalg.inv(pattern_transform), -1, -2)
    pattern, phi, structure = rotated(loadings, transform, oblique=True)
    return Rotation(
        loadings=pattern,
        phi=phi,
        structure=structure,
        transform=transform,
        criterion=np.sum((v @ coefficients - goal) ** 2, axis=(-2, -1)),
        converged=orthogonal.converged,
        iterations=orthogonal.iterations,
        minima=orthogonal.minima,
    )


def gradient_projection(
    loadings: FloatArray,
    criterion: Criterion,
    *,
    oblique: bool,
    kaiser: bool = False,
    start: FloatArray | None = None,
    random_starts: int = 0,
    rng: np.random.Generator | None = None,
    tol: float = 1e-8,
    max_iter: int = 5000,
) -> Rotation:
    """Rotation of `loadings (..., p, k)` to the least value of `criterion` met.

    Gradient projection (Jennrich 2001 orthogonal, 2002 oblique; Bernaards and Jennrich 2005) with spectral
    step lengths (Barzilai and Borwein 1988) under a nonmonotone Armijo rule (Grippo et al. 1986). Converged
    when the Frobenius norm of the projected gradient is at most `tol`.

    Parameters: start (..., k, k), a first transformation (default the identity); random_starts further ones
    drawn uniformly from the orthogonal matrices by `rng` (required then). The best converged solution is
    kept; `minima` counts criterion values of converged solutions that differ by more than 1e-6.
    """
    p, k = loadings.shape[-2:]
    batch = loadings.shape[:-2]
    flat = loadings.reshape(-1, p, k)
    scaled = flat / kaiser_weights(flat) if kaiser else flat
    first = np.broadcast_to(np.eye(k) if start is None else start, (*batch, k, k)).reshape(-1, k, k)
    starts = [first]
    for _ in range(random_starts if k > 1 else 0):
        if rng is None:
            raise ValueError("random starts need a generator")
        starts.append(_random_orthogonal(rng, len(flat), k))
    # all starts of all replicates run side by side
    shape = (len(starts), len(flat))
    repeated = np.broadcast_to(scaled, (len(starts), *scaled.shape)).reshape(-1, p, k)
    run = _project(repeated, criterion, np.concatenate(starts), oblique=oblique, tol=tol, max_iter=max_iter)
    values, reached = run.value.reshape(shape), run.converged.reshape(shape)
    best = np.argmin(np.where(reached | ~reached.any(axis=0), values, np.inf), axis=0)
    items = np.arange(len(flat))
    transform = run.transform.reshape(*shape, k, k)[best, items]
    pattern, phi, structure = rotated(flat, transform, oblique=oblique)
    return Rotation(
        loadings=pattern.reshape(loadings.shape),
        phi=phi.reshape(*batch, k, k),
        structure=structure.reshape(loadings.shape),
        transform=transform.reshape(*batch, k, k),
        criterion=values[best, items].reshape(batch),
        converged=reached[best, items].reshape(batch),
        iterations=run.iterations.reshape(shape)[best, items].reshape(batch),
        minima=_distinct(values, reached).reshape(batch),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    transform: FloatArray
    value: FloatArray
    converged: NDArray[np.bool_]
    iterations: IntArray


_MEMORY = 5


def _project(
    scaled: FloatArray, criterion: Criterion, first: FloatArray, *, oblique: bool, tol: float, max_iter: int
) -> _Run:
    """Gradient projection from `first (B, k, k)`; replicates that have converged stand still."""
    size = len(first)
    out = _Run(
        transform=first.copy(),
        value=np.zeros(size),
        converged=np.zeros(size, dtype=bool),
        iterations=np.zeros(size, dtype=np.int64),
    )
    active, part, turn = np.arange(size), scaled, first.copy()
    value, projected = _projected_gradient(part, turn, criterion, oblique)
    norm = np.sqrt(np.sum(projected**2, axis=(-2, -1)))
    step = 1.0 / np.maximum(norm, 1.0)
    recent = np.repeat(value[None], _MEMORY, axis=0)
    for iteration in range(max_iter + 1):
        going = (norm > tol) & (step > 1e-14) & (iteration < max_iter)
        if not going.all():
            ended, where = ~going, active[~going]
            out.transform[where], out.value[where] = turn[ended], value[ended]
            out.converged[where], out.iterations[where] = norm[ended] <= tol, iteration
            active, part, turn, value = active[going], part[going], turn[going], value[going]
            projected, norm, step, recent = projected[going], norm[going], step[going], recent[:, going]
            if len(active) == 0:
                break
        trial = _retract(turn - step[:, None, None] * projected, oblique)
        new_value, new_projected = _projected_gradient(part, trial, criterion, oblique)
        # rounding of the criterion must not stop a search that is nearly there
        bound = np.max(recent, axis=0) - 1e-4 * step * norm**2 + 1e-14 * (1.0 + np.abs(value))
        better = new_value <= bound
        step = np.where(better, _spectral(trial - turn, new_projected - projected, step), 0.5 * step)
        turn = np.where(better[:, None, None], trial, turn)
        projected = np.where(better[:, None, None], new_projected, projected)
        value = np.where(better, new_value, value)
        norm = np.sqrt(np.sum(projected**2, axis=(-2, -1)))
        recent = np.where(better, np.concatenate([recent[1:], value[None]]), recent)
    return out


def _spectral(move: FloatArray, change: FloatArray, step: FloatArray) -> FloatArray:
    """Barzilai-Borwein step length (B,) from the last move and change of gradient (B, k, k)."""
    curvature = np.sum(move * change, axis=(-2, -1))
    positive = curvature > 0.0
    ratio = np.sum(move**2, axis=(-2, -1)) / np.where(positive, curvature, 1.0)
    return np.clip(np.where(positive, ratio, 2.0 * step), 1e-10, 1e4)


def _projected_gradient(
    scaled: FloatArray, turn: FloatArray, criterion: Criterion, oblique: bool
) -> tuple[FloatArray, FloatArray]:
    """Criterion (B,) and its gradient (B, k, k) projected on the tangent space at `turn (B, k, k)`."""
    if oblique:
        inverse = np.linalg.inv(turn)
        pattern = scaled @ np.swapaxes(inverse, -1, -2)
        value, slope = criterion(pattern)
        gradient = -np.swapaxes(np.swapaxes(pattern, -1, -2) @ slope @ inverse, -1, -2)
        return value, gradient - turn * np.sum(turn * gradient, axis=-2, keepdims=True)
    value, slope = criterion(scaled @ turn)
    gradient = np.swapaxes(scaled, -1, -2) @ slope
    inner = np.swapaxes(turn, -1, -2) @ gradient
    return value, gradient - turn @ (inner + np.swapaxes(inner, -1, -2)) / 2.0


def _retract(matrix: FloatArray, oblique: bool) -> FloatArray:
    """Nearest admissible transformation: columns of unit length, or the orthogonal polar factor."""
    if oblique:
        return np.asarray(matrix / np.sqrt(np.sum(matrix**2, axis=-2, keepdims=True)))
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ right)


def _random_orthogonal(rng: np.random.Generator, size: int, k: int) -> FloatArray:
    """Uniformly distributed orthogonal matrices (size, k, k): QR of normals, signs fixed (Stewart 1980)."""
    q, r = np.linalg.qr(rng.standard_normal((size, k, k)))
    return np.asarray(q * np.where(np.einsum("bii->bi", r) < 0.0, -1.0, 1.0)[:, None, :])


def _distinct(values: FloatArray, reached: NDArray[np.bool_]) -> IntArray:
    """Number (B,) of values (starts, B) that differ by more than 1e-6 among those `reached`."""
    ordered = np.sort(np.where(reached, values, np.inf), axis=0)
    finite = np.isfinite(ordered)
    gaps = np.diff(np.where(finite, ordered, 0.0), axis=0)
    return np.asarray(finite[0].astype(np.int64) + np.sum((gaps > 1e-6) & finite[1:], axis=0))


def oblimin(
    loadings: FloatArray,
    gamma: float = 0.0,
    *,
    kaiser: bool = False,
    start: FloatArray | None = None,
    random_starts: int = 0,
    rng: np.random.Generator | None = None,
) -> Rotation:
    """Direct oblimin of `loadings (..., p, k)` (Jennrich and Sampson 1966); gamma 0 is quartimin.

    SPSS normalises rows (kaiser), psych and GPArotation do not. Values of gamma above 0 raise the factor
    correlations, and the criterion may then have no minimum: converged is False.
    """
    return gradient_projection(
        loadings,
        rotation_criteria.oblimin(gamma),
        oblique=True,
        kaiser=kaiser,
        start=start,
        random_starts=random_starts,
        rng=rng,
    )


def geomin(
    loadings: FloatArray,
    epsilon: float = 0.01,
    *,
    oblique: bool = True,
    kaiser: bool = False,
    start: FloatArray | None = None,
    random_starts: int = 0,
    rng: np.random.Generator | None = None,
) -> Rotation:
    """Geomin rotation of `loadings (..., p, k)` (Yates 1987); local minima are common: use random starts."""
    return gradient_projection(
        loadings,
        rotation_criteria.geomin(epsilon),
        oblique=oblique,
        kaiser=kaiser,
        start=start,
        random_starts=random_starts,
        rng=rng,
    )


def target(
    loadings: FloatArray,
    goal: FloatArray,
    *,
    oblique: bool = True,
    start: FloatArray | None = None,
    random_starts: int = 0,
    rng: np.random.Generator | None = None,
) -> Rotation:
    """Rotation of `loadings (..., p, k)` towards `goal (p, k)`, NaN where unspecified (Browne 2001)."""
    return gradient_projection(
        loadings,
        rotation_criteria.target(goal),
        oblique=oblique,
        start=start,
        random_starts=random_starts,
        rng=rng,
    )
