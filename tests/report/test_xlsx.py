"""The workbook: cells keep the unrounded numbers, and their formats show what the report prints."""

import csv
import re
import shutil
import subprocess
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

import socialcap as sc
from socialcap.report import CUSTOM, study_document
from socialcap.report.document import Document, Section
from socialcap.report.sheet_formats import MOST_FORMATS, padded, sheet_number
from socialcap.report.xlsx import render
from socialcap.results import LANGUAGES, Column, Formatted, Lang, Starred, Table, Text, format_value

# openpyxl knows no ampersand in the text over a page; spreadsheets do
pytestmark = pytest.mark.filterwarnings("ignore:Cannot parse header or footer:UserWarning")

SHEET_DIGITS = 15
"""Significant digits that a spreadsheet rounds from."""
_TOKEN = re.compile(r'"(?P<words>[^"]*)"|_(?P<room>.)|(?P<digits>[#,0.]+)(?P<power>E\+00)?|(?P<percent>%)')


def shown(value: float, number_format: str) -> str:
    """What a spreadsheet shows, for the sections, conditions, literals and digits that the report uses."""
    if number_format == "General":
        return f"{value:.10g}"
    sections = number_format.split(";")
    condition = re.match(r"\[<([\d.]+)\]", sections[0])
    if condition:
        section = sections[0][condition.end() :] if value < float(condition[1]) else sections[1]
    elif value < 0:
        section = sections[1]
    else:
        section = sections[2] if value == 0 and len(sections) > 2 else sections[0]
    return "".join(
        _part(token, value, "%" in re.sub(r'"[^"]*"', "", section)) for token in _TOKEN.finditer(section)
    )


def _part(token: re.Match[str], value: float, percent: bool) -> str:
    if token["digits"] is None:
        return "" if token["room"] else (token["words"] or token["percent"] or "")
    whole, _, decimals = token["digits"].partition(".")
    if token["power"]:
        return f"{abs(value):.{len(decimals)}E}"
    number = abs(Decimal(f"{value:.{SHEET_DIGITS}g}")) * (100 if percent else 1)
    rounded = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    return text.removeprefix("0") if not whole else text


@pytest.fixture(scope="module")
def files(sample_report: Document) -> dict[str, bytes]:
    return render(sample_report, LANGUAGES, CUSTOM)


def sheets(content: bytes) -> list[Worksheet]:
    """The sheets of the tables."""
    return openpyxl.load_workbook(BytesIO(content)).worksheets[1:]


def header_row(sheet: Worksheet) -> int:
    """The row, from 1, under which the sheet is frozen."""
    assert sheet.freeze_panes is not None
    return int(re.sub(r"\D", "", sheet.freeze_panes)) - 1


def number_of(value: Any) -> float | None:
    """The finite number in a table's cell."""
    value = value.value if isinstance(value, (Starred, Formatted)) else value
    finite = isinstance(value, (int, float)) and abs(value) < float("inf")
    return value if finite else None


def check(table: Table, sheet: Worksheet, lang: Lang) -> None:
    """Every cell of the table is its unrounded number, shown as printed, or its words."""
    top = header_row(sheet)
    assert [sheet.cell(top, c + 1).value for c in range(len(table.columns))] == table.text(lang)[0]
    for r, row in enumerate(table.rows):
        for c, value in enumerate(row):
            cell, printed = sheet.cell(top + 1 + r, c + 1), table.cell(r, c, lang)
            number = number_of(value)
            if number is None:
                assert cell.data_type in ("s", "n") and (cell.value or "") == openpyxl_text(printed)
            else:
                assert cell.data_type == "n" and cell.value == number
                assert shown(cell.value, cell.number_format) == as_sheets_write(printed)
            assert bool(cell.font.b) == ((r, c) in table.emphasis)


def openpyxl_text(text: str) -> str:
    """Control characters as the file's escape spells them; openpyxl leaves it as it stands."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda found: f"_x{ord(found[0]):04X}_", text)


def as_sheets_write(printed: str) -> str:
    """A power of ten in a spreadsheet's letters: 2.6E-06."""
    return re.sub(r"e([+−])(\d+)", lambda power: f"E{power[1].replace('−', '-')}{power[2]}", printed)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_cells_are_unrounded_numbers_shown_as_printed(
    files: dict[str, bytes], sample_report: Document, lang: Lang
) -> None:
    for table, sheet in zip(sample_report.tables, sheets(files[f"report_{lang}.xlsx"]), strict=True):
        check(table, sheet, lang)


