"""Regressions that relate social capital to access to finance."""

from socialcap.regression.blocks import hierarchical
from socialcap.regression.effects import margins, predict
from socialcap.regression.models import regress

__all__ = ["hierarchical", "margins", "predict", "regress"]
