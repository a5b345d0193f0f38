"""The codebook as people fill it in: sheets `variables` and `values`, in one workbook or as two CSV files."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from socialcap.codebook.checks import Places, check_codebook
from socialcap.codebook.folding import fold, tidy
from socialcap.codebook.missing_codes import format_missing, parse_kind, parse_missing
from socialcap.codebook.model import (
    SPELLINGS,
    Codebook,
    Item,
    ItemType,
    MissingKind,
    Option,
    Role,
    ValueList,
)
from socialcap.codebook.ranges import as_number, code_text
from socialcap.codebook.sheets import (
    Layout,
    Sheet,
    csv_bytes,
    read_csv_sheet,
    read_sheets,
    workbook_bytes,
)
from socialcap.errors import CodebookError, Problem, nearest
from socialcap.results import Text
from socialcap.writing import write_files

VARIABLES = "variables"
VALUES = "values"
VARIABLE_COLUMNS = (
    "name",
    "source",
    "label_en",
    "label_zh",
    "type",
    "values",
    "min",
    "max",
    "reverse",
    "scale",
    "missing",
    "skip_if",
    "role",
    "pii",
    "check",
    "confirm",
)
VALUE_COLUMNS = ("list", "code", "label_en", "label_zh", "missing")
_REQUIRED = {VARIABLES: ("name", "type"), VALUES: ("list", "code")}
_KNOWN = {VARIABLES: VARIABLE_COLUMNS, VALUES: VALUE_COLUMNS}

_YES = frozenset({"yes", "y", "true", "1", "x", "是", "√", "✓", "r", "(r)"})
_NO = frozenset({"", "no", "n", "false", "0", "否", "-"})

T = TypeVar("T")


# --- reading -----------------------------------------------------------------------------------------------


def read_workbook(path: Path) -> Codebook:
    """The codebook in the sheets `variables` and `values` of a workbook.

    Raises UnreadableError where the file is no workbook, CodebookError listing every mistake in it.
    """
    sheets = read_sheets(path)
    return codebook_from_sheets(
        _sheet_named(sheets, VARIABLES), _sheet_named(sheets, VALUES), path, tuple(sheets)
    )


def _sheet_named(sheets: Mapping[str, Sheet], name: str) -> Sheet | None:
    return next((sheet for title, sheet in sheets.items() if fold(title) == name), None)


def read_csv_pair(variables: Path, values: Path | None) -> Codebook:
    """The codebook in two CSV files (`values` may be absent where no item has a value list)."""
    return codebook_from_sheets(
        read_csv_sheet(variables), read_csv_sheet(values) if values is not None else None, variables
    )


def codebook_from_sheets(
    variables: Sheet | None, values: Sheet | None, path: Path, present: Sequence[str] = ()
) -> Codebook:
    """The codebook that two sheets state; CodebookError lists every mistake of both, and of what they say."""
    if variables is None:
        fault = Problem(
            f"there is no sheet {VARIABLES!r}", path.name, value=", ".join(present), expected=VARIABLES
        )
        raise CodebookError(f"{path} holds no codebook", [fault])
    problems: list[Problem] = []
    table = _table(variables, VARIABLES, problems)
    options_table = _table(values, VALUES, problems) if values is not None and values.rows else []
    items = [(row.number, _item(row)) for row in table]
    lists: dict[str, list[tuple[int, Option]]] = {}
    for row in options_table:
        lists.setdefault(row.text("list", "an option without a list"), []).append((row.number, _option(row)))
    book = Codebook(
        tuple(item for _, item in items),
        MappingProxyType(
            {name: ValueList(name, tuple(option for _, option in rows)) for name, rows in lists.items()}
        ),
        origin=str(path),
    )
    places = Places(
        variables=variables.name,
        values=values.name if values is not None else VALUES,
        item_rows=tuple(number for number, _ in items),
        option_rows={name: tuple(number for number, _ in rows) for name, rows in lists.items()},
    )
    if not items and not problems:
        problems.append(Problem("the sheet names no variables", variables.name))
    problems += _apart_from_consequences(check_codebook(book, places), problems)
    if any(problem.severity == "error" for problem in problems):
        raise CodebookError(f"the codebook {path} has mistakes", problems)
    return book


def _apart_from_consequences(found: list[Problem], known: list[Problem]) -> list[Problem]:
    """Problems without those that only say that a type which could not be read does not fit its row."""
    rows = {(p.where, p.row) for p in known if p.column == "type"}
    return [
        p
        for p in found
        if (p.where, p.row) not in rows or p.column not in ("type", "values", "reverse", "missing", "check")
    ]


@dataclass
class _Row:
    """One row of a sheet under its column names; what cannot be read is noted, not raised."""

    sheet: str
    number: int
    cells: Mapping[str, str]
    problems: list[Problem] = field(repr=False)

    def text(self, column: str, absent: str = "") -> str:
        """The cell's text; `absent` is the problem of its being empty."""
        found = self.cells.get(column, "")
        if not found and absent:
            self.problems.append(Problem(absent, self.sheet, self.number, column))
        return found

    def read(self, column: str, reader: Callable[[str], T], default: T) -> T:
        """What the reader makes of the cell; the default where the cell is empty or cannot be read."""
        found = self.cells.get(column, "")
        if not found:
            return default
        try:
            return reader(found)
        except ValueError as error:
            message, _, expected = str(error).partition("\n")
            self.problems.append(
                Problem(message, self.sheet, self.number, column, value=found, expected=expected)
            )
            return default


