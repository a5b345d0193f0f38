"""Files written whole or not at all, and cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

from socialcap.errors import OutputError, Problem

# East Asian spreadsheets take the wide forms for the start of a formula too
_RISKY = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula (or for one already quoted)."""
    return bool(_RISKY.match(text))


def safe_cell(text: str) -> str:
    """The text for a spreadsheet's cell: what it would take for a formula gets a leading apostrophe."""
    return "'" + text if looks_like_formula(text) and not _NUMBER.fullmatch(text) else text


def plain_cell(text: str) -> str:
    """The text that `safe_cell` was given."""
    return text[1:] if text.startswith("'") and looks_like_formula(text) else text


def write_files(files: Mapping[Path, bytes]) -> None:
    """Writes all files, or none: each is written beside its place first, and all are moved there at the end.

    Raises OutputError naming every folder or file that cannot be written.
    """
    waiting: dict[Path, Path] = {}
    problems: list[Problem] = []
    try:
        problems += _without_place({path.parent for path in files})
        for path, content in files.items() if not problems else ():
            try:
                waiting[path] = path.with_name(f".{path.name}.{uuid4().hex}")
                waiting[path].write_bytes(content)
                if path.is_dir():
                    problems.append(Problem("a folder stands in the place of this file", str(path)))
            except OSError as error:
                problems.append(Problem(f"cannot be written: {error.strerror}", str(path)))
        if problems:
            raise OutputError("nothing was written", problems)
        for path, temporary in waiting.items():
            os.replace(temporary, path)
    finally:
        for temporary in waiting.values():
            _discard(temporary)


def _without_place(folders: Iterable[Path]) -> Iterator[Problem]:
    """The folders that cannot be made, the outermost alone where several lie in one another."""
    failed: list[Path] = []
    for folder in sorted(folders):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if not any(folder.is_relative_to(other) for other in failed):
                failed.append(folder)
                yield Problem(f"the folder cannot be made: {error.strerror}", str(folder))


def _discard(temporary: Path) -> None:
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return
