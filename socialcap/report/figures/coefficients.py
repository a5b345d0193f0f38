"""Coefficients on factor scores with their intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import pandas as pd

from socialcap.report.figures.canvas import SERIES, Figure
from socialcap.report.figures.forest import NOTHING, ForestRow, Interval, draw_forest, in_words
from socialcap.results import PipelineResult, RegressionResult, Term, Text, format_value


def pipeline_forest(name: str, label: Text, pipeline: PipelineResult, note: Text) -> Figure:
    """Coefficients on the factors with naive intervals and those through the whole pipeline.

    Coefficients that rest on no factor have their own units, and stay in the table.
    """
    scores = [*pipeline.factors.names, *([pipeline.composite.name] if pipeline.composite else [])]
    terms = _rested_on(pipeline.terms.items(), scores)
    rows = [
        ForestRow(
            term.label, tuple(_interval(pipeline.coefficients, key, kind) for kind in ("pipeline", "naive"))
        )
        for key, term in terms
    ]
    series = (
        Text("Whole pipeline", "全流程区间"),
        Text("Naive (scores taken as data)", "未校正区间（得分视为已知）"),
    )
    heading = Text("b with {percent:g}% interval", "b 及其 {percent:g}% 置信区间").format(
        percent=100 * pipeline.level
    )
    wider = [
        (one.high - one.low) / (naive.high - naive.low)
        for one, naive in (row.intervals for row in rows)
        if naive.high > naive.low and not math.isnan(one.low)
    ]
    clear = sum(row.intervals[0].excludes_zero for row in rows)
    alt = Text(
        "Coefficients on factor scores with two intervals, here those of the whole pipeline: {said}. Pipeline "
        "intervals without zero: {clear} of {n}{wider}.",
        "因子得分的系数及两种区间，其中全流程区间为：{said}。{n} 个全流程区间中 {clear} 个不含零{wider}。",
    ).format(n=len(rows), said=in_words(rows), clear=clear, wider=_times_as_wide(wider))
    title = Text(
        "Coefficients with naive and pipeline intervals: {label}", "系数的未校正区间与全流程区间：{label}"
    ).format(label=label or name)
    key = f"forest_{name}"
    return Figure(
        key, f"pipeline_{name}", title, alt, lambda lang: draw_forest(rows, series, heading, lang), note
    )


def regression_forest(models: Sequence[RegressionResult], scores: Sequence[str], note: Text) -> Figure | None:
    """Coefficients on factor scores in several regressions of one outcome, with their intervals; None without any."""
    outcome = models[0].outcome
    alike = [model for model in models if model.outcome == outcome and model.model == models[0].model][
        : len(SERIES)
    ]
    terms: dict[str, Term] = {}
    for model in alike:
        terms |= dict(_rested_on(model.terms.items(), scores, otherwise_all=False))
    shown = [model for model in alike if terms.keys() & set(model.coefficients.index)]
    if not shown:
        return None
    rows = [
        ForestRow(term.label, tuple(_interval(model.coefficients, key, "ci") for model in shown))
        for key, term in terms.items()
    ]
    series = [model.label or Text(model.name, model.name) for model in shown]
    heading = Text("b with 95% interval", "b 及其 95% 置信区间")
    alt = Text(
        "Coefficients on factor scores, with 95% intervals: {said}.",
        "因子得分的系数及 95% 置信区间：{said}。",
    ).format(said=in_words(rows))
    title = Text("Coefficients of social capital: {outcome}", "社会资本的系数：{outcome}").format(
        outcome=models[0].outcome_label or outcome
    )
    return Figure(
        "forest", "regressions", title, alt, lambda lang: draw_forest(rows, series, heading, lang), note
    )


def _rested_on(
    terms: Iterable[tuple[str, Term]], scores: Sequence[str], *, otherwise_all: bool = True
) -> list[tuple[str, Term]]:
    """The terms that hold a factor's score, alone or in a product; all slopes where none does."""
    slopes = [
        (key, term) for key, term in terms if not (term.reference or term.equation or key == "Intercept")
    ]
    names = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in scores) or r"(?!)")
    found = [(key, term) for key, term in slopes if names.search(key)]
    return found or (slopes if otherwise_all else [])


def _interval(coefficients: pd.DataFrame, key: str, kind: str) -> Interval:
    if key not in coefficients.index:
        return NOTHING
    numbers = coefficients.loc[[key], ["estimate", f"{kind}_low", f"{kind}_high"]].to_numpy(dtype=float)[0]
    return Interval(*map(float, numbers))


def _times_as_wide(ratios: Sequence[float]) -> Text:
    if not ratios:
        return Text()
    low, high = (format_value(value, ".2f") for value in (min(ratios), max(ratios)))
    if low == high:
        return Text("; width over that of the naive ones: {low}", "；宽度为未校正区间的 {low} 倍").format(
            low=low
        )
    words = Text(
        "; width over that of the naive ones: {low} to {high}", "；宽度为未校正区间的 {low} 至 {high} 倍"
    )
    return words.format(low=low, high=high)
