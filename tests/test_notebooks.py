"""The teaching notebooks: they run from a clone, both files of each say the same, and none carries output."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

jupytext = pytest.importorskip("jupytext", reason="the notebook extra is not installed")
nbclient = pytest.importorskip("nbclient", reason="the notebook extra is not installed")
nbformat = pytest.importorskip("nbformat", reason="the notebook extra is not installed")

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = [path.stem for path in sorted(FOLDER.glob("*.py"))]
AT_ONCE = 2


def test_there_are_four() -> None:
    assert [name[:2] for name in NAMES] == ["01", "02", "03", "04"]
    assert [path.stem for path in sorted(FOLDER.glob("*.ipynb"))] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_both_files_say_the_same_and_none_has_output(name: str) -> None:
    text, notebook = jupytext.read(FOLDER / f"{name}.py"), nbformat.read(FOLDER / f"{name}.ipynb", 4)
    nbformat.validate(notebook)
    assert [(c.cell_type, c.source) for c in text.cells] == [(c.cell_type, c.source) for c in notebook.cells]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("name", NAMES)
def test_title_and_warning_are_in_both_languages(name: str) -> None:
    first = jupytext.read(FOLDER / f"{name}.py").cells[0].source
    assert "imulated" in first and "模拟" in first
    assert len([line for line in first.splitlines() if line.startswith("# ")]) == 2


async def executed(name: str, room: asyncio.Semaphore) -> Any:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    async with room:
        await client.async_execute()
    return notebook


async def all_executed() -> list[Any]:
    """The notebooks after a run, `AT_ONCE` kernels at a time."""
    room = asyncio.Semaphore(AT_ONCE)
    return await asyncio.gather(*(executed(name, room) for name in NAMES))


@pytest.mark.slow
def test_all_run_from_the_top_and_show_what_they_promise() -> None:
    # a loop of our own is closed at the end; the client's own would stay open, which is a warning
    done = dict(zip(NAMES, asyncio.run(all_executed()), strict=True))
    for name, notebook in done.items():
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        outputs = [output for cell in code for output in cell.outputs]
        assert all(cell.execution_count for cell in code), name
        assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"], name
        pages = [o["data"]["text/html"] for o in outputs if "text/html" in o.get("data", {})]
        assert sum("<table>" in page for page in pages) >= 4, name
        if name[:2] != "02":
            assert sum("<figure>" in page for page in pages) >= 1, name
            assert sum("<progress" in page for page in pages) >= 1, name
