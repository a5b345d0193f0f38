"""Least squares, ordinary and weighted, one fit or many, with factors absorbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, sparse

from socialcap.kernels import FloatArray, IntArray

_EPS = float(np.finfo(np.float64).eps)
_PIVOT_TOLERANCE = 1e-11
_ABSORBED_TOLERANCE = 1e-10
_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class OlsFit:
    """A least-squares fit y = xb + e; NaN throughout where the design has not full column rank.

    x (..., n, k): the design, within-transformed where factors are absorbed; coefficients (..., k); residuals
    (..., n): y - xb, unweighted; xtx_inv (..., k, k): the bread (X'WX)^-1; leverage (..., n): of one
    observation of the row, absorbed factors included; sigma2 (...): weighted sum of squared residuals over
    df_resid; n_obs (...): rows, or the sum of `counts`; df_resid (...): n_obs less coefficients and absorbed
    levels; weights and counts (..., n): as given, None for ones.
    """

    x: FloatArray
    coefficients: FloatArray
    residuals: FloatArray
    xtx_inv: FloatArray
    leverage: FloatArray
    sigma2: FloatArray
    n_obs: FloatArray
    df_resid: FloatArray
    weights: FloatArray | None
    counts: FloatArray | None


def fit_ols(
    x: FloatArray, y: FloatArray, weights: FloatArray | None = None, counts: FloatArray | None = None
) -> OlsFit:
    """Least squares of y (..., n) on x (..., n, k), by QR of the weighted design.

    `weights` (..., n) are analytic: a row of weight w has residual variance sigma2 / w; `counts` (..., n) are
    frequencies: a row with count c stands for c equal observations (c = 0 for none). b = (X'WX)^-1 X'Wy with
    W = diag(w c); the leverage of one observation is w x'(X'WX)^-1 x.
    """
    combined = _product(weights, counts)
    root = None if combined is None else np.sqrt(combined)
    q, r = np.linalg.qr(x if root is None else x * root[..., None])
    r_inv = _inverse_upper(r, x.shape[-2])
    projected = np.swapaxes(q, -1, -2) @ (y if root is None else y * root)[..., None]
    coefficients = (r_inv @ projected)[..., 0]
    residuals = y - (x @ coefficients[..., None])[..., 0]
    spread = x @ r_inv
    leverage = np.einsum("...ij,...ij->...i", spread, spread) * (1.0 if weights is None else weights)
    squares = residuals * residuals * (1.0 if combined is None else combined)
    n_obs = np.asarray(float(x.shape[-2]) if counts is None else np.sum(counts, axis=-1))
    df_resid = n_obs - x.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma2 = np.asarray(squares.sum(axis=-1) / df_resid)
    xtx_inv = r_inv @ np.swapaxes(r_inv, -1, -2)
    return OlsFit(x, coefficients, residuals, xtx_inv, leverage, sigma2, n_obs, df_resid, weights, counts)


@dataclass(frozen=True, slots=True)
class Absorbed:
    """Columns with their projection on the levels of one or more factors taken out.

    columns (..., n, c); rank: dimension of the space that the levels span, the constant included; leverage
    (n,): diagonal of the projection on it.
    """

    columns: FloatArray
    rank: int
    leverage: FloatArray


def absorb(columns: FloatArray, factors: Sequence[IntArray], weights: FloatArray | None = None) -> Absorbed:
    """Residuals of `columns` (..., n, c) on the indicators of `factors`, each codes (n,), weighted by (n,).

    The factor with most levels is taken out by its weighted means, the others through the Schur complement of
    the normal equations, S = D2'WD2 - D2'WD1 (D1'WD1)^-1 D1'WD2, whose rank gives the degrees of freedom
    exactly for any number of factors (Abowd, Kramarz and Margolis 1999 solve the same equations by
    iteration). Without iteration there is no tolerance to choose; S is dense, so all factors but the largest
    together may have a few thousand levels.
    """
    n = columns.shape[-2]
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    indicators = sorted((_indicator(codes) for codes in factors), key=lambda d: -d.shape[1])
    flat = np.moveaxis(columns, -2, 0)
    shape = flat.shape
    flat = flat.reshape(n, -1)
    largest = indicators[0]
    averaging = sparse.diags_array(1.0 / (largest.T @ w)) @ largest.T @ sparse.diags_array(w)
    within = flat - largest @ (averaging @ flat)
    leverage = largest @ (1.0 / (largest.T @ w)) * w
    rank = int(largest.shape[1])
    if len(indicators) > 1:
        rest = sparse.csr_array(sparse.hstack(indicators[1:]))
        means = (averaging @ rest).toarray()
        root = _schur_root(rest, largest, means, w)
        rank += root.shape[1]
        effects = root @ (root.T @ (rest.T @ (within * w[:, None])))
        within = within - (rest @ effects - largest @ (means @ effects))
        leverage = leverage + w * _squared_rows(rest, largest, root, means @ root)
    back = np.moveaxis(within.reshape(shape), 0, -2)
    return Absorbed(np.ascontiguousarray(back), rank, leverage)


def fit_fixed_effects(
    x: FloatArray, y: FloatArray, factors: Sequence[IntArray], weights: FloatArray | None = None
) -> OlsFit:
    """Least squares of y (..., n) on x (..., n, k) and all levels of `factors`, each codes (n,), absorbed.

    By the within transformation (Frisch and Waugh 1933, Lovell 1963): coefficients, residuals, leverage and
    degrees of freedom are those of the regression on x and the indicators; x must hold no constant.
    """
    leading = np.broadcast_shapes(x.shape[:-2], y.shape[:-1])
    both = np.concatenate(
        [
            np.broadcast_to(x, (*leading, *x.shape[-2:])),
            np.broadcast_to(y, (*leading, y.shape[-1]))[..., None],
        ],
        axis=-1,
    )
    absorbed = absorb(both, factors, weights)
    fit = fit_ols(absorbed.columns[..., :-1], absorbed.columns[..., -1], weights)
    df_resid = fit.df_resid - absorbed.rank
    return replace(
        fit,
        leverage=fit.leverage + absorbed.leverage,
        sigma2=fit.sigma2 * fit.df_resid / df_resid,
        df_resid=df_resid,
    )


def solve_cross_products(xtx: FloatArray, xty: FloatArray) -> FloatArray:
    """Coefficients (..., k) from cross-products `xtx` (..., k, k) and `xty` (..., k).

    Gaussian elimination in the symmetric order, every step over all leading axes at once; NaN where a pivot
    falls below 1e-11 of its diagonal, that is, where a column is a combination of those before it.
    """
    k = xtx.shape[-1]
    leading = np.broadcast_shapes(xtx.shape[:-2], xty.shape[:-1])
    # the batch comes last so that each elimination step runs along contiguous memory
    size = int(np.prod(leading, dtype=np.int64))
    a = np.empty((k, k + 1, size))
    a[:, :k] = np.moveaxis(np.broadcast_to(xtx, (*leading, k, k)).reshape(size, k, k), 0, -1)
    a[:, k] = np.broadcast_to(xty, (*leading, k)).reshape(size, k).T
    diagonal = np.einsum("iib->ib", a[:, :k]).copy()
    for j in range(k):
        pivot = np.where(a[j, j] > _PIVOT_TOLERANCE * diagonal[j], a[j, j], np.nan)
        a[j, j + 1 :] /= pivot
        a[j + 1 :, j + 1 :] -= a[j + 1 :, j, None] * a[None, j, j + 1 :]
    b = a[:, k]
    for j in range(k - 2, -1, -1):
        b[j] -= np.einsum("ib,ib->b", a[j, j + 1 : k], b[j + 1 :])
    # a singular system has no coefficient that could be told from the others
    b[:, np.isnan(b).any(axis=0)] = np.nan
    return np.ascontiguousarray(b.T).reshape(*leading, k)


def replicate_cross_products(columns: FloatArray, counts: FloatArray) -> FloatArray:
    """Cross-products (B, c, c) of `columns` (n, c) with the rows of replicate b drawn `counts[b]` (B, n)
    times.

    One product of the counts with all products of two columns: no replicate's rows are written out.
    """
    c = columns.shape[-1]
    upper, lower = np.triu_indices(c)
    sums = counts @ (columns[:, upper] * columns[:, lower])
    gram = np.empty((counts.shape[0], c, c))
    gram[:, upper, lower] = sums
    gram[:, lower, upper] = sums
    return gram


def mapped_coefficients(gram: FloatArray, x_map: FloatArray, y_map: FloatArray) -> FloatArray:
    """Coefficients (..., k) where design and outcome are linear in columns known by their cross-products.

    `gram` (..., c, c) are the cross-products of columns Z, the design is Z x_map (..., c, k) and the outcome
    Z y_map (..., c), which may differ by replicate: factor scores are such combinations of the items and the
    constant. b = (T'GT)^-1 T'Gt. Columns far from zero lose digits: centre them over the full sample.
    """
    left = np.swapaxes(x_map, -1, -2) @ gram
    return solve_cross_products(left @ x_map, (left @ y_map[..., None])[..., 0])


def replicate_coefficients(
    fixed: FloatArray, scores: FloatArray, y: FloatArray, counts: FloatArray
) -> FloatArray:
    """Coefficients (B, f + s) of y on columns shared by all replicates and scores that each has of its own.

    `fixed` (n, f), of full column rank; `scores` (B, n, s); y (n,) or (B, n); `counts` (B, n): times each row
    is drawn. NaN in a replicate whose design has lost its rank. The fixed columns are first made orthonormal
    over the full sample, so that cross-products lose no digits to their scale or mutual correlation.
    """
    f = fixed.shape[-1]
    q, r = np.linalg.qr(fixed)
    own = np.swapaxes(scores, -1, -2)
    common = q
    if y.ndim == 1:
        common = np.column_stack((q, y))
    else:
        own = np.concatenate((own, y[:, None, :]), axis=1)
    shared = replicate_cross_products(common, counts)
    weighted = own * counts[:, None, :]
    n_replicates, n_own, n = weighted.shape
    mixed = (weighted.reshape(-1, n) @ common).reshape(n_replicates, n_own, -1)
    proper = weighted @ np.swapaxes(own, -1, -2)
    gram = np.block([[shared, np.swapaxes(mixed, -1, -2)], [mixed, proper]])
    at_y = f if y.ndim == 1 else gram.shape[-1] - 1
    regressors = np.delete(np.arange(gram.shape[-1]), at_y)
    found = solve_cross_products(gram[:, regressors[:, None], regressors], gram[:, regressors, at_y])
    found[:, :f] = linalg.solve_triangular(r, found[:, :f].T, check_finite=False).T
    return found


def _product(weights: FloatArray | None, counts: FloatArray | None) -> FloatArray | None:
    """Weights times counts, None where both are ones."""
    if weights is None or counts is None:
        return counts if weights is None else weights
    return weights * counts


def _inverse_upper(r: FloatArray, n: int) -> FloatArray:
    """Inverses (..., k, k) of upper triangular R from a design of n rows, NaN where it is singular."""
    k = r.shape[-1]
    if r.shape[-2] < k:
        return np.full((*r.shape[:-2], k, r.shape[-2]), np.nan)
    size = np.sqrt(np.einsum("...ij,...ij->...j", r, r))
    diagonal = np.einsum("...jj->...j", r)
    regular = (np.abs(diagonal) > 8 * max(n, k) * _EPS * size).all(axis=-1)
    safe = np.where(regular[..., None], diagonal, 1.0)
    inverse = np.zeros_like(r)
    for j in range(k):
        inverse[..., j, j] = 1.0 / safe[..., j]
        above = inverse[..., :j, :j] @ r[..., :j, j, None]
        inverse[..., :j, j] = -above[..., 0] / safe[..., j, None]
    inverse[~regular] = np.nan
    return inverse


def _indicator(codes: IntArray) -> sparse.csr_array:
    """Indicators (n, L) of the levels that occur in `codes` (n,)."""
    levels, index = np.unique(codes, return_inverse=True)
    n = len(index)
    return sparse.csr_array((np.ones(n), index, np.arange(n + 1)), shape=(n, len(levels)))


def _schur_root(
    rest: sparse.csr_array, largest: sparse.csr_array, means: FloatArray, w: FloatArray
) -> FloatArray:
    """Root R (L2, rank) of the pseudo-inverse of the Schur complement, S^+ = RR', from its scaled
    eigenvectors.
    """
    weighted = sparse.diags_array(w) @ rest
    schur = (rest.T @ weighted).toarray() - (weighted.T @ largest) @ means
    scale = 1.0 / np.sqrt(rest.T @ w)
    values, vectors = linalg.eigh(schur * scale[:, None] * scale, check_finite=False)
    kept = values > _ABSORBED_TOLERANCE
    return np.asarray(scale[:, None] * vectors[:, kept] / np.sqrt(values[kept]))


def _squared_rows(
    rest: sparse.csr_array, largest: sparse.csr_array, root: FloatArray, centre: FloatArray
) -> FloatArray:
    """Squared lengths (n,) of the rows of (D2 - D1 means) R, some rows at a time."""
    n = rest.shape[0]
    step = max(1, _CHUNK_CELLS // max(1, root.shape[1]))
    found = np.empty(n)
    for start in range(0, n, step):
        rows = slice(start, start + step)
        part = rest[rows] @ root - largest[rows] @ centre
        found[rows] = np.einsum("ij,ij->i", part, part)
    return found
