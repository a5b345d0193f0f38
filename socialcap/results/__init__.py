"""What came out: frozen, labelled records that select and format, and compute nothing heavy."""

from socialcap.results.bootstrap import FactorBootstrapResult
from socialcap.results.confirmatory import ConfirmatoryResult
from socialcap.results.diagnostics import (
    BinaryDiagnosticsResult,
    DiagnosticsResult,
    LinearDiagnosticsResult,
    OrderedDiagnosticsResult,
)
from socialcap.results.effects import HierarchicalResult, MarginsResult, PredictionResult
from socialcap.results.inference import LatentRegressionResult, PipelineResult
from socialcap.results.invariance import InvarianceResult
from socialcap.results.measurement import (
    AdequacyResult,
    Caution,
    CompositeResult,
    CorrelationResult,
    FactorResult,
)
from socialcap.results.mediation import MediationResult
from socialcap.results.method_bias import MethodBiasResult
from socialcap.results.moderation import ModerationResult
from socialcap.results.multiple_testing import MultipleTestingResult
from socialcap.results.problems import problem_table
from socialcap.results.profile import ProfileResult
from socialcap.results.regression import RegressionResult, Term, regression_table
from socialcap.results.reliability import ReliabilityResult
from socialcap.results.retention import NFactorsResult, Rule
from socialcap.results.second_opinion import Opinion, SecondOpinionResult
from socialcap.results.sensitivity import SensitivityResult
from socialcap.results.specifications import SpecificationCurveResult
from socialcap.results.study import MeasurementResult, Provenance, StudyResult
from socialcap.results.table import (
    LANGUAGES,
    STARS_NOTE,
    Align,
    Column,
    Formatted,
    Lang,
    Result,
    Starred,
    Table,
    Text,
    format_value,
    table_rows,
)
from socialcap.results.validity import ValidityResult

__all__ = [
    "LANGUAGES",
    "STARS_NOTE",
    "AdequacyResult",
    "Align",
    "BinaryDiagnosticsResult",
    "Caution",
    "Column",
    "CompositeResult",
    "ConfirmatoryResult",
    "CorrelationResult",
    "DiagnosticsResult",
    "FactorBootstrapResult",
    "FactorResult",
    "Formatted",
    "HierarchicalResult",
    "InvarianceResult",
    "Lang",
    "LatentRegressionResult",
    "LinearDiagnosticsResult",
    "MarginsResult",
    "MeasurementResult",
    "MediationResult",
    "MethodBiasResult",
    "ModerationResult",
    "MultipleTestingResult",
    "NFactorsResult",
    "Opinion",
    "OrderedDiagnosticsResult",
    "PipelineResult",
    "PredictionResult",
    "ProfileResult",
    "Provenance",
    "RegressionResult",
    "ReliabilityResult",
    "Result",
    "Rule",
    "SecondOpinionResult",
    "SensitivityResult",
    "SpecificationCurveResult",
    "Starred",
    "StudyResult",
    "Table",
    "Term",
    "Text",
    "ValidityResult",
    "format_value",
    "problem_table",
    "regression_table",
    "table_rows",
]
