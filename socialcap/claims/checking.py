"""Whether tests can be understood and name what exists: everything wrong, at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from socialcap.claims.evidence import Evidence
from socialcap.claims.grammar import (
    AlphaTest,
    CoefficientTest,
    CongruenceTest,
    DifferenceTest,
    LargestVarianceTest,
    MeanTest,
    NumberTest,
    Test,
    parse_test,
)
from socialcap.errors import Problem, nearest
from socialcap.expressions import ExpressionError, unknown_names
from socialcap.plan import ClaimPart, RegressionPart
from socialcap.results.regression import RegressionResult

LEAST_DRAWS = 100
"""Resamples of the factors from which errors are taken."""


@dataclass(frozen=True)
class Model:
    """What a claim can name of a model: its outcome and terms; terms are None while they are not known and
    `formula` alone tells which variables there will be.
    """

    name: str
    outcome: str
    terms: tuple[str, ...] | None
    formula: str = ""

    @classmethod
    def planned(cls, part: RegressionPart) -> Model:
        return cls(part.name, part.formula.split("~")[0].strip(), None, part.formula)

    @classmethod
    def estimated(cls, result: RegressionResult) -> Model:
        return cls(result.name, result.outcome, tuple(map(str, result.coefficients.index)))

    def has(self, term: str) -> bool:
        if self.terms is not None:
            return term in self.terms
        # what a level of a factor will be called is known once the data are there
        return (
            not term.isidentifier() or re.search(rf"(?<!\w){re.escape(term)}(?!\w)", self._right) is not None
        )

    @property
    def names(self) -> tuple[str, ...]:
        return (
            self.terms
            if self.terms is not None
            else tuple(re.findall(r"(?<!\w)[^\W\d]\w*\b(?!\s*\()", self._right))
        )

    @property
    def _right(self) -> str:
        return self.formula.partition("~")[2]


@dataclass(frozen=True)
class Vocabulary:
    """All that claims can name. `n_factors` None: nothing was factored; `draws`: resamples of the factors."""

    variables: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()
    references: Mapping[str, Mapping[str, Sequence[str]] | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    n_factors: int | None = None
    draws: int = 0

    @classmethod
    def of(cls, evidence: Evidence) -> Vocabulary:
        measured = evidence.measurement
        variables = tuple(map(str, evidence.data.columns))
        models = tuple(Model.estimated(result) for result in evidence.regressions)
        references = {
            name: {factor: list(table.index[table[factor] != 0.0]) for factor in map(str, table.columns)}
            for name, table in evidence.references.items()
        }
        if measured is None:
            return cls(variables=variables, models=models, references=references)
        return cls(
            variables=variables,
            factors=tuple(measured.factors.names),
            items=tuple(map(str, measured.factors.loadings.index)),
            scales=tuple(scale.name for scale in measured.reliability),
            models=models,
            references=references,
            n_factors=len(measured.factors.names),
            draws=measured.stability.converged if measured.stability else 0,
        )


def claim_problems(claims: Sequence[ClaimPart], known: Vocabulary) -> tuple[list[Test], list[Problem]]:
    """The tests of the claims that can be read, and everything that is wrong with any of them."""
    tests: list[Test] = []
    problems: list[Problem] = []
    names = [claim.name for claim in claims]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(Problem(f"two claims are called {name!r}"))
    for claim in claims:
        try:
            test = parse_test(claim.test)
        except ExpressionError as error:
            problems.append(Problem(f"claim {claim.name}: {error}"))
            continue
        tests.append(test)
        problems += [Problem(f"claim {claim.name}: {fault}") for fault in _faults(claim, test, known)]
    return tests, problems


def matching(claim: ClaimPart, outcome: str, terms: Sequence[str], models: Sequence[Model]) -> list[Model]:
    """The models that a claim on these coefficients can mean, the one that it names alone if it names one."""
    named = [model for model in models if claim.regression in (None, model.name)]
    return [model for model in named if model.outcome == outcome and all(map(model.has, terms))]


def _faults(claim: ClaimPart, test: Test, known: Vocabulary) -> Iterator[str]:
    coefficient = isinstance(test, CoefficientTest | DifferenceTest)
    if claim.regression is not None and not coefficient:
        yield "only a claim on coefficients names a regression"
    match test:
        case CoefficientTest(outcome=outcome, term=term):
            yield from _model_faults(claim, outcome, (term,), known)
        case DifferenceTest(outcome=outcome, larger=larger, smaller=smaller):
            yield from _model_faults(claim, outcome, (larger, smaller), known)
        case LargestVarianceTest(factor=factor):
            yield from _structure_faults(known, draws=True)
            yield from _unknown("factor", factor, known.factors)
            if known.n_factors == 1:
                yield "with one factor there is nothing to compare"
        case NumberTest():
            yield from _structure_faults(known, draws=False)
        case CongruenceTest(reference=reference):
            yield from _structure_faults(known, draws=True)
            yield from _reference_faults(reference, known)
        case AlphaTest(scale=scale):
            yield from _unknown("scale of two items and more", scale, known.scales)
        case MeanTest(expression=expression):
            for name, hint in unknown_names(expression, known.variables):
                yield f"there is no variable {name!r}" + (f"; did you mean {hint!r}?" if hint else "")


def _model_faults(claim: ClaimPart, outcome: str, terms: Sequence[str], known: Vocabulary) -> Iterator[str]:
    if matching(claim, outcome, terms, known.models):
        return
    if claim.regression is not None:
        names = [model.name for model in known.models]
        if claim.regression not in names:
            yield from _unknown("regression", claim.regression, names)
            return
    models = [model for model in known.models if claim.regression in (None, model.name)]
    of_outcome = [model for model in models if model.outcome == outcome]
    if not of_outcome:
        who = (
            "no regression has" if claim.regression is None else f"the regression {claim.regression} has not"
        )
        hint = nearest(outcome, [model.outcome for model in models])
        yield f"{who} the outcome {outcome!r}" + (f"; did you mean {hint!r}?" if hint else "")
        return
    for term in terms:
        if not any(model.has(term) for model in of_outcome):
            valid = [name for model in of_outcome for name in model.names]
            hint = nearest(term, valid)
            tail = f"; did you mean {hint!r}?" if hint else f"; it has {', '.join(dict.fromkeys(valid))}"
            which = ", ".join(model.name for model in of_outcome)
            yield f"there is no coefficient {term!r} of {outcome} (regression {which}){tail}"
            return
    yield f"no regression of {outcome} has both {terms[0]} and {terms[-1]}"


def _structure_faults(known: Vocabulary, draws: bool) -> Iterator[str]:
    if known.n_factors is None:
        yield "the study has no factors"
    elif draws and known.draws < LEAST_DRAWS:
        yield (
            f"its error comes from resamples of the factors, and there are {known.draws}: set bootstrap in "
            f"[factors] to {LEAST_DRAWS} or more"
        )


def _reference_faults(name: str, known: Vocabulary) -> Iterator[str]:
    if name not in known.references:
        yield from _unknown("reference", name, list(known.references))
        return
    factors = known.references[name]
    if factors is None or known.n_factors is None:
        return
    for factor, items in factors.items():
        if not items:
            yield f"the reference {name} has no loadings on {factor}"
        for item in items:
            if item not in known.items:
                hint = nearest(item, known.items)
                tail = f"; did you mean {hint!r}?" if hint else ""
                yield f"the reference {name} has {item!r} on {factor}, which is not factored{tail}"
    if len(factors) > known.n_factors:
        yield (
            f"the reference {name} has {len(factors)} factors, the study {known.n_factors}: they cannot be "
            "compared one by one"
        )


def _unknown(what: str, name: str, valid: Sequence[str]) -> Iterator[str]:
    if name in valid:
        return
    hint = nearest(name, valid)
    if hint:
        yield f"there is no {what} {name!r}; did you mean {hint!r}?"
    else:
        yield f"there is no {what} {name!r}; there is " + (", ".join(valid) or "none")
