"""What the report holds: every table once, in order, with sentences that agree with the tables they name.

Golden text of a small study stands in golden/contents.en.txt and contents.zh.txt. After a change that is
meant, write them anew with SOCIALCAP_UPDATE_GOLDEN=1 and read the difference.
"""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import socialcap as sc
from socialcap.report.citations import WORKS, Citations
from socialcap.report.contents import stock
from socialcap.report.document import Document, Heading, Paragraph, Section, Sentence, study_document
from socialcap.report.figures import Figure
from socialcap.report.words import captions
from socialcap.results import LANGUAGES, Lang, StudyResult, Table, Text
from socialcap.results.registration import RegistrationResult

FURTHER = """
[profile]
variables = ["trade", "finance"]
[validity]
replicates = 50
[inference]
replicates = 60
[[hierarchical]]
name = "steps"
outcome = "finance"
blocks = ["C(trade)", "trust + credit"]
[[moderation]]
name = "turn"
label = { en = "Trust by credit", zh = "信任与信用" }
y = "finance"
x = "trust"
w = "credit"
[[mediation]]
name = "way"
x = "t1"
m = "t2"
y = "finance"
replicates = 200
[robustness]
follow = [{ regression = "main", term = "trust" }]
extraction = ["paf"]
replicates = 30
[[claim]]
name = "trust_helps"
sentence = { en = "Trust eases finance.", zh = "信任使融资更容易。" }
test = "coef(finance, trust) > 0"
[[claim]]
name = "credit_hardly"
sentence = { en = "Credit hardly matters.", zh = "信用几乎没有影响。" }
test = "abs(coef(finance, credit)) < 0.1"
"""
ORDER = [
    "findings", "sample", "quality", "profile", "reliability", "adequacy", "factors", "validity", "description",
    "regressions", "hierarchical", "further", "diagnostics", "inference", "robustness", "claims", "methods",
    "appendix", "codebook", "second_opinion_section", "references", "provenance_section",
]  # fmt: skip
GOLDEN = Path(__file__).parent / "golden"


_MADE: dict[str, StudyResult] = {}


def _study(folder: Path, change: Callable[[str], str]) -> StudyResult:
    """The small study with its study file changed."""
    file = folder / "study.toml"
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    return sc.run(sc.read_study(folder))


@pytest.fixture
def result(study_folder: Path) -> StudyResult:
    """The small study with every step that a study can have; run once."""
    if not _MADE:
        _MADE["full"] = _study(study_folder, lambda text: text + FURTHER)
    return _MADE["full"]


@pytest.fixture
def document(result: StudyResult) -> Document:
    return study_document(result)


def _sentences(document: Document) -> list[Sentence]:
    return [sentence for section in document.sections for sentence in section.sentences]


def test_sections_stand_in_the_order_of_a_paper(document: Document) -> None:
    assert [section.key for section in document.sections] == ORDER


def test_every_table_of_the_results_is_shown_once(result: StudyResult, document: Document) -> None:
    shown = [table.key for table in document.tables]
    assert len(shown) == len(set(shown))
    assert {table.key for table in result.tables()} <= set(shown)
    assert set(shown) - {table.key for table in result.tables()} == {"codebook", "derived"}


def test_figures_follow_their_tables(document: Document) -> None:
    for section in document.sections:
        seen: list[str] = []
        for block in section.blocks:
            if isinstance(block, Figure):
                assert block.after == seen[-1], block.key
            elif isinstance(block, Table):
                seen.append(block.key)
    assert document.figures


def test_sentences_name_sources_that_there_are(document: Document) -> None:
    names = captions(document)
    for sentence in _sentences(document):
        assert not sentence.source or sentence.source in names, sentence


@pytest.mark.parametrize("lang", LANGUAGES)
def test_numbers_in_sentences_stand_in_their_tables(document: Document, lang: Lang) -> None:
    """Every decimal of a sentence is printed in the table that it names; conventional bounds aside."""
    tables = {table.key: table for table in document.tables}
    checked = 0
    for sentence in _sentences(document):
        table = tables.get(sentence.source)
        if table is None:
            continue
        words = " ".join(
            [table.title(lang), *(note(lang) for note in table.notes)]
            + [cell for row in table.text(lang)[1] for cell in row]
        )
        for number in set(re.findall(r"−?\d*\.\d+(?:e−?\d+)?%?", sentence.text(lang))):
            if number in _BOUNDS or (sentence.source.startswith("pipeline_") and number.endswith("%")):
                continue
            checked += 1
            assert number in words, (sentence.text(lang), sentence.source)
    assert checked > 100


