"""Cluster-robust covariances corrected for leverage: CR2 with Satterthwaite degrees of freedom, and CR3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.sandwich import Covariance, LinearFit, meat, sandwich

Cr3Scaling = Literal["1", "(G-1)/G", "G/(G-1) (n-1)/(n-k)"]

_NULL = 1e-10
"""An eigenvalue of I - H_gg below this is zero: the cluster alone determines some combination."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one cluster: x (..., n_g, k), weights, residuals and working variances (..., n_g)."""

    x: FloatArray
    weights: FloatArray
    residuals: FloatArray
    variances: FloatArray | None


def cr2(fit: LinearFit, clusters: IntArray, variances: FloatArray | None = None) -> Covariance:
    """Bias-reduced cluster-robust covariance A (sum_g X_g'W_g A_g e_g e_g' A_g W_g X_g) A.

    A_g = B_g^(+1/2), B_g the block of (I-H)(I-H)' (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, eq.
    7), under the working model of independent errors of equal variance whatever the weights, which is what
    clubSandwich takes for linear models. No further factor. The degrees of freedom are Satterthwaite's for
    each coefficient. `variances` v (n,) of the working model of a fit whose rows were divided by their roots,
    as those of `WorkingFit`: A_g = (V_g B_g V_g)^(+1/2) V_g, the paper's matrix written for such rows, as
    clubSandwich has it for generalised linear models. It takes eigenvalues of n_g x n_g matrices. Absorbed
    levels are accounted for exactly when nested in the clusters and unweighted
    (shown in the latter paper); otherwise put their indicators into the design.
    """
    adjusted = _adjusted_designs(fit, clusters, variances)
    scores = np.stack([(np.swapaxes(u, -1, -2) @ e[..., None])[..., 0] for u, e in adjusted.pairs], axis=-2)
    df = _satterthwaite(adjusted, np.eye(fit.x.shape[-1]))
    return Covariance(meat(scores), df, "1", (scores.shape[-2],))


def satterthwaite_df(
    fit: LinearFit, clusters: IntArray, contrasts: FloatArray, variances: FloatArray | None = None
) -> FloatArray:
    """Satterthwaite degrees of freedom (..., m) of linear combinations `contrasts` (m, k) under CR2.

    df = (sum_g p_g'p_g)^2 / sum_gh (p_g'p_h)^2, p_g = (I-H)_g' A_g W_g X_g A c (Bell and McCaffrey 2002;
    Pustejovsky and Tipton 2018). `variances` as in `cr2`.
    """
    return _satterthwaite(_adjusted_designs(fit, clusters, variances), contrasts)


def cr3(fit: LinearFit, clusters: IntArray, scaling: Cr3Scaling) -> Covariance:
    """Delete-one-cluster covariance A (sum_g s~_g s~_g') A, s~_g = X_g'W_g (I - H_gg)^+ e_g; t(G-1).

    A s~_g is the change in the coefficients when cluster g is left out. Three scalings are in use: "1"
    (clubSandwich's CR3), "(G-1)/G" (the jackknife about the full-sample estimate; MacKinnon, Nielsen and Webb
    2023, CV3), and "G/(G-1) (n-1)/(n-k)" (CR1's factor on top, as pyfixest has it). Absorbed levels must be
    nested in the clusters.
    """
    scores = np.stack([_deleted_score(rows, fit.xtx_inv) for rows in _split(fit, clusters)], axis=-2)
    n_groups = scores.shape[-2]
    k = fit.n_obs - fit.df_resid
    factor = {
        "1": np.ones_like(fit.n_obs),
        "(G-1)/G": np.full_like(fit.n_obs, (n_groups - 1) / n_groups),
        "G/(G-1) (n-1)/(n-k)": n_groups / (n_groups - 1) * (fit.n_obs - 1) / (fit.n_obs - k),
    }[scaling]
    vcov = sandwich(fit.xtx_inv, meat(scores)) * np.asarray(factor)[..., None, None]
    return Covariance(vcov, np.full(vcov.shape[:-1], n_groups - 1.0), scaling, (n_groups,))


@dataclass(frozen=True, slots=True)
class _Adjusted:
    """Of each cluster: (u_g, e_g) with u_g = A_g W_g X_g A (..., n_g, k), and the products that the df need.

    uu (..., G, k, k): u_g'u_g; xu: X_g'u_g; xwu: X_g'W_g u_g; bread A and swept = A X'W^2 X A.
    """

    pairs: list[tuple[FloatArray, FloatArray]]
    uu: FloatArray
    xu: FloatArray
    xwu: FloatArray
    bread: FloatArray
    swept: FloatArray


