"""Covariances of estimates: bread, meat and the small-sample factor, each factor under its own name.

The estimates are those of a linear fit (ordinary, weighted or two-stage least squares) or of a likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from socialcap.kernels import FloatArray, IntArray

HcKind = Literal["HC0", "HC1", "HC2", "HC3", "HC4"]
CrKind = Literal["CR0", "CR1"]
RowFactor = Literal["1", "n/(n-1)", "n/(n-k)"]
ClusterFactor = Literal["1", "G/(G-1)", "G/(G-1) (n-1)/(n-k)"]

CLUSTER_FACTORS: dict[CrKind, ClusterFactor] = {"CR0": "1", "CR1": "G/(G-1) (n-1)/(n-k)"}


class LinearFit(Protocol):
    """What a linear estimator must show for its covariance; shapes as in `OlsFit`.

    For two-stage least squares `x` is the projected design and the residuals are those of the actual one.
    """

    @property
    def x(self) -> FloatArray: ...
    @property
    def residuals(self) -> FloatArray: ...
    @property
    def xtx_inv(self) -> FloatArray: ...
    @property
    def leverage(self) -> FloatArray: ...
    @property
    def sigma2(self) -> FloatArray: ...
    @property
    def n_obs(self) -> FloatArray: ...
    @property
    def df_resid(self) -> FloatArray: ...
    @property
    def weights(self) -> FloatArray | None: ...
    @property
    def counts(self) -> FloatArray | None: ...


@dataclass(frozen=True, slots=True)
class Covariance:
    """A covariance of k estimates and how it was scaled.

    vcov (..., k, k); df (..., k): degrees of freedom of the t distribution that each estimate is referred to,
    infinite for the normal; factor: the small-sample factor by name; n_clusters: of each way of clustering,
    empty where rows are independent.
    """

    vcov: FloatArray
    df: FloatArray
    factor: str
    n_clusters: tuple[int, ...] = ()


def row_scores(fit: LinearFit) -> FloatArray:
    """Scores (..., n, k) of the rows, w x e: of one observation of a row, whatever its count."""
    weighted = fit.residuals if fit.weights is None else fit.residuals * fit.weights
    return np.asarray(fit.x * weighted[..., None])


def meat(scores: FloatArray, counts: FloatArray | None = None) -> FloatArray:
    """Sum of outer products (..., k, k) of `scores` (..., n, k), row i taken `counts[i]` times."""
    right = scores if counts is None else scores * counts[..., None]
    return np.asarray(np.swapaxes(scores, -1, -2) @ right)


def sandwich(bread: FloatArray, filling: FloatArray) -> FloatArray:
    """bread meat bread' (..., k, k), made exactly symmetric."""
    product = bread @ filling @ np.swapaxes(bread, -1, -2)
    return np.asarray(0.5 * (product + np.swapaxes(product, -1, -2)))


def cluster_sums(scores: FloatArray, clusters: IntArray) -> FloatArray:
    """Sums (..., G, k) of `scores` (..., n, k) over each cluster of `clusters` (n,), in the order of the
    codes.
    """
    order = np.argsort(clusters, kind="stable")
    _, starts = np.unique(clusters[order], return_index=True)
    return np.asarray(np.add.reduceat(scores[..., order, :], starts, axis=-2))


def nonrobust(fit: LinearFit) -> Covariance:
    """Classical covariance sigma2 (X'WX)^-1, sigma2 with divisor n - k."""
    return _covariance(fit, fit.sigma2[..., None, None] * fit.xtx_inv, fit.df_resid, "n/(n-k)")


def heteroskedastic(fit: LinearFit, kind: HcKind) -> Covariance:
    """Heteroskedasticity-consistent covariance, A (sum a_i w_i^2 e_i^2 x_i x_i') A with A = (X'WX)^-1.

    With leverage h_i: HC0 a = 1 (White 1980); HC1 a = n/(n-k); HC2 a = 1/(1-h_i); HC3 a = 1/(1-h_i)^2, both
    without further factor (MacKinnon and White 1985); HC4 a = 1/(1-h_i)^d with d = min(4, n h_i / k)
    (Cribari-Neto 2004). k counts absorbed levels too. A row with h_i = 1 has no residual and adds nothing.
    """
    n, df = fit.n_obs[..., None], fit.df_resid[..., None]
    scores = row_scores(fit)
    if kind in ("HC0", "HC1"):
        vcov = sandwich(fit.xtx_inv, meat(scores, fit.counts))
        if kind == "HC1":
            vcov = vcov * (n / df)[..., None]
        return _covariance(fit, vcov, fit.df_resid, "n/(n-k)" if kind == "HC1" else "1")
    powers: dict[str, FloatArray | float] = {
        "HC2": 1.0,
        "HC3": 2.0,
        "HC4": np.minimum(4.0, n * fit.leverage / (n - df)),
    }
    rest = 1.0 - fit.leverage
    free = rest > 1e-12
    shrink = np.where(free, np.where(free, rest, 1.0) ** (-0.5 * powers[kind]), 0.0)
    vcov = sandwich(fit.xtx_inv, meat(scores * shrink[..., None], fit.counts))
    return _covariance(fit, vcov, fit.df_resid, "1")


