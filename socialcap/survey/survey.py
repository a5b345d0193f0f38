"""A survey as cleaned: typed answers, and the account of how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from socialcap.codebook import Codebook, MissingKind
from socialcap.errors import Problem
from socialcap.plan import DerivedPart
from socialcap.results import Column, Result, Table, Text
from socialcap.survey.flow import Exclusion, sample_flow
from socialcap.survey.quality import QualityResult
from socialcap.survey.raw import SourceFile
from socialcap.survey.rules import Rule


@dataclass(frozen=True)
class Survey(Result):
    """Cleaned answers of a survey, with every change, exclusion and missing value accounted for.

    Frames share the index `row`: the row of the input file as a spreadsheet counts it, or a running number
    where several files are stacked.

    responses        analysed respondents; one typed column per variable (0/1 columns `<name>_<code>` for
                     multiple choice), then derived variables
                     and, where several files are stacked, `source`, the file of each row
    cleaned          the same for every received row
    raw              the text that each variable of `cleaned` was read from
    ledger           row, respondent, variable, old, new, rule, reason: one line per change of a cell
    exclusions       row, respondent, rule, reason: one line per excluded row and rule that hit it
    missing          kind of missing value of each cell of `cleaned` ("" where there is a value)
    flags            careless-responding indices and flags
    codebook, platform, files, notes
                     where the answers came from, and what was noticed in reading
    unknown_columns  columns of the export that the codebook does not know
    near_misses      variable, text, count, nearest: answers that look like an option but are not one
    derived          derived variables by name
    rules            the exclusion rules, with the rows that each hits
    problems         what the user should know (warnings)
    """

    responses: pd.DataFrame
    cleaned: pd.DataFrame
    raw: pd.DataFrame
    ledger: pd.DataFrame
    exclusions: pd.DataFrame
    missing: pd.DataFrame
    flags: QualityResult
    codebook: Codebook
    platform: str
    files: tuple[SourceFile, ...]
    unknown_columns: tuple[str, ...]
    near_misses: pd.DataFrame
    derived: Mapping[str, DerivedPart]
    rules: tuple[Exclusion, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def label(self, name: str) -> Text:
        """The words for a column of `responses`: a variable, an option of one, or a derived variable."""
        if name in self.derived:
            return self.derived[name].label or Text(name, name)
        if name in self.codebook:
            return self.codebook.label(name)
        for item in self.codebook:
            if name == f"{item.name}_text":
                return Text("{item}: own words", "{item}：填写内容").format(
                    item=self.codebook.label(item.name)
                )
            for option in self.codebook.options(item):
                if name == f"{item.name}_{option.code}":
                    item_label = self.codebook.label(item.name)
                    words = option.label or Text(option.code, option.code)
                    return Text("{item}: {option}", "{item}：{option}").format(item=item_label, option=words)
        return Text(name, name)

    def flow(self) -> Table:
        """Received, excluded under each rule, analysed."""
        return sample_flow(self.rules, len(self.cleaned))

    def tables(self) -> list[Table]:
        """Sample flow, items, changes by rule, quality, columns left aside and near misses."""
        tables = [self.flow(), self.items(), self.changes(), *self.flags.tables()]
        if self.unknown_columns:
            columns = (Column("column", Text("Column", "列名"), align="left"),)
            title = Text("Columns that the codebook does not know", "编码簿未收录的列")
            rows = tuple((name,) for name in self.unknown_columns)
            tables.append(Table("unknown_columns", title, columns, rows))
        if len(self.near_misses):
            tables.append(self._near_misses())
        return tables

    def items(self) -> Table:
        """Each variable among the analysed: answers, missing values by kind, mean, SD and range."""
        analysed = self.missing.loc[self.responses.index]
        occurring = set(np.unique(analysed.astype(str).to_numpy())) if analysed.size else set()
        kinds = [kind for kind in MissingKind if kind.value in occurring]
        rows = []
        for name in self.responses.columns:
            values = self.responses[name]
            counts: list[int | None] = [None] * len(kinds)
            if name in analysed:
                by_kind = analysed[name].value_counts()
                counts = [int(by_kind.get(kind.value, 0)) for kind in kinds]
            rows.append((name, self.label(str(name)), int(values.notna().sum()), *counts, *_moments(values)))
        columns = (
            Column("variable", Text("Variable", "变量"), align="left"),
            Column("label", Text("Label", "标签"), align="left"),
            Column("n", Text("n"), "d"),
            *(Column(kind.value, kind.label, "d") for kind in kinds),
            Column("mean", Text("Mean", "均值"), "number"),
            Column("sd", Text("SD", "标准差"), "number"),
            Column("min", Text("Min", "最小"), "number"),
            Column("max", Text("Max", "最大"), "number"),
        )
        note = Text("SD: divisor n − 1. Analysed respondents.", "标准差：除数 n − 1。仅含进入分析的答卷。")
        return Table("items", Text("Variables", "变量"), columns, tuple(rows), (note,))

    def changes(self) -> Table:
        """How many cells each rule changed, in how many variables and rows."""
        rows = []
        for rule, part in self.ledger.groupby("rule", observed=True, sort=False):
            counts = (len(part), part["variable"].nunique(), part["row"].nunique())
            rows.append((Rule(str(rule)).label, *counts))
        columns = (
            Column("rule", Text("Rule", "规则"), align="left"),
            Column("changes", Text("Changes", "变更数"), "d"),
            Column("variables", Text("Variables", "变量数"), "d"),
            Column("rows", Text("Rows", "行数"), "d"),
        )
        return Table("changes", Text("Changes by rule", "各规则的变更"), columns, tuple(rows))

    def _option_label(self, name: str, words: str) -> Text:
        """Both sides of the option of a variable that reads so in either language."""
        options = self.codebook.options(self.codebook[name]) if name in self.codebook else ()
        labels = (
            option.label for option in options if words in (option.code, option.label.en, option.label.zh)
        )
        return next(labels, Text(words, words))

    def _near_misses(self) -> Table:
        columns = (
            Column("variable", Text("Variable", "变量"), align="left"),
            Column("text", Text("Answer", "答案"), align="left"),
            Column("count", Text("Times", "次数"), "d"),
            Column("nearest", Text("Nearest option (not accepted)", "最接近的选项（未采纳）"), align="left"),
        )
        lines = self.near_misses.to_numpy(dtype=object)
        rows = tuple(
            (str(name), str(text), int(count), self._option_label(str(name), str(near)))
            for name, text, count, near in lines
        )
        return Table("near_misses", Text("Near misses", "近似但未识别的答案"), columns, rows)


def _moments(values: pd.Series) -> tuple[float | None, ...]:
    """Mean, SD, minimum and maximum of a numeric column; nothing for others."""
    if not pd.api.types.is_numeric_dtype(values.dtype) or not values.notna().any():
        return (None, None, None, None)
    spread = float(values.std()) if values.notna().sum() > 1 else None
    return (float(values.mean()), spread, float(values.min()), float(values.max()))
