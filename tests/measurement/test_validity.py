"""Convergent and discriminant validity through the public face, against semTools (golden/validity.json).

What rests on lavaan's estimates compares to 1e-5, ratios of correlations to 1e-8 (the golden data have ten
digits).
"""

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import EstimationError, NotAvailableError, SocialcapWarning, UsageError
from socialcap.kernels.resampling import resample_counts
from socialcap.results import Text

from .confirmatory_data import ABILITIES, SCALES, abilities, abilities_with_holes, golden, likert, noise

MODEL, RATIO = 1e-5, 1e-8


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return abilities()


def test_semtools(hs: pd.DataFrame) -> None:
    found = sc.validity(hs, ABILITIES, replicates=50)
    reference = golden("validity")
    np.testing.assert_allclose(found.convergent["ave_raw"], list(reference["ave"].values()), atol=MODEL)
    np.testing.assert_allclose(
        found.convergent["cr_observed"], list(reference["omega_cr"].values()), atol=MODEL
    )
    np.testing.assert_allclose(found.htmt, reference["htmt_classic"]["values"], atol=RATIO)
    np.testing.assert_allclose(found.htmt2, reference["htmt2"]["values"], atol=RATIO)


def test_by_hand_from_lavaans_standardised_loadings(hs: pd.DataFrame) -> None:
    found = sc.validity(hs, ABILITIES, replicates=50)
    loadings = {
        (r["lhs"], r["rhs"]): r["est.std"] for r in golden("confirmatory")["ml"]["std"] if r["op"] == "=~"
    }
    for factor, members in ABILITIES.items():
        values = np.array([loadings[factor, item] for item in members])
        assert found.ave[factor] == pytest.approx((values**2).mean(), abs=MODEL)
        error = (1 - values**2).sum()
        assert found.cr[factor] == pytest.approx(values.sum() ** 2 / (values.sum() ** 2 + error), abs=MODEL)
        assert found.convergent.at[factor, "smallest_loading"] == pytest.approx(values.min(), abs=1e-4)
    assert found.distinct.all()


def test_bounds_are_percentiles_of_resampled_ratios(hs: pd.DataFrame) -> None:
    found = sc.validity(hs, ABILITIES, replicates=60, seed=5)
    rows = hs.drop(columns="school").to_numpy()
    ratios = []
    for counts in resample_counts(5, 301, range(60)):
        r = np.abs(np.corrcoef(np.repeat(rows, counts.astype(int), axis=0), rowvar=False))
        within = [np.mean(r[i : i + 3, i : i + 3][np.triu_indices(3, 1)]) for i in (0, 3)]
        ratios.append(r[:3, 3:6].mean() / np.sqrt(within[0] * within[1]))
    pair = found.comparisons.loc[("visual", "textual")]
    assert pair["htmt_upper"] == pytest.approx(np.quantile(ratios, 0.95), abs=1e-10)
    assert pair["htmt_p_85"] == pytest.approx((1 + np.sum(np.array(ratios) >= 0.85)) / 61, abs=1e-12)
    assert pair["htmt"] < pair["htmt_upper"] and found.replicates == 60


def test_two_measures_of_one_thing_are_not_distinct() -> None:
    rng = np.random.default_rng(3)
    rows = 0.8 * rng.normal(size=(300, 1)) + 0.6 * rng.normal(size=(300, 6))
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    found = sc.validity(frame, {"F": list("abc"), "G": list("def")}, replicates=200)
    pair = found.comparisons.loc[("F", "G")]
    assert pair["htmt_upper"] > 0.90 and pair["htmt_p_85"] > 0.5 and pair["htmt2_p_90"] > 0.5
    assert not found.distinct.any()
    _, cells = found.tables()[1].text("zh")
    assert [row[-1] for row in cells] == ["否", "否"]


def test_seed_decides(hs: pd.DataFrame) -> None:
    first, same, other = (sc.validity(hs, ABILITIES, replicates=40, seed=seed) for seed in (1, 1, 2))
    assert first.to_dict() == same.to_dict()
    assert not np.allclose(first.comparisons["htmt_upper"], other.comparisons["htmt_upper"])
    pd.testing.assert_frame_equal(first.htmt, other.htmt)


