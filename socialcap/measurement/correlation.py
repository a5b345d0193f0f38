"""Labelled correlation matrices of every kind, from data or as given: the one matrix that all steps use."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, SocialcapWarning, UsageError
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.correlation import (
    correlation_from_covariance,
    listwise,
    pearson,
    pearson_pairwise,
    smooth,
    spearman,
    spearman_pairwise,
)
from socialcap.kernels.em import em_moments
from socialcap.kernels.polychoric import EmptyCells, Polychoric, polychoric
from socialcap.kernels.polyserial import mixed
from socialcap.measurement.items import (
    case_weights,
    complete_rows,
    dropped_rows,
    item_values,
    ordinal_codes,
    ordinal_items,
    unknown_items,
)
from socialcap.results import CorrelationResult, Text

Kind = Literal["pearson", "spearman", "polychoric", "mixed"]
MissingRule = Literal["listwise", "pairwise", "em"]

KINDS: tuple[Kind, ...] = ("pearson", "spearman", "polychoric", "mixed")
MISSING_RULES: tuple[MissingRule, ...] = ("listwise", "pairwise", "em")
EMPTY_CELLS: tuple[EmptyCells, ...] = ("none", "add_half", "fill_half")
SINGULAR = 1e-11
"""Smallest eigenvalue at or below which items count as repeating or adding up to one another."""
_TOLERANCE = 1e-8
_FEWEST_ROWS = 3
_EDGE = 0.9999


def correlation(
    frame: pd.DataFrame,
    items: Sequence[str] | None = None,
    *,
    kind: Kind = "pearson",
    missing: MissingRule = "listwise",
    weights: pd.Series | str | None = None,
    empty: EmptyCells = "none",
    labels: Mapping[str, Text] | None = None,
) -> CorrelationResult:
    """Correlations (p, p) of the items in `frame` (n, p).

    kind      "pearson"; "spearman" (average ranks); "polychoric" (two-step maximum likelihood, Olsson 1979;
              tetrachoric for two categories); "mixed" (Pearson, polyserial and polychoric by pair: items with
              at most ten distinct whole numbers are ordinal)
    missing   "listwise": rows complete on all items; "pairwise": each correlation over its own complete
              rows; "em": maximum likelihood under normality (Pearson only)
    weights   sampling weights (n,), positive, or the name of their column
    empty     what polychorics do with an empty cell; see `socialcap.kernels.polychoric`

    A matrix with negative eigenvalues is smoothed by raising them (psych's cor.smooth), with a
    SocialcapWarning and `.smoothed` set; polychorics that the data drive to ±1 are warned of by pair.

    Raises UsageError for unknown items or options, EstimationError for items that cannot be correlated (all
    named), too few complete rows, or pairs of items that were not answered together or do not vary then.
    """
    _require_options(kind, missing, empty)
    names, values = item_values(frame, items)
    weight = case_weights(frame, weights)
    if missing == "listwise":
        used = listwise(values)
        values, dropped = complete_rows(names, values, frame.index)
    else:
        used = ~np.asarray(np.isnan(values).all(axis=1))
        dropped = dropped_rows(names, np.isnan(values) & ~used[:, None], frame.index)
        values = values[used]
        _require_rows(names, values)
    weight = None if weight is None else weight[used]
    seen = (~np.isnan(values)).astype(float)
    pairs = (seen.T @ seen).astype(int)
    if missing != "listwise":
        _require_pairs(names, values, pairs, vary=missing == "pairwise")
    found = _estimate(names, values, kind, missing, weight, empty)
    if found.edge:
        _warn(
            "the data drive these correlations to ±1 (repeated items or empty cells): "
            + "; ".join(found.edge)
        )
    matrix, smoothed = _smoothed(found.matrix, f"the {kind} correlation matrix")
    return CorrelationResult(
        matrix=_labelled(matrix, names),
        n_obs=len(values) if missing != "pairwise" else int(pairs.min()),
        n_pairs=_labelled(pairs, names),
        kind=kind,
        missing=missing,
        dropped=dropped,
        smoothed=smoothed,
        weighted=weight is not None,
        center=pd.Series(found.center, index=names, name="mean"),
        spread=pd.Series(found.spread, index=names, name="sd"),
        labels=labels or {},
    )


def as_correlation(
    data: pd.DataFrame | CorrelationResult,
    items: Sequence[str] | None = None,
    *,
    n_obs: int | None = None,
    kind: Kind = "pearson",
    missing: MissingRule = "listwise",
    weights: pd.Series | str | None = None,
    labels: Mapping[str, Text] | None = None,
) -> CorrelationResult:
    """The correlations that every step starts from: of data, as computed before, or a matrix with `n_obs`.

    `kind`, `missing` and `weights` say how data are correlated. Raises as `correlation` and
    `given_correlation` do, and UsageError for `n_obs` with anything but a matrix.
    """
    if isinstance(data, CorrelationResult):
        if n_obs is not None:
            raise UsageError("n_obs goes with a bare matrix; these correlations know their number of rows")
        found = data
    elif n_obs is None:
        _require_data(data)
        return correlation(data, items, kind=kind, missing=missing, weights=weights, labels=labels)
    elif _names_match(data):
        found = given_correlation(data, n_obs)
    else:
        raise UsageError(
            "n_obs goes with a correlation matrix: a square frame with equal row and column names"
        )
    picked = found if items is None else _picked(found, [str(name) for name in items])
    return picked if labels is None else replace(picked, labels=labels)


def given_correlation(matrix: pd.DataFrame, n_obs: int) -> CorrelationResult:
    """A correlation matrix (p, p) that was computed elsewhere, from `n_obs` rows; smoothed as `correlation`.

    Raises UsageError if it is no correlation matrix: not square, other row than column names, text, not
    symmetric, a diagonal other than one, entries that are missing or beyond ±1.
    """
    names = [str(name) for name in matrix.columns]
    problems = _matrix_problems(matrix, names)
    if problems:
        raise UsageError("this is not a correlation matrix", problems)
    if n_obs <= len(names):
        raise EstimationError(f"n_obs = {n_obs}: more rows than the {len(names)} items are needed")
    values, smoothed = _smoothed(matrix.to_numpy(dtype=float), "the correlation matrix")
    return CorrelationResult(
        matrix=_labelled(values, names),
        n_obs=n_obs,
        n_pairs=pd.DataFrame(n_obs, index=names, columns=names),
        kind="given",
        missing="given",
        dropped=pd.Series([], dtype=object, name="reason"),
        smoothed=smoothed,
    )


def require_factorable(corr: CorrelationResult) -> None:
    """Raise EstimationError if the matrix is singular, naming the dependent items, or without correlation."""
    matrix = corr.matrix.to_numpy()
    if not np.triu(matrix, 1).any():
        raise EstimationError("no item is correlated with any other")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] > SINGULAR:
        return
    names = [name for name, weight in zip(corr.matrix.index, vectors[:, 0], strict=True) if abs(weight) > 0.1]
    raise EstimationError(
        "the correlation matrix is singular: items repeat or add up to one another (" + ", ".join(names) + ")"
    )


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Correlations (p, p), means and standard deviations (p,), and the pairs whose correlation ran to ±1."""

    matrix: FloatArray
    center: FloatArray
    spread: FloatArray
    edge: tuple[str, ...] = ()


def _estimate(
    names: Sequence[str],
    values: FloatArray,
    kind: Kind,
    missing: MissingRule,
    weight: FloatArray | None,
    empty: EmptyCells,
) -> _Estimate:
    if missing == "em":
        return _by_em(values, weight)
    center, spread = _location(values, weight)
    pairwise = missing == "pairwise"
    if kind == "pearson":
        matrix = pearson_pairwise(values, weight).correlation() if pairwise else pearson(values, weight)
        return _Estimate(matrix, center, spread)
    if kind == "spearman":
        matrix = (spearman_pairwise if pairwise else spearman)(values, weight)
        return _Estimate(matrix, center, spread)
    ordinal = np.ones(len(names), dtype=bool) if kind == "polychoric" else ordinal_items(values)
    matrix, edge = _latent(names, values, ordinal, weight, empty)
    rows, columns = np.nonzero(np.triu(edge, 1))
    pairs = tuple(f"{names[i]}, {names[j]}" for i, j in zip(rows.tolist(), columns.tolist(), strict=True))
    return _Estimate(matrix, center, spread, pairs)


def _by_em(values: FloatArray, weight: FloatArray | None) -> _Estimate:
    try:
        found = em_moments(values, weight)
    except np.linalg.LinAlgError:
        raise EstimationError(
            "the EM moments cannot be found: items repeat or add up to one another"
        ) from None
    if not bool(found.converged):
        raise EstimationError(
            "the EM algorithm for the moments did not converge: items may all but repeat one another"
        )
    unbiased = len(values) / (len(values) - 1)
    spread = np.sqrt(np.diag(found.covariance) * unbiased)
    return _Estimate(correlation_from_covariance(found.covariance), found.mean, spread)


def _location(values: FloatArray, weight: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Weighted means and standard deviations (divisor n - 1) of the answers to each item."""
    seen = ~np.isnan(values)
    share = seen * (1.0 if weight is None else weight[:, None])
    share = share / share.sum(axis=0)
    center = (share * np.where(seen, values, 0.0)).sum(axis=0)
    variance = (share * np.where(seen, values - center, 0.0) ** 2).sum(axis=0)
    answers = seen.sum(axis=0)
    return center, np.sqrt(variance * answers / (answers - 1))


def _latent(
    names: Sequence[str],
    values: FloatArray,
    ordinal: np.ndarray,
    weight: FloatArray | None,
    empty: EmptyCells,
) -> tuple[FloatArray, np.ndarray]:
    """Polychoric, polyserial and Pearson correlations (p, p) by pair, and which of the first two ran to ±1.

    `ordinal` (p,) says which items of `values` (n, p) are categories.
    """
    codes, categories = ordinal_codes(
        [name for name, is_ordinal in zip(names, ordinal, strict=True) if is_ordinal], values[:, ordinal]
    )
    if not ordinal.any():
        return pearson_pairwise(values, weight).correlation(), np.zeros((len(names), len(names)), dtype=bool)
    tables = polychoric(codes, categories, weight, empty)
    if ordinal.all():
        return tables.corr, _at_edge(tables)
    found = mixed(values[:, ~ordinal], codes, categories, weight, empty)
    numeric = int((~ordinal).sum())
    edge = np.abs(found) >= _EDGE
    edge[:numeric, :numeric] = False
    edge[numeric:, numeric:] = _at_edge(tables)
    # the kernel has numeric items first
    place = np.ix_(*[np.argsort(np.r_[np.flatnonzero(~ordinal), np.flatnonzero(ordinal)])] * 2)
    return np.asarray(found[place]), edge[place]


def _at_edge(found: Polychoric) -> np.ndarray:
    return np.asarray(found.boundary | ~found.converged)


def _smoothed(matrix: FloatArray, what: str) -> tuple[FloatArray, bool]:
    """The matrix without negative eigenvalues, and whether it had any. A zero one is the items' own fault."""
    lowest = float(np.linalg.eigvalsh(matrix)[0])
    if lowest >= -SINGULAR:
        return matrix, False
    _warn(f"{what} was not positive definite (smallest eigenvalue {lowest:.2g}) and has been smoothed")
    return smooth(matrix).corr, True


def _warn(message: str) -> None:
    warnings.warn(message, SocialcapWarning, stacklevel=4)


def _require_options(kind: str, missing: str, empty: str) -> None:
    given: Iterable[tuple[str, str, tuple[str, ...]]] = (
        ("kind", kind, KINDS),
        ("missing", missing, MISSING_RULES),
        ("empty", empty, EMPTY_CELLS),
    )
    for what, value, valid in given:
        if value not in valid:
            raise UsageError(f"{what}={value!r} is not one of {', '.join(valid)}")
    if missing == "em" and kind != "pearson":
        raise UsageError("missing='em' estimates normal moments and goes with kind='pearson' only")


def _require_data(frame: pd.DataFrame) -> None:
    """Refuse a correlation matrix that is handed over as if it were data."""
    if _names_match(frame) and not _matrix_problems(frame, [str(name) for name in frame.columns]):
        raise UsageError("this is a correlation matrix: say with n_obs how many rows it comes from")


def _require_rows(names: Sequence[str], values: FloatArray) -> None:
    if len(values) <= len(names):
        raise EstimationError(f"{len(values)} rows for {len(names)} items; more rows than items are needed")


def _require_pairs(names: Sequence[str], values: FloatArray, pairs: IntArray, *, vary: bool) -> None:
    """Every pair of items needs rows in which both are answered, and `vary` where these alone count."""
    problems: list[Problem] = []
    for j, name in enumerate(names):
        together = values[~np.isnan(values[:, j])]
        for i in range(j):
            both = f"{names[i]}, {name}"
            own = together[~np.isnan(together[:, i])][:, [i, j]]
            if pairs[i, j] < _FEWEST_ROWS:
                problems.append(Problem(f"{pairs[i, j]} rows have both", column=both))
            elif vary and np.ptp(own, axis=0).min() == 0:
                problems.append(Problem("one of them is constant in the rows that have both", column=both))
    if problems:
        raise EstimationError("some items cannot be correlated with each other", problems)


def _picked(corr: CorrelationResult, items: Sequence[str]) -> CorrelationResult:
    """The correlations of some of the items."""
    known = list(corr.matrix.index)
    if unknown := [name for name in items if name not in known]:
        raise UsageError("items are missing from the correlations", unknown_items(unknown, known))
    if len(set(items)) < len(items) or len(items) < 2:
        raise UsageError("items: two or more different ones are needed")
    names = list(items)
    return replace(
        corr,
        matrix=corr.matrix.loc[names, names],
        n_pairs=corr.n_pairs.loc[names, names],
        center=None if corr.center is None else corr.center[names],
        spread=None if corr.spread is None else corr.spread[names],
    )


def _matrix_problems(matrix: pd.DataFrame, names: Sequence[str]) -> list[Problem]:
    if matrix.shape[0] != matrix.shape[1] or [str(name) for name in matrix.index] != list(names):
        return [Problem("rows and columns must carry the same names in the same order")]
    if len(set(names)) < len(names):
        return [Problem("names occur twice")]
    try:
        values = matrix.to_numpy(dtype=float)
    except (TypeError, ValueError):
        return [Problem("it holds text")]
    if not np.isfinite(values).all():
        return [Problem("it has missing or infinite entries")]
    faults = {
        "it is not symmetric": np.abs(values - values.T).max() > _TOLERANCE,
        "its diagonal is not one": np.abs(np.diag(values) - 1).max() > _TOLERANCE,
        "it has entries beyond ±1": np.abs(values).max() > 1 + _TOLERANCE,
    }
    return [Problem(message) for message, wrong in faults.items() if wrong]


def _names_match(frame: pd.DataFrame) -> bool:
    """Whether a frame may be meant as a correlation matrix: square, with the same names on both sides."""
    return frame.shape[0] == frame.shape[1] and [*map(str, frame.index)] == [*map(str, frame.columns)]


def _labelled(values: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(values, index=list(names), columns=list(names))
