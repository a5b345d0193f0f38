"""Codebooks to XLSForm, the form language of ODK and KoboToolbox."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from socialcap.codebook.folding import tidy
from socialcap.codebook.form import WHOLE, Form, Section, blocks, shared_terms
from socialcap.codebook.missing_codes import format_missing
from socialcap.codebook.model import Codebook, Item, ItemType, Role
from socialcap.codebook.sheets import Layout, workbook_bytes
from socialcap.codebook.workbook import VARIABLE_COLUMNS, codebook_rows
from socialcap.codebook.xpath import Untranslatable, relevance
from socialcap.errors import OutputError, Problem, SocialcapWarning, UsageError
from socialcap.results import Text
from socialcap.writing import write_files

# Columns of the codebook that a form carries beside its own; the form keeps what it does not know.
CARRIED = ("source", "scale", "reverse", "missing", "skip_if", "role", "pii", "check", "confirm")
CARRIED_TYPE = "codebook_type"
# The variable's label, where the form's label is a question in other words.
CARRIED_LABELS = ("codebook_label_en", "codebook_label_zh")
# Of a question with several answers, the one that excludes all others has this code.
NONE_OF_THEM = "none"

_FORM_TYPES = {
    ItemType.INTEGER: "integer",
    ItemType.YEAR: "integer",
    ItemType.ORDINAL: "integer",
    ItemType.NUMBER: "decimal",
    ItemType.PERCENT: "decimal",
    ItemType.AMOUNT: "decimal",
    ItemType.DURATION: "decimal",
    ItemType.DATE: "date",
}
_LANGUAGES = ("English (en)", "中文 (zh)")
_LABELS = tuple(f"label::{language}" for language in _LANGUAGES)
_MESSAGES = tuple(f"constraint_message::{language}" for language in _LANGUAGES)
_ASKING = ("relevant", "required", "constraint", *_MESSAGES, "appearance")
_SURVEY = ("type", "name", *_LABELS, *_ASKING, CARRIED_TYPE, *CARRIED_LABELS, *CARRIED)
_CHOICES = ("list_name", "name", *_LABELS, "missing")

_EXCLUSIVE = f"not(selected(., '{NONE_OF_THEM}') and count-selected(.) > 1)"
_TOTAL = "round({numbers}, 2) = {total}"
_ADDED = re.compile(
    rf"(?:^| and )(?:{re.escape(_EXCLUSIVE)}|round\((?:coalesce\([^()]+, 0\) \+ )+\., 2\) = [\d.]+)$"
)
_BETWEEN = Text("Please enter a number from {low} to {high}.", "请填写 {low} 到 {high} 之间的数。")
_AT_LEAST = Text("Please enter {low} or more.", "请填写不小于 {low} 的数。")
_AT_MOST = Text("Please enter {high} or less.", "请填写不大于 {high} 的数。")
_ADD_UP = Text("The numbers of this page must add up to {total}.", "本页各项之和应等于 {total}。")
_ALONE = Text("“{none}” cannot be ticked together with another answer.", "选择“{none}”时不能再选其他选项。")


def write_xlsform(book: Codebook, path: Path | str, form: Form | None = None) -> None:
    """Writes the codebook as an XLSForm (.xlsx) that pyxform converts.

    `form` gives the questions' words, the sections (groups of the form) and what must be answered; without it
    labels are the questions. Skip rules become `relevant` where the form language has them, ranges and a
    section's total become `constraint`, with a message in both languages; neighbours on one answering scale
    appear as Likert items; where a question takes several answers, the one coded `none` excludes the others.
    What a form has no place for stands in columns of its own, from which `read_xlsform` restores it. A skip
    rule that cannot be translated is named in one SocialcapWarning. Raises OutputError where a name or code
    cannot stand in a form, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.casefold() != ".xlsx":
        raise UsageError(f"{path}: an XLSForm is written as .xlsx")
    write_files({path: xlsform_bytes(book, path.stem, form)})


