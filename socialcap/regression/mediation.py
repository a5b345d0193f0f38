"""How much of a cause's effect runs through mediators: indirect effects with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels.intervals import bca, percentile
from socialcap.kernels.mediation import Paths, bootstrap_paths, jackknife_paths, replicate_paths
from socialcap.kernels.threads import single_thread
from socialcap.regression.inputs import cluster_codes, require_level, require_one_of
from socialcap.regression.mediation_effects import (
    effects,
    moderated_mediation_index,
    path_values,
    standardising,
)
from socialcap.regression.mediation_model import (
    Kind,
    MediationModel,
    MediationPlan,
    Moderated,
    mediation_model,
)
from socialcap.regression.models import Covariance, regress
from socialcap.results import RegressionResult, Text
from socialcap.results.mediation import MediationResult

Interval = Literal["percentile", "bca"]
_MIN_REPLICATES = 100


def mediation(
    data: pd.DataFrame,
    *,
    x: str,
    m: str | Sequence[str],
    y: str,
    covariates: Sequence[str] = (),
    kind: Kind = "parallel",
    moderator: str | None = None,
    moderated: Moderated | Sequence[Moderated] = (),
    levels: Sequence[float] | None = None,
    replicates: int = 5000,
    seed: int = 1,
    interval: Interval = "percentile",
    level: float = 0.95,
    clusters: pd.Series | str | None = None,
    cov: Covariance | None = None,
    labels: Mapping[str, Text] | None = None,
) -> MediationResult:
    """Paths, direct, total and indirect effects of `x` on `y` through mediators `m`, all of them linear.

    kind: "parallel", mediators beside each other (PROCESS model 4); "serial", each acting on those after it,
        in the order given (model 6), all 2^k - 1 ways shown.
    covariates: columns or formula terms, such as "C(trade)", in every equation.
    moderator, moderated: a numeric variable and which paths it changes, of parallel mediators: "a" the cause
        on the mediators (model 7), "b" the mediators on the outcome (model 14), "direct" (model 5), or
        several (8, 15, 58, 59). Cause, mediators and moderator are then centred at their means, so that a
        path's coefficient is the one at the moderator's mean; conditional effects are shown at `levels` of
        the moderator, by default its two values, or its mean and one standard deviation (ddof 1) either side.
    replicates, seed, interval, level: bootstrap of rows, or of whole `clusters` (a series, or a column's
        name); "percentile" or "bca" (Efron 1987). The same seed gives the same numbers.
    cov: covariance of the paths' conventional errors, as in `regress`; by default HC3, with clusters CR2.

    All equations use the rows complete on all variables. Indirect effects are products of least-squares
    coefficients (MacKinnon 2008; Hayes 2018); the index of moderated mediation is their slope in the
    moderator (Hayes 2015). Standardised effects are multiplied by the standard deviation of the cause over
    that of the outcome, in every replicate; of a cause with two values by one over the outcome's (partially
    standardised).

    Raises UsageError for unknown (nearest name), repeated or non-numeric variables, options out of range,
    moderated serial chains and a single cluster; EstimationError for variables without variation, collinear
    regressors, and where fewer than half of the replicates can be estimated.
    """
    plan = MediationPlan(
        x=x,
        mediators=(m,) if isinstance(m, str) else tuple(m),
        y=y,
        covariates=tuple(covariates),
        kind=kind,
        moderator=moderator,
        moderated=frozenset((moderated,) if isinstance(moderated, str) else moderated),
    )
    _require_options(plan, levels, interval, replicates, level)
    model = mediation_model(plan, data, levels)
    groups = cluster_codes(clusters, data, model.frame.index)
    codes = None if groups is None else groups[0]
    within = None if codes is None else pd.Series(codes, model.frame.index)
    models = [
        regress(formula, model.frame, cov=cov, clusters=within, name=f"mediation_{i}", labels=labels or {})
        for i, formula in enumerate(model.formulas, 1)
    ]
    columns = model.columns.to_numpy(dtype=float)
    with single_thread():
        one = replicate_paths(columns, np.ones((1, len(columns))), model.equations)
        drawn = bootstrap_paths(columns, model.equations, seed=seed, replicates=replicates, clusters=codes)
        left_out = jackknife_paths(columns, model.equations, codes) if interval == "bca" else None
    solved = int(np.isfinite(np.column_stack(drawn.slopes)).all(axis=1).sum())
    if solved < replicates / 2:
        raise EstimationError(f"{solved} of {replicates} bootstrap replicates can be estimated")
    summarise = _Summary(one, drawn, left_out, level)
    shown = effects(model, drawn)
    return MediationResult(
        x=plan.x,
        mediators=plan.mediators,
        y=plan.y,
        covariates=plan.covariates,
        kind=plan.kind,
        moderator=plan.moderator,
        moderated=tuple(sorted(plan.moderated)),
        process_model=plan.process_model,
        paths=_paths(model, models, summarise),
        effects=_effects(model, summarise),
        index=_index(model, summarise),
        draws=pd.DataFrame({effect.name: effect.values for effect in shown}),
        models=dict(zip(plan.regressors(), models, strict=False)),
        total_model=models[-1] if plan.moderator is None else None,
        n_obs=len(columns),
        n_clusters=None if groups is None else len(groups[1]),
        dropped=model.dropped,
        replicates=replicates,
        solved=solved,
        seed=seed,
        interval=interval,
        level=level,
        cov=models[0].cov,
        centre=model.centre if plan.moderator is not None else None,
        partially_standardised=model.two_valued_cause,
        labels=labels or {},
    )


def _require_options(
    plan: MediationPlan, levels: Sequence[float] | None, interval: str, replicates: int, level: float
) -> None:
    require_one_of("kind", plan.kind, ("parallel", "serial"))
    require_one_of("interval", interval, ("percentile", "bca"))
    require_level(level)
    for path in sorted(plan.moderated):
        require_one_of("moderated", path, ("a", "b", "direct"))
    if not plan.mediators:
        raise UsageError("m: name at least one mediator")
    if replicates < _MIN_REPLICATES:
        raise UsageError(f"replicates={replicates}: at least {_MIN_REPLICATES} are needed for an interval")
    if (plan.moderator is None) != (not plan.moderated):
        raise UsageError('moderator and moderated go together: moderator="w", moderated="a"')
    if levels is not None and plan.moderator is None:
        raise UsageError("levels are those of a moderator, and there is none")
    if plan.moderated and plan.kind == "serial":
        raise UsageError('moderated paths are for kind="parallel"; serial chains have no moderator')


class _Summary:
    """Estimate, bootstrap error (ddof 1) and interval of any function of the paths."""

    def __init__(self, one: Paths, drawn: Paths, left_out: Paths | None, level: float) -> None:
        self.one, self.drawn, self.left_out, self.level = one, drawn, left_out, level

    def __call__(self, function: Any) -> pd.DataFrame:
        """From paths to values (B, E): a row for each of the E."""
        estimate: FloatArray = function(self.one)[0]
        draws: FloatArray = function(self.drawn)
        if self.left_out is None:
            low, high = percentile(draws, self.level)
        else:
            low, high = bca(draws, estimate, function(self.left_out), self.level)
        error = np.nanstd(draws, axis=0, ddof=1)
        return pd.DataFrame({"estimate": estimate, "std_error": error, "ci_low": low, "ci_high": high})


def _paths(model: MediationModel, models: Sequence[RegressionResult], summarise: _Summary) -> pd.DataFrame:
    """Coefficients of the model's own regressors: bootstrap and conventional errors side by side."""
    keys = list(path_values(model, summarise.one))
    found = summarise(lambda paths: np.column_stack(list(path_values(model, paths).values())))
    by_outcome = dict(zip(model.plan.regressors(), models, strict=False))
    conventional = pd.DataFrame(
        [
            by_outcome[outcome].coefficients.loc[name, ["std_error", "statistic", "p_value"]]
            for outcome, name in keys
        ]
    ).to_numpy(dtype=float)
    found.index = pd.MultiIndex.from_tuples(keys, names=["outcome", "regressor"])
    found[["model_error", "statistic", "p_value"]] = conventional
    return found


def _effects(model: MediationModel, summarise: _Summary) -> pd.DataFrame:
    """Every effect with its standardised value, by name."""

    def raw(paths: Paths) -> FloatArray:
        return np.column_stack([effect.values for effect in effects(model, paths)])

    rows = effects(model, summarise.one)
    found = summarise(raw)
    scaled = summarise(lambda paths: raw(paths) * standardising(model, paths)[:, None])
    found.insert(0, "effect", [row.kind for row in rows])
    found.insert(1, "way", [row.way for row in rows])
    found.insert(2, "level", [row.level for row in rows])
    found[["beta", "beta_low", "beta_high"]] = scaled[["estimate", "ci_low", "ci_high"]]
    found.index = pd.Index([row.name for row in rows], name="name")
    return found


def _index(model: MediationModel, summarise: _Summary) -> pd.DataFrame:
    """Index of moderated mediation by mediator; no row where the model has none."""
    names = list(moderated_mediation_index(model, summarise.one))
    if not names:
        return pd.DataFrame(columns=["estimate", "std_error", "ci_low", "ci_high"], dtype=float)
    found = summarise(lambda paths: np.column_stack(list(moderated_mediation_index(model, paths).values())))
    found.index = pd.Index(names, name="mediator")
    return found
