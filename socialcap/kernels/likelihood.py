"""What maximum-likelihood models share: Newton's method over a batch, the record of a fit, sums over rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from socialcap.kernels import FloatArray, IntArray

BoolArray = NDArray[np.bool_]
Number = TypeVar("Number", np.float64, np.int64)
Rows = slice | IntArray
Evaluation = tuple[FloatArray, FloatArray, FloatArray]
Evaluate = Callable[[FloatArray, Rows], Evaluation]

# Newton decrement g'(-H)^{-1} g, in units of log-likelihood, below which the step just made was the last one;
# convergence is quadratic, so what remains is of the order of its square
TOLERANCE = 1e-12
MAX_ITERATIONS = 60
_HALVINGS = 40
# numbers in the largest work array of one block of replicates: it stays in a core's second-level cache
_BLOCK = 1 << 17
# reciprocal condition of the information, scaled to unit diagonal, below which it counts as singular
_SINGULAR = 1e-12
# root of an information's diagonal entry below which it counts as vanished: its inverse would overflow
_VANISHED = 1e-140
# a last Newton step that still moves some index so far, with no log-likelihood left to gain, is divergence
_DIVERGING = 1e-2
# size, relative to the largest, below which a movement of an index counts as none
_STILL = 1e-3
# a row's share of a log-likelihood that is zero but for rounding
_PERFECT = 1e-9


@dataclass(frozen=True, slots=True)
class LikelihoodFit:
    """A model fitted by maximum likelihood, over leading axes (...); p parameters, n rows.

    coefficients (..., p); vcov (..., p, p), NaN where `singular`; loglik and loglik_null (...), the latter of
    the model with a constant (and thresholds) alone; scores (..., n, p), the gradient of each row's term,
    weight included; hessian (..., p, p) of the log-likelihood; n_obs (...), the sum of the weights;
    converged, separated, singular (...); iterations (...). A fit that is separated or singular is not
    converged.
    """

    coefficients: FloatArray
    vcov: FloatArray
    loglik: FloatArray
    loglik_null: FloatArray
    scores: FloatArray
    hessian: FloatArray
    n_obs: FloatArray
    converged: BoolArray
    separated: BoolArray
    singular: BoolArray
    iterations: IntArray

    @property
    def std_errors(self) -> FloatArray:
        """Square roots of the diagonal of vcov (..., p)."""
        return np.sqrt(np.diagonal(self.vcov, axis1=-2, axis2=-1))

    @property
    def aic(self) -> FloatArray:
        """-2 loglik + 2p, every estimated parameter counted (thresholds and scales too)."""
        return np.asarray(-2.0 * self.loglik + 2.0 * self.coefficients.shape[-1])

    @property
    def bic(self) -> FloatArray:
        """-2 loglik + p log n, n the sum of the weights."""
        return np.asarray(-2.0 * self.loglik + self.coefficients.shape[-1] * np.log(self.n_obs))

    @property
    def mcfadden(self) -> FloatArray:
        """McFadden's (1974) pseudo-R2, 1 - loglik / loglik_null, unadjusted; NaN when loglik_null is 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1.0 - self.loglik / self.loglik_null)

    @property
    def cox_snell(self) -> FloatArray:
        """Cox and Snell's (1989) pseudo-R2, 1 - exp(2 (loglik_null - loglik) / n)."""
        return np.asarray(-np.expm1(2.0 * (self.loglik_null - self.loglik) / self.n_obs))

    @property
    def nagelkerke(self) -> FloatArray:
        """Nagelkerke's (1991) pseudo-R2: Cox and Snell's over its maximum, 1 - exp(2 loglik_null / n)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.cox_snell / -np.expm1(2.0 * self.loglik_null / self.n_obs))


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where Newton's method ended, for B problems: theta (B, p), value (B,), gradient (B, p), hessian
    (B, p, p), last_step (B, p) the last full Newton step, settled (B,), iterations (B,).
    """

    theta: FloatArray
    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray
    last_step: FloatArray
    settled: BoolArray
    iterations: IntArray


