"""Which question follows which answer, and in words when a question is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from socialcap.codebook.form import skip_terms
from socialcap.codebook.model import Codebook, Item, ItemType
from socialcap.codebook.ranges import as_number
from socialcap.codebook.xpath import Comparison, Condition, parse_xpath, relevance
from socialcap.results import Text

if TYPE_CHECKING:
    import pandas as pd

# Answers to the questions that others depend on are combined in full, up to so many combinations.
_MOST_COMBINATIONS = 20_000
END = ""

_IS = Text("question {number} was answered “{answer}”", "第{number}题选“{answer}”")
_IS_NOT = Text("question {number} was not answered “{answer}”", "第{number}题未选“{answer}”")
_TICKED = Text("“{answer}” was ticked in question {number}", "第{number}题选了“{answer}”")
_NOT_TICKED = Text("“{answer}” was not ticked in question {number}", "第{number}题未选“{answer}”")
_COMPARED = {
    "<": Text("the answer to question {number} is below {answer}", "第{number}题小于{answer}"),
    "<=": Text("the answer to question {number} is {answer} or less", "第{number}题不大于{answer}"),
    ">": Text("the answer to question {number} is above {answer}", "第{number}题大于{answer}"),
    ">=": Text("the answer to question {number} is {answer} or more", "第{number}题不小于{answer}"),
    "empty": Text("question {number} was left blank", "第{number}题未填"),
    "filled": Text("question {number} was answered", "第{number}题已填"),
}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_AND, _OR = Text(" and ", "且"), Text(" or ", "或")


def jumps(asked: Sequence[Item], book: Codebook) -> dict[str, dict[str, str]]:
    """The answers after which one or more of the next questions are not asked.

    `asked` are the questions in order. By question and option code: the name of the question that follows
    instead of the next one, `END` where none does. A jump is given only where it is certain whatever else was
    answered; a question whose answers are no options has its jump, if any, under the code "".
    """
    skipped, answers = _skipped(asked, book)
    if not skipped:
        return {}
    found: dict[str, dict[str, str]] = {}
    for position, item in enumerate(asked):
        rows = [row for row, skips in enumerate(skipped) if skips[position] is False]
        for code in _codes(item, book) or ("",):
            given = [row for row in rows if answers[row].get(item.name, code) == code]
            following = {_next(skipped[row], position) for row in given}
            if len(following) != 1:
                continue
            (after,) = following
            if after is not None and after != position + 1:
                found.setdefault(item.name, {})[code] = asked[after].name if after < len(asked) else END
    return found


def _codes(item: Item, book: Codebook) -> tuple[str, ...]:
    """The codes one of which answers the question; none where it takes several, or no options."""
    if item.type in (ItemType.NOMINAL, ItemType.ORDINAL) and item.values in book.value_lists:
        return tuple(option.code for option in book.options(item))
    return ()


def _skipped(asked: Sequence[Item], book: Codebook) -> tuple[list[list[bool | None]], list[dict[str, str]]]:
    """For each possible combination of routing answers, which questions it skips (None: not certain)."""
    rules = {item.name: item.skip_if for item in asked if item.skip_if}
    if not rules:
        return [], []
    import pandas as pd

    from socialcap.expressions import parse

    parsed = {name: parse(rule) for name, rule in rules.items()}
    names = dict.fromkeys(name for rule in parsed.values() for name in rule.names)
    closed = {name: _codes(book[name], book) for name in names if name in book}
    # A question that may be skipped may have no answer.
    choices = {n: (*codes, "") if n in rules else codes for n, codes in closed.items() if codes}
    if prod(map(len, choices.values())) > _MOST_COMBINATIONS:
        return [], []
    combinations = [dict(zip(choices, answers, strict=True)) for answers in product(*choices.values())]
    frame = pd.DataFrame(
        {name: _column([c.get(name, "") for c in combinations], book, name) for name in names},
        index=range(len(combinations)),
    )
    skips = {
        name: [None if value != value else value == 1 for value in rule.evaluate(frame)]
        for name, rule in parsed.items()
    }
    possible = [
        row
        for row, combination in enumerate(combinations)
        if all((skips[n][row] is True) == (combination[n] == "") for n in choices if n in rules)
    ]
    found = [[skips[i.name][row] if i.name in skips else False for i in asked] for row in possible]
    return found, [combinations[row] for row in possible]


def _column(codes: Sequence[str], book: Codebook, name: str) -> pd.Series:
    """Codes as the cleaned data hold them: numbers, or texts of nominal questions; declared missing as such."""
    import pandas as pd

    if name not in book or book[name].values not in book.value_lists:
        return pd.Series([None] * len(codes), dtype=float)
    answers = book.value_lists[book[name].values].codes
    if book[name].type is ItemType.NOMINAL:
        return pd.Series([code if code in answers else None for code in codes], dtype="str")
    return pd.Series([as_number(code) if code in answers else None for code in codes], dtype=float)


def _next(skips: Sequence[bool | None], position: int) -> int | None:
    """The position of the next question asked, the number of questions where there is none, None if unsure."""
    for later in range(position + 1, len(skips)):
        if skips[later] is None:
            return None
        if not skips[later]:
            return later
    return len(skips)


def asked_if(item: Item, later: Sequence[Item], book: Codebook, numbers: Mapping[str, int]) -> Text:
    """In words, the condition under which a question is asked; nothing where it is always asked.

    Conditions that end the form are left out: `later` are the questions after this one. `numbers` are the
    printed numbers of the questions. Raises Untranslatable where the skip rule is no matter of comparisons.
    """
    terms = [term for term in skip_terms(item) if not _ends_all(term, later, book)]
    if not terms:
        return Text()
    condition = parse_xpath(relevance(" or ".join(terms), book))
    return _in_words(condition, book, numbers)


def _ends_all(term: str, later: Sequence[Item], book: Codebook) -> bool:
    """Whether a condition skips all later questions too, so that the jump to the end says it."""
    from socialcap.expressions import parse

    closed = all(name in book and _codes(book[name], book) for name in parse(term).names)
    return closed and all(term in skip_terms(other) for other in later)


def _in_words(condition: Condition, book: Codebook, numbers: Mapping[str, int]) -> Text:
    if isinstance(condition, Comparison):
        return _compared(condition, book, numbers)
    parts = [_in_words(part, book, numbers) for part in condition.parts]
    joint = _AND if condition.word == "all" else _OR
    return Text(joint.en.join(part.en for part in parts), joint.zh.join(part.zh for part in parts))


def _compared(condition: Comparison, book: Codebook, numbers: Mapping[str, int]) -> Text:
    item, op = book[condition.name], condition.op
    value = condition.value if isinstance(condition.value, str) else f"{condition.value:.15g}"
    codes = book.value_lists[item.values].codes if item.values in book.value_lists else ()
    others = [code for code in codes if code != value]
    if op == "!=" and len(others) == 1:
        op, value = "=", others[0]
    if op == "selected":
        words = _TICKED if condition.sure else _NOT_TICKED
    elif op in ("=", "!="):
        words = _IS if op == "=" else _IS_NOT
    else:
        words = _COMPARED[op if condition.sure else _OPPOSITE[op]]
    answer = book.value_lists[item.values].label(value) if codes else Text(value, value)
    number = numbers.get(item.name)
    return words.format(number=item.label if number is None else number, answer=answer)
