"""The cells of a study's notebook that go from factors to findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, get_args

from socialcap.codebook import Codebook, ItemType
from socialcap.codebook.checks import expanded_names
from socialcap.inference import pipeline, specification_curve
from socialcap.kernels.pipeline import Model
from socialcap.measurement import profile
from socialcap.plan import (
    FactorsPart,
    HierarchicalPart,
    MediationPart,
    ModerationPart,
    RegressionPart,
    StudyPlan,
)
from socialcap.regression import hierarchical, regress
from socialcap.regression.formula import read_formula
from socialcap.regression.mediation import mediation
from socialcap.regression.moderation import moderation
from socialcap.results import Text
from socialcap.study.names import factor_names, variables
from socialcap.study.notebook_source import Cell, Code, assigned, call, chosen, headed, literal

_CARRIED: tuple[str, ...] = get_args(Model)
_SEED = Code("SEED")
_WORDS = {"labels": Code("labels"), "level_labels": Code("levels")}


def model_cells(plan: StudyPlan, book: Codebook) -> Iterator[Cell]:
    """Description, regressions and what follows from each, further models, the pipeline, robustness."""
    scored = Code("scored" if plan.factors else "data")
    yield from _profile(plan, book, scored)
    if plan.regression:
        yield headed(Text("Regressions", "回归分析"))
        yield Cell("models = {}")
        for part in plan.regression:
            yield from _regression(part, scored)
    if plan.hierarchical or plan.moderation or plan.mediation:
        yield headed(Text("Blocks, moderation and mediation", "分层、调节与中介"))
    for block in plan.hierarchical:
        yield from _hierarchical(block, scored)
    for moderated in plan.moderation:
        yield from _moderation(moderated, scored)
    for mediated in plan.mediation:
        yield from _mediation(mediated, scored)
    if plan.factors:
        yield from _pipelines(plan, plan.factors, book)
        yield from _robustness(plan, plan.factors)


def _named(name: str, label: Text) -> Cell:
    return headed(label or Text(name, name), 3)


def _profile(plan: StudyPlan, book: Codebook, scored: Code) -> Iterator[Cell]:
    """Who the firms are; the variables of the models where the study file does not name others."""
    part = plan.profile
    described = tuple(_described(plan, book)) if part.describe is None else part.describe
    if not (part.variables or part.funding or described):
        return
    several = {
        name: dict(
            zip(book.value_lists[book[name].values].codes, expanded_names(book[name], book), strict=True)
        )
        for name in part.variables
        if name in book and book[name].type is ItemType.MULTIPLE
    }
    given: dict[str, Any] = {
        "funding": part.funding,
        "describe": Code("[name for name in described if name in numbers]"),
        "multiple": several,
        "labels": Code("labels"),
        "level_labels": Code("study.answers"),
    }
    yield headed(Text("The firms", "样本企业"))
    names = assigned("described", described)
    if plan.factors and part.describe is None:
        names += "\ndescribed = list(dict.fromkeys([*described, *factors.names, index.name]))"
    numbers = f'numbers = {scored.text}.select_dtypes("number").columns'
    made = call("sc.profile", scored, part.variables, **chosen(profile, given))
    yield Cell(f"{names}\n{numbers}\n{made}", may_fail=True)


def _described(plan: StudyPlan, book: Codebook) -> Iterator[str]:
    """The variables of all regressions, outcomes first."""
    known = variables(plan, book)
    outcomes: list[str] = []
    regressors: list[str] = []
    for part in plan.regression:
        read = read_formula(part.formula, known)
        explaining = read.regressor_variables()
        for name in sorted(read.variables(), key=partial(_place, part.formula)):
            (regressors if name in explaining else outcomes).append(name)
    yield from dict.fromkeys([*outcomes, *regressors])


def _place(formula: str, name: str) -> int:
    """Where a variable stands in a formula."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", formula)
    return found.start() if found else len(formula)


def _regression(part: RegressionPart, scored: Code) -> Iterator[Cell]:
    yield _named(part.name, part.label)
    given: dict[str, Any] = {
        "model": part.model,
        "cov": part.cov,
        "clusters": part.clusters,
        "weights": part.weights,
        "strata": part.strata,
        "fixed_effects": part.fixed_effects,
        "lower": part.lower,
        "upper": part.upper,
        "exposure": part.exposure,
        "base": part.base,
        "selection": part.selection,
        "second": part.second,
        "groups": part.groups,
        "slopes": part.slopes,
        "method": part.method,
        "wild_weights": part.wild_weights,
        "seed": _SEED,
        "name": part.name,
        **_WORDS,
    }
    made = call("sc.regress", part.formula, scored, **chosen(regress, given, ("model",)))
    yield Cell(f"models[{literal(part.name)}] = {made}\nmodels[{literal(part.name)}]")
    model = f"models[{literal(part.name)}]"
    usual = part.margins is None
    if part.margins_at and not (usual and part.fixed_effects):
        yield Cell(f"sc.margins({model}, {literal(part.margins_at)})", may_fail=True)
    if part.diagnostics:
        yield Cell(f"sc.diagnostics({model}, seed=SEED)", may_fail=True)


def _hierarchical(part: HierarchicalPart, scored: Code) -> Iterator[Cell]:
    yield _named(part.name, part.label)
    given = {
        "model": part.model,
        "cov": part.cov,
        "clusters": part.clusters,
        "weights": part.weights,
    }
    yield Cell(call("sc.hierarchical", part.formulas, scored, **chosen(hierarchical, given), **_WORDS))


