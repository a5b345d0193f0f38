"""Claims on coefficients: their sign, their size, the difference of two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from socialcap.claims.agreement import coefficient_agreement
from socialcap.claims.checking import Model, matching
from socialcap.claims.evidence import Evidence
from socialcap.claims.findings import Finding, Unclaimable, by_law
from socialcap.claims.grammar import CoefficientTest, DifferenceTest
from socialcap.claims.laws import TLaw
from socialcap.claims.regions import Region
from socialcap.claims.standardised import AS_ESTIMATED, scale, unit
from socialcap.plan import ClaimPart
from socialcap.results import PipelineResult, RegressionResult, Text

_EXACT = ("wild", "firth")
_OWN_TEST = Text(
    "Zero is tested by the model's own test, to which the interval of t does not belong.",
    "对零的检验采用模型自身的检验，t 置信区间与之不对应，故不列出。",
)


def coefficient(claim: ClaimPart, test: CoefficientTest, evidence: Evidence) -> Finding:
    """The finding on one coefficient, in standard deviations where the model has them.

    The error is the pipeline's where the regression was taken through it, the model's own otherwise; the law
    is t with the degrees of freedom of that error. At a bound of zero a wild bootstrap or penalised
    likelihood-ratio test of the model itself is used, to which the interval of t does not belong. Raises Unclaimable for a bound other than zero where
    the model has no standard deviations, and where a coefficient has no standard error.
    """
    model, remarks = _chosen(claim, test.outcome, (test.term,), evidence)
    factor = scale(model, test.term, _carried(model, test.term, evidence))
    if factor is None and not test.region.sign_only:
        raise Unclaimable(
            f"the coefficient of {test.term} in a model {model.model!r} has no scale of standard deviations; "
            "only its sign can be claimed: > 0 or < 0"
        )
    found = _error(model, test.term, evidence)
    law = found.law(factor or 1.0)
    finding = by_law(
        law,
        test.region,
        format=".2f" if factor else ".3g",
        unit=unit(model) if factor else AS_ESTIMATED,
        source=found.source,
        names={"term": _term_label(model, test.term), "outcome": _outcome_label(model)},
        effect=claim.effect if factor else None,
        remarks=remarks,
    )
    if law.p_at_zero is not None and 0.0 in test.region.bounds:
        finding = finding.without_interval(_OWN_TEST)
    agreement = coefficient_agreement(
        evidence.specifications, model.name, test.term, test.region, finding.verdict
    )
    return finding.with_agreement(agreement)


def difference(claim: ClaimPart, test: DifferenceTest, evidence: Evidence) -> Finding:
    """The finding on the difference of two coefficients of one model, each in standard deviations.

    Var(s_a a - s_b b) = s_a² V_aa + s_b² V_bb - 2 s_a s_b V_ab, with the correlation of the two from the
    pipeline's draws where there are any. Raises Unclaimable as `coefficient` does.
    """
    terms = (test.larger, test.smaller)
    model, remarks = _chosen(claim, test.outcome, terms, evidence)
    scales = [scale(model, term, _carried(model, term, evidence)) for term in terms]
    if scales[0] is None or scales[1] is None:
        raise Unclaimable(
            f"coefficients of a model {model.model!r} that have no scale of standard deviations cannot be "
            "compared"
        )
    law, source = _difference_law(model, terms, (scales[0], scales[1]), evidence)
    return by_law(
        law,
        Region(low=0.0),
        format=".2f",
        unit=unit(model),
        source=source,
        names={
            "term": _term_label(model, test.larger),
            "other": _term_label(model, test.smaller),
            "outcome": _outcome_label(model),
        },
        effect=claim.effect,
        remarks=remarks,
    )


@dataclass(frozen=True)
class _Error:
    """A raw coefficient with the error that its verdict uses, and where the error comes from."""

    estimate: float
    std_error: float
    df: float
    source: Text
    p_at_zero: float | None = None

    def law(self, factor: float) -> TLaw:
        return TLaw(self.estimate * factor, self.std_error * factor, self.df, self.p_at_zero)


def _carried(model: RegressionResult, term: str, evidence: Evidence) -> PipelineResult | None:
    """The pipeline through which this coefficient was taken."""
    pipeline = evidence.pipelines.get(model.name)
    return pipeline if pipeline is not None and term in pipeline.coefficients.index else None


def _error(model: RegressionResult, term: str, evidence: Evidence) -> _Error:
    pipeline = _carried(model, term, evidence)
    if pipeline is not None:
        estimate, error = _cells(pipeline.coefficients, term, ("estimate", "pipeline_se"))
        return _usable(
            _Error(estimate, error, float(pipeline.df[term]), _pipeline_source(model, pipeline)), term
        )
    names = ("estimate", "std_error", "df", "p_value")
    estimate, error, df, p = _cells(model.coefficients, term, names)
    exact = p if model.cov in _EXACT or model.model in _EXACT else None
    return _usable(_Error(estimate, error, df, _own_source(model), exact), term)


def _usable(error: _Error, term: str) -> _Error:
    if not (math.isfinite(error.estimate) and math.isfinite(error.std_error) and error.std_error > 0.0):
        raise Unclaimable(f"the coefficient of {term} has no standard error")
    if not error.df > 0.0:
        raise Unclaimable(f"the standard error of the coefficient of {term} has no degrees of freedom")
    return error


def _difference_law(
    model: RegressionResult, terms: tuple[str, str], scales: tuple[float, float], evidence: Evidence
) -> tuple[TLaw, Text]:
    """The law of s_a a - s_b b, and where its error comes from."""
    first, second = (_error(model, term, evidence) for term in terms)
    pipeline = evidence.pipelines.get(model.name)
    if pipeline is not None and set(terms) <= set(pipeline.draws.columns):
        together = float(pipeline.draws[terms[0]].corr(pipeline.draws[terms[1]]))
    else:
        covariance = model.vcov.loc[list(terms), list(terms)].to_numpy(dtype=float)
        together = float(covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1]))
    a, b = scales[0] * first.std_error, scales[1] * second.std_error
    error = math.sqrt(max(a * a + b * b - 2.0 * together * a * b, 0.0))
    if error <= 0.0:
        raise Unclaimable(f"the difference of {terms[0]} and {terms[1]} has no standard error")
    estimate = scales[0] * first.estimate - scales[1] * second.estimate
    return TLaw(estimate, error, min(first.df, second.df)), first.source


def _chosen(
    claim: ClaimPart, outcome: str, terms: Sequence[str], evidence: Evidence
) -> tuple[RegressionResult, tuple[Text, ...]]:
    """The model meant, the first of several; with a remark where the claim leaves it open."""
    models = {model.name: model for model in evidence.regressions}
    found = matching(claim, outcome, terms, [Model.estimated(model) for model in models.values()])
    model = models[found[0].name]
    if len(found) == 1:
        return model, ()
    remark = Text(
        "{count} regressions have this coefficient; the first is used.",
        "共有 {count} 个回归含此系数，取第一个。",
    ).format(count=len(found))
    return model, (remark,)


def _cells(frame: pd.DataFrame, row: str, columns: Sequence[str]) -> list[float]:
    """Numbers of one row."""
    return [float(value) for value in frame.loc[[row], list(columns)].to_numpy(dtype=float)[0]]


def _own_source(model: RegressionResult) -> Text:
    return Text(
        "Regression “{name}”, N = {n}, {cov} standard error.", "回归“{name}”，N = {n}，{cov}标准误。"
    ).format(name=model.label or model.name, n=model.n_obs, cov=model.covariance.label)


def _pipeline_source(model: RegressionResult, pipeline: PipelineResult) -> Text:
    return Text(
        "Regression “{name}”, N = {n}, standard error from {good} resamples of the whole pipeline.",
        "回归“{name}”，N = {n}，标准误来自全流程 {good} 次重抽样。",
    ).format(name=model.label or model.name, n=pipeline.n_obs, good=pipeline.converged)


def _term_label(model: RegressionResult, term: str) -> Text:
    return model.terms[term].label if term in model.terms else Text(term, term)


def _outcome_label(model: RegressionResult) -> Text:
    return model.outcome_label or model.labels.get(model.outcome) or Text(model.outcome, model.outcome)
