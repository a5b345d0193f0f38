"""The headline numbers of a study, each by the name that the syntax files give it in other programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from socialcap.plan import StudyPlan
from socialcap.results import MeasurementResult, StudyResult
from socialcap.syntax.models import named_models

CFA_FIT = {
    "chi2": "chisq",
    "df": "df",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "srmr": "srmr",
    "chi2_scaled": "chisq.scaled",
    "cfi_robust": "cfi.robust",
    "rmsea_robust": "rmsea.robust",
}
"""Fit statistics of a confirmatory model by our names, and by lavaan's."""


def expected_numbers(result: StudyResult, plan: StudyPlan) -> dict[str, float]:
    """The headline numbers by name: what `numbers_R.csv` holds where R follows every step of the study.

    `alpha.trust`, `kmo`, `bartlett_chi2`, `eigenvalue.1`, `loading.t1.trust`, `communality.t1`,
    `weight.trust`, `score_difference.trust` (0: scores made again equal those of the data),
    `correlation.x.y`, `cfa.chi2`, `cfa.trust.t1` (standardised loading), and of each regression
    `regression.main.n_obs`, `.r2` or `.loglik`, and `.trust.b` and `.trust.se` of each coefficient.
    """
    found: dict[str, float] = {}
    if result.measurement is not None:
        found |= dict(_measurement(result.measurement))
    found |= dict(_correlations(result))
    for named in named_models(result, plan):
        found |= dict(_regression(named.key, named.model))
    for one in result.mediations:
        chosen = one.effects[one.effects["effect"] == "indirect"]
        if one.moderator is None:
            estimates = chosen["estimate"].items()
            found |= {f"mediation.{one.name}.{way}": float(value) for way, value in estimates}
    return found


def _measurement(found: MeasurementResult) -> Iterator[tuple[str, float]]:
    for scale in found.reliability:
        yield f"alpha.{scale.name}", scale.alpha
        yield f"standardised_alpha.{scale.name}", scale.standardised_alpha
        if scale.omega is not None:
            yield f"omega.{scale.name}", scale.omega
    yield "kmo", found.adequacy.kmo
    yield "bartlett_chi2", found.adequacy.bartlett_chi2
    factors = found.factors
    for i, value in enumerate(factors.eigenvalues, 1):
        yield f"eigenvalue.{i}", float(value)
    for item in factors.loadings.index:
        yield f"communality.{item}", _cell(factors.communalities, item)
        for name in factors.names:
            yield f"loading.{item}.{name}", _cell(factors.loadings, item, name)
    for i, name in enumerate(factors.names):
        yield f"ss_loadings.{name}", _cell(factors.variance, "ss_loadings", name)
        yield f"weight.{name}", _cell(found.composite.weights, name)
        yield f"score_difference.{name}", 0.0
        for other in factors.names[:i]:
            yield f"phi.{other}.{name}", _cell(factors.phi, other, name)
    yield "score_difference.composite", 0.0
    model = found.confirmatory
    if model is not None and not model.grouped:
        for ours in CFA_FIT:
            if ours in model.fit:
                yield f"cfa.{ours}", model.fit[ours]
        for place, value in zip(model.loadings.index, model.loadings["standardized"], strict=True):
            yield f"cfa.{place[0]}.{place[1]}", float(value)


def _correlations(result: StudyResult) -> Iterator[tuple[str, float]]:
    matrix = None if result.profile is None else result.profile.correlations
    if matrix is None:
        return
    names = list(map(str, matrix.columns))
    for j, column in enumerate(names):
        for row in names[j + 1 :]:
            yield f"correlation.{row}.{column}", _cell(matrix, row, column)


def _regression(key: str, model: Any) -> Iterator[tuple[str, float]]:
    yield f"{key}.n_obs", float(model.n_obs)
    for name in ("r2", "loglik"):
        if name in model.fit and not (name == "loglik" and "r2" in model.fit):
            yield f"{key}.{name}", float(model.fit[name])
    for term in model.coefficients.index:
        yield f"{key}.{term}.b", _cell(model.coefficients, term, "estimate")
        yield f"{key}.{term}.se", _cell(model.coefficients, term, "std_error")


def _cell(frame: Any, *at: Any) -> float:
    return float(frame.loc[at[0]] if len(at) == 1 else frame.loc[at[0], at[1]])
