"""Common factors beyond those that the items carry: the extractions still meet, and stay proper."""

from pathlib import Path

import pytest

import socialcap as sc
from socialcap.plan import read_study
from socialcap.study.names import factor_items
from socialcap.study.reading import load_survey

MILUO = Path(__file__).parents[2] / "data" / "miluo"
# psych 2.2.9, fa(R, 5) with fm = "minres" and "pa", min.err = 1e-10, on the 190 complete firms of the replica
LARGEST_COMMUNALITY = 0.838794


def test_axis_factoring_with_a_factor_too_many_does_not_leave_the_valley() -> None:
    plan = read_study(MILUO)
    survey, book = load_survey(plan)
    items = factor_items(plan, book)
    paf, minres = (
        sc.factor_analysis(survey.responses, 5, items=items, extraction=method, rotation="none")
        for method in ("paf", "minres")
    )
    assert paf.converged and paf.heywood == ()
    assert paf.communalities.max() == pytest.approx(LARGEST_COMMUNALITY, abs=1e-6)
    assert paf.communalities.to_numpy() == pytest.approx(minres.communalities.to_numpy(), abs=1e-5)
