"""Curves with their intervals: expected outcomes, simple slopes, and where a slope differs from zero."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.canvas import INK, MARK, MARKERS, PALE, SERIES, SOFT, Figure, new_canvas
from socialcap.report.figures.labels import legend_columns, wrapped
from socialcap.results import Lang, ModerationResult, PredictionResult, Text, format_value
from socialcap.results.rows import records

_HIGH = 44
"""Halves of the font's size along the upright axis."""
_STROKES = ("-", "--", ":", "-.")


def prediction_curve(key: str, after: str, predictions: PredictionResult, note: Text) -> Figure:
    """Expected outcomes along the first variable set, a line for each outcome; points where it has few values.

    Of further variables that were set, the first value is shown.
    """
    variable = predictions.variables[0]
    frame = predictions.predictions
    for other in predictions.variables[1:]:
        frame = frame[frame[other] == frame[other].iloc[0]]
    lines = {str(outcome): part for outcome, part in frame.groupby("outcome", sort=False)}

    def draw(lang: Lang) -> Canvas:
        canvas = new_canvas(3.0)
        axes = canvas.subplots()
        _draw_lines(axes, {name: Text(name, name) for name in lines}, lines, variable, "estimate", lang)
        axes.set_xlabel(predictions.labels[0](lang))
        axes.set_ylabel(Text("Expected, with 95% interval", "期望值及 95% 置信区间")(lang))
        if len(lines) > 1:
            canvas.legend(loc="outside upper center", ncols=legend_columns(list(lines)))
        return canvas

    said = _ends({name: Text(name, name) for name in lines}, lines, variable, "estimate")
    alt = Text(
        "Expected outcome by {variable}, with 95% interval: {said}.",
        "不同{variable}下的期望结果及 95% 置信区间：{said}。",
    ).format(variable=predictions.labels[0], said=said)
    title = Text("Expected outcome by {variable}: {label}", "期望结果随{variable}的变化：{label}").format(
        variable=predictions.labels[0], label=predictions.label or predictions.name
    )
    return Figure(key, after, title, alt, draw, note)


def simple_slopes(found: ModerationResult, after: str, note: Text) -> Figure:
    """Expected outcome by the cause, a line for each level of the moderator, covariates at their means."""
    w, x, y = (found.labels.get(name) or Text(name, name) for name in (found.w, found.x, found.y))
    lines = {str(level): part for level, part in found.lines.groupby("level", sort=True)}
    names = {
        level: Text("{w} = {value}", "{w} = {value}").format(w=w, value=format_value(float(level), "number"))
        for level in lines
    }
    percent = 100 * found.level

    def draw(lang: Lang) -> Canvas:
        canvas = new_canvas(3.2)
        axes = canvas.subplots()
        _draw_lines(axes, names, lines, "x", "expected", lang)
        axes.set_xlabel(x(lang))
        axes.set_ylabel(wrapped(y(lang), _HIGH))
        canvas.legend(
            loc="outside upper center", ncols=legend_columns([name(lang) for name in names.values()])
        )
        return canvas

    slopes = [
        Text("{slope} at {w} = {level}", "{w}为 {level} 时 {slope}").format(
            w=w, slope=format_value(row.slope, ".3f"), level=format_value(row.level, "number")
        )
        for row in records(found.slopes)
    ]
    alt = Text(
        "Expected {y} by {x} at {n} levels of {w}, with {percent:g}% intervals; the slope is {slopes}.",
        "在{w}的 {n} 个水平上，{y}的期望值随{x}的变化及 {percent:g}% 置信区间；斜率：{slopes}。",
    ).format(y=y, x=x, w=w, n=len(lines), percent=percent, slopes=_listed(slopes))
    title = Text("{y} by {x} and {w}", "{x}与{w}对{y}的交互作用").format(y=y, x=x, w=w)
    return Figure(f"slopes_plot{_suffix(found)}", after, title, alt, draw, note)


