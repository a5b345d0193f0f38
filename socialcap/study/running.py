"""One study from its plan to its result: the table of contents of the analysis."""

from __future__ import annotations

import hashlib
import platform
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from socialcap import __version__
from socialcap.codebook import Codebook, ItemType, read_codebook
from socialcap.errors import EstimationError, Problem, SocialcapWarning, UsageError
from socialcap.kernels.threads import single_thread
from socialcap.measurement import (
    adequacy,
    bootstrap_factor_analysis,
    composite,
    correlation,
    factor_analysis,
    n_factors,
    reliability,
    second_opinion,
)
from socialcap.plan import FactorsPart, RegressionPart, StudyPlan
from socialcap.regression import regress
from socialcap.results import (
    MeasurementResult,
    Provenance,
    RegressionResult,
    StudyResult,
    Text,
)
from socialcap.study.names import factor_items, level_labels, require_known_names, scales, variable_labels
from socialcap.study.problems import survey_problems
from socialcap.survey import Survey, describe_missing, read_survey

Progress = Callable[[str], None]
_LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "formulaic")


def silent(step: str) -> None:
    """Shows no progress."""


def run(plan: StudyPlan, progress: Progress = silent) -> StudyResult:
    """Everything that a plan asks for; `progress` is told the name of each step as it begins.

    Raises UnreadableError, CodebookError, StudyError, DataCheckError and EstimationError as the steps do.
    """
    with single_thread(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", SocialcapWarning)
        result = _run(plan, progress)
    heard = {str(entry.message): entry for entry in said}
    for entry in heard.values():
        warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)
    own = [text for text, entry in heard.items() if issubclass(entry.category, SocialcapWarning)]
    noticed = tuple(Problem(text, severity="warning") for text in own)
    return replace(result, problems=(*result.problems, *noticed))


def _run(plan: StudyPlan, progress: Progress) -> StudyResult:
    survey, book = load_survey(plan, progress)
    labels = variable_labels(plan, book)
    data = with_levels(survey.responses, book)
    measured = None
    if plan.factors:
        measured = measure(plan, plan.factors, data, survey.missing, book, labels, progress)
        assert measured.factors.scores is not None  # the factors are those of data
        data = data.join(measured.factors.scores).join(measured.composite.scores)
    models = []
    for part in plan.regression:
        progress(f"regression {part.name}")
        models.append(_model(part, data, labels, book, plan.study.seed))
    return StudyResult(
        name=plan.study.name,
        title=plan.study.title or Text(plan.study.name, plan.study.name),
        note=plan.study.note,
        survey=survey,
        data=data,
        measurement=measured,
        regressions=tuple(models),
        provenance=provenance(plan, survey),
        problems=tuple(survey_problems(plan, survey, book)),
    )


def _model(
    part: RegressionPart, data: pd.DataFrame, labels: Mapping[str, Text], book: Codebook, seed: int
) -> RegressionResult:
    try:
        return regress(
            part.formula,
            data,
            model=part.model,
            cov=part.cov,
            clusters=part.clusters or None,
            weights=part.weights,
            strata=part.strata,
            fixed_effects=part.fixed_effects or None,
            lower=part.lower,
            upper=part.upper,
            exposure=part.exposure,
            base=part.base,
            selection=part.selection,
            second=part.second,
            groups=part.groups,
            slopes=part.slopes,
            method=part.method,
            wild_weights=part.wild_weights,
            seed=seed,
            name=part.name,
            label=part.label,
            labels=labels,
            level_labels=level_labels(book),
        )
    except (UsageError, EstimationError) as error:
        raise EstimationError(f"regression {part.name}: {error.message}", error.problems) from None


