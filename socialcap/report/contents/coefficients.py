"""What a coefficient says in words: its direction where the data settle it, else where its interval runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from socialcap.report.blocks import Sentence
from socialcap.report.contents.frames import numbers
from socialcap.report.contents.phrases import ALPHA, Number, interval, is_known, p_text, quoted, say
from socialcap.results import RegressionResult, StudyResult, Text
from socialcap.results.regression import Term

_MOST_NAMED = 6
_GOES = Text(
    "{lead}a higher {x} goes with a {side} {y}: b = {b} ({interval}, {p}){beta}.",
    "{lead}{x}越高，{y}越{side}：b = {b}（{interval}，{p}）{beta}。",
)
_DIFFERS = Text(
    "{lead}{x} goes with a {side} {y} than the reference level: b = {b} ({interval}, {p}){beta}.",
    "{lead}{x}与参照组相比，{y}较{side}：b = {b}（{interval}，{p}）{beta}。",
)
_PLAIN = Text(
    "{lead}the coefficient of {x} on {y} is {sign}: b = {b} ({interval}, {p}){beta}.",
    "{lead}{x}对{y}的系数为{sign}：b = {b}（{interval}，{p}）{beta}。",
)
_OPEN = Text(
    "{lead}the data do not settle the sign of the coefficient of {x} on {y}: b = {b}, and the {interval} "
    "({p}){beta}.",
    "{lead}{x}对{y}的系数在 5% 水平上不显著，其方向尚不能确定：b = {b}，{interval}（{p}）{beta}。",
)
_RUNS = Text("95% interval runs from {low} to {high}", "95% 置信区间为 {low} 至 {high}")
_LEAD = Text("Other regressors equal, ", "在其他变量不变的条件下，")


def focal_terms(result: StudyResult, model: RegressionResult) -> list[str]:
    """The coefficients that the study is about: of factors and composite; without these, of what is no control.

    Controls are what the codebook says; where everything is one, all coefficients but the constant.
    """
    slopes = [
        name
        for name, term in model.terms.items()
        if not term.reference
        and not term.equation
        and name != "Intercept"
        and name in model.coefficients.index
    ]
    measured = result.measurement
    scores = {*measured.factors.names, measured.composite.name} if measured else set()
    about = [name for name in slopes if scores & set(_variables(model.terms[name]))]
    if about:
        return about
    book = result.survey.codebook
    controls = {item.name for item in book if item.role.value == "control"}
    about = [name for name in slopes if not controls & set(_variables(model.terms[name]))]
    return (about or slopes)[:_MOST_NAMED]


def _variables(term: Term) -> list[str]:
    """The parts of a term's expression; a variable in a function counts by its name."""
    letters = "".join(c if c.isalnum() or c == "_" else " " for c in term.expression)
    return letters.split()


def coefficient_sentences(
    model: RegressionResult, names: Sequence[str], source: str, with_beta: bool = True
) -> Iterator[Sentence]:
    """Each coefficient in words; nothing for one without estimate, interval or p."""
    lead = _LEAD if len(_slopes(model)) > 1 else Text()
    for name in names:
        yield from _coefficient(model, name, source, lead, with_beta)


def _slopes(model: RegressionResult) -> list[str]:
    return [
        name
        for name, term in model.terms.items()
        if not term.reference and name != "Intercept" and not term.equation
    ]


def _coefficient(
    model: RegressionResult, name: str, source: str, lead: Text, with_beta: bool
) -> Iterator[Sentence]:
    row = numbers(model.coefficients, name)
    b, low, high, p = (row[key] for key in ("estimate", "ci_low", "ci_high", "p_value"))
    if not is_known(b, low, high, p):
        return
    term = model.terms[name]
    beta = row.get("beta", math.nan) if with_beta else math.nan
    words: dict[str, Text | str | int | Number] = {
        "lead": Text() if _shares(model, term) else lead,
        "x": quoted(term.label),
        "y": quoted(model.outcome_label or Text(model.outcome, model.outcome)),
        "b": (b, ".3f"),
        "p": p_text(p),
        "beta": _beta(beta),
    }
    if p >= ALPHA:
        runs = say(_RUNS, low=(low, ".3f"), high=(high, ".3f"))[0].text
        found = say(_OPEN, source, **words, interval=runs)
    else:
        template, side = _direction(model, term, b)
        found = say(template, source, **words, interval=interval(low, high), side=side, sign=_sign(b))
    yield from (Sentence(_capital(sentence.text), sentence.source) for sentence in found)


def _direction(model: RegressionResult, term: Term, b: float) -> tuple[Text, Text]:
    side = Text("higher", "高") if b > 0 else Text("lower", "低")
    if term.level:
        return (_PLAIN if ":" in term.expression else _DIFFERS), side
    simple = len(_variables(term)) == 1 and not _shares(model, term)
    return (_GOES if simple else _PLAIN), side


def _shares(model: RegressionResult, term: Term) -> bool:
    """Whether a variable of the term is in another term too, so that neither can be held fixed by itself."""
    variables = set(_variables(term))
    return any(
        other.expression != term.expression and not other.reference and variables & set(_variables(other))
        for other in model.terms.values()
    )


def _sign(b: float) -> Text:
    return Text("positive", "正") if b > 0 else Text("negative", "负")


def _beta(beta: float) -> Text:
    if not is_known(beta):
        return Text()
    return say(Text(", β = {beta} in standard deviations", "，标准化系数 β = {beta}"), beta=(beta, ".3f"))[
        0
    ].text


def _capital(text: Text) -> Text:
    return Text(text.en[:1].upper() + text.en[1:], text.zh)