def test_chunks_do_not_matter(hs: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sc.validity(hs, ABILITIES, replicates=60)
    # the package's attribute of this name is the function
    monkeypatch.setitem(sc.validity.__globals__, "_CHUNK", 7)
    parts = sc.validity(hs, ABILITIES, replicates=60)
    np.testing.assert_allclose(parts.comparisons, whole.comparisons, atol=1e-12)


def test_ordinal_items_take_polychorics() -> None:
    found = sc.validity(likert(), SCALES, estimator="wlsmv", replicates=30)
    assert found.correlations == "polychoric" and "ave_raw" not in found.convergent
    r = np.abs(np.array(golden("likert_ordinal")["polychoric_lavaan"]["values"]))
    within = [np.mean(r[i : i + 4, i : i + 4][np.triu_indices(4, 1)]) for i in (0, 4)]
    # lavaan's polychorics are good to about 1e-6
    assert found.htmt.at["a", "b"] == pytest.approx(
        r[:4, 4:8].mean() / np.sqrt(within[0] * within[1]), abs=1e-5
    )
    pearson = sc.validity(likert(), SCALES, estimator="wlsmv", correlations="pearson", replicates=30)
    assert pearson.htmt.at["a", "b"] != found.htmt.at["a", "b"]


def test_fiml_says_how_many_rows_the_ratios_have() -> None:
    frame = abilities_with_holes()
    found = sc.validity(frame, ABILITIES, estimator="fiml", replicates=30)
    complete = int(frame[[f"x{i}" for i in range(1, 10)]].notna().all(axis=1).sum())
    assert found.n_obs == 301 and found.htmt_n_obs == complete < 301
    assert any(f"{complete} complete rows" in note("en") for note in found.tables()[-1].notes)


def test_one_factor_has_no_discriminant_validity(hs: pd.DataFrame) -> None:
    found = sc.validity(hs, {"visual": ["x1", "x2", "x3"]}, replicates=30)
    assert [table.key for table in found.tables()] == ["convergent_validity"]
    assert any("HTMT" in note("zh") for note in found.tables()[0].notes)
    assert found.comparisons.empty
    for name in ("htmt", "htmt2"):
        with pytest.raises(NotAvailableError, match="two factors or more"):
            getattr(found, name)


def test_improper_model_is_said_and_ratios_remain() -> None:
    with pytest.warns(SocialcapWarning, match="negative factor variance: F, G"):
        found = sc.validity(noise(), {"F": list("ab"), "G": list("cd")}, replicates=30)
    assert found.ave.isna().all() and found.convergent["ave_raw"].isna().all()
    assert found.htmt.notna().all().all() and found.warnings
    assert any("negative factor variance" in note("en") for note in found.tables()[0].notes)


def test_tables(hs: pd.DataFrame) -> None:
    labels = {"visual": Text("Vision", "视觉")}
    found = sc.validity(hs, ABILITIES, replicates=40, labels=labels)
    convergent, criterion, ratios = found.tables()
    assert convergent.text("en")[1][0] == ["Vision", "3", "0.424", "0.371", "0.626", "0.371", "0.612"]
    assert criterion.text("zh")[1][1] == ["textual", "0.459", "0.848", "", "是"]
    headings, cells = ratios.text("zh")
    assert cells[0][:6] == ["视觉", "textual", "0.459", "0.334", "0.584", "0.424"]
    assert headings.count("上界") == 2
    for table, words in ((convergent, "McDonald 1999"), (criterion, "Larcker 1981"), (ratios, "Roemer")):
        for lang in ("en", "zh"):
            assert any(words in note(lang) for note in table.notes)


def test_bad_input(hs: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="at least 20"):
        sc.validity(hs, ABILITIES, replicates=3)
    with pytest.raises(UsageError, match="'kendall'"):
        sc.validity(hs, ABILITIES, correlations="kendall")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="did you mean 'x1'"):
        sc.validity(hs, {**ABILITIES, "visual": ["x1x", "x2", "x3"]})
    with pytest.raises(EstimationError, match="whole-numbered"):
        sc.validity(hs, ABILITIES, correlations="polychoric")
    with pytest.raises(EstimationError, match="x2: has the same value"):
        sc.validity(hs.assign(x2=1.0), ABILITIES)
