"""Tables that keep numbers as numbers: values and formats here, rounding only when a cell is written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from string import Formatter
from typing import Any, Literal
from unicodedata import east_asian_width

Lang = Literal["en", "zh"]
LANGUAGES: tuple[Lang, ...] = ("en", "zh")

Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in English and in Chinese; a side left empty falls back on the other."""

    en: str = ""
    zh: str = ""

    def __call__(self, lang: Lang) -> str:
        return (self.zh or self.en) if lang == "zh" else (self.en or self.zh)

    def __bool__(self) -> bool:
        return bool(self.en or self.zh)

    def format(self, **values: Any) -> Text:
        """Both sides with their `{placeholders}` filled, a value that is a Text by language.

        Numbers with a format specification are written as `format_value` writes them.
        """
        return Text(_fill(self.en, "en", values), _fill(self.zh, "zh", values))


_FORMATTER = Formatter()
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_STOPS = "、，。；：？！（）《》"
_LATIN = "A-Za-z0-9α-ωΑ-ΩΔ−"
_SPACED = re.compile(f"[{_HAN}][{_LATIN}]|[{_LATIN}%²][{_HAN}]")
_CLOSE = re.compile(f"[{_HAN}][{_HAN}]|[{_STOPS}].|.[{_STOPS}]")


def _fill(template: str, lang: Lang, values: Mapping[str, Any]) -> str:
    """The template with its values; in Chinese what is filled in is spaced from what stands beside it."""
    filled = ""
    for literal, name, spec, _ in _FORMATTER.parse(template):
        parts = [literal]
        if name is not None:
            parts.append(_filled(_FORMATTER.get_field(name, (), values)[0], spec or "", lang))
        for part in parts:
            filled = _joined(filled, part) if lang == "zh" else filled + part
    return filled


def _filled(value: Any, spec: str, lang: Lang) -> str:
    return format_value(value, spec, lang) if spec or isinstance(value, Text) else str(value)


def _joined(left: str, right: str) -> str:
    """Two pieces of Chinese, with a space where Chinese meets Latin letters or figures and none elsewhere."""
    before, after = left.rstrip(" "), right.lstrip(" ")
    meeting = before[-1:] + after[:1]
    if _SPACED.fullmatch(meeting):
        return f"{before} {after}"
    return before + after if _CLOSE.fullmatch(meeting) else left + right


@dataclass(frozen=True, slots=True)
class Starred:
    """A number shown with significance stars for its p-value."""

    value: float
    p_value: float

    @property
    def stars(self) -> str:
        """`***` p < .001, `**` p < .01, `*` p < .05."""
        if math.isnan(self.p_value):
            return ""
        return "*" * sum(self.p_value < level for level in (0.05, 0.01, 0.001))


@dataclass(frozen=True, slots=True)
class Formatted:
    """A number with a format of its own, for columns that list different statistics."""

    value: float | int
    format: str


