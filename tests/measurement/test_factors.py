"""Labelled factor analysis. Golden: Harman's 24 tests, components + varimax by R's psych (see tests/golden).

psych's varimax stops at R's default tolerance of 1e-5, which leaves loadings up to 1e-4 from the optimum.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

import socialcap as sc
from socialcap.errors import EstimationError, NotAvailableError, UsageError

GOLDEN = Path(__file__).parents[1] / "golden"
R_VARIMAX_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def harman() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "harman74_correlation.csv", index_col=0)


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    latent = rng.normal(size=(150, 2))
    names = ["a1", "a2", "a3", "b1", "b2", "b3", "b4"]
    values = latent[:, [0, 0, 0, 1, 1, 1, 1]] + 0.6 * rng.normal(size=(150, 7))
    return pd.DataFrame(values, columns=names, index=range(2, 152))


SCALES = {"alpha": ["a1", "a2", "a3"], "beta": ["b1", "b2", "b3", "b4"]}


def test_components_and_varimax_equal_psych(harman: pd.DataFrame) -> None:
    expected = np.array(
        json.loads((GOLDEN / "harman74_efa.json").read_text())["pca_varimax"]["loadings"]["values"]
    )
    found = sc.factor_analysis(harman, 4, n_obs=145, kaiser=True).loadings.to_numpy()
    congruence = expected.T @ found
    rows, columns = linear_sum_assignment(-np.abs(congruence))
    signs = np.sign(congruence[rows, columns])
    assert np.abs(expected[:, rows] - found[:, columns] * signs).max() < R_VARIMAX_TOLERANCE


def test_everything_moves_together(firms: pd.DataFrame) -> None:
    found = sc.factor_analysis(firms, 2)
    loadings, phi = found.loadings.to_numpy(), found.phi.to_numpy()
    np.testing.assert_allclose(found.structure, loadings @ phi, atol=1e-10)
    np.testing.assert_allclose(found.communalities, np.diag(loadings @ phi @ loadings.T), atol=1e-10)
    np.testing.assert_allclose(found.communalities + found.uniquenesses, 1, atol=1e-10)
    shares = found.variance.loc["ss_loadings"].to_numpy()
    assert (np.diff(shares) <= 0).all() and (found.loadings.sum() > 0).all()
    assert shares.sum() == pytest.approx(found.communalities.sum())


def test_component_scores_are_standardised_and_uncorrelated(firms: pd.DataFrame) -> None:
    scores = sc.factor_analysis(firms, 2).scores
    np.testing.assert_allclose(scores.mean(), 0, atol=1e-12)
    np.testing.assert_allclose(scores.cov(), np.eye(2), atol=1e-10)
    z = (firms - firms.mean()) / firms.std()
    np.testing.assert_allclose(scores, z @ sc.factor_analysis(firms, 2).score_weights, atol=1e-10)


def test_factors_are_named_by_the_scale_they_carry(firms: pd.DataFrame) -> None:
    found = sc.factor_analysis(firms, 2, scales=SCALES)
    assert found.names == ["beta", "alpha"]
    assert (found.loadings.loc[SCALES["alpha"], "alpha"] > 0.8).all()
    assert sc.factor_analysis(firms, 3, scales=SCALES).names.count("F3") <= 1


def test_the_composite_weighs_by_explained_variance(firms: pd.DataFrame) -> None:
    found = sc.factor_analysis(firms, 2, scales=SCALES)
    index = sc.composite(found)
    shares = found.variance.loc["ss_loadings"] / found.variance.loc["ss_loadings"].sum()
    np.testing.assert_allclose(index.scores, found.scores @ shares, atol=1e-12)
    initial = sc.composite(found, weights="initial")
    eigen = found.eigenvalues.to_numpy()[:2]
    np.testing.assert_allclose(initial.weights, eigen / eigen.sum(), atol=1e-12)


def test_incomplete_rows_are_named_and_have_no_scores(firms: pd.DataFrame) -> None:
    holed = firms.copy()
    holed.loc[5, "a1"] = np.nan
    holed.loc[9, ["a2", "b4"]] = np.nan
    found = sc.factor_analysis(holed, 2)
    assert found.dropped.to_dict() == {5: "missing: a1", 9: "missing: a2, b4"}
    assert found.n_obs == 148 and found.scores.index.tolist() == [i for i in firms.index if i not in (5, 9)]


def test_a_matrix_and_its_data_give_one_solution(firms: pd.DataFrame) -> None:
    by_data = sc.factor_analysis(firms, 2)
    by_matrix = sc.factor_analysis(sc.correlation(firms).matrix, 2, n_obs=150)
    np.testing.assert_allclose(by_matrix.loadings, by_data.loadings, atol=1e-10)
    assert by_matrix.scores is None
    with pytest.raises(NotAvailableError, match="not a matrix"):
        sc.composite(by_matrix)


def bad(firms: pd.DataFrame, **columns: object) -> pd.DataFrame:
    return firms.assign(**columns)


def test_bad_items_are_all_named_at_once(firms: pd.DataFrame) -> None:
    data = bad(firms, a1=1.0, a2="often", a3=np.inf, b1=np.nan)
    with pytest.raises(EstimationError) as caught:
        sc.factor_analysis(data, 2)
    said = {problem.column: problem.message for problem in caught.value.problems}
    assert said.keys() == {"a1", "a2", "a3", "b1"}
    assert "same value" in said["a1"] and "text" in said["a2"]
    assert "infinite" in said["a3"] and "no value" in said["b1"]


@pytest.mark.parametrize("k", [0, 8, -1])
def test_an_impossible_number_of_factors_is_refused(firms: pd.DataFrame, k: int) -> None:
    with pytest.raises(UsageError, match="1 to 7"):
        sc.factor_analysis(firms, k)


def test_two_identical_items_are_named(firms: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match=r"singular.*a1, a2|singular.*a2"):
        sc.adequacy(bad(firms, a2=firms["a1"]))


def test_fewer_rows_than_items_are_refused(firms: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="more rows than items"):
        sc.factor_analysis(firms.head(6), 2)


def test_an_unknown_item_gets_a_hint(firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="did you mean 'a1'"):
        sc.correlation(firms, ["aa1", "b1"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.assign(a1=m["a1"] + 0.1), "not symmetric"),
        (lambda m: m * 2, "beyond"),
        (lambda m: m.where(m < 1, 0.5), "diagonal"),
        (lambda m: m.where(m < 1), "missing or infinite"),
    ],
)
def test_what_is_no_correlation_matrix_is_refused(firms: pd.DataFrame, change, said: str) -> None:
    matrix = change(sc.correlation(firms).matrix)
    with pytest.raises(UsageError, match=said):
        sc.factor_analysis(matrix, 2, n_obs=150)
