"""A regression on factor scores with the uncertainty of every step before it, beside the usual errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr

from socialcap.errors import EstimationError, Problem, UsageError
from socialcap.inference.designs import LabelledDesign, score_design
from socialcap.inference.models import TwoErrors, estimate, robust_name
from socialcap.inference.rows import (
    Rows,
    complete_rows,
    groups,
    require_nested,
    usable_rows,
)
from socialcap.inference.solutions import Solution, require_options, solve
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.factor_bootstrap import jackknife_counts
from socialcap.kernels.intervals import bca, percentile
from socialcap.kernels.pipeline import (
    CompositeWeights,
    Model,
    PipelineReplicates,
    Progress,
    given_replicates,
    joined,
    pipeline_of,
    run_replicates,
)
from socialcap.kernels.pooling import Pooled, pool
from socialcap.measurement.items import item_values, require_replicates
from socialcap.regression.checks import check_collinear, require_known
from socialcap.regression.formula import Equations, read_formula
from socialcap.regression.terms import LevelLabels
from socialcap.results import CompositeResult, Text
from socialcap.results.inference import PipelineResult
from socialcap.results.measurement import label_of
from socialcap.survey.imputation import impute
from socialcap.survey.numeric import is_numeric

Interval = Literal["percentile", "bca", "t"]
_MODELS: tuple[Model, ...] = ("ols", "logit", "probit", "ordered_logit", "ordered_probit")
_COMPOSITES: tuple[CompositeWeights, ...] = ("rotated", "initial")
_INTERVALS: tuple[Interval, ...] = ("percentile", "bca", "t")


def pipeline(
    frame: pd.DataFrame,
    formula: str,
    *,
    items: Sequence[str],
    n_factors: int,
    composite: CompositeWeights = "rotated",
    composite_name: str = "social_capital",
    model: Model = "ols",
    replicates: int = 2000,
    seed: int = 1,
    clusters: pd.Series | str | None = None,
    strata: pd.Series | str | None = None,
    interval: Interval | None = None,
    level: float = 0.95,
    imputations: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
    **options: Any,
) -> PipelineResult:
    """The regression `formula` on scores of the factors of `items`, with four kinds of standard errors.

    The formula names factors as `factor_analysis` does (F1, F2, ..., or by its options `names`, `scales`) and
    the variance-weighted composite as `composite_name` (`composite`: weights "rotated" or "initial", see
    `composite`). Scores may stand alone, in products and in whole powers; the outcome may be a score too.

    model       "ols", "logit", "probit" (outcome 0/1), "ordered_logit", "ordered_probit"
    replicates  resamples of rows, or of whole `clusters`, within `strata`; in each of them correlations,
                extraction, rotation, alignment to the full sample, score weights, means and deviations,
                composite weights and regression are computed anew; axis factoring to its limit, whatever
                stopping rule a preset has for the estimate
    interval    "percentile" (default); "bca" (Efron 1987, acceleration by the jackknife over rows or
                clusters, strata ignored); "t": estimate plus and minus a quantile of t times the bootstrap standard error,
                with n - k degrees of freedom, clusters less one, or infinite ones for likelihoods (default
                and only choice with imputations)
    imputations 0: the rows complete on items, variables and groups are used; m >= 2: items and numeric
                variables are imputed m times (chained equations, predictive mean matching), the bootstrap is
                run within each copy, and estimates and variances are pooled by Rubin's rules with
                Barnard-Rubin degrees of freedom
    workers     threads; results do not depend on their number. `progress(done, total)` reports replicates
    options     as in `factor_analysis`; correlations "pearson", "spearman" or "polychoric"

    Beside the pipeline error stand the classical error of the model with the scores taken as data, and a
    robust one: HC3, or CR1 with clusters; for likelihoods the sandwich, clustered where there are clusters.
    For least squares on scores of common factors also coefficients on the factors themselves (Croon 2002),
    errors by the same resamples.

    Raises UsageError for options, names (with the nearest) or formulas that cannot be used, a single cluster,
    clusters across strata; EstimationError for data that cannot be factored, collinear regressors (named), an
    outcome that does not fit the model, separation, or fewer than half of the replicates with a solution.
    """
    require_known("model", model, _MODELS)
    require_known("composite", composite, _COMPOSITES)
    if interval is not None:
        require_known("interval", interval, _INTERVALS)
    require_numbers(replicates, level, workers)
    _require_imputations(imputations, interval)
    require_options(options)
    interval = interval or ("t" if imputations else "percentile")
    labels = labels or {}
    factor_names = expected_names(n_factors, options)
    known = [*map(str, frame.columns), *factor_names, composite_name]
    equations = read_formula(formula, known)
    if equations.instruments is not None:
        raise UsageError(f"the formula {formula!r}: the pipeline has no instrumental variables")
    variables = equations.variables()
    own = sorted(variables & set(map(str, frame.columns)), key=list(map(str, frame.columns)).index)
    if clash := sorted(set(own) & {*factor_names, composite_name}):
        raise UsageError(
            "these names are a score and a column of the data; name the factors otherwise",
            [Problem("means two things", column=name) for name in clash],
        )
    copies, rows = _copies(frame, items, own, imputations, seed)
    by_cluster = groups(frame, clusters, rows, "clusters")
    by_stratum = groups(frame, strata, rows, "strata")
    require_nested(by_cluster, by_stratum)
    wanted = composite if composite_name in variables else None
    plan = _Plan(
        equations, list(map(str, items)), n_factors, wanted, composite_name, model, replicates, seed,
        by_cluster, by_stratum, interval, level, workers, labels, level_labels or {}, options,
    )  # fmt: skip
    parts: list[_Part] = []
    for number, copy in enumerate(copies):
        first = parts[0].solution if parts else None
        parts.append(_analyse(plan, copy, number, first, _part_progress(progress, number, len(copies), plan)))
    return _result(plan, parts, rows.dropped, imputations)


@dataclass(frozen=True)
class _Plan:
    """What is asked, checked."""

    equations: Equations
    items: list[str]
    n_factors: int
    composite: CompositeWeights | None
    composite_name: str
    model: Model
    replicates: int
    seed: int
    clusters: IntArray | None
    strata: IntArray | None
    interval: Interval
    level: float
    workers: int
    labels: Mapping[str, Text]
    level_labels: LevelLabels
    options: Mapping[str, Any]


@dataclass(frozen=True)
class _Part:
    """One complete frame analysed: solution, design, fit, estimate corrected (q,), replicates, jackknife."""

    solution: Solution
    design: LabelledDesign
    fit: TwoErrors
    corrected: FloatArray | None
    drawn: PipelineReplicates
    left_out: PipelineReplicates | None
    index: pd.Index


def _analyse(
    plan: _Plan, frame: pd.DataFrame, number: int, first: Solution | None, progress: Progress | None
) -> _Part:
    reference = None if first is None else first.factors.loadings.to_numpy()
    solution = solve(frame, plan.items, plan.n_factors, plan.options, plan.composite, reference)
    names = (first or solution).factors.names
    if plan.composite is not None:
        names = [*names, plan.composite_name]
    scores = solution.scores if plan.composite is None else solution.with_composite()
    made = score_design(plan.equations, frame, names, plan.model, plan.labels, plan.level_labels)
    x = pd.DataFrame(made.x(scores), columns=made.names)
    if len(x) <= x.shape[1]:
        raise EstimationError(f"{len(x)} complete rows for {x.shape[1]} coefficients; more rows are needed")
    if plan.model.startswith("ordered"):
        # the cutpoints are the constants
        x.insert(0, "cutpoints", 1.0)
    check_collinear(x, plan.equations.text)
    fit = estimate(made, scores, plan.clusters)
    corrects = made.linear and not _uncorrectable(solution)
    kernel = replace(made.kernel, start=fit.estimate)
    replicate = pipeline_of(
        solution.items, solution.measure, kernel, composite=plan.composite, corrected=corrects
    )
    n = len(frame)
    width = 1 if made.linear else len(made.names) + kernel.n_categories
    # each imputed copy has replicate numbers of its own, so that its resamples are its own
    drawn = run_replicates(
        replicate, n, seed=plan.seed,
        replicates=range(number * plan.replicates, (number + 1) * plan.replicates),
        width=width, clusters=plan.clusters, strata=plan.strata, workers=plan.workers, progress=progress,
    )  # fmt: skip
    if drawn.fitted.sum() < plan.replicates / 2:
        raise EstimationError(
            f"{int(drawn.fitted.sum())} of {plan.replicates} bootstrap replicates have a solution",
            [Problem(f"{count} replicates: {why}") for why, count in _failures([drawn]).items()],
        )
    left_out = None
    if plan.interval == "bca":
        left_out = given_replicates(replicate, jackknife_counts(n, plan.clusters), width)
    corrected = given_replicates(replicate, np.ones((1, n))).corrected[0] if corrects else None
    return _Part(solution, made, fit, corrected, drawn, left_out, frame.index)


def _copies(
    frame: pd.DataFrame, items: Sequence[str], variables: Sequence[str], imputations: int, seed: int
) -> tuple[list[pd.DataFrame], Rows]:
    """The complete rows, or the imputed copies of the rows that can be imputed, and which rows these are."""
    if imputations == 0:
        rows = complete_rows(frame, items, variables)
        return [rows.frame], rows
    names, values = item_values(frame, items)
    used = frame[[name for name in variables if name not in names]].assign(
        **{name: values[:, j] for j, name in enumerate(names)}
    )
    fixed = [name for name in used.columns if not is_numeric(used[name])]
    rows = usable_rows(used, fixed, len(names))
    return list(impute(rows.frame, imputations, seed=seed)), rows


def expected_names(n_factors: int, options: Mapping[str, Any]) -> list[str]:
    """Every name that a factor may turn out to have."""
    if options.get("names") is not None:
        return list(options["names"])
    return [*(options.get("scales") or ()), *(f"F{j + 1}" for j in range(n_factors))]


def _part_progress(progress: Progress | None, number: int, parts: int, plan: _Plan) -> Progress | None:
    """Progress of one copy as part of the whole."""
    if progress is None:
        return None
    report = progress
    return lambda done, _: report(number * plan.replicates + done, parts * plan.replicates)


def _result(plan: _Plan, parts: list[_Part], dropped: pd.Series, imputations: int) -> PipelineResult:
    """The labels put back, the imputed copies pooled."""
    first = parts[0]
    event = first.design.event
    names = first.design.coefficient_names
    drawn = joined([part.drawn for part in parts])
    columns, fmi, df = _columns(plan, parts)
    unavailable = {} if first.corrected is not None else {"corrected": _why_not_corrected(first)}
    if not unavailable and np.isnan(columns["corrected"]).all():
        unavailable["corrected"] = Text(
            "the corrected covariances of factors and regressors are not positive definite",
            "校正后的因子与自变量协方差矩阵非正定",
        )
    fitted = drawn.fitted
    number = pd.Index(np.flatnonzero(fitted), name="replicate")
    return PipelineResult(
        formula=plan.equations.text,
        outcome=first.design.outcome,
        model=plan.model,
        robust=robust_name(plan.model, plan.clusters),
        coefficients=pd.DataFrame(columns, index=names),
        factors=first.solution.factors,
        composite=_composite(plan, first),
        shares=_share_frame(plan, parts),
        draws=pd.DataFrame(drawn.coefficients[fitted], index=number, columns=names),
        terms=first.design.terms,
        n_obs=len(first.index),
        n_clusters=0 if plan.clusters is None else len(np.unique(plan.clusters)),
        df=pd.Series(df, index=names, name="df"),
        dropped=dropped,
        replicates=len(fitted),
        converged=int(fitted.sum()),
        failures=_failures([part.drawn for part in parts]),
        heywood=int(drawn.heywood.sum()),
        interval=plan.interval,
        level=plan.level,
        imputations=imputations,
        fmi=None if fmi is None else pd.Series(fmi, index=names, name="fmi"),
        unavailable=unavailable,
        outcome_label=label_of(plan.labels, first.design.outcome) if event is None else event.label,
        event=event,
    )


def _columns(plan: _Plan, parts: list[_Part]) -> tuple[dict[str, FloatArray], FloatArray | None, FloatArray]:
    """Columns of the coefficients (m,), the fraction of missing information, and degrees of freedom."""
    first = parts[0]
    n, q = len(first.index), len(first.design.names)
    df = _degrees(plan, n, q)
    draws = [part.drawn.coefficients for part in parts]
    errors = np.array([np.nanstd(found, axis=0, ddof=1) for found in draws])
    estimates = np.array([part.fit.estimate for part in parts])
    columns = {"estimate": estimates.mean(axis=0)}
    naive_df = np.full(estimates.shape[1], first.fit.naive_df)
    for kind, error, free in (
        ("naive", np.array([part.fit.naive for part in parts]), naive_df),
        ("robust", np.array([part.fit.robust for part in parts]), first.fit.robust_df),
    ):
        columns |= _named(kind, _pooled_or_t(estimates, error, free), plan.level)
    pooled = _pooled_or_t(estimates, errors, np.full(estimates.shape[1], df))
    columns |= _named("pipeline", pooled, plan.level)
    left_out = first.left_out
    if plan.interval != "t":
        columns["pipeline_low"], columns["pipeline_high"] = limits(
            draws[0], estimates[0], None if left_out is None else left_out.coefficients, plan.level
        )
    columns["p_value"] = 2.0 * stdtr(pooled.df, -np.abs(pooled.estimate / pooled.std_error))
    columns["bias"] = np.mean([np.nanmean(found, axis=0) for found in draws], axis=0) - columns["estimate"]
    columns |= _corrected_columns(plan, parts, df, estimates.shape[1])
    return columns, pooled.fmi if len(parts) > 1 else None, pooled.df


def _corrected_columns(plan: _Plan, parts: list[_Part], df: float, m: int) -> dict[str, FloatArray]:
    """Coefficients on the factors themselves with error and limits, NaN where there are none."""
    names = ("corrected", "corrected_se", "corrected_low", "corrected_high")
    estimates = [part.corrected for part in parts if part.corrected is not None]
    enough = all(np.isfinite(part.drawn.corrected).all(axis=1).sum() >= plan.replicates / 2 for part in parts)
    if len(estimates) < len(parts) or not np.isfinite(estimates).all() or not enough:
        return {name: np.full(m, np.nan) for name in names}
    draws = [part.drawn.corrected for part in parts]
    errors = np.array([np.nanstd(found, axis=0, ddof=1) for found in draws])
    pooled = _pooled_or_t(np.array(estimates), errors, np.full(m, df))
    columns = {"corrected": pooled.estimate} | _named("corrected", pooled, plan.level)
    left_out = parts[0].left_out
    if plan.interval != "t":
        columns["corrected_low"], columns["corrected_high"] = limits(
            draws[0], estimates[0], None if left_out is None else left_out.corrected, plan.level
        )
    return columns


def _named(kind: str, pooled: Pooled, level: float) -> dict[str, FloatArray]:
    low, high = pooled.interval(level)
    return {f"{kind}_se": pooled.std_error, f"{kind}_low": low, f"{kind}_high": high}


def _pooled_or_t(estimates: FloatArray, errors: FloatArray, df: FloatArray) -> Pooled:
    """Rubin's rules over the copies (m, q); for one copy its own error and degrees of freedom."""
    if len(estimates) > 1:
        return pool(estimates, errors**2, df)
    none = np.zeros_like(estimates[0])
    return Pooled(estimates[0], errors[0] ** 2, none, errors[0] ** 2, df, none, none, none)


