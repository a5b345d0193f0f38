"""Instrumental variables against printed figures, AER, clubSandwich, linearmodels and plain least squares.

Tolerances: printed figures at half a unit of their last digit; 1e-8 relative against packages; 1e-9 for
identities between statistics computed here.
"""

import json

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.iv import IV2SLS, IVGMM, IVLIML
from scipy import linalg, special, stats

from socialcap.kernels import cluster_adjustment, iv, ols, sandwich, weak_instruments
from socialcap.kernels.iv import IvSample

from .linear_data import GOLDEN, mroz

GOLDENS = json.loads(GOLDEN.read_text())["iv"]
FORMS = ("nonrobust", "HC0", "HC1", "CR0", "CR1")


def working(endogenous=("educ",), instruments=("motheduc", "fatheduc")):
    """Wage equation of the 428 working women, and a clustering of them by age modulo 11."""
    data = {name: column[mroz()["inlf"] == 1] for name, column in mroz().items()}
    exogenous = np.column_stack((np.ones(428), data["exper"], data["expersq"]))
    columns = [np.column_stack([data[name] for name in names]) for names in (endogenous, instruments)]
    return IvSample(data["lwage"], columns[0], exogenous, columns[1]), (data["age"] % 11).astype(int)


def two_endogenous():
    sample, clusters = working(("educ", "hours"), ("motheduc", "fatheduc", "huseduc", "age"))
    return IvSample(sample.y, sample.endogenous / [1, 100], sample.exogenous, sample.instruments), clusters


def simulated(seed, strength=0.3, n=80, n_instruments=2):
    random = np.random.default_rng(seed)
    z, common = random.normal(size=(n, n_instruments)), random.normal(size=n)
    x = strength * z.sum(axis=1) + common + random.normal(size=n)
    y = 0.5 * x + common + random.normal(size=n) * (1 + np.abs(z[:, 0]))
    return IvSample(y, x[:, None], np.ones((n, 1)), z)


def linear_models(kind, sample):
    return kind(sample.y, sample.exogenous, sample.endogenous, sample.instruments)


def std_errors(covariance):
    return np.sqrt(np.diag(covariance.vcov))


def test_mroz_has_the_printed_figures():
    # Wooldridge, Introductory Econometrics, examples 15.5, 15.7 and 15.8
    sample, _ = working()
    fit = iv.fit_iv(sample)
    found = std_errors(sandwich.nonrobust(fit))
    assert (fit.coefficients[3], found[3]) == pytest.approx((0.0613966, 0.0314367), abs=5e-8)
    assert iv.sargan(sample, fit).statistic == pytest.approx(0.378071, abs=5e-7)
    classical = weak_instruments.reduced_form(sample, "nonrobust")
    robust = weak_instruments.reduced_form(sample, "HC1")
    assert weak_instruments.first_stage_f(classical)[0].statistic == pytest.approx(55.4003, abs=5e-5)
    assert weak_instruments.kleibergen_paap_f(robust) == pytest.approx(49.527, abs=5e-4)
    assert weak_instruments.kleibergen_paap(robust).statistic == pytest.approx(99.05, abs=5e-3)
    assert weak_instruments.effective_f(robust).statistic == pytest.approx(54.751, abs=5e-4)


def test_mroz_equals_aer_and_clubsandwich():
    sample, clusters = working()
    fit = iv.fit_iv(sample)
    order = [0, 3, 1, 2]
    np.testing.assert_allclose(fit.coefficients[order], GOLDENS["coef"], rtol=1e-8)
    for kind in ("HC0", "HC1"):
        found = sandwich.heteroskedastic(fit, kind).vcov[np.ix_(order, order)]
        np.testing.assert_allclose(found, GOLDENS[kind], rtol=1e-8)
    cr2 = cluster_adjustment.cr2(fit, clusters)
    np.testing.assert_allclose(cr2.vcov[np.ix_(order, order)], GOLDENS["CR2"]["vcov"], rtol=1e-8)
    np.testing.assert_allclose(cr2.df[order], GOLDENS["CR2"]["df"], rtol=1e-6)
    weak, hausman, sargan = GOLDENS["diagnostics"]
    first = weak_instruments.first_stage_f(weak_instruments.reduced_form(sample, "nonrobust"))[0]
    for test, golden in ((first, weak), (iv.wu_hausman(sample), hausman), (iv.sargan(sample, fit), sargan)):
        assert (float(test.statistic), float(test.p_value)) == pytest.approx((golden[2], golden[3]), rel=1e-8)


