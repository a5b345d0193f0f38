"""The questionnaire on paper: what is asked, in which order, and where each answer leads."""

import io
import shutil
import subprocess
import zipfile
from itertools import product
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Cm
from hypothesis import given
from hypothesis import strategies as st

from socialcap.codebook import Codebook, Item, ItemType, Option, Role, ValueList
from socialcap.codebook.form import Form, Question, Section, blocks, read_form
from socialcap.codebook.questionnaire import BOX, questionnaire_bytes, write_questionnaire
from socialcap.codebook.routing import END, asked_if, jumps
from socialcap.errors import CodebookError, SocialcapWarning, UsageError
from socialcap.expressions import parse
from socialcap.results import Text

LISTS = {
    "yes": ValueList("yes", (Option("1", Text("Yes", "是")), Option("0", Text("No", "否")))),
    "agree": ValueList(
        "agree",
        tuple(Option(str(n), Text(f"Agree {n}", f"同意{n}")) for n in range(1, 6)),
    ),
    "sources": ValueList(
        "sources", (Option("bank", Text("Bank", "银行")), Option("kin", Text("Kin", "亲友")))
    ),
}


def item(name: str, kind: ItemType = ItemType.ORDINAL, values: str = "", **more: object) -> Item:
    return Item(name, label=Text(f"Label of {name}", f"{name}的标签"), type=kind, values=values, **more)  # type: ignore[arg-type]


BOOK = Codebook(
    (
        item("began", ItemType.DATE, role=Role.START_TIME),
        item("firm", ItemType.TEXT, role=Role.ID),
        item("consent", values="yes"),
        item("applied", values="yes", skip_if="consent == 0"),
        item("granted", values="yes", skip_if="consent == 0 or applied == 0"),
        item("why", ItemType.NOMINAL, "sources", skip_if="consent == 0 or applied == 1"),
        item("t1", values="agree", skip_if="consent == 0"),
        item("t2", values="agree", skip_if="consent == 0"),
        item("use", ItemType.MULTIPLE, "sources", skip_if="consent == 0"),
        item("rate", ItemType.PERCENT, skip_if="consent == 0 or use_bank == 0"),
        item("own", ItemType.PERCENT, skip_if="consent == 0"),
        item("other", ItemType.PERCENT, skip_if="consent == 0"),
        item("level", ItemType.ORDINAL, minimum=1.0, maximum=3.0, skip_if="consent == 0"),
        item("said", ItemType.TEXT, skip_if="consent == 0"),
    ),
    LISTS,
)
FORM = Form(
    Text("A survey", "调查"),
    Text("It takes a minute.", "约需一分钟。"),
    {
        "loans": Section("loans", Text("Loans", "贷款")),
        "trust": Section("trust", Text("Trust", "信任"), Text("How far do you agree?", "是否同意？")),
        "funds": Section("funds", Text("Funds", "资金"), Text("In per cent.", "百分比。"), 100),
    },
    {
        **{name: Question(Text(), "loans") for name in ("consent", "applied", "granted", "why")},
        "firm": Question(Text("Number", "编号"), "loans"),
        "t1": Question(Text("They keep their word.", "他们守信。"), "trust"),
        "t2": Question(Text("They help.", "他们相助。"), "trust"),
        **{name: Question(Text(), "loans2") for name in ("use", "rate")},
        **{name: Question(Text(), "funds") for name in ("own", "other")},
        **{name: Question(Text(), "end") for name in ("level", "said")},
    },
)
ASKED = tuple(i for i in BOOK if i.role is Role.NONE)


