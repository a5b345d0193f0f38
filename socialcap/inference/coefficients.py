"""Coefficients with their errors as one labelled table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from socialcap.kernels import FloatArray


def coefficient_frame(
    names: Sequence[str],
    estimate: FloatArray,
    std_error: FloatArray,
    level: float,
    df: float,
    limits: FloatArray | None = None,
) -> pd.DataFrame:
    """Coefficients (q,) with statistic, p-value by t(df) and `limits` (2, q), those of t(df) where absent."""
    statistic = estimate / std_error
    reach = stdtrit(df, (1.0 + level) / 2.0) * std_error
    low, high = (estimate - reach, estimate + reach) if limits is None else limits
    return pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
            "ci_low": low,
            "ci_high": high,
        },
        index=list(names),
    )
