"""The second opinion agrees where it should, says so where it does not, and leaves out what it cannot judge."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import socialcap as sc

LIKERT = pd.read_csv(Path(__file__).parents[1] / "golden" / "likert.csv")
SCALES = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6"]}


@pytest.mark.parametrize("extraction", ["principal", "minres", "ml"])
@pytest.mark.parametrize("rotation", ["varimax", "none", "oblimin"])
def test_other_libraries_agree(extraction: str, rotation: str) -> None:
    found = sc.factor_analysis(LIKERT, 3, extraction=extraction, rotation=rotation)
    opinion = sc.second_opinion(LIKERT, found, SCALES)
    assert [one.library for one in opinion.opinions].count("factor_analyzer") == 3
    assert [one.library for one in opinion.opinions].count("pingouin") == 2
    assert opinion.agrees, opinion


def test_a_wrong_number_is_seen() -> None:
    found = sc.factor_analysis(LIKERT, 3, extraction="minres")
    bent = found.communalities.copy()
    bent.iloc[0] += 0.05
    opinion = sc.second_opinion(LIKERT, replace(found, communalities=bent))
    assert not opinion.agrees
    assert "DIFFERS" in opinion.tables()[0].to_text("en") and "不一致" in opinion.tables()[0].to_text("zh")


def test_what_the_libraries_do_differently_is_left_out() -> None:
    axes = sc.factor_analysis(LIKERT, 3, extraction="paf")
    assert len(sc.second_opinion(LIKERT, axes).opinions) == 2
    ordinal = sc.factor_analysis(LIKERT, 3, correlations="polychoric")
    assert sc.second_opinion(LIKERT, ordinal).opinions == ()
