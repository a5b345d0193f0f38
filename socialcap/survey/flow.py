"""The sample flow: who was received, who left under which rule, who is analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.results import Column, Table, Text

EXCLUSION_COLUMNS = ("row", "respondent", "rule", "reason")

FLAG_REASONS = {
    "duplicate_id": Text("Id seen before", "编号重复"),
    "duplicate_answers": Text("Same answers as an earlier respondent", "答案与前面的答卷完全相同"),
    "speeder": Text("Answered too fast", "答题过快"),
    "attention": Text("Attention check failed", "注意力检测未通过"),
    "longstring": Text("Long run of identical answers", "连续相同答案过长"),
    "irv": Text("Hardly any variation in the answers", "答案几乎没有变化"),
    "even_odd": Text("Inconsistent within scales (even-odd)", "量表内前后不一致（奇偶）"),
    "mahalanobis": Text("Outlying combination of answers (Mahalanobis)", "答案组合异常（马氏距离）"),
    "person_total": Text("Answers run against the sample's", "作答模式与总体相反"),
    "missing_share": Text("Too many questions unanswered", "未作答题目过多"),
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One rule, in the order of the study file, and the received rows (n,) that it hits."""

    rule: str
    reason: Text
    hits: NDArray[np.bool_]


def excluded(rules: Sequence[Exclusion], rows: int) -> NDArray[np.bool_]:
    """The rows (n,) that leave the analysis under any rule."""
    left = np.zeros(rows, dtype=bool)
    for rule in rules:
        left |= rule.hits
    return left


def exclusion_list(
    rules: Sequence[Exclusion], index: pd.Index, respondents: NDArray[np.object_]
) -> pd.DataFrame:
    """One line per excluded row and per rule that hit it, by row, then in the order of the rules."""
    lines = [(position, order) for order, rule in enumerate(rules) for position in np.flatnonzero(rule.hits)]
    lines.sort()
    return pd.DataFrame(
        {
            "row": index.to_numpy()[[position for position, _ in lines]],
            "respondent": pd.array([str(respondents[position]) for position, _ in lines], dtype="str"),
            "rule": pd.array([rules[order].rule for _, order in lines], dtype="str"),
            "reason": pd.array([rules[order].reason("en") for _, order in lines], dtype="str"),
        }
    )


def sample_flow(rules: Sequence[Exclusion], rows: int) -> Table:
    """Received, those who leave under each rule (counted once, under the first that hits), analysed."""
    gone = np.zeros(rows, dtype=bool)
    lines: list[tuple[Text, int, int]] = [(Text("Received", "收回"), rows, rows)]
    for rule in rules:
        new = rule.hits & ~gone
        gone |= new
        step = Text("Excluded: {why}", "剔除：{why}").format(why=rule.reason)
        lines.append((step, int(new.sum()), int((~gone).sum())))
    lines.append((Text("Analysed", "进入分析"), int((~gone).sum()), int((~gone).sum())))
    columns = (
        Column("step", Text("Step", "步骤"), align="left"),
        Column("respondents", Text("Respondents", "份数"), "d"),
        Column("remaining", Text("Remaining", "剩余"), "d"),
    )
    once = Text(
        "A respondent whom several rules hit is counted once, under the first.",
        "被多条规则命中的答卷只计一次，记在首条规则下。",
    )
    notes = (once,) if len(rules) > 1 else ()
    return Table("sample_flow", Text("Sample flow", "样本流程"), columns, tuple(lines), notes)
