"""Labelled frames as plain arrays: numbers, and the kinds of missing values."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import MissingKind
from socialcap.errors import Problem, UsageError
from socialcap.kernels import FloatArray

KINDS = tuple(MissingKind)


def is_numeric(column: pd.Series) -> bool:
    """Whether the column holds numbers or 0/1 marks."""
    return bool(pd.api.types.is_numeric_dtype(column))


def numbers(frame: pd.DataFrame) -> FloatArray:
    """The frame's values (n, p), NaN = missing; UsageError naming every column that is not numeric."""
    wrong = [str(name) for name in frame.columns if not is_numeric(frame[name])]
    if wrong:
        raise UsageError(
            "numeric columns are needed", [Problem("is not numeric", column=name) for name in wrong]
        )
    return frame.to_numpy(dtype=float, na_value=np.nan)


def require_values(x: FloatArray, names: pd.Index) -> None:
    """UsageError naming every column of `x` (n, p) that has no value, or an infinite one."""
    problems = []
    for name, column in zip(names, x.T, strict=True):
        if np.isnan(column).all():
            problems.append(Problem("has no value", column=str(name)))
        elif np.isinf(column).any():
            problems.append(Problem("has infinite values", column=str(name)))
    if problems:
        raise UsageError("columns that cannot be used", problems)


def kind_codes(frame: pd.DataFrame, kinds: pd.DataFrame | None) -> NDArray[np.int8]:
    """Positions in KINDS (n, p) of the kinds of missing value, −1 where `kinds` says nothing."""
    codes = np.full(frame.shape, -1, dtype=np.int8)
    if kinds is not None:
        told = kinds.reindex(frame.index)
        for j, name in enumerate(frame.columns):
            if name in told:
                known = pd.Categorical(told[name], categories=["", *(kind.value for kind in KINDS)])
                codes[:, j] = np.maximum(known.codes - 1, -1)
    return codes
