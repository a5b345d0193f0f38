"""A table as Word has it: a repeating header row, whole rows, no vertical rules, points under each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from socialcap.plan import Style
from socialcap.report.columns import Layout, Panel, layout, room
from socialcap.report.word.markup import attribute, paragraph, run, twips
from socialcap.report.word.points import Points, points
from socialcap.report.word.styles import TABLE_STYLE, table_text_style
from socialcap.results import Lang, Table, Text

_HELD = 2
"""Rows of a table over several pages that stay with the header."""
_AIR = 0.3
"""How much wider than its text a table may be set, as a share."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A table in one language, its words and numbers as they are printed, and its place on the page."""

    table: Table
    lang: Lang
    headings: Sequence[str]
    cells: Sequence[Sequence[str]]
    layout: Layout

    def is_number(self, row: int, column: int) -> bool:
        """Whether a cell has a point to stand under others."""
        value = self.table.rows[row][column]
        numeric = value is not None and not isinstance(value, (str, Text))
        return numeric and self.table.columns[column].align == "right"

    def points(self, column: int) -> Points:
        """Where the points of a column lie."""
        return points(row[column] for r, row in enumerate(self.cells) if self.is_number(r, column))

    def held(self, row: int) -> bool:
        """Whether a row stays on the page of the next: all of a table that fits, the last one by its notes."""
        return not self.layout.breaks or row < _HELD or row == len(self.cells) - 1


def set_table(table: Table, lang: Lang) -> Setting:
    """The table fitted to its page."""
    headings, cells = table.text(lang)
    return Setting(table, lang, headings, cells, layout(table.columns, headings, cells))


def table_markup(setting: Setting, panel: Panel, custom: Style) -> str:
    """One panel of the table; every cell is the text that `format_value` gives."""
    margin, widths = _measures(setting.layout, panel)
    style = table_text_style(setting.layout.size)
    columns = list(zip(panel.columns, widths, strict=True))
    inner = [(width - 2 * margin) / setting.layout.size for width in widths]
    places = [setting.points(c) for c in panel.columns]
    rows = [_header(setting, columns, style)]
    whole_row = "" if setting.layout.rows_break else "<w:trPr><w:cantSplit/></w:trPr>"
    for r in range(len(setting.cells)):
        written = "".join(
            _in_cell(_cell(setting, r, c, place, space, style), width)
            for (c, width), place, space in zip(columns, places, inner, strict=True)
        )
        rows.append(f"<w:tr>{whole_row}{written}</w:tr>")
    grid = "".join(f'<w:gridCol w:w="{twips(width)}"/>' for width in widths)
    side = f'w:w="{twips(margin)}" w:type="dxa"'
    properties = (
        f'<w:tblStyle w:val="{TABLE_STYLE}"/><w:tblW w:w="{sum(map(twips, widths))}" w:type="dxa"/>'
        f'<w:jc w:val="{"left" if custom == "apa" else "center"}"/><w:tblLayout w:type="fixed"/>'
        f"<w:tblCellMar><w:left {side}/><w:right {side}/></w:tblCellMar>"
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" '
        'w:noHBand="1" w:noVBand="1"/>'
        f"<w:tblCaption w:val={attribute(setting.table.title(setting.lang))}/>"
    )
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def _measures(fitted: Layout, panel: Panel) -> tuple[float, list[float]]:
    """The margin of a cell, and the columns' widths with margins and some air where the page has it, in points."""
    margin = fitted.gap * (len(panel.widths) - 1) / len(panel.widths) / 2
    widths = [width + 2 * margin for width in panel.widths]
    spare = min(room(fitted.lying) - sum(widths), _AIR * sum(widths))
    return margin, [width + max(spare, 0.0) / len(widths) for width in widths]


def _header(setting: Setting, columns: Sequence[tuple[int, float]], style: str) -> str:
    cells = []
    for c, width in columns:
        align = "center" if setting.table.columns[c].align == "right" else ""
        content = paragraph(run(setting.headings[c], setting.lang), style, keep_next=True, align=align)
        cells.append(_in_cell(content, width, '<w:vAlign w:val="bottom"/>'))
    return f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(cells)}</w:tr>"


def _cell(setting: Setting, r: int, c: int, place: Points, space: float, style: str) -> str:
    text, number = setting.cells[r][c], setting.is_number(r, c)
    align, right = "", 0
    if setting.table.columns[c].align == "right":
        align = "right" if number else "center"
        right = twips(place.indent(text, space) * setting.layout.size) if number else 0
    content = run(text, setting.lang, bold=(r, c) in setting.table.emphasis, plain=number)
    return paragraph(content, style, keep_next=setting.held(r), align=align, right=right)


def _in_cell(content: str, width: float, more: str = "") -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="{twips(width)}" w:type="dxa"/>{more}</w:tcPr>{content}</w:tc>'
