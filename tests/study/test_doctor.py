"""The doctor: what it calls broken is broken, what it calls absent is missed by nothing else."""

import platform
import shutil
import sys
from importlib.metadata import Distribution, PackageNotFoundError, version
from pathlib import Path

import pytest

from socialcap.errors import OutputError
from socialcap.kernels import adequacy
from socialcap.results import Table
from socialcap.study import doctor, environment
from socialcap.study.doctor import examine


class Stated(Distribution):
    """An installation of socialcap that states other requirements than the real one."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def read_text(self, filename: str) -> str | None:
        return "\n".join(["Metadata-Version: 2.1", "Name: socialcap", "Version: 9", *self.lines, "", ""])

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch):
    def state(*lines: str) -> None:
        monkeypatch.setattr(environment, "own_distribution", lambda: Stated(*lines))
        monkeypatch.setattr(doctor, "own_distribution", lambda: Stated(*lines))

    return state


def test_where_the_tests_run_nothing_is_broken() -> None:
    found = examine()
    assert found.broken == ()
    states = {one.name("en"): (one.state, one.found) for one in found.findings}
    assert states["Python"] == ("ok", platform.python_version())
    assert states["numpy"] == ("ok", version("numpy"))
    assert states["Self-check: KMO"][0] == states["Self-check: tetrachoric r"][0] == "ok"
    assert states["Chinese font"] == ("ok", "Noto Sans SC")
    for program in ("Rscript", "pspp", "chromium"):
        assert states[program][0] == ("ok" if shutil.which(program) else "absent")


def test_the_result_is_a_table_in_both_languages() -> None:
    found = examine()
    (table,) = found.tables()
    assert isinstance(table, Table) and len(table.rows) == len(found.findings)
    for lang, heading in (("en", "Used for"), ("zh", "用途")):
        headings, rows = table.text(lang)
        assert headings[-1] == heading and all(row[0] and row[1] for row in rows)
    assert found.to_dict()["doctor"]["rows"][0][1] == {"en": "ok", "zh": "正常"}


def test_versions_outside_their_bounds_are_broken(stated) -> None:
    stated("Requires-Python: >=99", "Requires-Dist: numpy>=1.0", "Requires-Dist: pandas>=99")
    found = examine()
    assert [one.name("en") for one in found.broken] == ["Python", "pandas"]
    (table,) = found.tables()
    assert {table.rows[row][0]("en") for row, _ in table.emphasis} == {"Python", "pandas"}


def test_a_library_that_is_not_installed_is_broken_only_where_every_run_needs_it(stated) -> None:
    stated(
        "Requires-Dist: no-such-library>=1",
        "Requires-Dist: another-missing-one>=2; extra == 'pdf'",
        "Requires-Dist: not-for-this-python; python_version < '3'",
        "Provides-Extra: pdf",
    )
    found = examine()
    assert [(one.name("en"), one.state) for one in found.broken] == [("no-such-library", "absent")]
    optional = {one.name("en"): one for one in found.findings if not one.required}
    assert optional["another-missing-one"].state == "absent"
    assert optional["another-missing-one"].used_for("en") == "reports as PDF [pdf]"
    assert "not-for-this-python" not in {one.name("en") for one in found.findings}


def test_a_wrong_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear algebra that gets partial correlations wrong in the seventh digit."""
    right = adequacy.partial_correlations
    monkeypatch.setattr(adequacy, "partial_correlations", lambda corr: right(corr) * (1 + 1e-7))
    assert [one.name("en") for one in examine().broken] == ["Self-check: KMO"]


def test_a_font_without_chinese_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from socialcap.report.figures import fonts

    monkeypatch.setattr(fonts, "chinese_font", lambda: "DejaVu Sans")
    assert [one.name("en") for one in examine().broken] == ["Chinese font"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permission there")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    found = examine(tmp_path / "reports" / "deep")
    (folder,) = [one for one in found.findings if one.name("en") == "Write permission"]
    assert folder.state == "broken" and "Permission denied" in folder.found
    assert found.broken == (), "outputs can go elsewhere with -o"


def test_looking_leaves_no_trace(tmp_path: Path) -> None:
    examine(tmp_path / "reports")
    assert list(tmp_path.iterdir()) == []


def test_without_an_installation_there_is_nothing_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Distribution:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(environment, "distribution", missing)
    with pytest.raises(OutputError, match="without being installed"):
        examine()
