"""ML, MLR and FIML against lavaan 0.6.14 (golden/make_confirmatory.R) and semopy, properties and bad input.

lavaan stops at a relative tolerance of 1e-10 in its criterion, which leaves its estimates up to 2e-5 from
the optimum (ours, by Newton's method, end at gradients of 1e-10): hence 5e-5 for estimates and errors, 1e-5
for what depends on the criterion alone (lavaan's raw data are rounded to eight digits, ours are not), and
3e-4 for scaled statistics, whose factor depends on the estimates.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialcap.kernels.cfa_fiml import fit_fiml, patterns_of, saturated_of
from socialcap.kernels.cfa_fit import Baseline, FitMeasures, baseline_fiml, baseline_ml, fit_measures
from socialcap.kernels.cfa_likelihood import complete_patterns, confront, log_likelihood
from socialcap.kernels.cfa_ml import Likelihood, StructuralFit, fit_ml
from socialcap.kernels.cfa_model import Part
from socialcap.kernels.cfa_modification import candidates, modification_ml
from socialcap.kernels.cfa_robust import baseline_scaling, fit_mlr
from socialcap.kernels.cfa_scoring import descend, search
from socialcap.kernels.cfa_standardized import standardized_solution
from socialcap.kernels.cfa_start import starting_points, starting_values
from socialcap.kernels.cfa_table import LEVELS, confirmatory_table, find_row, fix, tie

ESTIMATE = 5e-5
CRITERION = 1e-5
SCALED = 3e-4

PLAIN = {
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
# lavaan's scaled interval is another approximation (unscaled statistic, df c); only the values compare.
VALUES = {
    name: ours for name, ours in PLAIN.items() if name in ("chisq", "df", "pvalue", "cfi", "tli", "rmsea")
}
ROBUST = {name: ours for name, ours in PLAIN.items() if name not in ("chisq", "df", "pvalue")}


def moments_of(confirmatory: dict[str, Any], *samples: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n (G,), mean (G, 9) and cov (G, 9, 9) from the golden sufficient statistics."""
    parts = [confirmatory["moments"][name] for name in samples]
    return tuple(np.array([part[key] for part in parts], dtype=float) for key in ("n", "mean", "cov"))


def assert_measures(measures: FitMeasures, reference: dict[str, Any], tolerance: float = CRITERION) -> None:
    """Plain, scaled and robust measures, as far as lavaan gives them."""
    fit = reference["fit"]
    for name, ours in PLAIN.items():
        assert getattr(measures.plain, ours) == pytest.approx(fit[name], abs=CRITERION), name
    for name in ("srmr", "aic", "bic"):
        assert getattr(measures, name) == pytest.approx(fit[name], abs=ESTIMATE), name
    assert measures.n_free == fit["npar"]
    if measures.scaled is not None:
        for name, ours in VALUES.items():
            assert getattr(measures.scaled, ours) == pytest.approx(fit[f"{name}.scaled"], abs=tolerance), name
    if measures.robust is not None:
        for name, ours in ROBUST.items():
            assert getattr(measures.robust, ours) == pytest.approx(fit[f"{name}.robust"], abs=tolerance), name


def assert_solution(
    names, fit: StructuralFit, reference: dict[str, Any], at_least: int, within=ESTIMATE
) -> None:
    """Estimates, errors and the standardised solution."""
    assert fit.converged and fit.identified
    assert np.abs(fit.gradient).max() < 1e-8
    for column, gap in names.estimates(fit, reference, at_least).items():
        assert gap < within, column
    standard = standardized_solution(fit)
    ours = {"est.std": standard.estimate, "se": standard.std_error}
    for column, gap in names.gaps(fit.table, reference["std"], ours, at_least).items():
        assert gap < within, column


