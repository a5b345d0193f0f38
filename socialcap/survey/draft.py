"""A first codebook from a bare export: what stands in the file, and guesses marked as guesses."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pandas as pd

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option, Role, ValueList, fold, tidy
from socialcap.results import Text
from socialcap.survey import numerals
from socialcap.survey.raw import RawColumn, RawSurvey

# How much of the answers a type must explain; the rest would be unreadable under it.
SHARE = 0.9
MOST_OPTIONS = 30
LONGEST_OPTION = 80
LONGEST_SCALE = 10
YEARS = (1850, 2100)

_NUMBERED = re.compile(
    r"(?:(?P<question>\d+)、(?:[(（](?P<blank>\d+)[)）]|.*?[—─]+\s*(?P<row>\d+)[.．])?|第(?P<block>\d+)题)"
    r"(?P<words>.*)",
    re.DOTALL,
)
# Where the stem of a matrix question may end, and the number that its row may begin with.
_STEM_END = re.compile(r"\s*[—─]+\s*|\s+[-–]\s+|\s*\[(?=[^\[\]]+\]$)")
_ROW_NUMBER = re.compile(r"\d+[.．、]\s*(?!\d)")
_PLAIN_HEADER = re.compile(r"[A-Za-z_][\w.\-/:\[\]]{0,39}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9]\w{0,15}", re.ASCII)
_MONEY = re.compile(r"[万亿元¥￥$€£]")
_TIME_UNIT = re.compile(r"[秒分时]|\d\s*(?:s|sec|m|min|h|hours?)\b", re.IGNORECASE)
_PLATFORM_NAMES = {
    "序号": "respondent",
    "提交答卷时间": "submitted",
    "所用时间": "duration",
    "来源": "channel",
    "来源详情": "channel_detail",
    "来自IP": "ip",
    "总分": "total_score",
    "用户ID": "user_id",
}
_ROLE_TYPES = {
    Role.ID: ItemType.TEXT,
    Role.START_TIME: ItemType.DATE,
    Role.END_TIME: ItemType.DATE,
    Role.DURATION: ItemType.DURATION,
}


def draft_codebook(raw: RawSurvey) -> Codebook:
    """The codebook that an export suggests, with everything guessed named in each item's `confirm`.

    Sources are the columns' keys, labels the questions (of a matrix question's rows what follows the stem that
    they share); roles and personal data are what the platform says.
    Types are guessed from the texts that occur. Answers in words are their own codes under a nominal type, in
    one list for all questions that share them: words such as 同意 and 比较同意 have no fixed number, and
    their order is left to a person. A scale's range is guessed from the numbers that occur, which may not show its
    ends.
    """
    return _Draft(raw).codebook()


@dataclass(frozen=True, slots=True)
class _Answers:
    """The distinct answers of a column in order of appearance, with their counts; no-answers left out."""

    texts: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)

    def share(self, parser: Callable[[str], object]) -> float:
        """The share of answers that the parser can read."""
        read = sum(n for text, n in zip(self.texts, self.counts, strict=True) if parser(text) is not None)
        return read / self.total if self.total else 0.0


@dataclass
class _Guess:
    """What the texts of a column suggest."""

    type: ItemType
    options: tuple[Option, ...] = ()
    low: float | None = None
    high: float | None = None
    confirm: list[str] = field(default_factory=lambda: ["type"])


class _Draft:
    """Names and value lists handed out so far."""

    def __init__(self, raw: RawSurvey) -> None:
        self.raw = raw
        self.markers = {fold(marker) for marker in raw.markers}
        self.names: set[str] = set()
        self.lists: dict[str, ValueList] = {}
        self.has_id = False
        self.rows = _matrix_rows(raw.columns)

    def codebook(self) -> Codebook:
        blocks = _option_blocks(self.raw.columns)
        grouped = {column.key: stem for stem, columns in blocks.items() for column in columns}
        keys = {column.key for column in self.raw.columns}
        items: list[Item] = []
        for position, column in enumerate(self.raw.columns, start=1):
            stem = grouped.get(column.key)
            if stem is None:
                items.append(self.item(column, position, blocks.get(column.key, [])))
            elif stem not in keys and column is blocks[stem][0]:
                items.append(self.multiple(stem, blocks[stem], position))
        items = _with_shared_lists(items, self.lists)
        used = {item.values for item in items}
        return Codebook(
            tuple(items),
            MappingProxyType({name: values for name, values in self.lists.items() if name in used}),
            origin=self.raw.files[0].path if self.raw.files else "",
        )

    def item(self, column: RawColumn, position: int, block: Sequence[RawColumn]) -> Item:
        """The item of a single column; `block` are option columns that repeat its answers."""
        name, name_guessed = self.name(column.key, position)
        missing = {code: kind for code, kind in column.missing.items() if code}
        role = column.role
        if role is Role.ID:
            role, self.has_id = (Role.NONE if self.has_id else Role.ID), True
        if block:
            guess = _Guess(ItemType.MULTIPLE, _block_options(block))
        elif column.role in _ROLE_TYPES:
            guess = _Guess(_ROLE_TYPES[column.role], confirm=[])
        elif column.personal:
            guess = _Guess(ItemType.TEXT, confirm=["type"])
        else:
            guess = self.guess(column, missing)
        confirm = [*(["name"] if name_guessed else []), *guess.confirm]
        return Item(
            name,
            source="" if column.key == name else column.key,
            label=_label(column, name, self.rows.get(column.key, "")),
            type=guess.type,
            values=self.value_list(name, guess.options),
            minimum=guess.low,
            maximum=guess.high,
            missing=MappingProxyType(missing),
            role=role,
            pii=column.personal,
            confirm=tuple(dict.fromkeys([*confirm, *(["pii"] if column.personal else [])])),
        )

    def multiple(self, stem: str, block: Sequence[RawColumn], position: int) -> Item:
        """The item of a multiple-choice question that has a column per answer and none of its own."""
        name, name_guessed = self.name(stem, position)
        options = _block_options(block)
        return Item(
            name,
            source="" if stem == name else stem,
            label=_label(RawColumn(stem, stem, _common_label(block)), name, ""),
            type=ItemType.MULTIPLE,
            values=self.value_list(name, options),
            pii=any(column.personal for column in block),
            confirm=("name", "type", "values") if name_guessed else ("type", "values"),
        )

    def name(self, key: str, position: int) -> tuple[str, bool]:
        """A name that a formula can use, and whether it is more than the export's own name made fit."""
        numbered = _NUMBERED.fullmatch(key)
        guessed = True
        if key in _PLATFORM_NAMES:
            name = _PLATFORM_NAMES[key]
        elif numbered:
            part = numbered["blank"] or numbered["row"]
            name = f"q{numbered['question'] or numbered['block']}" + (f"_{part}" if part else "")
        elif _PLAIN_HEADER.fullmatch(key):
            name = re.sub(r"\W+", "_", key).rstrip("_") or f"q{position}"
            guessed = name != key
        else:
            name = f"q{position}"
        if keyword.iskeyword(name) or not name.isidentifier():
            name, guessed = f"q_{name}", True
        unique, number = name, 2
        while unique in self.names:
            unique, number, guessed = f"{name}_{number}", number + 1, True
        self.names.add(unique)
        return unique, guessed

    def value_list(self, name: str, options: tuple[Option, ...]) -> str:
        """The name of the list with these options: one that is there already, or a new one."""
        if not options:
            return ""
        wanted = _fingerprint(options)
        for known in self.lists.values():
            if _fingerprint(known.options) == wanted:
                return known.name
        self.lists[name] = ValueList(name, options)
        return name

    def guess(self, column: RawColumn, missing: Mapping[str, MissingKind]) -> _Guess:
        if column.value_labels:
            return _labelled(column.value_labels, missing)
        answers = self.answers(column, missing)
        if not answers.total:
            return _Guess(ItemType.TEXT)
        return self.list_guess(answers) or _typed(answers) or _numbers(answers) or self.words(answers)

    def answers(self, column: RawColumn, missing: Mapping[str, MissingKind]) -> _Answers:
        codes, uniques = pd.factorize(self.raw.cells[column.key])
        counts = np.bincount(codes[codes >= 0], minlength=len(uniques))
        no_answer = self.markers | {fold(code) for code in missing} | {""}
        kept = [
            (str(text), int(n))
            for text, n in zip(uniques, counts, strict=True)
            if fold(str(text)) not in no_answer
        ]
        return _Answers(tuple(text for text, _ in kept), tuple(n for _, n in kept))

    def list_guess(self, answers: _Answers) -> _Guess | None:
        """Several answers in a cell: texts joined by the platform's separator whose parts come again."""
        separator = self.raw.list_separator
        if not separator or not any(separator in text for text in answers.texts):
            return None
        weak = separator in " ,"
        if weak and answers.share(numerals.parse_number) >= SHARE:
            return None
        spelled: dict[str, str] = {}
        times: dict[str, int] = {}
        for text, n in zip(answers.texts, answers.counts, strict=True):
            for part in self.parts(text, separator):
                words = spelled.setdefault(fold(part), part)
                times[words] = times.get(words, 0) + n
        if len(times) > MOST_OPTIONS or any(len(part) > LONGEST_OPTION for part in times):
            return None
        if weak and (
            sum(times.values()) < 3 * len(times)
            or (separator == " " and not all(_CODE.fullmatch(part) for part in times))
        ):
            return None
        return _Guess(ItemType.MULTIPLE, _coded(tuple(times)), confirm=["type", "values"])

    def parts(self, text: str, separator: str) -> list[str]:
        bare = self.without_extras(text)
        return [part for part in (tidy(part) for part in bare.split(separator)) if part]

    def without_extras(self, text: str) -> str:
        """The text without what respondents added to an answer in the platform's brackets."""
        opening, closing = self.raw.extras
        return re.sub(f"{re.escape(opening)}.*?{re.escape(closing)}", "", text) if opening else text

    def words(self, answers: _Answers) -> _Guess:
        """A closed question, if few texts come again and again; else free text."""
        texts = _distinct([tidy(self.without_extras(text)) for text in answers.texts])
        few = len(texts) <= MOST_OPTIONS and answers.total >= max(2 * len(texts), len(texts) + 2)
        if not texts or not few or max(map(len, texts)) > LONGEST_OPTION:
            return _Guess(ItemType.TEXT)
        return _Guess(ItemType.NOMINAL, _worded(texts), confirm=["type", "values"])


