"""Reliability, adequacy, number of factors, factors, their stability and the composite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from socialcap.report.blocks import Block, Section, Sentence
from socialcap.report.contents.frames import at, entry
from socialcap.report.contents.phrases import (
    ALPHA,
    counted,
    is_known,
    listing,
    number,
    p_text,
    paragraph,
    plural,
    quoted,
    say,
    shown_value,
    with_value,
)
from socialcap.report.contents.stock import Stock, section
from socialcap.results import (
    AdequacyResult,
    FactorBootstrapResult,
    FactorResult,
    MeasurementResult,
    NFactorsResult,
    ReliabilityResult,
    StudyResult,
    Text,
)
from socialcap.results.measurement import CompositeResult, label_of

ENOUGH = 0.70
"""Reliability that is called enough for comparing groups (Nunnally 1978)."""

_MOST_NAMED = 4
_KAISER = (
    (0.9, Text("marvelous", "极佳")),
    (0.8, Text("meritorious", "良好")),
    (0.7, Text("middling", "中等")),
    (0.6, Text("mediocre", "一般")),
    (0.5, Text("miserable", "较差")),
    (float("-inf"), Text("unacceptable", "不可接受")),
)


def reliability_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The scales' reliability."""
    if result.measurement is None:
        return ()
    said = reliability_sentences(result.measurement.reliability)
    blocks: list[Block] = [*paragraph(*said), *stock.take("reliability")]
    return section("reliability", Text("Reliability", "信度"), blocks)


def mixed_units(scale: ReliabilityResult) -> bool:
    """Whether the items have different units: standard deviations more than three times apart."""
    return bool(scale.items["sd"].max() > 3 * scale.items["sd"].min())


def reliability_sentences(scales: Sequence[ReliabilityResult]) -> Iterator[Sentence]:
    """Each scale's alpha, the standardised one where units differ; which scales fall short."""
    known = [scale for scale in scales if is_known(_alpha(scale))]
    if not known:
        return
    yield from say(
        Text("Cronbach's α: {alphas}.", "Cronbach α 系数：{alphas}。"),
        "reliability",
        alphas=listing([_named_alpha(scale) for scale in known]),
    )
    mixed = [label_of(scale.labels, scale.name) for scale in known if mixed_units(scale)]
    if mixed:
        yield from say(
            Text(
                "The items of {mixed} have different units, so that the standardised α is given.",
                "{mixed}的题项单位不同，故报告标准化 α。",
            ),
            "reliability",
            mixed=listing(map(quoted, mixed)),
        )
    short = [scale for scale in known if shown_value(_alpha(scale), ".3f") < ENOUGH]
    if short:
        yield from say(
            Text(
                "Below the customary .70 {lie} {short}: what rests on them is measured with much error.",
                "低于通常标准 0.70 的有{short}，以其为基础的结果含较大测量误差。",
            ),
            "reliability",
            lie=plural(len(short), Text("lies"), Text("lie")),
            short=listing(quoted(label_of(scale.labels, scale.name)) for scale in short),
        )
    else:
        yield from say(
            Text("All are at or above the customary .70.", "均不低于通常标准 0.70。"), "reliability"
        )


def _alpha(scale: ReliabilityResult) -> float:
    return scale.standardised_alpha if mixed_units(scale) else scale.alpha


def _named_alpha(scale: ReliabilityResult) -> Text:
    value = number(_alpha(scale), ".3f")
    label = quoted(label_of(scale.labels, scale.name))
    if mixed_units(scale) or not is_known(*scale.alpha_ci):
        return Text("{label} {value}", "{label} {value}").format(label=label, value=value)
    low, high = (number(limit, ".3f") for limit in scale.alpha_ci)
    return Text("{label} {value} ({low} to {high})", "{label} {value}（{low} 至 {high}）").format(
        label=label, value=value, low=low, high=high
    )


