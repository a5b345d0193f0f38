"""A study's survey: codebook and data read and cleaned, names in the study file checked."""

from __future__ import annotations

import pandas as pd

from socialcap.codebook import Codebook, ItemType, read_codebook
from socialcap.plan import StudyPlan
from socialcap.progress import Progress
from socialcap.study.name_checks import require_known_names
from socialcap.survey import Survey, read_survey


def silent(done: int | str, total: int | None = None, /) -> None:
    """Shows no progress."""


def load_survey(plan: StudyPlan, progress: Progress = silent) -> tuple[Survey, Codebook]:
    """The cleaned survey of a plan and its codebook, the plan's names checked against it."""
    progress("reading the codebook")
    book = read_codebook(plan.path(plan.data.codebook))
    require_known_names(plan, book)
    progress("reading and cleaning the survey")
    data = plan.data
    survey = read_survey(
        [plan.path(name) for name in data.files],
        book,
        platform=data.platform,
        encoding=data.encoding,
        separator=data.separator,
        sheet=data.sheet,
        combine=data.combine,
        numbers=plan.path(data.numbers) if data.numbers else "",
        keep_personal=data.keep_personal,
        derive=plan.derive,
        quality=plan.quality,
        exclude=plan.exclude,
    )
    return survey, book


def with_levels(responses: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """The responses with nominal variables as categories in the codebook's order, the first the reference."""
    nominal = [item for item in book if item.type is ItemType.NOMINAL and item.name in responses]
    categories = {
        item.name: pd.Categorical(responses[item.name], book.value_lists[item.values].codes)
        for item in nominal
        if item.values
    }
    return responses.assign(**categories)
