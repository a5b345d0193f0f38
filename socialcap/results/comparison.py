"""What changed between two runs of a study, and what may have changed it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from socialcap.results.registration import setting_text
from socialcap.results.table import Column, Result, Table, Text, table_rows

CauseKind = Literal["data", "rule", "seed", "version"]

_CAUSES = {
    "data": Text("data", "数据"),
    "rule": Text("rule", "规则"),
    "seed": Text("seed", "随机种子"),
    "version": Text("version", "版本"),
}
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Cause:
    """One difference of what went into two runs: an input file, a setting, the seed, or a version."""

    kind: CauseKind
    place: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of a table that differs: a number, a text, or None where a run has no such cell."""

    table: str
    row: str
    column: str
    before: Any
    after: Any

    @property
    def relative(self) -> float:
        """Size of a number's change over the larger of the two; NaN where a side is no number."""
        if not all(isinstance(value, (int, float)) for value in (self.before, self.after)):
            return math.nan
        largest = max(abs(self.before), abs(self.after))
        return float(abs(self.before - self.after) / largest) if largest else 0.0


@dataclass(frozen=True)
class ComparisonResult(Result):
    """Two runs held against each other: what went in differently, verdicts that changed, cells that changed.

    `missing` and `added`: titles of tables that only the first or only the second run has; `compared`: how
    many cells both have.
    """

    causes: tuple[Cause, ...]
    verdicts: tuple[Change, ...]
    changes: tuple[Change, ...]
    missing: tuple[Text, ...]
    added: tuple[Text, ...]
    compared: int

    @property
    def same(self) -> bool:
        """Whether no number, verdict or table differs."""
        return not (self.verdicts or self.changes or self.missing or self.added)

    def tables(self) -> list[Table]:
        return [self._cause_table(), self._verdict_table(), self._change_table()]

    def _cause_table(self) -> Table:
        columns = (
            Column("kind", Text("Cause", "原因"), align="left"),
            Column("place", Text("Where", "位置"), align="left"),
            Column("before", Text("First run", "前次运行"), align="left"),
            Column("after", Text("Second run", "后次运行"), align="left"),
        )
        rows = [
            [_CAUSES[one.kind], one.place, _short(setting_text(one.before)), _short(setting_text(one.after))]
            for one in self.causes
        ]
        nothing: list[list[Any]] = [["", Text("Nothing differs.", "无差异。"), "", ""]]
        title = Text("What went into the runs differently", "两次运行的输入差异")
        return Table("causes", title, columns, table_rows(rows or nothing))

    def _verdict_table(self) -> Table:
        columns = (
            Column("claim", Text("Claim", "论断"), align="left"),
            Column("before", Text("First run", "前次运行"), align="left"),
            Column("after", Text("Second run", "后次运行"), align="left"),
        )
        rows = [[one.row, _cell(one.before), _cell(one.after)] for one in self.verdicts]
        nothing: list[list[Any]] = [[Text("No verdict changed.", "结论均未改变。"), "", ""]]
        return Table("verdicts", Text("Verdicts", "结论"), columns, table_rows(rows or nothing))

    def _change_table(self) -> Table:
        columns = (
            Column("table", Text("Table", "表"), align="left"),
            Column("row", Text("Row", "行"), align="left"),
            Column("column", Text("Column", "列"), align="left"),
            Column("before", Text("First run", "前次运行"), ".6g"),
            Column("after", Text("Second run", "后次运行"), ".6g"),
            Column("relative", Text("Relative change", "相对变化"), ".1e"),
        )
        # words and cells that one run lacks come after the numbers
        numbers = sorted((c for c in self.changes if not math.isnan(c.relative)), key=lambda c: -c.relative)
        largest = [*numbers, *(c for c in self.changes if math.isnan(c.relative))][:_MOST_SHOWN]
        rows = [
            [
                one.table,
                one.row,
                one.column,
                _short_cell(one.before),
                _short_cell(one.after),
                None if math.isnan(one.relative) else one.relative,
            ]
            for one in largest
        ]
        nothing: list[list[Any]] = [[Text("No number changed.", "数值均未改变。"), *[""] * 4, None]]
        title = Text("Numbers that changed, the largest change first", "改变的数值（按变化幅度排列）")
        return Table("numbers", title, columns, table_rows(rows or nothing), self._notes())

    def _notes(self) -> tuple[Text, ...]:
        notes = [
            Text(
                "{changed} of {compared} cells that both runs have differ.",
                "两次运行共有的 {compared} 个单元格中 {changed} 个不同。",
            ).format(changed=len(self.changes), compared=self.compared)
        ]
        if len(self.changes) > _MOST_SHOWN:
            notes.append(
                Text("The {n} largest are shown.", "仅列出变化最大的 {n} 项。").format(n=_MOST_SHOWN)
            )
        for heading, titles in (
            (Text("Only in the first run: {titles}.", "仅见于前次运行：{titles}。"), self.missing),
            (Text("Only in the second run: {titles}.", "仅见于后次运行：{titles}。"), self.added),
        ):
            if titles:
                joined = Text(", ".join(t("en") for t in titles), "、".join(t("zh") for t in titles))
                notes.append(heading.format(titles=joined))
        return tuple(notes)


def _cell(value: Any) -> Any:
    """A cell of results.json for a table: numbers stay numbers, texts keep both languages."""
    if isinstance(value, dict):
        return Text(value.get("en", ""), value.get("zh", ""))
    return "–" if value is None else value


def _short_cell(value: Any) -> Any:
    """A cell, long words cut."""
    shown = _cell(value)
    if isinstance(shown, Text):
        return Text(_short(shown.en), _short(shown.zh))
    return _short(shown) if isinstance(shown, str) else shown


def _short(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
