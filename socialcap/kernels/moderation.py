"""A slope that changes linearly with a moderator: where it differs from zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray


@dataclass(frozen=True, slots=True)
class ConditionalSlope:
    """Slope b1 + b3 w at L values of the moderator, with its standard error, (L,) each."""

    slope: FloatArray
    std_error: FloatArray


def conditional_slope(coefficients: FloatArray, vcov: FloatArray, levels: FloatArray) -> ConditionalSlope:
    """Slope b1 + b3 w at `levels` w (L,) from (b1, b3) (2,) and their vcov (2, 2).

    Variance v11 + 2 w v13 + w^2 v33 (Aiken and West 1991).
    """
    (v11, v13), (_, v33) = vcov
    variance = v11 + 2.0 * levels * v13 + levels * levels * v33
    return ConditionalSlope(coefficients[0] + coefficients[1] * levels, np.sqrt(np.maximum(variance, 0.0)))


def johnson_neyman(
    coefficients: FloatArray, vcov: FloatArray, critical: float
) -> tuple[tuple[float, float], ...]:
    """The open intervals of the moderator in which |slope| > critical x std. error; ends may be infinite.

    They are where (b3^2 - t^2 v33) w^2 + 2 (b1 b3 - t^2 v13) w + (b1^2 - t^2 v11) > 0, from the exact roots
    of the quadratic (Johnson and Neyman 1936; Bauer and Curran 2005), t being `critical`. No interval: the
    slope differs from zero nowhere; one from -inf to inf: everywhere.
    """
    b1, b3 = coefficients
    t2 = critical * critical
    a = float(b3 * b3 - t2 * vcov[1, 1])
    half = float(b1 * b3 - t2 * vcov[0, 1])
    c = float(b1 * b1 - t2 * vcov[0, 0])
    if a == 0.0:
        return _half_line(2.0 * half, c)
    inside = half * half - a * c
    if inside <= 0.0:
        return ((-np.inf, np.inf),) if a > 0.0 else ()
    # the root of larger size first, the other by Vieta, so that neither is lost to cancellation
    q = -(half + np.copysign(np.sqrt(inside), half))
    low, high = sorted((q / a, c / q))
    return ((-np.inf, low), (high, np.inf)) if a > 0.0 else ((low, high),)


def _half_line(slope: float, constant: float) -> tuple[tuple[float, float], ...]:
    """Where slope w + constant > 0."""
    if slope == 0.0:
        return ((-np.inf, np.inf),) if constant > 0.0 else ()
    root = -constant / slope
    return ((root, np.inf),) if slope > 0.0 else ((-np.inf, root),)