def cluster_robust(
    fit: LinearFit, clusters: IntArray, kind: CrKind, *, n_parameters: FloatArray | float | None = None
) -> Covariance:
    """Cluster-robust covariance A (sum_g s_g s_g') A with s_g the sum of w x e over cluster g; t(G-1).

    `clusters` (n,) codes. CR0 has no factor (Liang and Zeger 1986); CR1 multiplies by G/(G-1) (n-1)/(n-k), as
    Stata does for linear models. `n_parameters`: k of the factor, n - df_resid by default; levels absorbed
    that are nested in the clusters are often not counted.
    """
    sums = cluster_sums(_counted_scores(fit), clusters)
    n_groups = sums.shape[-2]
    k = fit.n_obs - fit.df_resid if n_parameters is None else np.asarray(n_parameters, dtype=float)
    name = CLUSTER_FACTORS[kind]
    factor = cluster_factor(name, n_groups, fit.n_obs, k)
    vcov = sandwich(fit.xtx_inv, meat(sums)) * factor[..., None, None]
    return replace(_covariance(fit, vcov, n_groups - 1.0, name), n_clusters=(n_groups,))


def two_way(
    fit: LinearFit,
    ways: tuple[IntArray, IntArray],
    kind: CrKind,
    *,
    smallest: bool = False,
    n_parameters: FloatArray | float | None = None,
) -> Covariance:
    """Covariance clustered two ways, V_1 + V_2 - V_12, 12 being the intersections (Cameron, Gelbach, Miller
    2011).

    Each of the three carries the factor of its own number of clusters, the conventional choice; with
    `smallest` all carry that of the smaller way. t(min(G_1, G_2) - 1). The difference need not be positive
    definite: a variance may come out negative, and is left so.
    """
    crossed = np.unique(np.column_stack(ways), axis=0, return_inverse=True)[1].reshape(-1)
    parts = [cluster_sums(_counted_scores(fit), codes) for codes in (*ways, crossed)]
    sizes = tuple(part.shape[-2] for part in parts)
    k = fit.n_obs - fit.df_resid if n_parameters is None else np.asarray(n_parameters, dtype=float)
    name = CLUSTER_FACTORS[kind]
    vcov = np.zeros_like(fit.xtx_inv)
    for part, sign in zip(parts, (1.0, 1.0, -1.0), strict=True):
        n_groups = min(sizes) if smallest else part.shape[-2]
        factor = cluster_factor(name, n_groups, fit.n_obs, k)
        vcov = vcov + sign * sandwich(fit.xtx_inv, meat(part)) * factor[..., None, None]
    label = f"{name}, {'smallest G' if smallest else 'own G'}" if kind == "CR1" else name
    return replace(_covariance(fit, vcov, min(sizes[:2]) - 1.0, label), n_clusters=sizes[:2])


def likelihood_robust(scores: FloatArray, hessian: FloatArray, factor: RowFactor = "1") -> Covariance:
    """Sandwich of a maximum-likelihood fit, H^-1 (sum s_i s_i') H^-1 (Huber 1967, White 1982); normal.

    `scores` (..., n, k) are the derivatives of each row's log likelihood at the estimate (times its weight),
    `hessian` (..., k, k) that of the whole. Factor "1" is R's and statsmodels' (HC0), "n/(n-1)" Stata's,
    "n/(n-k)" the HC1 of linear models.
    """
    n, k = scores.shape[-2:]
    scale = {"1": 1.0, "n/(n-1)": n / (n - 1), "n/(n-k)": n / (n - k)}[factor]
    bread: FloatArray = np.linalg.inv(hessian).astype(np.float64)
    vcov = sandwich(bread, meat(scores)) * scale
    return Covariance(vcov, np.full(vcov.shape[:-1], np.inf), factor)


def likelihood_clustered(
    scores: FloatArray,
    hessian: FloatArray,
    ways: Sequence[IntArray],
    factor: ClusterFactor = "G/(G-1)",
) -> Covariance:
    """Sandwich of a maximum-likelihood fit clustered one or two ways; normal.

    `ways`: one or two codes (n,). Factor "1" is CR0, "G/(G-1)" Stata's for likelihoods, "G/(G-1) (n-1)/(n-k)"
    that of linear models, each with the G of its own way and of the intersections.
    """
    n, k = scores.shape[-2:]
    codes = list(ways)
    if len(ways) == 2:
        codes.append(np.unique(np.column_stack(tuple(ways)), axis=0, return_inverse=True)[1].reshape(-1))
    bread: FloatArray = np.linalg.inv(hessian).astype(np.float64)
    vcov, sizes = np.zeros(hessian.shape), []
    for way, sign in zip(codes, (1.0, 1.0, -1.0), strict=False):
        sums = cluster_sums(scores, way)
        sizes.append(sums.shape[-2])
        scale = cluster_factor(factor, sizes[-1], np.asarray(float(n)), np.asarray(float(k)))
        vcov = vcov + sign * sandwich(bread, meat(sums)) * scale
    return Covariance(vcov, np.full(vcov.shape[:-1], np.inf), factor, tuple(sizes[: len(ways)]))


def cluster_factor(name: ClusterFactor, n_groups: int, n_obs: FloatArray, k: FloatArray) -> FloatArray:
    """Value of the small-sample factor `name` for G clusters, n rows and k parameters."""
    groups = n_groups / (n_groups - 1.0) if n_groups > 1 else np.nan
    values = {
        "1": np.ones_like(n_obs),
        "G/(G-1)": np.full_like(n_obs, groups),
        "G/(G-1) (n-1)/(n-k)": groups * (n_obs - 1.0) / (n_obs - k),
    }
    return np.asarray(values[name])


def _counted_scores(fit: LinearFit) -> FloatArray:
    """Scores of rows, times the number of observations that each stands for."""
    scores = row_scores(fit)
    return scores if fit.counts is None else scores * fit.counts[..., None]


def _covariance(fit: LinearFit, vcov: FloatArray, df: FloatArray | float, factor: str) -> Covariance:
    """The record, with one number of degrees of freedom for all estimates."""
    spread = np.broadcast_to(np.asarray(df, dtype=float)[..., None], vcov.shape[:-1])
    return Covariance(vcov, np.array(spread), factor)
