"""A report as workbooks, one per language: a sheet for each table, numbers as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from math import ceil
from typing import Any
from unicodedata import east_asian_width

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from socialcap.plan import Style
from socialcap.report import words
from socialcap.report.document import Document
from socialcap.report.sheet_formats import MOST_FORMATS, SheetNumber, padded, sheet_number
from socialcap.results import Lang, Table, Text
from socialcap.writing import looks_like_formula

_BACK = Text("Back to the contents", "返回目录")
_DIGITS = "Times New Roman"
_FONTS: Mapping[Lang, str] = {"en": _DIGITS, "zh": "宋体"}
_SHEET_NAME = 31  # characters, the most that a sheet's name may have
_CELL = 32_767  # characters, the most that a cell may hold
_PAGE_HEADER = 200  # characters of the note over a printed page, which takes 255 with marks
_WIDEST = 48.0  # characters, from which on a column's words are turned on several lines
_NARROWEST = 6.0
_NOTE_WIDTH = 80.0  # characters that notes have at least
_UNSET_WIDTH = 8.43  # characters of a column that nobody has set
_LINE = 15.0  # points
_HIGHEST = 27  # lines, the most that a row may have
_FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
# the file's date is not the day it was made: the same report is the same bytes
_NO_DATE = datetime(1980, 1, 1, tzinfo=UTC)


def render(document: Document, languages: Sequence[Lang], styles: Mapping[Lang, Style]) -> dict[str, bytes]:
    """The document's tables as report_<language>.xlsx, the same bytes every time.

    Cells hold unrounded values under formats that show what the report prints.
    """
    return {f"report_{lang}.xlsx": _Book(document, lang, styles[lang]).made() for lang in languages}


class _Exact(float):
    """A number written with all its digits: XlsxWriter's sixteen are one short of some doubles."""

    def __format__(self, spec: str) -> str:
        return repr(float(self))


