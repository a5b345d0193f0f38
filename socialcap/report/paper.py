"""What the printed formats share: clean text, and paragraphs whose sentences name their sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from unicodedata import category, normalize

from socialcap.report import words
from socialcap.report.columns import LONG_WORD, longest_token
from socialcap.report.document import Block, Document, Heading, Paragraph, Section
from socialcap.results import Lang, Table, Text

BODY = 10.5
"""Size of running text in points."""

_BLANKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_JOINTS = re.compile(r"(?<=[_.:=,;&+@])")


def printable(text: str) -> str:
    """The text on one line, without invisible characters; control and private characters by their codes."""
    line = normalize("NFC", _BLANKS.sub(" ", text))
    if line.isascii() and line.isprintable():
        return line
    return "".join(_visible(character) for character in line)


def code(character: str) -> str:
    """What stands for a character that cannot be shown, such as [U+0007]."""
    return f"[U+{ord(character):04X}]"


def _visible(character: str) -> str:
    kind = category(character)
    if kind == "Cf":
        return ""
    return code(character) if kind in ("Cc", "Co", "Cn", "Cs") else character


def pieces(text: str) -> list[str]:
    """The text cut where lines may break within words too long for a column; one piece where there are none."""
    parts = [""]
    for word in re.split(r"(?<=[ \u3000])", text):
        first, *rest = _word_pieces(word)
        parts[-1] += first
        parts += rest
    return parts


def _word_pieces(word: str) -> list[str]:
    if longest_token(word) <= LONG_WORD:
        return [word]
    joints = [part for part in _JOINTS.split(word) if part]
    step = int(LONG_WORD)
    return [part[i : i + step] for part in joints for i in range(0, len(part), step)]


@dataclass(frozen=True, slots=True)
class Run:
    """What stands on pages of one kind, upright or lying; a section among the parts stands for its heading."""

    lying: bool
    parts: tuple[Section | Block, ...]


def runs(document: Document, lies: Callable[[Table], bool]) -> list[Run]:
    """The document by kinds of pages: tables for which `lies` holds lie on their side, with their headings."""
    parts = [part for section in document.sections for part in (section, *section.blocks)]
    made: list[Run] = []
    lying = False
    for part in reversed(parts):
        if not isinstance(part, Section | Heading):
            lying = isinstance(part, Table) and lies(part)
        if made and made[-1].lying == lying:
            made[-1] = Run(lying, (part, *made[-1].parts))
        else:
            made.append(Run(lying, (part,)))
    return made[::-1]


@dataclass(frozen=True, slots=True)
class Said:
    """Part of a paragraph: words, and the key of the table or figure that they name ("" if none)."""

    words: str
    key: str = ""


def said(paragraph: Paragraph, captions: Mapping[str, Text], lang: Lang) -> list[Said]:
    """The paragraph in parts: each run of sentences from one source is followed by the source's name.

    `captions` are the names of tables and figures by key. A name stands in brackets before the full stop.
    """
    parts: list[Said] = []
    left, right = words.reference_marks(lang)
    following = [sentence.source for sentence in paragraph.sentences[1:]] + [""]
    for number, (sentence, next_source) in enumerate(zip(paragraph.sentences, following, strict=True)):
        text = sentence.text(lang) if number == 0 else words.joined(["", sentence.text(lang)], lang)
        if sentence.source not in captions or next_source == sentence.source:
            parts.append(Said(text))
            continue
        body, stop = words.without_stop(text)
        name = Said(captions[sentence.source](lang), sentence.source)
        parts += [Said(body + left), name, Said(right + stop)]
    return parts


def notes(table: Table, lang: Lang) -> list[tuple[str, str]]:
    """The table's notes, each with the word that leads it, which only the first has."""
    return [(words.NOTE(lang) if number == 0 else "", note(lang)) for number, note in enumerate(table.notes)]
