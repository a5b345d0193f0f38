"""Published factor solutions, from the study file or from a file beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from socialcap.claims.evidence import pattern
from socialcap.errors import Problem, StudyError
from socialcap.plan import ReferencePart

_COLUMNS = ("item", "factor")


def read_references(parts: Mapping[str, ReferencePart], folder: Path) -> dict[str, pd.DataFrame]:
    """Target loadings (p, m) of each published solution, items by factors; files are sought in `folder`.

    Raises StudyError, listing every fault: a file that is not there or cannot be read, columns that it lacks,
    loadings that are no numbers, an item that stands twice on a factor, a factor without items.
    """
    problems: list[Problem] = []
    found: dict[str, pd.DataFrame] = {}
    for name, part in parts.items():
        if part.file:
            table = _read(folder / part.file, problems)
            if table is not None:
                found[name] = table
        else:
            empty = [factor for factor, items in part.factors.items() if not items]
            problems += [Problem(f"reference {name}: the factor has no items", column=f) for f in empty]
            found[name] = pattern(part.factors)
    if problems:
        raise StudyError("a published factor solution cannot be used", problems)
    return found


def _read(path: Path, problems: list[Problem]) -> pd.DataFrame | None:
    """The file's loadings, None where it is at fault; what is wrong goes to `problems`."""
    before = len(problems)
    try:
        rows = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except FileNotFoundError:
        problems.append(Problem("there is no such file", path.name))
        return None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        problems.append(Problem(f"the file is no readable CSV: {error}", path.name))
        return None
    for column in _COLUMNS:
        if column not in rows:
            problems.append(Problem(f"the column {column!r} is missing", path.name))
    if len(problems) > before:
        return None
    rows = rows.assign(item=rows["item"].str.strip(), factor=rows["factor"].str.strip())
    for number in rows.index[(rows["item"] == "") | (rows["factor"] == "")]:
        problems.append(Problem("a row names an item and its factor", path.name, row=int(number) + 2))
    for number in rows.index[rows.duplicated(list(_COLUMNS))]:
        item = str(rows.at[number, "item"])
        problems.append(Problem("stands twice on the same factor", path.name, int(number) + 2, "item", item))
    values = pd.Series(1.0, index=rows.index)
    if "loading" in rows:
        values = pd.to_numeric(rows["loading"].str.replace("−", "-"), errors="coerce")
        for number in rows.index[values.isna()]:
            text = str(rows.at[number, "loading"])
            problems.append(Problem("is no number", path.name, int(number) + 2, "loading", text))
    if len(problems) > before:
        return None
    wide = rows.assign(loading=values).pivot(index="item", columns="factor", values="loading")
    return wide.loc[rows["item"].unique(), rows["factor"].unique()].fillna(0.0)
