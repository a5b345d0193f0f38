"""The weighted least squares that a model of one index is at its maximum, for covariances made of leverages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from socialcap.kernels import FloatArray
from socialcap.kernels.likelihood import gram, inverse_information

Moments = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]

_SQRT_2PI = np.sqrt(2.0 * np.pi)
# variance below which a row says nothing: its outcome is certain and its weight has vanished
_VANISHED = 1e-150


@dataclass(frozen=True, slots=True)
class WorkingFit:
    """A fitted model of one index as least squares of unit variance; n rows, k coefficients.

    With mean m_i, its slope d_i in the index, and variance v_i at the estimate: x (n, k) has rows d_i x_i /
    sqrt(v_i) and residuals (n,) are (y_i - m_i) / sqrt(v_i), Pearson's; weights (n,) are those of the rows,
    or None; xtx_inv (k, k) is the inverse of the expected information X'WX; leverage (n,); sigma2, the
    Pearson dispersion; n_obs; df_resid, n - k; variances (n,), the v_i. `counts` is None: rows stand for
    themselves.
    """

    x: FloatArray
    residuals: FloatArray
    xtx_inv: FloatArray
    leverage: FloatArray
    sigma2: FloatArray
    n_obs: FloatArray
    df_resid: FloatArray
    weights: FloatArray | None
    counts: FloatArray | None
    variances: FloatArray


def working_fit(
    y: FloatArray, x: FloatArray, index: FloatArray, moments: Moments, weights: FloatArray | None = None
) -> WorkingFit:
    """The working regression of a fit at its `index` (n,), offset included (McCullagh and Nelder 1989, 2.5).

    y (n,), x (n, k), weights (n,); `moments` gives mean, slope and variance (n,) of an index. Its scores w x e
    are the likelihood's; its inverse X'WX is the inverse of the expected information, which is the observed
    one for logit and Poisson but not for probit. Rows whose variance has vanished have x and e of zero.
    """
    mean, slope, variance = moments(index)
    seen = variance > _VANISHED
    root = np.sqrt(np.where(seen, variance, 1.0))
    rows = x * np.where(seen, slope / root, 0.0)[:, None]
    residuals = np.where(seen, (y - mean) / root, 0.0)
    ones = np.ones_like(y) if weights is None else weights
    inverse = inverse_information(-gram(rows, ones))[0]
    n, k = x.shape
    return WorkingFit(
        x=rows,
        residuals=residuals,
        xtx_inv=inverse,
        leverage=ones * ((rows @ inverse) * rows).sum(axis=-1),
        sigma2=np.asarray((ones * residuals**2).sum() / (n - k)),
        n_obs=np.asarray(float(n)),
        df_resid=np.asarray(float(n - k)),
        weights=weights,
        counts=None,
        variances=np.maximum(variance, _VANISHED),
    )


def logit_moments(index: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean p (n,) of a logit, its slope p (1 - p), and the Bernoulli variance, which is the same."""
    mean = special.expit(index)
    variance = np.asarray(mean * special.expit(-index))
    return np.asarray(mean), variance, variance


def probit_moments(index: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean p (n,) of a probit, its slope, the normal density, and the Bernoulli variance p (1 - p)."""
    mean = special.ndtr(index)
    slope = np.exp(-0.5 * index * index) / _SQRT_2PI
    return np.asarray(mean), np.asarray(slope), np.asarray(mean * special.ndtr(-index))


def poisson_moments(index: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean e^index (n,) of a Poisson regression, which is its slope and its variance too."""
    mean = np.exp(index)
    return mean, mean, mean
