"""The result of bootstrapping a factor solution."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from socialcap.kernels import FloatArray
from socialcap.results.measurement import FactorResult
from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows


@dataclass(frozen=True)
class FactorBootstrapResult(Result):
    """Bootstrap of a factor solution, replicates aligned to it.

    loadings (item, factor), phi (factor, with), communalities, variance (shares of the total) and eigenvalues
    have columns estimate, std_error, ci_low, ci_high; stability (p, k) is the share of replicates in which an
    item's largest loading is on each factor. `converged` of `replicates` had a solution, `heywood` of these
    with an item without unique variance. Limits are NaN in one case: the BCa interval of a statistic whose
    replicates all lie on one side of the estimate, as those of the smallest eigenvalues do. loading_draws
    (converged, p, k) and variance_draws (converged, k) are the aligned replicates themselves.
    """

    factors: FactorResult
    loadings: pd.DataFrame
    phi: pd.DataFrame
    communalities: pd.DataFrame
    variance: pd.DataFrame
    eigenvalues: pd.DataFrame
    stability: pd.DataFrame
    loading_draws: FloatArray
    variance_draws: FloatArray
    replicates: int
    converged: int
    heywood: int
    level: float
    interval: str

    def tables(self) -> list[Table]:
        return [self._loading_table(), self._stability_table()]

    def _loading_table(self) -> Table:
        names = self.factors.names
        columns = (
            Column("item", Text("Item", "题项"), align="left"),
            *(Column(name, self.factors.factor_label(name)) for name in names),
        )
        rows = []
        for item in self.factors.display_order():
            part = self.loadings.loc[item]
            rows.append([item, *part.loc[names, "estimate"]])
            rows.append(["", *(Formatted(error, "(.3f)") for error in part.loc[names, "std_error"])])
        note = Text(
            "Bootstrap standard errors in brackets; {good} of {all} resamples converged, aligned to the "
            "solution.",
            "括号内为自助标准误；{all} 次重抽样中 {good} 次收敛，并与原解对齐。",
        ).format(good=self.converged, all=self.replicates)
        title = Text("Loadings with bootstrap standard errors", "载荷及自助标准误")
        return Table("bootstrap_loadings", title, columns, table_rows(rows), (note,))

    def _stability_table(self) -> Table:
        names = self.factors.names
        columns = (
            Column("item", Text("Item", "题项"), align="left"),
            *(Column(name, self.factors.factor_label(name), ".1%") for name in names),
        )
        rows = [[item, *self.stability.loc[item, names]] for item in self.factors.display_order()]
        note = Text(
            "Share of resamples in which the item's largest loading is on the factor.",
            "题项最大载荷落在各因子上的重抽样比例。",
        )
        title = Text("Stability of the items' factors", "题项归属的稳定性")
        return Table("stability", title, columns, table_rows(rows), (note,))
