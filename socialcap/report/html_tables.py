"""Tables as HTML: the grid of cells, and the classes that say how it is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from socialcap.report.columns import layout, width
from socialcap.results import Table

_SMALLEST = 5.5
"""Points in which a table is printed that fits on no page in larger type."""

_SHORT_LABEL, _LONG_CELL = 7.0, 9.0
"""Em up to which labels are not wrapped, and beyond which words among numbers are."""

_LEFT, _WRAPPED = ' class="l"', ' class="w"'


def grid(table: Table, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """Head and body of a table from its printed cells; the first column heads the rows.

    A cell without words is no heading: who hears the page read would be told of an empty one.
    """
    classes = [_LEFT if column.align == "left" else "" for column in table.columns]
    head = "".join(
        f'<th scope="col"{kind}>{escape(heading)}</th>' if heading else f"<td{kind}></td>"
        for heading, kind in zip(headings, classes, strict=True)
    )
    body = "\n".join(
        f"<tr>{_label(row[0], (r, 0) in table.emphasis)}"
        + "".join(
            f"<td{kind or _WRAPPED * (width(cell) > _LONG_CELL)}>{_content(cell, (r, c) in table.emphasis)}</td>"
            for c, (cell, kind) in enumerate(zip(row[1:], classes[1:], strict=True), 1)
        )
        + "</tr>"
        for r, row in enumerate(rows)
    )
    return Markup(f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>")


def look(table: Table, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Classes of a table: how it lies on paper, in which tenths of points it is printed there, and whether its
    labels are short enough never to wrap.
    """
    laid = layout(table.columns, headings, rows)
    size = laid.size if len(laid.panels) == 1 else _SMALLEST
    short = max((width(row[0]) for row in rows), default=0.0) <= _SHORT_LABEL
    return f" print-{10 * size:.0f}" + " across" * laid.lying + " short" * short


def _label(text: str, strong: bool) -> str:
    return f'<th scope="row">{_content(text, strong)}</th>' if text else "<td></td>"


def _content(text: str, strong: bool) -> str:
    return f"<strong>{escape(text)}</strong>" if strong else escape(text)