@pytest.mark.parametrize("case", [working, two_endogenous])
@pytest.mark.parametrize("method, model", [("2sls", IV2SLS), ("liml", IVLIML)])
def test_fits_equal_linearmodels(method, model, case):
    sample, clusters = case()
    fit = iv.fit_iv(sample, method)
    plain = linear_models(model, sample).fit(cov_type="unadjusted", debiased=True)
    np.testing.assert_allclose(fit.coefficients, plain.params, rtol=1e-8)
    np.testing.assert_allclose(sandwich.nonrobust(fit).vcov, plain.cov, rtol=1e-7)
    for kind, debiased in (("HC0", False), ("HC1", True)):
        robust = linear_models(model, sample).fit(cov_type="robust", debiased=debiased)
        np.testing.assert_allclose(sandwich.heteroskedastic(fit, kind).vcov, robust.cov, rtol=1e-7)
    clustered = linear_models(model, sample).fit(cov_type="clustered", clusters=clusters, debiased=True)
    found = sandwich.cluster_robust(fit, clusters, "CR1").vcov
    np.testing.assert_allclose(found, clustered.cov, rtol=1e-7)
    if method == "liml":
        assert float(fit.kappa) == pytest.approx(float(plain.kappa), rel=1e-10)


@pytest.mark.parametrize("case", [working, two_endogenous])
def test_tests_equal_linearmodels(case):
    sample, clusters = case()
    plain = linear_models(IV2SLS, sample).fit(cov_type="unadjusted", debiased=True)
    fit = iv.fit_iv(sample)
    for found, other in (
        (iv.sargan(sample, fit), plain.sargan),
        (iv.wu_hausman(sample), plain.wu_hausman()),
        (iv.hansen_j(sample), linear_models(IVGMM, sample).fit().j_stat),
    ):
        assert float(found.statistic) == pytest.approx(other.stat, rel=1e-7)
        assert float(found.p_value) == pytest.approx(other.pval, rel=1e-6)
    gmm = IVGMM(sample.y, sample.exogenous, sample.endogenous, sample.instruments, weight_type="clustered",
                clusters=clusters)  # fmt: skip
    assert float(iv.hansen_j(sample, clusters).statistic) == pytest.approx(gmm.fit().j_stat.stat, rel=1e-7)
    robust = linear_models(IV2SLS, sample).fit(cov_type="robust", debiased=True)
    tests = weak_instruments.first_stage_f(weak_instruments.reduced_form(sample, "HC1"))
    table = robust.first_stage.diagnostics
    ours = [float(t.statistic) * t.df_num for t in tests]
    np.testing.assert_allclose(ours, table["f.stat"].to_numpy(float), rtol=1e-7)
    r2 = weak_instruments.partial_r2(weak_instruments.reduced_form(sample, "HC1"))
    np.testing.assert_allclose(r2, table["partial.rsquared"].to_numpy(float), rtol=1e-7)


def test_weights_are_those_of_linearmodels():
    sample, _ = working()
    weights = np.random.default_rng(2).uniform(0.5, 3.0, size=428)
    weighted = IvSample(sample.y, sample.endogenous, sample.exogenous, sample.instruments, weights)
    model = IV2SLS(sample.y, sample.exogenous, sample.endogenous, sample.instruments, weights=weights)
    fit = iv.fit_iv(weighted)
    other = model.fit(cov_type="robust", debiased=True)
    np.testing.assert_allclose(fit.coefficients, other.params, rtol=1e-8)
    np.testing.assert_allclose(sandwich.heteroskedastic(fit, "HC1").vcov, other.cov, rtol=1e-7)
    assert float(iv.sargan(weighted, fit).statistic) == pytest.approx(other.sargan.stat, rel=1e-7)
    assert float(iv.wu_hausman(weighted).statistic) == pytest.approx(other.wu_hausman().stat, rel=1e-7)


