"""Findings in plain words, in both languages. A coefficient that is not significant is not called absent:
that something hardly matters is said by an equivalence test alone.
"""

from __future__ import annotations

import math

from socialcap.claims.findings import Finding
from socialcap.claims.grammar import (
    AlphaTest,
    CoefficientTest,
    CongruenceTest,
    DifferenceTest,
    LargestVarianceTest,
    MeanTest,
    NumberTest,
    Test,
)
from socialcap.claims.regions import Region
from socialcap.results import Text, format_value
from socialcap.results.claims import Verdict

_QUANTITIES: dict[type, Text] = {
    CoefficientTest: Text("The coefficient of {term} on {outcome}", "{term}对{outcome}的系数"),
    DifferenceTest: Text(
        "The coefficient of {term} on {outcome} less that of {other}", "{term}与{other}对{outcome}的系数之差"
    ),
    CongruenceTest: Text(
        "The smallest congruence with the solution “{reference}”, that of its factor {worst},",
        "与参照解“{reference}”的最小一致性系数（因子“{worst}”）",
    ),
    AlphaTest: Text("Cronbach's α of {scale}", "“{scale}”的 Cronbach α 系数"),
    MeanTest: Text("The mean of “{what}”", "“{what}”的均值"),
}
_SHARE = Text("The share of “{what}”", "“{what}”的比例")
_COEFFICIENT = Text("its coefficient", "其系数")
_SHOWN = Text("{quantity} is {estimate} ({unit}{sure})", "{quantity}为 {estimate}（{unit}{sure}）")
_INTERVAL = Text("{level}% interval {low} to {high}", "{level}% 置信区间 {low} 至 {high}")
_BY_P = Text("one-sided p {p}", "单侧检验 p {p}")
_DIRECTIONS = {
    Verdict.SUPPORTED: Text("{shown}, {side} {bound}.", "{shown}，{side} {bound}。"),
    Verdict.CONTRADICTED: Text("{shown}, {other_side} {bound}.", "{shown}，{other_side} {bound}。"),
    Verdict.NOT_SETTLED: Text(
        "{shown}; the data cannot tell on which side of {bound} it lies.",
        "{shown}，数据无法判断其位于 {bound} 的哪一侧。",
    ),
}
_RANGES = {
    Verdict.SUPPORTED: Text("{shown}, within {low} to {high}.", "{shown}，位于 {low} 至 {high} 之间。"),
    Verdict.CONTRADICTED: Text("{shown}, outside {low} to {high}.", "{shown}，位于 {low} 至 {high} 之外。"),
    Verdict.NOT_SETTLED: Text(
        "{shown}; the data cannot tell whether it lies within {low} to {high}.",
        "{shown}，数据无法判断其是否位于 {low} 至 {high} 之间。",
    ),
}
_EQUIVALENCES = {
    Verdict.SUPPORTED: Text(
        "{term} hardly matters for {outcome}: {shown}, within ±{bound}.",
        "{term}对{outcome}几乎没有影响：{shown}，在 ±{bound} 之内。",
    ),
    Verdict.CONTRADICTED: Text(
        "{term} does matter for {outcome}: {shown}, outside ±{bound}.",
        "{term}对{outcome}确有影响：{shown}，在 ±{bound} 之外。",
    ),
    Verdict.NOT_SETTLED: Text(
        "The data can rule out neither that {term} hardly matters for {outcome} nor that it does matter: "
        "{shown}, reaching over the bounds of ±{bound}.",
        "数据既不能排除{term}对{outcome}几乎没有影响，也不能排除其确有影响：{shown}，跨越 ±{bound} 的界限。",
    ),
}
_LARGEST = {
    Verdict.SUPPORTED: Text(
        "{factor} explains more variance than any other factor: {shown}.",
        "{factor}解释的方差多于其他任何因子：{shown}。",
    ),
    Verdict.CONTRADICTED: Text(
        "{factor} does not explain the most variance: {shown}.", "{factor}解释的方差并非最多：{shown}。"
    ),
    Verdict.NOT_SETTLED: Text(
        "The data cannot tell whether {factor} explains the most variance: {shown}.",
        "数据无法判断{factor}解释的方差是否最多：{shown}。",
    ),
}
_DISTANCE = Text(
    "its share less that of {other} is {estimate} {unit} ({sure})",
    "其方差贡献率与{other}之差为 {estimate}（{unit}，{sure}）",
)
_NUMBERS = {
    Verdict.SUPPORTED: Text(
        "{agreeing} of {voters} retention rules name {claimed} factors.",
        "{voters} 项准则中有 {agreeing} 项建议 {claimed} 个因子。",
    ),
    Verdict.CONTRADICTED: Text(
        "{votes} of {voters} retention rules name {favourite} factors, {agreeing} name {claimed}.",
        "{voters} 项准则中有 {votes} 项建议 {favourite} 个因子，{agreeing} 项建议 {claimed} 个。",
    ),
    Verdict.NOT_SETTLED: Text(
        "The retention rules split without a majority; {agreeing} of {voters} name {claimed} factors.",
        "各准则意见不一，未形成多数；{voters} 项中有 {agreeing} 项建议 {claimed} 个因子。",
    ),
}
_POWER = Text(
    " Had the truth been {truth}, this design would have shown it with a probability of {probability}.",
    "若真值为 {truth}，该设计得出“得到支持”的概率为{probability}。",
)
_ABOVE, _BELOW = Text("above", "高于"), Text("below", "低于")


