"""The social-capital template: its forms are valid, and answers collected with them come back as they were given."""

import csv
import io
import json
import math
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

import socialcap as sc
from socialcap.codebook import Codebook, ItemType, check_codebook
from socialcap.codebook.form import read_form
from socialcap.codebook.xpath import relevance
from socialcap.errors import UsageError
from socialcap.study.starting import TEMPLATES, start_template

pyxform = pytest.importorskip("pyxform.xls2xform", reason="pyxform is not installed")
from pyxform.xls2json import parse_file_to_json  # noqa: E402

REPOSITORY = Path(__file__).parents[2]
YEAR = 2026
FIRMS = 150
# Population and questionnaire: the same answers, other words for some.
ACTIVITIES = dict(
    zip(
        ("copper", "aluminium", "steel", "plastics", "other"),
        ("processing", "products", "materials", "trade", "other"),
        strict=True,
    )
)
TAIL = ("_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by")
SILENT = ("note", "begin group")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "our cluster"
    start_template(folder, "social-capital", date(YEAR, 5, 4))
    return folder


@pytest.fixture(scope="module")
def book(study: Path) -> Codebook:
    return sc.read_codebook(study / "codebook")


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    """True answers of firms of the replica's population, in the codes of this questionnaire."""
    firms = sc.simulate(sc.read_population(REPOSITORY / "data" / "miluo"), n=FIRMS, seed=7)
    firms = firms.drop(columns=["firm_age"])
    firms["capital"] /= 10_000
    firms["C7"] = firms["C7"].clip(upper=20)
    firms["trade"] = firms["trade"].map(ACTIVITIES)
    firms["consent"] = 1.0
    firms["respondent"] = [f"Q{number:03}" for number in range(1, FIRMS + 1)]
    firms["start"] = [datetime(YEAR, 5, 4, 8) + timedelta(minutes=31 * i) for i in range(FIRMS)]
    firms["end"] = firms["start"] + timedelta(minutes=22, seconds=13)
    return firms


# --- the forms


def test_a_study_folder_is_complete_and_not_written_over(study: Path) -> None:
    written = {path.relative_to(study).as_posix() for path in study.rglob("*") if path.is_file()}
    assert written == {
        "study.toml",
        "questionnaire.xlsx",
        "questionnaire_en.docx",
        "questionnaire_zh.docx",
        *(f"codebook/{name}.csv" for name in ("variables", "values", "questions", "sections")),
    }
    before = {name: (study / name).read_bytes() for name in written}
    with pytest.raises(UsageError, match="no work is lost"):
        start_template(study, "social-capital")
    assert {name: (study / name).read_bytes() for name in written} == before
    plan = sc.read_study(study)
    assert plan.study.name == "our_cluster" and plan.data.files == ("answers.xlsx",)
    assert plan.derive["firm_age"].expression == f"{YEAR} - Y1"


def test_the_same_day_gives_the_same_bytes(study: Path, tmp_path: Path) -> None:
    again = tmp_path / "our cluster"
    for path in start_template(again, "social-capital", date(YEAR, 5, 4)):
        assert path.read_bytes() == (study / path.relative_to(again)).read_bytes(), path.name


def test_the_form_is_valid_and_gives_the_codebook_back(study: Path, book: Codebook) -> None:
    converted = pyxform.convert(str(study / "questionnaire.xlsx"))
    assert converted.warnings == []
    back = sc.read_codebook(study / "questionnaire.xlsx")
    assert back.items == book.items
    assert dict(back.value_lists) == dict(book.value_lists)
    assert book["Y1"].maximum == YEAR


