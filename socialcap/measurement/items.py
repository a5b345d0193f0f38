"""Items as numbers: the one place where measurement drops labels and says what is wrong with the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.correlation import listwise

_FEWEST_REPLICATES = 20


def item_values(frame: pd.DataFrame, items: Sequence[str] | None = None) -> tuple[list[str], FloatArray]:
    """Names and values (n, p) of the items, NaN where missing.

    Raises UsageError for names that the frame does not have, EstimationError for items that cannot be
    measured (text, infinite values, no value at all, one value only), all of them at once.
    """
    names = [str(name) for name in (frame.columns if items is None else items)]
    columns = [str(name) for name in frame.columns]
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise UsageError("items are missing from the data", unknown_items(unknown, columns))
    if twice := sorted({name for name in names if names.count(name) > 1 or columns.count(name) > 1}):
        raise UsageError(f"items are there twice: {', '.join(twice)}")
    if len(names) < 2:
        raise UsageError("measurement needs at least two items")
    chosen = frame.iloc[:, [columns.index(name) for name in names]]
    if all(isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in chosen.dtypes):
        values = np.array(chosen.to_numpy(dtype=float), order="C")
        if _sound(values):
            return names, values
    values = np.full((len(frame), len(names)), np.nan)
    problems: list[Problem] = []
    for j, name in enumerate(names):
        column = chosen.iloc[:, j]
        number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        problems += _faults(name, column, number)
        values[:, j] = number
    if problems:
        raise EstimationError("these items cannot be analysed", problems)
    return names, values


def unknown_items(unknown: Sequence[str], known: Sequence[str]) -> list[Problem]:
    """What to say of items that do not exist, each with the nearest name that does."""
    return [Problem(f"there is no item {name!r}" + _hint(name, known)) for name in unknown]


def _hint(name: str, columns: Sequence[str]) -> str:
    near = nearest(name, columns)
    return f"; did you mean {near!r}?" if near else ""


def _sound(values: FloatArray) -> bool:
    """Whether every column of `values` (n, p) varies and has no infinite value."""
    absent = np.isnan(values)
    least = np.where(absent, np.inf, values).min(axis=0, initial=np.inf)
    largest = np.where(absent, -np.inf, values).max(axis=0, initial=-np.inf)
    return bool((np.isfinite(least) & np.isfinite(largest) & (least < largest)).all())


def _faults(name: str, column: pd.Series, number: FloatArray) -> list[Problem]:
    if column.dtype.kind in "mM":
        return [Problem("holds dates instead of numbers", column=name, value=str(column.dropna().iloc[0]))]
    unreadable = column[np.isnan(number) & column.notna().to_numpy()]
    if len(unreadable):
        return [Problem("holds text instead of numbers", column=name, value=str(unreadable.iloc[0]))]
    if np.isinf(number).any():
        return [Problem(f"holds {int(np.isinf(number).sum())} infinite values", column=name)]
    present = number[~np.isnan(number)]
    if not present.size:
        return [Problem("has no value at all", column=name)]
    if np.ptp(present) == 0:
        return [Problem("has the same value in every row", column=name, value=f"{present[0]:g}")]
    return []


def complete_rows(names: Sequence[str], values: FloatArray, index: pd.Index) -> tuple[FloatArray, pd.Series]:
    """The rows without a missing item, and for each row left out which items it lacks.

    Raises EstimationError if fewer rows than items are left, or an item no longer varies in them.
    """
    absent = np.isnan(values)
    kept = values[listwise(values)]
    dropped = dropped_rows(names, absent, index)
    if len(kept) <= len(names):
        raise EstimationError(
            f"{len(kept)} rows are complete on all {len(names)} items; more rows than items are needed",
            [
                Problem(f"is missing in {count} of {len(values)} rows", column=name)
                for name, count in zip(names, absent.sum(axis=0), strict=True)
                if count
            ],
        )
    if constant := [name for name, spread in zip(names, np.ptp(kept, axis=0), strict=True) if spread == 0]:
        raise EstimationError(
            "among the complete rows these items have only one value",
            [Problem("is constant once incomplete rows are left out", column=name) for name in constant],
        )
    return kept, dropped


def dropped_rows(names: Sequence[str], absent: np.ndarray, index: pd.Index) -> pd.Series:
    """For each row with a missing item: which items it lacks."""
    rows = np.flatnonzero(absent.any(axis=1))
    reasons = [
        "missing: " + ", ".join(name for name, gone in zip(names, absent[i], strict=True) if gone)
        for i in rows
    ]
    return pd.Series(reasons, index=index[rows], name="reason", dtype=object)


_MOST_CATEGORIES = 10


def ordinal_items(values: FloatArray) -> np.ndarray:
    """Which items (p,) of `values` (n, p) are ordinal: at most ten distinct values, all whole numbers."""
    return np.array([_is_ordinal(column[~np.isnan(column)]) for column in values.T])


def _is_ordinal(present: FloatArray) -> bool:
    return bool(len(np.unique(present)) <= _MOST_CATEGORIES and np.all(present == np.round(present)))


def ordinal_codes(names: Sequence[str], values: FloatArray) -> tuple[IntArray, tuple[int, ...]]:
    """Categories 0, 1, ... in rank order, -1 where missing (n, p), and how many each item has.

    Raises EstimationError for items with more than ten categories, which are not ordinal for this purpose.
    """
    codes = np.full(values.shape, -1, dtype=np.int64)
    counts: list[int] = []
    for j, column in enumerate(values.T):
        present = ~np.isnan(column)
        levels, place = np.unique(column[present], return_inverse=True)
        codes[present, j] = place
        counts.append(len(levels))
    many = [(name, count) for name, count in zip(names, counts, strict=True) if count > _MOST_CATEGORIES]
    if many:
        raise EstimationError(
            "polychoric correlations are for ordered categories; use 'mixed' or 'pearson' for these items",
            [
                Problem(f"has {count} different values, at most {_MOST_CATEGORIES} are expected", column=name)
                for name, count in many
            ],
        )
    return codes, tuple(counts)


def row_values(frame: pd.DataFrame, given: pd.Series | str, what: str) -> pd.Series:
    """One value for each row of `frame`: a column of it by name, or a series matched by its index.

    Raises UsageError for a column that does not exist, and for labels that occur twice, so that a series
    cannot be matched. Rows that the series lacks are NaN.
    """
    if isinstance(given, str):
        if given not in frame:
            raise UsageError(
                f"{what}: there is no column {given!r}" + _hint(given, [*map(str, frame.columns)])
            )
        return frame[given]
    if given.index.equals(frame.index):
        return given
    if not (given.index.is_unique and frame.index.is_unique):
        raise UsageError(f"{what}: row labels occur twice, so that the series cannot be matched to the data")
    return given.reindex(frame.index)


def case_weights(frame: pd.DataFrame, weights: pd.Series | str | None) -> FloatArray | None:
    """Sampling weights (n,) of the rows of `frame`; None where none are given.

    Raises UsageError if they are not one positive, finite number for each row.
    """
    if weights is None:
        return None
    column = row_values(frame, weights, "weights")
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(bad):
        raise UsageError(
            f"weights must be positive numbers; {len(bad)} are not, such as that of row {frame.index[bad[0]]}"
        )
    return values


def require_replicates(replicates: int) -> None:
    """Raise UsageError for a bootstrap too small to give an interval."""
    if replicates < _FEWEST_REPLICATES:
        raise UsageError(
            f"replicates = {replicates}: at least {_FEWEST_REPLICATES} are needed for an interval"
        )
