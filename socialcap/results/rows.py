"""Frames read row by row, for tables and for JSON."""

import math
from typing import Any

import pandas as pd

from socialcap.results.table import Text


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows as named tuples, `Index` being the row's label."""
    return list(frame.itertuples())


def plain_frame(frame: pd.DataFrame | None) -> dict[str, Any] | None:
    """A frame of numbers, JSON-ready: rows, columns and values, None for what is not finite; None for none."""
    if frame is None:
        return None
    values = [
        [value if math.isfinite(value) else None for value in row] for row in frame.to_numpy(float).tolist()
    ]
    return {"rows": list(map(str, frame.index)), "columns": list(map(str, frame.columns)), "values": values}


def row_count(n: int) -> Text:
    """ "1 row", "12 rows"; “12 行”."""
    return Text(f"{n} row" if n == 1 else f"{n} rows", f"{n} 行")
