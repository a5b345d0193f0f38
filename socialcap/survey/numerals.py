"""Numbers, percentages, amounts, years, durations and dates as people write them.

Every reader returns the exact value, or None where the text could mean two things: ranges ("5-10"), decimal
commas ("1,5"), colloquial tails ("3万5") and dates whose day and month cannot be told apart are not guessed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from decimal import Decimal

from socialcap.codebook.folding import fold

_NUMBER = r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SIMPLE = re.compile(rf"([+-]?)({_NUMBER})", re.ASCII)
_UNITS = re.compile(
    rf"([+-]?)(?:({_NUMBER})([千百十]?)亿)?(?:({_NUMBER})([千百十]?)万)?"
    rf"(?:({_NUMBER})千)?(?:({_NUMBER})百)?(\d+)?",
    re.ASCII,
)
_MULTIPLE = {"": 1, "十": 10, "百": 100, "千": 1000}
_COUNTERS = re.compile(
    r"(?<=[\d万亿千百十一二两三四五六七八九零〇])"
    r"(?:周岁|岁|人|名|位|个|家|户|次|项|种|件|台|年|persons?|people|firms?|times?|years?|yrs?)$"
)
_CURRENCY = r"rmb|cny|usd|eur|gbp|人民币|[¥$€£]"
_CURRENCY_BEFORE = re.compile(rf"^([+-]?)(?:{_CURRENCY})+")
_CURRENCY_AFTER = re.compile(rf"(?:元整|元|圆|块钱|块)?(?:{_CURRENCY})?$")
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟萬億兩", "一二三四五六七八九十百千万亿两")
_YEAR = re.compile(r"(\d{4})(?:\.0+)?(?:年(?:(?:0?[1-9]|1[0-2])月(?:\d{1,2}[日号])?)?)?", re.ASCII)
_PART = r"(?:(\d+(?:\.\d+)?)(?:{}))?"
_DURATION = re.compile(
    "".join(
        _PART.format(unit)
        for unit in (
            "天|days?|d",
            "个?小时|时|hours?|hrs?|h",
            "分钟|分|minutes?|mins?|m",
            "秒钟|秒|seconds?|secs?|s",
        )
    ),
    re.ASCII,
)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d(?:\.\d+)?)", re.ASCII)
_SECONDS = (86400, 3600, 60, 1)
_TIME = r"(?:[t ]?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?)? ?(am|pm|z|[+-]\d{2}:?\d{2})?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.年])(\d{{1,2}})([-/.月])(\d{{1,2}})[日号]?{_TIME}", re.ASCII)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}),?{_TIME}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?", re.ASCII)


def is_plain(text: str) -> bool:
    """Whether the text is a number as a computer writes it, outer white space aside."""
    return _PLAIN.fullmatch(text.strip()) is not None


def normal_form(text: str) -> str:
    """The text with widths, dashes, case and needless spaces made uniform; "" if that would change a number.

    Superscripts, subscripts and fractions lose their meaning in NFKC ("10²" would become 102).
    """
    if not text.isascii() and any(_changes_meaning(character) for character in text):
        return ""
    folded = fold(text).removesuffix("。")
    return re.sub(r"(?<![-\d]) (?=\d)|(?<=\d) (?=\D)|(?<=[^\d-]) (?=\D)", "", folded).strip()


def _changes_meaning(character: str) -> bool:
    return unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>"))


def number_text(value: Decimal | float) -> str:
    """The number as it is written into the ledger: whole numbers without a point, others in full."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def parse_number(text: str) -> Decimal | None:
    """A count or measure: digits in any width, thousands separators, 万, 亿, 千, 百, numerals, a counter."""
    normal = normal_form(text)
    return _quantity(normal) if normal else None


def _quantity(normal: str) -> Decimal | None:
    for candidate in (normal, _COUNTERS.sub("", normal)):
        for grammar in (_plain, _simple, _with_units, _chinese):
            found = grammar(candidate)
            if found is not None:
                return found
    return None


def parse_amount(text: str) -> Decimal | None:
    """An amount of money in currency units: as a number, with currency signs and 元 before or after."""
    normal = normal_form(text)
    return _bare_quantity(_CURRENCY_AFTER.sub("", _CURRENCY_BEFORE.sub(r"\1", normal), count=1))


def _bare_quantity(normal: str) -> Decimal | None:
    grammars = (_plain, _simple, _with_units, _chinese)
    return next((found for grammar in grammars if (found := grammar(normal)) is not None), None)


def parse_percent(text: str) -> Decimal | None:
    """A percentage in per cent: "35%", "35" and "百分之三十五" are 35; 0.35 is not taken for 35."""
    normal = normal_form(text)
    if normal.startswith("百分之"):
        return _bare_quantity(normal.removeprefix("百分之"))
    bare = normal.removesuffix("%")
    return next((found for grammar in (_plain, _simple) if (found := grammar(bare)) is not None), None)


def parse_year(text: str) -> Decimal | None:
    """A year of four digits, with or without 年 (and a month after it)."""
    normal = normal_form(text)
    digits = "".join(str(_DIGITS[c]) if c in _DIGITS else c for c in normal)
    found = _YEAR.fullmatch(digits)
    return Decimal(found[1]) if found and found[1] >= "1000" else None


def parse_duration(text: str) -> Decimal | None:
    """A duration in seconds: seconds as a number, "1小时2分3秒", "2m 3s" or "00:02:03" (hours first)."""
    normal = normal_form(text)
    if (clock := _CLOCK.fullmatch(normal)) is not None:
        return _sum_of(clock.groups(), (3600, 60, 1))
    if (parts := _DURATION.fullmatch(normal)) is not None and any(parts.groups()):
        return _sum_of(parts.groups(), _SECONDS)
    found = _plain(normal)
    return found if found is not None and found >= 0 else None


