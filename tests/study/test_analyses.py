"""What a study runs beside factors and regressions: each as its front gives it, each fault named."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import EstimationError, SocialcapWarning, StudyError
from socialcap.measurement import profile
from socialcap.plan import StudyPlan
from socialcap.results import StudyResult, Text
from socialcap.study import run_files
from socialcap.study.modelling import marginal_effects
from socialcap.study.reading import load_survey, silent
from socialcap.study.setting import Setting

SAME = 1e-10  # the same code on the same data: rounding only

MORE = """
[profile]
variables = ["trade", "c1", "finance"]
[validity]
estimator = "ml"
replicates = 40
[inference]
replicates = 40
[[regression]]
name = "rich"
formula = "rich ~ trust + C(trade)"
model = "logit"
[[hierarchical]]
name = "blocks"
label = { en = "In steps", zh = "逐步" }
outcome = "finance"
blocks = ["C(trade)", "trust + credit"]
cov = "HC3"
[[moderation]]
name = "by_trade"
y = "finance"
x = "trust"
w = "credit"
covariates = ["C(trade)"]
[[mediation]]
name = "way"
x = "c1"
m = ["t1"]
y = "finance"
replicates = 200
"""


def add(folder: Path, text: str) -> StudyPlan:
    """The study with further tables, and a derived outcome of two values."""
    file = folder / "study.toml"
    old = file.read_text(encoding="utf-8").replace("[derive]", '[derive]\nrich = "finance > 50"')
    file.write_text(old + text, encoding="utf-8")
    return sc.read_study(folder)


@pytest.fixture
def plan(study_folder: Path) -> StudyPlan:
    return add(study_folder, MORE)


@pytest.fixture(scope="module")
def kept() -> dict[str, StudyResult]:
    return {}


@pytest.fixture
def result(plan: StudyPlan, kept: dict[str, StudyResult]) -> StudyResult:
    """The study's result, made once for all tests that only look at it."""
    if not kept:
        kept["result"] = sc.run(plan)
    return kept["result"]


def test_each_step_gives_what_its_front_gives(plan: StudyPlan, result: StudyResult) -> None:
    data, scales = result.data, plan_scales(plan)
    assert result.measurement is not None and result.measurement.validity is not None
    valid = sc.validity(data, scales, replicates=40, seed=plan.study.seed)
    np.testing.assert_allclose(result.measurement.validity.ave, valid.ave, atol=SAME)
    np.testing.assert_allclose(result.measurement.validity.htmt, valid.htmt, atol=SAME)
    assert result.measurement.confirmatory is result.measurement.validity.confirmatory
    bias = sc.common_method_bias(data, scales)
    assert result.measurement.method_bias is not None
    assert result.measurement.method_bias.component_share == pytest.approx(bias.component_share, abs=SAME)
    rich = result.regressions[1]
    same(result.margins["rich"].effects["estimate"], sc.margins(rich).effects["estimate"])
    same(
        result.diagnostics["main"].tests["statistic"],
        sc.diagnostics(result.regressions[0]).tests["statistic"],
    )
    steps = sc.hierarchical(result.hierarchical[0].table["formula"].tolist(), data, cov="HC3")
    same(result.hierarchical[0].table["r2"], steps.table["r2"])
    assert steps.table["formula"].iloc[1] == "finance ~ C(trade) + trust + credit"
    slopes = sc.moderation(data, y="finance", x="trust", w="credit", covariates=["C(trade)"]).slopes
    same(result.moderations[0].slopes["slope"], slopes["slope"])
    ways = sc.mediation(data, x="c1", m="t1", y="finance", replicates=200, seed=plan.study.seed)
    same(result.mediations[0].effects["std_error"], ways.effects["std_error"])


def plan_scales(plan: StudyPlan) -> dict[str, list[str]]:
    book = sc.read_codebook(plan.path(plan.data.codebook))
    return {name: list(members) for name, members in book.scales.items()}


