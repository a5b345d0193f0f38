"""A file on disk to a grid of text: what the file really is, whatever its name says."""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

from socialcap.errors import Problem, UnreadableError
from socialcap.survey.formats.encodings import is_utf16
from socialcap.survey.formats.grid import Grid
from socialcap.survey.formats.package import UNZIPPABLE
from socialcap.survey.formats.text import read_text
from socialcap.survey.raw import SourceFile

SUFFIXES = {
    ".csv": "text",
    ".tsv": "text",
    ".tab": "text",
    ".txt": "text",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xlsb": "xlsb",
    ".xls": "xls",
    ".ods": "ods",
    ".sav": "sav",
    ".zsav": "sav",
    ".dta": "dta",
    ".parquet": "parquet",
    ".pq": "parquet",
}
KINDS = {
    "text": "text with separators (.csv)",
    "xlsx": "an Excel workbook (.xlsx)",
    "xlsb": "a binary Excel workbook (.xlsb)",
    "xls": "an old Excel workbook (.xls)",
    "ods": "an OpenDocument spreadsheet (.ods)",
    "sav": "SPSS data (.sav)",
    "dta": "Stata data (.dta)",
    "parquet": "Parquet data (.parquet)",
    "html": "a web page (HTML)",
    "xml": "an XML document",
    "pdf": "a PDF document",
    "json": "JSON",
    "zip": "a zip archive",
    "gzip": "a gzip archive",
    "ole": "an Office document that is not a workbook",
    "image": "an image",
}
TEXTUAL = ("html", "xml", "json")
WORKBOOKS = ("xlsx", "xlsb", "xls", "ods")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The first bytes of Stata files before version 13: their version, 102 to 115, and a byte order of 1 or 2.
OLD_STATA = tuple(bytes((version, order)) for version in range(102, 116) for order in (1, 2))
MAGIC = (
    (b"PAR1", "parquet"),
    (b"$FL2", "sav"),
    (b"$FL3", "sav"),
    (b"<stata_dta>", "dta"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
)


def read_grid(path: str | Path, *, encoding: str = "auto", separator: str = "auto", sheet: str = "") -> Grid:
    """The file's cells as text; the file is only read, never written.

    Raises UnreadableError if it is missing, empty, protected, damaged, or not what its name says.
    """
    path = Path(path)
    data = _bytes(path)
    name = path.name
    if not data:
        raise UnreadableError(f"{path} is empty", [Problem("the file has no bytes in it", name)])
    kind = sniff_format(data)
    _check_name(path, kind, data)
    source = SourceFile(path=name, sha256=hashlib.sha256(data).hexdigest(), format=kind)
    if kind == "text":
        return read_text(data, source, encoding, separator)
    if kind in WORKBOOKS:
        from socialcap.survey.formats.workbook import read_workbook

        return read_workbook(data, source, sheet)
    if kind == "parquet":
        from socialcap.survey.formats.parquet import read_parquet

        return read_parquet(data, source)
    from socialcap.survey.formats.labelled import read_labelled

    return read_labelled(path, data, source, encoding)


def sniff_format(data: bytes) -> str:
    """What the bytes are, a key of KINDS, told by content alone."""
    for magic, kind in MAGIC:
        if data.startswith(magic):
            return kind
    if data.startswith(OLD_STATA):
        return "dta"
    if data.startswith(b"PK\x03\x04"):
        return _package(data)
    if data.startswith(OLE):
        return _compound(data)
    return _markup(data)


def _package(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            names = set(package.namelist())
            if "xl/workbook.xml" in names:
                return "xlsx"
            if "xl/workbook.bin" in names:
                return "xlsb"
            mime = package.read("mimetype") if "mimetype" in names else b""
            return "ods" if b"opendocument.spreadsheet" in mime else "zip"
    except UNZIPPABLE:
        # Cut off: the list of contents stands at the end, the names also before each part.
        return "xlsx" if b"xl/" in data or b"[Content_Types].xml" in data else "zip"


def _compound(data: bytes) -> str:
    def stream(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if stream("EncryptedPackage"):
        return "encrypted"
    return "xls" if stream("Workbook") or stream("Book") else "ole"


def _markup(data: bytes) -> str:
    head = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"").lower()
    if head.startswith(b"<?xml"):
        return "html" if b"<html" in head else "xml"
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<meta", b"<table", b"<body", b"<!--")):
        return "html"
    if head.startswith((b'{"', b"[{", b"{\n", b"{\r\n")):
        return "json"
    return "text"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError(
            f"there is no file {path}", [Problem("the file does not exist", str(path))]
        ) from None
    except IsADirectoryError:
        raise UnreadableError(
            f"{path} is a folder", [Problem("a folder is not an export", str(path), expected="a file")]
        ) from None
    except PermissionError:
        raise UnreadableError(
            f"{path} may not be read", [Problem("reading the file is not permitted", str(path))]
        ) from None
    except OSError as error:
        raise UnreadableError(
            f"{path} cannot be read", [Problem(error.strerror or "reading fails", str(path))]
        ) from None


def _check_name(path: Path, kind: str, data: bytes) -> None:
    """Refuse what no reader takes, and a file that is something else than its name says."""
    if kind == "encrypted":
        from socialcap.survey.formats.workbook import protected

        raise protected(path.name)
    named = SUFFIXES.get(path.suffix.casefold())
    if kind in SUFFIXES.values() and named in (None, kind):
        return
    expected = "an export as .csv, .xlsx, .sav, .dta or .parquet"
    if kind in SUFFIXES.values():
        expected = f"the file under its proper name, {path.stem}{_suffix(kind)}"
    called = f" under the name {path.suffix}" if named else ""
    what = KINDS[kind]
    if kind == "text" and b"\0" in data[:4096] and not is_utf16(data):
        what = "neither text nor any other known format"
    raise UnreadableError(
        f"{path.name} is not what it should be",
        [Problem(f"the file is {what}{called}", path.name, expected=expected)],
    )


def _suffix(kind: str) -> str:
    return next(suffix for suffix, named in SUFFIXES.items() if named == kind)
