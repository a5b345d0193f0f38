# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: "1.3"
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Measuring social capital: what each choice does
# # 社会资本的测量：每一项选择意味着什么
#
# > **Simulated data** (`data/miluo`, a simulated replica). 模拟数据，并非原始调查数据。
#
# *Analyze → Dimension Reduction → Factor* has five buttons, and most papers leave them where SPSS put them. Each button
# is a choice, and a referee may ask about each. This notebook pushes every button once and looks at what moves.
# 因子分析的每一项设定都是一次选择；本节逐项改变设定，观察结果如何变化。

# %%
from pathlib import Path

import pandas as pd

import socialcap as sc

plan = sc.read_study(Path("../data/miluo"))
study = sc.prepare(plan)
items, scales, labels = study.items, study.scales, study.labels
data = study.data[items].dropna()  # the same firms under every choice
common = {"items": items, "scales": scales, "labels": labels, "factor_labels": labels}
data.shape

# %% [markdown]
# The solution of the study, to which all others are compared. 基准设定：

# %%
base = sc.factor_analysis(data, 4, **common)
base


# %% [markdown]
# Two small tools. `agreement` correlates the scores of two solutions, factor by factor; `moved` says how far the
# loadings moved at most.


# %%
def agreement(other, reference=base):
    """Correlation of each reference factor's scores with those of the same factor in another solution."""
    both = [name for name in reference.names if name in other.names]
    return pd.Series({name: reference.scores[name].corr(other.scores[name]) for name in both})


def moved(other, reference=base):
    """Largest change of a loading on each factor."""
    both = [name for name in reference.names if name in other.names]
    return (other.loadings[both] - reference.loadings[both]).abs().max()


# %% [markdown]
# ## 2.1 Which correlations? · 相关系数
#
# Agreement on a five-point scale is ordinal: the steps need not be equally wide. The **polychoric** correlation is the
# correlation of the attitudes behind the answers; Pearson's, of the codes 1 to 5, is closer to zero.

# %%
likert = ["E5", "E6", "E7", "C2", "C3", "C5", "K3", "K4", "K5", "K7", "K8"]
pearson = sc.correlation(data, likert)
polychoric = sc.correlation(data, likert, kind="polychoric")
pair = ("K3", "K4")
pd.Series(
    {"Pearson": pearson.matrix.loc[pair], "polychoric": polychoric.matrix.loc[pair]}, name=" × ".join(pair)
)

# %% [markdown]
# Across all pairs, by what factor are polychorics larger (least squares through zero)?

# %%
above = [(a, b) for i, a in enumerate(likert) for b in likert[i + 1 :]]
x = pd.Series([pearson.matrix.loc[p] for p in above])
y = pd.Series([polychoric.matrix.loc[p] for p in above])
round((x * y).sum() / (x**2).sum(), 3)

# %% [markdown]
# ## 2.2 α or ω? · 信度系数
#
# α equals the reliability only where all items measure equally well (*tau-equivalence*); otherwise it falls short of
# it. ω takes each item's own loading. Ordinal α is the α of polychorics: of the attitudes, not of the sum that is used.

# %%
sc.reliability(
    data,
    [name for name in likert if name.startswith("K")],
    name="cooperation, agreement items",
    labels=labels,
)

# %% [markdown]
# ## 2.3 How many factors? · 因子个数
#
# The rules answer different questions, so that they need not agree. Believe parallel analysis and MAP more than
# "eigenvalue above 1", which counts noise as factors when there are many items.

# %%
sc.n_factors(data, items)

# %% [markdown]
# One too few merges two dimensions, one too many splits one. 因子过少会合并维度，过多会拆分维度。

# %%
solutions = {k: sc.factor_analysis(data, k, **common) for k in (3, 4, 5)}
pd.DataFrame({f"{k} factors": agreement(other) for k, other in solutions.items()}).round(3)

# %%
solutions[3].variance

# %% [markdown]
# ## 2.4 Extraction · 提取方法
#
# **Principal components** (SPSS's default) summarise all the variance of the items, noise included. **Principal axes**,
# **minres** and **maximum likelihood** model only what items share. Components load higher for that reason alone.

