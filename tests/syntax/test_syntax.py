"""R and PSPP read the cleaned data by the syntax files and come to the study's numbers.

Tolerances, relative to numbers above one and absolute below:

CLOSED   linear algebra on the same data, in R and in PSPP's ten decimals
ITERATED maxima that stop at each program's own rule: principal axes, rotations, lavaan's and factanal's maxima
HESSIAN  errors of MASS::polr, whose second derivatives are differences of its gradient
"""

import re
from pathlib import Path

import numpy as np
import pytest

import socialcap as sc
from socialcap.plan import StudyPlan
from socialcap.results import RegressionResult, StudyResult
from socialcap.syntax import expected_numbers

from .outside import numbers_of_r, quick, tables_of_pspp, titled, written

CLOSED, ITERATED, HESSIAN = 1e-8, 2e-5, 2e-4
MILUO = Path(__file__).parents[2] / "data" / "miluo"
MORE = """\
[validity]
replicates = 20
[derive.paid_late]
expression = "1 if finance < 50 else 0"
[derive.grade]
expression = "1 if finance < 40 else 2 if finance < 60 else 3"
[[regression]]
name = "late"
label = { en = "Late, 100% \\"sure\\" of $1", zh = "拖欠“货款”" }
formula = "paid_late ~ trust + log(t1) + abs(t2 - 3) + C(trade)"
model = "BINARY"
LATE
[[regression]]
name = "graded"
formula = "grade ~ trust*credit + C(trade)"
model = "ORDERED"
[[regression]]
name = "clustered"
formula = "finance ~ trust + I(credit**2) + C(trade, contr.treatment('al')):credit"
cov = "CLUSTERED"
clusters = WAYS
[[regression]]
name = "robust"
formula = "finance ~ trust + credit"
cov = "ROBUST"
[[hierarchical]]
name = "steps"
outcome = "finance"
blocks = ["C(trade)", "trust + ln_finance"]
cov = "HC0"
[[moderation]]
name = "moderated"
y = "finance"
x = "trust"
w = "credit"
covariates = ["C(trade)"]
[[mediation]]
name = "ways"
x = "t1"
m = ["t2", "c1"]
y = "finance"
kind = "serial"
replicates = 100
"""


@pytest.fixture(scope="module")
def miluo(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResult, StudyPlan, Path]:
    plan = quick(sc.read_study(MILUO))
    result = sc.run(plan)
    return result, plan, written(result, plan, tmp_path_factory.mktemp("miluo"))


def closest(found: dict[str, float], expected: dict[str, float]) -> dict[str, float]:
    """The numbers that differ by more than their tolerance, with the difference."""
    apart = {}
    for name, value in expected.items():
        difference = abs(found[name] - value) / max(1.0, abs(value))
        if difference > tolerance(name):
            apart[name] = difference
    return apart


def tolerance(name: str) -> float:
    if re.match(r"regression\.(constraint|graded)\..*\.se$", name):
        return HESSIAN
    exact = ("alpha", "standardised", "kmo", "bartlett", "eigenvalue", "correlation", "hier", "mod", "med")
    if name.startswith(exact) or re.match(
        r"regression\.(factors|composite|main|robust|clustered|late)", name
    ):
        return CLOSED
    return ITERATED


def test_r_comes_to_every_number_of_miluo(miluo: tuple[StudyResult, StudyPlan, Path]) -> None:
    result, plan, folder = miluo
    expected, found = expected_numbers(result, plan), numbers_of_r(folder)
    assert set(found) == set(expected) and len(expected) > 400
    assert not closest(found, expected)


def test_pspp_comes_to_the_numbers_of_miluo(miluo: tuple[StudyResult, StudyPlan, Path]) -> None:
    result, _, folder = miluo
    tables = tables_of_pspp(folder)
    assert compare_measurement(result, tables) == 4 + 2 + 27 + 4 * 27
    models = [model for _, model in least_squares(result)]
    assert compare_regressions(models, tables) == len(models) == 7


def least_squares(result: StudyResult) -> list[tuple[str, RegressionResult]]:
    """The linear models in the order of the file."""
    models = [(model.name, model) for model in result.regressions]
    models += [(steps.name, model) for steps in result.hierarchical for model in steps.models]
    models += [(one.name, one.model) for one in result.moderations]
    models += [(one.name, model) for one in result.mediations for model in one.models.values()]
    return [(name, model) for name, model in models if model.model == "ols"]


