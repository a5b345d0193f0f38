"""How the instrument is put to people: the words of each question, and the sections that it stands in."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from socialcap.codebook.folding import fold
from socialcap.codebook.model import Codebook, Item, ItemType, Role
from socialcap.codebook.ranges import as_number
from socialcap.codebook.sheets import Sheet, read_csv_sheet, read_sheets
from socialcap.errors import CodebookError, Problem, nearest
from socialcap.results import Text

QUESTIONS = "questions"
SECTIONS = "sections"
# The row of the sheet `sections` that holds the form's own title and opening words.
WHOLE = "form"
_COLUMNS = {
    QUESTIONS: ("name", "section", "question_en", "question_zh", "required"),
    SECTIONS: ("name", "heading_en", "heading_zh", "text_en", "text_zh", "total"),
}
_MARKS = {"": False, "no": False, "否": False, "yes": True, "是": True}
# Fewer answers than this are no scale of agreement or frequency, to be asked as a block.
_FEWEST_STEPS = 4
# What the form or the interviewer notes by itself, and no one is asked.
_NOT_ASKED = frozenset((Role.START_TIME, Role.END_TIME, Role.DURATION))


@dataclass(frozen=True, slots=True)
class Question:
    """The words in which a variable is asked, the section it stands in, whether the form insists on it."""

    words: Text
    section: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the form; where `total` is given, the numbers answered in it add up to it."""

    name: str
    heading: Text = Text()
    text: Text = Text()
    total: float | None = None


@dataclass(frozen=True)
class Form:
    """The wording of an instrument beside its codebook, which keeps the order of the questions."""

    title: Text = Text()
    text: Text = Text()
    sections: Mapping[str, Section] = field(default_factory=lambda: MappingProxyType({}))
    questions: Mapping[str, Question] = field(default_factory=lambda: MappingProxyType({}))

    def words(self, item: Item) -> Text:
        """What respondents read: the question, or the variable's label where none is written."""
        question = self.questions.get(item.name)
        return question.words if question is not None and question.words else item.label

    def required(self, item: Item) -> bool:
        """Whether the form does not go on without an answer."""
        question = self.questions.get(item.name)
        return question is not None and question.required

    def parts(self, book: Codebook) -> list[tuple[Section, tuple[Item, ...]]]:
        """The questions of the codebook by section, in order; what no one is asked is left out."""
        asked = [item for item in book if item.role not in _NOT_ASKED]
        return [
            (self.sections.get(name, Section(name)), tuple(items))
            for name, items in groupby(asked, key=self._section)
        ]

    def _section(self, item: Item) -> str:
        question = self.questions.get(item.name)
        return question.section if question is not None else ""


def blocks(items: Sequence[Item], book: Codebook) -> list[tuple[Item, ...]]:
    """Questions as they are laid out: neighbours answered on one scale make a block, others stand alone."""
    return [tuple(run) for _, run in groupby(items, key=lambda item: _scale_of(item, book) or item.name)]


def _scale_of(item: Item, book: Codebook) -> tuple[str, str] | None:
    """The answering scale of an ordinal question and when it is not asked; None where there is no scale."""
    steps = book.value_lists[item.values].codes if item.values in book.value_lists else ()
    scaled = item.type is ItemType.ORDINAL and len(steps) >= _FEWEST_STEPS
    return (item.values, item.skip_if) if scaled else None


def skip_terms(item: Item) -> tuple[str, ...]:
    """The conditions of a skip rule, any of which is enough for the question not to be asked."""
    if not item.skip_if:
        return ()
    try:
        rule = ast.parse(item.skip_if.strip(), mode="eval").body
    except SyntaxError:
        return (item.skip_if,)
    if isinstance(rule, ast.BoolOp) and isinstance(rule.op, ast.Or):
        return tuple(map(ast.unparse, rule.values))
    return (ast.unparse(rule),)


def shared_terms(items: Sequence[Item]) -> tuple[str, ...]:
    """The conditions under which none of several questions is asked."""
    first, *others = [skip_terms(item) for item in items]
    return tuple(term for term in first if all(term in terms for terms in others))


