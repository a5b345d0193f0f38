"""The questionnaire on paper: a Word document to be printed, filled in with a pen and keyed in afterwards."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from socialcap.codebook.form import Form, Section, blocks
from socialcap.codebook.model import Codebook, Item, ItemType, Option, Role
from socialcap.codebook.ranges import as_number
from socialcap.codebook.routing import END, asked_if, jumps
from socialcap.codebook.xpath import Untranslatable
from socialcap.errors import Problem, SocialcapWarning, UsageError
from socialcap.results import Lang, Text
from socialcap.word import HEI, SONG, add_field, new_document, set_fonts, to_bytes
from socialcap.writing import write_files

BOX = "□"
_INDENT = Cm(0.9)
_TEXT_WIDTH = 17.0
_GREY = RGBColor(0x59, 0x59, 0x59)
# Answers that together are no wider than this many Latin letters stand on one line.
_ONE_LINE = 62
_LINES_OF_TEXT = 3
_NUMERALS = "〇一二三四五六七八九"

_HOW = Text(
    "Please tick one box {box} for each question unless it says otherwise, and write numbers on the lines.",
    "请在每题所选答案前的“{box}”内打“√”（未注明多选的只选一项），数字请填写在横线上。",
)
_DATE, _ASKED_BY = Text("Date", "访问日期"), Text("Interviewer", "访问员")
_TIMES = {Role.START_TIME: Text("Start", "开始时间"), Role.END_TIME: Text("End", "结束时间")}
_SEVERAL = Text("(tick all that apply)", "（可多选）")
_ONLY_IF = Text("If {condition}: ", "（仅当{condition}时回答）")
_GO_TO = Text("→ go to question {number}", "→ 跳至第{number}题")
_THEN_GO_TO = Text("Then go to question {number}.", "答完后请跳至第{number}题。")
_TO_END = Text("→ end of the interview", "→ 访问结束")
_THEN_END = Text("Then the interview ends.", "答完后访问结束。")
_TOTAL = Text("Total", "合计")
_STATEMENT = Text("Statement", "说法")
_PAGE = Text("Page {page} of {pages}", "第 {page} 页　共 {pages} 页")
_LINE = "＿" * 5
_BLANKS: Mapping[ItemType, Text] = {
    ItemType.PERCENT: Text(f"{_LINE} %", f"{_LINE} %"),
    ItemType.YEAR: Text(_LINE, f"{_LINE} 年"),
    ItemType.AMOUNT: Text(f"{_LINE} yuan", f"{_LINE} 元"),
    ItemType.DURATION: Text(f"{_LINE} minutes", f"{_LINE} 分钟"),
    ItemType.DATE: Text("＿＿＿ / ＿＿ / ＿＿ (year / month / day)", "＿＿＿ 年 ＿＿ 月 ＿＿ 日"),
}


def write_questionnaire(book: Codebook, path: Path | str, lang: Lang, form: Form | None = None) -> None:
    """Writes the questionnaire of a codebook as a Word document in one language.

    Questions are numbered in the codebook's order, those answered on one scale in tables, and where an answer
    leads past questions it says to which. `form` gives the questions' words and the sections; without it
    labels are the questions. A skip rule that is no matter of comparisons is named in one SocialcapWarning.
    Raises UsageError for another kind of file, OutputError where it cannot be written.
    """
    path = Path(path)
    if path.suffix.casefold() != ".docx":
        raise UsageError(f"{path}: a questionnaire is written as .docx")
    write_files({path: questionnaire_bytes(book, path.stem, lang, form)})


def questionnaire_bytes(book: Codebook, name: str, lang: Lang, form: Form | None = None) -> bytes:
    """The document that `write_questionnaire` writes; `name` is its title where the form has none."""
    sheet = _Questionnaire(book, form or Form(), lang, name)
    sheet.write()
    if sheet.notes:
        warnings.warn(
            f"{name}: not every skip rule can be said in words\n  " + "\n  ".join(map(str, sheet.notes)),
            SocialcapWarning,
            stacklevel=3,
        )
    return to_bytes(sheet.document)


class _Questionnaire:
    """The document being written: questions with their numbers, and where their answers lead."""

    def __init__(self, book: Codebook, form: Form, lang: Lang, name: str) -> None:
        self.book, self.form, self.lang = book, form, lang
        self.title = form.title(lang) or name
        self.document: Document = new_document(lang, self.title)
        self.notes: list[Problem] = []
        # The respondent's number stands on the cover.
        parts = [(s, tuple(i for i in items if i.role is not Role.ID)) for s, items in form.parts(book)]
        self.parts = [(section, items) for section, items in parts if items]
        self.asked = [item for _, items in self.parts for item in items]
        self.numbers = {item.name: number for number, item in enumerate(self.asked, start=1)}
        self.jumps = jumps(self.asked, book)

    def write(self) -> None:
        self.page()
        self.cover()
        headed = [section for section, _ in self.parts if section.heading]
        for section, items in self.parts:
            if section.heading:
                number = _ordinal(headed.index(section) + 1, self.lang)
                self.document.add_heading(f"{number}{section.heading(self.lang)}", level=1)
            if section.text:
                _keep(self.paragraph(section.text(self.lang)))
            if section.total is not None:
                self.shares(section, items)
                continue
            for block in blocks(items, self.book):
                if len(block) > 1:
                    self.scale(block)
                else:
                    self.question(block[0])

    # --- page and cover

    def page(self) -> None:
        section = self.document.sections[0]
        section.left_margin = section.right_margin = Cm((21 - _TEXT_WIDTH) / 2)
        section.top_margin = section.bottom_margin = Cm(2)
        styles = self.document.styles
        styles["Normal"].paragraph_format.space_after = Pt(3)
        heading = styles["Heading 1"]
        heading.font.size = Pt(12)
        heading.paragraph_format.space_before = Pt(12)
        heading.paragraph_format.space_after = Pt(4)
        footer = section.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        before, between, after = _PAGE.format(page="\0", pages="\0")(self.lang).split("\0")
        footer.add_run(before)
        add_field(footer, "PAGE", "1")
        footer.add_run(between)
        add_field(footer, "NUMPAGES", "1")
        footer.add_run(after)

    def cover(self) -> None:
        title = self.document.add_paragraph()
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = title.add_run(self.title)
        run.bold, run.font.size = True, Pt(16)
        set_fonts(run._r.get_or_add_rPr(), east_asian=HEI)
        ids = [self.form.words(item)(self.lang) or item.name for item in self.book.with_role(Role.ID)]
        times = [words(self.lang) for role, words in _TIMES.items() if self.book.with_role(role)]
        labels = [*ids, _DATE(self.lang), _ASKED_BY(self.lang), *times]
        table = self.table(1, [_TEXT_WIDTH / len(labels)] * len(labels))
        _borders(table, "single", "single")
        for cell, label in zip(table.rows[0].cells, labels, strict=True):
            run = cell.paragraphs[0].add_run(label)
            run.font.size, run.font.color.rgb = Pt(9), _GREY
            cell.add_paragraph()
        self.gap()
        for text in (self.form.text, _HOW.format(box=BOX)):
            if text:
                self.paragraph(text(self.lang))

    # --- questions

    def question(self, item: Item) -> None:
        stem = self.numbered(item)
        if item.type is ItemType.MULTIPLE:
            _quiet(stem, f" {_SEVERAL(self.lang)}" if self.lang == "en" else _SEVERAL(self.lang))
        if options := self.book.options(item):
            self.options(item, options)
        elif item.type is ItemType.TEXT:
            self.lines()
        elif item.type is ItemType.ORDINAL and item.minimum is not None and item.maximum is not None:
            steps = range(int(item.minimum), int(item.maximum) + 1)
            self.options(item, [Option(str(step)) for step in steps])
        else:
            blank = _BLANKS.get(item.type, Text(_LINE, _LINE))
            self.answer(blank(self.lang))
        self.afterwards(item)

    def condition(self, item: Item) -> str:
        """Says when the question is asked, where this depends on an earlier answer."""
        later = self.asked[self.asked.index(item) + 1 :]
        try:
            condition = asked_if(item, later, self.book, self.numbers)
        except Untranslatable as error:
            self.notes.append(Problem(str(error), "variables", column="skip_if", value=item.skip_if))
            return ""
        return _ONLY_IF.format(condition=condition)(self.lang) if condition else ""

    def only_if(self, item: Item) -> None:
        """The condition of a whole table, on a line above it."""
        if condition := self.condition(item):
            said = self.paragraph("")
            _quiet(said, condition)
            _keep(said)

    def numbered(self, item: Item) -> Paragraph:
        stem = self.paragraph("")
        stem.paragraph_format.left_indent = _INDENT
        stem.paragraph_format.first_line_indent = -_INDENT
        stem.paragraph_format.space_before = Pt(5)
        stem.paragraph_format.tab_stops.add_tab_stop(_INDENT)
        stem.add_run(f"{self.numbers[item.name]}.\t").bold = True
        _quiet(stem, self.condition(item))
        stem.add_run(self.form.words(item)(self.lang) or item.name)
        _keep(stem)
        return stem

    def options(self, item: Item, options: Sequence[Option]) -> None:
        led = self.jumps.get(item.name, {})
        single = len(set(led.values())) <= 1 and len(led) in (0, len(options))
        width = sum(_width(self.label(option)) + 5 for option in options)
        if single and width <= _ONE_LINE:
            line = self.answer("")
            for option in options:
                self.box(line, option)
                line.add_run("\u2003\u2003")
            return
        for option in options:
            line = self.answer("")
            self.box(line, option)
            if not single and option.code in led:
                line.add_run("\u2003" + self.go_to(led[option.code], _GO_TO, _TO_END)).bold = True
        for line, _ in pairwise(self.document.paragraphs[-len(options) :]):
            _keep(line)

    def box(self, line: Paragraph, option: Option) -> None:
        _draw_box(line)
        if as_number(option.code) is not None and option.label:
            _quiet(line, f"{option.code}\u2002")
        line.add_run(self.label(option))

    def label(self, option: Option) -> str:
        return option.label(self.lang) or option.code

    def answer(self, text: str) -> Paragraph:
        line = self.paragraph(text)
        line.paragraph_format.left_indent = _INDENT
        return line

    def lines(self) -> None:
        for number in range(_LINES_OF_TEXT):
            line = self.answer("\t")
            line.paragraph_format.tab_stops.add_tab_stop(
                Cm(_TEXT_WIDTH), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.LINES
            )
            line.paragraph_format.space_before = Pt(8)
            if number < _LINES_OF_TEXT - 1:
                _keep(line)

    def afterwards(self, item: Item) -> None:
        """Where all answers lead past the next questions, says so once."""
        led = self.jumps.get(item.name, {})
        options = self.book.options(item) if item.type is not ItemType.MULTIPLE else ()
        if not led or len(set(led.values())) > 1 or (options and len(led) < len(options)):
            return
        line = self.answer("")
        line.add_run(self.go_to(next(iter(led.values())), _THEN_GO_TO, _THEN_END)).bold = True

    def go_to(self, target: str, question: Text, end: Text) -> str:
        return (end if target == END else question.format(number=self.numbers[target]))(self.lang)

    # --- tables of questions

    def scale(self, block: Sequence[Item]) -> None:
        """Statements in rows, the answers of their scale in columns."""
        options = self.book.options(block[0])
        self.only_if(block[0])
        step = min(2.0, 10.0 / len(options))
        widths = [1.0, _TEXT_WIDTH - 1.0 - step * len(options), *[step] * len(options)]
        table = self.table(1 + len(block), widths)
        _borders(table, "single", "")
        header = table.rows[0].cells
        header[1].paragraphs[0].add_run(_STATEMENT(self.lang)).bold = True
        for cell, option in zip(header[2:], options, strict=True):
            words = _centred(cell).add_run(self.label(option))
            words.font.size = Pt(9)
        for row, item in zip(table.rows[1:], block, strict=True):
            number, statement, *boxes = row.cells
            number.paragraphs[0].add_run(f"{self.numbers[item.name]}.").bold = True
            statement.paragraphs[0].add_run(self.form.words(item)(self.lang) or item.name)
            for cell, option in zip(boxes, options, strict=True):
                _draw_box(_centred(cell))
                if as_number(option.code) is not None:
                    _quiet(cell.paragraphs[0], option.code)
        self.gap()
        self.afterwards(block[-1])

    def shares(self, section: Section, items: Sequence[Item]) -> None:
        """Numbers that add up to the section's total, one below the other."""
        self.only_if(items[0])
        table = self.table(len(items) + 1, [1.0, _TEXT_WIDTH - 5.0, 4.0])
        _borders(table, "single", "")
        per_cent = " %" if all(item.type is ItemType.PERCENT for item in items) else ""
        for row, item in zip(table.rows, items, strict=False):
            row.cells[0].paragraphs[0].add_run(f"{self.numbers[item.name]}.").bold = True
            row.cells[1].paragraphs[0].add_run(self.form.words(item)(self.lang) or item.name)
            _right(row.cells[2]).add_run(_LINE + per_cent)
        last = table.rows[len(items)].cells
        last[1].paragraphs[0].add_run(_TOTAL(self.lang)).bold = True
        _right(last[2]).add_run(f"{section.total:g}{per_cent}").bold = True
        self.gap()
        self.afterwards(items[-1])

    def table(self, rows: int, widths: Sequence[float]) -> Table:
        """A table of fixed column widths whose rows stay whole and whose first row is repeated."""
        table: Table = self.document.add_table(rows, len(widths))
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        for number, row in enumerate(table.rows):
            properties = row._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:cantSplit"))
            if number == 0 and rows > 1:
                properties.append(OxmlElement("w:tblHeader"))
            for cell, width in zip(row.cells, widths, strict=True):
                cell.width = Cm(width)
                cell.paragraphs[0].paragraph_format.space_after = Pt(2)
                cell.paragraphs[0].paragraph_format.space_before = Pt(2)
                if number < rows - 1:
                    _keep(cell.paragraphs[0])
        return table

    def gap(self) -> None:
        """A little room below a table."""
        self.paragraph("").paragraph_format.line_spacing = Pt(6)

    def paragraph(self, text: str) -> Paragraph:
        return self.document.add_paragraph(text)


