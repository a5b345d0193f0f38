"""Means and covariances in spite of missing values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError
from socialcap.kernels import FloatArray
from socialcap.kernels import moments as pairs
from socialcap.kernels.correlation import correlation_from_covariance
from socialcap.kernels.em import EmMoments, em_moments
from socialcap.plan import Missing
from socialcap.results import Column, Result, Table, Text
from socialcap.survey.numeric import numbers, require_values


@dataclass(frozen=True)
class MomentsResult(Result):
    """Means, covariances and correlations, and from how many rows.

    `counts` are the rows behind each entry; `n_obs` those behind the whole (pairwise: the smallest count).
    `dropped` are the labels of rows that enter nowhere. Covariances divide by n − 1, with EM by
    n. A pairwise correlation takes means and spreads over the rows of the pair, as R's cor does.
    """

    missing: Missing
    mean: pd.Series
    covariance: pd.DataFrame
    correlation: pd.DataFrame
    counts: pd.DataFrame
    n_obs: int
    dropped: tuple[object, ...]
    loglik: float | None

    def tables(self) -> list[Table]:
        """Mean, standard deviation and rows of each variable, and the correlations."""
        names = [str(name) for name in self.mean.index]
        spread = np.sqrt(np.diagonal(self.covariance.to_numpy()))
        own = np.diagonal(self.counts.to_numpy())
        rows = tuple(
            (name, int(n), float(mean), float(sd), *map(float, line))
            for name, n, mean, sd, line in zip(
                names, own, self.mean.to_numpy(), spread, self.correlation.to_numpy(), strict=True
            )
        )
        columns = (
            Column("variable", Text("Variable", "变量"), align="left"),
            Column("n", Text("n"), "d"),
            Column("mean", Text("Mean", "均值")),
            Column("sd", Text("SD", "标准差")),
            *(Column(name, Text(name, name)) for name in names),
        )
        notes = (_MOMENT_NOTES[self.missing],)
        return [Table("moments", Text("Means and correlations", "均值与相关"), columns, rows, notes)]


_MOMENT_NOTES = {
    "listwise": Text(
        "Rows with every answer (listwise); divisor n − 1.", "仅用完整行（列表删除）；除数 n − 1。"
    ),
    "pairwise": Text(
        "Each mean over its own rows, each covariance over the rows with both answers; divisor n − 1.",
        "均值用各变量可用行，协方差用成对可用行；除数 n − 1。",
    ),
    "em": Text(
        "Maximum likelihood under a normal model (EM), values missing at random; divisor n.",
        "正态模型最大似然（EM），假定随机缺失；除数 n。",
    ),
}


def moments(frame: pd.DataFrame, missing: Missing = "listwise") -> MomentsResult:
    """Means and covariances of the numeric columns of `frame` with missing values, in one of three ways.

    listwise  rows with every answer
    pairwise  each covariance over the rows that have both answers, about their means there
    em        maximum likelihood under a normal model, missing at random (Dempster, Laird and Rubin 1977)

    Raises UsageError for columns that are not numeric, EstimationError where too few rows are left or EM does
    not converge.
    """
    x = numbers(frame)
    require_values(x, frame.columns)
    present = ~np.isnan(x)
    kept = present.all(axis=1) if missing == "listwise" else present.any(axis=1)
    if kept.sum() < 2:
        raise EstimationError(f"{int(kept.sum())} rows have the answers needed for {missing} moments")
    x, present = x[kept], present[kept]
    loglik = None
    if missing == "em":
        estimate = _em(x)
        mean, covariance, loglik = estimate.mean, estimate.covariance, float(estimate.loglik)
        corr = correlation_from_covariance(covariance)
    else:
        found = pairs.moments(x)
        mean, covariance, corr = np.diagonal(found.means), found.covariance(), found.correlation()
    counts = present.T.astype(np.int64) @ present.astype(np.int64)
    names = frame.columns
    return MomentsResult(
        missing,
        pd.Series(mean, names),
        pd.DataFrame(covariance, names, names),
        pd.DataFrame(corr, names, names),
        pd.DataFrame(counts, names, names),
        int(counts.min()) if missing == "pairwise" else int(kept.sum()),
        tuple(frame.index[np.flatnonzero(~kept)]),
        loglik,
    )


def _em(x: FloatArray) -> EmMoments:
    """EM moments; EstimationError where the likelihood has no maximum inside."""
    try:
        estimate = em_moments(x)
    except np.linalg.LinAlgError:
        estimate = None
    if estimate is None or not bool(estimate.converged):
        raise EstimationError(
            f"EM does not converge: {len(x)} rows are too few for {x.shape[1]} variables, or variables are "
            "constant or repeat each other"
        )
    return estimate
