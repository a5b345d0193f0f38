"""Workbooks (XLSX, XLS, XLSB, ODS): the stored values of one sheet as text, formulas never evaluated."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from socialcap.errors import Problem, UnreadableError, UsageError, nearest
from socialcap.survey.formats.grid import Grid, cell_text, letter, number_text, text_table
from socialcap.survey.formats.package import stray_cell
from socialcap.survey.formats.stored_values import unread_cells
from socialcap.survey.raw import SourceFile

# Records of the .xls format: the start and the end of the workbook's own, and the one of encrypted files.
FIRST_RECORD = b"\x09\x08\x10\x00\x00\x06\x05\x00"
FILE_PASS = 0x2F
END_OF_RECORDS = 0x0A


def read_workbook(data: bytes, source: SourceFile, sheet: str = "") -> Grid:
    """The cells of a sheet as text; without a name the first sheet that holds any.

    Raises UnreadableError if the workbook is damaged, protected or empty, UsageError for an unknown sheet.
    """
    stray = stray_cell(data) if source.format == "xlsx" else ""
    if stray:
        message = f"cell {stray} stands so far from the others that the sheet does not fit into memory"
        raise UnreadableError(
            f"{source.path} is too large", [Problem(message, source.path, expected="the stray cell deleted")]
        )
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        page, others = _pick(workbook, sheet, source.path)
        # Empty rows above and columns to the left are kept: row numbers and letters are the spreadsheet's.
        rows = page.to_python(skip_empty_area=False) if page else []
    except PasswordError:
        raise protected(source.path) from None
    except CalamineError as error:
        if source.format == "xls" and _has_file_pass(data):
            raise protected(source.path) from None
        raise UnreadableError(
            f"{source.path} is damaged", [Problem(f"the workbook cannot be opened: {error}", source.path)]
        ) from None
    if not page or not rows:
        raise UnreadableError(f"{source.path} is empty", [Problem("no sheet has a cell in it", source.path)])
    merged = page.merged_cell_ranges or []
    texts = _Texts()
    return Grid(
        source=replace(source, sheet=page.name if len(workbook.sheet_names) > 1 else ""),
        cells=text_table([texts.column(column) for column in zip(*rows, strict=True)]),
        row_numbers=np.arange(1, len(rows) + 1, dtype=np.int64),
        other_sheets=others,
        merged=tuple(_range(first, last) for first, last in merged if first[0] == 0),
        notes=unread_cells(data, page.name) if source.format == "xlsx" else (),
    )


def protected(name: str) -> UnreadableError:
    """The error for a workbook that asks for a password."""
    return UnreadableError(
        f"{name} is protected by a password",
        [Problem("the workbook is encrypted", name, expected="a copy saved without a password")],
    )


def _has_file_pass(data: bytes) -> bool:
    """Whether the records at the start of an .xls workbook include the one that asks for a password."""
    at = data.find(FIRST_RECORD)
    while 0 <= at <= len(data) - 4:
        kind, length = struct.unpack_from("<HH", data, at)
        if kind in (FILE_PASS, END_OF_RECORDS):
            return bool(kind == FILE_PASS)
        at += 4 + length
    return False


def _pick(workbook: CalamineWorkbook, asked: str, file: str) -> tuple[CalamineSheet | None, tuple[str, ...]]:
    """The sheet to read, none if all are empty, and the names of the other sheets that hold cells."""
    names = workbook.sheet_names
    if asked and asked not in names:
        hint = nearest(asked, names)
        raise UsageError(
            f"{file} has no sheet {asked!r}; "
            + (f"did you mean {hint!r}?" if hint else f"it has {', '.join(map(repr, names))}")
        )
    pages = {name: workbook.get_sheet_by_name(name) for name in names}
    filled = [name for name, page in pages.items() if page.end is not None]
    chosen = asked or (filled[0] if filled else "")
    return pages.get(chosen), tuple(name for name in filled if name != chosen)


class _Texts:
    """Typed cells as text; each number is written once."""

    def __init__(self) -> None:
        self.numbers: dict[float, str] = {}

    def column(self, cells: Sequence[Any]) -> list[str]:
        return [
            cell if type(cell) is str else self._number(cell) if type(cell) is float else cell_text(cell)
            for cell in cells
        ]

    def _number(self, value: float) -> str:
        text = self.numbers.get(value)
        if text is None:
            text = self.numbers[value] = number_text(value)
        return text


def _range(first: tuple[int, int], last: tuple[int, int]) -> str:
    return f"{letter(first[1])}{first[0] + 1}:{letter(last[1])}{last[0] + 1}"
