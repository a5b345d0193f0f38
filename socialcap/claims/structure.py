"""Claims on the factors: which is the largest, how many there are, whether they are those published."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from socialcap.claims.agreement import largest_variance_agreement
from socialcap.claims.evidence import Evidence
from socialcap.claims.findings import Finding, Unclaimable, by_law
from socialcap.claims.grammar import CongruenceTest, LargestVarianceTest, NumberTest
from socialcap.claims.laws import LogLaw, SmallestLaw, TLaw
from socialcap.claims.regions import Region
from socialcap.kernels import FloatArray
from socialcap.kernels.congruence import matched_congruence
from socialcap.results import MeasurementResult, Text
from socialcap.results.bootstrap import FactorBootstrapResult
from socialcap.results.claims import Verdict
from socialcap.results.retention import VOTERS

_LEAST = 1e-6
"""A congruence without a logarithm is taken for this one."""
_ROUNDING = 1e-12
"""A spread of logarithms up to this one is none."""


def largest_variance(test: LargestVarianceTest, evidence: Evidence) -> Finding:
    """Whether a factor explains more variance after rotation than every other one.

    For each other factor j the difference D_j of the shares of variance is normal about its estimate with
    the standard deviation of its bootstrap draws; the claim is that the smallest of them is positive
    (`SmallestLaw`). Shown is the difference from the strongest other factor.
    """
    measured, stability = _bootstrapped(evidence)
    names = measured.factors.names
    own = names.index(test.factor)
    others = [j for j in range(len(names)) if j != own]
    shares = measured.factors.variance.loc["proportion"].to_numpy(dtype=float)
    draws = stability.variance_draws
    distance = shares[own] - shares[others]
    spread = np.std(draws[:, [own]] - draws[:, others], axis=0, ddof=1)
    laws = tuple(TLaw(float(d), float(s), math.inf) for d, s in zip(distance, spread, strict=True))
    finding = by_law(
        SmallestLaw(laws),
        Region(low=0.0),
        format=".1%",
        unit=Text("of the items' variance, after rotation", "占题项总方差，旋转后"),
        source=_resamples(stability),
        names={
            "factor": evidence.label(test.factor),
            "other": evidence.label(names[others[int(np.argmin(distance))]]),
        },
        remarks=(_first_in(float((draws.argmax(axis=1) == own).mean())),),
    )
    return finding.with_agreement(largest_variance_agreement(evidence.specifications, test.factor, names))


def number(test: NumberTest, evidence: Evidence) -> Finding:
    """Whether most of the voting retention rules name this number of factors.

    Supported where more than half of the rules that name a number name this one, contradicted where more
    than half name one other number; not settled where they split. The rules are estimates without a common
    sampling law: there is no p-value. Raises Unclaimable where no rule names a number.
    """
    assert evidence.measurement is not None  # checked with the names
    named = evidence.measurement.retention.numbers
    votes = Counter(named[rule.value] for rule in VOTERS if rule.value in named)
    if not votes:
        raise Unclaimable("no retention rule that votes names a number of factors")
    favourite, most = votes.most_common(1)[0]
    majority = 2 * most > votes.total()
    verdict = Verdict.NOT_SETTLED
    if majority:
        verdict = Verdict.SUPPORTED if favourite == test.number else Verdict.CONTRADICTED
    return Finding(
        verdict=verdict,
        estimate=float(evidence.measurement.retention.recommended),
        format=".0f",
        unit=Text("factors", "因子数"),
        source=_votes(votes),
        names={
            "claimed": Text(str(test.number), str(test.number)),
            "agreeing": Text(str(votes[test.number]), str(votes[test.number])),
            "voters": Text(str(votes.total()), str(votes.total())),
            "favourite": Text(str(favourite), str(favourite)),
            "votes": Text(str(most), str(most)),
        },
    )


def congruence(test: CongruenceTest, evidence: Evidence) -> Finding:
    """How like a published solution the factors are: the smallest congruence over its factors.

    Factors are assigned to published ones by the largest total congruence (`matched_congruence`), over the
    items of the reference, anew in each bootstrap replicate. The logarithm of each factor's coefficient is
    taken as normal with the standard deviation of its replicates, and with their bias taken off (Davison and
    Hinkley 1997, eq. 5.5): the noise of a sample shortens coefficients, and that of a resample again. The
    claim is on the smallest of them (`SmallestLaw`). Raises Unclaimable where a factor of the reference has
    no congruence with any factor, or one that cannot vary, as of a single item.
    """
    measured, stability = _bootstrapped(evidence)
    reference = evidence.references[test.reference]
    items = measured.factors.loadings.index
    rows = items.get_indexer(reference.index)
    target = reference.to_numpy(dtype=float)
    found = matched_congruence(measured.factors.loadings.to_numpy(dtype=float)[rows], target)
    draws = _log(matched_congruence(stability.loading_draws[:, rows], target))
    bias, spread = draws.mean(axis=0) - _log(found), draws.std(axis=0, ddof=1)
    for name, size, varies in zip(reference.columns, found, spread > _ROUNDING, strict=True):
        if size <= _LEAST or not varies:
            why = "is zero" if size <= _LEAST else "is the same in every resample"
            raise Unclaimable(f"the congruence with the factor {name} of {test.reference} {why}")
    laws = tuple(LogLaw(*map(float, row)) for row in zip(found, bias, spread, strict=True))
    unused = len(items) - len(rows)
    remark = Text(
        "{count} items that the reference does not have are left out of the comparison.",
        "参照解中没有的 {count} 个题项不参与比较。",
    ).format(count=unused)
    return by_law(
        SmallestLaw(laws),
        test.region,
        format=".3f",
        unit=Text("congruence coefficient", "一致性系数"),
        source=_resamples(stability),
        names={
            "reference": Text(test.reference, test.reference),
            "worst": evidence.label(str(reference.columns[int(found.argmin())])),
        },
        remarks=(remark,) if unused else (),
    )


def _log(values: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.maximum(values, _LEAST)))


def _bootstrapped(evidence: Evidence) -> tuple[MeasurementResult, FactorBootstrapResult]:
    measured = evidence.measurement
    assert measured is not None and measured.stability is not None  # checked with the names
    return measured, measured.stability


def _resamples(stability: FactorBootstrapResult) -> Text:
    return Text(
        "Factor analysis, N = {n}, error from {good} resamples.",
        "因子分析，N = {n}，误差来自 {good} 次重抽样。",
    ).format(n=stability.factors.n_obs, good=stability.converged)


def _first_in(share: float) -> Text:
    return Text(
        "It is the largest in {share:.1%} of the resamples.", "在 {share:.1%} 的重抽样中方差最大。"
    ).format(share=share)


def _votes(votes: Counter[int]) -> Text:
    """Which numbers the rules name."""
    counted = sorted(votes.items())
    en = ", ".join(f"{k} factors {n} times" if n > 1 else f"{k} factors once" for k, n in counted)
    zh = "，".join(f"{k} 个因子 {n} 票" for k, n in counted)
    return Text(f"Votes of the retention rules: {en}.", f"各准则投票：{zh}。")
