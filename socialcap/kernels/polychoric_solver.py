"""Maximum-likelihood correlation of a two-way table with given thresholds: cell probabilities and Newton
steps.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from socialcap.kernels import FloatArray
from socialcap.kernels.bivariate_normal import cdf_grid, density_grid

FAR = 12.0
"""Standard normals beyond this have no mass that double precision could see: stands for an infinite
threshold.
"""

SMALLEST = 1e-18
"""Floor of cell probabilities, below the rounding error of the differences they come from."""

LIMIT = 0.9999
"""Estimates stay inside +-LIMIT; one at the edge belongs to a likelihood that rises all the way to +-1."""

# A score per observation below this is rounding: the likelihood is flat.
_FLAT = 1e-14
_MAX_ITERATIONS = 60
# tables solved together: their work arrays stay in the processor's cache
_BLOCK = 1024
# a move below this part of 1 - rho^2 is integrated from its two ends
_SHORT = 0.04


@dataclass(frozen=True, slots=True)
class _State:
    """Distribution function at the thresholds and its first three derivatives in rho, each (m, a, b)."""

    value: FloatArray
    first: FloatArray
    second: FloatArray
    third: FloatArray

    def take(self, rows: np.ndarray) -> "_State":
        return _State(self.value[rows], self.first[rows], self.second[rows], self.third[rows])


def cells(h: FloatArray, k: FloatArray, rho: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probabilities (m, a + 1, b + 1) between thresholds `h` (m, a), `k` (m, b) at `rho` (m,), and two
    derivatives.

    The derivatives are in rho; all thresholds finite, |rho| < 1.
    """
    first, second, _ = _slopes(h, k, rho)
    return _masses(ndtr(h), ndtr(k), cdf_grid(h, k, rho), first, second)


def solve(pair: FloatArray, h: FloatArray, k: FloatArray) -> tuple[FloatArray, np.ndarray, np.ndarray]:
    """Maximum-likelihood rho of tables `pair` (m, c, d) at thresholds `h` (m, c - 1), `k` (m, d - 1).

    Also whether the estimate is at the boundary, and whether the iterations ended. NaN for a table in which
    one side uses a single category.
    """
    m = pair.shape[0]
    rho, edge, done = np.empty(m), np.empty(m, dtype=bool), np.empty(m, dtype=bool)
    for first in range(0, m, _BLOCK):
        part = slice(first, first + _BLOCK)
        rho[part], edge[part], done[part] = _solve_block(pair[part], h[part], k[part])
    return rho, edge, done


