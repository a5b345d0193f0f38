"""Cells of an XLSX sheet that a reader of values sees as blank although they are not."""

from __future__ import annotations

import re

from socialcap.survey.formats.package import sheet_xml

CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
STORED = re.compile(rb"<v>[^<]|<is>")
REFERENCE = re.compile(rb'\br="([A-Z]+)(\d+)"')
LISTED = 20


def unread_cells(data: bytes, sheet: str) -> tuple[str, ...]:
    """Notes on cells that hold an error value, and on formulas whose result was never stored.

    Both read as blank: a formula is not evaluated here, and `#DIV/0!` is no answer.
    """
    xml = sheet_xml(data, sheet)
    errors: list[str] = []
    formulas: list[str] = []
    if b't="e"' not in xml and b"<f" not in xml:
        return ()
    for found in CELL.finditer(xml):
        attributes, content = found.groups()
        place = REFERENCE.search(attributes)
        name = (place[1] + place[2]).decode() if place else "?"
        if b't="e"' in attributes:
            errors.append(name)
        elif content and b"<f" in content and b't="str"' not in attributes and not STORED.search(content):
            formulas.append(name)
    notes = []
    if errors:
        notes.append(f"cells with an error value such as #DIV/0! are read as blank: {_cells(errors)}")
    if formulas:
        notes.append(f"formulas without a stored result are read as blank: {_cells(formulas)}")
    return tuple(notes)


def _cells(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