def compare_measurement(result: StudyResult, tables: list[list[list[str]]]) -> int:
    """Holds FACTOR and RELIABILITY against the study; how many numbers were compared."""
    found = result.measurement
    assert found is not None
    pairs = []
    alphas = [table[1][0] for table in titled(tables, "Reliability Statistics")]
    pairs += list(zip(alphas, [scale.alpha for scale in found.reliability], strict=True))
    (adequacy,) = titled(tables, "KMO")
    pairs += [(adequacy[0][2], found.adequacy.kmo), (adequacy[1][2], found.adequacy.bartlett_chi2)]
    (explained,) = titled(tables, "Total Variance Explained")
    pairs += list(zip([row[1] for row in explained[2:]], found.factors.eigenvalues, strict=True))
    (rotated,) = titled(tables, "Rotated Component Matrix")
    matrix = np.array([[float(cell) for cell in row[1:]] for row in rotated[2:]])
    for j, name in enumerate(found.factors.names):
        ours = found.factors.loadings[name].to_numpy()
        theirs = matrix[:, np.argmax(np.abs(matrix.T @ ours))]
        pairs += list(zip(theirs * np.sign(theirs @ ours), ours, strict=True))
        assert j < matrix.shape[1]
    for theirs, ours in pairs:
        assert float(theirs) == pytest.approx(ours, rel=ITERATED, abs=ITERATED)
    return len(pairs)


def compare_regressions(models: list[RegressionResult], tables: list[list[list[str]]]) -> int:
    """Holds REGRESSION against the study: b, R² and the classical errors; how many models."""
    coefficients, summaries = titled(tables, "Coefficients"), titled(tables, "Model Summary (")
    for model, table, summary in zip(models, coefficients, summaries, strict=True):
        rows = np.array([[float(cell) for cell in row[1:3]] for row in table[2:]])
        x = model.estimation.equations[0].matrix.to_numpy()
        classical = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * model.fit["rmse"] ** 2)
        assert rows[:, 0] == pytest.approx(model.coefficients["estimate"].to_numpy(), rel=CLOSED, abs=CLOSED)
        assert rows[:, 1] == pytest.approx(classical, rel=CLOSED, abs=CLOSED)
        assert float(summary[1][1]) == pytest.approx(model.fit["r2"], abs=CLOSED)
    return len(coefficients)


VARIANTS = {
    "logit, two ways": (
        "logit",
        "ordered_probit",
        "two_way",
        '["c4", "t4"]',
        "HC4",
        "varimax",
        'cov = "HC1"',
    ),
    "probit, CR2": (
        "probit",
        "ordered_logit",
        "CR2",
        '["c4"]',
        "HC2",
        "promax",
        'cov = "CR2"\nclusters = "c4"',
    ),
    "poisson, CR3": (
        "poisson",
        "ordered_logit",
        "CR3",
        '["c4"]',
        "HC1",
        "quartimax",
        'cov = "CR3"\nclusters = "c4"',
    ),
    "fractional, CR1": ("fractional", "ordered_logit", "CR1", '["c4"]', "nonrobust", "none", 'cov = "HC4"'),
    "probit, CR0": ("probit", "ordered_probit", "CR0", '["c4"]', "HC0", "oblimin", 'cov = "HC3"'),
}


def wider(folder: Path, variant: str) -> StudyPlan:
    """The small study with more models."""
    binary, ordered, clustered, ways, robust, rotation, late = VARIANTS[variant]
    more = MORE
    words = {"BINARY": binary, "ORDERED": ordered, "CLUSTERED": clustered, "WAYS": ways}
    words |= {"ROBUST": robust, "LATE": late}
    for token, word in words.items():
        more = more.replace(token, word)
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8").replace(
        "bootstrap = 50", f'bootstrap = 0\nrotation = "{rotation}"'
    )
    file.write_text(text + more, encoding="utf-8")
    return quick(sc.read_study(folder))


@pytest.mark.parametrize(
    "variant", [pytest.param(v, marks=() if i < 2 else pytest.mark.slow) for i, v in enumerate(VARIANTS)]
)
def test_other_programs_come_to_the_numbers_of_many_models(study_folder: Path, variant: str) -> None:
    plan = wider(study_folder, variant)
    result = sc.run(plan)
    folder = written(result, plan, study_folder / "out")
    expected, found = expected_numbers(result, plan), numbers_of_r(folder)
    assert set(found) == set(expected)
    assert not closest(found, expected)
    models = [model for _, model in least_squares(result)]
    assert compare_regressions(models, tables_of_pspp(folder)) == len(models) == 9
