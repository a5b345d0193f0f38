"""Parameter tables of confirmatory factor models: identification, groups, invariance, constraints."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import IntArray
from socialcap.kernels.cfa_model import FIXED, ParameterTable, Part

Position = tuple[Part, int, int]

LEVELS: dict[str, frozenset[Part]] = {
    "configural": frozenset(),
    "metric": frozenset({Part.LOADINGS}),
    "scalar": frozenset({Part.LOADINGS, Part.INTERCEPTS}),
    "strict": frozenset({Part.LOADINGS, Part.INTERCEPTS, Part.RESIDUAL_COV}),
}
ORDINAL_LEVELS: dict[str, frozenset[Part]] = {
    "configural": frozenset(),
    "scalar": frozenset({Part.LOADINGS, Part.THRESHOLDS}),
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One table row while the table is built: free or the constant, in the first group and in the others."""

    position: Position
    value: float | None
    value_later: float | None


def confirmatory_table(
    pattern: NDArray[np.bool_],
    *,
    unit_variance: bool = False,
    means: bool = False,
    n_groups: int = 1,
    equal: frozenset[Part] = frozenset(),
    released: Iterable[Position] = (),
    residual_covariances: Sequence[tuple[int, int]] = (),
    regressions: Sequence[tuple[int, int]] = (),
    orthogonal: Sequence[int] = (),
    n_categories: Sequence[int] = (),
) -> ParameterTable:
    """Table of a factor model whose loadings are free where pattern (p, k) is true.

    unit_variance: fix (disturbance) variances of the latents at one instead of the first loading of each.
    equal: parts held equal over groups (LEVELS names the usual series), but for `released` positions (partial
        invariance). Equal intercepts free the latent means of groups after the first; equal loadings under
        unit_variance free their latent variances.
    residual_covariances: pairs of items; regressions: (to, from) pairs of latents; orthogonal: latents that
        have no covariance with any other.
    A latent with one indicator takes it over whole (loading one, residual zero), which is how an observed
    covariate enters. n_categories makes the items ordinal (delta parameterisation): thresholds and scales
    take the place of intercepts and residual variances; equal thresholds free the latent means and the scales
    of groups after the first. Covariances are free among latents that depend on none, and among those that
    others do not depend on, as in lavaan 0.6 (auto.cov.lv.x, auto.cov.y).
    """
    p, k = pattern.shape
    ordinal = len(n_categories) > 0
    held = np.full(k, unit_variance) & (pattern.sum(0) > 1) | (ordinal & (pattern.sum(0) == 1))
    built = _loadings(pattern, unit_variance)
    built += _latent_covariances(held, Part.LOADINGS in equal, regressions, set(orthogonal))
    alone = {int(np.flatnonzero(pattern[:, f])[0]) for f in range(k) if pattern[:, f].sum() == 1}
    if not ordinal:
        built += [_Entry((Part.RESIDUAL_COV, i, i), *(2 * [0.0 if i in alone else None])) for i in range(p)]
    built += [_free((Part.RESIDUAL_COV, max(pair), min(pair))) for pair in residual_covariances]
    built += [_free((Part.REGRESSIONS, to, by)) for to, by in regressions]
    if means and not ordinal:
        built += [_free((Part.INTERCEPTS, i, 0)) for i in range(p)]
    if ordinal:
        built += [_free((Part.THRESHOLDS, i, c)) for i in range(p) for c in range(n_categories[i] - 1)]
        later = None if Part.THRESHOLDS in equal else 1.0
        built += [_Entry((Part.SCALES, i, 0), 1.0, later) for i in range(p)]
    if means or ordinal:
        later = None if equal & {Part.INTERCEPTS, Part.THRESHOLDS} else 0.0
        built += [_Entry((Part.LATENT_MEANS, f, 0), 0.0, later) for f in range(k)]
    return _assemble(built, p, k, n_groups, means or ordinal, equal, frozenset(released))


def _free(position: Position) -> _Entry:
    return _Entry(position, None, None)


def _fixed(position: Position, value: float) -> _Entry:
    return _Entry(position, value, value)


def _loadings(pattern: NDArray[np.bool_], unit_variance: bool) -> list[_Entry]:
    """Loadings; the first of each latent is fixed at one unless its variance sets the scale."""
    built = []
    for f in range(pattern.shape[1]):
        items = np.flatnonzero(pattern[:, f])
        for order, i in enumerate(items):
            position = (Part.LOADINGS, int(i), f)
            marker = items.size == 1 or (order == 0 and not unit_variance)
            built.append(_fixed(position, 1.0) if marker else _free(position))
    return built


