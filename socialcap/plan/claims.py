"""The tables of a study file that state what the study claims, and published solutions to compare with."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from socialcap.plan.parts import BilingualText, Names, Part
from socialcap.results import Text


class ClaimPart(Part):
    """[[claim]]: one hypothesis, in words and as a test.

    The test's language is described at `socialcap.judge`. `regression` says which model is meant where
    several have the coefficient (the first otherwise); `effect`, in standard deviations, is the distance from
    the bound for which the power of a one-sided claim is stated.
    """

    name: str = Field(min_length=1)
    sentence: BilingualText = Text()
    test: str
    regression: str | None = None
    effect: float = Field(default=0.20, gt=0)


class ReferencePart(Part):
    """[references.NAME]: a published factor solution, as factor = [items that it carries], or as a `file`.

    The file is a CSV with the columns item, factor and, where loadings were published, loading (one row for
    each of them); without loadings an item counts 1 on its factor and 0 on the others.
    """

    file: str = ""
    factors: dict[str, Names] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _pattern(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or isinstance(raw.get("file"), str) or set(raw) == {"factors"}:
            return raw
        return {"factors": raw}

    @model_validator(mode="after")
    def _one_of(self) -> ReferencePart:
        if bool(self.file) == bool(self.factors):
            raise ValueError("a reference has either factors with their items or a file")
        return self
