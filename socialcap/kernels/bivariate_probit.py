"""Two probits with correlated errors, by maximum likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, xlogy

from socialcap.kernels import FloatArray
from socialcap.kernels.binary import probit
from socialcap.kernels.bivariate_normal import bivariate_normal_cdf
from socialcap.kernels.likelihood import (
    Evaluation,
    LikelihoodFit,
    Rows,
    gram,
    inverse_information,
    maximise,
)

_ROOT_TWO_PI = np.sqrt(2.0 * np.pi)
# correlations from which the search starts: the likelihood need not be concave in rho
_STARTS = (-0.6, 0.0, 0.6)


@dataclass(frozen=True, slots=True)
class BivariateProbitFit(LikelihoodFit):
    """Two probits: coefficients (k1 + k2 + 1,), those of either equation, then atanh rho.

    `first` (k1,), `second` (k2,), `rho` with its delta-method `rho_error`; `loglik_independent`, the sum of
    the two separate probits, for the likelihood-ratio test of rho = 0. loglik_null: both constants, rho = 0.
    """

    first: FloatArray
    second: FloatArray
    rho: float
    rho_error: float
    loglik_independent: float


def bivariate_probit(
    y1: FloatArray, x1: FloatArray, y2: FloatArray, x2: FloatArray, weights: FloatArray | None = None
) -> BivariateProbitFit:
    """Bivariate probit of y1, y2 (n,) in {0, 1} on x1 (n, k1), x2 (n, k2) by ML; `weights` (n,) are counts.

    log-likelihood sum w log Phi2(q1 x1'b1, q2 x2'b2; q1 q2 rho), q = 2y - 1 (Ashford and Sowden 1970;
    Greene 2018, section 17.5). Newton's method with exact derivatives in (b1, b2, atanh rho) from several
    correlations, the best maximum kept; vcov by the observed information in these parameters. An outcome
    that is in the other equation's design is allowed (recursive model).
    """
    w = np.ones(y1.shape[0]) if weights is None else weights
    alone = probit(y1, x1, w), probit(y2, x2, w)
    problem = _Problem(y1, x1, y2, x2, w)
    slopes = np.concatenate([alone[0].coefficients, alone[1].coefficients])
    start = np.array([np.r_[slopes, np.arctanh(rho)] for rho in _STARTS])
    found = maximise(problem.evaluate, start, start.shape[1] * y1.size)
    # a start that did not settle is chosen only when none did
    best = int(np.nanargmax(np.where(found.settled, found.value, -1e300 + np.nan_to_num(found.value))))
    theta = found.theta[best]
    vcov, singular = inverse_information(found.hessian[best])
    k1 = x1.shape[1]
    rho = float(np.tanh(theta[-1]))
    separated = alone[0].separated | alone[1].separated
    return BivariateProbitFit(
        coefficients=theta,
        vcov=vcov,
        loglik=found.value[best],
        loglik_null=np.asarray(_constant(y1, w) + _constant(y2, w)),
        scores=problem.scores(theta),
        hessian=found.hessian[best],
        n_obs=w.sum(),
        converged=found.settled[best] & ~singular & ~separated,
        separated=separated,
        singular=singular,
        iterations=found.iterations[best],
        first=theta[:k1],
        second=theta[k1:-1],
        rho=rho,
        rho_error=float((1.0 - rho * rho) * np.sqrt(vcov[-1, -1])),
        loglik_independent=float(alone[0].loglik + alone[1].loglik),
    )


def _constant(y: FloatArray, w: FloatArray) -> float:
    """Log-likelihood of a probit with a constant alone."""
    ones, total = float(w @ y), float(w.sum())
    return float(xlogy(ones, ones) + xlogy(total - ones, total - ones) - xlogy(total, total))


@dataclass(frozen=True, slots=True)
class _Terms:
    """log P, with first and second derivatives in both arguments (1, 2) and the correlation (r)."""

    value: FloatArray
    d1: FloatArray
    d2: FloatArray
    dr: FloatArray
    d11: FloatArray
    d22: FloatArray
    d12: FloatArray
    d1r: FloatArray
    d2r: FloatArray
    drr: FloatArray


def _terms(a: FloatArray, b: FloatArray, r: FloatArray) -> _Terms:
    """log Phi2(a, b; r) and its derivatives; the density is the derivative in r (Plackett 1954)."""
    free = 1.0 - r * r
    root = np.sqrt(free)
    p = bivariate_normal_cdf(a, b, r)
    square = a * a - 2.0 * r * a * b + b * b
    dr = np.exp(-0.5 * square / free) / (2.0 * np.pi * root * p)
    d1 = np.exp(-0.5 * a * a) / _ROOT_TWO_PI * ndtr((b - r * a) / root) / p
    d2 = np.exp(-0.5 * b * b) / _ROOT_TWO_PI * ndtr((a - r * b) / root) / p
    return _Terms(
        value=np.log(p),
        d1=d1,
        d2=d2,
        dr=dr,
        d11=-a * d1 - r * dr - d1 * d1,
        d22=-b * d2 - r * dr - d2 * d2,
        d12=dr - d1 * d2,
        d1r=-dr * ((a - r * b) / free + d1),
        d2r=-dr * ((b - r * a) / free + d2),
        drr=dr * ((r + a * b) / free - r * square / (free * free)) - dr * dr,
    )


class _Problem:
    """The log-likelihood in (b1, b2, atanh rho), with exact gradient and Hessian."""

    def __init__(self, y1: FloatArray, x1: FloatArray, y2: FloatArray, x2: FloatArray, w: FloatArray):
        q1, q2 = 2.0 * y1 - 1.0, 2.0 * y2 - 1.0
        self.x1, self.x2 = q1[:, None] * x1, q2[:, None] * x2
        self.q, self.w, self.k1 = q1 * q2, w, x1.shape[1]

    def _at(self, theta: FloatArray) -> tuple[_Terms, FloatArray]:
        """Terms (m, n) at theta (m, p), and rho (m, 1)."""
        rho = np.tanh(theta[:, -1:])
        a, b = theta[:, : self.k1] @ self.x1.T, theta[:, self.k1 : -1] @ self.x2.T
        return _terms(a, b, self.q * rho), rho

    def _rows(self, t: _Terms, rho: FloatArray) -> FloatArray:
        last = t.dr * self.q * (1.0 - rho * rho)
        rows = [t.d1[..., None] * self.x1, t.d2[..., None] * self.x2, last[..., None]]
        return np.concatenate(rows, axis=-1) * self.w[:, None]

    def scores(self, theta: FloatArray) -> FloatArray:
        """Gradient of each row's term (n, p) at theta (p,)."""
        return np.asarray(self._rows(*self._at(theta[None]))[0])

    def evaluate(self, theta: FloatArray, rows: Rows) -> Evaluation:
        t, rho = self._at(theta)
        free = 1.0 - rho * rho
        k1, w = self.k1, self.w
        hessian = np.empty((theta.shape[0], theta.shape[1], theta.shape[1]))
        hessian[:, :k1, :k1] = gram(self.x1, w * t.d11)
        hessian[:, k1:-1, k1:-1] = gram(self.x2, w * t.d22)
        hessian[:, :k1, k1:-1] = self.x1.T @ (self.x2 * (w * t.d12)[..., None])
        hessian[:, k1:-1, :k1] = np.swapaxes(hessian[:, :k1, k1:-1], 1, 2)
        turn = w * self.q * free
        across = np.concatenate([(turn * t.d1r) @ self.x1, (turn * t.d2r) @ self.x2], axis=1)
        hessian[:, :-1, -1] = hessian[:, -1, :-1] = across
        hessian[:, -1, -1] = (w * (t.drr * free * free - 2.0 * self.q * rho * free * t.dr)).sum(axis=1)
        return t.value @ w, self._rows(t, rho).sum(axis=1), hessian
