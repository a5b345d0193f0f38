"""ULS and WLSMV against lavaan 0.6.14 (golden/make_confirmatory.R), and properties of the ordinal kernels.

Thresholds and polychorics agree with lavaan's to about 1e-6 (its optimiser's tolerance), which carries over
to the estimates and to chi-squares of some hundred: 5e-5 for estimates and errors, 1e-5 relative for
statistics.
"""

from typing import Any

import numpy as np
import pytest

from socialcap.kernels import IntArray
from socialcap.kernels.cfa_fit import FitMeasures, fit_measures
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_model import Part
from socialcap.kernels.cfa_modification import candidates, modification_wlsmv
from socialcap.kernels.cfa_ordinal_fit import baseline_uls, baseline_wlsmv, ordinal_robust_indices
from socialcap.kernels.cfa_standardized import standardized_solution
from socialcap.kernels.cfa_table import LEVELS, ORDINAL_LEVELS, confirmatory_table, find_row
from socialcap.kernels.cfa_wls import (
    MomentSample,
    covariance_sample,
    fit_uls,
    fit_wlsmv,
    ordinal_sample,
    residual_variances,
)
from socialcap.kernels.polychoric_acov import polychoric_acov

ESTIMATE = 5e-5
STATISTIC = 1e-5
BLOCKS = np.kron(np.eye(3, dtype=bool), np.ones((4, 1), dtype=bool))
MEASURES = {
    "chisq": "chi2",
    "df": "df",
    "pvalue": "p_value",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "rmsea.ci.lower": "rmsea_low",
    "rmsea.ci.upper": "rmsea_high",
    "rmsea.pvalue": "close_p",
}


def sample_of(codes: IntArray, group: IntArray) -> MomentSample:
    """Ordinal moments by group."""
    parts = [polychoric_acov(codes[group == g], (5,) * codes.shape[1]) for g in range(group.max() + 1)]
    return ordinal_sample([(part.thresholds, part.rho, part.nacov) for part in parts], np.bincount(group))


@pytest.fixture(scope="module")
def one(likert) -> MomentSample:
    return sample_of(likert, np.zeros(400, dtype=np.int64))


@pytest.fixture(scope="module")
def two(likert) -> MomentSample:
    """The groups of golden/make_confirmatory.R: three rows in eight are the first."""
    return sample_of(likert, np.where(np.arange(1, 401) % 8 < 3, 0, 1))


def assert_measures(
    measures: FitMeasures, reference: dict[str, Any], scaled: tuple[str, ...] = tuple(MEASURES)
) -> None:
    fit = reference["fit"]
    for name, ours in MEASURES.items():
        # lavaan gives the unscaled ULS statistic no p-value.
        if fit[name] is not None:
            assert getattr(measures.plain, ours) == pytest.approx(fit[name], rel=STATISTIC, abs=STATISTIC), (
                name
            )
    assert measures.scaled is not None
    for name in scaled:
        ours = getattr(measures.scaled, MEASURES[name])
        assert ours == pytest.approx(fit[f"{name}.scaled"], rel=STATISTIC, abs=STATISTIC), name
    assert measures.srmr == pytest.approx(fit["srmr"], abs=1e-6)
    assert measures.n_free == fit["npar"]
    assert np.isnan(measures.aic) and np.isnan(measures.log_likelihood)


def assert_solution(names, fit: StructuralFit, reference: dict[str, Any], at_least: int) -> None:
    assert fit.converged and fit.identified and not fit.heywood
    for column, gap in names.estimates(fit, reference, at_least).items():
        assert gap < ESTIMATE, column
    standard = standardized_solution(fit)
    ours = {"est.std": standard.estimate, "se": standard.std_error}
    for column, gap in names.gaps(fit.table, reference["std"], ours, at_least).items():
        assert gap < ESTIMATE, column


