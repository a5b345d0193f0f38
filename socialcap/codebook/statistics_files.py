"""Codebooks from the metadata of SPSS (.sav, .zsav) and Stata (.dta) files."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import pyreadstat

from socialcap.codebook.checks import check_codebook
from socialcap.codebook.folding import fold, tidy
from socialcap.codebook.model import Codebook, Item, ItemType, MissingKind, Option, ValueList
from socialcap.codebook.ranges import as_number
from socialcap.codebook.sheets import read_bytes
from socialcap.errors import CodebookError, Problem, UnreadableError
from socialcap.results import Text

_WIDEST_RANGE = 1000
_LONGEST_SCALE = 10
_DATES = re.compile(r"%t[cCd]|%d|[AESJ]?DATE|DATETIME|YMDHMS")
_WHOLE = re.compile(r"%?[FN]?\d+(?:\.0)?[gf]?$")
_KIND_WORDS = (
    (MissingKind.SKIPPED, r"skip|inapplicable|not applicable|not asked|\bn/?a\b|跳|不适用|未问"),
    (MissingKind.REFUSED, r"refus|don.?t know|do not know|\bdk\b|no opinion|拒|不知道|不清楚|说不清"),
    (MissingKind.BLANK, r"no answer|no response|blank|not answered|missing|空白|未答|未填|缺失"),
)


def read_statistics_file(path: Path) -> Codebook:
    """The codebook in the metadata of an SPSS or Stata file.

    Variable labels become labels, value labels value lists, user-missing codes (ranges spelled out by the
    codes that occur in the file, are labelled, or are whole numbers of a closed range; Stata's .a to .z by
    these names) missing codes. The measurement level gives the type of labelled numbers; where the file does
    not say it, and where a missing code's kind is only read from its label, `confirm` names the field.

    Raises UnreadableError where the file is damaged, CodebookError where its metadata contradict themselves.
    """
    read_bytes(path)
    contents = _contents(path)
    lists: dict[str, ValueList] = {}
    items: list[Item] = []
    for name in contents.meta.column_names:
        item = _item(name, contents, lists, {item.name for item in items})
        items.append(item)
    book = Codebook(tuple(items), MappingProxyType(lists), origin=str(path))
    problems = check_codebook(book)
    if not items:
        problems.append(Problem("the file holds no variables", path.name))
    if any(problem.severity == "error" for problem in problems):
        raise CodebookError(f"the metadata of {path} make no codebook", problems)
    return book


@dataclass(frozen=True, slots=True)
class _Contents:
    """A file's metadata, with the values of variables whose missing codes only the values tell."""

    meta: Any
    values: pd.DataFrame
    stata: bool


def _contents(path: Path) -> _Contents:
    stata = path.suffix.casefold() == ".dta"
    reader: Callable[..., Any] = pyreadstat.read_dta if stata else pyreadstat.read_sav
    failure = ""
    for encoding in (None, "GB18030"):
        try:
            # Stata's lettered missing values are named only once the values have been read.
            values, meta = reader(str(path), metadataonly=not stata, user_missing=True, encoding=encoding)
            ranged = [
                name for name, spans in (meta.missing_ranges or {}).items() if any(map(_is_range, spans))
            ]
            if ranged:
                values, _ = reader(str(path), usecols=ranged, user_missing=True, encoding=encoding)
            return _Contents(meta, values, stata)
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OSError) as error:
            failure = failure or str(error)
    kind = "Stata" if stata else "SPSS"
    fault = Problem(f"the file is damaged, or is no {kind} file ({failure})", path.name)
    raise UnreadableError(f"{path} cannot be read", [fault])


def _is_range(span: Mapping[str, Any]) -> bool:
    return bool(span["lo"] != span["hi"])


def _item(name: str, contents: _Contents, lists: dict[str, ValueList], taken: set[str]) -> Item:
    meta = contents.meta
    labels = {_code(c, contents): tidy(str(t)) for c, t in meta.variable_value_labels.get(name, {}).items()}
    missing, guessed = _missing(name, labels, contents)
    kind, sure = _type(name, contents, [code for code in labels if code not in missing])
    confirm = [*([] if sure else ["type"]), *(["missing"] if guessed else [])]
    low, high = None, None
    values = ""
    if kind in (ItemType.NOMINAL, ItemType.ORDINAL):
        options, renamed = _options(labels, missing)
        values = _list_name(name, options, lists, meta)
        confirm += ["values"] if renamed else []
        if kind is ItemType.ORDINAL and (ends := _ends(options)) is not None:
            low, high = ends
            confirm += ["min", "max"]
    plain = _variable_name(name, taken)
    return Item(
        plain,
        source="" if plain == name else name,
        label=_text(tidy(meta.column_names_to_labels.get(name) or "")),
        type=kind,
        values=values,
        minimum=low,
        maximum=high,
        missing=MappingProxyType(missing),
        confirm=tuple(confirm),
    )


