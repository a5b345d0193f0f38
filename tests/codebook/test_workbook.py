"""Codebooks come back from workbooks and CSVs exactly as they went, and nothing in them runs."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socialcap.codebook import (
    Codebook,
    Item,
    ItemType,
    MissingKind,
    Option,
    Role,
    ValueList,
    read_codebook,
    tidy,
    write_codebook,
)
from socialcap.codebook.checks import code_key
from socialcap.codebook.missing_codes import format_missing, parse_missing
from socialcap.codebook.ranges import code_text
from socialcap.codebook.workbook import VARIABLE_COLUMNS
from socialcap.errors import CodebookError, OutputError, Problem, UnreadableError, UsageError
from socialcap.results import Text

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["=1+1", "+x", "-a", "@SUM(A1)", "'=x", "''-y", "'", "-3", "+4", "＝1", "_x0041_", "a,b;c", 'a"b']
    ),
    st.tuples(st.sampled_from("=+-@'＝"), st.text(max_size=8)).map("".join),
    st.sampled_from(["12、您的学历", "第一行\n第二行", "01", "1.0", "TRUE", "2026-01-02", "1e5", " 1"]),
).map(tidy)
codes = texts.map(code_text).filter(bool)
labels = st.builds(Text, texts, texts)
kinds = st.sampled_from(MissingKind)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-99, 99).map(float)


@st.composite
def codebooks(draw: st.DrawFn) -> Codebook:
    """Codebooks that make no mistake: every text may be anything, what must fit together does."""
    lists = {}
    for name in draw(st.lists(texts.filter(bool), max_size=3, unique=True)):
        chosen = draw(st.lists(codes, min_size=1, max_size=4, unique_by=code_key))
        lists[name] = ValueList(name, tuple(Option(code, Text(), draw(st.none() | kinds)) for code in chosen))
    names = draw(
        st.lists(st.from_regex(r"[a-z企业]{1,6}_v", fullmatch=True), min_size=1, max_size=5, unique=True)
    )
    return Codebook(tuple(draw(items(name, tuple(lists))) for name in names), lists)


@st.composite
def items(draw: st.DrawFn, name: str, lists: tuple[str, ...]) -> Item:
    kind = draw(st.sampled_from([ItemType.TEXT, ItemType.NUMBER, ItemType.NOMINAL, ItemType.YEAR]))
    low, high = draw(st.none() | numbers), draw(numbers)
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Item(
        name,
        source=draw(texts),
        label=draw(labels),
        type=kind,
        values=draw(st.sampled_from(["", *lists])) if kind is ItemType.NOMINAL else "",
        minimum=low if kind.numeric else None,
        maximum=high if kind.numeric else None,
        reverse=kind.numeric and low is not None and high is not None and draw(st.booleans()),
        scale=draw(texts),
        missing=draw(st.dictionaries(codes.map(lambda c: "m" + c), kinds, max_size=4)),
        role=draw(st.sampled_from([Role.NONE, Role.ITEM, Role.CONTROL, Role.PII])),
        pii=draw(st.booleans()),
        confirm=tuple(draw(st.lists(st.sampled_from(VARIABLE_COLUMNS), max_size=3, unique=True))),
    )


def same(book: Codebook, other: Codebook) -> bool:
    return book.items == other.items and dict(book.value_lists) == dict(other.value_lists)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(book=codebooks(), form=st.sampled_from(["book.xlsx", "folder", "my_variables.csv"]))
def test_round_trip_is_exact_and_deterministic(book: Codebook, form: str, tmp_path: Path) -> None:
    path = tmp_path / form
    write_codebook(book, path)
    first = [p.read_bytes() for p in sorted(tmp_path.rglob("*")) if p.is_file()]
    back = read_codebook(path)
    assert same(back, book)
    assert back.origin
    write_codebook(back, path)
    assert first == [p.read_bytes() for p in sorted(tmp_path.rglob("*")) if p.is_file()]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(codes, kinds, max_size=6))
def test_missing_notation_round_trip(missing: dict[str, MissingKind]) -> None:
    back = parse_missing(format_missing(missing))
    assert back == missing
    assert list(back) == list(missing)


R, S, B = MissingKind.REFUSED, MissingKind.SKIPPED, MissingKind.BLANK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("99", {"99": R}),
        ("99=refused; 98=skipped", {"99": R, "98": S}),
        ("99＝refused；98＝skipped", {"99": R, "98": S}),
        ("９９, 98", {"99": R, "98": R}),
        ("97..99=blank", {"97": B, "98": B, "99": B}),
        ("-3..-2, 0=Skipped", {"-3": S, "-2": S, "0": S}),
        ('"a;b=c"=left blank; don\'t know', {"a;b=c": B, "don't know": R}),
        ("no, thanks=refused", {"no, thanks": R}),
        ("99=空白", {"99": B}),
        ("", {}),
    ],
)
def test_missing_notation(text: str, expected: dict[str, MissingKind]) -> None:
    assert parse_missing(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("99=refussed", "did you mean 'refused'"),
        ("99=1=2", "unknown kind"),
        ("9..1", "backwards"),
        ("1..5000", "more than 1000"),
        ("99; 99=blank", "declared twice"),
        ("=blank", "without a code"),
    ],
)
def test_missing_notation_mistakes(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_missing(text)


def write_cells(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        page = book.add_worksheet(name)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    book.close()
    return path


def test_tolerates_what_people_type(tmp_path: Path) -> None:
    path = write_cells(
        tmp_path / "book.xlsx",
        {
            "notes": [["anything"]],
            "Variables ": [
                ["Label EN", " Name", "TYPE", "values", "Min", "max", "reverse", "missing", "role", "pii"],
                ["  How easy?\u200b ", "ｑ１", " Ordinal", "", "１", 5.0, True, 99, "Outcome", "no"],
                [],
                ["", "q2", "nominal", "yn", "", "", "", "", "start time", "是"],
            ],
            "VALUES": [["code", "list", "label-zh"], [1, "yn", "是"], ["０", "yn", "否"], ["01", "yn", ""]],
        },
    )
    with pytest.raises(CodebookError) as caught:
        read_codebook(path)  # 1 and 01 are one code
    assert [(p.where, p.row, p.column) for p in caught.value.problems] == [("VALUES", 4, "code")]
    path = write_cells(
        tmp_path / "book.xlsx",
        {
            "Variables ": [
                ["Label EN", " Name", "TYPE", "values", "Min", "max", "reverse", "missing", "role", "pii"],
                ["  How easy?\u200b ", "ｑ１", " Ordinal", "", "１", 5.0, True, 99, "Outcome", "no"],
                [],
                ["", "q2", "nominal", "yn", "", "", "", "", "start time", "是"],
            ],
            "VALUES": [["code", "list", "label-zh"], [1, "yn", "是"], ["０", "yn", "否"]],
        },
    )
    book = read_codebook(path)
    assert book["q1"] == Item(
        "q1",
        label=Text("How easy?"),
        type=ItemType.ORDINAL,
        minimum=1,
        maximum=5,
        reverse=True,
        missing={"99": R},
        role=Role.OUTCOME,
    )
    assert book["q2"].role is Role.START_TIME
    assert book["q2"].pii
    assert book.value_lists["yn"].codes == ("1", "0")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_of_any_usual_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = [["name", "label_zh", "type"], ["q1", "企业，成立年份", "year"]]
    text = "\r\n".join(separator.join(row) for row in rows)
    (tmp_path / "variables.csv").write_bytes(text.encode(encoding))
    assert read_codebook(tmp_path).items == (
        Item("q1", label=Text("", "企业，成立年份"), type=ItemType.YEAR),
    )
    assert read_codebook(tmp_path / "variables.csv").items == read_codebook(tmp_path).items


def test_formulas_are_text_in_the_files(tmp_path: Path) -> None:
    nasty = "=cmd|' /C calc'!A0"
    book = Codebook((Item("q1", source=nasty, label=Text("@x", "-2+3"), type=ItemType.NUMBER, minimum=-5),))
    write_codebook(book, tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["variables"]
    assert sheet["B2"].data_type == "s"
    assert sheet["B2"].value == nasty
    assert sheet["B2"].quotePrefix
    assert sheet["G2"].value == -5
    with zipfile.ZipFile(tmp_path / "book.xlsx") as parts:
        assert all(b"<f>" not in parts.read(n) for n in parts.namelist() if n.startswith("xl/worksheets"))
    write_codebook(book, tmp_path / "folder")
    with (tmp_path / "folder" / "variables.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.reader(file))[1]
    assert cells[1:4] == ["'" + nasty, "'@x", "'-2+3"]
    assert cells[6] == "-5"
    assert same(read_codebook(tmp_path / "folder"), book)
    assert same(read_codebook(tmp_path / "book.xlsx"), book)


def problems_of(path: Path) -> list[Problem]:
    with pytest.raises(CodebookError) as caught:
        read_codebook(path)
    assert caught.value.exit_code == 3
    return list(caught.value.problems)


def test_every_mistake_of_the_cells_at_once(tmp_path: Path) -> None:
    path = write_cells(
        tmp_path / "book.xlsx",
        {
            "variables": [
                [
                    "name",
                    "type",
                    "min",
                    "reverse",
                    "role",
                    "missing",
                    "pii",
                    "confirm",
                    "lable_en",
                    "colour",
                    "type",
                ],
                ["q1", "ordnal", "one", "maybe", "outcom", "9=gone", "2", "typ"],
                ["", "text"],
                ["q3", ""],
            ],
            "values": [["list", "code", "missing"], ["a", 1, "refusd"], ["a", ""], ["", 2]],
        },
    )
    found = problems_of(path)
    places = {(p.where, p.row, p.column) for p in found if p.severity == "error"}
    assert {
        ("variables", 2, c) for c in ("type", "min", "reverse", "role", "missing", "pii", "confirm")
    } <= places
    assert {("variables", 1, c) for c in ("lable_en", "colour", "type")} <= places
    assert {("variables", 3, "name"), ("variables", 4, "type")} <= places
    assert {("values", 2, "missing"), ("values", 3, "code"), ("values", 4, "list")} <= places
    words = "\n".join(map(str, found))
    for hint in ("'ordinal'", "'outcome'", "'label_en'", "'type'", "'refused'"):
        assert f"did you mean {hint}?" in words


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        ({"Sheet1": [["name", "type"]]}, "no sheet 'variables'"),
        ({"variables": []}, "the sheet is empty"),
        ({"variables": [["name", "type"]]}, "names no variables"),
        ({"variables": [["My codebook"], [], ["name", "type"], ["q1", "text"]]}, "header stands in row 3"),
        ({"variables": [["a", "b"], ["q1", "text"]]}, "no header"),
        ({"variables": [["name", "label_en"], ["q1", "text"]]}, "'type' is missing"),
        ({"variables": [["name", "type", ""], ["q1", "text", "x"]]}, "column 3 has no header"),
    ],
)
def test_sheets_that_are_no_codebook(
    tmp_path: Path, sheets: dict[str, list[list[object]]], expected: str
) -> None:
    found = problems_of(write_cells(tmp_path / "book.xlsx", sheets))
    assert any(expected in problem.message for problem in found)


def test_merged_cells_are_named(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "book.xlsx"))
    page = book.add_worksheet("variables")
    page.write_row(0, 0, ["name", "type"])
    page.merge_range("C1:D1", "scale")
    page.write_row(1, 0, ["q1", "text", "a", "b"])
    book.close()
    found = problems_of(tmp_path / "book.xlsx")
    assert any("C1:D1" in problem.message for problem in found)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html><table><tr><td>name</td></tr></table>", "HTML"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "XML"),
        (b"name,type\nq1,text\n", "not in a workbook's format"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "password",
        ),
        (b"", "empty"),
    ],
)
def test_files_that_are_no_workbook(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=expected):
        read_codebook(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b'name,type\nq1,"tex', "quotation marks"), (b"\x00\xff\xfe\x81", "no text"), (b" \n", "is empty")],
)
def test_csvs_that_cannot_be_read(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "variables.csv").write_bytes(content)
    with pytest.raises(UnreadableError, match=expected):
        read_codebook(tmp_path)


def test_rows_longer_than_the_header(tmp_path: Path) -> None:
    (tmp_path / "variables.csv").write_text("name,type\nq1,text,\nq2,text,x\n")
    found = problems_of(tmp_path)
    assert [(p.message, p.row) for p in found] == [("the row has more cells than the header", 3)]


def test_paths_that_are_no_codebook(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="there is no file"):
        read_codebook(tmp_path / "absent.xlsx")
    with pytest.raises(UnreadableError, match=r"holds no variables\.csv"):
        read_codebook(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageError, match="is no codebook"):
        read_codebook(tmp_path / "notes.txt")


def test_writing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    book = Codebook((Item("q1", type=ItemType.TEXT, label=Text("x" * 40_000)),))
    with pytest.raises(OutputError, match="characters"):
        write_codebook(book, tmp_path / "book.xlsx")
    with pytest.raises(UsageError):
        write_codebook(book, tmp_path / "book.pdf")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be made"):
        write_codebook(book, tmp_path / "file" / "variables.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_spellings_of_one_answer_share_a_cell(tmp_path: Path) -> None:
    (tmp_path / "variables.csv").write_text("name,type,values\nq,ordinal,agree\n", encoding="utf-8")
    lines = ["list,code,label_en,label_zh", "agree,1,No,不同意", "agree,2,Yes | Agreed,同意 | 同意。 |  赞成"]
    (tmp_path / "values.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    book = read_codebook(tmp_path)
    others = (Text("Agreed"), Text("", "同意。"), Text("", "赞成"))
    assert book.options(book["q"]) == (
        Option("1", Text("No", "不同意")),
        Option("2", Text("Yes", "同意"), None, others),
    )
    write_codebook(book, tmp_path / "again.xlsx")
    assert read_codebook(tmp_path / "again.xlsx").value_lists == book.value_lists
