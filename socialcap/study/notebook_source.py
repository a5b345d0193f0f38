"""Cells of a notebook, and calls written as a person would write them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from socialcap.results import Text

_WIDTH = 96


@dataclass(frozen=True)
class Code:
    """An expression of the notebook, such as the name of a variable."""

    text: str


@dataclass(frozen=True)
class Cell:
    """One cell; `may_fail` marks a step that a study survives: a notebook goes on after it too."""

    source: str
    words: bool = False
    may_fail: bool = False

    def to_dict(self, number: int) -> dict[str, Any]:
        """The cell as the notebook format (4.5) has it, without output."""
        cell: dict[str, Any] = {
            "cell_type": "markdown" if self.words else "code",
            "id": f"cell-{number}",
            "metadata": {"tags": ["raises-exception"]} if self.may_fail else {},
            "source": self.source.splitlines(keepends=True),
        }
        return cell if self.words else {**cell, "execution_count": None, "outputs": []}


def headed(text: Text, level: int = 2) -> Cell:
    """A heading in both languages."""
    sides = dict.fromkeys((text("en"), text("zh")))
    return Cell(f"{'#' * level} {' · '.join(sides)}", words=True)


def notebook_json(cells: Sequence[Cell]) -> bytes:
    """The cells as a notebook file for Python 3."""
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    made = {
        "cells": [cell.to_dict(number) for number, cell in enumerate(cells, 1)],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode()


def literal(value: Any) -> str:
    """A value as Python source; sequences become lists."""
    match value:
        case Code():
            return value.text
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)


def call(function: str, /, *positional: Any, **options: Any) -> str:
    """The call of a function, on one line where it fits, else an argument a line."""
    arguments = [("", value) for value in positional] + [(f"{key}=", value) for key, value in options.items()]
    line = f"{function}({', '.join(prefix + literal(value) for prefix, value in arguments)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    return "\n".join([f"{function}(", *(f"    {_argument(*argument)}," for argument in arguments), ")"])


def assigned(name: str, value: Any) -> str:
    """A name given a list or dictionary, folded where it is long."""
    return _argument(f"{name} = ", value, indent=0)


def _argument(prefix: str, value: Any, indent: int = 4) -> str:
    """An argument of a call; a long list or dictionary is folded between its parts."""
    whole = prefix + literal(value)
    if len(whole) <= _WIDTH - indent or not isinstance(value, list | tuple | Mapping):
        return whole
    if isinstance(value, Mapping):
        left, right, parts = "{", "}", [f"{literal(k)}: {literal(v)}" for k, v in value.items()]
    else:
        left, right, parts = "[", "]", [literal(part) for part in value]
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > _WIDTH - 12:
            lines.append("")
        lines[-1] += f"{part}, "
    margin = " " * indent
    inside = "".join(f"{margin}    {line.rstrip()}\n" for line in lines)
    return f"{prefix}{left}\n{inside}{margin}{right}"


def chosen(
    function: Callable[..., Any], given: Mapping[str, Any], said: Sequence[str] = ()
) -> dict[str, Any]:
    """The options that differ from a function's defaults, and those of `said`, which are always written."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}
    return {
        name: value
        for name, value in given.items()
        if name in said or not (_same(value, defaults.get(name, inspect.Parameter.empty)))
    }


def _same(value: Any, default: Any) -> bool:
    """Whether an option leaves a default as it is; the empty ones of a study file stand for none."""
    if isinstance(value, Code):
        return False
    return bool(value == default) or (default is None and value in ((), "", [], {}))
