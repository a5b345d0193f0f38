"""The expression language: what it computes, how it treats missing values, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.expressions import FUNCTIONS, ExpressionError, parse, unknown_names

NAN = math.nan
# Values are computed by the same numpy functions on float64: differences beyond rounding are errors.
CLOSE = 1e-12

FRAME = pd.DataFrame(
    {
        "a": [1.0, 0.0, NAN, 50.0],
        "b": [1.0, 2.0, NAN, 4.0],
        "年龄": [10.0, 20.0, 30.0, NAN],
        "trade": pd.array(["cu", "al", None, "3"], dtype="str"),
        "started": pd.to_datetime(["2020-01-01", None, "2021-01-01", "2022-01-01"]),
        "ended": pd.to_datetime(
            ["2020-01-02", "2020-01-01", "2021-01-01 12:00", "2022-01-01"], format="ISO8601"
        ),
    },
    index=[5, 7, 8, 9],
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2 - 1", [2, 3, NAN, 57]),
        ("-a ** 2", [-1, 0, NAN, -2500]),
        ("a / b", [1, 0, NAN, 12.5]),
        ("log(年龄 / 10)", [0, math.log(2), math.log(3), NAN]),
        ("log1p(a)", [math.log(2), 0, NAN, math.log(51)]),
        ("exp(b)", [math.e, math.e**2, NAN, math.e**4]),
        ("sqrt(b)", [1, math.sqrt(2), NAN, 2]),
        ("abs(a - 10)", [9, 10, NAN, 40]),
        ("round(b / 3, 2)", [0.33, 0.67, NAN, 1.33]),
        ("round(年龄 / 7)", [1, 3, 4, NAN]),
        ("clip(b, 2, 3)", [2, 2, NAN, 3]),
        ("min(a, 年龄)", [1, 0, NAN, NAN]),
        ("max(a, b)", [1, 2, NAN, 50]),
        ("sum(a, b)", [2, 2, NAN, 54]),
        ("sum(a, b, 年龄)", [12, 22, NAN, NAN]),
        ("mean(a, b, 年龄)", [4, 22 / 3, NAN, 27]),
        ("mean(a, b, 年龄, min_share=1)", [4, 22 / 3, NAN, NAN]),
        ("mean(a, b, 年龄, min_share=0.3)", [4, 22 / 3, 30, 27]),
        ("std(a, b)", [0, math.sqrt(2), NAN, 46 / math.sqrt(2)]),
        ("std(年龄)", [NAN, NAN, NAN, NAN]),
        ("count(a, trade, 年龄)", [3, 3, 1, 2]),
        ('dummy(trade, "cu")', [1, 0, NAN, 0]),
        ("dummy(b, 2)", [0, 1, NAN, 0]),
        ("is_missing(trade)", [0, 0, 1, 0]),
        ("coalesce(a, 年龄)", [1, 0, 30, 50]),
        ("rank(b)", [1, 2, NAN, 3]),
        ("z(b)", [-4 / 3 / 1.5275252316519468, -1 / 3 / 1.5275252316519468, NAN, 5 / 3 / 1.5275252316519468]),
        ("zscore(b) - z(b)", [0, 0, NAN, 0]),
        ("2 if a > 0.5 else 3", [2, 3, NAN, 2]),
        ("7", [7, 7, 7, 7]),
        ("True + 1", [2, 2, 2, 2]),
        ("ended - started", [1, NAN, 0.5, 0]),
        ("started >= '2021-01-01'", [0, NAN, 1, 1]),
    ],
)
def test_values(text: str, expected: list[float]) -> None:
    found = parse(text).evaluate(FRAME)
    assert found.index.equals(FRAME.index)
    np.testing.assert_allclose(found.to_numpy(dtype=float), expected, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > 0", [1, 0, NAN, 1]),
        ("0 <= a < 50", [1, 1, NAN, 0]),
        ("0 <= b < a", [0, 0, NAN, 1]),
        ("not a", [0, 1, NAN, 0]),
        ("a > 0 and b > 1", [0, 0, NAN, 1]),
        ("a > 0 and 年龄 > 15", [0, 0, NAN, NAN]),
        ("a == 0 or 年龄 > 15", [0, 1, 1, NAN]),
        ("a > 99 and 年龄 > 0", [0, 0, NAN, 0]),
        ("a > 10 or 年龄 > 0", [1, 1, 1, 1]),
        ("trade == 'cu'", [1, 0, NAN, 0]),
        ("trade != 'cu'", [0, 1, NAN, 1]),
        ("trade == 3", [0, 0, NAN, 1]),
        ("trade in ['cu', 'al']", [1, 1, NAN, 0]),
        ("trade not in ('cu', 3)", [0, 1, NAN, 0]),
        ("b in [2, -4, '4']", [0, 1, NAN, 1]),
        ("is_missing(a) or b == 2", [0, 1, 1, 0]),
    ],
)
def test_truth_has_three_values(text: str, expected: list[float]) -> None:
    np.testing.assert_array_equal(parse(text).evaluate(FRAME).to_numpy(dtype=float), expected)


def test_a_choice_may_be_between_texts() -> None:
    found = parse("'big' if b > 1 else trade").evaluate(FRAME)
    assert found.dtype == "str"
    assert found.isna().tolist() == [False, False, True, False]
    assert found.dropna().tolist() == ["cu", "big", "big"]


@pytest.mark.parametrize(
    ("text", "undefined"),
    [
        ("log(a)", {"log": 1}),
        ("1 / a", {"division": 1}),
        ("a / a + log(-b)", {"division": 1, "log": 3}),
        ("9 ** 9 ** 9", {"power": 4}),
        ("(0 - b) ** 0.5", {"power": 3}),
        ("sqrt(a - 10)", {"sqrt": 2}),
        ("z(a * 0)", {"zscore": 3}),
        ("a + b", {}),
    ],
)
def test_operations_without_a_result_are_missing_and_counted(text: str, undefined: dict[str, int]) -> None:
    found = parse(text).trace(FRAME)
    assert dict(found.undefined) == undefined
    assert np.isfinite(found.values.dropna()).all()


def test_names_literals_and_dependence_on_the_sample() -> None:
    expression = parse("z(a) + 年龄 * (trade == 'cu') + dummy(trade, 'al') + (b in [1, 2])")
    assert expression.names == ("a", "年龄", "trade", "b")
    assert [(literal.name, literal.codes) for literal in expression.literals] == [
        ("trade", ("cu",)),
        ("trade", ("al",)),
        ("b", ("1", "2")),
    ]
    assert expression.sample_dependent and not parse("a + 1").sample_dependent
    assert unknown_names(parse("a + bb"), ["a", "b"]) == [("bb", "b")]


def test_full_width_names_are_found() -> None:
    frame = pd.DataFrame({"Ａ１": [1.0]})
    assert parse("Ａ１ + 1").evaluate(frame).tolist() == [2.0]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("a +", 2, "not a complete expression"),
        ("(a", 0, "not a complete expression"),
        ("a = 3", 2, "written =="),
        ("年龄 ＞ 3", 3, "write >"),
        ("log（a）", 3, "write ("),
        ("a ≥ 3", 2, "write >="),
        ("lgo(a)", 0, "did you mean 'log'"),
        ("年龄 + __import__('os')", 5, "no function"),
        ("a.real", 0, "a dot after a name"),
        ("a[0]", 0, "an index"),
        ("[a, b]", 0, "a list stands only after `in`"),
        ("a in b", 5, 'a list such as ["a", "b"]'),
        ("a in [b]", 6, "only numbers and texts"),
        ("a in []", 5, "a list such as"),
        ("lambda: 1", 0, "lambda"),
        ("(lambda x: x)(1)", 0, "only the functions"),
        ("[x for x in a]", 0, "not part of the language"),
        ("f'{a}'", 0, "f-string"),
        ("(a := 1)", 1, ":="),
        ("a % 2", 0, "not part of the language"),
        ("a // 2", 0, "not part of the language"),
        ("a is None", 5, "is_missing"),
        ("None", 0, "is_missing"),
        ("b'x' + a", 0, "only numbers and texts"),
        ("1j", 0, "only numbers and texts"),
        ("1e999", 0, "too large"),
        ("log(a, b, 1)", 0, "takes 1 argument"),
        ("clip(a)", 0, "takes 3 argument"),
        ("min()", 0, "at least 1"),
        ("mean(a, *b)", 8, "a star"),
        ("mean(a, minshare=1)", 17, "did you mean 'min_share'"),
        ("mean(a, min_share=b)", 18, "is a number"),
        ("mean(a, min_share=2)", 18, "from 0 to 1"),
        ("mean(a, **b)", 10, "has no option"),
        ("dummy(a, b)", 0, 'dummy(x, "code")'),
        ("a" * 5000, 0, "longer than"),
        ("-" * 3000 + "a", 0, "deep"),
        ("(" * 300 + "a" + ")" * 300, None, "expression"),
        ("9" * 3900, 0, "large"),
    ],
)
def test_what_is_refused_and_where(text: str, position: int | None, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert words in str(caught.value)
    if position is not None:
        assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("aa + 1", "did you mean 'a'"),
        ("trade + 1", "a number is needed"),
        ("trade < 'x'", "== and !="),
        ("a == trade", "cannot be compared"),
        ("a == 'many'", "cannot be compared with 'many'"),
        ("started > 'soon'", "cannot be compared with 'soon'"),
        ("started > a", "cannot be compared"),
        ("mean(a, trade)", "a number is needed"),
    ],
)
def test_what_cannot_be_evaluated(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=None) as caught:
        parse(text).evaluate(FRAME)
    assert words in str(caught.value)


def test_a_frame_without_rows() -> None:
    empty = FRAME.iloc[:0]
    for name, function in FUNCTIONS.items():
        arguments = ", ".join(["b", "1" if name == "dummy" else "a", "a"][: max(function.least, 1)])
        assert len(parse(f"{name}({arguments})").evaluate(empty)) == 0


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab年龄0123.+-*/()<>=! andornotif else in[],'\"logmean_x{}:;@\\\n\t", max_size=40))
def test_any_text_is_computed_or_refused_in_words(text: str) -> None:
    try:
        found = parse(text).evaluate(FRAME)
    except ExpressionError as error:
        assert 0 <= error.position <= len(error.text)
        return
    assert len(found) == len(FRAME)
