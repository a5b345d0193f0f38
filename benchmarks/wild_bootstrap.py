"""How fast restricted wild cluster bootstraps are, beside pyfixest and a loop that refits every draw.

600 rows, 4 regressors, 9,999 draws: 12 clusters with signs (all 4,096 vectors are taken instead), 12 and 14
with random draws, 500 clusters. Prints the best of several runs in milliseconds; wanted: 3 ms for the test
with 12 clusters. `python benchmarks/wild_bootstrap.py [--refits N]`: N draws of the loop, scaled to 9,999.
"""

from __future__ import annotations

import argparse
import timeit
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from socialcap.kernels import ols, sandwich, wild_bootstrap
from socialcap.kernels.wild_bootstrap import Weights, wild_cluster_bootstrap

ROWS, DRAWS = 600, 9999
CONTRAST = np.array([0.0, 1.0, 0.0, 0.0])


def data(n_groups: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (n, 4), y (n,) with a common part in each cluster, and the clusters (n,)."""
    random = np.random.default_rng(1)
    clusters = np.arange(rows) % n_groups
    x = np.column_stack((np.ones(rows), random.normal(size=(rows, 3))))
    y = 0.05 * x[:, 1] + random.normal(size=n_groups)[clusters] + random.normal(size=rows)
    return x, y, clusters


def best(run: Callable[[], object], repeat: int) -> float:
    """Milliseconds of the fastest of `repeat` runs, after one to warm up."""
    run()
    return 1000 * min(timeit.repeat(run, number=1, repeat=repeat))


def ours(n_groups: int, weights: Weights, rows: int = ROWS) -> tuple[float, float]:
    """Milliseconds of all draws with the p-value from a fitted model, and of the interval by inversion with
    them.
    """
    x, y, clusters = data(n_groups, rows)
    fit = ols.fit_ols(x, y)

    def test_only() -> float:
        plan = wild_bootstrap._plan(clusters, 1, DRAWS, weights)
        excess = wild_bootstrap._Draws.of(fit, clusters, CONTRAST, plan).excess("strict")
        return wild_bootstrap._p_value(excess, float(fit.coefficients[1]))

    both = best(lambda: wild_cluster_bootstrap(fit, clusters, CONTRAST, seed=1, weights=weights), 10)
    return best(test_only, 10), both


def pyfixest_run(n_groups: int) -> float:
    """Milliseconds of pyfixest's p-value, without an interval."""
    import pyfixest

    x, y, clusters = data(n_groups, ROWS)
    frame = pd.DataFrame(x[:, 1:], columns=["a", "b", "c"]).assign(y=y, g=clusters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = pyfixest.feols("y ~ a + b + c", frame, vcov={"CRV1": "g"})
        return best(lambda: fit.wildboottest(param="a", cluster="g", reps=DRAWS, seed=1), 3)


def refitting(n_groups: int, draws: int) -> float:
    """Milliseconds that 9,999 draws take when every one is fitted and its covariance made."""
    x, y, clusters = data(n_groups, ROWS)
    random = np.random.default_rng(2)
    restricted = ols.fit_ols(np.delete(x, 1, axis=1), y)
    fitted = y - restricted.residuals

    def run() -> None:
        for _ in range(draws):
            signs = random.choice([-1.0, 1.0], size=n_groups)[clusters]
            fit = ols.fit_ols(x, fitted + signs * restricted.residuals)
            sandwich.cluster_robust(fit, clusters, "CR1")

    return best(run, 1) * DRAWS / draws


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--refits", type=int, default=300, help="draws of the refitting loop that are timed")
    refits = parser.parse_args().refits
    cases: list[tuple[int, Weights, int]] = [
        (12, "rademacher", ROWS),
        (12, "webb", ROWS),
        (14, "rademacher", ROWS),
        (500, "rademacher", 5000),
    ]
    with threadpool_limits(1):
        print(f"{'':38}{'test':>10}{'with interval':>16}   ms")
        for n_groups, weights, rows in cases:
            test, both = ours(n_groups, weights, rows)
            print(f"{f'{n_groups} clusters, {weights}, {rows} rows':38}{test:10.2f}{both:16.2f}")
        for n_groups in (12, 14):
            print(f"{f'pyfixest, {n_groups} clusters':38}{pyfixest_run(n_groups):10.2f}")
        print(f"{'refitting every draw, 12 clusters':38}{refitting(12, refits):10.0f}")


if __name__ == "__main__":
    main()
