"""The rows that a confirmatory model is fitted to, by group: checked once, everything wrong said together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_ml import full_rank
from socialcap.measurement.items import dropped_rows, item_values, ordinal_codes, ordinal_items, row_values

Missing = Literal["listwise", "fiml"]


@dataclass(frozen=True)
class ModelData:
    """Rows (n, p), NaN where missing (fiml only), and groups (n,) coded 0..G-1 by their names.

    names: the groups, sorted, or in the order of their categories; empty for one group. codes (n, p) and
    n_categories: ranks of the answers where the items are ordinal. dropped: row label -> reason.
    """

    items: tuple[str, ...]
    rows: FloatArray
    group: IntArray
    names: tuple[str, ...]
    dropped: pd.Series
    codes: IntArray | None = None
    n_categories: tuple[int, ...] = ()

    @property
    def n_groups(self) -> int:
        """Number of groups, one where none are given."""
        return max(len(self.names), 1)

    def of_group(self, g: int) -> str:
        """Ending of a sentence that says which group is meant; empty for one group."""
        return f" in group {self.names[g]!r}" if self.names else ""


def model_data(
    frame: pd.DataFrame,
    items: Sequence[str],
    groups: pd.Series | str | None,
    missing: Missing,
    *,
    ordinal: bool,
    positive: bool,
) -> ModelData:
    """The rows of `frame` that enter a model of `items`.

    Listwise: rows complete on the items and with a group; fiml: rows with a group and any item. ordinal: the
    answers as categories. positive: the covariance matrix of each group must be positive definite.

    Raises UsageError for a group column that does not exist; EstimationError, naming item and group, for
    text, infinite or constant items, items that are not ordinal, fewer than two groups, groups with no more
    rows than items, items without variation or with an unused category in a group, pairs of items that no row
    observes together, and items that are linear combinations of others.
    """
    by_group = None if groups is None else row_values(frame, groups, "groups")
    values = _values(frame, items, ordinal)
    group, names = _group_codes(by_group, len(frame))
    gone = np.isnan(values)
    kept = (group >= 0) & ~(gone.all(axis=1) if missing == "fiml" else gone.any(axis=1))
    shown = np.column_stack(
        [gone if missing == "listwise" else gone & gone.all(axis=1, keepdims=True), group < 0]
    )
    label = "" if by_group is None else str(by_group.name or "group")
    dropped = dropped_rows([*items, label], shown, frame.index)
    rows, group = values[kept], group[kept]
    data = ModelData(tuple(items), rows, group, names, dropped)
    _require(list(_group_problems(data, by_group)))
    if ordinal:
        codes, n_categories = ordinal_codes(items, rows)
        data = ModelData(tuple(items), rows, group, names, dropped, codes, n_categories)
        _require(list(_category_problems(data)))
    if positive and not np.isnan(rows).any():
        _require(list(_dependence_problems(data)))
    return data


def _values(frame: pd.DataFrame, items: Sequence[str], ordinal: bool) -> FloatArray:
    """Values (n, p) of the items; every item that cannot be used is named at once."""
    faulty: list[Problem] = []
    try:
        values = item_values(frame, items)[1]
    except EstimationError as error:
        if not ordinal:
            raise
        faulty = list(error.problems)
    if ordinal:
        known = {problem.column for problem in faulty}
        sound = [item for item in items if item not in known]
        numbers = frame[sound].apply(pd.to_numeric).to_numpy(dtype=float, na_value=np.nan)
        for item, column, fits in zip(sound, numbers.T, ordinal_items(numbers), strict=True):
            if not fits:
                count = len(np.unique(column[~np.isnan(column)]))
                faulty.append(
                    Problem(
                        f"is not ordinal: {count} different values",
                        column=item,
                        expected="at most 10 whole numbers; ml, mlr or fiml take measurements",
                    )
                )
    if faulty:
        raise EstimationError("these items cannot be analysed", faulty)
    return values


def _group_codes(by_group: pd.Series | None, n: int) -> tuple[IntArray, tuple[str, ...]]:
    """Groups (n,) coded from 0, -1 where missing, and their names; one unnamed group where none are given."""
    if by_group is None:
        return np.zeros(n, dtype=np.int64), ()
    kind = by_group if isinstance(by_group.dtype, pd.CategoricalDtype) else by_group.astype("category")
    used = kind.cat.remove_unused_categories()
    if len(used.cat.categories) < 2:
        raise EstimationError(
            f"groups: {len(used.cat.categories)} level; at least two are needed",
            [
                Problem("is the only level", column=str(by_group.name or "groups"), value=str(c))
                for c in used.cat.categories
            ],
        )
    codes: IntArray = np.asarray(used.cat.codes, dtype=np.int64)
    return codes, tuple(str(c) for c in used.cat.categories)


def _require(problems: list[Problem]) -> None:
    if problems:
        raise EstimationError("the model cannot be estimated from these rows", problems)


def _group_problems(data: ModelData, by_group: pd.Series | None) -> Iterator[Problem]:
    """Groups with too few rows, and items without variation or never seen together in a group."""
    p = len(data.items)
    for g in range(data.n_groups):
        rows = data.rows[data.group == g]
        if len(rows) <= p:
            yield Problem(f"{len(rows)} usable rows{data.of_group(g)}", expected=f"more than the {p} items")
            continue
        seen = ~np.isnan(rows)
        low = np.where(seen, rows, np.inf).min(axis=0)
        high = np.where(seen, rows, -np.inf).max(axis=0)
        for j in np.flatnonzero(low >= high):
            yield Problem(
                f"has fewer than two values among the usable rows{data.of_group(g)}", column=data.items[j]
            )
        together = seen.T.astype(float) @ seen.astype(float)
        for i, j in zip(*np.nonzero(np.triu(together < 2, 1)), strict=True):
            pair = f"{data.items[i]}, {data.items[j]}"
            yield Problem(f"fewer than two rows have both items{data.of_group(g)}", column=pair)


def _category_problems(data: ModelData) -> Iterator[Problem]:
    """Categories that other groups use and this one does not."""
    assert data.codes is not None
    if not data.names:
        return
    for g in range(data.n_groups):
        codes = data.codes[data.group == g]
        for j, item in enumerate(data.items):
            levels = np.unique(data.rows[:, j])
            for c in np.setdiff1d(np.arange(len(levels)), codes[:, j]):
                yield Problem(
                    f"category {levels[c]:g} is not used{data.of_group(g)}",
                    column=item,
                    expected="the same categories in all groups; combine it with its neighbour",
                )


def _dependence_problems(data: ModelData) -> Iterator[Problem]:
    """Items that are linear combinations of others, or repeat them."""
    for g in range(data.n_groups):
        cov = np.cov(data.rows[data.group == g], rowvar=False)
        if full_rank(cov):
            continue
        spread = np.sqrt(np.diag(cov))
        weight = np.abs(np.linalg.eigh(cov / np.outer(spread, spread))[1][:, 0])
        involved = [item for item, w in zip(data.items, weight, strict=True) if w > 0.1 * weight.max()]
        yield Problem(f"each follows exactly from the others{data.of_group(g)}", column=", ".join(involved))
