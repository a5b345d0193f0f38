"""A study's analysis as a Stata do-file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from socialcap.plan import StudyPlan
from socialcap.results import MeasurementResult, RegressionResult, StudyResult
from socialcap.results.confirmatory import ConfirmatoryResult
from socialcap.syntax.design import Dialect, NotTranslated, design_columns, number
from socialcap.syntax.frame import FileColumn, Language, file_columns
from socialcap.syntax.generated import Definition, Generated
from socialcap.syntax.models import NamedModel, named_models, require_written, sample_columns
from socialcap.syntax.words import header, not_done

_WIDTH = 100
_LONGEST_LABEL = 80
_FUNCTIONS = {
    "log": "ln({})",
    "log1p": "ln(1 + {})",
    "log10": "log10({})",
    "exp": "exp({})",
    "sqrt": "sqrt({})",
    "abs": "abs({})",
}
_EXTRACTIONS = {"principal": "pcf", "paf": "ipf", "ml": "ml"}
_ROTATIONS = {
    "varimax": "varimax",
    "quartimax": "quartimax",
    "equamax": "equamax",
    "promax": "promax({power})",
    "oblimin": "oblimin({gamma}) oblique",
    "bentler": "bentler oblique",
}
_COMMANDS = {
    "ols": "regress",
    "logit": "logit",
    "probit": "probit",
    "poisson": "poisson",
    "fractional": "fracreg logit",
    "ordered_logit": "ologit",
    "ordered_probit": "oprobit",
}
_LEAST_SQUARES = {"nonrobust": "", "HC1": "vce(robust)", "HC2": "vce(hc2)", "HC3": "vce(hc3)"}


def stata_file(result: StudyResult, plan: StudyPlan, language: Language) -> str:
    """The do-file."""
    columns = file_columns(result, plan)
    written = Dialect(_FUNCTIONS, {}, {column.heading: column.name for column in columns})
    made = Generated(columns, written, _dummy)
    return "\n".join(_lines(result, plan, columns, made, language)) + "\n"


def _lines(
    result: StudyResult,
    plan: StudyPlan,
    columns: tuple[FileColumn, ...],
    made: Generated,
    language: Language,
) -> Iterator[str]:
    for line in header(result):
        yield from _comment(line)
    yield from _comment(
        "Run it in its own folder, in Stata 14 or later. It was never run where it was written."
    )
    yield "version 14"
    yield from _reading(columns)
    yield from _labels(columns, language)
    if result.measurement is not None:
        yield from _measurement(result.measurement, plan, made)
    for named in named_models(result, plan):
        yield from _model(named, made)
    yield ""
    yield from _comment("Steps of the study that stand in no syntax file")
    for step in not_done(result):
        yield from _comment(f"NOT DONE HERE: {step}")


def _reading(columns: tuple[FileColumn, ...]) -> Iterator[str]:
    texts = " ".join(str(i) for i, column in enumerate(columns, 1) if not column.numeric)
    numbers = " ".join(str(i) for i, column in enumerate(columns, 1) if column.numeric)
    yield ""
    yield from _comment("Names are given here, by position, because Stata shortens long ones.")
    yield 'import delimited using "../cleaned.csv", clear delimiters(",") bindquotes(strict) ///'
    yield '    varnames(nonames) rowrange(2) encoding("UTF-8") asdouble ///'
    yield f"    stringcols({texts}) ///" if texts else "    ///"
    yield f"    numericcols({numbers})"
    for i, column in enumerate(columns, 1):
        yield f"rename v{i} {column.name}"


def _labels(columns: Iterable[FileColumn], language: Language) -> Iterator[str]:
    yield ""
    for column in columns:
        yield f"label variable {column.name} {_quoted(column.label(language))}"
        if not column.levels:
            continue
        codes = [code for code, _ in column.levels]
        if column.numeric and all(_whole(code) for code in codes):
            name = f"values_of_{column.name}"[:32]
            listed = " ".join(
                f"{int(float(code))} {_quoted(words(language))}" for code, words in column.levels
            )
            yield f"label define {name} {listed}, replace"
            yield f"label values {column.name} {name}"
        else:
            for code, words in column.levels:
                yield f"note {column.name}: {_plain(f'{code} = {words(language)}')}"


def _measurement(found: MeasurementResult, plan: StudyPlan, made: Generated) -> Iterator[str]:
    for scale in found.reliability:
        yield ""
        yield from _comment(f"Reliability: {scale.name}")
        items = _listed(made.of(scale.items.index))
        yield f"alpha {items}, asis casewise item"
        yield f"alpha {items}, asis casewise std"
    yield ""
    try:
        yield from _factors(found, plan, made)
    except NotTranslated as reason:
        yield from _comment(f"NOT DONE HERE: {reason}")
    if found.confirmatory is not None:
        yield from _confirmatory(found.confirmatory, made)


def _factors(found: MeasurementResult, plan: StudyPlan, made: Generated) -> Iterator[str]:
    factors, part = found.factors, plan.factors
    assert part is not None
    corr = factors.correlation
    if corr.kind != "pearson" or corr.missing != "listwise":
        raise NotTranslated(f"factors of {corr.kind} correlations with missing values by {corr.missing}")
    items = _listed(made.of(factors.loadings.index))
    k, rotation = len(factors.names), factors.rotation
    yield from _comment("Factor analysis; the order and signs of the factors are Stata's own")
    yield f"quietly correlate {items}"
    yield "matrix correlations = r(C)"
    yield 'display "Bartlett chi2 = " -(r(N) - 1 - (2 * rowsof(correlations) + 5) / 6) * ln(det(correlations))'
    if factors.extraction not in _EXTRACTIONS or (k > 1 and rotation not in {*_ROTATIONS, "none"}):
        raise NotTranslated(f"factors by {factors.extraction} with rotation {rotation}")
    yield f"factor {items}, {_EXTRACTIONS[factors.extraction]} factors({k})"
    yield "estat kmo"
    if k > 1 and rotation != "none":
        turned = _ROTATIONS[rotation].format(power=number(part.power), gamma=number(part.gamma))
        if rotation == "promax":
            yield from _comment("Stata's promax takes its target from other rows than the study's")
        yield f"rotate, {turned}{' normalize' if factors.kaiser else ''}"
    if factors.scoring not in ("regression", "bartlett"):
        raise NotTranslated(f"{factors.scoring} scores")
    again = [f"again_{i}" for i in range(1, k + 1)]
    yield f"predict {_listed(again)}, {factors.scoring}"
    yield f"correlate {_listed([*made.of(factors.names), *again])}"


def _confirmatory(model: ConfirmatoryResult, made: Generated) -> Iterator[str]:
    yield ""
    yield from _comment("Confirmatory factor analysis")
    if model.estimator not in ("ml", "mlr", "fiml") or model.grouped:
        yield from _comment(f"NOT DONE HERE: estimator {model.estimator}, which sem does not have")
        return
    method = "mlmv" if "fiml" in (model.estimator, model.missing) else "ml"
    if model.estimator == "mlr":
        yield from _comment(
            "Stata's robust chi2 is Satorra and Bentler's, the study's Yuan and Bentler's (MLR)"
        )
    robust = " vce(sbentler)" if model.estimator == "mlr" and method == "ml" else ""
    ways = [f"(F{i}_ -> {_listed(made.of(members))})" for i, members in enumerate(model.factors.values(), 1)]
    for i, factor in enumerate(model.factors, 1):
        yield from _comment(f"F{i}_ is {factor}")
    fixed = ""
    if model.identification == "unit_variance":
        fixed = " variance(" + " ".join(f"F{i}_@1" for i in range(1, len(ways) + 1)) + ")"
    latent = " ".join(f"F{i}_" for i in range(1, len(ways) + 1))
    yield (
        "sem " + " ///\n    ".join(ways) + f", latent({latent}) method({method}){robust}{fixed} standardized"
    )
    yield "estat gof, stats(all)"


def _model(named: NamedModel, made: Generated) -> Iterator[str]:
    model = named.model
    yield ""
    yield from _comment(f"{named.key}: {named.label('en')}")
    yield from _comment(model.formula)
    try:
        yield from _fitted(named, made)
    except NotTranslated as reason:
        yield from _comment(f"NOT DONE HERE: {reason}")


def _fitted(named: NamedModel, made: Generated) -> Iterator[str]:
    require_written(named)
    model = named.model
    columns = design_columns(model, named.centres)
    outcomes = []
    lines: list[str] = []
    for each in (model, *named.together):
        name, extra = _outcome(each, made)
        outcomes.append(name)
        lines += extra
    by_name: dict[str, str] = {}
    for column in sample_columns(named):
        if not column.constant:
            by_name[column.coefficient], definition = made.name(column)
            lines += _defined(definition)
    clusters = made.of(named.clusters)
    vce, note = _variance(model, clusters)
    own = {column.coefficient for column in columns}
    regressors = [name for coefficient, name in by_name.items() if coefficient in own]
    options = [vce] if vce else []
    if not any(column.constant for column in columns) and "ordered" not in model.model:
        options.append("noconstant")
    yield from lines
    yield "capture drop used"
    yield "mark used"
    needed = dict.fromkeys([*outcomes, *by_name.values(), *clusters])
    yield f"markout used {_listed(needed)}{', strok' if clusters else ''}"
    if note:
        yield from _comment(note)
    call = f"{_COMMANDS[model.model]} {_listed([outcomes[0], *regressors])} if used"
    yield f"{call}, {' '.join(options)}" if options else call


def _variance(model: RegressionResult, clusters: list[str]) -> tuple[str, str]:
    """The vce() option, and what must be said where Stata's differs from the study's."""
    kind = model.cov
    differs = f"The study's errors are {kind}, which this command does not give; "
    if clusters:
        if kind in ("CR1",):
            return f"vce(cluster {clusters[0]})", ""
        if kind == "CR2" and model.model == "ols":
            return (
                f"vce(cluster {clusters[0]})",
                differs + f"those below are CR1, Stata 18 has vce(hc2 {clusters[0]})",
            )
        return f"vce(cluster {clusters[0]})", differs + f"those below are CR1 by {clusters[0]}"
    if model.model == "ols":
        if kind in _LEAST_SQUARES:
            return _LEAST_SQUARES[kind], ""
        return "vce(robust)", differs + "those below are HC1"
    if kind == "nonrobust":
        return "", ""
    if kind in ("HC2", "HC3", "HC4"):
        return "vce(robust)", differs + "those below are HC0 scaled by n/(n-1)"
    return "vce(robust)", f"Stata scales robust variances by n/(n-1); the study's {kind} by {_scale(kind)}"


def _scale(kind: str) -> str:
    return "n/(n-k)" if kind == "HC1" else "one"


def _outcome(model: RegressionResult, made: Generated) -> tuple[str, list[str]]:
    known = {column.heading: column for column in made.columns}
    if model.outcome not in known:
        raise NotTranslated("the outcome is an expression; derive a variable for it")
    if known[model.outcome].numeric:
        return known[model.outcome].name, []
    if len(model.estimation.categories) != 2:
        raise NotTranslated(f"the categories of {model.outcome} have no order in the file")
    name, definition = made.level(model.outcome, model.estimation.categories[1])
    return name, list(_defined(definition))


def _defined(definition: Definition | None) -> Iterator[str]:
    """The variable; Stata takes a missing number for a large one, so that rows with one are left out."""
    if definition is None:
        return
    absent = ", ".join(column.name for column in definition.reads)
    yield f"generate double {definition.name} = {definition.expression} if !missing({absent})"


def _dummy(column: FileColumn, level: object) -> str:
    value = number(float(str(level))) if column.numeric else _quoted(str(level), None)
    return f"({column.name} == {value})"


def _whole(code: str) -> bool:
    try:
        return float(code).is_integer()
    except ValueError:
        return False


def _plain(text: str) -> str:
    """A text whose signs do not set off macros or end the quotes."""
    flat = " ".join(text.split())
    return flat.replace("`", "'").replace("$", "\\$").replace('"', "'")


def _quoted(text: str, longest: int | None = _LONGEST_LABEL) -> str:
    return '"' + _plain(text[:longest]) + '"'


def _listed(names: Iterable[str]) -> str:
    lines = wrap(" ".join(names), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return " ///\n    ".join(lines)


def _comment(text: str) -> Iterator[str]:
    """Comments of whole lines; /// or /* within would run on."""
    flat = " ".join(text.split()).replace("/*", "/ *").replace("///", "/ //")
    for line in wrap(flat, _WIDTH):
        yield f"// {line}"
