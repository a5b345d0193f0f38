"""The result of testing a family of claims together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.rows import records
from socialcap.results.table import Column, Result, Table, Text, table_rows


@dataclass(frozen=True)
class MultipleTestingResult(Result):
    """P-values of a family of claims, as they are and adjusted.

    table: by claim model, outcome, coefficient, estimate, std_error, p_value, and adjusted
        benjamini_hochberg (false discovery rate), holm and romano_wolf (familywise error), with the statistic
        that the last rests on. `solved` of `replicates` resamples had estimates of every claim;
        `given_draws`: whether they were made elsewhere; `terms`: the coefficients' labels in the order of the
    table.
    """

    table: pd.DataFrame
    replicates: int
    solved: int
    n_clusters: int | None
    given_draws: bool
    seed: int
    alpha: float
    terms: tuple[Text, ...]
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    def rejected(self, method: str = "romano_wolf") -> pd.DataFrame:
        """The claims whose p-value adjusted by `method` (a column of the table) is at most alpha."""
        return self.table[self.table[method] <= self.alpha]

    def tables(self) -> list[Table]:
        columns = (
            Column("model", Text("Model", "模型"), align="left"),
            Column("outcome", Text("Outcome", "因变量"), align="left"),
            Column("coefficient", Text("Coefficient", "系数"), align="left"),
            Column("estimate", Text("b", "b")),
            Column("std_error", Text("Std. error", "标准误")),
            Column("p_value", Text("p", "p"), "p"),
            Column("benjamini_hochberg", Text("p, Benjamini-Hochberg", "p（Benjamini-Hochberg）"), "p"),
            Column("holm", Text("p, Holm", "p（Holm）"), "p"),
            Column("romano_wolf", Text("p, Romano-Wolf", "p（Romano-Wolf）"), "p"),
        )
        rows = [
            [r.model, label_of(self.labels, r.outcome), term, r.estimate, r.std_error, r.p_value,
             r.benjamini_hochberg, r.holm, r.romano_wolf]
            for r, term in zip(records(self.table), self.terms, strict=True)
        ]  # fmt: skip
        title = Text("A family of {count} claims", "{count} 项假设的联合检验").format(count=len(self.table))
        return [Table("multiple_testing", title, columns, table_rows(rows), (self._methods(), self._draws()))]

    def _methods(self) -> Text:
        return Text(
            "Benjamini-Hochberg: the share of false claims among those accepted; Holm and Romano-Wolf: the "
            "chance of a single false claim.",
            "Benjamini-Hochberg 控制错误发现率；Holm 与 Romano-Wolf 控制族错误率。",
        )

    def _draws(self) -> Text:
        if self.given_draws:
            return Text(
                "Romano-Wolf: step-down over {solved} given bootstrap draws, divided by the models' errors.",
                "Romano-Wolf：逐步法，基于给定的 {solved} 次自助抽样，以模型标准误标准化。",
            ).format(solved=self.solved)
        units = (
            Text("rows", "行")
            if self.n_clusters is None
            else Text(f"{self.n_clusters} whole clusters", f"整群（{self.n_clusters} 个）")
        )
        return Text(
            "Romano-Wolf: step-down over {solved} of {all} resamples of {units}, the same for all models, "
            "each "
            "studentised by its own standard error; seed {seed}.",
            "Romano-Wolf：逐步法，对{units}重抽样 {all} 次（{solved} 次可估计），各模型共用，"
            "以各次自身标准误标准化；"
            "种子 {seed}。",
        ).format(solved=self.solved, all=self.replicates, units=units, seed=self.seed)
