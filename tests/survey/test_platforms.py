"""The grammars of the platforms are undone, detected without being told, and can be overridden."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Option, Role, ValueList
from socialcap.errors import UnreadableError, UsageError
from socialcap.results import Text
from socialcap.survey import clean
from socialcap.survey.inspect import inspect
from socialcap.survey.ledger import replay
from socialcap.survey.platforms import PLATFORMS, detect_platform
from socialcap.survey.raw import RawColumn, RawSurvey
from socialcap.survey.read import read_raw

Writer = Callable[..., Path]


def _by_columns(*columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The rows of a table that is written with one line per column: header cells first, then answers."""
    return list(zip(*columns, strict=True))


# Header, two respondents by text, the same two by number.
WJX = _by_columns(
    ("序号", "1", "2", "1", "2"),
    ("提交答卷时间", "2026/9/18 19:20:55", "2026/9/18 9:02:05", "2026/9/18 19:20:55", "2026/9/18 9:02:05"),
    ("所用时间", "2分3秒", "10秒", "2分3秒", "10秒"),
    ("来源", "微信", "链接", "微信", "链接"),
    ("来源详情", "N/A", "", "N/A", ""),
    ("来自IP", "1.2.3.4(湖南-岳阳)", "5.6.7.8(湖南-长沙)", "1.2.3.4(湖南-岳阳)", "5.6.7.8(湖南-长沙)"),
    ("总分", "3", "4", "3", "4"),
    ("1、企业性质", "私营", "集体", "2", "1"),
    ("2、资金来源【多选题】", "自有┋其他〖民间┋会〗", "(跳过)", "1┋3〖民间┋会〗", "-3"),
    ("3、(1)成立年份", "2009年", "２００９", "2009年", "２００９"),
    ("3、(2)员工人数", "12", "", "12", ""),
    ("4、您是否同意以下说法—1.互借资金", "同意", "不同意", "2", "1"),
    ("2.互相担保", "(空)", "同意", "-2", "2"),
    ("3.信息共享", "不同意", "同意", "1", "2"),
    ("5、其他情况—1.准时归还", "NA", "null", "1", "2"),
    ("2.按期付款", "(跳过)", "None", "-3", "3"),
)
WJX_HEADER, *WJX_ANSWERS = WJX
WJX_TEXT, WJX_NUMBERS = WJX_ANSWERS[:2], WJX_ANSWERS[2:]
KOBO = _by_columns(
    ("start", "2026-01-01T10:00:00.000+02:00", "2026-01-02T10:00:00.000+02:00"),
    ("end", "2026-01-01T10:20:00.000+02:00", "2026-01-02T10:20:00.000+02:00"),
    ("site/owner/q_sex", "female", "male"),
    ("site/funds", "own bank", ""),
    ("site/funds/own", "1", ""),
    ("site/funds/bank", "1", ""),
    ("gps", "28.8 113.1 0 0", ""),
    ("_gps_latitude", "28.8", ""),
    ("_gps_longitude", "113.1", ""),
    ("note", "<WARNING: Truncated to 32767 characters> abc", "ok"),
    ("_id", "77", "78"),
    ("_uuid", "u-1", "u-2"),
    ("_submission_time", "2026-01-01T10:21:00", "2026-01-02T10:21:00"),
    ("_submitted_by", "enumerator7", "enumerator7"),
    ("_index", "1", "2"),
)
QUALTRICS = _by_columns(
    ("StartDate", "Start Date", '{"ImportId":"startDate"}', "2026-01-01 10:00:00", "2026-01-01 11:00:00"),
    ("EndDate", "End Date", '{"ImportId":"endDate"}', "2026-01-01 10:09:00", "2026-01-01 11:09:00"),
    ("Status", "Response Type", '{"ImportId":"status"}', "Survey Preview", "IP Address"),
    ("IPAddress", "IP Address", '{"ImportId":"ipAddress"}', "1.2.3.4", "1.2.3.5"),
    ("Progress", "Progress", '{"ImportId":"progress"}', "100", "100"),
    ("Duration (in seconds)", "Duration (in seconds)", '{"ImportId":"duration"}', "540", "540"),
    ("Finished", "Finished", '{"ImportId":"finished"}', "True", "True"),
    ("ResponseId", "Response ID", '{"ImportId":"_recordId"}', "R_1", "R_2"),
    ("RecipientLastName", "Recipient Last Name", '{"ImportId":"recipientLastName"}', "Li", "Wang"),
    ("LocationLatitude", "Location Latitude", '{"ImportId":"locationLatitude"}', "28.8", "28.9"),
    ("Q1", "How old is\nthe firm?", '{"ImportId":"QID1"}', "12", "7"),
    ("Q2_1", "Which funds? - Selected Choice - Own", '{"ImportId":"QID2","choiceId":"1"}', "Own", ""),
    ("Q2_3_TEXT", "Which funds? - Other - Text", '{"ImportId":"QID2_3_TEXT"}', "", "a mutual fund, I think"),
    ("Q5", "Trust", '{"ImportId":"QID5"}', "4", "3"),
    ("Q5", "Trust again", '{"ImportId":"QID9"}', "5", "NA"),
)
LIMESURVEY = _by_columns(
    ("id", "1", "2"),
    ("submitdate", "2026-01-01 10:09:00", ""),
    ("lastpage", "3", "1"),
    ("startlanguage", "en", "zh-Hans"),
    ("seed", "99", "98"),
    ("token", "tk1", "tk2"),
    ("startdate", "2026-01-01 10:00:00", "2026-01-01 11:00:00"),
    ("datestamp", "2026-01-01 10:09:00", "2026-01-01 11:09:00"),
    ("ipaddr", "1.2.3.4", "1.2.3.5"),
    ("Q1", "A1", "A2"),
    ("Q2[SQ001]", "Y", ""),
    ("Q2[SQ002]", "", ""),
    ("Q2[other]", "'=cmd|' /C calc'!A0", ""),
    ("Q3[SQ001]", "A2", "A1"),
    ("Q3[SQ002]", "A3", ""),
    ("Q4", "-oth-", "'quoted'"),
    ("interviewtime", "540.1", "12.5"),
)
SURVEYMONKEY = _by_columns(
    ("Respondent ID", "", "1001", "1002"),
    ("Collector ID", "", "77", "77"),
    ("Date Created", "", "01/01/2026 10:00:00 AM", "01/01/2026 10:00:00 AM"),
    ("Date Modified", "", "01/01/2026 10:09:00 AM", "01/01/2026 10:09:00 AM"),
    ("IP Address", "", "1.2.3.4", "1.2.3.4"),
    ("Email Address", "", "a@b.cn", ""),
    ("First Name", "", "A", ""),
    ("Last Name", "", "B", ""),
    ("Custom Data 1", "", "x", ""),
    ("Which funds do you use?", "Own", "Own", "Own"),
    ("", "Bank", "", ""),
    ("", "Other (please specify)", "kin", ""),
    ("How old is the firm?", "Response", "12", "7"),
    ("Rate each", "Trust", "4", "3"),
    ("", "Speed", "5", "3"),
    ("Anything else?", "Open-Ended Response", "none", ""),
)


