"""The methods section: what was really run, step by step, with the works that the methods are taken from."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.report.blocks import Block, Heading, Section, Sentence
from socialcap.report.citations import Citations
from socialcap.report.contents.methods_measurement import measurement_methods
from socialcap.report.contents.methods_models import model_methods, robustness_methods
from socialcap.report.contents.phrases import counted, listing, number, paragraph, say, semicolons
from socialcap.report.contents.stock import section
from socialcap.results import StudyResult, Text

_PARTS = (
    ("cleaning", Text("Data and cleaning", "数据与清洗")),
    ("measurement", Text("Measurement", "测量")),
    ("models", Text("Models", "模型")),
    ("robustness", Text("Inference, robustness and claims", "推断、稳健性与研究假设")),
    ("software", Text("Software", "软件")),
)


def methods_section(result: StudyResult, cite: Citations) -> tuple[Section, ...]:
    """What was done, from the results themselves."""
    written = (
        cleaning_methods(result, cite),
        measurement_methods(result, cite),
        model_methods(result, cite),
        robustness_methods(result, cite),
        software_methods(result),
    )
    blocks: list[Block] = []
    for (key, heading), sentences in zip(_PARTS, written, strict=True):
        said = paragraph(*sentences)
        blocks += [Heading(f"methods_{key}", heading), *said] if said else []
    return section("methods", Text("Methods", "方法"), blocks)


def cleaning_methods(result: StudyResult, cite: Citations) -> Iterator[Sentence]:
    """How the export was read, which rules flag and exclude, and how changes are kept."""
    survey = result.survey
    yield from say(
        Text(
            "Answers were read from {files} by the codebook; answers that it does not allow became missing, "
            "with the reason, and reverse-coded items were turned by the range of their scale.",
            "按编码簿读取 {files}中的答案；不符合编码簿的答案记为缺失并注明原因，反向题按量表取值范围反向计分。",
        ),
        files=counted(len(survey.files), "file", "files", "个文件"),
    )
    flags = survey.flags
    used = [name for name in flags.flags.columns if flags.thresholds.get(name) is not None]
    working = [name for name in used if name not in flags.unavailable]
    if working:
        yield from say(
            Text(
                "Careless answering was judged by {n}{cited}, with the thresholds in the table.",
                "以 {n}判断草率作答{cited}，阈值见表。",
            ),
            "quality",
            n=counted(len(working), "index", "indices", "项指标"),
            cited=cite("meade2012"),
        )
    reasons = [rule.reason for rule in survey.rules]
    if reasons:
        yield from say(
            Text(
                "Respondents were excluded by {rules}, each counted under the first that hits: {reasons}.",
                "按 {rules}剔除答卷，每份记在首条命中的规则下：{reasons}。",
            ),
            "sample_flow",
            rules=counted(len(reasons), "rule", "rules", "条规则"),
            reasons=semicolons(reasons),
        )
    if result.measurement and any(t.key == "mcar" for t in result.measurement.missing.tables()):
        yield from say(
            Text(
                "Whether answers are missing completely at random was tested by Little's test{cited}.",
                "以 Little 检验判断数据是否完全随机缺失{cited}。",
            ),
            "mcar",
            cited=cite("little1988"),
        )


def software_methods(result: StudyResult) -> Iterator[Sentence]:
    """The versions that computed, and the seed."""
    versions = dict(result.provenance.versions)
    if not versions:
        return
    named = [Text(f"{name} {version}", f"{name} {version}") for name, version in versions.items()]
    yield from say(
        Text(
            "Everything was computed by {versions}; random numbers start from the seed {seed}.",
            "全部计算由 {versions} 完成；随机数种子为 {seed}。",
        ),
        "provenance",
        versions=listing(named),
        seed=number(result.provenance.seed, "d"),
    )
