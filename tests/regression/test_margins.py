"""Marginal effects against finite differences of predictions, and their errors against statsmodels.

Tolerances: central differences of predictions at 1e-5 of a standard deviation carry errors of about 1e-8
relative; delta-method errors are compared with numeric derivatives in the parameters at 1e-6.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import socialcap as sc
from socialcap.errors import NotAvailableError, UsageError
from socialcap.results import RegressionResult


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 300
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "size": rng.lognormal(size=n),
            "park": rng.integers(0, 2, n),
            "行 业": rng.choice(["铜", "铝 材", "other"], n),
        }
    )
    frame["latent"] = (
        0.6 * frame["x"]
        - 0.2 * frame["x"] ** 2
        + 0.4 * np.log(frame["size"])
        + 0.5 * frame["park"]
        + rng.logistic(size=n)
    )
    frame["yes"] = (frame["latent"] > 0).astype(int)
    frame["grade"] = np.digitize(frame["latent"], [-1.0, 1.0])
    frame["kind"] = np.array(["a", "b", "c"])[frame["grade"]]
    frame["share"] = 1 / (1 + np.exp(-frame["latent"]))
    frame["count"] = rng.poisson(np.exp(0.3 * frame["x"]))
    frame["seen"] = (rng.normal(size=n) + 0.5 * frame["x"] > -0.5).astype(int)
    return frame


RIGHT = "x + I(x**2) + log(size) + C(`行 业`) + x:park + park"
MODELS = {
    "ols": "latent",
    "logit": "yes",
    "probit": "yes",
    "firth": "yes",
    "fractional": "share",
    "poisson": "count",
    "ordered_logit": "grade",
    "ordered_probit": "grade",
    "multinomial": "kind",
}


def fitted(model: str, firms: pd.DataFrame) -> RegressionResult:
    return sc.regress(f"{MODELS[model]} ~ {RIGHT}", firms, model=model)


def moved(result: RegressionResult, data: pd.DataFrame) -> np.ndarray:
    """Mean predictions with other data in place of the sample's."""
    estimation = replace(result.estimation, data=data[list(result.estimation.data.columns)])
    return sc.predict(replace(result, estimation=estimation)).predictions["estimate"].to_numpy()


