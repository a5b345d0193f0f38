"""Whether items are fit for factor analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels import adequacy as kernels
from socialcap.measurement.correlation import Kind, MissingRule, as_correlation, require_factorable
from socialcap.measurement.items import item_values, ordinal_items
from socialcap.results import AdequacyResult, Caution, CorrelationResult, Text

_FEW_ROWS_PER_ITEM = 5
_ALMOST_THE_SAME = 0.95


def adequacy(
    data: pd.DataFrame | CorrelationResult,
    items: Sequence[str] | None = None,
    *,
    correlations: Kind = "pearson",
    missing: MissingRule = "listwise",
    n_obs: int | None = None,
) -> AdequacyResult:
    """KMO with the measure of each item, Bartlett's test of sphericity, the determinant, the size of r.

    `data` is a frame (n, p) of at least three items, a correlation that was computed before, or a matrix
    (p, p) with `n_obs`. Definitions: see `socialcap.kernels.adequacy`. `.warnings` says, each with its
    reason: too few rows for the items, items that all but repeat each other, items with little in common
    with the rest (measure below .5), ordinal items mixed with measurements, ordinal items whose answers
    leave the range of most others or fall two categories or more short of it.

    Raises UsageError for fewer than three items, EstimationError if the correlation matrix is singular or
    an item is correlated with no other, and as `correlation` does.
    """
    corr = as_correlation(data, items, n_obs=n_obs, kind=correlations, missing=missing)
    if len(corr.matrix) < 3:
        raise UsageError(f"{len(corr.matrix)} items: adequacy needs at least three")
    matrix = corr.matrix.to_numpy()
    require_factorable(corr)
    kmo = kernels.kmo(matrix)
    if unrelated := [name for name, m in zip(corr.matrix.index, kmo.items, strict=True) if np.isnan(m)]:
        raise EstimationError("these items are not correlated with any other: " + ", ".join(unrelated))
    bartlett = kernels.bartlett_sphericity(matrix, corr.n_obs)
    inter = kernels.inter_item(matrix)
    found = list(_matrix_cautions(corr, np.asarray(kmo.items)))
    if isinstance(data, pd.DataFrame) and n_obs is None:
        found += _item_cautions(*item_values(data, items))
    return AdequacyResult(
        kmo=float(kmo.overall),
        kmo_items=pd.Series(kmo.items, index=corr.matrix.index, name="msa"),
        bartlett_chi2=float(bartlett.chi2),
        bartlett_df=int(bartlett.df),
        bartlett_p=float(bartlett.p),
        determinant=float(kernels.determinant(matrix)),
        n_obs=corr.n_obs,
        inter_item={
            "mean": float(inter.mean),
            "mean_absolute": float(inter.mean_absolute),
            "minimum": float(inter.minimum),
            "maximum": float(inter.maximum),
        },
        cautions=tuple(found),
    )


def _matrix_cautions(corr: CorrelationResult, measures: FloatArray) -> Iterator[Caution]:
    names, matrix = list(corr.matrix.index), corr.matrix.to_numpy()
    p = len(names)
    if corr.n_obs < _FEW_ROWS_PER_ITEM * p:
        yield Caution(
            Text(
                "{n} rows for {p} items: fewer than {least} for each item",
                "{p} 个题项仅有 {n} 行数据：每题不足 {least} 行",
            ).format(n=corr.n_obs, p=p, least=_FEW_ROWS_PER_ITEM)
        )
    for i, j in zip(*np.triu_indices(p, 1), strict=True):
        if abs(matrix[i, j]) > _ALMOST_THE_SAME:
            message = Text(
                "r = {r:.3f}: these two items all but repeat each other", "r = {r:.3f}：两题几乎重复"
            )
            yield Caution(message.format(r=matrix[i, j]), (names[i], names[j]))
    for name, measure in zip(names, measures, strict=True):
        if measure < 0.5:
            message = Text(
                "measure of sampling adequacy {m:.2f}: little in common with the other items",
                "取样适切性 {m:.2f}：与其他题项共同之处很少",
            )
            yield Caution(message.format(m=measure), (name,))


def _item_cautions(names: Sequence[str], values: FloatArray) -> Iterator[Caution]:
    ordinal = ordinal_items(values)
    if ordinal.any() and not ordinal.all():
        message = Text(
            "measurements (counts, years, amounts) are mixed with ordinal items",
            "计量型变量（计数、年数、金额）与等级题项混用",
        )
        others = (name for name, is_ordinal in zip(names, ordinal, strict=True) if not is_ordinal)
        yield Caution(message, tuple(others))
    ranges = {
        name: (float(np.nanmin(values[:, j])), float(np.nanmax(values[:, j])))
        for j, name in enumerate(names)
        if ordinal[j]
    }
    if not ranges:
        return
    low, high = (_most_frequent([ends[side] for ends in ranges.values()]) for side in (0, 1))
    # an extreme category that nobody chose is no other range
    odd = tuple(
        f"{name} ({least:g}-{most:g})"
        for name, (least, most) in ranges.items()
        if least < low or most > high or least > low + 1 or most < high - 1
    )
    if odd:
        message = Text(
            "most ordinal items go from {low:g} to {high:g}, these do not",
            "多数等级题项取值为 {low:g} 至 {high:g}，下列题项不同",
        )
        yield Caution(message.format(low=low, high=high), odd)


def _most_frequent(values: Sequence[float]) -> float:
    """The value that occurs most often; of several the largest."""
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value))
