"""Replicates of a whole analysis: resampled rows to correlations, factors, scores and regressions on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from scipy import linalg

from socialcap.kernels import FloatArray, IntArray, alignment
from socialcap.kernels.binary import logit, probit
from socialcap.kernels.correlation import correlation_from_covariance, covariances_of
from socialcap.kernels.croon import croon_correction
from socialcap.kernels.extraction import maximum_likelihood
from socialcap.kernels.factor_bootstrap import Correlate, Extract, Reference, Rotate
from socialcap.kernels.likelihood import BoolArray
from socialcap.kernels.ols import replicate_coefficients, solve_cross_products
from socialcap.kernels.ordered import ordered_logit, ordered_probit
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.scores import regression_weights
from socialcap.kernels.threads import single_thread

Model = Literal["ols", "logit", "probit", "ordered_logit", "ordered_probit"]
CompositeWeights = Literal["rotated", "initial"]
Weigh = Callable[[FloatArray, alignment.Oriented, FloatArray], FloatArray]
Progress = Callable[[int, int], None]

_CHUNK = 500
_CHUNK_CELLS = 4e6
"""Replicates worked on together, and at most so many numbers in their largest array."""
_TABLE_BYTES = 64e6


@dataclass(frozen=True, slots=True)
class Measured:
    """Scores' ingredients of C replicates; NaN where `converged` is False.

    weights (C, p, k): of standardised items in the scores; loadings (C, p, k) pattern; uniquenesses (C, p);
    variance and initial (C, k): explained by each factor after rotation, and before it in falling order, in
    items; heywood (C,): an item without unique variance; converged (C,).
    """

    weights: FloatArray
    loadings: FloatArray
    uniquenesses: FloatArray
    variance: FloatArray
    initial: FloatArray
    heywood: BoolArray
    converged: BoolArray


Measure = Callable[[FloatArray, FloatArray], Measured]
"""From counts (C, n) and the Pearson correlations (C, p, p) of the items so weighted to their measurement."""


@dataclass(frozen=True, slots=True)
class ScoreDesign:
    """A regression on scores: regressor j is fixed[:, j] times the product of the scores to powers[j].

    fixed (n, q): ones where a regressor is scores alone; powers (q, s) of the s scores, the composite last;
    y (n,): the outcome, or None where it is score number `outcome`; model; n_categories of ordered models,
    whose regressors hold no constant; start (m,): coefficients that likelihoods are climbed from.
    """

    fixed: FloatArray
    powers: IntArray
    y: FloatArray | None
    outcome: int | None = None
    model: Model = "ols"
    n_categories: int = 0
    start: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class PipelineReplicates:
    """What each of B replicates gives, NaN where it gives none.

    coefficients (B, m): of the regressors, then the cutpoints of ordered models; corrected (B, q): the same
    with the moments of the scores corrected to those of the factors, NaN throughout where not asked for;
    shares (B, k): weights of the factors in the composite; measured (B,): there are scores; fitted (B,):
    there are coefficients; heywood (B,).
    """

    coefficients: FloatArray
    corrected: FloatArray
    shares: FloatArray
    measured: BoolArray
    fitted: BoolArray
    heywood: BoolArray


Replicate = Callable[[FloatArray], PipelineReplicates]


def pipeline_of(
    items: FloatArray,
    measure: Measure,
    design: ScoreDesign,
    *,
    composite: CompositeWeights | None = None,
    corrected: bool = False,
) -> Replicate:
    """Function from row counts (C, n) to the replicates of the analysis of complete `items` (n, p).

    Scores are Z W with Z standardised by the replicate's own means and standard deviations (divisor N - 1, N
    the rows drawn) and W its own weights; the composite is sum_k (v_k / sum v) F_k with the replicate's own
    explained variances. Least squares on scores, products with nothing, come from cross-products alone: the
    scores have mean zero and cross-products (N - 1) W'RW within a replicate, and F'Z for fixed columns F
    needs one product of the counts with the products of columns; no row is written out. Other designs and
    models are fitted to rows with counts as weights.

    `corrected` (least squares, no products): also the coefficients on the factors by `croon_correction`.
    """
    spread = items.std(axis=0)
    z = (items - items.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    covariances = covariances_of(z)
    fit = _fitter(z, design, corrected)

    def replicate(counts: FloatArray) -> PipelineReplicates:
        total = counts.sum(axis=1)
        covariance = covariances(counts)
        deviation = np.sqrt(np.einsum("bii->bi", covariance) * (total / (total - 1.0))[:, None])
        corr = correlation_from_covariance(covariance)
        found = measure(counts, corr)
        shares = composite_shares(found, composite)
        drawn = Drawn(counts, total, counts @ z / total[:, None], deviation, corr, found, shares)
        return _spread(drawn, fit, design)

    return replicate


def run_replicates(
    replicate: Replicate,
    n: int,
    *,
    seed: int,
    replicates: range,
    width: int = 1,
    clusters: IntArray | None = None,
    strata: IntArray | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> PipelineReplicates:
    """The given bootstrap replicates of n rows (see `resample_counts`), divided among `workers` threads.

    `width`: numbers that a replicate keeps for each row, which sets how many are worked on together. Chunks
    are cut at the same replicate numbers whatever the workers, so that results do not depend on them to the
    last bit. `progress(done, total)` is called from the calling thread after each chunk.
    """
    size = int(np.clip(_CHUNK_CELLS // (n * width), 1, _CHUNK))
    edges = [replicates.start, *range((replicates.start // size + 1) * size, replicates.stop, size)]
    chunks = [range(a, b) for a, b in zip(edges, [*edges[1:], replicates.stop], strict=True)]

    def work(chunk: range) -> PipelineReplicates:
        return replicate(resample_counts(seed, n, chunk, clusters=clusters, strata=strata))

    parts: list[PipelineReplicates] = []
    with single_thread(), ThreadPoolExecutor(max(workers, 1)) as pool:
        for part in map(work, chunks) if workers <= 1 else pool.map(work, chunks):
            parts.append(part)
            if progress is not None:
                progress(sum(len(p.fitted) for p in parts), len(replicates))
    return joined(parts)


def given_replicates(replicate: Replicate, counts: FloatArray, width: int = 1) -> PipelineReplicates:
    """The replicates with given counts (B, n), as the full sample and the jackknife need them."""
    size = int(np.clip(_CHUNK_CELLS // (counts.shape[1] * width), 1, _CHUNK))
    with single_thread():
        return joined([replicate(counts[i : i + size]) for i in range(0, len(counts), size)])


def joined(parts: Sequence[PipelineReplicates]) -> PipelineReplicates:
    """Chunks of replicates as one record."""
    names = [field.name for field in fields(PipelineReplicates)]
    return PipelineReplicates(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


def exploratory(
    extract: Extract,
    rotate: Rotate,
    reference: Reference,
    weigh: Weigh,
    correlate: Correlate | None = None,
) -> Measure:
    """Measurement by exploratory factors, aligned to the full-sample solution by permuting and reflecting.

    `weigh(corr, aligned, uniquenesses)` gives the score weights. `correlate`: counts to the correlations that
    are factored; the items' Pearson correlations where absent. Parameters else as in `factor_replicates`.
    """

    def measure(counts: FloatArray, pearson: FloatArray) -> Measured:
        corr = pearson if correlate is None else correlate(counts)
        usable = np.asarray(np.isfinite(corr).all(axis=(1, 2)) & np.isfinite(pearson).all(axis=(1, 2)))
        part = corr if usable.all() else corr[usable]
        found = extract(part)
        oriented = found.loadings @ alignment.procrustes_rotation(found.loadings, reference.unrotated)
        turned = rotate(oriented, reference.start)
        aligned = alignment.align(turned.loadings, reference.loadings, turned.phi)
        explained = aligned.loadings * aligned.structure
        uniquenesses = 1.0 - explained.sum(axis=-1)
        weights = _weighed(weigh, part, aligned, uniquenesses)
        initial = np.sort(np.sum(found.loadings**2, axis=-2), axis=-1)[..., ::-1]
        converged = np.asarray(
            found.converged & turned.converged & np.isfinite(weights).all(axis=(1, 2)), dtype=np.bool_
        )
        return _placed(
            usable,
            Measured(
                weights,
                aligned.loadings,
                uniquenesses,
                explained.sum(axis=-2),
                initial,
                np.asarray(found.heywood.any(axis=-1)),
                converged,
            ),
        )

    return measure


def separate_factors(blocks: Sequence[IntArray], p: int) -> Measure:
    """Measurement of k factors, each by a one-factor model (ML) of its own items `blocks[j]`, at least three.

    Scores are the regression estimates of each block by itself, as in Croon (2002); factors have unit
    variance and loadings that sum positive.
    """
    k = len(blocks)

    def measure(counts: FloatArray, pearson: FloatArray) -> Measured:
        usable = np.asarray(np.isfinite(pearson).all(axis=(1, 2)))
        part = pearson if usable.all() else pearson[usable]
        size = len(part)
        loadings, weights = np.zeros((size, p, k)), np.zeros((size, p, k))
        heywood, converged = np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
        for j, block in enumerate(blocks):
            own = part[:, block[:, None], block]
            found = maximum_likelihood(own, 1)
            sign = np.where(found.loadings.sum(axis=-2, keepdims=True) < 0.0, -1.0, 1.0)
            loading = found.loadings * sign
            loadings[:, block, j] = loading[..., 0]
            weights[:, block, j] = _solved(own, loading)[..., 0]
            heywood |= found.heywood.any(axis=-1)
            converged &= found.converged
        variance = np.sum(loadings**2, axis=-2)
        converged &= np.isfinite(weights).all(axis=(1, 2))
        return _placed(
            usable,
            Measured(
                weights,
                loadings,
                1.0 - np.sum(loadings**2, axis=-1),
                variance,
                np.sort(variance, axis=-1)[..., ::-1],
                heywood,
                converged,
            ),
        )

    return measure


def component_weights(structure: FloatArray, phi: FloatArray) -> FloatArray:
    """Weights (..., p, k) of the exact scores of rotated principal components: W = S (S'S)^-1 phi.

    structure S (..., p, k) = A T of unrotated components A, phi (..., k, k) = T'T. Equal to R^-1 S, without
    the inverse of a matrix that may be singular.
    """
    inner = np.swapaxes(structure, -1, -2) @ structure
    return np.asarray(structure @ _solved(inner, phi))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chunk before its regression: counts (C, n), their sums (C,), means and deviations (C, p) of the
    items (standardised over the full sample), Pearson correlations (C, p, p), measurement, composite shares
    (C, k).
    """

    counts: FloatArray
    total: FloatArray
    mean: FloatArray
    deviation: FloatArray
    corr: FloatArray
    measured: Measured
    shares: FloatArray

    def take(self, rows: BoolArray) -> Drawn:
        """The replicates `rows` (C,) of the chunk."""
        found = Measured(*(getattr(self.measured, field.name)[rows] for field in fields(Measured)))
        return Drawn(
            self.counts[rows],
            self.total[rows],
            self.mean[rows],
            self.deviation[rows],
            self.corr[rows],
            found,
            self.shares[rows],
        )

    def mixture(self, n_scores: int) -> FloatArray:
        """Matrix (C, k, s) that makes the s scores of k factors: the identity, and the shares if s > k."""
        k = self.shares.shape[1]
        eye = np.broadcast_to(np.eye(k), (len(self.shares), k, k))
        return eye if n_scores == k else np.concatenate([eye, self.shares[:, :, None]], axis=2)


Fit = Callable[[Drawn], tuple[FloatArray, FloatArray]]


def _fitter(z: FloatArray, design: ScoreDesign, corrected: bool) -> Fit:
    """The regression step: coefficients (C, m) and corrected ones (C, q) of replicates that have scores."""
    degree = design.powers.sum(axis=1)
    plain = np.all(design.fixed[:, degree > 0] == 1.0) and degree.max(initial=0) <= 1
    if design.model == "ols":
        return _by_moments(z, design, corrected) if plain else regression_by_rows(z, design)
    return regression_by_likelihood(z, design)


def _by_moments(z: FloatArray, design: ScoreDesign, corrected: bool) -> Fit:
    """Least squares from the cross-products of fixed columns, outcome and items."""
    of_scores = design.powers.sum(axis=1) == 1
    basis = Basis(design.fixed[:, ~of_scores], design.y)
    f, q = basis.n_columns, design.powers.shape[0]
    s = design.powers.shape[1]
    within = cross_products(basis.columns, basis.columns)
    across = cross_products(basis.columns, z)
    sums = basis.columns
    n_basis = basis.columns.shape[1]
    regressors = np.empty(q, dtype=np.int64)
    regressors[~of_scores] = np.arange(f)
    regressors[of_scores] = n_basis + np.argmax(design.powers[of_scores], axis=1)
    outcome = f if design.outcome is None else n_basis + design.outcome

    def solve(own: FloatArray, mixed: FloatArray, proper: FloatArray, mixture: FloatArray) -> FloatArray:
        gram = np.empty((len(own), n_basis + s, n_basis + s))
        gram[:, :n_basis, :n_basis] = own
        gram[:, :n_basis, n_basis:] = mixed @ mixture
        gram[:, n_basis:, :n_basis] = np.swapaxes(gram[:, :n_basis, n_basis:], 1, 2)
        gram[:, n_basis:, n_basis:] = np.swapaxes(mixture, 1, 2) @ proper @ mixture
        found = solve_cross_products(gram[:, regressors[:, None], regressors], gram[:, regressors, outcome])
        found[:, ~of_scores] = basis.back(found[:, ~of_scores])
        return found

    def fit(drawn: Drawn) -> tuple[FloatArray, FloatArray]:
        found = drawn.measured
        scaled = found.weights / drawn.deviation[:, :, None]
        centred = across(drawn.counts) - (drawn.counts @ sums)[:, :, None] * drawn.mean[:, None, :]
        mixed = centred @ scaled
        covariance = np.swapaxes(found.weights, 1, 2) @ drawn.corr @ found.weights
        free = (drawn.total - 1.0)[:, None, None]
        own, mixture = within(drawn.counts), drawn.mixture(s)
        coefficients = solve(own, mixed, free * covariance, mixture)
        if not corrected:
            return coefficients, np.full((len(coefficients), q), np.nan)
        change = croon_correction(covariance, found.weights, found.loadings, found.uniquenesses)
        latent = mixed @ np.swapaxes(change.disattenuation, 1, 2)
        return coefficients, solve(own, latent, free * change.latent_cov, mixture)

    return fit


def regression_by_rows(z: FloatArray, design: ScoreDesign) -> Fit:
    """Least squares where scores are multiplied with each other or with fixed columns."""
    of_scores = design.powers.sum(axis=1) > 0
    q, s = design.powers.shape
    basis = Basis(design.fixed[:, ~of_scores], design.y)
    order = np.concatenate([np.flatnonzero(~of_scores), np.flatnonzero(of_scores)])

    def fit(drawn: Drawn) -> tuple[FloatArray, FloatArray]:
        scores = _scores(z, drawn, s)
        own = _products(scores, design.fixed[:, of_scores], design.powers[of_scores])
        y = scores[:, :, design.outcome] if design.outcome is not None else basis.columns[:, -1]
        found = np.empty((len(own), q))
        found[:, order] = replicate_coefficients(basis.columns[:, : basis.n_columns], own, y, drawn.counts)
        found[:, ~of_scores] = basis.back(found[:, ~of_scores])
        return found, np.full_like(found, np.nan)

    return fit


def regression_by_likelihood(z: FloatArray, design: ScoreDesign) -> Fit:
    """Logit, probit and their ordered kin, fitted to rows with counts as weights."""
    assert design.y is not None
    of_scores = design.powers.sum(axis=1) > 0
    q, s = design.powers.shape
    n = len(z)
    # fixed columns are made orthogonal, so that their scale and mutual correlation cost no digits
    basis = Basis(design.fixed[:, ~of_scores], None)
    unit = np.sqrt(n)
    start = None
    if design.start is not None:
        start = design.start.copy()
        start[:q][~of_scores] = basis.r @ design.start[:q][~of_scores] / unit
    y, model, categories = design.y, design.model, design.n_categories

    def fit(drawn: Drawn) -> tuple[FloatArray, FloatArray]:
        scores = _scores(z, drawn, s)
        x = np.empty((len(scores), n, q))
        x[:, :, ~of_scores] = basis.columns * unit
        x[:, :, of_scores] = _products(scores, design.fixed[:, of_scores], design.powers[of_scores])
        if model in ("logit", "probit"):
            binary = (logit if model == "logit" else probit)(y, x, drawn.counts, start)
            found, converged = binary.coefficients, binary.converged
        else:
            ordered = ordered_logit if model == "ordered_logit" else ordered_probit
            # cutpoints of categories that the full sample has are finite: a start for every replicate
            cut = ordered(y.astype(np.int64), x, categories, drawn.counts, start)
            found, converged = cut.coefficients, cut.converged
        found = np.where(np.isfinite(found) & converged[:, None], found, np.nan)
        plain = np.flatnonzero(~of_scores)
        found[:, plain] = basis.back(found[:, plain] * unit)
        return found, np.full((len(found), q), np.nan)

    return fit


class Basis:
    """Fixed columns (n, f) made orthonormal, with the residual of the outcome on them as a further column.

    Least squares on the residual differ from those on the outcome by the coefficients of the outcome on the
    fixed columns, exactly and in every replicate; cross-products then lose no digits to location and scale.
    """

    def __init__(self, fixed: FloatArray, y: FloatArray | None) -> None:
        q, self.r = np.linalg.qr(fixed)
        self.n_columns = fixed.shape[1]
        self.shift = np.zeros(self.n_columns)
        self.columns: FloatArray = q
        if y is not None:
            self.shift = q.T @ y
            self.columns = np.column_stack([q, y - q @ self.shift])

    def back(self, found: FloatArray) -> FloatArray:
        """Coefficients (C, f) of the fixed columns as they were, from those of the orthonormal ones."""
        if self.n_columns == 0:
            return found
        return np.asarray(linalg.solve_triangular(self.r, (found + self.shift).T, check_finite=False).T)


def cross_products(left: FloatArray, right: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Function from counts (C, n) to cross-products (C, a, b) of `left` (n, a) and `right` (n, b)."""
    n, a, b = *left.shape, right.shape[1]
    if n * a * b * 8 > _TABLE_BYTES:
        return lambda counts: np.stack([(left * w[:, None]).T @ right for w in counts])
    table = (left[:, :, None] * right[:, None, :]).reshape(n, a * b)
    return lambda counts: (counts @ table).reshape(-1, a, b)


def _scores(z: FloatArray, drawn: Drawn, n_scores: int) -> FloatArray:
    """Scores (C, n, s) of all rows by each replicate's own means, deviations and weights."""
    weights = drawn.measured.weights @ drawn.mixture(n_scores) / drawn.deviation[:, :, None]
    return np.asarray(z @ weights - drawn.mean[:, None, :] @ weights)


def _products(scores: FloatArray, fixed: FloatArray, powers: IntArray) -> FloatArray:
    """Regressors (C, n, q): fixed columns (n, q) times the scores (C, n, s) to powers (q, s)."""
    out = np.empty((*scores.shape[:2], fixed.shape[1]))
    for j, exponents in enumerate(powers):
        column = np.broadcast_to(fixed[:, j], scores.shape[:2])
        for score in np.flatnonzero(exponents):
            column = column * scores[:, :, score] ** exponents[score]
        out[:, :, j] = column
    return out


def composite_shares(found: Measured, composite: CompositeWeights | None) -> FloatArray:
    """Shares (C, k) of the factors in the composite; zeros where there is none."""
    if composite is None:
        return np.zeros_like(found.variance)
    variance = found.variance if composite == "rotated" else found.initial
    return np.asarray(variance / variance.sum(axis=1, keepdims=True))


def _weighed(
    weigh: Weigh, corr: FloatArray, aligned: alignment.Oriented, uniquenesses: FloatArray
) -> FloatArray:
    """Score weights; one replicate at a time where a singular matrix stopped the batch, NaN for that one."""
    try:
        return weigh(corr, aligned, uniquenesses)
    except np.linalg.LinAlgError:
        out = np.full_like(aligned.loadings, np.nan)
        for b in range(len(corr)):
            one = alignment.Oriented(
                aligned.loadings[b : b + 1],
                aligned.phi[b : b + 1],
                aligned.structure[b : b + 1],
                None,
                None,
                aligned.order[b : b + 1],
                aligned.signs[b : b + 1],
            )
            try:
                out[b] = weigh(corr[b : b + 1], one, uniquenesses[b : b + 1])[0]
            except np.linalg.LinAlgError:
                continue
        return out


def _solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solutions (C, p, k) of C systems, NaN where one is singular."""
    try:
        return regression_weights(matrix, right)
    except np.linalg.LinAlgError:
        singular = np.linalg.cond(matrix) > 1e15
        safe = np.where(singular[..., None, None], np.eye(matrix.shape[-1]), matrix)
        return np.where(singular[..., None, None], np.nan, regression_weights(safe, right))


def _placed(usable: BoolArray, found: Measured) -> Measured:
    """The measurement of the usable replicates on the places of all (C,), NaN elsewhere."""
    good = found.converged
    where = np.flatnonzero(usable)[good]

    def spread(values: FloatArray) -> FloatArray:
        if good.all() and usable.all():
            return values
        out = np.full((len(usable), *values.shape[1:]), np.nan)
        out[where] = values[good]
        return out

    heywood, converged = np.zeros(len(usable), dtype=bool), np.zeros(len(usable), dtype=bool)
    heywood[where], converged[where] = found.heywood[good], True
    return Measured(
        spread(found.weights),
        spread(found.loadings),
        spread(found.uniquenesses),
        spread(found.variance),
        spread(found.initial),
        heywood,
        converged,
    )


def _spread(drawn: Drawn, fit: Fit, design: ScoreDesign) -> PipelineReplicates:
    """The replicates of a chunk, NaN where there is no measurement or no regression."""
    measured = drawn.measured.converged
    q = design.powers.shape[0]
    cuts = max(design.n_categories - 1, 0) if design.model.startswith("ordered") else 0
    coefficients, corrected = np.full((len(measured), q + cuts), np.nan), np.full((len(measured), q), np.nan)
    if measured.any():
        part = drawn if measured.all() else drawn.take(measured)
        coefficients[measured], corrected[measured] = fit(part)
    return PipelineReplicates(
        coefficients=coefficients,
        corrected=corrected,
        shares=drawn.shares,
        measured=measured,
        fitted=np.asarray(np.isfinite(coefficients[:, :q]).all(axis=1)),
        heywood=drawn.measured.heywood,
    )
