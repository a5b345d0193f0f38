"""How fast a confirmatory model is fitted, beside semopy and lavaan (Rscript, where present).

200 rows of 20 items with four factors, drawn from a known population: ML, MLR, FIML with a tenth of the cells
missing, ULS, WLSMV on five categories (polychorics and their covariance included), 1,000 HTMT matrices.
`python benchmarks/confirmatory.py`; wanted: ML 4 ms, WLSMV 40 ms on one core. Prints medians of
several runs in milliseconds.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from socialcap.kernels.cfa_fiml import fit_fiml
from socialcap.kernels.cfa_ml import fit_ml
from socialcap.kernels.cfa_robust import fit_mlr
from socialcap.kernels.cfa_table import confirmatory_table
from socialcap.kernels.cfa_wls import covariance_sample, fit_uls, fit_wlsmv, ordinal_sample
from socialcap.kernels.polychoric_acov import polychoric_acov
from socialcap.kernels.validity import htmt

N, ITEMS, FACTORS = 200, 20, 4
CUTS = (-1.5, -0.5, 0.5, 1.5)
PATTERN = np.kron(np.eye(FACTORS, dtype=bool), np.ones((ITEMS // FACTORS, 1), dtype=bool))


def population(seed: int = 1) -> np.ndarray:
    """Rows (N, ITEMS) of a four-factor population with loadings .5 to .8 and factor correlations .3."""
    rng = np.random.default_rng(seed)
    loadings = np.where(PATTERN, np.resize([0.8, 0.7, 0.6, 0.5, 0.65], ITEMS)[:, None], 0.0)
    cov = loadings @ (0.3 + 0.7 * np.eye(FACTORS)) @ loadings.T
    np.fill_diagonal(cov, 1.0)
    return rng.multivariate_normal(np.zeros(ITEMS), cov, N)


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """Median time of a call in milliseconds, after one that warms the caches."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def ours(rows: np.ndarray, holes: np.ndarray, codes: np.ndarray) -> dict[str, float]:
    """Our times by task."""
    n, mean, cov = np.array([float(N)]), rows.mean(0)[None], np.cov(rows, rowvar=False, bias=True)[None]
    group = np.zeros(N, dtype=np.int64)
    table, means = confirmatory_table(PATTERN), confirmatory_table(PATTERN, means=True)
    ordinal = confirmatory_table(PATTERN, n_categories=(5,) * ITEMS)
    rng = np.random.default_rng(2)
    batch = np.stack([np.corrcoef(rows[rng.integers(0, N, N)], rowvar=False) for _ in range(1000)])

    def wlsmv() -> object:
        part = polychoric_acov(codes, (5,) * ITEMS)
        return fit_wlsmv(ordinal, ordinal_sample([(part.thresholds, part.rho, part.nacov)], n))

    return {
        "ML": milliseconds(lambda: fit_ml(table, n, mean, cov), 50),
        "MLR": milliseconds(lambda: fit_mlr(table, rows, group), 30),
        "FIML": milliseconds(lambda: fit_fiml(means, holes, group), 5),
        "ULS": milliseconds(lambda: fit_uls(table, covariance_sample(rows, group, 1, False)), 20),
        "WLSMV": milliseconds(wlsmv, 20),
        "1,000 HTMT matrices": milliseconds(lambda: htmt(batch, PATTERN.T), 20),
    }


def semopy_time(rows: np.ndarray) -> float | None:
    """semopy's time for the ML model, None where it is not installed."""
    try:
        import pandas as pd
        import semopy
    except ImportError:
        return None
    frame = pd.DataFrame(rows, columns=[f"x{i}" for i in range(ITEMS)])

    def work() -> object:
        model = semopy.Model(description("x"))
        model.fit(frame)
        return model.inspect()

    return milliseconds(work, 3)


def description(prefix: str) -> str:
    """The model in lavaan's notation."""
    size = ITEMS // FACTORS
    lines = []
    for f in range(FACTORS):
        lines.append(f"f{f} =~ " + " + ".join(f"{prefix}{i}" for i in range(f * size, (f + 1) * size)))
    return "\n".join(lines)


def lavaan_times(rows: np.ndarray, holes: np.ndarray, codes: np.ndarray) -> dict[str, float]:
    """lavaan's times by task, empty without Rscript and lavaan."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("rows", rows), ("holes", holes), ("codes", codes)):
            header = ",".join(f"x{i}" for i in range(ITEMS))
            np.savetxt(
                Path(folder) / f"{name}.csv", data, delimiter=",", header=header, comments="", fmt="%.10g"
            )
        script = f"""
        suppressMessages(library(lavaan)); m <- "{description("x")}"
        rows <- read.csv("rows.csv"); codes <- read.csv("codes.csv")
        holes <- read.csv("holes.csv", na.strings = "nan")
        timed <- function(f, k) {{ f(); median(replicate(k, system.time(f())["elapsed"])) * 1000 }}
        cat("ML", timed(function() cfa(m, rows), 9), "\n")
        cat("MLR", timed(function() cfa(m, rows, estimator = "MLR"), 5), "\n")
        cat("FIML", timed(function() cfa(m, holes, missing = "fiml"), 3), "\n")
        cat("ULS", timed(function() cfa(m, rows, estimator = "ULSMV"), 5), "\n")
        cat("WLSMV", timed(function() cfa(m, codes, ordered = names(codes), estimator = "WLSMV"), 5), "\n")
        """
        done = subprocess.run(
            ["Rscript", "-e", script], cwd=folder, capture_output=True, text=True, check=False
        )
    pairs = [line.split() for line in done.stdout.splitlines()]
    return {task: float(value) for task, value in pairs}


def main() -> None:
    """Print the table."""
    rows = population()
    rng = np.random.default_rng(3)
    holes = np.where(rng.random(rows.shape) < 0.1, np.nan, rows)
    codes = np.digitize(rows, CUTS)
    mine, theirs = ours(rows, holes, codes), lavaan_times(rows, holes, codes)
    others = {"ML": semopy_time(rows)}
    print(f"{'ms':24}{'socialcap':>12}{'lavaan':>12}{'semopy':>12}")
    for task, value in mine.items():
        cells = [value, theirs.get(task), others.get(task)]
        print(f"{task:24}" + "".join(f"{cell:12.2f}" if cell is not None else f"{'–':>12}" for cell in cells))


if __name__ == "__main__":
    main()