def _keep(paragraph: Paragraph) -> None:
    paragraph.paragraph_format.keep_with_next = True


def _quiet(paragraph: Paragraph, text: str) -> None:
    if not text:
        return
    run = paragraph.add_run(text)
    run.font.size, run.font.color.rgb = Pt(9), _GREY


def _aligned(cell: _Cell, alignment: WD_ALIGN_PARAGRAPH) -> Paragraph:
    paragraph: Paragraph = cell.paragraphs[0]
    paragraph.alignment = alignment
    return paragraph


def _centred(cell: _Cell) -> Paragraph:
    return _aligned(cell, WD_ALIGN_PARAGRAPH.CENTER)


def _right(cell: _Cell) -> Paragraph:
    return _aligned(cell, WD_ALIGN_PARAGRAPH.RIGHT)


def _draw_box(paragraph: Paragraph) -> None:
    """A box in the Chinese font in both languages: Latin fonts draw it in other sizes, or not at all."""
    run = paragraph.add_run(f"{BOX} ")
    properties = run._r.get_or_add_rPr()
    set_fonts(properties, latin=SONG, east_asian=SONG)
    properties.get_or_add_rFonts().set(qn("w:hint"), "eastAsia")


def _borders(table: Table, outer: str, upright: str) -> None:
    """Thin rules between rows, around the table, and between columns where `upright` says so."""
    borders = OxmlElement("w:tblBorders")
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV"):
        kind = upright if edge in ("left", "right", "insideV") else outer
        rule = OxmlElement(f"w:{edge}")
        rule.set(qn("w:val"), kind or "nil")
        rule.set(qn("w:sz"), "8" if edge in ("top", "bottom") else "4")
        rule.set(qn("w:space"), "0")
        rule.set(qn("w:color"), "000000" if edge in ("top", "bottom") else "A6A6A6")
        borders.append(rule)
    table._tbl.tblPr.append(borders)


def _ordinal(number: int, lang: Lang) -> str:
    """How a section is counted: A, B, C; 一、二、三."""
    if lang == "en":
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return f"{letters}.  "
    tens, ones = divmod(number, 10)
    text = (_NUMERALS[tens] if tens > 1 else "") + ("十" if tens else "") + (_NUMERALS[ones] if ones else "")
    return f"{text}、"


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
