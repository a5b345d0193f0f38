"""Results of a specification curve: one effect under every defensible set of choices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from socialcap.results.naming import named_tables
from socialcap.results.regression import Event
from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows

CHOICE_LABELS: Mapping[str, Text] = {
    "cleaning": Text("Exclusions", "样本剔除"),
    "correlation": Text("Correlations", "相关系数"),
    "extraction": Text("Extraction", "提取方法"),
    "rotation": Text("Rotation", "旋转方法"),
    "n_factors": Text("Number of factors", "因子个数"),
    "scores": Text("Factor scores", "因子得分"),
    "composite": Text("Weights of the composite", "综合指数权重"),
    "covariates": Text("Covariates", "控制变量"),
    "outcome": Text("Outcome", "被解释变量"),
}
_LEVELS: Mapping[str, Mapping[str, Text]] = {
    "cleaning": {"declared": Text("as declared", "按研究方案")},
    "correlation": {
        "pearson": Text("Pearson", "皮尔逊"),
        "spearman": Text("Spearman", "斯皮尔曼"),
        "polychoric": Text("polychoric", "多分格"),
    },
    "extraction": {
        "principal": Text("principal components", "主成分法"),
        "paf": Text("principal axis", "主轴因子法"),
        "minres": Text("minimum residuals", "最小残差法"),
        "uls": Text("unweighted least squares", "未加权最小二乘法"),
        "ml": Text("maximum likelihood", "最大似然法"),
    },
    "rotation": {
        "none": Text("none", "不旋转"),
        "varimax": Text("varimax", "最大方差法"),
        "quartimax": Text("quartimax", "四次方最大法"),
        "equamax": Text("equamax", "等量最大法"),
        "promax": Text("promax", "promax 斜交"),
        "oblimin": Text("oblimin", "oblimin 斜交"),
        "geomin": Text("geomin", "geomin 斜交"),
        "bentler": Text("Bentler's", "Bentler 斜交"),
    },
    "scores": {
        "regression": Text("regression", "回归法"),
        "bartlett": Text("Bartlett", "Bartlett 法"),
        "anderson_rubin": Text("Anderson-Rubin", "Anderson-Rubin 法"),
        "ten_berge": Text("ten Berge", "ten Berge 法"),
        "means": Text("means of items", "题项均值"),
    },
    "composite": {
        "rotated": Text("variance after rotation", "旋转后方差贡献"),
        "initial": Text("variance before rotation", "旋转前方差贡献"),
    },
    "covariates": {"main": Text("as in the regression", "与主回归一致")},
}
_JOINT = {
    "median": Text("Median estimate", "估计值中位数"),
    "share_significant": Text("Share significant, dominant direction", "主导方向显著占比"),
    "stouffer": Text("Stouffer's Z", "Stouffer Z 值"),
}


@dataclass(frozen=True)
class SpecificationCurveResult(Result):
    """One term of one regression under many specifications of measurement and model.

    curve         one row per specification in the order in which they were run, by number: a column per
                  choice; estimate, std_error, ci_low, ci_high and p_value in the units of the regression;
                  beta, beta_low, beta_high: in standard deviations of outcome and regressor; robust_se; df;
                  n_obs; n_replicates; main. Outcomes that were turned round have estimates turned round.
    measurements  one row per factor solution: its choices; for each main factor its share of the items'
                  variance, NaN where it is not found again; largest_other: the largest share of a factor
                  that is none of them; smallest_congruence with the main factors; n_obs; heywood
    refused       one row per specification without an estimate: choices, reason, reason_zh
    joint         median, share_significant, stouffer: observed, the 95% quantile of its size where there is
                  no effect (null_95), p_value; empty without replicates
    levels        choice -> its levels, the main one first
    total         specifications that the choices have together; `limit` says how many were drawn from more
    robust        which covariance `robust_se` has
    events        what binary models of categorical outcomes take as 1
    """

    regression: str
    term: str
    curve: pd.DataFrame
    measurements: pd.DataFrame
    refused: pd.DataFrame
    joint: pd.DataFrame
    levels: Mapping[str, tuple[str | int, ...]]
    total: int
    limit: int
    replicates: int
    seed: int
    level: float
    robust: str
    congruence: float
    term_label: Text = field(default_factory=Text)
    regression_label: Text = field(default_factory=Text)
    level_labels: Mapping[str, Mapping[str, Text]] = field(default_factory=lambda: MappingProxyType({}))
    events: tuple[Event, ...] = ()

    @property
    def main(self) -> pd.Series:
        """The row of the main specification."""
        return self.curve[self.curve["main"]].iloc[0]

    @property
    def direction(self) -> int:
        """The direction in which more specifications are significant, else that of the median."""
        beta, significant = self.curve["beta"], self._significant()
        balance = int((significant & (beta > 0)).sum()) - int((significant & (beta < 0)).sum())
        return (1 if balance > 0 else -1) if balance else (1 if beta.median() >= 0 else -1)

    @property
    def share_positive(self) -> float:
        """Share of the specifications with a positive estimate."""
        return float((self.curve["beta"] > 0).mean())

    @property
    def share_significant(self) -> float:
        """Share of the specifications that are significant in the dominant direction."""
        return float(self._supporting(self.curve).mean())

    @property
    def varied(self) -> tuple[str, ...]:
        """The choices that have more than one level."""
        return tuple(choice for choice, levels in self.levels.items() if len(levels) > 1)

    def ordered(self) -> pd.DataFrame:
        """The curve by rising beta, with `rank` from 1: what its figure draws."""
        ordered = self.curve.sort_values("beta", kind="stable")
        return ordered.assign(rank=np.arange(1, len(ordered) + 1))

    def by_choice(self) -> pd.DataFrame:
        """For each level of each choice that varies: specifications, median beta, share positive and share
        significant in the dominant direction of the whole curve.
        """
        rows = []
        beta, supporting = self.curve["beta"].to_numpy(), self._supporting(self.curve).to_numpy()
        for choice in self.varied:
            chosen = self.curve[choice].to_numpy()
            for level in self.levels[choice]:
                part = chosen == level
                if part.any():
                    shares = ((beta[part] > 0).mean(), supporting[part].mean())
                    rows.append((choice, level, int(part.sum()), np.median(beta[part]), *shares))
                else:
                    rows.append((choice, level, 0, np.nan, np.nan, np.nan))
        columns = ["choice", "level", "n", "median", "share_positive", "share_significant"]
        return pd.DataFrame(rows, columns=columns)

    def level_label(self, choice: str, level: str | int) -> Text:
        """The words for a level of a choice."""
        given = self.level_labels.get(choice, {}).get(str(level))
        return given or _LEVELS.get(choice, {}).get(str(level)) or Text(str(level), str(level))

    def tables(self) -> list[Table]:
        """Summary, joint test, what each choice does, and why specifications have no estimate."""
        tables = [self._summary()]
        if len(self.joint):
            tables.append(self._joint())
        if self.varied:
            tables.append(self._choices())
        if len(self.refused):
            tables.append(self._refused())
        said = Text("{term}, {regression}", "{term}，{regression}").format(
            term=self.term_label or Text(self.term, self.term),
            regression=self.regression_label or Text(self.regression, self.regression),
        )
        return named_tables(tables, re.sub(r"\W+", "_", f"{self.regression}_{self.term}"), said)

    def to_dict(self) -> dict[str, Any]:
        """The tables, and every specification with its estimate, every measurement, every refusal."""
        frames = {"curve": self.curve, "measurements": self.measurements, "refused": self.refused}
        return {
            "regression": self.regression,
            "term": self.term,
            **super().to_dict(),
            **{name: _records(frame) for name, frame in frames.items()},
        }

    def notes(self) -> tuple[Text, ...]:
        """What was run, what the estimates are, and how the errors came about."""
        events = (event.note for event in self.events)
        return (self._run_note(), self._unit_note(), *events, self._error_note())

    def _significant(self) -> pd.Series:
        return self.curve["p_value"] < 1.0 - self.level

    def _supporting(self, part: pd.DataFrame) -> pd.Series:
        return (part["p_value"] < 1.0 - self.level) & (part["beta"] * self.direction > 0)

    def _summary(self) -> Table:
        beta = self.curve["beta"]
        rank = int((beta < self.main["beta"]).sum()) + 1
        rows: list[tuple[Text, float | Formatted]] = [
            (Text("Specifications estimated", "已估计的设定数"), Formatted(len(beta), "d")),
            (Text("Without an estimate", "无估计值的设定数"), Formatted(len(self.refused), "d")),
            (Text("Main specification", "主设定"), float(self.main["beta"])),
            (Text("Its rank from below", "主设定由小到大的位次"), Formatted(rank, "d")),
            (Text("Median", "中位数"), float(beta.median())),
            (Text("Smallest", "最小值"), float(beta.min())),
            (Text("Largest", "最大值"), float(beta.max())),
            (Text("Share positive", "估计值为正的占比"), Formatted(self.share_positive, ".1%")),
            (
                Text("Share significant, dominant direction", "主导方向显著占比"),
                Formatted(self.share_significant, ".1%"),
            ),
        ]
        columns = (
            Column("statistic", Text("Statistic", "统计量"), align="left"),
            Column("value", Text("Value", "值")),
        )
        title = Text("Specification curve", "设定曲线")
        return Table("specifications", title, columns, table_rows(rows), self.notes())

    def _joint(self) -> Table:
        formats = {"median": ".3f", "share_significant": ".1%", "stouffer": ".2f"}
        rows = [
            (
                _JOINT[str(name)],
                Formatted(float(row["observed"]), formats[str(name)]),
                Formatted(float(row["null_95"]), formats[str(name)]),
                float(row["p_value"]),
            )
            for name, row in self.joint.iterrows()
        ]
        columns = (
            Column("statistic", Text("Statistic", "统计量"), align="left"),
            Column("observed", Text("Observed", "观测值")),
            Column("null_95", Text("95% quantile, no effect", "零效应下 95% 分位数")),
            Column("p_value", Text("p", "p"), "p"),
        )
        note = Text(
            "Joint test of no effect in any specification (Simonsohn, Simmons and Nelson 2020), two-sided: "
            "{replicates} resamples shared by all specifications, each with its estimates less those of the "
            "full sample.",
            "全部设定均无效应的联合检验（Simonsohn、Simmons 与 Nelson，2020），双侧：所有设定共用 {replicates} 次"
            "重抽样，以各次估计值减去全样本估计值构成零分布。",
        ).format(replicates=self.replicates)
        title = Text("Joint test over all specifications", "全部设定的联合检验")
        return Table("specifications_joint", title, columns, table_rows(rows), (note,))

    def _choices(self) -> Table:
        rows, before = [], ""
        for choice, level, *numbers in self.by_choice().itertuples(index=False):
            shown = CHOICE_LABELS[choice] if choice != before else ""
            before = choice
            rows.append((shown, self.level_label(choice, level), *numbers))
        columns = (
            Column("choice", Text("Choice", "选择"), align="left"),
            Column("level", Text("Level", "取值"), align="left"),
            Column("n", Text("Specifications", "设定数"), "d"),
            Column("median", Text("Median β", "β 中位数")),
            Column("share_positive", Text("Positive", "为正"), ".1%"),
            Column("share_significant", Text("Significant", "显著"), ".1%"),
        )
        note = Text(
            "First level of each choice: that of the main specification. Significant: at {alpha:.0%}, in the "
            "dominant direction of all specifications.",
            "各选择的第一行为主设定的取值。显著：在 {alpha:.0%} 水平上显著，且方向与全部设定的主导方向一致。",
        ).format(alpha=1.0 - self.level)
        title = Text("Estimates by choice", "按各项选择的估计结果")
        return Table("specifications_choices", title, columns, table_rows(rows), (note,))

    def _refused(self) -> Table:
        counts = Counter(zip(self.refused["reason"], self.refused["reason_zh"], strict=True))
        rows = [(Text(en, zh), count) for (en, zh), count in counts.items()]
        columns = (
            Column("reason", Text("Reason", "原因"), align="left"),
            Column("n", Text("Specifications", "设定数"), "d"),
        )
        title = Text("Specifications without an estimate", "无估计值的设定")
        return Table("specifications_refused", title, columns, table_rows(rows))

    def _run_note(self) -> Text:
        if self.total > self.limit:
            return Text(
                "{limit} specifications, drawn at random (seed {seed}) from the {total} that the choices have "
                "together, and among them the main one.",
                "各项选择共构成 {total} 种设定，从中随机抽取 {limit} 种（种子 {seed}），主设定必在其中。",
            ).format(limit=self.limit, seed=self.seed, total=self.total)
        return Text("All {total} combinations of the choices.", "各项选择的全部 {total} 种组合。").format(
            total=self.total
        )

    def _unit_note(self) -> Text:
        return Text(
            "Estimates are standardised in regressor and outcome (in logit and probit models in the latent "
            "outcome). A factor counts as found again at a congruence of {congruence:.2f} (Lorenzo-Seva and "
            "ten Berge 2006).",
            "估计值为自变量与因变量均标准化的系数（logit 与 probit 模型以潜变量结果标准化）。因子一致性系数达 "
            "{congruence:.2f} 视为同一因子（Lorenzo-Seva 与 ten Berge，2006）。",
        ).format(congruence=self.congruence)

    def _error_note(self) -> Text:
        if self.replicates:
            return Text(
                "Standard errors from {replicates} resamples in which measurement and regression are repeated; "
                "tests by t.",
                "标准误来自 {replicates} 次重抽样，每次重复测量与回归全过程；检验用 t 分布。",
            ).format(replicates=self.replicates)
        return Text(
            "Standard errors take the scores as data ({robust}).", "标准误将得分视为已知数据（{robust}）。"
        ).format(robust=self.robust)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON-ready records, numbers that are missing as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {str(key): value.item() if hasattr(value, "item") else value for key, value in row.items()}
        for row in plain.to_dict("records")
    ]
