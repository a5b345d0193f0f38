"""Which specifications there are: the levels of each choice, checked, and their crossing."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from socialcap.errors import Problem, nearest
from socialcap.kernels.pipeline import CompositeWeights, Model
from socialcap.measurement.factors import SCORINGS
from socialcap.measurement.method import ROTATIONS
from socialcap.results import Text

Level = str | int
Specification = dict[str, Level]

MEASUREMENT = ("cleaning", "correlation", "extraction", "rotation", "n_factors")
"""The choices that tell one factor solution from another."""
CHOICES = (*MEASUREMENT, "scores", "composite", "covariates", "outcome")
MODELS: Mapping[str, Model] = {name: name for name in get_args(Model)}
_NAMED = {"covariates": ("drop", "add"), "outcome": ("outcome", "model", "reverse")}
_VALID: dict[str, tuple[str, ...]] = {
    "correlation": ("pearson", "spearman", "polychoric"),
    "extraction": ("principal", "paf", "minres", "ml"),
    "rotation": tuple(name for name in ROTATIONS if name != "target"),
    "scores": tuple(SCORINGS),
    "composite": get_args(CompositeWeights),
}


@dataclass(frozen=True)
class Crossing:
    """Specifications in order, the main one first, and how many the choices have together."""

    specifications: list[Specification]
    total: int


def choice_problems(choices: Mapping[str, Any], n_items: int) -> Iterator[Problem]:
    """Everything wrong with the choices asked for, names of variables aside."""
    offered = [key for key in CHOICES if key != "cleaning"]
    for key, given in choices.items():
        if key == "cleaning":
            yield Problem("cleaning rules are compared by giving the data as {name: frame}", "cleaning")
        elif key not in CHOICES:
            yield Problem(f"there is no choice {key!r}{_hint(key, offered)}", expected=", ".join(offered))
        elif key in _NAMED:
            yield from _named_problems(key, given)
        elif isinstance(given, (str, int)):
            yield Problem("holds one value where a list is expected", key, value=str(given))
        else:
            yield from _level_problems(key, list(given), n_items)


def _level_problems(key: str, given: list[Any], n_items: int) -> Iterator[Problem]:
    for level in dict.fromkeys(level for level in given if given.count(level) > 1):
        yield Problem("stands in the list twice", key, value=str(level))
    for level in dict.fromkeys(given):
        if key == "n_factors":
            if not isinstance(level, int) or not 1 <= level <= n_items:
                yield Problem("is no number of factors", key, value=str(level), expected=f"1 to {n_items}")
        elif level not in _VALID[key]:
            hint = _hint(str(level), _VALID[key])
            yield Problem(f"there is no {key} {level!r}{hint}", key, expected=", ".join(_VALID[key]))


def _named_problems(key: str, given: Any) -> Iterator[Problem]:
    if not isinstance(given, Mapping):
        expected = "{name: {" + ", ".join(_NAMED[key]) + "}}"
        yield Problem("holds no names", key, expected=expected)
        return
    for name, setting in given.items():
        where = f"{key}.{name}"
        if not isinstance(setting, Mapping):
            yield Problem("is no table of settings", where, expected=", ".join(_NAMED[key]))
            continue
        for field in setting:
            if field not in _NAMED[key]:
                yield Problem(f"there is no setting {field!r}{_hint(field, _NAMED[key])}", where)
        model = setting.get("model", "ols")
        if key == "outcome" and "outcome" not in setting:
            yield Problem("names no outcome", where)
        if key == "outcome" and model not in MODELS:
            yield Problem(f"there is no model {model!r}{_hint(str(model), list(MODELS))}", where)
        if key == "covariates" and not (setting.get("drop") or setting.get("add")):
            yield Problem("drops and adds nothing", where)


def levels_of(main: Specification, choices: Mapping[str, Any]) -> dict[str, tuple[Level, ...]]:
    """The levels of each choice, that of the main specification first."""
    return {key: tuple(dict.fromkeys([main[key], *choices.get(key, ())])) for key in CHOICES}


def crossing(levels: Mapping[str, Sequence[Level]], limit: int, seed: int) -> Crossing:
    """All combinations of the levels; where there are more than `limit`, the main one and a random choice.

    The choice depends on `seed` alone, is made without replacement and passes over combinations that are
    others over again (`twin`); the order is that of the crossing.
    """
    total = math.prod(len(found) for found in levels.values())
    if total <= limit:
        return Crossing([_decoded(number, levels) for number in range(total)], total)
    chance = random.Random(seed)
    found: dict[int, Specification] = {0: _decoded(0, levels)}
    passed: set[int] = set()
    while len(found) < limit and len(found) + len(passed) < total:
        number = chance.randrange(total)
        specification = _decoded(number, levels)
        if twin(specification, levels) is None:
            found[number] = specification
        else:
            passed.add(number)
    return Crossing([found[number] for number in sorted(found)], total)


def _decoded(number: int, levels: Mapping[str, Sequence[Level]]) -> Specification:
    """The combination at a place of the crossing, the last choice running fastest."""
    found: Specification = {}
    for key in reversed(list(levels)):
        number, place = divmod(number, len(levels[key]))
        found[key] = levels[key][place]
    return {key: found[key] for key in levels}


def twin(specification: Specification, levels: Mapping[str, Sequence[Level]]) -> Text | None:
    """Why a combination is another one over again; None where it is not."""
    if specification["extraction"] == "principal" and specification["scores"] != "means":
        exact = next(rule for rule in levels["scores"] if rule != "means")
        if specification["scores"] != exact:
            return Text(
                "scores of principal components are exact: the same as scores = {rule}",
                "主成分得分为精确值，与 scores = {rule} 相同",
            ).format(rule=exact)
    if specification["n_factors"] == 1:
        for key in ("rotation", "composite"):
            if key in specification and specification[key] != levels[key][0]:
                return Text(
                    "one factor is neither rotated nor weighed against others: the same as {key} = {level}",
                    "单因子无需旋转或加权，与 {key} = {level} 相同",
                ).format(key=key, level=levels[key][0])
    return None


def _hint(name: str, valid: Sequence[str]) -> str:
    near = nearest(name, valid)
    return f"; did you mean {near!r}?" if near else ""
