"""What cannot be regressed is refused with the variable, level, row or option named; nothing is dropped
silently."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import EstimationError, UsageError
from socialcap.results import Text


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 120
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "trade": rng.choice(["copper", "plastics", "steel"], n),
            "town": rng.integers(0, 10, n),
            "w": rng.uniform(0.5, 2.0, n),
        },
        index=range(2, n + 2),
    )
    frame["y"] = frame["x"] + rng.normal(size=n)
    frame["yes"] = (frame["y"] > 0).astype(int)
    frame["sure"] = np.where(frame["trade"] == "steel", 1, frame["yes"])
    frame["grade"] = np.digitize(frame["y"], [-1.0, 1.0])
    return frame


def test_separation_is_named_by_variable_and_level_and_firth_is_offered(firms: pd.DataFrame) -> None:
    count = int((firms["trade"] == "steel").sum())
    with pytest.raises(EstimationError) as caught:
        sc.regress("sure ~ x + C(trade)", firms, model="logit")
    said = str(caught.value)
    assert "C(trade)[T.steel]" in said
    assert f"in {count} rows, sure is always 1" in said
    assert 'model="firth"' in said
    found = sc.regress("sure ~ x + C(trade)", firms, model="firth")
    row = found.coefficients.loc["C(trade)[T.steel]"]
    assert np.isfinite(row["estimate"])
    assert row["ci_low"] > 0
    assert row["p_value"] < 0.001


@pytest.mark.parametrize(
    ("model", "formula"),
    [
        ("probit", "perfect ~ x"),
        ("ordered_logit", "steps ~ x"),
        ("multinomial", "steps ~ x"),
        ("poisson", "none ~ x + C(trade)"),
        ("fractional", "perfect ~ x"),
    ],
)
def test_separation_is_found_before_any_model_is_fitted(
    firms: pd.DataFrame, model: str, formula: str
) -> None:
    made = firms.assign(
        perfect=(firms["x"] > 0).astype(int),
        steps=np.digitize(firms["x"], [-0.5, 0.5]),
        none=np.where(firms["trade"] == "copper", 0, firms["grade"]),
    )
    with pytest.raises(EstimationError, match="predicted perfectly"):
        sc.regress(formula, made, model=model)


@pytest.mark.parametrize("model", ["ols", "logit", "ordered_logit", "poisson", "multinomial"])
def test_collinear_regressors_are_named_in_every_model(firms: pd.DataFrame, model: str) -> None:
    outcome = {"ols": "y", "logit": "yes"}.get(model, "grade")
    with pytest.raises(EstimationError, match=r"column I\(x \+ z\)"):
        sc.regress(f"{outcome} ~ x + z + I(x + z)", firms, model=model)


@pytest.mark.parametrize(
    ("model", "outcome", "said"),
    [
        ("logit", "grade", "must be 0 or 1"),
        ("logit", "trade", "must be 0 or 1"),
        ("logit", "one", "one value only"),
        ("ordered_logit", "trade", "make it an ordered"),
        ("ordered_logit", "y", "different values"),
        ("ordered_logit", "one", "one value only"),
        ("fractional", "grade", "share between 0 and 1"),
        ("poisson", "y", "negative in row"),
        ("tobit", "y", "none of the rows is censored"),
    ],
)
def test_outcomes_that_a_model_cannot_take(firms: pd.DataFrame, model: str, outcome: str, said: str) -> None:
    options: dict[str, Any] = {"lower": -100} if model == "tobit" else {}
    with pytest.raises(EstimationError, match=said):
        sc.regress(f"{outcome} ~ x", firms.assign(one=1), model=model, **options)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"w": 0.0}, {"weights": "w"}, "weights w are zero or negative in 120 rows"),
        ({"w": np.inf}, {"weights": "w"}, "120 infinite"),
        ({"town": 1}, {"cov": "CR1", "clusters": "town"}, "one cluster of town"),
        ({"x": np.inf}, {}, "infinite"),
        ({"town": range(120)}, {"cov": "linearised", "strata": "town"}, "strata of a single unit"),
        ({}, {"fixed_effects": "x"}, "do not vary within"),
        ({"town": 1}, {"model": "mixed", "groups": "town"}, "one group of town"),
    ],
)
def test_data_that_carry_no_such_model(firms: pd.DataFrame, change, options, said) -> None:
    with pytest.raises(EstimationError, match=said):
        sc.regress("y ~ x", firms.assign(**change), **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "logits"}, "'logit'"),
        ({"cov": "CR1"}, "needs clusters="),
        ({"cov": "two_way", "clusters": "town"}, "needs two variables"),
        ({"cov": "HC3", "clusters": "town"}, "takes no account of them"),
        ({"cov": "HC3", "strata": "town"}, "takes no account of them"),
        ({"clusters": "twon"}, "did you mean 'town'"),
        ({"lower": 0}, "belongs to model tobit"),
        ({"model": "heckman"}, "needs selection="),
        ({"model": "iv"}, r"\[endogenous ~ z1 \+ z2\]"),
        ({"model": "mixed"}, "needs groups="),
        ({"model": "tobit"}, "needs lower="),
        ({"model": "iv", "method": "gmm"}, "2sls, liml"),
        ({"model": "mixed", "groups": "town", "cov": "HC1"}, "not available"),
        ({"weights": pd.Series([1.0, 2.0])}, "does not have the rows"),
    ],
)
def test_calls_that_contradict_themselves(firms: pd.DataFrame, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        sc.regress("y ~ x", firms, **options)


@pytest.mark.parametrize(
    ("model", "outcome", "cov", "said"),
    [
        ("multinomial", "grade", "HC3", "are those of a weighted regression"),
        ("ordered_logit", "grade", "CR2", "are those of a weighted regression"),
        ("fractional", "yes", "nonrobust", "not that of shares"),
        ("firth", "yes", "HC0", "not available"),
    ],
)
def test_covariances_that_a_model_does_not_have(
    firms: pd.DataFrame, model: Any, outcome: str, cov: Any, said: str
) -> None:
    clusters = "town" if cov == "CR2" else None
    with pytest.raises(UsageError, match=said):
        sc.regress(f"{outcome} ~ x", firms, model=model, cov=cov, clusters=clusters)


def test_weighted_likelihoods_have_no_classical_covariance(firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="not counts"):
        sc.regress("yes ~ x", firms, model="logit", weights="w", cov="nonrobust")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("[z ~ x]", "stands among the regressors"),
        ("[z ~ z]", "is itself the endogenous variable"),
        ("[z ~ y]", "is the outcome"),
        ("[z ~ one]", "one value only"),
        ("[z ~ twice]", "combination of the regressors"),
        ("[z + w ~ town]", "1 instrument"),
        ("[z ~ blind]", "no instrument goes with it"),
        ("[z ~ twon]", "did you mean 'town'"),
        ("[z ~ town] + [w ~ yes]", "one part of the form"),
    ],
)
def test_instruments_that_are_none(firms: pd.DataFrame, part: str, said: str) -> None:
    ones, x = np.ones(len(firms)), firms["x"].to_numpy()
    basis = np.linalg.qr(np.column_stack([ones, x, firms["z"]]))[0]
    noise = np.random.default_rng(1).normal(size=len(firms))
    blind = noise - basis @ (basis.T @ noise)
    made = firms.assign(one=1.0, twice=2 * firms["x"] + 1, blind=blind)
    with pytest.raises((EstimationError, UsageError), match=said):
        sc.regress(f"y ~ x + {part}", made, model="iv")


def test_rows_left_out_for_any_reason_are_named(firms: pd.DataFrame) -> None:
    holed = firms.astype({"town": float})
    holed.loc[4, "town"] = np.nan
    holed.loc[5, "w"] = np.nan
    holed.loc[6, "x"] = np.nan
    found = sc.regress("y ~ x", holed, weights="w", clusters="town", cov="CR1")
    assert found.dropped.to_dict() == {4: "missing: town", 5: "missing: w", 6: "missing: x"}
    assert found.n_obs == 117


def test_an_unseen_outcome_is_no_reason_to_leave_a_row_out_of_a_selection_model(firms: pd.DataFrame) -> None:
    seen = firms.assign(y=firms["y"].where(firms["yes"] == 1))
    seen.loc[firms.index[firms["yes"] == 1][0], "y"] = np.nan
    found = sc.regress("y ~ x", seen, model="heckman", selection="yes ~ z + w", method="twostep")
    assert list(found.dropped) == ["missing: y"]
    assert found.n_obs == 119


def test_more_coefficients_than_rows_in_likelihood_models(firms: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="3 complete rows for 3"):
        sc.regress("grade ~ x", firms.loc[firms["grade"].drop_duplicates().index], model="ordered_logit")


def test_fewer_clusters_than_slopes_leave_no_joint_test(firms: pd.DataFrame) -> None:
    few = firms.assign(half=firms["town"] % 2)
    found = sc.regress("y ~ x + z + w", few, cov="CR1", clusters="half")
    assert np.isnan(found.fit["f"])
    assert any("No joint test" in note("en") for note in found.notes())
    assert "nan" not in " ".join(note("en") for note in found.notes())


def test_labels_reach_every_equation(firms: pd.DataFrame) -> None:
    labels = {"x": Text("Credit", "信用")}
    found = sc.regress("grade ~ x", firms, model="multinomial", labels=labels)
    assert found.terms["1: x"].label == Text("1: Credit", "1：信用")


def test_nullable_and_text_columns_are_what_they_look_like(firms: pd.DataFrame) -> None:
    typed = firms.assign(
        trade=pd.array(firms["trade"], dtype="string"),
        grade=pd.array(firms["grade"], dtype="Int64"),
        yes=pd.array(firms["yes"].astype(bool), dtype="boolean"),
    )
    typed.loc[5, "grade"] = pd.NA
    plain = firms.drop(index=5)
    ours = sc.regress("y ~ x + trade + grade + yes", typed)
    theirs = sc.regress("y ~ x + trade + grade + yes", plain)
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients)
    assert list(ours.coefficients.index) == list(theirs.coefficients.index)
    assert sc.regress("yes ~ x", typed, model="logit").n_obs == len(firms)
