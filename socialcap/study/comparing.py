"""Two runs held against each other: which numbers and verdicts changed, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from socialcap.errors import Problem, UnreadableError
from socialcap.results import Text
from socialcap.results.comparison import Cause, CauseKind, Change, ComparisonResult
from socialcap.study.settings_tree import changed, settings

RESULTS_FILE = "results.json"
_PARTS = ("study", "tables", "plan", "provenance")
# what is said of the run itself is a cause, not a finding
_CAUSES_ONLY = ("provenance",)
_VERDICTS = ("claims", "verdict")


def compare(first: str | Path, second: str | Path) -> ComparisonResult:
    """What differs between the results of two runs, each a folder or its results.json.

    Tables are matched by key, rows by their label (and its occurrence where labels repeat), cells by column.
    Causes are differences of input files (by hash), settings of the study file, seed and versions; which of
    several caused a number's change is not known, and not claimed.
    Raises UnreadableError naming each file that is not the results of a run.
    """
    before, after = _read(Path(first), Path(second))
    old, new = (
        {key: table for key, table in run["tables"].items() if key not in _CAUSES_ONLY}
        for run in (before, after)
    )
    cells = [pair for key in old if key in new for pair in _cells(old[key], new[key])]
    differing = [change for change in cells if change.before != change.after]
    return ComparisonResult(
        causes=tuple(_causes(before, after)),
        verdicts=tuple(one for one in differing if (one.table, one.column) == _VERDICTS),
        changes=tuple(one for one in differing if (one.table, one.column) != _VERDICTS),
        missing=tuple(Text(**old[key]["title"]) for key in old if key not in new),
        added=tuple(Text(**new[key]["title"]) for key in new if key not in old),
        compared=len(cells),
    )


def _read(*paths: Path) -> list[dict[str, Any]]:
    runs, problems = [], []
    for path in paths:
        file = path / RESULTS_FILE if path.is_dir() else path
        try:
            run = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror}", str(file)))
            continue
        except ValueError as error:
            problems.append(Problem(f"is no JSON: {error}", str(file)))
            continue
        if isinstance(run, dict) and all(part in run for part in _PARTS):
            runs.append(run)
        else:
            problems.append(
                Problem(
                    "does not hold the results of a run",
                    str(file),
                    expected="results.json of `socialcap run`",
                )
            )
    if problems:
        raise UnreadableError("the runs cannot be compared", problems)
    return runs


def _causes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Cause]:
    """Input files, settings, seed and versions that differ."""
    one, two = before["provenance"], after["provenance"]
    kinds: tuple[tuple[CauseKind, Any, Any], ...] = (
        ("data", one["inputs"], two["inputs"]),
        ("rule", settings(before["plan"]), settings(after["plan"])),
        ("seed", {"seed": one["seed"]}, {"seed": two["seed"]}),
        ("version", one["versions"], two["versions"]),
    )
    for kind, old, new in kinds:
        # the seed is a cause of its own kind
        yield from (
            Cause(kind, *found) for found in changed(old, new) if (kind, found[0]) != ("rule", "study.seed")
        )


def _cells(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Every cell of a table in both runs, rows in the order of the first; rows that one run lacks are None."""
    first, second = _labelled(old), _labelled(new)
    columns = [*old["columns"], *(name for name in new["columns"] if name not in old["columns"])]
    for label in [*first, *(label for label in second if label not in first)]:
        one, two = first.get(label, {}), second.get(label, {})
        for column in columns:
            yield Change(old["key"], label, column, _value(one.get(column)), _value(two.get(column)))


def _labelled(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Rows by the text of their first cell, numbered where it repeats."""
    seen: Counter[str] = Counter()
    rows = {}
    for row in table["rows"]:
        label = _text(row[0]) if row else ""
        seen[label] += 1
        rows[label if seen[label] == 1 else f"{label} ({seen[label]})"] = dict(
            zip(table["columns"], row, strict=True)
        )
    return rows


def _value(cell: Any) -> Any:
    """The number of a starred cell; other cells as they are."""
    return cell["value"] if isinstance(cell, dict) and "value" in cell else cell


def _text(cell: Any) -> str:
    if isinstance(cell, dict):
        return str(cell.get("en") or cell.get("zh") or cell.get("value", ""))
    return str(cell)