def lines(content: bytes) -> list[str]:
    """Paragraphs and table rows in order, as text."""
    found = []
    for block in docx.Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(block, docx.table.Table):
            found += [" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows]
        elif block.text.strip():
            found.append(block.text.strip())
    return found


def test_questions_boxes_routes_and_tables_in_english() -> None:
    assert lines(questionnaire_bytes(BOOK, "name", "en", FORM)) == [
        "A survey",
        "Number | Date | Interviewer | Start",
        "It takes a minute.",
        f"Please tick one box {BOX} for each question unless it says otherwise, and write numbers on the lines.",
        "A.  Loans",
        "1.\tLabel of consent",
        f"{BOX} 1\u2002Yes",
        f"{BOX} 0\u2002No\u2003→ end of the interview",
        "2.\tLabel of applied",
        f"{BOX} 1\u2002Yes",
        f"{BOX} 0\u2002No\u2003→ go to question 4",
        "3.\tIf question 2 was answered “Yes”: Label of granted",
        f"{BOX} 1\u2002Yes\u2003\u2003{BOX} 0\u2002No",
        "Then go to question 5.",
        "4.\tIf question 2 was answered “No”: Label of why",
        f"{BOX} Bank\u2003\u2003{BOX} Kin",
        "B.  Trust",
        "How far do you agree?",
        " | Statement | Agree 1 | Agree 2 | Agree 3 | Agree 4 | Agree 5",
        f"5. | They keep their word. | {' | '.join(f'{BOX} {n}' for n in range(1, 6))}",
        f"6. | They help. | {' | '.join(f'{BOX} {n}' for n in range(1, 6))}",
        "7.\tLabel of use (tick all that apply)",
        f"{BOX} Bank\u2003\u2003{BOX} Kin",
        "8.\tIf “Bank” was ticked in question 7: Label of rate",
        "＿＿＿＿＿ %",
        "C.  Funds",
        "In per cent.",
        "9. | Label of own | ＿＿＿＿＿ %",
        "10. | Label of other | ＿＿＿＿＿ %",
        " | Total | 100 %",
        "11.\tLabel of level",
        f"{BOX} 1\u2003\u2003{BOX} 2\u2003\u2003{BOX} 3",
        "12.\tLabel of said",
    ]


def test_the_same_in_chinese() -> None:
    found = lines(questionnaire_bytes(BOOK, "name", "zh", FORM))
    for line in (
        "调查",
        "编号 | 访问日期 | 访问员 | 开始时间",
        "一、贷款",
        f"{BOX} 0\u2002否\u2003→ 跳至第 4 题",
        "3.\t（仅当第 2 题选“是”时回答）granted的标签",
        "答完后请跳至第 5 题。",
        "7.\tuse的标签（可多选）",
        "8.\t（仅当第 7 题选了“银行”时回答）rate的标签",
        " | 合计 | 100 %",
    ):
        assert line in found


def test_the_document_is_a4_names_both_fonts_and_is_made_the_same_each_time(tmp_path: Path) -> None:
    write_questionnaire(BOOK, tmp_path / "q.docx", "zh", FORM)
    content = (tmp_path / "q.docx").read_bytes()
    assert content == questionnaire_bytes(BOOK, "q", "zh", FORM)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any("thumbnail" in name for name in parts.namelist())
    document = docx.Document(io.BytesIO(content))
    section = document.sections[0]
    assert (round(section.page_width / Cm(1), 1), round(section.page_height / Cm(1), 1)) == (21.0, 29.7)
    for style in ("Normal", "Heading 1"):
        fonts = document.styles[style].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) in ("SimSun", "SimHei")
        assert fonts.get(qn("w:eastAsiaTheme")) is None
    assert document.core_properties.title == "调查" and document.core_properties.language == "zh-CN"
    header = document.tables[1].rows[0]._tr.trPr
    assert header.find(qn("w:tblHeader")) is not None


def test_without_wording_labels_are_asked_and_names_where_there_are_none() -> None:
    book = Codebook((Item("a"), item("b", ItemType.YEAR)))
    found = lines(questionnaire_bytes(book, "my form", "en"))
    assert found[0] == "my form"
    assert found[-3:] == ["1.\ta", "2.\tLabel of b", "＿＿＿＿＿"]


def test_a_rule_that_no_words_say_is_named(tmp_path: Path) -> None:
    book = Codebook((item("n", ItemType.NUMBER), item("m", ItemType.NUMBER, skip_if="log(n) > 1")))
    with pytest.warns(SocialcapWarning, match="log"):
        write_questionnaire(book, tmp_path / "q.docx", "en")
    with pytest.raises(UsageError, match="docx"):
        write_questionnaire(book, tmp_path / "q.pdf", "en")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
