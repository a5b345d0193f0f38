"""Adjusted p-values against R's p.adjust and statsmodels, and against families resampled row by row.

EXACT: the same closed form, or the same resample estimated by another route.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

import socialcap as sc
from socialcap.errors import UsageError
from socialcap.kernels.multiple_testing import benjamini_hochberg, holm, romano_wolf
from socialcap.kernels.resampling import resample_counts
from socialcap.regression.studentised import studentised
from socialcap.results import RegressionResult

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/regression_analyses.json").read_text("utf-8"))
EXACT = 1e-8


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(15)
    n = 120
    frame = pd.DataFrame({"x": rng.normal(size=n), "w": rng.normal(size=n), "town": rng.integers(0, 15, n)})
    frame["y1"] = 0.3 * frame["x"] + rng.normal(size=n)
    frame["y2"] = 0.8 * frame["y1"] + 0.3 * rng.normal(size=n)
    frame["z"] = (frame["x"] + rng.logistic(size=n) > 0).astype(int)
    frame["o"] = pd.cut(frame["y2"] + rng.normal(size=n), 3, labels=["a", "b", "c"])
    return frame


@pytest.fixture(scope="module")
def family(firms: pd.DataFrame) -> list[tuple[RegressionResult, str]]:
    first, second = (sc.regress(f"{y} ~ x + w", firms, name=y) for y in ("y1", "y2"))
    third = sc.regress("z ~ x + w", firms, model="logit", name="z")
    return [(first, "x"), (first, "w"), (second, "x"), (second, "w"), (third, "x")]


def test_holm_and_benjamini_hochberg_equal_r() -> None:
    p = np.array(GOLDEN["p"])
    np.testing.assert_allclose(benjamini_hochberg(p), GOLDEN["BH"], rtol=1e-10)
    np.testing.assert_allclose(holm(p), GOLDEN["holm"], rtol=1e-10)


def test_adjustments_equal_statsmodels_in_batches() -> None:
    p = np.round(np.random.default_rng(3).uniform(size=(6, 7)) ** 3, 2)
    for function, name in ((benjamini_hochberg, "fdr_bh"), (holm, "holm")):
        expected = np.stack([multipletests(row, method=name)[1] for row in p])
        np.testing.assert_allclose(function(p), expected, rtol=1e-12)


def naive_romano_wolf(statistics: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Step by step: the largest statistic against the maximum over all, then over the rest, and so on."""
    size, left = np.abs(statistics), list(range(len(statistics)))
    adjusted, before = np.empty(len(statistics)), 0.0
    while left:
        most = max(left, key=lambda j: size[j])
        maxima = [max(abs(draw[j]) for j in left) for draw in draws]
        p = (1 + sum(value >= size[most] for value in maxima)) / (1 + len(draws))
        before = max(before, p)
        adjusted[most] = before
        left.remove(most)
    return adjusted


def test_romano_wolf_equals_the_literal_steps() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        draws = rng.normal(size=(99, 5)) @ rng.normal(size=(5, 5))
        statistics = 2 * rng.normal(size=5)
        np.testing.assert_allclose(romano_wolf(statistics, draws), naive_romano_wolf(statistics, draws))


def test_romano_wolf_leaves_failed_draws_out() -> None:
    rng = np.random.default_rng(1)
    draws, statistics = rng.normal(size=(200, 3)), np.array([2.0, 1.0, 0.1])
    holes = np.vstack([draws, [[np.nan, 9.0, 9.0]]])
    np.testing.assert_array_equal(romano_wolf(statistics, holes), romano_wolf(statistics, draws))


def test_romano_wolf_uses_the_dependence() -> None:
    """Of equal statistics it makes one: p unadjusted; of independent ones it is near Šidák's."""
    rng = np.random.default_rng(2)
    one = rng.normal(size=(20_000, 1))
    same = romano_wolf(np.full(4, 2.0), np.repeat(one, 4, axis=1))
    assert same == pytest.approx(np.full(4, 0.0455), abs=0.006)
    apart = romano_wolf(np.full(4, 2.0), rng.normal(size=(20_000, 4)))
    assert apart[0] == pytest.approx(1 - (1 - 0.0455) ** 4, abs=0.01)


