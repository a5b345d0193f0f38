"""What every step of a study reads, and how a step that cannot be made is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import pandas as pd

from socialcap.codebook import Codebook
from socialcap.errors import EstimationError, NotAvailableError, Problem, SocialcapError, UsageError
from socialcap.plan import StudyPlan
from socialcap.progress import Progress
from socialcap.results import Text
from socialcap.study.names import level_labels, variable_labels
from socialcap.study.reading import with_levels
from socialcap.survey import Survey

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Setting:
    """Plan, cleaned survey and codebook of a study, labels of variables and levels.

    `data` are the analysed firms, nominal variables as categories. `problems` gathers what a reader should
    know of steps that could not be made.
    """

    plan: StudyPlan
    survey: Survey
    book: Codebook
    data: pd.DataFrame
    labels: Mapping[str, Text]
    levels: Mapping[str, Mapping[str, Text]]
    progress: Progress
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, plan: StudyPlan, survey: Survey, book: Codebook, progress: Progress) -> Setting:
        """The setting of a plan whose survey has been read."""
        data = with_levels(survey.responses, book)
        return cls(plan, survey, book, data, variable_labels(plan, book), level_labels(book), progress)

    @property
    def seed(self) -> int:
        """The study's seed."""
        return self.plan.study.seed

    def attempt(self, what: str, step: Callable[[], _Made]) -> _Made | None:
        """What `step` gives; None where it cannot be estimated or does not exist, which `problems` then says."""
        try:
            return step()
        except (UsageError, EstimationError, NotAvailableError) as error:
            self.problems.append(Problem(f"{what}: {_said(error)}", severity="warning"))
            return None

    def require(self, what: str, step: Callable[[], _Made]) -> _Made:
        """What `step` gives. Raises EstimationError that names it where it cannot be estimated."""
        try:
            return step()
        except (UsageError, EstimationError) as error:
            raise EstimationError(f"{what}: {error.message}", error.problems) from None


def _said(error: SocialcapError) -> str:
    """An error and its particulars in one line."""
    return "; ".join([error.message, *map(str, error.problems)])
