"""The command line, run as a process: what it prints where, what it leaves behind, its exit codes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


def socialcap(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "socialcap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, check=False)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("what", ["import socialcap", "import socialcap.cli"])
def test_nothing_heavy_is_loaded_before_it_is_needed(what: str) -> None:
    heavy = "{'pandas', 'statsmodels', 'seaborn', 'scipy.stats', 'matplotlib', 'docx', 'typst'}"
    code = (
        f"import sys; {what}; sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_lists_the_commands_without_loading_them() -> None:
    code = (
        "import sys\nfrom socialcap.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'pandas', 'statsmodels', 'seaborn', 'scipy.stats'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("init", "inspect", "check", "run", "report", "freeze", "diff", "simulate", "codebook"):
        assert command in done.stdout


def test_report_writes_everything_and_prints_its_path_alone(study_folder: Path, tmp_path: Path) -> None:
    before = digests(study_folder)
    out = tmp_path / "out put"
    done = socialcap("report", study_folder, "-o", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out / "report.html")
    assert "factor analysis" in done.stderr
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert {"report.html", "results.json", "cleaned.csv", "cleaned.parquet"} <= written
    assert {"changes.csv", "exclusions.csv", "figures/scree_en.svg", "figures/scree_zh.svg"} <= written
    assert digests(study_folder) == before


def test_run_as_json_prints_json_alone(study_folder: Path, tmp_path: Path) -> None:
    done = socialcap("run", study_folder, "-o", tmp_path / "out", "--json", "--seed", "7")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed == json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    stated = {row[0]["en"]: row[1] for row in printed["tables"]["provenance"]["rows"]}
    assert stated["Seed"] == "7"
    assert done.stderr == ""


def test_the_default_folder_is_reports_and_the_studys_name(study_folder: Path, tmp_path: Path) -> None:
    done = socialcap("run", study_folder, "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "reports" / "demo" / "results.json").exists()


def test_a_wrong_study_file_gives_the_table_of_mistakes(study_folder: Path, tmp_path: Path) -> None:
    change(study_folder / "study.toml", "n_factors", "n_factor")
    change(study_folder / "study.toml", "formula", "formulla")
    done = socialcap("report", study_folder, "-o", tmp_path / "out")
    assert done.returncode == 3
    assert "n_factors" in done.stderr and "formula" in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == "" and not (tmp_path / "out").exists()
    as_json = socialcap("report", study_folder, "--json")
    printed = json.loads(as_json.stdout)
    assert printed["exit_code"] == 3 and len(printed["problems"]) >= 3


def test_an_estimation_that_fails_leaves_nothing_behind(study_folder: Path, tmp_path: Path) -> None:
    change(study_folder / "study.toml", "finance ~ trust", "finance ~ I(2 * trust) + trust")
    done = socialcap("report", study_folder, "-o", tmp_path / "out")
    assert done.returncode == 5
    assert "exact combinations" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_exit_code_6(study_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    done = socialcap("run", study_folder, "-o", tmp_path / "taken")
    assert done.returncode == 6
    assert "is a file" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "a file"


def test_check_fails_on_warnings_when_asked(study_folder: Path) -> None:
    assert socialcap("check", study_folder, "--quiet").returncode == 0
    done = socialcap("check", study_folder, "--fail-on", "warn", "--lang", "zh")
    assert done.returncode == 4
    assert "警告" in done.stdout and "样本" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("report", "nowhere"), 3, "there is no study file"),
        (("inspect", "nowhere.csv"), 3, "nowhere.csv"),
        (("report", "STUDY", "--format", "htlm"), 2, "htlm"),
        (("report", "STUDY", "--lang", "en,fr"), 2, "fr"),
        (("report", "STUDY", "--seed", "-1"), 2, "--seed"),
        (("init", "STUDY", "--from", "STUDY/export.csv"), 2, "no work is lost"),
        (("frobnicate",), 2, "frobnicate"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], code: int, said: str, study_folder: Path) -> None:
    done = socialcap(*(part.replace("STUDY", str(study_folder)) for part in arguments))
    assert done.returncode == code
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_new_study_is_drafted_and_checked(study_folder: Path, tmp_path: Path) -> None:
    inspected = socialcap("inspect", study_folder / "export.csv", "--json")
    assert json.loads(inspected.stdout)
    done = socialcap("init", tmp_path / "new", "--from", study_folder / "export.csv")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["codebook.xlsx", "study.toml"]
    checked = socialcap("check", tmp_path / "new")
    assert checked.returncode == 0, checked.stderr
    assert "confirmed" in checked.stdout


def test_codebooks_are_imported_and_exported(study_folder: Path, tmp_path: Path) -> None:
    done = socialcap("codebook", "export", study_folder / "codebook", tmp_path / "form.xlsx")
    assert done.returncode == 0, done.stderr
    back = socialcap("codebook", "import", tmp_path / "form.xlsx", tmp_path / "book")
    assert back.returncode == 0, back.stderr
    text = (tmp_path / "book" / "variables.csv").read_text(encoding="utf-8-sig")
    assert "t3,t3,Partners cheat,伙伴欺骗,ordinal,agree,1,5,yes,trust" in text


def test_the_replica_is_regenerated_byte_for_byte(tmp_path: Path) -> None:
    source = REPOSITORY / "data" / "miluo"
    before = {name: (source / name).read_bytes() for name in ("export.xlsx", "export_gb18030.csv")}
    copy = tmp_path / "miluo"
    (copy / "codebook").mkdir(parents=True)
    for path in (source / "population.toml", source / "study.toml", *(source / "codebook").iterdir()):
        (copy / path.relative_to(source)).write_bytes(path.read_bytes())
    done = socialcap("simulate", copy, "--replica")
    assert done.returncode == 0, done.stderr
    assert {name: (copy / name).read_bytes() for name in before} == before


def test_a_frozen_plan_that_is_changed_is_told_by_the_next_run(study_folder: Path, tmp_path: Path) -> None:
    done = socialcap("freeze", study_folder)
    assert done.returncode == 0 and done.stdout.strip().endswith("registration.json"), done.stderr
    assert socialcap("freeze", study_folder).returncode == 2
    assert socialcap("run", study_folder, "-o", tmp_path / "1", "-q").returncode == 0
    change(study_folder / "study.toml", "finance ~ trust + credit", "finance ~ trust")
    assert socialcap("run", study_folder, "-o", tmp_path / "2", "-q").returncode == 0
    first, second = (
        json.loads((tmp_path / name / "results.json").read_text(encoding="utf-8")) for name in ("1", "2")
    )
    assert first["tables"]["registration"]["notes"][0]["en"].startswith("As registered on")
    assert second["tables"]["registration"]["rows"][0][0] == "study.regression[main].formula"

    told = socialcap("diff", tmp_path / "1", tmp_path / "2", "--json")
    found = json.loads(told.stdout)
    assert [row[1] for row in found["causes"]["rows"] if row[0]["en"] == "rule"] == [
        "regression[main].formula"
    ]
    assert found["numbers"]["rows"]
    assert socialcap("diff", tmp_path / "1", tmp_path / "nowhere").returncode == 3


def test_a_number_that_another_library_computes_differently_is_exit_code_5(
    study_folder: Path, tmp_path: Path
) -> None:
    """Everything is written, the difference stands on top of the report and on standard error."""
    code = (
        "import sys\nfrom socialcap.cli import main\nfrom socialcap.results import Opinion, SecondOpinionResult, Text\n"
        "from socialcap.study import rechecking\n"
        "bent = Opinion(Text('KMO', 'KMO'), 'another', 0.8, 0.7, 1e-6)\n"
        "rechecking.second_opinion = lambda *_: SecondOpinionResult((bent,))\n"
        "main(sys.argv[1:])"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", code, "report", str(study_folder), "-o", str(out), "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 5, done.stderr
    assert "KMO (another)" in done.stderr
    page = (out / "report.html").read_text(encoding="utf-8")
    top = page[: page.index('id="section-sample')]
    assert "differ by more than their tolerance: KMO (another)" in top
    assert (out / "results.json").exists()
    assert {path.name for path in (out / "syntax").iterdir()} >= {"analysis.R", "analysis.sps", "analysis.do"}


def test_what_a_format_lacks_is_said_before_the_analysis(study_folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as util\nfrom socialcap.cli import main\n"
        "found = util.find_spec\nutil.find_spec = lambda name, *rest: None if name == 'typst' else found(name, *rest)\n"
        "main(sys.argv[1:])"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "report",
        str(study_folder),
        "-o",
        str(tmp_path / "out"),
        "--format",
        "docx",
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 6 and "pip install" in done.stderr and "factor analysis" not in done.stderr
    assert not (tmp_path / "out").exists()
