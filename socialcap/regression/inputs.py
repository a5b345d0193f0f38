"""What analyses built on regressions ask of their input: columns that exist, numbers that vary, groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.kernels import FloatArray, IntArray
from socialcap.results import RegressionResult


def require_columns(data: pd.DataFrame, wanted: Mapping[str, str]) -> None:
    """That every column of `wanted` (what it is for -> its name) exists, each is another, and holds numbers.

    Raises UsageError that names all faults, with the nearest name for a column that does not exist.
    """
    names = list(map(str, data.columns))
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for role, name in wanted.items():
        if name not in names:
            problems.append(Problem(f"{role}: there is no variable {name!r}{hint(name, names)}"))
        elif name in seen:
            problems.append(Problem(f"{role}: {name!r} is already {seen[name]}"))
        elif not pd.api.types.is_numeric_dtype(data[name]):
            problems.append(Problem(f"{role}: {name!r} is not numeric", value=str(data[name].dtype)))
        seen.setdefault(name, role)
    if problems:
        raise UsageError("these variables cannot be used", problems)


def hint(name: str, names: Iterable[str]) -> str:
    """The nearest valid name as the end of a message ("" if none is near)."""
    found = nearest(name, list(names))
    return f"; did you mean {found!r}?" if found else ""


def require_variation(data: pd.DataFrame, wanted: Mapping[str, str]) -> None:
    """That no column of `wanted` (what it is for -> its name) has one value only where all are known."""
    complete = data[list(wanted.values())].dropna()
    if complete.empty:
        raise EstimationError(f"no row is complete on {', '.join(wanted.values())}")
    problems = [
        Problem(f"{role}: {name!r} has one value only in the {len(complete)} complete rows")
        for role, name in wanted.items()
        if complete[name].nunique() < 2
    ]
    if problems:
        raise EstimationError("these variables do not vary", problems)


def quoted(name: str) -> str:
    """A column's name as a formula takes it."""
    return name if name.isidentifier() else f"`{name}`"


def as_term(part: str, data: pd.DataFrame) -> str:
    """A covariate as a formula's term: a column's name, quoted, or a term such as `C(trade)` as it stands."""
    return quoted(part) if part in data.columns else part


def numbers(data: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """`data` with the named columns as floats, so that two-valued ones are not taken for categories."""
    return data.assign(**{name: data[name].astype(float) for name in names})


def require_level(level: float) -> None:
    """That a confidence level lies between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise UsageError(f"level = {level:g} is not between 0 and 1")


def require_one_of(what: str, value: str, valid: Iterable[str]) -> None:
    """That an option has one of its values."""
    options = list(valid)
    if value not in options:
        raise UsageError(f"{what}={value!r} is not one of {', '.join(options)}{hint(value, options)}")


def moderator_levels(moderator: pd.Series, levels: Sequence[float] | None) -> FloatArray:
    """The `levels` given, or a moderator's two values, or its mean and one sd (ddof 1) either side."""
    if levels is None:
        if moderator.nunique() == 2:
            return np.sort(moderator.unique())
        return np.asarray(moderator.mean() + moderator.std(ddof=1) * np.array([-1.0, 0.0, 1.0]))
    found = np.asarray(levels, dtype=float)
    if found.size == 0 or not np.isfinite(found).all() or len(np.unique(found)) < found.size:
        raise UsageError("levels: give finite values of the moderator, each once")
    return found


def cluster_codes(
    clusters: pd.Series | str | None, data: pd.DataFrame | None, index: pd.Index
) -> tuple[IntArray, list[str]] | None:
    """Codes (n,) of the rows `index` and the clusters' names; None where there are no clusters.

    Raises UsageError for an unknown column, rows without a cluster, and fewer than two clusters.
    """
    if clusters is None:
        return None
    if isinstance(clusters, str):
        if data is None:
            raise UsageError(f"clusters={clusters!r} names a column: give the data that hold it, or a series")
        names = list(map(str, data.columns))
        if clusters not in names:
            raise UsageError(f"clusters: there is no variable {clusters!r}{hint(clusters, names)}")
        clusters = data[clusters]
    absent = index.difference(clusters.index)
    if len(absent):
        raise UsageError(f"clusters: {len(absent)} rows of the model are not in the series")
    column = clusters.loc[index]
    if column.isna().any():
        raise UsageError(f"clusters: {int(column.isna().sum())} rows of the model have no cluster")
    codes, labels = pd.factorize(column, sort=True)
    if len(labels) < 2:
        raise UsageError("clusters: all rows are in one cluster; at least two are needed")
    return codes.astype(np.int64), [str(label) for label in labels]


def one_index(result: RegressionResult) -> tuple[pd.DataFrame, pd.Series]:
    """Design (n, k) and outcome (n,) of a model with one equation, as the model sees them.

    Raises UsageError for a model of several equations.
    """
    equations = result.estimation.equations
    if len(equations) != 1:
        raise UsageError(f"a {result.model} model has {len(equations)} equations; this is made for one")
    return equations[0].matrix, result.estimation.outcome


def plain_least_squares(result: RegressionResult, what: str) -> None:
    """That a model is ordinary least squares without weights and absorbed effects.

    Raises UsageError that says which it is, `what` being the analysis that is made for no other.
    """
    if result.model != "ols":
        raise UsageError(f"{what} is for model='ols'; {result.name!r} is {result.model!r}")
    if result.estimation.weights is not None:
        raise UsageError(f"{what} is for unweighted models; {result.name!r} has weights")
    if "r2_within" in result.fit:
        raise UsageError(f"{what} is for models whose fixed effects are in the formula, not absorbed")


def require_coefficient(result: RegressionResult, name: str) -> None:
    """That a model has the coefficient `name`; UsageError with the nearest name otherwise."""
    names = list(map(str, result.coefficients.index))
    if name not in names:
        raise UsageError(f"model {result.name!r} has no coefficient {name!r}{hint(name, names)}")


def values(frame: pd.DataFrame) -> FloatArray:
    """The numbers of a frame, as floats."""
    return frame.to_numpy(dtype=float)
