"""What is missing, moments in spite of it, and imputation, on labelled frames.

EM stops when no standardised parameter moves by 1e-10; as it converges slowly, closed forms hold to 1e-6.
lavaan's optimum has its own stopping rule: 1e-4.
"""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Role
from socialcap.errors import EstimationError, UsageError
from socialcap.kernels.em import little_mcar
from socialcap.results import Text
from socialcap.survey.imputation import impute
from socialcap.survey.incomplete import moments
from socialcap.survey.missing import describe_missing

SHARED = Path(__file__).resolve().parents[2] / "../shared/data/golden"


@pytest.fixture
def firms():
    frame = pd.DataFrame(
        {
            "trust": [1.0, 2, np.nan, 4, 5, np.nan],
            "loan": [10.0, np.nan, np.nan, np.nan, 50, np.nan],
            "trade": ["cu", "al", "cu", None, "al", "cu"],
        },
        index=[2, 3, 4, 5, 6, 7],
    )
    kinds = pd.DataFrame("", index=frame.index, columns=frame.columns)
    kinds["trust"] = ["", "", "blank", "", "", "refused"]
    kinds["loan"] = ["", "skipped", "skipped", "out_of_range", "", "blank"]
    kinds.loc[5, "trade"] = "unreadable"
    return frame, kinds.astype("category")


@pytest.fixture(scope="module")
def monotone():
    """y always there, z missing more often where y is large."""
    rng = np.random.default_rng(3)
    y = rng.normal(10, 2, 150)
    z = 1 + 0.5 * y + rng.normal(size=150)
    return pd.DataFrame({"y": y, "z": np.where(y + rng.normal(size=150) > 11, np.nan, z)})


def test_shares_are_of_those_asked_and_kinds_are_counted(firms):
    items = describe_missing(*firms).items
    assert items.loc["trust", ["asked", "answered", "missing", "blank", "refused", "skipped"]].tolist() == [
        6,
        4,
        2,
        1,
        1,
        0,
    ]
    assert items.loc[
        "loan", ["asked", "answered", "missing", "skipped", "out_of_range", "blank"]
    ].tolist() == [4, 2, 2, 2, 1, 1]
    assert items["share"].tolist() == [2 / 6, 2 / 4, 1 / 6]
    assert (items["asked"] - items["answered"] == items["missing"]).all()
    assert (
        items["missing"] == items[[k.value for k in MissingKind if k is not MissingKind.SKIPPED]].sum(axis=1)
    ).all()


def test_without_kinds_every_empty_cell_is_missing(firms):
    found = describe_missing(firms[0])
    assert found.items["missing"].tolist() == [2, 4, 1]
    assert not set(found.items) & {kind.value for kind in MissingKind}


def test_patterns_count_every_row_once(firms):
    found = describe_missing(*firms)
    assert found.pattern_rows.sum() == 6 and (np.diff(found.pattern_rows) <= 0).all()
    assert found.patterns.columns.tolist() == ["trust", "loan", "trade"]
    assert found.pattern_rows[0] == 3 and not found.patterns.iloc[0].any()
    assert found.n_complete == 3
    by_variable = found.patterns.mul(found.pattern_rows, axis=0).sum()
    assert by_variable.tolist() == found.items["missing"].tolist()


def test_a_variable_may_be_called_as_a_column_of_the_tables():
    frame = pd.DataFrame({"missing": [1.0, np.nan, 2], "rows": [1.0, 2, np.nan]})
    found = describe_missing(frame)
    assert found.pattern_rows.tolist() == [1, 1, 1]
    assert sorted(row[3] for row in found.tables()[1].rows) == ["", "missing", "rows"]


def test_tables_in_both_languages(firms):
    book = Codebook(
        (
            Item(
                "trust",
                label=Text("Trust", "信任"),
                type=ItemType.ORDINAL,
                minimum=1,
                maximum=5,
                role=Role.ITEM,
            ),
        )
    )
    found = describe_missing(*firms, book)
    items, patterns = found.tables()[:2]
    headings, cells = items.text("zh")
    assert cells[0][0] == "信任" and "未问（跳题）" in headings
    assert cells[1][3] == "50.0%"
    assert sum(row[0] for row in patterns.rows) == 6
    assert json.dumps(found.to_dict())


def test_littles_test_of_one_incomplete_variable_is_the_comparison_of_group_means(monotone):
    """With y complete the statistic is (n − 1) SSB / SST of y between those with and without z, on 1 df."""
    y, gone = monotone["y"], monotone["z"].isna()
    between = sum(part.size * (part.mean() - y.mean()) ** 2 for part in (y[gone], y[~gone]))
    expected = between / y.var()
    found = describe_missing(monotone).mcar
    assert found is not None
    assert found.chi2 == pytest.approx(expected, rel=1e-6) and found.df == 1 and found.n_patterns == 2
    assert found.p == pytest.approx(chi2.sf(expected, 1), rel=1e-4)
    assert found.p < 1e-6


