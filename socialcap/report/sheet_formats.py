"""How a spreadsheet shows a number as the report prints it, while the cell keeps the number itself."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from socialcap.results import Formatted, Lang, Starred, format_value

MOST_FORMATS = 180
"""Spreadsheets take some two hundred formats of a user's own."""

_PRINTED = re.compile(
    r"(?P<open>\(?)(?P<minus>−?)(?P<whole>[\d,]*)(?P<point>\.?)(?P<decimals>\d*)(?P<power>(e[+−]\d+)?)"
    r"(?P<percent>%?)(?P<close>\)?)(?P<stars>\**)"
)


@dataclass(frozen=True, slots=True)
class SheetNumber:
    """A number for a cell: its value, as it is printed, and the format that shows it so.

    `exact` is False where a spreadsheet, which rounds halves of the decimal number up, would show another
    last digit than `format_value` prints.
    """

    value: float
    printed: str
    format: str
    exact: bool

    @property
    def literal(self) -> str:
        """A format that spells out the printed digits, whatever the number."""
        return ";".join([_quoted(self.printed)] * 3)

    @property
    def tail(self) -> int:
        """How many characters stand after the number: its bracket and stars."""
        return len(self.printed) - len(self.printed.rstrip(")*"))


def padded(number_format: str, stars: int) -> str:
    """The format with room for so many stars after the number, so that digits stand under each other.

    Powers of ten get none: LibreOffice drops a zero of the exponent where something follows it.
    """
    if "E+00" in number_format:
        return number_format
    return ";".join(part + "_*" * stars for part in number_format.split(";"))


def sheet_number(cell: Any, spec: str, lang: Lang = "en") -> SheetNumber | None:
    """The number that a table's cell holds, or None where it holds words, nothing or no finite number.

    `spec` is the format of the cell's column.
    """
    value = cell.value if isinstance(cell, (Starred, Formatted)) else cell
    if value is None or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    printed = format_value(cell, spec, lang)
    own = cell.format if isinstance(cell, Formatted) else spec
    match = _PRINTED.fullmatch(printed)
    if own.strip("()") == "p":
        exact = match is None or _rounds_alike(value, match)
        return SheetNumber(float(value), printed, _p_format(printed, lang), exact)
    if match is None:
        return SheetNumber(float(value), printed, "General", False)
    pattern = _digits(match)
    after = _quoted(match["close"] + match["stars"])
    positive = _quoted(match["open"]) + pattern + after
    # what rounds to zero has lost its sign on paper
    sign = "−" if match["minus"] or value >= 0 else ""
    negative = _quoted(match["open"] + sign) + pattern + after
    return SheetNumber(float(value), printed, f"{positive};{negative}", _rounds_alike(value, match))


def _digits(match: re.Match[str]) -> str:
    whole = "#,##0" if "," in match["whole"] else "0" if match["whole"] else ""
    power = "E+00" if match["power"] else ""
    return whole + match["point"] + "0" * len(match["decimals"]) + power + match["percent"]


def _p_format(printed: str, lang: Lang) -> str:
    """Exact p-values, in English without the zero before the point; stars and brackets as printed."""
    bare = printed.strip("()*")
    before, _, after = printed.partition(bare)
    digits = "0.000" if lang == "zh" else ".000"
    small = _quoted(before + format_value(0.0, "p", lang) + after)
    exact = _quoted(before) + digits + _quoted(after)
    return f"[<0.001]{small};{exact}"


def _rounds_alike(value: float, match: re.Match[str]) -> bool:
    """Whether a spreadsheet rounds the number to the printed digits: it sees fifteen figures, halves go up."""
    if match["power"]:
        return True
    shown = Decimal(f"{value:.15g}") * (100 if match["percent"] else 1)
    places = Decimal(1).scaleb(-len(match["decimals"]))
    digits = match["whole"].replace(",", "") + match["point"] + match["decimals"]
    return abs(shown).quantize(places, ROUND_HALF_UP) == Decimal(digits)


def _quoted(text: str) -> str:
    return f'"{text}"' if text else ""
