"""Figures of a study."""

from __future__ import annotations

from socialcap.report.figures.canvas import Figure, ImageKind
from socialcap.report.figures.measurement import loading_map, scree
from socialcap.results import StudyResult

__all__ = ["Figure", "ImageKind", "study_figures"]


def study_figures(result: StudyResult) -> list[Figure]:
    """The figures of a study, each with the key of the table that it follows."""
    if result.measurement is None:
        return []
    measured = result.measurement
    return [
        scree(measured.factors, measured.retention, result.note),
        loading_map(measured.factors, result.note),
    ]