def test_wlsmv(confirmatory, ordinal_names, one) -> None:
    fit = fit_wlsmv(confirmatory_table(BLOCKS, n_categories=(5,) * 12), one)
    reference = confirmatory["wlsmv"]
    assert_solution(ordinal_names, fit, reference, 80)
    assert_measures(fit_measures(fit, baseline_wlsmv(one, 12)), reference)
    assert fit.scaling == pytest.approx(reference["fit"]["chisq.scaling.factor"], abs=1e-6)
    residual = [
        r["est"]
        for r in reference["parameters"]
        if r["op"] == "~~" and r["lhs"] == r["rhs"] and r["lhs"][0] == "q"
    ]
    np.testing.assert_allclose(residual_variances(fit)[0], residual, atol=ESTIMATE)
    errors = [
        r["se"] for r in reference["std"] if r["op"] == "~~" and r["lhs"] == r["rhs"] and r["lhs"][0] == "q"
    ]
    np.testing.assert_allclose(standardized_solution(fit).residual_errors[0], errors, atol=ESTIMATE)


@pytest.mark.parametrize("level", ORDINAL_LEVELS)
def test_wlsmv_two_groups(level: str, confirmatory, ordinal_names, two) -> None:
    fit = fit_wlsmv(
        confirmatory_table(BLOCKS, n_categories=(5,) * 12, n_groups=2, equal=ORDINAL_LEVELS[level]), two
    )
    reference = confirmatory["invariance_wlsmv"][level]
    assert_solution(ordinal_names, fit, reference, 160)
    assert_measures(fit_measures(fit, baseline_wlsmv(two, 12)), reference)


def test_robust_indices_of_ordinal_fits(confirmatory, one, two) -> None:
    robust = ordinal_robust_indices(fit_wlsmv(confirmatory_table(BLOCKS, n_categories=(5,) * 12), one), one)
    reference = confirmatory["wlsmv"]["fit"]
    for name in ("cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue"):
        assert getattr(robust, MEASURES[name]) == pytest.approx(reference[f"{name}.robust"], abs=1e-6), name
    tables = {
        level: confirmatory_table(BLOCKS, n_categories=(5,) * 12, n_groups=2, equal=equal)
        for level, equal in ORDINAL_LEVELS.items()
    }
    reference = confirmatory["invariance_wlsmv"]["configural"]["fit"]
    robust = ordinal_robust_indices(fit_wlsmv(tables["configural"], two), two)
    # CFI and TLI are left out: lavaan 0.6.14 forgets the groups' shares in the baseline's factor.
    for name in ("rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue"):
        assert getattr(robust, MEASURES[name]) == pytest.approx(reference[f"{name}.robust"], abs=1e-6), name
    assert ordinal_robust_indices(fit_wlsmv(tables["scalar"], two), two) is None


def test_wlsmv_modification_indices(confirmatory, ordinal_names, one) -> None:
    fit = fit_wlsmv(confirmatory_table(BLOCKS, n_categories=(5,) * 12), one)
    found = modification_wlsmv(fit, one, candidates(fit.table))
    # lavaan takes the score with the factor (n - 1) / n that its criterion has, but the information without.
    shrunk = {"mi": found.index * 399 / 400, "epc": found.change * 399 / 400}
    gaps = ordinal_names.gaps(found.table, confirmatory["wlsmv"]["modification"], shrunk, 90)
    assert gaps["mi"] < 2e-5 and gaps["epc"] < 1e-6


