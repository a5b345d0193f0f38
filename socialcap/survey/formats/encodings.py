"""Bytes of a text file to UTF-8: which encoding they are in, and where they are not."""

from __future__ import annotations

import codecs

from socialcap.errors import Problem, UnreadableError, UsageError, nearest

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "ascii": "utf-8"}
NAMES = ("utf-8", "utf-16", "gb18030", "gbk", "big5", "cp1252", "latin-1", "shift_jis", "euc-kr", "cp1251")
SUGGESTED = ("utf-8", "gb18030", "big5", "shift_jis", "euc-kr", "cp1252", "cp1251")
SAMPLE = 1 << 16

# By chance a text in another encoding is valid UTF-8 in a word or two, never in this many characters.
CERTAINLY_UTF8 = 12


def to_utf8(data: bytes, encoding: str, name: str) -> tuple[bytes, str]:
    """The text as UTF-8 bytes without a byte order mark, and the encoding it was in.

    With "auto": a byte order mark, then UTF-16 by its zero bytes, then strict UTF-8, then GB18030.
    Raises UnreadableError, saying where decoding fails and which encodings would work.
    """
    marked = next(((mark, codec) for mark, codec in BYTE_ORDER_MARKS if data.startswith(mark)), None)
    asked = "" if encoding == "auto" else _codec(encoding)
    if marked:
        mark, codec = marked
        if asked and asked not in (codec, codec.removesuffix("-le").removesuffix("-be")):
            raise UnreadableError(
                f"{name} is not in the encoding asked for",
                [Problem("the file begins with a byte order mark", name, value=encoding, expected=codec)],
            )
        body = data[len(mark) :]
        return _strict(body, codec, name), codec
    if asked:
        return _as_asked(data, asked, encoding, name), asked
    codec = _unmarked_utf16(data)
    if codec:
        return _strict(data, codec, name), codec
    return _detected(data, name)


def _codec(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding.strip()).name
    except LookupError:
        hint = nearest(encoding, NAMES)
        raise UsageError(
            f"unknown encoding {encoding!r}" + (f"; did you mean {hint!r}?" if hint else "")
        ) from None
    codec = "utf-8" if codec == "utf-8-sig" else codec
    return SUPERSETS.get(codec, codec)


def _strict(data: bytes, codec: str, name: str) -> bytes:
    try:
        return _recode(data, codec)
    except UnicodeDecodeError as error:
        raise _failure(data, codec, error, name) from None


def _recode(data: bytes, codec: str) -> bytes:
    text = data.decode(codec)
    return data if codec == "utf-8" else text.encode("utf-8")


def _as_asked(data: bytes, codec: str, encoding: str, name: str) -> bytes:
    """Text in the encoding that the user states, unless the bytes are beyond doubt something else."""
    if codec != "utf-8" and not codec.startswith(("utf-16", "utf-32")):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            if _foreign(text) >= CERTAINLY_UTF8:
                raise UnreadableError(
                    f"{name} is not in the encoding asked for",
                    [Problem("all of the file is valid UTF-8", name, value=encoding, expected="utf-8")],
                )
    return _strict(data, codec, name)


def is_utf16(data: bytes) -> bool:
    """Whether the bytes are text of two bytes a character, with or without a byte order mark."""
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or bool(_unmarked_utf16(data))


def _unmarked_utf16(data: bytes) -> str:
    """UTF-16 without a mark, told by the zero bytes that every ASCII separator leaves."""
    sample = data[:SAMPLE]
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    if len(sample) < 4 or max(zeros) < len(sample) / 20 or min(zeros) > max(zeros) / 10:
        return ""
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _detected(data: bytes, name: str) -> tuple[bytes, str]:
    try:
        return _recode(data, "utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        failure = error
    if _damaged_utf8(data, failure.start):
        raise _failure(data, "utf-8", failure, name)
    try:
        return _recode(data, "gb18030"), "gb18030"
    except UnicodeDecodeError:
        raise _failure(data, "utf-8", failure, name) from None


def _damaged_utf8(data: bytes, fault: int) -> bool:
    """Whether the bytes are UTF-8 but for a few: to read them as GB18030 would garble all of it.

    No other encoding gives many valid characters before the first fault, or far more than faults around it.
    """
    before = data[max(0, fault - SAMPLE) : fault].decode("utf-8", "ignore")
    if _foreign(before) >= CERTAINLY_UTF8:
        return True
    around = data[max(0, fault - SAMPLE) : fault + SAMPLE].decode("utf-8", "replace")
    bad = around.count("\ufffd")
    return _foreign(around) - bad > 10 * bad


def _foreign(text: str) -> int:
    """Characters beyond ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def _failure(data: bytes, codec: str, error: UnicodeDecodeError, name: str) -> UnreadableError:
    line = data[: error.start].count(b"\n") + 1
    found = " ".join(f"{byte:02X}" for byte in data[error.start : error.start + 4])
    damaged = codec == "utf-8" and _damaged_utf8(data, error.start)
    works = [other for other in SUGGESTED if other != codec and not damaged and _decodes(data, other)]
    cut = error.end >= len(data) and "unexpected end" in error.reason
    message = (
        f"the file ends in the middle of a character of {codec} (line {line}): it has been cut off"
        if cut
        else f"the bytes are not {codec} at line {line}, byte {error.start + 1} of the file"
    )
    expected = "" if cut or damaged else "the encoding " + " or ".join(works) if works else "a text file"
    return UnreadableError(
        f"{name} cannot be decoded as {codec}", [Problem(message, name, value=found, expected=expected)]
    )


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
