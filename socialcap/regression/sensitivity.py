"""How strong an omitted variable would have to be, and which firms or clusters a result hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from scipy.special import stdtr

from socialcap.errors import UsageError
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cluster_adjustment import cr2
from socialcap.kernels.diagnostics import independent_columns
from socialcap.kernels.ols import OlsFit, fit_ols
from socialcap.kernels.sandwich import Covariance, CrKind, HcKind, cluster_robust, heteroskedastic, nonrobust
from socialcap.kernels.sensitivity import (
    Selection,
    adjusted_estimate,
    benchmark_bounds,
    group_partial_r2,
    leave_one_out,
    oster_betas,
    oster_delta,
    partial_r2,
    robustness_value,
    selection,
)
from socialcap.kernels.threads import single_thread
from socialcap.regression.inputs import (
    cluster_codes,
    hint,
    one_index,
    plain_least_squares,
    quoted,
    require_coefficient,
    require_level,
    values,
)
from socialcap.results import RegressionResult
from socialcap.results.sensitivity import SensitivityResult

_CONTOUR_POINTS = 41
_HC_POWERS: Mapping[str, float | None] = {
    "nonrobust": None,
    "HC0": 0.0,
    "HC1": 0.0,
    "HC2": 1.0,
    "HC3": 2.0,
    "HC4": -1.0,
}


@dataclass(frozen=True)
class _Fit:
    """A linear model's arrays, the treatment's place in them, and its classical fit."""

    x: FloatArray
    y: FloatArray
    names: list[str]
    place: int
    fit: OlsFit
    estimate: float
    classical_error: float
    df: float


def sensitivity(
    fit: RegressionResult,
    treatment: str,
    *,
    benchmark: str | Sequence[str] = (),
    strength: Sequence[float] = (1.0, 2.0, 3.0),
    r_max: Sequence[float] | None = None,
    clusters: pd.Series | str | None = None,
    data: pd.DataFrame | None = None,
    level: float = 0.95,
) -> SensitivityResult:
    """What it would take to overturn the coefficient `treatment` of a linear model.

    benchmark: coefficients or variables (all levels of a categorical one together) that an omitted variable
        is compared with, `strength` times as strong in treatment and outcome.
    r_max: R² of the model that held everything, for Oster's estimator; by default 1.3 R² (at most 1), her
        rule of thumb, and 1.
    clusters: to leave each out in turn, and for cluster-robust errors then; a series, or a column of `data`.

    Oster (2019), exact: δ for a true effect of zero, all controls of the model being observables and the
    uncontrolled regression that of the outcome on the treatment alone; the effect under δ = 1. Cinelli and
    Hazlett (2020): partial R², robustness values RV and RV_α, bounds by benchmarks; these rest on the
    classical t whatever the model's covariance. Rows and clusters are left out with the model's covariance.

    Raises UsageError for models that are not unweighted least squares without absorbed effects, and for
    unknown coefficients (nearest name).
    """
    require_level(level)
    plain_least_squares(fit, "sensitivity analysis")
    require_coefficient(fit, treatment)
    bad = [value for value in r_max or () if not fit.fit["r2"] < value <= 1.0]
    if bad:
        raise UsageError(
            f"r_max = {bad[0]:g} is not above the model's R² = {fit.fit['r2']:.4f} and at most 1"
        )
    if any(value <= 0 for value in strength):
        raise UsageError("strength: a confounder's strength is positive")
    matrix, outcome = one_index(fit)
    model = _arrays(matrix, outcome, treatment)
    groups = cluster_codes(clusters, data, matrix.index)
    names = (benchmark,) if isinstance(benchmark, str) else tuple(benchmark)
    members = {name: _columns(fit, model.names, name, treatment) for name in names}
    t = model.estimate / model.classical_error
    parts = selection(model.y, model.x, model.place)
    with single_thread():
        rows = _without_rows(model, fit.cov, matrix.index, None if groups is None else groups[0])
        left_out = None if groups is None else _without_clusters(model, fit.cov, *groups)
    return SensitivityResult(
        treatment=treatment,
        outcome=fit.outcome,
        estimate=model.estimate,
        std_error=float(cast(float, fit.coefficients.at[treatment, "std_error"])),
        classical_error=model.classical_error,
        df=model.df,
        partial_r2=float(partial_r2(np.array(t), model.df)),
        robustness_value=robustness_value(t, model.df),
        robustness_value_alpha=robustness_value(t, model.df, alpha=1.0 - level),
        r2=float(fit.fit["r2"]),
        r2_short=parts.r2_short,
        beta_short=parts.beta_short,
        oster=_oster(parts, r_max),
        benchmarks=_benchmarks(model, members, strength, level),
        contours=_contours(model),
        rows=rows,
        clusters=left_out,
        cov=fit.cov,
        n_obs=fit.n_obs,
        dropped=fit.dropped,
        level=level,
        labels=fit.labels,
    )


def _arrays(matrix: pd.DataFrame, outcome: pd.Series, treatment: str) -> _Fit:
    x, y = values(matrix), outcome.to_numpy(dtype=float)
    place = list(matrix.columns).index(treatment)
    fit = fit_ols(x, y)
    error = float(np.sqrt(fit.sigma2 * fit.xtx_inv[place, place]))
    names = list(map(str, matrix.columns))
    return _Fit(x, y, names, place, fit, float(fit.coefficients[place]), error, float(fit.df_resid))


def _columns(fit: RegressionResult, names: list[str], benchmark: str, treatment: str) -> IntArray:
    """Places of a coefficient's column, or of all columns of a variable's term."""
    written = {benchmark, f"C({benchmark})", f"C({quoted(benchmark)})"}
    of_term = [
        name
        for name, term in fit.terms.items()
        if not term.reference and name in names and written & {name, term.expression}
    ]
    if not of_term:
        raise UsageError(f"benchmark: the model has no {benchmark!r}{hint(benchmark, names)}")
    if treatment in of_term or "Intercept" in of_term:
        raise UsageError(f"benchmark: {benchmark!r} is not a control of the model")
    return np.array([names.index(name) for name in of_term], dtype=np.int64)


def _oster(parts: Selection, r_max: Sequence[float] | None) -> pd.DataFrame:
    """By R²max: δ for a true effect of zero, the effect under δ = 1 and the set between the two."""
    chosen = {"1.3 R²": min(1.3 * parts.r2_long, 1.0), "1": 1.0}
    if r_max is not None:
        chosen = {f"{value:g}": float(value) for value in r_max}
    rows = []
    for value in chosen.values():
        found = oster_betas(parts, value)
        beta = float(found[0]) if found.size else np.nan
        low, high = min(beta, parts.beta_long), max(beta, parts.beta_long)
        rows.append(
            {
                "r_max": value,
                "delta": oster_delta(parts, value),
                "beta": beta,
                "low": low,
                "high": high,
                "excludes_zero": bool(low > 0 or high < 0),
                "solutions": found.size,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(chosen, name="rule"))


def _benchmarks(
    model: _Fit, members: Mapping[str, IntArray], strength: Sequence[float], level: float
) -> pd.DataFrame:
    """By benchmark and strength: bounds of the confounder's partial R², and the estimate with it."""
    k = np.asarray(strength, dtype=float)
    frames = []
    for name, group in members.items():
        of_outcome = group_partial_r2(model.y, model.x, group)
        others = np.delete(np.arange(len(model.names)), model.place)
        of_treatment = group_partial_r2(
            model.x[:, model.place], model.x[:, others], np.flatnonzero(np.isin(others, group))
        )
        bounds = benchmark_bounds(of_treatment, of_outcome, k)
        found = adjusted_estimate(
            model.estimate, model.classical_error, model.df, bounds.r2_treatment, bounds.r2_outcome, level
        )
        columns = {
            "r2_treatment": bounds.r2_treatment,
            "r2_outcome": bounds.r2_outcome,
            "estimate": found.estimate,
            "std_error": found.std_error,
            "statistic": found.statistic,
            "ci_low": found.ci_low,
            "ci_high": found.ci_high,
        }
        index = pd.MultiIndex.from_product([[name], k], names=["benchmark", "strength"])
        frames.append(pd.DataFrame(columns, index=index))
    return pd.concat(frames) if frames else pd.DataFrame()


