"""How many specifications of a curve agree with a claim."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from socialcap.claims.evidence import Curve
from socialcap.claims.findings import verdict_of
from socialcap.claims.laws import TLaw, p_values
from socialcap.claims.regions import Region
from socialcap.results.claims import Agreement, Verdict


def coefficient_agreement(
    curves: Sequence[Curve], regression: str, term: str, region: Region, verdict: Verdict
) -> Agreement | None:
    """Shares of the specifications of this coefficient whose estimate lies in `region`, and whose own
    interval logic, from its own standard error and the normal distribution, comes to `verdict`.

    Bounds other than zero are held against the standardised coefficients. None where no specification of it
    has an estimate.
    """
    for curve in curves:
        if (curve.regression, curve.term) == (regression, term):
            estimate, error = _estimates(curve, region)
            if not len(estimate):
                return None
            inside = np.array([region.contains(value) for value in estimate])
            laws = [TLaw(value, spread, math.inf) for value, spread in zip(estimate, error, strict=True)]
            same = [verdict_of(*p_values(law, region)) is verdict for law in laws]
            return Agreement(float(inside.mean()), float(np.mean(same)), len(estimate))
    return None


def _estimates(curve: Curve, region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors of the specifications that have both, in the unit of the region."""
    frame = curve.curve
    raw, error = (frame[name].to_numpy(dtype=float) for name in ("estimate", "std_error"))
    value = raw
    if not region.sign_only:
        value = frame["beta"].to_numpy(dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = error * np.abs(value / raw)
    usable = np.isfinite(value) & np.isfinite(error) & (error > 0.0)
    return value[usable], error[usable]


def largest_variance_agreement(
    curves: Sequence[Curve], factor: str, factors: Sequence[str]
) -> Agreement | None:
    """Share of the distinct measurements in which `factor` explains the most variance."""
    for curve in curves:
        frame = curve.measurements
        if factor not in frame:
            continue
        shares = frame[[name for name in factors if name in frame]].to_numpy(dtype=float)
        place = [name for name in factors if name in frame].index(factor)
        # a solution with one factor compares nothing
        usable = np.isfinite(shares[:, place]) & (np.isfinite(shares).sum(axis=1) > 1)
        if usable.any():
            first = np.nanargmax(shares[usable], axis=1) == place
            return Agreement(float(first.mean()), None, int(usable.sum()))
    return None
