"""The look of a Word report: named styles, so that a user changes it in one place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from socialcap.plan import Style
from socialcap.report import words
from socialcap.report.word.markup import field_markup, paragraph, run
from socialcap.results import Lang, Text
from socialcap.word import HEI, LATIN, SONG, new_document

if TYPE_CHECKING:
    from docx.document import Document

TABLE_STYLE = "ReportTable"
KAI = "KaiTi"
_STALE = "/stylesWithEffects"
# eighths of a point: outer rules, and the rule under the header
_RULES: dict[Style, tuple[int, int]] = {"apa": (8, 4), "three-line": (12, 6)}


def styled_document(title: Text, note: Text, lang: Lang, style: Style, sizes: Iterable[float]) -> Document:
    """An empty document with the report's styles; every page carries the note and its own number.

    `sizes` are the type sizes of its tables in points.
    """
    document = new_document(lang, title(lang))
    for definition in (*_text_styles(lang), *_caption_styles(lang, style), *map(_table_text, sizes)):
        _define(document, definition)
    _define(document, _table_style(*_RULES[style]))
    section = document.sections[0]
    for part, content, name in (
        (section.header, run((note or title)(lang), lang), "Header"),
        (section.footer, _page_number(lang), "Footer"),
    ):
        part.is_linked_to_previous = False
        element = part._element
        for old in list(element):
            element.remove(old)
        around = parse_xml(f"<w:body {nsdecls('w')}>{paragraph(content, name)}</w:body>")
        element.append(around[0])
    _modernise(document)
    return document


def _page_number(lang: Lang) -> str:
    """The page's number and how many there are; Word counts them whenever it lays out the pages."""
    fields = {"{page}": field_markup("PAGE", "1"), "{pages}": field_markup("NUMPAGES", "1")}
    pieces = re.split(r"(\{\w+\})", words.PAGE(lang))
    return "".join(fields.get(piece) or run(piece, lang) for piece in pieces)


def table_text_style(size: float) -> str:
    """The id of the style of a table's cells in type of so many points."""
    return f"TableText{size * 2:.0f}"


def _modernise(document: Document) -> None:
    """What the template says of older Words is not true of this document."""
    part = document.part
    for key, relation in list(part.rels.items()):
        if relation.reltype.endswith(_STALE):
            del part.rels[key]
    for setting in document.settings.element.iter(qn("w:compatSetting")):
        if setting.get(qn("w:name")) == "compatibilityMode":
            setting.set(qn("w:val"), "15")


def _define(document: Document, definition: str) -> None:
    """Puts a style into the document, in the place of one with the same id."""
    element = parse_xml(definition)
    styles = document.styles.element
    for old in styles.findall(qn("w:style")):
        if old.get(qn("w:styleId")) == element.get(qn("w:styleId")):
            styles.remove(old)
    styles.append(element)


def _paragraph_style(
    key: str, name: str, layout: str, look: str, *, based_on: str = "Normal", following: str = ""
) -> str:
    after = f'<w:next w:val="{following}"/>' if following else ""
    return (
        f'<w:style {nsdecls("w")} w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="{based_on}"/>{after}<w:qFormat/>'
        f"<w:pPr>{layout}</w:pPr><w:rPr>{look}</w:rPr></w:style>"
    )


def _fonts(east_asian: str) -> str:
    return f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:eastAsia="{east_asian}" w:cs="{LATIN}"/>'


def _size(points: float) -> str:
    return f'<w:sz w:val="{points * 2:.0f}"/><w:szCs w:val="{points * 2:.0f}"/>'


def _spacing(before: int, after: int, line: int = 240) -> str:
    """Points before and after, and the line in 240ths of its height."""
    return f'<w:spacing w:before="{before * 20}" w:after="{after * 20}" w:line="{line}" w:lineRule="auto"/>'