@pytest.mark.parametrize(("name", "unit_variance"), [("ml", False), ("std_lv", True)])
def test_ml_one_group(name: str, unit_variance: bool, confirmatory, nine_names, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    fit = fit_ml(confirmatory_table(three_factors, unit_variance=unit_variance), n, mean, cov)
    assert_solution(nine_names, fit, confirmatory[name], 24)
    assert_measures(fit_measures(fit, baseline_ml(n, cov)), confirmatory[name])
    assert not fit.heywood


@pytest.mark.parametrize("level", LEVELS)
def test_ml_invariance(level: str, confirmatory, nine_names, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "Pasteur", "Grant-White")
    table = confirmatory_table(three_factors, means=True, n_groups=2, equal=LEVELS[level])
    fit = fit_ml(table, n, mean, cov)
    assert_solution(nine_names, fit, confirmatory["invariance_ml"][level], 72)
    assert_measures(fit_measures(fit, baseline_ml(n, cov)), confirmatory["invariance_ml"][level])


def test_partial_and_unit_variance_invariance(confirmatory, nine_names, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "Pasteur", "Grant-White")
    scalar = {"means": True, "n_groups": 2, "equal": LEVELS["scalar"]}
    released = [(Part.INTERCEPTS, 2, 0), (Part.INTERCEPTS, 6, 0)]
    cases = {
        "partial": confirmatory_table(three_factors, released=released, **scalar),
        "std_lv_scalar": confirmatory_table(three_factors, unit_variance=True, **scalar),
    }
    for name, table in cases.items():
        fit = fit_ml(table, n, mean, cov)
        assert_solution(nine_names, fit, confirmatory[name], 72)
        assert_measures(fit_measures(fit, baseline_ml(n, cov)), confirmatory[name])


def test_cross_loading_and_residual_covariance(confirmatory, nine_names, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    pattern = three_factors.copy()
    pattern[8, 0] = True
    fit = fit_ml(confirmatory_table(pattern, residual_covariances=[(6, 7)]), n, mean, cov)
    # lavaan's optimum is flat here: its errors differ from ours by up to 6e-5.
    assert_solution(nine_names, fit, confirmatory["residual_pair"], 26, within=2e-4)
    negative = [
        record["est"] < 0.0
        for record in confirmatory["residual_pair"]["parameters"]
        if record["lhs"] == record["rhs"]
    ]
    assert fit.improper.sum() == sum(negative) == 1
    assert_measures(fit_measures(fit, baseline_ml(n, cov)), confirmatory["residual_pair"])


def test_latent_regression_with_an_observed_covariate(confirmatory, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    age = confirmatory["age"]
    mean = np.append(mean, [[age["mean"]]], axis=1)
    wider = np.zeros((1, 10, 10))
    wider[:, :9, :9] = cov
    wider[0, 9] = wider[0, :, 9] = age["cov"]
    pattern = np.zeros((10, 4), dtype=bool)
    pattern[:9, :3], pattern[9, 3] = three_factors, True
    table = confirmatory_table(pattern, means=True, regressions=[(2, 0), (2, 1), (2, 3)])
    # lavaan leaves out covariances of latent with observed predictors unless they are asked for.
    table = fix(table, [(Part.FACTOR_COV, 3, 0), (Part.FACTOR_COV, 3, 1)], 0.0)
    fit = fit_ml(table, n, mean, wider)
    reference = confirmatory["regression"]
    assert fit.chi2 == pytest.approx(reference["fit"]["chisq"], abs=CRITERION)
    assert fit.df == reference["fit"]["df"]
    names = {"visual": 0, "textual": 1, "ageyr": 3}
    paths = [record for record in reference["parameters"] if record["op"] == "~"]
    assert len(paths) == 3
    for record in paths:
        row = find_row(table, (Part.REGRESSIONS, 2, names[record["rhs"]]))
        assert fit.estimate[0, row] == pytest.approx(record["est"], abs=ESTIMATE)
        assert fit.std_error[0, row] == pytest.approx(record["se"], abs=ESTIMATE)


def test_method_factor_with_a_heywood_case_is_flagged(confirmatory, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    pattern = np.concatenate([three_factors, np.ones((9, 1), dtype=bool)], axis=1)
    table = confirmatory_table(pattern, unit_variance=True, orthogonal=[3])
    fit = fit_ml(tie(table, [(Part.LOADINGS, i, 3) for i in range(9)]), n, mean, cov)
    reference = confirmatory["orthogonal_method"]["fit"]
    assert fit.chi2 == pytest.approx(reference["chisq"], abs=CRITERION)
    assert fit.df == reference["df"]
    # lavaan warns that the latent covariance matrix is not positive definite.
    assert not fit.latent_pd.all() and fit.heywood


def test_modification_indices(confirmatory, nine_names, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    fit = fit_ml(confirmatory_table(three_factors), n, mean, cov)
    found = modification_ml(fit, candidates(fit.table))
    gaps = nine_names.gaps(
        found.table, confirmatory["ml"]["modification"], {"mi": found.index, "epc": found.change}, 54
    )
    assert gaps["mi"] < 2e-4 and gaps["epc"] < ESTIMATE


def test_modification_index_approximates_the_fall_in_chi2(confirmatory, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    fit = fit_ml(confirmatory_table(three_factors), n, mean, cov)
    found = modification_ml(fit, candidates(fit.table))
    best = int(np.nanargmax(found.index[0]))
    part, row, col = (int(axis[best]) for axis in (found.table.part, found.table.row, found.table.col))
    assert part == Part.LOADINGS
    pattern = three_factors.copy()
    pattern[row, col] = True
    freed = fit_ml(confirmatory_table(pattern), n, mean, cov)
    # A score test and a likelihood ratio agree to first order only.
    assert fit.chi2 - freed.chi2 == pytest.approx(found.index[0, best], rel=0.2)


def test_score_test_of_a_tie_points_at_the_intercept_to_release(confirmatory, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "Pasteur", "Grant-White")
    scalar = {"means": True, "n_groups": 2, "equal": LEVELS["scalar"]}
    fit = fit_ml(confirmatory_table(three_factors, **scalar), n, mean, cov)
    found = modification_ml(fit, [])
    rows = fit.table.rows_of(Part.INTERCEPTS)
    # Tests of x3 and x7, which the literature on these data releases, are the largest.
    assert set(np.argsort(found.index[1, rows])[-2:]) == {2, 6}
    row = find_row(fit.table, (Part.INTERCEPTS, 2, 0))
    # In two groups the entry of either group is the same release.
    assert found.index[0, row] == pytest.approx(found.index[1, row], rel=1e-6)
    freed = fit_ml(
        confirmatory_table(three_factors, released=[(Part.INTERCEPTS, 2, 0)], **scalar), n, mean, cov
    )
    assert fit.chi2 - freed.chi2 == pytest.approx(found.index[1, row], rel=0.1)


@pytest.mark.parametrize("means", [False, True])
def test_mlr_one_group(means: bool, confirmatory, nine_names, nine, three_factors) -> None:
    fit = fit_mlr(confirmatory_table(three_factors, means=means), nine.rows, nine.group)
    base = baseline_ml(nine.n, nine.cov)
    base = Baseline(base.chi2, base.df, baseline_scaling(nine.rows, nine.group, 1, means))
    reference = confirmatory["mlr"]
    assert base.scaling == pytest.approx(reference["fit"]["baseline.chisq.scaling.factor"], abs=1e-6)
    # With the means modelled and saturated nothing changes but the count of parameters.
    assert fit.scaling == pytest.approx(reference["fit"]["chisq.scaling.factor"], abs=1e-6)
    if not means:
        assert_solution(nine_names, fit, reference, 24)
        assert_measures(fit_measures(fit, base), reference, SCALED)


@pytest.mark.parametrize("level", LEVELS)
def test_mlr_invariance(level: str, confirmatory, nine_names, by_school, three_factors) -> None:
    table = confirmatory_table(three_factors, means=True, n_groups=2, equal=LEVELS[level])
    fit = fit_mlr(table, by_school.rows, by_school.group)
    base = baseline_ml(by_school.n, by_school.cov)
    base = Baseline(base.chi2, base.df, baseline_scaling(by_school.rows, by_school.group, 2, True))
    assert_solution(nine_names, fit, confirmatory["invariance_mlr"][level], 72)
    assert_measures(fit_measures(fit, base), confirmatory["invariance_mlr"][level], SCALED)


@pytest.mark.parametrize("robust", [False, True])
def test_fiml(robust: bool, confirmatory, nine_names, nine, with_holes, three_factors) -> None:
    table = confirmatory_table(three_factors, means=True)
    data = patterns_of(with_holes, nine.group, 1)
    base = baseline_fiml(data, saturated_of(data, with_holes, nine.group).log_likelihood)
    if robust:
        fit = fit_mlr(table, with_holes, nine.group)
        base = Baseline(base.chi2, base.df, baseline_scaling(with_holes, nine.group, 1, True))
    else:
        fit = fit_fiml(table, with_holes, nine.group)
    reference = confirmatory["fiml_mlr" if robust else "fiml"]
    assert_solution(nine_names, fit, reference, 36)
    measures = fit_measures(fit, base)
    assert measures.robust is None
    assert_measures(measures, reference, SCALED)


def test_fiml_scalar_invariance(confirmatory, nine_names, by_school, with_holes, three_factors) -> None:
    table = confirmatory_table(three_factors, means=True, n_groups=2, equal=LEVELS["scalar"])
    fit = fit_fiml(table, with_holes, by_school.group)
    assert_solution(nine_names, fit, confirmatory["fiml_scalar"], 72)
    assert fit.chi2 == pytest.approx(confirmatory["fiml_scalar"]["fit"]["chisq"], abs=CRITERION)


def test_fiml_without_holes_is_ml(nine, three_factors) -> None:
    table = confirmatory_table(three_factors, means=True)
    missing = fit_fiml(table, nine.rows, nine.group)
    complete = fit_ml(table, nine.n, nine.mean, nine.cov)
    np.testing.assert_allclose(missing.theta, complete.theta, atol=1e-9)
    assert missing.chi2 == pytest.approx(complete.chi2, abs=1e-8)


def test_cases_without_any_item_count_for_nothing(nine, with_holes, three_factors) -> None:
    table = confirmatory_table(three_factors, means=True)
    padded = np.vstack([with_holes, np.full((7, 9), np.nan)])
    plain = fit_mlr(table, with_holes, nine.group)
    longer = fit_mlr(table, padded, np.zeros(padded.shape[0], dtype=np.int64))
    np.testing.assert_allclose(longer.theta, plain.theta, atol=1e-9)
    np.testing.assert_allclose(longer.vcov, plain.vcov, atol=1e-9)
    assert longer.scaling == pytest.approx(plain.scaling, abs=1e-9)
    assert longer.n_obs == plain.n_obs


def test_em_maximises_the_saturated_likelihood(with_holes, nine) -> None:
    data = patterns_of(with_holes, nine.group, 1)
    best = saturated_of(data, with_holes, nine.group)
    rng = np.random.default_rng(3)
    for _ in range(20):
        noise = 0.01 * rng.normal(size=(1, 9, 9))
        moved = confront(data, best.cov + noise + np.swapaxes(noise, 1, 2), best.mean, means=True)
        assert log_likelihood(data, moved) < best.log_likelihood


@pytest.mark.slow
def test_semopy_agrees(nine, three_factors) -> None:
    semopy = pytest.importorskip("semopy")
    pandas = pytest.importorskip("pandas")
    model = semopy.Model("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf3 =~ x7 + x8 + x9")
    frame = pandas.DataFrame(nine.rows, columns=[f"x{i}" for i in range(1, 10)])
    model.fit(frame)
    theirs = model.inspect()
    fit = fit_ml(confirmatory_table(three_factors), nine.n, nine.mean, nine.cov)
    assert semopy.calc_stats(model)["chi2"].iloc[0] == pytest.approx(fit.chi2, abs=1e-3)
    for _, row in theirs[theirs["op"] == "~"].iterrows():
        ours = fit.estimate[
            0, find_row(fit.table, (Part.LOADINGS, int(row["lval"][1:]) - 1, int(row["rval"][1:]) - 1))
        ]
        # semopy's optimiser (SLSQP) stops at about 1e-3 of the estimates.
        assert row["Estimate"] == pytest.approx(ours, abs=5e-3)


@st.composite
def factor_samples(draw) -> tuple[np.ndarray, np.ndarray]:
    """Rows (300, 6) of a two-factor population and a permutation of the items."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    loadings = np.kron(np.eye(2), rng.uniform(0.5, 0.9, (3, 1)))
    phi = np.array([[1.0, 0.4], [0.4, 1.0]])
    cov = loadings @ phi @ loadings.T
    np.fill_diagonal(cov, 1.0)
    return rng.multivariate_normal(np.zeros(6), cov, 300), rng.permutation(6)


@settings(max_examples=15, deadline=None)
@given(sample=factor_samples(), scale=st.lists(st.floats(0.01, 100.0), min_size=6, max_size=6))
def test_chi2_ignores_item_order_scale_and_identification(sample, scale) -> None:
    rows, order = sample
    pattern = np.kron(np.eye(2, dtype=bool), np.ones((3, 1), dtype=bool))

    def fit(items: np.ndarray, where: np.ndarray, unit_variance: bool) -> StructuralFit:
        cov = np.cov(items, rowvar=False, bias=True)[None]
        table = confirmatory_table(where, unit_variance=unit_variance)
        return fit_ml(table, np.array([300.0]), items.mean(0)[None], cov)

    plain = fit(rows, pattern, False)
    assert plain.converged
    moved = fit(rows[:, order], pattern[order], False)
    scaled = fit(rows * np.array(scale), pattern, True)
    standard = fit(rows, pattern, True)
    for other in (moved, scaled, standard):
        assert other.converged
        assert other.chi2 == pytest.approx(plain.chi2, abs=1e-7)
    np.testing.assert_allclose(standard.implied_cov, plain.implied_cov, atol=1e-8)
    a, b = (standardized_solution(f) for f in (plain, scaled))
    loadings = plain.table.rows_of(Part.LOADINGS)
    # The sign of a latent is free under unit variance.
    np.testing.assert_allclose(np.abs(a.estimate[0, loadings]), np.abs(b.estimate[0, loadings]), atol=1e-7)
    np.testing.assert_allclose(a.std_error[0, loadings], b.std_error[0, loadings], atol=1e-7)


def test_underidentified_model_is_flagged() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(200, 1)) + rng.normal(size=(200, 2))
    cov = np.cov(rows, rowvar=False, bias=True)[None]
    fit = fit_ml(confirmatory_table(np.ones((2, 1), dtype=bool)), np.array([200.0]), rows.mean(0)[None], cov)
    assert not fit.identified
    assert fit.df == -1
    assert np.isnan(fit.vcov).all()
    assert np.isnan(fit_measures(fit, baseline_ml(np.array([200.0]), cov)).plain.p_value)


def test_saturated_model_fits_exactly() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(200, 1)) + rng.normal(size=(200, 3))
    cov = np.cov(rows, rowvar=False, bias=True)[None]
    fit = fit_ml(confirmatory_table(np.ones((3, 1), dtype=bool)), np.array([200.0]), rows.mean(0)[None], cov)
    assert fit.df == 0 and fit.chi2 == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(fit.implied_cov, cov, atol=1e-9)


def test_negative_residual_variance_is_reported_not_hidden() -> None:
    # Correlations .9, .9, .5 imply a loading of .9 * .9 / .5 > 1 on the first item.
    cov = np.array([[[1.0, 0.9, 0.9], [0.9, 1.0, 0.7], [0.9, 0.7, 1.0]]])
    fit = fit_ml(confirmatory_table(np.ones((3, 1), dtype=bool)), np.array([200.0]), np.zeros((1, 3)), cov)
    row = find_row(fit.table, (Part.RESIDUAL_COV, 0, 0))
    assert fit.estimate[0, row] < 0.0
    assert fit.improper[0, row] and fit.heywood
    standard = standardized_solution(fit)
    assert standard.residual_variances[0, 0] == pytest.approx(1.0 - 0.81 / 0.7, abs=1e-9)


@pytest.mark.parametrize("trouble", ["duplicate", "constant", "few rows"])
def test_singular_sample_covariance_is_refused(trouble: str, three_factors) -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(6 if trouble == "few rows" else 100, 9))
    if trouble == "duplicate":
        rows[:, 1] = rows[:, 0]
    if trouble == "constant":
        rows[:, 1] = 3.0
    cov = np.cov(rows, rowvar=False, bias=True)[None]
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        fit_ml(confirmatory_table(three_factors), np.array([100.0]), rows.mean(0)[None], cov)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        fit_mlr(confirmatory_table(three_factors), rows, np.zeros(rows.shape[0], dtype=np.int64))


def test_item_missing_throughout_is_refused(with_holes, nine, three_factors) -> None:
    rows = with_holes.copy()
    rows[:, 4] = np.nan
    with pytest.raises(np.linalg.LinAlgError, match="no observed value"):
        fit_fiml(confirmatory_table(three_factors, means=True), rows, nine.group)


def test_search_that_is_cut_short_says_so(confirmatory, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    table = confirmatory_table(three_factors)
    found = descend(Likelihood(table, complete_patterns(n, mean, cov)), starting_values(table, cov, mean), 1)
    assert not found.converged and found.n_iterations == 1


def test_weak_marker_finds_the_optimum_of_unit_variance() -> None:
    # The first item hardly belongs to its latent, and with the other sign: a bad scale to begin with.
    loadings = np.array([-0.15, 0.7, 0.6, 0.8, 0.7, 0.6])
    pattern = np.kron(np.eye(2, dtype=bool), np.ones((3, 1), dtype=bool))
    full = np.where(pattern, loadings[:, None], 0.0)
    population = full @ (0.4 + 0.6 * np.eye(2)) @ full.T
    np.fill_diagonal(population, 1.0)
    rows = np.random.default_rng(9).multivariate_normal(np.zeros(6), population, 150)
    n, cov = np.array([150.0]), np.cov(rows, rowvar=False, bias=True)[None]
    unit = fit_ml(confirmatory_table(pattern, unit_variance=True), n, rows.mean(0)[None], cov)
    marker = fit_ml(confirmatory_table(pattern), n, rows.mean(0)[None], cov)
    table, data = confirmatory_table(pattern), complete_patterns(n, rows.mean(0)[None], cov)
    assert not search(
        Likelihood(table, data), starting_points(table, cov, rows.mean(0)[None], None)
    ).converged
    assert unit.converged and marker.converged
    assert marker.chi2 == pytest.approx(unit.chi2, abs=1e-8)


def test_unrelated_items_do_not_pass_as_factors() -> None:
    # No common variance at all: whatever the search ends at, it must say whether it is a proper solution.
    rng = np.random.default_rng(9)
    rows = rng.normal(size=(60, 6))
    cov = np.cov(rows, rowvar=False, bias=True)[None]
    pattern = np.kron(np.eye(2, dtype=bool), np.ones((3, 1), dtype=bool))
    fit = fit_ml(confirmatory_table(pattern), np.array([60.0]), rows.mean(0)[None], cov)
    assert np.isfinite(fit.chi2)
    assert fit.heywood or not fit.converged or not fit.identified


def test_start_does_not_matter(confirmatory, three_factors) -> None:
    n, mean, cov = moments_of(confirmatory, "all")
    table = confirmatory_table(three_factors)
    fit = fit_ml(table, n, mean, cov)
    again = fit_ml(
        table, n, mean, cov, start=fit.theta * np.random.default_rng(0).uniform(0.7, 1.4, fit.theta.size)
    )
    np.testing.assert_allclose(again.theta, fit.theta, atol=1e-8)


@pytest.mark.slow
def test_errors_and_test_under_simulation(three_factors) -> None:
    # 600 samples of 400: the mean chi-square has a standard error of .28, a coverage of .95 one of .009.
    rng = np.random.default_rng(20)
    loadings = np.where(three_factors, 0.7, 0.0)
    cov = loadings @ (0.3 + 0.7 * np.eye(3)) @ loadings.T
    np.fill_diagonal(cov, 1.0)
    table = confirmatory_table(three_factors, unit_variance=True)
    chi2, covered = [], []
    for _ in range(600):
        rows = rng.multivariate_normal(np.zeros(9), cov, 400)
        fit = fit_ml(
            table, np.array([400.0]), rows.mean(0)[None], np.cov(rows, rowvar=False, bias=True)[None]
        )
        chi2.append(fit.chi2)
        block = table.rows_of(Part.LOADINGS)
        covered.append(np.abs(fit.estimate[0, block] - 0.7) < 1.96 * fit.std_error[0, block])
    assert np.mean(chi2) == pytest.approx(24.0, abs=1.0)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.012)


def test_complete_patterns_carry_the_moments(confirmatory) -> None:
    n, mean, cov = moments_of(confirmatory, "Pasteur", "Grant-White")
    data = complete_patterns(n, mean, cov)
    assert data.n_obs == 301.0
    # lavaan's unrestricted log-likelihood of the two groups.
    reached = log_likelihood(data, confront(data, cov, mean, means=True))
    assert reached == pytest.approx(
        confirmatory["invariance_ml"]["configural"]["fit"]["unrestricted.logl"], abs=1e-6
    )
