"""What stops a model before it is fitted: too few rows, no variation, collinear columns, separation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.kernels.separation import Separation
from socialcap.regression.design import Outcome

_RANK_TOLERANCE = 1e-10


def require_known(what: str, value: str, valid: tuple[str, ...]) -> None:
    """Raises UsageError, with the valid values and the nearest, for a value that is not one of them."""
    if value not in valid:
        hint = nearest(value, valid)
        raise UsageError(
            f"{what}={value!r} is not one of {', '.join(valid)}" + (f"; {hint!r}?" if hint else "")
        )


def check_design(outcome: Outcome, x: pd.DataFrame, formula: str, n_parameters: int | None = None) -> None:
    """Raises EstimationError where outcome (n,) and design (n, k) cannot give `n_parameters` estimates."""
    n = len(x)
    k = x.shape[1] if n_parameters is None else n_parameters
    if n <= k:
        raise EstimationError(f"{formula!r}: {n} complete rows for {k} coefficients; more rows are needed")
    if np.ptp(outcome.values.to_numpy()) == 0:
        raise EstimationError(f"{formula!r}: the outcome {outcome.name} has one value only")
    check_collinear(x, formula)


def check_collinear(x: pd.DataFrame, formula: str) -> None:
    """Raises EstimationError that names the columns which are combinations of those before them."""
    dependent = dependent_columns(x)
    if dependent:
        raise EstimationError(
            f"{formula!r}: some regressors are exact combinations of the others",
            [Problem("adds nothing to the regressors before it", column=name) for name in dependent],
        )


def dependent_columns(x: pd.DataFrame) -> list[str]:
    """Columns that are linear combinations of those before them, to 1e-10 of their length."""
    values = x.to_numpy(dtype=float)
    norms = np.linalg.norm(values, axis=0)
    scaled = values / np.where(norms > 0, norms, 1.0)
    found: list[str] = []
    basis = np.empty((len(x), 0))
    for j, name in enumerate(x.columns):
        rest = scaled[:, j]
        # twice: one pass leaves rounding of the size of the first projection
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if norms[j] == 0 or length < _RANK_TOLERANCE:
            found.append(str(name))
        else:
            basis = np.column_stack((basis, rest / length))
    return found


def check_separation(
    found: Separation, names: list[str], x: pd.DataFrame, outcome: Outcome, formula: str, *, firth: bool
) -> None:
    """Raises EstimationError that names the variables and levels which predict the outcome perfectly.

    `names` (p,) are those of the parameters; with `firth` the message offers Firth's logit.
    """
    if found.kind == "none":
        return
    involved = [
        name
        for name, weight in zip(names, found.witness, strict=True)
        if weight != 0 and name.split(": ")[-1] != "Intercept" and not name.startswith("cut: ")
    ]
    problems = [_separator(name, x, outcome) for name in dict.fromkeys(involved)]
    rows = int(found.rows.sum())
    share = "all rows are" if found.kind == "complete" else f"{rows} of {len(x)} rows are"
    advice = (
        'model="firth" (Firth\'s penalised logit) gives finite estimates'
        if firth
        else "leave the variable out, join its levels, or choose another model"
    )
    raise EstimationError(
        f"{formula!r}: {share} predicted perfectly, so that estimates would be infinite ({found.kind} "
        f"separation); {advice}",
        problems,
    )


def _separator(name: str, x: pd.DataFrame, outcome: Outcome) -> Problem:
    """How a column predicts the outcome: by an indicator's rows all alike, or together with others."""
    own = name if name in x else name.split(": ", 1)[-1]
    column = x[own]
    y = outcome.values
    if set(column.unique()) <= {0.0, 1.0}:
        for value in (1.0, 0.0):
            inside = y[column == value]
            if len(inside) and inside.nunique() == 1:
                shown = _value(float(inside.iloc[0]), outcome)
                where = f"where it is {value:.0f}, in {len(inside)} rows"
                return Problem(f"{where}, {outcome.name} is always {shown}", column=name)
    said = f"has no finite estimate: with its help {outcome.name} is predicted perfectly"
    return Problem(said, column=name)


def _value(y: float, outcome: Outcome) -> str:
    return outcome.categories[int(y)] if outcome.categories else f"{y:g}"
