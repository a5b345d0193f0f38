"""Discrimination and calibration against R (pROC, and the test written out in R), and counting pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels import classification
from socialcap.kernels.binary import logit

from .regression_data import birthwt, logistic_sample, r_values


def test_area_equals_proc():
    y, x = birthwt()
    ours, golden = classification.area_under_curve(y, logit(y, x).fitted), r_values()["birthwt_auc"]
    assert ours.area == pytest.approx(golden["auc"], abs=1e-10)
    assert ours.std_error == pytest.approx(golden["se"], abs=1e-10)
    assert ours.ci_low < ours.area < ours.ci_high


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_area_by_pairs(seed):
    """Ties count one half; DeLong's variance by its definition with placement values."""
    rng = np.random.default_rng(seed)
    y = np.r_[1.0, 1.0, 0.0, 0.0, (rng.random(40) < 0.4)]
    score = np.round(rng.normal(size=44) + y, 1)
    pairs = np.sign(score[y == 1][:, None] - score[y == 0][None, :]) / 2 + 0.5
    ours = classification.area_under_curve(y, score)
    assert ours.area == pytest.approx(pairs.mean(), abs=1e-12)
    variance = (
        pairs.mean(axis=1).var(ddof=1) / pairs.shape[0] + pairs.mean(axis=0).var(ddof=1) / pairs.shape[1]
    )
    assert ours.std_error == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_perfect_and_reversed_scores():
    y = np.repeat([0.0, 1.0], 10)
    best = classification.area_under_curve(y, np.arange(20.0))
    assert best.area == 1.0 and best.std_error == 0.0 and np.isnan(best.ci_low)
    assert classification.area_under_curve(y, -np.arange(20.0)).area == 0.0


def test_hosmer_lemeshow_equals_r():
    y, x = birthwt()
    ours = classification.hosmer_lemeshow(y, logit(y, x).fitted)
    assert ours.test.statistic == pytest.approx(r_values()["birthwt_hosmer_lemeshow"], rel=1e-8)
    assert ours.test.df == 8
    assert ours.groups.rows.sum() == 189 and ours.groups.observed.sum() == y.sum()
    assert ours.groups.expected.sum() == pytest.approx(y.sum())


def test_equal_probabilities_stay_together():
    y = np.tile([0.0, 1.0, 1.0], 20)
    fitted = np.repeat([0.2, 0.5, 0.8], 20)
    groups = classification.grouped_fit(y, fitted)
    assert groups.rows.sum() == 60
    # the first group is closed below: it holds the smallest value and those up to the first edge above it
    assert groups.lowest.tolist() == [0.2, 0.8] and groups.highest.tolist() == [0.5, 0.8]
    assert groups.rows.tolist() == [40, 20]
    short = classification.hosmer_lemeshow(y, np.full(60, 2 / 3))
    assert np.isnan(short.test.p_value)


def test_calibration_of_the_model_s_own_rows_is_exact():
    y, x = birthwt()
    ours = classification.calibration(y, logit(y, x).fitted)
    assert (ours.intercept, ours.slope) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert ours.unreliability.statistic == pytest.approx(0.0, abs=1e-9)


def test_calibration_finds_too_bold_probabilities():
    latent, x = logistic_sample(2000, 4)
    y = (latent > 0).astype(float)
    index = logit(y, x).index
    bold = 1 / (1 + np.exp(-(2 * index + 0.5)))
    ours = classification.calibration(y, bold)
    assert ours.slope == pytest.approx(0.5, abs=1e-6)
    assert ours.intercept == pytest.approx(-0.25, abs=1e-6)
    assert ours.unreliability.p_value < 1e-6 and ours.spiegelhalter_p < 1e-3
    assert ours.brier == pytest.approx(((y - bold) ** 2).mean())
