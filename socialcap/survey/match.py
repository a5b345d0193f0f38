"""Which columns of an export hold which variables of the codebook."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from socialcap.codebook import Codebook, Item, ItemType, fold
from socialcap.errors import Problem, nearest
from socialcap.survey.raw import RawColumn, RawSurvey
from socialcap.survey.values import Options

# The number that a platform puts before a question: "12、", "12.", "(12)", "Q12:", "第12题".
_NUMBER = re.compile(r"(?:q|第)?\(?\d+(?:[-.]\d+)*(?:\)|题)?\s*(?:[、.。:,]\s*(?!\d)|(?<=[)题])\s*)")
# How a column's header ends where it stands for one option of a multiple-choice question.
_OPTION_END = re.compile(r"\s*(?:/\s*(?P<a>.+)|\[(?P<b>.+)\]|\((?P<c>.+)\)|[_.:-]+\s*(?P<d>.+))", re.DOTALL)

# How many headers are compared letter by letter in search of the nearest.
CANDIDATES = 50


@dataclass(frozen=True)
class Matches:
    """What was found of a codebook in an export.

    `columns` gives each item's column keys: one, or one per option where a multiple-choice question has a
    column per answer (then `options` gives the code of the option that each of them stands for); an item that
    was not found has none. `redundant` are option columns that repeat a list column, by item. `unknown` are
    the keys that no item claims, in the export's order.
    """

    columns: Mapping[str, tuple[str, ...]]
    options: Mapping[str, str] = field(default_factory=dict)
    redundant: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def match(raw: RawSurvey, book: Codebook) -> Matches:
    """The columns of the export that each item's source names; what does not fit is listed as problems.

    An item without a source is known by its name and, failing that, by the words of its question or its
    label, in either language. A source is compared with the columns' keys, then with their headers and
    question texts, each as written and then folded (width, case, spaces, kinds of quotation marks and dashes); then without the question
    number that one side has, then without the groups before the last `/`. A column found by a closer
    comparison is not found again by a looser one. `*` in a source stands for any text. Problems are a source
    that no column, or more than one, matches (with the nearest header), a column that two items claim, and an
    option column whose answer the value list does not know.
    """
    return _Matcher(raw, book).matches()


def _exact(text: str) -> str:
    return text.strip()


def _without_number(text: str) -> str:
    folded = fold(text)
    found = _NUMBER.match(folded)
    return folded[found.end() :] if found else folded


def _last_part(text: str) -> str:
    return fold(text).rsplit("/", 1)[-1]


# From the closest comparison to the loosest: which text of a column, and how it and the source are compared.
_TIERS: tuple[tuple[Callable[[RawColumn], str], Callable[[str], str]], ...] = (
    (lambda column: column.key, _exact),
    (lambda column: column.header, _exact),
    (lambda column: column.key, fold),
    (lambda column: column.header, fold),
    (lambda column: column.label, fold),
    (lambda column: column.key, _without_number),
    (lambda column: column.header, _without_number),
    (lambda column: column.label, _without_number),
    (lambda column: column.key, _last_part),
)


class _Matcher:
    """The state of one matching: which column belongs to whom, and what went wrong."""

    def __init__(self, raw: RawSurvey, book: Codebook) -> None:
        self.raw = raw
        self.book = book
        self.by_key = {column.key: column for column in raw.columns}
        self.found: dict[str, tuple[str, ...]] = {}
        self.options: dict[str, str] = {}
        self.redundant: dict[str, tuple[str, ...]] = {}
        self.owner: dict[str, str] = {}
        self.forms: dict[str, tuple[str, ...]] = {}
        self.taken: dict[str, str] = {}
        self.pairs: dict[str, list[str]] = {}
        self.problems: list[Problem] = []

    def matches(self) -> Matches:
        for text_of, form in _TIERS:
            self._tier(text_of, form)
        for item in self.book:
            if item.type is ItemType.MULTIPLE:
                self._option_columns(item)
            elif item.name not in self.found and "*" in item.header:
                self._pattern(item)
        for item in self.book:
            if item.name not in self.found:
                self._not_found(item)
        return Matches(
            columns={item.name: self.found.get(item.name, ()) for item in self.book},
            options=self.options,
            redundant=self.redundant,
            unknown=tuple(column.key for column in self.raw.columns if column.key not in self.owner),
            problems=tuple(self.problems),
        )

    def _tier(self, text_of: Callable[[RawColumn], str], form: Callable[[str], str]) -> None:
        """Items not found yet, compared with columns not taken yet in one way."""
        columns: dict[str, list[str]] = {}
        for column in self.raw.columns:
            if column.key not in self.owner and (text := form(text_of(column))):
                columns.setdefault(text, []).append(column.key)
        hits = {
            item.name: next((h for h in self.book.headers(item) if form(h) in columns), "")
            for item in self.book
            if item.name not in self.found
        }
        for name, wanted in hits.items():
            if not wanted:
                continue
            item, keys = self.book[name], columns[form(wanted)]
            if item.type is ItemType.MULTIPLE:
                keys = [key for key in keys if not self.by_key[key].option]
            if form is _without_number:
                keys = [key for key in keys if not _both_numbered(wanted, text_of(self.by_key[key]))]
            if len(keys) == 1:
                self._claim(item, keys[0])
            elif keys:
                self._problem(
                    item, f"{len(keys)} columns match the source of {name!r}", expected=_listed(keys)
                )
                self.found[name] = ()

    def _claim(self, item: Item, key: str) -> None:
        owner = self.owner.setdefault(key, item.name)
        if owner != item.name:
            self._problem(item, f"{owner!r} and {item.name!r} both claim the column {key!r}")
            self.found[item.name] = ()
        else:
            self.found[item.name] = (key,)

    def _pattern(self, item: Item) -> None:
        pattern = _pattern_of(item.header)
        keys = [c.key for c in self._free() if any(pattern.fullmatch(text) for text in _texts(c))]
        if len(keys) == 1:
            self._claim(item, keys[0])
        elif keys:
            self._problem(
                item, f"{len(keys)} columns match the source of {item.name!r}", expected=_listed(keys)
            )
            self.found[item.name] = ()

    def _option_columns(self, item: Item) -> None:
        """The columns of a multiple-choice question that has one per answer."""
        options = Options(self.book.options(item) if item.values in self.book.value_lists else ())
        is_pattern = "*" in item.header
        by_code: dict[str, list[str]] = {}
        strange: list[tuple[str, str]] = []
        for column in self._free():
            answers = self._answers(item, column)
            if not answers:
                continue
            option = next((o for answer in answers if (o := options.find(answer)) is not None), None)
            if option is None:
                # Text behind an answer is no answer of its own; it is listed with the unknown columns.
                strange += [(column.key, answers[0])] if column.option or not column.own_words else []
            else:
                by_code.setdefault(option.code, []).append(column.key)
        listed = self.found.get(item.name)
        if not by_code and not (strange and is_pattern):
            return
        for key, answer in strange:
            self._unknown_answer(item, key, answer, options, "error" if is_pattern else "warning")
        for code, same in by_code.items():
            if len(same) > 1:
                self._problem(
                    item, f"{len(same)} columns stand for answer {code} of {item.name!r}", _listed(same)
                )
        keys = tuple(found[0] for found in by_code.values())
        self.owner |= dict.fromkeys((key for found in by_code.values() for key in found), item.name)
        if listed and self.raw.list_separator:
            self.redundant[item.name] = keys
            return
        self.options |= {found[0]: code for code, found in by_code.items()}
        self.found[item.name] = keys
        if listed:
            self.redundant[item.name] = listed

    def _answers(self, item: Item, column: RawColumn) -> list[str]:
        """Texts that may name the option for which the column of this multiple-choice item stands.

        The answer's words come before what ends the header: platforms number options as they were made.
        """
        headers = self.book.headers(item)
        rests = [rest for form in self._forms(column) for rest in _rests(headers, form)]
        return list(dict.fromkeys(text for text in (column.option, *rests) if text)) if rests else []

    def _forms(self, column: RawColumn) -> tuple[str, ...]:
        """What a multiple-choice item's source may be the beginning of."""
        if column.key not in self.forms:
            self.forms[column.key] = tuple(
                dict.fromkeys(
                    form
                    for text in _texts(column)
                    for form in (text, fold(text), _without_number(text), text.split("/", 1)[-1])
                )
            )
        return self.forms[column.key]

    def _unknown_answer(self, item: Item, key: str, answer: str, options: Options, severity: str) -> None:
        near = options.nearest(answer)
        self._problem(
            item,
            f"the column {key!r} stands for an answer that list {item.values!r} does not have",
            value=answer,
            expected=near.code + (f" ({near.label('en')})" if near.label else "") if near else "",
            severity=severity,
        )

    def _not_found(self, item: Item) -> None:
        key = self._taken().get(fold(item.header))
        if key is not None:
            self._problem(item, f"{self.owner[key]!r} and {item.name!r} both claim the column {key!r}")
            return
        near = nearest(item.header, self._similar(item.header))
        self._problem(
            item,
            f"no column matches the source of {item.name!r}" + (f"; did you mean {near!r}?" if near else ""),
        )

    def _taken(self) -> dict[str, str]:
        """Columns that items claim, by every folded text of theirs."""
        if not self.taken:
            for key in self.owner:
                for text in _texts(self.by_key[key]):
                    self.taken.setdefault(fold(text), key)
        return self.taken

    def _similar(self, source: str) -> list[str]:
        """The free headers that share most pairs of letters with a source: comparing all would take long."""
        if not self.pairs:
            for column in self._free():
                for text in dict.fromkeys((column.key, column.header)):
                    for pair in _pairs(text):
                        self.pairs.setdefault(pair, []).append(text)
        shared = Counter(text for pair in _pairs(source) for text in self.pairs.get(pair, ()))
        ranked = sorted(shared, key=lambda text: shared[text] / (len(text) + len(source)), reverse=True)
        return ranked[:CANDIDATES]

    def _free(self) -> list[RawColumn]:
        return [column for column in self.raw.columns if column.key not in self.owner]

    def _problem(
        self, item: Item, message: str, expected: str = "", value: str = "", severity: str = "error"
    ) -> None:
        self.problems.append(
            Problem(
                message,
                Path(self.book.origin).name or "codebook",
                column="source",
                value=value or item.header,
                expected=expected,
                severity="warning" if severity == "warning" else "error",
            )
        )


