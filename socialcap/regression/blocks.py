"""Hierarchical regression: blocks of regressors added one after the other, on one sample."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from socialcap.errors import EstimationError, Problem, UsageError
from socialcap.regression.formula import read_formula
from socialcap.regression.models import Covariance, Model, regress
from socialcap.regression.sample import Columns, as_list, complete_sample
from socialcap.results import RegressionResult, Text
from socialcap.results.effects import HierarchicalResult


def hierarchical(
    formulas: Sequence[str],
    data: pd.DataFrame,
    *,
    model: Model = "ols",
    cov: Covariance | None = None,
    clusters: Columns = None,
    weights: Columns = None,
    **options: Any,
) -> HierarchicalResult:
    """Models that add block after block of regressors, with the gain of each block and its test.

    All are fitted to the rows that are complete on the variables of every formula, so that the gains compare
    like with like. Linear models: ΔR², ΔF = (ΔR²/q) / ((1 - R²)/(n - k)) of the q columns added, referred to
    F(q, n - k) (classical), and with another `cov` the Wald test of the same columns over q with that
    covariance. Other models: the likelihood-ratio test where it is valid (unweighted, not quasi-likelihood,
    and not REML), and the Wald test with `cov`. `options` are those of `regress`.

    Raises UsageError for fewer than two formulas, EstimationError where a model does not hold all columns of
    the one before.
    """
    if len(formulas) < 2:
        raise UsageError("a hierarchical regression needs two formulas or more, the smallest first")
    columns = list(map(str, data.columns))
    variables = set[str]().union(*(read_formula(formula, columns).variables() for formula in formulas))
    roles: dict[str, Columns] = {"clusters": clusters, "weights": weights}
    roles |= {name: options[name] for name in _ROLES if name in options}
    sample = complete_sample(data, variables, " / ".join(formulas), roles)
    if not data.index.is_unique:
        raise UsageError("the data have row labels that stand there twice; reset the index")
    kept = data.drop(index=sample.dropped.index)
    named = {role: _on(given, kept.index) for role, given in roles.items()}
    labels = options.pop("labels", None)
    models = [
        regress(
            formula,
            kept,
            model=model,
            cov=cov,
            name=f"model_{i}",
            label=Text(f"Model {i}", f"模型 {i}"),
            labels=labels,
            **(options | {role: given for role, given in named.items() if given is not None}),
        )
        for i, formula in enumerate(formulas, 1)
    ]
    linear = models[0].linear
    rows = [_first(models[0])]
    rows += [
        _linear_step(small, large) if linear else _likelihood_step(small, large)
        for small, large in pairwise(models)
    ]
    return HierarchicalResult(
        table=pd.DataFrame(rows, index=[m.name for m in models]),
        models=tuple(models),
        labels=tuple(m.label for m in models),
        dropped=sample.dropped,
        notes=_notes(models[-1], sample.dropped, linear),
    )


_ROLES = ("strata", "fixed_effects", "exposure", "groups")


def _on(given: Columns, index: pd.Index) -> Columns:
    """A role's columns, series cut to the rows that are left."""
    if given is None:
        return None
    return [one if isinstance(one, str) else pd.Series(one).loc[index] for one in as_list(given)]


def _first(model: RegressionResult) -> dict[str, object]:
    """The smallest model: nothing to compare it with."""
    nan = float("nan")
    if model.linear:
        blank = dict.fromkeys(_LINEAR_STEP, nan)
        return _linear_base(model) | blank
    return _likelihood_base(model) | dict.fromkeys(_LIKELIHOOD_STEP, nan)


_LINEAR_STEP = ("delta_r2", "delta_f", "df1", "df2", "p", "wald_f", "wald_df2", "wald_p")
_LIKELIHOOD_STEP = ("delta_mcfadden", "df", "lr", "p", "wald", "wald_p")


def _linear_base(model: RegressionResult) -> dict[str, object]:
    return {
        "formula": model.formula,
        "n_obs": model.n_obs,
        "r2": model.fit["r2"],
        "adj_r2": model.fit["adj_r2"],
    }


