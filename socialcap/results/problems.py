"""Problems as a table, for reports and the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from socialcap.errors import Problem
from socialcap.results.table import Column, Table, Text, table_rows

_SEVERITIES = {"error": Text("error", "错误"), "warning": Text("warning", "警告")}
_SHEETS = {"variables": "变量表", "values": "选项表", "export": "数据文件", "codebook": "编码簿"}

# A problem says its message in English, for terminal and log; the kinds that reports meet are put into Chinese.
_KINDS = tuple(
    (re.compile(pattern), template)
    for pattern, template in (
        (
            r"items of scale '(?P<scale>.*)' have different ranges: (?P<ranges>.*)",
            "量表“{scale}”的题项取值范围不一：{ranges}",
        ),
        (r"unreadable as the declared type: (?P<cells>.*)", "无法按声明的类型识别：{cells}"),
        (r"outside the range: (?P<cells>.*)", "超出取值范围：{cells}"),
        (
            r"no option reads '(?P<text>.*)' \((?P<count>\d+)×\); the nearest is '.*'",
            "没有选项为“{text}”（{count} 次）",
        ),
        (r"columns that the codebook does not know: (?P<columns>.*)", "编码簿未收录的列：{columns}"),
        (
            r"(?P<operation>\w+) has no result in (?P<count>\d+) row\(s\); the value is missing there",
            "{operation} 在 {count} 行中无法计算，相应取值记为缺失",
        ),
        (r"the flag (?P<flag>\w+) hits nobody: .*", "标记规则 {flag} 未命中任何答卷"),
        (
            r"(?P<n>\d+) complete respondents for (?P<k>\d+) items: fewer than five for each item",
            "{k} 个题项仅有 {n} 份完整答卷，平均每题不足五份",
        ),
    )
)
_LISTED = (
    (re.compile(r"'([^']*)' \(row (\d+)\)"), r"“\1”（第 \2 行）"),
    (re.compile(r" and (\d+) more$"), r" 等，另有 \1 处"),
    (re.compile(r"(?<=\d) to (?=\d)"), " 至 "),
    (re.compile(r"; "), "；"),
    (re.compile(r", "), "、"),
)


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


def _place(problem: Problem) -> Text:
    row = Text("row {n}", "第 {n} 行").format(n=problem.row) if problem.row is not None else Text()
    where = Text(problem.where, _SHEETS.get(problem.where, problem.where))
    parts = [part for part in (where, row, Text(problem.column, problem.column)) if part]
    return Text(", ".join(part("en") for part in parts), "，".join(part("zh") for part in parts))


def _wording(problem: Problem) -> Text:
    found = f" ({problem.value})" if problem.value else ""
    expected = f"; expected {problem.expected}" if problem.expected else ""
    english = problem.message + found + expected
    return Text(english, _chinese(problem, english))


def _chinese(problem: Problem, english: str) -> str:
    """The message in Chinese where it is one of the frequent kinds, otherwise as it is."""
    if problem.expected:
        return english
    for pattern, template in _KINDS:
        match = pattern.fullmatch(problem.message)
        if match:
            words = {name: _chinese_list(value) for name, value in match.groupdict().items()}
            found = f"（{problem.value}）" if problem.value else ""
            return Text(zh=template).format(**words).zh + found
    return english


def _chinese_list(listed: str) -> str:
    """Rows, ranges and lists as Chinese writes them; quoted answers stay as they are."""
    for pattern, replacement in _LISTED:
        listed = pattern.sub(replacement, listed)
    return listed
