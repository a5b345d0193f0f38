"""Factors by diagonally weighted least squares, for correlations that differ in precision (polychorics)."""

from __future__ import annotations

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.extraction import Extraction, minres


def dwls(
    corr: FloatArray,
    weights: FloatArray,
    k: int,
    *,
    start: FloatArray | None = None,
    tol: float = 1e-9,
    max_iter: int = 200,
) -> Extraction:
    """Factors of `corr (..., p, p)` that minimise sum_{i<j} w_ij (r_ij - l_i'l_j)^2 / 2.

    weights (..., p, p), symmetric, the diagonal unused: the reciprocals of the sampling variances of the
    correlations make it the DWLS estimate (Muthen, du Toit and Spisic 1997); equal weights of one make it
    ULS, at half the objective of `minres`. Damped Gauss-Newton and Newton steps on the loadings (Levenberg
    1944; Marquardt 1963). Communalities are not bounded: one or more is flagged. The uniquenesses are one
    minus the communalities; the reported gradient is that with weights of mean one.

    Parameters: start (..., p, k), first loadings; the default is the `minres` solution.
    """
    p = corr.shape[-1]
    batch = corr.shape[:-2]
    flat = corr.reshape(-1, p, p)
    off = 1.0 - np.eye(p)
    given = np.broadcast_to(weights, corr.shape).reshape(-1, p, p) * off
    scale = np.sum(given, axis=(-2, -1)) / (p * (p - 1))
    scaled = given / scale[:, None, None]
    loadings = minres(flat, k).loadings if start is None else np.broadcast_to(start, (*batch, p, k))
    loadings = loadings.reshape(-1, p, k).copy()
    size = len(flat)
    value, slope = np.zeros(size), np.zeros(size)
    converged, iterations = np.zeros(size, dtype=bool), np.zeros(size, dtype=np.int64)
    active = np.arange(size)
    damping = np.full(size, 1e-3)
    for _ in range(max_iter):
        now = loadings[active]
        value[active], gradient = _criterion(flat[active], scaled[active], now)
        slope[active] = np.max(np.abs(gradient), axis=(-2, -1))
        converged[active] = slope[active] <= tol
        going = ~converged[active] & (damping[active] < 1e12)
        if not going.any():
            break
        active, now, gradient = active[going], now[going], gradient[going]
        step = _step(flat[active], scaled[active], now, gradient, damping[active])
        trial, _ = _criterion(flat[active], scaled[active], now + step)
        better = trial <= value[active] + 1e-15
        loadings[active] = np.where(better[:, None, None], now + step, now)
        damping[active] = np.where(better, np.maximum(0.1 * damping[active], 1e-10), 8.0 * damping[active])
        iterations[active] += 1
    loadings = _canonical(loadings)
    communalities = np.sum(loadings**2, axis=-1)
    return Extraction(
        loadings=loadings.reshape(*batch, p, k),
        communalities=communalities.reshape(*batch, p),
        uniquenesses=(1.0 - communalities).reshape(*batch, p),
        objective=(value * scale).reshape(batch),
        gradient=slope.reshape(batch),
        converged=converged.reshape(batch),
        iterations=iterations.reshape(batch),
        heywood=(communalities >= 1.0).reshape(*batch, p),
    )


def _criterion(corr: FloatArray, weights: FloatArray, loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value (B,) and gradient (B, p, k)."""
    residual = corr - loadings @ np.swapaxes(loadings, -1, -2)
    weighted = weights * residual
    return 0.25 * np.sum(weighted * residual, axis=(-2, -1)), -(weighted @ loadings)


def _step(
    corr: FloatArray, weights: FloatArray, loadings: FloatArray, gradient: FloatArray, damping: FloatArray
) -> FloatArray:
    """Damped step (B, p, k): Gauss-Newton, which keeps clear of saddle points, then exact Newton."""
    size, p, k = loadings.shape
    residual = corr - loadings @ np.swapaxes(loadings, -1, -2)
    gauss = np.einsum("bij,bja,bic->biajc", weights, loadings, loadings)
    items = np.arange(p)
    own = np.einsum("bij,bja,bjc->biac", weights, loadings, loadings)
    gauss[:, items, :, items, :] += np.moveaxis(own, 1, 0)
    exact = gauss - np.einsum("bij,ac->biajc", weights * residual, np.eye(k))
    right = gradient.reshape(size, p * k, 1)
    gauss_shape = (size, p * k, p * k)
    ridge = damping[:, None, None] * np.eye(p * k)
    near = np.max(np.abs(gradient), axis=(-2, -1)) <= 1e-3
    matrix = np.where(near[:, None, None], exact.reshape(gauss_shape), gauss.reshape(gauss_shape))
    return np.asarray(-np.linalg.solve(matrix + ridge, right).reshape(size, p, k))


def _canonical(loadings: FloatArray) -> FloatArray:
    """The same LL' with L'L diagonal and falling."""
    left, singular, _ = np.linalg.svd(loadings, full_matrices=False)
    return np.asarray(left * singular[:, None, :])
