"""Least squares on many kinds of scores of the same items, from cross-products that they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.ols import solve_cross_products
from socialcap.kernels.pipeline import (
    Basis,
    Fit,
    ScoreDesign,
    cross_products,
    regression_by_likelihood,
    regression_by_rows,
)


@dataclass(frozen=True, slots=True)
class ScaledWeights:
    """What makes scores of items in C replicates: score = (z - mean) weights, z standardised over the sample.

    weights (C, p, s): score weights over the replicate's standard deviations; mean (C, p).
    """

    weights: FloatArray
    mean: FloatArray


Coefficients = Callable[[FloatArray, ScaledWeights], FloatArray]
"""From cross-products (C, u, u) and weights to the coefficients (C, q)."""


@dataclass(frozen=True, slots=True)
class SharedRegression:
    """Least squares of one outcome on fixed columns and scores, split where the scores begin.

    `products` turns counts (C, n) of the regression's rows into cross-products (C, u, u) that serve whatever
    scores; `coefficients` turns these and the weights of the scores into the coefficients (C, q).
    """

    products: Callable[[FloatArray], FloatArray]
    coefficients: Coefficients


def adds_scores(design: ScoreDesign) -> bool:
    """Whether the design is least squares on scores that enter by themselves, so that cross-products do."""
    degree = design.powers.sum(axis=1)
    alone = np.all(design.fixed[:, degree > 0] == 1.0) and degree.max(initial=0) <= 1
    return design.model == "ols" and bool(alone)


def shared_regression(z: FloatArray, design: ScoreDesign) -> SharedRegression:
    """The regression of `design` (see `adds_scores`) on scores of items `z` (n, p).

    The rows may be part of those that the items were measured on: neither means nor covariances of the
    scores are assumed. With U = [1, Q, e, z], Q orthonormal fixed columns and e the outcome's residual on
    them, the cross-products of regressors and outcome are T'(U'diag(counts)U)T, where T holds the weights.
    """
    of_scores = design.powers.sum(axis=1) == 1
    basis = Basis(design.fixed[:, ~of_scores], design.y)
    fixed, n_basis = basis.n_columns, basis.columns.shape[1]
    columns = np.column_stack([np.ones(len(z)), basis.columns, z])
    of_basis, of_items = slice(1, 1 + n_basis), slice(1 + n_basis, None)
    regressors = np.empty(len(of_scores), dtype=np.int64)
    regressors[~of_scores] = np.arange(fixed)
    regressors[of_scores] = n_basis + np.argmax(design.powers[of_scores], axis=1)
    outcome = fixed if design.outcome is None else n_basis + design.outcome

    def coefficients(products: FloatArray, made: ScaledWeights) -> FloatArray:
        shift = made.mean[:, None, :] @ made.weights
        with_scores = products[:, :, of_items] @ made.weights - products[:, :, :1] * shift
        s = made.weights.shape[2]
        gram = np.empty((len(products), n_basis + s, n_basis + s))
        gram[:, :n_basis, :n_basis] = products[:, of_basis, of_basis]
        gram[:, :n_basis, n_basis:] = with_scores[:, of_basis]
        gram[:, n_basis:, :n_basis] = np.swapaxes(with_scores[:, of_basis], 1, 2)
        gram[:, n_basis:, n_basis:] = (
            np.swapaxes(made.weights, 1, 2) @ with_scores[:, of_items]
            - np.swapaxes(shift, 1, 2) * with_scores[:, :1]
        )
        found = solve_cross_products(gram[:, regressors[:, None], regressors], gram[:, regressors, outcome])
        found[:, ~of_scores] = basis.back(found[:, ~of_scores])
        return found

    return SharedRegression(cross_products(columns, columns), coefficients)


def regression_on_rows(z: FloatArray, design: ScoreDesign) -> Fit:
    """The regressions that cross-products do not serve: products of scores, and likelihoods."""
    by_rows = regression_by_rows if design.model == "ols" else regression_by_likelihood
    return by_rows(z, design)