def test_a_regressor_as_its_own_instrument_is_least_squares():
    sample, _ = working()
    own = IvSample(sample.y, sample.endogenous, sample.exogenous, sample.endogenous)
    both = np.column_stack((sample.exogenous, sample.endogenous))
    least = ols.fit_ols(both, sample.y)
    for method in ("2sls", "liml"):
        fit = iv.fit_iv(own, method)
        np.testing.assert_allclose(fit.coefficients, least.coefficients, rtol=1e-9)
        np.testing.assert_allclose(fit.leverage, least.leverage, rtol=1e-9)
    assert np.isnan(iv.sargan(own, fit).statistic) and np.isnan(iv.hansen_j(own).p_value)


def test_a_batch_is_its_members():
    samples = [simulated(seed) for seed in range(4)]
    batch = IvSample(*(np.stack([getattr(s, name) for s in samples]) for name in
                       ("y", "endogenous", "exogenous", "instruments")))  # fmt: skip
    for method in ("2sls", "liml"):
        fit, one = iv.fit_iv(batch, method), iv.fit_iv(samples[2], method)
        np.testing.assert_allclose(fit.coefficients[2], one.coefficients, rtol=1e-10)
        np.testing.assert_allclose(
            sandwich.heteroskedastic(fit, "HC1").vcov[2], sandwich.heteroskedastic(one, "HC1").vcov, rtol=1e-9
        )
    for test in (iv.wu_hausman, iv.hansen_j, lambda s: iv.sargan(s, iv.fit_iv(s))):
        assert test(batch).statistic[2] == pytest.approx(float(test(samples[2]).statistic), rel=1e-9)


@pytest.mark.parametrize("kind", FORMS)
def test_rank_statistic_of_one_column_is_its_first_stage(kind):
    sample, clusters = working()
    form = weak_instruments.reduced_form(sample, kind, clusters)
    wald = weak_instruments.first_stage_f(form)[0]
    assert weak_instruments.kleibergen_paap_f(form) == pytest.approx(float(wald.statistic), rel=1e-9)
    # the same by least squares on both, with the linear kernels' covariances
    x = np.column_stack((sample.exogenous, sample.instruments))
    fit = ols.fit_ols(x, sample.endogenous[:, 0])
    vcov = iv.linear_covariance(fit, kind, clusters).vcov[3:, 3:]
    b = fit.coefficients[3:]
    assert float(wald.statistic) == pytest.approx(b @ linalg.solve(vcov, b) / 2, rel=1e-8)


def test_rank_statistic_with_equal_variances_is_cragg_and_donalds():
    sample, _ = two_endogenous()
    form = weak_instruments.reduced_form(sample, "nonrobust")
    cragg_donald = weak_instruments.cragg_donald_f(form)
    assert weak_instruments.kleibergen_paap_f(form) == pytest.approx(cragg_donald, rel=1e-9)
    # LIML's eigenvalue with y left out: kappa - 1 is the least characteristic root of the first stages
    exogenous, z = sample.exogenous, np.column_stack((sample.exogenous, sample.instruments))
    wide = sample.endogenous - exogenous @ np.linalg.lstsq(exogenous, sample.endogenous)[0]
    narrow = sample.endogenous - z @ np.linalg.lstsq(z, sample.endogenous)[0]
    root = linalg.eigh(wide.T @ wide, narrow.T @ narrow, eigvals_only=True)[0]
    assert cragg_donald == pytest.approx((root - 1) * (428 - 7) / 4, rel=1e-9)


