"""The parts of an XLSX package that a reader of values does not look at."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from xml.etree import ElementTree

UNZIPPABLE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, OSError, RuntimeError)
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
WORKSHEETS = "xl/worksheets/"
MOST_CELLS = 50_000_000
MOST_COLUMNS = 16_384
ROW = re.compile(rb'<row\b[^>]*?\br="(\d+)"')
REFERENCE = re.compile(rb'<c\b[^>]*?\br="([A-Z]+)(\d+)"')


def sheet_xml(data: bytes, sheet: str) -> bytes:
    """The part that holds a sheet's cells; empty if the package does not say where it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            book = ElementTree.fromstring(package.read("xl/workbook.xml"))
            links = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
            sheets = (element for element in book.iter() if element.tag.endswith("}sheet"))
            identity = next(element.get(RELATION) for element in sheets if element.get("name") == sheet)
            target = next(e.get("Target", "") for e in links if e.get("Id") == identity)
            path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
            return package.read(path)
    except (*UNZIPPABLE, StopIteration, ElementTree.ParseError):
        return b""


def stray_cell(data: bytes) -> str:
    """The name of a cell so far away that the table up to it could not be held in memory; "" if none is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            for part in package.namelist():
                if part.startswith(WORKSHEETS) and part.endswith(".xml"):
                    found = _stray(package.read(part))
                    if found:
                        return found
    except UNZIPPABLE:
        pass
    return ""


def _stray(xml: bytes) -> str:
    rows = max((int(row) for row in ROW.findall(xml)), default=0)
    if rows * MOST_COLUMNS <= MOST_CELLS:
        return ""
    last_row, last_column = (0, b""), (0, b"")
    for found in REFERENCE.finditer(xml):
        name = found[1] + found[2]
        last_row = max(last_row, (int(found[2]), name))
        last_column = max(last_column, (_position(found[1]), name))
    if last_row[0] * last_column[0] <= MOST_CELLS:
        return ""
    return last_row[1].decode()


def _position(letters: bytes) -> int:
    position = 0
    for letter in letters:
        position = 26 * position + letter - ord("A") + 1
    return position
