"""The PDF: every cell of every table in it, tagged, nothing cut, any text set as it is.

Read back by pypdf and by poppler's pdftotext, which know nothing of how the file was made.
"""

import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure as Canvas
from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream, DictionaryObject

import socialcap as sc
from socialcap.errors import OutputError
from socialcap.report import pdf
from socialcap.report.columns import MARGIN_X, MARGIN_Y, Layout, layout, room
from socialcap.report.document import Document, Heading, Paragraph, Section, Sentence, study_document
from socialcap.report.figures import Figure
from socialcap.results import Column, Lang, Starred, Table, Text

STYLES = {"en": "apa", "zh": "three-line"}
# Points by which boxes of neighbouring words may touch: boxes are rounded, and italics lean out of theirs.
TOUCH = 1.0

poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler's pdftotext is absent")


def drawing(lang: Lang) -> Canvas:
    canvas = Canvas(figsize=(4, 2))
    canvas.subplots().plot([0, 1], [0, 1])
    return canvas


def wide(key: str, count: int) -> Table:
    numbered = (Column(f"c{c}", Text(str(c + 1))) for c in range(count))
    columns = (Column("item", Text("Item", "题项"), align="left"), *numbered)
    rows = tuple(
        (f"item_{r}", *(Starred((-1) ** c * (r + c) / 100, 0.001 * c) for c in range(count)))
        for r in range(4)
    )
    return Table(key, Text("Correlations", "相关系数"), columns, rows)


def long(rows: int = 90) -> Table:
    columns = (Column("what", Text("Firm", "企业"), align="left"), Column("n", Text("Value", "值"), "number"))
    values = tuple((Text(f"Firm {r}", f"企业{r}"), 1000.5 * r) for r in range(rows))
    notes = (Text("All firms, R² = .5.", "全部企业，R² = 0.5。"), Text("* p < .05", "* p < 0.05"))
    return Table("long", Text("Values of firms", "企业取值"), columns, values, notes, frozenset({(0, 1)}))


def sample() -> Document:
    said = Paragraph(
        (
            Sentence(Text("Firms differ.", "企业各不相同。"), "long"),
            Sentence(Text("Half are large.", "半数较大。"), "long"),
            Sentence(Text("A line rises.", "直线上升。"), "line"),
            Sentence(Text("That is all.", "仅此而已。")),
        )
    )
    figure = Figure(
        "line", "long", Text("A line", "一条直线"), Text("A rising line.", "上升的直线。"), drawing
    )
    blocks = (
        said,
        Heading("more", Text("Tables", "表格")),
        long(),
        figure,
        wide("lying", 22),
        wide("panels", 70),
    )
    sections = (
        Section("one", Text("Findings", "结果"), blocks),
        Section("two", Text("Rest", "其余"), (wide("small", 3),)),
    )
    return Document(
        "demo", Text("A demonstration", "示例报告"), Text("Made-up data.", "虚构数据。"), sections
    )


@cache
def made() -> dict[str, bytes]:
    return pdf.render(sample(), ["en", "zh"], STYLES)


def pdftotext(content: bytes, folder: Path, kind: str = "-raw") -> str:
    path = folder / "read.pdf"
    path.write_bytes(content)
    command = ["pdftotext", kind, str(path), "-"]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()


def tagged_tables(content: bytes) -> list[list[list[str]]]:
    """Tables as rows of cells, without blanks, as the tags of the file have them."""
    reader = PdfReader(BytesIO(content))
    texts = {page.indirect_reference.idnum: marked_text(page) for page in reader.pages}
    tables: list[list[list[str]]] = []
    for element in structure(reader.trailer["/Root"]["/StructTreeRoot"]):
        if element.get("/S") == "/Table":
            tables.append([])
        elif element.get("/S") == "/TR":
            tables[-1].append([])
        elif element.get("/S") in ("/TH", "/TD"):
            text = "".join(texts[page][mark] for page, mark in content_marks(element))
            tables[-1][-1].append("".join(text.split()))
    return tables


def content_marks(element: object, page: int = 0) -> Iterator[tuple[int, int]]:
    """The page and number of each marked piece that belongs to a tag."""
    if isinstance(element, int):
        yield page, element
    elif isinstance(element, list):
        for child in element:
            yield from content_marks(child.get_object(), page)
    elif isinstance(element, dict):
        page = element.raw_get("/Pg").idnum if "/Pg" in element else page
        yield from content_marks(element.get("/MCID", element.get("/K")), page)


