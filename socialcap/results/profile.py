"""Who answered, where their funds come from, and the variables of the models described and correlated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.rows import records
from socialcap.results.table import STARS_NOTE, Column, Result, Starred, Table, Text, table_rows

LevelLabels = Mapping[str, Mapping[str, Text]]
_VARIABLE = Column("variable", Text("Variable", "变量"), align="left")
_MOMENTS = (
    Column("n", Text("n", "n"), "d"),
    Column("mean", Text("Mean", "均值"), "number"),
    Column("sd", Text("SD", "标准差"), "number"),
    Column("min", Text("Min", "最小值"), "number"),
    Column("q1", Text("Lower quartile", "下四分位"), "number"),
    Column("median", Text("Median", "中位数"), "number"),
    Column("q3", Text("Upper quartile", "上四分位"), "number"),
    Column("max", Text("Max", "最大值"), "number"),
)
MOMENTS = tuple(column.key for column in _MOMENTS)
"""What is said of a number: count, mean, standard deviation (ddof 1), extremes, quartiles."""


@dataclass(frozen=True)
class ProfileResult(Result):
    """The firms of a study and its variables; each part is None where nothing was asked for it.

    sample: by (variable, level) `n` firms and their `share` among those that answered; `unanswered`: firms
        without an answer by variable; `multiple`: variables with several answers, whose shares sum to more.
    numbers: by variable of the sample profile that is a number, the columns `MOMENTS`.
    funding: by source of funds mean (of the firms' shares, each firm counting the same), std_error, ci_low,
        ci_high (95%, t with n - 1 degrees of freedom), median, using (share of firms with more than nothing
        from it), all as shares of one; `funding_n` firms, `funding_dropped`: row label -> why left out,
        `funding_blanks`: blank cells counted as zero because the firm's other shares sum to 100.
    descriptives: by variable `MOMENTS`, and `missing`.
    correlations, correlation_p, correlation_n (k, k): Pearson's r over pairwise complete rows, two-sided
        p-values of the t test with n - 2 degrees of freedom, and n.
    """

    sample: pd.DataFrame | None
    numbers: pd.DataFrame | None
    funding: pd.DataFrame | None
    descriptives: pd.DataFrame | None
    correlations: pd.DataFrame | None
    correlation_p: pd.DataFrame | None
    correlation_n: pd.DataFrame | None
    n_obs: int
    unanswered: pd.Series = field(default_factory=lambda: pd.Series(dtype="int64"))
    multiple: tuple[str, ...] = ()
    funding_n: int = 0
    funding_dropped: pd.Series = field(default_factory=lambda: pd.Series(dtype=object))
    funding_blanks: int = 0
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    level_labels: LevelLabels = field(default_factory=lambda: MappingProxyType({}))

    def tables(self) -> list[Table]:
        tables = [self._sample_table(self.sample)] if self.sample is not None else []
        if self.numbers is not None:
            title = Text("Sample profile: numbers", "样本概况：数值变量")
            tables.append(self._moments_table("profile_numbers", title, self.numbers))
        if self.funding is not None:
            tables.append(self._funding_table(self.funding))
        if self.descriptives is not None:
            title = Text("Descriptive statistics", "描述性统计")
            tables.append(self._moments_table("descriptives", title, self.descriptives))
        if self.correlations is not None:
            tables.append(self._correlation_table(self.correlations))
        return tables

    def _sample_table(self, sample: pd.DataFrame) -> Table:
        columns = (
            _VARIABLE,
            Column("level", Text("Level", "类别"), align="left"),
            Column("n", Text("Firms", "企业数"), "d"),
            Column("share", Text("Share", "占比"), ".1%"),
        )
        rows: list[list[Any]] = []
        for name, group in sample.groupby(level="variable", sort=False):
            variable = str(name)
            head: Any = label_of(self.labels, variable)
            for row in records(group):
                level = label_of(self.level_labels.get(variable, {}), str(row.Index[1]))
                rows.append([head, level, row.n, row.share])
                head = ""
            if self.unanswered.get(variable, 0):
                rows.append(["", Text("No answer", "未作答"), int(self.unanswered[variable]), None])
        notes = [Text("Shares of the firms that answered.", "占比以作答企业为分母。")]
        if self.multiple:
            several = [label_of(self.labels, name) for name in self.multiple]
            named = Text("; ".join(t("en") for t in several), "、".join(t("zh") for t in several))
            note = Text("Several answers were possible: {names}.", "可多选：{names}。")
            notes.append(note.format(names=named))
        title = Text("Sample profile (N = {n})", "样本概况（N = {n}）").format(n=self.n_obs)
        return Table("profile", title, columns, table_rows(rows), tuple(notes))

    def _moments_table(self, key: str, title: Text, moments: pd.DataFrame) -> Table:
        numbers = moments[list(MOMENTS)].to_numpy(dtype=float)
        rows = [
            [label_of(self.labels, str(name)), int(row[0]), *map(float, row[1:])]
            for name, row in zip(moments.index, numbers, strict=True)
        ]
        return Table(key, title, (_VARIABLE, *_MOMENTS), table_rows(rows))

    def _funding_table(self, funding: pd.DataFrame) -> Table:
        columns = (
            Column("source", Text("Source of funds", "资金来源"), align="left"),
            Column("mean", Text("Mean share", "平均占比"), ".1%"),
            Column("std_error", Text("Std. error", "标准误"), ".1%"),
            Column("ci_low", Text("95% CI, low", "95% 置信下限"), ".1%"),
            Column("ci_high", Text("95% CI, high", "95% 置信上限"), ".1%"),
            Column("median", Text("Median", "中位数"), ".1%"),
            Column("using", Text("Firms using it", "使用企业占比"), ".1%"),
        )
        rows = [
            [label_of(self.labels, str(row.Index)), *(getattr(row, column.key) for column in columns[1:])]
            for row in records(funding)
        ]
        title = Text("Structure of funding (N = {n})", "资金来源结构（N = {n}）").format(n=self.funding_n)
        return Table("funding", title, columns, table_rows(rows), self._funding_notes())

    def _funding_notes(self) -> tuple[Text, ...]:
        notes = [
            Text(
                "Means of the firms' shares, each firm counting the same whatever its size; t intervals.",
                "为各企业占比的简单平均，不按企业规模加权；区间为 t 区间。",
            )
        ]
        if self.funding_blanks:
            note = Text(
                "{count} blank shares are counted as zero, the firm's other shares summing to 100.",
                "有 {count} 处占比空白，因该企业其余各项合计为 100，按零计。",
            )
            notes.append(note.format(count=self.funding_blanks))
        if len(self.funding_dropped):
            counts = self.funding_dropped.value_counts()
            note = Text(
                "Left out: {blank} firms without an answer, {other} whose shares do not sum to 100.",
                "剔除：未作答 {blank} 家，各项合计不为 100 的 {other} 家。",
            )
            blank, other = (int(counts.get(reason, 0)) for reason in (UNANSWERED, NOT_100))
            notes.append(note.format(blank=blank, other=other))
        return tuple(notes)

    def _correlation_table(self, correlations: pd.DataFrame) -> Table:
        assert self.descriptives is not None and self.correlation_p is not None  # made together
        names = [str(name) for name in correlations.index]
        r, p = correlations.to_numpy(), self.correlation_p.to_numpy()
        moments = self.descriptives[["mean", "sd"]].to_numpy(dtype=float)
        columns = (
            _VARIABLE,
            Column("mean", Text("M", "均值"), "number"),
            Column("sd", Text("SD", "标准差"), "number"),
            *(Column(f"r_{j}", Text(f"{j}", f"{j}"), ".2f") for j in range(1, len(names) + 1)),
        )
        rows: list[list[Any]] = []
        for i, name in enumerate(names):
            label = Text("{i}. {label}", "{i}. {label}").format(i=i + 1, label=label_of(self.labels, name))
            below = [Starred(float(r[i, j]), float(p[i, j])) for j in range(i)]
            above = [None] * (len(names) - i - 1)
            rows.append([label, *moments[i], *below, Text("—", "1"), *above])
        title = Text("Means, standard deviations and correlations", "均值、标准差与相关系数")
        return Table(
            "variable_correlations",
            title,
            columns,
            table_rows(rows),
            (Text("Pearson correlations. {n}", "皮尔逊相关系数。{n}").format(n=self._pairs()), STARS_NOTE),
        )

    def _pairs(self) -> Text:
        """How many firms are behind the correlations."""
        assert self.correlation_n is not None
        counts = self.correlation_n.to_numpy()
        low, high = int(counts.min()), int(counts.max())
        if low == high:
            return Text("N = {n}.", "N = {n}。").format(n=low)
        note = Text(
            "Each is of the firms that have both variables: n between {low} and {high}.",
            "各系数以两变量均有取值的企业计算，n 介于 {low} 与 {high} 之间。",
        )
        return note.format(low=low, high=high)


UNANSWERED = "no answer"
NOT_100 = "the shares do not sum to 100"