def limits(draws: FloatArray, estimates: FloatArray, left_out: FloatArray | None, level: float) -> FloatArray:
    """Lower and upper limits (2, q): BCa where there is a jackknife `left_out`, percentiles otherwise."""
    if left_out is None:
        return percentile(draws, level)
    return bca(draws, estimates, left_out, level)


def _degrees(plan: _Plan, n: int, q: int) -> float:
    """Degrees of freedom of the t distribution that the pipeline error goes with, before imputation."""
    if plan.clusters is not None:
        return float(len(np.unique(plan.clusters)) - 1)
    return float(n - q) if plan.model == "ols" else np.inf


def _uncorrectable(solution: Solution) -> Text | None:
    """Why the moments of the scores have no correction; None if they have."""
    if solution.factors.extraction == "principal":
        return Text(
            "principal components are exact sums of the items, without errors to correct",
            "主成分是题项的精确线性组合，没有可校正的测量误差",
        )
    if solution.factors.correlation.kind != "pearson":
        return Text(
            "the correction needs a linear model of the items as they are, hence Pearson correlations",
            "校正要求对原题项的线性测量模型，即皮尔逊相关",
        )
    return None


def _why_not_corrected(part: _Part) -> Text:
    why = _uncorrectable(part.solution)
    if why is not None:
        return why
    return Text(
        "the correction is for least squares on scores that enter by themselves",
        "校正仅适用于得分单独进入的最小二乘模型",
    )