def johnson_neyman(found: ModerationResult, after: str, note: Text) -> Figure:
    """The slope by the moderator with its interval; shaded where it differs from zero."""
    w, x = (found.labels.get(name) or Text(name, name) for name in (found.w, found.x))
    curve = found.slope_curve
    roots = [row.root for row in records(found.roots) if row.within_data]
    percent = 100 * found.level

    def draw(lang: Lang) -> Canvas:
        canvas = new_canvas(3.1)
        axes = canvas.subplots()
        for region in records(found.regions):
            if region.seen_low == region.seen_low:
                axes.axvspan(region.seen_low, region.seen_high, color=PALE, linewidth=0, label=shaded(lang))
        axes.axhline(0, color=SOFT, linewidth=0.7)
        axes.fill_between(
            curve["level"], curve["ci_low"], curve["ci_high"], color=INK, alpha=0.18, linewidth=0
        )
        axes.plot(curve["level"], curve["slope"], color=INK, linewidth=1.4, label=line(lang))
        for root in roots:
            axes.axvline(root, color=MARK, linewidth=0.9, linestyle="--")
            axes.annotate(
                format_value(root, ".2f"),
                (root, 1),
                xycoords=("data", "axes fraction"),
                xytext=(3, -8),
                textcoords="offset points",
                fontsize=7.5,
                color=MARK,
            )
        axes.set(xlim=found.w_range, xlabel=w(lang))
        axes.set_ylabel(wrapped(Text("Slope of {x}", "{x}的斜率").format(x=x)(lang), _HIGH))
        handles, names = axes.get_legend_handles_labels()
        once = dict(zip(names, handles, strict=True))
        canvas.legend(once.values(), once.keys(), loc="outside upper center", ncols=2)
        return canvas

    shaded = Text("Differs from zero", "斜率显著不为零")
    line = Text("Slope with {percent:g}% interval", "斜率及 {percent:g}% 置信区间").format(percent=percent)
    regions = [
        Text("from {low} to {high}", "{low} 至 {high}").format(
            low=format_value(row.seen_low, ".2f"), high=format_value(row.seen_high, ".2f")
        )
        for row in records(found.regions)
        if row.seen_low == row.seen_low
    ]
    where = (
        Text("it differs from zero for {w} {regions}", "{w}在 {regions} 之间时显著不为零").format(
            w=w, regions=_listed(regions)
        )
        if regions
        else Text("within the data it nowhere differs from zero", "在数据范围内均不显著")
    )
    alt = Text(
        "Johnson-Neyman plot of the slope of {x}: from {first} at the lowest {w} to {last} at the highest; {where}.",
        "Johnson-Neyman 图：{x}的斜率从{w}最低时的 {first} 变为最高时的 {last}；{where}。",
    ).format(
        x=x,
        w=w,
        first=format_value(float(curve["slope"].iloc[0]), ".3f"),
        last=format_value(float(curve["slope"].iloc[-1]), ".3f"),
        where=where,
    )
    title = Text("Where the slope of {x} differs from zero", "{x}斜率的显著区间").format(x=x)
    return Figure(f"johnson_neyman_plot{_suffix(found)}", after, title, alt, draw, note)


def _draw_lines(
    axes: Axes, names: Mapping[str, Text], lines: Mapping[str, pd.DataFrame], x: str, y: str, lang: Lang
) -> None:
    """Lines with bands, or points with bars where there are fewer than four of them."""
    few = max(len(part) for part in lines.values()) < 4
    numeric = all(pd.api.types.is_numeric_dtype(part[x]) for part in lines.values())
    for j, (name, part) in enumerate(lines.items()):
        colour, label = SERIES[j % len(SERIES)], names[name](lang)
        if few or not numeric:
            place = np.arange(len(part)) + (j - (len(lines) - 1) / 2) * 0.12
            axes.vlines(place, part["ci_low"], part["ci_high"], colour, linewidth=1.3)
            axes.plot(place, part[y], MARKERS[j % len(MARKERS)], markersize=4.5, color=colour, label=label)
            ticks = [
                value if isinstance(value, str) else format_value(float(value), "number") for value in part[x]
            ]
            axes.set_xticks(range(len(part)), ticks)
            axes.set_xlim(-0.5, len(part) - 0.5)
        else:
            axes.fill_between(part[x], part["ci_low"], part["ci_high"], color=colour, alpha=0.15, linewidth=0)
            axes.plot(part[x], part[y], _STROKES[j % 4], color=colour, linewidth=1.4, label=label)


def _ends(names: Mapping[str, Text], lines: Mapping[str, pd.DataFrame], x: str, y: str) -> Text:
    """What each line is at its first and its last point."""
    said = []
    for name, part in lines.items():
        ends = [format_value(float(part[y].iloc[i]), ".3f") for i in (0, -1)]
        words = Text("{name} from {a} to {b}", "{name} 从 {a} 到 {b}")
        said.append(words.format(name=names[name], a=ends[0], b=ends[1]))
    return _listed(said)


def _listed(parts: list[Text]) -> Text:
    return Text("; ".join(part.en for part in parts), "；".join(part.zh for part in parts))


def _suffix(found: ModerationResult) -> str:
    return f"_{found.name}" if found.name else ""
