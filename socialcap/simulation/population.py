"""population.toml read into a Population, with every mistake named at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from socialcap.errors import Problem, UnreadableError
from socialcap.settings import load_toml, settings_problem, tables_in
from socialcap.simulation.checks import contradictions
from socialcap.simulation.model import KINDS, Population

POPULATION_FILE = "population.toml"


class PopulationError(UnreadableError):
    """The population file cannot be understood, or contradicts itself."""


def read_population(path: str | Path) -> Population:
    """The population that a file (or the population.toml of a folder) describes.

    Raises PopulationError, listing every mistake: TOML syntax with its line; unknown keys and names with the
    nearest valid one; shares that do not add up; effects that explain more than the whole variance.
    """
    path = Path(path)
    if path.is_dir():
        path = path / POPULATION_FILE
    raw = load_toml(path, "population file", PopulationError)
    try:
        population = Population.model_validate(raw)
    except ValidationError as error:
        problems = [_problem(path.name, raw, e) for e in _causes(error)]
        raise PopulationError(f"the population file {path} has mistakes", problems) from None
    problems = [Problem(message, path.name) for message in contradictions(population)]
    if problems:
        raise PopulationError(f"the population file {path} contradicts itself", problems)
    return population


def _causes(error: ValidationError) -> Iterator[Any]:
    """The errors of a file, but for lists that are too short because their entries have errors."""
    found = error.errors()
    places = [each["loc"] for each in found]
    for each in found:
        inside = any(len(p) > len(each["loc"]) and p[: len(each["loc"])] == each["loc"] for p in places)
        if not (each["type"] == "too_short" and inside):
            yield each


def _problem(file: str, raw: Mapping[str, Any], fault: Any) -> Problem:
    place = ".".join(_place(raw, list(fault["loc"])))
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        found = str(fault["input"].get("kind", "")) if isinstance(fault["input"], dict) else ""
        return Problem(f"{place}.kind names no distribution", file, value=found, expected=", ".join(KINDS))
    return settings_problem(file, place, fault, _keys_at(list(fault["loc"][:-1])))


def _place(raw: Any, location: list[Any]) -> Iterator[str]:
    """The location in words; the entries of a list go by their name, if they have one."""
    here = raw
    for part in location:
        if isinstance(part, int):
            here = here[part] if isinstance(here, list) and part < len(here) else None
            name = (
                next((here[k] for k in ("name", "code") if k in here), None)
                if isinstance(here, dict)
                else None
            )
            yield f"{name}" if name is not None else f"[{part + 1}]"
        elif isinstance(here, dict) and part not in here and part == here.get("kind"):
            continue
        else:
            here = here.get(part) if isinstance(here, dict) else None
            yield str(part)


def _keys_at(location: list[Any]) -> list[str]:
    """The keys that the table at a location of the population file may have."""
    table: type[BaseModel] = Population
    for part in location:
        if isinstance(part, int):
            continue
        if part in KINDS:
            table = KINDS[part]
        elif part in table.model_fields:
            table = next(tables_in(table.model_fields[part].annotation), table)
    return list(table.model_fields)
