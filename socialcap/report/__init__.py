"""From results to the report, in each format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from socialcap.report.document import Document, study_document
from socialcap.report.html import html
from socialcap.results import Lang, StudyResult
from socialcap.writing import write_files

Format = Literal["html"]
_RENDERERS = {"html": html}

__all__ = ["Document", "Format", "report_files", "study_document", "write_report"]


def report_files(
    result: StudyResult, formats: Sequence[Format] = ("html",), languages: Sequence[Lang] = ("en", "zh")
) -> dict[str, bytes]:
    """The report in each format, and its figures, by file name."""
    document = study_document(result, languages)
    made = {f"report.{name}": _RENDERERS[name](document, languages) for name in formats}
    for section in document.sections:
        for figure in section.figures:
            made |= {f"figures/{figure.key}_{lang}.svg": svg for lang, svg in figure.svg.items()}
    return made


def write_report(
    result: StudyResult,
    folder: str | Path,
    formats: Sequence[Format] = ("html",),
    languages: Sequence[Lang] = ("en", "zh"),
) -> list[Path]:
    """Write the report into `folder`, all files or none; returns their paths.

    Raises OutputError if the folder cannot be written.
    """
    made = {
        Path(folder) / name: content for name, content in report_files(result, formats, languages).items()
    }
    write_files(made)
    return list(made)
