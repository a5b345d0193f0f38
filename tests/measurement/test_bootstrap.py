"""Labelled bootstrap of factor solutions. Coverage of the intervals: see the kernel's simulation.

Tolerance COLD 1e-6: a replicate against the solution of its own rows, found from a cold start.
"""

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import EstimationError, SocialcapWarning, UsageError
from socialcap.kernels.resampling import resample_counts

from .reference import holed, likert, matched, normal_items

COLD = 1e-6
LIKERT = likert()
FRAMES = ("loadings", "phi", "communalities", "variance", "eigenvalues")
CLUSTERS = pd.Series(np.arange(400) // 10, LIKERT.index)


@pytest.mark.parametrize(
    ("extraction", "rotation", "correlations"),
    [("paf", "varimax", "pearson"), ("ml", "oblimin", "spearman"), ("principal", "promax", "pearson"),
     ("minres", "quartimax", "polychoric")],
)  # fmt: skip
def test_errors_are_those_of_the_resampled_rows(extraction: str, rotation: str, correlations: str) -> None:
    options = {"extraction": extraction, "rotation": rotation, "correlations": correlations}
    found = sc.bootstrap_factor_analysis(LIKERT, 3, replicates=20, seed=5, **options)
    drawn = []
    for counts in resample_counts(5, 400, range(20)):
        rows = LIKERT.loc[LIKERT.index.repeat(counts.astype(int))].reset_index(drop=True)
        again = sc.factor_analysis(rows, 3, **options)
        drawn.append(matched(again.loadings, found.factors.loadings))
    expected = np.std(drawn, axis=0, ddof=1)
    np.testing.assert_allclose(
        found.loadings["std_error"].to_numpy().reshape(12, 3), expected, atol=10 * COLD
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found.loadings["ci_low"].to_numpy().reshape(12, 3), low, atol=10 * COLD)
    np.testing.assert_allclose(found.loadings["ci_high"].to_numpy().reshape(12, 3), high, atol=10 * COLD)
    assert found.converged == 20


def test_labels_and_estimates_are_those_of_the_full_solution() -> None:
    scales = {"own": ["q1", "q2", "q3", "q4"], "credit": ["q5", "q6", "q7", "q8"]}
    found = sc.bootstrap_factor_analysis(LIKERT, 3, replicates=50, extraction="paf", scales=scales)
    full = sc.factor_analysis(LIKERT, 3, extraction="paf", scales=scales)
    pd.testing.assert_frame_equal(
        found.loadings["estimate"].unstack("factor")[full.names].loc[full.loadings.index],
        full.loadings, check_names=False,
    )  # fmt: skip
    np.testing.assert_allclose(found.variance["estimate"], full.variance.loc["proportion"])
    np.testing.assert_allclose(found.stability.sum(axis=1), 1)
    assert (found.stability.loc[scales["own"], "own"] > 0.8).all()
    assert {"own", "credit"} < set(found.stability.columns)
    for name in FRAMES:
        frame = getattr(found, name)
        assert list(frame.columns) == ["estimate", "std_error", "ci_low", "ci_high"]
        assert np.isfinite(frame.to_numpy()).all()
    assert len(found.tables()) == 2


@pytest.mark.parametrize("preset", ["spss", "psych"])
@pytest.mark.parametrize("rotation", ["varimax", "oblimin"])
def test_a_presets_early_stop_does_not_reach_the_replicates(preset: str, rotation: str) -> None:
    options = {"extraction": "paf", "rotation": rotation, "kaiser": True, "replicates": 50}
    loose = sc.bootstrap_factor_analysis(LIKERT, 3, preset=preset, **options)
    tight = sc.bootstrap_factor_analysis(LIKERT, 3, **options)
    assert loose.factors.loadings.to_numpy() != pytest.approx(tight.factors.loadings.to_numpy(), abs=1e-7)
    np.testing.assert_allclose(loose.loadings["std_error"], tight.loadings["std_error"], atol=COLD)


def test_same_seed_same_result() -> None:
    first, second, other = (
        sc.bootstrap_factor_analysis(LIKERT, 3, replicates=60, seed=seed, extraction="ml", rotation="geomin")
        for seed in (2, 2, 3)
    )
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    assert first.to_dict() == second.to_dict()
    assert (first.loadings["std_error"] != other.loadings["std_error"]).all()


def test_incomplete_rows_are_left_out_as_in_the_solution() -> None:
    frame = holed()
    found = sc.bootstrap_factor_analysis(frame, 3, replicates=40)
    complete = sc.bootstrap_factor_analysis(frame.dropna(), 3, replicates=40)
    pd.testing.assert_frame_equal(found.loadings, complete.loadings)
    assert len(found.factors.dropped) == 400 - len(frame.dropna())


def test_clusters_and_strata_by_series_or_by_name() -> None:
    strata = CLUSTERS // 20
    frame = LIKERT.assign(town=CLUSTERS, region=strata)
    items = list(LIKERT)
    by_name = sc.bootstrap_factor_analysis(
        frame, 3, items=items, replicates=40, clusters="town", strata="region"
    )
    by_series = sc.bootstrap_factor_analysis(
        LIKERT, 3, replicates=40, clusters=CLUSTERS.sample(frac=1, random_state=1), strata=strata
    )
    rows = sc.bootstrap_factor_analysis(LIKERT, 3, replicates=40)
    pd.testing.assert_frame_equal(by_name.loadings, by_series.loadings)
    assert (rows.loadings["std_error"] != by_name.loadings["std_error"]).all()


def test_copied_respondents_are_seen_through_by_clusters() -> None:
    twice = pd.concat([normal_items(1)] * 2, ignore_index=True)
    person = pd.Series(np.r_[0:200, 0:200])
    options = {"replicates": 300, "extraction": "paf"}
    single = sc.bootstrap_factor_analysis(normal_items(1), 3, **options).loadings["std_error"].mean()
    naive = sc.bootstrap_factor_analysis(twice, 3, **options).loadings["std_error"].mean()
    honest = sc.bootstrap_factor_analysis(twice, 3, clusters=person, **options).loadings["std_error"].mean()
    assert naive / single == pytest.approx(np.sqrt(0.5), abs=0.1)
    assert honest / single == pytest.approx(1.0, abs=0.1)


def test_bca_limits_are_finite_but_where_replicates_lie_on_one_side() -> None:
    found = sc.bootstrap_factor_analysis(LIKERT, 3, replicates=200, interval="bca", extraction="paf")
    for name in ("loadings", "phi", "communalities", "variance"):
        assert np.isfinite(getattr(found, name).to_numpy()).all()
    narrow = sc.bootstrap_factor_analysis(
        LIKERT, 3, replicates=200, interval="bca", level=0.5, extraction="paf"
    )
    width, inner = (f.loadings["ci_high"] - f.loadings["ci_low"] for f in (found, narrow))
    assert (inner < width).all()


WRONG = {
    "replicates": ({"replicates": 19}, "at least 20"),
    "interval": ({"interval": "normal"}, "percentile, bca"),
    "alignment": ({"alignment": "none"}, "match, procrustes"),
    "level": ({"level": 95}, "between 0 and 1"),
    "pairwise": ({"missing": "pairwise"}, "complete, unweighted rows"),
    "weights": ({"weights": pd.Series(1.0, LIKERT.index)}, "complete, unweighted rows"),
    "dwls": ({"extraction": "dwls"}, "does not support"),
    "mixed": ({"correlations": "mixed"}, "pearson, spearman or polychoric"),
    "one cluster": ({"clusters": pd.Series(1, LIKERT.index)}, "at least two"),
    "no such column": ({"clusters": "town"}, "no column 'town'"),
    "labels missing": ({"clusters": CLUSTERS.iloc[5:]}, "5 complete rows have no label"),
    "crossed": ({"clusters": CLUSTERS, "strata": pd.Series(np.arange(400) % 2)}, "within one stratum"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_are_refused(case: str) -> None:
    options, said = WRONG[case]
    with pytest.raises(UsageError, match=said):
        sc.bootstrap_factor_analysis(LIKERT, 3, **{"replicates": 20, **options})


def test_a_correlation_matrix_has_no_rows_to_resample() -> None:
    with pytest.raises(UsageError, match="resamples respondents"):
        sc.bootstrap_factor_analysis(LIKERT.corr(), 3, n_obs=400)
    with pytest.raises(UsageError, match="resamples respondents"):
        sc.bootstrap_factor_analysis(sc.correlation(LIKERT), 3)


def test_bad_items_are_refused_as_in_a_single_analysis() -> None:
    with pytest.raises(EstimationError, match="singular"):
        sc.bootstrap_factor_analysis(LIKERT.assign(q2=LIKERT["q1"]), 3)
    with pytest.raises(EstimationError, match="same value"):
        sc.bootstrap_factor_analysis(LIKERT.assign(q2=1), 3)


def test_a_sample_too_small_to_resample_ends_in_an_error() -> None:
    warned = pytest.warns(SocialcapWarning, match="Heywood")
    with warned, pytest.raises(EstimationError, match="bootstrap replicates have a solution"):
        sc.bootstrap_factor_analysis(LIKERT.head(14), 2, extraction="ml", replicates=40)
