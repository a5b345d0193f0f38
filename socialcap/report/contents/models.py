"""Regressions, blocks of regressors, marginal effects."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.report.blocks import Block, Heading, Section, Sentence
from socialcap.report.contents.coefficients import coefficient_sentences, focal_terms
from socialcap.report.contents.frames import numbers
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
)
from socialcap.report.contents.stock import Stock, section
from socialcap.results import HierarchicalResult, MarginsResult, RegressionResult, StudyResult, Text

_MOST_EFFECTS = 8


def name_of(model: RegressionResult) -> Text:
    """What a model is called."""
    return model.label or Text(model.name, model.name)


def regressions_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """Models side by side first, then each in full; effect sizes and fit are in the appendix."""
    if not result.regressions:
        return ()
    blocks: list[Block] = [*stock.take("regressions")]
    for model in result.regressions:
        key = f"regression_{model.name}"
        said = [
            *fit_sentences(model),
            *coefficient_sentences(model, focal_terms(result, model), key),
            *_other_sentences(model, focal_terms(result, model), key),
        ]
        blocks += [Heading(f"model_{model.name}", name_of(model)), *paragraph(*said), *stock.take(key)]
        own = {table.key for table in model.further_tables}
        blocks += stock.take(*(key for key in own))
    return section("regressions", Text("Regressions", "回归结果"), blocks)


def fit_sentences(model: RegressionResult) -> Iterator[Sentence]:
    """How much the model explains, and whether its slopes are jointly different from zero."""
    source = f"regression_{model.name}"
    firms = counted(model.n_obs, "firm", "firms", "家企业")
    if "r2" in model.fit and is_known(model.fit["r2"]):
        yield from say(
            Text(
                "Over {firms}, the R² of the model of {y} is {r2}.",
                "基于 {firms}，{y}模型的 R² 为 {r2}。",
            ),
            source,
            firms=firms,
            r2=(model.fit["r2"], ".3f"),
            y=_outcome(model),
        )
    elif is_known(model.fit.get("mcfadden")):
        yield from say(
            Text(
                "Over {firms}, McFadden's pseudo-R² of the model of {y} is {r2}.",
                "基于 {firms}，{y}模型的 McFadden 伪 R² 为 {r2}。",
            ),
            source,
            firms=firms,
            r2=(model.fit["mcfadden"], ".3f"),
            y=_outcome(model),
        )
    yield from _joint_sentences(model, source)


def _joint_sentences(model: RegressionResult, source: str) -> Iterator[Sentence]:
    p = model.fit.get("f_p", model.fit.get("wald_p"))
    if p is None or not is_known(p) or model.fit.get("f_df1", model.fit.get("wald_df")) == 1:
        return  # a single slope is said by itself
    jointly = (
        Text("are jointly different from zero", "联合显著不为零")
        if p < ALPHA
        else Text("are jointly not significantly different from zero", "联合检验不显著")
    )
    if "f_p" in model.fit:
        template = Text(
            "The slopes {jointly} (F({df1}, {df2}) = {f}, {p}).",
            "全部斜率{jointly}（F({df1}, {df2}) = {f}，{p}）。",
        )
        yield from say(
            template,
            source,
            jointly=jointly,
            df1=(model.fit["f_df1"], ".0f"),
            df2=(model.fit["f_df2"], ".4g"),
            f=(model.fit["f"], ".2f"),
            p=p_text(p),
        )
        return
    yield from say(
        Text(
            "The slopes {jointly} (Wald χ²({df}) = {wald}, {p}).",
            "全部斜率{jointly}（Wald χ²({df}) = {wald}，{p}）。",
        ),
        source,
        jointly=jointly,
        df=(model.fit["wald_df"], ".0f"),
        wald=(model.fit["wald"], ".2f"),
        p=p_text(p),
    )


def _outcome(model: RegressionResult) -> Text:
    return quoted(model.outcome_label or Text(model.outcome, model.outcome))


def _other_sentences(model: RegressionResult, focal: list[str], source: str) -> Iterator[Sentence]:
    """Which of the other regressors are significant."""
    p = model.coefficients["p_value"]
    others = [
        name
        for name, term in model.terms.items()
        if name in p.index
        and name not in focal
        and name != "Intercept"
        and not (term.reference or term.equation)
        and is_known(float(p[name]))
    ]
    if not others:
        return
    found = [quoted(model.terms[name].label) for name in others if p[name] < ALPHA]
    if found:
        yield from say(
            Text(
                "Of the other coefficients, {found} {is_} significant at 5%.",
                "其余系数中，{found}在 5% 水平上显著。",
            ),
            source,
            found=listing(found),
            is_=Text("is" if len(found) == 1 else "are"),
        )
    else:
        yield from say(
            Text(
                "No other coefficient is significant at 5%.",
                "其余系数在 5% 水平上均不显著。",
            ),
            source,
        )


def blocks_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """Hierarchical regressions."""
    blocks: list[Block] = []
    for found in result.hierarchical:
        tables = found.tables()
        blocks += [*paragraph(*block_sentences(found)), *stock.take(*(table.key for table in tables))]
    return section("hierarchical", Text("Blocks of regressors", "分层回归"), blocks)


def block_sentences(found: HierarchicalResult) -> Iterator[Sentence]:
    """What each block adds to the ones before it."""
    source = found.tables()[0].key
    for number, name in enumerate(list(found.table.index)[1:], 2):
        row = numbers(found.table, name)
        if "delta_r2" in row:
            yield from _linear_block(row, number, source)
        else:
            yield from _likelihood_block(row, number, source)


def _adds(p: float) -> Text:
    return Text("significantly", "显著") if p < ALPHA else Text("not significantly", "不显著")


def _linear_block(row: dict[str, float], number: int, source: str) -> Iterator[Sentence]:
    robust = is_known(row.get("wald_f"), row.get("wald_p"))
    p = row["wald_p"] if robust else row["p"]
    if not is_known(p):
        return
    yield from say(
        Text(
            "Block {number} adds ΔR² = {delta}, {adds} different from zero ({name} F({df1}, {df2}) = {f}, {p}).",
            "第 {number} 层使 R² 增加 {delta}，增幅{adds}（{name} F({df1}, {df2}) = {f}，{p}）。",
        ),
        source,
        number=number,
        delta=(row["delta_r2"], ".3f"),
        adds=_adds(p),
        name=Text("robust", "稳健") if robust else Text("classical", "经典"),
        df1=(row["df1"], ".0f"),
        df2=(row["wald_df2"], ".4g") if robust else (row["df2"], ".0f"),
        f=(row["wald_f"] if robust else row["delta_f"], ".2f"),
        p=p_text(p),
    )


def _likelihood_block(row: dict[str, float], number: int, source: str) -> Iterator[Sentence]:
    robust = is_known(row.get("wald"), row.get("wald_p"))
    p = row["wald_p"] if robust else row.get("p", float("nan"))
    if not is_known(p):
        return
    yield from say(
        Text(
            "Block {number} adds to the model {adds} ({name} χ²({df}) = {value}, {p}).",
            "第 {number} 层对模型的改进{adds}（{name} χ²({df}) = {value}，{p}）。",
        ),
        source,
        number=number,
        adds=_adds(p),
        name=Text("Wald", "Wald") if robust else Text("likelihood-ratio", "似然比"),
        df=(row["df"], ".0f"),
        value=(row["wald"] if robust else row["lr"], ".2f"),
        p=p_text(p),
    )


def margins_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """Marginal effects of the models that have them."""
    blocks: list[Block] = []
    models = {model.name: model for model in result.regressions}
    for name, found in result.margins.items():
        focal = focal_terms(result, models[name]) if name in models else []
        said = margin_sentences(found, focal)
        blocks += [*paragraph(*said), *stock.short(*(table.key for table in found.tables()))]
    return section("margins", Text("Marginal effects", "边际效应"), blocks)


def margin_sentences(found: MarginsResult, focal: list[str]) -> Iterator[Sentence]:
    """What a unit of each focal variable does to the expected outcome, or to each category's probability."""
    source = f"margins_{found.name}"
    several = found.effects["outcome"].nunique() > 1
    labels = list(found.labels)
    chosen = [
        (label, row)
        for label, (_, row) in zip(labels, found.effects.iterrows(), strict=True)
        if str(row["variable"]) in focal
    ]
    for label, row in chosen[:_MOST_EFFECTS]:
        effect, low, high, p = (float(row[k]) for k in ("estimate", "ci_low", "ci_high", "p_value"))
        if not is_known(effect, low, high, p):
            continue
        what = (
            Text("the probability of outcome {outcome}", "结果取“{outcome}”的概率").format(
                outcome=str(row["outcome"])
            )
            if several
            else Text("the expected outcome", "结果的期望值")
        )
        yield from say(
            Text(
                "A unit more of {x} changes {what} by {effect} ({interval}, {p}){open_}.",
                "{x}每增加一个单位，{what}变化 {effect}（{interval}，{p}）{open_}。",
            ),
            source,
            x=quoted(label),
            what=what,
            effect=(effect, ".3f"),
            interval=interval(low, high),
            p=p_text(p),
            open_=Text() if p < ALPHA else Text(", which does not settle its sign", "，方向尚不能确定"),
        )
