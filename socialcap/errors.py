"""What can go wrong, said in the user's terms, with the exit code the command line gives for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in something the user wrote or sent: where it stands, what stands there, what was expected.

    `where` is a file, sheet or section; `row` is the row as a spreadsheet counts it (header = 1).
    """

    message: str
    where: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    expected: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.where,
                f"row {self.row}" if self.row is not None else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        found = f" (found {self.value!r})" if self.value else ""
        expected = f"; expected {self.expected}" if self.expected else ""
        return f"{place + ': ' if place else ''}{self.message}{found}{expected}"


class SocialcapError(Exception):
    """Base of every error that socialcap raises on purpose; carries all problems found, not the first."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        self.message = message
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join([message, *(f"  {problem}" for problem in self.problems)]))


class UsageError(SocialcapError):
    """The call itself is wrong: an option, an argument, a name that does not exist."""

    exit_code = 2


class UnreadableError(SocialcapError):
    """A file cannot be read, or is not what it says it is."""

    exit_code = 3


class CodebookError(UnreadableError):
    """The codebook contradicts itself or the export."""


class StudyError(UnreadableError):
    """The study file cannot be understood."""


class DataCheckError(SocialcapError):
    """The data fail the checks that were asked for."""

    exit_code = 4


class EstimationError(SocialcapError):
    """A model cannot be estimated from these data."""

    exit_code = 5


class OutputError(SocialcapError):
    """Not everything that was asked for could be written."""

    exit_code = 6


class NotAvailableError(SocialcapError):
    """A quantity does not exist for this result; the message says why."""

    exit_code = 2


class SocialcapWarning(UserWarning):
    """Something the user should know that does not stop the analysis."""


def nearest(name: str, valid: Sequence[str]) -> str:
    """The valid name that looks most like `name`, as a hint to append to a message ("" if none is near)."""
    folded = {candidate.casefold(): candidate for candidate in valid}
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else ""
