"""Time of the bootstrap of a whole analysis: ours, and that of other programs.

Run: python benchmarks/pipeline.py. 200 rows, 20 items, 4 factors with varimax, a regression on the four
scores and four covariates, 2,000 replicates, one thread; the best of several runs, in seconds of processor
time. Beside it, timed on few replicates and scaled up: a loop of factor_analyzer and statsmodels, a loop of
psych in R (pipeline.R), and the bootstrap of StatsPAI, each where it is installed. StatsPAI has no factor
analysis: its bootstrap repeats the regression alone, on scores taken as data.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.regression.linear_model import OLS
from threadpoolctl import threadpool_limits

from socialcap.kernels import FloatArray, alignment, correlation, extraction, factor_bootstrap, rotation
from socialcap.kernels.factor_bootstrap import Correlate, Method, Reference
from socialcap.kernels.moments import crosstabs_replicates
from socialcap.kernels.ordered import ordered_logit
from socialcap.kernels.pipeline import (
    Measure,
    ScoreDesign,
    component_weights,
    exploratory,
    pipeline_of,
    run_replicates,
)
from socialcap.kernels.polychoric import polychoric_from_crosstabs
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.scores import regression_weights

ROWS, ITEMS, FACTORS, COVARIATES, REPLICATES, THEIRS = 200, 20, 4, 4, 2000, 20


def sample() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Items (n, 20), covariates with the constant (n, 5), outcome (n,)."""
    rng = np.random.default_rng(0)
    loadings = np.kron(np.eye(FACTORS), np.ones((ITEMS // FACTORS, 1))) * rng.uniform(0.45, 0.85, (ITEMS, 1))
    phi = 0.3 + 0.7 * np.eye(FACTORS)
    factors = rng.standard_normal((ROWS, FACTORS)) @ np.linalg.cholesky(phi).T
    noise = rng.standard_normal((ROWS, ITEMS)) * np.sqrt(1 - np.sum(loadings**2, axis=1))
    covariates = np.column_stack([np.ones(ROWS), rng.standard_normal((ROWS, COVARIATES))])
    y = factors @ [0.3, 0.2, 0.0, 0.1] + covariates @ rng.normal(size=COVARIATES + 1) * 0.3
    return factors @ loadings.T + noise, covariates, y + rng.standard_normal(ROWS)


def measurement(method: Method, data: FloatArray, correlate: Correlate | None) -> tuple[Measure, FloatArray]:
    """The measurement of every replicate, and the full-sample score weights (p, k)."""

    def rotate(loadings: FloatArray, start: FloatArray | None) -> rotation.Rotation:
        return rotation.varimax(loadings, kaiser=True, start=start)

    def weigh(corr: FloatArray, aligned: alignment.Oriented, _: FloatArray) -> FloatArray:
        if method == "principal":
            return component_weights(aligned.structure, aligned.phi)
        return regression_weights(corr, aligned.structure)

    corr = correlation.pearson(data) if correlate is None else correlate(np.ones((1, ROWS)))[0]
    cold = {"principal": extraction.principal_components, "paf": extraction.principal_axis}
    full = cold[method](corr, FACTORS)
    turned = rotate(full.loadings, None)
    final = alignment.order_and_sign(turned.loadings, turned.phi, transform=turned.transform)
    reference = Reference(full.loadings, final.loadings, final.phi, final.transform)
    extract = factor_bootstrap.following(method, corr, full)
    return exploratory(extract, rotate, reference, weigh, correlate), weigh(corr, final, full.uniquenesses)


def columns(covariates: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """Fixed parts (n, q) and powers (q, 4) of the covariates and the four scores."""
    fixed = np.column_stack([covariates, np.ones((ROWS, FACTORS))])
    powers = np.vstack([np.zeros((covariates.shape[1], FACTORS)), np.eye(FACTORS)]).astype(np.int64)
    return fixed, powers


def linear(method: Method) -> Callable[[], object]:
    data, covariates, y = sample()

    def work() -> object:
        measure, _ = measurement(method, data, None)
        fixed, powers = columns(covariates)
        replicate = pipeline_of(data, measure, ScoreDesign(fixed, powers, y))
        return run_replicates(replicate, ROWS, seed=1, replicates=range(REPLICATES))

    return work


def categories(values: FloatArray, cuts: tuple[float, ...]) -> np.ndarray:
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    return np.searchsorted(np.array(cuts), standard).astype(np.int64)


def ordinal() -> Callable[[], object]:
    """Five-point items with polychorics, PAF, and an ordered logit of a five-point outcome."""
    data, covariates, y = sample()
    codes, outcome = categories(data, (-1.2, -0.4, 0.4, 1.2)), categories(y, (-1.0, -0.3, 0.3, 1.0))

    def correlate(counts: FloatArray) -> FloatArray:
        return polychoric_from_crosstabs(crosstabs_replicates(codes, (5,) * ITEMS, counts)).corr

    def work() -> object:
        measure, weights = measurement("paf", data, correlate)
        items = codes.astype(float)
        fixed, powers = columns(covariates[:, 1:])
        z = (items - items.mean(axis=0)) / items.std(axis=0, ddof=1)
        x = np.column_stack([covariates[:, 1:], z @ weights])
        start = ordered_logit(outcome, x, 5).coefficients
        design = ScoreDesign(
            fixed, powers, outcome.astype(float), model="ordered_logit", n_categories=5, start=start
        )
        replicate = pipeline_of(items, measure, design)
        return run_replicates(replicate, ROWS, seed=1, replicates=range(REPLICATES), width=12)

    return work


def accept_old_checks() -> None:
    """factor_analyzer 0.5.1 names an argument of check_array that scikit-learn 1.8 renamed: translate it."""
    import factor_analyzer.factor_analyzer as module

    check = module.check_array

    def translated(*args: object, **kwargs: object) -> object:
        if "force_all_finite" in kwargs:
            kwargs["ensure_all_finite"] = kwargs.pop("force_all_finite")
        return check(*args, **kwargs)

    module.check_array = translated


def loop(method: str, ordered: bool) -> Callable[[], object]:
    """Rows drawn, factor_analyzer fitted, columns matched, statsmodels fitted (Pearson correlations only)."""
    from factor_analyzer import FactorAnalyzer

    data, covariates, y = sample()
    outcome = categories(y, (-1.0, -0.3, 0.3, 1.0))
    draws = resample_counts(1, ROWS, range(THEIRS)).astype(np.int64)

    def work() -> None:
        reference = None
        for counts in draws:
            rows = np.repeat(np.arange(ROWS), counts)
            fitted = FactorAnalyzer(FACTORS, method=method, rotation="varimax")
            fitted.fit(data[rows])
            reference = fitted.loadings_ if reference is None else reference
            order, signs = alignment.match(fitted.loadings_, reference)
            scores = fitted.transform(data[rows])[:, order] * signs
            if ordered:
                x = np.column_stack([covariates[rows, 1:], scores])
                OrderedModel(outcome[rows], x, distr="logit").fit(method="bfgs", disp=0)
            else:
                OLS(y[rows], np.column_stack([covariates[rows], scores])).fit()

    return work


def in_r(method: str, replicates: int) -> float | None:
    """Seconds of all replicates by pipeline.R, scaled up from `replicates`; None without R and psych."""
    if shutil.which("Rscript") is None:
        return None
    data, covariates, y = sample()
    if method == "poly":
        data, y = categories(data, (-1.2, -0.4, 0.4, 1.2)), categories(y, (-1.0, -0.3, 0.3, 1.0))
    with tempfile.TemporaryDirectory() as folder:
        for name, table in (("items", data), ("covariates", covariates[:, 1:]), ("outcome", y[:, None])):
            _write(Path(folder) / f"{name}.csv", table)
        command = ["Rscript", Path(__file__).with_suffix(".R"), folder, method, str(replicates)]
        alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=alone)
    return None if ended.returncode else float(ended.stdout) * REPLICATES / replicates


def _write(path: Path, table: Iterable[Any]) -> None:
    rows = np.asarray(table)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f"v{j + 1}" for j in range(rows.shape[1])])
        writer.writerows(rows.tolist())


def in_statspai(replicates: int) -> float | None:
    """Seconds of all replicates of the least squares alone, scaled up; None where StatsPAI is missing."""
    if find_spec("statspai") is None:
        return None
    import statspai

    data, covariates, y = sample()
    _, weights = measurement("principal", data, None)
    scores = (data - data.mean(axis=0)) / data.std(axis=0, ddof=1) @ weights
    names = [f"x{j}" for j in range(COVARIATES)] + [f"f{j}" for j in range(FACTORS)]
    frame = pd.DataFrame(np.column_stack([covariates[:, 1:], scores]), columns=names).assign(y=y)
    formula = "y ~ " + " + ".join(names)

    def work() -> object:
        return statspai.bootstrap(
            frame, lambda drawn: statspai.regress(formula, data=drawn), n_boot=replicates, seed=1
        )

    work()
    return best(work, 1) * REPLICATES / replicates


def best(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def beside(name: str, seconds: float | None, ours: float, replicates: int) -> str:
    if seconds is None:
        return f"    {name}: not here"
    return f"    {name}: {seconds:.1f} s scaled up from {replicates}, {seconds / ours:.0f} x"


def main() -> None:
    accept_old_checks()
    cases: tuple[tuple[str, Callable[[], object], Callable[[], object], str, int, float, int], ...] = (
        ("principal components, least squares", linear("principal"), loop("principal", False), "principal", 20,
         0.15, 5),
        ("PAF, least squares", linear("paf"), loop("minres", False), "pa", 20, 0.4, 5),
        ("polychorics, PAF, ordered logit", ordinal(), loop("minres", True), "poly", 2, 6.0, 2),
    )  # fmt: skip
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(f"{REPLICATES} replicates, {ROWS} x {ITEMS}, {FACTORS} factors; seconds of processor time")
        for name, ours, theirs, method, few, wanted, runs in cases:
            spent = best(ours, runs)
            print(f"{name}: {spent:.3f} s, wanted {wanted:.2f}: {'met' if spent <= wanted else 'missed'}")
            python = best(theirs, 1) * REPLICATES / THEIRS
            print(beside("factor_analyzer and statsmodels", python, spent, THEIRS))
            print(beside("psych in R", in_r(method, few), spent, few))
            if method == "principal":
                print(beside("StatsPAI, the regression alone", in_statspai(50), spent, 50))
    print("factor_analyzer has no polychorics: in the last case it factors Pearson correlations.")


if __name__ == "__main__":
    main()
