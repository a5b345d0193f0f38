"""Instrumental variables: two-stage least squares, limited-information maximum likelihood, their tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.ols import fit_ols
from socialcap.kernels.sandwich import (
    Covariance,
    LinearFit,
    cluster_robust,
    cluster_sums,
    heteroskedastic,
    meat,
    nonrobust,
)

IvMethod = Literal["2sls", "liml"]
IvCovariance = Literal["nonrobust", "HC0", "HC1", "CR0", "CR1"]


@dataclass(frozen=True, slots=True)
class IvSample:
    """An equation with instruments: y (..., n), endogenous (..., n, p), exogenous (..., n, k1) with the
    constant, instruments (..., n, l), l >= p, that the equation excludes; weights (..., n), analytic, or
    None.
    """

    y: FloatArray
    endogenous: FloatArray
    exogenous: FloatArray
    instruments: FloatArray
    weights: FloatArray | None = None

    def weighted(self) -> IvSample:
        """The same with every column multiplied by the root of the weights."""
        if self.weights is None:
            return self
        root = np.sqrt(self.weights)[..., None]
        return IvSample(
            self.y * root[..., 0], self.endogenous * root, self.exogenous * root, self.instruments * root
        )


@dataclass(frozen=True, slots=True)
class IvFit:
    """A fit of y = X1 b1 + X2 b2 + e with X2 endogenous; coefficients (..., k1 + p), exogenous first.

    x (..., n, k): the design projected on the instruments; residuals (..., n): with the actual design; kappa
    (...): 1 for 2SLS, LIML's eigenvalue; xtx_inv (..., k, k): (X'(I - kappa M_Z) X)^-1; leverage (..., n): of
    the second stage; sigma2 (...) with divisor df_resid = n - k; counts are None: rows are counted once.
    """

    coefficients: FloatArray
    x: FloatArray
    residuals: FloatArray
    xtx_inv: FloatArray
    leverage: FloatArray
    sigma2: FloatArray
    kappa: FloatArray
    n_obs: FloatArray
    df_resid: FloatArray
    weights: FloatArray | None
    counts: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class IvTest:
    """A statistic (...), its degrees of freedom (df_denom infinite for chi-squared / df_num = F) and p-value
    (...).
    """

    statistic: FloatArray
    df_num: float
    df_denom: FloatArray
    p_value: FloatArray


def fit_iv(sample: IvSample, method: IvMethod = "2sls") -> IvFit:
    """The k-class estimate b = (X'(I - kappa M_Z)X)^-1 X'(I - kappa M_Z)y, Z holding the exogenous columns
    too.

    "2sls": kappa = 1 (Theil 1953). "liml": kappa is the least eigenvalue of (Y'M_Z Y)^-1 Y'M_1 Y, Y = [y,
    X2], M_1 with the exogenous columns alone (Anderson and Rubin 1949). Robust covariances from this record
    have the projected design in their scores, for LIML as well.
    """
    at = sample.weighted()
    x = np.concatenate((at.exogenous, at.endogenous), axis=-1)
    z = np.concatenate((at.exogenous, at.instruments), axis=-1)
    q = np.linalg.qr(z)[0]
    x_hat, y_hat = _project(q, x), _project(q, at.y[..., None])
    kappa = np.ones(x.shape[:-2]) if method == "2sls" else _liml_kappa(at, q)
    rest = (1.0 - kappa)[..., None, None]
    xt, xt_hat = np.swapaxes(x, -1, -2), np.swapaxes(x_hat, -1, -2)
    xtx_inv = _inverse(rest * (xt @ x) + kappa[..., None, None] * (xt_hat @ x_hat))
    moments = rest * (xt @ at.y[..., None]) + kappa[..., None, None] * (xt_hat @ y_hat)
    coefficients = (xtx_inv @ moments)[..., 0]
    weighted = at.y - (x @ coefficients[..., None])[..., 0]
    leverage = np.einsum("...ij,...jk,...ik->...i", x_hat, xtx_inv, x_hat)
    residuals = weighted
    if sample.weights is not None:
        root = np.sqrt(sample.weights)
        residuals, x_hat = weighted / root, x_hat / root[..., None]
    n_obs = np.asarray(float(x.shape[-2]))
    df_resid = n_obs - x.shape[-1]
    sigma2 = np.asarray((weighted * weighted).sum(axis=-1) / df_resid)
    return IvFit(
        coefficients, x_hat, residuals, xtx_inv, leverage, sigma2, kappa, n_obs, df_resid, sample.weights
    )


def linear_covariance(fit: LinearFit, kind: IvCovariance, clusters: IntArray | None = None) -> Covariance:
    """Covariance of a linear fit by name; CR0 and CR1 need `clusters` (n,)."""
    if kind == "nonrobust":
        return nonrobust(fit)
    if kind == "HC0" or kind == "HC1":
        return heteroskedastic(fit, kind)
    if clusters is None:
        raise ValueError(f"{kind} needs clusters")
    return cluster_robust(fit, clusters, kind)


def sargan(sample: IvSample, fit: IvFit) -> IvTest:
    """Overidentification under equal variances: n e'P_Z e / e'e, chi-squared with l - p degrees of freedom.

    n R^2 of the residuals' regression on all instruments (Sargan 1958), the divisor of the variance being n.
    NaN where the equation is just identified.
    """
    at = sample.weighted()
    z = np.concatenate((at.exogenous, at.instruments), axis=-1)
    e = fit.residuals if fit.weights is None else fit.residuals * np.sqrt(fit.weights)
    explained = _project(np.linalg.qr(z)[0], e[..., None])[..., 0]
    statistic = fit.n_obs * (explained * explained).sum(axis=-1) / (e * e).sum(axis=-1)
    return _chi_squared(statistic, sample.instruments.shape[-1] - sample.endogenous.shape[-1])


def hansen_j(sample: IvSample, clusters: IntArray | None = None) -> IvTest:
    """Overidentification, robust: J = (Z'e)' S^-1 (Z'e) at the two-step efficient estimate (Hansen 1982).

    S = sum of outer products of the rows' (or clusters') Z'e at the 2SLS residuals, not centred and without
    factor; chi-squared with l - p degrees of freedom, NaN where just identified.
    """
    at = sample.weighted()
    x = np.concatenate((at.exogenous, at.endogenous), axis=-1)
    z = np.linalg.qr(np.concatenate((at.exogenous, at.instruments), axis=-1))[0]
    first = fit_iv(at).residuals
    scores = z * first[..., None]
    weight = np.linalg.inv(meat(scores if clusters is None else cluster_sums(scores, clusters)))
    zt = np.swapaxes(z, -1, -2)
    zx, zy = zt @ x, zt @ at.y[..., None]
    lead = np.swapaxes(zx, -1, -2) @ weight
    g = zy - zx @ (_inverse(lead @ zx) @ (lead @ zy))
    statistic = (np.swapaxes(g, -1, -2) @ weight @ g)[..., 0, 0]
    return _chi_squared(statistic, sample.instruments.shape[-1] - sample.endogenous.shape[-1])


def wu_hausman(
    sample: IvSample, kind: IvCovariance = "nonrobust", clusters: IntArray | None = None
) -> IvTest:
    """Endogeneity: F of the first-stage residuals added to the equation (Wu 1973, Hausman 1978).

    F(p, n - k - p) with "nonrobust", the Wald statistic over p with another covariance; the denominator is
    the covariance's own degrees of freedom. Rejecting says that least squares is inconsistent.
    """
    at = sample.weighted()
    z = np.concatenate((at.exogenous, at.instruments), axis=-1)
    extra = at.endogenous - _project(np.linalg.qr(z)[0], at.endogenous)
    fit = fit_ols(np.concatenate((at.exogenous, at.endogenous, extra), axis=-1), at.y)
    covariance = linear_covariance(fit, kind, clusters)
    p = extra.shape[-1]
    return wald_f(fit.coefficients[..., -p:], covariance.vcov[..., -p:, -p:], covariance.df[..., 0])


def wald_f(estimate: FloatArray, vcov: FloatArray, df_denom: FloatArray) -> IvTest:
    """F = b'V^-1 b / m for b (..., m) = 0, referred to F(m, df_denom)."""
    m = estimate.shape[-1]
    statistic = np.einsum("...i,...i->...", estimate, np.linalg.solve(vcov, estimate[..., None])[..., 0]) / m
    return IvTest(statistic, float(m), df_denom, np.asarray(special.fdtrc(m, df_denom, statistic)))


def _chi_squared(statistic: FloatArray, df: int) -> IvTest:
    """A chi-squared test; NaN without degrees of freedom."""
    if df == 0:
        statistic = np.full_like(statistic, np.nan)
    infinite = np.full_like(statistic, np.inf)
    return IvTest(
        np.asarray(statistic), float(df), infinite, np.asarray(special.chdtrc(max(df, 1), statistic))
    )


def _project(q: FloatArray, columns: FloatArray) -> FloatArray:
    """Projection of `columns` (..., n, c) on the orthonormal q (..., n, r)."""
    return np.asarray(q @ (np.swapaxes(q, -1, -2) @ columns))


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of symmetric positive definite matrices (..., k, k), scaled to unit diagonal first."""
    scale = 1.0 / np.sqrt(np.einsum("...ii->...i", matrix))
    outer = scale[..., :, None] * scale[..., None, :]
    return np.asarray(np.linalg.inv(matrix * outer) * outer)


def _liml_kappa(at: IvSample, q: FloatArray) -> FloatArray:
    """Least root of det(Y'M_1Y - kappa Y'M_ZY) = 0, (...)."""
    both = np.concatenate((at.y[..., None], at.endogenous), axis=-1)
    wide = both - _project(np.linalg.qr(at.exogenous)[0], both)
    narrow = both - _project(q, both)
    root = np.linalg.qr(narrow)[1]
    # singular values of M_1Y R^-1 square to the roots, without squaring the condition number
    turned = np.linalg.solve(np.swapaxes(root, -1, -2), np.swapaxes(wide, -1, -2))
    return np.asarray(np.linalg.svd(turned, compute_uv=False)[..., -1] ** 2)
