"""Codebooks in files of any form: which form it is, is decided by the content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from socialcap.codebook.folding import fold
from socialcap.codebook.form import read_form
from socialcap.codebook.model import Codebook
from socialcap.codebook.sheets import read_sheets
from socialcap.codebook.workbook import (
    VALUES,
    VARIABLES,
    read_csv_pair,
    read_workbook,
    write_csv_pair,
    write_workbook,
)
from socialcap.errors import UnreadableError, UsageError

_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_STATISTICS = (".sav", ".zsav", ".dta")


def read_codebook(path: str | Path) -> Codebook:
    """The codebook in a file or folder; with the questions' words, where these stand beside it.

    `path` is a workbook with the sheets `variables` and `values`; an XLSForm (sheet `survey`);
    a folder with `variables.csv` and `values.csv`, or the first of these files; or an SPSS (.sav, .zsav) or
    Stata (.dta) file, whose labels, value labels and missing codes make the codebook.

    Raises UnreadableError where the file is not what it says it is, CodebookError with every mistake of the
    codebook (sheet, row, column, what was expected), UsageError where an XLSForm is given and pyxform is not
    installed. Faults that stop nothing are not raised: `check_codebook` lists them.
    """
    path = Path(path)
    if path.is_dir():
        return _with_wordings(_read_folder(path), path)
    suffix = path.suffix.casefold()
    if suffix == ".csv":
        values = _values_beside(path)
        return _with_wordings(
            read_csv_pair(path, values if values.exists() and values != path else None), path
        )
    if suffix in _STATISTICS:
        from socialcap.codebook.statistics_files import read_statistics_file

        return read_statistics_file(path)
    if suffix not in _WORKBOOKS and path.exists():
        raise UsageError(
            f"{path} is no codebook: expected a workbook ({', '.join(_WORKBOOKS)}), a folder or file of CSV, "
            f"or {', '.join(_STATISTICS)}"
        )
    titles = {fold(title) for title in read_sheets(path, wanted=())}
    if "survey" in titles and VARIABLES not in titles:
        from socialcap.codebook.xlsform import read_xlsform

        return read_xlsform(path)
    return _with_wordings(read_workbook(path), path)


def _with_wordings(book: Codebook, path: Path) -> Codebook:
    questions = read_form(path, book).questions
    wordings = {name: question.words for name, question in questions.items() if question.words}
    return replace(book, wordings=MappingProxyType(wordings))


def _read_folder(folder: Path) -> Codebook:
    variables, values = folder / f"{VARIABLES}.csv", folder / f"{VALUES}.csv"
    if not variables.exists():
        raise UnreadableError(f"the folder {folder} holds no {variables.name}")
    return read_csv_pair(variables, values if values.exists() else None)


def _values_beside(variables: Path) -> Path:
    """`a_values.csv` for `a_variables.csv`."""
    return variables.with_name(variables.name.replace(VARIABLES, VALUES))


def write_codebook(book: Codebook, path: str | Path) -> None:
    """Writes the codebook as a workbook (.xlsx), as two CSV files (`…variables.csv`), or into a folder.

    `read_codebook` reads back the same codebook; the same codebook gives the same bytes. Raises OutputError
    where nothing can be written there, UsageError for another kind of file.
    """
    path = Path(path)
    suffix = path.suffix.casefold()
    if suffix == ".xlsx":
        write_workbook(book, path)
    elif suffix == ".csv" and VARIABLES in path.name:
        write_csv_pair(book, path, _values_beside(path))
    elif path.is_dir() or not suffix:
        write_csv_pair(book, path / f"{VARIABLES}.csv", path / f"{VALUES}.csv")
    else:
        raise UsageError(f"{path}: a codebook is written as .xlsx, as variables.csv, or into a folder")
