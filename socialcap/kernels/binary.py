"""Binary outcomes and shares: logit, probit, fractional logit and Firth's logit, in batches."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, expit, log_ndtr, ndtr, xlogy

from socialcap.kernels import FloatArray
from socialcap.kernels.likelihood import (
    Batch,
    Evaluation,
    LikelihoodFit,
    Maximum,
    Rows,
    batch_of,
    fits_perfectly,
    gram,
    index,
    inverse_information,
    maximise,
    pick,
    recedes,
    row_sum,
)

_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)
# Firth's iteration converges linearly, so its decrement must fall further than Newton's
_FIRTH_TOLERANCE = 1e-22
_FIRTH_ITERATIONS = 500

# terms of the log-likelihood, and their first and second derivative in the index
Link = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class BinaryFit(LikelihoodFit):
    """A binary or fractional model: also `index` X b (..., n) and `fitted` means (..., n)."""

    index: FloatArray
    fitted: FloatArray


@dataclass(frozen=True, slots=True)
class FirthTests:
    """Penalised likelihood-ratio tests that each coefficient is zero: statistic, p_value (k,), chi2(1)."""

    statistic: FloatArray
    p_value: FloatArray


def logit_terms(y: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """y eta - log(1 + e^eta), and its first and second derivative in eta; y in [0, 1]."""
    small = np.exp(-np.abs(eta))
    over = 1.0 / (1.0 + small)
    p = np.where(eta >= 0.0, over, small * over)
    return y * eta - np.maximum(eta, 0.0) - np.log1p(small), y - p, -small * over * over


def probit_terms(y: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """log Phi((2y - 1) eta), and its first and second derivative in eta; y is 0 or 1."""
    sign = 2.0 * y - 1.0
    t = sign * eta
    value = log_ndtr(t)
    mills = np.exp(-0.5 * t * t - _LOG_ROOT_TWO_PI - value)
    return value, sign * mills, -mills * (t + mills)


def logit(
    y: FloatArray, x: FloatArray, weights: FloatArray | None = None, start: FloatArray | None = None
) -> BinaryFit:
    """Logit of y (..., n) in {0, 1} on x (..., n, k) by ML; `weights` (..., n) are counts, `start` (..., k).

    vcov is the inverse of the observed information, which for this link is the expected one too.
    Log-likelihood sum w [y log p + (1 - y) log(1 - p)], p = 1 / (1 + exp(-x'b)). Leading axes broadcast;
    data shared by all replicates need none.
    """
    return _fit(y, x, weights, start, logit_terms, expit)


def probit(
    y: FloatArray, x: FloatArray, weights: FloatArray | None = None, start: FloatArray | None = None
) -> BinaryFit:
    """Probit of y (..., n) in {0, 1} on x (..., n, k) by ML; `weights` (..., n) are counts, `start` (..., k).

    vcov is the inverse of the observed information (Hessian), not the expected one that Fisher scoring
    gives. Log-likelihood sum w log Phi((2y - 1) x'b).
    """
    return _fit(y, x, weights, start, probit_terms, ndtr)


def fractional_logit(
    y: FloatArray, x: FloatArray, weights: FloatArray | None = None, start: FloatArray | None = None
) -> BinaryFit:
    """Fractional logit of shares y (..., n) in [0, 1] on x (..., n, k) by Bernoulli quasi-likelihood.

    Papke and Wooldridge (1996). vcov is the robust H^{-1} (sum w s s') H^{-1} without small-sample factor
    (HC0), `weights` (..., n) being counts: the Bernoulli variance is not that of shares, so the inverse
    Hessian is no covariance here. loglik is the quasi-log-likelihood.
    """
    fit = _fit(y, x, weights, start, logit_terms, expit)
    # scores carry the weight: a row drawn w times adds w s s', which is (w s)(w s)' / w
    w = np.ones(y.shape[-1]) if weights is None else weights
    by_row = np.where(w > 0, 1.0 / np.where(w > 0, w, 1.0), 0.0)
    meat = np.swapaxes(fit.scores, -1, -2) @ (fit.scores * by_row[..., None])
    fields = {name: getattr(fit, name) for name in BinaryFit.__dataclass_fields__}
    return BinaryFit(**(fields | {"vcov": fit.vcov @ meat @ fit.vcov}))


def _fit(
    y: FloatArray,
    x: FloatArray,
    weights: FloatArray | None,
    start: FloatArray | None,
    link: Link,
    mean: Callable[[FloatArray], FloatArray],
) -> BinaryFit:
    n, k = x.shape[-2:]
    weights = np.ones(n) if weights is None else weights
    batch = batch_of((y, 1), (x, 2), (weights, 1), (start, 1))
    y, x, w = batch.flat(y, 1), batch.flat(x, 2), batch.flat(weights, 1)

    def evaluate(beta: FloatArray, rows: Rows) -> Evaluation:
        own, weight = pick(x, rows, 2), pick(w, rows, 1)
        value, first, second = link(pick(y, rows, 1), index(own, beta))
        loglik = (weight * value).sum(axis=-1)
        return loglik, row_sum(own, weight * first), gram(own, weight * second)

    begin = np.zeros((batch.size, k)) if start is None else np.array(batch.each(start, 1), dtype=float)
    found = maximise(evaluate, begin, n * k)
    return _record(batch, y, x, w, found, link, mean)


def _record(
    batch: Batch,
    y: FloatArray,
    x: FloatArray,
    w: FloatArray,
    found: Maximum,
    link: Link,
    mean: Callable[[FloatArray], FloatArray],
) -> BinaryFit:
    n, k = x.shape[-2:]
    eta = index(x, found.theta)
    scores = x * (w * link(y, eta)[1])[..., None]
    vcov, singular = inverse_information(found.hessian)
    separated = recedes(_slack(y, w, index(x, found.last_step))) | fits_perfectly(found.value, w.sum(axis=-1))
    n_obs = np.broadcast_to(w.sum(axis=-1), (batch.size,))
    shape = batch.shape
    return BinaryFit(
        coefficients=found.theta.reshape(*shape, k),
        vcov=vcov.reshape(*shape, k, k),
        loglik=found.value.reshape(shape),
        loglik_null=np.broadcast_to(_null(y, w), (batch.size,)).reshape(shape),
        scores=scores.reshape(*shape, n, k),
        hessian=found.hessian.reshape(*shape, k, k),
        n_obs=n_obs.reshape(shape),
        converged=(found.settled & ~separated & ~singular).reshape(shape),
        separated=separated.reshape(shape),
        singular=singular.reshape(shape),
        iterations=found.iterations.reshape(shape),
        index=eta.reshape(*shape, n),
        fitted=mean(eta).reshape(*shape, n),
    )


def _slack(y: FloatArray, w: FloatArray, movement: FloatArray) -> FloatArray:
    """Movement of each index towards its outcome; any movement is away from an outcome inside (0, 1)."""
    towards = np.where(y == 1.0, movement, np.where(y == 0.0, -movement, -np.abs(movement)))
    return np.where(w > 0, towards, 0.0)


def _null(y: FloatArray, w: FloatArray) -> FloatArray:
    """Log-likelihood of the constant alone: n [m log m + (1 - m) log(1 - m)], m the mean outcome."""
    total = w.sum(axis=-1)
    share = (w * y).sum(axis=-1) / total
    return np.asarray(total * (xlogy(share, share) + xlogy(1.0 - share, 1.0 - share)))


def firth_logit(
    y: FloatArray,
    x: FloatArray,
    weights: FloatArray | None = None,
    start: FloatArray | None = None,
    offset: FloatArray | None = None,
) -> BinaryFit:
    """Firth's penalised logit of y (..., n) in {0, 1} on x (..., n, k): finite under separation.

    Maximises l*(b) = l(b) + 1/2 log |X'WX|, W = w p (1 - p) (Firth 1993; Heinze and Schemper 2002), by
    iterating on the modified score sum [w (y - p) + h (1/2 - p)] x, h the leverages of W^{1/2}X. `offset`
    (..., n) is added to the index. vcov is the inverse of X'WX, the information without the penalty, as in
    Heinze and Schemper; `hessian` is -X'WX; `scores` are the rows of the modified score; loglik is l*, and
    loglik_null the same of the constant alone. Wald intervals can be poor: see `firth_tests`.
    """
    n, k = x.shape[-2:]
    weights = np.ones(n) if weights is None else weights
    batch = batch_of((y, 1), (x, 2), (weights, 1), (start, 1), (offset, 1))
    y, x, w = batch.flat(y, 1), batch.flat(x, 2), batch.flat(weights, 1)
    shift = np.zeros(n) if offset is None else batch.flat(offset, 1)
    begin = np.zeros((batch.size, k)) if start is None else np.array(batch.each(start, 1), dtype=float)
    found, residual = _firth(y, x, w, shift, begin)
    constant, _ = _firth(y, np.ones((n, 1)), w, shift, np.zeros((batch.size, 1)))
    eta = index(x, found.theta) + shift
    vcov, singular = inverse_information(found.hessian)
    shape = batch.shape
    return BinaryFit(
        coefficients=found.theta.reshape(*shape, k),
        vcov=vcov.reshape(*shape, k, k),
        loglik=found.value.reshape(shape),
        loglik_null=constant.value.reshape(shape),
        scores=(x * residual[..., None]).reshape(*shape, n, k),
        hessian=found.hessian.reshape(*shape, k, k),
        n_obs=np.broadcast_to(w.sum(axis=-1), (batch.size,)).reshape(shape),
        converged=(found.settled & ~singular).reshape(shape),
        separated=np.zeros(shape, dtype=bool),
        singular=singular.reshape(shape),
        iterations=found.iterations.reshape(shape),
        index=eta.reshape(*shape, n),
        fitted=expit(eta).reshape(*shape, n),
    )


def _firth(
    y: FloatArray, x: FloatArray, w: FloatArray, shift: FloatArray, start: FloatArray
) -> tuple[Maximum, FloatArray]:
    """The penalised maximum and the modified residuals (B, n) at it."""

    def evaluate(beta: FloatArray, rows: Rows) -> Evaluation:
        own = pick(x, rows, 2)
        value, residual, information = _penalised(
            pick(y, rows, 1), own, pick(w, rows, 1), index(own, beta) + pick(shift, rows, 1)
        )
        return value, row_sum(own, residual), -information

    n, k = x.shape[-2:]
    found = maximise(evaluate, start, n * k, tolerance=_FIRTH_TOLERANCE, max_iterations=_FIRTH_ITERATIONS)
    return found, _penalised(y, x, w, index(x, found.theta) + shift)[1]


def _penalised(
    y: FloatArray, x: FloatArray, w: FloatArray, eta: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Penalised log-likelihood (B,), modified residuals (B, n) and information X'WX (B, k, k)."""
    terms, first, second = logit_terms(y, eta)
    variance = -w * second
    information = gram(x, variance)
    log_determinant = np.linalg.slogdet(information)[1]
    regular = np.isfinite(log_determinant)[..., None, None]
    inverse = np.linalg.inv(np.where(regular, information, np.eye(x.shape[-1])))
    leverage = variance * ((x @ inverse) * x).sum(axis=-1)
    value = (w * terms).sum(axis=-1) + 0.5 * log_determinant
    return value, w * first + leverage * (0.5 - expit(eta)), information


def firth_tests(y: FloatArray, x: FloatArray, weights: FloatArray | None = None) -> FirthTests:
    """Penalised likelihood-ratio test of each coefficient of one Firth logit, y (n,), x (n, k).

    2 [l*(b) - l*(b with b_j = 0)], both penalised by the information of the full design (Heinze and Schemper
    2002, section 3.2: the column stays in the penalty).
    """
    full = firth_logit(y, x, weights)
    held = [_profile(y, x, weights, j, 0.0, full.coefficients) for j in range(x.shape[-1])]
    statistic = np.maximum(2.0 * (full.loglik - np.array(held)), 0.0)
    return FirthTests(statistic, np.asarray(chdtrc(1.0, statistic)))


def firth_intervals(
    y: FloatArray, x: FloatArray, weights: FloatArray | None = None, critical: float = 3.841458820694124
) -> FloatArray:
    """Profile penalised-likelihood intervals (k, 2) of one Firth logit, y (n,), x (n, k).

    The values b_j at which 2 [l*(b) - max l*(b_j)] equals `critical`, the quantile of chi2(1) (default 95 %),
    to 1e-9 of a standard error; an end at which the profile never falls so far is infinite.
    """
    full = firth_logit(y, x, weights)
    out = np.empty((x.shape[-1], 2))
    for j in range(x.shape[-1]):
        for side, sign in enumerate((-1.0, 1.0)):
            out[j, side] = _profile_end(y, x, weights, j, sign, full, critical)
    return out


def _profile_end(
    y: FloatArray,
    x: FloatArray,
    weights: FloatArray | None,
    j: int,
    sign: float,
    full: BinaryFit,
    critical: float,
) -> float:
    estimate, width = float(full.coefficients[j]), float(full.std_errors[j])

    def excess(distance: float) -> float:
        held = _profile(y, x, weights, j, estimate + sign * distance, full.coefficients)
        return 2.0 * (float(full.loglik) - held) - critical

    near, far = 0.0, 2.0 * width
    while excess(far) < 0.0:
        near, far = far, 2.0 * far
        if far > 1e4 * width:
            return sign * np.inf
    return estimate + sign * float(brentq(excess, near, far, xtol=1e-9 * width))


def _profile(
    y: FloatArray, x: FloatArray, weights: FloatArray | None, j: int, value: float, start: FloatArray
) -> float:
    """Largest penalised log-likelihood with coefficient j held, the penalty that of the full design."""
    w = np.ones(y.shape[-1]) if weights is None else weights
    others = np.arange(x.shape[-1]) != j

    def evaluate(free: FloatArray, rows: Rows) -> Evaluation:
        beta = np.full((free.shape[0], x.shape[-1]), value)
        beta[:, others] = free
        penalised, residual, information = _penalised(y, x, w, index(x, beta))
        return penalised, row_sum(x[:, others], residual), -information[:, others][:, :, others]

    found = maximise(evaluate, start[None, others], x.size, tolerance=1e-16, max_iterations=_FIRTH_ITERATIONS)
    return float(found.value[0])
