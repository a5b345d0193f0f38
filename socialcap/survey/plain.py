"""What a text says when nothing has to be interpreted any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import ItemType


def is_float(kind: ItemType) -> bool:
    """Whether cleaned values are floats: numeric types and the 0/1 columns of a multiple choice."""
    return kind.numeric or kind is ItemType.MULTIPLE


def plain_values(codes: NDArray[np.integer[Any]], texts: Sequence[str], kind: ItemType) -> Any:
    """The column (n,) of typed values that `texts[codes]` stand for; "" is missing.

    Numbers are `float(text.strip())`, texts and codes of options themselves, dates ISO text.
    """
    if is_float(kind):
        numbers = np.array([float(text.strip()) if text else np.nan for text in texts], dtype=np.float64)
        return numbers[codes] if numbers.size else np.full(len(codes), np.nan)
    if kind is ItemType.DATE:
        dates = np.array([text or "NaT" for text in texts], dtype="datetime64[us]")
        return dates[codes] if dates.size else np.full(len(codes), np.datetime64("NaT", "us"))
    return pd.array([text or None for text in texts], dtype="str").take(codes)
