"""Labelled adequacy: psych's figures (tests/golden) to 1e-8, factor_analyzer as second opinion, warnings."""

import factor_analyzer
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import socialcap as sc
from socialcap.errors import EstimationError, UsageError

from .reference import likert, matrices, normal_items

PSYCH = 1e-8
LIKERT = likert()


@pytest.mark.parametrize("name", matrices())
def test_figures_equal_psych(name: str) -> None:
    matrix, theirs = matrices()[name]
    found = sc.adequacy(matrix, n_obs=theirs["n_obs"])
    assert found.kmo == pytest.approx(theirs["kmo"], abs=PSYCH)
    np.testing.assert_allclose(found.kmo_items, theirs["kmo_items"], atol=PSYCH)
    assert list(found.kmo_items.index) == list(matrix.index)
    assert found.bartlett_chi2 == pytest.approx(theirs["bartlett"]["chi2"], abs=1e-7)
    assert found.bartlett_df == theirs["bartlett"]["df"]
    assert found.determinant == pytest.approx(np.prod(theirs["eigenvalues"]), rel=1e-8)
    assert found.n_obs == theirs["n_obs"]


def test_factor_analyzer_agrees() -> None:
    found = sc.adequacy(LIKERT)
    by_item, overall = factor_analyzer.calculate_kmo(LIKERT)
    chi2, p = factor_analyzer.calculate_bartlett_sphericity(LIKERT)
    assert found.kmo == pytest.approx(overall, abs=1e-10)
    np.testing.assert_allclose(found.kmo_items, by_item, atol=1e-10)
    assert found.bartlett_chi2 == pytest.approx(chi2, rel=1e-10)
    assert found.bartlett_p == pytest.approx(p, abs=1e-12)


def test_good_items_give_no_warning() -> None:
    assert sc.adequacy(LIKERT).warnings == ()
    assert sc.adequacy(LIKERT).tables()[0].notes == ()


def test_an_unused_extreme_category_is_no_other_range() -> None:
    items = LIKERT.assign(q1=LIKERT["q1"].clip(2, 4))
    assert sc.adequacy(items).warnings == ()


CAUTIONS = {
    "rows": (LIKERT.head(50), "50 rows for 12 items", ""),
    "repeats": (LIKERT.assign(q2=LIKERT["q1"].where(LIKERT.index > 3, 1)), "all but repeat", "q1, q2"),
    "range": (LIKERT.assign(q3=(LIKERT["q3"] > 2).astype(int)), "go from 1 to 5", "q3 (0-1)"),
    "short": (LIKERT.assign(q3=LIKERT["q3"].clip(1, 2)), "go from 1 to 5", "q3 (1-2)"),
    "mixed": (
        LIKERT.assign(q3=LIKERT["q3"] + np.random.default_rng(1).standard_normal(400)),
        "measurements",
        "q3",
    ),
    "alone": (
        LIKERT.assign(q3=np.random.default_rng(1).integers(1, 6, 400)),
        "little in common",
        "q3",
    ),
}


@pytest.mark.parametrize("case", CAUTIONS)
def test_what_speaks_against_is_said_with_its_reason(case: str) -> None:
    frame, said, column = CAUTIONS[case]
    found = sc.adequacy(frame)
    matching = [w for w in found.warnings if said in w.message]
    assert [w.column for w in matching] == [column]
    assert all(w.severity == "warning" for w in matching)
    notes = found.tables()[0].notes
    assert len(notes) == len(found.warnings)
    assert any(said in note.en for note in notes) and all(note.zh != note.en for note in notes)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_order_signs_and_scales_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = normal_items(seed, n=80, k=2)
    order = [items.columns[j] for j in rng.permutation(items.shape[1])]
    factor = pd.Series(rng.choice([-3.0, 0.01, 7.0], items.shape[1]), items.columns)
    plain, turned = sc.adequacy(items), sc.adequacy((items * factor)[order])
    assert turned.kmo == pytest.approx(plain.kmo, abs=1e-9)
    np.testing.assert_allclose(turned.kmo_items, plain.kmo_items[order], atol=1e-9)
    assert turned.bartlett_chi2 == pytest.approx(plain.bartlett_chi2, rel=1e-9)


def test_singular_and_unrelated_items_are_refused() -> None:
    names = list("abcd")
    with pytest.raises(EstimationError, match=r"singular.*q1, q2"):
        sc.adequacy(LIKERT.assign(q2=LIKERT["q1"]))
    with pytest.raises(EstimationError, match=r"singular.*q1, q2, q3"):
        sc.adequacy(LIKERT.assign(q3=LIKERT["q1"] + LIKERT["q2"]))
    with pytest.raises(EstimationError, match="no item is correlated"):
        sc.adequacy(pd.DataFrame(np.eye(4), names, names), n_obs=100)
    one_alone = np.full((4, 4), 0.5)
    one_alone[3, :3] = one_alone[:3, 3] = 0.0
    np.fill_diagonal(one_alone, 1.0)
    with pytest.raises(EstimationError, match="not correlated with any other: d"):
        sc.adequacy(pd.DataFrame(one_alone, names, names), n_obs=100)
    with pytest.raises(UsageError, match="at least three"):
        sc.adequacy(LIKERT, ["q1", "q2"])