def reason(test: Test, finding: Finding) -> Text:
    """Why the verdict is what it is, as one sentence; the power as another where nothing was settled."""
    said = _reason(test, finding)
    if finding.verdict is not Verdict.NOT_SETTLED or finding.power is None:
        return said
    power = _POWER.format(
        truth=_number(finding.power.truth, finding.format),
        probability=_probability(finding.power.probability),
    )
    return Text(said.en + power.en, said.zh + power.zh)


def _reason(test: Test, finding: Finding) -> Text:
    if isinstance(test, NumberTest):
        return _NUMBERS[finding.verdict].format(**finding.names)
    if isinstance(test, LargestVarianceTest):
        shown = _shown(_DISTANCE, finding, unit=finding.unit)
        return _LARGEST[finding.verdict].format(shown=shown, **finding.names)
    assert finding.region is not None  # every other test has one
    region, spec = finding.region, finding.format if finding.format.endswith("%") else "g"
    quantity = _SHARE if isinstance(test, MeanTest) and test.share else _QUANTITIES[type(test)]
    unit = Text()
    if isinstance(test, CoefficientTest | DifferenceTest):
        unit = Text("{unit}; ", "{unit}，").format(unit=finding.unit)
    if isinstance(test, CoefficientTest) and region.symmetric:
        shown = _shown(_SHOWN, finding, quantity=_COEFFICIENT, unit=unit)
        bound = _number(region.high, spec)
        return _EQUIVALENCES[finding.verdict].format(shown=shown, bound=bound, **finding.names)
    shown = _shown(_SHOWN, finding, quantity=quantity.format(**finding.names), unit=unit)
    if region.bounded:
        low, high = _number(region.low, spec), _number(region.high, spec)
        return _RANGES[finding.verdict].format(shown=shown, low=low, high=high)
    return _direction(finding, region, shown, spec)


def _direction(finding: Finding, region: Region, shown: Text, spec: str) -> Text:
    upward = math.isfinite(region.low)
    return _DIRECTIONS[finding.verdict].format(
        shown=shown,
        bound=_number(region.bounds[0], spec),
        side=_ABOVE if upward else _BELOW,
        other_side=_BELOW if upward else _ABOVE,
    )


def _shown(template: Text, finding: Finding, **words: Text) -> Text:
    """The estimate with the interval from which the verdict can be read, or with its p-value, in words."""
    estimate = _number(finding.estimate, finding.format)
    return template.format(estimate=estimate, sure=_sure(finding), **{**finding.names, **words})


def _sure(finding: Finding) -> Text:
    """How sure the estimate is."""
    if finding.decisive is None:
        assert finding.p_for is not None and finding.p_against is not None  # a test has one or the other
        return _BY_P.format(p=_p_value(min(finding.p_for, finding.p_against)))
    low, high = (_number(limit, finding.format) for limit in finding.decisive)
    return _INTERVAL.format(level=_number(100.0 * finding.decisive_level, ".0f"), low=low, high=high)


def _probability(value: float) -> Text:
    """A probability in per cent; one that would round to none or all is bounded."""
    if value < 0.005:
        return Text("less than 1%", "不足 1%")
    if value > 0.995:
        return Text("more than 99%", "99% 以上")
    return _number(value, ".0%")


def _p_value(value: float) -> Text:
    """A p-value with its sign of relation."""
    template = "{p:p}" if value < 0.001 else "= {p:p}"
    return Text(template, template).format(p=value)


def _number(value: float, spec: str) -> Text:
    return Text(format_value(value, spec, "en"), format_value(value, spec, "zh"))
