"""From a raw questionnaire survey of firms in a cluster to findings on social capital and finance.

The names below are loaded when they are first used, so that importing the package is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "read_codebook": "socialcap.codebook",
    "write_codebook": "socialcap.codebook",
    "read_survey": "socialcap.survey",
    "inspect": "socialcap.survey.inspect",
    "draft_codebook": "socialcap.survey",
    "correlation": "socialcap.measurement",
    "adequacy": "socialcap.measurement",
    "n_factors": "socialcap.measurement",
    "factor_analysis": "socialcap.measurement",
    "bootstrap_factor_analysis": "socialcap.measurement",
    "reliability": "socialcap.measurement",
    "composite": "socialcap.measurement",
    "confirmatory": "socialcap.measurement",
    "invariance": "socialcap.measurement",
    "validity": "socialcap.measurement",
    "common_method_bias": "socialcap.measurement",
    "regress": "socialcap.regression",
    "read_population": "socialcap.simulation",
    "simulate": "socialcap.simulation",
    "read_study": "socialcap.plan",
    "check": "socialcap.study",
    "run": "socialcap.study",
    "write_report": "socialcap.report",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from socialcap.codebook import read_codebook, write_codebook
    from socialcap.measurement import (
        adequacy,
        bootstrap_factor_analysis,
        common_method_bias,
        composite,
        confirmatory,
        correlation,
        factor_analysis,
        invariance,
        n_factors,
        reliability,
        validity,
    )
    from socialcap.plan import read_study
    from socialcap.regression import regress
    from socialcap.report import write_report
    from socialcap.simulation import read_population, simulate
    from socialcap.study import check, run
    from socialcap.survey import draft_codebook, read_survey
    from socialcap.survey.inspect import inspect


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'socialcap' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
