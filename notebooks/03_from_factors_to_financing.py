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
# # 3 · From factors to financing: naive and honest inference
# # 从因子到融资：朴素推断与全流程推断
#
# > **Simulated data** throughout: the replica in `data/miluo`, and surveys drawn here. 全部为模拟数据，并非原始调查数据。
#
# The usual way: extract factors, save the scores (*Save as variables* in SPSS), put them into a regression, report its
# p-values. That regression does not know that its regressors were estimated. This notebook shows what goes wrong, and
# four ways to do better.
# 通常做法是把因子得分当作已知变量直接回归，这忽略了得分本身的估计误差。本节说明由此产生的问题及四种改进方法。

# %%
from pathlib import Path

import numpy as np
import pandas as pd

import socialcap as sc

# %% [markdown]
# ## 3.1 A survey whose truth we know · 已知真值的模拟调查
#
# Two dimensions, *trust* and *credit*, correlated at .5, four items each. **Only credit acts on financing; trust does
# not matter at all.** This is the situation of a referee who asks whether the entrepreneur's ties really matter.

# %%
SCALES = {"trust": ["t1", "t2", "t3", "t4"], "credit": ["c1", "c2", "c3", "c4"]}
ITEMS = [item for members in SCALES.values() for item in members]


def survey(rng, n=200, loading=0.6, correlation=0.5, effects=(0.0, 0.6)):
    """Answers of n firms: each item is its dimension plus noise, financing the effects of the dimensions plus noise."""
    dimensions = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], size=n)
    noise = np.sqrt(1 - loading**2)
    answers = {
        item: loading * dimensions[:, column] + noise * rng.normal(size=n)
        for column, members in enumerate(SCALES.values())
        for item in members
    }
    return pd.DataFrame(answers).assign(financing=dimensions @ np.array(effects) + 0.8 * rng.normal(size=n))


def by_scores(firms, **options):
    """The usual way: factors, their scores, the regression on them."""
    factors = sc.factor_analysis(firms, 2, items=ITEMS, scales=SCALES, **options)
    return sc.regress("financing ~ trust + credit", firms.join(factors.scores), cov="HC3").coefficients.loc[
        "trust"
    ]


def by_means(firms):
    """The other usual way: the mean of each scale's items."""
    means = pd.DataFrame({scale: firms[members].mean(axis=1) for scale, members in SCALES.items()})
    return sc.regress("financing ~ trust + credit", firms.join(means), cov="HC3").coefficients.loc["trust"]


def by_model(firms):
    """Measurement and regression in one model: the dimensions themselves, not scores of them."""
    return sc.latent_regression(firms, "financing ~ trust + credit", SCALES).coefficients.loc["trust"]


# %% [markdown]
# One such survey, the usual way. What does it say of trust?

# %%
by_scores(survey(np.random.default_rng(1))).loc[["estimate", "std_error", "p_value"]].round(3)

# %% [markdown]
# ## 3.2 How often is a dimension "significant" that does not matter? · 第一类错误
#
# Draw the survey 60 times. A test at 5 % may reject a true null hypothesis in 5 % of surveys; this is what happens:

# %%
ways = {"varimax scores": by_scores, "scale means": by_means, "one latent model": by_model}
rng = np.random.default_rng(20)
found = []
with sc.progress_bar("Drawing surveys") as progress:
    for draw in range(60):
        firms = survey(rng)
        found += [
            (name, row["estimate"], row["p_value"]) for name, way in ways.items() for row in [way(firms)]
        ]
        progress(draw + 1, 60)
found = pd.DataFrame(found, columns=["way", "estimate", "p"])
pd.DataFrame(
    {
        "mean estimate (truth: 0)": found.groupby("way", sort=False)["estimate"].mean(),
        "share with p < .05 (should be .05)": found.groupby("way", sort=False)["p"].agg(
            lambda p: (p < 0.05).mean()
        ),
    }
).round(2)

# %% [markdown]
# Two things went wrong, and no robust standard error repairs either.
#
# - **Varimax** forces the scores to be uncorrelated although the dimensions are not: what belongs to credit is shared
#   out to trust.
# - **Measurement error**: four items measure credit with noise. The regression cannot hold fixed what it measures
#   badly, so that trust, which is correlated with credit, picks up the rest.
#
# 测量误差使回归无法真正控制“信用”，其影响便部分转移到与之相关的“信任”上；稳健标准误无法修正这种偏误。

# %% [markdown]
# ## 3.3 Are at least the standard errors right? · 标准误
#
# Take another question: the coefficient on the *scores*, whatever they are. How much does it vary from survey to survey,
# and what do the standard errors say? With weak items (loadings of .45) the factors themselves move between surveys.

# %%
rng = np.random.default_rng(9)
errors = []
with sc.progress_bar("Drawing surveys") as progress:
    for draw in range(60):
        firms = survey(rng, n=150, loading=0.45, correlation=0.2, effects=(0.3, 0.6))
        carried = sc.pipeline(
            firms,
            "financing ~ trust + credit",
            items=ITEMS,
            n_factors=2,
            scales=SCALES,
            replicates=60,
            seed=draw,
        )
        errors.append(carried.coefficients.loc["credit", ["estimate", "naive_se", "pipeline_se"]])
        progress(draw + 1, 60)
