"""How wide a table's columns are on A4: larger or smaller type, upright or lying, in panels, but never cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil
from unicodedata import east_asian_width

from socialcap.results import Column

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
"""A4 in points."""
MARGIN_X, MARGIN_Y = 62.0, 68.0
"""Margins of the page in points."""
LONG_WORD = 12.0
"""Em after which a word without a place to break is broken."""

# tables are set as large as they fit upright, then lying; the last size is the smallest fit to read in print
_UPRIGHT, _LYING = (9.5, 9.0, 8.5, 8.0), (9.0, 8.5, 8.0, 7.5, 7.0, 6.5)
_PANEL = 7.5
_GAP, _TIGHT_GAP = 0.9, 0.6  # between columns, in units of the type's size; tight in panels and small types
_COMFORT = 14.0  # em that a column of words gets before the type is made smaller
_SQUEEZED = 7.0  # em to which a column of words may be pressed
_CHINESE_HEADING = 4.0  # em of a Chinese heading that stay on a line
_WORDS = 16.0  # em beyond which a cell is taken for words, and wrapped
_LEADING = 1.35  # distance of baselines in units of the type's size
_KEPT_WHOLE = 0.4  # of the page: lower tables are not broken over pages
_TALL_ROW = 20  # lines: a higher row may break over pages

_STARS = re.compile(r"(?<=[^*])\*{1,3}$")
_NARROW, _BROAD = frozenset("iljtfrI.,;:'|!()[]/·` "), frozenset("mwMW@%—…‰Δ")
_WIDE = 1.0  # em of a Chinese character
_BETWEEN_SCRIPTS = 0.25  # em
_BY_CODE = 5.4  # em of a character that book types lack, written [U+1F600]


@dataclass(frozen=True, slots=True)
class Panel:
    """Columns of a table that stand side by side, and their widths in points."""

    columns: tuple[int, ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is set: upright or lying on its side, type size and gap in points, panels one below another.

    `breaks` says whether it may run over pages, `rows_break` whether single rows may; `wraps` lists the
    columns with cells or headings that do not fit on one line.
    """

    lying: bool
    size: float
    gap: float
    panels: tuple[Panel, ...]
    breaks: bool
    rows_break: bool
    wraps: frozenset[int]


def book_type(size: float) -> float:
    """Points of an em of `width` in the types of books, which look the same in every size."""
    return size


def layout(
    columns: Sequence[Column],
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    em: Callable[[float], float] = book_type,
) -> Layout:
    """How a table of printed cells is set on A4; `em` gives the points of an em of `width` at a type size.

    The largest type in which columns of words have room is taken, upright before lying; if there is none, the
    largest in which the least that every column needs fits; if there is none, the columns stand in panels,
    each beginning with the columns of words that the table begins with.
    """
    stars = star_widths(rows)
    padded = [[cell + "*" * missing_stars(cell, stars[c]) for c, cell in enumerate(row)] for row in rows]
    cells = [[row[c] for row in padded] for c in range(len(headings))]
    demands = [_demand(*column) for column in zip(columns, headings, cells, strict=True)]
    together = [list(range(len(demands)))]
    for widths in ([demand.comfortable for demand in demands], [demand.least for demand in demands]):
        for lying, size in [*((False, size) for size in _UPRIGHT), *((True, size) for size in _LYING)]:
            setting = _setting(lying, size, em)
            if setting.total(widths) <= room(lying):
                return _laid(together, demands, [headings, *padded], setting)
    setting = _setting(True, _PANEL, em)
    return _laid(_panels(demands, setting), demands, [headings, *padded], setting)


def room(lying: bool) -> float:
    """Points between the margins of a page, upright or lying on its side."""
    return PAGE_HEIGHT - 2 * MARGIN_Y if lying else PAGE_WIDTH - 2 * MARGIN_X


def star_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The most significance stars that a cell of each column ends with."""
    return [max((_stars(row[c]) for row in rows), default=0) for c in range(len(rows[0]))] if rows else []


def missing_stars(cell: str, most: int) -> int:
    """How many stars' room a cell needs after it, so that its digits stand under those of starred cells."""
    return most - _stars(cell) if cell else 0


def _stars(cell: str) -> int:
    found = _STARS.search(cell)
    return len(found.group()) if found else 0


