"""Word documents as this house makes them: A4, fonts for both scripts, and the same bytes each time."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document as open_document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.text.font import CT_RPr
from docx.shared import Cm, Pt, RGBColor

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

LATIN = "Times New Roman"
SONG = "SimSun"
HEI = "SimHei"
# The oldest date that a zip archive can carry: files inside it bear no date of their making.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
# Styles by which the template's own colours and fonts reach a heading.
_HEADINGS = ("Title", "Subtitle", "TOC Heading", *(f"Heading {level}" for level in range(1, 10)))


def new_document(lang: Literal["en", "zh"], title: str = "") -> Document:
    """An empty A4 document whose styles name fonts for both scripts: Song for text, Hei for headings.

    Its language is that of spelling and line breaking; `title` goes into its properties.
    """
    document = open_document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.5)
    _set_defaults(document, lang)
    for style in document.styles:
        if style.type is WD_STYLE_TYPE.PARAGRAPH and style.name in _HEADINGS:
            set_fonts(style.element.get_or_add_rPr(), east_asian=HEI)
            style.font.color.rgb = RGBColor(0, 0, 0)
            style.paragraph_format.keep_with_next = True
    normal = document.styles["Normal"]
    set_fonts(normal.element.get_or_add_rPr())
    normal.font.size = Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    normal.paragraph_format.line_spacing = 1.15
    _set_properties(document, lang, title)
    return document


def set_fonts(properties: CT_RPr, latin: str = LATIN, east_asian: str = SONG) -> None:
    """Names the fonts of a run's or style's properties (`run._r.get_or_add_rPr()`) for both scripts.

    A theme's fonts, which Word would prefer, are taken out.
    """
    fonts = properties.get_or_add_rFonts()
    fonts.attrib.clear()
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), latin)
    fonts.set(qn("w:eastAsia"), east_asian)


def add_field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """Appends a field such as PAGE to a paragraph; `shown` stands there until a program works it out."""
    for kind, text in (("begin", ""), ("", instruction), ("separate", ""), ("shown", shown), ("end", "")):
        run = paragraph.add_run()
        if kind == "shown":
            run.text = text
        elif kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        else:
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = f" {text} "
            run._r.append(code)


def to_bytes(document: Document) -> bytes:
    """The document as a .docx file, the same bytes whenever it is made."""
    saved = BytesIO()
    document.save(saved)
    steady = BytesIO()
    with ZipFile(saved) as parts, ZipFile(steady, "w") as archive:
        for name in parts.namelist():
            entry = ZipInfo(name, _NO_DATE)
            entry.compress_type = ZIP_DEFLATED
            # Otherwise the system that made the archive is written into it.
            entry.create_system = 0
            archive.writestr(entry, parts.read(name))
    return steady.getvalue()


def _set_defaults(document: Document, lang: Literal["en", "zh"]) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults"))
    assert defaults is not None, "python-docx's template has defaults"
    properties = defaults.find(f"{qn('w:rPrDefault')}/{qn('w:rPr')}")
    assert properties is not None, "python-docx's template has default fonts"
    set_fonts(properties)
    _set_language(properties, lang)
    theme = document.settings.element.find(qn("w:themeFontLang"))
    if theme is not None:
        theme.set(qn("w:val"), _LANGUAGES[lang])
        theme.set(qn("w:eastAsia"), _LANGUAGES["zh"])


def _set_language(properties: CT_RPr, lang: Literal["en", "zh"]) -> None:
    language = properties.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        properties.append(language)
    # What stands in Latin letters in a Chinese text is English.
    language.set(qn("w:val"), _LANGUAGES["en"])
    language.set(qn("w:eastAsia"), _LANGUAGES["zh"])
    if lang == "zh":
        language.set(qn("w:bidi"), "ar-SA")


def _set_properties(document: Document, lang: Literal["en", "zh"], title: str) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "", ""
    properties.language = _LANGUAGES[lang]
    # The template's dates are not this document's; its thumbnail shows another document.
    for date in (qn("dcterms:created"), qn("dcterms:modified")):
        found = properties._element.find(date)
        if found is not None:
            properties._element.remove(found)
    package = document.part.package
    for key, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[key]
