"""The sample flow: rules in order, each respondent counted once, and the sum always right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialcap.codebook import Codebook, Item, ItemType, Role
from socialcap.errors import StudyError
from socialcap.plan import ExcludePart, QualityPart
from socialcap.results import Text
from socialcap.survey import clean
from socialcap.survey.flow import EXCLUSION_COLUMNS, Exclusion, excluded, exclusion_list, sample_flow
from socialcap.survey.raw import RawColumn, RawSurvey

BOOK = Codebook(
    (
        Item("id", role=Role.ID),
        Item("age", type=ItemType.INTEGER),
        Item("seconds", type=ItemType.DURATION, role=Role.DURATION),
    )
)
CELLS = {
    "id": ["a", "b", "a", "c", "", ""],
    "age": ["30", "17", "16", "", "40", "41"],
    "seconds": ["100", "100", "5", "5", "100", "100"],
}


def survey(exclude: list[ExcludePart], **quality: float):  # type: ignore[no-untyped-def]
    frame = pd.DataFrame({key: pd.Series(texts, dtype="str") for key, texts in CELLS.items()})
    raw = RawSurvey(frame, tuple(RawColumn(key, key) for key in CELLS), np.arange(2, 8), "plain", ())
    return clean(raw, BOOK, quality=QualityPart(**quality), exclude=exclude)  # type: ignore[arg-type]


def test_each_respondent_is_counted_under_the_first_rule_that_hits() -> None:
    rules = [
        ExcludePart(flag="duplicate_id"),
        ExcludePart(when="age < 18", reason=Text("Under age", "未成年")),
        ExcludePart(flag="speeder"),
    ]
    found = survey(rules, speeder_seconds=60)
    steps = [(row[0].en, row[1], row[2]) for row in found.flow().rows]
    assert steps == [
        ("Received", 6, 6),
        ("Excluded: Id seen before", 1, 5),
        ("Excluded: Under age", 1, 4),
        ("Excluded: Answered too fast", 1, 3),
        ("Analysed", 3, 3),
    ]
    assert found.responses.index.tolist() == [2, 6, 7]
    assert len(found.cleaned) == 6
    assert tuple(found.exclusions.columns) == EXCLUSION_COLUMNS
    assert found.exclusions.to_numpy(dtype=object).tolist() == [
        [3, "b", "age < 18", "Under age"],
        [4, "a", "duplicate_id", "Id seen before"],
        [4, "a", "age < 18", "Under age"],
        [4, "a", "speeder", "Answered too fast"],
        [5, "c", "speeder", "Answered too fast"],
    ]


def test_nobody_is_excluded_without_a_rule() -> None:
    found = survey([], speeder_seconds=60)
    assert found.flags.flags["speeder"].sum() == 2
    assert len(found.responses) == 6 and found.exclusions.empty


def test_a_missing_condition_excludes_nobody() -> None:
    assert survey([ExcludePart(when="age < 99")]).responses.index.tolist() == [5]


def test_a_flag_without_a_threshold_is_a_mistake() -> None:
    with pytest.raises(StudyError, match="sets no threshold for the flag speeder"):
        survey([ExcludePart(flag="speeder")])


def test_a_flag_that_cannot_be_computed_is_said_to_hit_nobody() -> None:
    found = survey([ExcludePart(flag="attention")])
    assert [p.message for p in found.problems] == [
        "the flag attention hits nobody: no attention check in the codebook"
    ]


@given(st.integers(0, 20).flatmap(lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n))))
def test_the_flow_always_adds_up(hits: list[list[bool]]) -> None:
    rows = len(hits[0]) if hits else 5
    rules = [Exclusion(f"rule {i}", Text(f"r{i}"), np.array(h, dtype=bool)) for i, h in enumerate(hits)]
    received, *steps, analysed = sample_flow(rules, rows).rows
    assert received[1] - sum(step[1] for step in steps) == analysed[1]
    assert analysed[1] == rows - excluded(rules, rows).sum()
    assert [step[2] for step in steps[-1:]] in ([], [analysed[1]])
    people = np.array([f"p{i}" for i in range(rows)], dtype=object)
    listed = exclusion_list(rules, pd.RangeIndex(rows), people)
    assert len(listed) == sum(sum(h) for h in hits)
    assert listed["row"].nunique() == rows - analysed[1]
