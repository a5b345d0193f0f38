"""The confirmatory model, convergent and discriminant validity, common method bias; correlations."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from socialcap.report.blocks import Block, Section, Sentence
from socialcap.report.contents.frames import at
from socialcap.report.contents.phrases import (
    ALPHA,
    counted,
    is_known,
    listing,
    p_text,
    paragraph,
    quoted,
    say,
    shown_value,
    with_value,
)
from socialcap.report.contents.stock import Stock, section
from socialcap.results import (
    ConfirmatoryResult,
    MethodBiasResult,
    ProfileResult,
    StudyResult,
    Text,
    ValidityResult,
)
from socialcap.results.measurement import label_of

AVE_ENOUGH, CR_ENOUGH, HTMT_STRICT = 0.5, 0.7, 0.85
_CUTOFFS = {"cfi": 0.95, "rmsea": 0.06, "srmr": 0.08}


def validity_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The confirmatory model of the scales, their validity, and common method bias."""
    found = result.measurement
    if found is None or (found.validity is None and found.method_bias is None):
        return ()
    valid, bias = found.validity, found.method_bias
    blocks: list[Block] = [
        *paragraph(*(fit_sentences(valid.confirmatory) if valid else ())),
        *stock.take("cfa_fit"),
        *stock.short("cfa_loadings"),
        *paragraph(*(validity_sentences(valid) if valid else ())),
        *stock.take("convergent_validity", "fornell_larcker", "htmt", "factor_correlations"),
        *paragraph(*(bias_sentences(bias) if bias else ())),
        *stock.take("harman", "method_factor", "marker"),
    ]
    return section("validity", Text("Validity", "效度"), blocks)


def fit_sentences(found: ConfirmatoryResult) -> Iterator[Sentence]:
    """How the confirmatory model fits, against the cutoffs of Hu and Bentler."""
    values = {"srmr": found.fit.get("srmr", float("nan"))}
    values |= {key: found.preferred(key) for key in ("cfi", "rmsea") if key in found.fit}
    if len(values) < 3 or not is_known(*values.values()):
        return
    printed = {key: shown_value(value, ".3f") for key, value in values.items()}
    missed = [
        Text(key.upper(), key.upper())
        for key, cutoff in _CUTOFFS.items()
        if (printed[key] < cutoff if key == "cfi" else printed[key] > cutoff)
    ]
    verdict = (
        Text(
            "which misses the cutoffs of Hu and Bentler in {missed}",
            "其中{missed}未达到 Hu 与 Bentler 的标准",
        )
        if missed
        else Text("within the cutoffs of Hu and Bentler", "均达到 Hu 与 Bentler 的标准")
    )
    yield from say(
        Text(
            "The confirmatory model of the scales has CFI {cfi}, RMSEA {rmsea} and SRMR {srmr}, {verdict} "
            "(CFI ≥ .95, RMSEA ≤ .06, SRMR ≤ .08).",
            "验证性因子模型的 CFI 为 {cfi}，RMSEA 为 {rmsea}，SRMR 为 {srmr}，{verdict}"
            "（CFI ≥ 0.95，RMSEA ≤ 0.06，SRMR ≤ 0.08）。",
        ),
        "cfa_fit",
        cfi=(values["cfi"], ".3f"),
        rmsea=(values["rmsea"], ".3f"),
        srmr=(values["srmr"], ".3f"),
        verdict=verdict.format(missed=listing(missed)),
    )


def validity_sentences(found: ValidityResult) -> Iterator[Sentence]:
    """Average variance extracted, composite reliability, Fornell and Larcker's criterion, HTMT."""
    for series, enough, name in (
        (found.ave, AVE_ENOUGH, Text("The average variance extracted", "平均方差抽取量（AVE）")),
        (found.cr, CR_ENOUGH, Text("Composite reliability", "组合信度（CR）")),
    ):
        yield from _convergent_sentences(found, series, enough, name)
    unclear = [quoted(label_of(found.labels, str(name))) for name, ok in found.distinct.items() if not ok]
    if unclear and len(found.distinct) > 1:
        yield from say(
            Text(
                "By Fornell and Larcker's criterion {unclear} {is_} not distinct from the other factors.",
                "按 Fornell-Larcker 准则，{unclear}与其他因子未能区分。",
            ),
            "fornell_larcker",
            unclear=listing(unclear),
            is_=Text("is" if len(unclear) == 1 else "are"),
        )
    elif len(found.distinct) > 1:
        yield from say(
            Text(
                "By Fornell and Larcker's criterion all factors are distinct.",
                "按 Fornell-Larcker 准则，各因子均可区分。",
            ),
            "fornell_larcker",
        )
    yield from _htmt_sentences(found)


