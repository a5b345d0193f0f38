"""Codebook, second opinion, registration, references, provenance, and the tables that stand in the appendix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from socialcap.report.blocks import Block, Section, Sentence
from socialcap.report.citations import Citations
from socialcap.report.contents.phrases import counted, paragraph, say
from socialcap.report.contents.stock import Stock, section
from socialcap.results import Column, StudyResult, Table, Text, format_value, table_rows
from socialcap.results.second_opinion import SecondOpinionResult

_MOST_VALUES = 12


def appendix_section(stock: Stock) -> tuple[Section, ...]:
    """Every table that no other section shows."""
    return section("appendix", Text("Appendix: further tables", "附录：其他表格"), stock.rest())


def codebook_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The variables: what the codebook says of them, and what the answers look like."""
    tables = [_codebook_table(result), *_derived_tables(result), *stock.take("items")]
    return section("codebook", Text("Codebook", "编码簿"), tables)


def _codebook_table(result: StudyResult) -> Table:
    columns = (
        Column("variable", Text("Variable", "变量"), align="left"),
        Column("label", Text("Label", "标签"), align="left"),
        Column("type", Text("Type", "类型"), align="left"),
        Column("scale", Text("Scale", "量表"), align="left"),
        Column("range", Text("Range", "取值范围"), align="left"),
        Column("values", Text("Values", "选项"), align="left"),
    )
    book = result.survey.codebook
    rows: list[list[Any]] = [
        [
            item.name,
            book.label(item.name),
            _TYPES.get(item.type.value, Text(item.type.value, item.type.value)),
            item.scale,
            _range(item.minimum, item.maximum),
            _options([(option.code, option.label) for option in book.options(item)]),
        ]
        for item in book
        if not item.personal
    ]
    notes = (
        Text(
            "(R): reverse-coded by the range of the scale. Variables that identify persons are left out.",
            "（反向）：按量表取值范围反向计分。可识别个人的变量未列出。",
        ),
    )
    return Table(
        "codebook", Text("Variables of the questionnaire", "问卷变量"), columns, table_rows(rows), notes
    )


_TYPES = {
    "text": Text("text", "文本"),
    "nominal": Text("nominal", "名义"),
    "ordinal": Text("ordinal", "有序"),
    "multiple": Text("several answers", "多选"),
    "integer": Text("integer", "整数"),
    "number": Text("number", "数值"),
    "percent": Text("per cent", "百分比"),
    "amount": Text("amount", "金额"),
    "year": Text("year", "年份"),
    "duration": Text("duration (s)", "时长（秒）"),
    "date": Text("date", "日期"),
}


def _range(low: float | None, high: float | None) -> Text:
    if low is None and high is None:
        return Text()
    ends = ["" if end is None else format_value(float(end), "number") for end in (low, high)]
    return Text(f"{ends[0]} to {ends[1]}".strip(), f"{ends[0]} 至 {ends[1]}".strip())


def _options(options: list[tuple[str, Text]]) -> Text:
    """The answers with their codes; how many more there are where the list is long."""
    shown = options[:_MOST_VALUES]
    en = "; ".join(f"{code} {label('en')}".strip() for code, label in shown)
    zh = "；".join(f"{code} {label('zh')}".strip() for code, label in shown)
    left = len(options) - len(shown)
    return Text(f"{en}; {left} more", f"{zh}；另有 {left} 项") if left else Text(en, zh)


def _derived_tables(result: StudyResult) -> Iterator[Table]:
    if not result.survey.derived:
        return
    columns = (
        Column("variable", Text("Variable", "变量"), align="left"),
        Column("label", Text("Label", "标签"), align="left"),
        Column("expression", Text("Computed as", "计算方法"), align="left"),
    )
    rows = [
        [name, part.label or Text(name, name), " ".join(part.expression.split())]
        for name, part in result.survey.derived.items()
    ]
    yield Table("derived", Text("Derived variables", "衍生变量"), columns, table_rows(rows))


def opinion_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The same numbers by other libraries."""
    said = opinion_sentences(result.second_opinion) if result.second_opinion else ()
    blocks: list[Block] = [*paragraph(*said), *stock.take("second_opinion")]
    return section("second_opinion_section", Text("Second opinion", "复核"), blocks)


def opinion_sentences(found: SecondOpinionResult) -> Iterator[Sentence]:
    """How many numbers were computed again, and whether they agree."""
    total = len(found.opinions)
    if not total:
        return
    agreeing = sum(opinion.agrees for opinion in found.opinions)
    worst = max(found.opinions, key=lambda opinion: opinion.difference)
    yield from say(
        Text(
            "{numbers} computed again by other libraries; {agreeing} within the tolerance, and the "
            "largest difference is {difference} ({what}).",
            "有 {numbers}经其他软件库重新计算，其中 {agreeing}项在容差之内，最大差异为 {difference}（{what}）。",
        ),
        "second_opinion",
        numbers=counted(total, "number was", "numbers were", "项数值"),
        agreeing=counted(agreeing, "is", "are", ""),
        difference=(worst.difference, ".1e"),
        what=worst.label,
    )


def references_section(citations: Citations) -> tuple[Section, ...]:
    """The works that the report cites."""
    blocks = [block for entry in citations.entries() for block in paragraph(Sentence(entry))]
    return section("references", Text("References", "参考文献"), blocks)


def provenance_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The registration, and what the numbers come from."""
    said = [Sentence(result.registration.verdict, "registration")] if result.registration else []
    blocks: list[Block] = [*paragraph(*said), *stock.take("registration", "provenance")]
    return section("provenance_section", Text("Registration and provenance", "预注册与来源"), blocks)
