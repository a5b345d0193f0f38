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
# # 1 · The Miluo study, from the raw export to verdicts
# # 汨罗研究：从原始问卷数据到假设检验结论
#
# > **Simulated data.** `data/miluo` is a simulated replica: it was calibrated to the published facts of a survey of
# > 200 firms in the Miluo recycling cluster, whose microdata were never published. Nothing here is evidence on Miluo.
# >
# > **模拟数据。**`data/miluo` 是按汨罗研究已公布的事实校准的模拟复制样本，并非原始调查数据，不构成关于汨罗的证据。
#
# You know this work from SPSS: open the file, recode, run *Factor* and *Regression*, copy the tables. Here each of
# these is one line, and what the line gives shows itself as a table. Run a cell with **Shift + Enter**.
#
# The question: does the social capital of a firm go with better access to finance, and which part of it?
# 研究问题：企业的社会资本是否改善其融资环境？其中哪些维度在起作用？

# %%
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
from IPython.display import HTML, display

import socialcap as sc

MILUO = Path("../data/miluo")

# %% [markdown]
# ## 1.1 What came back from the field · 原始数据
#
# `inspect` opens an export without changing it and says what it is: the platform (here 问卷星), the encoding, the
# header rows, the columns.

# %%
sc.inspect(MILUO / "export.xlsx").tables()[0]

# %% [markdown]
# The **codebook** says what the columns mean: it does the work of SPSS's *Variable View*, and lives in two
# spreadsheets that anyone can edit. The items of a scale carry its name.

# %%
book = sc.read_codebook(MILUO / "codebook")
book.scales

# %%
variables = pd.read_csv(MILUO / "codebook" / "variables.csv", dtype=str, keep_default_na=False)
variables.query("scale == 'credit'")[
    ["name", "label_en", "label_zh", "type", "values", "min", "max", "reverse"]
]

# %% [markdown]
# ## 1.2 From answers to data · 数据清洗
#
# The **study file** `study.toml` says what is asked of the survey. `prepare` reads and cleans the survey by it. Nobody
# leaves the sample but by a rule that the study file states, and the flow adds up.

# %%
plan = sc.read_study(MILUO)
study = sc.prepare(plan)
study.survey.flow()

# %% [markdown]
# Every changed cell has a line in the ledger: what stood there, what stands there now, and why. A referee who asks
# "what did you do to the data?" gets this table.

# %%
study.survey.changes()

# %%
study.survey.ledger.query("rule in ['unreadable', 'out_of_range', 'reversed']").head(10)

# %% [markdown]
# The raw text is kept beside the number it became:

# %%
pairs = {"raw": study.survey.raw, "cleaned": study.survey.cleaned}
pd.concat({name: frame[["Y1", "C5", "capital"]] for name, frame in pairs.items()}, axis=1).head()

# %% [markdown]
# ## 1.3 The whole study in one call · 一次运行
#
# All that the study file asks for, in one line; the bar shows which step it is at. `figures` holds the report's figures
# by name. In the rest of this notebook we take the same steps one by one, and look at them on the way.

# %%
with sc.progress_bar("The Miluo study") as progress:
    result = sc.run(plan, progress)

figures = sc.figures(result)
list(figures)

# %% [markdown]
# ## 1.4 The firms · 样本企业
#
# Own funds, relatives and friends supply more than half of the funding; informal finance a good quarter; banks little.
# 自有资金与亲友资金占一半以上，民间借贷次之，银行贷款所占比重很小。

# %%
data, labels, levels = study.data, study.labels, study.levels
sc.profile(data, ["trade", "in_park"], funding=plan.profile.funding, labels=labels, level_labels=levels)

# %%
figures["funding_structure"]

# %% [markdown]
# ## 1.5 Do the items hang together? · 信度
#
# SPSS: *Scale → Reliability Analysis*. Besides Cronbach's α there is McDonald's ω, which does not assume that all items
# measure equally well, and what α would be without each item.

# %%
sc.reliability(data, study.scales["credit"], name="credit", labels=labels)

# %% [markdown]
# ## 1.6 How many factors? · 因子个数
#
# KMO and Bartlett's test first, then every rule at once. "Eigenvalue above 1" is SPSS's default and the worst of them;
# parallel analysis compares with random data.

# %%
sc.adequacy(data, study.items)

# %%
sc.n_factors(data, study.items, seed=plan.study.seed)

# %%
figures["scree"]

# %% [markdown]
# ## 1.7 The dimensions of social capital · 社会资本的维度
#
# Principal components, varimax with Kaiser normalisation: the choices of the published study, and SPSS's. Factors are
# ordered by the variance they explain after rotation, and named after the scale whose items load on them.

