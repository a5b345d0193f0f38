"""Where a claim says that a quantity lies."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """The values between two bounds, one of which may be infinite."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def bounded(self) -> bool:
        """Whether both bounds are finite: a range, not a direction."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def bounds(self) -> tuple[float, ...]:
        """The finite bounds."""
        return tuple(bound for bound in (self.low, self.high) if math.isfinite(bound))

    @property
    def symmetric(self) -> bool:
        """Whether it is the neighbourhood of zero."""
        return self.bounded and self.low == -self.high

    @property
    def sign_only(self) -> bool:
        """Whether only the sign of the quantity matters, whatever its unit."""
        return self.bounds == (0.0,)

    def contains(self, value: float) -> bool:
        return self.low < value < self.high

    def meets(self, interval: tuple[float, float]) -> bool:
        """Whether any value of the closed `interval` lies in it."""
        return interval[0] < self.high and self.low < interval[1]

    def beyond(self, distance: float) -> float:
        """The value `distance` inside of a single bound; the middle of a range, whatever the distance."""
        if self.bounded:
            return (self.low + self.high) / 2.0
        return self.low + distance if math.isfinite(self.low) else self.high - distance