def marked_text(page: PageObject) -> dict[int, str]:
    """The text of each marked piece of a page, from the fonts' own tables of characters."""
    fonts = {name: characters(font.get_object()) for name, font in page["/Resources"]["/Font"].items()}
    texts: dict[int, str] = {}
    marks: list[tuple[int | None, bool]] = []
    font: dict[int, str] = {}
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        current = next((mark for mark, _ in reversed(marks) if mark is not None), None)
        if operator in (b"BDC", b"BMC"):
            properties = operands[1] if len(operands) > 1 else {}
            replaced = properties.get("/ActualText")
            if replaced is not None and current is not None:
                texts[current] = texts.get(current, "") + replaced
            marks.append((properties.get("/MCID"), replaced is not None))
            texts.setdefault(properties.get("/MCID"), "")
        elif operator == b"EMC":
            marks.pop()
        elif operator == b"Tf":
            font = fonts[operands[0]]
        elif (
            operator in (b"Tj", b"TJ") and current is not None and not any(replaced for _, replaced in marks)
        ):
            strings = operands[0] if operator == b"TJ" else operands
            shown = b"".join(s.original_bytes for s in strings if hasattr(s, "original_bytes"))
            glyphs = [int.from_bytes(shown[i : i + 2], "big") for i in range(0, len(shown), 2)]
            texts[current] += "".join(font[glyph] for glyph in glyphs)
    return texts


def characters(font: DictionaryObject) -> dict[int, str]:
    lines = font["/ToUnicode"].get_data().decode()
    pairs = re.findall(r"^<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>$", lines, re.MULTILINE)
    return {int(glyph, 16): bytes.fromhex(text).decode("utf-16-be") for glyph, text in pairs}


def expected(table: Table, lang: Lang) -> Iterator[list[list[str]]]:
    headings, rows = table.text(lang)
    for panel in layout(table.columns, headings, rows).panels:
        yield [["".join(row[c].split()) for c in panel.columns] for row in [headings, *rows]]


def test_every_cell_of_a_study_is_in_the_file_and_tagged_as_one(study_folder: Path) -> None:
    document = study_document(sc.run(sc.read_study(study_folder)))
    files = pdf.render(document, ["en", "zh"], STYLES)
    for lang in ("en", "zh"):
        tables = [panel for table in document.tables for panel in expected(table, lang)]
        assert tagged_tables(files[f"report_{lang}.pdf"]) == tables


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_lying_tables_and_panels_keep_every_cell(lang: Lang) -> None:
    content = made()[f"report_{lang}.pdf"]
    tables = [panel for table in sample().tables for panel in expected(table, lang)]
    assert len(tables) > len(sample().tables)
    assert tagged_tables(content) == tables
    sizes = {tuple(map(round, page.mediabox[2:])) for page in PdfReader(BytesIO(content)).pages}
    assert sizes == {(595, 842), (842, 595)}


@poppler
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_cut_and_no_two_words_stand_on_each_other(lang: Lang, tmp_path: Path) -> None:
    report = pdftotext(made()[f"report_{lang}.pdf"], tmp_path, "-bbox")
    for page in report.split("<page ")[1:]:
        width, height = (float(size) for size in re.findall(r'(?:width|height)="([\d.]+)"', page)[:2])
        boxes = np.array(
            [
                [float(box) for box in word]
                for word in re.findall(
                    r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)"', page
                )
            ]
        )
        side = MARGIN_X if width < height else MARGIN_Y
        assert boxes[:, 0].min() >= side - TOUCH and boxes[:, 2].max() <= width - side + TOUCH
        assert boxes[:, 1].min() >= 0 and boxes[:, 3].max() <= height
        x0, y0, x1, y1 = boxes.T
        middle, high = (y0 + y1) / 2, y1 - y0
        same_line = np.abs(middle[:, None] - middle) < 0.3 * np.minimum(high[:, None], high)
        shared = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
        on_each_other = np.triu(same_line & (shared > TOUCH), 1)
        assert not on_each_other.any(), page.splitlines()[1 + int(np.argwhere(on_each_other)[0][0])]


