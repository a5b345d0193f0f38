"""Rotation criteria: each returns its value and its gradient with respect to the loadings.

All are to be minimised and take loadings (..., p, k), giving value (...) and gradient (..., p, k). Forms and
constants follow Bernaards and Jennrich (2005) unless a docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from socialcap.kernels import FloatArray

Criterion = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


def orthomax(gamma: float) -> Criterion:
    """f = -1/4 sum L^2 * (L^2 - gamma/p column sums of L^2); 0 quartimax, 1 varimax, k/2 equamax."""

    def evaluate(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = loadings**2
        centred = squares - gamma * np.mean(squares, axis=-2, keepdims=True)
        return -_total(squares * centred) / 4.0, -loadings * centred

    return evaluate


def crawford_ferguson(kappa: float) -> Criterion:
    """f = (1-kappa)/4 (row complexity) + kappa/4 (column complexity) (Crawford and Ferguson 1970).

    0 quartimax/quartimin, 1/p varimax, k/(2p) equamax, (k-1)/(p+k-2) parsimax, 1 factor parsimony.
    """

    def evaluate(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = loadings**2
        other_columns = np.sum(squares, axis=-1, keepdims=True) - squares
        other_rows = np.sum(squares, axis=-2, keepdims=True) - squares
        slope = (1.0 - kappa) * other_columns + kappa * other_rows
        return _total(squares * slope) / 4.0, loadings * slope

    return evaluate


def oblimin(gamma: float = 0.0) -> Criterion:
    """Direct oblimin: f = 1/4 sum L^2 * ((I - gamma C) L^2 N), C averaging rows, N = 11' - I.

    gamma 0 is quartimin (the default of SPSS, psych and GPArotation); SPSS calls gamma delta (Jennrich and
    Sampson 1966 give the general form).
    """

    def evaluate(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = loadings**2
        others = np.sum(squares, axis=-1, keepdims=True) - squares
        others = others - gamma * np.mean(others, axis=-2, keepdims=True)
        return _total(squares * others) / 4.0, loadings * others

    return evaluate


def geomin(epsilon: float = 0.01) -> Criterion:
    """f = sum over rows of the geometric mean of (l^2 + epsilon) (Yates 1987; epsilon after Browne 2001)."""

    def evaluate(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = loadings**2 + epsilon
        means = np.exp(np.mean(np.log(squares), axis=-1, keepdims=True))
        return np.sum(means, axis=(-2, -1)), 2.0 / loadings.shape[-1] * loadings / squares * means

    return evaluate


def bentler() -> Criterion:
    """Invariant pattern simplicity: f = -1/4 (log|M| - log|diag M|), M = (L^2)'L^2 (Bentler 1977)."""

    def evaluate(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = loadings**2
        moments = np.swapaxes(squares, -1, -2) @ squares
        diagonal = np.diagonal(moments, axis1=-2, axis2=-1)
        value = -(np.linalg.slogdet(moments)[1] - np.sum(np.log(diagonal), axis=-1)) / 4.0
        slope = np.linalg.inv(moments) - np.eye(loadings.shape[-1]) / diagonal[..., None, :]
        return value, -loadings * (squares @ slope)

    return evaluate


def target(goal: FloatArray) -> Criterion:
    """f = sum of squared distances to `goal (p, k)` where it is specified, NaN marking free loadings.

    Partially specified target (Browne 2001).
    """
    specified = np.isfinite(goal)
    aim = np.where(specified, goal, 0.0)

    def evaluate(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        distance = np.where(specified, loadings - aim, 0.0)
        return _total(distance**2), 2.0 * distance

    return evaluate


def _total(values: FloatArray) -> FloatArray:
    return np.asarray(np.sum(values, axis=(-2, -1)))
