"""Common method bias: how much of what items share may come from how they were asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, Problem, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels import method_bias as kernels
from socialcap.kernels.cfa_fit import Baseline, baseline_ml, fit_measures
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_model import Part
from socialcap.kernels.cfa_standardized import standardized_solution
from socialcap.kernels.correlation import pearson
from socialcap.kernels.threads import single_thread
from socialcap.measurement.confirmatory import warn_of
from socialcap.measurement.factor_model import FactorModel, factor_model
from socialcap.measurement.fit_checks import require_solution, solution_cautions, unsettled
from socialcap.measurement.items import row_values
from socialcap.measurement.model_data import ModelData, model_data
from socialcap.results import Caution, Text
from socialcap.results.method_bias import ONE_HALF, MarkerCorrection, MethodBiasResult, MethodFactor

_METHOD = "method"
_MARKER = "marker"
_FEWEST_ITEMS = 3


def common_method_bias(
    frame: pd.DataFrame,
    model: Mapping[str, Sequence[str]] | None = None,
    *,
    items: Sequence[str] | None = None,
    marker: pd.Series | str | None = None,
    equal_method_loadings: bool = True,
    labels: Mapping[str, Text] | None = None,
) -> MethodBiasResult:
    """Harman's single factor; with a model a latent method factor; with a marker the corrected correlations.

    frame (n, p): rows complete on the items enter. The items are those of `model` (items by factor), else
    `items`, else all columns but the marker. The method factor is on every item and uncorrelated with the
    traits, its unstandardised loadings equal, or free (then often not identified; this is said and Harman's
    test stays). The marker is a variable of no theoretical relation to the others; correlations are of the
    scales (means of standardised items) where there is a model, else of the items, over rows complete on
    items and marker. Definitions: see `socialcap.kernels.method_bias`.

    Raises UsageError for items that do not exist, fewer than three items, items beside a model, a marker
    among the items; EstimationError for data that cannot be used and a trait model that is not identified or
    does not converge. Warns (SocialcapWarning) of an improper or unidentified method model.
    """
    traits, names = _chosen(frame, model, items, marker)
    data = model_data(frame, names, None, "listwise", ordinal=False, positive=True)
    reasons: dict[str, str] = {}
    cautions: list[Caution] = []
    method = correction = None
    with single_thread():
        shares = kernels.harman(pearson(data.rows))
        if max(float(shares.component), float(shares.factor)) > ONE_HALF:
            cautions.append(
                Caution(
                    Text(
                        "one unrotated dimension takes more than half of the items' variance",
                        "单一未旋转维度解释超过一半的题项方差",
                    )
                )
            )
        if traits is None:
            reasons[_METHOD] = "it needs a model of the traits: items by factor"
        else:
            method, found = _method(traits, data, equal_method_loadings)
            cautions += found
            if method is None:
                reasons[_METHOD] = "its model is not identified or did not converge: see the warnings"
        if marker is None:
            reasons[_MARKER] = "no marker variable was named"
        else:
            correction, found = _marker(frame, traits, names, marker)
            cautions += found
    warn_of(cautions)
    return MethodBiasResult(
        component_share=float(shares.component),
        factor_share=float(shares.factor),
        n_items=len(names),
        n_obs=len(data.rows),
        dropped=data.dropped,
        method_factor=method,
        marker_correction=correction,
        reasons=reasons,
        by_scales=traits is not None,
        cautions=tuple(cautions),
        labels=labels or {},
    )


def _chosen(
    frame: pd.DataFrame,
    model: Mapping[str, Sequence[str]] | None,
    items: Sequence[str] | None,
    marker: pd.Series | str | None,
) -> tuple[FactorModel | None, tuple[str, ...]]:
    """Model of the traits and names of the items, or UsageError."""
    columns = [str(column) for column in frame.columns]
    if model is not None and items is not None:
        raise UsageError("common_method_bias takes a model or items, not both: the model names its items")
    traits = None if model is None else factor_model(model, columns, identification="unit_variance")
    if traits is not None:
        names = traits.items
    else:
        names = tuple(str(name) for name in (columns if items is None else items))
        if items is None and isinstance(marker, str):
            names = tuple(name for name in names if name != marker)
    if len(names) < _FEWEST_ITEMS:
        raise UsageError(f"{len(names)} items: Harman's single factor needs at least {_FEWEST_ITEMS}")
    if isinstance(marker, str) and marker in names:
        raise UsageError(f"the marker {marker!r} is one of the items; it must be a variable of its own")
    return traits, names


def _method(traits: FactorModel, data: ModelData, equal: bool) -> tuple[MethodFactor | None, list[Caution]]:
    """The method factor, None where its model cannot be told apart from others, with what is doubtful."""
    rows, n = data.rows, float(len(data.rows))
    mean, cov = rows.mean(axis=0), np.cov(rows, rowvar=False, bias=True)
    try:
        found = kernels.method_factor(traits.pattern, n, mean, cov, equal)
    except np.linalg.LinAlgError as error:
        raise EstimationError(f"the method factor's models cannot be estimated: {error}") from error
    require_solution(found.traits, traits, (), "traits alone")
    widened = FactorModel(
        (*traits.factors, _METHOD), traits.items, np.c_[traits.pattern, np.ones(len(mean), bool)]
    )
    cautions = [
        Caution(
            Text("traits alone: {what}", "仅特质因子：{what}").format(what=caution.message), caution.items
        )
        for caution in solution_cautions(found.traits, traits, ())
    ]
    if found.both.df < 0 or not (found.both.identified and found.both.converged):
        cautions.append(_unsolved(found.both, widened))
        return None, cautions
    cautions += [
        Caution(
            Text("with the method factor: {what}", "加入方法因子后：{what}").format(what=caution.message),
            caution.items,
        )
        for caution in solution_cautions(found.both, widened, ())
    ]
    base = baseline_ml(np.array([n]), cov[None])
    return (
        MethodFactor(
            models=pd.DataFrame(
                [_measures(found.traits, base), _measures(found.both, base)], index=["traits", "method"]
            ),
            delta_chi2=found.test.chi2,
            delta_df=found.test.df,
            delta_p=found.test.p_value,
            loadings=_loadings(found, traits),
            method_share=found.method_share,
            trait_share=found.trait_share,
            equal=equal,
        ),
        cautions,
    )


def _unsolved(fit: StructuralFit, model: FactorModel) -> Caution:
    """Why the model with a method factor gives nothing, and the parameters concerned."""
    if fit.df < 0:
        return Caution(
            Text(
                "the method factor is not identified: more free parameters than moments",
                "方法因子不可识别：自由参数多于矩条件",
            )
        )
    what = (
        Text("the model with a method factor did not converge", "含方法因子的模型未收敛")
        if fit.identified
        else Text(
            "the method factor is not identified: the data cannot tell these parameters apart",
            "方法因子不可识别：数据无法区分下列参数",
        )
    )
    return Caution(what, tuple(unsettled(fit, model, ())))


def _measures(fit: StructuralFit, base: Baseline) -> dict[str, float]:
    measures = fit_measures(fit, base)
    plain = measures.plain
    return {
        "chi2": plain.chi2,
        "df": float(plain.df),
        "p": plain.p_value,
        "cfi": plain.cfi,
        "rmsea": plain.rmsea,
        "srmr": measures.srmr,
    }


def _loadings(found: kernels.MethodFactor, traits: FactorModel) -> pd.DataFrame:
    """Standardised loadings (factor, item): traits alone, with the method factor, on the method factor."""
    alone, both = (_standardised(fit) for fit in (found.traits, found.both))
    rows, index = [], []
    for f, factor in enumerate(traits.factors):
        for i in np.flatnonzero(traits.pattern[:, f]):
            rows.append((alone[i, f], both[i, f], found.method_loadings[i]))
            index.append((factor, traits.items[i]))
    return pd.DataFrame(
        rows,
        index=pd.MultiIndex.from_tuples(index, names=["factor", "item"]),
        columns=["traits", "with_method", "method"],
    )


def _standardised(fit: StructuralFit) -> FloatArray:
    """Standardised loadings (p, k)."""
    table = fit.table
    rows = table.rows_of(Part.LOADINGS)
    out = np.zeros((table.n_items, table.n_latent))
    out[table.row[rows], table.col[rows]] = standardized_solution(fit).estimate[0, rows]
    return out


def _marker(
    frame: pd.DataFrame, traits: FactorModel | None, names: tuple[str, ...], marker: pd.Series | str
) -> tuple[MarkerCorrection, list[Caution]]:
    """Correlations corrected by the marker's smallest positive one."""
    column = row_values(frame, marker, "marker")
    name = str(column.name if column.name is not None else _MARKER)
    if name in names:
        raise UsageError(f"the marker {name!r} is one of the items; it must be a variable of its own")
    joined = pd.concat([frame[list(names)], column.rename(name)], axis=1)
    rows = model_data(joined, [*names, name], None, "listwise", ordinal=False, positive=False).rows
    n = len(rows)
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    if traits is None:
        variables, values = names, standardised[:, :-1]
    else:
        member = traits.pattern / traits.pattern.sum(axis=0)
        variables, values = traits.factors, standardised[:, :-1] @ member
    if len(variables) < 2:
        raise UsageError("one scale: a marker corrects correlations between two variables or more")
    everything = pearson(np.column_stack([values, rows[:, -1]]))
    corr, with_marker = everything[:-1, :-1], everything[:-1, -1]
    if constant := [v for v, r in zip(variables, with_marker, strict=True) if np.isnan(r)]:
        raise EstimationError("scales do not vary", [Problem("is constant", column=v) for v in constant])
    shared = float(kernels.smallest_positive(with_marker))
    upper = float(kernels.marker_upper(shared, n))
    return (
        MarkerCorrection(name, shared, upper, n, _corrected(corr, shared, upper, n, variables)),
        _marker_cautions(corr, shared, upper, variables),
    )


