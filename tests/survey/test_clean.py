"""From raw cells to a Survey: routing, reversal, multiple choice, derived variables, exclusions, errors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option, Role, ValueList
from socialcap.errors import CodebookError, StudyError
from socialcap.plan import DerivedPart, ExcludePart, QualityPart
from socialcap.results import Text
from socialcap.survey import clean, read_survey
from socialcap.survey.ledger import replay
from socialcap.survey.raw import RawColumn, RawSurvey, SourceFile
from socialcap.survey.survey import Survey

YES_NO = ValueList("yes_no", (Option("1", Text("Yes", "是")), Option("0", Text("No", "否"))))
TRADE = ValueList(
    "trade",
    (
        Option("cu", Text("Copper", "铜")),
        Option("al", Text("Aluminium", "铝")),
        Option("other", Text("Other", "其他")),
    ),
)
REFUSABLE = ValueList(
    "refusable", (*TRADE.options, Option("na", Text("Refused", "拒答"), MissingKind.REFUSED))
)
LISTS = {value_list.name: value_list for value_list in (YES_NO, TRADE, REFUSABLE)}


def raw_survey(cells: dict[str, list[str]], **more: object) -> RawSurvey:
    frame = pd.DataFrame({key: pd.Series(texts, dtype="str") for key, texts in cells.items()})
    columns = more.pop("columns", tuple(RawColumn(key, key) for key in cells))
    rows = np.arange(2, len(frame) + 2)
    return RawSurvey(frame, columns, rows, "plain", (), **more)  # type: ignore[arg-type]


def book_of(*items: Item) -> Codebook:
    return Codebook(items, LISTS)


def lines(survey: Survey, variable: str) -> list[tuple[int, str, str, str]]:
    part = survey.ledger[survey.ledger["variable"] == variable]
    return [tuple(line) for line in part[["row", "old", "new", "rule"]].to_numpy(dtype=object).tolist()]


def assert_replays(survey: Survey) -> None:
    replayed = replay(survey.raw, survey.ledger, survey.codebook)
    pd.testing.assert_frame_equal(replayed, survey.cleaned[list(survey.raw.columns)], check_exact=True)


def test_columns_have_the_declared_types() -> None:
    kinds = [
        ("t", ItemType.TEXT, "word", "str"),
        ("n", ItemType.NOMINAL, "x", "str"),
        ("o", ItemType.ORDINAL, "3", "float64"),
        ("y", ItemType.YEAR, "2009年", "float64"),
        ("d", ItemType.DATE, "2026/9/18 19:20:55", "datetime64[us]"),
        ("s", ItemType.DURATION, "2分3秒", "float64"),
    ]
    book = book_of(*(Item(name, type=kind) for name, kind, _, _ in kinds))
    survey = clean(raw_survey({name: [text, ""] for name, _, text, _ in kinds}), book)
    assert {name: str(dtype) for name, dtype in survey.cleaned.dtypes.items()} == {
        name: dtype for name, _, _, dtype in kinds
    }
    assert survey.cleaned.iloc[0].tolist() == ["word", "x", 3, 2009, pd.Timestamp("2026-09-18 19:20:55"), 123]
    assert survey.cleaned.iloc[1].isna().all()
    assert survey.missing.iloc[1].tolist() == ["blank"] * 6
    assert survey.cleaned.index.tolist() == [2, 3] and survey.cleaned.index.name == "row"
    assert_replays(survey)


class TestRouting:
    BOOK = book_of(
        Item("applied", type=ItemType.ORDINAL, values="yes_no"),
        Item("granted", type=ItemType.INTEGER, skip_if="applied == 0", missing={"99": MissingKind.REFUSED}),
        Item("rate", type=ItemType.INTEGER, skip_if="granted < 1"),
    )

    def test_blank_cells_of_questions_not_asked_are_skipped(self) -> None:
        survey = clean(
            raw_survey(
                {
                    "applied": ["1", "0", "0", "", "0", "1"],
                    "granted": ["5", "", "7", "", "99", "0"],
                    "rate": ["3", "", "4", "2", "", ""],
                }
            ),
            self.BOOK,
        )
        assert survey.missing["granted"].tolist() == ["", "skipped", "skipped", "blank", "skipped", ""]
        assert survey.missing["rate"].tolist() == ["", "blank", "", "", "blank", "skipped"]
        assert lines(survey, "granted") == [(4, "7", "", "not_asked"), (6, "99", "", "missing_code")]
        assert survey.ledger["reason"].tolist()[0] == "not asked where applied == 0"
        assert_replays(survey)

    def test_conditions_speak_of_answers_as_given(self) -> None:
        book = book_of(
            Item("disputes", type=ItemType.INTEGER, minimum=0, maximum=20, reverse=True),
            Item("settled", type=ItemType.INTEGER, skip_if="disputes == 0"),
        )
        survey = clean(raw_survey({"disputes": ["0", "20"], "settled": ["", "3"]}), book)
        assert survey.cleaned["disputes"].tolist() == [20, 0]
        assert survey.missing["settled"].tolist() == ["skipped", ""]

    def test_an_answer_not_asked_for_is_not_reversed_first(self) -> None:
        book = book_of(
            Item("applied", type=ItemType.INTEGER),
            Item("ease", type=ItemType.ORDINAL, minimum=1, maximum=5, reverse=True, skip_if="applied == 0"),
        )
        survey = clean(raw_survey({"applied": ["0", "1"], "ease": ["４", "４"]}), book)
        assert lines(survey, "ease") == [
            (2, "４", "4", "notation"),
            (2, "4", "", "not_asked"),
            (3, "４", "4", "notation"),
            (3, "4", "2", "reversed"),
        ]
        assert_replays(survey)

    def test_only_variables_before_may_route(self) -> None:
        book = book_of(
            Item("a", type=ItemType.INTEGER, skip_if="b == 1"),
            Item("b", type=ItemType.INTEGER, skip_if="a ="),
        )
        with pytest.raises(CodebookError) as caught:
            clean(raw_survey({"a": ["1"], "b": ["1"]}), book)
        assert len(caught.value.problems) == 2
        assert "no variable b stands before this one" in str(caught.value)


class TestMultipleChoice:
    ITEM = Item("trades", type=ItemType.MULTIPLE, values="trade")

    def test_a_list_in_one_cell(self) -> None:
        raw = raw_survey(
            {"trades": ["铜┋其他〖铅┋锌〗", "铜", "(跳过)", "", "铜┋锡", "cu┋AL"]},
            markers={"(跳过)": MissingKind.SKIPPED},
            list_separator="┋",
            extras=("〖", "〗"),
        )
        survey = clean(raw, book_of(self.ITEM))
        cleaned, missing = survey.cleaned, survey.missing
        assert list(cleaned.columns) == ["trades_cu", "trades_al", "trades_other", "trades_text"]
        np.testing.assert_array_equal(cleaned["trades_cu"], [1, 1, np.nan, np.nan, 1, 1])
        np.testing.assert_array_equal(cleaned["trades_al"], [0, 0, np.nan, np.nan, np.nan, 1])
        np.testing.assert_array_equal(cleaned["trades_other"], [1, 0, np.nan, np.nan, np.nan, 0])
        assert missing["trades_al"].tolist() == ["", "", "skipped", "blank", "unreadable", ""]
        assert cleaned["trades_text"].dropna().to_dict() == {2: "铅┋锌"}
        assert survey.raw["trades_al"].tolist() == raw.cells["trades"].tolist()
        assert_replays(survey)

    def test_codes_separated_by_spaces(self) -> None:
        raw = raw_survey({"trades": ["cu al", "other", ""]}, list_separator=" ")
        survey = clean(raw, book_of(self.ITEM))
        np.testing.assert_array_equal(survey.cleaned["trades_cu"], [1, 0, np.nan])
        assert_replays(survey)

    def test_parts_that_look_like_an_option_are_near_misses(self) -> None:
        raw = raw_survey({"trades": ["Coper,al", "cu,Coper", "zinc"]}, list_separator=",")
        survey = clean(raw, book_of(self.ITEM))
        assert survey.near_misses.to_numpy(dtype=object).tolist() == [["trades", "Coper", 2, "Copper"]]
        assert set(survey.ledger["reason"]) == {
            "named in the list",
            "a part names no option; nearest: cu",
            "a part names no option",
        }

    def block(self, cells: dict[str, list[str]], values: str = "trade") -> Survey:
        keys = {f"trades[{code}]": texts for code, texts in cells.items()}
        columns = tuple(RawColumn(f"trades[{code}]", f"trades[{code}]", option=code) for code in cells)
        return clean(raw_survey(keys, columns=columns), book_of(replace(self.ITEM, values=values)))

    def test_zeros_and_ones_leave_blanks_missing(self) -> None:
        survey = self.block({"cu": ["1", "0", ""], "al": ["0", "", ""], "other": ["0", "1.0", ""]})
        np.testing.assert_array_equal(survey.cleaned["trades_cu"], [1, 0, np.nan])
        np.testing.assert_array_equal(survey.cleaned["trades_al"], [0, np.nan, np.nan])
        assert lines(survey, "trades_cu") == []
        assert lines(survey, "trades_other") == [(3, "1.0", "1", "code_form")]
        assert_replays(survey)

    def test_ticks_alone_make_the_rest_of_a_ticked_block_zero(self) -> None:
        survey = self.block({"cu": ["Y", "", ""], "al": ["", "", "Y"], "other": ["Y", "", "?"]})
        np.testing.assert_array_equal(survey.cleaned["trades_cu"], [1, np.nan, 0])
        np.testing.assert_array_equal(survey.cleaned["trades_al"], [0, np.nan, 1])
        assert survey.missing["trades_other"].tolist() == ["", "blank", "unreadable"]
        assert lines(survey, "trades_cu") == [(2, "Y", "1", "code_form"), (4, "", "0", "not_ticked")]
        assert_replays(survey)

    def test_ticking_an_option_that_means_no_answer(self) -> None:
        survey = self.block(
            {"cu": ["Y", ""], "al": ["", ""], "other": ["", ""], "na": ["", "Y"]}, "refusable"
        )
        assert "trades_na" not in survey.cleaned
        assert survey.missing["trades_cu"].tolist() == ["", "refused"]
        assert_replays(survey)

    def test_the_words_of_a_value_may_stand_for_the_tick(self) -> None:
        survey = self.block({"cu": ["Copper", ""], "al": ["", "铝"], "other": ["", ""]})
        np.testing.assert_array_equal(survey.cleaned["trades_cu"], [1, 0])
        np.testing.assert_array_equal(survey.cleaned["trades_al"], [0, 1])
        assert_replays(survey)


class TestDerived:
    BOOK = book_of(
        Item("founded", type=ItemType.YEAR),
        Item("trade", type=ItemType.NOMINAL, values="trade"),
        Item("phone", type=ItemType.TEXT, pii=True),
    )
    RAW = raw_survey(
        {"founded": ["2009年", "2016", ""], "trade": ["铜", "al", "cu"], "phone": ["1", "2", "3"]}
    )

    def derive(self, **expressions: str) -> Survey:
        return clean(self.RAW, self.BOOK, derive=parts(**expressions))

    def test_in_the_order_of_use_and_of_the_file(self) -> None:
        survey = self.derive(ln_age="log(age)", age="2016 - founded", copper='dummy(trade, "cu")')
        assert list(survey.responses.columns) == ["founded", "trade", "ln_age", "age", "copper"]
        np.testing.assert_array_equal(survey.responses["age"], [7, 0, np.nan])
        np.testing.assert_array_equal(survey.responses["ln_age"], [math.log(7), np.nan, np.nan])
        (warning,) = survey.problems
        assert "log has no result in 1 row(s)" in warning.message and warning.severity == "warning"
        assert survey.label("copper").en == "copper" and survey.label("trade").en == "trade"

    def test_all_mistakes_at_once(self) -> None:
        expressions = {
            "founded": "1",
            "a": "b + 1",
            "b": "a * 2",
            "c": "log(foundet)",
            "d": "log(",
            "e": 'dummy(trade, "Copper")',
            "f": "phone == '1'",
            "2nd": "1",
        }
        rule = ExcludePart(when="trad == 'cu'")
        with pytest.raises(StudyError) as caught:
            clean(self.RAW, self.BOOK, derive=parts(**expressions), exclude=[rule])
        message = str(caught.value)
        for words in (
            "the codebook has a variable 'founded' already",
            "defined in a circle: ",
            "no variable foundet; did you mean 'founded'?",
            "not a complete expression",
            "trade has no code 'Copper'",
            "expected 'cu'",
            "phone is personal and left out",
            "letters, digits and _",
            "no variable trad; did you mean 'trade'?",
        ):
            assert words in message
        assert len(caught.value.problems) == 8

    def test_an_expression_that_the_data_refuse(self) -> None:
        with pytest.raises(StudyError, match="a number is needed here, this is a text"):
            self.derive(x="trade + 1")

    def test_z_scores_are_over_the_analysed(self) -> None:
        book = book_of(Item("x", type=ItemType.NUMBER))
        survey = clean(
            raw_survey({"x": ["1", "2", "3", "100"]}),
            book,
            derive=parts(zx="z(x)"),
            exclude=[ExcludePart(when="x > 50")],
        )
        np.testing.assert_allclose(survey.responses["zx"], [-1, 0, 1], rtol=0, atol=1e-15)
        assert survey.cleaned["zx"].iloc[0] > -1


def parts(**expressions: str) -> dict[str, DerivedPart]:
    return {name: DerivedPart(expression=text) for name, text in expressions.items()}


class TestPersonal:
    BOOK = book_of(
        Item("phone", type=ItemType.TEXT, pii=True, role=Role.ID),
        Item("x", type=ItemType.NUMBER),
    )
    RAW = raw_survey({"phone": ["13812345678", "13912345678"], "x": ["１", "2"], "ip": ["1.2.3.4", ""]})

    def test_is_left_out_of_everything(self) -> None:
        survey = clean(self.RAW, self.BOOK)
        for frame in (survey.responses, survey.cleaned, survey.raw, survey.missing):
            assert list(frame.columns) == ["x"]
        everything = survey.ledger.astype(str).to_csv() + str(survey.to_dict()) + survey.exclusions.to_csv()
        assert "138123" not in everything
        assert survey.ledger["respondent"].tolist() == ["2"]
        assert survey.unknown_columns == ("ip",)

    def test_unless_asked_for(self) -> None:
        survey = clean(self.RAW, self.BOOK, keep_personal=True)
        assert list(survey.responses.columns) == ["phone", "x"]
        assert survey.ledger["respondent"].tolist() == ["13812345678"]

    def test_a_column_that_looks_personal_is_named(self) -> None:
        columns = (RawColumn("phone", "phone"), RawColumn("x", "x", personal=True))
        raw = replace(self.RAW, cells=self.RAW.cells[["phone", "x"]], columns=columns)
        (warning,) = clean(raw, self.BOOK).problems
        assert warning.value == "x" and "personal" in warning.message


def test_a_source_without_a_column_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(CodebookError, match="did you mean 'trust_1'"):
        clean(raw_survey({"trust_1": ["1"]}), book_of(Item("trust", source="trust_l")))


def test_reversing_without_a_range_is_an_error() -> None:
    with pytest.raises(CodebookError, match="reversing needs the scale's range"):
        clean(raw_survey({"x": ["1"]}), book_of(Item("x", type=ItemType.ORDINAL, reverse=True, minimum=1)))


def test_stacked_files_have_running_rows_and_name_their_source() -> None:
    raw = raw_survey(
        {"x": ["1", "2"], "source": ["a.csv", "b.csv"]},
        columns=(RawColumn("x", "x"), RawColumn("source", "", label="File")),
    )
    files = tuple(SourceFile(name, "", "csv") for name in ("a.csv", "b.csv"))
    raw = replace(raw, row_numbers=np.array([2, 2]), files=files)
    survey = clean(raw, book_of(Item("x", type=ItemType.NUMBER)))
    assert survey.cleaned.index.tolist() == [1, 2]
    assert survey.responses["source"].tolist() == ["a.csv", "b.csv"]


def test_no_rows_at_all() -> None:
    book = book_of(Item("x", type=ItemType.NUMBER), Item("trades", type=ItemType.MULTIPLE, values="trade"))
    survey = clean(raw_survey({"x": [], "trades": []}, list_separator="┋"), book, quality=QualityPart())
    assert survey.flow().rows[-1][1] == 0
    assert len(survey.tables()) >= 3


def test_files_are_read_matched_and_cleaned(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "export.csv"
    path.write_text("id,age,trade\nf1,４５,铜\nf2,,Coper\n", encoding="utf-8")
    book = book_of(
        Item("id", role=Role.ID),
        Item("age", type=ItemType.INTEGER),
        Item("trade", type=ItemType.NOMINAL, values="trade"),
    )
    survey = read_survey(path, book)
    assert survey.responses["age"].tolist()[0] == 45
    assert survey.ledger["respondent"].tolist() == ["f1", "f1", "f2"]
    assert survey.near_misses.to_numpy(dtype=object).tolist() == [["trade", "Coper", 1, "Copper"]]
    keys = [table.key for table in survey.tables()]
    assert keys[:3] == ["sample_flow", "items", "changes"] and keys[-1] == "near_misses"
    items = survey.items()
    assert [row[0] for row in items.rows] == ["id", "age", "trade"]
    assert [column.key for column in items.columns[2:5]] == ["n", "blank", "unreadable"]
    assert items.rows[1][2:5] == (1, 1, 0)
