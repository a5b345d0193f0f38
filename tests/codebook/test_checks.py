"""Every mistake of a codebook is found, with its place, and a good codebook has none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialcap.codebook import (
    Codebook,
    Item,
    ItemType,
    MissingKind,
    Option,
    Role,
    ValueList,
    check_codebook,
    fold,
    scale_range,
    tidy,
)
from socialcap.codebook.checks import Places
from socialcap.errors import Problem
from socialcap.results import Text

R, B = MissingKind.REFUSED, MissingKind.BLANK
LIKERT = ValueList(
    "l5", (*(Option(str(i), Text(f"point {i}", f"第{i}级")) for i in range(1, 6)), Option("9", Text("?"), R))
)
SECTORS = ValueList(
    "sector", (Option("copper", Text("Copper", "铜")), Option("plastic", Text("Plastics", "塑料")))
)
GOOD = Item("q1", type=ItemType.ORDINAL, values="l5", scale="trust", reverse=True)
SECTOR = Item("sector", type=ItemType.NOMINAL, values="sector")


def book(*items: Item, lists: tuple[ValueList, ...] = (LIKERT, SECTORS)) -> Codebook:
    used = {item.values for item in items}
    return Codebook(items, {values.name: values for values in lists if values.name in used})


def problems(*items: Item, lists: tuple[ValueList, ...] = (LIKERT, SECTORS)) -> list[Problem]:
    return check_codebook(book(*items, lists=lists))


def test_a_good_codebook_has_no_problems() -> None:
    good = book(
        Item("编号", type=ItemType.TEXT, role=Role.ID),
        GOOD,
        replace(GOOD, name="q2", missing={"99": R, "9": R}),
        SECTOR,
        Item("funds", type=ItemType.MULTIPLE, values="sector", skip_if="q1 >= 2 and sector == 'copper'"),
        Item("why", skip_if="funds_copper == 0"),
        Item("attention", type=ItemType.ORDINAL, values="l5", role=Role.ATTENTION, check="第3级"),
        Item("ends", type=ItemType.ORDINAL, minimum=1, maximum=7, reverse=True),
        Item("staff", type=ItemType.INTEGER, minimum=0, missing={"-1": B, "n/a": B}),
    )
    assert check_codebook(good) == []


@pytest.mark.parametrize(
    ("item", "column", "words"),
    [
        (Item("1a"), "name", "a formula cannot use this name"),
        (Item("a b"), "name", "a formula cannot use this name"),
        (Item("class"), "name", "a formula cannot use this name"),
        (Item("ａ"), "name", "a formula cannot use this name"),
        (Item("sector"), "name", "stands already in row 2"),
        (Item("a", type=ItemType.NOMINAL, values="sectr"), "values", "did you mean 'sector'?"),
        (Item("a", type=ItemType.MULTIPLE), "values", "needs a value list"),
        (Item("a", type=ItemType.ORDINAL), "values", "needs a value list, or min and max"),
        (Item("a", type=ItemType.ORDINAL, values="sector"), "values", "codes are numbers"),
        (Item("a", type=ItemType.NUMBER, minimum=5, maximum=1), "min", "min 5 is above max 1"),
        (Item("a", type=ItemType.TEXT, maximum=1), "type", "a text item has no min and max"),
        (Item("a", type=ItemType.ORDINAL, values="l5", maximum=4), "values", "codes outside min and max: 5"),
        (Item("a", type=ItemType.NOMINAL, values="l5", reverse=True), "reverse", "cannot be reversed"),
        (Item("a", type=ItemType.INTEGER, minimum=1, reverse=True), "reverse", "needs the scale's range"),
        (replace(GOOD, name="a", missing={"5": R}), "missing", "offers it as an answer"),
        (replace(GOOD, name="a", missing={"5.0": R}), "missing", "offers it as an answer"),
        (replace(GOOD, name="a", missing={"9": B}), "missing", "is blank here and refused in list"),
        (
            replace(GOOD, name="a", missing={"2.5": B}),
            "missing",
            "code 2.5 is declared missing, yet in the range 1 to 5",
        ),
        (
            replace(GOOD, name="a", missing={"1.5": B, "2.5": B}),
            "missing",
            "2 codes are declared missing, yet in the range 1 to 5",
        ),
        (Item("a", type=ItemType.PERCENT, minimum=0, maximum=100, missing={"99": R}), "missing", "0 to 100"),
        (Item("a", role=Role.ATTENTION), "check", "needs the answer"),
        (Item("a", check="x"), "check", "only an attention check"),
        (replace(GOOD, name="a", role=Role.ATTENTION, check="6"), "check", "not among the answers"),
        (replace(GOOD, name="a", role=Role.ATTENTION, check="9"), "check", "not among the answers"),
        (Item("a", skip_if="sector = 'copper'"), "skip_if", "this is no condition"),
        (Item("a", skip_if="open('x')"), "skip_if", "this is no condition"),
        (Item("a", skip_if="sectr == 'copper'"), "skip_if", "did you mean 'sector'?"),
        (Item("a", skip_if="a == 'x'"), "skip_if", "its own answer"),
    ],
)
def test_each_mistake(item: Item, column: str, words: str) -> None:
    found = [p for p in problems(SECTOR, GOOD, item) if p.severity == "error"]
    assert [(p.where, p.row, p.column) for p in found] == [("variables", 4, column)]
    assert words in str(found[0])


def test_multiple_choice_columns_that_collide() -> None:
    funds = Item("funds", type=ItemType.MULTIPLE, values="sector")
    (found,) = problems(funds, Item("funds_copper"))
    assert "column funds_copper collides with variable 'funds_copper'" in found.message
    codes = (ValueList("a", (Option("b_c"),)), ValueList("b", (Option("c"),)))
    both = [Item("x", type=ItemType.MULTIPLE, values="a"), Item("x_b", type=ItemType.MULTIPLE, values="b")]
    (found,) = problems(*both, lists=codes)
    assert "column x_b_c collides with variable 'x'" in found.message
    (found,) = problems(
        Item("x", type=ItemType.MULTIPLE, values="a"), lists=(ValueList("a", (Option("-1"),)),)
    )
    assert (found.severity, found.column) == ("warning", "values")


def test_one_id() -> None:
    ids = [Item(name, role=Role.ID) for name in ("a", "b", "c")]
    assert [(p.row, p.column) for p in problems(*ids)] == [(3, "role"), (4, "role")]


def test_items_of_a_scale_with_other_ranges_are_warned_of() -> None:
    other = Item("q7", type=ItemType.ORDINAL, minimum=1, maximum=7, scale="trust")
    (found,) = problems(GOOD, other, replace(other, name="q8"), replace(other, name="alone", scale="else"))
    assert (found.severity, found.row, found.column) == ("warning", 3, "scale")
    assert "q1 1 to 5; q7, q8 1 to 7" in found.message


def test_lists() -> None:
    options = (
        Option("1", Text("Yes", "是")),
        Option("1.0", Text("No")),
        Option("2", Text(" yes\u200b")),
        Option("3", Text("2")),
        Option("4", Text("same", "same")),
    )
    lists = {"a": ValueList("a", options), "unused": LIKERT}
    found = check_codebook(Codebook((Item("q", type=ItemType.NOMINAL, values="a"),), lists))
    assert [(p.where, p.row, p.column, p.severity) for p in found] == [
        ("values", 3, "code", "error"),
        ("values", 4, "label_en", "error"),
        ("values", 5, "label_en", "warning"),
        ("values", 7, "list", "warning"),
    ]
    assert "options 1 and 2 of list 'a' have the same label" in found[1].message


def test_spellings_are_told_apart_and_a_second_row_is_told_where_to_go() -> None:
    options = (
        Option("4", Text("", "同意")),
        Option("4", Text("", "同意。")),
        Option("5", Text("", "非常同意"), None, (Text("", "同意"),)),
    )
    found = check_codebook(
        Codebook((Item("q", type=ItemType.ORDINAL, values="a"),), {"a": ValueList("a", options)})
    )
    assert [(p.row, p.column) for p in found] == [(3, "code"), (4, "label_zh")]
    assert found[0].message.endswith("spellings of one answer stand in one cell: 同意 | 同意。")
    assert "options 4 and 5 of list 'a' have the same label" in found[1].message


def test_a_rule_that_asks_for_an_unknown_code_is_warned_of() -> None:
    (found,) = problems(SECTOR, Item("a", skip_if="sector == 'coper'"))
    assert (found.severity, found.message) == ("warning", "variable 'sector' has no code coper")


def test_places_of_the_file_are_used() -> None:
    places = Places("survey", "choices", item_rows=(7,), option_rows={"a": (4, 9)})
    lists = {"a": ValueList("a", (Option("1"), Option("1")))}
    found = check_codebook(Codebook((Item("1q", type=ItemType.NOMINAL, values="a"),), lists), places)
    assert [(p.where, p.row) for p in found] == [("survey", 7), ("choices", 9)]


def test_everything_at_once() -> None:
    found = problems(Item("1a"), Item("b", values="gone"), Item("b", reverse=True), Item("d", skip_if="("))
    assert {(p.row, p.column) for p in found} == {
        *((2, "name"), (3, "values"), (4, "name"), (4, "reverse"), (5, "skip_if")),
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (GOOD, (1, 5)),
        (replace(GOOD, minimum=0), (0, 5)),
        (replace(GOOD, minimum=0, maximum=6), (0, 6)),
        (replace(GOOD, type=ItemType.NOMINAL), None),
        (replace(GOOD, values="sector"), None),
        (replace(GOOD, values=""), None),
        (Item("a", type=ItemType.INTEGER, minimum=0), None),
        (Item("a", type=ItemType.INTEGER, minimum=0, maximum=9, values="l5"), (0, 9)),
    ],
)
def test_scale_range(item: Item, expected: tuple[float, float] | None) -> None:
    assert scale_range(item, Codebook((item,), {"l5": LIKERT, "sector": SECTORS})) == expected


@pytest.mark.parametrize(
    "variants",
    [
        (
            "Don't know",
            "don’t know",
            " DON`T  KNOW ",
            "Don\u02bct\u00a0know",
            "don't\u200b know",
            "\ufeffDon＇t know",
        ),
        ("1-2 years", "１–２ years", "1—2 years", "1‑2\u2003years", "1−2 years", "1\u00ad-2 years"),
        ('say "yes"', "say “yes”", "say «yes»", "say „yes‟", "SAY ＂yes＂"),
        ("（是）", "(是)"),
        ("非常同意", "非常 同意", "非\u3000常 同 意 "),
    ],
)
def test_fold_unifies(variants: tuple[str, ...]) -> None:
    assert len({fold(text) for text in variants}) == 1


def test_fold_keeps_what_differs() -> None:
    texts = ["同意", "比较同意", "1", "-1", "1.0", "yes", "yes.", "no", "3 年", "3年", ""]
    assert len({fold(text) for text in texts}) == len(texts)


@given(st.text())
def test_fold_and_tidy_are_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert tidy(tidy(text)) == tidy(text)
    assert fold(tidy(text)) == fold(text) or any(ord(c) < 32 or 126 < ord(c) < 160 for c in text)
