"""The specification curve: one coefficient under every combination of choices, and which choices these are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from socialcap.report.figures.canvas import INK, MARK, SOFT, Figure, new_canvas
from socialcap.report.figures.labels import legend_columns, shortened
from socialcap.results import Lang, Text, format_value

_FAINT = "#9aa4b1"
# With more specifications the points run together: their estimates are drawn as a line.
_MOST_POINTS = 150
_KEY = (
    (INK, "o", Text("p < .05", "p < 0.05")),
    (_FAINT, "o", Text("p ≥ .05", "p ≥ 0.05")),
    (MARK, "D", Text("Main specification", "主设定")),
)


def specification_curve(
    key: str,
    after: str,
    curve: pd.DataFrame,
    choices: Mapping[str, Text],
    words: Mapping[str, Mapping[str, Text]],
    term: Text,
    note: Text,
) -> Figure:
    """Estimates in rising order with their intervals, and below them a mark for the level of each choice.

    `curve` has a row per specification: the columns `choices`, beta, beta_low, beta_high, p_value and the flag
    main; `choices` says what the choices are called, `words` what their levels are, by choice. Choices with
    one level are left out.
    """
    order = curve[curve["beta"].notna()].sort_values("beta", kind="stable").reset_index(drop=True)
    varied = [choice for choice in choices if choice in order and order[choice].nunique() > 1]
    levels = {choice: list(dict.fromkeys(curve[choice].astype(str))) for choice in varied}
    lines = sum(len(found) + 1.3 for found in levels.values())
    clear = (order["p_value"] < 0.05).to_numpy()
    main = np.flatnonzero(order["main"].to_numpy(dtype=bool))

    def draw(lang: Lang) -> Canvas:
        canvas = new_canvas(2.6 + 0.155 * lines)
        if not varied:
            _draw_estimates(canvas.subplots(), order, clear, main, term, lang)
        else:
            top, bottom = canvas.subplots(2, 1, sharex=True, height_ratios=[2.1, 0.155 * lines])
            _draw_estimates(top, order, clear, main, term, lang)
            _draw_choices(bottom, order, levels, choices, words, clear, lang)
        for axes in canvas.axes:
            axes.tick_params(axis="x", length=0, labelbottom=False)
        said = Text("Specifications by β (N = {n})", "按 β 排序的模型设定（共 {n} 个）").format(n=len(order))
        canvas.axes[-1].set_xlabel(said(lang))
        handles = [
            Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=4.5)
            for colour, marker, _ in _KEY
        ]
        names = [name(lang) for _, _, name in _KEY]
        canvas.legend(handles, names, loc="outside upper center", ncols=legend_columns(names))
        return canvas

    title = Text("Specification curve: {term}", "设定曲线：{term}").format(term=term)
    return Figure(key, after, title, _alt(order, varied, clear, main, term), draw, note)


def _draw_estimates(
    axes: Axes, order: pd.DataFrame, clear: np.ndarray, main: np.ndarray, term: Text, lang: Lang
) -> None:
    place = np.arange(len(order))
    size = 3.5 if len(order) <= 60 else 2.5
    axes.axhline(0, color=SOFT, linewidth=0.7)
    for mask, colour in ((clear, INK), (~clear, _FAINT)):
        part, at = order[mask], place[mask]
        _upright(axes, at, part["beta_low"].to_numpy(), part["beta_high"].to_numpy(), colour)
        if len(order) <= _MOST_POINTS:
            axes.plot(at, part["beta"], "o", color=colour, markersize=size, markeredgewidth=0)
    if len(order) > _MOST_POINTS:
        axes.plot(place, order["beta"], color="black", linewidth=1.2)
    axes.plot(main, order["beta"].iloc[main], "D", color=MARK, markersize=size + 1.5)
    axes.set_ylabel(shortened(Text("β of {term}", "β：{term}").format(term=term)(lang), 34))
    axes.set_xlim(-1, len(order))


def _upright(axes: Axes, place: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> None:
    """Upright lines as one path; none where there is no place."""
    if not len(place):
        return
    gap = np.full(len(place), np.nan)
    x, y = np.stack([place, place, gap], axis=1).ravel(), np.stack([low, high, gap], axis=1).ravel()
    axes.plot(x, y, color=colour, linewidth=0.9 if len(place) <= 150 else 0.5, alpha=0.75)


def _draw_choices(
    axes: Axes,
    order: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    choices: Mapping[str, Text],
    words: Mapping[str, Mapping[str, Text]],
    clear: np.ndarray,
    lang: Lang,
) -> None:
    ticks, names = [], []
    line = 0.0
    for choice, found in levels.items():
        axes.text(
            0,
            line,
            choices[choice](lang),
            fontsize=7,
            color=SOFT,
            ha="right",
            va="center",
            transform=axes.get_yaxis_transform(),
        )
        line += 1
        for level in found:
            taken = (order[choice].astype(str) == level).to_numpy()
            for mask, colour in ((taken & clear, INK), (taken & ~clear, _FAINT)):
                at = np.flatnonzero(mask)
                _upright(axes, at, np.full(len(at), line - 0.32), np.full(len(at), line + 0.32), colour)
            ticks.append(line)
            names.append(shortened((words.get(choice, {}).get(level) or Text(level, level))(lang), 30))
            line += 1
        line += 0.3
    axes.set_yticks(ticks, names, fontsize=7)
    axes.set_ylim(line - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def _alt(order: pd.DataFrame, varied: Sequence[str], clear: np.ndarray, main: np.ndarray, term: Text) -> Text:
    estimates = order["beta"].to_numpy(dtype=float)
    if not len(estimates):
        return Text("Specification curve without any estimate.", "设定曲线：无可用估计。")
    alt = Text(
        "Specification curve of {term} over {n} specifications that vary {choices}: β from {low} "
        "to {high}, median {median}; {positive} are positive and {clear} have p < .05{main}.",
        "{term}在 {n} 个模型设定（变动 {choices}）下的设定曲线：β 介于 {low} 与 {high} 之间，"
        "中位数 {median}；{positive} 个为正，{clear} 个 p < 0.05{main}。",
    )
    chosen = Text()
    if len(main):
        chosen = Text("; the main specification gives {b}", "；主设定的 β 为 {b}").format(
            b=format_value(float(estimates[main[0]]), ".3f")
        )
    return alt.format(
        term=term,
        n=len(estimates),
        choices=Text("1 choice" if len(varied) == 1 else f"{len(varied)} choices", f"{len(varied)} 项选择"),
        low=format_value(float(estimates.min()), ".3f"),
        high=format_value(float(estimates.max()), ".3f"),
        median=format_value(float(np.median(estimates)), ".3f"),
        positive=int((estimates > 0).sum()),
        clear=int(clear.sum()),
        main=chosen,
    )
