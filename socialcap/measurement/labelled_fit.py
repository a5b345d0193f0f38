"""A fitted structural model with its labels put back: parameters, loadings, validity, fit, score tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_fit import FitIndices, FitMeasures
from socialcap.kernels.cfa_ml import Criterion, StructuralFit
from socialcap.kernels.cfa_model import FIXED, Part, fill_matrices, matrices
from socialcap.kernels.cfa_modification import ModificationIndices
from socialcap.kernels.cfa_standardized import StandardizedSolution
from socialcap.kernels.validity import (
    average_variance_extracted,
    composite_reliability,
    fornell_larcker,
    htmt,
)
from socialcap.measurement.factor_model import FactorModel, positions_of
from socialcap.results.confirmatory import FitStatistics

_LEVEL = 0.95
_INDEX_FIELDS = {
    "chi2": "chi2",
    "p": "p_value",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "rmsea_low": "rmsea_low",
    "rmsea_high": "rmsea_high",
    "rmsea_p": "close_p",
}
_NO_DF = "the model has no degrees of freedom, so that nothing tests it"
_NO_LIKELIHOOD = "least squares have no likelihood"
_UNSCALED_LEAST_SQUARES = (
    "the unscaled statistic of least squares has no chi-square distribution; see the scaled one"
)


def parameter_table(
    fit: StructuralFit, standard: StandardizedSolution, model: FactorModel, groups: tuple[str, ...]
) -> pd.DataFrame:
    """Every entry of the model with its tests, plain and standardised, one row each; group first."""
    positions = positions_of(fit.table)
    frames = []
    for g in range(fit.table.n_groups):
        frame = pd.DataFrame([model.spell(position) for position in positions], columns=["lhs", "op", "rhs"])
        frame["status"] = _status(fit, g)
        free = fit.table.free[g] >= 0
        for name, values in _tested(fit.estimate[g], fit.std_error[g], free, "estimate").items():
            frame[name] = values
        for name, values in _tested(
            standard.estimate[g], standard.std_error[g], None, "standardized"
        ).items():
            frame[name] = values
        frames.append(frame)
    return _stacked(frames, groups, as_column=True)


def _status(fit: StructuralFit, g: int) -> list[str]:
    """free, fixed, or equal: held equal over groups."""
    free = fit.table.free
    return [
        "fixed" if free[g, r] == FIXED else "equal" if (free[:, r] == free[g, r]).sum() > 1 else "free"
        for r in range(free.shape[1])
    ]


def _tested(
    estimate: FloatArray, error: FloatArray, free: np.ndarray | None, name: str
) -> dict[str, FloatArray]:
    """Estimate, error, z, p and interval; not-a-number where the value is fixed."""
    tested = (error > 0.0) if free is None else free & (error > 0.0)
    shown = np.where(tested, error, np.nan)
    z = estimate / shown
    reach = float(ndtri(0.5 + 0.5 * _LEVEL)) * shown
    lead = "" if name == "estimate" else f"{name}_"
    return {
        name: estimate,
        f"{lead}std_error": shown,
        f"{lead}statistic": z,
        f"{lead}p_value": 2.0 * ndtr(-np.abs(z)),
        f"{lead}{'ci_' if not lead else ''}low": estimate - reach,
        f"{lead}{'ci_' if not lead else ''}high": estimate + reach,
    }


def loading_table(parameters: pd.DataFrame) -> pd.DataFrame:
    """The loadings among the parameters, by (group,) factor and item."""
    loadings = parameters[parameters["op"] == "=~"].rename(columns={"lhs": "factor", "rhs": "item"})
    index = [name for name in ("group", "factor", "item") if name in loadings]
    return loadings.set_index(index).drop(columns="op")


def _stacked(
    frames: Sequence[pd.DataFrame], groups: tuple[str, ...], as_column: bool = False
) -> pd.DataFrame:
    """One frame; of several groups one below the other, the group as first level or column."""
    if not groups:
        return frames[0]
    stacked = pd.concat(frames, keys=list(groups), names=["group"])
    if not as_column:
        return stacked
    return stacked.reset_index(level="group").reset_index(drop=True)


class Validity:
    """What convergent and discriminant validity are judged by, for each group."""

    def __init__(
        self, fit: StructuralFit, standard: StandardizedSolution, model: FactorModel, groups: tuple[str, ...]
    ) -> None:
        self.model, self.groups = model, groups
        self.phi = _correlations(np.asarray(matrices(fit.table, fit.theta).latent_cov))
        loadings = fill_matrices(fit.table, standard.estimate).loadings
        residual = standard.residual_variances
        # a factor without positive variance has no standardised loadings, and none of what rests on them
        improper = np.isnan(loadings).any(axis=1)
        usable = np.where(np.isnan(loadings), 1.0, loadings)
        self.ave_values = np.where(improper, np.nan, average_variance_extracted(usable, residual))
        self.cr_values = np.where(improper, np.nan, composite_reliability(usable, residual))
        self.residual = residual
        self.sample_corr = _correlations(fit.sample_cov)

    def by_factor(self, values: FloatArray, name: str) -> pd.Series:
        """Series by (group,) factor from (G, k)."""
        frames = [
            pd.DataFrame({name: row}, index=pd.Index(self.model.factors, name="factor")) for row in values
        ]
        return _stacked(frames, self.groups)[name]

    def square(self, values: FloatArray) -> pd.DataFrame:
        """Factor by factor from (G, k, k)."""
        index = pd.Index(self.model.factors, name="factor")
        columns = list(self.model.factors)
        return _stacked([pd.DataFrame(m, index=index, columns=columns) for m in values], self.groups)

    @property
    def ave(self) -> pd.Series:
        """Average variance extracted, standardised loadings."""
        return self.by_factor(self.ave_values, "ave")

    @property
    def cr(self) -> pd.Series:
        """Composite reliability, standardised loadings, model-implied variance."""
        return self.by_factor(self.cr_values, "cr")

    @property
    def factor_corr(self) -> pd.DataFrame:
        """Correlations of the factors."""
        return self.square(self.phi)

    @property
    def fornell_larcker(self) -> pd.DataFrame:
        """Roots of AVE on the diagonal, factor correlations elsewhere."""
        return self.square(fornell_larcker(self.ave_values, self.phi).table)

    @property
    def r_squared(self) -> pd.Series:
        """Share of each item's variance that the factors explain."""
        index = pd.Index(self.model.items, name="item")
        frames = [pd.DataFrame({"r_squared": 1.0 - row}, index=index) for row in self.residual]
        return _stacked(frames, self.groups)["r_squared"]

    @property
    def htmt(self) -> pd.DataFrame | None:
        """Heterotrait-monotrait ratios; None for one factor, or items on several."""
        if not self.model.separate:
            return None
        return self.square(htmt(self.sample_corr, self.model.pattern.T))