def test_familywise_error_is_held() -> None:
    """600 families of six correlated true nulls at 5 %: at most 5 % + 3 standard errors have a rejection."""
    rng = np.random.default_rng(7)
    root = np.linalg.cholesky(0.5 * np.eye(6) + 0.5)
    wrong = 0
    for _ in range(600):
        wrong += romano_wolf(root @ rng.normal(size=6), rng.normal(size=(399, 6)) @ root.T).min() <= 0.05
    assert 0.02 < wrong / 600 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("cov", ["nonrobust", "HC1", "HC3"])
def test_replicates_equal_fits_of_resampled_rows(firms: pd.DataFrame, cov: str) -> None:
    fit = sc.regress("y1 ~ x + w", firms, cov=cov)
    counts = resample_counts(9, len(firms), range(40))
    estimate, error = studentised(fit, ["w", "x"], None)(counts)
    for draw in (0, 13, 39):
        rows = firms.iloc[np.repeat(np.arange(len(firms)), counts[draw].astype(int))].reset_index(drop=True)
        again = sc.regress("y1 ~ x + w", rows, cov=cov).coefficients.loc[["w", "x"]]
        np.testing.assert_allclose(estimate[draw], again["estimate"], rtol=EXACT)
        np.testing.assert_allclose(error[draw], again["std_error"], rtol=EXACT)


def test_likelihood_replicates_equal_fits_of_resampled_rows(firms: pd.DataFrame) -> None:
    counts = resample_counts(9, len(firms), range(12))
    position = np.arange(len(firms))
    for cov, cov_type in (("nonrobust", "nonrobust"), ("HC0", "HC0")):
        fit = sc.regress("z ~ x + w", firms, model="logit", cov=cov)
        estimate, error = studentised(fit, ["x"], None)(counts)
        for draw in (0, 11):
            rows = firms.iloc[np.repeat(position, counts[draw].astype(int))]
            again = sm.Logit(rows["z"], sm.add_constant(rows[["x", "w"]])).fit(disp=0, cov_type=cov_type)
            assert estimate[draw, 0] == pytest.approx(again.params["x"], rel=1e-6)
            assert error[draw, 0] == pytest.approx(again.bse["x"], rel=1e-6)
    ordered = sc.regress("o ~ x + w", firms, model="ordered_logit")
    estimate, _ = studentised(ordered, ["x"], None)(np.ones((1, len(firms))))
    assert estimate[0, 0] == pytest.approx(ordered.coefficients.at["x", "estimate"], rel=EXACT)


def test_cluster_replicates_count_a_cluster_drawn_twice_as_two(firms: pd.DataFrame) -> None:
    """Resampled towns get names of their own; CR0 of the stacked rows, by statsmodels."""
    codes = pd.factorize(firms["town"], sort=True)[0]
    counts = resample_counts(4, len(firms), range(10), clusters=codes)
    linear = sc.regress("y1 ~ x + w", firms)
    binary = sc.regress("z ~ x + w", firms, model="logit")
    for draw in (0, 9):
        parts = [
            firms[codes == g].assign(id=f"{g}-{copy}")
            for g in np.unique(codes)
            for copy in range(int(counts[draw][codes == g][0]))
        ]
        rows = pd.concat(parts, ignore_index=True)
        groups = {"groups": pd.factorize(rows["id"])[0], "use_correction": False}
        x = sm.add_constant(rows[["x", "w"]])
        for result, again in (
            (linear, sm.OLS(rows["y1"], x).fit(cov_type="cluster", cov_kwds=groups)),
            (binary, sm.Logit(rows["z"], x).fit(disp=0, cov_type="cluster", cov_kwds=groups)),
        ):
            estimate, error = studentised(result, ["x"], codes)(counts[draw][None])
            assert estimate[0, 0] == pytest.approx(again.params["x"], rel=1e-6)
            assert error[0, 0] == pytest.approx(again.bse["x"], rel=1e-6)


