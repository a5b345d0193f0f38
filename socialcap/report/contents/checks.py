"""Tests of assumptions, inference through the pipeline, and the specification curve."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.report.blocks import Block, Heading, Section, Sentence
from socialcap.report.contents.coefficients import focal_terms
from socialcap.report.contents.frames import at, numbers
from socialcap.report.contents.models import name_of
from socialcap.report.contents.phrases import (
    ALPHA,
    counted,
    is_known,
    p_text,
    paragraph,
    quoted,
    say,
    semicolons,
)
from socialcap.report.contents.stock import Stock, section
from socialcap.results import (
    DiagnosticsResult,
    LinearDiagnosticsResult,
    PipelineResult,
    RegressionResult,
    StudyResult,
    Table,
    Text,
)
from socialcap.results.specifications import SpecificationCurveResult

_VARIANCE = ("breusch_pagan", "white")
_CLASSICAL = ("nonrobust",)
_HARMFUL = 30.0


def diagnostics_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """What the tests of each model's assumptions say; inflation factors also stand beside the coefficients."""
    blocks: list[Block] = []
    models = {model.name: model for model in result.regressions}
    for name, found in result.diagnostics.items():
        model = models[name]
        tables = found.tables()
        blocks += [
            Heading(f"assumptions_{name}", name_of(model)),
            *paragraph(*diagnostic_sentences(found, model, tables)),
            *stock.take(*(table.key for table in tables if not table.key.startswith("collinearity"))),
        ]
    return section("diagnostics", Text("Tests of the models' assumptions", "模型诊断"), blocks)


def diagnostic_sentences(
    found: DiagnosticsResult, model: RegressionResult, tables: list[Table]
) -> Iterator[Sentence]:
    """Which tests reject, which do not; what the standard errors allow for; collinearity."""
    source = tables[0].key
    rejecting: list[tuple[str, Text]] = []
    silent: list[tuple[str, Text]] = []
    for key, row, values in zip(
        found.tests.index, tables[0].rows, found.tests.to_numpy(dtype=float), strict=True
    ):
        p = float(values[3])
        if not is_known(p):
            continue
        test, null = row[0], row[1]
        part = Text("{null}: {test}, {p}", "{null}：{test}，{p}").format(test=test, null=null, p=p_text(p))
        (rejecting if p < ALPHA else silent).append((str(key), part))
    if rejecting:
        yield from say(
            Text(
                "Rejected at 5%: {parts}.",
                "在 5% 水平上被拒绝的假定：{parts}。",
            ),
            source,
            parts=semicolons(part for _, part in rejecting),
        )
    if silent:
        yield from say(
            Text(
                "Not rejected at 5%, which does not prove them: {parts}.",
                "在 5% 水平上未被拒绝的假定（未被拒绝不等于成立）：{parts}。",
            ),
            source,
            parts=semicolons(part for _, part in silent),
        )
    if any(key in _VARIANCE for key, _ in rejecting):
        yield from _variance_sentences(model, source)
    if isinstance(found, LinearDiagnosticsResult):
        yield from _collinearity_sentences(found)


def _variance_sentences(model: RegressionResult, source: str) -> Iterator[Sentence]:
    """Whether the standard errors used stand up to unequal variances."""
    if model.cov in _CLASSICAL:
        yield from say(
            Text(
                "The classical standard errors of this model suppose equal error variances, so that its "
                "intervals and p-values should not be relied on.",
                "该模型使用经典标准误，以误差方差相等为前提，故其区间与 p 值不宜采信。",
            ),
            source,
        )
    else:
        yield from say(
            Text(
                "The standard errors of this model ({cov}) allow for unequal error variances.",
                "该模型的标准误（{cov}）已考虑误差方差不等。",
            ),
            source,
            cov=model.covariance.label,
        )


def _collinearity_sentences(found: LinearDiagnosticsResult) -> Iterator[Sentence]:
    vif = (
        found.collinearity["vif"].dropna() if "vif" in found.collinearity else found.collinearity.iloc[:0, 0]
    )
    if len(vif):
        worst = str(vif.idxmax())
        label = found.terms.get(worst) or found.labels.get(worst) or Text(worst, worst)
        yield from say(
            Text(
                "The largest variance inflation factor is {vif} ({term}).",
                "方差膨胀因子最大为 {vif}（{term}）。",
            ),
            f"collinearity_{found.name}",
            vif=(float(vif.max()), ".2f"),
            term=quoted(label),
        )
    if is_known(found.condition_number) and found.condition_number > _HARMFUL:
        yield from say(
            Text(
                "The condition number of {number} is above 30, which Belsley, Kuh and Welsch call harmful.",
                "条件数为 {number}，超过 Belsley、Kuh 与 Welsch 所称有害的界限 30。",
            ),
            f"collinearity_{found.name}",
            number=(found.condition_number, ".1f"),
        )


