"""Wild cluster bootstrap: restricted bootstrap-t for least squares, score bootstrap for likelihoods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.ols import OlsFit
from socialcap.kernels.resampling import replicate_words
from socialcap.kernels.sandwich import cluster_sums, row_scores

Weights = Literal["rademacher", "webb"]
Ties = Literal["strict", "counted"]

_DIGITS = 5
_WEBB_VALUES = np.sqrt([0.5, 1.0, 1.5, 0.5, 1.0, 1.5]) * [-1, -1, -1, 1, 1, 1]
_WEBB_TABLE = _WEBB_VALUES[np.indices((6,) * _DIGITS).reshape(_DIGITS, -1).T]
"""Webb's values of every five base-six digits, (6^5, 5)."""

_TIE = 1e-9
"""Squares closer than this, relatively, are equal: the sample's own signs are among the enumerated ones."""

_CHUNK_CELLS = 40_000
"""Multipliers made at a time: few enough to stay in the processor's cache."""

_STEP, _STEPS, _DOUBLINGS, _HALVINGS = 0.125, 80, 20, 45
"""The interval's ends are looked for in steps of an eighth of a standard error up to ten of them, then by
doubling, and narrowed by halving."""


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """A wild bootstrap test of c'b = value, and the values that it does not reject.

    estimate: c'b; std_error: CR1; t: of the sample; t_draws (B,); p_strict: share of draws with |t*| > |t|;
    p_ties: with |t*| >= |t|; ci_low, ci_high: infinite where that side rejects no value; enumerated: all
    2^G sign vectors in place of random ones.
    """

    estimate: float
    std_error: float
    t: float
    t_draws: FloatArray
    p_strict: float
    p_ties: float
    ci_low: float
    ci_high: float
    n_clusters: int
    enumerated: bool


@dataclass(frozen=True, slots=True)
class ScoreBootstrap:
    """A score bootstrap test: t of the sample, t_draws (B,), p_strict and p_ties as in `WildBootstrap`."""

    t: float
    t_draws: FloatArray
    p_strict: float
    p_ties: float
    n_clusters: int
    enumerated: bool


def wild_cluster_bootstrap(
    fit: OlsFit,
    clusters: IntArray,
    contrast: FloatArray,
    *,
    seed: int,
    value: float = 0.0,
    n_draws: int = 9999,
    weights: Weights = "rademacher",
    level: float = 0.95,
    ties: Ties = "strict",
) -> WildBootstrap:
    """Wild cluster bootstrap-t with the null c'b = `value` imposed (Cameron, Gelbach and Miller 2008, WCR).

    `fit` of shapes (n, k), `clusters` (n,) codes, `contrast` c (k,). The residuals of the restricted fit are
    multiplied, cluster by cluster, by signs ("rademacher") or Webb's (2023) six values ±√½, ±1, ±√1½; t uses
    the CR1 covariance. All 2^G sign vectors are taken once each where they are no more than `n_draws`. The
    p-value is two-sided and symmetric; the interval reaches from the estimate to the first value rejected on
    each side at 1 - `level`, with ties as `ties` says.

    Only the clusters' scores and cross-products enter (Roodman, Nielsen, MacKinnon and Webb 2019). With d =
    c'b - value, A = (X'WX)^-1 and C_g = X_g'W_gX_g A c, the restricted scores are X_g'W_ge_g + d C_g / c'Ac,
    so that a draw's t is a ratio of polynomials in d and the interval needs no new draws. Absorbed levels
    must be nested in the clusters: others would have to be estimated anew in each draw, and belong into x as
    indicators.
    """
    plan = _plan(clusters, seed, n_draws, weights)
    draws = _Draws.of(fit, clusters, contrast, plan)
    excess = {kind: draws.excess(kind) for kind in ("strict", "counted")}
    estimate = float(contrast @ fit.coefficients)
    factor = plan.n_clusters / (plan.n_clusters - 1.0) * float((fit.n_obs - 1.0) / fit.df_resid)
    std_error = float(np.sqrt(factor * draws.observed))
    distance = estimate - value
    above, below = (_first_rejected(excess[ties], side * std_error, 1.0 - level) for side in (1.0, -1.0))
    return WildBootstrap(
        estimate=estimate,
        std_error=std_error,
        t=distance / std_error,
        t_draws=_mirrored(draws.t(distance) / np.sqrt(factor), plan),
        p_strict=_p_value(excess["strict"], distance),
        p_ties=_p_value(excess["counted"], distance),
        ci_low=estimate - above,
        ci_high=estimate - below,
        n_clusters=plan.n_clusters,
        enumerated=plan.enumerated,
    )


