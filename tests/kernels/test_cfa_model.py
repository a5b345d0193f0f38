"""Derivatives of structural models against finite differences, and the rules by which tables are built.

Finite differences of order two with steps of 2e-6 leave errors of up to 2e-7 where third derivatives are
large.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from socialcap.kernels.cfa_likelihood import Patterns
from socialcap.kernels.cfa_ml import Likelihood
from socialcap.kernels.cfa_model import FIXED, ParameterTable, Part
from socialcap.kernels.cfa_start import starting_values
from socialcap.kernels.cfa_table import (
    LEVELS,
    ORDINAL_LEVELS,
    confirmatory_table,
    extend,
    find_row,
    fix,
    independence_table,
    release,
    saturated_table,
    tie,
)
from socialcap.kernels.cfa_wls import CovarianceStructure, LeastSquares, MomentSample, OrdinalStructure

STEP = 2e-6
TOLERANCE = 5e-7
PATTERN = np.kron(np.eye(3, dtype=bool), np.ones((3, 1), dtype=bool))
TABLES = {
    "simple": confirmatory_table(PATTERN),
    "means": confirmatory_table(PATTERN, means=True, n_groups=2),
    "scalar": confirmatory_table(PATTERN, means=True, n_groups=2, equal=LEVELS["scalar"], unit_variance=True),
    "chain": confirmatory_table(
        PATTERN, means=True, n_groups=2, equal=LEVELS["scalar"], regressions=[(1, 0), (2, 1)]
    ),
    "regression": confirmatory_table(PATTERN, unit_variance=True, regressions=[(2, 0), (2, 1)]),
    "cross": confirmatory_table(
        PATTERN | np.eye(9, 3, -1, dtype=bool), residual_covariances=[(0, 4), (7, 2)]
    ),
}


def population(n_groups: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Means (G, 9) and covariances (G, 9, 9) near a three-factor model."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_groups, 200, 3)) @ np.kron(np.eye(3), np.full((1, 3), 0.8))
    rows = rows + 0.4 * rng.normal(size=(n_groups, 200, 1)) + 0.6 * rng.normal(size=(n_groups, 200, 9)) + 1.0
    return rows.mean(1), np.stack([np.cov(part, rowvar=False, bias=True) for part in rows])


def random_theta(table: ParameterTable, seed: int) -> np.ndarray:
    """Parameters away from any optimum."""
    mean, cov = population(table.n_groups)
    return starting_values(table, cov, mean) + 0.02 * np.random.default_rng(seed).normal(size=table.n_free)


def holey_patterns(table: ParameterTable) -> Patterns:
    """Two patterns a group; complete ones where the table does not model the means."""
    mean, cov = population(table.n_groups)
    group = np.repeat(np.arange(table.n_groups), 2)
    seen = np.ones((group.size, 9))
    if table.means:
        seen[1::2, [0, 4]] = 0.0
    both = seen[:, :, None] * seen[:, None, :]
    n = np.tile([120.0, 60.0], table.n_groups)
    return Patterns(group, seen, n, mean[group] * seen, cov[group] * both, np.full(table.n_groups, 180.0))


def central(function, theta: np.ndarray) -> np.ndarray:
    """Central differences, first axis the parameters."""
    steps = STEP * np.eye(theta.size)
    return np.stack([(np.asarray(function(theta + s)) - function(theta - s)) / (2 * STEP) for s in steps])


@pytest.mark.parametrize("name", TABLES)
def test_likelihood_gradient_and_hessian(name: str) -> None:
    table = TABLES[name]
    criterion = Likelihood(table, holey_patterns(table))
    theta = random_theta(table, 1)

    def gradient(at: np.ndarray) -> np.ndarray:
        return criterion.derivatives(criterion.value(at)[1])[0]

    exact, hessian = criterion.derivatives(criterion.value(theta)[1])
    np.testing.assert_allclose(exact, central(lambda at: criterion.value(at)[0], theta), atol=TOLERANCE)
    np.testing.assert_allclose(hessian, central(gradient, theta), atol=TOLERANCE * np.abs(hessian).max())
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12 * np.abs(hessian).max())


@pytest.mark.parametrize("name", TABLES)
def test_expected_information_is_the_hessian_at_a_perfect_fit(name: str) -> None:
    table = TABLES[name]
    theta = random_theta(table, 2)
    data = holey_patterns(table)
    structure = CovarianceStructure(table)
    moments = structure.moments(theta)
    cov = np.zeros((table.n_groups, 9, 9))
    i, j = np.tril_indices(9)
    cov[:, i, j] = cov[:, j, i] = moments[:, -i.size :]
    mean = moments[:, :9] if table.means else np.zeros((table.n_groups, 9))
    both = data.seen[:, :, None] * data.seen[:, None, :]
    fitted = Patterns(
        data.group, data.seen, data.n, mean[data.group] * data.seen, cov[data.group] * both, data.group_n
    )
    criterion = Likelihood(table, fitted)
    state = criterion.value(theta)[1]
    gradient, hessian = criterion.derivatives(state)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-10)
    np.testing.assert_allclose(criterion.information(state), hessian, atol=1e-9 * np.abs(hessian).max())


@pytest.mark.parametrize("name", TABLES)
def test_covariance_jacobian(name: str) -> None:
    table = TABLES[name]
    structure, theta = CovarianceStructure(table), random_theta(table, 3)
    sample = MomentSample(structure.moments(theta), np.empty((0,)), np.full(table.n_groups, 100.0))
    jacobian = LeastSquares(structure, sample, np.ones_like(sample.moments)).jacobian(theta)
    np.testing.assert_allclose(
        np.moveaxis(jacobian, -1, 0), central(structure.moments, theta), atol=TOLERANCE
    )


@pytest.mark.parametrize("level", ORDINAL_LEVELS)
def test_ordinal_jacobian(level: str) -> None:
    table = confirmatory_table(PATTERN, n_categories=(4,) * 9, n_groups=2, equal=ORDINAL_LEVELS[level])
    structure = OrdinalStructure(table)
    theta = np.random.default_rng(4).uniform(0.4, 1.2, table.n_free)
    sample = MomentSample(structure.moments(theta), np.empty((0,)), np.full(2, 100.0))
    jacobian = LeastSquares(structure, sample, np.ones_like(sample.moments)).jacobian(theta)
    np.testing.assert_allclose(
        np.moveaxis(jacobian, -1, 0), central(structure.moments, theta), atol=TOLERANCE
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted(TABLES)))
def test_gradient_anywhere(seed: int, name: str) -> None:
    table = TABLES[name]
    criterion = Likelihood(table, holey_patterns(table))
    theta = random_theta(table, seed)
    value, state = criterion.value(theta)
    assume(np.isfinite(value))
    direction = np.random.default_rng(seed).normal(size=theta.size)
    ahead, behind = (criterion.value(theta + sign * 1e-6 * direction)[0] for sign in (1.0, -1.0))
    gradient = criterion.derivatives(state)[0]
    np.testing.assert_allclose(gradient @ direction, (ahead - behind) / 2e-6, rtol=1e-4, atol=1e-5)


def test_table_counts_as_lavaan_does() -> None:
    # Free parameters that lavaan 0.6.14 reports for the same models.
    two = {
        level: confirmatory_table(PATTERN, means=True, n_groups=2, equal=LEVELS[level]).n_free
        for level in LEVELS
    }
    assert confirmatory_table(PATTERN).n_free == 21
    assert two == {"configural": 60, "metric": 54, "scalar": 48, "strict": 39}
    assert independence_table(9, 2, True).n_free == 36
    assert saturated_table(9, 2).n_free == 108
    assert confirmatory_table(PATTERN, n_categories=(5,) * 9).n_free == 36 + 6 + 6


def test_partial_invariance_frees_only_the_released() -> None:
    released = [(Part.INTERCEPTS, 2, 0)]
    table = confirmatory_table(PATTERN, means=True, n_groups=2, equal=LEVELS["scalar"], released=released)
    row = find_row(table, released[0])
    assert table.free[0, row] != table.free[1, row]
    other = find_row(table, (Part.INTERCEPTS, 3, 0))
    assert table.free[0, other] == table.free[1, other]
    assert table.n_free == 49


def test_tie_fix_release_extend() -> None:
    table = confirmatory_table(PATTERN, unit_variance=True)
    loadings = [(Part.LOADINGS, i, 0) for i in range(3)]
    tied = tie(table, loadings)
    assert tied.n_free == table.n_free - 2
    rows = [find_row(tied, position) for position in loadings]
    assert len(set(tied.free[0, rows])) == 1
    fixed = fix(table, [loadings[0]], 0.5)
    assert fixed.n_free == table.n_free - 1
    assert fixed.value[0, find_row(fixed, loadings[0])] == 0.5
    assert release(fixed, [loadings[0]]).n_free == table.n_free
    wider = extend(table, [(Part.LOADINGS, 8, 0)])
    assert wider.n_free == table.n_free
    assert wider.free[0, find_row(wider, (Part.LOADINGS, 8, 0))] == FIXED
    with pytest.raises(KeyError):
        find_row(table, (Part.LOADINGS, 8, 0))


def test_single_indicator_takes_the_item_over() -> None:
    pattern = np.zeros((10, 4), dtype=bool)
    pattern[:9, :3], pattern[9, 3] = PATTERN, True
    table = confirmatory_table(pattern, unit_variance=True)
    assert table.value[0, find_row(table, (Part.LOADINGS, 9, 3))] == 1.0
    assert table.free[0, find_row(table, (Part.LOADINGS, 9, 3))] == FIXED
    assert table.free[0, find_row(table, (Part.RESIDUAL_COV, 9, 9))] == FIXED
    assert table.free[0, find_row(table, (Part.FACTOR_COV, 3, 3))] != FIXED
