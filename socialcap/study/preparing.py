"""What every step of a study reads, for those who take the steps themselves, as in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from socialcap.codebook import Codebook
from socialcap.errors import Problem, StudyError, nearest
from socialcap.plan import ExcludePart, StudyPlan
from socialcap.results import Result, Table, Text
from socialcap.study.measuring import scales_of_items
from socialcap.study.names import factor_items, validity_scales
from socialcap.study.reading import Progress, load_survey, silent
from socialcap.study.setting import Setting
from socialcap.survey import Survey


@dataclass(frozen=True)
class PreparedStudy(Result):
    """A study before its first model.

    survey    the cleaned survey, with the account of every change
    codebook  what the instrument means
    data      (n, ...) the analysed firms: nominal variables as categories in the codebook's order, the first
              of which regressions take as the reference
    items     the variables that are factored
    scales    the same by scale
    model     the items of each factor of the confirmatory model
    labels    words for variables, derived ones, factors and the composite
    levels    words for the codes of variables that have a list of values
    """

    survey: Survey
    codebook: Codebook
    data: pd.DataFrame
    items: list[str]
    scales: Mapping[str, list[str]]
    model: Mapping[str, list[str]]
    labels: Mapping[str, Text]
    levels: Mapping[str, Mapping[str, Text]]

    def tables(self) -> list[Table]:
        """The survey's: sample flow, variables, changes, quality."""
        return self.survey.tables()


def prepare(
    plan: StudyPlan, exclude: Sequence[str] | None = None, progress: Progress = silent
) -> PreparedStudy:
    """A plan's survey read, cleaned and labelled, as `run` gives it to the models.

    `exclude` names the rules of [[exclude]] that are applied, by flag or condition: all where it is None,
    nobody is excluded where it is empty. Raises UnreadableError, CodebookError and StudyError as reading does,
    StudyError also for a rule that the plan does not have.
    """
    if exclude is not None:
        plan = plan.model_copy(update={"exclude": _chosen(plan, exclude)})
    survey, book = load_survey(plan, progress)
    setting = Setting.of(plan, survey, book, progress)
    return PreparedStudy(
        survey=survey,
        codebook=book,
        data=setting.data,
        items=factor_items(plan, book),
        scales=scales_of_items(setting),
        model=validity_scales(plan, book),
        labels=setting.labels,
        levels=setting.levels,
    )


def _chosen(plan: StudyPlan, wanted: Sequence[str]) -> tuple[ExcludePart, ...]:
    """The rules of a plan that are wanted, in the plan's order."""
    rules = {str(part.flag or part.when): part for part in plan.exclude}
    unknown = [name for name in wanted if name not in rules]
    if unknown:
        problems = [Problem(_unknown(name, list(rules)), "exclude", value=name) for name in unknown]
        raise StudyError("the study file has no such rule", problems)
    return tuple(part for name, part in rules.items() if name in wanted)


def _unknown(name: str, known: Sequence[str]) -> str:
    hint = nearest(name, known)
    return "no rule of [[exclude]]" + (f"; {hint!r}?" if hint else "")