def test_a_study_from_start_to_file(study_folder: Path) -> None:
    report = study_document(sc.run(sc.read_study(study_folder)))
    made = render(report, LANGUAGES, CUSTOM)
    for lang in LANGUAGES:
        for table, sheet in zip(report.tables, sheets(made[f"report_{lang}.xlsx"]), strict=True):
            check(table, sheet, lang)


@pytest.mark.parametrize(
    ("cell", "spec", "number_format"),
    [
        (0.1234, ".3f", '0.000;"−"0.000'),
        (-0.0001, ".3f", "0.000;0.000"),
        (Starred(-0.5, 0.0001), ".2f", '0.00"***";"−"0.00"***"'),
        (Formatted(-0.045, "(.3f)"), ".3f", '"("0.000")";"(−"0.000")"'),
        (0.125, ".1%", '0.0%;"−"0.0%'),
        (12345, "number", '#,##0;"−"#,##0'),
        (0.2, "p", '[<0.001]"< .001";.000'),
        (2.6e-06, ".1e", '0.0E+00;"−"0.0E+00'),
    ],
)
def test_formats_follow_the_printed_number(cell: Any, spec: str, number_format: str) -> None:
    number = sheet_number(cell, spec)
    assert number is not None and number.format == number_format and number.exact


@pytest.mark.parametrize(
    "cell", [None, "", "12", Text("a", "b"), float("nan"), float("inf"), Starred(float("nan"), 0.1)]
)
def test_words_and_missing_numbers_are_no_numbers(cell: Any) -> None:
    assert sheet_number(cell, ".3f") is None


@given(
    st.one_of(st.floats(-1e6, 1e6), st.integers(-4000, 4000).map(lambda n: n / 400), st.integers(-999, 999)),
    st.sampled_from([".3f", ".2f", ".1f", ".0f", ",.0f", "d", ".1%", "number", "(.3f)", ".6f"]),
    st.integers(0, 3),
)
def test_every_number_is_shown_as_printed(value: float, spec: str, pad: int) -> None:
    value = round(value) if spec == "d" else value
    number = sheet_number(value, spec)
    assert number is not None
    pattern = number.format if number.exact else number.literal
    assert shown(value, padded(pattern, pad)) == format_value(value, spec)


@given(st.one_of(st.floats(0, 1), st.integers(0, 2000).map(lambda n: n / 2000)))
def test_every_p_value_is_shown_as_printed(value: float) -> None:
    number = sheet_number(value, "p")
    assert number is not None
    pattern = number.format if number.exact else number.literal
    assert shown(value, pattern) == format_value(value, "p")


def test_words_that_look_like_formulas_stay_words(files: dict[str, bytes]) -> None:
    sheet = sheets(files["report_en.xlsx"])[0]
    risky = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in risky] == ["s"]
    assert all(cell.quotePrefix for cell in risky)
    assert b"<f>" not in ZipFile(BytesIO(files["report_en.xlsx"])).read("xl/worksheets/sheet2.xml")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_contents_lead_to_every_sheet_and_back(
    files: dict[str, bytes], sample_report: Document, lang: Lang
) -> None:
    book = openpyxl.load_workbook(BytesIO(files[f"report_{lang}.xlsx"]))
    contents, *tables = book.worksheets
    links = [cell for row in contents.iter_rows() for cell in row if cell.hyperlink]
    assert [cell.hyperlink.location for cell in links] == [f"'{sheet.title}'!A1" for sheet in tables]
    names = [cell.value for cell in links]
    assert names == [f"{'表' if lang == 'zh' else 'Table'} {n}" for n in (1, 2, 3)]
    for sheet in tables:
        back = [cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink]
        assert back == [f"'{contents.title}'!A1"]
    titles = [contents.cell(cell.row, 2).value for cell in links]
    assert titles == [table.title(lang) for table in sample_report.tables]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sheet_carries_the_note_and_the_tables_notes(
    files: dict[str, bytes], sample_report: Document, lang: Lang
) -> None:
    book = openpyxl.load_workbook(BytesIO(files[f"report_{lang}.xlsx"]))
    for sheet in book.worksheets:
        said = [cell.value for row in sheet.iter_rows() for cell in row]
        assert sample_report.note(lang) in said
    archive = ZipFile(BytesIO(files[f"report_{lang}.xlsx"]))
    header = "&amp;C" + sample_report.note(lang).replace("&", "&amp;&amp;")
    for number in range(1, 5):
        page = archive.read(f"xl/worksheets/sheet{number}.xml").decode()
        assert f"<oddHeader>{header}</oddHeader>" in page
    words = [str(cell.value) for row in book.worksheets[1].iter_rows() for cell in row]
    for note in sample_report.tables[0].notes:
        assert any(word.endswith(note(lang)) for word in words)


