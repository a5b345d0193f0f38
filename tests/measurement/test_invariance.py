"""Invariance series through the public face, against lavaan 0.6.14 (golden/confirmatory.json).

Differences are of statistics good to 1e-5; scaled ones divide small differences of scaling factors, which
rest on lavaan's estimates (good to 2e-5): 5e-4 relative.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import EstimationError, UsageError
from socialcap.kernels.cfa_difference import DifferenceTest
from socialcap.measurement import estimators

from .confirmatory_data import ABILITIES, SCALES, abilities, abilities_with_holes, golden, likert

PLAIN, SCALED = 1e-4, 5e-4
LEVELS = ["configural", "metric", "scalar", "strict"]


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return abilities()


@pytest.mark.parametrize(("estimator", "version"), [("ml", ""), ("mlr", ".robust")])
def test_series(estimator: str, version: str, hs: pd.DataFrame) -> None:
    found = sc.invariance(hs, ABILITIES, "school", estimator=estimator)
    assert list(found.table.index) == LEVELS
    fits = golden("confirmatory")[f"invariance_{estimator}"]
    tests = golden("confirmatory")[f"difference_{estimator}"]
    for before, level in pairwise(LEVELS):
        row = found.table.loc[level]
        assert row["delta_chi2"] == pytest.approx(tests[level]["chisq"], rel=SCALED)
        assert row["delta_df"] == tests[level]["df"]
        assert row["delta_p"] == pytest.approx(tests[level]["p"], rel=2e-3)
        for ours, theirs in (("delta_cfi", "cfi"), ("delta_rmsea", "rmsea")):
            change = fits[level]["fit"][theirs + version] - fits[before]["fit"][theirs + version]
            assert row[ours] == pytest.approx(change, abs=PLAIN)
        assert row["chi2"] == pytest.approx(
            fits[level]["fit"]["chisq.scaled" if version else "chisq"], abs=3e-4
        )
    assert found.table.loc["configural", ["delta_chi2", "delta_cfi", "delta_p"]].isna().all()
    assert set(found.difference.values()) == {
        "likelihood_ratio" if estimator == "ml" else "satorra_bentler_2001"
    }
    # The fall of CFI by .038 at equal intercepts is what is known of these data.
    assert found.held == "metric"


def test_a_negative_scaling_takes_the_version_of_2010(
    hs: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The scaling of 2001 is positive on these data: its failure is put in place of it.
    monkeypatch.setattr(
        estimators, "difference_scaled", lambda restricted, freer: DifferenceTest(np.nan, 6, np.nan)
    )
    found = sc.invariance(hs, ABILITIES, "school", estimator="mlr")
    # At the scalar level lavaan keeps latent means at zero in its intermediate model and warns of it.
    for level in ("metric", "strict"):
        chi2 = golden("confirmatory")["difference_mlr_2010"][level]["chisq"]
        assert found.table.at[level, "delta_chi2"] == pytest.approx(chi2, rel=SCALED)
    assert found.difference["metric"] == "satorra_bentler_2010"
    assert any(
        "metric, scalar, strict" in note("en") and "2010" in note("en") for note in found.tables()[0].notes
    )


def test_ordinal_series() -> None:
    found = sc.invariance(likert(), SCALES, "part", estimator="wlsmv")
    assert list(found.table.index) == ["configural", "scalar"]
    test = golden("confirmatory")["difference_wlsmv"]
    row = found.table.loc["scalar"]
    assert row["delta_chi2"] == pytest.approx(test["chisq"], rel=1e-5)
    assert row["delta_df"] == test["df"] and row["delta_p"] == pytest.approx(test["p"], rel=1e-4)
    fits = golden("confirmatory")["invariance_wlsmv"]
    fall = fits["scalar"]["fit"]["cfi.scaled"] - fits["configural"]["fit"]["cfi.scaled"]
    assert row["delta_cfi"] == pytest.approx(fall, abs=PLAIN)
    assert found.version == "_scaled" and found.table["bic"].isna().all()


def test_fiml_series_keeps_rows() -> None:
    found = sc.invariance(abilities_with_holes(), ABILITIES, "school", estimator="fiml")
    assert found.n_obs == 301
    chi2 = golden("confirmatory")["fiml_scalar"]["fit"]["chisq"]
    assert found.table.at["scalar", "chi2"] == pytest.approx(chi2, abs=PLAIN)


def test_uls_has_no_difference_test_and_says_so(hs: pd.DataFrame) -> None:
    found = sc.invariance(hs, ABILITIES, "school", estimator="uls")
    assert found.table["delta_chi2"].isna().all() and not found.difference
    assert found.table["delta_cfi"].iloc[1:].notna().all()
    assert any("no difference test is made for uls" in note("en") for note in found.tables()[0].notes)


def test_partial_invariance(hs: pd.DataFrame) -> None:
    full = sc.invariance(hs, ABILITIES, "school")
    found = sc.invariance(hs, ABILITIES, "school", free=["x3~1", "x7~1"])
    assert found.table.at["scalar", "chi2"] == pytest.approx(
        golden("confirmatory")["partial"]["fit"]["chisq"], abs=PLAIN
    )
    # Nothing changes below the level that holds the released parameters equal.
    assert found.table.at["metric", "chi2"] == pytest.approx(full.table.at["metric", "chi2"], abs=1e-8)
    assert found.table.at["scalar", "delta_df"] == 4 and found.held in ("scalar", "strict")
    assert any("x3~1, x7~1" in note("zh") for note in found.tables()[0].notes)


def test_same_population_in_both_groups_is_invariant() -> None:
    rng = np.random.default_rng(4)
    latent = rng.multivariate_normal(np.zeros(3), 0.4 + 0.6 * np.eye(3), 600)
    rows = np.kron(latent, np.ones(3)) * 0.8 + 0.6 * rng.normal(size=(600, 9))
    frame = pd.DataFrame(rows, columns=[f"x{i}" for i in range(1, 10)]).assign(part=np.arange(600) % 2)
    found = sc.invariance(frame, ABILITIES, frame["part"], estimator="mlr")
    assert found.held == "strict"
    assert (found.table["delta_p"].iloc[1:] > 0.01).all()


def test_levels_are_nested(hs: pd.DataFrame) -> None:
    found = sc.invariance(hs, ABILITIES, "school", identification="unit_variance")
    marker = sc.invariance(hs, ABILITIES, "school")
    assert found.table["chi2"].is_monotonic_increasing and found.table["df"].is_monotonic_increasing
    np.testing.assert_allclose(found.table["chi2"], marker.table["chi2"], atol=1e-7)
    assert found.models["metric"].fit["df"] == 54


def test_tables(hs: pd.DataFrame) -> None:
    found = sc.invariance(hs, ABILITIES, "school")
    (table,) = found.tables()
    headings, rows = table.text("en")
    assert headings[-5:] == ["Δχ²", "Δdf", "p of Δχ²", "ΔCFI", "ΔRMSEA"]
    assert rows[0][-5:] == [""] * 5
    assert rows[1][:6] == ["Metric", "124.04", "54", "< .001", "0.921", "0.093"]
    assert rows[1][6:] == ["0.072", "7680.8", "8.19", "6", ".224", "−0.002", "−0.004"]
    _, chinese = table.text("zh")
    assert [row[0] for row in chinese] == ["形态等值", "弱等值（载荷）", "强等值（截距）", "严格等值（残差）"]
    english = " ".join(note("en") for note in table.notes)
    assert "likelihood ratio" in english and "Chen 2007" in english and "Pasteur: 156" in english
    robust = sc.invariance(hs, ABILITIES, "school", estimator="mlr").tables()[0]
    assert any("2001" in note("zh") for note in robust.notes)
    assert found.to_dict() == sc.invariance(hs, ABILITIES, "school").to_dict()


def test_bad_input(hs: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="compares groups"):
        sc.invariance(hs, ABILITIES, None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no parameter 'x33~1'; did you mean 'x3~1'"):
        sc.invariance(hs, ABILITIES, "school", free=["x33~1"])
    with pytest.raises(EstimationError, match="5 usable rows in group 'z'"):
        few = hs["school"].astype(object).where(hs.index > 4, "z")
        sc.invariance(hs, ABILITIES, few)
    # The first thirty rows have no solution in lavaan either: the level is named.
    halves = pd.concat([hs.head(30), hs.tail(100)]).reset_index(drop=True)
    halves["part"] = np.where(halves.index < 30, "first", "second")
    with pytest.raises(EstimationError, match="configural invariance: the estimation did not converge"):
        sc.invariance(halves, ABILITIES, "part")
