"""What is there to work with: versions against their bounds, extras, fonts, programs, threads, a known number."""

from __future__ import annotations

import math
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from threadpoolctl import threadpool_info

from socialcap.errors import SocialcapError
from socialcap.results import Column, Result, Table, Text
from socialcap.results.table import table_rows
from socialcap.study.environment import own_distribution, own_requirements

State = Literal["ok", "absent", "broken"]

# Known in closed form, so that what is left is the rounding of some sums, and of a search for the tetrachoric.
_ROUNDING, _SEARCH = 1e-12, 1e-6

_STATES = {"ok": Text("ok", "正常"), "absent": Text("absent", "缺少"), "broken": Text("BROKEN", "有问题")}
_EVERY_RUN = Text("every run", "所有运行")
_EXTRAS = {
    "pdf": Text("reports as PDF", "PDF 报告"),
    "xlsform": Text("codebooks from XLSForms", "由 XLSForm 读取编码簿"),
    "notebook": Text("notebooks of a study", "研究笔记本"),
    "distributed": Text("runs over several machines", "多机运行"),
}
_PROGRAMS = {
    "chromium": Text("the tests: the report in a browser", "测试：浏览器中的报告"),
    "Rscript": Text("you and the tests: the analysis repeated in R", "用户与测试：在 R 中复核"),
    "pspp": Text("you and the tests: the analysis repeated in PSPP", "用户与测试：在 PSPP 中复核"),
    "xelatex": Text("you and the tests: LaTeX reports turned into PDF", "用户与测试：编译 LaTeX 报告"),
    "libreoffice": Text("the tests: Word and Excel files opened", "测试：打开 Word 与 Excel 文件"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, what is expected, and what it is used for.

    `required` things are used by every run; where one is broken, nothing that socialcap says is to be trusted.
    """

    name: Text
    state: State
    found: str
    expected: str
    used_for: Text
    required: bool = False


@dataclass(frozen=True)
class DoctorResult(Result):
    """What was found of the environment."""

    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Finding, ...]:
        """What every run needs and is not in order."""
        return tuple(one for one in self.findings if one.required and one.state != "ok")

    def tables(self) -> list[Table]:
        columns = (
            Column("what", Text("What", "项目"), align="left"),
            Column("state", Text("State", "状态"), align="left"),
            Column("found", Text("Found", "实际"), align="left"),
            Column("expected", Text("Expected", "要求"), align="left"),
            Column("used_for", Text("Used for", "用途"), align="left"),
        )
        rows = [
            (one.name, _STATES[one.state], one.found, one.expected, one.used_for) for one in self.findings
        ]
        note = Text(
            "What is absent is missed by the features named beside it, and by nothing else.",
            "缺少的项目只影响其后所列的功能。",
        )
        amiss = frozenset(
            (at, 1) for at, one in enumerate(self.findings) if one.state == "broken" or one in self.broken
        )
        title = Text("The environment", "运行环境")
        return [Table("doctor", title, columns, table_rows(rows), (note,), emphasis=amiss)]


def examine(reports: Path = Path("reports")) -> DoctorResult:
    """What this installation can do; `reports` is the folder that outputs go to.

    Raises OutputError where socialcap is not installed, so that its bounds are not known.
    """
    return DoctorResult(
        (
            _python(),
            *(_library(one, _EVERY_RUN, required=True) for one in own_requirements()),
            *_known_numbers(),
            _chinese_font(),
            _writable(reports),
            *_threads(),
            *_extras(),
            *_programs(),
        )
    )


def _python() -> Finding:
    bounds = ", ".join(own_distribution().metadata.get_all("Requires-Python") or [])
    running = platform.python_version()
    fits = SpecifierSet(bounds).contains(running, prereleases=True)
    return Finding(Text("Python"), "ok" if fits else "broken", running, bounds, _EVERY_RUN, required=True)


def _library(wanted: Requirement, use: Text, required: bool = False) -> Finding:
    """A library against its bounds; one that is outside them is broken, extra or not."""
    bounds = str(wanted.specifier)
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return Finding(Text(wanted.name), "absent", "–", bounds, use, required)
    fits = wanted.specifier.contains(found, prereleases=True)
    return Finding(Text(wanted.name), "ok" if fits else "broken", found, bounds, use, required)


def _extras() -> Iterator[Finding]:
    """The libraries of each extra that a user may want, and what a notebook runs on."""
    offered = own_distribution().metadata.get_all("Provides-Extra") or []
    for extra, use in _EXTRAS.items():
        if extra in offered:
            for wanted in own_requirements(extra):
                yield _library(
                    wanted, Text("{use} [{extra}]", "{use} [{extra}]").format(use=use, extra=extra)
                )
    if "notebook" in offered:
        there = find_spec("ipykernel") is not None
        found = version("ipykernel") if there else "–"
        name = Text("Jupyter kernel", "Jupyter 内核")
        yield Finding(name, "ok" if there else "absent", found, "ipykernel", _EXTRAS["notebook"])


def _chinese_font() -> Finding:
    """Whether the figures' font has Chinese."""
    # loads matplotlib, which the other findings do not need
    from matplotlib.font_manager import FontProperties, findfont, get_font

    from socialcap.report.figures.fonts import chinese_font

    name, use = Text("Chinese font", "中文字体"), Text("figures and PDF in Chinese", "中文图形与 PDF")
    try:
        family = chinese_font()
        path = findfont(FontProperties(family=family), fallback_to_default=False)
        glyphs = get_font(path).get_charmap()
    except (ImportError, OSError, ValueError) as error:
        return Finding(name, "broken", str(error), "汨罗", use, required=True)
    lacking = [sign for sign in "汨罗社会资本" if ord(sign) not in glyphs]
    state: State = "broken" if lacking else "ok"
    return Finding(name, state, family, "汨罗", use, required=True)


def _writable(reports: Path) -> Finding:
    """Whether a file can be made in the reports' folder, or in the nearest folder above that exists."""
    name, use = Text("Write permission", "写入权限"), Text("outputs without -o", "默认输出")
    absolute = reports.absolute()
    folder = next(one for one in (absolute, *absolute.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding(name, "ok", str(reports), "", use)
    except OSError as error:
        return Finding(name, "broken", f"{reports}: {error.strerror}", "", use)


def _threads() -> Iterator[Finding]:
    """The libraries for linear algebra, and how many threads each would take."""
    import scipy.linalg  # noqa: F401  # the libraries are known once they are loaded

    use = Text("speed; models run on one thread, replicates side by side", "速度；模型单线程，重复样本并行")
    for one in threadpool_info():
        if one["user_api"] == "blas":
            threads = f"{one['internal_api']} {one['version']}: {one['num_threads']} / {os.cpu_count()}"
            yield Finding(Text("BLAS threads", "BLAS 线程"), "ok", threads, "", use)


def _programs() -> Iterator[Finding]:
    """Other programs: no feature of socialcap needs them."""
    for program, use in _PROGRAMS.items():
        found = shutil.which(program)
        yield Finding(Text(program), "ok" if found else "absent", found or "–", "", use)


def _known_numbers() -> Iterator[Finding]:
    """Numbers known in closed form, computed by the kernels as they are installed."""
    import numpy as np

    from socialcap.kernels.adequacy import kmo
    from socialcap.kernels.polychoric import polychoric

    # Three items that all correlate .5 have partial correlations of 1/3: KMO = .25 / (.25 + 1/9) = 9/13.
    equal = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    # Of median splits, r = sin(2 pi (p11 - 1/4)) (Sheppard 1899): p11 = 1/3 gives .5.
    halves = np.array([[0, 0], [0, 0], [0, 1], [1, 0], [1, 1], [1, 1]])
    known: tuple[tuple[str, Callable[[], float], float, float], ...] = (
        ("KMO", lambda: float(kmo(equal).overall), 9 / 13, _ROUNDING),
        ("tetrachoric r", lambda: float(polychoric(halves, (2, 2)).corr[0, 1]), 0.5, _SEARCH),
    )
    for name, compute, expected, tolerance in known:
        label = Text(f"Self-check: {name}", f"自检：{name}")
        try:
            found = compute()
        except (SocialcapError, ArithmeticError, ValueError) as error:
            yield Finding(label, "broken", str(error), repr(expected), _EVERY_RUN, required=True)
            continue
        right = math.isclose(found, expected, rel_tol=0, abs_tol=tolerance)
        yield Finding(label, "ok" if right else "broken", repr(found), repr(expected), _EVERY_RUN, True)
