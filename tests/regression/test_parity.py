"""The public face against statsmodels, linearmodels and pyfixest, run beside it.

Tolerances: 1e-8 relative for estimates and errors of the same estimator by another program (each stops at a
gradient of its own), 1e-6 where the other program stops earlier (statsmodels' ordered model, mixed models).
"""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.miscmodels.ordinal_model import OrderedModel

import socialcap as sc

SAME = 1e-8
EARLIER = 1e-5


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 400
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "size": rng.lognormal(size=n),
            "trade": rng.choice(["copper", "plastics", "steel"], n),
            "town": rng.integers(0, 20, n),
            "year": rng.integers(0, 8, n),
            "w": rng.uniform(0.5, 2.0, n),
            "months": rng.integers(1, 13, n),
        }
    )
    town = rng.normal(size=20)[frame["town"]]
    index = 0.5 * frame["x"] + 0.3 * np.log(frame["size"]) + 0.4 * (frame["trade"] == "steel") + 0.5 * town
    latent = index + rng.logistic(size=n)
    frame["y"] = index + rng.normal(size=n)
    frame["yes"] = (latent > 0).astype(int)
    frame["grade"] = np.digitize(latent, [-1.0, 0.5, 2.0])
    frame["count"] = rng.poisson(np.exp(0.3 * frame["x"]) * frame["months"] / 6)
    frame["share"] = np.clip(1 / (1 + np.exp(-index)) + rng.normal(scale=0.1, size=n), 0, 1)
    frame["choice"] = np.array(["bank", "kin", "trade"])[rng.integers(0, 3, n)]
    frame["y"] += rng.normal(scale=0.8, size=20)[frame["town"]] * frame["x"]
    frame["z1"], frame["z2"] = rng.normal(size=n), rng.normal(size=n)
    frame["endo"] = frame["z1"] + 0.5 * frame["z2"] + rng.normal(size=n) + frame["y"] * 0.2
    return frame


FORMULA = "~ x + log(size) + C(trade)"
THEIRS = "~ x + np.log(size) + C(trade)"


def same(ours: pd.DataFrame, params: pd.Series, errors: pd.Series, tolerance: float = SAME) -> None:
    np.testing.assert_allclose(np.sort(ours["estimate"]), np.sort(params), rtol=tolerance, atol=1e-10)
    order = np.argsort(ours["estimate"].to_numpy()), np.argsort(np.asarray(params))
    found, expected = ours["std_error"].to_numpy()[order[0]], np.asarray(errors)[order[1]]
    np.testing.assert_allclose(found, expected, rtol=tolerance * 10)


@pytest.mark.parametrize("cov", ["nonrobust", "HC0", "HC1", "HC2", "HC3"])
def test_weighted_least_squares(firms: pd.DataFrame, cov: str) -> None:
    ours = sc.regress("y " + FORMULA, firms, cov=cov, weights="w")
    theirs = smf.wls("y " + THEIRS, firms, weights=firms["w"]).fit(cov_type=cov, use_t=True)
    same(ours.coefficients, theirs.params, theirs.bse)
    assert ours.fit["r2"] == pytest.approx(theirs.rsquared)


def test_clustered_least_squares(firms: pd.DataFrame) -> None:
    ours = sc.regress("y " + FORMULA, firms, cov="CR1", clusters="town")
    theirs = smf.ols("y " + THEIRS, firms).fit(
        cov_type="cluster", cov_kwds={"groups": firms["town"]}, use_t=True
    )
    same(ours.coefficients, theirs.params, theirs.bse)
    assert ours.fit["f"] == pytest.approx(float(theirs.fvalue))
    assert ours.fit["f_p"] == pytest.approx(float(theirs.f_pvalue))
    assert (ours.coefficients["df"] == 19).all()


@pytest.mark.parametrize("model", ["logit", "probit", "poisson"])
def test_likelihood_models(firms: pd.DataFrame, model: str) -> None:
    outcome = "count" if model == "poisson" else "yes"
    ours = sc.regress(f"{outcome} {FORMULA}", firms, model=model)
    theirs = getattr(smf, model)(f"{outcome} {THEIRS}", firms).fit(disp=False)
    same(ours.coefficients, theirs.params, theirs.bse)
    assert ours.fit["loglik"] == pytest.approx(theirs.llf)
    assert ours.fit["mcfadden"] == pytest.approx(theirs.prsquared)
    assert ours.fit["aic"] == pytest.approx(theirs.aic)
    assert ours.fit["lr_p"] == pytest.approx(theirs.llr_pvalue)
    clustered = sc.regress(f"{outcome} {FORMULA}", firms, model=model, cov="CR1", clusters="town")
    sums = getattr(smf, model)(f"{outcome} {THEIRS}", firms).fit(
        disp=False, cov_type="cluster", cov_kwds={"groups": firms["town"], "use_correction": False}
    )
    np.testing.assert_allclose(
        np.sort(clustered.coefficients["std_error"]), np.sort(sums.bse * np.sqrt(20 / 19)), rtol=1e-7
    )