def _likelihood_base(model: RegressionResult) -> dict[str, object]:
    return {
        "formula": model.formula,
        "n_obs": model.n_obs,
        "loglik": model.fit.get("loglik", np.nan),
        "mcfadden": model.fit.get("mcfadden", np.nan),
    }


def _added(small: RegressionResult, large: RegressionResult) -> list[str]:
    """The coefficients that the larger model adds; EstimationError unless it holds all of the smaller."""
    missing = [name for name in small.coefficients.index if name not in large.coefficients.index]
    if missing:
        raise EstimationError(
            f"{large.formula!r} is not an extension of {small.formula!r}",
            [Problem("stands in the smaller model alone", column=name) for name in missing],
        )
    added = [name for name in large.coefficients.index if name not in small.coefficients.index]
    if not added:
        raise EstimationError(f"{large.formula!r} adds nothing to {small.formula!r}")
    return added


def _wald(large: RegressionResult, added: list[str]) -> float:
    """b'V^-1 b of the added coefficients, NaN where their covariance is singular."""
    block = large.vcov.loc[added, added].to_numpy()
    scale = np.sqrt(np.diag(block))
    scaled = block / np.outer(scale, scale)
    if np.linalg.cond(scaled) > 1e12:
        return float("nan")
    b = large.coefficients.loc[added, "estimate"].to_numpy() / scale
    return float(b @ np.linalg.solve(scaled, b))


def _linear_step(small: RegressionResult, large: RegressionResult) -> dict[str, object]:
    """The gain in R², its classical F, and the Wald F with the model's covariance."""
    added = _added(small, large)
    q, df2 = len(added), large.df_resid
    delta = large.fit["r2"] - small.fit["r2"]
    f = (delta / q) / ((1.0 - large.fit["r2"]) / df2)
    wald_f, wald_df2 = _wald(large, added) / q, large.fit["f_df2"]
    step = {
        "delta_r2": delta,
        "delta_f": f,
        "df1": float(q),
        "df2": df2,
        "p": float(special.fdtrc(q, df2, f)),
        "wald_f": wald_f,
        "wald_df2": wald_df2,
        "wald_p": float(special.fdtrc(q, wald_df2, wald_f)),
    }
    if large.cov == "nonrobust":
        # the same test: shown once
        step |= dict.fromkeys(("wald_f", "wald_df2", "wald_p"), float("nan"))
    return _linear_base(large) | step


def _likelihood_step(small: RegressionResult, large: RegressionResult) -> dict[str, object]:
    """The likelihood-ratio test where it is valid, and the Wald test with the model's covariance."""
    added = _added(small, large)
    q, wald = len(added), _wald(large, added)
    nan = float("nan")
    lr = nan
    if large.estimation.loglik_comparable:
        lr = 2.0 * (large.fit["loglik"] - small.fit["loglik"])
    return _likelihood_base(large) | {
        "delta_mcfadden": large.fit.get("mcfadden", nan) - small.fit.get("mcfadden", nan),
        "df": float(q),
        "lr": lr,
        "p": float(special.chdtrc(q, lr)),
        "wald": wald,
        "wald_p": float(special.chdtrc(q, wald)),
    }


def _notes(largest: RegressionResult, dropped: pd.Series, linear: bool) -> tuple[Text, ...]:
    common = Text(
        "All models on the {n} rows complete for every one of them; {left} rows left out.",
        "各模型均使用对全部模型都完整的 {n} 行；剔除 {left} 行。",
    ).format(n=largest.n_obs, left=len(dropped))
    if linear:
        test = Text(
            "ΔF and p: classical F of the block added. Robust F: Wald test of the block, {cov} covariance.",
            "ΔF 与 p：新增变量组的经典 F 检验。稳健 F：新增变量组的 Wald 检验，{cov} 协方差。",
        )
    else:
        test = Text(
            "LR χ²: likelihood-ratio test of the block added; Wald χ²: {cov} covariance.",
            "LR χ²：新增变量组的似然比检验；Wald χ²：{cov} 协方差。",
        )
    event = () if largest.event is None else (largest.event.note,)
    return *event, common, test.format(cov=largest.covariance.label)
