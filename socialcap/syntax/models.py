"""The regressions of a study, each under the name that its numbers go by in every program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from socialcap.plan import StudyPlan
from socialcap.results import RegressionResult, StudyResult, Text
from socialcap.syntax.design import DesignColumn, NotTranslated, design_columns

_WRITTEN = ("ols", "logit", "probit", "fractional", "poisson", "ordered_logit", "ordered_probit")


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A regression with its name in the files, what it is for, and what its sample is made of.

    `centres` are subtracted from variables before products are taken; `together` are models that share the
    sample, whose variables must be complete too; `clusters` and `weights` are columns. `refused` says why the
    model is not written for other programs, where it is not.
    """

    key: str
    label: Text
    model: RegressionResult
    clusters: tuple[str, ...] = ()
    weights: str | None = None
    fixed_effects: tuple[str, ...] = ()
    centres: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    together: tuple[RegressionResult, ...] = ()
    refused: str = ""


def named_models(result: StudyResult, plan: StudyPlan) -> Iterator[NamedModel]:
    """Every regression of the study: its own, and those of blocks, moderations and mediations."""
    parts = {part.name: part for part in plan.regression}
    for model in result.regressions:
        part = parts[model.name]
        yield NamedModel(
            f"regression.{model.name}",
            model.label,
            model,
            part.clusters,
            part.weights or part.exposure,
            part.fixed_effects,
        )
    blocks = {part.name: part for part in plan.hierarchical}
    for steps in result.hierarchical:
        asked = blocks[steps.name]
        for i, model in enumerate(steps.models, 1):
            key = f"hierarchical.{steps.name}.{i}"
            yield NamedModel(
                key, steps.label, model, asked.clusters, asked.weights, together=tuple(steps.models)
            )
    moderators = {part.name: part for part in plan.moderation}
    for found in result.moderations:
        centres = dict(found.means) if found.center == "mean" else {}
        clusters = moderators[found.name].clusters
        yield NamedModel(
            f"moderation.{found.name}", found.label, found.model, clusters, centres=MappingProxyType(centres)
        )
    mediators = {part.name: part for part in plan.mediation}
    for way in result.mediations:
        once = mediators[way.name].clusters
        refused = (
            "" if way.moderator is None else "moderated mediation centres its variables on its own sample"
        )
        for outcome, model in way.models.items():
            yield NamedModel(
                f"mediation.{way.name}.{outcome}",
                way.label,
                model,
                (once,) if once else (),
                together=tuple(way.models.values()),
                refused=refused,
            )


def require_written(named: NamedModel) -> None:
    """Raises NotTranslated for a model that stands in no syntax file."""
    if named.refused:
        raise NotTranslated(named.refused)
    if named.model.model not in _WRITTEN:
        raise NotTranslated(f"a {named.model.model} model is not written for other programs")
    if named.weights or named.fixed_effects:
        raise NotTranslated("weights, exposures and absorbed levels are not written for other programs")
    if named.model.cov in ("wild", "linearised"):
        raise NotTranslated(f"the {named.model.cov} covariance is not written for other programs")


def sample_columns(named: NamedModel) -> list[DesignColumn]:
    """The model's columns first, then those of the models that share its sample, each once."""
    found = {c.coefficient: c for c in design_columns(named.model, named.centres)}
    for other in named.together:
        for made in design_columns(other, named.centres):
            found.setdefault(made.coefficient, made)
    return list(found.values())
