"""Text as LaTeX prints it, whatever it contains and whichever engine reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby, pairwise
from types import MappingProxyType

from socialcap.report.paper import code, pieces, printable
from socialcap.results import Lang

_GREEK_NAMES = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "o", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
    *("A", "B", "Gamma", "Delta", "E", "Z", "H", "Theta", "I", "K", "Lambda", "M"),
    *("N", "Xi", "O", "Pi", "P", "Sigma", "T", "Upsilon", "Phi", "X", "Psi", "Omega"),
)
_GREEK = {
    letter: name if len(name) == 1 else rf"\{name}"
    for letter, name in zip("αβγδεζηθικλμνξοπρςστυφχψωΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", _GREEK_NAMES, strict=True)
}

_MATH: Mapping[str, str] = MappingProxyType(
    _GREEK
    | {"⁻": "^-"}
    | {raised: f"^{digit}" for raised, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)}
    | {chr(0x2080 + digit): f"_{digit}" for digit in range(10)}
    | {
        "<": "<",
        ">": ">",
        "|": "|",
        "−": "-",
        "±": r"\pm",
        "×": r"\times",
        "÷": r"\div",
        "·": r"\cdot",
        "°": r"^\circ",
        "µ": r"\mu",
        "≤": r"\leq",
        "≥": r"\geq",
        "≠": r"\neq",
        "≈": r"\approx",
        "∞": r"\infty",
        "→": r"\rightarrow",
        "←": r"\leftarrow",
        "↔": r"\leftrightarrow",
        "⇒": r"\Rightarrow",
        "√": r"\surd",
        "∑": r"\Sigma",
        "∈": r"\in",
        "∂": r"\partial",
        "∪": r"\cup",
        "∅": r"\emptyset",
        "′": "^\\prime",
        "″": "^{\\prime\\prime}",
    }
)

_SCRIPTS = ("^", "_")

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "`": r"\textasciigrave{}",
        '"': r"\symbol{34}",
        "[": "{[}",  # after a row's end an open bracket would be read as a distance
        "]": "{]}",
        "\u00a0": "~",
        "\u2009": r"\,",
        "\u202f": r"\,",
        "‐": "-",
        "‑": "-",
        "‒": "--",
        "–": "--",
        "•": r"\textbullet{}",
        "€": r"\texteuro{}",
        "£": r"\pounds{}",
        "¥": r"\textyen{}",
        "§": r"\S{}",
        "©": r"\textcopyright{}",
        "®": r"\textregistered{}",
        "™": r"\texttrademark{}",
        "‰": r"\textperthousand{}",
        "½": r"\textonehalf{}",
        "¼": r"\textonequarter{}",
        "¾": r"\textthreequarters{}",
    }
    | {chr(0x2460 + digit - 1): rf"\textcircled{{{digit}}}" for digit in range(1, 10)}
)

_LATIN_QUOTES: Mapping[str, str] = MappingProxyType(
    {"‘": "`", "’": "'", "“": "``", "”": "''", "—": "---", "…": r"\ldots{}"}
)

_PLAIN = MappingProxyType({sign: rf"\{sign}" for sign in "{}$&#%_"} | {"\\": "/", "^": " ", "~": " "})
_DRAWN_TOGETHER = frozenset(
    "-',"
)  # two hyphens would be drawn as a dash, two apostrophes as a quotation mark
_LATIN = re.compile(r"[ -~\u00a1-\u017f„‚‹›†‡]")
_CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff5e\uffe5]")
_CHINESE_QUOTES = frozenset("‘’“”—…")


def escaped(text: str, lang: Lang) -> str:
    """The text as LaTeX source for pdfLaTeX, XeLaTeX and LuaLaTeX (Chinese: not for pdfLaTeX).

    Signs and Greek letters are written as mathematics, quotation marks of Chinese texts stay Chinese ones.
    Very long words may break. A character that the usual fonts lack is written by its code, [U+1F600].
    """
    return r"\allowbreak{}".join(_source(piece, lang) for piece in pieces(shown(text)))


def plain(text: str) -> str:
    """The text for bookmarks and properties of a PDF, which know no mathematics."""
    return "".join(_PLAIN.get(character, character) for character in printable(text))


def label(key: str) -> str:
    """The name by which a table or figure is referred to."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f"u{ord(found.group()):x}", key)


def has_chinese(text: str) -> bool:
    """Whether a text needs a Chinese font."""
    return bool(_CHINESE.search(text))


def shown(text: str) -> str:
    """The text on one line, characters that the usual fonts lack by their codes."""
    return "".join(character if _known(character) else code(character) for character in printable(text))


def _known(character: str) -> bool:
    mapped = any(character in table for table in (_MATH, _WORDS, _LATIN_QUOTES))
    return mapped or bool(_LATIN.match(character) or _CHINESE.match(character))


def _source(text: str, lang: Lang) -> str:
    groups = groupby(text, key=_MATH.__contains__)
    return "".join(_formula(group) if is_math else _words("".join(group), lang) for is_math, group in groups)


def _formula(signs: Iterable[str]) -> str:
    """Signs within one pair of dollars."""
    made = ""
    previous = ""
    for token in map(_MATH.__getitem__, signs):
        if token[0] in _SCRIPTS and previous[:1] in _SCRIPTS:
            made += "{}"  # TeX takes one exponent only
        elif token.isalpha() and previous[-1:].isalpha():
            made += " "
        made += token
        previous = token
    return f"${made}$"


def _words(text: str, lang: Lang) -> str:
    made = ""
    for previous, character in pairwise(["", *text]):
        if lang == "zh" and character in _CHINESE_QUOTES:
            made += character
        elif previous == character and character in _DRAWN_TOGETHER:
            made += "{}" + character
        else:
            made += _WORDS.get(character) or _LATIN_QUOTES.get(character, character)
    return made
