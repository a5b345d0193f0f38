"""Order, sign and orientation of factors: whatever moves, moves together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from socialcap.kernels import FloatArray, IntArray, rotation


@dataclass(frozen=True, slots=True)
class Oriented:
    """A solution with its columns permuted and reflected; all parts have moved alike.

    loadings and structure (..., p, k), phi (..., k, k), transform (..., k, k) and weights (..., p, k) where
    they were given; order (..., k): the old column now standing there; signs (..., k): +1 or -1.
    """

    loadings: FloatArray
    phi: FloatArray
    structure: FloatArray
    transform: FloatArray | None
    weights: FloatArray | None
    order: IntArray
    signs: FloatArray


def factor_variance(loadings: FloatArray, phi: FloatArray | None = None) -> FloatArray:
    """Variance (..., k) of the items explained by each factor; the sum over factors is the total communality.

    Orthogonal: column sums of squares. Oblique: sum_i loading_ij * structure_ij (the definition of psych:
    the diagonal of phi L'L), by which joint contributions are split between the factors concerned.
    """
    structure = loadings if phi is None else loadings @ phi
    return np.asarray(np.sum(loadings * structure, axis=-2))


def order_and_sign(
    loadings: FloatArray,
    phi: FloatArray | None = None,
    *,
    transform: FloatArray | None = None,
    weights: FloatArray | None = None,
) -> Oriented:
    """Columns by falling explained variance (see `factor_variance`), each signed to a positive sum of
    loadings.

    Parameters: loadings (..., p, k); phi (..., k, k), identity when absent; transform (..., k, k) and weights
    (..., p, k) of the same columns. A column whose loadings sum to exactly zero keeps its sign.
    """
    order = np.argsort(-factor_variance(loadings, phi), axis=-1, kind="stable")
    sums = np.take_along_axis(np.sum(loadings, axis=-2), order, axis=-1)
    return move(loadings, phi, order, np.where(sums < 0.0, -1.0, 1.0), transform=transform, weights=weights)


def move(
    loadings: FloatArray,
    phi: FloatArray | None,
    order: IntArray,
    signs: FloatArray,
    *,
    transform: FloatArray | None = None,
    weights: FloatArray | None = None,
) -> Oriented:
    """The solution with column `order[j]` (..., k) put in place j and multiplied by `signs[j]` (..., k)."""

    def columns(matrix: FloatArray) -> FloatArray:
        return np.asarray(np.take_along_axis(matrix, order[..., None, :], axis=-1) * signs[..., None, :])

    moved = columns(loadings)
    if phi is None:
        eye = np.broadcast_to(np.eye(loadings.shape[-1]), (*order.shape, loadings.shape[-1])).copy()
        moved_phi, structure = eye, moved
    else:
        rows = np.take_along_axis(columns(phi), order[..., :, None], axis=-2)
        moved_phi = rows * signs[..., :, None]
        structure = moved @ moved_phi
    return Oriented(
        loadings=moved,
        phi=moved_phi,
        structure=structure,
        transform=None if transform is None else columns(transform),
        weights=None if weights is None else columns(weights),
        order=order,
        signs=signs,
    )


_ENUMERATED = 6
"""Up to this many factors all k! permutations are compared at once; beyond, one assignment per replicate."""


def congruence(loadings: FloatArray, reference: FloatArray) -> FloatArray:
    """Coefficients (..., k, m) between columns of `loadings (..., p, k)` and `reference (..., p, m)`.

    sum xy / sqrt(sum x^2 sum y^2) (Tucker 1951); 0 for a column of zeros.
    """
    cross = np.swapaxes(loadings, -1, -2) @ reference
    lengths = np.sqrt(np.sum(loadings**2, axis=-2))[..., :, None]
    lengths = lengths * np.sqrt(np.sum(reference**2, axis=-2))[..., None, :]
    return np.asarray(cross / np.where(lengths > 0.0, lengths, 1.0))


def match(loadings: FloatArray, reference: FloatArray) -> tuple[IntArray, FloatArray]:
    """Order and signs, each (..., k), that bring `loadings (..., p, k)` nearest to `reference (p, k)`.

    The assignment of columns with the largest sum of absolute congruence (exact, Kuhn 1955), each reflected
    to a positive one; apply with `move`.
    """
    agreement = congruence(loadings, reference)
    k = agreement.shape[-1]
    flat = np.abs(agreement).reshape(-1, k, k)
    if k <= _ENUMERATED:
        permutations = np.array(list(itertools.permutations(range(k))), dtype=np.int64)
        totals = flat[:, permutations, np.arange(k)].sum(axis=-1)
        order = permutations[np.argmax(totals, axis=-1)]
    else:
        order = np.array([linear_sum_assignment(-part.T)[1] for part in flat], dtype=np.int64)
    order = order.reshape(agreement.shape[:-1])
    paired = np.take_along_axis(agreement, order[..., None, :], axis=-2)[..., 0, :]
    return order, np.where(paired < 0.0, -1.0, 1.0)


def align(
    loadings: FloatArray,
    reference: FloatArray,
    phi: FloatArray | None = None,
    *,
    transform: FloatArray | None = None,
    weights: FloatArray | None = None,
) -> Oriented:
    """The solution with columns matched to `reference (p, k)` in order and sign (see `match`)."""
    order, signs = match(loadings, reference)
    return move(loadings, phi, order, signs, transform=transform, weights=weights)


def procrustes_rotation(loadings: FloatArray, reference: FloatArray) -> FloatArray:
    """Orthogonal T (..., k, k) that minimises ||loadings T - reference|| (Schonemann 1966).

    loadings (..., p, k), reference (p, k) or with batch axes.
    """
    left, _, right = np.linalg.svd(np.swapaxes(loadings, -1, -2) @ reference)
    return np.asarray(left @ right)


def procrustes_oblique(
    loadings: FloatArray, phi: FloatArray, reference: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(loadings, phi) turned obliquely to the least squared distance of the pattern from `reference (p, k)`.

    Least-squares coefficients of the reference on the pattern, rescaled so that the factors keep unit
    variance (Mosier 1939), are the start of the exact constrained minimum (Browne 1972; `rotation.target`).
    phi is transformed with the loadings: pattern phi pattern' does not change.
    """
    root = np.linalg.cholesky(phi)
    plain = loadings @ root
    turned = np.swapaxes(plain, -1, -2)
    inverse = np.linalg.inv(np.linalg.solve(turned @ plain, turned @ reference))
    first = np.swapaxes(inverse, -1, -2)
    first = first / np.sqrt(np.sum(first**2, axis=-2, keepdims=True))
    found = rotation.target(plain, reference, oblique=True, start=first)
    return found.loadings, found.phi
