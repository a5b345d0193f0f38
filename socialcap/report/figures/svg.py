"""Matplotlib's SVG made small: outlines on a grid, two decimals, nothing that draws nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import count
from string import ascii_letters
from xml.etree.ElementTree import Element, fromstring

_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_HREF = f"{_XLINK}href"
# Matplotlib writes glyphs for a font of 100 points in 64ths of a point, and scales them down again.
_GLYPH_POINTS, _GLYPH_SCALE = 100, "scale(0.015625)"
# Outlines on a grid of 500 to the em: at 8 points finer than a printer's dots.
_GRID = 500
_PER_POINT = 100
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_SEGMENT = re.compile(r"([MLCQzZ])([^MLCQzZ]*)")


@dataclass(frozen=True, slots=True)
class _Names:
    """Short names: of ids that something refers to, and of styles that several elements share."""

    ids: dict[str, str]
    classes: dict[str, str]


def small_svg(drawing: bytes, title: str, description: str) -> bytes:
    """The drawing as a small SVG file with its title and description for those who cannot see it.

    Glyphs stay outlines, so that no reader needs the font: each is written once, as whole steps of a grid.
    """
    root = fromstring(drawing)
    outlines = {path.get("id", ""): path.get("d", "") for path in root.iter(f"{_SVG}path") if _is_glyph(path)}
    ids = _short_names(root, leave_out={name for name, outline in outlines.items() if not outline})
    names = _Names(ids, _classes(root))
    glyphs = "".join(
        f"<path id='{ids[name]}' d='{_glyph_outline(outline)}'/>"
        for name, outline in outlines.items()
        if outline
    )
    parts = "".join(_written(child, names) for child in root)
    rules = "".join(f".{name}{{{style}}}" for style, name in names.classes.items())
    size = " ".join(f'{key}="{root.get(key)}"' for key in ("width", "height", "viewBox"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" {size}><title>{escape(title)}</title><desc>{escape(description)}</desc>'
        f"<style>{rules}</style><defs>{glyphs}</defs>{parts}</svg>\n"
    ).encode()


def _short_names(root: Element, leave_out: set[str]) -> dict[str, str]:
    """Each id that something refers to, except those that draw nothing, and a short one for it."""
    used: dict[str, str] = {}
    names = (_named(number) for number in count())
    for element in root.iter():
        for key in (_HREF, "clip-path"):
            target = element.get(key, "").removeprefix("url(").removesuffix(")").removeprefix("#")
            if target and target not in used and target not in leave_out:
                used[target] = next(names)
    return used


def _classes(root: Element) -> dict[str, str]:
    """Each style that stands there more than once, and a short name for it."""
    counts = Counter(_style(element.get("style", "")) for element in root.iter())
    shared = [style for style, times in counts.items() if style and times > 1]
    return {style: _named(number) for number, style in enumerate(shared)}


def _named(number: int) -> str:
    """A name that begins with a letter: a, b, ... Z, aa, ba, ..."""
    name = ""
    while number >= 0:
        number, letter = divmod(number, len(ascii_letters))
        name += ascii_letters[letter]
        number -= 1
    return name


def _is_glyph(path: Element) -> bool:
    return path.get("transform") == _GLYPH_SCALE


@cache
def _glyph_outline(data: str) -> str:
    return _outline(data, _GRID / (64 * _GLYPH_POINTS), str)


def _outline(data: str, scale: float, write: Callable[[int], str]) -> str:
    """A path times `scale`, rounded, each point relative to the one before; `write` puts a step in words."""
    written: list[str] = []
    x = y = start_x = start_y = 0
    for command, text in _SEGMENT.findall(data):
        if command in "zZ":
            written.append("z")
            x, y = start_x, start_y
            continue
        numbers = [round(float(number) * scale) for number in text.split()]
        steps = [value - (y if i % 2 else x) for i, value in enumerate(numbers)]
        if command == "L" and 0 in steps:
            written.append(f"v{write(steps[1])}" if steps[0] == 0 else f"h{write(steps[0])}")
        else:
            written.append(command.lower() + _joined(map(write, steps)))
        x, y = numbers[-2:]
        if command == "M":
            start_x, start_y = x, y
    return "".join(written)


def _joined(numbers: Iterator[str]) -> str:
    """Numbers with a space between them, except where a sign stands in between already."""
    return re.sub(r" -", "-", " ".join(numbers))


def _written(element: Element, names: _Names) -> str:
    """An element and what is in it; groups that say nothing, metadata and moved glyphs are left out."""
    tag = element.tag.removeprefix(_SVG)
    if tag == "metadata" or (tag == "path" and _is_glyph(element)):
        return ""
    if tag == "style":
        return f"<style>{_style(element.text or '')}</style>"
    text = _is_text(element)
    inner = _glyph_uses(element, names) if text else "".join(_written(child, names) for child in element)
    attributes = "".join(_attributes(element, names, text))
    if tag in ("g", "defs") and not (inner and (attributes or tag == "defs")):
        return inner
    return f"<{tag}{attributes}>{inner}</{tag}>" if inner else f"<{tag}{attributes}/>"


def _is_text(element: Element) -> bool:
    """Whether a group is a line of text: glyphs side by side."""
    uses = element.findall(f"{_SVG}use")
    return bool(uses) and "scale(" in element.get("transform", "")


def _glyph_uses(line: Element, names: _Names) -> str:
    """The glyphs of a line of text, placed on the grid of the outlines."""
    uses = []
    for use in line.findall(f"{_SVG}use"):
        name = names.ids.get(use.get(_HREF, "")[1:])
        if name is None:
            continue
        offset = [float(number) for number in _NUMBER.findall(use.get("transform", ""))] or [0.0, 0.0]
        x, y = (round(value * _GRID / _GLYPH_POINTS) for value in offset)
        place = (f" x='{x}'" if x else "") + (f" y='{y}'" if y else "")
        uses.append(f"<use xlink:href='#{name}'{place}/>")
    return "".join(uses)


def _attributes(element: Element, names: _Names, text: bool) -> Iterator[str]:
    """Attributes in single quotes, which a page that holds the drawing in its source need not escape."""
    for key, value in element.attrib.items():
        if key == "id":
            if value in names.ids:
                yield f" id='{names.ids[value]}'"
        elif key == _HREF:
            yield f" xlink:href='#{names.ids[value[1:]]}'"
        elif key == "clip-path":
            yield f" clip-path='url(#{names.ids[value[5:-1]]})'"
        elif key == "d":
            yield f" d='{_path(value)}'"
        elif key == "style":
            style = _style(value)
            name = names.classes.get(style)
            yield f" class='{name}'" if name else f" style='{style}'"
        elif key == "transform":
            yield f" transform='{_text_transform(value) if text else _rounded(value)}'"
        else:
            yield f" {key}='{_rounded(value)}'"


def _path(data: str) -> str:
    return _outline(data, _PER_POINT, lambda step: _short(step / _PER_POINT))


def _style(value: str) -> str:
    """Declarations without spaces, colours of doubled digits in three."""
    tight = re.sub(r"\s*([:;,])\s*", r"\1", value)
    return re.sub(r"#([0-9a-f])\1([0-9a-f])\2([0-9a-f])\3(?![0-9a-f])", r"#\1\2\3", tight)


def _text_transform(value: str) -> str:
    """Where a line of text stands, its scale from the grid of the outlines."""
    head, _, scale = value.partition("scale(")
    x, y = (float(number) * _GLYPH_POINTS / _GRID for number in _NUMBER.findall(scale))
    return f"{_rounded(head)}scale({x:.5g} {y:.5g})"


def _rounded(value: str) -> str:
    """Every number in the text to two decimals."""
    return _NUMBER.sub(lambda found: _short(float(found.group())), value)


def _short(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("0.", ".", 1) if abs(number) < 1 else text
