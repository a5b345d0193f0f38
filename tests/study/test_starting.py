"""What a drafted study file shows as comments is right: read without its comment marks, it is a study."""

import re
from pathlib import Path

from socialcap import check, read_study
from socialcap.claims.grammar import parse_test
from socialcap.results import Text
from socialcap.study.starting import start_study

# A comment that is a table's header or a key with its value; the rest is prose.
SETTING = re.compile(r"^# (?=\[|\w+ = )", re.MULTILINE)


def test_the_comments_of_a_drafted_study_file_are_a_study(study_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    start_study(folder, study_folder / "export.csv")
    file = folder / "study.toml"
    before = read_study(file)
    assert not before.regression and not before.claim
    text = file.read_text(encoding="utf-8")
    file.write_text(SETTING.sub("", text), encoding="utf-8")
    plan = read_study(file)
    assert plan.derive["ln_age"].label == Text("ln(age of the firm)", "企业年龄（对数）")
    assert [part.model for part in plan.regression] == ["ols", "logit"]
    assert plan.robustness is not None and plan.validity is not None and plan.factors is not None
    assert plan.robustness.follow[0].regression == plan.regression[0].name
    assert plan.profile.funding
    names = {part.name for part in plan.regression}
    assert {part.regression for part in plan.claim} - {None} <= names
    assert [type(parse_test(part.test)).__name__ for part in plan.claim] == [
        "CoefficientTest",
        "CoefficientTest",
        "MeanTest",
    ]
    assert all(part.sentence.en and part.sentence.zh for part in plan.claim)


def test_a_scale_of_one_item_is_warned_of(study_folder: Path) -> None:
    variables = study_folder / "codebook" / "variables.csv"
    text = variables.read_text(encoding="utf-8")
    variables.write_text(text.replace("number,,0,100,,,", "number,,0,100,,ease,"), encoding="utf-8")
    said = [
        problem for problem in check(read_study(study_folder)).problems if "the only item" in problem.message
    ]
    assert [(problem.column, problem.severity) for problem in said] == [("finance", "warning")]
    assert "scale ease" in said[0].message


def test_no_warning_without_a_scale_of_one_item(study_folder: Path) -> None:
    assert not [p for p in check(read_study(study_folder)).problems if "the only item" in p.message]


def test_an_item_alone_with_derived_ones_is_not_alone(study_folder: Path) -> None:
    file = study_folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    derived = '[derive.lone]\nexpression = "t1 + 1"\nscale = "{}"\n[[exclude]]'
    for scale, count in (("trust", 0), ("own", 1)):
        file.write_text(text.replace("[[exclude]]", derived.format(scale)), encoding="utf-8")
        said = [p for p in check(read_study(study_folder)).problems if "the only item" in p.message]
        assert len(said) == count
