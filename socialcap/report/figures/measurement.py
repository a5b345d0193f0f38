"""Figures of the measurement: eigenvalues and loadings."""

from __future__ import annotations

from textwrap import wrap

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.canvas import INK, MARK, Figure
from socialcap.results import FactorResult, Lang, NFactorsResult, Text, format_value


def scree(factors: FactorResult, retention: NFactorsResult, note: Text) -> Figure:
    """Eigenvalues of the correlation matrix in falling order, those extracted marked."""
    values = factors.eigenvalues.to_numpy()
    reference = retention.references["parallel_components"].to_numpy()
    k = len(factors.names)

    def draw(lang: Lang) -> Canvas:
        canvas = Canvas(figsize=(6.4, 3.6), layout="constrained")
        axes = canvas.subplots()
        number = np.arange(1, len(values) + 1)
        axes.plot(number, values, color=INK, marker="o", markerfacecolor="white", markersize=5)
        axes.plot(number[:k], values[:k], linestyle="none", color=INK, marker="o", markersize=5)
        axes.plot(number, reference, color=MARK, linewidth=1.2, linestyle="--")
        axes.set_xlabel(Text("Component", "成分")(lang))
        axes.set_ylabel(Text("Eigenvalue", "特征值")(lang))
        axes.set_ylim(bottom=0)
        return canvas

    alt = Text(
        "Scree plot: the first {above} of {p} eigenvalues are above those of random data; the largest is "
        "{top:.2f}, and {k} factors, down to an eigenvalue of {last:.2f}, were extracted.",
        "碎石图：{p} 个特征值中前 {above} 个高于随机数据的特征值，最大为 {top:.2f}；提取 {k} 个因子，"
        "其末一特征值为 {last:.2f}。",
    ).format(above=retention.parallel_components, p=len(values), top=values[0], k=k, last=values[k - 1])
    title = Text(
        "Eigenvalues (filled: extracted; dashed: random data, parallel analysis)",
        "特征值（实心为提取的因子，虚线为随机数据的平行分析）",
    )
    return Figure("scree", "n_factors", title, alt, draw, note)


def loading_map(factors: FactorResult, note: Text) -> Figure:
    """Loadings as colours, items in the order of the loading table."""
    order = factors.display_order()
    values = factors.loadings.loc[order]

    def draw(lang: Lang) -> Canvas:
        canvas = Canvas(figsize=(6.4, 1.2 + 0.26 * len(order)), layout="constrained")
        axes = canvas.subplots()
        sns.heatmap(
            values.to_numpy(),
            ax=axes,
            vmin=-1,
            vmax=1,
            cmap="PuOr_r",
            annot=np.vectorize(lambda value: format_value(float(value), ".2f"))(values.to_numpy()),
            fmt="",
            annot_kws={"size": 7},
            linewidths=0.5,
            xticklabels=[_wrapped(factors.factor_label(name)(lang)) for name in factors.names],
            yticklabels=[_short(name, factors.item_label(name)(lang)) for name in order],
            cbar_kws={"label": Text("Loading", "载荷")(lang), "shrink": 0.6},
        )
        axes.tick_params(axis="both", labelsize=8, length=0)
        axes.tick_params(axis="y", rotation=0)
        axes.tick_params(axis="x", rotation=0 if len(factors.names) < 6 else 45)
        return canvas

    large = int((values.abs() >= factors.salient).to_numpy().sum())
    alt = Text(
        "Heat map of the loadings of {p} items on {k} factors; {large} of them are {salient:.2f} or more "
        "in size.",
        "{p} 个题项在 {k} 个因子上的载荷热图；其中 {large} 个载荷绝对值不小于 {salient:.2f}。",
    ).format(p=len(order), k=len(factors.names), large=large, salient=factors.salient)
    return Figure("loading_map", "loadings", Text("Loadings", "因子载荷热图"), alt, draw, note)


def _wrapped(label: str, width: int = 14) -> str:
    """The label on several lines, so that neighbours do not run into each other."""
    return "\n".join(wrap(label, width))


def _short(name: str, label: str, longest: int = 34) -> str:
    text = label if label == name else f"{name}  {label}"
    return text if len(text) <= longest else text[: longest - 1] + "…"
