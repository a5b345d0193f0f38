"""Regressions that relate social capital to access to finance."""

from socialcap.regression.models import regress

__all__ = ["regress"]
