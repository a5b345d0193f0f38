"""The study file as a whole: study.toml read into a frozen StudyPlan, with every mistake named at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from socialcap.errors import Problem, StudyError
from socialcap.plan.analysis import (
    HierarchicalPart,
    InferencePart,
    MediationPart,
    ModerationPart,
    ProfilePart,
    ValidityPart,
)
from socialcap.plan.claims import ClaimPart, ReferencePart
from socialcap.plan.parts import (
    BilingualText,
    DataPart,
    DerivedPart,
    ExcludePart,
    FactorsPart,
    Part,
    QualityPart,
    RegressionPart,
    ReportPart,
    StudyPart,
)
from socialcap.plan.robustness import RobustnessPart
from socialcap.settings import load_toml, settings_problem, tables_in

STUDY_FILE = "study.toml"


class StudyPlan(Part):
    """All that is asked of an analysis; relative paths start at the folder of the study file, `file`."""

    study: StudyPart
    data: DataPart
    scales: dict[str, BilingualText] = Field(default_factory=dict)
    derive: dict[str, DerivedPart] = Field(default_factory=dict)
    quality: QualityPart = QualityPart()
    exclude: tuple[ExcludePart, ...] = ()
    factors: FactorsPart | None = None
    validity: ValidityPart | None = None
    profile: ProfilePart = ProfilePart()
    regression: tuple[RegressionPart, ...] = ()
    hierarchical: tuple[HierarchicalPart, ...] = ()
    moderation: tuple[ModerationPart, ...] = ()
    mediation: tuple[MediationPart, ...] = ()
    inference: InferencePart = InferencePart()
    claim: tuple[ClaimPart, ...] = ()
    references: dict[str, ReferencePart] = Field(default_factory=dict)
    robustness: RobustnessPart | None = None
    report: ReportPart = ReportPart()
    file: Path = Field(default=Path(STUDY_FILE), exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and isinstance(raw.get("derive"), dict):
            derive = {k: {"expression": v} if isinstance(v, str) else v for k, v in raw["derive"].items()}
            return {**raw, "derive": derive}
        return raw

    @property
    def folder(self) -> Path:
        """The folder in which the study file lies."""
        return self.file.parent

    def path(self, name: str) -> Path:
        """A path named in the study file."""
        return self.folder / name


def read_study(path: str | Path) -> StudyPlan:
    """The plan that a study file (or the study.toml of a folder) states.

    Raises StudyError, listing every mistake: TOML syntax with its line, unknown keys with the nearest valid
    one, values of the wrong kind with what was expected.
    """
    path = Path(path)
    if path.is_dir():
        path = path / STUDY_FILE
    raw = load_toml(path, "study file", StudyError)
    try:
        plan = StudyPlan.model_validate(raw)
    except ValidationError as error:
        raise StudyError(
            f"the study file {path} has mistakes", [_problem(path.name, e) for e in error.errors()]
        ) from None
    return plan.model_copy(update={"file": path})


def _problem(file: str, fault: Any) -> Problem:
    location = list(fault["loc"])
    place = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return settings_problem(file, place, fault, _keys_at(location[:-1]))


def _keys_at(location: list[Any]) -> list[str]:
    """The keys that the table at a location of the study file may have."""
    table: type[BaseModel] = StudyPlan
    for part in location:
        if part in table.model_fields:
            table = next(tables_in(table.model_fields[part].annotation), table)
    return [name for name in table.model_fields if name != "file"]
