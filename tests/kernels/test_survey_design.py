"""Linearised covariances against R's survey package, and closed forms.

Tolerances: 1e-8 relative against survey (svyglm iterated to 1e-14); 1e-12 where both sides are closed forms.
"""

import json

import numpy as np
import pytest
from scipy import special

from socialcap.kernels import ols, sandwich, survey_design

from .linear_data import GOLDEN, uneven

GOLDENS = json.loads(GOLDEN.read_text())["survey"]
STRATUM = uneven().firm % 4
POPULATION = np.array([30.0, 40.0, 50.0, 60.0])[STRATUM]
LONELY = np.where(uneven().firm == 40, 9, STRATUM)

CASES = {
    "plain": ({"strata": STRATUM, "clusters": uneven().firm}, None),
    "finite": ({"strata": STRATUM, "clusters": uneven().firm, "units_in_population": POPULATION}, None),
    "unclustered": ({"strata": STRATUM}, None),
    "lonely_adjust": ({"strata": LONELY, "clusters": uneven().firm}, "adjust"),
    "lonely_remove": ({"strata": LONELY, "clusters": uneven().firm}, "remove"),
}


@pytest.mark.parametrize("case", CASES)
def test_linear_and_logit_covariances_equal_survey(case):
    data, golden = uneven(), GOLDENS[case]
    options, lonely = CASES[case]
    design = survey_design.survey_design(len(data.y), **options)
    fit = ols.fit_ols(data.x, data.y, data.weights)
    np.testing.assert_allclose(fit.coefficients, golden["coef"], rtol=1e-8)
    found = survey_design.linearised(fit, design, lonely)
    np.testing.assert_allclose(found.vcov, golden["linear"], rtol=1e-8)
    assert (found.df == golden["df"]).all()
    p = special.expit(data.x @ np.array(golden["logit_coef"]))
    scores = (data.weights * ((data.y > 0) - p))[:, None] * data.x
    hessian = -(data.x.T * (data.weights * p * (1 - p))) @ data.x
    found = survey_design.linearised_likelihood(scores, hessian, design, lonely)
    np.testing.assert_allclose(found.vcov, golden["logit"], rtol=1e-8)


def test_a_lonely_unit_without_a_rule_makes_the_covariance_missing():
    data = uneven()
    design = survey_design.survey_design(len(data.y), strata=LONELY, clusters=data.firm)
    fit = ols.fit_ols(data.x, data.y, data.weights)
    assert design.lonely_strata.tolist() == [4]
    assert np.isnan(survey_design.linearised(fit, design).vcov).all()


def test_one_stratum_is_cr0_times_the_number_of_clusters_over_one_less():
    data = uneven()
    fit = ols.fit_ols(data.x, data.y, data.weights)
    design = survey_design.survey_design(len(data.y), clusters=data.firm)
    expected = sandwich.cluster_robust(fit, data.firm, "CR0").vcov * 40 / 39
    np.testing.assert_allclose(survey_design.linearised(fit, design).vcov, expected, rtol=1e-10)


def test_stratified_mean_has_the_textbook_variance():
    # Cochran (1977), eq. 5.13: sum W_h^2 (1 - f_h) s_h^2 / n_h
    random = np.random.default_rng(8)
    strata = np.repeat([0, 1, 2], [10, 15, 25])
    sizes = np.array([100.0, 400.0, 60.0])
    drawn = np.bincount(strata)
    y = random.normal(size=50) + strata
    fit = ols.fit_ols(np.ones((50, 1)), y, (sizes / drawn)[strata])
    design = survey_design.survey_design(50, strata=strata, units_in_population=sizes[strata])
    shares = sizes / sizes.sum()
    variances = np.array([y[strata == h].var(ddof=1) for h in range(3)])
    expected = (shares**2 * (1 - drawn / sizes) * variances / drawn).sum()
    found = survey_design.linearised(fit, design)
    assert float(found.vcov[0, 0]) == pytest.approx(expected, rel=1e-12)
    assert (found.df == 47).all()


def test_the_same_code_in_two_strata_is_two_units():
    strata, clusters = np.array([0, 0, 0, 1, 1, 1]), np.array([5, 5, 6, 5, 6, 6])
    design = survey_design.survey_design(6, strata=strata, clusters=clusters)
    assert design.unit.tolist() == [0, 0, 1, 2, 3, 3]
    assert design.units_in_stratum.tolist() == [2, 2]
    assert design.df == 2


def test_a_batch_is_its_members():
    random, data = np.random.default_rng(9), uneven()
    y = random.normal(size=(3, len(data.y)))
    design = survey_design.survey_design(len(data.y), strata=LONELY, clusters=data.firm)
    batch = survey_design.linearised(ols.fit_ols(data.x, y, data.weights), design, "adjust")
    one = survey_design.linearised(ols.fit_ols(data.x, y[1], data.weights), design, "adjust")
    np.testing.assert_allclose(batch.vcov[1], one.vcov, rtol=1e-10)
