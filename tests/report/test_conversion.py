"""Files made of a drawing's SVG: size, resolution, colours and places are those of the drawing."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from socialcap.report.figures.conversion import PNG_DPI, svg_to_pdf, svg_to_png

# a page of 72 by 36 points with a square of 18 points, a glyph's reuse of it, and nothing elsewhere
DRAWING = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="72pt" '
    b'height="36pt" viewBox="0 0 72 36"><style>.a{fill:#1b3a57}</style>'
    b"<defs><path id='q' d='M0 0h18v18h-18z'/></defs>"
    b"<use xlink:href='#q' x='9' y='9' class='a'/><use xlink:href='#q' x='45' y='9' style='fill:#b4552d'/></svg>"
)
INK, MARK, PAPER = (0x1B, 0x3A, 0x57), (0xB4, 0x55, 0x2D), (255, 255, 255)
PLACES = {(18, 18): INK, (54, 18): MARK, (36, 18): PAPER, (18, 4): PAPER, (70, 34): PAPER}
"""Points from the upper left corner, well inside what is drawn there."""


def colours(picture: Image.Image) -> dict[tuple[int, int], tuple[int, ...]]:
    cells = np.asarray(picture.convert("RGB"))
    per_point = cells.shape[1] / 72
    return {(x, y): tuple(map(int, cells[int(y * per_point), int(x * per_point)])) for x, y in PLACES}


def test_a_png_is_the_drawing_in_its_size_on_white() -> None:
    picture = Image.open(io.BytesIO(svg_to_png(DRAWING)))
    picture.load()  # which checks the sum of every chunk
    assert picture.size == (PNG_DPI, PNG_DPI // 2)
    # whole dots in a metre
    assert picture.info["dpi"] == pytest.approx((PNG_DPI, PNG_DPI), abs=0.01)
    assert colours(picture) == PLACES


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="needs pdftoppm")
def test_a_pdf_is_the_drawing_in_its_size(tmp_path: Path) -> None:
    made = svg_to_pdf(DRAWING)
    assert made.startswith(b"%PDF-1.5")
    source = tmp_path / "drawing.pdf"
    source.write_bytes(made)
    subprocess.run(
        ["pdftoppm", "-r", "144", "-png", "-singlefile", source, source.with_suffix("")], check=True
    )
    picture = Image.open(source.with_suffix(".png"))
    assert picture.size == (144, 72)
    assert colours(picture) == PLACES


def test_the_same_bytes_every_time() -> None:
    assert svg_to_png(DRAWING) == svg_to_png(DRAWING)
    assert svg_to_pdf(DRAWING) == svg_to_pdf(DRAWING)
