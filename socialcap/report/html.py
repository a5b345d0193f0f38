"""A report as one HTML file: no outside link, both languages behind a switch."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from socialcap.plan import Style
from socialcap.report.document import Block, Document, Heading, Paragraph
from socialcap.report.figures import Figure
from socialcap.results import Lang, Table, Text

_WORDS = {"contents": Text("Contents", "目录")}


def render(document: Document, languages: Sequence[Lang], styles: Mapping[Lang, Style]) -> dict[str, bytes]:
    """The document as report.html, the first of `languages` shown first."""
    style, script = _part("report.css"), _part("report.js")
    page = (
        _environment()
        .from_string(_part("report.html.j2"))
        .render(
            title=document.title,
            note=document.note,
            sections=document.sections,
            languages=list(languages),
            styles=styles,
            kind=_kind,
            words=_WORDS,
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )
    return {"report.html": page.encode()}


def _environment() -> Environment:
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["base64"] = lambda content: b64encode(content).decode()
    environment.filters["html_lang"] = lambda lang: "zh-CN" if lang == "zh" else lang
    return environment


def _kind(block: Block) -> str:
    """What a block is, for the template."""
    kinds = {Heading: "heading", Paragraph: "paragraph", Table: "table", Figure: "figure"}
    return kinds[type(block)]


def _part(name: str) -> str:
    return (files("socialcap.report") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a content-security policy names an inline style or script by."""
    return b64encode(sha256(text.encode()).digest()).decode()
