"""How many factors, by one correlation matrix: Kaiser, MAP, empirical Kaiser, VSS, BIC and Hull."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.adequacy import kmo
from socialcap.kernels.extraction import Extraction, maximum_likelihood, minres
from socialcap.kernels.rotation import varimax

Fit = Literal["caf", "cfi", "rmsea"]


@dataclass(frozen=True, slots=True)
class Map:
    """Velicer's minimum average partial: criteria after 0, 1, ..., m components, and where each is smallest.

    `squared` (..., m + 1) averages squared partial correlations (1976), `fourth` their fourth powers (2000);
    `n_squared`, `n_fourth` (...,) the numbers of components at the minima.
    """

    squared: FloatArray
    fourth: FloatArray
    n_squared: IntArray
    n_fourth: IntArray


@dataclass(frozen=True, slots=True)
class EmpiricalKaiser:
    """`reference` eigenvalues (..., p) expected from a population with as little in common; `n_factors`
    (...,).
    """

    reference: FloatArray
    n_factors: IntArray


@dataclass(frozen=True, slots=True)
class FactorFits:
    """Fit of 0, 1, ..., m common factors, each (..., m + 1), except `df` (m + 1,).

    `chi2` = F (n - 1 - (2p + 5)/6 - 2k/3) with F the ML discrepancy at the solution (Bartlett 1951; for k = 0
    the sphericity test), `p` its tail; `bic` = chi2 - df log n, `sabic` = chi2 - df log((n + 2)/24); `rmsea`
    = sqrt(max(c - df, 0)/(df (n - 1))) and `cfi` = 1 - max(c_k - df_k, 0)/max(c_0 - df_0, c_k - df_k, 0) with
    c = F (n - 1); `noncentrality` = c - df, which may be negative; `caf` = 1 - KMO of the residual matrix
    (Lorenzo-Seva et al. 2011); `converged`.
    """

    df: IntArray
    chi2: FloatArray
    p: FloatArray
    bic: FloatArray
    sabic: FloatArray
    rmsea: FloatArray
    cfi: FloatArray
    noncentrality: FloatArray
    caf: FloatArray
    converged: np.ndarray


@dataclass(frozen=True, slots=True)
class Hull:
    """Hull method: `st` (m + 1,) the bend at each number of factors on the hull, NaN elsewhere; `n_factors`
    the sharpest.

    `n_factors` is -1 where fewer than three solutions lie on the hull, so that no bend exists.
    """

    st: FloatArray
    n_factors: int


@dataclass(frozen=True, slots=True)
class SimpleStructure:
    """Very simple structure: fit (..., m) of 1, ..., m factors with one (`one`) or two (`two`) loadings kept
    per item.
    """

    one: FloatArray
    two: FloatArray
    n_one: IntArray
    n_two: IntArray


def eigenvalues(corr: FloatArray) -> FloatArray:
    """Eigenvalues (..., p) of symmetric matrices (..., p, p), largest first."""
    return np.ascontiguousarray(np.linalg.eigvalsh(corr)[..., ::-1])


def kaiser(values: FloatArray) -> IntArray:
    """Number (...,) of eigenvalues (..., p) of a correlation matrix above 1 (Guttman 1954; Kaiser 1960)."""
    return np.asarray((values > 1.0).sum(axis=-1))


def minimum_average_partial(corr: FloatArray, most: int | None = None) -> Map:
    """Velicer's MAP of correlations (..., p, p) after 0 to `most` (default p - 1) principal components.

    Mean over pairs of the squared (Velicer 1976) and of the fourth power (Velicer, Eaton and Fava 2000) of
    the correlations left when the first m components are partialled out.
    """
    p = corr.shape[-1]
    most = p - 1 if most is None else most
    values, vectors = np.linalg.eigh(corr)
    loadings = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    off = ~np.eye(p, dtype=bool)
    squared = np.empty((*corr.shape[:-2], most + 1))
    fourth = np.empty_like(squared)
    residual = corr.copy()
    for m in range(most + 1):
        if m:
            column = loadings[..., :, p - m, None]
            residual = residual - column * np.swapaxes(column, -1, -2)
        variance = np.maximum(np.diagonal(residual, axis1=-2, axis2=-1), 0.0)
        product = variance[..., :, None] * variance[..., None, :]
        square = np.divide(residual**2, product, out=np.full_like(residual, np.nan), where=product > 0)
        squared[..., m] = square[..., off].mean(axis=-1)
        fourth[..., m] = (square[..., off] ** 2).mean(axis=-1)
    return Map(squared, fourth, _smallest(squared), _smallest(fourth))


def _smallest(values: FloatArray) -> IntArray:
    return np.asarray(np.argmin(np.where(np.isnan(values), np.inf, values), axis=-1))


def empirical_kaiser(values: FloatArray, n_obs: int | FloatArray) -> EmpiricalKaiser:
    """Empirical Kaiser criterion for eigenvalues (..., p), largest first, of `n_obs` rows (Braeken and van
    Assen 2017).

    Reference l_j = max(1, (p - sum_{i<j} lambda_i)/(p - j + 1) (1 + sqrt(p/n))^2); factors are kept up to the
    first eigenvalue not above its reference.
    """
    p = values.shape[-1]
    before = np.cumsum(values, axis=-1) - values
    inflation = (1.0 + np.sqrt(p / np.asarray(n_obs, dtype=float))) ** 2
    reference = np.maximum((p - before) / np.arange(p, 0, -1) * np.asarray(inflation)[..., None], 1.0)
    return EmpiricalKaiser(reference, leading_count(values > reference))


def leading_count(above: np.ndarray) -> IntArray:
    """How many entries of `above` (..., p) are true before the first false one."""
    return np.asarray(np.cumprod(above, axis=-1).sum(axis=-1))


def largest_factor_number(p: int) -> int:
    """Most common factors that `p` items leave degrees of freedom for: largest k with (p - k)^2 > p + k."""
    return max(k for k in range(p) if k == 0 or (p - k) ** 2 - (p + k) > 0)


def factor_fits(
    corr: FloatArray, n_obs: int, most: int | None = None, extraction: Literal["ml", "minres"] = "minres"
) -> FactorFits:
    """Fit of 0 to `most` common factors to correlations (..., p, p) of `n_obs` rows; see `FactorFits` for the
    formulas.

    `most` defaults to the largest number with positive degrees of freedom (Ledermann).
    """
    p = corr.shape[-1]
    most = largest_factor_number(p) if most is None else most
    extract = maximum_likelihood if extraction == "ml" else minres
    counts = np.arange(most + 1)
    df = ((p - counts) ** 2 - (p + counts)) // 2
    shape = (*corr.shape[:-2], most + 1)
    discrepancy, caf = np.empty(shape), np.empty(shape)
    converged = np.ones(shape, dtype=bool)
    discrepancy[..., 0], caf[..., 0] = -np.linalg.slogdet(corr)[1], 1.0 - kmo(corr).overall
    for k in counts[1:]:
        found = extract(corr, int(k))
        discrepancy[..., k] = _ml_discrepancy(corr, found)
        caf[..., k] = 1.0 - kmo(_residual_correlation(corr, found)).overall
        converged[..., k] = found.converged
    chi2 = discrepancy * (n_obs - 1.0 - (2.0 * p + 5.0) / 6.0 - 2.0 * counts / 3.0)
    noncentrality = discrepancy * (n_obs - 1.0) - df
    excess = np.maximum(noncentrality, 0.0)
    rmsea = np.sqrt(excess / np.where(df > 0, df * (n_obs - 1.0), np.inf))
    worst = np.maximum(excess[..., :1], excess)
    cfi = 1.0 - np.divide(excess, worst, out=np.zeros(shape), where=worst > 0)
    tail = np.where(df > 0, chdtrc(np.maximum(df, 1), np.maximum(chi2, 0.0)), np.nan)
    bic = chi2 - df * np.log(n_obs)
    sabic = chi2 - df * np.log((n_obs + 2.0) / 24.0)
    return FactorFits(df, chi2, tail, bic, sabic, rmsea, cfi, noncentrality, caf, converged)


def _ml_discrepancy(corr: FloatArray, found: Extraction) -> FloatArray:
    """log|S| + tr(R S^-1) - log|R| - p at S = L L' + diag(1 - h2), unit diagonal as in psych."""
    implied = found.loadings @ np.swapaxes(found.loadings, -1, -2)
    index = np.arange(corr.shape[-1])
    implied[..., index, index] = found.communalities + found.uniquenesses
    ratio = np.linalg.solve(implied, corr)
    trace = np.trace(ratio, axis1=-2, axis2=-1)
    return np.asarray(trace - np.linalg.slogdet(ratio)[1] - corr.shape[-1])