def _slopes(h: FloatArray, k: FloatArray, rho: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bivariate normal density at the grid of thresholds, and its first two derivatives in rho."""
    density = density_grid(h, k, rho)
    r = rho[:, None, None]
    free = 1.0 / (1.0 - r * r)
    cross = h[:, :, None] * k[:, None, :]
    squares = h[:, :, None] ** 2 + k[:, None, :] ** 2
    tilt = (cross * (1.0 + r * r) - r * squares) * (free * free)
    # derivative of log density, and of that
    growth = tilt + r * free
    bend = (2.0 * r * cross - squares) * (free * free) + 4.0 * r * free * tilt + (1.0 + r * r) * (free * free)
    return density, density * growth, density * (growth * growth + bend)


def _masses(
    left: FloatArray, right: FloatArray, value: FloatArray, first: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mixed differences over the grid with its borders, where the derivatives are zero."""
    m, a, b = value.shape
    corners = np.zeros((3, m, a + 2, b + 2))
    inner = corners[:, :, 1:-1, 1:-1]
    inner[0], inner[1], inner[2] = value, first, second
    corners[0, :, 1:-1, -1] = left
    corners[0, :, -1, 1:-1] = right
    corners[0, :, -1, -1] = 1.0
    rows = corners[:, :, 1:, :] - corners[:, :, :-1, :]
    mass = rows[..., 1:] - rows[..., :-1]
    return mass[0], mass[1], mass[2]


def _state(h: FloatArray, k: FloatArray, rho: FloatArray) -> _State:
    return _State(cdf_grid(h, k, rho), *_slopes(h, k, rho))


def _moved(state: _State, h: FloatArray, k: FloatArray, old: FloatArray, new: FloatArray) -> _State:
    """The state at `new`: over a short way the density is integrated from its values and slopes at both ends.

    Two-point Hermite rule, error h^7 f^(6) / 100800, below 1e-12 for the moves let through; else by
    quadrature.
    """
    first, second, third = _slopes(h, k, new)
    step = (new - old)[:, None, None]
    value = state.value + step * (
        0.5 * (state.first + first)
        + step * (0.1 * (state.second - second) + step * (state.third + third) / 120.0)
    )
    far = np.flatnonzero(np.abs(new - old) > _SHORT * (1.0 - new * new))
    if far.size:
        value[far] = cdf_grid(h[far], k[far], new[far])
    return _State(value, first, second, third)


def _start(freq: FloatArray, h: FloatArray, k: FloatArray) -> FloatArray:
    """First Fisher step from rho = 0, where everything factors into the margins; held inside +-.9."""
    left, right = _normal_scores(h), _normal_scores(k)
    cross = np.einsum("mab,ma,mb->m", freq, left[0], right[0])
    return np.asarray(np.clip(cross / np.maximum(left[1] * right[1], SMALLEST), -0.9, 0.9))


def _normal_scores(h: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of the latent normal within each category (m, c), and the variance of those means (m,)."""
    density = np.zeros((h.shape[0], h.shape[1] + 2))
    density[:, 1:-1] = np.exp(-0.5 * h * h) / np.sqrt(2.0 * np.pi)
    below = np.zeros_like(density)
    below[:, 1:-1] = ndtr(h)
    below[:, -1] = 1.0
    share, mass = below[:, 1:] - below[:, :-1], density[:, :-1] - density[:, 1:]
    score = np.divide(mass, share, out=np.zeros_like(mass), where=share > SMALLEST)
    return score, (score * mass).sum(axis=1)


def _solve_block(pair: FloatArray, h: FloatArray, k: FloatArray) -> tuple[FloatArray, np.ndarray, np.ndarray]:
    n = pair.sum(axis=(1, 2))
    spread = ((pair.sum(axis=2) > 0).sum(axis=1) > 1) & ((pair.sum(axis=1) > 0).sum(axis=1) > 1)
    rho = np.full(n.shape, np.nan)
    edge = np.zeros(n.shape, dtype=bool)
    done = ~spread
    live = np.flatnonzero(spread)
    freq = pair[live] / n[live, None, None]
    h, k = h[live], k[live]
    left, right = ndtr(h), ndtr(k)
    r = _start(freq, h, k)
    state = _state(h, k, r)
    low, high = np.full(r.shape, -LIMIT), np.full(r.shape, LIMIT)
    for _ in range(_MAX_ITERATIONS):
        score, step = _newton_step(freq, _masses(left, right, state.value, state.first, state.second))
        low = np.where(score > 0, r, low)
        high = np.where(score < 0, r, high)
        new = r + step
        # outside the bracket: half-way to its end instead
        new = np.where(new > high, 0.5 * (r + high), np.where(new < low, 0.5 * (r + low), new))
        flat = np.abs(score) < _FLAT
        # Newton doubles the digits: after a step this small the error is of order 1e-12
        small = np.abs(new - r) < 1e-6 * (1.0 - r * r)
        stop = small | flat
        at_limit = np.abs(new) > LIMIT - 1e-5
        new = np.where(at_limit & small, np.copysign(LIMIT, new), new)
        edge[live] = (flat & ~small & (np.abs(r) > 0.9)) | at_limit
        rho[live] = np.where(flat, r, new)
        done[live] = stop
        go = np.flatnonzero(~stop)
        if go.size == 0:
            break
        if go.size < stop.size:
            live, freq, h, k, left, right = live[go], freq[go], h[go], k[go], left[go], right[go]
            low, high, r, new, state = low[go], high[go], r[go], new[go], state.take(go)
        state, r = _moved(state, h, k, r, new), new
    return rho, edge, done


def _newton_step(
    freq: FloatArray, mass: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Score per observation, and the Newton step, by squared scores where the curvature is unsafe."""
    cell, first, second = mass
    weight = freq / np.maximum(cell, SMALLEST)
    score = np.einsum("mab,mab->m", weight, first)
    outer = np.einsum("mab,mab->m", weight * first / np.maximum(cell, SMALLEST), first)
    observed = outer - np.einsum("mab,mab->m", weight, second)
    information = np.where(observed > 0.1 * outer, observed, outer)
    return score, score / np.maximum(information, SMALLEST)
