"""Who was asked and who is analysed, what was changed, who the firms are, where their funds come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from socialcap.report.blocks import Block, Section, Sentence
from socialcap.report.contents.frames import at
from socialcap.report.contents.phrases import (
    ALPHA,
    counted,
    interval,
    is_known,
    listing,
    p_text,
    paragraph,
    quoted,
    say,
    semicolons,
    with_value,
)
from socialcap.report.contents.stock import Stock, section
from socialcap.results import ProfileResult, StudyResult, Table, Text
from socialcap.results.measurement import label_of

_MOST_NAMED = 6


def sample_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The sample flow, and how many firms each step uses."""
    said = [*flow_sentences(result), *_use_sentences(result)]
    heading = Text("Sample", "样本")
    return section("sample", heading, [*paragraph(*said), *stock.take("sample_flow", "sample_use")])


def flow_sentences(result: StudyResult) -> Iterator[Sentence]:
    """How many questionnaires came, left under which rule, and stay."""
    (_, received, _), *excluded, (_, analysed, _) = result.survey.flow().rows
    left = received - analysed
    came = counted(received, "questionnaire", "questionnaires", "份问卷")
    if not left:
        yield from say(
            Text("{came} came back, and none was left out.", "共收回 {came}，全部进入分析。"),
            "sample_flow",
            came=came,
        )
        return
    why = [
        Text("{reason}: {n}", "{reason}：{n} 份").format(reason=rule.reason, n=row[1])
        for rule, row in zip(result.survey.rules, excluded, strict=True)
        if row[1]
    ]
    yield from say(
        Text(
            "Of {came} received, {left} left the analysis ({why}); {analysed} analysed.",
            "共收回 {came}，剔除 {left} 份（{why}），{analysed}进入分析。",
        ),
        "sample_flow",
        came=came,
        left=(left, "d"),
        why=semicolons(why),
        analysed=_analysed(analysed),
    )


def _analysed(n: int) -> Text:
    words = counted(n, "is", "are", "份")
    return words


def _use_sentences(result: StudyResult) -> Iterator[Sentence]:
    """The steps that use fewer firms than are analysed."""
    total = len(result.data)
    steps = (
        [(Text("The factor analysis", "因子分析"), result.measurement.factors.n_obs)]
        if (result.measurement)
        else []
    )
    for model in result.regressions:
        label = model.label or Text(model.name, model.name)
        named = Text("the regression {label}", "回归{label}").format(label=_marked(label))
        steps.append((named, model.n_obs))
    fewer = [Text("{step} {n}", "{step} {n} 家").format(step=step, n=n) for step, n in steps if n < total]
    if fewer:
        yield from say(
            Text(
                "Answers are missing, so that not every step has all {total} firms: {fewer}.",
                "因有缺失答案，部分步骤未能使用全部 {total} 家企业：{fewer}。",
            ),
            "sample_use",
            total=(total, "d"),
            fewer=listing(fewer),
        )
    elif steps:
        yield from say(
            Text("Every step uses all {total} firms.", "各步骤均使用全部 {total} 家企业。"),
            "sample_use",
            total=(total, "d"),
        )


def _marked(label: Text) -> Text:
    return Text(f"“{label('en')}”", f"“{label('zh')}”")


def quality_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """What the reader should know, the quality of the answers, what cleaning changed, what is missing."""
    said = [*_problem_sentences(result), *_flag_sentences(result), *_change_sentences(result, stock)]
    missing = [*missing_sentences(stock), *_mcar_sentences(stock)]
    blocks: list[Block] = [
        *paragraph(*said),
        *stock.take("problems", "quality", "changes"),
        *paragraph(*missing),
        *stock.short("missing_items", "missing_patterns"),
        *stock.take("mcar", "unknown_columns"),
    ]
    return section("quality", Text("Data quality and changes", "数据质量与清洗"), blocks)


def _problem_sentences(result: StudyResult) -> Iterator[Sentence]:
    count = len(result.problems)
    if count:
        yield from say(
            Text("{count} should be kept in mind in reading what follows.", "阅读下文时需留意 {count}。"),
            "problems",
            count=counted(count, "point", "points", "点事项"),
        )


