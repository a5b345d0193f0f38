"""Reference figures and data that the tests of the labelled measurement share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def golden(name: str) -> dict[str, Any]:
    """Contents of a JSON file of reference figures."""
    loaded: dict[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return loaded


def likert() -> pd.DataFrame:
    """400 rows of twelve five-point items, three factors of four items each."""
    return pd.read_csv(GOLDEN / "likert.csv")


def holed(share: float = 0.05, seed: int = 3) -> pd.DataFrame:
    """The same with a share of the answers missing."""
    items = likert().astype(float)
    return items.mask(np.random.default_rng(seed).random(items.shape) < share)


def matrices() -> dict[str, tuple[pd.DataFrame, dict[str, Any]]]:
    """Labelled correlation matrices with psych's figures for them."""
    found = {}
    for name, record in golden("correlation_matrices.json").items():
        labels = [f"i{j + 1}" for j in range(len(record["corr"]))]
        found[name] = (pd.DataFrame(record["corr"], index=labels, columns=labels), record)
    return found


def harman() -> pd.DataFrame:
    """Harman's 24 psychological tests, 145 pupils."""
    return pd.read_csv(GOLDEN / "harman74_correlation.csv", index_col=0)


def matched(ours: Any, reference: Any) -> np.ndarray:
    """`ours` (p, k) with columns assigned and reflected to `reference`, independently of the package."""
    ours, reference = np.asarray(ours), np.asarray(reference)
    inner = reference.T @ ours
    _, order = linear_sum_assignment(-np.abs(inner))
    return np.asarray(ours[:, order] * np.sign(inner[np.arange(len(order)), order]))


def normal_items(seed: int, n: int = 200, k: int = 3, per_factor: int = 4) -> pd.DataFrame:
    """Normal items with simple structure, loadings between .5 and .85, correlated factors."""
    rng = np.random.default_rng(seed)
    p = k * per_factor
    loadings = np.kron(np.eye(k), np.ones((per_factor, 1))) * rng.uniform(0.5, 0.85, (p, 1))
    phi = 0.3 * np.ones((k, k)) + 0.7 * np.eye(k)
    shared = rng.standard_normal((n, k)) @ np.linalg.cholesky(phi).T @ loadings.T
    unique = rng.standard_normal((n, p)) * np.sqrt(1 - (loadings**2).sum(axis=1))
    return pd.DataFrame(shared + unique, columns=[f"x{j + 1}" for j in range(p)])
