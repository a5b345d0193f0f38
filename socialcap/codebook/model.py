"""What the instrument means: items, value lists, and what counts as missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from socialcap.errors import UsageError, nearest
from socialcap.results import Lang, Text

SPELLINGS = " | "
"""What stands between several spellings of an option's label in one cell."""


class MissingKind(StrEnum):
    """Why a cell holds no value."""

    SKIPPED = "skipped"
    BLANK = "blank"
    REFUSED = "refused"
    OUT_OF_RANGE = "out_of_range"
    UNREADABLE = "unreadable"

    @property
    def label(self) -> Text:
        """The kind in words."""
        return _KIND_LABELS[self]


_KIND_LABELS = {
    MissingKind.SKIPPED: Text("Not asked (routing)", "未问（跳题）"),
    MissingKind.BLANK: Text("Left blank", "空白"),
    MissingKind.REFUSED: Text("Refused / don't know", "拒答/不知道"),
    MissingKind.OUT_OF_RANGE: Text("Out of range", "超出范围"),
    MissingKind.UNREADABLE: Text("Unreadable", "无法识别"),
}


class ItemType(StrEnum):
    """How a cell of the item is read, and what the cleaned value is.

    text      str as written
    nominal   str: the code of an option of the value list
    ordinal   float: the code of an option of the value list, or an integer from min to max
    multiple  several options: one 0/1 column `<name>_<code>` per option of the value list
    integer, number
              float (unit suffixes and thousands separators are understood)
    percent   float in per cent: "35%" and "35" are 35
    amount    float in currency units: 1万 is 10,000, 1亿 is 100,000,000
    year      float: "2009年" is 2009
    duration  float in seconds: "2分3秒" is 123
    date      datetime64
    """

    TEXT = "text"
    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    MULTIPLE = "multiple"
    INTEGER = "integer"
    NUMBER = "number"
    PERCENT = "percent"
    AMOUNT = "amount"
    YEAR = "year"
    DURATION = "duration"
    DATE = "date"

    @property
    def numeric(self) -> bool:
        """Whether cleaned values are floats."""
        return self not in (ItemType.TEXT, ItemType.NOMINAL, ItemType.MULTIPLE, ItemType.DATE)


class Role(StrEnum):
    """What the variable is used for."""

    NONE = ""
    ID = "id"
    ITEM = "item"
    OUTCOME = "outcome"
    CONTROL = "control"
    CLUSTER = "cluster"
    WEIGHT = "weight"
    START_TIME = "start_time"
    END_TIME = "end_time"
    DURATION = "duration"
    ATTENTION = "attention"
    PII = "pii"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a value list; an option may itself mean that there is no answer.

    `spellings` are other words, each in one language, that name the option where they stand in the data.
    """

    code: str
    label: Text = Text()
    missing: MissingKind | None = None
    spellings: tuple[Text, ...] = ()

    def spelled(self, lang: Lang) -> str:
        """The label and the other spellings in a language, as the sheet `values` has them in one cell."""
        return SPELLINGS.join(
            text
            for words in (self.label, *self.spellings)
            if (text := words.zh if lang == "zh" else words.en)
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Every text but the code that names the option."""
        # The whole cell too: a label may have the mark in it and stand so in the data.
        texts = [text for words in (self.label, *self.spellings) for text in (words.en, words.zh)]
        return tuple(dict.fromkeys(filter(None, (*texts, self.spelled("en"), self.spelled("zh")))))


@dataclass(frozen=True)
class ValueList:
    """The closed set of answers to an item, in order."""

    name: str
    options: tuple[Option, ...]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes that are answers (options that mean a missing value are left out)."""
        return tuple(option.code for option in self.options if option.missing is None)

    def label(self, code: str) -> Text:
        """The words of a code; the code itself if the list does not know it."""
        return next((o.label for o in self.options if o.code == code and o.label), Text(code, code))


@dataclass(frozen=True, slots=True)
class Item:
    """One variable of the instrument.

    `source` is the header in the export, or a pattern with `*` for several columns of one multiple-choice
    question; empty means that the header equals `name`. `minimum`/`maximum` are the scale's range, by which
    `reverse` turns a value v into minimum + maximum − v. `missing` maps codes in the data to the kind of
    missing value they declare. `skip_if` is an expression over other variables under which the question is
    not asked. `check` is the answer an attention check expects. `confirm` names the fields that were
    guessed when the codebook was drafted and wait for a person's word.
    """

    name: str
    source: str = ""
    label: Text = Text()
    type: ItemType = ItemType.TEXT
    values: str = ""
    minimum: float | None = None
    maximum: float | None = None
    reverse: bool = False
    scale: str = ""
    missing: Mapping[str, MissingKind] = field(default_factory=lambda: MappingProxyType({}))
    skip_if: str = ""
    role: Role = Role.NONE
    pii: bool = False
    check: str = ""
    confirm: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """The header to look for in the export."""
        return self.source or self.name

    @property
    def personal(self) -> bool:
        """Whether the variable stays out of every output unless asked for."""
        return self.pii or self.role is Role.PII


@dataclass(frozen=True)
class Codebook:
    """All items in the order of the questionnaire, and the value lists they refer to.

    `wordings` are the questions' words, by item: headers under which an export may carry items that state no
    source.
    """

    items: tuple[Item, ...]
    value_lists: Mapping[str, ValueList] = field(default_factory=lambda: MappingProxyType({}))
    origin: str = ""
    wordings: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, name: str) -> Item:
        try:
            return self._by_name[name]
        except KeyError:
            hint = nearest(name, list(self._by_name))
            raise UsageError(
                f"the codebook has no variable {name!r}" + (f"; did you mean {hint!r}?" if hint else "")
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, Item]:
        return {item.name: item for item in self.items}

    @cached_property
    def scales(self) -> dict[str, tuple[str, ...]]:
        """Item names by scale, both in questionnaire order."""
        found: dict[str, tuple[str, ...]] = {}
        for item in self.items:
            if item.scale:
                found[item.scale] = (*found.get(item.scale, ()), item.name)
        return found

    def with_role(self, role: Role) -> tuple[Item, ...]:
        """Items that have this role."""
        return tuple(item for item in self.items if item.role is role)

    def headers(self, item: Item) -> tuple[str, ...]:
        """Headers to look for in an export: the item's source, or else its name, question and label."""
        if item.source:
            return (item.source,)
        words = self.wordings.get(item.name, Text())
        texts = (item.name, words.en, words.zh, item.label.en, item.label.zh)
        return tuple(dict.fromkeys(filter(None, texts)))

    def options(self, item: Item) -> tuple[Option, ...]:
        """The options of an item's value list; none if it has no list."""
        return self.value_lists[item.values].options if item.values else ()

    def label(self, name: str) -> Text:
        """A variable's label, its name where it has none; "(R)" says that it is reverse-coded."""
        item = self._by_name.get(name)
        label = item.label if item is not None and item.label else Text(name, name)
        reverse = item is not None and item.reverse
        return Text(f"{label('en')} (R)", f"{label('zh')}（反向）") if reverse else label
