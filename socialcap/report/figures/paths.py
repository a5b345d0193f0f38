"""The path diagram: items, the factors they load on, and the outcome that the factors explain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.canvas import HEIGHT, INK, PALE, SOFT, Figure
from socialcap.report.figures.diagrams import (
    LINE,
    Place,
    draw_arrow,
    draw_box,
    draw_ellipse,
    draw_words,
    halves,
    new_plane,
)
from socialcap.report.figures.labels import named_label, wrapped
from socialcap.results import (
    CompositeResult,
    FactorResult,
    Lang,
    RegressionResult,
    Starred,
    Text,
    format_value,
)

_ROW, _BETWEEN, _MARGIN = 0.205, 0.16, 0.05
_LEVEL = 0.05
# More items than this are called by their names alone: what they ask stands in the table of loadings.
_MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class _Columns:
    """Centre and width, in inches, of items, factors, composite and outcome."""

    items: tuple[float, float]
    factors: tuple[float, float]
    composite: tuple[float, float]
    outcome: tuple[float, float]


_LABELLED = _Columns((1.03, 2.0), (3.35, 1.3), (0.0, 0.0), (5.75, 1.2))
_LABELLED_COMPOSITE = _Columns((0.9, 1.74), (2.78, 1.14), (4.25, 0.86), (5.77, 1.16))
_NAMED = _Columns((0.55, 1.04), (2.6, 1.4), (0.0, 0.0), (5.65, 1.4))
_NAMED_COMPOSITE = _Columns((0.55, 1.04), (2.2, 1.3), (4.05, 1.0), (5.7, 1.3))


@dataclass(frozen=True, slots=True)
class _Group:
    """A factor and its items with their loadings."""

    factor: str
    items: tuple[tuple[str, float], ...]

    @property
    def rows(self) -> int:
        """How many rows it takes: an ellipse needs two."""
        return max(len(self.items), 2)


def path_diagram(
    key: str, factors: FactorResult, composite: CompositeResult | None, model: RegressionResult, note: Text
) -> Figure | None:
    """Each item under the factor it loads on most, and the coefficients of factors or composite on the outcome.

    `composite` is drawn between factors and outcome where the model uses it. None where the model uses
    neither.
    """
    index = composite if composite and composite.name in model.coefficients.index else None
    used = [name for name in factors.names if name in model.coefficients.index]
    if not used and index is None:
        return None
    groups = _groups(factors, factors.names if index else used)
    labelled = sum(len(group.items) for group in groups) <= _MOST_LABELS
    plain, with_index = (_LABELLED, _LABELLED_COMPOSITE) if labelled else (_NAMED, _NAMED_COMPOSITE)
    columns = with_index if index else plain

    def draw(lang: Lang) -> Canvas:
        rest = _BETWEEN * (len(groups) - 1) + 2 * _MARGIN
        rows = sum(group.rows for group in groups)
        row = min(_ROW, (HEIGHT - rest) / rows)
        height = row * rows + rest
        canvas, axes = new_plane(height)
        places: dict[str, Place] = {}
        y = _MARGIN
        for group in groups:
            size = min(0.62, group.rows * row)
            places[group.factor] = Place(
                columns.factors[0], y + group.rows * row / 2, columns.factors[1], size
            )
            _draw_group(axes, factors, group, places[group.factor], columns, row, labelled, lang)
            y += group.rows * row + _BETWEEN
        outcome = _draw_outcome(axes, model, columns, height, lang)
        if index is None:
            for i, name in enumerate(used):
                _draw_coefficient(axes, places[name], outcome, model, name, _spread(i, len(used)))
        else:
            middle = Place(columns.composite[0], height / 2, columns.composite[1], 0.62)
            for i, (name, place) in enumerate(places.items()):
                _draw_weight(axes, place, middle, float(index.weights[name]), _spread(i, len(places)))
            draw_ellipse(axes, middle, wrapped(_label(index, model)(lang), halves(0.75, 7), 3), fontsize=7)
            _draw_coefficient(axes, middle, outcome, model, index.name, 0.0, raised=0.12)
        return canvas

    title = Text(
        "Path diagram: {label} (arrows to the outcome: b; dashed: p ≥ .05)",
        "路径图：{label}（指向因变量的箭头为系数 b，虚线表示 p ≥ 0.05）",
    ).format(label=model.label or model.name)
    alt = _alt(factors, groups, model, [index.name] if index else used)
    return Figure(key, f"regression_{model.name}", title, alt, draw, note)


def _groups(factors: FactorResult, names: Sequence[str]) -> list[_Group]:
    """Items by the factor they load on most, in the order of the loading table."""
    loadings = factors.loadings.to_numpy(dtype=float)
    row = {str(item): i for i, item in enumerate(factors.loadings.index)}
    best = abs(loadings).argmax(axis=1)
    return [
        _Group(
            name, tuple((i, float(loadings[row[i], j])) for i in factors.display_order() if best[row[i]] == j)
        )
        for j, name in enumerate(factors.names)
        if name in names
    ]


def _draw_group(
    axes: Axes,
    factors: FactorResult,
    group: _Group,
    factor: Place,
    columns: _Columns,
    row: float,
    labelled: bool,
    lang: Lang,
) -> None:
    """A factor and its items, a `row` each: arrows run to a component, and from a common factor."""
    top, size = factor.y - len(group.items) * row / 2, min(6.5, 36 * row)
    for i, (item, loading) in enumerate(group.items):
        box = Place(columns.items[0], top + (i + 0.5) * row, columns.items[1], 0.86 * row)
        label = factors.item_label(item)(lang) if labelled else item
        draw_box(
            axes, box, named_label(item, label, halves(box.width - 0.1, size)), fontsize=size, align="left"
        )
        rim = _left_rim(factor, 0.8 * _spread(i, len(group.items)))
        start, end = (box.right, rim) if factors.extraction == "principal" else (rim, box.right)
        large = abs(loading) >= factors.salient
        draw_arrow(axes, start, end, colour=SOFT, width=0.6, dashed=not large)
        written, shade = format_value(loading, ".2f"), "black" if large else SOFT
        draw_words(
            axes, box.right[0] + 0.18, box.y, written, fontsize=min(6, size), colour=shade, on_white=True
        )
    words = wrapped(factors.factor_label(group.factor)(lang), halves(factor.width - 0.2, 7.5))
    draw_ellipse(axes, factor, words, fill=PALE)


def _draw_outcome(axes: Axes, model: RegressionResult, columns: _Columns, height: float, lang: Lang) -> Place:
    label = model.outcome_label or Text(model.outcome, model.outcome)
    words = wrapped(label(lang), halves(columns.outcome[1] - 0.05, 7.5), 5)
    place = Place(columns.outcome[0], height / 2, columns.outcome[1], LINE * words.count("\n") + 0.4)
    draw_box(axes, place, words, fill=PALE)
    return place


def _draw_coefficient(
    axes: Axes,
    start: Place,
    end: Place,
    model: RegressionResult,
    name: str,
    spread: float,
    raised: float = 0.0,
) -> None:
    estimate = _estimate(model, name)
    target = (end.left[0], end.y + spread * end.height * 0.4)
    dashed = not estimate.p_value < _LEVEL
    draw_arrow(axes, start.right, target, colour=SOFT if dashed else INK, width=1.1, dashed=dashed)
    x, y = (start.right[0] + target[0]) / 2, (start.y + target[1]) / 2
    draw_words(axes, x, y - raised, format_value(estimate, ".2f"), fontsize=7.5, on_white=True)


def _draw_weight(axes: Axes, start: Place, end: Place, weight: float, spread: float) -> None:
    target = _left_rim(end, 0.7 * spread)
    draw_arrow(axes, start.right, target, colour=SOFT, width=0.8)
    x, y = start.right[0] * 0.6 + target[0] * 0.4, start.y * 0.6 + target[1] * 0.4
    draw_words(axes, x, y, format_value(weight, ".2f"), fontsize=6.5, colour=SOFT, on_white=True)


def _spread(i: int, n: int) -> float:
    """From -1 for the first of n to 1 for the last."""
    return 0.0 if n == 1 else 2 * i / (n - 1) - 1


def _left_rim(oval: Place, height: float) -> tuple[float, float]:
    """The point of an ellipse's left half that is `height` (-1 to 1) of the way from its middle to its end."""
    return oval.x - oval.width / 2 * math.sqrt(1 - height**2), oval.y + oval.height / 2 * height


def _estimate(model: RegressionResult, name: str) -> Starred:
    b, p = model.coefficients.loc[[name], ["estimate", "p_value"]].to_numpy(dtype=float)[0]
    return Starred(float(b), float(p))


def _label(index: CompositeResult, model: RegressionResult) -> Text:
    return model.labels.get(index.name) or index.factor_labels.get(index.name) or Text(index.name, index.name)


def _alt(
    factors: FactorResult, groups: Sequence[_Group], model: RegressionResult, terms: Sequence[str]
) -> Text:
    said = []
    for name in terms:
        label = model.terms[name].label if name in model.terms else factors.factor_label(name)
        b = format_value(_estimate(model, name), ".2f")
        said.append(Text("{label} {b}", "{label} {b}").format(label=label, b=b))
    return Text(
        "Path diagram: {items} items on {k} factors, and coefficients on {outcome}: {said} (N = {n}).",
        "路径图：{items} 个题项归于 {k} 个因子；对{outcome}的系数：{said}（N = {n}）。",
    ).format(
        items=sum(len(group.items) for group in groups),
        k=len(groups),
        outcome=model.outcome_label or model.outcome,
        said=Text("; ".join(t.en for t in said), "；".join(t.zh for t in said)),
        n=model.n_obs,
    )
