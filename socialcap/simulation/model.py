"""What is assumed of a population of firms, as frozen tables.

The model is a Gaussian copula on a recursive path model. Latent factors are jointly normal with correlation
matrix phi. Every drawn variable has a normal score

    z = sum_s b_s z_s + e,   Var(z) = 1,

over latents and over variables that stand before it (`effects`; a nominal variable's effect is a shift per
code), and its value is the quantile of its own distribution at the standing of z. The residual variance is
one minus the variance explained, worked out from the implied covariances, so that the distribution of every
variable is the one stated. A nominal source makes z a mixture of normals, close to normal for small shifts.
"""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from socialcap.kernels import FloatArray
from socialcap.plan import BilingualText

SURVEY_YEAR = "survey_year"

Shares = Annotated[tuple[float, ...], Field(min_length=2)]
Effects = dict[str, float | dict[str, float]]
Code = float | str


class Part(BaseModel):
    """A table of the population file: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class PopulationPart(Part):
    """[population]: what is described, the year of the survey, and the line every output of it carries."""

    name: str = Field(pattern=r"^[\w-]+$")
    title: BilingualText
    note: BilingualText
    survey_year: int = Field(ge=1900, le=2200)
    firms: int = Field(default=200, ge=1)
    seed: int = Field(default=1, ge=0)


class LatentPart(Part):
    """[[latent]]: a standard normal factor, and its correlations with factors before it (0 if unsaid)."""

    name: str
    label: BilingualText
    correlations: dict[str, float] = Field(default_factory=dict)


class Condition(Part):
    """Holds where a variable has one of these codes; never where the variable was not asked."""

    variable: str
    codes: tuple[Code, ...] = Field(min_length=1)


class Case(Condition):
    """Shares of the categories among those for whom the condition holds."""

    shares: Shares


class Cap(Part):
    """An upper bound: another variable's value plus an offset."""

    variable: str
    offset: float = 0.0


class Drawn(Part):
    """What drawn variables have in common: effects on the normal score, and when the question is asked."""

    name: str
    effects: Effects = Field(default_factory=dict)
    asked_if: tuple[Condition, ...] = ()


class Ordinal(Drawn):
    """Ordered categories first, first + 1, ... with the stated shares; a yes/no question has two, from 0."""

    kind: Literal["ordinal"]
    shares: Shares
    first: int = 1
    cases: tuple[Case, ...] = ()


class Nominal(Drawn):
    """Unordered categories with the stated shares; nothing has an effect on them except through cases."""

    kind: Literal["nominal"]
    codes: tuple[str, ...] = Field(min_length=2)
    shares: Shares
    cases: tuple[Case, ...] = ()


class Count(Drawn):
    """Negative binomial with this mean and variance mean + mean²/size; Poisson where size is left out."""

    kind: Literal["count"]
    mean: float = Field(gt=0)
    size: float | None = Field(default=None, gt=0)
    maximum: int | None = Field(default=None, ge=1)


class Measured(Drawn):
    """A continuous variable, truncated to [minimum, maximum], rounded, and capped by another variable."""

    minimum: float | None = None
    maximum: float | None = None
    round_to: float | None = Field(default=None, gt=0)
    at_most: Cap | None = None


class Normal(Measured):
    """Normal with this mean and standard deviation (before truncation)."""

    kind: Literal["normal"]
    mean: float
    sd: float = Field(gt=0)


class LogNormal(Measured):
    """Log-normal: median, and standard deviation of the logarithm (before truncation)."""

    kind: Literal["lognormal"]
    median: float = Field(gt=0)
    sd_log: float = Field(gt=0)


class Percentage(Measured):
    """A percentage: 100 times a beta variable with this mean and standard deviation, both in per cent."""

    kind: Literal["percentage"]
    mean: float = Field(gt=0, lt=100)
    sd: float = Field(gt=0)


class Option(Part):
    """One answer of a multiple-choice question: its share, and effects on its normal score."""

    code: str
    share: float = Field(gt=0, lt=1)
    effects: Effects = Field(default_factory=dict)


class Multiple(Part):
    """A multiple-choice question: 0/1 columns `<name>_<code>`; `none` is ticked where nothing else is."""

    kind: Literal["multiple"]
    name: str
    options: tuple[Option, ...] = Field(min_length=2)
    none: str = ""


class Share(Part):
    """One part of a whole: weight exp(ln(weight) + sd z), none at all unless every condition holds."""

    name: str
    weight: float = Field(gt=0)
    sd: float = Field(gt=0)
    effects: Effects = Field(default_factory=dict)
    only_if: tuple[Condition, ...] = ()


