"""What a report is made of: sections of headings, sentences, tables and figures, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from socialcap.report.figures import Figure
from socialcap.results import Table, Text


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing said, and the key of the table or figure that shows the numbers it is said from."""

    text: Text
    source: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences that belong together."""

    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section; `key` is what a link to it names."""

    key: str
    text: Text


Block = Heading | Paragraph | Table | Figure


@dataclass(frozen=True)
class Section:
    """One part of the report: its blocks in reading order."""

    key: str
    heading: Text
    blocks: tuple[Block, ...]

    @property
    def tables(self) -> list[Table]:
        """The tables of the section."""
        return [block for block in self.blocks if isinstance(block, Table)]

    @property
    def figures(self) -> list[Figure]:
        """The figures of the section."""
        return [block for block in self.blocks if isinstance(block, Figure)]

    @property
    def sentences(self) -> list[Sentence]:
        """The sentences of the section."""
        return [
            sentence for block in self.blocks if isinstance(block, Paragraph) for sentence in block.sentences
        ]


@dataclass(frozen=True)
class Document:
    """The whole report; `note` stands on its face.

    Keys of headings, tables and figures are unique, and sentences point to tables and figures that are there.
    """

    name: str
    title: Text
    note: Text
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        keys = [block.key for block in self.blocks() if not isinstance(block, Paragraph)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"these keys stand twice in the document: {', '.join(twice)}")
        shown = {"", *self.numbers()}
        lost = sorted({said.source for section in self.sections for said in section.sentences} - shown)
        if lost:
            raise ValueError(f"sentences point to no table or figure of the document: {', '.join(lost)}")

    def blocks(self) -> Iterator[Block]:
        """All blocks in reading order."""
        for section in self.sections:
            yield from section.blocks

    @property
    def tables(self) -> list[Table]:
        """All tables in reading order."""
        return [table for section in self.sections for table in section.tables]

    @property
    def figures(self) -> list[Figure]:
        """All figures in reading order."""
        return [figure for section in self.sections for figure in section.figures]

    def numbers(self) -> dict[str, int]:
        """The number of each table among the tables and of each figure among the figures, by key."""
        tables = {table.key: number for number, table in enumerate(self.tables, 1)}
        return tables | {figure.key: number for number, figure in enumerate(self.figures, 1)}
