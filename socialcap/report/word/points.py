"""Numbers of a column with their points under each other, in Word without tab stops."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

# thousandths of the type size, in Times New Roman and the faces made to replace it
_BY_WIDTH: Mapping[int, str] = MappingProxyType(
    {250: " ,.", 333: "()-", 444: "e", 500: "0123456789*–", 564: "+<−", 611: "E", 713: "∞", 833: "%"}
)
_WIDTHS = {character: width / 1000 for width, characters in _BY_WIDTH.items() for character in characters}
_SLACK = 0.15
"""Ems that stay free before a number, where a face runs a little wider."""
_NUMBER = re.compile(r"(?P<whole>[(<\s−]*[\d,]*)(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Points:
    """How far the numbers of a column reach left and right of their points, in ems (1 = the type size)."""

    whole: float
    rest: float

    def indent(self, cell: str, room: float) -> float:
        """Ems from the right that put a number's point under the others', the block of them centred.

        `room` is the column's width in ems. Where the block is wider, its numbers move to the right until
        they end where the column ends; none is broken.
        """
        whole, rest = map(_width, _parts(cell))
        free = room - self.whole - self.rest
        aligned = self.rest - rest + min(free / 2, free - _SLACK)
        return max(0.0, min(aligned, room - whole - rest - _SLACK))


def points(cells: Iterable[str]) -> Points:
    """Where the points of a column's numbers lie; `cells` are the numbers as they are printed."""
    parts = [_parts(cell) for cell in cells]
    return Points(
        max((_width(whole) for whole, _ in parts), default=0.0),
        max((_width(rest) for _, rest in parts), default=0.0),
    )


def _parts(number: str) -> tuple[str, str]:
    """A printed number before its point, and from its point on: with bracket, percent sign and stars."""
    match = _NUMBER.fullmatch(number)
    assert match is not None, "the pattern takes every text"
    return match["whole"], match["rest"]


def _width(text: str) -> float:
    return sum(_WIDTHS.get(character, 0.5) for character in text)
