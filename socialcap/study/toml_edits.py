"""Strings of a TOML file replaced in its text, so that comments and layout stay."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Place = tuple[str | int, ...]

# Comments are tokens too: a quotation mark in them opens nothing.
_TOKEN = re.compile(
    r'#[^\n]*|"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)
_MARK = "the string in question, as no study file has it"


def with_strings(text: str, wanted: Mapping[Place, str]) -> str:
    """The TOML `text` with other strings at the places `wanted`, such as ("data", "files", 0).

    Each string of the text is tried in turn, and the parser asked where it stands: this holds for tables,
    inline tables, dotted keys and arrays over several lines alike. Raises ValueError where the result would
    not parse to the same settings with just these strings replaced.
    """
    old = {place: _at(tomllib.loads(text), place) for place in wanted}
    found: dict[Place, re.Match[str]] = {}
    for token in _TOKEN.finditer(text):
        if token.group().startswith("#") or _value(token.group()) not in old.values():
            continue
        place = _marked(text[: token.start()] + json.dumps(_MARK) + text[token.end() :])
        if place is not None and place in wanted:
            found[place] = token
    for place, token in sorted(found.items(), key=lambda pair: -pair[1].start()):
        new = json.dumps(wanted[place], ensure_ascii=False)
        text = text[: token.start()] + new + text[token.end() :]
    lacking = [place for place in wanted if _at(tomllib.loads(text), place) != wanted[place]]
    if lacking:
        raise ValueError(f"no string could be replaced at {lacking}")
    return text


def _value(token: str) -> Any:
    """The string that a token stands for; None if it is none after all."""
    try:
        return tomllib.loads(f"x = {token}")["x"]
    except tomllib.TOMLDecodeError:
        return None


def _marked(text: str) -> Place | None:
    """Where the mark stands in the settings; None where it is no value."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    return next((place for place, value in _leaves(tree, ()) if value == _MARK), None)


def _leaves(tree: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*place, key))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from _leaves(value, (*place, number))
    else:
        yield place, tree


def _at(tree: Any, place: Place) -> Any:
    for key in place:
        tree = tree[key]
    return tree