def kleibergen_paap_by_definition(sample, clusters):
    """The statistic with Kronecker products written out, cluster-robust without factor, from raw columns."""
    n = len(sample.y)
    take = np.eye(n) - sample.exogenous @ np.linalg.pinv(sample.exogenous)
    x, z = take @ sample.endogenous, take @ sample.instruments
    pi = np.linalg.solve(z.T @ z, z.T @ x)
    residuals = x - z @ pi
    p, n_instruments = x.shape[1], z.shape[1]
    g, f = linalg.sqrtm(z.T @ z / n), linalg.inv(linalg.sqrtm(residuals.T @ residuals / n))
    scores = np.stack([np.kron(residuals[i], z[i]) for i in range(n)])
    sums = np.stack([scores[clusters == c].sum(axis=0) for c in np.unique(clusters)])
    bread = np.kron(np.eye(p), np.linalg.inv(z.T @ z))
    vcov = np.kron(f.T, g) @ bread @ sums.T @ sums @ bread @ np.kron(f, g.T)
    u, _, vt = np.linalg.svd(g @ pi @ f)
    v = vt.T
    u22, v22 = u[p - 1 :, p - 1 :], v[p - 1 :, p - 1 :]
    a = u[:, p - 1 :] @ np.linalg.solve(u22, np.real(linalg.sqrtm(u22 @ u22.T)))
    b = np.sqrt(v22 @ v22.T) @ np.linalg.solve(v22.T, v[:, p - 1 :].T)
    lam = np.kron(b, a.T) @ (g @ pi @ f).ravel(order="F")
    omega = np.kron(b, a.T) @ vcov @ np.kron(b, a.T).T
    assert lam.shape == (n_instruments - p + 1,)
    return lam @ np.linalg.solve(omega, lam)


def test_rank_statistic_equals_its_definition_and_is_invariant():
    sample, clusters = two_endogenous()
    form = weak_instruments.reduced_form(sample, "CR0", clusters)
    found = float(weak_instruments.kleibergen_paap(form).statistic)
    assert found == pytest.approx(kleibergen_paap_by_definition(sample, clusters), rel=1e-7)
    random = np.random.default_rng(4)
    turned = IvSample(
        sample.y,
        sample.endogenous @ random.normal(size=(2, 2)) + sample.exogenous @ random.normal(size=(3, 2)),
        sample.exogenous,
        sample.instruments @ random.normal(size=(4, 4)),
    )
    again = weak_instruments.kleibergen_paap(weak_instruments.reduced_form(turned, "CR0", clusters))
    assert float(again.statistic) == pytest.approx(found, rel=1e-7)
    assert again.df_num == 3


def test_effective_f_with_one_instrument_is_the_robust_f_with_the_published_critical_values():
    sample, _ = working(instruments=("motheduc",))
    form = weak_instruments.reduced_form(sample, "HC1")
    found = weak_instruments.effective_f(form)
    first = float(weak_instruments.first_stage_f(form)[0].statistic)
    assert found.statistic == pytest.approx(first, rel=1e-10)
    # Montiel Olea and Pflueger (2013), table 1: K_eff = 1, 5 % level
    np.testing.assert_allclose(found.critical_values, [37.42, 23.11, 15.06, 12.05], atol=6e-3)
    np.testing.assert_allclose(found.effective_df, 1.0, rtol=1e-12)
    ours = [
        stats.ncx2.sf(c, 1, 1 / share)
        for c, share in zip(found.critical_values, found.bias_shares, strict=True)
    ]
    np.testing.assert_allclose(ours, 0.05, rtol=1e-9)


def test_effective_f_with_equal_variances_is_the_classical_f():
    sample, _ = working()
    found = weak_instruments.effective_f(weak_instruments.reduced_form(sample, "nonrobust"))
    assert found.statistic == pytest.approx(55.40030042777, rel=1e-10)
    np.testing.assert_allclose(found.effective_df, 2.0, rtol=1e-12)


@pytest.mark.parametrize("kind", FORMS)
def test_anderson_rubin_is_the_f_of_the_instruments(kind):
    sample, clusters = two_endogenous()
    value = np.array([0.05, 0.02])
    form = weak_instruments.reduced_form(sample, kind, clusters)
    found = weak_instruments.anderson_rubin(form, value)
    x = np.column_stack((sample.exogenous, sample.instruments))
    model = sm.OLS(sample.y - sample.endogenous @ value, x)
    options = {
        "nonrobust": {},
        "CR0": {"cov_type": "cluster", "cov_kwds": {"groups": clusters, "use_correction": False}},
        "CR1": {"cov_type": "cluster", "cov_kwds": {"groups": clusters}},
    }.get(kind, {"cov_type": kind})
    other = model.fit(use_t=True, **options).f_test(np.eye(7)[3:])
    assert float(found.statistic) == pytest.approx(float(other.statistic), rel=1e-8)
    assert float(found.p_value) == pytest.approx(float(other.pvalue), rel=1e-7)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6), st.sampled_from([0.0, 0.05, 0.15, 0.5]), st.integers(1, 4), st.sampled_from(FORMS)
)
def test_anderson_rubin_set_holds_the_values_not_rejected(seed, strength, n_instruments, kind):
    sample = simulated(seed, strength, n_instruments=n_instruments)
    form = weak_instruments.reduced_form(sample, kind, np.arange(80) % 13)
    kept = weak_instruments.anderson_rubin_set(form)
    grid = np.tan(np.linspace(-1.5, 1.5, 401))
    p = np.array([float(weak_instruments.anderson_rubin(form, np.array([b])).p_value) for b in grid])
    inside = np.array([any(low < b < high for low, high in kept) for b in grid])
    clear = np.abs(p - 0.05) > 1e-6
    np.testing.assert_array_equal(inside[clear], p[clear] > 0.05)
    for end in (e for interval in kept for e in interval if np.isfinite(e)):
        assert float(weak_instruments.anderson_rubin(form, np.array([end])).p_value) == pytest.approx(
            0.05, rel=1e-4
        )


