"""The way from the answers received to those that each model uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure as Canvas

from socialcap.report.figures.canvas import PALE, WIDTH, Figure
from socialcap.report.figures.diagrams import LINE, Place, draw_arrow, draw_box, halves, new_plane
from socialcap.report.figures.labels import shortened, wrapped
from socialcap.results import Lang, Text

_SIZE = 7.5
_GAP = 0.28


@dataclass(frozen=True, slots=True)
class Use:
    """A step of the analysis and how many of the analysed it uses."""

    step: Text
    used: int
    left_out: int


def sample_flow(
    after: str,
    received: int,
    exclusions: Sequence[tuple[Text, int]],
    analysed: int,
    uses: Sequence[Use],
    note: Text,
) -> Figure:
    """Received; excluded, by reason, each respondent under the first that holds; analysed; used by each step."""

    def draw(lang: Lang) -> Canvas:
        left = [_count(Text("Received", "收回问卷"), received)(lang), _count(_ANALYSED, analysed)(lang)]
        right = _excluded(exclusions, received - analysed, lang)
        used = [_used(use, lang) for use in uses]
        box, high = 0.42, LINE * len(right) + 0.16
        middle = max(high + 2 * 0.1, _GAP) if exclusions else _GAP
        heights = [LINE * len(words) + 0.16 for words in used]
        below = sum(heights) + 0.1 * len(heights) + (_GAP - 0.1 if heights else 0)
        canvas, axes = new_plane(2 * box + middle + below + 0.1)
        first = Place(1.5, 0.05 + box / 2, 2.7, box)
        last = Place(1.5, first.y + box + middle, 2.7, box)
        draw_box(axes, first, left[0], fontsize=8)
        draw_box(axes, last, left[1], fontsize=8, fill=PALE)
        draw_arrow(axes, first.bottom, last.top)
        if exclusions:
            side = Place(4.75, (first.y + last.y) / 2, 3.2, high)
            draw_box(axes, side, "\n".join(right), align="left")
            draw_arrow(axes, (1.5, side.y), side.left)
        y = last.y + box / 2 + _GAP
        for words, height in zip(used, heights, strict=True):
            place = Place(WIDTH / 2 + 0.45, y + height / 2, WIDTH - 1.0, height)
            draw_box(axes, place, "\n".join(words), align="left")
            axes.plot([0.5, 0.5], [last.bottom[1], place.y], color="#1b3a57", linewidth=0.9)
            draw_arrow(axes, (0.5, place.y), place.left)
            y += height + 0.1
        return canvas

    return Figure(
        "sample_flow_diagram",
        after,
        Text("Sample flow", "样本流程图"),
        _alt(received, exclusions, analysed, uses),
        draw,
        note,
    )


_ANALYSED = Text("Analysed", "进入分析")


def _count(step: Text, number: int) -> Text:
    return Text("{step} (n = {n})", "{step}（n = {n}）").format(step=step, n=number)


def _excluded(exclusions: Sequence[tuple[Text, int]], total: int, lang: Lang) -> list[str]:
    lines = [_count(Text("Excluded", "剔除"), total)(lang)]
    room = halves(3.1, _SIZE)
    for reason, number in exclusions:
        said = Text(shortened(reason("en"), 2 * room - 18), shortened(reason("zh"), 2 * room - 18))
        lines += wrapped(f"· {_count(said, number)(lang)}", room, 3).split("\n")
    return lines


def _used(use: Use, lang: Lang) -> list[str]:
    words = _count(Text(shortened(use.step("en"), 110), shortened(use.step("zh"), 110)), use.used)
    if use.left_out:
        words = Text("{words}; {n} with a variable missing", "{words}；因变量缺失未用 {n} 份").format(
            words=words, n=use.left_out
        )
    return wrapped(words(lang), halves(WIDTH - 1.1, _SIZE)).split("\n")


def _alt(received: int, exclusions: Sequence[tuple[Text, int]], analysed: int, uses: Sequence[Use]) -> Text:
    reasons = [_count(reason, number) for reason, number in exclusions]
    steps = [_count(use.step, use.used) for use in uses]
    alt = Text(
        "Flow diagram: {received} respondents received, {gone} excluded{reasons}, {analysed} analysed{steps}.",
        "样本流程图：收回 {received} 份，剔除 {gone} 份{reasons}，进入分析 {analysed} 份{steps}。",
    )
    return alt.format(
        received=received,
        gone=received - analysed,
        analysed=analysed,
        reasons=_aside(": ", "：", reasons),
        steps=_aside("; used by ", "；各步骤使用：", steps),
    )


def _aside(en: str, zh: str, parts: Sequence[Text]) -> Text:
    if not parts:
        return Text()
    return Text(en + "; ".join(part.en for part in parts), zh + "；".join(part.zh for part in parts))
