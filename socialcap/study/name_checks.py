"""Whether the names in a study file mean something in the codebook: all that do not, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from socialcap.claims import Model, Vocabulary, claim_problems, read_references
from socialcap.codebook import Codebook, ItemType
from socialcap.errors import Problem, StudyError, nearest
from socialcap.inference.specification_formulas import follow_problems
from socialcap.plan import STUDY_FILE, StudyPlan
from socialcap.regression.formula import formula_problems
from socialcap.study.names import (
    factor_items,
    factor_names,
    scales,
    usable_variables,
    validity_scales,
    variables,
)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def require_known_names(plan: StudyPlan, book: Codebook) -> None:
    """Raise StudyError with every item, scale and variable of the plan that does not exist or cannot be used."""
    problems = [
        *_factor_problems(plan, book),
        *_validity_problems(plan, book),
        *_profile_problems(plan, book),
        *_regression_problems(plan, book),
        *_further_problems(plan, book),
        *_claim_problems(plan, book),
        *_robustness_problems(plan, book),
    ]
    if problems:
        raise StudyError("the study file names things that the codebook does not have", problems)


def _factor_problems(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    yield from _unknown("scales", plan.scales, list(scales(plan, book)), "scale")
    part = plan.factors
    if part is None:
        return
    yield from _unknown("factors.scales", part.scales, list(scales(plan, book)), "scale")
    known = [*(item.name for item in book), *plan.derive]
    yield from _unknown("factors.items", part.items, known, "variable")
    items = factor_items(plan, book)
    if not items:
        yield Problem("there are no items to factor: no variable of the codebook has a scale", STUDY_FILE)
    for name in items:
        if name in book and book[name].personal and not plan.data.keep_personal:
            yield Problem("a personal variable cannot be factored", STUDY_FILE, column=name)
        if name in book and not book[name].type.numeric:
            kinds = "ordinal or a number"
            yield Problem(
                "this item is not numeric",
                STUDY_FILE,
                column=name,
                value=book[name].type.value,
                expected=kinds,
            )
    if items and part.n_factors > len(items):
        yield Problem(f"n_factors is {part.n_factors}, but there are {len(items)} items", STUDY_FILE)
    if part.names != "scales" and len(set(part.names)) != part.n_factors:
        yield Problem(f"factors.names must give {part.n_factors} different names", STUDY_FILE)
    taken = {item.name for item in book} | set(plan.derive)
    for name in [*factor_names(plan, book), part.composite_name]:
        if name in taken:
            yield Problem(f"the factor or composite {name!r} has the name of a variable", STUDY_FILE)


def _regression_problems(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    yield from _twice(plan.regression, "regressions")
    usable = usable_variables(plan, book)
    for part in plan.regression:
        outcome = part.formula.split("~")[0].strip()
        categorical = part.model in ("logit", "probit", "firth", "multinomial", "bivariate_probit")
        if outcome in book and not (book[outcome].type.numeric or categorical) and outcome in usable:
            kind = f"is {book[outcome].type}; a regression's outcome must be ordinal or a number"
            yield Problem(f"regression {part.name}: the outcome {kind}", STUDY_FILE, column=outcome)
        for formula in filter(None, (part.formula, part.selection, part.second)):
            yield from _in_formula(f"regression {part.name}", formula, usable)
        yield from _unknown(f"regression {part.name}", part.columns, usable, "variable")


def _validity_problems(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    part = plan.validity
    if part is None:
        return
    yield from _unknown("validity.scales", part.scales, list(scales(plan, book)), "scale")
    model = validity_scales(plan, book)
    if not model:
        yield Problem("validity: no scale has two items or more", STUDY_FILE)
    for scale, members in model.items():
        if len(members) == 1:
            yield Problem(f"validity: the scale {scale!r} has one item; two at least are needed", STUDY_FILE)
        yield from _numbers(plan, book, "validity", members)
    if part.marker is not None:
        yield from _numbers(plan, book, "validity.marker", [part.marker])
        if part.marker in {item for members in model.values() for item in members}:
            yield Problem(f"validity: the marker {part.marker!r} is an item of a scale", STUDY_FILE)


def _profile_problems(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    part = plan.profile
    several = [item.name for item in book if item.type is ItemType.MULTIPLE]
    usable = usable_variables(plan, book)
    yield from _unknown("profile.variables", part.variables, [*usable, *several], "variable")
    for name in part.variables:
        if name in book and book[name].type in (ItemType.TEXT, ItemType.DATE):
            kind = book[name].type.value
            yield Problem("profile: it has neither levels nor numbers", STUDY_FILE, column=name, value=kind)
    yield from _numbers(plan, book, "profile.funding", part.funding)
    yield from _numbers(plan, book, "profile.describe", part.describe or ())
    for where, names in (
        ("variables", part.variables),
        ("funding", part.funding),
        ("describe", part.describe),
    ):
        for name in _repeated(names or ()):
            yield Problem(f"profile.{where} names {name!r} twice", STUDY_FILE)


def _further_problems(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    """Names in the tables of inference, blocks, moderation and mediation."""
    usable = usable_variables(plan, book)
    clusters = [plan.inference.clusters] if plan.inference.clusters else []
    yield from _unknown("inference.clusters", clusters, usable, "variable")
    yield from _twice(plan.hierarchical, "hierarchical regressions")
    for blocks in plan.hierarchical:
        where = f"hierarchical {blocks.name}"
        for formula in (f"{blocks.outcome} ~ 1", *(f"{blocks.outcome} ~ {block}" for block in blocks.blocks)):
            yield from _in_formula(where, formula, usable)
        named = [*blocks.clusters, *([blocks.weights] if blocks.weights else [])]
        yield from _unknown(where, named, usable, "variable")
    yield from _twice(plan.moderation, "moderations")
    for moderation in plan.moderation:
        roles = [moderation.y, moderation.x, moderation.w]
        where = f"moderation {moderation.name}"
        yield from _roles(plan, book, where, roles, moderation.covariates)
        yield from _unknown(where, moderation.clusters, usable, "variable")
    yield from _twice(plan.mediation, "mediations")
    for mediation in plan.mediation:
        roles = [mediation.y, mediation.x, *mediation.m]
        roles += [mediation.moderator] if mediation.moderator else []
        where = f"mediation {mediation.name}"
        yield from _roles(plan, book, where, roles, mediation.covariates)
        yield from _unknown(where, [mediation.clusters] if mediation.clusters else [], usable, "variable")


def _claim_problems(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    """Claims that cannot be read, or that name what the study does not have."""
    if not plan.claim:
        return
    targets = read_references(plan.references, plan.folder)
    known = Vocabulary(
        variables=tuple(variables(plan, book)),
        factors=tuple(factor_names(plan, book)),
        items=tuple(factor_items(plan, book)),
        scales=tuple(name for name, members in scales(plan, book).items() if len(members) > 1),
        models=tuple(Model.planned(part) for part in plan.regression),
        references={
            name: {str(f): list(t.index[t[f] != 0.0]) for f in t.columns} for name, t in targets.items()
        },
        n_factors=plan.factors.n_factors if plan.factors else None,
        draws=plan.factors.bootstrap if plan.factors else 0,
    )
    for problem in claim_problems(plan.claim, known)[1]:
        yield replace(problem, where=STUDY_FILE)


def _robustness_problems(plan: StudyPlan, book: Codebook) -> Iterator[Problem]:
    """Regressions, terms, variables and exclusion rules of [robustness] that do not exist or cannot be used."""
    part = plan.robustness
    if part is None:
        return
    if plan.factors is None:
        yield Problem("robustness: specifications vary the factors, and there is no [factors]", STUDY_FILE)
        return
    items = len(factor_items(plan, book))
    for number in part.n_factors:
        if number > items:
            yield Problem(f"robustness: n_factors {number}, but there are {items} items", STUDY_FILE)
    rules = [rule.flag or rule.when for rule in plan.exclude]
    for name, version in part.cleaning.items():
        if name == "declared":
            yield Problem("robustness.cleaning: 'declared' is the study's own cleaning", STUDY_FILE)
        for rule in version.rules:
            if rule not in rules:
                hint = nearest(rule, rules)
                tail = f"; did you mean {hint!r}?" if hint else ""
                yield Problem(f"robustness.cleaning.{name}: there is no exclusion {rule!r}{tail}", STUDY_FILE)
    found = follow_problems(
        {model.name: model.formula for model in plan.regression},
        [(followed.regression, followed.term) for followed in part.follow],
        {
            model.name: model.model
            for model in plan.regression
            if model.name in {f.regression for f in part.follow}
        },
        part.choices,
        usable_variables(plan, book),
    )
    for problem in found:
        where = f" ({problem.where})" if problem.where else ""
        value = f": {problem.value}" if problem.value else ""
        yield Problem(f"robustness{where}: {problem.message}{value}", STUDY_FILE, expected=problem.expected)


def _roles(
    plan: StudyPlan, book: Codebook, where: str, roles: Sequence[str], covariates: Sequence[str]
) -> Iterator[Problem]:
    """Variables that must be numbers, each in one role, and covariates, which may be terms of a formula."""
    yield from _numbers(plan, book, where, roles)
    for name in _repeated(roles):
        yield Problem(f"{where}: {name!r} has two roles", STUDY_FILE)
    for term in covariates:
        yield from _in_formula(where, f"{roles[0]} ~ {term}", usable_variables(plan, book), [roles[0]])


def _in_formula(where: str, formula: str, usable: list[str], known: Sequence[str] = ()) -> Iterator[Problem]:
    """What is wrong with a formula, the names in `known` having been looked at before."""
    for problem in formula_problems(formula, [*usable, *known]):
        yield Problem(f"{where}: {problem.message}", STUDY_FILE, value=problem.value)


def _numbers(plan: StudyPlan, book: Codebook, where: str, names: Iterable[str]) -> Iterator[Problem]:
    """Names that do not exist, or are not of numbers."""
    named = list(names)
    yield from _unknown(where, named, usable_variables(plan, book), "variable")
    for name in named:
        if name in book and not book[name].type.numeric:
            kind = book[name].type.value
            yield Problem(f"{where}: a number is needed", STUDY_FILE, column=name, value=kind)


def _twice(parts: Sequence[_Named], what: str) -> Iterator[Problem]:
    for name in _repeated([part.name for part in parts]):
        yield Problem(f"two {what} are called {name!r}", STUDY_FILE)


def _repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _unknown(where: str, names: Iterable[str], valid: list[str], what: str) -> Iterator[Problem]:
    for name in names:
        if name not in valid:
            hint = nearest(name, valid)
            tail = f"; did you mean {hint!r}?" if hint else ""
            yield Problem(f"{where}: there is no {what} {name!r}{tail}", STUDY_FILE)