def adequacy_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """Whether the items can be factored, and how many factors there are."""
    found = result.measurement
    if found is None:
        return ()
    extracted = len(found.factors.names)
    blocks: list[Block] = [
        *paragraph(*adequacy_sentences(found.adequacy)),
        *stock.take("adequacy"),
        *paragraph(*number_sentences(found.retention, extracted)),
        *stock.take("n_factors"),
    ]
    return section("adequacy", Text("Adequacy and number of factors", "适切性与因子数目"), blocks)


def adequacy_sentences(found: AdequacyResult) -> Iterator[Sentence]:
    """The Kaiser-Meyer-Olkin measure in Kaiser's words, and Bartlett's test."""
    if is_known(found.kmo):
        word = next(word for low, word in _KAISER if shown_value(found.kmo, ".3f") >= low)
        yield from say(
            Text(
                "The Kaiser-Meyer-Olkin measure is {kmo}, {word} in Kaiser's words.",
                "KMO 取样适切性量数为 {kmo}，按 Kaiser 的标准属“{word}”。",
            ),
            "adequacy",
            kmo=(found.kmo, ".3f"),
            word=word,
        )
    if is_known(found.bartlett_chi2, found.bartlett_p):
        verdict = Text("rejects", "拒绝") if found.bartlett_p < ALPHA else Text("does not reject", "未能拒绝")
        yield from say(
            Text(
                "Bartlett's test {verdict} uncorrelated items (χ²({df}) = {chi2}, {p}).",
                "Bartlett 球形检验{verdict}题项互不相关的原假设（χ²({df}) = {chi2}，{p}）。",
            ),
            "adequacy",
            verdict=verdict,
            df=(found.bartlett_df, "d"),
            chi2=(found.bartlett_chi2, ".2f"),
            p=p_text(found.bartlett_p),
        )
    poor = [str(item) for item in found.kmo_items.index[found.kmo_items < 0.5]]
    if poor:
        yield from say(
            Text(
                "On its own, {poor} {has} a measure of sampling adequacy below .50.",
                "其中{poor}的题项 MSA 低于 0.50。",
            ),
            "adequacy",
            poor=listing(Text(item, item) for item in poor),
            has=plural(len(poor), Text("has"), Text("have")),
        )


def number_sentences(found: NFactorsResult, extracted: int) -> Iterator[Sentence]:
    """What most rules say, and whether the number extracted agrees."""
    numbers = list(found.numbers.values())
    if not numbers:
        return
    agreeing = sum(value == extracted for value in numbers)
    yield from say(
        Text(
            "{extracted} extracted; of {rules} for the number of factors, {agreeing} {name} that number.",
            "共提取 {extracted}；{rules}中有 {agreeing} 条支持这一数目。",
        ),
        "n_factors",
        extracted=counted(extracted, "factor was", "factors were", "个因子"),
        rules=counted(len(numbers), "rule", "rules", "条准则"),
        agreeing=(agreeing, "d"),
        name=plural(agreeing, Text("names"), Text("name")),
    )
    if found.recommended == extracted:
        yield from say(
            Text(
                "The voting rules recommend the same number.",
                "参与表决的准则所建议的数目与之一致。",
            ),
            "n_factors",
        )
    else:
        yield from say(
            Text(
                "The voting rules recommend {recommended}, not the number extracted.",
                "参与表决的准则建议 {recommended}，与所提取的数目不一致。",
            ),
            "n_factors",
            recommended=counted(found.recommended, "factor", "factors", "个因子"),
        )


def factors_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """Variance explained, loadings, stability, and the composite; score coefficients are in the appendix."""
    found = result.measurement
    if found is None:
        return ()
    blocks: list[Block] = [
        *paragraph(*variance_sentences(found.factors)),
        *stock.take("variance"),
        *paragraph(*loading_sentences(found.factors), *_fit_sentences(found.factors)),
        *stock.take("loadings", "structure", "phi", "efa_fit", "determinacy"),
        *paragraph(*(stability_sentences(found.stability) if found.stability else ())),
        *stock.short("stability"),
        *paragraph(*composite_sentences(found.composite)),
        *stock.take("composite"),
    ]
    return section("factors", Text("Factors", "因子分析"), blocks)


