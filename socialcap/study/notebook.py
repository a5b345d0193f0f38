"""A notebook that takes a study's steps one by one, with the settings that its study file states."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from socialcap.codebook import Codebook, read_codebook
from socialcap.errors import Problem, UsageError
from socialcap.plan import StudyPlan
from socialcap.results import Text
from socialcap.study.name_checks import require_known_names
from socialcap.study.notebook_measurement import measurement_cells
from socialcap.study.notebook_models import model_cells
from socialcap.study.notebook_source import Cell, Code, call, headed, literal, notebook_json
from socialcap.writing import write_files


def write_notebook(plan: StudyPlan, path: str | Path) -> Path:
    """Write a notebook of the study to `path`; returns it.

    The notebook has no output yet. It reads the study file, by its place seen from the notebook, and repeats
    what `run` does by the public functions. Raises UsageError where the file is there already; CodebookError
    and StudyError as reading does; OutputError where it cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise UsageError(
            "nothing was written, so that no work is lost", [Problem("is there already", str(path))]
        )
    write_files({path: notebook_bytes(plan, path.parent)})
    return path


def notebook_bytes(plan: StudyPlan, folder: Path) -> bytes:
    """The notebook of a study, for a place in `folder`."""
    book = read_codebook(plan.path(plan.data.codebook))
    require_known_names(plan, book)
    return notebook_json([*_cells(plan, book, _seen_from(folder, plan.file))])


def _cells(plan: StudyPlan, book: Codebook, study: str) -> Iterator[Cell]:
    """All cells, in the order of the analysis."""
    yield from _opening(plan, study)
    yield from _survey(plan)
    if plan.factors:
        yield from measurement_cells(plan, book)
    yield from model_cells(plan, book)
    yield from _closing(plan)


def _opening(plan: StudyPlan, study: str) -> Iterator[Cell]:
    title = plan.study.title or Text(plan.study.name, plan.study.name)
    lines = [f"# {title('en')}"] + ([f"# {title('zh')}"] if title("zh") != title("en") else [])
    if plan.study.note:
        lines += [
            "",
            *(f"> {side}  " for side in dict.fromkeys((plan.study.note("en"), plan.study.note("zh")))),
        ]
    lines += [
        "",
        "The study's own steps and settings, one cell each. Change a setting, run its cell and those below.",
        "",
        "按研究计划逐步分析：修改某项设定后，重新运行该单元格及其后的单元格。",
    ]
    yield Cell("\n".join(lines), words=True)
    yield Cell(
        "from pathlib import Path\n\nimport socialcap as sc\n\n"
        f"plan = sc.read_study(Path({literal(study)}))\nSEED = plan.study.seed"
    )


def _survey(plan: StudyPlan) -> Iterator[Cell]:
    yield headed(Text("The survey and its cleaning", "调查与数据清洗"))
    if plan.exclude:
        rules = [f"- `{part.flag or part.when}`: {_both(part.reason)}" for part in plan.exclude]
        yield Cell("\n".join(["Respondents leave the sample by these rules only:", "", *rules]), words=True)
    yield Cell("study = sc.prepare(plan)\nstudy.survey.flow()")
    yield Cell("study.survey.changes()")
    yield Cell("study.survey.flags")
    if plan.derive:
        yield Cell("{name: part.expression for name, part in plan.derive.items()}  # derived variables")
    yield Cell("data, labels, levels = study.data, study.labels, study.levels\nstudy.survey.items()")


def _closing(plan: StudyPlan) -> Iterator[Cell]:
    """The whole study in one call, its claims, figures and report."""
    yield headed(Text("The whole study at once", "一次运行全部分析"))
    yield Cell(
        f"with sc.progress_bar({literal(plan.study.name)}) as progress:\n    result = sc.run(plan, progress)\n"
        "result.problems"
    )
    if plan.regression:
        yield Cell(
            "# the steps above and the whole give the same numbers: the largest difference\n"
            "max(\n"
            '    (models[whole.name].coefficients["estimate"] - whole.coefficients["estimate"]).abs().max()\n'
            "    for whole in result.regressions\n"
            ")"
        )
    yield headed(Text("The same numbers by other libraries", "其他软件库的复核"))
    yield Cell("result.second_opinion")
    if plan.claim:
        yield headed(Text("Claims and verdicts", "假设与检验结论"))
        tests = [f"- {_both(part.sentence or Text(part.name))}  \n  `{part.test}`" for part in plan.claim]
        yield Cell("\n".join(tests), words=True)
        if plan.references:
            yield Cell(
                "from socialcap.claims import Evidence, read_references\n\n"
                "evidence = Evidence.of(result, read_references(plan.references, plan.folder))\n"
                "verdicts = sc.judge(plan.claim, evidence)\nverdicts"
            )
        else:
            yield Cell("verdicts = sc.judge(plan.claim, result)\nverdicts")
    yield headed(Text("Figures", "图"))
    yield Cell("sc.figures(result)")
    yield headed(Text("The report", "报告"))
    made = call(
        "sc.write_report",
        Code("result"),
        f"{plan.study.name}_report",
        formats=plan.report.formats,
        languages=plan.report.languages,
        **({"style": plan.report.style} if plan.report.style else {}),
    )
    yield Cell(made)


def _both(text: Text) -> str:
    return " ".join(dict.fromkeys((text("en"), text("zh"))))


def _seen_from(folder: Path, file: Path) -> str:
    """The study file's place seen from a folder, absolute only where no way leads there."""
    try:
        return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()