def test_ordinal_solution_ignores_item_order(likert, one) -> None:
    order = np.random.default_rng(6).permutation(12)
    moved = sample_of(likert[:, order], np.zeros(400, dtype=np.int64))
    plain = fit_wlsmv(confirmatory_table(BLOCKS, n_categories=(5,) * 12, unit_variance=True), one)
    other = fit_wlsmv(confirmatory_table(BLOCKS[order], n_categories=(5,) * 12, unit_variance=True), moved)
    assert other.chi2_scaled == pytest.approx(plain.chi2_scaled, abs=1e-6)
    rows = [find_row(plain.table, (Part.LOADINGS, int(i), int(i) // 4)) for i in order]
    there = [find_row(other.table, (Part.LOADINGS, new, int(old) // 4)) for new, old in enumerate(order)]
    np.testing.assert_allclose(np.abs(other.estimate[0, there]), np.abs(plain.estimate[0, rows]), atol=1e-7)
    np.testing.assert_allclose(other.std_error[0, there], plain.std_error[0, rows], atol=1e-7)


def test_marker_and_unit_variance_fit_alike(one) -> None:
    marker, unit = (
        fit_wlsmv(confirmatory_table(BLOCKS, n_categories=(5,) * 12, unit_variance=flag), one)
        for flag in (False, True)
    )
    assert unit.chi2 == pytest.approx(marker.chi2, abs=1e-8)
    assert unit.chi2_scaled == pytest.approx(marker.chi2_scaled, abs=1e-7)
    a, b = standardized_solution(marker), standardized_solution(unit)
    np.testing.assert_allclose(a.residual_variances, b.residual_variances, atol=1e-8)
    np.testing.assert_allclose(a.residual_errors, b.residual_errors, atol=1e-8)


def test_ordinal_heywood_case_is_flagged(one) -> None:
    # A pair of items that share more than the rest can carry drives its residual below zero.
    moments = one.moments.copy()
    i, j = np.triu_indices(12, 1)
    within = (i < 4) & (j < 4)
    moments[0, 48:][within] = np.where((i == 0) & (j == 1), 0.9, np.where(i == 0, 0.8, 0.55))[within]
    fit = fit_wlsmv(
        confirmatory_table(BLOCKS, n_categories=(5,) * 12), MomentSample(moments, one.gamma, one.n)
    )
    assert residual_variances(fit)[0].min() < 0.0
    assert fit.heywood and fit.improper[0, fit.table.rows_of(Part.SCALES)].any()


@pytest.mark.parametrize(("name", "groups"), [("ulsmv", 1), ("ulsmv_scalar", 2)])
def test_uls(name: str, groups: int, confirmatory, nine_names, by_school, three_factors) -> None:
    group = by_school.group if groups == 2 else np.zeros_like(by_school.group)
    means = groups == 2
    sample = covariance_sample(by_school.rows, group, groups, means)
    equal = LEVELS["scalar"] if means else LEVELS["configural"]
    fit = fit_uls(confirmatory_table(three_factors, means=means, n_groups=groups, equal=equal), sample)
    reference = confirmatory[name]
    assert_solution(nine_names, fit, reference, 24)
    measures = fit_measures(fit, baseline_uls(sample, 9))
    assert_measures(measures, reference)
    assert measures.robust is not None
    for index in ("cfi", "tli", "rmsea"):
        assert getattr(measures.robust, index) == pytest.approx(
            reference["fit"][f"{index}.robust"], abs=STATISTIC
        )


@pytest.mark.slow
def test_wlsmv_statistic_and_errors_under_simulation() -> None:
    # 300 samples of 400: standard errors of about .58 for the mean chi-square, .005 for the coverage.
    rng = np.random.default_rng(8)
    loadings = np.where(BLOCKS, 0.7, 0.0)
    cov = loadings @ (0.3 + 0.7 * np.eye(3)) @ loadings.T
    np.fill_diagonal(cov, 1.0)
    table = confirmatory_table(BLOCKS, n_categories=(4,) * 12, unit_variance=True)
    block = table.rows_of(Part.LOADINGS)
    statistics, covered = [], []
    for _ in range(300):
        codes = np.digitize(rng.multivariate_normal(np.zeros(12), cov, 400), [-0.8, 0.1, 1.0])
        part = polychoric_acov(codes, (4,) * 12)
        fit = fit_wlsmv(table, ordinal_sample([(part.thresholds, part.rho, part.nacov)], np.array([400])))
        statistics.append(fit.chi2_scaled)
        covered.append(np.abs(fit.estimate[0, block] - 0.7) < 1.96 * fit.std_error[0, block])
    assert np.mean(statistics) == pytest.approx(51.0, abs=2.5)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)
