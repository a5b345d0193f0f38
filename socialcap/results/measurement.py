"""Results of measurement: correlations, adequacy, factor solutions, composites."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.errors import NotAvailableError, Problem, UsageError
from socialcap.results.table import Column, Formatted, Result, Table, Text, table_rows

_ITEM = Column("item", Text("Item", "题项"), align="left")
_LABEL = Column("label", Text("Label", "内容"), align="left")
Labels = Mapping[str, Text]
_NO_LABELS: Labels = MappingProxyType({})


def label_of(labels: Labels, name: str) -> Text:
    """The label of a variable; its name where it has none."""
    return labels.get(name) or Text(name, name)


@dataclass(frozen=True)
class CorrelationResult(Result):
    """A correlation matrix and what it was computed from.

    matrix (p, p); `n_obs` rows used (the smallest pairwise number under pairwise deletion; rows, not
    weights); `n_pairs` (p, p) rows behind each correlation; `dropped`: row label -> why the row was left
    out; `center` and `spread` (p,): means and standard deviations (divisor n - 1) from the same rows and
    weights, None for a matrix that was given.
    """

    matrix: pd.DataFrame
    n_obs: int
    n_pairs: pd.DataFrame
    kind: str
    missing: str
    dropped: pd.Series
    smoothed: bool = False
    weighted: bool = False
    center: pd.Series | None = None
    spread: pd.Series | None = None
    labels: Labels = field(default_factory=lambda: _NO_LABELS)

    @property
    def normal_theory(self) -> bool:
        """Whether a chi-square of the matrix has its textbook distribution for normal items."""
        return (
            self.kind in ("pearson", "given")
            and self.missing in ("listwise", "given")
            and not (self.smoothed or self.weighted)
        )

    def tables(self) -> list[Table]:
        names = list(self.matrix.columns)
        columns = (_ITEM, *(Column(name, Text(str(i), str(i))) for i, name in enumerate(names, 1)))
        rows = [
            [f"{i + 1} {name}", *(self.matrix.iat[i, j] if j <= i else None for j in range(len(names)))]
            for i, name in enumerate(names)
        ]
        title = Text("Correlations of the items", "题项相关矩阵")
        return [Table("correlations", title, columns, table_rows(rows), self._notes())]

    def _notes(self) -> tuple[Text, ...]:
        if self.kind == "given":
            made = Text("Correlations as given, n = {n}.", "相关矩阵由用户给定，n = {n}。").format(
                n=self.n_obs
            )
        else:
            made = Text(
                "{kind} correlations, {missing}, n = {n}.", "{kind}相关，{missing}，n = {n}。"
            ).format(kind=_KINDS[self.kind], missing=_MISSING[self.missing], n=self.n_obs)
        notes = [made]
        if self.weighted:
            notes.append(Text("Sampling weights applied.", "已使用抽样权重。"))
        if self.smoothed:
            notes.append(
                Text(
                    "The matrix was not positive definite and has been smoothed (eigenvalues raised).",
                    "原矩阵非正定，已作平滑处理（提高过小的特征值）。",
                )
            )
        return tuple(notes)


_KINDS = {
    "pearson": Text("Pearson", "皮尔逊"),
    "spearman": Text("Spearman", "斯皮尔曼"),
    "polychoric": Text("Polychoric", "多分格"),
    "mixed": Text("Mixed (Pearson, polyserial, polychoric)", "混合（皮尔逊、多列、多分格）"),
}
_MISSING = {
    "listwise": Text("listwise deletion", "成列删除"),
    "pairwise": Text("pairwise deletion", "成对删除"),
    "em": Text("EM moments under normality", "正态假定下的 EM 估计"),
}


@dataclass(frozen=True, slots=True)
class Caution:
    """What speaks against factoring these items, and the items concerned (none: all of them)."""

    message: Text
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdequacyResult(Result):
    """Whether the items are fit for factor analysis.

    `kmo`: Kaiser-Meyer-Olkin measure, overall; `kmo_items` (p,): measure of sampling adequacy of each item;
    Bartlett's test of sphericity; the determinant of the correlation matrix; `inter_item`: mean, mean size,
    minimum and maximum of the correlations; `cautions`: what speaks against factoring these items, in words
    the same as `warnings`.
    """

    kmo: float
    kmo_items: pd.Series
    bartlett_chi2: float
    bartlett_df: int
    bartlett_p: float
    determinant: float
    n_obs: int
    inter_item: Mapping[str, float]
    cautions: tuple[Caution, ...] = ()

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What speaks against factoring these items, each with the items concerned."""
        return tuple(
            Problem(caution.message("en"), column=", ".join(caution.items), severity="warning")
            for caution in self.cautions
        )

    def tables(self) -> list[Table]:
        columns = (
            Column("statistic", Text("Statistic", "统计量"), align="left"),
            Column("value", Text("Value", "值"), align="right"),
        )
        worst = self.kmo_items.idxmin()
        rows = [
            (Text("Kaiser-Meyer-Olkin measure", "KMO 取样适切性量数"), self.kmo),
            (
                Text("Smallest measure of an item ({item})", "题项最小 MSA（{item}）").format(item=worst),
                self.kmo_items.min(),
            ),
            (Text("Bartlett's chi-square", "Bartlett 球形检验卡方"), self.bartlett_chi2),
            (Text("Degrees of freedom", "自由度"), self.bartlett_df),
            (Text("p", "p"), self.bartlett_p),
            (Text("Determinant of the correlation matrix", "相关矩阵行列式"), self.determinant),
            (Text("Mean size of the correlations", "相关系数绝对值均值"), self.inter_item["mean_absolute"]),
            (Text("Rows", "样本量"), self.n_obs),
        ]
        formats = (".3f", ".3f", ".2f", "d", "p", ".3g", ".3f", "d")
        shown = [(name, Formatted(value, spec)) for (name, value), spec in zip(rows, formats, strict=True)]
        notes = tuple(
            Text("{items}: {what}.", "{items}：{what}。").format(items=", ".join(c.items), what=c.message)
            if c.items
            else Text("{what}.", "{what}。").format(what=c.message)
            for c in self.cautions
        )
        title = Text("Sampling adequacy", "取样适切性检验")
        return [Table("adequacy", title, columns, table_rows(shown), notes)]


