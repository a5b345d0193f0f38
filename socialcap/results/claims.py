"""The verdicts on a study's claims, with the evidence for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows


class Verdict(StrEnum):
    """What the data say of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_SETTLED = "not_settled"

    @property
    def label(self) -> Text:
        """The verdict in words."""
        return _VERDICTS[self]


_VERDICTS = {
    Verdict.SUPPORTED: Text("Supported", "得到支持"),
    Verdict.CONTRADICTED: Text("Contradicted", "与数据相悖"),
    Verdict.NOT_SETTLED: Text("Not settled", "尚无定论"),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `count` specifications, the share whose estimate is on the claim's side, and the share that come to
    the same verdict (None where a specification has no error of its own).
    """

    same_side: float
    same_verdict: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Power:
    """What the design could show: the probability of "supported" if the truth were `truth`, and the least
    distance from the claim's bound that is shown with a probability of 80% (None where the claim has two
    bounds). Neither depends on the estimate.
    """

    probability: float
    truth: float
    detectable: float | None = None


@dataclass(frozen=True)
class ClaimResult:
    """One claim: the test as it was written, what was found, and what follows.

    `estimate` with its interval (ci_low, ci_high) of `level` in `unit`, written with `format`; p_for: of the
    hypothesis that the claim is wrong; p_against: of the hypothesis that it is right; holm: p_for adjusted
    for the number of claims. A claim without a test of its own (n_factors) has None in all of these.
    `source`: what the numbers rest on; `remarks`: what else the reader should know; `words`: why the verdict
    is what it is.
    """

    name: str
    sentence: Text
    test: str
    verdict: Verdict
    estimate: float
    format: str
    unit: Text
    source: Text
    words: Text
    std_error: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    level: float = 0.90
    p_for: float | None = None
    p_against: float | None = None
    holm: float | None = None
    power: Power | None = None
    agreement: Agreement | None = None
    remarks: tuple[Text, ...] = ()

    def sentence_with_verdict(self) -> Text:
        """The claim in words (its test where there are none), the verdict and why."""
        claim = self.sentence or Text(f"{self.test}.", f"{self.test}。")
        verdict = self.verdict.label
        return Text(
            f"{claim('en')} {verdict.en}. {self.words.en}", f"{claim('zh')}{verdict.zh}。{self.words.zh}"
        )


@dataclass(frozen=True)
class ClaimsResult(Result):
    """Verdicts on claims, each by itself wrong in at most `alpha` of samples."""

    claims: tuple[ClaimResult, ...]
    alpha: float = 0.05

    def __getitem__(self, name: str) -> ClaimResult:
        """The claim of that name; KeyError where there is none."""
        for claim in self.claims:
            if claim.name == name:
                return claim
        raise KeyError(name)

    def sentences(self) -> list[Text]:
        """Each claim with its verdict in plain words, in the order in which they were stated."""
        return [claim.sentence_with_verdict() for claim in self.claims]

    def tables(self) -> list[Table]:
        design = [self._design_table()] if any(c.power or c.agreement for c in self.claims) else []
        return [self._verdict_table(), self._evidence_table(), *design, self._source_table()]

    def _verdict_table(self) -> Table:
        columns = (
            Column("claim", Text("Claim", "假设"), align="left"),
            Column("sentence", Text("In words", "内容"), align="left"),
            Column("verdict", Text("Verdict", "结论"), align="left"),
            Column("words", Text("What the data say", "数据说明了什么"), align="left"),
        )
        rows = [[c.name, c.sentence or c.test, c.verdict.label, c.words] for c in self.claims]
        title = Text("The study's claims and their verdicts", "研究假设与结论")
        return Table("claims", title, columns, table_rows(rows), (self._verdict_note(),))

    def _verdict_note(self) -> Text:
        return Text(
            "Supported: the hypothesis that the claim is wrong is rejected at {alpha:.0%}; contradicted: the "
            "hypothesis that it is right is rejected at {alpha:.0%}; not settled: neither, the data cannot "
            "tell. Each verdict is on its claim alone.",
            "得到支持：在 {alpha:.0%} 水平上拒绝“该假设不成立”；与数据相悖：在 {alpha:.0%} 水平上拒绝“该假设成立”；"
            "尚无定论：两者均不能拒绝，数据无法判断。各结论仅针对该假设本身。",
        ).format(alpha=self.alpha)

    def _evidence_table(self) -> Table:
        columns = (
            Column("claim", Text("Claim", "假设"), align="left"),
            Column("test", Text("Test", "检验"), align="left"),
            Column("estimate", Text("Estimate", "估计值")),
            Column("ci_low", Text("90% CI, low", "90% 置信下限")),
            Column("ci_high", Text("90% CI, high", "90% 置信上限")),
            Column("p_for", Text("p, for", "p（支持）"), "p"),
            Column("holm", Text("p, for, Holm", "p（支持，Holm）"), "p"),
            Column("p_against", Text("p, against", "p（反对）"), "p"),
        )
        rows = [_evidence_row(claim) for claim in self.claims]
        title = Text("Evidence on the claims", "各假设的证据")
        return Table("claim_evidence", title, columns, table_rows(rows), self._evidence_notes())

    def _evidence_notes(self) -> tuple[Text, ...]:
        return (
            Text(
                "p, for: of the hypothesis that the claim is wrong, one-sided, for a range the larger of the "
                "two one-sided tests (Schuirmann 1987); p, against: of the hypothesis that the claim is right, "
                "for a range twice the smaller one-sided p. Holm: p, for, adjusted for the number of claims; "
                "verdicts do not use it.",
                "p（支持）：原假设为“该假设不成立”的单侧检验，对区间取两个单侧检验中较大者（Schuirmann 1987）；"
                "p（反对）：原假设为“该假设成立”，对区间取较小单侧 p 值的两倍。"
                "Holm：按假设个数校正后的 p（支持），结论不以其为准。",
            ),
            Text(
                "Coefficients are in standard deviations of outcome and regressor in the sample (latent outcome "
                "in logit, probit, ordered and Tobit models), unless the unit says otherwise.",
                "除单位另有说明外，系数以样本中因变量与自变量的标准差为单位"
                "（Logit、Probit、有序及 Tobit 模型为潜变量的标准差）。",
            ),
        )

    def _design_table(self) -> Table:
        columns = [
            Column("claim", Text("Claim", "假设"), align="left"),
            Column("truth", Text("If the truth were", "若真值为")),
            Column("power", Text("power is", "检验功效"), ".2f"),
            Column("detectable", Text("Detectable with 80%", "80% 功效可检出")),
        ]
        compared = any(claim.agreement for claim in self.claims)
        if compared:
            columns += [
                Column("same_side", Text("Specifications agreeing", "结果一致的设定"), ".0%"),
                Column("same_verdict", Text("with the same verdict", "结论相同的设定"), ".0%"),
                Column("count", Text("of how many", "设定个数"), "d"),
            ]
        shown = [claim for claim in self.claims if claim.power or claim.agreement]
        rows = [_design_row(claim)[: len(columns)] for claim in shown]
        notes = [
            Text(
                "Power: the probability that a design with this standard error finds support if the truth lay "
                "the stated effect inside the bound, or in the middle of the range (for “hardly matters”: at "
                "zero); detectable: the distance from the bound that is found with a probability of 80%. "
                "Neither uses the estimate.",
                "检验功效：真值位于界限内侧设定效应量处（或区间中点；对“几乎没有影响”为零）时，"
                "具有该标准误的设计得到支持的概率；80% 功效可检出：以 80% 的概率可检出的与界限的距离。"
                "二者均不使用估计值。",
            )
        ]
        if compared:
            notes.append(
                Text(
                    "Specifications agreeing: share of those in the specification curve whose estimate is on "
                    "the claim's side.",
                    "结果一致的设定：设定曲线中估计值符合该假设的比例。",
                )
            )
        title = Text("What the design could show, and how robust it is", "设计的检验功效与结论的稳健性")
        return Table("claim_design", title, tuple(columns), table_rows(rows), tuple(notes))

    def _source_table(self) -> Table:
        columns = (
            Column("claim", Text("Claim", "假设"), align="left"),
            Column("unit", Text("Unit", "单位"), align="left"),
            Column("std_error", Text("Std. error", "标准误")),
            Column("df", Text("df", "自由度"), "number"),
            Column("source", Text("Rests on", "依据"), align="left"),
        )
        rows = [
            [
                claim.name,
                claim.unit,
                _formatted(claim.std_error, claim.format),
                claim.df,
                _joined([claim.source, *claim.remarks]),
            ]
            for claim in self.claims
        ]
        title = Text("What the verdicts rest on", "结论的依据")
        return Table("claim_sources", title, columns, table_rows(rows))


def _evidence_row(claim: ClaimResult) -> list[Any]:
    return [
        claim.name,
        claim.test,
        *(_formatted(value, claim.format) for value in (claim.estimate, claim.ci_low, claim.ci_high)),
        claim.p_for,
        claim.holm,
        claim.p_against,
    ]


def _design_row(claim: ClaimResult) -> list[Any]:
    power, agreement = claim.power, claim.agreement
    return [
        claim.name,
        _formatted(power.truth, claim.format) if power else None,
        power.probability if power else None,
        _formatted(power.detectable, claim.format) if power else None,
        agreement.same_side if agreement else None,
        agreement.same_verdict if agreement else None,
        agreement.count if agreement else None,
    ]


def _formatted(value: float | None, spec: str) -> Formatted | None:
    return None if value is None else Formatted(value, spec)


def _joined(parts: Sequence[Text]) -> Text:
    said = [part for part in parts if part]
    return Text(" ".join(part.en for part in said), "".join(part.zh for part in said))
