"""A confirmatory factor model in the user's names: items by factor, and how parameters are spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from socialcap.errors import Problem, UsageError, nearest
from socialcap.kernels.cfa_model import FIXED, ParameterTable, Part
from socialcap.kernels.cfa_table import LEVELS, ORDINAL_LEVELS, Position, confirmatory_table
from socialcap.measurement.items import unknown_items

Identification = Literal["marker", "unit_variance"]
Level = Literal["configural", "metric", "scalar", "strict"]
IDENTIFICATIONS: tuple[Identification, ...] = ("marker", "unit_variance")

_OPERATOR = re.compile(r"\s*(=~|~\*~|~~|~|\|)\s*")


@dataclass(frozen=True)
class FactorModel:
    """Which items load on which factors: pattern (p, k), true where free; pairs with correlated residuals."""

    factors: tuple[str, ...]
    items: tuple[str, ...]
    pattern: NDArray[np.bool_]
    residual_pairs: tuple[tuple[int, int], ...] = ()
    identification: Identification = "marker"

    @property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Items by factor."""
        return {
            factor: tuple(item for item, on in zip(self.items, self.pattern[:, f], strict=True) if on)
            for f, factor in enumerate(self.factors)
        }

    @property
    def separate(self) -> bool:
        """Whether there are several factors and no item belongs to two of them."""
        return len(self.factors) > 1 and bool((self.pattern.sum(axis=1) == 1).all())

    def table(
        self,
        *,
        means: bool,
        n_groups: int = 1,
        level: str = "configural",
        released: Iterable[Position] = (),
        n_categories: Sequence[int] = (),
    ) -> ParameterTable:
        """The kernels' parameter table of this model."""
        return confirmatory_table(
            self.pattern,
            unit_variance=self.identification == "unit_variance",
            means=means,
            n_groups=n_groups,
            equal=(ORDINAL_LEVELS if n_categories else LEVELS)[level],
            released=released,
            residual_covariances=self.residual_pairs,
            n_categories=n_categories,
        )

    def spell(self, position: Position) -> tuple[str, str, str]:
        """A parameter's left side, operator and right side, as lavaan writes them."""
        part, row, col = position
        item, factor = self.items, self.factors
        match part:
            case Part.LOADINGS:
                return factor[col], "=~", item[row]
            case Part.FACTOR_COV:
                return factor[col], "~~", factor[row]
            case Part.RESIDUAL_COV:
                return item[col], "~~", item[row]
            case Part.INTERCEPTS:
                return item[row], "~1", ""
            case Part.LATENT_MEANS:
                return factor[row], "~1", ""
            case Part.THRESHOLDS:
                return item[row], "|", f"t{col + 1}"
            case _:
                return item[row], "~*~", item[row]


def positions_of(table: ParameterTable) -> list[Position]:
    """Matrix and place of every row of a table."""
    return [(Part(int(a)), int(b), int(c)) for a, b, c in zip(table.part, table.row, table.col, strict=True)]


def factor_model(
    model: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    residual_covariances: Sequence[tuple[str, str]] = (),
    identification: Identification = "marker",
) -> FactorModel:
    """The model that items by factor describe, items in the order in which the factors list them.

    Raises UsageError with everything that is wrong: no factor, a factor of fewer than two items, an item that
    the data lack or that a factor names twice, a factor called like an item, residual covariances of an item
    with itself or of items on no factor, factors that each hold the other's marker.
    """
    chosen: dict[str, tuple[str, ...]] = {
        str(factor): (items,) if isinstance(items, str) else tuple(str(item) for item in items)
        for factor, items in model.items()
    }
    items = tuple(dict.fromkeys(item for members in chosen.values() for item in members))
    ordered = _in_order(items, [[m[i : i + 2] for i in range(len(m) - 1)] for m in chosen.values()])
    ordered = ordered or _in_order(items, [[(m[0], other) for other in m[1:]] for m in chosen.values()])
    problems = [
        *unknown_items([item for item in items if item not in columns], columns),
        *_structure_problems(chosen, items),
        *_pair_problems(residual_covariances, items),
    ]
    if identification not in IDENTIFICATIONS:
        allowed = ", ".join(IDENTIFICATIONS)
        problems.append(Problem(f"there is no identification {identification!r}", expected=allowed))
    if not problems and ordered is None and identification == "marker":
        problems.append(
            Problem(
                "factors hold each other's first item, which gives both their scale",
                expected="an item of its own first in each factor, or identification='unit_variance'",
            )
        )
    if problems:
        raise UsageError("this factor model cannot be used", problems)
    items = ordered or items
    pattern = np.array([[item in members for members in chosen.values()] for item in items], dtype=bool)
    at = {item: i for i, item in enumerate(items)}
    pairs = tuple((at[str(a)], at[str(b)]) for a, b in residual_covariances)
    return FactorModel(tuple(chosen), items, pattern, pairs, identification)


