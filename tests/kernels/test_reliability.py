"""Reliability against psych and pingouin, exact small cases and definitions.

Tolerances. PSYCH 1e-8: closed forms (twelve digits in the golden files). SEARCH 1e-5: psych's one-factor ML
and its second-order minres factor stop short of the optimum. EXACT 1e-10: algebra.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f as f_distribution

from socialcap.kernels import FloatArray, reliability

from .factor_golden import factor_data, golden, labelled_matrix, likert

PSYCH, SEARCH, EXACT = 1e-8, 1e-5, 1e-10
REFERENCE = golden("reliability.json")
HOLZINGER = Path(__file__).resolve().parents[2] / "../shared/data/golden/holzinger_swineford.csv"
seeds = st.integers(0, 10_000)


def covariance_of(seed: int, p: int = 6) -> FloatArray:
    return reliability.covariance(factor_data(200, seed, per_factor=p, k=1) * np.linspace(0.5, 3, p))


def test_four_ordinal_items_equal_psych() -> None:
    reference = REFERENCE["likert_a"]
    cov = reliability.covariance(likert()[:, :4])
    assert abs(reliability.alpha(cov) - golden("likert_ordinal.json")["alpha_a"]) < PSYCH
    assert abs(reliability.standardised_alpha(cov) - reference["std_alpha"]) < PSYCH
    items = reliability.item_statistics(cov)
    np.testing.assert_allclose(items.r_rest, reference["r_drop"], rtol=0, atol=PSYCH)
    np.testing.assert_allclose(items.alpha_if_dropped, reference["alpha_if_dropped"], rtol=0, atol=PSYCH)
    interval = reliability.feldt_interval(reliability.alpha(cov), 400, 4)
    np.testing.assert_allclose(interval, reference["feldt"], rtol=0, atol=PSYCH)


def test_lambdas_and_split_halves_of_standardised_items_equal_psych() -> None:
    reference = REFERENCE["likert_a"]
    corr = reliability.correlation_of(reliability.covariance(likert()[:, :4]))
    found = reliability.guttman(corr)
    for number in range(1, 7):
        assert abs(getattr(found, f"lambda{number}") - reference[f"lambda{number}"]) < PSYCH
    splits = reliability.split_half(corr)
    assert splits.exhaustive and splits.splits == reference["splits"] == 3
    assert abs(splits.largest - reference["split_max"]) < PSYCH
    assert abs(splits.smallest - reference["split_min"]) < PSYCH
    assert abs(splits.mean - reference["split_mean"]) < PSYCH
    assert splits.smallest <= splits.median <= splits.largest


def test_ordinal_alpha_equals_psych() -> None:
    reference = golden("likert_ordinal.json")
    polychoric = np.array(reference["polychoric_psych"]["values"])[:4, :4]
    assert abs(reliability.ordinal_alpha(polychoric) - reference["ordinal_alpha_a"]) < 1e-6


def test_standardised_alpha_of_the_holzinger_tests() -> None:
    reference = golden("holzinger_swineford_efa.json")["alpha_x1_x3"]
    corr = np.array(golden("correlation_matrices.json")["holzinger_swineford"]["corr"])[:3, :3]
    assert abs(reliability.alpha(corr) - reference["std_alpha"]) < PSYCH


@pytest.mark.skipif(not HOLZINGER.exists(), reason="raw Holzinger-Swineford data are not in this checkout")
def test_raw_holzinger_tests_equal_psych() -> None:
    reference = golden("holzinger_swineford_efa.json")["alpha_x1_x3"]
    with HOLZINGER.open(encoding="utf-8", newline="") as file:
        rows = [[float(row[name]) for name in ("x1", "x2", "x3")] for row in csv.DictReader(file)]
    cov = reliability.covariance(np.array(rows))
    items = reliability.item_statistics(cov)
    assert abs(reliability.alpha(cov) - reference["alpha"]) < PSYCH
    np.testing.assert_allclose(items.r_rest, reference["r_drop"], rtol=0, atol=PSYCH)
    np.testing.assert_allclose(items.alpha_if_dropped, reference["alpha_if_dropped"], rtol=0, atol=PSYCH)


def test_alpha_and_interval_equal_pingouin() -> None:
    import pandas as pd

    items = likert()[:, 4:8]
    alpha, interval = pingouin.cronbach_alpha(data=pd.DataFrame(items), ci=0.9)
    ours = reliability.alpha(reliability.covariance(items))
    assert abs(ours - alpha) < EXACT
    # pingouin rounds the interval to three decimals
    np.testing.assert_allclose(reliability.feldt_interval(ours, 400, 4, 0.9), interval, rtol=0, atol=5.1e-4)


def test_feldt_interval_is_made_of_f_quantiles() -> None:
    low, high = reliability.feldt_interval(np.array(0.8), 50, 6, 0.9)
    assert abs(low - (1 - 0.2 * f_distribution.ppf(0.95, 49, 245))) < EXACT
    assert abs(high - (1 - 0.2 * f_distribution.ppf(0.05, 49, 245))) < EXACT


def test_one_factor_omega_equals_psychs_loadings_and_its_definition() -> None:
    corr = labelled_matrix("ability_correlation.csv")
    found = reliability.omega(corr)
    theirs = np.array(REFERENCE["ability_one_factor_loadings"])
    np.testing.assert_allclose(found.loadings, theirs, rtol=0, atol=SEARCH)
    common = theirs.sum() ** 2
    assert abs(found.implied - common / (common + np.sum(1 - theirs**2))) < SEARCH
    assert abs(found.observed - common / corr.sum()) < SEARCH


def test_tau_equivalent_items_have_one_reliability() -> None:
    cov = np.full((6, 6), 0.4) + np.diag(np.full(6, 0.6))
    expected = 6 * 0.4 / (1 + 5 * 0.4)
    omega, lambdas = reliability.omega(cov), reliability.guttman(cov)
    for value in (reliability.alpha(cov), omega.implied, omega.observed, lambdas.lambda2, lambdas.lambda4):
        assert abs(value - expected) < 1e-7


def test_schmid_leiman_equals_psych() -> None:
    reference = REFERENCE["omega_harman74"]
    corr = labelled_matrix("harman74_correlation.csv")
    found = reliability.schmid_leiman(corr, np.array(reference["oblique"]), np.array(reference["phi"]))
    assert reference["columns"][:5] == ["g", "F1*", "F2*", "F3*", "F4*"]
    theirs = np.array(reference["sl"])
    np.testing.assert_allclose(found.second_order, reference["gloading"], rtol=0, atol=SEARCH)
    np.testing.assert_allclose(found.general, theirs[:, 0], rtol=0, atol=SEARCH)
    np.testing.assert_allclose(np.abs(found.group), np.abs(theirs[:, 1:5]), rtol=0, atol=SEARCH)
    assert abs(found.omega_hierarchical - reference["omega_h"]) < SEARCH
    # psych takes total omega from the uniquenesses of its minres run, 1e-4 off the loadings it prints
    assert abs(found.omega_total - reference["omega_total"]) < 1e-4
    lambdas = reliability.guttman(corr, rng=np.random.default_rng(1))
    assert abs(lambdas.lambda6 - reference["lambda6"]) < PSYCH
    assert abs(lambdas.lambda3 - reference["alpha"]) < PSYCH


def test_schmid_leiman_recovers_a_hierarchical_population() -> None:
    second = np.array([0.8, 0.6, 0.7])
    phi = np.outer(second, second) + np.diag(1 - second**2)
    loadings = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))
    common = loadings @ phi @ loadings.T
    corr = common + np.diag(1 - np.diag(common))
    found = reliability.schmid_leiman(corr, loadings, phi)
    np.testing.assert_allclose(found.second_order, second, rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.general, loadings @ second, rtol=0, atol=1e-7)
    orthogonal = np.column_stack([found.general, found.group])
    np.testing.assert_allclose(orthogonal @ orthogonal.T, common, rtol=0, atol=1e-7)
    assert abs(found.omega_hierarchical - (loadings @ second).sum() ** 2 / corr.sum()) < 1e-7
    assert abs(found.omega_total - common.sum() / corr.sum()) < 1e-7
    # a model that holds has the implied variance for the observed one
    assert abs(found.omega_hierarchical - found.omega_hierarchical_implied) < 1e-7
    assert abs(found.omega_total - found.omega_total_implied) < 1e-7


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_item_statistics_are_those_of_the_raw_items(seed: int) -> None:
    items = factor_data(60, seed, per_factor=5, k=1) * np.linspace(1, 2, 5)
    found = reliability.item_statistics(reliability.covariance(items))
    for i in range(5):
        others = np.delete(items, i, axis=1)
        assert abs(found.r_rest[i] - np.corrcoef(items[:, i], others.sum(axis=1))[0, 1]) < EXACT
        assert abs(found.r_total[i] - np.corrcoef(items[:, i], items.sum(axis=1))[0, 1]) < EXACT
        dropped = reliability.alpha(reliability.covariance(others))
        assert abs(found.alpha_if_dropped[i] - dropped) < EXACT
        design = np.column_stack([np.ones(60), others])
        fitted = design @ np.linalg.lstsq(design, items[:, i])[0]
        assert abs(found.r_rest_squared[i] - np.var(fitted) / np.var(items[:, i])) < 1e-9


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_bounds_are_ordered_as_guttman_proved(seed: int) -> None:
    cov = covariance_of(seed)
    found = reliability.guttman(cov)
    assert found.lambda1 <= found.lambda3 <= found.lambda2 + EXACT
    assert found.lambda3 <= found.lambda4 + EXACT
    assert abs(reliability.split_half(cov).mean - found.lambda3) < EXACT


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_scale_and_order_of_items(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cov = covariance_of(seed)
    scale = np.exp(rng.standard_normal(6))
    order = rng.permutation(6)
    assert abs(reliability.alpha(7.0 * cov) - reliability.alpha(cov)) < EXACT
    rescaled = cov * scale[:, None] * scale
    assert abs(reliability.standardised_alpha(rescaled) - reliability.standardised_alpha(cov)) < EXACT
    here, there = reliability.omega(cov), reliability.omega(cov[np.ix_(order, order)])
    assert abs(here.implied - there.implied) < 1e-7
    np.testing.assert_allclose(here.loadings[order], there.loadings, rtol=0, atol=1e-6)


def test_random_splits_stay_below_all_of_them_and_need_a_generator() -> None:
    cov = covariance_of(4, p=9)
    every = reliability.split_half(cov)
    assert every.exhaustive and every.splits == 126
    some = reliability.split_half(cov, max_splits=40, rng=np.random.default_rng(0))
    assert not some.exhaustive and some.splits == 40
    assert every.smallest - EXACT <= some.smallest <= some.largest <= every.largest + EXACT
    with pytest.raises(ValueError, match="generator"):
        reliability.split_half(cov, max_splits=40)


def test_batch_of_one_equals_batch_of_many() -> None:
    batch = np.stack([covariance_of(seed) for seed in range(6)]).reshape(2, 3, 6, 6)
    alphas, omegas, lambdas = reliability.alpha(batch), reliability.omega(batch), reliability.guttman(batch)
    intervals = reliability.feldt_interval(alphas, 200, 6)
    assert intervals.shape == (2, 2, 3)
    for i in np.ndindex(2, 3):
        assert abs(alphas[i] - reliability.alpha(batch[i])) < EXACT
        assert abs(omegas.implied[i] - reliability.omega(batch[i]).implied) < 1e-8
        alone = reliability.guttman(batch[i])
        for number in range(1, 7):
            assert abs(getattr(lambdas, f"lambda{number}")[i] - getattr(alone, f"lambda{number}")) < EXACT
        single = reliability.item_statistics(batch[i]).alpha_if_dropped
        np.testing.assert_allclose(reliability.item_statistics(batch).alpha_if_dropped[i], single, atol=EXACT)


@pytest.mark.slow
def test_feldt_interval_covers_at_its_level() -> None:
    population = np.full((5, 5), 0.4) + np.diag(np.full(5, 0.6))
    true = reliability.alpha(population)
    root = np.linalg.cholesky(population)
    items = np.random.default_rng(8).standard_normal((4000, 80, 5)) @ root.T
    low, high = reliability.feldt_interval(reliability.alpha(reliability.covariance(items)), 80, 5)
    assert 0.94 < np.mean((low <= true) & (true <= high)) < 0.96