def _corrected(
    corr: FloatArray, shared: float, upper: float, n: int, variables: Sequence[str]
) -> pd.DataFrame:
    """By pair: r and p (n - 2 degrees of freedom), corrected by r_M and by its upper bound (n - 3)."""
    plain = kernels.marker_adjusted(corr, 0.0, n + 1)
    at, beyond = kernels.marker_adjusted(corr, shared, n), kernels.marker_adjusted(corr, upper, n)
    pairs = list(combinations(range(len(variables)), 2))
    found = {
        "r": plain.corr,
        "p": plain.p_value,
        "adjusted": at.corr,
        "adjusted_p": at.p_value,
        "upper": beyond.corr,
        "upper_p": beyond.p_value,
    }
    index = pd.MultiIndex.from_tuples(
        [(variables[i], variables[j]) for i, j in pairs], names=["first", "second"]
    )
    return pd.DataFrame({key: [float(m[i, j]) for i, j in pairs] for key, m in found.items()}, index=index)


def _marker_cautions(
    corr: FloatArray, shared: float, upper: float, variables: Sequence[str]
) -> list[Caution]:
    found = []
    if shared == 0.0:
        found.append(
            Caution(
                Text(
                    "the marker has no positive correlation with any variable: nothing is taken out",
                    "标记变量与任何变量均无正相关：未作校正",
                )
            )
        )
    beyond = [
        f"{variables[i]}, {variables[j]}"
        for i, j in combinations(range(len(variables)), 2)
        if (corr[i, j] - upper) / (1.0 - upper) <= -1.0
    ]
    if beyond:
        found.append(
            Caution(
                Text(
                    "corrected correlations at or below −1 have no test: the marker's correction does not "
                    "suit them",
                    "校正后相关不大于 −1，无法检验：标记变量校正不适用",
                ),
                tuple(beyond),
            )
        )
    return found
