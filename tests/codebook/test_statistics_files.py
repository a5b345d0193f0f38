"""Labels, value labels, levels and user-missing codes of .sav and .dta files become a codebook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from socialcap.codebook import ItemType, MissingKind, Option, read_codebook, scale_range, write_codebook
from socialcap.errors import UnreadableError
from socialcap.results import Text

R, S, B = MissingKind.REFUSED, MissingKind.SKIPPED, MissingKind.BLANK

FRAME = pd.DataFrame(
    {
        "trust": [1.0, 5, 99, -2.5],
        "ends": [1.0, 4, 7, 7],
        "sector": [1.0, 2, 3, 3],
        "open": [1.0, 2, -7, 1e9],
        "code": ["a", "b", "zz", ""],
        "when": pd.to_datetime(["2020-01-01", "2021-02-03", "2020-01-01", "2020-01-01"]),
        "staff": [1.0, 2, 3, 4],
        "sales": [1.5, 2, 3, np.nan],
        "v@1": [1.0, 2, 1, 2],
        "class": [1.0, 2, 1, 2],
    }
)


@pytest.fixture(params=["sav", "zsav"])
def sav(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / f"survey.{request.param}"
    pyreadstat.write_sav(
        FRAME,
        str(path),
        compress=request.param == "zsav",
        column_labels={"trust": "信任", "sector": "Sector"},
        variable_value_labels={
            "trust": {1: "No", 5: "Yes", 2: "Rather no", 3: "Neither", 4: "Rather yes", 99: "Not applicable"},
            "ends": {1: "never", 7: "always"},
            "sector": {1: "Other", 2: "铜", 3: "other "},
            "open": {-1: "Don't know"},
            "code": {"a": "A firm", "zz": "No answer"},
            "v@1": {1: "yes", 2: "no"},
        },
        missing_ranges={
            "trust": [99, {"lo": -3, "hi": -1}],
            "open": [{"lo": -np.inf, "hi": -1}],
            "code": ["zz"],
        },
        variable_measure={"trust": "ordinal", "ends": "scale", "sector": "nominal", "open": "scale"},
        variable_format={"staff": "F8.0"},
    )
    return path


def test_spss(sav: Path) -> None:
    book = read_codebook(sav)
    trust = book["trust"]
    assert (trust.label, trust.type) == (Text("", "信任"), ItemType.ORDINAL)
    assert dict(trust.missing) == {"-3": R, "-2.5": R, "-2": R, "-1": R, "99": S}
    assert trust.confirm == ("missing",)
    assert book.value_lists[trust.values].codes == ("1", "2", "3", "4", "5")
    assert book.options(trust)[-1] == Option("99", Text("Not applicable"), S)
    assert scale_range(trust, book) == (1, 5)


def test_a_scale_labelled_at_its_ends_keeps_its_middle(sav: Path) -> None:
    book = read_codebook(sav)
    assert book["ends"].type is ItemType.ORDINAL
    assert scale_range(book["ends"], book) == (1, 7)
    assert book["ends"].confirm == ("type", "min", "max")


def test_labels_that_stand_twice_and_open_ranges(sav: Path) -> None:
    book = read_codebook(sav)
    assert [option.label for option in book.options(book["sector"])] == [
        Text("Other"),
        Text("", "铜"),
        Text("other (3)"),
    ]
    assert book["sector"].confirm == ("values",)
    assert dict(book["open"].missing) == {"-7": R, "-1": R}
    assert book["open"].type is ItemType.NUMBER


def test_types_and_names(sav: Path) -> None:
    book = read_codebook(sav)
    kinds = {item.name: item.type for item in book}
    assert kinds["code"] is ItemType.NOMINAL
    assert dict(book["code"].missing) == {"zz": B}
    assert kinds["when"] is ItemType.DATE
    assert kinds["staff"] is ItemType.INTEGER
    assert kinds["sales"] is ItemType.NUMBER
    assert (book["v_1"].source, book["v_1"].type, book["v_1"].confirm) == ("v@1", ItemType.NOMINAL, ("type",))
    assert book["class_"].source == "class"


def test_the_codebook_can_be_kept_as_a_workbook(sav: Path, tmp_path: Path) -> None:
    book = read_codebook(sav)
    write_codebook(book, tmp_path / "book.xlsx")
    back = read_codebook(tmp_path / "book.xlsx")
    assert back.items == book.items
    assert dict(back.value_lists) == dict(book.value_lists)


def test_stata(tmp_path: Path) -> None:
    path = tmp_path / "survey.dta"
    frame = pd.DataFrame({"q1": [1, 2, "a"], "q2": [1, 2, "b"], "x": [1.5, 2, 3], "n": np.int32([1, 2, 3])})
    pyreadstat.write_dta(
        frame,
        str(path),
        column_labels={"q1": "Do you lend?"},
        variable_value_labels={"q1": {1: "Yes", 2: "No", "a": "refused"}},
        missing_user_values={"q1": ["a"], "q2": ["b"]},
    )
    book = read_codebook(path)
    assert (book["q1"].type, book["q1"].confirm) == (ItemType.NOMINAL, ("type", "missing"))
    assert dict(book["q1"].missing) == {".a": R}
    assert dict(book["q2"].missing) == {".b": R}
    assert book.value_lists[book["q1"].values].codes == ("1", "2")
    assert [book[name].type for name in ("q2", "x", "n")] == [
        ItemType.INTEGER,
        ItemType.NUMBER,
        ItemType.INTEGER,
    ]


@pytest.mark.parametrize("name", ["survey.sav", "survey.zsav", "survey.dta"])
def test_damaged_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not what it says" * 40)
    with pytest.raises(UnreadableError, match="damaged"):
        read_codebook(path)
    path.write_bytes(b"")
    with pytest.raises(UnreadableError, match="empty"):
        read_codebook(path)
    with pytest.raises(UnreadableError, match="there is no file"):
        read_codebook(tmp_path / f"absent{path.suffix}")
