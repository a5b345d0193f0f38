"""Search for the optimum of a structural model, with another identification where the first leads nowhere."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_model import FIXED, ParameterTable, Part, entries
from socialcap.kernels.cfa_scoring import Criterion, Optimum, descend, search
from socialcap.kernels.cfa_table import renumber


def find_optimum(
    table: ParameterTable,
    criterion: Callable[[ParameterTable], Criterion],
    starts: Callable[[ParameterTable], Iterator[FloatArray]],
) -> Optimum:
    """Optimum of a table's criterion, from its starts or by way of its twin with unit latent variances.

    A fixed loading on an item that hardly belongs to its latent makes the criterion a long, bent valley; with
    unit variances the same model is well behaved, and its optimum, rescaled, is the start that was missing.
    """
    best = search(criterion(table), starts(table))
    markers = _markers(table)
    if best.converged or markers is None:
        return best
    twin = _unit_variance_twin(table, markers)
    found = search(criterion(twin), starts(twin))
    if not found.converged:
        return best
    again = descend(criterion(table), _rescaled(table, markers, entries(twin, found.theta)[0]))
    return again if again.converged else best


def _markers(table: ParameterTable) -> IntArray | None:
    """Rows of the loadings that set the scale of latents with free variance; None where there is no twin.

    Only single groups without latent regressions and without tied parameters have one here.
    """
    free = table.free[table.free >= 0]
    regressions = table.rows_of(Part.REGRESSIONS)
    if table.n_groups > 1 or free.size > table.n_free or regressions.stop > regressions.start:
        return None
    varying = (table.part == Part.FACTOR_COV) & (table.row == table.col) & (table.free[0] >= 0)
    fixed = (table.part == Part.LOADINGS) & (table.free[0] == FIXED) & (table.value[0] != 0.0)
    rows = [np.flatnonzero(fixed & (table.col == f)) for f in table.row[varying]]
    if not rows or any(of_latent.size != 1 for of_latent in rows):
        return None
    return np.concatenate(rows)


def _unit_variance_twin(table: ParameterTable, markers: IntArray) -> ParameterTable:
    """The same model with markers free and their latents' variances fixed at one."""
    free, value = table.free.copy(), table.value.copy()
    own = np.isin(table.row, table.col[markers]) & (table.row == table.col) & (table.part == Part.FACTOR_COV)
    free[0, own], value[0, own] = FIXED, 1.0
    free[0, markers] = table.n_free + np.arange(markers.size)
    return replace(table, free=renumber(free), value=value)


def _rescaled(table: ParameterTable, markers: IntArray, twin: FloatArray) -> FloatArray:
    """Parameters (q,) of the table from the twin's entries (R,): latents take the scale of their markers."""
    scale = np.ones(table.n_latent)
    scale[table.col[markers]] = twin[markers] / table.value[0, markers]
    filled = twin.copy()
    rows = table.rows_of(Part.LOADINGS)
    filled[rows] /= scale[table.col[rows]]
    rows = table.rows_of(Part.FACTOR_COV)
    filled[rows] *= scale[table.row[rows]] * scale[table.col[rows]]
    theta = np.empty(table.n_free)
    theta[table.free[0][table.free[0] >= 0]] = filled[table.free[0] >= 0]
    return theta
