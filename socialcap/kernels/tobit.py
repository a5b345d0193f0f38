"""The Tobit model of an outcome censored below, above or on both sides, in batches."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from socialcap.kernels import FloatArray
from socialcap.kernels.likelihood import (
    Evaluation,
    LikelihoodFit,
    Maximum,
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

_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)


@dataclass(frozen=True, slots=True)
class TobitFit(LikelihoodFit):
    """A Tobit model: coefficients (..., k + 1) are the slopes of the latent outcome, then sigma.

    `slopes` (..., k), `sigma` (...), `index` X b (..., n), and the weight of the rows censored below and
    above, `n_below` and `n_above` (...).
    """

    slopes: FloatArray
    sigma: FloatArray
    index: FloatArray
    n_below: FloatArray
    n_above: FloatArray


def tobit(
    y: FloatArray,
    x: FloatArray,
    lower: float = -np.inf,
    upper: float = np.inf,
    weights: FloatArray | None = None,
) -> TobitFit:
    """Tobit of y (..., n) on x (..., n, k) by ML: y = x'b + sigma e, seen as `lower` at or below it, as
    `upper` at or above it.

    Tobin (1958). Newton's method on Olsen's (1978) parameters b/sigma, 1/sigma, in which the log-likelihood
    is concave; reported are b and sigma, with the inverse of the observed information in b and sigma.
    `weights` (..., n) are counts. loglik_null is that of the constant with its own sigma.
    """
    n, k = x.shape[-2:]
    w = np.ones(n) if weights is None else weights
    batch = batch_of((y, 1), (x, 2), (w, 1))
    y, x, w = batch.each(y, 1), batch.each(x, 2), batch.flat(w, 1)
    null = _maximum(y, np.ones((batch.size, n, 1)), w, lower, upper)[0]
    found, moved = _maximum(y, x, w, lower, upper)
    sigma = 1.0 / found.theta[:, -1]
    slopes = found.theta[:, :-1] * sigma[:, None]
    # derivatives of b/sigma and 1/sigma in b and sigma
    change = np.zeros((batch.size, k + 1, k + 1))
    change[:, :k, :k] = np.eye(k) / sigma[:, None, None]
    change[:, :k, k] = -slopes / (sigma * sigma)[:, None]
    change[:, k, k] = -1.0 / (sigma * sigma)
    hessian = np.swapaxes(change, 1, 2) @ found.hessian @ change
    vcov, singular = inverse_information(hessian)
    below, above = y <= lower, y >= upper
    seen = ~(below | above)
    design = _design(y, x, lower, upper)
    _, first, _ = _terms(index(design, found.theta), below, above)
    scores = design * first[..., None]
    scores[..., -1] += seen / found.theta[:, -1:]
    # below, room grows as the limit moves above the index; above, as it falls short of it
    room = np.where(below, moved, np.where(above, -moved, -np.abs(moved)))
    separated = recedes(np.where(w > 0, room, 0.0)) | (found.theta[:, -1] <= 0.0)
    shape = batch.shape
    return TobitFit(
        coefficients=np.concatenate([slopes, sigma[:, None]], axis=1).reshape(*shape, k + 1),
        vcov=vcov.reshape(*shape, k + 1, k + 1),
        loglik=found.value.reshape(shape),
        loglik_null=null.value.reshape(shape),
        scores=((scores * w[..., None]) @ change).reshape(*shape, n, k + 1),
        hessian=hessian.reshape(*shape, k + 1, k + 1),
        n_obs=np.broadcast_to(w.sum(axis=-1), (batch.size,)).reshape(shape),
        converged=(found.settled & ~separated & ~singular).reshape(shape),
        separated=separated.reshape(shape),
        singular=singular.reshape(shape),
        iterations=found.iterations.reshape(shape),
        slopes=slopes.reshape(*shape, k),
        sigma=sigma.reshape(shape),
        index=index(x, slopes).reshape(*shape, n),
        n_below=(w * below).sum(axis=-1).reshape(shape),
        n_above=(w * above).sum(axis=-1).reshape(shape),
    )


def _design(y: FloatArray, x: FloatArray, lower: float, upper: float) -> FloatArray:
    """Rows (B, n, k + 1) whose product with Olsen's parameters is (outcome or limit - x'b) / sigma."""
    return np.concatenate([-x, np.clip(y, lower, upper)[..., None]], axis=-1)


def _terms(r: FloatArray, below: np.ndarray, above: np.ndarray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Terms of the log-likelihood but for log(1/sigma), and two derivatives in the distance r."""
    sign = np.where(above, -1.0, 1.0)
    t = sign * r
    tail = log_ndtr(t)
    mills = np.exp(-0.5 * t * t - _LOG_ROOT_TWO_PI - tail)
    cut = below | above
    return (
        np.where(cut, tail, -0.5 * r * r - _LOG_ROOT_TWO_PI),
        np.where(cut, sign * mills, -r),
        np.where(cut, -mills * (t + mills), -1.0),
    )


def _maximum(
    y: FloatArray, x: FloatArray, w: FloatArray, lower: float, upper: float
) -> tuple[Maximum, FloatArray]:
    """The maximum in Olsen's parameters (B, k + 1), and the movement (B, n) of the distances in its last
    step.
    """
    design = _design(y, x, lower, upper)
    below, above = y <= lower, y >= upper
    seen = np.broadcast_to((w * ~(below | above)).sum(axis=-1), y.shape[:1])
    last = design.shape[-1] - 1

    def evaluate(theta: FloatArray, rows: Rows) -> Evaluation:
        own, weight = design[rows], pick(w, rows, 1)
        value, first, second = _terms(index(own, theta), below[rows], above[rows])
        scale = theta[:, last]
        loglik = (weight * value).sum(axis=-1) + seen[rows] * np.log(scale)
        gradient, hessian = row_sum(own, weight * first), gram(own, weight * second)
        gradient[:, last] += seen[rows] / scale
        hessian[:, last, last] -= seen[rows] / (scale * scale)
        return loglik, gradient, hessian

    found = maximise(evaluate, _start(y, x, w, lower, upper), design[0].size)
    return found, index(design, found.last_step)


def _start(y: FloatArray, x: FloatArray, w: FloatArray, lower: float, upper: float) -> FloatArray:
    """Least squares on the outcome as seen, in Olsen's parameters."""
    seen = np.clip(y, lower, upper)
    inverse = np.linalg.pinv(gram(x, np.broadcast_to(w, y.shape)), hermitian=True)
    slopes = (inverse @ row_sum(x, w * seen)[..., None])[..., 0]
    rest = seen - index(x, slopes)
    sigma = np.sqrt((w * rest * rest).sum(axis=-1) / w.sum(axis=-1))
    sigma = np.where(sigma > 0, sigma, 1.0)
    return np.concatenate([slopes, np.ones((slopes.shape[0], 1))], axis=1) / sigma[:, None]
