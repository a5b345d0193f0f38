"""Specification tests against R (lmtest, tseries) and statsmodels: 1e-9, the same formulas and data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.diagnostic import het_breuschpagan, het_white

from socialcap.kernels import diagnostics
from socialcap.kernels.binary import logit, probit
from socialcap.kernels.ordered import ordered_logit

from .regression_data import applications, frame, logistic_sample, quiet, r_values


def mtcars():
    d = frame("datasets", "mtcars")
    x = np.column_stack([np.ones(32), d[["wt", "hp", "qsec"]].to_numpy(float)])
    y = d["mpg"].to_numpy(float)
    return y, x, y - x @ np.linalg.lstsq(x, y, rcond=None)[0]


def test_equals_r():
    y, x, e = mtcars()
    golden = r_values()["mtcars"]
    test = diagnostics.breusch_pagan(e, x)
    assert (test.statistic, test.p_value) == pytest.approx(
        (golden["breusch_pagan"], golden["breusch_pagan_p"]), rel=1e-9
    )
    assert test.df == 3
    white = diagnostics.white_test(e, x)
    assert white.statistic == pytest.approx(golden["white"], rel=1e-9) and white.df == 9
    assert diagnostics.reset(y, x, (2, 3)).statistic == pytest.approx(golden["reset_2_3"], rel=1e-8)
    stata = diagnostics.reset(y, x, (2, 3, 4))
    assert stata.statistic == pytest.approx(golden["reset_2_4"], rel=1e-8)
    assert stata.p_value == pytest.approx(golden["reset_2_4_p"], rel=1e-8)
    assert (stata.df_numerator, stata.df_denominator) == (3, 25)
    assert diagnostics.jarque_bera(e).statistic == pytest.approx(golden["jarque_bera"], rel=1e-9)
    assert diagnostics.durbin_watson(e) == pytest.approx(golden["durbin_watson"], rel=1e-9)


def test_white_leaves_repeated_terms_out():
    """A dummy's square is itself: the degrees of freedom count the rank, as does statsmodels."""
    latent, x = logistic_sample(150, 4)
    x[:, 3] = (x[:, 3] > 0).astype(float)
    e = latent - x @ np.linalg.lstsq(x, latent, rcond=None)[0]
    ours, theirs = diagnostics.white_test(e, x), quiet(lambda: het_white(e, x))
    assert (ours.statistic, ours.p_value) == pytest.approx(theirs[:2], rel=1e-9)
    assert ours.df == 8
    breusch_pagan = diagnostics.breusch_pagan(e, x)
    assert (breusch_pagan.statistic, breusch_pagan.p_value) == pytest.approx(
        het_breuschpagan(e, x)[:2], rel=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 100.0), st.floats(-50.0, 50.0))
def test_units_do_not_matter(seed, factor, shift):
    latent, x = logistic_sample(60, 3, seed)
    e = latent - x @ np.linalg.lstsq(x, latent, rcond=None)[0]
    other = x.copy()
    other[:, 1] = factor * x[:, 1] + shift
    for a, b in (
        (diagnostics.breusch_pagan(e, x), diagnostics.breusch_pagan(factor * e, other)),
        (diagnostics.reset(latent, x, (2, 3)), diagnostics.reset(factor * latent, other, (2, 3))),
        (diagnostics.jarque_bera(e), diagnostics.jarque_bera(factor * e + shift)),
    ):
        assert a.statistic == pytest.approx(b.statistic, rel=1e-5, abs=1e-7)


def test_normality_moments():
    values = np.array([-1.0, 0.0, 1.0])
    test = diagnostics.jarque_bera(values)
    assert (test.skewness, test.kurtosis) == pytest.approx((0.0, 1.5))
    assert test.statistic == pytest.approx(3 / 6 * 1.5**2 / 4)


def test_link_test_is_the_refit_on_index_and_square():
    _, x = logistic_sample(400, 3)
    true_index = x @ np.array([-0.3, 1.0, 0.7])
    y = (true_index + 0.6 * true_index**2 + np.random.default_rng(9).logistic(size=400) > 0).astype(float)
    for kernel in (logit, probit):
        index = kernel(y, x).index
        direct = kernel(y, np.column_stack([np.ones(400), index, index**2]))
        test = diagnostics.link_test(lambda d, kernel=kernel: kernel(y, d), index)
        assert test.coefficient == pytest.approx(direct.coefficients[2], rel=1e-7)
        assert test.std_error == pytest.approx(direct.std_errors[2], rel=1e-7)
        assert test.statistic == pytest.approx(test.coefficient / test.std_error)
        assert test.p_value < 0.05


def test_link_test_of_an_ordered_model():
    y, x = applications()
    index = ordered_logit(y, x, 3).index
    test = diagnostics.link_test(lambda d: ordered_logit(y, d, 3), index, constant=False)
    direct = ordered_logit(y, np.column_stack([index, index**2]), 3)
    assert test.coefficient == pytest.approx(direct.slopes[1], rel=1e-6)
    assert test.p_value == pytest.approx(0.97586, abs=1e-4)


@pytest.mark.slow
def test_levels_under_the_null():
    """Rejections at 5 % of 400 samples of 200 rows lie within three binomial errors, .05 +- .033."""
    rng = np.random.default_rng(0)
    names = ("breusch_pagan", "reset", "jarque_bera")
    rejected = dict.fromkeys(names, 0)
    for _ in range(400):
        x = np.column_stack([np.ones(200), rng.normal(size=(200, 3))])
        y = x @ np.array([1.0, 0.5, -0.5, 0.2]) + rng.normal(size=200)
        e = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        p = (
            diagnostics.breusch_pagan(e, x).p_value,
            diagnostics.reset(y, x, (2, 3)).p_value,
            diagnostics.jarque_bera(e).p_value,
        )
        for name, value in zip(names, p, strict=True):
            rejected[name] += value < 0.05
    assert all(0.017 <= count / 400 <= 0.083 for count in rejected.values()), rejected
