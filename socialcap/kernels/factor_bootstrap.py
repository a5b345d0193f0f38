"""Bootstrap replicates of a rotated factor solution, aligned to that of the full sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray, alignment, extraction
from socialcap.kernels.extraction import Extraction
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.rotation import Rotation
from socialcap.kernels.threads import single_thread
from socialcap.kernels.uls_tracking import Tracked, track_uls, uniqueness_influence

Method = Literal["principal", "paf", "minres", "ml"]
Correlate = Callable[[FloatArray], FloatArray]
Extract = Callable[[FloatArray], Extraction]
Rotate = Callable[[FloatArray, FloatArray | None], Rotation]

_CHUNK = 1000
_CHUNK_CELLS = 4e6
"""Replicates at a time, and at most so many counts: memory does not grow with the number of replicates."""

_FOLLOWED = 200
"""Replicates followed at a time, so that their matrices stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Full-sample solution that replicates are aligned to.

    unrotated (p, k); loadings (p, k) and phi (k, k) rotated, in their final order and sign; start (k, k): the
    transformation from which the rotation of a replicate starts, None for the rotation's own start.
    """

    unrotated: FloatArray
    loadings: FloatArray
    phi: FloatArray
    start: FloatArray | None


@dataclass(frozen=True, slots=True)
class FactorReplicates:
    """Replicates of a solution, aligned; NaN throughout where `converged` is False.

    loadings (B, p, k), phi (B, k, k), communalities (B, p), variance (B, k): explained by each factor, as a
    share of the total of the p items; eigenvalues (B, p) of the correlation matrices, falling; converged
    (B,): correlations, extraction and rotation; heywood (B,): a communality of at least one, or a uniqueness
    at its lower bound.
    """

    loadings: FloatArray
    phi: FloatArray
    communalities: FloatArray
    variance: FloatArray
    eigenvalues: FloatArray
    converged: NDArray[np.bool_]
    heywood: NDArray[np.bool_]


def bootstrap_factors(
    correlate: Correlate,
    n: int,
    extract: Extract,
    rotate: Rotate,
    reference: Reference,
    *,
    seed: int,
    replicates: range,
    clusters: IntArray | None = None,
    strata: IntArray | None = None,
    alignment_method: Literal["match", "procrustes"] = "match",
) -> FactorReplicates:
    """Aligned solutions of the given bootstrap replicates of n rows (see `resample_counts`).

    The result for a replicate does not depend on which others are computed. Parameters as in
    `factor_replicates`.
    """
    parts = []
    with single_thread():
        size = _chunk_size(n)
        for first in range(replicates.start, replicates.stop, size):
            chunk = range(first, min(first + size, replicates.stop))
            counts = resample_counts(seed, n, chunk, clusters=clusters, strata=strata)
            parts.append(_solve(counts, correlate, extract, rotate, reference, alignment_method))
    return _joined(parts)


def factor_replicates(
    counts: FloatArray,
    correlate: Correlate,
    extract: Extract,
    rotate: Rotate,
    reference: Reference,
    *,
    alignment_method: Literal["match", "procrustes"] = "match",
) -> FactorReplicates:
    """Aligned solutions for given counts (B, n) of each row, as the jackknife needs them.

    correlate turns counts (C, n) into correlation matrices (C, p, p), such as `correlation.correlations_of`;
    extract matrices into unrotated solutions (`following`); rotate unrotated loadings (C, p, k) and a start
    (k, k) into rotated ones. alignment_method "match" permutes and reflects columns, which leaves the
    sampling variation of the rotation in the replicates; "procrustes" turns the solution to the least
    squared distance from the reference, obliquely where the reference is oblique, which takes it out.
    """
    size = _chunk_size(counts.shape[-1])
    with single_thread():
        parts = [
            _solve(counts[i : i + size], correlate, extract, rotate, reference, alignment_method)
            for i in range(0, len(counts), size)
        ]
    return _joined(parts)


def jackknife_counts(n: int, clusters: IntArray | None = None) -> FloatArray:
    """Counts (m, n) that leave out one row, or one of the m clusters, at a time."""
    if clusters is None:
        return 1.0 - np.eye(n)
    names, member = np.unique(clusters, return_inverse=True)
    return np.where(member == np.arange(len(names))[:, None], 0.0, 1.0)


def following(method: Method, corr: FloatArray, full: Extraction) -> Extract:
    """Extraction by `method` started from the solution `full` of `corr (p, p)`, cold where that fails.

    PAF and minres are followed by `track_uls` to the limit of the iteration; ML starts from the full-sample
    uniquenesses. What does not converge so, and minres solutions outside the bounds of the uniquenesses, are
    found by the general search from its own start.
    """
    k = full.loadings.shape[-1]
    cold: dict[Method, Extract] = {
        "paf": lambda part: extraction.principal_axis(part, k),
        "minres": lambda part: extraction.minres(part, k),
        "ml": lambda part: extraction.maximum_likelihood(part, k),
    }

    influence = uniqueness_influence(corr, full.uniquenesses, k) if method in ("paf", "minres") else None

    def extract(part: FloatArray) -> Extraction:
        if method == "principal":
            return extraction.principal_components(part, k)
        if influence is None:
            warm = extraction.maximum_likelihood(part, k, start=full.uniquenesses)
        else:
            lower = -np.inf if method == "paf" else extraction.HEYWOOD_UNIQUENESS
            warm = _followed(part, corr, full, influence, lower)
        return _replaced(warm, part, cold[method])

    return extract


def _followed(
    part: FloatArray, corr: FloatArray, full: Extraction, influence: FloatArray, lower: float
) -> Extraction:
    """ULS solutions of `part (C, p, p)` followed from `full`, converged if uniquenesses exceed `lower`."""
    pieces = [
        _tracked(part[i : i + _FOLLOWED], corr, full, influence) for i in range(0, len(part), _FOLLOWED)
    ]
    loadings = np.concatenate([piece.loadings for piece in pieces])
    uniquenesses = np.concatenate([piece.uniquenesses for piece in pieces])
    communalities = np.sum(loadings**2, axis=-1)
    residual = part - loadings @ np.swapaxes(loadings, -1, -2)
    np.einsum("bii->bi", residual)[...] -= uniquenesses
    reached = np.concatenate([piece.converged for piece in pieces])
    return Extraction(
        loadings=loadings,
        communalities=communalities,
        uniquenesses=uniquenesses,
        objective=0.5 * np.einsum("bij,bij->b", residual, residual),
        gradient=np.max(np.abs(np.einsum("bii->bi", residual)), axis=-1),
        converged=reached & np.all(uniquenesses > lower, axis=-1),
        iterations=np.concatenate([piece.iterations for piece in pieces]),
        heywood=communalities >= 1.0,
    )


def _tracked(part: FloatArray, corr: FloatArray, full: Extraction, influence: FloatArray) -> Tracked:
    """`track_uls`, with nothing converged where one exactly singular matrix stopped the whole batch."""
    try:
        return track_uls(part, corr, full.loadings, full.uniquenesses, influence)
    except np.linalg.LinAlgError:
        return Tracked(
            loadings=np.zeros((*part.shape[:2], full.loadings.shape[-1])),
            uniquenesses=np.zeros(part.shape[:2]),
            converged=np.zeros(len(part), dtype=bool),
            iterations=np.zeros(len(part), dtype=np.int64),
        )


def stability(replicates: FloatArray) -> FloatArray:
    """Share (p, k) of the finite `replicates (B, p, k)` with an item's largest loading on each factor."""
    finite = replicates[np.isfinite(replicates).all(axis=(1, 2))]
    largest = np.argmax(np.abs(finite), axis=-1)
    return np.asarray(np.mean(largest[..., None] == np.arange(replicates.shape[-1]), axis=0))