STARS_NOTE = Text("* p < .05, ** p < .01, *** p < .001", "* p < 0.05，** p < 0.01，*** p < 0.001")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, its heading, and how its numbers are written.

    `format` is a format specification (".3f", "d", ".1%") "p" for an exact p-value (.034, in
    Chinese 0.034), "number" for numbers of any size, or one of these in brackets, "(.3f)".
    """

    key: str
    heading: Text
    format: str = ".3f"
    align: Align = "right"


@dataclass(frozen=True, slots=True)
class Table:
    """Values with the instructions for writing them; every renderer applies the same instructions.

    `rows` hold one value per column: str, Text, number, None (empty), Starred or
    Formatted. `emphasis` lists the
    (row, column) positions to mark, such as large loadings.
    """

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[Text, ...] = ()
    emphasis: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.key}: a row of {len(row)} cells under {len(self.columns)} columns"
                )

    def cell(self, row: int, column: int, lang: Lang = "en") -> str:
        """The cell as it is printed."""
        return format_value(self.rows[row][column], self.columns[column].format, lang)

    def text(self, lang: Lang = "en") -> tuple[list[str], list[list[str]]]:
        """Headings and cells as they are printed."""
        cells = [[self.cell(r, c, lang) for c in range(len(self.columns))] for r in range(len(self.rows))]
        return [column.heading(lang) for column in self.columns], cells

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: unrounded values by column key."""
        return {
            "key": self.key,
            "title": {"en": self.title.en, "zh": self.title.zh},
            "columns": [column.key for column in self.columns],
            "rows": [[_plain(value) for value in row] for row in self.rows],
            "notes": [{"en": note.en, "zh": note.zh} for note in self.notes],
        }

    def to_text(self, lang: Lang = "en") -> str:
        """The table as aligned text, for a terminal."""
        headings, cells = self.text(lang)
        rows = [headings, *cells]
        widths = [max(_width(row[c]) for row in rows) for c in range(len(headings))]
        lines = [
            "  ".join(
                _padded(cell, width, column.align)
                for cell, width, column in zip(row, widths, self.columns, strict=True)
            ).rstrip()
            for row in rows
        ]
        rule = "-" * max(_width(line) for line in lines)
        notes = [note(lang) for note in self.notes]
        return "\n".join([self.title(lang), rule, lines[0], rule, *lines[1:], rule, *notes])

    def to_html(self, lang: Lang = "en") -> str:
        """The table as one HTML element, for notebooks."""
        headings, cells = self.text(lang)
        head = "".join(
            f'<th scope="col" style="text-align:{column.align}">{escape(heading)}</th>'
            for column, heading in zip(self.columns, headings, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:{self.columns[c].align}">'
                + (f"<b>{escape(cell)}</b>" if (r, c) in self.emphasis else escape(cell))
                + "</td>"
                for c, cell in enumerate(row)
            )
            + "</tr>"
            for r, row in enumerate(cells)
        )
        notes = "".join(f"<div><small>{escape(note(lang))}</small></div>" for note in self.notes)
        return (
            f"<table><caption>{escape(self.title(lang))}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"
        )

    def _repr_html_(self) -> str:
        return self.to_html()


def format_value(value: Any, spec: str, lang: Lang = "en") -> str:
    """A cell's value as text: the one place where numbers are rounded. Missing numbers become "–"."""
    if value is None:
        return ""
    if isinstance(value, Text):
        return value(lang)
    if isinstance(value, str):
        return value
    if isinstance(value, Starred):
        return format_value(value.value, spec, lang) + value.stars
    if isinstance(value, Formatted):
        return format_value(value.value, value.format, lang)
    if isinstance(value, float) and not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if spec.startswith("("):
        return f"({format_value(value, spec[1:-1], lang)})"
    if spec == "p":
        shown = "< 0.001" if value < 0.001 else format(value, ".3f")
        return shown if lang == "zh" else shown.replace("0.", ".", 1)
    if spec == "number":
        spec = _number_format(value)
    return format(value, _unsigned_zero(spec)).replace("-", "−")


def _number_format(value: float) -> str:
    """Two decimals below a thousand, none from there on, none for whole numbers; years without a comma."""
    if value == round(value):
        return ",.0f" if abs(value) >= 10_000 else ".0f"
    return ".2f" if abs(value) < 1000 else ",.0f"


def _unsigned_zero(spec: str) -> str:
    """The format without the sign of numbers that round to zero."""
    return "z" + spec if spec.endswith(("f", "%", "g")) else spec


def _width(text: str) -> int:
    """Columns that a text takes in a terminal, where East Asian characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int, align: Align) -> str:
    gap = " " * (width - _width(text))
    return gap + text if align == "right" else text + gap


def _plain(value: Any) -> Any:
    if isinstance(value, Text):
        return {"en": value.en, "zh": value.zh}
    if isinstance(value, Starred):
        return {"value": _plain(value.value), "p_value": _plain(value.p_value)}
    if isinstance(value, Formatted):
        return _plain(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Result:
    """What every result offers: its tables, the same tables in a notebook, and itself as JSON-ready data."""

    def tables(self) -> list[Table]:
        """The tables that show this result, in reading order."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Every table's unrounded values under its key."""
        return {table.key: table.to_dict() for table in self.tables()}

    def _repr_html_(self) -> str:
        return "".join(table.to_html() for table in self.tables())

    def __str__(self) -> str:
        return "\n\n".join(table.to_text() for table in self.tables())


def table_rows(values: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """Rows as the tuples that `Table` keeps, numpy scalars turned into Python's own."""
    return tuple(tuple(_python(v) for v in row) for row in values)


def _python(value: Any) -> Any:
    if isinstance(value, Formatted):
        return Formatted(_python(value.value), value.format)
    if isinstance(value, Starred):
        return Starred(_python(value.value), _python(value.p_value))
    return value.item() if hasattr(value, "item") else value
