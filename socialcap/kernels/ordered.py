"""Ordered logit and probit by Newton's method, in batches; cutpoints are reported as they are."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, ndtri, xlogy

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.likelihood import (
    Batch,
    BoolArray,
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

_ROOT_TWO_PI = np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True)
class OrderedFit(LikelihoodFit):
    """An ordered model of C categories: coefficients (..., k + C - 1) are slopes, then cutpoints, increasing.

    `slopes` (..., k), `cutpoints` (..., C - 1), `index` X b (..., n); `empty` (..., C): categories without a
    row. The cutpoints beside an empty category are not separate parameters: they coincide around a middle
    one and are infinite beyond an end; their entries of vcov, scores and hessian are NaN.
    """

    slopes: FloatArray
    cutpoints: FloatArray
    index: FloatArray
    empty: BoolArray


@dataclass(frozen=True, slots=True)
class IntervalTerms:
    """log P of an interval (lower, upper], with derivatives in both ends, (..., n) each.

    The first derivatives are `upper` and `lower`, the second `upper2`, `lower2` and `cross`.
    """

    log_probability: FloatArray
    upper: FloatArray
    lower: FloatArray
    upper2: FloatArray
    lower2: FloatArray
    cross: FloatArray


def logistic_interval(upper: FloatArray, lower: FloatArray) -> IntervalTerms:
    """log[F(u) - F(l)] of the logistic F, written as log F(u) + log F(-l) + log(1 - e^{l-u}); ends may be
    infinite.
    """
    above, below = expit(upper), expit(-lower)
    ratio = np.exp(lower - upper)
    free = 1.0 - ratio
    odds = ratio / free
    cross = odds / free
    return IntervalTerms(
        log_probability=np.log(above * below * free),
        upper=(1.0 - above) + odds,
        lower=(below - 1.0) - odds,
        upper2=-above * (1.0 - above) - cross,
        lower2=-below * (1.0 - below) - cross,
        cross=cross,
    )


def normal_interval(upper: FloatArray, lower: FloatArray) -> IntervalTerms:
    """log[Phi(u) - Phi(l)], the difference taken in the nearer tail; ends may be infinite."""
    flip = lower > 0.0
    p = ndtr(np.where(flip, -lower, upper)) - ndtr(np.where(flip, -upper, lower))
    a = np.exp(-0.5 * upper * upper) / (_ROOT_TWO_PI * p)
    b = np.exp(-0.5 * lower * lower) / (_ROOT_TWO_PI * p)
    u, v = np.where(np.isinf(upper), 0.0, upper), np.where(np.isinf(lower), 0.0, lower)
    return IntervalTerms(np.log(p), a, -b, -a * (u + a), b * (v - b), a * b)


Interval = Callable[[FloatArray, FloatArray], IntervalTerms]


def ordered_logit(
    y: IntArray,
    x: FloatArray,
    n_categories: int,
    weights: FloatArray | None = None,
    start: FloatArray | None = None,
) -> OrderedFit:
    """Ordered logit of codes y (..., n) in 0..C-1 on x (..., n, k), without a constant, by ML.

    P(y <= c) = F(a_c - x'b), F logistic (McCullagh 1980): a positive slope raises the outcome. `weights`
    (..., n) are counts; `start` (..., k + C - 1), slopes then increasing cutpoints. vcov by the observed
    information.
    """
    return _fit(y, x, n_categories, weights, start, logistic_interval, _logistic_quantile)


def ordered_probit(
    y: IntArray,
    x: FloatArray,
    n_categories: int,
    weights: FloatArray | None = None,
    start: FloatArray | None = None,
) -> OrderedFit:
    """Ordered probit of codes y (..., n) in 0..C-1 on x (..., n, k), without a constant, by ML.

    P(y <= c) = Phi(a_c - x'b) (McKelvey and Zavoina 1975); otherwise as `ordered_logit`. vcov by the
    observed information.
    """
    return _fit(y, x, n_categories, weights, start, normal_interval, ndtri)


def _logistic_quantile(p: FloatArray) -> FloatArray:
    return np.asarray(np.log(p) - np.log1p(-p))


def _fit(
    y: IntArray,
    x: FloatArray,
    n_categories: int,
    weights: FloatArray | None,
    start: FloatArray | None,
    interval: Interval,
    quantile: Callable[[FloatArray], FloatArray],
) -> OrderedFit:
    n, k = x.shape[-2:]
    w = np.ones(n) if weights is None else weights
    batch = batch_of((y, 1), (x, 2), (w, 1), (start, 1))
    y, x, w = batch.flat(y, 1), batch.flat(x, 2), batch.flat(w, 1)
    counts = _counts(y, w, n_categories, batch.size)
    filled = _Filled(batch, n, k, n_categories)
    begin = None if start is None else batch.each(start, 1)
    for present, rows in _patterns(counts > 0):
        recode = np.maximum(np.cumsum(present) - 1, 0)
        parameters = np.concatenate([np.arange(k), k + np.flatnonzero(present)[:-1]])
        problem = _Problem(
            recode[pick(y, rows, 1)], pick(x, rows, 2), pick(w, rows, 1), int(present.sum()), interval
        )
        margins = counts[rows][:, present]
        cuts = quantile(np.cumsum(margins, axis=1)[:, :-1] / margins.sum(axis=1, keepdims=True))
        if begin is None:
            first = np.concatenate([np.zeros((cuts.shape[0], k)), cuts], axis=1)
        else:
            first = np.array(begin[rows][:, parameters], dtype=float)
        found = maximise(problem.evaluate, first, n * (k + n_categories))
        filled.put(rows, present, parameters, problem, found)
    return filled.record(x, w, counts)


def _counts(y: IntArray, w: FloatArray, n_categories: int, size: int) -> FloatArray:
    """Weight in each category (size, C)."""
    out = np.stack([np.where(y == c, w, 0.0).sum(axis=-1) for c in range(n_categories)], axis=-1)
    return np.array(np.broadcast_to(out, (size, n_categories)))


def _patterns(filled: BoolArray) -> list[tuple[BoolArray, Rows]]:
    """The sets of present categories that occur among the problems (size, C), and the problems of each."""
    if filled.all():
        return [(filled[0], slice(0, filled.shape[0]))]
    patterns, which = np.unique(filled, axis=0, return_inverse=True)
    return [(present, np.flatnonzero(which == number)) for number, present in enumerate(patterns)]


class _Problem:
    """The log-likelihood of problems that share their set of categories, with gradient and Hessian."""

    def __init__(self, y: IntArray, x: FloatArray, w: FloatArray, n_categories: int, interval: Interval):
        self.y, self.x, self.w, self.interval = y, x, w, interval
        self.cuts = n_categories - 1
        # the rows of each category; leaving out the last, those just below each cutpoint (upper), and leaving
        # out the first, those just above it (lower)
        self.marks = (y[..., None] == np.arange(n_categories)).astype(float)
        self.upper, self.lower = self.marks[..., :-1], self.marks[..., 1:]

    def ends(self, theta: FloatArray, y: IntArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Upper and lower end (m, n) of each row's interval."""
        k = x.shape[-1]
        m = theta.shape[0]
        cuts = np.full((m, self.cuts + 2), np.inf)
        cuts[:, 0], cuts[:, 1:-1] = -np.inf, theta[:, k:]
        eta = index(x, theta[:, :k])
        if y.ndim == 1:
            return cuts[:, y + 1] - eta, cuts[:, y] - eta
        own = np.arange(m)[:, None]
        return cuts[own, y + 1] - eta, cuts[own, y] - eta

    def evaluate(self, theta: FloatArray, rows: Rows) -> Evaluation:
        x, w, y = pick(self.x, rows, 2), pick(self.w, rows, 1), pick(self.y, rows, 1)
        marks, k = pick(self.marks, rows, 2), x.shape[-1]
        terms = self.interval(*self.ends(theta, y, x))
        value = (w * terms.log_probability).sum(axis=-1)
        # cutpoints out of order leave no probability
        value[(theta[:, k + 1 :] <= theta[:, k:-1]).any(axis=1)] = -np.inf
        up, down = w * terms.upper, w * terms.lower
        by_cut = row_sum(marks, up)[:, :-1] + row_sum(marks, down)[:, 1:]
        gradient = np.concatenate([-row_sum(x, up + down), by_cut], axis=1)
        return value, gradient, self._hessian(x, w, marks, terms)

    def _hessian(self, x: FloatArray, w: FloatArray, marks: FloatArray, terms: IntervalTerms) -> FloatArray:
        k, cuts = x.shape[-1], self.cuts
        up, down, cross = w * terms.upper2, w * terms.lower2, w * terms.cross
        above, below = up + cross, down + cross
        touch = marks[..., :-1] * above[..., None] + marks[..., 1:] * below[..., None]
        out = np.zeros((up.shape[0], k + cuts, k + cuts))
        out[:, :k, :k] = gram(x, above + below)
        out[:, :k, k:] = -(np.swapaxes(x, -1, -2) @ touch)
        out[:, k:, :k] = np.swapaxes(out[:, :k, k:], 1, 2)
        at = np.arange(k, k + cuts)
        out[:, at, at] = row_sum(marks, up)[:, :-1] + row_sum(marks, down)[:, 1:]
        # a row of a middle category lies between two cutpoints
        between = row_sum(marks, cross)[:, 1:-1]
        out[:, at[1:], at[:-1]] = between
        out[:, at[:-1], at[1:]] = between
        return out

    def scores(self, theta: FloatArray) -> FloatArray:
        """Gradient of each row's term (m, n, k + C - 1)."""
        terms = self.interval(*self.ends(theta, self.y, self.x))
        up, down = (self.w * terms.upper)[..., None], (self.w * terms.lower)[..., None]
        return np.concatenate([-self.x * (up + down), self.upper * up + self.lower * down], axis=-1)

    def separated(self, step: FloatArray) -> BoolArray:
        """Whether `step` (m, k + C - 1) is a direction in which no row's interval loses probability."""
        k = self.x.shape[-1]
        eta, cuts = index(self.x, step[:, :k]), step[:, k:]
        rise = row_sum(np.swapaxes(self.upper, -1, -2), cuts) - eta
        fall = eta - row_sum(np.swapaxes(self.lower, -1, -2), cuts)
        none = np.zeros_like(rise)
        used = self.w > 0
        rise = np.where(used & (self.y < self.cuts), rise, none)
        fall = np.where(used & (self.y > 0), fall, none)
        return recedes(np.concatenate([rise, fall], axis=-1))


class _Filled:
    """The arrays of a fit, filled pattern by pattern of present categories."""

    def __init__(self, batch: Batch, n: int, k: int, n_categories: int):
        size, p = batch.size, k + n_categories - 1
        self.batch, self.k, self.categories = batch, k, n_categories
        self.theta, self.scores = np.zeros((size, p)), np.full((size, n, p), np.nan)
        self.vcov, self.hessian = np.full((size, p, p), np.nan), np.full((size, p, p), np.nan)
        self.loglik, self.iterations = np.empty(size), np.empty(size, dtype=int)
        self.settled, self.separated, self.singular = (np.empty(size, dtype=bool) for _ in range(3))

    def put(
        self, rows: Rows, present: BoolArray, parameters: IntArray, problem: _Problem, found: Maximum
    ) -> None:
        k = self.k
        self.theta[rows] = self._spread(found.theta, present)
        self.loglik[rows], self.iterations[rows] = found.value, found.iterations
        self.settled[rows], self.separated[rows] = found.settled, problem.separated(found.last_step)
        if present.sum() > 1:
            self.separated[rows] |= fits_perfectly(found.value, problem.w.sum(axis=-1))
        vcov, self.singular[rows] = inverse_information(found.hessian)
        scores = problem.scores(found.theta)
        if present.all():
            self.scores[rows], self.vcov[rows], self.hessian[rows] = scores, vcov, found.hessian
            return
        # cutpoints between two present neighbours are parameters of their own; the others are shared
        own = np.r_[np.ones(k, dtype=bool), present[:-1] & present[1:]]
        kept = own[parameters]
        to, of = np.flatnonzero(own), np.flatnonzero(kept)
        at = np.arange(self.theta.shape[0])[rows]
        self.scores[np.ix_(at, np.arange(self.scores.shape[1]), to)] = scores[..., of]
        self.vcov[np.ix_(at, to, to)] = vcov[:, of][:, :, of]
        self.hessian[np.ix_(at, to, to)] = found.hessian[:, of][:, :, of]

    def _spread(self, theta: FloatArray, present: BoolArray) -> FloatArray:
        """Slopes and all C - 1 cutpoints from those of the present categories."""
        cuts = np.full((theta.shape[0], int(present.sum()) + 1), np.inf)
        cuts[:, 0], cuts[:, 1:-1] = -np.inf, theta[:, self.k :]
        # the cutpoint above category c is the one above the last present category up to c
        return np.concatenate([theta[:, : self.k], cuts[:, np.cumsum(present)[:-1]]], axis=1)

    def record(self, x: FloatArray, w: FloatArray, counts: FloatArray) -> OrderedFit:
        shape, k = self.batch.shape, self.k
        n, p = self.scores.shape[1:]
        total = counts.sum(axis=1)
        null = xlogy(counts, counts).sum(axis=1) - xlogy(total, total)
        theta = self.theta.reshape(*shape, p)
        eta = np.broadcast_to(index(x, self.theta[:, :k]), (self.batch.size, n))
        return OrderedFit(
            coefficients=theta,
            vcov=self.vcov.reshape(*shape, p, p),
            loglik=self.loglik.reshape(shape),
            loglik_null=null.reshape(shape),
            scores=self.scores.reshape(*shape, n, p),
            hessian=self.hessian.reshape(*shape, p, p),
            n_obs=total.reshape(shape),
            converged=(self.settled & ~self.separated & ~self.singular).reshape(shape),
            separated=self.separated.reshape(shape),
            singular=self.singular.reshape(shape),
            iterations=self.iterations.reshape(shape),
            slopes=theta[..., :k],
            cutpoints=theta[..., k:],
            index=eta.reshape(*shape, n),
            empty=(counts == 0).reshape(*shape, self.categories),
        )
