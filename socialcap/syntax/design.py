"""The columns of a model's design, taken apart so that any program can make them from the cleaned data."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from socialcap.results import RegressionResult

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "^",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_FUNCTIONS = ("log", "log1p", "log10", "exp", "sqrt", "abs")


class NotTranslated(Exception):
    """Why a step does not stand in the syntax of another program."""


@dataclass(frozen=True, slots=True)
class Value:
    """A part of a column that is a number: an expression over variables, `centres` subtracted from them."""

    expression: str
    centres: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Level:
    """A part of a column that is 1 at one level of a variable and 0 at the others."""

    variable: str
    level: object


@dataclass(frozen=True, slots=True)
class DesignColumn:
    """One column of a design: the product of its parts; `coefficient` is its name in the result."""

    coefficient: str
    parts: tuple[Value | Level, ...]

    @property
    def constant(self) -> bool:
        """Whether it is the column of ones."""
        return not self.parts

    @property
    def short_name(self) -> str:
        """What the column might be called: `trade_copper`, `log_size`, `trust_credit`."""
        words = [
            f"{part.variable}_{part.level}"
            if isinstance(part, Level)
            else part.expression + ("_centred" if part.centres else "")
            for part in self.parts
        ]
        return re.sub(r"\W+", "_", "_".join(words)).strip("_")

    @property
    def plain(self) -> str | None:
        """The variable that the column is, where it is one as it stands."""
        if len(self.parts) != 1:
            return None
        (part,) = self.parts
        if isinstance(part, Level) or part.centres:
            return None
        return _quoted(part.expression) or (part.expression if part.expression.isidentifier() else None)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a program writes arithmetic: functions by the formula's name, operators, and one variable."""

    functions: Mapping[str, str]
    operators: Mapping[str, str]
    variables: Mapping[str, str]

    def write(self, value: Value) -> str:
        """The expression in the program's own words. Raises NotTranslated for what it has no words for."""
        plain, names = _without_backticks(value.expression)
        return self._node(ast.parse(plain, mode="eval").body, names, value.centres)

    def _node(self, node: ast.AST, names: Mapping[str, str], centres: Mapping[str, float]) -> str:
        def inner(part: ast.AST) -> str:
            return self._node(part, names, centres)

        if isinstance(node, ast.Name):
            name = names.get(node.id, node.id)
            written = self.variables[name]
            # in brackets, for two signs in a row are not everywhere allowed
            return f"({written} - ({number(centres[name])}))" if name in centres else written
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return number(float(node.value))
        if isinstance(node, ast.UnaryOp):
            return f"(-{inner(node.operand)})" if isinstance(node.op, ast.USub) else inner(node.operand)
        if isinstance(node, ast.BinOp):
            sign = _ARITHMETIC[type(node.op)]
            return f"({inner(node.left)} {self.operators.get(sign, sign)} {inner(node.right)})"
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            sign = _COMPARISONS[type(node.ops[0])]
            return f"({inner(node.left)} {self.operators.get(sign, sign)} {inner(node.comparators[0])})"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
            if node.func.id == "I":
                return inner(node.args[0])
            if node.func.id in _FUNCTIONS:
                return self.functions[node.func.id].format(inner(node.args[0]))
        raise NotTranslated(f"{ast.unparse(node)} has no counterpart that stands for itself")


def design_columns(
    model: RegressionResult, centres: Mapping[str, float] | None = None
) -> tuple[DesignColumn, ...]:
    """The columns of a model with one equation, the constant included, in the order of its coefficients.

    `centres` are subtracted from the variables they name. Raises NotTranslated for several equations, and
    for contrasts other than treatment ones.
    """
    equations = model.estimation.equations
    if len(equations) != 1 or len(equations[0].specs) != 1:
        raise NotTranslated("a model of several equations is not written for other programs")
    (spec,) = equations[0].specs
    contrasts = {str(factor): state for factor, state in spec.factor_contrasts.items()}
    made = []
    for part in spec.structure:
        factors = [str(factor.expr) for factor in part.term.factors if str(factor.expr) != "1"]
        for column in map(str, part.columns):
            if column in equations[0].columns:
                made.append(DesignColumn(column, tuple(_parts(column, factors, contrasts, centres or {}))))
    return tuple(made)


def variables_of(columns: Sequence[DesignColumn]) -> list[str]:
    """The variables that the columns are made of, each once, in order."""
    found: dict[str, None] = {}
    for column in columns:
        for part in column.parts:
            if isinstance(part, Level):
                found[part.variable] = None
                continue
            found |= dict.fromkeys(_names(part.expression))
    return list(found)


def number(value: float) -> str:
    """A number as every program reads it, to the last digit."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _parts(
    column: str, factors: Sequence[str], contrasts: Mapping[str, Any], centres: Mapping[str, float]
) -> list[Value | Level]:
    """The parts of one column, its name read from the left as the formula language writes it."""
    parts: list[Value | Level] = []
    rest = column
    for factor in factors:
        rest = rest.removeprefix(":").removeprefix(factor)
        if factor not in contrasts:
            if rest.startswith("["):
                raise NotTranslated(f"{factor} makes several columns")
            parts.append(Value(factor, {v: centres[v] for v in _names(factor) if v in centres}))
            continue
        state = contrasts[factor]
        if type(state.contrasts).__name__ != "TreatmentContrasts":
            raise NotTranslated(f"{factor} has other contrasts than those to a reference level")
        marks = {mark: level for level in state.levels for mark in (f"[T.{level}]", f"[{level}]")}
        mark = max((m for m in marks if rest.startswith(m)), key=len)
        parts.append(Level(_categorical(factor), marks[mark]))
        rest = rest[len(mark) :]
    return parts


def _categorical(factor: str) -> str:
    """The variable of a categorical factor: `trade`, `C(trade)`, `C(trade, contr.treatment("copper"))`."""
    plain, names = _without_backticks(factor)
    node = ast.parse(plain, mode="eval").body
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    if not isinstance(node, ast.Name):
        raise NotTranslated(f"{factor} is categorical and no variable as it stands")
    return names.get(node.id, node.id)


def _names(expression: str) -> list[str]:
    """The variables that an expression reads, functions left aside."""
    plain, names = _without_backticks(expression)
    tree = ast.parse(plain, mode="eval")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    read = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)
    return [names.get(node.id, node.id) for node in read]


def _quoted(expression: str) -> str | None:
    inside = expression[1:-1]
    whole = expression.startswith("`") and expression.endswith("`") and "`" not in inside
    return inside if whole else None


def _without_backticks(expression: str) -> tuple[str, dict[str, str]]:
    """The expression with `quoted names` replaced by plain ones, and what each stands for."""
    parts = expression.split("`")
    names = {f"quoted_{i}_": part for i, part in enumerate(parts) if i % 2}
    return "".join(f"quoted_{i}_" if i % 2 else part for i, part in enumerate(parts)), names
