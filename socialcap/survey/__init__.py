"""Raw export -> Survey: reading, matching to the codebook, cleaning with a ledger, quality, missing data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from socialcap.codebook import Codebook, Role
from socialcap.plan import DerivedPart, ExcludePart, Platform, QualityPart
from socialcap.survey.clean import NO_QUALITY, clean
from socialcap.survey.draft import draft_codebook
from socialcap.survey.imputation import impute
from socialcap.survey.missing import describe_missing
from socialcap.survey.read import read_raw
from socialcap.survey.reverse_key import reverse_key_check
from socialcap.survey.survey import Survey

__all__ = [
    "Survey",
    "clean",
    "describe_missing",
    "draft_codebook",
    "impute",
    "read_raw",
    "read_survey",
    "reverse_key_check",
]


def read_survey(
    paths: str | Path | Sequence[str | Path],
    book: Codebook,
    *,
    platform: Platform = "auto",
    encoding: str = "auto",
    separator: str = "auto",
    sheet: str = "",
    combine: Literal["stack", "join"] = "stack",
    numbers: str | Path = "",
    derive: Mapping[str, DerivedPart] = MappingProxyType({}),
    quality: QualityPart = NO_QUALITY,
    exclude: Sequence[ExcludePart] = (),
    keep_personal: bool = False,
) -> Survey:
    """The cleaned survey that one or several exports hold by their codebook.

    How files are read: `read_raw`; how cells are cleaned and respondents excluded: `clean`. Files are joined
    by the codebook's id. Raises UnreadableError, CodebookError and StudyError, each with every fault found.
    """
    ids = book.with_role(Role.ID)
    raw = read_raw(
        paths,
        platform=platform,
        encoding=encoding,
        separator=separator,
        sheet=sheet,
        combine=combine,
        id_column=ids[0].header if ids else "",
        numbers=numbers,
    )
    return clean(raw, book, derive=derive, quality=quality, exclude=exclude, keep_personal=keep_personal)
