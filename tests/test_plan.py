"""The study file: every mistake at once, with the nearest valid name."""

from pathlib import Path

import pytest

from socialcap.errors import StudyError
from socialcap.plan import read_study
from socialcap.results import Text

GOOD = """
[study]
name = "demo"
title = { en = "A demo", zh = "示例" }
[data]
files = ["export.csv"]
[derive]
ln_age = "log(2026 - founded)"
size = { expression = "employees / 10", label = "Size" }
[[exclude]]
flag = "speeder"
[factors]
scales = ["trust"]
n_factors = 2
[[regression]]
name = "main"
formula = "y ~ trust"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_file_becomes_a_plan(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    plan = read_study(tmp_path)
    assert plan.study.title == Text("A demo", "示例")
    assert plan.derive["ln_age"].expression == "log(2026 - founded)"
    assert plan.derive["size"].label == Text("Size", "Size")
    assert plan.exclude[0].flag == "speeder"
    assert plan.folder == tmp_path
    assert plan.path(plan.data.files[0]) == tmp_path / "export.csv"


def test_all_mistakes_are_named_at_once_with_the_nearest_key(tmp_path: Path) -> None:
    text = GOOD.replace("n_factors", "n_factor").replace("formula", "formul").replace('"speeder"', '"speedy"')
    with pytest.raises(StudyError) as caught:
        read_study(write(tmp_path, text))
    said = str(caught.value)
    assert "did you mean 'n_factors'?" in said
    assert "did you mean 'formula'?" in said
    assert "factors.n_factors is missing" in said
    assert "exclude[1].flag" in said and "'speedy'" in said
    assert caught.value.exit_code == 3


def test_an_unlike_key_lists_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="expected one of files, codebook"):
        read_study(write(tmp_path, GOOD.replace("[data]", "[data]\nzzz = 1")))


@pytest.mark.parametrize("rule", ["", 'flag = "speeder"\nwhen = "x > 1"'])
def test_an_exclusion_has_a_flag_or_a_condition(tmp_path: Path, rule: str) -> None:
    with pytest.raises(StudyError, match="either a flag or a condition"):
        read_study(write(tmp_path, GOOD.replace('flag = "speeder"', rule)))


def test_broken_toml_is_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="line 2"):
        read_study(write(tmp_path, '[study]\nname = "x\n'))


def test_a_missing_file_and_a_binary_file_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no study file"):
        read_study(tmp_path)
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(StudyError, match="not UTF-8"):
        read_study(tmp_path)


MORE = """
[profile]
variables = "trade"
[validity]
[inference]
replicates = 0
[[regression]]
name = "binary"
formula = "z ~ trust"
model = "logit"
[[hierarchical]]
name = "blocks"
outcome = "y"
blocks = ["a", "b + c", "d"]
[[moderation]]
name = "by_size"
y = "y"
x = "trust"
w = "size"
[[mediation]]
name = "way"
x = "a"
m = "b"
y = "y"
"""


def test_further_tables_have_their_defaults(tmp_path: Path) -> None:
    plan = read_study(write(tmp_path, GOOD + MORE))
    assert plan.profile.variables == ("trade",) and plan.profile.describe is None
    assert plan.validity is not None and plan.validity.estimator == "ml"
    assert plan.inference.interval == "t"
    assert [part.margins_at for part in plan.regression] == [None, "average"]
    assert plan.hierarchical[0].formulas == ("y ~ a", "y ~ a + b + c", "y ~ a + b + c + d")
    assert plan.mediation[0].m == ("b",) and plan.moderation[0].center == "mean"
    plain = read_study(write(tmp_path, GOOD))
    assert plain.validity is None and plain.inference.replicates == 1000


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("replicates = 0", "replicates = 5", "0 for none, or at least 20"),
        ("replicates = 0", "imputations = 1", "at least 2"),
        ("replicates = 0", 'imputations = 5\ninterval = "bca"', 'interval = "t"'),
        ('variables = "trade"', 'funding = ["own"]', "two sources of funds or more"),
        ('blocks = ["a", "b + c", "d"]', 'blocks = ["a"]', r"hierarchical\[1\].blocks"),
        ('m = "b"', 'm = "b"\nmoderator = "w"', "moderator and moderated go together"),
        (
            'm = "b"',
            'm = "b"\nkind = "serial"\nmoderator = "w"\nmoderated = ["a"]',
            'for kind = "parallel"',
        ),
        ('model = "logit"', 'model = "logit"\nmargins = "averag"', "margins"),
        ('w = "size"', 'w = "size"\ncentre = "mean"', "did you mean 'center'"),
    ],
)
def test_mistakes_in_further_tables_are_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert MORE.count(old) == 1
    with pytest.raises(StudyError, match=said):
        read_study(write(tmp_path, GOOD + MORE.replace(old, new)))


@pytest.mark.parametrize("follow", ["", 'follow = ["trust"]\n', "follow = []\n"])
def test_what_is_followed_is_shown_by_example(tmp_path: Path, follow: str) -> None:
    text = '[study]\nname = "x"\n[data]\nfiles = ["x.csv"]\n[robustness]\n' + follow
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(tmp_path)
    assert [problem.message for problem in caught.value.problems] == [
        'robustness.follow: write what is followed as [{ regression = "main", term = "social_capital" }]'
    ]
