"""A drafted codebook says what stands in the export, guesses no order, and fits the export it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Role, check_codebook
from socialcap.results import Text
from socialcap.survey.draft import draft_codebook
from socialcap.survey.match import match
from socialcap.survey.raw import RawColumn, RawSurvey

MARKERS = {"(跳过)": MissingKind.SKIPPED, "(空)": MissingKind.BLANK}


def export(
    columns: Mapping[str, Sequence[str]],
    separator: str = "",
    extras: tuple[str, str] = ("", ""),
    **described_as: RawColumn,
) -> RawSurvey:
    """An export of texts by key; `described_as` says more of columns than their key does."""
    known = {column.key: column for column in described_as.values()}
    rows = max(map(len, columns.values()))
    return RawSurvey(
        cells=pd.DataFrame(
            {
                key: pd.Series([*texts, *[""] * (rows - len(texts))], dtype="str")
                for key, texts in columns.items()
            }
        ),
        columns=tuple(known.get(key, RawColumn(key, key)) for key in columns),
        row_numbers=np.arange(2, rows + 2, dtype=np.int64),
        platform="plain",
        files=(),
        markers=MARKERS,
        list_separator=separator,
        extras=extras,
    )


def draft(raw: RawSurvey) -> Codebook:
    """The draft, which is free of mistakes and finds every column of its own export."""
    book = draft_codebook(raw)
    assert not [problem for problem in check_codebook(book) if problem.severity == "error"]
    matches = match(raw, book)
    assert not matches.problems
    assert not matches.unknown
    return book


def only(texts: Sequence[str], header: str = "1、问题", separator: str = "") -> tuple[Item, Codebook]:
    book = draft(export({header: texts}, separator, ("〖", "〗") if separator == "┋" else ("", "")))
    (item,) = book.items
    return item, book


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["2009年", "1998年", "2001", "(空)"], ItemType.YEAR),
        (["2009", "1998", "2001"], ItemType.YEAR),
        (["35%", "40％", "12"], ItemType.PERCENT),
        (["1.2万", "30000", "5万元"], ItemType.AMOUNT),
        (["2分3秒", "10秒"], ItemType.DURATION),
        (["2026/9/18 19:20:55", "2026-9-8"], ItemType.DATE),
        (["12", "340", "１,000", "7"], ItemType.INTEGER),
        (["1.5", "2", "7"], ItemType.NUMBER),
        (["001", "002", "003"], ItemType.TEXT),
        (["铜加工", "废料回收利用", "塑料"], ItemType.TEXT),
        ([], ItemType.TEXT),
        (["(跳过)", ""], ItemType.TEXT),
    ],
)
def test_types(texts: list[str], kind: ItemType) -> None:
    item, _ = only([*texts, ""])
    assert item.type is kind
    assert "type" in item.confirm


def test_numbers_in_a_small_range() -> None:
    item, _ = only(["2", "4", "5", "2", "４", "5", "(跳过)"])
    assert (item.type, item.minimum, item.maximum) == (ItemType.ORDINAL, 1, 5)
    assert {"type", "min", "max"} <= set(item.confirm)
    item, _ = only(["0", "1", "1", "0"])
    assert (item.minimum, item.maximum) == (0, 1)


def test_likert_words_get_no_order() -> None:
    item, book = only(["比较同意", "同意", " 同意", "不同意", "同意", "比较同意", "(空)"])
    assert item.type is ItemType.NOMINAL
    assert not item.reverse
    assert {"type", "values"} <= set(item.confirm)
    assert [(o.code, o.label) for o in book.options(item)] == [
        ("比较同意", Text("", "比较同意")),
        ("同意", Text("", "同意")),
        ("不同意", Text("", "不同意")),
    ]


def test_short_codes_stay_codes() -> None:
    item, book = only(["A1", "A2", "A1", "A2", "A1"], header="Q[1]")
    assert [o.code for o in book.options(item)] == ["A1", "A2"]
    assert (item.name, item.source) == ("Q_1", "Q[1]")


def test_names_and_labels() -> None:
    raw = export(
        {
            "序号": ["1", "2"],
            "所用时间": ["10秒", "20秒"],
            "来自IP": ["1.2.3.4", "1.2.3.5"],
            "12、您的学历": ["x", "y"],
            "3、(1)姓": ["x", "y"],
            "3、(2)名": ["x", "y"],
            "group/age": ["31", "47"],
            "age": ["31", "47"],
            "How easy is it to borrow?": ["x", "y"],
            "class": ["x", "y"],
            "group.age": ["x", "y"],
        },
        a=RawColumn("序号", "序号", role=Role.ID),
        b=RawColumn("所用时间", "所用时间", role=Role.DURATION),
        c=RawColumn("来自IP", "来自IP", personal=True),
        d=RawColumn("12、您的学历", "12、您的学历", "您的学历"),
        e=RawColumn("group/age", "group/age", "How old?"),
    )
    book = draft(raw)
    assert [item.name for item in book] == (
        [
            *("respondent", "duration", "ip", "q12", "q3_1", "q3_2", "group_age", "age", "q9", "q_class"),
            "group_age_2",
        ]
    )
    assert (book["respondent"].role, book["respondent"].type) == (Role.ID, ItemType.TEXT)
    assert (book["duration"].role, book["duration"].type) == (Role.DURATION, ItemType.DURATION)
    assert book["ip"].personal
    assert (book["q12"].label, book["q12"].source) == (Text("", "您的学历"), "12、您的学历")
    assert (book["age"].label, book["age"].source, "name" in book["age"].confirm) == (Text(), "", False)
    assert book["group_age"].label == Text("How old?")
    assert "name" in book["q9"].confirm


def test_a_matrix_shares_one_list() -> None:
    book = draft(
        export(
            {
                "5、同意吗—1.甲": ["同意", "同意", "不同意", "不同意", "同意"],
                "5、同意吗—2.乙": ["一般", "同意", "一般", "同意", "一般"],
            }
        )
    )
    assert [(item.name, item.values) for item in book] == [("q5_1", "q5"), ("q5_2", "q5")]
    assert [o.label.zh for o in book.value_lists["q5"].options] == ["同意", "不同意", "一般"]
    assert list(book.value_lists) == ["q5"]


@pytest.mark.parametrize(
    ("questions", "labels"),
    [
        (
            {"3、以下说法，您是否同意？—1.我们常交流": "", "3、以下说法，您是否同意？—2.我们共用设备": ""},
            ("我们常交流", "我们共用设备"),
        ),
        ({"说法——甲乙—丙": "", "说法——甲乙—丁": "", "说法——戊": ""}, ("甲乙—丙", "甲乙—丁", "戊")),
        (
            {"Q1_1": "We agree: - We lend", "Q1_2": "We agree: - We share - a lot"},
            ("We lend", "We share - a lot"),
        ),
        ({"G[a]": "How often? [Banks are open]", "G[b]": "How often? [Kin]"}, ("Banks are open", "Kin")),
        ({"Which? — Banks": "Which?", "Which? — Kin": "Which?"}, ("Banks", "Kin")),
        ({"2019—2021年收入": "", "2019—2022年利润": ""}, ("2019—2021年收入", "2019—2022年利润")),
        (
            {"在2019—2021年的收入": "", "在2019—2022年的利润": ""},
            ("在2019—2021年的收入", "在2019—2022年的利润"),
        ),
        ({"企业—所在地": "", "行业—主营": ""}, ("企业—所在地", "行业—主营")),
        ({"年龄—": "", "年龄—1.": ""}, ("年龄—", "年龄—1.")),
    ],
)
def test_a_matrix_row_is_labelled_without_the_stem(
    questions: dict[str, str], labels: tuple[str, ...]
) -> None:
    described = {f"c{i}": RawColumn(key, key, words) for i, (key, words) in enumerate(questions.items())}
    book = draft(export({key: ["x", "y"] for key in questions}, **described))
    assert tuple(item.label("zh") for item in book) == labels


def test_lists_in_a_cell() -> None:
    item, book = only(["银行┋亲友", "亲友", "其他〖典当┋民间〗", "(跳过)"], separator="┋")
    assert item.type is ItemType.MULTIPLE
    assert [o.label.zh for o in book.options(item)] == ["银行", "亲友", "其他"]
    item, book = only(["bank kin", "kin", "bank", "bank kin"], header="funds", separator=" ")
    assert [o.code for o in book.options(item)] == ["bank", "kin"]
    item, _ = only(["we sell copper", "we buy scrap", "some of both"], header="trade", separator=" ")
    assert item.type is ItemType.TEXT
    item, _ = only(["1,200", "3,400", "15"], header="sales", separator=",")
    assert item.type is ItemType.INTEGER


@pytest.mark.parametrize(
    ("keys", "source", "codes"),
    [
        (("q/bank", "q/kin"), "q", ["bank", "kin"]),
        (("Q[SQ001]", "Q[SQ002]"), "Q", ["SQ001", "SQ002"]),
        (("Q5_1", "Q5_4"), "Q5", ["1", "4"]),
        (("5、资金(银行)", "5、资金(亲友)"), "5、资金", ["1", "2"]),
        (("Which? - Bank", "Which? - Kin"), "Which?", ["Bank", "Kin"]),
    ],
)
def test_option_columns(keys: tuple[str, str], source: str, codes: list[str]) -> None:
    words = ["银行", "亲友"] if "5、" in source else ["Bank", "Kin"]
    inside = [key.rsplit(mark, 1)[-1] for key in keys for mark in "/[" if mark in key]
    options = [part.rstrip("]") for part in inside] or words
    described = {f"c{i}": RawColumn(key, key, option=options[i]) for i, key in enumerate(keys)}
    raw = export({key: ["1", "0"] for key in keys}, **described)
    book = draft(raw)
    (item,) = book.items
    assert (item.header, item.type) == (source, ItemType.MULTIPLE)
    assert [o.code for o in book.options(item)] == codes
    assert match(raw, book).options == dict(zip(keys, codes, strict=True))


def test_a_list_column_with_the_columns_that_repeat_it() -> None:
    described = {x: RawColumn(f"q/{x}", f"q/{x}", option=x) for x in "ab"}
    raw = export({"q": ["a b", "a"], "q/a": ["1", "1"], "q/b": ["1", "0"]}, separator=" ", **described)
    book = draft(raw)
    assert [(item.name, item.type) for item in book] == [("q", ItemType.MULTIPLE)]
    assert match(raw, book).columns == {"q": ("q",)}


def test_what_the_file_itself_says() -> None:
    labels = {"1": "Yes", "2": "No", "9": "yes"}
    column = RawColumn("q1", "q1", value_labels=labels, missing={"9": MissingKind.REFUSED})
    raw = export({"q1": ["1", "2"]}, q1=column)
    (item,) = draft(raw).items
    assert (item.type, dict(item.missing)) == (ItemType.NOMINAL, {"9": MissingKind.REFUSED})
    assert [o.label.en for o in draft(raw).options(item)] == ["Yes", "No", "yes (9)"]


headers = st.text(min_size=1, max_size=15).map(str.strip).filter(bool)
cells = st.sampled_from(["", "1", "2", "同意", "不同意", "A", "b c", "2009年", "5%", "=x", "a┋b"])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(headers, st.lists(cells, min_size=5, max_size=5), min_size=1, max_size=6))
def test_a_draft_fits_its_own_export(columns: dict[str, list[str]]) -> None:
    raw = export(columns, separator="┋")
    book = draft_codebook(raw)
    assert not [problem for problem in check_codebook(book) if problem.severity == "error"]
    matches = match(raw, book)
    assert not matches.problems
    assert [matches.columns[item.name] for item in book] == [(key,) for key in columns]
    assert all(item.confirm for item in book)


def test_questions_with_the_same_answers_share_one_list_in_any_order() -> None:
    words = ["不同意", "一般", "同意", "非常同意"]
    book = draft(export({f"{n}、题{n}": (words[n:] + words[:n]) * 4 for n in range(4)}))
    assert len({item.values for item in book}) == 1
    assert len(book.value_lists) == 1
    assert {option.code for option in book.options(book.items[0])} == set(words)


def test_worded_codes_cannot_pass_for_an_ordinal_item() -> None:
    book = draft(export({"1、题": ["同意", "不同意"] * 4}))
    ordinal = replace(book, items=(replace(book.items[0], type=ItemType.ORDINAL),))
    assert any(
        "number" in problem.message or "number" in problem.expected for problem in check_codebook(ordinal)
    )
