"""How much a factor solution would vary in other samples: bootstrap errors, intervals and stability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any, Literal

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.correlation import correlations_of, listwise, spearman_replicates
from socialcap.kernels.factor_bootstrap import (
    Correlate,
    FactorReplicates,
    Method,
    Reference,
    bootstrap_factors,
    factor_replicates,
    following,
    jackknife_counts,
    stability,
)
from socialcap.kernels.intervals import bca, percentile
from socialcap.kernels.moments import crosstabs_replicates
from socialcap.kernels.polychoric import polychoric_from_crosstabs
from socialcap.measurement.factors import chosen_method, factor_analysis
from socialcap.measurement.items import item_values, ordinal_codes, require_replicates, row_values
from socialcap.results import FactorBootstrapResult, FactorResult

_METHOD_OPTIONS = frozenset(signature(chosen_method).parameters) - {"n_factors", "items"}
_FOLLOWED: dict[str, Method] = {
    "principal": "principal",
    "paf": "paf",
    "minres": "minres",
    "uls": "minres",
    "ml": "ml",
}
Interval = Literal["percentile", "bca"]
Alignment = Literal["match", "procrustes"]


def bootstrap_factor_analysis(
    frame: pd.DataFrame,
    n_factors: int,
    *,
    replicates: int = 1000,
    seed: int = 1,
    level: float = 0.95,
    interval: Interval = "percentile",
    alignment: Alignment = "match",
    clusters: pd.Series | str | None = None,
    strata: pd.Series | str | None = None,
    **options: Any,
) -> FactorBootstrapResult:
    """Bootstrap standard errors and intervals of a factor solution of the items in `frame` (n, p).

    Rows complete on all items are resampled, or whole `clusters`, within `strata` where given (series with
    the frame's index, or columns of it); each replicate is correlated, extracted, rotated and aligned to the
    full-sample solution: "match" permutes and reflects its columns, "procrustes" turns it to the least
    squared distance, which takes the variation of the rotation out. Intervals are "percentile" or "bca"
    (Efron 1987, acceleration by the jackknife over rows or clusters). Further `options` as in
    `factor_analysis`; correlations "pearson", "spearman" or "polychoric". Axis factoring is taken to its
    limit in every replicate, whatever stopping rule a preset has for the estimate.

    The same seed gives the same replicates however they are divided over processes. Raises as
    `factor_analysis` does; UsageError for data that are no rows of respondents, missing cluster or stratum
    labels, a single cluster, clusters that cross strata; EstimationError where fewer than half of the
    replicates have a solution.
    """
    _require_options(frame, replicates, level, interval, alignment, options)
    full = factor_analysis(frame, n_factors, **options)
    _, values = item_values(frame, list(full.loadings.index))
    complete = listwise(values)
    kept = values[complete]
    by_cluster = _labels(frame, clusters, complete, "clusters")
    by_stratum = _labels(frame, strata, complete, "strata")
    _require_nested(by_cluster, by_stratum)
    correlate = _correlate(full, kept)
    settings = {key: value for key, value in options.items() if key in _METHOD_OPTIONS}
    method = replace(chosen_method(n_factors, list(full.loadings.index), **settings), stop="tight")
    matrix = full.correlation.matrix.to_numpy()
    unrotated = method.extract(matrix)
    extract = following(_FOLLOWED[full.extraction], matrix, unrotated)
    start = method.start(unrotated.loadings, full.structure.to_numpy())
    reference = Reference(unrotated.loadings, full.loadings.to_numpy(), full.phi.to_numpy(), start)
    drawn = bootstrap_factors(
        correlate,
        len(kept),
        extract,
        method.rotate,
        reference,
        seed=seed,
        replicates=range(replicates),
        clusters=by_cluster,
        strata=by_stratum,
        alignment_method=alignment,
    )
    if drawn.converged.sum() < replicates / 2:
        raise EstimationError(
            f"{int(drawn.converged.sum())} of {replicates} bootstrap replicates have a solution"
        )
    left_out = None
    if interval == "bca":
        counts = jackknife_counts(len(kept), by_cluster)
        left_out = factor_replicates(
            counts, correlate, extract, method.rotate, reference, alignment_method=alignment
        )
    return _result(full, drawn, left_out, level, interval, replicates)


def _require_options(
    frame: pd.DataFrame,
    replicates: int,
    level: float,
    interval: str,
    alignment: str,
    options: Mapping[str, Any],
) -> None:
    if not isinstance(frame, pd.DataFrame) or options.get("n_obs") is not None:
        raise UsageError("the bootstrap resamples respondents: give the items, not their correlations")
    if options.get("missing", "listwise") != "listwise" or options.get("weights") is not None:
        raise UsageError(
            "the bootstrap resamples complete, unweighted rows: missing='listwise' and no weights"
        )
    if options.get("extraction") == "dwls" or options.get("rotation") == "target":
        raise UsageError("the bootstrap does not support extraction='dwls' or rotation='target'")
    for what, value, valid in (
        ("interval", interval, ("percentile", "bca")),
        ("alignment", alignment, ("match", "procrustes")),
    ):
        if value not in valid:
            raise UsageError(f"{what}={value!r} is not one of {', '.join(valid)}")
    if not 0 < level < 1:
        raise UsageError(f"level = {level:g} is not between 0 and 1")
    require_replicates(replicates)


def _require_nested(clusters: IntArray | None, strata: IntArray | None) -> None:
    """Whole clusters can be drawn within strata only where none lies in two."""
    if clusters is None or strata is None:
        return
    if len(np.unique(np.stack([clusters, strata]), axis=1).T) > len(np.unique(clusters)):
        raise UsageError("clusters and strata: each cluster must lie within one stratum")


def _labels(
    frame: pd.DataFrame, given: pd.Series | str | None, complete: np.ndarray, what: str
) -> IntArray | None:
    """Group numbers (m,) of the complete rows; None where there are no groups."""
    if given is None:
        return None
    column = row_values(frame, given, what)[complete]
    if column.isna().any():
        raise UsageError(f"{what}: {int(column.isna().sum())} complete rows have no label")
    numbers = pd.factorize(column, sort=True)[0].astype(np.int64)
    if what == "clusters" and len(np.unique(numbers)) < 2:
        raise UsageError("clusters: at least two are needed to resample them")
    return numbers


def _correlate(full: FactorResult, kept: FloatArray) -> Correlate:
    """From counts of rows (B, n) to the correlations (B, p, p) of the full solution's kind."""
    kind = full.correlation.kind
    if kind == "pearson":
        return correlations_of(kept)
    if kind == "spearman":
        return lambda counts: spearman_replicates(kept, counts)
    if kind == "polychoric":
        codes, categories = ordinal_codes(list(full.loadings.index), kept)
        return lambda counts: polychoric_from_crosstabs(crosstabs_replicates(codes, categories, counts)).corr
    raise UsageError("the bootstrap takes pearson, spearman or polychoric correlations")


def _result(
    full: FactorResult,
    drawn: FactorReplicates,
    left_out: FactorReplicates | None,
    level: float,
    interval: Interval,
    replicates: int,
) -> FactorBootstrapResult:
    factors, items = full.names, list(full.loadings.index)
    proportion = full.variance.loc["proportion"].to_numpy()
    spans = {
        "loadings": (full.loadings.to_numpy(), "loadings"),
        "phi": (full.phi.to_numpy(), "phi"),
        "communalities": (full.communalities.to_numpy(), "communalities"),
        "variance": (proportion, "variance"),
        "eigenvalues": (full.eigenvalues.to_numpy(), "eigenvalues"),
    }
    made = {
        name: _summary(
            estimate, getattr(drawn, field), None if left_out is None else getattr(left_out, field), level
        )
        for name, (estimate, field) in spans.items()
    }
    return FactorBootstrapResult(
        factors=full,
        loadings=_long(made["loadings"], items, factors, ("item", "factor")),
        phi=_long(made["phi"], factors, factors, ("factor", "with")),
        communalities=pd.DataFrame(made["communalities"], index=items),
        variance=pd.DataFrame(made["variance"], index=factors),
        eigenvalues=pd.DataFrame(made["eigenvalues"], index=full.eigenvalues.index),
        stability=pd.DataFrame(stability(drawn.loadings), index=items, columns=factors),
        loading_draws=drawn.loadings[drawn.converged],
        variance_draws=drawn.variance[drawn.converged],
        replicates=replicates,
        converged=int(drawn.converged.sum()),
        heywood=int(drawn.heywood.sum()),
        level=level,
        interval=interval,
    )


def _summary(
    estimate: FloatArray, replicates: FloatArray, left_out: FloatArray | None, level: float
) -> dict[str, FloatArray]:
    """Estimate, standard error (ddof 1) and interval of each element."""
    if left_out is None:
        low, high = percentile(replicates, level)
    else:
        low, high = bca(replicates, estimate, left_out, level)
    error = np.nanstd(replicates, axis=0, ddof=1)
    return {"estimate": estimate, "std_error": error, "ci_low": low, "ci_high": high}


def _long(
    columns: dict[str, FloatArray], rows: Sequence[str], across: Sequence[str], names: tuple[str, str]
) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([rows, across], names=list(names))
    return pd.DataFrame({key: values.ravel() for key, values in columns.items()}, index=index)
