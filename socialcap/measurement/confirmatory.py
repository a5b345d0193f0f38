"""Confirmatory factor analysis: items by factor in, estimates, fit and validity out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, SocialcapWarning, UsageError
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_standardized import standardized_solution
from socialcap.kernels.cfa_table import Position
from socialcap.kernels.threads import single_thread
from socialcap.measurement.estimators import ESTIMATOR_NAMES, Estimator, EstimatorName, make_estimator
from socialcap.measurement.factor_model import (
    FactorModel,
    Identification,
    Level,
    factor_model,
    level_problems,
    released_positions,
)
from socialcap.measurement.fit_checks import require_enough_moments, require_solution, solution_cautions
from socialcap.measurement.labelled_fit import (
    Validity,
    fit_statistics,
    loading_table,
    parameter_table,
    score_test_table,
)
from socialcap.measurement.model_data import Missing, ModelData, model_data
from socialcap.results import Caution, Text
from socialcap.results.confirmatory import ConfirmatoryResult


def confirmatory(
    frame: pd.DataFrame,
    model: Mapping[str, Sequence[str]],
    *,
    estimator: EstimatorName = "ml",
    missing: Missing | None = None,
    groups: pd.Series | str | None = None,
    invariance: Level | None = None,
    free: Sequence[str] = (),
    residual_covariances: Sequence[tuple[str, str]] = (),
    identification: Identification = "marker",
    labels: Mapping[str, Text] | None = None,
) -> ConfirmatoryResult:
    """Factor model of the items in `frame` (n, p), all factors correlated, with fit, validity, score tests.

    model: items by factor. estimator: ml (normal theory), mlr (ml with robust errors and scaled test), fiml
    (ml over incomplete rows), uls (least squares on covariances), wlsmv (items in ordered categories, through
    polychoric correlations); definitions in `socialcap.kernels.cfa_ml`, `cfa_robust`, `cfa_fiml`, `cfa_wls`,
    lavaan's conventions throughout. missing: listwise, or fiml (ml and mlr), which keeps rows with some items
    missing; fiml is the same as ml with missing="fiml".
    groups: a column or a series; groups are sorted (categories keep their order), and the first is the one
    whose latent means are zero where intercepts are equal. invariance: configural, metric, scalar or strict
    (wlsmv: configural, scalar). free: parameters released from it (partial invariance), spelled `trust=~t2`,
    `t2~1`, `t2~~t2`, `t2|1`. residual_covariances: pairs of items. identification: marker (the first loading
    of each factor is one) or unit_variance. labels: what items and factors are called.

    Raises UsageError for a call that cannot be meant, EstimationError for data that cannot be used, a model
    that is not identified (its parameters are named) or does not converge. Warns (SocialcapWarning) of
    negative variances, by item or factor, and of factors that all but coincide.
    """
    setup = prepare(
        frame,
        model,
        estimator=estimator,
        missing=missing,
        groups=groups,
        residual_covariances=residual_covariances,
        identification=identification,
        invariance=invariance,
        free=free,
    )
    with single_thread():
        result = setup.result(setup.fit(invariance or "configural"), invariance, labels or {})
    warn_of(result.cautions)
    return result


@dataclass(frozen=True)
class Setup:
    """A model and the sample it is fitted to, checked; released: places of the parameters in `free`."""

    model: FactorModel
    data: ModelData
    name: EstimatorName
    missing: Missing
    means: bool
    estimator: Estimator
    free: tuple[str, ...] = ()
    released: tuple[Position, ...] = ()

    def fit(self, level: str, what: str = "") -> StructuralFit:
        """The model under an invariance level. Raises EstimationError as `confirmatory`."""
        table = self.model.table(
            means=self.means,
            n_groups=self.data.n_groups,
            level=level,
            released=self.released,
            n_categories=self.data.n_categories,
        )
        require_enough_moments(self.model, table, self.data.n_categories)
        try:
            fit = self.estimator.fit(table)
        except np.linalg.LinAlgError as error:
            raise EstimationError(
                f"{what + ': ' if what else ''}the model cannot be estimated: {error}"
            ) from error
        require_solution(fit, self.model, self.data.names, what)
        return fit

    def result(
        self, fit: StructuralFit, invariance: str | None, labels: Mapping[str, Text]
    ) -> ConfirmatoryResult:
        """The fit with its labels."""
        groups, standard = self.data.names, standardized_solution(fit)
        parameters = parameter_table(fit, standard, self.model, groups)
        validity = Validity(fit, standard, self.model, groups)
        tests = self.estimator.score_tests(fit)
        return ConfirmatoryResult(
            factors=self.model.members,
            estimator=self.name,
            missing=self.missing,
            identification=self.model.identification,
            group_n=pd.Series(fit.group_n.astype(int), index=list(groups or ("",)), name="n"),
            parameters=parameters,
            loadings=loading_table(parameters),
            factor_corr=validity.factor_corr,
            r_squared=validity.r_squared,
            fit=fit_statistics(fit, self.estimator.measures(fit)),
            ave=validity.ave,
            cr=validity.cr,
            fornell_larcker=validity.fornell_larcker,
            n_obs=int(fit.n_obs),
            dropped=self.data.dropped,
            converged=fit.converged,
            n_iterations=fit.n_iterations,
            htmt_matrix=validity.htmt,
            score_tests=None if tests is None else score_test_table(tests, fit, self.model, groups),
            invariance=(invariance or "configural") if groups else None,
            released=self.free,
            cautions=tuple(solution_cautions(fit, self.model, groups)),
            labels=labels,
        )


def prepare(
    frame: pd.DataFrame,
    model: Mapping[str, Sequence[str]],
    *,
    estimator: EstimatorName,
    missing: Missing | None = None,
    groups: pd.Series | str | None = None,
    residual_covariances: Sequence[tuple[str, str]] = (),
    identification: Identification = "marker",
    invariance: Level | None = None,
    free: Sequence[str] = (),
) -> Setup:
    """Everything checked that can be before a model is fitted. Raises UsageError and EstimationError."""
    columns = [str(column) for column in frame.columns]
    problems: list[Problem] = []
    try:
        factors = factor_model(model, columns, residual_covariances, identification)
    except UsageError as error:
        problems += error.problems
    ordinal = estimator == "wlsmv"
    problems += _option_problems(estimator, missing)
    problems += level_problems(invariance, ordinal=ordinal, grouped=groups is not None)
    if free and groups is None:
        problems.append(Problem("free releases parameters from equality over groups", expected="groups=..."))
    if problems:
        raise UsageError("this factor model cannot be used", problems)
    rule: Missing = missing or ("fiml" if estimator == "fiml" else "listwise")
    data = model_data(
        frame, factors.items, groups, rule, ordinal=ordinal, positive=not (ordinal or estimator == "uls")
    )
    means = data.n_groups > 1 or rule == "fiml"
    released = _released(free, factors, data, means, invariance or "configural")
    with single_thread():
        made = make_estimator(estimator, data, means=means, incomplete=rule == "fiml")
    return Setup(factors, data, estimator, rule, means, made, tuple(free), tuple(released))


def _option_problems(name: str, missing: str | None) -> Iterable[Problem]:
    if name not in ESTIMATOR_NAMES:
        yield Problem(f"there is no estimator {name!r}", expected=", ".join(ESTIMATOR_NAMES))
    elif missing not in (None, "listwise", "fiml"):
        yield Problem(f"there is no rule for missing items {missing!r}", expected="listwise, fiml")
    elif missing == "fiml" and name in ("uls", "wlsmv"):
        yield Problem(f"missing='fiml' needs a likelihood, which {name} has not", expected="ml, mlr or fiml")
    elif missing == "listwise" and name == "fiml":
        yield Problem("estimator 'fiml' keeps incomplete rows", expected="ml for listwise deletion")


def _released(
    free: Sequence[str], model: FactorModel, data: ModelData, means: bool, level: str
) -> list[Position]:
    if not free:
        return []
    table = model.table(means=means, n_groups=data.n_groups, level=level, n_categories=data.n_categories)
    found, problems = released_positions(free, model, table)
    if problems:
        raise UsageError("these parameters cannot be released", problems)
    return found


def warn_of(cautions: Sequence[Caution]) -> None:
    """Cautions as SocialcapWarning, one each, at the caller of the front."""
    for caution in cautions:
        named = f": {', '.join(caution.items)}" if caution.items else ""
        warnings.warn(caution.message("en") + named, SocialcapWarning, stacklevel=3)
