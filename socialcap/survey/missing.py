"""What is missing, of which kind, together with what, and whether completely at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, MissingKind
from socialcap.kernels import IntArray
from socialcap.kernels.em import Mcar, little_mcar
from socialcap.results import Column, Result, Table, Text
from socialcap.survey.numeric import KINDS, is_numeric, kind_codes

_SHOWN_PATTERNS = 20
# Little's test holds rows × variables² numbers and spends patterns × variables³ on each of some hundred
# passes: up to about 1 GB and one minute.
_MOST_PRODUCTS = 120_000_000
_MOST_WORK = 200_000_000


@dataclass(frozen=True)
class MissingResult(Result):
    """How much is missing, of which kind, in which patterns, and whether completely at random.

    `items`: one row per variable: rows, asked, answered, missing, share (of those asked), then a count per
    kind. `patterns`: one row per pattern, the most frequent first, one boolean column per variable, True
    where missing; `pattern_rows` says how many rows show it. A question skipped by routing is not missing:
    `items` counts it under its kind alone. `mcar` is None where the test does not exist; `mcar_note` says
    why, or what it left out. `n_complete` rows have every answer that they were asked for.
    """

    items: pd.DataFrame
    patterns: pd.DataFrame
    pattern_rows: IntArray
    n_obs: int
    n_complete: int
    mcar: Mcar | None
    mcar_variables: tuple[str, ...]
    mcar_note: Text
    labels: dict[str, Text]

    def tables(self) -> list[Table]:
        """Shares by item, the most frequent patterns, Little's test."""
        return [self._items(), self._patterns(), *([self._mcar()] if self.mcar is not None else [])]

    def _items(self) -> Table:
        kinds = [kind for kind in MissingKind if kind.value in self.items]
        columns = (
            Column("variable", Text("Variable", "变量"), align="left"),
            Column("asked", Text("Asked", "被问"), "d"),
            Column("answered", Text("Answered", "作答"), "d"),
            Column("share", Text("Missing", "缺失比例"), ".1%"),
            *(Column(kind.value, kind.label, "d") for kind in kinds),
        )
        keys = ["asked", "answered", "share", *(kind.value for kind in kinds)]
        rows = tuple(
            (self.labels[str(name)], *(_plain(row[key]) for key in keys))
            for name, row in self.items.iterrows()
        )
        note = Text(
            "Share of those asked; questions skipped by routing are not missing.",
            "以被问到者为分母；跳题不算缺失。",
        )
        notes = (note, self.mcar_note) if self.mcar is None and self.mcar_note else (note,)
        return Table("missing_items", Text("Missing answers by item", "各题缺失"), columns, rows, notes)

    def _patterns(self) -> Table:
        names = [str(name) for name in self.patterns.columns]
        flags = self.patterns.to_numpy(dtype=bool)[:_SHOWN_PATTERNS]
        rows = tuple(
            (int(count), count / self.n_obs, int(gone.sum()), ", ".join(np.array(names, dtype=object)[gone]))
            for count, gone in zip(self.pattern_rows.tolist(), flags, strict=False)
        )
        columns = (
            Column("rows", Text("Rows", "行数"), "d"),
            Column("share", Text("Share", "比例"), ".1%"),
            Column("missing", Text("Variables missing", "缺失变量数"), "d"),
            Column("variables", Text("Which", "缺失变量"), align="left"),
        )
        left = len(self.patterns) - len(rows)
        more = Text("{left} rarer patterns are not shown.", "另有 {left} 种较少见的模式未列出。").format(
            left=left
        )
        title = Text("Patterns of missing answers", "缺失模式")
        return Table("missing_patterns", title, columns, rows, (more,) if left else ())

    def _mcar(self) -> Table:
        assert self.mcar is not None
        columns = (
            Column("chi2", Text("Chi-square", "卡方"), ".2f"),
            Column("df", Text("df", "自由度"), "d"),
            Column("p", Text("p"), "p"),
            Column("patterns", Text("Patterns", "模式数"), "d"),
            Column("variables", Text("Variables", "变量数"), "d"),
        )
        row = (self.mcar.chi2, self.mcar.df, self.mcar.p, self.mcar.n_patterns, len(self.mcar_variables))
        note = Text(
            "Little (1988), normal model by EM, covariance n/(n − 1) × ML. A small p speaks against values "
            "missing completely at random.",
            "Little (1988)，正态模型 EM 估计，协方差为 n/(n − 1) × ML。p 值小表明数据并非完全随机缺失。",
        )
        notes = (note, self.mcar_note) if self.mcar_note else (note,)
        title = Text("Little's test of missing completely at random", "Little 完全随机缺失检验")
        return Table("mcar", title, columns, (row,), notes)


