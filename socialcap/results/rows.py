"""Frames read row by row, for tables."""

from typing import Any

import pandas as pd


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows as named tuples, `Index` being the row's label."""
    return list(frame.itertuples())