def _table(sheet: Sheet, kind: str, problems: list[Problem]) -> list[_Row]:
    """The rows below the header, under the names of the known columns."""
    known = _KNOWN[kind]
    if not sheet.rows:
        problems.append(
            Problem("the sheet is empty", sheet.name, expected="a header row with " + ", ".join(known))
        )
        return []
    problems.extend(
        Problem(f"cells {span} are merged; only the first of them would be read", sheet.name)
        for span in sheet.merged
    )
    number, header = sheet.rows[0]
    names = [_column_name(cell) for cell in header]
    if not set(names) & set(known):
        problems.append(_no_header(sheet, known))
        return []
    columns: dict[str, int] = {}
    body = sheet.rows[1:]
    for position, name in enumerate(names):
        if not name:
            if any(position < len(cells) and cells[position] for _, cells in body):
                problems.append(Problem(f"column {position + 1} has no header", sheet.name, number))
        elif name not in known:
            hint = nearest(name, known)
            problems.append(
                Problem(
                    "unknown column" + (f"; did you mean {hint!r}?" if hint else ""),
                    sheet.name,
                    number,
                    header[position],
                    expected="" if hint else "one of " + ", ".join(known),
                )
            )
        elif name in columns:
            problems.append(Problem("the column stands twice", sheet.name, number, name))
        else:
            columns[name] = position
    problems.extend(
        Problem(f"the column {name!r} is missing", sheet.name, number)
        for name in _REQUIRED[kind]
        if name not in columns
    )
    if any(name not in columns for name in _REQUIRED[kind]):
        return []
    for row_number, cells in body:
        if any(cells[len(header) :]):
            problems.append(Problem("the row has more cells than the header", sheet.name, row_number))
    return [
        _Row(
            sheet.name,
            row_number,
            {name: cells[i] if i < len(cells) else "" for name, i in columns.items()},
            problems,
        )
        for row_number, cells in body
    ]


def _column_name(cell: str) -> str:
    return fold(cell).replace(" ", "_").replace("-", "_")


def _no_header(sheet: Sheet, known: Sequence[str]) -> Problem:
    for number, cells in sheet.rows[1:6]:
        if len({_column_name(cell) for cell in cells} & set(known)) > 1:
            return Problem(
                f"the header stands in row {number}; delete the rows above it", sheet.name, sheet.rows[0][0]
            )
    return Problem("the first row is no header", sheet.name, sheet.rows[0][0], expected=", ".join(known))


def _item(row: _Row) -> Item:
    row.text("type", "the type is missing; write one of " + ", ".join(ItemType))
    return Item(
        name=unicodedata.normalize("NFKC", row.text("name", "a variable without a name")),
        source=row.text("source"),
        label=Text(row.text("label_en"), row.text("label_zh")),
        type=row.read("type", _type, ItemType.TEXT),
        values=row.text("values"),
        minimum=row.read("min", _number, None),
        maximum=row.read("max", _number, None),
        reverse=row.read("reverse", _yes_no, False),
        scale=row.text("scale"),
        missing=MappingProxyType(row.read("missing", parse_missing, {})),
        skip_if=row.text("skip_if"),
        role=row.read("role", _role, Role.NONE),
        pii=row.read("pii", _yes_no, False),
        check=code_text(row.text("check")),
        confirm=row.read("confirm", _confirm, ()),
    )


