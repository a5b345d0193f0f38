"""Formulas on scores: which part of each regressor is the same in every resample, and which is scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels.pipeline import Model, ScoreDesign
from socialcap.regression.design import (
    Outcome,
    binary_outcome,
    categorical_outcome,
    design,
    numeric_outcome,
)
from socialcap.regression.formula import Equations
from socialcap.regression.terms import LevelLabels, terms_of
from socialcap.results import Term, Text
from socialcap.results.regression import Equation, Event

_SAME = 1e-9
_HIGHEST_POWER = 8


@dataclass(frozen=True)
class LabelledDesign:
    """A `ScoreDesign` with the names of its columns and cutpoints, what they are, and the outcome's name.

    `event`: what a binary model takes as 1 of a categorical outcome.
    """

    kernel: ScoreDesign
    names: list[str]
    terms: Mapping[str, Term]
    outcome: str
    cuts: tuple[str, ...] = ()
    event: Event | None = None

    @property
    def coefficient_names(self) -> list[str]:
        """Names of the coefficients: of the regressors, then of the cutpoints of ordered models."""
        return [*self.names, *self.cuts]

    @property
    def linear(self) -> bool:
        """Whether scores enter by themselves only, so that the moments of scores can be corrected."""
        powers = self.kernel.powers
        alone = self.kernel.fixed[:, powers.sum(axis=1) > 0]
        return self.kernel.model == "ols" and bool(powers.sum(axis=1).max() <= 1 and np.all(alone == 1.0))

    def x(self, scores: FloatArray) -> FloatArray:
        """Regressors (n, q) at given scores (n, s)."""
        columns = [
            self.kernel.fixed[:, j] * np.prod(scores**powers, axis=1)
            for j, powers in enumerate(self.kernel.powers)
        ]
        return np.column_stack(columns)

    def y(self, scores: FloatArray) -> FloatArray:
        """Outcome (n,) at given scores (n, s)."""
        if self.kernel.y is not None:
            return self.kernel.y
        assert self.kernel.outcome is not None
        return np.asarray(scores[:, self.kernel.outcome])


def score_design(
    equations: Equations,
    frame: pd.DataFrame,
    scores: Sequence[str],
    model: Model,
    labels: Mapping[str, Text],
    level_labels: LevelLabels,
) -> LabelledDesign:
    """The design of a formula on columns of `frame` (n rows, complete) and scores that are yet to be made.

    A regressor may be a fixed column, a score, or a product of scores, also with themselves and with fixed
    columns. Found by evaluating the formula at made-up scores: at ones, which leaves the fixed parts; at
    twos, one score at a time, which gives the powers; and at arbitrary numbers, which must agree.

    Raises UsageError for a formula without a score among its regressors, or with a score inside another
    function; EstimationError for an outcome that does not fit the model.
    """
    formula, n = equations.text, len(frame)
    here = [name for name in scores if name in equations.variables()]
    if not equations.regressor_variables() & set(scores):
        raise UsageError(
            f"the formula {formula!r} has no factor among its regressors; the scores are called "
            + ", ".join(scores)
        )

    def at(values: Mapping[str, FloatArray | float]) -> Equation:
        filled = frame.assign(**{name: values.get(name, 1.0) for name in here})
        return design([equations.regressors], filled, formula, constant=not model.startswith("ordered"))

    # what is wrong with the formula whatever the scores is said first
    design([equations.regressors], frame.assign(**{name: np.linspace(1.0, 2.0, n) for name in here}), formula)
    try:
        ones = at({})
        rng = np.random.default_rng(0)
        probe = {name: rng.uniform(0.5, 2.0, n) for name in here}
        other = at(probe)
        doubled = {name: at({name: 2.0}) for name in here}
    except EstimationError:
        raise UsageError(_inside(formula, here)) from None
    if any(made.columns != ones.columns for made in (other, *doubled.values())):
        raise UsageError(_inside(formula, here))
    fixed = ones.matrix.to_numpy(dtype=float)
    size = np.maximum(np.abs(fixed).max(axis=0), np.finfo(float).tiny)
    powers = np.zeros((fixed.shape[1], len(scores)), dtype=np.int64)
    for name, made in doubled.items():
        ratio = np.maximum(np.abs(made.matrix.to_numpy(dtype=float)).max(axis=0) / size, 1.0)
        powers[:, list(scores).index(name)] = np.round(np.log2(ratio)).clip(0, _HIGHEST_POWER)
    names = list(ones.columns)
    terms = terms_of(ones.specs[0], labels, level_labels)
    kernel = ScoreDesign(fixed, powers, None, None, model)
    found = LabelledDesign(kernel, names, {k: v for k, v in terms.items() if v.reference or k in names}, "")
    at_probe = np.column_stack([probe.get(name, np.ones(n)) for name in scores])
    gap = np.abs(found.x(at_probe) - other.matrix.to_numpy(dtype=float)).max(axis=0)
    if np.any(gap > _SAME * size * 2.0 ** powers.sum(axis=1)):
        raise UsageError(_inside(formula, here))
    labelled, outcome = _with_outcome(found, equations, frame, scores)
    return labelled if outcome is None else replace(labelled, event=outcome.event(labels, level_labels))


def _inside(formula: str, scores: Sequence[str]) -> str:
    return (
        f"in the formula {formula!r} the scores ({', '.join(scores)}) may stand by themselves, in products "
        "and in whole powers such as I(F1**2), but not inside other functions: each resample makes them anew"
    )


def _names_a_score(equations: Equations, scores: Sequence[str]) -> bool:
    """Whether an expression on the left side holds a score."""
    left = Equations(equations.text, equations.outcome, ())
    return bool(left.variables() & set(scores))


def _with_outcome(
    found: LabelledDesign, equations: Equations, frame: pd.DataFrame, scores: Sequence[str]
) -> tuple[LabelledDesign, Outcome | None]:
    """The design with the outcome as the model wants it: a number, 0 and 1, categories from 0, or a score,
    which is no outcome of the data.
    """
    kernel, model = found.kernel, found.kernel.model
    name = equations.outcome_variable
    if name is not None and name in scores:
        if model != "ols":
            raise UsageError(f"model={model!r}: the outcome {name} is a score; use model='ols'")
        return replace(found, outcome=name, kernel=replace(kernel, outcome=list(scores).index(name))), None
    if name is None and _names_a_score(equations, scores):
        raise UsageError(f"{equations.text!r}: a score as outcome must stand by itself")
    if model == "ols":
        outcome = numeric_outcome(equations, frame)
    elif model in ("logit", "probit"):
        outcome = binary_outcome(equations, frame)
    else:
        outcome = categorical_outcome(equations, frame, ordered=True)
    values = outcome.values.to_numpy(dtype=float)
    if np.ptp(values) == 0:
        raise EstimationError(f"{equations.text!r}: the outcome {outcome.name} has one value only")
    if not model.startswith("ordered"):
        return replace(found, outcome=outcome.name, kernel=replace(kernel, y=values)), outcome
    pairs = [f"{low} | {high}" for low, high in pairwise(outcome.categories)]
    cuts = {f"cut: {pair}": Text(f"Cutpoint {pair}", f"切点 {pair}") for pair in pairs}
    ordered = replace(
        found,
        outcome=outcome.name,
        kernel=replace(kernel, y=values, n_categories=len(pairs) + 1),
        terms={**found.terms, **{name: Term(name, label) for name, label in cuts.items()}},
        cuts=tuple(cuts),
    )
    return ordered, outcome
