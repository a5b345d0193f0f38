"""A study's analysis as SPSS syntax: one file that PSPP runs too, one of what SPSS alone can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from socialcap.plan import StudyPlan
from socialcap.results import MeasurementResult, RegressionResult, StudyResult
from socialcap.syntax.design import DesignColumn, NotTranslated, design_columns, number
from socialcap.syntax.frame import FileColumn, Language, file_columns
from socialcap.syntax.generated import Definition, Generated
from socialcap.syntax.models import NamedModel, named_models, require_written, sample_columns
from socialcap.syntax.spss_text import LONGEST_VALUE_LABEL, comment, dialect, dummy, names, quoted
from socialcap.syntax.words import header, not_done

_EXTRACTIONS = {"principal": "PC", "paf": "PAF", "uls": "ULS", "minres": "ULS", "ml": "ML"}
_IN_PSPP = ("principal", "paf")
_ROTATIONS = {
    "none": "NOROTATE",
    "varimax": "VARIMAX",
    "quartimax": "QUARTIMAX",
    "equamax": "EQUAMAX",
    "promax": "PROMAX({power})",
    "oblimin": "OBLIMIN({gamma})",
}
_SCORINGS = {"regression": "REG", "bartlett": "BART", "anderson_rubin": "AR"}
_LINKS = {
    "logit": "DISTRIBUTION=BINOMIAL LINK=LOGIT",
    "probit": "DISTRIBUTION=BINOMIAL LINK=PROBIT",
    "poisson": "DISTRIBUTION=POISSON LINK=LOG",
    "ordered_logit": "DISTRIBUTION=MULTINOMIAL LINK=CUMLOGIT",
    "ordered_probit": "DISTRIBUTION=MULTINOMIAL LINK=CUMPROBIT",
}
ONLY = "analysis_spss_only.sps"


def spss_files(result: StudyResult, plan: StudyPlan, language: Language) -> dict[str, str]:
    """analysis.sps, which SPSS and PSPP run, and what only SPSS has, to be run after it."""
    columns = file_columns(result, plan)
    made = Generated(columns, dialect(columns), dummy)
    models = list(named_models(result, plan))
    both = "\n".join(_both(result, plan, columns, models, made, language))
    only = "\n".join(_only(result, plan, models, made))
    return {"analysis.sps": both + "\n", ONLY: only + "\n"}


def _both(
    result: StudyResult,
    plan: StudyPlan,
    columns: tuple[FileColumn, ...],
    models: Iterable[NamedModel],
    made: Generated,
    language: Language,
) -> Iterator[str]:
    for line in header(result):
        yield from comment(line)
    yield from comment(
        "Open it in its own folder, in SPSS in Unicode mode, or run pspp analysis.sps there. "
        f"{ONLY} continues with what PSPP does not have."
    )
    yield "SET FORMAT=F24.10."
    yield from _reading(columns)
    yield from _labels(columns, language)
    if result.measurement is not None:
        yield from _measurement(result.measurement, plan, made)
    for named in models:
        yield from _model(named, made)
    yield ""
    yield from comment("Steps of the study that stand in no syntax file")
    for step in not_done(result):
        yield from comment(f"NOT DONE HERE: {step}")
    if result.measurement is not None and result.measurement.confirmatory is not None:
        yield from comment(
            "NOT DONE HERE: the confirmatory factor analysis, which takes AMOS; see analysis.R"
        )


def _reading(columns: tuple[FileColumn, ...]) -> Iterator[str]:
    yield ""
    if broken := [column.heading for column in columns if column.broken]:
        yield from comment(
            f"CAUTION: answers to {', '.join(broken)} hold line breaks, which GET DATA takes for new rows. Take them "
            "out of a copy of cleaned.csv first"
        )
    yield 'GET DATA /TYPE=TXT /FILE="../cleaned.csv" /ENCODING="UTF8"'
    yield '  /ARRANGEMENT=DELIMITED /DELCASE=LINE /FIRSTCASE=2 /DELIMITERS="," /QUALIFIER=\'"\''
    yield "  /VARIABLES="
    for column in columns:
        yield f"    {column.name} {_format(column)}"
    yield "  ."


def _format(column: FileColumn) -> str:
    if not column.numeric:
        return f"A{min(column.width, 32767)}"
    return f"F{max(column.width, 1)}.0" if column.whole else f"F{min(max(column.width, 12), 40)}.6"


def _labels(columns: Iterable[FileColumn], language: Language) -> Iterator[str]:
    yield "VARIABLE LABELS"
    for i, column in enumerate(columns):
        yield f"  {'/' if i else ''}{column.name} {quoted(column.label(language))}"
    yield "  ."
    for column in columns:
        if not column.levels:
            continue
        yield f"VALUE LABELS {column.name}"
        for code, label in column.levels:
            value = number(float(code)) if column.numeric else quoted(code)
            yield f"  {value} {quoted(label(language), LONGEST_VALUE_LABEL)}"
        yield "  ."


def _measurement(found: MeasurementResult, plan: StudyPlan, made: Generated) -> Iterator[str]:
    for scale in found.reliability:
        yield ""
        items = names(made.of(scale.items.index))
        yield f"RELIABILITY /VARIABLES={items}\n  /SCALE({quoted(scale.name)}) ALL /MODEL=ALPHA."
    yield ""
    try:
        yield from _factors(found, plan, made, pspp=True)
    except NotTranslated as reason:
        yield from comment(f"{reason}: see {ONLY}")


def _factors(found: MeasurementResult, plan: StudyPlan, made: Generated, *, pspp: bool) -> Iterator[str]:
    """FACTOR; in PSPP's words without scores. Raises NotTranslated for what the program does otherwise."""
    factors, part = found.factors, plan.factors
    assert part is not None
    corr = factors.correlation
    if corr.kind != "pearson" or corr.missing not in ("listwise", "pairwise"):
        raise NotTranslated(f"factors of {corr.kind} correlations ({corr.missing}) are not made by FACTOR")
    if factors.extraction not in _EXTRACTIONS or factors.rotation not in _ROTATIONS:
        raise NotTranslated(f"{factors.extraction} with {factors.rotation} is not made by FACTOR")
    unnormalised = not factors.kaiser and factors.rotation != "none" and len(factors.names) > 1
    if pspp and (factors.extraction not in _IN_PSPP or unnormalised or factors.rotation == "oblimin"):
        raise NotTranslated(f"{factors.extraction} with {factors.rotation} is not made by PSPP")
    items = names(made.of(factors.loadings.index))
    rotation = _ROTATIONS[factors.rotation].format(power=number(part.power), gamma=number(part.gamma))
    yield f"FACTOR /VARIABLES={items}"
    yield f"  /MISSING={corr.missing.upper()}"
    yield f"  /PRINT=INITIAL KMO EXTRACTION ROTATION{'' if pspp else ' FSCORE'}"
    sharp = "ITERATE(1000) ECONVERGE(0.00000001) RCONVERGE(0.00000001)"
    yield f"  /CRITERIA=FACTORS({len(factors.names)}) {sharp}{' NOKAISER' if unnormalised else ''}"
    yield f"  /EXTRACTION={_EXTRACTIONS[factors.extraction]}"
    if pspp:
        yield f"  /ROTATION={rotation}."
        return
    yield f"  /ROTATION={rotation}"
    scoring = _SCORINGS.get(factors.scoring)
    yield f"  /SAVE={scoring}(ALL again_)." if scoring else "  ."
    if scoring:
        listed = names([f"again_{i}" for i in range(1, len(factors.names) + 1)])
        yield from comment(
            "Scores made again go with those of the data, whose order is by explained variance"
        )
        yield f"CORRELATIONS /VARIABLES={names(made.of(factors.names))} WITH {listed}."


