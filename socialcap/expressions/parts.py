"""What checking and evaluating share: faults, places in the text, literals."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class ExpressionError(ValueError):
    """An expression that cannot be understood: what is wrong and where.

    `position` counts characters of `text` from 0; `hint` is the valid name nearest to the one written.
    """

    def __init__(self, message: str, text: str, position: int = 0, hint: str = "") -> None:
        self.message = message
        self.text = text
        self.position = position
        self.hint = hint
        did_you_mean = f"; did you mean {hint!r}?" if hint else ""
        super().__init__(f"{message} at character {position + 1} of {text!r}{did_you_mean}")


@dataclass(frozen=True, slots=True)
class Literals:
    """Codes that an expression compares a variable with."""

    name: str
    codes: tuple[str, ...]
    position: int


class Node:
    """What checking and evaluating share: the text, and where in it a node stands."""

    text: str

    def error(self, message: str, node: ast.expr, hint: str = "") -> ExpressionError:
        # ast counts bytes of UTF-8; users count characters.
        position = len(self.text.encode()[: node.col_offset].decode(errors="ignore"))
        return ExpressionError(message, self.text, position, hint)


def literal_of(node: ast.expr) -> float | str | None:
    """The value of a literal (a sign before a number included); None if the node is something else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = literal_of(node.operand)
        return -inner if isinstance(inner, float) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and is_finite(node.value):
        return float(node.value)
    return None


def is_finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def code_of(value: float | str) -> str:
    """A literal as the code it stands for: 3 is "3"."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value.is_integer() else repr(value)
