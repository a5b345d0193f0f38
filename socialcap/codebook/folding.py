"""Texts that a reader takes for the same, made the same."""

from __future__ import annotations

import re
import unicodedata

_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u4dbf\u4e00-\u9fff]) (?=[\u3400-\u4dbf\u4e00-\u9fff])")
_APOSTROPHES = "'‘’‚‛`´ʹʻʼʽˈ′＇"
_QUOTES = '"“”„‟«»″〝〞＂「」『』'
_DASHES = "-‐‑‒–—―−⁃﹘﹣－"
# Zero-width and directional marks, byte-order mark, soft hyphen, variation selectors of emoji.
_MARKS = (
    0xAD,
    0xFEFF,
    0xFE0E,
    0xFE0F,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x206A),
)
_INVISIBLE = "".join(map(chr, _MARKS))
_DROP_INVISIBLE = str.maketrans("", "", _INVISIBLE)
_UNIFY = (
    _DROP_INVISIBLE
    | str.maketrans(_APOSTROPHES, "'" * len(_APOSTROPHES))
    | str.maketrans(_QUOTES, '"' * len(_QUOTES))
    | str.maketrans(_DASHES, "-" * len(_DASHES))
)


def fold(text: str) -> str:
    """The text as it is compared: answers and headers whose folds are equal are the same answer or header.

    Width and compatibility forms (NFKC), letter case, kinds of apostrophe, quotation mark and dash, invisible
    marks and runs of white space do not count, nor does a space between two Chinese characters. Folding twice
    is folding once.
    """
    # Marks go before NFKC too: it would turn ´ into a space with an accent, and ″ into two primes.
    unified = text.translate(_UNIFY)
    if not unified.isascii():
        unified = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", unified).casefold())
        unified = unified.translate(_UNIFY)
    spaced = " ".join(unified.casefold().split())
    return spaced if spaced.isascii() else _BETWEEN_HAN.sub("", spaced)


def tidy(text: str) -> str:
    """The text as it is kept: without outer white space, control characters and invisible outer marks.

    Line ends become `\\n`; nothing inside is changed otherwise.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isprintable():
        text = "".join(c for c in text if c in "\n\t" or not _unwritable(c))
    return text.strip(_OUTER)


_OUTER = _INVISIBLE + "".join(c for c in map(chr, range(0x3001)) if c.isspace())


def _unwritable(character: str) -> bool:
    """Whether XML, and so a workbook, has no place for the character."""
    return unicodedata.category(character) in ("Cc", "Cs") or character in "\ufffe\uffff"