def _typed(answers: _Answers) -> _Guess | None:
    """Texts that say by a sign or unit what they are: years, shares, amounts, durations, dates."""
    written = "".join(answers.texts)
    if _is_years(answers, written):
        return _Guess(ItemType.YEAR)
    if re.search("[%％]|百分之", written) and answers.share(numerals.parse_percent) >= SHARE:
        return _Guess(ItemType.PERCENT)
    if answers.share(numerals.parse_date) >= SHARE:
        return _Guess(ItemType.DATE)
    if _MONEY.search(written) and answers.share(numerals.parse_amount) >= SHARE:
        return _Guess(ItemType.AMOUNT)
    if _TIME_UNIT.search(written) and answers.share(numerals.parse_duration) >= SHARE:
        return _Guess(ItemType.DURATION)
    return None


def _is_years(answers: _Answers, written: str) -> bool:
    def year(text: str) -> Decimal | None:
        found = numerals.parse_year(text)
        return found if found is not None and YEARS[0] <= found <= YEARS[1] else None

    # A lone 4-digit number may be a count: without 年 nearly all of several answers must be years.
    return answers.share(year) >= (SHARE if "年" in written else 0.98)


def _numbers(answers: _Answers) -> _Guess | None:
    padded = [
        text for text in answers.texts if re.fullmatch(r"0\d+", unicodedata.normalize("NFKC", text).strip())
    ]
    if padded or answers.share(numerals.parse_number) < SHARE:
        return None
    values = [float(v) for text in answers.texts if (v := numerals.parse_number(text)) is not None]
    if not all(value.is_integer() for value in values):
        return _Guess(ItemType.NUMBER)
    low, high = min(values), max(values)
    if low >= 0 and high <= LONGEST_SCALE and answers.total >= 2 * len(set(values)) and high > low:
        start = 0.0 if low == 0 else 1.0
        return _Guess(ItemType.ORDINAL, low=start, high=high, confirm=["type", "min", "max"])
    return _Guess(ItemType.INTEGER)