def _contours(model: _Fit) -> pd.DataFrame:
    """Adjusted estimate and t over a grid of the confounder's partial R², for a contour plot."""
    grid = np.linspace(0.0, 0.6, _CONTOUR_POINTS)
    of_treatment, of_outcome = (part.ravel() for part in np.meshgrid(grid, grid, indexing="ij"))
    found = adjusted_estimate(model.estimate, model.classical_error, model.df, of_treatment, of_outcome)
    return pd.DataFrame(
        {
            "r2_treatment": of_treatment,
            "r2_outcome": of_outcome,
            "estimate": found.estimate,
            "statistic": found.statistic,
        }
    )


def _without_rows(model: _Fit, cov: str, index: pd.Index, codes: IntArray | None) -> pd.DataFrame:
    """By row left out: the treatment's coefficient, error and p-value, and the change."""
    n, k = model.x.shape
    if cov in _HC_POWERS:
        found = leave_one_out(model.fit, model.place, _HC_POWERS[cov])
        factor = np.sqrt((n - 1) / (n - 1 - k)) if cov == "HC1" else 1.0
        parts = np.column_stack([found.estimate, factor * found.std_error, np.full(n, float(n - 1 - k))])
    else:
        parts = np.array([_refitted(model, np.arange(n) != i, cov, codes) for i in range(n)])
    return _deleted(model, parts, index)


