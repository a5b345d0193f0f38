"""Common method bias through the public face: lavaan (golden/confirmatory.json), by hand, and by recovery.

lavaan's chi-squares are good to 1e-5; closed forms compare to 1e-10. Recovery from 500 rows: .06, twice the
sampling error of a variance share.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import socialcap as sc
from socialcap.errors import EstimationError, NotAvailableError, SocialcapWarning, UsageError
from socialcap.results import Text

from .confirmatory_data import ABILITIES, abilities, golden, method_sample, noise


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return abilities().drop(columns="school")


@pytest.fixture(scope="module")
def sample() -> tuple[pd.DataFrame, dict[str, list[str]]]:
    return method_sample()


def test_harman(hs: pd.DataFrame) -> None:
    found = sc.common_method_bias(hs)
    values = np.linalg.eigvalsh(hs.corr())
    assert found.component_share == pytest.approx(values[-1] / 9, abs=1e-10)
    factor = sc.factor_analysis(hs, 1, extraction="minres", rotation="none")
    assert found.factor_share == pytest.approx(float(factor.communalities.mean()), abs=1e-6)
    assert found.n_items == 9 and found.n_obs == 301 and not found.warnings


def test_one_dimension_above_one_half_is_warned_of() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(200, 1)) + 0.5 * rng.normal(size=(200, 5))
    with pytest.warns(SocialcapWarning, match="more than half"):
        found = sc.common_method_bias(pd.DataFrame(rows, columns=list("abcde")))
    assert found.component_share > 0.5
    assert any("一半" in note("zh") for note in found.tables()[0].notes)


def test_method_factor_is_lavaan(hs: pd.DataFrame) -> None:
    # lavaan warns of this solution, too: its latent covariance matrix is not positive definite.
    with pytest.warns(SocialcapWarning, match="with the method factor: .* not positive definite"):
        found = sc.common_method_bias(hs, ABILITIES)
    both = golden("confirmatory")["orthogonal_method"]
    traits = golden("confirmatory")["std_lv"]["fit"]
    models = found.method.models
    assert models.at["traits", "chi2"] == pytest.approx(traits["chisq"], abs=1e-5)
    assert models.at["method", "chi2"] == pytest.approx(both["fit"]["chisq"], abs=1e-5)
    for name in ("cfi", "rmsea", "srmr"):
        assert models.at["method", name] == pytest.approx(both["fit"][name], abs=1e-5)
    assert found.method.delta_chi2 == pytest.approx(traits["chisq"] - both["fit"]["chisq"], abs=1e-5)
    assert found.method.delta_df == 1
    alone = {(r["lhs"], r["rhs"]): r["est.std"] for r in golden("confirmatory")["std_lv"]["std"]}
    for key, value in found.method.loadings["traits"].items():
        assert value == pytest.approx(alone[key], abs=1e-4)


def test_method_factor_recovers_its_share(sample: tuple[pd.DataFrame, dict[str, list[str]]]) -> None:
    frame, model = sample
    found = sc.common_method_bias(frame, model)
    assert found.method.method_share == pytest.approx(0.16, abs=0.06)
    assert found.method.trait_share == pytest.approx((0.64 + 0.49 + 0.25 + 0.16) / 4, abs=0.06)
    assert found.method.delta_p < 0.001 and not found.warnings
    loadings = found.method.loadings
    # What the traits alone take for their own, the method factor takes back.
    assert (loadings["with_method"] < loadings["traits"]).all()
    assert loadings.index.names == ["factor", "item"] and len(loadings) == 12


def test_a_method_factor_without_solution_leaves_harman(
    sample: tuple[pd.DataFrame, dict[str, list[str]]],
) -> None:
    frame, model = sample
    # lavaan finds no solution with free method loadings on these data either.
    with pytest.warns(SocialcapWarning, match="did not converge"):
        found = sc.common_method_bias(frame, model, equal_method_loadings=False)
    assert found.component_share > 0 and found.warnings
    with pytest.raises(NotAvailableError, match="see the warnings"):
        _ = found.method
    assert [table.key for table in found.tables()] == ["harman"]
    with pytest.warns(SocialcapWarning) as caught:
        sc.common_method_bias(frame, {"a": model["a"]}, equal_method_loadings=False)
    assert any("more free parameters than moments" in str(w.message) for w in caught)


def test_marker_of_scales_by_hand(sample: tuple[pd.DataFrame, dict[str, list[str]]]) -> None:
    frame, model = sample
    found = sc.common_method_bias(frame, model, marker="marker").marker
    z = (frame - frame.mean()) / frame.std(ddof=0)
    scales = pd.DataFrame({name: z[members].mean(axis=1) for name, members in model.items()})
    shared = min(stats.pearsonr(scales[name], frame["marker"])[0] for name in model)
    assert found.shared == pytest.approx(shared, abs=1e-10)
    assert found.shared_upper == pytest.approx(
        np.tanh(np.arctanh(shared) + 1.6448536269514722 / np.sqrt(497))
    )
    row = found.correlations.loc[("a", "b")]
    r, p = stats.pearsonr(scales["a"], scales["b"])
    assert (row["r"], row["p"]) == pytest.approx((r, p), abs=1e-10)
    adjusted = (r - shared) / (1 - shared)
    assert row["adjusted"] == pytest.approx(adjusted, abs=1e-10)
    t = adjusted * np.sqrt(497 / (1 - adjusted**2))
    assert row["adjusted_p"] == pytest.approx(2 * stats.t.sf(abs(t), 497), abs=1e-12)
    assert (found.correlations["upper"] < found.correlations["adjusted"]).all()


def test_marker_of_items_and_rows_with_a_marker(sample: tuple[pd.DataFrame, dict[str, list[str]]]) -> None:
    frame, _ = sample
    holes = frame.copy()
    holes.loc[:9, "marker"] = np.nan
    found = sc.common_method_bias(holes, marker="marker")
    assert found.n_obs == 500 and found.marker.n_obs == 490
    assert len(found.marker.correlations) == 66
    table = found.tables()[-1]
    assert len(table.rows) == len(found.marker.lost)
    assert any("仅列出" in note("zh") for note in table.notes)
    series = sc.common_method_bias(frame.drop(columns="marker"), marker=frame["marker"])
    assert series.marker.name == "marker" and series.marker.n_obs == 500


def test_a_marker_that_shares_nothing() -> None:
    frame = noise(300)
    frame["marker"] = -frame[list("abcdef")].sum(axis=1)
    with pytest.warns(SocialcapWarning, match="no positive correlation"):
        found = sc.common_method_bias(frame, marker="marker")
    assert found.marker.shared == 0.0
    np.testing.assert_allclose(found.marker.correlations["adjusted"], found.marker.correlations["r"])


def test_strongly_opposed_variables_are_named() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=100)
    frame = pd.DataFrame({"a": a, "b": -a + 0.1 * rng.normal(size=100), "c": rng.normal(size=100)})
    frame["marker"] = a + frame["c"]
    with pytest.warns(SocialcapWarning) as caught:
        found = sc.common_method_bias(frame, marker="marker")
    assert any("no test" in str(w.message) and "a, b" in str(w.message) for w in caught)
    assert np.isnan(found.marker.correlations.loc[("a", "b"), "upper_p"])
    row = found.tables()[-1].text("en")[1][0]
    assert row[-1] == "" and any("a, b" in note("en") for note in found.tables()[0].notes)


def test_tables(sample: tuple[pd.DataFrame, dict[str, list[str]]]) -> None:
    frame, model = sample
    labels = {"a": Text("Trust", "信任")}
    found = sc.common_method_bias(frame, model, marker="marker", labels=labels)
    tables = {table.key: table for table in found.tables()}
    assert list(tables) == ["harman", "method_factor", "method_loadings", "marker"]
    assert tables["harman"].text("en")[1][0][1] == f"{found.component_share:.1%}"
    assert tables["method_factor"].text("zh")[1][1][0] == "特质与方法因子"
    assert tables["marker"].text("zh")[1][0][0] == "信任"
    for key, words in (("harman", "Podsakoff"), ("method_factor", "Podsakoff"), ("marker", "Whitney 2001")):
        for lang in ("en", "zh"):
            assert any(words in note(lang) for note in tables[key].notes), key
    assert found.to_dict() == sc.common_method_bias(frame, model, marker="marker", labels=labels).to_dict()


def test_bad_input(hs: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="not both"):
        sc.common_method_bias(hs, ABILITIES, items=["x1", "x2", "x3"])
    with pytest.raises(UsageError, match="is one of the items"):
        sc.common_method_bias(hs, ABILITIES, marker="x1")
    with pytest.raises(UsageError, match="at least 3"):
        sc.common_method_bias(hs, items=["x1", "x2"])
    with pytest.raises(UsageError, match="did you mean 'x9'"):
        sc.common_method_bias(hs, items=["x1", "x2", "x99"])
    with pytest.raises(UsageError, match="marker: there is no column 'age'"):
        sc.common_method_bias(hs, marker="age")
    with pytest.raises(UsageError, match="one scale"):
        sc.common_method_bias(hs, {"visual": ["x1", "x2", "x3"]}, marker="x9")
    with pytest.raises(EstimationError, match="x9: has the same value"):
        sc.common_method_bias(hs.assign(x9=1.0), ABILITIES)
    with pytest.raises(EstimationError, match="x8, x9: each follows exactly"):
        sc.common_method_bias(hs.assign(x9=hs["x8"]))
    found = sc.common_method_bias(hs)
    for name, reason in (("method", "items by factor"), ("marker", "no marker variable")):
        with pytest.raises(NotAvailableError, match=reason):
            getattr(found, name)
