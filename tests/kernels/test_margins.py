"""Marginal effects against statsmodels, Wooldridge's figures, and finite differences.

1e-9 against statsmodels at the same estimate; printed figures to half of their last digit; 1e-7 against
central differences of predictions and of effects in the parameters.
"""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from socialcap.kernels import binary, heckman, margins, ordered, responses, tobit
from socialcap.kernels.multinomial import multinomial_logit

from .regression_data import applications, gradient, logistic_sample, mroz, mroz_design, participation

RNG = np.random.default_rng(3)
X, D, X2, D2 = (RNG.normal(size=(40, k)) for k in (3, 3, 4, 4))
SLOPES = np.array([0.3, -0.5, 0.8])
CUTS = np.r_[SLOPES, -1.0, 0.2, 1.1]
SIGMA = np.r_[SLOPES, 0.8]
LOW, HIGH, BOTH = (responses.TobitLimits(*ends) for ends in ((0.0, np.inf), (-np.inf, 0.5), (-0.5, 1.0)))
CASES = {
    "linear": (responses.linear_response, SLOPES, [X], [D]),
    "logit": (responses.logit_response, SLOPES, [X], [D]),
    "probit": (responses.probit_response, SLOPES, [X], [D]),
    "poisson": (responses.poisson_response, SLOPES, [X], [D]),
    "ordered logit": (responses.ordered_logit_response, CUTS, [X], [D]),
    "ordered probit": (responses.ordered_probit_response, CUTS, [X], [D]),
    "multinomial": (responses.multinomial_response, RNG.normal(size=9), [X] * 3, [D] * 3),
    "heckman": (
        responses.heckman_selected_response,
        np.r_[SLOPES, RNG.normal(size=4), -0.3, 0.4],
        [X, X2],
        [D, D2],
    ),
} | {
    f"tobit {name} {kind}": (getattr(limits, kind), SIGMA, [X], [D])
    for name, limits in (("low", LOW), ("high", HIGH), ("both", BOTH))
    for kind in ("observed", "uncensored", "conditional")
}


@pytest.mark.parametrize("case", CASES)
def test_slopes_and_jacobians_by_differences(case):
    response, theta, designs, derivatives = CASES[case]
    vcov, w = np.eye(theta.size), RNG.uniform(0.5, 2.0, 40)

    def predicted(parameters, shift=0.0):
        moved = [x + shift * d for x, d in zip(designs, derivatives, strict=True)]
        return margins.average_prediction(response, parameters, vcov, moved, w)

    def slope(parameters):
        return margins.average_slope(response, parameters, vcov, designs, derivatives, w)

    step = 1e-6
    numeric = (predicted(theta, step).effects - predicted(theta, -step).effects) / (2 * step)
    np.testing.assert_allclose(slope(theta).effects, numeric, atol=1e-7)
    np.testing.assert_allclose(slope(theta).jacobian, gradient(lambda t: slope(t).effects, theta), atol=1e-7)
    np.testing.assert_allclose(
        predicted(theta).jacobian, gradient(lambda t: predicted(t).effects, theta), atol=1e-7
    )


def test_wooldridge_average_effects():
    x, y = mroz_design(), participation()
    fit = binary.probit(y, x)
    through = margins.rebuilt_derivative(mroz_design, 1e-3 * 8.07)
    np.testing.assert_allclose(through[:, 4], 2 * x[:, 3], atol=1e-9)
    columns = [through, np.tile(np.eye(8)[2], (753, 1)), np.tile(np.eye(8)[6], (753, 1))]
    effects = [
        margins.average_slope(responses.probit_response, fit.coefficients, fit.vcov, [x], [d])
        for d in columns
    ]
    assert [e.effects[0] for e in effects] == pytest.approx([0.02558, 0.03937, -0.26115], abs=5e-6)
    assert [e.std_errors[0] for e in effects] == pytest.approx([0.00223, 0.00722, 0.03186], abs=5e-6)
    # leaving the square still gives the wrong .0371
    naive = margins.average_slope(
        responses.probit_response, fit.coefficients, fit.vcov, [x], [np.tile(np.eye(8)[3], (753, 1))]
    )
    assert naive.effects[0] == pytest.approx(0.0371, abs=5e-5)


@pytest.mark.parametrize("at", ["overall", "mean"])
@pytest.mark.parametrize(
    ("kernel", "reference", "response"),
    [
        (binary.logit, sm.Logit, responses.logit_response),
        (binary.probit, sm.Probit, responses.probit_response),
    ],
)
def test_equals_statsmodels(kernel, reference, response, at):
    latent, x = logistic_sample(200, 4)
    x[:, 3] = (x[:, 3] > 0.2).astype(float)
    y = (latent > 0).astype(float)
    fit = kernel(y, x)
    theirs = reference(y, x).fit(disp=0, tol=1e-12).get_margeff(at=at, dummy=True)
    rows = x if at == "overall" else x.mean(axis=0)[None]
    low, high = rows.copy(), rows.copy()
    low[:, 3], high[:, 3] = 0.0, 1.0
    fitted = (response, fit.coefficients, fit.vcov)
    parts = [margins.average_slope(*fitted, [rows], [np.tile(np.eye(4)[j], (len(rows), 1))]) for j in (1, 2)]
    parts.append(margins.average_change(*fitted, [low], [high]))
    joint = margins.joint_margins(parts, fit.vcov)
    np.testing.assert_allclose(joint.effects, theirs.margeff, atol=1e-9)
    np.testing.assert_allclose(joint.vcov, theirs.margeff_cov, atol=1e-9)


