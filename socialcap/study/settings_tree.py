"""Plans and codebooks as flat lists of settings, so that two of them can be held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

from socialcap.codebook import Codebook
from socialcap.plan import StudyPlan
from socialcap.results import Text

Settings = dict[str, Any]


def plan_tree(plan: StudyPlan) -> dict[str, Any]:
    """What the study file states beside the defaults, as nested JSON-ready values.

    Left out are what the report looks like and how many threads work.
    """
    return plan.model_dump(
        mode="json", exclude_defaults=True, exclude={"report": True, "inference": {"workers"}}
    )


def codebook_tree(book: Codebook) -> dict[str, Any]:
    """The codebook as nested JSON-ready values: variables, value lists and questions' words by name."""
    variables = {
        item.name: {f.name: _plain(getattr(item, f.name)) for f in fields(item) if f.name not in _OWN_NAME}
        for item in book
    }
    values = {
        name: {
            option.code: {"label": _plain(option.label), "missing": _plain(option.missing)}
            for option in listed.options
        }
        for name, listed in book.value_lists.items()
    }
    words = {name: _plain(text) for name, text in book.wordings.items()}
    return {"variables": variables, "values": values, "wordings": words}


# `confirm` marks what a drafted codebook leaves to be confirmed, and changes nothing in an analysis
_OWN_NAME = ("name", "confirm")


def settings(tree: Any, place: str = "") -> Settings:
    """Every single value of nested settings by its place; tables of a list that have a name go by it."""
    return dict(_leaves(tree, place))


def _leaves(tree: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{place}.{key}" if place else str(key))
    elif isinstance(tree, list) and any(isinstance(value, Mapping) for value in tree):
        for number, value in enumerate(tree, 1):
            named = isinstance(value, Mapping) and value.get("name")
            yield from _leaves(value, f"{place}[{named or number}]")
    else:
        yield place, tree


def changed(before: Settings, after: Settings) -> list[tuple[str, Any, Any]]:
    """Place, value before and value after of each setting that differs; None where a side has none."""
    places = [*before, *(place for place in after if place not in before)]
    return [
        (place, before.get(place), after.get(place))
        for place in places
        if before.get(place) != after.get(place)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Text):
        return {"en": value.en, "zh": value.zh}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    return value
