"""Covariances under a survey design: weights, strata and primary sampling units, by Taylor linearisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.sandwich import Covariance, LinearFit, cluster_sums, row_scores, sandwich

LonelyUnit = Literal["remove", "adjust"]


@dataclass(frozen=True, slots=True)
class SurveyDesign:
    """How the sample was drawn, as far as the variance of its first stage needs to know.

    unit (n,): primary sampling unit of each row, 0..C-1 in strata of its own; stratum_of_unit (C,): 0..H-1;
    units_in_stratum (H,); sampled_share (H,): units drawn over units there are, 0 where drawn with
    replacement; df: units less strata.
    """

    unit: IntArray
    stratum_of_unit: IntArray
    units_in_stratum: IntArray
    sampled_share: FloatArray
    df: int

    @property
    def lonely_strata(self) -> IntArray:
        """Strata of a single unit, by number: they show no variance of their own."""
        return np.flatnonzero(self.units_in_stratum == 1)


def survey_design(
    n: int,
    *,
    strata: IntArray | None = None,
    clusters: IntArray | None = None,
    units_in_population: FloatArray | None = None,
) -> SurveyDesign:
    """The design of n rows with codes of `strata` (n,) and `clusters` (n,).

    Clusters are nested in strata: the same code in two strata is two units. Without clusters every row is a
    unit; without strata there is one. `units_in_population` (n,): units that the row's stratum has in the
    population, for the finite-population correction.
    """
    stratum = np.zeros(n, dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    code = np.arange(n) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    pairs, first, unit = np.unique(
        np.column_stack((stratum, code)), axis=0, return_index=True, return_inverse=True
    )
    sizes = np.bincount(pairs[:, 0])
    share = np.zeros(len(sizes))
    if units_in_population is not None:
        share[pairs[:, 0]] = sizes[pairs[:, 0]] / np.asarray(units_in_population, dtype=float)[first]
    return SurveyDesign(unit.reshape(-1), pairs[:, 0], sizes, share, len(pairs) - len(sizes))


def design_meat(scores: FloatArray, design: SurveyDesign, lonely: LonelyUnit | None = None) -> FloatArray:
    """Variance (..., k, k) of the total of weighted `scores` (..., n, k) under the design.

    sum_h (1-f_h) n_h/(n_h-1) sum_c (u_hc - u_h)(u_hc - u_h)', u_hc the sum over unit c of stratum h and u_h
    its mean over the n_h units drawn (ultimate clusters; Binder 1983; Wolter 2007, ch. 6). A stratum of one
    unit makes it NaN, unless `lonely` lets it add nothing ("remove": it was drawn with certainty) or the
    square of its difference from the mean of all units ("adjust").
    """
    totals = cluster_sums(scores, design.unit)
    h = design.stratum_of_unit
    in_order = np.argsort(h, kind="stable")
    starts = np.unique(h[in_order], return_index=True)[1]
    means = np.add.reduceat(totals[..., in_order, :], starts, axis=-2) / design.units_in_stratum[:, None]
    alone = design.units_in_stratum == 1
    scale = np.where(alone, np.nan, design.units_in_stratum / np.maximum(design.units_in_stratum - 1.0, 1.0))
    if lonely is not None:
        scale[alone] = 1.0
    if lonely == "adjust":
        means = np.where(alone[:, None], totals.mean(axis=-2, keepdims=True), means)
    deviations = totals - means[..., h, :]
    factor = ((1.0 - design.sampled_share) * scale)[h]
    return np.asarray(np.swapaxes(deviations, -1, -2) @ (deviations * factor[:, None]))


def linearised(fit: LinearFit, design: SurveyDesign, lonely: LonelyUnit | None = None) -> Covariance:
    """Linearised covariance of a weighted least-squares fit whose weights are the sampling weights; t(units -
    strata).

    A meat A with A = (X'WX)^-1 and scores w x e (Fuller 1975), without further factor (R's survey; SAS puts
    (n-1)/(n-k) in front). `lonely` as in `design_meat`.
    """
    return _covariance(sandwich(fit.xtx_inv, design_meat(row_scores(fit), design, lonely)), design)


def linearised_likelihood(
    scores: FloatArray, hessian: FloatArray, design: SurveyDesign, lonely: LonelyUnit | None = None
) -> Covariance:
    """Linearised covariance of a weighted pseudo-likelihood fit, H^-1 meat H^-1 (Binder 1983); t(units -
    strata).

    `scores` (..., n, k): derivatives of the rows' log likelihoods times their sampling weights; `hessian`
    (..., k, k): that of the weighted log likelihood.
    """
    bread: FloatArray = np.linalg.inv(hessian).astype(np.float64)
    return _covariance(sandwich(bread, design_meat(scores, design, lonely)), design)


def _covariance(vcov: FloatArray, design: SurveyDesign) -> Covariance:
    """The record: strata's n_h/(n_h-1) is the only factor."""
    df = np.full(vcov.shape[:-1], float(design.df))
    return Covariance(vcov, df, "n_h/(n_h-1)", (len(design.stratum_of_unit),))
