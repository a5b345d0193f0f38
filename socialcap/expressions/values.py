"""Columns of numbers, texts or dates, and the operators on them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.expressions.parts import FloatArray

BINARY: dict[type[ast.operator], tuple[str, Callable[[FloatArray, FloatArray], FloatArray]]] = {
    ast.Add: ("+", np.add),
    ast.Sub: ("-", np.subtract),
    ast.Mult: ("*", np.multiply),
    ast.Div: ("division", np.divide),
    ast.Pow: ("power", np.power),
}
COMPARE: dict[type[ast.cmpop], tuple[str, Callable[..., NDArray[np.bool_]]]] = {
    ast.Eq: ("==", np.equal),
    ast.NotEq: ("!=", np.not_equal),
    ast.Lt: ("<", np.less),
    ast.LtE: ("<=", np.less_equal),
    ast.Gt: (">", np.greater),
    ast.GtE: (">=", np.greater_equal),
}


@dataclass(frozen=True, slots=True)
class Values:
    """A column (or one value for all rows): float64, objects (str or None), or datetime64."""

    kind: Literal["number", "text", "date"]
    array: NDArray[np.generic]

    @property
    def numbers(self) -> FloatArray:
        return self.array.astype(np.float64, copy=False)

    @property
    def missing(self) -> NDArray[np.bool_]:
        if self.kind == "number":
            return np.isnan(self.numbers)
        if self.kind == "date":
            return np.asarray(np.isnat(self.array))
        return np.asarray(pd.isna(self.array), dtype=bool)


def truth(flags: NDArray[np.bool_], missing: NDArray[np.bool_]) -> Values:
    return Values("number", np.where(missing, np.nan, flags.astype(np.float64)))


def blank(array: NDArray[np.generic], where: NDArray[np.bool_], kind: str) -> NDArray[np.generic]:
    nothing = {
        "number": np.array(np.nan),
        "text": np.array(None),
        "date": np.array(np.datetime64("NaT", "us")),
    }
    return np.where(where, nothing[kind], array)
