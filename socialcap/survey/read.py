"""Exports to a RawSurvey: files read, platforms recognised, several files put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from socialcap.errors import Problem, UnreadableError, UsageError
from socialcap.survey.combine import join, stack
from socialcap.survey.pairing import with_value_labels
from socialcap.survey.raw import RawSurvey
from socialcap.survey.reading import read_file


def read_raw(
    paths: str | Path | Sequence[str | Path],
    *,
    platform: str = "auto",
    encoding: str = "auto",
    separator: str = "auto",
    sheet: str = "",
    combine: Literal["stack", "join"] = "stack",
    id_column: str = "",
    numbers: str | Path = "",
) -> RawSurvey:
    """Every cell of one or several exports as text, under columns with their platform's grammar undone.

    paths       one file, or several of one survey
    combine     several files are more respondents ("stack": a column `source` names the file) or more
                questions of the same respondents ("join", matched by `id_column`)
    numbers     the same 问卷星 export with answers by number, from which value labels are taken
    Everything "auto" is detected. Raises UnreadableError with all faults of all files at once, UsageError
    for options that do not exist.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    if not files:
        raise UsageError("no file to read")
    if combine not in ("stack", "join"):
        raise UsageError(f"files are combined by 'stack' or 'join', not {combine!r}")
    parts = _read_all([*files, *([numbers] if numbers else [])], platform, encoding, separator, sheet)
    by_number = parts.pop() if numbers else None
    raw = parts[0] if len(parts) == 1 else stack(parts) if combine == "stack" else join(parts, id_column)
    if by_number is None:
        return raw
    if raw.platform != "wjx" or by_number.platform != "wjx" or len(parts) > 1:
        raise UsageError("an export by number pairs with a single 问卷星 export by text")
    return with_value_labels(raw, by_number)


def _read_all(
    files: Sequence[str | Path], platform: str, encoding: str, separator: str, sheet: str
) -> list[RawSurvey]:
    """All files read; the faults of all of them are raised together."""
    parts: list[RawSurvey] = []
    messages: list[str] = []
    problems: list[Problem] = []
    for path in files:
        try:
            reading = read_file(path, platform=platform, encoding=encoding, separator=separator, sheet=sheet)
        except UnreadableError as error:
            messages.append(error.message)
            problems += error.problems
            continue
        parts.append(reading.raw)
        if reading.problems:
            messages.append(f"{Path(path).name} cannot be used as it is")
            problems += reading.problems
    if messages:
        raise UnreadableError("; ".join(messages), problems)
    return parts
