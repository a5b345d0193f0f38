"""Linear mixed models: intercepts, and slopes, that differ between groups."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels.responses import linear_response
from socialcap.regression.checks import check_design
from socialcap.regression.design import design, numeric_outcome
from socialcap.regression.estimate import Estimate
from socialcap.regression.linear import column_inflation
from socialcap.regression.request import Request
from socialcap.regression.terms import terms_of
from socialcap.results import Column, Table, Text, table_rows
from socialcap.results.measurement import label_of

# tried in turn until one converges; the last needs no gradient, which is infinite where a variance is zero
_OPTIMISERS = ("bfgs", "lbfgs", "cg", "powell")
_ESTIMATORS = {
    "reml": Text("Linear mixed model, restricted maximum likelihood", "线性混合模型，限制极大似然"),
    "ml": Text("Linear mixed model, maximum likelihood", "线性混合模型，极大似然"),
}


def fit_mixed(request: Request) -> Estimate:
    """A linear mixed model by statsmodels: fixed effects, variances of intercepts and slopes, residual
    variance.
    """
    outcome = numeric_outcome(request.equations, request.data)
    equation = design([request.equations.regressors], request.data, request.formula)
    check_design(outcome, equation.matrix, request.formula)
    group_name = request.sample.names("groups")[0]
    if len(request.sample.names("groups")) > 1:
        raise UsageError("model='mixed' takes one variable in groups=")
    codes = request.sample.codes("groups")[0]
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise EstimationError(f"all rows are in one group of {group_name}: groups cannot be seen to differ")
    if (sizes == 1).all():
        raise EstimationError(f"every group of {group_name} has one row: it cannot be told from the residual")
    random = _random_part(request)
    x = equation.matrix
    model = MixedLM(outcome.values.to_numpy(), x.to_numpy(), groups=codes, exog_re=random.to_numpy())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = model.fit(reml=request.method == "reml", method=list(_OPTIMISERS))
    if not fitted.converged:
        raise EstimationError(f"{request.formula!r}: the mixed model did not converge; fewer slopes may help")
    k = x.shape[1]
    variances = np.asarray(fitted.cov_re)
    residual = float(fitted.scale)
    boundary = any(issubclass(w.category, ConvergenceWarning) for w in caught) or (
        np.linalg.eigvalsh(variances)[0] < 1e-8 * residual
    )
    fixed = x.to_numpy() @ fitted.fe_params
    terms = terms_of(equation.specs[0], request.labels, request.level_labels)
    measures = {
        "n_groups": len(sizes),
        "sigma": float(np.sqrt(residual)),
        "loglik": float(fitted.llf),
    }
    if random.shape[1] == 1:
        measures["icc"] = float(variances[0, 0] / (variances[0, 0] + residual))
    if request.method == "ml":
        p = k + random.shape[1] * (random.shape[1] + 1) // 2 + 1
        measures["aic"] = -2.0 * float(fitted.llf) + 2.0 * p
        measures["bic"] = -2.0 * float(fitted.llf) + np.log(len(x)) * p
    remarks = [Text("Fitted values are those of the fixed part.", "拟合值为固定部分的值。")]
    if boundary:
        remarks.append(
            Text(
                "A variance between groups is estimated at or near zero.",
                "某一组间方差的估计值为零或接近零。",
            )
        )
    return Estimate(
        parameters=np.asarray(fitted.fe_params),
        names=list(x.columns),
        terms=terms,
        outcome=outcome,
        equations=(equation,),
        n_obs=len(x),
        df_resid=float(len(x) - k),
        fit=measures,
        fitted=pd.Series(fixed, index=x.index, name="fitted"),
        residuals=pd.Series(outcome.values.to_numpy() - fixed, index=x.index, name="residuals"),
        estimator=_ESTIMATORS[request.method],
        slopes=[j for j, name in enumerate(x.columns) if name != "Intercept"],
        vcov=np.asarray(fitted.cov_params())[:k, :k],
        own_label=Text("Model-based", "基于模型的"),
        response=linear_response,
        outcomes=(outcome.name,),
        effect_sizes=column_inflation(equation),
        loglik_comparable=request.method == "ml",
        remarks=tuple(remarks),
        tables=(_variance_table(request, group_name, random, variances, residual),),
        data=request.data,
    )


def _random_part(request: Request) -> pd.DataFrame:
    """The constant and the variables whose slopes differ between groups."""
    found = pd.DataFrame({"Intercept": 1.0}, index=request.data.index)
    for name in request.slopes:
        column = request.data[name]
        if not pd.api.types.is_numeric_dtype(column):
            raise UsageError(f"slopes={name!r} must be a numeric variable")
        found[name] = column.astype(float)
    return found


def _variance_table(
    request: Request, group: str, random: pd.DataFrame, variances: np.ndarray, residual: float
) -> Table:
    """Standard deviations and correlations of the random effects."""
    names = [
        Text("Constant", "常数项") if name == "Intercept" else label_of(request.labels, name)
        for name in map(str, random.columns)
    ]
    spread = np.sqrt(np.diag(variances))
    rows: list[list[object]] = [[n, float(variances[j, j]), float(spread[j])] for j, n in enumerate(names)]
    for i in range(len(names)):
        for j in range(i):
            both = Text(f"{names[j].en}, {names[i].en}", f"{names[j].zh}、{names[i].zh}")
            rows.append([both, float(variances[i, j]), None])
    rows.append([Text("Residual", "残差"), residual, float(np.sqrt(residual))])
    columns = (
        Column("part", Text("Part", "部分"), align="left"),
        Column("variance", Text("Variance or covariance", "方差或协方差"), ".4f"),
        Column("deviation", Text("Std. deviation", "标准差"), ".4f"),
    )
    title = Text("Variances between groups of {group}", "{group} 的组间方差").format(
        group=label_of(request.labels, group)
    )
    return Table("random_effects", title, columns, table_rows(rows))
