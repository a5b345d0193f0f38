"""How people write what they mean: numerals, units, marks and words that are not quite the ones expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, Item, ItemType
from socialcap.errors import UsageError
from socialcap.simulation.draw import stream
from socialcap.simulation.model import ReturnedPart

T = TypeVar("T")
SKIPPED, BLANK = "(跳过)", "(空)"
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
ZERO_WIDTH_SPACE = "\u200b"
IDEOGRAPHIC_SPACE = "\u3000"
COUNTED = (ItemType.INTEGER, ItemType.NUMBER, ItemType.PERCENT, ItemType.YEAR)
SMALLEST_IN_HUNDRED_MILLIONS = 1e6


@dataclass(frozen=True, slots=True)
class Cell:
    """One answered cell: the text meant, and the answer itself where it is a number (else NaN)."""

    item: Item
    text: str
    number: float


@dataclass(frozen=True, slots=True)
class Slip:
    """One way of writing, by name: whether it can befall a cell, and what stands there then."""

    kind: str
    applies: Callable[[Cell], bool]
    rewrite: Callable[[Cell], str]


def kinds_of_slips(part: ReturnedPart) -> tuple[Slip, ...]:
    """Every way of writing that leaves the answer to be recognised by a careful reader.

    Numbers are slipped where they are typed in, words where they are ticked on a closed list.
    """
    near = part.near_misses
    return (
        Slip("full_width", lambda c: c.item.type in COUNTED, lambda c: c.text.translate(FULL_WIDTH)),
        Slip("year_word", lambda c: c.item.type is ItemType.YEAR, lambda c: f"{c.text}年"),
        Slip("unit_word", lambda c: c.item.name in part.units, lambda c: c.text + part.units[c.item.name]),
        Slip("yuan", lambda c: c.item.type is ItemType.AMOUNT, lambda c: f"{c.number:.0f}元"),
        Slip("thousands", lambda c: c.item.type is ItemType.AMOUNT, lambda c: f"{c.number:,.0f}"),
        Slip("hundred_millions", _large_amount, lambda c: f"{c.number / 1e8:g}亿"),
        Slip("percent_sign", lambda c: c.item.type is ItemType.PERCENT, lambda c: f"{c.text}%"),
        Slip(
            "invisible", _several_ticked_characters, lambda c: ZERO_WIDTH_SPACE.join((c.text[:1], c.text[1:]))
        ),
        Slip("padded", _ticked, lambda c: c.text + IDEOGRAPHIC_SPACE),
        Slip("near_miss", lambda c: _ticked(c) and c.text in near, lambda c: near[c.text]),
    )


def _large_amount(cell: Cell) -> bool:
    return cell.item.type is ItemType.AMOUNT and cell.number >= SMALLEST_IN_HUNDRED_MILLIONS


def _ticked(cell: Cell) -> bool:
    return cell.item.type is ItemType.ORDINAL and bool(cell.item.values)


def _several_ticked_characters(cell: Cell) -> bool:
    return _ticked(cell) and len(cell.text) > 1


@dataclass(frozen=True)
class Written:
    """Columns of text after the slips, and where each slip stands.

    slips: position (questionnaires counted from 0), variable, kind, text, meant.
    """

    columns: dict[str, list[str]]
    slips: pd.DataFrame


def write_slips(
    columns: dict[str, list[str]],
    answers: pd.DataFrame,
    eligible: NDArray[np.bool_],
    book: Codebook,
    part: ReturnedPart,
    seed: int,
) -> Written:
    """`columns` (n texts per codebook variable) with the slips that [returned] states.

    Only `eligible` (n,) rows are touched, and no cell twice. Raises UsageError where a kind of slip is asked
    for more often than there are cells that it can befall.
    """
    columns = {name: list(texts) for name, texts in columns.items()}
    rows = [int(row) for row in np.flatnonzero(eligible)]
    done: dict[tuple[int, str], tuple[str, str, str]] = {}

    def put(places: Iterable[tuple[int, str, str]], kind: str) -> None:
        for row, name, text in places:
            done[row, name] = (kind, text, columns[name][row])
            columns[name][row] = text

    cells = list(_answered(columns, answers, rows, book))
    for slip in kinds_of_slips(part):
        wanted = getattr(part.slips, slip.kind)
        open_cells = [(row, c) for row, c in cells if (row, c.item.name) not in done and slip.applies(c)]
        chosen = _choose(open_cells, wanted, slip.kind, seed)
        put([(row, cell.item.name, slip.rewrite(cell)) for row, cell in chosen], slip.kind)
    for planted in part.planted:
        name = planted.variable
        here = [row for row, cell in cells if cell.item.name == name and (row, name) not in done]
        drawn = _choose(here, len(planted.texts), f"{planted.kind} {name}", seed)
        put([(row, name, text) for row, text in zip(drawn, planted.texts, strict=True)], planted.kind)
    put(_answered_anyway(columns, rows, book, part.slips.answered_anyway, seed), "answered_anyway")
    records = [(row, name, *rest) for (row, name), rest in sorted(done.items())]
    return Written(columns, pd.DataFrame(records, columns=["position", "variable", "kind", "text", "meant"]))


def _answered(
    columns: dict[str, list[str]], answers: pd.DataFrame, rows: list[int], book: Codebook
) -> Iterator[tuple[int, Cell]]:
    """Cells with one answer, by row: typed in or ticked on a list."""
    for name, texts in columns.items():
        if name not in answers:
            continue
        values = answers[name]
        numbers = values.to_numpy(dtype=float) if values.dtype.kind == "f" else np.full(len(values), np.nan)
        for row in rows:
            if texts[row] not in (SKIPPED, BLANK):
                yield row, Cell(book[name], texts[row], float(numbers[row]))


def _choose(found: list[T], wanted: int, kind: str, seed: int) -> list[T]:
    if wanted > len(found):
        raise UsageError(f"{wanted} slips of the kind {kind} are asked for; {len(found)} cells can have one")
    if wanted == 0:
        return []
    return [found[int(k)] for k in stream(seed, f"slips {kind}").choice(len(found), wanted, replace=False)]


def _answered_anyway(
    columns: dict[str, list[str]], rows: list[int], book: Codebook, wanted: int, seed: int
) -> Iterator[tuple[int, str, str]]:
    """Answers to questions that routing passes over."""
    routed = [
        (row, item)
        for item in book
        if item.skip_if and item.values
        for row in rows
        if columns[item.name][row] == SKIPPED
    ]
    rng = stream(seed, "slips answered_anyway answers")
    for row, item in _choose(routed, wanted, "answered_anyway", seed):
        yield row, item.name, str(rng.choice([option.label.zh for option in book.options(item)]))
