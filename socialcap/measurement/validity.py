"""Convergent and discriminant validity of the factors of a confirmatory model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_model import matrices
from socialcap.kernels.correlation import correlations_of, listwise
from socialcap.kernels.moments import crosstabs_replicates
from socialcap.kernels.polychoric import polychoric_from_crosstabs
from socialcap.kernels.resampling import resample_counts
from socialcap.kernels.threads import single_thread
from socialcap.kernels.validity import (
    average_variance_extracted,
    composite_reliability_observed,
    fornell_larcker,
    htmt,
    htmt2,
)
from socialcap.measurement.confirmatory import prepare, warn_of
from socialcap.measurement.estimators import EstimatorName
from socialcap.measurement.factor_model import FactorModel, Identification
from socialcap.measurement.items import ordinal_codes, ordinal_items, require_replicates
from socialcap.measurement.model_data import Missing, ModelData
from socialcap.results import Text
from socialcap.results.confirmatory import ConfirmatoryResult
from socialcap.results.validity import LIBERAL, STRICT, ValidityResult

HtmtCorrelations = Literal["pearson", "polychoric"]
_UPPER = 0.95
_CHUNK = 250
_INTERVAL = ("standardized_low", "standardized_high")


def validity(
    frame: pd.DataFrame,
    model: Mapping[str, Sequence[str]],
    *,
    estimator: EstimatorName = "ml",
    missing: Missing | None = None,
    correlations: HtmtCorrelations | None = None,
    residual_covariances: Sequence[tuple[str, str]] = (),
    identification: Identification = "marker",
    replicates: int = 1000,
    seed: int = 1,
    labels: Mapping[str, Text] | None = None,
) -> ValidityResult:
    """AVE, composite reliability, Fornell and Larcker's criterion, HTMT and HTMT2 with bootstrap bounds.

    The first three are of the confirmatory model of the items in `frame` (n, p), fitted as by `confirmatory`.
    The ratios are of the items' correlations over complete rows: polychoric under wlsmv, else Pearson, unless
    `correlations` says otherwise; their bounds are the 95th percentile of `replicates` resamples of rows,
    with one-sided bootstrap tests against .85 and .90. Definitions: see `socialcap.kernels.validity`.

    Raises UsageError and EstimationError, and warns, as `confirmatory`.
    """
    require_replicates(replicates)
    kind = correlations or ("polychoric" if estimator == "wlsmv" else "pearson")
    if kind not in ("pearson", "polychoric"):
        raise UsageError(f"correlations {kind!r}: HTMT is of 'pearson' or 'polychoric' correlations")
    setup = prepare(
        frame,
        model,
        estimator=estimator,
        missing=missing,
        residual_covariances=residual_covariances,
        identification=identification,
    )
    with single_thread():
        fit = setup.fit("configural")
        result = setup.result(fit, None, labels or {})
        criterion = fornell_larcker(result.ave.to_numpy(), result.factor_corr.to_numpy())
        ratios = _ratios(setup.data, setup.model, kind, replicates, seed) if setup.model.separate else None
    factors = setup.model.factors
    found = ValidityResult(
        confirmatory=result,
        convergent=_convergent(fit, result, setup.model),
        fornell_larcker=result.fornell_larcker,
        distinct=pd.Series(criterion.met, index=pd.Index(factors, name="factor"), name="distinct"),
        htmt_matrix=None if ratios is None else _square(ratios.htmt, factors),
        htmt2_matrix=None if ratios is None else _square(ratios.htmt2, factors),
        comparisons=_comparisons(result, ratios, factors),
        correlations=kind,
        htmt_n_obs=0 if ratios is None else ratios.n_obs,
        replicates=0 if ratios is None else ratios.usable,
        cautions=result.cautions,
        labels=labels or {},
    )
    warn_of(found.cautions)
    return found


class _Ratios:
    """HTMT and HTMT2 (k, k) of the sample and (B, k, k) of the replicates in which every item varied."""

    def __init__(self, sample: FloatArray, resampled: FloatArray, model: FactorModel, n_obs: int) -> None:
        blocks = model.pattern.T
        sound = np.isfinite(resampled).all(axis=(1, 2))
        self.n_obs, self.usable = n_obs, int(sound.sum())
        if self.usable < len(resampled) / 2:
            raise EstimationError(
                "an item does not vary in most resamples of the rows: HTMT has no bootstrap bound"
            )
        self.htmt, self.htmt2 = htmt(sample, blocks), htmt2(sample, blocks)
        self.boot = {"htmt": htmt(resampled[sound], blocks), "htmt2": htmt2(resampled[sound], blocks)}


def _ratios(data: ModelData, model: FactorModel, kind: str, replicates: int, seed: int) -> _Ratios:
    rows = data.rows[listwise(data.rows)]
    if len(rows) <= len(data.items):
        raise EstimationError(f"{len(rows)} rows are complete on all items; HTMT needs more rows than items")
    correlated = correlations_of(rows) if kind == "pearson" else _polychorics_of(data.items, rows)
    parts = []
    for first in range(0, replicates, _CHUNK):
        chunk = range(first, min(first + _CHUNK, replicates))
        parts.append(correlated(resample_counts(seed, len(rows), chunk)))
    return _Ratios(correlated(np.ones((1, len(rows))))[0], np.concatenate(parts), model, len(rows))


def _polychorics_of(items: Sequence[str], rows: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Function from row counts (B, n) to polychoric correlations (B, p, p)."""
    if not ordinal_items(rows).all():
        raise EstimationError("polychoric HTMT needs items of at most ten whole-numbered categories")
    codes, n_categories = ordinal_codes(items, rows)
    return lambda counts: polychoric_from_crosstabs(crosstabs_replicates(codes, n_categories, counts)).corr