def columns(raw: RawSurvey) -> dict[str, RawColumn]:
    assert list(raw.cells.columns) == [column.key for column in raw.columns]
    return {column.key: column for column in raw.columns}


def roles(raw: RawSurvey) -> dict[str, Role]:
    return {column.key: column.role for column in raw.columns if column.role is not Role.NONE}


def personal(raw: RawSurvey) -> set[str]:
    return {column.key for column in raw.columns if column.personal}


@pytest.fixture
def wjx(xlsx_file: Writer) -> Path:
    return xlsx_file("wjx.xlsx", [WJX_HEADER, *WJX_TEXT])


def test_wjx_matrix_stems_are_filled_in(wjx: Path) -> None:
    raw = read_raw(wjx)
    assert raw.platform == "wjx"
    assert [column.key for column in raw.columns][11:] == [
        "4、您是否同意以下说法—1.互借资金",
        "4、您是否同意以下说法—2.互相担保",
        "4、您是否同意以下说法—3.信息共享",
        "5、其他情况—1.准时归还",
        "5、其他情况—2.按期付款",
    ]
    second = columns(raw)["4、您是否同意以下说法—2.互相担保"]
    assert (second.header, second.label) == ("2.互相担保", "您是否同意以下说法—2.互相担保")
    assert "3、(1)成立年份" in columns(raw)


def test_wjx_cells_markers_and_roles(wjx: Path) -> None:
    raw = read_raw(wjx)
    assert raw.cells["2、资金来源【多选题】"].tolist() == ["自有┋其他〖民间┋会〗", "(跳过)"]
    assert raw.cells["5、其他情况—1.准时归还"].tolist() == ["NA", "null"]
    assert raw.markers["(跳过)"] is MissingKind.SKIPPED and raw.markers["(空)"] is MissingKind.BLANK
    assert "-3" not in raw.markers
    assert (raw.list_separator, raw.extras) == ("┋", ("〖", "〗"))
    assert roles(raw) == {"序号": Role.ID, "提交答卷时间": Role.END_TIME, "所用时间": Role.DURATION}
    assert {"来自IP", "来源详情"} == personal(raw)


