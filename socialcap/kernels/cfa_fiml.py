"""Full-information maximum likelihood: items missing at random (Arbuckle 1996; Enders 2010, ch. 4)."""

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_likelihood import Patterns
from socialcap.kernels.cfa_ml import Saturated, StructuralFit, fit_patterns, saturated_log_likelihood
from socialcap.kernels.cfa_model import ParameterTable
from socialcap.kernels.em import em_moments

_EM_ITERATIONS = 20_000


def patterns_of(rows: FloatArray, group: IntArray, n_groups: int) -> Patterns:
    """Sufficient statistics by group and pattern of observed items from rows (n, p), NaN where missing.

    Cases without any item are left out. Raises LinAlgError where an item has no value in a group.
    """
    observed = ~np.isnan(rows)
    kept = observed.any(axis=1)
    rows, group, observed = rows[kept], group[kept], observed[kept]
    for g in range(n_groups):
        if not observed[group == g].any(axis=0).all():
            raise np.linalg.LinAlgError(f"group {g}: an item has no observed value")
    key = np.column_stack([group, observed])
    kinds, which, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    filled = np.where(observed, rows, 0.0)
    total = np.zeros((kinds.shape[0], rows.shape[1]))
    np.add.at(total, which.ravel(), filled)
    mean = total / count[:, None]
    apart = np.where(observed, filled - mean[which.ravel()], 0.0)
    cov = np.stack([apart[which.ravel() == h].T @ apart[which.ravel() == h] for h in range(kinds.shape[0])])
    return Patterns(
        group=kinds[:, 0].astype(np.int64),
        seen=kinds[:, 1:].astype(np.float64),
        n=count.astype(np.float64),
        mean=mean,
        cov=cov / count[:, None, None],
        group_n=np.bincount(group, minlength=n_groups).astype(np.float64),
    )


def univariate_moments(data: Patterns) -> tuple[FloatArray, FloatArray]:
    """Mean and variance (divisor n) of every item's observed values by group, each (G, p)."""
    member = (data.group[None, :] == np.arange(data.group_n.size)[:, None]) * data.n
    seen_n = member @ data.seen
    mean = member @ data.mean / seen_n
    spread = np.diagonal(data.cov, axis1=1, axis2=2) + (data.mean - mean[data.group]) ** 2 * data.seen
    return mean, member @ spread / seen_n


def saturated_of(data: Patterns, rows: FloatArray, group: IntArray) -> Saturated:
    """Unrestricted moments: the sample's own where the data are complete, by EM in each group otherwise.

    Raises LinAlgError where a covariance matrix is not positive definite or EM does not settle.
    """
    if data.seen.all():
        return Saturated(data.mean, data.cov, saturated_log_likelihood(data))
    parts = [em_moments(rows[group == g], max_iterations=_EM_ITERATIONS) for g in range(data.group_n.size)]
    if not all(part.converged for part in parts):
        raise np.linalg.LinAlgError("EM did not settle: too few cases observe some pair of items")
    mean, cov = (np.stack([getattr(part, name) for part in parts]) for name in ("mean", "covariance"))
    return Saturated(mean, cov, float(sum(part.loglik for part in parts)))


def fit_fiml(
    table: ParameterTable, rows: FloatArray, group: IntArray, start: FloatArray | None = None
) -> StructuralFit:
    """FIML estimates from rows (n, p), NaN where missing, and group (n,) coded 0..G-1.

    chi2 = 2 (log L saturated - log L model), the saturated moments by EM; standard errors from observed
    information (Savalei 2010). The table must model the means. Raises LinAlgError as `saturated_of`.
    """
    data = patterns_of(rows, group, table.n_groups)
    saturated = saturated_of(data, rows, group)
    return fit_patterns(table, data, saturated, start, expected=False)
