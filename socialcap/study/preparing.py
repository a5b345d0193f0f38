"""What every step of a study reads, for those who take the steps themselves, as in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from socialcap.codebook import Codebook
from socialcap.plan import StudyPlan
from socialcap.progress import Progress
from socialcap.results import Result, Table, Text
from socialcap.study.measuring import scales_of_items
from socialcap.study.names import factor_items, validity_scales
from socialcap.study.reading import load_survey, silent, with_levels
from socialcap.study.setting import Setting
from socialcap.survey import Survey
from socialcap.survey.variants import responses_under


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

    @property
    def answers(self) -> dict[str, dict[str, Text]]:
        """Words for the codes of variables that have a list of values, without those of a missing answer."""
        given = {
            item.name: [option.code for option in self.codebook.options(item) if option.missing is None]
            for item in self.codebook
            if item.values
        }
        return {name: {code: self.levels[name][code] for code in codes} for name, codes in given.items()}

    def data_under(self, rules: Sequence[str] = ()) -> pd.DataFrame:
        """The firms that other rules of [[exclude]] leave, named by flag or condition; everybody with none.

        Raises StudyError where the study has no such rule.
        """
        return with_levels(responses_under(self.survey, rules), self.codebook)

    def tables(self) -> list[Table]:
        """The survey's: sample flow, variables, changes, quality."""
        return self.survey.tables()


def prepare(plan: StudyPlan, progress: Progress = silent) -> PreparedStudy:
    """A plan's survey read, cleaned and labelled, as `run` gives it to the models.

    Raises UnreadableError, CodebookError and StudyError as reading does.
    """
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
