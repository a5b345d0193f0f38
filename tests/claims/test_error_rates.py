"""How often verdicts err where the truth is known and lies on the bound, the worst case of each claim.

Every rate may exceed 5 % by Monte-Carlo error alone: three standard errors of a share of 5 % are allowed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.claims import Evidence, judge, pattern
from socialcap.claims.grammar import CongruenceTest, LargestVarianceTest
from socialcap.claims.regions import Region
from socialcap.claims.structure import congruence, largest_variance
from socialcap.kernels.congruence import matched_congruence
from socialcap.kernels.threads import single_thread
from socialcap.results import FactorResult
from socialcap.results.claims import Verdict
from socialcap.results.study import MeasurementResult

pytestmark = pytest.mark.slow

ITEMS = {factor: [f"{factor}{i}" for i in range(4)] for factor in "abc"}


def allowed(samples: int) -> float:
    return 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / samples)


def rates(verdicts: list[Verdict]) -> tuple[float, float]:
    counts = Counter(verdicts)
    return counts[Verdict.SUPPORTED] / len(verdicts), counts[Verdict.CONTRADICTED] / len(verdicts)


def regressed(slope: float, n: int, rng: np.random.Generator) -> Evidence:
    """A regressor whose standardised coefficient is `slope`, errors of unequal variance."""
    x, z = rng.normal(size=(2, n))
    spread = 0.6 + 0.4 * np.abs(z)
    noise = spread / np.sqrt(0.52 + 0.48 * np.sqrt(2.0 / np.pi)) * rng.normal(size=n)
    noise *= np.sqrt(1.0 - slope**2 - 0.09)
    data = pd.DataFrame({"y": slope * x + 0.3 * z + noise, "x": x, "z": z})
    return Evidence(data, regressions=(sc.regress("y ~ x + z", data, cov="HC3", name="m"),))


def test_claims_on_coefficients_err_in_at_most_a_twentieth() -> None:
    samples, bound = 800, 0.25
    at_bound, at_zero, inside = [], [], []
    with single_thread():
        for seed in range(samples):
            tests = {"eq": f"abs(coef(y, x)) < {bound}", "up": "coef(y, x) > 0"}
            found = judge(tests, regressed(bound, 200, np.random.default_rng(seed)))
            at_bound.append(found["eq"].verdict)
            null = judge(tests, regressed(0.0, 200, np.random.default_rng(10_000 + seed)))
            at_zero.append(null["up"].verdict)
            inside.append(null["eq"].verdict)
    supported, contradicted = rates(at_bound)
    assert supported <= allowed(samples)
    assert contradicted <= allowed(samples)
    supported, contradicted = rates(at_zero)
    assert supported <= allowed(samples)
    assert contradicted <= allowed(samples)
    # and the design can say something at all: at zero, standard error .07, the power of the two tests is .93
    assert rates(inside)[0] > 0.85


def measured_firms(n: int, rng: np.random.Generator, cross: float = 0.0) -> tuple[pd.DataFrame, np.ndarray]:
    """Items of three factors, each item of a factor loading `cross` on the next one too."""
    latent = rng.normal(size=(n, 3))
    names = [name for own in ITEMS.values() for name in own]
    values = loadings(cross)
    noise = np.sqrt(1.0 - (values**2).sum(axis=1)) * rng.normal(size=(n, 12))
    return pd.DataFrame(latent @ values.T + noise, columns=names), latent


def loadings(cross: float) -> np.ndarray:
    values = np.zeros((12, 3))
    for j in range(3):
        values[4 * j : 4 * j + 4, j] = 0.75
        values[4 * j : 4 * j + 4, (j + 1) % 3] = cross
    return values


def test_equivalence_through_the_pipeline_errs_in_at_most_a_twentieth() -> None:
    names = [name for own in ITEMS.values() for name in own]

    def firms(n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        data, latent = measured_firms(n, rng)
        return data.assign(y=0.3 * latent[:, 0] + 0.4 * latent[:, 1] + rng.normal(size=n))

    def scored(data: pd.DataFrame) -> pd.DataFrame:
        scores = sc.factor_analysis(data, 3, items=names, scales=ITEMS).scores
        assert scores is not None
        return data.join(scores)

    # the estimand is the coefficient on the scores in the population
    everyone = sc.regress("y ~ a + b", scored(firms(400_000, 1)), name="m")
    bound = float(everyone.coefficients.at["a", "beta"])
    samples, found = 250, []
    with single_thread():
        for seed in range(samples):
            data = firms(200, 100 + seed)
            model = sc.regress("y ~ a + b", scored(data), name="m")
            carried = sc.pipeline(
                data, "y ~ a + b", items=names, n_factors=3, scales=ITEMS, replicates=200, seed=seed
            )
            evidence = Evidence(data, regressions=(model,), pipelines={"m": carried})
            found.append(judge({"h": f"abs(coef(y, a)) < {bound!r}"}, evidence)["h"].verdict)
    supported, contradicted = rates(found)
    assert supported <= allowed(samples)
    assert contradicted <= allowed(samples)


def solutions(samples: int, cross: float) -> Iterator[Evidence]:
    """Bootstrapped solutions of samples of 200 firms."""
    template = None
    for seed in range(samples):
        data, _ = measured_firms(200, np.random.default_rng(500 + seed), cross)
        stable = sc.bootstrap_factor_analysis(data, 3, scales=ITEMS, replicates=200, seed=seed)
        if template is None:
            template = measurement(data, stable.factors)
        yield Evidence(
            data,
            measurement=replace(template, factors=stable.factors, stability=stable),
            references={"published": pattern(ITEMS)},
        )


def measurement(data: pd.DataFrame, factors: FactorResult) -> MeasurementResult:
    index = sc.composite(factors)
    return MeasurementResult(
        missing=index,
        correlation=factors.correlation,
        reliability=(),
        adequacy=sc.adequacy(data),
        retention=sc.n_factors(data, n_sets=20),
        factors=factors,
        stability=None,
        composite=index,
    )


@pytest.mark.parametrize("cross", [0.15, 0.4])
def test_claims_on_factors_err_in_at_most_a_twentieth(cross: float) -> None:
    """Three factors that explain the same, each with the same congruence: all claims lie on their bound."""
    population = loadings(cross) @ loadings(cross).T
    np.fill_diagonal(population, 1.0)
    names = [name for own in ITEMS.values() for name in own]
    matrix = pd.DataFrame(population, names, names)
    truth = sc.factor_analysis(matrix, 3, n_obs=10**6, scales=ITEMS).loadings.to_numpy()
    bound = float(matched_congruence(truth, pattern(ITEMS).loc[names].to_numpy()).min())
    like = CongruenceTest("published", Region(low=bound))
    samples = 300
    found: dict[str, list[Verdict]] = {"congruence": [], "largest": []}
    with single_thread():
        for evidence in solutions(samples, cross):
            found["congruence"].append(congruence(like, evidence).verdict)
            found["largest"].append(largest_variance(LargestVarianceTest("a"), evidence).verdict)
    for verdicts in found.values():
        supported, contradicted = rates(verdicts)
        assert supported <= allowed(samples)
        assert contradicted <= allowed(samples)


@pytest.mark.parametrize(
    ("draw", "test"),
    [
        (lambda rng, n: (rng.random(n) < 0.95).astype(float), "share(v == 1) > 0.95"),
        (lambda rng, n: (rng.random(n) < 0.95).astype(float), "share(v == 1) < 0.95"),
        (lambda rng, n: rng.beta(6.0, 5.0, n), "share(v) in [0.2, 0.5454545454545454]"),
        (lambda rng, n: rng.normal(3.0, 2.0, n), "mean(v) > 3"),
    ],
)
def test_claims_on_levels_err_in_at_most_a_twentieth(
    draw: Callable[[np.random.Generator, int], np.ndarray], test: str
) -> None:
    samples = 3000
    found = [
        judge({"h": test}, Evidence(pd.DataFrame({"v": draw(np.random.default_rng(seed), 150)})))["h"].verdict
        for seed in range(samples)
    ]
    supported, contradicted = rates(found)
    assert supported <= allowed(samples)
    assert contradicted <= allowed(samples)
