"""What a file says before anybody interprets it: text cells under named columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import MissingKind, Role


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One input file, and how it was read."""

    path: str
    sha256: str
    format: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    header_rows: int = 1
    rows: int = 0


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column of the export.

    `key` is unique and is what a codebook's source is matched to: the header with the platform's grammar
    undone (matrix stems filled in, question numbers kept). `header` stands in the file. `label` is the
    question as the respondent saw it. `option` is the answer that a column of a multiple-choice question
    stands for; `own_words` tells that respondents' own text stands in the cells, where an answer has such a
    field. `role` and `personal` are what the platform's grammar knows about the column. The survey's markers
    hold in it unless `marked` is false: there, they may be answers.
    `value_labels` come with .sav and .dta files, or from pairing an export by text with one by number.
    """

    key: str
    header: str
    label: str = ""
    option: str = ""
    own_words: bool = False
    role: Role = Role.NONE
    personal: bool = False
    marked: bool = True
    value_labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    missing: Mapping[str, MissingKind] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class RawSurvey:
    """Every cell of the export as text; an empty cell is "".

    `cells` has one text column per entry of `columns`, in the same order and under its key.
    `row_numbers` are the rows as a spreadsheet counts them in the file they came from.
    `markers` are the texts by which the platform itself says that a cell holds no answer.
    `list_separator` splits the answers of a multiple-choice cell ("" where answers stand in own columns),
    and `extras` are the brackets in which an answer's free text stands.
    """

    cells: pd.DataFrame
    columns: tuple[RawColumn, ...]
    row_numbers: NDArray[np.int64]
    platform: str
    files: tuple[SourceFile, ...]
    markers: Mapping[str, MissingKind] = field(default_factory=lambda: MappingProxyType({}))
    list_separator: str = ""
    extras: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()
