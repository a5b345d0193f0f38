"""Rubin's rules: one estimate and its error from the analyses of several imputed copies of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from socialcap.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class Pooled:
    """Pooled estimates; every field (...).

    estimate: mean over the copies; within and between: mean of the variances and variance of the estimates
    (divisor m - 1); total = within + (1 + 1/m) between; df: of the t distribution; riv: relative increase in
    variance due to what is missing, (1 + 1/m) between / within; lam: share of the total variance due to it;
    fmi: fraction of missing information, (riv + 2 / (df + 3)) / (riv + 1).
    """

    estimate: FloatArray
    within: FloatArray
    between: FloatArray
    total: FloatArray
    df: FloatArray
    riv: FloatArray
    lam: FloatArray
    fmi: FloatArray

    @property
    def std_error(self) -> FloatArray:
        """Square root of the total variance (...)."""
        return np.sqrt(self.total)

    def interval(self, level: float = 0.95) -> FloatArray:
        """Lower and upper limit (2, ...) by the t distribution with `df` degrees of freedom."""
        reach = stdtrit(self.df, (1.0 + level) / 2.0) * self.std_error
        return np.stack([self.estimate - reach, self.estimate + reach])

    def p_value(self) -> FloatArray:
        """Two-sided p (...) that the parameter is zero, by the same t distribution."""
        return np.asarray(2.0 * stdtr(self.df, -np.abs(self.estimate / self.std_error)))


def pool(estimates: FloatArray, variances: FloatArray, df_complete: FloatArray | float) -> Pooled:
    """Pooled result of m >= 2 copies from `estimates` and `variances`, each (m, ...) (Rubin 1987, 3.1.2-5).

    Degrees of freedom by Barnard and Rubin (1999): with lam = (1 + 1/m) between / total,
    1/df = 1/df_old + 1/df_obs, df_old = (m - 1) / lam^2 and df_obs = (v + 1) / (v + 3) v (1 - lam), v =
    `df_complete` (...), those of complete data; infinite v gives df_old (Rubin 1987, eq. 3.1.6).
    """
    m = estimates.shape[0]
    mean = np.asarray(estimates.mean(axis=0))
    within = np.asarray(variances.mean(axis=0))
    between = np.asarray(estimates.var(axis=0, ddof=1))
    extra = (1.0 + 1.0 / m) * between
    total = within + extra
    with np.errstate(divide="ignore", invalid="ignore"):
        lam = np.where(total > 0.0, extra / total, 0.0)
        riv = np.asarray(extra / within)
        old = (m - 1.0) / lam**2
        v = np.asarray(df_complete, dtype=float)
        observed = np.where(np.isinf(v), np.inf, (v + 1.0) / (v + 3.0) * v * (1.0 - lam))
        df = np.asarray(1.0 / (1.0 / old + 1.0 / observed))
        # riv is infinite where the copies themselves have no variance; its limit is full missingness
        fmi = np.where(np.isinf(riv), 1.0, (riv + 2.0 / (df + 3.0)) / (riv + 1.0))
    return Pooled(mean, within, between, total, df, riv, lam, fmi)
