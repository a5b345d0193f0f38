"""Parquet files: every cell as text under the column names as a header row."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from socialcap.errors import Problem, UnreadableError
from socialcap.survey.formats.grid import Grid, cell_text, text_table
from socialcap.survey.raw import SourceFile


def read_parquet(data: bytes, source: SourceFile) -> Grid:
    """The cells of a Parquet file as text, nulls as "", categories by their words.

    Raises UnreadableError for a damaged file and for columns that hold lists or records.
    """
    damaged = UnreadableError(
        f"{source.path} is damaged", [Problem("the file is not whole Parquet data", source.path)]
    )
    try:
        table = pq.read_table(io.BytesIO(data))
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        raise damaged from None
    nested = [field for field in table.schema if pa.types.is_nested(field.type)]
    if nested:
        raise UnreadableError(
            f"{source.path} has cells that hold more than one value",
            [
                Problem(
                    "a cell holds a list or a record", source.path, column=field.name, expected="one value"
                )
                for field in nested
            ],
        )
    try:
        columns = [
            pa.concat_arrays([pa.array([name], pa.string()), _texts(column)])
            for name, column in zip(table.column_names, table.itercolumns(), strict=True)
        ]
    except (pa.ArrowException, ValueError, OverflowError):
        raise damaged from None
    return Grid(
        source=source,
        cells=text_table(columns),
        row_numbers=np.arange(1, table.num_rows + 2, dtype=np.int64),
    )


def _texts(column: pa.ChunkedArray) -> pa.Array:
    """A typed column as text, each distinct value written once."""
    plain = column.combine_chunks()
    if pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type):
        return plain.cast(pa.string()).fill_null("")
    coded = plain if pa.types.is_dictionary(plain.type) else plain.dictionary_encode()
    single = pa.types.is_float32(coded.dictionary.type)
    texts = [_text(value, single) for value in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return pa.array(np.array([*texts, ""], dtype=object)[codes], pa.string())


def _text(value: Any, single: bool) -> str:
    if single and value is not None and value == value and not value.is_integer():
        return str(np.float32(value))
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    return cell_text(value)