errors = pd.DataFrame(errors).astype(float)
pd.Series(
    {
        "really varies by (SD over surveys)": errors["estimate"].std(),
        "naive standard error, mean": errors["naive_se"].mean(),
        "pipeline standard error, mean": errors["pipeline_se"].mean(),
    }
).round(3)

# %% [markdown]
# The naive error is too small: it is the error of a regression whose regressors never change. The pipeline draws the
# firms anew and repeats every step, the factor analysis too. (It errs a little on the large side: 60 resamples of a small
# survey.) 朴素标准误偏小；全流程自助法在每次重抽样中重复全部步骤。

# %% [markdown]
# ## 3.4 The Miluo replica · 汨罗模拟样本

# %%
plan = sc.read_study(Path("../data/miluo"))
study = sc.prepare(plan)
FORMULA = "financing ~ entrepreneur + credit + years + cooperation + ln_employees + ln_capital + C(trade)"
measured = {
    "items": study.items,
    "n_factors": 4,
    "scales": study.scales,
    "labels": study.labels,
    "factor_labels": study.labels,
    "level_labels": study.levels,
}

# %%
with sc.progress_bar("Resampling the whole pipeline") as progress:
    carried = sc.pipeline(study.data, FORMULA, replicates=1000, interval="t", progress=progress, **measured)
carried

# %%
sc.figures(carried, plan.study.note)

# %% [markdown]
# With good items the naive errors are not far off: that, too, is a finding, and now it can be said. But the pipeline only says how sure we are of the coefficient on *scores*. For the dimensions themselves:

# %% [markdown]
# ## 3.5 The dimensions themselves: Croon's correction · Croon 校正
#
# Scores have too little or too much variance, by amounts that the measurement model knows. Croon corrects the scores' moments
# and then computes the regression from them. Each dimension is measured by its own items.

# %%
SHORT = "financing ~ entrepreneur + credit + years + cooperation + ln_employees + ln_capital"
with sc.progress_bar("Croon's correction in each resample") as progress:
    croon = sc.croon_regression(
        study.data, SHORT, study.scales, replicates=500, labels=study.labels, progress=progress
    )
croon

# %% [markdown]
# ## 3.6 Everything in one model · 结构方程一步估计
#
# The same question to a structural equation model: measurement and regression at once, by maximum likelihood. It is more
# efficient if the model is right, and a mistake anywhere spreads everywhere; that the two agree is reassuring.

# %%
latent = sc.latent_regression(study.data, SHORT, study.scales, labels=study.labels)
latent

# %%
scores = sc.pipeline(study.data, SHORT, replicates=200, **measured).coefficients
dimensions = list(study.scales)
pd.DataFrame(
    {
        "on scores": scores["estimate"],
        "Croon": croon.coefficients["estimate"],
        "one model": latent.coefficients["estimate"],
    }
).loc[dimensions].round(3)

# %% [markdown]
# The entrepreneur's coefficient stays near zero, or falls below it, by every way; credit, years and cooperation are
# positive. The columns differ because they answer different questions: varimax scores are uncorrelated by construction,
# the dimensions are not.

# %% [markdown]
# ## 3.7 Every defensible choice at once · 模型设定曲线
#
# Extraction, rotation, number of factors, scores, covariates: any of them could have been chosen otherwise. The
# specification curve runs all combinations and shows all results, so that nobody has to trust that ours was not picked.

# %%
with sc.progress_bar("All combinations") as progress:
    (curve,) = sc.specification_curve(
        study.data,
        {"factors": FORMULA},
        [("factors", "credit")],
        items=study.items,
        n_factors=4,
        scales=study.scales,
        choices={
            "extraction": ["paf", "ml"],
            "rotation": ["promax"],
            "scores": ["means"],
            "covariates": {"without size": {"drop": ["ln_employees", "ln_capital"]}},
        },
        replicates=100,
        labels=study.labels,
        factor_labels=study.labels,
        progress=progress,
    )
curve

# %%
sc.figures(curve, plan.study.note)

# %% [markdown]
# ## 3.8 What about things we did not measure? · 遗漏变量
#
# How strong would an omitted variable have to be, in its relation to credit and to financing, to bring the coefficient
# to zero? The benchmark is the number of employees: could something as important as size do it?

# %%
factors = sc.factor_analysis(
    study.data, **{key: value for key, value in measured.items() if key != "level_labels"}
)
fit = sc.regress(
    FORMULA, study.data.join(factors.scores), cov="HC3", labels=study.labels, level_labels=study.levels
)
sc.sensitivity(fit, "credit", benchmark="ln_employees")

# %% [markdown]
# ## What to write in the paper · 论文中如何表述
#
# 1. Say what the coefficient is on: scores, or the dimension itself. 说明系数针对因子得分还是潜因子本身。
# 2. Report the pipeline's interval where it is on scores. 对因子得分的系数报告全流程置信区间。
# 3. A dimension that "does not matter" needs a test of equivalence and a method without this bias.
#    “没有影响”需要等价性检验。
# 4. Show the specification curve. 给出模型设定曲线。
