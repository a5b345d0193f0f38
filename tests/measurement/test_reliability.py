"""Labelled reliability: psych's figures (tests/golden), pingouin as second opinion, bad input.

Tolerances. PSYCH 1e-8: closed forms. POLYCHORIC 1e-6: two-step likelihoods by two programs. ROUNDED 5e-4:
pingouin rounds its interval to three digits. SEARCH 1e-4: psych's second-order minres stops early.
"""

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import socialcap as sc
from socialcap.errors import EstimationError, SocialcapWarning, UsageError
from socialcap.results import Text

from .reference import golden, harman, holed, likert, normal_items

PSYCH, POLYCHORIC, ROUNDED, SEARCH = 1e-8, 1e-6, 5e-4, 1e-4
LIKERT = likert()
A = ["q1", "q2", "q3", "q4"]


def test_figures_equal_psych() -> None:
    theirs = golden("reliability.json")["likert_a"]
    found = sc.reliability(LIKERT, A, replicates=20)
    assert found.alpha == pytest.approx(theirs["alpha"], abs=PSYCH)
    assert found.alpha == pytest.approx(golden("likert_ordinal.json")["alpha_a"], abs=PSYCH)
    np.testing.assert_allclose(found.alpha_ci, theirs["feldt"], atol=PSYCH)
    np.testing.assert_allclose(found.items["r_drop"], theirs["r_drop"], atol=PSYCH)
    np.testing.assert_allclose(found.items["alpha_if_dropped"], theirs["alpha_if_dropped"], atol=PSYCH)
    np.testing.assert_allclose(found.items["mean"], LIKERT[A].mean(), atol=1e-12)
    np.testing.assert_allclose(found.items["sd"], LIKERT[A].std(), atol=1e-12)
    assert list(found.items.index) == A
    assert found.standardised_alpha == pytest.approx(theirs["std_alpha"], abs=PSYCH)


def test_lambdas_of_standardised_items_equal_psych() -> None:
    theirs = golden("reliability.json")["likert_a"]
    found = sc.reliability((LIKERT / LIKERT.std())[A], replicates=20)
    for number in range(1, 7):
        assert found.guttman[f"lambda{number}"] == pytest.approx(theirs[f"lambda{number}"], abs=PSYCH)
    for ours, name in (("largest", "split_max"), ("smallest", "split_min"), ("mean", "split_mean")):
        assert found.split_half[ours] == pytest.approx(theirs[name], abs=PSYCH)


def test_ordinal_alpha_is_that_of_lavaans_polychorics() -> None:
    r = np.array(golden("likert_ordinal.json")["polychoric_lavaan"]["values"])[:4, :4]
    expected = 4 / 3 * (1 - 4 / r.sum())
    found = sc.reliability(LIKERT, A, replicates=20).ordinal_alpha
    assert found == pytest.approx(expected, abs=POLYCHORIC)
    # psych's own polychorics stop some 1e-5 earlier
    assert found == pytest.approx(golden("likert_ordinal.json")["ordinal_alpha_a"], abs=5e-5)
    assert sc.reliability(LIKERT.assign(q1=LIKERT["q1"] + 0.5), A, replicates=20).ordinal_alpha is None


def test_pingouin_agrees() -> None:
    items = normal_items(2, k=1, per_factor=5)
    found = sc.reliability(items, replicates=20)
    alpha, interval = pingouin.cronbach_alpha(items)
    assert found.alpha == pytest.approx(alpha, abs=1e-10)
    np.testing.assert_allclose(found.alpha_ci, interval, atol=ROUNDED)


def test_omega_is_that_of_the_one_factor_model() -> None:
    items = normal_items(2, k=1, per_factor=5)
    found = sc.reliability(items, replicates=20)
    model = sc.factor_analysis(items, 1, extraction="ml", rotation="none")
    spread = items.std()
    common = float((model.loadings["F1"] * spread).sum() ** 2)
    unique = float((model.uniquenesses * spread**2).sum())
    assert found.omega == pytest.approx(common / (common + unique), abs=1e-8)
    assert found.omega_observed == pytest.approx(common / items.cov().to_numpy().sum(), abs=1e-8)


def test_hierarchical_omega_equals_psych() -> None:
    """On data made to have Harman's correlations exactly."""
    theirs, matrix = golden("reliability.json")["omega_harman74"], harman()
    noise = np.random.default_rng(1).standard_normal((145, 24))
    noise -= noise.mean(axis=0)
    white = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise, rowvar=False))).T
    items = pd.DataFrame(white @ np.linalg.cholesky(matrix).T, columns=matrix.columns)
    found = sc.reliability(items, replicates=20, group_factors=4)
    assert found.alpha == pytest.approx(theirs["alpha"], abs=PSYCH)
    assert found.hierarchical["omega_hierarchical"] == pytest.approx(theirs["omega_h"], abs=SEARCH)
    assert found.hierarchical["omega_total"] == pytest.approx(theirs["omega_total"], abs=SEARCH)
    shown = [row[0] for row in found.tables()[0].text()[1]]
    assert sum("hierarchical" in name for name in shown) == 2
    assert sc.reliability(LIKERT, A, replicates=20).hierarchical is None


