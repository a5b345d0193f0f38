"""The rows that a model is estimated on: complete and finite, the others named with their reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.kernels import FloatArray, IntArray

Columns = str | pd.Series | Sequence[str | pd.Series] | None


@dataclass(frozen=True)
class Sample:
    """Complete rows `data` (n, variables), the row labels left out with their reason, and columns by role.

    `roles`: "weights", "clusters", "strata" ... -> that role's columns (n, number), one for each name given.
    """

    data: pd.DataFrame
    dropped: pd.Series
    roles: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def numbers(self, role: str) -> FloatArray | None:
        """The one column of a role as numbers (n,), None where nothing was given."""
        if role not in self.roles:
            return None
        return np.asarray(self.roles[role].iloc[:, 0], dtype=float)

    def codes(self, role: str) -> tuple[IntArray, ...]:
        """The columns of a role as codes (n,) of their values."""
        if role not in self.roles:
            return ()
        return tuple(pd.factorize(column)[0] for _, column in self.roles[role].items())

    def names(self, role: str) -> tuple[str, ...]:
        """The names of a role's columns."""
        return tuple(self.roles[role].columns) if role in self.roles else ()


def complete_sample(
    data: pd.DataFrame,
    variables: set[str],
    formula: str,
    roles: Mapping[str, Columns],
    where_selected: tuple[str, set[str]] | None = None,
) -> Sample:
    """The rows of `data` complete on `variables` and on the columns of `roles`.

    `where_selected`: a 0/1 variable, and the variables that are needed only in rows where it is 1. Raises
    UsageError for a column that does not exist or does not fit the data, EstimationError for infinite values
    or when no row is complete.
    """
    if not data.columns.is_unique:
        twice = sorted({str(name) for name in data.columns[data.columns.duplicated()]})
        raise UsageError(f"these columns of the data stand there twice: {', '.join(twice)}")
    used = data[[name for name in data.columns if name in variables]]
    attached = {role: _attached(role, given, data) for role, given in roles.items() if given is not None}
    _require_finite(pd.concat([used, *attached.values()], axis=1))
    absent = pd.concat([used.isna(), *(columns.isna() for columns in attached.values())], axis=1)
    absent = absent.loc[:, ~absent.columns.duplicated()]
    if where_selected is not None:
        chooser, later = where_selected
        outside = (used[chooser] != 1).to_numpy(dtype=bool, na_value=False)
        absent.loc[outside, sorted(later)] = False
    rows = absent.any(axis=1)
    if rows.all():
        raise EstimationError(f"no row is complete on all variables of {formula!r}", _shares(absent))
    names = absent.columns.astype(str)
    reasons = ["missing: " + ", ".join(names[gap]) for gap in absent[rows].to_numpy()]
    dropped = pd.Series(reasons, index=data.index[rows], name="reason", dtype=object)
    kept = {role: columns[~rows] for role, columns in attached.items()}
    return Sample(_typed(used[~rows]), dropped, kept)


def as_list(given: Columns) -> list[str | pd.Series]:
    """The columns given for a role, one or several, as a list."""
    if given is None:
        return []
    if isinstance(given, str | pd.Series | np.ndarray):
        return [given]
    return list(given)


def _attached(role: str, given: Columns, data: pd.DataFrame) -> pd.DataFrame:
    """The columns given for a role, by name or as a series with the data's rows."""
    found: dict[str, pd.Series] = {}
    for i, column in enumerate(as_list(given)):
        if isinstance(column, str):
            if column not in data.columns:
                hint = nearest(column, list(map(str, data.columns)))
                raise UsageError(
                    f"{role}: there is no variable {column!r}" + (f"; did you mean {hint!r}?" if hint else "")
                )
            found[column] = data[column]
            continue
        values = column if isinstance(column, pd.Series) else pd.Series(column, index=data.index)
        if not values.index.equals(data.index):
            raise UsageError(f"{role}: the series given does not have the rows of the data")
        found[str(values.name or f"{role} {i + 1}")] = values
    return pd.DataFrame(found)


def _typed(used: pd.DataFrame) -> pd.DataFrame:
    """Numbers and text in plain types, and categories without those that no row has."""
    kept = used.copy()
    for name, column in kept.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            kept[name] = column.cat.remove_unused_categories()
        elif pd.api.types.is_bool_dtype(column):
            kept[name] = column.astype(bool)
        elif pd.api.types.is_string_dtype(column):
            # as objects: the formula takes other kinds of text for numbers
            kept[name] = column.astype(object)
        elif pd.api.types.is_extension_array_dtype(column) and pd.api.types.is_numeric_dtype(column):
            kept[name] = column.astype(float)
    return kept


def _shares(absent: pd.DataFrame) -> list[Problem]:
    return [
        Problem(f"is missing in {count} of {len(absent)} rows", column=str(name))
        for name, count in absent.sum().items()
        if count
    ]


def _require_finite(used: pd.DataFrame) -> None:
    problems = []
    for name, column in used.select_dtypes("number").items():
        count = int(np.isinf(column.to_numpy(dtype=float, na_value=np.nan)).sum())
        if count:
            problems.append(Problem(f"holds {count} infinite values", column=str(name)))
    if problems:
        raise EstimationError("these variables cannot enter a regression", dict.fromkeys(problems))


def positive_weights(sample: Sample) -> FloatArray | None:
    """The weights (n,) scaled to a mean of one, None without any; EstimationError unless all are positive."""
    weights: Any = sample.numbers("weights")
    if weights is None:
        return None
    name = sample.names("weights")[0]
    bad = weights <= 0
    if bad.any():
        row = sample.data.index[bad][0]
        raise EstimationError(
            f"the weights {name} are zero or negative in {bad.sum()} rows, such as row {row}; "
            "leave these rows out of the data if they are to count for nothing"
        )
    return np.asarray(weights / weights.mean())