def _in_order(items: Sequence[str], before: Sequence[Sequence[tuple[str, ...]]]) -> tuple[str, ...] | None:
    """The items with each pair (first, second) in that order, else as they stand; None where pairs conflict.

    The kernels scale a factor by the first of its items, so that the order of the items decides the marker.
    """
    pairs = {pair for of_factor in before for pair in of_factor if pair[0] != pair[1]}
    left, out = list(items), []
    while left:
        blocked = {second for first, second in pairs if first in left}
        ready = next((item for item in left if item not in blocked), None)
        if ready is None:
            return None
        left.remove(ready)
        out.append(ready)
    return tuple(out)


def _structure_problems(chosen: Mapping[str, tuple[str, ...]], items: Sequence[str]) -> Iterator[Problem]:
    if not chosen:
        yield Problem("the model names no factor", expected='{"factor": ["item", ...], ...}')
    for factor, members in chosen.items():
        if len(set(members)) < 2:
            count = {0: "no item", 1: f"one item ({members[0] if members else ''})"}[len(set(members))]
            yield Problem(f"factor {factor!r} has {count}", expected="at least two items, better three")
        for item in sorted({item for item in members if members.count(item) > 1}):
            yield Problem(f"factor {factor!r} names item {item!r} twice")
        if factor in items:
            yield Problem(f"{factor!r} is the name of a factor and of an item")


def _pair_problems(pairs: Sequence[tuple[str, str]], items: Sequence[str]) -> Iterator[Problem]:
    seen: set[frozenset[str]] = set()
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            yield Problem(f"residual covariance {pair!r}", expected="a pair of items")
            continue
        left, right = (str(item) for item in pair)
        for item in (left, right):
            if item not in items:
                near = nearest(item, items)
                hint = f"; did you mean {near!r}?" if near else ""
                yield Problem(f"residual covariance of {item!r}, which is on no factor{hint}")
        if left == right:
            yield Problem(f"residual covariance of {left!r} with itself")
        if frozenset((left, right)) in seen:
            yield Problem(f"residual covariance {left!r}, {right!r} is there twice")
        seen.add(frozenset((left, right)))


def level_problems(invariance: str | None, *, ordinal: bool, grouped: bool) -> list[Problem]:
    """What is wrong with an invariance level; empty where nothing is."""
    if invariance is None:
        return []
    levels = ORDINAL_LEVELS if ordinal else LEVELS
    if invariance not in levels:
        if invariance in LEVELS:
            return [
                Problem(
                    f"invariance {invariance!r} cannot be told apart for ordinal items under wlsmv: "
                    f"loadings and "
                    "thresholds together set the response curve",
                    expected=", ".join(levels),
                )
            ]
        return [Problem(f"there is no invariance level {invariance!r}", expected=", ".join(levels))]
    return [] if grouped else [Problem(f"invariance {invariance!r} compares groups", expected="groups=...")]


def released_positions(
    free: Sequence[str], model: FactorModel, table: ParameterTable
) -> tuple[list[Position], list[Problem]]:
    """Places of released parameters, spelled as `trust=~t2`, `t2~1`, `t2~~t2` or `t2|1`, and what is wrong.

    table: that of the level, nothing released. Only a parameter that it holds equal over groups can be
    released.
    """
    spelled: dict[str, tuple[Position, int]] = {}
    for r, position in enumerate(positions_of(table)):
        left, op, right = model.spell(position)
        spelled[left + op + right] = (position, r)
        if op == "~~":
            spelled[right + op + left] = (position, r)
    found: list[Position] = []
    problems: list[Problem] = []
    for name in (free,) if isinstance(free, str) else free:
        wanted = _OPERATOR.sub(r"\1", str(name).strip())
        wanted = re.sub(r"\|(\d+)$", r"|t\1", wanted)
        if wanted not in spelled:
            near = nearest(wanted, list(spelled))
            problems.append(
                Problem(f"there is no parameter {name!r}" + (f"; did you mean {near!r}?" if near else ""))
            )
            continue
        position, r = spelled[wanted]
        if table.free[0, r] == FIXED:
            problems.append(
                Problem(
                    f"{name!r} is fixed to give its factor a scale", expected="another identification or item"
                )
            )
        elif len(set(table.free[:, r])) > 1:
            problems.append(Problem(f"{name!r} is not held equal over groups at this level"))
        else:
            found.append(position)
    return found, problems
