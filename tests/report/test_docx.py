"""The Word report: read back with python-docx, checked against the schema, laid out by LibreOffice."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.table import Table as WordTable
from hypothesis import given
from hypothesis import strategies as st

import socialcap as sc
from socialcap.plan import Style
from socialcap.report import CUSTOM, study_document
from socialcap.report.document import Document
from socialcap.report.docx import render
from socialcap.report.word.points import points
from socialcap.report.word.tables import set_table
from socialcap.results import LANGUAGES, Lang, format_value

STYLES: tuple[Style, Style] = ("apa", "three-line")


@pytest.fixture(scope="module")
def files(sample_report: Document) -> dict[str, bytes]:
    return render(sample_report, LANGUAGES, CUSTOM)


def opened(files: dict[str, bytes], lang: Lang) -> WordDocument:
    return docx.Document(BytesIO(files[f"report_{lang}.docx"]))


def instructions(word: WordDocument) -> list[str]:
    return [(element.text or "").strip() for element in word.element.iter(qn("w:instrText"))]


def cells(table: WordTable) -> list[list[str]]:
    """Rows of cell texts, read from the XML for speed; a line break is a line break."""
    return [
        ["".join("\n" if t.tag == qn("w:br") else t.text or "" for t in _texts(cell)) for cell in row.tc_lst]
        for row in table._tbl.tr_lst
    ]


def _texts(element: object) -> Iterator[object]:
    return element.iter(qn("w:t"), qn("w:br"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_cell_of_every_table_is_the_printed_value(
    files: dict[str, bytes], sample_report: Document, lang: Lang
) -> None:
    written = [cells(table) for table in opened(files, lang).tables]
    for table in sample_report.tables:
        headings, rows = table.text(lang)
        whole = [headings, *([cell.replace("\x0b", "") for cell in row] for row in rows)]
        for panel in set_table(table, lang).layout.panels:
            assert written.pop(0) == [[row[c] for c in panel.columns] for row in whole]
    assert not written


def test_panels_show_every_column_and_repeat_the_first(sample_report: Document) -> None:
    fitted = set_table(sample_report.tables[2], "en").layout
    assert fitted.lying and len(fitted.panels) > 1
    assert all(panel.columns[0] == 0 for panel in fitted.panels)
    assert sorted({c for panel in fitted.panels for c in panel.columns}) == list(range(61))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_repeat_their_header_and_have_no_vertical_rules(files: dict[str, bytes], lang: Lang) -> None:
    word = opened(files, lang)
    for table in word.tables:
        first, *others = table._tbl.tr_lst
        assert first.find(f".//{qn('w:tblHeader')}") is not None
        assert not any(row.findall(f".//{qn('w:tblHeader')}") for row in others)
        assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in table._tbl.tr_lst)
        assert table.style is not None and table.style.name == "Report Table"
    style = next(s.element for s in word.styles if s.name == "Report Table")
    sides = {
        side.tag.split("}")[1]
        for borders in ("w:tblBorders", "w:tcBorders")
        for found in style.iter(qn(borders))
        for side in found
    }
    assert sides == {"top", "bottom"}


@pytest.mark.parametrize(("style", "outer", "inner"), [("apa", "8", "4"), ("three-line", "12", "6")])
def test_rules_have_the_weights_of_the_style(
    style: Style, outer: str, inner: str, sample_report: Document
) -> None:
    word = opened(render(sample_report, ["zh"], {"zh": style}), "zh")
    element = next(s.element for s in word.styles if s.name == "Report Table")
    whole, header = next(element.iter(qn("w:tblBorders"))), next(element.iter(qn("w:tcBorders")))
    weights = [[side.get(qn("w:sz")) for side in borders] for borders in (whole, header)]
    assert weights == [[outer, outer], [outer, inner]]


def test_captions_in_apa_style_stand_above_on_two_lines(files: dict[str, bytes]) -> None:
    lines = [(p.style.name, p.text) for p in opened(files, "en").paragraphs if p.style]
    captions = [text for name, text in lines if name == "Caption"]
    assert [c for c in captions if "continued" not in c] == [
        "Table 1",
        "Figure 1",
        "Table 2",
        "Table 3",
        "Figure 2",
    ]
    assert "Table 3 (continued)" in captions
    assert ("Caption Title", "Kinds of cells: all/any?") in lines
    place = lines.index(("Caption", "Figure 1"))
    assert lines[place + 2][0] == "Figure"


def test_captions_in_three_line_style_stand_under_figures(files: dict[str, bytes]) -> None:
    lines = [(p.style.name, p.text) for p in opened(files, "zh").paragraphs if p.style]
    assert ("Caption", "表 1\u2003单元格：类型") in lines
    assert lines[lines.index(("Caption Below", "图 1\u2003一条线")) - 1][0] == "Figure"
    assert ("Table Note", "注：各种数字与文字。共两句。") in lines
    assert any(text.startswith("续表 3") for _, text in lines)


@pytest.mark.parametrize(("lang", "table", "figure"), [("en", "Table", "Figure"), ("zh", "表", "图")])
def test_captions_count_and_references_lead_to_them(
    files: dict[str, bytes], lang: Lang, table: str, figure: str
) -> None:
    word = opened(files, lang)
    fields = instructions(word)
    assert fields.count(rf"SEQ {table} \* ARABIC") == 3 and fields.count(rf"SEQ {figure} \* ARABIC") == 2
    names = [mark.get(qn("w:name")) for mark in word.element.iter(qn("w:bookmarkStart"))]
    numbers = [mark.get(qn("w:id")) for mark in word.element.iter(qn("w:bookmarkStart"))]
    assert len(set(names)) == len(names) == len(set(numbers)) and all(len(name or "") <= 40 for name in names)
    aims = [field.split()[1] for field in fields if field.startswith("REF")]
    assert aims == ["_RefTable1", "_RefFigure1"] and set(aims) <= set(names)
    kinds = [mark.get(qn("w:fldCharType")) for mark in word.element.iter(qn("w:fldChar"))]
    assert kinds.count("begin") == kinds.count("separate") == kinds.count("end") == len(fields)


def test_sentences_name_their_sources_before_the_stop(files: dict[str, bytes]) -> None:
    said = [
        p.text
        for lang in LANGUAGES
        for p in opened(files, lang).paragraphs
        if p.style and p.style.name == "Body Text"
    ]
    assert said == [
        "Credit matters (Table 1). The line falls (Figure 1). No source here.",
        "企业信用有“显著”影响（表 1）。直线下降（图 1）。此处没有出处。",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_of_contents_is_filled_and_its_links_lead_to_headings(
    files: dict[str, bytes], lang: Lang
) -> None:
    word = opened(files, lang)
    marked = {}
    for p in word.paragraphs:
        if p.style and p.style.name.startswith("Heading"):
            mark = p._p.find(qn("w:bookmarkStart"))
            assert mark is not None
            marked[mark.get(qn("w:name"))] = p.text
    links = {
        link.get(qn("w:anchor")): "".join(t.text or "" for t in link.iter(qn("w:t")))
        for link in word.element.iter(qn("w:hyperlink"))
    }
    assert links == marked and len(links) == 4
    assert any(field.startswith("TOC") for field in instructions(word))
    assert word.settings.element.find(qn("w:updateFields")) is None


@pytest.mark.parametrize(("lang", "note"), [("en", "Made-up data & more."), ("zh", "虚构数据。")])
def test_the_note_stands_on_the_face_and_over_every_page(
    files: dict[str, bytes], lang: Lang, note: str
) -> None:
    word = opened(files, lang)
    assert word.paragraphs[1].text == note
    assert len(word.sections) == 3
    assert all(section.header.paragraphs[0].text == note for section in word.sections)
    assert all(section.footer.paragraphs[0].text for section in word.sections)


def test_wide_tables_lie_on_their_side_and_nothing_leaves_the_page(files: dict[str, bytes]) -> None:
    for lang in LANGUAGES:
        word = opened(files, lang)
        assert [s.page_width > s.page_height for s in word.sections] == [False, True, False]
        widths = [sum(int(c.get(qn("w:w"))) for c in table._tbl.tblGrid) for table in word.tables]
        upright, lying = ((s.page_width - s.left_margin - s.right_margin) / 635 for s in word.sections[:2])
        # a twip for each rounded column
        assert all(width <= upright + 10 for width in widths[:2])
        assert all(width <= lying + 61 for width in widths[2:])


def test_headings_go_to_the_page_of_the_table_that_follows_them(files: dict[str, bytes]) -> None:
    paragraphs = opened(files, "en").paragraphs
    turns = [
        place for place, p in enumerate(paragraphs) if p._p.pPr is not None and p._p.pPr.sectPr is not None
    ]
    texts = [p.text for p in paragraphs]
    assert turns[0] < texts.index("Second part") < texts.index("Turned") < turns[1]


@pytest.mark.parametrize(("lang", "alt"), [("en", 'A line that "falls" <1>'), ("zh", "下降的线")])
def test_figures_have_descriptions_and_fit_the_page(files: dict[str, bytes], lang: Lang, alt: str) -> None:
    word = opened(files, lang)
    assert [shape._inline.docPr.get("descr") for shape in word.inline_shapes] == [alt, alt]
    assert len({shape._inline.docPr.id for shape in word.inline_shapes}) == 2
    room = word.sections[0].page_width - word.sections[0].left_margin - word.sections[0].right_margin
    assert all(shape.width <= room + 635 for shape in word.inline_shapes)
    assert all(shape.width / shape.height == pytest.approx(2.5, rel=1e-3) for shape in word.inline_shapes)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_fonts_language_and_properties(files: dict[str, bytes], lang: Lang, sample_report: Document) -> None:
    word = opened(files, lang)
    fonts = {
        style.name: style.element.rPr.rFonts.get(qn("w:eastAsia"))
        for style in word.styles
        if style.name in ("Normal", "Heading 1", "Caption", "Title")
    }
    assert fonts == {"Normal": "SimSun", "Heading 1": "SimHei", "Caption": "SimHei", "Title": "SimHei"}
    assert word.core_properties.title == sample_report.title(lang)
    assert word.core_properties.language.startswith(lang)


def test_chinese_quotation_marks_take_the_chinese_face(files: dict[str, bytes]) -> None:
    runs = [run for p in opened(files, "zh").paragraphs for run in p.runs if run.text in "“”" and run.text]
    assert runs
    for run in runs:
        fonts = run._r.rPr.rFonts if run._r.rPr is not None else None
        assert fonts is not None and fonts.get(qn("w:hint")) == "eastAsia"


def test_the_same_document_is_the_same_bytes(files: dict[str, bytes], sample_report: Document) -> None:
    assert render(sample_report, LANGUAGES, CUSTOM) == files
    for content in files.values():
        assert {part.date_time for part in ZipFile(BytesIO(content)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("style", STYLES)
def test_the_file_keeps_to_the_schema(
    lang: Lang, style: Style, tmp_path: Path, sample_report: Document
) -> None:
    audit = pytest.importorskip("openxml_audit", reason="openxml-audit is not installed")
    path = tmp_path / "report.docx"
    path.write_bytes(render(sample_report, [lang], {lang: style})[f"report_{lang}.docx"])
    errors = audit.OpenXmlValidator().validate(path).errors
    assert not errors, [(error.part_uri, error.path, error.description) for error in errors[:5]]


@given(
    st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=8),
    st.sampled_from([".3f", "(.3f)", "d", ".1%", "number"]),
)
def test_points_stand_under_each_other(values: list[float], spec: str) -> None:
    printed = [format_value(round(value) if spec == "d" else value, spec) for value in values]
    place = points(printed)
    room = place.whole + place.rest + 2
    for cell in printed:
        after = place.indent(cell, room)
        # the point's distance from the right edge is the indent and what stands after the point
        tail = points([cell]).rest
        assert after + tail == pytest.approx(place.rest + 1)
        assert after >= 1 - 1e-9


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6),
    st.sampled_from([".3f", "(.3f)", "number"]),
    st.floats(0.0, 3.0),
)
def test_no_number_is_wider_than_its_column(values: list[float], spec: str, less: float) -> None:
    printed = [format_value(value, spec) for value in values]
    place = points(printed)
    widths = [points([cell]).whole + points([cell]).rest for cell in printed]
    room = max(max(widths) + 0.15, place.whole + place.rest - less)
    assert all(place.indent(cell, room) + width <= room for cell, width in zip(printed, widths, strict=True))


def test_a_number_block_wider_than_its_column_ends_where_the_column_ends() -> None:
    assert points(["1.5", "1000"]).indent("1.5", 1.0) == 0.0


def test_a_study_from_start_to_file(study_folder: Path) -> None:
    report = study_document(sc.run(sc.read_study(study_folder)))
    for lang, content in zip(LANGUAGES, render(report, LANGUAGES, CUSTOM).values(), strict=True):
        written = [cells(table) for table in docx.Document(BytesIO(content)).tables]
        for table in report.tables:
            headings, rows = table.text(lang)
            for panel in set_table(table, lang).layout.panels:
                assert written.pop(0) == [[row[c] for c in panel.columns] for row in [headings, *rows]]


@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs pdftotext")
def test_libreoffice_lays_it_out(files: dict[str, bytes], tmp_path: Path, sample_report: Document) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    sources = [str(tmp_path / name) for name in files]
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), *sources]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    for lang, words in (
        ("en", ["A demonstration", "Table 3", "Inner & more"]),
        ("zh", ["示例报告", "表 3", "小节"]),
    ):
        pages = pages_of(tmp_path / f"report_{lang}.pdf")
        for word in words:
            assert any(re.sub(r"\s", "", word) in re.sub(r"\s", "", page) for page in pages)
        note = re.sub(r"\s", "", sample_report.note(lang))
        assert all(note in re.sub(r"\s", "", page) for page in pages)
        # the long table's header stands on each of its pages
        label = {"en": "Mean", "zh": "均值"}[lang]
        item = {"en": r"Question number \d", "zh": r"第\s*\d+\s*题"}[lang]
        long = [page for page in pages if re.search(item, page)]
        assert len(long) > 1 and all(label in page for page in long)


def pages_of(path: Path) -> list[str]:
    """The text of each page."""
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True)
    return done.stdout.decode().split("\f")[:-1]
