"""The HTML report: one file, both languages, every number of it in results.json, the note on its face."""

import json
import math
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

import socialcap as sc
from socialcap.report import CUSTOM, html, report_files, study_document
from socialcap.report.document import Document, Paragraph, Section, Sentence
from socialcap.report.html_tables import look
from socialcap.report.html_values import sortable
from socialcap.results import Column, Formatted, StudyResult, Table, Text, format_value
from socialcap.study import run_files


@pytest.fixture
def result(study_folder: Path) -> StudyResult:
    return sc.run(sc.read_study(study_folder))


class Page(HTMLParser):
    """Tables by id as lists of rows of cells; addresses; images' descriptions."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.addresses: list[str] = []
        self.alts: list[str] = []
        self._row: list[str] | None = None
        self._table = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "div" and "data-table" in values:
            self._table = values["id"] or ""
            self.tables[self._table] = []
        elif tag == "tr":
            self._row = []
            self.tables[self._table].append(self._row)
        elif tag in ("td", "th") and self._row is not None:
            self._row.append("")
        elif tag == "img":
            self.alts.append(values.get("alt") or "")
        for name in ("src", "href"):
            if name in values:
                self.addresses.append(values[name] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr":
            self._row = None

    def handle_data(self, data: str) -> None:
        if self._row:
            self._row[-1] += data


def test_every_cell_is_the_tables_value_in_both_languages(result: StudyResult) -> None:
    page = Page(report_files(result)["report.html"].decode())
    for table in result.tables():
        for lang in ("en", "zh"):
            headings, rows = table.text(lang)
            assert page.tables[f"{table.key}-{lang}"] == [headings, *rows]


def test_every_number_stands_unrounded_in_the_results(result: StudyResult) -> None:
    data = json.loads(run_files(result)["results.json"])["tables"]
    for table in result.tables():
        stored = data[table.key]["rows"]
        for r, row in enumerate(table.rows):
            for c, value in enumerate(row):
                if isinstance(value, float) and stored[r][c] is not None:
                    spec = table.columns[c].format
                    assert format_value(stored[r][c], spec) == format_value(value, spec)


def test_the_page_needs_nothing_from_outside_and_says_what_it_is(result: StudyResult) -> None:
    text = report_files(result)["report.html"].decode()
    page = Page(text)
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert not re.search(r"https?://(?!www\.w3\.org)", text)
    # on the face and at the foot; figures carry it in their drawing
    assert text.count(">Made-up data.<") == 2 and text.count(">虚构数据。<") == 2
    assert len(page.alts) == 2 * len(study_document(result).figures) > 2 and all(page.alts)


def test_the_policy_names_the_pages_own_styles_and_script_and_nothing_else(result: StudyResult) -> None:
    text = report_files(result)["report.html"].decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.split(maxsplit=1) for rule in unescape(policy[1]).split("; "))

    bare = re.sub(r'src="data:[^"]*"', "", text)

    def hashes(tag: str) -> set[str]:
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", bare, re.DOTALL)
        return {f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'" for part in found}

    assert rules["default-src"] == "'none'" and rules["img-src"] == "data:"
    assert set(rules["style-src"].split()) == hashes("style") and len(hashes("style")) == 2
    assert set(rules["script-src"].split()) == hashes("script") and len(hashes("script")) == 1
    assert not re.search(r"<[^>]+ (style|on[a-z]+)=", bare.split("<body>")[1].split("<script")[0])


def test_numbers_for_sorting_and_copying_are_unrounded_and_stand_once(result: StudyResult) -> None:
    text = report_files(result)["report.html"].decode()
    known = json.loads(re.findall(r'<script type="application/json" id="known">(.*?)</script>', text)[0])
    for table in result.tables():
        for column, numbers in known["tables"][table.key]["numbers"].items():
            for row, number in zip(table.rows, numbers, strict=True):
                value = getattr(row[int(column)], "value", row[int(column)])
                if isinstance(value, int | float) and math.isfinite(value):
                    assert number == value
                else:
                    assert number in (None, "")


def test_references_stand_once_after_the_sentences_of_one_source() -> None:
    table = Table("t", Text("T", "题"), (Column("a", Text("A", "甲")),), ((1.0,),))
    said = [("One.", "一。", "t"), ("Two & more.", "二。", "t"), ("Three.", "三。", "")]
    paragraph = Paragraph(tuple(Sentence(Text(en, zh), key) for en, zh, key in said))
    document = Document("d", Text("D", "文"), Text(), (Section("s", Text("S", "节"), (paragraph, table)),))
    text = html.render(document, ["en", "zh"], CUSTOM)["report.html"].decode()
    assert '<p>One. Two &amp; more (<a href="#t-en">Table 1</a>). Three.</p>' in text
    assert '<p>一。二（<a href="#t-zh">表 1</a>）。三。</p>' in text


def test_one_language_stands_alone(result: StudyResult) -> None:
    files = report_files(result, languages=["zh"])
    text = files["report.html"].decode()
    assert "data-show" not in text.split("<script>")[0] and 'lang="en"' not in text
    figures = [name for name in files if name.startswith("figures/")]
    assert figures and all(name.endswith("_zh.svg") for name in figures)


COLUMN = Column("x", Text("X", "X"))
LABEL = Column("label", Text("Label", "标签"), align="left")


@pytest.mark.parametrize(
    ("why", "rows", "columns"),
    [
        ("plain", [("a", 1.0), ("b", 2.0), ("c", float("nan"))], [0, 1]),
        ("errors under coefficients", [("a", 1.0), ("", 0.1), ("b", 2.0), ("", 0.2), ("c", 1.0)], [0, 1]),
        ("reference level", [("a", 1.0), ("b", Text("reference", "参照组")), ("c", None)], [0, 1]),
        ("statistics of different kinds", [("a", 1.0), ("b", Formatted(2, "d")), ("c", 3.0)], []),
        ("a label for several rows", [("a", "x"), ("", "y"), ("b", "z"), ("c", "x")], []),
        ("next to nothing", [("a", 1.0), ("b", 2.0)], []),
        ("no rows", [], []),
    ],
)
def test_what_may_be_sorted(why: str, rows: list[tuple[object, ...]], columns: list[int]) -> None:
    assert sortable(Table("t", Text(why), (LABEL, COLUMN), tuple(rows))) == columns


def test_every_size_of_print_has_its_rule() -> None:
    rules = (Path(html.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    sizes = set()
    for count in range(1, 60):
        columns = (LABEL, *(Column(f"x{i}", Text(f"Column {i}")) for i in range(count)))
        table = Table("t", Text("T"), columns, (("a label", *[-0.123] * count),))
        sizes |= {name for name in look(table, *table.text()).split() if name.startswith("print-")}
    assert len(sizes) > 3
    assert [size for size in sizes if f".{size} table" not in rules] == []


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("others", [0, 2])
def test_a_matrix_is_not_sorted(first: int, others: int) -> None:
    """With and without its diagonal, with and without columns of means before it."""
    rows = tuple(
        (f"{i + 1} item", *[0.5] * others, *(0.1 * j if j < i + first else None for j in range(6)))
        for i in range(6)
    )
    columns = (LABEL, *(Column(f"x{j}", Text(str(j))) for j in range(6 + others)))
    assert sortable(Table("t", Text("Correlations"), columns, rows)) == []


def test_figures_are_the_same_bytes_every_time(result: StudyResult) -> None:
    assert report_files(result) == report_files(result)


def test_what_a_respondent_wrote_is_never_markup(study_folder: Path) -> None:
    export = study_folder / "export.csv"
    lines = export.read_text(encoding="utf-8").splitlines()
    lines[0] = lines[0].replace("extra", "<script>alert(1)</script>")
    export.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = report_files(sc.run(sc.read_study(study_folder)))["report.html"].decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
