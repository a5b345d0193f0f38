"""Results of testing a model's assumptions: of linear, binary and ordered models, and of other indices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from socialcap.results.measurement import label_of
from socialcap.results.rows import records
from socialcap.results.table import Column, Result, Table, Text, table_rows

_TESTS = {
    "breusch_pagan": (
        Text("Breusch-Pagan (Koenker's studentised form)", "Breusch-Pagan（Koenker 学生化形式）"),
        Text("constant error variance", "误差方差恒定"),
    ),
    "white": (
        Text("White (regressors, squares, products)", "White（自变量、平方与交叉项）"),
        Text("constant error variance", "误差方差恒定"),
    ),
    "jarque_bera": (Text("Jarque-Bera", "Jarque-Bera"), Text("normal errors", "误差服从正态分布")),
    "durbin_watson": (
        Text("Durbin-Watson (2: none)", "Durbin-Watson（2 表示无）"),
        Text("no serial correlation in row order", "按行序无序列相关"),
    ),
    "link": (
        Text("Link test (Pregibon)", "连接检验（Pregibon）"),
        Text("index well specified", "指数设定正确"),
    ),
    "hosmer_lemeshow": (
        Text("Hosmer-Lemeshow", "Hosmer-Lemeshow"),
        Text("fitted probabilities agree with outcomes", "拟合概率与实际一致"),
    ),
    "brant": (Text("Brant, all regressors", "Brant（全部自变量）"), Text("parallel lines", "平行线假定")),
}
_RESET = Text("RESET, powers {powers}", "RESET（{powers} 次幂）")
_FORM = Text("linear form", "线性函数形式")

DIAGNOSTIC_COLUMNS = ("statistic", "df", "df_denominator", "p_value")


@dataclass(frozen=True)
class DiagnosticsResult(Result):
    """Tests of the assumptions of one model.

    tests: by test statistic, df, df_denominator (of an F, or of a t; NaN otherwise) and p_value (NaN where
        the test has none). `without`: test -> why it could not be made.
    """

    name: str
    model: str
    tests: pd.DataFrame
    without: Mapping[str, Text]
    n_obs: int
    labels: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    terms: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    label: Text = field(default_factory=Text)

    def tables(self) -> list[Table]:
        return [self._test_table()]

    @property
    def called(self) -> Text:
        """What the model is called: its label, or its name."""
        return self.label or Text(self.name, self.name)

    def _test_table(self) -> Table:
        columns = (
            Column("test", Text("Test", "检验"), align="left"),
            Column("null", Text("Null hypothesis", "原假设"), align="left"),
            Column("statistic", Text("Statistic", "统计量")),
            Column("df", Text("df", "自由度"), ".0f"),
            Column("df_denominator", Text("df 2", "自由度 2"), ".0f"),
            Column("p_value", Text("p", "p"), "p"),
        )
        rows: list[list[Any]] = []
        for key, values in zip(self.tests.index, self.tests.to_numpy(dtype=float), strict=True):
            heading, null = _heading(str(key))
            rows.append([heading, null, *(None if math.isnan(v) else v for v in values)])
        absent = tuple(
            Text("{test}: not made ({reason}).", "{test}：未作检验（{reason}）。").format(
                test=_heading(key)[0], reason=why
            )
            for key, why in self.without.items()
        )
        title = Text("Tests of the assumptions: {name}", "模型假定检验：{name}").format(name=self.called)
        count = Text("N = {n}.", "N = {n}。").format(n=self.n_obs)
        return Table(
            f"diagnostics_{self.name}", title, columns, table_rows(rows), (count, *self.notes(), *absent)
        )

    def notes(self) -> tuple[Text, ...]:
        """Which definitions the tests use, where there are several."""
        return ()

    def _term(self, name: str) -> Text:
        return self.terms.get(name) or label_of(self.labels, name)


@dataclass(frozen=True)
class LinearDiagnosticsResult(DiagnosticsResult):
    """Tests, influence and collinearity of a linear model.

    influence (n,): by row leverage, standardised and studentised residuals, cooks_distance, dffits;
    dfbetas (n, k). collinearity: by coefficient vif and tolerance, NaN for the constant; condition_number and
    condition (k, k + 1): by condition index the index and each coefficient's variance proportions (Belsley,
    Kuh and Welsch 1980). skewness, kurtosis of the residuals (3 for a normal).
    """

    influence: pd.DataFrame = field(default_factory=pd.DataFrame)
    dfbetas: pd.DataFrame = field(default_factory=pd.DataFrame)
    collinearity: pd.DataFrame = field(default_factory=pd.DataFrame)
    condition_number: float = math.nan
    condition: pd.DataFrame = field(default_factory=pd.DataFrame)
    skewness: float = math.nan
    kurtosis: float = math.nan

    @property
    def most_influential(self) -> pd.DataFrame:
        """The five rows of largest Cook's distance, the coefficient that each moves most, and by how much."""
        rows = self.influence.sort_values("cooks_distance", ascending=False, kind="stable").head(5)
        moved = self.dfbetas.loc[rows.index]
        most = moved.abs().idxmax(axis=1)
        change = np.take_along_axis(
            moved.to_numpy(), moved.columns.get_indexer(pd.Index(most))[:, None], axis=1
        )[:, 0]
        return rows.assign(coefficient=most, dfbeta=change)

    def tables(self) -> list[Table]:
        return [self._test_table(), self._influence_table(), self._collinearity_table()]

    def notes(self) -> tuple[Text, ...]:
        return (
            Text(
                "Residuals of least squares: skewness {skewness:.3f}, kurtosis {kurtosis:.3f} (3 for a "
                "normal). "
                "Breusch-Pagan: n R² of the squared residuals on the regressors; link test: t of the squared "
                "fitted values.",
                "最小二乘残差：偏度 {skewness:.3f}，峰度 {kurtosis:.3f}（正态为 3）。"
                "Breusch-Pagan：残差平方对自变量回归的"
                " n R²；连接检验：拟合值平方的 t 值。",
            ).format(skewness=self.skewness, kurtosis=self.kurtosis),
        )

    def _influence_table(self) -> Table:
        columns = (
            Column("row", Text("Row", "行号"), align="left"),
            Column("leverage", Text("Leverage", "杠杆值")),
            Column("studentised", Text("Studentised residual", "学生化残差"), ".2f"),
            Column("cooks_distance", Text("Cook's distance", "Cook 距离")),
            Column("coefficient", Text("Moves most", "影响最大的系数"), align="left"),
            Column("dfbeta", Text("dfbetas", "dfbetas"), ".2f"),
        )
        rows = [
            [str(row), r.leverage, r.studentised, r.cooks_distance, self._term(str(r.coefficient)), r.dfbeta]
            for row, r in zip(self.most_influential.index, records(self.most_influential), strict=True)
        ]
        n, k = self.dfbetas.shape
        note = Text(
            "The rows of largest Cook's distance. Leverage exceeds twice its mean ({limit:.3f}) in {high} "
            "rows; "
            "|dfbetas| exceeds 2/√n = {cut:.3f} for some coefficient in {moved} rows.",
            "表列 Cook 距离最大的观测。{high} 行的杠杆值超过均值两倍（{limit:.3f}）；{moved} 行有系数的 "
            "|dfbetas| 超过 "
            "2/√n = {cut:.3f}。",
        ).format(
            limit=2 * k / n,
            high=int((self.influence["leverage"] > 2 * k / n).sum()),
            cut=2 / math.sqrt(n),
            moved=int((self.dfbetas.abs() > 2 / math.sqrt(n)).any(axis=1).sum()),
        )
        title = Text("Influential rows: {name}", "强影响观测：{name}").format(name=self.called)
        return Table(f"influence_{self.name}", title, columns, table_rows(rows), (note,))

    def _collinearity_table(self) -> Table:
        columns = (
            Column("term", Text("Term", "变量"), align="left"),
            Column("vif", Text("VIF", "VIF"), ".2f"),
            Column("tolerance", Text("Tolerance", "容忍度")),
        )
        shown = self.collinearity.dropna()
        rows = [
            [self._term(str(name)), r.vif, r.tolerance]
            for name, r in zip(shown.index, records(shown), strict=True)
        ]
        note = Text(
            "Condition number {number:.1f} (columns of length one, constant included and not centred; "
            "Belsley, "
            "Kuh and Welsch: above 30 is harmful).",
            "条件数 {number:.1f}（各列标准化为单位长度，含常数项且未中心化；Belsley、Kuh 与 Welsch：大于 "
            "30 为有害）。",
        ).format(number=self.condition_number)
        title = Text("Collinearity: {name}", "共线性：{name}").format(name=self.called)
        return Table(f"collinearity_{self.name}", title, columns, table_rows(rows), (note,))


