"""A study from plan to result: what is used, what is lost, and that the numbers are those of the parts."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import StudyError
from socialcap.results import Text
from socialcap.study import run_files


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_study_gives_what_its_parts_give(study_folder: Path) -> None:
    result = sc.run(sc.read_study(study_folder))
    book = sc.read_codebook(study_folder / "codebook")
    survey = sc.read_survey(study_folder / "export.csv", book)
    items = [name for members in book.scales.values() for name in members]
    once = survey.responses.drop_duplicates("id")
    factors = sc.factor_analysis(once, 2, items=items, scales=book.scales)
    data = once.join(factors.scores)
    by_hand = sc.regress("finance ~ trust + credit + C(trade, contr.treatment('cu'))", data)
    ours = result.regressions[0]
    np.testing.assert_allclose(ours.coefficients["estimate"], by_hand.coefficients["estimate"], atol=1e-10)
    np.testing.assert_allclose(ours.coefficients["std_error"], by_hand.coefficients["std_error"], atol=1e-10)


def test_every_firm_is_accounted_for(study_folder: Path) -> None:
    result = sc.run(sc.read_study(study_folder))
    flow = result.survey.flow().rows
    assert flow[0][1] == 81 and flow[-1][1] == 80
    assert len(result.data) == 80
    use = {row[0]("en"): row[1:] for row in result.sample_use().rows}
    assert use["Factor analysis"] == (
        78,
        2,
        Text("Paid on time (1); Books are open (1)", "按时付款（1）；账目公开（1）"),
    )
    assert use["Regression: main"][:2] == (77, 3)
    assert result.regressions[0].n_obs == 77


def test_the_first_option_of_the_codebook_is_the_reference(study_folder: Path) -> None:
    terms = sc.run(sc.read_study(study_folder)).regressions[0].terms
    reference = [term.label("zh") for term in terms.values() if term.reference]
    assert reference == ["行业：铜"]


def test_the_same_seed_gives_the_same_bytes(study_folder: Path) -> None:
    plan = sc.read_study(study_folder)
    first, second = (run_files(sc.run(plan)) for _ in range(2))
    assert first == second


def test_results_hold_every_number_unrounded(study_folder: Path) -> None:
    result = sc.run(sc.read_study(study_folder))
    data = json.loads(run_files(result)["results.json"])
    assert data["note"] == {"en": "Made-up data.", "zh": "虚构数据。"}
    rows = data["tables"]["regression_main"]["rows"]
    shown = {row[0]["en"]: row for row in rows}
    trust = result.regressions[0].coefficients.loc["trust"]
    assert shown["Trust"][1]["value"] == trust["estimate"] and shown["Trust"][3] == trust["statistic"]
    assert set(data["tables"]) == {table.key for table in result.tables()}


def test_table_keys_are_unique(study_folder: Path) -> None:
    keys = [table.key for table in sc.run(sc.read_study(study_folder)).tables()]
    assert len(keys) == len(set(keys))


def test_written_frames_come_back(study_folder: Path, tmp_path: Path) -> None:
    result = sc.run(sc.read_study(study_folder))
    files = run_files(result)
    (tmp_path / "cleaned.parquet").write_bytes(files["cleaned.parquet"])
    back = pd.read_parquet(tmp_path / "cleaned.parquet")
    np.testing.assert_allclose(back["finance"], result.data["finance"])
    assert "phone" not in back.columns
    assert b"13800000000" not in b"".join(files.values())


def test_all_unknown_names_are_said_at_once(study_folder: Path) -> None:
    change(study_folder, "study.toml", "finance ~ trust", "finnance ~ trus")
    change(study_folder, "study.toml", "trust = {", "turst = {")
    change(study_folder, "study.toml", "n_factors = 2", 'n_factors = 2\nitems = ["t1", "t9", "trade"]')
    with pytest.raises(StudyError) as caught:
        sc.run(sc.read_study(study_folder))
    said = str(caught.value)
    for part in (
        "did you mean 'finance'",
        "did you mean 'trust'",
        "'t9'",
        "not numeric",
        "scales: there is no",
    ):
        assert part in said


def test_a_personal_variable_cannot_enter_a_model(study_folder: Path) -> None:
    change(study_folder, "study.toml", "C(trade)", "phone")
    with pytest.raises(StudyError, match="phone"):
        sc.run(sc.read_study(study_folder))


def test_a_study_without_models_still_cleans(study_folder: Path) -> None:
    text = (study_folder / "study.toml").read_text(encoding="utf-8").split("[factors]")[0]
    (study_folder / "study.toml").write_text(text, encoding="utf-8")
    result = sc.run(sc.read_study(study_folder))
    assert result.measurement is None and result.regressions == ()
    assert {"ln_finance"} <= set(result.data.columns)


def test_check_names_what_is_wrong_before_any_model(study_folder: Path) -> None:
    change(study_folder, "codebook/variables.csv", "ordinal,agree,1,5,yes,trust", "ordinal,agree,1,5,,trust")
    found = sc.check(sc.read_study(study_folder))
    said = "\n".join(map(str, found.warnings))
    assert not found.errors
    for part in ("perhaps unreversed", "column t3", "the nearest is", "extra"):
        assert part in said


def test_check_sees_that_too_few_are_left(study_folder: Path) -> None:
    change(study_folder, "study.toml", "[factors]", '[[exclude]]\nwhen = "finance > 45"\n[factors]')
    (study_folder / "export.csv").write_text(
        "\n".join((study_folder / "export.csv").read_text(encoding="utf-8").splitlines()[:14]) + "\n",
        encoding="utf-8",
    )
    found = sc.check(sc.read_study(study_folder))
    assert any("answered all 8 items" in problem.message for problem in found.errors)
