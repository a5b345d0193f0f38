"""The wild cluster bootstrap of every coefficient, each null imposed in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from socialcap.errors import UsageError
from socialcap.kernels import IntArray
from socialcap.kernels.ols import OlsFit
from socialcap.kernels.wild_bootstrap import Weights, score_bootstrap, wild_cluster_bootstrap
from socialcap.regression.estimate import Estimate
from socialcap.results import Text


@dataclass(frozen=True, slots=True)
class WildOptions:
    """How a wild bootstrap is drawn: sign or Webb weights, number of draws, seed."""

    weights: Weights = "rademacher"
    n_draws: int = 9999
    seed: int = 0


def bootstrapped(
    estimate: Estimate, table: pd.DataFrame, clusters: IntArray, options: WildOptions
) -> tuple[pd.DataFrame, Text]:
    """p-values of each coefficient by the wild cluster bootstrap, and what was drawn."""
    found = table.copy()
    if isinstance(estimate.linear, OlsFit):
        require_nested(estimate, "wild", clusters)
        enumerated, ties = _wild_linear(estimate, estimate.linear, found, clusters, options)
    else:
        enumerated, ties = _wild_scores(estimate, found, clusters, options)
    n_clusters = len(np.unique(clusters))
    webb = options.weights == "webb"
    drawn = (
        Text(f"all {2**n_clusters} sign vectors", f"全部 {2**n_clusters} 个符号向量")
        if enumerated
        else Text(
            f"{options.n_draws} draws of {'Webb weights' if webb else 'signs'}, seed {options.seed}",
            f"{options.n_draws} 次{'Webb 权重' if webb else '符号'}抽取，种子 {options.seed}",
        )
    )
    how = (
        Text(
            "p-values and intervals by the restricted wild cluster bootstrap-t, each null imposed in turn "
            "({drawn}; ties not counted{ties})",
            "p 值与区间由受约束野聚类自助 t 法得出，逐一施加零假设（{drawn}；平局不计{ties}）",
        )
        if isinstance(estimate.linear, OlsFit)
        else Text(
            "p-values by the wild score bootstrap (Kline and Santos 2012), each null imposed in turn ({drawn}; "
            "ties not counted{ties}); it gives no intervals",
            "p 值由野得分自助法（Kline 与 Santos 2012）得出，逐一施加零假设（{drawn}；平局不计{ties}）；该方法不给出区间",
        )
    )
    counted = Text("", "")
    if ties:
        shown = ", ".join(f"{name} {p:.4f}" for name, p in ties.items())
        counted = Text(f"; with them p is {shown}", f"；计入平局时 p 为 {shown}")
    return found, Text(how("en") + ".", how("zh") + "。").format(drawn=drawn, ties=counted)


def _wild_linear(
    estimate: Estimate, fit: OlsFit, table: pd.DataFrame, clusters: IntArray, options: WildOptions
) -> tuple[bool, dict[str, float]]:
    """Fills p-values and intervals; whether signs were enumerated, and p with ties where it differs."""
    ties: dict[str, float] = {}
    enumerated = False
    for j, name in enumerate(estimate.names):
        contrast = np.zeros(len(estimate.names))
        contrast[j] = 1.0
        found = wild_cluster_bootstrap(
            fit, clusters, contrast, seed=options.seed, n_draws=options.n_draws, weights=options.weights
        )
        table.loc[name, ["p_value", "ci_low", "ci_high"]] = (found.p_strict, found.ci_low, found.ci_high)
        enumerated = found.enumerated
        if found.p_ties != found.p_strict:
            ties[name] = found.p_ties
    return enumerated, ties


def _wild_scores(
    estimate: Estimate, table: pd.DataFrame, clusters: IntArray, options: WildOptions
) -> tuple[bool, dict[str, float]]:
    """Fills p-values of the score test; as `_wild_linear`."""
    assert estimate.null_scores is not None  # checked before
    ties: dict[str, float] = {}
    enumerated = False
    for j, name in enumerate(estimate.names):
        contrast = np.zeros(len(estimate.names))
        contrast[j] = 1.0
        scores, hessian = estimate.null_scores(j)
        found = score_bootstrap(
            scores,
            hessian,
            clusters,
            contrast,
            seed=options.seed,
            n_draws=options.n_draws,
            weights=options.weights,
        )
        table.loc[name, ["statistic", "p_value", "ci_low", "ci_high"]] = (
            found.t,
            found.p_strict,
            np.nan,
            np.nan,
        )
        enumerated = found.enumerated
        if found.p_ties != found.p_strict:
            ties[name] = found.p_ties
    return enumerated, ties


def is_nested(levels: IntArray, clusters: IntArray) -> bool:
    """Whether every level lies in one cluster."""
    pairs = np.unique(np.column_stack((levels, clusters)), axis=0)
    return len(pairs) == len(np.unique(levels))


def require_nested(estimate: Estimate, kind: str, clusters: IntArray) -> None:
    """Raises UsageError for absorbed levels that reach over clusters, which `kind` cannot account for."""
    if all(is_nested(levels, clusters) for levels in estimate.absorbed):
        return
    raise UsageError(
        f"cov={kind!r} with fixed_effects= needs levels that lie within the clusters; write the factor into "
        "the formula as C(...) instead"
    )
