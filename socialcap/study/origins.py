"""Where a study's numbers come from, so that a referee can repeat the run."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

from socialcap import __version__
from socialcap.plan import StudyPlan
from socialcap.results import Provenance
from socialcap.survey import Survey

_LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "formulaic")


def provenance(plan: StudyPlan, survey: Survey) -> Provenance:
    """Command, seed, hashes of the inputs, and versions."""
    inputs = [(Path(file.path).name, file.sha256) for file in survey.files]
    inputs += [(path.name, _digest(path)) for path in _study_files(plan)]
    versions = [("socialcap", __version__), ("Python", platform.python_version())]
    versions += [(library, version(library)) for library in _LIBRARIES]
    return Provenance(
        command=f"socialcap report {plan.folder.as_posix()} --seed {plan.study.seed}",
        seed=plan.study.seed,
        inputs=tuple(inputs),
        versions=tuple(versions),
    )


def _study_files(plan: StudyPlan) -> list[Path]:
    """The study file, the codebook's files, and the published solutions that claims are held against."""
    book = plan.path(plan.data.codebook)
    parts = sorted(book.glob("*.csv")) if book.is_dir() else [book]
    return [plan.file, *parts, *(plan.path(part.file) for part in plan.references.values() if part.file)]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
