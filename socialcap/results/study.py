"""The result of a whole study: what each step gave, in the order of the analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from socialcap.errors import Problem
from socialcap.results.bootstrap import FactorBootstrapResult
from socialcap.results.confirmatory import ConfirmatoryResult
from socialcap.results.diagnostics import DiagnosticsResult
from socialcap.results.effects import HierarchicalResult, MarginsResult
from socialcap.results.inference import PipelineResult
from socialcap.results.measurement import (
    AdequacyResult,
    CompositeResult,
    CorrelationResult,
    FactorResult,
    label_of,
)
from socialcap.results.mediation import MediationResult
from socialcap.results.method_bias import MethodBiasResult
from socialcap.results.moderation import ModerationResult
from socialcap.results.naming import named_tables
from socialcap.results.problems import problem_table
from socialcap.results.profile import ProfileResult
from socialcap.results.regression import RegressionResult, regression_table
from socialcap.results.reliability import ReliabilityResult, reliability_tables
from socialcap.results.retention import NFactorsResult
from socialcap.results.rows import plain_frame
from socialcap.results.second_opinion import SecondOpinionResult
from socialcap.results.table import Column, Result, Table, Text, table_rows
from socialcap.results.validity import ValidityResult

if TYPE_CHECKING:
    import pandas as pd

    from socialcap.results.claims import ClaimsResult
    from socialcap.results.registration import RegistrationResult
    from socialcap.results.specifications import SpecificationCurveResult
    from socialcap.survey import Survey


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from: inputs by hash, versions, the seed, and the command that repeats them."""

    command: str
    seed: int
    inputs: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: command, seed, hashes and versions by name."""
        return {
            "command": self.command,
            "seed": self.seed,
            "inputs": dict(self.inputs),
            "versions": dict(self.versions),
        }

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
    """What the measurement of a study gave, step by step.

    `stability` is None without a bootstrap; `validity` (with the confirmatory model) and `method_bias` are
    None where they were not asked for, or could not be estimated, which the study's problems then say.
    """

    missing: Result
    correlation: CorrelationResult
    reliability: tuple[ReliabilityResult, ...]
    adequacy: AdequacyResult
    retention: NFactorsResult
    factors: FactorResult
    stability: FactorBootstrapResult | None
    composite: CompositeResult
    validity: ValidityResult | None = None
    method_bias: MethodBiasResult | None = None

    @property
    def confirmatory(self) -> ConfirmatoryResult | None:
        """The confirmatory model behind the validity."""
        return self.validity.confirmatory if self.validity else None

    def tables(self) -> list[Table]:
        steps: list[Result] = [self.adequacy, self.retention, self.factors]
        steps += [self.stability] if self.stability else []
        tables = [table for step in [*steps, self.composite, self.correlation] for table in step.tables()]
        return [
            *self.missing.tables(),
            *reliability_tables(self.reliability),
            *tables,
            *self.validity_tables(),
            *(self.method_bias.tables() if self.method_bias else []),
        ]

    def validity_tables(self) -> list[Table]:
        """The confirmatory model, then what it says of validity, each thing once."""
        if self.validity is None:
            return []
        said = self.validity.tables()
        keys = {table.key for table in said}
        return [*(table for table in self.validity.confirmatory.tables() if table.key not in keys), *said]


@dataclass(frozen=True)
class StudyResult(Result):
    """Everything a study gave; `data` is what the regressions saw: analysed firms, scores, composite.

    `note` is the line that every output carries; `problems` is what a reader should know of survey and
    models. `margins`, `diagnostics` and `pipelines` are by the name of the regression. Steps that the study
    file does not ask for are None or empty. `plan` is what the study file states, as nested plain values.
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
    profile: ProfileResult | None = None
    margins: Mapping[str, MarginsResult] = field(default_factory=lambda: MappingProxyType({}))
    diagnostics: Mapping[str, DiagnosticsResult] = field(default_factory=lambda: MappingProxyType({}))
    pipelines: Mapping[str, PipelineResult] = field(default_factory=lambda: MappingProxyType({}))
    hierarchical: tuple[HierarchicalResult, ...] = ()
    mediations: tuple[MediationResult, ...] = ()
    moderations: tuple[ModerationResult, ...] = ()
    specifications: tuple[SpecificationCurveResult, ...] = ()
    claims: ClaimsResult | None = None
    registration: RegistrationResult | None = None
    second_opinion: SecondOpinionResult | None = None
    plan: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def parts(self) -> Iterator[tuple[str, Text, list[Table]]]:
        """Key, heading and tables of each part, in reading order."""
        tables = self.survey.tables()
        used = [self.sample_use()] if self.measurement or self.regressions else []
        said = [table for table in tables[1:] if table.key != "near_misses"]
        opening = [tables[0], *used, problem_table(self.problems)]
        yield "survey", Text("The survey and its cleaning", "调查与数据清洗"), [*opening, *said]
        if self.profile:
            yield "profile", Text("The firms", "样本企业"), self.profile.tables()
        if self.measurement:
            heading = Text("Dimensions of social capital", "社会资本的维度")
            yield "factors", heading, self.measurement.tables()
        if self.regressions:
            models = [regression_table(self.regressions, self.labels())]
            models += [table for model in self.regressions for table in self.model_tables(model)]
            yield "regressions", Text("Access to finance", "融资环境"), models
        further = [*self.hierarchical, *self.moderations, *self.mediations]
        if further:
            heading = Text("Blocks, moderation and mediation", "分层、调节与中介")
            yield "further", heading, [table for step in further for table in step.tables()]
        if self.pipelines:
            heading = Text("Inference through the whole pipeline", "全流程推断")
            found = [table for name in self.pipelines for table in self.pipeline_tables(name)]
            yield "inference", heading, found
        if self.specifications:
            heading = Text("Other choices of measurement and model", "测量与模型的其他选择")
            yield "robustness", heading, [table for step in self.specifications for table in step.tables()]
        if self.claims:
            yield "claims", Text("Claims and verdicts", "研究假设与结论"), self.claims.tables()
        if self.registration:
            yield "registration", Text("Registration", "预注册"), self.registration.tables()
        checked = self.second_opinion.tables() if self.second_opinion else []
        yield "provenance", Text("Provenance", "来源与版本"), [*checked, self.provenance.table()]

    def model_tables(self, model: RegressionResult) -> list[Table]:
        """A regression, its marginal effects and the tests of its assumptions."""
        further = (steps.get(model.name) for steps in (self.margins, self.diagnostics))
        return [*model.tables(), *(table for step in further if step is not None for table in step.tables())]

    def pipeline_tables(self, name: str) -> list[Table]:
        """Inference through the pipeline for the regression `name`, keys and titles naming it."""
        label = next((model.label for model in self.regressions if model.name == name), Text())
        return named_tables(self.pipelines[name].tables(), name, label)

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
            if model.name in self.pipelines:
                carried = self.pipelines[model.name]
                name = Text("Pipeline: {label}", "全流程：{label}").format(label=model.label or model.name)
                rows.append(_use(name, carried.n_obs, carried.dropped, labels))
        title = Text("Firms in each step", "各步骤使用的样本")
        note = Text(
            "A firm that lacks several variables counts under each.",
            "同时缺失多个变量的企业在各变量下分别计数。",
        )
        return Table("sample_use", title, columns, table_rows(rows), (note, *self._remeasured()))

    def _remeasured(self) -> tuple[Text, ...]:
        """That a pipeline measures the factors on other firms than the factor analysis, where it does."""
        if self.measurement is None:
            return ()
        measured = self.measurement.factors.n_obs
        if all(found.n_obs == measured for found in self.pipelines.values()):
            return ()
        note = Text(
            "The pipeline measures the factors on the firms that it uses, the factor analysis on {n}, so that "
            "their coefficients are not quite the same.",
            "全流程推断只用其自身样本测量因子，而因子分析使用 {n} 家企业，故两者系数略有差异。",
        )
        return (note.format(n=measured),)

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
            "plan": dict(self.plan),
            "provenance": self.provenance.to_dict(),
            "tables": super().to_dict(),
            "eigenvalues": self.measurement.factors.eigenvalues.tolist() if self.measurement else [],
            "correlation_n": plain_frame(self.profile.correlation_n) if self.profile else None,
            "pipelines": {name: _pipeline_numbers(found) for name, found in self.pipelines.items()},
        }


def _pipeline_numbers(found: PipelineResult) -> dict[str, Any] | None:
    """What the tables of a pipeline do not show: bias, degrees of freedom, missing information."""
    further = {"df": found.df} if found.fmi is None else {"df": found.df, "fmi": found.fmi}
    return plain_frame(found.coefficients.assign(**further))


_MOST_NAMED = 5


def _use(step: Text, used: int, dropped: pd.Series, labels: Mapping[str, Text]) -> list[Any]:
    """One row of the sample use, the variables that cost most first."""
    names = dropped.str.removeprefix("missing: ").str.split(", ").explode()
    counts = (
        [(label_of(labels, str(name)), int(n)) for name, n in names.value_counts().items()]
        if len(names)
        else []
    )
    parts = [
        Text("{label} ({n})", "{label}（{n}）").format(label=label, n=n) for label, n in counts[:_MOST_NAMED]
    ]
    others = len(counts) - len(parts)
    if others:
        parts.append(Text(f"{others} more", f"另有 {others} 个变量"))
    because = Text("; ".join(part.en for part in parts), "；".join(part.zh for part in parts))
    return [step, used, len(dropped), because]