def _composite(plan: _Plan, part: _Part) -> CompositeResult | None:
    if plan.composite is None:
        return None
    factors = part.solution.factors
    shares = pd.Series(part.solution.shares, index=factors.names, name="weight")
    scores = pd.Series(part.solution.with_composite()[:, -1], index=part.index, name=plan.composite_name)
    return CompositeResult(scores, shares, plan.composite, plan.composite_name, factors.factor_labels)


def _share_frame(plan: _Plan, parts: list[_Part]) -> pd.DataFrame | None:
    """Weights of the factors in the composite with errors; percentile limits, normal with imputations."""
    if plan.composite is None:
        return None
    estimates = np.array([part.solution.shares for part in parts])
    errors = np.array([np.nanstd(part.drawn.shares, axis=0, ddof=1) for part in parts])
    pooled = _pooled_or_t(estimates, errors, np.full(estimates.shape[1], np.inf))
    low, high = pooled.interval(plan.level)
    if len(parts) == 1:
        low, high = percentile(parts[0].drawn.shares, plan.level)
    columns = {"estimate": pooled.estimate, "std_error": pooled.std_error, "ci_low": low, "ci_high": high}
    return pd.DataFrame(columns, index=parts[0].solution.factors.names)


def _failures(drawn: Sequence[PipelineReplicates]) -> dict[str, int]:
    """Why replicates have no coefficients, and how many."""
    unmeasured = sum(int((~part.measured).sum()) for part in drawn)
    unfitted = sum(int((part.measured & ~part.fitted).sum()) for part in drawn)
    found = {
        "no factor solution (an item without variation, or no convergence)": unmeasured,
        "no regression (a regressor without variation, or separation)": unfitted,
    }
    return {why: count for why, count in found.items() if count}


def require_numbers(replicates: int, level: float, workers: int) -> None:
    """Raise UsageError for numbers that no bootstrap can run with."""
    require_replicates(replicates)
    if not 0 < level < 1:
        raise UsageError(f"level = {level:g} is not between 0 and 1")
    if workers < 1:
        raise UsageError(f"workers = {workers}: at least one is needed")


def _require_imputations(imputations: int, interval: str | None) -> None:
    if imputations < 0 or imputations == 1:
        raise UsageError(f"imputations = {imputations}: 0 for complete rows, or two and more")
    if imputations and interval not in (None, "t"):
        raise UsageError(
            f"interval={interval!r}: pooling over imputed copies gives t intervals; use interval='t'"
        )
