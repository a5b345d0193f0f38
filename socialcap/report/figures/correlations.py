"""Correlations as colours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.canvas import HEIGHT, Figure, new_canvas
from socialcap.report.figures.heat import colour_key, heat_cells
from socialcap.report.figures.labels import named_label, shortened
from socialcap.results import Lang, Text, format_value

# More variables than this leave no room for digits in the cells.
_WITH_DIGITS = 18


def correlation_map(
    key: str, after: str, matrix: pd.DataFrame, labels: Mapping[str, Text], title: Text, note: Text
) -> Figure:
    """The lower triangle of a correlation matrix (k, k) as colours.

    Where there is room, with digits and labels; of more variables, only the names.
    """
    names = [str(name) for name in matrix.columns]
    values = matrix.to_numpy(dtype=float)
    k = len(names)
    lower = np.where(np.tri(k, k=-1, dtype=bool), values, np.nan)[1:, :-1]

    def draw(lang: Lang) -> Canvas:
        step = 0.26 if k <= _WITH_DIGITS else min(0.165, (HEIGHT - 1.2) / k)
        canvas = new_canvas(0.8 + step * k)
        axes = canvas.subplots()
        if k > _WITH_DIGITS:
            heat_cells(axes, lower, None)
            sides = [shortened(name, 18) for name in names]
            axes.set_xticks(range(k - 1), sides[:-1], fontsize=min(6.5, 42 * step), rotation=90)
        else:
            heat_cells(axes, lower, ".2f", fontsize=7 if k <= 12 else 6)
            texts = [(labels.get(name) or Text(name, name))(lang) for name in names]
            sides = [named_label(str(i), text, 44) for i, text in enumerate(texts, 1)]
            axes.set_xticks(range(k - 1), [str(i) for i in range(1, k)])
        axes.set_yticks(range(-1, k - 1), sides, fontsize=min(7.5, 42 * step))
        axes.set_ylim(k - 1.5, -1.5)
        colour_key(axes, Text("Correlation", "相关系数")(lang))
        return canvas

    return Figure(key, after, title, _alt(values, names, labels), draw, note)


def _alt(values: np.ndarray, names: list[str], labels: Mapping[str, Text]) -> Text:
    below = np.where(np.tri(len(names), k=-1, dtype=bool), values, np.nan)
    if np.isnan(below).all():
        return Text("Correlation map.", "相关图。")
    i, j = np.unravel_index(int(np.nanargmax(np.abs(below))), below.shape)
    pair = [labels.get(names[n]) or Text(names[n], names[n]) for n in (i, j)]
    return Text(
        "Map of the correlations of {k} variables, from {low} to {high}; the strongest, {top}, is that of {a} and {b}.",
        "{k} 个变量的相关图，相关系数介于 {low} 与 {high} 之间；最强者为“{a}”与“{b}”的相关（{top}）。",
    ).format(
        k=len(names),
        low=format_value(float(np.nanmin(below)), ".2f"),
        high=format_value(float(np.nanmax(below)), ".2f"),
        top=format_value(float(below[i, j]), ".2f"),
        a=pair[0],
        b=pair[1],
    )
