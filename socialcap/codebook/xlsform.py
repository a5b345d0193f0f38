"""Codebooks from XLSForm, the form language of ODK and KoboToolbox."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from socialcap.codebook.checks import Places, check_codebook
from socialcap.codebook.folding import fold, tidy
from socialcap.codebook.missing_codes import parse_kind
from socialcap.codebook.model import Codebook, Item, ItemType, MissingKind, Option, Role, ValueList
from socialcap.codebook.ranges import as_number
from socialcap.codebook.sheets import Sheet, read_bytes
from socialcap.codebook.workbook import VARIABLE_COLUMNS, codebook_from_sheets, codebook_rows
from socialcap.codebook.xlsform_writing import (
    CARRIED,
    CARRIED_LABELS,
    CARRIED_TYPE,
    without_added_clauses,
    write_xlsform,
)
from socialcap.codebook.xpath import Untranslatable, range_of, skip_rule
from socialcap.errors import CodebookError, Problem, SocialcapWarning, UsageError
from socialcap.results import Text

__all__ = ["read_xlsform", "write_xlsform"]

_TYPES = {
    "integer": ItemType.INTEGER,
    "decimal": ItemType.NUMBER,
    "text": ItemType.TEXT,
    "select one": ItemType.NOMINAL,
    "select all that apply": ItemType.MULTIPLE,
    "date": ItemType.DATE,
    "dateTime": ItemType.DATE,
    "datetime": ItemType.DATE,
    "today": ItemType.DATE,
    "start": ItemType.DATE,
    "end": ItemType.DATE,
    "range": ItemType.ORDINAL,
}
_ROLES = {"start": Role.START_TIME, "end": Role.END_TIME}
_PERSONAL = frozenset(
    (
        *("geopoint", "geotrace", "geoshape", "phonenumber", "username", "email"),
        *("deviceid", "subscriberid", "simserial", "photo", "image", "audio", "video"),
    )
)
_NO_QUESTION = frozenset(("note", "audit", "xml-external", "csv-external"))
_GENERATED = re.compile(r"(generated_table_list_label|reserved_name_for_field_list_labels)_")


def read_xlsform(path: Path) -> Codebook:
    """The codebook of an XLSForm.

    Names, labels, choices and types come from the form; `relevant` (also of the groups around a question)
    becomes the rule under which it is not asked, `constraint` its range; `scale`, `reverse`, `role` and the
    codebook's other columns may stand in the form. What has no counterpart is left empty, named in `confirm`
    and in one SocialcapWarning, never guessed. Questions inside a repeat are no variables of a respondent
    and are left out, with a warning. pyxform writes curly quotation marks as straight ones.

    Raises CodebookError where pyxform refuses the form or the codebook has mistakes; UsageError where pyxform
    (the extra `xlsform`) is not installed.
    """
    reading = _Reading()
    reading.questions(_form(path).get("children", []))
    book = _codebook(reading, path)
    if reading.notes:
        warnings.warn(
            f"{path.name}: not everything in the form has a counterpart in a codebook\n  "
            + "\n  ".join(map(str, reading.notes)),
            SocialcapWarning,
            stacklevel=3,
        )
    return book


def _form(path: Path) -> dict[str, Any]:
    read_bytes(path)
    try:
        from pyxform.errors import PyXFormError
        from pyxform.xls2json import parse_file_to_json
    except ImportError:
        raise UsageError(
            f"{path.name} is an XLSForm; reading it needs the extra xlsform: pip install 'socialcap[xlsform]'"
        ) from None
    try:
        form: dict[str, Any] = parse_file_to_json(str(path), warnings=[])
    except PyXFormError as error:
        row = re.search(r"\[row : (\d+)\]", str(error))
        fault = Problem(str(error), "survey", int(row[1]) if row else None)
        raise CodebookError(f"the form {path} has mistakes", [fault]) from None
    return form


@dataclass
class _Reading:
    """Questions of a form as rows of a codebook's sheets, and what could not be carried over."""

    rows: list[dict[str, str]] = field(default_factory=list)
    relevant: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    wordings: dict[str, Text] = field(default_factory=dict)
    lists: dict[str, dict[str, Option]] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)

    def questions(
        self, children: list[dict[str, Any]], groups: tuple[str, ...] = (), outer: tuple[str, ...] = ()
    ) -> None:
        for child in children:
            kind, name = child.get("type", ""), child.get("name", "")
            if kind == "group" and name != "meta":
                condition = child.get("bind", {}).get("relevant", "")
                self.questions(
                    child.get("children", []), (*groups, name), (*outer, condition) if condition else outer
                )
            elif kind == "repeat":
                self.note(name, "a repeat holds no variables of the respondent; its questions are left out")
            elif kind not in _NO_QUESTION and kind != "group" and not _GENERATED.match(name):
                self.question(child, groups, outer)

    def note(self, name: str, message: str, value: str = "") -> None:
        self.notes.append(Problem(f"{name}: {message}", "survey", value=value, severity="warning"))

    def question(self, child: Mapping[str, Any], groups: tuple[str, ...], outer: tuple[str, ...]) -> None:
        row = {column: tidy(str(child.get(column, ""))) for column in CARRIED}
        confirm = [part for part in re.split(r"[,;\s]+", row["confirm"]) if part]
        name = self.name(child["name"], groups)
        if name != child["name"] and not row["source"]:
            row["source"] = (
                "/".join((*groups, child["name"])) if child["name"] in self.names else child["name"]
            )
        self.names.setdefault(child["name"], name)
        label = Text(*(tidy(str(child.get(column, ""))) for column in CARRIED_LABELS))
        words = _label(child.get("label", ""))
        if label and words and label != words:
            self.wordings[name] = words
        label = label or words
        if label in (Text(name, ""), Text(child["name"], "")):
            label = Text()
        if options := child.get("choices"):
            row["values"] = child["list_name"]
            known = self.lists.setdefault(child["list_name"], {})
            for choice in options:
                known.setdefault(choice["name"], _option(choice))
        kind = self.type(child, row, confirm)
        low, high = self.range(child, name, kind, confirm)
        form_role = _ROLES.get(child["type"], Role.NONE)
        conditions = [*outer, *filter(None, [child.get("bind", {}).get("relevant", "")])]
        if conditions and not row["skip_if"]:
            self.relevant[name] = conditions
        row |= {
            "name": name,
            "label_en": label.en,
            "label_zh": label.zh,
            "type": kind,
            "min": "" if low is None else repr(low),
            "max": "" if high is None else repr(high),
            "role": row["role"] or form_role.value,
            "pii": row["pii"] or ("yes" if child["type"] in _PERSONAL else ""),
            "confirm": ", ".join(dict.fromkeys(confirm)),
        }
        self.rows.append(row)

    def name(self, name: str, groups: tuple[str, ...]) -> str:
        """The question's name as a formula can use it; where it stands already, its group comes before it."""
        taken = {row["name"] for row in self.rows}
        plain = re.sub(r"\W", "_", unicodedata.normalize("NFKC", name))
        for depth in range(len(groups) + 1):
            candidate = re.sub(r"\W", "_", "_".join((*groups[len(groups) - depth :], plain)))
            if candidate not in taken:
                return candidate
        return next(f"{plain}_{i}" for i in range(2, len(taken) + 3) if f"{plain}_{i}" not in taken)

    def type(self, child: Mapping[str, Any], row: dict[str, str], confirm: list[str]) -> str:
        if child.get(CARRIED_TYPE):
            return str(child[CARRIED_TYPE])
        kind = _TYPES.get(child["type"])
        if kind is None or (kind in (ItemType.NOMINAL, ItemType.MULTIPLE) and not row.get("values")):
            if child["type"] not in _PERSONAL:
                confirm.append("type")
            return ItemType.TEXT
        if kind is ItemType.NOMINAL and all(
            as_number(code) is not None for code in self.lists[row["values"]]
        ):
            # Numbered answers of a scale have an order; those of other questions may be mere names.
            if row["scale"] or row["reverse"]:
                return ItemType.ORDINAL
            confirm.append("type")
        return kind

    def range(
        self, child: Mapping[str, Any], name: str, kind: str, confirm: list[str]
    ) -> tuple[float | None, float | None]:
        if child["type"] == "range":
            ends = child.get("parameters", {})
            return as_number(str(ends.get("start", "0"))), as_number(str(ends.get("end", "10")))
        constraint = without_added_clauses(child.get("bind", {}).get("constraint", ""))
        if not constraint:
            return None, None
        whole = kind in (ItemType.INTEGER, ItemType.ORDINAL, ItemType.YEAR)
        try:
            if kind not in list(ItemType) or not ItemType(kind).numeric:
                raise Untranslatable("this type has no range")
            return range_of(constraint, whole)
        except Untranslatable as error:
            confirm += ["min", "max"]
            self.note(name, f"the constraint is no range ({error})", constraint)
            return None, None


