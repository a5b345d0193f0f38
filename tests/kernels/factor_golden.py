"""Correlation matrices and reference figures that the tests of the factor kernels share."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from socialcap.kernels import FloatArray

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def golden(name: str) -> dict[str, Any]:
    """Contents of a JSON file of reference figures."""
    loaded: dict[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return loaded


def labelled_matrix(name: str) -> FloatArray:
    """Numbers of a CSV file with a header row and a first column of labels."""
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])


def likert() -> FloatArray:
    """400 rows of twelve five-point items (`likert.csv`, made by `make_golden.R`)."""
    return np.loadtxt(GOLDEN / "likert.csv", delimiter=",", skiprows=1)


def reference_sets() -> dict[str, tuple[FloatArray, dict[str, Any]]]:
    """Correlation matrix and psych's figures for nine Holzinger-Swineford tests, Harman's 24 tests, six
    abilities and twelve ordinal items.
    """
    holzinger = golden("correlation_matrices.json")["holzinger_swineford"]["corr"]
    ordinal = golden("likert_ordinal.json")
    return {
        "holzinger": (np.array(holzinger), golden("holzinger_swineford_efa.json")),
        "harman74": (labelled_matrix("harman74_correlation.csv"), golden("harman74_efa.json")),
        "ability": (labelled_matrix("ability_correlation.csv"), golden("ability_efa.json")),
        "likert": (np.array(ordinal["polychoric_lavaan"]["values"]), ordinal["efa_polychoric"]),
    }


def matched(ours: FloatArray, reference: FloatArray) -> FloatArray:
    """`ours (p, k)` with columns assigned and reflected to `reference`, independently of the package."""
    inner = reference.T @ ours
    _, order = linear_sum_assignment(-np.abs(inner))
    return np.asarray(ours[:, order] * np.sign(inner[np.arange(len(order)), order]))


def factor_data(n: int, seed: int, *, per_factor: int = 5, k: int = 4, between: float = 0.3) -> FloatArray:
    """Normal data (n, k * per_factor) with simple structure, loadings between .45 and .85."""
    rng = np.random.default_rng(seed)
    p = k * per_factor
    loadings = np.kron(np.eye(k), np.ones((per_factor, 1))) * rng.uniform(0.45, 0.85, (p, 1))
    phi = between * np.ones((k, k)) + (1 - between) * np.eye(k)
    factors = rng.standard_normal((n, k)) @ np.linalg.cholesky(phi).T
    unique = np.sqrt(1 - np.sum(loadings**2, axis=1))
    return np.asarray(factors @ loadings.T + rng.standard_normal((n, p)) * unique)
