"""Formulas read, never run: which variables they name, and why one cannot be used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from formulaic import Formula
from formulaic.errors import FormulaicError

from socialcap.errors import Problem, UsageError, nearest

_FUNCTIONS = frozenset({"C", "I", "log", "log1p", "log10", "exp", "sqrt", "abs", "center", "scale", "poly"})
_CONTRASTS = frozenset({"treatment", "sum", "helmert", "poly"})
_NODES: tuple[type[ast.AST], ...] = (
    *(ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp, ast.keyword),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd, ast.Compare, ast.Attribute),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
)
# the part of an equation that is instrumented: [endogenous ~ instruments]
_INSTRUMENTED = re.compile(r"\+?\s*\[([^\[\]~]+)~([^\[\]~]+)\]")


@dataclass(frozen=True, slots=True)
class Equations:
    """A formula taken apart: outcome and regressors, and with `[endogenous ~ instruments]` those too."""

    text: str
    outcome: Any
    regressors: Any
    endogenous: Any = None
    instruments: Any = None

    @property
    def outcome_variable(self) -> str | None:
        """The outcome's name if it is a variable as it stands, None if it is an expression."""
        factors = [factor for term in self.outcome for factor in term.factors]
        if len(factors) == 1 and factors[0].eval_method.value == "lookup":
            return str(factors[0].expr)
        return None

    def regressor_variables(self) -> set[str]:
        """The variables on the right side, endogenous ones and instruments included."""
        return _variables(part for part in self.parts[1:])

    def variables(self) -> set[str]:
        """All variables of the formula."""
        return _variables(self.parts)

    @property
    def parts(self) -> tuple[Any, ...]:
        """Outcome, regressors, and where there are any, endogenous variables and instruments."""
        parts = (self.outcome, self.regressors, self.endogenous, self.instruments)
        return tuple(part for part in parts if part is not None)


def read_formula(formula: str, columns: Sequence[str]) -> Equations:
    """A formula such as `y ~ x + log(size) + C(trade)` or `y ~ x + [endogenous ~ z1 + z2]`, taken apart.

    Only arithmetic and the functions log, log1p, log10, exp, sqrt, abs, center, scale, poly, I and C can be
    called. Raises UsageError for a formula that cannot be read or names a variable that does not exist (with
    the nearest name).
    """
    if "~" not in formula:
        raise UsageError(f"the formula {formula!r} has no ~ between outcome and regressors")
    found = _INSTRUMENTED.findall(formula)
    if len(found) > 1 or (not found and "[" in formula.split("~")[-1] and formula.count("~") > 1):
        raise UsageError(
            f"the formula {formula!r} must hold one part of the form [endogenous ~ instruments] at most"
        )
    left, _, right = _INSTRUMENTED.sub("", formula).partition("~")
    plain = _parsed(f"{left} ~ {right.strip().removeprefix('+') or '1'}", formula)
    if not hasattr(plain, "lhs"):
        raise UsageError(f"the formula {formula!r} has no outcome before the ~")
    made = Equations(formula, plain.lhs, plain.rhs)
    if found:
        # the equation's constant stands among its regressors
        sides = [_parsed(f"{side} - 1", formula) for side in found[0]]
        made = Equations(formula, plain.lhs, plain.rhs, *sides)
    problems: list[Problem] = []
    for factor in _factors(made.parts):
        if factor.eval_method.value == "lookup":
            problems += _unknown([factor.expr], columns)
        elif factor.eval_method.value == "python":
            problems += _unsafe(factor.expr) or _unknown(names_in(factor.expr), columns)
    if problems:
        raise UsageError(f"the formula {formula!r} has mistakes", dict.fromkeys(problems))
    return made


def formula_problems(formula: str, columns: Sequence[str]) -> tuple[Problem, ...]:
    """What is wrong with a formula, given the variables that there will be; nothing if it can be used."""
    try:
        read_formula(formula, columns)
    except UsageError as error:
        return error.problems or (Problem(error.message),)
    return ()


def first_line(error: Exception) -> str:
    """The first line of what a library says."""
    return next((line for line in str(error).splitlines() if line.strip()), "it is malformed")


def names_in(expression: str) -> list[str]:
    """The variables that an expression reads."""
    tree = ast.parse(_plain_quotes(expression), mode="eval")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called | owners]
    quoted = {f"quoted_{i}_": part for i, part in enumerate(expression.split("`")[1::2])}
    return [quoted.get(node.id, node.id) for node in names]


def _parsed(text: str, formula: str) -> Any:
    try:
        return Formula(text)
    except FormulaicError as error:
        raise UsageError(f"the formula {formula!r} cannot be read: {first_line(error)}") from None


def _factors(parts: Iterable[Any]) -> list[Any]:
    return [factor for term in chain.from_iterable(parts) for factor in term.factors]


def _variables(parts: Iterable[Any]) -> set[str]:
    found: set[str] = set()
    for factor in _factors(parts):
        if factor.eval_method.value == "lookup":
            found.add(factor.expr)
        elif factor.eval_method.value == "python":
            found.update(names_in(factor.expr))
    return found


def _unsafe(expression: str) -> list[Problem]:
    """Why an expression may not stand in a formula; nothing if it may."""
    try:
        tree = ast.parse(_plain_quotes(expression), mode="eval")
    except SyntaxError:
        return [Problem("this part cannot be read", value=expression)]
    for node in ast.walk(tree):
        allowed = isinstance(node, _NODES)
        if isinstance(node, ast.Call):
            allowed = isinstance(node.func, ast.Attribute) or (
                isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
            )
        if isinstance(node, ast.Attribute):
            allowed = (
                isinstance(node.value, ast.Name) and node.value.id == "contr" and node.attr in _CONTRASTS
            )
        if not allowed:
            expected = "arithmetic and " + ", ".join(sorted(_FUNCTIONS))
            return [Problem("this part is not allowed in a formula", value=expression, expected=expected)]
    return []


def _plain_quotes(expression: str) -> str:
    parts = expression.split("`")
    return "".join(part if i % 2 == 0 else f"quoted_{i // 2}_" for i, part in enumerate(parts))


def _unknown(names: Sequence[str], columns: Sequence[str]) -> list[Problem]:
    problems = []
    for name in names:
        if name not in columns:
            hint = nearest(name, columns)
            problems.append(
                Problem(f"there is no variable {name!r}" + (f"; did you mean {hint!r}?" if hint else ""))
            )
    return problems