def test_anderson_rubin_sets_take_every_shape():
    shapes = set()
    for seed in range(300):
        random = np.random.default_rng(seed)
        z = random.normal(size=(60, 3))
        x = z @ random.choice([0.0, 0.3, 1.0], size=3) + random.normal(size=60)
        y = z @ random.choice([0.0, 0.5], size=3) + random.normal(size=60)
        sample = IvSample(y, x[:, None], np.ones((60, 1)), z)
        kept = weak_instruments.anderson_rubin_set(weak_instruments.reduced_form(sample, "HC1"))
        unbounded = sum(np.isinf(end) for interval in kept for end in interval)
        shapes.add((len(kept), unbounded))
    # none; an interval; two rays; the whole line
    assert {(0, 0), (1, 0), (2, 2), (1, 2)} <= shapes


def test_wu_hausman_robust_is_the_wald_of_the_control_function():
    sample, clusters = working()
    z = np.column_stack((sample.exogenous, sample.instruments))
    v = sm.OLS(sample.endogenous[:, 0], z).fit().resid
    x = np.column_stack((sample.exogenous, sample.endogenous, v))
    for kind, options in (
        ("HC1", {"cov_type": "HC1", "use_t": True}),
        ("CR1", {"cov_type": "cluster", "cov_kwds": {"groups": clusters}, "use_t": True}),
    ):
        other = sm.OLS(sample.y, x).fit(**options)
        found = iv.wu_hausman(sample, kind, clusters)
        assert float(found.statistic) == pytest.approx(other.tvalues[-1] ** 2, rel=1e-7)
        assert float(found.p_value) == pytest.approx(other.pvalues[-1], rel=1e-7)


def test_clustered_covariances_need_clusters():
    sample, _ = working()
    with pytest.raises(ValueError, match="CR1 needs clusters"):
        weak_instruments.reduced_form(sample, "CR1")
    with pytest.raises(ValueError, match="CR0 needs clusters"):
        iv.linear_covariance(iv.fit_iv(sample), "CR0")


@pytest.mark.slow
def test_anderson_rubin_holds_its_level_without_any_instrument_strength():
    rejected = {"ar": 0, "2sls": 0}
    runs = 2000
    for seed in range(runs):
        random = np.random.default_rng(seed)
        z, common = random.normal(size=(100, 2)), random.normal(size=100)
        x = 0.02 * z[:, 0] + common + 0.2 * random.normal(size=100)
        y = common + 0.2 * random.normal(size=100)
        sample = IvSample(y, x[:, None], np.ones((100, 1)), z)
        form = weak_instruments.reduced_form(sample, "HC1")
        rejected["ar"] += weak_instruments.anderson_rubin(form, np.zeros(1)).p_value < 0.05
        fit = iv.fit_iv(sample)
        t = fit.coefficients[1] / std_errors(sandwich.heteroskedastic(fit, "HC1"))[1]
        rejected["2sls"] += 2 * special.stdtr(98, -abs(t)) < 0.05
    # Monte Carlo error of a share of 5 % in 2,000 runs is .005
    assert 0.035 < rejected["ar"] / runs < 0.07
    assert rejected["2sls"] / runs > 0.2
