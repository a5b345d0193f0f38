"""The conclusions of a study under every set of choices that its [robustness] allows."""

from __future__ import annotations

import pandas as pd

from socialcap.errors import Problem
from socialcap.inference import specification_curve
from socialcap.kernels.threads import cores
from socialcap.plan import FactorsPart, RobustnessPart
from socialcap.results import SpecificationCurveResult
from socialcap.study.measuring import factor_options
from socialcap.study.names import factor_items
from socialcap.study.reading import with_levels
from socialcap.study.setting import Setting
from socialcap.survey.variants import responses_under


def follow(setting: Setting) -> tuple[SpecificationCurveResult, ...]:
    """A curve for each term that the plan follows; none where it asks for none, or the problems say why."""
    part, factors = setting.plan.robustness, setting.plan.factors
    if part is None or factors is None:
        return ()
    setting.progress("specification curves")
    made = setting.attempt("the specification curves", lambda: _curves(setting, part, factors))
    if made and factors.missing != "listwise":
        said = f"the specification curves measure complete firms, the factor analysis {factors.missing}"
        setting.problems.append(Problem(said, severity="warning"))
    return made or ()


def _curves(
    setting: Setting, part: RobustnessPart, factors: FactorsPart
) -> tuple[SpecificationCurveResult, ...]:
    plan = setting.plan
    asked = {followed.regression for followed in part.follow}
    models = [model for model in plan.regression if model.name in asked]
    return specification_curve(
        _versions(setting, part),
        {model.name: model.formula for model in models},
        [(followed.regression, followed.term) for followed in part.follow],
        items=factor_items(plan, setting.book),
        n_factors=factors.n_factors,
        choices=part.choices,
        composite=factors.composite,
        composite_name=factors.composite_name,
        models={model.name: model.model for model in models},
        limit=part.limit,
        replicates=part.replicates,
        seed=setting.seed,
        clusters=plan.inference.clusters,
        workers=plan.inference.workers or cores(),
        progress=setting.progress,
        regression_labels={model.name: model.label for model in models},
        level_labels=part.level_labels,
        **factor_options(setting, factors),
    )


def _versions(setting: Setting, part: RobustnessPart) -> dict[str, pd.DataFrame]:
    """The analysed firms as declared, and as each other cleaning rule leaves them."""
    others = {
        name: with_levels(responses_under(setting.survey, version.rules), setting.book)
        for name, version in part.cleaning.items()
    }
    return {"declared": setting.data, **others}
