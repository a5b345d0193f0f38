"""The ledger: raw + ledger = cleaned, exactly, whatever stands in the cells; and nothing leaves unescaped."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option, Role, ValueList
from socialcap.errors import UsageError
from socialcap.plan import ExcludePart
from socialcap.results import Text
from socialcap.survey import clean
from socialcap.survey.ledger import COLUMNS, replay, write_csv
from socialcap.survey.raw import RawColumn, RawSurvey
from socialcap.writing import safe_cell

VALUE_LISTS = {
    "agree": ValueList(
        "agree",
        (
            *(Option(str(i), Text(f"step {i}", f"第{i}级")) for i in range(1, 6)),
            Option("9", Text("Don't know", "不知道"), MissingKind.REFUSED),
        ),
    ),
    "trade": ValueList(
        "trade",
        (
            Option("cu", Text("Copper", "铜")),
            Option("al", Text("Aluminium", "铝")),
            Option("none", Text("None of these", "以上都没有"), MissingKind.SKIPPED),
        ),
    ),
}
MARKERS = {"(跳过)": MissingKind.SKIPPED, "(空)": MissingKind.BLANK}
TYPED = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "5.0",
    " 4 ",
    "３",
    "6",
    "0",
    "9",
    "step 2",
    "STEP  3",
    "第4级",
    "stap 3",
    "Don’t know",
    "Dont know",
    "cu",
    "Copper",
    "铜",
    "COPPER",
    "al",
    "铜〖废铜〗",
    "铜┋铝",
    "cu┋铝〖线〗",
    "铜┋锡",
    "1,234",
    "1，234",
    "12.5",
    "1.2万",
    "3万5千",
    "五百",
    "35%",
    "2009年",
    "2009",
    "'09",
    "5-10",
    "¥5",
    "-3",
    "10秒",
    "2分3秒",
    "00:02:03",
    "2026/9/18 19:20:55",
    "2026-09-18",
    "03/04/2026",
    "99",
    "99.0",
    "n/a",
    "",
    "",
    " ",
    "\u200e",
    "(跳过)",
    "(空)",
    "=1+1",
    "nan",
    "inf",
    "1e400",
    "Y",
    "no",
    "0.1",
    "1e-7",
    "-0",
]
CELLS = st.one_of(st.sampled_from(TYPED), st.text(max_size=6))


@st.composite
def surveys(draw: st.DrawFn) -> tuple[RawSurvey, Codebook]:
    """A random codebook and an export for it with every sort of cell."""
    rows = draw(st.integers(0, 6))
    items: list[Item] = []
    columns: list[RawColumn] = []
    for number in range(draw(st.integers(1, 6))):
        item = draw(items_named(f"v{number}", [i for i in items if i.type.numeric]))
        items.append(item)
        if item.type is ItemType.MULTIPLE and draw(st.booleans()):
            columns += [
                RawColumn(f"{item.name}/{option.code}", item.name, option=option.code)
                for option in VALUE_LISTS["trade"].options
            ]
        else:
            columns.append(RawColumn(item.name, item.name))
    cells = {
        column.key: pd.Series(draw(st.lists(CELLS, min_size=rows, max_size=rows)), dtype="str")
        for column in columns
    }
    raw = RawSurvey(
        cells=pd.DataFrame(cells),
        columns=tuple(columns),
        row_numbers=np.arange(2, rows + 2),
        platform="wjx",
        files=(),
        markers=MARKERS,
        list_separator="┋",
        extras=("〖", "〗"),
    )
    return raw, Codebook(tuple(items), VALUE_LISTS)


@st.composite
def items_named(draw: st.DrawFn, name: str, before: list[Item]) -> Item:
    kind = draw(st.sampled_from(list(ItemType)))
    values, low, high, reverse = "", None, None, False
    if kind is ItemType.MULTIPLE:
        values = "trade"
    elif kind is ItemType.NOMINAL:
        values = draw(st.sampled_from(["", "trade"]))
    elif kind is ItemType.ORDINAL:
        values = draw(st.sampled_from(["", "agree"]))
        low, high, reverse = 1.0, 5.0, draw(st.booleans())
    elif kind.numeric and draw(st.booleans()):
        low, high, reverse = 0.0, 100.0, draw(st.booleans())
    missing = draw(st.sampled_from([{}, {"99": MissingKind.REFUSED, "n/a": MissingKind.BLANK}]))
    skip_if = ""
    if before and draw(st.booleans()):
        skip_if = f"{draw(st.sampled_from(before)).name} >= {draw(st.integers(0, 3))}"
    return Item(
        name,
        label=Text(name, name),
        type=kind,
        values=values,
        minimum=low,
        maximum=high,
        reverse=reverse,
        missing=missing,
        skip_if=skip_if,
        role=draw(st.sampled_from([Role.NONE, Role.NONE, Role.ITEM])),
    )


@settings(max_examples=120, deadline=None)
@given(surveys())
def test_raw_and_ledger_give_the_cleaned_data_exactly(made: tuple[RawSurvey, Codebook]) -> None:
    raw, book = made
    survey = clean(raw, book)
    assert tuple(survey.ledger.columns) == COLUMNS
    replayed = replay(survey.raw, survey.ledger, book)
    pd.testing.assert_frame_equal(replayed, survey.cleaned, check_exact=True)
    pd.testing.assert_index_equal(survey.missing.columns, survey.cleaned.columns)
    present = survey.cleaned.notna().to_numpy()
    without_kind = (survey.missing.astype(object) == "").to_numpy()
    np.testing.assert_array_equal(present, without_kind)


@settings(max_examples=40, deadline=None)
@given(surveys(), st.lists(st.sampled_from(["duplicate_answers", "missing_share"]), max_size=2, unique=True))
def test_the_flow_adds_up_on_any_survey(made: tuple[RawSurvey, Codebook], flags: list[str]) -> None:
    raw, book = made
    from socialcap.plan import QualityPart

    quality = QualityPart(missing_share_above=0.5, duplicate_answers=2)
    survey = clean(raw, book, quality=quality, exclude=[ExcludePart(flag=flag) for flag in flags])
    received, *rules, analysed = survey.flow().rows
    assert received[1] == len(raw.cells)
    assert analysed[1] == len(survey.responses) == received[1] - sum(row[1] for row in rules)
    assert len(set(survey.exclusions["row"])) == received[1] - analysed[1]


def test_every_step_of_a_cell_is_a_line_in_order() -> None:
    book = Codebook((Item("trust", type=ItemType.ORDINAL, minimum=1, maximum=5, reverse=True),))
    survey = clean(_raw({"trust": ["２", "4", "7", ""]}), book)
    lines = survey.ledger.astype(object).to_numpy().tolist()
    assert [line[0] for line in lines] == [2, 2, 3, 4]
    assert [line[3:6] for line in lines] == [
        ["２", "2", "notation"],
        ["2", "4", "reversed"],
        ["4", "2", "reversed"],
        ["7", "", "out_of_range"],
    ]
    assert survey.cleaned["trust"].tolist()[:2] == [4.0, 2.0]
    assert survey.missing["trust"].tolist() == ["", "", "out_of_range", "blank"]


def test_replay_refuses_a_ledger_that_does_not_start_from_the_raw_text() -> None:
    book = Codebook((Item("age", type=ItemType.INTEGER),))
    survey = clean(_raw({"age": ["４５", "50"]}), book)
    tampered = survey.raw.assign(age=["46", "50"])
    with pytest.raises(UsageError, match=r"row 2, age: the ledger changes '４５', the cell holds '46'"):
        replay(tampered, survey.ledger, book)
    with pytest.raises(UsageError, match="row 2, which the raw data lack"):
        replay(survey.raw.loc[[3]], survey.ledger, book)
    with pytest.raises(UsageError, match="without raw data: age"):
        replay(survey.raw[[]], survey.ledger, book)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+86 138", "'+86 138"),
        ("-1", "-1"),
        ("-1.5e3", "-1.5e3"),
        ("+7", "+7"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("copper", "copper"),
        ("", ""),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_quoted(text: str, written: str) -> None:
    assert safe_cell(text) == written


def test_csv_cells_headings_and_index_are_safe(tmp_path) -> None:  # type: ignore[no-untyped-def]
    frame = pd.DataFrame(
        {"=word": ["=1+1", None, "ok"], "number": [-1.5, np.nan, 2.0]},
        index=pd.Index(["@a", "b", "c"], name="row"),
    )
    frame["kind"] = pd.Categorical(["+x", "", "+x"])
    write_csv(frame, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["row", "'=word", "number", "kind"]
    assert lines[1:] == [["'@a", "'=1+1", "-1.5", "'+x"], ["b", "", "", ""], ["c", "ok", "2.0", "'+x"]]


def _raw(cells: dict[str, list[str]]) -> RawSurvey:
    frame = pd.DataFrame({key: pd.Series(texts, dtype="str") for key, texts in cells.items()})
    columns = tuple(RawColumn(key, key) for key in cells)
    return RawSurvey(frame, columns, np.arange(2, len(frame) + 2), "plain", ())
