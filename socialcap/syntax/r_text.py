"""How R writes texts, vectors and long calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from socialcap.syntax.design import Dialect, number

_WIDTH = 100
DIALECT_FUNCTIONS = {name: f"{name}({{}})" for name in ("log", "log1p", "log10", "exp", "sqrt", "abs")}


def quoted(text: str) -> str:
    """A text in R's quotes."""
    return json.dumps(text, ensure_ascii=False)


def vector(parts: Iterable[str]) -> str:
    """c(...) of what is written already, broken into lines."""
    lines, line = [], ""
    for part in parts:
        if line and len(line) + len(part) + 2 > _WIDTH:
            lines.append(line)
            line = ""
        line += (", " if line else "") + part
    lines.append(line)
    return f"c({lines[0]})" if len(lines) == 1 else "c(\n  " + ",\n  ".join(lines) + "\n)"


def texts(values: Iterable[str]) -> str:
    """A character vector."""
    return vector(map(quoted, values))


def floats(values: Iterable[float]) -> str:
    """A numeric vector, every number to the last digit."""
    return vector(number(float(value)) for value in values)


def column(name: str, frame: str = "cleaned") -> str:
    """A column of a frame by its heading."""
    return f"{frame}[[{quoted(name)}]]"


def dialect(variables: Iterable[str]) -> Dialect:
    """R's arithmetic over columns of the cleaned data."""
    names: Mapping[str, str] = {name: column(name) for name in variables}
    return Dialect(DIALECT_FUNCTIONS, {}, names)


def comment(text: str) -> str:
    """A comment of one line."""
    return "# " + " ".join(text.split())
