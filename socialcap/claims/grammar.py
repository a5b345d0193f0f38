"""The language of tests: text to a record of what is claimed, by recursive descent."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn
from unicodedata import normalize

from socialcap.claims.regions import Region
from socialcap.errors import nearest
from socialcap.expressions import Expression, ExpressionError
from socialcap.expressions import parse as parse_expression

QUANTITIES = ("coef", "abs", "largest_variance", "n_factors", "congruence", "alpha", "share", "mean")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WORD = re.compile(r"\w+(\.\w+)*")
_QUOTES = "\"'"
_FULL_WIDTH = "（）［］，＞＜＝≥≤“”‘’－"
_PLAIN = {"≥": ">", "≤": "<", "“": '"', "”": '"', "‘": "'", "’": "'"}


@dataclass(frozen=True, slots=True)
class CoefficientTest:
    """coef(outcome, term) in a region, in standard deviations."""

    outcome: str
    term: str
    region: Region


@dataclass(frozen=True, slots=True)
class DifferenceTest:
    """coef(outcome, larger) > coef(outcome, smaller), both in standard deviations."""

    outcome: str
    larger: str
    smaller: str


@dataclass(frozen=True, slots=True)
class LargestVarianceTest:
    """largest_variance(factors) = factor: no other factor explains more variance after rotation."""

    factor: str


@dataclass(frozen=True, slots=True)
class NumberTest:
    """n_factors = number."""

    number: int


@dataclass(frozen=True, slots=True)
class CongruenceTest:
    """congruence(factors, reference) in a region: the smallest over the reference's factors."""

    reference: str
    region: Region


@dataclass(frozen=True, slots=True)
class AlphaTest:
    """alpha(scale) in a region."""

    scale: str
    region: Region


@dataclass(frozen=True, slots=True)
class MeanTest:
    """mean(expression) or share(expression) in a region; a share has percentages divided by 100."""

    expression: Expression
    region: Region
    share: bool


Test = (
    CoefficientTest
    | DifferenceTest
    | LargestVarianceTest
    | NumberTest
    | CongruenceTest
    | AlphaTest
    | MeanTest
)


def parse_test(text: str) -> Test:
    """The test that `text` states; `socialcap.judge` lists what there is.

    test        = "abs" "(" coefficient ")" "<" number
                | coefficient (relation | (">" | "<") coefficient)
                | "largest_variance" "(" "factors" ")" "=" name
                | "n_factors" "=" whole number
                | "congruence" "(" "factors" "," name ")" relation
                | "alpha" "(" name ")" relation
                | ("share" | "mean") "(" expression ")" relation
    coefficient = "coef" "(" name "," name ")"
    relation    = (">" | "<") number | "in" "[" number "," number "]"
    name        = letters, digits, dots and underscores, or anything in quotes

    Raises ExpressionError with the place and, for a misspelt word, the nearest one.
    """
    return _Parser(text).test()


