"""The door to regression: a formula, data, a model and a covariance in; a labelled result out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from socialcap.errors import UsageError
from socialcap.regression.categorical import fit_multinomial, fit_ordered_logit, fit_ordered_probit
from socialcap.regression.censored import fit_tobit
from socialcap.regression.checks import require_known
from socialcap.regression.covariance import COVARIANCES, Inference, infer, joint_test
from socialcap.regression.diagnostics import diagnostics
from socialcap.regression.effects import margins, predict
from socialcap.regression.estimate import Estimate
from socialcap.regression.formula import Equations, read_formula
from socialcap.regression.instruments import fit_instrumented
from socialcap.regression.likelihood import fit_firth, fit_fractional, fit_logit, fit_poisson, fit_probit
from socialcap.regression.linear import fit_least_squares
from socialcap.regression.mixed import fit_mixed
from socialcap.regression.request import Request
from socialcap.regression.sample import Columns, Sample, as_list, complete_sample
from socialcap.regression.selection import fit_bivariate_probit, fit_heckman
from socialcap.regression.terms import LevelLabels
from socialcap.regression.wild import WildOptions
from socialcap.results import RegressionResult, Result, Text
from socialcap.results.effects import MarginsResult, PredictionResult
from socialcap.results.measurement import label_of
from socialcap.results.regression import Covariance, Estimation, Model

__all__ = ["Covariance", "Model", "regress"]

_ESTIMATORS = {
    "ols": fit_least_squares,
    "logit": fit_logit,
    "probit": fit_probit,
    "firth": fit_firth,
    "fractional": fit_fractional,
    "poisson": fit_poisson,
    "ordered_logit": fit_ordered_logit,
    "ordered_probit": fit_ordered_probit,
    "multinomial": fit_multinomial,
    "tobit": fit_tobit,
    "heckman": fit_heckman,
    "bivariate_probit": fit_bivariate_probit,
    "iv": fit_instrumented,
    "mixed": fit_mixed,
}
# which models read an option
_OPTIONS = {
    "weights": tuple(set(_ESTIMATORS) - {"firth", "mixed", "heckman", "bivariate_probit"}),
    "fixed_effects": ("ols",),
    "lower": ("tobit",),
    "upper": ("tobit",),
    "exposure": ("poisson",),
    "base": ("multinomial",),
    "selection": ("heckman",),
    "second": ("bivariate_probit",),
    "groups": ("mixed",),
    "slopes": ("mixed",),
    "method": ("heckman", "iv", "mixed"),
}
_METHODS = {"heckman": ("ml", "twostep"), "iv": ("2sls", "liml"), "mixed": ("reml", "ml")}


def regress(
    formula: str,
    data: pd.DataFrame,
    *,
    model: Model = "ols",
    cov: Covariance | None = None,
    clusters: Columns = None,
    weights: Columns = None,
    strata: Columns = None,
    fixed_effects: Columns = None,
    lower: float | None = None,
    upper: float | None = None,
    exposure: Columns = None,
    base: str | None = None,
    selection: str | None = None,
    second: str | None = None,
    groups: Columns = None,
    slopes: str | Sequence[str] = (),
    method: str | None = None,
    wild_weights: Literal["rademacher", "webb"] = "rademacher",
    n_draws: int = 9999,
    seed: int = 0,
    name: str = "model",
    label: Text | None = None,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
) -> RegressionResult:
    """The regression of a formula on `data` (n rows).

    statsmodels is the estimator of what it has (ols, unweighted logit, probit, Poisson and multinomial,
    mixed); the other models are estimated by `socialcap.kernels`. Columns are named, or given as series with
    the rows of `data`.

    `model` and what belongs to it alone: "ols" (`fixed_effects`: factors absorbed); "logit", "probit",
    "firth"; "fractional"; "poisson" (`exposure`); "ordered_logit", "ordered_probit"; "multinomial" (`base`
    category); "tobit" (`lower`, `upper`); "heckman" (`selection`, a formula whose left side is 1 where the
    outcome is seen; `method` "ml" or "twostep"); "bivariate_probit" (`second` formula); "iv" (formula
    `y ~ x + [endogenous ~ z1 + z2]`; `method` "2sls" or "liml"); "mixed" (`groups` with intercepts of their
    own, `slopes` that differ between them; `method` "reml" or "ml").

    `cov`: "nonrobust"; HC0 to HC4 (White 1980; MacKinnon and White 1985; Cribari-Neto 2004), HC2 and HC3
    without further scaling; CR0 to CR3 by `clusters`: CR1 has the factor G/(G-1) (n-1)/(n-k), CR2 (Bell and
    McCaffrey 2002) Satterthwaite degrees of freedom, CR3 no factor; "two_way" by two clusters (Cameron,
    Gelbach and Miller 2011), each part with the CR1 factor of its own G; "wild": the restricted wild cluster
    bootstrap (`wild_weights`, `n_draws`, `seed`), all sign vectors when they are few; "linearised": survey
    weights, `strata` and `clusters`. In likelihood models HC1 is n/(n-k), CR1 G/(G-1), tests are normal, and
    "wild" is the score bootstrap (Kline and Santos 2012). Logit, probit, fractional and poisson models have
    HC2 to HC4 by the leverages of the weighted regression that they are at their maximum, with the expected
    information; CR2 on it (Pustejovsky and Tipton 2018) with t tests of Satterthwaite degrees of freedom; and
    CR3, the jackknife of one scoring step (MacKinnon, Nielsen and Webb 2024) without factor, with t(G-1).
    By default linear models have HC3 and others "nonrobust"; with `weights` or `strata` "linearised"; with
    `clusters` "ols" CR2 and others CR1; with two of them "two_way"; "fractional" HC0, "iv" HC1.

    `weights` are sampling weights, scaled to a mean of one; with cov="nonrobust" in least squares they are
    taken as inverse variances. A binary outcome is 0/1 or a categorical of two levels: of the levels 0 and 1
    the event is 1, of others the second as declared, which the result says. `labels` name variables and `level_labels` the codes of categorical ones.

    Raises UsageError for an unreadable formula, an unknown variable, model or covariance, or an option that
    the model does not have; EstimationError for an outcome without variation, infinite values, collinear
    regressors, perfect prediction (both named by variable and level), weights that are not positive, a single
    cluster, no more rows than coefficients, or an instrument that is not one.
    """
    require_known("model", model, tuple(_ESTIMATORS))
    given = {
        "weights": weights,
        "fixed_effects": fixed_effects,
        "lower": lower,
        "upper": upper,
        "exposure": exposure,
        "base": base,
        "selection": selection,
        "second": second,
        "groups": groups,
        "slopes": slopes or None,
        "method": method,
    }
    _require_options(model, given)
    kind = cov or _default_covariance(model, clusters, weights, strata)
    require_known("cov", kind, COVARIANCES)
    if strata is not None and kind != "linearised":
        raise UsageError(f"strata are given, but cov={kind!r} takes no account of them; 'linearised' does")
    columns = list(map(str, data.columns))
    equations = read_formula(formula, columns)
    other = selection or second
    beside = None if other is None else read_formula(other, columns)
    roles = {
        "clusters": clusters,
        "weights": weights,
        "strata": strata,
        "fixed_effects": fixed_effects,
        "exposure": exposure,
        "groups": groups,
    }
    own_slopes = (slopes,) if isinstance(slopes, str) else tuple(slopes)
    sample = _sample(data, equations, beside, model, roles, own_slopes)
    request = Request(
        equations,
        sample,
        labels or {},
        level_labels or {},
        kind,
        second=beside,
        method=method or _METHODS.get(model, ("",))[0],
        lower=lower,
        upper=upper,
        base=base,
        slopes=own_slopes,
    )
    estimate = _ESTIMATORS[model](request)
    inference = infer(estimate, kind, sample, WildOptions(wild_weights, n_draws, seed))
    return _result(request, model, estimate, inference, name, label)


def _require_options(model: str, given: Mapping[str, object]) -> None:
    """Raises UsageError for an option that the model does not read, or one that it lacks."""
    for option, value in given.items():
        if value is not None and model not in _OPTIONS[option]:
            raise UsageError(
                f"{option}= belongs to model {', '.join(sorted(_OPTIONS[option]))}; {model} does not read it"
            )
    for needed, owner in (("selection", "heckman"), ("second", "bivariate_probit"), ("groups", "mixed")):
        if model == owner and given[needed] is None:
            raise UsageError(f"model={model!r} needs {needed}=")
    method = given["method"]
    if method is not None:
        require_known("method", str(method), _METHODS[model])


def _default_covariance(model: str, clusters: Columns, weights: Columns, strata: Columns) -> str:
    ways = len(as_list(clusters))
    if strata is not None or (weights is not None and model != "iv"):
        return "linearised"
    if ways == 2:
        return "two_way"
    if ways == 1:
        return "CR2" if model == "ols" else "CR1"
    return {"ols": "HC3", "fractional": "HC0", "iv": "HC1"}.get(model, "nonrobust")


def _sample(
    data: pd.DataFrame,
    equations: Equations,
    beside: Equations | None,
    model: str,
    roles: Mapping[str, Columns],
    slopes: tuple[str, ...],
) -> Sample:
    """The complete rows; in Heckman's model the outcome and its regressors are needed where it is seen."""
    variables = equations.variables() | set(slopes)
    if beside is None:
        return complete_sample(data, variables, equations.text, roles)
    both = variables | beside.variables()
    if model != "heckman":
        return complete_sample(data, both, equations.text, roles)
    chooser = beside.outcome_variable
    if chooser is None:
        raise UsageError(
            f"the left side of {beside.text!r} must be a variable that is 1 where the outcome is seen"
        )
    if not pd.api.types.is_numeric_dtype(data[chooser]):
        raise UsageError(f"{chooser} must be 1 (or true) where the outcome is seen and 0 elsewhere")
    later = variables - beside.variables()
    return complete_sample(data, both, equations.text, roles, (chooser, later))


