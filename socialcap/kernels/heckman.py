"""Heckman's model of an outcome seen in a selected sample: the two-step estimator, and maximum likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, xlogy

from socialcap.kernels import FloatArray
from socialcap.kernels.binary import BinaryFit, probit
from socialcap.kernels.likelihood import (
    BoolArray,
    Evaluation,
    LikelihoodFit,
    Rows,
    gram,
    inverse_information,
    maximise,
)

_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)
# correlations from which the search for the maximum starts, besides the two-step one: the likelihood may
# have several maxima
_STARTS = (-0.8, -0.4, 0.0, 0.4, 0.8)
_LARGEST_START = 0.9


@dataclass(frozen=True, slots=True)
class HeckmanTwoStep:
    """Heckman's two-step estimates: coefficients (k + 1,), slopes and then lambda, and vcov (k + 1, k + 1).

    `mills` (n1,): the inverse Mills ratio of the selected rows; `sigma`; `rho` = lambda / sigma, which may
    lie outside [-1, 1] in this estimator; `selection` the probit of the first step.
    """

    coefficients: FloatArray
    vcov: FloatArray
    mills: FloatArray
    sigma: float
    rho: float
    selection: BinaryFit

    @property
    def std_errors(self) -> FloatArray:
        """Square roots of the diagonal of vcov (k + 1,)."""
        return np.sqrt(np.diagonal(self.vcov))


@dataclass(frozen=True, slots=True)
class HeckmanFit(LikelihoodFit):
    """Heckman's model by ML: coefficients (k + q + 2,): outcome, selection, log sigma, atanh rho.

    `outcome` (k,), `selection` (q,), `sigma`, `rho`, `mills_slope` = rho sigma, the last three with
    delta-method standard errors `scale_errors` (3,) in that order. `loglik_independent`: the same at rho = 0,
    for the likelihood-ratio test of selection. loglik_null: both constants alone, rho = 0.
    """

    outcome: FloatArray
    selection: FloatArray
    sigma: float
    rho: float
    mills_slope: float
    scale_errors: FloatArray
    loglik_independent: float


def heckman_two_step(y: FloatArray, x: FloatArray, z: FloatArray, selected: BoolArray) -> HeckmanTwoStep:
    """Heckman's two-step estimates of y on x (n, k) where `selected` (n,), selection by probit on z (n, q).

    Rows of y and x outside the selection are not read. Second step: least squares of y on x and the inverse
    Mills ratio. sigma^2 = e'e / n1 + lambda^2 mean(d), d = m (m + z'g). vcov = sigma^2 A [W'(I - rho^2 D)W +
    rho^2 (W'DZ) V (Z'DW)] A, A = (W'W)^{-1}, W = [x, m], V the probit's covariance by observed information
    (Heckman 1979; Greene 1981).
    """
    first = probit(selected.astype(float), z)
    eta = first.index[selected]
    mills = _mills(eta)
    delta = mills * (mills + eta)
    w = np.column_stack([x[selected], mills])
    inverse = np.linalg.pinv(w.T @ w, hermitian=True)
    coefficients = inverse @ (w.T @ y[selected])
    rest = y[selected] - w @ coefficients
    slope = coefficients[-1]
    variance = float(rest @ rest / rest.size + slope * slope * delta.mean())
    rho2 = slope * slope / variance
    across = w.T @ (delta[:, None] * z[selected])
    meat = gram(w, 1.0 - rho2 * delta) + rho2 * across @ first.vcov @ across.T
    sigma = float(np.sqrt(variance))
    return HeckmanTwoStep(
        coefficients, variance * inverse @ meat @ inverse, mills, sigma, float(slope / sigma), first
    )


def heckman_ml(
    y: FloatArray, x: FloatArray, z: FloatArray, selected: BoolArray, weights: FloatArray | None = None
) -> HeckmanFit:
    """ML estimates of y on x (n, k) where `selected` (n,), selection on z (n, q), both errors jointly normal.

    log-likelihood: unselected log Phi(-z'g); selected log phi(r) - log sigma + log Phi((z'g + rho r) /
    sqrt(1 - rho^2)), r = (y - x'b) / sigma. Newton's method with exact derivatives from the two-step estimate
    and from several correlations; the best maximum is kept, and `converged` is of that one. vcov by the
    observed information in (b, g, log sigma, atanh rho). `weights` (n,) are counts.
    """
    w = np.ones(y.shape[0]) if weights is None else weights
    problem = _Problem(np.where(selected, y, 0.0), np.where(selected[:, None], x, 0.0), z, selected, w)
    start = problem.starts()
    found = maximise(problem.evaluate, start, z.shape[0] * start.shape[1])
    best = int(np.nanargmax(np.where(found.settled, found.value, -1e300 + np.nan_to_num(found.value))))
    theta = found.theta[best]
    k, q = x.shape[1], z.shape[1]
    scale, tau = theta[k + q], theta[k + q + 1]
    change = np.eye(theta.size)
    change[:k, :k] *= scale
    change[:k, k + q], change[k + q, k + q] = -theta[:k], -scale
    hessian = change.T @ found.hessian[best] @ change
    vcov, singular = inverse_information(hessian)
    sigma, rho = 1.0 / scale, np.tanh(tau)
    coefficients = np.concatenate([theta[:k] / scale, theta[k : k + q], [-np.log(scale), tau]])
    free = 1.0 - rho * rho
    derived = np.array([[sigma, 0.0], [0.0, free], [rho * sigma, sigma * free]])
    return HeckmanFit(
        coefficients=coefficients,
        vcov=vcov,
        loglik=found.value[best],
        loglik_null=np.asarray(problem.null()),
        scores=problem.scores(theta) @ change,
        hessian=hessian,
        n_obs=w.sum(),
        converged=found.settled[best] & ~singular & ~problem.selection.separated,
        separated=problem.selection.separated,
        singular=singular,
        iterations=found.iterations[best],
        outcome=coefficients[:k],
        selection=coefficients[k : k + q],
        sigma=float(sigma),
        rho=float(rho),
        mills_slope=float(rho * sigma),
        scale_errors=np.sqrt(np.diagonal(derived @ vcov[-2:, -2:] @ derived.T)),
        loglik_independent=problem.independent(),
    )


def _mills(eta: FloatArray) -> FloatArray:
    """phi / Phi."""
    return np.asarray(np.exp(-0.5 * eta * eta - _LOG_ROOT_TWO_PI - log_ndtr(eta)))


class _Problem:
    """The log-likelihood in (b/sigma, g, 1/sigma, atanh rho), with exact gradient and Hessian."""

    def __init__(self, y: FloatArray, x: FloatArray, z: FloatArray, selected: BoolArray, w: FloatArray):
        self.y, self.x, self.z, self.selected, self.w = y, x, z, selected, w
        self.k, self.q = x.shape[1], z.shape[1]
        self.p = self.k + self.q + 2
        self.selection = probit(selected.astype(float), z, w)
        self.seen = np.where(selected, w, 0.0)

    def starts(self) -> FloatArray:
        """The two-step estimate (without weights) and, for each of several correlations, the same slopes."""
        first = heckman_two_step(self.y, self.x, self.z, self.selected)
        rho = np.array([np.clip(first.rho, -_LARGEST_START, _LARGEST_START), *_STARTS])
        out = np.empty((rho.size, self.p))
        out[:, : self.k] = first.coefficients[:-1] / first.sigma
        out[:, self.k : self.k + self.q] = self.selection.coefficients
        out[:, -2], out[:, -1] = 1.0 / first.sigma, np.arctanh(rho)
        return out

    def _slopes(self, theta: FloatArray) -> tuple[FloatArray, ...]:
        """Standardised residual r, selection index, argument a and its gradient (m, n, p) at theta (m, p)."""
        k, q = self.k, self.q
        tau = theta[:, -1:]
        sine, cosine = np.sinh(tau), np.cosh(tau)
        eta = theta[:, k : k + q] @ self.z.T
        r = theta[:, -2:-1] * self.y - theta[:, :k] @ self.x.T
        slope = np.empty((*r.shape, self.p))
        slope[..., :k] = -sine[..., None] * self.x
        slope[..., k : k + q] = cosine[..., None] * self.z
        slope[..., -2] = sine * self.y
        slope[..., -1] = sine * eta + cosine * r
        return r, eta, cosine * eta + sine * r, slope

    def _row_gradients(
        self, theta: FloatArray, parts: tuple[FloatArray, ...], mills: FloatArray, outside: FloatArray
    ) -> FloatArray:
        r, _, _, slope = parts
        k, q = self.k, self.q
        rows = slope * mills[..., None]
        rows[..., :k] += r[..., None] * self.x
        rows[..., -2] += 1.0 / theta[:, -2:-1] - r * self.y
        rows *= self.selected[:, None]
        rows[..., k : k + q] -= np.where(self.selected, 0.0, outside)[..., None] * self.z
        return np.asarray(rows * self.w[:, None])

    def scores(self, theta: FloatArray) -> FloatArray:
        """Gradient of each row's term (n, p) at theta (p,)."""
        parts = self._slopes(theta[None])
        return np.asarray(self._row_gradients(theta[None], parts, _mills(parts[2]), _mills(-parts[1]))[0])

    def evaluate(self, theta: FloatArray, rows: Rows) -> Evaluation:
        parts = self._slopes(theta)
        r, eta, a, slope = parts
        scale = theta[:, -2:-1]
        inside = log_ndtr(a) - 0.5 * r * r - _LOG_ROOT_TWO_PI + np.log(scale)
        value = np.where(self.selected, inside, log_ndtr(-eta)) @ self.w
        mills, outside = _mills(a), _mills(-eta)
        gradient = self._row_gradients(theta, parts, mills, outside).sum(axis=1)
        hessian = gram(slope, -self.seen * mills * (mills + a))
        self._add_curvature(hessian, theta, self.seen * mills, a)
        k, q = self.k, self.q
        residual = np.column_stack([-self.x, self.y])
        at = np.r_[np.arange(k), self.p - 2]
        hessian[:, at[:, None], at] -= gram(residual, self.seen)
        hessian[:, -2, -2] -= self.seen.sum() / scale[:, 0] ** 2
        unseen = self.w - self.seen
        hessian[:, k : k + q, k : k + q] += gram(self.z, -unseen * outside * (outside - eta))
        return value, gradient, hessian

    def _add_curvature(
        self, hessian: FloatArray, theta: FloatArray, weight: FloatArray, a: FloatArray
    ) -> None:
        """Adds the second derivatives of the argument a, all of which involve atanh rho."""
        sine, cosine = np.sinh(theta[:, -1:]), np.cosh(theta[:, -1:])
        cross = np.concatenate(
            [-cosine * (weight @ self.x), sine * (weight @ self.z), cosine * (weight @ self.y)[:, None]],
            axis=1,
        )
        hessian[:, :-1, -1] += cross
        hessian[:, -1, :-1] += cross
        hessian[:, -1, -1] += (weight * a).sum(axis=-1)

    def independent(self) -> float:
        """Log-likelihood at rho = 0: the probit and the normal regression."""
        x, y, w = self.x[self.selected], self.y[self.selected], self.w[self.selected]
        slopes = np.linalg.pinv(gram(x, w), hermitian=True) @ (x.T @ (w * y))
        return float(self.selection.loglik) + _normal_loglik(y - x @ slopes, w)

    def null(self) -> float:
        """Log-likelihood of the two constants at rho = 0."""
        y, w = self.y[self.selected], self.w[self.selected]
        total, inside = self.w.sum(), w.sum()
        chosen = xlogy(inside, inside) + xlogy(total - inside, total - inside) - xlogy(total, total)
        return float(chosen) + _normal_loglik(y - (w @ y) / inside, w)


def _normal_loglik(rest: FloatArray, w: FloatArray) -> float:
    """Largest normal log-likelihood of residuals over their variance."""
    total = w.sum()
    return float(-total * (_LOG_ROOT_TWO_PI + 0.5 * np.log((w @ (rest * rest)) / total) + 0.5))
