"""Sums of products over the rows that two columns share."""

import numpy as np

from socialcap.kernels.moments import moments


def test_a_column_constant_over_the_rows_of_a_pair_has_no_correlation_there() -> None:
    """Its own mean over those rows is not its origin, so that rounding is left of its squares."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(9000, 2))
    x[:, 0] = np.where(np.arange(9000) < 3155, 0.0, 1.0)
    x[3155:, 1] = np.nan
    found = moments(x)
    assert found.squares[0, 1] == 0.0 and np.isnan(found.correlation()[0, 1])
    assert found.correlation()[0, 0] == 1.0