def test_sheet_names_are_valid_and_all_different() -> None:
    long = "History of [all] the firms: in/out? *every* 'one' of them\\" * 2
    columns = (Column("a", Text("A", "甲")),)
    tables = tuple(Table(f"t{i}", Text(long, "很长的" * 20), columns, ((1.0,),)) for i in range(12))
    report = Document("d", Text("T", "题"), Text(), (Section("s", Text("S", "节"), tables),))
    for content in render(report, LANGUAGES, CUSTOM).values():
        names = openpyxl.load_workbook(BytesIO(content)).sheetnames
        assert len({name.casefold() for name in names}) == 13
        for name in names:
            assert 0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'")


def test_a_workbook_has_no_more_formats_than_it_may() -> None:
    columns = (Column("a", Text("A", "甲"), ".2f"),)
    # halves at the third decimal: about every second is one that format_value and spreadsheets round apart
    rows = tuple(((2 * n + 1) / 200,) for n in range(1000))
    table = Table("t", Text("T", "题"), columns, rows)
    report = Document("d", Text("T", "题"), Text(), (Section("s", Text("S", "节"), (table,)),))
    styles = ZipFile(BytesIO(render(report, ["en"], CUSTOM)["report_en.xlsx"])).read("xl/styles.xml")
    assert MOST_FORMATS <= styles.count(b"<numFmt ") <= MOST_FORMATS + 10


def test_the_same_document_is_the_same_bytes(files: dict[str, bytes], sample_report: Document) -> None:
    assert render(sample_report, LANGUAGES, CUSTOM) == files
    for content in files.values():
        archive = ZipFile(BytesIO(content))
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"1980-01-01T00:00:00Z" in archive.read("docProps/core.xml")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_file_keeps_to_the_schema(files: dict[str, bytes], lang: Lang, tmp_path: Path) -> None:
    audit = pytest.importorskip("openxml_audit", reason="openxml-audit is not installed")
    path = tmp_path / "report.xlsx"
    path.write_bytes(files[f"report_{lang}.xlsx"])
    errors = audit.OpenXmlValidator().validate(path).errors
    assert not errors, [(error.part_uri, error.path, error.description) for error in errors[:5]]


@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_libreoffice_shows_what_the_report_prints(
    files: dict[str, bytes], sample_report: Document, lang: Lang, tmp_path: Path
) -> None:
    path = tmp_path / "report.xlsx"
    path.write_bytes(files[f"report_{lang}.xlsx"])
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    # commas, UTF-8, cells as they are shown, every sheet to a file of its own
    target = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,true,false,false,-1"
    command = ["soffice", profile, "--headless", "--convert-to", target, "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    for table, sheet in zip(sample_report.tables, sheets(path.read_bytes()), strict=True):
        with (tmp_path / f"report-{sheet.title}.csv").open(encoding="utf-8", newline="") as source:
            lines = list(csv.reader(source))
        first = header_row(sheet)
        for r in range(len(table.rows)):
            for c in range(len(table.columns)):
                printed = as_sheets_write(table.cell(r, c, lang)).replace("\x0b", "")
                seen = lines[first + r][c].replace("\x0b", "")
                assert seen.strip() == printed.strip(), (table.key, r, c)
