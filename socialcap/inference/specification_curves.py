"""Specifications run through: measured, fitted, repeated on shared resamples, and gathered into curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr, stdtrit

from socialcap.errors import EstimationError
from socialcap.inference.models import robust_name
from socialcap.inference.specification_choices import (
    CHOICES,
    MEASUREMENT,
    Crossing,
    Level,
    Specification,
    twin,
)
from socialcap.inference.specification_fits import Fit, Fits
from socialcap.inference.specification_formulas import Followed, variant_of
from socialcap.inference.specification_measurements import SAME_FACTOR, Measurement, measurement_like
from socialcap.inference.specification_reasons import Refusal, refusal
from socialcap.inference.specification_replicates import chunks_of, replicate_estimands
from socialcap.inference.specification_samples import Samples
from socialcap.kernels import FloatArray
from socialcap.kernels.pipeline import Progress
from socialcap.kernels.specification_tests import curve_statistics, normal_scores, null_p_value
from socialcap.results import Text
from socialcap.results.measurement import label_of
from socialcap.results.specifications import SpecificationCurveResult

_JOINT = ("median", "share_significant", "stouffer")
Key = tuple[Level, ...]


@dataclass(frozen=True)
class Curve:
    """A followed term, the levels of each choice (the main one first), and the specifications."""

    followed: Followed
    levels: Mapping[str, tuple[Level, ...]]
    crossing: Crossing


@dataclass(frozen=True)
class Run:
    """What all curves of a call share.

    names: all that a formula may name; scores: names of the main factors, then of the composite; reference:
    the main measurement; options: of `factor_analysis`, those that are choices left out.
    """

    samples: Samples
    items: Sequence[str]
    choices: Mapping[str, Any]
    names: Sequence[str]
    scores: Sequence[str]
    reference: Measurement
    options: Mapping[str, Any]
    replicates: int
    limit: int
    seed: int
    level: float
    workers: int
    labels: Mapping[str, Text]
    regression_labels: Mapping[str, Text]
    level_labels: Mapping[str, Mapping[str, Text]]


def curve_results(
    run: Run, curves: Sequence[Curve], progress: Progress | None
) -> tuple[SpecificationCurveResult, ...]:
    """The result of each curve; every measurement is made once and serves all of them.

    Raises EstimationError where a main specification has no estimate.
    """
    wanted = dict.fromkeys(key_of(s) for curve in curves for s in curve.crossing.specifications)
    families = len({(key[0], key[1], key[2], key[4]) for key in wanted})
    total = len(wanted) + (families * chunks_of(run.replicates) if run.replicates else 0)
    measurements = _measurements(run, curves, progress, total)
    fits = Fits(run.samples, run.items, run.scores, run.labels)
    found = [_outcomes(run, curve, measurements, fits) for curve in curves]
    for curve, outcomes in zip(curves, found, strict=True):
        _require_main(curve, outcomes[0])
    flat = [fit for outcomes in found for fit in outcomes if isinstance(fit, Fit)]
    draws = np.full((len(flat), run.replicates), np.nan)
    if run.replicates:
        draws = replicate_estimands(
            run.samples.kernel, [fit.estimand for fit in flat], run.samples.n, seed=run.seed,
            replicates=run.replicates, clusters=run.samples.clusters, workers=run.workers,
            progress=None if progress is None else lambda done, of: progress(total - of + done, total),
        )  # fmt: skip
    rows = iter(draws)
    results = []
    for curve, outcomes in zip(curves, found, strict=True):
        drawn = [next(rows) if isinstance(fit, Fit) else np.empty(0) for fit in outcomes]
        results.append(_result(run, curve, outcomes, drawn, measurements))
    return tuple(results)


def key_of(specification: Specification) -> Key:
    """What tells the measurement of a specification from others."""
    return tuple(specification[choice] for choice in MEASUREMENT)


def _measurements(
    run: Run, curves: Sequence[Curve], progress: Progress | None, total: int
) -> dict[Key, Measurement | Refusal]:
    """Every factor solution that a specification needs, or why there is none."""
    main = curves[0].crossing.specifications[0]
    found: dict[Key, Measurement | Refusal] = {key_of(main): run.reference}
    for curve in curves:
        for specification in curve.crossing.specifications:
            key = key_of(specification)
            if key not in found and twin(specification, curve.levels) is None:
                found[key] = _measured(run, specification)
                if progress is not None:
                    progress(len(found), total)
    return found


def _measured(run: Run, specification: Specification) -> Measurement | Refusal:
    sample = str(specification["cleaning"])
    if sample in run.samples.refused:
        return run.samples.refused[sample]
    try:
        frame = run.samples.frames[sample]
        return measurement_like(run.reference, frame, run.items, specification, run.options)
    except EstimationError as error:
        return refusal(error)


def _outcomes(
    run: Run, curve: Curve, measurements: Mapping[Key, Measurement | Refusal], fits: Fits
) -> list[Fit | Refusal]:
    """Each specification of a curve estimated, or why it is not."""
    models = {
        (covariates, outcome): variant_of(curve.followed, covariates, outcome, run.choices, run.names)
        for covariates in curve.levels["covariates"]
        for outcome in curve.levels["outcome"]
    }
    outcomes: list[Fit | Refusal] = []
    for specification in curve.crossing.specifications:
        again = twin(specification, curve.levels)
        variant = models[specification["covariates"], specification["outcome"]]
        measurement = None if again is not None else measurements[key_of(specification)]
        if again is not None:
            outcomes.append(Refusal(again))
        elif isinstance(variant, Text):
            outcomes.append(Refusal(variant))
        elif isinstance(measurement, Measurement):
            outcomes.append(fits.fit(specification, measurement, variant, curve.followed.term))
        else:
            assert measurement is not None
            outcomes.append(measurement)
    return outcomes


def _require_main(curve: Curve, outcome: Fit | Refusal) -> None:
    if isinstance(outcome, Refusal):
        raise EstimationError(
            f"the main specification of {curve.followed.term} in {curve.followed.regression} has no "
            f"estimate: {outcome.why.en}"
        )


def _result(
    run: Run,
    curve: Curve,
    outcomes: Sequence[Fit | Refusal],
    drawn: Sequence[FloatArray],
    measurements: Mapping[Key, Measurement | Refusal],
) -> SpecificationCurveResult:
    """One curve with its labels; specifications without enough replicates go to the refused."""
    outcomes = [
        _too_few(fit, row) if isinstance(fit, Fit) and run.replicates else fit
        for fit, row in zip(outcomes, drawn, strict=True)
    ]
    _require_main(curve, outcomes[0])
    kept = [i for i, fit in enumerate(outcomes) if isinstance(fit, Fit)]
    fits = [fit for fit in outcomes if isinstance(fit, Fit)]
    draws = np.array([drawn[i] for i in kept])
    specifications = curve.crossing.specifications
    numbers = pd.Index(np.array(kept) + 1, name="specification")
    estimates = _estimates(fits, draws, run)
    shown = pd.DataFrame([specifications[i] for i in kept], index=numbers)[list(CHOICES)]
    followed = curve.followed
    return SpecificationCurveResult(
        regression=followed.regression,
        term=followed.term,
        curve=pd.concat([shown, estimates.set_index(numbers)], axis=1),
        measurements=_measurement_frame(run, specifications, measurements),
        refused=_refused(specifications, outcomes),
        joint=_joint(fits, draws, estimates, run),
        levels=curve.levels,
        total=curve.crossing.total,
        limit=run.limit,
        replicates=run.replicates,
        seed=run.seed,
        level=run.level,
        robust=robust_name(followed.model, run.samples.clusters),
        congruence=SAME_FACTOR,
        term_label=_term_label(run.labels, followed.term),
        regression_label=run.regression_labels.get(followed.regression, Text()),
        level_labels={"outcome": run.labels, **run.level_labels},
        events=tuple(dict.fromkeys(fit.event for fit in fits if fit.event is not None)),
    )


def _too_few(fit: Fit, draws: FloatArray) -> Fit | Refusal:
    """A refusal in place of a fit with fewer than half of its replicates."""
    solved = int(np.isfinite(draws).sum())
    if solved >= len(draws) / 2:
        return fit
    return Refusal(Text("fewer than half of the replicates have a solution", "不足半数的重抽样有解"))


def _estimates(fits: Sequence[Fit], draws: FloatArray, run: Run) -> pd.DataFrame:
    """Estimates (S rows) with errors, in the units of the regressions and standardised."""
    sign, scale, df = (np.array([getattr(fit, name) for fit in fits]) for name in ("sign", "scale", "df"))
    estimate = sign * [fit.estimate for fit in fits]
    robust = np.array([fit.robust for fit in fits])
    if run.replicates:
        error = np.nanstd(draws, axis=1, ddof=1)
    else:
        error, df = robust, np.array([fit.robust_df for fit in fits])
    reach = stdtrit(df, (1.0 + run.level) / 2.0) * error
    return pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": error,
            "ci_low": estimate - reach,
            "ci_high": estimate + reach,
            "p_value": 2.0 * stdtr(df, -np.abs(estimate / error)),
            "beta": estimate * scale,
            "beta_low": (estimate - reach) * scale,
            "beta_high": (estimate + reach) * scale,
            "robust_se": robust,
            "df": df,
            "n_obs": [len(fit.estimand.rows) for fit in fits],
            "n_replicates": np.isfinite(draws).sum(axis=1),
            "main": np.arange(len(fits)) == 0,
        }
    )


def _joint(fits: Sequence[Fit], draws: FloatArray, estimates: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The three statistics of the curve against resamples without effect; no row without replicates."""
    columns = ["observed", "null_95", "p_value"]
    if not run.replicates:
        return pd.DataFrame(columns=columns, dtype=float)
    sign, scale = (np.array([getattr(fit, name) for fit in fits]) for name in ("sign", "scale"))
    df, error = estimates["df"].to_numpy(), estimates["std_error"].to_numpy()
    critical = float(ndtri((1.0 + run.level) / 2.0))
    away = sign * (draws.T - [fit.estimate for fit in fits])
    null = curve_statistics(away * scale, normal_scores(away / error, df), critical)
    estimate = estimates["estimate"].to_numpy()
    seen = curve_statistics(estimates["beta"].to_numpy(), normal_scores(estimate / error, df), critical)
    rows = []
    for value, drawn in zip(
        (seen.median, seen.share, seen.stouffer), (null.median, null.share, null.stouffer), strict=True
    ):
        size = np.abs(drawn[np.isfinite(drawn)])
        rows.append((float(value), float(np.quantile(size, 0.95)), null_p_value(float(value), drawn)))
    return pd.DataFrame(rows, index=list(_JOINT), columns=columns)


