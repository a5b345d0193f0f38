"""The key findings: verdicts on the claims, and the main numbers in a few sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from socialcap.report.blocks import Block, Section, Sentence
from socialcap.report.contents.coefficients import coefficient_sentences, focal_terms
from socialcap.report.contents.measurement import measurement_summary
from socialcap.report.contents.phrases import counted, listing, paragraph, say
from socialcap.report.contents.sample import flow_sentences, funding_sentences
from socialcap.report.contents.stock import Stock, section
from socialcap.results import StudyResult, Text
from socialcap.results.claims import Verdict

_MOST_MODELS = 3


def findings_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """What the reader came for: as registered or not, verdicts, main numbers."""
    said = [*warning_sentences(result), *verdict_sentences(result)]
    blocks: list[Block] = [*paragraph(*said), *stock.take("claims"), *paragraph(*_number_sentences(result))]
    return section("findings", Text("Key findings", "主要发现"), blocks)


def warning_sentences(result: StudyResult) -> Iterator[Sentence]:
    """Whether other libraries agree, and whether the analysis is the registered one."""
    if result.second_opinion and not result.second_opinion.agrees:
        yield Sentence(result.second_opinion.verdict(), "second_opinion")
    if result.registration is not None:
        yield Sentence(result.registration.verdict, "registration")


def verdict_sentences(result: StudyResult) -> Iterator[Sentence]:
    """How many claims are supported, contradicted, not settled."""
    if result.claims is None or not result.claims.claims:
        return
    counts = Counter(claim.verdict for claim in result.claims.claims)
    total = len(result.claims.claims)
    parts = [
        Text("{n} {verdict}", "{n} 项{verdict}").format(
            n=counts[verdict],
            verdict=Text(
                f"{'is' if counts[verdict] == 1 else 'are'} {verdict.label.en.lower()}", verdict.label.zh
            ),
        )
        for verdict in Verdict
        if counts[verdict]
    ]
    yield from say(
        Text("Of {claims}, {parts}.", "{claims}中，{parts}。"),
        "claims",
        claims=counted(total, "claim", "claims", "项研究假设"),
        parts=Text(listing(parts).en, "，".join(part.zh for part in parts)),
    )


def _number_sentences(result: StudyResult) -> Iterator[Sentence]:
    """The sample, the factors, the funds, and the coefficients that the study is about."""
    yield from flow_sentences(result)
    if result.measurement:
        yield from measurement_summary(result.measurement)
    if result.profile:
        yield from list(funding_sentences(result.profile))[:1]
    for model in result.regressions[:_MOST_MODELS]:
        names = focal_terms(result, model)
        yield from coefficient_sentences(model, names, f"regression_{model.name}", with_beta=False)


def evidence_section(result: StudyResult, stock: Stock) -> tuple[Section, ...]:
    """The claims one by one, with what their verdicts rest on."""
    if result.claims is None:
        return ()
    tables = stock.take("claim_evidence", "claim_design", "claim_sources")
    return section("claims", Text("Evidence on the claims", "各研究假设的证据"), tables)
