"""Chained equations with predictive mean matching: donors, draws, and what the copies recover.

Simulations have fixed seeds; a bound names the Monte Carlo standard error it is a multiple of.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels.imputation import _coefficients, chained_pmm, nearest_donors

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
# The order in which R reads the upper triangle, column by column.
PAIRS = np.tril_indices(4, -1)


def streams(m, seed=1):
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(m)]


def none_of(x):
    return np.empty((len(x), 0))


def missing_at_random(rng, n, slope=1.5):
    """y depends on z, and is missing more often where z is large: the mean of those observed is too low."""
    z = rng.normal(size=n)
    y = 2.0 + z + rng.normal(size=n)
    gone = rng.random(n) < 1 / (1 + np.exp(-(slope * z - 0.5)))
    return np.column_stack([np.where(gone, np.nan, y), z]), y


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(4)
    x = np.clip(np.round(3 + rng.normal(size=(120, 1)) + rng.normal(0, 0.8, (120, 6))), 1, 5)
    x[:, 5] = 2000 + np.round(3 * x[:, 0] + rng.normal(0, 2, 120))
    x[rng.random(x.shape) < 0.2] = np.nan
    return x


def test_only_values_that_others_gave_and_nothing_observed_changes(answers):
    completed = chained_pmm(answers, none_of(answers), streams(4)).completed
    seen = ~np.isnan(answers)
    assert not np.isnan(completed).any()
    for copy in completed:
        np.testing.assert_array_equal(copy[seen], answers[seen])
        for j in range(answers.shape[1]):
            assert set(copy[:, j]) <= set(answers[seen[:, j], j])


def test_copies_depend_on_their_own_stream_alone(answers):
    covariates = np.arange(120.0)[:, None] % 3
    whole = chained_pmm(answers, covariates, streams(5))
    first = chained_pmm(answers, covariates, streams(5)[:2])
    rest = chained_pmm(answers, covariates, streams(5)[2:])
    np.testing.assert_array_equal(whole.completed, np.concatenate([first.completed, rest.completed]))
    np.testing.assert_array_equal(whole.means, np.concatenate([first.means, rest.means]))
    assert not np.array_equal(whole.completed[0], whole.completed[1])
    assert not np.array_equal(whole.completed, chained_pmm(answers, covariates, streams(5, seed=2)).completed)


def test_the_trace_ends_at_the_values_filled_in(answers):
    chains = chained_pmm(answers, none_of(answers), streams(3), passes=4)
    gone = np.isnan(answers)
    assert chains.means.shape == chains.spreads.shape == (3, 4, 6)
    for j in range(6):
        filled = chains.completed[:, gone[:, j], j]
        np.testing.assert_allclose(chains.means[:, -1, j], filled.mean(axis=1), rtol=1e-10)
        np.testing.assert_allclose(chains.spreads[:, -1, j], filled.std(axis=1, ddof=1), rtol=1e-8)


def test_complete_data_come_back_as_they_are():
    x = np.random.default_rng(0).normal(size=(20, 3))
    chains = chained_pmm(x, none_of(x), streams(2))
    np.testing.assert_array_equal(chains.completed, np.stack([x, x]))
    assert np.isnan(chains.means).all()


def test_more_variables_than_rows_and_a_constant_column_are_survived():
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.normal(size=(8, 12)), np.ones(8)])
    x[rng.random(x.shape) < 0.15] = np.nan
    x[0], x[7, 12] = 1.0, np.nan
    assert np.isfinite(chained_pmm(x, none_of(x), streams(2)).completed).all()


def test_location_and_scale_of_a_column_do_not_matter(answers):
    """Standardised first: a shifted year gives the same donors."""
    moved = answers * np.array([1, 1, 1, 1, 1, 4.0]) + np.array([0, 0, 0, 0, 0, 1024.0])
    plain = chained_pmm(answers, none_of(answers), streams(2)).completed
    other = chained_pmm(moved, none_of(moved), streams(2)).completed
    np.testing.assert_array_equal(plain[..., :5], other[..., :5])
    np.testing.assert_array_equal(plain[..., 5] * 4 + 1024, other[..., 5])


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.integers(-6, 6), min_size=1, max_size=30),
    st.lists(st.floats(-8, 8), min_size=1, max_size=10),
    st.integers(1, 6),
    st.integers(0, 10),
)
def test_a_donor_is_among_the_nearest(predicted, wanted, donors, seed):
    predicted, wanted = np.array(predicted, dtype=float), np.array(wanted)
    found = nearest_donors(predicted, wanted, donors, np.random.default_rng(seed))
    for value, row in zip(wanted, found, strict=True):
        distance = np.abs(predicted - value)
        assert distance[row] <= np.sort(distance)[min(donors, predicted.size) - 1]


def test_each_of_the_nearest_donors_is_equally_likely():
    predicted = np.array([0.0, 10, 1, 11, 2, 12, 3, 13, 4, 14])
    found = nearest_donors(predicted, np.full(20_000, 2.1), 5, np.random.default_rng(3))
    counts = np.bincount(found, minlength=10)
    assert (counts[1::2] == 0).all()
    # Standard error of a count: sqrt(20000 * .2 * .8) = 57; four of them.
    assert np.abs(counts[::2] - 4000).max() < 230


def test_rows_with_equal_predictions_take_turns():
    stream = np.random.default_rng(5)
    found = np.concatenate([nearest_donors(np.zeros(40), np.zeros(5), 5, stream) for _ in range(800)])
    counts = np.bincount(found, minlength=40)
    # 4,000 draws over 40 rows; draws of one call share five donors, hence a wide bound.
    assert counts.min() > 50 and counts.max() < 160


def test_coefficients_are_drawn_from_the_posterior():
    """Draws centre on least squares with the covariance nu/(nu - 2) s² (X'X)⁻¹ of the normal linear model."""
    rng = np.random.default_rng(9)
    n, q, m = 60, 3, 6000
    x = np.column_stack([np.ones(n), rng.normal(size=(n, q - 1))])
    y = x @ np.array([1.0, 2.0, -1.0]) + rng.normal(size=n)
    estimate, draw = _coefficients(
        np.broadcast_to(x, (m, n, q)), np.broadcast_to(y, (m, n)), streams(m), 1e-10
    )
    least_squares, residual, *_ = np.linalg.lstsq(x, y)
    np.testing.assert_allclose(estimate[0], least_squares, rtol=1e-7)
    expected = residual[0] / (n - q - 2) * np.linalg.inv(x.T @ x)
    error = np.sqrt(np.diag(expected) / m)
    assert (np.abs(draw.mean(axis=0) - least_squares) < 4 * error).all()
    # A variance of m draws has relative standard error about sqrt(2 / m) = .018.
    np.testing.assert_allclose(np.var(draw, axis=0), np.diag(expected), rtol=0.08)


def test_values_missing_at_random_are_recovered_where_complete_rows_are_biased():
    listwise, pooled, truth = [], [], []
    for replicate in range(20):
        x, y = missing_at_random(np.random.default_rng(100 + replicate), 400)
        completed = chained_pmm(x, none_of(x), streams(5, seed=replicate), passes=2).completed
        listwise.append(np.nanmean(x[:, 0]))
        pooled.append(completed[:, :, 0].mean())
        truth.append(y.mean())
    bias = np.mean(np.array(pooled) - truth)
    assert np.mean(np.array(listwise) - truth) < -0.35
    # Standard deviation of one difference is near .09 (about .02 for twenty).
    assert abs(bias) < 0.07


@pytest.mark.slow
def test_pooled_intervals_cover_the_mean():
    """Rubin's (1987) interval over twenty copies; 300 samples of 300 rows, 40 % missing at random."""
    covered, replicates, m, n = 0, 300, 20, 300
    for replicate in range(replicates):
        x, _ = missing_at_random(np.random.default_rng(1000 + replicate), n, slope=0.75)
        y = chained_pmm(x, none_of(x), streams(m, seed=replicate), passes=1).completed[:, :, 0]
        within, between = y.var(axis=1, ddof=1).mean() / n, y.mean(axis=1).var(ddof=1)
        total = within + (1 + 1 / m) * between
        covered += abs(y.mean() - 2.0) < 1.96 * np.sqrt(total)
    # Nominal .95, standard error .0126; three of them, and a little for the donors' discreteness.
    assert 0.905 < covered / replicates < 0.985


@pytest.fixture(scope="module")
def mice():
    return json.loads((GOLDEN / "pmm_mice.json").read_text(encoding="utf-8"))


def test_pooled_moments_of_ordinal_answers_agree_with_mice(mice):
    """Both pool m copies of one data set; they differ by the Monte Carlo error of their own draws alone."""
    x = np.genfromtxt(GOLDEN / "likert_missing.csv", delimiter=",", skip_header=1)
    completed = chained_pmm(x, none_of(x), streams(mice["m"], seed=11)).completed
    correlation = np.stack([np.corrcoef(copy, rowvar=False)[PAIRS] for copy in completed])
    found = {
        "mean": completed.mean(axis=1),
        "variance": completed.var(axis=1, ddof=1),
        "correlation": correlation,
    }
    for name, values in found.items():
        between = np.array(mice[f"{name}_between"])
        # Between-imputation variance itself: relative standard error sqrt(2 / m) on each side, .1 together.
        np.testing.assert_allclose(values.var(axis=0, ddof=1), between, rtol=0.4)
        error = np.sqrt(2 * between / mice["m"])
        assert (np.abs(values.mean(axis=0) - mice[name]) < 4 * error).all()


@pytest.mark.slow
def test_bias_and_standard_errors_under_strong_selection_agree_with_mice(mice):
    """With 43 % missing, most where y is large, five donors leave some bias: the same here as in mice."""
    bias, se = [], []
    for replicate in range(mice["replicates"]):
        x, y = missing_at_random(np.random.default_rng(9000 + replicate), 300)
        copies = chained_pmm(x, none_of(x), streams(20, seed=replicate), passes=1).completed[:, :, 0]
        within, between = copies.var(axis=1, ddof=1).mean() / 300, copies.mean(axis=1).var(ddof=1)
        bias.append(copies.mean() - y.mean())
        se.append(np.sqrt(within + 1.05 * between))
    for mine, name in ((bias, "bias"), (se, "se")):
        error = np.sqrt((np.var(mine) + mice[f"{name}_sd"] ** 2) / mice["replicates"])
        assert np.mean(mine) == pytest.approx(mice[name], abs=4 * error)