def _correlations(cov: FloatArray) -> FloatArray:
    """Correlations (..., k, k); not-a-number where a variance is not positive."""
    variance = np.diagonal(cov, axis1=-2, axis2=-1)
    spread = np.sqrt(np.where(variance > 0.0, variance, np.nan))
    return np.asarray(cov / (spread[..., :, None] * spread[..., None, :]))


def fit_statistics(fit: StructuralFit, measures: FitMeasures) -> FitStatistics:
    """Fit measures by name, and the reasons for those that do not exist."""
    values: dict[str, float] = {"df": float(fit.df), "srmr": measures.srmr, "n_free": float(measures.n_free)}
    reasons: dict[str, str] = {}
    squares = fit.criterion in (Criterion.LEAST_SQUARES, Criterion.ORDINAL)
    likelihood = {"log_likelihood": measures.log_likelihood, "aic": measures.aic, "bic": measures.bic}
    if squares:
        reasons |= dict.fromkeys(likelihood, _NO_LIKELIHOOD)
    else:
        values |= likelihood
    versions = {"": measures.plain, "_scaled": measures.scaled, "_robust": measures.robust}
    for suffix, indices in versions.items():
        if indices is not None:
            values |= {f"{name}{suffix}": value for name, value in _by_name(indices).items()}
    if measures.robust is not None:
        for name in ("chi2_robust", "p_robust"):
            del values[name]
            reasons[name] = "only the indices have a robust version; the test is the scaled one"
    if measures.scaled is not None:
        values |= {"scaling": fit.scaling, "shift": fit.shift}
    if squares and measures.scaled is not None:
        for name in ("p", "rmsea_low", "rmsea_high", "rmsea_p"):
            values.pop(name)
            reasons[name] = _UNSCALED_LEAST_SQUARES
    for name in [name for name, value in values.items() if np.isnan(value)]:
        del values[name]
        reasons[name] = _NO_DF if fit.df == 0 else "the statistic is zero"
    return FitStatistics(values, reasons)