def test_wjx_export_by_number_has_numbers_as_markers(csv_file: Writer) -> None:
    raw = read_raw(csv_file("n.csv", [WJX_HEADER, *WJX_NUMBERS], "gb18030"))
    assert raw.markers["-3"] is MissingKind.SKIPPED and raw.markers["-2"] is MissingKind.BLANK
    assert any("by number" in note for note in raw.notes)


def test_wjx_growth_rates_are_no_markers(csv_file: Writer) -> None:
    header = ["序号", "所用时间", "1、增长率", "2、性质"]
    rows = [["1", "10秒", "-3", "私营"], ["2", "10秒", "-7.5", "私营"], ["3", "10秒", "4", "集体"]]
    raw = read_raw(csv_file("g.csv", [header, *rows]))
    assert "-3" not in raw.markers
    assert any("read as answers" in note for note in raw.notes)


def test_wjx_growth_rates_leave_the_markers_of_other_questions_alone(csv_file: Writer) -> None:
    header = ["序号", "所用时间", "1、增长率", "2、性质"]
    rows = [["1", "10秒", "-3", "-3"], ["2", "10秒", "-7.5", "1"], ["3", "10秒", "4", "-2"]]
    raw = read_raw(csv_file("g.csv", [header, *rows]))
    assert raw.markers["-3"] is MissingKind.SKIPPED
    assert [column.marked for column in raw.columns] == [True, True, False, True]
    assert any("read as answers in '1、增长率'" in note for note in raw.notes)
    book = Codebook(
        (
            Item("growth", "1、增长率", type=ItemType.NUMBER),
            Item("kind", "2、性质", type=ItemType.ORDINAL, minimum=1, maximum=4),
        )
    )
    survey = clean(raw, book)
    assert survey.cleaned["growth"].tolist() == [-3.0, -7.5, 4.0]
    assert survey.missing["kind"].tolist() == ["skipped", "", "blank"]


def test_wjx_answers_in_columns_of_their_own(csv_file: Writer) -> None:
    header = ["序号", "所用时间", "第3题(自有)", "第3题(银行)", "第4题(价格)", "第4题(交期)"]
    raw = read_raw(
        csv_file("p.csv", [header, ["1", "9秒", "1", "0", "4", "5"], ["2", "9秒", "0", "-3", "1", "2"]])
    )
    assert raw.platform == "wjx"
    assert [column.option for column in raw.columns] == ["", "", "自有", "银行", "", ""]


def test_wjx_user_id_is_the_id_where_there_is_no_number(csv_file: Writer) -> None:
    raw = read_raw(csv_file("u.csv", [["用户ID", "1、甲", "2、乙", "3、丙"], ["u1", "1", "2", "3"]]))
    assert roles(raw) == {"用户ID": Role.ID}
    assert "用户ID" in personal(raw)


def test_wjx_equal_headers_are_an_error(csv_file: Writer) -> None:
    path = csv_file("d.csv", [["序号", "所用时间", "1、甲", "1、甲"], ["1", "9秒", "a", "b"]])
    with pytest.raises(UnreadableError) as error:
        read_raw(path)
    assert "columns C, D have the same header" in str(error.value)


def test_pairing_text_with_numbers_gives_value_labels(xlsx_file: Writer, wjx: Path) -> None:
    numbers = xlsx_file("numbers.xlsx", [WJX_HEADER, *reversed(WJX_NUMBERS)])
    raw = read_raw(wjx, numbers=numbers)
    found = {key: dict(column.value_labels) for key, column in columns(raw).items() if column.value_labels}
    assert found == {
        "1、企业性质": {"1": "集体", "2": "私营"},
        "2、资金来源【多选题】": {"1": "自有", "3": "其他"},
        "4、您是否同意以下说法—1.互借资金": {"1": "不同意", "2": "同意"},
        "4、您是否同意以下说法—2.互相担保": {"2": "同意"},
        "4、您是否同意以下说法—3.信息共享": {"1": "不同意", "2": "同意"},
        "5、其他情况—1.准时归还": {"1": "NA", "2": "null"},
        "5、其他情况—2.按期付款": {"3": "None"},
    }
    assert raw.cells.equals(read_raw(wjx).cells)
    assert [file.path for file in raw.files] == ["wjx.xlsx", "numbers.xlsx"]


