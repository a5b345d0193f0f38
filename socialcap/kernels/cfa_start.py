"""Starting values of structural models from sample moments."""

from collections.abc import Iterator

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_model import FIXED, ParameterTable, Part

_WEAK_SHARES = (0.3, 0.1)


def starting_points(
    table: ParameterTable, cov: FloatArray, mean: FloatArray, given: FloatArray | None
) -> Iterator[FloatArray]:
    """The starting point given, or else several to try in turn: centroid values, then weak factors.

    Weak factors take 30 % and 10 % of every item's variance, without correlations between latents: from there
    the search reaches the interior optimum that centroid values of ill-behaved samples can miss.
    """
    if given is not None:
        yield given
        return
    yield starting_values(table, cov, mean)
    for share in _WEAK_SHARES:
        yield starting_values(table, cov, mean, share)


def starting_values(
    table: ParameterTable, cov: FloatArray, mean: FloatArray, share: float | None = None
) -> FloatArray:
    """Starting values theta (q,) from covariances (G, p, p) and means (G, p), one value a free parameter.

    Loadings by the centroid method within each latent's items (Thurstone 1947), rescaled to the fixed loading
    or variance; latent covariances from the mean covariance between the blocks; parameters that are equal
    take the mean of their entries' values. share: every latent explains that share of its items instead.
    """
    entries = np.stack([_group_entries(table, g, cov[g], mean[g], share) for g in range(table.n_groups)])
    free = table.free >= 0
    total = np.bincount(table.free[free], weights=entries[free], minlength=table.n_free)
    return np.asarray(total / np.bincount(table.free[free], minlength=table.n_free))


def _group_entries(
    table: ParameterTable, g: int, cov: FloatArray, mean: FloatArray, share: float | None
) -> FloatArray:
    out = table.value[g].copy()
    unit = _centroid_loadings(table, cov)
    correlations = _factor_correlations(unit, cov)
    if share is not None:
        unit = np.sign(unit) * np.sqrt(share * np.diag(cov))[:, None]
        correlations = np.eye(table.n_latent)
    scale = _latent_scale(table, g, unit)
    rows = table.rows_of(Part.LOADINGS)
    out[rows] = unit[table.row[rows], table.col[rows]] / scale[table.col[rows]]
    rows = table.rows_of(Part.FACTOR_COV)
    a, b = table.row[rows], table.col[rows]
    out[rows] = correlations[a, b] * scale[a] * scale[b]
    rows = table.rows_of(Part.RESIDUAL_COV)
    a, b = table.row[rows], table.col[rows]
    residual = np.diag(cov) - (unit**2).sum(1)
    # Without latents the residuals are the items: the sample moments then fit exactly.
    between = cov[a, b] if table.n_latent == 0 else 0.0
    out[rows] = np.where(a == b, np.maximum(residual, 0.2 * np.diag(cov))[a], between)
    rows = table.rows_of(Part.INTERCEPTS)
    out[rows] = mean[table.row[rows]]
    return np.asarray(np.where(table.free[g] == FIXED, table.value[g], out))


def _centroid_loadings(table: ParameterTable, cov: FloatArray) -> FloatArray:
    """Loadings (p, k) on latents of unit variance."""
    rows = table.rows_of(Part.LOADINGS)
    i, f = table.row[rows], table.col[rows]
    member = np.zeros((table.n_items, table.n_latent))
    member[i, f] = 1.0
    variance, deviation = np.diag(cov)[:, None], np.sqrt(np.diag(cov))[:, None]
    off = (cov @ member - variance * member) * member
    total, size = off.sum(0), member.sum(0)
    usable = (total > 1e-8 * (variance * member).sum(0)) & (size > 2)
    centroid = off / np.sqrt(np.where(usable, total, 1.0))
    loading = np.where(usable, centroid, 0.7 * deviation)
    loading = np.where(np.abs(loading) < 0.1 * deviation, 0.1 * deviation, loading)
    loading = np.where(size == 1, deviation, np.clip(loading, -0.95 * deviation, 0.95 * deviation))
    return np.asarray(loading * member / np.sqrt(np.maximum(member.sum(1, keepdims=True), 1.0)))


def _latent_scale(table: ParameterTable, g: int, unit: FloatArray) -> FloatArray:
    """Standard deviation (k,) of each latent in the metric that its first fixed loading sets, else one."""
    rows = table.rows_of(Part.LOADINGS)
    i, f = table.row[rows], table.col[rows]
    scale = np.ones(table.n_latent)
    held = np.flatnonzero((table.free[g, rows] == FIXED) & (table.value[g, rows] != 0.0))[::-1]
    scale[f[held]] = unit[i[held], f[held]] / table.value[g, rows][held]
    return scale


def _factor_correlations(unit: FloatArray, cov: FloatArray) -> FloatArray:
    """Correlations of unit-variance latents, (k, k), from the items that only one latent has."""
    sign = np.sign(unit) * (np.count_nonzero(unit, axis=1) == 1)[:, None]
    weight = np.abs(unit * sign).sum(0)
    weight = np.outer(weight, weight)
    out = np.where(weight > 0.0, sign.T @ cov @ sign / np.where(weight > 0.0, weight, 1.0), 0.0)
    out = np.clip(out, -0.8, 0.8)
    np.fill_diagonal(out, 1.0)
    least = float(np.linalg.eigvalsh(out)[0]) if out.size else 1.0
    # Pulled towards the identity until the smallest eigenvalue is .05: the search needs a valid beginning.
    pull = max(0.05 - least, 0.0) / (1.0 - min(least, 0.05))
    return np.asarray((1.0 - pull) * out + pull * np.eye(out.shape[0]))
