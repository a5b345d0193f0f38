"""Formulas on data: design matrices with named columns, and every row left out with its reason."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from formulaic import Formula
from formulaic.errors import FormulaicError

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.results import Term, Text
from socialcap.results.measurement import label_of

_FUNCTIONS = frozenset({"C", "I", "log", "log1p", "log10", "exp", "sqrt", "abs", "center", "scale", "poly"})
_CONTRASTS = frozenset({"treatment", "sum", "helmert", "poly"})
_NODES: tuple[type[ast.AST], ...] = (
    *(ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp, ast.keyword),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd, ast.Compare, ast.Attribute),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
)

LevelLabels = Mapping[str, Mapping[str, Text]]


@dataclass(frozen=True)
class Design:
    """Outcome (n,), regressors (n, k) with the rows' labels, what each column is, and the rows left out."""

    outcome_name: str
    outcome: pd.Series
    regressors: pd.DataFrame
    terms: dict[str, Term]
    dropped: pd.Series


def design(
    formula: str,
    data: pd.DataFrame,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
) -> Design:
    """The design that a formula such as `y ~ x + log(size) + C(trade)` makes of `data`.

    Rows in which a variable of the formula is missing are left out and named. Only arithmetic and the
    functions log, log1p, log10, exp, sqrt, abs, center, scale, poly, I and C can be called: a formula is
    read, never run as a program. Raises UsageError for a formula that cannot be read or names a variable
    that does not exist (with the nearest name), EstimationError for infinite values.
    """
    parsed = _parse(formula, list(map(str, data.columns)))
    variables = sorted(_variables(parsed), key=list(data.columns).index)
    used = data[variables]
    _require_finite(used)
    complete, dropped = _complete(used)
    if complete.empty:
        raise EstimationError(f"no row is complete on all variables of {formula!r}", _shares(used))
    try:
        with np.errstate(all="ignore"):
            matrices = parsed.get_model_matrix(complete, na_action="ignore", context={})
    except FormulaicError as error:
        raise UsageError(f"the formula {formula!r} cannot be applied: {_first_line(error)}") from None
    outcome, regressors = matrices.lhs, matrices.rhs
    if outcome.shape[1] != 1:
        raise UsageError(f"the left side of {formula!r} must be one numeric variable")
    numbers = pd.DataFrame(regressors, dtype=float)
    numbers.columns = [str(name) for name in regressors.columns]
    _require_defined(pd.concat([outcome, numbers], axis=1))
    terms = _terms(regressors.model_spec, labels or {}, level_labels or {})
    return Design(str(outcome.columns[0]), outcome.iloc[:, 0].astype(float), numbers, terms, dropped)


def formula_problems(formula: str, columns: Sequence[str]) -> tuple[Problem, ...]:
    """What is wrong with a formula, given the variables that there will be; nothing if it can be used."""
    try:
        _parse(formula, columns)
    except UsageError as error:
        return error.problems or (Problem(error.message),)
    return ()


def _parse(formula: str, columns: Sequence[str]) -> Formula:
    if "~" not in formula:
        raise UsageError(f"the formula {formula!r} has no ~ between outcome and regressors")
    try:
        parsed = Formula(formula)
    except FormulaicError as error:
        raise UsageError(f"the formula {formula!r} cannot be read: {_first_line(error)}") from None
    problems: list[Problem] = []
    for factor in _factors(parsed):
        if factor.eval_method.value == "lookup":
            problems += _unknown([factor.expr], columns)
        elif factor.eval_method.value == "python":
            problems += _unsafe(factor.expr) or _unknown(_names(factor.expr), columns)
    if problems:
        raise UsageError(f"the formula {formula!r} has mistakes", dict.fromkeys(problems))
    return parsed


def _factors(parsed: Formula) -> list[Any]:
    return [factor for term in chain(parsed.lhs, parsed.rhs) for factor in term.factors]


def _variables(parsed: Formula) -> set[str]:
    found: set[str] = set()
    for factor in _factors(parsed):
        if factor.eval_method.value == "lookup":
            found.add(factor.expr)
        elif factor.eval_method.value == "python":
            found.update(_names(factor.expr))
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


def _names(expression: str) -> list[str]:
    """The variables that an expression reads."""
    tree = ast.parse(_plain_quotes(expression), mode="eval")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called | owners]
    quoted = _quoted(expression)
    return [quoted.get(node.id, node.id) for node in names]


def _quoted(expression: str) -> dict[str, str]:
    """Placeholders for the `back-quoted` names of an expression."""
    return {f"quoted_{i}_": part for i, part in enumerate(expression.split("`")[1::2])}


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


