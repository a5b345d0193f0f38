"""What came out: frozen, labelled records that select and format, and compute nothing heavy."""

from socialcap.results.bootstrap import FactorBootstrapResult
from socialcap.results.measurement import AdequacyResult, CompositeResult, CorrelationResult, FactorResult
from socialcap.results.regression import RegressionResult, Term, regression_table
from socialcap.results.reliability import ReliabilityResult
from socialcap.results.retention import NFactorsResult, Rule
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

__all__ = [
    "LANGUAGES",
    "STARS_NOTE",
    "AdequacyResult",
    "Align",
    "Column",
    "CompositeResult",
    "CorrelationResult",
    "FactorBootstrapResult",
    "FactorResult",
    "Formatted",
    "Lang",
    "MeasurementResult",
    "NFactorsResult",
    "Provenance",
    "RegressionResult",
    "ReliabilityResult",
    "Result",
    "Rule",
    "Starred",
    "StudyResult",
    "Table",
    "Term",
    "Text",
    "format_value",
    "regression_table",
    "table_rows",
]