def _texts(column: RawColumn) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in (column.key, column.header, column.label) if text))


def _pairs(text: str) -> set[str]:
    """Neighbouring letters of a folded text, with its ends."""
    folded = f" {fold(text)} "
    return {folded[i : i + 2] for i in range(len(folded) - 1)}


def _listed(keys: Sequence[str]) -> str:
    shown = ", ".join(map(repr, keys[:5]))
    return f"one of {shown}" + (", …" if len(keys) > 5 else "")


def _both_numbered(text: str, other: str) -> bool:
    """Whether both have a question number: then it counts, and the question is another one."""
    return all(_NUMBER.match(fold(side)) for side in (text, other))


def _pattern_of(source: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in source.split("*")]
    return re.compile("(.*)".join(parts), re.DOTALL)


def _rests(headers: Sequence[str], text: str) -> Iterator[str]:
    """What of a column's text follows one of an item's headers."""
    first = headers[0]
    if "*" in first:
        for source in (first, fold(first)):
            if found := _pattern_of(source).fullmatch(text):
                yield from (part.strip() for part in reversed(found.groups()))
        return
    forms = [form for header in headers for form in (header, fold(header), _without_number(header))]
    for source in dict.fromkeys(forms):
        if text == source:
            yield ""
        elif source and text.startswith(source) and (end := _OPTION_END.fullmatch(text, len(source))):
            yield next(part for part in end.groups() if part).strip()
