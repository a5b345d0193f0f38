"""What other libraries make of the same data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows


@dataclass(frozen=True, slots=True)
class Opinion:
    """One number computed twice; `tolerance` is what the difference is held against."""

    label: Text
    library: str
    ours: float
    theirs: float
    tolerance: float

    @property
    def difference(self) -> float:
        """How far apart the two are."""
        return abs(self.ours - self.theirs)

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.difference <= self.tolerance

    @property
    def strain(self) -> float:
        """The difference as a multiple of its tolerance, by which opinions on different numbers compare."""
        return self.difference / self.tolerance


@dataclass(frozen=True)
class SecondOpinionResult(Result):
    """Numbers computed again by independent libraries."""

    opinions: tuple[Opinion, ...]

    @property
    def agrees(self) -> bool:
        """Whether every number is within its tolerance."""
        return all(opinion.agrees for opinion in self.opinions)

    def largest(self) -> Mapping[str, Opinion]:
        """By library the opinion that differs most, measured by its tolerance; not a number counts as most."""
        found: dict[str, Opinion] = {}
        for one in self.opinions:
            known = found.get(one.library)
            if known is None or not one.strain <= known.strain:
                found[one.library] = one
        return found

    def joined(self, *others: SecondOpinionResult) -> SecondOpinionResult:
        """These opinions and those of others, in order."""
        return SecondOpinionResult(tuple(one for each in (self, *others) for one in each.opinions))

    def verdict(self) -> Text:
        """Whether the libraries agree, in a sentence that names the numbers which differ."""
        n = len(self.opinions)
        apart = [one for one in self.opinions if not one.agrees]
        if not apart:
            return Text(
                "All {n} numbers recomputed by other libraries agree within their tolerances.",
                "由其他软件库复核的 {n} 个统计量均在容差之内一致。",
            ).format(n=n)
        names = Text(
            "; ".join(f"{one.label('en')} ({one.library})" for one in apart),
            "；".join(f"{one.label('zh')}（{one.library}）" for one in apart),
        )
        return Text(
            "{m} of {n} numbers recomputed by other libraries differ by more than their tolerance: {names}.",
            "由其他软件库复核的 {n} 个统计量中，有 {m} 个超出容差：{names}。",
        ).format(m=len(apart), n=n, names=names)

    def tables(self) -> list[Table]:
        columns = (
            Column("what", Text("Number", "统计量"), align="left"),
            Column("library", Text("Library", "软件库"), align="left"),
            Column("ours", Text("Here", "本报告"), ".6f"),
            Column("theirs", Text("There", "对方"), ".6f"),
            Column("difference", Text("Difference", "差异"), ".1e"),
            Column("tolerance", Text("Tolerance", "容差"), ".1e"),
            Column("verdict", Text("Verdict", "结论"), align="left"),
        )
        agree, differ = Text("agrees", "一致"), Text("DIFFERS", "不一致")
        rows = [
            [
                one.label,
                one.library,
                one.ours,
                one.theirs,
                Formatted(one.difference, ".1e"),
                Formatted(one.tolerance, ".1e"),
                agree if one.agrees else differ,
            ]
            for one in self.opinions
        ]
        note = Text(
            "Iterated solutions stop at each library's own rule; closed forms must agree to rounding.",
            "迭代解受各库停止规则影响；有闭式解者应在舍入误差内一致。",
        )
        title = Text("Second opinion by other libraries", "其他软件库的复核")
        notes = (self.verdict(), note, *self._extremes()) if self.opinions else (note,)
        return [Table("second_opinion", title, columns, table_rows(rows), notes)]

    def _extremes(self) -> tuple[Text, ...]:
        """The largest difference of each library, by its tolerance."""
        words = Text(
            "{library}: largest difference {difference:.1e}, tolerance {tolerance:.1e} ({label}).",
            "{library}：最大差异 {difference:.1e}，容差 {tolerance:.1e}（{label}）。",
        )
        return tuple(
            words.format(library=library, difference=one.difference, tolerance=one.tolerance, label=one.label)
            for library, one in self.largest().items()
        )
