"""How SPSS writes texts, lists and arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from socialcap.syntax.design import Dialect, number
from socialcap.syntax.frame import FileColumn

_WIDTH = 100
_LONGEST_LABEL = 255
LONGEST_VALUE_LABEL = 120
"""Bytes of a value's label."""
_FUNCTIONS = {
    "log": "LN({})",
    "log1p": "LN(1 + {})",
    "log10": "LG10({})",
    "exp": "EXP({})",
    "sqrt": "SQRT({})",
    "abs": "ABS({})",
}


def quoted(text: str, longest: int = _LONGEST_LABEL) -> str:
    """A text in quotes, shortened to what SPSS keeps."""
    flat = " ".join(text.split())
    kept = flat.encode()[:longest].decode(errors="ignore")
    return '"' + kept.replace('"', '""') + '"'


def dialect(columns: Iterable[FileColumn]) -> Dialect:
    """SPSS's arithmetic."""
    operators = {"^": "**", "==": "=", "!=": "<>"}
    return Dialect(_FUNCTIONS, operators, {one.heading: one.name for one in columns})


def dummy(column: FileColumn, level: object) -> str:
    """1 at a level; missing where a number is missing, which SPSS sees to itself."""
    if column.numeric:
        return f"({column.name} = {number(float(str(level)))})"
    return f"({column.name} = {quoted(str(level), column.width)})"


def comment(text: str) -> Iterator[str]:
    """A comment of as many lines as it takes; a line within may not end in a full stop."""
    for line in wrap(" ".join(text.split()).rstrip("."), _WIDTH):
        yield f"* {line.rstrip('.')}."


def names(values: Iterable[str], indent: str = "    ") -> str:
    """A list of variables broken into lines."""
    return f"\n{indent}".join(wrap(" ".join(values), _WIDTH, break_long_words=False, break_on_hyphens=False))
