"""The LaTeX: it compiles, without cut tables, and every number of the report is on its pages."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from matplotlib.figure import Figure as Canvas

import socialcap as sc
from socialcap.report import tex
from socialcap.report.document import Document, Heading, Paragraph, Section, Sentence, study_document
from socialcap.report.figures import Figure
from socialcap.report.tex_text import escaped, label, plain
from socialcap.results import Column, Lang, Starred, Table, Text

STYLES = {"en": "apa", "zh": "three-line"}
# Points by which a line may stick out: TeX's own rounding of boxes, far below what an eye sees.
OVERFULL = 0.5
# hyperref asks XeTeX for Zapf Dingbats, which small installations lack and these pages do not use.
UNUSED_FONT = "pzdr"


def needs(*programs: str) -> pytest.MarkDecorator:
    lacking = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(lacking), reason=f"absent: {', '.join(lacking)}")


def drawing(lang: Lang) -> Canvas:
    canvas = Canvas(figsize=(4, 2))
    canvas.subplots().plot([0, 1], [0, 1])
    return canvas


def wide(key: str, count: int) -> Table:
    columns = (
        Column("item", Text("Item", "题项"), align="left"),
        *(Column(f"c{c}", Text(str(c))) for c in range(count)),
    )
    numbers = [[Starred((-1) ** c * (r + c) / 100, 0.001 * c) for c in range(count)] for r in range(4)]
    rows = tuple((f"item_{r}", *row) for r, row in enumerate(numbers))
    return Table(
        key,
        Text("Correlations", "相关系数"),
        columns,
        rows,
        (Text("Pearson, n = 9.", "皮尔逊相关，n = 9。"),),
    )


def nasty(chinese: bool) -> Table:
    columns = (
        Column("what", Text(r"What & why_100%", "何物 & 100%"), align="left"),
        Column("value", Text("χ², ΔR² ≥ β"), "number"),
        Column("interval", Text("95 % CI", "95 % 置信区间"), align="left"),
    )
    labels = [
        r"C:\path {a} $5 #1 ~x ^y",
        "a--b, 'c' ''d'' \"e\" `f`",
        "* star",
        "<x> | y",
        "café – ½ × ±1",
        "x" * 90,
    ]
    if chinese:
        labels.append("“引号”……破折——号、书名《论》①")
    rows = tuple((text, -1.5 * number, "[0.12, 0.34]") for number, text in enumerate(labels))
    bracket = (("[row]", 1.0, "[0.56, 0.78]"),)
    notes = (Text("R² = .5 & more.", "R² = 0.5。"), Text("* p < .05", "* p < 0.05"))
    return Table(
        "nasty_labels", Text("50% of #1", "50% 的 #1"), columns, rows + bracket, notes, frozenset({(0, 1)})
    )


def sample(chinese: bool = True) -> Document:
    said = Paragraph(
        (Sentence(Text("β is −.5 & small.", "β 为 −0.5。"), "nasty_labels"), Sentence(Text("So.", "如此。")))
    )
    figure = Figure(
        "line", "nasty_labels", Text("A 1% line", "1% 的线"), Text("A line.", "一条线。"), drawing
    )
    blocks = (said, Heading("more", Text("ΔR² & more", "ΔR² 及其他")), nasty(chinese), figure)
    rest = (wide("lying", 22), wide("panels", 70), wide("small", 3))
    sections = (Section("one", Text("Findings", "结果"), blocks), Section("two", Text("Rest", "其余"), rest))
    return Document(
        "demo", Text("A 100% demonstration", "示例_报告"), Text("Made-up data.", "虚构数据。"), sections
    )


def compiled(program: str, source: Path, runs: int = 1) -> str:
    """The text of the PDF, once its log shows no error, no missing character and nothing that sticks out.

    A second run finds what references lead to.
    """
    for _ in range(runs):
        command = [program, "-interaction=nonstopmode", source.name]
        subprocess.run(command, cwd=source.parent, capture_output=True, timeout=300)
    log = source.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
    errors = [line for line in log.splitlines() if line.startswith("!") and UNUSED_FONT not in line]
    assert errors == []
    assert "Missing character" not in log
    assert runs == 1 or "There were undefined references" not in log
    sticking_out = [
        float(size) for size in re.findall(r"^Overfull \\hbox \(([\d.]+)pt too wide", log, re.MULTILINE)
    ]
    assert [size for size in sticking_out if size > OVERFULL] == []
    command = ["pdftotext", "-raw", str(source.with_suffix(".pdf")), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return text.replace("∗", "*")  # the star of the oldest fonts is told as the sign of mathematics


def written(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / "tex"


def numbers(document: Document, lang: Lang) -> Counter[str]:
    """How often each printed number stands in the tables, headings and words apart."""
    cells = (cell for table in document.tables for row in table.text(lang)[1] for cell in row)
    return Counter(cell for cell in cells if re.fullmatch(r"[(−]*[\d.,]*\d[\d.,%)]*\**", cell))


@needs("xelatex", "pdftotext")
def test_a_study_compiles_and_every_number_of_its_tables_is_printed(
    study_folder: Path, tmp_path: Path
) -> None:
    document = study_document(sc.run(sc.read_study(study_folder)))
    folder = written(tex.render(document, ["en", "zh"], STYLES), tmp_path)
    for lang in ("en", "zh"):
        text = compiled("xelatex", folder / f"report_{lang}.tex")
        wanted = numbers(document, lang)
        assert sum(wanted.values()) > 200
        assert wanted - Counter(text.split()) == Counter()


@needs("xelatex", "pdftotext")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_wide_tables_panels_and_nasty_labels_compile(lang: Lang, tmp_path: Path) -> None:
    source = written(tex.render(sample(), [lang], STYLES), tmp_path) / f"report_{lang}.tex"
    text = compiled("xelatex", source, runs=2)
    assert numbers(sample(), lang) - Counter(text.split()) == Counter()
    wanted = {
        "en": [
            "A 100% demonstration",
            "Table 1",
            "(Table 1).",
            "Figure 1",
            "Table 4",
            "Note. Pearson, n = 9.",
        ],
        "zh": ["示例_报告", "表 1", "（表 1）", "图 1", "表 4", "注：皮尔逊相关，n = 9。", "50% 的 #1"],
    }
    joined = "".join(text.split())
    assert [words for words in wanted[lang] if "".join(words.split()) not in joined] == []
    for words in (
        r"C:\path {a} $5 #1 ~x ^y",
        "* star",
        "<x> | y",
        "[row]",
        "[0.12, 0.34]",
        "café – ½ × ±1",
        "x" * 90,
    ):
        assert "".join(words.split()) in joined
    assert (
        joined.count("".join(sample().note(lang).split())) == text.count("\f") + 1
    )  # on its face, on each page


@needs("pdflatex", "pdftotext")
def test_an_english_report_without_chinese_compiles_with_pdflatex(tmp_path: Path) -> None:
    folder = written(tex.render(sample(chinese=False), ["en"], STYLES), tmp_path)
    text = compiled("pdflatex", folder / "report_en.tex", runs=2)
    assert numbers(sample(chinese=False), "en") - Counter(text.split()) == Counter()


@needs("xelatex", "pdftotext")
def test_fragments_compile_within_a_paper(tmp_path: Path) -> None:
    files = tex.render(sample(), ["en", "zh"], STYLES)
    folder = written(files, tmp_path)
    inputs = [name.removeprefix("tex/") for name in files if name.startswith("tex/tables/")]
    assert len(inputs) == 2 * len(sample().tables)
    lines = [rf"\begin{{center}}\input{{{name}}}\end{{center}}" for name in inputs]
    paper = [
        r"\documentclass{article}\usepackage[paperwidth=900pt,paperheight=1200pt,margin=40pt]{geometry}",
        r"\usepackage{array,booktabs}\usepackage[scheme=plain,fontset=fandol]{ctex}\begin{document}",
        *lines,
        r"\end{document}",
    ]
    (folder / "paper.tex").write_text("\n".join(paper), encoding="utf-8")
    text = compiled("xelatex", folder / "paper.tex")
    both = numbers(sample(), "en") + numbers(sample(), "zh")
    assert both - Counter(text.split()) == Counter()
    assert "Note.R2=.5&more." in "".join(text.split())


@needs("xelatex", "pdftotext")
def test_any_text_compiles(tmp_path: Path) -> None:
    random = Random(3)
    alphabet = "\\{}$&#_%~^<>|\"'`[]*-–—,.!?@/ aZ0é½²³¹₂χΔ≥×′“”‘’…，。字①😀\u0301\x07\u200b\u00a0"
    texts = ["".join(random.choices(alphabet, k=random.randint(1, 14))) for _ in range(150)]
    columns = (
        Column("text", Text(texts[0], texts[1]), align="left"),
        Column("more", Text(texts[2]), align="left"),
    )
    rows = tuple((text, f"after{number}") for number, text in enumerate(texts))
    table = Table("any", Text(texts[3], texts[4]), columns, rows, (Text(texts[5], texts[6]),))
    section = Section("one", Text(texts[7], texts[8]), (table,))
    document = Document("x", Text(texts[9], texts[10]), Text(texts[11], texts[12]), (section,))
    folder = written(tex.render(document, ["en", "zh"], STYLES), tmp_path)
    for lang in ("en", "zh"):
        words = compiled("xelatex", folder / f"report_{lang}.tex").split()
        assert set(words) >= {f"after{number}" for number in range(len(texts))}


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("50% & #1_x", r"50\% \& \#1\_x", None),
        ("χ² ≥ −0.5", r"$\chi^2$ $\geq$ $-$0.5", None),
        ("ΔR²", r"$\Delta$R$^2$", None),
        ("10¹²", r"10$^1{}^2$", None),
        ("χο", r"$\chi o$", None),
        ("a--b", "a-{}-b", None),
        ("“x”…", r"``x''\ldots{}", "“x”…"),
        ("[0.1]", "{[}0.1{]}", None),
        ("a\nb", "a b", None),
        ("😀\x07", r"{[}U+1F600{]}{[}U+0007{]}", None),
        ("𝒳", r"{[}U+1D4B3{]}", None),
    ],
)
def test_text_is_escaped(text: str, english: str, chinese: str | None) -> None:
    assert escaped(text, "en") == english
    assert escaped(text, "zh") == (chinese or english)


def test_very_long_words_may_break_and_nothing_else_does() -> None:
    assert escaped("a" * 30, "en").replace(r"\allowbreak{}", "") == "a" * 30
    assert escaped("a" * 30, "en").count(r"\allowbreak{}") == 2
    assert r"\allowbreak" not in escaped("plain words of some length, and 字" * 9, "en")


def test_labels_and_bookmarks_are_plain() -> None:
    assert label("regression_中 a%") == "regression_u4e2du20au25"
    assert plain(r"50% \ {x}^2") == r"50\% / \{x\} 2"


def test_a_long_table_repeats_its_head_and_a_short_one_stays_whole() -> None:
    columns = (Column("what", Text("Firm"), align="left"), Column("n", Text("Value"), "d"))
    long, short = (
        Table(key, Text(key), columns, tuple((f"firm {r}", r) for r in range(n)))
        for key, n in (("long", 90), ("short", 3))
    )
    document = Document("x", Text("x"), Text(), (Section("one", Text("One"), (long, short)),))
    report = tex.render(document, ["en"], STYLES)["tex/report_en.tex"].decode()
    first, second = report.split(r"\begin{longtable}")[1:]
    assert (
        first.count(r"Firm & Value \\") == 2
        and r"\endfirsthead" in first
        and r"firm 4 & 4 \\" + "\n" in first
    )
    assert r"firm 0 & 0 \\*" in second and r"firm 1 & 1 \\*" in second
    assert r"\caption{short}\label{short}" in second


def test_files_are_named_by_key_and_language_and_say_what_they_need() -> None:
    files = tex.render(sample(), ["zh"], STYLES)
    assert sorted(files) == [
        "tex/figures/line_zh.pdf",
        "tex/report_zh.tex",
        *(f"tex/tables/{key}_zh.tex" for key in ("lying", "nasty_labels", "panels", "small")),
    ]
    head = files["tex/tables/small_zh.tex"].decode().splitlines()[:4]
    assert head[0] == "% 表 4: 相关系数" and "booktabs" in head[1] and r"\input{tables/small_zh}" in head[2]
    assert files == tex.render(sample(), ["zh"], STYLES)
