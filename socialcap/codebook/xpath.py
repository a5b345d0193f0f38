"""Routing conditions: the common part of XLSForm's XPath, as expressions of skip rules, and back.

XPath knows two values where the expression language knows three: a blank answer equals nothing, is unequal
to everything, and is neither above nor below. A condition is therefore brought to a form without outer
negation, in which each comparison says by itself what holds for a blank answer.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from socialcap.codebook.checks import expanded_names
from socialcap.codebook.model import Codebook, Item, ItemType
from socialcap.codebook.ranges import as_number

_TOKEN = re.compile(
    r"""\s*(?:(?P<ref>\$\{\s*([^}\s]+)\s*\}|\.\.?(?:/[\w.-]+)+)|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<text>'[^']*'|"[^"]*")|(?P<op><=|>=|!=|=|<|>|\(|\)|,)|(?P<dot>\.(?![\w/]))"""
    r"""|(?P<word>[A-Za-z][\w-]*))""",
)
_NEGATED = {"=": "!=", "!=": "=", "empty": "filled", "filled": "empty"}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_PYTHON = {ast.Eq: "=", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
Literal = str | float


class Untranslatable(ValueError):
    """The condition uses something that the other language does not have."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`name op value`, with op one of = != < <= > >= empty filled selected; `sure` is False under a not()."""

    name: str
    op: str
    value: Literal = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Junction:
    """All or any of several conditions; without parts, "all" is true and "any" is false."""

    word: str
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


def negation(condition: Condition) -> Condition:
    """The condition that holds exactly where this one does not, under XPath's two values."""
    if isinstance(condition, Junction):
        word = "any" if condition.word == "all" else "all"
        return Junction(word, tuple(negation(part) for part in condition.parts))
    if condition.op in _NEGATED:
        return Comparison(condition.name, _NEGATED[condition.op], condition.value)
    return Comparison(condition.name, condition.op, condition.value, not condition.sure)


def simplified(condition: Condition) -> Condition:
    """The same condition without constants and needless nesting."""
    if isinstance(condition, Comparison):
        return condition
    other = "any" if condition.word == "all" else "all"
    parts: list[Condition] = []
    for part in map(simplified, condition.parts):
        if part == Junction(other, ()):
            return part
        parts += part.parts if isinstance(part, Junction) and part.word == condition.word else [part]
    return parts[0] if len(parts) == 1 else Junction(condition.word, tuple(parts))


# --- XPath -------------------------------------------------------------------------------------------------


def parse_xpath(text: str) -> Condition:
    """The condition that an XPath expression states; Untranslatable for what is not in the subset.

    The subset: comparisons of a question (or `.`, named "") with a number or text, `selected(question, 'a')`,
    `true()`, `false()`, `and`, `or`, `not()` and parentheses.
    """
    parser = _XPath(text)
    condition = parser.any_of()
    parser.end()
    return condition


class _XPath:
    """A recursive-descent parser over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise Untranslatable(f"cannot read {text[position:].strip()!r}")
            kind = str(found.lastgroup)
            token = found[kind]
            self.tokens.append((kind, found[2] or token.rsplit("/", 1)[-1] if kind == "ref" else token))
            position = found.end()

    def peek(self) -> tuple[str, str]:
        return self.tokens[0] if self.tokens else ("end", "")

    def take(self, *wanted: str) -> str:
        _, token = self.peek()
        if wanted and token not in wanted:
            raise Untranslatable(f"{token or 'the end'!r} where {' or '.join(wanted)} should stand")
        self.tokens = self.tokens[1:]
        return token

    def end(self) -> None:
        if self.tokens:
            raise Untranslatable(f"{self.peek()[1]!r} follows a finished condition")

    def any_of(self) -> Condition:
        parts = [self.all_of()]
        while self.peek() == ("word", "or"):
            self.take()
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else Junction("any", tuple(parts))

    def all_of(self) -> Condition:
        parts = [self.single()]
        while self.peek() == ("word", "and"):
            self.take()
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else Junction("all", tuple(parts))

    def single(self) -> Condition:
        kind, token = self.peek()
        if token == "(" and kind == "op":
            self.take()
            inside = self.any_of()
            self.take(")")
            return inside
        if kind == "word":
            return self.function(self.take())
        return self.comparison()

    def function(self, name: str) -> Condition:
        self.take("(")
        if name in ("true", "false"):
            self.take(")")
            return Junction("all" if name == "true" else "any", ())
        if name == "not":
            inside = self.any_of()
            self.take(")")
            return negation(inside)
        if name == "selected":
            question = self.operand()
            self.take(",")
            value = self.operand()
            self.take(")")
            if isinstance(question, _Question) and not isinstance(value, _Question):
                return Comparison(question.name, "selected", value)
        raise Untranslatable(f"the function {name}()")

    def comparison(self) -> Condition:
        left = self.operand()
        op = self.take("=", "!=", "<", "<=", ">", ">=")
        right = self.operand()
        if isinstance(right, _Question):
            left, right, op = right, left, _TURNED[op]
        if not isinstance(left, _Question) or isinstance(right, _Question):
            raise Untranslatable("a comparison of two questions, or of none")
        if right == "" and op in ("=", "!="):
            return Comparison(left.name, "empty" if op == "=" else "filled")
        return Comparison(left.name, op, right)

    def operand(self) -> _Question | Literal:
        kind, token = self.peek()
        self.take()
        if kind == "ref":
            return _Question(token)
        if kind == "dot":
            return _Question("")
        if kind == "text":
            return token[1:-1]
        if kind == "number":
            return float(token)
        raise Untranslatable(f"{token or 'the end'!r} where a question or value should stand")


@dataclass(frozen=True, slots=True)
class _Question:
    name: str


def skip_rule(relevant: str, book: Codebook, names: dict[str, str]) -> str:
    """The expression under which a question with this `relevant` is not asked ("" if it is always asked).

    `names` gives the variable of each question name. Raises Untranslatable.
    """
    condition = simplified(negation(parse_xpath(relevant)))
    if condition == Junction("any", ()):
        return ""
    return _expression(condition, book, names)


def _expression(condition: Condition, book: Codebook, names: dict[str, str], inner: bool = False) -> str:
    if isinstance(condition, Junction):
        if not condition.parts:
            return "True" if condition.word == "all" else "False"
        joint = " and " if condition.word == "all" else " or "
        text = joint.join(_expression(part, book, names, inner=True) for part in condition.parts)
        return f"({text})" if inner else text
    if condition.name not in names:
        raise Untranslatable(f"the question {condition.name!r} is no variable")
    text = _compared(condition, book[names[condition.name]], book)
    return f"({text})" if inner and " or " in text else text


def _compared(condition: Comparison, item: Item, book: Codebook) -> str:
    """One comparison; where a blank answer makes it true, that is said."""
    if item.type is ItemType.MULTIPLE:
        if condition.op in ("empty", "filled"):
            return f"{'' if condition.op == 'empty' else 'not '}is_missing({expanded_names(item, book)[0]})"
        if condition.op != "selected":
            raise Untranslatable(f"{item.name!r} has several answers")
        column = f"{item.name}_{_code(condition.value)}"
        if _code(condition.value) not in book.value_lists[item.values].codes or not column.isidentifier():
            raise Untranslatable(f"{item.name!r} has no answer {_code(condition.value)!r} that can be named")
        return f"{column} == 1" if condition.sure else f"is_missing({column}) or {column} == 0"
    if condition.op in ("empty", "filled"):
        return f"{'' if condition.op == 'empty' else 'not '}is_missing({item.name})"
    op, value = condition.op, condition.value
    if op == "selected":
        op = "=" if condition.sure else "!="
    elif not condition.sure:
        op = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[op]
    blank = f"is_missing({item.name}) or " if op == "!=" or not condition.sure else ""
    if op in ("=", "!="):
        return f"{blank}{item.name} {'==' if op == '=' else '!='} {_literal(value, item)}"
    if item.type.numeric:
        return f"{blank}{item.name} {op} {_literal(value, item)}"
    return f"{blank}{_members(item, op, value, book)}"


def _members(item: Item, op: str, value: Literal, book: Codebook) -> str:
    """An order comparison of a question whose codes are texts: the codes for which it holds."""
    limit = as_number(_code(value))
    codes = book.value_lists[item.values].codes if item.values in book.value_lists else ()
    numbers = [as_number(code) for code in codes]
    if limit is None or not codes or None in numbers:
        raise Untranslatable(f"{item.name!r} has no order")
    holds = {
        code for code, n in zip(codes, numbers, strict=True) if n is not None and _compares(n, op, limit)
    }
    if not holds:
        raise Untranslatable(f"no answer of {item.name!r} is {op} {limit:g}")
    return f"{item.name} in [{', '.join(repr(code) for code in codes if code in holds)}]"


def _compares(number: float, op: str, limit: float) -> bool:
    return {"<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit}[op]


def _code(value: Literal) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def _literal(value: Literal, item: Item) -> str:
    if not item.type.numeric:
        return repr(_code(value))
    number = as_number(_code(value))
    if number is None:
        raise Untranslatable(f"{item.name!r} is a number and is compared with {value!r}")
    return _code(number)


def range_of(constraint: str, whole: bool) -> tuple[float | None, float | None]:
    """Lowest and highest value that a constraint on `.` allows (`whole`: of whole numbers).

    Raises Untranslatable where the constraint says anything else.
    """
    condition = simplified(parse_xpath(constraint))
    parts = condition.parts if isinstance(condition, Junction) and condition.word == "all" else (condition,)
    low: float | None = None
    high: float | None = None
    for part in parts:
        if not isinstance(part, Comparison) or part.name or not part.sure:
            raise Untranslatable("more than a range")
        limit = as_number(_code(part.value))
        if limit is None or part.op not in ("<", "<=", ">", ">="):
            raise Untranslatable("more than a range")
        if part.op in ("<", ">") and not (whole and limit.is_integer()):
            raise Untranslatable("a range without its end")
        if part.op in (">", ">="):
            found = limit + 1 if part.op == ">" else limit
            low = found if low is None else max(low, found)
        else:
            found = limit - 1 if part.op == "<" else limit
            high = found if high is None else min(high, found)
    return low, high


# --- expressions -------------------------------------------------------------------------------------------


def relevance(skip_if: str, book: Codebook) -> str:
    """The XPath under which a question with this skip rule is asked; Untranslatable outside the subset."""
    try:
        tree = ast.parse(skip_if.strip(), mode="eval").body
    except SyntaxError:
        raise Untranslatable("no expression") from None
    return _xpath(simplified(negation(_certain(_condition(tree, True, book)))), book)


def _condition(node: ast.expr, positive: bool, book: Codebook) -> Condition:
    """The expression without outer negation (which three-valued logic lets pass through and, or, not)."""
    match node:
        case ast.Constant(value=bool(holds)):
            return Junction("all" if holds == positive else "any", ())
        case ast.BoolOp():
            word = "all" if isinstance(node.op, ast.And) == positive else "any"
            return Junction(word, tuple(_condition(value, positive, book) for value in node.values))
        case ast.UnaryOp(op=ast.Not()):
            return _condition(node.operand, not positive, book)
        case ast.Call(func=ast.Name(id="is_missing"), args=[ast.Name(id=name)]):
            return Comparison(name, "empty" if positive else "filled")
        case ast.Compare(left=ast.Name(id=name), ops=[ast.In() | ast.NotIn() as op], comparators=[members]):
            inside = isinstance(op, ast.In) == positive
            elements = members.elts if isinstance(members, ast.List | ast.Tuple) else []
            sign = "=" if inside else "!="
            parts = tuple(Comparison(name, sign, _constant(element)) for element in elements)
            return Junction("any" if inside else "all", parts)
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[value]) if type(op) in _PYTHON:
            sign = _PYTHON[type(op)]
            turned = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
            return Comparison(name, sign if positive else turned[sign], _constant(value))
    raise Untranslatable("more than comparisons of variables with values")


def _constant(node: ast.expr) -> Literal:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise Untranslatable("a comparison with something that is no value") from None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Untranslatable("a comparison with something that is no value")
    return value if isinstance(value, str) else float(value)


def _certain(condition: Condition) -> Condition:
    """The condition with XPath's two values: true only where three-valued logic says true.

    `q != 1` is missing for a blank q, and true in XPath: it is joined with "filled", except beside
    `is_missing(q)`, which then says nothing more.
    """
    if isinstance(condition, Comparison):
        if condition.op == "!=":
            return Junction("all", (Comparison(condition.name, "filled"), condition))
        return condition
    if condition.word == "all":
        return Junction("all", tuple(map(_certain, condition.parts)))
    return Junction("any", tuple(_beside(condition.parts)))


def _beside(parts: Sequence[Condition]) -> Iterator[Condition]:
    blank = {p.name for p in parts if isinstance(p, Comparison) and p.op == "empty"}
    unequal = {p.name for p in parts if isinstance(p, Comparison) and p.op == "!="}
    for part in parts:
        if isinstance(part, Comparison) and part.name in blank & unequal and part.op in ("empty", "!="):
            if part.op == "!=":
                yield part
        else:
            yield _certain(part)


def _xpath(condition: Condition, book: Codebook, inner: bool = False) -> str:
    if isinstance(condition, Junction):
        if not condition.parts:
            return "true()" if condition.word == "all" else "false()"
        joint = " and " if condition.word == "all" else " or "
        text = joint.join(_xpath(part, book, inner=True) for part in condition.parts)
        return f"({text})" if inner and len(condition.parts) > 1 else text
    if condition.op in ("empty", "filled"):
        return f"${{{_question(condition.name, book)}}} {'=' if condition.op == 'empty' else '!='} ''"
    text = _xpath_comparison(condition, book)
    return text if condition.sure else f"not({text})"


def _xpath_comparison(condition: Comparison, book: Codebook) -> str:
    if condition.name in book and book[condition.name].type is not ItemType.MULTIPLE:
        item = book[condition.name]
        value = _code(condition.value)
        shown = value if item.type.numeric and not item.values else f"'{value}'"
        if "'" in value:
            raise Untranslatable("an apostrophe in a value")
        return f"${{{condition.name}}} {condition.op} {shown}"
    for item in book:
        if item.type is ItemType.MULTIPLE and condition.name.startswith(f"{item.name}_"):
            code = condition.name.removeprefix(f"{item.name}_")
            if code in book.value_lists[item.values].codes and condition.op in ("=", "!="):
                chosen = (_code(condition.value) == "1") == (condition.op == "=")
                text = f"selected(${{{item.name}}}, '{code}')"
                return text if chosen else f"not({text})"
    raise Untranslatable(f"the variable {condition.name!r}")


def _question(name: str, book: Codebook) -> str:
    if name in book:
        return name
    found = [i.name for i in book if i.type is ItemType.MULTIPLE and name.startswith(f"{i.name}_")]
    if not found:
        raise Untranslatable(f"the variable {name!r}")
    return found[0]
