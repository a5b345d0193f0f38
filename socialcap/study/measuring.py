"""The measurement of a study: from answers to factors, their composite, and their validity."""

from __future__ import annotations

from typing import Any

from socialcap.measurement import (
    adequacy,
    bootstrap_factor_analysis,
    common_method_bias,
    composite,
    correlation,
    factor_analysis,
    n_factors,
    reliability,
    validity,
)
from socialcap.plan import FactorsPart, ValidityPart
from socialcap.results import MeasurementResult, MethodBiasResult, Text, ValidityResult
from socialcap.study.names import factor_items, scales, validity_scales
from socialcap.study.setting import Setting
from socialcap.survey import describe_missing


def measure(setting: Setting, part: FactorsPart) -> MeasurementResult:
    """Missing answers, reliability, adequacy, number of factors, factors, their stability, the composite,
    validity, and the same numbers from other libraries.
    """
    data, labels, seed, progress = setting.data, setting.labels, setting.seed, setting.progress
    items, used = factor_items(setting.plan, setting.book), scales_of_items(setting)
    progress("missing answers")
    absent = describe_missing(data[items], setting.survey.missing, setting.book)
    progress("reliability of the scales")
    reliable = tuple(
        reliability(data, members, seed=seed, name=scale, labels=labels)
        for scale, members in used.items()
        if len(members) > 1
    )
    progress("number of factors")
    sample: dict[str, Any] = {"correlations": part.correlation, "missing": part.missing}
    corr = correlation(data, items, kind=part.correlation, missing=part.missing, labels=labels)
    adequate = adequacy(data, items, **sample)
    retained = n_factors(data, items, seed=seed, **sample)
    progress("factor analysis")
    options = factor_options(setting, part) | {"items": items, "missing": part.missing}
    factors = factor_analysis(data, part.n_factors, **options)
    stable = None
    if part.bootstrap:
        progress("bootstrap of the factors")
        stable = bootstrap_factor_analysis(
            data, part.n_factors, replicates=part.bootstrap, seed=seed, **options
        )
    index = composite(factors, part.composite, part.composite_name)
    valid, bias = _validated(setting, setting.plan.validity)
    return MeasurementResult(absent, corr, reliable, adequate, retained, factors, stable, index, valid, bias)


def scales_of_items(setting: Setting) -> dict[str, list[str]]:
    """The factored items by scale, scales without one left out."""
    items = set(factor_items(setting.plan, setting.book))
    known = {
        scale: [item for item in members if item in items]
        for scale, members in scales(setting.plan, setting.book).items()
    }
    return {scale: members for scale, members in known.items() if members}


def factor_options(setting: Setting, part: FactorsPart) -> dict[str, Any]:
    """How factors are extracted, rotated, scored and named, as `factor_analysis` takes it."""
    by_scale = part.names == "scales"
    return {
        "extraction": part.extraction,
        "rotation": part.rotation,
        "preset": part.preset,
        "kaiser": part.kaiser,
        "power": part.power,
        "gamma": part.gamma,
        "epsilon": part.epsilon,
        "correlations": part.correlation,
        "scores": part.scores,
        "scales": scales_of_items(setting) if by_scale else None,
        "names": None if by_scale else part.names,
        "salient": part.salient,
        "labels": setting.labels,
        "factor_labels": setting.labels,
    }


def _validated(
    setting: Setting, part: ValidityPart | None
) -> tuple[ValidityResult | None, MethodBiasResult | None]:
    """The confirmatory model with its validity, and common method bias; None where it cannot be estimated."""
    if part is None:
        return None, None
    plan, book, data = setting.plan, setting.book, setting.data
    model = validity_scales(plan, book)
    labels = {**setting.labels, **{scale: plan.scales.get(scale) or Text(scale, scale) for scale in model}}
    setting.progress("validity of the scales")
    valid = setting.attempt(
        "validity",
        lambda: validity(
            data,
            model,
            estimator=part.estimator,
            missing=part.missing,
            replicates=part.replicates,
            seed=setting.seed,
            labels=labels,
        ),
    )
    if not part.method_bias:
        return valid, None
    setting.progress("common method bias")
    bias = setting.attempt(
        "common method bias, latent method factor",
        lambda: common_method_bias(data, model, marker=part.marker, labels=labels),
    )
    if bias is None:
        # the single factor needs no model of the traits
        items = [item for members in model.values() for item in members]
        bias = setting.attempt(
            "common method bias",
            lambda: common_method_bias(data, items=items, marker=part.marker, labels=labels),
        )
    return valid, bias
