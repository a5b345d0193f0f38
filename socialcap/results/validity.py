"""The result of judging convergent and discriminant validity."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.errors import NotAvailableError, Problem
from socialcap.results.confirmatory import ESTIMATORS, ConfirmatoryResult, caution_notes
from socialcap.results.measurement import Caution, Labels, label_of
from socialcap.results.rows import row_count
from socialcap.results.table import Column, Result, Table, Text, table_rows

_NO_LABELS: Labels = MappingProxyType({})
STRICT, LIBERAL = 0.85, 0.90

_FACTOR = Column("factor", Text("Factor", "因子"), align="left")
_KINDS = {"pearson": Text("Pearson", "皮尔逊"), "polychoric": Text("polychoric", "多分格")}


@dataclass(frozen=True)
class ValidityResult(Result):
    """Convergent and discriminant validity of the factors of a confirmatory model.

    convergent: by factor n_items, smallest_loading (standardised, in size), ave and cr of standardised
        loadings (Fornell and Larcker 1981, eqs. 11 and 10), and of continuous items ave_raw (unstandardised
        loadings, as semTools' AVE) and cr_observed (unstandardised, over the observed variance of the sum, as
        semTools' compRelSEM; McDonald 1999).
    fornell_larcker (k, k): roots of AVE on the diagonal, factor correlations elsewhere; distinct (k,):
        whether the root exceeds all correlations of the factor.
    htmt_matrix, htmt2_matrix (k, k): None where HTMT does not exist. comparisons: by pair of factors their
        correlation with a 95% interval (delta method), htmt and htmt2, the upper one-sided 95% bootstrap
        bound of each (`..._upper`, the 95th percentile) and bootstrap p-values of the hypothesis that it is
        .85 (.90) or more (`..._p_85`, `..._p_90`). htmt_n_obs: complete rows behind them; replicates:
        resamples that gave a ratio.
    """

    confirmatory: ConfirmatoryResult
    convergent: pd.DataFrame
    fornell_larcker: pd.DataFrame
    distinct: pd.Series
    htmt_matrix: pd.DataFrame | None
    htmt2_matrix: pd.DataFrame | None
    comparisons: pd.DataFrame
    correlations: str
    htmt_n_obs: int
    replicates: int
    cautions: tuple[Caution, ...] = ()
    labels: Labels = field(default_factory=lambda: _NO_LABELS)

    @property
    def ave(self) -> pd.Series:
        """Average variance extracted (k,), standardised loadings."""
        return self.convergent["ave"]

    @property
    def cr(self) -> pd.Series:
        """Composite reliability (k,), standardised loadings, model-implied variance."""
        return self.convergent["cr"]

    @property
    def htmt(self) -> pd.DataFrame:
        """HTMT (k, k), arithmetic means. Raises NotAvailableError for one factor, and items on several."""
        return _available(self.htmt_matrix)

    @property
    def htmt2(self) -> pd.DataFrame:
        """HTMT2 (k, k), geometric means. Raises NotAvailableError as `htmt`."""
        return _available(self.htmt2_matrix)

    @property
    def n_obs(self) -> int:
        """Rows behind the confirmatory model."""
        return self.confirmatory.n_obs

    @property
    def dropped(self) -> pd.Series:
        """Row label -> why the row was left out of the confirmatory model."""
        return self.confirmatory.dropped

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The cautions as problems, each with the items or factors concerned."""
        return tuple(
            Problem(caution.message("en"), column=", ".join(caution.items), severity="warning")
            for caution in self.cautions
        )

    def tables(self) -> list[Table]:
        tables = [self._convergent_table()]
        if len(self.fornell_larcker) > 1:
            tables.append(self._fornell_larcker_table())
        if self.htmt_matrix is not None:
            tables.append(self._htmt_table())
        return tables

    def _convergent_table(self) -> Table:
        continuous = "ave_raw" in self.convergent
        columns = [
            _FACTOR,
            Column("n_items", Text("Items", "题项数"), "d"),
            Column("smallest_loading", Text("Smallest loading", "最小载荷")),
            Column("ave", Text("AVE", "AVE")),
            Column("cr", Text("CR", "组合信度 CR")),
        ]
        if continuous:
            columns += [
                Column("ave_raw", Text("AVE, unstandardised", "AVE（未标准化）")),
                Column("cr_observed", Text("CR, observed variance", "CR（观测方差）")),
            ]
        rows: list[list[Any]] = [
            [label_of(self.labels, str(name)), int(row["n_items"]), *(row[c.key] for c in columns[2:])]
            for name, row in self.convergent.iterrows()
        ]
        notes = [
            ESTIMATORS[self.confirmatory.estimator],
            Text("n = {n}; {d} left out.", "n = {n}；剔除 {d}。").format(
                n=self.n_obs, d=row_count(len(self.dropped))
            ),
            Text(
                "AVE = Σλ² / (Σλ² + Σθ) and CR = (Σλ)² / ((Σλ)² + Σθ) of standardised loadings (Fornell "
                "and Larcker "
                "1981); usual bounds .50 and .70. Smallest loading: standardised, in size.",
                "AVE = Σλ² / (Σλ² + Σθ)，CR = (Σλ)² / ((Σλ)² + Σθ)，均取标准化载荷（Fornell 与 Larcker "
                "1981）；"
                "常用界限 0.50 与 0.70。最小载荷为标准化载荷的绝对值。",
            ),
        ]
        if continuous:
            notes.append(
                Text(
                    "Unstandardised: items weigh by their variances; observed variance: over the sample "
                    "variance of "
                    "the sum, which a misfitting model does not flatter (McDonald 1999).",
                    "未标准化：题项按方差加权；观测方差：以总分的样本方差为分母，"
                    "不因模型误设而偏高（McDonald 1999）。",
                )
            )
        else:
            notes.append(
                Text(
                    "Of the normal variables behind the categories; versions for the observed categories "
                    "are not given.",
                    "针对类别背后的潜在正态变量；不提供针对观测类别的版本。",
                )
            )
        if self.htmt_matrix is None:
            notes.append(
                Text(
                    "No HTMT: it compares two factors or more, none of which share an item.",
                    "无 HTMT：需要两个及以上互不共用题项的因子。",
                )
            )
        title = Text("Convergent validity", "聚合效度")
        notes += caution_notes(self.cautions)
        return Table("convergent_validity", title, tuple(columns), table_rows(rows), tuple(notes))

    def _fornell_larcker_table(self) -> Table:
        names = list(self.fornell_larcker.columns)
        columns = (
            _FACTOR,
            *(Column(name, label_of(self.labels, name)) for name in names),
            Column("distinct", Text("Distinct", "可区分"), align="left"),
        )
        rows = [
            [
                label_of(self.labels, name),
                *(
                    _known(self.fornell_larcker.at[name, other]) if j <= i else None
                    for j, other in enumerate(names)
                ),
                Text("yes", "是") if self.distinct[name] else Text("no", "否"),
            ]
            for i, name in enumerate(names)
        ]
        note = Text(
            "Diagonal: root of AVE; below: correlations of the factors. Distinct: the root exceeds every "
            "correlation "
            "of the factor in size (Fornell and Larcker 1981).",
            "对角线为 AVE 平方根，下方为因子相关。可区分：平方根大于该因子全部相关的绝对值（Fornell 与 "
            "Larcker 1981）。",
        )
        title = Text(
            "Discriminant validity: Fornell and Larcker's criterion", "区分效度：Fornell-Larcker 准则"
        )
        return Table("fornell_larcker", title, columns, table_rows(rows), (note,))

    def _htmt_table(self) -> Table:
        columns = (
            Column("first", Text("Factor", "因子"), align="left"),
            Column("second", Text("Factor", "因子"), align="left"),
            Column("correlation", Text("Correlation", "因子相关")),
            Column("correlation_low", Text("95% CI, low", "95% 置信下限")),
            Column("correlation_high", Text("high", "上限")),
            Column("htmt", Text("HTMT", "HTMT")),
            Column("htmt_upper", Text("Upper bound", "上界")),
            Column("htmt_p_85", Text("p (≥ .85)", "p（≥ 0.85）"), "p"),
            Column("htmt_p_90", Text("p (≥ .90)", "p（≥ 0.90）"), "p"),
            Column("htmt2", Text("HTMT2", "HTMT2")),
            Column("htmt2_upper", Text("Upper bound", "上界")),
        )
        rows = [
            [
                *(label_of(self.labels, str(name)) for name in pair),
                *(_known(record[column.key]) for column in columns[2:]),
            ]
            for pair, record in zip(self.comparisons.index, self.comparisons.to_dict("records"), strict=True)
        ]
        notes = (
            Text(
                "HTMT (Henseler, Ringle and Sarstedt 2015): arithmetic means; HTMT2 (Roemer, Schuberth and "
                "Henseler "
                "2021): geometric means; of the sizes of {kind} correlations, {n} complete rows.",
                "HTMT（Henseler、Ringle 与 Sarstedt 2015）取算术平均；HTMT2（Roemer、Schuberth 与 Henseler "
                "2021）取几何"
                "平均；基于 {n} 行完整数据的{kind}相关绝对值。",
            ).format(kind=_KINDS[self.correlations], n=self.htmt_n_obs),
            Text(
                "Upper bound: one-sided, 95th percentile of {b} resamples of rows; p: share of resamples "
                "at or above "
                "the bound, (1 + count) / (1 + {b}).",
                "上界：{b} 次行重抽样的第 95 百分位（单侧）；p：不低于界限的重抽样比例，(1 + 次数) / (1 + "
                "{b})。",
            ).format(b=self.replicates),
            Text(
                "Correlation: of the factors in the model, interval by the delta method.",
                "因子相关取自模型，区间由 delta 法得到。",
            ),
        )
        title = Text("Discriminant validity: heterotrait-monotrait ratios", "区分效度：异质-单质比（HTMT）")
        return Table("htmt", title, columns, table_rows(rows), notes)


def _available(matrix: pd.DataFrame | None) -> pd.DataFrame:
    if matrix is None:
        raise NotAvailableError("HTMT compares two factors or more, none of which share an item")
    return matrix


def _known(value: Any) -> Any:
    """None, an empty cell, for what does not exist."""
    return None if isinstance(value, float) and value != value else value
