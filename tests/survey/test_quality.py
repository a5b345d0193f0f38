"""Quality flags on a small survey whose careless respondents are known."""

import math

import numpy as np
import pandas as pd
import pytest

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option, Role, ValueList
from socialcap.errors import UsageError
from socialcap.plan import QualityPart
from socialcap.results import Text
from socialcap.survey.quality import FLAG_NAMES, quality_flags

ORDINAL = {"type": ItemType.ORDINAL, "role": Role.ITEM}
AGREE = ValueList("agree", tuple(Option(str(k), Text(f"level {k}", f"第{k}级")) for k in range(1, 6)))
GOODS = ValueList("goods", (Option("cu", Text("Copper", "铜")), Option("al", Text("Aluminium", "铝"))))
ITEMS = [f"q{j}" for j in range(8)]
REVERSED = {"q2", "q5"}


def book_of(*extra: Item) -> Codebook:
    scales = "aabbccdd"
    likert = [
        Item(name, minimum=1, maximum=5, reverse=name in REVERSED, scale=scales[j], **ORDINAL)
        for j, name in enumerate(ITEMS)
    ]
    return Codebook((*extra, *likert), {"agree": AGREE, "goods": GOODS})


def sample(n: int = 60) -> pd.DataFrame:
    """Answers as given, by consistent respondents; reversed items run the other way."""
    rng = np.random.default_rng(5)
    traits = rng.normal(size=(n, 4))
    x = np.clip(np.round(3 + traits.repeat(2, axis=1) + rng.normal(0, 0.4, (n, 8))), 1, 5)
    frame = pd.DataFrame(x, columns=ITEMS, index=pd.RangeIndex(2, n + 2))
    frame[list(REVERSED)] = 6 - frame[list(REVERSED)]
    return frame


def coded(given: pd.DataFrame) -> pd.DataFrame:
    frame = given.copy()
    frame[list(REVERSED)] = 6 - frame[list(REVERSED)]
    return frame


def test_runs_and_spread_are_those_of_the_answers_as_given():
    given = sample()
    given.iloc[0] = 4.0
    given.iloc[1] = [1.0, 5, 1, 5, 1, 5, 1, 5]
    found = quality_flags(coded(given), book_of(), QualityPart(longstring=8, irv_below=0.1))
    assert found.items == tuple(ITEMS) and found.common_range == (1, 5)
    assert found.values["longstring"].iloc[0] == 8 and found.values["longstring"].iloc[1] == 1
    assert found.values["irv"].iloc[0] == 0
    np.testing.assert_allclose(found.values["irv"], given.std(axis=1, ddof=1), atol=1e-12)
    assert found.flags["longstring"].tolist()[:2] == [True, False]
    assert found.flags["irv"].iloc[0] and found.flags["irv"].sum() == (given.std(axis=1) < 0.1).sum()


def test_only_items_on_the_range_most_share_enter_the_runs():
    extra = [
        Item("schooling", minimum=1, maximum=6, **ORDINAL),
        Item("size", type=ItemType.NUMBER, role=Role.ITEM),
    ]
    frame = coded(sample()).assign(schooling=3.0, size=200.0)
    with_extra = quality_flags(frame, book_of(*extra), QualityPart())
    alone = quality_flags(frame[ITEMS], book_of(), QualityPart())
    pd.testing.assert_series_equal(with_extra.values["longstring"], alone.values["longstring"])
    assert with_extra.items == tuple(ITEMS)


def test_the_range_may_come_from_the_value_list():
    book = Codebook(tuple(Item(name, values="agree", **ORDINAL) for name in ITEMS), {"agree": AGREE})
    assert quality_flags(sample(), book, QualityPart()).common_range == (1, 5)


def test_consistency_falls_for_random_answers():
    given = sample(200)
    given.iloc[:40] = np.random.default_rng(1).integers(1, 6, (40, 8)).astype(float)
    found = quality_flags(
        coded(given), book_of(), QualityPart(even_odd_below=0.3, person_total_below=-0.2, mahalanobis_p=0.01)
    )
    for name in ("even_odd", "mahalanobis"):
        careless, careful = found.flags[name].iloc[:40].mean(), found.flags[name].iloc[40:].mean()
        assert careless > 0.3 and careful < 0.08
    assert (found.flags["even_odd"] == (found.values["even_odd"] < 0.3)).all()
    assert (found.flags["mahalanobis"] == (found.values["mahalanobis_p"] < 0.01)).all()
    assert (found.flags["person_total"] == (found.values["person_total"] < -0.2)).all()


