"""The functions of the language."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from socialcap.errors import nearest
from socialcap.expressions.parts import FloatArray, literal_of
from socialcap.expressions.values import Values, truth

if TYPE_CHECKING:
    from socialcap.expressions.checking import Check
    from socialcap.expressions.evaluation import Run

Kernel = Callable[..., FloatArray]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language: how many arguments it takes, which options, and what it does."""

    name: str
    least: int
    most: int | None
    run: Callable[[Run, ast.Call, Mapping[str, float]], Values]
    options: Mapping[str, float] = field(default_factory=dict)
    literal_second: bool = False
    sample_dependent: bool = False

    def check(self, node: ast.Call, check: Check) -> None:
        """Refuses a call with too few or too many arguments, or an option that the function lacks."""
        count = len(node.args)
        if count < self.least or (self.most is not None and count > self.most):
            wanted = (
                str(self.least)
                if self.least == self.most
                else (f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}")
            )
            raise check.error(f"{self.name} takes {wanted} argument(s), not {count}", node)
        for keyword in node.keywords:
            if keyword.arg not in self.options:
                hint = nearest(keyword.arg or "", list(self.options))
                raise check.error(f"{self.name} has no option {keyword.arg}", keyword.value, hint)
            if not isinstance(literal_of(keyword.value), float):
                raise check.error(f"the option {keyword.arg} is a number", keyword.value)
            if keyword.arg == "min_share" and not 0 <= float(literal_of(keyword.value) or 0) <= 1:
                raise check.error("min_share is a share from 0 to 1", keyword.value)
        if self.literal_second and literal_of(node.args[1]) is None:
            raise check.error(
                f'{self.name} takes a variable and a code in quotes: {self.name}(x, "code")', node
            )

    def apply(self, run: Run, node: ast.Call) -> Values:
        options = dict(self.options)
        for keyword in node.keywords:
            options[str(keyword.arg)] = float(literal_of(keyword.value) or 0.0)
        return self.run(run, node, options)


def _elementwise(name: str, kernel: Kernel, least: int = 1, most: int = 1) -> Function:
    def run(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
        inputs = [run.number(argument) for argument in node.args]
        with np.errstate(all="ignore"):
            return run.defined(name, np.asarray(kernel(*inputs)), *inputs)

    return Function(name, least, most, run)


def _across(name: str, kernel: Callable[[FloatArray], FloatArray], share: float | None = None) -> Function:
    """A function across variables within a row; `share` is the default of its option min_share.

    Without the option, a row with any missing answer has no result.
    """

    def run(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
        stacked = _stacked(run, node)
        answered = (~np.isnan(stacked)).mean(axis=0)
        result = np.full(stacked.shape[1], np.nan)
        enough = (answered > 0) & (answered >= options.get("min_share", 1.0) - 1e-12)
        if enough.any():
            result[enough] = kernel(stacked[:, enough])
        return Values("number", result)

    return Function(name, 1, None, run, {} if share is None else {"min_share": share})


def _stacked(run: Run, node: ast.Call) -> FloatArray:
    """The arguments as an array (arguments, rows)."""
    rows = len(run.frame)
    return np.stack([np.broadcast_to(run.number(argument), rows) for argument in node.args])


def _standard_deviation(values: FloatArray) -> FloatArray:
    several = (~np.isnan(values)).sum(axis=0) > 1
    result = np.full(values.shape[1], np.nan)
    if several.any():
        result[several] = np.nanstd(values[:, several], axis=0, ddof=1)
    return result


def _count(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
    rows = len(run.frame)
    answered = [~np.broadcast_to(run.value(argument).missing, rows) for argument in node.args]
    return Values("number", np.sum(answered, axis=0).astype(np.float64))


def _dummy(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
    left, right = run.alike(run.value(node.args[0]), run.value(node.args[1]), node.args[1])
    return truth(np.asarray(left.array == right.array).astype(bool), left.missing)


def _is_missing(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
    return Values("number", run.value(node.args[0]).missing.astype(np.float64))


def _coalesce(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
    first = run.value(node.args[0])
    for argument in node.args[1:]:
        first, other = run.alike(first, run.value(argument), argument)
        first = Values(first.kind, np.where(first.missing, other.array, first.array))
    return first


def _rank(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
    column = np.broadcast_to(run.number(node.args[0]), len(run.frame))
    return Values("number", pd.Series(column).rank(method="average").to_numpy())


def _zscore(run: Run, node: ast.Call, options: Mapping[str, float]) -> Values:
    column = np.broadcast_to(run.number(node.args[0]), len(run.frame))
    known = column[~np.isnan(column)]
    spread = known.std(ddof=1) if known.size > 1 else np.nan
    centred = column - (known.mean() if known.size else np.nan)
    with np.errstate(all="ignore"):
        return run.defined("zscore", centred / spread, column)


def _round(values: FloatArray, digits: FloatArray | None = None) -> FloatArray:
    scale = 10.0 ** (np.zeros(()) if digits is None else digits)
    return np.asarray(np.round(values * scale) / scale)


def _clip(values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    return np.asarray(np.where(np.isnan(low + high), np.nan, np.clip(values, low, high)))


def _functions() -> Iterator[Function]:
    yield _elementwise("log", np.log)
    yield _elementwise("log1p", np.log1p)
    yield _elementwise("exp", np.exp)
    yield _elementwise("sqrt", np.sqrt)
    yield _elementwise("abs", np.abs)
    yield _elementwise("round", _round, 1, 2)
    yield _elementwise("clip", _clip, 3, 3)
    yield _across("min", lambda values: np.asarray(values.min(axis=0)))
    yield _across("max", lambda values: np.asarray(values.max(axis=0)))
    yield _across("sum", lambda values: np.asarray(values.sum(axis=0)))
    yield _across("mean", lambda values: np.asarray(np.nanmean(values, axis=0)), share=0.5)
    yield _across("std", _standard_deviation, share=0.5)
    yield Function("count", 1, None, _count)
    yield Function("dummy", 2, 2, _dummy, literal_second=True)
    yield Function("is_missing", 1, 1, _is_missing)
    yield Function("coalesce", 2, None, _coalesce)
    yield Function("rank", 1, 1, _rank, sample_dependent=True)
    yield Function("zscore", 1, 1, _zscore, sample_dependent=True)
    yield Function("z", 1, 1, _zscore, sample_dependent=True)


FUNCTIONS: Mapping[str, Function] = MappingProxyType({function.name: function for function in _functions()})
"""The functions of the language.

log log1p exp sqrt abs round(x, digits) clip(x, low, high)
    by element; no result (a logarithm of zero or less, a root of a negative number) is missing
min max sum(a, b, ...)
    across variables within a row; missing if any of them is
mean std(a, b, ..., min_share=0.5)
    across the answered variables within a row, where at least this share of them is answered; std divides
    by n − 1
count(a, b, ...)      how many of the variables are answered
dummy(x, "code")      1 where x is the code, 0 where it is another
is_missing(x)         1 or 0, never missing
coalesce(a, b, ...)   the first that is not missing
rank(x) zscore(x) z(x)
    over all rows: average ranks; (x − mean) / standard deviation with n − 1
"""
