"""Weights that turn standardised items into factor scores, and how well the scores determine the factors.

Scores are Z W with Z the standardised items and W the weights (..., p, k); their covariance is W'RW.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class Determinacy:
    """How well regression scores determine the factors, each (..., k).

    r_squared: squared multiple correlation of the factor with the items, diag(S'R^-1 S) (Guttman 1955); r:
    its root; minimum: least correlation between two equally good sets of scores, 2 r_squared - 1 (Guttman
    1955; Grice 2001); validity: correlation of the scores made with the given weights with their own factor.
    """

    r_squared: FloatArray
    r: FloatArray
    minimum: FloatArray
    validity: FloatArray


def regression_weights(corr: FloatArray, structure: FloatArray) -> FloatArray:
    """Weights (..., p, k) of the regression estimate: W = R^-1 S (Thurstone 1935).

    corr (..., p, p), structure (..., p, k). Raises numpy.linalg.LinAlgError for a singular matrix. The scores
    have covariance S'R^-1 S and the largest correlation with the factors that linear scores can have.
    """
    return np.asarray(np.linalg.solve(corr, structure))


def bartlett_weights(loadings: FloatArray, uniquenesses: FloatArray) -> FloatArray:
    """Weights (..., p, k) of the Bartlett (1937) estimate: W = U^-1 L (L'U^-1 L)^-1, U = diag(uniquenesses).

    loadings (..., p, k) pattern, uniquenesses (..., p) above zero. W'L = I: conditionally unbiased.
    """
    scaled = loadings / uniquenesses[..., None]
    information = np.swapaxes(loadings, -1, -2) @ scaled
    return np.asarray(np.swapaxes(np.linalg.solve(information, np.swapaxes(scaled, -1, -2)), -1, -2))


def anderson_rubin_weights(corr: FloatArray, loadings: FloatArray, uniquenesses: FloatArray) -> FloatArray:
    """Weights (..., p, k) of uncorrelated scores: W = U^-1 L (L'U^-1 R U^-1 L)^-1/2 (Anderson and Rubin
    1956).

    corr (..., p, p), loadings (..., p, k) pattern, uniquenesses (..., p) above zero; the symmetric root. The
    scores have covariance I exactly, in oblique solutions too.
    """
    scaled = loadings / uniquenesses[..., None]
    return np.asarray(scaled @ _power(np.swapaxes(scaled, -1, -2) @ corr @ scaled, -0.5))


def ten_berge_weights(corr: FloatArray, loadings: FloatArray, phi: FloatArray) -> FloatArray:
    """Weights (..., p, k) of scores correlated as the factors are (ten Berge, Krijnen, Wansbeek, Shapiro
    1999).

    W = R^-1/2 C phi^1/2 with G = L phi^1/2 and C = R^-1/2 G (G'R^-1 G)^-1/2; W'RW = phi exactly. corr
    (..., p, p), loadings (..., p, k) pattern, phi (..., k, k).
    """
    root = _power(phi, 0.5)
    g = loadings @ root
    weights = np.linalg.solve(corr, g)
    return np.asarray(weights @ _power(np.swapaxes(g, -1, -2) @ weights, -0.5) @ root)


def determinacy(corr: FloatArray, structure: FloatArray, weights: FloatArray) -> Determinacy:
    """Determinacy of factors with `structure (..., p, k)` and validity of scores made with `weights`."""
    best = np.sum(structure * np.linalg.solve(corr, structure), axis=-2)
    spread = np.sqrt(np.sum(weights * (corr @ weights), axis=-2))
    return Determinacy(
        r_squared=best,
        r=np.sqrt(best),
        minimum=2.0 * best - 1.0,
        validity=np.sum(weights * structure, axis=-2) / spread,
    )


def score_correlations(corr: FloatArray, weights: FloatArray) -> FloatArray:
    """Correlations (..., k, k) between the scores that `weights (..., p, k)` make of items with `corr`."""
    covariance = np.swapaxes(weights, -1, -2) @ corr @ weights
    spread = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    return np.asarray(covariance / (spread[..., :, None] * spread[..., None, :]))


def _power(matrix: FloatArray, exponent: float) -> FloatArray:
    """Symmetric power of positive definite matrices (..., k, k)."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values[..., None, :] ** exponent) @ np.swapaxes(vectors, -1, -2))
