"""A small study that every test of the whole line can run: 80 firms, eight items, a plain CSV."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# the same examples every time: a change is judged by what it does, not by the luck of a draw
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

REPOSITORY = Path(__file__).parents[1]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything that the tests need is installed (SOCIALCAP_SKIP_NOTHING), a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("SOCIALCAP_SKIP_NOTHING") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


VARIABLES = """\
name,source,label_en,label_zh,type,values,min,max,reverse,scale,missing,skip_if,role,pii,check,confirm
id,Firm,Firm,企业,text,,,,,,,,id,,,
t1,t1,Partners keep their word,伙伴守信,ordinal,agree,1,5,,trust,,,item,,,
t2,t2,Partners warn us,伙伴提醒,ordinal,agree,1,5,,trust,,,item,,,
t3,t3,Partners cheat,伙伴欺骗,ordinal,agree,1,5,yes,trust,,,item,,,
t4,t4,Partners help,伙伴相助,ordinal,agree,1,5,,trust,,,item,,,
c1,c1,Paid on time,按时付款,ordinal,agree,1,5,,credit,99=refused,,item,,,
c2,c2,Books are open,账目公开,ordinal,agree,1,5,,credit,,,item,,,
c3,c3,Banks know us,银行熟悉,ordinal,agree,1,5,,credit,,,item,,,
c4,c4,Good rating,信用良好,ordinal,agree,1,5,,credit,,,item,,,
finance,finance,Ease of finance,融资难易,number,,0,100,,,,,outcome,,,
trade,trade,Trade,行业,nominal,trades,,,,,,,control,,,
phone,phone,Phone,电话,text,,,,,,,,,yes,,
"""
VALUES = """\
list,code,label_en,label_zh,missing
agree,1,Strongly disagree,非常不同意,
agree,2,Disagree,不同意,
agree,3,Neither,一般,
agree,4,Agree,同意,
agree,5,Strongly agree,非常同意,
trades,cu,Copper,铜,
trades,al,Aluminium,铝,
"""
STUDY = """\
[study]
name = "demo"
title = { en = "A demonstration", zh = "示例" }
note = { en = "Made-up data.", zh = "虚构数据。" }
[data]
files = ["export.csv"]
codebook = "codebook"
[scales]
trust = { en = "Trust", zh = "信任" }
[derive]
ln_finance = "log(finance + 1)"
[[exclude]]
flag = "duplicate_id"
reason = { en = "Answered twice", zh = "重复提交" }
[factors]
n_factors = 2
bootstrap = 50
[[regression]]
name = "main"
formula = "finance ~ trust + credit + C(trade)"
"""


def export_rows(n: int = 80) -> list[list[str]]:
    """The export of the small study: one duplicate id, one refused answer, one unreadable one, one blank."""
    rng = np.random.default_rng(11)
    latent = rng.normal(size=(n, 2))
    signs = np.array([1, 1, -1, 1, 1, 1, 1, 1])
    raw = latent[:, [0] * 4 + [1] * 4] * signs + 0.8 * rng.normal(size=(n, 8))
    items = np.clip(np.round(3 + raw), 1, 5).astype(int)
    finance = np.clip(50 + 10 * latent[:, 0] + 8 * rng.normal(size=n), 0, 100).round(1)
    words = ["", "非常不同意", "Disagree", "3", "agree ", "５"]
    rows = [["Firm", "t1", "t2", "t3", "t4", "c1", "c2", "c3", "c4", "finance", "trade", "phone", "extra"]]
    for i in range(n):
        answers = [words[v] if (i + j) % 7 == 0 else str(v) for j, v in enumerate(items[i])]
        trade = "Copper" if i % 2 else "铝"
        rows.append([f"F{i}", *answers, str(finance[i]), trade, "13800000000", "x"])
    rows[5][5], rows[6][6], rows[7][9] = "99", "agre", ""
    rows.append([*rows[1]])
    return rows


@pytest.fixture
def study_folder(tmp_path: Path) -> Path:
    """A folder with the small study's files; its path has a space in it."""
    folder = tmp_path / "my study"
    (folder / "codebook").mkdir(parents=True)
    (folder / "codebook" / "variables.csv").write_text(VARIABLES, encoding="utf-8")
    (folder / "codebook" / "values.csv").write_text(VALUES, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    lines = "\n".join(",".join(row) for row in export_rows())
    (folder / "export.csv").write_text(lines + "\n", encoding="utf-8")
    return folder