def _residual_correlation(corr: FloatArray, found: Extraction) -> FloatArray:
    """What the common factors leave, with its unit diagonal put back."""
    residual = corr - found.loadings @ np.swapaxes(found.loadings, -1, -2)
    index = np.arange(corr.shape[-1])
    residual[..., index, index] = 1.0
    return residual


def hull(fits: FactorFits, index: Fit = "cfi") -> Hull:
    """Hull method on the fits of one correlation matrix (Lorenzo-Seva, Timmerman and Kiers 2011).

    `index` names the goodness of fit: "cfi" = 1 - (c_k - df_k)/(c_0 - df_0), not cut off at 1, for a cut
    would hide the last bend; "caf"; or "rmsea" (1 - RMSEA). Solutions not better than one with fewer factors
    go, then those below the line between their neighbours, until the rest is convex; st_i = [(f_i -
    f_{i-1})/(q_i - q_{i-1})] / [(f_{i+1} - f_i)/(q_{i+1} - q_i)], q the number of parameters.
    """
    uncut = 1.0 - fits.noncentrality / fits.noncentrality[0]
    fit = {"cfi": uncut, "caf": fits.caf, "rmsea": 1.0 - fits.rmsea}[index]
    parameters = -fits.df.astype(float)
    kept: list[int] = []
    for k in range(fit.size):
        if np.isfinite(fit[k]) and (not kept or fit[k] > fit[kept].max()):
            kept.append(k)
    while (below := _below_line(kept, fit, parameters)) is not None:
        kept.pop(below)
    st = np.full(fit.size, np.nan)
    for left, k, right in zip(kept, kept[1:], kept[2:], strict=False):
        rise = (fit[k] - fit[left]) / (parameters[k] - parameters[left])
        st[k] = rise / ((fit[right] - fit[k]) / (parameters[right] - parameters[k]))
    return Hull(st, int(np.nanargmax(st)) if np.isfinite(st).any() else -1)


