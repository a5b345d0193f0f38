"""The result of asking for the number of factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from socialcap.results.measurement import CorrelationResult
from socialcap.results.table import Column, Result, Table, Text, table_rows


class Rule(StrEnum):
    """A rule for the number of factors."""

    PARALLEL_COMPONENTS = "parallel_components"
    PARALLEL_FACTORS = "parallel_factors"
    PARALLEL_FACTORS_PSYCH = "parallel_factors_psych"
    MAP = "map"
    MAP_2000 = "map_2000"
    EKC = "ekc"
    HULL = "hull"
    COMPARISON_DATA = "comparison_data"
    KAISER = "kaiser"
    VSS_1 = "vss_1"
    VSS_2 = "vss_2"
    BIC = "bic"
    SABIC = "sabic"

    @property
    def label(self) -> Text:
        """The rule in words."""
        return _LABELS[self]


VOTERS = (Rule.PARALLEL_COMPONENTS, Rule.MAP_2000, Rule.EKC, Rule.HULL, Rule.COMPARISON_DATA)
"""The rules that vote on the recommended number of factors."""

_LABELS = {
    Rule.PARALLEL_COMPONENTS: Text("Parallel analysis, components", "平行分析（主成分）"),
    Rule.PARALLEL_FACTORS: Text(
        "Parallel analysis, factors (squared multiple correlations)", "平行分析（因子，SMC）"
    ),
    Rule.PARALLEL_FACTORS_PSYCH: Text(
        "Parallel analysis, factors (one-factor communalities)", "平行分析（因子，单因子共同度）"
    ),
    Rule.MAP: Text("Minimum average partial (1976)", "最小平均偏相关（1976）"),
    Rule.MAP_2000: Text("Minimum average partial (2000)", "最小平均偏相关（2000）"),
    Rule.EKC: Text("Empirical Kaiser criterion", "经验 Kaiser 准则"),
    Rule.HULL: Text("Hull method (CFI)", "Hull 法（CFI）"),
    Rule.COMPARISON_DATA: Text("Comparison data", "比较数据法"),
    Rule.KAISER: Text("Eigenvalues above one (Kaiser)", "特征值大于 1（Kaiser）"),
    Rule.VSS_1: Text("Very simple structure, one loading", "极简结构（复杂度 1）"),
    Rule.VSS_2: Text("Very simple structure, two loadings", "极简结构（复杂度 2）"),
    Rule.BIC: Text("BIC", "BIC"),
    Rule.SABIC: Text("Sample-size adjusted BIC", "样本量校正 BIC"),
}


@dataclass(frozen=True)
class NFactorsResult(Result):
    """How many factors each rule names (`numbers`), and the number `recommended` by the rules in `rule`.

    eigenvalues (p,) of the correlation matrix, reduced_eigenvalues (p,) of the one with squared multiple
    correlations in its diagonal; references (p, ...): what parallel analysis and the empirical Kaiser
    criterion hold them against. A rule that names no number (a hull without bend) is absent.
    """

    eigenvalues: pd.Series
    reduced_eigenvalues: pd.Series
    references: pd.DataFrame
    numbers: Mapping[str, int]
    recommended: int
    rule: tuple[str, ...]
    n_obs: int
    n_sets: int
    percentile: float | None
    correlation: CorrelationResult

    def __getattr__(self, name: str) -> int:
        """The number that one rule names: `.kaiser`, `.parallel_components`, `.map`, `.ekc`, `.hull`, ..."""
        numbers: Mapping[str, int] = self.__dict__.get("numbers", {})
        if name in numbers:
            return numbers[name]
        raise AttributeError(f"{type(self).__name__} has no rule or attribute {name!r}")

    @property
    def table(self) -> pd.DataFrame:
        """Rules and the numbers they name."""
        return pd.DataFrame({"n_factors": pd.Series(dict(self.numbers))})

    def tables(self) -> list[Table]:
        columns = (
            Column("rule", Text("Rule", "准则"), align="left"),
            Column("n_factors", Text("Factors", "因子数"), "d"),
        )
        rows: list[list[Any]] = [[Rule(key).label, number] for key, number in self.numbers.items()]
        chosen = [Rule(key).label for key in self.rule]
        words = Text("; ".join(rule.en for rule in chosen), "；".join(rule.zh for rule in chosen))
        recommended = Text(
            "Recommended: {k}, the number that most of the voting rules name ({rules}).",
            "建议提取 {k} 个因子：参与表决的准则中得票最多（{rules}）。",
        ).format(k=self.recommended, rules=words)
        against = (
            Text("the mean", "均值")
            if self.percentile is None
            else Text("the {q:g}th percentile", "第 {q:g} 百分位").format(q=self.percentile)
        )
        sets = Text(
            "Parallel analysis: against {against} of {n} random sets.",
            "平行分析：与 {n} 组随机数据的{against}比较。",
        ).format(against=against, n=self.n_sets)
        title = Text("Number of factors", "因子数目的确定")
        emphasis = frozenset((i, 1) for i, row in enumerate(rows) if row[1] == self.recommended)
        return [Table("n_factors", title, columns, table_rows(rows), (recommended, sets), emphasis)]
