"""Distribution of two standard normal variables, on grids of thresholds and for many correlations at once."""

import numpy as np
from scipy.special import ndtr

from socialcap.kernels import FloatArray

_TWO_PI = 2.0 * np.pi
# |rho| up to which so many Gauss-Legendre nodes leave an error near 1e-15 (orders of Genz 2004)
_ORDERS = ((0.3, 6), (0.75, 12), (0.925, 20))
_RULES = {order: np.polynomial.legendre.leggauss(order) for order in (6, 12, 20)}
# rows taken at a time: the work arrays of one piece stay in a core's second-level cache
_PIECE = 512


def bivariate_normal_cdf(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """P(X <= h, Y <= k) of standard normals with correlation `rho`; the three broadcast, all finite, |rho| <=
    1.

    Absolute error below 1e-14. Drezner and Wesolowsky (1990) with the substitution and tail of Genz (2004).
    """
    h, k, rho = np.broadcast_arrays(h, k, rho)
    grid = cdf_grid(h.reshape(-1, 1), k.reshape(-1, 1), rho.reshape(-1))
    return grid.reshape(h.shape)


def density_grid(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """Bivariate normal density at all pairs of `h` (m, a) and `k` (m, b) with `rho` (m,), |rho| < 1: (m, a,
    b).

    It is also the derivative of the distribution function in rho (Plackett 1954).
    """
    free = (1.0 - rho * rho)[:, None, None]
    r = rho[:, None, None]
    x, y = h[:, :, None], k[:, None, :]
    return np.exp((2.0 * r * x * y - x * x - y * y) / (2.0 * free)) / (_TWO_PI * np.sqrt(free))


def cdf_grid(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """Bivariate normal distribution function at all pairs of `h` (m, a) and `k` (m, b), `rho` (m,): (m, a,
    b).

    Up to |rho| = .925 by Gauss-Legendre on the angle, beyond it by expansion about |rho| = 1.
    """
    out = np.empty((h.shape[0], h.shape[1], k.shape[1]))
    size = np.abs(rho)
    lower = -1.0
    for upper, order in _ORDERS:
        _fill(out, h, k, rho, np.flatnonzero((size > lower) & (size <= upper)), order)
        lower = upper
    steep = np.flatnonzero(size > lower)
    if steep.size:
        out[steep] = _near_one(h[steep], k[steep], rho[steep])
    return out


def _fill(
    out: FloatArray, h: FloatArray, k: FloatArray, rho: FloatArray, rows: np.ndarray, order: int
) -> None:
    for first in range(0, rows.size, _PIECE):
        part = rows[first : first + _PIECE]
        out[part] = _by_angle(h[part], k[part], rho[part], order)


def _by_angle(h: FloatArray, k: FloatArray, rho: FloatArray, order: int) -> FloatArray:
    """Phi(h) Phi(k) + integral of the density over the correlation from 0 to rho, r = sin(angle)."""
    nodes, node_weights = _RULES[order]
    angle = 0.5 * np.arcsin(rho)
    sine = np.sin(angle[:, None] * (nodes + 1.0))
    free = 1.0 / (1.0 - sine * sine)
    cross = h[:, :, None] * k[:, None, :]
    squares = 0.5 * (h[:, :, None] ** 2 + k[:, None, :] ** 2)
    total = np.zeros_like(cross)
    for i in range(order):
        term = cross * sine[:, i, None, None]
        term -= squares
        term *= free[:, i, None, None]
        np.exp(term, out=term)
        term *= node_weights[i]
        total += term
    total *= (angle / _TWO_PI)[:, None, None]
    total += ndtr(h)[:, :, None] * ndtr(k)[:, None, :]
    return total


def _near_one(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """The distribution function for .925 < |rho| <= 1: its value at 1 less the integral from rho to 1.

    With x = sqrt(1 - r^2) the integrand is exp(-b^2 / 2x^2) g(x), b = h - k. g is even: its expansion to x^4
    is integrated exactly, the rest, of order x^6, by Gauss-Legendre. Negative rho: P(h, k) = P(h) - P(h, -k;
    -rho).
    """
    negative = (rho < 0)[:, None, None]
    x1 = h[:, :, None]
    x2 = np.where(negative, -k[:, None, :], k[:, None, :])
    end = np.sqrt((1.0 - np.abs(rho)) * (1.0 + np.abs(rho)))[:, None, None]
    b2, hk = (x1 - x2) ** 2, x1 * x2
    second, fourth = (4.0 - hk) / 8.0, (4.0 - hk) * (12.0 - hk) / 128.0
    base = np.exp(-0.5 * hk)
    open_end = end > 0
    safe = np.where(open_end, end, 1.0)
    edge = np.exp(-0.5 * b2 / (safe * safe))
    b = np.sqrt(b2)
    zeroth = end * edge - b * np.sqrt(_TWO_PI) * ndtr(-b / safe)
    square = (end**3 * edge - b2 * zeroth) / 3.0
    quartic = (end**5 * edge - b2 * square) / 5.0
    integral = base * (zeroth + second * square + fourth * quartic)
    for node, weight in zip(*_RULES[20], strict=True):
        x = 0.5 * (node + 1.0) * safe
        xx = x * x
        r = np.sqrt(1.0 - xx)
        rest = np.exp(-hk / (1.0 + r)) / r - base * (1.0 + second * xx + fourth * xx * xx)
        integral += 0.5 * weight * safe * np.exp(-0.5 * b2 / xx) * rest
    value = ndtr(np.minimum(x1, x2)) - np.where(open_end, integral, 0.0) / _TWO_PI
    return np.asarray(np.where(negative, ndtr(x1) - value, value))
