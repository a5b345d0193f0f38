"""Marginal effects with delta-method standard errors: slopes, discrete changes and predictions, of any model.

A model enters by its response (`socialcap.kernels.responses`) and its parameters, ordered as the fits order
them: the slopes of each index in turn, then the further parameters (cutpoints, sigma, log sigma and atanh
rho). A variable enters by its effect on the whole design: squares and interactions move with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.responses import Response

ResponseFunction = Callable[[FloatArray, FloatArray], Response]
Designs = Sequence[FloatArray]


@dataclass(frozen=True, slots=True)
class Margins:
    """Effects on C expected outcomes: effects (..., C), their vcov (..., C, C), and jacobian (..., C, P) in
    the parameters.
    """

    effects: FloatArray
    vcov: FloatArray
    jacobian: FloatArray

    @property
    def std_errors(self) -> FloatArray:
        """Square roots of the diagonal of vcov (..., C)."""
        return np.sqrt(np.diagonal(self.vcov, axis1=-2, axis2=-1))


def rebuilt_derivative(rebuild: Callable[[float], FloatArray], step: float) -> FloatArray:
    """Derivative (..., n, k) of the design in a variable, from `rebuild(h)`, the design with h added to it.

    Central differences of fourth order: exact but for rounding where the design is a polynomial of degree
    four or less in the variable, otherwise with an error of order step^4. `step` is in the variable's units;
    a thousandth of its standard deviation is a good one.
    """
    near = rebuild(step) - rebuild(-step)
    far = rebuild(2.0 * step) - rebuild(-2.0 * step)
    return np.asarray((8.0 * near - far) / (12.0 * step))


def average_prediction(
    response: ResponseFunction,
    parameters: FloatArray,
    vcov: FloatArray,
    designs: Designs,
    weights: FloatArray | None = None,
) -> Margins:
    """Weighted mean over rows of the expected outcomes, the design (..., n, k_m) of each index given.

    parameters (..., P), vcov (..., P, P). With one row: the prediction at chosen values; a curve is one call
    for each point.
    """
    share = _shares(designs[0], weights)
    at = _response(response, parameters, designs)
    effects = (share[..., None] * at.value).sum(axis=-2)
    blocks = [np.swapaxes(share[..., None] * at.first[..., m], -1, -2) @ x for m, x in enumerate(designs)]
    blocks.append((share[..., None, None] * at.further).sum(axis=-3))
    return _margins(effects, np.concatenate(blocks, axis=-1), vcov)


def average_slope(
    response: ResponseFunction,
    parameters: FloatArray,
    vcov: FloatArray,
    designs: Designs,
    derivatives: Designs,
    weights: FloatArray | None = None,
) -> Margins:
    """Weighted mean over rows of the derivative of the expected outcomes in a variable.

    `derivatives`, shaped as `designs`, hold that of each index's design in the variable, zero in columns it
    does not enter (`rebuilt_derivative`, or exact). All rows: the average marginal effect; one row of means
    or chosen values, rebuilt from the variables: the effect there. Mean of sum_m mu_m d_m'b_m, mu_m the
    derivative of the outcome in index m; its gradient in the parameters is exact (Greene 2018, section
    17.2.4; Wooldridge 2010, section 15.6).
    """
    share = _shares(designs[0], weights)
    at = _response(response, parameters, designs)
    moved = _indices(parameters, derivatives)
    effects = (share[..., None] * (at.first * moved[..., None, :]).sum(axis=-1)).sum(axis=-2)
    turned = (at.second * moved[..., None, None, :]).sum(axis=-1)
    blocks = [
        np.swapaxes(share[..., None] * at.first[..., m], -1, -2) @ d
        + np.swapaxes(share[..., None] * turned[..., m], -1, -2) @ x
        for m, (x, d) in enumerate(zip(designs, derivatives, strict=True))
    ]
    further = (at.cross * moved[..., None, :, None]).sum(axis=-2)
    blocks.append((share[..., None, None] * further).sum(axis=-3))
    return _margins(effects, np.concatenate(blocks, axis=-1), vcov)


def average_change(
    response: ResponseFunction,
    parameters: FloatArray,
    vcov: FloatArray,
    before: Designs,
    after: Designs,
    weights: FloatArray | None = None,
) -> Margins:
    """Weighted mean over rows of the expected outcomes under the designs `after` less those under `before`.

    For a discrete variable: the designs rebuilt with every row at one value and at the other.
    """
    low = average_prediction(response, parameters, vcov, before, weights)
    high = average_prediction(response, parameters, vcov, after, weights)
    return _margins(high.effects - low.effects, high.jacobian - low.jacobian, vcov)


def joint_margins(parts: Sequence[Margins], vcov: FloatArray) -> Margins:
    """Several margins of one fit as one, with the covariances between them; vcov (..., P, P) of the fit."""
    effects = np.concatenate([part.effects for part in parts], axis=-1)
    return _margins(effects, np.concatenate([part.jacobian for part in parts], axis=-2), vcov)


def _margins(effects: FloatArray, jacobian: FloatArray, vcov: FloatArray) -> Margins:
    return Margins(effects, np.asarray(jacobian @ vcov @ np.swapaxes(jacobian, -1, -2)), jacobian)


def _shares(design: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Weights of the rows (..., n), with sum one."""
    if weights is None:
        return np.full(design.shape[-2], 1.0 / design.shape[-2])
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _indices(parameters: FloatArray, designs: Designs) -> FloatArray:
    """Index of each design (..., n, M), the parameters' slopes taken in turn."""
    out, first = [], 0
    for x in designs:
        slopes = parameters[..., first : first + x.shape[-1]]
        out.append((x @ slopes[..., None])[..., 0])
        first += x.shape[-1]
    return np.stack(out, axis=-1)


def _response(response: ResponseFunction, parameters: FloatArray, designs: Designs) -> Response:
    slopes = sum(x.shape[-1] for x in designs)
    return response(_indices(parameters, designs), parameters[..., slopes:])