@dataclass(frozen=True)
class BinaryDiagnosticsResult(DiagnosticsResult):
    """Tests, discrimination, calibration and classification of a binary model.

    discrimination: by "same rows" and "cross-validated" the area under the ROC curve with std_error, ci_low,
    ci_high (95%). calibration: of the cross-validated probabilities intercept, slope (0 and 1 if calibrated)
    with intercept_error and slope_error, unreliability (chi2(2)) and unreliability_p, brier, spiegelhalter
    and spiegelhalter_p; empty where a fold cannot be fitted. groups: rows, observed, expected, lowest,
    highest probability by group, for a calibration plot; roc: cutoff, false_positive, true_positive.
    classification: counts by observed (row) and predicted (column) at `cutoff`; rates: accuracy, sensitivity,
    specificity, precision, no_information (share of the larger outcome).
    """

    discrimination: pd.DataFrame = field(default_factory=pd.DataFrame)
    calibration: Mapping[str, float] = field(default_factory=dict)
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    roc: pd.DataFrame = field(default_factory=pd.DataFrame)
    classification: pd.DataFrame = field(default_factory=pd.DataFrame)
    rates: Mapping[str, float] = field(default_factory=dict)
    cutoff: float = 0.5
    folds: int = 10
    seed: int = 1

    def tables(self) -> list[Table]:
        return [self._test_table(), self._quality_table(), self._classification_table()]

    def notes(self) -> tuple[Text, ...]:
        return (
            Text(
                "Hosmer-Lemeshow: {groups} groups of fitted probability, χ²(groups − 2); link test: z of the "
                "squared index.",
                "Hosmer-Lemeshow：按拟合概率分 {groups} 组，χ²（组数 − 2）；连接检验：指数平方的 z 值。",
            ).format(groups=len(self.groups)),
        )

    def _quality_table(self) -> Table:
        columns = (
            Column("quantity", Text("Quantity", "指标"), align="left"),
            Column("value", Text("Value", "数值")),
            Column("std_error", Text("Std. error", "标准误")),
            Column("ci_low", Text("95% CI, low", "95% 置信下限")),
            Column("ci_high", Text("95% CI, high", "95% 置信上限")),
        )
        names = {
            "same rows": Text("AUC, rows of the fit", "AUC（建模样本）"),
            "cross-validated": Text("AUC, cross-validated", "AUC（交叉验证）"),
        }
        rows: list[list[Any]] = [
            [names[str(key)], r.area, r.std_error, r.ci_low, r.ci_high]
            for key, r in zip(self.discrimination.index, records(self.discrimination), strict=True)
        ]
        found = self.calibration
        if found:
            rows += [
                [
                    Text("Calibration intercept (0)", "校准截距（0）"),
                    found["intercept"],
                    found["intercept_error"],
                ],
                [Text("Calibration slope (1)", "校准斜率（1）"), found["slope"], found["slope_error"]],
                [Text("Brier score", "Brier 得分"), found["brier"], None],
            ]
        padded = [[*row, *[None] * (len(columns) - len(row))] for row in rows]
        note = Text(
            "AUC: DeLong's standard error, interval on the logit scale. Calibration and Brier score: "
            "{folds}-fold cross-validated probabilities (seed {seed}); on the rows of the fit a logit is "
            "calibrated by construction.",
            "AUC：DeLong 标准误，logit 尺度区间。校准与 Brier 得分：{folds} 折交叉验证概率（种子 {seed}）；"
            "在建模样本上 logit 必然校准。",
        ).format(folds=self.folds, seed=self.seed)
        title = Text("Discrimination and calibration: {name}", "区分度与校准：{name}").format(
            name=self.called
        )
        return Table(f"prediction_{self.name}", title, columns, table_rows(padded), (note,))

    def _classification_table(self) -> Table:
        columns = (
            Column("observed", Text("Observed", "实际"), align="left"),
            Column("zero", Text("Predicted 0", "预测 0"), "d"),
            Column("one", Text("Predicted 1", "预测 1"), "d"),
        )
        rows = [
            [str(name), *map(int, row)]
            for name, row in zip((0, 1), self.classification.to_numpy(), strict=True)
        ]
        note = Text(
            "Cutoff {cutoff:g}, rows of the fit. Accuracy {accuracy:.1%} (always the larger outcome: "
            "{no_information:.1%}), sensitivity {sensitivity:.1%}, specificity {specificity:.1%}, precision "
            "{precision}.",
            "分界 {cutoff:g}，建模样本。准确率 {accuracy:.1%}（总取多数类：{no_information:.1%}），灵敏度 "
            "{sensitivity:.1%}，特异度 {specificity:.1%}，精确率 {precision}。",
        ).format(
            cutoff=self.cutoff,
            **{key: value for key, value in self.rates.items() if key != "precision"},
            precision="–" if math.isnan(self.rates["precision"]) else f"{self.rates['precision']:.1%}",
        )
        title = Text("Classification: {name}", "分类表：{name}").format(name=self.called)
        return Table(f"classification_{self.name}", title, columns, table_rows(rows), (note,))