def with_levels(responses: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """The responses with nominal variables as categories in the codebook's order, the first the reference."""
    nominal = [item for item in book if item.type is ItemType.NOMINAL and item.name in responses]
    categories = {
        item.name: pd.Categorical(responses[item.name], book.value_lists[item.values].codes)
        for item in nominal
        if item.values
    }
    return responses.assign(**categories)


def load_survey(plan: StudyPlan, progress: Progress = silent) -> tuple[Survey, Codebook]:
    """The cleaned survey of a plan and its codebook, the plan's names checked against it."""
    progress("reading the codebook")
    book = read_codebook(plan.path(plan.data.codebook))
    require_known_names(plan, book)
    progress("reading and cleaning the survey")
    data = plan.data
    survey = read_survey(
        [plan.path(name) for name in data.files],
        book,
        platform=data.platform,
        encoding=data.encoding,
        separator=data.separator,
        sheet=data.sheet,
        combine=data.combine,
        numbers=plan.path(data.numbers) if data.numbers else "",
        keep_personal=data.keep_personal,
        derive=plan.derive,
        quality=plan.quality,
        exclude=plan.exclude,
    )
    return survey, book


def measure(
    plan: StudyPlan,
    part: FactorsPart,
    data: pd.DataFrame,
    kinds: pd.DataFrame,
    book: Codebook,
    labels: Mapping[str, Text],
    progress: Progress = silent,
) -> MeasurementResult:
    """Missing answers, reliability, adequacy, number of factors, factors, their stability, the composite.

    `kinds` says why cells of `data` are missing.
    """
    items, seed = factor_items(plan, book), plan.study.seed
    known = {
        name: [item for item in members if item in items] for name, members in scales(plan, book).items()
    }
    used = {name: members for name, members in known.items() if members}
    progress("missing answers")
    absent = describe_missing(data[items], kinds, book)
    progress("reliability of the scales")
    reliable = tuple(
        reliability(data, members, seed=seed, name=scale, labels=labels)
        for scale, members in used.items()
        if len(members) > 1
    )
    progress("number of factors")
    corr = correlation(data, items, kind=part.correlation, missing=part.missing, labels=labels)
    adequate = adequacy(data, items, correlations=part.correlation, missing=part.missing)
    retained = n_factors(data, items, correlations=part.correlation, missing=part.missing, seed=seed)
    progress("factor analysis")
    options: dict[str, Any] = {
        "items": items,
        "extraction": part.extraction,
        "rotation": part.rotation,
        "preset": part.preset,
        "kaiser": part.kaiser,
        "power": part.power,
        "gamma": part.gamma,
        "epsilon": part.epsilon,
        "correlations": part.correlation,
        "missing": part.missing,
        "scores": part.scores,
        "scales": used if part.names == "scales" else None,
        "names": None if part.names == "scales" else part.names,
        "salient": part.salient,
        "labels": labels,
        "factor_labels": labels,
    }
    factors = factor_analysis(data, part.n_factors, **options)
    stable = None
    if part.bootstrap:
        progress("bootstrap of the factors")
        stable = bootstrap_factor_analysis(
            data, part.n_factors, replicates=part.bootstrap, seed=seed, **options
        )
    index = composite(factors, part.composite, part.composite_name)
    progress("second opinion")
    checked = second_opinion(data, factors, used)
    if not checked.agrees:
        warnings.warn(
            "another library computes a number differently: see the second opinion", SocialcapWarning, 2
        )
    return MeasurementResult(absent, corr, reliable, adequate, retained, factors, stable, index, checked)


def provenance(plan: StudyPlan, survey: Survey) -> Provenance:
    """What a referee needs to repeat the run."""
    inputs = [(Path(file.path).name, file.sha256) for file in survey.files]
    inputs += [(path.name, _digest(path)) for path in _study_files(plan)]
    versions = [("socialcap", __version__), ("Python", platform.python_version())]
    versions += [(library, version(library)) for library in _LIBRARIES]
    return Provenance(
        command=f"socialcap report {plan.folder.as_posix()} --seed {plan.study.seed}",
        seed=plan.study.seed,
        inputs=tuple(inputs),
        versions=tuple(versions),
    )


def _study_files(plan: StudyPlan) -> list[Path]:
    """The study file and the codebook's files."""
    book = plan.path(plan.data.codebook)
    parts = sorted(book.glob("*.csv")) if book.is_dir() else [book]
    return [plan.file, *parts]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
