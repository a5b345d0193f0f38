"""Number of factors by the labelled front: psych's figures (tests/golden), determinism, every kind of data.

Tolerances. PSYCH 1e-8: eigenvalues. SIMULATED .02: 2,000 sets of psych's parallel analysis, 1,000 of ours.
"""

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import EstimationError, UsageError
from socialcap.results import Rule

from .reference import GOLDEN, golden, harman, holed, likert, matrices, normal_items

PSYCH, SIMULATED = 1e-8, 0.02
LIKERT = likert()


@pytest.mark.parametrize("name", matrices())
def test_eigenvalues_map_and_kaiser_equal_psych(name: str) -> None:
    matrix, theirs = matrices()[name]
    found = sc.n_factors(matrix, n_obs=theirs["n_obs"], n_sets=50)
    np.testing.assert_allclose(found.eigenvalues, theirs["eigenvalues"], atol=PSYCH)
    assert found.map == np.argmin(theirs["map"]) + 1
    assert found.kaiser == np.sum(np.array(theirs["eigenvalues"]) > 1)


def test_parallel_analysis_and_information_criteria_equal_psych() -> None:
    theirs = golden("correlation.json")
    found = sc.n_factors(harman(), n_obs=145, n_sets=1000, percentile=None)
    simulated = found.references["parallel_components"]
    np.testing.assert_allclose(simulated, theirs["parallel"]["components_mean"], atol=SIMULATED)
    by_factors = found.references["parallel_factors_psych"]
    np.testing.assert_allclose(by_factors, theirs["parallel"]["factors_mean"], atol=SIMULATED)
    at_95 = sc.n_factors(harman(), n_obs=145, n_sets=300)
    assert at_95.parallel_components == theirs["parallel"]["n_components"]
    assert at_95.parallel_factors_psych == theirs["parallel"]["n_factors"]
    assert at_95.bic == np.argmin(theirs["vss"]["bic"]) + 1
    assert at_95.sabic == np.argmin(theirs["vss"]["sabic"]) + 1


def test_three_factors_are_found_recommended_and_tabled() -> None:
    found = sc.n_factors(normal_items(1, n=400), n_sets=200)
    assert found.recommended == 3
    assert {"parallel_components", "ekc", "hull", "comparison_data"} <= set(found.rule)
    assert set(found.numbers) == {rule.value for rule in Rule}
    assert dict(found.table["n_factors"]) == dict(found.numbers)
    assert len(found.tables()[0].rows) == len(Rule)
    with pytest.raises(AttributeError, match="no rule"):
        _ = found.scree


def test_nothing_in_common_recommends_no_factor() -> None:
    noise = pd.DataFrame(np.random.default_rng(3).standard_normal((200, 8)))
    found = sc.n_factors(noise, n_sets=200)
    assert found.recommended == 0
    assert {"parallel_components", "ekc"} <= set(found.rule)


@pytest.mark.parametrize("correlations", ["pearson", "spearman", "polychoric"])
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_every_kind_of_ordinal_data_has_its_three_factors(correlations: str, missing: str) -> None:
    found = sc.n_factors(holed(0.02), correlations=correlations, missing=missing, n_sets=100)
    assert found.parallel_components == found.parallel_factors == 3
    assert np.isfinite(found.references.to_numpy()).all()


def test_mixed_correlations_are_held_against_permuted_items() -> None:
    items = pd.read_csv(GOLDEN / "mixed.csv")
    found = sc.n_factors(items, correlations="mixed", n_sets=60)
    again = sc.n_factors(items[list(reversed(items.columns))], correlations="mixed", n_sets=60)
    reference = found.references["parallel_components"]
    # polychorics of sparse tables scatter more than normal correlations do; the trace is that of the matrix
    assert reference.iloc[0] > 1.05 and found.parallel_components >= 1
    np.testing.assert_allclose(reference, again.references["parallel_components"], atol=0.1)
    with pytest.raises(UsageError, match="give the items themselves"):
        sc.n_factors(sc.correlation(items, kind="mixed"))


def test_the_null_of_polychorics_has_the_rows_of_the_matrix() -> None:
    """Listwise deletion leaves fewer rows, whose random eigenvalues spread further."""
    frame = holed(0.08)
    complete = frame.dropna()
    deleted = sc.n_factors(frame, correlations="polychoric", n_sets=150)
    alone = sc.n_factors(complete, correlations="polychoric", n_sets=150)
    assert deleted.n_obs == len(complete) < 200
    np.testing.assert_array_equal(deleted.references, alone.references)


def test_same_seed_same_result() -> None:
    first, second = (sc.n_factors(LIKERT, n_sets=100, seed=4) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    pd.testing.assert_frame_equal(first.references, second.references)
    other = sc.n_factors(LIKERT, n_sets=100, seed=5)
    assert (other.references["parallel_components"] != first.references["parallel_components"]).any()


def test_order_and_scale_of_items_do_not_matter() -> None:
    order = [f"q{j}" for j in (7, 3, 12, 1, 9, 5, 2, 11, 4, 8, 10, 6)]
    plain = sc.n_factors(LIKERT, n_sets=100)
    turned = sc.n_factors(LIKERT[order] * 10 - 3, n_sets=100)
    same = {key: number for key, number in plain.numbers.items() if key != "comparison_data"}
    assert same == {key: turned.numbers[key] for key in same}
    np.testing.assert_allclose(turned.references, plain.references, atol=1e-10)


WRONG = {
    "three items": (LIKERT[["q1", "q2", "q3"]], {}, UsageError, "at least four"),
    "most": (LIKERT, {"most": 0}, UsageError, "at least one factor"),
    "sets": (LIKERT, {"n_sets": 0}, UsageError, "random sets"),
    "percentile": (LIKERT, {"percentile": 100}, UsageError, "between 0 and 100"),
    "few rows": (LIKERT.head(12), {}, EstimationError, "more rows than items"),
    "repeated": (LIKERT.assign(q2=LIKERT["q1"]), {}, EstimationError, "singular"),
    "n_obs": (harman(), {"n_obs": 20}, EstimationError, "more rows than the 24 items"),
    "n_obs of data": (sc.correlation(LIKERT), {"n_obs": 20}, UsageError, "know their number of rows"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_are_refused(case: str) -> None:
    data, options, error, said = WRONG[case]
    with pytest.raises(error, match=said):
        sc.n_factors(data, **options)


def test_barely_more_rows_than_items_still_end_without_a_warning() -> None:
    found = sc.n_factors(LIKERT.head(13), n_sets=50)
    assert np.isfinite(found.references.to_numpy()).all()
