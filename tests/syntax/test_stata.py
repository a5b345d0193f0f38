"""The do-file keeps Stata's grammar as far as it can be seen without Stata, and names only what there is."""

import csv
import io
import re
from pathlib import Path

import pytest

import socialcap as sc
from socialcap.plan import StudyPlan
from socialcap.results import StudyResult
from socialcap.study.outputs import run_files
from socialcap.syntax import syntax_files
from socialcap.syntax.frame import legal_names

from .outside import quick

ODD = """\
[derive.a_name_that_is_much_too_long_for_stata_1]
expression = "finance / 100"
label = { en = "A \\"share\\" of `all' $money", zh = "资金份额" }
[derive.a_name_that_is_much_too_long_for_stata_2]
expression = "1 if finance > 50 else 0"
label = { en = "Easy", zh = "容易" }
[[regression]]
name = "odd"
formula = "a_name_that_is_much_too_long_for_stata_1 ~ trust * credit + log(finance + 1) + C(trade)"
[[regression]]
name = "easy"
formula = "a_name_that_is_much_too_long_for_stata_2 ~ trust + credit"
model = "logit"
[report]
languages = ["zh", "en"]
"""
NAME = re.compile(r"[^\W\d]\w{0,31}")
COMMANDS = {
    *("version", "import", "rename", "label", "note", "alpha", "quietly", "matrix", "display", "factor"),
    *(
        "estat",
        "rotate",
        "predict",
        "correlate",
        "generate",
        "capture",
        "mark",
        "markout",
        "regress",
        "logit",
    ),
}


@pytest.fixture
def study(study_folder: Path) -> tuple[StudyResult, StudyPlan]:
    file = study_folder / "study.toml"
    text = file.read_text(encoding="utf-8").replace("bootstrap = 50", "bootstrap = 0")
    file.write_text(text + ODD, encoding="utf-8")
    plan = quick(sc.read_study(study_folder))
    return sc.run(plan), plan


def commands(text: str) -> list[str]:
    """The commands of a do-file, continued lines joined, comments left out."""
    joined = re.sub(r"\s*///\n\s*", " ", text)
    return [line for line in joined.splitlines() if line and not line.startswith("//")]


def test_the_do_file_is_well_formed(study: tuple[StudyResult, StudyPlan]) -> None:
    result, plan = study
    text = syntax_files(result, plan)["syntax/analysis.do"].decode()
    lines = commands(text)
    assert {line.split()[0].rstrip(",") for line in lines} == COMMANDS
    for line in lines:
        assert line.count('"') % 2 == 0, line
        bare = re.sub(r'"[^"]*"', '""', line)
        assert bare.count("(") == bare.count(")"), line
        # a macro would be expanded within quotes as well
        assert "`" not in line and not re.search(r"(?<!\\)\$", line), line


def test_every_variable_exists_and_has_a_legal_name(study: tuple[StudyResult, StudyPlan]) -> None:
    result, plan = study
    lines = commands(syntax_files(result, plan)["syntax/analysis.do"].decode())
    header = next(csv.reader(io.StringIO(run_files(result)["cleaned.csv"].decode("utf-8-sig"))))
    renamed = dict(line.split()[1:] for line in lines if line.startswith("rename"))
    assert list(renamed) == [f"v{i}" for i in range(1, len(header) + 1)]
    known = set(renamed.values())
    assert len({name.lower() for name in known}) == len(header)
    for heading, name in zip(header, renamed.values(), strict=True):
        assert name == heading or len(heading) > 32
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "generate":
            known.add(rest.split()[1])
        if word in ("regress", "logit", "alpha", "factor", "markout"):
            named = set(re.split(r"\W+", rest.partition(",")[0].partition(" if ")[0])) - {"", "used"}
            assert named and named <= known, line
    assert all(NAME.fullmatch(name) for name in known)


def test_labels_are_in_the_studys_language(study: tuple[StudyResult, StudyPlan]) -> None:
    result, plan = study
    files = {name: content.decode() for name, content in syntax_files(result, plan).items()}
    assert 'label variable t1 "伙伴守信"' in files["syntax/analysis.do"]
    assert 'label define values_of_t1 1 "非常不同意" 2 "不同意"' in files["syntax/analysis.do"]
    assert "note trade: cu = 铜" in files["syntax/analysis.do"]
    assert 't1 "伙伴守信"' in files["syntax/analysis.sps"] and '"cu" "铜"' in files["syntax/analysis.sps"]
    english = plan.model_copy(update={"report": plan.report.model_copy(update={"languages": ("en",)})})
    english_files = syntax_files(result, english)
    assert "Partners keep their word" in english_files["syntax/analysis.do"].decode()
    quoted = "A 'share' of 'all' \\$money"
    assert f'"{quoted}"' in english_files["syntax/analysis.do"].decode()
    assert '"A ""share"" of `all\' $money"' in english_files["syntax/analysis.sps"].decode()


def test_every_step_left_out_is_named(study: tuple[StudyResult, StudyPlan]) -> None:
    result, plan = study
    for name in ("analysis.R", "analysis.sps", "analysis.do"):
        text = syntax_files(result, plan)[f"syntax/{name}"].decode()
        assert text.count("NOT DONE HERE") >= 3 and "marginal effects: easy" in text, name
    assert "never run" in syntax_files(result, plan)["syntax/analysis.do"].decode()


def test_names_are_legal_and_different() -> None:
    headings = ["with", "Trust", "trust", "2x", "a-b", "_n", "str5", "变量" * 20, "x" * 40, "x" * 41]
    made = legal_names(headings, ["a_b"])
    assert list(made) == headings and len({name.lower() for name in made.values()} | {"a_b"}) == 11
    assert all(NAME.fullmatch(name) and len(name.encode()) <= 64 for name in made.values())
    assert made["Trust"] == "Trust" and made["trust"] == "trust_2"
