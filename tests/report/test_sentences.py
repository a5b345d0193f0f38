"""Sentences say what the numbers say, in both languages, and nothing where a number is missing."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import socialcap as sc
from socialcap.report.blocks import Sentence
from socialcap.report.contents.checks import curve_sentences, diagnostic_sentences, pipeline_sentences
from socialcap.report.contents.coefficients import coefficient_sentences
from socialcap.report.contents.measurement import (
    adequacy_sentences,
    number_sentences,
    reliability_sentences,
)
from socialcap.report.contents.models import margin_sentences
from socialcap.report.contents.phrases import counted, listing, p_text, say
from socialcap.report.contents.sample import funding_sentences, missing_sentences
from socialcap.report.contents.stock import Stock
from socialcap.report.contents.validity import bias_sentences
from socialcap.results import (
    AdequacyResult,
    Column,
    MarginsResult,
    MethodBiasResult,
    NFactorsResult,
    PipelineResult,
    ProfileResult,
    RegressionResult,
    ReliabilityResult,
    Table,
    Text,
    format_value,
)
from socialcap.results.specifications import SpecificationCurveResult

NUMBER = r"(−?\d+(?:\.\d+)?)"


def _read(text: str) -> float:
    return float(text.replace("−", "-"))


def _whole(sentences: Sequence[Sentence]) -> None:
    """Complete sentences without holes."""
    for sentence in sentences:
        for text in (sentence.text.en, sentence.text.zh):
            assert not re.search(r"\bnan\b|None|[{}]|  |\.\.|。。|–", text), text
        assert sentence.text.en.endswith(".")
        assert sentence.text.zh.endswith("。")
        assert not re.search(r"[\u4e00-\u9fff]", sentence.text.en)


@pytest.fixture(scope="module")
def model() -> RegressionResult:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["y", "a", "b"])
    labels = {"y": Text("Outcome", "结果"), "a": Text("Cause", "原因"), "b": Text("Other", "其他")}
    return sc.regress("y ~ a + b", frame, name="m", labels=labels)


def _with(model: RegressionResult, estimate: float, error: float) -> RegressionResult:
    """The model with another estimate of `a`, its interval and p by the normal distribution."""
    rows = model.coefficients.copy()
    p = float(2 * norm.sf(abs(estimate) / error)) if error > 0 else math.nan
    rows.loc["a", ["estimate", "std_error", "p_value", "ci_low", "ci_high", "beta"]] = [
        estimate, error, p, estimate - norm.ppf(0.975) * error, estimate + norm.ppf(0.975) * error, estimate / 2,
    ]  # fmt: skip
    return replace(model, coefficients=rows)


@given(
    estimate=st.one_of(st.just(0.0), st.floats(-50, 50), st.floats(-0.01, 0.01)),
    ratio=st.one_of(st.just(1.9599), st.just(1.96), st.just(1.9601), st.floats(0.05, 20)),
)
def test_a_coefficient_is_said_as_it_is(model: RegressionResult, estimate: float, ratio: float) -> None:
    error = abs(estimate) / ratio if abs(estimate) > 1e-9 else 1.0
    changed = _with(model, estimate, error)
    row = changed.coefficients.loc["a"]
    (sentence,) = coefficient_sentences(changed, ["a"], "regression_m")
    _whole([sentence])
    en, zh = sentence.text.en, sentence.text.zh
    for text in (en, zh):
        found = re.search(rf"b = {NUMBER}", text)
        assert found and found[1] == format_value(float(row["estimate"]), ".3f")
        assert format_value(float(row["ci_low"]), ".3f") in text
        assert format_value(float(row["ci_high"]), ".3f") in text
    if row["p_value"] < 0.05:
        assert ("a higher Cause goes with a higher Outcome" in en) == (estimate > 0)
        assert ("a higher Cause goes with a lower Outcome" in en) == (estimate < 0)
        assert ("越高：" in zh) == (estimate > 0) and ("越低：" in zh) == (estimate < 0)
        assert "p = .050" not in en
    else:
        assert "do not settle the sign" in en and "尚不能确定" in zh
        assert "goes with" not in en
    assert "no effect" not in en and "没有影响" not in zh


@pytest.mark.parametrize("column", ["estimate", "ci_low", "p_value"])
def test_a_missing_number_is_not_talked_about(model: RegressionResult, column: str) -> None:
    rows = model.coefficients.copy()
    rows.loc["a", column] = math.nan
    assert not list(coefficient_sentences(replace(model, coefficients=rows), ["a"], ""))


def test_a_missing_beta_leaves_the_rest(model: RegressionResult) -> None:
    rows = model.coefficients.copy()
    rows.loc["a", "beta"] = math.nan
    (sentence,) = coefficient_sentences(replace(model, coefficients=rows), ["a"], "")
    _whole([sentence])
    assert "β" not in sentence.text.en + sentence.text.zh


@given(st.floats(0, 1))
def test_p_is_on_its_side_of_five_per_cent(p: float) -> None:
    said = p_text(p).en
    bound = float("0" + said.split(" ")[-1]) if said.split(" ")[-1].startswith(".") else 1.0
    if p < 0.05:
        assert bound < 0.05 or said == "p < .05"
    else:
        assert bound >= 0.05 and "=" in said


@pytest.mark.parametrize(
    ("kmo", "word"),
    [(0.95, "marvelous"), (0.8996, "marvelous"), (0.8994, "meritorious"), (0.7, "middling"), (0.6499, "mediocre"),
     (0.5, "miserable"), (0.4994, "unacceptable"), (0.0, "unacceptable")],
)  # fmt: skip
def test_adequacy_in_kaisers_words(kmo: float, word: str) -> None:
    said = list(adequacy_sentences(_adequacy(kmo, 0.2)))
    _whole(said)
    assert f"{kmo:.3f}, {word}" in said[0].text.en
    assert "does not reject" in said[1].text.en and "未能拒绝" in said[1].text.zh


def test_adequacy_without_numbers_says_nothing() -> None:
    assert not list(adequacy_sentences(_adequacy(math.nan, math.nan)))


def _adequacy(kmo: float, p: float) -> AdequacyResult:
    items = pd.Series([0.6, 0.7], ["i1", "i2"])
    return AdequacyResult(kmo, items, 12.3, 1, p, 0.5, 20, {"mean_absolute": 0.3})


def _scale(name: str, alpha: float, sds: Sequence[float] = (1.0, 1.0)) -> ReliabilityResult:
    made = SimpleNamespace(
        name=name, alpha=alpha, alpha_ci=(alpha - 0.1, alpha + 0.05), standardised_alpha=alpha - 0.02,
        items=pd.DataFrame({"sd": sds}), labels={"one": Text("One", "一")}, omega=None,
    )  # fmt: skip
    return cast(ReliabilityResult, made)


@given(st.lists(st.one_of(st.floats(-0.5, 1), st.sampled_from([0.7, 0.6996, 0.6994, math.nan])), max_size=4))
def test_reliability_names_the_scales_that_fall_short(alphas: list[float]) -> None:
    said = list(reliability_sentences([_scale(f"s{i}", alpha) for i, alpha in enumerate(alphas)]))
    _whole(said)
    known = [(f"s{i}", alpha) for i, alpha in enumerate(alphas) if not math.isnan(alpha)]
    short = [name for name, alpha in known if round(alpha, 3) < 0.7]
    assert bool(said) == bool(known)
    if known:
        last = said[-1].text.en
        assert last.startswith("Below the customary") == bool(short)
        assert all(name in last for name in short)


def test_scales_of_different_units_are_given_standardised() -> None:
    said = list(reliability_sentences([_scale("one", 0.81, (1.0, 40.0))]))
    assert said[0].text.en == "Cronbach's α: One 0.790."
    assert said[1].text.en == "The items of One have different units, so that the standardised α is given."
    assert said[0].text.zh == "Cronbach α 系数：“一” 0.790。"


@pytest.mark.parametrize(("extracted", "agreeing"), [(1, 1), (2, 2), (3, 0)])
def test_number_of_factors(extracted: int, agreeing: int) -> None:
    made = cast(NFactorsResult, SimpleNamespace(numbers={"kaiser": 1, "map": 2, "hull": 2}, recommended=2))
    said = list(number_sentences(made, extracted))
    _whole(said)
    assert f"of 3 rules for the number of factors, {agreeing} name" in said[0].text.en
    assert ("recommend the same number" in said[1].text.en) == (extracted == 2)
    assert said[0].text.en.startswith("1 factor was" if extracted == 1 else f"{extracted} factors were")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.integers(1, 300))
def test_funds_are_listed_from_the_largest(shares: list[float], n: int) -> None:
    frame = pd.DataFrame(
        {"mean": shares, "ci_low": shares, "ci_high": shares, "using": 0.5},
        [f"f{i}" for i in range(len(shares))],
    )
    made = cast(ProfileResult, SimpleNamespace(funding=frame, funding_n=n, labels={}))
    said = list(funding_sentences(made))
    _whole(said)
    values = [_read(v) for v in re.findall(rf"\({NUMBER}%\)", said[0].text.en)]
    assert values == sorted(values, reverse=True) and len(values) == len(shares)
    assert ("1 firm," in said[0].text.en) == (n == 1)


@given(st.floats(0.001, 10), st.floats(0.001, 10), st.floats(-5, 5))
def test_the_pipelines_errors_against_the_naive_ones(naive: float, carried: float, b: float) -> None:
    row = {"estimate": b, "naive_se": naive, "pipeline_se": carried}
    for kind, error in (("naive", naive), ("pipeline", carried)):
        row |= {f"{kind}_low": b - 1.96 * error, f"{kind}_high": b + 1.96 * error}
    made = cast(
        PipelineResult,
        SimpleNamespace(
            coefficients=pd.DataFrame([row], ["a"]), terms={"a": SimpleNamespace(label=Text("Cause", "原因"))},
            replicates=100, converged=100,
        ),
    )  # fmt: skip
    said = list(pipeline_sentences(made, ["a"], ["pipeline", "pipeline_intervals"]))
    _whole(said)
    assert ("larger" in said[1].text.en) == (carried >= naive)
    assert ("smaller" in said[1].text.en) == (carried < naive)
    excludes = row["pipeline_low"] > 0 or row["pipeline_high"] < 0
    assert ("excludes zero." in said[2].text.en) == excludes
    assert ("不含零。" in said[2].text.zh) == excludes


@pytest.mark.parametrize(("share", "side"), [(0.5, "not more"), (0.5004, "not more"), (0.501, "more")])
def test_one_factor_takes_more_than_half_or_not(share: float, side: str) -> None:
    made = cast(MethodBiasResult, SimpleNamespace(component_share=share, method_factor=None))
    (sentence,) = bias_sentences(made)
    _whole([sentence])
    assert f"variance, {side} than half" in sentence.text.en
    assert not list(bias_sentences(replace_share(made, math.nan)))


def replace_share(made: MethodBiasResult, share: float) -> MethodBiasResult:
    return cast(MethodBiasResult, SimpleNamespace(component_share=share, method_factor=made.method_factor))


def test_unequal_variances_under_classical_errors_are_warned_of() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=300)
    frame = pd.DataFrame({"x": x, "y": x + np.exp(x) * rng.normal(size=300)})
    for cov, words in (
        ("nonrobust", "should not be relied on"),
        ("HC3", "allow for unequal error variances"),
    ):
        fitted = sc.regress("y ~ x", frame, cov=cov, name="m")
        tests = sc.diagnostics(fitted)
        said = list(diagnostic_sentences(tests, fitted, tests.tables()))
        _whole(said)
        assert any(words in sentence.text.en for sentence in said)
        assert "constant error variance" in said[0].text.en and said[0].text.en.startswith("Rejected")


def _curve(beta: Sequence[float], p: float) -> SpecificationCurveResult:
    rows = pd.DataFrame({"beta": beta, "p_value": 0.01, "main": [True] + [False] * (len(beta) - 1)})
    joint = pd.DataFrame({"p_value": [p]}, ["median"])
    return SpecificationCurveResult(
        "r", "t", rows, pd.DataFrame(), pd.DataFrame(), joint, {}, len(beta), 100, 10, 1, 0.95, "HC3", 0.85
    )


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8), st.sampled_from([0.0499, 0.05, 0.5, math.nan]))
def test_a_curve_is_said_as_it_is(beta: list[float], p: float) -> None:
    found = _curve(beta, p)
    said = list(curve_sentences(found, ["specifications", "joint"]))
    _whole(said)
    en = said[0].text.en
    limits = re.search(rf"runs from {NUMBER} to {NUMBER} \(median", en)
    assert limits and _read(limits[1]) <= _read(limits[2])
    assert en.startswith("Over 1 specification," if len(beta) == 1 else f"Over {len(beta)} specifications,")
    assert f"{100 * sum(b > 0 for b in beta) / len(beta):.1f}% are positive" in en
    assert len(said) == (1 if math.isnan(p) else 2)
    if not math.isnan(p):
        assert ("does not reject" in said[1].text.en) == (p >= 0.05)


def test_nothing_is_said_of_what_is_not_a_number() -> None:
    template = Text("It is {x}.", "为 {x}。")
    assert say(template, x=(math.nan, ".3f")) == say(template, x=(None, ".3f")) == ()
    assert say(template, x=(math.inf, ".3f")) == ()


def test_full_stops_are_not_doubled_and_scripts_stand_apart() -> None:
    (sentence,) = say(Text("Why: {x}.", "原因：{x}。"), x=Text("it fits.", "符合标准。"))
    assert sentence.text == Text("Why: it fits.", "原因：符合标准。")
    (spaced,) = say(Text("a", "以Cronbach系数“用ABC型”衡量3项。"))
    assert spaced.text.zh == "以 Cronbach 系数“用ABC型”衡量 3 项。"


def test_lists_and_counts() -> None:
    parts = [Text("a", "甲"), Text("b", "乙"), Text("c", "丙")]
    assert listing(parts) == Text("a, b and c", "甲、乙和丙")
    assert listing(parts[:1]) == Text("a", "甲")
    assert counted(1, "firm", "firms", "家企业") == Text("1 firm", "1 家企业")
    assert counted(0, "firm", "firms", "家企业").en == "0 firms"


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0.001, 1)), min_size=1, max_size=4),
    st.booleans(),
)
def test_marginal_effects_are_said_as_they_are(effects: list[tuple[float, float]], by_category: bool) -> None:
    outcomes = [str(i) if by_category else "y" for i in range(len(effects))]
    rows = pd.DataFrame(
        {
            "variable": "a",
            "outcome": outcomes,
            "estimate": [b for b, _ in effects],
            "ci_low": [b - 1.96 * se for b, se in effects],
            "ci_high": [b + 1.96 * se for b, se in effects],
            "p_value": [2 * norm.sf(abs(b) / se) for b, se in effects],
        }
    )
    labels = tuple(Text("Cause", "原因") for _ in effects)
    made = MarginsResult("m", rows, pd.DataFrame(), Text("x", "x"), labels, Text(), ())
    said = list(margin_sentences(made, ["a"]))
    _whole(said)
    assert len(said) == len(effects)
    for sentence, (b, se) in zip(said, effects, strict=True):
        found = re.search(rf" by {NUMBER} \(", sentence.text.en)
        assert found and found[1] == format_value(b, ".3f")
        assert ("does not settle" in sentence.text.en) == (2 * norm.sf(abs(b) / se) >= 0.05)
        assert ("probability of outcome" in sentence.text.en) == (by_category and len(effects) > 1)
    assert not list(margin_sentences(made, ["b"]))


@pytest.mark.parametrize(
    ("shares", "en", "zh"),
    [
        (
            (0.1, 0.25),
            "Every item lacks some answers; most are missing for “b” (25.0%",
            "每个题项均有缺失；缺失最多的是“b”",
        ),
        (
            (0.0, 0.25),
            "Of 2 items, 1 lacks no answer; most are missing for “b” (25.0%",
            "2 个题项中，1 个无缺失",
        ),
        ((0.0, 0.0), "No item lacks an answer.", "所有题项均无缺失。"),
    ],
)
def test_missing_answers_are_summed_up(shares: tuple[float, float], en: str, zh: str) -> None:
    columns = (Column("item", Text("Item", "题项"), "s"), Column("share", Text("Share", "比例"), ".1%"))
    rows = tuple((Text(name, name), share) for name, share in zip("ab", shares, strict=True))
    sentences = list(
        missing_sentences(Stock([Table("missing_items", Text("Missing", "缺失"), columns, rows)]))
    )
    _whole(sentences)
    (sentence,) = sentences
    assert sentence.text.en.startswith(en)
    assert sentence.text.zh.startswith(zh)
