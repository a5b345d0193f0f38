"""Tables keep numbers as numbers and round only when a cell is written."""

import json

import numpy as np
import pytest

from socialcap.results import Column, Formatted, Starred, Table, Text, format_value, table_rows


@pytest.mark.parametrize(
    ("value", "spec", "shown"),
    [
        (0.12345, ".3f", "0.123"),
        (-0.5, ".2f", "−0.50"),
        (float("nan"), ".3f", "–"),
        (float("-inf"), ".3f", "−∞"),
        (0.0004, "p", "< .001"),
        (0.0321, "p", ".032"),
        (1.0, "p", "1.000"),
        (-0.0001, ".3f", "0.000"),
        (3353571.43, "number", "3,353,571"),
        (2013.0, "number", "2013"),
        (12.345, "number", "12.35"),
        (25200000.0, "number", "25,200,000"),
        (0.9596, "number", "0.96"),
        (None, ".3f", ""),
        (3, "d", "3"),
        (0.256, ".1%", "25.6%"),
        (Starred(1.5, 0.004), ".2f", "1.50**"),
        (Starred(1.5, float("nan")), ".2f", "1.50"),
        (Formatted(-0.2, "(.3f)"), ".1f", "(−0.200)"),
    ],
)
def test_a_cell_is_written_by_its_format(value: object, spec: str, shown: str) -> None:
    assert format_value(value, spec) == shown


def test_a_text_falls_back_on_its_other_side() -> None:
    assert Text("only English")("zh") == "only English"
    assert Text("{a} of {b}", "{b} 中的 {a}").format(a=1, b=Text("x", "甲")) == Text("1 of x", "甲中的 1")


def test_a_table_is_json_ready_with_unrounded_values() -> None:
    columns = (Column("name", Text("Name", "名称"), align="left"), Column("b", Text("b", "b")))
    rows = table_rows(
        [["x", np.float64(1 / 3)], [Text("y", "乙"), Starred(np.float64(2), np.nan)], ["z", np.nan]]
    )
    table = Table("t", Text("T", "表"), columns, rows)
    data = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert data["rows"] == [
        ["x", 1 / 3],
        [{"en": "y", "zh": "乙"}, {"value": 2.0, "p_value": None}],
        ["z", None],
    ]


def test_a_notebook_shows_the_table_with_text_escaped() -> None:
    table = Table("t", Text("<T>"), (Column("a", Text("a")),), (("<script>",),))
    assert "&lt;script&gt;" in table._repr_html_() and "<script>" not in table._repr_html_()


def test_a_row_must_fill_its_columns() -> None:
    with pytest.raises(ValueError, match="2 cells under 1 columns"):
        Table("t", Text("T"), (Column("a", Text("a")),), ((1, 2),))


def test_a_terminal_shows_the_table_aligned() -> None:
    columns = (Column("name", Text("Name", "名称"), align="left"), Column("b", Text("b", "系数")))
    table = Table("t", Text("T", "表"), columns, (("铜", 1.0), ("other", 22.5)), (Text("A note.", "注。"),))
    assert table.to_text("zh").splitlines() == [
        "表",
        "-------------",
        "名称     系数",
        "-------------",
        "铜      1.000",
        "other  22.500",
        "-------------",
        "注。",
    ]


@pytest.mark.parametrize(
    ("template", "value", "said"),
    [
        ("{x} 的斜率", Text(zh="企业信用"), "企业信用的斜率"),
        ("{x} 的斜率", Text(zh="ln K"), "ln K 的斜率"),
        ("在{x}上", "credit", "在 credit 上"),
        ("{x} 的斜率", Text(zh="规模（对数）"), "规模（对数）的斜率"),
        ("偏度 {x:.3f}。", -0.554, "偏度 −0.554。"),
        ("p = {x:p}", 0.034, "p = 0.034"),
        ("  {x} 行", 12, "  12 行"),
        ("{x}", "第1期", "第1期"),
    ],
)
def test_what_is_filled_into_chinese_is_spaced_from_its_neighbours(
    template: str, value: object, said: str
) -> None:
    assert Text("{x}", template).format(x=value).zh == said


def test_numbers_in_sentences_are_written_as_in_tables() -> None:
    said = Text("{x:.3f}, p {p:p}", "{x:.3f}，p {p:p}").format(x=-0.0061, p=0.0001)
    assert said == Text("−0.006, p < .001", "−0.006，p < 0.001")
