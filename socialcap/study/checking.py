"""The codebook against the data, and the quality of the answers, before any model."""

from __future__ import annotations

from dataclasses import dataclass

from socialcap.errors import Problem
from socialcap.plan import StudyPlan
from socialcap.progress import Progress
from socialcap.results import Result, Table, problem_table
from socialcap.study.problems import survey_problems
from socialcap.study.reading import load_survey, silent
from socialcap.survey import Survey


@dataclass(frozen=True)
class CheckResult(Result):
    """What a check found: `problems` by severity, and the survey's own tables."""

    problems: tuple[Problem, ...]
    survey: Survey

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that stop an analysis."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that an analysis survives."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    def tables(self) -> list[Table]:
        said = {"items", "near_misses", "unknown_columns"}
        return [
            *(table for table in self.survey.tables() if table.key not in said),
            problem_table(self.problems),
        ]


def check(plan: StudyPlan, progress: Progress = silent) -> CheckResult:
    """Read and clean a plan's survey, and say what is wrong with it; no models.

    Raises UnreadableError, CodebookError and StudyError as reading does.
    """
    survey, book = load_survey(plan, progress)
    return CheckResult(tuple(survey_problems(plan, survey, book)), survey)