def test_pairing_refuses_another_survey_and_other_respondents(csv_file: Writer, wjx: Path) -> None:
    header = [*WJX_HEADER[:7], "1、别的题", *WJX_HEADER[8:], "9、多余"]
    other = csv_file("o.csv", [header, ["7", *WJX_NUMBERS[0][1:], "1"]])
    with pytest.raises(UnreadableError) as error:
        read_raw(wjx, numbers=other)
    assert "9、多余" in str(error.value) and "2 respondents are not in the export by number" in str(
        error.value
    )
    plain = csv_file("plain.csv", [["a"], ["1"]])
    with pytest.raises(UsageError, match="by number"):
        read_raw(plain, numbers=wjx)


def test_pairing_gives_no_labels_where_a_number_has_two_texts(csv_file: Writer) -> None:
    header = ["序号", "所用时间", "1、甲"]
    text = csv_file("t.csv", [header, ["1", "9秒", "好"], ["2", "9秒", "坏"]])
    numbers = csv_file("n.csv", [header, ["1", "9秒", "1"], ["2", "9秒", "1"]])
    raw = read_raw(text, numbers=numbers)
    assert not columns(raw)["1、甲"].value_labels
    assert any("'好' and '坏'" in note for note in raw.notes)


@pytest.mark.parametrize("kept", [(0, 1, 2), (0, 2), (0, 1)])
def test_qualtrics_header_rows(csv_file: Writer, kept: tuple[int, ...]) -> None:
    path = csv_file("q.csv", [*(QUALTRICS[row] for row in kept), *QUALTRICS[3:]], "utf-8-sig")
    raw = read_raw(path)
    assert raw.platform == "qualtrics"
    assert raw.files[0].header_rows == len(kept)
    assert raw.row_numbers.tolist() == [len(kept) + 1, len(kept) + 2]
    assert raw.cells["ResponseId"].tolist() == ["R_1", "R_2"]
    assert columns(raw)["Q1"].label == ("How old is the firm?" if 1 in kept else "")


def test_qualtrics_columns(csv_file: Writer) -> None:
    raw = read_raw(csv_file("q.csv", QUALTRICS))
    assert roles(raw) == {
        "StartDate": Role.START_TIME,
        "EndDate": Role.END_TIME,
        "Duration (in seconds)": Role.DURATION,
        "ResponseId": Role.ID,
    }
    assert personal(raw) == {"IPAddress", "RecipientLastName", "LocationLatitude"}
    assert columns(raw)["Q2_1"].option == "Own"
    assert columns(raw)["Q2_3_TEXT"].option == ""
    assert raw.cells["Q5 [QID9]"].tolist() == ["5", "NA"]
    assert any("N and O" in note and "Q5 [QID9]" in note for note in raw.notes)
    assert any("1 responses are previews" in note and "rows 4" in note for note in raw.notes)
    assert raw.list_separator == ","


def test_kobo_groups_options_and_repeats(xlsx_file: Writer) -> None:
    repeat = [["name", "_index", "_parent_index"], ["partner", 1, 1]]
    raw = read_raw(xlsx_file("k.xlsx", KOBO, partners=repeat))
    assert raw.platform == "kobo"
    assert raw.files[0].sheet == "Sheet1"
    assert list(raw.cells.columns)[2:6] == ["q_sex", "funds", "funds/own", "funds/bank"]
    found = columns(raw)
    assert (found["q_sex"].header, found["funds/own"].header) == ("site/owner/q_sex", "site/funds/own")
    assert (found["funds/own"].option, found["funds/bank"].option, found["funds"].option) == (
        "own",
        "bank",
        "",
    )
    assert raw.cells["funds/own"].tolist() == ["1", ""]
    assert raw.list_separator == " "
    assert roles(raw) == {"start": Role.START_TIME, "end": Role.END_TIME, "_id": Role.ID}
    assert personal(raw) == {"gps", "_gps_latitude", "_gps_longitude", "_submitted_by"}
    assert any("partners" in note for note in raw.notes)
    assert any("'note'" in note and "rows 2" in note for note in raw.notes)