# %%
extractions = {
    name: sc.factor_analysis(data, 4, extraction=name, **common)
    for name in ("principal", "paf", "minres", "ml")
}
pd.DataFrame({name: other.communalities for name, other in extractions.items()}).describe().loc[
    ["mean", "min", "max"]
]

# %%
pd.DataFrame({name: agreement(other) for name, other in extractions.items()}).round(3)

# %% [markdown]
# The scores agree closely; the loadings do not. So the choice matters for what you *print* about the items, and less
# for the regression. A likelihood also gives a test of fit:

# %%
extractions["ml"].fit

# %% [markdown]
# ## 2.5 Rotation · 旋转
#
# Rotation changes nothing about the fit, only the axes by which the factors are described. **Varimax** forces factors to be
# uncorrelated. Are credit and cooperation unrelated in a cluster? **Promax** and **oblimin** let the data say.

# %%
rotations = {
    name: sc.factor_analysis(data, 4, extraction="ml", rotation=name, **common)
    for name in ("varimax", "promax", "oblimin")
}
rotations["oblimin"].phi.round(2)

# %% [markdown]
# With correlated factors there are two tables: the *pattern* (what the factor adds, others held fixed) and the
# *structure* (the item's correlation with the factor). SPSS prints both; do not mix them up.

# %%
oblique = rotations["oblimin"]
pd.concat({"pattern": oblique.loadings, "structure": oblique.structure}, axis=1).loc[scales["credit"]].round(
    2
)

# %% [markdown]
# ## 2.6 Kaiser normalisation · Kaiser 正规化
#
# A footnote under every SPSS table: "Rotation Method: Varimax with Kaiser Normalization". It gives each item equal say in
# the rotation, however small its communality. Without it:

# %%
moved(sc.factor_analysis(data, 4, kaiser=False, **common)).round(3)

# %% [markdown]
# ## 2.7 Scores · 因子得分
#
# Several formulas turn loadings into scores. Regression scores predict best, Bartlett's are unbiased for the firm,
# Anderson and Rubin's are uncorrelated, and the mean of the items is what a reader can compute by hand.

# %%
ways = ("regression", "bartlett", "anderson_rubin", "ten_berge", "means")
scored = {way: sc.factor_analysis(data, 4, extraction="ml", scores=way, **common) for way in ways}
pd.DataFrame({way: agreement(other, scored["regression"]) for way, other in scored.items()}).round(3)

# %% [markdown]
# ## 2.8 Weights of the index · 总指数的权重
#
# Variance explained *after* rotation shares the weight out among the factors; *before* rotation the first factor
# takes most of it, because extraction packs all it can into it. Papers often do not say which.

# %%
pd.DataFrame({way: sc.composite(base, way).weights for way in ("rotated", "initial")}).round(3)

# %%
by_weight = {way: sc.composite(base, way).scores for way in ("rotated", "initial")}
round(by_weight["rotated"].corr(by_weight["initial"]), 3)

# %% [markdown]
# ## 2.9 Is it stable? · 稳定性
#
# Draw the firms again, with replacement, and repeat everything. Replicates are matched to the solution before they are
# compared: otherwise a factor that merely changed its place or sign would count as noise.

# %%
stable = sc.bootstrap_factor_analysis(data, 4, replicates=500, **common)
stable.tables()[1]

# %%
stable.tables()[0]

# %% [markdown]
# ## 2.10 "What would SPSS print?" · 与 SPSS 对照
#
# `preset="spss"` takes SPSS's conventions throughout, `preset="psych"` those of R. Principal axes under both:

# %%
spss = sc.factor_analysis(data, 4, extraction="paf", preset="spss", **common)
psych = sc.factor_analysis(data, 4, extraction="paf", preset="psych", **common)
moved(psych, spss).round(4)

# %% [markdown]
# ## What to write in the paper · 论文中应交代的内容
#
# Correlations, extraction, number of factors and the rules behind it, rotation and its normalisation, scores, weights of
# the index. The methods section of `socialcap report` says all of it, from what was really run.
# 应交代：相关系数类型、提取方法、因子个数及其依据、旋转与正规化、得分方法、总指数权重。
