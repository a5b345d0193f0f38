"""Figures of a study."""

from socialcap.report.figures.canvas import Figure, ImageKind
from socialcap.report.figures.study import study_figures

__all__ = ["Figure", "ImageKind", "study_figures"]
