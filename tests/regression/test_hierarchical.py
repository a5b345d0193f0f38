"""Blocks of regressors: gains, F, Wald and likelihood-ratio tests against statsmodels' own comparisons.

Tolerance 1e-9 relative: the same formulas on the same fits.
"""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

import socialcap as sc
from socialcap.errors import EstimationError, UsageError

BLOCKS = ["y ~ age", "y ~ age + x + z", "y ~ age + x + z + C(trade)"]


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 150
    frame = pd.DataFrame(
        {
            "age": rng.integers(1, 30, n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "trade": rng.choice(["copper", "plastics", "steel"], n),
            "town": rng.integers(0, 15, n),
        }
    )
    frame["y"] = 0.4 * frame["x"] + 0.02 * frame["age"] + rng.normal(size=n)
    frame["yes"] = (frame["y"] > 0.3).astype(int)
    return frame


def test_gains_and_f_tests(firms: pd.DataFrame) -> None:
    found = sc.hierarchical(BLOCKS, firms, cov="nonrobust").table
    fits = [smf.ols(formula, firms).fit() for formula in BLOCKS]
    expected = anova_lm(*fits)
    np.testing.assert_allclose(found["r2"], [fit.rsquared for fit in fits])
    # anova_lm divides by the largest model's variance: its last step is the test of that block
    assert found["delta_f"].iloc[2] == pytest.approx(expected["F"].iloc[2])
    assert found["p"].iloc[2] == pytest.approx(expected["Pr(>F)"].iloc[2])
    f, p, _ = fits[1].compare_f_test(fits[0])
    assert (found["delta_f"].iloc[1], found["p"].iloc[1]) == pytest.approx((f, p))
    assert found["delta_r2"].iloc[1] == pytest.approx(fits[1].rsquared - fits[0].rsquared)


def test_robust_tests_are_wald_tests_of_the_block(firms: pd.DataFrame) -> None:
    found = sc.hierarchical(BLOCKS[:2], firms, cov="HC3")
    fit = smf.ols(BLOCKS[1], firms).fit(cov_type="HC3", use_t=True)
    wald = fit.wald_test("x = 0, z = 0", use_f=True, scalar=True)
    row = found.table.iloc[1]
    assert (row["wald_f"], row["wald_p"]) == pytest.approx((float(wald.fvalue), float(wald.pvalue)))
    assert np.isfinite(row["delta_f"])
    assert any("HC3" in note("en") for note in found.notes)


def test_likelihood_ratio_tests(firms: pd.DataFrame) -> None:
    formulas = ["yes ~ age", "yes ~ age + x + z"]
    found = sc.hierarchical(formulas, firms, model="logit").table
    small, large = (smf.logit(formula, firms).fit(disp=False) for formula in formulas)
    assert found["lr"].iloc[1] == pytest.approx(2 * (large.llf - small.llf))
    assert found["df"].iloc[1] == 2
    assert np.isnan(found["lr"].iloc[0])
    clustered = sc.hierarchical(formulas, firms, model="logit", cov="CR1", clusters="town").table
    assert clustered["wald_p"].iloc[1] < 0.05


def test_all_models_stand_on_the_rows_of_the_largest(firms: pd.DataFrame) -> None:
    holed = firms.astype({"z": float})
    holed.loc[:9, "z"] = np.nan
    found = sc.hierarchical(BLOCKS, holed, clusters="town", cov="CR2")
    assert list(found.table["n_obs"]) == [140, 140, 140]
    assert len(found.dropped) == 10
    assert set(found.dropped) == {"missing: z"}
    assert all(table.text("zh") for table in found.tables())


def test_models_that_are_not_nested_are_refused(firms: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="not an extension"):
        sc.hierarchical(["y ~ age", "y ~ x"], firms)
    with pytest.raises(EstimationError, match="adds nothing"):
        sc.hierarchical(["y ~ age", "y ~ age"], firms)
    with pytest.raises(UsageError, match="two formulas"):
        sc.hierarchical(["y ~ age"], firms)
