"""The platforms whose exports are understood, in the order in which they are looked for.

A platform is one module with `detect(grid) -> bool` and `parse(grid) -> Parsed`, and one line below.
"""

from __future__ import annotations

from typing import Protocol

from socialcap.survey.formats.grid import Grid
from socialcap.survey.platforms import kobo, limesurvey, plain, qualtrics, surveymonkey, wjx
from socialcap.survey.platforms.grammar import Parsed

__all__ = ["PLATFORMS", "Parsed", "Platform", "detect_platform"]


class Platform(Protocol):
    """What a platform's module offers."""

    def detect(self, grid: Grid) -> bool:
        """Whether the grid is an export of this platform."""

    def parse(self, grid: Grid) -> Parsed:
        """The grid with the platform's grammar undone."""


PLATFORMS: dict[str, Platform] = {
    "qualtrics": qualtrics,
    "wjx": wjx,
    "kobo": kobo,
    "limesurvey": limesurvey,
    "surveymonkey": surveymonkey,
    "plain": plain,
}


def detect_platform(grid: Grid) -> str:
    """The first platform that recognises the grid."""
    return next(name for name, platform in PLATFORMS.items() if platform.detect(grid))