def test_littles_test_keeps_its_level_and_finds_what_is_not_random():
    level, power, replicates = 0, 0, 200
    for replicate in range(replicates):
        rng = np.random.default_rng(replicate)
        x = rng.normal(size=(150, 4)) @ np.triu(np.ones((4, 4)))
        random = np.where(rng.random(x.shape) < 0.1, np.nan, x)
        driven = x.copy()
        driven[(rng.random(150) < 0.6) & (x[:, 0] > 0.5), 2] = np.nan
        level += little_mcar(random, tolerance=1e-6).p < 0.05
        power += little_mcar(driven, tolerance=1e-6).p < 0.05
    # Standard error of the level .0154; the chi-square is asymptotic, with many small patterns.
    assert 0.01 <= level / replicates <= 0.11
    assert power / replicates > 0.9


def test_littles_test_leaves_out_what_it_cannot_use(firms, monotone):
    frame = monotone.assign(
        routed=np.where(monotone["y"] > 9, np.nan, 1.0 + monotone["y"]), same=1.0, text="a"
    )
    kinds = pd.DataFrame("", index=frame.index, columns=frame.columns)
    kinds.loc[frame["routed"].isna(), "routed"] = "skipped"
    found = describe_missing(frame, kinds)
    assert found.mcar_variables == ("y", "z")
    assert "routed, same, text" in found.mcar_note.en
    assert found.mcar.chi2 == pytest.approx(describe_missing(monotone).mcar.chi2, rel=1e-8)


def test_littles_test_is_not_begun_where_it_would_not_end():
    x = np.random.default_rng(1).normal(size=(900, 70))
    x[np.random.default_rng(2).random(x.shape) < 0.1] = np.nan
    found = describe_missing(pd.DataFrame(x).add_prefix("v"))
    assert found.mcar is None and "too large with 70 variables" in found.mcar_note.en


def test_littles_test_says_why_it_does_not_exist(monotone):
    complete = describe_missing(monotone[["y"]].assign(x=monotone["y"] ** 2))
    assert complete.mcar is None and "no answer is missing" in complete.mcar_note.en
    assert complete.mcar_note in complete.tables()[0].notes
    twice = monotone.assign(copy=monotone["y"])
    assert describe_missing(twice).mcar is None


def test_listwise_and_pairwise_moments_are_those_of_pandas(monotone):
    frame = monotone.assign(w=np.where(np.arange(150) % 7 == 0, np.nan, monotone["y"] ** 2))
    complete = frame.dropna()
    found = moments(frame, "listwise")
    pd.testing.assert_series_equal(found.mean, complete.mean())
    pd.testing.assert_frame_equal(found.covariance, complete.cov())
    pd.testing.assert_frame_equal(found.correlation, complete.corr())
    assert found.n_obs == len(complete)
    assert set(found.dropped) == set(frame.index) - set(complete.index)
    found = moments(frame, "pairwise")
    pd.testing.assert_series_equal(found.mean, frame.mean())
    pd.testing.assert_frame_equal(found.covariance, frame.cov())
    pd.testing.assert_frame_equal(found.correlation, frame.corr())
    assert found.n_obs == len(complete) and found.counts.loc["y", "z"] == frame["z"].notna().sum()
    assert found.dropped == ()


def test_em_moments_of_a_monotone_pattern_are_its_closed_form(monotone):
    """Anderson (1957): the regression of z on y among the complete rows, carried to the moments of all y."""
    complete = monotone.dropna()
    y = monotone["y"]
    slope = complete.cov().loc["y", "z"] / complete["y"].var()
    residual = (complete["z"].var() - slope**2 * complete["y"].var()) * (len(complete) - 1) / len(complete)
    variance = y.var(ddof=0)
    found = moments(monotone, "em")
    assert found.mean["y"] == pytest.approx(y.mean(), rel=1e-9)
    assert found.mean["z"] == pytest.approx(
        complete["z"].mean() + slope * (y.mean() - complete["y"].mean()), rel=1e-6
    )
    np.testing.assert_allclose(
        found.covariance,
        [[variance, slope * variance], [slope * variance, residual + slope**2 * variance]],
        rtol=1e-6,
    )
    assert found.n_obs == 150 and math.isfinite(found.loglik)


