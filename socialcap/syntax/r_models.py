"""The regressions of a study in R."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from socialcap.results import MediationResult
from socialcap.syntax.design import DesignColumn, Dialect, Level, NotTranslated, design_columns, variables_of
from socialcap.syntax.frame import legal_names
from socialcap.syntax.models import NamedModel, require_written, sample_columns
from socialcap.syntax.r_text import column, comment, dialect, quoted, texts

# corrected for leverage
_CORRECTED = ("HC2", "HC3", "HC4", "CR2", "CR3")
_GLM = {
    "logit": 'binomial("logit")',
    "probit": 'binomial("probit")',
    "fractional": 'quasibinomial("logit")',
    "poisson": "poisson()",
}
_ORDERED = {"ordered_logit": "logistic", "ordered_probit": "probit"}


def model_steps(named: NamedModel) -> Iterator[str]:
    """The lines that fit one model and record its numbers, or say why they do not stand there."""
    model = named.model
    yield f"\n## {named.key}: {' '.join(named.label('en').split())}"
    yield comment(model.formula)
    try:
        yield from _fitted(named)
    except NotTranslated as reason:
        yield comment(f"NOT DONE HERE: {reason}.")


def _fitted(named: NamedModel) -> Iterator[str]:
    require_written(named)
    model = named.model
    own = {made.coefficient for made in design_columns(model, named.centres)}
    every = [made for made in sample_columns(named) if not made.constant]
    outcomes = list(dict.fromkeys([model.outcome, *(other.outcome for other in named.together)]))
    if any(outcome not in model.labels and not outcome.isidentifier() for outcome in outcomes):
        raise NotTranslated("the outcome is an expression; derive a variable for it")
    names: dict[str, str] = {}
    for made in every:
        names[made.coefficient] = legal_names([made.short_name], ["outcome", *names.values()])[
            made.short_name
        ]
    arithmetic = dialect(variables_of(every))
    yield "frame <- data.frame("
    rows = [f"outcome = {_outcome(named)}"]
    rows += [f"{names[made.coefficient]} = {_product(made, arithmetic)}" for made in every]
    yield ",\n".join(f"  {row}" for row in rows)
    yield ")"
    needed = [column(name) for name in outcomes if name != model.outcome and name not in own]
    needed += [column(name) for name in named.clusters]
    yield f"used <- {' & '.join(['complete.cases(frame)', *(f'!is.na({part})' for part in needed)])}"
    yield "frame <- frame[used, ]"
    clusters = "NULL"
    if named.clusters:
        listed = ", ".join(f"{column(name)}[used]" for name in named.clusters)
        clusters = f"list({listed})"
    regressors = [names[made.coefficient] for made in every if made.coefficient in own]
    if not any(c.constant for c in design_columns(model, named.centres)) and model.model not in _ORDERED:
        regressors.append("0")
    yield from _estimated(named, f"outcome ~ {' + '.join(regressors or ['1'])}", clusters)


def _estimated(named: NamedModel, formula: str, clusters: str) -> Iterator[str]:
    model, key = named.model, quoted(named.key)
    terms = texts(map(str, model.coefficients.index))
    if model.model == "ols":
        yield f"fit <- lm({formula}, frame)"
        yield f'covariance <- least_squares_covariance(fit, "{model.cov}", {clusters})'
        yield "print(lmtest::coeftest(fit, vcov. = covariance))"
        yield f"record({quoted(named.key + '.n_obs')}, nobs(fit))"
        yield f"record({quoted(named.key + '.r2')}, summary(fit)$r.squared)"
        yield f"record_coefficients({key}, {terms}, coef(fit), covariance)"
        return
    if model.model in _GLM:
        family = _GLM[model.model]
        control = "control = glm.control(epsilon = 1e-14, maxit = 100)"
        yield f"fit <- glm({formula}, {family}, frame, {control})"
        corrected = model.cov in _CORRECTED
        if not corrected:
            yield "pieces <- glm_pieces(fit)"
        estimates = "coef(fit)"
    else:
        method = _ORDERED[model.model]
        yield f'fit <- MASS::polr({formula}, frame, method = "{method}", Hess = TRUE,'
        yield "  control = list(reltol = 1e-15, maxit = 1000))"
        yield "pieces <- list(scores = sandwich::estfun(fit), bread = vcov(fit))"
        corrected, estimates = False, "c(coef(fit), fit$zeta)"
    if corrected:
        yield f'covariance <- working_covariance(fit, "{model.cov}", {clusters})'
    else:
        yield f'covariance <- likelihood_covariance(pieces$scores, pieces$bread, "{model.cov}", {clusters})'
    yield "print(lmtest::coeftest(fit, vcov. = covariance))"
    yield f"record({quoted(named.key + '.n_obs')}, nobs(fit))"
    if "loglik" in model.fit:
        # a quasi-likelihood has no logLik in R
        share = "sum(fit$y * log(fit$fitted.values) + (1 - fit$y) * log(1 - fit$fitted.values))"
        value = share if model.model == "fractional" else "logLik(fit)"
        yield f"record({quoted(named.key + '.loglik')}, {value})"
    yield f"record_coefficients({key}, {terms}, {estimates}, covariance)"


def _outcome(named: NamedModel) -> str:
    model = named.model
    outcome = column(model.outcome)
    categories = model.estimation.categories
    if model.model in _ORDERED:
        return f"factor({outcome}, levels = {texts(categories)}, ordered = TRUE)"
    if categories:
        return f"dummy({outcome}, {quoted(categories[-1])})"
    return outcome


def _product(made: DesignColumn, arithmetic: Dialect) -> str:
    return " * ".join(
        f"dummy({column(part.variable)}, {_level(part.level)})"
        if isinstance(part, Level)
        else arithmetic.write(part)
        for part in made.parts
    )


def _level(level: object) -> str:
    return str(level) if isinstance(level, int | float) else quoted(str(level))


def mediation_steps(found: MediationResult) -> Iterator[str]:
    """The indirect effects as products of the coefficients recorded before."""
    if found.moderator is not None:
        return
    yield f"\n## Indirect effects: {found.name}"
    for name, row in found.effects.iterrows():
        if row["effect"] != "indirect":
            continue
        way = str(row["way"]).split(" → ")
        factors = [
            f"numbers[[{quoted(f'mediation.{found.name}.{after}.{before}.b')}]]"
            for before, after in pairwise(way)
        ]
        yield f"record({quoted(f'mediation.{found.name}.{name}')}, {' * '.join(factors)})"
    yield comment("NOT DONE HERE: bootstrap errors and intervals of these effects.")
