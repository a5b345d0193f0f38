"""Labels cut to the room there is, in either script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import east_asian_width

_WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uffe6"
_OPENING, _CLOSING = "（《“‘「【", "，。、；：！？）》”’」】％"
# A Chinese line may break between any two characters, but not after an opening or before a closing mark.
_PIECE = re.compile(rf"\s+|[{_OPENING}]*[{_WIDE}“”‘’][{_CLOSING}]*|[^\s{_WIDE}“”‘’]+")


def label_width(text: str) -> int:
    """How wide a text is in halves of the font's size, about: a Latin letter one, a Chinese character two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, width: int) -> str:
    """The text in at most `width` halves of the font's size, with an ellipsis where it is cut."""
    if label_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if label_width(kept + character) > width - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def wrapped(text: str, width: int, lines: int = 2) -> str:
    """The text on at most `lines` lines of `width` halves of the font's size each, the last one cut."""
    rows: list[str] = []
    row = ""
    for piece in _PIECE.findall(text):
        if row and label_width((row + piece).rstrip()) > width:
            rows.append(row.rstrip())
            row = ""
        row += piece if row else piece.lstrip()
    rows.append(row.rstrip())
    if len(rows) > lines:
        rest = text[len(text) - _length_from(text, rows[: lines - 1]) :].lstrip()
        rows = [*rows[: lines - 1], rest]
    return "\n".join(shortened(row, width) for row in rows)


def _length_from(text: str, rows: list[str]) -> int:
    """How many characters of the text are left after the rows."""
    position = 0
    for row in rows:
        position = text.index(row, position) + len(row)
    return len(text) - position


def legend_columns(labels: Sequence[str]) -> int:
    """How many entries of a legend go side by side over the width of a page."""
    return max(1, min(len(labels), 104 // (max(map(label_width, labels)) + 9)))


def named_label(name: str, label: str, width: int) -> str:
    """A variable's name and its label in one line."""
    return shortened(label if label in (name, "") else f"{name}  {label}", width)
