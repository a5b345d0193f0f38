"""Text to a checked expression, and what it comes to over a frame."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from unicodedata import normalize

import numpy as np
import pandas as pd

from socialcap.errors import nearest
from socialcap.expressions.checking import Check
from socialcap.expressions.evaluation import Run
from socialcap.expressions.parts import ExpressionError, Literals

LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Values of an expression, and how often an operation had no result (by the operation's name)."""

    values: pd.Series
    undefined: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    `names` are the variables it uses, in order of appearance; `literals` the codes it compares them with;
    `sample_dependent` tells whether a value depends on the other rows (ranks, z-scores).
    """

    text: str
    names: tuple[str, ...]
    literals: tuple[Literals, ...]
    sample_dependent: bool
    _tree: ast.expr

    def evaluate(self, frame: pd.DataFrame) -> pd.Series:
        """One value per row of `frame`: float64 (truth as 1 and 0, missing as NaN), text or datetime64.

        Raises ExpressionError for a name that `frame` lacks and for operations between unlike kinds.
        """
        return self.trace(frame).values

    def trace(self, frame: pd.DataFrame) -> Evaluation:
        """As `evaluate`, with the number of rows in which log, a division, ... had no result by operation."""
        run = Run(self.text, frame)
        found = run.value(self._tree)
        array = np.broadcast_to(found.array, len(frame)).copy()
        if found.kind == "text":
            series = pd.Series(array, index=frame.index, dtype="str")
        else:
            series = pd.Series(array, index=frame.index)
        return Evaluation(series, MappingProxyType(dict(run.undefined)))


def parse(text: str) -> Expression:
    """The checked expression that a text states.

    The text is one Python expression limited to: names, numbers, strings, `+ - * / **`, comparisons (also
    chained), `in` and `not in` a list of literals, `and or not`, `a if condition else b`, and calls of the
    functions in `FUNCTIONS`. Raises ExpressionError for anything else.
    """
    line = " ".join(text.split("\n")).strip()
    if not line:
        raise ExpressionError("the expression is empty", text)
    if len(line) > LONGEST:
        raise ExpressionError(f"the expression is longer than {LONGEST} characters", line[:40] + "…")
    try:
        with warnings.catch_warnings():
            # Python comments on its own syntax here ("1if", stray backslashes): nothing a user can act on.
            warnings.simplefilter("ignore")
            tree = ast.parse(line, mode="eval").body
        check = Check(line)
        check.visit(tree)
    except SyntaxError as error:
        raise _syntax_error(error, line) from None
    except (RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(
            "the expression is nested too deeply or holds an impossible number", line
        ) from None
    return Expression(line, tuple(check.names), tuple(check.literals), check.sample_dependent, tree)


def _syntax_error(error: SyntaxError, line: str) -> ExpressionError:
    position = (error.offset or len(line)) - 1
    for place, character in enumerate(line):
        if character in "，（）“”‘’＝＜＞≥≤≠＋－＊／；：" and not _inside_string(line, place):
            ascii_form = {"≥": ">=", "≤": "<=", "≠": "!=", "“": '"', "”": '"', "‘": "'", "’": "'"}
            plain = ascii_form.get(character, normalize("NFKC", character))
            return ExpressionError(f"the sign {character} is not understood; write {plain}", line, place)
    if (place := _single_equals(line)) >= 0:
        return ExpressionError("a comparison is written ==", line, place)
    return ExpressionError("this is not a complete expression", line, min(position, len(line) - 1))


def _inside_string(line: str, place: int) -> bool:
    quote = ""
    for character in line[:place]:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
    return bool(quote)


def _single_equals(line: str) -> int:
    """Where a lone = stands outside strings and brackets, or −1."""
    depth = 0
    for place, character in enumerate(line):
        if _inside_string(line, place):
            continue
        depth += (character in "([") - (character in ")]")
        around = line[place - 1 : place] + line[place + 1 : place + 2]
        if character == "=" and depth == 0 and not set(around) & set("=<>!"):
            return place
    return -1


def unknown_names(expression: Expression, known: Sequence[str]) -> list[tuple[str, str]]:
    """Names in an expression that are not known, each with the nearest known name ("" if none is near)."""
    normal = {normalize("NFKC", name): name for name in known}
    return [(name, nearest(name, list(known))) for name in expression.names if name not in normal]
