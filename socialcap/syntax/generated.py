"""Design columns as variables that SPSS and Stata generate, each defined once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from socialcap.syntax.design import DesignColumn, Dialect, Level, variables_of
from socialcap.syntax.frame import FileColumn, legal_names

DummyWriter = Callable[[FileColumn, object], str]


@dataclass(frozen=True, slots=True)
class Definition:
    """A variable to generate: its name, the expression in the program's words, the variables it reads."""

    name: str
    expression: str
    reads: tuple[FileColumn, ...]


@dataclass
class Generated:
    """Names of design columns: a variable of the file has its own, another is generated when first met."""

    columns: Sequence[FileColumn]
    dialect: Dialect
    dummy: DummyWriter
    made: dict[str, str] = field(default_factory=dict)

    def of(self, headings: Iterable[object]) -> list[str]:
        """The names of variables of the file."""
        known = {one.heading: one.name for one in self.columns}
        return [known[str(heading)] for heading in headings]

    def name(self, column: DesignColumn) -> tuple[str, Definition | None]:
        """The name of a design column, and its definition where it is a new one.

        Raises NotTranslated for an expression that the program cannot write.
        """
        known = {one.heading: one for one in self.columns}
        if column.plain is not None and known[column.plain].numeric:
            return known[column.plain].name, None
        written = " * ".join(
            self.dummy(known[part.variable], part.level)
            if isinstance(part, Level)
            else self.dialect.write(part)
            for part in column.parts
        )
        return self.define(written, column.short_name, [known[name] for name in variables_of([column])])

    def level(self, heading: str, level: object) -> tuple[str, Definition | None]:
        """The 0/1 variable of one level of a variable."""
        known = {one.heading: one for one in self.columns}[heading]
        return self.define(self.dummy(known, level), f"{heading}_{level}", [known])

    def define(self, written: str, wanted: str, reads: Sequence[FileColumn]) -> tuple[str, Definition | None]:
        """A variable of an expression, under a name like the one wanted; no definition where it has one."""
        if written in self.made:
            return self.made[written], None
        taken = [*(one.name for one in self.columns), *self.made.values()]
        name = legal_names([wanted], taken).popitem()[1]
        self.made[written] = name
        return name, Definition(name, written, tuple(reads))
