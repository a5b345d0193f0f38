"""Claims to verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from socialcap.claims.checking import Vocabulary, claim_problems
from socialcap.claims.coefficients import coefficient, difference
from socialcap.claims.evidence import Evidence
from socialcap.claims.findings import Finding, Unclaimable
from socialcap.claims.grammar import (
    AlphaTest,
    CoefficientTest,
    CongruenceTest,
    DifferenceTest,
    LargestVarianceTest,
    MeanTest,
    NumberTest,
    Test,
)
from socialcap.claims.laws import ALPHA, LEVEL
from socialcap.claims.levels import alpha, mean_of
from socialcap.claims.structure import congruence, largest_variance, number
from socialcap.claims.wording import reason
from socialcap.errors import Problem, StudyError
from socialcap.kernels.multiple_testing import holm
from socialcap.plan import ClaimPart
from socialcap.results.claims import ClaimResult, ClaimsResult

if TYPE_CHECKING:
    from socialcap.results import StudyResult


def judge(claims: Sequence[ClaimPart] | Mapping[str, str], evidence: Evidence | StudyResult) -> ClaimsResult:
    """A verdict on each claim (tests by name, or [[claim]] tables) from what a study computed.

    The tests that there are:

    coef(outcome, term) > c, < c, in [a, b]
        a coefficient of a regression, in standard deviations of outcome and regressor
        (`socialcap.claims.standardised`); at c = 0 the unit does not matter
    abs(coef(outcome, term)) < c       equivalence: it hardly matters
    coef(outcome, a) > coef(outcome, b)  two coefficients of one model, both in standard deviations
    largest_variance(factors) = name   no factor explains more variance after rotation
    n_factors = k                      by most of the voting rules of `n_factors`
    congruence(factors, name) > c      the smallest congruence with the factors of [references.name]
    alpha(scale) > c                   Cronbach's
    share(expression) in [a, b]        a mean over firms from 0 to 1; variables in percent are divided by 100
    mean(expression) > c               a mean over firms

    Relations are > c, < c and in [a, b]; names with other signs than letters, digits and _ stand in quotes.

    A claim is supported where the hypothesis that it is wrong is rejected at 5 %: one-sided at a single
    bound, by two one-sided tests for a range (Schuirmann 1987), which is to say where the 90 % interval lies
    within the claim. It is contradicted where the hypothesis that it is right is rejected at 5 %: for a
    single bound where the 90 % interval lies beyond it, for a range where the 95 % interval lies outside.
    Otherwise it is not settled. So each verdict errs in at most 5 % of samples, claim by claim; Holm's
    adjustment for their number stands beside. Errors are those of the whole pipeline where the regression
    was taken through it.

    Power is that of the design, from its standard error and the claim's `effect`, never from the estimate.

    Raises StudyError, listing every test that cannot be read (with its place), every name that does not exist
    (with the nearest) and every claim that this evidence cannot decide, with the reason.
    """
    if isinstance(claims, Mapping):
        claims = [ClaimPart(name=name, test=test) for name, test in claims.items()]
    if not isinstance(evidence, Evidence):
        evidence = Evidence.of(evidence)
    tests, problems = claim_problems(claims, Vocabulary.of(evidence))
    if problems:
        raise StudyError("the claims cannot be judged", problems)
    found: list[ClaimResult] = []
    for claim, test in zip(claims, tests, strict=True):
        try:
            found.append(_result(claim, test, _finding(claim, test, evidence)))
        except Unclaimable as error:
            problems.append(Problem(f"claim {claim.name}: {error}", value=claim.test))
    if problems:
        raise StudyError("the claims cannot be judged", problems)
    return ClaimsResult(_adjusted(found), ALPHA)


def _finding(claim: ClaimPart, test: Test, evidence: Evidence) -> Finding:
    match test:
        case CoefficientTest():
            return coefficient(claim, test, evidence)
        case DifferenceTest():
            return difference(claim, test, evidence)
        case LargestVarianceTest():
            return largest_variance(test, evidence)
        case NumberTest():
            return number(test, evidence)
        case CongruenceTest():
            return congruence(test, evidence)
        case AlphaTest():
            return alpha(test, evidence)
        case MeanTest():
            return mean_of(claim, test, evidence)


def _result(claim: ClaimPart, test: Test, finding: Finding) -> ClaimResult:
    low, high = finding.interval or (None, None)
    return ClaimResult(
        name=claim.name,
        sentence=claim.sentence,
        test=claim.test,
        verdict=finding.verdict,
        estimate=finding.estimate,
        format=finding.format,
        unit=finding.unit,
        source=finding.source,
        words=reason(test, finding),
        std_error=finding.std_error,
        df=finding.df,
        ci_low=low,
        ci_high=high,
        level=LEVEL,
        p_for=finding.p_for,
        p_against=finding.p_against,
        power=finding.power,
        agreement=finding.agreement,
        remarks=finding.remarks,
    )


def _adjusted(claims: list[ClaimResult]) -> tuple[ClaimResult, ...]:
    """The claims with the p-values for them adjusted for their number."""
    tested = [claim for claim in claims if claim.p_for is not None]
    adjusted = holm(np.array([claim.p_for for claim in tested])) if tested else np.empty(0)
    by_name = {claim.name: float(p) for claim, p in zip(tested, adjusted, strict=True)}
    return tuple(replace(claim, holm=by_name.get(claim.name)) for claim in claims)
