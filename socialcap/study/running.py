"""One study from its plan to its result: the table of contents of the analysis."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from socialcap.claims import Evidence, judge, read_references
from socialcap.errors import Problem, SocialcapWarning
from socialcap.kernels.threads import single_thread
from socialcap.plan import RegressionPart, StudyPlan
from socialcap.progress import Progress
from socialcap.results import RegressionResult, StudyResult, Text
from socialcap.study.carrying import carry
from socialcap.study.describing import describe
from socialcap.study.measuring import measure
from socialcap.study.modelling import (
    assumption_tests,
    fit_blocks,
    fit_mediation,
    fit_moderation,
    fit_regression,
    marginal_effects,
)
from socialcap.study.origins import provenance
from socialcap.study.problems import survey_problems
from socialcap.study.reading import load_survey, silent
from socialcap.study.rechecking import recheck
from socialcap.study.registration import registration
from socialcap.study.robustness import follow
from socialcap.study.setting import Setting
from socialcap.study.settings_tree import plan_tree

_Made = TypeVar("_Made")


def run(plan: StudyPlan, progress: Progress = silent) -> StudyResult:
    """Everything that a plan asks for; `progress` is told the name of each step as it begins, and how
    many of how many parts of a long one are done.

    A regression, block, moderation or mediation that cannot be estimated stops the run; a validity, marginal
    effect, test of assumptions or pipeline that cannot is named in the result's problems.

    Raises UnreadableError, CodebookError, StudyError, DataCheckError and EstimationError as the steps do.
    """
    with single_thread(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", SocialcapWarning)
        result = _run(plan, progress)
    heard = {str(entry.message): entry for entry in said}
    for entry in heard.values():
        warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)
    own = [text for text, entry in heard.items() if issubclass(entry.category, SocialcapWarning)]
    noticed = tuple(Problem(text, severity="warning") for text in own)
    return replace(result, problems=(*result.problems, *noticed))


def _run(plan: StudyPlan, progress: Progress) -> StudyResult:
    survey, book = load_survey(plan, progress)
    setting = Setting.of(plan, survey, book, progress)
    data, measured = setting.data, None
    if plan.factors:
        measured = measure(setting, plan.factors)
        assert measured.factors.scores is not None  # the factors are those of data
        data = data.join(measured.factors.scores).join(measured.composite.scores)
    profile = describe(setting, plan.profile, data, measured)
    fitted = [(part, fit_regression(setting, part, data)) for part in plan.regression]
    margins = _by_name(fitted, lambda part, model: marginal_effects(setting, part, model))
    tests = _by_name(fitted, lambda part, model: assumption_tests(setting, part, model))
    pipelines = _by_name(fitted, lambda part, model: carry(setting, part, model))
    result = StudyResult(
        name=plan.study.name,
        title=plan.study.title or Text(plan.study.name, plan.study.name),
        note=plan.study.note,
        survey=survey,
        data=data,
        measurement=measured,
        profile=profile,
        regressions=tuple(model for _, model in fitted),
        margins=margins,
        diagnostics=tests,
        pipelines=pipelines,
        hierarchical=tuple(fit_blocks(setting, part, data) for part in plan.hierarchical),
        moderations=tuple(fit_moderation(setting, part, data) for part in plan.moderation),
        mediations=tuple(fit_mediation(setting, part, data) for part in plan.mediation),
        specifications=follow(setting),
        registration=registration(plan, book),
        plan=plan_tree(plan),
        provenance=provenance(plan, survey),
        problems=(*survey_problems(plan, survey, book), *setting.problems),
    )
    return recheck(setting, _judged(plan, result, progress))


def _judged(plan: StudyPlan, result: StudyResult, progress: Progress) -> StudyResult:
    """The result with a verdict on each claim."""
    if not plan.claim:
        return result
    progress("claims")
    evidence = Evidence.of(result, read_references(plan.references, plan.folder))
    return replace(result, claims=judge(plan.claim, evidence))


def _by_name(
    fitted: Iterable[tuple[RegressionPart, RegressionResult]],
    step: Callable[[RegressionPart, RegressionResult], _Made | None],
) -> dict[str, _Made]:
    """What a step gives for each regression, by the regression's name; nothing where it gives nothing."""
    made = {part.name: step(part, model) for part, model in fitted}
    return {name: result for name, result in made.items() if result is not None}
