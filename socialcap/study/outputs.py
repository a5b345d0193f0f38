"""What a run leaves in its folder: every number as JSON, the cleaned data, the ledger, who was left out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd

from socialcap.results import StudyResult
from socialcap.survey.ledger import write_csv
from socialcap.writing import write_files


def run_files(result: StudyResult) -> dict[str, bytes]:
    """The files of a run by name; the same bytes for the same inputs, seed and machine.

    Where the study has a note, such as that its data are simulated, the frames carry it as their last column.
    """
    survey = result.survey
    data, ledger, exclusions, missing = (
        frame.assign(note=result.note("en")) if result.note else frame
        for frame in (result.data, survey.ledger, survey.exclusions, survey.missing.loc[result.data.index])
    )
    return {
        "results.json": to_json(result.to_dict()),
        "cleaned.csv": _csv(data.apply(_whole), index=True),
        "cleaned.parquet": _parquet(data),
        "changes.csv": _csv(ledger),
        "exclusions.csv": _csv(exclusions),
        "missing.csv": _csv(missing, index=True),
    }


def write_run(result: StudyResult, folder: str | Path) -> list[Path]:
    """Write a run's files into `folder`, all or none; returns their paths.

    Raises OutputError if the folder cannot be written.
    """
    files = {Path(folder) / name: content for name, content in run_files(result).items()}
    write_files(files)
    return list(files)


def to_json(value: object) -> bytes:
    """JSON as every output writes it: readable, sorted as given, no NaN."""
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _whole(column: pd.Series) -> pd.Series:
    """Whole numbers as such: 2010 and not 2010.0."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return column
    present = column.dropna()
    return (
        column.astype("Int64")
        if (present == present.round()).all() and present.abs().max() < 2**53
        else column
    )


def _csv(frame: pd.DataFrame, *, index: bool = False) -> bytes:
    target = io.BytesIO()
    write_csv(frame, target, index=index)
    return target.getvalue()


def _parquet(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.to_parquet(target)
    return target.getvalue()
