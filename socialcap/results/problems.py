"""Problems as a table, for reports and the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from socialcap.errors import Problem
from socialcap.results.table import Column, Table, Text, table_rows

_SEVERITIES = {"error": Text("error", "错误"), "warning": Text("warning", "警告")}


def problem_table(problems: Sequence[Problem]) -> Table:
    """What a reader should know, one row for each problem; one row says so where there is none."""
    columns = (
        Column("severity", Text("Severity", "级别"), align="left"),
        Column("place", Text("Place", "位置"), align="left"),
        Column("problem", Text("What to know", "说明"), align="left"),
    )
    rows = [[_SEVERITIES[problem.severity], _place(problem), _wording(problem)] for problem in problems]
    nothing: list[list[object]] = [["", "", Text("Nothing to report.", "无。")]]
    title = Text("What the reader should know", "需要说明的问题")
    return Table("problems", title, columns, table_rows(rows or nothing))


def _place(problem: Problem) -> str:
    row = f"row {problem.row}" if problem.row is not None else ""
    return ", ".join(part for part in (problem.where, row, problem.column) if part)


def _wording(problem: Problem) -> str:
    found = f" ({problem.value})" if problem.value else ""
    expected = f"; expected {problem.expected}" if problem.expected else ""
    return problem.message + found + expected
