"""Completely standardised solution with standard errors by the delta method."""

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_model import (
    Matrices,
    ParameterTable,
    Part,
    entries,
    fill_matrices,
    implied_moments,
)

_COMPLEX_STEP = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class StandardizedSolution:
    """Estimates and standard errors (G, R) of the table entries in the metric of unit variances.

    residual_variances and residual_errors (G, p): share of each item's variance that the latents leave,
    1 - R^2, also for ordinal items, whose residuals the table does not hold.
    """

    estimate: FloatArray
    std_error: FloatArray
    residual_variances: FloatArray
    residual_errors: FloatArray


def standardized_solution(fit: StructuralFit) -> StandardizedSolution:
    """Solution with items and latents scaled to the unit variances that the model implies (lavaan's std.all).

    Loadings lambda sd(eta) / sd(x); regressions b sd(eta_from) / sd(eta_to); variances over total variances;
    covariances within Psi and Theta as correlations of the (residual) variables. Errors by the delta method,
    the derivatives by the complex step, exact to rounding. Not-a-number where a variance is not positive.
    """
    table, q = fit.table, fit.theta.size
    estimate, residual = _standardize(table, fit.theta)
    shifted = fit.theta + 1j * _COMPLEX_STEP * np.eye(q)
    moved, moved_residual = (part.imag / _COMPLEX_STEP for part in _standardize(table, shifted))
    return StandardizedSolution(
        estimate=estimate,
        std_error=_errors(moved, fit.vcov),
        residual_variances=residual,
        residual_errors=_errors(moved_residual, fit.vcov),
    )


def _errors(derivative: FloatArray, vcov: FloatArray) -> FloatArray:
    """sqrt(d' V d) for derivatives (q, ...)."""
    flat = derivative.reshape(derivative.shape[0], -1)
    variance = np.einsum("qe,qr,re->e", flat, vcov, flat)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)).reshape(derivative.shape[1:]))


def _standardize(table: ParameterTable, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standardised entries (..., G, R) and residual variances (..., G, p) at theta (..., q)."""
    filled = entries(table, theta)
    at = fill_matrices(table, filled)
    # Improper variances make their own entries not-a-number, without a warning from complex arithmetic.
    with np.errstate(invalid="ignore"):
        return _scaled(table, filled, at)


def _scaled(table: ParameterTable, filled: FloatArray, at: Matrices) -> tuple[FloatArray, FloatArray]:
    residual = _residual_variances(table, filled, at)
    total = np.diagonal(implied_moments(at)[0], axis1=-2, axis2=-1)
    scales = table.rows_of(Part.SCALES)
    if scales.stop > scales.start:
        total = filled[..., scales] ** -2.0
    item, latent = _root(total), _root(np.diagonal(at.latent_cov, axis1=-2, axis2=-1))
    latent_residual = _root(np.diagonal(at.factor_cov, axis1=-2, axis2=-1))
    divisor = np.ones_like(filled)
    i, j = table.row, table.col
    rows = table.rows_of(Part.LOADINGS)
    divisor[..., rows] = item[..., i[rows]] / latent[..., j[rows]]
    rows = table.rows_of(Part.REGRESSIONS)
    divisor[..., rows] = latent[..., i[rows]] / latent[..., j[rows]]
    for part, whole, own in (
        (Part.FACTOR_COV, latent, latent_residual),
        (Part.RESIDUAL_COV, item, _root(residual)),
    ):
        rows = table.rows_of(part)
        same = i[rows] == j[rows]
        between = own[..., i[rows]] * own[..., j[rows]]
        divisor[..., rows] = np.where(same, whole[..., i[rows]] ** 2, between)
    for part, deviation in ((Part.INTERCEPTS, item), (Part.THRESHOLDS, item), (Part.LATENT_MEANS, latent)):
        rows = table.rows_of(part)
        divisor[..., rows] = deviation[..., i[rows]]
    divisor[..., scales] = filled[..., scales]
    return filled / divisor, residual / item**2


def _residual_variances(table: ParameterTable, filled: FloatArray, at: Matrices) -> FloatArray:
    """Residual variances of items (..., G, p), those of ordinal items by the delta parameterisation."""
    scales = table.rows_of(Part.SCALES)
    if scales.stop == scales.start:
        return np.diagonal(at.residual_cov, axis1=-2, axis2=-1)
    return filled[..., scales] ** -2.0 - np.diagonal(implied_moments(at)[0], axis1=-2, axis2=-1)


def _root(variance: FloatArray) -> FloatArray:
    """Square root of positive variances, not-a-number elsewhere; zero stays zero."""
    out: FloatArray = np.sqrt(np.where(variance.real >= 0.0, variance, np.nan))
    return out
