"""One effect under every defensible set of choices, measurement and model together, and their joint test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from socialcap.errors import Problem, UsageError
from socialcap.inference.pipeline import expected_names, require_numbers
from socialcap.inference.solutions import require_options
from socialcap.inference.specification_choices import (
    MODELS,
    Specification,
    choice_problems,
    crossing,
    levels_of,
)
from socialcap.inference.specification_curves import Curve, Run, curve_results
from socialcap.inference.specification_formulas import MAIN, Followed, follow_problems, outcome_name
from socialcap.inference.specification_measurements import main_measurement
from socialcap.inference.specification_samples import samples_of
from socialcap.kernels.pipeline import CompositeWeights, Progress
from socialcap.measurement.items import unknown_items
from socialcap.results import Text
from socialcap.results.specifications import SpecificationCurveResult

_DECLARED = "declared"
_FEWEST = 2
_SOME = 100


def specification_curve(
    data: pd.DataFrame | Mapping[str, pd.DataFrame],
    formulas: Mapping[str, str],
    follow: Sequence[tuple[str, str]],
    *,
    items: Sequence[str],
    n_factors: int,
    choices: Mapping[str, Any],
    composite: CompositeWeights = "rotated",
    composite_name: str = "social_capital",
    models: Mapping[str, str] | None = None,
    limit: int = 500,
    replicates: int = 200,
    seed: int = 1,
    clusters: str | None = None,
    level: float = 0.95,
    workers: int = 1,
    progress: Progress | None = None,
    labels: Mapping[str, Text] | None = None,
    regression_labels: Mapping[str, Text] | None = None,
    level_labels: Mapping[str, Mapping[str, Text]] | None = None,
    **options: Any,
) -> tuple[SpecificationCurveResult, ...]:
    """A curve for each (regression, term) of `follow`: the term's estimate under every combination of choices.

    data        the analysed rows, or several versions of them by name, each left by another cleaning rule,
                the main one first; a row label stands for the same respondent in all
    formulas    regressions on factor scores by name, written as for `pipeline`; `models` names those that
                are not "ols" ("logit", "probit", "ordered_logit", "ordered_probit")
    choices     what to try beside the main specification, which the other arguments describe: lists of
                "correlation" (pearson, spearman, polychoric), "extraction" (principal, paf, minres, ml),
                "rotation", "n_factors", "scores", "composite" (rotated, initial); "covariates"
                {name: {drop: variables, add: terms}}; "outcome" {name: {outcome, model, reverse}}
    limit       combinations that are run; where there are more, the main one and a random choice of others
    replicates  resamples of rows (or whole `clusters`), the same for all specifications; in each of them every
                measurement, its alignment, its scores and every regression are computed anew. 0: none, with
                errors that take scores as data (HC3; CR1 with clusters; sandwich for likelihoods)
    workers     threads; results do not depend on their number. `progress(done, total)` reports steps
    options     further arguments of `factor_analysis` for the main specification (`correlations` is its kind)

    Items must be complete for measurement and variables for the regression, as where `regress` follows
    `factor_analysis`. The factors of every measurement are matched to those of the main one by the assignment
    with the largest congruence, also where their number differs; the followed factor must be found again at
    a congruence of .85 (Lorenzo-Seva and ten Berge 2006), else the specification is listed as refused, as are
    those with improper solutions (Heywood cases), which are no measurement. Main
    factors beyond those that a measurement has leave the formula, factors beyond the main ones enter the
    composite alone. Derived variables are those of the data, resamples do not compute them anew. p-values and
    intervals are those of t with n - k degrees of freedom, clusters less one, or infinite ones (likelihoods).

    Joint test (Simonsohn, Simmons and Nelson 2020) of no effect in any specification: median, share
    significant in the dominant direction, and Stouffer's Z, two-sided, p = (1 + as large) / (1 + replicates).
    They force the null by taking the estimated effect out of the outcome, y - bx, and resampling rows; with
    given regressors and least squares the estimates then are b* - b exactly. Scores are regressors made anew
    in each resample and likelihoods have no y - bx, so that the null distribution here is that of b* - b
    itself, with b of the full sample and the bootstrap standard error (Hall and Wilson 1991), for all
    specifications on the same resamples, which keeps their dependence. Units are held at the full sample's.

    Raises UsageError with every wrong name (and the nearest) at once; EstimationError where the main
    specification has no estimate or fewer than half of its replicates.
    """
    frames = {_DECLARED: data} if isinstance(data, pd.DataFrame) else dict(data)
    models = dict(models or {})
    _require_numbers(replicates, level, workers, limit)
    columns = [str(name) for name in next(iter(frames.values())).columns]
    names = [*columns, *expected_names(n_factors, options), composite_name]
    problems = [
        *_option_problems(options),
        *_frame_problems(frames, items),
        *choice_problems(choices, len(items)),
        *follow_problems(formulas, follow, models, choices, names),
    ]
    if problems:
        raise UsageError("these specifications cannot be run", dict.fromkeys(problems))
    main = _main(frames, n_factors, composite, options)
    plain = {key: value for key, value in options.items() if key not in ("correlations", "scores", "missing")}
    samples = samples_of(frames, items, clusters)
    reference = main_measurement(samples.frames[str(main["cleaning"])], items, main, plain)
    scores = [*reference.solution.factors.names, composite_name]
    run = Run(
        samples, list(map(str, items)), choices, [*columns, *scores], scores, reference, plain,
        replicates, limit, seed, level, workers, labels or {}, regression_labels or {}, level_labels or {},
    )  # fmt: skip
    curves = []
    for regression, term in follow:
        followed = Followed(regression, formulas[regression], term, MODELS[models.get(regression, "ols")])
        own = {**main, "outcome": outcome_name(followed.formula)}
        levels = levels_of(own, {**choices, "cleaning": list(frames)})
        if not _weighs(followed, choices, composite_name):
            levels["composite"] = (composite,)
        curves.append(Curve(followed, levels, crossing(levels, limit, seed)))
    return curve_results(run, curves, progress)


def _main(
    frames: Mapping[str, pd.DataFrame], n_factors: int, composite: str, options: Mapping[str, Any]
) -> Specification:
    """The main specification, its outcome aside."""
    return {
        "cleaning": next(iter(frames)),
        "correlation": options.get("correlations", "pearson"),
        "extraction": options.get("extraction", "principal"),
        "rotation": options.get("rotation", "varimax"),
        "n_factors": n_factors,
        "scores": options.get("scores", "regression"),
        "composite": composite,
        "covariates": MAIN,
    }


def _weighs(followed: Followed, choices: Mapping[str, Any], composite_name: str) -> bool:
    """Whether the composite stands in any form of a regression."""
    added = [str(setting.get("add", "")) for setting in choices.get("covariates", {}).values()]
    return any(composite_name in text for text in (followed.formula, *added))


def _require_numbers(replicates: int, level: float, workers: int, limit: int) -> None:
    require_numbers(replicates or _SOME, level, workers)
    if limit < _FEWEST:
        raise UsageError(f"limit = {limit}: at least {_FEWEST} specifications make a curve")


def _option_problems(options: Mapping[str, Any]) -> Iterator[Problem]:
    """What the pipeline cannot repeat in a resample; missing items other than listwise is among it."""
    own = {key: value for key, value in options.items() if key != "missing"}
    try:
        require_options(own)
    except UsageError as error:
        yield from error.problems or (Problem(error.message),)
    if options.get("missing", "listwise") != "listwise":
        yield Problem("resamples are measured on complete rows", "missing", expected="listwise")


def _frame_problems(frames: Mapping[str, pd.DataFrame], items: Sequence[str]) -> Iterator[Problem]:
    """Items and columns that the frames lack."""
    first = [str(name) for name in next(iter(frames.values())).columns]
    yield from unknown_items([item for item in items if item not in first], first)
    for name, frame in frames.items():
        absent = [column for column in first if column not in frame.columns]
        if absent:
            yield Problem("lacks columns of the first frame", f"data {name}", value=", ".join(absent))
