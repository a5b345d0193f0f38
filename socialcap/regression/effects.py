"""Marginal effects and predictions of any model, through squares, interactions, logs and categories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.kernels import FloatArray
from socialcap.kernels.margins import (
    Margins,
    average_change,
    average_prediction,
    average_slope,
    joint_margins,
    rebuilt_derivative,
)
from socialcap.regression.covariance import quantile, two_sided_p
from socialcap.regression.design import rebuilt
from socialcap.regression.formula import names_in
from socialcap.regression.terms import base_level
from socialcap.results import Text
from socialcap.results.effects import MarginsResult, PredictionResult
from socialcap.results.measurement import label_of
from socialcap.results.regression import Equation, Estimation, RegressionResult, no_response

At = str | Mapping[str, Any]
# the first step, in standard deviations, at which every row's design is defined is taken
_STEPS = (1e-3, 1e-4, 1e-5, 1e-6)


def margins(
    result: RegressionResult,
    at: At = "average",
    variables: Sequence[str] | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> MarginsResult:
    """Marginal effects of variables on a model's expected outcomes, with delta-method standard errors.

    `at`: "average" averages the effects over the rows (AME); "means" takes them at the means of numeric
    variables and the shares of categorical ones (MEM); a mapping sets variables to a value, or to several in
    turn, in every row, and averages over the others (MER). `variables`: all of the formula by default. The
    effect of a number is the derivative dE(y)/dx, that of a 0/1 variable the change from 0 to 1, that of a
    category the change from its reference level; `changes` asks for the change between two values instead,
    as in `{"children": (0, 1)}`. The whole design is rebuilt with each value, so that squares, interactions
    and logs of a variable move with it. Standard errors are by the delta method with the result's own
    covariance, exact in the parameters (Greene 2018, section 17.2.4). Survey weights enter the averages.

    Raises UsageError for a variable, level or `at` that does not exist, NotAvailableError for a model without
    expected outcomes.
    """
    context = _Context.of(result)
    changes = changes or {}
    asked = list(variables) if variables is not None else context.names
    for name in (*asked, *changes):
        context.require(name)
    scenarios = list(context.scenarios(at))
    parts: list[Margins] = []
    rows: list[dict[str, Any]] = []
    for scenario in scenarios:
        for name in dict.fromkeys([*asked, *changes]):
            # the slope of a number is taken at the value that it is held at; a category held is no change
            if name in scenario.held and name not in changes and context.levels(name) is not None:
                continue
            for contrast, effect in context.effects(name, scenario, changes.get(name)):
                parts.append(effect)
                rows += [
                    {"variable": name, "contrast": contrast, "at": scenario.text, "outcome": outcome}
                    for outcome in context.fit.outcomes
                ]
    if not parts:
        raise UsageError(
            "every variable asked for is held at a value" if asked else "the model has no variables"
        )
    joint = joint_margins(parts, context.fit.vcov)
    effects = _tested(pd.DataFrame(rows), joint, context.fit)
    labels = tuple(label_of(result.labels, str(name)) for name in effects["variable"])
    return MarginsResult(
        name=result.name,
        effects=effects,
        vcov=pd.DataFrame(joint.vcov),
        at=_where(at),
        labels=labels,
        label=result.label,
        notes=_notes(result, at),
    )


def predict(result: RegressionResult, at: At = "average") -> PredictionResult:
    """Expected outcomes with delta-method standard errors, averaged over the rows or along a curve.

    `at` as in `margins`: a mapping of variables to values, such as `{"credit": [1, 2, 3]}`, sets them in
    every row and averages the expected outcomes over the others' observed values; several lists
    give their product.
    Raises as `margins`.
    """
    context = _Context.of(result)
    scenarios = list(context.scenarios(at))
    parts = [context.prediction(scenario) for scenario in scenarios]
    joint = joint_margins(parts, context.fit.vcov)
    rows = [
        {**scenario.held, "outcome": outcome} for scenario in scenarios for outcome in context.fit.outcomes
    ]
    variables = tuple(scenarios[0].held)
    return PredictionResult(
        name=result.name,
        predictions=_tested(pd.DataFrame(rows), joint, context.fit),
        vcov=pd.DataFrame(joint.vcov),
        variables=variables,
        labels=tuple(label_of(result.labels, name) for name in variables),
        label=result.label,
        notes=_notes(result, at),
    )


_METHOD = Text(
    "Standard errors by the delta method from the {cov} covariance of the coefficients.",
    "标准误由系数的 {cov} 协方差经 delta 法得出。",
)


def _notes(result: RegressionResult, at: At) -> tuple[Text, ...]:
    """Which event the probabilities are of, where the effects are taken, and how their errors came about."""
    notes = (_where(at), _METHOD.format(cov=result.covariance.label))
    return notes if result.event is None else (result.event.note, *notes)


def _where(at: At) -> Text:
    if at == "average":
        return Text("Averaged over the rows.", "对全部样本取平均。")
    if at == "means":
        return Text(
            "At the means of numeric variables and the shares of categorical ones.",
            "在数值变量的均值与分类变量的占比处计算。",
        )
    return Text(
        "With the variables named set to the values shown in every row, averaged over the others.",
        "将所列变量在每一行设为所示取值，其余变量取观测值后平均。",
    )


def _tested(rows: pd.DataFrame, joint: Margins, fit: Estimation) -> pd.DataFrame:
    """The rows with estimates, errors, tests and intervals."""
    errors = joint.std_errors
    df = fit.df(joint.jacobian)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = joint.effects / errors
    width = quantile(df) * errors
    return rows.assign(
        estimate=joint.effects,
        std_error=errors,
        statistic=statistic,
        p_value=two_sided_p(statistic, df),
        ci_low=joint.effects - width,
        ci_high=joint.effects + width,
        df=df,
    )


@dataclass(frozen=True)
class _Scenario:
    """Data with some variables held at values; `collapse`: one row of means stands for all."""

    data: pd.DataFrame
    held: dict[str, Any]
    collapse: bool

    @property
    def text(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.held.items())


@dataclass(frozen=True)
class _Context:
    """A fitted model as margins see it: its variables, the levels of categorical ones, its response."""

    fit: Estimation
    names: list[str]
    contrasts: dict[str, tuple[list[Any], Any]]
    weights: FloatArray | None

    @classmethod
    def of(cls, result: RegressionResult) -> _Context:
        fit = result.estimation
        if fit.response is None:
            raise no_response(result)
        specs = [spec for equation in fit.equations for spec in equation.specs]
        contrasts: dict[str, tuple[list[Any], Any]] = {}
        used: dict[str, None] = {}
        columns = list(map(str, fit.data.columns))
        for spec in specs:
            factors = [str(factor.expr) for part in spec.structure for factor in part.term.factors]
            named = chain.from_iterable(_variables_of(factor, columns) for factor in factors)
            used |= dict.fromkeys(name for name in named if name in columns)
            for factor, state in spec.factor_contrasts.items():
                for name in _variables_of(str(factor), columns):
                    base = base_level(state)
                    contrasts[name] = (list(state.levels), state.levels[0] if base is None else base)
        weights = None if fit.weights is None else fit.weights.to_numpy()
        return cls(fit, list(used), contrasts, weights)

    def require(self, name: str) -> None:
        """Raises UsageError for a name that is no variable of the model."""
        if name not in self.names:
            hint = nearest(name, self.names)
            raise UsageError(
                f"{name!r} is not a variable of the model: {', '.join(self.names)}"
                + (f"; {hint!r}?" if hint else "")
            )

    def levels(self, name: str) -> list[Any] | None:
        """The levels of a categorical variable, None for a number."""
        if name in self.contrasts:
            return self.contrasts[name][0]
        return None

    def scenarios(self, at: At) -> Iterator[_Scenario]:
        """The data with `at` applied, one set of values after the other."""
        if at == "average":
            yield _Scenario(self.fit.data, {}, False)
            return
        if at == "means":
            yield _Scenario(self._at_means(), {}, True)
            return
        if not isinstance(at, Mapping) or not at:
            raise UsageError(f"at={at!r} is neither 'average', 'means' nor a mapping of variables to values")
        values = {}
        for name, value in at.items():
            self.require(name)
            several = value if isinstance(value, list | tuple | np.ndarray | pd.Series | range) else [value]
            values[name] = [self._valid(name, one) for one in several]
        for point in product(*values.values()):
            held = dict(zip(values, point, strict=True))
            yield _Scenario(self._changed(self.fit.data, held), held, False)

    def _valid(self, name: str, value: Any) -> Any:
        """A value that the variable can take: a known level, or a number."""
        levels = self.levels(name)
        if levels is None:
            return float(value) if not isinstance(value, bool | np.bool_) else bool(value)
        if value not in levels:
            hint = nearest(str(value), [str(level) for level in levels])
            raise UsageError(
                f"{value!r} is not a level of {name}: {', '.join(map(str, levels))}"
                + (f"; {hint!r}?" if hint else "")
            )
        return value

    def _at_means(self) -> pd.DataFrame:
        data = self.fit.data.copy()
        for name in self.names:
            if self.levels(name) is None:
                data[name] = float(np.average(data[name].astype(float), weights=self.weights))
        return data

    def _changed(self, data: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
        """The data with each variable set to one value in every row, categories keeping their type."""
        changed = data.copy()
        for name, value in values.items():
            levels = self.levels(name)
            if levels is None:
                changed[name] = float(value)
            else:
                changed[name] = pd.Series(
                    pd.Categorical([value] * len(data), categories=levels), index=data.index
                )
        return changed

    def effects(
        self, name: str, scenario: _Scenario, change: tuple[Any, Any] | None
    ) -> Iterator[tuple[str, Margins]]:
        """The effects of a variable: a derivative, or a change between two values for each pair."""
        levels = self.levels(name)
        if change is not None:
            pairs = [(self._valid(name, change[0]), self._valid(name, change[1]))]
        elif levels is not None:
            base = self.contrasts[name][1]
            pairs = [(base, level) for level in levels if level != base]
        elif self._indicator(name):
            pairs = [(0.0, 1.0)]
        else:
            yield "dy/dx", self._slope(name, scenario)
            return
        for low, high in pairs:
            before, after = (
                self._designs(self._changed(scenario.data, {name: value}), scenario) for value in (low, high)
            )
            text = f"{_shown(low)} → {_shown(high)}"
            yield (
                text,
                average_change(
                    self._response, self.fit.parameters, self.fit.vcov, before, after, self._shares(scenario)
                ),
            )

    def prediction(self, scenario: _Scenario) -> Margins:
        """The expected outcomes of a scenario."""
        designs = self._designs(scenario.data, scenario)
        return average_prediction(
            self._response, self.fit.parameters, self.fit.vcov, designs, self._shares(scenario)
        )

    def _indicator(self, name: str) -> bool:
        return set(self.fit.data[name].unique()) <= {0, 1}

    def _slope(self, name: str, scenario: _Scenario) -> Margins:
        numbers = self.fit.data[name].astype(float)
        spread = float(numbers.std(ddof=0)) or 1.0
        at = scenario.data[name].astype(float)
        designs = self._designs(scenario.data, scenario)
        for step in _STEPS:
            derivatives = [
                _collapsed(
                    rebuilt_derivative(self._moved(equation, scenario.data, name, at), step * spread),
                    scenario,
                    self.weights,
                )
                for equation in self._distinct()
            ]
            if all(np.isfinite(part).all() for part in derivatives):
                return average_slope(
                    self._response,
                    self.fit.parameters,
                    self.fit.vcov,
                    designs,
                    self._spread(derivatives),
                    self._shares(scenario),
                )
        raise EstimationError(
            "a marginal effect cannot be computed",
            [Problem("the formula is not defined just beside the values of this variable", column=name)],
        )

    def _moved(
        self, equation: Equation, data: pd.DataFrame, name: str, at: pd.Series
    ) -> Callable[[float], FloatArray]:
        return lambda h: rebuilt(equation, data.assign(**{name: at + h}))

    def _distinct(self) -> list[Equation]:
        """The equations, each once: a multinomial model has the same design for every category."""
        found: list[Equation] = []
        for equation in self.fit.equations:
            if not any(equation is other for other in found):
                found.append(equation)
        return found

    def _spread(self, parts: list[FloatArray]) -> list[FloatArray]:
        """Arrays of the distinct equations, repeated for all."""
        distinct = self._distinct()
        return [
            next(p for p, e in zip(parts, distinct, strict=True) if e is equation)
            for equation in self.fit.equations
        ]

    def _designs(self, data: pd.DataFrame, scenario: _Scenario) -> list[FloatArray]:
        parts = [_collapsed(rebuilt(equation, data), scenario, self.weights) for equation in self._distinct()]
        if not all(np.isfinite(part).all() for part in parts):
            raise EstimationError(f"the formula is not defined at {scenario.text or 'these values'}")
        return self._spread(parts)

    def _shares(self, scenario: _Scenario) -> FloatArray | None:
        return None if scenario.collapse else self.weights

    @property
    def _response(self) -> Callable[[FloatArray, FloatArray], Any]:
        assert self.fit.response is not None  # checked when the context was made
        return self.fit.response


def _collapsed(design: FloatArray, scenario: _Scenario, weights: FloatArray | None) -> FloatArray:
    """One row of means in place of all rows where the scenario says so."""
    return np.average(design, axis=0, weights=weights)[None, :] if scenario.collapse else design


def _variables_of(factor: str, columns: list[str]) -> list[str]:
    """The variables of a categorical factor, such as `trade` or `C(trade)`."""
    return [factor] if factor in columns else names_in(factor)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
