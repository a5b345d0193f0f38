"""The full-sample measurement of one complete frame, and how each resample is to be measured anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd

from socialcap.errors import Problem, UsageError, nearest
from socialcap.kernels import FloatArray
from socialcap.kernels.alignment import Oriented, align
from socialcap.kernels.correlation import smooth, spearman_replicates
from socialcap.kernels.factor_bootstrap import Correlate, Extract, Method, Reference, Rotate, following
from socialcap.kernels.moments import crosstabs_replicates
from socialcap.kernels.pipeline import CompositeWeights, Measure, Weigh, component_weights, exploratory
from socialcap.kernels.polychoric import polychoric_from_crosstabs
from socialcap.kernels.scores import (
    anderson_rubin_weights,
    bartlett_weights,
    regression_weights,
    ten_berge_weights,
)
from socialcap.measurement.factors import chosen_method, factor_analysis
from socialcap.measurement.items import item_values, ordinal_codes
from socialcap.results import FactorResult

_METHOD_OPTIONS = frozenset(signature(chosen_method).parameters) - {"n_factors", "items"}
_REFUSED = {"data", "n_factors", "items", "missing", "weights", "n_obs"}
_OPTIONS = tuple(sorted(set(signature(factor_analysis).parameters) - _REFUSED))
_FOLLOWED: dict[str, Method] = {
    "principal": "principal",
    "paf": "paf",
    "minres": "minres",
    "uls": "minres",
    "ml": "ml",
}
_CORRELATIONS = ("pearson", "spearman", "polychoric")


@dataclass(frozen=True)
class Steps:
    """How a resample is measured: counts to correlations (None: Pearson's), extraction, rotation, and the
    full-sample solution that it is aligned to; whether these are components, and which loadings are salient.
    """

    correlate: Correlate | None
    extract: Extract
    rotate: Rotate
    reference: Reference
    components: bool
    salient: float

    def measure(self, rule: str) -> Measure:
        """The whole of it, with scores made by `rule`."""
        return exploratory(self.extract, self.rotate, self.reference, self.weigh(rule), self.correlate)

    def weigh(self, rule: str) -> Weigh:
        """The score weights of resamples by a rule of scoring; NaN where the rule has no answer."""
        return _weigh(rule, self.salient, self.components)


@dataclass(frozen=True)
class Solution:
    """A measured frame: items (n, p), the labelled factors, scores (n, k) and composite weights (k,) in the
    order and sign of the reference solution, and the measurement of resamples, whole and in its steps.
    """

    items: FloatArray
    factors: FactorResult
    scores: FloatArray
    shares: FloatArray
    measure: Measure
    steps: Steps

    def with_composite(self) -> FloatArray:
        """Scores (n, k + 1) with the composite last."""
        return np.column_stack([self.scores, self.scores @ self.shares])


def require_options(options: Mapping[str, Any]) -> None:
    """Raise UsageError for options that `factor_analysis` does not have or a resample cannot repeat."""
    problems = []
    for name in options:
        if name not in _OPTIONS:
            hint = nearest(name, _OPTIONS)
            problems.append(Problem(f"there is no option {name!r}" + (f"; {hint!r}?" if hint else "")))
    if problems:
        raise UsageError("these options are unknown to the pipeline", problems)
    if options.get("extraction") == "dwls" or options.get("rotation") == "target":
        raise UsageError("the pipeline does not support extraction='dwls' or rotation='target'")
    if options.get("correlations", "pearson") not in _CORRELATIONS:
        raise UsageError(f"correlations={options['correlations']!r} is not one of {', '.join(_CORRELATIONS)}")


def solve(
    frame: pd.DataFrame,
    items: Sequence[str],
    n_factors: int,
    options: Mapping[str, Any],
    composite: CompositeWeights | None,
    reference: FloatArray | None = None,
) -> Solution:
    """Factors of the complete `items` in `frame` (n rows), aligned to `reference` loadings (p, k) if given.

    Raises as `factor_analysis` does.
    """
    factors = factor_analysis(frame, n_factors, items=items, **options)
    names, values = item_values(frame, items)
    settings = {key: value for key, value in options.items() if key in _METHOD_OPTIONS}
    method = replace(chosen_method(n_factors, names, **settings), stop="tight")
    loadings, phi = factors.loadings.to_numpy(), factors.phi.to_numpy()
    placed = align(loadings, loadings if reference is None else reference, phi)
    matrix = factors.correlation.matrix.to_numpy()
    unrotated = method.extract(matrix)
    start = method.start(unrotated.loadings, placed.structure)
    steps = Steps(
        _correlate(factors, names, values),
        following(_FOLLOWED[factors.extraction], matrix, unrotated),
        method.rotate,
        Reference(unrotated.loadings, placed.loadings, placed.phi, start),
        factors.extraction == "principal",
        factors.salient,
    )
    assert factors.scores is not None
    scores = factors.scores.to_numpy()[:, placed.order] * placed.signs
    shares = _shares(factors, placed, composite)
    return Solution(values, factors, scores, shares, steps.measure(factors.scoring), steps)


def _shares(factors: FactorResult, placed: Oriented, composite: CompositeWeights | None) -> FloatArray:
    """Weights (k,) of the factors in the composite; zeros where there is none."""
    if composite is None:
        return np.zeros(len(factors.names))
    if composite == "rotated":
        variance = np.sum(placed.loadings * placed.structure, axis=0)
    else:
        variance = np.sort(factors.initial_variance.loc["ss_loadings"].to_numpy(dtype=float))[::-1]
    return np.asarray(variance / variance.sum())


def _correlate(factors: FactorResult, names: Sequence[str], values: FloatArray) -> Correlate | None:
    """From counts to the correlations of the solution's kind; None for Pearson's."""
    kind = factors.correlation.kind
    if kind == "pearson":
        return None
    if kind == "spearman":
        return lambda counts: spearman_replicates(values, counts)
    codes, categories = ordinal_codes(names, values)

    def polychoric(counts: FloatArray) -> FloatArray:
        found = polychoric_from_crosstabs(crosstabs_replicates(codes, categories, counts)).corr
        # as in the full sample, a matrix that is not positive definite is smoothed
        usable = np.asarray(np.isfinite(found).all(axis=(1, 2)))
        found[usable] = smooth(found[usable]).corr
        return found

    return polychoric


def _weigh(rule: str, salient: float, components: bool) -> Weigh:
    """Score weights by `rule`; those of components are exact, whatever the rule, but for means."""

    def weigh(corr: FloatArray, placed: Oriented, uniquenesses: FloatArray) -> FloatArray:
        if rule == "means":
            return _unit_weights(placed.loadings, salient)
        if components:
            return component_weights(placed.structure, placed.phi)
        if rule == "regression":
            return regression_weights(corr, placed.structure)
        if rule == "ten_berge":
            return ten_berge_weights(corr, placed.loadings, placed.phi)
        proper = np.asarray((uniquenesses > 0.0).all(axis=-1))
        safe = np.where(proper[:, None], uniquenesses, 1.0)
        if rule == "bartlett":
            found = bartlett_weights(placed.loadings, safe)
        else:
            found = anderson_rubin_weights(corr, placed.loadings, safe)
        return np.where(proper[:, None, None], found, np.nan)

    return weigh


def _unit_weights(loadings: FloatArray, salient: float) -> FloatArray:
    """Weights (C, p, k) of the mean of the items that load on a factor most, saliently; NaN without any."""
    size = np.abs(loadings)
    chosen = (size == size.max(axis=-1, keepdims=True)) & (size >= salient)
    count = chosen.sum(axis=-2, keepdims=True)
    weights = np.sign(loadings) * chosen / np.maximum(count, 1)
    return np.where((count > 0).all(axis=-1, keepdims=True), weights, np.nan)
