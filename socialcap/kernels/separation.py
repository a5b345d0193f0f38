"""Separation found by linear programming before a model is fitted: which estimates would be infinite."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import linprog

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.likelihood import BoolArray

# on columns scaled to a largest size of one and directions within [-1, 1]
_TOLERANCE = 1e-6
_RANK_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Separation:
    """Whether and how far a likelihood has no maximum.

    kind: "none"; "quasi", some rows are predicted perfectly; "complete", all are. `infinite` (p,): the
    parameters without a finite estimate; `witness` (p,): a direction with few nonzero entries along which
    the likelihood never falls, zero when there is none (in "complete" separation all parameters are
    infinite, and the witness names those that suffice for it); `rows` (n,): the rows predicted perfectly.
    """

    kind: Literal["none", "quasi", "complete"]
    infinite: BoolArray
    witness: FloatArray
    rows: BoolArray


def binary_separation(y: FloatArray, x: FloatArray) -> Separation:
    """Separation of y (n,) in [0, 1] by x (n, k) of full column rank, for logit, probit and fractional logit.

    A direction d separates when x'd >= 0 where y = 1, <= 0 where y = 0, = 0 where y lies between, and is not
    zero everywhere (Albert and Anderson 1984; found by linear programming as in Konis 2007, section 4.2).
    """
    sign = np.where(y == 1.0, 1.0, -1.0)
    inside = (y > 0.0) & (y < 1.0)
    rows = np.flatnonzero(~inside)
    return _separation(sign[rows, None] * x[rows], rows, x[inside], y.size)


def ordered_separation(y: IntArray, x: FloatArray, n_categories: int) -> Separation:
    """Separation of codes y (n,) in 0..C-1, none empty, by x (n, k) without a constant; parameters are the
    slopes and then the C - 1 cutpoints.

    A direction separates when each row's upper cutpoint less its index never falls and its lower one never
    rises.
    """
    cuts = np.eye(n_categories - 1)
    below, above = np.flatnonzero(y < n_categories - 1), np.flatnonzero(y > 0)
    room = np.vstack(
        [
            np.column_stack([-x[below], cuts[y[below]]]),
            np.column_stack([x[above], -cuts[y[above] - 1]]),
        ]
    )
    none = np.empty((0, room.shape[1]))
    return _separation(room, np.concatenate([below, above]), none, y.size)


def multinomial_separation(y: IntArray, x: FloatArray, n_categories: int) -> Separation:
    """Separation of codes y (n,) in 0..C-1 by x (n, k) of full column rank; parameters are the slopes of
    categories 1 to C - 1 in turn, category 0 being the base.

    A direction separates when each row's own index never falls behind another's (Albert and Anderson 1984).
    """
    n, k = x.shape
    against = np.concatenate([np.zeros((1, n_categories - 1)), np.eye(n_categories - 1)])
    rivals = np.array([[c for c in range(n_categories) if c != own] for own in range(n_categories)])
    ahead = against[y][:, None, :] - against[rivals[y]]
    room = (ahead[..., None] * x[:, None, None, :]).reshape(-1, (n_categories - 1) * k)
    none = np.empty((0, room.shape[1]))
    return _separation(room, np.repeat(np.arange(n), n_categories - 1), none, n)


def poisson_separation(y: FloatArray, x: FloatArray) -> Separation:
    """Separation of counts y (n,) by x (n, k) of full column rank.

    A direction separates when x'd <= 0 where y = 0, = 0 where y > 0, and is not zero everywhere (Santos
    Silva and Tenreyro 2010; Correia, Guimaraes and Zylkin 2019).
    """
    rows = np.flatnonzero(y == 0)
    return _separation(-x[rows], rows, x[y > 0], y.size)


def _separation(room: FloatArray, rows: IntArray, fixed: FloatArray, n: int) -> Separation:
    """From inequalities room (m, p) d >= 0, each of the observation `rows` (m,), and equalities fixed d =
    0."""
    p = room.shape[1]
    scale = np.abs(np.vstack([room, fixed])).max(axis=0, initial=0.0)
    scale = np.where(scale > 0, scale, 1.0)
    room, fixed = room / scale, fixed / scale
    basis = _null_space(fixed)
    nothing = Separation("none", np.zeros(p, dtype=bool), np.zeros(p), np.zeros(n, dtype=bool))
    if basis.shape[1] == 0 or room.shape[0] == 0:
        return nothing
    free, group = np.unique(room @ basis, axis=0, return_inverse=True)
    if not _separates(free):
        return nothing
    won = _separable(free)[group]
    held = np.vstack([room[~won], fixed])
    infinite = np.abs(_null_space(held)).max(axis=1, initial=0.0) > _TOLERANCE
    witness = _sparse_direction(room, fixed, np.unique(room[won], axis=0)) / scale
    perfect = np.zeros(n, dtype=bool)
    perfect[rows[won]] = True
    complete = bool(won.all()) and fixed.shape[0] == 0
    return Separation("complete" if complete else "quasi", infinite, witness, perfect)


def _null_space(rows: FloatArray) -> FloatArray:
    """Orthonormal basis (p, r) of the directions that `rows` (m, p) send to zero."""
    p = rows.shape[1]
    if rows.shape[0] == 0:
        return np.eye(p)
    # the triangular factor has the same null space and at most p rows
    _, values, right = np.linalg.svd(np.linalg.qr(rows, mode="r"), full_matrices=True)
    rank = int((values > _RANK_TOLERANCE * max(1.0, values[0])).sum())
    return np.asarray(right[rank:].T)


def _separates(free: FloatArray) -> bool:
    """Whether some d has free d >= 0, not all zero: the largest sum of free d within the box [-1, 1]."""
    found = linprog(
        -free.sum(axis=0), A_ub=-free, b_ub=np.zeros(free.shape[0]), bounds=(-1.0, 1.0), method="highs"
    )
    gained = free @ found.x
    return bool(gained.max() > _TOLERANCE and gained.min() > -_TOLERANCE)


def _separable(free: FloatArray) -> BoolArray:
    """The rows (m,) that some separating direction predicts perfectly.

    Maximises sum s_i with 0 <= s_i <= 1 and s <= free d: directions may be lengthened and added, so that
    every separable row attains one.
    """
    m, p = free.shape
    found = linprog(
        np.concatenate([-np.ones(m), np.zeros(p)]),
        A_ub=np.hstack([np.eye(m), -free]),
        b_ub=np.zeros(m),
        bounds=[(0.0, 1.0)] * m + [(None, None)] * p,
        method="highs",
    )
    return np.asarray(found.x[:m] > 0.5)


def _sparse_direction(room: FloatArray, fixed: FloatArray, won: FloatArray) -> FloatArray:
    """The separating direction of least absolute sum that moves the separable rows by one on average."""
    p = room.shape[1]
    gain = won.mean(axis=0)
    equal = np.vstack([fixed, gain])
    found = linprog(
        np.ones(2 * p),
        A_ub=np.hstack([-room, room]),
        b_ub=np.zeros(room.shape[0]),
        A_eq=np.hstack([equal, -equal]),
        b_eq=np.concatenate([np.zeros(fixed.shape[0]), [1.0]]),
        method="highs",
    )
    direction = found.x[:p] - found.x[p:]
    return np.where(np.abs(direction) > _TOLERANCE * np.abs(direction).max(), direction, 0.0)
