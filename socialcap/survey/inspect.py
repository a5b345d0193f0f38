"""What a file is, before anything is asked of it: platform, encoding, header rows, columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from socialcap.errors import Problem
from socialcap.results import Column, Result, Table, Text
from socialcap.survey.formats.text import separator_name
from socialcap.survey.raw import RawColumn, RawSurvey
from socialcap.survey.reading import read_file

EXAMPLES = 3
LONGEST_EXAMPLE = 40
HIDDEN = Text("(personal: not shown)", "（个人信息，不显示）")
YES = Text("yes", "是")


@dataclass(frozen=True)
class InspectResult(Result):
    """A file as it was understood, with what is wrong with it; nothing of it was changed."""

    raw: RawSurvey
    problems: tuple[Problem, ...] = ()
    other_sheets: tuple[str, ...] = ()

    def tables(self) -> list[Table]:
        """The file, its problems and notes if there are any, its columns."""
        tables = [self._file()]
        if self.problems:
            tables.append(self._problems())
        if self.raw.notes:
            tables.append(self._notes())
        return [*tables, self._columns()]

    def _file(self) -> Table:
        source = self.raw.files[0]
        rows = (
            (Text("File", "文件"), source.path),
            (Text("Format", "格式"), source.format),
            (Text("Platform", "平台"), self.raw.platform),
            (Text("Encoding", "编码"), source.encoding),
            (Text("Separator", "分隔符"), separator_name(source.separator)),
            (Text("Sheet", "工作表"), source.sheet),
            (Text("Sheets not read", "未读取的工作表"), ", ".join(self.other_sheets)),
            (Text("Header rows", "表头行数"), source.header_rows),
            (Text("Rows", "行数"), source.rows),
            (Text("Columns", "列数"), len(self.raw.columns)),
            (Text("List separator", "多选分隔符"), self.raw.list_separator),
            (Text("SHA-256", "SHA-256"), source.sha256),
        )
        return Table(
            key="file",
            title=Text("File", "文件"),
            columns=(
                Column("what", Text("Property", "项目"), align="left"),
                Column("value", Text("Value", "内容"), "d", "left"),
            ),
            rows=tuple((what, value) for what, value in rows if value != ""),
        )

    def _problems(self) -> Table:
        return Table(
            key="problems",
            title=Text("Problems", "问题"),
            columns=(
                Column("where", Text("Where", "位置"), align="left"),
                Column("row", Text("Row", "行"), "d"),
                Column("column", Text("Column", "列"), align="left"),
                Column("problem", Text("Problem", "问题"), align="left"),
                Column("value", Text("Found", "内容"), align="left"),
                Column("expected", Text("Expected", "应为"), align="left"),
            ),
            rows=tuple((p.where, p.row, p.column, p.message, p.value, p.expected) for p in self.problems),
        )

    def _notes(self) -> Table:
        return Table(
            key="notes",
            title=Text("Notes", "说明"),
            columns=(Column("note", Text("Note", "说明"), align="left"),),
            rows=tuple((note,) for note in self.raw.notes),
        )

    def _columns(self) -> Table:
        return Table(
            key="columns",
            title=Text("Columns", "列"),
            columns=(
                Column("number", Text("No.", "序"), "d"),
                Column("key", Text("Column", "列"), align="left"),
                Column("label", Text("Question", "题目"), align="left"),
                Column("role", Text("Role", "角色"), align="left"),
                Column("personal", Text("Personal", "个人信息"), align="left"),
                Column("filled", Text("Filled", "非空"), "d"),
                Column("distinct", Text("Distinct", "不同值"), "d"),
                Column("examples", Text("Examples", "示例"), align="left"),
            ),
            rows=tuple(
                _column_row(number, column, self.raw.cells[column.key])
                for number, column in enumerate(self.raw.columns, 1)
            ),
        )


def inspect(
    path: str | Path, *, encoding: str = "auto", separator: str = "auto", sheet: str = ""
) -> InspectResult:
    """How a file is understood: its tables show platform, encoding, separator, sheet, header rows, columns.

    Faults that make it unfit for analysis are listed, not raised; UnreadableError is raised where the file
    gives no table at all. Examples from columns that identify a person are not shown.
    """
    reading = read_file(path, encoding=encoding, separator=separator, sheet=sheet)
    return InspectResult(reading.raw, reading.problems, reading.other_sheets)


def _column_row(number: int, column: RawColumn, cells: pd.Series) -> tuple[object, ...]:
    filled = cells[cells != ""]
    distinct = filled.drop_duplicates()
    return (
        number,
        column.key,
        column.label if column.label != column.key else "",
        column.role.value,
        YES if column.personal else "",
        len(filled),
        len(distinct),
        HIDDEN if column.personal else " | ".join(_short(text) for text in distinct.head(EXAMPLES)),
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_EXAMPLE else line[: LONGEST_EXAMPLE - 1] + "…"
