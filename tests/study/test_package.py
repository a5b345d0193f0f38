"""The replication package: it runs as it is, cleans to the same survey, and nothing personal leaves with it."""

import base64
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest
from openpyxl.comments import Comment

import socialcap as sc
from socialcap.errors import DataCheckError, OutputError, UsageError
from socialcap.report import study_document
from socialcap.study import freeze
from socialcap.study.environment import own_requirements, pinned, wheel
from socialcap.study.packaging import package_files, write_package
from socialcap.study.reading import load_survey
from socialcap.study.shipping import data_files, same_survey
from socialcap.study.toml_edits import with_strings

REPOSITORY = Path(__file__).parents[2]
# What must not leave: a phone number (a personal variable), and an address and a name that no codebook knows.
PHONE, ADDRESS, PERSON = "1391234{:04d}", "203.0.113.{}", "Zhang-Sanfeng-{}"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def rows_of(folder: Path) -> list[list[str]]:
    return list(csv.reader((folder / "export.csv").read_text(encoding="utf-8").splitlines()))


def personal_rows(folder: Path) -> list[list[str]]:
    """The export of the small study with what identifies each respondent."""
    rows = rows_of(folder)
    phone = rows[0].index("phone")
    made = [[*rows[0], "IP", "Name of respondent"]]
    for number, row in enumerate(rows[1:]):
        row[phone] = PHONE.format(number)
        made.append([*row, ADDRESS.format(number), PERSON.format(number)])
    return made