def same(ours: pd.Series, theirs: pd.Series) -> None:
    np.testing.assert_allclose(ours.to_numpy(float), theirs.to_numpy(float), atol=SAME)


def test_the_pipeline_repeats_the_regression_on_its_own_levels_and_firms(result: StudyResult) -> None:
    assert set(result.pipelines) == {"main", "rich"}
    for model in result.regressions:
        found = result.pipelines[model.name]
        assert found.n_obs == model.n_obs
        assert list(found.coefficients.index) == list(model.coefficients.index)
        assert [t for t, term in found.terms.items() if term.reference] == [
            t for t, term in model.terms.items() if term.reference
        ]
        assert found.interval == "t" and found.replicates == 40
        # the factors of the pipeline are those of the firms of the regression, one fewer than all
        close = model.coefficients["std_error"]
        assert (abs(found.coefficients["estimate"] - model.coefficients["estimate"]) < 0.3 * close).all()


def test_the_pipeline_is_the_regression_where_all_firms_are_complete(study_folder: Path) -> None:
    plan = add(study_folder, '[[exclude]]\nwhen = "count(t1, t2, t3, t4, c1, c2, c3, c4, finance) < 9"\n')
    result = sc.run(plan)
    ours, theirs = result.pipelines["main"].coefficients, result.regressions[0].coefficients
    np.testing.assert_allclose(ours["estimate"], theirs["estimate"], atol=SAME)


def test_without_replicates_there_is_no_pipeline(study_folder: Path) -> None:
    assert sc.run(add(study_folder, "[inference]\nreplicates = 0\n")).pipelines == {}


def test_what_the_pipeline_cannot_repeat_is_named(study_folder: Path) -> None:
    text = """
    [inference]
    replicates = 40
    [[regression]]
    name = "weighted"
    formula = "finance ~ trust"
    weights = "c4"
    [[regression]]
    name = "counted"
    formula = "c1 ~ credit"
    model = "poisson"
    [[regression]]
    name = "plain"
    formula = "finance ~ t1"
    """
    result = sc.run(add(study_folder, text))
    assert set(result.pipelines) == {"main"}
    said = "\n".join(map(str, result.problems))
    assert "pipeline for regression weighted: it has survey weights" in said
    assert "pipeline for regression counted: model 'poisson' is not one of ols" in said
    assert "regression plain" not in said


def test_imputed_rows_make_another_sample_and_this_is_said(study_folder: Path) -> None:
    text = "[inference]\nreplicates = 20\nimputations = 2\n"
    result = sc.run(add(study_folder, text))
    said = [str(problem) for problem in result.problems if "imputes" in problem.message]
    assert said == [
        "inference through the pipeline for regression main: 80 firms, the regression 77: "
        "it imputes missing answers"
    ]


def test_profile_and_descriptives_are_those_of_the_analysed_firms(result: StudyResult) -> None:
    assert result.profile is not None and result.profile.sample is not None
    counts = result.profile.sample["n"]
    assert counts.loc["trade"].to_dict() == result.data["trade"].value_counts().to_dict()
    assert counts.loc["c1"].index.tolist() == ["1", "2", "3", "4", "5"]
    assert result.profile.unanswered["c1"] == 1
    assert result.profile.correlations is not None
    names = ["finance", "rich", "trust", "credit", "social_capital"]
    assert list(result.profile.correlations.index) == names
    np.testing.assert_allclose(
        result.profile.correlations, result.data[names].astype(float).corr(), atol=SAME
    )
    by_hand = profile(result.data, describe=names)
    assert result.profile.descriptives is not None and by_hand.descriptives is not None
    pd.testing.assert_frame_equal(result.profile.descriptives, by_hand.descriptives)


def test_levels_have_the_codebooks_words(result: StudyResult) -> None:
    table = next(table for table in result.tables() if table.key == "profile")
    assert [row[:2] for row in table.text("zh")[1][:2]] == [["行业", "铜"], ["", "铝"]]
    models = next(table for table in result.tables() if table.key == "regression_moderation_by_trade")
    assert any("铝" in row[0] for row in models.text("zh")[1])