def _latent_covariances(
    held: NDArray[np.bool_],
    equal_loadings: bool,
    regressions: Sequence[tuple[int, int]],
    orthogonal: set[int],
) -> list[_Entry]:
    """Latent variances, one where held (k,), and covariances by the rules of `confirmatory_table`."""
    k = held.size
    dependent, source = {to for to, _ in regressions}, {by for _, by in regressions}
    built = []
    for f in range(k):
        later = 1.0 if held[f] and not equal_loadings else None
        built.append(_Entry((Part.FACTOR_COV, f, f), 1.0 if held[f] else None, later))
    for f in range(k):
        for h in range(f):
            both_given = f not in dependent and h not in dependent
            both_last = {f, h} <= dependent and not ({f, h} & source)
            if (both_given or both_last) and not ({f, h} & orthogonal):
                built.append(_free((Part.FACTOR_COV, f, h)))
    return built


def _assemble(
    built: list[_Entry],
    p: int,
    k: int,
    n_groups: int,
    means: bool,
    equal: frozenset[Part],
    released: frozenset[Position],
) -> ParameterTable:
    """Sort the rows by part, number the free parameters and tie what is equal over groups."""
    built = sorted(built, key=lambda entry: entry.position[0])
    free = np.full((n_groups, len(built)), FIXED, dtype=np.int64)
    value = np.zeros((n_groups, len(built)))
    count = 0
    for g in range(n_groups):
        for r, entry in enumerate(built):
            constant = entry.value if g == 0 else entry.value_later
            if constant is not None:
                value[g, r] = constant
            elif g > 0 and entry.position[0] in equal and entry.position not in released:
                free[g, r] = free[0, r]
            else:
                free[g, r], count = count, count + 1
    positions = np.array([entry.position for entry in built], dtype=np.int64).reshape(-1, 3)
    return ParameterTable(p, k, positions[:, 0], positions[:, 1], positions[:, 2], free, value, means)


def independence_table(n_items: int, n_groups: int, means: bool) -> ParameterTable:
    """Baseline model: free variances (and means) of items without any covariance, in every group."""
    built = [_free((Part.RESIDUAL_COV, i, i)) for i in range(n_items)]
    if means:
        built += [_free((Part.INTERCEPTS, i, 0)) for i in range(n_items)]
    return _assemble(built, n_items, 0, n_groups, means, frozenset(), frozenset())


def saturated_table(n_items: int, n_groups: int) -> ParameterTable:
    """Unrestricted model: every covariance, variance and mean free, in every group."""
    built = [_free((Part.RESIDUAL_COV, i, j)) for i in range(n_items) for j in range(i + 1)]
    built += [_free((Part.INTERCEPTS, i, 0)) for i in range(n_items)]
    return _assemble(built, n_items, 0, n_groups, True, frozenset(), frozenset())


def find_row(table: ParameterTable, position: Position) -> int:
    """Row of a position in the table; raises KeyError where the table has none."""
    part, row, col = position
    hit = np.flatnonzero((table.part == part) & (table.row == row) & (table.col == col))
    if hit.size == 0:
        raise KeyError(position)
    return int(hit[0])


def tie(table: ParameterTable, positions: Sequence[Position]) -> ParameterTable:
    """The table with the given free positions equal to each other within every group."""
    rows = [find_row(table, position) for position in positions]
    free = table.free.copy()
    for g in range(table.n_groups):
        for r in rows[1:]:
            free[free == free[g, r]] = free[g, rows[0]]
    return replace(table, free=renumber(free))


def fix(table: ParameterTable, positions: Sequence[Position], value: float) -> ParameterTable:
    """The table with the given positions held at a constant in every group."""
    rows = [find_row(table, position) for position in positions]
    free, constants = table.free.copy(), table.value.copy()
    free[:, rows], constants[:, rows] = FIXED, value
    return replace(table, free=renumber(free), value=constants)


def release(table: ParameterTable, positions: Sequence[Position]) -> ParameterTable:
    """The table with the given positions free, each group its own."""
    free = table.free.copy()
    following = table.n_free
    for position in positions:
        r = find_row(table, position)
        free[:, r] = np.arange(following, following + table.n_groups)
        following += table.n_groups
    return replace(table, free=renumber(free))


def extend(table: ParameterTable, positions: Sequence[Position]) -> ParameterTable:
    """The table with further rows, fixed at zero in every group."""
    if not positions:
        return table
    extra = np.array([tuple(position) for position in positions], dtype=np.int64)
    part = np.concatenate([table.part, extra[:, 0]])
    order = np.argsort(part, kind="stable")
    blank = np.zeros((table.n_groups, len(extra)))
    return replace(
        table,
        part=part[order],
        row=np.concatenate([table.row, extra[:, 1]])[order],
        col=np.concatenate([table.col, extra[:, 2]])[order],
        free=np.concatenate([table.free, blank.astype(np.int64) + FIXED], axis=1)[:, order],
        value=np.concatenate([table.value, blank], axis=1)[:, order],
    )


def renumber(free: IntArray) -> IntArray:
    """Free indices without holes, in the order of their first number."""
    out = np.full_like(free, FIXED)
    kept = np.unique(free[free >= 0])
    out[free >= 0] = np.searchsorted(kept, free[free >= 0])
    return out
