"""Regression on factors by way of their scores, the scores' moments corrected (Croon 2002)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.inference.coefficients import coefficient_frame
from socialcap.inference.designs import LabelledDesign, score_design
from socialcap.inference.factor_names import require_measurement
from socialcap.inference.pipeline import Interval, limits, require_numbers
from socialcap.inference.rows import complete_rows, groups, require_nested
from socialcap.kernels import FloatArray
from socialcap.kernels.factor_bootstrap import jackknife_counts
from socialcap.kernels.pipeline import (
    Measured,
    Progress,
    given_replicates,
    pipeline_of,
    run_replicates,
    separate_factors,
)
from socialcap.measurement.items import item_values
from socialcap.regression.checks import check_collinear, require_known
from socialcap.regression.formula import read_formula
from socialcap.regression.terms import LevelLabels
from socialcap.results import Text
from socialcap.results.inference import LatentRegressionResult
from socialcap.results.measurement import label_of

_FEWEST_ITEMS = 3


def croon_regression(
    frame: pd.DataFrame,
    formula: str,
    measurement: Mapping[str, Sequence[str]],
    *,
    replicates: int = 1000,
    seed: int = 1,
    clusters: pd.Series | str | None = None,
    strata: pd.Series | str | None = None,
    interval: Interval = "percentile",
    level: float = 0.95,
    workers: int = 1,
    progress: Progress | None = None,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
) -> LatentRegressionResult:
    """The least-squares regression `formula` on the factors of `measurement` (name -> its own items).

    Each factor is measured by a one-factor model of its items (ML); regression scores are made of it and the
    moments of the scores corrected to those of the factors, which have unit variance (divisor n - 1; Croon
    2002; Devlieger, Mayer and Rosseel 2016). Standard errors and intervals come from
    resamples in which all of it is repeated. The outcome may be a factor too, then in its standard
    deviations. Statistics are normal.

    Raises UsageError for unknown names (with the nearest), a factor with fewer than three items, an item of
    two factors, a single cluster, or factors in products; EstimationError for data that cannot be analysed,
    collinear regressors, corrected moments that are not positive definite, or fewer than half of the
    replicates with a solution.
    """
    require_known("interval", interval, ("percentile", "bca", "t"))
    require_numbers(replicates, level, workers)
    items = require_measurement(frame, measurement, _FEWEST_ITEMS)
    columns = list(map(str, frame.columns))
    equations = read_formula(formula, [*columns, *measurement])
    own = [name for name in columns if name in equations.variables()]
    rows = complete_rows(frame, items, own)
    by_cluster = groups(frame, clusters, rows, "clusters")
    by_stratum = groups(frame, strata, rows, "strata")
    require_nested(by_cluster, by_stratum)
    made = score_design(equations, rows.frame, list(measurement), "ols", labels or {}, level_labels or {})
    if not made.linear:
        raise UsageError(f"{formula!r}: factors must enter by themselves, not in products")
    values = item_values(rows.frame, items)[1]
    blocks = [np.array([items.index(item) for item in own_items]) for own_items in measurement.values()]
    measure = separate_factors(blocks, len(items))
    _require_regressors(made, formula)
    replicate = pipeline_of(values, measure, made.kernel, corrected=True)
    n = len(values)
    whole = np.ones((1, n))
    estimate = given_replicates(replicate, whole).corrected[0]
    corr = np.atleast_2d(np.corrcoef(values, rowvar=False))[None]
    loadings = measure(whole, corr)
    if not loadings.converged[0]:
        raise EstimationError("the one-factor model of some factor did not converge")
    if not np.isfinite(estimate).all():
        raise EstimationError(
            f"{formula!r}: the corrected moments of factors and regressors are not positive definite"
        )
    drawn = run_replicates(
        replicate, n, seed=seed, replicates=range(replicates), clusters=by_cluster, strata=by_stratum,
        workers=workers, progress=progress,
    )  # fmt: skip
    found = np.isfinite(drawn.corrected).all(axis=1)
    if found.sum() < replicates / 2:
        raise EstimationError(f"{int(found.sum())} of {replicates} bootstrap replicates have a solution")
    error = np.nanstd(drawn.corrected, axis=0, ddof=1)
    low_high: FloatArray | None = None
    if interval != "t":
        left_out = None
        if interval == "bca":
            left_out = given_replicates(replicate, jackknife_counts(n, by_cluster)).corrected
        low_high = limits(drawn.corrected, estimate, left_out, level)
    df = np.inf if by_cluster is None else float(by_cluster.max())
    return LatentRegressionResult(
        method="croon",
        estimator="ml",
        formula=formula,
        outcome=made.outcome,
        coefficients=coefficient_frame(made.names, estimate, error, level, df, low_high),
        loadings=_loadings(loadings, measurement, items),
        fit={},
        terms=made.terms,
        n_obs=n,
        dropped=rows.dropped,
        level=level,
        replicates=replicates,
        converged=int(found.sum()),
        interval=interval,
        outcome_label=label_of(labels or {}, made.outcome),
    )


def _require_regressors(made: LabelledDesign, formula: str) -> None:
    """Refuse covariates that are combinations of each other; factors are judged by their moments."""
    plain = made.kernel.powers.sum(axis=1) == 0
    names = [name for name, is_plain in zip(made.names, plain, strict=True) if is_plain]
    check_collinear(pd.DataFrame(made.kernel.fixed[:, plain], columns=names), formula)


def _loadings(
    found: Measured, measurement: Mapping[str, Sequence[str]], items: Sequence[str]
) -> pd.DataFrame:
    rows = [
        (factor, item, float(found.loadings[0, items.index(item), j]))
        for j, (factor, own) in enumerate(measurement.items())
        for item in own
    ]
    return pd.DataFrame(rows, columns=["factor", "item", "loading"])