def _defined(definition: Definition | None) -> Iterator[str]:
    if definition is None:
        return
    yield f"COMPUTE {definition.name} = {definition.expression}."
    for column in definition.reads:
        if not column.numeric:
            yield f'IF ({column.name} = "") {definition.name} = $SYSMIS.'


def _outcome(model: RegressionResult, made: Generated) -> tuple[str, list[str]]:
    """The outcome's variable, and the lines that make it where it must be made."""
    known = {column.heading: column for column in made.columns}
    if model.outcome not in known:
        raise NotTranslated("the outcome is an expression; derive a variable for it")
    column = known[model.outcome]
    categories = model.estimation.categories
    if column.numeric:
        return column.name, []
    if len(categories) != 2:
        raise NotTranslated(f"the categories of {model.outcome} have no order in the file")
    name, definition = made.level(model.outcome, categories[1])
    return name, list(_defined(definition))


def _prepared(named: NamedModel, made: Generated) -> tuple[str, list[str], list[str]]:
    """Outcome and regressors of a model by name, and the lines that make them and its sample."""
    require_written(named)
    columns = design_columns(named.model, named.centres)
    if not any(column.constant for column in columns) and "ordered" not in named.model.model:
        raise NotTranslated("a model without a constant is not written for SPSS")
    outcome, lines = _outcome(named.model, made)
    by_name: dict[str, str] = {}
    for column in sample_columns(named):
        if not column.constant:
            by_name[column.coefficient], definition = made.name(column)
            lines += _defined(definition)
    needed = [*by_name.values(), outcome]
    for other in named.together:
        name, extra = _outcome(other, made)
        lines += extra
        needed.append(name)
    if named.together:
        counted = names(f"{name}," for name in dict.fromkeys(needed)).removesuffix(",")
        lines += [f"COMPUTE used = (NMISS({counted}) = 0).", "FILTER BY used."]
    own = _own(columns)
    return outcome, [name for coefficient, name in by_name.items() if coefficient in own], lines


