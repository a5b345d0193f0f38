"""Figures of the measurement: eigenvalues and loadings."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from socialcap.report.figures.canvas import HEIGHT, INK, MARK, SOFT, Figure, new_canvas
from socialcap.report.figures.heat import colour_key, heat_cells
from socialcap.report.figures.labels import named_label, shortened, wrapped
from socialcap.results import FactorResult, Lang, NFactorsResult, Text, format_value

# More factors than this have their names upright.
_MOST_LEVEL = 7


def scree(factors: FactorResult, retention: NFactorsResult, note: Text) -> Figure:
    """Eigenvalues of the correlation matrix in falling order, those extracted marked, beside random data's."""
    values = factors.eigenvalues.to_numpy()
    reference = retention.references["parallel_components"].to_numpy()
    k, number = len(factors.names), np.arange(1, len(values) + 1)

    def draw(lang: Lang) -> Canvas:
        canvas = new_canvas(3.0)
        axes = canvas.subplots()
        axes.axhline(1, color=SOFT, linewidth=0.5, linestyle=":")
        axes.plot(number, values, color=INK, linewidth=1)
        circles: dict[str, Any] = {"linestyle": "none", "color": INK, "marker": "o", "markersize": 4.5}
        axes.plot(number[:k], values[:k], label=Text("Extracted", "已提取")(lang), **circles)
        rest = Text("Not extracted", "未提取")(lang)
        axes.plot(number[k:], values[k:], markerfacecolor="white", label=rest, **circles)
        axes.plot(number, reference, color=MARK, linewidth=1.2, linestyle="--", label=against(lang))
        axes.set_xlabel(Text("Component", "成分")(lang))
        axes.set_ylabel(Text("Eigenvalue", "特征值")(lang))
        axes.set(xlim=(0.5, len(values) + 0.5), ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(15, integer=True, min_n_ticks=1))
        axes.legend(loc="upper right")
        return canvas

    measure = (
        Text("mean", "均值")
        if retention.percentile is None
        else Text("{q:g}th percentile", "第 {q:g} 百分位").format(q=retention.percentile)
    )
    against = Text("Random data ({measure})", "随机数据（{measure}）").format(measure=measure)
    alt = Text(
        "Scree plot: the first {above} of {p} eigenvalues are above those of random data; the largest is "
        "{top}, and {k} factors, down to an eigenvalue of {last}, were extracted.",
        "碎石图：{p} 个特征值中前 {above} 个高于随机数据的特征值，最大为 {top}；提取 {k} 个因子，"
        "其末一特征值为 {last}。",
    ).format(
        above=retention.parallel_components,
        p=len(values),
        top=format_value(float(values[0]), ".2f"),
        k=k,
        last=format_value(float(values[k - 1]), ".2f"),
    )
    title = Text("Eigenvalues and parallel analysis", "碎石图与平行分析")
    return Figure("scree", "n_factors", title, alt, draw, note)


def loading_map(factors: FactorResult, note: Text) -> Figure:
    """Loadings as colours, items in the order of the loading table."""
    order = factors.display_order()
    values = factors.loadings.loc[order]
    k = len(factors.names)

    def draw(lang: Lang) -> Canvas:
        head = 1.0 if k <= _MOST_LEVEL else 2.0
        step = min(0.2, (HEIGHT - head) / len(order))
        canvas = new_canvas(head + step * len(order))
        axes = canvas.subplots()
        digits = ".2f" if k <= 12 and step > 0.13 else None
        heat_cells(axes, values.to_numpy(), digits, quiet=factors.salient, fontsize=min(7, 42 * step))
        labels = [factors.factor_label(name)(lang) for name in factors.names]
        if k <= _MOST_LEVEL:
            axes.set_xticks(range(k), [wrapped(label, 66 // k - 2, 3) for label in labels])
        else:
            axes.set_xticks(range(k), [shortened(label, 24) for label in labels], rotation=90)
        axes.xaxis.tick_top()
        items = [named_label(name, factors.item_label(name)(lang), 50) for name in order]
        axes.set_yticks(range(len(order)), items, fontsize=min(7.5, 48 * step))
        colour_key(axes, Text("Loading", "载荷")(lang))
        return canvas

    large = int((values.abs() >= factors.salient).to_numpy().sum())
    sizes = values.to_numpy(dtype=float)
    item, factor = np.unravel_index(int(np.abs(sizes).argmax()), sizes.shape)
    alt = Text(
        "Heat map of the loadings of {p} items on {k} factors; {large} of them are {salient:.2f} or more "
        "in size. The largest, {top}, is that of {item} on {factor}.",
        "{p} 个题项在 {k} 个因子上的载荷热图；其中 {large} 个载荷绝对值不小于 {salient:.2f}，"
        "最大者为“{item}”在“{factor}”上的载荷（{top}）。",
    ).format(
        p=len(order),
        k=k,
        large=large,
        salient=factors.salient,
        top=format_value(float(sizes[item, factor]), ".2f"),
        item=factors.item_label(order[item]),
        factor=factors.factor_label(factors.names[factor]),
    )
    return Figure("loading_map", "loadings", Text("Loadings", "因子载荷热图"), alt, draw, note)
