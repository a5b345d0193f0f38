"""The rows that an analysis of items and a formula together uses, and the groups they are drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError
from socialcap.kernels import IntArray
from socialcap.measurement.items import dropped_rows, item_values, row_values
from socialcap.regression.sample import complete_sample


@dataclass(frozen=True)
class Rows:
    """Rows that an analysis uses: the frame of them, where they stood (m,) in the data, and for each of the
    other rows what it lacks.
    """

    frame: pd.DataFrame
    position: IntArray
    dropped: pd.Series


def complete_rows(frame: pd.DataFrame, items: Sequence[str], variables: Sequence[str]) -> Rows:
    """The rows of `frame` complete on `items` and `variables`.

    Raises UsageError for items that do not exist, EstimationError for items that cannot be analysed or when
    fewer rows than items, or none, are complete.
    """
    names, values = item_values(frame, items)
    others = [name for name in variables if name not in names]
    absent = np.column_stack([np.isnan(values), frame[others].isna().to_numpy()])
    dropped = dropped_rows([*names, *others], absent, frame.index)
    position = np.flatnonzero(~absent.any(axis=1))
    if len(position) <= len(names):
        raise EstimationError(
            f"{len(position)} rows are complete on items and variables; more rows than the {len(names)} "
            "items are needed",
            [
                Problem(f"is missing in {count} of {len(frame)} rows", column=name)
                for name, count in zip([*names, *others], absent.sum(axis=0), strict=True)
                if count
            ],
        )
    kept = frame.iloc[position]
    # numbers as numpy's own, categories without those that no row has; refuses infinite values
    typed = complete_sample(kept[others], set(others), ", ".join(others), {}).data if others else kept
    return Rows(kept.assign(**{name: typed[name] for name in others}), position, dropped)


def usable_rows(used: pd.DataFrame, fixed: Sequence[str], n_items: int) -> Rows:
    """The rows of `used` that can be imputed: any value at all, and complete on the columns `fixed`.

    Raises EstimationError where no more rows than items are left.
    """
    absent = used.isna().to_numpy()
    cannot = absent & used.columns.isin(list(fixed))
    shown = np.where(absent.all(axis=1, keepdims=True), absent, cannot)
    position = np.flatnonzero(~shown.any(axis=1))
    if len(position) <= n_items:
        raise EstimationError(
            f"{len(position)} rows can be imputed; more rows than the {n_items} items are needed"
        )
    names = [str(name) for name in used.columns]
    return Rows(used.iloc[position], position, dropped_rows(names, shown, used.index))


def groups(frame: pd.DataFrame, given: pd.Series | str | None, rows: Rows, what: str) -> IntArray | None:
    """Group numbers (m,) of the rows used; None where there are no groups.

    Raises UsageError where rows have no label, or there is one cluster only.
    """
    if given is None:
        return None
    column = row_values(frame, given, what).iloc[rows.position]
    if column.isna().any():
        raise UsageError(f"{what}: {int(column.isna().sum())} of the rows used have no label")
    numbers = pd.factorize(column, sort=True)[0].astype(np.int64)
    if what == "clusters" and numbers.max(initial=0) == 0:
        raise UsageError("clusters: at least two are needed to resample them")
    return numbers


def require_nested(clusters: IntArray | None, strata: IntArray | None) -> None:
    """Raise UsageError where a cluster lies in two strata: whole clusters are drawn within strata."""
    if clusters is None or strata is None:
        return
    if len(np.unique(np.column_stack([clusters, strata]), axis=0)) > len(np.unique(clusters)):
        raise UsageError("clusters and strata: each cluster must lie within one stratum")
