"""Estimates with their intervals, a row each, and several ways of making the interval side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.canvas import HEIGHT, MARKERS, PALE, SERIES, SOFT, new_canvas
from socialcap.report.figures.labels import legend_columns, wrapped
from socialcap.results import Lang, Text, format_value

_LABEL_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between the ends of its interval; NaN where there is none."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


NOTHING = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row: its label, and an interval for each series."""

    label: Text
    intervals: tuple[Interval, ...]


def draw_forest(rows: Sequence[ForestRow], series: Sequence[Text], heading: Text, lang: Lang) -> Canvas:
    """Rows from top to bottom, in each its intervals one under the other; a line at zero."""
    most = max(len(_present(row)) for row in rows)
    step = min(0.15 * most + 0.14, (HEIGHT - 1) / len(rows))
    canvas = new_canvas(0.75 + step * len(rows) + (0.25 if len(series) > 1 else 0))
    axes = canvas.subplots()
    axes.axvline(0, color=SOFT, linewidth=0.7)
    between = [i + 0.5 for i in range(len(rows) - 1)]
    axes.hlines(between, 0, 1, PALE, linewidth=0.6, transform=axes.get_yaxis_transform())
    for j, name in enumerate(series):
        _draw_series(axes, rows, j, name(lang), 0.62 / most)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [wrapped(row.label(lang), _LABEL_WIDTH, _lines(step)) for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(heading(lang))
    if len(series) > 1:
        canvas.legend(loc="outside upper center", ncols=legend_columns([name(lang) for name in series]))
    return canvas


def _lines(step: float) -> int:
    """Lines of text that a row of this height has room for."""
    return 2 if step > 0.26 else 1


def _present(row: ForestRow) -> list[int]:
    """The series that have an estimate in this row."""
    return [j for j, one in enumerate(row.intervals) if not math.isnan(one.estimate)]


def _draw_series(axes: Axes, rows: Sequence[ForestRow], j: int, name: str, step: float) -> None:
    shown = [(i, _present(row), row.intervals[j]) for i, row in enumerate(rows) if j in _present(row)]
    heights = [i + (present.index(j) - (len(present) - 1) / 2) * step for i, present, _ in shown]
    colour = SERIES[j % len(SERIES)]
    ends = [(one.low, one.high) for _, _, one in shown]
    axes.hlines(heights, [low for low, _ in ends], [high for _, high in ends], colour, linewidth=1.3)
    axes.plot(
        [one.estimate for _, _, one in shown],
        heights,
        linestyle="none",
        marker=MARKERS[j % len(MARKERS)],
        markersize=4,
        color=colour,
        markerfacecolor="white" if j % 2 else colour,
        label=name,
    )


def in_words(rows: Sequence[ForestRow], most: int = 6) -> Text:
    """The first interval of each row in words: label, estimate and ends."""
    said = []
    for row in rows[:most]:
        one = next((one for one in row.intervals if not math.isnan(one.estimate)), row.intervals[0])
        numbers = (format_value(value, ".3f") for value in (one.estimate, one.low, one.high))
        said.append(
            Text("{label} {b} ({low} to {high})", "{label} {b}（{low} 至 {high}）").format(
                label=row.label, **dict(zip(("b", "low", "high"), numbers, strict=True))
            )
        )
    more = ("; …", "；……") if len(rows) > most else ("", "")
    return Text("; ".join(t.en for t in said) + more[0], "；".join(t.zh for t in said) + more[1])