def _convergent_sentences(
    found: ValidityResult, series: pd.Series, enough: float, name: Text
) -> Iterator[Sentence]:
    known = series.dropna()
    if known.empty:
        return
    low = [str(factor) for factor, value in known.items() if shown_value(float(value), ".3f") < enough]
    parts = [with_value(quoted(label_of(found.labels, f)), float(known[f]), ".3f") for f in low]
    if low:
        yield from say(
            Text("{name} is below {enough} for {parts}.", "{name}低于 {enough} 的有{parts}。"),
            "convergent_validity",
            name=name,
            enough=(enough, ".2f"),
            parts=listing(parts),
        )
    else:
        yield from say(
            Text(
                "{name} is at least {enough} for every factor (smallest {least}).",
                "各因子的{name}均不低于 {enough}（最小 {least}）。",
            ),
            "convergent_validity",
            name=name,
            enough=(enough, ".2f"),
            least=(float(known.min()), ".3f"),
        )


def _htmt_sentences(found: ValidityResult) -> Iterator[Sentence]:
    if found.htmt_matrix is None or found.comparisons.empty:
        return
    ratios = found.comparisons["htmt"].dropna()
    if ratios.empty:
        return
    pair = list(ratios.index)[int(ratios.to_numpy(dtype=float).argmax())]
    first, second = (quoted(label_of(found.labels, str(name))) for name in pair)
    largest = float(ratios.max())
    below = shown_value(largest, ".3f") < HTMT_STRICT
    yield from say(
        Text(
            "The largest heterotrait-monotrait ratio is {largest} ({first} and {second}), {side} .85.",
            "HTMT 最大值为 {largest}（{first}与{second}），{side} 0.85。",
        ),
        "htmt",
        largest=(largest, ".3f"),
        first=first,
        second=second,
        side=Text("below", "低于") if below else Text("not below", "不低于"),
    )


def bias_sentences(found: MethodBiasResult) -> Iterator[Sentence]:
    """Harman's single factor, and what a latent method factor takes."""
    share = found.component_share
    if is_known(share):
        less = shown_value(share, ".3f") <= 0.5
        yield from say(
            Text(
                "One unrotated component takes {share} of the items' variance, {side} than half; {meaning}.",
                "首个未旋转主成分解释题项方差的 {share}，{side}一半；{meaning}。",
            ),
            "harman",
            share=(share, ".1%"),
            side=Text("not more", "未超过") if less else Text("more", "超过"),
            meaning=Text("this clears nothing by itself", "但这本身不能排除共同方法偏差")
            if less
            else Text("the usual sign of common method bias", "通常视为存在共同方法偏差的迹象"),
        )
    factor = found.method_factor
    if factor is not None and is_known(factor.method_share, factor.trait_share):
        yield from say(
            Text(
                "A latent method factor takes {method} of the items' variance, the traits {trait}.",
                "潜在方法因子解释题项方差的 {method}，特质因子解释 {trait}。",
            ),
            "method_factor",
            method=(factor.method_share, ".1%"),
            trait=(factor.trait_share, ".1%"),
        )


def description_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The variables of the models, described and correlated."""
    found = result.profile
    if found is None:
        return ()
    said = correlation_sentences(found)
    blocks: list[Block] = [*paragraph(*said), *stock.take("descriptives", "variable_correlations")]
    return section("description", Text("Variables and their correlations", "变量描述与相关"), blocks)


def correlation_sentences(found: ProfileResult) -> Iterator[Sentence]:
    """How many pairs are correlated, and which most."""
    r, p = found.correlations, found.correlation_p
    if r is None or p is None:
        return
    names = [str(name) for name in r.index]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[:i]]
    known = [(a, b) for a, b in pairs if is_known(at(r, a, b), at(p, a, b))]
    if not known:
        return
    below = sum(at(p, a, b) < ALPHA for a, b in known)
    strongest = max(known, key=lambda pair: abs(at(r, *pair)))
    yield from say(
        Text(
            "Of {pairs} of variables, {below} correlated significantly at 5%, without correction for their "
            "number; the closest are {first} and {second} (r = {r}, {p}).",
            "{pairs}中有 {below}对在 5% 水平上显著相关（未作多重检验校正）；"
            "相关最强的是{first}与{second}（r = {r}，{p}）。",
        ),
        "variable_correlations",
        pairs=counted(len(known), "pair", "pairs", "对变量"),
        below=counted(below, "is", "are", ""),
        first=quoted(label_of(found.labels, strongest[0])),
        second=quoted(label_of(found.labels, strongest[1])),
        r=(at(r, *strongest), ".2f"),
        p=p_text(at(p, *strongest)),
    )
