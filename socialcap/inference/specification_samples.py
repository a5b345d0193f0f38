"""The rows that each cleaning rule leaves, and their places among all rows that are resampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from socialcap.errors import EstimationError, UsageError
from socialcap.inference.rows import Rows, complete_rows, groups
from socialcap.inference.specification_reasons import Refusal, refusal
from socialcap.inference.specification_replicates import Sample
from socialcap.kernels import IntArray
from socialcap.measurement.items import item_values


@dataclass(frozen=True)
class Samples:
    """Data by cleaning rule, reduced to the rows with all items, the main rule first.

    refused: rules that leave nothing to analyse, with the reason; n: rows of any rule; clusters (n,): theirs.
    """

    frames: Mapping[str, pd.DataFrame]
    kernel: Mapping[str, Sample]
    refused: Mapping[str, Refusal]
    n: int
    clusters: IntArray | None


def samples_of(
    data: Mapping[str, pd.DataFrame], items: Sequence[str], clusters: str | None = None
) -> Samples:
    """The samples of all cleaning rules; a row label stands for the same respondent in all of them.

    Raises UsageError where labels occur twice in one of several frames, or clusters do not fit; UsageError
    and EstimationError where the items of the first frame cannot be analysed.
    """
    several = len(data) > 1
    if twice := [name for name, frame in data.items() if several and not frame.index.is_unique]:
        raise UsageError("row labels must be unique to be compared; not so in " + ", ".join(twice))
    frames: dict[str, pd.DataFrame] = {}
    refused: dict[str, Refusal] = {}
    for name, frame in data.items():
        try:
            frames[name] = complete_rows(frame, items, []).frame
        except EstimationError as error:
            if not frames:
                raise
            refused[name] = refusal(error)
    first = next(iter(frames.values()))
    union, place = first.index, {next(iter(frames)): np.arange(len(first))}
    for name, frame in list(frames.items())[1:]:
        union = union.append(frame.index.difference(union, sort=False))
        place[name] = union.get_indexer(frame.index)
    kernel = {name: Sample(place[name], item_values(frame, items)[1]) for name, frame in frames.items()}
    return Samples(frames, kernel, refused, len(union), _clusters(data, frames, place, clusters, len(union)))


def _clusters(
    data: Mapping[str, pd.DataFrame],
    frames: Mapping[str, pd.DataFrame],
    place: Mapping[str, IntArray],
    clusters: str | None,
    n: int,
) -> IntArray | None:
    """Cluster numbers (n,) of all rows, each taken from the first frame that has it."""
    if clusters is None:
        return None
    labels = np.full(n, None, dtype=object)
    for name, frame in reversed(list(frames.items())):
        whole = Rows(frame, np.arange(len(frame)), pd.Series(dtype=object))
        # says what is wrong with the labels of this frame
        groups(frame, clusters, whole, "clusters")
        labels[place[name]] = frame[clusters].to_numpy(dtype=object)
    return np.asarray(pd.factorize(labels, sort=True)[0], dtype=np.int64)