@dataclass(frozen=True, slots=True)
class Batch:
    """The leading axes of a problem, flattened: `shape` (...) and `size`, their product."""

    shape: tuple[int, ...]
    size: int

    def flat(self, array: NDArray[Number], core: int) -> NDArray[Number]:
        """`array` (..., core axes) as (size, core axes); unchanged where it has no leading axes."""
        if array.ndim == core:
            return array
        full = np.broadcast_to(array, (*self.shape, *array.shape[array.ndim - core :]))
        return full.reshape(self.size, *array.shape[array.ndim - core :])

    def each(self, array: FloatArray, core: int) -> FloatArray:
        """`array` as (size, core axes), repeated where it has no leading axes."""
        core_shape = array.shape[array.ndim - core :]
        return np.broadcast_to(self.flat(array, core), (self.size, *core_shape))


def batch_of(*arrays: tuple[NDArray[Any] | None, int]) -> Batch:
    """The common leading axes of arrays, each given with its number of core axes."""
    leads = [a.shape[: a.ndim - core] for a, core in arrays if a is not None]
    shape = np.broadcast_shapes(*leads)
    return Batch(shape, int(np.prod(shape, dtype=int)))


def pick(array: NDArray[Number], rows: Rows, core: int) -> NDArray[Number]:
    """The problems `rows` of an array (B, core axes); all of it where it is shared by the problems."""
    return array if array.ndim == core else array[rows]


def index(x: FloatArray, coefficients: FloatArray) -> FloatArray:
    """X b (..., n) of x (n, k) or (..., n, k) and coefficients (..., k)."""
    if x.ndim == 2:
        return np.asarray(coefficients @ x.T)
    return np.asarray((x @ coefficients[..., None])[..., 0])


def row_sum(x: FloatArray, r: FloatArray) -> FloatArray:
    """Sum of r_i x_i (..., k) of x (n, k) or (..., n, k) and r (..., n)."""
    if x.ndim == 2:
        return np.asarray(r @ x)
    return np.asarray((r[..., None, :] @ x)[..., 0, :])


def gram(x: FloatArray, w: FloatArray) -> FloatArray:
    """Sum of w_i x_i x_i' (..., k, k) of x (n, k) or (..., n, k) and w (..., n)."""
    return np.asarray(np.swapaxes(x, -1, -2) @ (x * w[..., None]))


