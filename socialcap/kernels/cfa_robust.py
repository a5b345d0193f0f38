"""Maximum likelihood robust to non-normality (MLR): sandwich errors and the scaled chi-square."""

from dataclasses import dataclass, replace

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_fiml import patterns_of, saturated_of, univariate_moments
from socialcap.kernels.cfa_likelihood import Patterns, casewise_scores, observed_information
from socialcap.kernels.cfa_ml import Saturated, StructuralFit, fit_patterns, inverse_information, n_moments
from socialcap.kernels.cfa_model import ParameterTable
from socialcap.kernels.cfa_start import starting_values
from socialcap.kernels.cfa_table import independence_table, saturated_table


def fit_mlr(
    table: ParameterTable, rows: FloatArray, group: IntArray, start: FloatArray | None = None
) -> StructuralFit:
    """ML estimates with Huber-White errors and Yuan-Bentler scaling, from rows (n, p) and group (n,).

    vcov = H^-1 (1/N sum s_i s_i') H^-1 / N with observed information H. scaling c = [tr(B1 A1^-1) -
    tr(B0 A0^-1)] / df, where B are outer products of casewise scores and A observed informations, of the
    saturated (1) and the fitted (0) model: lavaan's "yuan.bentler.mplus" (Asparouhov and Muthen 2005), which
    is asymptotically that of Yuan and Bentler (2000). Missing items (NaN) are dealt with by FIML; the table
    must then model the means.
    """
    data = patterns_of(rows, group, table.n_groups)
    saturated = saturated_of(data, rows, group)
    fit = fit_patterns(table, data, saturated, start, expected=False)
    sandwich = _sandwich(table, fit.theta, fit.information, rows, group, saturated)
    above = saturated_trace(rows, group, saturated, data, table.means)
    return replace(
        fit,
        vcov=sandwich.bread @ sandwich.meat @ sandwich.bread / fit.n_obs,
        scaling=(above - sandwich.trace) / fit.df if fit.df > 0 else 1.0,
    )


def scaling_at(table: ParameterTable, theta: FloatArray, rows: FloatArray, group: IntArray) -> float:
    """Scaling factor of `fit_mlr` at given parameters theta (q,), which need not be the estimates."""
    data = patterns_of(rows, group, table.n_groups)
    saturated = saturated_of(data, rows, group)
    information = observed_information(table, data, theta)
    sandwich = _sandwich(table, theta, information, rows, group, saturated)
    above = saturated_trace(rows, group, saturated, data, table.means)
    return (above - sandwich.trace) / (n_moments(table) - table.n_free)


@dataclass(frozen=True, slots=True, eq=False)
class _Sandwich:
    """Inverse information, outer product of scores per case, (q, q) each, and the trace of their product."""

    bread: FloatArray
    meat: FloatArray
    trace: float


def _sandwich(
    table: ParameterTable,
    theta: FloatArray,
    information: FloatArray,
    rows: FloatArray,
    group: IntArray,
    saturated: Saturated,
) -> _Sandwich:
    bread = inverse_information(information)
    scores = casewise_scores(table, theta, rows, group, None if table.means else saturated.mean)
    meat = scores.T @ scores / (~np.isnan(rows)).any(axis=1).sum()
    return _Sandwich(bread, meat, float((meat * bread.T).sum()))


def saturated_trace(
    rows: FloatArray, group: IntArray, saturated: Saturated, data: Patterns, means: bool
) -> float:
    """tr(B1 A1^-1) of the saturated model, summed over groups.

    For complete data it is sum_g (b_g - p) / 2 with Mardia's kurtosis b_g = mean (z' S^-1 z)^2, and p more a
    group where the means are modelled.
    """
    n_groups, p = saturated.mean.shape
    if not data.seen.all():
        table = saturated_table(p, n_groups)
        theta = starting_values(table, saturated.cov, saturated.mean)
        scores = casewise_scores(table, theta, rows, group)
        bread = inverse_information(observed_information(table, data, theta))
        return float((scores.T @ scores / data.n_obs * bread).sum())
    total = 0.0
    for g in range(n_groups):
        apart = rows[group == g] - saturated.mean[g]
        distance = ((apart @ np.linalg.inv(saturated.cov[g])) * apart).sum(1)
        total += 0.5 * (float((distance**2).mean()) - p) + (p if means else 0)
    return total


def baseline_scaling(rows: FloatArray, group: IntArray, n_groups: int, means: bool) -> float:
    """Scaling factor of the independence model, defined as in `fit_mlr`."""
    data = patterns_of(rows, group, n_groups)
    table = independence_table(rows.shape[1], n_groups, means)
    mean, variance = univariate_moments(data)
    cov = variance[:, :, None] * np.eye(rows.shape[1])
    return scaling_at(table, starting_values(table, cov, mean), rows, group)