def variance_sentences(found: FactorResult) -> Iterator[Sentence]:
    """What the factors explain together and each."""
    shares = {name: at(found.variance, "proportion", name) for name in found.names}
    total = at(found.variance, "cumulative", found.names[-1])
    if not is_known(total, *shares.values()):
        return
    if len(found.names) == 1:
        yield from say(
            Text(
                "The one factor explains {total} of the items' variance.",
                "唯一的因子解释了题项总方差的 {total}。",
            ),
            "variance",
            total=(total, ".1%"),
        )
        return
    parts = [with_value(quoted(found.factor_label(name)), shares[name], ".1%") for name in found.names]
    yield from say(
        Text(
            "Together the {k} factors explain {total} of the items' variance: {parts}.",
            "{k} 个因子共解释题项总方差的 {total}：{parts}。",
        ),
        "variance",
        k=(len(found.names), "d"),
        total=(total, ".1%"),
        parts=listing(parts),
    )


def loading_sentences(found: FactorResult) -> Iterator[Sentence]:
    """Each factor by its salient items; items that are salient on none or on several."""
    salient = found.loadings.abs() >= found.salient
    for name in found.names:
        column = found.loadings.loc[salient[name], name]
        order = column.abs().sort_values(ascending=False, kind="stable").index
        if not len(order):
            yield from say(
                Text(
                    "No item loads {salient} or more in size on {factor}.",
                    "没有题项在{factor}上的载荷绝对值达到 {salient}。",
                ),
                "loadings",
                salient=(found.salient, ".2f"),
                factor=quoted(found.factor_label(name)),
            )
            continue
        items = [
            with_value(quoted(found.item_label(str(item))), entry(column, item), ".3f")
            for item in order[:_MOST_NAMED]
        ]
        yield from say(
            Text(
                "{factor} is marked by {count}, {led} {items}.",
                "{factor}由 {count}标识，{led}{items}。",
            ),
            "loadings",
            factor=quoted(found.factor_label(name)),
            count=counted(len(order), "item", "items", "个题项"),
            led=Text("namely", "即") if len(order) <= _MOST_NAMED else Text("first of all", "载荷最大的是"),
            items=listing(items),
        )
    yield from _unclear_sentences(found, {str(item): int(n) for item, n in salient.sum(axis=1).items()})


def _unclear_sentences(found: FactorResult, counts: dict[str, int]) -> Iterator[Sentence]:
    nowhere = [str(item) for item, count in counts.items() if count == 0]
    several = [str(item) for item, count in counts.items() if count > 1]
    if nowhere:
        yield from say(
            Text(
                "{count} ({items}) {reach} {salient} on no factor.",
                "{count}（{items}）在各因子上的载荷均未达到 {salient}。",
            ),
            "loadings",
            count=counted(len(nowhere), "item", "items", "个题项"),
            items=Text(", ".join(nowhere), "、".join(nowhere)),
            reach=plural(len(nowhere), Text("reaches"), Text("reach")),
            salient=(found.salient, ".2f"),
        )
    if several:
        yield from say(
            Text(
                "{count} ({items}) {load} {salient} or more on more than one factor.",
                "{count}（{items}）在不止一个因子上的载荷达到 {salient}。",
            ),
            "loadings",
            count=counted(len(several), "item", "items", "个题项"),
            items=Text(", ".join(several), "、".join(several)),
            load=plural(len(several), Text("loads"), Text("load")),
            salient=(found.salient, ".2f"),
        )


