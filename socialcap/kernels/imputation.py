"""Multiple imputation by chained equations with predictive mean matching, all chains side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Chains:
    """`completed` (m, n, p): the data, filled in m times; `means`, `spreads` (m, t, p) of what was filled in.

    Means and standard deviations (divisor count − 1) after each of t passes; NaN for a column with nothing,
    or for the spread a single value, to fill.
    """

    completed: FloatArray
    means: FloatArray
    spreads: FloatArray


def chained_pmm(
    x: FloatArray,
    covariates: FloatArray,
    streams: Sequence[np.random.Generator],
    passes: int = 10,
    donors: int = 5,
    ridge: float = 1e-5,
) -> Chains:
    """One completed copy of `x` (n, p), NaN = missing, per random stream.

    Chained equations (van Buuren 2018, algorithm 4.3): holes start as random draws from the column's observed
    values; each pass visits the incomplete columns from left to right and imputes each from all others and
    from the complete `covariates` (n, a), by predictive mean matching as in R's mice (van Buuren 2018,
    algorithms 3.1 and 3.3, matching of type 1): a cell takes the observed value of a donor drawn from the
    `donors` rows whose prediction, by the estimated coefficients, is nearest to the cell's, by coefficients
    drawn from their posterior; ties are broken at random. `ridge` times the diagonal is added to the
    cross-products of the predictors, which are standardised first: a year of founding is as well-behaved as a
    five-point answer.

    A chain depends on its own stream alone: any split of the streams gives the same copies. Each column needs
    an observed value.
    """
    holes = np.isnan(x)
    z, origin, scale = _standardise(x)
    fixed = np.concatenate([np.ones((len(x), 1)), _standardise(covariates)[0]], axis=1)
    first = fixed.shape[1]
    state = np.concatenate(
        [np.broadcast_to(part, (len(streams), *part.shape)) for part in (fixed, z)], axis=2
    )
    source = np.broadcast_to(np.arange(len(x))[:, None], (len(streams), *x.shape)).copy()
    incomplete = np.flatnonzero(holes.any(axis=0))
    for j in incomplete:
        observed = np.flatnonzero(~holes[:, j])
        drawn = np.stack([stream.choice(observed, holes[:, j].sum()) for stream in streams])
        source[:, holes[:, j], j] = drawn
        state[:, holes[:, j], first + j] = z[drawn, j]
    trace = np.full((2, len(streams), passes, x.shape[1]), np.nan)
    for step in range(passes):
        for j in incomplete:
            drawn = _match(state, first + j, holes[:, j], streams, donors, ridge)
            source[:, holes[:, j], j] = drawn
            state[:, holes[:, j], first + j] = z[drawn, j]
            trace[0, :, step, j] = origin[j] + scale[j] * z[drawn, j].mean(axis=1)
            if drawn.shape[1] > 1:
                trace[1, :, step, j] = scale[j] * z[drawn, j].std(axis=1, ddof=1)
    # Copied from the donors rather than scaled back, so that every digit is one that was observed.
    return Chains(x[source, np.arange(x.shape[1])], trace[0], trace[1])


def _match(
    state: FloatArray,
    target: int,
    holes: np.ndarray,
    streams: Sequence[np.random.Generator],
    donors: int,
    ridge: float,
) -> IntArray:
    """Donor rows (m, holes) for the column `target` of `state` (m, n, q)."""
    others = np.delete(np.arange(state.shape[2]), target)
    observed = np.flatnonzero(~holes)
    seen, y = state[:, observed][:, :, others], state[:, observed, target]
    unseen = state[:, holes][:, :, others]
    estimate, draw = _coefficients(seen, y, streams, ridge)
    predicted = (seen @ estimate[..., None])[..., 0]
    wanted = (unseen @ draw[..., None])[..., 0]
    return np.stack(
        [
            observed[nearest_donors(predicted[i], wanted[i], donors, stream)]
            for i, stream in enumerate(streams)
        ]
    )


def _coefficients(
    seen: FloatArray, y: FloatArray, streams: Sequence[np.random.Generator], ridge: float
) -> tuple[FloatArray, FloatArray]:
    """Estimated coefficients (m, q) and one draw each from their posterior (van Buuren 2018, algorithm 3.1).

    With S = X'X and V = (S + ridge diag S)⁻¹: b = V X'y, s² = residual sum of squares / chi-square on n − q
    degrees of freedom (at least one), draw = b + s V^½ z.
    """
    n, q = seen.shape[1:]
    flipped = np.swapaxes(seen, 1, 2)
    products = flipped @ seen
    index = np.arange(q)
    diagonal = products[:, index, index]
    # A predictor that is zero throughout (a constant, standardised) keeps the matrix invertible by 1.
    products[:, index, index] = np.where(diagonal > 0, diagonal * (1.0 + ridge), 1.0)
    precision = np.linalg.inv(products)
    estimate = (precision @ (flipped @ y[..., None]))[..., 0]
    residual = y - (seen @ estimate[..., None])[..., 0]
    squares = np.einsum("ij,ij->i", residual, residual)
    spread = np.sqrt(squares / np.array([stream.chisquare(max(n - q, 1)) for stream in streams]))
    root = np.linalg.cholesky(0.5 * (precision + np.swapaxes(precision, 1, 2)))
    noise = np.stack([stream.standard_normal(q) for stream in streams])
    return estimate, estimate + spread[:, None] * (root @ noise[..., None])[..., 0]


def nearest_donors(
    predicted: FloatArray, wanted: FloatArray, donors: int, stream: np.random.Generator
) -> IntArray:
    """For each of `wanted` (k,) the position of a random one of the `donors` nearest among `predicted` (n,).

    Equal predictions stand in random order, so that no row is preferred for its place.
    """
    n = predicted.size
    donors = min(donors, n)
    shuffled = stream.permutation(n)
    order = shuffled[np.argsort(predicted[shuffled], kind="stable")]
    ranked = predicted[order]
    # The nearest of sorted values lie within `donors` places on either side.
    start = np.searchsorted(ranked, wanted)[:, None] + np.arange(-donors, donors)
    distance = np.where(
        (start >= 0) & (start < n), np.abs(ranked[np.clip(start, 0, n - 1)] - wanted[:, None]), np.inf
    )
    nearest = np.argpartition(distance, donors - 1, axis=1)[:, :donors]
    row = np.arange(wanted.size)
    chosen = nearest[row, stream.integers(donors, size=wanted.size)]
    return np.asarray(order[start[row, chosen]], dtype=np.int64)


def _standardise(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Columns by their observed mean and spread (spread 1 for a constant column), and both."""
    seen = ~np.isnan(x)
    counts = np.maximum(seen.sum(axis=0), 1)
    origin = np.where(seen, x, 0.0).sum(axis=0) / counts
    spread = np.sqrt(np.where(seen, np.square(x - origin), 0.0).sum(axis=0) / counts)
    scale = np.where(spread > 0, spread, 1.0)
    return (x - origin) / scale, origin, scale