def test_a_study_of_models_alone_describes_their_variables(study_folder: Path) -> None:
    result = sc.run(sc.read_study(study_folder))
    assert result.profile is not None
    assert result.profile.sample is None and result.profile.funding is None
    assert result.profile.correlations is not None


def test_margins_come_of_themselves_for_models_that_are_not_linear(
    plan: StudyPlan, result: StudyResult
) -> None:
    assert set(result.margins) == {"rich"}
    survey, book = load_survey(plan)
    setting = Setting.of(plan, survey, book, silent)
    linear, binary = plan.regression
    main, rich = result.regressions
    assert marginal_effects(setting, linear.model_copy(update={"margins": True}), main) is not None
    assert marginal_effects(setting, binary.model_copy(update={"margins": False}), rich) is None
    at_means = marginal_effects(setting, binary.model_copy(update={"margins": "means"}), rich)
    assert at_means is not None
    same(at_means.effects["estimate"], sc.margins(rich, "means").effects["estimate"])


def test_a_model_without_tests_of_assumptions_is_named_and_does_not_stop(study_folder: Path) -> None:
    text = """
    [inference]
    replicates = 0
    [[regression]]
    name = "loud"
    formula = "finance ~ trust"
    weights = "c4"
    [[regression]]
    name = "quiet"
    formula = "finance ~ trust"
    weights = "c4"
    diagnostics = false
    """
    result = sc.run(add(study_folder, text))
    assert set(result.diagnostics) == {"main"}
    said = [problem.message for problem in result.problems if problem.message.startswith("diagnostics")]
    assert len(said) == 1 and said[0].startswith("diagnostics of loud: ")


def with_scale(folder: Path, expressions: dict[str, str], scale: str) -> StudyResult:
    """The study with derived items of a scale in the confirmatory model, and the scale `credit` factored."""
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8").replace("n_factors = 2", 'n_factors = 2\nscales = ["credit"]')
    file.write_text(text.replace("trust + credit", "credit"), encoding="utf-8")
    items = [
        f'[derive.{name}]\nexpression = "{expression}"\nscale = "{scale}"\n'
        for name, expression in expressions.items()
    ]
    return sc.run(
        add(folder, "".join([*items, "[inference]\nreplicates = 0\n[validity]\nreplicates = 40\n"]))
    )


def test_a_confirmatory_model_that_fails_is_named_and_does_not_stop(study_folder: Path) -> None:
    result = with_scale(study_folder, {"twice": "2 * t1"}, "trust")
    assert result.measurement is not None and result.measurement.validity is None
    said = [problem.message for problem in result.problems if problem.message.startswith("validity: ")]
    assert len(said) == 1 and "t1, twice: each follows exactly from the others" in said[0]


def test_harmans_test_stays_where_the_method_factor_cannot_be_estimated(study_folder: Path) -> None:
    products = {"z1": "(t1 - t2) * (c1 - c2)", "z2": "(t3 - t4) * (c3 - c4)"}
    with pytest.warns(SocialcapWarning, match="negative factor variance: z"):
        result = with_scale(study_folder, products, "z")
    assert result.measurement is not None and result.measurement.method_bias is not None
    assert result.measurement.method_bias.method_factor is None
    assert result.measurement.method_bias.component_share > 0
    said = [problem.message for problem in result.problems]
    assert any(text.startswith("common method bias, latent method factor: ") for text in said)
    assert not any(text.startswith("common method bias: ") for text in said)


def test_a_block_that_cannot_be_estimated_stops_the_run(study_folder: Path) -> None:
    text = '[[hierarchical]]\nname = "b"\noutcome = "finance"\nblocks = ["trust", "I(2 * trust)"]\n'
    with pytest.raises(EstimationError, match="hierarchical regression b"):
        sc.run(add(study_folder, text))


