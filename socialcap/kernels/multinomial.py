"""Multinomial logit by Newton's method, in batches."""

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.likelihood import (
    Evaluation,
    LikelihoodFit,
    Rows,
    batch_of,
    fits_perfectly,
    gram,
    inverse_information,
    maximise,
    pick,
    recedes,
    row_sum,
)


@dataclass(frozen=True, slots=True)
class MultinomialFit(LikelihoodFit):
    """A multinomial logit of C categories against the first: coefficients (..., (C - 1) k), category after
    category; `by_category` the same as (..., C - 1, k); `fitted` probabilities (..., n, C).
    """

    by_category: FloatArray
    fitted: FloatArray


def multinomial_logit(
    y: IntArray,
    x: FloatArray,
    n_categories: int,
    weights: FloatArray | None = None,
    start: FloatArray | None = None,
) -> MultinomialFit:
    """Multinomial logit of codes y (..., n) in 0..C-1 on x (..., n, k) by ML; category 0 is the base.

    P(y = c) = exp(x'b_c) / sum_j exp(x'b_j), b_0 = 0 (McFadden 1974). `weights` (..., n) are counts, `start`
    (..., (C - 1) k). vcov by the observed information, here also the expected one. An empty category counts
    as separation.
    """
    n, k = x.shape[-2:]
    others = n_categories - 1
    w = np.ones(n) if weights is None else weights
    batch = batch_of((y, 1), (x, 2), (w, 1), (start, 1))
    y, x, w = batch.flat(y, 1), batch.flat(x, 2), batch.flat(w, 1)
    chosen = (y[..., None] == np.arange(1, n_categories)).astype(float)

    def evaluate(theta: FloatArray, rows: Rows) -> Evaluation:
        own, weight, mark = pick(x, rows, 2), pick(w, rows, 1), pick(chosen, rows, 2)
        eta = _indices(own, theta.reshape(-1, others, k))
        probability, log_total = _softmax(eta)
        value = (weight * ((mark * eta).sum(axis=-1) - log_total)).sum(axis=-1)
        residual = weight[..., None] * (mark - probability)
        gradient = np.swapaxes(residual, -1, -2) @ own
        return value, gradient.reshape(theta.shape), _hessian(own, weight, probability)

    begin = np.zeros((batch.size, others * k)) if start is None else np.array(batch.each(start, 1))
    found = maximise(evaluate, begin, n * others * k)
    probability, _ = _softmax(_indices(x, found.theta.reshape(-1, others, k)))
    residual = w[..., None] * (chosen - probability)
    scores = residual[..., :, None] * x[..., None, :]
    vcov, singular = inverse_information(found.hessian)
    separated = recedes(_slack(y, x, w, found.last_step.reshape(-1, others, k)))
    separated |= fits_perfectly(found.value, w.sum(axis=-1))
    shape, p = batch.shape, others * k
    return MultinomialFit(
        coefficients=found.theta.reshape(*shape, p),
        vcov=vcov.reshape(*shape, p, p),
        loglik=found.value.reshape(shape),
        loglik_null=np.broadcast_to(_null(y, w, n_categories), (batch.size,)).reshape(shape),
        scores=scores.reshape(*shape, n, p),
        hessian=found.hessian.reshape(*shape, p, p),
        n_obs=np.broadcast_to(w.sum(axis=-1), (batch.size,)).reshape(shape),
        converged=(found.settled & ~separated & ~singular).reshape(shape),
        separated=separated.reshape(shape),
        singular=singular.reshape(shape),
        iterations=found.iterations.reshape(shape),
        by_category=found.theta.reshape(*shape, others, k),
        fitted=np.concatenate([1.0 - probability.sum(axis=-1, keepdims=True), probability], axis=-1).reshape(
            *shape, n, n_categories
        ),
    )


def _indices(x: FloatArray, by_category: FloatArray) -> FloatArray:
    """Indices (m, n, C - 1)."""
    return np.asarray(x @ np.swapaxes(by_category, -1, -2))


def _softmax(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probabilities of the categories beyond the base, and the log of the sum of exponentials."""
    top = np.maximum(eta.max(axis=-1), 0.0)
    powers = np.exp(eta - top[..., None])
    total = powers.sum(axis=-1) + np.exp(-top)
    return powers / total[..., None], top + np.log(total)


def _hessian(x: FloatArray, w: FloatArray, probability: FloatArray) -> FloatArray:
    m, others, k = probability.shape[0], probability.shape[-1], x.shape[-1]
    out = np.empty((m, others, k, others, k))
    for a in range(others):
        for b in range(a + 1):
            p = probability[..., a]
            block = gram(x, -w * p * ((1.0 if a == b else 0.0) - probability[..., b]))
            out[:, a, :, b, :] = block
            out[:, b, :, a, :] = block
    return out.reshape(m, others * k, others * k)


def _slack(y: IntArray, x: FloatArray, w: FloatArray, step: FloatArray) -> FloatArray:
    """How far the chosen index pulls ahead of each other one under the step (m, n C)."""
    eta = _indices(x, step)
    moved = np.concatenate([np.zeros((*eta.shape[:-1], 1)), eta], axis=-1)
    codes = np.broadcast_to(y, moved.shape[:-1])[..., None]
    ahead = np.where((w > 0)[..., None], np.take_along_axis(moved, codes, axis=-1) - moved, 0.0)
    return ahead.reshape(ahead.shape[0], -1)


def _null(y: IntArray, w: FloatArray, n_categories: int) -> FloatArray:
    counts = np.stack([row_sum((y == c)[..., None] * 1.0, w)[..., 0] for c in range(n_categories)], axis=-1)
    total = counts.sum(axis=-1)
    return np.asarray(xlogy(counts, counts).sum(axis=-1) - xlogy(total, total))
