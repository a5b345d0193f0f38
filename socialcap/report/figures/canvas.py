"""What a figure is: words about it, and a drawing made when a format asks for it."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.conversion import PNG_DPI, svg_to_pdf, svg_to_png
from socialcap.report.figures.fonts import chinese_font
from socialcap.report.figures.labels import wrapped
from socialcap.report.figures.svg import small_svg
from socialcap.results import Lang, Text

INK, MARK, SOFT, PALE = "#1b3a57", "#b4552d", "#5a6270", "#e3e7ec"
SERIES = (INK, MARK, "#5b9fc4", "#e0a030", "#8d93a0", "#a7c4a0")
"""Colours of series, told apart by the colour-blind and, with the `MARKERS`, in grey."""
MARKERS = ("o", "s", "D", "^", "v", "P")

WIDTH = 6.4
"""Inches: the width of the text on an A4 page."""

HEIGHT = 8.8
"""Inches: what fits on the page with its caption."""

ImageKind = Literal["svg", "png", "pdf"]
_CONVERSIONS: dict[ImageKind, Callable[[bytes], bytes]] = {"png": svg_to_png, "pdf": svg_to_pdf}
_NOTE_POINTS = 6.5


@dataclass(frozen=True)
class Figure:
    """One figure: `alt` says in words what it shows, `draw` makes the drawing in a language.

    `after` is the key of the table that it follows; `note`, the study's, stands below the drawing.
    """

    key: str
    after: str
    title: Text
    alt: Text
    draw: Callable[[Lang], Canvas]
    note: Text = field(default_factory=Text)
    _images: dict[tuple[Lang, ImageKind], bytes] = field(default_factory=dict, repr=False, compare=False)

    def image(self, lang: Lang, kind: ImageKind) -> bytes:
        """The drawing as a file of its own, the same bytes every time; made once, PNG and PDF of the SVG."""
        if (lang, kind) not in self._images:
            self._images[lang, kind] = self._made(lang, kind)
        return self._images[lang, kind]

    def drawing(self, lang: Lang) -> Canvas:
        """The drawing with its note, margins found."""
        with drawing_style():
            canvas = self.draw(lang)
            if self.note:
                halves = int(canvas.get_figwidth() * 72 / (_NOTE_POINTS / 2)) - 4
                note = wrapped(self.note(lang), halves, lines=3)
                canvas.supxlabel(note, x=0.01, ha="left", fontsize=_NOTE_POINTS, color=SOFT)
            _lay_out(canvas)
        return canvas

    def to_html(self, lang: Lang = "en") -> str:
        """The drawing and its title as one HTML element, for notebooks."""
        drawing = b64encode(self.image(lang, "svg")).decode()
        return (
            f'<figure><img alt="{escape(self.alt(lang))}" src="data:image/svg+xml;base64,{drawing}"'
            f' style="max-width:100%;background:white"><figcaption>{escape(self.title(lang))}</figcaption></figure>'
        )

    def _repr_html_(self) -> str:
        return self.to_html()

    def _made(self, lang: Lang, kind: ImageKind) -> bytes:
        if kind != "svg":
            return _CONVERSIONS[kind](self.image(lang, "svg"))
        target = io.BytesIO()
        with drawing_style():
            self.drawing(lang).savefig(target, format="svg", metadata={"Date": None, "Creator": None})
        return small_svg(target.getvalue(), self.title(lang), self.alt(lang))


def new_canvas(height: float) -> Canvas:
    """An empty drawing as wide as a page's text and `height` inches high, which finds its own margins."""
    return Canvas(figsize=(WIDTH, height), layout="constrained")


def _lay_out(canvas: Canvas) -> None:
    """Find the margins once, with the same measures for every kind of file: saving would draw everything twice."""
    engine = canvas.get_layout_engine()
    if engine is not None:
        FigureCanvasAgg(canvas)
        engine.execute(canvas)
        canvas.set_layout_engine(None)


@contextmanager
def drawing_style() -> Iterator[None]:
    """The house's fonts, sizes and colours, in force while something is drawn."""
    settings: dict[Any, Any] = {
        "font.family": [chinese_font()],
        "font.size": 8,
        # Letters as wide on a screen's grid as in print: margins are measured once for both.
        "text.hinting": "no_hinting",
        "figure.dpi": PNG_DPI,
        "axes.unicode_minus": True,
        "axes.edgecolor": SOFT,
        "axes.linewidth": 0.6,
        "axes.labelsize": 8,
        "axes.titlesize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": "black",
        "ytick.labelcolor": "black",
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "legend.fontsize": 7.5,
        "legend.frameon": False,
        "svg.hashsalt": "socialcap",
        "svg.fonttype": "path",
    }
    with mpl.rc_context(settings):
        yield
