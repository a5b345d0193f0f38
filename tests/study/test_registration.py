"""A sealed plan: what counts as a deviation, what does not, and that the seal cannot be bent."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import socialcap as sc
from socialcap.codebook import read_codebook
from socialcap.errors import StudyError, UsageError
from socialcap.results.registration import RegistrationResult
from socialcap.study.registration import REGISTRATION_FILE, freeze, registration

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def held(folder: Path) -> RegistrationResult:
    plan = sc.read_study(folder)
    found = registration(plan, read_codebook(folder / "codebook"))
    assert found is not None
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_without_a_seal_there_is_nothing_to_hold_against(study_folder: Path) -> None:
    assert registration(sc.read_study(study_folder), read_codebook(study_folder / "codebook")) is None


def test_an_untouched_plan_is_as_registered(study_folder: Path) -> None:
    freeze(sc.read_study(study_folder), NOON)
    found = held(study_folder)
    assert found.as_registered and found.intact and found.deviations == ()
    assert found.sealed == "2026-03-01T12:00:00+00:00"
    assert found.verdict("en") == "As registered on 2026-03-01." and "2026-03-01" in found.verdict("zh")


def test_a_plan_can_be_sealed_before_its_data_come(study_folder: Path) -> None:
    export = (study_folder / "export.csv").read_bytes()
    (study_folder / "export.csv").unlink()
    freeze(sc.read_study(study_folder), NOON)
    assert held(study_folder).data == ()
    (study_folder / "export.csv").write_bytes(export)
    assert held(study_folder).as_registered


def test_data_that_were_there_already_are_named(study_folder: Path) -> None:
    freeze(sc.read_study(study_folder), NOON)
    found = held(study_folder)
    assert found.data == ("export.csv",)
    assert "export.csv" in found.tables()[0].notes[-1]("en")


def test_each_change_of_the_analysis_is_a_deviation_with_both_values(study_folder: Path) -> None:
    freeze(sc.read_study(study_folder), NOON)
    edit(study_folder / "study.toml", "n_factors = 2", "n_factors = 1")
    edit(study_folder / "study.toml", "finance ~ trust + credit", "finance ~ trust")
    edit(
        study_folder / "codebook" / "variables.csv", "ordinal,agree,1,5,yes,trust", "ordinal,agree,1,5,,trust"
    )
    found = held(study_folder)
    listed = {one.place: (one.sealed, one.now) for one in found.deviations if one.kind == "analysis"}
    assert listed == {
        "study.factors.n_factors": (2, 1),
        "study.regression[main].formula": (
            "finance ~ trust + credit + C(trade)",
            "finance ~ trust + C(trade)",
        ),
        "codebook.variables.t3.reverse": (True, False),
    }
    assert not found.as_registered and "3 deviations" in found.verdict("en")


def test_a_removed_and_an_added_setting_are_deviations(study_folder: Path) -> None:
    freeze(sc.read_study(study_folder), NOON)
    edit(
        study_folder / "study.toml", '[[exclude]]\nflag = "duplicate_id"', '[[exclude]]\nwhen = "finance < 1"'
    )
    places = {one.place for one in held(study_folder).deviations if one.kind == "analysis"}
    assert places == {"study.exclude[1].flag", "study.exclude[1].when"}


def test_words_and_reading_are_listed_and_break_nothing(study_folder: Path) -> None:
    freeze(sc.read_study(study_folder), NOON)
    (study_folder / "export.csv").rename(study_folder / "wave1.csv")
    edit(study_folder / "study.toml", "export.csv", "wave1.csv")
    edit(study_folder / "study.toml", "A demonstration", "Another title")
    found = held(study_folder)
    assert found.as_registered
    assert {one.place: one.kind for one in found.deviations} == {
        "study.data.files": "reading",
        "study.study.title.en": "words",
    }


def test_how_the_report_is_written_is_no_part_of_the_plan(study_folder: Path) -> None:
    freeze(sc.read_study(study_folder), NOON)
    with (study_folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('[report]\nlanguages = ["zh"]\n')
    assert held(study_folder).deviations == ()


def test_a_record_changed_by_hand_is_found_out(study_folder: Path) -> None:
    path = freeze(sc.read_study(study_folder), NOON)
    record = json.loads(path.read_text(encoding="utf-8"))
    record["study"]["factors"]["n_factors"] = 1
    path.write_text(json.dumps(record), encoding="utf-8")
    edit(study_folder / "study.toml", "n_factors = 2", "n_factors = 1")
    found = held(study_folder)
    assert not found.intact and not found.as_registered and found.deviations == ()


def test_a_seal_is_never_replaced(study_folder: Path) -> None:
    path = freeze(sc.read_study(study_folder), NOON)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="sealed already"):
        freeze(sc.read_study(study_folder), NOON)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", '{"seal": 1}', "\x00"])
def test_what_is_no_registration_is_refused(study_folder: Path, content: str) -> None:
    (study_folder / REGISTRATION_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(StudyError, match="registration"):
        held(study_folder)
