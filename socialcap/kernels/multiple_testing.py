"""P-values adjusted for the number of hypotheses tested: false discovery rate and familywise error."""

from __future__ import annotations

import numpy as np

from socialcap.kernels import FloatArray


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """Adjusted p-values (..., m): the least false discovery rate at which each hypothesis is rejected.

    min over j >= i of m p_(j) / j, at most 1 (Benjamini and Hochberg 1995, step-up), valid for independent or
    positively dependent statistics.
    """
    m = p_values.shape[-1]
    order = np.argsort(-p_values, axis=-1, kind="stable")
    descending = np.take_along_axis(p_values, order, axis=-1)
    scaled = descending * (m / np.arange(m, 0.0, -1.0))
    return _back(np.minimum(np.minimum.accumulate(scaled, axis=-1), 1.0), order)


def holm(p_values: FloatArray) -> FloatArray:
    """Adjusted p-values (..., m): the least familywise error rate at which each hypothesis is rejected.

    max over j <= i of (m - j + 1) p_(j), at most 1 (Holm 1979, step-down), valid under any dependence.
    """
    m = p_values.shape[-1]
    order = np.argsort(p_values, axis=-1, kind="stable")
    ascending = np.take_along_axis(p_values, order, axis=-1)
    scaled = ascending * np.arange(m, 0.0, -1.0)
    return _back(np.minimum(np.maximum.accumulate(scaled, axis=-1), 1.0), order)


def romano_wolf(statistics: FloatArray, null_draws: FloatArray) -> FloatArray:
    """Two-sided adjusted p-values (m,) of studentised statistics (m,) from their joint null distribution.

    `null_draws` (B, m): bootstrap statistics centred at the estimates. Step-down: with hypotheses in order of
    |t|, p_(i) = (1 + #{b : max over j >= i of |t*_(j)b| >= |t_(i)|}) / (B + 1), made monotone (Romano and
    Wolf 2005, 2016). It controls the familywise error rate and
    gains power from the statistics' dependence. A draw with a NaN counts in no hypothesis and not in B.
    """
    draws = np.abs(null_draws[np.isfinite(null_draws).all(axis=1)])
    size = np.abs(statistics)
    order = np.argsort(-size, kind="stable")
    reversed_draws = draws[:, order[::-1]]
    largest = np.maximum.accumulate(reversed_draws, axis=1)[:, ::-1]
    exceeding = (largest >= size[order]).sum(axis=0)
    ascending = (1.0 + exceeding) / (1.0 + len(draws))
    return _back(np.maximum.accumulate(ascending), order)


def _back(ordered: FloatArray, order: np.ndarray) -> FloatArray:
    """Values (..., m) from their sorted `order` back to the places that they came from."""
    placed = np.empty_like(ordered)
    np.put_along_axis(placed, order, ordered, axis=-1)
    return placed