def _label(label: Any) -> Text:
    """The English and the Chinese side of a label; of other languages the first stands in for English."""
    if not isinstance(label, Mapping):
        text = tidy(str(label))
        return Text("", text) if _is_chinese(text) else Text(text, "")
    sides = {"en": "", "zh": "", "other": ""}
    for language, words in label.items():
        text = tidy(str(words))
        side = _language(language)
        if side == "default":
            side = "zh" if _is_chinese(text) else "en"
        sides[side] = sides[side] or text
    return Text(sides["en"] or sides["other"], sides["zh"])


def _language(name: str) -> str:
    folded = fold(name)
    code = re.search(r"\(([a-z]{2,3})", folded)
    short = code[1] if code else folded
    if short in ("en", "eng") or "english" in folded:
        return "en"
    if short in ("zh", "zho", "chi", "cmn") or "chinese" in folded or "中文" in folded or "汉语" in folded:
        return "zh"
    return "default" if folded == "default" else "other"


def _is_chinese(text: str) -> bool:
    return any("㐀" <= character <= "鿿" for character in text)


def _option(choice: Mapping[str, Any]) -> Option:
    label = _label(choice.get("label", ""))
    kind: MissingKind | None = None
    if word := tidy(str(choice.get("missing", ""))):
        try:
            kind = parse_kind(word)
        except ValueError as error:
            fault = Problem(str(error), "choices", column="missing", value=word)
            raise CodebookError("the form has mistakes", [fault]) from None
    return Option(choice["name"], Text() if label == Text(choice["name"], "") else label, kind)