def _flag_sentences(result: StudyResult) -> Iterator[Sentence]:
    flags = result.survey.flags
    flagged, total = int((flags.flagged > 0).sum()), len(flags.flags)
    if not total:
        return
    if not flagged:
        yield from say(
            Text(
                "No rule for careless answers flags any of {total}.",
                "{total}中无一被草率作答规则标记。",
            ),
            "quality",
            total=counted(total, "questionnaire received", "questionnaires received", "份收回问卷"),
        )
        return
    yield from say(
        Text(
            "Of {total}, {flagged} by at least one rule for careless answers; a flag alone excludes nobody.",
            "{total}中，{flagged}被至少一条草率作答规则标记；被标记本身并不意味着剔除。",
        ),
        "quality",
        total=counted(total, "questionnaire received", "questionnaires received", "份收回问卷"),
        flagged=counted(flagged, "is flagged", "are flagged", "份"),
    )


def _change_sentences(result: StudyResult, stock: Stock) -> Iterator[Sentence]:
    ledger, table = result.survey.ledger, stock.get("changes")
    if not len(ledger) or table is None:
        yield from say(Text("Cleaning changed no answer.", "数据清洗未改动任何答案。"), "changes")
        return
    most: Any = max(table.rows, key=lambda row: row[1])
    yield from say(
        Text(
            "Cleaning made {changes} in {variables}, most often by the rule {rule} ({count}); each change is "
            "recorded with the old value, the new one and the rule.",
            "数据清洗共作 {changes}，涉及 {variables}，其中最多的是{rule}（{count} 处）；"
            "每处变更均记录原值、新值与规则。",
        ),
        "changes",
        changes=counted(len(ledger), "change", "changes", "处变更"),
        variables=counted(ledger["variable"].nunique(), "variable", "variables", "个变量"),
        rule=_marked(most[0]),
        count=(most[1], "d"),
    )


def missing_sentences(stock: Stock) -> Iterator[Sentence]:
    table = stock.get("missing_items")
    if table is None:
        return
    share = _column(table, "share")
    known = [row for row in table.rows if is_known(row[share])]
    if not known:
        return
    worst = max(known, key=lambda row: row[share])
    if not worst[share]:
        yield from say(
            Text("No item lacks an answer.", "所有题项均无缺失。"),
            "missing_items",
        )
        return
    empty = sum(row[share] == 0 for row in known)
    sentence = Text(
        "Of {items}, {complete} no answer; most are missing for {worst} ({share} of those asked).",
        "{items}中，{complete}无缺失；缺失最多的是{worst}（占应答者的 {share}）。",
    )
    if not empty:
        sentence = Text(
            "Every item lacks some answers; most are missing for {worst} ({share} of those asked).",
            "每个题项均有缺失；缺失最多的是{worst}（占应答者的 {share}）。",
        )
    yield from say(
        sentence,
        "missing_items",
        items=counted(len(known), "item", "items", "个题项"),
        complete=counted(empty, "lacks", "lack", "个"),
        worst=_marked(worst[0]),
        share=(worst[share], ".1%"),
    )


def _mcar_sentences(stock: Stock) -> Iterator[Sentence]:
    table = stock.get("mcar")
    if table is None:
        return
    chi2, df, p = (table.rows[0][_column(table, key)] for key in ("chi2", "df", "p"))
    if not is_known(chi2, p):
        return
    template = (
        Text(
            "Little's test speaks against answers missing completely at random (χ²({df}) = {chi2}, {p}).",
            "Little 检验不支持数据完全随机缺失（χ²({df}) = {chi2}，{p}）。",
        )
        if p < ALPHA
        else Text(
            "Little's test does not reject answers missing completely at random (χ²({df}) = {chi2}, {p}), "
            "which does not show that they are.",
            "Little 检验未拒绝数据完全随机缺失（χ²({df}) = {chi2}，{p}），但这并不证明缺失完全随机。",
        )
    )
    yield from say(template, "mcar", df=(df, "d"), chi2=(chi2, ".2f"), p=p_text(p))


