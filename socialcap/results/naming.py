"""Tables of one analysis among several of its kind: keys and titles that say which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from socialcap.results.table import Table, Text


def named_tables(tables: Iterable[Table], name: str, label: Text) -> list[Table]:
    """The tables with `name` at the end of their keys and `label` (or the name) in brackets after their titles.

    Without a name they stay as they are.
    """
    if not name:
        return list(tables)
    said = label or Text(name, name)
    title = Text("{title} ({label})", "{title}（{label}）")
    return [
        replace(table, key=f"{table.key}_{name}", title=title.format(title=table.title, label=said))
        for table in tables
    ]