def maximise(
    evaluate: Evaluate,
    start: FloatArray,
    row_size: int,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> Maximum:
    """Maxima of B functions by Newton's method with step halving, from start (B, p).

    evaluate(theta (m, p), rows) gives the value (m,), gradient (m, p) and Hessian (m, p, p) of the problems
    `rows`; any negative definite matrix may stand for the Hessian (Fisher scoring). `row_size`: numbers a
    problem keeps in its largest work array, which sets how many are worked on together. A problem settles
    when its decrement g'(-H)^{-1}g falls to `tolerance`. Where -H is not positive definite the step uses the
    absolute values of its eigenvalues.
    """
    size = start.shape[0]
    piece = max(1, _BLOCK // max(1, row_size))
    parts = [
        _maximise_block(evaluate, start[first : first + piece], first, tolerance, max_iterations)
        for first in range(0, size, piece)
    ]
    if len(parts) == 1:
        return parts[0]
    return Maximum(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Maximum.__dataclass_fields__)
    )


def _maximise_block(
    evaluate: Evaluate, start: FloatArray, first: int, tolerance: float, max_iterations: int
) -> Maximum:
    m = start.shape[0]
    theta, last_step = start.copy(), np.zeros_like(start)
    settled, iterations = np.zeros(m, dtype=bool), np.zeros(m, dtype=int)
    with np.errstate(all="ignore"):
        value, gradient, hessian = (np.array(a) for a in evaluate(theta, slice(first, first + m)))
        going = np.arange(m)
        for number in range(1, max_iterations + 1):
            step, decrement = newton_step(gradient[going], hessian[going])
            last_step[going], iterations[going] = step, number
            moved = _line_search(
                evaluate, first, going, theta, value, gradient, hessian, step, whole=going.size == m
            )
            settled[going] = decrement <= tolerance
            going = going[moved & ~settled[going]]
            if going.size == 0:
                break
    return Maximum(theta, value, gradient, hessian, last_step, settled, iterations)


def _line_search(
    evaluate: Evaluate,
    first: int,
    going: IntArray,
    theta: FloatArray,
    value: FloatArray,
    gradient: FloatArray,
    hessian: FloatArray,
    step: FloatArray,
    whole: bool,
) -> BoolArray:
    """Moves the problems `going` along `step`, halved until the value does not fall; whether each moved."""
    moved = np.zeros(going.size, dtype=bool)
    trying, scale = np.arange(going.size), 1.0
    for _ in range(_HALVINGS):
        at = going[trying]
        trial = theta[at] + scale * step[trying]
        full = whole and trying.size == going.size
        new, slope, curvature = evaluate(trial, slice(first, first + going.size) if full else at + first)
        floor = value[at] - 1e-10 * (1.0 + np.abs(value[at]))
        good = (new >= floor) & np.isfinite(slope.sum(axis=-1)) & np.isfinite(curvature.sum(axis=(-1, -2)))
        kept = at[good]
        theta[kept], value[kept] = trial[good], new[good]
        gradient[kept], hessian[kept] = slope[good], curvature[good]
        moved[trying[good]] = True
        trying = trying[~good]
        if trying.size == 0:
            break
        scale *= 0.5
    return moved


def newton_step(gradient: FloatArray, hessian: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(-H)^{-1} g (m, p) and the decrement g'(-H)^{-1}g (m,), made an ascent direction where it is none."""
    try:
        step = np.linalg.solve(-hessian, gradient[..., None])[..., 0]
    except np.linalg.LinAlgError:
        step = np.full_like(gradient, np.nan)
    decrement = (gradient * step).sum(axis=-1)
    wrong = np.flatnonzero(~((decrement >= 0.0) & np.isfinite(decrement)))
    if wrong.size:
        step[wrong] = _modified_step(gradient[wrong], hessian[wrong])
        decrement[wrong] = (gradient[wrong] * step[wrong]).sum(axis=-1)
    return np.asarray(step), np.asarray(decrement)


def _modified_step(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """The step with the eigenvalues of the scaled -H made positive, those near zero left out."""
    scale = np.sqrt(np.abs(np.diagonal(hessian, axis1=-2, axis2=-1)))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(-hessian / (scale[..., :, None] * scale[..., None, :]))
    size = np.abs(values)
    largest = size.max(axis=-1, keepdims=True)
    inverse = np.where(size > _SINGULAR * largest, 1.0 / np.where(size > 0, size, 1.0), 0.0)
    along = (np.swapaxes(vectors, -1, -2) @ (gradient / scale)[..., None])[..., 0]
    return np.asarray((vectors @ (inverse * along)[..., None])[..., 0] / scale)


def inverse_information(hessian: FloatArray) -> tuple[FloatArray, BoolArray]:
    """(-H)^{-1} (..., p, p) and whether -H is singular or not positive definite (...), its inverse then NaN.

    Judged on -H scaled to a unit diagonal: smallest eigenvalue at most 1e-12 of the largest.
    """
    scale = np.sqrt(np.maximum(-np.diagonal(hessian, axis1=-2, axis2=-1), 0.0))
    flat = np.asarray(~(scale > _VANISHED).all(axis=-1) | ~np.isfinite(hessian).all(axis=(-1, -2)))
    safe = np.where(flat[..., None], 1.0, scale)
    outer = safe[..., :, None] * safe[..., None, :]
    scaled = np.where(flat[..., None, None], np.eye(hessian.shape[-1]), -hessian / outer)
    values = np.linalg.eigvalsh(scaled)
    singular = flat | (values[..., 0] <= _SINGULAR * values[..., -1])
    scaled = np.where(singular[..., None, None], np.eye(hessian.shape[-1]), scaled)
    inverse = np.linalg.inv(scaled) / outer
    inverse = 0.5 * (inverse + np.swapaxes(inverse, -1, -2))
    return np.where(singular[..., None, None], np.nan, inverse), np.asarray(singular)


def recedes(slack: FloatArray) -> BoolArray:
    """Whether a last Newton step proves that the likelihood has no maximum (...).

    slack (..., m): what the step adds to the room each row has, the likelihood rising with each; zero for
    rows without weight. A step that still moves some row though nothing is left to gain, and takes room from
    none, is a direction of recession (Albert and Anderson 1984).
    """
    largest = np.abs(slack).max(axis=-1)
    return np.asarray((largest > _DIVERGING) & (slack.min(axis=-1) >= -_STILL * largest))


def fits_perfectly(loglik: FloatArray, total: FloatArray) -> BoolArray:
    """Whether every row's outcome has probability one but for rounding (...): complete separation.

    There the gradient has vanished and the last step says nothing. total (...): the sum of the weights.
    """
    return np.asarray(loglik > -_PERFECT * np.maximum(total, 1.0))
