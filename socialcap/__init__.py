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
    "describe_missing": "socialcap.survey",
    "impute": "socialcap.survey",
    "correlation": "socialcap.measurement",
    "adequacy": "socialcap.measurement",
    "n_factors": "socialcap.measurement",
    "profile": "socialcap.measurement",
    "factor_analysis": "socialcap.measurement",
    "bootstrap_factor_analysis": "socialcap.measurement",
    "reliability": "socialcap.measurement",
    "second_opinion": "socialcap.measurement",
    "composite": "socialcap.measurement",
    "confirmatory": "socialcap.measurement",
    "invariance": "socialcap.measurement",
    "validity": "socialcap.measurement",
    "common_method_bias": "socialcap.measurement",
    "regress": "socialcap.regression",
    "margins": "socialcap.regression",
    "predict": "socialcap.regression",
    "hierarchical": "socialcap.regression",
    "diagnostics": "socialcap.regression.diagnostics",
    "mediation": "socialcap.regression.mediation",
    "moderation": "socialcap.regression.moderation",
    "sensitivity": "socialcap.regression.sensitivity",
    "multiple_testing": "socialcap.regression.multiple_testing",
    "pipeline": "socialcap.inference",
    "croon_regression": "socialcap.inference",
    "latent_regression": "socialcap.inference",
    "judge": "socialcap.claims",
    "specification_curve": "socialcap.inference",
    "read_population": "socialcap.simulation",
    "simulate": "socialcap.simulation",
    "read_study": "socialcap.plan",
    "check": "socialcap.study",
    "run": "socialcap.study",
    "freeze": "socialcap.study",
    "compare": "socialcap.study",
    "write_report": "socialcap.report",
    "prepare": "socialcap.study.preparing",
    "figures": "socialcap.report.figures.gallery",
    "progress_bar": "socialcap.progress",
    "write_notebook": "socialcap.study.notebook",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from socialcap.claims import judge
    from socialcap.codebook import read_codebook, write_codebook
    from socialcap.inference import croon_regression, latent_regression, pipeline, specification_curve
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
        profile,
        reliability,
        second_opinion,
        validity,
    )
    from socialcap.plan import read_study
    from socialcap.progress import progress_bar
    from socialcap.regression import hierarchical, margins, predict, regress
    from socialcap.regression.diagnostics import diagnostics
    from socialcap.regression.mediation import mediation
    from socialcap.regression.moderation import moderation
    from socialcap.regression.multiple_testing import multiple_testing
    from socialcap.regression.sensitivity import sensitivity
    from socialcap.report import write_report
    from socialcap.report.figures.gallery import figures
    from socialcap.simulation import read_population, simulate
    from socialcap.study import check, compare, freeze, run
    from socialcap.study.notebook import write_notebook
    from socialcap.study.preparing import prepare
    from socialcap.survey import describe_missing, draft_codebook, impute, read_survey
    from socialcap.survey.inspect import inspect


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'socialcap' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
