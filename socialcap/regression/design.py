"""Design matrices with named columns, and outcomes as each kind of model sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError

from socialcap.errors import EstimationError, Problem, UsageError
from socialcap.kernels import FloatArray
from socialcap.regression.formula import Equations, first_line
from socialcap.regression.terms import LevelLabels
from socialcap.results import Text
from socialcap.results.measurement import label_of
from socialcap.results.regression import Equation, Event


@dataclass(frozen=True)
class Outcome:
    """An outcome as numbers (n,): itself, 0/1, or codes 0..C-1 of `categories`.

    `binary`: whether the codes are 0 and 1 of two categories, of which the second is the event.
    """

    name: str
    values: pd.Series
    categories: tuple[str, ...] = ()
    binary: bool = False

    def event(self, labels: Mapping[str, Text], level_labels: LevelLabels) -> Event | None:
        """What is modelled of a categorical outcome with two levels, in words; None for other outcomes."""
        if not self.binary:
            return None
        known = level_labels.get(self.name, {})
        other, level = (known.get(code, Text(code, code)) for code in self.categories)
        return Event(label_of(labels, self.name), level, other)


def design(parts: Sequence[Any], data: pd.DataFrame, formula: str, *, constant: bool = True) -> Equation:
    """The columns that parts of a formula make of `data`, side by side; without the constant if asked.

    Raises UsageError if the formula cannot be applied, EstimationError for columns that are not defined in
    some rows.
    """
    matrices = [_matrix(part, data, formula) for part in parts]
    specs = tuple(matrix.model_spec for matrix in matrices)
    joined = pd.concat([_numeric(matrix) for matrix in matrices], axis=1)
    joined = joined.loc[:, ~joined.columns.duplicated()]
    if not constant:
        joined = joined.drop(columns="Intercept", errors="ignore")
    _require_defined(joined)
    return Equation(joined, specs, tuple(joined.columns))


def rebuilt(equation: Equation, data: pd.DataFrame) -> FloatArray:
    """The equation's design (m, k) for other data (m rows), with the levels and centres of the first."""
    with np.errstate(all="ignore"):
        made = [
            _numeric(spec.get_model_matrix(data, na_action="ignore", context={})) for spec in equation.specs
        ]
    joined = pd.concat(made, axis=1)
    return joined.loc[:, ~joined.columns.duplicated()][list(equation.columns)].to_numpy(dtype=float)


def numeric_outcome(equations: Equations, data: pd.DataFrame) -> Outcome:
    """The outcome as a number, an expression such as log(y) included."""
    name = equations.outcome_variable
    if name is not None and not pd.api.types.is_numeric_dtype(data[name]):
        raise UsageError(f"the left side of {equations.text!r} must be one numeric variable")
    matrix = _matrix(equations.outcome, data, equations.text)
    if matrix.shape[1] != 1:
        raise UsageError(f"the left side of {equations.text!r} must be one numeric variable")
    values = _numeric(matrix)
    _require_defined(values)
    return Outcome(str(values.columns[0]), values.iloc[:, 0])


def binary_outcome(equations: Equations, data: pd.DataFrame) -> Outcome:
    """The outcome as 0 and 1: numbers 0/1, truth values, or two categories.

    Of the categories 0 and 1, numbers or texts, 1 is the event in whatever order they stand; of others it is
    the second as declared.
    """
    name = equations.outcome_variable
    if name is None:
        made = numeric_outcome(equations, data)
        name, column = made.name, made.values
    else:
        column = data[name]
    if isinstance(column.dtype, pd.CategoricalDtype) and len(column.cat.categories) == 2:
        other, event = _other_and_event(list(column.cat.categories))
        values = pd.Series(column == event, index=column.index, dtype=float)
        return Outcome(name, values, (str(other), str(event)), binary=True)
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        numbers = column.astype(float)
        if numbers.isin([0.0, 1.0]).all():
            return Outcome(name, numbers)
    raise EstimationError(
        f"{equations.text!r}: the outcome {name} must be 0 or 1, or a categorical with two values; "
        f"it has {_shown(column)}"
    )


def _other_and_event(levels: list[Any]) -> list[Any]:
    """Two levels, the event last: a value list may well begin with 1."""
    coded = set(levels) in ({0, 1}, {"0", "1"})
    return sorted(levels, key=float) if coded else levels


def categorical_outcome(equations: Equations, data: pd.DataFrame, *, ordered: bool) -> Outcome:
    """The outcome as codes of its categories, in their order, or in that of their values if numbers.

    Raises EstimationError for text where an order is needed: text has none.
    """
    name = equations.outcome_variable
    if name is None:
        raise UsageError(f"the left side of {equations.text!r} must be a variable, not an expression")
    column = data[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = list(column.cat.categories)
        codes = column.cat.codes.to_numpy()
    elif ordered and not pd.api.types.is_numeric_dtype(column):
        raise EstimationError(
            f"{equations.text!r}: the outcome {name} is text, whose order is unknown; make it an ordered "
            "categorical, lowest first"
        )
    else:
        values = np.asarray(column)
        categories = list(np.unique(values))
        codes = np.searchsorted(np.asarray(categories), values)
    if len(categories) > 30:
        raise EstimationError(
            f"{equations.text!r}: the outcome {name} has {len(categories)} different values; a model of "
            "categories takes 30 at most"
        )
    return Outcome(name, pd.Series(codes.astype(float), index=column.index), tuple(map(_plain, categories)))


def _plain(value: object) -> str:
    """A category's name; 1.0 is shown as 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shown(column: pd.Series) -> str:
    values = [str(value) for value in pd.unique(column)[:5]]
    return ", ".join(values) + (" ..." if column.nunique() > 5 else "")


def _matrix(part: Any, data: pd.DataFrame, formula: str) -> Any:
    try:
        with np.errstate(all="ignore"):
            return part.get_model_matrix(data, na_action="ignore", context={})
    except FormulaicError as error:
        raise UsageError(f"the formula {formula!r} cannot be applied: {first_line(error)}") from None


def _numeric(matrix: Any) -> pd.DataFrame:
    numbers = pd.DataFrame(matrix, dtype=float)
    numbers.columns = pd.Index([str(name) for name in matrix.columns])
    return numbers


def _require_defined(columns: pd.DataFrame) -> None:
    bad = ~np.isfinite(columns.to_numpy(dtype=float))
    problems = [
        Problem(
            f"is not defined in {bad[:, j].sum()} rows, such as row {columns.index[bad[:, j]][0]}",
            column=name,
        )
        for j, name in enumerate(map(str, columns.columns))
        if bad[:, j].any()
    ]
    if problems:
        raise EstimationError("these terms of the formula are not defined everywhere", problems)
