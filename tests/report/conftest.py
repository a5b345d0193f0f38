"""A small report with everything that a format must carry: odd cells, a wide table, figures, references."""

import pytest
from matplotlib.figure import Figure as Canvas

from socialcap.report.document import Document, Heading, Paragraph, Section, Sentence
from socialcap.report.figures import Figure
from socialcap.results import STARS_NOTE, Column, Formatted, Lang, Starred, Table, Text

ODD = Text(
    "Numbers and words as they come: a note of two sentences. This is the second.", "各种数字与文字。共两句。"
)


def _small_table() -> Table:
    """Every kind of cell."""
    columns = (
        Column("term", Text("Term", "变量"), align="left"),
        Column("b", Text("b", "b"), ".3f"),
        Column("p", Text("p", "p"), "p"),
        Column("share", Text("Share of firms", "企业占比"), ".1%"),
        Column("n", Text("N", "样本量"), "d"),
        Column("any", Text("Any size", "数值"), "number"),
    )
    rows = (
        (Text("Credit", "企业信用"), Starred(0.27312345678901234, 0.0004), 0.0004, 0.125, 200, 3353571.25),
        ("", Formatted(0.045, "(.3f)"), 0.999, 0.0125, 0, 2014.0),
        ("=1+1", -0.00001, 1.0, None, 12, -0.5),
        ("a < b & \x0b“c”\nsecond line", Starred(-1.25, 0.03), float("nan"), 1.0, 1_000_000, 12.345),
        ("e-7", Formatted(2.63e-06, ".2e"), 0.0125, 0.5, 3, float("inf")),
        ("'007", 0.0625, 0.05, 0.33333, 7, 0.1 + 0.2),
        (Text("Region", "地区"), Text("reference", "参照"), None, -0.004, -3, -12345.0),
        ("halves", 0.0005, 0.0625, 0.0005, 1, 2.835),
    )
    emphasis = frozenset({(0, 1), (5, 1)})
    return Table(
        "kinds", Text("Kinds of cells: all/any?", "单元格：类型"), columns, rows, (ODD, STARS_NOTE), emphasis
    )


def _long_table() -> Table:
    """Runs over several pages."""
    columns = (
        Column("item", Text("Item", "题项"), align="left"),
        Column("label", Text("Label", "内容"), align="left"),
        Column("mean", Text("Mean", "均值"), ".2f"),
    )
    rows = tuple((f"V{i}", Text(f"Question number {i}", f"第{i}题"), 1 + i / 7) for i in range(120))
    return Table("长表", Text("A long table", "长表"), columns, rows)


def _wide_table(columns: int = 60) -> Table:
    """Wider than any page."""
    heads = (Column("item", Text("Item", "题项"), align="left"),)
    heads += tuple(Column(f"c{i}", Text(str(i)), ".3f") for i in range(columns))
    rows = tuple((f"V{r}", *((r - c) / 97 for c in range(columns))) for r in range(5))
    return Table("wide", Text("A wide table", "宽表"), heads, rows)


def _figure(key: str, after: str) -> Figure:
    def draw(lang: Lang) -> Canvas:
        canvas = Canvas(figsize=(7.5, 3))
        canvas.subplots().plot([0, 1], [1, 0])
        return canvas

    return Figure(key, after, Text("A line", "一条线"), Text('A line that "falls" <1>', "下降的线"), draw)


@pytest.fixture(scope="session")
def sample_report() -> Document:
    """Two sections: sentences with sources, a table of every kind of cell, a long and a wide one, two figures."""
    said = Paragraph(
        (
            Sentence(Text("Credit matters.", "企业信用有“显著”影响。"), "kinds"),
            Sentence(Text("The line falls.", "直线下降。"), "line"),
            Sentence(Text("No source here.", "此处没有出处。")),
        )
    )
    first = Section(
        "first",
        Text("First part", "第一部分"),
        (
            said,
            _small_table(),
            _figure("line", "kinds"),
            Heading("inner", Text("Inner & more", "小节")),
            _long_table(),
        ),
    )
    second = Section(
        "second",
        Text("Second part", "第二部分"),
        (Heading("turned", Text("Turned", "横页")), _wide_table(), _figure("again", "wide")),
    )
    note = Text("Made-up data & more.", "虚构数据。")
    return Document("demo", Text("A demonstration", "示例报告"), note, (first, second))
