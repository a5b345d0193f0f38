"""The report of a study: its sections with their sentences, tables and figures."""

from __future__ import annotations

from socialcap.report.blocks import Block, Document, Heading, Paragraph, Section, Sentence
from socialcap.report.contents import study_sections
from socialcap.report.figures import study_figures
from socialcap.results import StudyResult

__all__ = ["Block", "Document", "Heading", "Paragraph", "Section", "Sentence", "study_document"]


def study_document(result: StudyResult) -> Document:
    """The report of a study."""
    return Document(result.name, result.title, result.note, study_sections(result, study_figures(result)))
