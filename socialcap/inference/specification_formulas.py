"""The regressions of a specification curve: each followed formula under each set of covariates and outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from socialcap.errors import Problem, nearest
from socialcap.inference.specification_choices import MODELS, Level
from socialcap.kernels.pipeline import Model
from socialcap.regression.formula import Equations, formula_problems, read_formula
from socialcap.results import Text

MAIN = "main"
"""How the covariates of the formula as it stands are called."""


@dataclass(frozen=True)
class Followed:
    """A term that is followed through the specifications of one regression."""

    regression: str
    formula: str
    term: str
    model: Model


@dataclass(frozen=True)
class Variant:
    """A formula to be estimated; `sign` -1 turns an outcome round, so that all point the same way."""

    equations: Equations
    model: Model
    sign: float


def follow_problems(
    formulas: Mapping[str, str],
    follow: Sequence[tuple[str, str]],
    models: Mapping[str, str],
    choices: Mapping[str, Any],
    names: Sequence[str],
) -> Iterator[Problem]:
    """Everything wrong with what is followed, given the variables and scores that there are."""
    if not follow:
        yield Problem("nothing is followed", "follow", expected="(regression, term)")
    for regression, formula in formulas.items():
        for problem in formula_problems(formula, names):
            yield Problem(problem.message, f"regression {regression}", value=problem.value)
    for regression, model in models.items():
        if regression not in formulas:
            hint = _hint(regression, list(formulas))
            yield Problem(f"there is no regression {regression!r}{hint}", "models")
        if model not in MODELS:
            hint = _hint(model, list(MODELS))
            where = f"regression {regression}"
            yield Problem(f"a model {model!r} cannot be followed{hint}", where, expected=", ".join(MODELS))
    for pair in dict.fromkeys(pair for pair in follow if list(follow).count(pair) > 1):
        yield Problem("is followed twice", "follow", value=", ".join(pair))
    for regression, term in dict.fromkeys(follow):
        if regression not in formulas:
            yield Problem(
                f"there is no regression {regression!r}{_hint(regression, list(formulas))}", "follow"
            )
        elif not formula_problems(formulas[regression], names):
            yield from _term_problems(regression, term, read_formula(formulas[regression], names))
    yield from _covariate_problems(formulas, follow, choices.get("covariates", {}), names)
    outcomes = choices.get("outcome", {})
    taken = {outcome_name(formula) for formula in formulas.values()}
    for name, setting in outcomes.items() if isinstance(outcomes, Mapping) else ():
        if name in taken:
            yield Problem("is the name of a followed regression's own outcome", f"outcome.{name}")
        if isinstance(setting, Mapping) and "outcome" in setting:
            for problem in formula_problems(f"{setting['outcome']} ~ 1", names):
                yield Problem(problem.message, f"outcome.{name}", value=problem.value)


def _term_problems(regression: str, term: str, equations: Equations) -> Iterator[Problem]:
    terms = [str(found) for found in equations.regressors]
    if not any(term == found or term.startswith(f"{found}[") for found in terms):
        where = f"regression {regression}"
        yield Problem(f"the formula has no term {term!r}{_hint(term, terms)}", where)
    if equations.instruments is not None:
        yield Problem("a formula with instruments cannot be followed", f"regression {regression}")


def _covariate_problems(
    formulas: Mapping[str, str], follow: Sequence[tuple[str, str]], sets: Any, names: Sequence[str]
) -> Iterator[Problem]:
    if not isinstance(sets, Mapping):
        return
    known = {name for name, text in formulas.items() if not formula_problems(text, names)}
    used = {
        variable for name in known for variable in read_formula(formulas[name], names).regressor_variables()
    }
    for name, setting in sets.items():
        where = f"covariates.{name}"
        if name == MAIN:
            yield Problem(f"{MAIN!r} is the name of the formula as it stands", where)
        if not isinstance(setting, Mapping):
            continue
        for variable in as_tuple(setting.get("drop")):
            if variable not in used:
                yield Problem(f"no formula has {variable!r} to drop{_hint(variable, sorted(used))}", where)
        for term in as_tuple(setting.get("add")):
            for problem in formula_problems(f"{names[0]} ~ {term}", names):
                yield Problem(problem.message, where, value=problem.value)
        for regression, term in follow:
            if regression in known and term in as_tuple(setting.get("drop")):
                yield Problem(f"drops {term!r}, which is followed in regression {regression}", where)


def as_tuple(value: Any) -> tuple[str, ...]:
    """One name or several as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def variant_of(
    followed: Followed, covariates: Level, outcome: Level, choices: Mapping[str, Any], names: Sequence[str]
) -> Variant | Text:
    """The regression under a set of covariates and an outcome, or why it is another one over again."""
    main = read_formula(followed.formula, names)
    left, _, right = followed.formula.partition("~")
    setting = choices.get("covariates", {}).get(covariates)
    if setting is not None:
        changed = _changed(main, setting)
        if changed is None:
            return Text("this set of covariates is the formula's own", "该控制变量组合与原公式相同")
        right = changed
    other = choices.get("outcome", {}).get(outcome)
    if other is None:
        return Variant(read_formula(f"{left.strip()} ~ {right.strip()}", names), followed.model, 1.0)
    text = f"{other['outcome']} ~ {right.strip()}"
    return Variant(
        read_formula(text, names), other.get("model", "ols"), -1.0 if other.get("reverse") else 1.0
    )


def _changed(main: Equations, setting: Mapping[str, Any]) -> str | None:
    """The right side without the terms of dropped variables, with those added; None where nothing changes."""
    dropped = set(as_tuple(setting.get("drop")))
    terms = [str(term) for term in main.regressors]
    kept = [str(term) for term in main.regressors if not Equations("", [term], ()).variables() & dropped]
    added = [term for term in as_tuple(setting.get("add")) if term not in terms]
    if kept == terms and not added:
        return None
    constant = "1" if "1" in kept else "0"
    return " + ".join([constant, *(term for term in kept if term != "1"), *added])


def outcome_name(formula: str) -> str:
    """What stands on the left of a formula."""
    return formula.partition("~")[0].strip()


def _hint(name: str, valid: Sequence[str]) -> str:
    near = nearest(name, list(valid))
    return f"; did you mean {near!r}?" if near else ""