def test_the_form_routes_constrains_and_insists(study: Path, book: Codebook) -> None:
    questions = {child["name"]: child for child in _questions(_form(study))}
    binds = {name: child.get("bind", {}) for name, child in questions.items()}
    for item in book:
        assert binds[item.name].get("relevant", "") == (relevance(item.skip_if, book) if item.skip_if else "")
    assert {name for name, bind in binds.items() if bind.get("required") == "yes"} == {
        "respondent",
        "consent",
    }
    assert binds["employees"]["constraint"] == ". >= 1 and . <= 20000"
    shares = [f"funds_{source}" for source in ("own", "kin", "informal", "bank", "trade")]
    others = " + ".join(f"coalesce(${{{name}}}, 0)" for name in shares)
    assert binds["funds_other"]["constraint"] == f". >= 0 and . <= 100 and round({others} + ., 2) = 100"
    assert binds["funds_other"]["jr:constraintMsg"] == {
        "English (en)": "The numbers of this page must add up to 100.",
        "中文 (zh)": "本页各项之和应等于 100。",
    }
    assert binds["funds_other"]["required"] == " or ".join(f"${{{name}}} != ''" for name in shares)
    assert binds["joined"]["constraint"] == "not(selected(., 'none') and count-selected(.) > 1)"
    assert questions["joined"]["type"] == "select all that apply"
    likert = {name for name, child in questions.items() if child.get("control") == {"appearance": "likert"}}
    assert likert == {item.name for item in book if item.values == "agreement"}
    assert [child["type"] for child in _form(study)["children"][:2]] == ["start", "end"]
    for child in questions.values():
        if "label" in child and child["type"] not in ("start", "end"):
            assert set(child["label"]) == {"English (en)", "中文 (zh)"}, child["name"]


def test_every_question_is_worded_in_both_languages_and_told_apart(book: Codebook) -> None:
    form = read_form(TEMPLATES["social-capital"] / "codebook", book)
    words = [form.words(item) for section, items in form.parts(book) for item in items]
    for side in ("en", "zh"):
        texts = [getattr(text, side) for text in words]
        assert all(texts) and len(set(texts)) == len(texts)
    assert not any("/" in text.en + text.zh for text in words)
    assert [problem for problem in check_codebook(book) if problem.severity == "error"] == []


def test_the_replica_was_asked_the_same_questions(study: Path, book: Codebook) -> None:
    """What one codebook says of an item, the other says too, but for what is told apart here."""
    replica = sc.read_codebook(REPOSITORY / "data" / "miluo" / "codebook")
    of_the_platform = {"submitted", "duration", "ip"}
    assert {item.name for item in replica} - of_the_platform == (
        {item.name for item in book} - {"start", "end", "consent"}
    )
    other_types = {"capital": ItemType.NUMBER}
    longer_lists = {"trade", "legal_form", "C1", "C6", "application_result"}
    for item in book:
        if item.name not in replica:
            continue
        twin = replica[item.name]
        assert item.type is other_types.get(item.name, twin.type)
        assert (item.scale, item.reverse, item.role, item.check) == (
            twin.scale,
            twin.reverse,
            twin.role,
            twin.check,
        )
        if item.values and item.name not in longer_lists:
            assert set(book.value_lists[item.values].codes) == set(replica.value_lists[twin.values].codes)
    ours, theirs = sc.read_study(study), sc.read_study(REPOSITORY / "data" / "miluo")
    assert ours.scales == theirs.scales
    for name in ("financing", "constrained", "funds_own_kin", "female_owner"):
        assert ours.derive[name].expression == theirs.derive[name].expression


# --- answers that come back


def _form(study: Path) -> dict[str, Any]:
    return parse_file_to_json(str(study / "questionnaire.xlsx"), warnings=[])


def _questions(form: dict[str, Any], groups: tuple[dict[str, Any], ...] = ()) -> list[dict[str, Any]]:
    """The questions of a form in order, each with the groups around it."""
    found = []
    for child in form["children"]:
        if child["type"] == "group":
            found += [] if child["name"] == "meta" else _questions(child, (*groups, child))
        else:
            found.append({**child, "groups": groups})
    return found


def _words(part: dict[str, Any], language: str) -> str:
    """A part's name, or its label as an export in that language writes it."""
    label = part.get("label", part["name"])
    return part["name"] if not language else label[language] if isinstance(label, dict) else label


