"""How like a published solution a solution of factors is, column by column after the best assignment."""

from __future__ import annotations

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.alignment import congruence, match


def matched_congruence(loadings: FloatArray, target: FloatArray) -> FloatArray:
    """Size of the congruence coefficient (..., m) of each column of `target (p, m)` with its own factor.

    Columns of `loadings (..., p, k)`, k >= m, are assigned to those of the target by the largest sum of
    absolute coefficients (Kuhn 1955); sum xy / sqrt(sum x^2 sum y^2) (Tucker 1951).
    """
    k, m = loadings.shape[-1], target.shape[-1]
    # a column of zeros has no congruence with any factor: it takes those that are left over
    padded = np.concatenate([target, np.zeros((len(target), k - m))], axis=1)
    order, _ = match(loadings, padded)
    agreement = np.abs(congruence(loadings, padded))
    paired = np.take_along_axis(agreement, order[..., None, :], axis=-2)[..., 0, :]
    return np.asarray(paired[..., :m])