def _convergent(fit: StructuralFit, result: ConfirmatoryResult, model: FactorModel) -> pd.DataFrame:
    size = result.loadings["standardized"].abs()
    table = pd.DataFrame(
        {
            "n_items": [len(members) for members in model.members.values()],
            "smallest_loading": [float(size[factor].min()) for factor in model.factors],
            "ave": result.ave.to_numpy(),
            "cr": result.cr.to_numpy(),
        },
        index=pd.Index(model.factors, name="factor"),
    )
    if result.estimator != "wlsmv":
        at = matrices(fit.table, fit.theta)
        psi = np.diag(at.latent_cov[0])
        psi = np.where(psi > 0.0, psi, np.nan)
        table["ave_raw"] = average_variance_extracted(at.loadings[0], np.diag(at.residual_cov[0]), psi)
        table["cr_observed"] = composite_reliability_observed(at.loadings[0], fit.sample_cov[0], psi)
    return table


def _comparisons(
    result: ConfirmatoryResult, ratios: _Ratios | None, factors: tuple[str, ...]
) -> pd.DataFrame:
    """One row for each pair of factors."""
    latent = result.parameters[
        (result.parameters["op"] == "~~") & result.parameters["lhs"].isin(factors)
    ].copy()
    latent.index = pd.Index(latent["lhs"] + "~~" + latent["rhs"])
    rows = []
    for (i, first), (j, second) in combinations(enumerate(factors), 2):
        at = f"{first}~~{second}" if f"{first}~~{second}" in latent.index else f"{second}~~{first}"
        values = latent.loc[at, ["standardized", *_INTERVAL]].to_numpy(dtype=float)
        row = dict(zip(("correlation", "correlation_low", "correlation_high"), values, strict=True))
        if ratios is not None:
            row |= _bounds("htmt", ratios.htmt[i, j], ratios.boot["htmt"][:, i, j])
            row |= _bounds("htmt2", ratios.htmt2[i, j], ratios.boot["htmt2"][:, i, j])
        rows.append(row)
    index = pd.MultiIndex.from_tuples(list(combinations(factors, 2)), names=["factor", "other"])
    return pd.DataFrame(rows, index=index)


def _bounds(name: str, value: float, resampled: FloatArray) -> dict[str, float]:
    """Ratio, upper bound and one-sided p-values."""
    p_values = {
        f"{name}_p_{round(100 * bound)}": (1.0 + float((resampled >= bound).sum())) / (1.0 + len(resampled))
        for bound in (STRICT, LIBERAL)
    }
    return {name: float(value), f"{name}_upper": float(np.quantile(resampled, _UPPER)), **p_values}


def _square(values: FloatArray, factors: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(values, index=pd.Index(factors, name="factor"), columns=list(factors))