def export(
    form: dict[str, Any],
    answers: pd.DataFrame,
    *,
    headers: str = "",
    values: str = "",
    groups: bool = True,
    odk: bool = False,
) -> list[list[str]]:
    """Answers as KoboToolbox or ODK Central write them; `headers` and `values`: a language, or "" for names."""
    mark = "-" if odk else "/"
    columns: list[list[str]] = []
    for question in _questions(form):
        if question["type"] == "note" and not odk:
            continue
        inside = [*question["groups"], question] if groups else [question]
        header = mark.join(_words(part, headers) for part in inside)
        options = {str(option["name"]): option for option in question.get("choices", [])}
        if question["type"] == "select all that apply":
            ticks = answers[[f"{question['name']}_{code}" for code in options]].eq(1)
            chosen = [
                " ".join(_words(o, values) for (c, o), t in zip(options.items(), row, strict=True) if t)
                for row in ticks.itertuples(index=False)
            ]
            columns.append([header, *chosen])
            for code, option in () if odk else options.items():
                known = ticks.any(axis=1)
                boxes = [
                    str(int(tick)) if any_tick else ""
                    for tick, any_tick in zip(ticks[f"{question['name']}_{code}"], known, strict=True)
                ]
                columns.append([f"{header}/{_words(option, headers)}", *boxes])
        elif question["type"] == "note":
            columns.append([header, *[""] * len(answers)])
        else:
            columns.append([header, *(_cell(v, options, values) for v in answers[question["name"]])])
    size = len(answers)
    if odk:
        sent = [f"{value:%Y-%m-%dT%H:%M:%S.000Z}" for value in answers["end"]]
        columns = [["SubmissionDate", *sent], *columns, ["KEY", *(f"uuid:{i}" for i in range(size))]]
    else:
        tail = [[name, *(f"{name}{i}" for i in range(size))] for name in TAIL]
        columns += [*tail, ["__version__", *["v1"] * size], ["_tags", *[""] * size]]
        columns.append(["_index", *(str(i + 1) for i in range(size))])
    return [list(row) for row in zip(*columns, strict=True)]


def _cell(value: Any, options: dict[str, Any], values: str) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.000+08:00}"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _words(options[text], values) if text in options else text


def write_csv(rows: list[list[str]], path: Path) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")


def write_xlsx(rows: list[list[str]], path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)


NAMES = [
    {},
    {"groups": False},
    {"odk": True},
    {"values": "中文 (zh)"},
]
LABELS = [
    {"headers": "English (en)", "values": "English (en)"},
    {"headers": "English (en)", "values": "English (en)", "groups": False},
    {"headers": "中文 (zh)", "values": "中文 (zh)"},
    {"headers": "中文 (zh)", "groups": False},
]


@pytest.mark.parametrize("way", [*NAMES, *LABELS], ids=str)
def test_answers_come_back_as_they_were_given(
    study: Path, book: Codebook, answers: pd.DataFrame, tmp_path: Path, way: dict[str, Any]
) -> None:
    write_csv(export(_form(study), answers, **way), tmp_path / "answers.csv")
    survey = sc.read_survey(tmp_path / "answers.csv", book)
    assert [problem for problem in survey.problems if problem.severity == "error"] == []
    found = survey.responses.reset_index(drop=True)
    assert len(found) == FIRMS
    for name in answers:
        if name in ("start", "end", "remarks"):
            continue
        given = answers[name]
        item = next((i for i in book if i.name == name), None)
        if item is not None and item.reverse:
            top = item.maximum if item.maximum is not None else 5
            low = item.minimum if item.minimum is not None else 1
            given = low + top - given
        if given.dtype.kind == "f":
            assert (found[name].astype(float) - given).abs().max() < 1e-9, name
            assert (found[name].isna() == given.isna()).all(), name
        else:
            assert found[name].fillna("").tolist() == given.fillna("").tolist(), name


def test_from_the_template_to_the_report(study: Path, answers: pd.DataFrame) -> None:
    given = answers.copy()
    given.loc[0, "attention"] = 1.0
    kept = ["respondent", "consent", "start", "end"]
    given.loc[1, [name for name in given if name not in kept]] = None
    given.loc[1, "consent"] = 0.0
    write_xlsx(export(_form(study), given), study / "answers.xlsx")
    # Resamples take the most time and are tested where they are made.
    plan = (study / "study.toml").read_text(encoding="utf-8")
    plan = plan.replace("[factors]\n", "[inference]\nreplicates = 0\n\n[factors]\nbootstrap = 0\n")
    plan = plan.replace("[validity]\n", "[validity]\nreplicates = 20\n")
    (study / "study.toml").write_text(plan, encoding="utf-8")
    command = [sys.executable, "-m", "socialcap"]
    checked = subprocess.run([*command, "check", str(study)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr + checked.stdout
    arguments = ["report", str(study), "-o", str(study / "out"), "--format", "html"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    exclusions = pd.read_csv(study / "out" / "exclusions.csv", dtype=str)
    assert sorted(exclusions["respondent"]) == ["Q001", "Q002"]
    flow = json.loads((study / "out" / "results.json").read_text(encoding="utf-8"))
    assert "Did not agree to take part" in json.dumps(flow)
