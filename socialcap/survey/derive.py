"""Derived variables and exclusion conditions of a study: checked together, then evaluated in order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import pandas as pd

from socialcap.codebook import Codebook, ItemType
from socialcap.errors import Problem, StudyError, nearest
from socialcap.expressions import Expression, ExpressionError, parse, unknown_names
from socialcap.plan import DerivedPart, ExcludePart


@dataclass(frozen=True)
class Derivations:
    """Checked expressions; `order` names the derived variables so that each follows those that it uses."""

    variables: Mapping[str, Expression]
    order: tuple[str, ...]
    conditions: Mapping[str, Expression]

    @property
    def sample_dependent(self) -> bool:
        """Whether a derived variable depends on who is in the sample (ranks, z-scores)."""
        return any(expression.sample_dependent for expression in self.variables.values())

    def add_to(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
        """The frame with the derived variables as further columns, and a warning for what had no result.

        Raises StudyError for an expression that cannot be evaluated.
        """
        problems: list[Problem] = []
        faults: list[Problem] = []
        found: dict[str, pd.Series] = {}
        for name in self.order:
            expression = self.variables[name]
            needed = {n: frame[n] if n in frame else found[n] for n in _columns_of(expression, frame, found)}
            try:
                result = expression.trace(pd.DataFrame(needed, index=frame.index))
            except ExpressionError as error:
                faults.append(Problem(str(error), f"derive.{name}"))
                found[name] = pd.Series(float("nan"), index=frame.index)
                continue
            found[name] = result.values
            problems += without_result(result.undefined, f"derive.{name}", expression)
        if faults:
            raise StudyError("derived variables cannot be computed", faults)
        columns = {str(name): frame[name] for name in frame.columns}
        columns |= {name: found[name] for name in self.variables}
        return pd.DataFrame(columns, index=frame.index, copy=False), problems


def without_result(undefined: Mapping[str, int], where: str, expression: Expression) -> list[Problem]:
    """A warning for each operation that had no result somewhere: how often, and in which expression."""
    return [
        Problem(
            f"{operation} has no result in {count} row(s); the value is missing there",
            where,
            value=expression.text,
            severity="warning",
        )
        for operation, count in undefined.items()
    ]


def _columns_of(expression: Expression, *known: Mapping[str, pd.Series] | pd.DataFrame) -> Iterator[str]:
    wanted = set(expression.names)
    for part in known:
        yield from (str(name) for name in part if unicodedata.normalize("NFKC", str(name)) in wanted)


def plan_derivations(
    derive: Mapping[str, DerivedPart],
    exclude: Sequence[ExcludePart],
    columns: Sequence[str],
    personal: Sequence[str],
    book: Codebook,
) -> Derivations:
    """The checked expressions of a study over a survey with these columns.

    Raises StudyError with every fault: a name that the survey has already, an expression that cannot be
    parsed, unknown or personal variables, codes that a value list lacks, definitions in a circle.
    """
    problems: list[Problem] = []
    parsed: dict[str, Expression] = {}
    for name, part in derive.items():
        where = f"derive.{name}"
        if name in columns or name in book:
            problems.append(Problem(f"the codebook has a variable {name!r} already", where))
        if not name.isidentifier():
            problems.append(Problem("the name of a variable is letters, digits and _", where, value=name))
        _parse(part.expression, where, parsed, name, problems)
    conditions: dict[str, Expression] = {}
    for number, rule in enumerate(exclude, start=1):
        if rule.when:
            _parse(rule.when, f"exclude[{number}].when", conditions, rule.when, problems)
    known = [*columns, *derive]
    for place, expression in [
        *((f"derive.{name}", expression) for name, expression in parsed.items()),
        *(("exclude.when", expression) for expression in conditions.values()),
    ]:
        problems += _name_problems(expression, place, known, personal)
        problems += _code_problems(expression, place, book)
    order, circle = _in_order(parsed)
    problems += circle
    if problems:
        raise StudyError("the study's expressions have mistakes", problems)
    return Derivations(parsed, tuple(order), conditions)


def _parse(text: str, where: str, into: dict[str, Expression], name: str, problems: list[Problem]) -> None:
    try:
        into[name] = parse(text)
    except ExpressionError as error:
        problems.append(Problem(str(error), where))


def _name_problems(
    expression: Expression, place: str, known: Sequence[str], personal: Sequence[str]
) -> Iterator[Problem]:
    for name, hint in unknown_names(expression, known):
        if name in personal:
            yield Problem(f"{name} is personal and left out; data.keep_personal = true keeps it", place)
            continue
        words = f"there is no variable {name}" + (f"; did you mean {hint!r}?" if hint else "")
        yield Problem(words, place, value=expression.text)


def _code_problems(expression: Expression, place: str, book: Codebook) -> Iterator[Problem]:
    """Codes compared with a closed list of answers that does not have them: they would never be equal."""
    for literal in expression.literals:
        if literal.name not in book or book[literal.name].type is not ItemType.NOMINAL:
            continue
        item = book[literal.name]
        codes = [option.code for option in book.options(item) if option.missing is None]
        for code in literal.codes:
            if codes and code not in codes:
                labels = {label: o.code for o in book.options(item) for label in (o.label.en, o.label.zh)}
                hint = labels.get(code) or nearest(code, codes)
                expected = f"{hint!r}" if hint else "one of " + ", ".join(codes)
                yield Problem(f"{literal.name} has no code {code!r}", place, expected=expected)


def _in_order(parsed: Mapping[str, Expression]) -> tuple[list[str], list[Problem]]:
    graph = {name: [n for n in expression.names if n in parsed] for name, expression in parsed.items()}
    try:
        return list(TopologicalSorter(graph).static_order()), []
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        return [], [Problem(f"derived variables are defined in a circle: {circle}", "derive")]
