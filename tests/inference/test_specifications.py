"""Specification curves: each specification against the steps one by one, the joint test against its truth.

Tolerances. SAME 1e-10: one number computed twice, by other steps. SHARED 1e-8: standard deviations of replicates
on the same resamples, whose scores come from cross-products here and from covariances in the pipeline. LEVEL: the
largest count of false rejections in 200 at 5 % that chance allows with 99 % probability (binomial quantile 18).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import socialcap as sc
from socialcap.errors import EstimationError, StudyError, UsageError
from socialcap.inference.specification_choices import CHOICES, crossing, levels_of, twin
from socialcap.inference.specifications import specification_curve
from socialcap.kernels import FloatArray, alignment
from socialcap.kernels.specification_tests import curve_statistics, normal_scores, null_p_value
from socialcap.plan import read_study
from socialcap.results import RegressionResult
from socialcap.results.specifications import SpecificationCurveResult
from socialcap.study.running import load_survey
from socialcap.survey.variants import responses_under

SAME, SHARED = 1e-10, 1e-8
LEVEL = 18
N, K, PER = 200, 3, 4
ITEMS = [f"i{j + 1}" for j in range(K * PER)]
FORMULA = "y ~ F1 + F2 + F3 + log(size) + C(trade)"
INDEX = "y ~ social_capital + log(size)"


def _firms(rng: np.random.Generator, n: int, slope: float) -> pd.DataFrame:
    factors = rng.standard_normal((n, K))
    loadings = np.kron(np.eye(K), np.ones((PER, 1))) * np.repeat([0.8, 0.7, 0.6], PER)[:, None]
    unique = np.sqrt(1 - (loadings**2).sum(axis=1))
    frame = pd.DataFrame(factors @ loadings.T + rng.standard_normal((n, K * PER)) * unique, columns=ITEMS)
    frame["size"] = rng.lognormal(3, 1, n)
    frame["trade"] = rng.choice(["铜", "铝 材", "plastic"], n)
    frame["town"] = rng.integers(0, 16, n)
    frame["y"] = slope * factors[:, 0] + 0.3 * np.log(frame["size"]) + rng.standard_normal(n)
    frame["loan"] = (frame["y"] < frame["y"].mean()).astype(int)
    frame["ease"] = pd.qcut(frame["y"], 4, labels=False) + 1
    frame.index = pd.Index(range(11, n + 11))
    return frame


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    return _firms(np.random.default_rng(1), N, 0.5)


def _curve(
    firms: Any, formula: str, term: str, choices: dict[str, Any], **more: Any
) -> SpecificationCurveResult:
    settings: dict[str, Any] = {"items": ITEMS, "n_factors": K, "choices": choices, "replicates": 40} | more
    return specification_curve(firms, {"r": formula}, [("r", term)], **settings)[0]


def _by_hand(frame: pd.DataFrame, row: pd.Series, main: FloatArray, formula: str) -> RegressionResult:
    """The regression after measuring as a row of the curve says, its factors matched to `main` by hand."""
    factors = sc.factor_analysis(
        frame[ITEMS], int(row["n_factors"]), extraction=row["extraction"], rotation=row["rotation"],
        correlations=row["correlation"], scores=row["scores"],
    )  # fmt: skip
    index = sc.composite(factors, row["composite"]).scores
    order, signs = alignment.match(factors.loadings.to_numpy(), main)
    scores = pd.DataFrame(
        factors.scores.to_numpy()[:, order] * signs, index=frame.index, columns=["F1", "F2", "F3"]
    )
    return sc.regress(formula, frame.join(scores).join(index))


@pytest.mark.parametrize(("formula", "term"), [(FORMULA, "F1"), (INDEX, "social_capital")])
def test_every_specification_is_the_steps_one_by_one(firms: pd.DataFrame, formula: str, term: str) -> None:
    choices = {
        "correlation": ["spearman"], "extraction": ["paf", "ml"], "rotation": ["oblimin"],
        "scores": ["bartlett", "means"], "composite": ["initial"], "covariates": {"bare": {"drop": "size"}},
    }  # fmt: skip
    found = _curve({"declared": firms.iloc[:190], "nobody": firms}, formula, term, choices, replicates=0)
    main = sc.factor_analysis(firms.iloc[:190][ITEMS], K).loadings.to_numpy()
    frames = {"declared": firms.iloc[:190], "nobody": firms}
    bare = formula.replace(" + log(size)", "")
    for _, row in found.curve.iloc[::17].iterrows():
        shown = bare if row["covariates"] == "bare" else formula
        fitted = _by_hand(frames[row["cleaning"]], row, main, shown)
        wanted = fitted.coefficients.loc[term]
        keys = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "beta"]
        np.testing.assert_allclose(row[keys].astype(float), wanted[keys].astype(float), atol=SAME)
        assert row["n_obs"] == fitted.n_obs
    assert len(found.curve) + len(found.refused) == found.total
    assert not len(found.joint) and (found.curve["n_replicates"] == 0).all()


@pytest.mark.parametrize(
    ("formula", "term", "options"),
    [
        (FORMULA, "F1", {}),
        (INDEX, "social_capital", {"extraction": "paf", "scores": "bartlett"}),
        ("y ~ F1:log(size) + F1 + log(size)", "F1:log(size)", {}),
    ],
)
def test_errors_are_those_of_the_pipeline(
    firms: pd.DataFrame, formula: str, term: str, options: dict[str, str]
) -> None:
    """One frame, complete: the resamples of the curve are those of the pipeline with the same seed."""
    found = _curve(firms, formula, term, {"rotation": ["quartimax"]}, **options)
    for _, row in found.curve.iterrows():
        alone = sc.pipeline(
            firms, formula, items=ITEMS, n_factors=K, replicates=40, interval="t",
            **{**options, "rotation": row["rotation"]},
        ).coefficients.loc[term]  # fmt: skip
        shown = row[["estimate", "std_error", "ci_low", "ci_high", "p_value", "robust_se"]].astype(float)
        wanted = alone[["estimate", "pipeline_se", "pipeline_low", "pipeline_high", "p_value", "robust_se"]]
        np.testing.assert_allclose(shown, wanted.astype(float), atol=SHARED)


@pytest.mark.parametrize(("model", "outcome"), [("logit", "loan"), ("ordered_probit", "ease")])
def test_another_outcome_with_its_model(firms: pd.DataFrame, model: str, outcome: str) -> None:
    turned = {"outcome": outcome, "model": model, "reverse": True}
    found = _curve(firms, INDEX, "social_capital", {"outcome": {"other": turned}})
    row = found.curve[found.curve["outcome"] == "other"].iloc[0]
    formula = f"{outcome} ~ social_capital + log(size)"
    alone = sc.pipeline(firms, formula, items=ITEMS, n_factors=K, replicates=40, model=model, interval="t")
    wanted = alone.coefficients.loc["social_capital"]
    np.testing.assert_allclose(row["estimate"], -wanted["estimate"], atol=SHARED)
    np.testing.assert_allclose(row["std_error"], wanted["pipeline_se"], atol=SHARED)
    np.testing.assert_allclose(row["ci_low"], -wanted["pipeline_high"], atol=SHARED)
    # standardised in the latent outcome: variance of the index plus that of the error
    index = sc.composite(sc.factor_analysis(firms[ITEMS], K)).scores
    slopes = alone.coefficients["estimate"]
    linear = slopes["social_capital"] * index + slopes["log(size)"] * np.log(firms["size"])
    latent = linear.var() + (np.pi**2 / 3 if model == "logit" else 1.0)
    assert row["beta"] == pytest.approx(row["estimate"] * index.std() / np.sqrt(latent), abs=SAME)


def test_clusters_are_resampled_whole(firms: pd.DataFrame) -> None:
    found = _curve(firms, INDEX, "social_capital", {"extraction": ["paf"]}, clusters="town")
    alone = sc.pipeline(
        firms, INDEX, items=ITEMS, n_factors=K, replicates=40, clusters="town", interval="t"
    ).coefficients.loc["social_capital"]
    np.testing.assert_allclose(found.main["std_error"], alone["pipeline_se"], atol=SHARED)
    np.testing.assert_allclose(found.main["p_value"], alone["p_value"], atol=SHARED)
    assert found.main["df"] == firms["town"].nunique() - 1


def test_same_bytes_whatever_the_workers(firms: pd.DataFrame) -> None:
    choices = {
        "correlation": ["spearman"], "extraction": ["minres"], "rotation": ["promax"], "n_factors": [4],
        "outcome": {"loan": {"outcome": "loan", "model": "logit"}},
    }  # fmt: skip
    frames = {"all": firms, "most": firms.iloc[5:]}
    seen: list[tuple[int, int]] = []
    one = _curve(frames, INDEX, "social_capital", choices, progress=lambda done, of: seen.append((done, of)))
    two = _curve(frames, INDEX, "social_capital", choices, workers=2)
    pd.testing.assert_frame_equal(one.curve, two.curve, check_exact=True)
    pd.testing.assert_frame_equal(one.joint, two.joint, check_exact=True)
    assert one.to_dict() == two.to_dict()
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]


def test_two_terms_share_their_measurements(firms: pd.DataFrame) -> None:
    both = specification_curve(
        firms, {"a": FORMULA, "b": INDEX}, [("a", "F1"), ("b", "social_capital")],
        items=ITEMS, n_factors=K, choices={"extraction": ["paf"], "composite": ["initial"]}, replicates=40,
    )  # fmt: skip
    assert [(r.regression, r.term, len(r.curve)) for r in both] == [
        ("a", "F1", 2),
        ("b", "social_capital", 4),
    ]
    alone = _curve(firms, FORMULA, "F1", {"extraction": ["paf"]})
    np.testing.assert_array_equal(both[0].curve["std_error"], alone.curve["std_error"])
    assert both[0].varied == ("extraction",)


def test_measurements_name_factors_as_the_main_solution(firms: pd.DataFrame) -> None:
    found = _curve(firms, FORMULA, "F1", {"n_factors": [2, 4], "extraction": ["paf"]}, replicates=0)
    table = found.measurements.set_index(["extraction", "n_factors"])
    main = sc.factor_analysis(firms[ITEMS], K)
    np.testing.assert_allclose(
        table.loc[("principal", 3), ["F1", "F2", "F3"]].astype(float),
        main.variance.loc["proportion"], atol=SAME,
    )  # fmt: skip
    four = sc.factor_analysis(firms[ITEMS], 4)
    likeness = np.abs(alignment.congruence(four.loadings.to_numpy(), main.loadings.to_numpy()))
    shares = four.variance.loc["proportion"].to_numpy()
    row = table.loc[("principal", 4)]
    np.testing.assert_allclose(
        row[["F1", "F2", "F3"]].astype(float), shares[likeness.argmax(axis=0)], atol=SAME
    )
    assert row["smallest_congruence"] == pytest.approx(likeness.max(axis=0).min(), abs=SAME)
    spare = next(j for j in range(4) if j not in likeness.argmax(axis=0))
    assert row["largest_other"] == pytest.approx(shares[spare], abs=SAME)
    # two factors cannot hold three: the last of them has no counterpart
    assert table.loc[("principal", 2), ["F1", "F2", "F3"]].isna().sum() >= 1


def test_a_factor_that_is_not_found_again_is_refused_by_name(firms: pd.DataFrame) -> None:
    found = _curve(firms, FORMULA, "F3", {"n_factors": [1, 2]}, replicates=0)
    assert list(found.curve["n_factors"]) == [3]
    assert set(found.refused["n_factors"]) == {1, 2}
    assert found.refused["reason"].str.contains("factor F3 is not found again").all()
    table = next(t for t in found.tables() if t.key.startswith("specifications_refused"))
    assert table.rows[0][1] == 2 and "F3" in table.rows[0][0].zh


def test_combinations_over_again_are_named(firms: pd.DataFrame) -> None:
    choices = {
        "extraction": ["paf"], "scores": ["bartlett"], "covariates": {"same": {"add": "log(size)"}},
    }  # fmt: skip
    found = _curve(firms, INDEX, "social_capital", choices, replicates=0)
    assert found.total == 8 and len(found.curve) == 3
    reasons = found.refused["reason"].value_counts()
    assert reasons["scores of principal components are exact: the same as scores = regression"] == 2
    assert reasons["this set of covariates is the formula's own"] == 3


def test_hand_made_curve() -> None:
    """Four specifications, three resamples: every statistic by arithmetic."""
    scores = np.array([2.5, 2.0, -0.5, np.nan])
    found = curve_statistics(np.array([0.4, 0.3, -0.1, np.nan]), scores, 1.96)
    assert found.median == pytest.approx(0.3) and found.share == pytest.approx(2 / 3)
    assert found.stouffer == pytest.approx(4.0 / np.sqrt(3))
    nothing = curve_statistics(np.full(4, np.nan), np.full(4, np.nan), 1.96)
    assert np.isnan([nothing.median, nothing.share, nothing.stouffer]).all()
    null = curve_statistics(np.array([[0.1, -0.3], [0.3, 0.3]]), np.array([[-2.0, 2.0], [-3.0, -2.5]]), 1.96)
    np.testing.assert_allclose(null.median, [-0.1, 0.3])
    np.testing.assert_allclose(null.share, [0.5, 1.0])
    np.testing.assert_allclose(null.stouffer, [0.0, -5.5 / np.sqrt(2)])
    assert null_p_value(0.3, np.array([0.1, -0.3, 0.2, np.nan])) == pytest.approx(2 / 4)
    t = np.array([2.5, -1.0])
    expected = np.sign(t) * stats.norm.isf(stats.t.sf(np.abs(t), 12))
    np.testing.assert_allclose(normal_scores(t, np.array([12.0, 12.0])), expected, atol=1e-12)


def test_joint_test_is_that_of_the_draws(firms: pd.DataFrame) -> None:
    """Median and Stouffer's Z from the pipeline's own draws of each specification."""
    found = _curve(firms, INDEX, "social_capital", {"rotation": ["quartimax"], "composite": ["initial"]})
    away, z, beta = [], [], []
    for _, row in found.curve.iterrows():
        alone = sc.pipeline(
            firms, INDEX, items=ITEMS, n_factors=K, replicates=40, rotation=row["rotation"],
            composite=row["composite"],
        )  # fmt: skip
        draws = alone.draws["social_capital"] - row["estimate"]
        away.append(draws * row["beta"] / row["estimate"])
        z.append(stats.norm.ppf(stats.t.cdf(draws / draws.std(), row["df"])))
        beta.append(row["beta"])
    median = np.abs(np.median(away, axis=0))
    assert found.joint.loc["median", "p_value"] == (1 + (median >= np.median(beta)).sum()) / 41
    assert found.joint.loc["median", "null_95"] == pytest.approx(np.quantile(median, 0.95), abs=SHARED)
    stouffer = np.abs(np.sum(z, axis=0)) / 2
    assert found.joint.loc["stouffer", "null_95"] == pytest.approx(np.quantile(stouffer, 0.95), abs=1e-6)


def test_a_random_part_of_a_large_crossing(firms: pd.DataFrame) -> None:
    choices: dict[str, Any] = {
        "extraction": ["paf", "minres"],
        "rotation": ["quartimax", "promax"],
        "n_factors": [4],
    }
    part = _curve(firms, INDEX, "social_capital", choices, replicates=0, limit=5)
    assert part.total == 18 and len(part.curve) + len(part.refused) == 5 and part.curve["main"].iloc[0]
    assert "5 specifications, drawn at random (seed 1) from the 18" in part.notes()[0].en
    again = _curve(firms, INDEX, "social_capital", choices, replicates=0, limit=5)
    pd.testing.assert_frame_equal(part.curve, again.curve)
    whole = _curve(firms, INDEX, "social_capital", choices, replicates=0)
    key = list(CHOICES)
    merged = part.curve.merge(whole.curve, on=key)
    np.testing.assert_array_equal(merged["estimate_x"], merged["estimate_y"])


@given(st.integers(1, 4), st.integers(1, 4), st.integers(2, 20), st.integers(0, 5))
def test_crossing_has_each_combination_once(a: int, b: int, limit: int, seed: int) -> None:
    main: dict[str, Any] = {key: "main" for key in CHOICES} | {"extraction": "x0", "scores": "s0"}
    levels = levels_of(
        main, {"extraction": [f"x{i}" for i in range(a)], "scores": [f"s{i}" for i in range(b)]}
    )
    found = crossing(levels, limit, seed)
    rows = [tuple(s.values()) for s in found.specifications]
    assert found.total == a * b and len(rows) == min(limit, a * b) == len(set(rows))
    assert found.specifications[0] == main and all(twin(s, levels) is None for s in found.specifications)


def test_every_wrong_name_in_one_message(firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError) as caught:
        specification_curve(
            firms, {"a": FORMULA, "b": "y ~ F9 + size"}, [("a", "F11"), ("c", "F1")],
            items=[*ITEMS[:-1], "i99"], n_factors=K, scoress="x", missing="em",
            choices={
                "extraction": ["pav", "paf", "paf"], "rotatoin": ["promax"], "n_factors": [0], "scores": "means",
                "covariates": {"x": {"drop": ["sise"], "ad": ["size"]}, "y": {"drop": "F1"}, "z": {}},
                "outcome": {"loan": {"outcome": "laon", "model": "logti"}, "y": {"outcome": "ease"}, "q": {}},
            },
        )  # fmt: skip
    said = str(caught.value)
    for part in (
        "no item 'i99'", "no option 'scoress'; 'scores'?", "resamples are measured on complete rows",
        "no extraction 'pav'; did you mean 'paf'?", "stands in the list twice (found 'paf')",
        "no choice 'rotatoin'; did you mean 'rotation'?", "is no number of factors (found '0')",
        "scores: holds one value where a list is expected", "no formula has 'sise' to drop; did you mean 'size'?",
        "no setting 'ad'; did you mean 'add'?", "covariates.z: drops and adds nothing",
        "there is no variable 'laon'; did you mean 'loan'?", "no model 'logti'; did you mean 'logit'?",
        "is the name of a followed regression's own outcome", "outcome.q: names no outcome",
        "there is no variable 'F9'", "the formula has no term 'F11'", "there is no regression 'c'",
    ):  # fmt: skip
        assert part in said, part


def test_other_faults(firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="row labels must be unique"):
        _curve({"a": firms, "b": pd.concat([firms, firms])}, INDEX, "social_capital", {})
    with pytest.raises(UsageError, match="at least 20"):
        _curve(firms, INDEX, "social_capital", {}, replicates=5)
    with pytest.raises(UsageError, match="at least 2 specifications"):
        _curve(firms, INDEX, "social_capital", {}, limit=1)
    with pytest.raises(UsageError, match="drops 'F1', which is followed"):
        _curve(firms, FORMULA, "F1", {"covariates": {"x": {"drop": "F1"}}})
    twice = firms.assign(double=2 * np.log(firms["size"]))
    with pytest.raises(EstimationError, match="main specification of F1 in r has no estimate"):
        _curve(twice, FORMULA + " + double", "F1", {})
    # what stops another specification is listed, not raised
    found = _curve(twice, FORMULA, "F1", {"covariates": {"both": {"add": "double"}}}, replicates=0)
    assert "exact combinations" in found.refused["reason"].iloc[0]


def test_too_few_rows_under_a_cleaning_rule_are_a_reason(firms: pd.DataFrame) -> None:
    found = _curve({"all": firms, "few": firms.iloc[:10]}, INDEX, "social_capital", {}, replicates=0)
    assert (
        list(found.refused["cleaning"]) == ["few"]
        and "more rows than the 12 items" in found.refused["reason"].iloc[0]
    )


def test_rows_are_dropped_where_they_lack_something(firms: pd.DataFrame) -> None:
    """As `regress` after `factor_analysis`: items complete for the scores, variables for the regression."""
    holes = firms.copy()
    holes.loc[holes.index[:6], "i1"] = np.nan
    holes.loc[holes.index[4:15], "size"] = np.nan
    found = _curve(holes, INDEX, "social_capital", {"extraction": ["paf"]})
    scored = holes.join(sc.composite(sc.factor_analysis(holes[ITEMS], K)).scores)
    fitted = sc.regress(INDEX, scored)
    assert found.main["n_obs"] == fitted.n_obs == N - 15
    assert found.main["estimate"] == pytest.approx(
        fitted.coefficients.loc["social_capital", "estimate"], abs=SAME
    )
    assert found.main["robust_se"] == pytest.approx(
        fitted.coefficients.loc["social_capital", "std_error"], abs=SAME
    )
    # resamples: the rows drawn, measured with all items, regressed where complete, by the public functions
    from socialcap.kernels.resampling import resample_counts

    usable = holes.dropna(subset=ITEMS)
    draws = []
    full = sc.factor_analysis(usable[ITEMS], K)
    for counts in resample_counts(1, len(usable), range(40)).astype(int):
        rows = usable.iloc[np.repeat(np.arange(len(usable)), counts)].reset_index(drop=True)
        again = sc.factor_analysis(rows[ITEMS], K)
        order, signs = alignment.match(again.loadings.to_numpy(), full.loadings.to_numpy())
        variance = again.variance.loc["ss_loadings"].to_numpy()[order]
        rows["social_capital"] = again.scores.to_numpy()[:, order] * signs @ (variance / variance.sum())
        kept = rows.dropna(subset=["size"])
        x = np.column_stack([np.ones(len(kept)), kept["social_capital"], np.log(kept["size"])])
        draws.append(np.linalg.lstsq(x, kept["y"], rcond=None)[0][1])
    assert found.main["std_error"] == pytest.approx(np.std(draws, ddof=1), abs=SHARED)


def test_tables_in_both_languages(firms: pd.DataFrame) -> None:
    found = _curve(firms, INDEX, "social_capital", {"extraction": ["paf"], "scores": ["bartlett"]})
    keys = [table.key for table in found.tables()]
    assert keys == [
        f"{key}_r_social_capital"
        for key in (
            "specifications",
            "specifications_joint",
            "specifications_choices",
            "specifications_refused",
        )
    ]
    for table in found.tables():
        assert table.title.zh != table.title.en and all(note.zh != note.en for note in table.notes)
    ordered = found.ordered()
    assert ordered["beta"].is_monotonic_increasing and list(ordered["rank"]) == [1, 2, 3]
    summary = {row[0].en: row[1] for row in found.tables()[0].rows}
    assert summary["Main specification"] == found.main["beta"]
    assert summary["Median"] == pytest.approx(found.curve["beta"].median())
    assert found.share_significant == found.share_positive == 1.0 and found.direction == 1
    assert len(found.to_dict()["curve"]) == 3


def test_responses_under_other_rules(study_folder: Any) -> None:
    survey, _ = load_survey(read_study(study_folder))
    pd.testing.assert_frame_equal(responses_under(survey, ["duplicate_id"]), survey.responses)
    everybody = responses_under(survey, [])
    pd.testing.assert_frame_equal(everybody, survey.cleaned)
    assert len(everybody) == len(survey.responses) + 1
    with pytest.raises(StudyError, match="did you mean 'duplicate_id'"):
        responses_under(survey, ["duplicate_ids"])


@pytest.mark.slow
def test_joint_test_holds_its_level_and_has_power() -> None:
    """200 samples without effect of any factor, 40 with one; 99 resamples, so that 5 % is attained exactly."""
    choices = {
        "extraction": ["paf"], "rotation": ["quartimax"], "composite": ["initial"],
        "covariates": {"bare": {"drop": "size"}},
    }  # fmt: skip

    def p_values(slope: float, seed: int) -> FloatArray:
        frame = _firms(np.random.default_rng([seed, 7]), 150, slope)
        found = _curve(frame, INDEX, "social_capital", choices, replicates=99, seed=seed)
        return np.asarray(found.joint["p_value"])

    false = np.array([p_values(0.0, seed) for seed in range(200)])
    assert ((false <= 0.05).sum(axis=0) <= LEVEL).all(), (false <= 0.05).mean(axis=0)
    true = np.array([p_values(0.5, seed) for seed in range(40)])
    assert ((true <= 0.05).mean(axis=0) > 0.8).all(), (true <= 0.05).mean(axis=0)