def _complete(used: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The rows without a missing variable, levels that none of them has left out, and why the others go."""
    absent = used.isna()
    rows = absent.any(axis=1)
    reasons = ["missing: " + ", ".join(used.columns[gap]) for gap in absent[rows].to_numpy()]
    kept = used[~rows].copy()
    for name in kept.select_dtypes("category"):
        kept[name] = kept[name].cat.remove_unused_categories()
    return kept, pd.Series(reasons, index=used.index[rows], name="reason", dtype=object)


def _shares(used: pd.DataFrame) -> list[Problem]:
    return [
        Problem(f"is missing in {count} of {len(used)} rows", column=str(name))
        for name, count in used.isna().sum().items()
        if count
    ]


def _require_finite(used: pd.DataFrame) -> None:
    numbers = used.select_dtypes("number")
    infinite = np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).sum(axis=0)
    problems = [
        Problem(f"holds {count} infinite values", column=str(name))
        for name, count in zip(numbers.columns, infinite, strict=True)
        if count
    ]
    if problems:
        raise EstimationError("these variables cannot enter a regression", problems)


def _require_defined(columns: pd.DataFrame) -> None:
    bad = ~np.isfinite(columns.to_numpy(dtype=float))
    problems = [
        Problem(
            f"is not defined in {bad[:, j].sum()} rows, such as row {columns.index[bad[:, j]][0]}",
            column=name,
        )
        for j, name in enumerate(map(str, columns.columns))
        if bad[:, j].any()
    ]
    if problems:
        raise EstimationError("these terms of the formula are not defined everywhere", problems)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "it is malformed")


def _terms(spec: Any, labels: Mapping[str, Text], level_labels: LevelLabels) -> dict[str, Term]:
    """What each column is, with the reference level of each categorical main effect before the others."""
    contrasts = {str(factor): state for factor, state in spec.factor_contrasts.items()}
    found: dict[str, Term] = {}
    for part in spec.structure:
        factors = [factor.expr for factor in part.term.factors]
        if (
            len(factors) == 1
            and factors[0] in contrasts
            and len(part.columns) < len(contrasts[factors[0]].levels)
        ):
            base = _base(contrasts[factors[0]])
            if base is not None:
                label = _level_label(factors[0], str(base), labels, level_labels)
                found[f"{factors[0]}[{base}]"] = Term(factors[0], label, reference=True)
        for column in map(str, part.columns):
            found[column] = Term(
                str(part.term), _column_label(column, factors, contrasts, labels, level_labels)
            )
    return found


def _base(state: Any) -> object | None:
    """The reference level of a treatment contrast; None for contrasts that have none."""
    contrasts = state.contrasts
    if type(contrasts).__name__ != "TreatmentContrasts":
        return None
    levels: list[object] = list(state.levels)
    return next((level for level in levels if level == contrasts.base), levels[0])


def _column_label(
    column: str,
    factors: list[str],
    contrasts: Mapping[str, Any],
    labels: Mapping[str, Text],
    level_labels: LevelLabels,
) -> Text:
    if column == "Intercept":
        return Text("Constant", "常数项")
    parts: list[Text] = []
    rest = column
    for factor in factors:
        rest = rest.removeprefix(":").removeprefix(factor)
        levels = [str(level) for level in contrasts[factor].levels] if factor in contrasts else []
        level = next((v for v in levels for mark in (f"[T.{v}]", f"[{v}]") if rest.startswith(mark)), None)
        if level is None:
            end = rest.find("]") + 1 if rest.startswith("[") else 0
            parts.append(_variable_label(factor, labels, rest[:end]))
            rest = rest[end:]
        else:
            parts.append(_level_label(factor, level, labels, level_labels))
            rest = rest.removeprefix(f"[T.{level}]").removeprefix(f"[{level}]")
    return Text(" × ".join(part.en for part in parts), " × ".join(part.zh for part in parts))


def _variable_label(factor: str, labels: Mapping[str, Text], suffix: str) -> Text:
    label = label_of(labels, factor)
    return Text(label("en") + suffix, label("zh") + suffix)


def _level_label(factor: str, level: str, labels: Mapping[str, Text], level_labels: LevelLabels) -> Text:
    name = next(iter(_names(factor)), factor) if "(" in factor else factor
    variable, value = label_of(labels, name), level_labels.get(name, {}).get(level, Text(level, level))
    return Text(f"{variable('en')}: {value('en')}", f"{variable('zh')}：{value('zh')}")
