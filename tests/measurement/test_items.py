"""Items as numbers: the same values and complaints, however a column stores its numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from socialcap.errors import EstimationError
from socialcap.measurement.items import item_values

VALUES = np.random.default_rng(0).integers(1, 6, (30, 4)).astype(float)
FRAME = pd.DataFrame(VALUES, columns=list("abcd"))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "Int64", "object", "str"])
def test_the_type_of_a_column_does_not_matter(dtype: str) -> None:
    names, values = item_values(FRAME.astype("int64").astype(dtype), ["d", "a", "b"])
    assert names == ["d", "a", "b"]
    np.testing.assert_array_equal(values, VALUES[:, [3, 0, 1]])


def test_a_missing_value_stays_missing_and_the_frame_stays_as_it_was() -> None:
    frame = FRAME.copy()
    frame.iloc[4, 1] = np.nan
    before = frame.copy()
    _, values = item_values(frame)
    assert np.isnan(values[4, 1]) and np.isnan(values).sum() == 1
    values[:] = 0.0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("as_object", [False, True])
def test_every_faulty_item_is_named_at_once(as_object: bool) -> None:
    frame = FRAME.copy()
    frame.loc[3, "a"], frame["b"], frame["c"] = np.inf, 2.0, np.nan
    with pytest.raises(EstimationError) as caught:
        item_values(frame.astype(object) if as_object else frame)
    said = {problem.column: problem.message for problem in caught.value.problems}
    assert set(said) == {"a", "b", "c"}
    assert "infinite" in said["a"] and "same value" in said["b"] and "no value" in said["c"]


def test_a_frame_without_rows_has_items_without_values() -> None:
    with pytest.raises(EstimationError) as caught:
        item_values(FRAME.iloc[:0])
    assert len(caught.value.problems) == 4