def _own(columns: Iterable[DesignColumn]) -> set[str]:
    return {column.coefficient for column in columns}


def _model(named: NamedModel, made: Generated) -> Iterator[str]:
    model = named.model
    yield ""
    yield from comment(f"{named.key}: {named.label('en')}")
    yield from comment(model.formula)
    try:
        outcome, regressors, lines = _prepared(named, made)
    except NotTranslated as reason:
        yield from comment(f"NOT DONE HERE: {reason}")
        return
    if model.model not in ("ols", "logit"):
        yield from comment(f"PSPP has no {model.model} regression: see {ONLY}")
        return
    yield from lines
    if model.cov != "nonrobust":
        yield from comment(f"The errors below are classical; the study's are {model.cov}: see {ONLY}")
    if model.model == "ols":
        yield f"REGRESSION /VARIABLES={names([*regressors, outcome])}"
        yield f"  /STATISTICS=COEFF R ANOVA CI(95) /DEPENDENT={outcome} /METHOD=ENTER."
    else:
        yield f"LOGISTIC REGRESSION VARIABLES={outcome} WITH {names(regressors)}"
        yield "  /CRITERIA=ITERATE(50) BCON(0.0000001)."
    if named.together:
        yield "FILTER OFF."


def _only(
    result: StudyResult, plan: StudyPlan, models: Iterable[NamedModel], made: Generated
) -> Iterator[str]:
    for line in header(result):
        yield from comment(line)
    yield from comment(
        "This file follows analysis.sps in the same session of SPSS, whose variables it uses. Its procedures "
        "are not in PSPP, so that it was never run where this file was written"
    )
    if result.measurement is not None:
        yield ""
        try:
            yield from _factors(result.measurement, plan, made, pspp=False)
        except NotTranslated as reason:
            yield from comment(f"NOT DONE HERE: {reason}")
    for named in models:
        yield from _only_model(named, made)


def _only_model(named: NamedModel, made: Generated) -> Iterator[str]:
    model = named.model
    yield ""
    yield from comment(f"{named.key}: {named.label('en')}")
    try:
        outcome, regressors, lines = _prepared(named, made)
        steps = list(_least_squares(model, outcome, regressors) if model.model == "ols" else
                     _likelihood(model, outcome, regressors))  # fmt: skip
        if named.clusters:
            raise NotTranslated(f"clusters ({model.cov})")
    except NotTranslated as reason:
        yield from comment(f"NOT DONE HERE: {reason}")
        return
    yield from [*lines, *steps]
    if named.together:
        yield "FILTER OFF."


def _least_squares(model: RegressionResult, outcome: str, regressors: list[str]) -> Iterator[str]:
    if model.cov == "nonrobust":
        raise NotTranslated("nothing; REGRESSION in analysis.sps gives the study's errors")
    listed = names(regressors)
    yield f"UNIANOVA {outcome} WITH {listed}"
    yield f"  /ROBUST={model.cov} /PRINT=PARAMETER /INTERCEPT=INCLUDE"
    yield f"  /DESIGN={listed}."


def _likelihood(model: RegressionResult, outcome: str, regressors: list[str]) -> Iterator[str]:
    if model.model not in _LINKS:
        raise NotTranslated(f"a {model.model} model is not made by GENLIN")
    order = {"logit": " (REFERENCE=FIRST)", "probit": " (REFERENCE=FIRST)", "poisson": ""}
    listed = names(regressors)
    if model.cov == "HC1":
        yield from comment("COVB=ROBUST is HC0; the study's HC1 is n/(n-k) times its variances")
    yield f"GENLIN {outcome}{order.get(model.model, ' (ORDER=ASCENDING)')} WITH {listed}"
    yield f"  /MODEL {listed} {_LINKS[model.model]}"
    yield f"  /CRITERIA METHOD=NEWTON COVB={'MODEL' if model.cov == 'nonrobust' else 'ROBUST'}"
    yield "  /PRINT FIT SOLUTION."
