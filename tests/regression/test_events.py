"""A binary outcome's event: 1 of the codes 0 and 1, else the second level; the result says which.

SAME 1e-8: one likelihood maximised twice, on the same numbers.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.results import Text
from socialcap.results.regression import regression_table

SAME = 1e-8
LABELS = {"loan": Text("Bank loan last year", "去年银行贷款"), "sure": Text("Surety", "担保")}
ANSWERS = {
    "loan": {"1": Text("yes", "是"), "0": Text("no", "否")},
    "sure": {"never": Text("never", "从未"), "once": Text("at least once", "至少一次")},
}
ITEMS = [f"i{j}" for j in range(8)]
CURVE: dict[str, Any] = {"items": ITEMS, "n_factors": 2, "choices": {}, "replicates": 0}


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    factors = rng.standard_normal((160, 2))
    items = factors[:, [0] * 4 + [1] * 4] * 0.8 + 0.6 * rng.standard_normal((160, 8))
    frame = pd.DataFrame(items, columns=ITEMS)
    frame["x"] = rng.standard_normal(160)
    frame["took"] = (0.9 * frame["x"] + factors[:, 0] + rng.logistic(size=160) > 0.4).astype(int)
    frame["backed"] = (0.5 * frame["x"] + rng.standard_normal(160) > 0).astype(int)
    frame["sure"] = pd.Categorical(
        np.where(frame["backed"] == 1, "once", "never"), categories=["never", "once"]
    )
    return frame


def coded(firms: pd.DataFrame, levels: list[Any]) -> pd.DataFrame:
    """The outcome as a categorical of codes whose list stands in an order."""
    codes = firms["took"].map(lambda took: next(level for level in levels if str(int(level)) == str(took)))
    return firms.assign(loan=pd.Categorical(codes, categories=levels))


@pytest.mark.parametrize("levels", [["1", "0"], ["0", "1"], [1, 0], [1.0, 0.0], [True, False]])
@pytest.mark.parametrize("model", ["logit", "probit", "firth"])
def test_the_event_of_codes_0_and_1_is_1_whatever_their_order(
    firms: pd.DataFrame, model: Any, levels: list[Any]
) -> None:
    found = sc.regress("loan ~ x", coded(firms, levels), model=model)
    numeric = sc.regress("took ~ x", firms, model=model)
    assert numeric.coefficients.loc["x", "estimate"] > 0.2
    np.testing.assert_allclose(
        found.coefficients["estimate"], numeric.coefficients["estimate"], rtol=0, atol=SAME
    )
    assert found.estimation.categories == (str(min(levels)), str(max(levels)))
    assert found.estimation.outcomes == (f"loan = {max(levels)}",)
    assert found.event is not None and numeric.event is None


def test_the_event_of_words_is_the_second_as_declared(firms: pd.DataFrame) -> None:
    once = sc.regress("sure ~ x", firms, model="logit")
    turned = firms.assign(sure=firms["sure"].cat.reorder_categories(["once", "never"]))
    never = sc.regress("sure ~ x", turned, model="logit")
    numeric = sc.regress("backed ~ x", firms, model="logit").coefficients["estimate"]
    np.testing.assert_allclose(once.coefficients["estimate"], numeric, rtol=0, atol=SAME)
    np.testing.assert_allclose(never.coefficients["estimate"], -numeric, rtol=0, atol=SAME)
    assert "the event “never” of “sure”, against “once”" in never.remarks[0]("en")


def test_a_result_names_its_event_in_both_languages(firms: pd.DataFrame) -> None:
    words: dict[str, Any] = {"labels": LABELS, "level_labels": ANSWERS}
    found = sc.regress("loan ~ x", coded(firms, ["1", "0"]), model="logit", **words)
    note = Text(
        "The outcome is the event “yes” of “Bank loan last year”, against “no”.",
        "因变量“去年银行贷款”所建模的事件为“是”，以“否”为对照。",
    )
    table = found.tables()[0]
    assert note in table.notes
    assert "Bank loan last year (yes)" in table.title("en") and "去年银行贷款（是）" in table.title("zh")
    assert note in found.margins().tables()[0].notes and note in found.predict({"x": [0, 1]}).notes
    beside = sc.regress("sure ~ x", firms, model="probit", **words)
    side_by_side = regression_table([found, beside], LABELS)
    assert [cell("zh") for cell in side_by_side.rows[0]] == [
        "因变量",
        "去年银行贷款（是）",
        "担保（至少一次）",
    ]
    steps = sc.hierarchical(["loan ~ 1", "loan ~ x"], coded(firms, ["1", "0"]), model="logit", **words)
    assert note in steps.tables()[0].notes


def test_both_outcomes_of_a_bivariate_probit_name_their_events(firms: pd.DataFrame) -> None:
    found = sc.regress(
        "loan ~ x", coded(firms, ["1", "0"]), model="bivariate_probit", second="sure ~ x",
        labels=LABELS, level_labels=ANSWERS,
    )  # fmt: skip
    numeric = sc.regress("took ~ x", firms, model="bivariate_probit", second="backed ~ x")
    np.testing.assert_allclose(
        found.coefficients["estimate"], numeric.coefficients["estimate"], rtol=0, atol=SAME
    )
    said = [remark("en") for remark in found.remarks]
    assert "“yes” of “Bank loan last year”" in said[0] and "“at least once” of “Surety”" in said[1]
    assert found.estimation.outcomes == ("loan = 1", "sure = once")
    assert "Surety (at least once)" in found.terms["sure: x"].label("en")


def test_the_pipeline_and_the_curve_model_the_same_event(firms: pd.DataFrame) -> None:
    data = coded(firms, ["1", "0"])
    settings: dict[str, Any] = {"items": ITEMS, "n_factors": 2, "replicates": 20, "model": "logit"}
    found = sc.pipeline(data, "loan ~ F1 + F2 + x", labels=LABELS, level_labels=ANSWERS, **settings)
    numeric = sc.pipeline(data, "took ~ F1 + F2 + x", **settings)
    pd.testing.assert_frame_equal(found.coefficients, numeric.coefficients, rtol=0, atol=SAME)
    assert "Bank loan last year (yes)" in found.tables()[0].title("en")
    assert any("事件为“是”" in note("zh") for note in found.tables()[0].notes)
    curves = [
        sc.specification_curve(data, {"r": f"{y} ~ F1 + F2 + x"}, [("r", "F1")], models={"r": "logit"},
                               labels=LABELS, **CURVE)[0]
        for y in ("loan", "took")
    ]  # fmt: skip
    by_code, by_number = (float(curve.main["estimate"]) for curve in curves)
    assert by_code == pytest.approx(by_number, abs=SAME) and by_code > 0.2
    assert by_code == pytest.approx(float(found.coefficients.loc["F1", "estimate"]), abs=SAME)
    assert any("the event “1” of “Bank loan last year”" in note("en") for note in curves[0].notes())
    assert not curves[1].events
