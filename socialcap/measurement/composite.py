"""One index out of several factors."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from socialcap.errors import NotAvailableError, UsageError
from socialcap.results import CompositeResult, FactorResult


def composite(
    factors: FactorResult, weights: Literal["rotated", "initial"] = "rotated", name: str = "social_capital"
) -> CompositeResult:
    """The variance-weighted index F = sum_k (v_k / sum v) F_k of the factor scores (n,).

    `weights="rotated"` takes v_k from the variance that each factor explains after rotation (its sum of
    squared loadings, in oblique solutions of loadings times structure); "initial" takes the sums of squared
    loadings before rotation (for components the eigenvalues) in falling order, as some studies do although
    they belong to no rotated factor in particular.

    Raises NotAvailableError where the factors have no scores (they were extracted from a correlation
    matrix), UsageError for other weights.
    """
    if weights not in ("rotated", "initial"):
        raise UsageError(f"weights={weights!r} is not one of rotated, initial")
    if factors.scores is None:
        raise NotAvailableError(
            "a composite needs factor scores: extract the factors from data, not a matrix"
        )
    if weights == "rotated":
        variance = factors.variance.loc["ss_loadings"].to_numpy(dtype=float)
    else:
        variance = np.sort(factors.initial_variance.loc["ss_loadings"].to_numpy(dtype=float))[::-1]
    shares = pd.Series(variance / variance.sum(), index=factors.names, name="weight")
    scores = pd.Series(factors.scores.to_numpy() @ shares.to_numpy(), index=factors.scores.index, name=name)
    return CompositeResult(scores, shares, weights, name, factors.factor_labels)
