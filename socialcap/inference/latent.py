"""Measurement and regression in one structural model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.inference.coefficients import coefficient_frame
from socialcap.inference.designs import LabelledDesign, score_design
from socialcap.inference.factor_names import require_measurement
from socialcap.inference.rows import complete_rows
from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_fit import baseline_ml, fit_measures
from socialcap.kernels.cfa_ml import StructuralFit, fit_ml, full_rank
from socialcap.kernels.cfa_model import FIXED, ParameterTable, Part, matrices
from socialcap.kernels.cfa_robust import fit_mlr
from socialcap.kernels.cfa_table import confirmatory_table, find_row
from socialcap.kernels.threads import single_thread
from socialcap.measurement.items import item_values
from socialcap.regression.checks import check_collinear, require_known
from socialcap.regression.formula import read_formula
from socialcap.regression.terms import LevelLabels
from socialcap.results import Text
from socialcap.results.inference import LatentRegressionResult
from socialcap.results.measurement import label_of

Estimator = Literal["ml", "mlr"]
_COMPLEX_STEP = 1e-30
_FEWEST_ITEMS = 2


def latent_regression(
    frame: pd.DataFrame,
    formula: str,
    measurement: Mapping[str, Sequence[str]],
    *,
    estimator: Estimator = "ml",
    level: float = 0.95,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
) -> LatentRegressionResult:
    """The regression `formula` on the factors of `measurement` (name -> its own items), all in one step.

    A structural equation model by maximum likelihood over the rows complete on everything: factors with unit
    variance, observed regressors and outcome as single indicators without error, regressors and factors free
    to correlate. The outcome may be a factor too; its coefficients are then in its standard deviations
    (errors by the delta method). "ml": errors from expected information; "mlr": Huber-White errors. Slopes
    only: the covariances tell nothing of the constant. Statistics are normal.

    Raises UsageError for unknown names (with the nearest), a factor with fewer than two items, an item of two
    factors, factors in products or a formula without a constant; EstimationError for collinear regressors, a
    model that is not identified, or one that does not converge.
    """
    require_known("estimator", estimator, ("ml", "mlr"))
    if not 0 < level < 1:
        raise UsageError(f"level = {level:g} is not between 0 and 1")
    items = require_measurement(frame, measurement, _FEWEST_ITEMS)
    columns = list(map(str, frame.columns))
    equations = read_formula(formula, [*columns, *measurement])
    rows = complete_rows(frame, items, [name for name in columns if name in equations.variables()])
    made = score_design(equations, rows.frame, list(measurement), "ols", labels or {}, level_labels or {})
    if not made.linear:
        raise UsageError(f"{formula!r}: factors must enter by themselves, not in products")
    if "Intercept" not in made.names:
        raise UsageError(f"{formula!r}: the structural model needs a constant")
    plain = made.kernel.powers.sum(axis=1) == 0
    names = [name for name, is_plain in zip(made.names, plain, strict=True) if is_plain]
    x = pd.DataFrame(made.kernel.fixed[:, plain], columns=names)
    check_collinear(x, formula)
    covariates = x.drop(columns="Intercept")
    model = _Model(made, item_values(rows.frame, items)[1], items, measurement, covariates)
    with single_thread():
        fit = model.fit(estimator)
    estimate, error = model.slopes(fit)
    measures = fit_measures(fit, baseline_ml(fit.group_n, fit.sample_cov))
    plain_fit = measures.plain
    return LatentRegressionResult(
        method="sem",
        estimator=estimator,
        formula=formula,
        outcome=made.outcome,
        coefficients=coefficient_frame(model.names, estimate, error, level, np.inf),
        loadings=model.loadings(fit),
        fit={
            "chi2": float(fit.chi2_scaled),
            "df": float(fit.df),
            "cfi": float(plain_fit.cfi),
            "rmsea": float(plain_fit.rmsea),
            "srmr": float(measures.srmr),
        },
        terms={name: term for name, term in made.terms.items() if name != "Intercept"},
        n_obs=len(rows.frame),
        dropped=rows.dropped,
        level=level,
        outcome_label=label_of(labels or {}, made.outcome),
    )


class _Model:
    """The structural model of a design: latents are factors, then covariates, then an observed outcome."""

    def __init__(
        self,
        made: LabelledDesign,
        values: FloatArray,
        items: Sequence[str],
        measurement: Mapping[str, Sequence[str]],
        covariates: pd.DataFrame,
    ) -> None:
        self.measurement, self.items = measurement, list(items)
        k = len(measurement)
        observed = [values, covariates.to_numpy(dtype=float)]
        if made.kernel.y is not None:
            observed.append(made.kernel.y[:, None])
        rows = np.hstack(observed)
        self.spread = rows.std(axis=0)
        self.rows = (rows - rows.mean(axis=0)) / self.spread
        p, latents = rows.shape[1], k + rows.shape[1] - len(items)
        self.pattern = np.zeros((p, latents), dtype=bool)
        for j, own in enumerate(measurement.values()):
            self.pattern[[self.items.index(item) for item in own], j] = True
        self.pattern[np.arange(len(items), p), np.arange(k, latents)] = True
        self.outcome = latents - 1 if made.kernel.outcome is None else made.kernel.outcome
        place = {name: k + i for i, name in enumerate(covariates.columns)}
        of_score = {made.names[j]: int(np.argmax(made.kernel.powers[j])) for j in range(len(made.names))}
        self.names = [name for name in made.names if name != "Intercept"]
        self.source = [place.get(name, of_score[name]) for name in self.names]
        if self.outcome in self.source:
            raise UsageError("the outcome cannot be one of its own regressors")
        used = {self.outcome, *self.source}
        # factors that the formula does not name would change the model of the others
        self.kept = [f for f in range(latents) if f in used]
        scale = [1.0 if f < k else self.spread[len(items) + f - k] for f in range(latents)]
        top = 1.0 if self.outcome < k else scale[self.outcome]
        self.units = np.array([top / scale[f] for f in self.source])
        self.latent_outcome = self.outcome < k

    def table(self) -> tuple[ParameterTable, list[int]]:
        """The parameter table over the items of the factors used, and which columns of the rows these are."""
        seen = [i for i in range(self.pattern.shape[0]) if self.pattern[i, self.kept].any()]
        to = self.kept.index(self.outcome)
        paths = [(to, self.kept.index(f)) for f in self.source]
        pattern = self.pattern[np.ix_(seen, self.kept)]
        return confirmatory_table(pattern, unit_variance=True, regressions=paths), seen

    def fit(self, estimator: Estimator) -> StructuralFit:
        """Estimates. Raises EstimationError where there are none to be had."""
        table, seen = self.table()
        rows = self.rows[:, seen]
        cov = rows.T @ rows / len(rows)
        if not full_rank(cov):
            raise EstimationError("items and regressors repeat or add up to one another")
        try:
            if estimator == "mlr":
                fit = fit_mlr(table, rows, np.zeros(len(rows), dtype=np.int64))
            else:
                fit = fit_ml(table, np.array([float(len(rows))]), np.zeros((1, len(seen))), cov[None])
        except np.linalg.LinAlgError:
            raise EstimationError("the structural model has no estimates: its moments are singular") from None
        if not fit.identified:
            raise EstimationError(
                "the structural model is not identified: a factor with two items must go with something else"
            )
        if not fit.converged:
            raise EstimationError("the structural model did not converge")
        return fit

    def slopes(self, fit: StructuralFit) -> tuple[FloatArray, FloatArray]:
        """Slopes (q,) in the units of the data, factors in standard deviations, and standard errors (q,)."""
        step = fit.theta + 1j * _COMPLEX_STEP * np.eye(fit.theta.size)
        estimate = self._in_units(fit, fit.theta[None])[0]
        jacobian = self._in_units(fit, step).imag / _COMPLEX_STEP
        variance = np.einsum("ai,ab,bi->i", jacobian, fit.vcov, jacobian)
        return estimate.real, np.sqrt(variance)

    def _in_units(self, fit: StructuralFit, theta: FloatArray) -> FloatArray:
        """Slopes (..., q) at parameters (..., t), signed so that the loadings of each factor sum positive."""
        to = self.kept.index(self.outcome)
        at = matrices(fit.table, theta)
        rows = [find_row(fit.table, (Part.REGRESSIONS, to, self.kept.index(f))) for f in self.source]
        assert (fit.table.free[0, rows] != FIXED).all()
        found = theta[..., fit.table.free[0, rows]] * self.units
        sign = self._signs(fit)
        if self.latent_outcome:
            spread = np.sqrt(at.latent_cov[..., 0, to, to])
            found = found / spread[..., None]
        moved = np.array([sign[self.kept.index(f)] for f in self.source]) * sign[to]
        return np.asarray(found * moved)

    def _signs(self, fit: StructuralFit) -> FloatArray:
        """Sign (k,) of each latent that makes its loadings sum positive: a unit variance leaves it open."""
        total = matrices(fit.table, fit.theta).loadings[0].sum(axis=0)
        return np.where(total < 0.0, -1.0, 1.0)

    def loadings(self, fit: StructuralFit) -> pd.DataFrame:
        """Standardised loading of each item on its factor."""
        at, sign = matrices(fit.table, fit.theta), self._signs(fit)
        _, seen = self.table()
        unit = np.sqrt(np.diagonal(at.latent_cov[0])) * sign
        rows = [
            (factor, item, float(at.loadings[0, seen.index(self.items.index(item)), f] * unit[f]))
            for j, (factor, own) in enumerate(self.measurement.items())
            if j in self.kept
            for f in [self.kept.index(j)]
            for item in own
        ]
        return pd.DataFrame(rows, columns=["factor", "item", "loading"])
