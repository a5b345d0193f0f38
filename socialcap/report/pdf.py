"""A report as one PDF for each language, set by typst: tagged for screen readers, the same bytes every time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast
from unicodedata import category

from socialcap.errors import OutputError
from socialcap.plan import Style
from socialcap.report import paper, words
from socialcap.report.columns import (
    MARGIN_X,
    MARGIN_Y,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    Layout,
    layout,
    missing_stars,
    star_widths,
)
from socialcap.report.document import Block, Document, Heading, Paragraph, Section
from socialcap.report.figures import Figure
from socialcap.results import Lang, Table, Text

if TYPE_CHECKING:
    import typst

STANDARD = "ua-1"
"""PDF/UA-1: reading order, languages, headings, table headers and descriptions of images stand in the file."""

_FONT_PACKAGE, _FONT_FAMILY = "pylopdf_fonts_zh_cn", "Noto Serif SC"
_UNSHOWN = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
_CODE = re.compile(r"\\u\{([0-9a-f]+)\}")


def render(document: Document, languages: Sequence[Lang], styles: Mapping[Lang, Style]) -> dict[str, bytes]:
    """The document as report_en.pdf and report_zh.pdf.

    Raises OutputError where typst or a Chinese font is not installed, and where typst lacks a font.
    """
    return {f"report_{lang}.pdf": _compiled(content(document, lang, styles[lang])) for lang in languages}


def content(document: Document, lang: Lang, style: Style) -> dict[str, Any]:
    """What the template sets, as JSON-ready data: no text of the study is ever part of typst's markup."""
    captions = words.captions(document)
    return {
        "lang": lang,
        "style": style,
        "title": paper.printable(document.title(lang)),
        "note": _broken(document.note(lang)),
        "contents": words.CONTENTS(lang),
        "page": {
            "width": PAGE_WIDTH,
            "height": PAGE_HEIGHT,
            "x": MARGIN_X,
            "y": MARGIN_Y,
            "body": paper.BODY,
        },
        "runs": [
            {"lying": run.lying, "blocks": [_block(part, captions, lang) for part in run.parts]}
            for run in paper.runs(document, lambda table: _laid(table, lang).lying)
        ],
    }


def _block(part: Section | Block, captions: Mapping[str, Text], lang: Lang) -> dict[str, Any]:
    if isinstance(part, Section):
        return _heading(f"section-{part.key}", part.heading(lang), 1)
    if isinstance(part, Heading):
        return _heading(part.key, part.text(lang), 2)
    if isinstance(part, Paragraph):
        return _paragraph(part, captions, lang)
    if isinstance(part, Figure):
        return _figure(part, captions[part.key](lang), lang)
    return _table(part, captions[part.key](lang), lang)


def _heading(key: str, text: str, level: int) -> dict[str, Any]:
    return {"kind": "heading", "key": key, "level": level, "text": paper.printable(text)}


def _paragraph(block: Paragraph, captions: Mapping[str, Text], lang: Lang) -> dict[str, Any]:
    parts = [{"words": _broken(part.words), "key": part.key} for part in paper.said(block, captions, lang)]
    return {"kind": "paragraph", "parts": parts}


def _figure(block: Figure, caption: str, lang: Lang) -> dict[str, Any]:
    return {
        "kind": "figure",
        "key": block.key,
        "label": caption,
        "title": _broken(block.title(lang)),
        "alt": paper.printable(block.alt(lang)),
        "svg": block.image(lang, "svg").decode(),
    }


def _table(block: Table, caption: str, lang: Lang) -> dict[str, Any]:
    headings, rows = _printed(block, lang)
    laid = _laid(block, lang)
    stars = star_widths(rows)
    return {
        "kind": "table",
        "key": block.key,
        "label": caption,
        "title": _broken(block.title(lang)),
        "notes": [{"lead": lead, "text": _broken(text)} for lead, text in paper.notes(block, lang)],
        "align": [column.align for column in block.columns],
        "headings": [_broken(heading) for heading in headings],
        "rows": [
            [
                [_broken(cell), missing_stars(cell, stars[c]), (r, c) in block.emphasis]
                for c, cell in enumerate(row)
            ]
            for r, row in enumerate(rows)
        ],
        "size": laid.size,
        "gap": laid.gap,
        "panels": [{"columns": panel.columns, "widths": panel.widths} for panel in laid.panels],
        "breaks": laid.breaks,
        "rows_break": laid.rows_break,
    }


def _printed(table: Table, lang: Lang) -> tuple[list[str], list[list[str]]]:
    headings, rows = table.text(lang)
    return [paper.printable(text) for text in headings], [
        [paper.printable(cell) for cell in row] for row in rows
    ]


def _laid(table: Table, lang: Lang) -> Layout:
    return layout(table.columns, *_printed(table, lang))


def _broken(text: str) -> str | list[str]:
    """The text, or its pieces where a very long word must be able to break."""
    parts = paper.pieces(paper.printable(text))
    return parts if len(parts) > 1 else "".join(parts)


# -- typst


def _compiled(data: dict[str, Any]) -> bytes:
    """The PDF; a character that no font has is written by its code, never left out."""
    text = json.dumps(data, ensure_ascii=False)
    while True:
        try:
            return _typeset(text)
        except _Unshown as missing:
            for character in missing.characters:
                text = text.replace(character, paper.code(character))


class _Unshown(Exception):
    """Characters that no font has."""

    def __init__(self, characters: set[str]) -> None:
        super().__init__()
        self.characters = sorted(characters)


def _typeset(text: str) -> bytes:
    typst = _typst()
    try:
        made, warnings = typst.compile_with_warnings(
            _template(),
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"document": text},
            pdf_standards=[STANDARD],
            timestamp=0,
        )
    except typst.TypstError as error:
        unshown = _unshown(error.diagnostic)
        if not unshown & set(text):
            raise OutputError(f"typst cannot set the PDF: {error.message}") from error
        raise _Unshown(unshown) from error
    lacking = [warning.message for warning in warnings if "font" in warning.message]
    if lacking:
        raise OutputError(f"the PDF would lack a font: {'; '.join(lacking)}")
    return bytes(made)


def _unshown(diagnostic: str) -> set[str]:
    """The characters that typst says no font has; of signs set together the marks, which may be all that lacks."""
    found: set[str] = set()
    for quoted in _UNSHOWN.findall(diagnostic):
        cluster = _CODE.sub(lambda code: chr(int(code[1], 16)), quoted)
        marks = {character for character in cluster if category(character).startswith("M")}
        found |= marks or set(cluster)
    return {character for character in found if not character.isascii()}


def _typst() -> ModuleType:
    try:
        return import_module("typst")
    except ImportError as error:
        raise OutputError("PDF needs typst, which comes with: pip install 'socialcap[pdf]'") from error


@cache
def _fonts() -> typst.Fonts:
    """The fonts of the report and no others: typst's own, and one with Chinese."""
    package = find_spec(_FONT_PACKAGE)
    folders = list(package.submodule_search_locations or ()) if package else []
    fonts = _typst().Fonts(include_system_fonts=False, font_paths=folders)
    if _FONT_FAMILY not in fonts.families():
        raise OutputError(
            f"no font with Chinese was found: pip install {_FONT_PACKAGE.replace('_', '-')} brings one"
        )
    return cast("typst.Fonts", fonts)


@cache
def _template() -> bytes:
    return (files("socialcap.report") / "templates" / "report.typ").read_bytes()
