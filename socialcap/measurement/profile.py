"""Who answered, where their funds come from, and how variables are distributed and correlated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.kernels import FloatArray
from socialcap.kernels.correlation import pearson_pairwise
from socialcap.kernels.descriptives import correlation_p_values, mean_interval, summary
from socialcap.results import Text
from socialcap.results.profile import MOMENTS, NOT_100, UNANSWERED, LevelLabels, ProfileResult
from socialcap.survey.numeric import is_numeric, numbers, require_values

_WHOLE = 100.0
_ROUNDING = 1.0
"""How far from 100 the shares of one firm may sum: answers are rounded to whole percentages."""
_YES_NO = {"0": Text("No", "否"), "1": Text("Yes", "是")}


def profile(
    data: pd.DataFrame,
    variables: Sequence[str] = (),
    *,
    funding: Sequence[str] = (),
    describe: Sequence[str] = (),
    multiple: Mapping[str, Mapping[str, str]] | None = None,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
) -> ProfileResult:
    """Sample profile, structure of funding, descriptive statistics and correlations of `data` (n rows: firms).

    variables: of the sample profile. Those in `level_labels`, categories, texts and 0/1 variables are counted
        by level, shares being of the firms that answered; other numbers get mean, sd (ddof 1) and quartiles.
        `multiple` says for a question with several answers which 0/1 column each level has.
    funding: columns with the percentages that sources of funds make up. A firm counts if they sum to 100 (one
        point either way, for rounding); cells left blank beside shares that do are zeros. Means are of the
        firms' shares, unweighted, with t intervals; everything is returned as shares of one.
    describe: numeric variables for descriptive statistics and Pearson's correlations, each over the rows that
        have both variables, with p-values of the t test with n - 2 degrees of freedom.

    Raises UsageError for variables that do not exist (with the nearest name), stand twice in a list or are not
    numeric where numbers are needed, EstimationError where fewer than two firms state their sources of funds.
    """
    multiple, level_labels = multiple or {}, level_labels or {}
    _require_columns(data, variables, funding, describe, multiple)
    counted = [name for name in variables if name in multiple or _has_levels(data[name], level_labels, name)]
    numeric = [name for name in variables if name not in counted]
    shares = _funding(data[list(funding)]) if funding else None
    described = _described(data[list(describe)]) if describe else None
    known = {name: _YES_NO for name in counted if name not in multiple and name not in level_labels}
    return ProfileResult(
        sample=_counts(data, counted, multiple, level_labels) if counted else None,
        numbers=_moments(data[numeric]) if numeric else None,
        funding=None if shares is None else shares[0],
        descriptives=_moments(data[list(describe)]) if describe else None,
        correlations=None if described is None else described[0],
        correlation_p=None if described is None else described[1],
        correlation_n=None if described is None else described[2],
        n_obs=len(data),
        unanswered=_unanswered(data, counted, multiple),
        multiple=tuple(name for name in counted if name in multiple),
        funding_n=0 if shares is None else len(data) - len(shares[1]),
        funding_dropped=pd.Series(dtype=object) if shares is None else shares[1],
        funding_blanks=0 if shares is None else shares[2],
        labels=labels or {},
        level_labels={**known, **level_labels},
    )


def _require_columns(
    data: pd.DataFrame,
    variables: Sequence[str],
    funding: Sequence[str],
    describe: Sequence[str],
    multiple: Mapping[str, Mapping[str, str]],
) -> None:
    """That every column exists, and holds numbers where it must."""
    columns = [str(name) for name in data.columns]
    ticked = [column for levels in multiple.values() for column in levels.values()]
    problems = [
        Problem("stands twice", column=name)
        for names in (variables, funding, describe)
        for name in dict.fromkeys(names)
        if list(names).count(name) > 1
    ]
    plain = [name for name in variables if name not in multiple]
    for name in dict.fromkeys([*plain, *funding, *describe, *ticked]):
        if name not in columns:
            near = nearest(name, columns)
            tail = f"; did you mean {near!r}?" if near else ""
            problems.append(Problem(f"there is no variable {name!r}{tail}"))
        elif name in {*funding, *describe, *ticked} and not is_numeric(data[name]):
            problems.append(Problem("is not numeric", column=name))
    if problems:
        raise UsageError("these variables cannot be described", problems)


def _has_levels(column: pd.Series, level_labels: LevelLabels, name: str) -> bool:
    """Whether the values of a variable are counted rather than averaged."""
    if name in level_labels or not is_numeric(column):
        return True
    present = column.dropna()
    return len(present) > 0 and bool(present.isin([0, 1]).all())


def _code(value: object) -> str:
    """A value as the code of a level: 1.0 is "1"."""
    if isinstance(value, bool | int | float | np.number | np.bool_):
        number = float(value)
        return str(int(number)) if number.is_integer() else str(number)
    return str(value)


def _counts(
    data: pd.DataFrame,
    names: Sequence[str],
    multiple: Mapping[str, Mapping[str, str]],
    level_labels: LevelLabels,
) -> pd.DataFrame:
    """Firms and their share by variable and level; levels in the order of their labels, then as they come."""
    rows: list[tuple[str, str, int, float]] = []
    for name in names:
        if name in multiple:
            ticked = data[list(multiple[name].values())]
            answered = int(ticked.notna().any(axis=1).sum())
            counts = {level: int((data[c] == 1).sum()) for level, c in multiple[name].items()}
        else:
            found = data[name].dropna().map(_code).astype(str).value_counts(sort=False)
            answered = int(found.sum())
            known = list(level_labels.get(name, _own_levels(data[name])))
            others = sorted(set(found.index) - set(known))
            counts = {level: int(found.get(level, 0)) for level in [*known, *others]}
        rows += [(name, level, n, n / answered if answered else np.nan) for level, n in counts.items()]
    index = pd.MultiIndex.from_tuples([row[:2] for row in rows], names=["variable", "level"])
    return pd.DataFrame({"n": [row[2] for row in rows], "share": [row[3] for row in rows]}, index=index)


def _own_levels(column: pd.Series) -> list[str]:
    """The levels of a categorical column in its order, none of others."""
    return [_code(value) for value in column.cat.categories] if hasattr(column, "cat") else []


def _unanswered(
    data: pd.DataFrame, names: Sequence[str], multiple: Mapping[str, Mapping[str, str]]
) -> pd.Series:
    """Firms without an answer, by variable."""
    counts = {}
    for name in names:
        columns = list(multiple[name].values()) if name in multiple else [name]
        counts[name] = int(data[columns].isna().all(axis=1).sum())
    return pd.Series(counts, dtype="int64", name="unanswered")


def _moments(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns `MOMENTS` and `missing` by variable."""
    found = pd.DataFrame(asdict(summary(numbers(frame))), index=[str(name) for name in frame.columns])
    return found[list(MOMENTS)].assign(n=found["n"].astype(int), missing=len(frame) - found["n"].astype(int))


