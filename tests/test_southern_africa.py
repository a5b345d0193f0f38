"""A real survey of 9,618 small firms in four countries: every answer typed, every loss accounted for.

The data stay where they are (no licence was found with them); the tests are skipped where they are absent.
Counts were taken from the file itself by plain text comparison, independently of the package.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from socialcap.codebook import Codebook, ItemType, MissingKind, read_codebook
from socialcap.plan import StudyPlan, read_study
from socialcap.survey import read_survey
from socialcap.survey.ledger import replay
from socialcap.survey.survey import Survey

STUDY = Path(__file__).parent / "studies" / "southern_africa"
DATA = Path(__file__).resolve().parents[1] / "../shared/data/sme_southern_africa/responses.csv"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the survey's data are not at {DATA}")

COUNTRIES = {"eswatini": 2674, "zimbabwe": 2612, "malawi": 2388, "lesotho": 1944}

NOT_ASKED = {
    "lesotho": {
        "has_cellphone",
        "owner_sex",
        "offers_credit_to_customers",
        "attitude_satisfied_with_achievement",
        "has_credit_card",
        "keeps_financial_records",
        "perception_insurance_companies_dont_insure_businesses_like_yours",
        "perception_insurance_important",
        "has_insurance",
        "business_age_months",
        "medical_insurance",
        "funeral_insurance",
    },
    "malawi": {"covid_essential_service"},
    "zimbabwe": {
        "attitude_more_successful_next_year",
        "problem_sourcing_money",
        "marketing_word_of_mouth",
        "has_loan_account",
        "has_internet_banking",
        "has_debit_card",
        "uses_friends_family_savings",
        "uses_informal_lender",
    },
    "eswatini": {"future_risk_theft_stock", "motivation_make_more_money"},
}


@pytest.fixture(scope="module")
def plan() -> StudyPlan:
    return read_study(STUDY)


@pytest.fixture(scope="module")
def book(plan: StudyPlan) -> Codebook:
    return read_codebook(plan.path(plan.data.codebook))


@pytest.fixture(scope="module")
def survey(plan: StudyPlan, book: Codebook) -> Survey:
    return read_survey(
        [plan.path(file) for file in plan.data.files],
        book,
        platform=plan.data.platform,
        derive=plan.derive,
        quality=plan.quality,
        exclude=plan.exclude,
    )


@pytest.fixture(scope="module")
def cells() -> dict[str, list[str]]:
    """The file's cells by column, read by the standard library alone."""
    with DATA.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    return dict(zip(header, map(list, zip(*lines, strict=True)), strict=True))


def test_every_row_and_column_is_there(survey: Survey, cells: dict[str, list[str]]) -> None:
    assert len(survey.cleaned) == 9618
    assert [item.name for item in survey.codebook] == list(cells)
    assert survey.unknown_columns == ()
    assert survey.cleaned["country"].value_counts().to_dict() == COUNTRIES


def test_every_answer_variant_is_typed(survey: Survey, cells: dict[str, list[str]]) -> None:
    kinds = Counter(survey.missing.to_numpy(dtype=object).ravel().tolist())
    assert kinds[MissingKind.UNREADABLE] == 0
    # One owner of 103: the only value outside its range.
    assert kinds[MissingKind.OUT_OF_RANGE] == 1
    assert survey.near_misses.empty
    for item in survey.codebook:
        if item.values:
            answered = {text for text in cells[item.name] if text}
            in_words = set(survey.raw[item.name].unique()) - {""}
            assert answered == in_words


def test_refusals_are_the_words_for_them(survey: Survey, cells: dict[str, list[str]]) -> None:
    words = ("don", "do not know", "refused")
    for item in survey.codebook:
        if item.type is not ItemType.ORDINAL:
            continue
        refused = sum(text.strip().lower().startswith(words) for text in cells[item.name])
        assert (survey.missing[item.name] == MissingKind.REFUSED).sum() == refused, item.name


def test_the_sentinel_97_is_no_income(survey: Survey, cells: dict[str, list[str]]) -> None:
    for name in ("personal_income", "business_expenses", "business_turnover"):
        sentinel = np.array(cells[name]) == "97.0"
        assert sentinel.sum() > 200
        assert survey.cleaned.loc[sentinel, name].isna().all()
        assert (survey.missing.loc[sentinel, name] == MissingKind.REFUSED).all()


