"""Time of a specification curve: 300 specifications with 200 replicates each, by number of workers.

Run: python benchmarks/specifications.py. 200 rows, 20 items, 4 factors; five correlations and extractions, rotations,
numbers of factors, rules of scoring, weights of the composite and sets of covariates crossed, a regression on the
composite and four covariates. Wall and processor time in seconds, and whether all workers give the same bytes.
For scale: the pipeline bootstrap of one specification alone, times 300.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

import socialcap as sc
from socialcap.inference import specification_curve

ROWS, FACTORS, PER, REPLICATES, SPECIFICATIONS = 200, 4, 5, 200, 300
ITEMS = [f"i{j + 1}" for j in range(FACTORS * PER)]
FORMULA = "y ~ social_capital + a + b + c + d"
CHEAP: dict[str, Any] = {
    "extraction": ["paf", "minres"],
    "rotation": ["oblimin", "promax"],
    "n_factors": [3, 5],
    "scores": ["bartlett", "means"],
    "composite": ["initial"],
    "covariates": {"two": {"drop": ["c", "d"]}, "none": {"drop": ["a", "b", "c", "d"]}},
}
WIDE: dict[str, Any] = {
    **CHEAP,
    "correlation": ["spearman", "polychoric"],
    "extraction": ["paf", "minres", "ml"],
    "outcome": {"grade": {"outcome": "grade", "model": "ordered_logit"}},
}


def sample() -> pd.DataFrame:
    """Five-point items of four correlated factors, covariates, an outcome and its quartiles."""
    rng = np.random.default_rng(0)
    loadings = np.kron(np.eye(FACTORS), np.ones((PER, 1))) * rng.uniform(0.5, 0.85, (FACTORS * PER, 1))
    factors = rng.standard_normal((ROWS, FACTORS)) @ np.linalg.cholesky(0.2 + 0.8 * np.eye(FACTORS)).T
    latent = factors @ loadings.T + rng.standard_normal((ROWS, len(ITEMS))) * np.sqrt(
        1 - (loadings**2).sum(1)
    )
    frame = pd.DataFrame(np.clip(np.round(3 + latent), 1, 5), columns=ITEMS)
    frame[list("abcd")] = rng.standard_normal((ROWS, 4))
    frame["y"] = 0.3 * factors.sum(axis=1) + frame[list("abcd")].sum(axis=1) * 0.2 + rng.standard_normal(ROWS)
    frame["grade"] = pd.qcut(frame["y"], 4, labels=False)
    return frame


def timed(frame: pd.DataFrame, choices: dict[str, Any], workers: int) -> tuple[float, float, str, int]:
    """Wall and processor time, the result as text, and how many specifications have an estimate."""
    wall, processor = time.perf_counter(), time.process_time()
    found = specification_curve(
        frame, {"r": FORMULA}, [("r", "social_capital")], items=ITEMS, n_factors=FACTORS, choices=choices,
        limit=SPECIFICATIONS, replicates=REPLICATES, workers=workers,
    )[0]  # fmt: skip
    used = time.perf_counter() - wall, time.process_time() - processor
    return *used, repr(found.to_dict()), len(found.curve)


def main() -> None:
    """Print the times."""
    frame = sample()
    for name, choices in (("cheap measurements", CHEAP), ("with polychorics, ml, ordered logit", WIDE)):
        texts = set()
        for workers in (1, 2):
            wall, processor, text, number = timed(frame, choices, workers)
            texts.add(text)
            print(
                f"{name}, {number} estimated, {workers} workers: {wall:.1f} s wall, {processor:.1f} s processor"
            )
        print(f"{name}: same bytes whatever the workers: {len(texts) == 1}")
    begun = time.process_time()
    sc.pipeline(frame, FORMULA, items=ITEMS, n_factors=FACTORS, replicates=REPLICATES)
    alone = time.process_time() - begun
    print(
        f"one pipeline of {REPLICATES} replicates: {alone:.2f} s, times {SPECIFICATIONS}: {alone * SPECIFICATIONS:.0f} s"
    )


if __name__ == "__main__":
    main()
