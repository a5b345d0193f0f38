"""The committed replica: made byte for byte from its population, and read back by the public reader.

No tolerances: answers are codes and whole numbers, and have to come back exactly.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from socialcap.codebook import Codebook, ItemType, Role, read_codebook
from socialcap.errors import UsageError
from socialcap.plan import StudyPlan, read_study
from socialcap.simulation import Replica, make_replica, read_population, simulate_files, write_replica
from socialcap.simulation.wjx_export import wjx_headers
from socialcap.study.names import factor_items
from socialcap.survey import read_survey
from socialcap.survey.survey import Survey

MILUO = Path(__file__).resolve().parents[2] / "data" / "miluo"
FIRST_ROW = 2
# slips whose answer is lost, and the kind of missing value that has to stand in its place
LOST = {
    "out_of_range": "out_of_range",
    "unreadable": "unreadable",
    "refused": "refused",
    "near_miss": "unreadable",
    "answered_anyway": "skipped",
}


@pytest.fixture(scope="module")
def book() -> Codebook:
    return read_codebook(MILUO / "codebook")


@pytest.fixture(scope="module")
def plan() -> StudyPlan:
    return read_study(MILUO)


@pytest.fixture(scope="module")
def replica() -> Replica:
    return make_replica(MILUO)


def read(name: str, book: Codebook, plan: StudyPlan) -> Survey:
    return read_survey(MILUO / name, book, derive=plan.derive, quality=plan.quality, exclude=plan.exclude)


@pytest.fixture(scope="module")
def survey(book: Codebook, plan: StudyPlan) -> Survey:
    return read("export.xlsx", book, plan)


def test_committed_files_are_regenerated_byte_for_byte(tmp_path: Path) -> None:
    for path in write_replica(MILUO / "population.toml", out=tmp_path):
        assert path.read_bytes() == (MILUO / path.name).read_bytes(), path.name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.xlsx", "export_gb18030.csv"]


def test_another_seed_is_another_survey(replica: Replica) -> None:
    other = make_replica(MILUO, n=40, seed=2)
    assert len(other.rows) == 1 + 40 + 14
    assert other.rows[0] == replica.rows[0]
    assert other.rows[1:] != replica.rows[1:41]


def test_workbook_carries_no_trace_of_when_and_where() -> None:
    with zipfile.ZipFile(MILUO / "export.xlsx") as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.compress_type == zipfile.ZIP_STORED
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_export_follows_the_grammar_of_the_platform(replica: Replica) -> None:
    header, *rows = replica.rows
    assert header[:7] == [
        "序号",
        "提交答卷时间",
        "所用时间",
        "来源",
        "来源详情",
        "来自IP",
        "1、问卷编号（见封面）",
    ]
    # the stem of a matrix stands once, before its first row
    first = header.index("25、关于产业集群，您是否同意下列说法？—1.离开集群代价高")
    assert header[first + 1 : first + 4] == [
        "2.与同行共享信息",
        "3.同行互借资金原料",
        "4.本题请选择“比较同意”",
    ]
    assert {"18、(1)在集群年数", "18、(2)与主办行往来年数", "18、(3)与主要伙伴合作年数"} <= set(header)
    cells = [cell for row in rows for cell in row]
    assert any("┋" in cell for cell in cells)
    assert any(cell.endswith("〗") and "〖" in cell for cell in cells)
    assert Counter(cells)["(跳过)"] >= 200 and Counter(cells)["(空)"] > 100
    assert [row[0] for row in rows] == [str(k) for k in range(1, 215)]
    assert all(len(row) == len(header) for row in rows)


def test_stems_return_where_another_question_came_between() -> None:
    assert wjx_headers(["1、a—1.x", "1、a—2.y", "2、b", "3、c—1.x", "3、c—2.z"]) == [
        "1、a—1.x",
        "2.y",
        "2、b",
        "3、c—1.x",
        "2.z",
    ]


def test_gb18030_copy_holds_the_same_rows(replica: Replica) -> None:
    text = (MILUO / "export_gb18030.csv").read_bytes().decode("gb18030")
    assert list(csv.reader(io.StringIO(text, newline=""))) == replica.rows
    with pytest.raises(UnicodeDecodeError):
        (MILUO / "export_gb18030.csv").read_bytes().decode("utf-8")


def test_gb18030_copy_is_cleaned_to_the_same(survey: Survey, book: Codebook, plan: StudyPlan) -> None:
    copy = read("export_gb18030.csv", book, plan)
    assert copy.platform == survey.platform == "wjx"
    assert copy.files[0].encoding.lower().replace("-", "") == "gb18030"
    pd.testing.assert_frame_equal(copy.cleaned, survey.cleaned)
    pd.testing.assert_frame_equal(copy.responses, survey.responses)
    pd.testing.assert_frame_equal(copy.missing, survey.missing)
    pd.testing.assert_frame_equal(copy.ledger, survey.ledger)
    pd.testing.assert_frame_equal(copy.exclusions, survey.exclusions)


def test_unusable_questionnaires_are_excluded_and_no_others(survey: Survey, replica: Replica) -> None:
    kind = pd.Series(replica.returned.kind, index=range(FIRST_ROW, FIRST_ROW + 214))
    assert (len(survey.cleaned), len(survey.responses)) == (214, 200)
    assert Counter(kind) == {
        "valid": 200,
        "speeder": 4,
        "straightliner": 3,
        "inattentive": 3,
        "repeated": 2,
        "resubmitted": 1,
        "copied": 1,
    }
    assert set(survey.responses.index) == set(kind.index[kind == "valid"])
    found = survey.exclusions.groupby("row")["rule"].agg(set)
    expected = {
        "repeated": {"duplicate_id", "duplicate_answers"},
        "resubmitted": {"duplicate_id"},
        "copied": {"duplicate_answers"},
        "straightliner": {"longstring"},
        "inattentive": {"attention"},
    }
    for row, rules in found.items():
        if kind[row] == "speeder":
            assert "speeder" in rules
        else:
            assert rules == expected[kind[row]], (row, kind[row])


def test_sample_flow_adds_up(survey: Survey) -> None:
    rows = survey.flow().rows
    assert [row[1] for row in rows] == [214, 3, 1, 4, 3, 3, 200]
    assert rows[0][1] - sum(row[1] for row in rows[1:-1]) == rows[-1][1]


def true_values(replica: Replica, book: Codebook) -> pd.DataFrame:
    """What the cleaned columns have to hold where nothing was lost on the way."""
    returned = replica.returned
    truth = returned.answers.mask(returned.blank)
    for item in book:
        if item.name in truth and item.reverse:
            bounds = {"C7": 20.0, "fin_cost": 6.0, "fin_delay": 6.0}[item.name]
            truth[item.name] = bounds - truth[item.name]
    truth["duration"] = returned.seconds.astype(float)
    truth["respondent"] = returned.respondent
    truth["submitted"] = returned.submitted
    for slip in replica.slips.itertuples():
        if slip.kind in LOST:
            truth.loc[slip.position, slip.variable] = np.nan
    return truth.set_axis(range(FIRST_ROW, FIRST_ROW + len(truth)))


def test_every_true_answer_comes_back(survey: Survey, replica: Replica, book: Codebook) -> None:
    truth = true_values(replica, book)
    compared = 0
    for item in book:
        if item.personal or item.name == "remarks":
            continue
        names = [item.name]
        if item.type is ItemType.MULTIPLE:
            names = [f"{item.name}_{option.code}" for option in book.options(item)]
        for name in names:
            got, want = survey.cleaned[name], truth[name]
            assert (got.isna() == want.isna()).all(), name
            present = want.notna()
            assert (got[present].to_numpy() == want[present].to_numpy()).all(), name
            compared += int(present.sum())
    assert compared > 214 * 50


def test_every_kind_of_mess_is_there_and_caught(survey: Survey, replica: Replica, book: Codebook) -> None:
    part = read_population(MILUO).returned
    assert part is not None
    wanted = {kind: count for kind, count in part.slips.model_dump().items()}
    for planted in part.planted:
        wanted[planted.kind] = wanted.get(planted.kind, 0) + len(planted.texts)
    assert Counter(replica.slips["kind"]) == wanted
    assert min(wanted.values()) > 0 and len(wanted) == 14
    ledger = survey.ledger
    for slip in replica.slips.itertuples():
        row = slip.position + FIRST_ROW
        assert survey.raw.at[row, slip.variable] == slip.text
        changes = ledger[(ledger["row"] == row) & (ledger["variable"] == slip.variable)]
        assert len(changes) >= 1, slip
        assert changes["old"].iloc[0] == slip.text
        kind = survey.missing.at[row, slip.variable]
        assert kind == LOST.get(slip.kind, ""), slip


def test_near_misses_are_reported_and_not_accepted(survey: Survey, replica: Replica) -> None:
    slips = replica.slips[replica.slips["kind"] == "near_miss"]
    reported = set(zip(survey.near_misses["variable"], survey.near_misses["text"], strict=True))
    assert set(zip(slips["variable"], slips["text"], strict=True)) <= reported


def test_addresses_stay_out(survey: Survey, replica: Replica, book: Codebook) -> None:
    assert [item.name for item in book if item.personal] == ["ip"]
    for frame in (survey.responses, survey.cleaned, survey.raw):
        assert "ip" not in frame
    assert "ip" not in set(survey.ledger["variable"].astype(str))
    # and those in the file are nobody's: blocks reserved for documentation
    blocks = {ip.rsplit(".", 1)[0] for ip in replica.returned.ip}
    assert blocks == {"192.0.2", "198.51.100", "203.0.113"}


def test_study_says_that_the_data_are_simulated(plan: StudyPlan, book: Codebook) -> None:
    note = read_population(MILUO).population.note
    assert plan.study.note == note
    assert "imulated" in note.en and "模拟" in note.zh
    # firm age stands for the founding year of the questionnaire
    asked = {item.name for item in book.with_role(Role.ITEM)}
    assert set(factor_items(plan, book)) == asked - {"Y1"} | {"firm_age"}


def test_derived_variables(survey: Survey) -> None:
    d = survey.responses
    assert set(d["constrained"].dropna()) == {1.0, 2.0, 3.0, 4.0}
    approved = (d["applied"] == 1) & (d["application_result"] >= 2)
    assert ((d["constrained"] == 2) == approved).all()
    index = d[["fin_bank", "fin_private", "fin_cost", "fin_delay", "need_met"]]
    # reverse-coded items go together with the others
    assert (index.corr() > 0).all(axis=None)


def test_true_answers_as_a_file() -> None:
    population = read_population(MILUO)
    frame = pd.read_csv(io.BytesIO(simulate_files(population, 30, 5)), encoding="utf-8-sig")
    assert list(frame.columns) == ["simulated", *population.columns]
    assert (frame["simulated"] == 1).all() and len(frame) == 30


def test_slips_need_cells_to_stand_in(tmp_path: Path) -> None:
    text = (MILUO / "population.toml").read_text(encoding="utf-8")
    (tmp_path / "population.toml").write_text(
        text.replace("year_word = 9", "year_word = 900"), encoding="utf-8"
    )
    (tmp_path / "codebook").symlink_to(MILUO / "codebook")
    with pytest.raises(UsageError, match="900 slips of the kind year_word"):
        make_replica(tmp_path)
