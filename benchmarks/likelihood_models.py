"""Times of likelihood models at n = 200 with 8 regressors, single and 2,000 bootstrap replicates.

Run: python benchmarks/likelihood_models.py. Beside statsmodels, and R's glm and polr where Rscript is
present (timed by R itself, without its start). Each time is the best of several runs; BLAS on one thread.
statsmodels' replicates are timed on a few and scaled up. Nothing is asserted.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from socialcap.kernels import binary, margins, multinomial, ordered, poisson, responses, separation

N, K, CATEGORIES, REPLICATES, TIMED = 200, 8, 5, 2000, 10

R_SCRIPT = """
suppressMessages(library(MASS)); d <- read.csv("sample.csv")
best <- function(f, n) min(sapply(1:n, function(i) system.time(f())[3])) * 1000
out <- function(name, ms) cat("TIME", name, ms, "\\n")
y <- factor(d$y); b <- d$y > 1; x <- as.matrix(d[, -1])
out("logit", best(function() for (i in 1:50) glm.fit(cbind(1, x), b, family=binomial()), 3) / 50)
out("probit", best(function() for (i in 1:50) glm.fit(cbind(1, x), b, family=binomial("probit")), 3) / 50)
out("ordered_logit", best(function() for (i in 1:5) polr(y ~ x, Hess=TRUE), 3) / 5)
out("ordered_probit", best(function() for (i in 1:5) polr(y ~ x, method="probit", Hess=TRUE), 3) / 5)
"""


def sample() -> tuple[np.ndarray, np.ndarray]:
    """Codes 0..CATEGORIES-1 (N,) of a logistic latent outcome, and regressors (N, K)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, K))
    latent = x @ rng.normal(size=K) * 0.5 + rng.logistic(size=N)
    return np.digitize(latent, np.quantile(latent, [0.1, 0.3, 0.6, 0.9])), x


def best(run: Callable[[], object], repeats: int) -> float:
    """Shortest of `repeats` runs, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000.0 * min(times)


Fit = Callable[[np.ndarray, np.ndarray | None], object]


def ours(codes: np.ndarray, x: np.ndarray) -> dict[str, Fit]:
    """Each model as a function of the regressors and the counts."""
    y = (codes > 1).astype(float)
    share = (codes + 0.5) / CATEGORIES

    def design(z: np.ndarray) -> np.ndarray:
        return np.concatenate([np.ones((*z.shape[:-1], 1)), z], axis=-1)

    return {
        "logit": lambda z, w: binary.logit(y, design(z), w),
        "probit": lambda z, w: binary.probit(y, design(z), w),
        "fractional_logit": lambda z, w: binary.fractional_logit(share, design(z), w),
        "firth_logit": lambda z, w: binary.firth_logit(y, design(z), w),
        "ordered_logit": lambda z, w: ordered.ordered_logit(codes, z, CATEGORIES, w),
        "ordered_probit": lambda z, w: ordered.ordered_probit(codes, z, CATEGORIES, w),
        "multinomial": lambda z, w: multinomial.multinomial_logit(codes, design(z), CATEGORIES, w),
        "poisson": lambda z, w: poisson.poisson(codes.astype(float), design(z), w),
    }


def by_statsmodels(codes: np.ndarray, x: np.ndarray) -> dict[str, Callable[[np.ndarray], object]]:
    """The same models on chosen rows, by statsmodels at its defaults (ordered: bfgs)."""
    import statsmodels.api as sm
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    y, wide = (codes > 1).astype(float), sm.add_constant(x)
    return {
        "logit": lambda r: sm.Logit(y[r], wide[r]).fit(disp=0),
        "probit": lambda r: sm.Probit(y[r], wide[r]).fit(disp=0),
        "ordered_logit": lambda r: OrderedModel(codes[r], x[r], distr="logit").fit(method="bfgs", disp=0),
        "ordered_probit": lambda r: OrderedModel(codes[r], x[r], distr="probit").fit(method="bfgs", disp=0),
        "multinomial": lambda r: sm.MNLogit(codes[r], wide[r]).fit(disp=0),
        "poisson": lambda r: sm.Poisson(codes[r].astype(float), wide[r]).fit(disp=0),
    }


def by_r(codes: np.ndarray, x: np.ndarray) -> dict[str, float]:
    """Milliseconds of single fits by R, empty where Rscript is missing."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        header = ",".join(["y", *(f"x{j}" for j in range(K))])
        table = np.column_stack([codes, x])
        np.savetxt(Path(folder, "sample.csv"), table, delimiter=",", header=header, comments="")
        Path(folder, "time.R").write_text(R_SCRIPT)
        done = subprocess.run(["Rscript", "time.R"], cwd=folder, capture_output=True, text=True, check=False)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("TIME")]
    return {name: float(value) for _, name, value in lines}


def main() -> None:
    codes, x = sample()
    counts = np.random.default_rng(1).multinomial(N, np.full(N, 1 / N), size=REPLICATES).astype(float)
    designs = np.tile(x, (REPLICATES, 1, 1))
    rows = [np.repeat(np.arange(N), c.astype(int)) for c in counts[:TIMED]]
    r = by_r(codes, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = by_statsmodels(codes, x)
    print(f"n = {N}, k = {K}, {CATEGORIES} categories; milliseconds; {REPLICATES} replicates, own designs")
    print(f"{'model':18}{'single':>9}{'statsmodels':>13}{'R':>9}{'replicates':>12}{'statsmodels':>13}")
    for name, fit in ours(codes, x).items():
        single = best(lambda fit=fit: fit(x, None), 50)
        many = best(lambda fit=fit: fit(designs, counts), 2)
        one = loop = float("nan")
        if name in theirs:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                one = best(lambda name=name: theirs[name](np.arange(N)), 3)
                loop = best(lambda name=name: [theirs[name](at) for at in rows], 1) * REPLICATES / TIMED
        print(f"{name:18}{single:9.2f}{one:13.2f}{r.get(name, float('nan')):9.2f}{many:12.0f}{loop:13.0f}")
    fit = ordered.ordered_logit(codes, x, CATEGORIES)
    slope = np.tile(np.eye(K)[0], (N, 1))
    effect = best(
        lambda: margins.average_slope(
            responses.ordered_logit_response, fit.coefficients, fit.vcov, [x], [slope]
        ),
        50,
    )
    found = best(lambda: separation.binary_separation((codes > 1).astype(float), x), 20)
    print(f"average effects of one variable on {CATEGORIES} probabilities: {effect:.2f}")
    print(f"separation by linear programming: {found:.2f}")


if __name__ == "__main__":
    main()