@dataclass(frozen=True)
class FactorResult(Result):
    """A factor solution: columns ordered by explained variance after rotation, each summing positive.

    loadings (p, k) is the pattern matrix; structure = loadings @ phi; communalities = diag(loadings phi
    loadings'); `variance` has rows ss_loadings, proportion, cumulative by factor, after an oblique rotation
    of loadings times structure, so that the factors add up to the communalities (`initial_variance`: before
    rotation); `eigenvalues` (p,) are those of the whole correlation matrix; score_weights (p, k) apply to
    standardised items; scores (n, k) exist where data were given. `minima` counts the local minima that
    the rotation met. `determinacy` (common factors): multiple correlation r of each factor with the
    items, its square, the least correlation between two equally good sets of scores, and the validity of
    the scores made. `converged` and `heywood` (items without unique variance) belong to the extraction.
    """

    loadings: pd.DataFrame
    structure: pd.DataFrame
    phi: pd.DataFrame
    communalities: pd.Series
    uniquenesses: pd.Series
    variance: pd.DataFrame
    initial_variance: pd.DataFrame
    eigenvalues: pd.Series
    score_weights: pd.DataFrame
    scores: pd.DataFrame | None
    correlation: CorrelationResult
    extraction: str
    rotation: str
    kaiser: bool
    scoring: str
    converged: bool
    heywood: tuple[str, ...]
    minima: int = 1
    fit_statistics: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    determinacy: pd.DataFrame | None = None
    salient: float = 0.5
    labels: Labels = field(default_factory=lambda: _NO_LABELS)
    factor_labels: Labels = field(default_factory=lambda: _NO_LABELS)

    @property
    def n_obs(self) -> int:
        """Rows behind the correlation matrix."""
        return self.correlation.n_obs

    @property
    def dropped(self) -> pd.Series:
        """Row label -> why the row was left out of the correlation matrix."""
        return self.correlation.dropped

    @property
    def center(self) -> pd.Series | None:
        """Means (p,) that standardise the items; None where a matrix was given."""
        return self.correlation.center

    @property
    def spread(self) -> pd.Series | None:
        """Standard deviations (p,) that standardise the items; None where a matrix was given."""
        return self.correlation.spread

    @property
    def names(self) -> list[str]:
        """The factors' names in column order."""
        return list(self.loadings.columns)

    @property
    def fit(self) -> Mapping[str, float]:
        """chi2, df, p, rmsea (psych's) with its 90% interval, tli, cfi, srmr, bic of the factor model.

        NaN where a statistic does not exist: p, rmsea and tli without degrees of freedom, what rests on chi2
        where the reproduced matrix is not positive definite (a Heywood case).
        Raises NotAvailableError for components, which model no correlations.
        """
        if not self.fit_statistics:
            raise NotAvailableError(
                "principal components fit no model of the correlations; extract common factors"
            )
        return self.fit_statistics

    def score(self, new: pd.DataFrame) -> pd.DataFrame:
        """Scores (m, k) of new respondents by this solution: its means, standard deviations and weights.

        Rows with a missing item get NaN. Raises NotAvailableError where the solution came from a matrix,
        UsageError where `new` lacks an item or holds text or infinite values in one.
        """
        if self.center is None or self.spread is None:
            raise NotAvailableError(
                "a solution of a correlation matrix has no means and deviations to score with"
            )
        values = _numbers(new, list(self.loadings.index))
        return (values - self.center) / self.spread @ self.score_weights

    def item_label(self, name: str) -> Text:
        """What an item asks."""
        return label_of(self.labels, name)

    def factor_label(self, name: str) -> Text:
        """What a factor is called."""
        return label_of(self.factor_labels, name)

    def tables(self) -> list[Table]:
        tables = [self._variance_table(), self._loading_table()]
        if self.rotation in _OBLIQUE and len(self.names) > 1:
            tables += [self._structure_table(), self._phi_table()]
        if self.fit_statistics:
            tables.append(self._fit_table())
        if self.determinacy is not None:
            tables.append(self._determinacy_table())
        return [*tables, self._weight_table()]

    def _structure_table(self) -> Table:
        columns = (_ITEM, _LABEL, *(self._heading(name) for name in self.names))
        rows = [[item, self.item_label(item), *self.structure.loc[item]] for item in self.display_order()]
        note = Text("Correlations of items and factors.", "题项与因子的相关。")
        return Table("structure", Text("Structure matrix", "结构矩阵"), columns, table_rows(rows), (note,))

    def _phi_table(self) -> Table:
        columns = (
            Column("factor", Text("Factor", "因子"), align="left"),
            *(self._heading(name) for name in self.names),
        )
        rows = [[self.factor_label(name), *self.phi.loc[name]] for name in self.names]
        return Table("phi", Text("Correlations of the factors", "因子相关矩阵"), columns, table_rows(rows))

    def _fit_table(self) -> Table:
        columns = (
            Column("statistic", Text("Statistic", "统计量"), align="left"),
            Column("value", Text("Value", "值")),
        )
        shown = {key: value for key, value in self.fit_statistics.items() if not math.isnan(value)}
        rows = [[EFA_FIT_FORMATS[key][0], Formatted(shown[key], EFA_FIT_FORMATS[key][1])] for key in shown]
        title = Text("Fit of the factor model", "因子模型拟合")
        return Table("efa_fit", title, columns, table_rows(rows), self._fit_notes(len(shown)))

    def _fit_notes(self, shown: int) -> tuple[Text, ...]:
        notes = [
            Text(
                "χ² with Bartlett's correction; RMSEA as in psych with a 90% interval; SRMR over "
                "off-diagonal residuals.",
                "χ² 采用 Bartlett 校正；RMSEA 按 psych 定义，附 90% 置信区间；SRMR 取非对角残差。",
            )
        ]
        if not self.correlation.normal_theory:
            notes.append(
                Text(
                    "χ² and what rests on it suppose Pearson correlations of complete, unweighted rows; here "
                    "they describe, they do not test.",
                    "χ² 及由其导出的指标以完整、未加权数据的皮尔逊相关为前提，此处仅作描述，不作检验。",
                )
            )
        if shown < len(self.fit_statistics) and self.fit_statistics["df"] <= 0:
            notes.append(
                Text(
                    "Without degrees of freedom there is no p, RMSEA or TLI.",
                    "自由度为零，无 p 值、RMSEA 与 TLI。",
                )
            )
        elif shown < len(self.fit_statistics):
            notes.append(
                Text(
                    "The reproduced matrix is not positive definite (Heywood case): it has no χ².",
                    "再生相关矩阵非正定（Heywood 现象），无 χ²。",
                )
            )
        return tuple(notes)

    def _determinacy_table(self) -> Table:
        assert self.determinacy is not None
        columns = (
            Column("factor", Text("Factor", "因子"), align="left"),
            Column("r", Text("Determinacy", "因子确定性")),
            Column("r_squared", Text("Squared", "平方")),
            Column("minimum", Text("Minimum correlation", "最小相关")),
            Column("validity", Text("Validity of scores", "得分效度")),
        )
        rows = [[self.factor_label(name), *self.determinacy[name]] for name in self.names]
        title = Text("How well the scores determine the factors", "得分对因子的确定程度")
        return Table("determinacy", title, columns, table_rows(rows))

    def _heading(self, name: str) -> Column:
        return Column(name, self.factor_label(name))

    def _loading_table(self) -> Table:
        order = self.display_order()
        columns = (
            _ITEM,
            _LABEL,
            *(self._heading(name) for name in self.names),
            Column("communality", Text("h²", "共同度")),
        )
        rows = [
            [item, self.item_label(item), *self.loadings.loc[item], self.communalities[item]]
            for item in order
        ]
        large = self.loadings.loc[order].abs().to_numpy() >= self.salient
        emphasis = frozenset((r, c + 2) for r, c in zip(*large.nonzero(), strict=True))
        note = Text(
            "Loadings of {salient:.2f} or more in size in bold; items by their largest loading. {method}",
            "绝对值不小于 {salient:.2f} 的载荷加粗；题项按最大载荷排列。{method}",
        ).format(salient=self.salient, method=self._method())
        title = Text("Factor loadings", "因子载荷矩阵")
        return Table("loadings", title, columns, table_rows(rows), (note,), emphasis)

    def display_order(self) -> list[str]:
        """Items grouped by the factor they load on most, the largest loading first."""
        size = self.loadings.abs().to_numpy()
        best = size.argmax(axis=1)
        items = list(self.loadings.index)
        order = sorted(range(len(items)), key=lambda i: (int(best[i]), -float(size[i, best[i]])))
        return [items[i] for i in order]

    def _variance_table(self) -> Table:
        columns = (
            Column("factor", Text("Factor", "因子"), align="left"),
            Column("eigenvalue", Text("Initial eigenvalue", "初始特征值")),
            Column("initial", Text("% of variance", "方差 %"), ".1%"),
            Column("ss_loadings", Text("Rotated SS loadings", "旋转后载荷平方和")),
            Column("proportion", Text("% of variance, rotated", "旋转后方差 %"), ".1%"),
            Column("cumulative", Text("Cumulative %", "累积 %"), ".1%"),
        )
        rows = [
            [
                label_of(self.factor_labels, name),
                self.eigenvalues.iloc[i],
                self.eigenvalues.iloc[i] / len(self.eigenvalues),
                *(self.variance.at[row, name] for row in ("ss_loadings", "proportion", "cumulative")),
            ]
            for i, name in enumerate(self.names)
        ]
        note = Text(
            "Initial eigenvalues stand in falling order and belong to no rotated factor in particular.",
            "初始特征值按大小排列，并不与某一旋转后因子一一对应。",
        )
        return Table(
            "variance", Text("Total variance explained", "总方差解释"), columns, table_rows(rows), (note,)
        )

    def _weight_table(self) -> Table:
        columns = (_ITEM, _LABEL, *(self._heading(name) for name in self.names))
        rows = [[item, self.item_label(item), *self.score_weights.loc[item]] for item in self.loadings.index]
        note = Text("{method} weights for standardised items.", "{method}得分系数，用于标准化题项。").format(
            method=_SCORINGS[self.scoring]
        )
        title = Text("Factor score coefficients", "因子得分系数矩阵")
        return Table("score_weights", title, columns, table_rows(rows), (note,))

    def _method(self) -> Text:
        kaiser = Text(" with Kaiser normalisation", "（Kaiser 标准化）") if self.kaiser else Text()
        return Text(
            "{extraction}, {rotation}{kaiser}, n = {n}.", "{extraction}，{rotation}{kaiser}，n = {n}。"
        ).format(
            extraction=_EXTRACTIONS[self.extraction],
            rotation=_ROTATIONS[self.rotation],
            kaiser=kaiser,
            n=self.n_obs,
        )