def _fit_sentences(found: FactorResult) -> Iterator[Sentence]:
    if found.heywood:
        yield from say(
            Text(
                "The solution leaves {items} without variance of {own} own (a Heywood case) and should be "
                "read with caution.",
                "该解使{items}不再有独特方差（Heywood 现象），应谨慎解读。",
            ),
            "loadings",
            items=listing(Text(item, item) for item in found.heywood),
            own=plural(len(found.heywood), Text("its"), Text("their")),
        )
    if not found.converged:
        yield from say(
            Text(
                "The extraction did not converge; the loadings are those of its last step.",
                "因子提取未收敛，所列载荷为最后一步的结果。",
            ),
            "loadings",
        )
    fit = found.fit_statistics
    if fit and is_known(fit.get("rmsea"), fit.get("cfi"), fit.get("srmr")):
        yield from say(
            Text(
                "The factor model fits with CFI {cfi}, RMSEA {rmsea} and SRMR {srmr}.",
                "因子模型拟合指标：CFI {cfi}，RMSEA {rmsea}，SRMR {srmr}。",
            ),
            "efa_fit",
            cfi=(fit["cfi"], ".3f"),
            rmsea=(fit["rmsea"], ".3f"),
            srmr=(fit["srmr"], ".3f"),
        )


def stability_sentences(found: FactorBootstrapResult) -> Iterator[Sentence]:
    """How often items keep their factor when the firms are drawn again."""
    factors = found.factors
    home = factors.loadings.abs().idxmax(axis=1)
    kept = [(str(item), at(found.stability, item, str(home[item]))) for item in factors.loadings.index]
    if not kept or not is_known(*(share for _, share in kept)):
        return
    weakest, share = min(kept, key=lambda pair: pair[1])
    steady = sum(share >= 0.95 for _, share in kept)
    if steady == len(kept):
        always = Text("in every resample", "在每次重抽样中归属均不变")
        often = Text("in at least {share} of the resamples", "至少在 {share} 的重抽样中归属不变")
        yield from say(
            Text(
                "When the firms are drawn again {converged} times, every item keeps its factor {how_often}.",
                "重抽样 {converged} 次，每个题项{how_often}。",
            ),
            "stability",
            converged=(found.converged, "d"),
            how_often=often.format(share=number(share, ".1%")) if share < 1 else always,
        )
        return
    yield from say(
        Text(
            "When the firms are drawn again {converged} times, {steady} of {items} keep their factor in 95% of the resamples or "
            "more; the least stable, {weakest}, in {share}.",
            "在 {converged} 次重抽样中，{items}里有 {steady} 个至少在 95% 的重抽样中归属不变；"
            "最不稳定的是{weakest}（{share}）。",
        ),
        "stability",
        converged=(found.converged, "d"),
        steady=(steady, "d"),
        items=counted(len(kept), "item", "items", "个题项"),
        weakest=quoted(factors.item_label(weakest)),
        share=(share, ".1%"),
    )


def composite_sentences(found: CompositeResult) -> Iterator[Sentence]:
    """The weights of the factors in the composite."""
    if len(found.weights) < 2 or not found.weights.notna().all():
        return
    parts = [
        with_value(quoted(label_of(found.factor_labels, str(name))), float(weight), ".3f")
        for name, weight in found.weights.items()
    ]
    basis = (
        Text("after rotation", "旋转后") if found.basis == "rotated" else Text("before rotation", "旋转前")
    )
    yield from say(
        Text(
            "{name} weighs the factors by their shares of explained variance {basis}: {parts}.",
            "{name}以各因子{basis}方差贡献率之比为权重：{parts}。",
        ),
        "composite",
        name=quoted(label_of(found.factor_labels, found.name)),
        basis=basis,
        parts=listing(parts),
    )


def measurement_summary(found: MeasurementResult) -> Iterator[Sentence]:
    """The measurement in one or two sentences, for the findings."""
    yield from variance_sentences(found.factors)