def _below_line(kept: list[int], fit: FloatArray, parameters: FloatArray) -> int | None:
    """Position of the first kept solution that is not above the line between its neighbours."""
    for i in range(1, len(kept) - 1):
        a, b, c = kept[i - 1], kept[i], kept[i + 1]
        share = (parameters[b] - parameters[a]) / (parameters[c] - parameters[a])
        if fit[b] <= fit[a] + share * (fit[c] - fit[a]):
            return i
    return None


def very_simple_structure(corr: FloatArray, most: int, *, diagonal: bool = False) -> SimpleStructure:
    """VSS fit of correlations (..., p, p) for 1 to `most` varimax-rotated minres factors (Revelle and Rocklin
    1979).

    1 - sum of squared residuals of R - S S' over sum of squares of R, S the loadings with all but the largest
    (complexity 1) or the two largest (complexity 2) of each item set to zero. With k = 1 both are the same.
    The sums run over different items; with `diagonal` over all p^2 entries, which is what psych's vss prints.
    """
    p = corr.shape[-1]
    counted = np.ones((p, p), dtype=bool) if diagonal else ~np.eye(p, dtype=bool)
    total = (corr[..., counted] ** 2).sum(axis=-1)
    fits = np.empty((2, *corr.shape[:-2], most))
    for k in range(1, most + 1):
        found = minres(corr, k)
        loadings = varimax(found.loadings).loadings if k > 1 else found.loadings
        rank = np.argsort(np.argsort(-np.abs(loadings), axis=-1), axis=-1)
        for complexity in (1, 2):
            simple = np.where(rank < complexity, loadings, 0.0)
            residual = corr - simple @ np.swapaxes(simple, -1, -2)
            fits[complexity - 1, ..., k - 1] = 1.0 - (residual[..., counted] ** 2).sum(axis=-1) / total
    one, two = fits
    return SimpleStructure(one, two, np.argmax(one, axis=-1) + 1, np.argmax(two, axis=-1) + 1)
