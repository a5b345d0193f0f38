"""Lists that name a variable twice, and correlations that rounding carries past one."""

import numpy as np
import pandas as pd
import pytest

import socialcap as sc
from socialcap.errors import UsageError
from socialcap.kernels.descriptives import correlation_p_values


def test_a_perfect_correlation_has_a_p_value_whatever_the_rounding() -> None:
    r = np.array([1.0, -1.0, np.nextafter(1.0, 2.0), 1.0])
    p = correlation_p_values(r, np.array([10.0, 10.0, 10.0, 2.0]))
    assert p[:3].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(p[3])


def test_every_variable_that_stands_twice_is_named() -> None:
    data = pd.DataFrame({"a": [40.0, 60.0, 50.0], "b": [60.0, 40.0, 50.0]})
    with pytest.raises(UsageError) as refused:
        sc.profile(data, ["a", "b", "a"], funding=["a", "b"], describe=["b", "b"])
    named = [(problem.column, problem.message) for problem in refused.value.problems]
    assert named == [("a", "stands twice"), ("b", "stands twice")]
