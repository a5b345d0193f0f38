"""Structural model: a parameter table, the moments it implies and their derivatives.

Sigma_g = Lambda A Psi A' Lambda' + Theta and mu_g = nu + Lambda A alpha with A = (I - B)^-1, for each group g
(Bollen 1989, ch. 8). Every entry of every matrix enters Sigma through a rank-two term, dSigma = u v' + v u',
and mu through dmu = m; all gradients and informations of the estimators are built from these (u, v, m).
"""

from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray


class Part(IntEnum):
    """Matrix that a row of the parameter table belongs to."""

    LOADINGS = 0
    FACTOR_COV = 1
    RESIDUAL_COV = 2
    REGRESSIONS = 3
    INTERCEPTS = 4
    LATENT_MEANS = 5
    THRESHOLDS = 6
    SCALES = 7


FIXED = -1


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the rows of a table go in one flat buffer of all matrices, and where their derivatives come from.

    bounds (len(Part) + 1,): first row of each part. target, source: buffer positions and the rows that fill
    them (off-diagonal entries of symmetric matrices twice). ends: buffer offsets of the matrices.
    u, v, m (R,): rows of the stack [unit vectors; T'; V Lambda'; zero] that hold u, v and m;
    half (R,): one half on diagonals of symmetric matrices, else one. The rest serves the second derivatives:
    ones (R,) for rows that are paths (loadings, regressions), bent (latent covariances, regressions), factor
    (latent covariances; one half on the diagonal), regression and latent mean; latent_row, latent_col (R,)
    the position among latents, zero where it has none.
    """

    bounds: tuple[int, ...]
    target: IntArray
    source: IntArray
    ends: tuple[int, ...]
    u: IntArray
    v: IntArray
    m: IntArray
    half: FloatArray
    path: FloatArray
    bent: FloatArray
    factor: FloatArray
    regression: FloatArray
    latent_mean: FloatArray
    latent_row: IntArray
    latent_col: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ParameterTable:
    """Entries of the model matrices, the same positions in each of G groups, R rows sorted by part.

    part, row, col (R,): the matrix and the position in it; symmetric matrices hold the entry with row >= col;
        a regression (row, col) is of latent `row` on latent `col`; thresholds are (item, category step),
        scales, intercepts and latent means have col 0.
    free (G, R): index of the free parameter, FIXED (-1) for a constant; an index that occurs more than once
        is an equality constraint.
    value (G, R): the constants; ignored where free.
    means: whether the mean vector of continuous items is modelled.
    """

    n_items: int
    n_latent: int
    part: IntArray
    row: IntArray
    col: IntArray
    free: IntArray
    value: FloatArray
    means: bool
    layout: Layout = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layout", _lay_out(self))

    @property
    def n_groups(self) -> int:
        """Number of groups G."""
        return int(self.free.shape[0])

    @property
    def n_free(self) -> int:
        """Number of distinct free parameters q."""
        return int(self.free.max(initial=FIXED)) + 1

    def rows_of(self, part: Part) -> slice:
        """Slice of the table's rows that belong to a part."""
        return slice(self.layout.bounds[part], self.layout.bounds[part + 1])


