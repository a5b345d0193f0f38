"""Bootstrap replicates of many specifications at once, on the same resamples, each step done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import groupby
from typing import Any, ParamSpec, TypeVar

import numpy as np

from socialcap.inference.specification_measurements import Measurement
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.correlation import correlation_from_covariance, covariances_of
from socialcap.kernels.pipeline import (
    CompositeWeights,
    Drawn,
    Measured,
    Progress,
    ScoreDesign,
    composite_shares,
    exploratory,
)
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.score_products import (
    Coefficients,
    ScaledWeights,
    adds_scores,
    regression_on_rows,
    shared_regression,
)
from socialcap.kernels.threads import single_thread

_CHUNK = 200
_CHUNK_CELLS = 4e6
"""Replicates worked on together, and at most so many numbers in their largest array."""

P = ParamSpec("P")
T = TypeVar("T")
Family = tuple[str, str, str, int]
"""Cleaning, correlation, extraction and number of factors: what solutions share before they are rotated."""


@dataclass(frozen=True)
class Sample:
    """The rows (n,) that one cleaning rule leaves, by their places among all rows that are resampled, and
    their items (n, p).
    """

    place: IntArray
    items: FloatArray


@dataclass(frozen=True)
class Estimand:
    """One coefficient of one regression on the scores of one measurement.

    sample: name of the cleaning rule; rule: of scoring; weights: of the composite; rows (m,): of the sample
    in the regression; design: an object shared by all that have the same; column: of the coefficient; start:
    the full-sample coefficients, for likelihoods.
    """

    sample: str
    measurement: Measurement
    rule: str
    weights: CompositeWeights
    rows: IntArray
    design: ScoreDesign
    column: int
    start: FloatArray

    @property
    def family(self) -> Family:
        """What its solution shares with others before rotation."""
        factors = self.measurement.solution.factors
        return self.sample, factors.correlation.kind, factors.extraction, len(factors.names)


@dataclass(frozen=True)
class _Shared:
    """A chunk of resamples of one sample: counts (C, n), sums (C,), means and deviations (C, p) of the
    standardised items, Pearson correlations (C, p, p), correlations by kind, and by design the cross-products
    of its regression with what makes coefficients of them.
    """

    z: FloatArray
    counts: FloatArray
    total: FloatArray
    mean: FloatArray
    deviation: FloatArray
    pearson: FloatArray
    correlations: Mapping[str, FloatArray]
    products: Mapping[int, tuple[FloatArray, Coefficients]]


def replicate_estimands(
    samples: Mapping[str, Sample],
    estimands: Sequence[Estimand],
    n: int,
    *,
    seed: int,
    replicates: int,
    clusters: IntArray | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> FloatArray:
    """Replicates (S, B) of the estimands on shared resamples of the n rows (see `resample_counts`).

    NaN where a replicate has no solution. A sample takes part in a resample with those of its rows that were
    drawn. Chunks are cut at the same replicate numbers and each family of solutions is worked through by one
    thread, so that results do not depend on `workers` to the last bit. `progress(done, total)` counts
    families times chunks.
    """
    order = sorted(range(len(estimands)), key=lambda i: estimands[i].family)
    families = [list(numbers) for _, numbers in groupby(order, key=lambda i: estimands[i].family)]
    names = list(dict.fromkeys(estimand.sample for estimand in estimands))
    width = max((_width(estimand.design) for estimand in estimands), default=1)
    size = int(np.clip(_CHUNK_CELLS // (n * width), 1, _CHUNK))
    chunks = [range(first, min(first + size, replicates)) for first in range(0, replicates, size)]
    draws = np.full((len(estimands), replicates), np.nan)
    done = 0
    with single_thread(), ThreadPoolExecutor(max(workers, 1)) as pool:
        each: Callable[..., Any] = map if workers <= 1 else pool.map
        for chunk in chunks:
            counts = resample_counts(seed, n, chunk, clusters=clusters)
            parts = [(samples[name], counts, [e for e in estimands if e.sample == name]) for name in names]
            shared = dict(zip(names, each(lambda part: _shared(*part), parts), strict=True))
            work = [[estimands[i] for i in numbers] for numbers in families]
            found = each(partial(_family, shared=shared), work)
            for numbers, drawn in zip(families, found, strict=True):
                draws[numbers, chunk.start : chunk.stop] = drawn
                done += 1
                if progress is not None:
                    progress(done, len(families) * len(chunks))
    return draws


def chunks_of(replicates: int) -> int:
    """About how many chunks the replicates are worked on in."""
    return -(-replicates // _CHUNK)


def _width(design: ScoreDesign) -> int:
    """Numbers that a replicate keeps for each row."""
    return 1 if adds_scores(design) else len(design.powers) + design.n_categories


def _shared(sample: Sample, drawn: FloatArray, estimands: Sequence[Estimand]) -> _Shared:
    """What all measurements of a sample share in a chunk of resamples."""
    spread = sample.items.std(axis=0)
    z = (sample.items - sample.items.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    counts = drawn[:, sample.place]
    total = counts.sum(axis=1)
    covariance = covariances_of(z)(counts)
    deviation = np.sqrt(np.einsum("bii->bi", covariance) * (total / (total - 1.0))[:, None])
    pearson = correlation_from_covariance(covariance)
    correlations: dict[str, FloatArray] = {}
    products: dict[int, tuple[FloatArray, Coefficients]] = {}
    for estimand in estimands:
        kind, correlate = estimand.family[1], estimand.measurement.solution.steps.correlate
        if kind not in correlations:
            correlations[kind] = pearson if correlate is None else correlate(counts)
        if id(estimand.design) not in products and adds_scores(estimand.design):
            regression = shared_regression(z[estimand.rows], estimand.design)
            own = regression.products(counts[:, estimand.rows])
            products[id(estimand.design)] = own, regression.coefficients
    return _Shared(z, counts, total, counts @ z / total[:, None], deviation, pearson, correlations, products)


def _family(estimands: Sequence[Estimand], shared: Mapping[str, _Shared]) -> FloatArray:
    """Replicates (E, C) of the estimands of one family: extracted once, rotated once for each rotation."""
    chunk = shared[estimands[0].sample]
    kind = estimands[0].family[1]
    draws = np.full((len(estimands), len(chunk.counts)), np.nan)
    extract = _once(estimands[0].measurement.solution.steps.extract)
    for _, of_solution in _grouped(range(len(estimands)), lambda i: id(estimands[i].measurement)):
        steps = estimands[of_solution[0]].measurement.solution.steps
        rotate = _once(steps.rotate)
        for rule, of_rule in _grouped(of_solution, lambda i: estimands[i].rule):
            measure = exploratory(
                extract, rotate, steps.reference, steps.weigh(rule), lambda _: chunk.correlations[kind]
            )
            measured = measure(chunk.counts, chunk.pearson)
            for _, alike in _grouped(of_rule, lambda i: (estimands[i].weights, id(estimands[i].design))):
                found = _coefficients(estimands[alike[0]], chunk, measured)
                for i in alike:
                    draws[i] = found[:, estimands[i].column]
    return draws


def _coefficients(estimand: Estimand, chunk: _Shared, measured: Measured) -> FloatArray:
    """Coefficients (C, m) of one regression on scores as measured, NaN where there are none."""
    shares = composite_shares(measured, estimand.weights)
    placed = measured.weights @ estimand.measurement.mixture(shares)
    if id(estimand.design) in chunk.products:
        products, coefficients = chunk.products[id(estimand.design)]
        return coefficients(products, ScaledWeights(placed / chunk.deviation[:, :, None], chunk.mean))
    good = np.flatnonzero(measured.converged)
    own = Measured(*(getattr(measured, field.name)[good] for field in fields(Measured)))
    drawn = Drawn(
        chunk.counts[np.ix_(good, estimand.rows)],
        chunk.total[good],
        chunk.mean[good],
        chunk.deviation[good],
        chunk.pearson[good],
        replace(own, weights=placed[good]),
        np.zeros((len(good), placed.shape[2])),
    )
    design = replace(estimand.design, start=estimand.start)
    out = np.full((len(chunk.counts), len(estimand.start)), np.nan)
    out[good] = regression_on_rows(chunk.z[estimand.rows], design)(drawn)[0]
    return out


def _grouped(numbers: Sequence[int], key: Callable[[int], Any]) -> list[tuple[Any, list[int]]]:
    """The numbers by key, in the order in which the keys appear."""
    found: dict[Any, list[int]] = {}
    for i in numbers:
        found.setdefault(key(i), []).append(i)
    return list(found.items())


def _once(function: Callable[P, T]) -> Callable[P, T]:
    """The function computed at its first call: within a task its arguments are the same at every call."""
    kept: list[T] = []

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        if not kept:
            kept.append(function(*args, **kwargs))
        return kept[0]

    return call
