"""From a survey's items to social-capital dimensions."""

from socialcap.measurement.adequacy import adequacy
from socialcap.measurement.bootstrap import bootstrap_factor_analysis
from socialcap.measurement.composite import composite
from socialcap.measurement.correlation import correlation
from socialcap.measurement.factors import factor_analysis, name_by_scales
from socialcap.measurement.reliability import reliability
from socialcap.measurement.retention import n_factors

__all__ = [
    "adequacy",
    "bootstrap_factor_analysis",
    "composite",
    "correlation",
    "factor_analysis",
    "n_factors",
    "name_by_scales",
    "reliability",
]