def test_kobo_keeps_a_group_that_tells_questions_apart(csv_file: Writer) -> None:
    header = ["a/age", "b/age", "b/size", "_id", "_uuid", "_submission_time"]
    raw = read_raw(csv_file("k.csv", [header, ["1", "2", "3", "4", "5", "2026-01-01"]]))
    assert list(raw.cells.columns)[:3] == ["a/age", "b/age", "size"]
    assert roles(raw)["_submission_time"] is Role.END_TIME


def test_kobo_labels_may_repeat_and_names_may_not(csv_file: Writer) -> None:
    tail, cells = ["_id", "_uuid", "_submission_time"], ["4", "5", "2026-01-01"]
    raw = read_raw(csv_file("l.csv", [["Please say", "Please say", *tail], ["1", "2", *cells]]))
    assert list(raw.cells.columns)[:2] == ["Please say", "Please say (2)"]
    assert any("columns A, B" in note for note in raw.notes)
    with pytest.raises(UnreadableError, match="columns A, B"):
        read_raw(csv_file("n.csv", [["say", "say", *tail], ["1", "2", *cells]]))


def test_odk_central(csv_file: Writer) -> None:
    header = ["SubmissionDate", "site-q_sex", "gps-Latitude", "gps-Longitude", "KEY", "SubmitterName"]
    raw = read_raw(csv_file("o.csv", [header, ["2026-01-01", "f", "28.8", "113.1", "uuid:1", "x"]]))
    assert raw.platform == "kobo"
    assert "q_sex" in raw.cells
    assert roles(raw) == {"SubmissionDate": Role.END_TIME, "KEY": Role.ID}
    assert personal(raw) == {"Latitude", "Longitude", "SubmitterName"}


@pytest.mark.parametrize("separator", [",", ";"])
def test_limesurvey(csv_file: Writer, separator: str) -> None:
    raw = read_raw(csv_file("l.csv", LIMESURVEY, "utf-8-sig", separator, quoting=1, lineterminator="\r\n"))
    assert raw.platform == "limesurvey"
    found = columns(raw)
    assert [found[f"Q2[{code}]"].option for code in ("SQ001", "SQ002", "other")] == [
        "SQ001",
        "SQ002",
        "other",
    ]
    assert [found[f"Q2[{code}]"].own_words for code in ("SQ001", "SQ002", "other")] == [False, False, True]
    assert [found[f"Q3[{code}]"].option for code in ("SQ001", "SQ002")] == ["", ""]
    assert raw.markers == {"null": MissingKind.SKIPPED}
    assert raw.cells["Q2[other]"].tolist() == ["=cmd|' /C calc'!A0", ""]
    assert raw.cells["Q4"].tolist() == ["-oth-", "'quoted'"]
    assert roles(raw) == {
        "id": Role.ID,
        "submitdate": Role.END_TIME,
        "startdate": Role.START_TIME,
        "interviewtime": Role.DURATION,
    }
    assert personal(raw) == {"token", "ipaddr"}


def test_limesurvey_with_underscores_texts_and_full_answers(csv_file: Writer) -> None:
    header = ["Response ID", "Date submitted", "Last page", "Start language", "Q2_SQ001", "Q2_SQ002"]
    header += ["Q9. Did you borrow?"]
    raw = read_raw(
        csv_file("l.csv", [header, ["1", "", "3", "en", "Y", "", "N/A"], ["2", "", "3", "en", "", "", "Yes"]])
    )
    found = columns(raw)
    assert (found["Q2_SQ001"].option, found["Q2_SQ002"].option) == ("SQ001", "SQ002")
    assert found["Q9"].label == "Did you borrow?"
    assert dict(found["Q9"].missing) == {"N/A": MissingKind.SKIPPED}
    assert roles(raw)["Response ID"] is Role.ID


def test_surveymonkey(xlsx_file: Writer) -> None:
    raw = read_raw(xlsx_file("s.xlsx", SURVEYMONKEY))
    assert raw.platform == "surveymonkey"
    assert raw.files[0].header_rows == 2 and raw.row_numbers.tolist() == [3, 4]
    assert list(raw.cells.columns)[9:] == [
        "Which funds do you use? — Own",
        "Which funds do you use? — Bank",
        "Which funds do you use? — Other (please specify)",
        "How old is the firm?",
        "Rate each — Trust",
        "Rate each — Speed",
        "Anything else?",
    ]
    options = ["Own", "Bank", "Other (please specify)", "", "", "", ""]
    assert [column.option for column in raw.columns][9:] == options
    assert [column.own_words for column in raw.columns][9:] == [False, False, True, *[False] * 4]
    assert columns(raw)["Rate each — Speed"].label == "Rate each"
    assert roles(raw) == {
        "Respondent ID": Role.ID,
        "Date Created": Role.START_TIME,
        "Date Modified": Role.END_TIME,
    }
    assert personal(raw) == {"IP Address", "Email Address", "First Name", "Last Name", "Custom Data 1"}


