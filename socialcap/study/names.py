"""What the names in a study file stand for: scales, items, factors, variables, and what each is called."""

from __future__ import annotations

from collections.abc import Mapping

from socialcap.codebook import Codebook
from socialcap.codebook.checks import expanded_names
from socialcap.plan import StudyPlan
from socialcap.results import Text


def scales(plan: StudyPlan, book: Codebook) -> dict[str, tuple[str, ...]]:
    """Items by scale: those of the codebook, then derived variables that the plan makes items."""
    found = dict(book.scales)
    for name, part in plan.derive.items():
        if part.scale:
            found[part.scale] = (*found.get(part.scale, ()), name)
    return found


def factor_items(plan: StudyPlan, book: Codebook) -> list[str]:
    """The items that are factored: those listed, or those of the listed scales, or of all scales."""
    if plan.factors is None:
        return []
    if plan.factors.items:
        return list(plan.factors.items)
    known = scales(plan, book)
    return [item for scale in plan.factors.scales or tuple(known) for item in known.get(scale, ())]


def validity_scales(plan: StudyPlan, book: Codebook) -> dict[str, list[str]]:
    """The items of each factor of the confirmatory model: the scales named, or all with two items or more."""
    if plan.validity is None:
        return {}
    known = scales(plan, book)
    if plan.validity.scales:
        return {scale: list(known.get(scale, ())) for scale in plan.validity.scales}
    return {scale: list(members) for scale, members in known.items() if len(members) > 1}


def factor_names(plan: StudyPlan, book: Codebook) -> list[str]:
    """All names that factors may get."""
    if plan.factors is None:
        return []
    if plan.factors.names != "scales":
        return list(plan.factors.names)
    return [*scales(plan, book), *(f"F{j + 1}" for j in range(plan.factors.n_factors))]


def variables(plan: StudyPlan, book: Codebook) -> list[str]:
    """Everything that a formula may name: cleaned and derived variables, factors, the composite."""
    names = [column for item in book for column in expanded_names(item, book)]
    names += list(plan.derive)
    if plan.factors:
        names += [*factor_names(plan, book), plan.factors.composite_name]
    return names


def usable_variables(plan: StudyPlan, book: Codebook) -> list[str]:
    """The variables that a model may use: all but personal ones, which stay out unless the study keeps them."""
    personal = {item.name for item in book if item.personal and not plan.data.keep_personal}
    return [name for name in variables(plan, book) if name not in personal]


def variable_labels(plan: StudyPlan, book: Codebook) -> dict[str, Text]:
    """Labels of all variables, derived ones, factors and the composite included."""
    labels = {item.name: book.label(item.name) for item in book}
    labels |= {name: part.label or Text(name, name) for name, part in plan.derive.items()}
    if plan.factors:
        labels |= {name: plan.scales.get(name) or Text(name, name) for name in factor_names(plan, book)}
        composite = plan.factors.composite_name
        labels[composite] = plan.factors.composite_label or Text(composite, composite)
    return labels


def level_labels(book: Codebook) -> dict[str, Mapping[str, Text]]:
    """Labels of the codes of every variable that has a value list."""
    return {
        item.name: {
            option.code: option.label or Text(option.code, option.code) for option in book.options(item)
        }
        for item in book
        if item.values
    }
