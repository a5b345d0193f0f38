"""The dictionary of a .sav file walked through record by record, before its reader trusts it.

The layout is the one that PSPP documents: a header of 176 bytes, then records that begin with their type.
"""

from __future__ import annotations

import struct

from socialcap.errors import Problem

HEADER = 176
LITTLE_ENDIAN_LAYOUTS = (b"\x02\0\0\0", b"\x03\0\0\0")
VARIABLE, VALUE_LABELS, LABELLED_VARIABLES, DOCUMENT, EXTENSION, END = 2, 3, 4, 6, 7, 999
DOCUMENT_LINE = 80
MOST_MISSING = 3


def dictionary_faults(data: bytes, name: str) -> list[Problem]:
    """What makes the dictionary unreadable: too many missing values, records that lead out of the file."""
    walk = _Walk(data, name)
    try:
        walk.records()
    except _Broken as broken:
        walk.faults.append(
            Problem(f"the file has been cut off or damaged at byte {walk.at + 1}: {broken}", name)
        )
    return walk.faults


class _Broken(Exception):
    """A record that cannot be followed; nothing after it can be found."""


class _Walk:
    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.at = HEADER
        self.order = "<" if data[64:68] in LITTLE_ENDIAN_LAYOUTS else ">"
        self.variables = 0
        # How many more records the text variable before goes on for, eight characters each.
        self.continued = 0
        self.faults: list[Problem] = []

    def records(self) -> None:
        while True:
            kind = self._integer()
            if kind == END:
                return
            if kind == VARIABLE:
                self._variable()
            elif kind == VALUE_LABELS:
                for _ in range(self._count("value labels")):
                    self._skip(8)
                    length = self._bytes(1)[0]
                    self._skip((length + 8) // 8 * 8 - 1)
            elif kind == LABELLED_VARIABLES:
                for _ in range(self._count("labelled variables")):
                    if not 1 <= self._integer() <= self.variables:
                        raise _Broken("value labels of a variable that does not exist")
            elif kind == DOCUMENT:
                self._skip(DOCUMENT_LINE * self._count("document lines"))
            elif kind == EXTENSION:
                self._integer()
                size = self._count("bytes")
                self._skip(size * self._count("elements"))
            else:
                raise _Broken(f"a record of unknown type {kind}")

    def _variable(self) -> None:
        """A variable: width (-1 continues a long text), has-label, missing count, two formats, name."""
        width, labelled, missing = self._integer(), self._integer(), self._integer()
        self._skip(8)
        name = self._bytes(8).decode("latin-1").strip()
        self.variables += 1
        if not -1 <= width <= 255 or (width == -1) != (self.continued > 0):
            raise _Broken(f"variable {name} has a width of {width}")
        self.continued = self.continued - 1 if width == -1 else max(0, (width + 7) // 8 - 1)
        if not -MOST_MISSING <= missing <= MOST_MISSING or missing == -1:
            expected = "at most three, or a range and one"
            message = f"the variable declares {abs(missing)} missing values"
            self.faults.append(Problem(message, self.name, column=name, expected=expected))
            if abs(missing) > 2 * MOST_MISSING:
                raise _Broken("a count of missing values that cannot be")
        if labelled == 1:
            length = self._count("characters of a label")
            self._skip((length + 3) // 4 * 4)
        self._skip(8 * abs(missing))

    def _count(self, what: str) -> int:
        count = self._integer()
        if not 0 <= count <= len(self.data):
            raise _Broken(f"{count} {what}")
        return count

    def _integer(self) -> int:
        return int(struct.unpack(f"{self.order}i", self._bytes(4))[0])

    def _bytes(self, length: int) -> bytes:
        found = self.data[self.at : self.at + length]
        self._skip(length)
        return found

    def _skip(self, length: int) -> None:
        if self.at + length > len(self.data):
            raise _Broken("the dictionary does not end")
        self.at += length
