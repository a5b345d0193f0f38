"""Time of a specification curve: 300 specifications with 200 replicates each, by number of workers.

Run: python benchmarks/specifications.py. 200 rows, 20 items, 4 factors; five correlations and extractions, rotations,
numbers of factors, rules of scoring, weights of the composite and sets of covariates crossed, a regression on the
composite and four covariates. Wall and processor time in seconds, and whether all workers give the same bytes.
For scale, each where it is installed: the pipeline bootstrap of one specification alone, times 300; a loop of
factor_analyzer and statsmodels over some of the specifications and few replicates, scaled up; and the curve of
StatsPAI, which varies regressions alone, has no measurement and no replicates, beside ours of the same regressions.
"""

from __future__ import annotations

import itertools
import time
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from pipeline import accept_old_checks
from statsmodels.regression.linear_model import OLS
from threadpoolctl import threadpool_limits

import socialcap as sc
from socialcap.inference import specification_curve

ROWS, FACTORS, PER, REPLICATES, SPECIFICATIONS = 200, 4, 5, 200, 300
ITEMS = [f"i{j + 1}" for j in range(FACTORS * PER)]
FORMULA = "y ~ social_capital + a + b + c + d"
COVARIATES = {"two": {"drop": ["c", "d"]}, "none": {"drop": ["a", "b", "c", "d"]}}
CHEAP: dict[str, Any] = {
    "extraction": ["paf", "minres"],
    "rotation": ["oblimin", "promax"],
    "n_factors": [3, 5],
    "scores": ["bartlett", "means"],
    "composite": ["initial"],
    "covariates": COVARIATES,
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


def loop(frame: pd.DataFrame, few: int) -> float:
    """Processor time of one replicate of one specification by factor_analyzer and statsmodels: the mean over
    three extractions, three rotations and three sets of covariates, `few` replicates each.
    """
    from factor_analyzer import FactorAnalyzer

    accept_old_checks()
    rng = np.random.default_rng(1)
    methods = list(itertools.product(("principal", "minres", "ml"), ("varimax", "promax", "oblimin")))
    begun = time.process_time()
    for method, rotation in methods:
        for _ in range(few):
            drawn = frame.iloc[rng.integers(0, ROWS, ROWS)]
            fitted = FactorAnalyzer(FACTORS, method=method, rotation=rotation).fit(drawn[ITEMS])
            share = fitted.get_factor_variance()[1]
            composite = fitted.transform(drawn[ITEMS]) @ (share / share.sum())
            for names in (["a", "b", "c", "d"], ["a", "b"], []):
                OLS(drawn["y"], drawn[names].assign(composite=composite, constant=1.0)).fit()
    return (time.process_time() - begun) / (3 * few * len(methods))


def regressions_alone(frame: pd.DataFrame) -> None:
    """Print the time of one regression of a curve, by StatsPAI and by ours, without replicates."""
    if find_spec("statspai") is None:
        print("StatsPAI: not here")
        return
    import statspai

    index = sc.composite(sc.factor_analysis(frame, n_factors=FACTORS, items=ITEMS))
    measured = frame.assign(composite=index.scores)
    sets = [["a", "b", "c", "d"], ["a", "b"], []]

    def theirs() -> None:
        statspai.spec_curve(measured, "y", "composite", controls=sets, se_types=["hc1"])

    def ours() -> None:
        choices = {"covariates": COVARIATES}
        specification_curve(
            frame, {"r": FORMULA}, [("r", "social_capital")], items=ITEMS, n_factors=FACTORS, choices=choices,
            replicates=0,
        )  # fmt: skip

    for name, work in (("StatsPAI, scores as data", theirs), ("ours, factors included", ours)):
        work()
        begun = time.process_time()
        work()
        spent = 1000.0 * (time.process_time() - begun)
        print(f"a curve of {len(sets)} regressions without replicates, {name}: {spent:.0f} ms")


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
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        few = 3
        each = loop(frame, few)
        regressions_alone(frame)
    print(
        f"factor_analyzer and statsmodels: {each * SPECIFICATIONS * REPLICATES:.0f} s, scaled up from 27 "
        f"specifications and {few} replicates"
    )
    begun = time.process_time()
    sc.pipeline(frame, FORMULA, items=ITEMS, n_factors=FACTORS, replicates=REPLICATES)
    alone = time.process_time() - begun
    print(
        f"one pipeline of {REPLICATES} replicates: {alone:.2f} s, times {SPECIFICATIONS}: {alone * SPECIFICATIONS:.0f} s"
    )


if __name__ == "__main__":
    main()
