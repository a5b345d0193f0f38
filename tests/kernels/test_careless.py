"""Careless-responding indices against careless-py, and against their formulas respondent by respondent.

EXACT: the same sums in another order; rounding only.
"""

import math
import statistics
import warnings
from itertools import pairwise

import careless as careless_py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chi2

from socialcap.kernels import careless
from socialcap.kernels.moments import moments

EXACT = 1e-10


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(11)
    trait = rng.normal(size=(300, 1))
    x = np.clip(np.round(3 + 0.7 * trait + rng.normal(0, 0.9, (300, 12)) + np.linspace(-0.8, 0.8, 12)), 1, 5)
    x[:3] = [[3.0] * 12, [5.0] * 6 + [1.0] * 6, [1.0, 5.0] * 6]
    return x


@pytest.fixture(scope="module")
def holed(answers):
    x = answers.copy()
    x[np.random.default_rng(12).random(x.shape) < 0.15] = np.nan
    x[5], x[6, 1:] = np.nan, np.nan
    return x


def test_longstring_agrees_with_careless_py(answers):
    texts = ["".join(str(int(v)) for v in row) for row in answers]
    runs = careless.longstring(answers)
    assert runs.longest.tolist() == [length for _, length in careless_py.longstring(texts)]
    np.testing.assert_allclose(runs.average, careless_py.longstring(texts, avg=True), atol=EXACT)


def test_longstring_passes_over_unanswered_cells():
    nan = math.nan
    runs = careless.longstring(
        np.array([[2, 2, nan, 2, 3, nan, 3, 3, 3], [nan, 1, 2, 1, 2, 1, 2, 1, nan], [nan] * 9])
    )
    np.testing.assert_array_equal(runs.longest, [4, 1, nan])
    np.testing.assert_allclose(runs.average, [7 / 2, 1, nan])


@settings(deadline=None, max_examples=60)
@given(arrays(float, (4, 9), elements=st.sampled_from([1.0, 2.0, 3.0, math.nan])))
def test_longstring_and_irv_are_those_of_the_answers_given(x):
    runs, spread = careless.longstring(x), careless.irv(x)
    for i, row in enumerate(x):
        given_answers = row[~np.isnan(row)].tolist()
        if not given_answers:
            assert math.isnan(runs.longest[i]) and math.isnan(runs.average[i])
            continue
        lengths = [1]
        for before, after in pairwise(given_answers):
            if after == before:
                lengths[-1] += 1
            else:
                lengths.append(1)
        assert runs.longest[i] == max(lengths)
        assert runs.average[i] == pytest.approx(statistics.mean(lengths), abs=EXACT)
        if len(given_answers) > 1:
            assert spread[i] == pytest.approx(statistics.stdev(given_answers), abs=EXACT)
        else:
            assert math.isnan(spread[i])


def test_irv_is_that_of_careless_py_but_for_the_divisor(answers, holed):
    for x in (answers, np.delete(holed, [5, 6], axis=0)):
        m = (~np.isnan(x)).sum(axis=1)
        np.testing.assert_allclose(careless.irv(x) * np.sqrt((m - 1) / m), careless_py.irv(x), atol=EXACT)


def test_person_total_agrees_with_careless_py(answers, holed):
    np.testing.assert_allclose(careless.person_total(answers), careless_py.person_total(answers), atol=EXACT)
    rows = np.delete(np.arange(300), [5, 6])
    np.testing.assert_allclose(
        careless.person_total(holed)[rows], careless_py.person_total(holed)[rows], atol=EXACT
    )
    assert np.isnan(careless.person_total(holed)[[0, 5, 6]]).all()


def test_person_total_of_the_typical_and_of_the_contrary_respondent():
    typical = np.array([1.0, 2, 3, 4, 5])
    found = careless.person_total(np.stack([typical, typical, typical, 6 - typical]))
    np.testing.assert_allclose(found, [1, 1, 1, -1], atol=EXACT)


