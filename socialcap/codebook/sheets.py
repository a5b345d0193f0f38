"""Sheets of text: read from workbooks and CSV files, and written so that a spreadsheet runs nothing."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from socialcap.codebook.folding import tidy
from socialcap.errors import OutputError, Problem, UnreadableError
from socialcap.writing import looks_like_formula, plain_cell, safe_cell

_MOST_CELLS = 20_000_000
_LONGEST_CELL = 32_767
# The container of old .xls workbooks, and of encrypted new ones.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PLAIN_INTEGER = re.compile(r"0|-?[1-9]\d{0,14}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of text cells, each with its number as a spreadsheet counts it; `merged` names merged ranges."""

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    merged: tuple[str, ...] = ()


def read_sheets(path: Path, wanted: Collection[str] | None = None) -> dict[str, Sheet]:
    """The sheets of a workbook by name; those not in `wanted` come without rows.

    Raises UnreadableError where the file is no workbook (saying what it is), is protected by a password, or
    a sheet spans more cells than can be meant.
    """
    content = read_bytes(path)
    if (other := _not_a_workbook(content)) is not None:
        raise UnreadableError(f"{path} is no workbook", [Problem(other, path.name, expected="an .xlsx file")])
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        return {
            name: _read_sheet(book.get_sheet_by_name(name), path)
            if wanted is None or name in wanted
            else Sheet(name, ())
            for name in names
        }
    except PasswordError:
        fault = Problem("the workbook is protected by a password", path.name, expected="an unprotected copy")
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        fault = Problem(f"the workbook is damaged: {error}", path.name)
    raise UnreadableError(f"{path} cannot be read", [fault])


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; UnreadableError where it is absent, a folder, or not to be opened."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError(f"there is no file {path}") from None
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}") from None
    if not content.strip():
        raise UnreadableError(f"{path} is empty", [Problem("the file is empty", path.name)])
    return content


def _not_a_workbook(content: bytes) -> str | None:
    """What a file that claims to be a workbook is instead; None if it may be one."""
    if "EncryptedPackage".encode("utf-16-le") in content and content.startswith(_COMPOUND):
        return "the workbook is protected by a password; save a copy without one"
    start = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if content.startswith((b"PK\x03\x04", _COMPOUND)):
        return None
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<head", b"<div")):
        return "the file is a web page (HTML) under a workbook's name; open it and save it as .xlsx"
    if start.startswith(b"<?xml"):
        return "the file is XML under a workbook's name; open it and save it as .xlsx"
    return "the file is not in a workbook's format"


def _read_sheet(sheet: CalamineSheet, path: Path) -> Sheet:
    if sheet.end is not None and (sheet.end[0] + 1) * (sheet.end[1] + 1) > _MOST_CELLS:
        fault = Problem(
            f"the sheet spans {sheet.end[0] + 1} rows and {sheet.end[1] + 1} columns; "
            "delete stray cells far below or to the right",
            sheet.name,
        )
        raise UnreadableError(f"{path} cannot be read", [fault])
    grid = sheet.to_python(skip_empty_area=False)
    rows = ((number, tuple(map(_cell_text, row))) for number, row in enumerate(grid, start=1))
    merged = tuple(_range_name(*span) for span in sheet.merged_cell_ranges or ())
    return Sheet(sheet.name, tuple(row for row in rows if any(row[1])), merged)


def _range_name(first: tuple[int, int], last: tuple[int, int]) -> str:
    return ":".join(f"{_column_letters(column)}{row + 1}" for row, column in (first, last))


def _column_letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _cell_text(value: Any) -> str:
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, int | timedelta):
        return str(value)
    return ""


def read_csv_sheet(path: Path) -> Sheet:
    """A CSV file as a sheet: UTF-8 or UTF-16 by its mark, else UTF-8, else GB18030; `,`, `;` or tab.

    Raises UnreadableError where the text has no such encoding, or ends inside a quotation.
    """
    text = _decode(read_bytes(path), path)
    first_line = text.split("\n", 1)[0]
    separator = max(",;\t", key=first_line.count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        fault = Problem(f"the quotation marks do not match up: {error}", path.name)
        raise UnreadableError(f"{path} cannot be read as CSV", [fault]) from None
    rows = (
        (number, tuple(plain_cell(tidy(cell)) for cell in record))
        for number, record in enumerate(records, start=1)
    )
    return Sheet(path.name, tuple(row for row in rows if any(row[1])))


def _decode(content: bytes, path: Path) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    fault = Problem("the file is no text in UTF-8, UTF-16 or GB18030", path.name)
    raise UnreadableError(f"{path} cannot be read as CSV", [fault])


def csv_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as CSV: UTF-8 with a mark, so that spreadsheet programs see Chinese; nothing in it can run."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[safe_cell(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a written sheet looks: column widths, drop-down choices by column, cells marked for attention."""

    widths: Mapping[str, int]
    choices: Mapping[str, Sequence[str]]
    marked: Collection[tuple[int, int]] = ()


def workbook_bytes(sheets: Mapping[str, Sequence[Sequence[str]]], layouts: Mapping[str, Layout]) -> bytes:
    """Sheets (header first) as an .xlsx file; the same sheets give the same bytes.

    Cells are text, or numbers where a whole number of up to 15 digits comes back as it went; no cell is a
    formula, and one that looks like a formula stays text when it is edited.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": datetime(2000, 1, 1)})
    for name, rows in sheets.items():
        _write_sheet(book, name, rows, layouts[name])
    book.close()
    return target.getvalue()


def _write_sheet(book: Any, name: str, rows: Sequence[Sequence[str]], layout: Layout) -> None:
    page = book.add_worksheet(name)
    page.freeze_panes(1, 1)
    bold = book.add_format({"bold": True, "bottom": 1})
    formats = {
        (quoted, marked): book.add_format(
            {"quote_prefix": quoted} | ({"bg_color": "#FFF2CC"} if marked else {})
        )
        for quoted in (False, True)
        for marked in (False, True)
    }
    for column, title in enumerate(rows[0]):
        page.write_string(0, column, title, bold)
        page.set_column(column, column, layout.widths.get(title, 12))
        if title in layout.choices:
            page.data_validation(
                1,
                column,
                max(len(rows), 1000),
                column,
                {"validate": "list", "source": list(layout.choices[title]), "error_type": "warning"},
            )
    for number, row in enumerate(rows[1:], start=1):
        for column, cell in enumerate(row):
            style = formats[looks_like_formula(cell), (number, column) in layout.marked]
            if _PLAIN_INTEGER.fullmatch(cell):
                page.write_number(number, column, int(cell), style)
            elif not cell:
                page.write_blank(number, column, None, style)
            elif len(cell) <= _LONGEST_CELL:
                page.write_string(number, column, cell, style)
            else:
                fault = Problem(
                    f"a workbook's cell holds {_LONGEST_CELL} characters, this text has {len(cell)}",
                    name,
                    number + 1,
                    rows[0][column],
                )
                raise OutputError("the text does not fit into a workbook", [fault])