def profile_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """Who the firms are, and their structure of funding."""
    found = result.profile
    if found is None:
        return ()
    blocks: list[Block] = [
        *paragraph(*_level_sentences(found), *_number_sentences(found)),
        *stock.take("profile", "profile_numbers"),
        *paragraph(*funding_sentences(found)),
        *stock.take("funding"),
    ]
    return section("profile", Text("The firms and their funds", "样本企业与资金来源"), blocks)


def _level_sentences(found: ProfileResult) -> Iterator[Sentence]:
    """The most frequent answer to each question of the sample profile."""
    if found.sample is None:
        return
    parts = []
    for name, group in found.sample.groupby(level="variable", sort=False):
        variable = str(name)
        shares = group["share"].to_numpy(dtype=float)
        if variable in found.multiple or not is_known(*shares):
            continue
        level = group.index.get_level_values("level")[int(shares.argmax())]
        word = label_of(found.level_labels.get(variable, {}), str(level))
        top = with_value(word, float(shares.max()), ".1%")
        label = label_of(found.labels, variable)
        parts.append(Text("{label}: {top}", "{label}为{top}").format(label=label, top=top))
    if parts:
        yield from say(
            Text(
                "The most frequent answers of the {n} are, among those that answered, {parts}.",
                "{n}中，各变量最常见的类别（占作答企业之比）：{parts}。",
            ),
            "profile",
            n=counted(found.n_obs, "firm", "firms", "家企业"),
            parts=semicolons(parts[:_MOST_NAMED]),
        )


def _number_sentences(found: ProfileResult) -> Iterator[Sentence]:
    if found.numbers is None:
        return
    parts = []
    for name in found.numbers.index:
        q1, median, q3 = (at(found.numbers, name, key) for key in ("q1", "median", "q3"))
        if is_known(q1, median, q3):
            template = Text("{label} {median} ({q1} to {q3})", "{label} {median}（{q1} 至 {q3}）")
            label = label_of(found.labels, str(name))
            parts.append((template, label, median, q1, q3))
    said = [
        filled.text
        for template, label, median, q1, q3 in parts[:_MOST_NAMED]
        for filled in say(
            template, label=label, median=(median, "number"), q1=(q1, "number"), q3=(q3, "number")
        )
    ]
    if said:
        yield from say(
            Text("Medians, with quartiles in brackets: {said}.", "中位数（括号内为四分位数）：{said}。"),
            "profile_numbers",
            said=semicolons(said),
        )


def funding_sentences(found: ProfileResult) -> Iterator[Sentence]:
    """Where the firms' funds come from, largest source first."""
    if found.funding is None or not found.funding["mean"].notna().all() or found.funding.empty:
        return
    ordered = found.funding.sort_values("mean", ascending=False, kind="stable")
    shares = [
        with_value(label_of(found.labels, str(name)), at(ordered, name, "mean"), ".1%")
        for name in ordered.index
    ]
    yield from say(
        Text(
            "On average over {n}, funds come from these sources: {shares}.",
            "{n}的资金来源平均构成为：{shares}。",
        ),
        "funding",
        n=counted(found.funding_n, "firm", "firms", "家企业"),
        shares=semicolons(shares),
    )
    first = ordered.index[0]
    low, high = at(ordered, first, "ci_low"), at(ordered, first, "ci_high")
    if is_known(low, high):
        yield from say(
            Text(
                "The largest source, {name}, supplies {mean} ({interval}); {using} of the firms use it.",
                "最大的来源{name}平均占 {mean}（{interval}），{using} 的企业使用该来源。",
            ),
            "funding",
            name=quoted(label_of(found.labels, str(first))),
            mean=(at(ordered, first, "mean"), ".1%"),
            interval=interval(low, high, ".1%"),
            using=(at(ordered, first, "using"), ".1%"),
        )


def _column(table: Table, key: str) -> int:
    return [column.key for column in table.columns].index(key)
