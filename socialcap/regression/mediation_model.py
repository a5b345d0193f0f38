"""The linear equations of a mediation model, and the columns that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from socialcap.kernels import FloatArray
from socialcap.kernels.mediation import Equation
from socialcap.regression.inputs import (
    as_term,
    moderator_levels,
    numbers,
    one_index,
    quoted,
    require_columns,
    require_variation,
)
from socialcap.regression.models import regress

Kind = Literal["parallel", "serial"]
Moderated = Literal["a", "b", "direct"]

_PROCESS: Mapping[tuple[Kind, frozenset[str]], int] = {
    ("parallel", frozenset()): 4,
    ("serial", frozenset()): 6,
    ("parallel", frozenset({"direct"})): 5,
    ("parallel", frozenset({"a"})): 7,
    ("parallel", frozenset({"a", "direct"})): 8,
    ("parallel", frozenset({"b"})): 14,
    ("parallel", frozenset({"b", "direct"})): 15,
    ("parallel", frozenset({"a", "b"})): 58,
    ("parallel", frozenset({"a", "b", "direct"})): 59,
}


@dataclass(frozen=True)
class MediationPlan:
    """What mediates what: cause, mediators in order, outcome, covariates, and paths a moderator changes."""

    x: str
    mediators: tuple[str, ...]
    y: str
    covariates: tuple[str, ...]
    kind: Kind
    moderator: str | None
    moderated: frozenset[Moderated]

    @property
    def roles(self) -> dict[str, str]:
        """What each variable is for -> its name."""
        named = {f"m[{i}]": name for i, name in enumerate(self.mediators)}
        own = {"x": self.x, **named, "y": self.y}
        return own if self.moderator is None else {**own, "moderator": self.moderator}

    @property
    def process_model(self) -> int:
        """The number that this model has in Hayes' PROCESS; with one mediator a serial chain is model 4."""
        kind: Kind = "parallel" if len(self.mediators) == 1 else self.kind
        return _PROCESS[kind, frozenset(self.moderated)]

    def product(self, name: str) -> str:
        """The name of a variable's product with the moderator."""
        return f"{name}:{self.moderator}"

    def regressors(self) -> dict[str, tuple[str, ...]]:
        """The model's own regressors of each mediator and of the outcome, covariates left aside."""
        found: dict[str, tuple[str, ...]] = {}
        for position, mediator in enumerate(self.mediators):
            before = self.mediators[:position] if self.kind == "serial" else ()
            found[mediator] = (self.x, *before, *self._moderation(["a"], [self.x]))
        changed = [self.x] * ("direct" in self.moderated)
        changed += [name for name in self.mediators if "b" in self.moderated]
        found[self.y] = (self.x, *self.mediators, *self._moderation(["b", "direct"], changed))
        return found

    def _moderation(self, paths: Sequence[Moderated], changed: Sequence[str]) -> tuple[str, ...]:
        if self.moderator is None or not self.moderated.intersection(paths):
            return ()
        return (self.moderator, *(self.product(name) for name in changed))


@dataclass(frozen=True)
class MediationModel:
    """A plan on the n rows that are complete on all of its variables.

    frame: these rows of the data, the model's own variables as floats and centred if there is a moderator;
    columns (n, c): the same, products and covariates' columns; equations: of each mediator, of the outcome,
    and of the outcome on the cause without mediators, whose `regressors` have their names; formulas: the same
    as formulas on `frame`; levels: of the moderator, less its mean `centre`; dropped: why rows were left out.
    """

    plan: MediationPlan
    frame: pd.DataFrame
    columns: pd.DataFrame
    equations: tuple[Equation, ...]
    regressors: tuple[tuple[str, ...], ...]
    formulas: tuple[str, ...]
    levels: FloatArray
    centre: float
    dropped: pd.Series

    @property
    def two_valued_cause(self) -> bool:
        """Whether the cause is a contrast of two groups, whose standard deviation says nothing."""
        return bool(self.columns[self.plan.x].nunique() == 2)


def mediation_model(
    plan: MediationPlan, data: pd.DataFrame, levels: Sequence[float] | None
) -> MediationModel:
    """The equations of `plan` on `data`; raises as `mediation` says."""
    require_columns(data, plan.roles)
    own = [name for role, name in plan.roles.items() if role != "y"]
    frame = numbers(data, [*own, plan.y])
    require_variation(frame, plan.roles)
    shared = [as_term(part, data) for part in plan.covariates]
    whole = regress(f"{quoted(plan.y)} ~ {' + '.join([*map(quoted, own), *shared])}", frame)
    design, _ = one_index(whole)
    frame = frame.loc[design.index]
    at, centre = np.empty(0), 0.0
    if plan.moderator is not None:
        centre = float(frame[plan.moderator].mean())
        at = moderator_levels(frame[plan.moderator], levels) - centre
        frame = frame.assign(**{name: frame[name] - frame[name].mean() for name in own})
    covariates = design.drop(columns=["Intercept", *own], errors="ignore")
    equations = plan.regressors()
    products = {
        plan.product(name): frame[name] * frame[plan.moderator]
        for name in (plan.x, *plan.mediators)
        if plan.moderator is not None and any(plan.product(name) in part for part in equations.values())
    }
    columns = pd.concat([frame[own], pd.DataFrame(products, frame.index), covariates, frame[plan.y]], axis=1)
    place = {str(name): i for i, name in enumerate(columns.columns)}
    outcomes = (*equations, plan.y)
    parts = (*equations.values(), (plan.x,))
    return MediationModel(
        plan=plan,
        frame=frame,
        columns=columns,
        equations=tuple(
            Equation(place[outcome], tuple(place[name] for name in (*part, *map(str, covariates))))
            for outcome, part in zip(outcomes, parts, strict=True)
        ),
        regressors=parts,
        formulas=tuple(
            f"{quoted(outcome)} ~ " + " + ".join([*(_term(name, plan, products) for name in part), *shared])
            for outcome, part in zip(outcomes, parts, strict=True)
        ),
        levels=at,
        centre=centre,
        dropped=whole.dropped,
    )


def _term(name: str, plan: MediationPlan, products: Mapping[str, pd.Series]) -> str:
    """A regressor in a formula."""
    if name not in products:
        return quoted(name)
    first = next(part for part in (plan.x, *plan.mediators) if plan.product(part) == name)
    return f"{quoted(first)}:{quoted(str(plan.moderator))}"
