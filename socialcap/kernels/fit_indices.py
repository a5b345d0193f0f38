"""How well an exploratory factor model reproduces a correlation matrix; every index names its definition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chndtr

from socialcap.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class EfaFit:
    """Fit of a k-factor model; (...) batch axes except df and the null model's df.

    discrepancy: F = log|S| + tr(R S^-1) - log|R| - p at the solution, whatever method found it; chi2 = F (n -
    1 - (2p+5)/6 - 2k/3) (Bartlett 1951); df = ((p-k)^2 - p - k) / 2; p_value; null_chi2 = -log|R| (n - 1 -
    (2p+5)/6), null_df = p(p-1)/2; rmsea: root of chi2/(df n) - 1/(n-1), floored at 0 (psych); rmsea_steiger:
    root of max(chi2 - df, 0) / (df (n-1)) (Steiger and Lind 1980); rmsea_ci (2, ...): interval of level
    `rmsea_level` from the noncentral chi2, noncentrality over df (n-1); tli (Tucker and Lewis 1973): the
    multiplier of chi2 serves the null model too, not capped (psych); cfi (Bentler 1990); srmr: root mean
    square of the off-diagonal residuals over p(p-1)/2 elements (psych's rms); bic = chi2 - df log n (psych).
    df 0 or less leaves p_value, rmsea, tli NaN.
    """

    discrepancy: FloatArray
    chi2: FloatArray
    df: int
    p_value: FloatArray
    null_chi2: FloatArray
    null_df: int
    rmsea: FloatArray
    rmsea_steiger: FloatArray
    rmsea_ci: FloatArray
    rmsea_level: float
    tli: FloatArray
    cfi: FloatArray
    srmr: FloatArray
    bic: FloatArray


def efa_fit(
    corr: FloatArray,
    loadings: FloatArray,
    n: int,
    *,
    phi: FloatArray | None = None,
    level: float = 0.90,
) -> EfaFit:
    """Fit indices of the model LL' (or L phi L') + diagonal for `corr (..., p, p)` of `n` rows.

    loadings (..., p, k). The diagonal of the model is set to that of corr, as psych does: the uniquenesses
    are what the communalities leave. A model or a matrix that is not positive definite gives NaN.
    """
    p, k = loadings.shape[-2:]
    common = loadings if phi is None else loadings @ phi
    model = common @ np.swapaxes(loadings, -1, -2)
    items = np.arange(p)
    model[..., items, items] = corr[..., items, items]
    discrepancy = _discrepancy(corr, model)
    df, null_df = ((p - k) ** 2 - p - k) // 2, p * (p - 1) // 2
    multiplier = n - 1 - (2 * p + 5) / 6 - 2 * k / 3
    chi2 = discrepancy * multiplier
    null_discrepancy = -_log_det(corr)
    null_chi2 = null_discrepancy * (n - 1 - (2 * p + 5) / 6)
    residual = (corr - model)[..., *np.triu_indices(p, 1)]
    undefined = np.full(chi2.shape, np.nan)
    excess, null_excess = np.maximum(chi2 - df, 0.0), np.maximum(null_chi2 - null_df, 0.0)
    worst = np.maximum(excess, null_excess)
    return EfaFit(
        discrepancy=discrepancy,
        chi2=chi2,
        df=df,
        p_value=chdtrc(df, np.maximum(chi2, 0.0)) if df > 0 else undefined,
        null_chi2=null_chi2,
        null_df=null_df,
        rmsea=np.sqrt(np.maximum(chi2 / (df * n) - 1 / (n - 1), 0.0)) if df > 0 else undefined,
        rmsea_steiger=np.sqrt(excess / (df * (n - 1))) if df > 0 else undefined,
        rmsea_ci=rmsea_interval(chi2, df, n, level) if df > 0 else np.stack([undefined, undefined]),
        rmsea_level=level,
        tli=_tli(discrepancy / df, null_discrepancy / null_df, multiplier) if df > 0 else undefined,
        cfi=1.0 - excess / np.where(worst > 0.0, worst, 1.0),
        srmr=np.sqrt(np.mean(residual**2, axis=-1)),
        bic=chi2 - df * np.log(n),
    )


def rmsea_interval(chi2: FloatArray, df: int, n: float, level: float = 0.90) -> FloatArray:
    """Interval (2, ...) of the RMSEA: root of lambda / (df (n-1)), lambda the noncentralities at which the
    noncentral chi2 leaves (1 -+ level)/2 above `chi2 (...)`, 0 where there is none (Browne and Cudeck 1992).
    """
    tail = (1.0 - level) / 2.0
    flat = np.atleast_1d(np.asarray(chi2, dtype=np.float64)).ravel()
    limits = [[_noncentrality(value, df, q) for value in flat] for q in (1.0 - tail, tail)]
    return np.sqrt(np.array(limits) / (df * (n - 1))).reshape(2, *np.shape(chi2))


def _noncentrality(chi2: float, df: int, probability: float) -> float:
    """Noncentrality at which the noncentral chi2 distribution function at `chi2` equals `probability`."""
    if not np.isfinite(chi2):
        return np.nan
    if chndtr(chi2, df, 0.0) <= probability:
        return 0.0
    top = max(chi2, 1.0)
    while chndtr(chi2, df, top) > probability:
        top *= 2.0
    return float(brentq(lambda nc: chndtr(chi2, df, nc) - probability, 0.0, top, xtol=1e-10))


def _tli(per_df: FloatArray, null_per_df: FloatArray, multiplier: float) -> FloatArray:
    return np.asarray((null_per_df - per_df) / (null_per_df - 1.0 / multiplier))


def _discrepancy(corr: FloatArray, model: FloatArray) -> FloatArray:
    """log|S| + tr(R S^-1) - log|R| - p, NaN where S or R is not positive definite."""
    trace = np.trace(np.linalg.solve(model, corr), axis1=-2, axis2=-1)
    return np.asarray(_log_det(model) + trace - _log_det(corr) - corr.shape[-1])


def _log_det(matrix: FloatArray) -> FloatArray:
    values = np.linalg.eigvalsh(matrix)
    positive = values[..., :1] > 0.0
    return np.asarray(np.sum(np.log(np.where(positive, values, np.nan)), axis=-1))
