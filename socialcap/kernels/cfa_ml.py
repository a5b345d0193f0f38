"""Maximum likelihood estimation of structural models (normal theory), with complete or missing data."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_likelihood import (
    PatternFit,
    Patterns,
    at_theta,
    complete_patterns,
    log_likelihood,
    moment_gradient,
    row_hessian,
    row_information,
    row_scores,
)
from socialcap.kernels.cfa_model import (
    Matrices,
    ParameterTable,
    Part,
    directions,
    entries,
    fold,
    implied_moments,
    selection,
    to_free,
)
from socialcap.kernels.cfa_search import find_optimum
from socialcap.kernels.cfa_start import starting_points

_RANK_TOLERANCE = 1e-9


class Criterion(StrEnum):
    """What was minimised: the likelihood of complete or incomplete data, or squares of residuals."""

    ML = "ml"
    FIML = "fiml"
    LEAST_SQUARES = "least squares"
    ORDINAL = "ordinal least squares"


@dataclass(frozen=True, slots=True, eq=False)
class StructuralFit:
    """Estimates of a structural model by any of the estimators.

    theta (q,) free parameters and vcov (q, q) of them; estimate (G, R) every table entry; implied_cov and
    sample_cov (G, p, p), implied_mean and sample_mean (G, p), those of the saturated model where items are
    missing; group_n (G,) cases. chi2 is unscaled; chi2 / scaling + shift is the robust statistic, where the
    estimator has one (scaling 1, shift 0 otherwise). information (q, q) per case is the one behind vcov.
    converged: the criterion is at a stationary point. identified: the information has full rank.
    improper (G, R): negative variances (Heywood cases). latent_pd (G,): the latent covariance matrix is
    positive definite.
    """

    table: ParameterTable
    criterion: Criterion
    theta: FloatArray
    vcov: FloatArray
    estimate: FloatArray
    implied_cov: FloatArray
    implied_mean: FloatArray
    sample_cov: FloatArray
    sample_mean: FloatArray
    group_n: FloatArray
    chi2: float
    df: int
    scaling: float
    shift: float
    log_likelihood: float
    saturated_log_likelihood: float
    information: FloatArray
    gradient: FloatArray
    n_iterations: int
    converged: bool
    identified: bool
    improper: NDArray[np.bool_]
    latent_pd: NDArray[np.bool_]

    @property
    def std_error(self) -> FloatArray:
        """Standard errors of every table entry (G, R), zero for constants."""
        return spread_errors(self.table, self.vcov)

    @property
    def n_obs(self) -> float:
        """Cases in all groups."""
        return float(self.group_n.sum())

    @property
    def n_test(self) -> float:
        """Cases by which the test multiplies its criterion: N, but N - G with least squares."""
        likelihood = self.criterion in (Criterion.ML, Criterion.FIML)
        return self.n_obs if likelihood else self.n_obs - self.table.n_groups

    @property
    def chi2_scaled(self) -> float:
        """Robust statistic chi2 / scaling + shift."""
        return self.chi2 / self.scaling + self.shift

    @property
    def heywood(self) -> bool:
        """Whether any variance is negative or the latent covariance matrix is not positive definite."""
        return bool(self.improper.any() or not self.latent_pd.all())


@dataclass(frozen=True, slots=True, eq=False)
class Saturated:
    """Moments of the unrestricted model, mean (G, p) and cov (G, p, p), and its log-likelihood."""

    mean: FloatArray
    cov: FloatArray
    log_likelihood: float


def spread_errors(table: ParameterTable, vcov: FloatArray) -> FloatArray:
    """Standard errors (G, R) of table entries from the covariance matrix (q, q) of the free parameters."""
    variance = np.append(np.diag(vcov), 0.0)
    out: FloatArray = np.sqrt(np.where(variance >= 0.0, variance, np.nan))[table.free]
    return out


def saturated_log_likelihood(data: Patterns) -> float:
    """Log-likelihood of complete data at their own means and covariances (divisor n)."""
    for cov in data.cov:
        if not full_rank(cov):
            raise np.linalg.LinAlgError("the sample covariance matrix is not positive definite")
    log_det = np.linalg.slogdet(data.cov)[1]
    p = data.cov.shape[-1]
    return float(-0.5 * (data.n * (p * np.log(2.0 * np.pi) + log_det + p)).sum())


def n_moments(table: ParameterTable) -> int:
    """Sample moments that the model is confronted with: covariances and, where modelled, means."""
    p = table.n_items
    return table.n_groups * (p * (p + 1) // 2 + (p if table.means else 0))


def fit_ml(
    table: ParameterTable,
    n_obs: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
    start: FloatArray | None = None,
) -> StructuralFit:
    """ML estimates from complete data's n_obs (G,), mean (G, p) and cov (G, p, p) with divisor n.

    chi2 = N F with F = sum_g n_g/N [log|Sigma| + tr(S Sigma^-1) - log|S| - p + d' Sigma^-1 d]: lavaan's
    likelihood = "normal", divisor n throughout. Standard errors from expected information (Bollen 1989, ch.
    4). Raises LinAlgError where a sample covariance matrix is not positive definite.
    """
    data = complete_patterns(n_obs, mean, cov)
    saturated = saturated_log_likelihood(data)
    return fit_patterns(table, data, Saturated(mean, cov, saturated), start, expected=True)


def fit_patterns(
    table: ParameterTable, data: Patterns, saturated: Saturated, start: FloatArray | None, expected: bool
) -> StructuralFit:
    """ML estimates from patterns of observed items; vcov from expected or observed information."""
    best = find_optimum(
        table,
        lambda model: Likelihood(model, data),
        lambda model: starting_points(
            model, saturated.cov, saturated.mean, start if model is table else None
        ),
    )
    at, seen_as = at_theta(table, data, best.theta)
    information = best.information if expected else best.hessian
    estimate = entries(table, best.theta)
    sigma, mu = implied_moments(at)
    reached = log_likelihood(data, seen_as)
    improper, latent_pd = improper_entries(table, estimate, at.factor_cov)
    return StructuralFit(
        table=table,
        criterion=Criterion.ML if data.seen.all() else Criterion.FIML,
        theta=best.theta,
        vcov=inverse_information(information) / data.n_obs,
        estimate=estimate,
        implied_cov=sigma,
        implied_mean=mu if table.means else data.mean,
        sample_cov=saturated.cov,
        sample_mean=saturated.mean,
        group_n=data.group_n,
        chi2=max(2.0 * (saturated.log_likelihood - reached), 0.0),
        df=n_moments(table) - table.n_free,
        scaling=1.0,
        shift=0.0,
        log_likelihood=reached,
        saturated_log_likelihood=saturated.log_likelihood,
        information=information,
        gradient=best.gradient,
        n_iterations=best.n_iterations,
        converged=best.converged,
        identified=full_rank(best.information),
        improper=improper,
        latent_pd=latent_pd,
    )


class Likelihood:
    """-log-likelihood / N of a model given patterns of observed items, as a criterion for `descend`."""

    def __init__(self, table: ParameterTable, data: Patterns) -> None:
        self.table, self.data, self.chosen = table, data, selection(table)

    def value(self, theta: FloatArray) -> tuple[float, tuple[Matrices, PatternFit] | None]:
        """Criterion, infinite where the implied covariance is not positive definite."""
        try:
            state = at_theta(self.table, self.data, theta)
        except np.linalg.LinAlgError:
            return np.inf, None
        return -log_likelihood(self.data, state[1]) / self.data.n_obs, state

    def derivatives(self, state: tuple[Matrices, PatternFit]) -> tuple[FloatArray, FloatArray]:
        """Gradient (q,) and observed information (q, q) per case."""
        at, seen_as = state
        along = directions(self.table, at)
        slope = moment_gradient(self.data, seen_as, self.table.n_groups)
        hessian = row_hessian(self.table, self.data, at, seen_as, along, slope)
        return to_free(row_scores(along, *slope), self.chosen), fold(hessian, self.chosen)

    def information(self, state: tuple[Matrices, PatternFit]) -> FloatArray:
        """Expected information (q, q) per case."""
        at, seen_as = state
        by_row = row_information(self.data, seen_as, directions(self.table, at), self.table.means)
        return fold(by_row, self.chosen)


def full_rank(information: FloatArray) -> bool:
    """Whether a covariance or information matrix (q, q) is positive definite beyond rounding.

    Judged by the pivots of the Cholesky factor after scaling to unit diagonal: the share of a variable's
    variance that those before it leave, at least 1e-9. An information matrix that fails means that the model
    is not locally identified.
    """
    scale = np.sqrt(np.maximum(np.diag(information), 0.0))
    if information.size and scale.min() == 0.0:
        return False
    try:
        root = np.linalg.cholesky(information / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return False
    return bool(np.all(np.diag(root) ** 2 > _RANK_TOLERANCE))


def inverse_information(information: FloatArray) -> FloatArray:
    """Inverse of an information matrix, not-a-number throughout where it is singular or not positive."""
    if not full_rank(information):
        return np.full_like(information, np.nan)
    return np.asarray(np.linalg.inv(information), dtype=np.float64)


def improper_entries(
    table: ParameterTable, estimate: FloatArray, factor_cov: FloatArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Flags of negative variances (G, R), and of a positive definite latent covariance matrix (G,)."""
    variance = np.isin(table.part, [Part.FACTOR_COV, Part.RESIDUAL_COV]) & (table.row == table.col)
    negative = variance & (estimate < 0.0)
    if table.n_latent == 0:
        return negative, np.ones(table.n_groups, dtype=bool)
    return negative, np.linalg.eigvalsh(factor_cov)[:, 0] > 0.0