def _sum_of(parts: tuple[str | None, ...], seconds: tuple[int, ...]) -> Decimal:
    counted = (Decimal(part) * unit for part, unit in zip(parts, seconds, strict=True) if part is not None)
    return sum(counted, Decimal(0))


def parse_date(text: str) -> str | None:
    """A date, with its time if it has one, as ISO text; the hour is the local one that stands there.

    Year first, with - / . or 年月日 between; or year last, where an AM/PM (month first) or a number above 12
    tells day from month. An offset from UTC is dropped.
    """
    normal = fold(text)
    if (found := _YEAR_FIRST.fullmatch(normal)) is not None:
        year, first, month, second, day, *time = found.groups()
        if (first, second) not in (("-", "-"), ("/", "/"), (".", "."), ("年", "月")):
            return None
    elif (found := _YEAR_LAST.fullmatch(normal)) is not None:
        one, _, two, year, *time = found.groups()
        if time[-1] in ("am", "pm") or int(two) > 12:
            month, day = one, two
        elif int(one) > 12 or one == two:
            month, day = two, one
        else:
            return None
    else:
        return None
    return _iso(int(year), int(month), int(day), time)


def is_iso(text: str) -> bool:
    """Whether the text is a valid date in the form that the ledger writes."""
    if _ISO.fullmatch(text) is None:
        return False
    try:
        return datetime.fromisoformat(text).year >= 1000
    except ValueError:
        return False


def _iso(year: int, month: int, day: int, time: list[str | None]) -> str | None:
    hour, minute, second, fraction, mark = time
    if hour is None and mark is not None:
        return None
    hours = int(hour or 0)
    if mark in ("am", "pm"):
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if mark == "pm" else 0)
    try:
        moment = datetime(
            year, month, day, hours, int(minute or 0), int(second or 0), int((fraction or "").ljust(6, "0"))
        )
    except ValueError:
        return None
    return moment.date().isoformat() if hour is None else moment.isoformat(sep=" ")


def _plain(normal: str) -> Decimal | None:
    if _PLAIN.fullmatch(normal) is None:
        return None
    value = Decimal(normal)
    # Beyond the range of float64 a number would become an infinity.
    return value if abs(value) < Decimal("1e300") else None


def _simple(normal: str) -> Decimal | None:
    found = _SIMPLE.fullmatch(normal)
    return _decimal(found[2], found[1]) if found else None


def _decimal(digits: str, sign: str = "") -> Decimal:
    return Decimal(sign + digits.replace(",", ""))


def _with_units(normal: str) -> Decimal | None:
    """Digits with 亿 万 千 百: "1.2万", "3万5千", "1亿2000万", "3万5000"; not "3万5"."""
    found = _UNITS.fullmatch(normal)
    if found is None:
        return None
    sign, yi, yi_scale, wan, wan_scale, qian, bai, tail = found.groups()
    if not any((yi, wan, qian, bai)):
        return None
    parts = [
        (yi, 10**8 * _MULTIPLE[yi_scale or ""]),
        (wan, 10**4 * _MULTIPLE[wan_scale or ""]),
        (qian, 1000),
        (bai, 100),
    ]
    present = [(digits, unit) for digits, unit in parts if digits]
    smallest = 100 if bai else 1000 if qian else 10**4 if wan else 10**8
    if tail is not None and len(tail) != len(str(smallest)) - 1:
        return None
    if len(present) > 1 and any(_decimal(digits) * unit >= 10 * _above(unit) for digits, unit in present[1:]):
        return None
    total = sum((_decimal(digits) * unit for digits, unit in present), Decimal(tail or 0))
    return -total if sign == "-" else total


def _above(unit: int) -> int:
    """A tenth of the next larger unit: what a part must stay below for the parts to be in order."""
    return {100: 100, 1000: 1000}.get(unit, 10**7)


def _chinese(normal: str) -> Decimal | None:
    """Chinese numerals below 10^12; colloquial tails (一万二, 三百五) are not read."""
    text = normal.translate(_FORMAL)
    if not text or any(c not in _DIGITS and c not in "十百千万亿" for c in text):
        return None
    high, yi, rest = text.rpartition("亿")
    middle, wan, low = rest.rpartition("万")
    if (yi and not high) or (wan and not middle):
        return None
    sections = [(part, unit) for part, unit in ((high, yi), (middle, wan)) if unit] + [(low, "")]
    values = [_section(part) if part else 0 for part, _ in sections]
    if any(value is None for value in values):
        return None
    for position, (part, _) in enumerate(sections[1:], start=1):
        # After a larger unit, a part that does not reach its thousands needs a zero before it.
        if part and part[0] not in "零〇" and (values[position] or 0) < 1000:
            return None
    scales = {"亿": 10**8, "万": 10**4, "": 1}
    total = sum((value or 0) * scales[unit] for value, (_, unit) in zip(values, sections, strict=True))
    return Decimal(total)


def _section(text: str) -> int | None:
    """A numeral below 10,000; None if its units are out of order or a tail leaves its unit out."""
    total, digit, unit_before, zero = 0, None, 10_000, False
    for character in text:
        if character in _DIGITS:
            if digit is not None:
                return None
            if _DIGITS[character] == 0 and len(text) > 1:
                zero = True
            else:
                digit = _DIGITS[character]
            continue
        unit = _MULTIPLE[character]
        if unit >= unit_before or (digit is None and not (unit == 10 and total == 0)):
            return None
        total, unit_before, digit, zero = total + (1 if digit is None else digit) * unit, unit, None, False
    if digit is not None and total and unit_before > 10 and not zero:
        return None
    return total + (digit or 0)