# %%
factors = sc.factor_analysis(
    data,
    n_factors=4,
    items=study.items,
    extraction="principal",
    rotation="varimax",
    scales=study.scales,
    labels=labels,
    factor_labels=labels,
)
factors

# %%
figures["loading_map"]

# %% [markdown]
# The index of social capital weighs each factor score by its share of the explained variance,
# $F=\sum_k \frac{v_k}{\sum_j v_j}F_k$. 社会资本总指数：以各因子旋转后的方差贡献率为权重。

# %%
index = sc.composite(factors)
index

# %% [markdown]
# Would the factors come out alike in another sample of such firms? Resample the firms, repeat the analysis, match the
# columns, and see how much the loadings move.

# %%
sc.bootstrap_factor_analysis(
    data, 4, items=study.items, scales=study.scales, labels=labels, factor_labels=labels, replicates=500
).tables()[1]

# %% [markdown]
# ## 1.8 From factors to finance · 社会资本与融资环境
#
# The scores join the data, and the regression is written as a formula. `C(trade)` is a nominal variable: dummies
# are made by themselves, the first level is the reference. HC3 are standard errors that survive unequal variances.

# %%
data = data.join(factors.scores).join(index.scores)
whole = sc.regress(
    "financing ~ social_capital + ln_employees + ln_capital + in_park + owner_age + female_owner + C(trade)",
    data,
    cov="HC3",
    labels=labels,
    level_labels=levels,
)
whole.tables()[0]

# %%
parts = sc.regress(
    "financing ~ entrepreneur + credit + years + cooperation"
    " + ln_employees + ln_capital + in_park + owner_age + female_owner + C(trade)",
    data,
    cov="HC3",
    labels=labels,
    level_labels=levels,
)
parts.tables()[0]

# %%
figures["path_diagram"]

# %% [markdown]
# Credit constraint has four steps from none to full: an ordered logit. Its coefficients are hard to read, marginal
# effects are not: by how many percentage points does each outcome become more likely?

# %%
constraint = sc.regress(
    "constrained ~ social_capital + ln_employees + ln_capital + in_park + owner_age + female_owner + C(trade)",
    data,
    model="ordered_logit",
    cov="HC1",
    labels=labels,
    level_labels=levels,
)
sc.margins(constraint, variables=["social_capital"])

# %% [markdown]
# ## 1.9 Factor scores are estimates · 因子得分是估计值
#
# The regression above takes the scores as if they had been observed. The pipeline resamples the firms and repeats
# *everything*: correlations, factors, rotation, scores, regression. Notebook 3 says why this matters.

# %%
with sc.progress_bar("Resampling the whole pipeline") as progress:
    carried = sc.pipeline(
        study.data,
        parts.formula,
        items=study.items,
        n_factors=4,
        scales=study.scales,
        labels=labels,
        factor_labels=labels,
        level_labels=levels,
        replicates=1000,
        interval="t",
        progress=progress,
    )
carried.tables()[0]

# %%
figures["forest_factors"]

# %% [markdown]
# ## 1.10 Verdicts · 假设检验结论
#
# A claim is a sentence and a test. "Hardly matters" is a claim too, and it is *not* supported by a large p: the data
# must show that the effect lies within ±0.10 standard deviations. A verdict is *supported*, *contradicted* or *not
# settled*, and the last is often the honest one. “影响很小”须由等价性检验证明，p 值大并不等于没有影响。

# %%
sc.judge(
    {
        "social capital helps": "coef(financing, social_capital) > 0",
        "the entrepreneur hardly matters": "abs(coef(financing, entrepreneur)) < 0.10",
        "credit matters more than the entrepreneur": "coef(financing, credit) > coef(financing, entrepreneur)",
    },
    result,
).tables()[0]

# %% [markdown]
# The study file states eleven claims. Their verdicts, as a Chinese paper would print them:

# %%
HTML(result.claims.tables()[0].to_html("zh"))

# %% [markdown]
# ## 1.11 The report · 报告
#
# Tables, figures, sentences, methods and provenance in one file, in both languages. On the command line the same is
# `socialcap report data/miluo`.

# %%
written = sc.write_report(result, mkdtemp(prefix="miluo-"), formats=["html"], languages=["en", "zh"])
written[0].name

# %% [markdown]
# The line below stands on everything that is made from these data:

# %%
display(HTML(f"<b>{result.note('en')}</b><br><b>{result.note('zh')}</b>"))
