"""The uncertainty of measurement carried into the regressions on factor scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from socialcap.errors import Problem
from socialcap.inference import pipeline
from socialcap.kernels.pipeline import Model
from socialcap.kernels.threads import cores
from socialcap.plan import FactorsPart, InferencePart, RegressionPart
from socialcap.regression.formula import read_formula
from socialcap.results import PipelineResult, RegressionResult
from socialcap.study.measuring import factor_options
from socialcap.study.names import factor_items, factor_names, variables
from socialcap.study.setting import Setting

_MODELS: tuple[str, ...] = get_args(Model)


def carry(setting: Setting, part: RegressionPart, model: RegressionResult) -> PipelineResult | None:
    """A regression repeated through the whole pipeline, on the same firms, variables, levels and options of the
    factors; None where it has no score, or cannot be repeated, which the problems then say.
    """
    factors, asked = setting.plan.factors, setting.plan.inference
    if factors is None or not asked.replicates or not _names_a_score(setting, factors, part):
        return None
    what = f"inference through the pipeline for regression {part.name}"
    obstacles = list(_obstacles(part, asked))
    if obstacles:
        setting.problems.append(Problem(f"{what}: {'; '.join(obstacles)}", severity="warning"))
        return None
    setting.progress(what)
    # the scores are made anew in each resample, so that the data come without them
    found = setting.attempt(
        what,
        lambda: pipeline(
            setting.data,
            part.formula,
            items=factor_items(setting.plan, setting.book),
            n_factors=factors.n_factors,
            composite=factors.composite,
            composite_name=factors.composite_name,
            model=part.model,  # type: ignore[arg-type]  # one of _MODELS: others are obstacles
            replicates=asked.replicates,
            seed=setting.seed,
            clusters=_clusters(part, asked),
            interval=asked.interval,
            level=asked.level,
            imputations=asked.imputations,
            workers=asked.workers or cores(),
            progress=setting.progress,
            level_labels=setting.levels,
            **factor_options(setting, factors),
        ),
    )
    if found is not None:
        setting.problems.extend(_differences(part, factors, asked, model, found))
    return found


def _names_a_score(setting: Setting, factors: FactorsPart, part: RegressionPart) -> bool:
    """Whether a regression has a factor or the composite among its regressors."""
    named = read_formula(part.formula, variables(setting.plan, setting.book)).regressor_variables()
    return bool(named & {*factor_names(setting.plan, setting.book), factors.composite_name})


def _obstacles(part: RegressionPart, asked: InferencePart) -> Iterator[str]:
    """Why a regression cannot be repeated through the pipeline."""
    if part.model not in _MODELS:
        yield f"model {part.model!r} is not one of {', '.join(_MODELS)}"
    if part.weights or part.strata:
        yield "it has survey weights or strata"
    if part.fixed_effects:
        yield "it has absorbed fixed effects; write them into the formula as C(...)"
    if len(part.clusters) > 1 and not asked.clusters:
        yield "it has two ways of clustering; name the one to resample in [inference]"


def _clusters(part: RegressionPart, asked: InferencePart) -> str | None:
    """The clusters that are resampled."""
    return asked.clusters or (part.clusters[0] if part.clusters else None)


def _differences(
    part: RegressionPart,
    factors: FactorsPart,
    asked: InferencePart,
    model: RegressionResult,
    found: PipelineResult,
) -> Iterator[Problem]:
    """In what the pipeline is not the regression that it stands beside."""
    what = f"inference through the pipeline for regression {part.name}"
    if found.n_obs != model.n_obs:
        because = "it imputes missing answers" if asked.imputations else "it uses complete firms only"
        said = f"{what}: {found.n_obs} firms, the regression {model.n_obs}: {because}"
        yield Problem(said, severity="warning")
    if factors.missing != "listwise" and not asked.imputations:
        said = f"correlations are of complete firms, those of the factor analysis {factors.missing}"
        yield Problem(f"{what}: {said}", severity="warning")