def _by_name(indices: FitIndices) -> Mapping[str, float]:
    return {name: float(getattr(indices, field)) for name, field in _INDEX_FIELDS.items()}


def score_test_table(
    found: ModificationIndices, fit: StructuralFit, model: FactorModel, groups: tuple[str, ...]
) -> pd.DataFrame:
    """Finite score tests, largest first: lhs, op, rhs, index, change, standardized; group first."""
    positions = positions_of(found.table)
    divisor = _unit_variance_divisor(found, fit)
    frames = []
    for g in range(found.table.n_groups):
        frame = pd.DataFrame([model.spell(position) for position in positions], columns=["lhs", "op", "rhs"])
        frame["index"], frame["change"] = found.index[g], found.change[g]
        frame["standardized"] = found.change[g] / divisor[g]
        frames.append(frame[np.isfinite(found.index[g])])
    stacked = _stacked(frames, groups, as_column=True)
    return stacked.sort_values("index", ascending=False, kind="stable", ignore_index=True)


def _unit_variance_divisor(found: ModificationIndices, fit: StructuralFit) -> FloatArray:
    """What turns a change into the metric of unit variances (G, R); not-a-number where that has no meaning.

    Loadings sd(x) / sd(factor); covariances of residuals the root of the product of the residual variances;
    factor covariances sd sd; intercepts sd(x); latent means sd(factor). Thresholds and scales have none.
    """
    table, at = found.table, matrices(fit.table, fit.theta)
    latent = _root(np.diagonal(at.latent_cov, axis1=1, axis2=2))
    item = _root(np.diagonal(fit.implied_cov, axis1=1, axis2=2))
    common = np.diagonal(at.loadings @ at.latent_cov @ np.swapaxes(at.loadings, 1, 2), axis1=1, axis2=2)
    total = np.diagonal(fit.implied_cov, axis1=1, axis2=2)
    if fit.criterion == Criterion.ORDINAL:
        scales = fit.table.rows_of(Part.SCALES)
        total = fit.estimate[:, scales] ** -2.0
        item = _root(total)
    residual = _root(total - common)
    out = np.full(found.index.shape, np.nan)
    for r, (part, row, col) in enumerate(positions_of(table)):
        match part:
            case Part.LOADINGS:
                out[:, r] = item[:, row] / latent[:, col]
            case Part.RESIDUAL_COV:
                out[:, r] = item[:, row] ** 2 if row == col else residual[:, row] * residual[:, col]
            case Part.FACTOR_COV:
                out[:, r] = latent[:, row] * latent[:, col]
            case Part.INTERCEPTS:
                out[:, r] = item[:, row]
            case Part.LATENT_MEANS:
                out[:, r] = latent[:, row]
            case _:
                continue
    return out


def _root(variance: FloatArray) -> FloatArray:
    """Square root of positive variances, not-a-number elsewhere."""
    return np.asarray(np.sqrt(np.where(variance > 0.0, variance, np.nan)))
