"""Writers of small exports for the tests of this folder."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

Rows = Sequence[Sequence[Any]]


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as separated text: (name, rows, encoding, separator, further options of csv.writer)."""

    def write(name: str, rows: Rows, encoding: str = "utf-8", separator: str = ",", **options: Any) -> Path:
        out = io.StringIO()
        csv.writer(out, delimiter=separator, **{"lineterminator": "\n", **options}).writerows(rows)
        path = tmp_path / name
        path.write_bytes(out.getvalue().encode(encoding))
        return path

    return write


@pytest.fixture
def xlsx_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as a workbook: (name, rows, further sheets by name); texts that begin with = stay texts."""

    def write(name: str, rows: Rows, **more: Rows) -> Path:
        book = openpyxl.Workbook()
        for title, cells in {"Sheet1": rows, **more}.items():
            sheet = book.create_sheet(title)
            for row in cells:
                sheet.append(list(row))
        del book["Sheet"]
        book.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def compound_file() -> Callable[..., bytes]:
    """Builds an OLE2 file of named streams: header, a FAT and a directory sector, the streams' sectors."""

    def build(**streams: bytes) -> bytes:
        end, unused = 0xFFFFFFFE, 0xFFFFFFFF
        header = bytearray(512)
        header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        struct.pack_into("<5H", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
        struct.pack_into("<10I", header, 40, 0, 1, 1, 0, 4096, end, 0, end, 0, 0)
        header[80:] = b"\xff" * 432
        fat, data = [0xFFFFFFFD, end], b""
        entries = [("Root Entry", 5, end, 0, 1 if streams else unused)]
        for number, (name, content) in enumerate(streams.items(), 2):
            start = len(fat) if content else end
            # Shorter streams would have to stand in sectors of their own kind.
            padded = content.ljust(4096, b"\0") if content else b""
            padded += b"\0" * (-len(padded) % 512)
            sectors = len(padded) // 512
            fat += [*range(len(fat) + 1, len(fat) + sectors), end] if sectors else []
            data += padded
            entries.append((name, 2, start, len(padded), number if number <= len(streams) else unused))
        directory = b""
        for name, kind, start, size, following in entries:
            text = name.encode("utf-16-le")
            entry = bytearray(128)
            entry[: len(text)] = text
            right, child = (unused, following) if kind == 5 else (following, unused)
            struct.pack_into("<HBBIII", entry, 64, len(text) + 2, kind, 1, unused, right, child)
            struct.pack_into("<II", entry, 116, start, size)
            directory += entry
        table = b"".join(struct.pack("<I", sector) for sector in fat).ljust(512, b"\xff")
        return bytes(header) + table + directory.ljust(512, b"\0") + data

    return build


@pytest.fixture
def biff() -> Callable[..., bytes]:
    """Builds the Workbook stream of an .xls file (BIFF8) with one sheet of texts and numbers."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def build(rows: Rows, protected: bool = False) -> bytes:
        begin = struct.pack("<HHII", 0x0DBB, 0x07CC, 0, 6)
        book = record(0x0809, struct.pack("<HH", 0x0600, 0x0005) + begin)
        if protected:
            book += record(0x002F, struct.pack("<HHH", 1, 1, 1) + b"\0" * 48)
        offset = len(book) + 4 + 8 + len(b"Data") + 4
        book += record(0x0085, struct.pack("<IBBBB", offset, 0, 0, 4, 0) + b"Data") + record(0x000A, b"")
        sheet = record(0x0809, struct.pack("<HH", 0x0600, 0x0010) + begin)
        sheet += record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0))
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                place = struct.pack("<HHH", r, c, 0)
                if isinstance(value, str):
                    text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                    sheet += record(0x0204, place + text)
                else:
                    sheet += record(0x0203, place + struct.pack("<d", value))
        return book + sheet + record(0x000A, b"")

    return build
