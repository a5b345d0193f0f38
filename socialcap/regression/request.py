"""A regression as it was asked for: formula, data, labels and the options of each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from socialcap.regression.formula import Equations
from socialcap.regression.sample import Sample, positive_weights
from socialcap.regression.terms import LevelLabels
from socialcap.results import Text


@dataclass(frozen=True)
class Request:
    """What an estimator reads: the formula taken apart, its sample, labels, and options (see `regress`).

    `second` is the selection equation of Heckman's model or the second equation of the bivariate probit.
    """

    equations: Equations
    sample: Sample
    labels: Mapping[str, Text]
    level_labels: LevelLabels
    cov: str
    second: Equations | None = None
    method: str = ""
    lower: float | None = None
    upper: float | None = None
    base: str | None = None
    slopes: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """The formula as written."""
        return self.equations.text

    @property
    def data(self) -> pd.DataFrame:
        """The complete rows."""
        return self.sample.data

    def weights(self) -> pd.Series | None:
        """The weights, scaled to a mean of one."""
        found = positive_weights(self.sample)
        return None if found is None else pd.Series(found, index=self.data.index)
