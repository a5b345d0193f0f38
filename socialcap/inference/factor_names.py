"""Factors with items of their own, as the user names them: checked once, everything wrong said together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from socialcap.errors import Problem, UsageError, nearest


def require_measurement(
    frame: pd.DataFrame, measurement: Mapping[str, Sequence[str]], fewest: int
) -> list[str]:
    """The items of all factors in order.

    Raises UsageError for items that do not exist (with the nearest name), factors with fewer than `fewest`
    items, items of two factors, and factors named like a column.
    """
    columns = list(map(str, frame.columns))
    items = [str(item) for own in measurement.values() for item in own]
    problems: list[Problem] = []
    if not measurement:
        problems.append(Problem("no factor is given"))
    for factor, own in measurement.items():
        if factor in columns:
            problems.append(Problem("is a factor and a column of the data", column=factor))
        if isinstance(own, str) or len(own) < fewest:
            problems.append(Problem(f"has too few items; {fewest} at least identify it", column=factor))
    for item in dict.fromkeys(items):
        if item not in columns:
            hint = nearest(item, columns)
            problems.append(
                Problem(f"there is no item {item!r}" + (f"; did you mean {hint!r}?" if hint else ""))
            )
        elif items.count(item) > 1:
            problems.append(Problem("belongs to more than one factor", column=item))
    if problems:
        raise UsageError("the factors cannot be measured", problems)
    return items