def test_the_file_is_tagged_says_its_language_and_describes_its_figures() -> None:
    for lang, tag, alt in (("en", "en-GB", "A rising line."), ("zh", "zh-CN", "上升的直线。")):
        reader = PdfReader(BytesIO(made()[f"report_{lang}.pdf"]))
        root = reader.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value
        assert root["/Lang"] == tag
        assert root["/ViewerPreferences"]["/DisplayDocTitle"]
        assert reader.metadata is not None and reader.metadata.title == sample().title(lang)
        assert b"pdfuaid:part" in root["/Metadata"].get_data()
        elements = list(structure(root["/StructTreeRoot"]))
        assert [element["/Alt"] for element in elements if element.get("/S") == "/Figure"] == [alt]
        levels = [
            int(element["/S"][2:]) for element in elements if re.fullmatch(r"/H\d", element.get("/S", ""))
        ]
        assert levels == [1, 1, 2, 1]  # contents, findings, tables, rest
        heads = [element for element in elements if element.get("/S") == "/TH"]
        assert heads and all(scope(head) == "/Column" for head in heads)


def structure(element: object) -> Iterator[dict[str, object]]:
    element = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(element, list):
        for child in element:
            yield from structure(child)
    elif isinstance(element, dict):
        yield element
        yield from structure(element.get("/K"))


def scope(element: dict[str, object]) -> object:
    attributes = element["/A"]
    listed = attributes if isinstance(attributes, list) else [attributes]
    return next(found for entry in listed if (found := entry.get_object().get("/Scope")))


@poppler
def test_sentences_lead_to_their_tables_and_each_page_says_what_the_data_are(tmp_path: Path) -> None:
    wanted = {
        "en": (
            "Firms differ. Half are large (Table 1). A line rises (Figure 1). That is all.",
            "Made-up data.",
        ),
        "zh": ("企业各不相同。半数较大（表1）。直线上升（图1）。仅此而已。", "虚构数据。"),
    }
    for lang, (paragraph, note) in wanted.items():
        content = made()[f"report_{lang}.pdf"]
        text = pdftotext(content, tmp_path)
        assert "".join(paragraph.split()) in "".join(text.split())
        assert all(note in page for page in text.split("\f")[:-1])
        reader = PdfReader(BytesIO(content))
        links = [note.get_object() for page in reader.pages for note in page.get("/Annots", [])]
        assert len(links) == 3 + 2 and all(link["/Subtype"] == "/Link" for link in links)  # contents, sources
        assert f"{len(reader.pages)} / {len(reader.pages)}" in text


@poppler
def test_the_headings_of_a_long_table_stand_on_each_of_its_pages(tmp_path: Path) -> None:
    text = pdftotext(made()["report_en.pdf"], tmp_path)
    pages = [page for page in text.split("\f") if re.search(r"^Firm \d+ [\d,.]+$", page, re.MULTILINE)]
    assert len(pages) > 1 and all("Firm Value\n" in page for page in pages)


def test_the_same_bytes_every_time() -> None:
    assert pdf.render(sample(), ["zh"], STYLES)["report_zh.pdf"] == made()["report_zh.pdf"]


def test_either_style_in_either_language() -> None:
    other = pdf.render(sample(), ["en", "zh"], {"en": "three-line", "zh": "apa"})
    assert all(other[name] != made()[name] for name in other)


# -- any text


def labelled(labels: list[str]) -> Document:
    columns = (Column("label", Text(labels[0], labels[0]), align="left"), Column("n", Text("n"), "d"))
    rows = tuple((label, number) for number, label in enumerate(labels))
    table = Table("labels", Text(labels[-1], labels[-1]), columns, rows, (Text(labels[0], labels[0]),))
    said = Paragraph((Sentence(Text(labels[0], labels[0]), "labels"),))
    section = Section("one", Text(labels[0], labels[0]), (said, table))
    return Document("x", Text(labels[0], labels[0]), Text(labels[0], labels[0]), (section,))


def read(text: str) -> str:
    """Without blanks and invisible characters, characters for their codes, compatible forms made one."""
    spelled = re.sub(r"\[U\+([0-9A-F]+)\]", lambda code: chr(int(code[1], 16)), "".join(text.split()))
    visible = "".join(c for c in spelled if unicodedata.category(c) not in ("Cf", "Cc") and not c.isspace())
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).replace(" ", ""))


