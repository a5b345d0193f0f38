"""What every syntax file says of itself, and the steps that no other program repeats."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.results import StudyResult


def header(result: StudyResult) -> Iterator[str]:
    """The lines at the top of a file."""
    yield f"{result.title('en')}"
    if result.note:
        yield f"{result.note('en')}"
    yield "The analysis of this study for another program, written by socialcap. It reads ../cleaned.csv, where"
    yield "cleaning is done and derived variables, factor scores and the composite are columns already."


def not_done(result: StudyResult) -> Iterator[str]:
    """The steps of the study that are not repeated elsewhere, each with what they would take."""
    yield "cleaning, exclusions and derived variables, which the ledger and the codebook document"
    if result.measurement is not None:
        yield "bootstrap intervals of reliability, and the number of factors by parallel analysis and other rules"
        if result.measurement.stability is not None:
            yield "bootstrap standard errors of the loadings"
        if result.measurement.validity is not None:
            yield "HTMT with its bootstrap bounds, AVE and composite reliability"
        if result.measurement.method_bias is not None:
            yield "common method bias"
    if result.profile is not None:
        yield "the sample profile, the structure of funding and descriptive statistics"
    if result.margins:
        yield "marginal effects: " + ", ".join(result.margins)
    if result.diagnostics:
        yield "tests of the models' assumptions: " + ", ".join(result.diagnostics)
    if result.pipelines:
        yield "inference through the whole pipeline: " + ", ".join(result.pipelines)
    if result.hierarchical:
        yield "tests of the added blocks, which follow from the models' R² or log-likelihoods"
    if result.moderations:
        yield "simple slopes and Johnson-Neyman regions, which follow from the model with the product"
    if result.specifications:
        yield "the specification curve"
    if result.claims is not None:
        yield "verdicts on the claims"