def test_a_family_over_models(family: list[tuple[RegressionResult, str]]) -> None:
    found = sc.multiple_testing(family, replicates=500)
    table = found.table
    p = [model.coefficients.at[name, "p_value"] for model, name in family]
    np.testing.assert_allclose(table["p_value"], p)
    np.testing.assert_allclose(table["holm"], multipletests(p, method="holm")[1])
    t = [model.coefficients.at[name, "statistic"] for model, name in family]
    np.testing.assert_allclose(table["statistic"], t, rtol=1e-6)
    assert (table["romano_wolf"] >= 1 / 501).all()
    assert list(found.rejected("holm").index) == list(table.index[table["holm"] <= 0.05])


def test_draws_of_the_family_are_joint(
    family: list[tuple[RegressionResult, str]], firms: pd.DataFrame
) -> None:
    """Models on different rows share the resamples of all rows: a literal loop over frames gives the same."""
    part = firms.assign(y2=firms["y2"].where(firms.index % 3 > 0))
    first, second = (sc.regress(f"{y} ~ x", part, cov="HC1") for y in ("y1", "y2"))
    found = sc.multiple_testing([(first, "x"), (second, "x")], replicates=100, seed=3)
    counts = resample_counts(3, len(firms), range(100)).astype(int)
    null = np.empty((100, 2))
    for draw in range(100):
        rows = part.iloc[np.repeat(np.arange(len(part)), counts[draw])].reset_index(drop=True)
        for j, model in enumerate((first, second)):
            row = sc.regress(model.formula, rows, cov="HC1").coefficients.loc["x"]
            null[draw, j] = (row["estimate"] - model.coefficients.at["x", "estimate"]) / row["std_error"]
    expected = naive_romano_wolf(found.table["statistic"].to_numpy(), null)
    np.testing.assert_allclose(found.table["romano_wolf"], expected)


def test_given_draws(family: list[tuple[RegressionResult, str]]) -> None:
    rng = np.random.default_rng(0)
    estimate = np.array([model.coefficients.at[name, "estimate"] for model, name in family])
    error = np.array([model.coefficients.at[name, "std_error"] for model, name in family])
    z = rng.normal(size=(400, 5))
    found = sc.multiple_testing(family, draws=pd.DataFrame(estimate + error * z))
    np.testing.assert_allclose(found.table["romano_wolf"], romano_wolf(estimate / error, z))
    assert found.given_draws


def test_seed_fixes_the_result(family: list[tuple[RegressionResult, str]]) -> None:
    one, same, other = (sc.multiple_testing(family, replicates=200, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(one.table, same.table, rtol=0, atol=0)
    assert not one.table["romano_wolf"].equals(other.table["romano_wolf"])


def test_table_in_both_languages(family: list[tuple[RegressionResult, str]], firms: pd.DataFrame) -> None:
    (table,) = sc.multiple_testing(family, replicates=200, clusters=firms["town"]).tables()
    assert "15 whole clusters" in table.notes[1]("en") and "整群（15 个）" in table.notes[1]("zh")
    assert len(table.text("zh")[1]) == len(family)


def test_bad_requests_are_refused(family: list[tuple[RegressionResult, str]], firms: pd.DataFrame) -> None:
    first = family[0][0]
    with pytest.raises(UsageError, match="at least two"):
        sc.multiple_testing(family[:1])
    with pytest.raises(UsageError, match="no coefficient 'X'; did you mean 'x'"):
        sc.multiple_testing([(first, "X"), (first, "w")])
    with pytest.raises(UsageError, match="at least 100"):
        sc.multiple_testing(family, replicates=9)
    with pytest.raises(UsageError, match="a column per claim"):
        sc.multiple_testing(family, draws=pd.DataFrame(np.zeros((200, 2))))
    with pytest.raises(UsageError, match="one cluster"):
        sc.multiple_testing(family, clusters=pd.Series(0, firms.index))
    counts = sc.regress("z ~ x", firms, model="poisson", name="counts")
    with pytest.raises(UsageError, match="'counts' is 'poisson'"):
        sc.multiple_testing([(counts, "x"), (first, "x")])