def test_multinomial_equals_statsmodels():
    rng = np.random.default_rng(0)
    _, x = logistic_sample(300, 3)
    y = (np.column_stack([np.zeros(300), x @ rng.normal(size=(3, 2))]) + rng.gumbel(size=(300, 3))).argmax(
        axis=1
    )
    fit = multinomial_logit(y, x, 3)
    theirs = sm.MNLogit(y, x).fit(disp=0, tol=1e-12).get_margeff()
    for j in (1, 2):
        d = np.tile(np.eye(3)[j], (300, 1))
        ours = margins.average_slope(
            responses.multinomial_response, fit.coefficients, fit.vcov, [x, x], [d, d]
        )
        np.testing.assert_allclose(ours.effects, theirs.margeff[j - 1], atol=1e-9)
        np.testing.assert_allclose(ours.std_errors, theirs.margeff_se[j - 1], atol=1e-7)


def test_ordered_change_by_category():
    """A dummy's effect on each probability, from the definition and by the numerical delta method."""
    y, x = applications()
    fit = ordered.ordered_logit(y, x, 3)
    low, high = x.copy(), x.copy()
    low[:, 0], high[:, 0] = 0.0, 1.0

    def change(theta):
        def share(design):
            below = 1 / (1 + np.exp(-(theta[3:] - (design @ theta[:3])[:, None])))
            return np.diff(below, axis=1, prepend=0.0, append=1.0).mean(axis=0)

        return share(high) - share(low)

    ours = margins.average_change(responses.ordered_logit_response, fit.coefficients, fit.vcov, [low], [high])
    jacobian = gradient(change, fit.coefficients)
    np.testing.assert_allclose(ours.effects, change(fit.coefficients), atol=1e-12)
    np.testing.assert_allclose(ours.vcov, jacobian @ fit.vcov @ jacobian.T, atol=1e-10)
    assert ours.effects.sum() == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_probabilities_and_their_effects_add_up(seed):
    rng = np.random.default_rng(seed)
    x, d = rng.normal(size=(2, 20, 3))
    cuts = np.r_[rng.normal(size=3), np.sort(rng.normal(size=4))]
    for response, theta, designs, moved in (
        (responses.ordered_logit_response, cuts, [x], [d]),
        (responses.ordered_probit_response, cuts, [x], [d]),
        (responses.multinomial_response, rng.normal(size=9), [x] * 3, [d] * 3),
    ):
        vcov = np.eye(theta.size)
        level = margins.average_prediction(response, theta, vcov, designs)
        slope = margins.average_slope(response, theta, vcov, designs, moved)
        assert level.effects.sum() == pytest.approx(1.0, abs=1e-12)
        assert slope.effects.sum() == pytest.approx(0.0, abs=1e-12)
        np.testing.assert_allclose(slope.jacobian.sum(axis=0), 0.0, atol=1e-12)


def test_replicates_are_taken_together():
    theta = np.stack([CUTS, CUTS * [2, 2, 2, 1, 1, 1]])
    vcov = np.stack([np.eye(6), 2 * np.eye(6)])
    w = RNG.uniform(size=(2, 40))
    batch = margins.average_slope(responses.ordered_probit_response, theta, vcov, [X], [D], w)
    for b in range(2):
        one = margins.average_slope(responses.ordered_probit_response, theta[b], vcov[b], [X], [D], w[b])
        np.testing.assert_allclose(batch.effects[b], one.effects, atol=1e-14)
        np.testing.assert_allclose(batch.vcov[b], one.vcov, atol=1e-14)


def test_models_parameters_fit_their_responses():
    """The order of parameters in the fits is that of the responses: fitted means meet the data's."""
    x = mroz_design()
    hours = mroz()["hours"].to_numpy(float)
    fit = tobit.tobit(hours, x, 0.0)
    seen = margins.average_prediction(responses.TobitLimits(0.0).uncensored, fit.coefficients, fit.vcov, [x])
    assert seen.effects[0] == pytest.approx(norm.cdf(fit.index / fit.sigma).mean(), abs=1e-12)
    selected = hours > 0
    wage = mroz()["lwage"].to_numpy(float)
    wages = heckman.heckman_ml(wage, x[:, [0, 2, 3, 4]], x, selected)
    mean = margins.average_prediction(
        responses.heckman_selected_response,
        wages.coefficients,
        wages.vcov,
        [x[selected][:, [0, 2, 3, 4]], x[selected]],
    )
    assert mean.effects[0] == pytest.approx(wage[selected].mean(), abs=1e-3)


def test_rebuilt_derivative_of_polynomials_and_logs():
    v = np.linspace(0.5, 3.0, 11)

    def rebuild(h):
        u = v + h
        return np.column_stack([np.ones(11), u, u**2, u**3, u**4, np.log(u)])

    exact = np.column_stack([np.zeros(11), np.ones(11), 2 * v, 3 * v**2, 4 * v**3, 1 / v])
    np.testing.assert_allclose(margins.rebuilt_derivative(rebuild, 1e-3), exact, atol=1e-9)