def test_repeats_of_an_id_are_flagged_and_its_first_row_is_not():
    book = book_of(Item("no", role=Role.ID))
    frame = coded(sample(6)).assign(no=["a", "b", " a", None, None, "a\u200b"])
    found = quality_flags(frame, book, QualityPart())
    assert found.flags["duplicate_id"].tolist() == [False, False, True, False, False, True]
    np.testing.assert_array_equal(found.values["duplicate_id"], [3, 1, 3, math.nan, math.nan, 3])


def test_repeats_of_an_answer_pattern_count_from_the_stated_number_of_answers():
    frame = coded(sample(6))
    frame.iloc[3] = frame.iloc[1]
    frame.iloc[4, 2:] = np.nan
    frame.iloc[5] = frame.iloc[4]
    repeated = quality_flags(frame, book_of(), QualityPart(duplicate_answers=8)).flags["duplicate_answers"]
    assert repeated.tolist() == [False, False, False, True, False, False]
    repeated = quality_flags(frame, book_of(), QualityPart(duplicate_answers=2)).flags["duplicate_answers"]
    assert repeated.tolist() == [False, False, False, True, False, True]
    assert (
        not quality_flags(frame, book_of(), QualityPart(duplicate_answers=None))
        .flags["duplicate_answers"]
        .any()
    )
    named = book_of(Item("no", role=Role.ID), Item("took", role=Role.DURATION, type=ItemType.DURATION))
    told_apart = frame.assign(no=list("abcdef"), took=[100.0, 110, 120, 130, 140, 150])
    assert (
        quality_flags(told_apart, named, QualityPart(duplicate_answers=8)).flags["duplicate_answers"].sum()
        == 1
    )


def test_speeders_by_seconds_or_by_share_of_the_median():
    book = book_of(Item("took", role=Role.DURATION, type=ItemType.DURATION))
    frame = coded(sample(5)).assign(took=[50.0, 200, 300, 400, np.nan])  # median 250
    found = quality_flags(frame, book, QualityPart(speeder_seconds=40, speeder_share=0.9))
    assert found.thresholds["speeder"] == 225
    assert found.flags["speeder"].tolist() == [True, True, False, False, False]
    assert quality_flags(frame, book, QualityPart(speeder_seconds=60)).flags["speeder"].sum() == 1
    assert not quality_flags(frame, book, QualityPart()).flags["speeder"].any()


def test_duration_is_end_minus_start_where_the_platform_gives_none():
    book = book_of(
        Item("began", role=Role.START_TIME, type=ItemType.DATE),
        Item("ended", role=Role.END_TIME, type=ItemType.DATE),
    )
    start = pd.to_datetime(["2026-09-18 19:20:55", "2026-09-18 23:59:50", None])
    end = pd.to_datetime(["2026-09-18 19:30:55", "2026-09-19 00:00:20", "2026-09-19 10:00:00"])
    found = quality_flags(
        coded(sample(3)).assign(began=start, ended=end), book, QualityPart(speeder_seconds=60)
    )
    np.testing.assert_array_equal(found.values["speeder"], [600, 30, math.nan])
    assert found.flags["speeder"].tolist() == [False, True, False]


@pytest.mark.parametrize("check", ["4", "level 4", "Level  4", "第4级"])
def test_attention_checks_by_code_or_label(check):
    ordinal = Item("check", type=ItemType.ORDINAL, values="agree", role=Role.ATTENTION, check=check)
    found = quality_flags(coded(sample(4)).assign(check=[4.0, 3, np.nan, 4]), book_of(ordinal), QualityPart())
    assert found.flags["attention"].tolist() == [False, True, False, False]
    np.testing.assert_array_equal(found.values["attention"], [0, 1, math.nan, 0])


def test_attention_checks_on_nominal_and_text_answers_and_unreadable_ones():
    nominal = Item("metal", type=ItemType.NOMINAL, values="goods", role=Role.ATTENTION, check="铜")
    typed = Item("word", role=Role.ATTENTION, check="Yes")
    frame = coded(sample(4)).assign(metal=["cu", "al", None, None], word=["yes", "no", "YES", None])
    missing = pd.DataFrame("", index=frame.index, columns=frame.columns)
    missing.loc[frame.index[2:], "metal"] = [MissingKind.UNREADABLE.value, MissingKind.BLANK.value]
    missing.loc[frame.index[3], "word"] = MissingKind.BLANK.value
    found = quality_flags(frame, book_of(nominal, typed), QualityPart(), missing=missing.astype("category"))
    np.testing.assert_array_equal(found.values["attention"], [0, 2, 1, math.nan])
    assert found.flags["attention"].tolist() == [False, True, True, False]


