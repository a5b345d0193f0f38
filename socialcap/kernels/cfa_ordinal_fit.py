"""Baseline tests for least squares, and robust fit indices for ordinal items."""

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_fit import Baseline, FitIndices, indices
from socialcap.kernels.cfa_ml import StructuralFit, inverse_information
from socialcap.kernels.cfa_model import Part, selection
from socialcap.kernels.cfa_wls import MomentSample, OrdinalStructure


def baseline_least_squares(
    sample: MomentSample, weight: FloatArray, off_diagonal: NDArray[np.bool_]
) -> Baseline:
    """Test that the covariances between items are zero, scaled and shifted as the model's own test.

    weight (G, m) as in the fit; off_diagonal (m,) true for covariances or correlations of different items.
    """
    moments, weight = sample.moments[:, off_diagonal], weight[:, off_diagonal]
    gamma = sample.gamma[:, off_diagonal][:, :, off_diagonal]
    chi2 = float(((sample.n - 1.0)[:, None] * weight * moments**2).sum())
    scaled = gamma * weight[:, None, :]
    trace = float((np.diagonal(gamma, axis1=1, axis2=2) * weight).sum())
    square = float((scaled * np.swapaxes(scaled, 1, 2)).sum())
    df = moments.size
    shrink = float(np.sqrt(df / square))
    return Baseline(chi2, df, 1.0 / shrink, df - shrink * trace)


def baseline_wlsmv(sample: MomentSample, n_items: int) -> Baseline:
    """Baseline of `fit_wlsmv`: thresholds free, all polychoric correlations zero."""
    pairs = n_items * (n_items - 1) // 2
    tested = np.arange(sample.moments.shape[1]) >= sample.moments.shape[1] - pairs
    return baseline_least_squares(sample, 1.0 / np.diagonal(sample.gamma, axis1=1, axis2=2), tested)


def baseline_uls(sample: MomentSample, n_items: int) -> Baseline:
    """Baseline of `fit_uls`: variances (and means) free, all covariances zero."""
    i, j = np.tril_indices(n_items)
    means = sample.moments.shape[1] - i.size
    tested = np.concatenate([np.zeros(means, dtype=bool), i != j])
    return baseline_least_squares(sample, np.ones_like(sample.moments), tested)


def ordinal_robust_indices(fit: StructuralFit, sample: MomentSample) -> FitIndices | None:
    """Robust CFI, TLI and RMSEA of a WLSMV fit: the normal discrepancy of the correlations, corrected.

    F_ML of the polychoric correlations at the DWLS estimates times N, with c = tr(Q' V Q Gamma) / df and
    Q = I - J E^-1 J' W, V the normal-theory weights of correlations (Savalei 2021, eqs. 11-15; lavaan's
    "robust" values; with several groups lavaan 0.6 leaves their shares out of the baseline's c). None where
    thresholds bind the groups or a correlation matrix is not positive definite.
    """
    scales = fit.table.rows_of(Part.SCALES)
    bound = bool((fit.table.free[:, scales] >= 0).any())
    if fit.df <= 0 or bound or np.linalg.eigvalsh(fit.sample_cov)[:, 0].min() <= 1e-8:
        return None
    p, pairs = fit.table.n_items, fit.table.n_items * (fit.table.n_items - 1) // 2
    share = fit.group_n / fit.n_obs
    gamma = sample.gamma[:, -pairs:, -pairs:] / share[:, None, None]
    weight = share[:, None] / np.diagonal(sample.gamma, axis1=1, axis2=2)[:, -pairs:]
    jacobian = np.swapaxes(OrdinalStructure(fit.table).row_jacobian(fit.theta), 1, 2)[:, -pairs:]
    jacobian = jacobian @ selection(fit.table)
    normal: FloatArray = share[:, None, None] * _normal_weights(fit.implied_cov, p)
    factor = _corrected_trace(jacobian, inverse_information(fit.information), weight, normal, gamma) / fit.df
    base_factor = float(np.trace(gamma * share[:, None, None], axis1=1, axis2=2).sum()) / (
        fit.group_n.size * pairs
    )
    log_sample = np.linalg.slogdet(fit.sample_cov)[1]
    discrepancy = np.linalg.slogdet(fit.implied_cov)[1] - log_sample - p
    discrepancy += np.trace(np.linalg.solve(fit.implied_cov, fit.sample_cov), axis1=1, axis2=2)
    baseline = Baseline(float(-(fit.group_n * log_sample).sum()), fit.group_n.size * pairs)
    chi2 = float((fit.group_n * discrepancy).sum())
    return indices(chi2, fit.df, baseline, fit.n_test, fit.group_n.size, factor, base_factor)


def _normal_weights(corr: FloatArray, p: int) -> FloatArray:
    """Normal-theory weights (G, m, m) of correlations by pairs: P_ik P_jl + P_il P_jk."""
    i, j = np.triu_indices(p, 1)
    precision = np.linalg.inv(corr)
    ik, jl = precision[:, i][:, :, i], precision[:, j][:, :, j]
    il, jk = precision[:, i][:, :, j], precision[:, j][:, :, i]
    out: FloatArray = ik * jl + il * jk
    return out


def _corrected_trace(
    jacobian: FloatArray, bread: FloatArray, weight: FloatArray, normal: FloatArray, gamma: FloatArray
) -> float:
    """tr(Q' V Q Gamma) with Q = I - J E^-1 J' W over all groups stacked."""
    weighted = jacobian * weight[:, :, None]
    plain = float((normal * gamma).sum())
    vj, gw = normal @ jacobian, gamma @ weighted
    crossed = (np.swapaxes(gw, 1, 2) @ vj).sum(0)
    inner = (np.swapaxes(jacobian, 1, 2) @ vj).sum(0)
    outer = (np.swapaxes(weighted, 1, 2) @ gw).sum(0)
    return plain - 2.0 * float((bread * crossed).sum()) + float(np.trace(bread @ inner @ bread @ outer))
