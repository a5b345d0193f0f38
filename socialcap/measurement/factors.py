"""Factor analysis: from items or a correlation matrix to a labelled, rotated solution with scores and fit."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from socialcap.errors import EstimationError, SocialcapWarning, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels.alignment import Oriented, move, order_and_sign
from socialcap.kernels.correlation import listwise
from socialcap.kernels.extraction import Extraction
from socialcap.kernels.fit_indices import efa_fit
from socialcap.kernels.polychoric_acov import polychoric_acov
from socialcap.kernels.rotation import Rotation
from socialcap.kernels.scores import (
    anderson_rubin_weights,
    bartlett_weights,
    determinacy,
    regression_weights,
    ten_berge_weights,
)
from socialcap.measurement.correlation import Kind, MissingRule, as_correlation, require_factorable
from socialcap.measurement.items import item_values, ordinal_codes
from socialcap.measurement.method import ExtractionName, FactorMethod, Preset, RotationName, factor_method
from socialcap.results import CorrelationResult, FactorResult, Text

Scoring = Literal["regression", "bartlett", "anderson_rubin", "ten_berge", "means"]
SCORINGS: tuple[Scoring, ...] = ("regression", "bartlett", "anderson_rubin", "ten_berge", "means")
_VARIANCE_ROWS = ("ss_loadings", "proportion", "cumulative")


def factor_analysis(
    data: pd.DataFrame | CorrelationResult,
    n_factors: int,
    *,
    items: Sequence[str] | None = None,
    extraction: ExtractionName = "principal",
    rotation: RotationName = "varimax",
    kaiser: bool | None = None,
    preset: Preset | None = None,
    correlations: Kind = "pearson",
    missing: MissingRule = "listwise",
    weights: pd.Series | str | None = None,
    scores: Scoring = "regression",
    n_obs: int | None = None,
    scales: Mapping[str, Sequence[str]] | None = None,
    names: Sequence[str] | None = None,
    salient: float = 0.5,
    power: float = 4.0,
    gamma: float = 0.0,
    epsilon: float = 0.01,
    target: pd.DataFrame | None = None,
    random_starts: int = 10,
    seed: int = 1,
    labels: Mapping[str, Text] | None = None,
    factor_labels: Mapping[str, Text] | None = None,
) -> FactorResult:
    """Factors of the items in `data` (n, p), of a `CorrelationResult`, or of a matrix (p, p) with `n_obs`.

    extraction  "principal" components; "paf" principal axes; "minres" or "uls" (the same optimum); "ml";
                "dwls" for polychorics, weighted by the reciprocals of their asymptotic variances
    rotation    orthogonal: "varimax", "quartimax", "equamax"; oblique: "promax" (`power`), "oblimin"
                (`gamma`), "geomin" (`epsilon`), "bentler", "target" (`target`: items by factors, NaN where
                free)
    kaiser      rows normalised before rotation; by default for the orthogonal rotations and promax
    preset      "spss": Kaiser normalisation throughout, SPSS's stopping rule for PAF (25 iterations, .001);
                "psych": psych's stopping rule, promax target, and no normalisation but for varimax and
                promax
    correlations, missing, weights
                see `correlation`; ignored where correlations are given
    scores      "regression" (Thurstone), "bartlett", "anderson_rubin", "ten_berge", or "means" of the
                standardised items that load on the factor most and saliently; components have exact scores,
                the same under the first four names
    random_starts
                further starts of the rotations that have local minima; `.minima` counts those met

    Columns are ordered by explained variance after rotation and signed so that their loadings sum positive.
    Factors are named by `names` in column order, by the scale (`scales`: name -> items) they carry, or F1,
    F2, ... Scores are those of the items themselves, standardised by the means and deviations behind the
    correlations, whatever their kind; rows with a missing item have none.

    Raises UsageError for an impossible number of factors, option or name; EstimationError for data that
    cannot be factored or a singular matrix. Warns (SocialcapWarning) of Heywood cases by item and of an
    extraction or rotation that has not converged.
    """
    if scores not in SCORINGS:
        raise UsageError(f"scores={scores!r} is not one of {', '.join(SCORINGS)}")
    frame = data if isinstance(data, pd.DataFrame) and n_obs is None else None
    if extraction == "dwls" and (frame is None or weights is not None):
        raise UsageError(
            "extraction='dwls' needs the items themselves, unweighted, to weigh their polychoric correlations"
        )
    kind = "polychoric" if extraction == "dwls" else correlations
    corr = as_correlation(
        data, items, n_obs=n_obs, kind=kind, missing=missing, weights=weights, labels=labels
    )
    item_names = list(corr.matrix.index)
    method = chosen_method(
        n_factors,
        item_names,
        extraction=extraction,
        rotation=rotation,
        kaiser=kaiser,
        preset=preset,
        power=power,
        gamma=gamma,
        epsilon=epsilon,
        target=target,
        random_starts=random_starts,
        seed=seed,
    )
    require_factorable(corr)
    matrix = corr.matrix.to_numpy()
    weighting = _dwls_weights(frame, corr) if frame is not None and extraction == "dwls" else None
    unrotated = method.extract(matrix, weighting)
    turned = method.rotate(unrotated.loadings)
    # a target says which factor stands where; every other solution is put in order
    if method.goal is not None and method.rotation == "target":
        oriented = _signed(turned, method.goal)
    else:
        oriented = order_and_sign(turned.loadings, turned.phi)
    _warn(method, item_names, unrotated, turned)
    factor_names = _names(oriented.loadings, item_names, scales, names or _target_names(target))
    return _result(
        frame, corr, method, unrotated, turned, oriented, factor_names, scores, salient, factor_labels
    )


def chosen_method(
    n_factors: int,
    items: Sequence[str],
    *,
    extraction: ExtractionName = "principal",
    rotation: RotationName = "varimax",
    kaiser: bool | None = None,
    preset: Preset | None = None,
    power: float = 4.0,
    gamma: float = 0.0,
    epsilon: float = 0.01,
    target: pd.DataFrame | None = None,
    random_starts: int = 10,
    seed: int = 1,
) -> FactorMethod:
    """How `factor_analysis` extracts and rotates under these of its arguments."""
    return factor_method(
        n_factors,
        len(items),
        extraction=extraction,
        rotation=rotation,
        kaiser=kaiser,
        preset=preset,
        power=power,
        gamma=gamma,
        epsilon=epsilon,
        goal=_goal(target, items, n_factors),
        random_starts=random_starts,
        seed=seed,
    )


def _result(
    frame: pd.DataFrame | None,
    corr: CorrelationResult,
    method: FactorMethod,
    unrotated: Extraction,
    turned: Rotation,
    oriented: Oriented,
    factor_names: list[str],
    scoring: Scoring,
    salient: float,
    factor_labels: Mapping[str, Text] | None,
) -> FactorResult:
    """The labels put back on a solution."""
    matrix = corr.matrix.to_numpy()
    item_names, p = list(corr.matrix.index), len(corr.matrix)

    def labelled(values: FloatArray) -> pd.DataFrame:
        return pd.DataFrame(values, index=item_names, columns=factor_names)

    communalities = np.einsum("ij,ij->i", oriented.loadings, oriented.structure)
    uniquenesses = 1.0 - communalities
    weights = _score_weights(scoring, matrix, oriented, uniquenesses, method, salient)
    return FactorResult(
        loadings=labelled(oriented.loadings),
        structure=labelled(oriented.structure),
        phi=pd.DataFrame(oriented.phi, index=factor_names, columns=factor_names),
        communalities=pd.Series(communalities, index=item_names, name="communality"),
        uniquenesses=pd.Series(uniquenesses, index=item_names, name="uniqueness"),
        variance=_variance(oriented.loadings * oriented.structure, factor_names),
        initial_variance=_variance(unrotated.loadings**2, [f"F{j + 1}" for j in range(method.k)]),
        eigenvalues=pd.Series(np.linalg.eigvalsh(matrix)[::-1], index=range(1, p + 1), name="eigenvalue"),
        score_weights=labelled(weights),
        scores=None if frame is None else _scores(frame, corr, labelled(weights)),
        correlation=corr,
        extraction=method.extraction,
        rotation=method.rotation,
        kaiser=method.kaiser,
        scoring=_scoring(scoring, method),
        converged=bool(unrotated.converged) and bool(turned.converged),
        heywood=_heywood(item_names, unrotated),
        minima=int(turned.minima),
        fit_statistics=_fit(matrix, oriented, corr.n_obs, method),
        determinacy=None if method.components else _determinacy(matrix, oriented, weights, factor_names),
        salient=salient,
        labels=corr.labels,
        factor_labels=factor_labels or {},
    )


def _goal(target: pd.DataFrame | None, items: Sequence[str], k: int) -> FloatArray | None:
    """The target loadings (p, k) in the order of the items."""
    if target is None:
        return None
    if sorted(map(str, target.index)) != sorted(items) or target.shape[1] != k:
        raise UsageError(f"target must have one row for each of the {len(items)} items and {k} columns")
    goal = target.set_axis([str(name) for name in target.index]).loc[list(items)].to_numpy(dtype=float)
    if np.isinf(goal).any() or np.isnan(goal).all():
        raise UsageError("target must hold finite loadings, NaN where free, and specify one at least")
    return goal


def _target_names(target: pd.DataFrame | None) -> list[str] | None:
    return None if target is None else [str(name) for name in target.columns]


def _dwls_weights(frame: pd.DataFrame, corr: CorrelationResult) -> FloatArray:
    """Reciprocal asymptotic variances (p, p) of the polychoric correlations, over the rows behind them."""
    names, values = item_values(frame, list(corr.matrix.index))
    codes, categories = ordinal_codes(
        names, values[listwise(values)] if corr.missing == "listwise" else values
    )
    try:
        found = polychoric_acov(codes, categories)
    except np.linalg.LinAlgError:
        raise EstimationError(
            "the polychoric correlations have no asymptotic variances (one of them is ±1)"
        ) from None
    rows, columns = np.triu_indices(len(names), 1)
    variance = np.diag(found.nacov)[-len(rows) :]
    weights = np.ones((len(names), len(names)))
    weights[rows, columns] = weights[columns, rows] = 1.0 / variance
    return weights


def _signed(turned: Rotation, goal: FloatArray) -> Oriented:
    """The columns where the target put them; those whose target is zero throughout signed to sum positive."""
    k = goal.shape[1]
    free = np.nansum(np.abs(goal), axis=0) == 0
    signs = np.where(free & (turned.loadings.sum(axis=0) < 0), -1.0, 1.0)
    return move(turned.loadings, turned.phi, np.arange(k), signs)


def _heywood(items: Sequence[str], unrotated: Extraction) -> tuple[str, ...]:
    return tuple(name for name, found in zip(items, unrotated.heywood, strict=True) if found)


def _warn(method: FactorMethod, items: Sequence[str], unrotated: Extraction, turned: Rotation) -> None:
    said = []
    if not bool(unrotated.converged):
        said.append(f"the extraction ({method.extraction}) stopped before it converged")
    if not bool(turned.converged):
        said.append(f"the {method.rotation} rotation did not converge")
    if heywood := _heywood(items, unrotated):
        said.append("Heywood case (no unique variance left): " + ", ".join(heywood))
    for message in said:
        warnings.warn(message, SocialcapWarning, stacklevel=3)


def _names(
    loadings: FloatArray,
    items: Sequence[str],
    scales: Mapping[str, Sequence[str]] | None,
    names: Sequence[str] | None,
) -> list[str]:
    k = loadings.shape[1]
    if names is not None:
        if len(names) != k or len(set(names)) != k:
            raise UsageError(f"names: {k} different names are needed, one for each factor")
        return list(names)
    if scales is None:
        return [f"F{j + 1}" for j in range(k)]
    return name_by_scales(loadings, items, scales)


def name_by_scales(
    loadings: FloatArray, items: Sequence[str], scales: Mapping[str, Sequence[str]]
) -> list[str]:
    """For each column of loadings (p, k) the scale whose items carry it.

    The assignment maximises the sum of mean squared loadings of the scales' items (Hungarian method), so
    that no two factors share a name; factors beyond the number of scales are called F1, F2, ...
    """
    rows = {
        scale: [i for i, item in enumerate(items) if item in set(members)]
        for scale, members in scales.items()
    }
    present = [scale for scale, members in rows.items() if members]
    carried = np.array([(loadings[rows[scale]] ** 2).mean(axis=0) for scale in present])
    found = [f"F{j + 1}" for j in range(loadings.shape[1])]
    if present:
        for scale, column in zip(*linear_sum_assignment(-carried), strict=True):
            found[column] = present[scale]
    return found


def _score_weights(
    scoring: Scoring,
    matrix: FloatArray,
    solution: Oriented,
    uniquenesses: FloatArray,
    method: FactorMethod,
    salient: float,
) -> FloatArray:
    rule = _scoring(scoring, method)
    if rule == "means":
        return _unit_weights(solution.loadings, salient)
    if rule == "regression":
        return regression_weights(matrix, solution.structure)
    if rule == "ten_berge":
        return ten_berge_weights(matrix, solution.loadings, solution.phi)
    if np.any(uniquenesses <= 0):
        raise EstimationError(
            f"{scoring} scores need unique variance in every item (there is a Heywood case)"
        )
    if rule == "bartlett":
        return bartlett_weights(solution.loadings, uniquenesses)
    return anderson_rubin_weights(matrix, solution.loadings, uniquenesses)


def _scoring(scoring: Scoring, method: FactorMethod) -> Scoring:
    """How scores are made: those of components are exact, and what the regression formula gives."""
    return "regression" if method.components and scoring != "means" else scoring


def _unit_weights(loadings: FloatArray, salient: float) -> FloatArray:
    """Weights of the mean of the items that load on a factor most, by `salient` at least, with their sign."""
    size = np.abs(loadings)
    chosen = (size == size.max(axis=1, keepdims=True)) & (size >= salient)
    if not chosen.any(axis=0).all():
        raise EstimationError(
            f"a factor has no item with a loading of {salient:.2f} or more to take the mean of"
        )
    return np.asarray(np.sign(loadings) * chosen / chosen.sum(axis=0))


def _scores(frame: pd.DataFrame, corr: CorrelationResult, weights: pd.DataFrame) -> pd.DataFrame:
    """Scores of the rows of `frame` that are complete on the items."""
    assert corr.center is not None and corr.spread is not None
    _, values = item_values(frame, list(corr.matrix.index))
    complete = listwise(values)
    standardised = (values[complete] - corr.center.to_numpy()) / corr.spread.to_numpy()
    return pd.DataFrame(
        standardised @ weights.to_numpy(), index=frame.index[complete], columns=weights.columns
    )


def _fit(matrix: FloatArray, solution: Oriented, n: int, method: FactorMethod) -> dict[str, float]:
    """Fit of the common factor model; components have none."""
    if method.components:
        return {}
    fit = efa_fit(matrix, solution.loadings, n, phi=solution.phi)
    return {
        "chi2": float(fit.chi2),
        "df": float(fit.df),
        "p": float(fit.p_value),
        "rmsea": float(fit.rmsea),
        "rmsea_low": float(fit.rmsea_ci[0]),
        "rmsea_high": float(fit.rmsea_ci[1]),
        "tli": float(fit.tli),
        "cfi": float(fit.cfi),
        "srmr": float(fit.srmr),
        "bic": float(fit.bic),
    }


def _determinacy(
    matrix: FloatArray, solution: Oriented, weights: FloatArray, names: Sequence[str]
) -> pd.DataFrame:
    found = determinacy(matrix, solution.structure, weights)
    rows = {"r": found.r, "r_squared": found.r_squared, "minimum": found.minimum, "validity": found.validity}
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=list(names))


def _variance(explained: FloatArray, names: Sequence[str]) -> pd.DataFrame:
    """Explained variance by factor from each item's part in it (p, k)."""
    total = explained.sum(axis=0)
    share = total / len(explained)
    return pd.DataFrame([total, share, share.cumsum()], index=list(_VARIANCE_ROWS), columns=list(names))
