"""Harman's shares, the latent method factor and the marker correction: by hand, against lavaan, by recovery.

The method factor's chi-square compares to lavaan's at 1e-5 (its optimiser's tolerance); closed forms at
1e-12.
"""

import numpy as np
import pytest
from scipy.stats import t as student

from socialcap.kernels.method_bias import (
    harman,
    marker_adjusted,
    marker_upper,
    method_factor,
    smallest_positive,
)


def test_harman_of_equal_correlations_is_known() -> None:
    # Eigenvalues of equal correlations r: 1 + (p - 1) r once; one factor takes r of every item.
    corr = np.full((6, 6), 0.4) + 0.6 * np.eye(6)
    shares = harman(np.stack([corr, corr]))
    np.testing.assert_allclose(shares.component, [3.0 / 6.0] * 2, atol=1e-12)
    np.testing.assert_allclose(shares.factor, [0.4] * 2, atol=1e-8)


def test_component_share_is_never_below_the_factor_share(confirmatory) -> None:
    cov = np.array(confirmatory["moments"]["all"]["cov"])
    deviation = np.sqrt(np.diag(cov))
    shares = harman(cov / np.outer(deviation, deviation))
    assert 1.0 > float(shares.component) > float(shares.factor) > 0.0


def test_method_factor_is_lavaan(confirmatory, three_factors) -> None:
    moments = confirmatory["moments"]["all"]
    found = method_factor(three_factors, 301.0, np.array(moments["mean"]), np.array(moments["cov"]))
    reference, traits = confirmatory["orthogonal_method"]["fit"], confirmatory["std_lv"]["fit"]
    assert found.both.chi2 == pytest.approx(reference["chisq"], abs=1e-5)
    assert found.test.chi2 == pytest.approx(traits["chisq"] - reference["chisq"], abs=1e-5)
    assert found.test.df == 1
    method = [
        record["est.std"]
        for record in confirmatory["orthogonal_method"]["std"]
        if record["op"] == "=~" and record["lhs"] == "method"
    ]
    # The solution is improper and flat: lavaan stops 3e-4 from the optimum.
    np.testing.assert_allclose(np.abs(found.method_loadings), np.abs(method), atol=5e-4)
    assert found.both.heywood


def method_population(trait: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Pattern (12, 3) and covariance with trait loadings by place in the block, method loadings of .4."""
    pattern = np.kron(np.eye(3, dtype=bool), np.ones((4, 1), dtype=bool))
    loadings = np.where(pattern, np.tile(trait, 3)[:, None], 0.0)
    common = loadings @ (0.3 + 0.7 * np.eye(3)) @ loadings.T + 0.16
    return pattern, common + np.diag(1.0 - np.diag(common))


@pytest.mark.parametrize("equal", [True, False])
def test_method_factor_recovers_its_share(equal: bool) -> None:
    pattern, cov = method_population([0.8, 0.7, 0.5, 0.4])
    found = method_factor(pattern, 500.0, np.zeros(12), cov, equal=equal)
    assert found.both.converged and found.both.identified and not found.both.heywood
    assert found.both.chi2 == pytest.approx(0.0, abs=1e-8)
    assert found.test.chi2 > 0.0 and found.test.df == (1 if equal else 12)
    assert found.method_share == pytest.approx(0.16, abs=1e-6)
    assert found.trait_share == pytest.approx((0.64 + 0.49 + 0.25 + 0.16) / 4.0, abs=1e-6)


def test_method_factor_that_correlated_traits_can_mimic_is_flagged() -> None:
    # Equal loadings everywhere: what items of different blocks share is trait correlation or method, at will.
    pattern, cov = method_population([0.6, 0.6, 0.6, 0.6])
    found = method_factor(pattern, 500.0, np.zeros(12), cov)
    assert not found.both.identified


def test_marker_by_hand() -> None:
    corr = np.array([[1.0, 0.5], [0.5, 1.0]])
    found = marker_adjusted(corr, 0.2, 103.0)
    adjusted = 0.3 / 0.8
    assert found.corr[0, 1] == pytest.approx(adjusted, abs=1e-12)
    statistic = adjusted / np.sqrt((1.0 - adjusted**2) / 100.0)
    assert found.statistic[1, 0] == pytest.approx(statistic, abs=1e-12)
    assert found.p_value[0, 1] == pytest.approx(2.0 * student.sf(statistic, 100), abs=1e-12)
    assert found.corr[0, 0] == 1.0 and found.p_value[1, 1] == 0.0


def test_marker_in_batches() -> None:
    rng = np.random.default_rng(1)
    batch = np.stack([np.corrcoef(rng.normal(size=(40, 4)), rowvar=False) for _ in range(5)])
    markers = rng.uniform(0.0, 0.3, 5)
    together = marker_adjusted(batch, markers, 40.0)
    for k in range(5):
        np.testing.assert_allclose(together.corr[k], marker_adjusted(batch[k], float(markers[k]), 40.0).corr)


def test_marker_removes_what_method_added() -> None:
    # Lindell and Whitney's model: r = r_true (1 - r_M) + r_M.
    true = np.array([[1.0, 0.3, 0.0], [0.3, 1.0, 0.1], [0.0, 0.1, 1.0]])
    seen = true * 0.85 + 0.15
    np.fill_diagonal(seen, 1.0)
    np.testing.assert_allclose(marker_adjusted(seen, 0.15, 200.0).corr, true, atol=1e-12)


def test_smallest_positive() -> None:
    values = np.array([[0.3, -0.1, 0.05, 0.2], [-0.3, -0.1, -0.05, -0.2]])
    np.testing.assert_allclose(smallest_positive(values), [0.05, 0.0])
    np.testing.assert_allclose(smallest_positive(values, 2), [0.2, 0.0])
    assert smallest_positive(np.array([0.4]), 2) == 0.0


def test_marker_upper_is_fishers_bound() -> None:
    assert marker_upper(0.1, 103.0) == pytest.approx(
        np.tanh(np.arctanh(0.1) + 1.6448536269514722 / 10.0), abs=1e-10
    )
    assert marker_upper(0.1, 103.0, 0.5) == pytest.approx(0.1, abs=1e-12)
