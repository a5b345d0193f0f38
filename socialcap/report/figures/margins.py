"""Marginal effects with their intervals."""

from __future__ import annotations

import math

from socialcap.report.figures.canvas import SERIES, Figure
from socialcap.report.figures.forest import NOTHING, ForestRow, Interval, draw_forest, in_words
from socialcap.results import MarginsResult, Text
from socialcap.results.rows import records

_MOST_INTERVALS = 48


def margins_forest(name: str, margins: MarginsResult, note: Text) -> Figure:
    """Marginal effects with their 95% intervals; a series for each outcome of a model that has several.

    Of more effects than a page holds the first are drawn, and the title says so.
    """
    outcomes = list(dict.fromkeys(margins.effects["outcome"]))[: len(SERIES)]
    every = _rows(margins, outcomes)
    rows = every[: _MOST_INTERVALS // len(outcomes)]
    series = [Text(str(outcome), str(outcome)) for outcome in outcomes]
    heading = Text("Marginal effect with 95% interval", "边际效应及其 95% 置信区间")
    shown = [one for row in rows for one in row.intervals if not math.isnan(one.estimate)]
    first = (
        Text(" (outcome {name})", "（结果类别 {name}）").format(name=series[0]) if len(series) > 1 else Text()
    )
    alt = Text(
        "Marginal effects with 95% intervals, {clear} of {n} without zero; for example{first}: {said}.",
        "{n} 个边际效应及其 95% 置信区间，其中 {clear} 个区间不含零；例如{first}：{said}。",
    ).format(n=len(shown), clear=sum(one.excludes_zero for one in shown), first=first, said=in_words(rows, 3))
    title = Text("Marginal effects: {label}{part}", "边际效应图：{label}{part}").format(
        label=margins.label or margins.name, part=_part(len(rows), len(every))
    )
    key = f"margins_plot_{name}"
    return Figure(
        key, f"margins_{name}", title, alt, lambda lang: draw_forest(rows, series, heading, lang), note
    )


def _rows(margins: MarginsResult, outcomes: list[str]) -> list[ForestRow]:
    """A row for each change of a variable at each point, an interval for each outcome."""
    effects = margins.effects.assign(place=range(len(margins.effects)))
    points = effects["at"].nunique()
    rows = []
    for (_, contrast, at), part in effects.groupby(["variable", "contrast", "at"], sort=False):
        label = margins.labels[int(part["place"].iloc[0])]
        words = [str(contrast)] * (str(contrast) != "dy/dx") + [str(at)] * (points > 1)
        if words:
            label = Text("{label} ({words})", "{label}（{words}）").format(
                label=label, words="; ".join(words)
            )
        found = {row.outcome: Interval(row.estimate, row.ci_low, row.ci_high) for row in records(part)}
        rows.append(ForestRow(label, tuple(found.get(outcome, NOTHING) for outcome in outcomes)))
    return rows


def _part(shown: int, n: int) -> Text:
    if shown == n:
        return Text()
    return Text(" (the first {shown} of {n})", "（前 {shown} 项，共 {n} 项）").format(shown=shown, n=n)
