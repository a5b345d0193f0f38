"""The result of a whole study: what each step gave, in the order of the analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from socialcap.errors import Problem
from socialcap.results.bootstrap import FactorBootstrapResult
from socialcap.results.measurement import (
    AdequacyResult,
    CompositeResult,
    CorrelationResult,
    FactorResult,
    label_of,
)
from socialcap.results.problems import problem_table
from socialcap.results.regression import RegressionResult, regression_table
from socialcap.results.reliability import ReliabilityResult, reliability_tables
from socialcap.results.retention import NFactorsResult
from socialcap.results.second_opinion import SecondOpinionResult
from socialcap.results.table import Column, Result, Table, Text, table_rows

if TYPE_CHECKING:
    import pandas as pd

    from socialcap.survey import Survey


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from: inputs by hash, versions, the seed, and the command that repeats them."""

    command: str
    seed: int
    inputs: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]

    def table(self) -> Table:
        """The provenance as a table of two columns."""
        columns = (
            Column("what", Text("What", "项目"), align="left"),
            Column("value", Text("Value", "内容"), align="left"),
        )
        rows = [
            (Text("Command", "命令"), self.command),
            (Text("Seed", "随机种子"), str(self.seed)),
            *((Text(f"SHA-256 of {name}", f"{name} 的 SHA-256"), digest) for name, digest in self.inputs),
            *((Text(f"Version of {name}", f"{name} 版本"), version) for name, version in self.versions),
        ]
        return Table("provenance", Text("Provenance", "来源与版本"), columns, table_rows(rows))


@dataclass(frozen=True)
class MeasurementResult(Result):
    """What the measurement of a study gave, step by step; `stability` is None without a bootstrap."""

    missing: Result
    correlation: CorrelationResult
    reliability: tuple[ReliabilityResult, ...]
    adequacy: AdequacyResult
    retention: NFactorsResult
    factors: FactorResult
    stability: FactorBootstrapResult | None
    composite: CompositeResult
    second_opinion: SecondOpinionResult

    def tables(self) -> list[Table]:
        steps: list[Result] = [self.adequacy, self.retention, self.factors]
        steps += [self.stability] if self.stability else []
        tables = [table for step in [*steps, self.composite, self.correlation] for table in step.tables()]
        return [*self.missing.tables(), *reliability_tables(self.reliability), *tables]


@dataclass(frozen=True)
class StudyResult(Result):
    """Everything a study gave; `data` is what the regressions saw: analysed firms, scores, composite.

    `note` is the line that every output carries; `problems` is what a reader should know of survey and
    models. Steps that the study file does not ask for are None or empty.
    """

    name: str
    title: Text
    note: Text
    survey: Survey
    data: pd.DataFrame
    measurement: MeasurementResult | None
    regressions: tuple[RegressionResult, ...]
    provenance: Provenance
    problems: tuple[Problem, ...] = ()

    def parts(self) -> Iterator[tuple[str, Text, list[Table]]]:
        """Key, heading and tables of each part, in reading order."""
        tables = self.survey.tables()
        used = [self.sample_use()] if self.measurement or self.regressions else []
        said = [table for table in tables[1:] if table.key != "near_misses"]
        opening = [tables[0], *used, problem_table(self.problems)]
        yield "survey", Text("The survey and its cleaning", "调查与数据清洗"), [*opening, *said]
        if self.measurement:
            heading = Text("Dimensions of social capital", "社会资本的维度")
            yield "factors", heading, self.measurement.tables()
        if self.regressions:
            models = [regression_table(self.regressions, self.labels())]
            models += [table for model in self.regressions for table in model.tables()]
            yield "regressions", Text("Access to finance", "融资环境"), models
        checked = self.measurement.second_opinion.tables() if self.measurement else []
        yield "provenance", Text("Provenance", "来源与版本"), [*checked, self.provenance.table()]

    def sample_use(self) -> Table:
        """How many analysed firms each model uses, and which variables cost it the others."""
        columns = (
            Column("step", Text("Step", "步骤"), align="left"),
            Column("used", Text("Firms used", "使用样本"), "d"),
            Column("left_out", Text("Left out", "剔除"), "d"),
            Column("because", Text("Missing (firms)", "缺失变量（企业数）"), align="left"),
        )
        rows: list[list[Any]] = [[Text("Analysed", "进入分析"), len(self.data), 0, ""]]
        labels = self.labels()
        if self.measurement:
            factors = self.measurement.factors
            rows.append(_use(Text("Factor analysis", "因子分析"), factors.n_obs, factors.dropped, labels))
        for model in self.regressions:
            name = Text("Regression: {label}", "回归：{label}").format(label=model.label or model.name)
            rows.append(_use(name, model.n_obs, model.dropped, labels))
        title = Text("Firms in each step", "各步骤使用的样本")
        note = Text(
            "A firm that lacks several variables counts under each.",
            "同时缺失多个变量的企业在各变量下分别计数。",
        )
        return Table("sample_use", title, columns, table_rows(rows), (note,))

    def labels(self) -> dict[str, Text]:
        """Labels of all variables that the models know."""
        return {name: label for model in self.regressions for name, label in model.labels.items()}

    def tables(self) -> list[Table]:
        return [table for _, _, tables in self.parts() for table in tables]

    def to_dict(self) -> dict[str, Any]:
        """Every number of the study, JSON-ready; the same bytes for the same inputs and seed."""
        return {
            "study": self.name,
            "title": {"en": self.title.en, "zh": self.title.zh},
            "note": {"en": self.note.en, "zh": self.note.zh},
            "tables": super().to_dict(),
            "eigenvalues": self.measurement.factors.eigenvalues.tolist() if self.measurement else [],
        }


def _use(step: Text, used: int, dropped: pd.Series, labels: Mapping[str, Text]) -> list[Any]:
    """One row of the sample use, the variables that cost most first."""
    names = dropped.str.removeprefix("missing: ").str.split(", ").explode()
    counts = (
        [(label_of(labels, str(name)), int(n)) for name, n in names.value_counts().items()]
        if len(names)
        else []
    )
    because = Text(
        "; ".join(f"{label('en')} ({n})" for label, n in counts),
        "；".join(f"{label('zh')}（{n}）" for label, n in counts),
    )
    return [step, used, len(dropped), because]
