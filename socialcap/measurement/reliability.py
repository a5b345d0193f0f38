"""How reliably the items of one scale measure what they have in common."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, SocialcapWarning, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels import reliability as kernels
from socialcap.kernels.correlation import covariances_of
from socialcap.kernels.intervals import percentile
from socialcap.kernels.polychoric import polychoric
from socialcap.kernels.resampling import resample_counts
from socialcap.measurement.factors import factor_analysis
from socialcap.measurement.items import (
    complete_rows,
    item_values,
    ordinal_codes,
    ordinal_items,
    require_replicates,
)
from socialcap.results import ReliabilityResult, Text

_LEVEL = 0.95
_CHUNK = 500
_CONSTANT = 1e-12
"""Share of the items' variances at or below which the variance of a sum is rounding."""


def reliability(
    frame: pd.DataFrame,
    items: Sequence[str] | None = None,
    *,
    replicates: int = 1000,
    seed: int = 1,
    group_factors: int | None = None,
    name: str = "scale",
    labels: Mapping[str, Text] | None = None,
) -> ReliabilityResult:
    """Reliability of the sum of the items in `frame` (n, p), over complete rows.

    Cronbach's alpha with Feldt's (1965) and a bootstrap percentile interval; standardised alpha; ordinal
    alpha (Zumbo et al. 2007) where all items are ordinal; McDonald's omega total of a one-factor
    maximum-likelihood model, by model-implied and by observed variance of the sum, the first with a
    bootstrap interval; Guttman's lambdas; split halves; and for each item its correlation with the rest and
    the alpha without it. Omega and alpha without an item need three items. Intervals are of 95 %.

    With `group_factors` (three or more; psych's omega takes three), omega hierarchical and total of a
    Schmid-Leiman solution of so many minres factors rotated by quartimin, of the standardised items.

    Items are taken as they are: reverse-code before. A negative correlation with the rest is warned of, and
    so is a one-factor model that has not converged (it gives no omega) or has a Heywood case.

    Raises UsageError and EstimationError as `correlation` does, EstimationError for items of which all, or
    all but one, add up to a constant.
    """
    require_replicates(replicates)
    if group_factors is not None and group_factors < 3:
        raise UsageError(f"group_factors = {group_factors}: omega hierarchical needs at least three")
    names, values = item_values(frame, items)
    kept, dropped = complete_rows(names, values, frame.index)
    n, p = kept.shape
    cov = kernels.covariance(kept)
    _require_varying_sums(names, cov)
    alpha = kernels.alpha(cov)
    statistics = kernels.item_statistics(cov)
    omega = _omega(names, cov) if p > 2 else None
    boot = _bootstrap(kept, replicates, seed)
    feldt = kernels.feldt_interval(alpha, n, p, _LEVEL)
    # one seed for both: where splits are drawn, lambda 4 is the largest of the same halves
    guttman = kernels.guttman(cov, rng=np.random.default_rng(seed))
    halves = kernels.split_half(cov, rng=np.random.default_rng(seed))
    table = pd.DataFrame(
        {
            "mean": kept.mean(axis=0),
            "sd": kept.std(axis=0, ddof=1),
            "r_drop": statistics.r_rest,
            "r_squared": statistics.r_rest_squared,
            "alpha_if_dropped": statistics.alpha_if_dropped,
        },
        index=names,
    )
    _warn_of_reversed(table)
    return ReliabilityResult(
        name=name,
        alpha=float(alpha),
        alpha_ci=(float(feldt[0]), float(feldt[1])),
        alpha_bootstrap_ci=boot["alpha"],
        standardised_alpha=float(kernels.standardised_alpha(cov)),
        ordinal_alpha=_ordinal_alpha(names, kept),
        omega=None if omega is None else float(omega.implied),
        omega_ci=None if omega is None else boot.get("omega"),
        omega_observed=None if omega is None else float(omega.observed),
        guttman={f"lambda{i}": float(getattr(guttman, f"lambda{i}")) for i in range(1, 7)},
        split_half={key: float(getattr(halves, key)) for key in ("largest", "mean", "smallest")},
        items=table,
        n_obs=n,
        replicates=replicates,
        dropped=dropped,
        hierarchical=None if group_factors is None else _hierarchical(kept, names, group_factors),
        labels=labels or {},
    )