NASTY = [
    "#let x = 1; $x^2$ *a* _b_ `c` <label> @ref // no /* comment */ \\ \\u{41}",
    "= Heading\n+ list\n- item --- -- ~ 'single' \"double\" [bracket] {brace} %40 & ~ ^",
    "“引号”（括号）：顿号、省略……破折——书名《论》！？",
    "a" * 120 + " " + "字" * 120 + " snake_case_name_which_never_ends_at_all=1",
    "χ² = 3.1, β = −.5, R², ΔR², ≥, ×, α, ω, – and ±∞",
    "emoji 😀, rare 𠮷, private \ue000, bell \x07, zero\u200bwidth, right-to-left \u202e mark",
    "\u0301 lone accent, e\u0301, ﬁ, ＡＢＣ, ½, ①, №, ٣, ไทย",
]


@poppler
def test_markup_of_every_kind_comes_out_as_it_was_written(tmp_path: Path) -> None:
    for lang in ("en", "zh"):
        content = pdf.render(labelled(NASTY), [lang], STYLES)[f"report_{lang}.pdf"]
        text = read(pdftotext(content, tmp_path))
        for label in NASTY:
            assert read(label) in text


LABEL = st.text(
    st.characters(exclude_categories=["Cs"]).filter(
        lambda c: unicodedata.bidirectional(c) not in ("R", "AL", "AN")
    ),
    min_size=1,
    max_size=30,
)


@poppler
@settings(max_examples=40)
@given(st.lists(LABEL, min_size=1, max_size=8), st.sampled_from(["en", "zh"]))
def test_any_label_survives(tmp_path_factory: pytest.TempPathFactory, labels: list[str], lang: Lang) -> None:
    content = pdf.render(labelled(["Label", *labels]), [lang], STYLES)[f"report_{lang}.pdf"]
    text = read(pdftotext(content, tmp_path_factory.mktemp("label")))
    for number, label in enumerate(labels, 1):
        assert f"{read(label)}{number}" in text


# -- what is missing


def test_without_typst_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(OutputError, match=r"socialcap\[pdf\]") as caught:
        pdf.render(sample(), ["en"], STYLES)
    assert caught.value.exit_code == 6


def test_without_a_chinese_font_the_error_names_what_brings_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    pdf._fonts.cache_clear()
    with pytest.raises(OutputError, match="pylopdf-fonts-zh-cn") as caught:
        pdf.render(sample(), ["zh"], STYLES)
    assert caught.value.exit_code == 6


def test_a_font_that_typst_does_not_know_is_an_error_not_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    template = pdf._template().replace(b'"Noto Sans SC"', b'"No Such Sans"')
    monkeypatch.setattr(pdf, "_template", lambda: template)
    with pytest.raises(OutputError, match="no such sans"):
        pdf.render(sample(), ["zh"], STYLES)


# -- columns


CELL = st.text(st.sampled_from("abW中，. -0123_*"), max_size=60)


@given(st.data())
def test_whatever_the_table_its_columns_fit_and_all_are_there(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 45))
    columns = [
        Column(str(c), Text(), align=data.draw(st.sampled_from(["left", "right"]))) for c in range(count)
    ]
    rows = data.draw(st.lists(st.lists(CELL, min_size=count, max_size=count), max_size=3))
    headings = data.draw(st.lists(CELL, min_size=count, max_size=count))
    laid: Layout = layout(columns, headings, rows)
    for panel in laid.panels:
        assert sum(panel.widths) + laid.gap * (len(panel.widths) - 1) <= room(laid.lying) + 1e-6
        assert all(width > 0 for width in panel.widths)
    placed = [c for panel in laid.panels for c in panel.columns]
    assert set(placed) == set(range(count))
    assert list(dict.fromkeys(placed)) == list(range(count))


def test_wide_tables_are_made_smaller_then_laid_on_their_side_then_split() -> None:
    laid = [
        layout(t.columns, *t.text("en")) for t in (wide("a", 3), wide("b", 11), wide("c", 22), wide("d", 70))
    ]
    assert [one.lying for one in laid] == [False, False, True, True]
    assert laid[0].size > laid[1].size
    assert [len(one.panels) for one in laid[:3]] == [1, 1, 1] and len(laid[3].panels) > 1
    assert all(panel.columns[0] == 0 for panel in laid[3].panels)