def _text_styles(lang: Lang) -> list[str]:
    heading = _fonts(HEI) + "<w:b/>"
    body = (
        _spacing(0, 4, 300) + '<w:ind w:firstLineChars="200" w:firstLine="420"/><w:jc w:val="both"/>'
        if lang == "zh"
        else _spacing(0, 6, 276)
    )
    ruled = (
        '<w:pBdr><w:top w:val="single" w:sz="4" w:space="6" w:color="7F7F7F"/>'
        '<w:bottom w:val="single" w:sz="4" w:space="6" w:color="7F7F7F"/></w:pBdr>'
    )
    thin = '<w:pBdr><w:bottom w:val="single" w:sz="4" w:space="3" w:color="A6A6A6"/></w:pBdr>'
    held = "<w:keepNext/><w:keepLines/>"
    centred = '<w:jc w:val="center"/>'
    grey = '<w:color w:val="595959"/>'
    return [
        _paragraph_style("Title", "Title", held + _spacing(48, 18) + centred, heading + _size(20)),
        _paragraph_style("StudyNote", "Study Note", ruled + _spacing(0, 24) + centred, _size(11)),
        _paragraph_style(
            "Heading1",
            "heading 1",
            held + _spacing(18, 8) + '<w:outlineLvl w:val="0"/>',
            heading + _size(15),
            following="BodyText",
        ),
        _paragraph_style(
            "Heading2",
            "heading 2",
            held + _spacing(14, 6) + '<w:outlineLvl w:val="1"/>',
            heading + _size(12),
            following="BodyText",
        ),
        _paragraph_style("TOCHeading", "TOC Heading", held + _spacing(12, 6), heading + _size(13)),
        _paragraph_style("TOC1", "toc 1", _spacing(4, 2), _size(10.5)),
        _paragraph_style("TOC2", "toc 2", _spacing(0, 1) + '<w:ind w:left="420"/>', _size(10.5)),
        _paragraph_style("BodyText", "Body Text", body, ""),
        _paragraph_style("Header", "header", thin + _spacing(0, 0) + centred, grey + _size(8)),
        _paragraph_style("Footer", "footer", _spacing(0, 0) + centred, grey + _size(9)),
        _paragraph_style("SectionEnd", "Section End", _spacing(0, 0, 12), _size(1)),
    ]


def _caption_styles(lang: Lang, style: Style) -> list[str]:
    """Captions over tables and figures in APA style; in three-line style centred, over tables, under figures."""
    held = "<w:keepNext/><w:keepLines/>"
    apa = style == "apa"
    align = "" if apa else '<w:jc w:val="center"/>'
    # Chinese knows no italics: the running hand does their work
    slanted = _fonts(KAI) if lang == "zh" else "<w:i/>"
    return [
        _paragraph_style(
            "Caption",
            "caption",
            held + _spacing(14, 0 if apa else 4) + align,
            _fonts(HEI) + "<w:b/>" + _size(10),
        ),
        _paragraph_style("CaptionTitle", "Caption Title", held + _spacing(2, 4), slanted + _size(10)),
        _paragraph_style(
            "CaptionBelow", "Caption Below", _spacing(4, 12) + align, _size(10), based_on="Caption"
        ),
        _paragraph_style("Figure", "Figure", "<w:keepNext/>" + _spacing(4, 4) + align, ""),
        _paragraph_style("TableNote", "Table Note", "<w:keepLines/>" + _spacing(3, 3), _size(8.5)),
        _paragraph_style("TableEnd", "Table End", _spacing(0, 6), _size(4)),
        _paragraph_style("TableText", "Table Text", _spacing(1, 1), ""),
    ]


def _table_text(size: float) -> str:
    key = table_text_style(size)
    return _paragraph_style(key, f"Table Text {size:g} pt", "", _size(size), based_on="TableText")


def _table_style(outer: int, under_header: int) -> str:
    """Rules over and under the table and under its header, none between columns."""
    line = '<w:{0} w:val="single" w:sz="{1}" w:space="0" w:color="000000"/>'
    return (
        f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="{TABLE_STYLE}">'
        '<w:name w:val="Report Table"/><w:basedOn w:val="TableNormal"/><w:qFormat/>'
        f"<w:rPr>{_fonts(SONG)}</w:rPr>"
        f"<w:tblPr><w:tblBorders>{line.format('top', outer)}{line.format('bottom', outer)}</w:tblBorders></w:tblPr>"
        '<w:tblStylePr w:type="firstRow"><w:tblPr/><w:tcPr><w:tcBorders>'
        f"{line.format('top', outer)}{line.format('bottom', under_header)}"
        "</w:tcBorders></w:tcPr></w:tblStylePr></w:style>"
    )