FUNDS = ValueList(
    "funds",
    (
        Option("own", Text("Own")),
        Option("bank", Text("Bank")),
        Option("other", Text("Other (please specify)")),
    ),
)


@pytest.mark.parametrize(
    ("rows", "source", "codes"),
    [
        (
            _by_columns(
                ("Respondent ID", "", "1", "2", "3"),
                ("Collector ID", "", "7", "7", "7"),
                ("Which funds?", "Own", "Own", "", ""),
                ("", "Bank", "", "", ""),
                ("", "Other (please specify)", "", "no", ""),
            ),
            "Which funds?",
            ("own", "bank", "other"),
        ),
        (
            _by_columns(
                ("id", "1", "2", "3"),
                ("submitdate", "", "", ""),
                ("lastpage", "3", "3", "3"),
                ("startlanguage", "en", "en", "en"),
                ("Q2[own]", "Y", "", ""),
                ("Q2[bank]", "", "", ""),
                ("Q2[other]", "", "no", ""),
            ),
            "Q2",
            ("own", "bank", "other"),
        ),
    ],
    ids=["surveymonkey", "limesurvey"],
)
def test_an_answer_in_own_words_is_an_answer(
    csv_file: Writer, rows: list[tuple[str, ...]], source: str, codes: tuple[str, ...]
) -> None:
    raw = read_raw(csv_file("w.csv", rows))
    book = Codebook((Item("q", source, type=ItemType.MULTIPLE, values="funds"),), {"funds": FUNDS})
    survey = clean(raw, book)
    answers = survey.cleaned[[f"q_{code}" for code in codes]]
    assert answers.iloc[0].tolist() == [1, 0, 0] and answers.iloc[1].tolist() == [0, 0, 1]
    assert answers.iloc[2].isna().all()
    assert survey.cleaned["q_text"].fillna("").tolist() == ["", "no", ""]
    assert not survey.problems
    assert not {column.key for column in raw.columns if column.option} & set(survey.unknown_columns)
    replayed = replay(survey.raw, survey.ledger, book)
    assert replayed.equals(survey.cleaned[replayed.columns])


def test_own_words_without_an_option_for_them_are_named(csv_file: Writer) -> None:
    funds = ValueList("funds", FUNDS.options[:2])
    book = Codebook(
        (Item("q", "Which funds do you use?", type=ItemType.MULTIPLE, values="funds"),), {"funds": funds}
    )
    survey = clean(read_raw(csv_file("s.csv", SURVEYMONKEY)), book)
    key = "Which funds do you use? — Other (please specify)"
    assert key in survey.unknown_columns
    assert any(key in problem.message for problem in survey.problems)


def test_qualtrics_text_columns_are_no_answers(csv_file: Writer) -> None:
    raw = read_raw(csv_file("q.csv", QUALTRICS))
    assert columns(raw)["Q2_3_TEXT"].own_words
    book = Codebook((Item("Q2", type=ItemType.MULTIPLE, values="funds"),), {"funds": FUNDS})
    survey = clean(raw, book)
    assert not survey.problems and "Q2_3_TEXT" in survey.unknown_columns


def test_limesurvey_null_is_a_question_not_shown(csv_file: Writer) -> None:
    rows = _by_columns(
        ("id", "1", "2"),
        ("submitdate", "", ""),
        ("lastpage", "3", "3"),
        ("startlanguage", "en", "en"),
        ("Q2[own]", "Y", "null"),
        ("Q2[bank]", "", "null"),
    )
    book = Codebook((Item("Q2", type=ItemType.MULTIPLE, values="funds"),), {"funds": FUNDS})
    survey = clean(read_raw(csv_file("l.csv", rows)), book)
    assert survey.cleaned.loc[2].tolist() == [1.0, 0.0]
    assert survey.missing.loc[3].tolist() == ["skipped", "skipped"]


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        ("Bank,Kin, friends", ("bank", "kin")),
        ("Kin, friends", ("kin",)),
        ("Kin, friends, or others,Bank", ("kin_others", "bank")),
        ("friends", ()),
    ],
)
def test_an_option_may_hold_the_separator_of_the_list(
    csv_file: Writer, cell: str, named: tuple[str, ...]
) -> None:
    options = {"bank": "Bank", "kin": "Kin, friends", "kin_others": "Kin, friends, or others"}
    funds = ValueList("funds", tuple(Option(code, Text(words)) for code, words in options.items()))
    book = Codebook((Item("Q1", type=ItemType.MULTIPLE, values="funds"),), {"funds": funds})
    rows = [["StartDate", "EndDate", "Status", "Finished", "Q1"], ["", "", "", "", cell]]
    survey = clean(read_raw(csv_file("q.csv", rows), platform="qualtrics"), book)
    found = survey.cleaned.iloc[0].to_dict()
    assert {name for name, value in found.items() if value == 1} == {f"Q1_{code}" for code in named}
    assert all((value == 0) == bool(named) for value in found.values() if value != 1)


