"""The door to regression: a formula, data, a model and a covariance in; a labelled result out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS, RegressionResultsWrapper

from socialcap.errors import EstimationError, Problem, UsageError, nearest
from socialcap.regression.formula import Design, LevelLabels, design
from socialcap.results import RegressionResult, Text
from socialcap.results.measurement import label_of

Covariance = Literal["nonrobust", "HC0", "HC1", "HC2", "HC3"]
_MODELS = ("ols",)
_COVARIANCES = ("nonrobust", "HC0", "HC1", "HC2", "HC3")
_LEVEL = 0.05


def regress(
    formula: str,
    data: pd.DataFrame,
    *,
    model: Literal["ols"] = "ols",
    cov: Covariance = "HC3",
    name: str = "model",
    label: Text | None = None,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
) -> RegressionResult:
    """The regression of a formula on `data` (n rows), estimated by statsmodels.

    `cov`: "nonrobust" is the classical covariance; HC0 to HC3 are the heteroskedasticity-consistent ones of
    MacKinnon and White (1985), without further scaling of HC2 and HC3; all use the t distribution with
    n − k degrees of freedom, and the F statistic is the Wald test of all slopes under the same covariance.
    `labels` name variables and `level_labels` the codes of categorical ones.

    Raises UsageError for an unreadable formula or an unknown variable, model or covariance;
    EstimationError for an outcome without variation, collinear regressors (named), or no more rows than
    coefficients.
    """
    _require_known("model", model, _MODELS)
    _require_known("cov", cov, _COVARIANCES)
    labels = labels or {}
    made = design(formula, data, labels, level_labels)
    _check(made, formula)
    fitted = OLS(made.outcome, made.regressors).fit(
        **({} if cov == "nonrobust" else {"cov_type": cov, "use_t": True})
    )
    interval = fitted.conf_int(_LEVEL)
    columns = list(made.regressors.columns)
    coefficients = pd.DataFrame(
        {
            "estimate": fitted.params,
            "std_error": fitted.bse,
            "statistic": fitted.tvalues,
            "p_value": fitted.pvalues,
            "ci_low": interval[0],
            "ci_high": interval[1],
            "beta": _betas(fitted.params, made),
            "vif": _vif(made.regressors),
        }
    )
    return RegressionResult(
        name=name,
        formula=formula,
        outcome=made.outcome_name,
        model=model,
        cov=cov,
        coefficients=coefficients,
        vcov=pd.DataFrame(fitted.cov_params(), index=columns, columns=columns),
        fit=_fit(fitted),
        n_obs=int(fitted.nobs),
        df_resid=float(fitted.df_resid),
        dropped=made.dropped,
        terms=made.terms,
        fitted=fitted.fittedvalues,
        residuals=fitted.resid,
        label=label or Text(name, name),
        outcome_label=label_of(labels, made.outcome_name),
        labels=labels,
    )


def _require_known(what: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        hint = nearest(value, valid)
        raise UsageError(
            f"{what}={value!r} is not one of {', '.join(valid)}" + (f"; {hint!r}?" if hint else "")
        )


def _check(made: Design, formula: str) -> None:
    n, k = made.regressors.shape
    if n <= k:
        raise EstimationError(f"{formula!r}: {n} complete rows for {k} coefficients; more rows are needed")
    if np.ptp(made.outcome.to_numpy()) == 0:
        raise EstimationError(f"{formula!r}: the outcome {made.outcome_name} has one value only")
    dependent = _dependent(made.regressors)
    if dependent:
        raise EstimationError(
            f"{formula!r}: some regressors are exact combinations of the others",
            [Problem("adds nothing to the regressors before it", column=name) for name in dependent],
        )


def _dependent(x: pd.DataFrame) -> list[str]:
    """Columns that are linear combinations of those before them."""
    values = x.to_numpy()
    scaled = values / np.where((norm := np.linalg.norm(values, axis=0)) > 0, norm, 1.0)
    found: list[str] = []
    if np.linalg.matrix_rank(scaled) == scaled.shape[1]:
        return found
    kept: list[int] = []
    for j in range(scaled.shape[1]):
        if np.linalg.matrix_rank(scaled[:, [*kept, j]]) == len(kept) + 1:
            kept.append(j)
        else:
            found.append(str(x.columns[j]))
    return found


def _betas(estimates: pd.Series, made: Design) -> pd.Series:
    """Coefficients in standard deviations of outcome and regressor; NaN for the constant."""
    spread = made.regressors.std(ddof=1)
    return (estimates * spread / made.outcome.std(ddof=1)).where(spread > 0)


def _vif(x: pd.DataFrame) -> pd.Series:
    """Variance inflation 1 / (1 − R²_j), R²_j from regressing x_j on the other regressors and a constant."""
    varying = x.loc[:, x.std(ddof=0) > 0]
    if varying.shape[1] == 0:
        return pd.Series(np.nan, index=x.columns)
    inverse = np.linalg.inv(np.atleast_2d(np.corrcoef(varying.to_numpy(), rowvar=False)))
    return pd.Series(np.diag(inverse), index=varying.columns).reindex(x.columns)


def _fit(fitted: RegressionResultsWrapper) -> dict[str, float]:
    return {
        "n_obs": int(fitted.nobs),
        "r2": float(fitted.rsquared),
        "adj_r2": float(fitted.rsquared_adj),
        "f": float(fitted.fvalue),
        "f_df1": float(fitted.df_model),
        "f_df2": float(fitted.df_resid),
        "f_p": float(fitted.f_pvalue),
        "rmse": float(np.sqrt(fitted.mse_resid)),
    }
