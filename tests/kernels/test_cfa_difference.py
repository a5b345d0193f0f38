"""Difference tests and invariance series against lavTestLRT of lavaan 0.6.14 (golden/make_confirmatory.R).

Scaled differences divide small differences of scaling factors that depend on lavaan's estimates (good to
2e-5): 5e-4 relative; plain ones 1e-5.
"""

from itertools import pairwise

import numpy as np
import pytest

from socialcap.kernels.cfa_difference import (
    difference,
    difference_positive,
    difference_scaled,
    difference_wlsmv,
    invariance_series,
)
from socialcap.kernels.cfa_fit import Baseline, baseline_ml, fit_measures
from socialcap.kernels.cfa_ml import StructuralFit, fit_ml
from socialcap.kernels.cfa_robust import baseline_scaling, fit_mlr
from socialcap.kernels.cfa_table import LEVELS, ORDINAL_LEVELS, confirmatory_table
from socialcap.kernels.cfa_wls import fit_wlsmv, ordinal_sample
from socialcap.kernels.polychoric_acov import polychoric_acov

STEPS = ("metric", "scalar", "strict")


@pytest.fixture(scope="module")
def tables(three_factors):
    return {
        level: confirmatory_table(three_factors, means=True, n_groups=2, equal=LEVELS[level])
        for level in LEVELS
    }


@pytest.fixture(scope="module")
def robust(tables, by_school) -> dict[str, StructuralFit]:
    return {level: fit_mlr(table, by_school.rows, by_school.group) for level, table in tables.items()}


def test_ml_series(confirmatory, tables) -> None:
    parts = [confirmatory["moments"][name] for name in ("Pasteur", "Grant-White")]
    n, mean, cov = (np.array([part[key] for part in parts], dtype=float) for key in ("n", "mean", "cov"))
    base = baseline_ml(n, cov)
    steps = invariance_series(
        tables, lambda table: fit_ml(table, n, mean, cov), lambda fit: fit_measures(fit, base), difference
    )
    assert [step.level for step in steps] == list(LEVELS)
    assert steps[0].difference is None and steps[0].delta_cfi is None
    reference = confirmatory["invariance_ml"]
    for before, step in pairwise(steps):
        golden = confirmatory["difference_ml"][step.level]
        assert step.difference.chi2 == pytest.approx(golden["chisq"], rel=1e-5)
        assert step.difference.df == golden["df"]
        assert step.difference.p_value == pytest.approx(golden["p"], rel=1e-4)
        fall = reference[step.level]["fit"]["cfi"] - reference[before.level]["fit"]["cfi"]
        assert step.delta_cfi == pytest.approx(fall, abs=1e-6)
        rise = reference[step.level]["fit"]["rmsea"] - reference[before.level]["fit"]["rmsea"]
        assert step.delta_rmsea == pytest.approx(rise, abs=1e-6)


def test_mlr_series_uses_robust_indices(confirmatory, tables, by_school) -> None:
    base = baseline_ml(by_school.n, by_school.cov)
    base = Baseline(base.chi2, base.df, baseline_scaling(by_school.rows, by_school.group, 2, True))
    steps = invariance_series(
        tables,
        lambda table: fit_mlr(table, by_school.rows, by_school.group),
        lambda fit: fit_measures(fit, base),
        difference_scaled,
    )
    reference = confirmatory["invariance_mlr"]
    for before, step in pairwise(steps):
        fall = reference[step.level]["fit"]["cfi.robust"] - reference[before.level]["fit"]["cfi.robust"]
        assert step.delta_cfi == pytest.approx(fall, abs=1e-5)


@pytest.mark.parametrize("step", STEPS)
def test_satorra_bentler_2001(step: str, confirmatory, robust) -> None:
    before = list(LEVELS)[list(LEVELS).index(step) - 1]
    test = difference_scaled(robust[step], robust[before])
    golden = confirmatory["difference_mlr"][step]
    assert test.chi2 == pytest.approx(golden["chisq"], rel=5e-4)
    assert test.df == golden["df"]


# At the scalar step lavaan keeps latent means at zero in its intermediate model and warns of it.
@pytest.mark.parametrize("step", ["metric", "strict"])
def test_satorra_bentler_2010(step: str, confirmatory, robust, by_school) -> None:
    before = list(LEVELS)[list(LEVELS).index(step) - 1]
    test = difference_positive(robust[step], robust[before], by_school.rows, by_school.group)
    golden = confirmatory["difference_mlr_2010"][step]
    assert test.chi2 == pytest.approx(golden["chisq"], rel=5e-4)
    assert test.df == golden["df"]


def test_2010_version_is_near_the_2001_version(robust, by_school) -> None:
    first = difference_scaled(robust["scalar"], robust["metric"])
    second = difference_positive(robust["scalar"], robust["metric"], by_school.rows, by_school.group)
    assert second.chi2 == pytest.approx(first.chi2, rel=0.05)


def test_difference_of_a_model_from_itself_has_no_probability(robust) -> None:
    test = difference_scaled(robust["metric"], robust["metric"])
    assert test.df == 0 and np.isnan(test.p_value)


def test_wlsmv_difference(confirmatory, likert) -> None:
    group = np.where(np.arange(1, 401) % 8 < 3, 0, 1)
    parts = [polychoric_acov(likert[group == g], (5,) * 12) for g in (0, 1)]
    sample = ordinal_sample([(part.thresholds, part.rho, part.nacov) for part in parts], np.bincount(group))
    pattern = np.kron(np.eye(3, dtype=bool), np.ones((4, 1), dtype=bool))
    fits = [
        fit_wlsmv(confirmatory_table(pattern, n_categories=(5,) * 12, n_groups=2, equal=equal), sample)
        for equal in ORDINAL_LEVELS.values()
    ]
    test = difference_wlsmv(fits[1], fits[0], sample)
    golden = confirmatory["difference_wlsmv"]
    assert test.chi2 == pytest.approx(golden["chisq"], rel=1e-6)
    assert test.df == golden["df"]
    assert test.p_value == pytest.approx(golden["p"], rel=1e-5)
