"""Questionnaires written as 问卷星 exports them by text: one header row, answers in words, mess included."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import xlsxwriter

from socialcap.codebook import Codebook, Item, ItemType, Role
from socialcap.errors import UsageError
from socialcap.simulation.draw import stream
from socialcap.simulation.model import ReturnedPart
from socialcap.simulation.returned import VALID, Returned
from socialcap.simulation.slips import BLANK, SKIPPED, Written, write_slips

LIST_SEPARATOR = "┋"
META = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP")
CHANNELS = (("微信", "N/A"), ("手机提交", "直接访问"), ("链接", "http://www.example.org/"))
SHEET = "Sheet1"
# A workbook's date is part of its bytes, and zip's earliest date is what a fixed one should be.
CREATED = datetime(2000, 1, 1)
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_MATRIX = re.compile(r"(?P<stem>\d+、.*?)—(?P<row>\d+\..*)", re.DOTALL)


def wjx_headers(sources: Sequence[str]) -> list[str]:
    """The export's header of every question: a matrix question's stem stands before its first row alone."""
    headers, last = [], None
    for source in sources:
        parts = _MATRIX.fullmatch(source)
        stem = parts["stem"] if parts else None
        headers.append(parts["row"] if parts and stem == last else source)
        last = stem
    return headers


def wjx_rows(
    returned: Returned, book: Codebook, part: ReturnedPart, seed: int
) -> tuple[list[list[str]], Written]:
    """The rows of the export (header first), and the slips in them.

    Questions stand in the codebook's order under its sources; sources that are the platform's own columns
    (time, duration, address) stand in front. Raises UsageError for a variable that has no answers.
    """
    items = [item for item in book if item.header not in META]
    clean = {item.name: list(_texts(item, returned, book, part, seed)) for item in items}
    # an original and its copies have to stay equal
    eligible = (returned.kind == VALID) & ~returned.original
    written = write_slips(clean, returned.answers, eligible, book, part, seed)
    headers = [*META, *wjx_headers([item.header for item in items])]
    meta = _meta(returned, seed)
    answers = zip(*written.columns.values(), strict=True)
    return [headers, *([*front, *row] for front, row in zip(meta, answers, strict=True))], written


def _texts(item: Item, returned: Returned, book: Codebook, part: ReturnedPart, seed: int) -> Iterator[str]:
    if item.role is Role.ID:
        yield from returned.respondent
        return
    columns = [item.name]
    if item.type is ItemType.MULTIPLE:
        columns = [f"{item.name}_{option.code}" for option in book.options(item)]
    if lacking := [name for name in columns if name not in returned.answers]:
        raise UsageError(f"the population has no variable {lacking[0]!r}, which the codebook asks for")
    labels = {option.code: option.label.zh for option in book.options(item)}
    rng = stream(seed, f"extras {item.name}")
    extras = part.extras.get(item.name, {})
    answers = returned.answers[columns].to_numpy(dtype=object)
    blanks = returned.blank[columns[0]].to_numpy()
    for row, blank in zip(answers, blanks, strict=True):
        codes = (
            [code for code, ticked in zip(labels, row, strict=True) if ticked == 1] if len(row) > 1 else None
        )
        if pd.isna(row[0]):
            yield SKIPPED
        elif blank or row[0] == "" or codes == []:
            yield BLANK
        elif labels:
            chosen = codes if codes is not None else [_code(row[0])]
            yield LIST_SEPARATOR.join(_with_extra(code, labels[code], extras, rng) for code in chosen)
        else:
            yield _typed(item, row[0])


def _code(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _with_extra(code: str, label: str, extras: dict[str, tuple[str, ...]], rng: np.random.Generator) -> str:
    return f"{label}〖{rng.choice(extras[code])}〗" if code in extras else label


def _typed(item: Item, value: float | str) -> str:
    """What is typed into a blank field; amounts are given in ten thousands."""
    if isinstance(value, str):
        return value
    return f"{value / 1e4:g}万" if item.type is ItemType.AMOUNT else f"{value:.10g}"


def _meta(returned: Returned, seed: int) -> Iterator[list[str]]:
    channels = stream(seed, "channels").choice(len(CHANNELS), len(returned.kind), p=[0.7, 0.2, 0.1])
    for k, (time, seconds) in enumerate(zip(returned.submitted, returned.seconds, strict=True)):
        clock = f"{time.year}/{time.month}/{time.day} {time.hour}:{time:%M:%S}"
        yield [str(k + 1), clock, f"{seconds}秒", *CHANNELS[channels[k]], returned.ip[k]]


def csv_gb18030(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as the CSV that a Chinese Windows program saves: GB18030, CRLF."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("gb18030")


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as an .xlsx file whose bytes depend on nothing but the rows: text cells, fixed dates, stored.

    The parts are stored and not compressed: different builds of zlib compress to different bytes.
    """
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(target, options)
    book.set_properties({"created": CREATED})
    page = book.add_worksheet(SHEET)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            page.write_string(number, column, cell)
    book.close()
    stored = io.BytesIO()
    with zipfile.ZipFile(target) as packed, zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as plain:
        for name in packed.namelist():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            # fixed, as it says which system wrote the file
            entry.create_system = 0
            plain.writestr(entry, packed.read(name))
    return stored.getvalue()