def _code(value: Any, contents: _Contents) -> str:
    """A value as it stands in the data read as text: whole numbers without a point, .a to .z in Stata."""
    if isinstance(value, str):
        return f".{value}" if contents.stata else value
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _missing(
    name: str, labels: Mapping[str, str], contents: _Contents
) -> tuple[dict[str, MissingKind], bool]:
    """Declared missing codes with their kinds, and whether a kind was guessed."""
    meta = contents.meta
    codes = [f".{letter}" for letter in (meta.missing_user_values or {}).get(name, [])]
    codes += [code for code in labels if contents.stata and re.fullmatch(r"\.[a-z]", code)]
    for span in (meta.missing_ranges or {}).get(name, []):
        if not _is_range(span):
            codes.append(_code(span["lo"], contents))
            continue
        low, high = float(span["lo"]), float(span["hi"])
        found = {_code(v, contents) for v in contents.values[name].dropna().unique()} | set(labels)
        if float("-inf") < low <= high < low + _WIDEST_RANGE:
            found |= {str(number) for number in range(int(-(-low // 1)), int(high // 1) + 1)}
        inside = [(n, code) for code in found if (n := as_number(code)) is not None and low <= n <= high]
        codes += [code for _, code in sorted(inside)]
    kinds = {code: _kind(labels.get(code, "")) for code in dict.fromkeys(codes)}
    return kinds, bool(kinds)


def _kind(label: str) -> MissingKind:
    folded = fold(label)
    return next((kind for kind, words in _KIND_WORDS if re.search(words, folded)), MissingKind.REFUSED)


def _type(name: str, contents: _Contents, answers: list[str]) -> tuple[ItemType, bool]:
    """The type, and whether the file itself says it; `answers` are labelled codes that are not missing."""
    meta = contents.meta
    shown = str(meta.original_variable_types.get(name, ""))
    if meta.readstat_variable_types.get(name) == "string":
        return (ItemType.NOMINAL, True) if answers else (ItemType.TEXT, True)
    if _DATES.match(shown):
        return ItemType.DATE, True
    level = meta.variable_measure.get(name, "unknown")
    if answers and level == "nominal":
        return ItemType.NOMINAL, True
    if answers:
        # Labelled numbers of a metric variable are, as a rule, a scale of which some points have words.
        return (ItemType.NOMINAL, False) if level == "unknown" else (ItemType.ORDINAL, level == "ordinal")
    stored = meta.readstat_variable_types.get(name, "")
    whole = stored.startswith("int") or (not contents.stata and _WHOLE.match(shown) is not None)
    return (ItemType.INTEGER if whole else ItemType.NUMBER), level in ("scale", "unknown")


def _options(labels: Mapping[str, str], missing: Mapping[str, MissingKind]) -> tuple[list[Option], bool]:
    """The value labels as options, in the order of their codes; a label that stands twice gets its code."""
    seen: set[str] = set()
    options: list[Option] = []
    renamed = False
    for code in sorted(labels, key=_code_order):
        words = labels[code]
        if fold(words) in seen:
            words, renamed = f"{words} ({code})", True
        seen.add(fold(words))
        options.append(Option(code, _text(words), missing.get(code)))
    return options, renamed


def _code_order(code: str) -> tuple[bool, float, str]:
    number = as_number(code)
    return (number is None, number or 0.0, code)


def _ends(options: list[Option]) -> tuple[float, float] | None:
    """The range of a scale of which only some points have labels; None where every point has one."""
    codes = [as_number(option.code) for option in options if option.missing is None]
    numbers = [code for code in codes if code is not None]
    low, high = min(numbers), max(numbers)
    labelled_all = len(numbers) == high - low + 1
    return None if labelled_all or high - low > _LONGEST_SCALE else (low, high)


def _list_name(name: str, options: list[Option], lists: dict[str, ValueList], meta: Any) -> str:
    """The name of a list with these options: one there is already, the file's, or the variable's."""
    for known in lists.values():
        if known.options == tuple(options):
            return known.name
    wanted = str(meta.variable_to_label.get(name, name))
    # SPSS has no names for its sets of labels; pyreadstat numbers them.
    if re.fullmatch(r"labels\d+", wanted) or wanted in lists:
        wanted = name
    while wanted in lists:
        wanted += "_"
    lists[wanted] = ValueList(wanted, tuple(options))
    return wanted


def _variable_name(name: str, taken: set[str]) -> str:
    """The name as a formula can use it."""
    plain = re.sub(r"\W", "_", unicodedata.normalize("NFKC", name))
    if not plain.isidentifier() or keyword.iskeyword(plain):
        plain = f"v_{plain}" if not keyword.iskeyword(plain) else f"{plain}_"
    while plain in taken:
        plain += "_"
    return plain


def _text(words: str) -> Text:
    return Text("", words) if any("㐀" <= c <= "鿿" for c in words) else Text(words, "")