def _codebook(reading: _Reading, path: Path) -> Codebook:
    """The codebook of the questions read, with skip rules translated now that every variable is known."""
    header = VARIABLE_COLUMNS
    rows = [
        (number, tuple(row.get(column, "") for column in header))
        for number, row in enumerate(reading.rows, start=2)
    ]
    lists = {name: ValueList(name, tuple(options.values())) for name, options in reading.lists.items()}
    value_rows = codebook_rows(Codebook((), lists))["values"]
    book = codebook_from_sheets(
        Sheet("survey", ((1, header), *rows)),
        Sheet("choices", tuple(enumerate(value_rows, start=1))),
        path,
    )
    items = tuple(_with_skip_rule(item, book, reading) for item in book)
    book = replace(book, items=items, wordings=MappingProxyType(reading.wordings))
    problems = check_codebook(book, Places("survey", "choices"))
    if any(problem.severity == "error" for problem in problems):
        raise CodebookError(f"the form {path} has mistakes", problems)
    return book


def _with_skip_rule(item: Item, book: Codebook, reading: _Reading) -> Item:
    conditions = reading.relevant.get(item.name)
    if not conditions:
        return item
    relevant = " and ".join(f"({condition})" for condition in conditions)
    try:
        return replace(item, skip_if=skip_rule(relevant, book, reading.names))
    except Untranslatable as error:
        reading.note(item.name, f"the condition for asking is not understood ({error})", relevant)
        return replace(item, confirm=tuple(dict.fromkeys((*item.confirm, "skip_if"))))
