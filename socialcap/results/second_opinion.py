"""What other libraries make of the same data."""

from __future__ import annotations

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


@dataclass(frozen=True)
class SecondOpinionResult(Result):
    """Numbers computed again by independent libraries."""

    opinions: tuple[Opinion, ...]

    @property
    def agrees(self) -> bool:
        """Whether every number is within its tolerance."""
        return all(opinion.agrees for opinion in self.opinions)

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
        return [Table("second_opinion", title, columns, table_rows(rows), (note,))]