class Composition(Part):
    """Shares of a whole in per cent that sum to exactly 100, in steps of `round_to`."""

    kind: Literal["composition"]
    name: str
    parts: tuple[Share, ...] = Field(min_length=2)
    round_to: float = Field(default=1.0, gt=0)


class Linear(Part):
    """A constant plus coefficients times the values of other variables (or `survey_year`); not drawn."""

    kind: Literal["linear"]
    name: str
    constant: float = 0.0
    terms: dict[str, float] = Field(default_factory=dict)


Variable = Annotated[
    Ordinal | Nominal | Count | Normal | LogNormal | Percentage | Multiple | Composition | Linear,
    Field(discriminator="kind"),
]
KINDS: dict[str, type[Part]] = {
    "ordinal": Ordinal,
    "nominal": Nominal,
    "count": Count,
    "normal": Normal,
    "lognormal": LogNormal,
    "percentage": Percentage,
    "multiple": Multiple,
    "composition": Composition,
    "linear": Linear,
}


class SlipsPart(Part):
    """[returned.slips]: how many cells are written in each untidy way (the answer itself stays true)."""

    full_width: int = Field(default=0, ge=0)
    year_word: int = Field(default=0, ge=0)
    unit_word: int = Field(default=0, ge=0)
    yuan: int = Field(default=0, ge=0)
    thousands: int = Field(default=0, ge=0)
    hundred_millions: int = Field(default=0, ge=0)
    percent_sign: int = Field(default=0, ge=0)
    invisible: int = Field(default=0, ge=0)
    padded: int = Field(default=0, ge=0)
    near_miss: int = Field(default=0, ge=0)
    answered_anyway: int = Field(default=0, ge=0)


class PlantedPart(Part):
    """[[returned.planted]]: texts that stand for one respondent each in place of a true answer."""

    variable: str
    kind: Literal["out_of_range", "unreadable", "refused"]
    texts: tuple[str, ...] = Field(min_length=1)


class ReturnedPart(Part):
    """[returned]: how the questionnaires come back.

    Besides the firms of the population: `repeated` send the same answers twice, `resubmitted` send a second
    questionnaire with some answers changed, `copied` hand in another firm's answers under their own number,
    `straightliners` tick one column throughout, `speeders` and `inattentive` tick at random, the former in a
    minute or two and the latter in the usual time but missing the attention check.
    `blank` are shares of blanks by variable, `blank_share` that of all others; `required` are never blank.
    """

    id_format: str = "{:03d}"
    start: datetime.datetime
    days: int = Field(ge=1)
    places: tuple[str, ...] = Field(min_length=1)
    repeated: int = Field(default=0, ge=0)
    resubmitted: int = Field(default=0, ge=0)
    copied: int = Field(default=0, ge=0)
    straightliners: int = Field(default=0, ge=0)
    speeders: int = Field(default=0, ge=0)
    inattentive: int = Field(default=0, ge=0)
    blank_share: float = Field(default=0.0, ge=0, lt=1)
    blank: dict[str, float] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    extras: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    near_misses: dict[str, str] = Field(default_factory=dict)
    units: dict[str, str] = Field(default_factory=dict)
    slips: SlipsPart = SlipsPart()
    planted: tuple[PlantedPart, ...] = ()


class Population(Part):
    """All that is assumed of a population; variables are drawn in the order in which they stand."""

    population: PopulationPart
    latent: tuple[LatentPart, ...] = ()
    variable: tuple[Variable, ...] = Field(min_length=1)
    returned: ReturnedPart | None = None

    @model_validator(mode="after")
    def _names(self) -> Population:
        seen: set[str] = set()
        for name in [part.name for part in self.latent] + list(self.columns):
            if name in seen:
                raise ValueError(f"the name {name!r} is used twice")
            seen.add(name)
        return self

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the simulated columns, in order."""
        return tuple(name for variable in self.variable for name in column_names(variable))

    @cached_property
    def phi(self) -> FloatArray:
        """Correlations (k, k) of the latent factors."""
        order = [part.name for part in self.latent]
        phi = np.eye(len(order))
        for i, part in enumerate(self.latent):
            for other, value in part.correlations.items():
                j = order.index(other)
                phi[i, j] = phi[j, i] = value
        return phi


def column_names(variable: Variable) -> tuple[str, ...]:
    """The columns that a variable has in the simulated frame."""
    if isinstance(variable, Multiple):
        codes = [option.code for option in variable.options] + ([variable.none] if variable.none else [])
        return tuple(f"{variable.name}_{code}" for code in codes)
    if isinstance(variable, Composition):
        return tuple(part.name for part in variable.parts)
    return (variable.name,)
