"""Boxes and arrows on a plane measured in inches from the upper left corner."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Ellipse, FancyArrowPatch, Rectangle

from socialcap.report.figures.canvas import INK, SOFT, WIDTH

LINE = 0.155
"""Inches from one line of text to the next."""
_FOOT = 0.3


@dataclass(frozen=True, slots=True)
class Place:
    """A box by its centre and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> tuple[float, float]:
        """The middle of the left side."""
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> tuple[float, float]:
        """The middle of the right side."""
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        """The middle of the lower side."""
        return self.x, self.y + self.height / 2

    @property
    def top(self) -> tuple[float, float]:
        """The middle of the upper side."""
        return self.x, self.y - self.height / 2


def new_plane(height: float) -> tuple[Canvas, Axes]:
    """A drawing whose axes count `height` inches downwards, with room for a note below."""
    whole = height + _FOOT
    canvas = Canvas(figsize=(WIDTH, whole))
    axes = canvas.add_axes((0, _FOOT / whole, 1, height / whole))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    return canvas, axes


def halves(width: float, fontsize: float) -> int:
    """How many halves of the font's size stand side by side in a width in inches."""
    return max(4, int(width * 72 / (fontsize / 2)) - 2)


def draw_box(
    axes: Axes, place: Place, text: str, *, fontsize: float = 7.5, fill: str = "white", align: str = "center"
) -> None:
    """A rectangle with text in it."""
    corner = (place.x - place.width / 2, place.y - place.height / 2)
    axes.add_patch(
        Rectangle(corner, place.width, place.height, facecolor=fill, edgecolor=SOFT, linewidth=0.7)
    )
    _write(axes, place, text, fontsize, align)


def draw_ellipse(axes: Axes, place: Place, text: str, *, fontsize: float = 7.5, fill: str = "white") -> None:
    """An ellipse with text in it."""
    axes.add_patch(
        Ellipse((place.x, place.y), place.width, place.height, facecolor=fill, edgecolor=INK, linewidth=0.9)
    )
    _write(axes, place, text, fontsize, "center")


def draw_arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    colour: str = INK,
    width: float = 0.9,
    dashed: bool = False,
) -> None:
    """A straight arrow."""
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=7, shrinkA=0, shrinkB=0, color=colour,
            linewidth=width, linestyle="--" if dashed else "-",
        )
    )  # fmt: skip


def draw_words(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    fontsize: float = 7,
    colour: str = "black",
    align: str = "center",
    on_white: bool = False,
) -> None:
    """Text around a point, on a white ground where lines pass below."""
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if on_white else None
    axes.text(
        x,
        y,
        text,
        fontsize=fontsize,
        color=colour,
        ha=align,
        va="center",
        linespacing=1.25,
        bbox=ground,
        zorder=5,
    )


def _write(axes: Axes, place: Place, text: str, fontsize: float, align: str) -> None:
    x = place.x if align == "center" else place.x - place.width / 2 + 0.08
    draw_words(axes, x, place.y, text, fontsize=fontsize, align=align)