def _moderation(part: ModerationPart, scored: Code) -> Iterator[Cell]:
    yield _named(part.name, part.label)
    given = {
        "y": part.y,
        "x": part.x,
        "w": part.w,
        "covariates": part.covariates,
        "cov": part.cov,
        "clusters": part.clusters,
        "center": part.center,
        "levels": part.levels,
        "level": part.level,
        **_WORDS,
    }
    yield Cell(call("sc.moderation", scored, **chosen(moderation, given)))


def _mediation(part: MediationPart, scored: Code) -> Iterator[Cell]:
    yield _named(part.name, part.label)
    given = {
        "x": part.x,
        "m": part.m,
        "y": part.y,
        "covariates": part.covariates,
        "kind": part.kind,
        "moderator": part.moderator,
        "moderated": part.moderated,
        "levels": part.levels,
        "replicates": part.replicates,
        "seed": _SEED,
        "interval": part.interval,
        "level": part.level,
        "clusters": part.clusters,
        "cov": part.cov,
        "labels": Code("labels"),
    }
    yield Cell(call("sc.mediation", scored, **chosen(mediation, given, ("replicates",))))


def _pipelines(plan: StudyPlan, factors: FactorsPart, book: Codebook) -> Iterator[Cell]:
    """Each regression on scores through the whole pipeline."""
    asked = plan.inference
    parts = [part for part in plan.regression if _is_carried(plan, factors, book, part)]
    if not asked.replicates or not parts:
        return
    yield headed(Text("The same regressions through the whole pipeline", "全流程推断"))
    yield Cell("carried = {}")
    for part in parts:
        given = {
            "n_factors": factors.n_factors,
            "composite": factors.composite,
            "composite_name": factors.composite_name,
            "model": part.model,
            "replicates": asked.replicates,
            "seed": _SEED,
            "clusters": asked.clusters or (part.clusters[0] if part.clusters else None),
            "interval": asked.interval,
            "level": asked.level,
            "imputations": asked.imputations,
            "workers": asked.workers or 1,
            "level_labels": Code("levels"),
        }
        options = chosen(pipeline, given, ("n_factors", "replicates", "interval"))
        options["progress"] = Code("progress")
        made = call("sc.pipeline", Code("data"), part.formula, Code("**HOW"), items=Code("ITEMS"), **options)
        inside, name = made.replace("\n", "\n    "), literal(part.name)
        yield Cell(
            f"with sc.progress_bar({name}) as progress:\n    carried[{name}] = {inside}\ncarried[{name}]",
            may_fail=True,
        )


def _is_carried(plan: StudyPlan, factors: FactorsPart, book: Codebook, part: RegressionPart) -> bool:
    """Whether a regression has a score among its regressors, and the pipeline can repeat it."""
    named = read_formula(part.formula, variables(plan, book)).regressor_variables()
    plain = not (part.weights or part.strata or part.fixed_effects)
    one_way = len(part.clusters) <= 1 or bool(plan.inference.clusters)
    scores = {*factor_names(plan, book), factors.composite_name}
    return part.model in _CARRIED and plain and one_way and bool(named & scores)


def _robustness(plan: StudyPlan, factors: FactorsPart) -> Iterator[Cell]:
    """The specification curves."""
    part = plan.robustness
    if part is None:
        return
    asked = {followed.regression for followed in part.follow}
    models = [model for model in plan.regression if model.name in asked]
    versions = {"declared": Code("data")} | {
        name: Code(f"study.data_under({literal(version.rules)})") for name, version in part.cleaning.items()
    }
    given = {
        "n_factors": factors.n_factors,
        "composite": factors.composite,
        "composite_name": factors.composite_name,
        "models": {model.name: model.model for model in models if model.model != "ols"} or None,
        "limit": part.limit,
        "replicates": part.replicates,
        "seed": _SEED,
        "clusters": plan.inference.clusters,
        "workers": plan.inference.workers or 1,
        "level_labels": Code("plan.robustness.level_labels"),
    }
    options = chosen(specification_curve, given, ("n_factors", "limit", "replicates"))
    choices = {name: levels for name, levels in part.choices.items() if levels}
    folded = "".join(f"        {literal(name)}: {literal(levels)},\n" for name, levels in choices.items())
    made = call(
        "sc.specification_curve",
        versions if part.cleaning else Code("data"),
        {model.name: Code(f"models[{literal(model.name)}].formula") for model in models},
        Code(literal([Code(f"({literal(f.regression)}, {literal(f.term)})") for f in part.follow])),
        Code("**HOW"),
        items=Code("ITEMS"),
        choices=Code(f"{{\n{folded}    }}"),
        **options,
        progress=Code("progress"),
    )
    inside = made.replace("\n", "\n    ")
    yield headed(Text("Robustness: every combination of choices", "稳健性：模型设定曲线"))
    yield Cell(
        f'with sc.progress_bar("specifications") as progress:\n    curves = {inside}\ncurves[0]',
        may_fail=True,
    )
    for number in range(len(part.follow)):
        if number:
            yield Cell(f"curves[{number}]", may_fail=True)
        yield Cell(f"sc.figures(curves[{number}])", may_fail=True)
