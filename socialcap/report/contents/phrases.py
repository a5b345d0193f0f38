"""How sentences are put together: numbers as the tables print them, lists, counts, and nothing that is NaN."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from socialcap.report.blocks import Paragraph, Sentence
from socialcap.results import Text, format_value

ALPHA = 0.05
"""The level at which stars begin in the tables."""

Number = tuple[float | int | None, str]
"""A value and the format that its table writes it in."""

_CHINESE_LATIN = re.compile("([\u4e00-\u9fff])([A-Za-z0-9α-ωΑ-ΩΔ−])")
_LATIN_CHINESE = re.compile("([A-Za-z0-9α-ωΑ-Ω%²])([\u4e00-\u9fff])")
_DOUBLED_STOP = re.compile(r"(?<=[.。!?！？])[.。]+$")


def say(template: Text, source: str = "", **values: Text | str | int | Number) -> tuple[Sentence, ...]:
    """The template with its numbers and words filled in; nothing where a number is missing or not finite."""
    filled: dict[str, Text | str | int] = {}
    for name, value in values.items():
        if isinstance(value, tuple):
            if value[0] is None or not math.isfinite(value[0]):
                return ()
            filled[name] = number(*value)
        else:
            filled[name] = value
    text = template.format(**filled)
    return (Sentence(Text(_one_stop(text.en), _spaced(_one_stop(text.zh))), source),)


def _one_stop(sentence: str) -> str:
    """The sentence with one full stop where a label brought a second."""
    return _DOUBLED_STOP.sub("", sentence)


def _spaced(sentence: str) -> str:
    """The Chinese sentence with a space where Chinese meets Latin letters or figures; names stay as they are."""
    parts = re.split("(“[^”]*”)", sentence)
    return "".join(part if part.startswith("“") else _spaced_words(part) for part in parts)


def _spaced_words(words: str) -> str:
    return _LATIN_CHINESE.sub(r"\1 \2", _CHINESE_LATIN.sub(r"\1 \2", words))


def paragraph(*sentences: Sentence) -> tuple[Paragraph, ...]:
    """A paragraph of the sentences; none where there are none."""
    return (Paragraph(sentences),) if sentences else ()


def number(value: float | int | None, spec: str) -> Text:
    """A number as a table column with this format prints it."""
    return Text(format_value(value, spec, "en"), format_value(value, spec, "zh"))


def p_text(p: float) -> Text:
    """ "p = .023", "p < .001"; "p < .05" where rounding would make a significant p look as if it were not."""
    shown = number(p, "p")
    if p < ALPHA and shown.en == ".050":
        return Text("p < .05", "p < 0.05")
    template = "p {shown}" if shown.en.startswith("<") else "p = {shown}"
    return Text(template, template).format(shown=shown)


def interval(low: float, high: float, spec: str = ".3f", level: float = 0.95) -> Text:
    """ "95% CI 0.012 to 0.345"."""
    template = Text("{level}% CI {low} to {high}", "{level}% 置信区间 {low} 至 {high}")
    return template.format(level=f"{100 * level:g}", low=number(low, spec), high=number(high, spec))


def listing(items: Iterable[Text]) -> Text:
    """ "a", "a and b", "a, b and c"; in Chinese “a、b和c”."""
    parts = list(items)
    en, zh = [part("en") for part in parts], [part("zh") for part in parts]
    if len(parts) < 2:
        return Text("".join(en), "".join(zh))
    return Text(f"{', '.join(en[:-1])} and {en[-1]}", f"{'、'.join(zh[:-1])}和{zh[-1]}")


def semicolons(items: Iterable[Text]) -> Text:
    """Parts that hold commas themselves."""
    parts = list(items)
    return Text("; ".join(part("en") for part in parts), "；".join(part("zh") for part in parts))


def with_value(label: Text, value: float, spec: str) -> Text:
    """ "Trust (0.812)"."""
    return Text("{label} ({value})", "{label}（{value}）").format(label=label, value=number(value, spec))


def counted(n: int, one: str, many: str, zh: str) -> Text:
    """ "1 questionnaire", "12 questionnaires"; “12 份问卷”."""
    shown = number(n, "d")
    return Text(f"{shown.en} {one if n == 1 else many}", f"{shown.zh} {zh}")


def plural(n: int, one: Text, many: Text) -> Text:
    """The words that go with this number of things."""
    return one if n == 1 else many


def quoted(label: Text) -> Text:
    """A name: as it is in English, in quotation marks in Chinese."""
    return Text(label("en"), f"“{label('zh')}”")


def is_known(*values: float | None) -> bool:
    """Whether all the numbers exist."""
    return all(value is not None and math.isfinite(value) for value in values)


def shown_value(value: float, spec: str) -> float:
    """The number as it is printed, so that words chosen by it agree with what the reader sees."""
    return float(format_value(value, spec).replace("−", "-").replace(",", ""))


def labelled(labels: Mapping[str, Text], names: Sequence[str]) -> list[Text]:
    """The labels of the names, the name where there is none."""
    return [labels.get(name) or Text(name, name) for name in names]
