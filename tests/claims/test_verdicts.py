"""What the two studies' own runs say of their claims: the line from the study file to the verdicts."""

from pathlib import Path

import pytest

import socialcap as sc
from socialcap.results import StudyResult

REPOSITORY = Path(__file__).parents[2]
SOUTHERN_AFRICA = REPOSITORY / "tests" / "studies" / "southern_africa"
SURVEY = (REPOSITORY / ".." / "shared" / "data" / "sme_southern_africa" / "responses.csv").resolve()


@pytest.fixture(scope="module")
def miluo() -> StudyResult:
    return sc.run(sc.read_study(REPOSITORY / "data" / "miluo"))


def verdicts(result: StudyResult) -> dict[str, str]:
    assert result.claims is not None
    return {claim.name: claim.verdict for claim in result.claims.claims}


def test_the_replica_bears_out_the_published_conclusions_but_one(miluo: StudyResult) -> None:
    """200 firms cannot show that a coefficient is below .10 in size: that conclusion stays open."""
    found = verdicts(miluo)
    assert found.pop("entrepreneur_hardly") == "not_settled"
    assert set(found.values()) == {"supported"} and len(found) == 10


def test_a_verdict_is_the_pipelines_and_says_how_many_specifications_agree(miluo: StudyResult) -> None:
    assert miluo.claims is not None
    whole, hardly = miluo.claims["capital_helps"], miluo.claims["entrepreneur_hardly"]
    carried = miluo.pipelines["composite"].coefficients.loc["social_capital"]
    in_deviations = whole.estimate / carried["estimate"]
    assert whole.std_error == pytest.approx(carried["pipeline_se"] * in_deviations, rel=1e-12)
    curves = {(curve.regression, curve.term): curve for curve in miluo.specifications}
    assert set(curves) == {("composite", "social_capital"), ("factors", "entrepreneur")}
    for claim, key in ((whole, ("composite", "social_capital")), (hardly, ("factors", "entrepreneur"))):
        assert claim.agreement is not None
        assert claim.agreement.count == len(curves[key].curve)
    betas = curves["factors", "entrepreneur"].curve["beta"]
    assert hardly.agreement is not None
    assert hardly.agreement.same_side == pytest.approx((betas.abs() < 0.10).mean())


def test_the_words_of_an_open_question_say_neither_yes_nor_no(miluo: StudyResult) -> None:
    assert miluo.claims is not None
    words = miluo.claims["entrepreneur_hardly"].words
    assert "can rule out neither" in words("en") and "−0.15" in words("en") and "0.09" in words("en")
    assert "−0.15" in words("zh") and "0.09" in words("zh")


def test_the_results_hold_the_verdicts_and_the_curves(miluo: StudyResult) -> None:
    tables = miluo.to_dict()["tables"]
    assert {"claims", "claim_evidence", "specifications_joint_composite_social_capital"} <= set(tables)
    joint = tables["specifications_joint_composite_social_capital"]
    assert all(row[-1] < 0.05 for row in joint["rows"])
    alone = tables["specifications_joint_factors_entrepreneur"]
    assert all(row[-1] > 0.05 for row in alone["rows"])


@pytest.mark.skipif(not SURVEY.exists(), reason="the southern African survey is not there")
def test_a_real_survey_contradicts_what_it_contradicts() -> None:
    found = verdicts(sc.run(sc.read_study(SOUTHERN_AFRICA)))
    assert found == {
        "standing_opens": "not_settled",
        "seniority_hardly": "supported",
        "no_crowding_out": "supported",
        "kin_as_last_resort": "not_settled",
        "few_loans": "supported",
        "three_dimensions": "supported",
        "grouped_as_meant": "contradicted",
    }
