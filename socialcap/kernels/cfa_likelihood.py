"""Normal likelihood of a structural model from sufficient statistics, by group and pattern of observed items.

Complete data are the case of one pattern a group, so that ML and FIML are one code path.
"""

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_model import (
    Directions,
    Matrices,
    ParameterTable,
    curvature,
    directions,
    fold,
    implied_moments,
    matrices,
    selection,
)


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Sufficient statistics of H patterns of observed items.

    group (H,); seen (H, p) one where observed, else zero; n (H,); mean (H, p) and cov (H, p, p) with divisor
    n, zero in rows and columns of items not seen. n_groups G; group_n (G,) cases in each group.
    """

    group: IntArray
    seen: FloatArray
    n: FloatArray
    mean: FloatArray
    cov: FloatArray
    group_n: FloatArray

    @property
    def n_obs(self) -> float:
        """Cases in all groups."""
        return float(self.group_n.sum())


def complete_patterns(n_obs: FloatArray, mean: FloatArray, cov: FloatArray) -> Patterns:
    """Patterns of complete data from n_obs (G,), mean (G, p) and cov (G, p, p) with divisor n."""
    groups = np.arange(cov.shape[0], dtype=np.int64)
    n = np.asarray(n_obs, dtype=np.float64)
    return Patterns(groups, np.ones_like(mean), n, mean, cov, n)


@dataclass(frozen=True, slots=True, eq=False)
class PatternFit:
    """What the model says of each pattern: precision (..., H, p, p), zero where not seen; gap = mean - mu."""

    precision: FloatArray
    gap: FloatArray
    log_det: FloatArray


def confront(data: Patterns, sigma: FloatArray, mu: FloatArray, means: bool) -> PatternFit:
    """Precision, mean gap and log-determinant of each pattern at implied moments (..., G, p, p), (..., G, p).

    Raises LinAlgError where the implied covariance is not positive definite.
    """
    padded = sigma[..., data.group, :, :]
    incomplete = not data.seen.all()
    if incomplete:
        both = data.seen[:, :, None] * data.seen[:, None, :]
        padded = padded * both + np.eye(sigma.shape[-1]) * (1.0 - data.seen)[:, None, :]
    root = np.linalg.cholesky(padded)
    log_det = 2.0 * np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(-1)
    precision: FloatArray = np.linalg.inv(padded).astype(np.float64, copy=False)
    if incomplete:
        precision = precision * both
    gap = (data.mean - mu[..., data.group, :]) * data.seen if means else np.zeros(padded.shape[:-1])
    return PatternFit(precision, gap, log_det)


def log_likelihood(data: Patterns, seen_as: PatternFit) -> float:
    """Log-likelihood sum_h -n_h/2 [p_h log 2 pi + log|Sigma_h| + tr(P_h S_h) + d_h' P_h d_h]."""
    quadratic = np.einsum("hij,hij->h", seen_as.precision, data.cov)
    quadratic += np.einsum("hi,hij,hj->h", seen_as.gap, seen_as.precision, seen_as.gap)
    constant = data.seen.sum(-1) * np.log(2.0 * np.pi)
    return float(-0.5 * (data.n * (constant + seen_as.log_det + quadratic)).sum())


def moment_gradient(data: Patterns, seen_as: PatternFit, n_groups: int) -> tuple[FloatArray, FloatArray]:
    """Derivative of -log-likelihood / N by Sigma (..., G, p, p), as a full matrix, and by mu (..., G, p)."""
    weight = data.n / data.n_obs
    pulled = (seen_as.precision @ seen_as.gap[..., None])[..., 0]
    by_cov = seen_as.precision - seen_as.precision @ data.cov @ seen_as.precision
    by_cov = 0.5 * weight[:, None, None] * (by_cov - pulled[..., :, None] * pulled[..., None, :])
    by_mean = -weight[:, None] * pulled
    if data.group.size == n_groups:
        return by_cov, by_mean
    member = (data.group[None, :] == np.arange(n_groups)[:, None]).astype(np.float64)
    p = by_cov.shape[-1]
    flat = member @ by_cov.reshape(*by_cov.shape[:-2], p * p)
    return flat.reshape(*flat.shape[:-1], p, p), member @ by_mean


def row_scores(along: Directions, by_cov: FloatArray, by_mean: FloatArray) -> FloatArray:
    """Gradient by table rows (..., G, R): tr(G dSigma) + g' dmu = 2 u' G v + m' g."""
    turned = ((along.u @ by_cov) * along.v).sum(-1)
    return np.asarray(2.0 * turned + (along.m @ by_mean[..., None])[..., 0])


def row_information(data: Patterns, seen_as: PatternFit, along: Directions, means: bool) -> FloatArray:
    """Expected information per case, (G, R, R) by table rows: 1/2 tr(P dS_r P dS_s) + dmu_r' P dmu_s.

    With missing items the patterns' shares are those of the sample (missing completely at random).
    """
    n_groups = along.u.shape[0]
    rows = along.u.shape[1]
    out = np.zeros((n_groups, rows, rows))
    for h, g in enumerate(data.group):
        u, v, m, precision = along.u[g], along.v[g], along.m[g], seen_as.precision[h]
        pu, pv = precision @ u.T, precision @ v.T
        cross = v @ pu
        share = cross * cross.T + (v @ pv) * (u @ pu)
        if means:
            share += m @ precision @ m.T
        out[g] += (data.n[h] / data.n_obs) * share
    return out


def row_hessian(
    table: ParameterTable,
    data: Patterns,
    at: Matrices,
    seen_as: PatternFit,
    along: Directions,
    slope: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Hessian of -log-likelihood / N by table rows, (G, R, R); slope is the `moment_gradient`.

    Sum over patterns of 1/2 tr(Q dS_r P dS_s) + m_r' P m_s + m_r' P dS_s P d + m_s' P dS_r P d, with
    Q = 2 P (S + d d') P - P, and the curvature of the moments themselves.
    """
    out = curvature(table, at, along, *slope)
    for h, g in enumerate(data.group):
        u, v, m, precision = along.u[g], along.v[g], along.m[g], seen_as.precision[h]
        pulled = precision @ seen_as.gap[h]
        excess = 2.0 * (precision @ data.cov[h] @ precision + np.outer(pulled, pulled)) - precision
        vp, up, vq, uq = v @ precision, u @ precision, v @ excess, u @ excess
        cross, cross_q = vp @ u.T, vq @ u.T
        share = cross * cross_q.T
        share += share.T
        share += (vp @ v.T) * (uq @ u.T) + (up @ u.T) * (vq @ v.T)
        share *= 0.5
        if table.means:
            mp = m @ precision
            mixed = mp @ (u * (v @ pulled)[:, None] + v * (u @ pulled)[:, None]).T
            share += mp @ m.T + mixed + mixed.T
        out[g] += (data.n[h] / data.n_obs) * share
    return out


def observed_information(table: ParameterTable, data: Patterns, theta: FloatArray) -> FloatArray:
    """Hessian (q, q) of -log-likelihood / N at theta (q,)."""
    at, seen_as = at_theta(table, data, theta)
    slope = moment_gradient(data, seen_as, table.n_groups)
    by_row = row_hessian(table, data, at, seen_as, directions(table, at), slope)
    return fold(by_row, selection(table))


def casewise_scores(
    table: ParameterTable,
    theta: FloatArray,
    rows: FloatArray,
    group: IntArray,
    centre: FloatArray | None = None,
) -> FloatArray:
    """Score of every case, d log-likelihood_i / d theta, (n, q).

    rows (n, p) raw items, NaN where missing; group (n,); centre (G, p) stands for mu where the means are not
    modelled: score = (u' y)(v' y) - u' P v + m' y with y = P (x - mu).
    """
    at = matrices(table, theta)
    sigma, mu = implied_moments(at)
    along = directions(table, at)
    chosen = selection(table)
    if centre is not None:
        mu = centre
    out = np.empty((rows.shape[0], table.n_free))
    observed = ~np.isnan(rows)
    key = np.column_stack([group, observed])
    kinds, which = np.unique(key, axis=0, return_inverse=True)
    for h, kind in enumerate(kinds):
        g, seen = int(kind[0]), kind[1:].astype(bool)
        here = np.flatnonzero(which.ravel() == h)
        u, v, m = along.u[g][:, seen], along.v[g][:, seen], along.m[g][:, seen]
        precision = np.linalg.inv(sigma[g][np.ix_(seen, seen)])
        y = (rows[here][:, seen] - mu[g][seen]) @ precision
        by_row = (y @ u.T) * (y @ v.T) - ((u @ precision) * v).sum(-1) + y @ m.T
        out[here] = by_row @ chosen[g]
    return out


def at_theta(table: ParameterTable, data: Patterns, theta: FloatArray) -> tuple[Matrices, PatternFit]:
    """Model matrices at theta and what they say of the patterns."""
    at = matrices(table, theta)
    return at, confront(data, *implied_moments(at), table.means)
