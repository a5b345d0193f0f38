"""What is asked of an analysis: the tables of study.toml, and the file as a whole."""

from socialcap.plan.parts import (
    BilingualText,
    DataPart,
    DerivedPart,
    ExcludePart,
    FactorsPart,
    FlagName,
    Format,
    Missing,
    Names,
    Part,
    Platform,
    QualityPart,
    RegressionPart,
    ReportPart,
    StudyPart,
    Style,
)
from socialcap.plan.study import STUDY_FILE, StudyPlan, read_study

__all__ = [
    "STUDY_FILE",
    "BilingualText",
    "DataPart",
    "DerivedPart",
    "ExcludePart",
    "FactorsPart",
    "FlagName",
    "Format",
    "Missing",
    "Names",
    "Part",
    "Platform",
    "QualityPart",
    "RegressionPart",
    "ReportPart",
    "StudyPart",
    "StudyPlan",
    "Style",
    "read_study",
]
