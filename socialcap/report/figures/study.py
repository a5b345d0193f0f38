"""The figures that a study's results have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from socialcap.report.figures.canvas import Figure
from socialcap.report.figures.coefficients import pipeline_forest, regression_forest
from socialcap.report.figures.correlations import correlation_map
from socialcap.report.figures.curves import johnson_neyman, simple_slopes
from socialcap.report.figures.flow import Use, sample_flow
from socialcap.report.figures.margins import margins_forest
from socialcap.report.figures.measurement import loading_map, scree
from socialcap.report.figures.paths import path_diagram
from socialcap.report.figures.sample import funding_structure, missing_map
from socialcap.report.figures.specifications import specification_curve
from socialcap.results import MeasurementResult, StudyResult, Text
from socialcap.results.specifications import CHOICE_LABELS

_UNDERIVED = "derived"
_UNDERIVED_LABEL = Text("Cannot be derived: an answer is missing", "原始答案缺失，无法计算")


def study_figures(result: StudyResult) -> list[Figure]:
    """The figures of a study, each with the key of the table that it follows."""
    figures = [*_of_the_sample(result)]
    if result.measurement:
        figures += _of_the_measurement(result.measurement, result.note)
    return [*figures, *_of_the_models(result), *_of_the_moderations(result), *_of_the_specifications(result)]


def _of_the_sample(result: StudyResult) -> Iterator[Figure]:
    received, *excluded, analysed = result.survey.flow().rows
    reasons = [(rule.reason, row[1]) for rule, row in zip(result.survey.rules, excluded, strict=True)]
    uses = _uses(result)
    after = "sample_use" if uses else "sample_flow"
    yield sample_flow(after, received[1], reasons, analysed[1], uses, result.note)
    kinds = _missing_kinds(result)
    after = "missing_items" if result.measurement else "items"
    absent = missing_map(after, kinds, _kind_names(result, kinds), result.note)
    if absent:
        yield absent
    profile = result.profile
    if profile and profile.funding is not None:
        yield funding_structure(profile.funding, profile.funding_n, profile.labels, result.note)
    if profile and profile.correlations is not None and len(profile.correlations) > 1:
        title = Text("Correlations of the variables", "变量相关图")
        yield correlation_map(
            "correlation_map",
            "variable_correlations",
            profile.correlations,
            profile.labels,
            title,
            result.note,
        )


def _uses(result: StudyResult) -> list[Use]:
    """How many respondents each step uses; the pipeline where it uses others than its regression."""
    steps = [(Text("Factor analysis", "因子分析"), result.measurement.factors)] if result.measurement else []
    uses = [Use(step, found.n_obs, len(found.dropped)) for step, found in steps]
    for model in result.regressions:
        label = model.label or Text(model.name, model.name)
        step = Text("Regression: {label}", "回归：{label}").format(label=label)
        uses.append(Use(step, model.n_obs, len(model.dropped)))
        carried = result.pipelines.get(model.name)
        if carried and carried.n_obs != model.n_obs:
            step = Text("Pipeline: {label}", "全流程：{label}").format(label=label)
            uses.append(Use(step, carried.n_obs, len(carried.dropped)))
    return uses


def _missing_kinds(result: StudyResult) -> pd.DataFrame:
    """Why each cell of the items and of the models' variables is empty, "" where it is not."""
    measured = result.measurement
    items = list(measured.factors.loadings.index) if measured else []
    scores = {*measured.factors.names, measured.composite.name} if measured else set()
    asked = [str(name) for model in result.regressions for name in model.estimation.data.columns]
    names = [name for name in dict.fromkeys([*items, *asked]) if name in result.data and name not in scores]
    told = result.survey.missing.loc[result.data.index]
    return pd.DataFrame(
        {
            name: told[name].astype(str)
            if name in told
            else result.data[name].isna().map({True: _UNDERIVED, False: ""})
            for name in names
        },
        index=result.data.index,
    )


def _kind_names(result: StudyResult, kinds: pd.DataFrame) -> Mapping[str, Text]:
    """What the kinds that occur are called, in the order of the table of variables."""
    found = {str(kind) for name in kinds.columns for kind in kinds[name].unique()}
    names = {column.key: column.heading for column in result.survey.items().columns if column.key in found}
    return names | ({_UNDERIVED: _UNDERIVED_LABEL} if _UNDERIVED in found else {})


def _of_the_measurement(measured: MeasurementResult, note: Text) -> Iterator[Figure]:
    factors = measured.factors
    yield scree(factors, measured.retention, note)
    yield loading_map(factors, note)
    order = factors.display_order()
    if len(order) > 1:
        matrix = measured.correlation.matrix.loc[order, order]
        title = Text("Correlations of the items", "题项相关图")
        yield correlation_map("item_correlation_map", "correlations", matrix, factors.labels, title, note)


def _of_the_models(result: StudyResult) -> Iterator[Figure]:
    measured = result.measurement
    if measured:
        diagrams = (
            path_diagram("path_diagram", measured.factors, measured.composite, model, result.note)
            for model in result.regressions
        )
        yield from [diagram for diagram in diagrams if diagram][:1]
        if result.regressions and not result.pipelines:
            scores = [*measured.factors.names, measured.composite.name]
            forest = regression_forest(result.regressions, scores, result.note)
            yield from [forest] if forest else []
    labels = {model.name: model.label for model in result.regressions}
    for name, margins in result.margins.items():
        yield margins_forest(name, margins, result.note)
    for name, pipeline in result.pipelines.items():
        yield pipeline_forest(name, labels.get(name, Text()), pipeline, result.note)


def _of_the_moderations(result: StudyResult) -> Iterator[Figure]:
    for found in result.moderations:
        keys = [table.key for table in found.tables()]
        yield simple_slopes(found, next(key for key in keys if key.startswith("simple_slopes")), result.note)
        if not found.two_valued:
            yield johnson_neyman(found, keys[-1], result.note)


def _of_the_specifications(result: StudyResult) -> Iterator[Figure]:
    for found in result.specifications:
        words = {
            choice: {str(level): found.level_label(choice, level) for level in levels}
            for choice, levels in found.levels.items()
        }
        term = found.term_label or Text(found.term, found.term)
        after = found.tables()[0].key
        key = after.replace("specifications", "specification_curve", 1)
        yield specification_curve(key, after, found.curve, CHOICE_LABELS, words, term, result.note)