def describe_missing(
    frame: pd.DataFrame, kinds: pd.DataFrame | None = None, book: Codebook | None = None
) -> MissingResult:
    """Share missing by item and kind, patterns, and Little's test, of the columns of `frame`.

    `kinds`, with the same labels, holds each cell's kind of missing value as text ("" where a value is
    present); without it every empty cell counts as missing. Little's test runs over the numeric columns that
    vary and that nobody was routed around. `book` gives the labels.
    """
    empty = frame.isna().to_numpy()
    told = kind_codes(frame, kinds)
    skipped = told == KINDS.index(MissingKind.SKIPPED)
    missing = empty & ~skipped
    asked = (~skipped).sum(axis=0)
    items = pd.DataFrame(
        {
            "rows": len(frame),
            "asked": asked,
            "answered": (~empty).sum(axis=0),
            "missing": missing.sum(axis=0),
            "share": np.divide(missing.sum(axis=0), asked, out=np.full(asked.shape, np.nan), where=asked > 0),
        },
        index=frame.columns,
    )
    if kinds is not None:
        for code, kind in enumerate(KINDS):
            items[kind.value] = (empty & (told == code)).sum(axis=0)
    distinct, counts = _patterns(missing)
    mcar, variables, note = _little(frame, skipped)
    labels = {
        str(name): book.label(str(name)) if book else Text(str(name), str(name)) for name in frame.columns
    }
    return MissingResult(
        items,
        pd.DataFrame(distinct, columns=frame.columns),
        counts,
        len(frame),
        int((~missing.any(axis=1)).sum()),
        mcar,
        variables,
        note,
        labels,
    )


def _little(frame: pd.DataFrame, skipped: NDArray[np.bool_]) -> tuple[Mcar | None, tuple[str, ...], Text]:
    """Little's test on the columns it applies to, those columns, and what there is to say about it."""
    numeric = [str(name) for name in frame.columns if is_numeric(frame[name])]
    routed = {str(frame.columns[j]) for j in np.flatnonzero(skipped.any(axis=0)).tolist()}
    used = [name for name in numeric if name not in routed and frame[name].nunique() > 1]
    note = Text()
    left = [str(name) for name in frame.columns if str(name) not in used]
    if left:
        names = ", ".join(left)
        note = Text(
            f"Not in Little's test (routed, constant or not numeric): {names}.",
            f"未纳入 Little 检验（跳题、无变化或非数值）：{names}。",
        )
    x = frame[used].to_numpy(dtype=float, na_value=np.nan)
    if not np.isnan(x).any():
        return None, tuple(used), Text("Little's test: no answer is missing.", "Little 检验：无缺失。")
    patterns = len(_patterns(np.isnan(x))[1])
    if len(x) * len(used) ** 2 > _MOST_PRODUCTS or patterns * len(used) ** 3 > _MOST_WORK:
        reason = Text(
            f"Little's test: too large with {len(used)} variables in {patterns} patterns; choose variables.",
            f"Little 检验：{len(used)} 个变量、{patterns} 种模式，规模过大，请选取变量。",
        )
        return None, tuple(used), reason
    try:
        test = little_mcar(x) if len(x) > len(used) else None
    except np.linalg.LinAlgError:
        test = None
    if test is None or not np.isfinite(test.chi2) or test.chi2 < 0 or test.df < 1:
        reason = Text(
            "Little's test: the normal model cannot be fitted (too few rows, or repeated variables).",
            "Little 检验：正态模型无法拟合（样本过少或变量重复）。",
        )
        return None, tuple(used), reason
    return test, tuple(used), note


def _patterns(missing: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], IntArray]:
    """Distinct rows of `missing` and their counts, the most frequent first, of these the fewest missing."""
    distinct, counts = np.unique(missing, axis=0, return_counts=True)
    order = np.lexsort((distinct.sum(axis=1), -counts))
    return distinct[order], counts[order].astype(np.int64)


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)