def test_em_correlations_agree_with_lavaan():
    data, golden = SHARED / "holzinger_missing.csv", SHARED / "holzinger_swineford_cfa.json"
    if not data.exists() or not golden.exists():
        pytest.skip("the golden values of R are kept outside the repository")
    expected = json.loads(golden.read_text(encoding="utf-8"))["em_correlation"]
    found = moments(pd.read_csv(data), "em").correlation
    assert found.columns.tolist() == expected["cols"]
    np.testing.assert_allclose(found, expected["values"], atol=1e-4)


@pytest.mark.parametrize("way", ["listwise", "pairwise", "em"])
def test_the_moments_table_shows_every_variable(monotone, way):
    table = moments(monotone, way).tables()[0]
    assert [row[0] for row in table.rows] == ["y", "z"]
    assert len(table.text("zh")[1][0]) == 6


def test_moments_refuse_what_they_cannot_use(monotone):
    with pytest.raises(UsageError, match="text"):
        moments(monotone.assign(text="a"))
    with pytest.raises(UsageError, match="none"):
        moments(monotone.assign(none=np.nan), "pairwise")
    with pytest.raises(EstimationError, match="rows"):
        moments(pd.DataFrame({"a": [1.0, np.nan, 2], "b": [np.nan, 1.0, np.nan]}))
    with pytest.raises(EstimationError, match="EM"):
        moments(monotone.assign(same=1.0), "em")


def test_imputed_copies_keep_labels_and_fill_only_holes(monotone):
    frame = monotone.assign(trade=np.where(np.arange(150) % 3 == 0, "cu", "al"))[["trade", "z", "y"]]
    frame.index = frame.index + 2
    copies = impute(frame, m=4, seed=7)
    assert len(copies) == 4
    for copy in copies:
        assert copy.columns.tolist() == ["trade", "z", "y"] and copy.index.equals(frame.index)
        pd.testing.assert_frame_equal(copy[["trade", "y"]], frame[["trade", "y"]])
        assert copy["z"].notna().all() and set(copy["z"]) <= set(frame["z"].dropna())
        pd.testing.assert_series_equal(copy.loc[frame["z"].notna(), "z"], frame["z"].dropna())


def test_the_first_copies_do_not_depend_on_how_many_are_made(monotone):
    few, many = impute(monotone, m=2, seed=5), impute(monotone, m=6, seed=5)
    for position in range(2):
        pd.testing.assert_frame_equal(few[position], many[position])
    assert not many[0].equals(many[1])
    assert not few[0].equals(impute(monotone, m=2, seed=6)[0])


def test_chains_in_several_parts_give_the_same_copies(monotone, monkeypatch):
    whole = impute(monotone, m=5)
    monkeypatch.setattr("socialcap.survey.imputation._CELLS_AT_ONCE", 2 * monotone.size)
    parts = impute(monotone, m=5)
    np.testing.assert_array_equal(whole.imputed, parts.imputed)
    np.testing.assert_array_equal(whole.means, parts.means)


def test_what_was_not_asked_is_not_imputed(monotone):
    kinds = pd.DataFrame("", index=monotone.index, columns=monotone.columns)
    gone = monotone.index[monotone["z"].isna()]
    kinds.loc[gone[:10], "z"], kinds.loc[gone[10:], "z"] = "skipped", "blank"
    for copy in impute(monotone, m=2, kinds=kinds):
        assert copy.index[copy["z"].isna()].tolist() == gone[:10].tolist()


def test_imputation_brings_back_the_mean_that_complete_rows_miss(monotone):
    """z depends on y, and y decides whether z is there: the mean among those observed is too low."""
    truth = 1 + 0.5 * monotone["y"].mean()
    copies = impute(monotone, m=20)
    pooled = np.mean([copy["z"].mean() for copy in copies])
    assert monotone["z"].mean() < truth - 0.25
    assert pooled == pytest.approx(truth, abs=0.2)  # standard error of the mean of z about .1
    row = copies.tables()[0].rows[0]
    assert row[0] == "z" and row[1] == monotone["z"].isna().sum() and row[3] > row[2]


def test_imputation_refuses_what_it_cannot_use(monotone):
    with pytest.raises(UsageError, match="gaps"):
        impute(monotone.assign(gaps=["a", None] * 75))
    with pytest.raises(UsageError, match="too many categories"):
        impute(monotone.assign(name=[f"firm {k}" for k in range(150)]))
    with pytest.raises(UsageError, match="none"):
        impute(monotone.assign(none=np.nan))
    with pytest.raises(UsageError, match="infinite"):
        impute(monotone.assign(none=np.inf))
    with pytest.raises(UsageError, match="at least 1"):
        impute(monotone, m=0)