def read_form(path: str | Path, book: Codebook) -> Form:
    """The wording that stands beside a codebook, in its sheets `questions` and `sections`.

    `path` is where the codebook was read from: a folder (or one CSV file of it), or a workbook. Where it has
    no such sheets the labels are the questions. Raises CodebookError with every mistake: unknown variables
    and sections, sections that are not in one piece, a total of something that is no number.
    """
    path = Path(path)
    sheets = _sheets(path)
    problems: list[Problem] = []
    sections, whole = _sections(sheets.get(SECTIONS), problems)
    questions = _questions(sheets.get(QUESTIONS), book, sections, problems)
    form = Form(whole.heading, whole.text, MappingProxyType(sections), MappingProxyType(questions))
    if not problems:
        problems += _misplaced(form, book)
    if problems:
        raise CodebookError(f"the wording beside the codebook {path} has mistakes", problems)
    return form


def _sheets(path: Path) -> dict[str, Sheet]:
    if path.suffix.casefold() == ".csv" or path.is_dir():
        folder = path if path.is_dir() else path.parent
        files = {name: folder / f"{name}.csv" for name in _COLUMNS}
        return {name: read_csv_sheet(file) for name, file in files.items() if file.exists()}
    if path.suffix.casefold() in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"):
        return {fold(name): sheet for name, sheet in read_sheets(path).items() if fold(name) in _COLUMNS}
    return {}


def _sections(sheet: Sheet | None, problems: list[Problem]) -> tuple[dict[str, Section], Section]:
    found: dict[str, Section] = {}
    whole = Section(WHOLE)
    for number, row in _rows(sheet, SECTIONS, problems):
        total = as_number(row["total"]) if row["total"] else None
        if row["total"] and total is None:
            problems.append(Problem("this is no number", SECTIONS, number, "total", row["total"]))
        section = Section(
            row["name"],
            Text(row["heading_en"], row["heading_zh"]),
            Text(row["text_en"], row["text_zh"]),
            total,
        )
        if section.name == WHOLE:
            whole = section
        else:
            found[section.name] = section
    return found, whole


def _questions(
    sheet: Sheet | None, book: Codebook, sections: Mapping[str, Section], problems: list[Problem]
) -> dict[str, Question]:
    found: dict[str, Question] = {}
    names = [item.name for item in book]
    for number, row in _rows(sheet, QUESTIONS, problems):
        if row["name"] not in book:
            problems.append(_unknown("variable", row["name"], names, number, "name"))
        if row["section"] and row["section"] not in sections:
            problems.append(_unknown("section", row["section"], list(sections), number, "section"))
        mark = fold(row["required"])
        if mark not in _MARKS:
            problems.append(
                Problem("this is neither yes nor no", QUESTIONS, number, "required", mark, "yes, or nothing")
            )
        words = Text(row["question_en"], row["question_zh"])
        found[row["name"]] = Question(words, row["section"], _MARKS.get(mark, False))
    return found


def _unknown(what: str, name: str, known: Sequence[str], row: int, column: str) -> Problem:
    hint = nearest(name, known)
    message = f"unknown {what}" + (f"; did you mean {hint!r}?" if hint else "")
    return Problem(message, QUESTIONS, row, column, name)


def _rows(sheet: Sheet | None, kind: str, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows under the names of the known columns; each is named, and named once."""
    if sheet is None or not sheet.rows:
        return
    known = _COLUMNS[kind]
    (first, titles), *body = sheet.rows
    header = [fold(title).replace(" ", "_") for title in titles]
    for title in header:
        if title and (title not in known or header.count(title) > 1):
            message = "the column stands twice" if title in known else "unknown column"
            problems.append(Problem(message, kind, first, title, expected="one of " + ", ".join(known)))
    if "name" not in header:
        problems.append(Problem("the column 'name' is missing", kind, first))
        return
    taken: set[str] = set()
    for number, cells in body:
        row = dict.fromkeys(known, "") | dict(zip(header, cells, strict=False))
        if not row["name"] or row["name"] in taken:
            message = "the name stands already" if row["name"] else "a row without a name"
            problems.append(Problem(message, kind, number, "name", row["name"]))
            continue
        taken.add(row["name"])
        yield number, row


def _misplaced(form: Form, book: Codebook) -> Iterator[Problem]:
    """Sections that are not in one piece or share a variable's name, and totals of what is no number."""
    names = [section.name for section, _ in form.parts(book)]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        shown = name or "(none)"
        yield Problem("the section's questions do not stand together in the codebook", SECTIONS, value=shown)
    for section, items in form.parts(book):
        if section.name in book:
            yield Problem("a variable has this name", SECTIONS, column="name", value=section.name)
        texts = [item.name for item in items if not item.type.numeric or item.values]
        if section.total is not None and texts:
            message = f"the section has a total, yet {', '.join(texts)} is no number"
            yield Problem(message, SECTIONS, column="total", value=section.name)
