"""From a survey's items to social-capital dimensions."""

from socialcap.measurement.adequacy import adequacy
from socialcap.measurement.bootstrap import bootstrap_factor_analysis
from socialcap.measurement.composite import composite
from socialcap.measurement.confirmatory import confirmatory
from socialcap.measurement.correlation import correlation
from socialcap.measurement.factors import factor_analysis, name_by_scales
from socialcap.measurement.invariance import invariance
from socialcap.measurement.method_bias import common_method_bias
from socialcap.measurement.profile import profile
from socialcap.measurement.reliability import reliability
from socialcap.measurement.retention import n_factors
from socialcap.measurement.second_opinion import second_opinion
from socialcap.measurement.validity import validity

__all__ = [
    "adequacy",
    "bootstrap_factor_analysis",
    "common_method_bias",
    "composite",
    "confirmatory",
    "correlation",
    "factor_analysis",
    "invariance",
    "n_factors",
    "name_by_scales",
    "profile",
    "reliability",
    "second_opinion",
    "validity",
]
