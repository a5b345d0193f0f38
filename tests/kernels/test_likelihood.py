"""Newton's method on functions whose maxima are known; tolerances of rounding."""

import numpy as np
import pytest

from socialcap.kernels.likelihood import (
    batch_of,
    gram,
    index,
    inverse_information,
    maximise,
    newton_step,
    recedes,
    row_sum,
)


def test_quadratic_takes_one_step():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 4, 4))
    a, b = root @ np.swapaxes(root, 1, 2) + np.eye(4), rng.normal(size=(5, 4))

    def evaluate(theta, rows):
        slope = b[rows] - (a[rows] @ theta[..., None])[..., 0]
        value = (b[rows] * theta).sum(1) - 0.5 * (theta * (a[rows] @ theta[..., None])[..., 0]).sum(1)
        return value, slope, -a[rows]

    found = maximise(evaluate, np.zeros((5, 4)), 4)
    np.testing.assert_allclose(found.theta, np.linalg.solve(a, b[..., None])[..., 0], atol=1e-10)
    assert found.settled.all() and (found.iterations <= 2).all()


def test_steps_are_halved_and_turned_uphill():
    """-log cosh overshoots from afar; cos starts where its curvature has the wrong sign."""

    def log_cosh(theta, rows):
        t = theta[:, 0]
        return -np.logaddexp(t, -t), -np.tanh(theta), -(1 / np.cosh(t) ** 2)[:, None, None]

    def cosine(theta, rows):
        return np.cos(theta[:, 0]), -np.sin(theta), -np.cos(theta)[:, :, None]

    far = maximise(log_cosh, np.array([[4.0], [-3.0], [0.5]]), 1)
    np.testing.assert_allclose(far.theta, 0.0, atol=1e-8)
    wrong = maximise(cosine, np.array([[2.5], [-2.0]]), 1)
    np.testing.assert_allclose(wrong.theta, 0.0, atol=1e-8)
    assert far.settled.all() and wrong.settled.all()


def test_what_never_settles_is_said():
    def rising(theta, rows):
        return theta[:, 0], np.ones_like(theta), -np.full((len(theta), 1, 1), 1e-3)

    found = maximise(rising, np.zeros((2, 1)), 1, max_iterations=5)
    assert not found.settled.any() and found.iterations.tolist() == [5, 5]


def test_blocks_and_stragglers_keep_their_places():
    """Problems that need different numbers of steps, in several blocks, end as each does alone."""
    centre = np.linspace(-3, 3, 41)

    def evaluate(theta, rows):
        t = theta[:, 0] - centre[rows]
        return -np.cosh(t), -np.sinh(t)[:, None], -np.cosh(t)[:, None, None]

    found = maximise(evaluate, np.full((41, 1), 0.7), 1 << 14)
    np.testing.assert_allclose(found.theta[:, 0], centre, atol=1e-9)
    assert len(np.unique(found.iterations)) > 1


def test_singular_information():
    hessian = -np.stack([np.diag([2.0, 1e12]), np.array([[1.0, 1.0], [1.0, 1.0]]), np.diag([1.0, -1.0])])
    inverse, singular = inverse_information(hessian)
    assert singular.tolist() == [False, True, True]
    np.testing.assert_allclose(inverse[0], np.diag([0.5, 1e-12]), rtol=1e-12)
    assert np.isnan(inverse[1:]).all()
    step, decrement = newton_step(np.array([[1.0, 1.0]]), hessian[1:2])
    np.testing.assert_allclose(step, 0.5, atol=1e-12)
    assert decrement[0] == pytest.approx(1.0)


def test_recession():
    assert recedes(np.array([[1.0, 0.0, 0.2], [1.0, -0.5, 0.2], [1e-5, 0.0, 0.0]])).tolist() == [
        True,
        False,
        False,
    ]


def test_sums_with_and_without_leading_axes():
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(7, 3)), rng.random((2, 7)), rng.normal(size=(2, 3))
    own = np.stack([x, x])
    np.testing.assert_allclose(index(x, b), index(own, b), atol=1e-14)
    np.testing.assert_allclose(row_sum(x, w), row_sum(own, w), atol=1e-14)
    np.testing.assert_allclose(gram(x, w), gram(own, w), atol=1e-14)
    np.testing.assert_allclose(gram(x, w)[1], (x.T * w[1]) @ x, atol=1e-14)
    batch = batch_of((x, 2), (np.zeros((4, 1, 7)), 1), (np.zeros((2, 7)), 1), (None, 1))
    assert batch.shape == (4, 2) and batch.size == 8
    assert batch.flat(x, 2).shape == (7, 3) and batch.each(x, 2).shape == (8, 7, 3)
