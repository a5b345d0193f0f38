"""A bar that shows how far long work has come: in a notebook under its cell, in a terminal on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar
    from rich.progress import TaskID

_EVERY = 0.1
"""Seconds between two drawings: a browser gains nothing from more."""


class Progress(Protocol):
    """What long work calls: with the step that begins, or with how many of how many parts are done."""

    def __call__(self, done: int | str, total: int | None = None, /) -> None: ...


@contextmanager
def progress_bar(what: str = "", *, silent: bool = False) -> Iterator[Progress]:
    """A `progress` argument for every function that takes one, shown as a bar while the block runs.

    what    words before the bar, until a step has a name of its own
    silent  show nothing, as where neither a notebook nor a terminal is there to show it
    """
    if silent or not (_in_notebook() or sys.stderr.isatty()):
        yield _say_nothing
    elif _in_notebook():
        yield from _in_cell(what)
    else:
        yield from _in_terminal(what)


def _say_nothing(done: int | str, total: int | None = None, /) -> None:
    return


def _in_notebook() -> bool:
    """Whether this runs in a notebook's kernel: IPython is loaded there already, and has a kernel."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and hasattr(running, "kernel")


def _in_cell(what: str) -> Iterator[Progress]:
    """A bar in the output of the cell, redrawn in its place."""
    page: Any = import_module("IPython.display")  # has no types
    shown = page.display(page.HTML(_bar(what, None, None)), display_id=True)
    began = drawn = monotonic()
    last = what

    def report(done: int | str, total: int | None = None, /) -> None:
        nonlocal drawn, last
        if isinstance(done, str):
            last, done, total = done, 0, None
        if monotonic() - drawn >= _EVERY:
            drawn = monotonic()
            shown.update(page.HTML(_bar(last, done, total)))

    try:
        yield report
    except BaseException:
        shown.update(page.HTML(_bar(last, None, None, " – stopped")))
        raise
    shown.update(page.HTML(_bar(what or last, 1, 1, f" – {monotonic() - began:.1f} s")))


def _bar(what: str, done: int | None, total: int | None, ending: str = "") -> str:
    """The bar as HTML; without a total it moves but shows no share."""
    place = "" if total is None else f' value="{done}" max="{total}"'
    counted = f" {done} / {total}" if total is not None and not ending else ""
    words = escape(what + counted + ending)
    return f'<progress aria-label="{escape(what)}"{place} style="vertical-align:middle"></progress> {words}'


def _in_terminal(what: str) -> Iterator[Progress]:
    """A bar on standard error, gone when the block ends."""
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichBar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with RichBar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield _told(bar, task)


def _told(bar: RichBar, task: TaskID) -> Progress:
    """Reports, handed on to a bar of rich."""

    def report(done: int | str, total: int | None = None, /) -> None:
        if isinstance(done, str):
            bar.update(task, description=done, completed=0, total=None)
        else:
            bar.update(task, completed=done, total=total)

    return report
