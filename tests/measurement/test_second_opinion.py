"""The second opinion agrees where it should, says so where it does not, and leaves out what it cannot judge."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.measurement.second_opinion import correlation_opinion
from socialcap.results import Opinion, SecondOpinionResult, Text

LIKERT = pd.read_csv(Path(__file__).parents[1] / "golden" / "likert.csv")
SCALES = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6"]}


@pytest.mark.parametrize("extraction", ["principal", "minres", "ml"])
@pytest.mark.parametrize("rotation", ["varimax", "none", "oblimin"])
def test_other_libraries_agree(extraction: str, rotation: str) -> None:
    found = sc.factor_analysis(LIKERT, 3, extraction=extraction, rotation=rotation)
    opinion = sc.second_opinion(LIKERT, found, SCALES)
    # KMO, Bartlett, eigenvalues, communalities; loadings where the rotation is one that the library makes
    expected = 5 if rotation == "varimax" else 4
    assert [one.library for one in opinion.opinions].count("factor_analyzer") == expected
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


def test_a_wrong_loading_or_eigenvalue_is_seen() -> None:
    found = sc.factor_analysis(LIKERT, 3)
    turned = found.loadings @ np.array([[1, 0, 0], [0, 0.96, 0.28], [0, -0.28, 0.96]])
    turned.columns = found.loadings.columns
    opinion = sc.second_opinion(LIKERT, replace(found, loadings=turned))
    wrong = [one for one in opinion.opinions if not one.agrees]
    assert ["loading" in one.label("en") for one in wrong] == [True]
    opinion = sc.second_opinion(LIKERT, replace(found, eigenvalues=found.eigenvalues + 1e-6))
    assert [one.label("en")[:10] for one in opinion.opinions if not one.agrees] == ["Eigenvalue"]


def test_the_verdict_names_what_differs_and_the_largest_difference_of_each_library() -> None:
    close = Opinion(Text("KMO", "KMO"), "one", 0.8, 0.8 + 2e-9, 1e-8)
    closer = Opinion(Text("alpha", "α"), "one", 0.7, 0.7 + 1e-9, 1e-8)
    apart = Opinion(Text("slope", "斜率"), "two", 1.0, 1.1, 1e-8)
    agreeing = SecondOpinionResult((close, closer))
    assert agreeing.verdict()("en").startswith("All 2 numbers") and agreeing.largest() == {"one": close}
    both = agreeing.joined(SecondOpinionResult((apart,)))
    assert not both.agrees and both.largest()["two"] == apart
    assert "1 of 3" in both.verdict()("en") and "slope (two)" in both.verdict()("en")
    assert "斜率（two）" in both.tables()[0].to_text("zh")
    lost = Opinion(Text("p", "p"), "two", float("nan"), 1.0, 1e-8)
    assert both.joined(SecondOpinionResult((lost,))).largest()["two"] is lost


def test_correlations_of_variables_with_holes_agree() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(60, 4)), columns=list("abcd")).mask(rng.random((60, 4)) < 0.1)
    found = sc.profile(frame, describe=list("abcd"))
    opinion = correlation_opinion(frame, found)
    assert len(opinion.opinions) == 1 and opinion.agrees
    assert found.correlations is not None
    bent = found.correlations.copy()
    bent.loc["d", "b"] = bent.loc["b", "d"] = 0.9
    opinion = correlation_opinion(frame, replace(found, correlations=bent))
    assert not opinion.agrees and "d, b" in opinion.opinions[0].label("en")
