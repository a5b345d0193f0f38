"""How strong instruments are, and inference that does not need them to be: first-stage F, effective F, the
rank statistics of Cragg-Donald and Kleibergen-Paap, the Anderson-Rubin test and confidence set.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import linalg, special

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.iv import IvCovariance, IvSample, IvTest, wald_f
from socialcap.kernels.sandwich import CLUSTER_FACTORS, cluster_factor, cluster_sums, meat

BIAS_SHARES = (0.05, 0.10, 0.20, 0.30)
"""Shares of the worst-case bias that critical values of the effective F are tabulated for."""


@dataclass(frozen=True, slots=True)
class ReducedForm:
    """Regressions of y and the endogenous columns on the instruments, the exogenous columns taken out of all.

    z (n, l): orthonormal instruments; coefficients (l, 1 + p), of y first; residuals (n, 1 + p); n_obs and
    df_resid = n - k1 - l; vcov (1 + p, l, 1 + p, l): covariance of the coefficients, joint over equations;
    df_denom: what F statistics are referred to.
    """

    z: FloatArray
    coefficients: FloatArray
    residuals: FloatArray
    n_obs: int
    df_resid: int
    vcov: FloatArray
    df_denom: float

    def block(self, left: int, right: int) -> FloatArray:
        """Covariance (l, l) between equations `left` and `right`; 0 is that of y."""
        return np.asarray(self.vcov[left, :, right, :])


@dataclass(frozen=True, slots=True)
class EffectiveF:
    """Effective first-stage F, degrees of freedom that it behaves as having, and critical values by bias
    share.
    """

    statistic: float
    effective_df: tuple[float, ...]
    critical_values: tuple[float, ...]
    bias_shares: tuple[float, ...] = BIAS_SHARES


def reduced_form(sample: IvSample, kind: IvCovariance, clusters: IntArray | None = None) -> ReducedForm:
    """Reduced form of a sample (n, .), with covariance by name; instruments are made orthonormal.

    None of the statistics made from it depends on the instruments' basis. Factors: HC1 n/(n - k1 - l), CR1
    G/(G-1) (n-1)/(n - k1 - l), both those of Stata's ivreg2.
    """
    at = sample.weighted()
    both = np.column_stack((at.y, at.endogenous))
    exogenous = np.linalg.qr(at.exogenous)[0]
    both = both - exogenous @ (exogenous.T @ both)
    z = np.linalg.qr(at.instruments - exogenous @ (exogenous.T @ at.instruments))[0]
    coefficients = z.T @ both
    residuals = both - z @ coefficients
    n, n_instruments = z.shape
    df = n - exogenous.shape[1] - n_instruments
    scores = (residuals[:, :, None] * z[:, None, :]).reshape(n, -1)
    df_denom = float(df)
    if kind == "nonrobust":
        vcov = np.kron(residuals.T @ residuals / df, np.eye(n_instruments))
    elif kind == "HC0" or kind == "HC1":
        vcov = meat(scores) * (n / df if kind == "HC1" else 1.0)
    elif clusters is None:
        raise ValueError(f"{kind} needs clusters")
    else:
        sums = cluster_sums(scores, clusters)
        size, k = np.asarray(float(n)), np.asarray(float(n - df))
        vcov = meat(sums) * cluster_factor(CLUSTER_FACTORS[kind], len(sums), size, k)
        df_denom = len(sums) - 1.0
    m = both.shape[1]
    return ReducedForm(
        z, coefficients, residuals, n, df, vcov.reshape(m, n_instruments, m, n_instruments), df_denom
    )


def first_stage_f(form: ReducedForm) -> list[IvTest]:
    """F of the excluded instruments in each endogenous column's first stage."""
    return [
        wald_f(form.coefficients[:, j], form.block(j, j), np.asarray(form.df_denom))
        for j in range(1, form.coefficients.shape[1])
    ]


def partial_r2(form: ReducedForm) -> FloatArray:
    """Share (p,) of each endogenous column's variance left by the exogenous ones that the instruments
    explain.
    """
    explained = (form.coefficients[:, 1:] ** 2).sum(axis=0)
    return np.asarray(explained / (explained + (form.residuals[:, 1:] ** 2).sum(axis=0)))


def cragg_donald_f(form: ReducedForm) -> float:
    """Least eigenvalue of Sigma^-1 Pi'Z'Z Pi / l (Cragg and Donald 1993; Stock and Yogo 2005); Sigma over n -
    k1 - l.

    With one endogenous column it is the classical first-stage F, whatever the covariance of the form.
    """
    pi, v = form.coefficients[:, 1:], form.residuals[:, 1:]
    values = linalg.eigh(pi.T @ pi, v.T @ v / form.df_resid, eigvals_only=True)
    return float(values[0]) / int(pi.shape[0])


