"""The blocks of a document as Word's paragraphs and tables, in pages on end and on their side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from socialcap.plan import Style
from socialcap.report import words
from socialcap.report.columns import MARGIN_X, MARGIN_Y, PAGE_HEIGHT, PAGE_WIDTH, room
from socialcap.report.document import Block, Document, Heading, Paragraph, Sentence
from socialcap.report.figures import Figure
from socialcap.report.word.markup import (
    FIELD_END,
    attribute,
    bookmark,
    field_markup,
    field_start,
    link,
    paragraph,
    run,
    twips,
)
from socialcap.report.word.tables import Setting, table_markup
from socialcap.results import Lang, Table, Text

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_CONTINUED = Text("{caption} (continued)", "续{caption}")
_TALLEST = 0.85
"""Share of a page that a figure may take, its caption left out."""
_EDGE = 43
"""Points from the edge of the paper to header and footer."""
_PICTURE = "http://schemas.openxmlformats.org/drawingml/2006/picture"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_PLACED = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading as the table of contents has it; `name` is its bookmark."""

    name: str
    text: str
    level: int


@dataclass
class Body:
    """What stands between the first page's top and the last page's bottom, as it grows.

    `settings` has each table as it is set, by key; `section` writes the properties of pages, upright or lying.
    """

    word: WordDocument
    document: Document
    lang: Lang
    style: Style
    settings: Mapping[str, Setting]
    section: Callable[[bool], str]
    lying: bool = False
    _written: list[str] = field(default_factory=list)
    _bookmarks: int = 0
    _pictures: int = 0

    def __post_init__(self) -> None:
        self._captions = words.captions(self.document)
        self._numbers = self.document.numbers()
        self._entries = dict(self._headings())

    def write(self) -> str:
        """The markup of the whole body, without the properties of its last section (`lying` says which)."""
        self._add(run(self.document.title(self.lang), self.lang), "Title")
        if self.document.note:
            self._add(run(self.document.note(self.lang), self.lang), "StudyNote")
        if self._entries:
            self._written.append(self._contents())
        for section in self.document.sections:
            self._turn(section.blocks)
            self._heading(section.key)
            for place, block in enumerate(section.blocks):
                self._turn(section.blocks[place:])
                self._block(block)
        return "".join(self._written)

    def _add(self, content: str, style: str, *, keep_next: bool = False) -> None:
        self._written.append(paragraph(content, style, keep_next=keep_next))

    def _block(self, block: Block) -> None:
        match block:
            case Heading():
                self._heading(block.key)
            case Paragraph():
                self._add(self._sentences(block), "BodyText")
            case Table():
                self._table(block)
            case Figure():
                self._figure(block)

    def _turn(self, following: Sequence[Block]) -> None:
        """Ends the section of pages where what follows needs the page the other way; headings go with it."""
        block = next((block for block in following if not isinstance(block, Heading)), None)
        lying = isinstance(block, Table) and self.settings[block.key].layout.lying
        if lying != self.lying:
            self._written.append(paragraph("", "SectionEnd", section=self.section(self.lying)))
            self.lying = lying

    def _marked(self, name: str, content: str) -> str:
        self._bookmarks += 1
        return bookmark(self._bookmarks, name, content)

    def _headings(self) -> Iterator[tuple[str, Entry]]:
        """All headings by key, in reading order."""
        found: list[tuple[str, Text, int]] = []
        for section in self.document.sections:
            inner = [(block.key, block.text, 2) for block in section.blocks if isinstance(block, Heading)]
            found += [(section.key, section.heading, 1), *inner]
        for number, (key, text, level) in enumerate(found, 1):
            yield key, Entry(f"_Toc{number:08d}", text(self.lang), level)

    def _heading(self, key: str) -> None:
        entry = self._entries[key]
        self._add(self._marked(entry.name, run(entry.text, self.lang)), f"Heading{entry.level}")

    def _contents(self) -> str:
        """The table of contents with its entries, each a link.

        It has no page numbers (switch \\n): only a layout knows them, and a document that asks to be
        updated greets its reader with a question. What stands here is what an update would give.
        """
        entries = list(self._entries.values())
        linked = [link(entry.name, run(entry.text, self.lang)) for entry in entries]
        linked[0] = field_start(r'TOC \o "1-2" \n \h \z \u') + linked[0]
        linked[-1] += FIELD_END
        rows = [paragraph(line, f"TOC{entry.level}") for line, entry in zip(linked, entries, strict=True)]
        title = paragraph(run(words.CONTENTS(self.lang), self.lang), "TOCHeading")
        gallery = '<w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/>'
        return (
            f"<w:sdt><w:sdtPr><w:docPartObj>{gallery}</w:docPartObj></w:sdtPr>"
            f"<w:sdtContent>{title}{''.join(rows)}</w:sdtContent></w:sdt>"
        )

    def _sentences(self, block: Paragraph) -> str:
        """The sentences, each with a reference to the table or figure that its numbers stand in."""
        gap = run(words.joined(["", ""], self.lang), self.lang)
        return gap.join(self._sentence(sentence) for sentence in block.sentences)

    def _sentence(self, sentence: Sentence) -> str:
        text = sentence.text(self.lang)
        if not sentence.source:
            return run(text, self.lang)
        said, stop = words.without_stop(text)
        before, after = words.reference_marks(self.lang)
        caption = self._captions[sentence.source](self.lang)
        reference = field_markup(rf"REF {self._name(sentence.source)} \h", caption)
        return run(said + before, self.lang) + reference + run(after + stop, self.lang)

    def _name(self, key: str) -> str:
        """The bookmark of a caption: by number, for keys may be of any script and length."""
        kind = "Table" if key in self.settings else "Figure"
        return f"_Ref{kind}{self._numbers[key]}"

    def _caption(self, key: str, title: Text, style: str = "Caption") -> None:
        """Number and title: two lines in APA style, one in three-line style."""
        pattern = (words.TABLE if key in self.settings else words.FIGURE)(self.lang)
        before, _, after = pattern.partition("{number}")
        counter = field_markup(rf"SEQ {before.strip()} \* ARABIC", str(self._numbers[key]))
        label = run(before, self.lang) + counter + run(after, self.lang)
        label = self._marked(self._name(key), label)
        if self.style == "apa":
            self._add(label, "Caption")
            self._add(run(title(self.lang), self.lang), "CaptionTitle")
        else:
            self._add(label + run("\u2003" + title(self.lang), self.lang), style)

    def _table(self, table: Table) -> None:
        setting = self.settings[table.key]
        self._caption(table.key, table.title)
        for place, panel in enumerate(setting.layout.panels):
            if place:
                self._add("", "TableEnd")
                again = _CONTINUED.format(caption=self._captions[table.key])
                self._add(run(again(self.lang), self.lang), "Caption")
            self._written.append(table_markup(setting, panel, self.style))
        self._notes(table)
        self._add("", "TableEnd")

    def _notes(self, table: Table) -> None:
        """Notes that are sentences in one paragraph, each legend in one of its own."""
        notes = [(note(self.lang), bool(words.without_stop(note(self.lang))[1])) for note in table.notes]
        sentences = [note for note, is_sentence in notes if is_sentence]
        legends = [note for note, is_sentence in notes if not is_sentence]
        if sentences:
            label = run(
                words.joined([words.NOTE(self.lang), ""], self.lang), self.lang, italic=self.lang == "en"
            )
            said = run(words.joined(sentences, self.lang), self.lang)
            self._add(label + said, "TableNote", keep_next=bool(legends))
        for place, legend in enumerate(legends, 1):
            self._add(run(legend, self.lang), "TableNote", keep_next=place < len(legends))

    def _figure(self, figure: Figure) -> None:
        if self.style == "apa":
            self._caption(figure.key, figure.title)
        self._add(self._picture(figure), "Figure")
        if self.style != "apa":
            self._caption(figure.key, figure.title, "CaptionBelow")

    def _picture(self, figure: Figure) -> str:
        """The drawing in its own size, smaller where the page asks for it, with its description."""
        relation, image = self.word.part.get_or_add_image(BytesIO(figure.image(self.lang, "png")))
        highest = _TALLEST * (PAGE_HEIGHT - 2 * MARGIN_Y)
        scale = min(1.0, room(False) / image.width.pt, highest / image.height.pt)
        self._pictures += 1
        size = f'cx="{round(image.width * scale)}" cy="{round(image.height * scale)}"'
        named = f"name={attribute(figure.key)} descr={attribute(figure.alt(self.lang))}"
        return (
            f'<w:r><w:drawing><wp:inline xmlns:wp="{_PLACED}" distT="0" distB="0" distL="0" distR="0">'
            f'<wp:extent {size}/><wp:docPr id="{self._pictures}" {named}/>'
            f'<a:graphic xmlns:a="{_DRAWING}"><a:graphicData uri="{_PICTURE}"><pic:pic xmlns:pic="{_PICTURE}">'
            f'<pic:nvPicPr><pic:cNvPr id="{self._pictures}" {named}/><pic:cNvPicPr/></pic:nvPicPr>'
            f'<pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
            f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm>'
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
            "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        )


def section_properties(references: str, lying: bool) -> str:
    """A section of A4 pages, upright or lying, with the header and footer that `references` name."""
    wide, high = (PAGE_HEIGHT, PAGE_WIDTH) if lying else (PAGE_WIDTH, PAGE_HEIGHT)
    turned = ' w:orient="landscape"' if lying else ""
    x, y, edge = twips(MARGIN_X), twips(MARGIN_Y), twips(_EDGE)
    return (
        f'<w:sectPr>{references}<w:type w:val="nextPage"/>'
        f'<w:pgSz w:w="{twips(wide)}" w:h="{twips(high)}"{turned}/>'
        f'<w:pgMar w:top="{y}" w:right="{x}" w:bottom="{y}" w:left="{x}" '
        f'w:header="{edge}" w:footer="{edge}" w:gutter="0"/></w:sectPr>'
    )
