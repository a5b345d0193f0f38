"""Figures of the sample: missing answers and the structure of funding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, PercentFormatter

from socialcap.report.figures.canvas import INK, PALE, SERIES, Figure, new_canvas
from socialcap.report.figures.labels import legend_columns, shortened, wrapped
from socialcap.results import Lang, Text, format_value
from socialcap.results.rows import records

NOT_ASKED = "skipped"
"""The kind of a cell that is empty because its question was not asked: drawn, but not counted as missing."""
_UNASKED = "#d3d8de"
_KIND_COLOURS = (INK, SERIES[1], SERIES[3], SERIES[2], SERIES[5])
_MOST_NAMES, _MOST_ROWS = 70, 300


def funding_structure(funding: pd.DataFrame, n: int, labels: Mapping[str, Text], note: Text) -> Figure:
    """Mean shares of the sources of funds with their 95% intervals, the largest on top.

    `funding`: by source of funds mean, ci_low and ci_high as shares of one; `n` firms.
    """
    order = funding.sort_values("mean", ascending=False, kind="stable")
    rows = records(order)
    names = [labels.get(str(row.Index)) or Text(str(row.Index), str(row.Index)) for row in rows]

    def draw(lang: Lang) -> Canvas:
        canvas = new_canvas(0.6 + 0.32 * len(rows))
        axes = canvas.subplots()
        places = np.arange(len(rows))
        axes.barh(places, order["mean"], height=0.62, color=SERIES[2])
        axes.hlines(places, order["ci_low"], order["ci_high"], INK, linewidth=1.4)
        for place, row in zip(places, rows, strict=True):
            end = max(row.ci_high, row.mean)
            axes.annotate(
                format_value(row.mean, ".1%"),
                (end, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
            )
        axes.set_yticks(places, [wrapped(name(lang), 36) for name in names])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 1.12 * max(float(order["ci_high"].max()), float(order["mean"].max())))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(Text("Mean share of funds, with 95% interval", "资金平均占比及 95% 置信区间")(lang))
        return canvas

    said = [
        Text("{name} {mean} ({low} to {high})", "{name} {mean}（{low} 至 {high}）").format(
            name=name,
            mean=format_value(row.mean, ".1%"),
            low=format_value(row.ci_low, ".1%"),
            high=format_value(row.ci_high, ".1%"),
        )
        for name, row in zip(names, rows, strict=True)
    ]
    alt = Text(
        "Bars of the mean shares of {k} sources of funds in {n} firms, with 95% intervals: {said}.",
        "{n} 家企业 {k} 种资金来源平均占比的条形图及 95% 置信区间：{said}。",
    ).format(k=len(rows), n=n, said=Text("; ".join(t.en for t in said), "；".join(t.zh for t in said)))
    return Figure(
        "funding_structure", "funding", Text("Structure of funding", "资金来源结构图"), alt, draw, note
    )


def missing_map(after: str, kinds: pd.DataFrame, names: Mapping[str, Text], note: Text) -> Figure | None:
    """Empty cells of the respondents who have any, coloured by kind, those with most missing on top.

    `kinds` (n, k) holds the kind of each empty cell and "" elsewhere; `names` says what the kinds are called.
    Of many respondents, every second, third ... is drawn. None where no cell is empty.
    """
    cells = kinds.astype(str).to_numpy()
    shown = [kind for kind in names if (cells == kind).any()]
    if not shown:
        return None
    absent = np.isin(cells, [kind for kind in shown if kind != NOT_ASKED])
    order = np.lexsort((-(cells != "").sum(axis=1), -absent.sum(axis=1)))
    ordered = cells[order[: int((cells != "").any(axis=1).sum())]]
    step = -(-len(ordered) // _MOST_ROWS)
    others = [kind for kind in names if kind != NOT_ASKED]

    def draw(lang: Lang) -> Canvas:
        canvas = new_canvas(1.6 + min(2.2, 0.1 * len(ordered)))
        axes = canvas.subplots()
        for kind in shown:
            path = _rectangles(np.argwhere(ordered[::step] == kind), step)
            colour = _UNASKED if kind == NOT_ASKED else _KIND_COLOURS[others.index(kind) % len(_KIND_COLOURS)]
            axes.add_patch(PathPatch(path, facecolor=colour, linewidth=0, label=names[kind](lang)))
        _name_columns(axes, [str(name) for name in kinds.columns])
        axes.set_ylim(len(ordered), 0)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.spines[:].set_visible(True)
        axes.set_ylabel(wrapped(_respondents(len(ordered), len(cells), step)(lang), 30))
        words = [names[kind](lang) for kind in shown]
        canvas.legend(loc="outside upper center", ncols=legend_columns(words))
        return canvas

    alt = _missing_alt(kinds, absent, [(names[kind], int((cells == kind).sum())) for kind in shown])
    return Figure("missing_map", after, Text("Missing answers", "缺失数据分布图"), alt, draw, note)


def _name_columns(axes: Axes, columns: list[str]) -> None:
    k = len(columns)
    between = axes.get_xaxis_transform()
    lines = Path([(x - 0.5, y) for x in range(1, k) for y in (0, 1)], [Path.MOVETO, Path.LINETO] * (k - 1))
    axes.add_patch(PathPatch(lines, edgecolor=PALE, facecolor="none", linewidth=0.4, transform=between))
    ticks = range(0, k, -(-k // _MOST_NAMES))
    labels = [shortened(columns[i], 16) for i in ticks]
    axes.set_xticks(ticks, labels, rotation=90, fontsize=7 if k <= 45 else 5.5)
    axes.set_xlim(-0.5, k - 0.5)
    axes.tick_params(axis="x", length=0)


def _respondents(shown: int, n: int, step: int) -> Text:
    words = (
        Text("{shown} of {n} respondents", "{n} 份答卷中的 {shown} 份")
        if step == 1
        else Text(
            "{shown} of {n} respondents, one in {step} drawn",
            "{n} 份答卷中的 {shown} 份（每 {step} 份绘 1 份）",
        )
    )
    return words.format(shown=shown, n=n, step=step)


def _rectangles(places: np.ndarray, height: int) -> Path:
    """One path of all the cells (row, column), each `height` high: runs down a column are one rectangle."""
    by_column = places[np.lexsort((places[:, 0], places[:, 1]))]
    starts = np.flatnonzero(np.r_[True, (np.diff(by_column[:, 1]) != 0) | (np.diff(by_column[:, 0]) != 1)])
    ends = np.r_[starts[1:], len(by_column)] - 1
    left, top = by_column[starts, 1] - 0.5, by_column[starts, 0] * height
    right, bottom = left + 1, (by_column[ends, 0] + 1) * height
    corners = np.stack([left, top, right, top, right, bottom, left, bottom, left, top], axis=1)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(starts))
    return Path(corners.reshape(-1, 2), codes)


def _missing_alt(kinds: pd.DataFrame, absent: np.ndarray, counts: list[tuple[Text, int]]) -> Text:
    n, k = absent.shape
    worst = int(absent.sum(axis=0).argmax())
    return Text(
        "Map of missing cells of {n} respondents and {k} variables ({counts}): {share} of the cells are "
        "missing, questions not asked left aside; {whole} respondents lack nothing, and {worst} is missing "
        "most often ({most}).",
        "{n} 份答卷 {k} 个变量的缺失分布图（{counts}）：除跳题外，缺失单元格占 {share}；{whole} 份答卷无缺失，"
        "缺失最多的变量为 {worst}（{most} 次）。",
    ).format(
        n=n,
        k=k,
        share=format_value(float(absent.mean()), ".1%"),
        counts=Text(
            "; ".join(f"{name.en} {count}" for name, count in counts),
            "；".join(f"{name.zh} {count}" for name, count in counts),
        ),
        whole=int((~absent.any(axis=1)).sum()),
        worst=str(kinds.columns[worst]),
        most=int(absent[:, worst].sum()),
    )
