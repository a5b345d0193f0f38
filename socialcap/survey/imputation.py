"""Multiple imputation of a survey's answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import MissingKind
from socialcap.errors import Problem, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels.imputation import chained_pmm
from socialcap.results import Column, Result, Table, Text
from socialcap.survey.numeric import KINDS, is_numeric, kind_codes, require_values

# Chains run side by side while their copies stay below this many numbers (160 MB each).
_CELLS_AT_ONCE = 20_000_000


@dataclass(frozen=True)
class Imputations(Result):
    """Completed copies of a data frame, and how the chains went.

    `filled` (n, p) marks the imputed cells of `columns`, `imputed` (m, cells) holds their values row by row.
    `means` and `spreads` (m, passes, p) are those of all values filled within the chains after each pass (NaN
    for complete columns): they should mix and show no trend. Iterating gives the copies in turn.
    """

    frame: pd.DataFrame
    columns: tuple[str, ...]
    filled: NDArray[np.bool_]
    imputed: FloatArray
    means: FloatArray
    spreads: FloatArray
    seed: int
    donors: int

    def __len__(self) -> int:
        return len(self.imputed)

    def __getitem__(self, position: int) -> pd.DataFrame:
        """Copy number `position`, with the labels, column order and complete columns of the original."""
        values = self.frame[list(self.columns)].to_numpy(dtype=float, na_value=np.nan, copy=True)
        values[self.filled] = self.imputed[position]
        return self.frame.assign(**{name: values[:, j] for j, name in enumerate(self.columns)})

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (self[position] for position in range(len(self)))

    def tables(self) -> list[Table]:
        """Observed and imputed means and standard deviations of each column that had missing values."""
        rows = []
        column_of = np.nonzero(self.filled)[1]
        for j, name in enumerate(self.columns):
            values = self.imputed[:, column_of == j]
            if values.size:
                spread = float(values.std(axis=1, ddof=1).mean()) if values.shape[1] > 1 else float("nan")
                own = self.frame[name]
                rows.append(
                    (name, values.shape[1], float(own.mean()), float(values.mean()), float(own.std()), spread)
                )
        columns = (
            Column("variable", Text("Variable", "变量"), align="left"),
            Column("imputed", Text("Imputed", "插补数"), "d"),
            Column("observed_mean", Text("Mean observed", "观测均值")),
            Column("imputed_mean", Text("Mean imputed", "插补均值")),
            Column("observed_sd", Text("SD observed", "观测标准差")),
            Column("imputed_sd", Text("SD imputed", "插补标准差")),
        )
        note = Text(
            "{m} imputations by chained equations, predictive mean matching with {donors} donors, "
            "{passes} passes, seed {seed} (van Buuren 2018).",
            "链式方程多重插补 {m} 次，预测均值匹配（{donors} 个供体），"
            "迭代 {passes} 轮，种子 {seed}（van Buuren 2018）。",
        ).format(m=len(self), donors=self.donors, passes=self.means.shape[1], seed=self.seed)
        title = Text("Multiple imputation", "多重插补")
        return [Table("imputation", title, columns, tuple(rows), (note,))]


def impute(
    frame: pd.DataFrame,
    m: int = 20,
    *,
    seed: int = 1,
    passes: int = 10,
    donors: int = 5,
    kinds: pd.DataFrame | None = None,
) -> Imputations:
    """`m` completed copies of `frame` by chained equations with predictive mean matching.

    Numeric columns (ordinal answers, amounts, 0/1) are imputed, each from all others; other columns must be
    complete and take part as predictors, by dummies. Imputed values are values that others gave. Cells that
    `kinds` says were skipped by routing stay missing in the copies; within the chains they are filled like
    the rest, so that their column can serve as a predictor. A copy depends on `seed` and its number alone:
    the first five of twenty are those of `m=5`. Formulas: `socialcap.kernels.imputation`.

    Raises UsageError for columns that are not numeric and incomplete, or have more categories than one per
    ten rows; and for columns without any value or with infinite ones.
    """
    if m < 1 or passes < 1 or donors < 1:
        raise UsageError("the numbers of imputations, passes and donors must be at least 1")
    numeric = [str(name) for name in frame.columns if is_numeric(frame[name])]
    other = frame.drop(columns=numeric)
    _check_predictors(other)
    x = frame[numeric].to_numpy(dtype=float, na_value=np.nan)
    require_values(x, pd.Index(numeric))
    filled = np.isnan(x) & (kind_codes(frame[numeric], kinds) != KINDS.index(MissingKind.SKIPPED))
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(m)]
    covariates = _dummies(other)
    together = max(1, _CELLS_AT_ONCE // max(1, x.shape[0] * (x.shape[1] + covariates.shape[1])))
    parts = []
    for start in range(0, m, together):
        chains = chained_pmm(x, covariates, streams[start : start + together], passes, donors)
        parts.append((chains.completed[:, filled], chains.means, chains.spreads))
    imputed, means, spreads = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Imputations(frame, tuple(numeric), filled, imputed, means, spreads, seed, donors)


def _check_predictors(other: pd.DataFrame) -> None:
    """UsageError naming every column that can neither be imputed nor serve as dummies."""
    problems = []
    for name in other.columns:
        if other[name].isna().any():
            problems.append(Problem("is not numeric and has missing values", column=str(name)))
        elif other[name].nunique() > len(other) / 10:
            problems.append(Problem("is not numeric and has too many categories", column=str(name)))
    if problems:
        raise UsageError("columns that predictive mean matching cannot use: leave them out", problems)


def _dummies(frame: pd.DataFrame) -> FloatArray:
    """0/1 columns (n, a) of complete columns that are not numeric, the first category of each left out."""
    if frame.shape[1] == 0:
        return np.empty((len(frame), 0))
    return pd.get_dummies(frame.astype(object), drop_first=True).to_numpy(dtype=float)
