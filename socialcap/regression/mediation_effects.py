"""From path coefficients to direct, indirect and total effects, in every replicate at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.mediation import Paths, chain_effects, chains, conditional_effects
from socialcap.regression.mediation_model import MediationModel


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect in B replicates: what it is, its way, the moderator's level (NaN for none), values (B,)."""

    kind: str
    way: str
    level: float
    values: FloatArray

    @property
    def name(self) -> str:
        """The effect's name in a table: its way, and the level where it depends on one."""
        return self.way if np.isnan(self.level) else f"{self.way} | {self.level:.6g}"


def path_values(model: MediationModel, paths: Paths) -> dict[tuple[str, str], FloatArray]:
    """Coefficients (B,) of the model's own regressors by (outcome, regressor), covariates left aside."""
    return {
        (outcome, name): slopes[:, i]
        for (outcome, part), slopes in zip(model.plan.regressors().items(), paths.slopes, strict=False)
        for i, name in enumerate(part)
    }


def effects(model: MediationModel, paths: Paths) -> list[Effect]:
    """Every effect, in the order in which it is shown: indirect, their total, direct, total."""
    plan = model.plan
    found = path_values(model, paths)
    shown = _indirect(model, found)
    direct, way = found[plan.y, plan.x], f"{plan.x} → {plan.y}"
    if "direct" in plan.moderated:
        change = found[plan.y, plan.product(plan.x)]
        shown += [
            Effect("direct", way, float(level + model.centre), direct + change * level)
            for level in model.levels
        ]
    else:
        shown.append(Effect("direct", way, np.nan, direct))
    if plan.moderator is None:
        shown.append(Effect("total", "total", np.nan, paths.slopes[-1][:, 0]))
    return shown


def moderated_mediation_index(model: MediationModel, paths: Paths) -> dict[str, FloatArray]:
    """Slope (B,) of the indirect effect in the moderator, by mediator; empty where it is no straight line."""
    plan = model.plan
    if len(plan.moderated & {"a", "b"}) != 1:
        return {}
    found = path_values(model, paths)
    if "a" in plan.moderated:
        return {m: found[m, plan.product(plan.x)] * found[plan.y, m] for m in plan.mediators}
    return {m: found[m, plan.x] * found[plan.y, plan.product(m)] for m in plan.mediators}


def standardising(model: MediationModel, paths: Paths) -> FloatArray:
    """What an effect is multiplied by (B,): sd(x) / sd(y), or 1 / sd(y) for a cause of two values."""
    names = list(model.columns.columns)
    spread_y = paths.spread[:, names.index(model.plan.y)]
    spread_x = 1.0 if model.two_valued_cause else paths.spread[:, names.index(model.plan.x)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(spread_x / spread_y)


def _indirect(model: MediationModel, found: dict[tuple[str, str], FloatArray]) -> list[Effect]:
    plan = model.plan
    a = np.stack([found[m, plan.x] for m in plan.mediators], axis=-1)
    b = np.stack([found[plan.y, m] for m in plan.mediators], axis=-1)
    if plan.moderated & {"a", "b"}:
        none = np.zeros(len(a))
        a_w = np.stack([found.get((m, plan.product(plan.x)), none) for m in plan.mediators], axis=-1)
        b_w = np.stack([found.get((plan.y, plan.product(m)), none) for m in plan.mediators], axis=-1)
        values = conditional_effects(a, a_w, b, b_w, model.levels)
        return [
            Effect("indirect", f"{plan.x} → {m} → {plan.y}", float(level + model.centre), values[:, i, j])
            for j, m in enumerate(plan.mediators)
            for i, level in enumerate(model.levels)
        ]
    k = len(plan.mediators)
    d = np.zeros((len(a), k, k))
    if plan.kind == "serial":
        for later, outcome in enumerate(plan.mediators):
            for earlier in range(later):
                d[:, later, earlier] = found[outcome, plan.mediators[earlier]]
    ways = chains(k) if plan.kind == "serial" else tuple((i,) for i in range(k))
    values = chain_effects(a, d, b, ways)
    shown = [
        Effect(
            "indirect", " → ".join((plan.x, *(plan.mediators[i] for i in way), plan.y)), np.nan, values[:, j]
        )
        for j, way in enumerate(ways)
    ]
    if len(ways) > 1:
        shown.append(Effect("total indirect", "total indirect", np.nan, values.sum(axis=-1)))
    return shown
