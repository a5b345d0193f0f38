"""The codebook against the data, and the quality of the answers, before any model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from socialcap.codebook import Codebook, MissingKind, check_codebook
from socialcap.errors import Problem
from socialcap.plan import StudyPlan
from socialcap.results import Column, Result, Table, Text, table_rows
from socialcap.study.names import factor_items
from socialcap.study.running import Progress, load_survey, silent
from socialcap.survey import Survey, reverse_key_check
from socialcap.survey.reverse_key import PERHAPS_UNREVERSED


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
        columns = (
            Column("severity", Text("Severity", "级别"), align="left"),
            Column("place", Text("Place", "位置"), align="left"),
            Column("problem", Text("Problem", "问题"), align="left"),
        )
        rows = [[_SEVERITIES[p.severity], p.column or p.where, _wording(p)] for p in self.problems]
        found = Table("problems", Text("What the check found", "检查结果"), columns, table_rows(rows))
        return [found, *self.survey.tables()]


_SEVERITIES = {"error": Text("error", "错误"), "warning": Text("warning", "警告")}


def check(plan: StudyPlan, progress: Progress = silent) -> CheckResult:
    """Read and clean a plan's survey, and say what is wrong with it; no models.

    Raises UnreadableError, CodebookError and StudyError as reading does.
    """
    survey, book = load_survey(plan, progress)
    problems = [
        *_sample(plan, survey, book),
        *survey.problems,
        *check_codebook(book),
        *_answers(survey),
        *_reversed(survey, book),
        *_unconfirmed(book),
    ]
    problems.sort(key=lambda problem: problem.severity)
    return CheckResult(tuple(problems), survey)


def _sample(plan: StudyPlan, survey: Survey, book: Codebook) -> Iterator[Problem]:
    """Whether enough is left to analyse."""
    firms = survey.responses
    if firms.empty:
        yield Problem("no respondent is left after the exclusions")
        return
    if plan.factors is None:
        return
    items = [item for item in factor_items(plan, book) if item in firms]
    for name in items:
        if firms[name].notna().sum() == 0:
            yield Problem("no analysed respondent answered this item", column=name)
        elif firms[name].nunique() == 1:
            yield Problem("all analysed respondents gave the same answer", column=name)
    complete = int(firms[items].notna().all(axis=1).sum())
    if complete <= len(items):
        yield Problem(
            f"{complete} respondents answered all {len(items)} items; more than {len(items)} are needed"
        )
    elif complete < 5 * len(items):
        message = f"{complete} complete respondents for {len(items)} items: fewer than five for each item"
        yield Problem(message, severity="warning")


def _answers(survey: Survey) -> Iterator[Problem]:
    """Answers that were lost in cleaning, near misses, and columns that nobody reads."""
    for name, kinds in survey.missing.items():
        lost = {
            kind: int((kinds == kind.value).sum())
            for kind in (MissingKind.UNREADABLE, MissingKind.OUT_OF_RANGE)
        }
        for kind, count in lost.items():
            if count:
                message = (
                    f"{kind.label.en.lower()}: {count} of {len(kinds)} answers; the ledger has each of them"
                )
                yield Problem(message, column=str(name), severity="warning")
    for name, text, count, near in survey.near_misses.to_numpy(dtype=object):
        message = f"an answer that is no option stands {count}×; the nearest is {near!r}"
        yield Problem(message, column=str(name), value=str(text), severity="warning")
    if survey.unknown_columns:
        message = "columns that the codebook does not know: " + ", ".join(survey.unknown_columns)
        yield Problem(message, "export", severity="warning")


def _reversed(survey: Survey, book: Codebook) -> Iterator[Problem]:
    """Items that run against the rest of their scale."""
    table = reverse_key_check(survey.responses, book)
    keys = [column.key for column in table.columns]
    for row in (dict(zip(keys, cells, strict=True)) for cells in table.rows):
        if row["verdict"] == PERHAPS_UNREVERSED:
            message = (
                f"perhaps unreversed: correlates {row['r']:.2f} with the rest of the scale {row['scale']}"
            )
            yield Problem(message, column=str(row["variable"]), severity="warning")


def _unconfirmed(book: Codebook) -> Iterator[Problem]:
    """Guesses in the codebook that nobody has confirmed."""
    waiting = [item for item in book if item.confirm]
    if waiting:
        names = ", ".join(f"{item.name} ({', '.join(item.confirm)})" for item in waiting[:8])
        more = f" and {len(waiting) - 8} more" if len(waiting) > 8 else ""
        message = f"guesses in the codebook wait to be confirmed: {names}{more}"
        yield Problem(message, "codebook", column="confirm", severity="warning")


def _wording(problem: Problem) -> str:
    found = f" ({problem.value})" if problem.value else ""
    expected = f"; expected {problem.expected}" if problem.expected else ""
    return problem.message + found + expected
