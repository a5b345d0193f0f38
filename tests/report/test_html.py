"""The HTML report: one file, both languages, every number of it in results.json, the note on its face."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import socialcap as sc
from socialcap.report import report_files
from socialcap.results import StudyResult, format_value
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
        if tag == "table":
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
    assert "default-src 'none'" in text
    assert text.count("Made-up data.") == 2 and text.count("虚构数据。") == 2
    assert len(page.alts) == 4 and all(page.alts)


def test_one_language_stands_alone(result: StudyResult) -> None:
    files = report_files(result, languages=["zh"])
    text = files["report.html"].decode()
    assert "data-set-lang" not in text.split("<script>")[0] and "lang-en" not in text
    assert sorted(name for name in files if name.startswith("figures/")) == [
        "figures/loading_map_zh.svg",
        "figures/scree_zh.svg",
    ]


def test_figures_are_the_same_bytes_every_time(result: StudyResult) -> None:
    assert report_files(result) == report_files(result)


def test_what_a_respondent_wrote_is_never_markup(study_folder: Path) -> None:
    export = study_folder / "export.csv"
    lines = export.read_text(encoding="utf-8").splitlines()
    lines[0] = lines[0].replace("extra", "<script>alert(1)</script>")
    export.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = report_files(sc.run(sc.read_study(study_folder)))["report.html"].decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
