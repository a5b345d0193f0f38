"""Moderation and mediation."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.report.blocks import Block, Heading, Section, Sentence
from socialcap.report.contents.frames import at
from socialcap.report.contents.phrases import (
    ALPHA,
    interval,
    is_known,
    p_text,
    paragraph,
    quoted,
    say,
)
from socialcap.report.contents.stock import Stock, section
from socialcap.results import MediationResult, ModerationResult, StudyResult, Text
from socialcap.results.measurement import label_of
from socialcap.results.rows import records

_ASSUMED = Text(
    "The order of cause, mediator and outcome is assumed by the model, not shown by it.",
    "自变量、中介变量与因变量的先后次序是模型的假定，而非其结论。",
)


def further_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """How slopes change with a moderator, and what goes through mediators."""
    blocks: list[Block] = []
    for moderated in result.moderations:
        tables = moderated.tables()
        own = [t.key for t in tables if t.key.startswith(("simple_slopes", "johnson_neyman", "regression_"))]
        blocks += [
            *_heading("moderation", moderated.name, moderated.label),
            *paragraph(*moderation_sentences(moderated)),
            *stock.take(*own),
        ]
    for mediated in result.mediations:
        blocks += [
            *_heading("mediation", mediated.name, mediated.label),
            *paragraph(*mediation_sentences(mediated)),
            *stock.take(*(table.key for table in mediated.tables())),
        ]
    return section("further", Text("Moderation and mediation", "调节与中介"), blocks)


def _heading(kind: str, name: str, label: Text) -> list[Heading]:
    return [Heading(f"{kind}_{name}", label or Text(name, name))] if name or label else []


def moderation_sentences(found: ModerationResult) -> Iterator[Sentence]:
    """Whether the slope changes with the moderator, the simple slopes, and where they differ from zero."""
    keys = [table.key for table in found.tables()]
    source = next(key for key in keys if key.startswith("simple_slopes"))
    x, w, y = (quoted(label_of(found.labels, name)) for name in (found.x, found.w, found.y))
    b, low, high, p = (
        at(found.model.coefficients, found.interaction, key)
        for key in ("estimate", "ci_low", "ci_high", "p_value")
    )
    if is_known(b, low, high, p):
        template = (
            Text(
                "The slope of {x} on {y} {rises} with {w}: the interaction is b = {b} ({interval}, {p}).",
                "{x}对{y}的斜率随{w}的增加而{rises}：交互项系数 b = {b}（{interval}，{p}）。",
            )
            if p < ALPHA
            else Text(
                "The data do not settle whether the slope of {x} on {y} changes with {w}: the interaction is "
                "b = {b} ({interval}, {p}).",
                "{x}对{y}的斜率是否随{w}变化尚不能确定：交互项系数 b = {b}（{interval}，{p}）。",
            )
        )
        yield from say(
            template,
            next(key for key in keys if key.startswith("regression_")),
            x=x,
            y=y,
            w=w,
            rises=Text("rises", "增大") if b > 0 else Text("falls", "减小"),
            b=(b, ".3f"),
            interval=interval(low, high),
            p=p_text(p),
        )
    for slope in records(found.slopes):
        if is_known(slope.slope, slope.ci_low, slope.ci_high, slope.p_value):
            yield from say(
                Text(
                    "At {w} = {level} the slope is {slope} ({interval}, {p}).",
                    "{w} = {level} 时斜率为 {slope}（{interval}，{p}）。",
                ),
                source,
                w=w,
                level=(slope.level, ".3f"),
                slope=(slope.slope, ".3f"),
                interval=interval(slope.ci_low, slope.ci_high, level=found.level),
                p=p_text(slope.p_value),
            )
    if not found.two_valued:
        yield from _region_sentences(found, keys[-1], w)


def _region_sentences(found: ModerationResult, source: str, w: Text) -> Iterator[Sentence]:
    share = float(found.regions["share"].sum()) if len(found.regions) else 0.0
    if not len(found.regions):
        yield from say(
            Text(
                "By the Johnson-Neyman technique the slope differs from zero at no value of {w}.",
                "按 Johnson-Neyman 法，在{w}的任何取值上斜率均不显著异于零。",
            ),
            source,
            w=w,
        )
        return
    yield from say(
        Text(
            "By the Johnson-Neyman technique the slope differs from zero for {share} of the firms.",
            "按 Johnson-Neyman 法，斜率对 {share} 的企业显著异于零。",
        ),
        source,
        share=(share, ".1%"),
    )


def mediation_sentences(found: MediationResult) -> Iterator[Sentence]:
    """The indirect, direct and total effects, and what their intervals leave open."""
    source = next(table.key for table in found.tables() if table.key.startswith("mediation_effects"))
    x, y = quoted(label_of(found.labels, found.x)), quoted(label_of(found.labels, found.y))
    for row in records(found.effects):
        if not is_known(row.estimate, row.ci_low, row.ci_high):
            continue
        level = (
            Text(" at {w} = {level}", "（{w} = {level}）").format(
                w=quoted(label_of(found.labels, found.moderator or "")),
                level=say(Text("{level}", "{level}"), level=(float(row.level), ".3f"))[0].text,
            )
            if is_known(row.level)
            else Text()
        )
        yield from say(
            Text(
                "{kind} effect of {x} on {y}{way}{level} is {estimate} ({interval}); the interval {verdict}.",
                "{x}对{y}{way}的{kind}效应{level}为 {estimate}（{interval}），区间{verdict}。",
            ),
            source,
            kind=_KINDS[row.effect],
            x=x,
            y=y,
            way=_way(found, str(row.way)) if row.effect == "indirect" else Text(),
            level=level,
            estimate=(row.estimate, ".3f"),
            interval=interval(row.ci_low, row.ci_high, level=found.level),
            verdict=Text("excludes zero", "不含零")
            if row.ci_low > 0 or row.ci_high < 0
            else Text("includes zero, so that its sign is open", "含零，方向尚不能确定"),
        )
    for name, row in zip(found.index.index, records(found.index), strict=True):
        if is_known(row.estimate, row.ci_low, row.ci_high):
            yield from say(
                Text(
                    "The index of moderated mediation through {m} is {estimate} ({interval}).",
                    "经由{m}的有调节的中介指数为 {estimate}（{interval}）。",
                ),
                next(t.key for t in found.tables() if t.key.startswith("moderated_mediation")),
                m=quoted(label_of(found.labels, str(name))),
                estimate=(row.estimate, ".3f"),
                interval=interval(row.ci_low, row.ci_high, level=found.level),
            )
    yield Sentence(_ASSUMED)


_KINDS = {
    "indirect": Text("The indirect", "间接"),
    "total indirect": Text("The total indirect", "总间接"),
    "direct": Text("The direct", "直接"),
    "total": Text("The total", "总"),
}


def _way(found: MediationResult, way: str) -> Text:
    """Through which mediators."""
    between = [quoted(label_of(found.labels, part)) for part in way.split(" → ")[1:-1]]
    if not between:
        return Text()
    return Text(
        " through " + " and then ".join(part.en for part in between),
        "经由" + "、再经由".join(part.zh for part in between),
    )
