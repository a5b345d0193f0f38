"""Sources of a codebook find their columns, and what does not fit is named with the nearest header."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialcap.codebook import Codebook, Item, ItemType, Option, ValueList
from socialcap.results import Text
from socialcap.survey.match import Matches, match
from socialcap.survey.raw import RawColumn, RawSurvey


def export(*columns: RawColumn | str, separator: str = "") -> RawSurvey:
    described = tuple(c if isinstance(c, RawColumn) else RawColumn(c, c) for c in columns)
    return RawSurvey(
        cells=pd.DataFrame({column.key: pd.Series(dtype="str") for column in described}),
        columns=described,
        row_numbers=np.array([], dtype=np.int64),
        platform="plain",
        files=(),
        list_separator=separator,
    )


def book(**sources: str) -> Codebook:
    return Codebook(tuple(Item(name, source) for name, source in sources.items()))


BANKS = {"bank": ValueList("bank", (Option("1", Text("Bank", "银行")), Option("kin", Text("Kin", "亲友"))))}


def multiple(source: str) -> Codebook:
    return Codebook((Item("funds", source, type=ItemType.MULTIPLE, values="bank"),), BANKS)


def found(matches: Matches, name: str) -> tuple[str, ...]:
    assert not matches.problems
    return matches.columns[name]


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("12、您的学历", RawColumn("12、您的学历", "12、您的学历")),
        ("2.诚信", RawColumn("3、我们—2.诚信", "2.诚信")),
        ("Ｑ１２、 您的“学历”", RawColumn('Q12、您的"学历"'.replace("、", "、 "), "x")),
        ("how easy is it?", RawColumn("Q5", "Q5", "How  easy is it?")),
        ("您的学历", RawColumn("12、您的学历", "12、您的学历")),
        ("12、您的学历", RawColumn("您的学历", "您的学历")),
        ("age", RawColumn("firm/owner/age", "firm/owner/age")),
        ("*学历*", RawColumn("12、您的学历（最高）", "x")),
        ("*1、必答", RawColumn("*1、必答", "x")),
    ],
)
def test_a_source_finds_its_column(source: str, column: RawColumn) -> None:
    matches = match(export("other", column), book(q1=source))
    assert found(matches, "q1") == (column.key,)
    assert matches.unknown == ("other",)


def test_a_name_is_its_own_source() -> None:
    assert found(match(export("q1"), Codebook((Item("q1"),))), "q1") == ("q1",)


def test_a_closer_match_leaves_the_column_to_its_item() -> None:
    columns = export("age", "group/age", RawColumn("Q1", "Q1", "age of the firm"))
    matches = match(columns, book(a="age", b="Age of the firm", c="group/age"))
    assert {name: found(matches, name) for name in "abc"} == {
        "a": ("age",),
        "b": ("Q1",),
        "c": ("group/age",),
    }


def test_a_question_number_counts_where_both_have_one() -> None:
    matches = match(export("13、您的学历"), book(q="12、您的学历"))
    assert matches.columns["q"] == ()
    assert "did you mean '13、您的学历'?" in matches.problems[0].message


def test_what_is_ambiguous_is_a_problem() -> None:
    matches = match(export("1、其他", "2、其他"), book(q="其他"))
    assert matches.columns["q"] == ()
    assert matches.unknown == ("1、其他", "2、其他")
    assert matches.problems[0].message == "2 columns match the source of 'q'"
    matches = match(export("a1", "a2"), book(q="a*"))
    assert matches.problems[0].expected == "one of 'a1', 'a2'"


def test_a_column_claimed_twice_is_a_problem() -> None:
    for second in ("Age", " AGE"):
        matches = match(export("Age"), book(a="Age", b=second))
        assert [p.message for p in matches.problems] == ["'a' and 'b' both claim the column 'Age'"]


def test_a_source_without_column_is_a_problem_with_the_nearest_header() -> None:
    matches = match(export("founding year", "size"), book(year="foundng year", x="zzzz"))
    assert [p.message for p in matches.problems] == [
        "no column matches the source of 'year'; did you mean 'founding year'?",
        "no column matches the source of 'x'",
    ]
    assert matches.problems[0].value == "foundng year"
    assert all(p.severity == "error" for p in matches.problems)


@pytest.mark.parametrize("source", ["q", "q/*", "*/q/*", "group/q"])
def test_option_columns_of_kobo(source: str) -> None:
    matches = match(export("group/q/1", "group/q/kin", "q2"), multiple(source))
    assert found(matches, "funds") == ("group/q/1", "group/q/kin")
    assert matches.options == {"group/q/1": "1", "group/q/kin": "kin"}
    assert matches.unknown == ("q2",)


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("Q", ("Q[1]", "Q[kin]")),
        ("Q[*]", ("Q[1]", "Q[kin]")),
        ("Q", ("Q_1", "Q_kin")),
        ("5、资金来源", ("5、资金来源(银行)", "5、资金来源（亲友）")),
        ("资金来源", ("5、资金来源:银行", "5、资金来源:亲友")),
        ("Which funds?", ("Which funds? - Bank", "Which funds? - Kin")),
        ("Q*", ("Qbank", "Qkin")),
    ],
)
def test_option_columns(source: str, keys: Sequence[str]) -> None:
    matches = match(export(*keys, "Q2"), multiple(source))
    if source == "Q*":
        assert [p.value for p in matches.problems] == ["2"]
    else:
        assert not matches.problems
    assert matches.columns["funds"] == tuple(keys)
    assert list(matches.options.values()) == ["1", "kin"]


def test_an_option_is_found_by_its_words_before_its_number() -> None:
    columns = (
        RawColumn("Q5_7", "Q5_7", "Funds? - Bank", "Bank"),
        RawColumn("Q5_1", "Q5_1", "Funds? - Kin", "Kin"),
    )
    matches = match(export(*columns), multiple("Q5"))
    assert found(matches, "funds") == ("Q5_7", "Q5_1")
    assert matches.options == {"Q5_7": "1", "Q5_1": "kin"}
    assert match(export(*columns), multiple("Funds?")).options == matches.options


def test_a_list_column_comes_before_the_columns_that_repeat_it() -> None:
    matches = match(export("q", "q/1", "q/kin", separator=" "), multiple("q"))
    assert found(matches, "funds") == ("q",)
    assert matches.redundant == {"funds": ("q/1", "q/kin")}
    assert matches.unknown == ()
    matches = match(export("q", "q/1", "q/kin"), multiple("q"))
    assert found(matches, "funds") == ("q/1", "q/kin")
    assert matches.redundant == {"funds": ("q",)}


def test_answers_that_the_list_does_not_have() -> None:
    matches = match(export("q/1", "q/kin", "q/banks"), multiple("q"))
    assert matches.columns["funds"] == ("q/1", "q/kin")
    assert matches.unknown == ("q/banks",)
    (problem,) = matches.problems
    assert (problem.severity, problem.value, problem.expected) == ("warning", "banks", "1 (Bank)")
    assert match(export("q/1", "q/x"), multiple("q/*")).problems[0].severity == "error"
    matches = match(export("q/1", "q[1]"), multiple("q"))
    assert matches.problems[0].message == "2 columns stand for answer 1 of 'funds'"


@given(st.lists(st.text(min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=8, unique=True))
def test_every_export_matches_the_codebook_of_its_own_keys(keys: list[str]) -> None:
    items = tuple(Item(f"v{i}", key) for i, key in enumerate(keys))
    matches = match(export(*keys), Codebook(items))
    claimed = [key for columns in matches.columns.values() for key in columns]
    if len({key.strip() for key in keys}) == len(keys):
        assert claimed == keys
        assert not matches.problems
    assert len(set(claimed)) == len(claimed)
    assert set(claimed) | set(matches.unknown) == set(keys)
