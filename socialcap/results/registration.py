"""Whether a study was run as it was registered before the data came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from socialcap.results.table import Column, Result, Table, Text, table_rows

DeviationKind = Literal["analysis", "reading", "words"]

_KINDS = {
    "analysis": Text("analysis", "分析"),
    "reading": Text("how the export is read", "数据读取方式"),
    "words": Text("wording", "文字"),
}


@dataclass(frozen=True, slots=True)
class Deviation:
    """One setting that is not as sealed: its place in study file or codebook, what was sealed, what was run.

    Only deviations of the analysis make a study depart from its registration; how the export is read and
    how things are called may change, and is listed.
    """

    place: str
    sealed: Any
    now: Any
    kind: DeviationKind


@dataclass(frozen=True)
class RegistrationResult(Result):
    """What a run makes of the seal in its study's folder.

    sealed      date and time (UTC, ISO 8601) of the seal
    seal        SHA-256 of what was sealed
    intact      whether the sealed record still has this hash
    data        names of the data files that were there already when the plan was sealed
    deviations  what is not as sealed
    """

    sealed: str
    seal: str
    intact: bool
    data: tuple[str, ...]
    deviations: tuple[Deviation, ...]

    @property
    def as_registered(self) -> bool:
        """Whether the record is intact and the analysis is the one that was sealed."""
        return self.intact and not any(deviation.kind == "analysis" for deviation in self.deviations)

    @property
    def verdict(self) -> Text:
        """One sentence: as registered, or how far from it."""
        number = sum(deviation.kind == "analysis" for deviation in self.deviations)
        if not self.intact:
            return Text(
                "The registration was altered after it was sealed: its hash no longer matches.",
                "注册文件封存后被改动：哈希值不再相符。",
            )
        if number:
            text = Text(
                "Not as registered on {date}: {number} deviation{s} of the analysis, listed below.",
                "与 {date} 的注册不一致：分析方案有 {number} 处偏离，列于下表。",
            )
            return text.format(date=self.sealed[:10], number=number, s="" if number == 1 else "s")
        return Text("As registered on {date}.", "与 {date} 的注册方案一致。").format(date=self.sealed[:10])

    def tables(self) -> list[Table]:
        columns = (
            Column("place", Text("Setting", "设置"), align="left"),
            Column("kind", Text("Concerns", "涉及"), align="left"),
            Column("sealed", Text("As registered", "注册方案"), align="left"),
            Column("now", Text("As run", "实际执行"), align="left"),
        )
        rows = [
            [one.place, _KINDS[one.kind], setting_text(one.sealed), setting_text(one.now)]
            for one in self.deviations
        ]
        nothing: list[list[Any]] = [["", "", Text("Nothing deviates.", "无偏离。"), ""]]
        notes = [
            self.verdict,
            Text("Seal (SHA-256): {seal}", "封存哈希（SHA-256）：{seal}").format(seal=self.seal),
        ]
        if self.data:
            early = Text(
                "These data files were there already when the plan was sealed: {files}.",
                "封存时下列数据文件已存在：{files}。",
            )
            notes.append(early.format(files=", ".join(self.data)))
        title = Text("Registration", "预注册")
        return [Table("registration", title, columns, table_rows(rows or nothing), tuple(notes))]


def setting_text(value: Any) -> str:
    """A setting as a writer of study files would put it; one that is absent, or left to its default, is a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(setting_text(part) for part in value) + "]"
    return str(value)
