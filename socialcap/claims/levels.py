"""Claims on levels: shares and means over firms, reliability of scales."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd

from socialcap.claims.evidence import Evidence
from socialcap.claims.findings import Finding, Unclaimable, by_law
from socialcap.claims.grammar import AlphaTest, MeanTest
from socialcap.claims.laws import BinomialLaw, FeldtLaw, TLaw
from socialcap.expressions import ExpressionError
from socialcap.kernels import FloatArray
from socialcap.plan import ClaimPart
from socialcap.results import Text

_ROUNDING = 1e-9
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def mean_of(claim: ClaimPart, test: MeanTest, evidence: Evidence) -> Finding:
    """The finding on a mean or share over the firms with an answer, each counting once.

    A share first divides every variable that the codebook types as percent by 100, then evaluates the
    expression; all values must then lie from 0 to 1. Values that are only 0 and 1 are counted (exact
    binomial), others averaged (t with n - 1 degrees of freedom). The power's effect is in standard deviations
    of the values: at the bound for counts, of the sample for means. Raises Unclaimable for text, values
    outside 0 to 1, fewer than two firms, means of values that are all the same, or a condition that holds
    percentages against a number above one.
    """
    values = _values(test, evidence)
    if test.share:
        _require_shares(values, evidence)
    counted = test.share and bool(np.isin(values, (0.0, 1.0)).all())
    effect = min(claim.effect * _deviation(values, test, counted), _room(test))
    law: BinomialLaw | TLaw
    if counted:
        law = BinomialLaw(int(values.sum()), len(values))
    else:
        spread = float(values.std(ddof=1))
        if spread <= 0.0:
            raise Unclaimable("its values are the same for all firms: their mean has no standard error")
        law = TLaw(float(values.mean()), spread / np.sqrt(len(values)), float(len(values) - 1))
    return by_law(
        law,
        test.region,
        format=".1%" if test.share else ".3g",
        unit=_unit(test.share),
        source=_source(len(values), len(evidence.data), counted),
        names={"what": _what(test, evidence)},
        effect=effect if effect > 0.0 else None,
        remarks=_percent_remark(test, evidence),
    )


def alpha(test: AlphaTest, evidence: Evidence) -> Finding:
    """The finding on Cronbach's alpha of a scale, by Feldt's distribution (1965)."""
    assert evidence.measurement is not None  # checked with the names
    scale = next(scale for scale in evidence.measurement.reliability if scale.name == test.scale)
    source = Text(
        "Cronbach's α, {p} items, N = {n}, Feldt's interval.", "Cronbach α，{p} 个题项，N = {n}，Feldt 区间。"
    ).format(p=len(scale.items), n=scale.n_obs)
    return by_law(
        FeldtLaw(scale.alpha, scale.n_obs, len(scale.items)),
        test.region,
        format=".3f",
        unit=Text("Cronbach's α", "Cronbach α"),
        source=source,
        names={"scale": evidence.label(test.scale)},
    )


def _values(test: MeanTest, evidence: Evidence) -> FloatArray:
    """The expression's values, missing ones left out."""
    frame = evidence.data
    percent = [str(name) for name in frame.columns if name in evidence.percent] if test.share else []
    shares = frame.assign(**{name: frame[name] / 100.0 for name in percent})
    try:
        found = test.expression.evaluate(shares)
        written = test.expression.evaluate(frame) if percent else found
    except ExpressionError as error:
        raise Unclaimable(str(error)) from None
    if not pd.api.types.is_numeric_dtype(found.dtype):
        raise Unclaimable("it has no numbers to average")
    values = found.dropna().to_numpy(dtype=float)
    if _held_against_percent(test, values, written.dropna().to_numpy(dtype=float)):
        raise Unclaimable(
            "a share counts percentages from 0 to 1: in a condition on them write 50 % as 0.5, not as 50"
        )
    if len(values) < 2:
        raise Unclaimable(f"{len(values)} firms have a value; two at least are needed")
    return values


def _held_against_percent(test: MeanTest, values: FloatArray, written: FloatArray) -> bool:
    """Whether a condition tells firms apart only as long as percentages are not turned into shares, and names
    a number that no share reaches.
    """
    tells_apart = len(np.unique(written)) == 2 and bool(np.isin(written, (0.0, 1.0)).all())
    above_one = any(float(number) > 1.0 for number in _NUMBER.findall(test.expression.text))
    return tells_apart and above_one and len(np.unique(values)) == 1


def _percent_remark(test: MeanTest, evidence: Evidence) -> tuple[Text, ...]:
    """That percentages were turned into shares, where they were."""
    if not test.share or evidence.percent.isdisjoint(test.expression.names):
        return ()
    return (Text("Percentages divided by 100.", "百分数已除以 100。"),)


def _require_shares(values: FloatArray, evidence: Evidence) -> None:
    low, high = float(values.min()), float(values.max())
    if low < -_ROUNDING or high > 1.0 + _ROUNDING:
        known = ", ".join(sorted(evidence.percent)) or "none"
        raise Unclaimable(
            f"a share lies from 0 to 1, its values from {low:g} to {high:g}; percentages are turned into shares "
            f"where the codebook types a variable as percent (here: {known}), divide others by 100"
        )


def _deviation(values: FloatArray, test: MeanTest, counted: bool) -> float:
    """The standard deviation in which the effect for the power is stated."""
    if not counted:
        return float(values.std(ddof=1))
    bound = test.region.bounds[0]
    return float(np.sqrt(bound * (1.0 - bound)))


def _room(test: MeanTest) -> float:
    """How far inside its bound a share can lie; no limit to a mean."""
    if not test.share:
        return math.inf
    return 1.0 - test.region.low if math.isfinite(test.region.low) else test.region.high


def _unit(share: bool) -> Text:
    return Text("share", "比例") if share else Text("units of the variable", "变量原单位")


def _what(test: MeanTest, evidence: Evidence) -> Text:
    """The variable's label, or the expression."""
    text = test.expression.text
    return evidence.label(text) if (text,) == test.expression.names else Text(text, text)


def _source(n: int, everyone: int, counted: bool) -> Text:
    law = (
        Text("exact binomial test", "精确二项检验")
        if counted
        else Text("t test of the mean", "均值的 t 检验")
    )
    left_out = (
        Text(", {count} without an answer left out", "，缺失 {count} 家") if everyone > n else Text("", "")
    )
    return Text("{n} firms{left_out}; {law}.", "{n} 家企业{left_out}；{law}。").format(
        n=n, left_out=left_out.format(count=everyone - n) if left_out else "", law=law
    )