class _Parser:
    """Reads a test from left to right; `place` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def test(self) -> Test:
        self._skip()
        if self.place == len(self.text):
            self._fail("the test is empty")
        start, quantity = self.place, self._bare_word("a quantity such as coef(outcome, term)")
        if quantity not in QUANTITIES:
            self.place = start
            self._fail(
                f"there is no quantity {quantity!r}; there are {', '.join(QUANTITIES)}",
                nearest(quantity, QUANTITIES),
            )
        found: Test = getattr(self, f"_{quantity}")()
        self._skip()
        if self.place < len(self.text):
            self._fail("the test should end here")
        return found

    def _coef(self) -> Test:
        outcome, term = self._coefficient()
        self._skip()
        if self.text[self.place : self.place + 1] in ("<", ">"):
            sign_place = self.place
            less = self._sign() == "<"
            self._skip()
            if self.text.startswith("coef", self.place):
                other_place = self.place
                self._bare_word("coef")
                other_outcome, other = self._coefficient()
                if other_outcome != outcome or other == term:
                    self.place = other_place
                    self._fail(f"compare with another coefficient of the outcome {outcome}")
                return DifferenceTest(outcome, *((other, term) if less else (term, other)))
            self.place = sign_place
        return CoefficientTest(outcome, term, self._relation())

    def _abs(self) -> Test:
        self._expect("(")
        self._skip()
        if self._bare_word("coef(outcome, term)") != "coef":
            self._fail("abs() takes a coefficient: abs(coef(outcome, term)) < number")
        outcome, term = self._coefficient()
        self._expect(")")
        self._skip()
        place = self.place
        if self._sign() != "<":
            self.place = place
            self._fail("an equivalence is claimed by abs(coef(outcome, term)) < number")
        self._skip()
        place, bound = self.place, self._number()
        if bound <= 0:
            self.place = place
            self._fail("the bound must be positive")
        return CoefficientTest(outcome, term, Region(-bound, bound))

    def _coefficient(self) -> tuple[str, str]:
        self._expect("(")
        outcome = self._name("an outcome")
        self._expect(",")
        term = self._name("a regressor")
        self._expect(")")
        return outcome, term

    def _largest_variance(self) -> Test:
        self._expect("(")
        self._keyword("factors")
        self._expect(")")
        self._expect("=")
        return LargestVarianceTest(self._name("a factor"))

    def _n_factors(self) -> Test:
        self._expect("=")
        self._skip()
        place, number = self.place, self._number()
        if number < 1 or number != math.floor(number):
            self.place = place
            self._fail("the number of factors is a whole number from 1")
        return NumberTest(int(number))

    def _congruence(self) -> Test:
        self._expect("(")
        self._keyword("factors")
        self._expect(",")
        reference = self._name("a reference")
        self._expect(")")
        return CongruenceTest(reference, self._relation(0.0, 1.0))

    def _alpha(self) -> Test:
        self._expect("(")
        scale = self._name("a scale")
        self._expect(")")
        return AlphaTest(scale, self._relation(-math.inf, 1.0))

    def _share(self) -> Test:
        expression = self._expression()
        return MeanTest(expression, self._relation(0.0, 1.0), share=True)

    def _mean(self) -> Test:
        expression = self._expression()
        return MeanTest(expression, self._relation(), share=False)

    def _expression(self) -> Expression:
        """What stands between this bracket and its partner, in the language of derived variables."""
        self._expect("(")
        start, depth, quote = self.place, 1, ""
        while self.place < len(self.text) and depth:
            character = self.text[self.place]
            if quote:
                quote = "" if character == quote else quote
            elif character in _QUOTES:
                quote = character
            else:
                depth += (character in "([") - (character in ")]")
            self.place += 1
        if depth:
            self.place = start - 1
            self._fail("this bracket is never closed")
        inner = self.text[start : self.place - 1]
        try:
            return parse_expression(inner)
        except ExpressionError as error:
            lead = len(inner) - len(inner.lstrip())
            self.place = start + lead + error.position
            self._fail(error.message, error.hint)

    def _relation(self, least: float = -math.inf, most: float = math.inf) -> Region:
        """The region that a relation states, its bounds within `least` and `most`."""
        self._skip()
        if _WORD.match(self.text, self.place):
            return self._range(least, most)
        sign = self._sign()
        self._skip()
        place, bound = self.place, self._bound(least, most)
        if bound == (most if sign == ">" else least):
            self.place = place
            self._fail(f"nothing lies {'above' if sign == '>' else 'below'} {bound:g}")
        return Region(low=bound) if sign == ">" else Region(high=bound)

    def _range(self, least: float, most: float) -> Region:
        self._keyword("in")
        self._expect("[")
        low = self._bound(least, most)
        self._expect(",")
        self._skip()
        place, high = self.place, self._bound(least, most)
        if high <= low:
            self.place = place
            self._fail(f"the range's end must lie above its beginning, {low:g}")
        if (low, high) == (least, most):
            self._fail(f"this quantity always lies from {least:g} to {most:g}")
        self._expect("]")
        # nothing lies beyond an end of the scale: it is no bound that data could confirm or refute
        return Region(-math.inf if low == least else low, math.inf if high == most else high)

    def _bound(self, least: float, most: float) -> float:
        self._skip()
        place, bound = self.place, self._number()
        if not least <= bound <= most:
            self.place = place
            limits = f"from {least:g} to {most:g}" if math.isfinite(least) else f"at most {most:g}"
            self._fail(f"this quantity is {limits}; {bound:g} is not")
        return bound

    def _sign(self) -> str:
        self._skip()
        sign = self.text[self.place : self.place + 1]
        if sign not in ("<", ">"):
            self._fail("a relation is needed here: > number, < number or in [number, number]")
        self.place += 1
        if self.text.startswith("=", self.place):
            self._fail(f"write {sign} alone: whether the bound itself belongs to the claim changes nothing")
        return sign

    def _number(self) -> float:
        self._skip()
        found = _NUMBER.match(self.text, self.place)
        if found is None:
            self._fail("a number is needed here")
        self.place = found.end()
        if self.text.startswith("%", self.place):
            self._fail("write shares as numbers from 0 to 1, without %")
        value = float(found.group())
        if not math.isfinite(value):
            self._fail("the number is too large")
        return value

    def _name(self, what: str) -> str:
        """A word, or a text in quotes."""
        self._skip()
        quote = self.text[self.place : self.place + 1]
        if not quote or quote not in _QUOTES:
            return self._bare_word(what)
        end = self.text.find(quote, self.place + 1)
        if end < 0:
            self._fail("this quote is never closed")
        name = self.text[self.place + 1 : end]
        self.place = end + 1
        return name

    def _bare_word(self, what: str) -> str:
        self._skip()
        found = _WORD.match(self.text, self.place)
        if found is None:
            self._fail(f"{what} is needed here (a name with other signs stands in quotes)")
        self.place = found.end()
        return found.group()

    def _keyword(self, word: str) -> None:
        self._skip()
        place, found = self.place, self._bare_word(repr(word))
        if found != word:
            self.place = place
            self._fail(f"{word!r} is needed here, not {found!r}")

    def _expect(self, sign: str) -> None:
        self._skip()
        if not self.text.startswith(sign, self.place):
            self._fail(f"{sign!r} is needed here")
        self.place += 1
        if sign == "=" and self.text.startswith("=", self.place):
            self._fail("write = once")

    def _skip(self) -> None:
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1

    def _fail(self, message: str, hint: str = "") -> NoReturn:
        character = self.text[self.place : self.place + 1]
        if character and character in _FULL_WIDTH:
            plain = _PLAIN.get(character, normalize("NFKC", character))
            message, hint = f"the sign {character} is not understood; write {plain}", ""
        raise ExpressionError(message, self.text, self.place, hint)