def test_all_wrong_names_of_all_tables_are_said_at_once(study_folder: Path) -> None:
    text = """
    [profile]
    variables = ["trad", "id", "t1", "t1"]
    funding = ["finanse", "trade"]
    describe = ["trade"]
    [validity]
    scales = ["trst"]
    marker = "trade"
    [inference]
    clusters = "trede"
    [[hierarchical]]
    name = "b"
    outcome = "finence"
    blocks = ["trust", "creditt"]
    [[moderation]]
    name = "m"
    y = "finance"
    x = "trust"
    w = "trust"
    covariates = ["C(trayde)"]
    [[mediation]]
    name = "w"
    x = "trade"
    m = "t11"
    y = "phone"
    [[mediation]]
    name = "w"
    x = "t1"
    m = "t2"
    y = "t3"
    """
    with pytest.raises(StudyError) as caught:
        sc.run(add(study_folder, text))
    said = str(caught.value)
    for part in (
        "profile.variables: there is no variable 'trad'; did you mean 'trade'?",
        "column id: profile: it has neither levels nor numbers (found 'text')",
        "profile.variables names 't1' twice",
        "profile.funding: there is no variable 'finanse'; did you mean 'finance'?",
        "column trade: profile.funding: a number is needed (found 'nominal')",
        "column trade: profile.describe: a number is needed",
        "validity.scales: there is no scale 'trst'; did you mean 'trust'?",
        "validity.marker: a number is needed",
        "inference.clusters: there is no variable 'trede'",
        "hierarchical b: there is no variable 'finence'",
        "hierarchical b: there is no variable 'creditt'; did you mean 'credit'?",
        "moderation m: 'trust' has two roles",
        "moderation m: there is no variable 'trayde'",
        "mediation w: a number is needed",
        "mediation w: there is no variable 't11'",
        "mediation w: there is no variable 'phone'",
        "two mediations are called 'w'",
    ):
        assert part in said, part


def test_keys_are_unique_and_every_table_is_in_the_results(result: StudyResult) -> None:
    keys = [table.key for table in result.tables()]
    assert len(keys) == len(set(keys))
    written = json.loads(run_files(result)["results.json"])
    assert set(written["tables"]) == set(keys)
    assert {"pipeline_main", "pipeline_rich", "hierarchical_blocks", "simple_slopes_by_trade"} <= set(keys)
    block = next(table for table in result.tables() if table.key == "hierarchical_blocks")
    assert block.title == Text("Hierarchical regression (In steps)", "分层回归（逐步）")


def test_the_results_hold_what_the_tables_leave_out(result: StudyResult) -> None:
    written = json.loads(run_files(result)["results.json"])
    numbers = written["pipelines"]["main"]
    ours = result.pipelines["main"].coefficients
    assert (
        numbers["values"][numbers["rows"].index("trust")][numbers["columns"].index("bias")]
        == ours.loc["trust", "bias"]
    )
    assert result.profile is not None and result.profile.correlation_n is not None
    assert written["correlation_n"]["values"] == result.profile.correlation_n.to_numpy(float).tolist()


def test_the_sample_use_counts_the_pipelines_firms(result: StudyResult) -> None:
    rows = {row[0]("en"): row for row in result.sample_use().rows}
    assert rows["Pipeline: main"][1] == result.pipelines["main"].n_obs


def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(plan: StudyPlan) -> None:
    threads = [plan.inference.model_copy(update={"workers": workers}) for workers in (1, 3)]
    assert plan.inference.workers is None  # as many as there are cores
    one, three, by_core = (
        run_files(sc.run(each))
        for each in (*(plan.model_copy(update={"inference": part}) for part in threads), plan)
    )
    assert one == three == by_core


def test_an_option_that_means_no_answer_is_no_level(study_folder: Path) -> None:
    values = study_folder / "codebook" / "values.csv"
    values.write_text(
        values.read_text(encoding="utf-8") + "trades,dk,Do not know,不知道,refused\n", encoding="utf-8"
    )
    result = sc.run(add(study_folder, '[profile]\nvariables = "trade"\n'))
    assert result.profile is not None and result.profile.sample is not None
    assert result.profile.sample.loc["trade"].index.tolist() == ["cu", "al"]
