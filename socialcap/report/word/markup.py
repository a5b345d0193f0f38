"""WordprocessingML as text: runs, fields, bookmarks and paragraphs, each element in the schema's order."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from socialcap.results import Lang

# what no XML document can carry
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# marks that Latin and Chinese share: in Chinese they take a Chinese face, and the width of a character
_SHARED_MARKS = re.compile("([“”‘’…—·]+)")


def twips(points: float) -> int:
    """Word's unit of length, a twentieth of a point."""
    return round(points * 20)


def attribute(text: str) -> str:
    """The text as a quoted attribute."""
    return quoteattr(_FORBIDDEN.sub("", text))


def run(text: str, lang: Lang, *, bold: bool = False, italic: bool = False, plain: bool = False) -> str:
    """Runs of one look; line breaks become breaks. `plain` leaves numbers and codes to the Latin face."""
    look = "<w:b/>" * bold + "<w:i/>" * italic
    pieces = [text] if plain or lang == "en" else _SHARED_MARKS.split(text)
    return "".join(
        _run(piece, ('<w:rFonts w:hint="eastAsia"/>' if place % 2 else "") + look)
        for place, piece in enumerate(pieces)
        if piece
    )


def _run(text: str, look: str) -> str:
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    lines = escape(_FORBIDDEN.sub("", text)).replace("\t", " ").splitlines() or [""]
    written = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in lines)
    return f"<w:r>{properties}{written}</w:r>"


def field_markup(instruction: str, shown: str) -> str:
    """A field with its result; `shown` is the text that an update would put there."""
    return f"{field_start(instruction)}<w:r><w:t>{escape(shown)}</w:t></w:r>{FIELD_END}"


def field_start(instruction: str) -> str:
    """The opening of a field, up to its result."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )


FIELD_END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def bookmark(number: int, name: str, content: str) -> str:
    """Content that links and fields reach by `name`; `number` is unique in the document."""
    return f'<w:bookmarkStart w:id="{number}" w:name="{name}"/>{content}<w:bookmarkEnd w:id="{number}"/>'


def link(name: str, content: str) -> str:
    """Content that leads to a bookmark."""
    return f'<w:hyperlink w:anchor="{name}" w:history="1">{content}</w:hyperlink>'


def paragraph(
    content: str,
    style: str,
    *,
    keep_next: bool = False,
    align: str = "",
    right: int = 0,
    section: str = "",
) -> str:
    """A paragraph of the style with this id; `right` is its indent in twips, `section` ends a section here."""
    properties = (
        f'<w:pStyle w:val="{style}"/>'
        + "<w:keepNext/>" * keep_next
        + (f'<w:ind w:right="{right}"/>' if right else "")
        + (f'<w:jc w:val="{align}"/>' if align else "")
        + section
    )
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"
