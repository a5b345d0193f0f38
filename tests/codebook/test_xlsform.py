"""XLSForms become codebooks without guessing, and written forms are accepted by pyxform."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from socialcap.codebook import (
    Codebook,
    Item,
    ItemType,
    MissingKind,
    Option,
    Role,
    ValueList,
    read_codebook,
    write_codebook,
)
from socialcap.codebook.sheets import Layout, workbook_bytes
from socialcap.codebook.xlsform import write_xlsform
from socialcap.codebook.xpath import Untranslatable, range_of, relevance, skip_rule
from socialcap.errors import CodebookError, OutputError, SocialcapWarning, UsageError
from socialcap.expressions import parse
from socialcap.results import Text

pyxform = pytest.importorskip("pyxform.xls2xform", reason="pyxform is not installed")

SURVEY_HEADER = (
    *("type", "name", "label::English (en)", "label::中文 (zh)", "relevant", "constraint"),
    *("scale", "reverse", "role", "missing"),
)
CHOICES = (
    ("list_name", "name", "label::English (en)", "label::中文 (zh)", "missing"),
    ("l5", "1", "No", "不", ""),
    ("l5", "3", "Mid", "中", ""),
    ("l5", "5", "Yes", "是", ""),
    ("l5", "9", "Don't know", "不知道", "refused"),
    ("funds", "bank", "Bank", "银行", ""),
    ("funds", "kin", "Kin", "亲友", ""),
)


def form(path: Path, *survey: tuple[str, ...], choices: tuple[tuple[str, ...], ...] = CHOICES) -> Path:
    rows = [row + ("",) * (len(SURVEY_HEADER) - len(row)) for row in (SURVEY_HEADER, *survey)]
    sheets = {"survey": rows, "choices": choices}
    path.write_bytes(workbook_bytes(sheets, dict.fromkeys(sheets, Layout({}, {}))))
    return path


def test_a_form_becomes_a_codebook(tmp_path: Path) -> None:
    path = form(
        tmp_path / "form.xlsx",
        ("start", "start"),
        ("begin group", "firm", "Firm", "企业", "${go} = 'yes'"),
        ("integer", "emp", "Employees", "员工", "", ". > 0 and . <= 5000", "", "", "control", "-1=blank"),
        ("select_one l5", "t1", "Trust", "信任", "${emp} > 5", "", "trust", "yes", "item"),
        ("select_one l5", "plain", "Plain", "", "${t1} >= 3 and not(selected(${funds}, 'kin'))"),
        ("end group", ""),
        ("select_multiple funds", "funds", "Funds", "资金"),
        ("note", "n1", "Hello"),
        ("text", "go", "", "继续"),
        ("range", "r1", "How far"),
        ("geopoint", "where-is", "Where"),
    )
    book = read_codebook(path)
    assert [item.name for item in book] == ["start", "emp", "t1", "plain", "funds", "go", "r1", "where_is"]
    assert book["start"] == Item("start", type=ItemType.DATE, role=Role.START_TIME)
    assert book["emp"] == Item(
        "emp",
        label=Text("Employees", "员工"),
        type=ItemType.INTEGER,
        minimum=1,
        maximum=5000,
        missing={"-1": MissingKind.BLANK},
        role=Role.CONTROL,
        skip_if="is_missing(go) or go != 'yes'",
    )
    t1 = book["t1"]
    assert (t1.type, t1.values, t1.scale, t1.reverse, t1.role) == (
        ItemType.ORDINAL,
        "l5",
        "trust",
        True,
        Role.ITEM,
    )
    assert t1.skip_if == "(is_missing(go) or go != 'yes') or (is_missing(emp) or emp <= 5)"
    assert book["plain"].type is ItemType.NOMINAL
    assert book["plain"].confirm == ("type",)
    assert book["plain"].skip_if.endswith("(is_missing(t1) or t1 < 3) or funds_kin == 1")
    assert book["funds"].type is ItemType.MULTIPLE
    assert book["go"].label == Text("", "继续")
    assert (book["r1"].type, book["r1"].minimum, book["r1"].maximum) == (ItemType.ORDINAL, 1, 10)
    assert (book["where_is"].pii, book["where_is"].source) == (True, "where-is")
    assert book.value_lists["l5"].codes == ("1", "3", "5")
    assert book.value_lists["l5"].options[3] == Option("9", Text("Don't know", "不知道"), MissingKind.REFUSED)


def test_what_has_no_counterpart_is_said_and_not_guessed(tmp_path: Path) -> None:
    path = form(
        tmp_path / "form.xlsx",
        ("text", "a", "A", "", "string-length(${b}) > 3"),
        ("text", "b", "B"),
        ("decimal", "c", "C", "", "", ". > 0"),
        ("begin repeat", "loans", "Loans"),
        ("decimal", "amount", "Amount"),
        ("end repeat", ""),
    )
    with pytest.warns(SocialcapWarning) as caught:
        book = read_codebook(path)
    assert [item.name for item in book] == ["a", "b", "c"]
    assert (book["a"].skip_if, book["a"].confirm) == ("", ("skip_if",))
    assert (book["c"].minimum, book["c"].confirm) == (None, ("min", "max"))
    (message,) = [str(w.message) for w in caught]
    for words in ("string-length(${b}) > 3", ". > 0", "loans"):
        assert words in message


def test_the_same_name_in_two_groups(tmp_path: Path) -> None:
    path = form(
        tmp_path / "form.xlsx",
        *(("begin group", "g1", "G"), ("text", "x", "X"), ("end group", "")),
        *(("begin group", "g2", "G"), ("text", "x", "X"), ("end group", "")),
    )
    book = read_codebook(path)
    assert [(item.name, item.source) for item in book] == [("x", ""), ("g2_x", "g2/x")]


def test_forms_with_mistakes(tmp_path: Path) -> None:
    with pytest.raises(CodebookError) as caught:
        read_codebook(form(tmp_path / "form.xlsx", ("select_one gone", "q", "Q")))
    assert caught.value.problems
    with pytest.raises(CodebookError):
        read_codebook(form(tmp_path / "form.xlsx", ("text", "q", "Q", "", "", "", "", "yes")))


def test_without_pyxform_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = form(tmp_path / "form.xlsx", ("text", "q", "Q"))
    monkeypatch.setitem(sys.modules, "pyxform.errors", None)
    with pytest.raises(UsageError, match=r"socialcap\[xlsform\]"):
        read_codebook(path)


FULL = Codebook(
    (
        Item("began", type=ItemType.DATE, role=Role.START_TIME),
        Item("emp", "12、员工", Text("Employees", "员工数"), ItemType.INTEGER, minimum=0, maximum=5000),
        Item("share", label=Text("Share"), type=ItemType.PERCENT, minimum=0, maximum=100, skip_if="emp < 5"),
        Item(
            "t1",
            label=Text("=Trust", "信任"),
            type=ItemType.ORDINAL,
            values="l5",
            reverse=True,
            scale="trust",
            missing={"97": MissingKind.SKIPPED, "99": MissingKind.REFUSED},
            skip_if="emp >= 5 and funds_bank == 0",
            role=Role.ITEM,
        ),
        Item(
            "level", label=Text("Level"), type=ItemType.ORDINAL, minimum=1, maximum=7, skip_if="log(emp) > 1"
        ),
        Item("check", type=ItemType.NOMINAL, values="l5", role=Role.ATTENTION, check="5", confirm=("check",)),
        Item("funds", label=Text("Funds"), type=ItemType.MULTIPLE, values="sources of funds"),
        Item("年份", label=Text("", "成立年份"), type=ItemType.YEAR),
        Item(
            "phone", label=Text("Phone"), role=Role.PII, pii=True, skip_if="t1 not in [1, 3] or share == 10"
        ),
    ),
    {
        "l5": ValueList(
            "l5",
            (
                Option("1", Text("No", "不")),
                Option("3"),
                Option("5", Text("Yes")),
                Option("9", Text("?"), MissingKind.BLANK),
            ),
        ),
        "sources of funds": ValueList(
            "sources of funds", (Option("bank", Text("Bank")), Option("kin", Text("Kin")))
        ),
    },
)


def test_a_written_form_is_valid_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    with pytest.warns(SocialcapWarning, match="level"):
        write_xlsform(FULL, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = pyxform.convert(str(path))
    assert 'relevant="not( /data/emp  &lt; 5)"' in result.xform
    back = read_codebook(path)
    renamed = {"sources of funds": "sources_of_funds", "l5": "l5", "": ""}
    for item, other in zip(FULL, back, strict=True):
        wanted = {name: getattr(item, name) for name in Item.__dataclass_fields__} | {
            "values": renamed[item.values]
        }
        assert {name: getattr(other, name) for name in wanted} == wanted
    assert [v.options for v in back.value_lists.values()] == [v.options for v in FULL.value_lists.values()]
    write_codebook(back, tmp_path / "book.xlsx")
    assert read_codebook(tmp_path / "book.xlsx").items == back.items


def test_what_a_form_cannot_hold(tmp_path: Path) -> None:
    lists = {"a": ValueList("a", (Option("no way"),))}
    with pytest.raises(OutputError, match="space"):
        write_xlsform(Codebook((Item("q", type=ItemType.NOMINAL, values="a"),), lists), tmp_path / "f.xlsx")
    with pytest.raises(UsageError):
        write_xlsform(FULL, tmp_path / "form.csv")
    assert not list(tmp_path.iterdir())


BOOK = Codebook(
    (
        Item("n", type=ItemType.NUMBER),
        Item("c", type=ItemType.NOMINAL, values="abc"),
        Item("o", type=ItemType.NOMINAL, values="123"),
        Item("m", type=ItemType.MULTIPLE, values="abc"),
    ),
    {
        "abc": ValueList("abc", (Option("a"), Option("b"))),
        "123": ValueList("123", (Option("1"), Option("2"), Option("3"))),
    },
)
NAMES = {item.name: item.name for item in BOOK}
FRAME = pd.DataFrame(
    {
        "n": [1.0, 5.0, np.nan, 5.0, np.nan, 9.0],
        "c": pd.Series(["a", "b", None, "b", "a", None], dtype="str"),
        "o": pd.Series(["1", "2", "3", None, "3", "1"], dtype="str"),
        "m_a": [1.0, 0.0, 1.0, np.nan, 0.0, 1.0],
        "m_b": [1.0, 1.0, 0.0, np.nan, 0.0, 0.0],
    }
)


def skipped(rule: str) -> list[bool]:
    return parse(rule).evaluate(FRAME).eq(1).tolist() if rule else [False] * len(FRAME)


# Each condition beside what XPath makes of the rows of FRAME, a blank answer being an empty text.
@pytest.mark.parametrize(
    ("relevant", "asked"),
    [
        ("${n} = 5", [0, 1, 0, 1, 0, 0]),
        ("${n} != 5", [1, 0, 1, 0, 1, 1]),
        ("5 <= ${n}", [0, 1, 0, 1, 0, 1]),
        ("not(${n} >= 5)", [1, 0, 1, 0, 1, 0]),
        ("${c} = 'a'", [1, 0, 0, 0, 1, 0]),
        ("${c} != ''", [1, 1, 0, 1, 1, 0]),
        ("${c} = '' or ${n} > 4", [0, 1, 1, 1, 0, 1]),
        ("not(${c} = 'a' or ${n} = 1) and ${o} != '3'", [0, 1, 0, 1, 0, 1]),
        ("${o} > 1", [0, 1, 1, 0, 1, 0]),
        ("not(${o} > 1)", [1, 0, 0, 1, 0, 1]),
        ("selected(${m}, 'a')", [1, 0, 1, 0, 0, 1]),
        ('not(selected(../m, "b"))', [0, 0, 1, 1, 1, 1]),
        ("selected(${o}, '3') and true()", [0, 0, 1, 0, 1, 0]),
        ("true()", [1, 1, 1, 1, 1, 1]),
        ("false()", [0, 0, 0, 0, 0, 0]),
    ],
)
def test_skip_rules_hold_where_the_form_does_not_ask(relevant: str, asked: list[int]) -> None:
    rule = skip_rule(relevant, BOOK, NAMES)
    assert skipped(rule) == [not a for a in asked]
    if rule:
        assert skipped(skip_rule(relevance(rule, BOOK), BOOK, NAMES)) == skipped(rule)


@pytest.mark.parametrize(
    "relevant",
    [
        "${gone} = 1",
        "${n} + 1 > 2",
        "${n} > ${o}",
        "count-selected(${m}) > 1",
        "${m} = 'a'",
        "selected(${m}, 'z')",
        "${c} > 2",
        "${n} = 'five'",
        "${n} = 5 and",
        "regex(., '^a')",
        "$ {",
    ],
)
def test_other_conditions_are_refused(relevant: str) -> None:
    with pytest.raises(Untranslatable):
        skip_rule(relevant, BOOK, NAMES)


def test_ranges_of_constraints() -> None:
    assert range_of(". >= 1 and . <= 5", whole=True) == (1, 5)
    assert range_of("(. > 0) and 10 > .", whole=True) == (1, 9)
    assert range_of(".>=-2.5", whole=False) == (-2.5, None)
    for other in (". > 0", ". = 5", ". >= 1 or . = 99", ". >= ${n}", "not(. > 5)", ". != 3"):
        with pytest.raises(Untranslatable):
            range_of(other, whole=False)
