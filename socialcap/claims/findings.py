"""What was found on one claim, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from socialcap.claims.laws import ALPHA, LEVEL, Law, p_values, power_of
from socialcap.claims.regions import Region
from socialcap.results import Text
from socialcap.results.claims import Agreement, Power, Verdict


class Unclaimable(Exception):
    """Why a claim, though understood, cannot be judged from this evidence."""


@dataclass(frozen=True)
class Finding:
    """A verdict with its numbers. `names` fill the places of the sentence that says it.

    interval: of 90 %, None where the verdict's test has none; decisive: the interval that shows the verdict,
    with its level: of 95 % where that of 90 % lies outside a range and the verdict is still open.
    """

    verdict: Verdict
    estimate: float
    format: str
    unit: Text
    source: Text
    names: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    region: Region | None = None
    std_error: float | None = None
    df: float | None = None
    interval: tuple[float, float] | None = None
    decisive: tuple[float, float] | None = None
    decisive_level: float = LEVEL
    p_for: float | None = None
    p_against: float | None = None
    power: Power | None = None
    agreement: Agreement | None = None
    remarks: tuple[Text, ...] = ()

    def without_interval(self, why: Text) -> Finding:
        """The same without the intervals of another test than the verdict's, and why."""
        return replace(self, interval=None, decisive=None, remarks=(*self.remarks, why))

    def with_agreement(self, agreement: Agreement | None) -> Finding:
        """The same with how many specifications agree."""
        return replace(self, agreement=agreement)


def verdict_of(p_for: float, p_against: float) -> Verdict:
    """Supported or contradicted where the p-value is at most 5 %, otherwise not settled."""
    if p_for <= ALPHA:
        return Verdict.SUPPORTED
    return Verdict.CONTRADICTED if p_against <= ALPHA else Verdict.NOT_SETTLED


def by_law(
    law: Law,
    region: Region,
    *,
    format: str,
    unit: Text,
    source: Text,
    names: Mapping[str, Text],
    effect: float | None = None,
    remarks: tuple[Text, ...] = (),
) -> Finding:
    """The finding that the parameter of `law` lies in `region`, or not; power against `effect`, where given,
    in the estimate's unit.
    """
    p_for, p_against = p_values(law, region)
    verdict = verdict_of(p_for, p_against)
    interval = law.interval()
    # a range is contradicted by the interval of 95 %: a sample may stray over either bound, 2.5 % a side
    still_open = region.bounded and verdict is Verdict.NOT_SETTLED and not region.meets(interval)
    tail = ALPHA / 2.0 if still_open else ALPHA
    return Finding(
        verdict=verdict,
        estimate=law.estimate,
        format=format,
        unit=unit,
        source=source,
        names=names,
        region=region,
        std_error=law.std_error,
        df=law.df,
        interval=interval,
        decisive=law.interval(tail),
        decisive_level=1.0 - 2.0 * tail,
        p_for=p_for,
        p_against=p_against,
        power=None if effect is None else power_of(law, region, effect),
        remarks=remarks,
    )
