"""A drawing's other files, made of its SVG by typst: the same outlines, without drawing again."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    import typst

PNG_DPI = 200
# what pdfLaTeX includes without a warning
_PDF_VERSION = "1.5"
_METRE = 0.0254
_PAGE = b'#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg")\n'
# signature, and the header's length, name, 13 bytes and sum
_HEADER_END = 8 + 4 + 4 + 13 + 4


def svg_to_png(drawing: bytes) -> bytes:
    """The SVG drawing as PNG of `PNG_DPI` on white, its resolution stated, the same bytes every time."""
    made = _typeset(drawing, format="png", ppi=PNG_DPI)
    return made[:_HEADER_END] + _resolution(PNG_DPI) + made[_HEADER_END:]


def svg_to_pdf(drawing: bytes) -> bytes:
    """The SVG drawing as a PDF page of its size, the same bytes every time."""
    return _typeset(drawing, format="pdf", pdf_standards=[_PDF_VERSION], timestamp=0)


def _typeset(drawing: bytes, **options: Any) -> bytes:
    import typst

    made = typst.compile(
        _PAGE,
        font_paths=_no_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"svg": drawing.decode()},
        **options,
    )
    assert isinstance(made, bytes)  # one page
    return made


@cache
def _no_fonts() -> typst.Fonts:
    """Glyphs are outlines already."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False)


def _resolution(dpi: int) -> bytes:
    """PNG's pHYs chunk (PNG specification, 11.3.4.3): dots in a metre, across and down."""
    dots = round(dpi / _METRE)
    chunk = b"pHYs" + struct.pack(">IIB", dots, dots, 1)
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", crc32(chunk))
