"""A yes-no answer whose value list begins with 1: the syntax files model the event that the study does.

SAME 1e-6: R's and PSPP's maxima of one likelihood, which stop at rules of their own.
"""

from pathlib import Path

import pytest

import socialcap as sc
from socialcap.plan import StudyPlan
from socialcap.results import StudyResult

from .outside import numbers_of_r, quick, tables_of_pspp, titled, written

SAME = 1e-6
LOGIT = """
[derive.took]
expression = "1 if loan == '1' else 0"
[[regression]]
name = "loan"
formula = "loan ~ trust + credit"
model = "logit"
[[regression]]
name = "took"
formula = "took ~ trust + credit"
model = "logit"
"""


@pytest.fixture
def study(study_folder: Path) -> tuple[StudyResult, StudyPlan]:
    book = study_folder / "codebook"
    with (book / "variables.csv").open("a", encoding="utf-8") as file:
        file.write("loan,Loan,Bank loan last year,去年银行贷款,nominal,loans,,,,,,,outcome,,,\n")
    with (book / "values.csv").open("a", encoding="utf-8") as file:
        file.write("loans,1,Yes,是,\nloans,0,No,否,\n")
    export = study_folder / "export.csv"
    heading, *lines = export.read_text(encoding="utf-8").splitlines()
    answers = [
        "是" if float(line.split(",")[9] or 50) + 13 * (i % 3) > 62 else "否" for i, line in enumerate(lines)
    ]
    rows = [f"{line},{answer}" for line, answer in zip(lines, answers, strict=True)]
    rows[-1] = rows[0]
    export.write_text("\n".join([f"{heading},Loan", *rows]) + "\n", encoding="utf-8")
    file = study_folder / "study.toml"
    text = file.read_text(encoding="utf-8").replace("bootstrap = 50", "bootstrap = 0")
    file.write_text(text + LOGIT, encoding="utf-8")
    plan = quick(sc.read_study(study_folder))
    return sc.run(plan), plan


def test_every_program_models_the_event_1(study: tuple[StudyResult, StudyPlan], tmp_path: Path) -> None:
    result, plan = study
    models = {model.name: model for model in result.regressions}
    coded, numeric = (models[name].coefficients["estimate"] for name in ("loan", "took"))
    assert coded.to_numpy() == pytest.approx(numeric.to_numpy(), abs=SAME) and coded["trust"] > 0.2
    assert models["loan"].tables()[0].title("zh").startswith("去年银行贷款（是）的回归")
    folder = written(result, plan, tmp_path)
    assert '(loan == "1")' in (folder / "analysis.do").read_text(encoding="utf-8")
    assert '(loan = "1")' in (folder / "analysis.sps").read_text(encoding="utf-8")
    found = numbers_of_r(folder)
    for term, value in coded.items():
        assert found[f"regression.loan.{term}.b"] == pytest.approx(value, abs=SAME)
    tables = titled(tables_of_pspp(folder), "Variables in the Equation")
    assert len(tables) == 2
    for table in tables:
        slopes = [float(row[2]) for row in table[1:3]]
        assert slopes == pytest.approx([coded["trust"], coded["credit"]], abs=SAME)