def _numbers(new: pd.DataFrame, items: list[str]) -> pd.DataFrame:
    """The named columns of `new` as numbers, NaN where missing."""
    places = {str(column): i for i, column in enumerate(new.columns)}
    if absent := [item for item in items if item not in places]:
        raise UsageError("the new data lack items of the solution: " + ", ".join(absent))
    picked = new.iloc[:, [places[item] for item in items]].set_axis(items, axis=1)
    try:
        values = picked.astype(float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the new data hold text in items of the solution: {error}") from None
    if infinite := [item for item in items if values[item].abs().eq(math.inf).any()]:
        raise UsageError("the new data hold infinite values in items of the solution: " + ", ".join(infinite))
    return values


_EXTRACTIONS = {
    "principal": Text("Principal components", "主成分法"),
    "paf": Text("Principal axis factoring", "主轴因子法"),
    "minres": Text("Minimum residuals", "最小残差法"),
    "uls": Text("Unweighted least squares", "未加权最小二乘法"),
    "ml": Text("Maximum likelihood", "最大似然法"),
    "dwls": Text("Diagonally weighted least squares", "对角加权最小二乘法"),
}
_ROTATIONS = {
    "none": Text("unrotated", "未旋转"),
    "varimax": Text("varimax rotation", "最大方差旋转"),
    "quartimax": Text("quartimax rotation", "四次方最大旋转"),
    "equamax": Text("equamax rotation", "等量最大旋转"),
    "promax": Text("promax rotation", "promax 斜交旋转"),
    "oblimin": Text("oblimin rotation", "oblimin 斜交旋转"),
    "geomin": Text("geomin rotation", "geomin 斜交旋转"),
    "bentler": Text("Bentler's rotation", "Bentler 斜交旋转"),
    "target": Text("target rotation", "目标旋转"),
}
_OBLIQUE = ("promax", "oblimin", "geomin", "bentler", "target")
_SCORINGS = {
    "regression": Text("Regression (Thurstone)", "回归法（Thurstone）"),
    "bartlett": Text("Bartlett", "Bartlett 法"),
    "anderson_rubin": Text("Anderson-Rubin", "Anderson-Rubin 法"),
    "ten_berge": Text("ten Berge", "ten Berge 法"),
    "means": Text("Unit (mean of the salient items)", "等权（显著题项均值）"),
}
EFA_FIT_FORMATS = MappingProxyType(
    {
        "chi2": (Text("χ²", "χ²"), ".2f"),
        "df": (Text("Degrees of freedom", "自由度"), ".0f"),
        "p": (Text("p", "p"), "p"),
        "rmsea": (Text("RMSEA", "RMSEA"), ".3f"),
        "rmsea_low": (Text("RMSEA, 90% low", "RMSEA 90% 下限"), ".3f"),
        "rmsea_high": (Text("RMSEA, 90% high", "RMSEA 90% 上限"), ".3f"),
        "tli": (Text("TLI", "TLI"), ".3f"),
        "cfi": (Text("CFI", "CFI"), ".3f"),
        "srmr": (Text("SRMR", "SRMR"), ".3f"),
        "bic": (Text("BIC", "BIC"), ".2f"),
    }
)


@dataclass(frozen=True)
class CompositeResult(Result):
    """The composite index F = sum_k (v_k / sum v) F_k: `scores` (n,), `weights` (k,) that add up to one.

    `basis` says which variances v are meant: "rotated" (explained by each factor after rotation: its sum of
    squared loadings, in oblique solutions of loadings times structure) or "initial" (sums of squared loadings
    of the factors before rotation, for components their eigenvalues).
    """

    scores: pd.Series
    weights: pd.Series
    basis: str
    name: str
    factor_labels: Labels = field(default_factory=lambda: _NO_LABELS)

    def tables(self) -> list[Table]:
        columns = (
            Column("factor", Text("Factor", "因子"), align="left"),
            Column("weight", Text("Weight", "权重")),
        )
        rows = [[label_of(self.factor_labels, str(name)), weight] for name, weight in self.weights.items()]
        note = {
            "rotated": Text(
                "Weights are the factors' shares of explained variance after rotation.",
                "权重为各因子旋转后方差贡献率之比。",
            ),
            "initial": Text(
                "Weights are the factors' shares of explained variance before rotation, in falling order.",
                "权重为旋转前各因子方差贡献率之比，按大小排列。",
            ),
        }[self.basis]
        title = Text("Weights of the composite: {name}", "综合指数“{name}”的权重").format(
            name=label_of(self.factor_labels, self.name)
        )
        return [Table("composite", title, columns, table_rows(rows), (note,))]

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "basis": self.basis}
