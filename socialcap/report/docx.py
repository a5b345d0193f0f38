"""A report as Word documents, one per language: real tables, captions that count, links, styles to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from socialcap.plan import Style
from socialcap.report.document import Document
from socialcap.report.word.body import Body, section_properties
from socialcap.report.word.styles import styled_document
from socialcap.report.word.tables import set_table
from socialcap.results import Lang
from socialcap.word import to_bytes


def render(document: Document, languages: Sequence[Lang], styles: Mapping[Lang, Style]) -> dict[str, bytes]:
    """The document as report_<language>.docx, the same bytes every time."""
    return {f"report_{lang}.docx": _render(document, lang, styles[lang]) for lang in languages}


def _render(document: Document, lang: Lang, style: Style) -> bytes:
    settings = {table.key: set_table(table, lang) for table in document.tables}
    sizes = sorted({setting.layout.size for setting in settings.values()})
    word = styled_document(document.title, document.note, lang, style, sizes)
    last = word.element.body.sectPr
    assert last is not None, "python-docx's template has a section"
    named = [(child.tag.split("}")[1], child.get(qn("r:id"))) for child in last if child.get(qn("r:id"))]
    references = "".join(f'<w:{tag} w:type="default" r:id="{key}"/>' for tag, key in named)

    def section(lying: bool) -> str:
        return section_properties(references, lying)

    body = Body(word, document, lang, style, settings, section)
    written = body.write()
    word.element.replace(
        word.element.body,
        parse_xml(f"<w:body {nsdecls('w', 'r')}>{written}{section(body.lying)}</w:body>"),
    )
    return to_bytes(word)