def test_an_attention_check_that_cannot_be_evaluated_is_an_error():
    frame = coded(sample(3)).assign(check=4.0, pick_cu=1.0)
    with pytest.raises(UsageError, match="'blue'"):
        quality_flags(
            frame,
            book_of(Item("check", role=Role.ATTENTION, check="blue", **{"type": ItemType.ORDINAL})),
            QualityPart(),
        )
    with pytest.raises(UsageError, match="multiple"):
        several = Item("pick", type=ItemType.MULTIPLE, values="goods", role=Role.ATTENTION, check="cu")
        quality_flags(frame, book_of(several), QualityPart())


def test_missing_share_counts_questions_asked():
    extra = [
        Item("goods", type=ItemType.MULTIPLE, values="goods", role=Role.CONTROL),
        Item("remarks"),
        Item("loan", type=ItemType.NUMBER, role=Role.OUTCOME),
    ]
    frame = coded(sample(4)).assign(
        goods_cu=[1.0, np.nan, 0, 1], goods_al=[0, np.nan, 1.0, 1], remarks=None, loan=np.nan
    )
    missing = pd.DataFrame("", index=frame.index, columns=frame.columns)
    missing["loan"] = [
        MissingKind.SKIPPED.value,
        MissingKind.SKIPPED.value,
        MissingKind.BLANK.value,
        "refused",
    ]
    frame.iloc[2, frame.columns.get_loc("q0")] = np.nan
    found = quality_flags(frame, book_of(*extra), QualityPart(missing_share_above=0.1), missing=missing)
    np.testing.assert_allclose(found.values["missing_share"], [0, 1 / 9, 2 / 10, 1 / 10])
    assert found.flags["missing_share"].tolist() == [False, True, True, False]


def test_without_thresholds_indices_are_computed_and_nobody_is_flagged():
    given = sample()
    given.iloc[0] = 3.0
    found = quality_flags(coded(given), book_of(), QualityPart(duplicate_answers=None))
    assert not found.flags.to_numpy().any()
    assert found.values[["longstring", "irv", "mahalanobis", "missing_share"]].notna().all().all()
    assert found.flags.columns.tolist() == list(FLAG_NAMES)
    assert all(dtype.kind == "b" for dtype in found.flags.dtypes)


def test_share_of_the_items_as_longstring_threshold():
    found = quality_flags(coded(sample()), book_of(), QualityPart(longstring_share=0.75))
    assert found.thresholds["longstring"] == 6
    assert (found.flags["longstring"] == (found.values["longstring"] >= 6)).all()
    both = quality_flags(coded(sample()), book_of(), QualityPart(longstring_share=0.75, longstring=4))
    assert both.thresholds["longstring"] == 4


def test_what_cannot_be_computed_says_why():
    book = Codebook((Item("name"), Item("age", type=ItemType.NUMBER)))
    frame = pd.DataFrame({"name": ["a", "b"], "age": [30.0, 40.0]})
    found = quality_flags(frame, book, QualityPart())
    assert set(found.unavailable) == set(FLAG_NAMES) - {"duplicate_answers", "missing_share"}
    few = quality_flags(coded(sample(5)), book_of(), QualityPart(mahalanobis_p=0.01))
    assert "positive definite" in few.unavailable["mahalanobis"].en and not few.flags["mahalanobis"].any()
    assert quality_flags(frame.iloc[:0], book, QualityPart()).flags.shape == (0, len(FLAG_NAMES))


def test_the_table_shows_rule_and_count():
    given = sample()
    given.iloc[0] = 4.0
    table = quality_flags(coded(given), book_of(), QualityPart(longstring=8)).tables()[0]
    row = next(row for row in table.rows if row[0].en.startswith("Longest run"))
    assert row[5].en == "8 or more" and row[6] == 1 and row[7] == pytest.approx(1 / 60)
    headings, cells = table.text("zh")
    assert len(cells) == len(FLAG_NAMES) and all(len(cell) == len(headings) for cell in cells)
    assert "1–5" in table.notes[0].zh


def test_a_variable_that_was_left_out_of_the_cleaned_data_is_passed_over():
    frame = coded(sample()).drop(columns="q7")
    assert quality_flags(frame, book_of(), QualityPart()).items == tuple(ITEMS[:-1])
