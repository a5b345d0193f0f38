"""SPSS (.sav, .zsav) and Stata (.dta) files: codes as text, with labels and declared missing values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat

from socialcap.codebook import MissingKind
from socialcap.errors import Problem, UnreadableError
from socialcap.survey.formats.grid import Grid, cell_text, text_table
from socialcap.survey.formats.sav_dictionary import dictionary_faults
from socialcap.survey.raw import RawColumn, SourceFile

READERS = {"sav": pyreadstat.read_sav, "dta": pyreadstat.read_dta}
PROGRAMS = {"sav": "SPSS", "dta": "Stata"}
TAGGED_STATA = b"<stata_dta>"


def read_labelled(path: Path, data: bytes, source: SourceFile, encoding: str = "auto") -> Grid:
    """The cases of an SPSS or Stata file: codes, not labels, as text; a system-missing value is "".

    Question labels, value labels and declared missing codes (ranges are spelled out by the codes that occur
    or are labelled; Stata's .a to .z keep their names) go to `Grid.described`. Raises UnreadableError.
    """
    frame, meta, codec = _read(path, data, source, encoding)
    texts = []
    columns = []
    for position, name in enumerate(meta.column_names):
        lettered = name in (meta.missing_user_values or {})
        single = meta.readstat_variable_types.get(name) == "float"
        cells = _texts(frame.iloc[:, position], lettered, single)
        texts.append(cells)
        columns.append(_column(name, meta, cells))
    return Grid(
        source=replace(source, encoding=codec, header_rows=0),
        cells=text_table(texts),
        row_numbers=np.arange(1, len(frame) + 1, dtype=np.int64),
        described=tuple(columns),
    )


def _read(path: Path, data: bytes, source: SourceFile, encoding: str) -> tuple[pd.DataFrame, Any, str]:
    refused = f"{source.path} cannot be read as {PROGRAMS[source.format]} data"
    faults = _known_faults(data, source)
    if faults:
        raise UnreadableError(refused, faults)
    failure = ""
    for codec in (None, "GB18030") if encoding == "auto" else (encoding,):
        try:
            frame, meta = READERS[source.format](str(path), user_missing=True, encoding=codec)
        except Exception as error:
            # Bytes that make no sense end the reader in errors of any kind.
            failure = str(error)
            if "convert string" not in failure and not isinstance(error, UnicodeDecodeError):
                break
        else:
            if None in meta.column_names:
                failure = "a variable has no name"
                break
            return frame, meta, (codec or meta.file_encoding or "").lower()
    raise UnreadableError(refused, _diagnosis(source, failure))


def _texts(column: pd.Series, lettered: bool, single: bool) -> pa.Array:
    codes, uniques = pd.factorize(column.astype(object) if column.dtype == object else column)
    texts = [_text(value, lettered, single) for value in uniques]
    return pa.array(np.array([*texts, ""], dtype=object)[codes], pa.string())


def _text(value: Any, lettered: bool, single: bool) -> str:
    if lettered and isinstance(value, str):
        return f".{value}"
    if single and isinstance(value, float | np.floating) and not float(value).is_integer():
        # Stata's float holds seven digits; as a double 0.1 would show seventeen.
        return str(np.float32(value))
    return cell_text(value)


def _column(name: str, meta: Any, cells: pa.Array) -> RawColumn:
    lettered = name in (meta.missing_user_values or {})
    labels = {
        _text(code, lettered, False): str(label)
        for code, label in meta.variable_value_labels.get(name, {}).items()
    }
    return RawColumn(
        key=name,
        header=name,
        label=meta.column_names_to_labels.get(name) or "",
        value_labels=MappingProxyType(labels),
        missing=MappingProxyType(_missing(name, meta, cells, labels)),
    )


def _missing(name: str, meta: Any, cells: pa.Array, labels: Mapping[str, str]) -> dict[str, MissingKind]:
    """Declared missing codes; what they mean is not in the file, so they count as refused or don't know."""
    codes = [f".{letter}" for letter in (meta.missing_user_values or {}).get(name, [])]
    occurring = [*labels, *cells.unique().to_pylist()]
    for span in (meta.missing_ranges or {}).get(name, []):
        low, high = span["lo"], span["hi"]
        if low == high:
            codes.append(cell_text(low))
        else:
            codes += [text for text in occurring if _within(text, low, high)]
    return {code: MissingKind.REFUSED for code in dict.fromkeys(codes)}


def _within(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False


def _known_faults(data: bytes, source: SourceFile) -> list[Problem]:
    """What is wrong with the file by its own structure; the reader would not say so, or not survive it."""
    if source.format == "sav":
        return dictionary_faults(data, source.path)
    if data.startswith(TAGGED_STATA) and not data.rstrip(b"\r\n\0").endswith(b"</stata_dta>"):
        return [Problem("the file has been cut off: its closing mark is missing", source.path)]
    return []


def _diagnosis(source: SourceFile, failure: str) -> list[Problem]:
    """The reader's complaint in the user's terms."""
    if "convert string" in failure:
        message = "texts are in another encoding than the file says"
        return [Problem(message, source.path, expected="the encoding to be stated")]
    if "expected number of rows" in failure or "Unable to read" in failure:
        return [Problem("the file has been cut off: it ends before its last case", source.path)]
    return [Problem(f"the file is damaged or of an unknown version ({failure})", source.path)]
