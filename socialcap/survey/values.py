"""One cell's text read as the type that the codebook declares, with every change on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option
from socialcap.codebook.folding import fold, tidy
from socialcap.codebook.ranges import as_number, scale_range
from socialcap.results import Lang
from socialcap.survey import numerals
from socialcap.survey.rules import Rule

NEAR = 0.75
"""Share of matching characters (difflib's ratio) from which an unknown answer is reported as a near miss."""

LONGEST_ANSWER = 200
"""Texts longer than this are not compared with the options' words."""

FOUND_IN_NUMERALS: Mapping[ItemType, Callable[[str], Decimal | None]] = MappingProxyType(
    {
        ItemType.INTEGER: numerals.parse_number,
        ItemType.NUMBER: numerals.parse_number,
        ItemType.PERCENT: numerals.parse_percent,
        ItemType.AMOUNT: numerals.parse_amount,
        ItemType.YEAR: numerals.parse_year,
        ItemType.DURATION: numerals.parse_duration,
    }
)

_EXPECTED = {
    ItemType.INTEGER: "a whole number",
    ItemType.NUMBER: "a number",
    ItemType.PERCENT: "a percentage",
    ItemType.AMOUNT: "an amount of money",
    ItemType.YEAR: "a year of four digits",
    ItemType.DURATION: "a duration",
    ItemType.DATE: "a date",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One step from a cell's text to its cleaned value; `new` is "" where the value becomes missing."""

    new: str
    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text turned out to say.

    `text` is the cleaned value as the ledger writes it, "" if there is none; `kind` says why there is none.
    `extra` is a free text that stood with the answer.
    """

    text: str
    kind: MissingKind | None = None
    changes: tuple[Change, ...] = ()
    extra: str = ""


_BLANK = Reading("", MissingKind.BLANK)


class Options:
    """The answers of a value list, found by code or by label in either language."""

    def __init__(self, options: Iterable[Option], labels: Mapping[str, str] = MappingProxyType({})) -> None:
        self.options = tuple(options)
        self.by_code = {option.code: option for option in self.options}
        self.by_number = {
            number: option for option in self.options if (number := as_number(option.code)) is not None
        }
        self.numeric = bool(self.options) and len(self.by_number) == len(self.options)
        self.by_words: dict[str, Option | None] = {}
        for option in self.options:
            for words in {*map(fold, option.words), fold(labels.get(option.code, ""))}:
                known = self.by_words.get(words, option)
                # Words that two options share name neither of them.
                self.by_words[words] = option if known is option else None
        self.by_words.pop("", None)
        for option in self.options:
            self.by_words[fold(option.code)] = option

    def find(self, text: str) -> Option | None:
        """The option that a text names; None if it names none, or more than one."""
        if (option := self.by_code.get(text)) is not None:
            return option
        folded = fold(text)
        if (option := self.by_words.get(folded)) is not None:
            return option
        number = as_number(folded)
        return self.by_number.get(number) if number is not None else None

    def nearest(self, text: str) -> Option | None:
        """The option whose words look most like a text that names none; None if none is near."""
        folded = fold(text)
        if not folded or len(folded) > LONGEST_ANSWER:
            return None
        found = get_close_matches(folded, list(self.by_words), n=1, cutoff=NEAR)
        return self.by_words[found[0]] if found else None


class ValueReader:
    """Reads the cells of one item.

    `markers` are the platform's texts for no answer, `declared` the missing codes that the file itself
    declares (they yield to the codebook), `labels` the file's words by code, `extras` the brackets in which
    a free text stands behind an answer.
    """

    def __init__(
        self,
        item: Item,
        book: Codebook,
        *,
        markers: Mapping[str, MissingKind] = MappingProxyType({}),
        declared: Mapping[str, MissingKind] = MappingProxyType({}),
        labels: Mapping[str, str] = MappingProxyType({}),
        extras: tuple[str, str] = ("", ""),
    ) -> None:
        self.item = item
        self.options = Options(book.options(item), labels)
        self.markers = {fold(text): kind for text, kind in markers.items()}
        self.missing = _missing_codes(item, declared, self.options)
        self.extras = extras
        full = scale_range(item, book)
        self.low = full[0] if full else item.minimum
        self.high = full[1] if full else item.maximum
        self.turn = full if item.reverse and item.type.numeric else None
        self._read_typed = self._choose()

    def read(self, text: str) -> Reading:
        """What one text says."""
        if not text:
            return _BLANK
        no_answer = self.no_answer(text)
        return self._turned(text, self._read_typed(text)) if no_answer is None else no_answer

    def no_answer(self, text: str) -> Reading | None:
        """The reading of a text that is blank or stands for no answer; None for any other text."""
        if not text:
            return _BLANK
        folded = text if text.isascii() and text.isdigit() else fold(text)
        if not folded:
            return _gone(MissingKind.BLANK, Rule.WHITE_SPACE, "only white space")
        if (kind := self.markers.get(folded)) is not None:
            return _gone(kind, Rule.PLATFORM_MARKER, f"the platform's mark for: {kind.value}")
        if not self.missing:
            return None
        kind = self.missing.get(folded)
        if kind is None and (number := as_number(folded)) is not None:
            kind = self.missing.get(numerals.number_text(number))
        return None if kind is None else _gone(kind, Rule.MISSING_CODE, f"declared as missing: {kind.value}")

    def _choose(self) -> Callable[[str], Reading]:
        if self.item.type is ItemType.TEXT:
            return Reading
        if self.item.type is ItemType.DATE:
            return self._date
        if self.item.type is ItemType.NOMINAL:
            return self._choice if self.options.options else self._open_nominal
        if self.item.type is ItemType.ORDINAL:
            return self._choice if self.options.options else self._step
        return self._numeric

    def _open_nominal(self, text: str) -> Reading:
        trimmed = tidy(text)
        if trimmed == text:
            return Reading(text)
        if not trimmed:
            return _gone(MissingKind.BLANK, Rule.WHITE_SPACE, "no visible character")
        return Reading(trimmed, None, (Change(trimmed, Rule.TRIMMED, "outer white space or marks"),))

    def _date(self, text: str) -> Reading:
        if numerals.is_iso(text):
            return Reading(text)
        found = numerals.parse_date(text)
        if found is None:
            return self._unreadable()
        return _written(found, Rule.NOTATION, "a date in another form")

    def _choice(self, text: str) -> Reading:
        answer, extra = self.without_extra(text)
        option = self.options.find(answer)
        if option is None:
            return self._off_list(answer, extra)
        if option.missing is not None:
            reason = f"option {option.code} means: {option.missing.value}"
            return Reading("", option.missing, (Change("", Rule.MISSING_OPTION, reason),), extra)
        if self.item.type is ItemType.ORDINAL:
            number = as_number(option.code)
            if number is None:
                return self._unreadable(f"the code {option.code} of an ordinal item is not a number")
            if numerals.is_plain(text) and float(text) == number:
                return Reading(text, None, (), extra)
        elif text == option.code:
            return Reading(text, None, (), extra)
        code_meant = fold(answer) == fold(option.code) or as_number(fold(answer)) is not None
        rule, what = (Rule.CODE_FORM, "code") if code_meant else (Rule.LABEL, "label")
        change = Change(option.code, rule, f"{what} of option {option.code}")
        return Reading(option.code, None, (change,), extra)

    def _off_list(self, answer: str, extra: str) -> Reading:
        """An answer that is not on the list: a step of the scale without words, a wrong code, or neither."""
        number = as_number(fold(answer))
        if number is not None and self.options.numeric:
            bounds = (self.item.minimum, self.item.maximum)
            if self.item.type is ItemType.ORDINAL and None not in bounds:
                return self._step(answer)
            reason = "no option has this code"
            return Reading("", MissingKind.OUT_OF_RANGE, (Change("", Rule.OUT_OF_RANGE, reason),), extra)
        near = self.options.nearest(answer)
        hint = f"; nearest: {_words(near, answer)}" if near is not None else ""
        return self._unreadable(f"not an option{hint}")

    def _step(self, text: str) -> Reading:
        """A whole number on a scale whose steps have no words."""
        if numerals.is_plain(text):
            return self._whole(text) or self._in_range(Reading(text), float(text))
        normal = numerals.normal_form(text)
        if not numerals.is_plain(normal):
            return self._unreadable("not a step of the scale")
        written = numerals.number_text(float(normal))
        reading = _written(written, Rule.NOTATION, "a number in another form")
        return self._whole(written) or self._in_range(reading, float(written))

    def _numeric(self, text: str) -> Reading:
        kind = self.item.type
        if numerals.is_plain(text):
            value = float(text)
            if abs(value) < 1e300 and not (kind is ItemType.YEAR and not _four_digits(value)):
                if kind is ItemType.DURATION and value < 0:
                    return self._unreadable()
                return self._whole(text) or self._in_range(Reading(text), value)
            return self._unreadable()
        found = FOUND_IN_NUMERALS[kind](text)
        if found is None or abs(found) >= Decimal("1e300"):
            return self._unreadable()
        written = numerals.number_text(found)
        reading = _written(written, Rule.NOTATION, f"{_EXPECTED[kind]} in another form")
        return self._whole(written) or self._in_range(reading, float(written))

    def _whole(self, text: str) -> Reading | None:
        """Refuses a fraction where whole numbers are declared."""
        if self.item.type not in (ItemType.INTEGER, ItemType.ORDINAL) or float(text).is_integer():
            return None
        return self._unreadable("not a whole number")

    def _in_range(self, reading: Reading, value: float) -> Reading:
        below = self.low is not None and value < self.low
        above = self.high is not None and value > self.high
        if not below and not above:
            return reading
        change = Change("", Rule.OUT_OF_RANGE, f"outside {_range_words(self.low, self.high)}")
        return Reading("", MissingKind.OUT_OF_RANGE, (*reading.changes, change), reading.extra)

    def _turned(self, text: str, reading: Reading) -> Reading:
        """The reading with the scale turned round: minimum + maximum − value."""
        if self.turn is None or reading.kind is not None:
            return reading
        low, high = self.turn
        turned = numerals.number_text(low + high - float(reading.text))
        change = Change(turned, Rule.REVERSED, f"{numerals.number_text(low + high)} − value")
        return Reading(turned, None, (*reading.changes, change), reading.extra)

    def without_extra(self, text: str) -> tuple[str, str]:
        """An answer and the free text that stands behind it in brackets."""
        opening, closing = self.extras
        if not opening or opening not in text:
            return text, ""
        answer, _, rest = text.partition(opening)
        return answer, rest.removesuffix(closing).strip()

    def _unreadable(self, reason: str = "") -> Reading:
        expected = _EXPECTED.get(self.item.type, "an option")
        return _gone(MissingKind.UNREADABLE, Rule.UNREADABLE, reason or f"not {expected}")


def _missing_codes(
    item: Item, declared: Mapping[str, MissingKind], options: Options
) -> dict[str, MissingKind]:
    """Declared codes by their folded text and, where they are numbers, by the number as it is written."""
    from_file = {
        code: kind
        for code, kind in declared.items()
        if (option := options.find(code)) is None or option.missing is not None
    }
    found: dict[str, MissingKind] = {}
    for code, kind in (*from_file.items(), *item.missing.items()):
        number = as_number(fold(code))
        found[fold(code)] = kind
        if number is not None:
            found[numerals.number_text(number)] = kind
    return found


def _gone(kind: MissingKind, rule: Rule, reason: str) -> Reading:
    return Reading("", kind, (Change("", rule, reason),))


def _written(text: str, rule: Rule, reason: str) -> Reading:
    return Reading(text, None, (Change(text, rule, reason),))


def _four_digits(value: float) -> bool:
    return value.is_integer() and 1000 <= value <= 9999


def _range_words(low: float | None, high: float | None) -> str:
    if low is None:
        return f"the range up to {numerals.number_text(high or 0.0)}"
    if high is None:
        return f"the range from {numerals.number_text(low)}"
    return f"{numerals.number_text(low)} to {numerals.number_text(high)}"


def label_like(option: Option, text: str) -> str:
    """The option's label in the language of a text, else in the other; its code where it has none."""
    lang: Lang = "zh" if any("㐀" <= c <= "鿿" for c in text) else "en"
    return option.label(lang) or option.code


def _words(option: Option, answer: str) -> str:
    label = label_like(option, answer) if option.label else ""
    return f"{option.code} ({label})" if label else option.code
