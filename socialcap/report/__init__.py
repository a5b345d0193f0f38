"""From results to the report, in each format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

from socialcap.errors import OutputError
from socialcap.plan import Format, Style
from socialcap.report.document import Document, study_document
from socialcap.report.figures.fonts import chinese_font
from socialcap.results import Lang, StudyResult
from socialcap.writing import write_files

CUSTOM: Mapping[Lang, Style] = MappingProxyType({"en": "apa", "zh": "three-line"})
"""How tables are set in each language where nothing else is asked."""

# imported when asked for: each brings a library of its own
_RENDERERS: Mapping[Format, str] = MappingProxyType(
    {
        "html": "socialcap.report.html",
        "docx": "socialcap.report.docx",
        "pdf": "socialcap.report.pdf",
        "tex": "socialcap.report.tex",
        "xlsx": "socialcap.report.xlsx",
    }
)
FORMATS: tuple[Format, ...] = tuple(_RENDERERS)

__all__ = ["CUSTOM", "FORMATS", "Document", "report_files", "require", "study_document", "write_report"]


class Renderer(Protocol):
    """A format: the document's files by name, in `languages`, tables of each language in its style."""

    def render(
        self, document: Document, languages: Sequence[Lang], styles: Mapping[Lang, Style]
    ) -> dict[str, bytes]: ...


_SET_BY_TYPST = frozenset({"docx", "pdf", "tex"})


def require(formats: Sequence[Format]) -> None:
    """Raise OutputError where what `formats` need is not installed: to be said before an analysis, not after it."""
    chinese_font()
    if _SET_BY_TYPST & set(formats) and find_spec("typst") is None:
        raise OutputError(
            f"reports as {', '.join(sorted(_SET_BY_TYPST))} need typst, which comes with: pip install 'socialcap[pdf]'"
        )


def report_files(
    result: StudyResult,
    formats: Sequence[Format] = ("html",),
    languages: Sequence[Lang] = ("en", "zh"),
    style: Style | None = None,
) -> dict[str, bytes]:
    """The report in each format, and its figures as SVG, by file name.

    `style` sets all tables in one style; None sets each language as is its custom. Raises OutputError where
    a format lacks what it needs.
    """
    require(formats)
    document = study_document(result)
    styles = CUSTOM if style is None else dict.fromkeys(languages, style)
    made: dict[str, bytes] = {}
    for name in formats:
        renderer = cast(Renderer, import_module(_RENDERERS[name]))
        made |= renderer.render(document, languages, styles)
    for figure in document.figures:
        made |= {f"figures/{figure.key}_{lang}.svg": figure.image(lang, "svg") for lang in languages}
    return made


def write_report(
    result: StudyResult,
    folder: str | Path,
    formats: Sequence[Format] = ("html",),
    languages: Sequence[Lang] = ("en", "zh"),
    style: Style | None = None,
) -> list[Path]:
    """Write the report into `folder`, all files or none; returns their paths.

    Raises OutputError if the folder cannot be written, or a format lacks what it needs.
    """
    files = report_files(result, formats, languages, style)
    made = {Path(folder) / name: content for name, content in files.items()}
    write_files(made)
    return list(made)
