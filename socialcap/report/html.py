"""A report as one HTML file: no outside link, both languages behind a switch, tables that sort and copy."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from socialcap.plan import Style
from socialcap.report import words
from socialcap.report.document import Block, Document, Heading, Paragraph
from socialcap.report.figures import Figure
from socialcap.report.html_tables import grid, look
from socialcap.report.html_values import table_values
from socialcap.report.paper import said
from socialcap.report.tex_text import escaped
from socialcap.results import Lang, Table, Text

_SKIP = Text("Skip to the report", "跳到正文")
_LANGUAGE = Text("Language", "语言")

_SCRIPT_WORDS = {
    "copyAs": Text("Copy as", "复制为"),
    "copy": Text("Copy {table} as {format}", "将{table}复制为 {format}"),
    "copied": Text("{table} copied as {format}.", "{table}已复制为 {format}。"),
    "refused": Text(
        "The browser did not allow copying. Select the table and copy it by hand.",
        "浏览器不允许复制，请选中表格手动复制。",
    ),
    "sort": Text("Sort by this column", "按此列排序"),
    "ascending": Text("{table} sorted by {column}, ascending.", "{table}已按“{column}”升序排列。"),
    "descending": Text("{table} sorted by {column}, descending.", "{table}已按“{column}”降序排列。"),
    "restored": Text("{table} back in its own order.", "{table}已恢复原有顺序。"),
    "stars": Text("{column}: stars", "{column}：显著性"),
}

Printed = Mapping[tuple[str, Lang], tuple[list[str], list[list[str]]]]
"""Headings and cells of each table as they are printed, by key and language."""


def render(document: Document, languages: Sequence[Lang], styles: Mapping[Lang, Style]) -> dict[str, bytes]:
    """The document as report.html, the first of `languages` shown first."""
    style, plain_style, script = _part("report.css"), _part("no_script.css"), _part("report.js")
    printed = {(table.key, lang): table.text(lang) for table in document.tables for lang in languages}
    page = (
        _environment()
        .from_string(_part("report.html.j2"))
        .render(
            document=document,
            languages=list(languages),
            styles=styles,
            names=words.captions(document),
            contents=words.CONTENTS,
            note_word=words.NOTE,
            skip=_SKIP,
            switch_label=" / ".join(_LANGUAGE(lang) for lang in languages),
            kind=_kind,
            cited=_cited,
            image=_image,
            size=_size,
            printed=printed,
            grid=grid,
            look=look,
            style=Markup(style),
            plain_style=Markup(plain_style),
            script=Markup(script),
            data=Markup(_data(document, languages, printed)),
            policy=_policy([style, plain_style], [script]),
        )
    )
    return {"report.html": page.encode()}


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["tag"] = words.LANGUAGE_TAGS.__getitem__
    environment.filters["own_name"] = words.LANGUAGE_NAMES.__getitem__
    return environment


def _kind(block: Block) -> str:
    """What a block is, for the template."""
    kinds = {Heading: "heading", Paragraph: "paragraph", Table: "table", Figure: "figure"}
    return kinds[type(block)]


def _cited(paragraph: Paragraph, names: Mapping[str, Text], lang: Lang) -> Markup:
    """A paragraph, its sentences followed by links to the tables and figures that their numbers stand in."""
    link = Markup('<a href="#{}-{}">{}</a>')
    parts = said(paragraph, names, lang)
    return Markup().join(
        link.format(part.key, lang, part.words) if part.key else part.words for part in parts
    )


def _image(figure: Figure, lang: Lang) -> Markup:
    """The drawing as an address of its own. As text it takes a quarter less than as base64."""
    drawing = figure.image(lang, "svg").decode()
    drawing = drawing[drawing.index("<svg") :].strip().replace("%", "%25").replace("#", "%23")
    if "'" not in drawing:
        drawing = drawing.replace('"', "'")  # a quotation mark takes six characters within an attribute
    return Markup("data:image/svg+xml;charset=utf-8," + drawing.replace("&", "&amp;").replace('"', "&quot;"))


def _size(figure: Figure, lang: Lang) -> Markup:
    """The drawing's width and height in pixels, so that the page keeps its place while drawings load."""
    view = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', figure.image(lang, "svg"))
    if view is None:
        return Markup()
    width, height = (round(float(points) * 4 / 3) for points in view.groups())
    return Markup(' width="{}" height="{}"').format(width, height)


def _data(document: Document, languages: Sequence[Lang], printed: Printed) -> str:
    """What the script needs to know, as JSON that cannot end the element it stands in."""
    known = {
        "words": {lang: {key: text(lang) for key, text in _SCRIPT_WORDS.items()} for lang in languages},
        "latex": {lang: _latex(document, lang, printed) for lang in languages},
        "tables": {table.key: table_values(table) for table in document.tables},
    }
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )


def _latex(document: Document, lang: Lang, printed: Printed) -> dict[str, str]:
    """How LaTeX writes each character of the tables that it does not write as itself."""
    characters = set(words.NOTE(lang))
    for table in document.tables:
        headings, rows = printed[table.key, lang]
        texts = [table.title(lang), *headings, *(note(lang) for note in table.notes)]
        characters.update(*texts, *(cell for row in rows for cell in row))
    written = {character: escaped(character, lang) for character in sorted(characters)}
    return {character: source for character, source in written.items() if source != character}


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """A content-security policy under which nothing but these styles and scripts runs and nothing is fetched."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hashes(styles)}; script-src {_hashes(scripts)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: Sequence[str]) -> str:
    return " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts)


def _part(name: str) -> str:
    return (files("socialcap.report") / "templates" / name).read_text(encoding="utf-8")
