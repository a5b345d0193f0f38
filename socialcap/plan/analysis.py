"""The tables of a study file that say which analyses are run beside factors and regressions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from socialcap.plan.parts import BilingualText, Names, Part
from socialcap.results import Text
from socialcap.results.regression import Covariance, Model


class ProfilePart(Part):
    """[profile]: who the firms are, where their funds come from, and the variables of the models described.

    `variables` make the sample profile: counts and shares of those with levels, mean and quartiles of
    numbers. `funding` are the columns of the sources of funds, percentages that sum to 100 in each firm.
    `describe` are the variables of the descriptive statistics and correlations; left out, the numeric
    variables of all regressions, factors and the composite.
    """

    variables: Names = ()
    funding: tuple[str, ...] = ()
    describe: Names | None = None

    @field_validator("funding")
    @classmethod
    def _several(cls, funding: tuple[str, ...]) -> tuple[str, ...]:
        if len(funding) == 1:
            raise ValueError("name two sources of funds or more; they sum to 100")
        return funding


class ValidityPart(Part):
    """[validity]: the confirmatory model of the scales, and what it says of their validity.

    `scales` are its factors, all scales with two items or more where none are named. `replicates` are the
    resamples behind the bounds of HTMT. `method_bias` adds Harman's single factor and a latent method factor,
    with `marker`, a variable of no theoretical relation to the others, also the corrected correlations. The
    other keys are arguments of `socialcap.validity`.
    """

    scales: Names = ()
    estimator: Literal["ml", "mlr", "fiml", "uls", "wlsmv"] = "ml"
    missing: Literal["listwise", "fiml"] | None = None
    replicates: int = Field(default=1000, ge=20)
    method_bias: bool = True
    marker: str | None = None


class InferencePart(Part):
    """[inference]: the uncertainty of measurement carried into regressions on factor scores.

    Every regression that names a factor or the composite, and that the pipeline knows, is repeated through
    `socialcap.pipeline`; `replicates = 0` turns this off. `interval` is "t" unless said otherwise, because
    percentile intervals cover too rarely in small samples with weak loadings. Resamples are of `clusters`
    where these are named, else of the regression's own clusters, else of firms. `workers` is one for each
    core unless said otherwise; results do not depend on it. The other keys are arguments of
    `socialcap.pipeline`.
    """

    replicates: int = Field(default=1000, ge=0)
    interval: Literal["percentile", "bca", "t"] = "t"
    level: float = Field(default=0.95, gt=0, lt=1)
    imputations: int = Field(default=0, ge=0)
    workers: int | None = Field(default=None, ge=1)
    clusters: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> InferencePart:
        if 0 < self.replicates < 20:
            raise ValueError("replicates: 0 for none, or at least 20")
        if self.imputations == 1:
            raise ValueError("imputations: 0 for none, or at least 2, for their spread is what counts")
        if self.imputations and self.interval != "t":
            raise ValueError('imputed copies are pooled as t intervals: interval = "t"')
        return self


class HierarchicalPart(Part):
    """[[hierarchical]]: blocks of regressors added one after the other; see `socialcap.hierarchical`.

    Each of `blocks` is the right side of a formula, such as "ln_employees + C(trade)"; a model holds its
    block and all blocks before.
    """

    name: str = Field(pattern=r"^[\w-]+$")
    label: BilingualText = Text()
    outcome: str
    blocks: tuple[str, ...] = Field(min_length=2)
    model: Model = "ols"
    cov: Covariance | None = None
    clusters: Names = ()
    weights: str | None = None

    @property
    def formulas(self) -> tuple[str, ...]:
        """The formula of each model, the smallest first."""
        return tuple(f"{self.outcome} ~ {' + '.join(self.blocks[: i + 1])}" for i in range(len(self.blocks)))


class MediationPart(Part):
    """[[mediation]]: effects of `x` on `y` through mediators `m`; each key is said at `socialcap.mediation`."""

    name: str = Field(pattern=r"^[\w-]+$")
    label: BilingualText = Text()
    x: str
    m: Names = Field(min_length=1)
    y: str
    covariates: Names = ()
    kind: Literal["parallel", "serial"] = "parallel"
    moderator: str | None = None
    moderated: tuple[Literal["a", "b", "direct"], ...] = ()
    levels: tuple[float, ...] | None = None
    replicates: int = Field(default=5000, ge=100)
    interval: Literal["percentile", "bca"] = "percentile"
    level: float = Field(default=0.95, gt=0, lt=1)
    clusters: str | None = None
    cov: Covariance | None = None

    @model_validator(mode="after")
    def _moderated(self) -> MediationPart:
        if (self.moderator is None) != (not self.moderated):
            raise ValueError('moderator and moderated go together: moderator = "w", moderated = ["a"]')
        if self.moderated and self.kind == "serial":
            raise ValueError('moderated paths are for kind = "parallel"')
        return self


class ModerationPart(Part):
    """[[moderation]]: the slope of `x` on `y` by a moderator `w`; each key is said at `socialcap.moderation`."""

    name: str = Field(pattern=r"^[\w-]+$")
    label: BilingualText = Text()
    y: str
    x: str
    w: str
    covariates: Names = ()
    cov: Covariance | None = None
    clusters: Names = ()
    center: Literal["mean", "none"] = "mean"
    levels: tuple[float, ...] | None = None
    level: float = Field(default=0.95, gt=0, lt=1)
