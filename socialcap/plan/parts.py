"""The tables of a study file that every study has: what it is called, data, cleaning, factors, regressions, report."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from socialcap.results import Text
from socialcap.results.regression import Covariance, Model

Platform = Literal["auto", "plain", "wjx", "qualtrics", "kobo", "limesurvey", "surveymonkey", "spss", "stata"]
Missing = Literal["listwise", "pairwise", "em"]
Format = Literal["html", "docx", "pdf", "tex", "xlsx"]
Style = Literal["apa", "three-line"]
FlagName = Literal[
    "duplicate_id",
    "duplicate_answers",
    "speeder",
    "attention",
    "longstring",
    "irv",
    "even_odd",
    "mahalanobis",
    "person_total",
    "missing_share",
]


def _text(value: Any) -> Any:
    """A bilingual text: a string serves both languages, a table has `en` and `zh`."""
    if isinstance(value, str):
        return Text(value, value)
    if isinstance(value, dict):
        if set(value) <= {"en", "zh"} and all(isinstance(side, str) for side in value.values()):
            return Text(**value)
        raise ValueError("write one text, or a table with en and zh")
    return value


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


BilingualText = Annotated[Text, BeforeValidator(_text)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Part(BaseModel):
    """A table of the study file: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class StudyPart(Part):
    """[study]: what the study is called, and the line that every output of it carries."""

    name: str = Field(pattern=r"^[\w-]+$")
    title: BilingualText = Text()
    note: BilingualText = Text()
    seed: int = Field(default=1, ge=0)


class DataPart(Part):
    """[data]: the export and how to read it; everything "auto" is detected.

    `combine` says what several files are: more respondents ("stack") or more questions of the same
    respondents ("join", by the codebook's id). `numbers` is the same export with answers by number.
    """

    files: tuple[str, ...] = Field(min_length=1)
    codebook: str = "codebook.xlsx"
    platform: Platform = "auto"
    encoding: str = "auto"
    separator: str = "auto"
    sheet: str = ""
    combine: Literal["stack", "join"] = "stack"
    numbers: str = ""
    keep_personal: bool = False


class DerivedPart(Part):
    """[derive]: one new variable, by an expression over others; `scale` makes it an item of that scale."""

    expression: str
    label: BilingualText = Text()
    scale: str = ""


class QualityPart(Part):
    """[quality]: thresholds of the careless-responding indices; one left out is computed but flags nobody.

    speeder_seconds       shorter durations are flagged
    speeder_share         durations below this share of the median are flagged
    longstring            runs of this many identical answers or more are flagged
    longstring_share      runs of this share of the scale items or more are flagged
    irv_below             intra-individual standard deviations below this are flagged
    even_odd_below        even-odd consistencies below this are flagged
    mahalanobis_p         squared distances beyond the chi-square quantile 1 − p are flagged
    person_total_below    person-total correlations below this are flagged
    missing_share_above   a larger share of items without an answer is flagged
    duplicate_answers     how many equal answers in a row of the whole questionnaire make a duplicate pattern:
                          the smallest number of answered items for which identical rows are flagged
    """

    speeder_seconds: float | None = Field(default=None, gt=0)
    speeder_share: float | None = Field(default=None, gt=0, lt=1)
    longstring: int | None = Field(default=None, ge=2)
    longstring_share: float | None = Field(default=None, gt=0, le=1)
    irv_below: float | None = Field(default=None, gt=0)
    even_odd_below: float | None = Field(default=None, ge=-1, le=1)
    mahalanobis_p: float | None = Field(default=None, gt=0, lt=1)
    person_total_below: float | None = Field(default=None, ge=-1, le=1)
    missing_share_above: float | None = Field(default=None, ge=0, lt=1)
    duplicate_answers: int | None = Field(default=10, ge=2)


class ExcludePart(Part):
    """[[exclude]]: one rule by which respondents leave the analysis: a quality flag or a condition."""

    flag: FlagName | None = None
    when: str = ""
    reason: BilingualText = Text()

    @model_validator(mode="after")
    def _one_of(self) -> ExcludePart:
        if (self.flag is None) == (not self.when):
            raise ValueError("an exclusion has either a flag or a condition (when)")
        return self


class FactorsPart(Part):
    """[factors]: which items, and how the factors are extracted.

    Items are listed, or taken from `scales`, or from all scales; `names` gives the factors' names in column
    order, or "scales" to name each factor by the scale that loads on it most. `bootstrap` is the number of
    resamples for standard errors of the loadings, 0 for none. The other keys are arguments of
    `socialcap.factor_analysis` and `socialcap.composite`.
    """

    items: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    n_factors: int = Field(ge=1)
    correlation: Literal["pearson", "spearman", "polychoric", "mixed"] = "pearson"
    missing: Missing = "listwise"
    extraction: Literal["principal", "paf", "minres", "ml", "uls", "dwls"] = "principal"
    rotation: Literal["none", "varimax", "quartimax", "equamax", "promax", "oblimin", "geomin", "bentler"] = (
        "varimax"
    )
    preset: Literal["spss", "psych"] | None = None
    kaiser: bool | None = None
    power: float = Field(default=4.0, gt=1)
    gamma: float = 0.0
    epsilon: float = Field(default=0.01, gt=0)
    scores: Literal["regression", "bartlett", "anderson_rubin", "ten_berge", "means"] = "regression"
    names: Literal["scales"] | tuple[str, ...] = "scales"
    salient: float = Field(default=0.5, gt=0, lt=1)
    bootstrap: int = Field(default=1000, ge=0)
    composite: Literal["rotated", "initial"] = "rotated"
    composite_name: str = "social_capital"
    composite_label: BilingualText = Text("Social capital", "社会资本")


class RegressionPart(Part):
    """[[regression]]: one model; what each setting means is said at `socialcap.regress`.

    `margins` are marginal effects: "average" over the firms, at "means", true for "average", false for none;
    left out, average ones of models that are not linear. `diagnostics` are the tests of the model's
    assumptions.
    """

    name: str
    formula: str
    label: BilingualText = Text()
    model: Model = "ols"
    cov: Covariance | None = None
    clusters: Names = ()
    weights: str | None = None
    strata: str | None = None
    fixed_effects: Names = ()
    lower: float | None = None
    upper: float | None = None
    exposure: str | None = None
    base: str | None = None
    selection: str | None = None
    second: str | None = None
    groups: str | None = None
    slopes: Names = ()
    method: Literal["ml", "twostep", "2sls", "liml", "reml"] | None = None
    wild_weights: Literal["rademacher", "webb"] = "rademacher"
    margins: bool | Literal["average", "means"] | None = None
    diagnostics: bool = True

    @property
    def margins_at(self) -> str | None:
        """Where marginal effects are taken; None for no marginal effects."""
        if self.margins is None:
            return None if self.model in ("ols", "iv", "mixed") else "average"
        if isinstance(self.margins, bool):
            return "average" if self.margins else None
        return self.margins

    @property
    def columns(self) -> tuple[str, ...]:
        """The variables named outside the formulas."""
        single = (self.weights, self.strata, self.exposure, self.groups)
        return (*self.clusters, *self.fixed_effects, *self.slopes, *(name for name in single if name))


class ReportPart(Part):
    """[report]: what is written when the command line does not say.

    `style` sets tables as the APA does or as Chinese three-line tables; left out, English is set in APA style
    and Chinese in three-line tables.
    """

    formats: tuple[Format, ...] = ("html",)
    languages: tuple[Literal["en", "zh"], ...] = ("en", "zh")
    style: Style | None = None
