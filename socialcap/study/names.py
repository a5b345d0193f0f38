"""Whether the names in a study file mean something in the codebook: all that do not, at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from socialcap.codebook import Codebook
from socialcap.codebook.checks import expanded_names
from socialcap.errors import Problem, StudyError, nearest
from socialcap.plan import STUDY_FILE, StudyPlan
from socialcap.regression.formula import formula_problems
from socialcap.results import Text


def require_known_names(plan: StudyPlan, book: Codebook) -> None:
    """Raise StudyError with every item, scale and formula variable of the plan that does not exist."""
    problems = [*_factor_problems(plan, book), *_regression_problems(plan, book)]
    if problems:
        raise StudyError("the study file names things that the codebook does not have", problems)


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
    names = [part.name for part in plan.regression]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"two regressions are called {name!r}", STUDY_FILE)
    personal = [item.name for item in book if item.personal]
    for part in plan.regression:
        usable = [name for name in variables(plan, book) if plan.data.keep_personal or name not in personal]
        outcome = part.formula.split("~")[0].strip()
        categorical = part.model in ("logit", "probit", "firth", "multinomial", "bivariate_probit")
        if outcome in book and not (book[outcome].type.numeric or categorical) and outcome in usable:
            kind = f"is {book[outcome].type}; a regression's outcome must be ordinal or a number"
            yield Problem(f"regression {part.name}: the outcome {kind}", STUDY_FILE, column=outcome)
        for formula in filter(None, (part.formula, part.selection, part.second)):
            for problem in formula_problems(formula, usable):
                yield Problem(f"regression {part.name}: {problem.message}", STUDY_FILE, value=problem.value)
        for name in part.columns:
            if name not in usable:
                hint = nearest(name, usable)
                message = f"there is no variable {name!r}" + (f"; did you mean {hint!r}?" if hint else "")
                yield Problem(f"regression {part.name}: {message}", STUDY_FILE)
    for name, item in ((n, book[n]) for n in personal if not plan.data.keep_personal):
        if item.scale and plan.factors and name in factor_items(plan, book):
            yield Problem("a personal variable cannot be factored", STUDY_FILE, column=name)


def _unknown(where: str, names: Iterable[str], valid: list[str], what: str) -> Iterator[Problem]:
    for name in names:
        if name not in valid:
            hint = nearest(name, valid)
            tail = f"; did you mean {hint!r}?" if hint else ""
            yield Problem(f"{where}: there is no {what} {name!r}{tail}", STUDY_FILE)
