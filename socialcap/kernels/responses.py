"""Expected outcomes and probabilities of each model as functions of its indices, with exact derivatives."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_ndtr, ndtr

from socialcap.kernels import FloatArray

_ROOT_TWO_PI = np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True)
class Response:
    """C expected outcomes of n rows, and their derivatives in M indices and A further parameters.

    value (..., n, C); first (..., n, C, M) and second (..., n, C, M, M) in the indices; further (..., n, C,
    A) in the parameters beyond the slopes, cross (..., n, C, M, A) in an index and such a parameter.
    """

    value: FloatArray
    first: FloatArray
    second: FloatArray
    further: FloatArray
    cross: FloatArray


def _single(value: FloatArray, first: FloatArray, second: FloatArray) -> Response:
    """One outcome of one index (..., n) without further parameters."""
    none = np.zeros((*value.shape, 1, 0))
    return Response(
        value[..., None],
        first[..., None, None],
        second[..., None, None, None],
        none,
        none[..., None, :],
    )


def _density(t: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * t * t) / _ROOT_TWO_PI)


def linear_response(eta: FloatArray, further: FloatArray) -> Response:
    """E(y) = eta of one index (..., n, 1)."""
    t = eta[..., 0]
    return _single(t, np.ones_like(t), np.zeros_like(t))


def logit_response(eta: FloatArray, further: FloatArray) -> Response:
    """P(y = 1) = 1 / (1 + e^-eta) of one index (..., n, 1); also the mean of a fractional logit."""
    p = expit(eta[..., 0])
    slope = p * (1.0 - p)
    return _single(p, slope, slope * (1.0 - 2.0 * p))


def probit_response(eta: FloatArray, further: FloatArray) -> Response:
    """P(y = 1) = Phi(eta) of one index (..., n, 1)."""
    t = eta[..., 0]
    return _single(ndtr(t), _density(t), -t * _density(t))


def poisson_response(eta: FloatArray, further: FloatArray) -> Response:
    """E(y) = e^eta of one index (..., n, 1), per unit of exposure."""
    mean = np.exp(eta[..., 0])
    return _single(mean, mean, mean)


def ordered_logit_response(eta: FloatArray, cutpoints: FloatArray) -> Response:
    """P(y = c) of every category (..., n, C) of one index (..., n, 1) and cutpoints (..., C - 1)."""
    p = expit(cutpoints[..., None, :] - eta)
    density = p * (1.0 - p)
    return _ordered(p, density, density * (1.0 - 2.0 * p))


def ordered_probit_response(eta: FloatArray, cutpoints: FloatArray) -> Response:
    """P(y = c) of every category (..., n, C) of one index (..., n, 1) and cutpoints (..., C - 1)."""
    cuts = cutpoints[..., None, :] - eta
    density = _density(cuts)
    return _ordered(ndtr(cuts), density, -np.where(np.isinf(cuts), 0.0, cuts) * density)


def _ordered(p: FloatArray, density: FloatArray, slope: FloatArray) -> Response:
    """From distribution function, density and its slope at cutpoint less index (..., n, C - 1)."""
    cuts = p.shape[-1]
    value = np.diff(p, axis=-1, prepend=0.0, append=1.0)
    first = -np.diff(density, axis=-1, prepend=0.0, append=0.0)
    second = np.diff(slope, axis=-1, prepend=0.0, append=0.0)
    further = np.zeros((*value.shape, cuts))
    cross = np.zeros((*value.shape, 1, cuts))
    at = np.arange(cuts)
    further[..., at, at], further[..., at + 1, at] = density, -density
    cross[..., at, 0, at], cross[..., at + 1, 0, at] = -slope, slope
    return Response(value, first[..., None], second[..., None, None], further, cross)


def multinomial_response(eta: FloatArray, further: FloatArray) -> Response:
    """P(y = c) of every category (..., n, C) of the indices (..., n, C - 1) of all but category 0."""
    full = np.concatenate([np.zeros((*eta.shape[:-1], 1)), eta], axis=-1)
    powers = np.exp(full - full.max(axis=-1, keepdims=True))
    p = powers / powers.sum(axis=-1, keepdims=True)
    categories = p.shape[-1]
    own, others = np.eye(categories)[:, 1:], p[..., None, 1:]
    apart = own - others
    within = others[..., 0, :, None] * (np.eye(categories - 1) - others)
    second = p[..., None, None] * (apart[..., :, None] * apart[..., None, :] - within[..., None, :, :])
    none = np.zeros((*p.shape, 0))
    return Response(p, p[..., None] * apart, second, none, np.zeros((*apart.shape, 0)))


@dataclass(frozen=True, slots=True)
class TobitLimits:
    """Responses of a Tobit censored at `lower` and `upper`: of one index (..., n, 1) and sigma (..., 1)."""

    lower: float = -np.inf
    upper: float = np.inf

    def observed(self, eta: FloatArray, sigma: FloatArray) -> Response:
        """E(y), the outcome as seen, limits included."""
        m, s, low, high, moments, inside = self._parts(eta, sigma)
        value = m * inside + s * moments[0]
        if np.isfinite(self.lower):
            value = value + self.lower * ndtr(low)
        if np.isfinite(self.upper):
            value = value + self.upper * ndtr(-high)
        return self._record(value, inside, moments[0] / s, moments[0], moments[1] / s)

    def uncensored(self, eta: FloatArray, sigma: FloatArray) -> Response:
        """P(lower < y < upper)."""
        _, s, _, _, moments, inside = self._parts(eta, sigma)
        second, cross = moments[1] / (s * s), (moments[2] - moments[0]) / (s * s)
        return self._record(inside, moments[0] / s, second, moments[1] / s, cross)

    def conditional(self, eta: FloatArray, sigma: FloatArray) -> Response:
        """E(y | lower < y < upper)."""
        m, s, _, _, moments, inside = self._parts(eta, sigma)
        r, r1, r2, r3 = (moment / inside for moment in moments)
        by_mean, by_sigma = (r1 - r * r) / s, (r2 - r * r1) / s
        return self._record(
            m + s * r,
            1.0 + r1 - r * r,
            (r2 - r - r * r1) / s - 2.0 * r * by_mean,
            r + s * by_sigma,
            (r3 - r1 - r1 * r1) / s - 2.0 * r * by_sigma,
        )

    def _parts(
        self, eta: FloatArray, sigma: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, list[FloatArray], FloatArray]:
        """Mean, sigma, standardised limits, low^j phi(low) - high^j phi(high) for j = 0..3, P(inside)."""
        m, s = eta[..., 0], sigma
        low, high = (self.lower - m) / s, (self.upper - m) / s
        finite_low, finite_high = np.where(np.isinf(low), 0.0, low), np.where(np.isinf(high), 0.0, high)
        at_low, at_high = _density(low), _density(high)
        moments = [finite_low**j * at_low - finite_high**j * at_high for j in range(4)]
        flip = low > 0.0
        inside = ndtr(np.where(flip, -low, high)) - ndtr(np.where(flip, -high, low))
        return m, s, low, high, moments, inside

    def _record(
        self, value: FloatArray, first: FloatArray, second: FloatArray, further: FloatArray, cross: FloatArray
    ) -> Response:
        return Response(
            value[..., None],
            first[..., None, None],
            second[..., None, None, None],
            further[..., None, None],
            cross[..., None, None, None],
        )


def heckman_selected_response(eta: FloatArray, further: FloatArray) -> Response:
    """E(y | selected) = x'b + rho sigma phi / Phi(z'g) of the indices (..., n, 2), outcome then selection.

    `further` (..., 2) holds log sigma and atanh rho.
    """
    outcome, t = eta[..., 0], eta[..., 1]
    sigma, rho = np.exp(further[..., 0:1]), np.tanh(further[..., 1:2])
    slope, turn = rho * sigma, sigma * (1.0 - rho * rho)
    m = np.exp(-0.5 * t * t - log_ndtr(t)) / _ROOT_TWO_PI
    m1 = -m * (m + t)
    m2 = -m1 * (m + t) - m * (m1 + 1.0)
    second = np.zeros((*t.shape, 1, 2, 2))
    second[..., 0, 1, 1] = slope * m2
    cross = np.zeros((*t.shape, 1, 2, 2))
    cross[..., 0, 1, 0], cross[..., 0, 1, 1] = slope * m1, turn * m1
    return Response(
        (outcome + slope * m)[..., None],
        np.stack([np.ones_like(t), slope * m1], axis=-1)[..., None, :],
        second,
        np.stack([slope * m, turn * m], axis=-1)[..., None, :],
        cross,
    )