def _labelled(labels: Mapping[str, str], missing: Mapping[str, MissingKind]) -> _Guess:
    """The value labels that came with the file."""
    options: list[Option] = []
    seen: set[str] = set()
    for code, words in labels.items():
        text = tidy(words)
        # Words that stand twice would not say which option they mean.
        text = f"{text} ({code})" if fold(text) in seen else text
        seen.add(fold(text))
        options.append(Option(code, _text(text), missing.get(code)))
    if all(option.missing for option in options):
        return _Guess(ItemType.NUMBER)
    return _Guess(ItemType.NOMINAL, tuple(options))


def _coded(texts: Sequence[str]) -> tuple[Option, ...]:
    """Options for answers: the answers themselves where all are short codes, else 1, 2, ... with labels."""
    if all(_CODE.fullmatch(text) for text in texts) and len({fold(text) for text in texts}) == len(texts):
        return tuple(Option(text) for text in texts)
    return tuple(Option(str(number), _text(text)) for number, text in enumerate(texts, start=1))


def _worded(texts: Sequence[str]) -> tuple[Option, ...]:
    """Options that are their own codes: which number a word stands for, if any, is for a person to say."""
    if all(_CODE.fullmatch(text) for text in texts):
        return _coded(texts)
    return tuple(Option(text, _text(text)) for text in texts)