@dataclass(frozen=True)
class OrderedDiagnosticsResult(DiagnosticsResult):
    """Tests of an ordered model.

    brant: by regressor statistic, df, p_value of Brant's test that its slope is the same at every cutpoint;
    slopes: of the binary logits above each cutpoint (C - 1, k). Both empty where a binary logit has no finite
    estimates.
    """

    brant: pd.DataFrame = field(default_factory=pd.DataFrame)
    slopes: pd.DataFrame = field(default_factory=pd.DataFrame)

    def tables(self) -> list[Table]:
        return [self._test_table(), self._brant_table()] if len(self.brant) else [self._test_table()]

    def _brant_table(self) -> Table:
        columns = (
            Column("term", Text("Term", "变量"), align="left"),
            Column("statistic", Text("χ²", "χ²"), ".2f"),
            Column("df", Text("df", "自由度"), "d"),
            Column("p_value", Text("p", "p"), "p"),
            *(Column(f"cut_{i}", Text(str(cut), str(cut))) for i, cut in enumerate(self.slopes.index)),
        )
        rows = [
            [self._term(str(name)), r.statistic, int(r.df), r.p_value, *self.slopes[name]]
            for name, r in zip(self.brant.index, records(self.brant), strict=True)
        ]
        note = Text(
            "Brant's (1990) Wald test; on the right the slopes of the binary logits above each cutpoint.",
            "Brant（1990）Wald 检验；右侧为各分割点以上二元 logit 的斜率。",
        )
        title = Text("Parallel lines: {name}", "平行线检验：{name}").format(name=self.called)
        return Table(f"brant_{self.name}", title, columns, table_rows(rows), (note,))


def _heading(key: str) -> tuple[Text, Text]:
    """A test's name and its null hypothesis."""
    if key.startswith("reset_"):
        powers = key.removeprefix("reset_").split("_")
        return _RESET.format(powers=Text(", ".join(powers), "、".join(powers))), _FORM
    return _TESTS[key]
