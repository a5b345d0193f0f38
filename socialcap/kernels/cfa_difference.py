"""Comparison of nested structural models, and the series of measurement invariance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_fit import FitMeasures
from socialcap.kernels.cfa_ml import StructuralFit, fit_ml
from socialcap.kernels.cfa_model import ParameterTable, selection
from socialcap.kernels.cfa_robust import scaling_at
from socialcap.kernels.cfa_wls import MomentSample, OrdinalStructure


@dataclass(frozen=True, slots=True)
class DifferenceTest:
    """Chi-square difference of a restricted and a freer model, its df and probability.

    Not-a-number where a scaled difference has a negative scaling factor (then try the 2010 version).
    """

    chi2: float
    df: int
    p_value: float


def difference(restricted: StructuralFit, freer: StructuralFit) -> DifferenceTest:
    """Likelihood-ratio difference of two ML fits."""
    return _test(restricted.chi2 - freer.chi2, restricted.df - freer.df)


def difference_scaled(restricted: StructuralFit, freer: StructuralFit) -> DifferenceTest:
    """Scaled difference of two MLR fits: (X0 - X1) / c with c = (d0 c0 - d1 c1) / (d0 - d1).

    Satorra and Bentler (2001).
    """
    return _scaled(restricted, freer, freer.scaling)


def difference_positive(
    restricted: StructuralFit, freer: StructuralFit, rows: FloatArray, group: IntArray
) -> DifferenceTest:
    """Scaled difference that is positive by construction (Satorra and Bentler 2010).

    As `difference_scaled` with c1 taken at the parameters of the freer model that reproduce the restricted
    model's moments; rows (n, p), NaN where missing, and group (n,) as in `fit_mlr`.
    """
    same = fit_ml(freer.table, freer.group_n, restricted.implied_mean, restricted.implied_cov, freer.theta)
    return _scaled(restricted, freer, scaling_at(freer.table, same.theta, rows, group))


def _scaled(restricted: StructuralFit, freer: StructuralFit, freer_scaling: float) -> DifferenceTest:
    df = restricted.df - freer.df
    if df <= 0:
        return _test(np.nan, df)
    factor = (restricted.df * restricted.scaling - freer.df * freer_scaling) / df
    return _test((restricted.chi2 - freer.chi2) / factor if factor > 0.0 else np.nan, df)


def difference_wlsmv(restricted: StructuralFit, freer: StructuralFit, sample: MomentSample) -> DifferenceTest:
    """Scaled and shifted difference of two WLSMV fits (Satorra 2000; Asparouhov and Muthen 2006).

    a (X0 - X1) + b with a^2 = df / tr(U Gamma U Gamma), b = df - a tr(U Gamma) and
    U = W J1 P^-1 A' (A P^-1 A')^-1 A P^-1 J1' W, P = J1' W J1, where the rows of A span what J1^+ J0 leaves
    out.
    """
    share = (sample.n / sample.n.sum())[:, None]
    weight = (share / np.diagonal(sample.gamma, axis1=1, axis2=2)).ravel()
    first, second = _stacked_jacobian(restricted), _stacked_jacobian(freer)
    df = restricted.df - freer.df
    span = np.linalg.lstsq(second, first, rcond=None)[0]
    restriction = np.linalg.svd(span.T)[2][-df:]
    inverse = np.linalg.inv((second * weight[:, None]).T @ second)
    turned = restriction @ inverse
    middle = turned.T @ np.linalg.solve(turned @ restriction.T, turned)
    projected = (second * weight[:, None]).reshape(*sample.moments.shape, -1)
    gamma = sample.gamma / share[:, :, None]
    meat = (np.swapaxes(projected, 1, 2) @ gamma @ projected).sum(0)
    product = middle @ meat
    shrink = float(np.sqrt(df / np.trace(product @ product)))
    return _test(shrink * (restricted.chi2 - freer.chi2) + df - shrink * float(np.trace(product)), df)


def _stacked_jacobian(fit: StructuralFit) -> FloatArray:
    """Derivative (G m, q) of the ordinal moments of all groups by the free parameters."""
    by_row = OrdinalStructure(fit.table).row_jacobian(fit.theta)
    return (np.swapaxes(by_row, 1, 2) @ selection(fit.table)).reshape(-1, fit.table.n_free)


def _test(chi2: float, df: int) -> DifferenceTest:
    testable = df > 0 and np.isfinite(chi2)
    return DifferenceTest(chi2, df, float(chdtrc(df, max(chi2, 0.0))) if testable else np.nan)


@dataclass(frozen=True, slots=True)
class InvarianceStep:
    """One level of the series; difference and deltas from the level before are None at the first."""

    level: str
    fit: StructuralFit
    measures: FitMeasures
    difference: DifferenceTest | None
    delta_cfi: float | None
    delta_rmsea: float | None


def invariance_series(
    tables: Mapping[str, ParameterTable],
    estimate: Callable[[ParameterTable], StructuralFit],
    measure: Callable[[StructuralFit], FitMeasures],
    compare: Callable[[StructuralFit, StructuralFit], DifferenceTest],
) -> list[InvarianceStep]:
    """Fits of tables from free to restricted (level: table), each compared with the one before.

    CFI and RMSEA are the robust ones where the measures have them, else the plain ones: a fall of more than
    .01 in CFI is the usual sign against invariance (Cheung and Rensvold 2002).
    """
    steps: list[InvarianceStep] = []
    for level, table in tables.items():
        fit = estimate(table)
        measures = measure(fit)
        if not steps:
            steps.append(InvarianceStep(level, fit, measures, None, None, None))
            continue
        now, before = (m.robust or m.plain for m in (measures, steps[-1].measures))
        test = compare(fit, steps[-1].fit)
        steps.append(
            InvarianceStep(level, fit, measures, test, now.cfi - before.cfi, now.rmsea - before.rmsea)
        )
    return steps
