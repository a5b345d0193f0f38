"""Files of every format become text cells, and nothing is parsed by guess."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socialcap.codebook import MissingKind
from socialcap.errors import UsageError
from socialcap.survey.files import read_grid, sniff_format
from socialcap.survey.formats.grid import cell_text, letter
from socialcap.survey.read import read_raw

Writer = Callable[..., Path]

ROWS = [
    ["id", "名称", "答案"],
    ["1", "铜业，有限公司", "NA"],
    ["2", "塑料\n二厂", "None"],
    ["3", 'He said "yes"', "null"],
    ["4", "007", "1.0"],
]


def cells(path: Path, **options: str) -> list[list[str]]:
    raw = read_raw(path, **options)
    return [list(raw.cells.columns), *raw.cells.to_numpy().tolist()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_text_is_read_as_it_stands_in_every_encoding(encoding: str, separator: str, csv_file: Writer) -> None:
    path = csv_file("a.csv", ROWS, encoding, separator)
    assert cells(path) == ROWS
    found = read_raw(path).files[0]
    assert found.separator == separator
    assert found.encoding == {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found.header_rows, found.rows, found.format) == (1, 4, "text")


def test_stated_encoding_and_separator_are_obeyed(csv_file: Writer) -> None:
    rows = [["id", "名稱"], ["1", "廢銅再生"]]
    path = csv_file("a.csv", rows, "big5", ";")
    assert cells(path, encoding="Big5", separator="semicolon") == rows
    path = csv_file("b.csv", ROWS, "gb18030", "\t")
    assert cells(path, encoding="GBK", separator="\\t") == ROWS
    assert read_raw(path, encoding="gbk").files[0].encoding == "gb18030"


def test_a_separator_stated_by_the_file_is_no_row(tmp_path: Path, csv_file: Writer) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"sep=;\n" + csv_file("b.csv", ROWS, separator=";").read_bytes())
    raw = read_raw(path)
    assert cells(path) == ROWS
    assert raw.row_numbers.tolist() == [3, 4, 5, 6]


def test_commas_inside_answers_do_not_mislead_the_sniffer(csv_file: Writer) -> None:
    rows = [["id", "a, b, c", "x"], *[[str(i), "one, two, three, four", "1,5"] for i in range(50)]]
    assert cells(csv_file("a.csv", rows, separator=";")) == rows


def test_text_with_one_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("answer\n1\n2\n", "utf-8")
    assert cells(path) == [["answer"], ["1"], ["2"]]


def test_rows_keep_the_numbers_of_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('\na,b\r\n1,"x\ny"\r\n\r\n,\r\n2,z\r\n', "utf-8")
    raw = read_raw(path)
    assert raw.row_numbers.tolist() == [3, 6]
    assert raw.cells["b"].tolist() == ["x\ny", "z"]
    assert any("4, 5" in note for note in raw.notes)


def test_columns_without_anything_are_left_out(csv_file: Writer) -> None:
    path = csv_file("a.csv", [["a", "", "b", "", ""], ["1", "", "2", " ", ""]])
    assert cells(path) == [["a", "b"], ["1", "2"]]


def test_unknown_and_missing_suffixes_are_told_by_content(
    tmp_path: Path, csv_file: Writer, xlsx_file: Writer
) -> None:
    assert cells(csv_file("export", ROWS, "gb18030")) == ROWS
    assert cells(xlsx_file("export.xlsx", ROWS).rename(tmp_path / "export.bak")) == ROWS


def test_cells_are_pyarrow_backed_text(csv_file: Writer) -> None:
    raw = read_raw(csv_file("a.csv", ROWS))
    assert all(dtype == "str" and dtype.storage == "pyarrow" for dtype in raw.cells.dtypes)
    assert not raw.cells.isna().to_numpy().any()


def test_workbook_cells_as_text(tmp_path: Path, xlsx_file: Writer) -> None:
    path = xlsx_file(
        tmp_path / "a.xlsx",
        [
            ["number", "date", "truth", "text"],
            [3, dt.date(2026, 9, 18), True, "NA"],
            [2.5, dt.datetime(2026, 9, 18, 19, 20, 55), False, "007"],
            [123456789012345, dt.time(1, 2, 3), None, "=1"],
            [-0.1, dt.timedelta(hours=30), None, None],
        ],
    )
    book = openpyxl.load_workbook(path)
    book.active["D4"].data_type = "s"
    book.save(path)
    raw = read_raw(path)
    assert raw.cells["number"].tolist() == ["3", "2.5", "123456789012345", "-0.1"]
    assert raw.cells["date"].tolist() == ["2026-09-18", "2026-09-18 19:20:55", "01:02:03", "30:00:00"]
    assert raw.cells["truth"].tolist() == ["TRUE", "FALSE", "", ""]
    assert raw.cells["text"].tolist() == ["NA", "007", "=1", ""]
    assert raw.row_numbers.tolist() == [2, 3, 4, 5]


def test_formulas_are_never_run_and_text_that_looks_like_one_stays(
    csv_file: Writer, xlsx_file: Writer
) -> None:
    attack = "=cmd|' /C calc'!A0"
    path = xlsx_file("a.xlsx", [["a", "b", "c"], ["x", "=1+1", "#DIV/0!"], [attack, "y", "z"]])
    book = openpyxl.load_workbook(path)
    book.active["A3"].data_type = "s"
    book.save(path)
    raw = read_raw(path)
    assert raw.cells["a"].tolist() == ["x", attack]
    assert raw.cells["b"].tolist() == ["", "y"]
    assert any("formulas without a stored result" in note and "B2" in note for note in raw.notes)
    assert any("#DIV/0!" in note and "C2" in note for note in raw.notes)
    text = csv_file("a.csv", [["a", "b"], [attack, "1"]])
    assert read_raw(text).cells["a"].tolist() == [attack]


def test_stored_results_of_formulas_are_read(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_formula(1, 0, "=1+1", None, 2)
    sheet.write_formula(1, 1, "=A1", None, "text")
    sheet.write_formula(2, 0, "=1+2", None, 3)
    book.close()
    raw = read_raw(tmp_path / "a.xlsx")
    assert raw.cells["a"].tolist() == ["2", "3"]
    assert raw.notes == ()


def test_the_first_sheet_with_cells_is_read_and_the_others_are_named(xlsx_file: Writer) -> None:
    path = xlsx_file("a.xlsx", [], data=ROWS, notes=[["made by hand"]], blank=[])
    raw = read_raw(path)
    assert raw.files[0].sheet == "data"
    assert any("notes" in note and "blank" not in note for note in raw.notes)
    assert read_raw(path, sheet="data").cells.equals(raw.cells)
    with pytest.raises(UsageError, match="did you mean 'data'"):
        read_raw(path, sheet="dato")


def test_empty_rows_and_columns_around_a_table_do_not_shift_it(xlsx_file: Writer) -> None:
    path = xlsx_file("a.xlsx", [[], [], [None, "a", "b"], [None, 1, 2]])
    raw = read_raw(path)
    assert raw.cells.to_dict("list") == {"a": ["1"], "b": ["2"]}
    assert raw.row_numbers.tolist() == [4]


def test_old_workbooks_are_read(
    tmp_path: Path, compound_file: Callable[..., bytes], biff: Callable[..., bytes]
) -> None:
    stream = biff([["序号", "名称", "x"], [1.0, "铜业", 2.5], [2.0, "NA", 1e16]])
    (tmp_path / "a.xls").write_bytes(compound_file(Workbook=stream))
    raw = read_raw(tmp_path / "a.xls")
    assert raw.files[0].format == "xls"
    assert raw.cells.to_dict("list") == {"序号": ["1", "2"], "名称": ["铜业", "NA"], "x": ["2.5", "1e+16"]}


SAV = pd.DataFrame(
    {
        "id": [1.0, 2.0, 3.0, 4.0],
        "q1": [1.0, 2.0, 99.0, np.nan],
        "q2": [-1.0, 3.5, 2.0, 98.0],
        "s": ["a", "", "NA", "=x"],
        "d": [dt.date(2020, 1, 2)] * 4,
        "t": [dt.datetime(2020, 1, 2, 3, 4, 5)] * 4,
    }
)


@pytest.mark.parametrize("suffix", ["sav", "zsav"])
def test_spss_codes_labels_and_missing_values_are_kept(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    pyreadstat.write_sav(
        SAV,
        path,
        column_labels=["编号", "问题一", "second", "", "", ""],
        variable_value_labels={"q1": {1: "是", 2: "否", 99: "拒答"}, "q2": {97: "n/a"}},
        missing_ranges={"q1": [99], "q2": [{"lo": 90, "hi": 99}, -1]},
        row_compress=suffix == "zsav",
    )
    raw = read_raw(path)
    column = {c.key: c for c in raw.columns}
    assert raw.platform == "spss" and raw.files[0].header_rows == 0
    assert raw.cells["q1"].tolist() == ["1", "2", "99", ""]
    assert raw.cells["q2"].tolist() == ["-1", "3.5", "2", "98"]
    assert raw.cells["s"].tolist() == ["a", "", "NA", "=x"]
    assert raw.cells["d"].tolist() == ["2020-01-02"] * 4
    assert raw.cells["t"].tolist() == ["2020-01-02 03:04:05"] * 4
    assert raw.row_numbers.tolist() == [1, 2, 3, 4]
    assert column["q1"].label == "问题一"
    assert dict(column["q1"].value_labels) == {"1": "是", "2": "否", "99": "拒答"}
    assert dict(column["q1"].missing) == {"99": MissingKind.REFUSED}
    assert set(column["q2"].missing) == {"97", "98", "-1"}


def test_stata_letters_of_missing_values_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.dta"
    frame = pd.DataFrame(
        {"q1": [1.0, 2.0, "a", np.nan], "q3": [1.0, 2.0, 3.0, 4.0], "s": ["a", "b", "c", ""]}
    )
    pyreadstat.write_dta(
        frame,
        path,
        column_labels=["x", "问题", "z"],
        variable_value_labels={"q3": {1: "是", 2: "否"}},
        missing_user_values={"q1": ["a"]},
    )
    raw = read_raw(path)
    column = {c.key: c for c in raw.columns}
    assert raw.platform == "stata"
    assert raw.cells["q1"].tolist() == ["1", "2", ".a", ""]
    assert raw.cells["s"].tolist() == ["a", "b", "c", ""]
    assert dict(column["q1"].missing) == {".a": MissingKind.REFUSED}
    assert dict(column["q3"].value_labels) == {"1": "是", "2": "否"}
    assert column["q3"].label == "问题"


def test_stata_single_precision_is_not_read_as_seventeen_digits(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.array([0.1, 2.0, 1.25], dtype=np.float32)})
    frame.to_stata(tmp_path / "a.dta", write_index=False)
    assert read_raw(tmp_path / "a.dta").cells["x"].tolist() == ["0.1", "2", "1.25"]


def test_parquet_cells_as_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "n": [1.0, 2.5, None],
            "i": [1, 2, 3],
            "f": np.array([0.1, 1.0, 0.5], dtype=np.float32),
            "b": [True, False, None],
            "s": ["NA", None, "x"],
            "c": pd.Categorical(["甲", "乙", None]),
            "t": pd.to_datetime(["2026-01-02", "2026-01-02 03:04:05", None], format="ISO8601"),
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    raw = read_raw(tmp_path / "a.parquet")
    assert raw.cells.to_dict("list") == {
        "n": ["1", "2.5", ""],
        "i": ["1", "2", "3"],
        "f": ["0.1", "1", "0.5"],
        "b": ["TRUE", "FALSE", ""],
        "s": ["NA", "", "x"],
        "c": ["甲", "乙", ""],
        "t": ["2026-01-02", "2026-01-02 03:04:05", ""],
    }
    assert raw.row_numbers.tolist() == [2, 3, 4]


def test_ten_thousand_columns(tmp_path: Path, csv_file: Writer) -> None:
    names = [f"第{i}题的题干" for i in range(10_000)]
    path = csv_file("a.csv", [names, [str(i) for i in range(10_000)], ["x"] * 10_000])
    raw = read_raw(path)
    assert raw.cells.shape == (2, 10_000)
    assert raw.cells.iloc[0, 9_999] == "9999"
    frame = pd.DataFrame([range(10_000)], columns=names)
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    assert read_raw(tmp_path / "a.xlsx").cells.iloc[0].tolist() == [str(i) for i in range(10_000)]


def test_a_cell_longer_than_a_block_of_the_parser(csv_file: Writer) -> None:
    long = "长" * 15_000_000
    path = csv_file("a.csv", [["a", "b"], ["1", long], ["2", "x"]])
    assert read_raw(path).cells["b"].tolist() == [long, "x"]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=6),
    separator=st.sampled_from(",;\t|"),
)
def test_what_is_written_is_read(rows: list[list[str]], separator: str, csv_file: Writer) -> None:
    rows = [["id", "b", "c"], *[[f"r{i}", *row[1:]] for i, row in enumerate(rows)]]
    path = csv_file("a.csv", rows, separator=separator, quoting=csv.QUOTE_ALL)
    grid = read_grid(path, separator=separator)
    assert [grid.row(i) for i in range(grid.n_rows)] == rows


def test_the_input_is_never_written(tmp_path: Path, csv_file: Writer) -> None:
    path = csv_file("a.csv", ROWS)
    path.chmod(0o444)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    read_raw(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_formats_are_told_by_their_first_bytes() -> None:
    assert sniff_format(b"a,b\n1,2\n") == "text"
    assert sniff_format(b"\xef\xbb\xbf<!DOCTYPE html><table>") == "html"
    assert sniff_format(b"<?xml version='1.0'?><Workbook>") == "xml"
    assert sniff_format(b"%PDF-1.7") == "pdf"
    assert sniff_format(struct.pack("BB", 114, 1) + b"\x01\0") == "dta"
    assert sniff_format(b"rs,id\n") == "text"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (1e300, "1e+300"),
        (0.1, "0.1"),
        (None, ""),
        (float("nan"), ""),
        (pd.NaT, ""),
        (np.bool_(True), "TRUE"),
        (dt.timedelta(minutes=2, seconds=3), "0:02:03"),
        (dt.timedelta(seconds=-1.5), "-0:00:01.500000"),
    ],
)
def test_cell_text(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_column_letters() -> None:
    assert [letter(i) for i in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
