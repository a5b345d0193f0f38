"""What a verdict says agrees with the numbers beside it, whatever the estimate; scales that end somewhere."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import socialcap as sc
from socialcap.claims import Evidence, judge, pattern
from socialcap.claims.findings import by_law
from socialcap.claims.grammar import parse_test
from socialcap.claims.laws import ALPHA, BinomialLaw, LogLaw, SmallestLaw, TLaw, p_values
from socialcap.claims.regions import Region
from socialcap.claims.wording import reason
from socialcap.errors import StudyError
from socialcap.expressions import ExpressionError
from socialcap.results import MeasurementResult, Text
from socialcap.results.claims import Verdict

N = 300
ROUNDED = 0.5e-2  # half of the last digit that the words show
EXACT = 1e-9  # both sides are closed forms

NAMES = {name: Text(name, name) for name in ("term", "outcome", "factor", "other")}
estimates = st.floats(-1.0, 1.0)
errors = st.floats(0.01, 0.5)


def limits(words: str) -> tuple[int, float, float]:
    """The level and the limits of the interval that the words show."""
    found = re.search(r"(\d+)% interval (−?[\d.]+) to (−?[\d.]+)", words)
    assert found is not None, words
    low, high = (float(found[i].replace("−", "-")) for i in (2, 3))
    return int(found[1]), low, high


@given(estimates, errors, st.floats(3.0, 200.0), st.floats(0.05, 0.4))
def test_the_interval_in_the_words_of_a_range_is_the_one_that_decides(
    estimate: float, error: float, df: float, bound: float
) -> None:
    test = parse_test(f"abs(coef(outcome, term)) < {bound}")
    finding = by_law(
        TLaw(estimate, error, df),
        Region(-bound, bound),
        format=".2f",
        unit=Text("sd", "标准差"),
        source=Text(),
        names=NAMES,
    )
    words = reason(test, finding)
    level, low, high = limits(words.en)
    assert f"{level}% 置信区间" in words.zh
    if finding.verdict is Verdict.SUPPORTED:
        assert level == 90
        assert -bound - ROUNDED <= low and high <= bound + ROUNDED
    elif finding.verdict is Verdict.CONTRADICTED:
        assert level == 90
        assert low >= bound - ROUNDED or high <= -bound + ROUNDED
    else:
        # it reaches over a bound, as the words say
        over_low = low <= -bound + ROUNDED and high >= -bound - ROUNDED
        over_high = low <= bound + ROUNDED and high >= bound - ROUNDED
        assert over_low or over_high


def test_an_interval_of_ninety_percent_outside_a_range_is_not_shown_for_an_open_question() -> None:
    finding = by_law(
        TLaw(0.30, 0.11, 200.0),
        Region(-0.1, 0.1),
        format=".2f",
        unit=Text("sd", "标准差"),
        source=Text(),
        names=NAMES,
    )
    assert finding.verdict is Verdict.NOT_SETTLED
    assert finding.interval is not None and finding.interval[0] > 0.1
    level, low, _ = limits(reason(parse_test("abs(coef(outcome, term)) < 0.1"), finding).en)
    assert (level, low) == (95, 0.08)


@given(st.lists(st.tuples(estimates, errors), min_size=1, max_size=5))
def test_the_limits_of_the_smallest_are_where_its_verdict_changes(
    parts: Sequence[tuple[float, float]],
) -> None:
    law = SmallestLaw(tuple(TLaw(estimate, error, math.inf) for estimate, error in parts))
    low, high = law.interval()
    assert low <= law.estimate <= high
    assert law.above(low) == pytest.approx(ALPHA, abs=EXACT)
    assert law.below(high) == pytest.approx(ALPHA, abs=EXACT)


def test_a_smallest_that_another_leaves_open_is_shown_open() -> None:
    law = SmallestLaw((TLaw(0.02, 0.005, math.inf), TLaw(0.03, 0.03, math.inf)))
    finding = by_law(law, Region(low=0.0), format=".3f", unit=Text("x", "x"), source=Text(), names=NAMES)
    assert finding.verdict is Verdict.NOT_SETTLED
    _, low, high = limits(reason(parse_test("largest_variance(factors) = factor"), finding).en)
    assert low < 0.0 < high


def test_an_end_of_a_scale_is_no_bound() -> None:
    everyone = BinomialLaw(60, 60)
    for test in ("share(x) in [0.9, 1]", "share(x) > 0.9"):
        region = parse_test(test).region  # type: ignore[union-attr]  # a mean's test has one
        assert p_values(everyone, region)[0] == pytest.approx(0.9**60)
    for test in ("congruence(factors, r) in [0.85, 1]", "alpha(scale) in [0.85, 1]"):
        assert parse_test(test).region == Region(low=0.85)  # type: ignore[union-attr]  # as above
    assert parse_test("share(x) in [0, 0.1]").region == Region(high=0.1)  # type: ignore[union-attr]
    assert parse_test("mean(x) in [0, 1]").region == Region(0.0, 1.0)  # type: ignore[union-attr]
    with pytest.raises(ExpressionError, match="always lies from 0 to 1"):
        parse_test("share(x) in [0, 1]")


def test_a_congruence_near_one_is_within_a_range_that_ends_there() -> None:
    region = parse_test("congruence(factors, r) in [0.9, 1]").region  # type: ignore[union-attr]
    assert p_values(LogLaw(0.99, -0.02, 0.005), region)[0] < ALPHA


def firms(seed: int = 3) -> pd.DataFrame:
    """Six items of two factors; an outcome with the first, asked of firms that are alike in it."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((N, 2))
    items = np.repeat(factors, 3, axis=1) + 0.6 * rng.standard_normal((N, 6))
    data = pd.DataFrame(items, columns=["a1", "a2", "a3", "b1", "b2", "b3"])
    data["y"] = factors[:, 0] + rng.standard_normal(N)
    data["group"] = [f"g{i % 7}" for i in range(N)]
    return data