_BOUNDS = {".70", "0.70", "0.50", ".85", "0.85", ".95", ".06", ".08", "0.95", "0.06", "0.08", ".05"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_are_whole(document: Document, lang: Lang) -> None:
    stop = {"en": ".", "zh": "。"}[lang]
    for sentence in _sentences(document):
        text = sentence.text(lang)
        assert not re.search(r"\bnan\b|None|[{}]|  |–(?!\d)(?!an)", text), text
        assert not re.search(r"\.\.|。。|[.。][。]|,,", text), text
        assert text.endswith((stop, ".")), text


def test_chinese_sentences_hold_no_english_and_english_ones_no_chinese(document: Document) -> None:
    names = "socialcap|Python|numpy|scipy|pandas|statsmodels|formulaic"
    for section in document.sections:
        if section.key == "references":
            continue
        for sentence in section.sentences:
            zh = re.sub(r"“[^”]*”|（[^（）]*\d{4}[^（）]*）", "", sentence.text.zh)
            words = set(re.findall(r"[A-Za-z]{3,}", re.sub(names, "", zh)))
            assert words <= _NAMES, (words, zh)
            en = re.sub(r"\bway\b", "", sentence.text.en)
            assert not re.search(r"[\u4e00-\u9fff]", en), en


_NAMES = {
    "Cronbach", "Feldt", "McDonald", "KMO", "Kaiser", "Bartlett", "Thurstone", "Little", "Fornell", "Larcker",
    "AVE", "HTMT", "CFI", "RMSEA", "SRMR", "Bentler", "Breusch", "Pagan", "Koenker", "White", "RESET", "Jarque",
    "Bera", "Pregibon", "Cohen", "Croon", "Johnson", "Neyman", "Hayes", "MSA", "Wald", "delta", "Belsley", "Kuh",
    "Welsch", "Harman",
    "main", "credit", "trust",
}  # fmt: skip


def test_references_are_those_cited(document: Document) -> None:
    section = next(section for section in document.sections if section.key == "references")
    entries = [sentence.text.en for sentence in section.sentences]
    said = " ".join(s.text.en for one in document.sections if one.key == "methods" for s in one.sentences)
    assert entries == sorted(set(entries), key=lambda entry: entry.casefold().replace("ö", "o"))
    for work in WORKS.values():
        assert (work.entry in entries) == (work.cited.en in said), work.entry


def test_every_work_has_its_year_and_first_author_in_its_entry() -> None:
    for key, work in WORKS.items():
        assert f"({work.year})" in work.entry, key
        first = re.split(r" et al\.| & |, ", work.authors)[0]
        assert work.entry.startswith(first), key
        assert key.endswith(str(work.year)), key


def test_works_are_cited_in_both_languages() -> None:
    cite = Citations()
    both = cite("kaiser1974", "henseler2015", "mackinnon1985")
    assert both.en == " (Kaiser, 1974; Henseler et al., 2015; MacKinnon & White, 1985)"
    assert both.zh == "（Kaiser，1974；Henseler 等，2015；MacKinnon 与 White，1985）"
    assert len(cite.entries()) == 3


def test_a_sentence_points_to_a_table_or_figure_of_the_document(document: Document) -> None:
    """Also to none at all; a source that is nowhere is named."""
    stray = Sentence(Text("As nobody shows.", "无人列示。"), "nowhere")
    section = replace(document.sections[0], blocks=(Paragraph((stray,)),))
    with pytest.raises(ValueError, match=r"no table or figure of the document: .*nowhere"):
        replace(document, sections=(section, *document.sections[1:]))
    heading = next(block for block in document.blocks() if isinstance(block, Heading))
    with pytest.raises(ValueError, match=heading.key):
        Document(
            "d",
            Text("T", "题"),
            Text(),
            (Section("s", Text("S", "节"), (heading, Paragraph((Sentence(Text("x", "x"), heading.key),)))),),
        )
    plain = Section("s", Text("S", "节"), (Paragraph((Sentence(Text("x", "x")),)),))
    assert Document("d", Text("T", "题"), Text(), (plain,)).numbers() == {}


def test_a_long_table_stands_in_the_appendix_and_its_figure_in_the_text(
    result: StudyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "_MOST_ROWS", 7)
    document = study_document(result)
    sections = {section.key: section for section in document.sections}
    assert "missing_items" in [table.key for table in sections["appendix"].tables]
    assert "missing_patterns" in [table.key for table in sections["quality"].tables]
    drawn = [figure for figure in document.figures if figure.after == "missing_items"]
    assert len(drawn) == 1
    assert sections["quality"].figures == drawn


def test_a_registration_is_named_in_the_findings(result: StudyResult) -> None:
    sealed = RegistrationResult("2026-01-02T03:04:05Z", "ab" * 32, True, (), ())
    document = study_document(replace(result, registration=sealed))
    said = document.sections[0].sentences[0]
    assert said.text.en == "As registered on 2026-01-02."
    assert said.source == "registration"
    assert "registration" in [table.key for table in document.tables]


def test_a_study_without_factors_or_regressions_has_its_report(study_folder: Path) -> None:
    bare = _study(study_folder, lambda text: text[: text.index("[factors]")])
    document = study_document(bare)
    keys = [section.key for section in document.sections]
    assert keys == [
        "findings",
        "sample",
        "quality",
        "methods",
        "codebook",
        "second_opinion_section",
        "references",
        "provenance_section",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_reads_as_the_golden_one(document: Document, lang: Lang) -> None:
    text = _as_text(document, lang)
    path = GOLDEN / f"contents.{lang}.txt"
    if os.environ.get("SOCIALCAP_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


_VARYING = ("provenance", "second_opinion")
"""Tables that hold versions, hashes and rounding errors of a machine."""


def _as_text(document: Document, lang: Lang) -> str:
    """The report as plain text, the appendix by its titles, without what differs from machine to machine."""
    names = captions(document)
    lines = [document.title(lang), document.note(lang)]
    for section in document.sections:
        lines += ["", f"# {section.heading(lang)}"]
        for block in section.blocks:
            if isinstance(block, Heading):
                lines += ["", f"## {block.text(lang)}"]
            elif isinstance(block, Paragraph):
                kept = [s for s in block.sentences if s.source not in _VARYING]
                lines += ["", *(s.text(lang) for s in kept)] if kept else []
            elif isinstance(block, Table):
                whole = section.key != "appendix" and block.key not in _VARYING
                shown = block.to_text(lang) if whole else block.title(lang)
                lines += ["", f"{names[block.key](lang)} {shown}"]
            else:
                lines += ["", f"{names[block.key](lang)} {block.title(lang)}", block.alt(lang)]
    return "\n".join(line.rstrip() for line in lines) + "\n"