def _require_varying_sums(names: Sequence[str], cov: FloatArray) -> None:
    """The sum of the items, and of all but one, must vary for its reliability to exist."""
    own, rows = np.diag(cov), cov.sum(axis=0)
    rest = cov.sum() - 2.0 * rows + own
    least = _CONSTANT * own.sum()
    if cov.sum() <= least:
        raise EstimationError("the items add up to the same sum in every row: reverse-code some of them")
    if stuck := [name for name, variance in zip(names, rest, strict=True) if variance <= least]:
        raise EstimationError(
            "the other items add up to the same sum in every row, leaving out: " + ", ".join(stuck)
        )


def _omega(names: Sequence[str], cov: FloatArray) -> kernels.Omega | None:
    """Omega of the one-factor model; None where that has no solution."""
    found = kernels.omega(cov)
    if not bool(found.converged):
        _warn("no omega: the one-factor model did not converge")
        return None
    if heywood := [name for name, flag in zip(names, found.heywood, strict=True) if flag]:
        _warn("omega of a Heywood case (no unique variance left): " + ", ".join(heywood))
    return found


def _hierarchical(kept: FloatArray, names: Sequence[str], k: int) -> dict[str, float]:
    """Omegas of a general factor and k group factors (Schmid and Leiman 1957)."""
    frame = pd.DataFrame(kept, columns=list(names))
    solution = factor_analysis(frame, k, extraction="minres", rotation="oblimin")
    found = kernels.schmid_leiman(
        solution.correlation.matrix.to_numpy(), solution.loadings.to_numpy(), solution.phi.to_numpy()
    )
    if bool(found.heywood):
        _warn("the general factor takes up a group factor wholly (second-order Heywood case)")
    keys = ("hierarchical", "hierarchical_implied", "total", "total_implied")
    return {
        **{f"omega_{key}": float(getattr(found, f"omega_{key}")) for key in keys},
        "explained_common_variance": float(found.explained_common_variance),
    }


def _bootstrap(kept: FloatArray, replicates: int, seed: int) -> dict[str, tuple[float, float]]:
    """Percentile intervals of alpha and omega over resampled rows."""
    covariances = covariances_of(kept)
    alphas: list[FloatArray] = []
    omegas: list[FloatArray] = []
    for first in range(0, replicates, _CHUNK):
        counts = resample_counts(seed, len(kept), range(first, min(first + _CHUNK, replicates)))
        cov = covariances(counts)
        cov = cov[(np.diagonal(cov, axis1=-2, axis2=-1) > 0).all(axis=-1)]
        alphas.append(kernels.alpha(cov))
        if kept.shape[1] > 2:
            omega = kernels.omega(cov)
            omegas.append(omega.implied[omega.converged])
    found = {"alpha": _interval(alphas)}
    if sum(map(len, omegas)) >= replicates / 2:
        found["omega"] = _interval(omegas)
    return found


def _interval(parts: list[FloatArray]) -> tuple[float, float]:
    low, high = percentile(np.concatenate(parts), _LEVEL)
    return float(low), float(high)


def _ordinal_alpha(names: Sequence[str], kept: FloatArray) -> float | None:
    """Alpha of the polychoric correlations; None where an item is not ordinal."""
    if not ordinal_items(kept).all():
        return None
    codes, categories = ordinal_codes(names, kept)
    return float(kernels.ordinal_alpha(polychoric(codes, categories).corr))


def _warn_of_reversed(table: pd.DataFrame) -> None:
    negative = list(table.index[table["r_drop"] < 0])
    if negative:
        _warn("perhaps unreversed (negative correlation with the rest of the scale): " + ", ".join(negative))


def _warn(message: str) -> None:
    warnings.warn(message, SocialcapWarning, stacklevel=4)
