"""The models of a study: regressions, what follows from each, blocks, moderation and mediation."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from socialcap.plan import HierarchicalPart, MediationPart, ModerationPart, RegressionPart
from socialcap.regression import hierarchical, margins, regress
from socialcap.regression.diagnostics import diagnostics
from socialcap.regression.mediation import mediation
from socialcap.regression.moderation import moderation
from socialcap.results import (
    DiagnosticsResult,
    HierarchicalResult,
    MarginsResult,
    MediationResult,
    ModerationResult,
    RegressionResult,
)
from socialcap.study.setting import Setting


def fit_regression(setting: Setting, part: RegressionPart, data: pd.DataFrame) -> RegressionResult:
    """One [[regression]] on `data`, which holds the scores. Raises EstimationError naming it."""
    setting.progress(f"regression {part.name}")
    return setting.require(
        f"regression {part.name}",
        lambda: regress(
            part.formula,
            data,
            model=part.model,
            cov=part.cov,
            clusters=part.clusters or None,
            weights=part.weights,
            strata=part.strata,
            fixed_effects=part.fixed_effects or None,
            lower=part.lower,
            upper=part.upper,
            exposure=part.exposure,
            base=part.base,
            selection=part.selection,
            second=part.second,
            groups=part.groups,
            slopes=part.slopes,
            method=part.method,
            wild_weights=part.wild_weights,
            seed=setting.seed,
            name=part.name,
            label=part.label,
            labels=setting.labels,
            level_labels=setting.levels,
        ),
    )


def marginal_effects(setting: Setting, part: RegressionPart, model: RegressionResult) -> MarginsResult | None:
    """The marginal effects of a model, where they are asked for or usual, and exist."""
    at = part.margins_at
    usual = part.margins is None
    if at is None or (usual and model.estimation.response is None):
        return None
    setting.progress(f"marginal effects of {part.name}")
    return setting.attempt(f"marginal effects of {part.name}", lambda: margins(model, at))


def assumption_tests(
    setting: Setting, part: RegressionPart, model: RegressionResult
) -> DiagnosticsResult | None:
    """The tests of a model's assumptions, where it has any."""
    if not part.diagnostics:
        return None
    setting.progress(f"diagnostics of {part.name}")
    return setting.attempt(f"diagnostics of {part.name}", lambda: diagnostics(model, seed=setting.seed))


def fit_blocks(setting: Setting, part: HierarchicalPart, data: pd.DataFrame) -> HierarchicalResult:
    """One [[hierarchical]]. Raises EstimationError naming it."""
    setting.progress(f"hierarchical regression {part.name}")
    found = setting.require(
        f"hierarchical regression {part.name}",
        lambda: hierarchical(
            part.formulas,
            data,
            model=part.model,
            cov=part.cov,
            clusters=part.clusters or None,
            weights=part.weights,
            labels=setting.labels,
            level_labels=setting.levels,
        ),
    )
    return replace(found, name=part.name, label=part.label)


def fit_moderation(setting: Setting, part: ModerationPart, data: pd.DataFrame) -> ModerationResult:
    """One [[moderation]]. Raises EstimationError naming it."""
    setting.progress(f"moderation {part.name}")
    found = setting.require(
        f"moderation {part.name}",
        lambda: moderation(
            data,
            y=part.y,
            x=part.x,
            w=part.w,
            covariates=part.covariates,
            cov=part.cov,
            clusters=part.clusters or None,
            center=part.center,
            levels=part.levels,
            level=part.level,
            labels=setting.labels,
            level_labels=setting.levels,
        ),
    )
    return replace(found, name=part.name, label=part.label)


def fit_mediation(setting: Setting, part: MediationPart, data: pd.DataFrame) -> MediationResult:
    """One [[mediation]]. Raises EstimationError naming it."""
    setting.progress(f"mediation {part.name}")
    found = setting.require(
        f"mediation {part.name}",
        lambda: mediation(
            data,
            x=part.x,
            m=part.m,
            y=part.y,
            covariates=part.covariates,
            kind=part.kind,
            moderator=part.moderator,
            moderated=part.moderated,
            levels=part.levels,
            replicates=part.replicates,
            seed=setting.seed,
            interval=part.interval,
            level=part.level,
            clusters=part.clusters,
            cov=part.cov,
            labels=setting.labels,
        ),
    )
    return replace(found, name=part.name, label=part.label)
