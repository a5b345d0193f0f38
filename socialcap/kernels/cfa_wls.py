"""Least-squares estimation of structural models: ULS on covariances, DWLS (WLSMV) on polychoric correlations.

F = 1/2 sum_g f_g (s_g - sigma_g)' W_g (s_g - sigma_g) with diagonal W_g and f_g = (n_g - 1) / (N - G); errors
and the test use the full asymptotic covariance Gamma_g of the sample moments (Muthen, du Toit and Spisic
1997; Asparouhov and Muthen 2010).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_ml import (
    Criterion,
    StructuralFit,
    full_rank,
    improper_entries,
    inverse_information,
)
from socialcap.kernels.cfa_model import (
    Directions,
    Matrices,
    ParameterTable,
    Part,
    covariance_jacobian,
    directions,
    entries,
    fill_matrices,
    implied_moments,
    lower_triangle,
    selection,
)
from socialcap.kernels.cfa_search import find_optimum
from socialcap.kernels.cfa_start import starting_points


@dataclass(frozen=True, slots=True, eq=False)
class MomentSample:
    """Sample moments s (G, m) with n times their asymptotic covariance gamma (G, m, m), and n (G,)."""

    moments: FloatArray
    gamma: FloatArray
    n: FloatArray


class Structure(Protocol):
    """Moments (G, m) that a model implies, with their derivative (G, R, m) by table rows."""

    table: ParameterTable

    def moments(self, theta: FloatArray) -> FloatArray:
        """Implied moments (G, m) at theta (q,)."""
        ...

    def row_jacobian(self, theta: FloatArray) -> FloatArray:
        """Derivative (G, R, m) of the implied moments by every table row at theta (q,)."""
        ...


class CovarianceStructure:
    """Lower triangle of the covariance matrix, row by row, after the means where the table has them."""

    def __init__(self, table: ParameterTable) -> None:
        self.table = table

    def moments(self, theta: FloatArray) -> FloatArray:
        """Implied moments (G, m) at theta (q,)."""
        sigma, mu = implied_moments(fill_matrices(self.table, entries(self.table, theta)))
        i, j = lower_triangle(self.table.n_items)
        return np.concatenate([mu, sigma[:, i, j]], axis=1) if self.table.means else sigma[:, i, j]

    def row_jacobian(self, theta: FloatArray) -> FloatArray:
        """Derivative (G, R, m) of the implied moments by every table row at theta (q,)."""
        along = directions(self.table, fill_matrices(self.table, entries(self.table, theta)))
        by_row = covariance_jacobian(along)
        if self.table.means:
            by_row = np.concatenate([along.m, by_row], axis=-1)
        return by_row


class OrdinalStructure:
    """Thresholds, item by item, then the correlations of pairs (0,1), (0,2), ... of latent responses.

    Delta parameterisation: with scales d (inverse standard deviations of the latent responses) threshold
    d_i (tau_ic - mu_i) and correlation d_i d_j Sigma_ij; residual variances are d_i^-2 less the common part.
    """

    def __init__(self, table: ParameterTable) -> None:
        self.table = table
        self.cuts, self.scales = table.rows_of(Part.THRESHOLDS), table.rows_of(Part.SCALES)
        self.item = table.row[self.cuts]
        self.first, self.second = np.triu_indices(table.n_items, 1)

    def _at(self, theta: FloatArray) -> tuple[FloatArray, Matrices, FloatArray, FloatArray]:
        filled = entries(self.table, theta)
        at = fill_matrices(self.table, filled)
        return filled, at, *implied_moments(at)

    def moments(self, theta: FloatArray) -> FloatArray:
        """Implied moments (G, m) at theta (q,)."""
        filled, _, sigma, mu = self._at(theta)
        scale = filled[:, self.scales]
        cuts = scale[:, self.item] * (filled[:, self.cuts] - mu[:, self.item])
        common = scale[:, self.first] * scale[:, self.second] * sigma[:, self.first, self.second]
        return np.concatenate([cuts, common], axis=1)

    def row_jacobian(self, theta: FloatArray) -> FloatArray:
        """Derivative (G, R, m) of the implied moments by every table row at theta (q,)."""
        filled, at, sigma, mu = self._at(theta)
        along, scale = directions(self.table, at), filled[:, self.scales]
        i, j, n_cuts = self.first, self.second, self.item.size
        by_row = np.zeros((*filled.shape, n_cuts + i.size))
        by_row[:, :, :n_cuts] = -along.m[:, :, self.item] * scale[:, None, self.item]
        by_row[:, :, n_cuts:] = self._by_pairs(along) * (scale[:, i] * scale[:, j])[:, None]
        step = np.arange(n_cuts)
        by_row[:, self.cuts.start + step, step] = scale[:, self.item]
        by_row[:, self.scales.start + self.item, step] = filled[:, self.cuts] - mu[:, self.item]
        pair, shared = n_cuts + np.arange(i.size), sigma[:, i, j]
        by_row[:, self.scales.start + i, pair] = scale[:, j] * shared
        by_row[:, self.scales.start + j, pair] = scale[:, i] * shared
        return by_row

    def _by_pairs(self, along: Directions) -> FloatArray:
        u, v = along.u, along.v
        out: FloatArray = u[..., self.first] * v[..., self.second] + v[..., self.first] * u[..., self.second]
        return out


class LeastSquares:
    """Weighted squares of the moments' residuals as a criterion; the Hessian is Gauss-Newton's."""

    def __init__(self, structure: Structure, sample: MomentSample, weight: FloatArray) -> None:
        self.structure, self.sample, self.chosen = structure, sample, selection(structure.table)
        self.weight = weight * ((sample.n - 1.0) / effective_n(sample))[:, None]

    def jacobian(self, theta: FloatArray) -> FloatArray:
        """Derivative (G, m, q) of the implied moments at theta (q,)."""
        return np.swapaxes(self.structure.row_jacobian(theta), 1, 2) @ self.chosen

    def value(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Half the weighted sum of squares, and theta."""
        gap = self.sample.moments - self.structure.moments(theta)
        return 0.5 * float((self.weight * gap**2).sum()), theta

    def derivatives(self, state: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gradient (q,) and Gauss-Newton information (q, q)."""
        jacobian = self.jacobian(state)
        gap = self.sample.moments - self.structure.moments(state)
        weighted = jacobian * self.weight[:, :, None]
        q = jacobian.shape[-1]
        return -np.einsum("gmq,gm->q", weighted, gap), jacobian.reshape(-1, q).T @ weighted.reshape(-1, q)

    def information(self, state: FloatArray) -> FloatArray:
        """Gauss-Newton information (q, q)."""
        return self.derivatives(state)[1]


def fit_least_squares(
    table: ParameterTable,
    structure: Callable[[ParameterTable], Structure],
    sample: MomentSample,
    weight: FloatArray,
    starts: Callable[[ParameterTable], Iterator[FloatArray]],
    sample_cov: FloatArray,
    sample_mean: FloatArray,
) -> StructuralFit:
    """Least-squares estimates with diagonal weights (G, m) and errors robust to them.

    vcov = E^-1 [sum_g h_g J' W Gamma W J] E^-1 / (N - G) with E = sum_g h_g J' W J, h_g = n_g / N, and chi2 =
    2 (N - G) F: lavaan's uses of n and n - 1 with least squares. The robust test is a chi2 + b with a^2 = df
    / tr(U Gamma U Gamma) and b = df - a tr(U Gamma), the fit's scaling being 1/a (Asparouhov and Muthen 2010;
    lavaan's "scaled.shifted"). Log-likelihoods are not-a-number.
    """
    best = find_optimum(table, lambda model: LeastSquares(structure(model), sample, weight), starts)
    criterion = LeastSquares(structure(table), sample, weight)
    jacobian, n_obs = criterion.jacobian(best.theta), effective_n(sample)
    shared = (sample.n / sample.n.sum())[:, None]
    weighted = jacobian * (weight * shared)[:, :, None]
    information = np.einsum("gmq,gmr->qr", jacobian, weighted)
    bread = inverse_information(information)
    per_group = sample.gamma / shared[:, :, None]
    meat = (np.swapaxes(weighted, 1, 2) @ per_group @ weighted).sum(0)
    df = sample.moments.size - table.n_free
    trace, trace_of_square = u_gamma_traces(jacobian, weight * shared, bread, per_group)
    shrink = np.sqrt(df / trace_of_square) if df > 0 else 1.0
    filled = entries(table, best.theta)
    at = fill_matrices(table, filled)
    sigma, mu = implied_moments(at)
    improper, latent_pd = improper_entries(table, filled, at.factor_cov)
    return StructuralFit(
        table=table,
        criterion=Criterion.LEAST_SQUARES,
        theta=best.theta,
        vcov=bread @ meat @ bread / n_obs,
        estimate=filled,
        implied_cov=sigma,
        implied_mean=mu if table.means else sample_mean,
        sample_cov=sample_cov,
        sample_mean=sample_mean,
        group_n=sample.n,
        chi2=2.0 * n_obs * best.value,
        df=df,
        scaling=float(1.0 / shrink),
        shift=float(df - shrink * trace) if df > 0 else 0.0,
        log_likelihood=np.nan,
        saturated_log_likelihood=np.nan,
        information=information,
        gradient=best.gradient,
        n_iterations=best.n_iterations,
        converged=best.converged,
        identified=full_rank(best.information),
        improper=improper,
        latent_pd=latent_pd,
    )


def effective_n(sample: MomentSample) -> float:
    """Cases less groups, N - G."""
    return float((sample.n - 1.0).sum())


def u_gamma_traces(
    jacobian: FloatArray, weight: FloatArray, bread: FloatArray, gamma: FloatArray
) -> tuple[float, float]:
    """tr(U Gamma) and tr(U Gamma U Gamma), U = W - W J E^-1 J' W; both carry the groups' shares."""
    q = jacobian.shape[-1]
    weighted = jacobian * weight[:, :, None]
    turned = gamma @ weighted
    first = float((np.diagonal(gamma, axis1=1, axis2=2) * weight).sum())
    meat = (np.swapaxes(weighted, 1, 2) @ turned).sum(0)
    inner = bread @ meat
    scaled = gamma * weight[:, None, :]
    square = float((scaled * np.swapaxes(scaled, 1, 2)).sum())
    crossed = (np.swapaxes(turned, 1, 2) @ (turned * weight[:, :, None])).sum(0)
    square += float(-2.0 * (bread * crossed).sum() + (inner * inner.T).sum())
    return first - float(np.trace(inner.reshape(q, q))), square


def ordinal_sample(estimates: list[tuple[FloatArray, FloatArray, FloatArray]], n: FloatArray) -> MomentSample:
    """Sample of ordinal moments from each group's (thresholds, correlations, their NACOV), n (G,).

    Thresholds item by item, correlations by pairs (0,1), (0,2), ...; gamma is n times the asymptotic
    covariance.
    """
    moments = np.stack([np.concatenate([cuts, rho]) for cuts, rho, _ in estimates])
    return MomentSample(
        moments, np.stack([gamma for _, _, gamma in estimates]), np.asarray(n, dtype=np.float64)
    )


def fit_wlsmv(table: ParameterTable, sample: MomentSample, start: FloatArray | None = None) -> StructuralFit:
    """WLSMV: DWLS estimates from ordinal moments, robust errors, mean- and variance-adjusted chi-square.

    Weights are the inverse variances of thresholds and polychoric correlations; delta parameterisation. The
    table comes from `confirmatory_table(..., n_categories=...)`. The fit's implied and sample "covariances"
    are correlations of the latent responses; `residual_variances` gives the residuals that the table leaves
    out.
    """
    structure = OrdinalStructure(table)
    corr = correlation_matrices(sample.moments[:, structure.item.size :], table.n_items)
    cuts = sample.moments[:, : structure.item.size]

    def starts(model: ParameterTable) -> Iterator[FloatArray]:
        if start is not None and model is table:
            yield start
            return
        for theta in starting_points(model, corr, np.zeros(corr.shape[:2]), None):
            yield with_thresholds(model, theta, cuts)

    weight = 1.0 / np.diagonal(sample.gamma, axis1=1, axis2=2)
    fit = fit_least_squares(table, OrdinalStructure, sample, weight, starts, corr, np.zeros(corr.shape[:2]))
    return _as_correlations(fit, structure)


def _as_correlations(fit: StructuralFit, structure: OrdinalStructure) -> StructuralFit:
    """The fit with implied correlations of latent responses, negative residuals flagged at the scales."""
    implied = correlation_matrices(structure.moments(fit.theta)[:, structure.item.size :], fit.table.n_items)
    improper = fit.improper.copy()
    improper[:, structure.scales] |= residual_variances(fit) < 0.0
    return replace(fit, criterion=Criterion.ORDINAL, implied_cov=implied, improper=improper)


def residual_variances(fit: StructuralFit) -> FloatArray:
    """Residual variances (G, p) of latent responses, d^-2 less the common variance."""
    at = fill_matrices(fit.table, fit.estimate)
    common = np.diagonal(implied_moments(at)[0], axis1=1, axis2=2)
    return fit.estimate[:, fit.table.rows_of(Part.SCALES)] ** -2.0 - common


def correlation_matrices(rho: FloatArray, p: int) -> FloatArray:
    """Symmetric matrices (G, p, p) with unit diagonal from (G, p(p-1)/2) by pairs (0,1), (0,2), ..."""
    out = np.zeros((rho.shape[0], p, p))
    i, j = np.triu_indices(p, 1)
    out[:, i, j] = out[:, j, i] = rho
    out[:, np.arange(p), np.arange(p)] = 1.0
    return out


def with_thresholds(table: ParameterTable, theta: FloatArray, cuts: FloatArray) -> FloatArray:
    """Starting values theta (q,) with the sample's thresholds (G, n_cuts) put in and scales of one."""
    theta = theta.copy()
    for part, values in ((Part.THRESHOLDS, cuts), (Part.SCALES, np.ones((cuts.shape[0], table.n_items)))):
        index = table.free[:, table.rows_of(part)]
        for g in reversed(range(table.n_groups)):
            free = index[g] >= 0
            theta[index[g][free]] = values[g][free]
    return theta


def covariance_sample(rows: FloatArray, group: IntArray, n_groups: int, means: bool) -> MomentSample:
    """(Means and) covariances of complete rows (n, p), divisor n - 1, with distribution-free gamma.

    gamma is the covariance, divisor n, of the cases' deviations and products of deviations (Browne 1984).
    """
    i, j = lower_triangle(rows.shape[1])
    moments, gamma, count = [], [], []
    for g in range(n_groups):
        apart = rows[group == g] - rows[group == g].mean(0)
        products = apart[:, i] * apart[:, j]
        n = apart.shape[0]
        moments.append(
            np.concatenate([rows[group == g].mean(0)[: means * rows.shape[1]], products.sum(0) / (n - 1)])
        )
        spread = np.concatenate([apart[:, : means * rows.shape[1]], products - products.mean(0)], axis=1)
        gamma.append(spread.T @ spread / n)
        count.append(float(n))
    return MomentSample(np.stack(moments), np.stack(gamma), np.array(count))


def fit_uls(table: ParameterTable, sample: MomentSample, start: FloatArray | None = None) -> StructuralFit:
    """ULS estimates from a `covariance_sample`: W = I, distribution-free Gamma (lavaan's ULSMV).

    The sample covariance matrix need not be positive definite.
    """
    p, groups = table.n_items, table.n_groups
    i, j = lower_triangle(p)
    split = sample.moments.shape[1] - i.size
    mean, cov = np.zeros((groups, p)), np.zeros((groups, p, p))
    mean[:, :split] = sample.moments[:, :split]
    cov[:, i, j] = cov[:, j, i] = sample.moments[:, split:]

    def starts(model: ParameterTable) -> Iterator[FloatArray]:
        return starting_points(model, cov, mean, start if model is table else None)

    return fit_least_squares(
        table, CovarianceStructure, sample, np.ones_like(sample.moments), starts, cov, mean
    )