@lru_cache(maxsize=65536)
def width(text: str) -> float:
    """About how wide a text is in em, on the safe side for book types; Chinese and Latin stand a little apart."""
    scripts = [east_asian_width(character) in "WF" for character in text if character != " "]
    changes = sum(before != after for before, after in pairwise(scripts))
    return sum(map(_character_width, text)) + _BETWEEN_SCRIPTS * changes


@lru_cache(maxsize=65536)
def longest_token(text: str) -> float:
    """The widest part without a place to break, in em; lines may break beside every wide character."""
    widest = run = 0.0
    for character in text:
        size = _character_width(character)
        run = 0.0 if character in " \u3000" else size if size == _WIDE else run + size
        widest = max(widest, run)
        if character in "-/–":
            run = 0.0
    return widest


def _character_width(character: str) -> float:
    kind, point = east_asian_width(character), ord(character)
    if point > 0xFFFF or (kind not in "WF" and 0x590 <= point < 0x1E00):
        return _BY_CODE
    if kind in "WF":
        return _WIDE
    if character in _NARROW:
        return 0.36
    if character in _BROAD or (kind == "A" and point >= 0x2000):
        return 0.98
    return 0.5 if character.isdecimal() else 0.76 if character.isupper() else 0.54


@dataclass(frozen=True, slots=True)
class _Demand:
    """What a column asks for in em: to stay on one line, to read well, and at the least."""

    natural: float
    comfortable: float
    least: float
    words: bool


def _demand(column: Column, heading: str, cells: Sequence[str]) -> _Demand:
    head = max(1.0, min(longest_token(heading), LONG_WORD), min(width(heading), _CHINESE_HEADING))
    widest = max(map(width, cells), default=0.0)
    if column.align == "right" and widest <= _WORDS:
        least = max(head, widest)
        return _Demand(max(least, width(heading)), least, least, False)
    natural = max(1.0, width(heading), widest)
    longest = max(map(longest_token, cells), default=0.0)
    least = max(min(longest, LONG_WORD), min(natural, _SQUEEZED), head)
    return _Demand(natural, max(least, min(natural, _COMFORT)), least, True)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A page and a type: upright or lying, its size, an em and the gap between columns, in points."""

    lying: bool
    size: float
    em: float
    gap: float

    def total(self, widths: Sequence[float]) -> float:
        """Points that columns of these widths in em take together."""
        return sum(widths) * self.em + self.gap * (len(widths) - 1)


def _setting(lying: bool, size: float, em: Callable[[float], float]) -> _Setting:
    return _Setting(lying, size, em(size), size * (_TIGHT_GAP if size <= _PANEL else _GAP))


def _panels(demands: Sequence[_Demand], setting: _Setting) -> list[list[int]]:
    stub = [c for c in range(min(2, len(demands))) if all(demand.words for demand in demands[: c + 1])]
    panels, current = [], list(stub)
    for c in range(len(stub), len(demands)):
        least = [demands[i].least for i in [*current, c]]
        if len(current) > len(stub) and setting.total(least) > room(setting.lying):
            panels.append(current)
            current = list(stub)
        current.append(c)
    return [*panels, current]


def _laid(
    panels: Sequence[Sequence[int]],
    demands: Sequence[_Demand],
    rows: Sequence[Sequence[str]],
    setting: _Setting,
) -> Layout:
    made = tuple(Panel(tuple(panel), _shared([demands[c] for c in panel], setting)) for panel in panels)
    shares = {c: share for panel in made for c, share in zip(panel.columns, panel.widths, strict=True)}
    lines = [
        [ceil(width(text) * setting.em / shares[c] - 1e-9) for c, text in enumerate(row)] for row in rows
    ]
    highest = [max(1, *row) for row in lines]
    wraps = frozenset(c for row in lines for c, count in enumerate(row) if count > 1)
    height = sum(highest) * len(panels) * setting.size * _LEADING
    breaks = height > _KEPT_WHOLE * (PAGE_WIDTH if setting.lying else PAGE_HEIGHT)
    return Layout(setting.lying, setting.size, setting.gap, made, breaks, max(highest) > _TALL_ROW, wraps)


def _shared(demands: Sequence[_Demand], setting: _Setting) -> tuple[float, ...]:
    """Points for each column: what it asks for if that fits, else the least and a share of what is left."""
    left = (room(setting.lying) - setting.total([demand.least for demand in demands])) / setting.em
    wish = sum(demand.natural - demand.least for demand in demands)
    share = min(1.0, max(0.0, left) / wish) if wish > 0 else 0.0
    return tuple((demand.least + share * (demand.natural - demand.least)) * setting.em for demand in demands)
