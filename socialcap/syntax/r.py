"""A study's analysis as an R file that reads the cleaned data, prints its numbers and keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from socialcap.plan import StudyPlan
from socialcap.results import StudyResult
from socialcap.syntax.frame import file_columns
from socialcap.syntax.models import named_models
from socialcap.syntax.r_measurement import measurement_steps
from socialcap.syntax.r_models import mediation_steps, model_steps
from socialcap.syntax.r_text import comment, quoted, texts, vector
from socialcap.syntax.words import header, not_done

_HELPERS = Path(__file__).with_name("helpers.R")


def r_file(result: StudyResult, plan: StudyPlan) -> str:
    """The R file."""
    return "\n".join(_lines(result, plan)) + "\n"


def _lines(result: StudyResult, plan: StudyPlan) -> Iterator[str]:
    for line in header(result):
        yield comment(line)
    yield comment(
        "Run it in its own folder: Rscript analysis.R. Needs the packages psych, GPArotation, lavaan,"
    )
    yield comment("sandwich, lmtest and MASS. Numbers go to numbers_R.csv, by the names that socialcap uses.")
    yield ""
    yield _HELPERS.read_text(encoding="utf-8")
    yield 'cleaned <- read.csv("../cleaned.csv", fileEncoding = "UTF-8-BOM", check.names = FALSE,'
    kept = [f'{quoted(one.heading)} = "character"' for one in file_columns(result, plan) if not one.numeric]
    classes = f", colClasses = {vector(kept)}" if kept else ""
    yield f'  na.strings = "", stringsAsFactors = FALSE{classes})'
    if result.measurement is not None:
        yield from measurement_steps(result.measurement, plan)
    yield from _correlations(result)
    for named in named_models(result, plan):
        yield from model_steps(named)
    for found in result.mediations:
        yield from mediation_steps(found)
    yield "\n## Steps of the study that stand in no syntax file"
    for step in not_done(result):
        yield comment(f"NOT DONE HERE: {step}.")
    yield "\nwrite.csv("
    yield '  data.frame(name = names(numbers), value = sprintf("%.17g", unlist(numbers))),'
    yield '  "numbers_R.csv", row.names = FALSE, quote = TRUE, fileEncoding = "UTF-8"'
    yield ")"


def _correlations(result: StudyResult) -> Iterator[str]:
    matrix = None if result.profile is None else result.profile.correlations
    if matrix is None:
        return
    yield "\n## Correlations of the variables of the models, over pairwise complete rows"
    yield f"described <- cleaned[, {texts(map(str, matrix.columns))}]"
    yield 'matrix_of_r <- cor(described, use = "pairwise.complete.obs")'
    yield "for (j in seq_along(described)) for (i in seq_along(described)) if (i > j) record("
    yield '  paste("correlation", names(described)[i], names(described)[j], sep = "."), matrix_of_r[i, j]'
    yield ")"