def _without_clusters(model: _Fit, cov: str, codes: IntArray, names: list[str]) -> pd.DataFrame:
    """By cluster left out: the treatment's coefficient, error and p-value, the change, and its rows."""
    parts = np.array([_refitted(model, codes != g, cov, codes) for g in range(len(names))])
    found = _deleted(model, parts, pd.Index(names, name="cluster"))
    found["rows"] = np.bincount(codes, minlength=len(names))
    return found


def _deleted(model: _Fit, parts: FloatArray, index: pd.Index) -> pd.DataFrame:
    """A frame of estimate, std_error, p_value and change from (units, 3): estimate, error, df."""
    estimate, error, df = parts.T
    return pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": error,
            "p_value": 2.0 * stdtr(df, -np.abs(estimate / error)),
            "change": estimate - model.estimate,
        },
        index=index,
    )


def _refitted(model: _Fit, kept: np.ndarray, cov: str, codes: IntArray | None) -> tuple[float, float, float]:
    """Coefficient of the treatment, error and degrees of freedom on the `kept` rows (n,).

    Controls that no longer vary there, such as the left-out cluster's own indicator, are left out with it.
    """
    others = independent_columns(np.delete(model.x[kept], model.place, axis=1))
    x = np.column_stack([others, model.x[kept, model.place]])
    if x.shape[0] <= x.shape[1]:
        return np.nan, np.nan, np.nan
    fit = fit_ols(x, model.y[kept])
    found = _covariance(fit, cov, None if codes is None else codes[kept])
    estimate = float(fit.coefficients[-1])
    if found is None:
        return estimate, np.nan, np.nan
    return estimate, float(np.sqrt(found.vcov[-1, -1])), float(found.df[-1])


def _covariance(fit: OlsFit, cov: str, codes: IntArray | None) -> Covariance | None:
    """The covariance of a refit under the model's name for it; None for those made otherwise."""
    if cov == "nonrobust":
        return nonrobust(fit)
    if cov in _HC_POWERS:
        return heteroskedastic(fit, cast(HcKind, cov))
    if codes is None or len(np.unique(codes)) < 2:
        return None
    if cov in ("CR0", "CR1"):
        return cluster_robust(fit, codes, cast(CrKind, cov))
    return cr2(fit, codes) if cov == "CR2" else None
