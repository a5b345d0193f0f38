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
# # 4 · Your own cluster survey in half an hour
# # 半小时完成你自己的产业集群调查
#
# > The answers below are **simulated**, so that the whole way can be walked before a single firm is visited.
# > 以下问卷答案均为模拟数据，以便在实地调查之前走通全部流程。
#
# Questionnaire → KoboToolbox → export → check → report. Everything happens in a temporary folder; with your own survey you
# would choose a folder that stays. 问卷 → KoboToolbox → 导出 → 检查 → 报告。

# %%
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import socialcap as sc

FOLDER = Path(mkdtemp(prefix="cluster-")) / "our_cluster"

# %% [markdown]
# ## 4.1 A study to start from · 建立研究文件夹
#
# One command writes the codebook, the study file, and the questionnaire in three forms: `socialcap init our_cluster
# --template social-capital` in a terminal, or here:

# %%
from socialcap.study import start_template, write_run

[path.relative_to(FOLDER).as_posix() for path in start_template(FOLDER, "social-capital")]

# %% [markdown]
# The questions, in both languages. They lie in `codebook/questions.csv`: change words there, and what is special to your
# cluster in `codebook/values.csv`; the command `socialcap codebook export` makes the forms anew.

# %%
questions = pd.read_csv(FOLDER / "codebook" / "questions.csv")
questions.head(8)

# %% [markdown]
# `questionnaire.xlsx` is an **XLSForm**: upload it to KoboToolbox (*New project → Upload an XLSForm*) or ODK, and telephones
# and web browsers ask these questions, skip what does not apply, and refuse what cannot be.

# %%
form = pd.read_excel(FOLDER / "questionnaire.xlsx", sheet_name="survey", dtype=str, engine="calamine").fillna(
    ""
)
form[["type", "name", "relevant", "constraint"]].query("constraint != ''").head(8)

# %% [markdown]
# `questionnaire_zh.docx` and `questionnaire_en.docx` are the same on paper, for firms that want to see it first.
# 纸质问卷：

# %%
from docx import Document

[line.text for line in Document(FOLDER / "questionnaire_zh.docx").paragraphs if line.text.strip()][:12]

# %% [markdown]
# Open `study.toml` in any editor: title, variables, models and hypotheses stand there in words. Here one line is added, the
# note that every output carries, because the answers will be made up:

# %%
settings = (FOLDER / "study.toml").read_text(encoding="utf-8")
note = '[study.note]\nen = "Simulated answers."\nzh = "模拟问卷数据。"\n\n'
(FOLDER / "study.toml").write_text(settings.replace("[study.title]", note + "[study.title]"), encoding="utf-8")
sc.read_study(FOLDER).study.note

# %% [markdown]
# ## 4.2 Say what you expect, before you know · 预先登记
#
# `study.toml` states the analysis and the hypotheses. Sealed before the data come, later reports say "as registered" or list
# every deviation. 数据收集前封存研究计划，之后的报告会注明“与登记一致”或列出每一处偏离。

# %%
plan = sc.read_study(FOLDER)
{claim.name: claim.test for claim in plan.claim}

# %%
sc.freeze(plan).name

# %% [markdown]
# ## 4.3 The answers come in · 回收问卷
#
# In life you wait for weeks. Here 160 firms are drawn from the population model of the Miluo replica, and their answers are
# written as KoboToolbox would export them: one header row of names, codes in the cells, ticks in columns of their own.

# %%
firms = sc.simulate(sc.read_population(Path("../data/miluo")), n=160, seed=4)
book = sc.read_codebook(FOLDER / "codebook")
activities = dict(
    zip(["copper", "aluminium", "steel", "plastics", "other"], book.value_lists["activities"].codes)
)

began = datetime.combine(date.today(), datetime.min.time()) - timedelta(days=20)
firms["respondent"] = [f"Q{number:03}" for number in range(1, len(firms) + 1)]
firms["consent"] = 1
firms["start"] = [began + timedelta(minutes=45 * i) for i in range(len(firms))]
firms["end"] = firms["start"] + timedelta(minutes=21)
firms["capital"] = firms["capital"] / 10_000  # the form asks for 10,000 yuan
firms["C7"] = firms["C7"].clip(upper=20)
firms["Y1"] = firms["Y1"] - (2026 - date.today().year)  # the population's survey year is 2026
firms["trade"] = firms["trade"].map(activities)

# %% [markdown]
# As in every survey, something is amiss: one firm refuses, one ticks without reading, one is entered twice.

# %%
answers = [name for name in firms if name not in ("respondent", "consent", "start", "end")]
firms.loc[10, "consent"] = 0
firms[answers] = firms[answers].mask(firms["consent"] == 0)
firms.loc[25, "attention"] = 1
firms = pd.concat([firms, firms.loc[[40]]], ignore_index=True)


# %%
def as_kobo(firms, book):
    """The columns of a KoboToolbox export: codes, a list of ticks and a column for each of them."""
    columns = {}
    for item in book:
        if item.type == "multiple":
            codes = book.value_lists[item.values].codes
            ticks = firms[[f"{item.name}_{code}" for code in codes]].eq(1)
            answered = ticks.any(axis=1)
            columns[item.name] = [
                " ".join(c for c, ticked in zip(codes, row) if ticked) for row in ticks.to_numpy()
            ]
            for code in codes:
                columns[f"{item.name}/{code}"] = ticks[f"{item.name}_{code}"].astype(int).where(answered)
        elif item.type == "date":
            columns[item.name] = firms[item.name].dt.strftime("%Y-%m-%dT%H:%M:%S.000+08:00")
        else:
            columns[item.name] = firms[item.name]
    columns |= {"_id": firms.index + 1, "_uuid": [f"uuid-{i}" for i in firms.index]}
    tail = ("_submission_time", "_validation_status", "_notes", "_status", "_submitted_by", "__version__", "_tags")
    columns |= dict.fromkeys(tail, "") | {"_index": firms.index + 1}
    return pd.DataFrame(columns)


as_kobo(firms, book).to_excel(FOLDER / "answers.xlsx", index=False)
sc.inspect(FOLDER / "answers.xlsx").tables()[0]

# %% [markdown]
# ## 4.4 Check · 检查
#
# No mapping is needed: the form came from the codebook, so the answers come back by it. `check` holds one against the
# other, names every problem at once, and says who leaves the sample and why.

# %%
plan = sc.read_study(FOLDER)
checked = sc.check(plan)
checked.survey.flow()

# %%
checked.tables()[-1]

# %% [markdown]
# ## 4.5 Run · 分析

# %%
with sc.progress_bar("Your study") as progress:
    result = sc.run(plan, progress)
result.claims.tables()[0]

# %%
sc.figures(result)["loading_map"]

# %%
result.registration

# %% [markdown]
# ## 4.6 Report · 报告
#
# One HTML file in both languages; results as JSON, cleaned data and the list of every change lie beside it. In a terminal:
# `socialcap report our_cluster`.

# %%
OUT = FOLDER / "report"
written = [*sc.write_report(result, OUT), *write_run(result, OUT)]
[path.relative_to(FOLDER).as_posix() for path in written if path.parent == OUT]

# %% [markdown]
# That was the half hour. What remains yours: going to the firms, asking well, and the words of the paper.
# 余下的工作属于你：走访企业、认真提问、写好论文。
