"""The notation for declared missing codes: `99=refused; -3..-1=skipped; "n/a"=blank`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from socialcap.codebook.folding import fold
from socialcap.codebook.model import MissingKind
from socialcap.codebook.ranges import as_number, code_text
from socialcap.errors import nearest

_LONGEST_RANGE = 1000
_PART = re.compile(r'\s*("(?:[^"]|"")*"|[^";；\n=＝][^;；\n=＝]*)?\s*(?:[=＝]\s*([^;；\n]*))?(?:[;；\n]|$)')
_RANGE = re.compile(r"(-?\d+)\s*\.\.\s*(-?\d+)")
_NEEDS_QUOTES = re.compile(r'[";；\n=＝,，]|\.\.')

KINDS: dict[str, MissingKind] = {
    fold(word): kind
    for kind in MissingKind
    for word in (kind.value, kind.value.replace("_", " "), kind.label.en, kind.label.zh)
}


def parse_kind(text: str) -> MissingKind:
    """The kind of missing value that a word names, in either language; ValueError with the nearest word."""
    kind = KINDS.get(fold(text))
    if kind is None:
        words = [kind.value for kind in MissingKind]
        hint = nearest(text, words)
        raise ValueError(
            f"unknown kind of missing value {text!r}" + (f"; did you mean {hint!r}?" if hint else "")
        )
    return kind


def parse_missing(text: str) -> dict[str, MissingKind]:
    """Codes and the kind that each declares; a bare code means refused, `97..99` every whole number between.

    Parts are separated by `;`, bare numbers also by commas; a code with such a character stands in quotes.
    Raises ValueError for an unknown kind, an empty part, a range that runs backwards or over 1000 codes, and
    a code declared twice.
    """
    found: dict[str, MissingKind] = {}
    position = 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise ValueError(f"cannot read {text[position:].strip()!r}; write code=kind; code=kind")
        position = part.end()
        if part[1] is None:
            if part[2] is not None:
                raise ValueError("a kind without a code before it")
            continue
        kind = parse_kind(part[2]) if part[2] is not None else MissingKind.REFUSED
        for code in _codes(part[1].strip()):
            if code in found:
                raise ValueError(f"code {code!r} is declared twice")
            found[code] = kind
    return found


def _codes(text: str) -> list[str]:
    if text.startswith('"'):
        return [text[1:-1].replace('""', '"')]
    pieces = [piece.strip() for piece in re.split("[,，]", text)]
    if len(pieces) > 1 and all(as_number(piece) is not None or _RANGE.fullmatch(piece) for piece in pieces):
        return [code for piece in pieces for code in _codes(piece)]
    if span := _RANGE.fullmatch(text):
        low, high = int(span[1]), int(span[2])
        if low > high:
            raise ValueError(f"the range {text} runs backwards")
        if high - low >= _LONGEST_RANGE:
            raise ValueError(f"the range {text} has more than {_LONGEST_RANGE} codes")
        return [str(code) for code in range(low, high + 1)]
    return [code_text(text)]


def format_missing(missing: Mapping[str, MissingKind]) -> str:
    """The notation of declared missing codes, which `parse_missing` reads back in the same order."""
    parts: list[str] = []
    run: list[str] = []
    for code, kind in missing.items():
        if run and missing[run[-1]] is kind and _follows(run[-1], code) and len(run) < _LONGEST_RANGE:
            run.append(code)
        else:
            parts += _format_run(run, missing)
            run = [code]
    return "; ".join(parts + _format_run(run, missing))


def _follows(code: str, other: str) -> bool:
    return all(re.fullmatch(r"0|-?[1-9]\d*", c) for c in (code, other)) and int(other) == int(code) + 1


def _format_run(run: list[str], missing: Mapping[str, MissingKind]) -> list[str]:
    if len(run) > 2:
        return [f"{run[0]}..{run[-1]}={missing[run[0]].value}"]
    return [f"{_quote(code)}={missing[code].value}" for code in run]


def _quote(code: str) -> str:
    needs = not code or code != code.strip() or _NEEDS_QUOTES.search(code)
    return '"' + code.replace('"', '""') + '"' if needs else code
