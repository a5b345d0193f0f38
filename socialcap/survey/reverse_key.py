"""Items that point against their scale: perhaps reversed in the questionnaire and not in the codebook."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, scale_range
from socialcap.results import Column, Table, Text

PERHAPS_UNREVERSED = Text("perhaps unreversed", "可能未反向计分")
THROUGH_OTHERS = Text("negative through the items named", "因所列题目而为负")

FloatArray = NDArray[np.float64]


def reverse_key_check(frame: pd.DataFrame, book: Codebook) -> Table:
    """Corrected item-total correlations of every scale's items, and which items to look at.

    `frame` has one numeric column per item, reverse-coded by the codebook. An item is correlated with the
    mean of the scale's other items, over the rows that answered the item and at least half of the others
    (Pearson; Nunnally and Bernstein, 1994, ch. 8: the item itself is taken out of the total).

    While any correlation is negative, the item with the lowest is turned round and all are computed anew:
    an item turned is perhaps unreversed (or, if the codebook reverses it, was so already); one that was
    negative and is not any more had only followed the others. Of two items that disagree both are named.
    """
    rows = []
    for scale, names in book.scales.items():
        present = [name for name in names if name in frame and book[name].type.numeric]
        if len(present) < 2:
            continue
        values = frame[present].to_numpy(dtype=np.float64, na_value=np.nan)
        first = _item_rest(values)
        turned, last = _turn(values, [_middle(frame, name, book) for name in present])
        for at, name in enumerate(present):
            r = first[at][0]
            negative = THROUGH_OTHERS if r is not None and r < 0 else None
            verdict = PERHAPS_UNREVERSED if at in turned else negative
            reverse = "R" if book[name].reverse else None
            rows.append((scale, name, book.label(name), reverse, first[at][1], r, last[at][0], verdict))
    columns = (
        Column("scale", Text("Scale", "量表"), align="left"),
        Column("variable", Text("Variable", "变量"), align="left"),
        Column("label", Text("Label", "标签"), align="left"),
        Column("reverse", Text("Reverse-coded", "反向计分"), align="left"),
        Column("n", Text("n"), "d"),
        Column("r", Text("Item-rest r", "校正的题总相关"), ".3f"),
        Column("r_turned", Text("r with the items named turned", "所列题目反向后的 r"), ".3f"),
        Column("verdict", Text("Verdict", "判断"), align="left"),
    )
    note = Text(
        "Pearson correlation of the item with the mean of its scale's other items (at least half answered).",
        "题目与同量表其余题目均值（至少回答一半）的 Pearson 相关。",
    )
    return Table("reverse_key", Text("Reverse-key check", "反向计分检查"), columns, tuple(rows), (note,))


def _middle(frame: pd.DataFrame, name: str, book: Codebook) -> float:
    """The point about which an item is turned: the middle of its range, else its mean."""
    bounds = scale_range(book[name], book)
    return sum(bounds) / 2 if bounds else float(frame[name].mean())


def _turn(values: FloatArray, middles: list[float]) -> tuple[set[int], list[tuple[float | None, int]]]:
    """The items (n, p) to turn until no correlation is negative, and the correlations after that."""
    turned: set[int] = set()
    values = values.copy()
    for _ in middles:
        correlations = [1.0 if r is None else r for r, _ in _item_rest(values)]
        at = int(np.argmin(correlations))
        if correlations[at] >= 0 or at in turned:
            break
        turned |= {0, 1} if len(middles) == 2 else {at}
        values[:, at] = 2 * middles[at] - values[:, at]
    return turned, _item_rest(values)


def _item_rest(values: FloatArray) -> list[tuple[float | None, int]]:
    """Each column's correlation with the mean of the others (n, p), and the rows it rests on."""
    answered = ~np.isnan(values)
    filled = np.where(answered, values, 0.0)
    found: list[tuple[float | None, int]] = []
    for at in range(values.shape[1]):
        others = np.delete(answered, at, axis=1).sum(axis=1)
        usable = answered[:, at] & (2 * others >= values.shape[1] - 1) & (others > 0)
        x = values[usable, at]
        # Summed anew for each item: taking the item out of a total would leave rounding in a constant.
        rest = np.delete(filled[usable], at, axis=1).sum(axis=1) / others[usable]
        known = len(x) > 2 and np.ptp(x) > 0 and np.ptp(rest) > 0
        found.append((float(np.corrcoef(x, rest)[0, 1]) if known else None, len(x)))
    return found
