"""What the report says and shows, section by section in reading order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from socialcap.report.blocks import Block, Paragraph, Section
from socialcap.report.citations import Citations
from socialcap.report.contents.checks import diagnostics_section, inference_section, robustness_section
from socialcap.report.contents.closing import (
    appendix_section,
    codebook_section,
    opinion_section,
    provenance_section,
    references_section,
)
from socialcap.report.contents.findings import evidence_section, findings_section
from socialcap.report.contents.further import further_section
from socialcap.report.contents.measurement import adequacy_section, factors_section, reliability_section
from socialcap.report.contents.methods import methods_section
from socialcap.report.contents.models import blocks_section, margins_section, regressions_section
from socialcap.report.contents.sample import profile_section, quality_section, sample_section
from socialcap.report.contents.stock import Stock
from socialcap.report.contents.validity import description_section, validity_section
from socialcap.report.figures import Figure
from socialcap.results import StudyResult, Table

_SHOWING = (
    findings_section,
    sample_section,
    quality_section,
    profile_section,
    reliability_section,
    adequacy_section,
    factors_section,
    validity_section,
    description_section,
    regressions_section,
    blocks_section,
    margins_section,
    further_section,
    diagnostics_section,
    inference_section,
    robustness_section,
    evidence_section,
)


def study_sections(result: StudyResult, figures: Sequence[Figure]) -> tuple[Section, ...]:
    """The sections that a study has, every table of its results in one of them, each figure after its table.

    Where the table is in the appendix, the figure follows what a section of results says of it. A figure
    whose table there is not stands at the end of the appendix, or of the first section.
    """
    stock, cite = Stock.of(result), Citations()
    shown = [section for make in _SHOWING for section in make(result, stock)]
    methods = methods_section(result, cite)
    closing = [*codebook_section(result, stock), *opinion_section(result, stock)]
    provenance = provenance_section(result, stock)
    appendix = appendix_section(stock)
    shown = _spoken_of(shown, [figure for figure in figures if figure.after in _tables(appendix)])
    sections = [*shown, *methods, *appendix, *closing, *references_section(cite), *provenance]
    placed = {figure.key for one in shown for figure in one.figures}
    return tuple(_illustrated(sections, [figure for figure in figures if figure.key not in placed]))


def _tables(sections: Iterable[Section]) -> set[str]:
    return {table.key for one in sections for table in one.tables}


def _spoken_of(sections: Iterable[Section], figures: Iterable[Figure]) -> list[Section]:
    """The sections with each figure after the first paragraph that points to its table, where there is one."""
    waiting = list(figures)
    made = []
    for one in sections:
        blocks: list[Block] = []
        for block in one.blocks:
            said = (
                {sentence.source for sentence in block.sentences} if isinstance(block, Paragraph) else set()
            )
            blocks += [block, *(figure for figure in waiting if figure.after in said)]
            waiting = [figure for figure in waiting if figure.after not in said]
        made.append(replace(one, blocks=tuple(blocks)))
    return made


def _illustrated(sections: Iterable[Section], figures: Sequence[Figure]) -> list[Section]:
    """The sections with each figure after its table."""
    made = [
        replace(one, blocks=tuple(block for shown in one.blocks for block in _followed(shown, figures)))
        for one in sections
    ]
    placed = {figure.key for one in made for figure in one.figures}
    homeless = tuple(figure for figure in figures if figure.key not in placed)
    if homeless:
        keys = [one.key for one in made]
        at = keys.index("appendix") if "appendix" in keys else 0
        made[at] = replace(made[at], blocks=(*made[at].blocks, *homeless))
    return made


def _followed(block: Block, figures: Sequence[Figure]) -> list[Block]:
    after = [figure for figure in figures if isinstance(block, Table) and figure.after == block.key]
    return [block, *after]
