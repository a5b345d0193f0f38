"""What a reader of the results should know of the survey: answers lost, items that run the wrong way, guesses."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.codebook import Codebook, check_codebook
from socialcap.errors import Problem
from socialcap.plan import StudyPlan
from socialcap.study.names import factor_items, scales
from socialcap.survey import Survey, reverse_key_check
from socialcap.survey.reverse_key import PERHAPS_UNREVERSED
from socialcap.survey.rules import Rule

_SHOWN = 4


def survey_problems(plan: StudyPlan, survey: Survey, book: Codebook) -> list[Problem]:
    """Everything that the cleaned survey and its codebook leave to be said, errors first."""
    problems = [
        *_sample(plan, survey, book),
        *survey.problems,
        *(problem for problem in check_codebook(book) if problem.severity == "warning"),
        *_lost_answers(survey),
        *_near_misses(survey),
        *_unknown_columns(survey),
        *_single_items(plan, book),
        *_reversed(survey, book),
        *_unconfirmed(book),
    ]
    return sorted(problems, key=lambda problem: problem.severity)


def _sample(plan: StudyPlan, survey: Survey, book: Codebook) -> Iterator[Problem]:
    """Whether enough is left to analyse."""
    firms = survey.responses
    if firms.empty:
        yield Problem("no respondent is left after the exclusions")
        return
    items = [item for item in factor_items(plan, book) if item in firms]
    for name in items:
        if firms[name].notna().sum() == 0:
            yield Problem("no analysed respondent answered this item", column=name)
        elif firms[name].nunique() == 1:
            yield Problem("all analysed respondents gave the same answer", column=name)
    complete = int(firms[items].notna().all(axis=1).sum())
    if items and complete <= len(items):
        message = f"{complete} respondents answered all {len(items)} items; more than {len(items)} are needed"
        yield Problem(message)
    elif complete < 5 * len(items):
        message = f"{complete} complete respondents for {len(items)} items: fewer than five for each item"
        yield Problem(message, severity="warning")


def _lost_answers(survey: Survey) -> Iterator[Problem]:
    """Answers that were made missing because they could not be read, or lie outside the range."""
    rules = survey.ledger["rule"].astype(str)
    for rule in (Rule.UNREADABLE, Rule.OUT_OF_RANGE):
        lost = survey.ledger[rules == rule.value]
        for name, cells in lost.groupby("variable", observed=True, sort=False):
            first = ", ".join(
                f"{old!r} (row {row})" for row, old in cells[["row", "old"]].to_numpy()[:_SHOWN]
            )
            more = f" and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else ""
            message = f"{rule.label.en[0].lower()}{rule.label.en[1:]}: {first}{more}"
            yield Problem(message, column=str(name), severity="warning")


def _near_misses(survey: Survey) -> Iterator[Problem]:
    for name, text, count, near in survey.near_misses.to_numpy(dtype=object):
        message = f"no option reads {text!r} ({count}×); the nearest is {near!r}"
        yield Problem(message, column=str(name), severity="warning")


def _unknown_columns(survey: Survey) -> Iterator[Problem]:
    if survey.unknown_columns:
        message = "columns that the codebook does not know: " + ", ".join(survey.unknown_columns)
        yield Problem(message, "export", severity="warning")


def _single_items(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    """Scales of one item, which measure nothing that the item does not say by itself."""
    for scale, items in scales(plan, book).items():
        if len(items) == 1:
            message = (
                f"the only item of the scale {scale}: no reliability can be given, and a factor named after the "
                "scale would be this item alone"
            )
            yield Problem(message, column=items[0], severity="warning")


def _reversed(survey: Survey, book: Codebook) -> Iterator[Problem]:
    """Items that run against the rest of their scale."""
    table = reverse_key_check(survey.responses, book)
    keys = [column.key for column in table.columns]
    for row in (dict(zip(keys, cells, strict=True)) for cells in table.rows):
        if row["verdict"] == PERHAPS_UNREVERSED:
            message = (
                f"correlates {row['r']:.2f} with the rest of the scale {row['scale']}: perhaps unreversed, or "
                "the codes of its answers are out of order"
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