def kleibergen_paap(form: ReducedForm) -> IvTest:
    """The rk Wald statistic that the first-stage coefficients have rank p - 1; chi-squared with l - p + 1.

    Kleibergen and Paap (2006): with Theta = Z'Z^(1/2) Pi Sigma^(-1/2) = USV', the block lambda =
    U2' Theta v_p of the least singular value, studentised by its covariance. Heteroskedasticity- or
    cluster-robust as the form is; with equal variances it is l times Cragg and Donald's F.
    `kleibergen_paap_f` is the statistic over l.
    """
    pi, v = form.coefficients[:, 1:], form.residuals[:, 1:]
    n_instruments, p = pi.shape
    root_inv = linalg.inv(linalg.cholesky(v.T @ v / form.df_resid))
    u, _, vt = linalg.svd(pi @ root_inv)
    left, right = u[:, p - 1 :], root_inv @ vt[p - 1]
    estimate = left.T @ pi @ right
    vcov = np.einsum("ai,jakb,bm,j,k->im", left, form.vcov[1:, :, 1:, :], left, right, right)
    statistic = np.asarray(estimate @ linalg.solve(vcov, estimate, assume_a="pos"))
    df = n_instruments - p + 1
    return IvTest(statistic, float(df), np.asarray(np.inf), np.asarray(special.chdtrc(df, statistic)))


def kleibergen_paap_f(form: ReducedForm) -> float:
    """The rk Wald statistic over the number of excluded instruments."""
    return float(kleibergen_paap(form).statistic) / int(form.coefficients.shape[0])


def effective_f(form: ReducedForm, level: float = 0.05) -> EffectiveF:
    """Effective F of one endogenous column, pi'Z'Z pi / tr(V Z'Z) (Montiel Olea and Pflueger 2013).

    Critical values at `level` for a Nagar bias of at most the shares tau of the worst case, in the
    simplified, conservative form that holds for 2SLS and LIML whatever the reduced form (sec. 3.1): the upper
    quantile of a non-central chi-squared with K and non-centrality K / tau, over K, where with W = Z'Z^(1/2)
    V Z'Z^(1/2) and x = 1/tau, K = tr(W)^2 (1 + 2x) / (tr(W'W) + 2x tr(W) maxeval(W)).
    """
    pi, w = form.coefficients[:, 1], form.block(1, 1)
    trace, largest = float(np.trace(w)), float(linalg.eigvalsh(w)[-1])
    dfs, critical = [], []
    for share in BIAS_SHARES:
        x = 1.0 / share
        df = trace**2 * (1.0 + 2.0 * x) / (float((w * w).sum()) + 2.0 * x * trace * largest)
        dfs.append(df)
        critical.append(float(special.chndtrix(1.0 - level, df, x * df)) / df)
    return EffectiveF(float(pi @ pi) / trace, tuple(dfs), tuple(critical))


def anderson_rubin(form: ReducedForm, value: FloatArray) -> IvTest:
    """Test that the endogenous columns' coefficients (p,) are `value`: F of the instruments for y - X2 value.

    Anderson and Rubin (1949), its size whatever the strength of the instruments; the covariance is the
    form's.
    """
    contrast = np.concatenate(([1.0], -np.asarray(value, dtype=float)))
    vcov = np.einsum("j,jakb,k->ab", contrast, form.vcov, contrast)
    return wald_f(form.coefficients @ contrast, vcov, np.asarray(form.df_denom))


def anderson_rubin_set(form: ReducedForm, level: float = 0.95) -> list[tuple[float, float]]:
    """Confidence set of one endogenous column's coefficient: disjoint intervals, perhaps unbounded, perhaps
    none.

    The values that `anderson_rubin` does not reject at 1 - `level`. With g(b) = pi_y - b pi_x and Omega(b)
    its covariance, a value is kept where c Omega(b) - g(b) g(b)' is positive definite; that matrix is
    quadratic in b, so that the ends of the set are eigenvalues of a quadratic problem and no grid is
    searched.
    """
    y, x = form.coefficients[:, 0], form.coefficients[:, 1]
    m = len(y)
    critical = m * float(special.fdtri(m, form.df_denom, level))
    omega = [form.block(0, 0), -form.block(0, 1) - form.block(1, 0), form.block(1, 1)]
    outer = [np.outer(y, y), -np.outer(x, y) - np.outer(y, x), np.outer(x, x)]
    # in units of the coefficient's own size, so that both ends of the pencil have comparable entries
    unit = float(np.sqrt(np.trace(omega[0]) / np.trace(omega[2])))
    scale = float(np.trace(omega[0]))
    m0, m1, m2 = (
        (critical * w - g) * unit**i / scale for i, (w, g) in enumerate(zip(omega, outer, strict=True))
    )
    eye, zero = np.eye(m), np.zeros((m, m))
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = linalg.eigvals(np.block([[zero, eye], [-m0, -m1]]), np.block([[eye, zero], [zero, m2]]))
    real = roots[np.isfinite(roots) & (np.abs(roots.imag) < 1e-7 * (1.0 + np.abs(roots.real)))].real
    ends = np.unique(real)
    edges = [-np.inf, *(float(end) for end in ends), np.inf]
    kept: list[tuple[float, float]] = []
    for low, high in pairwise(edges):
        b = _inside(low, high)
        if linalg.eigvalsh(m0 + b * m1 + b * b * m2)[0] <= 0.0:
            continue
        start = kept.pop()[0] if kept and kept[-1][1] == low * unit else low * unit
        kept.append((start, high * unit))
    return kept


def _inside(low: float, high: float) -> float:
    """A point between two ends, either of which may be infinite."""
    if np.isinf(low):
        return 0.0 if np.isinf(high) else high - 1.0 - abs(high)
    return low + 1.0 + abs(low) if np.isinf(high) else 0.5 * (low + high)
