"""Figures of a study: what is drawn, what it says in words, and the drawing in each language as SVG."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure as Canvas

from socialcap.report.fonts import chinese_font
from socialcap.results import FactorResult, Lang, NFactorsResult, StudyResult, Text, format_value

_INK = "#1b3a57"
_MARK = "#b4552d"
_SOFT = "#5a6270"


@dataclass(frozen=True)
class Figure:
    """One figure: `alt` says in words what it shows, `svg` is the drawing in each language.

    `after` is the key of the table that it follows.
    """

    key: str
    after: str
    title: Text
    alt: Text
    svg: Mapping[Lang, bytes]


def _drawn(draw: Callable[[Lang], Canvas], languages: Sequence[Lang], note: Text) -> dict[Lang, bytes]:
    """The drawing in each language as SVG with the study's note below, the same bytes every time."""
    made: dict[Lang, bytes] = {}
    with _style():
        for lang in languages:
            target = io.BytesIO()
            canvas = draw(lang)
            if note:
                canvas.supxlabel(note(lang), x=0.01, ha="left", fontsize=6.5, color=_SOFT)
            canvas.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
            made[lang] = target.getvalue()
    return made


@contextmanager
def _style() -> Iterator[None]:
    settings: dict[Any, Any] = {
        "font.family": [chinese_font()],
        "axes.unicode_minus": False,
        "svg.hashsalt": "socialcap",
        "svg.fonttype": "path",
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(settings):
        yield


def study_figures(result: StudyResult, languages: Sequence[Lang]) -> dict[str, list[Figure]]:
    """The figures of each part of a study, by the part's key."""
    if result.measurement is None:
        return {}
    factors = result.measurement.factors
    return {
        "factors": [
            scree(factors, result.measurement.retention, languages, result.note),
            loading_map(factors, languages, result.note),
        ]
    }


def scree(factors: FactorResult, retention: NFactorsResult, languages: Sequence[Lang], note: Text) -> Figure:
    """Eigenvalues of the correlation matrix in falling order, those extracted marked."""
    values = factors.eigenvalues.to_numpy()
    reference = retention.references["parallel_components"].to_numpy()
    k = len(factors.names)

    def draw(lang: Lang) -> Canvas:
        canvas = Canvas(figsize=(6.4, 3.6), layout="constrained")
        axes = canvas.subplots()
        number = np.arange(1, len(values) + 1)
        axes.plot(number, values, color=_INK, marker="o", markerfacecolor="white", markersize=5)
        axes.plot(number[:k], values[:k], linestyle="none", color=_INK, marker="o", markersize=5)
        axes.plot(number, reference, color=_MARK, linewidth=1.2, linestyle="--")
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
    return Figure("scree", "n_factors", title, alt, _drawn(draw, languages, note))


def loading_map(factors: FactorResult, languages: Sequence[Lang], note: Text) -> Figure:
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
    return Figure(
        "loading_map", "loadings", Text("Loadings", "因子载荷热图"), alt, _drawn(draw, languages, note)
    )


def _wrapped(label: str, width: int = 14) -> str:
    """The label on several lines, so that neighbours do not run into each other."""
    return "\n".join(wrap(label, width))


def _short(name: str, label: str, longest: int = 34) -> str:
    text = label if label == name else f"{name}  {label}"
    return text if len(text) <= longest else text[: longest - 1] + "…"
