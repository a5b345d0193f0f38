"""Numbers read out of frames."""

from __future__ import annotations

from typing import Any

import pandas as pd


def numbers(frame: pd.DataFrame, row: Any) -> dict[str, float]:
    """The numeric columns of one row, by name."""
    values = frame.loc[[row]].select_dtypes("number")
    return {str(key): float(value) for key, value in zip(values.columns, values.to_numpy()[0], strict=True)}


def at(frame: pd.DataFrame, row: Any, column: str) -> float:
    """One number."""
    return float(frame[column].to_numpy(dtype=float)[frame.index.get_loc(row)])


def entry(series: pd.Series, key: Any) -> float:
    """One number of a series."""
    return float(series.to_numpy(dtype=float)[series.index.get_loc(key)])
