"""The tables of a study, each shown once: what no section takes stands in the appendix."""

from __future__ import annotations

from collections.abc import Iterable

from socialcap.report.blocks import Block, Section
from socialcap.results import StudyResult, Table, Text

_MOST_ROWS = 24
"""Of a table in the text; a longer one fills a page."""


class Stock:
    """Tables by key, taken from by the sections in reading order."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._left = {table.key: table for table in tables}

    @classmethod
    def of(cls, result: StudyResult) -> Stock:
        """All tables of a study."""
        found = list(result.tables())
        for step in (result.claims, result.registration, *result.specifications):
            found += step.tables() if step else []
        return cls(found)

    def take(self, *keys: str) -> list[Table]:
        """The tables of these keys that there are and that nobody has taken, in the order of the keys."""
        return [self._left.pop(key) for key in keys if key in self._left]

    def short(self, *keys: str) -> list[Table]:
        """As `take`, of tables that do not break the reading; longer ones are left for the appendix."""
        return self.take(
            *(key for key in keys if key in self._left and len(self._left[key].rows) <= _MOST_ROWS)
        )

    def take_starting(self, *starts: str) -> list[Table]:
        """The tables whose keys begin so, in their own order."""
        return self.take(*(key for key in list(self._left) if key.startswith(starts)))

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def get(self, key: str) -> Table | None:
        """A table to read numbers from; it stays where it is."""
        return self._left.get(key)

    def rest(self) -> list[Table]:
        """What nobody has taken."""
        return self.take(*list(self._left))


def section(key: str, heading: Text, blocks: Iterable[Block]) -> tuple[Section, ...]:
    """A section of the blocks; none where there are none."""
    kept = tuple(blocks)
    return (Section(key, heading, kept),) if kept else ()