def test_poisson_with_exposure(firms: pd.DataFrame) -> None:
    ours = sc.regress("count ~ x", firms, model="poisson", exposure="months")
    theirs = smf.poisson("count ~ x", firms, exposure=firms["months"]).fit(disp=False)
    same(ours.coefficients, theirs.params, theirs.bse)


def test_fractional_logit_is_a_robust_binomial_glm(firms: pd.DataFrame) -> None:
    import statsmodels.api as sm

    ours = sc.regress("share " + FORMULA, firms, model="fractional")
    theirs = smf.glm("share " + THEIRS, firms, family=sm.families.Binomial()).fit(cov_type="HC0")
    same(ours.coefficients, theirs.params, theirs.bse)
    assert ours.cov == "HC0"


def test_weighted_logit_is_a_pseudo_likelihood(firms: pd.DataFrame) -> None:
    import statsmodels.api as sm

    ours = sc.regress("yes " + FORMULA, firms, model="logit", weights="w", cov="HC0")
    theirs = smf.glm("yes " + THEIRS, firms, family=sm.families.Binomial(), var_weights=firms["w"]).fit(
        cov_type="HC0"
    )
    np.testing.assert_allclose(np.sort(ours.coefficients["estimate"]), np.sort(theirs.params), rtol=SAME)


def test_multinomial(firms: pd.DataFrame) -> None:
    ours = sc.regress("choice ~ x + log(size)", firms, model="multinomial")
    coded = firms.assign(code=firms["choice"].map({"bank": 0, "kin": 1, "trade": 2}))
    theirs = smf.mnlogit("code ~ x + np.log(size)", coded).fit(disp=False)
    same(ours.coefficients, theirs.params.to_numpy().ravel(), theirs.bse.to_numpy().ravel())
    assert list(ours.coefficients.index[:3]) == ["kin: Intercept", "kin: x", "kin: log(size)"]
    other = sc.regress("choice ~ x + log(size)", firms, model="multinomial", base="kin")
    assert other.coefficients.at["bank: x", "estimate"] == pytest.approx(
        -ours.coefficients.at["kin: x", "estimate"]
    )
    assert other.fit["loglik"] == pytest.approx(ours.fit["loglik"])


@pytest.mark.parametrize(
    ("model", "distribution"), [("ordered_logit", "logit"), ("ordered_probit", "probit")]
)
def test_ordered_models(firms: pd.DataFrame, model: str, distribution: str) -> None:
    ours = sc.regress("grade ~ x + log(size)", firms, model=model)
    x = pd.DataFrame({"x": firms["x"], "l": np.log(firms["size"])})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        their_model = OrderedModel(firms["grade"], x, distr=distribution)
        theirs = their_model.fit(method="bfgs", disp=False, gtol=1e-8)
    np.testing.assert_allclose(ours.coefficients["estimate"][:2], theirs.params[:2], rtol=EARLIER)
    cuts = their_model.transform_threshold_params(np.asarray(theirs.params))[1:-1]
    np.testing.assert_allclose(ours.coefficients["estimate"][2:], cuts, rtol=EARLIER)
    np.testing.assert_allclose(ours.coefficients["std_error"][:2], theirs.bse[:2], rtol=1e-4)


@pytest.mark.parametrize(("method", "cov"), [("2sls", "HC1"), ("liml", "HC1"), ("2sls", "CR1")])
def test_instruments_against_linearmodels(firms: pd.DataFrame, method: str, cov: str) -> None:
    from linearmodels.iv import IV2SLS, IVLIML

    clusters = {"clusters": "town"} if cov == "CR1" else {}
    formula = "y ~ x + [endo ~ z1 + z2]"
    ours = sc.regress(formula, firms, model="iv", method=method, cov=cov, **clusters)
    theirs = (IV2SLS if method == "2sls" else IVLIML).from_formula("y ~ 1 + x + [endo ~ z1 + z2]", firms)
    kind = {"cov_type": "clustered", "clusters": firms["town"]} if clusters else {"cov_type": "robust"}
    fitted = theirs.fit(**kind, debiased=cov == "HC1")
    np.testing.assert_allclose(
        ours.coefficients["estimate"], fitted.params[["Intercept", "x", "endo"]], rtol=SAME
    )
    if cov == "CR1":
        factor = np.sqrt(20 / 19 * 399 / 397)
        expected = fitted.std_errors[["Intercept", "x", "endo"]] * factor
    else:
        expected = fitted.std_errors[["Intercept", "x", "endo"]]
    np.testing.assert_allclose(ours.coefficients["std_error"], expected, rtol=1e-7)
    if method == "2sls":
        assert ours.fit["sargan"] == pytest.approx(fitted.sargan.stat, rel=SAME)


