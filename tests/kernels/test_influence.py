"""Influence against R's lm.influence family (1e-8) and by leaving rows out; conditioning by definition."""

import numpy as np
import pytest

from socialcap.kernels.influence import conditioning, influence

from .regression_data import frame, logistic_sample, r_values


def mtcars():
    d = frame("datasets", "mtcars")
    x = np.column_stack([np.ones(32), d[["wt", "hp", "qsec"]].to_numpy(float)])
    return d["mpg"].to_numpy(float), x


def test_equals_r():
    y, x = mtcars()
    ours, golden = influence(y, x), r_values()["mtcars"]
    for name, key in (
        ("leverage", "hat"),
        ("cooks_distance", "cooks"),
        ("dffits", "dffits"),
        ("studentised", "rstudent"),
        ("dfbetas", "dfbetas"),
    ):
        np.testing.assert_allclose(getattr(ours, name), golden[key], rtol=1e-8, atol=1e-10)


def test_by_leaving_rows_out():
    y, x = logistic_sample(30, 3)
    ours = influence(y, x)
    whole, inverse = np.linalg.lstsq(x, y, rcond=None)[0], np.linalg.inv(x.T @ x)
    s2 = ((y - x @ whole) ** 2).sum() / 27
    for i in range(30):
        keep = np.arange(30) != i
        fewer, rest, *_ = np.linalg.lstsq(x[keep], y[keep], rcond=None)
        change = whole - fewer
        np.testing.assert_allclose(
            ours.dfbetas[i], change / np.sqrt(rest[0] / 26 * np.diag(inverse)), atol=1e-9
        )
        assert ours.cooks_distance[i] == pytest.approx(change @ x.T @ x @ change / (3 * s2), abs=1e-10)


def test_a_row_of_leverage_one():
    y, x = logistic_sample(20, 3)
    own = np.zeros(20)
    own[7] = 1.0
    ours = influence(y, np.column_stack([x, own]))
    assert ours.leverage[7] == pytest.approx(1.0)
    others = np.arange(20) != 7
    assert np.isfinite(ours.cooks_distance[others]).all()


def test_conditioning():
    _, x = logistic_sample(100, 4)
    x = np.column_stack([x, x[:, 1] + 0.01 * np.random.default_rng(8).normal(size=100)])
    ours = conditioning(x)
    scaled = x / np.linalg.norm(x, axis=0)
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    np.testing.assert_allclose(ours.indexes, np.sqrt(values[::-1][0] / values[::-1]), rtol=1e-6)
    parts = (vectors**2 / values).T[::-1]
    np.testing.assert_allclose(ours.proportions, parts / parts.sum(axis=0), atol=1e-6)
    assert ours.number == pytest.approx(np.linalg.cond(scaled), rel=1e-9)
    # the near-dependency shows in the columns that make it, and in no other
    assert (ours.proportions[-1] > 0.5).tolist() == [False, True, False, False, True]
    np.testing.assert_allclose(conditioning(x * [1, 10, 100, 1e3, 1e4]).indexes, ours.indexes, rtol=1e-6)
