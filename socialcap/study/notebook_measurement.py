"""The cells of a study's notebook that go from answers to factors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from socialcap.codebook import Codebook
from socialcap.measurement import composite, factor_analysis, validity
from socialcap.plan import FactorsPart, StudyPlan
from socialcap.results import Text
from socialcap.study.names import factor_items, scales
from socialcap.study.notebook_source import Cell, Code, call, chosen, headed, literal

_DATA, _SEED, _LABELS = Code("data"), Code("SEED"), Code("labels")
_SAID = ("extraction", "rotation", "correlations", "scores")
"""Choices that a reader of a factor analysis asks for first, written even where they are the defaults."""


def measurement_cells(plan: StudyPlan, book: Codebook) -> Iterator[Cell]:
    """Missing answers, reliability, number of factors, factors, their stability, the index, validity."""
    part = plan.factors
    assert part is not None  # the caller has looked
    items = factor_items(plan, book)
    own = {name: [item for item in members if item in items] for name, members in scales(plan, book).items()}
    own = {name: members for name, members in own.items() if members}
    yield headed(Text("Items and scales", "题项与量表"))
    listed = "".join(f"    {literal(name)}: {literal(members)},\n" for name, members in own.items())
    grouped = [item for members in own.values() for item in members]
    all_items = "[item for members in SCALES.values() for item in members]"
    yield Cell(
        f"SCALES = {{\n{listed}}}\nITEMS = {all_items if grouped == items else literal(items)}\n"
        "sc.describe_missing(data[ITEMS], study.survey.missing, study.codebook)"
    )
    yield headed(Text("Reliability of the scales", "量表信度"))
    for name, members in own.items():
        if len(members) > 1:
            yield Cell(
                f"sc.reliability(data, SCALES[{literal(name)}], seed=SEED, name={literal(name)}, labels=labels)"
            )
    yield from _number(part)
    yield from _factors(part)
    yield from _validity(plan)


def _number(part: FactorsPart) -> Iterator[Cell]:
    sample = {"correlations": part.correlation, "missing": part.missing}
    yield headed(Text("Adequacy and number of factors", "适合性检验与因子个数"))
    yield Cell(
        call(
            "sc.correlation",
            _DATA,
            Code("ITEMS"),
            kind=part.correlation,
            missing=part.missing,
            labels=_LABELS,
        )
    )
    yield Cell(call("sc.adequacy", _DATA, Code("ITEMS"), **sample))
    yield Cell(call("sc.n_factors", _DATA, Code("ITEMS"), seed=_SEED, **sample))


def _factor_choices(part: FactorsPart) -> dict[str, Any]:
    """How factors are extracted, rotated, scored and named: what differs from the defaults, and what is asked first."""
    by_scale = part.names == "scales"
    given = {
        "extraction": part.extraction,
        "rotation": part.rotation,
        "correlations": part.correlation,
        "scores": part.scores,
        "preset": part.preset,
        "kaiser": part.kaiser,
        "power": part.power,
        "gamma": part.gamma,
        "epsilon": part.epsilon,
        "salient": part.salient,
        "scales": Code("SCALES") if by_scale else None,
        "names": None if by_scale else part.names,
        "labels": _LABELS,
        "factor_labels": _LABELS,
    }
    return chosen(factor_analysis, given, _SAID)


def _factors(part: FactorsPart) -> Iterator[Cell]:
    yield headed(Text("The factors", "因子分析"))
    how = call("dict", **_factor_choices(part))
    data = (_DATA, part.n_factors, Code("**HOW"))
    items = {"items": Code("ITEMS"), **chosen(factor_analysis, {"missing": part.missing})}
    yield Cell(f"HOW = {how}\nfactors = {call('sc.factor_analysis', *data, **items)}\nfactors")
    if part.bootstrap:
        resampled = {"replicates": part.bootstrap, "seed": _SEED}
        yield Cell(f"stable = {call('sc.bootstrap_factor_analysis', *data, **items, **resampled)}\nstable")
    yield headed(Text("The index of all factors", "总指数"))
    weights = chosen(composite, {"weights": part.composite, "name": part.composite_name}, ("weights", "name"))
    yield Cell("index = " + call("sc.composite", Code("factors"), **weights) + "\nindex")
    yield Cell("scored = data.join(factors.scores).join(index.scores)")


def _validity(plan: StudyPlan) -> Iterator[Cell]:
    part = plan.validity
    if part is None:
        return
    yield headed(Text("Validity of the scales", "效度"))
    given = {
        "estimator": part.estimator,
        "missing": part.missing,
        "replicates": part.replicates,
        "seed": _SEED,
        "labels": _LABELS,
    }
    made = call("sc.validity", _DATA, Code("study.model"), **chosen(validity, given, ("estimator",)))
    yield Cell(f"valid = {made}\nvalid.confirmatory", may_fail=True)
    yield Cell("valid", may_fail=True)
    if part.method_bias:
        marker = {"marker": part.marker} if part.marker else {}
        bias = call("sc.common_method_bias", _DATA, Code("study.model"), **marker, labels=_LABELS)
        yield Cell(bias, may_fail=True)
