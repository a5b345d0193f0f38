"""What a replication package says of itself: README, availability of data, licence to be chosen, run.sh."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from shlex import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from socialcap.codebook import Item, ItemType, Role
from socialcap.plan import RegressionPart, StudyPlan
from socialcap.report import study_document
from socialcap.results import StudyResult
from socialcap.study.environment import NAME
from socialcap.study.shipping import DataFile

_TEMPLATES = Path(__file__).with_name("templates") / "package"


@dataclass(frozen=True)
class Contents:
    """What the pages speak of; `libraries` are names and versions, `seconds` is how long the run took."""

    plan: StudyPlan
    result: StudyResult
    files: Sequence[DataFile]
    libraries: Sequence[tuple[str, str]]
    wheel: str
    seconds: float

    @property
    def absent(self) -> list[DataFile]:
        """Data files that did not go along."""
        return [file for file in self.files if file.content is None]


def pages(contents: Contents) -> dict[str, bytes]:
    """README.md, LICENSE-DATA.md, run.sh and, where data stay out, data/AVAILABILITY.md."""
    names = ["README.md", "LICENSE-DATA.md", "run.sh"]
    wanted = {name: name for name in names} | (
        {"AVAILABILITY.md": "data/AVAILABILITY.md"} if contents.absent else {}
    )
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown and shell, whose marks the filters below take care of
    )
    templates.filters |= {"shell": quote, "cell": _cell}
    values = _values(contents)
    return {
        place: templates.get_template(f"{name}.j2").render(values).encode() for name, place in wanted.items()
    }


def _values(contents: Contents) -> dict[str, object]:
    """What the templates fill in."""
    plan, result = contents.plan, contents.result
    document = study_document(result)
    numbers = document.numbers()
    return {
        "title": result.title("en"),
        "title_zh": result.title("zh"),
        "note": result.note("en"),
        "files": [(file, sha256(file.content or b"").hexdigest()) for file in contents.files],
        "absent": contents.absent,
        "texts": [name for item in result.survey.codebook for name in _free_texts(item, result)],
        "registered": result.registration is not None,
        "python": platform.python_version(),
        "version": version(NAME),
        "system": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "duration": _duration(contents.seconds),
        "seed": plan.study.seed,
        "wheel": contents.wheel,
        "libraries": contents.libraries,
        "formats": plan.report.formats,
        "tables": [(numbers[table.key], table) for table in document.tables],
        "figures": [(numbers[figure.key], figure) for figure in document.figures],
        "regressions": [call for part in plan.regression if (call := _call(part))],
    }


def _free_texts(item: Item, result: StudyResult) -> list[str]:
    """The variables of an item in which respondents' own words go along: itself, or text behind an answer."""
    if item.personal or item.role is Role.ID:
        return []
    names = [item.name] if item.type is ItemType.TEXT else [f"{item.name}_text"]
    return [name for name in names if name in result.survey.cleaned]


def _duration(seconds: float) -> str:
    """How long a run took, as a reader plans with it."""
    return f"{max(1, round(seconds))} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"


def _call(part: RegressionPart) -> str:
    """The regression as a call on the cleaned data; "" where it takes more than formula, model and covariance."""
    said = {"formula", "model", "cov"}
    silent = {"name", "label", "margins", "diagnostics"}
    if set(part.model_dump(exclude_defaults=True)) - said - silent:
        return ""
    cov = f", cov={part.cov!r}" if part.cov else ""
    return f"sc.regress({part.formula!r}, data, model={part.model!r}{cov})"


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table, in which a bar would end the cell."""
    return " ".join(str(text).split()).replace("|", "\\|")
