"""Separation on constructed cases, and its agreement with how Newton's method ends."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from socialcap.kernels import binary, separation
from socialcap.kernels.ordered import ordered_logit

from .regression_data import logistic_sample


@pytest.fixture
def sample():
    """A latent outcome, a design with a constant, and a dummy of twenty rows."""
    latent, x = logistic_sample(200, 4)
    return latent, x, (np.arange(200) % 10 == 0).astype(float)


def test_none(sample):
    latent, x, _ = sample
    found = separation.binary_separation((latent > 0).astype(float), x)
    assert found.kind == "none"
    assert not found.infinite.any() and not found.rows.any() and not found.witness.any()


def test_a_level_with_one_outcome_is_named(sample):
    latent, x, group = sample
    y = np.where(group == 1, 1.0, latent > 0).astype(float)
    found = separation.binary_separation(y, np.column_stack([x, group]))
    assert found.kind == "quasi"
    assert found.infinite.tolist() == [False, False, False, False, True]
    assert found.witness[:4].tolist() == [0.0] * 4 and found.witness[4] > 0
    assert (found.rows == (group == 1)).all()


def test_the_other_level_takes_the_constant_with_it(sample):
    """When the rows outside a level have one outcome, constant and level go together."""
    latent, x, group = sample
    y = np.where(group == 0, 0.0, latent > 0).astype(float)
    found = separation.binary_separation(y, np.column_stack([x[:, :1], group]))
    assert found.kind == "quasi"
    assert found.infinite.all()
    assert (found.rows == (group == 0)).all()


def test_complete_separation_names_what_suffices(sample):
    _, x, group = sample
    y = (x[:, 2] > 0.3).astype(float)
    found = separation.binary_separation(y, np.column_stack([x, group]))
    assert found.kind == "complete" and found.rows.all() and found.infinite.all()
    assert (found.witness != 0).tolist() == [True, False, True, False, False]
    margin = (2 * y - 1) * (np.column_stack([x, group]) @ found.witness)
    assert margin.min() > -1e-7 and margin.max() > 0


def test_scale_does_not_matter(sample):
    latent, x, group = sample
    y = np.where(group == 1, 1.0, latent > 0).astype(float)
    wide = np.column_stack([x[:, 0], 1e6 * x[:, 1], 1e-6 * x[:, 2], group])
    found = separation.binary_separation(y, wide)
    assert found.infinite.tolist() == [False, False, False, True]


def test_shares(sample):
    latent, x, group = sample
    share = 1 / (1 + np.exp(-latent))
    design = np.column_stack([x, group])
    assert separation.binary_separation(share, design).kind == "none"
    found = separation.binary_separation(np.where(group == 1, 0.0, share), design)
    assert found.kind == "quasi"
    assert found.infinite.tolist() == [False] * 4 + [True] and found.witness[4] < 0


def test_ordered(sample):
    latent, x, group = sample
    y = np.digitize(latent, [-1.0, 0.0, 1.0])
    design = np.column_stack([x[:, 1:], group])
    assert separation.ordered_separation(y, design, 4).kind == "none"
    found = separation.ordered_separation(np.where(group == 1, 3, y), design, 4)
    assert found.kind == "quasi" and found.infinite.tolist() == [False] * 3 + [True] + [False] * 3
    # a level all in a middle category is no separation: two cutpoints hold it
    assert separation.ordered_separation(np.where(group == 1, 2, y), design, 4).kind == "none"
    whole = separation.ordered_separation(np.digitize(x[:, 1], [-1.0, 0.0, 1.0]), design, 4)
    assert whole.kind == "complete"


def test_multinomial(sample):
    latent, x, group = sample
    y = np.digitize(latent, [-1.0, 1.0])
    design = np.column_stack([x, group])
    assert separation.multinomial_separation(y, design, 3).kind == "none"
    found = separation.multinomial_separation(np.where(group == 1, 2, y), design, 3)
    assert found.kind == "quasi"
    # category 2 pulls ahead of the base and of category 1, whose own distance is not settled either
    assert found.infinite.reshape(2, 5)[:, 4].all() and not found.infinite.reshape(2, 5)[:, :4].any()


def test_poisson(sample):
    _, x, group = sample
    y = np.random.default_rng(0).poisson(1.5, 200).astype(float)
    design = np.column_stack([x, group])
    assert separation.poisson_separation(y, design).kind == "none"
    found = separation.poisson_separation(np.where(group == 1, 0.0, y), design)
    assert found.kind == "quasi" and found.infinite.tolist() == [False] * 4 + [True]
    assert found.witness[4] < 0 and (found.rows == (group == 1)).all()


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 1_000_000), st.integers(8, 30))
@example(285, 8)
def test_agrees_with_the_end_of_newton_s_method(seed, n):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), rng.random(n) < 0.3])
    if np.linalg.matrix_rank(x) < 4:
        return
    latent = x[:, 1] + 0.7 * rng.logistic(size=n)
    y = (latent > 0).astype(float)
    separated = separation.binary_separation(y, x).kind != "none"
    for kernel in (binary.logit, binary.probit):
        fit = kernel(y, x)
        assert bool(fit.separated) == separated
        assert bool(fit.converged) != separated
    codes = np.digitize(latent, np.quantile(latent, [0.3, 0.7]))
    ordinal = ordered_logit(codes, x[:, 1:], 3)
    found = separation.ordered_separation(codes, x[:, 1:], 3)
    assert bool(ordinal.separated) == (found.kind != "none") == (not bool(ordinal.converged))
