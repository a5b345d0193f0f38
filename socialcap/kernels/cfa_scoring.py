"""Newton's method guarded by damped Fisher scoring: the one optimiser of the structural models."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from socialcap.kernels import FloatArray

DECREMENT = 1e-18
MAX_ITERATIONS = 300
_DAMPING_LIMIT = 1e12
_FLAT = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where the search ended.

    theta (q,); value of the criterion; gradient (q,); hessian and information (q, q) there;
    decrement: gradient' hessian^-1 gradient, twice the fall in the criterion still predicted.
    """

    theta: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray
    information: FloatArray
    decrement: float
    n_iterations: int
    converged: bool


class Criterion(Protocol):
    """What is minimised: value and state at theta (q,), then derivatives from that state."""

    def value(self, theta: FloatArray) -> tuple[float, Any]:
        """Criterion, infinite where it is not defined, and whatever the derivatives can use again."""
        ...

    def derivatives(self, state: Any) -> tuple[FloatArray, FloatArray]:
        """Gradient (q,) and Hessian (q, q)."""
        ...

    def information(self, state: Any) -> FloatArray:
        """Positive semi-definite substitute of the Hessian (expected information, Gauss-Newton), (q, q)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Local:
    """Quadratic model at a point: its matrix is the Hessian, or the information where that is indefinite.

    step: minus matrix^-1 gradient; decrement: gradient' matrix^-1 gradient.
    """

    gradient: FloatArray
    hessian: FloatArray
    matrix: FloatArray
    step: FloatArray
    decrement: float
    convex: bool


def search(criterion: Criterion, starts: Iterable[FloatArray]) -> Optimum:
    """The first search that converges, in the order of the starts; the lowest criterion where none does."""
    tried: list[Optimum] = []
    for start in starts:
        tried.append(descend(criterion, start))
        if tried[-1].converged:
            return tried[-1]
    return min(tried, key=lambda optimum: optimum.value)


def descend(criterion: Criterion, start: FloatArray, max_iterations: int = MAX_ITERATIONS) -> Optimum:
    """Minimum of a criterion by damped Newton steps, scoring steps where the Hessian is indefinite.

    A step is -(M + d diag I)^-1 g with M the Hessian or else the information I. Where the criterion does
    not fall the scoring step is tried and then the damping d grows; it grows also where the criterion falls
    by less than a quarter of what the quadratic model says, and shrinks to zero where the model holds
    (Levenberg 1944; Marquardt 1963; Fletcher 1971). The search has converged when the decrement g' H^-1 g
    is below 1e-18, or below 1e-13 and no longer shrinking (rounding). Raises LinAlgError where the
    criterion is not defined at start.
    """
    theta, damping, iteration = start.copy(), 0.0, 0
    current, state = criterion.value(theta)
    if not np.isfinite(current):
        raise np.linalg.LinAlgError("the starting values imply no positive definite covariance matrix")
    here = _local(criterion, state)
    while iteration < max_iterations and here.decrement > DECREMENT:
        iteration += 1
        step = _step(criterion, state, here, damping)
        proposed, trial_state = criterion.value(theta + step)
        predicted = -float(here.gradient @ step + 0.5 * step @ here.matrix @ step)
        # Rounding in the criterion must not turn away the last, tiny steps.
        if proposed <= current + 1e-14 * (1.0 + abs(current)):
            before, gain = here.decrement, (current - proposed) / max(predicted, 1e-300)
            theta, current, state = theta + step, proposed, trial_state
            here = _local(criterion, state)
            if before < _FLAT and here.decrement > 0.5 * before:
                break
            if gain > 0.75 or before < _FLAT:
                damping = damping / 10.0 if damping > 1e-4 else 0.0
            elif gain < 0.25:
                damping = max(4.0 * damping, 1e-3)
        elif damping > _DAMPING_LIMIT or here.decrement < _FLAT:
            break
        elif damping == 0.0 and here.matrix is here.hessian:
            information = criterion.information(state)
            here = replace(here, matrix=information, step=-_solve(information, here.gradient))
        else:
            damping = max(10.0 * damping, 1e-3)
    return Optimum(
        theta=theta,
        value=current,
        gradient=here.gradient,
        hessian=here.hessian,
        information=criterion.information(state),
        decrement=here.decrement,
        n_iterations=iteration,
        converged=here.convex and 0.0 <= here.decrement <= _FLAT,
    )


def _local(criterion: Criterion, state: Any) -> _Local:
    gradient, hessian = criterion.derivatives(state)
    try:
        np.linalg.cholesky(hessian)
        matrix, convex = hessian, True
    except np.linalg.LinAlgError:
        matrix, convex = criterion.information(state), False
    step = -_solve(matrix, gradient)
    return _Local(gradient, hessian, matrix, step, -float(gradient @ step), convex)


def _step(criterion: Criterion, state: Any, here: _Local, damping: float) -> FloatArray:
    if damping == 0.0:
        return here.step
    scale = np.diag(np.diag(criterion.information(state)))
    return -_solve(here.matrix + damping * scale, here.gradient)


def _solve(matrix: FloatArray, gradient: FloatArray) -> FloatArray:
    """Solution of matrix x = gradient; the least-norm one where the matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrix, gradient), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, gradient, rcond=1e-10)[0])
