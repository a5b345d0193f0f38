"""Figures by name, for a notebook: of a whole study, or of a single result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from socialcap.errors import UsageError
from socialcap.report.figures.canvas import Figure
from socialcap.report.figures.coefficients import pipeline_forest
from socialcap.report.figures.margins import margins_forest
from socialcap.report.figures.measurement import loading_map
from socialcap.report.figures.specifications import specification_curve
from socialcap.report.figures.study import study_figures
from socialcap.results import (
    FactorResult,
    MarginsResult,
    PipelineResult,
    Result,
    SpecificationCurveResult,
    StudyResult,
    Text,
)
from socialcap.results.specifications import CHOICE_LABELS


class Gallery(Mapping[str, Figure]):
    """Figures by key, in the report's order; each shows itself in a notebook, and all of them together do."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = {figure.key: figure for figure in figures}

    def __getitem__(self, key: str) -> Figure:
        if key not in self._figures:
            raise KeyError(f"no figure {key!r}; there are {', '.join(self._figures)}")
        return self._figures[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __repr__(self) -> str:
        return "\n".join(f"{key}: {figure.title('en')}" for key, figure in self._figures.items())

    def _repr_html_(self) -> str:
        return "".join(figure.to_html() for figure in self._figures.values())


def figures(result: Result, note: Text | None = None) -> Gallery:
    """The figures of a result by name: `figures(study)["scree"]` shows one, `figures(factors)` all there are.

    result  a study as it was run, factors, a pipeline, marginal effects, or a specification curve
    note    the line below the drawing; that of the study by itself

    Raises UsageError for a result that no figure shows.
    """
    below = note or Text()
    match result:
        case StudyResult():
            return Gallery(study_figures(result))
        case FactorResult():
            return Gallery([loading_map(result, below)])
        case PipelineResult():
            return Gallery([pipeline_forest("pipeline", result.outcome_label, result, below)])
        case MarginsResult():
            return Gallery([margins_forest("margins", result, below)])
        case SpecificationCurveResult():
            return Gallery([_specifications(result, below)])
    raise UsageError(f"no figure shows a {type(result).__name__}; its tables do")


def _specifications(found: SpecificationCurveResult, note: Text) -> Figure:
    """The curve with the words for its choices."""
    words = {
        choice: {str(level): found.level_label(choice, level) for level in levels}
        for choice, levels in found.levels.items()
    }
    term = found.term_label or Text(found.term, found.term)
    return specification_curve("specification_curve", "", found.curve, CHOICE_LABELS, words, term, note)
