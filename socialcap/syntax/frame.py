"""The cleaned data as other programs meet them: columns, what each holds, and names that every program takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from socialcap.plan import StudyPlan
from socialcap.results import StudyResult, Text

Language = Literal["en", "zh"]
# reserved in SPSS or Stata, whose names stand for files and commands as well
_RESERVED = frozenset(
    (
        *("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"),
        *("byte", "double", "float", "if", "in", "int", "long", "str", "strl", "using"),
        *("_all", "_b", "_coef", "_cons", "_n", "_pi", "_pred", "_rc", "_skip", "_weight"),
    )
)
_LONGEST = 32
"""Characters that Stata allows in a name; SPSS allows 64 bytes, which are 21 Chinese characters."""
_BYTES = 64


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column of cleaned.csv: its heading, its name in SPSS and Stata, what it holds.

    `levels` are the codes of its value list, with labels; `width` bytes that its longest cell takes;
    `broken`: whether cells hold line breaks.
    """

    heading: str
    name: str
    numeric: bool
    whole: bool
    width: int
    label: Text
    levels: tuple[tuple[str, Text], ...]
    broken: bool = False


def file_columns(result: StudyResult, plan: StudyPlan) -> tuple[FileColumn, ...]:
    """The columns of cleaned.csv in order: the row's label, the data, and the note where the study has one."""
    data = result.data.reset_index(names=result.data.index.name or "row")
    if result.note:
        data = data.assign(note=result.note("en"))
    names = legal_names(map(str, data.columns))
    labels = column_labels(result, plan)
    return tuple(
        _column(str(heading), names[str(heading)], data[heading], labels, result) for heading in data.columns
    )


def column_labels(result: StudyResult, plan: StudyPlan) -> dict[str, Text]:
    """Labels of the columns of the cleaned data: items, options of multiple choices, derived ones, scores."""
    book = result.survey.codebook
    labels: dict[str, Text] = {}
    for item in book:
        labels[item.name] = book.label(item.name)
        for option in book.options(item):
            words = (
                f"{labels[item.name](lang)}: {option.label(lang) or option.code}" for lang in ("en", "zh")
            )
            labels[f"{item.name}_{option.code}"] = Text(*words)
    labels |= {name: part.label for name, part in plan.derive.items() if part.label}
    if result.measurement is not None:
        factors = result.measurement.factors
        labels |= {name: factors.factor_label(name) for name in factors.names}
    if plan.factors is not None:
        labels[plan.factors.composite_name] = plan.factors.composite_label
    return labels | {"row": Text("Row of the export", "原始数据行号"), "note": Text("Note", "说明")}


def legal_names(headings: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A name for each heading that SPSS and Stata accept: letters, digits and underscores, no reserved word.

    Names differ in more than case, from each other and from those `taken`.
    """
    used = {name.lower() for name in taken}
    made: dict[str, str] = {}
    for heading in headings:
        base = re.sub(r"\W", "_", heading)
        if not base[:1].isalpha() or base.lower() in _RESERVED or re.fullmatch(r"str\d+", base.lower()):
            base = f"v_{base}".replace("__", "_")
        name, count = _short(base, ""), 1
        while name.lower() in used:
            count += 1
            name = _short(base, f"_{count}")
        used.add(name.lower())
        made[heading] = name
    return made


def _short(base: str, ending: str) -> str:
    kept = base[: _LONGEST - len(ending)]
    while len((kept + ending).encode()) > _BYTES:
        kept = kept[:-1]
    return (kept.rstrip("_") or "v") + ending


def _column(
    heading: str, name: str, cells: pd.Series, labels: Mapping[str, Text], result: StudyResult
) -> FileColumn:
    numeric = pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)
    present = cells.dropna()
    whole = bool(numeric and (present == present.round()).all())
    texts = [str(int(cell)) if whole else str(cell) for cell in present]
    # a text that looks like a formula is written with a leading apostrophe
    width = max((len(text.encode()) for text in texts), default=0) + (0 if numeric else 1)
    book = result.survey.codebook
    options = book.options(book[heading]) if heading in book else ()
    levels = tuple((o.code, o.label or Text(o.code, o.code)) for o in options if o.missing is None)
    label = labels.get(heading) or Text(heading, heading)
    broken = any("\n" in text or "\r" in text for text in texts)
    return FileColumn(heading, name, numeric, whole, max(width, 1), label, levels, broken)
