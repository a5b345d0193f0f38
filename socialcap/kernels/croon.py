"""Moments of factors from moments of their scores: the errors in the scores undone (Croon 2002)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray

_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class Correction:
    """What turns moments of scores into moments of factors, NaN where it does not exist.

    disattenuation D (..., k, k): a covariance c (..., k) of the scores with anything that the items'
    errors do not touch becomes D c; latent_cov (..., k, k) is the covariance matrix of the factors.
    """

    disattenuation: FloatArray
    latent_cov: FloatArray


def croon_correction(
    score_cov: FloatArray, weights: FloatArray, loadings: FloatArray, uniquenesses: FloatArray
) -> Correction:
    """Correction of scores Z A with covariance `score_cov` (..., k, k), if Z = L eta + e, cov e = U diagonal.

    D = (A'L)^-1 and cov(eta) = D (cov(ZA) - A'UA) D' with A `weights` (..., p, k), L `loadings` (..., p, k)
    and U `uniquenesses` (..., p): the form for several scores at once of Croon's (2002) correction
    (see Devlieger, Mayer and Rosseel 2016). It holds for any linear scores; where each factor has scores
    from items of its own, A'L and A'UA are diagonal and the correction is element by element, as in Croon.
    """
    attenuation = np.swapaxes(weights, -1, -2) @ loadings
    size = np.abs(attenuation).max(axis=(-1, -2))
    regular = np.isfinite(size) & (size > 0.0)
    scale = np.where(regular, size, 1.0)[..., None, None]
    k = attenuation.shape[-1]
    scaled = np.where(regular[..., None, None], attenuation / scale, np.eye(k))
    regular &= np.abs(np.linalg.det(scaled)) > _SINGULAR
    safe = np.where(regular[..., None, None], scaled, np.eye(k))
    inverse = np.where(regular[..., None, None], np.linalg.inv(safe) / scale, np.nan)
    error = np.swapaxes(weights, -1, -2) @ (weights * uniquenesses[..., None])
    latent = inverse @ (score_cov - error) @ np.swapaxes(inverse, -1, -2)
    return Correction(inverse, 0.5 * (latent + np.swapaxes(latent, -1, -2)))
