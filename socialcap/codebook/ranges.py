"""The range that an item's answers lie in."""

from __future__ import annotations

import math
import unicodedata

from socialcap.codebook.model import Codebook, Item, ItemType


def as_number(text: str) -> float | None:
    """The finite number that a code writes; None if it writes none."""
    if "_" in text:  # float() reads 1_000, which nobody means
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def code_text(text: str) -> str:
    """The code as it is kept: a number in full-width characters becomes the same number in plain ones."""
    plain = unicodedata.normalize("NFKC", text)
    return plain if as_number(plain) is not None else text


def scale_range(item: Item, book: Codebook) -> tuple[float, float] | None:
    """The lowest and highest value that the instrument offers; None where the codebook does not say.

    `min` and `max` count first; a side left open is taken from the codes of an ordinal item's value list
    (options that mean a missing value left out), provided that every code is a number. The data are never
    consulted: an observed range would turn reverse-coded answers around the wrong middle.
    """
    low, high = item.minimum, item.maximum
    if (low is None or high is None) and item.type is ItemType.ORDINAL and item.values in book.value_lists:
        codes = [as_number(code) for code in book.value_lists[item.values].codes]
        numbers = [code for code in codes if code is not None]
        if numbers and len(numbers) == len(codes):
            low = min(numbers) if low is None else low
            high = max(numbers) if high is None else high
    return None if low is None or high is None else (low, high)
