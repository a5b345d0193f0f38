"""Words that every format of the report needs, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from socialcap.results import Lang, Text

if TYPE_CHECKING:
    from socialcap.report.document import Document

CONTENTS: Final = Text("Contents", "目录")
TABLE: Final = Text("Table {number}", "表 {number}")
FIGURE: Final = Text("Figure {number}", "图 {number}")
NOTE: Final = Text("Note.", "注：")
PAGE: Final = Text("Page {page} of {pages}", "第 {page} 页，共 {pages} 页")

LANGUAGE_NAMES: Final = MappingProxyType[Lang, str]({"en": "English", "zh": "中文"})
"""Each language's name for itself."""

LANGUAGE_TAGS: Final = MappingProxyType[Lang, str]({"en": "en", "zh": "zh-CN"})
"""BCP 47 tags of the languages."""

_STOPS = ".!?。！？"


def captions(document: Document) -> dict[str, Text]:
    """What each table and figure is called, by key: "Table 3", "图 2"."""
    numbers = document.numbers()
    tables = {table.key: TABLE.format(number=numbers[table.key]) for table in document.tables}
    return tables | {figure.key: FIGURE.format(number=numbers[figure.key]) for figure in document.figures}


def reference_marks(lang: Lang) -> tuple[str, str]:
    """What stands before and after the name of a source within a sentence: " (Table 3)", "（表 3）"."""
    return ("（", "）") if lang == "zh" else (" (", ")")


def without_stop(sentence: str) -> tuple[str, str]:
    """The sentence and its closing stop, so that a reference can stand before the stop."""
    body = sentence.rstrip(_STOPS)
    return body, sentence[len(body) :]


def joined(sentences: Sequence[str], lang: Lang) -> str:
    """Sentences as one paragraph: a space between them in English, nothing in Chinese."""
    return ("" if lang == "zh" else " ").join(sentences)