SCALES = {"a": ["a1", "a2", "a3"], "b": ["b1", "b2", "b3"]}
ITEMS = [item for own in SCALES.values() for item in own]


@pytest.fixture(scope="module")
def measured() -> Evidence:
    data = firms()
    stable = sc.bootstrap_factor_analysis(data, 2, items=ITEMS, scales=SCALES, replicates=120, seed=2)
    index = sc.composite(stable.factors, "rotated", "whole")
    measurement = MeasurementResult(
        missing=index,
        correlation=stable.factors.correlation,
        reliability=(),
        adequacy=sc.adequacy(data, ITEMS),
        retention=sc.n_factors(data, ITEMS, n_sets=50),
        factors=stable.factors,
        stability=stable,
        composite=index,
    )
    return Evidence(data=data, measurement=measurement)


def test_a_coefficient_of_the_pipeline_is_scaled_by_the_pipelines_own_scores(measured: Evidence) -> None:
    data, stable = firms(), measured.measurement
    assert stable is not None and stable.factors.scores is not None and stable.composite is not None
    # asked of the middle alone: there the scores of all firms vary less than those made on these firms
    near = (data[["a1", "a2", "a3"]].mean(axis=1).abs() < 0.6).to_numpy()
    data.loc[~near, "y"] = np.nan
    joined = data.join(stable.factors.scores).join(stable.composite.scores)
    for score in ("a", "whole"):
        model = sc.regress(f"y ~ {score}", joined, name="m")
        carried = sc.pipeline(
            data,
            f"y ~ {score}",
            items=ITEMS,
            n_factors=2,
            scales=SCALES,
            composite_name="whole",
            replicates=60,
        )
        known = replace(measured, regressions=(model,), pipelines={"m": carried})
        claim = judge({"h": f"coef(y, {score}) > 0.1"}, known)["h"]
        own = carried.composite.scores if carried.composite is not None else carried.factors.scores[score]  # type: ignore[index]  # scores there
        assert carried.n_obs == model.n_obs == near.sum()
        # with one regressor the standardised coefficient is the correlation
        assert claim.estimate == pytest.approx(np.corrcoef(own, data.loc[near, "y"])[0, 1], abs=EXACT)
        assert claim.std_error is not None
        raw = carried.coefficients.loc[score]
        assert claim.estimate / claim.std_error == pytest.approx(raw["estimate"] / raw["pipeline_se"])


def test_a_test_of_its_own_shows_its_p_value_and_not_the_interval_of_t() -> None:
    data = firms()
    model = sc.regress("y ~ a1", data, cov="wild", clusters="group", name="wild")
    found = judge(
        {"sign": "coef(y, a1) > 0", "size": "coef(y, a1) > 0.1"}, Evidence(data, regressions=(model,))
    )
    sign, size = found["sign"], found["size"]
    assert sign.p_for == pytest.approx(model.coefficients.at["a1", "p_value"] / 2.0, abs=EXACT)
    assert (sign.ci_low, sign.ci_high) == (None, None)
    assert "one-sided p" in sign.words.en and "单侧检验 p" in sign.words.zh
    assert "interval" not in sign.words.en
    assert "does not belong" in sign.remarks[0].en
    assert size.ci_low is not None and "90% interval" in size.words.en and size.remarks == ()


def test_a_congruence_that_cannot_vary_is_refused_with_the_reason(measured: Evidence) -> None:
    single = replace(measured, references={"r": pattern({"x": ["a1"]})})
    with pytest.raises(StudyError) as refused:
        judge({"h": "congruence(factors, r) > 0.85"}, single)
    assert "the same in every resample" in str(refused.value.problems[0])
    empty = pattern(SCALES).assign(b=0.0)
    with pytest.raises(StudyError) as refused:
        judge({"h": "congruence(factors, r) > 0.85"}, replace(measured, references={"r": empty}))
    assert "no loadings on b" in str(refused.value.problems[0])


def test_no_vote_on_the_number_of_factors_is_refused(measured: Evidence) -> None:
    assert measured.measurement is not None
    retention = replace(measured.measurement.retention, numbers={})
    silent = replace(measured, measurement=replace(measured.measurement, retention=retention))
    with pytest.raises(StudyError) as refused:
        judge({"h": "n_factors = 2"}, silent)
    assert "no retention rule" in str(refused.value.problems[0])


def test_a_condition_on_percentages_is_not_held_against_fifty() -> None:
    data = pd.DataFrame({"own": np.linspace(0.0, 90.0, 40)})
    known = Evidence(data, percent=frozenset({"own"}))
    for test in ("share(own > 50) > 0.3", "share(own < 50.0) > 0.3"):
        with pytest.raises(StudyError) as refused:
            judge({"h": test}, known)
        assert "write 50 % as 0.5" in str(refused.value.problems[0])
    assert judge({"h": "share(own >= 0.5) > 0.3"}, known)["h"].estimate == (data["own"] >= 50.0).mean()
    # nobody is above, and that is an answer
    assert judge({"h": "share(own > 0.95) > 0.3"}, known)["h"].verdict is Verdict.CONTRADICTED