def test_fixed_effects_against_pyfixest(firms: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyfixest

        fitted = pyfixest.feols("y ~ x + size | town + year", firms, vcov={"CRV1": "town"})
        theirs = fitted.tidy()
    ours = sc.regress(
        "y ~ x + size", firms, fixed_effects=["town", "year"], cov="CR1", clusters="town"
    ).coefficients
    np.testing.assert_allclose(ours["estimate"], theirs["Estimate"], rtol=1e-6)
    dummies = sc.regress("y ~ x + size + C(town) + C(year)", firms, cov="CR1", clusters="town").coefficients
    np.testing.assert_allclose(ours["estimate"], dummies.loc[["x", "size"], "estimate"], rtol=1e-9)
    np.testing.assert_allclose(ours["std_error"], dummies.loc[["x", "size"], "std_error"], rtol=1e-8)


def test_cr3_against_pyfixest_up_to_its_scaling(firms: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyfixest

        theirs = pyfixest.feols("y ~ x + size", firms, vcov={"CRV3": "town"}).tidy()["Std. Error"]
    ours = sc.regress("y ~ x + size", firms, cov="CR3", clusters="town").coefficients["std_error"]
    scale = np.sqrt(20 / 19 * 399 / 397)
    ratio = theirs.to_numpy() / ours.to_numpy()
    assert np.ptp(ratio) < 1e-8
    assert min(abs(ratio[0] - scale), abs(ratio[0] - np.sqrt(19 / 20))) < 1e-6


def test_mixed_model(firms: pd.DataFrame) -> None:
    ours = sc.regress("y ~ x + log(size)", firms, model="mixed", groups="town", slopes="x")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = smf.mixedlm("y ~ x + np.log(size)", firms, groups="town", re_formula="~ x").fit()
    same(ours.coefficients, theirs.fe_params, theirs.bse_fe, EARLIER)
    intercepts = sc.regress("y ~ x", firms, model="mixed", groups="town", method="ml")
    assert 0.0 < intercepts.fit["icc"] < 1.0


def test_linearised_errors_are_hc0_up_to_their_factor(firms: pd.DataFrame) -> None:
    """Without strata or clusters the linearised covariance is HC0 times n/(n-1), scores summing to zero."""
    survey = sc.regress("y ~ x", firms, weights="w")
    white = sc.regress("y ~ x", firms, weights="w", cov="HC0")
    assert survey.cov == "linearised"
    np.testing.assert_allclose(survey.vcov, white.vcov * 400 / 399, rtol=1e-10)
    strata = sc.regress("yes ~ x", firms, model="logit", weights="w", strata="year", clusters="town")
    assert strata.covariance.n_clusters[0] > 8
    assert np.isfinite(strata.coefficients["df"]).all()


def test_wild_score_bootstrap_agrees_with_clustered_tests(firms: pd.DataFrame) -> None:
    found = sc.regress("yes ~ x + size", firms, model="logit", cov="wild", clusters="town", n_draws=999)
    wald = sc.regress("yes ~ x + size", firms, model="logit", cov="CR1", clusters="town")
    assert found.coefficients["ci_low"].isna().all()
    assert found.coefficients.at["x", "p_value"] < 0.05
    np.testing.assert_allclose(found.coefficients["std_error"], wald.coefficients["std_error"])


def test_effect_sizes_are_those_of_their_definitions(firms: pd.DataFrame) -> None:
    full = sc.regress("y ~ x + size + endo", firms)
    less = sc.regress("y ~ size + endo", firms)
    row = full.coefficients.loc["x"]
    gain = full.fit["r2"] - less.fit["r2"]
    assert row["part_r"] ** 2 == pytest.approx(gain)
    assert row["f2"] == pytest.approx(gain / (1 - full.fit["r2"]))
    rest_y, rest_x = (sc.regress(f"{v} ~ size + endo", firms).residuals for v in ("y", "x"))
    assert row["partial_r"] == pytest.approx(np.corrcoef(rest_y, rest_x)[0, 1])
    assert row["tolerance"] == pytest.approx(1 - sc.regress("x ~ size + endo", firms).fit["r2"])


def test_bivariate_probit_nests_two_probits(firms: pd.DataFrame) -> None:
    other = firms.assign(big=(firms["y"] > 0).astype(int))
    found = sc.regress("yes ~ x", other, model="bivariate_probit", second="big ~ x + log(size)")
    alone = [
        sc.regress("yes ~ x", other, model="probit"),
        sc.regress("big ~ x + log(size)", other, model="probit"),
    ]
    separate = sum(model.fit["loglik"] for model in alone)
    assert found.fit["independence_lr"] == pytest.approx(2 * (found.fit["loglik"] - separate))
    effects = found.margins().effects
    assert set(effects["outcome"]) == {"yes", "big"}