def inference_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """Inference through the whole pipeline beside the naive one."""
    blocks: list[Block] = []
    models = {model.name: model for model in result.regressions}
    for name, found in result.pipelines.items():
        keys = [table.key for table in result.pipeline_tables(name)]
        model = models.get(name)
        focal = focal_terms(result, model) if model else list(found.coefficients.index)
        label = name_of(model) if model else Text(name, name)
        blocks += [
            Heading(f"through_{name}", label),
            *paragraph(*pipeline_sentences(found, focal, keys)),
            *stock.take(*keys),
        ]
    heading = Text("Inference through the whole pipeline", "全流程推断")
    return section("inference", heading, blocks)


def pipeline_sentences(found: PipelineResult, focal: list[str], keys: list[str]) -> Iterator[Sentence]:
    """How much larger the errors are once the measurement is repeated, and what that changes."""
    yield from say(
        Text(
            "Measurement and regression were repeated together in {all}, of which {good} a solution.",
            "测量与回归一并在 {all}中重复进行，其中 {good}次得到解。",
        ),
        keys[0],
        all=counted(found.replicates, "resample", "resamples", "次重抽样"),
        good=counted(found.converged, "has", "have", ""),
    )
    for name in focal:
        if name in found.coefficients.index:
            yield from _one_term(found, name, keys)


def _one_term(found: PipelineResult, name: str, keys: list[str]) -> Iterator[Sentence]:
    row = numbers(found.coefficients, name)
    term = quoted(found.terms[name].label)
    naive, carried = row["naive_se"], row["pipeline_se"]
    if not is_known(naive, carried) or naive <= 0:
        return
    change = carried / naive - 1
    yield from say(
        Text(
            "For {term} the standard error is {naive} with the scores taken as data and {carried} through the "
            "pipeline, {change} {side}.",
            "将因子得分视为数据时，{term}的标准误为 {naive}；全流程标准误为 {carried}，{side} {change}。",
        ),
        keys[0],
        term=term,
        naive=(naive, ".3f"),
        carried=(carried, ".3f"),
        change=(abs(change), ".1%"),
        side=Text("larger", "增大") if change >= 0 else Text("smaller", "减小"),
    )
    limits = [row[f"{kind}_{end}"] for kind in ("naive", "pipeline") for end in ("low", "high")]
    if not is_known(*limits):
        return
    before = limits[0] > 0 or limits[1] < 0
    after = limits[2] > 0 or limits[3] < 0
    if before and not after:
        template = Text(
            "Its naive interval excludes zero, the pipeline's ({low} to {high}) does not: that it differs from "
            "zero rests on taking the scores as data.",
            "其未校正区间不含零，而全流程区间（{low} 至 {high}）含零：其显著性有赖于将得分视为数据。",
        )
    elif after:
        template = Text(
            "Its pipeline interval runs from {low} to {high} and excludes zero.",
            "其全流程区间为 {low} 至 {high}，不含零。",
        )
    else:
        template = Text(
            "Its pipeline interval runs from {low} to {high} and includes zero.",
            "其全流程区间为 {low} 至 {high}，含零。",
        )
    yield from say(template, keys[1], low=(limits[2], ".3f"), high=(limits[3], ".3f"))


def robustness_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """What every defensible set of choices makes of the effects that are followed."""
    blocks: list[Block] = []
    for found in result.specifications:
        keys = [table.key for table in found.tables()]
        blocks += [*paragraph(*curve_sentences(found, keys)), *stock.take(*keys)]
    heading = Text("Robustness: specification curve", "稳健性：设定曲线")
    return section("robustness", heading, blocks)


def curve_sentences(found: SpecificationCurveResult, keys: list[str]) -> Iterator[Sentence]:
    """Range, shares and joint test of the curve."""
    beta = found.curve["beta"]
    term = quoted(found.term_label or Text(found.term, found.term))
    yield from say(
        Text(
            "Over {n}, the standardised coefficient of {term} runs from {low} to {high} (median {median}; main "
            "specification {main}); {positive} are positive, and {significant} are significantly {side}.",
            "在 {n}中，{term}的标准化系数介于 {low} 与 {high} 之间（中位数 {median}，主设定 {main}）；"
            "{positive} 为正，{significant} 显著为{side}。",
        ),
        keys[0],
        n=counted(len(beta), "specification", "specifications", "种设定"),
        term=term,
        low=(float(beta.min()), ".3f"),
        high=(float(beta.max()), ".3f"),
        median=(float(beta.median()), ".3f"),
        main=(float(found.main["beta"]), ".3f"),
        positive=(found.share_positive, ".1%"),
        significant=(found.share_significant, ".1%"),
        side=Text("positive", "正") if found.direction > 0 else Text("negative", "负"),
    )
    if "median" in found.joint.index:
        p = at(found.joint, "median", "p_value")
        if is_known(p):
            verdict = Text("rejects", "拒绝") if p < ALPHA else Text("does not reject", "未能拒绝")
            yield from say(
                Text(
                    "A joint test by their median {verdict} that there is no effect in any specification ({p}).",
                    "以中位数作联合检验，{verdict}“全部设定均无效应”的原假设（{p}）。",
                ),
                keys[1],
                verdict=verdict,
                p=p_text(p),
            )
    if len(found.refused):
        yield from say(
            Text("{n} no estimate.", "{n}无估计值。"),
            keys[-1],
            n=counted(len(found.refused), "specification has", "specifications have", "种设定"),
        )
