"""Other libraries come to the same regressions; a wrong number is seen; what they lack is left out.

AGREED: the tolerances are those of the module itself, each with its reason there.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.regression.second_opinion import regression_opinion
from socialcap.results import RegressionResult


def firms(n: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    data = pd.DataFrame(rng.normal(size=(n, 2)), columns=["trust", "size"])
    data["trade"] = pd.Categorical(rng.choice(["copper", "steel", "other"], n))
    data["finance"] = 3 + data["trust"] + rng.normal(size=n) * (1 + data["size"].abs())
    data["late"] = (data["finance"] > 3).astype(float)
    data["orders"] = rng.poisson(np.exp(0.3 * data["trust"])).astype(float)
    data["grade"] = pd.cut(data["finance"], [-np.inf, 2, 3, 4, np.inf], labels=False) + 1.0
    data["years"] = rng.integers(1, 9, n).astype(float)
    return data


DATA = firms()
MODELS = {"ols": "finance", "logit": "late", "probit": "late", "poisson": "orders"}
MODELS |= {"ordered_logit": "grade", "ordered_probit": "grade"}


def fitted(model: str, cov: str, **more: object) -> RegressionResult:
    return sc.regress(f"{MODELS[model]} ~ trust + size + C(trade)", DATA, model=model, cov=cov, **more)


@pytest.mark.parametrize("cov", ["nonrobust", "HC0", "HC1", "HC2", "HC3"])
def test_least_squares_agree(cov: str) -> None:
    opinion = regression_opinion([fitted("ols", cov)])
    assert len(opinion.opinions) == 3 and opinion.agrees, opinion
    assert set(opinion.largest()) == ({"pingouin"} if cov == "nonrobust" else {"pingouin", "statsmodels"})


@pytest.mark.parametrize("model", ["logit", "probit", "poisson", "ordered_logit", "ordered_probit"])
@pytest.mark.parametrize("cov", ["nonrobust", "HC0", "HC1"])
def test_likelihood_models_agree(model: str, cov: str) -> None:
    opinion = regression_opinion([fitted(model, cov)])
    assert len(opinion.opinions) == 3 and opinion.agrees, opinion


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("column", ["estimate", "std_error"])
def test_a_wrong_number_is_seen(model: str, column: str) -> None:
    found = fitted(model, "HC1")
    bent = found.coefficients.copy()
    bent.loc["size", column] += 0.01
    opinion = regression_opinion([replace(found, coefficients=bent)])
    wrong = [one for one in opinion.opinions if not one.agrees]
    assert len(wrong) == 1 and "(size)" in wrong[0].label("en")
    assert wrong[0].difference == pytest.approx(0.01, rel=0.1)


def test_what_the_libraries_do_not_have_is_left_out() -> None:
    clustered = regression_opinion([fitted("ols", "CR1", clusters="years")])
    assert [one.library for one in clustered.opinions] == ["pingouin", "pingouin"] and clustered.agrees
    left_out = [
        fitted("logit", "CR1", clusters="years"),
        fitted("ols", "linearised", weights="years"),
        fitted("ols", "HC1", fixed_effects="years"),
        fitted("poisson", "HC1", exposure="years"),
        sc.regress("late ~ trust", DATA, model="firth"),
    ]
    assert regression_opinion(left_out).opinions == ()