class _Book:
    """One workbook while it is written."""

    def __init__(self, document: Document, lang: Lang, style: Style) -> None:
        self._document, self._lang, self._style = document, lang, style
        self._target = BytesIO()
        # a font of the theme would stand in for the one that is named
        look = {"font_name": _FONTS[lang], "font_size": 11, "font_scheme": "none"}
        options = {"in_memory": True, "default_format_properties": look}
        self._book = Workbook(self._target, options)
        self._book.set_properties({"title": document.title(lang), "created": _NO_DATE})
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self._number_formats: set[str] = set()
        self._names = words.captions(document)
        self._numbers = document.numbers()

    def made(self) -> bytes:
        contents = self._book.add_worksheet(words.CONTENTS(self._lang))
        self._contents(contents)
        for table in self._document.tables:
            self._sheet(table)
        self._book.close()
        return self._target.getvalue()

    def _format(self, **look: Any) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(look)
        return self._formats[key]

    def _sheet_name(self, table: Table) -> str:
        """The table's number and as much of its title as a name takes; the number makes it the only one."""
        title = table.title(self._lang).translate(_FORBIDDEN_IN_NAMES)
        plain = "".join(character for character in title if character.isprintable())
        return f"{self._numbers[table.key]} {plain}"[:_SHEET_NAME].strip()

    def _contents(self, sheet: Worksheet) -> None:
        """Title, note, and a link to each table under its part of the report."""
        title, note = self._document.title(self._lang), self._document.note(self._lang)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, 1, 80)
        self._words(sheet, 0, 0, title, bold=True, font_size=14)
        self._words(sheet, 1, 0, note, italic=self._lang == "en")
        row = 3
        for section in self._document.sections:
            if not section.tables:
                continue
            self._words(sheet, row, 0, section.heading(self._lang), bold=True)
            for table in section.tables:
                row += 1
                link = f"internal:'{self._sheet_name(table)}'!A1"
                look = self._format(font_color="#0563C1", underline=1)
                sheet.write_url(row, 0, link, look, self._names[table.key](self._lang))
                self._words(sheet, row, 1, table.title(self._lang))
            row += 2
        self._on_paper(sheet)

    def _sheet(self, table: Table) -> None:
        """Caption, the study's note, the way back, the table under a header that stays, and its notes."""
        sheet = self._book.add_worksheet(self._sheet_name(table))
        sheet.hide_gridlines(2)
        widths = self._widths(table)
        for c, width in enumerate(widths):
            sheet.set_column(c, c, width)
        row = self._caption(sheet, table)
        self._words(sheet, row, 0, self._document.note(self._lang), italic=self._lang == "en")
        back = f"internal:'{words.CONTENTS(self._lang)}'!A1"
        look = self._format(font_color="#0563C1", underline=1)
        sheet.write_url(row + 1, 0, back, look, _BACK(self._lang))
        header = row + 3
        self._heights(sheet, table, header, widths)
        for c, column in enumerate(table.columns):
            rules = {"bold": True, "top": 2, "bottom": 1, "valign": "bottom", "text_wrap": True}
            self._words(sheet, header, c, column.heading(self._lang), align=column.align, **rules)
        self._rows(sheet, table, header + 1)
        sheet.freeze_panes(header + 1, 1 if len(table.columns) > 2 else 0)
        self._notes(sheet, table, header + 1 + len(table.rows), widths)
        sheet.repeat_rows(header)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self._on_paper(sheet)

    def _caption(self, sheet: Worksheet, table: Table) -> int:
        """Number and title, on two lines in APA style and on one in three-line style; the next free row."""
        name, title = self._names[table.key](self._lang), table.title(self._lang)
        if self._style == "apa":
            self._words(sheet, 0, 0, name, bold=True)
            self._words(sheet, 1, 0, title, italic=self._lang == "en")
            return 2
        self._words(sheet, 0, 0, f"{name}\u2003{title}", bold=True)
        return 1

    def _rows(self, sheet: Worksheet, table: Table, first: int) -> None:
        last = len(table.rows) - 1
        for c, column in enumerate(table.columns):
            numbers = [sheet_number(row[c], column.format, self._lang) for row in table.rows]
            tail = max((number.tail for number in numbers if number), default=0)
            for r, number in enumerate(numbers):
                look: dict[str, Any] = {
                    "align": column.align,
                    "valign": "top",
                    "bold": (r, c) in table.emphasis,
                }
                look |= {"bottom": 2} if r == last else {}
                if number is None:
                    text = table.cell(r, c, self._lang)
                    self._words(sheet, first + r, c, text, text_wrap=True, **look)
                else:
                    shown = padded(self._shown(number), tail - number.tail)
                    look |= {"num_format": shown, "font_name": _DIGITS}
                    self._number_formats.add(shown)
                    sheet.write_number(first + r, c, _Exact(number.value), self._format(**look))

    def _shown(self, number: SheetNumber) -> str:
        """The number's format; its digits spelled out where a spreadsheet would round otherwise.

        Past the formats that a workbook may have, the spreadsheet's own rounding is left to stand.
        """
        spelled = not number.exact and len(self._number_formats) < MOST_FORMATS
        return number.literal if spelled else number.format

    def _words(self, sheet: Worksheet, row: int, column: int, text: str, **look: Any) -> None:
        """Words that stay words: nothing in them is taken for a formula, now or when the cell is edited."""
        quoted = {"quote_prefix": True} if looks_like_formula(text) else {}
        kept = text if len(text) <= _CELL else text[: _CELL - 1] + "…"
        sheet.write_string(row, column, kept, self._format(**look, **quoted))

    def _widths(self, table: Table) -> list[float]:
        """Columns as wide as their cells in characters; headings take two lines before they widen one."""
        headings, cells = table.text(self._lang)
        widths = []
        for c, heading in enumerate(headings):
            wide = max((_width(line) for row in cells for line in row[c].split("\n")), default=0.0)
            long = max(_width(word) for word in heading.split(" "))
            wanted = max(wide, long, _width(heading) / 2 + 2, _NARROWEST) + 2
            widths.append(min(wanted, _WIDEST))
        return widths

    def _heights(self, sheet: Worksheet, table: Table, header: int, widths: Sequence[float]) -> None:
        """Rows as high as their words on several lines: not every spreadsheet sees to it by itself."""
        headings, cells = table.text(self._lang)
        for r, row in enumerate([headings, *cells]):
            lines = max(_lines(text, width - 1) for text, width in zip(row, widths, strict=True))
            if lines > 1:
                sheet.set_row(header + r, _LINE * min(lines, _HIGHEST))

    def _notes(self, sheet: Worksheet, table: Table, row: int, widths: Sequence[float]) -> None:
        """Each note over the table's columns, and over free ones where those are narrow."""
        free = max(0, ceil((_NOTE_WIDTH - sum(widths)) / _UNSET_WIDTH))
        wide = sum(widths) + free * _UNSET_WIDTH
        look = self._format(text_wrap=True, valign="top", font_size=10)
        for place, note in enumerate(table.notes):
            text = words.joined([*([words.NOTE(self._lang)] * (place == 0)), note(self._lang)], self._lang)
            sheet.set_row(row + place, _LINE * min(_lines(text, wide), _HIGHEST))
            last = len(widths) + free - 1
            if last:
                sheet.merge_range(row + place, 0, row + place, last, "", look)
            sheet.write_string(row + place, 0, text, look)

    def _on_paper(self, sheet: Worksheet) -> None:
        """A4 on its side, as wide as the sheet, the note over every page."""
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        note = self._document.note(self._lang)
        note = note if len(note) <= _PAGE_HEADER else note[: _PAGE_HEADER - 1] + "…"
        if note:
            sheet.set_header("&C" + note.replace("&", "&&"))
        sheet.set_footer("&C&P / &N")


def _width(text: str) -> float:
    """Characters that a text takes, East Asian ones two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in so many characters; words that do not fit leave a tenth of them free."""
    long = [line for line in text.split("\n") if _width(line) > width]
    return len(text.split("\n")) - len(long) + sum(ceil(1.1 * _width(line) / width) for line in long)