def test_bootstrap_intervals_hold_their_estimates_and_repeat() -> None:
    first, second = (sc.reliability(LIKERT, A, replicates=600, seed=9) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    assert first.alpha_bootstrap_ci[0] < first.alpha < first.alpha_bootstrap_ci[1]
    assert first.omega_ci is not None and first.omega is not None
    assert first.omega_ci[0] < first.omega < first.omega_ci[1]
    # of Feldt's interval and the bootstrap's each is an estimate of the other here
    np.testing.assert_allclose(first.alpha_bootstrap_ci, first.alpha_ci, atol=0.02)
    assert sc.reliability(LIKERT, A, replicates=600, seed=10).alpha_bootstrap_ci != first.alpha_bootstrap_ci


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_order_and_common_scale_of_items_do_not_matter(seed: int) -> None:
    items = normal_items(seed, n=80, k=1, per_factor=5)
    order = list(np.random.default_rng(seed).permutation(items.columns))
    plain = sc.reliability(items, replicates=20)
    turned = sc.reliability(items[order] * -4 + 7, replicates=20)
    assert turned.alpha == pytest.approx(plain.alpha, abs=1e-10)
    assert turned.omega == pytest.approx(plain.omega, abs=1e-7)
    assert turned.guttman == pytest.approx(dict(plain.guttman), abs=1e-9)
    np.testing.assert_allclose(turned.items["r_drop"], plain.items["r_drop"][order], atol=1e-10)


def test_random_splits_are_the_same_for_halves_and_lambda_4() -> None:
    items = normal_items(3, k=4, per_factor=5)
    found = sc.reliability(items, replicates=20)
    assert found.guttman["lambda4"] == found.split_half["largest"]


def test_incomplete_rows_are_named() -> None:
    frame = holed()
    found = sc.reliability(frame, A, replicates=20)
    complete = frame[A].dropna()
    assert found.n_obs == len(complete) and len(found.dropped) == 400 - len(complete)
    assert found.alpha == pytest.approx(sc.reliability(complete, replicates=20).alpha, abs=1e-12)


def test_an_unreversed_item_is_warned_of() -> None:
    with pytest.warns(SocialcapWarning, match="perhaps unreversed.*q2"):
        sc.reliability(LIKERT.assign(q2=6 - LIKERT["q2"]), A, replicates=20)


def test_two_items_have_no_omega_and_no_alpha_without_one() -> None:
    found = sc.reliability(LIKERT, A[:2], replicates=20)
    assert found.omega is found.omega_ci is found.omega_observed is None
    assert found.items["alpha_if_dropped"].isna().all()
    assert "alpha_if_dropped" not in [column.key for column in found.item_table().columns]
    cells = [cell for table in found.tables() for row in table.text()[1] for cell in row]
    assert "–" not in cells


def test_repeated_items_are_a_heywood_case() -> None:
    with pytest.warns(SocialcapWarning, match="Heywood.*q1, q2"):
        sc.reliability(LIKERT.assign(q2=LIKERT["q1"]), A[:3], replicates=20)


WRONG = {
    "opposites": (LIKERT.assign(q2=6 - LIKERT["q1"]), A[:2], {}, EstimationError, "reverse-code"),
    "opposites among three": (
        LIKERT.assign(q2=6 - LIKERT["q1"]), A[:3], {}, EstimationError, "leaving out: q3",
    ),
    "constant": (LIKERT.assign(q2=1), A, {}, EstimationError, "same value"),
    "text": (LIKERT.assign(q2="x"), A, {}, EstimationError, "text"),
    "few rows": (LIKERT.head(4), A, {}, EstimationError, "more rows than items"),
    "replicates": (LIKERT, A, {"replicates": 5}, UsageError, "at least 20"),
    "group factors": (LIKERT, None, {"group_factors": 2}, UsageError, "at least three"),
    "unknown": (LIKERT, ["q1", "q33"], {}, UsageError, "did you mean 'q3'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_are_refused(case: str) -> None:
    frame, items, options, error, said = WRONG[case]
    with pytest.raises(error, match=said):
        sc.reliability(frame, items, **{"replicates": 20, **options})


def test_labels_stand_in_the_table() -> None:
    labels = {"q1": Text("Trust in banks", "银行信任")}
    table = sc.reliability(LIKERT, A, replicates=20, labels=labels).item_table()
    assert table.cell(0, 1, "zh") == "银行信任" and table.cell(1, 1) == "q2"


def test_a_series_index_that_repeats_is_kept_apart() -> None:
    frame = holed().set_axis([0] * 400)
    assert isinstance(sc.reliability(frame, A, replicates=20).dropped, pd.Series)
