"""What a study computed, as claims are judged by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from socialcap.codebook import Codebook, ItemType
from socialcap.results import MeasurementResult, PipelineResult, RegressionResult, Text
from socialcap.results.measurement import label_of

if TYPE_CHECKING:
    from socialcap.results import StudyResult


class Curve(Protocol):
    """What claims read of a specification curve: a row per specification of one coefficient, with columns
    estimate, std_error and beta; a row per distinct measurement, with a column for each factor's share of
    variance.
    """

    @property
    def regression(self) -> str: ...

    @property
    def term(self) -> str: ...

    @property
    def curve(self) -> pd.DataFrame: ...

    @property
    def measurements(self) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Evidence:
    """What a study computed: `data` (n, ...) of the analysed firms; models; the same models through the whole
    pipeline, by name; specification curves; published solutions (item, factor), by name; the variables in
    `percent`, from 0 to 100; labels of variables.
    """

    data: pd.DataFrame
    measurement: MeasurementResult | None = None
    regressions: tuple[RegressionResult, ...] = ()
    pipelines: Mapping[str, PipelineResult] = field(default_factory=lambda: MappingProxyType({}))
    specifications: tuple[Curve, ...] = ()
    references: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))
    percent: frozenset[str] = frozenset()
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, study: StudyResult, references: Mapping[str, pd.DataFrame] | None = None) -> Evidence:
        """The evidence of a study that was run."""
        factors = study.measurement.factors if study.measurement else None
        labels = {} if factors is None else {**factors.labels, **factors.factor_labels}
        return cls(
            data=study.data,
            measurement=study.measurement,
            regressions=study.regressions,
            pipelines=study.pipelines,
            specifications=study.specifications,
            references=references or {},
            percent=percent_variables(study.survey.codebook),
            labels={**labels, **study.labels()},
        )

    def label(self, name: str) -> Text:
        """The label of a variable, factor or composite; its name where it has none."""
        return label_of(self.labels, name)


def percent_variables(book: Codebook) -> frozenset[str]:
    """The variables that the codebook types as percentages."""
    return frozenset(item.name for item in book if item.type is ItemType.PERCENT)


def pattern(factors: Mapping[str, Iterable[str]]) -> pd.DataFrame:
    """Target loadings (p, m): 1 for an item on the factor that carries it, 0 elsewhere."""
    carried = {factor: list(items) for factor, items in factors.items()}
    items = list(dict.fromkeys(item for own in carried.values() for item in own))
    return pd.DataFrame(
        {factor: [float(item in own) for item in items] for factor, own in carried.items()}, index=items
    )
