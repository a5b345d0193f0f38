"""Contradictions inside a population file, all of them, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from socialcap.errors import nearest
from socialcap.simulation.model import (
    SURVEY_YEAR,
    Composition,
    Condition,
    Drawn,
    Effects,
    Linear,
    Measured,
    Multiple,
    Nominal,
    Ordinal,
    Percentage,
    Population,
    Variable,
    column_names,
)
from socialcap.simulation.paths import drawn_scores, equations, usable_source

SHARES_TOLERANCE = 1e-9


def contradictions(population: Population) -> list[str]:
    """What is wrong with a population whose tables are well formed; empty if nothing is."""
    found = [*_latents(population), *_variables(population), *_returned(population)]
    # covariances exist only where every name does
    return found or list(_variances(population))


def _unknown(place: str, name: str, valid: Sequence[str]) -> str:
    hint = nearest(name, valid)
    return f"{place} names {name!r}, which is not stated before it" + (
        f"; did you mean {hint!r}?" if hint else ""
    )


def _latents(population: Population) -> Iterator[str]:
    before: list[str] = []
    for part in population.latent:
        for other, value in part.correlations.items():
            if other not in before:
                yield _unknown(f"latent {part.name}: correlations", other, before)
            elif not -1 < value < 1:
                yield f"latent {part.name}: the correlation with {other} is {value}, outside (-1, 1)"
        before.append(part.name)


def _variables(population: Population) -> Iterator[str]:
    values: list[str] = []
    sources = [part.name for part in population.latent]
    codes: dict[str, tuple[str, ...]] = {}
    for variable in population.variable:
        place = f"variable {variable.name}"
        for name, effects in drawn_scores(variable):
            label = place if name == variable.name else f"{place}, {name}"
            yield from _effects(label, effects, sources, codes)
        for condition in _conditions(variable):
            if condition.variable not in values:
                yield _unknown(f"{place}: a condition", condition.variable, values)
        yield from _distribution(place, variable)
        if isinstance(variable, Measured) and variable.at_most and variable.at_most.variable not in values:
            yield _unknown(f"{place}: at_most", variable.at_most.variable, values)
        if isinstance(variable, Linear):
            for name in variable.terms:
                if name not in (*values, SURVEY_YEAR):
                    yield _unknown(f"{place}: terms", name, [*values, SURVEY_YEAR])
        values.extend(column_names(variable))
        if isinstance(variable, Nominal):
            codes[variable.name] = variable.codes
        if usable_source(variable):
            sources.append(variable.name)


def _effects(
    place: str, effects: Effects, sources: Sequence[str], codes: dict[str, tuple[str, ...]]
) -> Iterator[str]:
    for source, effect in effects.items():
        if source not in sources:
            yield _unknown(f"{place}: effects", source, sources)
        elif isinstance(effect, dict) != (source in codes):
            wanted = "a table of shifts per code" if source in codes else "one number"
            yield f"{place}: the effect of {source} has to be {wanted}"
        elif isinstance(effect, dict):
            for code in effect:
                if code not in codes[source]:
                    yield _unknown(f"{place}: effects of {source}", code, codes[source])


def _conditions(variable: Variable) -> Iterator[Condition]:
    if isinstance(variable, Drawn):
        yield from variable.asked_if
    if isinstance(variable, Ordinal | Nominal):
        yield from variable.cases
    if isinstance(variable, Composition):
        for part in variable.parts:
            yield from part.only_if


def _distribution(place: str, variable: Variable) -> Iterator[str]:
    if isinstance(variable, Ordinal | Nominal):
        n = len(variable.shares)
        for shares in (variable.shares, *(case.shares for case in variable.cases)):
            if len(shares) != n:
                yield f"{place}: {len(shares)} shares in a case, {n} otherwise"
            if min(shares) < 0 or abs(sum(shares) - 1) > SHARES_TOLERANCE:
                yield f"{place}: the shares {list(shares)} do not sum to 1"
        if isinstance(variable, Nominal):
            if len(variable.codes) != n:
                yield f"{place}: {n} shares for {len(variable.codes)} codes"
            if variable.effects:
                yield f"{place}: a nominal variable takes no effects; use cases"
    if isinstance(variable, Measured):
        low, high = variable.minimum, variable.maximum
        if low is not None and high is not None and low >= high:
            yield f"{place}: minimum {low} is not below maximum {high}"
    if isinstance(variable, Percentage) and variable.sd**2 >= variable.mean * (100 - variable.mean):
        yield f"{place}: no percentage with mean {variable.mean} has a standard deviation of {variable.sd}"
    if isinstance(variable, Composition):
        if abs(100 / variable.round_to - round(100 / variable.round_to)) > SHARES_TOLERANCE:
            yield f"{place}: 100 is no multiple of round_to = {variable.round_to}"
        if all(part.only_if for part in variable.parts):
            yield f"{place}: every part has a condition, so that nothing may be left to sum to 100"


def _returned(population: Population) -> Iterator[str]:
    part = population.returned
    if part is None:
        return
    names = [*population.columns, *(variable.name for variable in population.variable)]
    named = {"blank": part.blank, "required": part.required, "extras": part.extras, "units": part.units}
    for key, given in named.items():
        for name in given:
            if name not in names:
                yield _unknown(f"returned.{key}", name, names)
    codes = {variable.name: _codes(variable) for variable in population.variable}
    for name, extras in part.extras.items():
        for code in extras:
            if code not in codes.get(name, (code,)):
                yield _unknown(f"returned.extras.{name}", code, codes[name])
    for planted in part.planted:
        if planted.variable not in names:
            yield _unknown("returned.planted", planted.variable, names)


def _codes(variable: Variable) -> tuple[str, ...]:
    if isinstance(variable, Multiple):
        return (*(option.code for option in variable.options), variable.none)
    return variable.codes if isinstance(variable, Nominal) else ()


def _variances(population: Population) -> Iterator[str]:
    smallest = float(np.linalg.eigvalsh(population.phi).min()) if population.latent else 1.0
    if smallest <= 0:
        yield f"the correlations of the latents are impossible together (smallest eigenvalue {smallest:.3g})"
        return
    for name, equation in equations(population).items():
        if equation.explained >= 1:
            yield f"{name}: the effects explain {equation.explained:.2f} of a variance of 1"
