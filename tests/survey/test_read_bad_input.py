"""Bad files: every fault named at once in the user's terms, with exit code 3 and no library's traceback."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from socialcap.errors import Problem, SocialcapError, UnreadableError, UsageError
from socialcap.survey.read import read_raw

Writer = Callable[..., Path]
Compound = Callable[..., bytes]


def faults(*paths: Path, **options: str) -> tuple[Problem, ...]:
    """The problems that reading the files ends with."""
    with pytest.raises(UnreadableError) as error:
        read_raw(list(paths), **options)
    assert error.value.exit_code == 3
    assert error.value.problems
    assert error.value.__cause__ is None and (error.value.__suppress_context__ or not error.value.__context__)
    return error.value.problems


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert "no bytes" in faults(tmp_path / "a.csv")[0].message
    (tmp_path / "b.csv").write_bytes(b"\xef\xbb\xbf \r\n\r\n")
    assert "no text" in faults(tmp_path / "b.csv")[0].message
    (tmp_path / "c.csv").write_bytes(b",,,\n,,,\n")
    assert "no cell" in faults(tmp_path / "c.csv")[0].message


def test_empty_workbook(xlsx_file: Writer) -> None:
    assert "no sheet has a cell" in faults(xlsx_file("a.xlsx", []))[0].message


def test_header_only(csv_file: Writer, xlsx_file: Writer) -> None:
    assert "no responses" in faults(csv_file("a.csv", [["a", "b"]]))[0].message
    assert "no responses" in faults(xlsx_file("a.xlsx", [["a", "b"], [None, None]]))[0].message


def test_wrong_encoding_declared(csv_file: Writer) -> None:
    rows = [["名称", "答案"], *[["汨罗再生铜业有限公司", "同意"]] * 5]
    found = faults(csv_file("a.csv", rows, "gb18030"), encoding="utf-8")[0]
    assert "not utf-8 at line 1, byte 1" in found.message and "gb18030" in found.expected
    found = faults(csv_file("b.csv", rows, "utf-8"), encoding="gbk")[0]
    assert "valid UTF-8" in found.message and found.expected == "utf-8"
    found = faults(csv_file("c.csv", rows, "utf-16"), encoding="utf-8")[0]
    assert "byte order mark" in found.message and found.expected == "utf-16-le"
    with pytest.raises(UsageError, match="did you mean 'gb18030'"):
        read_raw(csv_file("d.csv", rows), encoding="gb1803")


def test_bytes_of_no_known_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id;réponse\n1;oui\n2;née à Paris\n".encode("cp1252"))
    found = faults(path)[0]
    assert "line 1" in found.message and "cp1252" in found.expected


def test_damaged_utf8_is_not_garbled_into_another_encoding(tmp_path: Path) -> None:
    text = "名称,答案\n" + "汨罗再生铜业有限公司,同意\n" * 30
    data = text.encode()
    path = tmp_path / "a.csv"
    path.write_bytes(data[:-2])
    assert "cut off" in faults(path)[0].message
    path.write_bytes(data[:100] + b"\xff" + data[100:])
    assert "not utf-8 at line 4" in faults(path)[0].message


def test_two_header_rows_merged(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["firm", "trust", None, None, "age"],
        [None, "people", "kin", "banks", None],
        [1, 3, 4, 5, 20],
    ):
        sheet.append(row)
    sheet.merge_cells("B1:D1")
    book.save(tmp_path / "a.xlsx")
    problems = faults(tmp_path / "a.xlsx")
    assert "two rows" in problems[0].message and "B1:D1" in problems[0].message
    assert [(p.column, p.value) for p in problems[1:]] == [("C", "kin"), ("D", "banks")]


def test_a_column_without_a_header(csv_file: Writer) -> None:
    problems = faults(csv_file("a.csv", [["a", "", "b", ""], ["1", "x", "2", "y"]]))
    assert [(p.row, p.column) for p in problems] == [(1, "B"), (1, "D")]


def test_a_column_twice(csv_file: Writer) -> None:
    problems = faults(csv_file("a.csv", [["a", "b", " a ", "a"], ["1", "2", "3", "4"]]))
    assert len(problems) == 1
    assert "columns A, C, D have the same header" in problems[0].message and problems[0].column == "a"


def test_cut_in_the_middle_of_a_quote(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,说明,x\n1,"fine, really",2\n2,"a\nb",3\n3,"cut here,4\n5,6', "utf-8")
    problems = faults(path)
    assert problems[0].row == 4 and problems[0].column == "说明"
    assert "never closed" in problems[0].message


def test_a_quote_that_is_closed_too_late(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,note\n1,"open\n2,"closed"\n3,x\n', "utf-8")
    problems = faults(path)
    assert problems[0].row == 2 and "closing quotation mark" in problems[0].message


def test_nothing_but_an_open_quote(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'id,"x')
    assert "never closed" in faults(tmp_path / "a.csv")[0].message


def test_an_inch_sign_is_no_quote(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,size\n1,5" pipe\n2,x\n', "utf-8")
    assert read_raw(path).cells["size"].tolist() == ['5" pipe', "x"]


def test_ragged_rows_are_all_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b,c\n1,2,3\n1,2\n"x\ny",2,3\n1,2,3,4\n1,2,3\n', "utf-8")
    problems = faults(path)
    assert [(p.row, p.message, p.expected) for p in problems] == [
        (3, "the row has 2 cells", "3"),
        (5, "the row has 4 cells", "3"),
    ]


def test_many_ragged_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n1\n" * 300, "utf-8")
    problems = faults(path)
    assert [p.row for p in problems[:3]] == [3, 5, 7]
    assert "250 more rows" in problems[-1].message


def test_a_title_above_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Survey of firms\n" + "a,b,c\n" + "1,2,3\n" * 9, "utf-8")
    problems = faults(path)
    assert len(problems) == 1 and "above the header" in problems[0].message


def test_a_wrong_separator(csv_file: Writer) -> None:
    found = faults(csv_file("a.csv", [["a", "b"], ["1", "2"]]), separator=";")[0]
    assert found.value == ";" and found.expected == ","
    with pytest.raises(UsageError, match="separator"):
        read_raw(csv_file("b.csv", [["a", "b"], ["1", "2"]]), separator="::")


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.xlsx", b"<html><body><table><tr><td>1</td></tr></table></body></html>", "web page"),
        ("a.xls", b"\r\n<!DOCTYPE html><table>", "web page"),
        ("a.csv", b"<!DOCTYPE html><html>login</html>", "web page"),
        ("a.xlsx", b"id,x\n1,2\n", "text with separators"),
        ("a.xls", "id\tx\n1\t2\n".encode("utf-16"), "text with separators"),
        ("a.xls", b"<?xml version='1.0'?><Workbook/>", "XML"),
        ("a.sav", b"id,x\n1,2\n", "text with separators"),
        ("a.xlsx", b"%PDF-1.7 ...", "PDF"),
        ("a.dta", b"$FL2@(#) SPSS DATA FILE", "SPSS"),
        ("export", b"\x89PNG\r\n", "image"),
        ("a.zip", b"PK\x05\x06" + b"\0" * 18, None),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, name: str, data: bytes, what: str | None) -> None:
    (tmp_path / name).write_bytes(data)
    found = faults(tmp_path / name)[0]
    assert what is None or what in found.message


def test_a_workbook_under_another_name(xlsx_file: Writer, tmp_path: Path) -> None:
    good = xlsx_file("a.xlsx", [["a"], [1]])
    for suffix in (".xls", ".csv"):
        other = tmp_path / f"b{suffix}"
        other.write_bytes(good.read_bytes())
        found = faults(other)[0]
        assert "Excel workbook (.xlsx)" in found.message and "b.xlsx" in found.expected


def test_a_protected_workbook(tmp_path: Path, compound_file: Compound) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(compound_file(EncryptionInfo=b"", EncryptedPackage=b""))
    found = faults(path)[0]
    assert "encrypted" in found.message and "without a password" in found.expected


def test_a_protected_old_workbook(tmp_path: Path, compound_file: Compound, biff: Compound) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(compound_file(Workbook=biff([["a"], [1.0]], protected=True)))
    assert "encrypted" in faults(path)[0].message


def test_a_stray_cell_far_away_does_not_fill_the_memory(xlsx_file: Writer) -> None:
    path = xlsx_file("a.xlsx", [["a", "b"], [1, 2]])
    book = openpyxl.load_workbook(path)
    book.active["XFD1048576"] = "x"
    book.save(path)
    assert "XFD1048576" in faults(path)[0].message
    book.active["XFD1048576"] = None
    book.active["B90000"] = "x"
    book.save(path)
    assert read_raw(path).row_numbers.tolist() == [2, 90000]


def test_damaged_workbooks(xlsx_file: Writer, tmp_path: Path, compound_file: Compound) -> None:
    data = xlsx_file("a.xlsx", [["a"], [1]]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(data[: len(data) // 2])
    (tmp_path / "old.xls").write_bytes(compound_file(Workbook=b""))
    (tmp_path / "letter.doc").write_bytes(compound_file(WordDocument=b""))
    assert "cannot be opened" in faults(tmp_path / "cut.xlsx")[0].message
    assert faults(tmp_path / "old.xls")
    assert "not a workbook" in faults(tmp_path / "letter.doc")[0].message


@pytest.fixture
def sav(tmp_path: Path) -> bytes:
    frame = pd.DataFrame({"id": [1.0, 2.0], "trust": [3.0, 99.0], "name": ["a", "b"]})
    path = tmp_path / "good.sav"
    pyreadstat.write_sav(
        frame, path, column_labels=["编号", "信任", ""], missing_ranges={"trust": [97, 98, 99]}
    )
    return path.read_bytes()


def test_sav_with_four_missing_values(sav: bytes, tmp_path: Path) -> None:
    at = sav.index(b"TRUST   ") - 12
    assert struct.unpack_from("<i", sav, at) == (3,)
    for count in (4, -4):
        (tmp_path / "a.sav").write_bytes(sav[:at] + struct.pack("<i", count) + sav[at + 4 :])
        found = faults(tmp_path / "a.sav")[0]
        assert found.column == "TRUST" and "at most three" in found.expected


@pytest.mark.parametrize("cut", [8, 60, 700])
def test_truncated_sav(sav: bytes, tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.sav").write_bytes(sav[:-cut])
    assert faults(tmp_path / "a.sav")


def test_sav_whose_dictionary_leads_astray(sav: bytes, tmp_path: Path) -> None:
    """Single bytes changed in counts and widths of the dictionary: the reader alone would crash on some."""
    path = tmp_path / "a.sav"
    for at in range(176, sav.index(b"TRUST   ") + 8):
        path.write_bytes(sav[:at] + bytes([sav[at] ^ 14]) + sav[at + 1 :])
        try:
            read_raw(path)
        except UnreadableError as error:
            assert error.problems


def test_truncated_dta(tmp_path: Path) -> None:
    pyreadstat.write_dta(pd.DataFrame({"a": [1.0, 2.0]}), tmp_path / "a.dta")
    data = (tmp_path / "a.dta").read_bytes()
    (tmp_path / "a.dta").write_bytes(data[: len(data) // 2])
    assert "cut off" in faults(tmp_path / "a.dta")[0].message


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.dta", "a.parquet"])
def test_damaged_bytes_end_in_an_error_of_ours_or_in_cells(
    tmp_path: Path, csv_file: Writer, xlsx_file: Writer, name: str
) -> None:
    frame = pd.DataFrame({"序号": [1.0, 2.5, 3.0], "x": ["a", "b, c", 'd "e"']})
    rows = [list(frame.columns), *frame.to_numpy().tolist()]
    path = tmp_path / name
    if name == "a.csv":
        csv_file(name, rows)
    elif name == "a.xlsx":
        xlsx_file(name, rows)
    elif name == "a.dta":
        pyreadstat.write_dta(frame.rename(columns={"序号": "id"}), path)
    else:
        frame.to_parquet(path)
    data = path.read_bytes()
    random = Random(20260918)
    for _ in range(60):
        at = random.randrange(len(data))
        damaged = data[:at] if random.random() < 0.3 else data[:at] + random.randbytes(1) + data[at + 1 :]
        path.write_bytes(damaged)
        try:
            raw = read_raw(path)
        except SocialcapError as error:
            assert error.exit_code == 3 and error.problems
        else:
            assert list(raw.cells.columns) == [column.key for column in raw.columns]


def test_parquet_that_is_cut_or_nested(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"a": [[1], [2]], "b": [1, 2]}).to_parquet(path)
    assert faults(path)[0].column == "a"
    path.write_bytes(path.read_bytes()[:-5])
    assert "not whole" in faults(path)[0].message


def test_missing_file_folder_and_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "does not exist" in faults(tmp_path / "no.csv")[0].message
    assert "folder" in faults(tmp_path)[0].message

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "not permitted" in faults(tmp_path / "a.csv")[0].message


def test_zero_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\n" * 400 + b"1,\0\n")
    assert "zero byte in line 801" in faults(tmp_path / "a.csv")[0].message


def test_faults_of_all_files_are_reported_together(csv_file: Writer, tmp_path: Path) -> None:
    twice = csv_file("twice.csv", [["a", "a"], ["1", "2"]])
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("a,b\n1\n1,2\n", "utf-8")
    where = [problem.where for problem in faults(twice, ragged, tmp_path / "no.csv")]
    assert where == ["twice.csv", "ragged.csv", str(tmp_path / "no.csv")]


def test_faults_of_one_file_are_reported_together(csv_file: Writer) -> None:
    messages = [p.message for p in faults(csv_file("a.csv", [["a", "a", "", "b"]]))]
    assert len(messages) == 2 and "same header" in messages[0] and "no responses" in messages[1]