def test_surveymonkey_condensed(csv_file: Writer) -> None:
    rows = [["Respondent ID", "Start Date", "Age"], ["", "", "Response"], ["1", "01/01/2026", "28"]]
    raw = read_raw(csv_file("s.csv", rows))
    assert raw.platform == "surveymonkey"
    assert raw.cells.to_dict("list") == {"Respondent ID": ["1"], "Start Date": ["01/01/2026"], "Age": ["28"]}


def test_the_platform_can_be_overridden(wjx: Path) -> None:
    raw = read_raw(wjx, platform="plain")
    assert raw.platform == "plain" and "2.互相担保" in raw.cells and not raw.markers
    with pytest.raises(UsageError, match="did you mean 'qualtrics'"):
        read_raw(wjx, platform="qualtrix")
    with pytest.raises(UsageError, match="no spss file"):
        read_raw(wjx, platform="spss")


def test_every_platform_offers_the_same_two_functions() -> None:
    assert list(PLATFORMS)[-1] == "plain"
    assert all(callable(platform.detect) and callable(platform.parse) for platform in PLATFORMS.values())


def test_a_plain_table_is_no_platform(csv_file: Writer) -> None:
    from socialcap.survey.files import read_grid

    header = ["id", "Status", "start", "end", "国别"]
    assert detect_platform(read_grid(csv_file("a.csv", [header, ["1", "2", "3", "4", "5"]]))) == "plain"


def test_personal_columns_are_told_by_heading_and_content(csv_file: Writer) -> None:
    rows = _by_columns(
        ("id", *"12345678"),
        ("Owner name", *(f"Name {i}" for i in range(8))),
        ("has_phone", *["yes", "no"] * 4),
        ("contact", *(f"1381234567{i}" for i in range(8))),
        ("where", *(f"28.80{i}, 113.07{i}" for i in range(8))),
        ("email", *[""] * 8),
        ("firm", *(f"firm {i}" for i in range(8))),
        ("联系电话", *(f"0730-123456{i}" for i in range(8))),
    )
    raw = read_raw(csv_file("p.csv", rows))
    assert personal(raw) == {"Owner name", "contact", "where", "email", "联系电话"}


def test_stacked_files_have_a_source_column(csv_file: Writer) -> None:
    one = csv_file("a.csv", [["id", "x"], ["1", "a"], ["2", "b"]])
    two = csv_file("b.csv", [["id", "y", "x"], ["1", "p", "c"]])
    raw = read_raw([one, two])
    assert raw.cells.to_dict("list") == {
        "id": ["1", "2", "1"],
        "x": ["a", "b", "c"],
        "y": ["", "", "p"],
        "source": ["a.csv", "a.csv", "b.csv"],
    }
    assert list(raw.cells.columns) == [column.key for column in raw.columns]
    assert raw.row_numbers.tolist() == [2, 3, 2]
    assert [file.rows for file in raw.files] == [2, 1]
    assert any("a.csv has no column 'y'" in note for note in raw.notes)
    assert all(dtype == "str" for dtype in raw.cells.dtypes)
    survey = clean(raw, Codebook((Item("id"), Item("x"))))
    assert survey.unknown_columns == ("y",) and survey.cleaned["source"].tolist() == [
        "a.csv",
        "a.csv",
        "b.csv",
    ]


def test_stacking_keeps_a_column_that_is_called_source(csv_file: Writer) -> None:
    raw = read_raw([csv_file(name, [["id", "source"], [name, "x"]]) for name in ("a.csv", "b.csv")])
    assert raw.cells["source (file)"].tolist() == ["a.csv", "b.csv"]