def _described(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Correlations, their p-values and numbers of rows (k, k), pair by pair."""
    x = numbers(frame)
    require_values(x, frame.columns)
    pairs = pearson_pairwise(x)
    r = pairs.correlation()
    p = correlation_p_values(r, pairs.counts)
    np.fill_diagonal(p, np.nan)
    names = [str(name) for name in frame.columns]
    made = (pd.DataFrame(matrix, index=names, columns=names) for matrix in (r, p, pairs.counts.astype(int)))
    correlations, p_values, counts = made
    return correlations, p_values, counts


def _funding(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, int]:
    """Shares by source, firms left out with the reason, and how many blank cells are zeros."""
    percent = numbers(frame)
    blank = np.isnan(percent)
    filled = np.where(blank, 0.0, percent)
    sums = np.abs(filled.sum(axis=1) - _WHOLE) <= _ROUNDING
    whole = ~blank.all(axis=1) & sums & (filled >= 0.0).all(axis=1)
    if whole.sum() < 2:
        raise EstimationError(
            f"the sources of funds ({', '.join(map(str, frame.columns))}) sum to 100 in {int(whole.sum())} "
            "firms; at least two are needed"
        )
    reasons = np.where(blank.all(axis=1), UNANSWERED, NOT_100)[~whole]
    dropped = pd.Series(reasons, index=frame.index[~whole], name="reason", dtype=object)
    return _shares(filled[whole] / _WHOLE, frame.columns), dropped, int(blank[whole].sum())


def _shares(shares: FloatArray, sources: pd.Index) -> pd.DataFrame:
    found = mean_interval(shares)
    return pd.DataFrame(
        {
            "mean": found.mean,
            "std_error": found.std_error,
            "ci_low": found.low,
            "ci_high": found.high,
            "median": np.median(shares, axis=0),
            "using": (shares > 0.0).mean(axis=0),
        },
        index=pd.Index(sources.astype(str), name="source"),
    )
