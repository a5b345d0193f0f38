"""A report as LaTeX: a document that compiles by itself, and each table as a fragment for a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from socialcap.plan import Style
from socialcap.report import paper, words
from socialcap.report.columns import MARGIN_X, MARGIN_Y
from socialcap.report.document import Block, Document, Heading, Paragraph, Section
from socialcap.report.figures import Figure
from socialcap.report.tex_tables import fragment, lies, long_table
from socialcap.report.tex_text import escaped, has_chinese, label, plain
from socialcap.results import Lang, Text

_CHINESE_CLASS = r"\documentclass[a4paper,zihao=5,fontset=fandol]{ctexart}"
_LATIN_CLASS = r"""\documentclass[a4paper,11pt]{article}
\usepackage{iftex}
\ifpdftex
  \IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{\usepackage{fix-cm}}
\fi"""
# an English report may quote Chinese answers
_CHINESE_IN_ENGLISH = r"\usepackage[scheme=plain,fontset=fandol]{ctex}"

_PACKAGES = rf"""\usepackage[a4paper,hmargin={MARGIN_X:g}pt,vmargin={MARGIN_Y:g}pt]{{geometry}}
\usepackage{{array,booktabs,longtable,pdflscape,graphicx,caption,fancyhdr}}
\usepackage[hidelinks]{{hyperref}}
\tracinglostchars=3 % a character that no font has is an error, never a gap
\pagestyle{{fancy}}\fancyhf{{}}\renewcommand{{\headrulewidth}}{{0pt}}\fancyfoot[R]{{\footnotesize\thepage}}
\fancypagestyle{{plain}}{{}}
\setlength{{\LTpre}}{{1.2em}}\setlength{{\LTpost}}{{1em}}"""

_STYLES: Mapping[Style, str] = MappingProxyType(
    {
        "apa": r"""\setlength{\heavyrulewidth}{0.75pt}\setlength{\lightrulewidth}{0.5pt}
\captionsetup{labelsep=newline,labelfont=bf,textfont=it,justification=raggedright,singlelinecheck=false}
\setlength{\LTleft}{0pt}\setlength{\LTright}{0pt plus 1fill}""",
        "three-line": r"""\setlength{\heavyrulewidth}{1.5pt}\setlength{\lightrulewidth}{0.75pt}
\captionsetup{labelsep=quad,font=bf}""",
    }
)


def render(document: Document, languages: Sequence[Lang], styles: Mapping[Lang, Style]) -> dict[str, bytes]:
    """In the folder tex: report_<lang>.tex, tables/<key>_<lang>.tex and figures/<key>_<lang>.pdf.

    The English report compiles with pdfLaTeX and XeLaTeX (with XeLaTeX where it quotes Chinese), the Chinese one
    with XeLaTeX and the fonts of every TeX Live.
    """
    captions = words.captions(document)
    made: dict[str, bytes] = {}
    for lang in languages:
        made[f"tex/report_{lang}.tex"] = _report(document, lang, styles[lang]).encode()
        for table in document.tables:
            made[f"tex/tables/{table.key}_{lang}.tex"] = fragment(
                table, captions[table.key](lang), lang
            ).encode()
        for figure in document.figures:
            made[f"tex/figures/{figure.key}_{lang}.pdf"] = figure.image(lang, "pdf")
    return made


def _report(document: Document, lang: Lang, style: Style) -> str:
    title, note = (escaped(text(lang), lang) for text in (document.title, document.note))
    body = "\n".join(_body(document, lang, style))
    chinese = lang == "zh" or has_chinese(title + note + body)
    opening = (
        [_CHINESE_CLASS] if lang == "zh" else [_LATIN_CLASS, *([_CHINESE_IN_ENGLISH] if chinese else [])]
    )
    return "\n".join(
        [
            f"% !TeX program = {'xelatex' if chinese else 'pdflatex'}",
            *opening,
            _PACKAGES,
            _STYLES[style],
            rf"\hypersetup{{pdftitle={{{plain(document.title(lang))}}},pdflang={{{words.LANGUAGE_TAGS[lang]}}}}}",
            rf"\fancyfoot[L]{{\footnotesize {note}}}",
            rf"\title{{{title}}}\author{{}}\date{{}}",
            r"\begin{document}",
            r"\maketitle",
            *([rf"\begin{{quote}}{note}\end{{quote}}"] if note else []),
            r"\tableofcontents",
            body,
            r"\end{document}",
            "",
        ]
    )


def _body(document: Document, lang: Lang, style: Style) -> Iterator[str]:
    captions = words.captions(document)
    for run in paper.runs(document, lambda table: lies(table, lang)):
        if run.lying:
            yield r"\begin{landscape}"
        for part in run.parts:
            yield from _part(part, captions, lang, style)
        if run.lying:
            yield r"\end{landscape}"


def _part(part: Section | Block, captions: Mapping[str, Text], lang: Lang, style: Style) -> list[str]:
    if isinstance(part, Section):
        return ["", _heading("section", part.heading(lang), lang), ""]
    if isinstance(part, Heading):
        return ["", _heading("subsection", part.text(lang), lang), ""]
    if isinstance(part, Paragraph):
        return ["", _paragraph(part, captions, lang), ""]
    if isinstance(part, Figure):
        return _figure(part, lang, style)
    return long_table(part, lang)


def _heading(level: str, text: str, lang: Lang) -> str:
    return rf"\{level}{{\texorpdfstring{{{escaped(text, lang)}}}{{{plain(text)}}}}}"


def _paragraph(paragraph: Paragraph, captions: Mapping[str, Text], lang: Lang) -> str:
    return "".join(
        rf"\hyperref[{label(part.key)}]{{{escaped(part.words, lang)}}}"
        if part.key
        else escaped(part.words, lang)
        for part in paper.said(paragraph, captions, lang)
    )


def _figure(figure: Figure, lang: Lang, style: Style) -> list[str]:
    place = "flushleft" if style == "apa" else "center"
    caption = rf"\captionof{{figure}}{{{escaped(figure.title(lang), lang)}}}\label{{{label(figure.key)}}}"
    image = (
        rf"\includegraphics[width=\linewidth,height=0.7\textheight,keepaspectratio]"
        rf"{{figures/{figure.key}_{lang}.pdf}}"
    )
    return [
        rf"\begin{{{place}}}\begin{{minipage}}{{\linewidth}}\{'raggedright' if style == 'apa' else 'centering'}",
        *([caption, image] if style == "apa" else [image, caption]),
        rf"\end{{minipage}}\end{{{place}}}",
    ]
