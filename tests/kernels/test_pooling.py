"""Rubin's rules against figures worked out by hand from the formulas that R's mice uses.

HAND 1e-12: the figures below are exact fractions.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from socialcap.kernels.pooling import pool

HAND = 1e-12
ESTIMATES = np.array([1.0, 2.0, 3.0])
VARIANCES = np.array([0.5, 0.25, 0.75])


def test_worked_example() -> None:
    """m = 3, df of complete data 20: within 1/2, between 1, total 1/2 + 4/3 = 11/6, lam = 8/11."""
    found = pool(ESTIMATES, VARIANCES, 20.0)
    lam = Fraction(8, 11)
    old = 2 / lam**2
    observed = Fraction(21, 23) * 20 * (1 - lam)
    df = old * observed / (old + observed)
    riv = Fraction(8, 3)
    fmi = (riv + 2 / (df + 3)) / (riv + 1)
    for value, wanted in (
        (found.estimate, 2), (found.within, Fraction(1, 2)), (found.between, 1),
        (found.total, Fraction(11, 6)), (found.lam, lam), (found.riv, riv), (found.df, df), (found.fmi, fmi),
    ):  # fmt: skip
        assert float(value) == pytest.approx(float(wanted), abs=HAND)
    reach = stats.t.ppf(0.975, float(df)) * np.sqrt(11 / 6)
    np.testing.assert_allclose(found.interval(), [2 - reach, 2 + reach], atol=1e-9)
    wanted_p = 2 * stats.t.sf(2 / np.sqrt(11 / 6), float(df))
    assert float(found.p_value()) == pytest.approx(wanted_p, abs=1e-9)


def test_infinite_complete_df_gives_rubins_old_one() -> None:
    assert float(pool(ESTIMATES, VARIANCES, np.inf).df) == pytest.approx(2 * (11 / 8) ** 2, abs=HAND)


def test_equal_copies_lose_nothing_but_what_barnard_and_rubin_take() -> None:
    found = pool(np.ones((5, 2)), np.full((5, 2), 0.25), 30.0)
    np.testing.assert_allclose(found.df, 31 / 33 * 30, atol=HAND)
    np.testing.assert_allclose(found.total, 0.25, atol=HAND)
    np.testing.assert_allclose(found.riv, 0.0, atol=HAND)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 5)), min_size=2, max_size=12), st.floats(3, 500))
def test_df_lies_below_both_of_its_parts_and_batches_agree(
    copies: list[tuple[float, float]], df: float
) -> None:
    estimates, variances = (np.array(part) for part in zip(*copies, strict=True))
    found = pool(estimates, variances, df)
    assert 0 < float(found.df) <= df
    assert float(found.total) >= float(found.within)
    many = pool(np.stack([estimates, -estimates], axis=1), np.stack([variances] * 2, axis=1), df)
    np.testing.assert_allclose(many.df, float(found.df), rtol=1e-12)
    np.testing.assert_allclose(many.estimate, [found.estimate, -found.estimate], atol=1e-12)