def _refused(specifications: Sequence[Specification], outcomes: Sequence[Fit | Refusal]) -> pd.DataFrame:
    rows = [
        {**specifications[i], "reason": outcome.why.en, "reason_zh": outcome.why("zh")}
        for i, outcome in enumerate(outcomes)
        if isinstance(outcome, Refusal)
    ]
    numbers = [i + 1 for i, outcome in enumerate(outcomes) if isinstance(outcome, Refusal)]
    index = pd.Index(numbers, name="specification", dtype=np.int64)
    return pd.DataFrame(rows, index=index, columns=[*CHOICES, "reason", "reason_zh"])


def _measurement_frame(
    run: Run, specifications: Sequence[Specification], measurements: Mapping[Key, Measurement | Refusal]
) -> pd.DataFrame:
    """A row for each factor solution behind a curve."""
    rows = []
    for key in dict.fromkeys(key_of(specification) for specification in specifications):
        measurement = measurements.get(key)
        if not isinstance(measurement, Measurement):
            continue
        shares, other = measurement.variance()
        rows.append(
            {
                **dict(zip(MEASUREMENT, key, strict=True)),
                **dict(zip(run.scores[:-1], shares, strict=True)),
                "largest_other": other,
                "smallest_congruence": float(measurement.congruence.min()),
                "n_obs": len(measurement.solution.items),
                "heywood": measurement.heywood,
            }
        )
    return pd.DataFrame(rows)


def _term_label(labels: Mapping[str, Text], term: str) -> Text:
    """The words for a followed term: of its variable, of its parts where it is a product."""
    parts = [label_of(labels, part) for part in term.split(":")]
    return Text(" × ".join(part("en") for part in parts), " × ".join(part("zh") for part in parts))