def test_even_odd_of_pairs_is_careless_pys_within_scale_correlation_stepped_up(holed):
    """careless-py correlates item with item; with scales of two items the halves are the items themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        r = careless_py.evenodd(holed, [12])
    pairs = (~np.isnan(holed[:, ::2] + holed[:, 1::2])).sum(axis=1)
    mine = careless.even_odd(holed, [[j, j + 1] for j in range(0, 12, 2)])
    known = ~np.isnan(mine)
    assert known.sum() > 200
    r = np.maximum(r[known], -1 / 3)
    np.testing.assert_allclose(2 * r / (1 + r), mine[known], atol=EXACT)
    assert (pairs[known] >= 3).all()


def test_even_odd_by_its_definition_respondent_by_respondent(holed):
    scales = [[0, 1, 2], [3, 4, 5, 6, 7], [8, 9], [10, 11]]
    mine = careless.even_odd(holed, scales)
    checked = 0
    for i, row in enumerate(holed):
        halves = []
        for scale in scales:
            odd, even = row[scale[0::2]], row[scale[1::2]]
            odd, even = odd[~np.isnan(odd)], even[~np.isnan(even)]
            if odd.size and even.size:
                halves.append((statistics.mean(odd), statistics.mean(even)))
        left, right = zip(*halves, strict=True) if halves else ((), ())
        if len(halves) < 3 or len(set(left)) == 1 or len(set(right)) == 1:
            assert math.isnan(mine[i])
            continue
        r = statistics.correlation(left, right)
        assert mine[i] == pytest.approx(max(-1.0, 2 * r / (1 + r)) if r > -1 + 1e-12 else -1.0, abs=1e-8)
        checked += 1
    assert checked > 150


def test_even_odd_tells_consistent_from_contrary():
    x = np.array([[1, 1, 3, 3, 5, 5], [1, 5, 3, 3, 5, 1], [3, 3, 3, 3, 3, 3]], dtype=float)
    np.testing.assert_allclose(careless.even_odd(x, [[0, 1], [2, 3], [4, 5]]), [1, -1, math.nan], atol=EXACT)
    assert np.isnan(careless.even_odd(x, [[0, 1], [2, 3]])).all()
    assert np.isnan(careless.even_odd(x, [])).all()


def test_mahalanobis_agrees_with_careless_py_on_complete_answers(answers):
    statistics_ = moments(answers)
    found = careless.mahalanobis(answers, answers.mean(axis=0), statistics_.covariance())
    theirs, flagged = careless_py.mahad(answers, flag=True, confidence=0.95)
    np.testing.assert_allclose(found.squared, theirs**2, rtol=1e-9)
    np.testing.assert_array_equal(found.p_value < 0.05, flagged)
    assert (found.df == 12).all()
    assert found.squared.sum() == pytest.approx(12 * 299)  # (n − 1) p, an identity


def test_mahalanobis_with_missing_answers_inverts_the_observed_block(holed):
    rng = np.random.default_rng(3)
    loadings = rng.normal(size=(12, 12))
    covariance, mean = loadings @ loadings.T + np.eye(12), rng.normal(size=12) + 3
    found = careless.mahalanobis(holed, mean, covariance)
    for i, row in enumerate(holed):
        seen = ~np.isnan(row)
        assert found.df[i] == seen.sum()
        if not seen.any():
            assert math.isnan(found.squared[i]) and math.isnan(found.p_value[i])
            continue
        z = row[seen] - mean[seen]
        expected = z @ np.linalg.solve(covariance[np.ix_(seen, seen)], z)
        assert found.squared[i] == pytest.approx(expected, rel=1e-9)
        assert found.p_value[i] == pytest.approx(chi2.sf(expected, seen.sum()), rel=1e-7)


def test_mahalanobis_p_values_are_uniform_for_normal_data_missing_at_random():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(4000, 6))
    x[rng.random(x.shape) < 0.3] = np.nan
    p = careless.mahalanobis(x, np.zeros(6), np.eye(6)).p_value
    p = p[~np.isnan(p)]
    # Standard error of a share of 4,000: at most .008.
    for level in (0.05, 0.5, 0.95):
        assert np.mean(p < level) == pytest.approx(level, abs=0.025)


def test_same_rows_labels_equal_rows():
    labels = careless.same_rows(np.array([[1, 2], [1, 3], [1, 2], [-1, -1], [1, 3]]))
    assert labels[0] == labels[2] and labels[1] == labels[4] and len(set(labels.tolist())) == 3
    assert careless.same_rows(np.empty((3, 0), dtype=np.int64)).tolist() == [0, 0, 0]


def test_leading_axes_are_batches(holed):
    stack = np.stack([holed, holed[::-1]])
    for index in (careless.irv, careless.person_total, lambda x: careless.longstring(x).longest):
        np.testing.assert_allclose(index(stack), np.stack([index(holed), index(holed[::-1])]), atol=EXACT)
    scales = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    np.testing.assert_allclose(
        careless.even_odd(stack, scales)[1], careless.even_odd(holed, scales)[::-1], atol=EXACT
    )