@pytest.mark.parametrize("model", list(MODELS))
def test_slopes_are_differences_of_predictions(firms: pd.DataFrame, model: str) -> None:
    found = fitted(model, firms)
    effects = found.margins().effects
    for name in ("x", "size"):
        h = 1e-5 * firms[name].std()
        up, down = (moved(found, firms.assign(**{name: firms[name] + s * h})) for s in (1, -1))
        rows = effects[effects["variable"] == name]
        assert set(rows["contrast"]) == {"dy/dx"}
        np.testing.assert_allclose(rows["estimate"], (up - down) / (2 * h), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("model", ["ols", "logit", "ordered_probit", "multinomial"])
def test_changes_are_differences_of_predictions(firms: pd.DataFrame, model: str) -> None:
    found = fitted(model, firms)
    effects = found.margins().effects
    park = effects[effects["variable"] == "park"]
    expected = moved(found, firms.assign(park=1)) - moved(found, firms.assign(park=0))
    np.testing.assert_allclose(park["estimate"], expected, atol=1e-12)
    trade = effects[(effects["variable"] == "行 业") & (effects["contrast"] == "other → 铝 材")]
    expected = moved(found, firms.assign(**{"行 业": "铝 材"})) - moved(
        found, firms.assign(**{"行 业": "other"})
    )
    np.testing.assert_allclose(trade["estimate"], expected, atol=1e-12)


@pytest.mark.parametrize("model", ["probit", "ordered_logit", "poisson", "multinomial"])
def test_errors_are_those_of_numeric_derivatives(firms: pd.DataFrame, model: str) -> None:
    found = fitted(model, firms)
    parameters = found.estimation.parameters
    rows = found.margins(variables=["x", "park"]).effects
    jacobian = []
    for j in range(len(parameters)):
        h = 1e-5 * max(1.0, abs(parameters[j]))
        ends = []
        for sign in (1, -1):
            shifted = parameters.copy()
            shifted[j] += sign * h
            estimation = replace(found.estimation, parameters=shifted)
            ends.append(
                replace(found, estimation=estimation).margins(variables=["x", "park"]).effects["estimate"]
            )
        jacobian.append((ends[0] - ends[1]) / (2 * h))
    numeric = np.column_stack(jacobian)
    errors = np.sqrt(np.diag(numeric @ found.vcov.to_numpy() @ numeric.T))
    np.testing.assert_allclose(rows["std_error"], errors, rtol=1e-6)


def test_average_effects_and_errors_equal_statsmodels(firms: pd.DataFrame) -> None:
    ours = sc.regress("yes ~ x + log(size)", firms, model="logit")
    plain = firms.assign(l=np.log(firms["size"]))
    theirs = smf.logit("yes ~ x + l", plain).fit(disp=False).get_margeff()
    row = ours.margins(variables=["x"]).effects.iloc[0]
    assert row["estimate"] == pytest.approx(theirs.margeff[0], rel=1e-8)
    assert row["std_error"] == pytest.approx(theirs.margeff_se[0], rel=1e-6)


def test_effects_at_the_means(firms: pd.DataFrame) -> None:
    ours = sc.regress("yes ~ x + size", firms, model="probit").margins("means").effects
    theirs = smf.probit("yes ~ x + size", firms).fit(disp=False).get_margeff(at="mean")
    np.testing.assert_allclose(ours["estimate"], theirs.margeff, rtol=1e-8)
    np.testing.assert_allclose(ours["std_error"], theirs.margeff_se, rtol=1e-6)


def test_effects_at_values_and_asked_for_changes(firms: pd.DataFrame) -> None:
    found = fitted("logit", firms)
    at = found.margins({"park": [0, 1]}, ["x"]).effects
    assert list(at["at"]) == ["park = 0.0", "park = 1.0"]
    assert at["estimate"].iloc[0] != pytest.approx(at["estimate"].iloc[1])
    change = found.margins(variables=[], changes={"x": (0, 2)}).effects
    expected = moved(found, firms.assign(x=2.0)) - moved(found, firms.assign(x=0.0))
    assert change["estimate"].iloc[0] == pytest.approx(expected[0], abs=1e-12)
    assert change["contrast"].iloc[0] == "0 → 2"


def test_a_linear_effect_of_a_plain_variable_is_its_coefficient(firms: pd.DataFrame) -> None:
    found = sc.regress("latent ~ x + size", firms, cov="CR2", clusters=firms["grade"].rename("g"))
    effects = found.margins().effects.set_index("variable")
    for name in ("x", "size"):
        row = found.coefficients.loc[name]
        for column in ("estimate", "std_error", "p_value", "ci_low", "df"):
            assert effects.at[name, column] == pytest.approx(row[column], rel=1e-7)


def test_curves_of_predictions(firms: pd.DataFrame) -> None:
    found = fitted("ordered_logit", firms)
    curve = found.predict({"x": [-1, 0, 1]}).predictions
    assert list(curve.columns[:2]) == ["x", "outcome"]
    np.testing.assert_allclose(curve.groupby("x")["estimate"].sum(), 1.0, atol=1e-12)
    assert found.predict({"x": [-1, 0, 1], "行 业": ["铜", "other"]}).predictions.shape[0] == 18
    assert found.predict().tables()[0].text("zh")


def test_heckman_effects_on_the_outcome_and_on_the_outcome_seen(firms: pd.DataFrame) -> None:
    hidden = firms.assign(latent=firms["latent"].where(firms["seen"] == 1))
    found = sc.regress("latent ~ x + size", hidden, model="heckman", selection="seen ~ x + size + park")
    effects = found.margins().effects.set_index(["variable", "outcome"])["estimate"]
    assert effects["x", "latent"] == pytest.approx(found.coefficients.at["x", "estimate"])
    assert effects["park", "latent"] == 0.0
    assert effects["park", "latent | seen = 1"] != 0.0


@pytest.mark.parametrize(
    ("at", "variables", "said"),
    [
        ("median", None, "neither"),
        ({"parc": 1}, None, "'park'"),
        ({"行 业": "金"}, None, "not a level"),
        ("average", ["y"], "not a variable of the model"),
    ],
)
def test_what_is_not_in_the_model_is_refused(firms: pd.DataFrame, at, variables, said) -> None:
    with pytest.raises(UsageError, match=said):
        fitted("logit", firms).margins(at, variables)


def test_absorbed_levels_leave_no_expected_outcome(firms: pd.DataFrame) -> None:
    found = sc.regress("latent ~ x", firms, fixed_effects="grade")
    with pytest.raises(NotAvailableError, match="absorbed"):
        found.margins()
