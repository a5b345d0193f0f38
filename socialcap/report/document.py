"""One model of the report that every format renders: sections of tables and figures, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from socialcap.report.figures import Figure, study_figures
from socialcap.results import Lang, StudyResult, Table, Text


@dataclass(frozen=True)
class Section:
    """One part of the report."""

    key: str
    heading: Text
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Document:
    """The whole report; `note` stands on its face."""

    title: Text
    note: Text
    sections: tuple[Section, ...]


def study_document(result: StudyResult, languages: Sequence[Lang]) -> Document:
    """The report of a study, its figures drawn in `languages`."""
    figures = study_figures(result, languages)
    sections = tuple(
        Section(key, heading, tuple(tables), tuple(figures.get(key, ())))
        for key, heading, tables in result.parts()
    )
    return Document(result.title, result.note, sections)
