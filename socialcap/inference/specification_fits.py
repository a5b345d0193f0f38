"""One specification on the full sample: its rows, its design, its estimate, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.inference.designs import LabelledDesign, score_design
from socialcap.inference.models import estimate
from socialcap.inference.rows import complete_rows
from socialcap.inference.specification_choices import Level, Specification
from socialcap.inference.specification_formulas import Variant
from socialcap.inference.specification_measurements import SAME_FACTOR, Measurement
from socialcap.inference.specification_reasons import NoEstimateError, Refusal, refusal
from socialcap.inference.specification_replicates import Estimand
from socialcap.inference.specification_samples import Samples
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.pipeline import CompositeWeights
from socialcap.regression.checks import dependent_columns
from socialcap.results import Text
from socialcap.results.regression import Event

_LATENT_VARIANCE = {"logit": np.pi**2 / 3.0, "probit": 1.0}


@dataclass(frozen=True)
class Fit:
    """A specification estimated on the full sample with its scores taken as data.

    estimate, robust: the followed coefficient and its robust error in the units of the regression; sign: -1
    for an outcome that was turned round; scale: from these units to standard deviations; df: degrees of
    freedom of t with the bootstrap error, robust_df with the robust one; event: what a binary model of a
    categorical outcome takes as 1.
    """

    estimand: Estimand
    estimate: float
    robust: float
    sign: float
    scale: float
    df: float
    robust_df: float
    event: Event | None


@dataclass(frozen=True)
class _Design:
    """A regression on the rows (m,) of a sample, without the scores that its measurement lacks."""

    rows: IntArray
    found: LabelledDesign


@dataclass(frozen=True)
class Fits:
    """Specifications fitted one after the other; designs that they share are made once.

    scores: names of the main factors, then of the composite; labels: of variables.
    """

    samples: Samples
    items: Sequence[str]
    scores: Sequence[str]
    labels: Mapping[str, Text]
    designs: dict[tuple[str, str, str, tuple[int, ...]], _Design | Refusal] = field(default_factory=dict)

    def fit(
        self, specification: Specification, measurement: Measurement, variant: Variant, term: str
    ) -> Fit | Refusal:
        """The followed term of a specification, or why it has no estimate."""
        design = self._design(str(specification["cleaning"]), variant, measurement.absent())
        if isinstance(design, Refusal):
            return design
        lost = self._lost(term, measurement)
        if lost is not None:
            return lost
        if term not in design.found.names:
            return Refusal(
                Text("the regression has no coefficient {term}", "回归方程中没有系数 {term}").format(
                    term=term
                )
            )
        try:
            return self._fitted(specification, measurement, variant, design, design.found.names.index(term))
        except EstimationError as error:
            return refusal(error)

    def _fitted(
        self,
        specification: Specification,
        measurement: Measurement,
        variant: Variant,
        design: _Design,
        column: int,
    ) -> Fit:
        rule, weights = str(specification["scores"]), _weights(specification["composite"])
        scores = measurement.scores(rule, weights)[design.rows]
        found = design.found
        x = found.x(scores)
        _require_estimable(pd.DataFrame(x, columns=found.names), variant)
        clusters = None if self.samples.clusters is None else self._clusters(specification, design)
        fit = estimate(found, scores, clusters)
        own = Estimand(
            str(specification["cleaning"]), measurement, rule, weights, design.rows, found.kernel, column,
            fit.estimate,
        )  # fmt: skip
        if clusters is not None:
            df = float(len(np.unique(clusters)) - 1)
        else:
            df = float(len(x) - x.shape[1]) if variant.model == "ols" else np.inf
        scale = _scale(x, found.y(scores), fit.estimate, column, variant)
        robust_df = float(np.broadcast_to(fit.robust_df, len(fit.estimate)).item(column))
        estimated, robust = float(fit.estimate[column]), float(fit.robust[column])
        return Fit(own, estimated, robust, variant.sign, scale, df, robust_df, found.event)

    def _clusters(self, specification: Specification, design: _Design) -> IntArray:
        """Clusters (m,) of the rows of a regression."""
        assert self.samples.clusters is not None
        place = self.samples.kernel[str(specification["cleaning"])].place
        return np.asarray(self.samples.clusters[place[design.rows]])

    def _lost(self, term: str, measurement: Measurement) -> Refusal | None:
        """A refusal where a factor of the followed term is not found again in a measurement."""
        for j, name in enumerate(self.scores[:-1]):
            if name in term.split(":") and not measurement.there[j]:
                return Refusal(
                    Text(
                        "the factor {name} is not found again (congruence below {least:.2f})",
                        "未能识别出因子 {name}（一致性系数低于 {least:.2f}）",
                    ).format(name=name, least=SAME_FACTOR)
                )
        return None

    def _design(self, sample: str, variant: Variant, absent: tuple[int, ...]) -> _Design | Refusal:
        key = (sample, variant.equations.text, variant.model, absent)
        if key not in self.designs:
            try:
                self.designs[key] = self._made(sample, variant, absent)
            except (EstimationError, UsageError) as error:
                self.designs[key] = refusal(error)
        return self.designs[key]

    def _made(self, sample: str, variant: Variant, absent: tuple[int, ...]) -> _Design | Refusal:
        if absent:
            whole = self._design(sample, variant, ())
            return (
                whole if isinstance(whole, Refusal) else replace(whole, found=_without(whole.found, absent))
            )
        frame = self.samples.frames[sample]
        used = variant.equations.variables()
        rows = complete_rows(frame, self.items, [str(name) for name in frame.columns if name in used])
        scores = list(self.scores)
        found = score_design(variant.equations, rows.frame, scores, variant.model, self.labels, {})
        return _Design(rows.position, found)


def _weights(level: Level) -> CompositeWeights:
    return "initial" if level == "initial" else "rotated"


def _without(found: LabelledDesign, absent: Sequence[int]) -> LabelledDesign:
    """The design without the columns that hold absent scores."""
    kept = np.asarray(found.kernel.powers[:, list(absent)].sum(axis=1) == 0)
    kernel = replace(found.kernel, fixed=found.kernel.fixed[:, kept], powers=found.kernel.powers[kept])
    return replace(found, kernel=kernel, names=[n for n, keep in zip(found.names, kept, strict=True) if keep])


def _require_estimable(x: pd.DataFrame, variant: Variant) -> None:
    """Raise EstimationError for fewer rows than coefficients, or collinear columns."""
    n, k = x.shape
    if n <= k:
        raise NoEstimateError(
            Text("{n} complete rows for {k} coefficients", "完整样本 {n} 个，待估系数 {k} 个").format(
                n=n, k=k
            )
        )
    if variant.model.startswith("ordered"):
        # the cutpoints are the constants
        x = pd.concat([pd.Series(1.0, index=x.index, name="cutpoints"), x], axis=1)
    dependent = dependent_columns(x)
    if dependent:
        raise NoEstimateError(
            Text(
                "some regressors are exact combinations of the others: {names}",
                "部分自变量是其余自变量的精确线性组合：{names}",
            ).format(names=", ".join(dependent))
        )


def _scale(x: FloatArray, y: FloatArray, found: FloatArray, column: int, variant: Variant) -> float:
    """From a coefficient to standard deviations of regressor and outcome: sd(x) / sd(y).

    In logit and probit models of the latent outcome, var(y*) = var(xb) + pi^2 / 3 or 1 (McKelvey and Zavoina
    1975).
    """
    spread = float(x[:, column].std(ddof=1))
    if variant.model == "ols":
        return spread / float(y.std(ddof=1))
    kind = variant.model.removeprefix("ordered_")
    explained = float((x @ found[: x.shape[1]]).var(ddof=1))
    return spread / float(np.sqrt(explained + _LATENT_VARIANCE[kind]))
