"""What a figure is: words about it, and a drawing made when a format asks for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.fonts import chinese_font
from socialcap.results import Lang, Text

INK, MARK, SOFT = "#1b3a57", "#b4552d", "#5a6270"

ImageKind = Literal["svg", "png", "pdf"]
PNG_DPI = 200
_METADATA: dict[ImageKind, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


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
        """The drawing as a file of its own, the same bytes every time; made once."""
        if (lang, kind) not in self._images:
            self._images[lang, kind] = self._made(lang, kind)
        return self._images[lang, kind]

    def _made(self, lang: Lang, kind: ImageKind) -> bytes:
        target = io.BytesIO()
        with _style():
            canvas = self.draw(lang)
            if self.note:
                canvas.supxlabel(self.note(lang), x=0.01, ha="left", fontsize=6.5, color=SOFT)
            canvas.savefig(target, format=kind, dpi=PNG_DPI, metadata=_METADATA[kind])
        return target.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    settings: dict[Any, Any] = {
        "font.family": [chinese_font()],
        "axes.unicode_minus": False,
        "svg.hashsalt": "socialcap",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(settings):
        yield
