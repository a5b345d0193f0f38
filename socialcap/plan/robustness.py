"""The table [robustness] of a study file: the choices that the conclusions are tried under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from socialcap.plan.parts import BilingualText, Names, Part
from socialcap.results import Text


class FollowPart(Part):
    """[[robustness.follow]]: a term of a regression of the study that is followed through all choices."""

    regression: str
    term: str


class CleaningPart(Part):
    """[robustness.cleaning.<name>]: the rules of [[exclude]] that are applied, by flag or condition.

    No rules at all: nobody is excluded.
    """

    rules: Names = ()
    label: BilingualText = Text()


class CovariatesPart(Part):
    """[robustness.covariates.<name>]: variables whose terms leave the formula, and terms that join it."""

    drop: Names = ()
    add: Names = ()
    label: BilingualText = Text()

    @model_validator(mode="after")
    def _changes_something(self) -> CovariatesPart:
        if not (self.drop or self.add):
            raise ValueError("a set of covariates drops or adds something")
        return self


class OutcomePart(Part):
    """[robustness.outcome.<name>]: another outcome with its model; `reverse` where less of it is better."""

    outcome: str
    model: Literal["ols", "logit", "probit", "ordered_logit", "ordered_probit"] = "ols"
    reverse: bool = False
    label: BilingualText = Text()


def _followed(value: object) -> object:
    """What is followed, as a list of tables with regression and term."""
    if not value or not isinstance(value, list | tuple) or not all(isinstance(one, dict) for one in value):
        raise ValueError('write what is followed as [{ regression = "main", term = "social_capital" }]')
    return value


class RobustnessPart(Part):
    """[robustness]: what is tried beside the study's own choices, which are always among the specifications.

    All combinations are run, or the study's own and a random choice of others where there are more than
    `limit`; `replicates` resamples give errors and the joint test, 0 for neither. What each setting means is
    said at `socialcap.specification_curve`.
    """

    follow: Annotated[tuple[FollowPart, ...], BeforeValidator(_followed)] = Field(
        default=(), validate_default=True
    )
    cleaning: dict[str, CleaningPart] = Field(default_factory=dict)
    correlation: tuple[Literal["pearson", "spearman", "polychoric"], ...] = ()
    extraction: tuple[Literal["principal", "paf", "minres", "ml"], ...] = ()
    rotation: tuple[
        Literal["none", "varimax", "quartimax", "equamax", "promax", "oblimin", "geomin", "bentler"], ...
    ] = ()
    n_factors: tuple[Annotated[int, Field(ge=1)], ...] = ()
    scores: tuple[Literal["regression", "bartlett", "anderson_rubin", "ten_berge", "means"], ...] = ()
    composite: tuple[Literal["rotated", "initial"], ...] = ()
    covariates: dict[str, CovariatesPart] = Field(default_factory=dict)
    outcome: dict[str, OutcomePart] = Field(default_factory=dict)
    limit: int = Field(default=500, ge=2)
    replicates: int = Field(default=200, ge=0)

    @property
    def choices(self) -> dict[str, object]:
        """The choices as `socialcap.specification_curve` takes them, cleaning aside."""
        lists = {key: getattr(self, key) for key in _LISTS}
        return {
            **{key: levels for key, levels in lists.items() if levels},
            "covariates": {name: {"drop": p.drop, "add": p.add} for name, p in self.covariates.items()},
            "outcome": {
                name: {"outcome": p.outcome, "model": p.model, "reverse": p.reverse}
                for name, p in self.outcome.items()
            },
        }

    @property
    def level_labels(self) -> dict[str, dict[str, Text]]:
        """Labels of the named levels by choice."""
        named: dict[str, Mapping[str, CleaningPart | CovariatesPart | OutcomePart]] = {
            "cleaning": self.cleaning,
            "covariates": self.covariates,
            "outcome": self.outcome,
        }
        return {
            choice: {name: part.label for name, part in parts.items() if part.label}
            for choice, parts in named.items()
        }


_LISTS = ("correlation", "extraction", "rotation", "n_factors", "scores", "composite")
