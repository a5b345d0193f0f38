"""The language of tests: what it reads, and where it says that a mistake is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialcap.claims.grammar import (
    AlphaTest,
    CoefficientTest,
    CongruenceTest,
    DifferenceTest,
    LargestVarianceTest,
    MeanTest,
    NumberTest,
    parse_test,
)
from socialcap.claims.regions import Region
from socialcap.expressions import ExpressionError


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("coef(y, x) > 0", CoefficientTest("y", "x", Region(low=0.0))),
        (" coef ( y , x )<-0.5 ", CoefficientTest("y", "x", Region(high=-0.5))),
        ('coef(y, "C(trade)[T.copper]") in [-1, 1e-1]', CoefficientTest("y", "C(trade)[T.copper]", Region(-1.0, 0.1))),
        ("coef(融资, 信用) > .1", CoefficientTest("融资", "信用", Region(low=0.1))),
        ("abs(coef(y, x)) < 0.10", CoefficientTest("y", "x", Region(-0.1, 0.1))),
        ("coef(y, a) > coef(y, b)", DifferenceTest("y", "a", "b")),
        ("coef(y, a) < coef(y, b)", DifferenceTest("y", "b", "a")),
        ("largest_variance(factors) = trust", LargestVarianceTest("trust")),
        ("n_factors = 4", NumberTest(4)),
        ("congruence(factors, published) > 0.85", CongruenceTest("published", Region(low=0.85))),
        ("alpha('my scale') > 0.7", AlphaTest("my scale", Region(low=0.7))),
    ],
)  # fmt: skip
def test_every_kind_of_test_is_read(text: str, test: object) -> None:
    assert parse_test(text) == test


def test_what_stands_in_a_share_is_an_expression() -> None:
    test = parse_test('share((own + kin) / 100 if kind != "(a" else 0) in [0.5, 0.6]')
    assert isinstance(test, MeanTest)
    assert set(test.expression.names) == {"own", "kin", "kind"}
    assert test.share and test.region == Region(0.5, 0.6)
    mean = parse_test("mean(max(a, b)) < 3")
    assert isinstance(mean, MeanTest)
    assert not mean.share and mean.region == Region(high=3.0)


@pytest.mark.parametrize(
    ("text", "message", "position", "hint"),
    [
        ("", "empty", 0, ""),
        ("coeff(y, x) > 0", "there is no quantity 'coeff'", 0, "coef"),
        ("coef(y) > 0", "',' is needed", 6, ""),
        ("coef(y, x) = 0", "a relation is needed", 11, ""),
        ("coef(y, x) >= 0", "write > alone", 12, ""),
        ("coef(y, x) > 5 %", "should end here", 15, ""),
        ("coef(y, x) > 5%", "without %", 14, ""),
        ("coef(y, x) > 0 and more", "should end here", 15, ""),
        ("coef(y, x) > nothing", "a number is needed", 13, ""),
        ("coef(y, x) in [0.5, 0.1]", "must lie above", 20, ""),
        ("coef(y, x) on [0, 1]", "'in' is needed here, not 'on'", 11, ""),
        ("coef(y, a) > coef(z, b)", "another coefficient of the outcome y", 13, ""),
        ("coef(y, a) > coef(y, a)", "another coefficient of the outcome y", 13, ""),
        ("coef（y, x) > 0", "write (", 4, ""),
        ("coef(y, x) ≥ 0", "write >", 11, ""),
        ("abs(coef(y, x)) > 0.1", "equivalence", 16, ""),
        ("abs(coef(y, x)) < -0.1", "must be positive", 18, ""),
        ("abs(x) < 0.1", "abs() takes a coefficient", 5, ""),
        ("largest_variance(scores) = a", "'factors' is needed", 17, ""),
        ("largest_variance(factors) == a", "write = once", 27, ""),
        ("n_factors = 2.5", "whole number", 12, ""),
        ("share(a +) > 0.5", "not a complete expression", 8, ""),
        ("share(  lag(a)) > 0.5", "no function lag", 8, "log"),
        ("share(a > 0.5", "never closed", 5, ""),
        ("share(a) > 50", "from 0 to 1", 11, ""),
        ("share(a) > 1", "nothing lies above 1", 11, ""),
        ('coef(y, "x) > 0', "quote is never closed", 8, ""),
        ("coef(y, x) > 1e999", "too large", 18, ""),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str, position: int, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_test(text)
    assert message in caught.value.message
    assert caught.value.position == position
    assert caught.value.hint == hint


@given(st.text(alphabet="coefabsshrn_lpi(),<>=[]0.1 \"'yx%≥（", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_test(text)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)


@given(low=st.floats(-5, 5), width=st.floats(0.001, 5))
def test_ranges_keep_their_numbers(low: float, width: float) -> None:
    test = parse_test(f"coef(y, x) in [{low!r}, {low + width!r}]")
    assert isinstance(test, CoefficientTest)
    assert test.region == Region(low, low + width)
    assert not math.isinf(test.region.low)
