"""Poisson regression of counts by Newton's method, in batches."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy

from socialcap.kernels import FloatArray
from socialcap.kernels.likelihood import (
    Evaluation,
    LikelihoodFit,
    Rows,
    batch_of,
    gram,
    index,
    inverse_information,
    maximise,
    pick,
    recedes,
    row_sum,
)


@dataclass(frozen=True, slots=True)
class PoissonFit(LikelihoodFit):
    """A Poisson model: also `index` X b + log exposure (..., n), `fitted` means (..., n), and the Pearson
    statistic sum w (y - m)^2 / m (...), which over n - k is one when the variance is the mean.
    """

    index: FloatArray
    fitted: FloatArray
    pearson: FloatArray


def poisson(
    y: FloatArray,
    x: FloatArray,
    weights: FloatArray | None = None,
    start: FloatArray | None = None,
    exposure: FloatArray | None = None,
) -> PoissonFit:
    """Poisson regression of y (..., n) >= 0 on x (..., n, k), mean exposure * exp(x'b), by ML.

    `weights` (..., n) are counts, `exposure` (..., n) > 0 (default 1), `start` (..., k). vcov is the inverse
    of the observed information, here also the expected one; where the variance is not the mean use the
    scores for a robust one. loglik = sum w [y log m - m - log y!].
    """
    n, k = x.shape[-2:]
    w = np.ones(n) if weights is None else weights
    offset = np.zeros(n) if exposure is None else np.log(exposure)
    batch = batch_of((y, 1), (x, 2), (w, 1), (start, 1), (offset, 1))
    y, x, w, offset = batch.flat(y, 1), batch.flat(x, 2), batch.flat(w, 1), batch.flat(offset, 1)
    constant = -(w * gammaln(y + 1.0)).sum(axis=-1)

    def evaluate(beta: FloatArray, rows: Rows) -> Evaluation:
        own, weight, count = pick(x, rows, 2), pick(w, rows, 1), pick(y, rows, 1)
        eta = index(own, beta) + pick(offset, rows, 1)
        mean = np.exp(eta)
        loglik = (weight * (count * eta - mean)).sum(axis=-1)
        return loglik, row_sum(own, weight * (count - mean)), gram(own, -weight * mean)

    begin = _start(y, x, w, offset, batch.size) if start is None else batch.each(start, 1)
    found = maximise(evaluate, np.array(begin, dtype=float), n * k)
    eta = index(x, found.theta) + offset
    mean = np.exp(eta)
    vcov, singular = inverse_information(found.hessian)
    movement = index(x, found.last_step)
    separated = recedes(np.where(w > 0, np.where(y > 0, -np.abs(movement), -movement), 0.0))
    shape = batch.shape
    total, counted = w.sum(axis=-1), (w * y).sum(axis=-1)
    null = counted * np.log(counted / (w * np.exp(offset)).sum(axis=-1)) - counted
    null = null + (w * xlogy(y, np.exp(offset))).sum(axis=-1) + constant
    return PoissonFit(
        coefficients=found.theta.reshape(*shape, k),
        vcov=vcov.reshape(*shape, k, k),
        loglik=(found.value + constant).reshape(shape),
        loglik_null=np.broadcast_to(null, (batch.size,)).reshape(shape),
        scores=(x * (w * (y - mean))[..., None]).reshape(*shape, n, k),
        hessian=found.hessian.reshape(*shape, k, k),
        n_obs=np.broadcast_to(total, (batch.size,)).reshape(shape),
        converged=(found.settled & ~separated & ~singular).reshape(shape),
        separated=separated.reshape(shape),
        singular=singular.reshape(shape),
        iterations=found.iterations.reshape(shape),
        index=eta.reshape(*shape, n),
        fitted=mean.reshape(*shape, n),
        pearson=(w * (y - mean) ** 2 / mean).sum(axis=-1).reshape(shape),
    )


def _start(y: FloatArray, x: FloatArray, w: FloatArray, offset: FloatArray, size: int) -> FloatArray:
    """One step of weighted least squares from means (y + average) / 2, as in generalised linear models."""
    average = (w * y).sum(axis=-1, keepdims=True) / w.sum(axis=-1, keepdims=True)
    mean = 0.5 * (y + average)
    working = np.log(mean) - offset + (y - mean) / mean
    inverse = np.linalg.pinv(gram(x, w * mean), hermitian=True)
    begin = (inverse @ row_sum(x, w * mean * working)[..., None])[..., 0]
    return np.broadcast_to(begin, (size, x.shape[-1]))
