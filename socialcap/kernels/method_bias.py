"""Common method bias: Harman's single factor, a latent method factor, a marker variable."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_difference import DifferenceTest, difference
from socialcap.kernels.cfa_ml import StructuralFit, fit_ml
from socialcap.kernels.cfa_model import Part
from socialcap.kernels.cfa_standardized import standardized_solution
from socialcap.kernels.cfa_table import confirmatory_table, tie
from socialcap.kernels.extraction import minres


@dataclass(frozen=True, slots=True, eq=False)
class HarmanShare:
    """Share of the items' total variance, (...,), that one unrotated dimension takes.

    component: the first principal component; factor: one common factor by minres. Above one half is the usual
    sign of trouble (Podsakoff et al. 2003), a weak one: a small share clears nothing.
    """

    component: FloatArray
    factor: FloatArray


def harman(corr: FloatArray) -> HarmanShare:
    """Harman's single-factor shares of a correlation matrix (..., p, p)."""
    p = corr.shape[-1]
    largest = np.linalg.eigvalsh(corr)[..., -1]
    loadings = minres(corr, 1).loadings
    return HarmanShare(np.asarray(largest / p), np.asarray((loadings**2).sum((-2, -1)) / p))


@dataclass(frozen=True, slots=True, eq=False)
class MethodFactor:
    """Model with traits alone beside the model with a method factor on every item.

    method_loadings (p,) standardised; method_share: their mean square, the share of item variance that the
    method factor takes; trait_share: that of the traits in the same model.
    """

    traits: StructuralFit
    both: StructuralFit
    test: DifferenceTest
    method_loadings: FloatArray
    method_share: float
    trait_share: float


def method_factor(
    pattern: NDArray[np.bool_], n_obs: float, mean: FloatArray, cov: FloatArray, equal: bool = True
) -> MethodFactor:
    """Unmeasured latent method factor by ML: all items load on one more factor, uncorrelated with the traits.

    pattern (p, k) of the traits; mean (p,) and cov (p, p), divisor n. equal holds the unstandardised method
    loadings equal (one parameter, identified in general; Lindell and Whitney's assumption of one common
    inflation); free loadings (Podsakoff et al. 2003) often leave the model hardly identified, see the flags
    of the fit. Raises LinAlgError where cov is not positive definite.
    """
    p, k = pattern.shape
    count, means, covs = np.array([n_obs]), mean[None], cov[None]
    traits = fit_ml(confirmatory_table(pattern, unit_variance=True), count, means, covs)
    widened = np.concatenate([pattern, np.ones((p, 1), dtype=bool)], axis=1)
    table = confirmatory_table(widened, unit_variance=True, orthogonal=[k])
    if equal:
        table = tie(table, [(Part.LOADINGS, i, k) for i in range(p)])
    both = fit_ml(table, count, means, covs)
    rows = table.rows_of(Part.LOADINGS)
    loadings = np.zeros((p, k + 1))
    loadings[table.row[rows], table.col[rows]] = standardized_solution(both).estimate[0, rows]
    return MethodFactor(
        traits=traits,
        both=both,
        test=difference(traits, both),
        method_loadings=loadings[:, k],
        method_share=float((loadings[:, k] ** 2).mean()),
        trait_share=float((loadings[:, :k] ** 2).sum() / p),
    )


@dataclass(frozen=True, slots=True, eq=False)
class MarkerAdjusted:
    """Correlations with a marker's share taken out: corr, t and p_value, each (..., p, p), df = n - 3.

    Diagonals: one, infinite, zero.
    """

    corr: FloatArray
    statistic: FloatArray
    p_value: FloatArray


def marker_adjusted(corr: FloatArray, marker: FloatArray | float, n_obs: float) -> MarkerAdjusted:
    """Marker-variable correction of correlations (..., p, p) (Lindell and Whitney 2001, eqs. 4 and 5).

    marker (...,): correlation r_M that method alone produces. r_A = (r - r_M) / (1 - r_M) and
    t = r_A / sqrt((1 - r_A^2) / (n - 3)), two-sided with n - 3 degrees of freedom.
    """
    shared = np.asarray(marker, dtype=np.float64)[..., None, None]
    own = np.eye(corr.shape[-1], dtype=bool)
    adjusted = np.where(own, 0.0, (corr - shared) / (1.0 - shared))
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = adjusted * np.sqrt((n_obs - 3.0) / (1.0 - adjusted**2))
    p_value = 2.0 * stdtr(n_obs - 3.0, -np.abs(statistic))
    return MarkerAdjusted(
        corr=np.where(own, 1.0, adjusted),
        statistic=np.where(own, np.inf, statistic),
        p_value=np.where(own, 0.0, p_value),
    )


def smallest_positive(values: FloatArray, order: int = 1) -> FloatArray:
    """The order-th smallest positive correlation, (...,), among values (..., m): an estimate of r_M.

    With a marker variable the values are its correlations and order is 1; without one they are those of all
    pairs of items and order is 2, lest chance choose it (Lindell and Whitney 2001). Zero where there are
    fewer.
    """
    ranked = np.sort(np.where(values > 0.0, values, np.inf), axis=-1)
    if ranked.shape[-1] < order:
        return np.zeros(values.shape[:-1])
    chosen = ranked[..., order - 1]
    return np.where(np.isfinite(chosen), chosen, 0.0)


def marker_upper(marker: FloatArray | float, n_obs: float, level: float = 0.95) -> FloatArray:
    """Upper one-sided bound of a marker correlation by Fisher's z, for the sensitivity analysis of eq. 5.

    tanh(atanh(r_M) + z_level / sqrt(n - 3)).
    """
    return np.asarray(np.tanh(np.arctanh(marker) + ndtri(level) / np.sqrt(n_obs - 3.0)))