def _chunk_size(n: int) -> int:
    return int(np.clip(_CHUNK_CELLS // n, 1, _CHUNK))


def _solve(
    counts: FloatArray,
    correlate: Correlate,
    extract: Extract,
    rotate: Rotate,
    reference: Reference,
    alignment_method: Literal["match", "procrustes"],
) -> FactorReplicates:
    """One chunk of replicates, from counts (C, n) to aligned solutions."""
    corr = correlate(counts)
    usable = np.asarray(np.isfinite(corr).all(axis=(1, 2)))
    found = extract(corr if usable.all() else corr[usable])
    # every replicate starts in the orientation of the full sample, so that its rotation starts near the end
    oriented = found.loadings @ alignment.procrustes_rotation(found.loadings, reference.unrotated)
    turned = rotate(oriented, reference.start)
    converged = found.converged & turned.converged
    if alignment_method == "match":
        aligned = alignment.align(turned.loadings, reference.loadings, turned.phi)
        loadings, phi, structure = aligned.loadings, aligned.phi, aligned.structure
    else:
        loadings, phi = _procrustes(oriented, turned, reference)
        structure = loadings @ phi
    improper = np.asarray(found.heywood.any(axis=-1), dtype=np.float64)
    explained = np.asarray(loadings * structure)
    shares: FloatArray = np.einsum("bij->bj", explained) / corr.shape[-1]
    return FactorReplicates(
        loadings=_spread(loadings, usable, converged),
        phi=_spread(phi, usable, converged),
        communalities=_spread(np.asarray(np.sum(explained, axis=-1)), usable, converged),
        variance=_spread(shares, usable, converged),
        eigenvalues=_spread(np.asarray(np.linalg.eigvalsh(corr[usable])[:, ::-1]), usable, converged),
        converged=_spread(converged.astype(np.float64), usable, converged) == 1.0,
        heywood=_spread(improper, usable, converged) == 1.0,
    )


def _procrustes(
    oriented: FloatArray, turned: Rotation, reference: Reference
) -> tuple[FloatArray, FloatArray]:
    """(loadings, phi) of the replicates turned to the least squared distance from the reference."""
    k = reference.phi.shape[-1]
    if np.array_equal(reference.phi, np.eye(k)):
        loadings = oriented @ alignment.procrustes_rotation(oriented, reference.loadings)
        return loadings, np.broadcast_to(np.eye(k), (len(loadings), k, k)).copy()
    return alignment.procrustes_oblique(turned.loadings, turned.phi, reference.loadings)


def _replaced(warm: Extraction, corr: FloatArray, cold: Callable[[FloatArray], Extraction]) -> Extraction:
    """`warm` with the solutions that did not converge found again by `cold`."""
    missing = ~warm.converged
    if not missing.any():
        return warm
    again = cold(corr[missing])
    merged = {}
    for field in fields(Extraction):
        merged[field.name] = getattr(warm, field.name).copy()
        merged[field.name][missing] = getattr(again, field.name)
    return Extraction(**merged)


def _spread(values: FloatArray, usable: NDArray[np.bool_], converged: NDArray[np.bool_]) -> FloatArray:
    """`values` of the usable replicates on the places of all, NaN where there is no converged solution."""
    out = np.full((len(usable), *values.shape[1:]), np.nan)
    where = np.flatnonzero(usable)
    out[where[converged]] = values[converged]
    return out


def _joined(parts: list[FactorReplicates]) -> FactorReplicates:
    """The chunks as one record."""
    names = [field.name for field in fields(FactorReplicates)]
    return FactorReplicates(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )
