"""How single cells are read under each declared type, and what is refused instead of guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option, ValueList
from socialcap.results import Text
from socialcap.survey.numerals import (
    number_text,
    parse_amount,
    parse_date,
    parse_duration,
    parse_number,
    parse_percent,
    parse_year,
)
from socialcap.survey.rules import Rule
from socialcap.survey.values import Options, Reading, ValueReader

AGREE = ValueList(
    "agree",
    (
        Option("1", Text("Strongly disagree", "非常不同意")),
        Option("2", Text("Used to have but don't have now", "不同意")),
        Option("5", Text("Strongly agree", "非常同意")),
        Option("8", Text("Don't know / N/A", "不知道"), MissingKind.REFUSED),
    ),
)
TRADE = ValueList("trade", (Option("cu", Text("Copper", "铜")), Option("st", Text("Steel", "钢"))))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("１２", 12),
        (" 12 ", 12),
        ("-5", -5),
        ("−5", -5),
        ("+5", 5),
        ("1e5", 100_000),
        (".5", 0.5),
        ("1,234", 1234),
        ("1，234", 1234),
        ("12,345,678.5", 12_345_678.5),
        ("1.2万", 12_000),
        ("1.15万", 11_500),
        ("3万5千", 35_000),
        ("3万5000", 35_000),
        ("3千万", 30_000_000),
        ("1亿2000万", 120_000_000),
        ("5 万", 50_000),
        ("五百", 500),
        ("十二", 12),
        ("二十", 20),
        ("两千", 2000),
        ("一百零五", 105),
        ("一百一十", 110),
        ("三万五千", 35_000),
        ("一万零二百", 10_200),
        ("两亿三千万", 230_000_000),
        ("伍佰", 500),
        ("零", 0),
        ("12人", 12),
        ("５０家", 50),
        ("十二年", 12),
        ("3 years", 3),
        ("12。", 12),
        ("5-10", None),
        ("5~10", None),
        ("5至10", None),
        ("1,5", None),
        ("0,500", None),
        ("1,23,456", None),
        ("1 234", None),
        ("3万5", None),
        ("1万20000", None),
        ("一万二", None),
        ("三百五", None),
        ("一百十百", None),
        ("10²", None),
        ("½", None),
        ("约10", None),
        ("10+", None),
        (">10", None),
        ("万", None),
        ("千", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("0x10", None),
        ("1e999", None),
        ("10个月", None),
        ("35%", None),
    ],
)
def test_numbers(text: str, value: float | None) -> None:
    found = parse_number(text)
    assert (None if found is None else float(found)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("¥50,000", 50_000),
        ("￥50，000", 50_000),
        ("5万元", 50_000),
        ("50,000.00元", 50_000),
        ("500万元人民币", 5_000_000),
        ("RMB 300", 300),
        ("300 rmb", 300),
        ("三十万元整", 300_000),
        ("5块钱", 5),
        ("-¥5", -5),
        ("1.2亿", 120_000_000),
        ("元", None),
        ("¥", None),
        ("5-10万", None),
        ("5万左右", None),
    ],
)
def test_amounts(text: str, value: float | None) -> None:
    found = parse_amount(text)
    assert (None if found is None else float(found)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("35%", 35),
        ("35％", 35),
        ("35 %", 35),
        ("35", 35),
        ("百分之三十五", 35),
        ("百分之35", 35),
        ("0.35", 0.35),
        ("30-40%", None),
        ("%", None),
        ("三成", None),
        ("35%%", None),
    ],
)
def test_percentages(text: str, value: float | None) -> None:
    found = parse_percent(text)
    assert (None if found is None else float(found)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2009年", 2009),
        ("2009", 2009),
        ("２００９年", 2009),
        ("二〇〇九年", 2009),
        ("二零零九", 2009),
        ("2009年5月", 2009),
        ("2009.0", 2009),
        ("09年", None),
        ("'09", None),
        ("2009.5", None),
        ("20091", None),
        ("2008-2009", None),
        ("民国98年", None),
        ("0999", None),
        ("2009年13月", None),
    ],
)
def test_years(text: str, value: float | None) -> None:
    found = parse_year(text)
    assert (None if found is None else float(found)) == value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10秒", 10),
        ("2分3秒", 123),
        ("2分03秒", 123),
        ("1小时2分", 3720),
        ("1小时2分3秒", 3723),
        ("90", 90),
        ("00:02:03", 123),
        ("2m 3s", 123),
        ("2 min", 120),
        ("1天2小时", 93600),
        ("1.5分钟", 90),
        ("12.5", 12.5),
        ("2:03", None),
        ("-5", None),
        ("分", None),
        ("3秒2分", None),
        ("00:61:00", None),
        ("快", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    found = parse_duration(text)
    assert (None if found is None else float(found)) == seconds


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026/9/18 19:20:55", "2026-09-18 19:20:55"),
        ("2026-09-18 19:20", "2026-09-18 19:20:00"),
        ("2026年9月18日", "2026-09-18"),
        ("2026年9月18日 19:20", "2026-09-18 19:20:00"),
        ("2026.9.18", "2026-09-18"),
        ("２０２６/９/１８", "2026-09-18"),
        ("2026-09-18T19:20:55.123+08:00", "2026-09-18 19:20:55.123000"),
        ("2026-09-18T19:20:55Z", "2026-09-18 19:20:55"),
        ("09/18/2026 07:20:55 PM", "2026-09-18 19:20:55"),
        ("03/04/2026 12:05 AM", "2026-03-04 00:05:00"),
        ("18/09/2026", "2026-09-18"),
        ("18.09.2026", "2026-09-18"),
        ("04/04/2026", "2026-04-04"),
        ("03/04/2026", None),
        ("2026/13/1", None),
        ("2026-02-30", None),
        ("2026-9/18", None),
        ("13/13/2026", None),
        ("2026/9/18 25:00", None),
        ("9/18/2026 13:00 PM", None),
        ("44567.5", None),
        ("26-9-18", None),
        ("yesterday", None),
    ],
)
def test_dates(text: str, iso: str | None) -> None:
    assert parse_date(text) == iso


@given(st.floats(min_value=-1e200, max_value=1e200) | st.integers(-(10**14), 10**14).map(float))
def test_a_number_survives_being_written(value: float) -> None:
    assert float(number_text(value)) == value


@given(st.integers(0, 10**12 - 1))
def test_chinese_numerals_say_their_number(number: int) -> None:
    assert parse_number(_in_chinese(number)) == number


def _in_chinese(number: int) -> str:
    """The standard numeral, with 零 wherever a unit below the highest is left out."""
    if number == 0:
        return "零"
    digits, text, gap = str(number), "", False
    for position, digit in enumerate(digits):
        power = len(digits) - 1 - position
        if digit == "0":
            gap = True
        else:
            text += (
                ("零" if gap and text else "")
                + "零一二三四五六七八九"[int(digit)]
                + "十百千"[power % 4 - 1 :][:1] * (power % 4 > 0)
            )
            gap = False
        if power in (4, 8) and any(d != "0" for d in digits[max(position - 3, 0) : position + 1]):
            text += {4: "万", 8: "亿"}[power]
    return text


def read(text: str, kind: ItemType, **fields: object) -> Reading:
    item = Item("x", type=kind, **fields)  # type: ignore[arg-type]
    book = Codebook((item,), {"agree": AGREE, "trade": TRADE})
    markers = {"(跳过)": MissingKind.SKIPPED}
    return ValueReader(item, book, markers=markers, extras=("〖", "〗")).read(text)


@pytest.mark.parametrize(
    ("text", "kind", "fields", "value", "missing", "rules"),
    [
        ("", ItemType.NUMBER, {}, "", "blank", []),
        (" \u200e", ItemType.NUMBER, {}, "", "blank", ["white_space"]),
        ("（跳过）", ItemType.NUMBER, {}, "", "skipped", ["platform_marker"]),
        ("4.0", ItemType.INTEGER, {}, "4.0", None, []),
        ("4.5", ItemType.INTEGER, {}, "", "unreadable", ["unreadable"]),
        ("1,234", ItemType.INTEGER, {}, "1234", None, ["notation"]),
        ("nan", ItemType.NUMBER, {}, "", "unreadable", ["unreadable"]),
        ("1e400", ItemType.NUMBER, {}, "", "unreadable", ["unreadable"]),
        ("5-10", ItemType.NUMBER, {}, "", "unreadable", ["unreadable"]),
        ("120", ItemType.PERCENT, {"maximum": 100.0}, "", "out_of_range", ["out_of_range"]),
        ("120％", ItemType.PERCENT, {"maximum": 100.0}, "", "out_of_range", ["notation", "out_of_range"]),
        ("12", ItemType.YEAR, {}, "", "unreadable", ["unreadable"]),
        ("-3", ItemType.DURATION, {}, "", "unreadable", ["unreadable"]),
        ("99.0", ItemType.NUMBER, {"missing": {"99": MissingKind.REFUSED}}, "", "refused", ["missing_code"]),
        ("９９", ItemType.NUMBER, {"missing": {"99": MissingKind.REFUSED}}, "", "refused", ["missing_code"]),
        ("N/A", ItemType.TEXT, {"missing": {"n/a": MissingKind.BLANK}}, "", "blank", ["missing_code"]),
        ("NA", ItemType.TEXT, {}, "NA", None, []),
        (" 湖南 ", ItemType.NOMINAL, {}, "湖南", None, ["trimmed"]),
        ("Copper", ItemType.NOMINAL, {"values": "trade"}, "cu", None, ["label"]),
        ("铜〖废铜〗", ItemType.NOMINAL, {"values": "trade"}, "cu", None, ["label"]),
        ("CU", ItemType.NOMINAL, {"values": "trade"}, "cu", None, ["code_form"]),
        ("Coper", ItemType.NOMINAL, {"values": "trade"}, "", "unreadable", ["unreadable"]),
        (
            "used to have but don’t  have\u200e now",
            ItemType.ORDINAL,
            {"values": "agree"},
            "2",
            None,
            ["label"],
        ),
        ("非常同意", ItemType.ORDINAL, {"values": "agree"}, "5", None, ["label"]),
        ("5.0", ItemType.ORDINAL, {"values": "agree"}, "5.0", None, []),
        ("５", ItemType.ORDINAL, {"values": "agree"}, "5", None, ["code_form"]),
        ("Don‘t know / N/A", ItemType.ORDINAL, {"values": "agree"}, "", "refused", ["missing_option"]),
        ("8", ItemType.ORDINAL, {"values": "agree"}, "", "refused", ["missing_option"]),
        ("3", ItemType.ORDINAL, {"values": "agree"}, "", "out_of_range", ["out_of_range"]),
        ("同意", ItemType.ORDINAL, {"values": "agree"}, "", "unreadable", ["unreadable"]),
    ],
)
def test_cells(
    text: str, kind: ItemType, fields: dict[str, object], value: str, missing: str | None, rules: list[str]
) -> None:
    found = read(text, kind, **fields)
    assert (found.text, found.kind, [change.rule for change in found.changes]) == (value, missing, rules)


def test_a_scale_labelled_only_at_its_ends_keeps_its_middle() -> None:
    found = read("3", ItemType.ORDINAL, values="agree", minimum=1.0, maximum=5.0)
    assert (found.text, found.kind) == ("3", None)
    assert read("6", ItemType.ORDINAL, values="agree", minimum=1.0, maximum=5.0).kind == "out_of_range"
    assert read("3.5", ItemType.ORDINAL, values="agree", minimum=1.0, maximum=5.0).kind == "unreadable"


def test_reversal_turns_round_the_codebooks_range_after_the_check() -> None:
    turned = read("４", ItemType.ORDINAL, minimum=1.0, maximum=5.0, reverse=True)
    assert turned.text == "2"
    assert [change.rule for change in turned.changes] == [Rule.NOTATION, Rule.REVERSED]
    beyond = read("7", ItemType.ORDINAL, minimum=1.0, maximum=5.0, reverse=True)
    assert (beyond.kind, beyond.changes[-1].rule) == ("out_of_range", Rule.OUT_OF_RANGE)


def test_near_misses_are_named_and_not_accepted() -> None:
    reading = read("Strongly agre", ItemType.ORDINAL, values="agree")
    assert reading.kind == "unreadable"
    assert reading.changes[0].reason == "not an option; nearest: 5 (Strongly agree)"


def test_words_of_two_options_name_neither_and_codes_come_first() -> None:
    options = Options(
        [Option("1", Text("Yes", "是")), Option("2", Text("yes", "否")), Option("是", Text("x"))]
    )
    assert options.find("YES") is None
    assert options.find("是") is not None and options.find("是").code == "是"  # type: ignore[union-attr]
    assert options.find("1.0").code == "1"  # type: ignore[union-attr]


def test_missing_codes_of_the_file_yield_to_the_codebooks_options() -> None:
    item = Item("x", type=ItemType.ORDINAL, values="agree")
    book = Codebook((item,), {"agree": AGREE})
    declared = {"5": MissingKind.REFUSED, "7": MissingKind.REFUSED}
    reader = ValueReader(item, book, declared=declared)
    assert reader.read("5").kind is None
    assert reader.read("7").kind == "refused"


@given(st.text(max_size=8), st.sampled_from([kind for kind in ItemType if kind is not ItemType.MULTIPLE]))
def test_every_text_has_a_value_or_a_kind(text: str, kind: ItemType) -> None:
    found = read(text, kind)
    assert (found.kind is None) == (found.text != "")
    if found.changes:
        assert found.changes[-1].new == found.text
    elif found.kind is None:
        assert found.text == text


SPELLED = ValueList(
    "spelled",
    (
        Option("4", Text("Agree", "同意"), None, (Text("Agreed"), Text("", "同意。"))),
        Option("5", Text("Agree strongly", "非常同意")),
    ),
)


@pytest.mark.parametrize("text", ["Agree", "agreed", "同意", "同意。", "同意 | 同意。", "Agree | Agreed"])
def test_every_spelling_of_an_option_is_read_as_its_code(text: str) -> None:
    item = Item("q", type=ItemType.ORDINAL, values="spelled")
    read = ValueReader(item, Codebook((item,), {"spelled": SPELLED})).read(text)
    assert (read.text, read.kind) == ("4", None)
    assert [(change.new, change.rule) for change in read.changes] == [("4", Rule.LABEL)]


@pytest.mark.parametrize(
    ("text", "hint"),
    [("Agre", "4 (Agree)"), ("非常同意了", "5 (非常同意)"), ("agree strongy", "5 (Agree strongly)")],
)
def test_a_near_miss_is_named_in_the_language_of_the_answer(text: str, hint: str) -> None:
    item = Item("q", type=ItemType.ORDINAL, values="spelled")
    read = ValueReader(item, Codebook((item,), {"spelled": SPELLED})).read(text)
    assert read.kind is MissingKind.UNREADABLE
    assert read.changes[0].reason == f"not an option; nearest: {hint}"