def score_bootstrap(
    scores: FloatArray,
    hessian: FloatArray,
    clusters: IntArray,
    contrast: FloatArray,
    *,
    seed: int,
    n_draws: int = 9999,
    weights: Weights = "rademacher",
) -> ScoreBootstrap:
    """Wild bootstrap of the score test of c'theta = value in a likelihood model (Kline and Santos 2012).

    `scores` (n, k) and `hessian` (k, k) are those of the fit under the null, `clusters` (n,) codes,
    `contrast` c (k,). t = sum a_g / sqrt(sum (a_g - mean a)^2) with a_g = -c'H^-1 s_g, the clusters'
    contributions to the score of the tested combination; a draw multiplies each a_g and estimates nothing
    again.
    """
    direction = -np.linalg.solve(hessian, contrast)
    contributions = cluster_sums(scores, clusters) @ direction
    plan = _plan(clusters, seed, n_draws, weights)
    drawn = np.concatenate([_studentised(v * contributions[:, None]) for v in plan.multipliers()])
    t = float(_studentised(contributions[:, None])[0])
    excess = drawn * drawn - t * t
    return ScoreBootstrap(
        t=t,
        t_draws=_mirrored(drawn, plan),
        p_strict=float(np.mean(excess > _TIE * t * t)),
        p_ties=float(np.mean(excess >= -_TIE * t * t)),
        n_clusters=plan.n_clusters,
        enumerated=plan.enumerated,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which multipliers are drawn for G clusters.

    Of two opposite sign vectors one is enumerated: they have the same t squared.
    """

    n_clusters: int
    n_draws: int
    weights: Weights
    enumerated: bool
    seed: int

    def multipliers(self) -> Iterator[FloatArray]:
        """Multipliers (G, m), some draws at a time; draw b depends on the seed and b alone."""
        step = max(64, _CHUNK_CELLS // self.n_clusters)
        for start in range(0, self.n_draws, step):
            yield self._slice(range(start, min(start + step, self.n_draws)))

    def _slice(self, draws: range) -> FloatArray:
        if self.weights == "webb":
            words = self._words(draws, -(-self.n_clusters // _DIGITS))
            # the integer part of 6^5 u, u of 32 bits, in base six: its bias, below 6^5 / 2^32, is ignored
            values = _WEBB_TABLE[((words * np.uint64(6**_DIGITS)) >> np.uint64(32)).astype(np.int64)]
            return np.ascontiguousarray(values.reshape(len(draws), -1)[:, : self.n_clusters].T)
        if self.enumerated:
            words = np.arange(draws.start, draws.stop, dtype=np.uint64)[:, None]
        else:
            words = self._words(draws, -(-self.n_clusters // 32))
        bits = np.unpackbits(words.astype("<u4").view(np.uint8), axis=1, bitorder="little")
        signs = np.ascontiguousarray(bits[:, : self.n_clusters].T).astype(np.float64)
        signs *= 2.0
        signs -= 1.0
        return signs

    def _words(self, draws: range, each: int) -> NDArray[np.uint64]:
        """Random words (len(draws), each); four draws share a stream: the generator makes words by fours."""
        first = draws.start // 4
        streams = replicate_words(self.seed, range(first, -(-draws.stop // 4)), 4 * each)
        return streams.reshape(-1, each)[draws.start - 4 * first : draws.stop - 4 * first]


def _plan(clusters: IntArray, seed: int, n_draws: int, weights: Weights) -> _Plan:
    """All sign vectors where they are few enough, random multipliers otherwise."""
    n_clusters = len(np.unique(clusters))
    enumerated = weights == "rademacher" and n_clusters <= 30 and 2**n_clusters <= n_draws
    return _Plan(n_clusters, 2 ** (n_clusters - 1) if enumerated else n_draws, weights, enumerated, seed)


def _mirrored(draws: FloatArray, plan: _Plan) -> FloatArray:
    """Statistics of all draws, the opposites of enumerated ones included."""
    return np.concatenate((draws, -draws)) if plan.enumerated else draws


@dataclass(frozen=True, slots=True)
class _Draws:
    """Of each draw, as polynomials in d: numerator (2, B) and sum of squared scores (3, B), row i the
    coefficient of d^i. observed: the sample's sum of squared scores.
    """

    numerator: FloatArray
    squares: FloatArray
    observed: float

    @classmethod
    def of(cls, fit: OlsFit, clusters: IntArray, contrast: FloatArray, plan: _Plan) -> _Draws:
        """A draw v has numerator sum v_g n_g and scores v_h n_h - C_h'A sum v_g S_g, with n_g = c'A S_g."""
        direction = fit.xtx_inv @ contrast
        rows = row_scores(fit)
        loads = fit.x * ((fit.x @ direction) * (1.0 if fit.weights is None else fit.weights))[:, None]
        if fit.counts is not None:
            rows, loads = rows * fit.counts[:, None], loads * fit.counts[:, None]
        base, loads = cluster_sums(rows, clusters), cluster_sums(loads, clusters)
        slope = loads / float(contrast @ direction)
        back = loads @ fit.xtx_inv
        at, along = base @ direction, slope @ direction
        numerator = np.empty((2, plan.n_draws))
        squares = np.empty((3, plan.n_draws))
        start = 0
        for v in plan.multipliers():
            here = slice(start, start + v.shape[1])
            start += v.shape[1]
            numerator[:, here] = np.stack((at, along)) @ v
            s0 = at[:, None] * v - back @ (base.T @ v)
            s1 = along[:, None] * v - back @ (slope.T @ v)
            for row, (left, right) in enumerate(((s0, s0), (s0, s1), (s1, s1))):
                squares[row, here] = np.einsum("gb,gb->b", left, right)
        squares[1] *= 2.0
        return cls(numerator, squares, float(at @ at))

    def t(self, d: float) -> FloatArray:
        """t of each draw (B,), without the small-sample factor."""
        squares = np.maximum(_powers(d, 3) @ self.squares, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((_powers(d, 2) @ self.numerator) / np.sqrt(squares))

    def excess(self, ties: Ties) -> FloatArray:
        """Polynomials in d (5, B), positive where |t*| > |t| or, with ties counted, >= |t|.

        Both sides are multiplied out of their fractions: numerator^2 observed - d^2 squares (1 +- tolerance).
        """
        n0, n1 = self.numerator
        scale = 1.0 + (_TIE if ties == "strict" else -_TIE)
        found = np.empty((5, n0.shape[0]))
        found[0], found[1], found[2] = n0 * n0, 2.0 * n0 * n1, n1 * n1
        found[:3] *= self.observed
        found[3:] = 0.0
        found[2:] -= scale * self.squares
        return found


def _powers(d: float, count: int) -> FloatArray:
    """1, d, d^2 ..."""
    return np.asarray(d ** np.arange(count), dtype=float)


def _p_value(excess: FloatArray, d: float) -> float:
    """Share of draws with positive excess at d."""
    return int(np.count_nonzero(_powers(d, 5) @ excess > 0.0)) / int(excess.shape[1])


def _first_rejected(excess: FloatArray, unit: float, alpha: float) -> float:
    """Distance d, in the direction of `unit`, at which the p-value first falls to alpha or below."""
    inside = 0.0
    fine = [_STEP * i for i in range(1, _STEPS + 1)]
    for multiple in [*fine, *(fine[-1] * 2.0**i for i in range(1, _DOUBLINGS + 1))]:
        outside = multiple * unit
        if _p_value(excess, outside) > alpha:
            inside = outside
            continue
        for _ in range(_HALVINGS):
            middle = 0.5 * (inside + outside)
            if _p_value(excess, middle) > alpha:
                inside = middle
            else:
                outside = middle
        return 0.5 * (inside + outside)
    return float(np.copysign(np.inf, unit))


def _studentised(parts: FloatArray) -> FloatArray:
    """Sum over clusters (m,) of `parts` (G, m), over the root of its sum of squares about the mean."""
    centred = parts - parts.mean(axis=0)
    return np.asarray(parts.sum(axis=0) / np.sqrt(np.einsum("gb,gb->b", centred, centred)), dtype=float)
