"""A study's notebook: written once, runs as it is, and gives the numbers of the run."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

import socialcap as sc
from socialcap.errors import UsageError
from socialcap.results import StudyResult
from socialcap.study.notebook import write_notebook
from socialcap.study.notebook_source import Code, call, literal

nbformat = pytest.importorskip("nbformat", reason="the notebook extra is not installed")
nbclient = pytest.importorskip("nbclient", reason="the notebook extra is not installed")

REPOSITORY = Path(__file__).parents[2]

# Tables of a run that no single step of the notebook shows, and why.
NOT_A_STEP = {
    "reliability": "all scales side by side",
    "problems": "of the whole run",
    "sample_use": "of all models together",
    "regressions": "models side by side",
    "registration": "of the whole run",
    "provenance": "of the whole run",
    "second_opinion": "of the whole run",
    "unknown_columns": "shown by a check",
}

# The numbers behind the tables: of the steps, and of the whole in one call, without rounding.
PROBE = """
import json
print(json.dumps({
    "loadings": factors.loadings.to_numpy().tolist(),
    "index": index.weights.tolist(),
    "models": {name: model.coefficients["std_error"].tolist() for name, model in models.items()},
    "carried": {name: found.coefficients["pipeline_se"].tolist() for name, found in carried.items()},
    "whole": result.to_dict(),
}))
"""


def executed(path: Path) -> tuple[Any, dict[str, Any]]:
    """The notebook after a run in its own folder, and what the probe at its end says."""
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    # a loop of our own is closed at the end; the client's own would stay open, which is a warning
    asyncio.run(client.async_execute())
    said = "".join(o["text"] for o in notebook.cells[-1].outputs if o.get("name") == "stdout")
    return notebook, json.loads(said)


def errors(notebook: Any) -> list[str]:
    return [
        f"{cell.source}: {output['evalue']}"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]


def bodies(html: str) -> list[str]:
    """The bodies of tables, as a notebook shows them."""
    return re.findall("<tbody>.*?</tbody>", html, flags=re.DOTALL)


def same_as_the_run(notebook: Any, said: dict[str, Any], result: StudyResult) -> None:
    """The steps give every table of the run, to the last digit shown, and its numbers without rounding."""
    end = next(i for i, cell in enumerate(notebook.cells) if "sc.run(plan" in cell.source)
    steps = [cell for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and i != end]
    pages = [
        output["data"].get("text/html", "") for cell in steps for output in cell.outputs if "data" in output
    ]
    shown = {body for page in pages for body in bodies(page)}
    lacking = [
        table.key
        for table in result.tables()
        if table.key not in NOT_A_STEP and not set(bodies(table.to_html())) <= shown
    ]
    assert not lacking, lacking
    measured = result.measurement
    assert measured is not None
    assert said["loadings"] == measured.factors.loadings.to_numpy().tolist()
    assert said["index"] == measured.composite.weights.tolist()
    assert said["models"] == {m.name: m.coefficients["std_error"].tolist() for m in result.regressions}
    carried = {name: found.coefficients["pipeline_se"].tolist() for name, found in result.pipelines.items()}
    assert said["carried"] == carried
    whole, again = said["whole"], json.loads(json.dumps(result.to_dict()))
    # the command that repeats a run names the study by where it was called from
    for run in (whole, again):
        del run["provenance"], run["tables"]["provenance"]
    assert [key for key in again if whole[key] != again[key]] == []
    assert whole.keys() == again.keys()


def test_the_small_study(study_folder: Path, tmp_path: Path) -> None:
    plan = sc.read_study(study_folder)
    path = write_notebook(plan, tmp_path / "books" / "demo.ipynb")
    notebook, said = executed(path)
    assert errors(notebook) == []
    same_as_the_run(notebook, said, sc.run(plan))


@pytest.mark.slow
def test_the_miluo_study(tmp_path: Path) -> None:
    plan = sc.read_study(REPOSITORY / "data" / "miluo")
    notebook, said = executed(write_notebook(plan, tmp_path / "miluo.ipynb"))
    assert errors(notebook) == []
    same_as_the_run(notebook, said, sc.run(plan))


def test_nothing_is_written_over(study_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.ipynb"
    path.write_text("my own work", encoding="utf-8")
    with pytest.raises(UsageError, match="no work is lost"):
        write_notebook(sc.read_study(study_folder), path)
    assert path.read_text(encoding="utf-8") == "my own work"


def test_the_notebook_is_valid_and_names_no_machine(study_folder: Path, tmp_path: Path) -> None:
    path = write_notebook(sc.read_study(study_folder), tmp_path / "demo.ipynb")
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    text = path.read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert 'sc.read_study(Path(\\"my study/study.toml\\"))' in text
    again = write_notebook(sc.read_study(study_folder), tmp_path / "again.ipynb")
    assert again.read_bytes() == path.read_bytes()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            compile(cell.source, "cell", "exec")
            assert cell.outputs == [] and cell.execution_count is None


def test_its_settings_are_those_of_the_study_file(study_folder: Path, tmp_path: Path) -> None:
    file = study_folder / "study.toml"
    settings = file.read_text(encoding="utf-8").replace(
        "n_factors = 2\n",
        'n_factors = 2\nextraction = "ml"\nrotation = "promax"\npower = 3.0\nscores = "bartlett"\n',
    )
    file.write_text(settings + 'cov = "HC1"\nmargins = "means"\n', encoding="utf-8")
    path = write_notebook(sc.read_study(study_folder), tmp_path / "demo.ipynb")
    code = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
    for said in ('extraction="ml"', 'rotation="promax"', "power=3.0", 'scores="bartlett"', 'cov="HC1"'):
        assert said in code, said
    assert 'sc.margins(models["main"], "means")' in code
    assert not re.search(r"gamma=|epsilon=|preset=", code)


def test_calls_read_as_a_person_writes_them() -> None:
    assert call("f", Code("x"), a=("b", 'c"d'), e=None) == 'f(x, a=["b", "c\\"d"], e=None)'
    many = tuple(f"item, {i}" for i in range(30))
    folded = call("f", Code("x"), items=many)
    assert max(map(len, folded.splitlines())) < 100
    assert eval(folded, {"f": lambda x, items: items, "x": 1}) == list(many)
    assert eval(literal({"a": (1, 2.5), "汉": True})) == {"a": [1, 2.5], "汉": True}
