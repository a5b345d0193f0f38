"""Marginal effects, predictions and blocks of regressors, as they are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from socialcap.results.naming import named_tables
from socialcap.results.table import STARS_NOTE, Column, Result, Starred, Table, Text, table_rows

_NUMBERS = (
    Column("std_error", Text("Std. error", "标准误")),
    Column("statistic", Text("z or t", "z 或 t"), ".2f"),
    Column("p_value", Text("p", "p"), "p"),
    Column("ci_low", Text("95% CI, low", "95% 置信下限")),
    Column("ci_high", Text("95% CI, high", "95% 置信上限")),
)


@dataclass(frozen=True)
class MarginsResult(Result):
    """Marginal effects of one model on its expected outcomes.

    `effects` has a row per variable, contrast, point and outcome: variable, contrast ("dy/dx", or the two
    values compared), `at` (where), outcome (the category, or the outcome's name), estimate, std_error,
    statistic, p_value, ci_low, ci_high (95%), df. `vcov` is their joint covariance by the delta method.
    """

    name: str
    effects: pd.DataFrame
    vcov: pd.DataFrame
    at: Text
    labels: tuple[Text, ...]
    label: Text
    notes: tuple[Text, ...]

    def tables(self) -> list[Table]:
        optional = [c for c in ("at", "outcome") if self.effects[c].nunique() > 1]
        headings = {"at": Text("At", "取值点"), "outcome": Text("Outcome", "结果类别")}
        columns = (
            Column("variable", Text("Variable", "变量"), align="left"),
            Column("contrast", Text("Change", "变化"), align="left"),
            *(Column(name, headings[name], align="left") for name in optional),
            Column("estimate", Text("Effect", "效应")),
            *_NUMBERS,
        )
        rows = [
            [label, *_cells(row, ["contrast", *optional])]
            for label, (_, row) in zip(self.labels, self.effects.iterrows(), strict=True)
        ]
        title = Text("Marginal effects: {label}", "边际效应：{label}").format(label=self.label or self.name)
        return [Table(f"margins_{self.name}", title, columns, table_rows(rows), (*self.notes, STARS_NOTE))]


@dataclass(frozen=True)
class PredictionResult(Result):
    """Expected outcomes of one model, averaged over its rows at given values: a curve when they vary.

    `predictions` has a row per point and outcome: a column for each variable set, outcome, estimate,
    std_error, statistic, p_value, ci_low, ci_high (95%), df. `vcov`: their joint covariance.
    """

    name: str
    predictions: pd.DataFrame
    vcov: pd.DataFrame
    variables: tuple[str, ...]
    labels: tuple[Text, ...]
    label: Text
    notes: tuple[Text, ...]

    def tables(self) -> list[Table]:
        columns = (
            *(Column(name, label, "number") for name, label in zip(self.variables, self.labels, strict=True)),
            Column("outcome", Text("Outcome", "结果类别"), align="left"),
            Column("estimate", Text("Expected", "期望值")),
            *(column for column in _NUMBERS if column.key in ("std_error", "ci_low", "ci_high")),
        )
        rows = [[row[column.key] for column in columns] for _, row in self.predictions.iterrows()]
        title = Text("Predictions: {label}", "预测值：{label}").format(label=self.label or self.name)
        return [Table(f"predictions_{self.name}", title, columns, table_rows(rows), self.notes)]


def _cells(row: pd.Series, texts: Sequence[str]) -> list[Any]:
    numbers = [row[column.key] for column in _NUMBERS]
    return [*(str(row[name]) for name in texts), Starred(row["estimate"], row["p_value"]), *numbers]


@dataclass(frozen=True)
class HierarchicalResult(Result):
    """Models that add block after block of regressors, all fitted to one sample.

    `table` has a row per model. Linear: formula, n_obs, r2, adj_r2, delta_r2, delta_f, df1, df2, p (the
    classical F of the added block), and with a robust covariance wald_f, wald_df2 and wald_p. Others:
    formula, n_obs, loglik, mcfadden, delta_mcfadden, lr, df, p, and wald, wald_p. NaN where not applicable.
    `models` are the fitted models in the same order. `name` and `label` tell it from others of a study.
    """

    table: pd.DataFrame
    models: tuple[Any, ...]
    labels: tuple[Text, ...]
    dropped: pd.Series
    notes: tuple[Text, ...]
    name: str = ""
    label: Text = field(default_factory=Text)

    def tables(self) -> list[Table]:
        shown = [c for c in self.table.columns if c != "formula"]
        columns = (
            Column("model", Text("Model", "模型"), align="left"),
            *(Column(name, *_BLOCK_HEADINGS[name]) for name in shown),
        )
        rows = [
            [label, *(_blank(value) for value in row)]
            for label, row in zip(self.labels, self.table[shown].itertuples(index=False), strict=True)
        ]
        title = Text("Hierarchical regression", "分层回归")
        table = Table("hierarchical", title, columns, table_rows(rows), self.notes)
        return named_tables([table], self.name, self.label)


_BLOCK_HEADINGS: dict[str, tuple[Text, str]] = {
    "n_obs": (Text("N", "样本量"), "d"),
    "r2": (Text("R²", "R²"), ".3f"),
    "adj_r2": (Text("Adjusted R²", "调整 R²"), ".3f"),
    "delta_r2": (Text("ΔR²", "ΔR²"), ".3f"),
    "delta_f": (Text("ΔF", "ΔF"), ".2f"),
    "df1": (Text("df 1", "自由度 1"), ".0f"),
    "df2": (Text("df 2", "自由度 2"), ".0f"),
    "p": (Text("p", "p"), "p"),
    "wald_f": (Text("Robust F", "稳健 F"), ".2f"),
    "wald_df2": (Text("df 2, robust", "稳健自由度 2"), ".1f"),
    "wald_p": (Text("p, robust", "p（稳健）"), "p"),
    "loglik": (Text("Log-likelihood", "对数似然"), ".3f"),
    "mcfadden": (Text("McFadden R²", "McFadden R²"), ".3f"),
    "delta_mcfadden": (Text("ΔMcFadden R²", "ΔMcFadden R²"), ".3f"),
    "lr": (Text("LR χ²", "LR χ²"), ".2f"),
    "df": (Text("df", "自由度"), ".0f"),
    "wald": (Text("Wald χ²", "Wald χ²"), ".2f"),
}


def _blank(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