def _adjusted_designs(fit: LinearFit, clusters: IntArray, variances: FloatArray | None = None) -> _Adjusted:
    """Adjusted rows of every cluster."""
    bread = fit.xtx_inv
    weighted = fit.x if fit.weights is None else fit.x * fit.weights[..., None]
    swept = bread @ np.swapaxes(weighted, -1, -2) @ weighted @ bread
    pairs, uu, xu, xwu = [], [], [], []
    for rows in _split(fit, clusters, variances):
        wx = rows.x * rows.weights[..., None]
        span = rows.x if fit.weights is None else np.concatenate((rows.x, wx), axis=-1)
        basis = np.linalg.qr(span)[0]
        left, right = np.swapaxes(basis, -1, -2) @ rows.x, np.swapaxes(basis, -1, -2) @ wx
        cross = left @ bread @ np.swapaxes(right, -1, -2)
        block = left @ swept @ np.swapaxes(left, -1, -2) - cross - np.swapaxes(cross, -1, -2)
        if rows.variances is None:
            u = _power(basis, block, -0.5, wx @ bread)
        else:
            u = _scaled_root(basis, block, rows.variances, wx @ bread)
        pairs.append((u, rows.residuals))
        uu.append(np.swapaxes(u, -1, -2) @ u)
        xu.append(np.swapaxes(rows.x, -1, -2) @ u)
        xwu.append(np.swapaxes(wx, -1, -2) @ u)
    return _Adjusted(pairs, np.stack(uu, -3), np.stack(xu, -3), np.stack(xwu, -3), bread, swept)


def _satterthwaite(adjusted: _Adjusted, contrasts: FloatArray) -> FloatArray:
    """Degrees of freedom (..., m) from P = D + F K F', so that no G x G matrix is formed.

    p_g'p_h = [g = h] u_g'u_g - b_g'A a_h - a_g'A b_h + a_g'A X'W^2 X A a_h with a = X'u c, b = X'Wu c.
    """
    own = np.einsum("...gij,mi,mj->...mg", adjusted.uu, contrasts, contrasts)
    a = np.einsum("...gij,mj->...mgi", adjusted.xu, contrasts)
    b = np.einsum("...gij,mj->...mgi", adjusted.xwu, contrasts)
    both = np.concatenate((a, b), axis=-1)
    middle = np.block([[adjusted.swept, -adjusted.bread], [-adjusted.bread, np.zeros_like(adjusted.bread)]])
    middle = middle[..., None, :, :]
    low_rank = np.einsum("...gi,...gi->...g", both @ middle, both)
    product = np.swapaxes(both, -1, -2) @ both @ middle
    trace = (own + low_rank).sum(axis=-1)
    squares = np.einsum("...ij,...ji->...", product, product)
    squares = squares + (own * own + 2.0 * own * low_rank).sum(axis=-1)
    return np.asarray(trace * trace / squares)


def _deleted_score(rows: _Rows, bread: FloatArray) -> FloatArray:
    """Score (..., k) of a cluster with its residuals turned into those predicted without it."""
    root = np.sqrt(rows.weights)
    x, e = rows.x * root[..., None], rows.residuals * root
    basis = np.linalg.qr(x)[0]
    left = np.swapaxes(basis, -1, -2) @ x
    predicted = _power(basis, -left @ bread @ np.swapaxes(left, -1, -2), -1.0, e[..., None])
    return np.asarray((np.swapaxes(x, -1, -2) @ predicted)[..., 0])


def _power(basis: FloatArray, block: FloatArray, power: float, target: FloatArray) -> FloatArray:
    """(I + QCQ')^power applied to `target` (..., n_g, m), zero eigenvalues staying zero.

    Q `basis` (..., n_g, r) is orthonormal and C `block` (..., r, r) symmetric: only r eigenvalues differ from
    1.
    """
    values, vectors = np.linalg.eigh(0.5 * (block + np.swapaxes(block, -1, -2)))
    values = 1.0 + values
    positive = values > _NULL
    powers = np.where(positive, np.where(positive, values, 1.0) ** power, 0.0) - 1.0
    turned = basis @ vectors
    return np.asarray(target + turned @ (powers[..., None] * (np.swapaxes(turned, -1, -2) @ target)))


def _scaled_root(
    basis: FloatArray, block: FloatArray, variances: FloatArray, target: FloatArray
) -> FloatArray:
    """V (V B V)^(+1/2) applied to `target` (n_g, m), B = I + QCQ' as in `_power`, V = diag(`variances`).

    V B V has as many zero eigenvalues as B; its own say less, for they are on the scale of the variances.
    """
    scaled = variances[:, None] * (np.eye(len(basis)) + basis @ block @ basis.T) * variances
    values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    kept = values > 0.0
    kept[: np.count_nonzero(1.0 + np.linalg.eigvalsh(0.5 * (block + block.T)) <= _NULL)] = False
    powers = np.where(kept, np.where(kept, values, 1.0) ** -0.5, 0.0)
    return np.asarray(variances[:, None] * (vectors @ (powers[:, None] * (vectors.T @ target))))


def _split(fit: LinearFit, clusters: IntArray, variances: FloatArray | None = None) -> list[_Rows]:
    """Rows of each cluster, in the order of the codes."""
    order = np.argsort(clusters, kind="stable")
    starts = np.unique(clusters[order], return_index=True)[1][1:]
    weights = np.ones(fit.residuals.shape) if fit.weights is None else fit.weights
    groups = np.split(order, starts)
    return [
        _Rows(
            fit.x[..., g, :],
            weights[..., g],
            fit.residuals[..., g],
            None if variances is None else variances[g],
        )
        for g in groups
    ]