def _option(row: _Row) -> Option:
    kind: MissingKind | None = row.read("missing", parse_kind, None)
    code = code_text(row.text("code", "an option without a code"))
    en, zh = (_spellings(row.text(column)) for column in ("label_en", "label_zh"))
    others = (*(Text(words, "") for words in en[1:]), *(Text("", words) for words in zh[1:]))
    return Option(code, Text(en[0], zh[0]), kind, others)


def _spellings(cell: str) -> list[str]:
    """The spellings of a label in a cell, the one that is shown first."""
    return [words for part in cell.split(SPELLINGS) if (words := tidy(part))] or [""]


def _type(text: str) -> ItemType:
    return ItemType(_one_of("type", text, [kind.value for kind in ItemType]))


def _role(text: str) -> Role:
    return Role(_one_of("role", text, [role.value for role in Role if role]))


def _one_of(what: str, text: str, words: Sequence[str]) -> str:
    word = _column_name(text)
    if word in words:
        return word
    hint = nearest(word, words)
    if hint:
        raise ValueError(f"unknown {what}; did you mean {hint!r}?")
    raise ValueError(f"unknown {what}\none of {', '.join(words)}")


def _number(text: str) -> float | None:
    number = as_number(code_text(text))
    if number is None:
        raise ValueError("this is no number\na number, without unit")
    return number


def _yes_no(text: str) -> bool:
    if fold(text) in _YES:
        return True
    if fold(text) in _NO:
        return False
    raise ValueError("this is neither yes nor no\nyes, or nothing")


def _confirm(text: str) -> tuple[str, ...]:
    fields = [part for part in fold(text).replace(";", ",").replace("、", ",").replace(",", " ").split()]
    return tuple(_one_of("field to confirm", part, VARIABLE_COLUMNS) for part in dict.fromkeys(fields))


# --- writing -----------------------------------------------------------------------------------------------


def write_workbook(book: Codebook, path: Path) -> None:
    """Writes the codebook as a workbook with drop-down choices; cells to be confirmed are coloured."""
    rows = codebook_rows(book)
    marked = [
        (number, VARIABLE_COLUMNS.index(name))
        for number, item in enumerate(book, start=1)
        for name in item.confirm
        if name in VARIABLE_COLUMNS
    ]
    kinds = [kind.value for kind in MissingKind]
    layouts = {
        VARIABLES: Layout(
            {"name": 18, "source": 34, "label_en": 40, "label_zh": 34, "missing": 20, "skip_if": 24},
            {
                "type": [kind.value for kind in ItemType],
                "role": [role.value for role in Role if role],
                "reverse": ["yes", "no"],
                "pii": ["yes", "no"],
            },
            frozenset(marked),
        ),
        VALUES: Layout({"list": 18, "label_en": 40, "label_zh": 34}, {"missing": kinds}),
    }
    write_files({path: workbook_bytes(rows, layouts)})


def write_csv_pair(book: Codebook, variables: Path, values: Path) -> None:
    """Writes the codebook as two CSV files."""
    rows = codebook_rows(book)
    write_files({variables: csv_bytes(rows[VARIABLES]), values: csv_bytes(rows[VALUES])})


def codebook_rows(book: Codebook) -> dict[str, list[tuple[str, ...]]]:
    """The sheets `variables` and `values`, header first, as text cells."""
    variables = [VARIABLE_COLUMNS, *(_item_row(item) for item in book)]
    options = (
        (values.name, option.code, option.spelled("en"), option.spelled("zh"), (option.missing or ""))
        for values in book.value_lists.values()
        for option in values.options
    )
    return {VARIABLES: _tidied(variables), VALUES: _tidied([VALUE_COLUMNS, *options])}


def _tidied(rows: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(tidy(str(cell)) for cell in row) for row in rows]


def _item_row(item: Item) -> tuple[str, ...]:
    return (
        item.name,
        item.source,
        item.label.en,
        item.label.zh,
        item.type.value,
        item.values,
        _number_text(item.minimum),
        _number_text(item.maximum),
        "yes" if item.reverse else "",
        item.scale,
        format_missing(item.missing),
        item.skip_if,
        item.role.value,
        "yes" if item.pii else "",
        item.check,
        ", ".join(item.confirm),
    )


def _number_text(number: float | None) -> str:
    if number is None:
        return ""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(float(number))
