"""Brant's test against the R package's documented example (two decimals) and a stacked sandwich (1e-9)."""

import numpy as np
import pytest

from socialcap.kernels.binary import logit
from socialcap.kernels.brant import brant_test
from socialcap.kernels.ordered import ordered_logit

from .regression_data import applications, frame, logistic_sample


def test_documented_example():
    """Smoking by sex and height in MASS::survey: output in the documentation of the R package brant."""
    d = frame("MASS", "survey")[["Smoke", "Sex", "Height"]].dropna()
    y = d["Smoke"].map({"Never": 0, "Occas": 1, "Regul": 2, "Heavy": 3}).to_numpy(int)
    x = np.column_stack([d["Sex"] == "Male", d["Height"]]).astype(float)
    fit = ordered_logit(y, x, 4)
    assert fit.coefficients == pytest.approx([0.09478, 0.02785, 6.3113, 6.9224, 7.8802], abs=2e-3)
    test = brant_test(y, x, 4)
    assert (test.omnibus.statistic, test.omnibus.df) == (pytest.approx(3.28, abs=5e-3), 4)
    assert test.omnibus.p_value == pytest.approx(0.51, abs=5e-3)
    assert [t.statistic for t in test.by_column] == pytest.approx([1.58, 0.02], abs=5e-3)
    assert [t.p_value for t in test.by_column] == pytest.approx([0.45, 0.99], abs=5e-3)


def test_covariance_written_out():
    """The joint covariance from stacked score equations whose outcomes covary as y > c and y > d do."""
    y, x = applications()
    design = np.column_stack([np.ones(400), x])
    fits = [logit((y > c).astype(float), design) for c in (0, 1)]
    p = np.stack([fit.fitted for fit in fits])
    stacked = np.zeros((8, 8))
    for i in range(400):
        covariance = np.minimum.outer(p[:, i], p[:, i]) - np.outer(p[:, i], p[:, i])
        stacked += np.kron(covariance, np.outer(design[i], design[i]))
    bread = np.zeros((8, 8))
    bread[:4, :4], bread[4:, 4:] = fits[0].vcov, fits[1].vcov
    joint = bread @ stacked @ bread
    contrast = np.hstack([-np.eye(4), np.eye(4)])[1:]
    apart = contrast @ np.r_[fits[0].coefficients, fits[1].coefficients]
    spread = contrast @ joint @ contrast.T
    test = brant_test(y, x, 3)
    assert test.omnibus.statistic == pytest.approx(apart @ np.linalg.solve(spread, apart), rel=1e-9)
    for j in range(3):
        assert test.by_column[j].statistic == pytest.approx(apart[j] ** 2 / spread[j, j], rel=1e-9)


def test_frequencies_are_repeated_rows():
    y, x = applications()
    w = np.random.default_rng(0).integers(0, 3, 400)
    rows = np.repeat(np.arange(400), w)
    a, b = brant_test(y, x, 3, w.astype(float)), brant_test(y[rows], x[rows], 3)
    assert a.omnibus.statistic == pytest.approx(b.omnibus.statistic, rel=1e-8)


def test_lines_that_are_not_parallel_are_found():
    rng = np.random.default_rng(1)
    latent, x = logistic_sample(1500, 3)
    y = np.digitize(latent + np.exp(0.5 * x[:, 1]) * rng.logistic(size=1500), [-1.0, 0.5, 2.0])
    test = brant_test(y, x[:, 1:], 4)
    assert test.omnibus.p_value < 1e-3
    assert test.by_column[0].p_value < test.by_column[1].p_value


def test_a_separated_cutpoint_gives_no_statistic():
    latent, x = logistic_sample(100, 3)
    group = (np.arange(100) < 6).astype(float)
    y = np.where(group == 1, 2, np.digitize(latent, [-1.0, 1.0]))
    test = brant_test(y, np.column_stack([x[:, 1:], group]), 3)
    assert not test.settled.all()
    assert np.isnan(test.omnibus.statistic) and np.isnan(test.omnibus.p_value)
