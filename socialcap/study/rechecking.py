"""The headline numbers of a study by other libraries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from socialcap.errors import Problem
from socialcap.measurement import second_opinion
from socialcap.measurement.second_opinion import correlation_opinion
from socialcap.regression.second_opinion import regression_opinion
from socialcap.results import RegressionResult, SecondOpinionResult, StudyResult
from socialcap.study.measuring import scales_of_items
from socialcap.study.setting import Setting


def recheck(setting: Setting, result: StudyResult) -> StudyResult:
    """The result with what other libraries make of it; where they differ, the problems say so."""
    setting.progress("second opinion")
    found = SecondOpinionResult(())
    if result.measurement:
        scales = scales_of_items(setting)
        found = found.joined(second_opinion(setting.data, result.measurement.factors, scales))
    found = found.joined(regression_opinion(list(_models(result))))
    if result.profile:
        found = found.joined(correlation_opinion(result.data, result.profile))
    said = () if found.agrees else (Problem(found.verdict()("en"), severity="warning"),)
    return replace(result, second_opinion=found, problems=(*result.problems, *said))


def _models(result: StudyResult) -> Iterator[RegressionResult]:
    """Every model of the study, those of blocks, moderation and mediation under their own labels."""
    yield from result.regressions
    for blocks in result.hierarchical:
        yield from (replace(model, label=blocks.label) for model in blocks.models)
    for moderation in result.moderations:
        yield replace(moderation.model, label=moderation.label)
    for mediation in result.mediations:
        yield from (replace(model, label=mediation.label) for model in mediation.models.values())