def test_stacking_refuses_different_platforms(csv_file: Writer, wjx: Path) -> None:
    with pytest.raises(UnreadableError, match="different platforms"):
        read_raw([wjx, csv_file("a.csv", [["a"], ["1"]])])


def test_joined_files_are_matched_by_id(csv_file: Writer) -> None:
    one = csv_file("a.csv", [["firm", "x"], ["f1", "a"], ["f2", "b"]])
    two = csv_file("b.csv", [["x", "firm", "y"], ["c", "f3", "r"], ["d", " f1 ", "q"]])
    raw = read_raw([one, two], combine="join", id_column="firm")
    assert raw.cells.to_dict("list") == {
        "firm": ["f1", "f2", "f3"],
        "x": ["a", "b", ""],
        "x (b.csv)": ["d", "", "c"],
        "y": ["q", "", "r"],
    }
    assert list(raw.cells.columns) == [column.key for column in raw.columns]
    assert raw.row_numbers.tolist() == [2, 3, 2]
    assert any("b.csv lacks 1 of 3" in note for note in raw.notes)
    assert all(dtype == "str" for dtype in raw.cells.dtypes)


def test_a_mark_in_one_file_that_is_an_answer_in_another_is_refused(csv_file: Writer) -> None:
    header = ["序号", "所用时间", "1、增长", "2、性质"]
    numbers = csv_file("n.csv", [header, ["1", "9秒", "-3", "1"]])
    text = csv_file("t.csv", [header, ["2", "9秒", "-3", "(空)"]])
    with pytest.raises(UnreadableError, match="'-3' is an answer here"):
        read_raw([numbers, text])


def test_a_table_can_be_joined_to_an_export(csv_file: Writer, wjx: Path) -> None:
    table = csv_file("firms.csv", [["序号", "年产值"], ["2", "800万"], ["1", "1.2亿"]])
    raw = read_raw([table, wjx], combine="join", id_column="序号")
    assert (raw.platform, raw.list_separator) == ("wjx", "┋")
    assert raw.cells["年产值"].tolist() == ["800万", "1.2亿"]
    assert raw.cells["1、企业性质"].tolist() == ["集体", "私营"]


def test_a_repeated_personal_id_is_named_by_its_rows_alone(csv_file: Writer) -> None:
    one = csv_file("a.csv", [["phone", "x"], ["13812345678", "a"], ["13812345678", "b"]])
    two = csv_file("b.csv", [["phone", "y"], ["13812345678", "q"]])
    with pytest.raises(UnreadableError, match="rows 2, 3") as error:
        read_raw([one, two], combine="join", id_column="phone")
    assert "138" not in str(error.value)


def test_joining_reports_every_bad_id(csv_file: Writer) -> None:
    one = csv_file("a.csv", [["firm", "x"], ["f1", "a"], ["f1", "b"], ["", "c"]])
    two = csv_file("b.csv", [["firm", "y"], ["f1", "q"]])
    with pytest.raises(UnreadableError) as error:
        read_raw([one, two], combine="join", id_column="firm")
    assert "no id in rows 4" in str(error.value) and "rows 2, 3" in str(error.value)
    with pytest.raises(UnreadableError, match="perhaps 'firm'"):
        read_raw([one, two], combine="join", id_column="frm")
    with pytest.raises(UsageError, match="which column"):
        read_raw([one, two], combine="join")


def test_inspect_shows_the_file_and_hides_personal_examples(wjx: Path) -> None:
    result = inspect(wjx)
    tables = {table.key: table for table in result.tables()}
    shown = dict(zip(*map(list, zip(*tables["file"].text()[1], strict=True)), strict=True))
    assert shown["Platform"] == "wjx" and shown["Rows"] == "2" and shown["Columns"] == "16"
    assert shown["Header rows"] == "1" and len(shown["SHA-256"]) == 64
    by_key = {row[1]: row for row in tables["columns"].text()[1]}
    assert by_key["1、企业性质"][-1] == "私营 | 集体"
    assert "personal" in by_key["来自IP"][-1]
    assert "1.2.3.4" not in str(result.to_dict())


def test_inspect_lists_faults_instead_of_raising(csv_file: Writer) -> None:
    result = inspect(csv_file("a.csv", [["a", "a", ""], ["1", "2", "3"]]))
    tables = {table.key: table for table in result.tables()}
    messages = [row[3] for row in tables["problems"].rows]
    assert messages == ["the column holds cells but has no header", "columns A, B have the same header"]
    assert {row[1] for row in tables["columns"].rows} == {"a", "a (2)", ""}