def _lay_out(table: ParameterTable) -> Layout:
    p, k = table.n_items, table.n_latent
    part, i, j = table.part, table.row, table.col
    bounds = tuple(int(b) for b in np.searchsorted(part, np.arange(len(Part) + 1)))
    shapes = {
        Part.LOADINGS: (p, k),
        Part.FACTOR_COV: (k, k),
        Part.RESIDUAL_COV: (p, p),
        Part.REGRESSIONS: (k, k),
        Part.INTERCEPTS: (p, 1),
        Part.LATENT_MEANS: (k, 1),
    }
    target, source, ends = [], [], [0]
    for kind, (height, width) in shapes.items():
        rows = np.arange(bounds[kind], bounds[kind + 1])
        target.append(ends[-1] + i[rows] * width + j[rows])
        source.append(rows)
        if kind in (Part.FACTOR_COV, Part.RESIDUAL_COV):
            target.append(ends[-1] + j[rows] * width + i[rows])
            source.append(rows)
        ends.append(ends[-1] + height * width)
    unit, reach, spread, zero = 0, p, p + k, p + 2 * k

    def pick(cases: dict[Part, IntArray]) -> IntArray:
        out = np.full(part.size, zero, dtype=np.int64)
        for kind, index in cases.items():
            out = np.where(part == kind, index, out)
        return out

    def among(*kinds: Part) -> FloatArray:
        return np.isin(part, kinds).astype(np.float64)

    half = np.where((among(Part.FACTOR_COV, Part.RESIDUAL_COV) > 0) & (i == j), 0.5, 1.0)
    bent, path = among(Part.FACTOR_COV, Part.REGRESSIONS), among(Part.LOADINGS, Part.REGRESSIONS)
    latent_mean = among(Part.LATENT_MEANS)
    by_part = {Part.LOADINGS: unit + i, Part.FACTOR_COV: reach + i, Part.RESIDUAL_COV: unit + i}
    return Layout(
        bounds=bounds,
        target=np.concatenate(target),
        source=np.concatenate(source),
        ends=tuple(ends),
        u=pick(by_part | {Part.REGRESSIONS: reach + i}),
        v=pick(
            {
                Part.LOADINGS: spread + j,
                Part.FACTOR_COV: reach + j,
                Part.RESIDUAL_COV: unit + j,
                Part.REGRESSIONS: spread + j,
            }
        ),
        m=pick(
            {
                Part.LOADINGS: unit + i,
                Part.REGRESSIONS: reach + i,
                Part.INTERCEPTS: unit + i,
                Part.LATENT_MEANS: reach + i,
            }
        ),
        half=half,
        path=path,
        bent=bent,
        factor=half * among(Part.FACTOR_COV),
        regression=among(Part.REGRESSIONS),
        latent_mean=latent_mean,
        latent_row=np.where(bent + latent_mean > 0, i, 0),
        latent_col=np.where(bent + path > 0, j, 0),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """Model matrices (..., G, rows, cols) at given parameters and the products that the derivatives need.

    effects A = (I - B)^-1; reach T = Lambda A; latent_cov V = A Psi A'; latent_means eta = A alpha.
    """

    loadings: FloatArray
    factor_cov: FloatArray
    residual_cov: FloatArray
    intercepts: FloatArray
    effects: FloatArray
    reach: FloatArray
    latent_cov: FloatArray
    latent_means: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """Derivative of each table row: dSigma = u v' + v u', dmu = m; each (..., G, R, p).

    Thresholds and scales move neither: zero.
    """

    u: FloatArray
    v: FloatArray
    m: FloatArray


def entries(table: ParameterTable, theta: FloatArray) -> FloatArray:
    """Values of all table entries (..., G, R) at the free parameters theta (..., q)."""
    if theta.shape[-1] == 0:
        return np.broadcast_to(table.value, (*theta.shape[:-1], *table.value.shape)).copy()
    return np.where(table.free >= 0, theta[..., table.free], table.value)


def matrices(table: ParameterTable, theta: FloatArray) -> Matrices:
    """Model matrices at theta (..., q); complex theta is allowed (complex-step derivatives)."""
    return fill_matrices(table, entries(table, theta))


def fill_matrices(table: ParameterTable, filled: FloatArray) -> Matrices:
    """Model matrices from the values of all table entries (..., G, R)."""
    p, k = table.n_items, table.n_latent
    layout = table.layout
    ends = layout.ends
    lead = filled.shape[:-1]
    buffer = np.zeros((*lead, ends[-1]), dtype=filled.dtype)
    buffer[..., layout.target] = filled[..., layout.source]
    loadings = buffer[..., : ends[1]].reshape(*lead, p, k)
    factor_cov = buffer[..., ends[1] : ends[2]].reshape(*lead, k, k)
    alpha = buffer[..., ends[5] : ends[6], None]
    if layout.bounds[Part.REGRESSIONS] == layout.bounds[Part.REGRESSIONS + 1]:
        effects: NDArray[Any] = np.broadcast_to(np.eye(k), (*lead, k, k))
        reach, latent_cov, eta = loadings, factor_cov, alpha
    else:
        effects = np.linalg.inv(np.eye(k) - buffer[..., ends[3] : ends[4]].reshape(*lead, k, k))
        reach, eta = loadings @ effects, effects @ alpha
        latent_cov = effects @ factor_cov @ np.swapaxes(effects, -1, -2)
    return Matrices(
        loadings=loadings,
        factor_cov=factor_cov,
        residual_cov=buffer[..., ends[2] : ends[3]].reshape(*lead, p, p),
        intercepts=buffer[..., ends[4] : ends[5]],
        effects=effects,
        reach=reach,
        latent_cov=latent_cov,
        latent_means=eta[..., 0],
    )


def implied_moments(at: Matrices) -> tuple[FloatArray, FloatArray]:
    """Covariance (..., G, p, p) and mean (..., G, p) that the model implies."""
    common = at.loadings @ at.latent_cov @ np.swapaxes(at.loadings, -1, -2)
    mean = at.intercepts + (at.loadings @ at.latent_means[..., None])[..., 0]
    return common + at.residual_cov, mean


def directions(table: ParameterTable, at: Matrices) -> Directions:
    """Derivatives of the implied moments by every table row."""
    p, k, layout = table.n_items, table.n_latent, table.layout
    lead = at.loadings.shape[:-2]
    stack = np.zeros((*lead, p + 2 * k + 1, p), dtype=at.loadings.dtype)
    stack[..., :p, :] = np.eye(p)
    stack[..., p : p + k, :] = np.swapaxes(at.reach, -1, -2)
    stack[..., p + k : p + 2 * k, :] = at.latent_cov @ np.swapaxes(at.loadings, -1, -2)
    u = stack[..., layout.u, :]
    v = stack[..., layout.v, :] * layout.half[:, None]
    if not table.means:
        return Directions(u, v, np.zeros_like(u))
    return Directions(u, v, stack[..., layout.m, :] * _mean_factor(table, at)[..., None])


def _mean_factor(table: ParameterTable, at: Matrices) -> FloatArray:
    """What multiplies a row's stack entry in dmu, (..., G, R): eta for loadings and regressions, else 1."""
    factor = np.ones((*at.loadings.shape[:-2], table.part.size), dtype=at.loadings.dtype)
    for part in (Part.LOADINGS, Part.REGRESSIONS):
        rows = table.rows_of(part)
        factor[..., rows] = at.latent_means[..., table.col[rows]]
    return factor


def curvature(
    table: ParameterTable, at: Matrices, along: Directions, by_cov: FloatArray, by_mean: FloatArray
) -> FloatArray:
    """Second derivatives of the moments seen through a gradient: tr(K d2Sigma_rs) + g' d2mu_rs, (G, R, R).

    by_cov K (G, p, p) and by_mean g (G, p). With s a loading or regression dT_i = A[col_s, i] u_s, and with
    M = V Lambda' row j moves as dM_j = A[j, row_s] v_s + V[j, col_s] u_s (for a latent covariance
    A[j, row_s] v_s + half A[j, col_s] u_s): every second derivative is a weight times u' K u or u' K v.
    """
    if table.n_latent == 0:
        return np.zeros((*along.u.shape[:-1], table.part.size))
    at_row, at_col, path = table.layout.latent_row, table.layout.latent_col, table.layout.path
    bent, factor, regression = table.layout.bent, table.layout.factor, table.layout.regression
    a, v = at.effects, at.latent_cov
    by_u = np.swapaxes(a, -1, -2)[..., at_col] * path
    spread_v = a[..., at_row] * bent
    spread_u = v[..., at_col] * path + a[..., at_col] * factor
    ku = along.u @ by_cov
    uu, uv = ku @ np.swapaxes(along.u, -1, -2), ku @ np.swapaxes(along.v, -1, -2)
    out = by_u[:, at_row] * bent[:, None] * np.swapaxes(uv, -1, -2)
    out += spread_v[:, at_col] * path[:, None] * uv
    out += (spread_u[:, at_col] * path[:, None] + by_u[:, at_col] * factor[:, None]) * uu
    out *= 2.0
    if table.means:
        eta, latent_mean = at.latent_means, table.layout.latent_mean
        gu = (along.u @ by_mean[..., None])[..., 0]
        moved_eta = spread_v * regression * eta[:, None, at_col] + a[..., at_row] * latent_mean
        out += (gu * path)[:, :, None] * moved_eta[:, at_col]
        reached = regression * eta[:, at_col] + latent_mean
        out += reached[:, :, None] * by_u[:, at_row] * gu[:, None, :]
    return out


@lru_cache(maxsize=64)
def lower_triangle(p: int, strict: bool = False) -> tuple[IntArray, IntArray]:
    """Row and column indices of the lower triangle of a (p, p) matrix, row by row."""
    i, j = np.tril_indices(p, -1 if strict else 0)
    return i.astype(np.int64), j.astype(np.int64)


def covariance_jacobian(along: Directions, strict: bool = False) -> FloatArray:
    """Derivative (..., G, R, p*) of the lower triangle of Sigma by table rows; strict omits the diagonal."""
    i, j = lower_triangle(along.u.shape[-1], strict)
    return along.u[..., i] * along.v[..., j] + along.v[..., i] * along.u[..., j]


def selection(table: ParameterTable) -> FloatArray:
    """Matrix C (G, R, q) of zeros and ones with entry value = constant + C theta."""
    return np.asarray(table.free[..., None] == np.arange(table.n_free), dtype=np.float64)


def to_free(by_row: FloatArray, chosen: FloatArray) -> FloatArray:
    """Gradient (..., q) by free parameters from that by table rows (..., G, R), chosen by `selection`."""
    groups, rows, q = chosen.shape
    return np.asarray(by_row.reshape(*by_row.shape[:-2], groups * rows) @ chosen.reshape(groups * rows, q))


def fold(by_rows: FloatArray, chosen: FloatArray) -> FloatArray:
    """Information (q, q) by the free parameters from that by table rows (G, R, R)."""
    return np.asarray((np.swapaxes(chosen, -1, -2) @ by_rows @ chosen).sum(0))
