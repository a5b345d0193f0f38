"""Every model and its options can be asked for in a study file."""

from pathlib import Path
from typing import Any

import pytest

import socialcap as sc
from socialcap.errors import StudyError
from socialcap.plan import RegressionPart

HEAD = "[study]\nname = 's'\n[data]\nfiles = ['x.csv']\ncodebook = 'book'\n[[regression]]\nname = 'm'\nformula = 'y ~ x'\n"


def part(tmp_path: Path, lines: str) -> RegressionPart:
    (tmp_path / "study.toml").write_text(HEAD + lines, encoding="utf-8")
    return sc.read_study(tmp_path).regression[0]


def test_options_of_a_model(tmp_path: Path) -> None:
    found = part(tmp_path, 'model = "tobit"\nlower = 0\ncov = "CR1"\nclusters = "town"\n')
    assert (found.model, found.lower, found.clusters, found.columns) == ("tobit", 0.0, ("town",), ("town",))
    mixed = part(tmp_path, 'model = "mixed"\ngroups = "town"\nslopes = ["x"]\nmethod = "ml"\n')
    assert mixed.columns == ("x", "town")
    assert part(tmp_path, "").cov is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [('model = "logitt"\n', "'logit'"), ('cov = "HC9"\n', "HC"), ('cluster = "town"\n', "'clusters'")],
)
def test_mistakes_are_named(tmp_path: Path, lines: str, said: Any) -> None:
    with pytest.raises(StudyError, match=said):
        part(tmp_path, lines)