def test_a_stray_zero_among_words_is_the_box_left_empty(survey: Survey, cells: dict[str, list[str]]) -> None:
    zero = np.array(cells["current_problem_cash_flow"]) == "0"
    assert zero.sum() == 1265
    assert (survey.cleaned.loc[zero, "current_problem_cash_flow"] == 0).all()


def test_questions_not_asked_in_a_country_are_counted_as_such(survey: Survey) -> None:
    for country, firms in COUNTRIES.items():
        here = survey.missing[survey.cleaned["country"] == country]
        skipped = (here == MissingKind.SKIPPED).sum()
        assert set(skipped[skipped > 0].index) == NOT_ASKED[country]
        assert set(skipped[skipped > 0]) == {firms}
    assert "not_asked" not in set(survey.ledger["rule"])


def test_no_question_is_blank_throughout_a_country(survey: Survey) -> None:
    for country in COUNTRIES:
        here = survey.missing[survey.cleaned["country"] == country]
        blank = (here == MissingKind.BLANK).mean()
        assert blank.max() < 1, country


def test_raw_and_ledger_give_the_cleaned_data(survey: Survey) -> None:
    replayed = replay(survey.raw, survey.ledger, survey.codebook)
    pd.testing.assert_frame_equal(replayed, survey.cleaned[list(replayed.columns)], check_exact=True)
    assert set(survey.ledger["rule"]) == {
        "label",
        "missing_option",
        "missing_code",
        "code_form",
        "out_of_range",
    }


def test_firms_lost_at_each_step(survey: Survey, cells: dict[str, list[str]]) -> None:
    ages = np.array([float(text) for text in cells["owner_age"]])
    years = np.array([float(text or "nan") for text in cells["business_age_years"]])
    known = ages <= 98
    implausible = known & (ages - years < 10)
    steps = [row[1] for row in survey.flow().rows]
    assert steps == [9618, implausible.sum(), (~known).sum(), (known & ~implausible).sum()]


def test_social_capital_variables(survey: Survey) -> None:
    frame = survey.responses
    for name in ("keeps_records", "pays_tax", "kin_savings", "informal_lender", "loan_ever", "female_owner"):
        assert set(frame[name].dropna()) == {0.0, 1.0}
    both = frame[["business_age_years", "business_age_months"]].notna().any(axis=1)
    assert frame["firm_age"].notna().equals(both)
    # Loans: everybody who has or had one, of those asked who know.
    ever = frame["has_loan_account"].isin([1.0, 2.0])
    np.testing.assert_array_equal(
        frame.loc[frame["loan_ever"].notna(), "loan_ever"], ever[frame["loan_ever"].notna()]
    )
    assert frame["loan_ever"].isna().equals(frame["has_loan_account"].isna())
    # Where the file has "Yes" or nothing, nothing is counted as no; elsewhere a blank stays missing.
    ticked = frame["country"] == "eswatini"
    asked = frame.loc[ticked, "problem_sourcing_money"]
    assert set(asked.dropna()) == {1.0} and asked.isna().any()
    assert frame.loc[ticked, "sourcing_problem"].sum() == asked.sum()
    assert frame.loc[~ticked, "sourcing_problem"].equals(frame.loc[~ticked, "problem_sourcing_money"])
    # Logarithms of four currencies differ by a constant per country: within a country the order is kept.
    undefined = (frame["business_turnover"] == 0).sum()
    warned = [problem for problem in survey.problems if problem.where == "derive.ln_turnover"]
    assert warned[0].message.startswith(f"log has no result in {undefined} row(s)")


def test_the_correlations_of_the_factor_items_allow_three_factors(survey: Survey, plan: StudyPlan) -> None:
    assert plan.factors is not None
    answered = survey.responses[list(plan.factors.items)].dropna()
    lost = set(COUNTRIES) - set(survey.responses.loc[answered.index, "country"])
    assert lost == {"lesotho", "zimbabwe"}
    eigenvalues = np.linalg.eigvalsh(answered.corr().to_numpy())
    assert (eigenvalues > 1).sum() == plan.factors.n_factors