@pytest.mark.parametrize(("lang", "words"), [("en", "go to question 4"), ("zh", "跳至第4题")])
def test_libreoffice_opens_it(tmp_path: Path, lang: str, words: str) -> None:
    write_questionnaire(BOOK, tmp_path / "q.docx", lang, FORM)  # type: ignore[arg-type]
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "q.docx")], check=True, capture_output=True, timeout=120)
    text = subprocess.run(
        ["pdftotext", str(tmp_path / "q.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert words.replace(" ", "") in text.replace(" ", "")


# --- routing


RULES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["==", "!="]), st.integers(0, 1), st.booleans()), max_size=2
)


@given(st.lists(RULES, min_size=5, max_size=5))
def test_who_follows_the_jumps_meets_every_question_to_be_asked(
    rules: list[list[tuple[int, str, int, bool]]],
) -> None:
    """Whatever is answered: a jump passes over no question that the skip rules ask."""
    items = []
    for position, rule in enumerate(rules):
        terms = [f"q{i} {op} {value}" for i, op, value, _ in rule if i < position]
        joint = " and " if rule and rule[0][3] else " or "
        items.append(item(f"q{position}", values="yes", skip_if=joint.join(terms)))
    book = Codebook(tuple(items), LISTS)
    found = jumps(items, book)
    for answers in product((0, 1), repeat=len(items)):
        given: dict[str, float] = {}
        asked = []
        for i, answer in zip(items, answers, strict=True):
            skipped = bool(i.skip_if) and _holds(i.skip_if, given, book)
            given[i.name] = float("nan") if skipped else float(answer)
            asked += [] if skipped else [i.name]
        names = [i.name for i in items]
        met, here = [], asked[0] if asked else END
        while here != END:
            met.append(here)
            following = names[names.index(here) + 1 :]
            after = found.get(here, {}).get(f"{given[here]:g}") if here in asked else None
            here = after if after is not None else (following[0] if following else END)
        assert set(asked) <= set(met)


def _holds(rule: str, given: dict[str, float], book: Codebook) -> bool:
    import pandas as pd

    frame = pd.DataFrame({name: [given.get(name, float("nan"))] for name in (i.name for i in book)})
    return bool(parse(rule).evaluate(frame).iloc[0] == 1)


def test_jumps_and_conditions_of_the_form() -> None:
    assert jumps(ASKED, BOOK) == {
        "consent": {"0": END},
        "applied": {"0": "why"},
        "granted": {"1": "t1", "0": "t1"},
    }
    numbers = {i.name: n for n, i in enumerate(ASKED, start=1)}
    assert asked_if(BOOK["t1"], ASKED[5:], BOOK, numbers) == Text()
    elsewhere = item("z", skip_if="applied == 0 and rate < 50")
    assert asked_if(elsewhere, (), BOOK, numbers) == Text(
        "question 2 was answered “Yes” or the answer to question 8 is 50 or more",
        "第 2 题选“是”或第 8 题不小于 50",
    )


# --- wording


def test_blocks_hold_neighbours_on_one_scale() -> None:
    assert [[i.name for i in block] for block in blocks(ASKED[3:6], BOOK)] == [["why"], ["t1", "t2"]]


def test_mistakes_of_the_wording_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "questions.csv").write_text(
        "name,section,question_en,question_zh,required,hint\n"
        "appplied,loans,Q?,问？,\nt1,laons,,,maybe\nt1,loans,,,\n",
        encoding="utf-8",
    )
    (tmp_path / "sections.csv").write_text(
        "name,heading_en,heading_zh,text_en,text_zh,total\nloans,L,贷,,,all\n", encoding="utf-8"
    )
    with pytest.raises(CodebookError) as caught:
        read_form(tmp_path, BOOK)
    said = str(caught.value)
    for words in ("applied", "loans", "maybe", "hint", "no number", "already"):
        assert words in said
    (tmp_path / "questions.csv").write_text(
        "name,section\nconsent,loans\nt1,loans\nt2,said\n", encoding="utf-8"
    )
    (tmp_path / "sections.csv").write_text("name,total\nloans,100\nsaid,\n", encoding="utf-8")
    with pytest.raises(CodebookError) as caught:
        read_form(tmp_path, BOOK)
    for words in ("do not stand together", "no number", "a variable has this name"):
        assert words in str(caught.value)


def test_a_codebook_without_wording_has_an_empty_form(tmp_path: Path) -> None:
    assert read_form(tmp_path, BOOK) == Form()
