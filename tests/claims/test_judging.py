"""Verdicts on claims about made-up firms whose truth is known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.claims import Evidence, judge, pattern
from socialcap.claims.standardised import scale
from socialcap.errors import StudyError
from socialcap.plan import ClaimPart
from socialcap.results import MeasurementResult, RegressionResult, Text
from socialcap.results.claims import Verdict

N = 240
EXACT = 1e-10  # the same formula on the same numbers
SCALES = {"trust": ["t1", "t2", "t3", "t4", "t5"], "credit": ["c1", "c2", "c3", "c4"]}


def firms() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    latent = rng.normal(size=(N, 2))
    strength = {"t": 0.8, "c": 0.6}
    data = pd.DataFrame(
        {
            item: strength[item[0]] * latent[:, j] + np.sqrt(1 - strength[item[0]] ** 2) * rng.normal(size=N)
            for j, items in enumerate(SCALES.values())
            for item in items
        },
        index=[f"F{i}" for i in range(N)],
    )
    data["size"] = rng.normal(3.0, 2.0, N)
    data["nothing"] = rng.normal(size=N)
    data["finance"] = 50 + 4 * latent[:, 0] + 2 * latent[:, 1] + 6 * rng.normal(size=N)
    data["loan"] = (latent[:, 0] + rng.logistic(size=N) > 0).astype(float)
    data["own"] = np.clip(rng.normal(40, 12, N), 0, 60).round()
    data["kin"] = np.clip(rng.normal(15, 6, N), 0, 40).round()
    data["short"] = (rng.random(N) < 0.97).astype(float)
    data["trade"] = np.where(rng.random(N) < 0.5, "copper", "other metal")
    return data


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    data = firms()
    items = [item for own in SCALES.values() for item in own]
    stable = sc.bootstrap_factor_analysis(
        data, 2, items=items, scales=SCALES, replicates=300, seed=4, extraction="ml"
    )
    factors = stable.factors
    assert factors.scores is not None
    index = sc.composite(factors, "rotated", "capital")
    data = data.join(factors.scores).join(index.scores)
    measured = MeasurementResult(
        missing=index,
        correlation=factors.correlation,
        reliability=tuple(sc.reliability(data, own, name=name) for name, own in SCALES.items()),
        adequacy=sc.adequacy(data, items),
        retention=sc.n_factors(data, items, n_sets=100),
        factors=factors,
        stability=stable,
        composite=index,
    )
    models = (
        sc.regress("finance ~ trust + credit + nothing + C(trade)", data, cov="HC3", name="main"),
        sc.regress("finance ~ trust + size", data, name="short"),
        sc.regress("loan ~ trust + credit", data, model="logit", name="loan"),
        sc.regress("own ~ trust", data.assign(own=data["own"] / 100), model="fractional", name="shares"),
    )
    return Evidence(
        data=data,
        measurement=measured,
        regressions=models,
        references={"published": pattern(SCALES)},
        percent=frozenset({"own", "kin"}),
        labels={"trust": Text("Trust", "信任"), "credit": Text("Credit", "信用")},
    )


def test_verdicts_follow_the_truth(evidence: Evidence) -> None:
    verdicts = {
        "coef(finance, trust) > 0": Verdict.SUPPORTED,
        "coef(finance, trust) < 0": Verdict.CONTRADICTED,
        "abs(coef(finance, trust)) < 0.1": Verdict.CONTRADICTED,
        "abs(coef(finance, nothing)) < 0.3": Verdict.SUPPORTED,
        "abs(coef(finance, nothing)) < 0.02": Verdict.NOT_SETTLED,
        "coef(finance, trust) > coef(finance, nothing)": Verdict.SUPPORTED,
        "coef(finance, trust) < coef(finance, nothing)": Verdict.CONTRADICTED,
        "coef(loan, trust) > 0": Verdict.SUPPORTED,
        "largest_variance(factors) = trust": Verdict.SUPPORTED,
        "largest_variance(factors) = credit": Verdict.CONTRADICTED,
        "n_factors = 2": Verdict.SUPPORTED,
        "n_factors = 3": Verdict.CONTRADICTED,
        "congruence(factors, published) > 0.85": Verdict.SUPPORTED,
        "congruence(factors, published) < 0.85": Verdict.CONTRADICTED,
        "alpha(trust) > 0.8": Verdict.SUPPORTED,
        "alpha(trust) < 0.8": Verdict.CONTRADICTED,
        "share(own + kin) in [0.5, 0.6]": Verdict.SUPPORTED,
        "share(own) > 0.5": Verdict.CONTRADICTED,
        "share(short == 1) > 0.9": Verdict.SUPPORTED,
        "share(short == 1) > 0.94": Verdict.NOT_SETTLED,
        "mean(size) > 2": Verdict.SUPPORTED,
        "mean(size) in [3.5, 9]": Verdict.CONTRADICTED,
    }
    found = judge({test: test for test in verdicts}, evidence)
    assert {claim.test: claim.verdict for claim in found.claims} == verdicts


def test_a_coefficient_is_in_standard_deviations(evidence: Evidence) -> None:
    claim = judge({"h": "coef(finance, trust) > 0.1"}, evidence)["h"]
    model = evidence.regressions[0]
    assert claim.estimate == pytest.approx(model.coefficients.at["trust", "beta"], abs=EXACT)
    # by hand: b sd(x) / sd(y), t with n - k degrees of freedom
    by_hand = model.coefficients.at["trust", "std_error"] * scale(model, "trust")
    assert claim.std_error == pytest.approx(by_hand, abs=EXACT)
    assert claim.df == model.df_resid
    assert claim.unit.en == "standard deviations"


def test_the_sign_has_the_p_value_of_the_model(evidence: Evidence) -> None:
    claim = judge({"h": "coef(finance, trust) > 0"}, evidence)["h"]
    two_sided = evidence.regressions[0].coefficients.at["trust", "p_value"]
    assert claim.p_for == pytest.approx(two_sided / 2.0, rel=1e-6)
    assert claim.p_against == pytest.approx(1.0 - two_sided / 2.0, abs=EXACT)


def test_a_wild_bootstrap_decides_on_the_sign_by_its_own_p_value() -> None:
    data = firms().assign(group=[f"g{i % 8}" for i in range(N)])
    model = sc.regress("finance ~ size + t1", data, cov="wild", clusters="group", name="wild")
    claim = judge({"h": "coef(finance, t1) > 0"}, Evidence(data, regressions=(model,)))["h"]
    assert claim.p_for == pytest.approx(model.coefficients.at["t1", "p_value"] / 2.0, abs=EXACT)


def test_a_latent_outcome_has_its_own_deviation(evidence: Evidence) -> None:
    model = evidence.regressions[2]
    claim = judge({"h": "coef(loan, trust) > 0.1"}, evidence)["h"]
    x = model.estimation.equations[0].matrix
    index = x.to_numpy() @ model.coefficients["estimate"].to_numpy()
    latent = np.sqrt(index.var(ddof=1) + np.pi**2 / 3)
    expected = model.coefficients.at["trust", "estimate"] * x["trust"].std() / latent
    assert claim.estimate == pytest.approx(expected, abs=EXACT)
    assert "latent" in claim.unit.en


def test_the_sign_alone_can_be_claimed_where_there_are_no_deviations(evidence: Evidence) -> None:
    claim = judge({"h": "coef(own, trust) > 0"}, evidence)["h"]
    assert claim.estimate == evidence.regressions[3].coefficients.at["trust", "estimate"]
    assert claim.power is None
    with pytest.raises(StudyError, match="only its sign can be claimed"):
        judge({"h": "coef(own, trust) > 0.1"}, evidence)


def test_a_difference_has_the_variance_of_a_difference(evidence: Evidence) -> None:
    claim = judge({"h": "coef(finance, trust) > coef(finance, nothing)"}, evidence)["h"]
    model = evidence.regressions[0]
    weights = np.array([scale(model, "trust"), -scale(model, "nothing")], dtype=float)
    names = ["trust", "nothing"]
    assert claim.estimate == pytest.approx(weights @ model.coefficients.loc[names, "estimate"], abs=EXACT)
    variance = weights @ model.vcov.loc[names, names].to_numpy() @ weights
    assert claim.std_error == pytest.approx(np.sqrt(variance), abs=EXACT)


def test_the_first_of_several_models_is_used_and_said(evidence: Evidence) -> None:
    open_claim = judge({"h": "coef(finance, trust) > 0"}, evidence)["h"]
    assert "2 regressions have this coefficient" in open_claim.remarks[0].en
    named = ClaimPart(name="h", test="coef(finance, trust) > 0", regression="short")
    claim = judge([named], evidence)["h"]
    assert claim.remarks == ()
    assert claim.std_error != open_claim.std_error


def test_the_pipeline_gives_the_error_where_there_is_one(evidence: Evidence) -> None:
    items = [item for own in SCALES.values() for item in own]
    carried = sc.pipeline(
        firms(), "finance ~ trust + credit + nothing", items=items, n_factors=2, scales=SCALES,
        extraction="ml", replicates=200,
    )  # fmt: skip
    own = sc.regress("finance ~ trust + credit + nothing", evidence.data, name="main")
    taken = replace(evidence, regressions=(own,), pipelines={"main": carried})
    found = judge(
        {"one": "coef(finance, trust) > 0", "two": "coef(finance, trust) > coef(finance, credit)"}, taken
    )
    error = carried.coefficients.at["trust", "pipeline_se"] * scale(own, "trust")
    assert found["one"].std_error == pytest.approx(error, abs=EXACT)
    assert "whole pipeline" in found["one"].source.en
    draws = carried.draws["trust"] * scale(own, "trust") - carried.draws["credit"] * scale(own, "credit")
    assert found["two"].std_error == pytest.approx(draws.std(), abs=1e-9)


@dataclass(frozen=True)
class Curve:
    regression: str
    term: str
    curve: pd.DataFrame
    measurements: pd.DataFrame


def test_specifications_are_counted_on_the_claims_side(evidence: Evidence) -> None:
    curve = pd.DataFrame(
        {
            "estimate": [2.0, 1.0, -1.0, 4.0, np.nan],
            "std_error": [0.5, 1.0, 0.5, 1.0, np.nan],
            "beta": [0.2, 0.1, -0.1, 0.4, np.nan],
        }
    )
    measurements = pd.DataFrame({"trust": [0.3, 0.2, 0.3], "credit": [0.2, 0.3, np.nan]})
    known = replace(evidence, specifications=(Curve("main", "trust", curve, measurements),))
    found = judge(
        {
            "sign": "coef(finance, trust) > 0",
            "size": "coef(finance, trust) > 0.15",
            "other": "coef(finance, nothing) > 0",
            "first": "largest_variance(factors) = trust",
        },
        known,
    )
    sign, size, first = (found[name].agreement for name in ("sign", "size", "first"))
    assert sign is not None and size is not None and first is not None
    # supported in the first and the fourth; 2 / 0.5 and 4 / 1 standard errors
    assert (sign.same_side, sign.same_verdict, sign.count) == (0.75, 0.5, 4)
    assert (size.same_side, size.count) == (0.5, 4)
    assert found["other"].agreement is None
    # a solution with one factor compares nothing
    assert (first.same_side, first.same_verdict, first.count) == (0.5, None, 2)
    design = next(table for table in found.tables() if table.key == "claim_design")
    assert [design.cell(i, 0) for i in range(4)] == ["sign", "size", "other", "first"]
    assert [design.cell(0, c) for c in (4, 5, 6)] == ["75%", "50%", "4"]


def votes(evidence: Evidence, numbers: Mapping[str, int]) -> Evidence:
    assert evidence.measurement is not None
    retention = replace(evidence.measurement.retention, numbers=numbers)
    return replace(evidence, measurement=replace(evidence.measurement, retention=retention))


def test_rules_that_split_settle_nothing(evidence: Evidence) -> None:
    split = {"parallel_components": 2, "map_2000": 2, "ekc": 3, "hull": 4, "comparison_data": 3, "bic": 2}
    claim = judge({"h": "n_factors = 2"}, votes(evidence, split))["h"]
    assert claim.verdict is Verdict.NOT_SETTLED
    assert "2 of 5" in claim.words.en
    most = {**split, "hull": 3}
    assert judge({"h": "n_factors = 2"}, votes(evidence, most))["h"].verdict is Verdict.CONTRADICTED
    assert judge({"h": "n_factors = 3"}, votes(evidence, most))["h"].verdict is Verdict.SUPPORTED


def test_congruence_is_over_the_items_of_the_reference(evidence: Evidence) -> None:
    fewer = {"x": ["c1", "c2", "c3"], "y": ["t1", "t2", "t3", "t4", "t5"]}
    known = replace(evidence, references={"published": pattern(fewer)})
    claim = judge({"h": "congruence(factors, published) > 0.5"}, known)["h"]
    assert evidence.measurement is not None
    loadings = evidence.measurement.factors.loadings
    rows = [*fewer["x"], *fewer["y"]]
    target = pattern(fewer).loc[rows]
    by_hand = [
        float(loadings.loc[rows, own] @ target[name])
        / np.sqrt(float((loadings.loc[rows, own] ** 2).sum()) * float(target[name].sum()))
        for name, own in (("x", "credit"), ("y", "trust"))
    ]
    assert claim.estimate == pytest.approx(min(by_hand), abs=EXACT)
    assert "1 items" in claim.remarks[0].en


def test_shares_of_percent_variables_are_divided_by_a_hundred(evidence: Evidence) -> None:
    claim = judge({"h": "share(own + kin) > 0.3"}, evidence)["h"]
    assert claim.estimate == pytest.approx((evidence.data["own"] + evidence.data["kin"]).mean() / 100)
    assert "divided by 100" in claim.remarks[0].en
    unknown = replace(evidence, percent=frozenset())
    with pytest.raises(StudyError, match="a share lies from 0 to 1, its values from"):
        judge({"h": "share(own + kin) > 0.3"}, unknown)


def test_firms_without_an_answer_are_left_out_and_counted(evidence: Evidence) -> None:
    data = evidence.data.copy()
    data.iloc[:7, data.columns.get_loc("short")] = np.nan
    claim = judge({"h": "share(short == 1) > 0.9"}, replace(evidence, data=data))["h"]
    assert "233 firms, 7 without an answer left out" in claim.source.en
    assert claim.estimate == pytest.approx(data["short"].mean())


def test_holm_is_over_the_claims_that_have_a_p_value(evidence: Evidence) -> None:
    tests = {"a": "coef(finance, trust) > 0", "b": "coef(finance, nothing) > 0", "c": "n_factors = 2"}
    found = judge(tests, evidence)
    a, b = found["a"], found["b"]
    assert a.p_for is not None and b.p_for is not None
    assert a.holm == pytest.approx(min(1.0, 2 * a.p_for), abs=EXACT)
    assert b.holm == pytest.approx(b.p_for, abs=EXACT)
    assert found["c"].holm is None and found["c"].p_for is None


def test_every_mistake_is_named_at_once_with_the_nearest_name(evidence: Evidence) -> None:
    claims = [
        ClaimPart(name="a", test="coef(finance, trusts) > 0"),
        ClaimPart(name="b", test="coef(finances, trust) > 0"),
        ClaimPart(name="c", test="coef(finance, trust) > "),
        ClaimPart(name="d", test="coef(finance, trust) > 0", regression="mian"),
        ClaimPart(name="e", test="largest_variance(factors) = trsut"),
        ClaimPart(name="f", test="congruence(factors, publishd) > 0.8"),
        ClaimPart(name="g", test="share(shrt == 1) > 0.9"),
        ClaimPart(name="h", test="alpha(trusty) > 0.9"),
        ClaimPart(name="i", test="n_factors = 2", regression="main"),
        ClaimPart(name="j", test="coef(finance, size) > coef(finance, credit)"),
        ClaimPart(name="a", test="n_factors = 2"),
    ]
    with pytest.raises(StudyError) as caught:
        judge(claims, evidence)
    said = str(caught.value)
    assert caught.value.exit_code == 3
    for part in (
        "two claims are called 'a'",
        "claim a: there is no coefficient 'trusts' of finance (regression main, short); did you mean 'trust'?",
        "claim b: no regression has the outcome 'finances'; did you mean 'finance'?",
        "claim c: a number is needed here at character 24",
        "claim d: there is no regression 'mian'; did you mean 'main'?",
        "claim e: there is no factor 'trsut'; did you mean 'trust'?",
        "claim f: there is no reference 'publishd'; did you mean 'published'?",
        "claim g: there is no variable 'shrt'; did you mean 'short'?",
        "claim h: there is no scale of two items and more 'trusty'; did you mean 'trust'?",
        "claim i: only a claim on coefficients names a regression",
        "claim j: no regression of finance has both size and credit",
    ):
        assert part in said
    assert len(caught.value.problems) == 11


def test_claims_without_their_evidence_are_refused_with_the_reason(evidence: Evidence) -> None:
    bare = Evidence(evidence.data, regressions=evidence.regressions)
    with pytest.raises(StudyError, match="the study has no factors"):
        judge({"h": "n_factors = 2"}, bare)
    assert evidence.measurement is not None
    unstable = replace(evidence, measurement=replace(evidence.measurement, stability=None))
    with pytest.raises(StudyError, match=r"set bootstrap in \[factors\]"):
        judge({"h": "largest_variance(factors) = trust"}, unstable)
    strange = replace(
        evidence, references={"published": pattern({"x": ["t1", "q9"], "y": ["c1"], "z": ["c2"]})}
    )
    with pytest.raises(StudyError) as caught:
        judge({"h": "congruence(factors, published) > 0.5"}, strange)
    assert "'q9' on x, which is not factored" in str(caught.value)
    assert "has 3 factors, the study 2" in str(caught.value)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("share(trade) > 0.5", "no numbers to average"),
        ("mean(log(-1 - abs(size))) > 0", "0 firms have a value"),
        ("mean(1) > 0", "the same for all firms"),
        ("mean(trade + 1) > 0", "a number is needed"),
    ],
)
def test_means_of_no_numbers_are_refused(evidence: Evidence, test: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        judge({"h": test}, evidence)


def test_sentences_say_what_the_data_can_tell(evidence: Evidence) -> None:
    claims = [
        ClaimPart(
            name="a", test="abs(coef(finance, nothing)) < 0.3", sentence=Text("It is small.", "影响很小。")
        ),
        ClaimPart(name="b", test="abs(coef(finance, nothing)) < 0.02"),
        ClaimPart(name="c", test="coef(finance, nothing) > 0"),
        ClaimPart(name="d", test="coef(finance, trust) < 0"),
    ]
    a, b, c, d = judge(claims, evidence).sentences()
    assert a.en.startswith("It is small. Supported. nothing hardly matters for finance: its coefficient is ")
    assert a.zh.startswith("影响很小。得到支持。nothing 对 finance 几乎没有影响：其系数为 ")
    assert "Not settled. The data can rule out neither" in b.en and "尚无定论" in b.zh
    assert "the data cannot tell on which side of 0 it lies." in c.en and "数据无法判断" in c.zh
    assert "Had the truth been 0.20" in c.en and "若真值为 0.20" in c.zh
    assert d.en.startswith("coef(finance, trust) < 0. Contradicted. The coefficient of trust on finance is ")
    assert "与数据相悖。trust 对 finance 的系数为 " in d.zh
    for sentence in (a, b, c, d):
        assert "{" not in sentence.en + sentence.zh
        assert sentence.en.endswith(".") and sentence.zh.endswith("。")


def test_tables_hold_what_the_claims_hold(evidence: Evidence) -> None:
    tests = {"a": "coef(finance, trust) > 0", "b": "n_factors = 2", "c": "share(own) in [0.3, 0.5]"}
    found = judge(tests, evidence)
    tables = {table.key: table for table in found.tables()}
    assert list(tables) == ["claims", "claim_evidence", "claim_design", "claim_sources"]
    shown = tables["claim_evidence"].to_dict()
    row = dict(zip(shown["columns"], shown["rows"][0], strict=True))
    assert row["estimate"] == found["a"].estimate
    assert (row["ci_low"], row["ci_high"]) == (found["a"].ci_low, found["a"].ci_high)
    assert tables["claim_evidence"].cell(1, 2) == "2"
    assert tables["claim_evidence"].cell(1, 5) == ""
    assert tables["claim_evidence"].cell(2, 2).endswith("%")
    assert [tables["claims"].cell(i, 2, "zh") for i in range(3)] == ["得到支持"] * 3
    assert found.to_dict()["claims"]["rows"][0][2] == {"en": "Supported", "zh": "得到支持"}
    with pytest.raises(KeyError):
        found["z"]


def test_a_study_is_evidence(evidence: Evidence) -> None:
    study = SimpleNamespace(
        data=evidence.data,
        measurement=evidence.measurement,
        regressions=evidence.regressions,
        pipelines={},
        specifications=(),
        survey=SimpleNamespace(codebook=()),
        labels=lambda: dict(evidence.labels),
    )
    found = Evidence.of(study, evidence.references)  # type: ignore[arg-type]
    assert found.label("trust") == Text("Trust", "信任")
    tests = {"a": "coef(finance, trust) > 0", "b": "congruence(factors, published) > 0.85"}
    assert judge(tests, found).to_dict() == judge(tests, evidence).to_dict()


def test_models_of_every_kind_have_a_scale_or_none() -> None:
    data = firms()
    data["grade"] = pd.qcut(data["finance"], 3, labels=False).astype(float)

    def fitted(formula: str, **options: object) -> RegressionResult:
        return sc.regress(formula, data, **options)

    tobit = fitted("finance ~ t1", model="tobit", lower=45.0)
    x = tobit.estimation.equations[0].matrix
    index = x.to_numpy() @ tobit.coefficients.loc[list(x.columns), "estimate"].to_numpy()
    latent = np.sqrt(index.var(ddof=1) + tobit.fit["sigma"] ** 2)
    assert scale(tobit, "t1") == pytest.approx(data["t1"].std() / latent)
    ordered = fitted("grade ~ t1", model="ordered_probit")
    index = ordered.estimation.equations[0].matrix.to_numpy() @ ordered.coefficients.loc[["t1"], "estimate"]
    assert scale(ordered, "t1") == pytest.approx(data["t1"].std() / np.sqrt(index.var(ddof=1) + 1.0))
    assert scale(fitted("loan ~ t1", model="probit"), "Intercept") is None
    assert scale(fitted("own ~ t1", model="poisson"), "t1") is None
    data["weight"] = np.linspace(0.5, 1.5, N)
    weighted = fitted("finance ~ t1", weights="weight")
    beta = weighted.coefficients.at["t1", "beta"]
    assert weighted.coefficients.at["t1", "estimate"] * scale(weighted, "t1") == pytest.approx(
        beta, abs=EXACT
    )