def _fingerprint(options: Sequence[Option]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((o.code, o.label.en, o.label.zh, o.missing or "") for o in options)


def _with_shared_lists(items: Sequence[Item], lists: dict[str, ValueList]) -> list[Item]:
    """Items with one list for all that share their answers, whichever of them occur in which item.

    The rows of a matrix share a list; so do questions of which one's answers are among the other's, or at
    least six in ten of both together are common.
    """
    groups: list[list[Item]] = []
    for item in items:
        if item.type is ItemType.NOMINAL and item.values and _are_words(lists[item.values]):
            home = next(
                (group for group in groups if any(_alike(item, other, lists) for other in group)), None
            )
            if home is None:
                groups.append([item])
            else:
                home.append(item)
    common: dict[str, str] = {}
    for group in groups:
        names = dict.fromkeys(item.values for item in group)
        if len(names) > 1:
            matrix = f"q{_matrix(group[0])}"
            name = matrix if _matrix(group[0]) and matrix not in lists else next(iter(names))
            labels = [
                option.label.en or option.label.zh for item in group for option in lists[item.values].options
            ]
            lists[name] = ValueList(name, _worded(_distinct(labels)))
            common |= dict.fromkeys((item.name for item in group), name)
    return [replace(item, values=common.get(item.name, item.values)) for item in items]


def _alike(item: Item, other: Item, lists: Mapping[str, ValueList]) -> bool:
    """Whether two closed questions have the same answers."""
    if _matrix(item) and _matrix(item) == _matrix(other):
        return True
    mine, theirs = (
        {fold(option.label.en or option.label.zh) for option in lists[each.values].options}
        for each in (item, other)
    )
    shared = len(mine & theirs)
    return shared > 1 and (shared == min(len(mine), len(theirs)) or shared >= 0.6 * len(mine | theirs))


def _matrix(item: Item) -> str:
    """The number of the matrix question that the item is a row of; "" for others."""
    found = _NUMBERED.fullmatch(item.header)
    return found["question"] if found and found["row"] else ""


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts in order of appearance, without those that read as an earlier one."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(fold(text), text)
    return tuple(text for folded, text in first.items() if folded)


def _are_words(values: ValueList) -> bool:
    return all(option.label for option in values.options)


def _option_blocks(columns: Sequence[RawColumn]) -> dict[str, list[RawColumn]]:
    """Columns that each stand for one answer, by the part of their key that names the question."""
    blocks: dict[str, list[RawColumn]] = {}
    for column in columns:
        if column.option and (stem := _parts(column)[0]):
            blocks.setdefault(stem, []).append(column)
    return blocks


def _parts(column: RawColumn) -> tuple[str, str]:
    """The question's part of an option column's key, and the option's ("" where they cannot be told)."""
    for option in (re.escape(column.option), r"[^/\[\]()（）_.:-]+?"):
        found = re.fullmatch(rf"(.+?)\s*[/\[(（_.:-]+\s*({option})\s*[\])）]?", column.key, re.DOTALL)
        if found:
            return found[1], found[2]
    return "", ""


def _block_options(block: Sequence[RawColumn]) -> tuple[Option, ...]:
    codes = [_parts(column)[1] for column in block]
    words = [tidy(column.option) for column in block]
    if all(_CODE.fullmatch(code) for code in codes) and len({fold(code) for code in codes}) == len(codes):
        return tuple(
            Option(code, Text() if word == code else _text(word))
            for code, word in zip(codes, words, strict=True)
        )
    return _coded(tuple(dict.fromkeys(words)))


def _common_label(block: Sequence[RawColumn]) -> str:
    """What the labels of a question's option columns begin with."""
    labels = {column.label.removesuffix(column.option).rstrip(" -—:") for column in block}
    return labels.pop() if len(labels) == 1 else ""


def _matrix_rows(columns: Sequence[RawColumn]) -> dict[str, str]:
    """What follows the stem, by key, where several columns share one; of several stems that most share."""
    splits = {column.key: _splits(column) for column in columns if not column.option}
    shared = Counter(stem for stems in splits.values() for stem in stems)
    rows: dict[str, str] = {}
    for key, stems in splits.items():
        common = [stem for stem in stems if shared[stem] > 1]
        if common:
            rows[key] = stems[max(common, key=lambda stem: (shared[stem], len(stem)))]
    return rows


def _splits(column: RawColumn) -> dict[str, str]:
    """Every stem that a question may begin with, with the words that follow it."""
    # Some exports have the row of a matrix in the key alone.
    words = tidy(column.key if column.key.startswith(f"{column.label} — ") else column.label or column.key)
    found: dict[str, str] = {}
    for end in _STEM_END.finditer(words):
        stem, row = words[: end.start()], words[end.end() :].removesuffix("]" if "[" in end[0] else "")
        unnumbered = _ROW_NUMBER.sub("", row, count=1) if _ROW_NUMBER.match(row) else row
        years = stem[-1:].isdigit() and row[:1].isdigit() and unnumbered == row
        if not years and all(any(map(str.isalpha, part)) for part in (stem, unnumbered)):
            found[stem] = unnumbered
    return found


def _label(column: RawColumn, name: str, row: str) -> Text:
    """The question as the respondent saw it, of a matrix its row; nothing where the export only has its name."""
    if row:
        return _text(row)
    words = column.label or column.key
    numbered = _NUMBERED.fullmatch(words)
    if numbered and numbered["words"].strip() and not numbered["row"]:
        words = numbered["words"]
    words = tidy(words)
    only_a_name = words == name or (not column.label and _PLAIN_HEADER.fullmatch(words) is not None)
    return Text() if only_a_name else _text(words)


def _text(words: str) -> Text:
    return Text("", words) if any("㐀" <= c <= "鿿" for c in words) else Text(words, "")