def as_text(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(rows)
    return out.getvalue()


def every_text(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all files, and of all files packed inside them."""
    for name, content in files.items():
        yield name, name.encode()
        yield name, content
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                inside = {f"{name}!{part}": packed.read(part) for part in packed.namelist()}
            yield from every_text(inside)
        elif content.startswith(b"PAR1"):
            yield name, pq.read_table(io.BytesIO(content)).to_pandas().to_csv().encode()


def leaks(files: Mapping[str, bytes], *secrets: str) -> list[tuple[str, str]]:
    """Which secret stands where, in any of the encodings that exports come in."""
    encoded = [(s, s.encode(codec)) for s in secrets for codec in ("utf-8", "gb18030", "utf-16-le")]
    return [(name, secret) for name, text in every_text(files) for secret, form in encoded if form in text]


def unpacked(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


SECRETS = (PHONE.format(0)[:7], "203.0.113.", "Sanfeng")


@pytest.fixture
def personal_study(study_folder: Path) -> Path:
    (study_folder / "export.csv").write_text(as_text(personal_rows(study_folder)), encoding="utf-8")
    return study_folder


def test_a_package_runs_as_it_is_and_gives_the_expected_numbers(personal_study: Path, tmp_path: Path) -> None:
    freeze(sc.read_study(personal_study))
    plan = sc.read_study(personal_study)
    here = tmp_path / "package"
    written = write_package(plan, here)
    names = {path.relative_to(here).as_posix() for path in written}
    assert {"README.md", "LICENSE-DATA.md", "run.sh", "requirements.txt", ".python-version"} <= names
    assert {"study.toml", "registration.json", "codebook/variables.csv", "data/export.csv"} <= names
    assert {"expected/results.json", "expected/cleaned.csv", "expected/syntax/analysis.R"} <= names
    assert "data/AVAILABILITY.md" not in names
    files = {name: (here / name).read_bytes() for name in names}
    assert leaks(files, *SECRETS) == []
    assert leaks({"original": (personal_study / "export.csv").read_bytes()}, *SECRETS), "the search finds"
    done = subprocess.run(
        [sys.executable, "-m", "socialcap", "report", ".", "-o", "results", "--quiet"],
        cwd=here,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (here / "results" / "results.json").read_bytes() == files["expected/results.json"]
    compared = sc.compare(here / "expected", here / "results")
    assert compared.compared > 500 and not (compared.causes or compared.verdicts or compared.changes)
    # nothing says where the package was made
    home, temporary = str(personal_study).encode(), f"{tempfile.gettempdir()}/socialcap-".encode()
    assert not [name for name, text in every_text(files) if home in text or temporary in text]
    readme(personal_study, files, here)


def readme(study: Path, files: Mapping[str, bytes], here: Path) -> None:
    text = files["README.md"].decode()
    digest = hashlib.sha256((study / "export.csv").read_bytes()).hexdigest()
    assert digest in text and hashlib.sha256(files["data/export.csv"]).hexdigest() in text
    assert "`extra`, `phone`, `IP`, `Name of respondent`" in text.replace(
        "`phone`, `extra`", "`extra`, `phone`"
    )
    assert "**Made-up data.**" in text and "`registration.json`" in text
    assert f"numpy {version('numpy')}" in text and "sh run.sh" in text
    document = study_document(sc.run(sc.read_study(here)))
    for number, table in enumerate(document.tables, 1):
        assert f"| {number} | {' '.join(table.title('en').split())} | `{table.key}` |" in text
    assert all(f"`results/figures/{figure.key}_en.svg`" in text for figure in document.figures)
    assert "{{" not in text and "{%" not in text


def test_the_study_of_a_package_is_the_study(study_folder: Path) -> None:
    """Everything but the places of files stays, comments too."""
    study = study_folder / "study.toml"
    pattern = "item,factor\nt1,trust\nc1,credit\n"
    (study_folder / "published.csv").write_text(pattern, encoding="utf-8")
    change(study, 'title = { en = "A', '# a note "with quotes\ntitle = { en = "A')
    with study.open("a", encoding="utf-8") as end:
        end.write('[references.book]\nfile = "published.csv"  # as printed\n')
    made = package_files(sc.read_study(study_folder))
    text = made["study.toml"].decode()
    original = study.read_text(encoding="utf-8")
    assert text == original.replace('"export.csv"', '"data/export.csv"').replace(
        '"published.csv"', '"references/book.csv"'
    )
    assert made["references/book.csv"].decode() == pattern
    assert made["codebook/values.csv"] == (study_folder / "codebook" / "values.csv").read_bytes()


@pytest.mark.parametrize(
    ("encoding", "separator", "end", "above"),
    [
        ("utf-8", ",", "\n", ""),
        ("utf-8-sig", ";", "\r\n", ""),
        ("gb18030", ",", "\r\n", ""),
        ("utf-16", "\t", "\r\n", ""),
        ("utf-8", ";", "\n", "sep=;\n"),
        ("utf-8", ",", "\n", "\n\n"),
    ],
)
def test_text_keeps_its_form(
    personal_study: Path, encoding: str, separator: str, end: str, above: str
) -> None:
    rows = rows_of(personal_study)
    text = above + as_text(rows, separator, end)
    (personal_study / "export.csv").write_bytes(text.encode(encoding))
    plan = sc.read_study(personal_study)
    survey, book = load_survey(plan)
    (file,) = data_files(plan, book)
    assert file.content is not None and file.rewritten
    gone = [rows[0].index(name) for name in ("phone", "extra", "IP", "Name of respondent")]
    kept = [[cell if at not in gone else "" for at, cell in enumerate(row)] for row in rows[1:]]
    assert file.content.decode(encoding) == above + as_text([rows[0], *kept], separator, end)
    assert file.content[:4] == text.encode(encoding)[:4]
    assert set(file.emptied) == {"phone", "extra", "IP", "Name of respondent"}
    (personal_study / "export.csv").write_bytes(file.content)
    assert same_survey(load_survey(sc.read_study(personal_study))[0], survey)


def test_quoted_cells_with_line_breaks_come_back(personal_study: Path) -> None:
    rows = rows_of(personal_study)
    rows[3][0] = 'a "quoted"\r\nname; with, marks'
    (personal_study / "export.csv").write_text(as_text(rows), encoding="utf-8", newline="")
    plan = sc.read_study(personal_study)
    survey, book = load_survey(plan)
    (file,) = data_files(plan, book)
    assert file.content is not None and leaks({"copy": file.content}, *SECRETS) == []
    (personal_study / "export.csv").write_bytes(file.content)
    assert same_survey(load_survey(sc.read_study(personal_study))[0], survey)


def test_an_export_without_anything_to_hide_goes_as_it_came(study_folder: Path) -> None:
    rows = [row[:-2] for row in rows_of(study_folder)]
    (study_folder / "export.csv").write_text(as_text(rows), encoding="utf-8")
    variables = study_folder / "codebook" / "variables.csv"
    change(variables, "phone,phone,Phone,电话,text,,,,,,,,,yes,,\n", "")
    plan = sc.read_study(study_folder)
    (file,) = data_files(plan, sc.read_codebook(study_folder / "codebook"))
    assert file.content == (study_folder / "export.csv").read_bytes()
    assert not file.rewritten and file.emptied == ()


def workbook(rows: list[list[str]], path: Path) -> None:
    """A workbook that knows more than its cells: an author, a comment, a link, and a second sheet."""
    book = openpyxl.Workbook()
    book.properties.creator = book.properties.lastModifiedBy = PERSON.format("author")
    page = book.active
    page.title = "answers"
    for row in rows:
        page.append([float(cell) if cell.replace(".", "", 1).isdigit() else cell for cell in row])
    page["A2"].comment = Comment(PERSON.format("comment"), PERSON.format("author"))
    page["B2"].hyperlink = f"mailto:{PERSON.format('link')}@example.org"
    book.create_sheet("contacts").append([PHONE.format(1), PERSON.format("contact")])
    book.save(path)


def test_a_workbook_leaves_with_its_answers_alone(personal_study: Path) -> None:
    workbook(rows_of(personal_study), personal_study / "export.xlsx")
    change(personal_study / "study.toml", "export.csv", "export.xlsx")
    assert leaks({"original": (personal_study / "export.xlsx").read_bytes()}, "author", "comment", "contact")
    plan = sc.read_study(personal_study)
    survey, _ = load_survey(plan)
    made = package_files(plan)
    assert leaks(made, *SECRETS) == []
    copy = openpyxl.load_workbook(io.BytesIO(made["data/export.xlsx"]))
    assert copy.sheetnames == ["answers"]
    assert isinstance(copy["answers"]["B2"].value, int | float | str)
    assert [cell.value for cell in copy["answers"][1]][-2:] == ["IP", "Name of respondent"]
    (personal_study / "export.xlsx").write_bytes(made["data/export.xlsx"])
    assert same_survey(load_survey(sc.read_study(personal_study))[0], survey)


def test_the_platforms_own_columns_do_not_leave(study_folder: Path) -> None:
    """A 问卷星 export: its row number is not in the codebook, its addresses are personal by its grammar."""
    rows = rows_of(study_folder)
    own = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]
    made = [[*own, *(f"{at}、{name}" for at, name in enumerate(rows[0], 1))]]
    for number, row in enumerate(rows[1:]):
        detail = [str(number), "2026/3/1 10:00:00", "300秒", "微信", PERSON.format(number)]
        made.append([*detail, f"{ADDRESS.format(number)}(湖南-汨罗)", *row])
    (study_folder / "export.csv").write_bytes(as_text(made).encode("gb18030"))
    plan = sc.read_study(study_folder)
    survey, book = load_survey(plan)
    assert survey.platform == "wjx"
    (file,) = data_files(plan, book)
    assert file.content is not None
    assert leaks({"copy": file.content}, "203.0.113.", "Sanfeng", "汨罗", "2026/3/1") == []
    assert set(file.emptied) >= {"来自IP", "来源详情", "提交答卷时间"}
    (study_folder / "export.csv").write_bytes(file.content)
    assert same_survey(load_survey(sc.read_study(study_folder))[0], survey)


def test_paired_exports_are_emptied_both_and_still_pair(study_folder: Path) -> None:
    rows = rows_of(study_folder)
    own = ["序号", "来源详情", "来自IP"]
    asked = rows[0].index("t1"), rows[0].index("t2")
    words = dict(zip("12345", ["非常不同意", "不同意", "一般", "同意", "非常同意"], strict=True))
    both: dict[str, list[list[str]]] = {"export": [], "numbers": []}
    for part, made in both.items():
        made.append([*own, *(f"{at}、{name}" for at, name in enumerate(rows[0], 1))])
        for number, row in enumerate(rows[1:]):
            cells = list(row)
            for at in asked:
                code = str(1 + (number + at) % 5)
                cells[at] = words[code] if part == "export" else code
            made.append([str(number + 1), PERSON.format(number), ADDRESS.format(number), *cells])
        (study_folder / f"{part}.csv").write_text(as_text(made), encoding="utf-8")
    change(study_folder / "study.toml", '["export.csv"]', '["export.csv"]\nnumbers = "numbers.csv"')
    plan = sc.read_study(study_folder)
    survey, book = load_survey(plan)
    copies = data_files(plan, book)
    assert [file.place for file in copies] == ["data/export.csv", "data/numbers.csv"]
    for file in copies:
        assert file.content is not None and leaks({file.place: file.content}, *SECRETS) == []
        file.source.write_bytes(file.content)
    assert same_survey(load_survey(plan)[0], survey)


def test_parquet_is_emptied_too(personal_study: Path) -> None:
    rows = rows_of(personal_study)
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    frame["finance"] = pd.to_numeric(frame["finance"])
    frame.to_parquet(personal_study / "export.parquet")
    change(personal_study / "study.toml", "export.csv", "export.parquet")
    plan = sc.read_study(personal_study)
    survey, book = load_survey(plan)
    (file,) = data_files(plan, book)
    assert file.content is not None and leaks({"copy": file.content}, *SECRETS) == []
    (personal_study / "export.parquet").write_bytes(file.content)
    assert same_survey(load_survey(sc.read_study(personal_study))[0], survey)


def test_joined_files_are_emptied_each(personal_study: Path) -> None:
    """A column of the second file with the name of a known one of the first is unknown, and is emptied."""
    rows = rows_of(personal_study)[:-1]
    at = rows[0].index("c1")
    first = [row[:at] for row in rows]
    second = [[row[0], *row[at:], "t1" if n == 0 else PERSON.format(n)] for n, row in enumerate(rows)]
    (personal_study / "a.csv").write_text(as_text(first), encoding="utf-8")
    (personal_study / "b.csv").write_text(as_text(second), encoding="utf-8")
    change(personal_study / "study.toml", '["export.csv"]', '["a.csv", "b.csv"]\ncombine = "join"')
    plan = sc.read_study(personal_study)
    _, book = load_survey(plan)
    one, two = data_files(plan, book)
    assert one.content == (personal_study / "a.csv").read_bytes()
    assert two.content is not None and leaks({"copy": two.content}, *SECRETS) == []
    made = package_files(plan)
    assert made["data/b.csv"] == two.content
    assert tomllib.loads(made["study.toml"].decode())["data"]["files"] == ["data/a.csv", "data/b.csv"]


def test_files_of_one_name_keep_apart(study_folder: Path) -> None:
    lines = (study_folder / "export.csv").read_text(encoding="utf-8").splitlines()
    for name, part in (("east", lines[1:40]), ("west", lines[40:])):
        (study_folder / name).mkdir()
        (study_folder / name / "export.csv").write_text("\n".join([lines[0], *part]), encoding="utf-8")
    change(study_folder / "study.toml", '["export.csv"]', '["east/export.csv", "west/export.csv"]')
    plan = sc.read_study(study_folder)
    made = package_files(plan)
    assert {"data/1/export.csv", "data/2/export.csv"} <= set(made)
    assert "data/AVAILABILITY.md" not in made


def test_data_that_personal_columns_decide_about_stay_out(personal_study: Path, tmp_path: Path) -> None:
    """The phone is the id by which duplicates are found: without it, another survey would come out."""
    variables = personal_study / "codebook" / "variables.csv"
    change(variables, "id,Firm,Firm,企业,text,,,,,,,,id,", "id,Firm,Firm,企业,text,,,,,,,,,")
    change(variables, "phone,phone,Phone,电话,text,,,,,,,,,yes", "phone,phone,Phone,电话,text,,,,,,,,id,yes")
    rows = rows_of(personal_study)
    rows[-1][rows[0].index("phone")] = rows[1][rows[0].index("phone")]
    (personal_study / "export.csv").write_text(as_text(rows), encoding="utf-8")
    change(personal_study / "study.toml", "bootstrap = 50", "bootstrap = 0")
    plan = sc.read_study(personal_study)
    made = package_files(plan)
    assert leaks(made, *SECRETS) == []
    assert "data/export.csv" not in made and "expected/cleaned.csv" in made
    page = made["data/AVAILABILITY.md"].decode()
    assert hashlib.sha256((personal_study / "export.csv").read_bytes()).hexdigest() in page
    assert "not be cleaned to the same data" in page
    assert "not in this package" in made["README.md"].decode()
    results = json.loads(made["expected/results.json"])
    assert results["tables"]["sample_flow"]["rows"][-1][1] == 80
    here = unpacked(made, tmp_path / "package")
    refused = subprocess.run(["sh", "run.sh"], cwd=here, capture_output=True, text=True)
    assert refused.returncode == 3 and "data/export.csv" in refused.stderr and not (here / ".venv").exists()
    # the page's call, on the page's data, gives the study's numbers
    call = next(line for line in page.splitlines() if line.startswith("sc.regress("))
    data = pd.read_parquet(io.BytesIO(made["expected/cleaned.parquet"]))
    again = eval(call, {"sc": sc, "data": data})
    published = {row[0]["en"]: row[1] for row in results["tables"]["regression_main"]["rows"]}
    assert again.coefficients.loc["trust", "estimate"] == pytest.approx(
        published["Trust"]["value"], abs=1e-12
    )


@pytest.mark.parametrize("pii", [True, False])
def test_spss_files_go_whole_or_not_at_all(personal_study: Path, pii: bool) -> None:
    rows = [row[:-3] for row in rows_of(personal_study)]
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    if not pii:
        frame = frame.drop(columns="phone")
        variables = personal_study / "codebook" / "variables.csv"
        change(variables, "phone,phone,Phone,电话,text,,,,,,,,,yes,,\n", "")
    pyreadstat.write_sav(frame, personal_study / "export.sav")
    change(personal_study / "study.toml", "export.csv", "export.sav")
    plan = sc.read_study(personal_study)
    _, book = load_survey(plan)
    (file,) = data_files(plan, book)
    assert (file.content is None) is pii
    assert ("SPSS" in file.reason) is pii and file.place == "data/export.sav"


def test_personal_data_that_nobody_declared_stop_the_package(personal_study: Path) -> None:
    change(personal_study / "codebook" / "variables.csv", ",,,,,,,,,yes,,", ",,,,,,,,,,,")
    with pytest.raises(DataCheckError, match="personal data might leave") as caught:
        package_files(sc.read_study(personal_study))
    assert [(p.column, p.value) for p in caught.value.problems] == [("pii", "phone")]


def test_a_study_that_keeps_personal_data_is_not_packed(personal_study: Path) -> None:
    change(
        personal_study / "study.toml", 'codebook = "codebook"', 'codebook = "codebook"\nkeep_personal = true'
    )
    with pytest.raises(DataCheckError, match="keep_personal"):
        package_files(sc.read_study(personal_study))


def test_a_package_needs_a_new_folder(study_folder: Path) -> None:
    with pytest.raises(UsageError, match="new folder"):
        write_package(sc.read_study(study_folder), study_folder)


@pytest.mark.parametrize(
    "text",
    [
        '[data]\nfiles = ["a.csv"] # "a.csv"\nname = "a.csv"\n',
        'data = { name = "a.csv", files = ["a.csv"] }\n',
        'data.name = "a.csv"\ndata.files = [\n  # the "export\n  \'a.csv\',\n]\n',
        '[data]\nname = """a.csv"""\nfiles = ["""a.csv"""]\nother = \'\'\'"a.csv" \' \'\'\'\n',
        '"a.csv" = "a.csv"\r\n[data]\r\nname = "\\u0061.csv"\r\nfiles = ["\\u0061.csv"]\r\n',
    ],
)
def test_one_string_of_a_toml_file_changes(text: str) -> None:
    new = 'data/"汨罗"\\a.csv'
    before, after = tomllib.loads(text), tomllib.loads(with_strings(text, {("data", "files", 0): new}))
    assert after["data"].pop("files") == [new] and before["data"].pop("files") == ["a.csv"]
    assert before == after
    assert with_strings(text, {("data", "files", 0): new}).count("#") == text.count("#")


def test_a_place_without_a_string_is_an_error() -> None:
    with pytest.raises(ValueError, match="no string"):
        with_strings("[data]\nfiles = [1]\n", {("data", "files", 0): "b"})


def test_the_versions_are_those_that_ran() -> None:
    libraries = dict(pinned())
    assert {"numpy", "pandas", "statsmodels", "typer", "openpyxl"} <= set(libraries)
    assert all(libraries[name] == version(name) for name in ("numpy", "pandas", "scipy"))
    # what a library needs comes along, what only the tests or other extras need does not
    assert {"patsy", "python-dateutil"} <= set(libraries)
    assert not {"pytest", "hypothesis", "socialcap", "jupytext"} & set(libraries)
    assert {one.name.lower() for one in own_requirements()} - {"xlsxwriter", "factor_analyzer"} <= {
        *libraries,
        *(name.replace("-", "_") for name in libraries),
    }


def test_an_extra_brings_its_libraries() -> None:
    assert {"pyxform"} <= set(dict(pinned(["xlsform"]))) - set(dict(pinned()))
    with pytest.raises(OutputError, match="not known"):
        pinned(["no-such-extra"])


def test_the_wheel_is_one(tmp_path: Path) -> None:
    name, content = wheel()
    assert wheel() == (name, content) and name == f"socialcap-{version('socialcap')}-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = packed.namelist()
        (info,) = {part.split("/")[0] for part in names if ".dist-info/" in part}
        record = list(csv.reader(packed.read(f"{info}/RECORD").decode().splitlines()))
        assert [row[0] for row in record] == names
        for path, digest, size in record[:-1]:
            found = hashlib.sha256(packed.read(path)).digest()
            assert digest == "sha256=" + base64.urlsafe_b64encode(found).rstrip(b"=").decode()
            assert int(size) == len(packed.read(path))
        assert record[-1][1:] == ["", ""] and names[-1].endswith("RECORD")
        assert "socialcap/study/templates/package/README.md.j2" in names
        assert not [part for part in names if "__pycache__" in part or part.endswith(".pyc")]
        packed.extractall(tmp_path / "site")
    said = subprocess.run(
        [sys.executable, "-P", "-c", "import socialcap.cli as c; print(c.__file__); c.main(['--version'])"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == [
        str(tmp_path / "site" / "socialcap" / "cli.py"),
        "socialcap",
        sc.__version__,
    ], said.stderr


@pytest.mark.slow
def test_the_wheel_installs_where_nothing_is(tmp_path: Path) -> None:
    name, content = wheel()
    (tmp_path / name).write_bytes(content)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "fresh"], check=True)
    python = tmp_path / "fresh" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--no-deps", "--no-index", tmp_path / name]
    subprocess.run(install, check=True, capture_output=True)
    # the libraries are those of the tests: a registry is not always there
    site = next((tmp_path / "fresh" / "lib").glob("python*/site-packages"))
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (site / "libraries.pth").write_text("\n".join(libraries), encoding="utf-8")
    said = subprocess.run(
        [python, "-m", "socialcap", "--version"], capture_output=True, text=True, cwd=tmp_path
    )
    assert said.stdout == f"socialcap {sc.__version__}\n", said.stderr
    where = subprocess.run(
        [python, "-c", "import socialcap; print(socialcap.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert Path(where.stdout.strip()) == site / "socialcap" / "__init__.py"


@pytest.mark.slow
def test_miluo_repeats_from_its_package(tmp_path: Path) -> None:
    here = tmp_path / "package"
    write_package(sc.read_study(REPOSITORY / "data" / "miluo"), here)
    subprocess.run(
        [sys.executable, "-m", "socialcap", "run", ".", "-o", "results", "--quiet"], cwd=here, check=True
    )
    for path in sorted((here / "expected").glob("*.*")):
        assert (here / "results" / path.name).read_bytes() == path.read_bytes(), path.name
    original = openpyxl.load_workbook(REPOSITORY / "data" / "miluo" / "export.xlsx").active
    heads = [cell.value for cell in original[1]]
    addresses = {
        original.cell(row, heads.index("来自IP") + 1).value for row in range(2, original.max_row + 1)
    }
    files = {path.name: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert len(addresses) > 100 and leaks(files, *addresses) == []
