"""Modification indices: score tests of every fixed or tied parameter, with the expected change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_likelihood import (
    Patterns,
    at_theta,
    complete_patterns,
    moment_gradient,
    row_hessian,
    row_information,
    row_scores,
)
from socialcap.kernels.cfa_ml import StructuralFit, inverse_information
from socialcap.kernels.cfa_model import ParameterTable, Part, directions, selection
from socialcap.kernels.cfa_table import Position, extend
from socialcap.kernels.cfa_wls import MomentSample, OrdinalStructure, Structure, effective_n

_SETTLED = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class ModificationIndices:
    """Score tests by entry of the extended table.

    table: the fitted table with the candidates added. index (G, R): chi-square with one degree of freedom for
    freeing that entry alone; change (G, R): its expected value less the present one. Not-a-number for entries
    that are free already or whose freeing the data could not identify.
    """

    table: ParameterTable
    index: FloatArray
    change: FloatArray


def candidates(table: ParameterTable) -> list[Position]:
    """Cross-loadings and residual covariances that the table does not hold."""
    held = {(int(a), int(b), int(c)) for a, b, c in zip(table.part, table.row, table.col, strict=True)}
    loadings = [(Part.LOADINGS, i, f) for f in range(table.n_latent) for i in range(table.n_items)]
    pairs = [(Part.RESIDUAL_COV, i, j) for i in range(table.n_items) for j in range(i)]
    return [position for position in [*loadings, *pairs] if position not in held]


def modification_ml(
    fit: StructuralFit, positions: Sequence[Position], data: Patterns | None = None
) -> ModificationIndices:
    """Modification indices of an ML fit from expected information; from observed information given patterns.

    index = N s^2 / (I_rr - I_rq I_qq^-1 I_qr) with score s per case (Sorbom 1989; Saris, Satorra and Sorbom
    1987). An entry that is tied to others is released alone, which is the test that partial invariance needs.
    """
    expected = data is None
    if data is None:
        data = complete_patterns(fit.group_n, fit.sample_mean, fit.sample_cov)
    table = extend(fit.table, positions)
    at, seen_as = at_theta(table, data, fit.theta)
    along = directions(table, at)
    slope = moment_gradient(data, seen_as, table.n_groups)
    scores = -row_scores(along, *slope)
    if expected:
        information = row_information(data, seen_as, along, table.means)
    else:
        information = row_hessian(table, data, at, seen_as, along, slope)
    return _score_tests(table, scores, information, fit.n_obs)


def modification_wlsmv(
    fit: StructuralFit, sample: MomentSample, positions: Sequence[Position]
) -> ModificationIndices:
    """Modification indices of a WLSMV fit: score tests of the DWLS criterion, not scaled (lavaan's `mi`)."""
    table = extend(fit.table, positions)
    structure: Structure = OrdinalStructure(table)
    share = (sample.n / sample.n.sum())[:, None]
    weight = share / np.diagonal(sample.gamma, axis1=1, axis2=2)
    jacobian = structure.row_jacobian(fit.theta)
    scores = np.einsum("grm,gm->gr", jacobian, weight * (sample.moments - structure.moments(fit.theta)))
    information = (jacobian * weight[:, None, :]) @ np.swapaxes(jacobian, 1, 2)
    return _score_tests(table, scores, information, effective_n(sample))


def _score_tests(
    table: ParameterTable, scores: FloatArray, information: FloatArray, n_obs: float
) -> ModificationIndices:
    """Score tests (G, R) from scores (G, R) and information (G, R, R) per case by table rows."""
    chosen = selection(table)
    mixed = information @ chosen
    inverse = inverse_information((np.swapaxes(chosen, 1, 2) @ mixed).sum(0))
    own = np.diagonal(information, axis1=1, axis2=2)
    left = own - np.einsum("grq,qs,grs->gr", mixed, inverse, mixed)
    multiple = np.bincount(table.free[table.free >= 0], minlength=table.n_free + 1)[table.free] > 1
    testable = ((table.free < 0) | multiple) & (left > _SETTLED * own)
    left = np.where(testable, left, np.nan)
    return ModificationIndices(table, n_obs * scores**2 / left, scores / left)