@dataclass(frozen=True, slots=True)
class _RegressionTools:
    """What a result asks of this package."""

    def margins(
        self,
        result: RegressionResult,
        at: Any = "average",
        variables: Sequence[str] | None = None,
        changes: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> MarginsResult:
        return margins(result, at, variables, changes)

    def predict(self, result: RegressionResult, at: Any = "average") -> PredictionResult:
        return predict(result, at)

    def diagnostics(self, result: RegressionResult, **options: Any) -> Result:
        return diagnostics(result, **options)


def _result(
    request: Request, model: str, estimate: Estimate, inference: Inference, name: str, label: Text | None
) -> RegressionResult:
    sizes = estimate.effect_sizes
    beside = pd.DataFrame({"beta": np.nan, "vif": np.nan}, index=estimate.names)
    if sizes is not None:
        beside = sizes.reindex(estimate.names)
    table = inference.table
    coefficients = pd.concat(
        [pd.Series(estimate.parameters, index=estimate.names, name="estimate"), table, beside], axis=1
    )
    fit, remarks = _measures(estimate, inference, request.cov)
    assert estimate.data is not None
    event = estimate.outcome.event(request.labels, request.level_labels)
    estimation = Estimation(
        outcome=estimate.outcome.values,
        data=estimate.data,
        equations=estimate.equations,
        parameters=estimate.parameters,
        vcov=inference.vcov,
        response=estimate.response,
        outcomes=estimate.outcomes,
        df=inference.df,
        categories=estimate.outcome.categories,
        weights=estimate.weights,
        loglik_comparable=estimate.loglik_comparable,
        no_response=estimate.no_response,
    )
    return RegressionResult(
        name=name,
        formula=request.formula,
        outcome=estimate.outcome.name,
        model=model,
        cov=request.cov,
        coefficients=coefficients,
        vcov=pd.DataFrame(inference.vcov, index=estimate.names, columns=estimate.names),
        fit=fit,
        n_obs=estimate.n_obs,
        df_resid=estimate.df_resid,
        dropped=request.sample.dropped,
        terms=estimate.terms,
        fitted=estimate.fitted,
        residuals=estimate.residuals,
        estimator=estimate.estimator,
        covariance=inference.note,
        estimation=estimation,
        tools=_RegressionTools(),
        label=label or Text(name, name),
        outcome_label=label_of(request.labels, estimate.outcome.name) if event is None else event.label,
        event=event,
        labels=request.labels,
        remarks=(
            *(() if event is None else (event.note,)),
            *estimate.remarks,
            *inference.remarks,
            *remarks,
        ),
        further_tables=estimate.tables,
    )


def _measures(
    estimate: Estimate, inference: Inference, kind: str
) -> tuple[dict[str, float], tuple[Text, ...]]:
    """The fit with the joint test of all slopes, and what must be said of it."""
    fit: dict[str, float] = {"n_obs": estimate.n_obs, **estimate.fit}
    remarks: tuple[Text, ...] = ()
    statistic, m, p = joint_test(inference, estimate.parameters, estimate.slopes)
    if m > 0 and np.isnan(statistic):
        remarks = (
            Text(
                "No joint test of all slopes: their covariance is singular, as it is with fewer clusters "
                "than slopes.",
                "未给出全部斜率的联合检验：其协方差矩阵奇异（聚类数少于斜率数时即如此）。",
            ),
        )
    if np.isfinite(inference.joint_df):
        fit |= {"f": statistic / m if m else np.nan, "f_df1": m, "f_df2": inference.joint_df, "f_p": p}
    else:
        fit |= {"wald": statistic, "wald_df": m, "wald_p": p}
        if estimate.lr_null and kind == "nonrobust":
            lr = max(2.0 * (fit["loglik"] - fit["loglik_null"]), 0.0)
            fit |= {"lr": lr, "lr_df": m, "lr_p": float(special.chdtrc(m, lr)) if m else np.nan}
    return fit, remarks
