"""P-values of a family of claims, adjusted for their number and their dependence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.multiple_testing import benjamini_hochberg, holm, romano_wolf
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.threads import single_thread
from socialcap.regression.inputs import cluster_codes, require_coefficient, values
from socialcap.regression.studentised import require_refittable, studentised
from socialcap.results import RegressionResult, Text
from socialcap.results.measurement import label_of
from socialcap.results.multiple_testing import MultipleTestingResult

_MIN_REPLICATES = 100
_CHUNK_CELLS = 2_000_000


def multiple_testing(
    claims: Sequence[tuple[RegressionResult, str]],
    *,
    replicates: int = 2000,
    seed: int = 1,
    clusters: pd.Series | None = None,
    draws: pd.DataFrame | None = None,
    alpha: float = 0.05,
) -> MultipleTestingResult:
    """Adjusted p-values of a family of `claims`, each a model and the name of a coefficient said not to be 0.

    Benjamini and Hochberg (1995) and Holm (1979) from the models' own p-values; Romano and Wolf (2005, 2016)
    from the joint bootstrap distribution of the statistics: rows, or whole `clusters`, are resampled together
    for all models (rows are matched by their labels), and each replicate's deviation from the estimate is
    divided by its own standard error. That error is of the model's kind: classical or heteroskedasticity-
    consistent, clustered where `clusters` are given. The models can be "ols", "logit", "probit",
    "ordered_logit" and "ordered_probit".

    draws: bootstrap estimates made elsewhere, one row per replicate and one column per claim, in order;
        deviations are then divided by the models' own errors.

    Raises UsageError for unknown coefficients (nearest name), fewer than two claims, models that cannot be
    refitted, and draws that do not match; EstimationError where fewer than half of the replicates have
    estimates.
    """
    if len(claims) < 2:
        raise UsageError("a family has at least two claims")
    if not 0.0 < alpha < 1.0:
        raise UsageError(f"alpha = {alpha:g} is not between 0 and 1")
    for model, name in claims:
        require_coefficient(model, name)
    rows = pd.DataFrame([model.coefficients.loc[name] for model, name in claims]).reset_index(drop=True)
    if draws is None:
        _require_replicates(replicates)
        statistics, null = _bootstrapped(claims, replicates, seed, clusters)
    else:
        if draws.shape[1] != len(claims) or len(draws) < _MIN_REPLICATES:
            raise UsageError(
                f"draws: {draws.shape[0]} rows and {draws.shape[1]} columns for {len(claims)} claims; at "
                f"least {_MIN_REPLICATES} rows and a column per claim are needed"
            )
        error = rows["std_error"].to_numpy(dtype=float)
        statistics = rows["estimate"].to_numpy(dtype=float) / error
        null = (values(draws) - rows["estimate"].to_numpy(dtype=float)) / error
    solved = int(np.isfinite(null).all(axis=1).sum())
    if solved < len(null) / 2:
        raise EstimationError(f"{solved} of {len(null)} bootstrap replicates have an estimate of every claim")
    p = rows["p_value"].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "model": [model.name for model, _ in claims],
            "outcome": [model.outcome for model, _ in claims],
            "coefficient": [name for _, name in claims],
            "estimate": rows["estimate"],
            "std_error": rows["std_error"],
            "p_value": p,
            "benjamini_hochberg": benjamini_hochberg(p),
            "holm": holm(p),
            "statistic": statistics,
            "romano_wolf": romano_wolf(statistics, null),
        }
    )
    return MultipleTestingResult(
        table=table,
        replicates=len(null),
        solved=solved,
        n_clusters=None if clusters is None or draws is not None else int(clusters.nunique()),
        given_draws=draws is not None,
        seed=seed,
        alpha=alpha,
        labels=_labels(claims),
        terms=tuple(_term_label(model, name) for model, name in claims),
    )


def _require_replicates(replicates: int) -> None:
    if replicates < _MIN_REPLICATES:
        raise UsageError(f"replicates={replicates}: at least {_MIN_REPLICATES} are needed")


def _term_label(model: RegressionResult, name: str) -> Text:
    return model.terms[name].label if name in model.terms else Text(name, name)


def _labels(claims: Sequence[tuple[RegressionResult, str]]) -> Mapping[str, Text]:
    found: dict[str, Text] = {}
    for model, _ in claims:
        found |= {model.outcome: model.outcome_label or label_of(model.labels, model.outcome)}
    return found


@dataclass(frozen=True)
class _Refit:
    """One model of the family: which of all rows it uses, which claims are its own, how it is refitted."""

    rows: IntArray
    claims: list[int]
    again: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    width: int


def _bootstrapped(
    claims: Sequence[tuple[RegressionResult, str]], replicates: int, seed: int, clusters: pd.Series | None
) -> tuple[FloatArray, FloatArray]:
    """Statistics (m,) and their draws (B, m), centred at the estimates and studentised alike."""
    models = list({id(model): model for model, _ in claims}.values())
    for model in models:
        require_refittable(model)
    everyone = models[0].estimation.outcome.index
    for model in models[1:]:
        everyone = everyone.union(model.estimation.outcome.index, sort=False)
    groups = cluster_codes(clusters, None, everyone)
    codes = None if groups is None else groups[0]
    refits = []
    for model in models:
        rows = everyone.get_indexer(model.estimation.outcome.index).astype(np.int64)
        own = [i for i, (of, _) in enumerate(claims) if of is model]
        again = studentised(model, [claims[i][1] for i in own], None if codes is None else codes[rows])
        refits.append(_Refit(rows, own, again, model.estimation.equations[0].matrix.shape[1]))
    estimate, error = np.empty(len(claims)), np.empty(len(claims))
    null = np.empty((replicates, len(claims)))
    with single_thread():
        for refit in refits:
            found = refit.again(np.ones((1, len(refit.rows))))
            estimate[refit.claims], error[refit.claims] = found[0][0], found[1][0]
        step = max(1, _CHUNK_CELLS // (len(everyone) * max(refit.width for refit in refits)))
        for first in range(0, replicates, step):
            part = range(first, min(first + step, replicates))
            counts = resample_counts(seed, len(everyone), part, clusters=codes)
            for refit in refits:
                drawn, spread = refit.again(counts[:, refit.rows])
                null[part.start : part.stop, refit.claims] = (drawn - estimate[refit.claims]) / spread
    return estimate / error, null