def xlsform_bytes(book: Codebook, name: str, form: Form | None = None) -> bytes:
    """The form that `write_xlsform` writes, as the bytes of an .xlsx file; `name` becomes its id."""
    form = form or Form()
    if faults := list(_unfit(book)):
        raise OutputError(f"the codebook cannot be written as the XLSForm {name}", faults)
    writing = _Writing(book, form)
    writing.survey()
    choices: list[tuple[str, ...]] = [
        _CHOICES,
        *(
            (_list_name(values.name), option.code, *_sides(option.label, option.code), option.missing or "")
            for values in book.value_lists.values()
            for option in values.options
        ),
    ]
    title = " · ".join(filter(None, (form.title.en, form.title.zh))) or tidy(name)
    settings: list[tuple[str, ...]] = [
        ("form_title", "form_id", "default_language"),
        (title, _list_name(tidy(name)), _LANGUAGES[0]),
    ]
    rows = [_SURVEY, *(tuple(row.get(column, "") for column in _SURVEY) for row in writing.rows)]
    sheets = {"survey": rows, "choices": choices, "settings": settings}
    layout = Layout(dict.fromkeys(_LABELS, 40), {})
    made = workbook_bytes(sheets, dict.fromkeys(sheets, layout))
    if writing.notes:
        warnings.warn(
            f"{name}: not every skip rule is enforced by the form\n  " + "\n  ".join(map(str, writing.notes)),
            SocialcapWarning,
            stacklevel=3,
        )
    return made


def without_added_clauses(constraint: str) -> str:
    """A constraint without the clauses that a written form adds to a variable's range."""
    while (shorter := _ADDED.sub("", constraint)) != constraint:
        constraint = shorter
    return constraint


def _unfit(book: Codebook) -> Iterator[Problem]:
    for number, item in enumerate(book, start=2):
        if not re.fullmatch(r"[^\W\d][\w.-]*", item.name):
            yield Problem("a form cannot use this name", "variables", number, "name", item.name)
    chosen = {item.values for item in book if item.values}
    for values in book.value_lists.values():
        for option in values.options if values.name in chosen else ():
            if re.search(r"\s", option.code):
                yield Problem(
                    f"a code of list {values.name!r} has a space in it, which a form takes for two answers",
                    "values",
                    column="code",
                    value=option.code,
                )
    names = [_list_name(name) for name in book.value_lists]
    for name in book.value_lists:
        if names.count(_list_name(name)) > 1:
            yield Problem("two lists have the same name in a form", "values", column="list", value=name)


