"""Measurement invariance: the same factor model in several groups, from pattern alone to everything equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from socialcap.errors import UsageError
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_table import LEVELS, ORDINAL_LEVELS
from socialcap.kernels.threads import single_thread
from socialcap.measurement.confirmatory import Setup, prepare, warn_of
from socialcap.measurement.estimators import EstimatorName
from socialcap.measurement.factor_model import Identification, Level
from socialcap.measurement.model_data import Missing
from socialcap.results import Text
from socialcap.results.confirmatory import ConfirmatoryResult
from socialcap.results.invariance import InvarianceResult


def invariance(
    frame: pd.DataFrame,
    model: Mapping[str, Sequence[str]],
    groups: pd.Series | str,
    *,
    estimator: EstimatorName = "ml",
    missing: Missing | None = None,
    free: Sequence[str] = (),
    residual_covariances: Sequence[tuple[str, str]] = (),
    identification: Identification = "marker",
    labels: Mapping[str, Text] | None = None,
) -> InvarianceResult:
    """Configural, metric, scalar and strict models of the items over groups, each against the one before.

    Under wlsmv the levels are configural and scalar, as loadings and thresholds of ordered categories are
    tested together (Muthen and Asparouhov 2002). Difference of chi-square: likelihood ratio (ml, fiml);
    Satorra and Bentler 2001, where its scaling is negative 2010 (mlr); Satorra 2000 (wlsmv); none for uls.
    Differences of CFI and RMSEA are of the robust indices where all levels have them, else of the scaled,
    else of the plain ones. Other parameters as in `confirmatory`; free: parameters released at every level
    that would hold them equal.

    Raises UsageError and EstimationError as `confirmatory`, the level named where one cannot be estimated.
    """
    if groups is None:
        raise UsageError("invariance compares groups: name a column or give a series")
    levels = ORDINAL_LEVELS if estimator == "wlsmv" else LEVELS
    strictest: Level = "scalar" if estimator == "wlsmv" else "strict"
    setup = prepare(
        frame,
        model,
        estimator=estimator,
        missing=missing,
        groups=groups,
        residual_covariances=residual_covariances,
        identification=identification,
        invariance=strictest,
        free=free,
    )
    with single_thread():
        fits = {level: setup.fit(level, what=f"{level} invariance") for level in levels}
        models = {level: setup.result(fit, level, labels or {}) for level, fit in fits.items()}
        differences, kinds = _differences(setup, fits)
    version = _version(models)
    result = InvarianceResult(
        table=_table(models, differences, version),
        difference=kinds,
        models=models,
        version=version,
        labels=labels or {},
    )
    warn_of(result.cautions)
    return result


def _version(models: Mapping[str, ConfirmatoryResult]) -> str:
    """Suffix of the best version of the indices that all levels have."""
    return next(
        suffix
        for suffix in ("_robust", "_scaled", "")
        if all(f"cfi{suffix}" in model.fit for model in models.values())
    )


def _differences(
    setup: Setup, fits: Mapping[str, StructuralFit]
) -> tuple[dict[str, tuple[float, float]], dict[str, str]]:
    """Difference chi-square with its probability, and its kind, by level; none where the method has none."""
    found: dict[str, tuple[float, float]] = {}
    kinds: dict[str, str] = {}
    levels = list(fits)
    for before, level in pairwise(levels):
        if fits[level].df == fits[before].df:
            continue
        compared = setup.estimator.compare(fits[level], fits[before])
        if compared is not None:
            test, kinds[level] = compared
            found[level] = (test.chi2, test.p_value)
    return found, kinds


def _table(
    models: Mapping[str, ConfirmatoryResult], differences: Mapping[str, tuple[float, float]], version: str
) -> pd.DataFrame:
    rows = []
    before: dict[str, float] | None = None
    for level, model in models.items():
        fit = model.fit
        row = {
            "chi2": model.preferred("chi2"),
            "df": fit["df"],
            "p": model.preferred("p") if fit["df"] else np.nan,
            "cfi": fit[f"cfi{version}"],
            "rmsea": fit[f"rmsea{version}"],
            "srmr": fit["srmr"],
            "bic": fit.get("bic", np.nan),
        }
        chi2, p = differences.get(level, (np.nan, np.nan))
        row |= {
            "delta_chi2": chi2,
            "delta_df": np.nan if before is None else row["df"] - before["df"],
            "delta_p": p,
            "delta_cfi": np.nan if before is None else row["cfi"] - before["cfi"],
            "delta_rmsea": np.nan if before is None else row["rmsea"] - before["rmsea"],
        }
        rows.append(row)
        before = row
    return pd.DataFrame(rows, index=pd.Index(list(models), name="level"))
