"""Factor solutions under other choices, with the main solution's factors found again in each."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from socialcap.errors import SocialcapWarning
from socialcap.inference.solutions import Solution, solve
from socialcap.inference.specification_choices import Specification
from socialcap.inference.specification_reasons import NoEstimateError
from socialcap.kernels import FloatArray, alignment
from socialcap.kernels.pipeline import CompositeWeights
from socialcap.results import Text

SAME_FACTOR = 0.85
"""Congruence from which two factors are fairly similar (Lorenzo-Seva and ten Berge 2006); .95 is equality."""


@dataclass(frozen=True)
class Measurement:
    """A factor solution (k' factors) of complete items, and where the k factors of the main one are in it.

    solution: in its own order; congruence (k,): of each main factor with its counterpart, 0 without one;
    there (k,): congruence of `SAME_FACTOR` or more; placement (k', k): a sign where a factor of this solution
    is the counterpart of a main one, else 0; signs (k',): +1 or -1 for each factor in the composite.
    """

    solution: Solution
    congruence: FloatArray
    there: NDArray[np.bool_]
    placement: FloatArray
    signs: FloatArray

    @property
    def heywood(self) -> bool:
        """Whether an item has no unique variance left."""
        return bool(self.solution.factors.heywood)

    def absent(self) -> tuple[int, ...]:
        """Main factors (their numbers) that have no counterpart here at all."""
        return tuple(int(j) for j in np.flatnonzero(~self.placement.any(axis=0)))

    def variance(self) -> tuple[FloatArray, float]:
        """Shares (k,) of the items' variance of the main factors, NaN where they are not there, and the
        largest share of the other factors, NaN where there is none.
        """
        share = self.solution.factors.variance.loc["proportion"].to_numpy(dtype=float)
        found = np.where(self.there, share @ np.abs(self.placement), np.nan)
        others = share[~np.any(self.placement[:, self.there], axis=1)]
        return found, float(others.max()) if others.size else float("nan")

    def mixture(self, shares: FloatArray) -> FloatArray:
        """Matrix (..., k', k + 1) from own scores to those of the main factors and the composite.

        shares (..., k'): weights of the factors in the composite.
        """
        places = np.broadcast_to(self.placement, (*shares.shape[:-1], *self.placement.shape))
        return np.concatenate([places, (shares * self.signs)[..., None]], axis=-1)

    def shares(self, weights: CompositeWeights) -> FloatArray:
        """Weights (k',) of the factors in the composite."""
        factors = self.solution.factors
        table = factors.variance if weights == "rotated" else factors.initial_variance
        variance = table.loc["ss_loadings"].to_numpy(dtype=float)
        if weights == "initial":
            variance = np.sort(variance)[::-1]
        return np.asarray(variance / variance.sum())

    @cached_property
    def standardised(self) -> FloatArray:
        """Items (n, p) with mean 0 and standard deviation 1 (divisor n - 1)."""
        items = self.solution.items
        return np.asarray((items - items.mean(axis=0)) / items.std(axis=0, ddof=1))

    def scores(self, rule: str, weights: CompositeWeights) -> FloatArray:
        """Scores (n, k + 1) of the main factors and the composite.

        Raises EstimationError where the rule of scoring has no answer.
        """
        factors = self.solution.factors
        loadings, phi = factors.loadings.to_numpy()[None], factors.phi.to_numpy()[None]
        placed = alignment.align(loadings, loadings[0], phi)
        matrix = factors.correlation.matrix.to_numpy()[None]
        try:
            found = self.solution.steps.weigh(rule)(matrix, placed, factors.uniquenesses.to_numpy()[None])[0]
        except np.linalg.LinAlgError:
            raise NoEstimateError(Text("the correlation matrix is singular", "相关矩阵奇异")) from None
        if not np.isfinite(found).all():
            if rule == "means":
                raise NoEstimateError(
                    Text("means of items: a factor has no salient item", "题项均值：某一因子没有高载荷题项")
                )
            raise NoEstimateError(
                Text(
                    "scores = {rule}: an item has no unique variance", "scores = {rule}：某一题项无特殊方差"
                ).format(rule=rule)
            )
        return np.asarray(self.standardised @ found @ self.mixture(self.shares(weights)))


def main_measurement(
    frame: pd.DataFrame, items: Sequence[str], main: Specification, options: Mapping[str, Any]
) -> Measurement:
    """The main solution, whose factors are its own counterparts."""
    solution = _solution(frame, items, main, options)
    k = len(solution.factors.names)
    return Measurement(solution, np.ones(k), np.ones(k, dtype=bool), np.eye(k), np.ones(k))


def measurement_like(
    reference: Measurement,
    frame: pd.DataFrame,
    items: Sequence[str],
    specification: Specification,
    options: Mapping[str, Any],
) -> Measurement:
    """The solution under other choices, its factors matched to those of `reference`.

    The assignment has the largest sum of absolute congruences (Tucker 1951), also where the numbers of
    factors differ; a factor that is there is reflected to a positive congruence, every other one to loadings
    that sum positive. Raises EstimationError where there is no solution, or an improper one.
    """
    plain = {key: value for key, value in options.items() if key not in ("names", "scales")}
    solution = _solution(frame, items, specification, plain)
    if not solution.factors.converged:
        raise NoEstimateError(Text("extraction or rotation did not converge", "因子提取或旋转未收敛"))
    if solution.factors.heywood:
        raise NoEstimateError(
            Text("the factor solution is improper (a Heywood case)", "因子解不当（出现 Heywood 现象）")
        )
    loadings = solution.factors.loadings.to_numpy()
    agreement = alignment.congruence(loadings, reference.solution.factors.loadings.to_numpy())
    own, main = linear_sum_assignment(-np.abs(agreement))
    paired = agreement[own, main]
    congruence = np.zeros(agreement.shape[1])
    congruence[main] = np.abs(paired)
    there = congruence >= SAME_FACTOR
    signs, placement = np.ones(agreement.shape[0]), np.zeros(agreement.shape)
    signs[own] = np.where(there[main] & (paired < 0.0), -1.0, 1.0)
    placement[own, main] = signs[own]
    return Measurement(solution, congruence, there, placement, signs)


def _solution(
    frame: pd.DataFrame, items: Sequence[str], specification: Specification, options: Mapping[str, Any]
) -> Solution:
    chosen = {
        **options,
        "correlations": specification["correlation"],
        "extraction": specification["extraction"],
        "rotation": specification["rotation"],
        "scores": "regression",
    }
    with warnings.catch_warnings():
        # what a factor analysis warns of is reported with the measurement
        warnings.simplefilter("ignore", SocialcapWarning)
        return solve(frame, items, int(specification["n_factors"]), chosen, None)