@dataclass
class _Writing:
    """The rows of the sheet `survey`, and the skip rules that could not be translated."""

    book: Codebook
    form: Form
    rows: list[dict[str, str]] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def survey(self) -> None:
        parts = self.form.parts(self.book)
        asked = {item.name for _, items in parts for item in items}
        first = next((i for i, item in enumerate(self.book) if item.name in asked), len(self.book))
        # What the form notes by itself keeps its place in the codebook: before the questions, or after them.
        silent = [(i < first, item) for i, item in enumerate(self.book) if item.name not in asked]
        self.rows += [self.question(item) for before, item in silent if before]
        self.note(f"{WHOLE}_text", self.form.text)
        for section, items in parts:
            self.section(section, items)
        self.rows += [self.question(item) for before, item in silent if not before]

    def section(self, section: Section, items: Sequence[Item]) -> None:
        rows = self.questions(items)
        if section.total is not None:
            self.add_up(section.total, items, rows[-1])
        if not section.name:
            self.rows += rows
            return
        together = section.total is not None or any(len(block) > 1 for block in blocks(items, self.book))
        self.rows.append(
            {
                "type": "begin group",
                "name": section.name,
                **_both(_LABELS, section.heading or Text(section.name)),
                "relevant": self.relevant(replace(items[0], skip_if=" or ".join(shared_terms(items)))),
                "appearance": "field-list" if together else "",
            }
        )
        self.note(f"{section.name}_text", section.text)
        self.rows += rows
        self.rows.append({"type": "end group"})

    def note(self, name: str, text: Text) -> None:
        if text:
            self.rows.append({"type": "note", "name": name, **_both(_LABELS, text)})

    def questions(self, items: Sequence[Item]) -> list[dict[str, str]]:
        return [
            self.question(item) | ({"appearance": "likert"} if len(block) > 1 else {})
            for block in blocks(items, self.book)
            for item in block
        ]

    def question(self, item: Item) -> dict[str, str]:
        carried = dict(zip(VARIABLE_COLUMNS, codebook_rows(Codebook((item,)))["variables"][1], strict=True))
        carried["missing"] = format_missing(item.missing)
        words = self.form.words(item)
        # What the form notes by itself is exported under its name.
        noted = _form_type(item, self.book) in ("start", "end")
        own_label = item.label and (noted or words != item.label)
        constraint, message = self.constraint(item, carried["min"], carried["max"])
        return {
            "type": _form_type(item, self.book),
            "name": item.name,
            **({} if noted else dict(zip(_LABELS, _sides(words, item.name), strict=True))),
            "relevant": self.relevant(item) if item.skip_if else "",
            "required": "yes" if self.form.required(item) else "",
            "constraint": constraint,
            **_both(_MESSAGES, message),
            CARRIED_TYPE: item.type.value,
            **(_both(CARRIED_LABELS, item.label) if own_label else {}),
            **{column: carried[column] for column in CARRIED},
        }

    def relevant(self, item: Item) -> str:
        if not item.skip_if:
            return ""
        try:
            return relevance(item.skip_if, self.book)
        except Untranslatable as error:
            problem = Problem(f"{item.name}: {error}", "variables", value=item.skip_if, severity="warning")
            if problem not in self.notes:
                self.notes.append(problem)
            return ""

    def constraint(self, item: Item, low: str, high: str) -> tuple[str, Text]:
        limits = [(">=", low), ("<=", high)]
        clauses = [f". {sign} {limit}" for sign, limit in limits if limit]
        message = (_BETWEEN if low and high else _AT_LEAST if low else _AT_MOST if high else Text()).format(
            low=low, high=high
        )
        if item.type is ItemType.MULTIPLE and NONE_OF_THEM in self.book.value_lists[item.values].codes:
            clauses.append(_EXCLUSIVE)
            message = _ALONE.format(none=self.book.value_lists[item.values].label(NONE_OF_THEM))
        return " and ".join(clauses), message

    def add_up(self, total: float, items: Sequence[Item], last: dict[str, str]) -> None:
        """The last number of a section completes the total, and is required once another one is given."""
        others = [f"${{{item.name}}}" for item in items[:-1]]
        numbers = " + ".join([*(f"coalesce({name}, 0)" for name in others), "."])
        clause = _TOTAL.format(numbers=numbers, total=f"{total:g}")
        last["constraint"] = " and ".join(filter(None, (last["constraint"], clause)))
        last["required"] = " or ".join(f"{name} != ''" for name in others) or "yes"
        last |= _both(_MESSAGES, _ADD_UP.format(total=f"{total:g}"))


def _form_type(item: Item, book: Codebook) -> str:
    if item.values in book.value_lists and item.type is ItemType.MULTIPLE:
        return f"select_multiple {_list_name(item.values)}"
    if item.values in book.value_lists and item.type in (ItemType.NOMINAL, ItemType.ORDINAL):
        return f"select_one {_list_name(item.values)}"
    if item.type is ItemType.DATE and item.role in (Role.START_TIME, Role.END_TIME):
        return "start" if item.role is Role.START_TIME else "end"
    return _FORM_TYPES.get(item.type, "text")


def _both(columns: tuple[str, ...], text: Text) -> dict[str, str]:
    return dict(zip(columns, (text.en, text.zh), strict=True))


def _sides(label: Text, name: str) -> tuple[str, str]:
    """Both sides of a label; the name where there is none, as a form must show something."""
    return (label.en, label.zh) if label else (name, "")


def _list_name(name: str) -> str:
    return re.sub(r"\W", "_", name)
