"""The estimators of confirmatory models behind one face: fit, fit measures, comparison, score tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Protocol

import numpy as np

from socialcap.errors import EstimationError, Problem
from socialcap.kernels.cfa_difference import (
    DifferenceTest,
    difference,
    difference_positive,
    difference_scaled,
    difference_wlsmv,
)
from socialcap.kernels.cfa_fiml import fit_fiml, patterns_of, saturated_of
from socialcap.kernels.cfa_fit import Baseline, FitMeasures, baseline_fiml, fit_measures
from socialcap.kernels.cfa_ml import StructuralFit, fit_ml
from socialcap.kernels.cfa_model import ParameterTable
from socialcap.kernels.cfa_modification import (
    ModificationIndices,
    candidates,
    modification_ml,
    modification_wlsmv,
)
from socialcap.kernels.cfa_ordinal_fit import baseline_uls, baseline_wlsmv, ordinal_robust_indices
from socialcap.kernels.cfa_robust import baseline_scaling, fit_mlr
from socialcap.kernels.cfa_wls import covariance_sample, fit_uls, fit_wlsmv, ordinal_sample
from socialcap.kernels.polychoric import Polychoric, polychoric
from socialcap.kernels.polychoric_acov import PolychoricAcov, polychoric_acov
from socialcap.measurement.model_data import ModelData

EstimatorName = Literal["ml", "mlr", "fiml", "uls", "wlsmv"]
ESTIMATOR_NAMES: tuple[EstimatorName, ...] = ("ml", "mlr", "fiml", "uls", "wlsmv")
DifferenceKind = Literal["likelihood_ratio", "satorra_bentler_2001", "satorra_bentler_2010", "satorra_2000"]


class Estimator(Protocol):
    """A sample that models are fitted to by one method."""

    def fit(self, table: ParameterTable) -> StructuralFit:
        """Estimates of the model."""
        ...

    def measures(self, fit: StructuralFit) -> FitMeasures:
        """Fit measures beside the independence model."""
        ...

    def compare(
        self, restricted: StructuralFit, freer: StructuralFit
    ) -> tuple[DifferenceTest, DifferenceKind] | None:
        """Chi-square difference of nested models and its kind; None where this method has none."""
        ...

    def score_tests(self, fit: StructuralFit) -> ModificationIndices | None:
        """Modification indices; None where this method has none."""
        ...


class Likelihood:
    """Maximum likelihood (ml), with missing items (fiml), or robust (mlr, with or without missing items).

    Raises LinAlgError where the unrestricted moments cannot be estimated.
    """

    def __init__(self, data: ModelData, *, means: bool, robust: bool, incomplete: bool) -> None:
        self.data, self.means, self.robust, self.incomplete = data, means, robust, incomplete
        self.patterns = patterns_of(data.rows, data.group, data.n_groups)
        self.saturated = saturated_of(self.patterns, data.rows, data.group)
        base = baseline_fiml(self.patterns, self.saturated.log_likelihood)
        if robust:
            factor = baseline_scaling(data.rows, data.group, data.n_groups, means)
            base = Baseline(base.chi2, base.df, factor)
        self.baseline = base

    def fit(self, table: ParameterTable) -> StructuralFit:
        """Estimates of the model."""
        if self.robust:
            return fit_mlr(table, self.data.rows, self.data.group)
        if self.incomplete:
            return fit_fiml(table, self.data.rows, self.data.group)
        return fit_ml(table, self.patterns.group_n, self.saturated.mean, self.saturated.cov)

    def measures(self, fit: StructuralFit) -> FitMeasures:
        """Fit measures beside the independence model."""
        return fit_measures(fit, self.baseline)

    def compare(
        self, restricted: StructuralFit, freer: StructuralFit
    ) -> tuple[DifferenceTest, DifferenceKind]:
        """Likelihood ratio; robust: Satorra and Bentler 2001, or 2010 where that scaling is negative."""
        if not self.robust:
            return difference(restricted, freer), "likelihood_ratio"
        test = difference_scaled(restricted, freer)
        if test.df == 0 or np.isfinite(test.chi2):
            return test, "satorra_bentler_2001"
        rows, group = self.data.rows, self.data.group
        return difference_positive(restricted, freer, rows, group), "satorra_bentler_2010"

    def score_tests(self, fit: StructuralFit) -> ModificationIndices:
        """Modification indices from expected information, from observed information with missing items."""
        patterns = None if self.patterns.seen.all() else self.patterns
        return modification_ml(fit, candidates(fit.table), patterns)


class Covariances:
    """Unweighted least squares on covariances (uls)."""

    def __init__(self, data: ModelData, *, means: bool) -> None:
        self.n_items = len(data.items)
        self.sample = covariance_sample(data.rows, data.group, data.n_groups, means)
        self.baseline = baseline_uls(self.sample, self.n_items)

    def fit(self, table: ParameterTable) -> StructuralFit:
        """Estimates of the model."""
        return fit_uls(table, self.sample)

    def measures(self, fit: StructuralFit) -> FitMeasures:
        """Fit measures beside the independence model."""
        return fit_measures(fit, self.baseline)

    def compare(self, restricted: StructuralFit, freer: StructuralFit) -> None:
        """None: the difference of two mean- and variance-adjusted statistics has no test of its own here."""

    def score_tests(self, fit: StructuralFit) -> None:
        """None: score tests are made for the likelihood and for ordinal items."""


class Ordinal:
    """WLSMV on thresholds and polychoric correlations."""

    def __init__(self, data: ModelData) -> None:
        assert data.codes is not None
        parts = [_polychoric(data, g) for g in range(data.n_groups)]
        self.sample = ordinal_sample(
            [(part.thresholds, part.rho, part.nacov) for part in parts], np.bincount(data.group).astype(float)
        )
        self.baseline = baseline_wlsmv(self.sample, len(data.items))

    def fit(self, table: ParameterTable) -> StructuralFit:
        """Estimates of the model."""
        return fit_wlsmv(table, self.sample)

    def measures(self, fit: StructuralFit) -> FitMeasures:
        """Fit measures beside the independence model, with the robust ones where they exist."""
        return replace(fit_measures(fit, self.baseline), robust=ordinal_robust_indices(fit, self.sample))

    def compare(
        self, restricted: StructuralFit, freer: StructuralFit
    ) -> tuple[DifferenceTest, DifferenceKind]:
        """Scaled and shifted difference."""
        return difference_wlsmv(restricted, freer, self.sample), "satorra_2000"

    def score_tests(self, fit: StructuralFit) -> ModificationIndices:
        """Modification indices of the weighted squares."""
        return modification_wlsmv(fit, self.sample, candidates(fit.table))


def make_estimator(name: EstimatorName, data: ModelData, *, means: bool, incomplete: bool) -> Estimator:
    """The estimator by its name. Raises EstimationError where the sample's own moments cannot be had."""
    if name == "wlsmv":
        return Ordinal(data)
    if name == "uls":
        return Covariances(data, means=means)
    try:
        return Likelihood(data, means=means, robust=name == "mlr", incomplete=incomplete)
    except np.linalg.LinAlgError as error:
        raise EstimationError(f"the items' means and covariances cannot be estimated: {error}") from error


def _polychoric(data: ModelData, g: int) -> PolychoricAcov:
    """Polychorics of a group with their sampling covariance; pairs that the data drive to ±1 are named."""
    assert data.codes is not None
    codes = data.codes[data.group == g]
    try:
        found = polychoric_acov(codes, data.n_categories)
    except np.linalg.LinAlgError as error:
        _require_inside(polychoric(codes, data.n_categories), data, g)
        message = f"the polychoric correlations have no sampling covariance{data.of_group(g)}: {error}"
        raise EstimationError(message) from error
    _require_inside(found.estimates, data, g)
    return found


def _require_inside(estimates: Polychoric, data: ModelData, g: int) -> None:
    """Raise EstimationError for polychoric correlations at ±1, by pair."""
    edge = np.triu(estimates.boundary | ~estimates.converged, 1)
    if edge.any():
        raise EstimationError(
            f"polychoric correlations at ±1{data.of_group(g)}: answers to one item determine those to the "
            f"other",
            [
                Problem(
                    "combine rare categories, or leave one of the two items out",
                    column=f"{data.items[i]}, {data.items[j]}",
                )
                for i, j in zip(*np.nonzero(edge), strict=True)
            ],
        )
