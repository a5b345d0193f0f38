"""A table as LaTeX: as a fragment for a paper, and as a part of the report that may run over pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from socialcap.report import paper
from socialcap.report.columns import Layout, Panel, layout, missing_stars, star_widths
from socialcap.report.tex_text import escaped, label, shown
from socialcap.results import Lang, Table

_NOTE_SIZE = 8.5
_LEADING = 1.2  # distance of baselines in units of the type's size
_LEAST_NOTE = 260.0  # points below which notes are not squeezed


def fragment(table: Table, caption: str, lang: Lang) -> str:
    """A table that a paper takes in by its `input` command."""
    source = _source(table, lang, fixed=False)
    lines = [
        f"% {caption}: {paper.printable(table.title(lang))}",
        r"% Needs \usepackage{array,booktabs}"
        + (r"; with Chinese: XeLaTeX and ctex or xeCJK" if lang == "zh" else ""),
        rf"% \begin{{table}} \centering \caption{{...}} \input{{tables/{table.key}_{lang}}} \end{{table}}",
        f"% Set for a line of {max(part.width for part in source.parts):.0f} pt"
        + (" (A4 on its side)" if source.laid.lying else ""),
        r"\begingroup" + source.setting,
    ]
    for part in source.parts:
        lines += [rf"\begin{{tabular}}{{{part.columns}}}", r"\toprule", part.head + r" \\", r"\midrule"]
        lines += [row + r" \\" for row in part.rows]
        lines += [r"\bottomrule", r"\end{tabular}", r"\par\medskip"]
    if source.notes:
        notes = "\\par\n".join(source.notes)
        lines += [
            rf"\begin{{minipage}}{{\linewidth}}{_size(_NOTE_SIZE)}\raggedright",
            notes,
            r"\end{minipage}",
        ]
    return "\n".join([*lines, r"\endgroup", ""])


def long_table(table: Table, lang: Lang) -> list[str]:
    """A table of the report, which runs over pages if it is long, its headings repeated."""
    source = _source(table, lang, fixed=True)
    end = r" \\" if source.laid.breaks else r" \\*"
    lines = [rf"\begingroup\setlength{{\LTcapwidth}}{{\linewidth}}{source.setting}"]
    for number, part in enumerate(source.parts):
        head = [r"\toprule", part.head + r" \\", r"\midrule"]
        environment = "longtable" if number == 0 else "longtable*"  # the star: without a number of its own
        lines.append(rf"\begin{{{environment}}}{{{part.columns}}}")
        if number == 0:
            lines += [rf"\caption{{{escaped(table.title(lang), lang)}}}\label{{{label(table.key)}}}\\"]
        lines += [*head, r"\endfirsthead", *head, r"\endhead", r"\bottomrule", r"\endfoot", r"\endlastfoot"]
        lines += [row + end for row in part.rows[:-1]] + [row + r" \\*" for row in part.rows[-1:]]
        lines.append(r"\bottomrule")
        if number == len(source.parts) - 1 and source.notes:
            lines += [r"\addlinespace[3pt]", *(_note_row(part, note) for note in source.notes)]
        lines.append(rf"\end{{{environment}}}")
    return [*lines, r"\endgroup"]


def _note_row(part: _Part, note: str) -> str:
    count = part.head.count(" & ") + 1
    set_note = rf"{_size(_NOTE_SIZE)}\raggedright {note}"
    return rf"\multicolumn{{{count}}}{{@{{}}p{{{part.width:.1f}pt}}@{{}}}}{{{set_note}}} \\*"


def lies(table: Table, lang: Lang) -> bool:
    """Whether the table is too wide for an upright page."""
    return layout(table.columns, *_shown(table, lang), _em).lying


def _em(size: float) -> float:
    """Points of an em of TeX's own types, whose letters are the broader the smaller: 0.61 of 6, 0.5 of 10."""
    return size * (1.05 + 0.06 * max(0.0, 9.0 - size))


def _shown(table: Table, lang: Lang) -> tuple[list[str], list[list[str]]]:
    headings, rows = table.text(lang)
    return [shown(text) for text in headings], [[shown(cell) for cell in row] for row in rows]


@dataclass(frozen=True, slots=True)
class _Part:
    """Columns that stand side by side, as LaTeX source: their specification, the headings, the rows; its width
    in points.
    """

    columns: str
    head: str
    rows: tuple[str, ...]
    width: float


@dataclass(frozen=True, slots=True)
class _Source:
    """A table as LaTeX source."""

    laid: Layout
    parts: tuple[_Part, ...]
    notes: tuple[str, ...]

    @property
    def setting(self) -> str:
        """Type size and distance of columns."""
        return rf"{_size(self.laid.size)}\setlength{{\tabcolsep}}{{{self.laid.gap / 2:g}pt}}"


def _size(points: float) -> str:
    return rf"\fontsize{{{points:g}}}{{{points * _LEADING:g}}}\selectfont"


def _source(table: Table, lang: Lang, fixed: bool) -> _Source:
    """The table's source; `fixed` sets columns as wide as was reckoned, otherwise LaTeX finds their widths."""
    headings, rows = _shown(table, lang)
    laid = layout(table.columns, headings, rows, _em)
    stars = star_widths(rows)
    cells = [
        [
            _cell(text, missing_stars(text, stars[c]), (r, c) in table.emphasis, lang)
            for c, text in enumerate(row)
        ]
        for r, row in enumerate(rows)
    ]
    head = [escaped(heading, lang) for heading in headings]
    notes = tuple(
        rf"\emph{{{lead}}} {escaped(text, lang)}" if lead and lang == "en" else lead + escaped(text, lang)
        for lead, text in paper.notes(table, lang)
    )
    least = _LEAST_NOTE if notes else 0.0
    parts = tuple(_part(table, laid, panel, head, cells, fixed, least) for panel in laid.panels)
    return _Source(laid, parts, notes)


def _part(
    table: Table,
    laid: Layout,
    panel: Panel,
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    fixed: bool,
    least: float,
) -> _Part:
    total = sum(panel.widths) + laid.gap * (len(panel.widths) - 1)
    spare = max(0.0, least - total) if fixed else 0.0
    widths = [panel.widths[0] + spare, *panel.widths[1:]]
    columns, headings = [], []
    for c, share in zip(panel.columns, widths, strict=True):
        align = table.columns[c].align
        ragged = r"\raggedleft" if align == "right" else r"\raggedright"
        wrapped = rf">{{{ragged}\arraybackslash}}%s{{{share:.1f}pt}}"
        if c not in laid.wraps:
            columns.append(f"w{{{align[0]}}}{{{share:.1f}pt}}" if fixed else align[0])
            headings.append(head[c])
            continue
        columns.append(wrapped % "p")
        left, right = ("@{}" if c == panel.columns[end] else "" for end in (0, -1))
        headings.append(rf"\multicolumn{{1}}{{{left}{wrapped % 'b'}{right}}}{{{head[c]}}}")
    rows = tuple(" & ".join(row[c] for c in panel.columns) for row in cells)
    return _Part(f"@{{}}{''.join(columns)}@{{}}", " & ".join(headings), rows, total + spare)


def _cell(text: str, lacking: int, strong: bool, lang: Lang) -> str:
    source = escaped(text, lang)
    if source.startswith("*"):
        source = "{*}" + source[1:]  # after a row's end a star would belong to it
    if strong and text:
        source = rf"\textbf{{\boldmath {source}}}"
    return source + (rf"\phantom{{{'*' * lacking}}}" if lacking and text else "")
