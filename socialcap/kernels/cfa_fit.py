"""Fit measures of structural models: CFI, TLI, RMSEA, SRMR, AIC, BIC; plain, scaled and robust."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chndtr, chndtrinc

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_fiml import univariate_moments
from socialcap.kernels.cfa_likelihood import Patterns
from socialcap.kernels.cfa_ml import Criterion, StructuralFit


@dataclass(frozen=True, slots=True)
class Baseline:
    """Test of the independence model: chi2, df, and the scaling and shift of its robust version."""

    chi2: float
    df: int
    scaling: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class FitIndices:
    """Indices from one version of the chi-square; rmsea_low and rmsea_high bound the 90 % interval.

    close_p: probability of a chi-square this large if the population RMSEA is .05.
    """

    chi2: float
    df: int
    p_value: float
    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    close_p: float


@dataclass(frozen=True, slots=True)
class FitMeasures:
    """All measures of a fit; scaled and robust are None where the estimator has no robust test.

    scaled puts the robust statistic into the ordinary formulas; robust estimates the population value
    (Brosseau-Liard and Savalei 2014; Savalei 2018). aic and bic are not-a-number without a likelihood.
    """

    plain: FitIndices
    scaled: FitIndices | None
    robust: FitIndices | None
    srmr: float
    log_likelihood: float
    n_free: int
    aic: float
    bic: float


def fit_measures(fit: StructuralFit, baseline: Baseline) -> FitMeasures:
    """Fit measures by lavaan's definitions: RMSEA divides by n_test and is multiplied by sqrt(G).

    AIC = -2 log L + 2 q, BIC = -2 log L + q log N. The scaled interval takes the robust statistic for
    non-central chi-square with the model's df (lavaan takes the unscaled one with df c, which differs a
    little). Robust indices are given for complete continuous data; for ordinal ones see
    `ordinal_robust_indices`; with missing data they would need the correction of Zhang and Savalei (2023),
    which is not computed.
    """
    n, groups, q = fit.n_test, fit.table.n_groups, fit.table.n_free
    scaled = robust = None
    if fit.scaling != 1.0 or fit.shift != 0.0:
        base = Baseline(baseline.chi2 / baseline.scaling + baseline.shift, baseline.df)
        scaled = indices(fit.chi2_scaled, fit.df, base, n, groups)
        if fit.criterion in (Criterion.ML, Criterion.LEAST_SQUARES):
            robust = robust_indices(fit, baseline)
    return FitMeasures(
        plain=indices(fit.chi2, fit.df, baseline, n, groups),
        scaled=scaled,
        robust=robust,
        srmr=srmr(fit, fit.table.means and fit.criterion != Criterion.ORDINAL),
        log_likelihood=fit.log_likelihood,
        n_free=q,
        aic=-2.0 * fit.log_likelihood + 2.0 * q,
        bic=-2.0 * fit.log_likelihood + q * float(np.log(fit.n_obs)),
    )


def robust_indices(fit: StructuralFit, baseline: Baseline) -> FitIndices:
    """Robust indices: chi2 - c df in place of chi2 - df, with c of the model and of the baseline.

    c is the scaling; with a mean- and variance-adjusted test it is scaling (df - shift) / df, the mean of the
    unscaled statistic over df. The interval comes from chi2 / c.
    """
    factor = mean_scaling(fit.scaling, fit.shift, fit.df)
    base_factor = mean_scaling(baseline.scaling, baseline.shift, baseline.df)
    return indices(fit.chi2, fit.df, baseline, fit.n_test, fit.table.n_groups, factor, base_factor)


def mean_scaling(scaling: float, shift: float, df: int) -> float:
    """tr(U Gamma) / df from scaling and shift; the scaling itself where there is no shift."""
    return scaling * (df - shift) / df if df > 0 else 1.0


def indices(
    chi2: float,
    df: int,
    baseline: Baseline,
    n: float,
    groups: int,
    factor: float = 1.0,
    base_factor: float = 1.0,
) -> FitIndices:
    """Indices from unscaled chi-squares of model and baseline and the factors by which both are inflated.

    CFI (Bentler 1990) = 1 - max(X - c df, 0) / max(X - c df, X0 - c0 df0, 0); TLI (Tucker and Lewis 1973);
    RMSEA (Steiger 1990) = sqrt(G max(X / df - c, 0) / n). The test and the interval are those of X / c.
    """
    reference = chi2 / factor
    excess, base_excess = chi2 - factor * df, baseline.chi2 - base_factor * baseline.df
    worst = max(excess, base_excess, 0.0)
    low, high = noncentrality_interval(reference, df)
    unit = groups * factor / (n * df) if df > 0 else 0.0
    testable = df > 0 and reference > 0.0
    return FitIndices(
        chi2=reference,
        df=df,
        p_value=float(chdtrc(df, max(reference, 0.0))) if df > 0 else np.nan,
        cfi=1.0 - max(excess, 0.0) / worst if worst > 0.0 else 1.0,
        tli=1.0 - excess * baseline.df / (base_excess * df) if df > 0 and base_excess != 0.0 else 1.0,
        rmsea=float(np.sqrt(max(excess / factor * unit, 0.0))),
        rmsea_low=float(np.sqrt(low * unit)),
        rmsea_high=float(np.sqrt(high * unit)),
        close_p=1.0 - float(chndtr(reference, df, 0.05**2 / unit)) if testable else np.nan,
    )


def noncentrality_interval(chi2: float, df: int, level: float = 0.90) -> tuple[float, float]:
    """Bounds of the non-centrality of a chi-square, zero where it has no positive solution (Steiger 1990)."""
    if df <= 0 or chi2 <= 0.0:
        return 0.0, 0.0
    tail = 0.5 * (1.0 - level)
    at_zero = 1.0 - float(chdtrc(df, chi2))
    low = float(chndtrinc(chi2, df, 1.0 - tail)) if at_zero > 1.0 - tail else 0.0
    high = float(chndtrinc(chi2, df, tail)) if at_zero > tail else 0.0
    return low, high


def srmr(fit: StructuralFit, means: bool) -> float:
    """Standardised root mean square residual (Bentler 1995), groups weighted by n.

    Residuals s_ij - sigma_ij are divided by the sample's standard deviations, averaged over the p(p+1)/2
    covariances (the diagonal counts, also where it is fixed) and, with means, the p standardised means.
    """
    p = fit.table.n_items
    deviation = np.sqrt(np.diagonal(fit.sample_cov, axis1=1, axis2=2))
    residual = (fit.sample_cov - fit.implied_cov) / (deviation[:, :, None] * deviation[:, None, :])
    lower = np.tril(residual)
    total, count = (lower**2).sum(axis=(1, 2)), p * (p + 1) / 2
    if means:
        total = total + (((fit.sample_mean - fit.implied_mean) / deviation) ** 2).sum(1)
        count += p
    return float((fit.group_n * np.sqrt(total / count)).sum() / fit.n_obs)


def baseline_ml(group_n: FloatArray, cov: FloatArray) -> Baseline:
    """Independence model on complete data: chi2 = sum_g n_g (sum_i log s_ii - log |S_g|)."""
    p = cov.shape[-1]
    log_det = np.linalg.slogdet(cov)[1]
    gap = np.log(np.diagonal(cov, axis1=1, axis2=2)).sum(1) - log_det
    return Baseline(float((group_n * gap).sum()), cov.shape[0] * p * (p - 1) // 2)


def baseline_fiml(data: Patterns, saturated_log_likelihood: float) -> Baseline:
    """Independence model with missing items: every item's own mean and variance from its observed values."""
    variance = univariate_moments(data)[1]
    member = (data.group[None, :] == np.arange(data.group_n.size)[:, None]) * data.n
    reached = -0.5 * float(((member @ data.seen) * (np.log(2.0 * np.pi) + np.log(variance) + 1.0)).sum())
    p = variance.shape[1]
    return Baseline(2.0 * (saturated_log_likelihood - reached), data.group_n.size * p * (p - 1) // 2)
