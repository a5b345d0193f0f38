"""Times of correlations, adequacy and number of factors at 200 x 20, beside other programs where they are
present.

Run: python benchmarks/correlation_retention.py Each time is the best of several runs; a ratio above 1 says
how many times longer the other program takes. psych is timed by R itself, without its start. Nothing is
asserted.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from socialcap.kernels import adequacy, em, moments, parallel_analysis, polychoric, polychoric_acov, retention
from socialcap.kernels.correlation import correlations_of, pearson

N, ITEMS, FACTORS, SETS = 200, 20, 4, 1000

R_SCRIPT = """
suppressMessages(library(psych)); options(mc.cores=1)
x <- read.csv("items.csv"); R <- cor(x)
best <- function(f, n) min(sapply(seq_len(n), function(i) system.time(suppressWarnings(f()))[3])) * 1000
out <- function(name, ms) cat("TIME", name, ms, "\\n")
out("kmo", best(function() for (i in 1:100) KMO(R), 3) / 100)
out("polychoric", best(function() polychoric(x, correct=0), 2))
invisible(capture.output(t <- best(function() fa.parallel(x, n.iter=1000, fa="pc", plot=FALSE, sim=TRUE), 1)))
out("parallel", t)
out("map", best(function() vss(R, 8, n.obs=200, rotate="none", plot=FALSE), 2))
"""


def items(seed: int = 0) -> np.ndarray:
    """Five-point items (N, ITEMS) of FACTORS uncorrelated factors, coded 0 to 4."""
    rng = np.random.default_rng(seed)
    loadings = np.kron(np.eye(FACTORS), np.full((ITEMS // FACTORS, 1), 0.7))
    x = rng.normal(size=(N, FACTORS)) @ loadings.T + rng.normal(size=(N, ITEMS)) * np.sqrt(0.51)
    return np.searchsorted([-1.2, -0.4, 0.4, 1.2], x).astype(np.int8)


def best(run: Callable[[], object], repeats: int) -> float:
    """Shortest of `repeats` runs, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000.0 * min(times)


def ours(codes: np.ndarray) -> dict[str, float]:
    """Milliseconds of each task by these kernels."""
    x, categories = codes.astype(float), (5,) * ITEMS
    corr = pearson(x)
    counts = np.random.default_rng(1).multinomial(N, np.full(N, 1 / N), size=SETS).astype(float)
    holes = np.where(np.random.default_rng(2).random(x.shape) < 0.05, np.nan, x)
    random = list(parallel_analysis.normal_null(np.random.default_rng(3), SETS, N, ITEMS))

    def parallel(*reductions: parallel_analysis.Reduction) -> object:
        null = parallel_analysis.normal_null(np.random.default_rng(3), SETS, N, ITEMS)
        return parallel_analysis.parallel_analysis(corr, null, reductions)

    def parallel_polychoric() -> object:
        null = parallel_analysis.polychoric_null(np.random.default_rng(4), SETS, codes, categories)
        return parallel_analysis.parallel_analysis(corr, null)

    return {
        "kmo": best(lambda: adequacy.kmo(corr), 200),
        "polychoric": best(lambda: polychoric.polychoric(codes, categories), 100),
        "polychoric covariance": best(lambda: polychoric_acov.polychoric_acov(codes, categories), 10),
        "map": best(lambda: retention.minimum_average_partial(corr), 20),
        "em, 5 % missing": best(lambda: em.em_moments(holes), 3),
        "pearson, 1,000 replicates": best(lambda: correlations_of(x)(counts), 5),
        "crosstabs, 1,000 replicates": best(
            lambda: moments.crosstabs_replicates(codes, categories, counts), 3
        ),
        "eigenvalues alone, 1,000 sets": best(lambda: [np.linalg.eigvalsh(block) for block in random], 5),
        "parallel": best(lambda: parallel("components"), 5),
        "parallel, smc": best(lambda: parallel("smc"), 3),
        "parallel, one factor": best(lambda: parallel("one_factor"), 2),
        "parallel, polychoric": best(parallel_polychoric, 2),
    }


def python_peers(codes: np.ndarray) -> dict[str, tuple[str, float]]:
    """Milliseconds of the same tasks by Python packages, where they are installed."""
    found: dict[str, tuple[str, float]] = {}
    x = codes.astype(float)
    try:
        from factor_analyzer import calculate_kmo

        found["kmo"] = ("factor_analyzer", best(lambda: calculate_kmo(x), 20))
    except ImportError:
        pass
    try:
        import ordinalcorr

        pairs = [(i, j) for i in range(ITEMS) for j in range(i)][:: ITEMS - 1]
        few = best(lambda: [ordinalcorr.polychoric(codes[:, i], codes[:, j]) for i, j in pairs], 1)
        scaled = few * (ITEMS * (ITEMS - 1) / 2) / len(pairs)
        found["polychoric"] = ("ordinalcorr (from 10 pairs)", scaled)
    except ImportError:
        pass
    return found


def r_peers(codes: np.ndarray) -> dict[str, tuple[str, float]]:
    """Milliseconds of the same tasks by psych, where Rscript is present."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        header = ",".join(f"v{j}" for j in range(ITEMS))
        np.savetxt(Path(folder) / "items.csv", codes + 1, fmt="%d", delimiter=",", header=header, comments="")
        (Path(folder) / "time.R").write_text(R_SCRIPT)
        run = subprocess.run(["Rscript", "time.R"], cwd=folder, capture_output=True, text=True, check=False)
    lines = [line.split() for line in run.stdout.splitlines() if line.startswith("TIME")]
    return {name: ("psych", float(ms)) for _, name, ms in lines}


def main() -> None:
    codes = items()
    mine = ours(codes)
    peers = [python_peers(codes), r_peers(codes)]
    print(f"{N} rows x {ITEMS} five-point items; milliseconds, best run")
    for task, ms in mine.items():
        beside = [
            f"{peer[task][0]} {peer[task][1]:.1f} (x{peer[task][1] / ms:.0f})"
            for peer in peers
            if task in peer
        ]
        print(f"{task:32s} {ms:10.2f}   {'; '.join(beside)}".rstrip())


if __name__ == "__main__":
    main()
